//! The main repository does not answer.

use crate::team::recorder::tests::*;

#[test]
fn a_clone_shows_its_copy_and_how_old_that_is() {
    let world = World::new();
    let (one, other) = (world.clone("one"), world.clone("other"));
    let state = one.append(proposed("stable")).unwrap();
    other.read().unwrap();
    std::fs::rename(world.path("main.git"), world.path("away.git")).unwrap();
    let heard = world.path("other/.git/smp/record-heard");
    let long_ago = SystemTime::now() - Duration::from_secs(3 * 3600);
    std::fs::File::options()
        .write(true)
        .open(&heard)
        .unwrap()
        .set_modified(long_ago)
        .unwrap();
    let reading = other.read().unwrap();
    let copy = reading.copy.unwrap();
    assert_eq!(
        (reading.state, reading.tip.map(|tip| tip.to_string())),
        (state, other.seen())
    );
    assert_eq!(copy.why.code, RefusalCode::Unreachable);
    assert!((3 * 3600..3 * 3600 + 60).contains(&copy.age.unwrap().as_secs()));
    std::fs::remove_file(&heard).unwrap();
    assert!(other.read().unwrap().copy.unwrap().age.is_none());
    let why = refusal(other.append(found("staging", 1)).unwrap_err());
    assert_eq!(
        why.code,
        RefusalCode::Unreachable,
        "nothing is written on the strength of a copy"
    );
    std::fs::rename(world.path("away.git"), world.path("main.git")).unwrap();
    assert!(other.read().unwrap().copy.is_none());
    let age = heard
        .metadata()
        .unwrap()
        .modified()
        .unwrap()
        .elapsed()
        .unwrap();
    assert!(age.as_secs() < 60);
}

#[test]
fn every_answer_counts_as_heard() {
    let world = World::new();
    let clone = world.clone("one");
    clone.append(proposed("stable")).unwrap();
    let heard = world.path("one/.git/smp/record-heard");
    let long_ago = SystemTime::now() - Duration::from_secs(3 * 3600);
    std::fs::File::options()
        .write(true)
        .open(&heard)
        .unwrap()
        .set_modified(long_ago)
        .unwrap();
    clone.read().unwrap();
    assert!(
        heard
            .metadata()
            .unwrap()
            .modified()
            .unwrap()
            .elapsed()
            .unwrap()
            .as_secs()
            < 60
    );
}

#[test]
fn a_clone_without_a_copy_has_nothing_to_show() {
    let world = World::new();
    let clone = world.clone("one");
    std::fs::rename(world.path("main.git"), world.path("away.git")).unwrap();
    assert_eq!(clone.read().unwrap_err().code, RefusalCode::Unreachable);
    assert_eq!(
        refusal(clone.append(proposed("stable")).unwrap_err()).code,
        RefusalCode::Unreachable
    );
    assert!(clone.seen().is_none());
}

#[test]
fn a_clone_that_cannot_be_written_to_still_reads() {
    let world = World::new();
    let (one, other) = (world.clone("one"), world.clone("other"));
    one.append(proposed("stable")).unwrap();
    std::fs::create_dir_all(world.path("other/.git/refs/smp")).unwrap();
    std::fs::write(world.path("other/.git/refs/smp/seen.lock"), "").unwrap();
    assert_eq!(other.read().unwrap().state.events, 1);
    std::fs::remove_file(world.path("other/.git/refs/smp/seen.lock")).unwrap();
    assert_eq!(other.read().unwrap().state.events, 1);
    assert_eq!(other.seen(), world.at(RECORD));
}

#[test]
fn what_a_clone_cannot_remember_is_on_the_record_all_the_same() {
    let world = World::new();
    let clone = world.clone("one");
    clone.append(proposed("stable")).unwrap();
    std::fs::write(world.path("one/.git/refs/smp/seen.lock"), "").unwrap();
    let repo = clone.repo();
    for (nth, who) in (2..).zip(["Rosi", "Ben"]) {
        assert_eq!(
            append(&world, &repo, judged(who, "fine")).map(|state| state.events),
            Ok(nth)
        );
    }
    assert_eq!(world.states(RECORD).len(), 3);
    assert_ne!(clone.seen(), world.at(RECORD));
}
