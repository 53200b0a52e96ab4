//! The runbook's example: eight commits from bbd6ba4 to 1f13dc6, whose two posts have one date at any place and time.

use crate::sample::sample;
use std::fmt::Write;

use super::*;

/// Production's earlier commit and the eight: their times, the numbers that determine their hashes, and their subjects.
const COMMITS: [(u64, &str, &str); 9] = [
    (1_643_800_000, "0000000000", "Release of February (#411)"),
    (
        1_644_059_200,
        "0285908170",
        "Remove the unused splash styles (#418)",
    ),
    (
        1_644_318_400,
        "0000000000",
        "Floating UI: First cut behind a setting (#412)",
    ),
    (
        1_644_577_600,
        "0000000000",
        "Bump the map library to its latest patch release (#419)",
    ),
    (
        1_644_836_800,
        "0000000000",
        "Floating UI: Keep the panel open between views (#420)",
    ),
    (
        1_645_096_000,
        "0000000000",
        "Always display flags on painpoints (#421)",
    ),
    (
        1_645_355_200,
        "0000000000",
        "Floating UI: Move the legend into the side panel (#423)",
    ),
    (
        1_645_614_400,
        "0000000000",
        "Floating UI: Add translations (#424)",
    ),
    (
        1_645_873_600,
        "0160537468",
        "Fix malformed view variable in MapItems (#425)",
    ),
];

/// Writes the nine commits, oldest first, byte for byte, so that they have the same hashes everywhere.
#[track_caller]
fn history(deploy: &Deploy) -> Vec<String> {
    let tree = deploy
        .runner()
        .cwd(&deploy.team)
        .program("git", &["mktree"])
        .ok()
        .out();
    let mut hashes: Vec<String> = Vec::new();
    for (at, number, subject) in COMMITS {
        let mut object = format!("tree {}\n", tree.trim());
        if let Some(parent) = hashes.last() {
            writeln!(object, "parent {parent}").unwrap();
        }
        let who = format!("Ada Example <ada@example.com> {at} +0000");
        write!(
            object,
            "author {who}\ncommitter {who}\n\n{subject}\n\nNumber: {number}\n"
        )
        .unwrap();
        let git = deploy.runner().cwd(&deploy.team).stdin(object);
        hashes.push(
            git.program("git", &["hash-object", "-t", "commit", "-w", "--stdin"])
                .ok()
                .out()
                .trim()
                .to_owned(),
        );
    }
    hashes
}

#[test]
fn eight_commits_are_told_twice_and_with_one_date() {
    for kind in sample(2, ["teams", "slack", "print"]) {
        let deploy = chatting(kind);
        let commits = history(&deploy);
        assert!(
            commits[1].starts_with("bbd6ba4") && commits[8].starts_with("1f13dc6"),
            "{commits:?}"
        );
        for (bare, commit) in [
            (&deploy.main, 8),
            (&deploy.staging, 8),
            (&deploy.production, 0),
        ] {
            deploy.colleague_pushes(bare, &commits[commit]);
        }
        // Two time zones on different days: their clocks are more than 24 hours apart.
        let proposed = with_webhooks(&deploy)
            .env("TZ", "Pacific/Kiritimati")
            .smp(&["propose", "--yes"]);
        posts(&deploy, &["signoff", "--by", "Rosi"]).ok();
        let summary =
            "- Some chunky updates to the floating UI\n- Always display flags on painpoints";
        let promote = [
            "promote",
            "--yes",
            "--commit",
            &commits[8],
            "--summary",
            summary,
        ];
        let promoted = with_webhooks(&deploy)
            .env("TZ", "Pacific/Pago_Pago")
            .smp(&promote);
        let told = |run: &Run, channel| match kind {
            "print" => run.ok().out(),
            _ => words(sent(&deploy, channel).last().unwrap()),
        };
        let (technical, product) = (told(&proposed, TECHNICAL), told(&promoted, PRODUCT));
        assert_eq!(date(&technical), date(&product), "{kind}");
        promoted.says(&format!("Production deploy {}\n", date(&technical)));
        is_technical(&technical, &commits);
        is_product(&product);
    }
}

/// Returns the date in a post's heading.
#[track_caller]
fn date(text: &str) -> String {
    let start = text
        .find("Production deploy 20")
        .unwrap_or_else(|| panic!("no heading in {text}"));
    text[start + "Production deploy ".len()..][.."2022-03-02".len()].to_owned()
}

#[track_caller]
fn is_technical(text: &str, commits: &[String]) {
    assert!(text.contains(&format!(
        "@devs Proposed for production: version {}, which runs on staging.",
        &commits[8][..8]
    )));
    let mut from = 0;
    for (commit, (_, _, subject)) in commits.iter().zip(COMMITS).skip(1).rev() {
        let line = format!("{} {subject}", &commit[..7]);
        from += text[from..]
            .find(&line)
            .unwrap_or_else(|| panic!("{line:?} in its order in {text}"));
    }
    assert!(
        !text.contains("Release of February"),
        "production has it already: {text}"
    );
}

#[track_caller]
fn is_product(text: &str) {
    for part in [
        "New release to production with the following changes:",
        "Some chunky updates to the floating UI",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    assert!(
        !text.contains("MapItems") && !text.contains("@devs"),
        "never the log: {text}"
    );
}
