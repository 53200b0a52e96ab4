//! A new user's steps from nothing to the first promotion, on each topology: the typed text is what the screen
//! suggests.

use crate::support::{Deploy, HerokuApi, Run, Runner, Terminal, Topology, World};

/// Returns a world without `smp.toml`, whose clone has only the main repository's remote.
#[track_caller]
fn nothing_yet(topology: Topology) -> Deploy {
    let deploy = World::deploy_like().on(topology).build();
    std::fs::remove_file(deploy.work.join("smp.toml")).unwrap();
    deploy
}

fn terminal(runner: Runner<'_>, args: &[&str]) -> Terminal {
    let mut terminal = runner.directly().env("NO_COLOR", "1").terminal(args);
    terminal.resizes(100, 40);
    terminal
}

const DEPLOYED: &str = "The branch that is deployed [master]: ";

/// Answers the questions about the main repository with Enter.
#[track_caller]
fn main_repository(terminal: &mut Terminal, branch: &str) {
    for asked in [
        "Remote of the main repository [upstream]: ",
        "Address of the main repository",
        branch,
    ] {
        terminal.sees(asked).enters("");
    }
}

/// Enters the page of an environment, and Enter at the questions after it.
#[track_caller]
fn page(deploy: &Deploy, terminal: &mut Terminal, name: &str) {
    terminal
        .sees(&format!("Page of {name}"))
        .enters(&deploy.web.url(&format!("/{name}")));
    terminal
        .sees("Pattern around")
        .enters("")
        .sees(&format!("{name} says that it runs "))
        .sees(&format!("Site of {name}"))
        .enters("");
}

/// Declines a record and chats, and lets the file be written and agreed to.
#[track_caller]
fn the_rest(mut terminal: Terminal) -> Run {
    for (asked, answer) in [
        ("Keep a record (y/n)", ""),
        ("Chat of the technical channel", ""),
        ("Chat of the product channel", ""),
        ("Write this to smp.toml?", "y"),
        ("Trust this", "y"),
    ] {
        terminal.sees(asked).enters(answer);
    }
    terminal.ends()
}

/// Runs `status`, and the promotion that it suggests, to the end.
#[track_caller]
fn promotes<'r>(deploy: &'r Deploy, runner: impl Fn() -> Runner<'r>) -> Run {
    let status = runner().smp(&["status"]);
    status.ok().prints_among("next: git smp promote\n");
    let mut terminal = terminal(runner(), &["promote"]);
    terminal
        .sees("Type production to deploy: ")
        .enters("production");
    let run = terminal.ends();
    run.ok()
        .says(&format!("done: production runs {}", &deploy.nth(5)[..8]));
    runner()
        .smp(&["status"])
        .ok()
        .prints_among("the same as staging");
    run
}

#[test]
fn with_remotes_of_their_own() {
    let deploy = nothing_yet(Topology::Remotes);
    let [_, staging, production] = deploy.urls();
    let mut asked = terminal(deploy.runner(), &["setup"]);
    asked.sees("Environments are").enters("");
    main_repository(&mut asked, DEPLOYED);
    for (name, url) in [("staging", staging), ("production", production)] {
        asked.sees(&format!("push to {name} goes to")).enters(url);
        page(&deploy, &mut asked, name);
    }
    the_rest(asked).ok().says("next: commit and push it");
    promotes(&deploy, || deploy.runner());
    assert_eq!(deploy.master(&deploy.production), deploy.nth(5));
}

#[test]
fn with_branches_of_the_main_repository() {
    let deploy = nothing_yet(Topology::Branches);
    let mut asked = terminal(deploy.runner(), &["setup"]);
    asked.sees("Environments are").enters("branches");
    main_repository(&mut asked, "The branch that work is merged into [master]: ");
    for name in ["staging", "production"] {
        asked
            .sees(&format!("Branch that deploys {name} [{name}]: "))
            .enters("");
        page(&deploy, &mut asked, name);
    }
    the_rest(asked)
        .ok()
        .says("production  answers; production is at")
        .says("next: commit and push it");
    promotes(&deploy, || deploy.runner());
    assert_eq!(deploy.master(&deploy.production), deploy.nth(5));
    assert_eq!(deploy.git(&deploy.work, &["remote"]), "upstream");
}

#[test]
fn with_the_same_build_in_a_pipeline() {
    let deploy = nothing_yet(Topology::Remotes);
    let api = HerokuApi::start("t0ken");
    for (bare, app) in [
        (&deploy.staging, "shop-staging"),
        (&deploy.production, "shop"),
    ] {
        api.app(app).follow(app, bare);
    }
    let [_, staging, production] = deploy.urls();
    let runner = || {
        let runner = deploy.runner().env("HEROKU_API_URL", api.url());
        runner.env("HEROKU_API_KEY", "t0ken")
    };
    let mut asked = terminal(runner(), &["setup"]);
    asked.sees("Environments are").enters("");
    main_repository(&mut asked, DEPLOYED);
    for (name, url) in [("staging", staging), ("production", production)] {
        asked.sees(&format!("push to {name} goes to")).enters(url);
        asked.sees(&format!("Page of {name}")).enters("");
        asked.sees(&format!("Site of {name}")).enters("");
    }
    the_rest(asked).ok();
    // The lines from docs/topologies.md are added by hand.
    deploy.write_toml(&deploy.toml().replace(
        "promotes = \"staging\"\n",
        "promotes = \"staging\"\ndeploy = \"pipeline\"\n",
    ));
    deploy.add_toml(
        "\n[environments.staging.running]\nheroku = \"shop-staging\"\n\
         \n[environments.production.running]\nheroku = \"shop\"\n",
    );
    runner()
        .smp(&["status"])
        .exits(2)
        .says("hint: review it and agree to it: git smp setup\n");
    // The apps are not coupled yet, and setup gives the commands for it.
    let mut again = terminal(runner(), &["setup"]);
    again.sees("Trust this?").enters("y");
    again
        .ends()
        .exits(1)
        .says("staging is not in a pipeline")
        .says("hint: make one: heroku pipelines:create -a shop-staging -s staging");
    api.couples("shop-staging", "shop", "staging");
    runner()
        .smp(&["setup", "--check"])
        .exits(1)
        .says(" -a shop -s production\n");
    api.couples("shop", "shop", "production");
    runner().smp(&["setup", "--check"]).ok();
    promotes(&deploy, runner).says("promote the build v3 of staging, without a new build");
    assert_eq!(api.current("shop").as_deref(), Some(deploy.nth(5)));
    assert_eq!(deploy.master(&deploy.production), deploy.nth(2));
}
