//! Hosts that accept every push with exit code 0 and build afterwards: their words and the running commit count.

use std::time::{Duration, Instant};

use crate::emptied::finding;
use crate::posts::{PRODUCT, accepted, channels, chatting_like, posts, sent, words as words_of};
use crate::promote::{begin, comes_to, person, promote, ready, refusal, scripted};
use crate::record::{recorded_like, sentences};
use crate::sample::sample;
use crate::support::{
    Behaviour, Deploy, DeployBuilder, Gate, NOT_COMPLETE, Page, RELEASE_COMMAND, Run, SKIPS,
    Transcript, World,
};

/// The time limit for reporting the host's words, however long the wait for a page may be.
const AT_ONCE: Duration = Duration::from_secs(15);

/// Returns a world with pages whose production behaves in this way.
#[track_caller]
fn on(behaviour: &Behaviour<'_>) -> Deploy {
    on_like(World::deploy_like(), behaviour)
}

/// Returns such a world without pages, where only the branch and the host's words tell something.
#[track_caller]
fn unseen_on(behaviour: &Behaviour<'_>) -> Deploy {
    on_like(World::deploy_like().without_pages(), behaviour)
}

#[track_caller]
fn on_like(builder: DeployBuilder, behaviour: &Behaviour<'_>) -> Deploy {
    let deploy = ready(builder);
    deploy.platform(&deploy.production, behaviour);
    deploy
}

/// Asserts that the run reports at once that the host accepted the commit and does not deploy it.
#[track_caller]
fn is_told_as_not_deployed(deploy: &Deploy, words: &str) -> Run {
    let run = deploy
        .runner()
        .limit(AT_ONCE)
        .smp(&scripted(deploy, &["--timeout", "60"]));
    run.exits(4)
        .says("not deployed")
        .says(words)
        .says("error: ")
        .says("hint: ")
        .never_shows("done:");
    let because = run
        .stderr
        .lines()
        .any(|line| line.starts_with("because: ") && line.contains(words));
    assert!(because, "the host's own words are no reason in {run}");
    assert_eq!(
        deploy.master(&deploy.production),
        deploy.nth(5),
        "it was pushed"
    );
    run
}

#[test]
fn a_deploy_after_the_push_is_success() {
    let deploy = on(&Behaviour::Deploys);
    promote(&deploy, &[])
        .ok()
        .says("-----> Building")
        .says("done: production runs");
    deploy.ran([2, 5]);
}

// facts 11: a build that fails after a successful push.
#[test]
fn a_build_that_fails_after_the_push_is_not_live_and_nobody_is_told_of_a_release() {
    let deploy = chatting_like(World::deploy_like(), "teams");
    deploy.platform(&deploy.production, &Behaviour::Fails);
    posts(&deploy, &["propose", "--yes"]).ok();
    posts(&deploy, &["signoff", "--by", "Rosi"]).ok();
    let promotion = scripted(
        &deploy,
        &["--timeout", "1", "--summary", "- Flags on painpoints"],
    );
    let run = posts(&deploy, &promotion);
    run.exits(4)
        .says("-----> Build failed")
        .says("error: pushed, but not live")
        .says("hint: ")
        .never_shows("done:");
    assert!(sent(&deploy, PRODUCT).is_empty());
    // A second run pushes nothing and claims nothing.
    posts(&deploy, &promotion)
        .never_shows("done:")
        .never_shows("nothing to promote");
    assert!(sent(&deploy, PRODUCT).is_empty());
    assert!(
        !sentences(&deploy)
            .iter()
            .any(|line| line.contains(" promoted "))
    );
}

#[test]
fn a_deploy_that_comes_late_is_waited_for() {
    let deploy = ready(World::deploy_like());
    let gate = Gate::new(&deploy, "release");
    deploy.platform(&deploy.production, &Behaviour::DeploysLate(&gate));
    let mut run = begin(&deploy, &[]);
    gate.reached();
    let asked = deploy.web.asked_for("/production").len();
    deploy.web.is_asked_for("/production", asked + 2);
    assert!(
        run.is_running() && !run.stderr.text().contains("done:"),
        "{}",
        run.stderr.text()
    );
    gate.open();
    run.finish()
        .ok()
        .says("Building in the background")
        .says("done: production runs");
    deploy.ran([2, 5]);
}

#[test]
fn a_deploy_that_comes_too_late_is_found_by_the_next_run() {
    let deploy = ready(World::deploy_like());
    let gate = Gate::new(&deploy, "release");
    deploy.platform(&deploy.production, &Behaviour::DeploysLate(&gate));
    promote(&deploy, &["--timeout", "1"])
        .exits(4)
        .says("error: pushed, but not live");
    gate.reached();
    gate.open();
    let deployed = || deploy.deploys(&deploy.production).len() > 1;
    let deadline = Instant::now() + crate::support::PATIENCE;
    while !deployed()
        || std::fs::read_to_string(deploy.production.join("deployed"))
            .unwrap()
            .trim()
            != deploy.nth(5)
    {
        assert!(Instant::now() < deadline, "it is never released");
        std::thread::sleep(Duration::from_millis(10));
    }
    promote(&deploy, &[]).ok().says("nothing to promote");
    deploy.ran([2, 5]);
}

// --- the host says that it deploys nothing

// facts 3.8
#[test]
fn a_branch_that_heroku_skips_is_pushed_and_not_deployed() {
    is_told_as_not_deployed(&on(&Behaviour::SkipsTheBranch), SKIPS);
}

// facts 3.13
#[test]
fn a_branch_that_dokku_does_not_deploy_is_pushed_and_not_deployed() {
    is_told_as_not_deployed(&on(&Behaviour::IsNotTheBranchOfDokku), NOT_COMPLETE);
}

#[test]
fn a_branch_that_is_skipped_is_never_done_where_the_branch_is_all_that_is_seen() {
    is_told_as_not_deployed(&unseen_on(&Behaviour::SkipsTheBranch), SKIPS);
    is_told_as_not_deployed(&unseen_on(&Behaviour::IsNotTheBranchOfDokku), NOT_COMPLETE);
}

#[test]
fn what_was_skipped_is_not_on_record_as_deployed() {
    let deploy = recorded_like(World::deploy_like().without_pages());
    deploy.platform(&deploy.production, &Behaviour::SkipsTheBranch);
    deploy.smp(&["propose", "--yes", "--quiet"]).ok();
    deploy.smp(&["signoff"]).ok();
    is_told_as_not_deployed(&deploy, SKIPS);
    assert!(
        !sentences(&deploy)
            .iter()
            .any(|line| line.contains(" promoted "))
    );
}

#[test]
fn staging_that_skips_the_branch_is_told_as_well() {
    let deploy = ready(World::deploy_like());
    deploy.platform(&deploy.staging, &Behaviour::SkipsTheBranch);
    let run = deploy
        .runner()
        .limit(AT_ONCE)
        .smp(&["stage", "--yes", "--timeout", "60"]);
    run.exits(4)
        .says("not deployed")
        .says(SKIPS)
        .never_shows("done:");
}

// --- a release phase, facts 3.6

#[test]
fn a_release_phase_that_never_succeeds_is_not_live() {
    let deploy = on(&Behaviour::NeverReleases);
    let run = promote(&deploy, &["--timeout", "1"]);
    run.exits(4)
        .says("error: pushed, but not live")
        .says(RELEASE_COMMAND)
        .never_shows("done:");
}

#[test]
fn a_release_phase_that_nobody_can_see_the_end_of_is_not_confirmed() {
    let deploy = unseen_on(&Behaviour::NeverReleases);
    let run = promote(&deploy, &["--timeout", "2"]);
    run.exits(4)
        .says("not confirmed")
        .says("error: ")
        .says("hint: ")
        .never_shows("done:");
    assert_eq!(deploy.master(&deploy.production), deploy.nth(5));
}

// --- with only the branch as the source, no later run trusts it against the host's words

const BOTH: [(Behaviour<'static>, &str); 2] = [
    (Behaviour::SkipsTheBranch, SKIPS),
    (Behaviour::NeverReleases, RELEASE_COMMAND),
];

/// Returns a world without pages, with channels, after a promotion to which production answered with these words. With
/// a record, the commit was signed off.
#[track_caller]
fn doubted(record: bool, behaviour: &Behaviour<'_>) -> Deploy {
    let world = World::deploy_like().without_pages();
    let deploy = if record {
        chatting_like(world, "teams")
    } else {
        let deploy = ready(world.toml(&channels("teams")));
        deploy.web.set(PRODUCT, accepted("teams"));
        deploy
    };
    deploy.platform(&deploy.production, behaviour);
    if record {
        posts(&deploy, &["propose", "--yes"]).ok();
        posts(&deploy, &["signoff", "--by", "Rosi"]).ok();
    }
    posts(
        &deploy,
        &scripted(&deploy, &["--summary", "- Flags on painpoints"]),
    )
    .exits(4)
    .never_shows("done:");
    assert_eq!(deploy.master(&deploy.production), deploy.nth(5));
    deploy
}

#[test]
fn a_second_run_neither_calls_it_done_nor_tells_anybody_of_a_release() {
    for record in sample(1, [true, false]) {
        for (behaviour, words) in BOTH {
            let deploy = doubted(record, &behaviour);
            let before = (deploy.snapshot(), deploy.chain().words().len());
            for more in [
                &["--summary", "- Flags on painpoints"][..],
                &[],
                &["--again"],
            ] {
                let run = posts(&deploy, &scripted(&deploy, more));
                run.exits(1)
                    .says("is not confirmed")
                    .says(words)
                    .says("environments.production.running")
                    .prints("");
                run.never_shows("nothing to promote").never_shows("done:");
            }
            assert_eq!(refusal(&deploy), "not-confirmed");
            assert_eq!((deploy.snapshot(), deploy.chain().words().len()), before);
            assert!(sent(&deploy, PRODUCT).is_empty());
            assert_eq!(deploy.chain().count("promoted"), 0);
            assert_eq!(finding(&deploy, "production"), "not-confirmed");
            deploy
                .smp(&["status"])
                .ok()
                .prints_among(words)
                .prints_among(
                    "note: set a page or the platform's app in environments.production.running",
                )
                .never_shows("the same as");
        }
    }
}

#[test]
fn a_person_who_saw_it_run_may_say_so_and_is_not_asked_again() {
    let deploy = unseen_on(&Behaviour::NeverReleases);
    promote(&deploy, &["--timeout", "2"])
        .exits(4)
        .says("not confirmed");
    let mut terminal = person(&deploy).terminal(&["promote"]);
    terminal
        .sees("Have you seen this commit run there?")
        .enters("");
    terminal
        .ends()
        .exits(3)
        .says("not confirmed; no environment was changed");
    promote(&deploy, &[]).exits(1).says("is not confirmed");
    let mut terminal = person(&deploy).terminal(&["promote"]);
    terminal
        .sees(RELEASE_COMMAND)
        .sees("Have you seen this commit run there?")
        .enters("y");
    terminal.ends().ok().says("nothing to promote");
    promote(&deploy, &[]).ok().says("nothing to promote");
    assert_eq!(
        deploy.deploys(&deploy.production).len(),
        1,
        "nothing was deployed by that"
    );
}

#[test]
fn a_push_without_such_words_ends_the_doubt_of_an_earlier_one() {
    let deploy = unseen_on(&Behaviour::SkipsTheBranch);
    promote(&deploy, &["--timeout", "2"])
        .exits(4)
        .says("not deployed");
    assert_eq!(finding(&deploy, "production"), "not-confirmed");
    deploy.colleague_pushes(&deploy.production, deploy.nth(2));
    deploy.platform(&deploy.production, &Behaviour::Deploys);
    promote(&deploy, &[]).ok().says("done: production runs");
    assert_eq!(finding(&deploy, "production"), serde_json::Value::Null);
}

#[test]
fn staging_that_is_not_confirmed_can_neither_be_proposed_nor_promoted() {
    for (behaviour, words) in sample(1, BOTH) {
        let deploy = recorded_like(World::deploy_like().without_pages());
        deploy.platform(&deploy.staging, &behaviour);
        deploy
            .smp(&["stage", "--yes", "--timeout", "2"])
            .exits(4)
            .says(words);
        assert_eq!(deploy.master(&deploy.staging), deploy.nth(6));
        deploy
            .smp(&["stage", "--yes", "--timeout", "2"])
            .exits(1)
            .says("is not confirmed")
            .says(words);
        assert_eq!(finding(&deploy, "staging"), "not-confirmed");
        let before = deploy.snapshot();
        deploy
            .smp(&["propose", "--yes"])
            .exits(1)
            .says("it is not confirmed that staging runs")
            .says(words);
        assert_eq!(refusal(&deploy), "not-confirmed");
        assert_eq!(deploy.snapshot(), before);
        assert_eq!(deploy.chain().count("proposed"), 0);
        deploy
            .smp(&["status"])
            .ok()
            .prints_among("note: set a page or the platform's app in environments.staging.running");
    }
}

#[test]
fn the_commit_after_one_that_was_not_confirmed_ships_with_a_warning() {
    for (behaviour, words) in sample(1, BOTH) {
        let deploy = doubted(false, &behaviour);
        deploy.platform(&deploy.production, &Behaviour::Deploys);
        deploy.colleague_pushes(&deploy.staging, deploy.nth(6));
        let run = posts(
            &deploy,
            &[
                "promote",
                "--yes",
                "--commit",
                deploy.nth(6),
                "--summary",
                "- Layers by name",
            ],
        );
        run.ok()
            .says("warning: ")
            .says(words)
            .says("done: production runs");
        assert_eq!(deploy.master(&deploy.production), deploy.nth(6));
        assert_eq!(finding(&deploy, "production"), serde_json::Value::Null);
        let told = sent(&deploy, PRODUCT);
        assert_eq!(told.len(), 1);
        assert!(words_of(&told[0]).contains("Layers by name"));
    }
}

#[test]
fn a_page_that_is_named_afterwards_counts() {
    for record in sample(1, [true, false]) {
        for (behaviour, _) in sample(1, BOTH) {
            let deploy = doubted(record, &behaviour);
            deploy.add_toml(&format!(
                "\n[environments.production.running]\npage = \"{}\"\npattern = 'data-commit=\"([0-9a-f]{{7,64}})\"'\nconfirm_seconds = 0\n",
                deploy.web.url("/production")
            ));
            deploy.trust();
            // The page shows the running commit, the earlier one or the pushed one.
            assert_ne!(finding(&deploy, "production"), "not-confirmed");
            posts(&deploy, &scripted(&deploy, &["--timeout", "1"]))
                .exits(4)
                .never_shows("done:");
            assert!(sent(&deploy, PRODUCT).is_empty());
            deploy.web.set("/production", Page::commit(deploy.nth(5)));
            assert_eq!(finding(&deploy, "production"), serde_json::Value::Null);
            posts(&deploy, &scripted(&deploy, &[])).ok();
            posts(&deploy, &scripted(&deploy, &[]))
                .ok()
                .says("nothing to promote");
            assert_eq!(sent(&deploy, PRODUCT).len(), 1);
            assert_eq!(deploy.chain().count("promoted"), usize::from(record));
        }
    }
}

// --- the running commit counts more than words

#[test]
fn a_page_that_shows_the_commit_counts_more_than_the_words() {
    let release = Transcript::named("heroku-release-failed").says;
    for words in sample(1, [SKIPS, NOT_COMPLETE, RELEASE_COMMAND, &release]) {
        let deploy = ready(World::deploy_like());
        // The same words from a host that deploys, as when they concern another branch.
        let script = format!(
            "echo '{words}'\nread -r old new ref; echo $new >deployed; echo $new >>deploys"
        );
        deploy.hook(&deploy.production, "post-receive", &script);
        promote(&deploy, &[])
            .ok()
            .says(words)
            .says("done: production runs");
    }
    let deploy = on(&Behaviour::ReleasesAfterAll);
    promote(&deploy, &[])
        .ok()
        .says(RELEASE_COMMAND)
        .says("done: production runs");
}

#[test]
fn the_words_of_a_program_that_is_built_are_not_the_hosts() {
    let deploy = unseen_on(&Behaviour::Deploys);
    let script = "cat >/dev/null; echo 'test: a build failed page is shown when a deploy did not complete ... ok'";
    deploy.hook(&deploy.production, "pre-receive", script);
    promote(&deploy, &[]).ok().says("done: production runs");
}

// --- the hosts' own lines: tests/hosts has their sources

/// Sets production back to its old commit by a colleague's push, so that the next promotion pushes again.
#[track_caller]
fn as_before(deploy: &Deploy) {
    deploy.hook(&deploy.production, "post-receive", "cat >/dev/null");
    deploy.colleague_pushes(&deploy.production, deploy.nth(2));
}

#[test]
fn whoever_has_only_the_branch_is_told_what_every_host_says_of_its_own_push() {
    let deploy = ready(World::deploy_like().without_pages());
    for Transcript {
        name,
        ends,
        says,
        text,
        ..
    } in sample(6, Transcript::all())
    {
        as_before(&deploy);
        deploy.host_says(&deploy.production, &text);
        let run = promote(&deploy, &["--timeout", "20"]);
        assert_eq!(
            deploy.master(&deploy.production),
            deploy.nth(5),
            "{name}: it was pushed"
        );
        let told = match ends.as_str() {
            "done" => {
                assert_eq!(run.code, 0, "{name}: {run}");
                run.says("done: production runs");
                continue;
            }
            "not-deployed" => "error: pushed, but not deployed",
            "failed" => "error: pushed, but not live",
            _ => "error: pushed, but not confirmed",
        };
        assert_eq!(run.code, 4, "{name}: {run}");
        run.says(told)
            .says(&format!("because: its host says: {says}"))
            .says("hint: ")
            .never_shows("done:");
        assert_eq!(
            refusal(&deploy),
            "not-confirmed",
            "{name}: the next run does not believe the branch either"
        );
    }
}

#[test]
fn a_release_that_failed_by_the_hosts_words_is_neither_on_record_nor_told_to_anybody() {
    for name in sample(
        1,
        [
            "heroku-release-failed",
            "kudu",
            "piku-release",
            "clever-cloud",
            "dokku-skip-deploy",
        ],
    ) {
        let deploy = chatting_like(World::deploy_like().without_pages(), "teams");
        posts(&deploy, &["propose", "--yes"]).ok();
        posts(&deploy, &["signoff", "--by", "Rosi"]).ok();
        let Transcript { says, text, .. } = Transcript::named(name);
        deploy.host_says(&deploy.production, &text);
        let promotion = scripted(&deploy, &["--summary", "- Flags on painpoints"]);
        posts(&deploy, &promotion)
            .exits(4)
            .says(&says)
            .says(match name {
                // The branch itself is right.
                "dokku-skip-deploy" => {
                    "hint: allow deploys on its host, deploy there by hand, then: "
                }
                _ => "hint: ",
            })
            .never_shows("done:");
        posts(&deploy, &promotion)
            .exits(1)
            .says("is not confirmed")
            .says(&says)
            .never_shows("done:");
        assert!(sent(&deploy, PRODUCT).is_empty(), "{name}");
        assert_eq!(deploy.chain().count("promoted"), 0, "{name}");
    }
}

#[test]
fn what_a_host_said_of_a_release_that_failed_counts_in_a_colleague_s_clone_too() {
    let deploy = ready(
        World::deploy_like()
            .without_pages()
            .toml("[record]\nsignoff = false\n"),
    );
    let ben = crate::record::bens_clone(&deploy);
    let Transcript { says, text, .. } = Transcript::named("heroku-release-failed");
    deploy.host_says(&deploy.production, &text);
    deploy.smp(&scripted(&deploy, &[])).exits(4).says(&says);
    let by_ben = |args: &[&str]| deploy.runner().cwd(&ben).smp(args);
    let run = by_ben(&[
        "promote",
        "--yes",
        "--commit",
        deploy.nth(5),
        "--summary",
        "- Flags",
    ]);
    run.exits(1)
        .says("is not confirmed")
        .says(&says)
        .never_shows("done:")
        .never_shows("nothing to promote");
    by_ben(&["rollback", "--yes", "--to", deploy.nth(5)])
        .exits(1)
        .says("is not confirmed");
    let status: serde_json::Value = by_ben(&["status", "--json"]).ok().json();
    let production = status["environments"]
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["name"] == "production")
        .unwrap();
    assert_eq!(production["finding"], "not-confirmed");
    let chain = deploy.chain();
    assert_eq!(
        (chain.count("promoted"), chain.count("observed")),
        (0, 0),
        "{:?}",
        chain.words()
    );
    assert_eq!(
        chain.only("doubted").field("Intent"),
        chain.only("promoting").id
    );
    // A newer deploy without such words ends the doubt.
    std::fs::remove_file(deploy.production.join("hooks/post-receive")).unwrap();
    deploy.platform(&deploy.production, &Behaviour::Deploys);
    deploy.colleague_pushes(&deploy.staging, deploy.nth(6));
    by_ben(&["promote", "--yes", "--commit", deploy.nth(6)])
        .ok()
        .says("done: production runs");
    assert!(deploy.chain().state["doubts"].is_null());
}

#[test]
fn a_release_command_that_succeeded_is_a_promotion_on_record_and_told() {
    let deploy = chatting_like(World::deploy_like().without_pages(), "teams");
    posts(&deploy, &["propose", "--yes"]).ok();
    posts(&deploy, &["signoff", "--by", "Rosi"]).ok();
    deploy.host_says(
        &deploy.production,
        &Transcript::named("heroku-release-done").text,
    );
    posts(
        &deploy,
        &scripted(&deploy, &["--summary", "- Flags on painpoints"]),
    )
    .ok()
    .says("done: production runs");
    assert_eq!(
        (
            sent(&deploy, PRODUCT).len(),
            deploy.chain().count("promoted")
        ),
        (1, 1)
    );
}

#[test]
fn staging_and_a_rollback_hear_the_hosts_words_too() {
    let Transcript { says, text, .. } = Transcript::named("heroku-release-failed");
    let deploy = ready(World::deploy_like().without_pages());
    deploy.host_says(&deploy.staging, &text);
    let run = deploy.smp(&["stage", "--yes", "--timeout", "20"]);
    run.exits(4)
        .says("error: pushed, but not live")
        .says(&says)
        .says("hint: correct the problem, then: git smp stage --timeout 20\n");
    deploy
        .smp(&["stage", "--yes"])
        .exits(1)
        .says("is not confirmed")
        .says(&says);

    deploy.colleague_pushes(&deploy.production, deploy.nth(5));
    deploy.host_says(&deploy.production, &text);
    let back = [
        "rollback",
        "--yes",
        "--to",
        deploy.nth(2),
        "--timeout",
        "20",
    ];
    deploy
        .smp(&back)
        .exits(4)
        .says("error: pushed, but not live")
        .says(&says)
        .says("then: git smp status\n");
    deploy
        .smp(&back)
        .exits(1)
        .says("is not confirmed")
        .says(&says);
}

#[test]
fn a_page_is_asked_for_a_moment_after_a_failure_and_for_long_after_a_deploy_that_was_only_queued() {
    let Transcript { says, text, .. } = Transcript::named("piku-no-runtime");
    let deploy = ready(World::deploy_like());
    deploy.host_says(&deploy.production, &text);
    let run = deploy
        .runner()
        .limit(AT_ONCE)
        .smp(&scripted(&deploy, &["--timeout", "60"]));
    run.exits(4)
        .says("error: pushed, but not live: production does not report")
        .says(&says)
        .never_shows("done:");

    let deploy = ready(World::deploy_like());
    deploy.host_says(&deploy.production, &Transcript::named("clever-cloud").text);
    let run = begin(&deploy, &["--timeout", "60"]);
    comes_to(&deploy, &deploy.production, deploy.nth(5));
    let asked = deploy.web.asked_for("/production").len();
    deploy.web.is_asked_for("/production", asked + 3);
    deploy.web.set("/production", Page::commit(deploy.nth(5)));
    run.finish().ok().says("done: production runs");
}

#[test]
fn gits_own_colours_hide_no_words() {
    let Transcript { says, text, .. } = Transcript::named("kudu");
    let deploy = ready(World::deploy_like().without_pages());
    deploy.configure("color.remote", "always");
    deploy.configure("color.remote.error", "red bold");
    deploy.host_says(&deploy.production, &text);
    promote(&deploy, &[])
        .exits(4)
        .says("error: pushed, but not live")
        .says(&says);
}

#[test]
fn a_host_that_talks_more_than_anybody_reads_is_heard_to_its_last_word() {
    let deploy = ready(World::deploy_like().without_pages());
    let talk = "cat >/dev/null\nyes '       compiling another file of a very large program' | head -n 40000\n\
                echo 'Waiting for release.... failed.'";
    deploy.hook(&deploy.production, "post-receive", talk);
    promote(&deploy, &["-q"])
        .exits(4)
        .says("its host says: Waiting for release.... failed.");
}
