//! If the running commit or the reason is unclear, nothing is recorded.

use rustix::process::Signal;

use super::{RECORD, ships};
use crate::promote::{comes_to, ready};
use crate::record::{promotes, short};
use crate::sample::sample;
use crate::support::{Deploy, Gate, Page, World};

/// Returns a world with pages whose record has production deploys of the fourth and the fifth commits.
#[track_caller]
fn shipped() -> Deploy {
    let deploy = ready(World::deploy_like().toml(RECORD));
    [4, 5].into_iter().for_each(|number| ships(&deploy, number));
    deploy
}

/// Asserts that no command finds or reports a deploy outside git smp.
#[track_caller]
fn nothing_is_seen(deploy: &Deploy) {
    let before = deploy.snapshot();
    deploy
        .smp(&["status"])
        .ok()
        .never_shows("unrecorded")
        .never_shows("outside git smp");
    promotes(deploy, &[]).never_shows("nobody deployed");
    deploy
        .smp(&["rollback", "--yes", "--to", deploy.nth(5)])
        .never_shows("nobody deployed");
    deploy
        .smp(&["propose", "--yes"])
        .never_shows("nobody deployed");
    deploy
        .smp(&["stage", "--yes", deploy.nth(5)])
        .never_shows("nobody deployed");
    let mut after = deploy.snapshot();
    for (repository, refs) in &mut after {
        if let (Some(now), Some(then)) = (
            refs.get_mut("refs/smp/record"),
            before[repository].get("refs/smp/record"),
        ) {
            then.clone_into(now);
        }
    }
    assert_eq!(deploy.chain().count("observed"), 0);
}

#[test]
fn a_page_that_an_old_process_answers_during_a_rollout_is_no_deploy() {
    let deploy = shipped();
    // The branch agrees with the record; some answers come from the old process.
    let pages = [4, 5, 4, 4, 5]
        .map(|number| Page::commit(deploy.nth(number)))
        .to_vec();
    deploy.web.set_alternating("/production", pages);
    nothing_is_seen(&deploy);
    deploy.web.set("/production", Page::commit(deploy.nth(4)));
    nothing_is_seen(&deploy);
}

#[test]
fn a_page_that_is_broken_or_says_nothing_is_no_deploy() {
    let deploy = shipped();
    deploy.colleague_pushes(&deploy.production, deploy.nth(6));
    for page in sample(
        2,
        [
            Page::commit(deploy.nth(6)).status(503),
            Page::body("<title>Log in</title>"),
            Page::body(format!(
                "data-commit=\"{}\" data-commit=\"{}\"",
                deploy.nth(5),
                deploy.nth(6)
            )),
            Page::commit("abcdef0123"),
            // The host is still building.
            Page::commit(deploy.nth(5)),
        ],
    ) {
        deploy.web.set("/production", page);
        deploy.smp(&["status"]).ok().never_shows("unrecorded");
        promotes(&deploy, &["--timeout", "0"]).never_shows("nobody deployed");
        assert_eq!(deploy.chain().count("observed"), 0);
    }
    // After the page agrees, it counts as a deploy.
    deploy.web.set("/production", Page::commit(deploy.nth(6)));
    deploy.smp(&["status"]).ok().prints_among("unrecorded: ");
}

#[test]
fn a_deploy_whose_run_died_is_none_past_the_tool_whatever_closes_its_announcement() {
    let deploy = ready(World::deploy_like().without_pages().toml("[record]\n"));
    deploy.smp(&["stage", "--yes", deploy.nth(5)]).ok();
    let gate = Gate::new(&deploy, "build");
    deploy.hook(
        &deploy.staging,
        "pre-receive",
        &format!("cat >/dev/null; {}", gate.line()),
    );
    let mut run = deploy
        .runner()
        .directly()
        .start(&["stage", "--yes", deploy.nth(6)]);
    gate.reached();
    run.signal(Signal::KILL);
    run.finish();
    gate.open();
    comes_to(&deploy, &deploy.staging, deploy.nth(6));
    deploy
        .smp(&["propose", "--yes"])
        .ok()
        .never_shows("nobody deployed");
    deploy.smp(&["signoff", "--by", "Rosi"]).ok();
    deploy.smp(&["status"]).ok().never_shows("unrecorded");
    promotes(&deploy, &[])
        .ok()
        .says(&format!("done: production runs {}", short(deploy.nth(6))));
    deploy
        .smp(&["status"])
        .ok()
        .never_shows("unrecorded")
        .never_shows("outside git smp");
    assert_eq!(deploy.chain().count("observed"), 0);
}
