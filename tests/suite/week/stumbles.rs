//! Stumbling blocks in the week of staging, fixes and hints: texts that were read twice, or misled.

use std::path::Path;

use super::hints::hinted;
use super::*;
use crate::record::{bens_clone, merged, recorded_like};
use crate::support::Page;

/// Returns a world with a blocked candidate and a fix that was merged behind other work; with its hash.
#[track_caller]
fn blocked() -> (Deploy, String) {
    let deploy = proposed();
    merged(&deploy, "Start on the new menu (#450)", "menu");
    let fix = merged(&deploy, "Draw round corners (#451)", "corners");
    let block = ["signoff", "--by", "Rosi", "--block", "corners are square"];
    deploy.smp(&block).ok();
    (deploy, fix)
}

/// Ships only the fix, as a copy that the main branch lacks; returns the copy's hash.
#[track_caller]
fn shipped(deploy: &Deploy) -> String {
    deploy
        .smp(&["stage", "--fix", "--pick", "#451", "--yes"])
        .ok();
    let copy = deploy.master(&deploy.staging);
    deploy.smp(&["signoff", "--by", "Rosi"]).ok();
    deploy
        .smp(&["promote", "--yes", "--commit", &copy, "--summary", ""])
        .ok();
    copy
}

/// Merges this commit of `bare` into the main branch, as a colleague.
#[track_caller]
fn merge(deploy: &Deploy, bare: &Path, commit: &str) {
    let (repository, _) = deploy.deployed_by(bare);
    let fetch = ["fetch", "-q", repository.to_str().unwrap(), commit];
    deploy.git(&deploy.team, &fetch);
    let merge = ["merge", "-q", "-m", "Merge the fix", "FETCH_HEAD"];
    deploy.git(&deploy.team, &merge);
    deploy.colleague_pushes(&deploy.main, "HEAD");
}

// --- a fix that is not merged back

#[test]
fn rosi_is_told_before_her_yes_that_nothing_can_be_promoted_after_it() {
    let (deploy, fix) = blocked();
    let copy = shipped(&deploy);
    let story = format!(
        "according to the record production runs {0}: after this deploy nothing can be promoted until {0} is merged into master",
        short(&copy)
    );
    let mut terminal = person(&deploy).terminal(&["stage"]);
    terminal
        .sees(&story)
        .sees("1 commit would disappear from staging")
        .sees(&format!(
            "{} is another commit with the same change",
            short(&fix)
        ))
        .sees("[y/N] ")
        .enters("y");
    terminal.ends().ok();
    // Staging has lost the copy by now, so the next deploy there loses nothing more.
    merged(&deploy, "Draw even rounder corners (#452)", "even");
    deploy.smp(&["stage", "-n"]).ok().says(&story);
    // A clone that never had the copy says the same.
    let ben = bens_clone(&deploy);
    let run = deploy.runner().cwd(&ben).smp(&["stage", "-n"]);
    run.ok().says(&story);
    deploy
        .smp(&["propose", "--yes"])
        .exits(1)
        .says("production has 1 commit that staging lacks");
    merge(&deploy, &deploy.production, &copy);
    deploy
        .smp(&["stage", "--yes"])
        .ok()
        .never_shows("can be promoted");
    deploy.smp(&["propose", "--yes"]).ok();
}

#[test]
fn an_older_commit_than_production_runs_is_said_to_be_no_way_there() {
    let deploy = recorded();
    promote_once(&deploy);
    let words = format!(
        "warning: according to the record production runs {}, which {} lacks: this commit cannot be promoted there\n",
        short(deploy.nth(5)),
        short(deploy.nth(3))
    );
    deploy
        .smp(&["stage", "-n", deploy.nth(3)])
        .ok()
        .says(&words)
        .never_shows("nothing can be promoted until");
    deploy.smp(&["stage", "-n"]).ok().never_shows("promoted");
}

#[test]
fn how_a_copy_comes_back_is_the_last_line_at_each_run_until_it_did() {
    let (deploy, fix) = blocked();
    let args = ["stage", "--fix", "--pick", &fix, "--yes"];
    let first = deploy.smp(&args);
    let copy = deploy.master(&deploy.staging);
    let command = format!("git push upstream {copy}:refs/heads/fix-{}", short(&copy));
    let last = format!(
        "warning: merge {0} into master, or the next deploy will lack it:\n\
         this command pushes it to a branch; merge that branch (no squash, no rebase):\n  {command}\n",
        short(&copy)
    );
    for run in [
        first,
        deploy.smp(&args),
        deploy.smp(&["stage", "--fix", &copy, "--yes"]),
    ] {
        assert!(run.ok().stderr.ends_with(&last), "{run}");
    }
    merge(&deploy, &deploy.staging, &copy);
    deploy
        .smp(&args)
        .ok()
        .never_shows("or the next deploy will lack it");
}

// --- the choice of the fix

#[test]
fn with_nothing_merged_since_the_block_there_is_no_fix_and_that_is_said() {
    let deploy = recorded();
    deploy.smp(&["stage", "--yes"]).ok();
    deploy.smp(&["propose", "--yes"]).ok();
    let words =
        "the candidate has everything that was merged: merge the fix, then: git smp stage --fix\n";
    deploy.smp(&["stage", "--fix", "--yes"]).ok().says(words);
    deploy.smp(&["stage", "--fix", "-n"]).ok().says(words);
    // The candidate has copies of all later merges.
    let fix = merged(&deploy, "Fix the login (#429)", "login");
    merged(&deploy, "Fix the logout (#430)", "logout");
    for pick in ["#430", &fix] {
        let run = deploy.smp(&["stage", "--fix", "--pick", pick, "--yes"]);
        run.ok().never_shows(words);
    }
    let run = deploy.smp(&["stage", "--fix", "--yes"]);
    run.ok().says(words).never_shows("is not a fix");
}

#[test]
fn one_commit_alone_is_asked_about_for_it_may_be_anything() {
    let deploy = proposed();
    let before = deploy.snapshot();
    let mut terminal = at_80_columns(&deploy, &["stage", "--fix"]);
    terminal
        .sees("Added to the candidate:")
        .sees("Sort layers by name (#427)")
        .sees(&format!(
            "Deploy {} to staging as the fix? [y/N] ",
            short(deploy.nth(6))
        ))
        .enters("");
    terminal
        .ends()
        .exits(3)
        .says("not deployed; no environment was changed");
    assert_eq!(deploy.snapshot(), before);
    // With a named commit there is no such question.
    let mut terminal = at_80_columns(&deploy, &["stage", "--fix", deploy.nth(6)]);
    terminal.sees("[y/N] ").enters("");
    terminal.ends().exits(3).never_shows("as the fix?");
}

#[test]
fn the_fix_is_typed_as_it_stands_in_the_list_and_a_typo_is_asked_again() {
    let (deploy, fix) = blocked();
    let question = "Type the hashes of the commits that belong to the fix, or the word all: ";
    let mut terminal = at_80_columns(&deploy, &["stage", "--fix"]);
    for wrong in ["#999", "450", &format!("{}, deadbeef", &fix[..8])] {
        terminal
            .sees(question)
            .enters(wrong)
            .sees("is not one of the commits above");
    }
    terminal
        .sees(question)
        .enters("#451")
        .sees("Added to the candidate:")
        .sees(&format!(
            "Draw round corners (#451), a copy of {}",
            short(&fix)
        ))
        .sees("[y/N] ")
        .enters("y");
    terminal.ends().ok();
    let (at, branch) = deploy.deployed_by(&deploy.staging);
    let files = ["diff", "--name-only", deploy.nth(5), &branch];
    assert_eq!(deploy.git(&at, &files), "corners");
}

#[test]
fn each_copy_names_the_commit_that_it_was_made_of() {
    let (deploy, second) = blocked();
    let menu = deploy.git(&deploy.team, &["rev-parse", "HEAD~1"]);
    let args = ["stage", "--fix", "-n", "--pick", &second, "--pick", &menu];
    deploy
        .smp(&args)
        .ok()
        .says(&format!("(#451), a copy of {}\n", short(&second)))
        .says(&format!("(#450), a copy of {}\n", short(&menu)));
    deploy
        .smp(&["stage", "--fix", "-n", deploy.nth(6)])
        .ok()
        .never_shows("a copy of");
}

#[test]
fn what_conflicts_is_copied_by_hand_with_commands_that_can_be_pasted() {
    let deploy = proposed();
    let theirs = deploy.colleague_commits("Change the same lines (#431)");
    let run = deploy.smp(&["stage", "--fix", "--pick", &theirs, "--yes"]);
    let commands = hinted(&run.exits(1).stderr);
    assert_eq!(commands.len(), 3, "{run}");
    let fix = format!("fix-{}", short(deploy.nth(5)));
    assert_eq!(commands[2], format!("git smp stage --fix {fix}"));
    let pasted = |command: &str| {
        let runner = deploy.runner().env("GIT_EDITOR", "true");
        runner.program("sh", &["-c", command])
    };
    assert_ne!(pasted(&commands[0]).code, 0, "it conflicts by hand, too");
    std::fs::write(deploy.work.join("LOG"), "resolved\n").unwrap();
    pasted(&commands[1]).ok();
    deploy.smp(&["stage", "--fix", &fix, "--yes"]).ok();
}

// --- named commits

#[test]
fn a_pull_request_that_is_not_there_leads_to_the_hash_of_a_commit() {
    let deploy = proposed();
    let tip = &deploy.nth(6)[..8];
    let hint = format!("hint: find the hash of the commit: git log --oneline {tip}\n");
    for args in [
        &["stage", "#999", "-n"][..],
        &["stage", "--fix", "#999"],
        &["stage", "--fix", "--pick", "#999", "-n"],
    ] {
        let typed = args.join(" ").replace("#999", "'...'");
        let again = format!("hint: then replace the dots with it: git smp {typed}\n");
        deploy.smp(args).exits(1).says(&hint).says(&again);
    }
}

#[test]
fn an_environment_in_the_place_of_another_name_is_told_apart() {
    let deploy = recorded();
    for (args, commands) in [
        (
            &["promote", "staging"][..],
            &["git smp promote production"][..],
        ),
        (
            &["promote", "production", "staging"],
            &["git smp promote production"],
        ),
        (&["diff", "staging"], &["git smp diff production"]),
        (&["stage", "staging"], &["git smp stage"]),
        (&["stage", "-n", "staging"], &["git smp stage -n"]),
        (
            &["stage", "--fix", "--pick", "staging"],
            &["git log --oneline", "git smp stage --fix --pick '...'"],
        ),
        (
            &["stage", "production"],
            &["git smp stage", "git smp promote production"],
        ),
    ] {
        let run = deploy.smp(args);
        assert_eq!(hinted(&run.exits(2).stderr), commands, "{run}");
        run.says("because: ").never_shows("production is\n");
    }
    // A branch of that name counts.
    deploy.git(&deploy.work, &["branch", "staging", deploy.nth(4)]);
    deploy
        .smp(&["stage", "-n", "staging"])
        .ok()
        .says(short(deploy.nth(4)));
    deploy
        .smp(&["stage", "-n", "stagin"])
        .exits(2)
        .says("names no commit in this clone");
}

// --- taking over

#[test]
fn a_promotion_is_taken_over_by_its_own_command_and_a_wrong_id_is_said_to_be_wrong() {
    let deploy = recorded_like(World::deploy_like());
    deploy.smp(&["propose", "--yes"]).ok();
    deploy.smp(&["signoff", "--by", "Rosi"]).ok();
    let args = [
        "promote",
        "--yes",
        "--commit",
        deploy.nth(5),
        "--timeout",
        "1",
    ];
    deploy.web.set("/production", Page::body("").status(503));
    deploy.smp(&args).exits(1);
    deploy.web.set("/production", Page::commit(deploy.nth(2)));
    deploy.smp(&args).exits(4);
    // Simulate a lost push of somebody else's run.
    deploy.colleague_pushes(&deploy.production, deploy.nth(2));
    deploy
        .web
        .set("/production", Page::deployed(&deploy.production));
    std::fs::remove_dir_all(deploy.work.join(".git/smp")).unwrap();
    let hinted_by = |args: &[&str]| hinted(&deploy.smp(args).exits(1).stderr).pop().unwrap();
    let command = hinted_by(&["stage", "--yes"]);
    let (before, id) = command.rsplit_once(' ').unwrap();
    assert_eq!(before, "git smp promote production --take-over");
    let pick = ["stage", "--fix", "--yes", "--pick", deploy.nth(6)];
    let fix = format!(
        "git smp stage --fix --pick {} --take-over {id}",
        deploy.nth(6)
    );
    assert_eq!(hinted_by(&pick), fix);
    let wrong = deploy.smp(&["stage", "--yes", "--take-over", "1234"]);
    wrong.exits(1).says(&format!(
        "because: the deploy in progress has the ID {id}, not 1234\n"
    ));
    // Staging runs the candidate: no deploy could take its place.
    let run = deploy.smp(&["stage", deploy.nth(5), "--yes", "--take-over", id]);
    run.ok()
        .says("Ada Example began to promote")
        .says("; nothing is taken over, because this run has nothing to deploy");
    deploy
        .smp(&[&args[..], &["--take-over", id]].concat())
        .ok()
        .says("this deploy takes its place on the record");
    let run = deploy.smp(&["promote", "--yes", "--take-over", id]);
    run.ok()
        .says("nothing is taken over: no deploy is in progress\n");
}

#[test]
fn at_a_terminal_the_way_out_is_to_leave_yes_out() {
    let deploy = recorded();
    deploy.colleague_pushes(&deploy.staging, deploy.nth(6));
    let mut terminal = person(&deploy).terminal(&["stage", "--yes", deploy.nth(4)]);
    terminal.sees(&format!(
        "hint: run it in a terminal, without --yes: git smp stage {}",
        short(deploy.nth(4))
    ));
    terminal.ends().exits(1);
}

#[test]
fn who_froze_staging_is_told_how_it_thaws() {
    let deploy = proposed();
    let run = deploy.smp(&["stage"]);
    assert_eq!(
        hinted(&run.exits(1).stderr),
        ["git smp status", "git smp stage --fix", "git smp postpone"]
    );
}

#[test]
fn a_second_rollback_that_nobody_remembers_shows_where_to_look() {
    let deploy = recorded();
    promote_once(&deploy);
    deploy
        .smp(&["rollback", "--yes", "--to", deploy.nth(2)])
        .ok();
    let run = deploy.smp(&["rollback"]);
    run.exits(1).says(&format!(
        "because: the record does not say what ran on production before {}\n",
        short(deploy.nth(2))
    ));
    let look = format!("git log --oneline {}", &deploy.nth(2)[..12]);
    let again = "git smp rollback --to '...'";
    assert_eq!(hinted(&run.stderr), [look.as_str(), again]);
    deploy.runner().program("sh", &["-c", &look]).ok();
}

// --- the command line

#[test]
fn words_without_quotes_and_words_of_other_programs_lead_to_what_was_meant() {
    let world = World::new();
    for (args, commands) in [
        (
            &[
                "signoff", "--block", "basket", "is", "empty", "--by", "Rosi",
            ][..],
            &["git smp signoff --block 'basket is empty' --by Rosi"][..],
        ),
        (
            &["postpone", "--yes", "--reason", "not", "today"],
            &["git smp postpone --yes --reason 'not today'"],
        ),
        (
            &["stage", "--fix", "-n", "--pick"],
            &["git smp stage --fix -n --pick '#...'"],
        ),
        (
            &["stage", "--pick", "#425", "-n"],
            &["git smp stage --fix --pick '#425' -n"],
        ),
        (&["log"], &["git smp history"]),
        (&["deploy"], &["git smp stage", "git smp promote"]),
        (&["block"], &["git smp signoff --block '...'"]),
        (
            &["undo", "production", "--to", "S", "-n"],
            &["git smp rollback production --to S -n"],
        ),
        // Without a text there is no suggestion.
        (&["status", "--json", "is", "empty"], &[]),
        (&["signoff", "--block", "--by", "x", "y"], &[]),
    ] {
        let run = world.smp(args);
        let mut told = hinted(&run.exits(2).stderr);
        assert!(told.pop().unwrap().ends_with(" -h"), "{run}");
        assert_eq!(told, commands, "{run}");
    }
    let help = world.smp(&["stage", "-h"]).ok().out();
    assert!(help.contains("'#N' (in quotes)"), "{help}");
}

// --- the form of plans

#[test]
fn plans_have_one_empty_line_between_paragraphs_and_name_the_main_repository_alike() {
    let (deploy, _) = blocked();
    let copy = shipped(&deploy);
    let main = format!("  upstream    {}", deploy.urls()[0]);
    let only = format!("  upstream  {}", deploy.urls()[0]);
    let plan = |args: &[&str], line: &str| {
        let run = deploy.smp(args);
        let text = &run.ok().stderr;
        assert!(!text.contains("\n\n\n"), "{run}");
        assert!(text.contains(&format!("\n{line}\n\n")), "{run}");
        text.to_owned()
    };
    let text = plan(&["stage", "-n"], &only);
    let warnings = text.find("warning: ").unwrap()..text.rfind("warning: ").unwrap();
    assert!(
        !warnings.is_empty() && !text[warnings].contains("\n\n"),
        "{text}"
    );
    plan(&["rollback", "-n"], &only);
    // A plan back to a commit, with nothing new.
    plan(&["stage", "-n", deploy.nth(5)], &only);
    merge(&deploy, &deploy.production, &copy);
    deploy.smp(&["stage", "--yes"]).ok();
    plan(&["propose", "-n"], &main);
    deploy.smp(&["propose", "--yes"]).ok();
    deploy.smp(&["signoff", "--by", "Rosi"]).ok();
    plan(&["promote", "-n"], &main);
}
