//! Sign-offs by the proposer and by authors of the commits.

use super::*;

/// Returns a runner for another person in the same clone.
fn somebody<'w>(deploy: &'w Deploy, name: &str) -> crate::support::Runner<'w> {
    let email = format!("user.email={}@example.com", name.to_lowercase());
    deploy
        .runner()
        .git_options(&["-c", &format!("user.name={name}"), "-c", &email])
}

/// Returns the words about the sign-off in `status`, the plan and `history`.
#[track_caller]
fn told(deploy: &Deploy) -> [String; 3] {
    let of = |text: &str| {
        let (_, rest) = text
            .split_once("signed off by ")
            .unwrap_or_else(|| panic!("nobody signed off in {text}"));
        rest.lines()
            .next()
            .unwrap()
            .split(" at ")
            .next()
            .unwrap()
            .trim_end_matches(',')
            .to_owned()
    };
    let status = of(&deploy.smp(&["status"]).ok().out());
    let plan = of(&deploy.smp(&["promote", "-n"]).ok().stderr);
    promote(deploy, &[]).ok();
    [status, plan, of(&deploy.smp(&["history"]).ok().out())]
}

#[test]
fn a_proposer_who_signs_off_what_they_proposed_is_shown_as_such() {
    let deploy = proposed();
    deploy.smp(&["signoff"]).ok();
    assert_eq!(
        told(&deploy),
        ["Ada Example, who proposed it and wrote 3 of its commits"; 3]
    );
}

#[test]
fn a_proposer_who_types_another_name_is_shown_as_who_recorded_it() {
    let deploy = proposed();
    deploy.smp(&["signoff", "--by", "Rosi"]).ok();
    assert_eq!(
        told(&deploy),
        ["Rosi (recorded by Ada Example, who proposed it)"; 3]
    );
}

#[test]
fn somebody_of_their_own_is_just_named() {
    let deploy = proposed();
    somebody(&deploy, "Rosi").smp(&["signoff"]).ok();
    assert_eq!(told(&deploy), ["Rosi"; 3]);
}

#[test]
fn who_wrote_what_they_sign_off_is_shown_with_how_much_of_it() {
    let deploy = recorded();
    let author = [
        "commit",
        "-q",
        "--allow-empty",
        "--author",
        "Ben <ben@example.com>",
        "-m",
    ];
    for subject in ["Draw roads", "Draw rivers"] {
        deploy.git(&deploy.team, &[&author[..], &[subject]].concat());
    }
    let tip = deploy.git(&deploy.team, &["rev-parse", "HEAD"]);
    deploy.colleague_pushes(&deploy.main, &tip);
    deploy.smp(&["stage", "--yes"]).ok();
    deploy.smp(&["propose", "--yes"]).ok();
    somebody(&deploy, "Ben").smp(&["signoff"]).ok();
    let words = "Ben, who wrote 2 of its commits";
    deploy
        .smp(&["status"])
        .ok()
        .prints_among(&format!("signed off by {words}, at "));
    deploy
        .smp(&["promote", "-n"])
        .ok()
        .says(&format!("signed off by {words}, at "));
    deploy.smp(&["promote", "--yes", "--commit", &tip]).ok();
    deploy
        .smp(&["history"])
        .ok()
        .prints_among(&format!("signed off by {words}\n"));
    // Scripts get the plain names.
    let json = deploy.smp(&["history", "--json"]).ok().json();
    assert_eq!(
        json["deploys"][0]["signed_off_by"],
        serde_json::json!(["Ben"])
    );
}

#[test]
fn a_yes_to_an_earlier_candidate_says_nothing_of_this_one() {
    let deploy = proposed();
    deploy.smp(&["signoff", "--by", "Rosi"]).ok();
    deploy.smp(&["stage", "--fix", "--yes"]).ok();
    somebody(&deploy, "Rosi").smp(&["signoff"]).ok();
    deploy
        .smp(&["promote", "--yes", "--commit", deploy.nth(6)])
        .ok();
    deploy
        .smp(&["history"])
        .ok()
        .prints_among("signed off by Rosi\n")
        .never_shows("recorded by");
}
