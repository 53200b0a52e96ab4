//! The file itself: read without being led elsewhere, and parsed without its lines being shown.

use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::path::Path;

use toml::Spanned;
use toml::de::DeTable;

use crate::core::config::sentence::{Source, whole_file};
use crate::core::config::{Config, LARGEST, parse};
use crate::core::refusal::{Report, Stop};

/// Reads the file at `path`: a regular file, and nothing that stands for another.
///
/// A pull request can make it a link to `/etc/passwd` or to a pipe that never ends; neither is opened.
///
/// # Errors
///
/// `Misused` for whatever is wrong with the file or in it.
pub fn read(path: &Path) -> Result<Config, Stop> {
    let bytes = bytes(path).map_err(Stop::Misused)?;
    let text = text(path, &bytes).map_err(Stop::Misused)?;
    parse(path, text).map_err(Stop::Misused)
}

fn bytes(path: &Path) -> Result<Vec<u8>, Report> {
    let unreadable = |error: io::Error| unreadable(path, &error);
    let seen = path.symlink_metadata().map_err(unreadable)?;
    if !seen.file_type().is_file() {
        return Err(whole_file(
            path,
            "is not a regular file",
            "put a plain file in its place",
        ));
    }
    if seen.len() > LARGEST as u64 {
        return Err(too_large(path));
    }
    let file = File::open(path).map_err(unreadable)?;
    if !same_file(&seen, &file.metadata().map_err(unreadable)?) {
        return Err(whole_file(
            path,
            "was replaced while it was read",
            "look who writes to it",
        ));
    }
    let mut bytes = Vec::new();
    file.take(LARGEST as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    // It may have grown since it was measured.
    if bytes.len() > LARGEST {
        Err(too_large(path))
    } else {
        Ok(bytes)
    }
}

/// Whether what was opened is what was looked at.
#[cfg(unix)]
fn same_file(seen: &Metadata, opened: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    opened.is_file() && (seen.dev(), seen.ino()) == (opened.dev(), opened.ino())
}

/// Whether what was opened is at least a regular file: there is no name for files here that std would tell.
#[cfg(not(unix))]
fn same_file(_seen: &Metadata, opened: &Metadata) -> bool {
    opened.is_file()
}

fn text<'b>(path: &Path, bytes: &'b [u8]) -> Result<&'b str, Report> {
    std::str::from_utf8(bytes).map_err(|error| {
        let good = bytes
            .get(..error.valid_up_to())
            .and_then(|good| std::str::from_utf8(good).ok())
            .unwrap_or("");
        Source::new(path, good).problem_with(good.len(), "is not UTF-8 text", "save it as UTF-8")
    })
}

fn unreadable(path: &Path, error: &io::Error) -> Report {
    if error.kind() == io::ErrorKind::NotFound {
        return whole_file(
            path,
            "there is no such file",
            "write one, as config.example.toml of git-smp shows",
        );
    }
    whole_file(
        path,
        &format!("cannot be read: {}", error.kind()),
        "see to it that you can read it",
    )
}

fn too_large(path: &Path) -> Report {
    whole_file(path, "is larger than 64 KiB", "make it smaller")
}

/// Parses TOML. The parser's own words are left out where they could hold a piece of the file.
///
/// # Errors
///
/// Text that is too long, empty, or not TOML.
pub(super) fn document<'t>(path: &Path, text: &'t str) -> Result<Spanned<DeTable<'t>>, Report> {
    let source = Source::new(path, text);
    if text.len() > LARGEST {
        return Err(too_large(path));
    }
    if text.trim().is_empty() {
        return Err(whole_file(
            path,
            "is empty",
            "write [repository] and [environments], as config.example.toml shows",
        ));
    }
    if let Some(at) = text.find('\0') {
        return Err(source.problem_with(at, "holds a NUL character", "save it as UTF-8 text"));
    }
    DeTable::parse(text).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start);
        source.problem(at, in_our_words(error.message()))
    })
}

/// A fixed sentence for what the parser found.
fn in_our_words(message: &str) -> &'static str {
    const WORDS: [(&str, &str); 10] = [
        ("duplicate key", "this key or table is here twice"),
        (
            "string values must be quoted",
            "not valid TOML: text must stand in quotes",
        ),
        ("unclosed", "not valid TOML: a bracket is not closed"),
        (
            "invalid basic string",
            "not valid TOML: the text in quotes is not closed, or has a wrong escape",
        ),
        (
            "invalid literal string",
            "not valid TOML: the text in quotes is not closed",
        ),
        ("key with no value", "not valid TOML: a key without a value"),
        ("missing value", "not valid TOML: a key without a value"),
        ("cannot recurse", "not valid TOML: nested too deeply"),
        ("recursion limit", "not valid TOML: nested too deeply"),
        (
            "cannot extend value",
            "not valid TOML: this table was already closed",
        ),
    ];
    WORDS
        .iter()
        .find(|(theirs, _)| message.starts_with(theirs))
        .map_or("not valid TOML", |(_, ours)| ours)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::config::tests::{SMALL, stopped};

    fn write(bytes: &[u8]) -> (tempfile::TempDir, std::path::PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("smp.toml");
        std::fs::write(&path, bytes).unwrap();
        (folder, path)
    }

    #[test]
    fn cfg_15_a_byte_order_mark_and_crlf_are_fine() {
        let text = format!("\u{feff}{}", SMALL.replace('\n', "\r\n"));
        let (_folder, path) = write(text.as_bytes());
        assert_eq!(read(&path).unwrap().path, path);
    }

    #[test]
    fn cfg_15_files_that_are_no_utf_8_text_are_refused() {
        for (bytes, error) in [
            (&b""[..], "smp.toml: is empty"),
            (b" \n\t\n", "smp.toml: is empty"),
            (b"\xef\xbb\xbf", "smp.toml: is empty"),
            (b"# caf\xe9\n", "smp.toml:1:6: is not UTF-8 text"),
            (b"a = 1\n\xff\xfe", "smp.toml:2:1: is not UTF-8 text"),
            (b"a = 1\nb\0", "smp.toml:2:2: holds a NUL character"),
        ] {
            let (_folder, path) = write(bytes);
            assert_eq!(stopped(read(&path)).error, error);
        }
    }

    #[test]
    fn cfg_13_files_above_64_kib_are_refused_before_they_are_parsed() {
        let exactly = format!("{SMALL}#{}\n", "x".repeat(LARGEST - SMALL.len() - 2));
        assert_eq!(exactly.len(), LARGEST);
        let (_folder, path) = write(exactly.as_bytes());
        assert!(read(&path).is_ok());
        let (_folder, path) = write(format!("{exactly}#").as_bytes());
        assert_eq!(
            stopped(read(&path)).error,
            "smp.toml: is larger than 64 KiB"
        );
        assert!(parse(&path, &format!("{exactly}#")).is_err());
    }

    #[test]
    fn cfg_13_deep_nesting_is_an_error_and_no_crash() {
        let path = Path::new("smp.toml");
        for deep in [
            format!("a = {}", "[".repeat(60_000)),
            "a.".repeat(30_000) + "a = 1",
            "a={".repeat(20_000),
        ] {
            let report = parse(path, &deep).unwrap_err();
            assert!(report.error.starts_with("smp.toml:1:"), "{}", report.error);
        }
        let many: String = (0..6000).map(|n| format!("k{n}=1\n")).collect();
        assert!(
            parse(path, &many)
                .unwrap_err()
                .error
                .contains("unknown key `k0`")
        );
    }

    #[test]
    fn cfg_14_a_missing_file_and_a_folder_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let missing = stopped(read(&folder.path().join("smp.toml")));
        assert_eq!(missing.error, "smp.toml: there is no such file");
        assert!(
            missing
                .hint_text()
                .unwrap()
                .ends_with("then: git smp setup")
        );
        assert!(
            stopped(read(folder.path()))
                .error
                .ends_with("is not a regular file")
        );
    }

    #[cfg(unix)]
    #[test]
    fn cfg_14_links_and_devices_are_refused_without_being_opened() {
        let (folder, path) = write(SMALL.as_bytes());
        let link = folder.path().join("link.toml");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        assert_eq!(
            stopped(read(&link)).error,
            "link.toml: is not a regular file"
        );
        assert!(
            stopped(read(Path::new("/dev/zero")))
                .error
                .ends_with("is not a regular file")
        );
        let socket = folder.path().join("socket");
        let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
        assert!(
            stopped(read(&socket))
                .error
                .ends_with("is not a regular file")
        );
    }

    #[test]
    fn cfg_11_what_the_parser_finds_is_told_in_our_words_and_without_the_line() {
        let path = Path::new("smp.toml");
        for (text, error) in [
            (
                "a = 1\na = \"hunter2\"",
                "smp.toml:2:1: this key or table is here twice",
            ),
            (
                "[a]\n[b]\n[a]\nx = \"hunter2\"",
                "smp.toml:3:2: this key or table is here twice",
            ),
            (
                "a = hunter2",
                "smp.toml:1:5: not valid TOML: text must stand in quotes",
            ),
            ("a =", "smp.toml:1:4: not valid TOML"),
            ("a = \"hunter2", "smp.toml:1:"),
            ("a = [\"hunter2\"", "smp.toml:1:"),
            ("hunter2", "smp.toml:1:"),
            ("a = 2022-99-99hunter2", "smp.toml:1:"),
            ("a = 1\n\u{1b}]0;hunter2\u{7}", "smp.toml:2:"),
        ] {
            let report = parse(path, text).unwrap_err();
            assert!(report.error.starts_with(error), "{}", report.error);
            assert!(!format!("{report:?}").contains("hunter2"), "{report:?}");
        }
    }
}
