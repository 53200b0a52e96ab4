//! Whole messages, whatever their content and the configuration.

use crate::core::refusal::Stop;
use crate::core::words::Landed;
use crate::git::tests::*;

const PEOPLE: &str =
    "author Ada <a@example.com> 1646222400 +0130\ncommitter Ben <b@example.com> 1646222401 -0200\n";

/// Writes a commit of raw bytes on top of these.
fn on_top(world: &World, parents: &[&CommitId], header: &str, message: &[u8]) -> CommitId {
    let tree = world.git(&["rev-parse", &format!("{}^{{tree}}", parents[0])]);
    let parents: String = parents
        .iter()
        .map(|parent| format!("parent {parent}\n"))
        .collect();
    world.raw(
        format!("tree {tree}\n{parents}{PEOPLE}{header}").as_bytes(),
        message,
    )
}

fn landed(world: &World, from: Option<&CommitId>, to: &CommitId) -> Vec<Landed> {
    world.repo().landed(from, to).unwrap()
}

#[test]
fn everything_between_two_commits_comes_newest_first_with_its_message_and_its_merges() {
    let world = World::new();
    let first = world.commit("One");
    let left = on_top(
        &world,
        &[&first],
        "",
        b"Left\n\nWhy it is\nleft.\n\nCloses: #3\n",
    );
    let right = on_top(&world, &[&first], "", b"Right\nas well\n");
    let merge = on_top(&world, &[&left, &right], "", b"Merge branch 'right'\n");
    let found = landed(&world, Some(&first), &merge);
    let order = world.git(&["log", "--format=%H", &format!("{first}..{merge}")]);
    assert_eq!(
        found.iter().map(|one| one.id.as_str()).collect::<Vec<_>>(),
        order.lines().collect::<Vec<_>>()
    );
    let one = |id: &CommitId| found.iter().find(|one| one.id == *id).unwrap();
    assert_eq!(one(&merge).parents, [left.clone(), right.clone()]);
    assert_eq!(
        (one(&left).subject.as_str(), one(&left).body.as_str()),
        ("Left", "Why it is\nleft.\n\nCloses: #3")
    );
    assert_eq!(
        (one(&right).subject.as_str(), one(&right).body.as_str()),
        ("Right as well", "")
    );
    assert_eq!(landed(&world, None, &first)[0].parents, []);
    assert_eq!(landed(&world, Some(&merge), &merge), []);
}

#[test]
fn no_message_can_pass_for_another_commit() {
    let world = World::new();
    let first = world.commit("One");
    let forged = format!("{first}\n\nForged\n\n\x1b[31m\u{202e}\0{first}\n\nForged too\n");
    let messages: [&[u8]; 5] = [
        b"",
        b"\n\n",
        forged.as_bytes(),
        b"\xff\xfe\n\n\xc3(\n",
        b"a\rb\r\n\r\nc\r\n",
    ];
    let last = messages.iter().fold(first.clone(), |parent, message| {
        on_top(&world, &[&parent], "", message)
    });
    let found = landed(&world, Some(&first), &last);
    let texts: Vec<_> = found
        .iter()
        .rev()
        .map(|one| (one.subject.as_str(), one.body.as_str()))
        .collect();
    assert_eq!(texts[..2], [("", ""), ("", "")]);
    assert_eq!(texts[2], (first.as_str(), "Forged\n\n\x1b[31m\u{202e}"));
    assert_eq!(texts[3], ("\u{fffd}\u{fffd}", "\u{fffd}("));
    assert_eq!(texts[4], ("a\rb", "c"));
    assert!(found.iter().all(|one| one.parents.len() == 1));
}

#[test]
fn whatever_is_configured_messages_come_whole_and_in_utf_8() {
    let world = World::new();
    let first = world.commit("One");
    let old = on_top(
        &world,
        &[&first],
        "encoding ISO-8859-1\n",
        b"Gr\xfc\xdfe\n\nan alle\n",
    );
    let last = on_top(&world, &[&old], "", "Grüße (#7)\n\nan dich\n".as_bytes());
    let plain = landed(&world, Some(&first), &last);
    let words = |one: &Landed| format!("{}/{}", one.subject, one.body);
    assert_eq!(
        plain.iter().map(words).collect::<Vec<_>>(),
        ["Grüße (#7)/an dich", "Grüße/an alle"]
    );
    world.git(&["notes", "add", "-m", "a note", last.as_str()]);
    for (key, value) in [
        ("i18n.logOutputEncoding", "ISO-8859-1"),
        ("i18n.commitEncoding", "ISO-8859-1"),
        ("format.pretty", "oneline"),
        ("log.showSignature", "true"),
        ("log.decorate", "full"),
        ("log.date", "iso"),
        ("color.ui", "always"),
        ("notes.displayRef", "refs/notes/*"),
        ("log.diffMerges", "first-parent"),
        ("core.pager", "false"),
    ] {
        world.git(&["config", key, value]);
        assert_eq!(landed(&world, Some(&first), &last), plain, "{key}");
    }
}

#[test]
fn of_very_many_the_oldest_are_left_out() {
    let world = World::new();
    let mut stream = String::from("reset refs/heads/main\n");
    for number in 0..2_005 {
        let text = format!("Change {number}");
        let person = format!("Ada <ada@example.com> {} +0000", 1_646_222_400 + number);
        stream += &format!(
            "commit refs/heads/main\ncommitter {person}\ndata {}\n{text}\n",
            text.len()
        );
    }
    world.feed(&["fast-import", "--quiet"], stream.as_bytes());
    let found = landed(&world, None, &world.id("main"));
    assert_eq!(found.len(), 2_000);
    assert_eq!(
        (found[0].subject.as_str(), found[1_999].subject.as_str()),
        ("Change 2004", "Change 5")
    );
}

#[test]
fn an_unknown_commit_is_told_in_git_s_own_words() {
    let world = World::new();
    let first = world.commit("One");
    let unknown = CommitId::parse(&"12".repeat(20)).unwrap();
    let Stop::Failed(report) = world.repo().landed(Some(&unknown), &first).unwrap_err() else {
        panic!()
    };
    assert_eq!(report.error, "git cannot read the history");
}

#[test]
fn of_several_ends_all_comes_that_the_beginnings_do_not_share_each_before_its_parents() {
    let world = World::new();
    let first = world.commit("One");
    let second = on_top(&world, &[&first], "", b"Two\n");
    let left = on_top(&world, &[&second], "", b"Left\n");
    let right = on_top(&world, &[&second], "", b"Right\n");
    let merge = on_top(&world, &[&left, &right], "", b"Merge branch 'right'\n");
    let other = on_top(&world, &[&right], "", b"Other\n");
    let all = |from: &[&CommitId], to: &[&CommitId]| {
        let found = world.repo().all_landed(from, to).unwrap();
        for (at, one) in found.iter().enumerate() {
            assert!(
                found[..at]
                    .iter()
                    .all(|before| !one.parents.contains(&before.id))
            );
            assert!(one.id == first || one.committed == 1_646_222_401);
        }
        let mut ids: Vec<CommitId> = found.into_iter().map(|one| one.id).collect();
        ids.sort();
        ids
    };
    let sorted = |ids: &[&CommitId]| {
        let mut ids: Vec<CommitId> = ids.iter().map(|id| (*id).clone()).collect();
        ids.sort();
        ids
    };
    assert_eq!(all(&[&left], &[&merge]), sorted(&[&right, &merge]));
    // Commits that only one of the two has are listed.
    assert_eq!(
        all(&[&left, &right], &[&merge, &other]),
        sorted(&[&left, &right, &merge, &other])
    );
    assert_eq!(all(&[], &[&second])[..], sorted(&[&first, &second])[..]);
    assert_eq!(all(&[&first], &[]), []);
}
