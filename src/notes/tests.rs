use std::time::SystemTime;

use proptest::prelude::*;

use crate::core::words::CommitId;
use crate::core::words::EventId;
use crate::notes::*;

fn notes() -> (tempfile::TempDir, Notes) {
    let folder = tempfile::tempdir().unwrap();
    let notes = Notes::of(folder.path());
    (folder, notes)
}

fn one() -> CommitId {
    CommitId::parse(&"1".repeat(40)).unwrap()
}

fn text(words: &str) -> Text {
    Text {
        commit: one(),
        text: words.to_owned(),
        begun: true,
    }
}

#[test]
fn a_note_is_read_as_it_was_written_and_is_all_that_is_left() {
    let (_folder, notes) = notes();
    assert_eq!(notes.text(), None);
    notes.keep_text(&text("- Flags")).unwrap();
    notes.keep_text(&text("- Legends")).unwrap();
    assert_eq!(notes.text(), Some(text("- Legends")));
    assert_eq!(fs::read_dir(&notes.folder).unwrap().count(), 1);
    notes.forget_text().unwrap();
    notes.forget_text().unwrap();
    assert_eq!(notes.text(), None);
}

#[test]
fn a_note_that_is_broken_or_of_a_later_version_is_none_and_is_written_over() {
    let (_folder, notes) = notes();
    for broken in [
        String::new(),
        "{".to_owned(),
        "[]".to_owned(),
        "{\"version\":2,\"commit\":\"x\"}".to_owned(),
        format!(
            "{{\"version\":3,\"commit\":\"{}\",\"text\":\"a\",\"begun\":true}}",
            "1".repeat(40)
        ),
    ] {
        fs::create_dir_all(&notes.folder).unwrap();
        fs::write(notes.folder.join("text"), &broken).unwrap();
        assert_eq!(notes.text(), None, "{broken}");
        notes.keep_text(&text("- Flags")).unwrap();
        assert_eq!(notes.text(), Some(text("- Flags")));
    }
}

#[test]
fn a_place_that_cannot_be_written_is_named() {
    let (folder, notes) = notes();
    fs::write(folder.path().join("smp"), "a file").unwrap();
    let Stop::Failed(report) = notes.keep_text(&text("- Flags")).unwrap_err() else {
        panic!()
    };
    assert_eq!(
        report.error,
        "git smp cannot write its own files in this clone"
    );
}

#[test]
fn what_earlier_versions_kept_is_put_aside_but_for_the_text_of_a_deploy_that_was_cut_off() {
    let (_folder, notes) = notes();
    fs::create_dir_all(&notes.folder).unwrap();
    let posts = format!(
        "{{\"owed\":[],\"kept\":{{\"commit\":\"{}\",\"text\":\"- Flags\",\"begun\":true}}}}",
        "1".repeat(40)
    );
    fs::write(notes.folder.join("posts"), &posts).unwrap();
    fs::write(notes.folder.join("rollbacks"), "{ what is this").unwrap();
    fs::write(notes.folder.join("reviews.json"), "[]").unwrap();
    for _ in 0..2 {
        notes.open().unwrap();
        assert_eq!(notes.text(), Some(text("- Flags")));
    }
    let aside = |name: &str| fs::read_to_string(notes.folder.join(name)).unwrap();
    assert_eq!(
        (aside("posts.old"), aside("rollbacks.old")),
        (posts, "{ what is this".to_owned())
    );
    for gone in ["posts", "rollbacks", "reviews.json"] {
        assert!(!notes.folder.join(gone).exists(), "{gone}");
    }
}

#[test]
fn what_earlier_versions_wrote_of_deploys_and_consent_is_read() {
    let (_folder, notes) = notes();
    fs::create_dir_all(&notes.folder).unwrap();
    let (id, one) = (EventId::of(7), one());
    let old = [
        (
            "announced",
            format!("{}\n{}\n", EventId::of(8).as_str(), id.as_str()),
        ),
        (
            "in-flight-production",
            format!("{{\"commit\":\"{one}\",\"expected\":null}}"),
        ),
        (
            "doubt-production",
            format!("{{\"commit\":\"{one}\",\"words\":\"no\"}}"),
        ),
        (
            "trusted",
            "{\"schema\": 1, \"values\": [[\"a\", \"1\"]]}".to_owned(),
        ),
    ];
    for (name, text) in old {
        fs::write(notes.path(name), text).unwrap();
    }
    notes.open().unwrap();
    assert!(notes.has_announced(&id) && !notes.has_announced(&EventId::of(9)));
    assert!(notes.is_unconfirmed("production", &one));
    assert_eq!(notes.doubt("production", &one).as_deref(), Some("no"));
    assert_eq!(notes.agreed(), [("a".to_owned(), "1".to_owned())]);
    // After another write, everything is still there.
    notes.remember_announced(&EventId::of(9)).unwrap();
    assert!(
        [7, 8, 9]
            .iter()
            .all(|id| notes.has_announced(&EventId::of(*id)))
    );
}

#[test]
fn of_many_announcements_the_last_are_remembered() {
    let (_folder, notes) = notes();
    (0..20).for_each(|id| notes.remember_announced(&EventId::of(id)).unwrap());
    assert!(!notes.has_announced(&EventId::of(3)) && notes.has_announced(&EventId::of(4)));
}

fn sent(takes_away: Option<CommitId>) -> SentCommit {
    SentCommit {
        commit: one(),
        expected: None,
        newest: None,
        landed: false,
        announced: false,
        last: None,
        takes_away,
    }
}

#[test]
fn a_note_by_a_clock_that_jumped_bars_the_way_no_longer_than_another() {
    let (_folder, notes) = notes();
    notes.begin("production", sent(None)).unwrap();
    let is_open = |ahead: u64| {
        let path = notes.path("in-flight-production");
        let file = fs::File::options().write(true).open(path).unwrap();
        file.set_modified(SystemTime::now() + Duration::from_secs(ahead))
            .unwrap();
        notes.pushing("production", None, None).is_some()
    };
    assert!(
        is_open(0) && is_open(60),
        "the clocks of a machine and its file system differ a little"
    );
    assert!(
        !is_open(3600) && !is_open(10 * 365 * 24 * 3600),
        "nobody waits until that time comes"
    );
    assert!(!notes.may_go_on("production", &one()));
}

#[test]
fn a_later_deploy_on_record_ends_an_announced_push() {
    let (_folder, notes) = notes();
    let two = CommitId::parse(&"2".repeat(40)).unwrap();
    let last = |at| Some((two.clone(), at));
    for (announced, before, now, is_open) in [
        (true, last(1), last(1), true),
        (true, last(1), last(2), false),
        (true, None, last(1), false),
        (true, last(1), None, true),
        (false, None, last(1), true),
    ] {
        let pushed = SentCommit {
            announced,
            last: before.clone(),
            ..sent(None)
        };
        notes.begin("production", pushed).unwrap();
        let found = notes.pushing("production", None, now.as_ref());
        assert_eq!(found.is_some(), is_open, "{announced} {before:?} {now:?}");
    }
}

#[test]
fn a_push_is_noted_until_it_came_to_nothing_or_was_seen_to_run() {
    let (_folder, notes) = notes();
    let two = CommitId::parse(&"2".repeat(40)).unwrap();
    notes.begin("production", sent(None)).unwrap().ended();
    assert!(!notes.is_unconfirmed("production", &one()));
    let back = sent(Some(two.clone()));
    notes.begin("production", back.clone()).unwrap().landed();
    assert_eq!(notes.pushing("production", None, None), None);
    assert_eq!(notes.taken_away("production", &one()), Some(two.clone()));
    assert_eq!(notes.leads_to("production", &two), Some(one()));
    let release = SentCommit {
        newest: Some(5),
        ..back
    };
    notes.begin("production", release).unwrap();
    assert!(
        notes.releasing("production", 5).is_some() && notes.releasing("production", 6).is_none()
    );
    notes.confirmed("production", &two);
    assert!(notes.is_unconfirmed("production", &one()) && !notes.is_unconfirmed("staging", &one()));
    notes.confirmed("production", &one());
    assert!(!notes.is_unconfirmed("production", &one()));
}

fn seen(commit: &CommitId, at: i64) -> LastSeen {
    LastSeen {
        environment: "production".to_owned(),
        url: "u".to_owned(),
        commit: commit.clone(),
        at,
    }
}

#[test]
fn a_look_tells_of_a_deploy_that_it_saw_run_or_that_can_build_no_longer() {
    let two = CommitId::parse(&"2".repeat(40)).unwrap();
    for (commit, at, tells) in [
        (&one(), 99, false),
        (&one(), 100, true),
        (&two, 101, false),
        (&two, 100 + 1_799, false),
        (&two, 100 + 1_800, true),
        (&two, i64::MIN, false),
    ] {
        let told = seen(commit, at).tells_of(&one(), 100);
        assert_eq!(told, tells, "{commit:?} {at}");
    }
}

#[test]
fn a_look_that_began_before_what_another_run_saw_takes_nothing_away() {
    let (_folder, notes) = notes();
    let two = CommitId::parse(&"2".repeat(40)).unwrap();
    let keep = |commit: &CommitId, at: i64| {
        notes.keep_seen(vec![seen(commit, at)]);
        notes.last_seen("production", "u").unwrap().commit
    };
    assert_eq!(keep(&one(), 100), one());
    assert_eq!(keep(&two, 99), one());
    assert_eq!(keep(&two, 100), two);
    assert_eq!(keep(&one(), 10_000), one());
    assert_eq!(keep(&two, 200), two, "a clock was ahead once");
}

proptest! {
    #[test]
    fn what_was_agreed_to_is_read_again(values in proptest::collection::vec((".*", ".*"), 0..8)) {
        let (_folder, notes) = notes();
        notes.keep_agreed(values.clone()).unwrap();
        prop_assert_eq!(notes.agreed(), values);
    }
}

#[test]
fn what_a_killed_run_left_half_written_goes_after_a_day() {
    let (_folder, notes) = notes();
    notes.keep_text(&text("- Flags")).unwrap();
    // `doubt-p.new` is the note of an environment called `p.new`.
    for (name, age) in [(".text.1.new", 0), (".text.2.new", 25), ("doubt-p.new", 25)] {
        fs::write(notes.path(name), "{").unwrap();
        let file = File::options().write(true).open(notes.path(name)).unwrap();
        let age = Duration::from_secs(age * 60 * 60);
        file.set_modified(SystemTime::now() - age).unwrap();
    }
    notes.open().unwrap();
    let is_there = |name: &str| notes.path(name).exists();
    assert!(is_there(".text.1.new") && !is_there(".text.2.new") && is_there("doubt-p.new"));
    assert_eq!(notes.text(), Some(text("- Flags")));
}
