//! With any git configuration of the user, one ref of the main repository moves, and the clone does not change.

use crate::team::recorder::tests::*;

/// Returns all of a clone's own data: refs, HEAD, index, work tree, FETCH_HEAD.
fn work(clone: &Checkout<'_>) -> String {
    let line = "git for-each-ref --format='%(refname) %(objectname)' | grep -v ' *refs/smp/seen'; cat .git/HEAD; \
                cksum <.git/index; git status --porcelain --ignored; cat .git/FETCH_HEAD; ls -A";
    clone.world.run(&clone.name, line, &[]).1
}

/// A world with a commit on main, and a clone with its own changes, branches and tags.
fn lived_in() -> World {
    let world = World::new();
    let clone = world.clone("one");
    let line = "echo a >a && git add a && git commit -qm a && git push -q upstream HEAD:main && git fetch -q upstream && \
                git tag -a x -m x && git branch y && echo b >a && echo c >c && git add c && echo d >d";
    let (done, words) = world.run("one", line, &[]);
    assert!(done, "{words}");
    drop(clone);
    world
}

#[test]
fn the_clone_stays_as_it_was() {
    let world = lived_in();
    let (clone, other) = (world.named("one"), world.clone("other"));
    let before = work(&clone);
    other.append(proposed("stable")).unwrap();
    clone.append(judged("Rosi", "fine")).unwrap();
    other.append(judged("Ben", "fine")).unwrap();
    clone.read().unwrap();
    assert_eq!(work(&clone), before);
    assert_eq!(clone.seen(), world.at(RECORD));
    assert_eq!(world.refs().lines().count(), 1, "the record");
}

#[test]
fn a_plain_push_and_a_push_of_everything_leave_what_was_seen_at_home() {
    let world = lived_in();
    let clone = world.named("one");
    clone.append(proposed("stable")).unwrap();
    clone.git(&["push", "-q", "--all", "upstream"]);
    clone.git(&["push", "-q", "--tags", "upstream"]);
    assert_eq!(world.at("refs/smp/seen"), None);
    assert_eq!(world.states(RECORD).len(), 1);
}

#[test]
fn a_user_s_settings_have_no_say() {
    let settings: [(&str, &str); 22] = [
        ("push.default", "nothing"),
        ("push.followTags", "true"),
        ("push.gpgSign", "true"),
        ("push.pushOption", "ci.skip"),
        ("push.recurseSubmodules", "on-demand"),
        ("push.useForceIfIncludes", "true"),
        ("push.autoSetupRemote", "true"),
        ("remote.upstream.mirror", "true"),
        ("remote.upstream.push", "refs/heads/*:refs/heads/*"),
        ("remote.upstream.prune", "true"),
        ("remote.upstream.tagOpt", "--tags"),
        ("remote.pushDefault", "nowhere"),
        ("fetch.prune", "true"),
        ("fetch.pruneTags", "true"),
        ("commit.gpgSign", "true"),
        ("gpg.program", "/bin/false"),
        ("i18n.commitEncoding", "ISO-8859-1"),
        ("i18n.logOutputEncoding", "ISO-8859-1"),
        ("core.logAllRefUpdates", "always"),
        ("core.autocrlf", "true"),
        ("color.ui", "always"),
        ("log.showSignature", "true"),
    ];
    let world = lived_in();
    let (clone, other) = (world.named("one"), world.clone("other"));
    other.append(proposed("stäble 日本")).unwrap();
    for (key, value) in settings {
        clone.git(&["config", key, value]);
    }
    let before = work(&clone);
    for nth in 1..=2 {
        clone.append(judged("Rösi", "größer 日本")).unwrap();
        assert_eq!(world.states(RECORD).len(), 1 + nth);
    }
    assert_eq!(work(&clone), before);
    assert_eq!(world.refs().lines().count(), 1, "{}", world.refs());
    let repo = clone.repo();
    let reading = recorder(&world, &repo).read_now().unwrap().unwrap();
    let (events, unread) = recorder(&world, &repo).events(&reading).unwrap();
    assert_eq!(unread, 0);
    assert_eq!(
        events
            .iter()
            .fold(State::default(), |state, event| state.after(event).unwrap()),
        reading.state
    );
    let raw = world.git("main.git", &["cat-file", "commit", RECORD]);
    assert!(
        raw.contains("größer 日本") && !raw.contains("\nencoding ") && !raw.contains("gpgsig"),
        "{raw}"
    );
}

#[test]
fn a_user_s_hooks_are_not_run() {
    let world = lived_in();
    let clone = world.named("one");
    for hook in [
        "pre-push",
        "reference-transaction",
        "commit-msg",
        "pre-commit",
        "post-commit",
        "post-index-change",
    ] {
        write_program(
            &world.path("one/.git/hooks").join(hook),
            "echo ran >>../ran\nexit 1\n",
        );
    }
    clone.append(proposed("stable")).unwrap();
    clone.append(judged("Rosi", "fine")).unwrap();
    assert!(!world.path("ran").exists());
}

#[test]
fn a_user_s_dates_and_names_in_the_environment() {
    let world = World::new();
    let dated = world
        .clone("one")
        .and("GIT_AUTHOR_DATE", "2005-04-07T22:13:13")
        .and("GIT_COMMITTER_DATE", "garbage");
    dated.append(proposed("stable")).unwrap();
    let named = world
        .named("one")
        .and("GIT_COMMITTER_NAME", "Rosi")
        .and("GIT_AUTHOR_NAME", "Ben");
    let state = named.append(judged("Rosi", "fine")).unwrap();
    let line = world.git(
        "main.git",
        &[
            "log",
            "--format=%an %cn %ad %cd",
            "--date=format:%Y",
            RECORD,
        ],
    );
    let lines: Vec<_> = line.lines().collect();
    assert!(
        lines[0].starts_with("Rosi Rosi 20") && lines[1].starts_with("Ada Example Ada Example 20"),
        "{line}"
    );
    assert!(!line.contains("2005"));
    assert_eq!(
        state.candidate.unwrap().verdicts[0].recorded_by.name,
        "Rosi"
    );
}

#[test]
fn names_that_git_tidies_up_are_tidy_on_the_record() {
    let world = World::new();
    let clone = world.clone("one");
    clone.git(&["config", "user.name", " ,Ada <Example>\n; "]);
    clone.git(&["config", "user.email", ""]);
    let state = clone.append(proposed("stable")).unwrap();
    let repo = clone.repo();
    let reading = recorder(&world, &repo).read_now().unwrap().unwrap();
    let (events, _) = recorder(&world, &repo).events(&reading).unwrap();
    assert_eq!(events[0].by, state.candidate.unwrap().by);
    assert_eq!(events[0].by.name, "Ada Example");
}

#[test]
fn a_record_on_a_branch_works() {
    let world = World::with("[record]\nref = 'refs/heads/smp-record'\n", &[]);
    world.git(
        "main.git",
        &["config", "receive.denyNonFastForwards", "true"],
    );
    let (one, other) = (world.clone("one"), world.clone("other"));
    one.append(proposed("stable")).unwrap();
    other.append(judged("Rosi", "fine")).unwrap();
    let state = one.append(judged("Ben", "fine")).unwrap();
    assert_eq!(world.states("refs/heads/smp-record").last(), Some(&state));
    assert_eq!(world.refs().lines().count(), 1);
    let branches = one.git(&["for-each-ref", "--format=%(refname)", "refs/heads"]);
    assert_eq!(branches, "refs/heads/main");
}

#[test]
fn other_kinds_of_repositories_work() {
    let (_, version) = World::new().run("", "git --version", &[]);
    let reftable = !version.contains(" 2.39");
    let kinds: [&[&str]; 2] = [&["--object-format=sha256"], &["--ref-format=reftable"]];
    for kind in kinds.iter().take(1 + usize::from(reftable)) {
        let world = World::with("[record]\n", kind);
        for name in ["one", "other"] {
            world.git("", &[["init", "-q", name].as_slice(), kind].concat());
            world.git(name, &["remote", "add", "upstream", "../main.git"]);
        }
        let (one, other) = (world.named("one"), world.named("other"));
        one.append(proposed("stable")).unwrap();
        other.append(judged("Rosi", "fine")).unwrap();
        assert_eq!(
            one.append(judged("Ben", "fine")).unwrap().events,
            3,
            "{kind:?}"
        );
        assert_eq!(world.states(RECORD).len(), 3);
    }
}

#[test]
fn other_kinds_of_clones_work() {
    let world = lived_in();
    world.run(
        "one",
        "git commit -qam b; git push -q upstream HEAD:main",
        &[],
    );
    world.git("main.git", &["config", "uploadpack.allowFilter", "true"]);
    world.named("one").append(proposed("stable")).unwrap();
    let url = format!("file://{}", world.path("main.git").display());
    let kinds: [&[&str]; 5] = [
        &["--depth=1"],
        &["--filter=tree:0"],
        &["--filter=blob:none"],
        &["--bare"],
        &["--mirror"],
    ];
    for (nth, kind) in (2..).zip(kinds) {
        let name = format!("kind{}", kind[0]);
        world.git(
            "",
            &[
                ["clone", "-q", "-o", "upstream", &url, &name].as_slice(),
                kind,
            ]
            .concat(),
        );
        let clone = world.named(&name);
        assert_eq!(
            clone.append(found("staging", nth)).unwrap().events,
            nth,
            "{kind:?}"
        );
        world
            .named("one")
            .append(found("staging", nth))
            .unwrap_or_else(|stop| panic!("{kind:?} {stop:?}"));
        assert_eq!(clone.read().unwrap().state.events, nth + 1, "{kind:?}");
        let last = world.at(RECORD).unwrap();
        world.git("main.git", &["update-ref", RECORD, &format!("{last}~1")]);
        clone.git(&["update-ref", "refs/smp/seen", &format!("{last}~1")]);
        world.git(
            "one",
            &["update-ref", "refs/smp/seen", &format!("{last}~1")],
        );
    }
}

#[test]
fn work_trees_of_one_clone_share_what_was_seen() {
    let world = lived_in();
    let clone = world.named("one");
    clone.git(&["worktree", "add", "-q", "../beside"]);
    world.named("beside").append(proposed("stable")).unwrap();
    assert_eq!(clone.seen(), world.at(RECORD));
    assert!(world.path("one/.git/smp/record-heard").exists());
}
