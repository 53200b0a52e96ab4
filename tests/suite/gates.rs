//! When a promotion may begin, who may override that, and the checks after a deploy. The hours of these worlds are
//! relative to now, because the program has no other clock.

mod checks;
mod soak;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::promote::{person, promote, refusal};
use crate::record::{events, short, signed_off, trailer};
use crate::support::Deploy;
use crate::support::World;

/// Returns the date some days from now in UTC.
fn days_from_now(days: i64, format: &str) -> String {
    let then = Timestamp::now() + SignedDuration::from_hours(24 * days);
    then.to_zoned(TimeZone::UTC).strftime(format).to_string()
}

/// Adds a policy to a world, and agrees to it.
#[track_caller]
fn asks_for(deploy: &Deploy, policy: &str) {
    deploy.add_toml(&format!("[policy]\n{policy}\n"));
    deploy.agree();
}

/// Returns hours that begin in three days, and how that time is shown.
fn hours_later() -> (String, String) {
    let day = days_from_now(3, "%a");
    let opens = days_from_now(3, "%A %Y-%m-%d 09:00 UTC");
    (format!("open = \"{day} 09:00-16:00 UTC\""), opens)
}

/// A world whose staging commit is signed off, while no promotion may begin.
#[track_caller]
fn shut() -> (Deploy, String) {
    let deploy = signed_off();
    let (hours, opens) = hours_later();
    asks_for(&deploy, &hours);
    (deploy, opens)
}

#[test]
fn outside_of_the_hours_nothing_begins_and_it_is_said_when() {
    let (deploy, opens) = shut();
    let before = deploy.snapshot();
    let plan = deploy.smp(&["promote", "-n", "--json"]).exits(1).json();
    assert_eq!(plan["refusal"]["code"], "closed");
    assert_eq!(plan["refusal"]["message"], "no promotion may begin now");
    let hint = plan["refusal"]["hint"].as_str().unwrap();
    let from = format!("from {opens}: git smp promote");
    assert!(hint.starts_with(&from), "{hint}");
    assert_eq!(plan["steps"], json!([]));
    promote(&deploy, &[])
        .exits(1)
        .says("error: no promotion may begin now")
        .says("because: policy.open in smp.toml is ")
        .says(&from)
        .says("to promote anyway, replace the dots with a reason that goes on record: git smp promote --override '...' --timeout 20\n");
    // The machine's time zone does not matter.
    let elsewhere = deploy.runner().env("TZ", "Pacific/Kiritimati");
    elsewhere.smp(&["promote", "-n"]).exits(1).says(&from);
    let status = deploy.smp(&["status"]).ok().out();
    let line = format!("closed until {opens}\n");
    assert!(status.contains(&line), "{status}");
    assert_eq!(deploy.snapshot(), before);
    // Commands that do not push to production still work.
    deploy.smp(&["signoff", "--by", "Ben"]).ok();
    deploy.smp(&["stage", "-n"]).exits(1).says("frozen");
}

#[test]
fn in_the_hours_a_promotion_begins_and_status_says_until_when() {
    let deploy = signed_off();
    let today = days_from_now(0, "%a");
    let rest: Vec<String> = (1..6).map(|days| days_from_now(days, "%a")).collect();
    let open = format!("{today},{}", rest.join(","));
    asks_for(&deploy, &format!("open = \"{open} 00:00-24:00 UTC\""));
    let status = deploy.smp(&["status"]).ok().out();
    assert!(status.contains("  policy      open until "), "{status}");
    promote(&deploy, &["--override", "hurry"])
        .ok()
        .says("--override is not needed");
    assert_eq!(events(&deploy)[3..], ["promoting", "promoted"]);
    let history = deploy.smp(&["history", "--json"]).ok().json();
    assert_eq!(history["deploys"][0]["override"], Value::Null);
}

#[test]
fn on_a_day_that_is_closed_nothing_begins() {
    let deploy = signed_off();
    // Midnight may pass meanwhile.
    let [today, tomorrow] = [0, 1].map(|days| days_from_now(days, "%Y-%m-%d"));
    asks_for(&deploy, &format!("closed = [\"{today}\", \"{tomorrow}\"]"));
    let opens = days_from_now(2, "%A %Y-%m-%d 00:00 UTC");
    promote(&deploy, &[])
        .exits(1)
        .says("no promotion may begin on ")
        .says("policy.closed in smp.toml lists that day")
        .says(&format!("from {opens}: git smp promote"));
    assert_eq!(refusal(&deploy), "closed");
}

#[test]
fn without_a_record_the_reason_is_kept_in_the_post_alone() {
    let deploy = World::deploy_like().without_pages().ready();
    asks_for(&deploy, &hours_later().0);
    let kept = "is posted to the technical channel";
    deploy
        .smp(&["promote", "-n"])
        .exits(1)
        .says(&format!(
            "to promote anyway, replace the dots with a reason that {kept}: git smp promote --override"
        ))
        .never_shows("on record");
    deploy
        .smp(&["promote", "-n", "--override", "the shop is down"])
        .ok()
        .prints_among("the shop is down")
        .says(&format!("overrides this and {kept}"))
        .says("print the post to the technical channel")
        .never_shows("on record");
}

#[test]
fn a_reason_goes_past_it_on_record_and_in_the_technical_post() {
    let deploy = signed_off();
    let (hours, _) = hours_later();
    deploy.add_toml("[channels.technical]\nkind = \"print\"\n");
    asks_for(&deploy, &hours);
    let reason = "the shop is down";
    let dry = deploy.smp(&["promote", "-n", "--override", reason]);
    dry.ok()
        .says("warning: no promotion may begin now; the reason \"the shop is down\" overrides this and goes on record")
        .says("4. print the post to the technical channel");
    let run = promote(&deploy, &["--override", reason]);
    run.ok()
        .prints_among("policy overridden")
        .prints_among("by Ada Example, although the policy did not allow it yet.")
        .prints_among(reason);
    assert_eq!(dry.out(), run.out());
    let chain = deploy.chain();
    for word in ["promoting", "promoted"] {
        assert_eq!(chain.only(word).field("Override"), reason);
    }
    assert_eq!(events(&deploy).last().unwrap(), "posted");
    assert_eq!(trailer(&deploy, "Smp-Channel"), "technical");
    let history = deploy.smp(&["history", "--json"]).ok().json();
    assert_eq!(history["deploys"][0]["override"], reason);
    deploy
        .smp(&["history"])
        .ok()
        .prints_among("; policy overridden: the shop is down");
    // Nothing is pending, and nothing is sent twice.
    deploy.smp(&["promote"]).ok().prints("");
}

#[test]
fn without_a_record_a_reason_is_told_once() {
    let deploy = crate::promote::ready(crate::support::World::deploy_like().without_pages());
    let (hours, _) = hours_later();
    asks_for(&deploy, &hours);
    promote(&deploy, &[]).exits(1);
    promote(&deploy, &["--override", "the shop is down"])
        .ok()
        .prints_among("policy overridden")
        .prints_among("the shop is down");
    assert_eq!(deploy.master(&deploy.production), deploy.nth(5));
}

#[test]
fn a_reason_has_words_and_stands_in_the_commands_to_paste() {
    let (deploy, _) = shut();
    let before = deploy.snapshot();
    for empty in ["", "  ", "--yes"] {
        deploy
            .smp(&["promote", "--override", empty, "-n"])
            .exits(2)
            .says("the text of --override");
    }
    deploy
        .smp(&["promote", "--override", "the shop is down"])
        .exits(1)
        .says(&format!(
            "git smp promote --override 'the shop is down' --yes --commit {}",
            deploy.nth(5)
        ));
    assert_eq!(deploy.snapshot(), before);
}

#[test]
fn a_rollback_is_never_gated() {
    let (deploy, _) = shut();
    promote(&deploy, &["--override", "now"]).ok();
    let back = ["rollback", "--yes", "--to", deploy.nth(2)];
    deploy.smp(&back).ok();
    assert_eq!(deploy.master(&deploy.production), deploy.nth(2));
}

#[test]
fn a_person_is_refused_before_any_question() {
    let (deploy, opens) = shut();
    let run = person(&deploy).terminal(&["promote"]).ends();
    run.exits(1).says(&opens);
    let short = short(deploy.nth(5));
    let mut terminal = person(&deploy).terminal(&["promote", "--override", "now"]);
    terminal
        .sees("the reason \"now\" overrides this and goes on record")
        .sees("Type production to deploy: ")
        .enters("production");
    terminal
        .ends()
        .ok()
        .says(&format!("production runs {short}"));
}
