//! Deploys whose run was killed after its push. If the next deploy is of another commit, it records them first.

use std::path::{Path, PathBuf};

use rustix::process::Signal;

use crate::posts::{PRODUCT, TECHNICAL, accepted, channels, sent, with_webhooks, words};
use crate::promote::comes_to;
use crate::record::{bens_clone, recorded_like, short, signed_off_on};
use crate::sample::{one_of, sample};
use crate::support::{Chain, Deploy, Gate, Page, Run, Told, Topology, World, topologies};

const NO_SIGNOFF: &str = "[record]\nsignoff = false\n";

/// Kills a run once its push has reached the host of `bare`, and lets the push go on.
#[track_caller]
fn killed_after_its_push(deploy: &Deploy, bare: &Path, args: &[&str], to: &str) {
    let gate = Gate::new(deploy, "build");
    deploy.hook(bare, "pre-receive", &gate.line());
    let mut run = with_webhooks(deploy).directly().start(args);
    gate.reached();
    run.signal(Signal::KILL);
    run.finish().exits(128 + 9);
    gate.open();
    comes_to(deploy, bare, to);
    deploy.hook(bare, "pre-receive", "cat >/dev/null");
}

/// Returns a world in which Ada's promotion of the fifth commit was killed after its push, and staging has moved on.
#[track_caller]
fn cut_off(topology: Topology, with_pages: bool) -> Deploy {
    let world = World::deploy_like().on(topology);
    let world = match with_pages {
        true => world,
        false => world.without_pages(),
    };
    let deploy = world
        .toml(&format!("{NO_SIGNOFF}{}", channels("teams")))
        .ready();
    deploy.web.set(PRODUCT, accepted("teams"));
    let fifth = ["--commit", deploy.nth(5), "--summary", "Faster maps"];
    let args = [&["promote", "--yes"], &fifth[..]].concat();
    killed_after_its_push(&deploy, &deploy.production, &args, deploy.nth(5));
    deploy.colleague_pushes(&deploy.staging, deploy.nth(6));
    deploy
}

fn promotes_the_next(deploy: &Deploy, clone: &Path) -> Run {
    let args = ["promote", "--yes", "--commit", deploy.nth(6)];
    with_webhooks(deploy).cwd(clone).smp(&args)
}

/// Returns the event that ends the interrupted promotion.
#[track_caller]
fn end<'c>(deploy: &Deploy, chain: &'c Chain) -> &'c Told {
    let mut all = chain.all("promoted");
    let end = all.next().unwrap();
    assert_eq!(end.field("Commit"), deploy.nth(5));
    assert_eq!(
        end.field("Intent"),
        chain.all("promoting").next().unwrap().id
    );
    assert_eq!(
        (end.field("From"), end.field("Commits")),
        (deploy.nth(2), "3")
    );
    end
}

#[test]
fn a_promotion_that_nobody_saw_end_goes_on_record_before_the_next_and_its_post_is_made() {
    for (topology, with_pages) in one_of([(Topology::Remotes, false), (Topology::Branches, true)]) {
        let deploy = cut_off(topology, with_pages);
        let ben = bens_clone(&deploy);
        promotes_the_next(&deploy, &ben)
            .ok()
            .says(&format!(
                "production runs {}, and git smp records that deploy before this one\n",
                short(deploy.nth(5))
            ))
            .never_shows("its result is unknown");
        let chain = deploy.chain();
        let end = end(&deploy, &chain);
        assert_eq!(
            (end.author.as_str(), end.field("Announced-By")),
            ("Ben", "Ada Example")
        );
        assert_eq!(end.field("Text"), "Faster maps");
        assert_eq!(chain.count("promoted"), 2);
        let posts = sent(&deploy, PRODUCT);
        assert_eq!(posts.len(), 1);
        assert!(words(&posts[0]).contains("Faster maps"));
        let history = deploy.smp(&["history", "--json"]).ok().json();
        assert_eq!(history["deploys"][1]["to"], deploy.nth(5));
        assert_eq!(history["deploys"][1]["by"], "Ada Example");
        let place = deploy.smp(&["where", deploy.nth(5), "--json"]).ok().json();
        assert!(place["environments"][1]["since"].is_string(), "{place}");
    }
}

#[test]
fn the_same_person_who_goes_on_with_another_commit_records_it_too() {
    for topology in topologies() {
        let deploy = cut_off(topology, false);
        promotes_the_next(&deploy, &deploy.work)
            .ok()
            .says("git smp records that deploy before this one\n");
        let chain = deploy.chain();
        assert_eq!(end(&deploy, &chain).author, "Ada Example");
        assert!(!end(&deploy, &chain).more.contains_key("Announced-By"));
        assert_eq!(sent(&deploy, PRODUCT).len(), 1);
    }
}

#[test]
fn a_deploy_that_its_page_does_not_name_steadily_is_not_claimed() {
    let world = World::deploy_like().confirming(1).toml(NO_SIGNOFF);
    let deploy = world.ready();
    let args = ["promote", "--yes", "--commit", deploy.nth(5)];
    killed_after_its_push(&deploy, &deploy.production, &args, deploy.nth(5));
    deploy.colleague_pushes(&deploy.staging, deploy.nth(6));
    let pages = [5, 2].map(|nth| Page::commit(deploy.nth(nth)));
    deploy.web.set_alternating("/production", pages.to_vec());
    let args = [
        "promote",
        "--yes",
        "--timeout",
        "1",
        "--commit",
        deploy.nth(6),
    ];
    let run = deploy.smp(&args);
    run.says(&format!(
        "the earlier deploy of {} to production is not recorded: not every answer names it\n",
        short(deploy.nth(5))
    ));
    assert_eq!(deploy.chain().count("promoted"), 0, "{run}");
}

#[test]
fn a_rollback_and_a_stage_record_what_they_end_too() {
    for topology in topologies() {
        let deploy = cut_off(topology, false);
        let back = ["rollback", "--yes", "--to", deploy.nth(2)];
        deploy
            .smp(&back)
            .ok()
            .says("git smp records that deploy before this one\n");
        let chain = deploy.chain();
        end(&deploy, &chain);
        assert_eq!(chain.only("rolled-back").field("From"), deploy.nth(5));

        let deploy = cut_off(topology, false);
        deploy.smp(&["stage", deploy.nth(5), "--yes"]).exits(1);
        let ben = bens_clone(&deploy);
        let later = deploy.colleague_commits("Tidy the legend (#430)");
        let stage = deploy.runner().cwd(&ben).smp(&["stage", "--yes"]);
        stage
            .ok()
            .says("git smp records that deploy before this one\n");
        let chain = deploy.chain();
        end(&deploy, &chain);
        assert_eq!(chain.only("staged").field("Commit"), later);
        assert_eq!(chain.state["owed"][0]["channel"], "product");
    }
}

#[test]
fn a_postponement_does_not_give_up_a_promotion_that_arrived() {
    for topology in topologies() {
        let deploy = signed_off_on(topology);
        let args = ["promote", "--yes", "--commit", deploy.nth(5)];
        killed_after_its_push(&deploy, &deploy.production, &args, deploy.nth(5));
        let ben = deploy.runner().cwd(bens_clone(&deploy));
        ben.smp(&["postpone", "--yes", "--reason", "No."])
            .exits(1)
            .says("because: production runs")
            .says("hint: record it: git smp promote production\n");
        ben.smp(&args).ok();
        assert_eq!(
            deploy.chain().only("promoted").field("Announced-By"),
            "Ada Example"
        );
    }
}

#[test]
fn a_proposal_records_a_stage_that_nobody_saw_end() {
    let deploy = recorded_like(World::deploy_like().without_pages());
    killed_after_its_push(&deploy, &deploy.staging, &["stage", "--yes"], deploy.nth(6));
    let ben = bens_clone(&deploy);
    deploy.runner().cwd(&ben).smp(&["propose", "--yes"]).ok();
    let chain = deploy.chain();
    assert_eq!(chain.words()[..3], ["staging", "staged", "proposed"]);
    assert_eq!(chain.only("staged").field("Announced-By"), "Ada Example");
}

/// A fix becomes the candidate, so another fix would be built on the wrong one.
#[test]
fn another_fix_waits_until_the_first_is_on_record() {
    let deploy = recorded_like(World::deploy_like().without_pages());
    deploy.smp(&["propose", "--yes"]).ok();
    let fix = deploy.nth(6).to_owned();
    let args = ["stage", "--fix", "--yes"];
    killed_after_its_push(&deploy, &deploy.staging, &args, &fix);
    let later = deploy.colleague_commits("Tidy the legend (#430)");
    let ben = deploy.runner().cwd(bens_clone(&deploy));
    let record = format!("stage --fix {}", short(&fix));
    let args = ["stage", "--fix", &later, "--yes"];
    ben.smp(&args)
        .exits(1)
        .says(&format!(
            "because: staging runs {}, which is not on record yet\n",
            short(&fix)
        ))
        .says(&format!("hint: record it: git smp {record}\n"));
    ben.smp(&["stage", "--fix", short(&fix), "--yes"]).ok();
    ben.smp(&args).ok();
    let chain = deploy.chain();
    let fixes = chain
        .all("staged-fix")
        .map(|one| one.field("Commit").to_owned());
    assert_eq!(fixes.collect::<Vec<_>>(), [fix, later]);
}

/// A colleague records the end and goes on while the record of this run is on its way.
#[test]
fn an_end_that_comes_after_a_later_deploy_is_not_recorded_again() {
    for (topology, goes_back) in sample(
        2,
        [
            (Topology::Remotes, true),
            (Topology::Branches, false),
            (Topology::Branches, true),
        ],
    ) {
        let toml = format!("{NO_SIGNOFF}{}", channels("teams"));
        let world = World::deploy_like().on(topology).without_pages();
        let deploy = world.toml(&toml).ready();
        deploy.web.set(PRODUCT, accepted("teams"));
        let gate = Gate::new(&deploy, "record");
        let held = deploy.path("held");
        let hook = format!(
            "while read -r _ new _; do [ -e '{held}' ] || case $(git log -2 --format=%s \"$new\") in *' promoted '*) : >'{held}'; {};; esac; done",
            gate.line(),
            held = held.display()
        );
        deploy.hook(&deploy.main, "pre-receive", &hook);
        let fifth = ["--commit", deploy.nth(5), "--summary", "Faster maps"];
        let args = [&["promote", "--yes"], &fifth[..]].concat();
        let run = with_webhooks(&deploy).directly().start(&args);
        gate.reached();
        let ben = bens_clone(&deploy);
        let now = match goes_back {
            true => {
                let back = ["rollback", "--yes", "--to", deploy.nth(2)];
                deploy.runner().cwd(&ben).smp(&back).ok();
                2
            }
            false => {
                deploy.colleague_pushes(&deploy.staging, deploy.nth(6));
                promotes_the_next(&deploy, &ben).ok();
                6
            }
        };
        gate.open();
        run.finish()
            .exits(4)
            .says(&format!(
                "error: Ben deployed {} to production after {}\n",
                short(deploy.nth(now)),
                short(deploy.nth(5))
            ))
            .says("hint: see what runs now: git smp status\n");
        let chain = deploy.chain();
        let ends = chain.all("promoted");
        let ends = ends.filter(|end| end.field("Commit") == deploy.nth(5));
        assert_eq!(ends.count(), 1);
        assert_eq!(
            chain.state["deploys"]["production"]["commit"],
            deploy.nth(now)
        );
        let posts = sent(&deploy, PRODUCT);
        let posts = posts
            .iter()
            .filter(|post| words(post).contains("Faster maps"));
        assert_eq!(posts.count(), usize::from(!goes_back));
        if goes_back {
            let owed = chain.state["owed"].as_array().unwrap();
            assert!(owed.iter().all(|one| one["channel"] != "product"));
            let again = ["promote", "--yes", "--commit", deploy.nth(5)];
            deploy.smp(&again).exits(1).says("--again");
        }
    }
}

/// Ada's run is killed while her push builds. Returns Ben's clone.
#[track_caller]
fn killed_while_it_built(topology: Topology) -> (Deploy, PathBuf) {
    let toml = format!("{NO_SIGNOFF}{}", channels("teams"));
    let world = World::deploy_like().on(topology).toml(&toml);
    let deploy = world.ready();
    deploy.web.set(PRODUCT, accepted("teams"));
    deploy.web.set("/production", Page::commit(deploy.nth(2)));
    let fifth = ["--commit", deploy.nth(5), "--summary", "Faster maps"];
    let args = [&["promote", "--yes"], &fifth[..]].concat();
    killed_after_its_push(&deploy, &deploy.production, &args, deploy.nth(5));
    let ben = bens_clone(&deploy);
    (deploy, ben)
}

/// Ben stages before anybody sees the end.
#[track_caller]
fn replaced_while_it_built(topology: Topology) -> (Deploy, PathBuf) {
    let (deploy, ben) = killed_while_it_built(topology);
    let stage = ["stage", deploy.nth(6), "--yes"];
    deploy.runner().cwd(&ben).smp(&stage).ok();
    (deploy, ben)
}

/// The last steps of a plan with the posts of both promotions, and their texts.
fn both_posts(five: &str) -> String {
    format!(
        ". record the deploy to production\n  4. post to the product channel ({five}, by Ada Example)\n  5. post to the product channel\n\nThe post about {five}, by Ada Example, will say\n  | Faster maps\n\nThe post to the product channel will say\n  | Smaller tiles\n"
    )
}

/// The posts come in the order of the deploys.
#[track_caller]
fn says_both(deploy: &Deploy) {
    let posts = sent(deploy, PRODUCT);
    let said = ["Faster maps", "Smaller tiles"];
    assert_eq!(posts.len(), said.len());
    let mut both = posts.iter().zip(said);
    assert!(both.all(|(post, text)| words(post).contains(text)));
}

#[test]
fn a_promotion_that_a_stage_replaced_while_it_built_is_recorded_once_it_runs() {
    for topology in topologies() {
        let (deploy, ben) = replaced_while_it_built(topology);
        let status = |dir: &Path| deploy.runner().cwd(dir).smp(&["status"]).to_string();
        let (five, sixth) = (short(deploy.nth(5)), deploy.nth(6));
        let open = format!("{five} to production, by Ada");
        let mut both = [&deploy.work, &ben].into_iter();
        assert!(both.all(|dir| {
            let shown = status(dir);
            shown.contains(&open) && shown.contains("next: git smp status\n")
        }));
        deploy.web.set("/production", Page::commit(sixth));
        let shown = status(&ben);
        let nexts = shown.matches("next: ").count();
        assert!(
            nexts == 1 && shown.contains("deployed-outside-git: "),
            "{shown}"
        );
        deploy.web.set("/production", Page::commit(deploy.nth(2)));
        // Its host may still be building it.
        promotes_the_next(&deploy, &ben)
            .exits(1)
            .says(&format!("error: Ada Example began to promote {five}"))
            .says(&format!("but production does not report {five} yet\n"))
            .says("hint: wait until it has finished");
        let again = ["promote", "--yes", "--commit", deploy.nth(5)];
        let landed = format!(
            "because: it has reached the branch of production, but production does not report {five} yet\n"
        );
        deploy.smp(&again).exits(1).says(&landed);
        deploy.web.set("/production", Page::commit(deploy.nth(5)));
        let recorded =
            format!("because: production runs {five}, and the next deploy records that\n");
        deploy.smp(&again).exits(1).says(&recorded);
        let mut both = [&deploy.work, &ben].into_iter();
        assert!(both.all(|dir| status(dir).contains(&open)));
        let next = ["promote", "--yes", "--commit", sixth, "--timeout", "1"];
        let next = [&next[..], &["--summary", "Smaller tiles"]].concat();
        let runner = with_webhooks(&deploy).cwd(&ben);
        runner
            .smp(&next)
            .exits(4)
            .says(&format!(
                "production runs {five}, and git smp records that deploy before this one\n"
            ))
            .says(&both_posts(five));
        end(&deploy, &deploy.chain());
        deploy.web.set("/production", Page::commit(sixth));
        runner.smp(&next).ok();
        says_both(&deploy);
        let history = deploy.smp(&["history", "--json"]).ok().json();
        assert_eq!(history["deploys"][1]["to"], deploy.nth(5));
        let log = ["log", "--format=%s", "refs/smp/record"];
        let subject = format!("Ada Example promoted {five} to production (recorded by Ben)");
        assert!(deploy.git(&deploy.main, &log).contains(&subject));
    }
}

#[test]
fn the_post_of_a_promotion_that_never_ran_alone_is_made_with_the_one_that_contains_it() {
    for topology in topologies() {
        let (deploy, ben) = replaced_while_it_built(topology);
        let (five, sixth) = (short(deploy.nth(5)), deploy.nth(6));
        let next = ["promote", "--yes", "--commit", sixth, "--timeout", "1"];
        let next = [&next[..], &["--again", "--summary", "Smaller tiles"]].concat();
        let runner = with_webhooks(&deploy).cwd(&ben);
        runner.smp(&next).exits(4).says(&format!(
            "warning: Ada Example began to promote {five} to production just now; this one contains it\n"
        )).says(&both_posts(five));
        assert_eq!(sent(&deploy, PRODUCT).len(), 0);
        deploy.web.set("/production", Page::commit(sixth));
        runner.smp(&next).ok();
        says_both(&deploy);
        runner.smp(&next).ok();
        // Her own clone knows.
        let later = deploy.colleague_commits("Tidy the legend (#430)");
        deploy.colleague_pushes(&deploy.staging, &later);
        let next = ["promote", "--yes", "--commit", &later, "--timeout", "1"];
        let next = [&next[..], &["--summary", "A tidy legend"]].concat();
        let run = with_webhooks(&deploy).smp(&next);
        run.exits(4).never_shows("never posted");
        assert_eq!(sent(&deploy, PRODUCT).len(), 2);
    }
}

/// A person gives the promotion up and proposes another commit, and then it runs all the same.
#[test]
fn a_promotion_that_was_given_up_and_runs_keeps_its_sign_off_and_names_one_next_step() {
    for topology in topologies() {
        let world = World::deploy_like().on(topology).toml("[record]\n");
        let deploy = world.ready();
        deploy.web.set("/production", Page::commit(deploy.nth(2)));
        let fifth = deploy.nth(5);
        deploy.smp(&["propose", "--yes"]).ok();
        deploy.smp(&["signoff", "--by", "Rosi"]).ok();
        let args = ["promote", "--yes", "--commit", fifth];
        killed_after_its_push(&deploy, &deploy.production, &args, fifth);
        let ben = bens_clone(&deploy);
        let runner = deploy.runner().cwd(&ben).directly();
        let mut terminal = runner.terminal(&["postpone", "--reason", "too big"]);
        terminal.sees("[y/N]").enters("y");
        terminal.ends().ok();
        let runner = deploy.runner().cwd(&ben);
        runner.smp(&["stage", deploy.nth(6), "--yes"]).ok();
        runner.smp(&["propose", "--yes"]).ok();
        deploy.web.set("/production", Page::commit(fifth));
        let status = runner.smp(&["status"]).ok().to_string();
        assert!(
            status.contains(
                "next: git smp postpone
"
            ),
            "{status}"
        );
        let sixth = ["promote", "--yes", "--commit", deploy.nth(6)];
        runner.smp(&["signoff", "--by", "Rosi"]).ok();
        runner.smp(&sixth).exits(1).says(&format!(
            "because: Ada Example began to promote {} to production just now\n",
            short(fifth)
        ));
        runner.smp(&["postpone", "--reason", "again", "--yes"]).ok();
        runner.smp(&["propose", "--yes"]).ok();
        let history = deploy.smp(&["history", "--json"]).ok().json();
        let last = &history["deploys"][0];
        assert_eq!(last["to"], fifth);
        assert_eq!(last["signed_off_by"][0], "Rosi", "{history}");
        runner.smp(&["signoff", "--by", "Rosi"]).ok();
        deploy.web.set("/production", Page::commit(deploy.nth(6)));
        runner.smp(&sixth).ok();
    }
}

/// Nobody saw the first one run, so its commits are in the deploy that contains it.
#[test]
fn another_clone_that_records_the_last_of_two_promotions_posts_both_texts_and_counts_all_commits() {
    for topology in topologies() {
        let (deploy, ben) = replaced_while_it_built(topology);
        let (five, sixth) = (short(deploy.nth(5)), deploy.nth(6));
        let next = ["promote", "--yes", "--commit", sixth, "--again"];
        let next = [&next[..], &["--timeout", "1", "--summary", "Smaller tiles"]].concat();
        with_webhooks(&deploy).cwd(&ben).smp(&next).exits(4);
        deploy.web.set("/production", Page::commit(sixth));
        let rosi = deploy.clone_of(deploy.urls()[0], "rosi", "upstream");
        std::fs::copy(ben.join("smp.toml"), rosi.join("smp.toml")).unwrap();
        deploy.runner().cwd(&rosi).smp(&["setup", "--yes"]).ok();
        let runner = with_webhooks(&deploy).cwd(&rosi);
        let steps = both_posts(five)
            .replace(" 4. ", " 2. ")
            .replace(" 5. ", " 3. ");
        let (second, drops) = (short(deploy.nth(2)), "the post about");
        runner
            .smp(&["rollback", "--dry-run"])
            .ok()
            .says(&format!(". push {second} to "))
            .says(&format!(
                "{drops} {five} to the product channel was not sent"
            ))
            .says(&format!(
                "{drops} {} to the product channel was not sent",
                short(sixth)
            ));
        let dry = ["promote", "--dry-run"];
        runner
            .smp(&dry)
            .ok()
            .says(&steps[..steps.find("The post to").unwrap()]);
        let last = ["promote", "--yes", "--commit", sixth];
        runner
            .smp(&last)
            .ok()
            .says("the text for the product channel is from the promotion that Ben began\n")
            .says(&steps)
            .never_shows("it has no text");
        says_both(&deploy);
        let history = deploy.smp(&["history", "--json"]).ok().json();
        let last = &history["deploys"][0];
        assert_eq!(
            (&last["from"], &last["commits"]),
            (&deploy.nth(2).into(), &4.into())
        );
        for clone in [&deploy.work, &ben, &rosi] {
            with_webhooks(&deploy)
                .cwd(clone)
                .smp(&["promote", "--yes", "--commit", sixth])
                .ok();
        }
        assert_eq!(sent(&deploy, PRODUCT).len(), 2);
    }
}

#[test]
fn the_text_of_an_announced_promotion_is_offered_to_the_person_who_records_it() {
    for topology in topologies() {
        for own in [None, Some("Faster maps, at last")] {
            let (deploy, ben) = killed_while_it_built(topology);
            deploy.web.set("/production", Page::commit(deploy.nth(5)));
            let words = own.unwrap_or("Faster maps");
            let script = match own {
                Some(own) => format!("sed -i '1s/.*/{own}/' \"$1\""),
                None => "grep -q 'from the promotion that Ada Example began' \"$1\"".to_owned(),
            };
            deploy.executable("bin/editor", &script);
            let path = deploy.path("bin/editor").display().to_string();
            deploy.git(&ben, &["config", "core.editor", &path]);
            let runner = with_webhooks(&deploy).cwd(&ben).directly();
            let mut terminal = runner.without_env("GIT_EDITOR").terminal(&["promote"]);
            terminal.sees(&format!("  | {words}"));
            terminal.ends().ok();
            let posts = sent(&deploy, PRODUCT);
            assert_eq!(posts.len(), 1);
            assert!(crate::posts::words(&posts[0]).contains(words));
        }
    }
}

#[test]
fn the_post_about_a_release_is_dropped_by_its_rollback_which_says_so_once() {
    for topology in topologies() {
        let deploy = cut_off(topology, false);
        deploy.web.set(TECHNICAL, accepted("teams"));
        let later = deploy.colleague_commits("Tidy the legend (#430)");
        // The end goes on record with the stage. No webhook is there, so the post is owed.
        deploy.smp(&["stage", "--yes"]).ok();
        assert_eq!(deploy.chain().state["owed"][0]["channel"], "product");
        let back = ["rollback", "--yes", "--to", deploy.nth(2)];
        let says = format!(
            "warning: the post about {} to the product channel was not sent; this rollback drops it\n",
            short(deploy.nth(5))
        );
        with_webhooks(&deploy).smp(&back).says(&says);
        let chain = deploy.chain();
        let owed = chain.state["owed"].as_array().unwrap();
        assert!(owed.iter().all(|one| one["channel"] != "product"));
        let next = ["promote", "--yes", "--again", "--commit", &later];
        with_webhooks(&deploy).smp(&next).ok().never_shows("drops");
        assert_eq!(sent(&deploy, PRODUCT).len(), 0);
    }
}

/// A run that sleeps through the next deploy does not say that its own failed.
#[test]
fn a_run_that_wakes_after_a_later_deploy_names_that_deploy() {
    for topology in topologies() {
        let world = World::deploy_like().on(topology).toml(NO_SIGNOFF);
        let deploy = world.ready();
        deploy.web.set("/production", Page::commit(deploy.nth(2)));
        // It does not wait for the rest of its time.
        let args = ["promote", "--yes", "--timeout", "600", "--commit"];
        let args = [&args[..], &[deploy.nth(5)]].concat();
        let mut run = deploy.runner().directly().start(&args);
        comes_to(&deploy, &deploy.production, deploy.nth(5));
        run.signal(Signal::STOP);
        deploy.web.set("/production", Page::commit(deploy.nth(5)));
        deploy.colleague_pushes(&deploy.staging, deploy.nth(6));
        let ben = bens_clone(&deploy);
        deploy.web.set_first(
            "/production",
            6,
            Page::commit(deploy.nth(5)),
            Page::commit(deploy.nth(6)),
        );
        promotes_the_next(&deploy, &ben).ok();
        run.signal(Signal::CONT);
        run.finish().exits(4).says(&format!(
            "error: Ben deployed {} to production after {}\n",
            short(deploy.nth(6)),
            short(deploy.nth(5))
        ));
    }
}

/// Somebody deployed on the platform itself, past the branch.
#[test]
fn a_page_that_names_a_later_commit_ends_the_wait_for_an_own_push() {
    for topology in topologies() {
        let deploy = World::deploy_like().on(topology).ready();
        deploy.web.set("/production", Page::commit(deploy.nth(2)));
        let args = ["promote", "--yes", "--commit", deploy.nth(5)];
        killed_after_its_push(&deploy, &deploy.production, &args, deploy.nth(5));
        let wait = "must finish first";
        deploy.smp(&["status"]).ok().prints_among(wait);
        deploy.web.set("/production", Page::commit(deploy.nth(6)));
        let status = deploy.smp(&["status"]);
        status
            .ok()
            .prints_among("deployed-outside-git")
            .never_shows(wait);
    }
}

/// On a branch the announcement is part of the push, so its lease on the record ends the push as well.
#[test]
fn a_push_that_was_rolled_back_on_record_holds_up_no_later_one_of_its_clone() {
    for topology in topologies() {
        let deploy = cut_off(topology, false);
        deploy.web.set(TECHNICAL, accepted("teams"));
        let ben = bens_clone(&deploy);
        let back = ["rollback", "--yes", "--to", deploy.nth(2)];
        with_webhooks(&deploy).cwd(&ben).smp(&back).ok();
        deploy
            .smp(&["status"])
            .ok()
            .never_shows("must finish first");
        let next = ["promote", "--yes", "--again", "--timeout", "5", "--commit"];
        let next = [&next[..], &[deploy.nth(6)]].concat();
        with_webhooks(&deploy).smp(&next).ok();
        deploy.ran([2, 5, 2, 6]);
    }
}
