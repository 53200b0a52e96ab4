//! `history --json`.

use serde_json::{Value, json};

use super::record::{first, fixed, promoted, proposed, rolled_back};
use super::{NOON, Record, three, with_record};
use crate::support::World;

#[test]
fn json_has_exactly_these_keys() {
    let deploy = with_record();
    let [two, four, five] = [2, 4, 5].map(|nth| deploy.nth(nth));
    let mut record = Record::default();
    record.ada(NOON - 60, &proposed("staging", four, "production", two));
    record.ada(NOON - 30, &fixed("staging", four, five));
    record.ada(
        NOON,
        &promoted("production", two, five, 3, &["Rosi Example"]),
    );
    record.ben(NOON + 600, &rolled_back("production", five, two, 3));
    record.put(&deploy);
    let run = deploy.smp(&["history", "--json"]);
    let expected = json!({
        "schema": 1,
        "deploys": [
            {
                "environment": "production",
                "from": five,
                "to": two,
                "at": "2022-03-02T12:10:00+00:00",
                "by": "Ben Example",
                "candidate": null,
                "signed_off_by": [],
                "kind": "rollback",
                "override": null,
                "commits": 3,
            },
            {
                "environment": "production",
                "from": two,
                "to": five,
                "at": "2022-03-02T12:00:00+00:00",
                "by": "Ada Example",
                "candidate": five,
                "signed_off_by": ["Rosi Example"],
                "kind": "promote",
                "override": null,
                "commits": 3,
            },
        ],
    });
    let mut json = run.ok().json();
    // Figures of the present week vary; they are included by default.
    let stats = json.as_object_mut().unwrap().remove("stats").unwrap();
    assert_eq!(stats["environments"][0]["promotions"], 1);
    assert_eq!(json, expected);
    assert_eq!(run.stderr, "");
}

#[test]
fn json_knows_no_zone_and_no_candidate_that_nobody_put_forward() {
    let deploy = with_record();
    let mut record = Record::default();
    record.ada(NOON, &first("production", deploy.nth(2), 2));
    record.put(&deploy);
    let json = deploy
        .runner()
        .env("TZ", "<+0530>-5:30")
        .smp(&["history", "--json"])
        .ok()
        .json();
    let only = &json["deploys"][0];
    assert_eq!(only["at"], "2022-03-02T12:00:00+00:00");
    assert_eq!(
        (&only["from"], &only["candidate"]),
        (&Value::Null, &Value::Null)
    );
}

#[test]
fn a_count_limits_the_json_and_not_its_figures() {
    let deploy = with_record();
    three(&deploy);
    let json = deploy
        .smp(&["history", "--json", "--stats", "-n", "1"])
        .ok()
        .json();
    assert_eq!(json["deploys"].as_array().map(Vec::len), Some(1));
    assert_eq!(json["deploys"][0]["to"], deploy.nth(5));
    assert_eq!(json["stats"]["environments"][0]["promotions"], 2);
}

#[test]
fn an_empty_record_is_an_empty_list_and_a_friendly_sentence() {
    let deploy = with_record();
    let friendly = "no promotion is on record yet\n";
    let run = deploy.smp(&["history"]);
    assert_eq!(run.ok().prints("").stderr, friendly);
    assert_eq!(
        deploy.smp(&["history", "--stats"]).ok().prints("").stderr,
        friendly
    );
    assert_eq!(
        deploy.smp(&["history", "--quiet"]).ok().prints("").stderr,
        ""
    );
    let run = deploy.smp(&["history", "--json"]);
    let json = run.ok().json();
    assert_eq!((&json["schema"], &json["deploys"]), (&json!(1), &json!([])));
    assert_eq!(json["stats"]["environments"][0]["promotions"], 0);
    assert_eq!(run.stderr, friendly);
}

#[test]
fn an_environment_that_never_saw_a_deploy_has_figures_that_are_unknown() {
    let deploy = with_record();
    let json = deploy.smp(&["history", "--json", "--stats"]).ok().json();
    let only = &json["stats"]["environments"][0];
    assert_eq!(
        json["stats"]["environments"].as_array().map(Vec::len),
        Some(1)
    );
    assert_eq!(
        (
            &only["environment"],
            &only["promotions"],
            &only["rolled_back"]
        ),
        (&json!("production"), &json!(0), &json!(0))
    );
    for unknown in ["since", "promotions_per_week", "rolled_back_share"] {
        assert_eq!(only[unknown], Value::Null, "{unknown}");
    }
    assert_eq!(
        only["lead_time_seconds"],
        json!({"median": null, "p90": null, "commits": 0, "seen": 0, "unknown": 0})
    );
    assert_eq!(
        only["time_to_restore_seconds"],
        json!({"median": null, "failures": 0, "seen": 0})
    );
    assert_eq!(
        only["change_failure"],
        json!({"failed": 0, "rolled_back": 0, "fixed_forward": 0, "deploys": 0, "unknown": 0, "rate": null})
    );
    assert_eq!(
        only["rework"],
        json!({"rework": 0, "deploys": 0, "unknown": 0, "rate": null})
    );
}

#[test]
fn hashes_of_sixty_four_digits_are_whole() {
    let deploy = World::deploy_like()
        .without_pages()
        .sha256()
        .toml("[record]\n")
        .ready();
    deploy.forget_record();
    three(&deploy);
    let json = deploy.smp(&["history", "--json", "--stats"]).ok().json();
    assert_eq!(json["deploys"][0]["to"], deploy.nth(5));
    assert_eq!(json["deploys"][0]["to"].as_str().map(str::len), Some(64));
    assert_eq!(
        json["stats"]["environments"][0]["lead_time_seconds"]["commits"],
        5
    );
}
