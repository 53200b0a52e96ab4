//! Generated events that are forged, replayed, reordered or renamed: none of them counts, and each is reported. The
//! fast tests take some, the full run a thousand.

use super::{by, forged, promote, proposed, tip};
use crate::record::short;
use crate::sample::{Random, everything};
use crate::support::Deploy;

/// All words of events.
const WORDS: [&str; 19] = [
    "begun",
    "proposed",
    "signed-off",
    "blocked",
    "voided",
    "postponed",
    "staging",
    "staged",
    "staging-fix",
    "staged-fix",
    "promoting",
    "promoted",
    "rolling-back",
    "rolled-back",
    "ended",
    "observed",
    "posting",
    "posted",
    "unposted",
];

/// The parts of a commit object.
#[derive(Clone)]
struct Text {
    tree: String,
    parent: String,
    author: String,
    committer: String,
    /// With its line breaks.
    signature: String,
    message: String,
}

impl Text {
    fn of(raw: &str) -> Text {
        let (head, message) = raw.split_once("\n\n").unwrap();
        let (head, signature) = head.split_once("\ngpgsig ").unwrap();
        let field = |name: &str| {
            let mut lines = head.lines().filter_map(|line| line.strip_prefix(name));
            lines.next().unwrap().trim().to_owned()
        };
        Text {
            tree: field("tree "),
            parent: field("parent "),
            author: field("author "),
            committer: field("committer "),
            signature: format!("gpgsig {signature}\n"),
            message: message.to_owned(),
        }
    }

    fn raw(&self) -> String {
        format!(
            "tree {}\nparent {}\nauthor {}\ncommitter {}\n{}\n{}",
            self.tree, self.parent, self.author, self.committer, self.signature, self.message
        )
    }
}

/// Returns the commit objects of all events but the first, which has no parent.
fn genuine(deploy: &Deploy) -> Vec<Text> {
    let list = [
        "rev-list",
        "--reverse",
        "--min-parents=1",
        "refs/smp/record",
    ];
    let list = deploy.git(&deploy.main, &list);
    let raw = |id: &str| {
        let git = deploy.runner().cwd(&deploy.main);
        Text::of(&git.program("git", &["cat-file", "commit", id]).ok().out())
    };
    list.lines().map(raw).collect()
}

/// Appends the event to the record.
fn append(deploy: &Deploy, mut text: Text) -> String {
    text.parent = tip(deploy);
    let git = deploy.runner().cwd(&deploy.main).stdin(text.raw());
    let args = ["hash-object", "-t", "commit", "-w", "--stdin"];
    let commit = git.program("git", &args).ok().out().trim().to_owned();
    deploy.git(&deploy.main, &["update-ref", "refs/smp/record", &commit]);
    commit
}

/// Returns a changed message: with another word, commit, name or id.
fn invented(deploy: &Deploy, random: &mut Random, message: &str) -> String {
    let lines = message.lines().map(|line| match line.split_once(": ") {
        Some(("Smp-Id", _)) => format!("Smp-Id: {:016x}", random.next()),
        Some(("Smp-Event", _)) if random.below(3) > 0 => {
            format!("Smp-Event: {}", random.one_of(&WORDS))
        }
        Some(("Smp-Commit", _)) => format!("Smp-Commit: {}", deploy.nth(1 + random.below(6))),
        Some(("Smp-Of", _)) => format!("Smp-Of: {}", random.one_of(&["rosi", "cem"])),
        _ => line.to_owned(),
    });
    let lines: Vec<String> = lines.collect();
    let more = random.one_of(&["Smp-Environment: production", "Smp-Of: rosi"]);
    format!("{}\n{more}\n", lines.join("\n"))
}

/// Adds one event, or two in reverse order, and returns their hashes.
fn add(deploy: &Deploy, random: &mut Random, all: &[Text]) -> Vec<String> {
    let nth = random.below(all.len());
    let newest = all.last().unwrap().committer.rsplit_once('>').unwrap().1;
    let mut text = all[nth].clone();
    if random.below(2) == 0 {
        // A replayed event keeps its date; a forged one has the present date.
        let (who, _) = text.committer.rsplit_once('>').unwrap();
        text.committer = format!("{who}>{newest}");
    }
    match random.below(8) {
        0 => {}
        1 => {
            let next = all[(nth + 1) % all.len()].clone();
            return vec![append(deploy, next), append(deploy, text)];
        }
        2 => {
            let other = if text.author.starts_with("ada") {
                ["ada", "rosi"]
            } else {
                ["rosi", "ada"]
            };
            text.author = text.author.replace(other[0], other[1]);
            text.committer = text.committer.replace(other[0], other[1]);
        }
        3 => text.tree = all[random.below(all.len())].tree.clone(),
        4 => text.signature.clear(),
        5 => text.message = invented(deploy, random, &text.message),
        6 => {
            text.message = invented(deploy, random, &text.message);
            text.signature.clear();
        }
        _ => {
            let message = match random.below(2) {
                0 => text.message,
                _ => invented(deploy, random, &text.message),
            };
            let name = random.one_of(&["ada", "rosi", "eve"]);
            return vec![forged(deploy, (name, "eve"), &message, true)];
        }
    }
    vec![append(deploy, text)]
}

/// Returns how many events do not count according to `status`.
fn ignored(deploy: &Deploy) -> usize {
    let told = deploy.smp(&["status"]).ok().out();
    let named = told.matches("an event does not count: ").count();
    let more = told.lines().find_map(|line| {
        let (_, rest) = line.split_once("and ")?;
        rest.strip_suffix(" more that came before")?
            .parse::<usize>()
            .ok()
    });
    named + more.unwrap_or(0)
}

#[test]
fn no_event_of_a_generator_is_accepted() {
    let deploy = proposed();
    // A sign-off of the same commit, given to an earlier proposal that was closed.
    by(&deploy, "rosi").smp(&["signoff"]).ok();
    let ada = by(&deploy, "ada");
    ada.smp(&["postpone", "--yes", "--reason", "later"]).ok();
    ada.smp(&["propose", "--yes"]).ok();
    let all = genuine(&deploy);
    let seen = |deploy: &Deploy| {
        let status = deploy.smp(&["status", "--json"]).ok().json();
        let history = deploy.smp(&["history", "--json"]).ok().json();
        (
            status["candidate"].clone(),
            status["frozen"].clone(),
            history["deploys"].clone(),
        )
    };
    let before = seen(&deploy);
    let count = if everything() { 1000 } else { 40 };
    let mut random = Random(20_221_128);
    let mut made: Vec<String> = Vec::new();
    while made.len() < count {
        made.extend(add(&deploy, &mut random, &all));
    }
    assert_eq!(seen(&deploy), before);
    assert_eq!(ignored(&deploy), made.len(), "some of them count");
    let verify = deploy.smp(&["history", "--verify"]);
    let out = verify.exits(1).out();
    let last = out.lines().last().unwrap();
    assert!(
        last.starts_with("  FAIL  ") && last.contains(short(&made[0])),
        "{last}"
    );
    let plan = ada.smp(&["promote", "-n", "--json"]);
    assert_eq!(plan.exits(1).json()["refusal"]["code"], "not-signed-off");
    promote(&deploy, &ada).exits(1);
    assert_eq!(deploy.master(&deploy.production), deploy.nth(2));
    // Rosi's own event counts, on top of all forged ones.
    by(&deploy, "rosi").smp(&["signoff"]).ok();
    promote(&deploy, &ada).ok();
    assert_eq!(deploy.master(&deploy.production), deploy.nth(5));
    assert_eq!(ignored(&deploy), made.len());
}
