//! The files that differ and match a pattern: from every folder, in every repository, with all settings and names.

use crate::git::tests::*;

const EACH: [&str; 8] = [
    "Procfile",
    "app/Procfile",
    "app/db/migrations/0001.py",
    "app/db/migrations/deep/0002.py",
    "app/views.py",
    "db/migrations/0003.py",
    "migrations.md",
    "migrations/0004.py",
];

/// Commits exactly these files with these texts.
fn tree(world: &World, files: &[(&[u8], &str)]) -> CommitId {
    let index: Vec<u8> = files
        .iter()
        .flat_map(|(name, text)| {
            let blob = world.feed(&["hash-object", "-w", "--stdin"], text.as_bytes());
            [format!("100644 {blob}\t").as_bytes(), name, b"\0"].concat()
        })
        .collect();
    world.git(&["read-tree", "--empty"]);
    world.feed(&["update-index", "-z", "--index-info"], &index);
    world.commit("Files")
}

/// Commits files with these names, all with the same text.
fn same(world: &World, names: &[&str], text: &str) -> CommitId {
    let files: Vec<(&[u8], &str)> = names.iter().map(|name| (name.as_bytes(), text)).collect();
    tree(world, &files)
}

fn touched(repo: &Repo, from: Option<&CommitId>, to: &CommitId, patterns: &[&str]) -> Vec<String> {
    let patterns: Vec<String> = patterns
        .iter()
        .map(|pattern| (*pattern).to_owned())
        .collect();
    repo.touched(from, to, &patterns).unwrap()
}

#[test]
fn a_pattern_names_what_it_matches_from_the_top() {
    let world = World::new();
    let (before, after) = (same(&world, &EACH, "old"), same(&world, &EACH, "new"));
    let inside = [
        "app/db/migrations/0001.py",
        "app/db/migrations/deep/0002.py",
    ];
    let cases: [(&[&str], &[&str]); 18] = [
        (&["Procfile"], &["Procfile"]),
        (&["./Procfile"], &["Procfile"]),
        (&["**/Procfile"], &["Procfile", "app/Procfile"]),
        (&["app/*"], &["app/Procfile", "app/views.py"]),
        (
            &["*.md", "app/views.??"],
            &["app/views.py", "migrations.md"],
        ),
        (&["app/db/migrations"], &inside),
        (&["app/db/migrations/"], &inside),
        (&["app/*/migrations/"], &inside),
        (&["*/migrations/"], &["db/migrations/0003.py"]),
        (
            &["**/migrations/**"],
            &[
                inside[0],
                inside[1],
                "db/migrations/0003.py",
                "migrations/0004.py",
            ],
        ),
        (&["migrations/", "migrations/*"], &["migrations/0004.py"]),
        (&["[mP]*"], &["Procfile", "migrations.md"]),
        (&["*"], &["Procfile", "migrations.md"]),
        (&["procfile"], &[]),
        (&["nothing/**", "*.rb"], &[]),
        (&["(exclude)Procfile", "!Procfile"], &[]),
        (&["^Procfile", "[a", "db\\"], &[]),
        (&[], &[]),
    ];
    for (patterns, names) in cases {
        assert_eq!(
            touched(&world.repo(), Some(&before), &after, patterns),
            names,
            "{patterns:?}"
        );
    }
    assert_eq!(
        touched(&world.repo(), Some(&after), &after, &["**"]),
        Vec::<String>::new()
    );
}

#[test]
fn what_is_added_removed_renamed_or_only_made_executable_is_touched() {
    let world = World::new();
    let before = same(
        &world,
        &["a/gone", "a/kept", "a/mode", "a/old", "b/x"],
        "text",
    );
    let after = same(
        &world,
        &["a/kept", "a/mode", "a/new", "a/other", "b/x"],
        "text",
    );
    let blob = world.git(&["rev-parse", ":a/mode"]);
    world.git(&[
        "update-index",
        "--cacheinfo",
        &format!("100755,{blob},a/mode"),
    ]);
    let last = world.commit("Mode");
    let repo = world.repo();
    assert_eq!(
        touched(&repo, Some(&before), &after, &["a/"]),
        ["a/gone", "a/new", "a/old", "a/other"]
    );
    assert_eq!(touched(&repo, Some(&after), &last, &["**"]), ["a/mode"]);
    // Only what is there and what would be there counts, whatever was in between.
    assert_eq!(
        touched(&repo, Some(&last), &before, &["a/*d*", "b/**"]),
        ["a/mode", "a/old"]
    );
}

#[test]
fn a_first_deploy_touches_everything_in_every_kind_of_repository() {
    for format in ["sha1", "sha256"] {
        let world = World::empty();
        world.git(&[
            "init",
            "-q",
            "-b",
            "main",
            &format!("--object-format={format}"),
        ]);
        let commit = same(&world, &EACH, "text");
        assert_eq!(
            touched(&world.repo(), None, &commit, &["**"]),
            EACH,
            "{format}"
        );
        assert_eq!(
            touched(&world.repo(), None, &commit, &["Procfile"]),
            ["Procfile"],
            "{format}"
        );
    }
}

#[test]
fn neither_the_place_nor_the_surroundings_have_a_say() {
    let world = World::new();
    let (before, after) = (same(&world, &EACH, "old"), same(&world, &EACH, "new"));
    fs::create_dir_all(world.path().join("app/db")).unwrap();
    let bare = World::empty();
    bare.git(&["clone", "-q", "--bare", world.path().to_str().unwrap(), "."]);
    world.git(&["worktree", "add", "-q", "linked"]);
    for (key, value) in [
        ("diff.relative", "true"),
        ("diff.noprefix", "true"),
        ("core.ignoreCase", "true"),
    ] {
        world.git(&["config", key, value]);
    }
    let places: [(&str, &[(&str, &str)]); 9] = [
        ("", &[]),
        ("app/db", &[]),
        (".git", &[]),
        ("linked/app", &[]),
        ("app", &[("GIT_DIR", "../.git"), ("GIT_WORK_TREE", "..")]),
        ("app", &[("GIT_DIR", bare.path().to_str().unwrap())]),
        (
            "app",
            &[("GIT_CONFIG_PARAMETERS", "'diff.renames'='copies'")],
        ),
        (
            "app",
            &[("GIT_CONFIG_PARAMETERS", "'diff.orderFile'='/nonexistent'")],
        ),
        (
            "app",
            &[("GIT_CONFIG_PARAMETERS", "'core.quotePath'='true'")],
        ),
    ];
    let check = |repo: &Repo| {
        let names = touched(repo, Some(&before), &after, &["Procfile", "db/migrations/"]);
        assert_eq!(
            names,
            ["Procfile", "db/migrations/0003.py"],
            "{:?}",
            repo.program
        );
    };
    places
        .iter()
        .for_each(|(folder, variables)| check(&world.repo_in(folder, variables)));
    check(&bare.repo());
    check(&bare.repo_in("refs", &[]));
}

#[test]
fn a_submodule_that_wants_to_be_ignored_is_named() {
    let world = World::new();
    let point = |id: &CommitId| {
        world.git(&[
            "update-index",
            "--add",
            "--cacheinfo",
            &format!("160000,{id},vendor/it"),
        ]);
        world.commit("Point")
    };
    let first = world.commit("One");
    let before = point(&first);
    let after = point(&before);
    fs::write(
        world.path().join(".gitmodules"),
        "[submodule \"it\"]\npath = vendor/it\nurl = ./it\nignore = all\n",
    )
    .unwrap();
    assert_eq!(
        touched(&world.repo(), Some(&before), &after, &["vendor/"]),
        ["vendor/it"]
    );
}

#[test]
fn names_are_bytes_and_come_whole() {
    let world = World::new();
    let names: [&[u8]; 7] = [
        b"m/\x1b[31mred",
        b"m/\"quoted\"",
        b"m/a\nb\tc",
        b"m/caf\xe9",
        "m/日本".as_bytes(),
        "m/\u{202e}x".as_bytes(),
        b"m/-z",
    ];
    let files: Vec<(&[u8], &str)> = names.iter().map(|name| (*name, "text")).collect();
    let commit = tree(&world, &files);
    let mut expected: Vec<String> = names
        .iter()
        .map(|name| String::from_utf8_lossy(name).into_owned())
        .collect();
    let mut found = touched(&world.repo(), None, &commit, &["m/"]);
    expected.sort();
    found.sort();
    assert_eq!(found, expected);
}

#[test]
fn what_is_missing_is_said_in_git_s_words() {
    let world = World::new();
    let commit = same(&world, &EACH, "text");
    let missing = CommitId::parse(&"1f13dc69".repeat(5)).unwrap();
    let stop = world
        .repo()
        .touched(Some(&missing), &commit, &["**".to_owned()])
        .unwrap_err();
    let report = stop.report().unwrap();
    assert_eq!(report.error, "git cannot compare the files");
    assert!(report.because[0].contains(missing.as_str()), "{report:?}");
    assert_eq!(
        world.repo().touched(Some(&missing), &commit, &[]).unwrap(),
        Vec::<String>::new()
    );
}

#[test]
fn pathspec_variables_of_the_environment_have_no_say() {
    let command = World::new().command(&["diff-tree"]);
    for name in ["LITERAL", "GLOB", "NOGLOB", "ICASE"].map(|word| format!("GIT_{word}_PATHSPECS")) {
        assert!(
            command
                .get_envs()
                .any(|(key, value)| key == name.as_str() && value.is_none()),
            "{name}"
        );
    }
}
