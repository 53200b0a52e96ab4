//! The record's objects: the library writes and reads them as git does.

use crate::git::record::{self, NewEvent};
use crate::git::tests::*;

#[test]
fn the_library_and_git_write_the_same_events_and_read_them_alike() {
    let world = World::new();
    let repo = world.repo();
    let shared = World::new();
    shared.git(&["config", "core.sharedRepository", "group"]);
    let by_git = shared.repo();
    let long = "x".repeat(2000);
    let mut parent = None;
    for (message, name, at) in [
        ("Ada began\n\nSmp-Event: begun\n", "Ada", 1_646_226_000),
        ("\n\n  größer 日本\n\n\n", "Ädä J. d'Example", 0),
        ("no line's end", "A", -5),
        (long.as_str(), "Ada", i64::from(i32::MAX) + 7),
    ] {
        let draft = NewEvent {
            parent: parent.as_ref(),
            state: "{\n  \"format\": 1\n}\n",
            message,
            by: (name, "ada@example.com"),
            at,
            signed: false,
        };
        let event = record::write(&repo, &draft).unwrap();
        assert_eq!(
            record::write(&by_git, &draft),
            Ok(event.clone()),
            "{message:?}"
        );
        for repo in [&repo, &by_git] {
            let state = record::state_at(repo, &event).unwrap();
            assert_eq!(state, Ok(draft.state.as_bytes().to_vec()));
        }
        assert_eq!(record::seen_id(&repo), Ok(parent.clone()));
        for repo in [&repo, &by_git] {
            assert_eq!(record::remember(repo, &event, parent.as_ref()), Ok(true));
            // It is not where this says, so it stays.
            let elsewhere = parent.is_none().then_some(&event);
            assert_eq!(
                record::remember(repo, &event, elsewhere),
                Ok(parent.is_none())
            );
            let seen = record::seen(repo).unwrap().map(|seen| seen.0);
            assert_eq!(seen, Some(event.clone()));
        }
        parent = Some(event);
    }
    assert_eq!(world.git(&["fsck", "--strict", "--no-dangling"]), "");
    let objects = fs::read_dir(shared.path().join(".git/objects")).unwrap();
    for folder in objects.map(|folder| folder.unwrap()) {
        let mode =
            std::os::unix::fs::PermissionsExt::mode(&folder.metadata().unwrap().permissions());
        let is_of_events = folder.file_name().len() == 2;
        assert!(
            !is_of_events || mode & 0o020 != 0,
            "the group may not write there"
        );
    }
}
