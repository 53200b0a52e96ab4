use super::text::Text;
use super::*;
use crate::model::CommitId;

fn notes() -> (tempfile::TempDir, Notes) {
    let folder = tempfile::tempdir().unwrap();
    let notes = Notes::of(folder.path());
    (folder, notes)
}

fn text(words: &str) -> Text {
    Text {
        commit: CommitId::parse(&"1".repeat(40)).unwrap(),
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
    assert_eq!(report.error, "the clone's own notes cannot be written");
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
