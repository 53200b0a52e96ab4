//! The wizard for the first `smp.toml`, at a terminal of 80 columns.

use super::*;
use crate::support::Page;

/// Returns a world without the file, whose clone has all remotes.
#[track_caller]
fn without_a_file() -> Deploy {
    let deploy = World::deploy();
    deploy.add_remotes();
    std::fs::remove_file(deploy.work.join("smp.toml")).unwrap();
    deploy
}

#[test]
fn a_wrong_answer_is_asked_again_and_the_way_back_loses_nothing() {
    let deploy = without_a_file();
    let (urls, page) = (deploy.urls(), deploy.web.url("/staging"));
    let mut terminal = at_80_columns(&deploy, &["setup"]);
    terminal
        .sees("Type < to go back")
        .sees("Environments are")
        .enters("")
        .sees("Remote of the main repository [upstream]: ")
        .enters("");
    terminal
        .sees("Address of the main repository")
        .enters("")
        .sees("The branch that is deployed")
        .enters("no such..branch");
    terminal
        .sees("that cannot be used: ")
        .sees("The branch that is deployed")
        .enters("master");
    // The same address for both is an error at the second one.
    terminal
        .sees("push to staging goes to")
        .enters("")
        .sees("Page of staging")
        .enters(&page);
    terminal
        .sees("Pattern around")
        .enters("no group")
        .sees("that cannot be used: ")
        .sees("exactly one capturing group");
    terminal
        .sees("Pattern around")
        .enters("")
        .sees("staging says that it runs ")
        .sees("Site of staging [http://127.0.0.1:")
        .enters("");
    terminal
        .sees("push to production goes to")
        .enters(urls[1])
        .sees("that cannot be used: ");
    // Back to the branch, and forward again: all answers are kept.
    terminal
        .sees("push to production goes to")
        .enters("back")
        .sees("Site of staging")
        .enters("<")
        .sees("Pattern around")
        .enters("<");
    terminal
        .sees("Page of staging")
        .sees(&page)
        .enters("")
        .sees("Pattern around")
        .sees("data-commit")
        .enters("");
    terminal
        .sees("staging says that it runs ")
        .sees("Site of staging")
        .enters("")
        .sees("push to production goes to")
        .sees(urls[2])
        .enters("");
    terminal
        .sees("Page of production [none]: ")
        .enters("none")
        .sees("Site of production [none]: ")
        .enters("https://www.example.com")
        .sees("Keep a record (y/n) [n]: ")
        .enters("maybe");
    terminal
        .sees("that cannot be used: type y, n")
        .sees("Keep a record")
        .enters("y");
    // Typed, or chosen with the arrow keys; an unknown word is no answer.
    terminal
        .sees("Chat of the technical channel (type, or arrow keys)")
        .sees("> none")
        .types("irc\r\u{7f}\u{7f}\u{7f}")
        .enters("teams")
        .sees("Chat of the technical channel (type, or arrow keys): teams");
    // Back, and another choice.
    terminal
        .sees("Chat of the product channel")
        .sees("> none")
        .enters("<")
        .sees("Chat of the technical channel")
        .sees("> teams")
        .enters("\u{1b}[B\u{1b}[B")
        .sees("(type, or arrow keys): print")
        .sees("Chat of the product channel")
        .sees("> none")
        .enters("slack");
    // A mistake that only the whole file shows can be corrected from there.
    terminal
        .sees("[record]")
        .sees("kind = \"slack\"")
        .sees("Write this to smp.toml? (< goes back) [y/N] ")
        .enters("<");
    terminal
        .sees("Chat of the product channel")
        .sees("> slack")
        .enters("none")
        .sees("Write this to smp.toml?")
        .enters("y")
        .sees("Trust this? [y/N] ")
        .enters("y");
    let run = terminal.ends();
    run.ok()
        .says("next: commit and push it for the whole team:\r\ngit add smp.toml && ")
        .says("\r\nthen everyone runs: git pull && git smp setup\r\n");
    let text = deploy.toml();
    for part in [
        "[record]\n",
        "[channels.technical]\nkind = \"print\"\n",
        "site = \"https://www.example.com\"\n",
        &page,
        urls[1],
        urls[2],
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    assert!(
        !text.contains("channels.product") && !text.contains("not-asked-yet"),
        "{text}"
    );
    // The shown command works, and gives everybody the file.
    let added = run.stderr.lines().find(|line| line.starts_with("git add "));
    let command = added.unwrap().trim();
    deploy.runner().program("sh", &["-c", command]).ok();
    deploy.git(&deploy.main, &["cat-file", "-e", "master:smp.toml"]);
    // A successful setup names the next step.
    deploy.smp(&["setup"]).ok().says("next: git smp status\n");
}

#[test]
fn a_page_that_does_not_answer_is_told_at_once_and_kept_only_after_a_yes() {
    let deploy = without_a_file();
    deploy.web.set("/down", Page::body("").status(500));
    deploy.web.set("/plain", Page::body("no commit at all"));
    let mut terminal = at_80_columns(&deploy, &["setup"]);
    for question in [
        "Environments are",
        "Remote of",
        "Address of the main repository",
    ] {
        terminal.sees(question).enters("");
    }
    terminal
        .sees("The branch")
        .enters("master")
        .sees("push to staging")
        .enters("");
    terminal
        .sees("Page of staging")
        .enters(&deploy.web.url("/down"))
        .sees("its page answers 500");
    terminal.sees("Keep this page anyway? [y/N] ").enters("");
    terminal
        .sees("Page of staging")
        .enters(&deploy.web.url("/plain"))
        .sees("Pattern around")
        .enters("");
    terminal
        .sees("its page contains no hash")
        .sees("looked for ")
        .sees("normal before the first deploy")
        .sees("Keep this page and this pattern");
    terminal
        .enters("n")
        .sees("Page of staging")
        .sees("/plain")
        .enters(&deploy.web.url("/staging"));
    terminal
        .sees("Pattern around")
        .enters("")
        .sees("staging says that it runs ")
        .sees(&deploy.nth(5)[..8]);
    terminal
        .sees("Site of staging")
        .enters("")
        .sees("push to production")
        .ctrl_c();
    terminal.ends().exits(3).says("nothing was written");
}

#[test]
fn an_address_of_herokus_offers_its_app() {
    let deploy = without_a_file();
    for (name, app) in [("staging", "shop-staging"), ("production", "shop")] {
        let url = format!("https://git.heroku.com/{app}.git");
        let here = deploy.git(&deploy.work, &["remote", "get-url", name]);
        deploy.git(&deploy.work, &["remote", "set-url", name, &url]);
        let key = format!("url.{here}.insteadOf");
        deploy.git(&deploy.work, &["config", &key, &url]);
    }
    let mut terminal = at_80_columns(&deploy, &["setup"]);
    for question in [
        "Environments are",
        "Remote of",
        "Address of the main repository",
        "The branch",
        "push to staging",
    ] {
        terminal.sees(question).enters("");
    }
    terminal
        .sees("heroku = \"shop-staging\"")
        .sees("App of staging on Heroku [shop-staging]: ")
        .enters("");
    for question in ["Page of staging", "Site of staging", "push to production"] {
        terminal.sees(question).enters("");
    }
    terminal
        .sees("App of production on Heroku [shop]: ")
        .enters("none");
    for question in [
        "Page of production",
        "Site of production",
        "Keep a record",
        "Chat of the technical",
        "Chat of the product",
    ] {
        terminal.sees(question).enters("");
    }
    terminal
        .sees("Write this to")
        .enters("y")
        .sees("Trust this? [y/N] ")
        .enters("n");
    // The message says that the file was written.
    let run = terminal.ends();
    run.exits(3)
        .says("smp.toml was written but not agreed to; nothing else was changed");
    run.never_shows("nothing was changed");
    let text = deploy.toml();
    assert!(
        text.contains("[environments.staging.running]\nheroku = \"shop-staging\"\n"),
        "{text}"
    );
    assert!(!text.contains("heroku = \"shop\""), "{text}");
}

#[test]
fn a_question_that_is_longer_than_a_line_is_there_once() {
    let deploy = without_a_file();
    let url = format!("https://git.example.com/{}/shop.git", "teams/".repeat(12));
    deploy.git(&deploy.work, &["remote", "set-url", "upstream", &url]);
    let mut terminal = at_80_columns(&deploy, &["setup"]);
    terminal
        .sees("Environments are")
        .enters("")
        .sees("Remote of")
        .enters("")
        .sees("Address of the main repository [")
        .sees(&url)
        .types(&"x".repeat(100));
    terminal
        .types(&"\u{7f}".repeat(100))
        .enters("")
        .sees("does not answer")
        .sees("Keep this address anyway? [y/N] ")
        .enters("y");
    terminal.sees("The branch that is deployed").ctrl_c();
    let run = terminal.ends();
    assert_eq!(
        run.exits(3)
            .stderr
            .matches("Address of the main repository")
            .count(),
        1,
        "{run}"
    );
    assert_eq!(run.stderr.matches(&format!("[{url}]")).count(), 1, "{run}");
}

/// Returns a clone whose main branch got an `smp.toml` after the checkout.
#[track_caller]
fn not_pulled() -> Deploy {
    let deploy = World::deploy();
    let toml = deploy.toml();
    std::fs::remove_file(deploy.work.join("smp.toml")).unwrap();
    let commit = deploy.commit_files(&deploy.team, "Say how we deploy", &[("smp.toml", &toml)]);
    deploy.colleague_pushes(&deploy.main, &commit);
    deploy.git(&deploy.work, &["fetch", "-q", "upstream"]);
    deploy
}

#[test]
fn in_a_clone_that_has_not_pulled_nobody_makes_a_second_file() {
    let deploy = not_pulled();
    deploy.git(
        &deploy.work,
        &["branch", "-q", "--set-upstream-to=upstream/master"],
    );
    for args in [
        &["status"][..],
        &["setup"],
        &["setup", "--check"],
        &["promote"],
        &["diff"],
    ] {
        let run = deploy.smp(args);
        run.exits(2)
            .prints("")
            .says("because: upstream/master has it, but the commit checked out here does not\n");
        run.says("hint: git pull\n")
            .never_shows("make one")
            .never_shows("config.example.toml");
    }
    at_80_columns(&deploy, &["setup"])
        .ends()
        .exits(2)
        .never_shows("Remote of the main");
    deploy.git(&deploy.work, &["pull", "-q"]);
    deploy.smp(&["setup", "--yes"]).ok();
}

#[test]
fn a_file_that_was_deleted_here_is_restored() {
    let deploy = World::deploy_like().ready();
    deploy.git(&deploy.work, &["add", "smp.toml"]);
    deploy.git(&deploy.work, &["commit", "-q", "-m", "Add smp.toml"]);
    let (staged, gone) = (
        "git restore --staged --worktree smp.toml",
        "git restore smp.toml",
    );
    for (how, hint) in [
        (&["rm", "-q"][..], staged),
        (&["rm", "-q", "--cached"], gone),
    ] {
        deploy.git(&deploy.work, &[how, &["smp.toml"]].concat());
        if hint == gone {
            deploy.git(&deploy.work, &["reset", "-q"]);
            std::fs::remove_file(deploy.work.join("smp.toml")).unwrap();
        }
        for command in ["status", "setup"] {
            let run = deploy.smp(&[command]);
            run.exits(2)
                .says("because: the commit checked out here has it, but the work tree does not\n")
                .says(&format!("hint: {hint}\n"))
                .never_shows("git pull");
        }
        let words: Vec<&str> = hint.split(' ').skip(1).collect();
        deploy.git(&deploy.work, &words);
        deploy.smp(&["status"]).ok();
    }
}

#[test]
fn a_branch_that_was_left_behind_names_the_one_that_has_the_file() {
    let deploy = not_pulled();
    let told = |expected: &str| {
        let hint = format!("hint: {expected}\n");
        deploy.smp(&["status"]).exits(2).says(&hint);
        deploy.smp(&["setup"]).exits(2).says(&hint);
    };
    let pasted = |command: &str| deploy.runner().program("sh", &["-c", command]).ok().code;
    let old = |args: &[&str]| {
        let checkout = [&["checkout", "-q"], args, &[deploy.nth(3)]].concat();
        deploy.git(&deploy.work, &checkout);
    };
    // The hint does not merge into an old commit or another branch.
    old(&["--no-track", "-b", "old"]);
    told("git switch master && git pull upstream master");
    old(&["--detach"]);
    told("git switch master && git pull upstream master");
    pasted("git switch master && git pull upstream master");
    deploy.smp(&["setup", "--yes"]).ok();
    old(&["--detach"]);
    told("git switch master");
    deploy.git(&deploy.work, &["branch", "-q", "-D", "master"]);
    told("git fetch upstream && git switch --track upstream/master");
    pasted("git fetch upstream && git switch --track upstream/master");
    deploy.smp(&["status"]).ok();
}

#[test]
fn in_a_clone_that_has_not_even_fetched_setup_asks_the_remote_before_it_makes_a_second_file() {
    let deploy = World::deploy();
    let toml = deploy.toml();
    std::fs::remove_file(deploy.work.join("smp.toml")).unwrap();
    let commit = deploy.commit_files(&deploy.team, "Say how we deploy", &[("smp.toml", &toml)]);
    deploy.colleague_pushes(&deploy.main, &commit);
    let refs = deploy.refs(&deploy.work);
    // Without a remote there is nothing to pull.
    let alone = World::new();
    alone.runner().program("git", &["init", "-q", "alone"]).ok();
    (alone.runner().cwd("alone").smp(&["status"]).exits(2))
        .says("hint: to make one: git smp setup\n")
        .never_shows("git pull");
    // A command without network cannot know, but names the likelier way first.
    let run = deploy.smp(&["status"]);
    run.exits(2)
        .says("hint: if your team has one already: git pull\nhint: to make one: git smp setup\n");
    deploy
        .smp(&["setup", "--check"])
        .exits(2)
        .says("hint: if your team has one already: git pull\n");
    for args in [&["setup"][..], &["setup", "--yes"]] {
        let run = at_80_columns(&deploy, args).ends();
        run.exits(2)
            .says("because: upstream/master has it")
            .says("hint: git pull\r\n")
            .never_shows("Remote of the main");
    }
    assert_eq!(deploy.refs(&deploy.work), refs);
    assert!(!deploy.work.join(".git/FETCH_HEAD").exists());
    deploy.git(&deploy.work, &["pull", "-q"]);
    deploy.smp(&["setup", "--yes"]).ok();
}

#[test]
fn a_remote_that_does_not_answer_keeps_nobody_from_the_first_file() {
    let deploy = without_a_file();
    let nowhere = deploy.path("nowhere.git").display().to_string();
    deploy.git(&deploy.work, &["remote", "set-url", "upstream", &nowhere]);
    let mut terminal = at_80_columns(&deploy, &["setup"]);
    terminal
        .sees("your team has one already, press Ctrl-C and type: git pull")
        .sees("Environments are")
        .enters("")
        .sees("Remote of the main repository")
        .ctrl_c();
    terminal.ends().exits(3).says("nothing was written");
}

#[test]
fn a_branch_of_the_clones_own_is_switched_to() {
    let deploy = World::deploy();
    deploy.git(&deploy.work, &["checkout", "-q", "-b", "setup-smp"]);
    deploy.git(&deploy.work, &["add", "-f", "smp.toml"]);
    deploy.git(&deploy.work, &["commit", "-q", "-m", "Say how we deploy"]);
    deploy.git(&deploy.work, &["checkout", "-q", "-"]);
    let run = deploy.smp(&["status"]);
    run.exits(2)
        .says("because: setup-smp has it")
        .says("hint: git switch setup-smp\n");
    // A named file is not searched elsewhere.
    let named = deploy.smp(&["--config", "other.toml", "status"]);
    named
        .exits(2)
        .says("there is no other.toml")
        .says("git smp --config other.toml setup")
        .never_shows("setup-smp");
}

/// Answers the questions up to the page of staging.
#[track_caller]
fn at_the_page(terminal: &mut Terminal) -> &mut Terminal {
    for question in [
        "Environments are",
        "Remote of",
        "Address of the main repository",
    ] {
        terminal.sees(question).enters("");
    }
    terminal.sees("The branch").enters("master");
    terminal.sees("push to staging").enters("");
    terminal.sees("Page of staging")
}

#[test]
fn a_misspelled_address_is_tried_and_kept_only_after_a_yes() {
    let deploy = without_a_file();
    let (urls, moved) = (deploy.urls(), deploy.path("moved.git"));
    let mut terminal = at_80_columns(&deploy, &["setup"]);
    terminal
        .sees("Environments are")
        .enters("")
        .sees("Remote of")
        .enters("");
    // An address other than the remote's.
    terminal
        .sees("Address of the main repository")
        .enters("https://example.com/mian.git")
        .sees("the remote upstream of this clone has another address")
        .sees(urls[0])
        .sees("Keep this address anyway? [y/N] ")
        .enters("");
    terminal
        .sees("Address of the main repository")
        .enters(urls[0])
        .sees("It answers; its branch master is at ");
    // The default is the repository's default branch; another branch must exist.
    terminal
        .sees("The branch that is deployed [master]: ")
        .enters("mian")
        .sees("the main repository has no branch mian")
        .sees("it has master")
        .sees("Keep this branch anyway? [y/N] ")
        .enters("n");
    terminal
        .sees("The branch that is deployed")
        .enters("master");
    // A wrong address is reported in git's words.
    deploy.git(&deploy.work, &["remote", "remove", "staging"]);
    let mut again = at_80_columns(&deploy, &["setup"]);
    terminal.sees("push to staging").ctrl_c();
    terminal.ends().exits(3);
    for question in [
        "Environments are",
        "Remote of",
        "Address of the main repository",
        "The branch",
    ] {
        again.sees(question).enters("");
    }
    again
        .sees("push to staging")
        .enters(&moved.display().to_string())
        .sees("does not answer")
        .sees("does not appear to be a git")
        .sees("Keep this address anyway? [y/N] ")
        .enters("");
    deploy.git("", &["init", "-q", "--bare", moved.to_str().unwrap()]);
    again
        .sees("push to staging")
        .enters(&moved.display().to_string())
        .sees("It answers; it has no commits yet.")
        .sees("Page of staging")
        .ctrl_c();
    again.ends().exits(3);
}

#[test]
fn a_page_that_is_asked_for_another_environment_already_is_asked_for_again() {
    let deploy = without_a_file();
    let page = deploy.web.url("/staging");
    let mut terminal = at_80_columns(&deploy, &["setup"]);
    at_the_page(&mut terminal).enters(&page);
    for question in ["Pattern around", "Site of", "push to production"] {
        terminal.sees(question).enters("");
    }
    terminal
        .sees("Page of production")
        .enters(&page)
        .sees("Pattern around")
        .enters("");
    terminal
        .sees("that cannot be used: environments.production.running.page: gets the")
        .sees("Page of production [none]: ")
        .enters(&deploy.web.url("/production"))
        .sees("Pattern around")
        .enters("")
        .sees("production says that it runs ");
    terminal.sees("Site of production").ctrl_c();
    terminal.ends().exits(3).never_shows("smp.toml:");
}

#[test]
fn at_80_columns_no_word_is_cut_and_the_remotes_stand_above_the_question() {
    let deploy = without_a_file();
    let mut terminal = at_80_columns(&deploy, &["setup"]);
    at_the_page(&mut terminal).enters(&deploy.web.url("/staging"));
    for question in [
        "Pattern around",
        "Site of",
        "push to production",
        "Page of",
        "Site of",
        "Keep a record",
    ] {
        terminal.sees(question).enters("");
    }
    for kind in ["teams", "slack"] {
        terminal.sees("Chat of").enters(kind);
    }
    terminal.sees("Write this to").enters("y");
    terminal
        .sees("It names these remotes:")
        .sees("Trust this?")
        .enters("y");
    for _ in 0..2 {
        terminal.sees("hidden; Enter skips").enters("");
    }
    let screen = terminal.ends().ok().stderr.replace('\r', "");
    let (list, question) = screen.split_once("It names these remotes:\n").unwrap();
    assert!(question.find("Trust this?") < Some(500), "{screen}");
    assert!(list.contains("environments.staging.running.pattern"));
    // Addresses and commands may be longer than a line.
    let prose = screen
        .lines()
        .filter(|line| !line.contains('/') && !line.starts_with("git "));
    for line in prose {
        let width = console::measure_text_width(line);
        assert!(width <= 80, "{line:?} in {screen}");
    }
    // The closing quote of a pattern is on the line of the pattern.
    assert!(!screen.lines().any(|line| line.trim() == "\""), "{screen}");
}

#[test]
fn a_terminal_that_cannot_be_drawn_on_has_the_chat_typed() {
    let deploy = without_a_file();
    let mut terminal = deploy.runner().env("TERM", "dumb").terminal(&["setup"]);
    for question in [
        "Environments are",
        "Remote of",
        "Address of the main repository",
        "The branch",
        "push to staging",
        "Page of",
        "Site of",
        "push to production",
        "Page of",
        "Site of",
        "Keep a record",
    ] {
        terminal.sees(question).enters("");
    }
    terminal
        .sees("Chat of the technical channel (none, teams, slack, print, <) [none]: ")
        .enters("irc")
        .sees("type none, teams, slack, print")
        .sees("technical channel")
        .enters("slack")
        .sees("Chat of the product channel")
        .ctrl_c();
    terminal
        .ends()
        .exits(3)
        .says("nothing was written")
        .never_shows("\u{1b}[");
}

#[test]
fn an_environment_with_another_branch_than_the_main_one_gets_it() {
    let deploy = without_a_file();
    deploy.git(
        &deploy.main,
        &["update-ref", "refs/heads/trunk", "refs/heads/master"],
    );
    let mut terminal = at_80_columns(&deploy, &["setup"]);
    for question in ["Environments are", "Remote of", "Address of"] {
        terminal.sees(question).enters("");
    }
    terminal.sees("The branch that is").enters("trunk");
    terminal
        .sees("push to staging")
        .enters("")
        .sees("It has no branch trunk, so")
        .sees("staging gets master.");
    for question in [
        "Page of",
        "Site of",
        "push to production",
        "Page of",
        "Site of",
    ] {
        terminal.sees(question).enters("");
    }
    for question in ["Keep a record", "technical channel", "product channel"] {
        terminal.sees(question).enters("");
    }
    terminal.sees("Write this to").enters("y");
    terminal.sees("Trust this? [y/N] ").enters("n");
    terminal.ends();
    let toml = deploy.toml();
    assert_eq!(toml.matches("branch = \"master\"\n").count(), 2, "{toml}");
}
