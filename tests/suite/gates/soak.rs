//! The time that a commit has run where it is tested.

use super::*;
use crate::record::recorded_like;
use crate::support::World;

/// Waits until a promotion is allowed.
#[track_caller]
fn comes_to_be_allowed(deploy: &Deploy) {
    let deadline = std::time::Instant::now() + crate::support::PATIENCE;
    while !deploy.smp(&["promote", "-n", "--json"]).json()["refusal"].is_null() {
        assert!(std::time::Instant::now() < deadline);
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
}

#[test]
fn a_candidate_soaks_from_its_proposal_or_its_deploy_on_and_a_fix_begins_anew() {
    let deploy = signed_off();
    asks_for(&deploy, "soak = \"365d\"");
    assert_eq!(refusal(&deploy), "soaking");
    let day = days_from_now(365, "%Y-%m-%d");
    let status = deploy.smp(&["status"]).ok().out();
    let line = format!(
        "the soak time of {} on staging (365d) ends on ",
        short(deploy.nth(5))
    );
    assert!(status.contains(&line), "{status}");
    promote(&deploy, &[])
        .exits(1)
        .says(&format!(
            "error: {} has not run on staging for 365d yet",
            short(deploy.nth(5))
        ))
        .says("has run on staging since ")
        .says(&format!("{day} "));
    // One second passes quickly; a longer time starts again when a fix replaces the candidate.
    let text = deploy.toml().replace("365d", "1s");
    deploy.write_toml(&text);
    deploy.trust();
    comes_to_be_allowed(&deploy);
    deploy.smp(&["stage", "--fix", "--yes"]).ok();
    deploy.smp(&["signoff", "--by", "Rosi"]).ok();
    deploy.write_toml(&text.replace("1s", "1h"));
    deploy.trust();
    let fixed = deploy.smp(&["promote", "-n"]).exits(1).stderr.clone();
    let fix = short(deploy.nth(6));
    assert!(
        fixed.contains(&format!("{fix} has not run on staging for 1h yet")),
        "{fixed}"
    );
    assert!(fixed.contains("(just now)"), "{fixed}");
    promote_fix(&deploy);
}

/// A reason overrides a soak time too.
#[track_caller]
fn promote_fix(deploy: &Deploy) {
    let commit = deploy.nth(6);
    let run = deploy.smp(&["promote", "--yes", "--commit", commit, "--override", "now"]);
    run.ok();
    assert_eq!(trailer(deploy, "Smp-Override"), "now");
}

#[test]
fn unknown_is_not_long_enough_and_a_proposal_puts_it_on_record() {
    let deploy = recorded_like(World::deploy_like().without_pages());
    let text = deploy
        .toml()
        .replace("[record]\n", "[record]\nsignoff = false\n");
    deploy.write_toml(&text);
    asks_for(&deploy, "soak = \"1s\"");
    assert_eq!(refusal(&deploy), "soaking");
    deploy
        .smp(&["promote", "-n"])
        .exits(1)
        .says("is unknown")
        .says("an unknown time does not count")
        .says("begin the soak time: git smp propose");
    deploy.smp(&["propose", "--yes", "--quiet"]).ok();
    comes_to_be_allowed(&deploy);
    promote(&deploy, &[]).ok();
}

#[test]
fn what_was_deployed_past_the_tool_soaks_from_when_it_was_seen() {
    let deploy = recorded_like(World::deploy_like().without_pages());
    let text = deploy
        .toml()
        .replace("[record]\n", "[record]\nsignoff = false\n");
    deploy.write_toml(&text);
    asks_for(&deploy, "soak = \"1s\"");
    deploy.smp(&["stage", "--yes", "--quiet"]).ok();
    let runs = short(deploy.nth(6));
    comes_to_be_allowed(&deploy);
    // Somebody deploys a commit outside git smp that nobody saw running before.
    let other = deploy.colleague_commits("Draw faster");
    deploy.colleague_pushes(&deploy.staging, &other);
    let refused = deploy.smp(&["promote", "-n"]).exits(1).stderr.clone();
    assert!(refused.contains("is unknown"), "{refused}");
    assert!(!refused.contains(&format!("{runs} has")), "{refused}");
    deploy.smp(&["propose", "--yes", "--quiet"]).ok();
    comes_to_be_allowed(&deploy);
}

#[test]
fn without_a_record_no_soak_can_be_asked_for() {
    let deploy = crate::promote::ready(World::deploy_like().without_pages());
    deploy.add_toml("[policy]\nsoak = \"24h\"\n");
    deploy
        .smp(&["promote", "-n"])
        .exits(2)
        .says("policy.soak: needs [record], which says how long a commit has run");
}
