//! Reads `smp.toml` itself, and nothing that it may link to.

use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::path::Path;

use crate::core::config::{self, Config, LARGEST, whole_file};
use crate::core::refusal::{Report, Stop};

/// Reads the regular file at `path`. A pull request can replace it with a link to `/etc/passwd` or with a pipe that
/// never ends. Neither is opened.
pub fn read(path: &Path) -> Result<Config, Stop> {
    let bytes = bytes(path).unwrap_or_else(|error| {
        let what = format!("cannot be read: {}", error.kind());
        Err(whole_file(path, &what, "make it readable for your user"))
    });
    let config = bytes.and_then(|bytes| config::parse(path, bytes));
    config.map_err(Stop::Misused)
}

/// Reports an address in the file that leads into this repository itself.
pub fn leads_inside(path: &Path, key: &[String]) -> Stop {
    let bytes = bytes(path).ok().and_then(Result::ok).unwrap_or_default();
    let key: Vec<&str> = key.iter().map(String::as_str).collect();
    let why = "must not lead into this repository's own files, whose hooks would run";
    let advice = "name a repository elsewhere";
    Stop::Misused(config::wrong(path, &bytes, &key, (why, advice)))
}

fn bytes(path: &Path) -> io::Result<Result<Vec<u8>, Report>> {
    let seen = path.symlink_metadata()?;
    if !seen.file_type().is_file() {
        let advice = "replace it with a regular file";
        return Ok(Err(whole_file(path, "is not a regular file", advice)));
    }
    let file = File::open(path)?;
    if !same_file(&seen, &file.metadata()?) {
        let what = "was replaced while it was read";
        return Ok(Err(whole_file(path, what, "find out what writes to it")));
    }
    let mut bytes = Vec::new();
    // One byte more shows that the file is too large.
    file.take(LARGEST as u64 + 1).read_to_end(&mut bytes)?;
    Ok(Ok(bytes))
}

/// Returns whether the opened file is the inspected one. std cannot tell on Windows: any regular file passes there.
fn same_file(seen: &Metadata, opened: &Metadata) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        opened.is_file() && (seen.dev(), seen.ino()) == (opened.dev(), opened.ino())
    }
    #[cfg(not(unix))]
    {
        let _ = seen;
        opened.is_file()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: &str = include_str!("../../config.example.toml");

    fn stopped(result: Result<Config, Stop>) -> Report {
        match result.unwrap_err() {
            Stop::Misused(report) => report,
            other => panic!("{other:?}"),
        }
    }

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
            (b"a = 1\nb\0", "smp.toml:2:2: contains a NUL character"),
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
        assert!(config::parse(&path, format!("{exactly}#")).is_err());
    }

    #[test]
    fn cfg_14_a_missing_file_and_a_folder_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let missing = stopped(read(&folder.path().join("smp.toml")));
        assert_eq!(missing.error, "smp.toml: cannot be read: entity not found");
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
}
