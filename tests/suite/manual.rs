//! Setup without `man`. `machine::manual` tests it with `man`, where it installs the pages.

use crate::support::{Deploy, World};

/// Returns a world whose `git-smp` is in `bin`, so that its pages belong to `share/man` beside it.
pub fn installed() -> Deploy {
    let deploy = World::deploy();
    deploy.runner().cwd("").program("mkdir", &["bin"]).ok();
    // A child process copies the binary, because this process cannot start a file that it has open for writing.
    deploy
        .runner()
        .cwd("")
        .program("cp", &[env!("CARGO_BIN_EXE_git-smp"), "bin/git-smp"])
        .ok();
    deploy
}

#[test]
fn without_man_the_setup_is_no_worse() {
    let deploy = installed();
    // A PATH with git and without man.
    let git = deploy
        .runner()
        .program("sh", &["-c", "command -v git"])
        .ok()
        .out();
    deploy.runner().cwd("").program("mkdir", &["only"]).ok();
    deploy
        .runner()
        .cwd("")
        .program("ln", &["-s", git.trim_end(), "only/git"])
        .ok();
    let path = std::env::join_paths([deploy.path("bin"), deploy.path("only")]).unwrap();
    let run = deploy.runner().env("PATH", path).smp(&["setup", "--yes"]);
    run.prints_among("note  man pages")
        .prints_among("there is no program man to read them; try: git smp help")
        .ok();
}
