//! `git smp --help` runs `man git-smp`: setup installs this page.

use std::path::Path;

use crate::manual::installed;
use crate::support::{Deploy, PROGRAMS, Runner};

/// Returns a runner with `bin` first on PATH, without the `man` of the other tests, and without folders with these
/// pages beside them: those of the binary under test and of an installed program.
fn from_bin(deploy: &Deploy) -> Runner<'_> {
    let path = deploy
        .env()
        .into_iter()
        .find(|(name, _)| name == "PATH")
        .unwrap()
        .1;
    let ours = Path::new(env!("CARGO_BIN_EXE_git-smp")).parent().unwrap();
    let has_pages = |folder: &Path| {
        let beside = ["../man", "../share/man"].map(|place| folder.join(place));
        (beside.iter()).any(|place| place.join("man1/git-smp.1").exists())
    };
    let others = std::env::split_paths(&path)
        .filter(|folder| folder != ours && folder != Path::new(PROGRAMS) && !has_pages(folder));
    let path = std::env::join_paths(std::iter::once(deploy.path("bin")).chain(others)).unwrap();
    deploy
        .runner()
        .env("PATH", path)
        .env("MANPAGER", "cat")
        .env("PAGER", "cat")
}

#[test]
fn after_setup_git_finds_the_manual() {
    let deploy = installed();
    let runner = from_bin(&deploy);
    runner.program("man", &["-w", "git-smp"]).exits(16);
    runner
        .smp(&["setup", "--yes"])
        .ok()
        .prints_among("man pages")
        .prints_among("installed for you");
    let found = runner.program("man", &["-w", "git-smp"]).ok().out();
    let page = deploy.path("share/man/man1/git-smp.1");
    assert_eq!(Path::new(found.trim_end()).canonicalize().unwrap(), page);
    assert_eq!(
        std::fs::read(&page).unwrap(),
        include_bytes!("../../../man/git-smp.1")
    );
    let before = [
        "setup", "status", "diff", "stage", "propose", "signoff", "postpone",
    ];
    for command in before.into_iter().chain(["promote", "rollback", "history"]) {
        assert!(
            deploy
                .path(format!("share/man/man1/git-smp-{command}.1"))
                .exists(),
            "{command}"
        );
    }
    runner
        .smp(&["setup"])
        .ok()
        .prints_among("are installed; try: git smp --help")
        .never_shows("installed for you");
    runner
        .smp(&["setup", "--check"])
        .ok()
        .prints_among("are installed");

    let help = runner.smp(&["--help"]);
    help.ok();
    let text = help.out();
    assert!(
        text.contains("git smp promote") || text.contains("smp promote"),
        "{help}"
    );
    for args in [
        &["diff", "--help"][..],
        &["--config", "x", "diff", "--help"],
    ] {
        let manual = runner.smp(args);
        manual.ok().prints_among("SYNOPSIS").prints_among("--from");
    }
    runner
        .program("man", &["git-smp-diff"])
        .ok()
        .prints_among("--from");
}

#[test]
fn pages_of_another_version_are_replaced() {
    let deploy = installed();
    let runner = from_bin(&deploy);
    runner.smp(&["setup", "--yes"]).ok();
    let page = deploy.path("share/man/man1/git-smp.1");
    std::fs::write(&page, ".TH OLD 1\n").unwrap();
    runner
        .smp(&["setup", "--check"])
        .ok()
        .prints_among("note  man pages")
        .prints_among("are not installed");
    assert_eq!(std::fs::read(&page).unwrap(), b".TH OLD 1\n");
    runner
        .smp(&["setup"])
        .ok()
        .prints_among("installed for you");
    assert_eq!(
        std::fs::read(&page).unwrap(),
        include_bytes!("../../../man/git-smp.1")
    );
}

#[test]
fn where_they_cannot_be_written_there_is_a_note_and_no_failure() {
    let deploy = installed();
    // Files in place of folders stop even a user whom permissions do not stop.
    std::fs::write(deploy.path("share"), "").unwrap();
    std::fs::write(deploy.path("home/.local"), "").unwrap();
    let run = from_bin(&deploy).smp(&["setup", "--yes"]);
    run.ok()
        .prints_among("note  man pages")
        .prints_among("could not be installed")
        .prints_among("git smp help");
}

#[test]
fn written_where_man_does_not_look_they_are_said_to_be_there() {
    let deploy = installed();
    std::fs::write(deploy.path("share"), "").unwrap();
    let run = from_bin(&deploy)
        .env("MANPATH", "/nowhere")
        .smp(&["setup", "--yes"]);
    let folder = deploy.path("home/.local/share/man");
    run.ok()
        .prints_among("note  man pages")
        .prints_among(&format!("man -M {}", folder.display()));
    from_bin(&deploy)
        .program(
            "man",
            &["-M", folder.to_str().unwrap(), "-w", "git-smp-diff"],
        )
        .ok();
}
