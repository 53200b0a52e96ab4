//! `git smp stage`: a commit of the main repository is deployed to staging, with or without a record.

mod fix;

use crate::diff::fetching::cut_off;
use crate::promote::{person, ready};
use crate::record::{
    RECORD, events, is_harmless, next, proposed, recorded, recorded_like, sentences, short, trailer,
};
use crate::sample::sample;
use crate::support::{Deploy, Gate, Page, Topology, World, topologies};

/// Returns a world without a record, where the ref is the running commit.
#[track_caller]
fn plain() -> Deploy {
    ready(World::deploy_like().without_pages())
}

/// Deploys a colleague's unmerged commit to staging and returns its hash.
#[track_caller]
fn staging_has_its_own(deploy: &Deploy) -> String {
    deploy.git(&deploy.team, &["checkout", "-q", "--detach", deploy.nth(4)]);
    let own = deploy.commit_files(&deploy.team, "Try something", &[("try", "it\n")]);
    deploy.colleague_pushes(&deploy.staging, &own);
    own
}

// --- without a record

#[test]
fn the_tip_of_the_main_branch_comes_to_staging_and_is_seen_to_run() {
    let deploy = ready(World::deploy_like());
    let before = deploy.snapshot();
    let run = deploy.smp(&["stage", "--yes"]);
    run.ok()
        .prints("")
        .says("Deploy to staging")
        .says("Sort layers by name (#427)")
        .says("-----> Building");
    let [new, old] = [6, 5].map(|nth| short(deploy.nth(nth)).to_owned());
    run.says(&format!("1. push {new} to {} (", deploy.goes_to("staging")));
    run.says(&format!(" must still be at {old})\n"))
        .says(&format!("2. wait until staging reports {new}\n"))
        .says(&format!("done: staging runs {new}\n"))
        .never_shows("record");
    let mut after = before;
    *deploy.branch_in(&mut after, &deploy.staging) = deploy.nth(6).into();
    let staging = after.get_mut("staging.git").unwrap();
    staging
        .get_mut("deploys")
        .unwrap()
        .push_str(&format!("{}\n", deploy.nth(6)));
    assert_eq!(deploy.snapshot(), after);
    assert_eq!(
        deploy.web.asked_for("/staging").len(),
        3,
        "for the plan, before the push, and after it"
    );
    // There is nothing left to do.
    deploy
        .smp(&["stage", "--yes"])
        .ok()
        .says(&format!("staging already runs {new}: nothing to deploy\n"));
    deploy.smp(&["stage"]).ok().never_shows("terminal");
    assert_eq!(deploy.smp(&["stage", "-q"]).ok().stderr, "");
    assert_eq!(deploy.snapshot(), after);
}

#[test]
fn a_commit_may_be_named_in_every_way_that_git_knows() {
    let deploy = plain();
    deploy.colleague_pushes(&deploy.staging, deploy.nth(1));
    deploy.git(
        &deploy.work,
        &["tag", "-a", "v4", "-m", "four", deploy.nth(4)],
    );
    for (name, nth) in [
        (&deploy.nth(2)[..9], 2),
        ("upstream/master~3", 3),
        ("v4", 4),
        ("@~1", 5),
        (deploy.nth(6), 6),
    ] {
        deploy.smp(&["stage", "-q", "-y", name]).ok();
        assert_eq!(deploy.master(&deploy.staging), deploy.nth(nth), "{name}");
    }
    let before = deploy.snapshot();
    for wrong in ["nosuch", "0000000", "", "HEAD:LOG", "a\u{1b}[31mb"] {
        let run = deploy.smp(&["stage", "-y", wrong]);
        run.exits(2)
            .prints("")
            .says("names no commit in this clone")
            .says("hint: if it is on a remote: git fetch --all\n");
        is_harmless(&run);
    }
    deploy
        .smp(&["stage", "-y", "--force"])
        .exits(2)
        .says("unexpected argument");
    deploy.smp(&["stage", "-y", "--timeout", "0"]).exits(2);
    deploy
        .smp(&["stage", "--pick", "HEAD"])
        .exits(2)
        .says("--fix");
    assert_eq!(deploy.snapshot(), before);
}

#[test]
fn a_dry_run_and_a_missing_terminal_deploy_nothing() {
    let deploy = plain();
    let before = deploy.snapshot();
    deploy
        .smp(&["stage", "-n"])
        .ok()
        .prints("")
        .says("This will")
        .says("Sort layers by name (#427)");
    deploy.smp(&["stage", "-n", "-y"]).ok().says("This will");
    let run = deploy
        .runner()
        .stdin("y\n")
        .smp(&["stage", "upstream/master~0"]);
    run.exits(1)
        .says("error: this needs a confirmation, and there is no terminal")
        .says("because: ");
    run.says("hint: if the answer is yes: git smp stage upstream/master~0 --yes\n");
    assert_eq!(deploy.snapshot(), before);
}

#[test]
fn at_the_terminal_only_y_means_yes() {
    let deploy = plain();
    let before = deploy.snapshot();
    let question = format!("Deploy {} to staging? [y/N] ", short(deploy.nth(6)));
    for keys in ["\r", "staging\r", "\u{4}"] {
        let mut terminal =
            person(&deploy).terminal(&["stage", if keys == "\r" { "-q" } else { "-v" }]);
        terminal.sees("This will").sees(&question).types(keys);
        let run = terminal.ends();
        assert_eq!(
            run.exits(3)
                .stderr
                .contains("not deployed; no environment was changed"),
            keys != "\r",
            "{run}"
        );
        assert_eq!(deploy.snapshot(), before, "after {keys:?}");
    }
    let mut terminal = person(&deploy).terminal(&["stage"]);
    terminal
        .sees(&question)
        .enters("y")
        .sees("done: staging runs");
    terminal.ends().ok();
    assert_eq!(
        deploy.deploys(&deploy.staging),
        [deploy.nth(5), deploy.nth(6)]
    );
}

#[test]
fn a_staging_that_moves_while_the_question_is_open_is_not_pushed_to() {
    let deploy = recorded();
    let mut terminal = person(&deploy).terminal(&["stage"]);
    terminal.sees("[y/N] ");
    deploy.colleague_pushes(&deploy.staging, deploy.nth(4));
    terminal.enters("y");
    terminal
        .ends()
        .exits(1)
        .says("staging changed after the plan was shown, so this run stopped")
        .says("git smp stage");
    assert_eq!(
        deploy.deploys(&deploy.staging),
        [deploy.nth(5), deploy.nth(4)]
    );
}

#[test]
fn a_colleague_who_pushes_during_the_build_wins() {
    let deploy = plain();
    let gate = Gate::new(&deploy, "build");
    let script = format!(
        "while read -r old new ref; do [ $new != {} ] || {}; done",
        deploy.nth(6),
        gate.line()
    );
    deploy.hook(&deploy.staging, "pre-receive", &script);
    let run = deploy.runner().directly().start(&["stage", "--yes"]);
    gate.reached();
    deploy.colleague_pushes(&deploy.staging, deploy.nth(4));
    gate.open();
    assert_ne!(run.finish().code, 0);
    assert_eq!(
        deploy.deploys(&deploy.staging),
        [deploy.nth(5), deploy.nth(4)]
    );
}

#[test]
fn what_staging_would_lose_a_person_may_agree_to_and_a_script_may_not() {
    for deploy in sample(1, [plain(), recorded()]) {
        let own = staging_has_its_own(&deploy);
        let before = deploy.snapshot();
        let run = deploy.smp(&["stage", "--yes"]);
        let story = format!(
            "1 commit would disappear from staging, because {} does not contain it",
            short(deploy.nth(6))
        );
        run.exits(1)
            .says(&format!("error: {story}\n"))
            .says(&format!("because: {} \"Try something\"", short(&own)));
        run.says(&format!(
            "hint: run it in a terminal, without --yes: git smp stage {}\n",
            short(deploy.nth(6))
        ));
        assert_eq!(deploy.snapshot(), before);
        deploy
            .smp(&["stage", "-n"])
            .ok()
            .says(&format!("warning: {story}\n"));
        let mut terminal = person(&deploy).terminal(&["stage"]);
        terminal
            .sees(&format!("warning: {story}"))
            .sees("[y/N] ")
            .enters("y")
            .sees("done: staging runs");
        terminal.ends().ok();
        assert_eq!(
            deploy.deploys(&deploy.staging),
            [deploy.nth(5), &own, deploy.nth(6)]
        );
    }
}

#[test]
fn an_older_commit_takes_staging_back_with_a_persons_yes_only() {
    let deploy = plain();
    let hint = format!(
        "hint: run it in a terminal, without --yes: git smp stage {}\n",
        short(deploy.nth(3))
    );
    deploy
        .smp(&["stage", "--yes", deploy.nth(3)])
        .exits(1)
        .says("2 commits would disappear from staging")
        .says(&hint);
    let mut terminal = person(&deploy).terminal(&["stage", deploy.nth(3)]);
    terminal
        .sees("2 commits would disappear")
        .sees("[y/N] ")
        .enters("yes");
    terminal.ends().ok();
    assert_eq!(deploy.master(&deploy.staging), deploy.nth(3));
}

#[test]
fn what_is_on_no_main_branch_is_warned_of() {
    let deploy = plain();
    let own = deploy.commit_files(&deploy.work, "Not merged yet", &[("draft", "x\n")]);
    let words = format!(
        "warning: {} is not on upstream/master: it was not merged, or the branch was rewritten",
        short(&own)
    );
    deploy.smp(&["stage", "HEAD", "--yes"]).ok().says(&words);
    assert_eq!(deploy.master(&deploy.staging), own);
}

#[test]
fn staging_may_be_broken_and_that_is_what_a_deploy_mends() {
    for topology in topologies() {
        let deploy = ready(World::deploy_like().on(topology));
        deploy.web.set("/staging", Page::body("").status(500));
        let gate = Gate::new(&deploy, "build");
        deploy.hook(
            &deploy.staging,
            "pre-receive",
            &format!("cat >/dev/null; {}", gate.line()),
        );
        let run = deploy.runner().directly().start(&["stage", "--yes"]);
        gate.reached();
        deploy.web.set("/staging", Page::deployed(&deploy.staging));
        gate.open();
        run.finish().ok().says("done: staging runs");
    }
}

#[test]
fn a_page_that_never_changes_is_pushed_but_not_live() {
    let deploy = ready(World::deploy_like().toml(RECORD));
    deploy.web.set("/staging", Page::commit(deploy.nth(5)));
    let run = deploy.smp(&["stage", "--yes", "--timeout", "1"]);
    run.exits(4)
        .says("error: pushed, but not live: staging")
        .says("hint: to continue: git smp stage --timeout 1\n");
    assert_eq!(events(&deploy), ["staging"]);
    assert_eq!(next(&deploy), "git smp stage");
    deploy.web.set("/staging", Page::deployed(&deploy.staging));
    deploy.smp(&["stage", "--yes"]).ok().says("done: on record");
    assert_eq!(events(&deploy), ["staging", "staged"]);
    assert_eq!(
        deploy.deploys(&deploy.staging),
        [deploy.nth(5), deploy.nth(6)]
    );
}

#[test]
fn a_build_that_fails_changes_nothing_and_is_taken_back_on_record() {
    for deploy in sample(1, [plain(), recorded()]) {
        deploy.hook(
            &deploy.staging,
            "pre-receive",
            "cat >/dev/null; echo 'no such buildpack'; exit 1",
        );
        let run = deploy.smp(&["stage", "--yes", "-q"]);
        run.exits(1)
            .prints("")
            .says("no such buildpack")
            .says("error: staging declined ");
        run.says("hint: correct the problem, then deploy the correction: git smp stage\n");
        let told = events(&deploy);
        assert!(told.is_empty() || told == ["staging", "ended"], "{told:?}");
        deploy.hook(&deploy.staging, "pre-receive", "cat >/dev/null");
        deploy.smp(&["stage", "--yes"]).ok();
        assert_eq!(
            deploy.deploys(&deploy.staging),
            [deploy.nth(5), deploy.nth(6)]
        );
    }
}

#[test]
fn without_the_main_repository_its_tip_is_unknown_and_a_named_commit_is_not() {
    let deploy = ready(World::deploy_like().on(Topology::Remotes).without_pages());
    cut_off(&deploy, deploy.urls()[0]);
    deploy
        .smp(&["stage", "--yes"])
        .exits(1)
        .says("error: the remote upstream does not answer")
        .says("hint: ");
    let run = deploy.smp(&["stage", "--yes", deploy.nth(6)]);
    run.ok().says(&format!(
        "warning: it is unknown whether {} is on upstream/master",
        short(deploy.nth(6))
    ));
}

#[test]
fn a_staging_that_does_not_answer_is_not_deployed_to() {
    let deploy = recorded_like(World::deploy_like().on(Topology::Remotes));
    let before = deploy.snapshot();
    cut_off(&deploy, deploy.urls()[1]);
    deploy
        .smp(&["stage", "--yes"])
        .exits(1)
        .says("error: the remote staging does not answer")
        .says("hint: ");
    assert_eq!(deploy.snapshot(), before);
}

// --- with a record

#[test]
fn with_a_record_it_is_announced_and_its_end_is_written_down() {
    let deploy = recorded();
    deploy
        .smp(&["stage", "--yes"])
        .ok()
        .says("3. record the deploy to staging\n")
        .says("done: on record\n")
        .never_shows("freeze");
    let c = short(deploy.nth(6));
    let expected = [
        format!("Ada Example began to stage {c} on staging"),
        format!("Ada Example staged {c} on staging"),
    ];
    assert_eq!(sentences(&deploy), expected);
    assert_eq!(
        [
            trailer(&deploy, "Smp-From"),
            trailer(&deploy, "Smp-Commits")
        ],
        [deploy.nth(5), "1"]
    );
    let before = deploy.snapshot();
    deploy
        .smp(&["stage", "--yes"])
        .ok()
        .says("nothing to deploy");
    assert_eq!(deploy.snapshot(), before);
}

#[test]
fn while_frozen_it_refuses_and_says_who_froze_it_when_and_why() {
    let deploy = recorded();
    deploy
        .smp(&["propose", "--yes", "--note", "Wait for Rosi, please."])
        .ok();
    let before = deploy.snapshot();
    for args in [
        &["stage", "--yes"][..],
        &["stage", "-n"],
        &["stage"],
        &["stage", "-y", deploy.nth(4)],
    ] {
        let run = deploy.smp(args);
        run.exits(1)
            .prints("")
            .says("error: staging is frozen by Ada Example\n");
        let why = format!(
            "because: Ada Example proposed {} for production just now, and it is being tested on staging\n",
            short(deploy.nth(5))
        );
        run.says(&why)
            .says("because: Ada Example says: Wait for Rosi, please.\n");
        run.says("hint: wait until the candidate is promoted, and look: git smp status\nhint: or deploy a fix of it: git smp stage --fix\nhint: or close the candidate: git smp postpone\n");
    }
    person(&deploy)
        .terminal(&["stage"])
        .ends()
        .exits(1)
        .says("staging is frozen")
        .never_shows("[y/N]");
    // Staging already runs the candidate.
    deploy
        .smp(&["stage", deploy.nth(5)])
        .ok()
        .says("nothing to deploy");
    assert_eq!(deploy.snapshot(), before);
}

#[test]
fn a_freeze_that_comes_while_the_question_is_open_counts() {
    let deploy = recorded();
    let mut terminal = person(&deploy).terminal(&["stage"]);
    terminal.sees("[y/N] ");
    deploy.smp(&["propose", "--yes"]).ok();
    let before = deploy.snapshot();
    terminal.enters("y");
    terminal
        .ends()
        .exits(1)
        .says("staging is frozen by Ada Example");
    assert_eq!(deploy.snapshot(), before);
}

#[test]
fn the_candidate_may_be_put_back_while_staging_is_frozen() {
    // A colleague moved staging back ...
    let deploy = proposed();
    deploy.smp(&["signoff", "--by", "Rosi"]).ok();
    deploy.colleague_pushes(&deploy.staging, deploy.nth(4));
    let command = next(&deploy);
    assert_eq!(command, format!("git smp stage {}", short(deploy.nth(5))));
    deploy
        .smp(&["stage", short(deploy.nth(5)), "--yes"])
        .ok()
        .says("done: on record");
    // ... and the sign-off still counts.
    assert_eq!(next(&deploy), "git smp promote");

    // A colleague moved it forward: then a commit is lost, which a person must confirm.
    deploy.colleague_pushes(&deploy.staging, deploy.nth(6));
    let hint = format!("hint: run it in a terminal, without --yes: {command}\n");
    deploy
        .smp(&["stage", short(deploy.nth(5)), "--yes"])
        .exits(1)
        .says("1 commit would disappear")
        .says(&hint);
    let mut terminal = person(&deploy).terminal(&["stage", short(deploy.nth(5))]);
    terminal
        .sees("1 commit would disappear")
        .sees("[y/N] ")
        .enters("y");
    terminal.ends().ok();
    assert_eq!(deploy.master(&deploy.staging), deploy.nth(5));
    assert_eq!(next(&deploy), "git smp promote");
    let seen = ["observed", "staging", "staged"];
    assert_eq!(events(&deploy)[3..], [seen, seen].concat());
}
