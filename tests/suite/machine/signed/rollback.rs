//! A rollback trusts nothing that only the files of this clone say.

use super::tricks::{copied, written_over};
use super::{by, forged, world};
use crate::support::{Deploy, Run};

/// Creates an unreviewed commit that never ran anywhere.
fn unseen(deploy: &Deploy) -> String {
    deploy.git(&deploy.work, &["checkout", "-q", "--detach", deploy.nth(1)]);
    deploy.commit(&deploy.work, "Nobody saw this")
}

/// Asserts that a rollback to the commit at a terminal is refused.
#[track_caller]
fn refused(deploy: &Deploy, commit: &str) -> Run {
    let run = by(deploy, "ada").terminal(&["rollback", "--to", commit]);
    let run = run.ends();
    run.exits(1);
    assert_eq!(deploy.master(&deploy.production), deploy.nth(2));
    run
}

#[test]
fn notes_of_this_clone_allow_no_rollback() {
    let deploy = world();
    let (unseen, ran) = (unseen(&deploy), deploy.nth(2).to_owned());
    let event = |who, nth: u8, kind: &str, commit: &str, more: &str| {
        let message = format!(
            "ada {kind}\n\nSmp-Event: {kind}\nSmp-Id: {nth:016x}\nSmp-Program: git-smp 0.1.0\nSmp-Commit: {commit}\n{more}"
        );
        forged(&deploy, who, &message, true)
    };
    let ada = ("ada", "ada");
    let target =
        format!("Smp-Environment: staging\nSmp-Date: 2022-03-02\nSmp-Target: production {ran}\n");
    let place = format!("Smp-Environment: production\nSmp-From: {ran}\n");
    by(&deploy, "ada").smp(&["propose", "--yes"]).ok();
    by(&deploy, "ada")
        .smp(&["postpone", "--yes", "--reason", "later"])
        .ok();
    event(ada, 1, "proposed", &unseen, &target);
    let yes = event(("rosi", "eve"), 2, "signed-off", &unseen, "Smp-Of: rosi\n");
    event(ada, 3, "promoting", &unseen, &place);
    let done = format!("{place}Smp-Commits: 1\nSmp-Intent: {:016x}\n", 3);
    event(ada, 4, "promoted", &unseen, &done);
    let back = format!("Smp-Environment: production\nSmp-From: {unseen}\nSmp-Commits: 1\n");
    event(ada, 5, "rolled-back", &ran, &back);
    deploy.smp(&["status"]).ok();
    let notes = deploy.work.join(".git/smp/signatures");
    let mut note: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(&notes).unwrap()).unwrap();
    let events = note["events"].as_array_mut().unwrap();
    let ours = events.iter_mut().find(|event| event[0] == yes.as_str());
    ours.unwrap()[1] = serde_json::json!({ "by": "rosi@example.com" });
    std::fs::write(&notes, note.to_string()).unwrap();
    // `history` accepts what only the notes say; a rollback does not.
    refused(&deploy, &unseen).says("the record does not show that");
}

#[test]
fn files_of_this_clone_make_nothing_an_older_version() {
    let deploy = world();
    let (unseen, ran) = (unseen(&deploy), deploy.nth(2).to_owned());
    // By ada's own event it ran there; only its place in the history contradicts that.
    let said = format!(
        "ada proposed\n\nSmp-Event: proposed\nSmp-Id: {:016x}\nSmp-Program: git-smp 0.1.0\nSmp-Commit: {}\n\
         Smp-Environment: staging\nSmp-Date: 2022-03-02\nSmp-Target: production {unseen}\n",
        1,
        deploy.nth(5)
    );
    forged(&deploy, ("ada", "ada"), &said, true);
    let ada = by(&deploy, "ada");
    let back = |why: &str| {
        let run = ada.smp(&["rollback", "--yes", "--to", &unseen]);
        run.exits(1).says(why);
        assert_eq!(deploy.master(&deploy.production), ran);
    };
    back("is not an ancestor of the commit that production runs");
    let kept = deploy.path("kept");
    copied(&deploy, &deploy.work, &kept);
    let forge = format!(
        "git cat-file commit {ran} | sed '0,/^parent .*/s//parent {unseen}/' | git hash-object -t commit -w --stdin"
    );
    let shell = deploy.runner().cwd(&deploy.work);
    let other = shell.program("sh", &["-c", &forge]).ok().out();
    written_over(&deploy, &ran, other.trim());
    back("has another hash than its name");
    let info = deploy.work.join(".git/objects/info");
    deploy.git(&deploy.work, &["commit-graph", "write", "--reachable"]);
    let graph = std::fs::read(info.join("commit-graph")).unwrap();
    copied(&deploy, &kept, &deploy.work);
    std::fs::create_dir_all(&info).unwrap();
    std::fs::write(info.join("commit-graph"), graph).unwrap();
    back("nothing shows that");
}
