//! The places where a repository can be, and kinds that the library does not open.

use crate::core::words::Relation;
use crate::git::tests::*;

/// Checks that the expected layout is found from a folder with these variables.
fn expect(
    world: &World,
    folder: &str,
    variables: &[(&str, &str)],
    top: Option<&str>,
    git_dir: &str,
) -> Repo {
    let repo = world.repo_in(folder, variables);
    let root = absolute(world.path());
    assert_eq!(
        repo.layout().top.as_deref().map(absolute),
        top.map(|top| absolute(&root.join(top)))
    );
    assert_eq!(
        absolute(&repo.layout().git_dir),
        absolute(&root.join(git_dir))
    );
    assert_eq!(repo.layout().bare, top.is_none());
    repo
}

/// Returns a world with its repository in the folder `a`, with two commits and a subfolder.
fn in_a_folder() -> (World, CommitId, CommitId) {
    let world = World::empty();
    world.git(&["init", "-q", "-b", "main", "a"]);
    fs::create_dir_all(world.path().join("a/sub/folder")).unwrap();
    let commit = |text: &str| {
        world.git(&["-C", "a", "commit", "-q", "--allow-empty", "-m", text]);
        CommitId::parse(&world.git(&["-C", "a", "rev-parse", "HEAD"])).unwrap()
    };
    let (one, two) = (commit("One"), commit("Two"));
    (world, one, two)
}

fn ships_one(repo: &Repo, one: &CommitId, two: &CommitId) {
    let changes = repo.changes(Some(one), two).unwrap();
    assert_eq!(
        (changes.relation, changes.ships.len()),
        (Relation::Ahead, 1)
    );
    assert_eq!(
        changes,
        plumbing::changes(&repo.program, Some(one), two).unwrap()
    );
}

#[test]
fn the_repository_is_found_as_git_finds_it() {
    let (world, one, two) = in_a_folder();
    let inside = world.path().join("a/.git");
    let top = Some("a");
    let cases: [(&str, &[(&str, &str)]); 7] = [
        ("a", &[]),
        ("a/sub/folder", &[]),
        ("", &[("GIT_DIR", "a/.git"), ("GIT_WORK_TREE", "a")]),
        ("a/sub", &[("GIT_DIR", "../.git"), ("GIT_WORK_TREE", "..")]),
        ("a/sub", &[("GIT_WORK_TREE", "..")]),
        ("a", &[("GIT_DIR", ".git")]),
        (
            "a/sub",
            &[
                ("GIT_DIR", inside.to_str().unwrap()),
                ("GIT_WORK_TREE", ".."),
            ],
        ),
    ];
    for (folder, variables) in cases {
        let repo = expect(&world, folder, variables, top, "a/.git");
        assert!(repo.reader.is_some(), "{folder} {variables:?}");
        assert!(repo.layout().git_dir.is_absolute() && repo.layout().common_dir.is_absolute());
        ships_one(&repo, &one, &two);
    }
    // With `GIT_DIR` alone, the current folder is the work tree, unless the repository names one.
    let alone = [("GIT_DIR", inside.to_str().unwrap())];
    for folder in ["a/sub", ""] {
        let repo = expect(&world, folder, &alone, Some(folder), "a/.git");
        ships_one(&repo, &one, &two);
    }
    world.git(&["-C", "a", "config", "core.worktree", "../sub"]);
    expect(&world, "a/sub/folder", &alone, Some("a/sub"), "a/.git");
}

#[test]
fn linked_work_trees_and_separate_git_folders_work() {
    let (world, one, two) = in_a_folder();
    world.git(&["-C", "a", "worktree", "add", "-q", "--detach", "../linked"]);
    let repo = expect(
        &world,
        "linked",
        &[],
        Some("linked"),
        "a/.git/worktrees/linked",
    );
    assert_eq!(
        absolute(&repo.layout().common_dir),
        absolute(&world.path().join("a/.git"))
    );
    assert!(repo.reader.is_some());
    ships_one(&repo, &one, &two);

    world.git(&["clone", "-q", "--separate-git-dir=elsewhere", "a", "b"]);
    ships_one(
        &expect(&world, "b", &[], Some("b"), "elsewhere"),
        &one,
        &two,
    );

    let variables = [
        ("GIT_DIR", "a/.git/worktrees/linked"),
        ("GIT_WORK_TREE", "linked"),
    ];
    let repo = expect(
        &world,
        "",
        &variables,
        Some("linked"),
        "a/.git/worktrees/linked",
    );
    ships_one(&repo, &one, &two);
}

#[test]
fn bare_repositories_work_but_not_when_hidden_in_a_work_tree() {
    let (world, one, two) = in_a_folder();
    world.git(&["clone", "-q", "--bare", "a", "bare.git"]);
    ships_one(
        &expect(&world, "bare.git", &[], None, "bare.git"),
        &one,
        &two,
    );
    ships_one(
        &expect(&world, "", &[("GIT_DIR", "bare.git")], None, "bare.git"),
        &one,
        &two,
    );

    // A work tree of a bare repository has a top like any other.
    world.git(&[
        "-C",
        "bare.git",
        "worktree",
        "add",
        "-q",
        "--detach",
        "../from-bare",
    ]);
    ships_one(
        &expect(
            &world,
            "from-bare",
            &[],
            Some("from-bare"),
            "bare.git/worktrees/from-bare",
        ),
        &one,
        &two,
    );

    // A `.git` file next to the bare repository may lead to it: a common way to keep many work trees.
    world.git(&["clone", "-q", "--bare", "a", "many/.bare"]);
    fs::write(world.path().join("many/.git"), "gitdir: ./.bare\n").unwrap();
    for folder in ["many", "many/.bare"] {
        ships_one(&expect(&world, folder, &[], None, "many/.bare"), &one, &two);
    }

    world.git(&["clone", "-q", "--bare", "a", "a/sub/evil"]);
    let stop = Repo::open_with(world.program("a/sub/evil", &[]))
        .err()
        .unwrap();
    assert_eq!(stop.exit_code(), 1);
    assert!(
        stop.report()
            .unwrap()
            .hint_text()
            .as_deref()
            .unwrap()
            .contains("--git-dir=.")
    );
    ships_one(
        &expect(
            &world,
            "a/sub/evil",
            &[("GIT_DIR", ".")],
            None,
            "a/sub/evil",
        ),
        &one,
        &two,
    );

    let explicit = [
        ("GIT_CONFIG_COUNT", "1"),
        ("GIT_CONFIG_KEY_0", "safe.bareRepository"),
        ("GIT_CONFIG_VALUE_0", "explicit"),
    ];
    assert!(Repo::open_with(world.program("bare.git", &explicit)).is_err());
}

#[test]
fn no_repository_is_git_s_own_refusal() {
    let world = World::empty();
    let ceiling = world.path().to_str().unwrap();
    let stop = Repo::open_with(world.program("", &[("GIT_CEILING_DIRECTORIES", ceiling)]))
        .err()
        .unwrap();
    let report = stop.report().unwrap();
    assert!(
        report.because[0].contains("not a git repository"),
        "{report:?}"
    );
    assert_eq!(
        report.hint_text().as_deref(),
        Some("cd into a clone, then: git smp")
    );
    let (world, ..) = in_a_folder();
    for place in ["", "elsewhere"] {
        assert!(Repo::open_with(world.program("a", &[("GIT_DIR", place)])).is_err());
    }
}

/// Tests a repository of this kind with some commits. Returns whether the library opens it.
fn of_kind(init: &[&str], settings: &[(&str, &str)]) -> bool {
    let world = World::empty();
    world.git(&[&["init", "-q", "-b", "main"], init].concat());
    let first = world.commit("One");
    world.git(&["checkout", "-q", "-b", "side"]);
    let side = world.commit("Side");
    world.git(&["checkout", "-q", "main"]);
    let last = world.commit("Two");
    for (key, value) in settings {
        world.git(&["config", key, value]);
    }
    let repo = world.repo();
    for (from, to) in [
        (&first, &last),
        (&last, &first),
        (&side, &last),
        (&last, &last),
    ] {
        let changes = repo.changes(Some(from), to).unwrap();
        assert_eq!(
            changes,
            plumbing::changes(&repo.program, Some(from), to).unwrap()
        );
    }
    assert_eq!(
        world.checked(&repo, Some(&side), &last).relation,
        Relation::Diverged
    );
    assert_eq!(world.checked(&repo, None, &last).ships.len(), 2);
    assert!(repo.is_ancestor(&first, &last).unwrap());
    assert!(!repo.is_ancestor(&last, &first).unwrap());
    assert_eq!(repo.resolve_revision("HEAD").unwrap(), last);
    assert_eq!(
        repo.resolve_hash(&last.as_str()[..9]).unwrap(),
        Found::Commit(last.clone())
    );
    assert_eq!(
        repo.resolve_hash(last.as_str()).unwrap(),
        Found::Commit(last.clone())
    );
    assert_eq!(repo.resolve_hash("123456789").unwrap(), Found::Missing);
    assert!(repo.has_commit(&last).unwrap());
    assert_eq!(repo.commits(&[last.clone(), first]).unwrap()[0].id, last);
    repo.reader.is_some()
}

#[test]
fn kinds_that_the_library_does_not_open_are_read_by_git() {
    assert!(of_kind(&[], &[]));
    assert!(!of_kind(&["--object-format=sha256"], &[]));
    assert!(!of_kind(
        &[],
        &[
            ("core.repositoryFormatVersion", "1"),
            ("extensions.partialClone", "origin")
        ]
    ));
}

#[test]
fn a_reftable_repository_is_read_by_git() {
    // git before 2.45 does not know it.
    let probe = World::empty();
    if probe
        .command(&["init", "-q", "--ref-format=reftable"])
        .output()
        .unwrap()
        .status
        .success()
    {
        assert!(!of_kind(&["--ref-format=reftable"], &[]));
    }
}

#[test]
fn split_and_sparse_indexes_are_no_concern() {
    let world = World::new();
    fs::write(world.path().join("file"), "text").unwrap();
    world.git(&["add", "file"]);
    let (one, two) = (world.commit("One"), world.commit("Two"));
    world.git(&["update-index", "--split-index"]);
    ships_one(&world.repo(), &one, &two);
    world.git(&[
        "sparse-checkout",
        "set",
        "--cone",
        "--sparse-index",
        "folder",
    ]);
    ships_one(&world.repo(), &one, &two);
    world.git(&["checkout", "-q", "--detach"]);
    ships_one(&world.repo(), &one, &two);
    world.git(&["checkout", "-q", "--orphan", "unborn"]);
    ships_one(&world.repo(), &one, &two);
}

#[test]
fn what_is_missing_is_said_in_git_s_words() {
    let world = World::new();
    let (one, two) = (world.commit("One"), world.commit("Two"));
    let three = world.commit("Three");
    let file = format!(".git/objects/{}/{}", &two.as_str()[..2], &two.as_str()[2..]);
    let object = world.path().join(file);
    fs::rename(&object, world.path().join("kept")).unwrap();
    let repo = world.repo();
    let stop = repo.changes(Some(&one), &three).unwrap_err();
    assert!(!stop.report().unwrap().because.is_empty());
    assert!(repo.is_ancestor(&one, &three).is_err());
    assert!(repo.changes(None, &three).is_err());
    assert!(!repo.has_commit(&two).unwrap());
    assert!(repo.commits(std::slice::from_ref(&two)).is_err());
    // An object that a fetch brings meanwhile is found.
    fs::rename(world.path().join("kept"), &object).unwrap();
    assert!(repo.has_commit(&two).unwrap());
    assert_eq!(world.checked(&repo, Some(&one), &three).ships.len(), 2);
}

#[test]
fn shallow_clones_are_read_as_git_reads_them() {
    let world = World::new();
    let one = world.commit("One");
    let (two, three) = (world.commit("Two"), world.commit("Three"));
    let shallow = World::empty();
    let url = format!("file://{}", world.path().display());
    shallow.git(&["clone", "-q", "--depth=2", &url, "."]);
    let repo = shallow.repo();
    assert!(repo.layout().shallow);
    assert_eq!(shallow.checked(&repo, Some(&two), &three).ships.len(), 1);
    assert_eq!(shallow.checked(&repo, None, &three).ships.len(), 2);
    assert!(!repo.has_commit(&one).unwrap());
}

#[test]
fn grafted_commits_are_seen_as_they_are_pushed() {
    let world = World::new();
    let one = world.commit("One");
    let (_, three) = (world.commit("Two"), world.commit("Three"));
    let info = world.path().join(".git/info");
    fs::create_dir(&info).unwrap();
    fs::write(info.join("grafts"), format!("{three} {one}\n")).unwrap();
    assert_eq!(
        world.checked(&world.repo(), Some(&one), &three).ships.len(),
        2
    );
}

#[test]
fn replaced_commits_are_seen_as_they_are_pushed() {
    let world = World::new();
    let (one, two) = (world.commit("One"), world.commit("Two"));
    world.git(&["replace", two.as_str(), one.as_str()]);
    assert_eq!(
        world.checked(&world.repo(), Some(&one), &two).ships.len(),
        1
    );
}

#[test]
fn a_broken_or_unwanted_commit_graph_is_ignored() {
    let world = World::new();
    let one = world.commit("One");
    let two = world.commit("Two");
    world.git(&["commit-graph", "write", "--reachable"]);
    let graph = world.path().join(".git/objects/info/commit-graph");
    let sound = fs::read(&graph).unwrap();
    let three = world.commit("Three");
    assert_eq!(
        world.checked(&world.repo(), Some(&one), &three).ships.len(),
        2
    );
    world.git(&["config", "core.commitGraph", "false"]);
    assert_eq!(
        world.checked(&world.repo(), Some(&one), &three).ships.len(),
        2
    );
    world.git(&["config", "--unset", "core.commitGraph"]);
    for length in [0, 7, 40, sound.len() / 2] {
        fs::remove_file(&graph).unwrap();
        fs::write(&graph, &sound[..length]).unwrap();
        let changes = world.repo().changes(Some(&one), &two).unwrap();
        assert_eq!(changes.ships.len(), 1, "{length}");
    }
    fs::remove_file(&graph).unwrap();
    world.git(&["commit-graph", "write", "--reachable", "--split"]);
    let four = world.commit("Four");
    world.git(&["commit-graph", "write", "--reachable", "--split=no-merge"]);
    assert_eq!(
        world.checked(&world.repo(), Some(&one), &four).ships.len(),
        3
    );
}

#[test]
fn configuration_is_git_s_with_what_the_command_line_adds() {
    let world = World::new();
    world.git(&["config", "--add", "remote.Origin.url", "one"]);
    world.git(&["config", "--add", "remote.Origin.url", "two"]);
    fs::write(
        world.path().join(".git/extra"),
        "[Smp]\n\tBare\n\tlines = \"a\\nb\"\n",
    )
    .unwrap();
    world.git(&["config", "include.path", "extra"]);
    let variables = [("GIT_CONFIG_PARAMETERS", "'smp.given'='word'")];
    let repo = world.repo_in("", &variables);
    let config = repo.config().unwrap();
    assert_eq!(config.all("remote.Origin.url"), ["one", "two"]);
    assert_eq!(config.get("remote.Origin.url"), Some("two"));
    assert_eq!(config.get("smp.bare"), Some("true"));
    assert_eq!(config.get("smp.lines"), Some("a\nb"));
    assert_eq!(config.get("smp.given"), Some("word"));
    assert_eq!(config.get("color.ui"), None);
}

#[test]
fn threads_share_a_repository() {
    fn shared<T: Sync + Send>(_: &T) {}
    let world = World::new();
    let (one, two) = (world.commit("One"), world.commit("Two"));
    let repo = world.repo();
    shared(&repo);
    std::thread::scope(|scope| {
        let both = [&one, &two].map(|id| scope.spawn(|| repo.resolve_hash(id.as_str()).unwrap()));
        let found = both.map(|thread| thread.join().unwrap());
        assert_eq!(
            found,
            [Found::Commit(one.clone()), Found::Commit(two.clone())]
        );
    });
}
