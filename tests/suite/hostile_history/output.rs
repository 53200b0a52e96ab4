//! Control characters are shown in escaped form everywhere (LOG-01, LOG-02).

use crate::hostile_history::{deploy, harmless, people, put, raw_commit, stage_raw};
use crate::support::{Deploy, World};

/// A subject, and its escaped form.
const HOSTILE: [(&str, &str); 9] = [
    (
        "Colours \u{1b}[31mred\u{1b}[0m",
        "Colours \\x1b[31mred\\x1b[0m",
    ),
    ("Title \u{1b}]0;owned\u{7}", "Title \\x1b]0;owned\\x07"),
    (
        "Link \u{1b}]8;;http://evil\u{1b}\\x\u{1b}]8;;\u{1b}\\",
        "Link \\x1b]8;;http://evil\\x1b\\x\\x1b]8;;\\x1b\\",
    ),
    (
        "Clipboard \u{1b}]52;c;ZWNobw==\u{7}",
        "Clipboard \\x1b]52;c;ZWNobw==\\x07",
    ),
    (
        "Clear \u{1b}[2J\u{1b}[H\u{8}\u{7f}",
        "Clear \\x1b[2J\\x1b[H\\x08\\x7f",
    ),
    ("Over\rwritten", "Over\\x0dwritten"),
    ("C1 \u{9b}31m \u{9d}0;x\u{9c}", "C1 \\x9b31m \\x9d0;x\\x9c"),
    (
        "Bidi \u{202e}drawkcab\u{2066}x\u{2069}",
        "Bidi \\u202edrawkcab\\u2066x\\u2069",
    ),
    (
        "Marks \u{200e}\u{200f}\u{61c} end",
        "Marks \\u200e\\u200f\\u061c end",
    ),
];

const EVIL: &str = "Ev\u{1b}[2Jil\u{9b}1m \u{202e}Ada";
const EVIL_SHOWN: &str = "Ev\\x1b[2Jil\\x9b1m \\u202eAda";

/// Puts every hostile commit on one of the environments, as a chain.
fn hostile(deploy: &Deploy, bare: &std::path::Path, base: &str) -> String {
    let tip = HOSTILE
        .iter()
        .fold(base.to_owned(), |parent, (subject, _)| {
            raw_commit(
                deploy,
                bare,
                &parent,
                &people(EVIL),
                format!("{subject}\n").as_bytes(),
            )
        });
    put(deploy, bare, &tip);
    tip
}

#[test]
fn subjects_that_would_ship() {
    let deploy = deploy();
    hostile(&deploy, &deploy.staging, deploy.nth(5));
    let diff = deploy.smp(&["diff"]);
    harmless(diff.ok());
    let plan = deploy.smp(&["promote", "-n"]);
    harmless(plan.ok());
    for (_, shown) in HOSTILE {
        diff.prints_among(&format!(" {shown}\n"));
        assert!(
            (plan.out() + &plan.stderr).contains(shown),
            "{shown:?} is not in {plan}"
        );
    }
    assert_eq!(diff.out().lines().count(), 3 + HOSTILE.len());
    for args in [
        &["status"][..],
        &["status", "--json"],
        &["-v", "diff"],
        &["diff", "--markdown"],
        &["-v", "status"],
    ] {
        harmless(deploy.smp(args).ok());
    }
    let painted = deploy.smp(&["diff", "--color", "always"]);
    assert_eq!(painted.ok().stdout, diff.stdout);
}

#[test]
fn subjects_and_authors_that_would_disappear() {
    let deploy = deploy();
    hostile(&deploy, &deploy.production, deploy.nth(2));
    let diff = deploy.smp(&["diff"]);
    harmless(diff.ok());
    let refused = deploy.smp(&["promote", "-n"]);
    harmless(refused.exits(1));
    for (_, shown) in HOSTILE {
        diff.says(&format!(" {shown}, by {EVIL_SHOWN}\n"));
        refused.says(shown).says(EVIL_SHOWN);
    }
    harmless(deploy.smp(&["status"]).ok());
    harmless(
        deploy
            .smp(&["diff", "--markdown"])
            .ok()
            .prints_among("Would disappear"),
    );
    let refusal = deploy.smp(&["promote", "-n", "--json"]);
    harmless(refusal.exits(1));
    assert_eq!(refusal.json()["refusal"]["code"], "diverged");
}

#[test]
fn json_holds_the_very_characters_in_escapes() {
    let deploy = deploy();
    hostile(&deploy, &deploy.staging, deploy.nth(5));
    hostile(&deploy, &deploy.production, deploy.nth(2));
    let run = deploy.smp(&["diff", "--json"]);
    harmless(run.ok());
    for list in ["ships", "disappears"] {
        let json = run.json();
        let list = json[list].as_array().unwrap();
        for (subject, _) in HOSTILE {
            let found = list.iter().find(|commit| commit["subject"] == subject);
            assert_eq!(found.expect(subject)["author"], EVIL);
        }
    }
}

#[test]
fn on_a_terminal_only_colours_of_our_own_are_left() {
    let deploy = deploy();
    hostile(&deploy, &deploy.staging, deploy.nth(5));
    hostile(&deploy, &deploy.production, deploy.nth(2));
    for args in [&["diff"][..], &["status"], &["promote", "-n"]] {
        let screen = deploy.runner().terminal(args).ends().stderr;
        let mut rest = screen.replace("\r\n", "\n");
        for colour in [
            "\u{1b}[0m",
            "\u{1b}[1m",
            "\u{1b}[2m",
            "\u{1b}[31m",
            "\u{1b}[32m",
            "\u{1b}[33m",
            // Progress, on a slow machine.
            "\r\u{1b}[K",
        ] {
            rest = rest.replace(colour, "");
        }
        assert_eq!(super::acts(rest.as_bytes()), None, "{screen:?}");
        assert!(!screen.contains("Colours \u{1b}"), "{screen:?}");
    }
}

// LOG-03.
#[test]
fn subjects_of_odd_sizes_are_listed_as_git_lists_them() {
    let deploy = deploy();
    let long = "Long ".repeat(2000);
    let marks = format!("e{}", "\u{301}".repeat(1000));
    let subjects = [
        "",
        " ",
        "\n\n\n",
        "\t",
        &long,
        &marks,
        "日本語 🎉 👩‍💻",
        "Two\nlines\n\nBody",
        "-n --option",
    ];
    let tip = subjects
        .iter()
        .fold(deploy.nth(5).to_owned(), |parent, subject| {
            raw_commit(
                &deploy,
                &deploy.staging,
                &parent,
                &people("Ada"),
                format!("{subject}\n").as_bytes(),
            )
        });
    put(&deploy, &deploy.staging, &tip);
    let expected = crate::diff::log(
        &deploy,
        &deploy.staging,
        &format!("{}..{tip}", deploy.nth(2)),
    );
    deploy.smp(&["diff"]).ok().prints(&expected);
    assert_eq!(
        deploy.smp(&["diff", "--json"]).ok().json()["ships"]
            .as_array()
            .unwrap()
            .len(),
        3 + subjects.len()
    );
    for args in [
        &["diff", "--markdown"][..],
        &["status"],
        &["promote", "-n"],
        &["promote", "-n", "--json"],
    ] {
        harmless(deploy.smp(args).ok());
    }
}

// LOG-07, LOG-09.
#[test]
fn two_thousand_commits_are_listed_whole_and_may_be_cut_off_by_whoever_reads() {
    let deploy = deploy();
    let mut stream = String::new();
    for number in 0..2000 {
        let from = if number == 0 {
            "from refs/heads/master^0\n"
        } else {
            ""
        };
        let subject = format!("Change number {number}\n");
        stream += &format!(
            "commit refs/heads/master\ncommitter Ada <a@example.com> {} +0000\ndata {}\n{subject}{from}\n",
            1_643_803_200 + number,
            subject.len(),
        );
    }
    deploy
        .runner()
        .cwd(&deploy.staging)
        .stdin(stream)
        .program("git", &["fast-import", "--quiet"])
        .ok();
    let expected = crate::diff::log(
        &deploy,
        &deploy.staging,
        &format!("{}..master", deploy.nth(2)),
    );
    assert_eq!(expected.iter().filter(|byte| **byte == b'\n').count(), 2003);
    let run = deploy.smp(&["diff"]);
    run.ok().prints(&expected).says("is 2003 commits ahead of");
    assert_eq!(
        deploy.smp(&["diff", "--json"]).ok().json()["ships"]
            .as_array()
            .unwrap()
            .len(),
        2003
    );
    let plan = deploy.smp(&["promote", "-n"]).ok().clone();
    assert!(
        (plan.out() + &plan.stderr).contains("and 1943 more; list all: git smp diff"),
        "{plan}"
    );
    deploy
        .smp(&["status"])
        .ok()
        .prints_among("2003 commits behind staging");

    let shell = |script: &str| deploy.runner().program("sh", &["-c", script]);
    let head = shell("{ git smp -q diff; echo \"ended with $?\" >&2; } | head -n 1");
    let first = expected
        .split_inclusive(|byte| *byte == b'\n')
        .next()
        .unwrap();
    assert_eq!(head.ok().prints(first).stderr, "ended with 0\n");
    let head = shell("{ git smp diff --json; echo \"ended with $?\" >&2; } | head -c 1");
    assert_eq!(head.ok().prints("{").stderr, "ended with 0\n");
    shell("git smp diff >/dev/full")
        .exits(1)
        .says("error: the output cannot be written")
        .never_shows("panicked");
    shell("git smp status >/dev/full")
        .exits(1)
        .says("error: the output cannot be written");
    shell("git smp diff >&-").never_shows("panicked");
    shell("git smp diff 2>&-").ok().prints(&expected);
    shell("git smp diff 2>/dev/full").ok().prints(&expected);
    // Beyond sixty commits, the disappearing ones are counted.
    deploy.git(
        &deploy.production,
        &[
            "fetch",
            "-q",
            deploy.staging.to_str().unwrap(),
            "+master:refs/heads/master",
        ],
    );
    put(&deploy, &deploy.staging, deploy.nth(5));
    deploy
        .smp(&["diff"])
        .ok()
        .prints("")
        .says("and 1940 more; list all: git smp diff --json");
}

#[test]
fn names_of_branches_and_remote_words_are_shown_as_well() {
    let deploy = World::deploy_like().ready();
    deploy.git(
        &deploy.production,
        &["branch", "-m", "master", "ma\u{202e}in"],
    );
    deploy.web.set(
        "/production",
        crate::support::Page::body("\u{1b}]0;owned\u{7}\u{202e}"),
    );
    for args in [
        &["status"][..],
        &["status", "--json"],
        &["diff"],
        &["promote", "-n"],
        &["promote", "-n", "--json"],
    ] {
        harmless(&deploy.smp(args));
    }
    let message = "printf '\\033]0;owned\\007\\n\\342\\200\\256evil\\n' >&2; exit 1";
    deploy.executable("front/git-upload-pack", message);
    deploy.git(
        &deploy.work,
        &[
            "config",
            "remote.staging.uploadpack",
            deploy.path("front/git-upload-pack").to_str().unwrap(),
        ],
    );
    for args in [
        &["status"][..],
        &["status", "--json"],
        &["promote", "-n"],
        &["-v", "status"],
    ] {
        harmless(&deploy.smp(args));
    }
    let words = deploy.smp(&["promote", "-n"]);
    words.exits(1).says("owned");
}

#[test]
fn a_subject_may_look_like_our_own_words() {
    let deploy = deploy();
    stage_raw(
        &deploy,
        deploy.nth(5),
        &people("Ada"),
        b"production is the same as staging\nnext: git smp promote\n",
    );
    let run = deploy.smp(&["diff"]);
    assert_eq!(
        run.ok().out().lines().count(),
        4,
        "a subject stays one line"
    );
}
