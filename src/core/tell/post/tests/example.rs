//! A team's example: one deploy, whose two hand-written posts had two different dates.

use std::path::Path;

use crate::core::config::{self, Config, Mention};
use crate::core::tell::post::{About, Post};
use crate::core::words::{Changes, Commit, CommitId, Relation};

pub(crate) const DATE: &str = "2022-03-02";
pub(crate) const NOTE: &str =
    "There isn't much non-floating UI stuff to go in, so a look at the maps is what it needs.";
pub(crate) const SUMMARY: &str =
    "- Some chunky updates to the floating UI\n- Always display flags on painpoints";

const SUBJECTS: [(&str, &str); 8] = [
    ("1f13dc69", "Fix malformed view variable in MapItems (#425)"),
    ("704931c5", "Floating UI: Add translations (#424)"),
    (
        "c28e40ad",
        "Floating UI: Move the legend into the side panel (#423)",
    ),
    ("9d07b5e8", "Always display flags on painpoints (#421)"),
    (
        "35fa6c1e",
        "Floating UI: Keep the panel open between views (#420)",
    ),
    (
        "e6109f83",
        "Bump the map library to its latest patch release (#419)",
    ),
    ("48bd273a", "Floating UI: First cut behind a setting (#412)"),
    ("bbd6ba47", "Remove the unused splash styles (#418)"),
];

/// Returns a full hash that begins with these digits, repeated forwards and backwards.
pub(crate) fn id(digits: &str) -> CommitId {
    let there_and_back = digits.chars().chain(digits.chars().rev());
    CommitId::parse(&there_and_back.cycle().take(40).collect::<String>()).unwrap()
}

/// The team's configuration, with these mentions in the technical channel.
pub(crate) fn config(mentions: &str) -> Config {
    let text = format!(
        r#"
        [repository]
        url = "https://github.com/VisualMeaning/sm_platform.git"
        branch = "master"
        [environments.staging]
        url = "https://git.heroku.com/shared-meaning-staging.git"
        [environments.production]
        url = "https://git.heroku.com/shared-meaning.git"
        promotes = "staging"
        [channels.technical]
        kind = "teams"
        mentions = {mentions}
        "#
    );
    config::parse(Path::new("smp.toml"), &text).unwrap()
}

pub(crate) fn commit(digits: &str, subject: &[u8]) -> Commit {
    let (short, author) = (digits[..7].to_owned(), "Ada Example".to_owned());
    Commit {
        id: id(digits),
        short,
        subject: subject.to_vec(),
        printed: None,
        author,
        authored: (0, 0),
        committed: 0,
    }
}

/// Returns changes that ship these commits.
pub(crate) fn ships(ships: Vec<Commit>) -> Changes {
    Changes {
        relation: Relation::Ahead,
        ships,
        ships_merges: 0,
        disappears: Vec::new(),
        disappears_merges: 0,
    }
}

pub(crate) fn eight() -> Changes {
    ships(
        SUBJECTS
            .iter()
            .map(|(digits, subject)| commit(digits, subject.as_bytes()))
            .collect(),
    )
}

/// Builds a post about the example's deploy for a team with these mentions.
pub(crate) fn about(mentions: &str, tell: impl FnOnce(&About<'_>) -> Post) -> Post {
    let config = config(mentions);
    let targets = [("production".to_owned(), Some(id("7587cca7")))];
    let called: &[Mention] = &config.channels[0].mentions;
    tell(&About {
        config: &config,
        mentions: called,
        date: DATE,
        targets: &targets,
    })
}

pub(crate) fn technical() -> Post {
    about(r#"["devs"]"#, |about| {
        about.proposal(&id("1f13dc69"), "staging", &eight(), Some(NOTE))
    })
}

pub(crate) fn product() -> Post {
    about("[]", |about| about.product(&id("1f13dc69"), Some(SUMMARY)))
}

/// Every short post.
pub(crate) fn short() -> Vec<(&'static str, Post)> {
    let (candidate, fixed) = (id("1f13dc69"), id("5c0ffee1"));
    let added = [commit(
        "5c0ffee1",
        b"Keep the legend from covering the map (#426)",
    )];
    let say = |tell: &dyn Fn(&About<'_>) -> Post| about(r#"["devs"]"#, tell);
    vec![
        (
            "fix",
            say(&|about| about.fix(&candidate, &fixed, "staging", &added)),
        ),
        (
            "blocked",
            say(&|about| about.blocked(&candidate, "Rosi", Some("The legend covers the map."))),
        ),
        (
            "postponed",
            say(&|about| {
                about.postponed(&candidate, "staging", "Ada", "The legend covers the map.")
            }),
        ),
        (
            "rolled-back",
            say(&|about| {
                about.rolled_back(
                    Some(&candidate),
                    &id("7587cca7"),
                    "Ada",
                    Some("Maps are empty."),
                )
            }),
        ),
    ]
}
