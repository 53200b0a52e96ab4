//! What a rollback believes of this clone: nothing that its files alone say.

use super::{by, forged, world};
use crate::support::{Deploy, Run};

/// A commit that nobody saw, and that never ran anywhere.
fn unseen(deploy: &Deploy) -> String {
    deploy.git(&deploy.work, &["checkout", "-q", "--detach", deploy.nth(1)]);
    deploy.commit(&deploy.work, "Nobody saw this")
}

/// A rollback to it, by somebody at a terminal.
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
    // Where only the notes say it, history is content, and a rollback is not.
    refused(&deploy, &unseen).says("neither the record nor the platform shows that");
}
