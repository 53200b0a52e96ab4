//! Copies of commits, compared with those of `git cherry-pick -x`.

mod hostile;
mod places;
mod refused;

use std::slice;

use crate::core::refusal::{Refusal, RefusalCode, Stop};
use crate::git::tests::*;

impl World {
    /// Writes a commit on `parent` with these files, in addition to its parent's.
    fn with_files(
        &self,
        parent: Option<&CommitId>,
        files: &[(&str, &[u8])],
        message: &str,
    ) -> CommitId {
        let checkout = |parent: &CommitId| {
            self.git(&[
                "switch",
                "-q",
                "--detach",
                "--discard-changes",
                parent.as_str(),
            ])
        };
        parent.map(checkout);
        for (name, bytes) in files {
            let path = self.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
        self.git(&["add", "--all"]);
        self.commit(message)
    }

    /// Returns what a person gets who copies by hand.
    fn cherry_pick(&self, onto: &CommitId, picks: &[&CommitId]) -> CommitId {
        self.git(&[
            "switch",
            "-q",
            "--detach",
            "--discard-changes",
            onto.as_str(),
        ]);
        let picks = picks.iter().map(|pick| pick.as_str());
        self.git(
            &["cherry-pick", "-x"]
                .into_iter()
                .chain(picks)
                .collect::<Vec<_>>(),
        );
        self.id("HEAD")
    }

    fn show(&self, format: &str, id: &CommitId) -> String {
        self.git(&[
            "show",
            "-s",
            "--encoding=UTF-8",
            &format!("--format={format}"),
            id.as_str(),
        ])
    }

    fn file(&self, id: &CommitId, name: &str) -> Vec<u8> {
        self.bytes(&["cat-file", "blob", &format!("{id}:{name}")], b"")
    }

    /// Returns all files of the world except objects: the work tree, the index, HEAD, the refs and their logs.
    fn outside_of_objects(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let (mut folders, mut files) = (vec![self.path().to_owned()], Vec::new());
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                match path.is_dir() {
                    true if !path.ends_with(".git/objects") => folders.push(path),
                    true => {}
                    false => files.push((path.clone(), fs::read(path).unwrap())),
                }
            }
        }
        files.sort();
        files
    }
}

/// Returns ten lines, one of them changed.
fn lines(number: usize, text: &str) -> Vec<u8> {
    let line = |n| {
        if n == number {
            format!("{text}\n")
        } else {
            format!("line {n}\n")
        }
    };
    (1..=10).map(line).collect::<String>().into_bytes()
}

/// Returns a candidate that changed line 2, and a fix of the commit before it that changes line 9.
fn candidate_and_fix(world: &World) -> (CommitId, CommitId) {
    let base = world.with_files(None, &[("app.rb", &lines(0, ""))], "Base");
    let candidate = world.with_files(
        Some(&base),
        &[("app.rb", &lines(2, "candidate"))],
        "Candidate",
    );
    let fix = world.with_files(
        Some(&base),
        &[("app.rb", &lines(9, "fix"))],
        "Fix the total\n\nIt was wrong.",
    );
    (candidate, fix)
}

fn refusal(result: Result<CommitId, Stop>) -> Refusal {
    match result {
        Err(Stop::Refused(refusal)) => refusal,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_copy_keeps_author_and_message_and_names_its_origin() {
    let world = World::new();
    let (candidate, fix) = candidate_and_fix(&world);
    world.git(&["switch", "-q", "--detach", fix.as_str()]);
    let author = [
        "--author=Dora <dora@example.com>",
        "--date=1500000000 -0330",
    ];
    world.git(&["commit", "-q", "--amend", "--no-edit", author[0], author[1]]);
    let fix = world.id("HEAD");

    let copy = world
        .repo()
        .pick(&candidate, slice::from_ref(&fix))
        .unwrap();
    assert_eq!(world.show("%P", &copy), candidate.as_str());
    assert_eq!(
        world.show("%an <%ae> %ad", &copy),
        "Dora <dora@example.com> Thu Jul 13 23:10:00 2017 -0330"
    );
    assert_eq!(
        world.show("%cn <%ce> %ct", &copy),
        "Ben <ben@example.com> 1646226000"
    );
    let message = format!("Fix the total\n\nIt was wrong.\n\n(cherry picked from commit {fix})");
    assert_eq!(world.show("%B", &copy), message);
    let both = String::from_utf8(lines(9, "fix"))
        .unwrap()
        .replace("line 2\n", "candidate\n");
    assert_eq!(world.file(&copy, "app.rb"), both.as_bytes());
    assert_eq!(copy, world.cherry_pick(&candidate, &[&fix]));
}

#[test]
fn the_same_copies_are_the_same_commit_whenever_they_are_made() {
    let world = World::new();
    let (candidate, fix) = candidate_and_fix(&world);
    let first = world
        .repo()
        .pick(&candidate, slice::from_ref(&fix))
        .unwrap();
    for (key, value) in [
        ("commit.gpgSign", "true"),
        ("core.abbrev", "5"),
        ("log.date", "iso"),
        ("commit.cleanup", "strip"),
    ] {
        world.git(&["config", key, value]);
    }
    let later = world.repo_in(
        "",
        &[
            ("GIT_COMMITTER_DATE", "1700000000 +0200"),
            ("GIT_AUTHOR_NAME", "Eve"),
        ],
    );
    assert_eq!(
        later.pick(&candidate, slice::from_ref(&fix)).unwrap(),
        first
    );
    let somebody_else = world.repo_in("", &[("GIT_COMMITTER_NAME", "Eve")]);
    assert_ne!(
        somebody_else
            .pick(&candidate, slice::from_ref(&fix))
            .unwrap(),
        first
    );
}

#[test]
fn nothing_to_copy_gives_the_candidate_itself() {
    let world = World::new();
    let candidate = world.commit("Candidate");
    assert_eq!(world.repo().pick(&candidate, &[]).unwrap(), candidate);
}

#[test]
fn picks_come_in_the_order_in_which_they_are_named() {
    let world = World::new();
    let (candidate, one) = candidate_and_fix(&world);
    let two = world.with_files(
        Some(&one),
        &[("app.rb", &lines(9, "better fix"))],
        "Fix it better",
    );
    let three = world.with_files(Some(&two), &[("new.rb", b"new\n")], "Add a file");
    let before = world.outside_of_objects();

    let copy = world
        .repo()
        .pick(&candidate, &[one.clone(), two.clone(), three.clone()])
        .unwrap();
    assert_eq!(world.outside_of_objects(), before);
    assert_eq!(
        world.git(&["log", "--format=%s", copy.as_str()]),
        "Add a file\nFix it better\nFix the total\nCandidate\nBase"
    );
    assert_eq!(copy, world.cherry_pick(&candidate, &[&one, &two, &three]));

    // The second pick needs the first.
    let wrong = refusal(world.repo().pick(&candidate, &[three, two, one]));
    assert_eq!(wrong.code, RefusalCode::PickConflict);
    assert!(
        wrong
            .report
            .error
            .ends_with(&format!("{} with the earlier picks", candidate.short())),
        "{wrong:?}"
    );
}

#[test]
fn a_copy_follows_renames_modes_links_and_binary_files() {
    let world = World::new();
    let binary: Vec<u8> = (0..=255).cycle().take(5000).collect();
    let base = world.with_files(
        None,
        &[("app.rb", &lines(0, "")), ("logo.png", b"\0old")],
        "Base",
    );
    world.git(&["mv", "app.rb", "lib.rb"]);
    let candidate = world.commit("Rename");
    let fix = world.with_files(
        Some(&base),
        &[("app.rb", &lines(9, "fix")), ("logo.png", &binary)],
        "Fix",
    );
    world.git(&["update-index", "--chmod=+x", "logo.png"]);
    let link = world.feed(&["hash-object", "-w", "--stdin"], b"lib.rb");
    world.git(&[
        "update-index",
        "--add",
        "--cacheinfo",
        &format!("120000,{link},link"),
    ]);
    let modes = world.commit("Change modes");

    let copy = world
        .repo()
        .pick(&candidate, &[fix.clone(), modes.clone()])
        .unwrap();
    assert_eq!(world.file(&copy, "lib.rb"), lines(9, "fix"));
    assert_eq!(world.file(&copy, "logo.png"), binary);
    assert_eq!(copy, world.cherry_pick(&candidate, &[&fix, &modes]));
}
