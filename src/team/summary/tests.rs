//! Given and written texts, with real files, repositories and editors.

use std::ffi::OsStr;
use std::ffi::OsString;
use std::fs;

use clap::Parser;

use crate::cli::Cli;
use crate::commands::Command;
use crate::git::editor::tests::Desk;
use crate::team::summary::*;

fn args(words: &[&OsStr]) -> PostText {
    let line = ["git-smp", "promote"].map(OsStr::new);
    match Cli::try_parse_from(line.iter().chain(words))
        .unwrap()
        .command
    {
        Command::Promote(args) => args.text,
        other => panic!("{other:?}"),
    }
}

fn of_words(words: &[&str]) -> Result<Option<Summary>, Stop> {
    given(&args(&words.iter().map(OsStr::new).collect::<Vec<_>>()))
}

#[track_caller]
fn misuse(outcome: Result<Option<Summary>, Stop>) -> String {
    let stop = outcome.unwrap_err();
    assert_eq!(stop.exit_code(), 2);
    assert!(stop.report().unwrap().hint.is_some());
    stop.to_string()
}

fn text(text: &str) -> Option<Summary> {
    Some(Summary::Text(text.to_owned()))
}

#[test]
fn a_text_on_the_command_line_is_the_summary() {
    assert_eq!(of_words(&[]).unwrap(), None);
    assert_eq!(
        of_words(&["--summary", "Faster maps"]).unwrap(),
        text("Faster maps")
    );
    assert_eq!(
        of_words(&["--summary", "- One\r\n-\ttwo \n\n"]).unwrap(),
        text("- One\n-\ttwo")
    );
    for empty in ["", " ", "\n\t\n"] {
        assert_eq!(
            of_words(&["--summary", empty]).unwrap(),
            Some(Summary::Empty)
        );
    }
}

#[test]
fn what_no_post_could_hold_is_wrong_usage() {
    let long = "ü".repeat(4000);
    assert_eq!(
        of_words(&["--summary", &format!(" {long}\n")]).unwrap(),
        text(&long)
    );
    for (given, wrong) in [
        (
            format!("{long}x").as_str(),
            "the text of --summary is longer than 4000 characters",
        ),
        (
            "a\u{1b}[31m",
            "the text of --summary holds the control character \\x1b",
        ),
        (
            "a\u{202e}b",
            "the text of --summary holds the control character \\u202e",
        ),
        ("--yes", "the text of --summary looks like an option"),
        ("-", "the text of --summary looks like an option"),
    ] {
        assert_eq!(misuse(of_words(&["--summary", given])), wrong);
    }
}

#[test]
fn the_text_may_stand_in_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("what is new");
    let name = file.to_str().unwrap();
    let read = |bytes: &[u8]| {
        fs::write(&file, bytes).unwrap();
        of_words(&["-F", name])
    };
    assert_eq!(
        read(b"\xef\xbb\xbf- One\r\n- Two\r\n").unwrap(),
        text("- One\n- Two")
    );
    assert_eq!(read(b"--yes").unwrap(), text("--yes"));
    assert_eq!(read(b"\n\n").unwrap(), Some(Summary::Empty));
    assert_eq!(
        misuse(read(b"a\0b")),
        format!("'{name}' holds the control character \\x00")
    );
    assert_eq!(misuse(read(b"\xff")), format!("'{name}' is not UTF-8 text"));
    assert_eq!(
        misuse(read(&[b'a'; 5000])),
        format!("'{name}' is longer than 4000 characters")
    );
    assert_eq!(
        misuse(read(&[b'a'; 70_000])),
        format!("'{name}' is larger than 64 KiB")
    );
    fs::remove_file(&file).unwrap();
    assert_eq!(
        misuse(of_words(&["--file", name])),
        format!("'{name}' does not exist")
    );
    let folder = folder.path().to_str().unwrap();
    assert_eq!(
        misuse(of_words(&["--file", folder])),
        format!("{folder} cannot be read: is a directory")
    );
}

#[test]
fn a_file_may_have_any_name() {
    use std::os::unix::ffi::OsStringExt;
    let folder = tempfile::tempdir().unwrap();
    let file = folder
        .path()
        .join(OsString::from_vec(b"Gr\xfc\x1b".to_vec()));
    assert!(
        misuse(given(&args(&[OsStr::new("-F"), file.as_os_str()])))
            .ends_with("Gr\u{fffd}\\x1b' does not exist")
    );
    fs::write(&file, "One").unwrap();
    assert_eq!(
        given(&args(&[OsStr::new("-F"), file.as_os_str()])).unwrap(),
        text("One")
    );
}

/// A history whose last two commits ship, and the editor of its author.
struct Deploy {
    desk: Desk,
    from: CommitId,
    to: CommitId,
}

impl Deploy {
    fn new() -> Self {
        let desk = Desk::new();
        let [from, _, to] = ["Old (#1)", "Draw maps (#2)", "Show flags (#3)"].map(|subject| {
            desk.git(&["commit", "-q", "--allow-empty", "-m", subject]);
            CommitId::parse(&desk.git(&["rev-parse", "HEAD"])).unwrap()
        });
        Self { desk, from, to }
    }

    fn write(&self, kept: Option<&str>) -> Result<Summary, Stop> {
        let heading = "Production deploy 2022-03-02";
        edited(
            &self.desk.repo(),
            &Offer {
                heading,
                commit: &self.to,
                from: Some(&self.from),
                kept,
                by: None,
            },
        )
    }

    /// Returns the text that the person found in the editor.
    fn found(&self) -> String {
        fs::read_to_string(self.desk.path("found")).unwrap()
    }

    fn finds_and(&self, script: &str) {
        let found = self.desk.path("found");
        self.desk
            .uses(&format!("cp \"$1\" '{}'\n{script}", found.display()));
    }
}

#[test]
fn a_person_finds_the_draft_and_an_editor_left_without_a_change_says_yes_to_nothing() {
    let deploy = Deploy::new();
    deploy.finds_and(":");
    assert_eq!(deploy.write(None).unwrap(), Summary::Untouched);
    let found = deploy.found();
    assert!(
        found.starts_with(
            "- Show flags\n- Draw maps\n\n# Production deploy 2022-03-02: what is new?\n"
        ),
        "{found}"
    );
    assert!(found.contains(deploy.to.short()), "{found}");
    assert!(place(&deploy.desk.repo()).ends_with(".git/smp/COMMIT_EDITMSG"));
}

#[test]
fn a_person_may_add_change_and_empty_it() {
    let deploy = Deploy::new();
    deploy.desk.uses("printf '\\nAnd more.\\n' >>\"$1\"");
    assert_eq!(
        deploy.write(None).unwrap(),
        Summary::Text("- Show flags\n- Draw maps\n\nAnd more.".to_owned())
    );
    deploy.desk.uses("sed -i.old '/delete this line/d' \"$1\"");
    assert_eq!(
        deploy.write(None).unwrap(),
        Summary::Text("- Show flags\n- Draw maps".to_owned())
    );
    deploy.desk.uses("sed -i.old /^-/d \"$1\"");
    assert_eq!(deploy.write(None).unwrap(), Summary::Empty);
    deploy.desk.uses(": >\"$1\"");
    assert_eq!(deploy.write(None).unwrap(), Summary::Empty);
}

#[test]
fn the_text_of_an_earlier_run_is_offered_again() {
    let deploy = Deploy::new();
    deploy.finds_and(":");
    deploy.desk.git(&["config", "core.commentChar", ";"]);
    assert_eq!(
        deploy.write(Some("#2 is here\n")).unwrap(),
        Summary::Text("#2 is here".to_owned())
    );
    assert!(
        deploy.found().starts_with("#2 is here\n\n; Production"),
        "{}",
        deploy.found()
    );
}

#[test]
fn what_no_post_could_hold_is_kept_to_be_mended() {
    let deploy = Deploy::new();
    let file = place(&deploy.desk.repo());
    let name = file.to_str().unwrap();
    for (script, wrong, kept) in [
        (
            "printf 'Faster\\033[31m maps\\n# no\\n' >\"$1\"",
            "holds the control character \\x1b",
            17,
        ),
        (
            "head -c 5000 /dev/zero | tr '\\0' x >\"$1\"",
            "is longer than 4000 characters",
            5001,
        ),
    ] {
        deploy.desk.uses(script);
        let stop = deploy.write(None).unwrap_err();
        assert_eq!(stop.exit_code(), 1);
        let report = stop.report().unwrap();
        assert_eq!(
            report.error,
            format!("the text of the product post {wrong}, so this run stopped")
        );
        assert_eq!(report.because, [format!("the text is kept in {name}")]);
        assert_eq!(
            report.hint_text(),
            Some(format!(
                "check it there, then: git smp promote -F {}",
                shell_word(name)
            ))
        );
        assert_eq!(fs::read_to_string(&file).unwrap().len(), kept);
        fs::write(&file, "Faster maps\n").unwrap();
        assert_eq!(of_words(&["-F", name]).unwrap(), text("Faster maps"));
    }
}

#[test]
fn what_a_failed_editor_leaves_is_kept_with_the_command_that_uses_it() {
    let deploy = Deploy::new();
    let file = place(&deploy.desk.repo());
    let name = file.to_str().unwrap();
    let hint = format!(
        "check it there, then: git smp promote -F {}",
        shell_word(name)
    );
    let of_sheet =
        "{ printf 'Gr\\374\\337e\\n'; grep '^[#;]' \"$1\"; } >\"$1.new\"; mv \"$1.new\" \"$1\"";
    for (script, kept) in [
        ("echo 'My text' >\"$1\"; exit 1", &b"My text\n"[..]),
        (of_sheet, b"Gr\xfc\xdfe\n"),
    ] {
        deploy.desk.uses(script);
        let stop = deploy.write(None).unwrap_err();
        let report = stop.report().unwrap();
        assert_eq!(report.hint_text().as_ref(), Some(&hint), "{script}");
        let last = report.because.last().unwrap();
        assert_eq!(*last, format!("the text is kept in {name}"));
        assert_eq!(fs::read(&file).unwrap(), kept, "{script}");
    }
    // An unchanged draft is nobody's text.
    deploy.desk.uses("exit 1");
    let stop = deploy.write(None).unwrap_err();
    let hint = stop.report().unwrap().hint_text().unwrap();
    assert!(!hint.contains("-F /"), "{hint}");
}

#[test]
fn an_editor_that_gives_up_is_no_empty_text() {
    let deploy = Deploy::new();
    deploy.desk.uses(": >\"$1\"; exit 1");
    let stop = deploy.write(None).unwrap_err();
    assert_eq!(
        stop.to_string(),
        "the editor ended (exit status: 1), so this run stopped"
    );
}
