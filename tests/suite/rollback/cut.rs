//! Rollbacks that are interrupted, or that meet another person's deploy.

use rustix::process::Signal;

use super::*;
use crate::posts::{PRODUCT, TECHNICAL, accepted, channels, posts, sent, with_webhooks, words};
use crate::promote::comes_to;
use crate::support::Running;

/// Returns a colleague's clone.
fn ben(deploy: &Deploy) -> std::path::PathBuf {
    crate::record::bens_clone(deploy)
}

fn chatting() -> Deploy {
    let world = World::deploy_like()
        .on(Topology::Remotes)
        .toml(&format!("{RECORD}{}", channels("teams")));
    let deploy = world.after("shipped twice", ships_twice);
    deploy.web.set(TECHNICAL, accepted("teams"));
    deploy
}

#[track_caller]
fn put_back_and_told_once(deploy: &Deploy) {
    deploy.ran([2, 4, 5, 4]);
    let chain = deploy.chain();
    let event = chain.only("rolled-back");
    assert_eq!(
        (event.field("From"), event.field("Text")),
        (deploy.nth(5), "Maps are empty.")
    );
    chain.only("rolling-back");
    assert!(chain.state["deploying"].is_null());
    assert_eq!(sent(deploy, TECHNICAL).len(), 1);
}

#[test]
fn killed_during_the_push_it_goes_on_when_the_push_has_landed() {
    let deploy = chatting();
    let args = scripted(&deploy, 4, &["--reason", "Maps are empty."]);
    let gate = Gate::new(&deploy, "build");
    deploy.hook(&deploy.production, "pre-receive", &gate.line());
    let mut run = deploy.runner().directly().start(&args);
    gate.reached();
    run.signal(Signal::KILL);
    run.finish().exits(128 + 9);
    // It is not repeated while its result is unknown.
    let impatient = scripted(
        &deploy,
        4,
        &["--reason", "Maps are empty.", "--timeout", "1"],
    );
    posts(&deploy, &impatient)
        .exits(4)
        .says("its result is unknown");
    gate.open();
    comes_to(&deploy, &deploy.production, deploy.nth(4));
    posts(&deploy, &args).ok().says("done: on record");
    posts(&deploy, &args).ok().says("nothing to roll back");
    put_back_and_told_once(&deploy);
}

#[test]
fn killed_during_the_wait_it_goes_on_with_the_wait() {
    let deploy = chatting();
    let args = scripted(&deploy, 4, &["--reason", "Maps are empty."]);
    deploy.web.set("/production", Page::commit(deploy.nth(5)));
    let mut run = deploy.runner().directly().start(&args);
    comes_to(&deploy, &deploy.production, deploy.nth(4));
    let asked = deploy.web.asked_for("/production").len();
    deploy.web.is_asked_for("/production", asked + 2);
    run.signal(Signal::KILL);
    run.finish().exits(128 + 9);
    deploy
        .web
        .set("/production", Page::deployed(&deploy.production));
    // Without a named commit it is this one, too, because this clone has announced it.
    deploy
        .smp(&["rollback", "-n"])
        .ok()
        .never_shows(short(deploy.nth(2)));
    posts(&deploy, &args).ok().says("done: on record");
    posts(&deploy, &args).ok().says("nothing to roll back");
    put_back_and_told_once(&deploy);
}

#[test]
fn without_a_record_the_run_that_sees_its_end_tells_it() {
    let deploy = shipped(World::deploy_like().toml(&channels("teams")));
    deploy.web.set(TECHNICAL, accepted("teams"));
    deploy.web.set("/production", Page::commit(deploy.nth(5)));
    let args = scripted(&deploy, 2, &["--reason", "Maps are empty."]);
    let mut run = deploy.runner().directly().start(&args);
    comes_to(&deploy, &deploy.production, deploy.nth(2));
    let asked = deploy.web.asked_for("/production").len();
    deploy.web.is_asked_for("/production", asked + 2);
    run.signal(Signal::KILL);
    run.finish().exits(128 + 9);
    deploy
        .web
        .set("/production", Page::deployed(&deploy.production));
    for _ in 0..2 {
        posts(&deploy, &args).ok().says("nothing to roll back");
    }
    assert_eq!(sent(&deploy, TECHNICAL).len(), 1);
    deploy.ran([2, 5, 2]);
}

/// Returns a world without a record. Its rollback from the fifth commit to the second waits at the gate during the
/// build.
#[track_caller]
fn building() -> (Deploy, Gate, Running) {
    let deploy = shipped(
        World::deploy_like()
            .on(Topology::Remotes)
            .without_pages()
            .toml(&channels("teams")),
    );
    deploy.web.set(TECHNICAL, accepted("teams"));
    let gate = Gate::new(&deploy, "build");
    deploy.hook(&deploy.production, "pre-receive", &gate.line());
    let run = with_webhooks(&deploy).directly().start(&scripted(
        &deploy,
        2,
        &["--reason", "Maps are empty."],
    ));
    gate.reached();
    (deploy, gate, run)
}

/// Asserts that after the build the post is that of the first run.
#[track_caller]
fn lands_and_nothing_is_lost(deploy: &Deploy) {
    let args = scripted(deploy, 2, &["--reason", "Maps are empty."]);
    for _ in 0..2 {
        posts(deploy, &args).ok().says("nothing to roll back");
    }
    let told = sent(deploy, TECHNICAL);
    assert_eq!(told.len(), 1);
    let text = words(&told[0]);
    assert!(
        text.contains(&format!(
            "Version {} was rolled back to {}",
            short(deploy.nth(5)),
            short(deploy.nth(2))
        )),
        "{text}"
    );
    assert!(text.contains("Maps are empty."), "{text}");
    deploy.ran([2, 5, 2]);
}

// For any target of a later run: the first run's note is not its own.
#[test]
fn a_run_that_finds_production_moved_takes_no_earlier_ones_note_away() {
    for to in [2, 4] {
        let (deploy, gate, mut run) = building();
        run.signal(Signal::KILL);
        run.finish().exits(128 + 9);
        let mut terminal = with_webhooks(&deploy).directly().terminal(&[
            "rollback",
            "--to",
            deploy.nth(to),
            "--reason",
            "Maps are empty.",
        ]);
        terminal
            .sees("its result is unknown")
            .sees("Type production to roll back: ");
        gate.open();
        comes_to(&deploy, &deploy.production, deploy.nth(2));
        terminal.enters("production");
        terminal
            .ends()
            .exits(4)
            .says("an earlier push from this clone brought ");
        lands_and_nothing_is_lost(&deploy);
    }
}

#[test]
fn a_run_beside_another_one_takes_no_note_of_it_away() {
    for to in [2, 4] {
        let (deploy, gate, mut run) = building();
        let mut terminal = with_webhooks(&deploy).directly().terminal(&[
            "rollback",
            "--to",
            deploy.nth(to),
            "--reason",
            "Maps are empty.",
        ]);
        terminal
            .sees("Type production to roll back: ")
            .enters("production");
        terminal
            .ends()
            .exits(1)
            .says("another git smp is deploying from this clone");
        run.signal(Signal::KILL);
        run.finish().exits(128 + 9);
        gate.open();
        comes_to(&deploy, &deploy.production, deploy.nth(2));
        lands_and_nothing_is_lost(&deploy);
    }
}

#[test]
fn without_a_record_no_second_run_tells_of_a_rollback_that_the_first_is_telling_of() {
    let deploy = shipped(World::deploy_like().toml(&channels("teams")));
    deploy.web.set("/production", Page::commit(deploy.nth(5)));
    deploy.web.set(TECHNICAL, Page::silence());
    let reason = ["--reason", "Maps are empty."];
    let args = scripted(&deploy, 2, &reason);
    let mut first = with_webhooks(&deploy).directly().start(&args);
    comes_to(&deploy, &deploy.production, deploy.nth(2));
    let args = [&["rollback", "--to", deploy.nth(2)], reason.as_slice()].concat();
    let mut second = with_webhooks(&deploy).directly().terminal(&args);
    second.sees("Type production to roll back: ");
    deploy.web.set("/production", Page::commit(deploy.nth(2)));
    deploy.web.is_asked_for(TECHNICAL, 1);
    second.enters("production");
    second
        .ends()
        .exits(1)
        .says("another git smp is deploying from this clone");
    first.signal(Signal::KILL);
    first.finish().exits(128 + 9);
    assert_eq!(sent(&deploy, TECHNICAL).len(), 1);
}

#[test]
fn broken_notes_of_earlier_versions_fail_no_promotion() {
    let deploy = chatting();
    deploy.web.set(PRODUCT, accepted("teams"));
    deploy.colleague_pushes(&deploy.staging, deploy.nth(6));
    for old in ["rollbacks", "posts"] {
        std::fs::write(deploy.work.join(".git/smp").join(old), "{ what is this").unwrap();
    }
    let promotion = [
        "promote",
        "--yes",
        "--commit",
        deploy.nth(6),
        "--summary",
        "- Layers by name",
    ];
    posts(&deploy, &promotion)
        .ok()
        .says("done: production runs")
        .says("accepted the post to the product channel");
    posts(&deploy, &promotion).ok().says("nothing to promote");
    assert_eq!(sent(&deploy, PRODUCT).len(), 1);
    assert_eq!(
        deploy
            .chain()
            .all("promoted")
            .last()
            .unwrap()
            .field("Commit"),
        deploy.nth(6)
    );
}

#[test]
fn ctrl_c_before_the_push_puts_nothing_back_and_leaves_nothing_open() {
    let deploy = recorded(World::deploy_like().without_pages().ref_by_ref());
    let before = without_record(deploy.snapshot());
    let gate = Gate::new(&deploy, "event");
    let once = deploy.path("event.once");
    let script = format!(
        "if mkdir '{}' 2>/dev/null; then {}; fi",
        once.display(),
        gate.line()
    );
    deploy.hook(&deploy.main, "post-receive", &script);
    let mut terminal = person(&deploy).terminal(&["rollback"]);
    terminal
        .sees("Type production to roll back: ")
        .enters("production")
        .sees("Reason for the rollback, for the team")
        .enters("");
    gate.reached();
    terminal.ctrl_c();
    terminal.ends().exits(3).says("nothing was pushed");
    let chain = deploy.chain();
    assert_eq!(
        chain.only("ended").field("Intent"),
        chain.only("rolling-back").id
    );
    assert_eq!(without_record(deploy.snapshot()), before);
    says_yes(&deploy, &["rollback"]).ok();
    deploy.chain().only("rolled-back");
}

#[test]
fn of_two_at_once_one_puts_it_back() {
    let deploy = recorded(World::deploy_like().without_pages().ref_by_ref());
    let folder = ben(&deploy);
    let gate = Gate::new(&deploy, "both");
    let tip = deploy.refs(&deploy.main)["refs/smp/record"].clone();
    let script = format!(
        "while read -r old new ref; do [ $old != {tip} ] || {}; done",
        gate.line()
    );
    deploy.hook(&deploy.main, "pre-receive", &script);
    let args = scripted(&deploy, 4, &[]);
    let runs =
        [&deploy.work, &folder].map(|folder| deploy.runner().cwd(folder).directly().start(&args));
    (0..2).for_each(|_| gate.reached());
    (0..2).for_each(|_| gate.open());
    let mut runs = runs.map(crate::support::Running::finish);
    runs.sort_by_key(|run| run.code);
    runs[0].ok();
    runs[1].exits(1).says("error: ");
    deploy.ran([2, 4, 5, 4]);
    let chain = deploy.chain();
    chain.only("rolled-back");
    assert!(chain.state["deploying"].is_null());
    // The second person has nothing left to do or to post.
    for folder in [&deploy.work, &folder] {
        deploy
            .runner()
            .cwd(folder)
            .smp(&args)
            .ok()
            .says("nothing to roll back")
            .prints("");
    }
}

#[test]
fn of_two_at_once_without_a_record_one_puts_it_back() {
    let deploy = shipped(World::deploy_like().without_pages());
    let folder = ben(&deploy);
    let gate = Gate::new(&deploy, "both");
    deploy.hook(&deploy.production, "pre-receive", &gate.line());
    let args = scripted(&deploy, 2, &[]);
    let runs =
        [&deploy.work, &folder].map(|folder| deploy.runner().cwd(folder).directly().start(&args));
    (0..2).for_each(|_| gate.reached());
    (0..2).for_each(|_| gate.open());
    let codes: Vec<i32> = runs.into_iter().map(|run| run.finish().code).collect();
    // Both have the same target, so the branch is right for both.
    assert!(
        codes.contains(&0) && codes.iter().all(|code| [0, 1].contains(code)),
        "{codes:?}"
    );
    deploy.ran([2, 5, 2]);
}

#[test]
fn while_somebody_elses_promotion_is_announced_nothing_is_put_back() {
    let deploy = recorded(World::deploy_like().without_pages().ref_by_ref());
    let folder = ben(&deploy);
    deploy.colleague_pushes(&deploy.staging, deploy.nth(6));
    let gate = Gate::new(&deploy, "build");
    deploy.hook(&deploy.production, "pre-receive", &gate.line());
    let bens = deploy.runner().cwd(&folder).directly();
    let mut promotion = bens.start(&[
        "promote",
        "--yes",
        "--commit",
        deploy.nth(6),
        "--timeout",
        "20",
    ]);
    gate.reached();
    let before = deploy.snapshot();
    let run = rolls_back(&deploy, 4, &[]);
    run.exits(1).says(&format!(
        "Ben began to promote {} to production just now",
        short(deploy.nth(6))
    ));
    let chain = deploy.chain();
    let id = chain.events.last().unwrap().id.clone();
    let hint = format!(
        "git smp rollback production --to {} --take-over {id}",
        short(deploy.nth(4))
    );
    run.says(&hint);
    assert_eq!(deploy.snapshot(), before);

    // A dead run can be put aside.
    promotion.signal_group(Signal::KILL);
    promotion.finish();
    deploy.hook(&deploy.production, "pre-receive", "cat >/dev/null");
    let run = rolls_back(&deploy, 4, &["--take-over", &id]);
    run.ok().says("this deploy takes its place on the record");
    assert_eq!(deploy.master(&deploy.production), deploy.nth(4));
    assert_eq!(deploy.chain().only("rolling-back").field("Over"), id);
    drop(gate);
}

#[test]
fn while_a_rollback_is_announced_nobody_promotes() {
    let deploy = recorded(World::deploy_like().without_pages().ref_by_ref());
    let folder = ben(&deploy);
    deploy.colleague_pushes(&deploy.staging, deploy.nth(6));
    let gate = Gate::new(&deploy, "build");
    deploy.hook(&deploy.production, "pre-receive", &gate.line());
    let rollback = deploy.runner().directly().start(&scripted(&deploy, 4, &[]));
    gate.reached();
    let run = deploy
        .runner()
        .cwd(&folder)
        .smp(&["promote", "--yes", "--commit", deploy.nth(6)]);
    run.exits(1).says(&format!(
        "Ada Example began to roll back to {} on production",
        short(deploy.nth(4))
    ));
    gate.open();
    rollback.finish().ok();
    deploy.ran([2, 4, 5, 4]);
}
