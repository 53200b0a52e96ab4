//! Decisions, each in a few lines: facts in, steps or a refusal out.

use std::collections::HashMap;

use super::*;
use crate::config::Running;
use crate::model::Relation;

fn id(digit: char) -> CommitId {
    CommitId::parse(&digit.to_string().repeat(40)).unwrap()
}

fn environment(name: &str) -> Environment {
    Environment {
        name: name.into(),
        url: format!("https://git.example.com/{name}.git"),
        remote: name.into(),
        branch: "main".into(),
        site: None,
        promotes: None,
        running: Running::Ref,
    }
}

fn seen(name: &str, running: char, branch: char) -> Observed {
    Observed {
        environment: name.into(),
        source: Source::Page,
        running: Ok(Some(id(running))),
        branch: Some(Ok(Branch::At(id(branch)))),
        drift: (running != branch).then_some(Relation::Ahead),
        page: None,
        releases: None,
        doubt: None,
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
    Changes { relation, ships, ships_merges: 0, disappears, disappears_merges: 0 }
}

/// What is decided when staging runs `b`, and production is as given.
fn decide(production: Observed, relation: Relation, asked: &Asked<'_>) -> Result<Plan, Refusal> {
    let (staging, environment) = (environment("staging"), environment("production"));
    let (changes, fast_forward) = (Some(changes(relation)), Some(true));
    let target = Target {
        environment: &environment,
        observed: production,
        changes,
        fast_forward,
        held: Vec::new(),
        twins: HashMap::new(),
    };
    promotion(&staging, &seen("staging", 'b', 'b'), &[target], asked)
}

fn nobody() -> Asked<'static> {
    Asked { commit: None, somebody_looks: false, again: false, now: 3 * 86_400, recorded: None }
}

fn somebody() -> Asked<'static> {
    Asked { somebody_looks: true, ..nobody() }
}

fn code(result: Result<Plan, Refusal>) -> RefusalCode {
    result.unwrap_err().code
}

#[test]
fn a_newer_staging_is_pushed_on_the_condition_that_was_shown_and_waited_for() {
    let plan = decide(seen("production", 'a', 'a'), Relation::Ahead, &nobody()).unwrap();
    let [Step::Push { commit, expected, .. }, Step::Await { pushed: true, .. }] = plan.steps.as_slice() else {
        unreachable!("{:?}", plan.steps)
    };
    assert_eq!((commit, expected.as_ref()), (&id('b'), Some(&id('a'))));
}

#[test]
fn what_production_runs_already_needs_nothing() {
    let plan = decide(seen("production", 'b', 'b'), Relation::Identical, &nobody()).unwrap();
    assert!(plan.steps.is_empty() && plan.warnings.is_empty());
}

#[test]
fn nothing_that_production_has_is_taken_away() {
    assert_eq!(code(decide(seen("production", 'a', 'a'), Relation::Diverged, &somebody())), RefusalCode::Diverged);
    assert_eq!(code(decide(seen("production", 'a', 'a'), Relation::Behind, &somebody())), RefusalCode::Behind);
}

#[test]
fn a_refusal_names_what_would_disappear_and_its_author() {
    let report = decide(seen("production", 'a', 'a'), Relation::Diverged, &somebody()).unwrap_err().report;
    assert_eq!(report.error, "production has 1 commit that staging lacks");
    assert_eq!(report.because, ["99999999 \"Fix login loop\", by Ben 3 days ago, would disappear from production"]);
}

#[test]
fn a_branch_that_has_the_commit_already_is_not_pushed_to_again() {
    let plan = decide(seen("production", 'a', 'b'), Relation::Ahead, &nobody()).unwrap();
    assert!(matches!(plan.steps.as_slice(), [Step::Await { pushed: false, .. }]), "{:?}", plan.steps);
    assert_eq!(plan.warnings.len(), 1);
}

#[test]
fn a_rolled_back_production_needs_somebody_who_looks() {
    assert_eq!(code(decide(seen("production", 'a', 'c'), Relation::Ahead, &nobody())), RefusalCode::RolledBack);
    let plan = decide(seen("production", 'a', 'c'), Relation::Ahead, &somebody()).unwrap();
    assert!(plan.warnings[0].contains("rolled back"), "{:?}", plan.warnings);
    assert!(matches!(&plan.steps[0], Step::Push { expected: Some(at), .. } if *at == id('c')));
}

#[test]
fn an_unknown_production_is_never_taken_for_anything() {
    let refusal = Refusal { code: RefusalCode::Unreachable, report: Report::new("no answer") };
    let page = Observed { running: Err(refusal.clone()), ..seen("production", 'a', 'a') };
    let remote = Observed { branch: Some(Err(refusal)), ..seen("production", 'a', 'a') };
    for unknown in [page, remote] {
        assert_eq!(code(decide(unknown, Relation::Ahead, &somebody())), RefusalCode::Unreachable);
    }
}

#[test]
fn the_first_deploy_makes_the_branch_but_only_where_there_is_none_at_all() {
    let empty = Observed { running: Ok(None), branch: Some(Ok(Branch::Empty)), ..seen("production", 'a', 'a') };
    let plan = decide(empty, Relation::Ahead, &nobody()).unwrap();
    assert!(matches!(&plan.steps[0], Step::Push { expected: None, .. }));
    let other = Branch::Missing(vec!["master".into()]);
    let wrong = Observed { branch: Some(Ok(other)), ..seen("production", 'a', 'a') };
    assert_eq!(code(decide(wrong, Relation::Ahead, &somebody())), RefusalCode::WrongBranch);
}

#[test]
fn a_staging_that_does_not_run_what_was_pushed_to_it_is_not_promoted() {
    let staging = environment("staging");
    let stale = promotion(&staging, &seen("staging", 'b', 'c'), &[], &somebody());
    assert_eq!(code(stale), RefusalCode::StagingStale);
    let empty = Observed { running: Ok(None), branch: Some(Ok(Branch::Empty)), ..seen("staging", 'b', 'b') };
    assert_eq!(code(promotion(&staging, &empty, &[], &somebody())), RefusalCode::NothingDeployed);
}

#[test]
fn only_the_named_commit_may_ship() {
    let staging = (environment("staging"), seen("staging", 'b', 'b'));
    let named = |hash| promotion(&staging.0, &staging.1, &[], &Asked { commit: Some(hash), ..nobody() });
    assert!(named("bbbbbbb").is_ok() && named("BBBBBBBB").is_ok());
    assert_eq!(code(named("bbbbbbc")), RefusalCode::CandidateMoved);
}

#[test]
fn whatever_moved_since_the_plan_was_shown_stops_the_push() {
    let before = seen("production", 'a', 'a');
    let check = |now: Observed| {
        unmoved(&before, &now, RefusalCode::TargetMoved, "git smp promote").map_err(|refusal| refusal.code)
    };
    assert_eq!(check(before.clone()), Ok(()));
    assert_eq!(check(seen("production", 'c', 'a')), Err(RefusalCode::TargetMoved));
    assert_eq!(check(seen("production", 'a', 'c')), Err(RefusalCode::TargetMoved));
}

/// What is decided when production was rolled back from `c`, and what staging runs stands to that as given.
fn decide_after_rollback(ships: Ships, asked: &Asked<'_>) -> Result<Plan, Refusal> {
    let (staging, environment) = (environment("staging"), environment("production"));
    let by = crate::record::Person { name: "Ada".into(), email: "ada@example.com".into() };
    let held = crate::record::Held { commit: id('c'), by, at: 0, reason: None };
    let target = Target {
        environment: &environment,
        observed: seen("production", 'a', 'a'),
        changes: Some(changes(Relation::Ahead)),
        fast_forward: Some(true),
        held: vec![HeldBack { held, ships }],
        twins: HashMap::new(),
    };
    promotion(&staging, &seen("staging", 'b', 'b'), &[target], asked)
}

#[test]
fn what_contains_a_rolled_back_commit_ships_with_a_yes_or_with_its_revert() {
    assert_eq!(code(decide_after_rollback(Ships::Again, &nobody())), RefusalCode::RolledBack);
    let asks = decide_after_rollback(Ships::Again, &somebody()).unwrap();
    assert_eq!((asks.consents.len(), asks.warnings.len()), (1, 0));
    let again = decide_after_rollback(Ships::Again, &Asked { again: true, ..nobody() }).unwrap();
    assert_eq!((again.consents.len(), again.warnings.len()), (0, 1));
    let with_revert = Ships::TakenBack { by: id('d'), of: id('c') };
    for ships in [with_revert, Ships::Without] {
        let plan = decide_after_rollback(ships, &nobody()).unwrap();
        assert_eq!((plan.consents.len(), plan.warnings.len()), (0, 1), "{:?}", plan.warnings);
    }
}
