//! The output of real hosts during a push: the transcripts in `tests/hosts`.

use std::path::Path;

use super::deploy::Deploy;

/// A transcript.
pub struct Transcript {
    /// The file name without its extension.
    pub name: String,
    /// The expected result if the branch is the only source: `done`, `not-deployed`, `failed` or `not-confirmed`.
    pub ends: String,
    /// True if the host also prints this when it takes nothing, because another deploy is running.
    pub busy: bool,
    /// The words that the person sees.
    pub says: String,
    /// The host's output, with its escapes and carriage returns.
    pub text: String,
}

impl Transcript {
    /// Returns the transcript with this name.
    #[track_caller]
    pub fn named(name: &str) -> Transcript {
        Transcript::all()
            .into_iter()
            .find(|one| one.name == name)
            .unwrap_or_else(|| panic!("no transcript {name}"))
    }

    /// Returns all transcripts.
    #[track_caller]
    pub fn all() -> Vec<Transcript> {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/hosts");
        let files = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path());
        files
            .filter(|path| path.extension().is_some_and(|end| end == "txt"))
            .map(|path| read(&path))
            .collect()
    }
}

fn read(path: &Path) -> Transcript {
    let text = std::fs::read_to_string(path)
        .unwrap()
        .replace("\\x1b", "\u{1b}")
        .replace("\\r", "\r");
    let (head, body) = text.split_once("\n\n").unwrap();
    let field = |name: &str| {
        head.lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
            .map(str::to_owned)
    };
    Transcript {
        name: path.file_stem().unwrap().to_string_lossy().into_owned(),
        ends: field("ends").unwrap(),
        busy: field("declined").is_some_and(|word| word == "busy"),
        says: field("says").unwrap_or_default(),
        text: body.to_owned(),
    }
}

impl Deploy {
    /// Makes a host accept every further push, print this text and deploy nothing.
    #[track_caller]
    pub fn host_says(&self, bare: &Path, text: &str) {
        self.hook(
            bare,
            "post-receive",
            &format!("cat >/dev/null\ncat <<'END_OF_WORDS'\n{text}END_OF_WORDS"),
        );
    }
}
