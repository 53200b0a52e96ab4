//! Environments that are branches of the main repository.

use crate::promote::{deployed_once, promote};
use crate::support::{Deploy, DeployBuilder, Topology, World};

fn branches() -> DeployBuilder {
    World::deploy_like().on(Topology::Branches)
}

/// What the clone itself has of the main repository's branches.
fn tracked(deploy: &Deploy) -> Vec<(String, String)> {
    let refs = deploy.refs(&deploy.work).into_iter();
    refs.filter(|(name, _)| name.starts_with("refs/remotes/"))
        .collect()
}

#[test]
fn setup_adds_no_remote_and_checks_each_branch() {
    let deploy = branches().build();
    let run = deploy.smp(&["setup", "--yes"]);
    run.ok()
        .prints_among("upstream    answers; master is at")
        .prints_among("staging     answers; staging is at")
        .prints_among("production  answers; production is at");
    assert_eq!(deploy.git(&deploy.work, &["remote"]), "upstream");
}

#[test]
fn a_promotion_moves_the_branch_and_nothing_of_the_users() {
    let deploy = branches().ready();
    let (before, tracked_before) = (deploy.snapshot(), tracked(&deploy));
    promote(&deploy, &[]).ok().says("done: production runs");
    assert_eq!(deploy.snapshot(), deployed_once(&deploy, &before));
    assert_eq!(tracked(&deploy), tracked_before);
}

#[test]
fn the_guard_judges_by_the_branch() {
    let deploy = branches().build();
    deploy.smp(&["setup", "--yes", "--hook"]).ok();
    let push = |refspec: &str| {
        deploy.try_git(
            &deploy.work,
            &["push", "upstream", &format!("{}:{refspec}", deploy.nth(6))],
        )
    };
    let before = deploy.snapshot();
    push("refs/heads/production")
        .exits(1)
        .says("a plain push to production is stopped");
    assert_eq!(deploy.snapshot(), before);
    // Work goes on as ever, and staging is not frozen.
    push("refs/heads/feature").ok();
    push("refs/heads/staging").ok();
    assert_eq!(
        deploy.deploys(&deploy.staging).last().unwrap(),
        deploy.nth(6)
    );
}
