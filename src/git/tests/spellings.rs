//! Names, encodings and hashes.

use crate::git::abbrev::Names;
use crate::git::tests::*;

const PEOPLE: &str =
    "author Ada <a@example.com> 1646222400 +0130\ncommitter Ben <b@example.com> 1646222401 -0200\n";

/// Writes a chain of raw commits on top of the first, each with these extra headers and this message.
fn chain(world: &World, first: &CommitId, commits: &[(&[u8], &[u8])]) -> CommitId {
    let tree = world.git(&["rev-parse", &format!("{first}^{{tree}}")]);
    commits
        .iter()
        .fold(first.clone(), |parent, (header, message)| {
            let head = if header.starts_with(b"author") {
                String::new()
            } else {
                PEOPLE.to_owned()
            };
            let header = [
                format!("tree {tree}\nparent {parent}\n{head}").as_bytes(),
                header,
            ]
            .concat();
            world.raw(&header, message)
        })
}

#[test]
fn subjects_are_those_of_git_whatever_a_commit_holds() {
    let world = World::new();
    let first = world.commit("One");
    let commits: [(&[u8], &[u8]); 16] = [
        (b"", b"plain\n"),
        (b"", b"no newline"),
        (b"", b"folded \t\r\nover  \n lines\n\nbody\n"),
        (b"", b"\n  \n\n  indented after blank lines\n"),
        (b"", b""),
        (b"", b"\n\n"),
        (b"", b"form feed \x0c\nafter\n"),
        (b"", b"text\0hidden\n"),
        (b"", b"invalid \xff\xfe utf-8\n"),
        (b"", b"\x1b[31mred\x1b[0m \xe2\x80\xae bidi\n"),
        (b"encoding ISO-8859-1\n", b"Gr\xfc\xdfe\n"),
        (b"encoding utf8\n", b"Gr\xc3\xbc\xc3\x9fe\n"),
        (b"encoding no-such-encoding\n", b"Gr\xfc\xdfe\n"),
        (b"encoding UTF-16\n", b"Gr\xfc\xdfe\n"),
        (
            b"mergetag object 1\n encoding ISO-8859-1\n",
            b"Gr\xfc\xdfe\n",
        ),
        (b"encoding ISO-8859-1\n", b""),
    ];
    let last = chain(&world, &first, &commits);
    let changes = world.checked(&world.repo(), Some(&first), &last);
    let subjects: Vec<_> = changes
        .ships
        .iter()
        .rev()
        .map(|commit| commit.subject_text())
        .collect();
    assert_eq!(subjects[2], "folded over  lines");
    assert_eq!(subjects[7], "text");
    assert_eq!(subjects[10], "Grüße");
    assert_eq!(changes.ships[0].authored, (1_646_222_400, 90));
    assert_eq!(changes.ships[0].committed, 1_646_222_401);
    assert_eq!(
        world
            .repo()
            .commits(&[first.clone(), last, first])
            .unwrap()
            .len(),
        3
    );
}

#[test]
fn broken_people_and_dates_harm_nobody() {
    let world = World::new();
    let first = world.commit("One");
    let people: [&[u8]; 9] = [
        b"author Ada <a@b> 18446744073709551616 +0000\ncommitter Ben <b@c> 99999999999999999999 +9999\n",
        b"author Ada <a@b> 9223372036854775808 +0000\ncommitter Ben <b@c> 9223372036854775807 -1200\n",
        b"author Ada <a@b>\ncommitter Ben <b@c>\n",
        b"author Ada <a@b> 12 zone\ncommitter Ben <b@c> -5 +0000\n",
        b"author <a@b> 1 +0000\ncommitter Ben b@c 5 +0000\n",
        b"author   Ada  Vance   <a> <b>> 1 +99999999999\ncommitter Ben <b@c> 1x2 +0000\n",
        b"author \xff Ada <a@b> 1 +0000\ncommitter\n",
        b"author Ada <a@b> 1 +0000\n",
        b"author Ada 1 +0000\ncommitter Ben <b@c>   7   +0000\n",
    ];
    let commits: Vec<(&[u8], &[u8])> = people
        .iter()
        .map(|people| (*people, b"Text\n".as_slice()))
        .collect();
    let last = chain(&world, &first, &commits);
    let changes = world.checked(&world.repo(), Some(&first), &last);
    assert_eq!(changes.ships.len(), 9);
    assert_eq!(
        world.repo().commits(std::slice::from_ref(&last)).unwrap()[0].committed,
        7
    );
}

#[test]
fn git_s_own_output_encoding_is_followed() {
    let world = World::new();
    let first = world.commit("One");
    let last = chain(
        &world,
        &first,
        &[
            (b"", "Grüße\n".as_bytes()),
            (b"encoding ISO-8859-1\n", b"Gr\xfc\xdfe\n"),
        ],
    );
    for key in ["i18n.logOutputEncoding", "i18n.commitEncoding"] {
        world.git(&["config", key, "ISO-8859-1"]);
        let changes = world.checked(&world.repo(), Some(&first), &last);
        assert_eq!(changes.ships[1].printed(), b"Gr\xfc\xdfe");
        assert_eq!(changes.ships[1].subject, "Grüße".as_bytes());
        world.git(&["config", "--unset", key]);
    }
    // Into these git can convert some subjects, or none.
    for encoding in ["ASCII", "UTF-7", "UTF-16", "nonsense", ""] {
        world.git(&["config", "i18n.logOutputEncoding", encoding]);
        world.checked(&world.repo(), Some(&first), &last);
    }
}

#[test]
fn abbreviations_are_those_of_git() {
    let world = World::new();
    let first = world.commit("One");
    let last = (0..40).fold(first.clone(), |_, at| world.commit(&format!("Change {at}")));
    for wish in ["auto", "no", "4", "12", "40", "2k", "007"] {
        let repo = world.repo_in("", &config("core.abbrev", wish));
        let answer = repo.changes(Some(&first), &last);
        let range = format!("{first}..{last}");
        let git = world
            .program("", &config("core.abbrev", wish))
            .read("", ["log", "--oneline", &range]);
        assert_eq!(answer.is_ok(), git.is_ok(), "{wish}");
        if let (Ok(answer), Ok(git)) = (answer, git) {
            assert_eq!(as_text(&printed(&answer)), as_text(&git), "{wish}");
        }
    }
}

/// Returns the variables that `git -c key=value` passes on.
fn config<'v>(key: &'v str, value: &'v str) -> [(&'v str, &'v str); 3] {
    [
        ("GIT_CONFIG_COUNT", "1"),
        ("GIT_CONFIG_KEY_0", key),
        ("GIT_CONFIG_VALUE_0", value),
    ]
}

/// Packs this many blobs, in addition to what is there.
fn pack_blobs(world: &World, count: usize) {
    let blob = |at: usize| format!("blob\ndata {}\n{at}\n", at.to_string().len());
    let stream: String = (0..count).map(blob).collect();
    world.feed(
        &["-c", "fastimport.unpackLimit=0", "fast-import", "--quiet"],
        stream.as_bytes(),
    );
}

#[test]
fn abbreviations_grow_with_the_number_of_packed_objects() {
    let world = World::new();
    let first = world.commit("One");
    let last = world.commit("Two");
    assert_eq!(
        world.checked(&world.repo(), Some(&first), &last).ships[0]
            .short
            .len(),
        7
    );
    pack_blobs(&world, 16_384);
    assert_eq!(
        world.checked(&world.repo(), Some(&first), &last).ships[0]
            .short
            .len(),
        8
    );

    let borrower = World::empty();
    world.git(&[
        "clone",
        "-q",
        "--shared",
        "--no-checkout",
        ".",
        borrower.path().to_str().unwrap(),
    ]);
    let next = borrower.commit("Three");
    assert_eq!(
        borrower
            .checked(&borrower.repo(), Some(&first), &next)
            .ships[0]
            .short
            .len(),
        8
    );

    world.git(&["repack", "-q", "-a", "-d", "--write-midx"]);
    assert_eq!(
        world
            .checked(&world.repo(), Some(&first), &last)
            .ships
            .len(),
        1
    );
}

#[test]
fn an_abbreviation_is_as_long_as_it_must_be() {
    let world = World::new();
    // Many loose objects, the same in every run: some share their first four digits with a commit.
    let commit = |at: u32| {
        let message = format!("Change {at}");
        let person = format!(
            "committer Ada <ada@example.com> {} +0000",
            1_643_716_800 + at * 60
        );
        format!(
            "commit refs/heads/made\n{person}\ndata {}\n{message}\n",
            message.len()
        )
    };
    let blob = |at: u32| format!("blob\ndata {}\n{at}\n", at.to_string().len());
    let stream: String = (0..=30).map(commit).chain((0..4000).map(blob)).collect();
    world.feed(
        &[
            "-c",
            "fastimport.unpackLimit=1000000",
            "fast-import",
            "--quiet",
        ],
        stream.as_bytes(),
    );
    let (first, tip) = (world.id("made~30"), world.id("made"));
    world.git(&["config", "core.abbrev", "4"]);
    let changes = world.checked(&world.repo(), Some(&first), &tip);
    assert!(changes.ships.iter().any(|commit| commit.short.len() > 4));
    assert_eq!(world.repo().commits(&[tip]).unwrap()[0], changes.ships[0]);
}

#[test]
fn large_pack_indexes_are_searched_to_the_very_neighbours() {
    // Names that are spread evenly, and names that are not spread at all.
    let spread = |at: u32| at.wrapping_mul(2_654_435_761).to_be_bytes();
    let dense = |at: u32| (0x4200_0000 + at * 3).to_be_bytes();
    let named = |head: [u8; 4]| std::array::from_fn(|at| head.get(at).copied().unwrap_or(7));
    let mut names: Vec<[u8; 20]> = (0..40_000).map(|at| named(spread(at))).collect();
    names.extend((0..20_000).map(|at| named(dense(at))));
    names.sort_unstable();
    names.dedup();

    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("pack")).unwrap();
    let fan = (0..=255_u8).flat_map(|byte| {
        let count = names.partition_point(|name| name[0] <= byte);
        u32::try_from(count).unwrap().to_be_bytes()
    });
    let index: Vec<u8> = b"\xfftOc\0\0\0\x02"
        .iter()
        .copied()
        .chain(fan)
        .chain(names.concat())
        .collect();
    fs::write(folder.path().join("pack/pack-1.idx"), index).unwrap();
    fs::write(folder.path().join("pack/pack-1.pack"), b"").unwrap();

    let mut found = Names::new(folder.path(), true).unwrap();
    let digits = |name: &[u8; 20]| {
        name.iter()
            .map(|byte| format!("{byte:02x}"))
            .collect::<String>()
    };
    let common = |one: &str, other: &str| {
        one.bytes()
            .zip(other.bytes())
            .take_while(|(a, b)| a == b)
            .count()
    };
    let all = found.shared(&names).unwrap();
    for at in (0..names.len()).step_by(41) {
        let own = digits(&names[at]);
        let before = at
            .checked_sub(1)
            .map_or(0, |before| common(&own, &digits(&names[before])));
        let after = names
            .get(at + 1)
            .map_or(0, |after| common(&own, &digits(after)));
        let alone = found.shared(&names[at..=at]).unwrap();
        assert_eq!([alone[0], all[at]], [before.max(after); 2], "{own}");
    }
}

/// Before git 2.53, objects in a pack that git has touched count twice. Then there seem to be 2^14 objects, and each
/// name has one more digit.
#[test]
fn names_are_as_long_as_git_prints_them_whatever_it_has_counted_twice() {
    let world = World::new();
    let first = world.commit("One");
    let blob = |at: u32| format!("blob\ndata {}\n{at}\n", at.to_string().len());
    let blobs: String = (0..9000).map(blob).collect();
    let import = "-c fastimport.unpackLimit=100 fast-import --quiet".split(' ');
    world.feed(&import.collect::<Vec<_>>(), blobs.as_bytes());
    for at in 0..12 {
        world.commit(&format!("Change {at}"));
    }
    let last = world.id("HEAD");
    // The commits are first in a pack of their own, then in that of the blobs.
    world.git(&["repack", "-dq"]);
    let index = ["multi-pack-index", "write"];
    world.git(&index);
    let apart = world.checked(&world.repo(), Some(&first), &last);
    world.checked(&world.repo(), Some(&last), &first);
    world.git(&["repack", "-adqk"]);
    world.git(&index);
    let together = world.checked(&world.repo(), Some(&first), &last);
    assert_eq!([apart.ships.len(), together.ships.len()], [12; 2]);
    assert!(apart.ships.iter().all(|commit| commit.short.len() >= 7));
    // The test is only valid if git is asked: the library alone is not sure.
    let objects = world.path().join(".git/objects");
    assert!(Names::new(&objects, true).unwrap().are_doubtful());
    // Both sides of a fork, and settings that leave no doubt.
    world.git(&["checkout", "-q", first.as_str()]);
    let beside = world.commit("Beside");
    world.checked(&world.repo(), Some(&beside), &last);
    for wish in ["core.abbrev=9", "core.multiPackIndex=false"] {
        let (key, value) = wish.split_once('=').unwrap();
        world.git(&["config", key, value]);
        world.checked(&world.repo(), Some(&beside), &last);
        world.git(&["config", "--unset", key]);
    }
}

#[test]
fn a_multi_pack_index_is_read_as_git_reads_it() {
    let world = World::new();
    let first = world.commit("One");
    let blob = |at: u32| format!("blob\ndata {}\n{at}\n", at.to_string().len());
    let blobs: String = (0..8000).map(blob).collect();
    let import = "-c fastimport.unpackLimit=100 fast-import --quiet".split(' ');
    world.feed(&import.collect::<Vec<_>>(), blobs.as_bytes());
    for at in 0..30 {
        world.commit(&format!("Change {at}"));
    }
    world.git(&["repack", "-dq"]);
    let last = world.commit("Loose");
    world.git(&["config", "core.abbrev", "4"]);
    world.git(&["multi-pack-index", "write", "--bitmap"]);
    let index = world.path().join(".git/objects/pack/multi-pack-index");
    assert!(index.is_file());
    let changes = world.checked(&world.repo(), Some(&first), &last);
    assert!(changes.ships.iter().any(|commit| commit.short.len() > 4));
    // A later pack, and an index that git is told not to read, or cannot read.
    world.git(&["repack", "-dq"]);
    world.checked(&world.repo(), Some(&first), &last);
    world.git(&["config", "core.abbrev", "auto"]);
    world.checked(&world.repo(), Some(&first), &last);
    world.git(&["config", "core.multiPackIndex", "false"]);
    world.checked(&world.repo(), Some(&first), &last);
    world.git(&["config", "--unset", "core.multiPackIndex"]);
    fs::remove_file(&index).unwrap();
    fs::write(&index, b"MIDX\x01\x01\xff\0\0\0\0\x02 cut off").unwrap();
    assert_eq!(
        world
            .repo()
            .changes(Some(&first), &last)
            .unwrap()
            .ships
            .len(),
        31
    );
}

#[test]
fn a_hash_from_a_page_is_never_taken_for_a_name() {
    let world = World::new();
    let (one, two) = (world.commit("One"), world.commit("Two"));
    let short = &one.as_str()[..10];
    world.git(&["tag", short, two.as_str()]);
    world.git(&["tag", one.as_str(), two.as_str()]);
    let repo = world.repo();
    for hex in [short, one.as_str(), &one.as_str().to_uppercase()] {
        assert_eq!(repo.resolve_hash(hex).unwrap(), Found::Commit(one.clone()));
        assert_eq!(
            plumbing::resolve_hash(&repo.program, hex).unwrap(),
            Found::Commit(one.clone())
        );
    }
    assert_eq!(repo.resolve_revision(one.as_str()).unwrap(), one);
    assert_eq!(repo.resolve_revision(short).unwrap(), two);
}

#[test]
fn a_hash_that_is_no_commit_s_says_what_it_is() {
    let world = World::new();
    let commit = world.commit("One");
    world.git(&["tag", "-a", "-m", "Text", "v1"]);
    let blob = world.feed(&["hash-object", "-w", "--stdin"], b"text");
    let tree = world.git(&["rev-parse", "HEAD^{tree}"]);
    world.feed(&["hash-object", "-t", "tree", "-w", "--stdin"], b"");
    let tag = world.git(&["rev-parse", "v1"]);
    let repo = world.repo();
    for (hex, kind) in [(&blob, "blob"), (&tree, "tree"), (&tag, "tag")] {
        for hex in [hex.as_str(), &hex[..8]] {
            let expected = Found::NotACommit(kind.to_owned());
            assert_eq!(repo.resolve_hash(hex).unwrap(), expected);
            assert_eq!(
                plumbing::resolve_hash(&repo.program, hex).unwrap(),
                expected
            );
        }
    }
    assert_eq!(repo.resolve_revision(&tag).unwrap(), commit);
    assert_eq!(repo.resolve_revision("v1").unwrap(), commit);
    for hex in [
        "1234567",
        "123456789a123456789a123456789a123456789a",
        "12",
        "not hex",
        "",
        "--all",
        "HEAD",
    ] {
        assert_eq!(repo.resolve_hash(hex).unwrap(), Found::Missing);
    }
    assert!(repo.has_commit(&commit).unwrap());
    assert!(!repo.has_commit(&CommitId::parse(&tree).unwrap()).unwrap());
}

#[test]
fn of_several_objects_that_begin_alike_the_only_commit_is_meant() {
    let world = World::new();
    // These pairs share seven digits. They were found by trial.
    for blob in ["blob 5820", "blob 16713"] {
        world.feed(&["hash-object", "-w", "--stdin"], blob.as_bytes());
    }
    assert_eq!(
        world.repo().resolve_hash("c21e856").unwrap(),
        Found::NotACommit("blob".to_owned())
    );

    let tree = world.feed(&["hash-object", "-t", "tree", "-w", "--stdin"], b"");
    let [one, two] = [19366, 25883].map(|date| {
        let people =
            "author Ada <ada@example.com> {date} +0000\ncommitter Ben <ben@example.com> 0 +0000\n";
        let people = people.replace("{date}", &date.to_string());
        world.raw(format!("tree {tree}\n{people}").as_bytes(), b"Text\n")
    });
    let repo = world.repo();
    assert_eq!(repo.resolve_hash("4601db0").unwrap(), Found::Ambiguous(2));
    assert_eq!(
        repo.resolve_hash(one.as_str()).unwrap(),
        Found::Commit(one.clone())
    );
    assert!(repo.resolve_revision("4601db0").is_err());
    world.checked(&repo, Some(&one), &two);
}

#[test]
fn an_unknown_revision_is_a_wrong_command_line() {
    let world = World::new();
    world.commit("One");
    let repo = world.repo();
    for rev in [
        "nothing",
        "",
        "^HEAD",
        "HEAD..HEAD",
        "--all",
        "-x",
        "HEAD:file",
        "@{upstream}",
        "1234567",
    ] {
        let stop = repo.resolve_revision(rev).unwrap_err();
        assert_eq!(stop.exit_code(), 2, "{rev}");
        assert!(stop.report().unwrap().hint.is_some());
    }
    let head = world.id("HEAD");
    for rev in [
        "HEAD",
        "@",
        "main",
        "refs/heads/main",
        ":/One",
        "HEAD^{/One}",
    ] {
        assert_eq!(repo.resolve_revision(rev).unwrap(), head, "{rev}");
    }
}

#[test]
fn a_name_stands_for_the_same_commit_as_for_git() {
    let world = World::new();
    let (one, _) = (world.commit("One"), world.commit("Two"));
    world.git(&["tag", "-a", "-m", "Text", "v1.0"]);
    world.git(&["tag", "both", one.as_str()]);
    world.git(&["branch", "both"]);
    world.git(&["branch", "fix/one", one.as_str()]);
    world.git(&["branch", "abcdef1", one.as_str()]);
    world.git(&["branch", "v1-2-gabcdef1", one.as_str()]);
    world.git(&["update-ref", "refs/remotes/origin/main", one.as_str()]);
    world.git(&["update-ref", "ORIG_HEAD", one.as_str()]);
    world.git(&[
        "symbolic-ref",
        "refs/remotes/origin/HEAD",
        "refs/remotes/origin/main",
    ]);
    let repo = world.repo();
    let names = "HEAD HEAD~1 HEAD^ HEAD^0 HEAD~ HEAD^~0 HEAD~2 HEAD^2 main main~1 v1.0 v1.0^ both both^ fix/one \
        abcdef1 v1-2-gabcdef1 origin origin/main origin/main~1 refs/heads/main heads/main tags/v1.0 ORIG_HEAD \
        main^{} main@{0} mai main~x HEAD^- MAIN head description";
    for name in names.split_whitespace() {
        let quick = repo.resolve_revision(name);
        let sure = plumbing::resolve_revision(&repo.program, name);
        assert_eq!(quick.ok(), sure.ok(), "{name}");
    }
    let library = repo.reader.as_ref().unwrap();
    for name in ["HEAD~1", "main", "v1.0^", "origin", "origin/main"] {
        assert!(library.resolve_name(name).is_ok(), "{name}");
    }
}
