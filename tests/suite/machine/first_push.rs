//! Hosts that create an app at the first push, as Dokku and Piku do: the program does not call them unreachable, and
//! creates no app unasked.

use crate::support::{Deploy, DeployBuilder, World};

/// Dokku's message about an unknown app.
const DOKKU: &str = " !     App staging does not exist";

/// Returns a world whose host lacks these apps and creates each at the first push.
fn without_apps(world: DeployBuilder, words: Option<&str>, names: &[&str]) -> Deploy {
    let deploy = world.over_ssh().build();
    for name in names {
        std::fs::remove_dir_all(deploy.path(format!("{name}.git"))).unwrap();
    }
    deploy.ssh().makes_apps(words);
    deploy
}

fn is_there(deploy: &Deploy, name: &str) -> bool {
    deploy.path(format!("{name}.git")).exists()
}

#[test]
fn setup_says_that_the_first_push_makes_the_app_and_fails_nothing() {
    for words in [Some(DOKKU), None] {
        let deploy = without_apps(World::deploy_like(), words, &["staging", "production"]);
        let run = deploy.smp(&["setup", "--yes"]);
        run.ok().prints_among(
            "note  staging     there is no app at its address yet; the first push may create it",
        );
        run.prints_among(if words.is_some() {
            "it says: App staging does not exist"
        } else {
            "it says: \'/"
        });
        run.prints_among("if this host does not, environments.staging.url is wrong")
            .prints_among("git smp stage --first\n");
        run.prints_among("git smp promote production --first\n")
            .never_shows("does not answer");
        deploy
            .smp(&["status"])
            .ok()
            .prints_among("nothing deployed yet; there is no app at its address: ")
            .prints_among("next: git smp stage --first\n");
        deploy.smp(&["setup", "--check"]).ok();
        assert!(!is_there(&deploy, "staging") && !is_there(&deploy, "production"));
    }
}

#[test]
fn no_app_is_made_unasked() {
    let deploy = without_apps(
        World::deploy_like(),
        Some(DOKKU),
        &["staging", "production"],
    );
    deploy.trust();
    for args in [&["stage", "--yes"][..], &["stage", "--dry-run"]] {
        let run = deploy.smp(args);
        run.exits(1)
            .says("error: there is no app at the address of staging\n")
            .says("because: it says: App staging does not");
        run.says("hint: to create it: git smp stage --first\n");
    }
    let named = deploy.smp(&["stage", "--yes", deploy.nth(4)]);
    named
        .exits(1)
        .says(&format!("git smp stage {} --first\n", deploy.nth(4)));
    deploy
        .smp(&["promote", "--dry-run"])
        .exits(1)
        .says("nothing is deployed on staging yet")
        .says("git smp stage --first\n");
    deploy
        .smp(&["stage", "--first"])
        .exits(1)
        .says("this needs a confirmation, and there is no terminal")
        .says("git smp stage --first --yes\n");
    assert!(!is_there(&deploy, "staging"));
}

#[test]
fn the_first_deploys_of_a_new_team_make_their_apps_in_a_script() {
    for words in [Some(DOKKU), None] {
        let deploy = without_apps(
            World::deploy_like().toml("[record]\nsignoff = false\n"),
            words,
            &["staging", "production"],
        );
        deploy.trust();
        let run = deploy.smp(&["stage", "--first", "--yes"]);
        run.ok()
            .says("so this push creates it")
            .says("(master must not exist yet)")
            .says("done: staging runs");
        assert_eq!(deploy.master(&deploy.staging), deploy.nth(6));
        deploy.smp(&["propose", "--yes"]).ok();

        let commit = deploy.nth(6);
        deploy
            .smp(&["promote", "--yes", "--commit", commit])
            .exits(1)
            .says("git smp promote --first\n");
        let refusal = deploy.smp(&["promote", "-n", "--json"]);
        assert_eq!(refusal.exits(1).json()["refusal"]["code"], "no-app");
        assert!(!is_there(&deploy, "production"));
        deploy
            .smp(&["promote", "--first", "--yes", "--commit", commit])
            .ok()
            .says("done: production runs");
        assert_eq!(deploy.master(&deploy.production), *commit);
        // From now on everything is as usual.
        deploy
            .smp(&["setup", "--check"])
            .ok()
            .never_shows("no such app");
        let next = deploy.colleague_commits("One more (#428)");
        deploy
            .smp(&["stage", "--yes"])
            .ok()
            .never_shows("make the app");
        assert_eq!(deploy.master(&deploy.staging), next);
    }
}

#[test]
fn at_a_terminal_the_app_has_a_question_of_its_own() {
    let deploy = without_apps(
        World::deploy_like().without_pages(),
        None,
        &["staging", "production"],
    );
    deploy.trust();
    for answer in ["", "n", "yes please"] {
        let mut terminal = deploy.runner().terminal(&["stage", "--first"]);
        terminal.sees("Create the app? [y/N] ").enters(answer);
        terminal.ends().exits(3).says("no environment was changed");
    }
    assert!(!is_there(&deploy, "staging"));
    let mut terminal = deploy.runner().terminal(&["stage", "--first"]);
    terminal
        .sees("Create the app? [y/N] ")
        .enters("y")
        .sees("to staging? [y/N] ")
        .enters("y");
    terminal.ends().ok();
    assert_eq!(deploy.master(&deploy.staging), deploy.nth(6));
    let mut terminal = deploy
        .runner()
        .terminal(&["promote", "--first", "--summary", ""]);
    terminal
        .sees("Create the app? [y/N] ")
        .enters("y")
        .sees("Type production to deploy: ");
    terminal.enters("production");
    terminal.ends().ok();
    assert_eq!(deploy.master(&deploy.production), deploy.nth(6));
}

#[test]
fn what_runs_under_another_address_is_no_app_to_be_made() {
    let deploy = without_apps(World::deploy_like(), Some(DOKKU), &[]);
    std::fs::rename(&deploy.staging, deploy.path("shop.git")).unwrap();
    deploy
        .web
        .set("/staging", crate::support::Page::commit(deploy.nth(5)));
    deploy.trust();
    let run = deploy.smp(&["stage", "--first", "--yes"]);
    run.exits(1)
        .says("error: staging runs ")
        .says("because: the running app has another address")
        .says("git smp setup\n");
    assert!(!is_there(&deploy, "staging"));
}

#[test]
fn the_main_repository_is_no_app_to_be_made() {
    let main = World::deploy_like().over_ssh().build();
    main.ssh().makes_apps(None);
    let elsewhere = main.ssh().url(&main.path("mainn.git"));
    main.write_toml(&main.toml().replace(main.urls()[0], &elsewhere));
    main.git(&main.work, &["remote", "set-url", "upstream", &elsewhere]);
    main.smp(&["setup", "--yes"])
        .exits(1)
        .prints_among("FAIL  upstream")
        .prints_among("its address is misspelled, or you are not allowed to read it");
}
