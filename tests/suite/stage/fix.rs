//! `git smp stage --fix`: exactly the fix is added to the candidate, and the result is the new candidate to test.

use rustix::process::Signal;

use crate::promote::{person, ready};
use crate::record::{
    bens_clone, events, is_harmless, merged, next, own, proposed, proposed_on, recorded, sentences,
    short, signed_off_on, trailer,
};
use crate::sample::sample;
use crate::support::{Deploy, Gate, Topology, World};

/// Returns the candidate's commit.
#[track_caller]
fn candidate(deploy: &Deploy) -> String {
    let json = deploy.smp(&["status", "--json"]).ok().json();
    json["candidate"]["commit"].as_str().unwrap().to_owned()
}

/// Returns a world with a candidate and with other work and a fix merged later; with the hashes of both.
#[track_caller]
fn with_a_fix() -> (Deploy, [String; 2]) {
    let deploy = recorded();
    deploy.colleague_pushes(&deploy.staging, deploy.nth(6));
    deploy.smp(&["propose", "--yes"]).ok();
    let other = merged(&deploy, "Begin the new editor (#428)", "editor");
    let fix = merged(&deploy, "Fix the login (#429)", "login");
    (deploy, [other, fix])
}

#[test]
fn one_commit_is_shown_deployed_and_the_candidate_from_then_on() {
    let deploy = proposed();
    deploy.smp(&["signoff", "--by", "Rosi"]).ok();
    deploy
        .smp(&["signoff", "--by", "Ben", "--block", "login is broken"])
        .ok();
    let run = deploy.smp(&["stage", "--fix", "--yes"]);
    run.ok()
        .prints_among("must be tested again. It adds only:")
        .says(&format!(
            "Fix of the candidate {} on staging\n",
            short(deploy.nth(5))
        ));
    let abbreviated = deploy.git(&deploy.work, &["rev-parse", "--short", deploy.nth(6)]);
    run.says(&format!(
        "Added to the candidate:\n{abbreviated} Sort layers by name (#427)\n\nThis will\n"
    ));
    run.says("It becomes the candidate; earlier sign-offs no longer count.\n")
        .says("done: on record");
    // It is on the main branch, so nothing needs to be merged.
    run.never_shows("or the next deploy will lack it");
    assert_eq!(
        (candidate(&deploy), deploy.master(&deploy.staging)),
        (deploy.nth(6).into(), deploy.nth(6).into())
    );
    assert_eq!(
        deploy.smp(&["status", "--json"]).ok().json()["candidate"]["signoffs"],
        serde_json::json!([])
    );
    deploy
        .smp(&["status"])
        .ok()
        .prints_among(", fixed at ")
        .prints_among("; not signed off yet");
    assert_eq!(events(&deploy)[4..], ["staging-fix", "staged-fix"]);
    assert_eq!(trailer(&deploy, "Smp-From"), deploy.nth(5));
    // A second run does nothing.
    let before = deploy.snapshot();
    deploy
        .smp(&["stage", "--fix", "--yes"])
        .ok()
        .says("nothing to deploy");
    assert_eq!(deploy.snapshot(), before);
}

#[test]
fn without_a_candidate_there_is_nothing_to_fix() {
    let deploy = recorded();
    for args in [
        &["stage", "--fix", "--yes"][..],
        &["stage", "--fix", "--pick", "HEAD", "-y"],
        &["stage", "--fix", "-n"],
    ] {
        let run = deploy.smp(args);
        run.exits(1)
            .prints("")
            .says("error: there is no candidate to fix");
        run.says("hint: deploy it without --fix: git smp stage\n");
    }
    assert_eq!(events(&deploy), Vec::<String>::new());
}

#[test]
fn what_lacks_the_candidate_is_no_fix_of_it() {
    let deploy = proposed();
    let before = deploy.snapshot();
    let run = deploy.smp(&["stage", "--fix", "--yes", deploy.nth(4)]);
    run.exits(1).says(&format!(
        "error: {} is not a fix of the candidate\n",
        short(deploy.nth(4))
    ));
    run.says(&format!(
        "because: it is in {} already\n",
        short(deploy.nth(5))
    ))
    .says("hint: merge the fix, then: git smp stage --fix\n");
    deploy.smp(&["stage", "--fix", "--yes", "nosuch"]).exits(2);
    deploy
        .smp(&["stage", "--fix", "--yes", "--pick", "nosuch"])
        .exits(2);
    deploy
        .smp(&[
            "stage",
            "--fix",
            "--yes",
            "--pick",
            deploy.nth(6),
            deploy.nth(6),
        ])
        .exits(2)
        .says("cannot be used");
    assert_eq!(deploy.snapshot(), before);
}

#[test]
fn a_script_has_to_say_which_of_several_commits_are_the_fix() {
    let (deploy, [other, fix]) = with_a_fix();
    let before = deploy.snapshot();
    let run = deploy
        .runner()
        .stdin("all\n")
        .smp(&["stage", "--fix", "--yes"]);
    run.exits(1).prints("").says(&format!(
        "error: 2 commits were merged into the main branch since the candidate {}\n",
        short(deploy.nth(6))
    ));
    run.says("Fix the login (#429)")
        .says("Begin the new editor (#428)")
        .says("hint: name the commits of the fix, for example: git smp stage --fix --yes --pick ");
    deploy
        .smp(&["stage", "--fix", "-n"])
        .ok()
        .says("Fix the login")
        .says("Begin the new editor");
    assert_eq!(deploy.snapshot(), before);

    let plan = deploy.smp(&["stage", "--fix", "--pick", &fix]);
    plan.exits(1).says(&format!(
        "hint: if the answer is yes: git smp stage --fix --pick {fix} --yes\n"
    ));
    assert_eq!(deploy.snapshot(), before);
    let run = deploy.smp(&["stage", "--fix", "--pick", &fix, "--yes"]);
    run.ok()
        .says("Added to the candidate:")
        .says("Fix the login")
        .never_shows("new editor");
    let built = candidate(&deploy);
    assert_eq!(deploy.master(&deploy.staging), built);
    assert!(built != other && built != fix);
    let files = deploy.git(
        &deploy.work,
        &["diff", "--name-only", deploy.nth(6), &built],
    );
    assert_eq!(files, "login");
    let message = deploy.git(&deploy.work, &["log", "-1", "--format=%B", &built]);
    assert!(
        message.ends_with(&format!("(cherry picked from commit {fix})")),
        "{message}"
    );
    // A second run has nothing to do.
    let before = deploy.snapshot();
    deploy
        .smp(&["stage", "--fix", "--pick", &fix, "--yes"])
        .ok()
        .says("nothing to deploy");
    assert_eq!(deploy.snapshot(), before);
}

#[test]
fn a_fix_only_version_is_told_to_come_back_and_the_told_command_works() {
    let (deploy, [_, fix]) = with_a_fix();
    let run = deploy.smp(&["stage", "--fix", "--pick", &fix, "--yes", "-q"]);
    let built = deploy.master(&deploy.staging);
    let word = format!(
        "warning: merge {0} into master, or the next deploy will lack it",
        short(&built)
    );
    let told = run
        .ok()
        .stderr
        .split(&word)
        .nth(1)
        .unwrap_or_else(|| panic!("{run}"));
    let command = told.lines().nth(2).unwrap().trim();
    assert_eq!(
        command,
        format!("git push upstream {built}:refs/heads/fix-{}", short(&built))
    );
    deploy.runner().program("sh", &["-c", command]).ok();
    assert_eq!(
        deploy.refs(&deploy.main)[&format!("refs/heads/fix-{}", short(&built))],
        built
    );
}

#[test]
fn several_picks_come_in_the_order_of_history() {
    let (deploy, [other, fix]) = with_a_fix();
    let later = merged(&deploy, "Fix the login again (#430)", "login2");
    // Named the wrong way round, abbreviated, and twice.
    let run = deploy.smp(&[
        "stage",
        "--fix",
        "--yes",
        "--pick",
        &later[..8],
        "--pick",
        &fix,
        "--pick",
        &later,
    ]);
    run.ok().never_shows("new editor");
    let subjects = deploy.git(
        &deploy.work,
        &[
            "log",
            "--format=%s",
            &format!("{}..{}", deploy.nth(6), candidate(&deploy)),
        ],
    );
    assert_eq!(subjects, "Fix the login again (#430)\nFix the login (#429)");
    // A second fix goes on top of the first.
    deploy
        .smp(&["stage", "--fix", "--yes", "--pick", &other])
        .ok();
    let files = deploy.git(
        &deploy.work,
        &["diff", "--name-only", deploy.nth(6), &candidate(&deploy)],
    );
    assert_eq!(files, "editor\nlogin\nlogin2");
}

#[test]
fn nothing_that_is_the_users_own_is_touched() {
    let (deploy, [_, fix]) = with_a_fix();
    let work = &deploy.work;
    let git = |args: &[&str]| deploy.git(work, args);
    let write = |text: &str| std::fs::write(work.join("LOG"), text).unwrap();
    write("to be stashed\n");
    git(&["stash", "-q"]);
    git(&["checkout", "-q", "-b", "mine", deploy.nth(3)]);
    write("staged\n");
    git(&["add", "LOG"]);
    write("and changed\n");
    std::fs::write(work.join("login"), "mine, and no part of git\n").unwrap();
    let before = own(&deploy, work);
    deploy.smp(&["stage", "--fix", "-n", "--pick", &fix]).ok();
    deploy
        .smp(&["stage", "--fix", "--yes", "--pick", &fix])
        .ok();
    assert_eq!(own(&deploy, work), before);
    assert_eq!(
        std::fs::read_to_string(work.join("login")).unwrap(),
        "mine, and no part of git\n"
    );
    assert_eq!(
        std::fs::read_to_string(work.join("LOG")).unwrap(),
        "and changed\n"
    );
}

#[test]
fn a_conflict_is_told_cleanly_and_changes_nothing() {
    let deploy = proposed();
    let conflicting = deploy.colleague_commits("Change the same lines (#431)");
    let (before, mine) = (deploy.snapshot(), own(&deploy, &deploy.work));
    for more in [&["--yes"][..], &["-n"]] {
        let run = deploy.smp(&[&["stage", "--fix", "--pick", &conflicting], more].concat());
        let words = format!(
            "error: {} (Change the same lines (#431)) conflicts with {}",
            short(&conflicting),
            short(deploy.nth(5))
        );
        run.exits(1)
            .prints("")
            .says(&words)
            .says("because: conflict in LOG\n")
            .says("hint: copy it by hand: git switch -c fix-");
    }
    assert_eq!(
        (deploy.snapshot(), own(&deploy, &deploy.work)),
        (before, mine)
    );
}

#[test]
fn what_makes_no_difference_and_merges_are_no_fix() {
    let (deploy, [_, fix]) = with_a_fix();
    let run = deploy.smp(&["stage", "--fix", "--yes", "--pick", deploy.nth(6)]);
    run.exits(1)
        .says("changes nothing on top of ")
        .says("hint: ");
    deploy.git(
        &deploy.team,
        &["checkout", "-q", "-b", "side", deploy.nth(6)],
    );
    deploy.commit_files(&deploy.team, "Side work", &[("side", "x\n")]);
    deploy.git(
        &deploy.team,
        &["merge", "-q", "--no-ff", "-m", "Merge the fix", &fix],
    );
    deploy.colleague_pushes(&deploy.main, "HEAD");
    let merge = deploy.master(&deploy.main);
    let run = deploy.smp(&["stage", "--fix", "--yes", "--pick", &merge]);
    run.exits(1)
        .says("is a merge, so it has no single change to copy")
        .says("git log --oneline ");
}

// --- at the terminal

const CHOOSE: &str = "Type the hashes of the commits that belong to the fix, or the word all: ";

#[test]
fn at_the_terminal_the_fix_is_chosen_from_the_list() {
    let (deploy, [_, fix]) = with_a_fix();
    let mut terminal = person(&deploy).terminal(&["stage", "--fix"]);
    terminal
        .sees("2 commits were merged into the main branch since the candidate ")
        .sees("Fix the login (#429)")
        .sees("Begin the new editor");
    terminal
        .sees(CHOOSE)
        .enters(&fix[..7])
        .sees("Added to the candidate:")
        .sees("Fix the login")
        .sees("to staging? [y/N] ");
    terminal
        .enters("y")
        .sees("done: on record")
        .sees("or the next deploy will lack it");
    terminal.ends().ok();
    let files = deploy.git(
        &deploy.work,
        &["diff", "--name-only", deploy.nth(6), &candidate(&deploy)],
    );
    assert_eq!(files, "login");
}

#[test]
fn at_the_terminal_all_is_all_of_it() {
    let (deploy, [_, fix]) = with_a_fix();
    let mut terminal = person(&deploy).terminal(&["stage", "--fix", "-q"]);
    terminal
        .sees(CHOOSE)
        .enters("all")
        .sees("Begin the new editor")
        .sees("[y/N] ")
        .enters("y");
    terminal
        .ends()
        .ok()
        .never_shows("or the next deploy will lack it");
    assert_eq!(
        (candidate(&deploy), deploy.master(&deploy.staging)),
        (fix.clone(), fix)
    );
}

#[test]
fn at_the_terminal_silence_is_a_no_and_a_wrong_hash_is_named() {
    let (deploy, [other, fix]) = with_a_fix();
    let before = deploy.snapshot();
    for keys in sample(1, ["  \r", "\u{3}"]) {
        let mut terminal = person(&deploy).terminal(&["stage", "--fix"]);
        terminal.sees(CHOOSE).types(keys);
        terminal
            .ends()
            .exits(3)
            .says("not deployed; no environment was changed");
    }
    let mut terminal = person(&deploy).terminal(&["stage", "--fix"]);
    for wrong in [
        &format!("{} deadbeef", &fix[..8]),
        "al",
        &other[..3],
        "ALL THE REST",
    ] {
        terminal
            .sees(CHOOSE)
            .enters(wrong)
            .sees("is not one of the commits above");
    }
    terminal.sees(CHOOSE).enters("");
    let run = terminal.ends();
    is_harmless_but_the_ends_of_lines(&run.exits(3).stderr);
    let mut terminal = person(&deploy).terminal(&["stage", "--fix"]);
    terminal.sees(CHOOSE).enters(&fix).sees("[y/N] ").enters("");
    terminal.ends().exits(3);
    assert_eq!(deploy.snapshot(), before);
}

#[track_caller]
fn is_harmless_but_the_ends_of_lines(screen: &str) {
    assert!(
        !screen.replace("\r\n", "\n").contains('\u{1b}'),
        "{screen:?}"
    );
}

// --- with others

#[test]
fn a_fix_of_a_candidate_that_was_fixed_meanwhile_is_looked_at_again() {
    let (deploy, [other, fix]) = with_a_fix();
    let mut terminal = person(&deploy).terminal(&["stage", "--fix", "--pick", &fix]);
    terminal.sees("[y/N] ");
    deploy
        .smp(&["stage", "--fix", "--pick", &other, "--yes"])
        .ok();
    let before = deploy.snapshot();
    terminal.enters("y");
    terminal.ends().exits(1).says("hint: ");
    assert_eq!(deploy.snapshot(), before);
}

#[test]
fn what_was_deployed_past_the_record_does_not_become_the_candidate_unseen() {
    let deploy = proposed();
    deploy.colleague_pushes(&deploy.staging, deploy.nth(6));
    let before = deploy.snapshot();
    let run = deploy.smp(&["stage", "--fix", "--yes"]);
    run.exits(1).says(&format!(
        "error: staging already runs {}, which is not the candidate\n",
        short(deploy.nth(6))
    ));
    run.says(&format!(
        "because: the candidate is {}; ",
        short(deploy.nth(5))
    ));
    run.says("hint: close the candidate: git smp postpone\nhint: then propose what runs there: git smp propose\n");
    assert_eq!(deploy.snapshot(), before);
}

#[test]
fn a_fix_whose_build_fails_leaves_the_candidate_and_its_verdicts() {
    let deploy = proposed_on(Topology::Remotes);
    deploy.smp(&["signoff"]).ok();
    deploy.hook(&deploy.staging, "pre-receive", "cat >/dev/null; exit 1");
    let run = deploy.smp(&["stage", "--fix", "--yes"]);
    run.exits(1)
        .says("error: staging declined ")
        .says("hint: correct the problem, then: git smp stage --fix");
    assert_eq!(events(&deploy)[3..], ["staging-fix", "ended"]);
    assert_eq!(
        (candidate(&deploy).as_str(), next(&deploy).as_str()),
        (deploy.nth(5), "git smp promote")
    );
    deploy.hook(&deploy.staging, "pre-receive", "cat >/dev/null");
    deploy.smp(&["stage", "--fix", "--yes"]).ok();
    assert_eq!(next(&deploy), "git smp signoff");
}

#[test]
fn a_fix_takes_the_place_of_a_dead_promotion_of_what_was_blocked() {
    // On branches the announcement arrives together with the branch.
    let deploy = signed_off_on(Topology::Remotes);
    let gate = Gate::new(&deploy, "build");
    deploy.hook(&deploy.production, "pre-receive", &gate.line());
    let run = deploy.runner().directly();
    let mut run = run.start(&["promote", "--yes", "--commit", deploy.nth(5)]);
    gate.reached();
    run.signal_group(Signal::KILL);
    run.finish();
    deploy.hook(&deploy.production, "pre-receive", "cat >/dev/null");
    let ben = deploy.runner().cwd(bens_clone(&deploy));
    ben.smp(&["signoff", "--block", "too slow"]).ok();
    let id = deploy.chain().only("promoting").id.clone();
    let only = "only if that run ended without a result: git smp stage --fix";
    ben.smp(&["status"])
        .ok()
        .prints_among(&format!("note: {only} --take-over {id}\n"));
    // A promotion would be refused, so each message names another command.
    ben.smp(&["promote", "--yes", "--commit", deploy.nth(5)])
        .exits(1)
        .says(&format!("hint: {only} --take-over {id}\n"));
    ben.smp(&["stage", "--fix", "--yes"])
        .exits(1)
        .says(&format!("hint: {only} --take-over {id}\n"));
    let taken = ["promote", "--take-over", &id, "--commit", deploy.nth(5)];
    ben.smp(&[&taken[..], &["--yes"]].concat())
        .exits(1)
        .says(&format!(
            "hint: deploy a fix: git smp stage --fix --take-over {id}\n"
        ));
    ben.smp(&["stage", "--fix", "--yes", "--take-over", &id])
        .ok()
        .says("this deploy takes its place on the record");
    assert_eq!(candidate(&deploy), deploy.nth(6));
    drop(gate);
}

#[test]
fn anybody_may_fix_anybodys_candidate() {
    let (deploy, [_, fix]) = with_a_fix();
    let ben = bens_clone(&deploy);
    let mine = own(&deploy, &ben);
    deploy
        .runner()
        .cwd(&ben)
        .smp(&["stage", "--fix", "--pick", &fix, "--yes"])
        .ok();
    assert_eq!(own(&deploy, &ben), mine);
    let last = format!(
        "Ben staged the fix {} on staging",
        short(&candidate(&deploy))
    );
    assert_eq!(sentences(&deploy).pop().unwrap(), last);
    // The proposer sees it, although the commit was made in another clone.
    deploy
        .smp(&["status"])
        .ok()
        .prints_among(&format!("candidate   {}", short(&candidate(&deploy))));
    deploy.smp(&["signoff", "--by", "Rosi"]).ok();
    deploy
        .smp(&["promote", "--yes", "--commit", &candidate(&deploy)])
        .ok();
}

#[test]
fn a_pick_whose_subject_acts_on_terminals_is_shown_harmless() {
    let deploy = ready(
        World::deploy_like()
            .without_pages()
            .toml(crate::record::RECORD),
    );
    deploy.smp(&["propose", "--yes"]).ok();
    let first = merged(&deploy, "Say \u{1b}[31mred\u{202e}der", "one");
    merged(&deploy, "Say \u{9b}2J", "two");
    is_harmless(deploy.smp(&["stage", "--fix", "--yes"]).exits(1));
    is_harmless(
        deploy
            .smp(&["stage", "--fix", "--yes", "--pick", &first])
            .ok(),
    );
}
