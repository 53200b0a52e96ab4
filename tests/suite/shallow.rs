//! Shallow clones, as CI services make them: what is refused, and what fetches the rest.

use std::path::PathBuf;

use crate::sample::sample;
use crate::support::{Deploy, Runner, World};

/// Returns a world and a clone of depth 1 without setup.
pub fn shallow() -> (Deploy, PathBuf) {
    let deploy = World::deploy_like().without_pages().ready();
    let folder = deploy.path("job");
    let url = format!("file://{}", deploy.main.display());
    let clone = ["clone", "-q", "--depth", "1", "-o", "upstream", &url];
    deploy.git("", &[&clone[..], &[folder.to_str().unwrap()]].concat());
    deploy.git(
        &folder,
        &["remote", "set-url", "upstream", deploy.urls()[0]],
    );
    std::fs::copy(deploy.work.join("smp.toml"), folder.join("smp.toml")).unwrap();
    (deploy, folder)
}

fn is_shallow(deploy: &Deploy, folder: &PathBuf) -> bool {
    deploy.git(folder, &["rev-parse", "--is-shallow-repository"]) == "true"
}

/// Returns the refs, and whether a fetch wrote FETCH_HEAD.
fn own_things(deploy: &Deploy, folder: &PathBuf) -> (String, bool) {
    let refs = deploy.git(folder, &["for-each-ref"]);
    (refs, folder.join(".git/FETCH_HEAD").exists())
}

/// Agrees to the file in the clone, adds the remotes, and returns its runner.
fn agreed<'d>(deploy: &'d Deploy, folder: &PathBuf) -> Runner<'d> {
    let runner = deploy.runner().cwd(folder);
    runner
        .smp(&["setup", "--yes"])
        .exits(1)
        .says("hint: fetch the rest: git smp setup --deepen\n")
        .says("git fetch --unshallow");
    runner
}

#[test]
fn a_refusal_names_the_option_and_pasting_it_fetches_the_rest() {
    let (deploy, folder) = shallow();
    let runner = agreed(&deploy, &folder);
    for (args, hint) in [
        (&["diff", "--json"][..], "git smp diff --deepen --json"),
        (&["promote", "-n"], "git smp promote --deepen -n"),
        (&["stage", "-n"], "git smp setup --deepen"),
        (&["rollback", "-n"], "git smp setup --deepen"),
    ] {
        runner
            .smp(args)
            .exits(1)
            .says("this clone is shallow")
            .says(&format!("hint: fetch the rest: {hint}\n"));
    }
    let json = runner.smp(&["promote", "-n", "--json"]).exits(1).json();
    assert_eq!(json["refusal"]["code"], "shallow");
    assert!(is_shallow(&deploy, &folder));
    let before = own_things(&deploy, &folder);
    let diff = runner.smp(&["diff", "--deepen", "--json"]);
    diff.ok()
        .says("the rest of its history was fetched from upstream");
    assert_eq!(diff.json(), deploy.smp(&["diff", "--json"]).ok().json());
    assert!(!is_shallow(&deploy, &folder));
    assert_eq!(own_things(&deploy, &folder), before);
    // There is nothing more to fetch.
    let again = runner.smp(&["promote", "--deepen", "-n"]);
    again.ok().never_shows("was fetched");
}

#[test]
fn with_both_ends_named_there_is_no_network_and_so_no_history() {
    let (deploy, folder) = shallow();
    let runner = deploy.runner().cwd(&folder).env("CI", "true");
    runner
        .smp(&["diff", "--deepen", "--from", "HEAD", "--to", "HEAD"])
        .exits(1)
        .says("hint: fetch the rest: git fetch --unshallow\n");
    assert!(is_shallow(&deploy, &folder));
}

#[test]
fn each_command_that_may_deepen_does_so_in_a_job() {
    for (args, value) in sample(
        2,
        [
            (&["diff"][..], "true"),
            (&["promote", "-n"], "1"),
            (&["setup"], "woodpecker"),
        ],
    ) {
        let (deploy, folder) = shallow();
        let job = agreed(&deploy, &folder).env("CI", value);
        job.smp(args).ok();
        assert!(!is_shallow(&deploy, &folder), "{args:?}");
    }
    let (deploy, folder) = shallow();
    for no in ["", "0", "false"] {
        let runner = agreed(&deploy, &folder).env("CI", no);
        runner.smp(&["diff"]).exits(1).says("is shallow");
    }
    let job = agreed(&deploy, &folder).env("CI", "true");
    // A check changes nothing.
    job.smp(&["setup", "--check"])
        .exits(1)
        .prints_among("is shallow");
    assert!(is_shallow(&deploy, &folder));
}

#[test]
fn nothing_is_fetched_before_the_file_is_agreed_to() {
    let (deploy, folder) = shallow();
    let job = deploy.runner().cwd(&folder).env("CI", "true");
    for args in [&["diff", "--deepen"][..], &["promote", "-n", "--deepen"]] {
        job.smp(args)
            .exits(2)
            .says("smp.toml was not agreed to in this clone yet");
    }
    job.smp(&["setup"]).exits(1).says("Trust this");
    assert!(is_shallow(&deploy, &folder));
}

#[test]
fn a_main_repository_that_is_shallow_itself_is_told() {
    let (deploy, folder) = shallow();
    let runner = agreed(&deploy, &folder);
    let tip = deploy.master(&deploy.main);
    std::fs::write(deploy.main.join("shallow"), format!("{tip}\n")).unwrap();
    runner
        .smp(&["diff", "--deepen"])
        .exits(1)
        .says("this clone is shallow")
        .says("because: the repository of upstream is shallow as well");
}

#[test]
fn a_pinned_digest_agrees_to_one_file_and_no_other() {
    let (deploy, folder) = shallow();
    let digest = deploy.git(&deploy.work, &["config", "smp.trusted"]);
    let job = deploy.runner().cwd(&folder).env("CI", "true");
    let before = deploy.git(&folder, &["config", "--list", "--local"]);
    let other = job.smp(&["setup", "--trust", "sha256:00"]);
    other
        .exits(2)
        .prints("")
        .says("smp.toml does not match the digest of --trust")
        .says(&format!("because: its digest is {digest}\n"));
    assert_eq!(
        deploy.git(&folder, &["config", "--list", "--local"]),
        before
    );
    assert!(is_shallow(&deploy, &folder));
    job.smp(&["setup", "--trust", &digest])
        .ok()
        .says("the rest of its history was fetched");
    assert_eq!(deploy.git(&folder, &["config", "smp.trusted"]), digest);
    job.smp(&["promote", "-n"]).ok();
    // The digest is checked each time, even if this clone agreed to the file before.
    job.smp(&["setup", "--trust", "sha256:00"]).exits(2);
    let toml = std::fs::read_to_string(folder.join("smp.toml")).unwrap();
    let elsewhere = toml.replace(deploy.urls()[2], &format!("{}-elsewhere", deploy.urls()[2]));
    assert_ne!(toml, elsewhere);
    std::fs::write(folder.join("smp.toml"), elsewhere).unwrap();
    job.smp(&["setup", "--trust", &digest]).exits(2);
}
