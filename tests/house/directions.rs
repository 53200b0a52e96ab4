//! The imports that each room may have, by its `use crate::` lines.

use std::collections::BTreeSet;

use crate::{root, sources};

/// A room, and the rooms that it may import from. A room may always import from itself and from the rooms inside its
/// own folder.
const ROOMS: &[(&str, &[&str])] = &[
    ("core", &[]),
    ("git", WORDS),
    ("http", WORDS),
    ("terminal", WORDS),
    ("notes", WORDS),
    ("options", &["terminal"]),
    (
        "session",
        &["core", "git", "http", "terminal", "notes", "options"],
    ),
    ("sources", HANDS),
    ("forge", HANDS),
    ("team", TEAM),
    ("look", OVER_HANDS),
    ("setup", OVER_HANDS),
    ("deploy", OVER_HANDS),
];

/// A room of the core, and the others that it may import from. All of them may import what stands next to them in the
/// core, and that imports from none of them.
const CORE: &[(&str, &[&str])] = &[
    ("config", &[]),
    ("record", &["config"]),
    ("tell", &["config", "record"]),
    ("decide", &["config", "record", "tell"]),
    ("show", &["config", "record", "tell", "decide"]),
];

/// The parts of the core that an adapter to the outside may know: its types, and nothing that decides.
const WORDS: &[&str] = &[
    "core::address",
    "core::refusal",
    "core::secret",
    "core::text",
    "core::typed",
    "core::words",
];
const HANDS: &[&str] = &[
    "options", "core", "git", "http", "terminal", "notes", "session",
];
/// A proposal's issue is another channel, so the team needs the forge.
const TEAM: &[&str] = &[
    "options", "core", "git", "http", "terminal", "notes", "session", "forge",
];
const OVER_HANDS: &[&str] = &[
    "options", "core", "git", "http", "terminal", "notes", "session", "sources", "forge", "team",
    "look",
];

/// Allowed exceptions: file, import, reason.
const EXCEPTIONS: &[(&str, &str, &str)] = &[
    (
        "git/editor.rs",
        "terminal::file",
        "the editor leaves a text that a person wrote",
    ),
    (
        "git/token.rs",
        "terminal::file",
        ".netrc is a text that a person wrote",
    ),
    ("core/config.rs", "core::tell::ChannelKind", ONE_ROW),
    ("core/config/document.rs", "core::tell::KINDS", ONE_ROW),
    ("git/logins.rs", "terminal::prompt", ONE_TERMINAL),
    ("git/network.rs", "terminal::prompt", ONE_TERMINAL),
];
const ONE_ROW: &str = "a chat is one row and its form, in one place";
const ONE_TERMINAL: &str = "the questions of git's children and our own take turns on one terminal";

#[test]
fn rooms_know_only_what_they_may() {
    let mut wrong = Vec::new();
    let mut used = BTreeSet::new();
    for path in sources() {
        let text = std::fs::read_to_string(&path).unwrap();
        let file = path.strip_prefix(root().join("src")).unwrap();
        let file = file.to_str().unwrap().replace('\\', "/");
        let imports = text.lines().filter_map(|line| {
            let line = line.trim_start().trim_start_matches("pub ");
            line.strip_prefix("use crate::")
        });
        for import in imports {
            let import = import.trim_end_matches(';');
            if may(&file, import) {
                continue;
            }
            match EXCEPTIONS
                .iter()
                .find(|(from, what, _)| *from == file && import.starts_with(what))
            {
                Some((from, what, _)) => {
                    used.insert((*from, *what));
                }
                None => wrong.push(format!("    src/{file} must not import {import}")),
            }
        }
    }
    let unused = EXCEPTIONS
        .iter()
        .filter(|(from, what, _)| !used.contains(&(*from, *what)));
    wrong.extend(
        unused.map(|(from, what, _)| format!("    ({from}, {what}) is no exception any more")),
    );
    assert!(
        wrong.is_empty(),
        "rooms that know too much:\n{}",
        wrong.join("\n")
    );
}

fn may(file: &str, import: &str) -> bool {
    let room = file.trim_end_matches(".rs").split('/').next().unwrap();
    if room == "commands" {
        // A command never calls another, and does not know its caller.
        if import.starts_with("cli") {
            return false;
        }
        let own = file.trim_end_matches(".rs").split('/').nth(1);
        return import
            .strip_prefix("commands::")
            .is_none_or(|other| own == other.split("::").next());
    }
    let Some((_, allowed)) = ROOMS.iter().find(|(name, _)| *name == room) else {
        // The top: main, the command line.
        return true;
    };
    let is_below = |above: &str| import == above || import.starts_with(&format!("{above}::"));
    let is_allowed = is_below(room) || allowed.iter().any(|allowed| is_below(allowed));
    is_allowed && (room != "core" || may_in_core(file, import))
}

fn may_in_core(file: &str, import: &str) -> bool {
    let row = |room: &str| CORE.iter().find(|(name, _)| *name == room);
    let own = file.trim_end_matches(".rs").split('/').nth(1);
    let other = import.split("::").nth(1).unwrap();
    let allowed = own.and_then(row).map_or(&[][..], |(_, allowed)| allowed);
    row(other).is_none() || own == Some(other) || allowed.contains(&other)
}
