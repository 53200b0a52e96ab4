//! The issue is delivered like a post: never twice without a question, whatever happens to a run.

use rustix::process::Signal;

use super::*;

/// Asserts that the next run finds an issue whose answer was lost, and opens no second one.
#[track_caller]
fn is_found(deploy: &Deploy, api: &IssuesApi) {
    assert_eq!(of_the_issue(deploy), ["proposed", "posting"]);
    smp(deploy, api, &["propose", "--yes"])
        .ok()
        .says("issue opened: https://github.com/");
    assert_eq!(api.issues().len(), 1);
    assert_eq!(of_the_issue(deploy), ["proposed", "posting", "posted"]);
}

#[test]
fn an_answer_that_is_lost_is_found_by_its_mark() {
    for fate in [Fate::DoneAndCut, Fate::DoneAndFailed] {
        let (deploy, api) = asking(Speaks::GitHub);
        api.next("/issues", fate);
        let run = smp(&deploy, &api, &["propose", "--yes"]);
        run.exits(4)
            .says("it is unknown whether the issue was opened");
        is_found(&deploy, &api);
        let chain = deploy.chain();
        let found = chain
            .all("posted")
            .filter(|event| event.field("How") == "found");
        assert_eq!(found.count(), 1);
    }
}

#[test]
fn ctrl_c_while_the_forge_is_silent_ends_the_run_and_what_is_there_is_found() {
    let (deploy, api) = asking(Speaks::GitHub);
    api.next("/issues", Fate::DoneAndSilent);
    let ours = with_token(&deploy, &api).directly();
    let mut person = ours.terminal(&["propose", "--yes"]);
    api.has_one();
    person.ctrl_c();
    person
        .ends()
        .exits(4)
        .says("it is unknown whether the issue was opened")
        .says("interrupted before the answer came");
    is_found(&deploy, &api);
}

#[test]
fn what_nobody_can_find_is_asked_about() {
    let (deploy, api) = asking(Speaks::GitHub);
    // The token's account is unknown, so nothing is searched.
    api.is_nobodys().next("/issues", Fate::DoneAndCut);
    smp(&deploy, &api, &["propose", "--yes"]).exits(4);
    smp(&deploy, &api, &["propose", "--yes"])
        .exits(4)
        .says("its result is unknown");
    assert_eq!(api.issues().len(), 1);
    let mut person = with_token(&deploy, &api).terminal(&["propose"]);
    person
        .sees("Type posted (yes), repost (send it again) or skip (never send it): ")
        .types("posted\r");
    person.ends().ok();
    let chain = deploy.chain();
    let told = chain
        .all("posted")
        .find(|event| event.field("Channel") == "issue");
    assert_eq!(told.unwrap().field("Issue"), "1");
    assert_eq!(api.issues().len(), 1);
}

#[test]
fn what_is_refused_stays_pending_and_is_made_by_the_next_run() {
    for status in [403, 404, 410, 422] {
        let (deploy, api) = asking(Speaks::GitHub);
        api.next("/issues", Fate::Refused(status));
        let run = smp(&deploy, &api, &["propose", "--yes"]);
        run.exits(4).says("no issue was opened");
        assert_eq!(of_the_issue(&deploy), ["proposed", "posting", "unposted"]);
        smp(&deploy, &api, &["propose", "--yes"]).ok();
        assert_eq!(api.issues().len(), 1);
    }
}

#[test]
fn a_comment_that_is_lost_is_made_once_and_closing_is_made_again() {
    let (deploy, api) = asking(Speaks::GitHub);
    smp(&deploy, &api, &["propose", "--yes"]).ok();
    api.comments(
        "rosi-qa",
        "MEMBER",
        &format!("signoff {}", eight(&deploy, 5)),
    );
    api.next("/issues/1", Fate::DoneAndCut)
        .next("/comments", Fate::DoneAndCut);
    promotes(&deploy, &api)
        .exits(4)
        .says("it is unknown whether the issue was commented on");
    promotes(&deploy, &api).ok();
    let issue = api.issues().remove(0);
    let told = issue.comments.iter().filter(|one| one.by == "ada-e");
    assert_eq!((issue.closed, told.count()), (true, 1));
    assert_eq!(deploy.chain().state["owed"], serde_json::json!([]));
}

#[test]
fn an_issue_is_closed_by_the_next_run_after_one_that_was_killed_before_it() {
    let cases = [
        ("PATCH", Speaks::GitHub, false),
        ("PUT", Speaks::GitLab, false),
        ("PATCH", Speaks::GitHub, true),
    ];
    for (close, speaks, promotes) in cases {
        let (deploy, api) = asking(speaks);
        smp(&deploy, &api, &["propose", "--yes"]).ok();
        let hash = deploy.nth(5);
        api.comments("rosi-qa", "MEMBER", &format!("signoff {}", &hash[..8]));
        let args: &[&str] = match promotes {
            true => &["promote", "--yes", "--commit", hash, "--timeout", "20"],
            false => &["postpone", "--yes", "--reason", "slow"],
        };
        api.next("/issues/1", Fate::Silent);
        let mut run = with_token(&deploy, &api).directly().start(args);
        api.is_asked(close);
        run.signal(Signal::KILL);
        run.finish().exits(137);
        assert!(!api.issues()[0].closed);
        // A clone that did not begin the comment cannot know whether it was made.
        let kept = deploy.work.join(".git/smp/unsent");
        let note = std::fs::read(&kept).unwrap();
        std::fs::remove_file(&kept).unwrap();
        smp(&deploy, &api, args)
            .exits(4)
            .says("its result is unknown");
        let told = |api: &IssuesApi| {
            let issue = api.issues().remove(0);
            let ours = issue.comments.iter().filter(|one| one.by == "ada-e");
            (issue.closed, ours.count())
        };
        assert_eq!(told(&api), (true, 0));
        std::fs::write(&kept, note).unwrap();
        smp(&deploy, &api, args).ok();
        assert_eq!(told(&api), (true, 1));
        smp(&deploy, &api, args);
        assert_eq!(told(&api), (true, 1));
    }
}

#[test]
fn postpone_finds_the_issue_that_a_run_was_cut_off_with() {
    let (deploy, api) = asking(Speaks::GitHub);
    api.next("/issues", Fate::DoneAndCut);
    smp(&deploy, &api, &["propose", "--yes"]).exits(4);
    smp(&deploy, &api, &["postpone", "--yes", "--reason", "slow"]).ok();
    let issue = api.issues().remove(0);
    assert!(issue.closed && issue.comments.len() == 1);
}

#[test]
fn a_clone_without_a_token_leaves_it_to_one_that_has_it() {
    let (deploy, api) = asking(Speaks::GitHub);
    let run = deploy.smp(&["propose", "--yes"]);
    run.ok()
        .says("no issue was opened: there is no token for github.com")
        .says("next, after testing: git smp signoff\n");
    assert_eq!(of_the_issue(&deploy), ["proposed"]);
    let status = deploy.smp(&["status"]);
    status.ok().prints_among("no token");
    // The next command is one that this clone can do itself.
    status.prints_among("next: git smp signoff\n");
    status.prints_among("was not opened yet: a clone with a token opens it: git smp propose");
    smp(&deploy, &api, &["propose", "--yes"])
        .ok()
        .says("issue opened: ");
    assert_eq!(api.issues().len(), 1);
}

#[test]
fn nobody_tests_what_only_an_issue_can_ask_for_before_it_is_open() {
    let (deploy, _) = asking_with(Speaks::GitHub, "[policy]\nfour_eyes = true\n");
    let run = deploy.smp(&["propose", "--yes"]);
    run.ok().says("\nnext: git smp propose\n");
}

#[test]
fn a_comment_whose_issue_is_gone_is_given_up_once() {
    let postpone = ["postpone", "--yes", "--reason", "slow"];
    for speaks in one_of(BOTH) {
        // The answer to the comment may be lost before the issue is deleted.
        for lost in one_of([false, true]) {
            let (deploy, api) = asking(speaks);
            smp(&deploy, &api, &["propose", "--yes"]).ok();
            if lost {
                let path = match speaks {
                    Speaks::GitHub => "/comments",
                    Speaks::GitLab => "/notes",
                };
                api.next(path, Fate::DoneAndCut);
                smp(&deploy, &api, &postpone).exits(4);
            }
            api.deletes_issue(1);
            smp(&deploy, &api, &postpone)
                .ok()
                .says("says that the issue is gone, so the comment is no longer pending");
            assert_eq!(deploy.chain().state["owed"], serde_json::json!([]));
            let run = smp(&deploy, &api, &["propose", "--yes"]);
            run.ok().says("/issues/2").never_shows("given up");
        }
    }
}

#[test]
fn a_comment_on_an_issue_that_was_transferred_is_given_up_once() {
    let (deploy, api) = asking(Speaks::GitHub);
    smp(&deploy, &api, &["propose", "--yes"]).ok();
    api.transfers_issue(1);
    smp(&deploy, &api, &["status"])
        .ok()
        .says("/issues/1 were not read: GitHub says that it moved");
    smp(&deploy, &api, &["signoff"]).ok();
    promotes(&deploy, &api)
        .ok()
        .says("no comment was made on https://github.com/an-org/a-repo/issues/1")
        .says(
            "the issue was transferred to another repository, so the comment is no longer pending",
        );
    assert_eq!(deploy.chain().state["owed"], serde_json::json!([]));
}

#[test]
fn a_comment_stays_pending_where_the_forge_does_not_say_that_the_issue_is_gone() {
    let (deploy, api) = asking(Speaks::GitHub);
    smp(&deploy, &api, &["propose", "--yes"]).ok();
    // It answers 404 to everything, as to a token without access to the repository.
    api.only_says(Some((404, "{}")));
    smp(&deploy, &api, &["postpone", "--yes", "--reason", "slow"])
        .exits(4)
        .says("the post is kept and still pending");
    api.only_says(None);
    smp(&deploy, &api, &["postpone"]).says("commented and closed");
    assert!(api.issues()[0].closed);
}
