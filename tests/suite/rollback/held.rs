//! A rolled-back commit does not ship again unasked, until another promotion.

use super::*;
use crate::sample::sample;

/// Returns a world with a record and a rollback from the fifth commit to the fourth; staging runs the fifth.
fn undone() -> Deploy {
    put_back(4)
}

#[track_caller]
fn refusal(deploy: &Deploy) -> String {
    let run = deploy.smp(&["promote", "-n", "--json"]);
    run.exits(1).json()["refusal"]["code"]
        .as_str()
        .unwrap()
        .to_owned()
}

#[test]
fn the_very_commit_ships_from_a_script_only_with_a_word_for_it() {
    let deploy = put_back_just_now(4);
    let before = deploy.snapshot();
    assert_eq!(refusal(&deploy), "rolled-back");
    let run = promotes(&deploy, &[]);
    let story = format!(
        "{} was rolled back from production by Ada Example just now: Maps are empty.",
        short(deploy.nth(5))
    );
    run.exits(1)
        .says(&format!("error: {story}"))
        .says("because: ")
        .says("git smp promote production --again");
    assert_eq!(deploy.snapshot(), before);
    deploy
        .smp(&["promote", "-n", "--again"])
        .ok()
        .says(&format!("warning: {story}"));
    assert_eq!(deploy.snapshot(), before);

    promotes(&deploy, &["--again"])
        .ok()
        .says(&format!("warning: {story}"));
    assert_eq!(deploy.master(&deploy.production), deploy.nth(5));
    let chain = deploy.chain();
    assert!(
        chain.state["held"]["production"].is_null(),
        "{}",
        chain.state
    );
}

#[test]
fn at_a_terminal_it_is_a_question_of_its_own() {
    let deploy = put_back_just_now(4);
    let before = deploy.snapshot();
    let asked = "by Ada Example just now: Maps are empty.. Ship it anyway?";
    for no in sample(1, ["", "n", "production", "\x04"]) {
        let mut terminal = person(&deploy).terminal(&["promote"]);
        terminal
            .sees("was rolled back from production ")
            .sees("Ship it anyway?");
        terminal.types(
            if no == "\x04" {
                no.to_owned()
            } else {
                format!("{no}\r")
            }
            .as_str(),
        );
        let run = terminal.ends();
        run.exits(3)
            .says("not deployed; no environment was changed")
            .never_shows("Type production");
        assert_eq!(deploy.snapshot(), before, "{asked}");
    }
    // A yes to that question does not answer the next.
    let mut terminal = person(&deploy).terminal(&["promote"]);
    terminal
        .sees("Ship it anyway?")
        .enters("y")
        .sees("Type production to deploy: ")
        .enters("");
    terminal.ends().exits(3);
    assert_eq!(deploy.snapshot(), before);
    // An earlier confirmation of the commit does not allow shipping it again.
    let commit = deploy.nth(5);
    person(&deploy)
        .terminal(&["promote", "--yes", "--commit", commit])
        .ends()
        .exits(1)
        .says("was rolled back from");
    assert_eq!(deploy.snapshot(), before);

    let mut terminal = person(&deploy).terminal(&["promote"]);
    terminal
        .sees("Ship it anyway?")
        .enters("y")
        .sees("Type production to deploy: ")
        .enters("production");
    terminal.ends().ok();
    assert_eq!(deploy.master(&deploy.production), deploy.nth(5));
    // With `--again` there is one question less.
    rolls_back(&deploy, 4, &[]).ok();
    let mut terminal = person(&deploy).terminal(&["promote", "--again"]);
    terminal
        .sees("warning: ")
        .sees("Type production to deploy: ")
        .enters("production");
    terminal.ends().ok().never_shows("Ship it anyway?");
    deploy.chain();
}

#[test]
fn who_proposes_it_is_warned() {
    let deploy = put_back_just_now(4);
    let run = deploy.smp(&["propose", "--yes"]);
    run.ok()
        .says("was rolled back from production by Ada Example just now: Maps are empty.");
    // A proposal does not allow that.
    promotes(&deploy, &[])
        .exits(1)
        .says("was rolled back from production");
    promotes(&deploy, &["--again"]).ok();
    deploy.chain();
}

#[test]
fn a_newer_commit_has_it_in_it_and_ships_only_with_a_word_for_it_which_ends_it() {
    let deploy = put_back_just_now(4);
    deploy.colleague_pushes(&deploy.staging, deploy.nth(6));
    let before = deploy.snapshot();
    assert_eq!(refusal(&deploy), "rolled-back");
    let [six, five] = [6, 5].map(|nth| short(deploy.nth(nth)));
    let story = format!(
        "{six} contains {five}, which was rolled back from production by Ada Example just now"
    );
    let run = deploy.smp(&["promote", "--yes", "--commit", deploy.nth(6)]);
    run.exits(1)
        .says(&format!("error: {story}: Maps are empty."))
        .says(&format!(
            "because: no commit that would ship is known to revert {five}\n"
        ));
    let anyway = "git smp promote production --again";
    run.says(&format!(
        "hint: if later commits correct it: {anyway}\nhint: or in a script: {anyway} --yes --commit {six}\n\
         hint: or stage its revert: git smp stage\n",
    ));
    let mut terminal = person(&deploy).terminal(&["promote"]);
    terminal
        .sees("which was rolled back from production ")
        .sees("Ship it anyway?")
        .enters("n");
    terminal.ends().exits(3);
    assert_eq!(deploy.snapshot(), before);
    assert_eq!(crate::record::next(&deploy), "git smp promote");
    let note = format!("note: {five} was rolled back; first check that later commits correct it\n");
    deploy.smp(&["status"]).ok().prints_among(&note);
    deploy
        .smp(&["propose", "--yes"])
        .ok()
        .says(&format!("warning: {story}"));

    promotes(&deploy, &["--again"])
        .ok()
        .says(&format!("warning: {story}"));
    let chain = deploy.chain();
    assert!(
        chain.state["held"]["production"].is_null(),
        "{}",
        chain.state
    );
    // The commits that shipped in it no longer matter.
    rolls_back(&deploy, 4, &[]).ok();
    deploy.colleague_pushes(&deploy.staging, deploy.nth(5));
    promotes(&deploy, &[])
        .ok()
        .never_shows(&format!("{five} was rolled back"));
}

#[test]
fn each_that_was_rolled_back_is_remembered() {
    let deploy = undone();
    rolls_back(&deploy, 2, &["--reason", "Nor does this help."]).ok();
    let held = deploy.chain().state["held"]["production"].clone();
    let commits: Vec<&str> = held
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["commit"].as_str().unwrap())
        .collect();
    assert_eq!(commits, [deploy.nth(5), deploy.nth(4)]);
    deploy.colleague_pushes(&deploy.staging, deploy.nth(4));
    promotes(&deploy, &[])
        .exits(1)
        .says(": Nor does this help.");
    deploy.colleague_pushes(&deploy.staging, deploy.nth(6));
    promotes(&deploy, &[]).exits(1).says("Maps are empty.");
    // A commit that contains neither ships with a note about both.
    deploy.colleague_pushes(&deploy.staging, deploy.nth(3));
    let run = deploy.smp(&["promote", "-n", "--yes", "--commit", deploy.nth(3)]);
    run.ok()
        .says("(Maps are empty.)")
        .says("(Nor does this help.)");
}

#[test]
fn whoever_has_the_same_record_knows_of_it() {
    let deploy = undone();
    let ben = crate::record::bens_clone(&deploy);
    let run = deploy
        .runner()
        .cwd(&ben)
        .smp(&["promote", "--yes", "--commit", deploy.nth(5)]);
    run.exits(1)
        .says("was rolled back from production by Ada Example");
}

#[test]
fn without_a_record_nothing_is_held() {
    let deploy = shipped(World::deploy_like());
    rolls_back(&deploy, 2, &["--reason", "Maps are empty."]).ok();
    deploy.smp(&["status"]).ok().never_shows("held");
    promotes(&deploy, &[]).ok().never_shows("rolled back");
    assert_eq!(deploy.master(&deploy.production), deploy.nth(5));
}

#[test]
fn an_open_candidate_has_to_be_proposed_anew() {
    let deploy = recorded(World::deploy_like().without_pages());
    deploy.colleague_pushes(&deploy.staging, deploy.nth(6));
    deploy.smp(&["propose", "--yes"]).ok();
    rolls_back(&deploy, 4, &[])
        .ok()
        .says("propose it again after this rollback");
    promotes(&deploy, &[])
        .exits(1)
        .says("production changed since the proposal")
        .says("git smp postpone");
    deploy
        .smp(&["postpone", "--yes", "--reason", "rolled back"])
        .ok();
    deploy.smp(&["propose", "--yes"]).ok();
    promotes(&deploy, &["--again"]).ok();
    deploy.chain();
}

/// Creates a commit on top of these, with the files of the first.
#[track_caller]
fn made_of(deploy: &Deploy, subject: &str, parents: &[&str]) -> String {
    let tree = format!("{}^{{tree}}", parents[0]);
    let parents: Vec<&str> = parents.iter().flat_map(|parent| ["-p", parent]).collect();
    deploy.git(
        &deploy.team,
        &[&["commit-tree", &tree, "-m", subject], parents.as_slice()].concat(),
    )
}

#[test]
fn a_hotfix_beside_the_bad_commit_ships_and_does_not_let_it_go() {
    let deploy = undone();
    rolls_back(&deploy, 4, &["--reason", "Maps are empty."]).ok();
    let hotfix = made_of(&deploy, "Raise the limit of uploads", &[deploy.nth(4)]);
    deploy.colleague_pushes(&deploy.staging, &hotfix);
    promotes(&deploy, &[]).ok();
    let both = made_of(&deploy, "Merge the hotfix", &[deploy.nth(5), &hotfix]);
    deploy.colleague_pushes(&deploy.staging, &both);
    assert_eq!(refusal(&deploy), "rolled-back");
    let run = promotes(&deploy, &[]);
    run.exits(1)
        .says(short(deploy.nth(5)))
        .says("Maps are empty.")
        .says("--again");
    // `--again` allows everything that the commit contains.
    promotes(&deploy, &["--again"]).ok();
    let newer = made_of(&deploy, "Sort layers", &[&both]);
    deploy.colleague_pushes(&deploy.staging, &newer);
    promotes(&deploy, &[]).ok().never_shows("was rolled back");
    deploy.chain();
}
