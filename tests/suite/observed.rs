//! Deploys outside git smp: pushes by hand and a platform's own promotions, recorded by the next command that writes.

mod platform;
mod unclear;

use serde_json::{Value, json};

use crate::promote::{person, ready};
use crate::record::{bens_clone, promotes, short};
use crate::support::{Chain, Deploy, Run, Topology, World, topologies};

/// A record without sign-offs.
const RECORD: &str = "[record]\nsignoff = false\n";

/// Deploys the commit of this number to staging and production.
#[track_caller]
fn ships(deploy: &Deploy, number: usize) {
    deploy.colleague_pushes(&deploy.staging, deploy.nth(number));
    promotes(deploy, &["-q"]).ok();
}

/// Returns a world whose record has production deploys of the fourth and the fifth commits.
#[track_caller]
fn shipped() -> Deploy {
    shipped_on(Topology::default())
}

#[track_caller]
fn shipped_on(topology: Topology) -> Deploy {
    let world = World::deploy_like().on(topology);
    let world = world.without_pages().toml(RECORD);
    world.after("shipped", |deploy| {
        [4, 5].into_iter().for_each(|number| ships(deploy, number));
    })
}

/// Returns such a world after a push of the sixth commit by hand to both environments.
#[track_caller]
fn pushed_by_hand() -> Deploy {
    pushed_by_hand_on(Topology::default())
}

#[track_caller]
fn pushed_by_hand_on(topology: Topology) -> Deploy {
    let deploy = shipped_on(topology);
    deploy.colleague_pushes(&deploy.staging, deploy.nth(6));
    deploy.colleague_pushes(&deploy.production, deploy.nth(6));
    deploy
}

/// Returns the time of the last event of this kind, in seconds since 1970.
#[track_caller]
fn written(deploy: &Deploy, word: &str) -> String {
    let grep = format!("--grep=^Smp-Event: {word}$");
    deploy.git(
        &deploy.main,
        &["log", "-1", "--format=%at", &grep, "refs/smp/record"],
    )
}

/// Asserts that the only observation on the record is of production, between these commits.
#[track_caller]
fn saw(chain: &Chain, from: &str, to: &str) {
    let event = chain.only("observed");
    assert_eq!(
        (
            event.field("Environment"),
            event.field("From"),
            event.field("Commit")
        ),
        ("production", from, to)
    );
}

/// Returns the entry of an environment in `status --json`.
#[track_caller]
fn told(run: &Run, name: &str) -> Value {
    let json = run.ok().json();
    json["environments"]
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["name"] == name)
        .unwrap()
        .clone()
}

#[test]
fn a_push_by_hand_is_put_on_record_by_whoever_writes_next() {
    for topology in topologies() {
        let deploy = pushed_by_hand_on(topology);
        let (five, six) = (deploy.nth(5), deploy.nth(6));
        let run = promotes(&deploy, &[]);
        run.ok().says(&format!(
            "production already runs {}: nothing to promote",
            short(six)
        ));
        let story = format!(
            "production runs {}, which was deployed outside git smp; the last deploy on record was {}",
            short(six),
            short(five)
        );
        run.says(&format!("recorded: {story}\n"));
        let chain = deploy.chain();
        saw(&chain, five, six);
        let event = chain.only("observed");
        assert_eq!(
            (event.author.as_str(), event.field("Commits")),
            ("Ada Example", "1")
        );
        assert_eq!(event.field("Since"), written(&deploy, "promoted"));
        let subject = deploy.git(
            &deploy.main,
            &["log", "-1", "--format=%s", "refs/smp/record"],
        );
        let expected = format!(
            "Ada Example saw {} on production, which nobody deployed with git smp",
            short(six)
        );
        assert_eq!(subject, expected);
        // It is recorded only once.
        let before = deploy.snapshot();
        promotes(&deploy, &[]).ok().never_shows("on record");
        assert_eq!(deploy.snapshot(), before);
    }
}

#[test]
fn history_shows_it_with_who_saw_it_and_between_which_times_and_the_figures_count_it() {
    for topology in topologies() {
        let deploy = pushed_by_hand_on(topology);
        promotes(&deploy, &[]).ok();
        let (four, five, six) = (deploy.nth(4), deploy.nth(5), deploy.nth(6));
        let out = deploy.smp(&["history", "--stats"]).ok().out();
        let first = out.lines().next().unwrap();
        let expected = format!(
            "production  {}..{}  1 commit   seen by Ada Example, ",
            short(five),
            short(six)
        );
        assert!(first.contains(&expected), "{out}");
        assert!(
            first.contains("Ada Example, deployed outside git smp "),
            "{out}"
        );
        assert!(
            out.contains(
                "production: 2 promotions, 0 rollbacks and 1 deploy outside git smp since "
            ),
            "{out}"
        );
        assert!(
            out.contains("\n  promotions   2.0 a week; 3.0 a week with deploys outside git smp\n"),
            "{out}"
        );
        assert!(
            out.contains("\n  observed     33 % (1 of 3 deploys outside git smp)"),
            "{out}"
        );
        let json = deploy.smp(&["history", "--json"]).ok().json();
        let [seen, before] = [0, 1].map(|at| json["deploys"][at].clone());
        assert_eq!(
            (&seen["kind"], &seen["by"]),
            (&json!("observed"), &json!("Ada Example"))
        );
        assert_eq!(
            (&seen["from"], &seen["to"], &seen["commits"]),
            (&json!(five), &json!(six), &json!(1))
        );
        assert_eq!(
            (&seen["signed_off_by"], &seen["candidate"]),
            (&json!([]), &Value::Null)
        );
        assert_eq!(
            (&seen["since"], &before["to"], &before["from"]),
            (&before["at"], &json!(five), &json!(four))
        );
        assert!(seen["at"].as_str() >= seen["since"].as_str(), "{seen}");
        assert!(before.get("since").is_none(), "{before}");
        let figures = &json["stats"]["environments"][0];
        assert_eq!(
            (&figures["promotions"], &figures["observed"]),
            (&json!(2), &json!(1))
        );
        assert_eq!(
            (
                &figures["promotions_per_week"],
                &figures["deploys_per_week"]
            ),
            (&json!(2.0), &json!(3.0))
        );
        assert_eq!(figures["weeks"][0]["observed"], 1);
    }
}

#[test]
fn status_shows_it_before_it_is_on_record_and_after() {
    let deploy = pushed_by_hand();
    let (five, six) = (deploy.nth(5), deploy.nth(6));
    let before = deploy.snapshot();
    let out = deploy.smp(&["status"]).ok().out();
    let expected = format!(
        "unrecorded: {} was deployed outside git smp; the last deploy on record is {}, at ",
        short(six),
        short(five)
    );
    assert!(out.contains(&expected), "{out}");
    let json = deploy.smp(&["status", "--json"]);
    let production = told(&json, "production");
    assert_eq!(
        (&production["finding"], &production["observed"]["from"]),
        (&json!("unrecorded"), &json!(five))
    );
    assert!(production["observed"]["since"].is_string(), "{production}");
    assert_eq!(
        (&production["observed"]["at"], &production["observed"]["by"]),
        (&Value::Null, &Value::Null)
    );
    assert_eq!(
        (
            &told(&json, "staging")["finding"],
            told(&json, "staging").get("observed")
        ),
        (&Value::Null, None)
    );
    assert_eq!(deploy.snapshot(), before);
    promotes(&deploy, &[]).ok();
    let out = deploy.smp(&["status"]).ok().out();
    assert!(
        out.contains("; the same as staging; deployed outside git smp "),
        "{out}"
    );
    assert!(!out.contains("unrecorded"), "{out}");
    let production = told(&deploy.smp(&["status", "--json"]), "production");
    assert_eq!(
        (&production["finding"], &production["observed"]["by"]),
        (&Value::Null, &json!("Ada Example"))
    );
    assert!(production["observed"]["at"].is_string(), "{production}");
    // The next promotion is a normal one.
    let seventh = deploy.colleague_commits("Show legends");
    deploy.colleague_pushes(&deploy.staging, &seventh);
    promotes(&deploy, &[]).ok();
    deploy.smp(&["status"]).ok().never_shows("outside git smp");
    assert_eq!(
        deploy.chain().all("promoted").last().unwrap().field("From"),
        six
    );
}

#[test]
fn whoever_only_looks_or_says_no_writes_nothing() {
    let deploy = pushed_by_hand();
    let seventh = deploy.colleague_commits("Show legends");
    deploy.colleague_pushes(&deploy.staging, &seventh);
    let before = deploy.snapshot();
    let story = "which was deployed outside git smp; the last deploy on record was ";
    deploy.smp(&["status"]).ok().prints_among("unrecorded: ");
    deploy.smp(&["diff"]).ok();
    deploy.smp(&["history"]).ok().never_shows("outside git smp");
    for args in [
        &["promote", "-n"][..],
        &["propose", "-n"],
        &["rollback", "-n"],
        &["rollback", "-n", "--to", deploy.nth(6)],
        &["promote", "-n", "--yes"],
    ] {
        deploy.smp(args).ok().says(story);
    }
    deploy.smp(&["promote", "-n", "--json"]).ok();
    for (args, question, answer) in [
        (&["promote"][..], "Type production to deploy: ", "no"),
        (&["rollback"], "Type production to roll back: ", ""),
        (&["propose"], "Propose ", "n"),
    ] {
        let mut terminal = person(&deploy).terminal(args);
        terminal.sees(question).enters(answer);
        terminal
            .ends()
            .exits(3)
            .says("git smp records that deploy before this one");
    }
    deploy.smp(&["promote", "--yes"]).exits(1);
    assert_eq!(deploy.snapshot(), before);
}

#[test]
fn a_promotion_puts_it_on_record_before_its_own_announcement() {
    let deploy = pushed_by_hand();
    let seventh = deploy.colleague_commits("Show legends");
    deploy.colleague_pushes(&deploy.staging, &seventh);
    promotes(&deploy, &[])
        .ok()
        .says("git smp records that deploy before this one");
    let chain = deploy.chain();
    assert_eq!(chain.words()[4..], ["observed", "promoting", "promoted"]);
    saw(&chain, deploy.nth(5), deploy.nth(6));
}

#[test]
fn a_rollback_after_it_leads_to_what_ran_before_and_then_further_back() {
    let deploy = pushed_by_hand();
    for (number, from) in [(5, 6), (4, 5)] {
        deploy
            .smp(&["rollback", "-n"])
            .ok()
            .says(&format!("push {} to master", short(deploy.nth(number))));
        let mut terminal = person(&deploy).terminal(&["rollback"]);
        terminal
            .sees("Type production to roll back: ")
            .enters("production")
            .sees("Reason for the rollback, for the team")
            .enters("");
        terminal.ends().ok();
        let chain = deploy.chain();
        assert_eq!(
            chain.all("rolled-back").last().unwrap().field("From"),
            deploy.nth(from)
        );
        saw(&chain, deploy.nth(5), deploy.nth(6));
    }
    deploy.ran([2, 4, 5, 6, 5, 4]);
}

#[test]
fn a_branch_that_somebody_forced_back_was_put_back_past_the_tool() {
    let deploy = shipped();
    deploy.colleague_pushes(&deploy.production, deploy.nth(4));
    deploy.colleague_pushes(&deploy.staging, deploy.nth(4));
    promotes(&deploy, &[]).ok().says("nothing to promote");
    let chain = deploy.chain();
    saw(&chain, deploy.nth(5), deploy.nth(4));
    assert_eq!(chain.only("observed").field("Back"), "yes");
    deploy
        .smp(&["history"])
        .ok()
        .prints_among("seen by Ada Example, rolled back outside git smp ");
    let figures =
        deploy.smp(&["history", "--json"]).ok().json()["stats"]["environments"][0].clone();
    assert_eq!(
        (&figures["rolled_back"], &figures["observed"]),
        (&json!(1), &json!(1))
    );
    assert_eq!(figures["time_to_restore_seconds"]["median"], Value::Null);
}

#[test]
fn a_push_with_no_verify_past_the_freeze_is_on_record_when_the_candidate_is_put_back() {
    let deploy = World::deploy_like()
        .without_pages()
        .toml("[record]\n")
        .build();
    deploy.smp(&["setup", "--yes", "--hook"]).ok();
    deploy.smp(&["propose", "--yes", "-q"]).ok();
    let refspec = format!("{}:refs/heads/master", deploy.nth(6));
    deploy.git(&deploy.work, &["fetch", "-q", "upstream"]);
    assert_ne!(
        deploy
            .try_git(&deploy.work, &["push", "-q", "staging", &refspec])
            .code,
        0
    );
    deploy.in_clone(&format!("push -q --no-verify staging {refspec}"));
    let staging = told(&deploy.smp(&["status", "--json"]), "staging");
    assert_eq!(
        (&staging["finding"], &staging["observed"]["from"]),
        (&json!("unrecorded"), &json!(deploy.nth(5)))
    );
    // A refused command writes nothing.
    let before = deploy.snapshot();
    deploy.smp(&["signoff", "--by", "Rosi"]).exits(1);
    assert_eq!(deploy.snapshot(), before);
    let mut terminal = person(&deploy).terminal(&["stage", deploy.nth(5)]);
    terminal
        .sees("which was deployed outside git smp")
        .sees("Deploy ")
        .enters("y");
    terminal.ends().ok();
    let chain = deploy.chain();
    let event = chain.only("observed");
    assert_eq!(
        (event.field("Environment"), event.field("From")),
        ("staging", deploy.nth(5))
    );
    assert_eq!(event.field("Commit"), deploy.nth(6));
    assert_eq!(
        chain.words()[chain.words().len() - 3..],
        ["observed", "staging", "staged"]
    );
    deploy.smp(&["history"]).ok().prints_among("  staging  ");
}

#[test]
fn a_candidate_that_was_pushed_by_hand_is_seen_and_then_promoted() {
    let deploy = ready(World::deploy_like().without_pages().toml("[record]\n"));
    deploy.smp(&["propose", "--yes"]).ok();
    deploy.colleague_pushes(&deploy.production, deploy.nth(5));
    // Nobody signed it off, so nothing is written yet.
    let before = deploy.snapshot();
    promotes(&deploy, &[]).exits(1).says("nobody has signed");
    let production = told(&deploy.smp(&["status", "--json"]), "production");
    assert_eq!(production["observed"]["from"], json!(deploy.nth(2)));
    assert_eq!(deploy.snapshot(), before);
    deploy.smp(&["signoff", "--by", "Rosi"]).ok();
    promotes(&deploy, &[])
        .ok()
        .says("git smp records that deploy before this one");
    let chain = deploy.chain();
    let words = chain.words();
    assert!(
        words.ends_with(&["signed-off", "observed", "promoted"]),
        "{words:?}"
    );
    let lines = deploy.smp(&["history"]).ok().out();
    assert!(
        lines.contains("outside git smp ") && lines.contains("; signed off by Rosi"),
        "{lines}"
    );
    let history = deploy.smp(&["history", "--json"]).ok().json();
    let deploys = history["deploys"].as_array().unwrap();
    assert_eq!(deploys.len(), 1, "{history}");
    let one = ["kind", "to", "signed_off_by"].map(|key| &deploys[0][key]);
    let expected = [&json!("observed"), &json!(deploy.nth(5)), &json!(["Rosi"])];
    assert_eq!(one, expected);
}

#[test]
fn on_the_first_day_nothing_went_past_anybody() {
    let deploy = ready(World::deploy_like().without_pages().toml(RECORD));
    deploy.colleague_pushes(&deploy.production, deploy.nth(5));
    let run = promotes(&deploy, &[]);
    run.ok().says("nothing to promote").never_shows("on record");
    deploy
        .smp(&["status"])
        .ok()
        .never_shows("unrecorded")
        .never_shows("outside git smp");
    assert_eq!(deploy.chain().words().len(), 0);
}

#[test]
fn where_a_proposal_saw_production_a_push_by_hand_since_is_known() {
    let deploy = ready(World::deploy_like().without_pages().toml("[record]\n"));
    deploy.smp(&["propose", "--yes"]).ok();
    deploy.colleague_pushes(&deploy.production, deploy.nth(3));
    let production = told(&deploy.smp(&["status", "--json"]), "production");
    assert_eq!(
        (&production["finding"], &production["observed"]["from"]),
        (&json!("unrecorded"), &json!(deploy.nth(2)))
    );
    deploy
        .smp(&["propose", "--yes"])
        .ok()
        .says("is already the candidate")
        .says("recorded: production runs");
    saw(&deploy.chain(), deploy.nth(2), deploy.nth(3));
    // The observation does not change the candidate, which was proposed for another state of production.
    deploy.smp(&["signoff", "--by", "Rosi"]).ok();
    deploy
        .smp(&["promote", "-n"])
        .exits(1)
        .says("production changed since the proposal");
}

#[test]
fn a_clone_that_may_not_write_goes_on_and_says_that_it_is_not_on_record() {
    let deploy = pushed_by_hand();
    deploy.hook(&deploy.main, "pre-receive", "echo read only >&2; exit 1");
    let before = deploy.snapshot();
    let run = promotes(&deploy, &[]);
    run.ok()
        .says("nothing to promote")
        .says("that could not be recorded: ")
        .says("cannot be written to");
    assert_eq!(deploy.snapshot(), before);
}

#[test]
fn a_colleague_s_clone_sees_it_on_record_and_writes_it_no_second_time() {
    let deploy = pushed_by_hand();
    let ben = bens_clone(&deploy);
    let ben = deploy.runner().cwd(ben);
    promotes(&deploy, &[]).ok();
    let before = deploy.snapshot();
    let commit = deploy.nth(6);
    ben.smp(&["promote", "--yes", "--commit", commit])
        .ok()
        .says("nothing to promote")
        .never_shows("on record");
    ben.smp(&["status"])
        .ok()
        .prints_among("deployed outside git smp ");
    assert_eq!(deploy.snapshot(), before);
}
