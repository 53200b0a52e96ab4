//! Early checks of setup: whether the main repository accepts and shows the record, and whether each environment would
//! accept a push from this clone.

use super::{is_bad, is_good};
use crate::record::{RECORD, bens_clone};
use crate::sample::sample;
use crate::support::{Deploy, Topology, World};

fn of_record(deploy: &Deploy) -> Option<String> {
    deploy.refs(&deploy.main).get("refs/smp/record").cloned()
}

#[track_caller]
fn subjects(deploy: &Deploy, reference: &str) -> Vec<String> {
    let log = deploy.git(
        &deploy.main,
        &["log", "--reverse", "--format=%s", reference],
    );
    log.lines().map(str::to_owned).collect()
}

#[test]
fn a_branch_that_git_takes_for_the_record_is_named() {
    let deploy = World::deploy_like().toml(RECORD).build();
    let branch = "refs/heads/refs/smp/record";
    deploy.git(&deploy.main, &["update-ref", branch, deploy.nth(2)]);
    let run = deploy.smp(&["setup", "--yes"]);
    is_bad(&run, "record", "the record cannot be written to");
    run.prints_among(&format!("upstream has {branch} as well, and git cannot"))
        .says(&format!(
            "hint: remove that: git push upstream --delete {branch}\n"
        ));
    assert_eq!(of_record(&deploy), None);
}

#[test]
fn setup_begins_the_record_once_and_takes_nothing_back() {
    let deploy = World::deploy_like().toml(RECORD).build();
    deploy.hook("main.git", "update", "echo \"$1 $2 $3\" >>updates");
    let updates = || std::fs::read_to_string(deploy.path("main.git/updates")).unwrap_or_default();
    let mut expected = deploy.snapshot();
    deploy.smp(&["setup", "--check"]).exits(1);
    assert_eq!(updates(), "");
    deploy
        .smp(&["setup", "--yes"])
        .ok()
        .prints_among("refs/smp/record on upstream; created just now");
    assert_eq!(updates().lines().count(), 1, "{}", updates());
    assert_eq!(
        subjects(&deploy, "refs/smp/record"),
        ["Ada Example began the record"]
    );
    expected
        .get_mut("main.git")
        .unwrap()
        .insert("refs/smp/record".into(), of_record(&deploy).unwrap());
    assert_eq!(deploy.snapshot(), expected);

    for args in [&["setup", "--check"][..], &["setup", "--yes"]] {
        deploy
            .smp(args)
            .ok()
            .prints_among("refs/smp/record on upstream; 1 event\n");
    }
    let ben = bens_clone(&deploy);
    deploy
        .runner()
        .cwd(&ben)
        .smp(&["setup"])
        .ok()
        .prints_among("; 1 event\n");
    assert_eq!(deploy.snapshot(), expected);
    deploy
        .smp(&["status"])
        .ok()
        .prints_among("next: ")
        .never_shows("unknown");
    deploy
        .smp(&["history"])
        .ok()
        .says("no promotion is on record yet");
    deploy.smp(&["propose", "--yes"]).ok();
    assert!(subjects(&deploy, "refs/smp/record")[1].starts_with("Ada Example proposed"));
}

#[test]
fn a_record_that_nobody_began_is_written_to_as_ever() {
    let deploy = World::deploy_like().toml(RECORD).build();
    deploy.trust();
    deploy.forget_record();
    deploy
        .smp(&["setup", "--check"])
        .ok()
        .prints_among("; it is still empty\n");
    assert_eq!(of_record(&deploy), None);
    deploy.smp(&["propose", "--yes"]).ok();
    assert!(subjects(&deploy, "refs/smp/record")[0].starts_with("Ada Example proposed"));
    deploy.smp(&["setup"]).ok().never_shows("begun");
}

// Gitolite's usual RW, receive.denyDeletes, a hook: nothing may be deleted there, and nothing needs to be.
#[test]
fn a_host_that_lets_nobody_delete_is_left_without_litter_and_gets_no_false_advice() {
    for by_hook in sample(1, [false, true]) {
        let deploy = World::deploy_like().toml(RECORD).build();
        if by_hook {
            let refuse = "echo \"FATAL: D $1 main ada DENIED by fallthru\" >&2; exit 1";
            deploy.hook(
                "main.git",
                "update",
                &format!("case $3 in *[!0]*) ;; *) {refuse} ;; esac"),
            );
        } else {
            deploy.git(&deploy.main, &["config", "receive.denyDeletes", "true"]);
        }
        deploy
            .smp(&["setup", "--yes"])
            .ok()
            .prints_among("created just now")
            .never_shows("refs/heads/smp-record");
        let ours: Vec<String> = deploy
            .refs(&deploy.main)
            .into_keys()
            .filter(|name| name.contains("smp"))
            .collect();
        assert_eq!(ours, ["refs/smp/record"]);
        deploy.smp(&["propose", "--yes"]).ok();
    }
}

#[test]
fn a_host_that_takes_branches_only_is_found_out_before_the_first_event() {
    let deploy = World::deploy_like().toml(RECORD).build();
    deploy.hook(
        "main.git",
        "update",
        "case $1 in refs/heads/*) ;; *) echo 'branches only'; exit 1 ;; esac",
    );
    let run = deploy.smp(&["setup", "--yes"]);
    run.exits(1)
        .prints_among("FAIL  record")
        .prints_among("branches only");
    run.says("set record.ref = \"refs/heads/smp-record\" in smp.toml, then: git smp setup");
    deploy.add_toml("ref = \"refs/heads/smp-record\"\n");
    deploy
        .smp(&["setup", "--yes"])
        .ok()
        .prints_among("refs/heads/smp-record on upstream; created just now");
    deploy.smp(&["propose", "--yes"]).ok();
    assert_eq!(subjects(&deploy, "refs/heads/smp-record").len(), 3);
}

#[test]
fn a_host_that_takes_the_record_and_never_shows_it_is_found_out_by_setup() {
    let deploy = World::deploy_like().toml(RECORD).build();
    deploy.git(&deploy.main, &["config", "uploadpack.hideRefs", "refs/smp"]);
    let fix = "set record.ref = \"refs/heads/smp-record\" in smp.toml, then: git smp setup";
    let begun = std::time::Instant::now();
    let run = deploy.smp(&["setup", "--yes"]);
    run.exits(4)
        .prints_among("FAIL  record      upstream accepted the event and does not show it")
        .says(fix);
    assert!(
        begun.elapsed().as_secs() < 40,
        "it waited for what cannot come"
    );
    // The record exists now, so a read shows the problem; other commands give the same message.
    let before = deploy.snapshot();
    is_bad(
        &deploy.smp(&["setup", "--check"]),
        "record",
        "upstream has the record and does not show it",
    );
    let stage = deploy.smp(&["stage", "--yes"]);
    stage
        .exits(1)
        .says("error: upstream has the record and does not show it")
        .says(fix);
    stage
        .never_shows("others wrote to it")
        .never_shows("did not finish");
    assert_eq!(deploy.snapshot(), before);
    deploy.add_toml("ref = \"refs/heads/smp-record\"\n");
    deploy.smp(&["setup", "--yes"]).ok();
    deploy.smp(&["stage", "--yes"]).ok();
}

// --- whether a push would be accepted

#[test]
fn a_password_that_may_only_read_is_found_by_setup_as_well() {
    use crate::support::{Fault, Rule};
    let deploy = World::deploy_like()
        .on(Topology::Remotes)
        .over_open_http()
        .build();
    deploy.trust();
    deploy.http().fault(
        Rule::any(
            "production.git/info/refs?service=git-receive-pack",
            Fault::Status(403),
        )
        .times(1000),
    );
    let run = deploy.smp(&["setup", "--check"]);
    is_bad(
        &run,
        "production",
        "but a push from this clone would be declined",
    );
    is_good(&run, "staging", "answers");
    run.prints_among("403")
        .says("hint: ask for permission to push to production, then: git smp setup");
}

#[test]
fn asking_who_may_push_changes_nothing_wherever_the_branch_stands() {
    let deploy = World::deploy();
    deploy.trust();
    for bare in ["staging.git", "production.git"] {
        deploy.hook(bare, "pre-receive", "cat >>received; exit 0");
        deploy.hook(bare, "post-receive", "cat >>received; exit 0");
    }
    let unreceived = |bare: &str| {
        assert!(
            !deploy.path(bare).join("received").exists(),
            "{bare} was pushed to"
        )
    };
    // Unchanged; at an unknown commit; not there yet; and with deletions refused.
    let theirs = deploy.commit(&deploy.team, "Hotfix that nobody here has");
    for change in 0..4 {
        match change {
            1 => deploy.colleague_pushes(&deploy.production, &theirs),
            2 => drop(deploy.git(
                &deploy.production,
                &["update-ref", "-d", "refs/heads/master"],
            )),
            3 => drop(deploy.git(
                &deploy.production,
                &["config", "receive.denyDeletes", "true"],
            )),
            _ => {}
        }
        let _ = std::fs::remove_file(deploy.path("production.git/received"));
        let before = deploy.snapshot();
        let run = deploy.smp(&["setup", "--check"]);
        run.never_shows("turned away");
        assert_eq!(deploy.snapshot(), before);
        ["staging.git", "production.git"]
            .into_iter()
            .for_each(unreceived);
    }
}
