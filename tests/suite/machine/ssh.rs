//! Environments over ssh, with a real `sshd`: a deploy from beginning to end, and every failure of the connection, the
//! key or the host.

use std::path::Path;

use crate::diff::log;
use crate::host_hooks::{HOOKS, hook, is_not_done};
use crate::promote::{begin, comes_to, deployed_once, person, promote, ready, refusal, scripted};
use crate::push::insists;
use crate::support::{Deploy, Gate, Page, Run, World};

/// Returns a world with environments over ssh, where the ref is the running commit.
fn host() -> Deploy {
    ready(World::deploy_like().over_ssh().without_pages())
}

/// Asserts that the output never reports an unknown environment as up to date.
#[track_caller]
fn is_not_up_to_date(run: &Run) {
    run.never_shows("nothing to promote")
        .never_shows("the same")
        .never_shows("up to date")
        .never_shows("done:");
}

/// Returns a world whose production runs staging's commit, so a wrong "up to date" for an unknown shows.
fn up_to_date() -> Deploy {
    let deploy = host();
    deploy.colleague_pushes(&deploy.production, deploy.nth(5));
    promote(&deploy, &[]).ok().says("nothing to promote");
    deploy
}

/// Asserts that production is unknown to every command, with these words as the reason.
#[track_caller]
fn is_unknown(deploy: &Deploy, words: &str) {
    let before = deploy.snapshot();
    is_refused(deploy, words).ok().prints_among(words);
    deploy
        .smp(&["setup", "--check"])
        .exits(1)
        .prints_among(words);
    assert_eq!(deploy.snapshot(), before);
}

/// Asserts that nothing is listed or pushed, with these words as the reason; returns the run of `status`.
#[track_caller]
fn is_refused(deploy: &Deploy, words: &str) -> Run {
    for run in [promote(deploy, &[]), deploy.smp(&["diff"])] {
        run.exits(1)
            .says("does not answer")
            .says(words)
            .says("hint: ");
        is_not_up_to_date(&run);
    }
    let status = deploy.smp(&["status"]);
    status
        .ok()
        .prints_among("unknown: the remote production does not answer");
    is_not_up_to_date(&status);
    status
}

/// Returns the number of push requests to a repository.
fn pushes(deploy: &Deploy, bare: &Path) -> usize {
    let wanted = format!("git-receive-pack '{}'", bare.display());
    deploy
        .ssh()
        .asked()
        .iter()
        .filter(|command| **command == wanted)
        .count()
}

#[test]
fn a_deploy_from_its_setup_to_its_end() {
    let deploy = World::deploy_like().over_ssh().build();
    deploy
        .smp(&["setup", "--check"])
        .exits(1)
        .says("hint: review it and agree to it: git smp setup");
    deploy.trust();
    deploy.smp(&["setup", "--check"]).ok();
    deploy
        .smp(&["status"])
        .ok()
        .prints_among("3 commits behind staging");
    let range = format!("{}..{}", deploy.nth(2), deploy.nth(5));
    deploy
        .smp(&["diff"])
        .ok()
        .prints(log(&deploy, &deploy.team, &range));

    let (before, pushed) = (deploy.snapshot(), pushes(&deploy, &deploy.production));
    let run = promote(&deploy, &[]);
    run.ok()
        .says("-----> Building")
        .says("-----> Released")
        .says("done: production runs")
        .prints("");
    assert_eq!(deploy.snapshot(), deployed_once(&deploy, &before));
    assert_eq!(pushes(&deploy, &deploy.production), pushed + 1);
    promote(&deploy, &[]).ok().says("nothing to promote");
    assert_eq!(pushes(&deploy, &deploy.production), pushed + 1);
}

#[test]
fn a_person_deploys_at_a_terminal() {
    let deploy = host();
    let before = deploy.snapshot();
    let mut terminal = person(&deploy).terminal(&["promote"]);
    terminal
        .sees("Type production to deploy: ")
        .enters("production")
        .sees("done: production runs");
    terminal.ends().ok();
    assert_eq!(deploy.snapshot(), deployed_once(&deploy, &before));
}

#[test]
fn what_is_missing_here_is_fetched() {
    let deploy = host();
    let fix = crate::diff::production_has_a_hotfix(&deploy, "Ben Hotfix", "Fix login loop");
    deploy
        .smp(&["diff"])
        .ok()
        .says("have diverged")
        .says(&format!("{} Fix login loop, by Ben Hotfix", &fix[..7]));
}

#[test]
fn a_failed_build_is_told_in_the_hosts_own_words() {
    let deploy = host();
    let before = deploy.snapshot();
    deploy.hook(
        &deploy.production,
        "pre-receive",
        "cat >/dev/null; echo ' !     Push rejected'; exit 1",
    );
    promote(&deploy, &[])
        .exits(1)
        .says("!     Push rejected")
        .says("error: production declined");
    assert_eq!(deploy.snapshot(), before);
}

// facts 11: the wrong cause reported.
#[test]
fn a_key_that_is_not_let_in_is_told_as_such() {
    let deploy = up_to_date();
    deploy.ssh().lets_nobody_in();
    is_unknown(&deploy, "Permission denied (publickey)");
    assert_eq!(refusal(&deploy), "unreachable");
    deploy.ssh().lets_in();
    promote(&deploy, &[]).ok().says("nothing to promote");
}

#[test]
fn a_key_that_may_only_read_sends_nothing() {
    let deploy = host();
    let before = deploy.snapshot();
    deploy.ssh().lets_nobody_push();
    let run = promote(&deploy, &[]);
    run.exits(1)
        .says("nothing was sent to production")
        .says("this key may not push here")
        .says("hint: ");
    is_not_up_to_date(&run);
    assert_eq!(deploy.snapshot(), before);
    deploy.ssh().lets_in();
    promote(&deploy, &[]).ok();
    assert_eq!(deploy.snapshot(), deployed_once(&deploy, &before));
}

// Safety 4.4, "ssh refused", and a host that accepts connections and never answers.
#[test]
fn a_host_that_answers_nothing_is_unknown() {
    let deploy = up_to_date();
    deploy.ssh().falls_silent();
    is_unknown(&deploy, "timed out");
}

#[test]
fn a_host_with_another_key_than_before_is_not_talked_to() {
    let deploy = up_to_date();
    let asked = deploy.ssh().asked().len();
    deploy.ssh().becomes_somebody_else(&deploy);
    is_refused(&deploy, "REMOTE HOST IDENTIFICATION HAS CHANGED");
    assert_eq!(deploy.ssh().asked().len(), asked);
}

// ssh frames a long message, whose result is its last line.
#[test]
fn a_host_with_another_key_is_told_as_such_wherever_there_is_room_for_one_line() {
    let deploy = host();
    deploy.ssh().becomes_somebody_else(&deploy);
    deploy
        .smp(&["status"])
        .ok()
        .prints_among("is not the one that you confirmed")
        .never_shows("@@@@");
    deploy
        .smp(&["diff"])
        .exits(1)
        .says("because: Host key verification failed");
}

#[test]
fn a_host_with_another_key_is_asked_about_first_and_then_the_hint_forgets_the_old_one() {
    let deploy = up_to_date();
    deploy.ssh().becomes_somebody_else(&deploy);
    let run = promote(&deploy, &[]);
    run.exits(1)
        .says("is not the one that you confirmed: it was changed, or another machine answers")
        .says("hint: ask the host's administrators whether they changed its key; only if they did: ssh-keygen ");
    let (_, command) = run.stderr.rsplit_once("only if they did: ").unwrap();
    let (forget, confirm) = command.trim().split_once(" && ").unwrap();
    assert!(confirm.starts_with("ssh -T -p "), "{confirm}");
    deploy.runner().program("sh", &["-c", forget]).ok();
    promote(&deploy, &[])
        .exits(1)
        .says("hint: look at its key and confirm it: ssh -T -p ");
}

/// Holds the host at a gate in this hook of production during the push.
fn held_in(deploy: &Deploy, hook: &str, when: &str) -> Gate {
    let gate = Gate::new(deploy, hook);
    let script = format!(
        "{when} && while read -r old new ref; do\n[ $ref != refs/heads/master ] || {}\ndone",
        gate.line()
    );
    deploy.hook(&deploy.production, hook, &format!("{script}\nexit 0"));
    gate
}

// F-PUSH-2; facts 11: a cut connection during the push.
#[test]
fn a_connection_that_is_cut_after_the_push_was_taken_is_looked_into() {
    let deploy = host();
    let before = pushes(&deploy, &deploy.production);
    let gate = held_in(&deploy, "reference-transaction", "[ $1 = committed ]");
    let run = begin(&deploy, &[]);
    gate.reached();
    assert_eq!(deploy.master(&deploy.production), deploy.nth(5));
    deploy.ssh().cuts();
    run.finish().ok().says("done: production runs");
    gate.open();
    promote(&deploy, &[]).ok().says("nothing to promote");
    assert_eq!(pushes(&deploy, &deploy.production), before + 1);
}

// With a page: the host never began its release.
#[test]
fn a_push_that_was_taken_and_not_released_when_its_connection_was_cut_is_not_live() {
    let deploy = ready(World::deploy_like().over_ssh());
    let before = pushes(&deploy, &deploy.production);
    let gate = held_in(&deploy, "reference-transaction", "[ $1 = committed ]");
    let run = begin(&deploy, &["--timeout", "1"]);
    gate.reached();
    deploy.ssh().cuts();
    run.finish()
        .exits(4)
        .says("error: pushed, but not live")
        .says("hint: to continue: ");
    gate.open();
    deploy.web.set("/production", Page::commit(deploy.nth(5)));
    promote(&deploy, &[]).ok().says("nothing to promote");
    assert_eq!(pushes(&deploy, &deploy.production), before + 1);
}

// F-PUSH-2 and F-KILL-3: the build continues without its connection.
#[test]
fn a_connection_that_is_cut_during_the_build_is_no_end_of_it() {
    let deploy = host();
    let before = pushes(&deploy, &deploy.production);
    let gate = held_in(&deploy, "pre-receive", ":");
    let run = begin(&deploy, &["--timeout", "1"]);
    gate.reached();
    deploy.ssh().cuts();
    run.finish()
        .exits(4)
        .says("the result of the push")
        .says("the host may still be building");
    // Nothing is pushed again while the build may still run.
    promote(&deploy, &["--timeout", "1"])
        .exits(4)
        .says("its result is unknown");
    assert_eq!(refusal(&deploy), "push-in-flight");
    gate.open();
    comes_to(&deploy, &deploy.production, deploy.nth(5));
    promote(&deploy, &[]).ok().says("nothing to promote");
    assert_eq!(pushes(&deploy, &deploy.production), before + 1);
}

// F-KILL-2
#[test]
fn ctrl_c_twice_leaves_the_push_to_the_host() {
    let deploy = host();
    let before = pushes(&deploy, &deploy.production);
    let gate = held_in(&deploy, "pre-receive", ":");
    let mut terminal = person(&deploy).terminal(&scripted(&deploy, &[]));
    gate.reached();
    terminal.ctrl_c().sees("the push cannot be stopped");
    insists(&mut terminal);
    terminal.ends().exits(4).says("error: interrupted while");
    gate.open();
    comes_to(&deploy, &deploy.production, deploy.nth(5));
    promote(&deploy, &[]).ok().says("nothing to promote");
    assert_eq!(pushes(&deploy, &deploy.production), before + 1);
}

#[test]
fn behind_ssh_git_says_of_a_hook_what_it_says_on_a_path() {
    for (text, mode, error, words) in [HOOKS[0], HOOKS[1], HOOKS[3]] {
        let deploy = ready(World::deploy_like().over_ssh().without_pages());
        hook(&deploy, "post-receive", text, mode);
        is_not_done(&deploy, error, words);
    }
}

// The tests' user's login shell runs the commands, and most shells then read their startup files.
#[test]
fn a_shell_on_the_host_reads_no_file_of_the_machine() {
    let deploy = host();
    let noted = deploy.path("noted");
    let script = format!("echo \"$HOME\" >>'{}'\n", noted.display());
    std::fs::write(deploy.path("ssh/before"), script).unwrap();
    promote(&deploy, &[]).ok();
    let noted = std::fs::read_to_string(noted).unwrap();
    let home = deploy.path("home").display().to_string();
    assert!(
        noted.lines().count() > 1 && noted.lines().all(|noted| noted == home),
        "{noted}"
    );
}

// --- setup

#[test]
fn who_may_not_push_to_production_learns_it_from_setup_in_the_servers_own_words() {
    let deploy = World::deploy_like().over_ssh().build();
    deploy.trust();
    let before = deploy.snapshot();
    deploy.smp(&["setup", "--check"]).ok();
    deploy.ssh().turns_pushes_away_with(
        "FATAL: W any production ada DENIED by fallthru\n(or you mis-spelled the reponame)",
    );
    for args in [&["setup", "--check"][..], &["setup"]] {
        let run = deploy.smp(args);
        run.exits(1)
            .says("error: 2 checks failed")
            .prints_among("but a push from this clone would be declined");
        run.prints_among("FATAL: W any production ada DENIED by fallthru\n")
            .never_shows("correct access rights");
        run.says("hint: staging: ask for permission to push to staging, then: git smp setup\nhint: production: ask for");
    }
    deploy.smp(&["status"]).ok();
    // A promotion shows the same words.
    let run = deploy.smp(&scripted(&deploy, &[]));
    run.exits(1)
        .says("because: FATAL: W any production ada DENIED by fallthru\n")
        .never_shows("because: and the repository");
    deploy.ssh().lets_in();
    deploy.smp(&["setup", "--check"]).ok();
    assert_eq!(deploy.snapshot(), before);
}
