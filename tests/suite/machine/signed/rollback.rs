//! A rollback trusts nothing that only the files of this clone say, or a platform that a variable names.

use super::tricks::{copied, written_over};
use super::{by, forged, merged, promote, world};
use crate::support::{Deploy, HerokuApi, Run, Runner};

const APP: &str = "shop";
const KEY: &str = "HRKU-not-for-anybodys-eyes";

/// Creates an unreviewed commit that never ran anywhere.
fn unseen(deploy: &Deploy) -> String {
    deploy.git(&deploy.work, &["checkout", "-q", "--detach", deploy.nth(1)]);
    deploy.commit(&deploy.work, "Nobody saw this")
}

/// Asserts that a rollback to the commit at a terminal is refused.
#[track_caller]
fn refused(deploy: &Deploy, commit: &str) -> Run {
    let run = by(deploy, "ada").terminal(&["rollback", "--to", commit]);
    let run = run.ends();
    run.exits(1);
    assert_eq!(deploy.master(&deploy.production), deploy.nth(2));
    run
}

#[test]
fn notes_of_this_clone_allow_no_rollback() {
    let deploy = world();
    let (unseen, ran) = (unseen(&deploy), deploy.nth(2).to_owned());
    let event = |who, nth: u8, kind: &str, commit: &str, more: &str| {
        let message = format!(
            "ada {kind}\n\nSmp-Event: {kind}\nSmp-Id: {nth:016x}\nSmp-Program: git-smp 0.1.0\nSmp-Commit: {commit}\n{more}"
        );
        forged(&deploy, who, &message, true)
    };
    let ada = ("ada", "ada");
    let target =
        format!("Smp-Environment: staging\nSmp-Date: 2022-03-02\nSmp-Target: production {ran}\n");
    let place = format!("Smp-Environment: production\nSmp-From: {ran}\n");
    by(&deploy, "ada").smp(&["propose", "--yes"]).ok();
    by(&deploy, "ada")
        .smp(&["postpone", "--yes", "--reason", "later"])
        .ok();
    event(ada, 1, "proposed", &unseen, &target);
    let yes = event(("rosi", "eve"), 2, "signed-off", &unseen, "Smp-Of: rosi\n");
    event(ada, 3, "promoting", &unseen, &place);
    let done = format!("{place}Smp-Commits: 1\nSmp-Intent: {:016x}\n", 3);
    event(ada, 4, "promoted", &unseen, &done);
    let back = format!("Smp-Environment: production\nSmp-From: {unseen}\nSmp-Commits: 1\n");
    event(ada, 5, "rolled-back", &ran, &back);
    deploy.smp(&["status"]).ok();
    let notes = deploy.work.join(".git/smp/signatures");
    let mut note: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(&notes).unwrap()).unwrap();
    let events = note["events"].as_array_mut().unwrap();
    let ours = events.iter_mut().find(|event| event[0] == yes.as_str());
    ours.unwrap()[1] = serde_json::json!({ "by": "rosi@example.com" });
    std::fs::write(&notes, note.to_string()).unwrap();
    // `history` accepts what only the notes say; a rollback does not.
    refused(&deploy, &unseen).says("the record does not show that");
}

#[test]
fn files_of_this_clone_make_nothing_an_older_version() {
    let deploy = world();
    let (unseen, ran) = (unseen(&deploy), deploy.nth(2).to_owned());
    // By ada's own event it ran there; only its place in the history contradicts that.
    let said = format!(
        "ada proposed\n\nSmp-Event: proposed\nSmp-Id: {:016x}\nSmp-Program: git-smp 0.1.0\nSmp-Commit: {}\n\
         Smp-Environment: staging\nSmp-Date: 2022-03-02\nSmp-Target: production {unseen}\n",
        1,
        deploy.nth(5)
    );
    forged(&deploy, ("ada", "ada"), &said, true);
    let ada = by(&deploy, "ada");
    let back = |why: &str| {
        let run = ada.smp(&["rollback", "--yes", "--to", &unseen]);
        run.exits(1).says(why);
        assert_eq!(deploy.master(&deploy.production), ran);
    };
    back("is not an ancestor of the commit that production runs");
    let kept = deploy.path("kept");
    copied(&deploy, &deploy.work, &kept);
    let forge = format!(
        "git cat-file commit {ran} | sed '0,/^parent .*/s//parent {unseen}/' | git hash-object -t commit -w --stdin"
    );
    let shell = deploy.runner().cwd(&deploy.work);
    let other = shell.program("sh", &["-c", &forge]).ok().out();
    written_over(&deploy, &ran, other.trim());
    back("has another hash than its name");
    let info = deploy.work.join(".git/objects/info");
    deploy.git(&deploy.work, &["commit-graph", "write", "--reachable"]);
    let graph = std::fs::read(info.join("commit-graph")).unwrap();
    copied(&deploy, &kept, &deploy.work);
    std::fs::create_dir_all(&info).unwrap();
    std::fs::write(info.join("commit-graph"), graph).unwrap();
    back("nothing shows that");
}

/// Returns a runner for ada whose variables name this API as Heroku's.
fn led_astray<'w>(deploy: &'w Deploy, api: &HerokuApi) -> Runner<'w> {
    let ada = by(deploy, "ada").env("HEROKU_API_KEY", KEY);
    ada.env("HEROKU_API_URL", api.url())
}

#[test]
fn a_false_api_of_the_platform_ships_nothing() {
    let deploy = world();
    let asks = "[environments.production.running]\nheroku = \"shop\"\n[environments.staging.running]\nheroku = \"shop-staging\"\n";
    deploy.write_toml(&format!("{}{asks}", deploy.toml()));
    let evil = unseen(&deploy);
    let child = deploy.commit(&deploy.work, "A child of it");
    let api = HerokuApi::start(KEY);
    let ada = led_astray(&deploy, &api);
    // The app in an own file only.
    ada.smp(&["setup", "--yes"]);
    promote(&deploy, &ada)
        .exits(1)
        .says("differs from the one on master");
    merged(&deploy, "Ask Heroku", &[("smp.toml", &deploy.toml())]);
    ada.smp(&["setup", "--yes"]);
    let nothing_shipped = |run: &Run| {
        assert_ne!(run.code, 0, "{run}");
        run.never_shows(KEY);
        assert_eq!(deploy.master(&deploy.production), deploy.nth(2), "{run}");
        assert_eq!(deploy.deploys(&deploy.production), [deploy.nth(2)], "{run}");
    };
    // What the API says: the commits of its releases on production, oldest first.
    let (runs, older) = (deploy.nth(2), deploy.nth(1));
    for said in [
        [&*evil, runs],
        [older, &child],
        [&*evil, &child],
        [&*child, &evil],
    ] {
        api.app(APP).app("shop-staging");
        for commit in said {
            api.deploys(APP, commit);
        }
        for commit in [deploy.nth(5), &evil] {
            api.deploys("shop-staging", commit);
        }
        for to in [&evil, &child, older] {
            let back = ["rollback", "--timeout", "5", "--to", to];
            nothing_shipped(&ada.terminal(&back).ends());
            nothing_shipped(&ada.smp(&[&back[..], &["--yes"]].concat()));
        }
        nothing_shipped(&ada.terminal(&["rollback", "--timeout", "5"]).ends());
        nothing_shipped(&ada.smp(&["promote", "--yes", "--timeout", "5", "--commit", &evil]));
    }
    assert!(!api.asked_for("GET", "/apps/shop/releases").is_empty());
}
