//! The team's shared record, from one command to the next: a team's week, and its output for others.

mod goals;
mod hostile;
mod looking;
mod moved;
mod promoting;

use std::path::Path;

use crate::promote::ready;
use crate::sample::sample;
use crate::support::{Deploy, DeployBuilder, Run, Topology, World};

/// The line of `smp.toml` that turns the record on.
pub const RECORD: &str = "[record]\n";

/// Returns a world with a record, where the ref is the running commit.
#[track_caller]
pub fn recorded() -> Deploy {
    recorded_like(World::deploy_like().without_pages())
}

/// Returns another kind of world with a record.
#[track_caller]
pub fn recorded_like(builder: DeployBuilder) -> Deploy {
    ready(builder.toml(RECORD))
}

/// Returns a world whose candidate is staging's commit.
#[track_caller]
pub fn proposed() -> Deploy {
    proposed_on(Topology::default())
}

/// The same where environments are reached in this way.
#[track_caller]
pub fn proposed_on(topology: Topology) -> Deploy {
    let world = World::deploy_like().on(topology);
    let world = world.without_pages().toml(RECORD);
    world.after("proposed", proposes)
}

/// Returns such a world whose candidate was proposed just now.
#[track_caller]
pub fn proposed_just_now() -> Deploy {
    let deploy = recorded();
    proposes(&deploy);
    deploy
}

#[track_caller]
fn proposes(deploy: &Deploy) {
    deploy.smp(&["propose", "--yes", "--quiet"]).ok();
}

/// Returns a world in which staging's commit may be promoted.
#[track_caller]
pub fn signed_off() -> Deploy {
    signed_off_on(Topology::default())
}

/// The same where environments are reached in this way.
#[track_caller]
pub fn signed_off_on(topology: Topology) -> Deploy {
    let world = World::deploy_like()
        .on(topology)
        .without_pages()
        .toml(RECORD);
    world.after("signed off", |deploy| {
        proposes(deploy);
        deploy.smp(&["signoff", "--by", "Rosi"]).ok();
    })
}

/// Returns the first digits of a hash, as texts show them.
pub fn short(hash: &str) -> &str {
    &hash[..8]
}

/// Merges a colleague's change: one new file, so that it can be picked onto any commit.
#[track_caller]
pub fn merged(deploy: &Deploy, subject: &str, file: &str) -> String {
    let commit = deploy.commit_files(&deploy.team, subject, &[(file, subject)]);
    deploy.colleague_pushes(&deploy.main, &commit);
    commit
}

/// Returns the record's sentences from `git log`, oldest first, without that of its beginning.
#[track_caller]
pub fn sentences(deploy: &Deploy) -> Vec<String> {
    lines(deploy, "--format=%s")
}

/// Returns the kinds of the record's events, oldest first, as git reads the trailers, without the beginning.
#[track_caller]
pub fn events(deploy: &Deploy) -> Vec<String> {
    lines(
        deploy,
        "--format=%(trailers:key=Smp-Event,valueonly,separator=%x20)",
    )
}

#[track_caller]
fn lines(deploy: &Deploy, format: &str) -> Vec<String> {
    let main = deploy.refs(&deploy.main);
    if !main.contains_key("refs/smp/record") {
        return Vec::new();
    }
    let log = deploy.git(
        &deploy.main,
        &[
            "log",
            "--reverse",
            "--first-parent",
            format,
            "refs/smp/record",
        ],
    );
    let begun = |line: &&str| *line == "begun" || line.ends_with(" began the record");
    log.lines().skip_while(begun).map(str::to_owned).collect()
}

/// Returns the trailers of the last event, as `git interpret-trailers --parse` reads them.
#[track_caller]
pub fn trailers(deploy: &Deploy) -> Vec<(String, String)> {
    let message = deploy.git(
        &deploy.main,
        &["log", "-1", "--format=%B", "refs/smp/record"],
    );
    let git = deploy.runner().stdin(message);
    let parsed = git
        .program("git", &["interpret-trailers", "--parse"])
        .ok()
        .out();
    let pair = |line: &str| {
        line.split_once(": ")
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
    };
    parsed.lines().filter_map(pair).collect()
}

/// Returns the value of one trailer of the last event.
#[track_caller]
pub fn trailer(deploy: &Deploy, key: &str) -> String {
    let all = trailers(deploy);
    let found: Vec<&String> = all
        .iter()
        .filter(|(name, _)| name == key)
        .map(|(_, value)| value)
        .collect();
    assert_eq!(found.len(), 1, "{key} among {all:?}");
    found[0].clone()
}

/// Returns the next command from `status`.
#[track_caller]
pub fn next(deploy: &Deploy) -> String {
    let out = deploy.smp(&["status"]).ok().out();
    out.lines()
        .last()
        .unwrap()
        .strip_prefix("next: ")
        .unwrap()
        .to_owned()
}

/// Returns the refusal code of a promotion's dry run, and asserts that its text has these words and a hint.
#[track_caller]
pub fn refused(deploy: &Deploy, words: &str) -> String {
    let run = deploy.smp(&["promote", "-n", "--json"]);
    let told = run
        .exits(1)
        .says("error: ")
        .says("hint: ")
        .says(words)
        .json();
    assert_eq!(told["steps"], serde_json::json!([]), "{told:#}");
    told["refusal"]["code"].as_str().unwrap().to_owned()
}

/// Promotes staging's commit, like a script.
#[track_caller]
pub fn promotes(deploy: &Deploy, more: &[&str]) -> Run {
    let commit = deploy.master(&deploy.staging);
    deploy.smp(
        &[
            &["promote", "--yes", "--timeout", "20", "--commit", &commit],
            more,
        ]
        .concat(),
    )
}

/// Asserts that the output contains nothing that acts on a terminal.
#[track_caller]
pub fn is_harmless(run: &Run) {
    let acts = |c: &char| {
        (c.is_control() && !matches!(c, '\n' | '\t')) || ('\u{202a}'..='\u{202e}').contains(c)
    };
    let all = run.out() + &run.stderr;
    assert_eq!(all.chars().filter(acts).collect::<String>(), "", "{run}");
}

/// Returns a colleague's clone, after setup, with the same `smp.toml`.
#[track_caller]
pub fn bens_clone(deploy: &Deploy) -> std::path::PathBuf {
    let clone = deploy.clone_of(deploy.urls()[0], "ben", "upstream");
    std::fs::write(clone.join("smp.toml"), deploy.toml()).unwrap();
    for (key, value) in [("user.name", "Ben"), ("user.email", "ben@example.com")] {
        deploy.git(&clone, &["config", key, value]);
    }
    deploy.runner().cwd(&clone).smp(&["setup", "--yes"]).ok();
    clone
}

/// Returns a person's own state: the work tree, the index, every ref, the stash and HEAD.
#[track_caller]
pub fn own(deploy: &Deploy, clone: &Path) -> Vec<String> {
    let ask = |args: &[&str]| deploy.git(clone, args);
    vec![
        ask(&["symbolic-ref", "HEAD"]),
        ask(&["status", "--porcelain=v2", "--untracked-files=all"]),
        ask(&["for-each-ref", "refs/heads", "refs/tags", "refs/stash"]),
        ask(&["ls-files", "--stage"]),
        ask(&["stash", "list"]),
        ask(&["diff"]),
        ask(&["diff", "--cached"]),
    ]
}

#[test]
fn a_week_goes_as_the_runbook_has_it() {
    let deploy = recorded_like(World::deploy_like());
    let c = |commit: &str| short(commit).to_owned();

    // Monday: the merged work is deployed to staging.
    assert_eq!(next(&deploy), "git smp propose");
    let staged = deploy.nth(6).to_owned();
    deploy
        .smp(&["stage", "--yes"])
        .ok()
        .says("done: staging runs")
        .says("done: on record")
        .prints("");

    // The deploy is announced, and staging is frozen from now on.
    let post = deploy.smp(&["propose", "--yes", "--note", "Mostly the sidebar."]);
    post.ok()
        .prints_among("Production deploy 20")
        .prints_among(&format!(
            "Proposed for production: version {}, which runs on staging.",
            c(&staged)
        ));
    post.prints_among("(#427)\n")
        .prints_among("\nMostly the sidebar.\n")
        .says("next, after testing: git smp signoff");
    deploy
        .smp(&["stage", deploy.nth(4), "--yes"])
        .exits(1)
        .says("staging is frozen by Ada Example");
    assert_eq!(next(&deploy), "git smp signoff");

    // QA finds a blocker.
    deploy
        .smp(&["signoff", "--by", "Rosi", "--block", "login is broken"])
        .ok()
        .says("next: git smp stage --fix");
    promotes(&deploy, &[])
        .exits(1)
        .says("Rosi blocked it just now: login is broken");
    assert_eq!(deploy.master(&deploy.production), deploy.nth(2));
    assert_eq!(next(&deploy), "git smp stage --fix");

    // The main branch gets the fix between other work. Only the fix is deployed to staging.
    merged(&deploy, "Begin the new editor (#428)", "editor");
    let mended = merged(&deploy, "Fix the login (#429)", "login");
    let fix = deploy.smp(&["stage", "--fix", "--pick", &mended, "--yes"]);
    fix.ok()
        .says("Added to the candidate:")
        .says("Fix the login (#429)")
        .never_shows("the new editor");
    let candidate = deploy.master(&deploy.staging);
    fix.says(&format!("merge {} into master", c(&candidate)));
    assert_eq!(
        deploy.git(&deploy.staging, &["rev-parse", "master^"]),
        staged
    );

    // Tested again, signed off, deployed.
    deploy
        .smp(&["signoff", "--by", "Rosi", "--note", "stable"])
        .ok()
        .says("next: git smp promote");
    let status = deploy.smp(&["status"]).ok().out();
    assert!(
        status.contains("signed off by Rosi (recorded by Ada Example, who proposed it) at ")
            && status.contains("\"stable\""),
        "{status}"
    );
    assert!(
        !status.contains("login is broken"),
        "the block was of another commit: {status}"
    );
    let run = promotes(&deploy, &[]);
    run.ok()
        .says("signed off by Rosi")
        .says("done: production runs")
        .says("the freeze on staging is lifted");
    assert_eq!(deploy.master(&deploy.production), candidate);

    // The fix is merged into the main branch before the next deploy.
    let fix = format!("{candidate}:refs/heads/fix-{}", c(&candidate));
    let to_come = format!("git push upstream {fix}");
    assert_eq!(next(&deploy), to_come);
    deploy.git(
        &deploy.team,
        &["fetch", "-q", deploy.staging.to_str().unwrap(), "master"],
    );
    deploy.git(
        &deploy.team,
        &["merge", "-q", "--no-edit", "-X", "ours", "FETCH_HEAD"],
    );
    deploy.colleague_pushes(&deploy.main, "HEAD");
    assert_eq!(next(&deploy), "git smp stage");
    deploy.smp(&["status", "--exit-code"]).ok();

    // Everybody can read the events.
    let expected = [
        format!("Ada Example began to stage {} on staging", c(&staged)),
        format!("Ada Example staged {} on staging", c(&staged)),
        format!("Ada Example proposed {} for production", c(&staged)),
        "Ada Example printed the post for the technical channel".to_owned(),
        format!(
            "Rosi blocked {} (recorded by Ada Example): login is broken",
            c(&staged)
        ),
        format!(
            "Ada Example began to stage the fix {} on staging",
            c(&candidate)
        ),
        format!("Ada Example staged the fix {} on staging", c(&candidate)),
        format!(
            "Rosi signed off {} (recorded by Ada Example): stable",
            c(&candidate)
        ),
        format!(
            "Ada Example began to promote {} to production",
            c(&candidate)
        ),
        format!("Ada Example promoted {} to production", c(&candidate)),
    ];
    assert_eq!(sentences(&deploy), expected);
    let told = trailers(&deploy);
    let expected = [
        ("Smp-Event", "promoted"),
        ("Smp-Commit", &candidate),
        ("Smp-Environment", "production"),
        ("Smp-From", deploy.nth(2)),
        ("Smp-Commits", "5"),
        ("Smp-Signed-Off-By", "Rosi"),
    ];
    for (key, value) in expected {
        assert!(
            told.contains(&(key.to_owned(), value.to_owned())),
            "{key}: {value} in {told:?}"
        );
    }
    // The record exists only on the main repository.
    for bare in [&deploy.staging, &deploy.production] {
        assert_eq!(
            deploy.refs(bare).into_keys().collect::<Vec<_>>(),
            ["refs/heads/master"]
        );
    }
}

#[test]
fn every_command_of_a_candidate_says_what_is_missing_where_no_record_is_kept() {
    let deploy = ready(World::deploy_like().over_open_http().main_over_http());
    let (before, asked) = (deploy.snapshot(), deploy.http().seen().len());
    for command in sample(
        2,
        [
            &["propose"][..],
            &["signoff"],
            &["postpone", "--reason", "x"],
            &["stage", "--fix"],
        ],
    ) {
        let run = deploy.smp(command);
        run.exits(2)
            .prints("")
            .says("needs the shared record, and smp.toml has no [record]");
        run.says("hint: add the line [record] to smp.toml, then: git smp setup");
    }
    assert_eq!(deploy.http().seen().len(), asked);
    assert_eq!(deploy.snapshot(), before);
    // The hint works.
    deploy.add_toml(RECORD);
    deploy
        .smp(&["propose"])
        .exits(2)
        .says("hint: review it and agree to it: git smp setup");
    deploy.trust();
    deploy.smp(&["propose", "--yes"]).ok();
}

#[test]
fn a_colleague_in_another_clone_goes_on_where_we_left() {
    let deploy = proposed();
    let ben = bens_clone(&deploy);
    let ben = deploy.runner().cwd(ben);
    ben.smp(&["status"])
        .ok()
        .prints_among("frozen by Ada Example since ")
        .prints_among("next: git smp signoff");
    ben.smp(&["stage", "--yes", deploy.nth(6)])
        .exits(1)
        .says("staging is frozen by Ada Example");
    ben.smp(&["signoff"]).ok().says("Ben has signed off");
    deploy.smp(&["signoff", "--by", "Rosi"]).ok();
    ben.smp(&["promote", "--yes", "--commit", deploy.nth(5)])
        .ok();
    assert_eq!(
        sentences(&deploy).last().unwrap(),
        &format!("Ben promoted {} to production", short(deploy.nth(5)))
    );
    let of = |key: &str| {
        trailers(&deploy)
            .into_iter()
            .filter(|one| one.0 == key)
            .map(|one| one.1)
            .collect::<Vec<_>>()
    };
    assert_eq!(of("Smp-Signed-Off-By"), ["Ben", "Rosi"]);
    deploy
        .smp(&["status"])
        .ok()
        .never_shows("frozen")
        .never_shows("candidate");
    deploy.smp(&["promote"]).ok().says("nothing to promote");
}

#[test]
fn wherever_the_user_stands_it_is_the_same_record() {
    let deploy = recorded();
    let tree = deploy.path("hotfix");
    deploy.git(
        &deploy.work,
        &[
            "worktree",
            "add",
            "-q",
            tree.to_str().unwrap(),
            "-b",
            "hotfix",
            deploy.nth(1),
        ],
    );
    let elsewhere = deploy.path("team.toml");
    std::fs::rename(deploy.work.join("smp.toml"), &elsewhere).unwrap();
    std::fs::create_dir(tree.join("deep")).unwrap();
    let named = elsewhere.to_str().unwrap();

    // A linked work tree, a folder in it, and a configuration in another place: hints name it.
    let inside = deploy.runner().cwd(tree.join("deep"));
    inside.smp(&["propose"]).exits(2).says("there is no ");
    let hint = format!("hint: if the answer is yes: git smp --config {named} propose --yes\n");
    inside
        .smp(&["--config", named, "propose"])
        .exits(1)
        .says(&hint);
    inside
        .clone()
        .env("GIT_SMP_CONFIG", named)
        .smp(&["propose", "--yes"])
        .ok();
    // From any folder.
    let from_outside = deploy
        .runner()
        .cwd("")
        .git_options(&["-C", "work", "-c", "user.name=Ben"]);
    from_outside
        .smp(&["signoff", "--config", named])
        .ok()
        .says("Ben has signed off");
    inside
        .smp(&[
            "--config",
            named,
            "promote",
            "--yes",
            "--commit",
            deploy.nth(5),
        ])
        .ok();
    assert_eq!(deploy.master(&deploy.production), deploy.nth(5));
    assert_eq!(
        events(&deploy),
        ["proposed", "posted", "signed-off", "promoting", "promoted"]
    );
}
