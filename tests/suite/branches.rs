//! Environments that are branches of the main repository.

mod protected;

use crate::diff::{commit_on, production_has_a_hotfix};
use crate::interrupted::outlive_notes_in;
use crate::promote::{deployed_once, promote};
use crate::record::{bens_clone, short};
use crate::sample::{one_of, sample};
use crate::support::{Deploy, DeployBuilder, Fault, Page, Rule, Run, Topology, World};

fn branches() -> DeployBuilder {
    World::deploy_like().on(Topology::Branches)
}

/// Returns the clone's tracking refs of the main repository's branches.
fn tracked(deploy: &Deploy) -> Vec<(String, String)> {
    let refs = deploy.refs(&deploy.work).into_iter();
    refs.filter(|(name, _)| name.starts_with("refs/remotes/"))
        .collect()
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
fn no_setting_of_another_remote_leads_the_push_elsewhere() {
    let deploy = branches().ready();
    let elsewhere = deploy.path("elsewhere.git");
    deploy.git(
        &deploy.work,
        &[
            "clone",
            "-q",
            "--bare",
            deploy.main.to_str().unwrap(),
            elsewhere.to_str().unwrap(),
        ],
    );
    let before = deploy.refs(&elsewhere);
    let setting = format!("remote.smp-untracked.pushurl={}", elsewhere.display());
    let runner = deploy.runner().git_options(&["-c", &setting]);
    let args = ["promote", "--yes", "--commit", deploy.nth(5)];
    runner.smp(&args).ok();
    assert_eq!(deploy.refs(&elsewhere), before);
    assert_eq!(deploy.master(&deploy.production), deploy.nth(5));
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
        .says("a plain git push to production is stopped");
    assert_eq!(deploy.snapshot(), before);
    deploy.renames(&deploy.production, "live");
    let creates = push("refs/heads/production");
    creates.exits(1).says("hint: git smp promote --first\n");
    // Other work continues, and staging is not frozen.
    push("refs/heads/feature").ok();
    push("refs/heads/staging").ok();
    assert_eq!(
        deploy.deploys(&deploy.staging).last().unwrap(),
        deploy.nth(6)
    );
}

#[test]
fn an_empty_main_repository_is_begun_with_a_push() {
    let deploy = branches().ready();
    for name in ["master", "staging", "production"] {
        let branch = format!("refs/heads/{name}");
        deploy.git(&deploy.main, &["update-ref", "-d", &branch]);
        deploy
            .web
            .set(&format!("/{name}"), Page::body("").status(404));
    }
    let push = "push the first commit: git push upstream master\n";
    let status = deploy.smp(&["status"]);
    status
        .ok()
        .prints_among("note: push the first commit\nnext: git push upstream master\n");
    deploy.smp(&["stage", "--yes"]).exits(1).says(push);
    deploy.smp(&["setup", "--check"]).exits(1).says(push);
}

#[test]
fn a_tag_with_the_name_of_a_missing_branch_is_named() {
    let deploy = branches().ready();
    let tag = ["update-ref", "refs/tags/production", deploy.nth(2)];
    deploy.git(&deploy.main, &tag);
    deploy.renames(&deploy.production, "live");
    let has = "the remote upstream has the tag production, live, master, staging\n";
    let plan = deploy.smp(&["promote", "-n"]);
    plan.exits(1).says("has no branch production").says(has);
    let check = deploy.smp(&["setup", "--check"]);
    check
        .exits(1)
        .prints_among("has no branch production")
        .prints_among(has);
}

/// The page shows what runs, so the branch is to be created there: the first deploy would be a second one.
#[test]
fn a_missing_branch_of_an_environment_that_runs_is_created_at_its_running_commit() {
    let deploy = branches().ready();
    deploy.renames(&deploy.production, "live");
    let create = format!(
        "git push --no-verify upstream {}:refs/heads/production",
        deploy.nth(2)
    );
    let commit = ["--first", "--yes", "--commit", deploy.nth(5)];
    for more in [&["-n"][..], &["-n", "--first"], &commit] {
        let args = [&["promote"], more].concat();
        let says = format!("hint: or create the branch at the running commit: {create}\n");
        deploy.smp(&args).exits(1).says(&says);
    }
    let words: Vec<&str> = create.split(' ').skip(1).collect();
    deploy.try_git(&deploy.work, &words).ok();
    promote(&deploy, &[]).ok().says("done: production runs");
}

/// Something runs there, although nobody can say what: it is not called empty, and no first deploy replaces it.
#[test]
fn a_missing_branch_of_an_environment_that_runs_something_unknown_is_no_first_deploy() {
    for toml in ["[record]\nsignoff = false\n", ""] {
        let deploy = branches().toml(toml).ready();
        deploy.renames(&deploy.production, "live");
        let other = "d".repeat(40);
        let commit = ["promote", "--first", "--yes", "--commit", deploy.nth(5)];
        for (page, says) in [
            (
                Page::commit(&other),
                "production runs dddddddddddd, a commit that cannot be found",
            ),
            (
                Page::body("").status(500),
                "production: its page answers 500 Internal Server Error",
            ),
        ] {
            deploy.web.set("/production", page);
            let before = deploy.pushes().len();
            let error = format!("error: {says}\n");
            deploy.smp(&commit).exits(1).says(&error);
            deploy
                .smp(&["promote", "-n", "--first"])
                .exits(1)
                .says(&error);
            if !toml.is_empty() {
                let propose = deploy.smp(&["propose", "--yes"]);
                propose.exits(1).says(&error).never_shows("This will");
            }
            assert_eq!(deploy.pushes().len(), before);
            deploy
                .smp(&["status"])
                .ok()
                .prints_among("production  unknown: ");
        }
        // Where nothing answers, or nothing is found, nothing was deployed.
        deploy.web.set("/production", Page::body("").status(404));
        deploy.smp(&["promote", "-n", "--first"]).ok();
    }
}

/// Nothing exists but the main branch: each refusal has the command that goes on.
#[test]
fn the_first_deploys_create_the_branches() {
    let deploy = branches().toml("[record]\n").without_pages().build();
    for name in ["staging", "production"] {
        let branch = format!("refs/heads/{name}");
        deploy.git(&deploy.main, &["update-ref", "-d", &branch]);
    }
    let stage = "create it with the first deploy: git smp stage --first\n";
    let promotes = "create it with the first deploy: git smp promote production --first\n";
    let setup = deploy.smp(&["setup", "--yes"]);
    setup.exits(1).says(stage).says(promotes);
    deploy.smp(&["stage", "--yes"]).exits(1).says(stage);
    deploy.smp(&["propose", "--yes"]).exits(1).says(stage);
    // A promotion creates its target alone.
    let early = deploy.smp(&["promote", "--first", "--dry-run"]);
    early
        .exits(1)
        .says("upstream has no branch staging")
        .says(stage);
    let missing = |name: &str, has: &str, next: &str| {
        let run = deploy.smp(&["status"]);
        let note = format!("upstream has no branch {name} (it has {has}); if it is misspelled");
        run.ok()
            .prints_among(&note)
            .prints_among(&format!("next: git smp {next}\n"));
    };
    missing("staging", "master", "stage --first");
    deploy
        .smp(&["stage", "--first", "--yes"])
        .ok()
        .says("upstream has no branch staging (it has master), so this push creates it")
        .says("done: staging runs");
    let proposed = deploy.smp(&["propose", "--yes"]);
    proposed.ok().says(
        "upstream has no branch production (it has master, staging), so the promotion creates it",
    );
    let signoff = deploy.smp(&["signoff"]);
    signoff.ok().says("next: git smp promote --first\n");
    missing(
        "production",
        "master, staging",
        "promote production --first",
    );
    deploy.smp(&["promote", "-n"]).exits(1).says(promotes);
    let before = deploy.pushes().len();
    let run = deploy.smp(&["promote", "--first", "--yes", "--commit", deploy.nth(6)]);
    run.ok().says("done: production runs");
    assert_eq!(
        deploy.pushes()[before..],
        ["refs/smp/record refs/heads/production", "refs/smp/record"]
    );
    deploy
        .smp(&["stage", "--first", "--yes"])
        .ok()
        .says("staging already has its branch, so --first changes nothing");
    deploy.smp(&["setup", "--check"]).ok();
}

/// The record knows that something was deployed there.
#[test]
fn a_branch_that_was_deleted_is_created_again_at_its_last_deploy() {
    let deploy = recorded().without_pages().ready();
    promote(&deploy, &[]).ok();
    deploy.colleague_pushes(&deploy.staging, deploy.nth(6));
    deploy.git(&deploy.main, &["branch", "-D", "production"]);
    let push = format!(
        "push --no-verify upstream {}:refs/heads/production",
        deploy.nth(5)
    );
    let says = format!(
        "hint: or, if it was deleted, create it again at the commit of the last deploy: git {push}\n"
    );
    let commit = ["promote", "--first", "--yes", "--commit", deploy.nth(6)];
    for args in [
        &commit[..],
        &["promote", "-n"],
        &["rollback", "-n"],
        &["setup", "--check"],
    ] {
        let run = deploy.smp(args);
        run.exits(1).says(&says).never_shows("nothing");
    }
    let status = deploy.smp(&["status"]);
    status.ok().prints_among("next: git smp setup --check\n");
    let push: Vec<&str> = push.split(' ').collect();
    deploy.try_git(&deploy.work, &push).ok();
    deploy.smp(&commit).ok();
    deploy.ran([2, 5, 5, 6]);
}

#[test]
fn a_branch_that_somebody_else_creates_at_the_same_time_is_named() {
    let deploy = branches().without_pages().ready();
    deploy.git(&deploy.main, &["branch", "-D", "production"]);
    let hook = format!(
        "grep -q refs/heads/production || exit 0; unset GIT_QUARANTINE_PATH; git update-ref refs/heads/production {}",
        deploy.nth(4)
    );
    deploy.hook(&deploy.main, "pre-receive", &hook);
    let created = format!(
        "error: the branch of production was created at {} by somebody else meanwhile\n",
        short(deploy.nth(4))
    );
    promote(&deploy, &["--first"]).exits(1).says(&created);
}

/// A team with a record and without sign-offs.
fn recorded() -> DeployBuilder {
    branches().toml("[record]\nsignoff = false\n")
}

/// Nothing can happen between the announcement and the push: they are one push.
#[test]
fn the_announcement_and_the_branch_arrive_in_one_push() {
    let deploy = recorded().ready();
    let before = deploy.pushes().len();
    promote(&deploy, &[]).ok();
    let pushes = deploy.pushes();
    assert_eq!(
        pushes[before..],
        ["refs/heads/production refs/smp/record", "refs/smp/record"]
    );
    let chain = deploy.chain();
    assert_eq!(chain.words(), ["promoting", "promoted"]);
    assert_eq!(deploy.master(&deploy.production), deploy.nth(5));
    assert_eq!(deploy.deploys(&deploy.production).len(), 2);
}

#[test]
fn a_host_that_moves_each_ref_by_itself_is_told_first() {
    let deploy = recorded().ready();
    deploy.git(
        &deploy.main,
        &["config", "receive.advertiseAtomic", "false"],
    );
    let before = deploy.pushes().len();
    let run = promote(&deploy, &[]);
    run.ok().never_shows("atomic");
    // It is sent twice and reported once.
    assert_eq!(run.stderr.matches(" to production on ").count(), 2, "{run}");
    assert_eq!(
        deploy.pushes()[before..],
        [
            "refs/smp/record",
            "refs/heads/production",
            "refs/smp/record"
        ]
    );
    assert_eq!(deploy.chain().words(), ["promoting", "promoted"]);
}

#[test]
fn a_host_whose_rules_take_one_ref_in_a_push_is_told_first() {
    for words in sample(
        1,
        [
            "GH013: Repository rule violations found for refs/heads/production.\n- Pushes can not update more than 1 branch or tag.",
            "this host takes one ref per push",
            "push a single branch at a time",
        ],
    ) {
        let deploy = recorded().ready();
        let script = format!("[ $(wc -l) = 1 ] || {{ printf '{words}\n'; exit 1; }}");
        deploy.hook(&deploy.main, "pre-receive", &script);
        promote(&deploy, &[])
            .ok()
            .never_shows("protects the branch");
        assert_eq!(deploy.chain().words(), ["promoting", "promoted"]);
        // A rule about the branch still counts for the branch.
        let script = "grep -q refs/heads || exit 0; echo 'Pushes can not update more than 0 branches'; exit 1";
        deploy.hook(&deploy.main, "pre-receive", script);
        let run = deploy.smp(&["rollback", "--yes", "--to", deploy.nth(2)]);
        run.exits(1).says("a hook there declined it");
        assert_eq!(deploy.chain().words().last(), Some(&"ended"));
    }
}

/// Installs a hook of the main repository that declines the record with these words.
fn declines_the_record(deploy: &Deploy, hook: &str, words: &str) {
    let script = match hook {
        "update" => format!("case $1 in refs/smp/*) echo '{words}'; exit 1;; esac"),
        _ => format!(
            "while read -r old new ref; do case $ref in refs/smp/*) echo '{words}'; exit 1;; *) echo \"$ref is fine\";; esac; done"
        ),
    };
    deploy.hook(&deploy.main, hook, &script);
}

/// Git gives every ref of such a push the same reason if `pre-receive` declines it.
#[test]
fn a_host_that_takes_no_record_is_not_told_as_a_failed_build() {
    for (hook, words) in [
        ("update", "only branches here"),
        (
            "pre-receive",
            "refs/smp/record: only branches and tags are accepted",
        ),
    ] {
        let deploy = recorded().ready();
        declines_the_record(&deploy, hook, words);
        let before = deploy.snapshot();
        promote(&deploy, &[])
            .exits(1)
            .says("error: the record cannot be written to")
            .says(words)
            .says("if it accepts only branches, set record.ref = \"refs/heads/smp-record\" in smp.toml, then: git smp setup\n")
            .never_shows("build failed");
        assert_eq!(deploy.snapshot(), before, "{hook}");
    }
    // Without a reason it is unknown which ref was declined, so both ways out are named.
    let deploy = recorded().ready();
    let silent = "while read -r old new ref; do case $ref in refs/smp/*) exit 1;; esac; done";
    deploy.hook(&deploy.main, "pre-receive", silent);
    promote(&deploy, &[])
        .exits(1)
        .says("the build failed, or a hook there declined it")
        .says("because: the same push moves refs/smp/record, the record")
        .says("hint: correct the problem, then: git smp promote production --timeout 20\n")
        .says("if it declined refs/smp/record, allow pushes to it there, then: git smp promote production --timeout 20\n");
    // Words about the branch count for the branch.
    let script = "echo 'refs/smp/record is fine'; echo 'refs/heads/production: no'; exit 1";
    deploy.hook(&deploy.main, "pre-receive", script);
    promote(&deploy, &[])
        .exits(1)
        .says("the build failed, or a hook there declined it");
}

/// Over HTTP, which main repositories use, with each way to lose an answer.
#[test]
fn an_answer_that_is_lost_is_read_and_both_arrive_once() {
    let faults = [
        Fault::NoReport,
        Fault::TruncateResponse(20),
        Fault::DropResponse,
        Fault::DropRequest(200),
    ];
    for fault in sample(2, faults) {
        let deploy = recorded().over_open_http().ready();
        let fault_of = |times| Rule::post("git-receive-pack", fault.clone()).times(times);
        deploy.http().fault(fault_of(2));
        let run = promote(&deploy, &["--timeout", "3"]);
        // A lost request was not accepted. For half an hour that looks like a host that still builds.
        if run.code != 0 {
            run.exits(4);
            deploy.http().heal();
            promote(&deploy, &["--timeout", "1"])
                .exits(4)
                .says("its result is unknown");
            outlive_notes_in(&deploy.work);
            promote(&deploy, &[]).ok();
        }
        let chain = deploy.chain();
        assert_eq!(chain.words(), ["promoting", "promoted"], "{fault:?}");
        assert_eq!(deploy.deploys(&deploy.production).len(), 2, "{fault:?}");
    }
}

// --- staging is the main branch

/// A world whose staging is the main branch itself, after setup, with its page.
fn by_merge(more: &str) -> Deploy {
    let deploy = branches().build();
    let text = deploy
        .toml()
        .replace("branch = \"staging\"", "branch = \"master\"");
    deploy.write_toml(&format!("{text}{more}"));
    deploy.web.set("/staging", Page::commit(deploy.nth(6)));
    deploy.agree();
    deploy
}

/// A colleague merges, and the platform deploys it.
fn merged(deploy: &Deploy, subject: &str) -> String {
    let hash = deploy.colleague_commits(subject);
    deploy.web.set("/staging", Page::commit(&hash));
    hash
}

#[test]
fn what_a_merge_deploys_is_not_staged_and_is_promoted_as_it_runs() {
    let deploy = by_merge("");
    let before = deploy.snapshot();
    for args in [&["stage", "--yes"][..], &["stage", "-n"]] {
        deploy
            .smp(args)
            .exits(1)
            .says("staging is the branch upstream/master itself: a merge deploys it")
            .says("git smp status");
    }
    assert_eq!(deploy.snapshot(), before);
    let yes = ["promote", "--yes", "--commit", deploy.nth(6)];
    deploy.smp(&yes).ok().says("done: production runs");
    assert_eq!(deploy.master(&deploy.production), deploy.nth(6));
    deploy.smp(&["status"]).ok().prints_among("next: nothing");
}

#[test]
fn a_signed_off_candidate_ships_after_its_branch_moved_on_and_what_came_since_is_listed() {
    let deploy = by_merge("[record]\n");
    deploy
        .smp(&["propose", "--yes"])
        .ok()
        .says("that branch cannot be frozen")
        .never_shows("is frozen");
    assert_eq!(deploy.smp(&["status", "--json"]).json()["frozen"], false);
    let candidate = deploy.nth(6).to_owned();
    deploy.smp(&["signoff"]).ok();
    let later = merged(&deploy, "Tidy the legend (#430)");
    // A sign-off of another commit than the running one does not count.
    deploy
        .smp(&["signoff", "--by", "Rosi"])
        .exits(1)
        .says("close the candidate: git smp postpone");
    let yes = ["promote", "--yes", "--commit", candidate.as_str()];
    deploy
        .smp(&["status"])
        .ok()
        .prints_among("next: git smp promote");
    deploy.smp(&["diff"]).ok().says(&format!(
        "according to this clone's copy of the record the candidate is {0}; later commits do not ship with it; list only what ships: git smp diff --to {0}\n",
        &candidate[..8]
    ));
    let alone = deploy.smp(&["diff", "--to", &candidate[..8]]);
    alone.ok().never_shows("the candidate is");
    let planned = deploy.smp(&["promote", "-n", "--json"]).ok().json();
    assert_eq!(planned["commit"], candidate.as_str());
    let other = ["promote", "--yes", "--commit", later.as_str()];
    deploy.smp(&other).exits(1).says("the candidate is");
    deploy
        .smp(&yes)
        .ok()
        .says(&format!("a merge deployed {} to staging", &later[..8]))
        .says("came after it: ")
        .says("Tidy the legend (#430)")
        .never_shows("lift the freeze")
        .never_shows("outside git smp; the last deploy on record was");
    assert_eq!(deploy.master(&deploy.production), candidate);
    // A deploy by merge is the normal way there.
    for command in ["status", "history"] {
        let run = deploy.smp(&[command]);
        run.ok().never_shows("outside git smp");
    }
    assert_eq!(deploy.chain().words().last(), Some(&"promoted"));
}

#[test]
fn a_candidate_does_not_ship_while_the_page_of_the_branch_it_is_part_of_names_less_or_nothing() {
    let deploy = by_merge("[record]\n");
    deploy.smp(&["propose", "--yes"]).ok();
    deploy.smp(&["signoff"]).ok();
    merged(&deploy, "Tidy the legend (#430)");
    let before = deploy.snapshot();
    let yes = ["promote", "--yes", "--commit", deploy.nth(6)];
    let refused = |code: &str| {
        let planned = deploy.smp(&["promote", "-n", "--json"]).exits(1).json();
        assert_eq!(planned["refusal"]["code"], code);
        deploy.smp(&yes).exits(1);
    };
    deploy.web.set("/staging", Page::commit(deploy.nth(5)));
    refused("staging-stale");
    deploy.web.set("/staging", Page::body("").status(503));
    refused("page-unclear");
    assert_eq!(deploy.snapshot(), before);
    // The merge is still being built.
    deploy.web.set("/staging", Page::commit(deploy.nth(6)));
    let status = deploy.smp(&["status"]);
    status.ok().prints_among("next: git smp promote");
    deploy.smp(&yes).ok().says(&format!(
        "was merged, and staging still runs {}; the candidate",
        &deploy.nth(6)[..8]
    ));
    assert_eq!(deploy.master(&deploy.production), deploy.nth(6));
}

#[test]
fn a_merge_that_its_platform_still_builds_was_not_rolled_back() {
    let deploy = by_merge("");
    let hash = deploy.colleague_commits("Tidy the legend (#430)");
    let told = deploy.smp(&["status", "--json"]).ok().json();
    assert_eq!(told["environments"][0]["finding"], "deploying");
    let status = deploy.smp(&["status"]);
    status
        .ok()
        .never_shows("rolled back from")
        .prints_among(&format!("{} was merged; the platform", &hash[..8]))
        .prints_among(
            "note: wait for the deploy on staging, or build it again on its platform\nnext: git smp status",
        );
}

#[test]
fn a_clone_that_lacks_a_candidate_which_main_lost_is_led_out_as_well() {
    let deploy = by_merge("[record]\nsignoff = false\n");
    deploy.smp(&["propose", "--yes"]).ok();
    let (lost, left) = (deploy.nth(6).to_owned(), deploy.nth(5).to_owned());
    let hash = commit_on(
        &deploy,
        &deploy.team,
        &[&left],
        "Cem",
        "Tidy the legend (#430)",
    );
    deploy.colleague_pushes(&deploy.main, &hash);
    deploy.web.set("/staging", Page::commit(&hash));
    let prune = ["gc", "-q", "--prune=now"];
    deploy.git(&deploy.main, &prune);
    let ben = bens_clone(&deploy);
    let has = deploy.try_git(&ben, &["cat-file", "-e", &lost]);
    assert_ne!(has.code, 0);
    let ben = || deploy.runner().cwd(&ben);
    ben()
        .smp(&["status"])
        .ok()
        .prints_among("next: git smp postpone\n");
    ben()
        .smp(&["promote", "-n"])
        .exits(1)
        .says("or close the candidate: git smp postpone");
}

#[test]
fn a_branch_that_is_set_back_from_the_candidate_leads_to_its_end() {
    let deploy = by_merge("[record]\n");
    deploy.smp(&["propose", "--yes"]).ok();
    deploy.smp(&["signoff"]).ok();
    for nth in one_of([5, 2]) {
        deploy.colleague_pushes(&deploy.main, deploy.nth(nth));
        deploy.web.set("/staging", Page::commit(deploy.nth(nth)));
        let planned = deploy.smp(&["promote", "-n", "--json"]).exits(1).json();
        assert_eq!(planned["refusal"]["code"], "candidate-moved", "{nth}");
        let runs = deploy.nth(nth)[..8].to_owned();
        without_stage(&deploy, &["status"])
            .ok()
            .prints_among(&format!("staging now runs {runs} instead"))
            .prints_among("next: git smp postpone");
    }
    deploy
        .smp(&["postpone", "--yes", "--reason", "Taken back."])
        .ok();
}

#[test]
fn an_unsigned_candidate_that_a_merge_replaced_is_closed_and_every_command_says_so() {
    let deploy = by_merge("[record]\n");
    deploy.smp(&["propose", "--yes"]).ok();
    let later = merged(&deploy, "Tidy the legend (#430)");
    let postpone = "close the candidate: git smp postpone";
    let next = "close the candidate, then propose what runs now\nnext: git smp postpone\n";
    deploy.smp(&["status"]).ok().prints_among(next);
    for args in [&["signoff"][..], &["promote", "-n"]] {
        deploy
            .smp(args)
            .exits(1)
            .says(postpone)
            .says("then: git smp propose")
            .never_shows("git smp signoff");
    }
    // Later commits on production say nothing about staging.
    deploy.colleague_pushes(&deploy.production, &later);
    deploy.web.set("/production", Page::commit(&later));
    merged(&deploy, "Widen the legend (#431)");
    deploy
        .smp(&["propose", "--yes"])
        .exits(1)
        .says("is already the candidate")
        .says(postpone)
        .never_shows("behind production");
    // Merges were possible all the time.
    deploy
        .smp(&["postpone", "--yes", "--reason", "Later."])
        .ok()
        .never_shows("frozen")
        .never_shows("is free for deploys");
}

#[test]
fn a_branch_that_wants_a_pull_request_is_told_as_such_and_nothing_is_announced() {
    let deploy = recorded().ready();
    let before = deploy.snapshot();
    deploy.hook(
        &deploy.production,
        "pre-receive",
        "echo 'error: GH013: Repository rule violations found for refs/heads/production.' >&2\n\
         echo '- Changes must be made through a pull request.' >&2\nexit 1",
    );
    promote(&deploy, &[])
        .exits(1)
        .says("- Changes must be made through a pull request.")
        .says("its host protects the branch production")
        .says("because: its host says: GH013: Repository rule violations found for refs/heads/production.\n")
        .says("because: its host says: Changes must be made through a pull request.\n")
        .never_shows("hook declined\nbecause")
        .says("allow those who deploy to push there, fast-forward only and without a pull request");
    assert_eq!(deploy.snapshot(), before);
    assert_eq!(deploy.chain().words(), Vec::<&str>::new());
}

#[test]
fn a_rollback_of_a_protected_branch_needs_the_right_to_force_push_whatever_its_host_says() {
    let deploy = recorded().ready();
    promote(&deploy, &[]).ok();
    for words in [
        "GitLab: You are not allowed to push code to protected branches on this project.",
        "GitLab: You are not allowed to force push code to a protected branch on this project.",
    ] {
        let declines = format!("echo '{words}' >&2\nexit 1");
        deploy.hook(&deploy.production, "pre-receive", &declines);
        let short = &deploy.nth(2)[..8];
        let run = deploy.smp(&["rollback", "--yes", "--to", deploy.nth(2)]);
        run.exits(1)
            .says("because: this moves the branch back, so it needs the right to force-push\n")
            .says(&format!(
                "hint: on its host, allow those who deploy to force-push there without a pull request; then: git smp rollback production --to {short}"
            ))
            .says("hint: or revert what came after it on the main branch, then: git smp stage\n")
            .never_shows("fast-forward only");
    }
}

/// Asserts that no hint leads to `stage` if nothing is staged.
#[track_caller]
fn without_stage(deploy: &Deploy, args: &[&str]) -> Run {
    let run = deploy.smp(args);
    run.never_shows("smp stage");
    run
}

#[test]
fn no_hint_about_history_leads_to_stage_where_a_merge_deploys() {
    let deploy = by_merge("");
    production_has_a_hotfix(&deploy, "Ben", "Fix login loop");
    without_stage(&deploy, &["promote", "-n"])
        .exits(1)
        .says("merge them, then: git smp status");
    without_stage(&deploy, &["status"]).ok();
    let ahead = commit_on(&deploy, &deploy.team, &[deploy.nth(6)], "Ben", "Go on");
    deploy.colleague_pushes(&deploy.production, &ahead);
    without_stage(&deploy, &["promote", "-n"])
        .exits(1)
        .says("merge the wanted commit into the main branch; after the platform has deployed it: git smp status");
    without_stage(&deploy, &["status"]).ok();
    // The main branch has it, and its platform is still building.
    deploy.colleague_pushes(&deploy.main, &ahead);
    without_stage(&deploy, &["status"]).ok();
}

#[test]
fn no_hint_about_a_candidate_leads_to_stage_where_a_merge_deploys() {
    let deploy = by_merge("[record]\n");
    deploy.smp(&["propose", "--yes"]).ok();
    deploy.smp(&["signoff", "--block", "It hangs."]).ok();
    without_stage(&deploy, &["promote", "-n"])
        .exits(1)
        .says("merge the fix; once this candidate is closed: git smp propose")
        .says("or close the candidate: git smp postpone");
    merged(&deploy, "Tidy the legend (#430)");
    without_stage(&deploy, &["propose", "-n"])
        .exits(1)
        .says("close the candidate: git smp postpone");
    without_stage(&deploy, &["status"]).ok();
}

#[test]
fn no_hint_about_the_first_deploy_leads_to_stage_where_a_merge_deploys() {
    let deploy = branches().without_pages().build();
    let text = deploy.toml();
    let text = text.replace("branch = \"staging\"", "branch = \"master\"");
    deploy.write_toml(&format!("{text}[record]\nsignoff = false\n"));
    deploy.agree();
    let production = ["update-ref", "-d", "refs/heads/production"];
    deploy.git(&deploy.main, &production);
    let yes = ["promote", "--first", "--yes", "--commit", deploy.nth(6)];
    deploy.smp(&yes).ok();
    without_stage(&deploy, &["rollback", "-n"])
        .exits(1)
        .says("is the first deploy to production")
        .says("on the main branch, then: git smp status");
}

#[test]
fn a_build_that_fails_where_a_merge_deploys_is_corrected_by_a_merge() {
    let deploy = by_merge("");
    let fails = "cat >/dev/null; echo 'no room'; exit 1";
    deploy.hook(&deploy.production, "pre-receive", fails);
    deploy
        .smp(&["promote", "--yes", "--commit", deploy.nth(6)])
        .exits(1)
        .says("hint: correct the problem, then: git smp promote production")
        .says("hint: if the code is to blame, merge a correction, then: git smp status")
        .never_shows("smp stage");
}
