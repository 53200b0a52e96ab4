//! Verdicts from comments in a signed record: the tricks of one person with one key and one account.

use super::{asking, by, forged};
use crate::ask::TOKEN;
use crate::support::{Deploy, IssuesApi, Run};

/// Runs the program as a person with their key and their account's token.
#[track_caller]
fn smp(deploy: &Deploy, api: &IssuesApi, name: &str, args: &[&str]) -> Run {
    api.is_of(&format!("{name}-e"));
    let (variable, value) = api.variable();
    let runner = by(deploy, name).env("GH_TOKEN", TOKEN).env(variable, value);
    runner.smp(args)
}

/// Asserts that ada's promotion ships nothing.
#[track_caller]
fn refused(deploy: &Deploy, api: &IssuesApi) -> Run {
    let run = smp(
        deploy,
        api,
        "ada",
        &["promote", "--yes", "--commit", deploy.nth(5)],
    );
    assert_eq!(deploy.master(&deploy.production), deploy.nth(2), "{run}");
    run.exits(1).clone()
}

/// Writes ada's forged events: that this account proposed staging's commit, and that this issue asks about it, as if it
/// were a comment.
fn proposed_by_hand(deploy: &Deploy, (id, login, issue): (&str, &str, u64)) {
    let (commit, from) = (deploy.nth(5), deploy.nth(2));
    let proposed = format!(
        "proposed\n\nSmp-Event: proposed\nSmp-Id: {id}\nSmp-Commit: {commit}\nSmp-Login: {login}\nSmp-Environment: staging\n\
         Smp-Date: 2022-03-02\nSmp-Target: production {from}\nSmp-Channel: issue\n"
    );
    let posted = format!(
        "opened\n\nSmp-Event: posted\nSmp-Id: f{}\nSmp-About: {id}\nSmp-Channel: issue\nSmp-Issue: {issue}\nSmp-Comment: 7\n\
         Smp-Address: https://forge.example/login\nSmp-How: accepted\n",
        &id[1..]
    );
    for message in [proposed, posted] {
        forged(deploy, ("ada", "ada"), &message, true);
    }
}

#[test]
fn an_issue_and_an_id_are_those_of_one_proposal() {
    let (deploy, api) = asking();
    let yes = format!("signoff {}", deploy.nth(5));
    smp(&deploy, &api, "rosi", &["propose", "--yes"]).ok();
    let message = deploy.git(
        &deploy.main,
        &[
            "log",
            "--format=%B",
            "--grep=Smp-Event: proposed",
            "refs/smp/record",
        ],
    );
    let old = message
        .lines()
        .find_map(|line| line.strip_prefix("Smp-Id: "));
    let old = old.unwrap().to_owned();
    api.comments("cem", "MEMBER", &yes);
    let closes = ["postpone", "--yes", "--reason", "it loses orders"];
    smp(&deploy, &api, "rosi", &closes).ok();
    let asked = api.issues();
    // The issue's author and text do not matter: with its own id and with another.
    for (id, login, why) in [
        (old.as_str(), "rosi-e", "an earlier event has its ID"),
        (
            "00000000000000aa",
            "rosi-e",
            "its issue is that of an earlier candidate",
        ),
        (
            "00000000000000ab",
            "ada-e",
            "its issue is that of an earlier candidate",
        ),
    ] {
        let mut issues = asked.clone();
        issues[0].text = issues[0].text.replace(&old, id);
        issues[0].by.0 = login.to_owned();
        api.has(issues);
        proposed_by_hand(&deploy, (id, login, 1));
        api.comments("ada-e", "MEMBER", &yes);
        refused(&deploy, &api).says(why);
        smp(&deploy, &api, "ada", &closes);
    }
}

#[test]
fn another_ones_clone_does_not_say_that_they_proposed() {
    let (deploy, api) = asking();
    let (commit, from) = (deploy.nth(5), deploy.nth(2));
    let proposed = format!(
        "proposed\n\nSmp-Event: proposed\nSmp-Id: 00000000000000aa\nSmp-Commit: {commit}\nSmp-Login: rosi-e\n\
         Smp-Environment: staging\nSmp-Date: 2022-03-02\nSmp-Target: production {from}\nSmp-Channel: issue\n"
    );
    forged(&deploy, ("ada", "ada"), &proposed, true);
    smp(&deploy, &api, "rosi", &["propose"])
        .ok()
        .says("issue opened: ");
    api.comments("ada-e", "MEMBER", &format!("signoff {commit}"));
    refused(&deploy, &api).says("according to the record, rosi-e proposed ");
    smp(&deploy, &api, "rosi", &["signoff"]).ok();
    let args = ["promote", "--yes", "--timeout", "20", "--commit", commit];
    smp(&deploy, &api, "ada", &args).ok();
}

#[test]
fn a_block_in_a_comment_stands_whatever_one_key_puts_on_record() {
    let (deploy, api) = asking();
    let commit = deploy.nth(5);
    smp(&deploy, &api, "ada", &["propose", "--yes"]).ok();
    let yes = api.comments("cem", "MEMBER", &format!("signoff {commit}"));
    smp(&deploy, &api, "rosi", &["status"]).ok();
    api.comments("zoe", "MEMBER", &format!("block {commit} it loses orders"));
    let invented = |nth: u64, (of, login): (&str, &str), comment: u64| {
        let message = format!(
            "yes\n\nSmp-Event: signed-off\nSmp-Id: {nth:016x}\nSmp-Commit: {commit}\nSmp-Of: {of}\nSmp-Login: {login}\n\
             Smp-Comment: {comment}\nSmp-Address: https://forge.example/login\n"
        );
        forged(&deploy, ("ada", "ada"), &message, true);
    };
    refused(&deploy, &api).says("zoe blocked it");
    invented(1, ("zoe", "zoe"), 999);
    refused(&deploy, &api).says("zoe blocked it");
    // A sign-off in cem's name.
    invented(2, ("zoe", "cem"), yes);
    refused(&deploy, &api).says("zoe blocked it");
    invented(3, ("zoe", "zoe"), 997);
    api.only_says(Some((503, "{}")));
    refused(&deploy, &api).says("zoe blocked it");
    let status = smp(&deploy, &api, "ada", &["status"]).ok().out();
    assert!(!status.contains("forge.example"), "{status}");
    assert!(
        status.contains("its name is not that of its comment"),
        "{status}"
    );
}
