//! While a candidate is open only a fix of it may be staged.

use super::*;

#[test]
fn no_refusal_leads_to_a_deploy_that_the_freeze_refuses() {
    let (staging, production) = (environment("staging"), environment("production"));
    let held = Held {
        commit: id('b'),
        by: ada(),
        at: 1,
        reason: None,
    };
    let ships = Ships::Again;
    let target = Target {
        held: vec![HeldBack { held, ships }],
        ..target(&production, seen("production", 'a', 'a'), Relation::Ahead)
    };
    let state = proposed(&[Verdict::Pass]);
    for (recorded, correct) in [
        (None, "or ship a correction: git smp stage"),
        (
            Some(recorded(&state)),
            "or close the candidate: git smp postpone; then ship a correction: git smp stage",
        ),
    ] {
        let asked = Asked {
            recorded,
            ..nobody()
        };
        let (source, targets) = (seen("staging", 'b', 'b'), [target.clone()]);
        let refusal = promotion(&staging, &source, &targets, &asked).unwrap_err();
        assert_eq!(refusal.code, RefusalCode::RolledBack);
        let hint = refusal.report.hint_text().unwrap();
        assert!(hint.ends_with(correct), "{hint}");
    }
}
