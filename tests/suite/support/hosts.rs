//! What real hosts print into a push: the transcripts of `tests/hosts`.

use std::path::Path;

use super::deploy::Deploy;

/// One of them.
pub struct Transcript {
    /// The file's name, without its end.
    pub name: String,
    /// What has to come of it where nothing but the branch tells: `done`, `not-deployed`, `failed` or `not-confirmed`.
    pub ends: String,
    /// Whether the host says so when it takes nothing, for it does something else.
    pub busy: bool,
    /// The words that the person is shown.
    pub says: String,
    /// What the host prints, with its escapes and carriage returns.
    pub text: String,
}

impl Transcript {
    /// The one of this name.
    #[track_caller]
    pub fn named(name: &str) -> Transcript {
        Transcript::all()
            .into_iter()
            .find(|one| one.name == name)
            .unwrap_or_else(|| panic!("no transcript {name}"))
    }

    /// All of them.
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
    /// Has a host take every push from now on, print this and deploy nothing.
    #[track_caller]
    pub fn host_says(&self, bare: &Path, text: &str) {
        self.hook(
            bare,
            "post-receive",
            &format!("cat >/dev/null\ncat <<'END_OF_WORDS'\n{text}END_OF_WORDS"),
        );
    }
}
