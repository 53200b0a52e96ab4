//! The cost of a command: its connections to remotes, and its git processes, both counted from git's own trace of every
//! process on either side.

use std::collections::BTreeMap;
use std::fs;

use crate::posts::{chatting_like, with_webhooks};
use crate::promote::ready;
use crate::record::{RECORD, recorded_like};
use crate::support::{Deploy, Runner, Topology, World};

/// git's work for one command.
#[derive(Debug)]
pub struct Cost {
    /// The number of connections to each repository, by purpose: `read main`, `write staging`.
    connections: BTreeMap<String, usize>,
    /// Every git process, by its words.
    pub processes: Vec<String>,
}

impl Cost {
    /// Returns the number of connections.
    fn sum(&self) -> usize {
        self.connections.values().sum()
    }

    /// Asserts exactly these connections.
    #[track_caller]
    fn is(&self, expected: &[(&str, usize)]) -> &Cost {
        let expected: BTreeMap<String, usize> = expected
            .iter()
            .map(|(what, count)| ((*what).to_owned(), *count))
            .collect();
        assert_eq!(self.connections, expected, "{self:#?}");
        self
    }

    /// Returns the number of processes with this command.
    fn count(&self, command: &str) -> usize {
        let of = |line: &&String| line.split(' ').any(|word| word == command);
        self.processes.iter().filter(of).count()
    }
}

/// Runs a command, which must succeed, and counts.
#[track_caller]
pub fn cost(deploy: &Deploy, runner: Runner<'_>, args: &[&str]) -> Cost {
    let folder = deploy.path("trace2");
    fs::create_dir(&folder).unwrap();
    // git smp removes trace variables for git, so a wrapper of git sets them.
    let target = folder.display();
    let script = format!(
        "PATH=${{PATH#*:}} GIT_TRACE2_EVENT={target}; export PATH GIT_TRACE2_EVENT; exec git \"$@\""
    );
    deploy.executable("traced/git", &script);
    let traced = runner.directly().path_first("traced");
    traced.smp(args).ok();
    let files = fs::read_dir(&folder).unwrap();
    let all: String = files
        .map(|file| fs::read_to_string(file.unwrap().path()).unwrap())
        .collect();
    fs::remove_dir_all(&folder).unwrap();
    let starts: Vec<Vec<String>> = all.lines().filter_map(started).collect();
    let mut connections = BTreeMap::new();
    for what in starts.iter().filter_map(|words| served(words)) {
        *connections.entry(what).or_default() += 1;
    }
    let processes = starts.iter().map(|words| words.join(" ")).collect();
    Cost {
        connections,
        processes,
    }
}

/// Returns the words of a started process, if a line of git's trace reports a start.
fn started(line: &str) -> Option<Vec<String>> {
    let event: serde_json::Value = serde_json::from_str(line).unwrap();
    let words = event["argv"].as_array()?.iter();
    (event["event"] == "start").then(|| words.map(|word| word.as_str().unwrap().into()).collect())
}

/// Returns the repository that a process serves, and whether it reads or writes, if it is the far end of a connection.
fn served(words: &[String]) -> Option<String> {
    let (program, first) = (words.first()?, words.get(1)?);
    let is = |name: &str| program.ends_with(&format!("git-{name}")) || first == name;
    let way = match (is("upload-pack"), is("receive-pack")) {
        (true, _) => "read",
        (_, true) => "write",
        _ => return None,
    };
    let place = words.last()?.rsplit('/').next()?;
    Some(format!("{way} {}", place.trim_end_matches(".git")))
}

#[track_caller]
fn promoted(deploy: &Deploy, runner: Runner<'_>, more: &[&str]) -> Cost {
    let commit = deploy.master(&deploy.staging);
    let promote = ["promote", "--yes", "--timeout", "20", "--commit", &commit];
    cost(deploy, runner, &[&promote, more].concat())
}

#[test]
fn a_week_with_a_record_and_posts_that_are_sent() {
    let deploy = chatting_like(World::deploy_like(), "teams");
    let ada = || with_webhooks(&deploy);
    let look = [
        ("read main", 1),
        ("read staging", 1),
        ("read production", 1),
    ];
    let with = |more: &[(&'static str, usize)]| [look.as_slice(), more].concat();

    // The look, the proposal with the beginning of its post, and the accepted post.
    let propose = cost(&deploy, ada(), &["propose", "--yes"]);
    propose.is(&with(&[("write main", 2)]));
    // The look and the verdict.
    let signoff = cost(&deploy, ada(), &["signoff"]);
    signoff.is(&[("read main", 1), ("write main", 1)]);
    // The look, the announcement, the record again, the push, its result, its end with the beginning of the post, and
    // the accepted post.
    let promote = promoted(&deploy, ada(), &["--summary", "New maps"]);
    assert_eq!(promote.sum(), 9, "{promote:#?}");
    promote.is(&[
        ("read main", 2),
        ("read staging", 1),
        ("read production", 2),
        ("write main", 3),
        ("write production", 1),
    ]);
    cost(&deploy, ada(), &["status"]).is(&look);
}

#[test]
fn a_week_with_a_record_and_no_chat() {
    let deploy = recorded_like(World::deploy_like());
    let ada = || deploy.runner();
    // A printed post is one event.
    let propose = cost(&deploy, ada(), &["propose", "--yes"]);
    assert_eq!((propose.sum(), propose.connections["write main"]), (5, 2));
    let postpone = cost(&deploy, ada(), &["postpone", "--yes", "--reason", "a bug"]);
    postpone.is(&[("read main", 1), ("write main", 1)]);
    cost(&deploy, ada(), &["propose", "--yes"]);
    cost(&deploy, ada(), &["signoff"]).is(&[("read main", 1), ("write main", 1)]);
    let promote = promoted(&deploy, ada(), &[]);
    assert_eq!((promote.sum(), promote.connections["write main"]), (8, 2));
    let back = ["rollback", "--yes", "--to", deploy.nth(2)];
    cost(&deploy, ada(), &back).is(&[
        ("read main", 2),
        ("read production", 2),
        ("write main", 2),
        ("write production", 1),
    ]);
}

#[test]
fn a_promotion_without_a_record() {
    let deploy = ready(World::deploy_like());
    promoted(&deploy, deploy.runner(), &[]).is(&[
        ("read main", 1),
        ("read staging", 1),
        ("read production", 2),
        ("write production", 1),
    ]);
}

#[test]
fn where_only_branches_tell_what_runs_they_are_asked_once_more() {
    let deploy = recorded_like(World::deploy_like().without_pages());
    let ada = || deploy.runner();
    let propose = cost(&deploy, ada(), &["propose", "--yes"]);
    propose.is(&[
        ("read main", 1),
        ("read staging", 2),
        ("read production", 2),
        ("write main", 2),
    ]);
    let signoff = cost(&deploy, ada(), &["signoff"]);
    signoff.is(&[("read main", 1), ("read staging", 1), ("write main", 1)]);
    promoted(&deploy, ada(), &[]).is(&[
        ("read main", 2),
        ("read staging", 2),
        ("read production", 4),
        ("write main", 2),
        ("write production", 1),
    ]);
}

/// Branches of one repository are requested together; the main branch and the record are another request, which fetches
/// their commits.
#[test]
fn branches_of_the_main_repository_are_asked_for_with_one_question() {
    let world = World::deploy_like().on(Topology::Branches).without_pages();
    let deploy = world.toml("[record]\nsignoff = false\n").build();
    let (line, more) = (deploy.another("us").1, "promotes = \"staging\"");
    deploy.add_toml(&format!("\n[environments.us]\n{line}\n{more}\n"));
    deploy.trust();
    let status = cost(&deploy, deploy.runner(), &["status"]);
    status.is(&[("read main", 2)]);
    assert_eq!(status.count("ls-remote"), 1, "{status:#?}");
    // The look; the same two requests again directly before the push; its result, and the running commit. The
    // announcement and the branch are one push.
    promoted(&deploy, deploy.runner(), &["us"]).is(&[("read main", 6), ("write main", 2)]);
}

#[test]
fn setup_asks_each_remote_once_and_tries_each_door() {
    let deploy = World::deploy_like().toml(RECORD).build();
    let setup = || cost(&deploy, deploy.runner(), &["setup", "--yes"]);
    let asks = [("read staging", 1), ("read production", 1)];
    let tries = [("write staging", 1), ("write production", 1)];
    // The record is begun and read back, because some hosts accept such a ref and hide it.
    let begins = [("read main", 2), ("write main", 1)];
    setup().is(&[asks, tries, begins].concat());
    let looks = [("read main", 1), ("write main", 1)];
    setup().is(&[asks, tries, looks].concat());
}

#[test]
fn an_event_is_one_push_and_its_note_takes_no_process() {
    let deploy = recorded_like(World::deploy_like());
    deploy.smp(&["propose", "--yes"]).ok();
    let signoff = cost(&deploy, deploy.runner(), &["signoff"]);
    let own = ["var", "push", "update-ref"].map(|command| signoff.count(command));
    assert_eq!(own, [0, 1, 0], "{signoff:#?}");
    // Its configuration, the look with its far end, the push with its far end and their children.
    assert!(signoff.processes.len() <= 10, "{signoff:#?}");
}
