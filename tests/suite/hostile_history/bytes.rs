//! Encodings, dates, replacements and grafts.

use serde_json::Value;

use crate::diff::{log, range};
use crate::hostile_history::{deploy, harmless, people, put, raw_commit, stage_raw};
use crate::sample::sample;
use crate::support::Deploy;

/// Puts the commits on staging as a chain and returns the range that ships.
fn on_staging(deploy: &Deploy, commits: &[(&[u8], &[u8])]) -> String {
    let tip = commits
        .iter()
        .fold(deploy.nth(5).to_owned(), |parent, (people, message)| {
            raw_commit(deploy, &deploy.staging, &parent, people, message)
        });
    put(deploy, &deploy.staging, &tip);
    format!("{}..{tip}", deploy.nth(2))
}

// LOG-04.
#[test]
fn other_encodings_come_out_as_git_puts_them_out() {
    let deploy = deploy();
    let ada = people("Ada");
    let latin = [
        b"author J\xf6rg <j@example.com> 1643803200 +0000\ncommitter J\xf6rg <j@example.com> 1643803200 +0000\n"
            as &[u8],
        b"encoding ISO-8859-1\n",
    ]
    .concat();
    let unknown = [&ada[..], b"encoding x-made-up\n"].concat();
    let range = on_staging(
        &deploy,
        &[
            (&ada, b"Bytes \xff\xfe that are no text\n"),
            (&ada, b"Caf\xe9 without a word about it\n"),
            (&latin, b"Gr\xfc\xdfe aus K\xf6ln\n"),
            (&unknown, b"Caf\xe9 in no encoding\n"),
            (&ada, "Grüße auf die übliche Art\n".as_bytes()),
            (&ada, b"What follows a NUL\0 is not shown\n"),
        ],
    );
    let expected = log(&deploy, &deploy.staging, &range);
    let run = deploy.smp(&["diff"]);
    run.ok().prints(&expected).prints_among("Grüße aus Köln");
    for args in sample(
        1,
        [&["status"][..], &["promote", "-n"], &["diff", "--markdown"]],
    ) {
        deploy.smp(args).ok();
    }
    let json = deploy.smp(&["diff", "--json"]).ok().json();
    let subjects: Vec<&str> = json["ships"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|ship| ship["subject"].as_str())
        .collect();
    assert!(
        subjects.contains(&"Bytes \u{fffd}\u{fffd} that are no text"),
        "{subjects:?}"
    );
    let latin = json["ships"]
        .as_array()
        .unwrap()
        .iter()
        .find(|ship| ship["subject"] == "Grüße aus Köln")
        .unwrap();
    assert_eq!(latin["author"], "Jörg");

    // A user who configured another encoding for all output gets it.
    deploy.configure("i18n.logOutputEncoding", "ISO-8859-1");
    let expected = log(&deploy, &deploy.staging, &range);
    assert!(expected.windows(6).any(|bytes| bytes == b"Gr\xfc\xdfe "));
    deploy.smp(&["diff"]).ok().prints(&expected);
    // JSON is UTF-8, whatever git prints.
    assert_eq!(deploy.smp(&["diff", "--json"]).ok().json(), json);
}

// LOG-04: bytes of another encoding can become control characters in UTF-8.
#[test]
fn what_acts_only_after_it_was_decoded_is_shown_too() {
    let deploy = deploy();
    let header = [&people("Ada")[..], b"encoding ISO-8859-1\n"].concat();
    stage_raw(&deploy, deploy.nth(5), &header, b"Hidden \x9b31m red\n");
    let run = deploy.smp(&["diff"]);
    harmless(run.ok().prints_among("Hidden \\x9b31m red\n"));
    let header = [&people("Ada")[..], b"encoding UTF-16BE\n"].concat();
    stage_raw(&deploy, deploy.nth(5), &header, b"\x00H\x20\x2e\x00i\n");
    harmless(deploy.smp(&["diff"]).ok());
    harmless(deploy.smp(&["diff", "--json"]).ok());
    // A single byte that is a control character.
    stage_raw(
        &deploy,
        deploy.nth(5),
        &people("Ada"),
        b"Lone \x9b31m byte\n",
    );
    harmless(
        deploy
            .smp(&["diff"])
            .ok()
            .prints_among("Lone \\x9b31m byte\n"),
    );
}

// LOG-08.
#[test]
fn broken_dates_and_names_break_nothing() {
    let deploy = deploy();
    let whole = |line: &str| format!("author {line}\ncommitter {line}\n").into_bytes();
    let broken: Vec<Vec<u8>> = [
        "Ada <a@example.com> 0 +0000",
        "Ada <a@example.com> 9223372036854775807 +0000",
        "Ada <a@example.com> 18446744073709551615 +9999",
        "Ada <a@example.com> 99999999999999999999 +9999",
        "Ada <a@example.com> -1 +0000",
        "Ada <a@example.com> never",
        "Ada <a@example.com>",
        "Ada <a@example.com> 1643803200 +99999999999",
        "Ada a@example.com 1643803200 +0000",
        "<> 1643803200 +0000",
        "Ada <a<b>c> 1643803200 -1200",
        "",
    ]
    .map(whole)
    .to_vec();
    let all: Vec<(&[u8], &[u8])> = broken
        .iter()
        .map(|people| (&people[..], b"Broken\n" as &[u8]))
        .collect();
    let range = on_staging(&deploy, &all);
    deploy
        .smp(&["diff"])
        .ok()
        .prints(log(&deploy, &deploy.staging, &range));
    let json = deploy.smp(&["diff", "--json"]).ok().json();
    assert_eq!(json["ships"].as_array().unwrap().len(), 3 + broken.len());
    let dates: Vec<&Value> = json["ships"]
        .as_array()
        .unwrap()
        .iter()
        .map(|ship| &ship["date"])
        .collect();
    assert!(
        dates.contains(&&"1970-01-01T00:00:00+00:00".into()),
        "{dates:?}"
    );
    assert!(dates.contains(&&Value::Null), "{dates:?}");
    for args in [
        &["status"][..],
        &["status", "--json"],
        &["promote", "-n"],
        &["promote", "-n", "--json"],
    ] {
        deploy.smp(args).ok();
    }
    let late = deploy.smp(&["status", "--exit-code"]);
    late.exits(1).never_shows("panicked");
}

// A push sends the real history, so the program reads the real history.
#[test]
fn replacements_and_grafts_have_no_influence() {
    let deploy = deploy();
    let work = &deploy.work;
    let expected = log(&deploy, &deploy.team, &range(&deploy, 2, 5));
    let plan = deploy.smp(&["promote", "-n", "--json"]).ok().json();
    let unmoved = |what: &str| {
        deploy.smp(&["diff"]).ok().prints(&expected);
        assert_eq!(
            deploy.smp(&["promote", "-n", "--json"]).ok().json(),
            plan,
            "{what}"
        );
        deploy
            .smp(&["diff", "--from", deploy.nth(2), "--to", deploy.nth(5)])
            .ok()
            .prints(&expected);
    };
    // The fifth commit becomes a child of the second, and the first replaces the third.
    deploy.git(work, &["replace", "--graft", deploy.nth(5), deploy.nth(2)]);
    deploy.git(work, &["replace", deploy.nth(3), deploy.nth(1)]);
    let misled = log(&deploy, work, &range(&deploy, 2, 5));
    assert_ne!(misled, expected, "git itself is led astray");
    unmoved("replaced");
    deploy.git(work, &["replace", "-d", deploy.nth(5), deploy.nth(3)]);

    std::fs::create_dir_all(work.join(".git/info")).unwrap();
    let grafts = work.join(".git/info/grafts");
    std::fs::write(&grafts, format!("{} {}\n", deploy.nth(5), deploy.nth(2))).unwrap();
    assert_ne!(
        log(&deploy, work, &range(&deploy, 2, 5)),
        expected,
        "git itself is led astray"
    );
    unmoved("grafted");
    // The program asks git if the library cannot read the repository.
    deploy.git(work, &["config", "core.repositoryFormatVersion", "1"]);
    deploy.git(work, &["config", "extensions.partialClone", "upstream"]);
    unmoved("grafted, and read by the program");
    std::fs::remove_file(&grafts).unwrap();
    deploy.git(work, &["replace", "--graft", deploy.nth(5), deploy.nth(2)]);
    unmoved("replaced, and read by the program");
    deploy.git(work, &["replace", "-d", deploy.nth(5)]);
    deploy.git(work, &["config", "--unset", "extensions.partialClone"]);

    // A graft must not make a forced push look like a step forward.
    let hotfix = crate::diff::production_has_a_hotfix(&deploy, "Ben", "Fix login loop");
    std::fs::write(
        &grafts,
        format!("{} {} {hotfix}\n", deploy.nth(5), deploy.nth(4)),
    )
    .unwrap();
    let before = deploy.snapshot();
    let run = deploy.smp(&["promote", "--yes", "--commit", deploy.nth(5)]);
    run.exits(1).says("Fix login loop");
    assert_eq!(deploy.snapshot(), before);
}

// F-LOC-1, ENV-06.
#[test]
fn the_language_and_the_place_of_the_user_change_no_decision() {
    let deploy = deploy();
    let variants: [&[(&str, &str)]; 3] = [
        &[
            ("LANG", "de_DE.UTF-8"),
            ("LC_ALL", "C.UTF-8"),
            ("LANGUAGE", "de:fr"),
            ("CI", "true"),
        ],
        &[
            ("LC_ALL", "tr_TR.UTF-8"),
            ("LC_MESSAGES", "ja_JP.SJIS"),
            ("TERM", "dumb"),
            ("COLUMNS", "9999"),
        ],
        &[
            ("LC_ALL", "C"),
            ("TZ", "Pacific/Kiritimati"),
            ("NO_COLOR", "1"),
            ("COLUMNS", "1"),
        ],
    ];
    let commands: [&[&str]; 4] = [
        &["diff"],
        &["diff", "--json"],
        &["status", "--json"],
        &["promote", "-n", "--json"],
    ];
    let at_home = commands.map(|args| deploy.smp(args).ok().stdout.clone());
    for variables in variants {
        let runner = variables
            .iter()
            .fold(deploy.runner(), |runner, (name, value)| {
                runner.env(name, value)
            });
        for (args, expected) in commands.iter().zip(&at_home) {
            runner.smp(args).ok().prints(expected);
        }
        // These decisions depend on git's own words.
        runner
            .clone()
            .cwd("")
            .smp(&["diff"])
            .exits(1)
            .says("not a git repository")
            .says("hint: cd into a clone");
        let run = runner.smp(&["diff", "--from", "nowhere", "--to", "HEAD"]);
        run.exits(2)
            .says("names no commit in this clone")
            .never_shows("Needed a single revision");
    }
}
