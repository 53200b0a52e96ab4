//! The transcripts of `tests/hosts`, each with its expected result.

use std::collections::HashSet;
use std::fs;

use crate::deploy::doubt::*;
use crate::sources::words::TABLE;

/// A transcript: the fields of its head, and its lines as git prints them.
struct Transcript {
    name: String,
    ends: String,
    says: Option<String>,
    lines: Vec<String>,
}

fn transcripts() -> Vec<Transcript> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/hosts");
    let files = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    files
        .filter(|path| path.extension().is_some_and(|end| end == "txt"))
        .map(|path| read(&path))
        .collect()
}

fn read(path: &std::path::Path) -> Transcript {
    let text = fs::read_to_string(path)
        .unwrap()
        .replace("\\x1b", "\u{1b}")
        .replace("\\r", "\r");
    let (head, body) = text.split_once("\n\n").unwrap();
    let field = |name: &str| {
        head.lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
            .map(str::to_owned)
    };
    assert!(
        field("source").is_some_and(|source| source.len() > 10),
        "{} has no source",
        path.display()
    );
    let line = |line: &str| format!("remote: {line}        ");
    Transcript {
        name: path.file_stem().unwrap().to_string_lossy().into_owned(),
        ends: field("ends").unwrap(),
        says: field("says"),
        lines: body.split(['\n', '\r']).map(line).collect(),
    }
}

fn heard<'l>(lines: impl IntoIterator<Item = &'l str>) -> Option<Doubt> {
    let mut heard = Heard::default();
    lines.into_iter().for_each(|line| heard.line(line));
    heard.doubt
}

fn ends(doubt: Option<&Doubt>) -> &'static str {
    match doubt.map(|doubt| doubt.meaning) {
        None => "done",
        Some(Meaning::NotDeployed | Meaning::Hook) => "not-deployed",
        Some(Meaning::Failed) => "failed",
        Some(_) => "not-confirmed",
    }
}

#[test]
fn every_hosts_transcript_comes_to_what_became_of_its_push() {
    for transcript in transcripts() {
        let doubt = heard(transcript.lines.iter().map(String::as_str));
        assert_eq!(
            ends(doubt.as_ref()),
            transcript.ends,
            "{}: {doubt:?}",
            transcript.name
        );
        if let Some(says) = transcript.says {
            assert!(
                doubt.as_ref().unwrap().words.contains(&says),
                "{}: {doubt:?}",
                transcript.name
            );
        }
    }
}

#[test]
fn every_row_of_the_table_is_heard_in_a_transcript_and_says_where_it_is_from() {
    let all = transcripts();
    let lines: Vec<&str> = all
        .iter()
        .flat_map(|one| one.lines.iter().map(String::as_str))
        .collect();
    for (host, words, meaning, source) in TABLE {
        let pattern = [Pattern::of(words, *meaning)];
        let is_heard = lines
            .iter()
            .filter_map(|line| Said::by_remote(line))
            .any(|said| said.first_of(&pattern).is_some());
        // The last one was seen only in the source of its host's own tool.
        assert!(
            is_heard || *host == "any host" || *words == "Environment redeployment failed*",
            "{host}: {words}"
        );
        assert!(!host.is_empty() && source.len() > 10, "{words}");
    }
    let distinct: HashSet<&str> = TABLE.iter().map(|row| row.1).collect();
    assert_eq!(distinct.len(), TABLE.len());
}

#[test]
fn only_the_remotes_own_lines_count() {
    assert_eq!(
        heard([
            "Pushed to non-main branch, skipping build.",
            "To remote: Waiting for release.... failed.",
        ]),
        None
    );
    // A host whose hook pushes elsewhere passes on what it hears. One doubt too many is better than a false success.
    assert_eq!(
        heard(["remote: remote: Waiting for release.... failed."]),
        heard([FAILED])
    );
    assert!(heard([FAILED]).is_some());
}

const DECLARED: &str = "remote:  !     Release command declared: this new release will not be available until the command succeeds.";
const DONE: &str = "remote: Waiting for release.... done.";
const FAILED: &str = "remote: Waiting for release.... failed.";
const QUEUED: &str = "remote: [SUCCESS] The application has successfully been queued for redeploy.";

#[test]
fn a_success_settles_a_release_that_was_declared_and_nothing_else() {
    for (lines, end) in [
        (&[DONE][..], "done"),
        (&[DECLARED, DONE], "done"),
        (&[DONE, DECLARED], "not-confirmed"),
        (&[DECLARED, DONE, DECLARED], "not-confirmed"),
        (&[DECLARED, FAILED], "failed"),
        (&[FAILED], "failed"),
        // A release command could print these words itself. What the host prints afterwards counts.
        (&[DECLARED, DONE, FAILED], "failed"),
        (&[DECLARED, FAILED, DONE], "failed"),
        (&[FAILED, DECLARED, DONE], "failed"),
        (&[QUEUED, DECLARED, DONE], "not-confirmed"),
        (&[DECLARED, QUEUED, DONE], "not-confirmed"),
        (
            &["remote: Pushed to non-main branch, skipping build.", FAILED],
            "not-deployed",
        ),
    ] {
        assert_eq!(
            ends(heard(lines.iter().copied()).as_ref()),
            end,
            "{lines:?}"
        );
    }
}

const IGNORED: &str =
    "hint: The 'hooks/post-receive' hook was ignored because it's not set as executable.";
const NO_PROGRAM: &str = "fatal: cannot exec 'hooks/post-receive': No such file or directory";
const NO_PROGRAM_BEFORE: &str = "fatal: cannot run hooks/post-receive: No such file or directory";
const DIED: &str = "error: hooks/post-receive died of signal 9";
const NOT_FOUND: &str = "hooks/post-receive: line 3: npm: command not found";

#[test]
fn gits_words_of_the_hosts_hook_count_with_and_without_the_remotes_sign() {
    for words in [IGNORED, NO_PROGRAM, NO_PROGRAM_BEFORE, DIED] {
        for line in [words.to_owned(), format!("remote: {words}        ")] {
            assert_eq!(
                heard([line.as_str()]),
                Some(Doubt {
                    meaning: Meaning::Hook,
                    words: words.to_owned()
                }),
                "{line}"
            );
        }
    }
    for none in [
        // A hook that watches refs, in a clone or on a host.
        "hint: The '.git/hooks/reference-transaction' hook was ignored because it's not set as executable.",
        "fatal: cannot exec '.git/hooks/reference-transaction': No such file or directory",
        "hint: The 'hooks/reference-transaction' hook was ignored because it's not set as executable.",
        "error: hooks/reference-transaction died of signal 9",
        "remote: fatal: cannot exec 'hooks/reference-transaction': Exec format error",
        // Words that are not git's own must come from the host.
        "fatal: this operation must be run in a work tree",
        NOT_FOUND,
        "error: failed to push some refs to 'x'",
        "fatal: cannot exec 'ssh': No such file or directory",
    ] {
        assert_eq!(heard([none]), None, "{none}");
    }
}

#[test]
fn what_programs_mutter_in_a_hook_counts_least_and_a_good_end_settles_it() {
    let not_found = format!("remote: {NOT_FOUND}");
    let (muttered, checkout) = (
        not_found.as_str(),
        "remote: fatal: this operation must be run in a work tree",
    );
    let deployed = "remote: =====> Application deployed:";
    for (lines, end, says) in [
        (&[muttered, checkout][..], "not-confirmed", NOT_FOUND),
        (
            &[muttered, FAILED],
            "failed",
            "Waiting for release.... failed.",
        ),
        (
            &[FAILED, muttered],
            "failed",
            "Waiting for release.... failed.",
        ),
        (
            &[muttered, QUEUED],
            "not-confirmed",
            "successfully been queued",
        ),
        (
            &[QUEUED, muttered],
            "not-confirmed",
            "successfully been queued",
        ),
        (&[DECLARED, muttered, DONE], "done", ""),
        (&[muttered, DECLARED, DONE], "done", ""),
        (&[muttered, deployed], "done", ""),
        (&[IGNORED, deployed], "done", ""),
        (&[deployed, muttered], "not-confirmed", NOT_FOUND),
        (
            &[DECLARED, deployed],
            "not-confirmed",
            "Release command declared",
        ),
        (
            &[QUEUED, deployed],
            "not-confirmed",
            "successfully been queued",
        ),
        (&[FAILED, deployed], "failed", ""),
        (&[muttered, DIED], "not-deployed", DIED),
        (&[DIED, muttered], "not-deployed", DIED),
    ] {
        let doubt = heard(lines.iter().copied());
        assert_eq!(ends(doubt.as_ref()), end, "{lines:?}");
        assert!(
            doubt.is_none_or(|doubt| doubt.words.contains(says)),
            "{lines:?}"
        );
    }
}

#[test]
fn a_host_that_says_nothing_is_told_from_one_that_speaks() {
    let silent = |lines: &[&str]| {
        let mut heard = Heard::default();
        lines.iter().for_each(|line| heard.line(line));
        heard.is_silent()
    };
    assert!(
        silent(&[])
            && silent(&[
                "To /srv/shop.git",
                "POST git-receive-pack (1038 bytes)",
                "remote:",
                "remote:   "
            ])
    );
    assert!(!silent(&["remote: .", "To /srv/shop.git"]));
}

#[test]
fn a_host_is_busy_in_whatever_words_it_says_so() {
    let heard = |line: &str| {
        let mut heard = Heard::default();
        heard.line(&format!("remote: {line}"));
        heard.busy().is_some()
    };
    let busy = [
        "another deployment is in progress",
        "Another deployment is in progress.",
        "error: another deployment is in progress",
        "Error: Another deploy is in progress, please retry later",
        " !     Another deployment is already in progress",
        "A deployment is already in progress",
        "Deployment already in progress",
        "deploy lock in place",
        "App shop currently has a deploy lock in place",
        "Push rejected, you have 2 concurrent builds running",
        "! Push rejected: concurrent builds limit reached",
        "Maximum concurrent builds reached",
        "Build queue is full, try again later",
        "Too many builds running",
        "Too many concurrent builds",
        "A build is already running for this app",
        "Build already in progress for shop",
        "Another build is running",
    ];
    for line in busy {
        assert!(heard(line), "{line}");
    }
    for (_, words, meaning, _) in TABLE.iter().filter(|row| row.0 == "any host") {
        let pattern = [Pattern::of(words, *meaning)];
        let is_heard = |line: &&str| {
            Said::by_remote(&format!("remote: {line}"))
                .is_some_and(|said| said.first_of(&pattern).is_some())
        };
        assert!(busy.iter().any(is_heard), "{words}");
    }
    for line in [
        "FAIL test: concurrent builds table is empty",
        "shop currently has a deploy lock in place. Waiting...",
        "ok: says that another deployment is in progress",
        "Build failed: the queue is empty",
    ] {
        assert!(!heard(line), "{line}");
    }
}
