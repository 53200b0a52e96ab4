//! The first `smp.toml`: asked for at a terminal of 80 columns.

use super::*;
use crate::support::Page;

/// A world without the file, whose clone has all remotes.
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
        .sees("Remote of the main repository [upstream]: ")
        .enters("");
    terminal
        .sees("Its address")
        .enters("")
        .sees("The branch that is deployed")
        .enters("no such..branch");
    terminal
        .sees("that will not do: ")
        .sees("The branch that is deployed")
        .enters("master");
    // The same address for both is wrong at the second one.
    terminal
        .sees("push to staging goes to")
        .enters("")
        .sees("Page of staging")
        .enters(&page);
    terminal
        .sees("Pattern around")
        .enters("no group")
        .sees("that will not do: ")
        .sees("exactly one group");
    terminal
        .sees("Pattern around")
        .enters("")
        .sees("staging says that it runs ");
    terminal
        .sees("push to production goes to")
        .enters(urls[1])
        .sees("that will not do: ");
    // Back to the branch, and forth again: everything is there.
    terminal
        .sees("push to production goes to")
        .enters("back")
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
        .sees("push to production goes to")
        .sees(urls[2])
        .enters("");
    terminal
        .sees("Page of production")
        .enters("none")
        .sees("Keep a record (y/n) [n]: ")
        .enters("maybe");
    terminal
        .sees("that will not do: type y, n")
        .sees("Keep a record")
        .enters("y");
    terminal
        .sees("Chat of the technical channel")
        .sees("> none")
        .enters("j")
        .sees("technical channel: teams");
    // Back, and forth to another one.
    terminal
        .sees("Chat of the product channel")
        .sees("> none")
        .enters("k")
        .sees("Chat of the technical channel");
    terminal
        .sees("> teams")
        .enters("jj")
        .sees("technical channel: print")
        .sees("> none")
        .enters("");
    terminal
        .sees("[record]")
        .sees("Write this to")
        .enters("y")
        .sees("Trust this? [y/N] ")
        .enters("y");
    let run = terminal.ends();
    run.ok()
        .says("commit smp.toml, so that the whole team has it:\r\ngit add ");
    let text = deploy.toml();
    for part in [
        "[record]\n",
        "[channels.technical]\nkind = \"print\"\n",
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
    // The command that was told is one.
    let command = run
        .stderr
        .lines()
        .find(|line| line.starts_with("git add "))
        .unwrap();
    let command = command.replace("git commit ", "git commit -q -m 'Say how we deploy' ");
    deploy.runner().program("sh", &["-c", &command]).ok();
    deploy.git(&deploy.work, &["cat-file", "-e", "HEAD:smp.toml"]);
}

#[test]
fn a_page_that_does_not_answer_is_told_at_once_and_kept_only_after_a_yes() {
    let deploy = without_a_file();
    deploy.web.set("/down", Page::body("").status(500));
    deploy.web.set("/plain", Page::body("no commit at all"));
    let mut terminal = at_80_columns(&deploy, &["setup"]);
    for question in ["Remote of", "Its address"] {
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
    terminal
        .sees("Keep this page all the same? [y/N] ")
        .enters("");
    terminal
        .sees("Page of staging")
        .enters(&deploy.web.url("/plain"))
        .sees("Pattern around")
        .enters("");
    terminal
        .sees("its page holds no hash")
        .sees("looked for ")
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
    terminal.sees("push to production").ctrl_c();
    terminal.ends().exits(3).says("nothing was written");
}

#[test]
fn an_address_of_herokus_offers_its_app() {
    let deploy = without_a_file();
    for (name, app) in [("staging", "shop-staging"), ("production", "shop")] {
        let url = format!("https://git.heroku.com/{app}.git");
        deploy.git(&deploy.work, &["remote", "set-url", name, &url]);
    }
    let mut terminal = at_80_columns(&deploy, &["setup"]);
    for question in ["Remote of", "Its address", "The branch", "push to staging"] {
        terminal.sees(question).enters("");
    }
    terminal
        .sees("heroku = \"shop-staging\"")
        .sees("App of staging on Heroku [shop-staging]: ")
        .enters("");
    terminal
        .sees("Page of staging")
        .enters("")
        .sees("push to production")
        .enters("");
    terminal
        .sees("App of production on Heroku [shop]: ")
        .enters("none")
        .sees("Page of production")
        .enters("");
    for question in ["Keep a record", "technical channel", "product channel"] {
        terminal.sees(question).enters("");
    }
    terminal
        .sees("Write this to")
        .enters("y")
        .sees("Trust this? [y/N] ")
        .enters("n");
    // The file is there, and that is said.
    let run = terminal.ends();
    run.exits(3)
        .says("smp.toml was written, and is not agreed to; nothing else was changed");
    run.never_shows("nothing was changed");
    let text = deploy.toml();
    assert!(
        text.contains("[environments.staging.running]\nheroku = \"shop-staging\"\n"),
        "{text}"
    );
    assert!(!text.contains("heroku = \"shop\""), "{text}");
}

#[test]
fn a_terminal_that_cannot_be_drawn_on_has_the_chat_typed() {
    let deploy = without_a_file();
    let mut terminal = deploy.runner().env("TERM", "dumb").terminal(&["setup"]);
    for question in [
        "Remote of",
        "Its address",
        "The branch",
        "push to staging",
        "Page of",
        "push to production",
    ] {
        terminal.sees(question).enters("");
    }
    terminal
        .sees("Page of production")
        .enters("")
        .sees("Keep a record")
        .enters("");
    terminal
        .sees("Chat of the technical channel (none, teams, slack, print, <) [none]: ")
        .enters("irc");
    terminal
        .sees("type teams, slack, print, none")
        .sees("technical channel")
        .enters("slack");
    terminal.sees("Chat of the product channel").ctrl_c();
    terminal
        .ends()
        .exits(3)
        .says("nothing was written")
        .never_shows("\u{1b}[");
}

#[test]
fn a_question_that_is_longer_than_a_line_is_there_once() {
    let deploy = without_a_file();
    let url = format!("https://git.example.com/{}/shop.git", "teams/".repeat(12));
    deploy.git(&deploy.work, &["remote", "set-url", "upstream", &url]);
    let mut terminal = at_80_columns(&deploy, &["setup"]);
    terminal
        .sees("Remote of")
        .enters("")
        .sees("Its address [")
        .sees(&url)
        .types(&"x".repeat(100));
    terminal
        .types(&"\u{7f}".repeat(100))
        .enters("")
        .sees("The branch that is deployed")
        .ctrl_c();
    let run = terminal.ends();
    assert_eq!(
        run.exits(3).stderr.matches("Its address").count(),
        1,
        "{run}"
    );
    assert_eq!(run.stderr.matches(&url).count(), 1, "{run}");
}

/// A clone whose main branch got an `smp.toml` after it was checked out.
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
            .says("because: upstream/master has it, and what is checked out here lacks it\n");
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
fn a_branch_that_was_left_behind_names_the_one_that_has_the_file() {
    let deploy = not_pulled();
    deploy.git(
        &deploy.work,
        &["checkout", "-q", "--no-track", "-b", "old", deploy.nth(3)],
    );
    deploy
        .smp(&["status"])
        .exits(2)
        .says("hint: git pull upstream master\n");
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
    // A file that was named is not looked for anywhere else.
    let named = deploy.smp(&["--config", "other.toml", "status"]);
    named
        .exits(2)
        .says("there is no other.toml")
        .says("git smp --config other.toml setup")
        .never_shows("setup-smp");
}
