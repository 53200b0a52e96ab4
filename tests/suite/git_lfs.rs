//! Files in Git LFS: a push only brings their pointers, and the plan says so.

use crate::promote::ready;
use crate::support::{Deploy, World};

const ATTRIBUTES: (&str, &str) = (
    ".gitattributes",
    "*.bin filter=lfs diff=lfs merge=lfs -text\n",
);

fn pointer(number: usize) -> String {
    format!("version https://git-lfs.github.com/spec/v1\noid sha256:{number:064}\nsize 12345\n")
}

/// Staging runs a commit with these files on top of its earlier one.
#[track_caller]
fn with_files(files: &[(&str, &str)]) -> (Deploy, String) {
    let deploy = ready(World::deploy_like().without_pages());
    let commit = adds(&deploy, files);
    (deploy, commit)
}

#[track_caller]
fn adds(deploy: &Deploy, files: &[(&str, &str)]) -> String {
    let commit = deploy.commit_files(&deploy.team, "Add maps", files);
    deploy.colleague_pushes(&deploy.main, &commit);
    deploy.colleague_pushes(&deploy.staging, &commit);
    commit
}

#[test]
fn a_plan_says_which_command_brings_what_a_push_leaves_behind() {
    let (one, two) = (pointer(1), pointer(2));
    // Two files with the same content are two files.
    let files = [
        ATTRIBUTES,
        ("a.bin", &one),
        ("deep/b.bin", &two),
        ("deep/c.bin", &two),
        ("plain.bin", "not one\n"),
    ];
    let (deploy, commit) = with_files(&files);
    let warning = format!(
        "warning: 3 files of this deploy are in Git LFS, and a push does not send their contents to production; unless its build gets them elsewhere, first run: git lfs push --all production {commit}\n"
    );
    deploy.smp(&["promote", "-n"]).ok().says(&warning);
    deploy
        .smp(&["promote", "--yes", "--commit", &commit, "--timeout", "20"])
        .ok()
        .says(&warning);

    // Files of an earlier deploy are not reported again.
    let next = adds(&deploy, &[("README", "words\n")]);
    deploy.smp(&["promote", "-n"]).ok().never_shows("Git LFS");
    deploy
        .smp(&["promote", "--yes", "--commit", &next, "--timeout", "20"])
        .ok()
        .never_shows("Git LFS");
    adds(&deploy, &[("deep/b.bin", &pointer(3))]);
    deploy
        .smp(&["promote", "-n"])
        .ok()
        .says("1 file of this deploy is in Git LFS");
}

#[test]
fn staging_and_a_rollback_are_told_of_it_too() {
    let (deploy, _) = with_files(&[ATTRIBUTES, ("a.bin", &pointer(1))]);
    deploy.colleague_pushes(&deploy.staging, deploy.nth(5));
    deploy
        .smp(&["stage", "-n"])
        .ok()
        .says("git lfs push --all staging ");
    let back = adds(&deploy, &[("a.bin", &pointer(2))]);
    deploy
        .smp(&["promote", "--yes", "--commit", &back, "--timeout", "20"])
        .ok();
    deploy.colleague_pushes(
        &deploy.production,
        &adds(&deploy, &[("a.bin", &pointer(3))]),
    );
    deploy
        .smp(&["rollback", "-n", "--to", &back])
        .ok()
        .says(&format!("git lfs push --all production {back}"));
}

#[test]
fn a_first_deploy_counts_every_file() {
    let deploy = World::deploy_like().without_pages().build();
    deploy.git(&deploy.staging, &["update-ref", "-d", "refs/heads/master"]);
    deploy.trust();
    let commit = deploy.commit_files(
        &deploy.team,
        "Add maps",
        &[ATTRIBUTES, ("a.bin", &pointer(1))],
    );
    deploy.colleague_pushes(&deploy.main, &commit);
    deploy
        .smp(&["stage", "-n"])
        .ok()
        .says("1 file of this deploy is in Git LFS");
}

#[test]
fn one_server_for_all_remotes_has_everything_already() {
    let config = "[lfs]\n\turl = https://lfs.example.com/team/maps\n";
    let (deploy, _) = with_files(&[ATTRIBUTES, ("a.bin", &pointer(1)), (".lfsconfig", config)]);
    deploy.smp(&["promote", "-n"]).ok().never_shows("Git LFS");
}

#[test]
fn what_only_looks_like_it_is_not_taken_for_it() {
    // Without attributes these are ordinary files, as in the tests of a tool.
    let (deploy, _) = with_files(&[("a.bin", &pointer(1))]);
    deploy.smp(&["promote", "-n"]).ok().never_shows("Git LFS");
    let (deploy, _) = with_files(&[ATTRIBUTES, ("a.bin", "version 2\n"), ("b.bin", "")]);
    deploy.smp(&["promote", "-n"]).ok().never_shows("Git LFS");
    // The attributes of a folder count too.
    let (deploy, _) = with_files(&[
        ("deep/.gitattributes", ATTRIBUTES.1),
        ("deep/a.bin", &pointer(1)),
    ]);
    deploy
        .smp(&["promote", "-n"])
        .ok()
        .says("1 file of this deploy is in Git LFS");
}
