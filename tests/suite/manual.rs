//! Setup where no `man` is; where there is one it installs the pages: `machine::manual`.

use crate::support::{Deploy, World};

/// A world whose `git-smp` lies in `bin`, so that its pages belong to `share/man` beside it.
pub fn installed() -> Deploy {
    let deploy = World::deploy();
    deploy.runner().cwd("").program("mkdir", &["bin"]).ok();
    // A child copies it: a file that this process has open for writing cannot be started.
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
    // A PATH on which there is git, and no man.
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
