//! `git smp setup`: it adds what is missing, touches nothing else, and checks every part of a deploy.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::sample::sample;
use crate::support::{Deploy, Gate, Page, Run, Topology, World, topologies};

mod doors;

/// Returns the bytes of every file below a folder, to compare before and after.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            let bytes = std::fs::read(&path).unwrap_or_default();
            found.insert(path, bytes);
        }
    }
    found
}

/// Returns every file in the world: all repositories, the home folder, the clone.
fn everything(deploy: &Deploy) -> BTreeMap<PathBuf, Vec<u8>> {
    files(&deploy.path(""))
}

fn config(deploy: &Deploy) -> String {
    std::fs::read_to_string(deploy.work.join(".git/config")).unwrap()
}

fn settings(deploy: &Deploy) -> Vec<String> {
    deploy
        .git(&deploy.work, &["config", "--local", "--list"])
        .lines()
        .map(str::to_owned)
        .collect()
}

/// Returns the output's line about this environment or remote.
#[track_caller]
fn check<'r>(out: &'r str, name: &str) -> &'r str {
    let about = |line: &str| line.split_whitespace().nth(1) == Some(name);
    out.lines()
        .find(|line| about(line))
        .unwrap_or_else(|| panic!("nothing about {name} in:\n{out}"))
}

#[track_caller]
fn is_good(run: &Run, name: &str, words: &str) {
    let (out, first) = (run.out(), "ok");
    let line = check(&out, name);
    assert!(
        line.trim_start().starts_with(first) && line.contains(words),
        "{words:?} is not good of {name}: {run}"
    );
}

#[track_caller]
fn is_bad(run: &Run, name: &str, words: &str) {
    run.exits(1)
        .says("error: one check failed\n")
        .says("hint: ");
    let out = run.out();
    let line = check(&out, name);
    assert!(
        line.trim_start().starts_with("FAIL") && line.contains(words),
        "{words:?} is not bad of {name}: {run}"
    );
}

#[test]
fn it_adds_the_missing_remotes_as_git_would_and_nothing_else() {
    for topology in topologies() {
        let deploy = World::deploy_like().on(topology).build();
        let [_, staging, production] = deploy.urls();
        let (bares, refs, before) = (
            deploy.snapshot(),
            deploy.refs(&deploy.work),
            settings(&deploy),
        );
        let (text, rest) = (config(&deploy), files(&deploy.work));
        let run = deploy.smp(&["setup", "--yes"]);
        run.ok();
        is_good(
            &run,
            "upstream",
            &format!("answers; master is at {}", &deploy.nth(6)[..7]),
        );
        is_good(&run, "staging", &format!("runs {}", &deploy.nth(5)[..7]));
        is_good(&run, "production", &format!("runs {}", &deploy.nth(2)[..7]));

        let after = settings(&deploy);
        assert_eq!(after[..before.len()], before);
        let (trusted, added): (Vec<_>, Vec<_>) = after[before.len()..]
            .iter()
            .partition(|line| line.starts_with("smp.trusted=sha256:"));
        assert_eq!(trusted.len(), 1);
        let remotes = match topology {
            Topology::Branches => Vec::new(),
            Topology::Remotes => vec![
                format!("remote.staging.url={staging}"),
                "remote.staging.fetch=+refs/heads/*:refs/remotes/staging/*".to_owned(),
                format!("remote.production.url={production}"),
                "remote.production.fetch=+refs/heads/*:refs/remotes/production/*".to_owned(),
            ],
        };
        assert_eq!(added, remotes.iter().collect::<Vec<_>>());
        let all = deploy.git(&deploy.work, &["remote"]);
        assert!(
            all.lines().eq(topology.differs().remotes.iter().copied()),
            "{all}"
        );
        assert!(
            config(&deploy).starts_with(&text),
            "what stood there was touched"
        );
        let mut left = files(&deploy.work);
        left.remove(&deploy.work.join(".git/smp/trusted")).unwrap();
        left.insert(deploy.work.join(".git/config"), text.into_bytes());
        assert_eq!(
            left.keys().collect::<Vec<_>>(),
            rest.keys().collect::<Vec<_>>()
        );
        assert!(left == rest, "another file changed");
        assert_eq!(
            (bares, refs),
            (deploy.snapshot(), deploy.refs(&deploy.work))
        );
    }
}

#[test]
fn only_the_one_that_is_missing_is_added() {
    let deploy = World::deploy_like().on(Topology::Remotes).build();
    let [_, staging, _] = deploy.urls();
    deploy.git(&deploy.work, &["config", "remote.staging.url", staging]);
    assert_eq!(deploy.trust().stderr.matches("remote to add").count(), 1);
    assert_eq!(
        deploy.git(&deploy.work, &["config", "--get-all", "remote.staging.url"]),
        staging
    );
    deploy
        .try_git(&deploy.work, &["config", "remote.staging.fetch"])
        .exits(1);
}

#[test]
fn a_remote_with_another_address_is_left_alone_and_not_asked() {
    let deploy = World::deploy_like()
        .on(Topology::Remotes)
        .over_open_http()
        .build();
    let elsewhere = deploy.http().url(&deploy.path("elsewhere.git"));
    deploy.git(&deploy.work, &["remote", "add", "production", &elsewhere]);
    let section = config(&deploy);
    for again in [false, true] {
        let run = deploy.smp(&["setup", "--yes"]);
        is_bad(&run, "production", "its remote has another address");
        let [_, _, production] = deploy.urls();
        run.prints_among(&format!("smp.toml says {production}"))
            .prints_among(&format!("this clone has {elsewhere}"));
        run.says(&format!("hint: git remote set-url production {production}"));
        is_good(&run, "staging", "answers");
        assert!(config(&deploy).starts_with(&section), "again: {again}");
    }
    let asked = deploy.http().seen();
    assert!(
        asked
            .iter()
            .any(|seen| seen.path.starts_with("/staging.git"))
    );
    assert!(
        !asked
            .iter()
            .any(|seen| seen.path.starts_with("/elsewhere.git")),
        "{asked:?}"
    );
    deploy.smp(&["setup", "--check"]).exits(1);
}

#[test]
fn an_address_with_a_password_in_it_is_another_one_and_the_password_is_not_shown() {
    // SEC-03
    let deploy = World::deploy_like()
        .on(Topology::Remotes)
        .over_open_http()
        .build();
    let [_, _, production] = deploy.urls();
    let with_password = production.replace("http://", "http://ada:hunter2@");
    deploy.in_clone(&format!("remote add production {with_password}"));
    let run = deploy.smp(&["setup", "--yes"]);
    is_bad(&run, "production", "its remote has another address");
    run.never_shows("hunter2")
        .prints_among("with a user or password in it")
        .says("with a user or password in it");
    deploy
        .smp(&["status"])
        .exits(2)
        .never_shows("hunter2")
        .says("with a user or password in it");
}

#[test]
fn the_second_run_adds_nothing_and_asks_nothing() {
    let deploy = World::deploy();
    deploy.trust();
    let before = files(&deploy.work);
    deploy
        .smp(&["setup"])
        .ok()
        .never_shows("Trust")
        .never_shows("remote to add");
    deploy
        .runner()
        .terminal(&["setup"])
        .ends()
        .ok()
        .never_shows("[y/N]")
        .says("production  answers");
    assert!(files(&deploy.work) == before);
}

#[test]
fn check_changes_nothing_at_all_and_answers_with_its_exit_code() {
    let deploy = World::deploy_like().on(Topology::Remotes).build();
    let untouched = |code: i32| {
        let before = everything(&deploy);
        let run = deploy.smp(&["setup", "--check"]);
        run.exits(code);
        assert!(
            everything(&deploy) == before,
            "something was written: {run}"
        );
        run
    };
    untouched(1)
        .says("smp.toml was not agreed to")
        .says("hint: review it and agree to it: git smp setup");
    assert!(deploy.web.asked().is_empty());
    deploy.trust();
    is_good(&untouched(0), "production", "answers");
    deploy.git(&deploy.work, &["remote", "remove", "staging"]);
    is_bad(&untouched(1), "staging", "its remote is missing");
    deploy.trust();
    deploy.web.set("/production", Page::body("maintenance"));
    is_bad(&untouched(1), "production", "its page contains no hash");
    deploy
        .web
        .set("/production", Page::deployed(&deploy.production));
    untouched(0);
    deploy.write_toml(&deploy.toml().replace("/staging\"\n", "/other\"\n"));
    untouched(1).says("was not agreed to");
    std::fs::remove_file(deploy.work.join("smp.toml")).unwrap();
    untouched(2).says("config.example.toml");
    deploy
        .runner()
        .terminal(&["setup", "--check"])
        .ends()
        .exits(2)
        .says("not with --check")
        .says("to answer the questions: git smp setup\r\n");
    deploy.smp(&["setup", "--check", "--yes"]).exits(2);
}

#[test]
fn without_a_terminal_silence_is_a_no_and_so_is_a_pipe_full_of_yes() {
    let deploy = World::deploy_like().on(Topology::Remotes).build();
    let before = everything(&deploy);
    for input in ["", "y\ny\ny\n"] {
        let run = deploy.runner().stdin(input).smp(&["setup"]);
        run.exits(1)
            .says("error: this needs a confirmation, and there is no terminal")
            .says("Trust this and add 2 remotes?");
        run.says("hint: if the answer is yes: git smp setup --yes");
    }
    assert!(everything(&deploy) == before);
    assert!(deploy.web.asked().is_empty());
}

#[test]
fn at_the_terminal_only_y_means_yes() {
    let deploy = World::deploy_like().on(Topology::Remotes).build();
    let before = everything(&deploy);
    for keys in sample(
        2,
        ["\r", "n\r", "maybe\r", "yy\r", "\u{3}", "y\u{3}", "\u{4}"],
    ) {
        let mut terminal = deploy.runner().terminal(&["setup"]);
        terminal
            .sees("Trust this and add 2 remotes? [y/N] ")
            .types(keys);
        terminal.ends().exits(3).says("nothing was changed");
        assert!(everything(&deploy) == before, "{keys:?} changed something");
    }
    assert!(deploy.web.asked().is_empty());
    let mut terminal = deploy.runner().terminal(&["setup"]);
    terminal
        .sees(deploy.urls()[2])
        .sees("remote to add")
        .sees("[y/N] ")
        .enters("y");
    terminal.ends().ok().says("production  answers");
    deploy.smp(&["status"]).ok();
}

#[test]
fn what_is_typed_before_the_question_is_no_answer() {
    let deploy = World::deploy();
    let gate = Gate::new(&deploy, "early");
    let git = deploy
        .runner()
        .program("sh", &["-c", "command -v git"])
        .ok()
        .out();
    let held = format!(
        "case \"$*\" in *'config -z --list'*) {};; esac\nexec {} \"$@\"",
        gate.line(),
        git.trim_end()
    );
    deploy.executable("front/git", &held);
    let mut terminal = deploy
        .runner()
        .directly()
        .path_first("front")
        .terminal(&["setup"]);
    gate.reached();
    terminal.types("y\ry\r").sees("y\r\ny\r\n");
    gate.open();
    terminal.sees("[y/N] ").enters("");
    terminal.ends().exits(3).says("nothing was changed");
}

#[test]
fn each_check_names_what_is_wrong_with_a_remote() {
    let deploy = World::deploy_like().on(Topology::Remotes).build();
    deploy.trust();
    let look = || deploy.smp(&["setup", "--check"]);

    let away = deploy.path("away.git");
    std::fs::rename(&deploy.production, &away).unwrap();
    is_bad(&look(), "production", "does not answer");
    std::fs::rename(&away, &deploy.production).unwrap();

    deploy.git(&deploy.staging, &["update-ref", "-d", "refs/heads/master"]);
    let run = look();
    run.ok();
    is_good(&run, "staging", "its repository is empty; but it runs");
    deploy.web.set("/staging", Page::body("").status(404));
    is_good(&look(), "staging", "nothing is deployed yet");
    deploy.web.set("/staging", Page::deployed(&deploy.staging));
    deploy.colleague_pushes(&deploy.staging, deploy.nth(5));

    deploy.git(&deploy.main, &["branch", "-m", "master", "main"]);
    is_bad(&look(), "upstream", "answers, but has no branch master");
    look()
        .prints_among("it has main")
        .says("hint: set repository.branch in smp.toml");
    deploy.git(&deploy.main, &["update-ref", "-d", "refs/heads/main"]);
    is_bad(&look(), "upstream", "answers, but has no branches");
    deploy.git(
        &deploy.main,
        &["update-ref", "refs/heads/master", deploy.nth(6)],
    );

    // Addresses rewritten by the user's git configuration are shown only if there are several.
    let [_, _, production] = deploy.urls();
    deploy.in_clone(&format!(
        "config --add remote.production.pushurl {production}"
    ));
    look().ok();
    deploy.in_clone(&format!(
        "config --add remote.production.pushurl {production}"
    ));
    is_bad(&look(), "production", "another address");
}

#[test]
fn a_branch_that_is_not_there_fails_the_check_and_the_others_are_named() {
    for topology in topologies() {
        let deploy = World::deploy_like().on(topology).ready();
        deploy.renames(&deploy.production, "trunk");
        let run = deploy.smp(&["setup", "--check"]);
        is_bad(&run, "production", topology.differs().renamed);
        run.prints_among("trunk");
        is_good(&run, "staging", "answers");
    }
}

#[test]
fn each_check_names_what_is_wrong_with_a_page() {
    // VER-05, VER-06, VER-07
    let deploy = World::deploy();
    deploy.trust();
    let two = format!(
        "data-commit=\"{}\" data-commit=\"{}\"",
        deploy.nth(1),
        deploy.nth(2)
    );
    for (page, words) in [
        (
            Page::body("<title>Log in</title>"),
            "its page contains no hash",
        ),
        (Page::body(&two), "its page contains 2 different hashes"),
        (Page::body("gone").status(404), "its page answers 404"),
        (
            Page::commit(&"ab".repeat(20)),
            "a commit that cannot be found",
        ),
    ] {
        deploy.web.set("/staging", page);
        let run = deploy.smp(&["setup", "--check"]);
        is_bad(&run, "staging", words);
        run.never_shows("Log in");
        is_good(&run, "production", "answers");
    }
    // VER-16: a page and a branch that disagree are both shown.
    deploy.web.set("/staging", Page::commit(deploy.nth(4)));
    let run = deploy.smp(&["setup", "--check"]);
    is_good(
        &run,
        "staging",
        &format!(
            "is at {}; but it runs {}",
            &deploy.nth(5)[..8],
            &deploy.nth(4)[..8]
        ),
    );
    run.ok();
}

#[test]
fn where_nothing_is_promoted_setup_fails_the_check_and_status_says_what_is_missing() {
    let deploy = World::deploy_like().on(Topology::Remotes).build();
    let both = deploy.toml().replace("promotes = \"staging\"\n", "");
    let alone = both.split("\n[environments.production]").next().unwrap();
    for (toml, add) in [
        (
            both.as_str(),
            "add promotes = \"staging\" under environments.production in smp.toml",
        ),
        (
            alone,
            "add an environment with promotes = \"staging\" to smp.toml",
        ),
        (
            &both.replace(".production", ".live"),
            "if live gets its commits from staging, add promotes = \"staging\" under environments.live in smp.toml",
        ),
    ] {
        deploy.write_toml(toml);
        let hint = format!("hint: {add}, then: git smp setup\n");
        for args in [&["setup", "--yes"][..], &["setup", "--check"]] {
            let run = deploy.smp(args);
            is_bad(
                &run,
                "smp.toml",
                "no environment in smp.toml has the key promotes",
            );
            run.exits(1).says(&hint);
        }
        deploy.smp(&["stage"]).exits(2).says(&hint);
        let next = format!("note: {add}\nnext: git smp setup\n");
        deploy.smp(&["status"]).ok().prints_among(&next);
    }
}

#[test]
fn several_failures_are_counted_and_each_has_its_line() {
    let deploy = World::deploy();
    deploy.trust();
    for name in ["/staging", "/production"] {
        deploy.web.set(name, Page::body("").status(500));
    }
    let run = deploy.smp(&["setup", "--check"]);
    run.exits(1)
        .says("error: 2 checks failed")
        .says("hint: staging: open the page of staging ");
    assert_eq!(run.out().matches("its page answers 500").count(), 2);
}

#[test]
fn a_shallow_clone_fails_the_check_with_the_cure() {
    let deploy = World::deploy();
    deploy.trust();
    let shallow = deploy.path("shallow");
    let source = format!("file://{}", deploy.main.display());
    deploy.git(
        "",
        &[
            "clone",
            "-q",
            "--depth=1",
            "-o",
            "upstream",
            &source,
            shallow.to_str().unwrap(),
        ],
    );
    deploy.git(
        &shallow,
        &["remote", "set-url", "upstream", deploy.urls()[0]],
    );
    std::fs::copy(deploy.work.join("smp.toml"), shallow.join("smp.toml")).unwrap();
    let run = deploy.runner().cwd("shallow").smp(&["setup", "--yes"]);
    run.exits(1)
        .prints_among("is shallow")
        .says("git fetch --unshallow");
    deploy.git(&shallow, &["fetch", "-q", "--unshallow"]);
    deploy
        .runner()
        .cwd("shallow")
        .smp(&["setup", "--check"])
        .ok();
}

#[test]
fn the_wizard_offers_what_the_clone_has_and_writes_a_lawful_file() {
    let deploy = World::deploy();
    deploy.add_remotes();
    let file = deploy.work.join("smp.toml");
    std::fs::remove_file(&file).unwrap();
    let (urls, page) = (deploy.urls(), deploy.web.url("/staging"));
    let mut terminal = deploy.runner().terminal(&["setup"]);
    terminal
        .sees("Environments are")
        .enters("")
        .sees("Remote of the main repository")
        .sees("upstream")
        .enters("");
    terminal
        .sees("Address of the main repository")
        .sees(urls[0])
        .enters("");
    terminal
        .sees("The branch that is deployed")
        .enters("master");
    terminal
        .sees("Address that a push to staging goes to")
        .sees(urls[1])
        .enters("ext::sh -c touch% canary");
    terminal
        .sees("that cannot be used")
        .sees("Address that a push to staging")
        .sees(urls[1])
        .enters("");
    terminal
        .sees("Page of staging")
        .enters("ftp://x/")
        .sees("that page cannot be used");
    terminal
        .sees("Page of staging")
        .enters(&page)
        .sees("Pattern around the hash")
        .enters("");
    terminal
        .sees("staging says that it runs ")
        .sees(&deploy.nth(5)[..8])
        .sees("Fix malformed view variable");
    terminal.sees("Site of staging").enters("none");
    terminal
        .sees("Address that a push to production goes to")
        .sees(urls[2])
        .enters("");
    terminal.sees("Page of production").enters("");
    terminal.sees("Site of production").enters("");
    terminal
        .sees("Keep a record")
        .enters("")
        .sees("technical channel")
        .enters("")
        .sees("product channel")
        .enters("");
    terminal.sees("Write this to").sees("[y/N] ").enters("y");
    terminal.sees("Trust this? [y/N] ");
    assert!(file.exists());
    terminal.enters("y");
    let run = terminal.ends();
    run.ok()
        .says("staging     answers")
        .says("production  answers");
    run.says(
        "for the whole team:\r\ngit add smp.toml && git commit -m 'Add smp.toml' smp.toml && ",
    );
    let text = deploy.toml();
    for part in [
        urls[0],
        urls[1],
        urls[2],
        &page,
        "promotes = \"staging\"",
        "branch = \"master\"",
    ] {
        assert!(text.contains(part), "{part} is not in:\n{text}");
    }
    let seen = deploy.smp(&["status", "--json"]);
    assert_eq!(
        seen.ok().json()["environments"][0]["running"],
        deploy.nth(5)
    );
    assert_eq!(seen.json()["environments"][1]["source"], "ref");
}

#[test]
fn the_wizard_writes_nothing_when_it_is_left_at_any_question() {
    let deploy = World::deploy();
    deploy.add_remotes();
    let file = deploy.work.join("smp.toml");
    std::fs::remove_file(&file).unwrap();
    let before = everything(&deploy);
    let questions = [
        "Environments are",
        "Remote of the main repository",
        "Address of the main repository",
        "The branch that is deployed",
        "push to staging goes to",
        "Page of staging",
        "Site of staging",
        "push to production goes to",
        "Page of production",
        "Site of production",
        "Keep a record",
        "Chat of the technical channel",
        "Chat of the product channel",
        "[y/N] ",
    ];
    for last in sample(2, [0, 1, 4, 7, 10, 12]) {
        let mut terminal = deploy.runner().terminal(&["setup"]);
        for question in &questions[..last] {
            terminal.sees(question).enters("");
        }
        terminal.sees(questions[last]).ctrl_c();
        terminal.ends().exits(3).says("nothing was written");
        assert!(
            everything(&deploy) == before,
            "left at {:?}",
            questions[last]
        );
    }
    let mut terminal = deploy.runner().terminal(&["setup"]);
    for question in questions {
        terminal.sees(question).enters("");
    }
    terminal.ends().exits(3);
    assert!(everything(&deploy) == before);
}

#[test]
fn without_a_file_and_a_terminal_it_says_how_to_start() {
    let deploy = World::deploy();
    std::fs::remove_file(deploy.work.join("smp.toml")).unwrap();
    for args in [&["setup"][..], &["setup", "--yes"], &["setup", "--check"]] {
        deploy
            .smp(args)
            .exits(2)
            .says("error: there is no ")
            .says("config.example.toml")
            .prints("");
    }
    deploy
        .smp(&["status"])
        .exits(2)
        .says("hint: to make one: git smp setup");
    assert!(!deploy.work.join("smp.toml").exists());
}

#[test]
fn it_works_wherever_git_does() {
    // ENV-01: git determines where the repository is.
    let deploy = World::deploy();
    deploy.git(&deploy.work, &["add", "smp.toml"]);
    deploy.commit(&deploy.work, "Say where things run");
    std::fs::create_dir_all(deploy.work.join("src/deep")).unwrap();
    deploy
        .runner()
        .cwd("work/src/deep")
        .smp(&["setup", "--yes"])
        .ok();
    deploy.git(&deploy.work, &["worktree", "add", "-q", "../linked"]);
    deploy
        .runner()
        .cwd("linked")
        .smp(&["setup", "--check"])
        .ok();
    let work = deploy.work.to_str().unwrap();
    deploy
        .runner()
        .cwd("")
        .git_options(&["-C", work])
        .smp(&["setup", "--check"])
        .ok();
    deploy
        .runner()
        .cwd("")
        .git_options(&["-C", "work/src"])
        .smp(&["status"])
        .ok();
    let git_dir = format!("{work}/.git");
    let outside = deploy
        .runner()
        .cwd("")
        .env("GIT_DIR", &git_dir)
        .env("GIT_WORK_TREE", work);
    outside.smp(&["setup", "--check"]).ok();
    // A hook's variables do not mislead.
    let hook = deploy
        .runner()
        .env("GIT_INDEX_FILE", "/nowhere")
        .env("GIT_OBJECT_DIRECTORY", "/nowhere");
    hook.env("GIT_PREFIX", "x/")
        .env("GIT_NAMESPACE", "other")
        .smp(&["setup", "--check"])
        .ok();
    deploy
        .runner()
        .cwd("")
        .smp(&["setup", "--check"])
        .exits(1)
        .says("hint: cd into a clone");
}

#[test]
fn what_git_cannot_write_here_is_done_by_the_same_command_later() {
    let deploy = World::deploy_like().on(Topology::Remotes).build();
    let lock = deploy.work.join(".git/config.lock");
    std::fs::write(&lock, "").unwrap();
    deploy
        .smp(&["setup", "--yes"])
        .exits(1)
        .says("error: the remote staging cannot be added\n")
        .says("hint: correct the problem, then: git smp setup\n");
    std::fs::remove_file(&lock).unwrap();
    deploy.smp(&["setup", "--yes"]).ok();
}

#[test]
fn the_file_may_lie_elsewhere() {
    let deploy = World::deploy();
    let elsewhere = deploy.path("elsewhere.toml");
    std::fs::rename(deploy.work.join("smp.toml"), &elsewhere).unwrap();
    let named = elsewhere.to_str().unwrap();
    deploy.smp(&["setup", "--yes"]).exits(2);
    deploy
        .runner()
        .env("GIT_SMP_CONFIG", named)
        .smp(&["setup", "--yes"])
        .ok();
    deploy
        .smp(&["status", "--config", "../elsewhere.toml"])
        .ok();
    // The option overrides the variable.
    deploy
        .runner()
        .env("GIT_SMP_CONFIG", "/nowhere.toml")
        .smp(&["--config", named, "status"])
        .ok();
    deploy
        .runner()
        .env("GIT_SMP_CONFIG", "/nowhere.toml")
        .smp(&["status"])
        .exits(2)
        .says("there is no /nowhere.toml");
    // An empty variable does not count, like git's own.
    deploy
        .runner()
        .env("GIT_SMP_CONFIG", "")
        .smp(&["status"])
        .never_shows("a value is required");
}

#[test]
fn a_bare_repository_needs_a_file_that_is_named() {
    let deploy = World::deploy();
    deploy.git("", &["clone", "-q", "--bare", "main.git", "bare.git"]);
    deploy.git("bare.git", &["remote", "rename", "origin", "upstream"]);
    deploy.git(
        "bare.git",
        &["remote", "set-url", "upstream", deploy.urls()[0]],
    );
    let bare = deploy.runner().cwd("bare.git");
    bare.smp(&["setup", "--yes"])
        .exits(2)
        .says("a bare repository has no work tree")
        .says("hint: replace the dots with the path of the configuration: git smp --config '...' setup\n");
    std::fs::copy(deploy.work.join("smp.toml"), deploy.path("team.toml")).unwrap();
    let file = "../team.toml";
    bare.smp(&["--config", file, "status"])
        .exits(2)
        .says("git smp --config ../team.toml setup");
    bare.smp(&["setup", "--yes", "--config", "../team.toml"])
        .ok();
    bare.smp(&["status", "--config", "../team.toml"]).ok();
}
