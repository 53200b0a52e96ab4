//! Decisions, one row each: facts in, steps or a refusal out.

mod announced;
mod checked;
mod frozen;
mod gone_back;
mod promoted;
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
        last: None,
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
            signed_off_by: Vec::new(),
            given_up: false,
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
        printed: None,
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
