//! Several people at once: real clones against one main repository, over a path and over HTTP.

use std::path::PathBuf;

use crate::promote::ready;
use crate::sample::{everything, sample};
use crate::support::{
    Deploy, DeployBuilder, Gate, Run, Runner, Running, Topology, World, topologies,
};

const NAMES: [&str; 8] = [
    "Ada Example",
    "Ben Example",
    "Cleo Example",
    "Dora Example",
    "Emil Example",
    "Fay Example",
    "Gil Example",
    "Hana Example",
];

fn over_a_path() -> DeployBuilder {
    World::deploy_like().without_pages().toml("[record]\n")
}

/// Returns worlds where an announcement precedes its deploy.
fn announcing() -> DeployBuilder {
    over_a_path().ref_by_ref()
}

fn over_http() -> DeployBuilder {
    over_a_path().over_open_http().main_over_http()
}

/// A person with a clone of their own, after setup.
struct Member<'d> {
    deploy: &'d Deploy,
    name: &'static str,
    folder: PathBuf,
}

impl Member<'_> {
    fn runner(&self) -> Runner<'_> {
        self.deploy.runner().cwd(&self.folder).directly()
    }

    #[track_caller]
    fn smp(&self, args: &[&str]) -> Run {
        self.runner().smp(args)
    }

    #[track_caller]
    fn start(&self, args: &[&str]) -> Running {
        self.runner().start(args)
    }

    #[track_caller]
    fn promotes(&self, more: &[&str]) -> Running {
        self.start(&[&promotion(self.deploy), more].concat())
    }
}

fn promotion(deploy: &Deploy) -> Vec<&str> {
    vec![
        "promote",
        "--yes",
        "--commit",
        deploy.nth(5),
        "--timeout",
        "20",
    ]
}

/// Returns this number of people; the first one has the world's own clone.
#[track_caller]
fn team(deploy: &Deploy, count: usize) -> Vec<Member<'_>> {
    let member = |(number, name): (usize, &&'static str)| {
        let folder = deploy.path(if number == 0 {
            "work".to_owned()
        } else {
            format!("clone-{number}")
        });
        if number > 0 {
            deploy
                .runner()
                .program(
                    "cp",
                    &[
                        "-a",
                        deploy.work.to_str().unwrap(),
                        folder.to_str().unwrap(),
                    ],
                )
                .ok();
            let config = folder.join(".git/config");
            let text = std::fs::read_to_string(&config).unwrap();
            std::fs::write(
                config,
                format!("{text}[user]\n\tname = {name}\n\temail = person-{number}@example.com\n"),
            )
            .unwrap();
        }
        Member {
            deploy,
            name,
            folder,
        }
    };
    NAMES.iter().take(count).enumerate().map(member).collect()
}

#[track_caller]
fn proposed(deploy: &Deploy) {
    deploy.smp(&["propose", "--yes"]).ok();
}

#[track_caller]
fn signed_off(world: DeployBuilder) -> Deploy {
    world.after("signed off", |deploy| {
        proposed(deploy);
        deploy.smp(&["signoff", "--by", "Rosi"]).ok();
    })
}

#[track_caller]
fn promotion_of(deploy: &Deploy) -> Run {
    deploy.smp(&promotion(deploy))
}

fn tip(deploy: &Deploy) -> String {
    deploy
        .refs(&deploy.main)
        .get("refs/smp/record")
        .cloned()
        .unwrap_or_else(|| "0".repeat(40))
}

/// Holds every write to the record's present tip until all writers have arrived: then all have passed the lease on
/// their side.
#[track_caller]
fn barrier(deploy: &Deploy, name: &str) -> Gate {
    let gate = Gate::new(deploy, name);
    let script = format!(
        "while read -r old new ref; do [ $old != {} ] || {}; done",
        tip(deploy),
        gate.line()
    );
    deploy.hook(&deploy.main, "pre-receive", &script);
    gate
}

/// Releases all runs after the last one has arrived at the barrier.
#[track_caller]
fn all_at_once(gate: &Gate, started: Vec<Running>) -> Vec<Run> {
    started.iter().for_each(|_| gate.reached());
    started.iter().for_each(|_| gate.open());
    started.into_iter().map(Running::finish).collect()
}

/// Returns a gate that holds only the first push.
#[track_caller]
fn for_the_first(deploy: &Deploy, repository: &PathBuf, hook: &str) -> Gate {
    let gate = Gate::new(deploy, hook);
    let once = deploy.path(format!("{hook}.once"));
    deploy.hook(
        repository,
        hook,
        &format!(
            "if mkdir '{}' 2>/dev/null; then {}; fi",
            once.display(),
            gate.line()
        ),
    );
    gate
}

/// Asserts that production got the candidate once, and that the record says so once.
#[track_caller]
fn promoted_once(deploy: &Deploy) {
    let chain = deploy.chain();
    assert_eq!(
        deploy.deploys(&deploy.production),
        [deploy.nth(2), deploy.nth(5)],
        "{:?}",
        chain.words()
    );
    chain.only("promoted");
    assert_eq!(
        chain.count("promoting") - chain.count("ended"),
        1,
        "{:?}",
        chain.words()
    );
    assert!(
        chain.state["candidate"].is_null() && chain.state["deploying"].is_null(),
        "{}",
        chain.state
    );
}

// --- many at once

/// Returns the number of people.
fn crowd() -> usize {
    if everything() { 8 } else { 4 }
}

/// Lets many people propose, sign off and promote, each time all at once.
#[track_caller]
fn many_at_once(deploy: &Deploy) {
    let members = team(deploy, crowd());
    let all = |name: &str, start: &dyn Fn(&Member<'_>) -> Running| {
        let gate = barrier(deploy, name);
        all_at_once(&gate, members.iter().map(start).collect())
    };
    let runs = all("propose", &|member| member.start(&["propose", "--yes"]));
    let chain = deploy.chain();
    chain.only("posted");
    assert_eq!(chain.state["candidate"]["commit"], deploy.nth(5));
    let winner = &chain.only("proposed").author;
    for (member, run) in members.iter().zip(&runs) {
        run.ok().says("the candidate");
        if member.name != winner {
            run.says(&format!("proposed by {winner}")).prints("");
        }
    }

    let block = ["signoff", "--block", "login is broken"];
    let runs = all("judge", &|member| {
        member.start(if member.name == NAMES[3] {
            &block
        } else {
            &["signoff"]
        })
    });
    for run in &runs {
        run.ok();
    }
    let chain = deploy.chain();
    assert_eq!(
        (chain.count("signed-off"), chain.count("blocked")),
        (members.len() - 1, 1)
    );
    let verdicts = chain.state["candidate"]["verdicts"].as_array().unwrap();
    let mut names: Vec<&str> = verdicts
        .iter()
        .filter_map(|verdict| verdict["by"].as_str())
        .collect();
    names.sort_unstable();
    assert_eq!(names, NAMES[..members.len()]);
    let before = deploy.snapshot();
    let refused = members[0].promotes(&[]).finish();
    refused
        .exits(1)
        .says("is blocked")
        .says("Dora Example blocked it")
        .says("login is broken");
    assert_eq!(deploy.snapshot(), before);
    members[3].smp(&["signoff"]).ok();

    let runs = all("promote", &|member| member.promotes(&[]));
    one_deploys(deploy, &members, &runs);
}

#[test]
fn of_many_at_once_over_a_path_one_proposes_and_one_deploys_and_no_verdict_is_lost() {
    many_at_once(&ready(over_a_path()));
}

// F-LOCK-1
#[test]
fn of_many_at_once_over_http_one_proposes_and_one_deploys_and_no_verdict_is_lost() {
    let deploy = ready(over_http().on(Topology::Remotes));
    many_at_once(&deploy);
    assert_eq!(deploy.http().pushes(&deploy.production), 1);
}

/// Asserts that exactly one deploys, and that the others are told who and what. If two pushes reach a branch at the
/// same moment, both runs wait for the one that arrived, and one of them records it.
#[track_caller]
fn one_deploys(deploy: &Deploy, members: &[Member<'_>], runs: &[Run]) {
    promoted_once(deploy);
    let winner = deploy.chain().only("promoted").author.clone();
    for (member, run) in members
        .iter()
        .zip(runs)
        .filter(|(member, _)| member.name != winner)
    {
        match run.code {
            0 if deploy.topology() != Topology::Remotes
                && run.stderr.contains("done: production runs ") =>
            {
                run.says("done: on record")
            }
            0 => run.says(&format!("production already runs {}", &deploy.nth(5)[..8])),
            _ => run.exits(1).says(&winner).says(&deploy.nth(5)[..8]),
        };
        run.never_shows(&format!("{} began", member.name));
    }
}

#[test]
fn whatever_many_do_at_once_the_record_is_sound_and_nothing_is_deployed_twice() {
    for topology in topologies() {
        let deploy = signed_off(over_a_path().on(topology));
        let members = team(&deploy, 8);
        let promotion = promotion(&deploy);
        let doings: [&[&str]; 8] = [
            &promotion,
            &["signoff"],
            &["propose", "--yes"],
            &promotion,
            &["signoff", "--note", "on a phone, too"],
            &["postpone", "--yes", "--reason", "later"],
            &["stage", "--yes", "--timeout", "20"],
            &promotion,
        ];
        let started: Vec<Running> = members
            .iter()
            .zip(doings)
            .map(|(member, args)| member.start(args))
            .collect();
        let runs: Vec<Run> = started.into_iter().map(Running::finish).collect();
        let chain = deploy.chain();
        for (member, (run, args)) in members.iter().zip(runs.iter().zip(doings)) {
            assert!(run.code < 2, "{run}");
            if args[0] == "signoff" && run.code == 0 {
                assert_eq!(
                    chain
                        .all("signed-off")
                        .filter(|event| event.author == member.name)
                        .count(),
                    1,
                    "{run}"
                );
            }
            if args[0] == "postpone" {
                assert_eq!(
                    chain.count("postponed") == 1,
                    run.stderr.contains("is postponed"),
                    "{run}"
                );
            }
        }
        let deployed = deploy.deploys(&deploy.production).len() - 1;
        assert_eq!(deployed, chain.count("promoted"), "{:?}", chain.words());
        assert!(
            deployed < 2 && chain.state["deploying"].is_null(),
            "{:?}",
            chain.words()
        );
    }
}

// A server declines a push, too, while another write holds the ref's lock: that is no lack of permissions.
#[test]
fn a_record_that_is_locked_for_a_moment_is_written_to_all_the_same() {
    let deploy = ready(over_a_path());
    let lock = "refs/smp/record.lock";
    let script =
        format!("mkdir once 2>/dev/null && {{ mkdir -p refs/smp; : >{lock}; }} || rm -f {lock}");
    deploy.hook(&deploy.main, "pre-receive", &script);
    proposed(&deploy);
    assert_eq!(deploy.chain().words(), ["proposed", "posted"]);
    // A permanent lock is reported in the server's own words.
    deploy.hook(&deploy.main, "pre-receive", &format!(": >{lock}"));
    deploy
        .smp(&["signoff"])
        .exits(1)
        .says("the record cannot be written to")
        .says("record.lock")
        .says("hint: ");
    std::fs::remove_file(deploy.main.join(lock)).unwrap();
    assert_eq!(deploy.chain().count("signed-off"), 0);
}

#[test]
fn one_verdict_given_twice_is_one_event() {
    let deploy = ready(over_a_path());
    proposed(&deploy);
    deploy.smp(&["signoff", "--by", " Rosi "]).ok();
    for spelling in ["Rosi", " Rosi "] {
        deploy
            .smp(&["signoff", "--by", spelling])
            .ok()
            .says("Rosi has already signed off");
    }
    assert_eq!(deploy.chain().only("signed-off").field("Of"), "Rosi");
}

// --- between announcement and push

/// Lets Ada announce her promotion, and holds her before her push to production.
fn announced<'d>(deploy: &'d Deploy, ada: &Member<'d>) -> (Running, Gate) {
    let gate = for_the_first(deploy, &deploy.main, "post-receive");
    let run = ada.promotes(&[]);
    gate.reached();
    (run, gate)
}

fn announcement(deploy: &Deploy) -> String {
    deploy.chain().only("promoting").id.clone()
}

// F-LOCK-2, and R5: only the announcement with the shown id is put aside.
#[test]
fn a_promotion_that_vanished_before_its_push_is_taken_over_by_its_id_and_nothing_else() {
    let deploy = signed_off(announcing());
    let [ada, ben] = team(&deploy, 2).try_into().ok().unwrap();
    let (mut run, gate) = announced(&deploy, &ada);
    run.signal(rustix::process::Signal::KILL);
    gate.open();
    run.finish().exits(128 + 9);
    let id = announcement(&deploy);
    let before = deploy.snapshot();
    let told = ben.promotes(&[]).finish();
    told.exits(1).says(&format!(
        "Ada Example began to promote {} to production",
        &deploy.nth(5)[..8]
    ));
    told.says("just now")
        .says(&format!("git smp promote production --take-over {id}"));
    let wrong = if id.starts_with('0') {
        "1111111111111111"
    } else {
        "0000000000000000"
    };
    for other in [wrong, &id[..3], &format!("{id}0")] {
        ben.promotes(&["--take-over", other])
            .finish()
            .exits(1)
            .says("Ada Example began to promote");
    }
    assert_eq!(deploy.snapshot(), before);

    ben.promotes(&["--take-over", &id])
        .finish()
        .ok()
        .says("this deploy takes its place on the record");
    let chain = deploy.chain();
    assert_eq!(chain.only("promoted").author, ben.name);
    assert_eq!(
        chain.words(),
        [
            "proposed",
            "posted",
            "signed-off",
            "promoting",
            "promoting",
            "promoted"
        ]
    );
    assert_eq!(chain.events[4].field("Over"), id);
    deploy.ran([2, 5]);
    // The announcement of that id is closed, so the id does nothing any more.
    ada.promotes(&["--take-over", &id])
        .finish()
        .ok()
        .says("nothing to promote");
}

// F-LOCK-3
#[test]
fn a_promotion_that_comes_back_after_it_was_taken_over_pushes_nothing_and_says_so() {
    let deploy = signed_off(announcing());
    let [ada, ben] = team(&deploy, 2).try_into().ok().unwrap();
    let (run, gate) = announced(&deploy, &ada);
    let id = announcement(&deploy);
    // Ben is held as well, so that Ada continues while he deploys.
    let build = for_the_first(&deploy, &deploy.production, "pre-receive");
    let ben = ben.promotes(&["--take-over", &id]);
    build.reached();
    gate.open();
    run.finish()
        .exits(1)
        .says("Ben Example began to promote")
        .never_shows("done:");
    build.open();
    ben.finish().ok();
    let chain = deploy.chain();
    assert_eq!(
        (chain.count("ended"), chain.only("promoted").author.as_str()),
        (0, "Ben Example")
    );
    deploy.ran([2, 5]);
}

// F-LOCK-3, if the other deploy is finished when the first continues.
#[test]
fn a_promotion_that_comes_back_when_another_is_through_pushes_nothing_and_names_it() {
    let deploy = signed_off(announcing());
    let [ada, ben] = team(&deploy, 2).try_into().ok().unwrap();
    let (run, gate) = announced(&deploy, &ada);
    ben.promotes(&["--take-over", &announcement(&deploy)])
        .finish()
        .ok();
    let before = deploy.snapshot();
    gate.open();
    run.finish()
        .exits(1)
        .says("Ben Example promoted")
        .never_shows("was not proposed")
        .never_shows("done:");
    assert_eq!(deploy.snapshot(), before);
}

// F-LOCK-4
#[test]
fn a_take_over_that_comes_too_late_finds_it_finished() {
    let deploy = signed_off(announcing());
    let [ada, ben] = team(&deploy, 2).try_into().ok().unwrap();
    let (run, gate) = announced(&deploy, &ada);
    let id = announcement(&deploy);
    // Ben's own announcement is in progress, with the lease on Ada's, when she finishes.
    let late = barrier(&deploy, "late");
    deploy.hook(
        &deploy.main,
        "pre-receive",
        &only_for(&deploy, "Ben Example", &late),
    );
    let ben = ben.promotes(&["--take-over", &id]);
    late.reached();
    gate.open();
    run.finish().ok().says("done: production runs");
    let before = deploy.snapshot();
    late.open();
    ben.finish()
        .exits(1)
        .says("Ada Example deployed")
        .says(&deploy.nth(5)[..8])
        .never_shows("done:");
    assert_eq!(deploy.snapshot(), before);
    promoted_once(&deploy);
}

/// Returns a hook that holds this person's first event at a gate.
fn only_for(deploy: &Deploy, name: &str, gate: &Gate) -> String {
    let once = deploy.path("only.once");
    format!(
        "while read -r old new ref; do\n  if [ \"$(git log -1 --format=%an $new)\" = '{name}' ] && mkdir '{}' 2>/dev/null; then\n    {}\n  fi\ndone",
        once.display(),
        gate.line()
    )
}

// R6
#[test]
fn a_block_that_comes_between_announcement_and_push_stops_the_push() {
    let deploy = signed_off(announcing());
    let [ada, ben] = team(&deploy, 2).try_into().ok().unwrap();
    let (run, gate) = announced(&deploy, &ada);
    ben.smp(&["signoff", "--block", "maps are empty"]).ok();
    gate.open();
    run.finish()
        .exits(1)
        .says("is blocked")
        .says("Ben Example blocked it")
        .says("maps are empty");
    let chain = deploy.chain();
    assert_eq!(
        chain.only("ended").field("Intent"),
        chain.only("promoting").id
    );
    assert!(chain.state["deploying"].is_null());
    deploy.ran([2]);
}

// R6, with announcement and push as one push: both are declined together.
#[test]
fn a_block_that_arrives_before_the_announcement_keeps_back_both() {
    for topology in topologies() {
        let deploy = signed_off(over_a_path().on(topology));
        let [ada, ben] = team(&deploy, 2).try_into().ok().unwrap();
        let gate = for_the_first(&deploy, &deploy.main, "pre-receive");
        let run = ada.promotes(&[]);
        gate.reached();
        ben.smp(&["signoff", "--block", "maps are empty"]).ok();
        let before = deploy.snapshot();
        gate.open();
        run.finish()
            .exits(1)
            .says("Ben Example blocked it")
            .never_shows("done:");
        assert_eq!(deploy.snapshot(), before);
        assert_eq!(deploy.chain().count("promoting"), 0);
    }
}

// The host moves each ref by itself, so the first of its pushes never began.
#[test]
fn who_is_kept_back_before_the_push_is_not_told_of_one() {
    let deploy = signed_off(announcing().on(Topology::Branches));
    let [ada, ben] = team(&deploy, 2).try_into().ok().unwrap();
    let gate = for_the_first(&deploy, &deploy.main, "pre-receive");
    let begun = std::time::Instant::now();
    let run = ada.promotes(&[]);
    gate.reached();
    ben.smp(&["signoff", "--block", "maps are empty"]).ok();
    let before = deploy.snapshot();
    gate.open();
    let run = run.finish();
    // An attempt that takes a second is shown, whatever its result.
    let is_quick = begun.elapsed().as_secs_f32() < 0.9;
    run.exits(1).says("Ben Example blocked it");
    assert!(!is_quick || !run.stderr.contains(") ...\n"), "{run}");
    assert_eq!(deploy.snapshot(), before);
}

#[test]
fn of_two_who_promote_the_same_the_one_whose_text_is_not_used_is_told() {
    const PRINTED: &str = "[record]\n[channels.product]\nkind = \"print\"\n";
    let world = World::deploy_like().without_pages().toml(PRINTED);
    let deploy = signed_off(world.on(Topology::Branches));
    let [ada, ben] = team(&deploy, 2).try_into().ok().unwrap();
    let gate = for_the_first(&deploy, &deploy.main, "pre-receive");
    let run = ada.promotes(&["--summary", "- Words of Ada"]);
    gate.reached();
    let other = ben.promotes(&["--summary", "- Words of Ben"]).finish();
    other.ok().never_shows("not posted");
    gate.open();
    run.finish()
        .ok()
        .says("so this is not posted to the product channel; paste it if needed:");
    assert_eq!(deploy.chain().count("promoted"), 1);

    let world = World::deploy_like().without_pages().toml(PRINTED);
    let deploy = signed_off(world.on(Topology::Branches));
    let [ada, ben] = team(&deploy, 2).try_into().ok().unwrap();
    let gate = for_the_first(&deploy, &deploy.main, "pre-receive");
    let run = ada.promotes(&["--summary", "- The same words"]);
    gate.reached();
    ben.promotes(&["--summary", "- The same words"])
        .finish()
        .ok();
    gate.open();
    run.finish()
        .ok()
        .prints("")
        .says("the other run posts the same text to the product channel\n")
        .never_shows("paste it");
}

// F-PUSH-6
#[test]
fn a_production_that_moved_between_announcement_and_push_is_left_alone_and_the_announcement_is_ended()
 {
    let deploy = signed_off(announcing());
    let [ada] = team(&deploy, 1).try_into().ok().unwrap();
    let (run, gate) = announced(&deploy, &ada);
    deploy.colleague_pushes(&deploy.production, deploy.nth(3));
    gate.open();
    let run = run.finish();
    run.exits(1)
        .says("production changed after the plan was shown")
        .says(&deploy.nth(3)[..8]);
    let chain = deploy.chain();
    assert_eq!(
        chain.only("ended").field("Intent"),
        chain.only("promoting").id
    );
    deploy.ran([2, 3]);

    // It is not at the proposal's commit either.
    let before = deploy.snapshot();
    let run = ada.promotes(&[]).finish();
    run.exits(1)
        .says("production changed since the proposal")
        .says(&deploy.nth(2)[..8]);
    run.says(&deploy.nth(3)[..8]).says("git smp postpone");
    let planned = ada.smp(&["promote", "-n", "--json"]);
    assert_eq!(planned.exits(1).json()["refusal"]["code"], "target-moved");
    assert_eq!(deploy.snapshot(), before);
}

// --- outside git smp

#[test]
fn many_who_see_a_push_by_hand_at_once_put_it_on_record_once() {
    for world in sample(1, [over_a_path(), over_http()]) {
        let deploy = signed_off(world);
        promotion_of(&deploy).ok();
        for bare in [&deploy.staging, &deploy.production] {
            deploy.colleague_pushes(bare, deploy.nth(6));
        }
        let gate = barrier(&deploy, "observe");
        let members = team(&deploy, crowd());
        let promote =
            |member: &Member<'_>| member.start(&["promote", "--yes", "--commit", deploy.nth(6)]);
        let runs = all_at_once(&gate, members.iter().map(promote).collect());
        let wrote = runs
            .iter()
            .filter(|run| run.ok().stderr.contains("recorded: production runs"))
            .count();
        let chain = deploy.chain();
        let event = chain.only("observed");
        assert_eq!(
            (event.field("From"), event.field("Commit")),
            (deploy.nth(5), deploy.nth(6))
        );
        assert_eq!(wrote, 1);
        assert!(members.iter().any(|member| member.name == event.author));
    }
}

// --- after the push

// F-LOCK-2, F-KILL-3: the push outlives its program.
#[test]
fn a_promotion_that_vanished_after_its_push_is_finished_by_a_colleague_in_its_name() {
    let deploy = signed_off(World::deploy_like().ref_by_ref().toml("[record]\n"));
    let [ada, ben] = team(&deploy, 2).try_into().ok().unwrap();
    let gate = for_the_first(&deploy, &deploy.production, "pre-receive");
    let mut run = ada.promotes(&[]);
    gate.reached();
    run.signal(rustix::process::Signal::KILL);
    run.finish().exits(128 + 9);
    ben.promotes(&[])
        .finish()
        .exits(1)
        .says("Ada Example began to promote");
    gate.open();
    crate::promote::comes_to(&deploy, &deploy.production, deploy.nth(5));
    // The branch has the commit, the page does not show it yet: the run waits, without --take-over.
    deploy
        .web
        .set("/production", crate::support::Page::commit(deploy.nth(2)));
    let run = ben.promotes(&[]);
    let asked = deploy.web.asked_for("/production").len();
    deploy.web.is_asked_for("/production", asked + 2);
    deploy
        .web
        .set("/production", crate::support::Page::commit(deploy.nth(5)));
    run.finish()
        .ok()
        .says("done: production runs")
        .says("on record");
    promoted_once(&deploy);
    let chain = deploy.chain();
    let promoted = chain.only("promoted");
    assert_eq!(
        (promoted.author.as_str(), promoted.field("Announced-By")),
        ("Ben Example", "Ada Example")
    );
    assert_eq!(promoted.field("Intent"), chain.only("promoting").id);
    assert_eq!(
        chain.state["deploys"]["production"]["by"]["name"],
        "Ada Example"
    );
    ada.promotes(&[]).finish().ok().says("nothing to promote");
}

// F-LOCK-1, "same clone"
#[test]
fn two_programs_in_one_clone_do_not_deploy_at_once() {
    let deploy = signed_off(over_a_path());
    let [ada] = team(&deploy, 1).try_into().ok().unwrap();
    let gate = for_the_first(&deploy, &deploy.production, "pre-receive");
    let first = ada.promotes(&[]);
    gate.reached();
    // A script finds the note of the first push before the lock; a person confirms and then finds the lock.
    let mut terminal = ada.runner().env("NO_COLOR", "1").terminal(&["promote"]);
    terminal
        .sees("Type production to deploy: ")
        .enters("production");
    terminal
        .ends()
        .exits(1)
        .says("another git smp is deploying from this clone");
    gate.open();
    first.finish().ok();
    promoted_once(&deploy);
}

// F-LOCK-5
#[test]
fn no_clock_decides_anything() {
    let deploy = ready(over_a_path());
    proposed(&deploy);
    // Simulate a record whose writer's clock is decades off.
    for at in [0_i64, 4_102_444_800] {
        let chain = deploy.chain();
        let mut state = chain.state.clone();
        state["candidate"]["at"] = at.into();
        let [ada, ben] = team(&deploy, 2).try_into().ok().unwrap();
        rewrite(&deploy, &state);
        ben.smp(&["signoff", "--note", &format!("at {at}")]).ok();
        ada.smp(&["status"]).ok().prints_among("Ben Example");
        deploy.git(
            "",
            &[
                "-C",
                ada.folder.to_str().unwrap(),
                "update-ref",
                "-d",
                "refs/smp/seen",
            ],
        );
        std::fs::remove_dir_all(ben.folder).unwrap();
    }
    deploy.smp(&promotion(&deploy)).ok();
    deploy.ran([2, 5]);
}

/// Replaces the last event's state, and makes every clone forget its copy.
#[track_caller]
fn rewrite(deploy: &Deploy, state: &serde_json::Value) {
    let text = serde_json::to_string(state).unwrap();
    let run = |input: &str, args: &[&str]| {
        deploy
            .runner()
            .cwd(&deploy.main)
            .stdin(input)
            .program("git", args)
            .ok()
            .out()
            .trim_end()
            .to_owned()
    };
    let blob = run(&text, &["hash-object", "-w", "--stdin"]);
    let tree = run(&format!("100644 blob {blob}\tstate.json\n"), &["mktree"]);
    let last = run("", &["cat-file", "commit", "refs/smp/record"]);
    let rest = last.split_once('\n').unwrap().1;
    let commit = run(
        &format!("tree {tree}\n{rest}\n"),
        &["hash-object", "-t", "commit", "-w", "--stdin"],
    );
    run("", &["update-ref", "refs/smp/record", &commit]);
    for clone in ["work", "clone-1"] {
        deploy.git(clone, &["update-ref", "-d", "refs/smp/seen"]);
    }
}
