//! Decisions, one row each: facts in, steps or a refusal out.

mod announced;
mod frozen;
mod gone_back;
mod rolled_back;
mod staged;

use std::collections::HashMap;
use std::slice;

use crate::core::config::{DeployBy, PageCheck, PlatformApp, Running};
use crate::core::decide::*;
use crate::core::record::{
    Candidate, Deploying, Goal, Held, Kind, Person, SignOff, State, Telling, Verdict,
};
use crate::core::refusal::{Refusal, RefusalCode};
use crate::core::typed::Typed;
use crate::core::words::{Commit, EventId, Relation, ReleaseStatus};

pub fn id(digit: char) -> CommitId {
    CommitId::parse(&digit.to_string().repeat(40)).unwrap()
}

pub fn environment(name: &str) -> Environment {
    Environment {
        check: Vec::new(),
        name: name.into(),
        is_branch: false,
        by_merge: false,
        url: format!("https://git.example.com/{name}.git"),
        remote: name.into(),
        branch: "main".into(),
        site: None,
        promotes: (name != "staging").then(|| "staging".into()),
        deploy: DeployBy::Push,
        running: Running::default(),
    }
}

/// An environment that runs `running` and whose newer branch is at `branch`.
pub fn seen(name: &str, running: char, branch: char) -> Observed {
    Observed {
        environment: name.into(),
        source: Source::Page,
        running: Ok(Some(id(running))),
        branch: Some(Ok(Branch::At(id(branch)))),
        drift: (running != branch).then_some(Relation::Ahead),
        page: None,
        cached: None,
        releases: None,
        doubt: None,
        platform: None,
        by_pipeline: false,
        by_merge: false,
        begun: false,
        confirm: Typed::smp("promote production"),
    }
}

pub fn release(version: u64, status: ReleaseStatus, commit: char) -> Release {
    Release {
        id: format!("id-{version}"),
        version,
        called: format!("v{version}"),
        status,
        current: false,
        eligible: true,
        slug: Some(format!("slug-{commit}")),
        commit: Some(id(commit)),
        created: Some(0),
        output: Typed::other(format!("see v{version}")),
    }
}

pub fn ada() -> Person {
    Person {
        name: "Ada".into(),
        email: "ada@example.com".into(),
        principal: None,
    }
}

/// A candidate `b` for production, which ran `a`, with these verdicts.
pub fn candidate(verdicts: &[Verdict]) -> Candidate {
    let said = |verdict: &Verdict| SignOff {
        by: "Rosi".into(),
        recorded_by: ada(),
        verdict: *verdict,
        note: None,
        at: 0,
        comment: None,
        over: None,
    };
    Candidate {
        id: EventId::of(1),
        commit: id('b'),
        environment: "staging".into(),
        targets: vec![Goal {
            environment: "production".into(),
            from: Some(id('a')),
            reached: false,
            astray: false,
        }],
        by: ada(),
        login: None,
        at: 0,
        date: String::new(),
        note: None,
        fixed_at: None,
        fixers: Vec::new(),
        verdicts: verdicts.iter().map(said).collect(),
        four_eyes: false,
        inquiry: None,
        elsewhere: false,
        unread: false,
    }
}

/// Somebody's announcement to bring production from `a` to `b`, or back from `b` to `a`.
pub fn announced(kind: Kind) -> State {
    let (from, to) = match kind {
        Kind::Rollback => ('b', 'a'),
        _ => ('a', 'b'),
    };
    let tells = (kind == Kind::Rollback).then(|| Telling {
        channels: Vec::new(),
        date: "2026-11-23".into(),
        targets: vec![("production".into(), Some(id(from)))],
        text: None,
    });
    State {
        deploying: Some(Deploying {
            failed: None,
            overrides: None,
            id: EventId::of(7),
            kind,
            environment: "production".into(),
            from: Some(id(from)),
            also: Vec::new(),
            to: id(to),
            unsigned: true,
            by: ada(),
            at: 0,
            tells,
            elsewhere: false,
        }),
        ..State::default()
    }
}

pub fn proposed(verdicts: &[Verdict]) -> State {
    State {
        candidate: Some(candidate(verdicts)),
        ..State::default()
    }
}

pub fn recorded(state: &State) -> Recorded<'_> {
    Recorded {
        state,
        signoff: true,
        mine: None,
        sent: false,
        announced: &[],
        take_over: None,
        now: 0,
    }
}

fn changes(relation: Relation) -> Changes {
    let commit = Commit {
        id: id('9'),
        short: "9999999".into(),
        subject: b"Fix login loop".to_vec(),
        author: "Ben".into(),
        authored: (0, 0),
        committed: 0,
    };
    let (ships, disappears) = match relation {
        Relation::Identical => (vec![], vec![]),
        Relation::Ahead => (vec![commit], vec![]),
        Relation::Behind => (vec![], vec![commit]),
        Relation::Diverged => (vec![commit.clone()], vec![commit]),
    };
    Changes {
        relation,
        ships,
        ships_merges: 0,
        disappears,
        disappears_merges: 0,
    }
}

pub fn target(environment: &Environment, observed: Observed, relation: Relation) -> Target<'_> {
    Target {
        environment,
        observed,
        changes: Some(changes(relation)),
        fast_forward: Some(true),
        held: Vec::new(),
        twins: HashMap::new(),
        couplings: None,
        given: false,
        never_ran: false,
    }
}

fn nobody() -> Asked<'static> {
    Asked {
        overrides: None,
        policy: None,
        commit: None,
        somebody_looks: false,
        again: false,
        first: false,
        now: 3 * 86_400,
        recorded: None,
        moved_on: None,
    }
}

fn somebody() -> Asked<'static> {
    Asked {
        somebody_looks: true,
        ..nobody()
    }
}

/// Returns the steps, with the number of warnings and questions if any; or the code of the refusal.
fn told(decided: Result<Plan, Refusal>) -> String {
    let plan = match decided {
        Ok(plan) => plan,
        Err(refusal) => return refusal.code.as_str().to_owned(),
    };
    let step = |step: &Step| match step {
        Step::Push { expected, .. } => {
            let at = expected.as_ref().map_or("-", |at| &at.as_str()[..1]);
            format!("push onto {at}")
        }
        Step::Release { former, .. } => format!("release v{}", former.version),
        Step::Promote(build) => format!(
            "promote {} to {}",
            build.release.called,
            build.targets.len()
        ),
        Step::Await { pushed: true, .. } => "await".to_owned(),
        Step::Await { .. } => "wait".to_owned(),
        Step::Check { pages, .. } => format!("check {}", pages.len()),
        Step::Record { lifts: None, .. } => "record".to_owned(),
        Step::Record { .. } => "record, lift".to_owned(),
        Step::Post { .. } | Step::Comment(_) => "post".to_owned(),
    };
    let (warnings, consents) = (plan.warnings.len(), plan.consents.len());
    let steps = plan.steps.iter().map(step);
    let warnings = (warnings > 0).then(|| format!("warn {warnings}"));
    let consents = (consents > 0).then(|| format!("ask {consents}"));
    let all: Vec<String> = steps.chain(warnings).chain(consents).collect();
    all.join(", ")
}

fn refusal(code: RefusalCode) -> Refusal {
    Refusal::new(code, "no answer")
}

/// Production with a branch other than `a`, where nothing runs.
fn new(branch: Branch) -> Observed {
    Observed {
        running: Ok(None),
        branch: Some(Ok(branch)),
        drift: None,
        ..seen("production", 'a', 'a')
    }
}

#[test]
fn a_promotion_from_a_staging_that_runs_b() {
    use Relation::{Ahead, Behind, Diverged, Identical};
    let production = |running, branch| seen("production", running, branch);
    let unreachable = || refusal(RefusalCode::Unreachable);
    let unknown_page = Observed {
        running: Err(unreachable()),
        ..production('a', 'a')
    };
    let unknown_branch = Observed {
        branch: Some(Err(unreachable())),
        ..production('a', 'a')
    };
    let wrong = Observed {
        branch: Some(Ok(Branch::Missing(vec!["master".into()]))),
        ..production('a', 'a')
    };
    let no_app = || new(Branch::NoApp("no such app".into()));
    let first = |asked| Asked {
        first: true,
        ..asked
    };
    let again = Asked {
        again: true,
        ..nobody()
    };
    let doubted = Observed {
        doubt: Some("declined".into()),
        source: Source::Ref,
        ..production('b', 'b')
    };
    let pending = |commit| Observed {
        releases: Some(Ok(vec![release(3, ReleaseStatus::Pending, commit)])),
        ..production('b', 'b')
    };
    for (production, relation, asked, expected) in [
        (production('a', 'a'), Ahead, nobody(), "push onto a, await"),
        (production('b', 'b'), Identical, nobody(), ""),
        // Production never loses commits, even if a person confirms.
        (production('a', 'a'), Diverged, somebody(), "diverged"),
        (production('a', 'a'), Behind, somebody(), "behind"),
        // The branch already has the commit: a push would change nothing.
        (production('a', 'b'), Ahead, nobody(), "wait, warn 1"),
        // It looks like a rollback.
        (production('a', 'c'), Ahead, nobody(), "rolled-back"),
        (
            production('a', 'c'),
            Ahead,
            again,
            "push onto c, await, warn 1",
        ),
        (
            production('a', 'c'),
            Ahead,
            somebody(),
            "push onto c, await, warn 1",
        ),
        // An unknown fact is never assumed.
        (unknown_page, Ahead, somebody(), "unreachable"),
        (unknown_branch, Ahead, somebody(), "unreachable"),
        // The first deploy creates the branch only if the remote has none, and the app only with `--first`.
        (new(Branch::Empty), Ahead, nobody(), "push onto -, await"),
        (wrong, Ahead, somebody(), "wrong-branch"),
        (no_app(), Ahead, somebody(), "no-app"),
        (
            no_app(),
            Ahead,
            first(nobody()),
            "push onto -, await, warn 1",
        ),
        (
            no_app(),
            Ahead,
            first(somebody()),
            "push onto -, await, ask 1",
        ),
        // The host said otherwise, or another deploy is in progress: then it is not done.
        (doubted.clone(), Identical, nobody(), "not-confirmed"),
        (doubted, Identical, somebody(), "ask 1"),
        (pending('c'), Identical, somebody(), "deploying"),
        (pending('b'), Identical, nobody(), ""),
    ] {
        let (staging, environment) = (environment("staging"), environment("production"));
        let story = format!("{production:?} {relation:?} {asked:?}");
        let targets = [target(&environment, production, relation)];
        let decided = promotion(&staging, &seen("staging", 'b', 'b'), &targets, &asked);
        assert_eq!(told(decided), expected, "{story}");
    }
}

#[test]
fn a_refusal_names_what_would_disappear_and_its_author() {
    let (staging, environment) = (environment("staging"), environment("production"));
    let production = target(
        &environment,
        seen("production", 'a', 'a'),
        Relation::Diverged,
    );
    let source = seen("staging", 'b', 'b');
    let report = promotion(&staging, &source, &[production], &somebody())
        .unwrap_err()
        .report;
    assert_eq!(report.error, "production has 1 commit that staging lacks");
    assert_eq!(
        report.because,
        ["99999999 \"Fix login loop\", by Ben 3 days ago, would disappear from production"]
    );
}

#[test]
fn what_staging_does_not_certainly_run_is_not_promoted() {
    let staging = environment("staging");
    let empty = Observed {
        environment: "staging".into(),
        ..new(Branch::Empty)
    };
    let named = |commit| Asked {
        commit: Some(commit),
        ..nobody()
    };
    for (source, asked, expected) in [
        (seen("staging", 'b', 'c'), somebody(), "staging-stale"),
        (empty, somebody(), "nothing-deployed"),
        (seen("staging", 'b', 'b'), named("bbbbbbb"), ""),
        (seen("staging", 'b', 'b'), named("BBBBBBBB"), ""),
        (
            seen("staging", 'b', 'b'),
            named("bbbbbbc"),
            "candidate-moved",
        ),
    ] {
        assert_eq!(told(promotion(&staging, &source, &[], &asked)), expected);
    }
}

#[test]
fn what_the_record_says_of_a_promotion_of_b() {
    use Verdict::{Block, Pass};
    let candidate_c = |verdicts: &[Verdict]| {
        let mut state = proposed(verdicts);
        state.candidate.as_mut().unwrap().commit = id('c');
        state
    };
    let from_c = {
        let mut state = proposed(&[Pass]);
        state.candidate.as_mut().unwrap().targets[0].from = Some(id('c'));
        state
    };
    let elsewhere = {
        let mut state = proposed(&[Pass]);
        state.candidate.as_mut().unwrap().targets.clear();
        state
    };
    let newer = State {
        format: 1000,
        ..State::default()
    };
    for (state, signoff, expected) in [
        (State::default(), true, "not-proposed"),
        (State::default(), false, "push onto a, await, record"),
        (proposed(&[]), true, "not-signed-off"),
        (proposed(&[]), false, "push onto a, await, record, lift"),
        (proposed(&[Pass]), true, "push onto a, await, record, lift"),
        // One block outweighs any sign-off.
        (proposed(&[Pass, Block]), true, "blocked"),
        (proposed(&[Block]), false, "blocked"),
        (candidate_c(&[Pass]), true, "candidate-moved"),
        (from_c, true, "target-moved"),
        (elsewhere, true, "target-moved"),
        (announced(Kind::Promote), false, "deploying"),
        (newer, false, "record-newer"),
    ] {
        let (staging, environment) = (environment("staging"), environment("production"));
        let production = target(&environment, seen("production", 'a', 'a'), Relation::Ahead);
        let recorded = Recorded {
            signoff,
            ..recorded(&state)
        };
        let asked = Asked {
            recorded: Some(recorded),
            ..nobody()
        };
        let decided = promotion(&staging, &seen("staging", 'b', 'b'), &[production], &asked);
        assert_eq!(told(decided), expected, "{state:?}");
    }
}

#[test]
fn what_can_be_proposed_while_staging_runs_b() {
    let mut other = proposed(&[]);
    other.candidate.as_mut().unwrap().commit = id('c');
    let over = announced(Kind::Stage);
    for (state, runs, relation, expected) in [
        (State::default(), 'a', Relation::Ahead, Ok((1, false))),
        (State::default(), 'b', Relation::Identical, Ok((0, false))),
        (State::default(), 'a', Relation::Diverged, Err("diverged")),
        (proposed(&[]), 'a', Relation::Ahead, Ok((1, true))),
        // An open proposal may still have a pending notification, regardless of other problems.
        (proposed(&[]), 'a', Relation::Diverged, Ok((1, true))),
        (other, 'a', Relation::Ahead, Err("candidate-open")),
        (over, 'a', Relation::Ahead, Err("deploying")),
    ] {
        let (staging, environment) = (environment("staging"), environment("production"));
        let targets = [target(
            &environment,
            seen("production", runs, runs),
            relation,
        )];
        let decided = proposal(
            &staging,
            &seen("staging", 'b', 'b'),
            &targets,
            &recorded(&state),
        );
        let decided = decided.map(|proposal| (proposal.targets.len(), proposal.open));
        let decided = decided.map_err(|refusal| refusal.code.as_str());
        assert_eq!(decided, expected, "{state:?}");
    }
}

#[test]
fn whatever_moved_since_the_plan_was_shown_stops_the_push() {
    let before = seen("production", 'a', 'a');
    let unasked = Observed {
        branch: None,
        ..before.clone()
    };
    for (now, expected) in [
        (before.clone(), None),
        (unasked, None),
        (
            seen("production", 'c', 'a'),
            Some("its running commit was aaaaaaaa and is cccccccc"),
        ),
        (
            seen("production", 'a', 'c'),
            Some("its branch was aaaaaaaa and is cccccccc"),
        ),
    ] {
        let decided = unmoved(
            &before,
            &now,
            RefusalCode::TargetMoved,
            &Typed::smp("promote"),
        );
        let because = decided.err().map(|refusal| refusal.report.because.concat());
        assert_eq!(because.as_deref(), expected);
    }
}

#[test]
fn nothing_to_do_is_said_only_where_nothing_is_on_its_way() {
    let state = announced(Kind::Promote);
    for (runs, branch, ours, done) in [
        ('a', 'a', None, false),
        ('a', 'b', None, false),
        ('a', 'c', None, true),
        ('a', 'a', Some(true), false),
        ('a', 'a', Some(false), true),
    ] {
        let (production, mine) = (seen("production", runs, branch), EventId::of(7));
        let recorded = Recorded {
            mine: ours.map(|_| &mine),
            sent: ours == Some(true),
            announced: slice::from_ref(&production),
            ..recorded(&state)
        };
        let decided = recorded.nothing_on_its_way(&production, &id('a'));
        assert_eq!(decided.is_ok(), done, "{runs} {branch} {ours:?}");
        let elsewhere = recorded.nothing_on_its_way(&seen("staging", 'a', 'a'), &id('a'));
        assert!(elsewhere.is_ok(), "that is elsewhere");
    }
}

#[test]
fn what_contains_a_rolled_back_commit_ships_with_a_yes_or_with_its_revert() {
    let again = Asked {
        again: true,
        ..nobody()
    };
    let revert = Ships::TakenBack {
        by: id('d'),
        of: id('c'),
    };
    for (ships, asked, expected) in [
        (Ships::Again, nobody(), "rolled-back"),
        (Ships::Again, somebody(), "push onto a, await, ask 1"),
        (Ships::Again, again, "push onto a, await, warn 1"),
        (revert, nobody(), "push onto a, await, warn 1"),
        (Ships::Without, nobody(), "push onto a, await, warn 1"),
    ] {
        let (staging, environment) = (environment("staging"), environment("production"));
        let held = Held {
            commit: id('c'),
            by: ada(),
            at: 0,
            reason: None,
        };
        let target = Target {
            held: vec![HeldBack { held, ships }],
            ..target(&environment, seen("production", 'a', 'a'), Relation::Ahead)
        };
        let decided = promotion(&staging, &seen("staging", 'b', 'b'), &[target], &asked);
        assert_eq!(told(decided), expected);
    }
}

/// Builds an environment with a page that is checked after a deploy.
fn checked(name: &str) -> Environment {
    Environment {
        check: vec![PageCheck {
            page: format!("https://{name}.example.com/health"),
            status: None,
            contains: None,
            times: 3,
        }],
        ..environment(name)
    }
}

#[test]
fn checks_come_before_anything_is_recorded_and_are_gone_on_with() {
    let (staging, production) = (environment("staging"), checked("production"));
    let to = |state: &State, running: char| {
        let (relation, observed) = match running {
            'b' => (Relation::Identical, seen("production", 'b', 'b')),
            _ => (Relation::Ahead, seen("production", running, running)),
        };
        let targets = [target(&production, observed.clone(), relation)];
        let asked = Asked {
            recorded: Some(Recorded {
                announced: slice::from_ref(&observed),
                ..recorded(state)
            }),
            ..nobody()
        };
        told(promotion(
            &staging,
            &seen("staging", 'b', 'b'),
            &targets,
            &asked,
        ))
    };
    let mut state = proposed(&[Verdict::Pass]);
    assert_eq!(to(&state, 'a'), "push onto a, await, check 1, record, lift");
    // A run was killed during its checks, or one of them failed: the next run continues with them, and pushes nothing.
    state.deploying = announced(Kind::Promote).deploying;
    assert_eq!(to(&state, 'b'), "check 1, record, lift");
    state.deploying.as_mut().unwrap().failed = Some("it answers 503".into());
    assert_eq!(to(&state, 'b'), "check 1, record, lift");
    // A newer commit may replace the failed one.
    state.deploying.as_mut().unwrap().to = id('a');
    assert_eq!(to(&state, 'a'), "push onto a, await, check 1, record, lift");

    let target = target(&production, seen("production", 'a', 'a'), Relation::Ahead);
    let source = &seen("staging", 'b', 'b');
    let without = promotion(&staging, source, &[target], &nobody());
    assert_eq!(
        told(without),
        "push onto a, await, check 1",
        "no record is kept"
    );
}

#[test]
fn what_did_not_pass_its_checks_where_it_is_tested_is_not_put_forward() {
    let (staging, production) = (checked("staging"), environment("production"));
    let mut state = State::default();
    let decide = |state: &State| {
        let source = seen("staging", 'b', 'b');
        let target = || target(&production, seen("production", 'a', 'a'), Relation::Ahead);
        let recorded = Recorded {
            signoff: false,
            announced: slice::from_ref(&source),
            ..recorded(state)
        };
        let asked = Asked {
            recorded: Some(recorded),
            ..nobody()
        };
        let promoted = told(promotion(&staging, &source, &[target()], &asked));
        let proposed = proposal(&staging, &source, &[target()], &recorded);
        let proposed = proposed.map_or_else(|refusal| refusal.code.as_str(), |_| "put forward");
        (promoted, proposed)
    };
    assert_eq!(
        decide(&state),
        ("push onto a, await, record".into(), "put forward")
    );
    state.deploying = announced(Kind::Stage).deploying;
    let open = state.deploying.as_mut().unwrap();
    open.environment = "staging".into();
    assert_eq!(decide(&state), ("check-failed".into(), "check-failed"));
    state.deploying.as_mut().unwrap().failed = Some("it answers 503".into());
    assert_eq!(decide(&state), ("check-failed".into(), "check-failed"));
    state.deploying.as_mut().unwrap().to = id('c');
    assert_eq!(decide(&state).1, "put forward");
}
