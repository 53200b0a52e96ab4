//! Which comments count, and which are void.

use serde_json::json;

use super::*;
use crate::sample::sample;

/// A world with a proposal and its issue.
#[track_caller]
fn proposed(speaks: Speaks) -> (Deploy, IssuesApi) {
    let (deploy, api) = asking(speaks);
    smp(&deploy, &api, &["propose", "--yes"]).ok();
    (deploy, api)
}

#[test]
fn who_may_not_write_there_says_nothing_that_counts() {
    for speaks in one_of(BOTH) {
        let (deploy, api) = proposed(speaks);
        let it = eight(&deploy, 5);
        for may in ["NONE", "CONTRIBUTOR", "FIRST_TIME_CONTRIBUTOR"] {
            api.comments("mallory", may, &format!("signoff {it}"));
        }
        let told = candidate(&deploy, &api);
        assert_eq!(told["signoffs"], json!([]));
        assert_eq!(
            (
                &told["void"][0]["by"],
                told["void"].as_array().unwrap().len()
            ),
            (&"mallory".into(), 3)
        );
        let run = promotes(&deploy, &api);
        run.exits(1).says("warning: the comment of mallory does not count: its author may not write to the repository");
        assert_eq!(deploy.chain().count("signed-off"), 0);
    }
}

#[test]
fn an_edited_comment_is_void_and_named() {
    for speaks in one_of(BOTH) {
        let (deploy, api) = proposed(speaks);
        let it = eight(&deploy, 5);
        let id = api.comments("rosi-qa", "COLLABORATOR", "Looks good so far");
        api.edits(id, &format!("signoff {it}"));
        smp(&deploy, &api, &["status"])
            .ok()
            .says("the comment of rosi-qa was edited, so it does not count");
        promotes(&deploy, &api)
            .exits(1)
            .says("the comment of rosi-qa was edited");
        // A recorded one no longer counts either.
        let id = api.comments("rosi-qa", "COLLABORATOR", &format!("signoff {it}"));
        assert_eq!(candidate(&deploy, &api)["signoffs"][0]["by"], "rosi-qa");
        api.edits(id, "On second thoughts, no");
        // The text is no verdict now, but it was one when it was read.
        smp(
            &deploy,
            &api,
            &["signoff", "--by", "Ben", "--block", "wait"],
        )
        .ok();
        api.edits(id, &format!("signoff {it} really"));
        promotes(&deploy, &api).exits(1);
        assert_eq!(
            deploy.chain().count("voided"),
            1,
            "{:?}",
            deploy.chain().words()
        );
    }
}

#[test]
fn a_comment_goes_on_record_once_whoever_reads_it() {
    let (deploy, api) = proposed(Speaks::GitHub);
    let it = eight(&deploy, 5);
    api.comments("rosi-qa", "MEMBER", &format!("signoff {it}"));
    api.comments("ben", "OWNER", &format!("block {it} the legend is broken"));
    api.comments("ben", "OWNER", &format!("signoff {it} fine now"));
    for _ in 0..2 {
        smp(&deploy, &api, &["status"]).ok();
        smp(&deploy, &api, &["promote", "-n"]).ok();
    }
    let words = deploy.chain();
    assert_eq!((words.count("signed-off"), words.count("blocked")), (2, 1));
    assert_eq!(
        candidate(&deploy, &api)["signoffs"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
}

#[test]
fn other_commits_too_few_digits_and_quotes_do_not_count() {
    let (deploy, api) = proposed(Speaks::GitHub);
    let it = deploy.nth(5);
    for text in [
        format!("signoff {}", &deploy.nth(4)[..8]),
        format!("signoff {}", &it[..6]),
        format!("> signoff {it}"),
        format!("please signoff {it}"),
        format!("signoff {it}0"),
        "signoff".to_owned(),
        "\u{202e}signoff".to_owned(),
    ] {
        api.comments("rosi-qa", "MEMBER", &text);
    }
    let told = candidate(&deploy, &api);
    assert_eq!(told["signoffs"], json!([]));
    assert_eq!(told["void"].as_array().unwrap().len(), 6, "{told}");
    promotes(&deploy, &api).exits(1);
}

#[test]
fn hostile_texts_act_on_nothing() {
    let (deploy, api) = proposed(Speaks::GitHub);
    let it = eight(&deploy, 5);
    let hostile = format!(
        "block {it} \u{1b}[2J\u{202e}evil\nSmp-Of: Ada\n\nSmp-Event: signed-off\0 {}",
        "x".repeat(60_000)
    );
    api.comments("rosi-qa", "MEMBER", &hostile);
    let run = smp(&deploy, &api, &["status"]);
    run.ok().never_shows("\u{1b}[2J").never_shows("\u{202e}");
    let chain = deploy.chain();
    assert_eq!((chain.count("blocked"), chain.count("signed-off")), (1, 0));
    assert_eq!(chain.only("blocked").field("Of"), "rosi-qa");
    promotes(&deploy, &api).exits(1).never_shows("\u{1b}[2J");
}

#[test]
fn a_typed_name_takes_nothing_back_of_a_comment() {
    let (deploy, api) = proposed(Speaks::GitHub);
    api.comments(
        "rosi-qa",
        "MEMBER",
        &format!("block {} broken", eight(&deploy, 5)),
    );
    smp(&deploy, &api, &["signoff", "--by", "rosi-qa"]).ok();
    promotes(&deploy, &api).exits(1).says("block");
    api.comments(
        "rosi-qa",
        "MEMBER",
        &format!("signoff {}", eight(&deploy, 5)),
    );
    promotes(&deploy, &api).ok();
}

#[test]
fn signoff_reads_the_comments_and_tells_the_chat_of_a_block() {
    let (deploy, api) = asking_with(Speaks::GitHub, "[channels.technical]\nkind = \"print\"\n");
    smp(&deploy, &api, &["propose", "--yes"]).ok();
    api.comments(
        "rosi-qa",
        "MEMBER",
        &format!("block {} the legend is broken", eight(&deploy, 5)),
    );
    let run = smp(&deploy, &api, &["signoff", "--by", "Ben"]);
    run.ok()
        .says("recorded: rosi-qa blocked")
        .prints_among("is blocked by rosi-qa");
    run.prints_among("the legend is broken");
}

#[test]
fn where_the_forge_is_away_what_is_on_record_stands() {
    let (deploy, api) = proposed(Speaks::GitHub);
    let it = eight(&deploy, 5);
    api.comments("rosi-qa", "MEMBER", &format!("signoff {it}"));
    smp(&deploy, &api, &["status"]).ok();
    for (status, text) in sample(
        3,
        [
            (500, "{}"),
            (200, "<html>"),
            (404, "{}"),
            (401, "{}"),
            (403, "{}"),
            (429, "{}"),
        ],
    ) {
        api.only_says(Some((status, text)));
        let run = smp(&deploy, &api, &["status"]);
        run.ok()
            .says("the comments on https://github.com/an-org/a-repo/issues/1 were not read: ");
        run.says("the verdicts on record stay as they are")
            .prints_among("signed off by rosi-qa");
    }
    api.only_says(None);
    api.deletes_issue(1);
    smp(&deploy, &api, &["status"])
        .ok()
        .says("were not read: GitHub does not show issue 1 of an-org/a-repo (it was deleted, or ")
        .prints_among("signed off by rosi-qa");
    drop(api);
    let api = IssuesApi::start(Speaks::GitHub, "another");
    let run = promotes(&deploy, &api);
    run.exits(4)
        .says("were not read: GitHub does not accept the token")
        .says("done: production runs");
    assert_eq!(deploy.master(&deploy.production), deploy.nth(5));
}

#[test]
fn many_comments_come_on_several_pages() {
    let (deploy, api) = proposed(Speaks::GitHub);
    for nth in 0..120 {
        api.comments("ben", "MEMBER", &format!("Seen {nth}"));
    }
    api.comments(
        "rosi-qa",
        "MEMBER",
        &format!("signoff {}", eight(&deploy, 5)),
    );
    promotes(&deploy, &api).ok();
}

#[test]
fn with_four_eyes_a_comment_of_the_proposer_is_no_yes() {
    let (deploy, api) = asking_with(Speaks::GitHub, "[policy]\nfour_eyes = true\n");
    smp(&deploy, &api, &["propose", "--yes"]).ok();
    let it = eight(&deploy, 5);
    let refused = |deploy: &Deploy| {
        let plan = smp(deploy, &api, &["promote", "-n", "--json"])
            .exits(1)
            .json();
        plan["refusal"]["code"].as_str().unwrap().to_owned()
    };
    assert_eq!(refused(&deploy), "not-signed-off");
    api.comments("ada-e", "OWNER", &format!("signoff {it}"));
    assert_eq!(refused(&deploy), "same-person");
    let run = promotes(&deploy, &api);
    run.exits(1)
        .says("the comment of ada-e does not count: its author proposed the candidate")
        .says(&format!("error: only the proposer of {it} has signed it off\n"))
        .says("because: signed off as ada-e in https://github.com/an-org/a-repo/issues/1#issuecomment-")
        .says("because: policy.four_eyes in smp.toml requires a sign-off from somebody else\n")
        .says(&format!("hint: somebody other than Ada Example must comment `signoff {it}` on "));
    // A typed name proves nothing: the program says so at once, and what counts. Everybody's block counts.
    let before = deploy.chain().events.len();
    smp(&deploy, &api, &["signoff", "--by", "Rosi"])
        .exits(1)
        .says("a typed sign-off does not count here")
        .says(&format!(
            "hint: somebody other than Ada Example must comment `signoff {it}` on https://github.com/an-org/a-repo/issues/1"
        ));
    assert_eq!(deploy.chain().events.len(), before);
    promotes(&deploy, &api).exits(1);
    api.comments("rosi-qa", "MEMBER", &format!("signoff {it}"));
    promotes(&deploy, &api).ok();
}

#[test]
fn a_yes_that_nobody_wrote_on_the_issue_counts_no_more() {
    let (deploy, api) = proposed(Speaks::GitHub);
    let id = api.comments(
        "rosi-qa",
        "MEMBER",
        &format!("signoff {}", eight(&deploy, 5)),
    );
    smp(&deploy, &api, &["status"]).ok();
    api.deletes(id);
    promotes(&deploy, &api)
        .exits(1)
        .says("the comment of rosi-qa cannot be found on the issue");
    deploy.chain().only("voided");
}

#[test]
fn with_four_eyes_the_forge_must_say_that_the_proposer_asked() {
    for speaks in one_of(BOTH) {
        let (deploy, api) = asking_with(speaks, "[policy]\nfour_eyes = true\n");
        smp(&deploy, &api, &["propose", "--yes"]).ok();
        let it = eight(&deploy, 5);
        api.comments("rosi-qa", "COLLABORATOR", &format!("signoff {it}"));
        let [asked] = api.issues().try_into().unwrap();
        let zoe = ("zoe".to_owned(), "MEMBER".to_owned());
        let about_the_cart = Posted {
            text: "The cart is slow".to_owned(),
            ..asked.clone()
        };
        let by_zoe = Posted {
            by: zoe,
            ..asked.clone()
        };
        let stranger = Posted {
            by: ("ada-e".to_owned(), "NONE".to_owned()),
            ..asked.clone()
        };
        let mut wrong = vec![about_the_cart, by_zoe];
        // On GitLab the members tell who may write, not the issue.
        wrong.extend((speaks == Speaks::GitHub).then_some(stranger));
        for issue in wrong {
            api.has(vec![issue]);
            promotes(&deploy, &api)
                .exits(1)
                .says("warning: no comment counts as a sign-off: according to the record, ada-e proposed ")
                .says("the comment of rosi-qa does not count");
            assert_eq!(candidate(&deploy, &api)["signoffs"], json!([]));
            // A block still counts.
            assert_eq!(deploy.chain().count("signed-off"), 0);
        }
        // A recorded sign-off no longer counts either.
        api.has(vec![asked.clone()]);
        assert_eq!(candidate(&deploy, &api)["signoffs"][0]["by"], "rosi-qa");
        let by_zoe = Posted {
            by: ("zoe".to_owned(), "MEMBER".to_owned()),
            ..asked.clone()
        };
        api.has(vec![by_zoe]);
        promotes(&deploy, &api).exits(1).says("no comment counts");
        api.has(vec![asked]);
        promotes(&deploy, &api).ok();
    }
}

#[test]
fn with_four_eyes_an_app_is_no_person() {
    for (speaks, app) in one_of([
        (Speaks::GitHub, "an-app[bot]"),
        (Speaks::GitLab, "project_12_bot_f00"),
    ]) {
        let (deploy, api) = asking_with(speaks, "[policy]\nfour_eyes = true\n");
        match speaks {
            Speaks::GitHub => api.is_nobodys(),
            Speaks::GitLab => api.is_of(app),
        };
        let nobody = "because the forge names no person as this clone's account";
        smp(&deploy, &api, &["setup", "--check"]).prints_among(nobody);
        smp(&deploy, &api, &["propose", "--yes"]).ok().says(nobody);
        let yes = format!("signoff {}", eight(&deploy, 5));
        // Ada may have proposed through the app, so her own sign-off is not a second person's.
        api.comments("ada-e", "OWNER", &yes);
        promotes(&deploy, &api)
            .exits(1)
            .says("the comment of ada-e does not count")
            .says("hint: no comment counts; close the candidate: git smp postpone");
        smp(&deploy, &api, &["postpone", "--yes", "--reason", "again"]).ok();
        api.is_of("ada-e");
        smp(&deploy, &api, &["propose", "--yes"])
            .ok()
            .never_shows(nobody);
        api.comments(app, "COLLABORATOR", &yes);
        promotes(&deploy, &api).exits(1).says(&format!(
            "the comment of {app} does not count: its author is an app"
        ));
        assert_eq!(deploy.chain().count("signed-off"), 0);
        // It is said before the fix is deployed, and asked about.
        let fix = ["stage", "--fix", "-n", deploy.nth(6)];
        smp(&deploy, &api, &fix).ok().never_shows(nobody);
        match speaks {
            Speaks::GitHub => api.is_nobodys(),
            Speaks::GitLab => api.is_of(app),
        };
        smp(&deploy, &api, &fix).ok().says(nobody);
        api.comments("rosi-qa", "COLLABORATOR", &yes);
        promotes(&deploy, &api).ok();
    }
}

#[test]
fn with_four_eyes_the_forge_must_say_who_deployed_a_fix() {
    let (deploy, api) = asking_with(Speaks::GitHub, "[policy]\nfour_eyes = true\n");
    smp(&deploy, &api, &["propose", "--yes"]).ok();
    smp(&deploy, &api, &["stage", "--fix", "--yes", deploy.nth(6)]).ok();
    let id = api.issues()[0].comments[0].id;
    let it = eight(&deploy, 6);
    api.comments("rosi-qa", "COLLABORATOR", &format!("signoff {it}"));
    let asked = api.issues();
    let mut by_zoe = asked.clone();
    by_zoe[0].comments[0].by = "zoe".to_owned();
    api.has(by_zoe);
    promotes(&deploy, &api)
        .exits(1)
        .says("according to the record, ada-e deployed a fix, but no comment of ada-e asks for a verdict on it");
    api.has(asked.clone());
    api.edits(
        id,
        &asked[0].comments[0].text.replace("git smp", "git  smp"),
    );
    promotes(&deploy, &api)
        .exits(1)
        .says("no comment of ada-e asks for a verdict on it");
    api.has(asked);
    promotes(&deploy, &api).ok();
}

#[test]
fn of_long_comments_only_the_ends_are_kept() {
    let (deploy, api) = proposed(Speaks::GitHub);
    let it = eight(&deploy, 5);
    let long = format!("signoff {it} {} the end", "long ".repeat(9_000));
    api.comments("rosi-qa", "MEMBER", &long);
    smp(&deploy, &api, &["status"]).ok();
    let note = deploy.chain().only("signed-off").field("Note").to_owned();
    assert!(note.starts_with("long long"), "{note}");
    assert!((1_900..=2_000).contains(&note.len()), "{}", note.len());
    // The mark is at the end of a text, so a proposal with many commits is found too.
    promotes(&deploy, &api).ok();
}

#[test]
fn a_block_in_a_comment_stands_against_a_typed_yes_and_says_where_it_is() {
    let (deploy, api) = proposed(Speaks::GitHub);
    let it = eight(&deploy, 5);
    let page = "https://github.com/an-org/a-repo/issues/1";
    promotes(&deploy, &api)
        .exits(1)
        .says("hint: if it was tested and works: git smp signoff")
        .says(&format!("or comment `signoff {it}` on {page}"));
    let id = api.comments("pat", "MEMBER", &format!("block {it} slow"));
    let place = format!("{page}#issuecomment-{id}");
    smp(&deploy, &api, &["signoff", "--by", "pat"])
        .ok()
        .says(&format!(
            "pat has blocked it in {place}, and the block still stands"
        ));
    promotes(&deploy, &api)
        .exits(1)
        .says(&format!(" in {place}: slow"));
}

#[test]
fn with_four_eyes_the_token_of_another_clone_does_not_say_who_proposed() {
    let (deploy, api) = asking_with(Speaks::GitHub, "[policy]\nfour_eyes = true\n");
    deploy.smp(&["propose", "--yes"]).ok();
    api.is_of("rosi-qa");
    let rosi = with_token(&deploy, &api)
        .env("GIT_AUTHOR_NAME", "Rosi")
        .env("GIT_AUTHOR_EMAIL", "rosi@example.com")
        .env("GIT_COMMITTER_NAME", "Rosi")
        .env("GIT_COMMITTER_EMAIL", "rosi@example.com");
    rosi.smp(&["propose"]).ok().says("issue opened: ");
    let it = eight(&deploy, 5);
    for who in ["ada-e", "zoe"] {
        api.comments(who, "MEMBER", &format!("signoff {it}"));
        promotes(&deploy, &api)
            .exits(1)
            .says("the issue does not show which account proposed the candidate")
            .says("no comment counts; close the candidate: git smp postpone");
    }
    assert_eq!(deploy.chain().count("signed-off"), 0);
}

#[test]
fn with_four_eyes_no_comment_counts_that_was_not_read() {
    let (deploy, api) = asking_with(Speaks::GitHub, "[policy]\nfour_eyes = true\n");
    smp(&deploy, &api, &["propose", "--yes"]).ok();
    let it = eight(&deploy, 5);
    api.comments("rosi-qa", "MEMBER", &format!("signoff {it}"));
    smp(&deploy, &api, &["status"]).ok();
    api.only_says(Some((503, "{}")));
    let run = smp(&deploy, &api, &["promote", "-n", "--json"]);
    assert_eq!(run.exits(1).json()["refusal"]["code"], "not-verified");
    promotes(&deploy, &api)
        .exits(1)
        .says("until they are read, no sign-off in a comment counts")
        .says(&format!("the comments about {it} were not read"));
    api.only_says(None);
    promotes(&deploy, &api).ok();
}
