//! Runs that are killed at any step and repeated: the same command then succeeds, with one deploy and one event each.
//!
//! A `git` first on PATH counts the program's calls. Every effect outside of the clone is such a call, so "before and
//! after each call" covers every boundary between two steps.

use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use rustix::process::Signal;

use crate::ask::{asking_with, promotes as promoting, smp as with_forge, with_token};
use crate::promote::{comes_to, person, ready};
use crate::record::{proposed, proposed_on, signed_off_on};
use crate::sample::{Random, everything, sample};
use crate::support::{
    Chain, Deploy, Fault, Gate, IssuesApi, PATIENCE, Page, Posted, Rule, Run, Runner, Speaks,
    TOPOLOGIES, Topology, World, topologies,
};

/// Takes the next free number, logs the call, and kills at the given number.
const SHIM: &str = r#"set -C
number=1
until true 2>/dev/null >"$SHIM_CALLS/$number"; do number=$((number + 1)); done
set +C
echo "$*" >"$SHIM_CALLS/$number"
how=
[ "$number" != "$SHIM_AT" ] || how=$SHIM_HOW
case $how in
  before) kill -9 -$PPID; kill -9 $$ ;;
  during) kill -9 $PPID ;;
esac
"$SHIM_GIT" "$@"
code=$?
[ "$how" != after ] || kill -9 $PPID
: >"$SHIM_CALLS/$number.ended"
exit $code"#;

/// The fast tests take one step of this many.
pub const EACH: usize = 16;

/// The moment of the kill at a call of git.
#[derive(Debug, Clone, Copy, PartialEq)]
enum How {
    /// With all its children, before git does anything, as when the machine fails.
    Before,
    /// Alone, after git started; git continues.
    During,
    /// Alone, after git finished.
    After,
}

/// A world that is restored after each attempt, and the command that is killed in it.
pub struct Lab<'a> {
    deploy: Deploy,
    command: Vec<String>,
    /// Asserts the conditions at the end.
    holds: &'a dyn Fn(&Deploy, &Chain),
    /// The forge with the issues of proposals, and its issues at the beginning.
    forge: Option<(&'a IssuesApi, Vec<Posted>)>,
}

const FOLDERS: [&str; 4] = ["main.git", "staging.git", "production.git", "work"];

impl<'a> Lab<'a> {
    /// Creates a lab for this command. Each attempt begins with the present state.
    #[track_caller]
    pub fn new(deploy: Deploy, command: &[&str], holds: &'a dyn Fn(&Deploy, &Chain)) -> Lab<'a> {
        deploy.executable("bin/git", SHIM);
        let lab = Lab {
            deploy,
            command: command.iter().map(ToString::to_string).collect(),
            holds,
            forge: None,
        };
        lab.shell("mkdir kept; cp -a \"$@\" kept/");
        lab
    }

    /// Adds a forge on which proposals open issues.
    fn asking(self, api: &'a IssuesApi) -> Lab<'a> {
        let forge = Some((api, api.issues()));
        Lab { forge, ..self }
    }

    fn runner(&self) -> Runner<'_> {
        match &self.forge {
            Some((api, _)) => with_token(&self.deploy, api),
            None => self.deploy.runner(),
        }
    }

    #[track_caller]
    fn shell(&self, script: &str) {
        let args = [&["-ec", script, "sh"], FOLDERS.as_slice()].concat();
        self.deploy.runner().cwd("").program("sh", &args).ok();
    }

    #[track_caller]
    fn put_back(&self) {
        self.shell("rm -rf \"$@\" calls; mkdir calls; for each in \"$@\"; do cp -a \"kept/$each\" \"$each\"; done");
        if let Some((api, before)) = &self.forge {
            api.has(before.clone());
        }
    }

    fn calls(&self) -> PathBuf {
        self.deploy.path("calls")
    }

    fn args(&self) -> Vec<&str> {
        self.command.iter().map(String::as_str).collect()
    }

    /// Returns a runner with the counting git, which kills at call `at`.
    fn watched(&self, at: usize, how: How) -> Runner<'_> {
        let ours = self.deploy.env();
        let path = &ours.iter().find(|(name, _)| name == "PATH").unwrap().1;
        let git = std::env::split_paths(path)
            .map(|folder| folder.join("git"))
            .find(|git| git.is_file())
            .unwrap();
        let runner = self
            .runner()
            .directly()
            .path_first("bin")
            .env("SHIM_GIT", git);
        runner
            .env("SHIM_CALLS", self.calls())
            .env("SHIM_AT", at.to_string())
            .env("SHIM_HOW", format!("{how:?}").to_lowercase())
    }

    /// Returns the calls of git of a complete run, in order.
    #[track_caller]
    fn course(&self) -> Vec<String> {
        self.put_back();
        self.watched(0, How::After).smp(&self.args()).ok();
        (self.holds)(&self.deploy, &self.deploy.chain());
        let call = |number: usize| fs::read_to_string(self.calls().join(number.to_string())).ok();
        (1..).map_while(call).collect()
    }

    /// Waits for the end of the children that outlived the program.
    #[track_caller]
    fn quiet(&self, which: impl Fn(&str) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        let running = |number: &usize| {
            let call =
                fs::read_to_string(self.calls().join(number.to_string())).unwrap_or_default();
            which(&call) && !self.calls().join(format!("{number}.ended")).exists()
        };
        let begun = || (1..).take_while(|number| self.calls().join(number.to_string()).exists());
        while let Some(number) = begun().find(running) {
            assert!(
                Instant::now() < deadline,
                "call {number} of git does not end"
            );
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// Repeats the command until it succeeds, as a script does, and checks the result.
    #[track_caller]
    fn again(&self, story: &str) {
        let mut runs: Vec<Run> = Vec::new();
        while runs.last().is_none_or(|run| run.code != 0) {
            let run = self.runner().directly().smp(&self.args());
            if run.code != 0 && run.stderr.contains("its result is unknown") {
                // A push without a trace may still be in progress, so half an hour must pass.
                outlive_notes(&self.deploy);
            }
            runs.push(run);
            assert!(
                runs.len() <= 3,
                "{story}: {}",
                runs.iter().map(ToString::to_string).collect::<String>()
            );
        }
        eprintln!("{story}");
        (self.holds)(&self.deploy, &self.deploy.chain());
    }

    /// Kills before and after every call, and during each push: at one of `each` points; in a full run at all.
    #[track_caller]
    pub fn survives_steps(&self, offset: usize, each: usize) {
        let course = self.course();
        let mut points = Vec::new();
        let all = everything();
        for (number, call) in (1..)
            .zip(&course)
            .filter(|(number, call)| all || writes(call) || number % 8 == 0)
        {
            points.extend([(number, How::Before, call), (number, How::After, call)]);
            points.extend(is_push(call).then_some((number, How::During, call)));
        }
        let ours: Vec<_> = if all {
            points
        } else {
            points.into_iter().skip(offset).step_by(each).collect()
        };
        let mut killed = 0;
        for (number, how, call) in &ours {
            let story = format!(
                "killed {how:?} call {number} of {}: {}",
                course.len(),
                call.trim()
            );
            self.put_back();
            let run = self.watched(*number, *how).smp(&self.args());
            killed += usize::from(run.code == 128 + 9);
            assert!(run.code == 0 || run.code == 128 + 9, "{story}: {run}");
            match how {
                How::After => self.quiet(|_| true),
                // The remaining git overlaps with the next run, or ended before.
                How::During => {}
                // A push to an environment has its own process group, and this push never started. Each run has one
                // such push; its arguments differ if an announcement goes with it.
                How::Before => self.quiet(|other| is_deploy(other) && !is_deploy(call)),
            }
            self.again(&story);
            self.quiet(|other| *how == How::During && is_push(other));
        }
        // Parallel calls have a varying order, and some may be skipped, but only few.
        assert!(
            killed * 10 >= ours.len() * 9,
            "only {killed} of {} were killed",
            ours.len()
        );
    }

    /// Sends each of these signals at random times of a run.
    #[track_caller]
    fn survives_signals(&self, seed: u64, rounds: Range<usize>) {
        self.put_back();
        let begun = Instant::now();
        self.deploy.runner().directly().smp(&self.args()).ok();
        let full = u64::try_from(begun.elapsed().as_micros()).unwrap();
        let mut random = Random(seed);
        for round in rounds {
            let time = Duration::from_micros(random.next() % full);
            let signal = [Signal::KILL, Signal::INT, Signal::TERM, Signal::HUP][round % 4];
            let group = random.below(2) == 1;
            let story =
                format!("seed {seed}, round {round}: {signal:?} after {time:?}, to all: {group}");
            self.put_back();
            let mut run = self.watched(0, How::After).start(&self.args());
            std::thread::sleep(time);
            if group {
                run.signal_group(signal);
            } else {
                run.signal(signal);
            }
            let run = run.finish();
            assert_ne!(run.code, 2, "{story}: {run}");
            self.again(&story);
            self.quiet(is_deploy);
        }
    }
}

fn writes(call: &str) -> bool {
    ["push", "update-ref", "hash-object", "commit-tree", "fetch"]
        .iter()
        .any(|word| call.contains(&format!(" {word} ")))
}

fn is_push(call: &str) -> bool {
    call.contains(" push ")
}

/// Returns whether the call is a push to an environment, not one to the record.
fn is_deploy(call: &str) -> bool {
    is_push(call) && call.contains(":refs/heads/")
}

/// Ages the notes of pushes by half an hour.
fn outlive_notes(deploy: &Deploy) {
    outlive_notes_in(&deploy.work);
}

/// Ages the notes of pushes in this clone by half an hour.
pub fn outlive_notes_in(clone: &Path) {
    for entry in fs::read_dir(clone.join(".git/smp")).unwrap().flatten() {
        if entry
            .file_name()
            .to_string_lossy()
            .starts_with("in-flight-")
        {
            let file = fs::File::options().write(true).open(entry.path()).unwrap();
            file.set_modified(SystemTime::now() - Duration::from_secs(31 * 60))
                .unwrap();
        }
    }
}

fn with_record_on(topology: Topology) -> Deploy {
    let world = World::deploy_like().on(topology);
    ready(world.without_pages().toml("[record]\n"))
}

pub fn promotion(deploy: &Deploy) -> [String; 6] {
    let commit = deploy.nth(5);
    ["promote", "--yes", "--commit", commit, "--timeout", "2"].map(str::to_owned)
}

pub fn words(command: &[String]) -> Vec<&str> {
    command.iter().map(String::as_str).collect()
}

/// Returns the number of announcements without an end and without a later one in their place.
fn announced(chain: &Chain, word: &str) -> usize {
    let aside: Vec<&String> = chain
        .events
        .iter()
        .filter_map(|event| event.more.get("Over"))
        .flatten()
        .collect();
    chain
        .all(word)
        .filter(|event| !aside.contains(&&event.id))
        .count()
        - chain.count("ended")
}

pub fn promoted_once(deploy: &Deploy, chain: &Chain) {
    assert_eq!(
        deploy.deploys(&deploy.production),
        [deploy.nth(2), deploy.nth(5)],
        "{:?}",
        chain.words()
    );
    assert_eq!(deploy.master(&deploy.production), deploy.nth(5));
    chain.only("proposed");
    chain.only("posted");
    chain.only("promoted");
    assert_eq!(announced(chain, "promoting"), 1, "{:?}", chain.words());
    assert!(
        chain.state["candidate"].is_null() && chain.state["deploying"].is_null(),
        "{}",
        chain.state
    );
}

fn proposed_once(deploy: &Deploy, chain: &Chain) {
    assert_eq!(chain.words(), ["proposed", "posted"]);
    assert_eq!(chain.state["candidate"]["commit"], deploy.nth(5));
}

fn judged_once(_: &Deploy, chain: &Chain) {
    assert_eq!(chain.words(), ["proposed", "posted", "signed-off"]);
}

fn postponed_once(_: &Deploy, chain: &Chain) {
    assert_eq!(chain.words(), ["proposed", "posted", "postponed"]);
}

fn staged_once(deploy: &Deploy, chain: &Chain) {
    assert_eq!(
        deploy.deploys(&deploy.staging),
        [deploy.nth(5), deploy.nth(6)],
        "{:?}",
        chain.words()
    );
    chain.only("staged");
    assert_eq!(announced(chain, "staging"), 1, "{:?}", chain.words());
    assert!(chain.state["deploying"].is_null());
}

fn fixed_once(deploy: &Deploy, chain: &Chain) {
    let fix = chain.only("staged-fix").field("Commit");
    assert_eq!(
        deploy.deploys(&deploy.staging),
        [deploy.nth(5), fix],
        "{:?}",
        chain.words()
    );
    assert_eq!(announced(chain, "staging-fix"), 1, "{:?}", chain.words());
    assert_eq!(chain.state["candidate"]["commit"], fix);
    assert!(chain.state["deploying"].is_null());
}

fn rolled_back_once(deploy: &Deploy, chain: &Chain) {
    let all = [2, 5, 2].map(|number| deploy.nth(number));
    assert_eq!(
        deploy.deploys(&deploy.production),
        all,
        "{:?}",
        chain.words()
    );
    assert_eq!(chain.only("rolled-back").field("From"), deploy.nth(5));
    assert_eq!(announced(chain, "rolling-back"), 1, "{:?}", chain.words());
    chain.only("posted");
    assert!(
        chain.state["deploying"].is_null() && chain.state["owed"] == serde_json::json!([]),
        "{}",
        chain.state
    );
}

// --- F-KILL-1: every step

/// Kills this command at every step on each topology. The fast tests take different steps on each.
#[track_caller]
fn survives_everywhere<const N: usize>(
    offset: usize,
    world: impl Fn(Topology) -> Deploy,
    command: impl Fn(&Deploy) -> [String; N],
    holds: &dyn Fn(&Deploy, &Chain),
) {
    for (nth, topology) in TOPOLOGIES.into_iter().enumerate() {
        let deploy = world(topology);
        let command = command(&deploy);
        let lab = Lab::new(deploy, &words(&command), holds);
        lab.survives_steps(offset + nth * EACH, TOPOLOGIES.len() * EACH);
    }
}

#[test]
fn promote_killed_at_any_step_ends_right() {
    survives_everywhere(0, signed_off_on, promotion, &promoted_once);
}

#[test]
fn propose_killed_at_any_step_ends_right() {
    let command = |_: &Deploy| ["propose", "--yes"].map(str::to_owned);
    survives_everywhere(1, with_record_on, command, &proposed_once);
}

#[test]
fn a_verdict_or_postponement_killed_at_any_step_ends_right() {
    let signoff = |_: &Deploy| ["signoff"].map(str::to_owned);
    survives_everywhere(2, proposed_on, signoff, &judged_once);
    let postpone = |_: &Deploy| ["postpone", "--yes", "--reason", "later"].map(str::to_owned);
    survives_everywhere(0, proposed_on, postpone, &postponed_once);
}

#[test]
fn stage_killed_at_any_step_ends_right() {
    let command = |_: &Deploy| ["stage", "--yes", "--timeout", "2"].map(str::to_owned);
    survives_everywhere(2, with_record_on, command, &staged_once);
}

#[test]
fn rollback_killed_at_any_step_ends_right() {
    let toml = "[record]\nsignoff = false\n[channels.technical]\nkind = \"print\"\n";
    let promoted = |topology| {
        let deploy = ready(World::deploy_like().on(topology).without_pages().toml(toml));
        deploy.smp(&words(&promotion(&deploy))).ok();
        deploy
    };
    let command = |deploy: &Deploy| {
        ["rollback", "--to", deploy.nth(2), "--yes", "--timeout", "2"].map(str::to_owned)
    };
    survives_everywhere(1, promoted, command, &rolled_back_once);
}

#[test]
fn a_fix_killed_at_any_step_ends_right() {
    let command = |deploy: &Deploy| {
        let fix = deploy.nth(6);
        ["stage", "--fix", "--pick", fix, "--yes", "--timeout", "2"].map(str::to_owned)
    };
    survives_everywhere(1, proposed_on, command, &fixed_once);
}

/// A command in a world whose proposals open issues.
pub struct Asked {
    before: fn(&Deploy, &IssuesApi),
    typed: fn(&Deploy) -> Vec<String>,
    /// The conditions at the end, besides those of `nothing_twice`.
    holds: fn(&Deploy, &Chain, &[Posted]),
}

pub const PROPOSES: Asked = Asked {
    before: |_, _| {},
    typed: |_| typed(&["propose", "--yes"]),
    holds: |_, chain, issues| {
        chain.only("proposed");
        assert_eq!(chain.state["candidate"]["inquiry"]["issue"]["number"], 1);
        assert_eq!((issues.len(), issues[0].comments.len()), (1, 0));
    },
};
pub const HEARS: Asked = Asked {
    before: |deploy, api| {
        asks(deploy, api);
        yes(deploy, api);
        let text = format!("signoff {} on a phone", short(deploy.nth(5)));
        api.comments("ben-qa", "COLLABORATOR", &text);
    },
    typed: |_| typed(&["status"]),
    holds: |_, chain, _| assert_eq!(chain.count("signed-off"), 2, "{:?}", chain.words()),
};
pub const FIXES: Asked = Asked {
    before: |deploy, api| {
        asks(deploy, api);
        yes(deploy, api);
    },
    typed: |deploy| {
        let pick = ["--pick", deploy.nth(6), "--yes", "--timeout", "2"];
        typed(&[&["stage", "--fix"], &pick[..]].concat())
    },
    holds: |deploy, chain, issues| {
        let fix = chain.only("staged-fix").field("Commit");
        let all = [deploy.nth(5), fix];
        assert_eq!(deploy.deploys(&deploy.staging), all);
        assert_eq!(chain.state["candidate"]["commit"], fix);
        assert_eq!(chain.state["candidate"]["verdicts"], serde_json::json!([]));
        assert!(!issues[0].closed);
        assert_eq!(told(&issues[0]).len(), 1);
        assert!(told(&issues[0])[0].contains(&format!("signoff {}", short(fix))));
    },
};
pub const PROMOTES: Asked = Asked {
    before: |deploy, api| {
        asks(deploy, api);
        yes(deploy, api);
    },
    typed: |deploy| promotion(deploy).to_vec(),
    holds: |deploy, chain, issues| {
        chain.only("signed-off");
        chain.only("promoted");
        assert_eq!(announced(chain, "promoting"), 1, "{:?}", chain.words());
        let all = [2, 5].map(|number| deploy.nth(number));
        assert_eq!(deploy.deploys(&deploy.production), all);
        assert!(chain.state["candidate"].is_null(), "{}", chain.state);
        assert_eq!((issues[0].closed, told(&issues[0]).len()), (true, 1));
    },
};
pub const POSTPONES: Asked = Asked {
    before: asks,
    typed: |_| typed(&["postpone", "--yes", "--reason", "later"]),
    holds: |_, chain, issues| {
        chain.only("postponed");
        assert_eq!((issues[0].closed, told(&issues[0]).len()), (true, 1));
    },
};
pub const ROLLS_BACK: Asked = Asked {
    before: |deploy, api| {
        asks(deploy, api);
        yes(deploy, api);
        promoting(deploy, api).ok();
    },
    typed: |deploy| {
        let back = ["rollback", "--to", deploy.nth(2), "--yes", "--timeout", "2"];
        typed(&back)
    },
    holds: |deploy, chain, issues| {
        chain.only("rolled-back");
        let all = [2, 5, 2].map(|number| deploy.nth(number));
        assert_eq!(deploy.deploys(&deploy.production), all);
        assert_eq!((issues[0].closed, told(&issues[0]).len()), (true, 2));
    },
};

/// The rollback of a promotion whose checks failed: its candidate is still open, and so is the issue.
pub const ROLLS_BACK_WHAT_FAILED: Asked = Asked {
    before: |deploy, api| {
        let page = deploy.web.url("/health");
        deploy.web.set("/health", Page::body("no").status(503));
        deploy.add_toml(&format!(
            "[[environments.production.check]]\npage = \"{page}\"\ntimes = 1\n"
        ));
        deploy.agree();
        asks(deploy, api);
        yes(deploy, api);
        promoting(deploy, api).exits(4);
    },
    typed: |deploy| (ROLLS_BACK.typed)(deploy),
    holds: |deploy, chain, issues| {
        chain.only("rolled-back");
        let all = [2, 5, 2].map(|number| deploy.nth(number));
        assert_eq!(deploy.deploys(&deploy.production), all);
        assert_eq!(chain.state["candidate"]["commit"], deploy.nth(5));
        assert_eq!((issues[0].closed, told(&issues[0]).len()), (false, 1));
    },
};

fn typed(all: &[&str]) -> Vec<String> {
    all.iter().map(ToString::to_string).collect()
}

fn short(commit: &str) -> &str {
    &commit[..8]
}

fn asks(deploy: &Deploy, api: &IssuesApi) {
    with_forge(deploy, api, &["propose", "--yes"]).ok();
}

/// Posts a colleague's sign-off on the last issue.
fn yes(deploy: &Deploy, api: &IssuesApi) {
    let text = format!("signoff {}", short(deploy.nth(5)));
    api.comments("rosi-qa", "COLLABORATOR", &text);
}

/// Returns the program's comments on an issue.
pub fn told(issue: &Posted) -> Vec<&str> {
    let ours = issue.comments.iter().filter(|one| one.by == "ada-e");
    ours.map(|one| one.text.as_str()).collect()
}

/// Asserts that no post is owed, no verdict is recorded twice, and no comment is posted twice.
#[track_caller]
fn nothing_twice(chain: &Chain, issues: &[Posted]) {
    assert_eq!(chain.state["owed"], serde_json::json!([]));
    let comments = chain
        .events
        .iter()
        .filter_map(|one| one.more.get("Comment"));
    let mut comments: Vec<_> = comments.collect();
    let count = comments.len();
    comments.dedup();
    assert_eq!(comments.len(), count, "{:?}", chain.words());
    assert_eq!(issues.len(), 1);
    let mut said = told(&issues[0]);
    let count = said.len();
    said.sort_unstable();
    said.dedup();
    assert_eq!(said.len(), count, "{:?}", issues[0].comments);
}

impl Asked {
    /// Kills the command at every step in this world, or at one of `step` points.
    #[track_caller]
    pub fn survives(
        &self,
        (deploy, api): (Deploy, IssuesApi),
        also: fn(&Deploy),
        (offset, step): (usize, usize),
    ) {
        (self.before)(&deploy, &api);
        let words = (self.typed)(&deploy);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let holds = |deploy: &Deploy, chain: &Chain| {
            nothing_twice(chain, &api.issues());
            (self.holds)(deploy, chain, &api.issues());
            also(deploy);
        };
        let lab = Lab::new(deploy, &words, &holds).asking(&api);
        lab.survives_steps(offset, step);
    }

    /// Kills the command in a world without signatures.
    #[track_caller]
    fn survives_unsigned(&self, speaks: Speaks, offset: usize) {
        let chat = "[channels.technical]\nkind = \"print\"\n";
        self.survives(asking_with(speaks, chat), |_| {}, (offset, EACH));
    }
}

#[test]
fn an_issue_is_opened_once_wherever_the_proposal_is_killed() {
    PROPOSES.survives_unsigned(Speaks::GitHub, 0);
}

#[test]
fn a_comment_is_heard_once_wherever_the_run_that_reads_it_is_killed() {
    HEARS.survives_unsigned(Speaks::GitLab, 3);
}

#[test]
fn a_fix_asks_anew_once_wherever_it_is_killed() {
    FIXES.survives_unsigned(Speaks::GitHub, 2);
}

#[test]
fn a_comment_is_heard_once_and_the_issue_closed_once_wherever_a_promotion_is_killed() {
    PROMOTES.survives_unsigned(Speaks::GitHub, 1);
}

#[test]
fn an_issue_is_closed_once_wherever_a_postponement_or_a_rollback_is_killed() {
    let stories = [
        (ROLLS_BACK_WHAT_FAILED, Speaks::GitLab, 1),
        (ROLLS_BACK, Speaks::GitHub, 0),
        (POSTPONES, Speaks::GitLab, 2),
    ];
    for (story, speaks, offset) in sample(2, stories) {
        story.survives_unsigned(speaks, offset);
    }
}

// --- F-KILL-1: any time

#[test]
fn promote_ends_right_whenever_a_signal_comes() {
    let rounds = if everything() { 200 } else { 3 };
    for topology in topologies() {
        let deploy = signed_off_on(topology);
        let command = promotion(&deploy);
        Lab::new(deploy, &words(&command), &promoted_once).survives_signals(20_220_302, 0..rounds);
    }
}

#[test]
fn a_lock_that_a_killed_git_left_in_the_clone_hinders_nobody() {
    let deploy = proposed();
    let lock = deploy.work.join(".git/refs/smp/seen.lock");
    deploy.git(&deploy.work, &["update-ref", "-d", "refs/smp/seen"]);
    fs::create_dir_all(lock.parent().unwrap()).unwrap();
    fs::write(&lock, "").unwrap();
    // The clone's copy cannot be updated, but the record itself is on the main repository.
    deploy.smp(&["signoff"]).ok().never_shows("busy");
    assert_eq!(deploy.chain().count("signed-off"), 1);
    fs::remove_file(&lock).unwrap();
    deploy.smp(&["status"]).ok().prints_among("signed off by");
}

// --- the network

/// Returns a world whose main repository can fail, with a gate before production accepts a push.
fn failing() -> (Deploy, Gate) {
    let deploy = World::deploy_like()
        .on(Topology::Remotes)
        .without_pages()
        .over_open_http()
        .main_over_http()
        .toml("[record]\n");
    let deploy = ready(deploy);
    deploy.smp(&["propose", "--yes"]).ok();
    deploy.smp(&["signoff", "--by", "Rosi"]).ok();
    let gate = Gate::new(&deploy, "build");
    deploy.hook(&deploy.production, "pre-receive", &gate.line());
    (deploy, gate)
}

const RECORD: &str = "main.git/git-receive-pack";

// F-LOCK-6, F-LED-2: for the announcement, and again for its result.
#[test]
fn an_event_whose_answer_is_lost_is_recorded_once() {
    let (deploy, gate) = failing();
    let command = promotion(&deploy);
    let lab = Lab::new(deploy, &words(&command), &promoted_once);
    let faults = [
        Rule::post(RECORD, Fault::DropResponse).times(2),
        Rule::post(RECORD, Fault::TruncateResponse(30)),
        Rule::post(RECORD, Fault::Status(503)),
        Rule::post(RECORD, Fault::Status(503)).times(2),
    ];
    for fault in sample(2, faults) {
        lab.put_back();
        let http = lab.deploy.http();
        let hit = || {
            http.seen()
                .iter()
                .filter(|seen| seen.fault.is_some())
                .count()
        };
        let (before, pushes) = (hit(), http.pushes(&lab.deploy.production));
        http.fault(fault.clone());
        let run = lab.deploy.runner().directly().start(&lab.args());
        gate.reached();
        let between = hit();
        http.fault(fault.clone());
        gate.open();
        run.finish()
            .ok()
            .says("done: production runs")
            .says("on record");
        assert!(
            before < between && between < hit(),
            "{fault:?} does not happen"
        );
        promoted_once(&lab.deploy, &lab.deploy.chain());
        assert_eq!(http.pushes(&lab.deploy.production), pushes + 1);
        http.heal();
    }
}

// F-LOCK-7, in the middle of a run.
#[test]
fn a_main_repository_that_goes_down_after_the_push_leaves_a_step_for_the_next_run() {
    let (deploy, gate) = failing();
    let command = promotion(&deploy);
    let run = deploy.runner().directly().start(&words(&command));
    gate.reached();
    deploy
        .http()
        .fault(Rule::any("main.git", Fault::Status(503)).times(1000));
    gate.open();
    run.finish()
        .exits(4)
        .says("done: production runs")
        .says("upstream does not answer")
        .says("done before that: production");
    deploy.http().heal();
    deploy
        .smp(&words(&command))
        .ok()
        .says("on record; the freeze on staging is lifted");
    promoted_once(&deploy, &deploy.chain());
    assert_eq!(deploy.http().pushes(&deploy.production), 1);
    deploy.smp(&words(&command)).ok().says("nothing to promote");
}

#[test]
fn a_main_repository_that_goes_down_before_the_push_stops_it_and_the_next_run_goes_on() {
    let (deploy, production) = failing();
    let gate = Gate::new(&deploy, "record");
    deploy.hook(&deploy.main, "post-receive", &gate.line());
    let command = promotion(&deploy);
    let run = deploy.runner().directly().start(&words(&command));
    gate.reached();
    // The announcement succeeds; the check before the push and the withdrawal fail.
    deploy
        .http()
        .fault(Rule::any("main.git", Fault::Status(503)).times(1000));
    gate.open();
    run.finish()
        .exits(4)
        .says("the record still says that the deploy is in progress")
        .says("hint: to continue: ");
    assert_eq!(deploy.http().pushes(&deploy.production), 0);
    deploy.http().heal();
    (0..2).for_each(|_| gate.open());
    production.open();
    deploy.smp(&words(&command)).ok();
    promoted_once(&deploy, &deploy.chain());
}

// --- Ctrl-C

/// Returns a gate that holds only the next event.
fn next_event(deploy: &Deploy) -> Gate {
    let gate = Gate::new(deploy, "event");
    let once = deploy.path("event.once");
    let script = format!(
        "if mkdir '{}' 2>/dev/null; then {}; fi",
        once.display(),
        gate.line()
    );
    deploy.hook(&deploy.main, "post-receive", &script);
    gate
}

fn nothing_pushed(deploy: &Deploy, chain: &Chain) {
    deploy.ran([2]);
    assert!(
        chain.state["deploying"].is_null() && !chain.state["candidate"].is_null(),
        "{}",
        chain.state
    );
}

#[test]
fn ctrl_c_at_the_question_and_during_the_announcement_pushes_nothing_and_leaves_nothing_open() {
    let deploy = signed_off_on(Topology::Remotes);
    let mut terminal = person(&deploy).terminal(&["promote"]);
    terminal.sees("Type production to deploy: ").ctrl_c();
    terminal.ends().exits(3).says("no environment was changed");
    assert_eq!(deploy.chain().count("promoting"), 0);

    let gate = next_event(&deploy);
    let mut terminal = person(&deploy).terminal(&["promote"]);
    terminal
        .sees("Type production to deploy: ")
        .enters("production");
    gate.reached();
    terminal.ctrl_c();
    terminal.ends().exits(3).says("nothing was pushed");
    let chain = deploy.chain();
    nothing_pushed(&deploy, &chain);
    assert_eq!(
        chain.only("ended").field("Intent"),
        chain.only("promoting").id
    );
    deploy.smp(&words(&promotion(&deploy))).ok();
    promoted_once(&deploy, &deploy.chain());
}

#[test]
fn ctrl_c_during_the_push_says_that_the_host_may_still_deploy_and_the_next_run_records_it_once() {
    let (deploy, gate) = failing();
    let command = promotion(&deploy);
    let mut terminal = person(&deploy).terminal(&words(&command));
    gate.reached();
    terminal
        .ctrl_c()
        .sees("the push cannot be stopped; waiting for it. Press Ctrl-C again to leave it running");
    crate::push::insists(&mut terminal);
    terminal
        .ends()
        .exits(4)
        .says("interrupted while")
        .says("the host may still deploy it")
        .says("hint: see the result");
    assert_eq!(deploy.chain().count("ended"), 0);
    gate.open();
    comes_to(&deploy, &deploy.production, deploy.nth(5));
    deploy.smp(&words(&command)).ok().says("on record");
    promoted_once(&deploy, &deploy.chain());
    assert_eq!(deploy.http().pushes(&deploy.production), 1);
}

#[test]
fn ctrl_c_while_the_page_hangs_or_the_end_is_recorded_loses_nothing() {
    let deploy = ready(World::deploy_like().toml("[record]\n"));
    deploy.smp(&["propose", "--yes"]).ok();
    deploy.smp(&["signoff", "--by", "Rosi"]).ok();
    let build = Gate::new(&deploy, "build");
    deploy.hook(&deploy.production, "pre-receive", &build.line());
    let mut terminal = person(&deploy).terminal(&["promote"]);
    terminal
        .sees("Type production to deploy: ")
        .enters("production");
    build.reached();
    deploy.web.set("/production", Page::commit(deploy.nth(2)));
    build.open();
    terminal.sees("waiting for production").ctrl_c();
    terminal
        .ends()
        .exits(4)
        .says("interrupted before production reported")
        .says("hint: to continue");
    let chain = deploy.chain();
    assert_eq!(
        (announced(&chain, "promoting"), chain.count("promoted")),
        (1, 0)
    );

    let gate = next_event(&deploy);
    deploy.web.set("/production", Page::commit(deploy.nth(5)));
    let mut terminal = person(&deploy).terminal(&["promote"]);
    gate.reached();
    terminal.ctrl_c();
    terminal
        .ends()
        .ok()
        .says("on record; the freeze on staging is lifted");
    promoted_once(&deploy, &deploy.chain());
    deploy
        .smp(&words(&promotion(&deploy)))
        .ok()
        .says("nothing to promote");
}
