//! The record of the main repository, read without the program and computed a second time here, with its invariants.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use git2::Repository;
use serde_json::Value;

use super::deploy::Deploy;

/// Every event, oldest first, and the last state.
pub struct Chain {
    /// The events after the beginning of the record.
    pub events: Vec<Told>,
    /// The last state; null for an empty record.
    pub state: Value,
}

/// One event.
#[derive(Clone, Debug)]
pub struct Told {
    /// Its kind, such as `promoted`.
    pub word: String,
    /// Its id.
    pub id: String,
    /// The person who recorded it.
    pub author: String,
    /// The other trailers, without `Smp-`.
    pub more: BTreeMap<String, Vec<String>>,
}

impl Told {
    /// Returns the only value of a trailer.
    #[track_caller]
    pub fn field(&self, key: &str) -> &str {
        self.maybe(key)
            .unwrap_or_else(|| panic!("{} has no Smp-{key}", self.word))
    }

    fn maybe(&self, key: &str) -> Option<&str> {
        Some(self.more.get(key)?.first()?)
    }
}

impl Chain {
    /// Returns the number of events of this kind.
    pub fn count(&self, word: &str) -> usize {
        self.all(word).count()
    }

    /// Returns the events of this kind.
    pub fn all(&self, word: &str) -> impl Iterator<Item = &Told> {
        self.events.iter().filter(move |event| event.word == word)
    }

    /// Returns the only event of this kind.
    #[track_caller]
    pub fn only(&self, word: &str) -> &Told {
        assert_eq!(self.count(word), 1, "{word} in {:?}", self.words());
        self.all(word).next().unwrap()
    }

    /// Returns the kinds of all events, oldest first.
    pub fn words(&self) -> Vec<&str> {
        self.events
            .iter()
            .map(|event| event.word.as_str())
            .collect()
    }
}

impl Deploy {
    /// Reads the record and checks it: one line of events, none twice, each with the state that follows from the events
    /// before it.
    #[track_caller]
    pub fn chain(&self) -> Chain {
        // Without object indexes, for which git would start two more programs.
        let none = ["core.commitGraph=false", "core.multiPackIndex=false"].map(|key| ["-c", key]);
        let fsck = ["fsck", "--strict", "--no-dangling", "--no-progress"];
        self.git(&self.main, &[none.as_flattened(), &fsck].concat());
        let entries = lines_of(&self.main).unwrap();
        let events: Vec<Told> = entries
            .iter()
            .map(|(author, text, _)| told(author, text))
            .collect();
        let names: BTreeSet<&str> = events.iter().map(|event| event.id.as_str()).collect();
        assert_eq!(names.len(), events.len(), "an event is there twice");
        let states: Vec<Value> = entries.into_iter().map(|(_, _, state)| state).collect();
        let mut sum = Sum::default();
        for (number, (event, state)) in events.iter().zip(&states).enumerate() {
            sum.take(event);
            assert_eq!(state["events"], number + 1, "{}", event.word);
            assert_eq!(
                Sum::of(state),
                sum,
                "after event {} of {:?}: {:#?}",
                number + 1,
                event.word,
                &events[..=number]
            );
        }
        // Nearly every record begins with this event, which says nothing about later ones.
        let events = events
            .into_iter()
            .filter(|event| event.word != "begun")
            .collect();
        Chain {
            state: states.last().cloned().unwrap_or_default(),
            events,
        }
    }
}

/// Reads the events of the record, oldest first: each with its author, its text and its state.
#[track_caller]
fn lines_of(main: &Path) -> Result<Vec<(String, String, Value)>, git2::Error> {
    let repository = Repository::open(main)?;
    let Ok(tip) = repository.refname_to_id("refs/smp/record") else {
        return Ok(Vec::new());
    };
    let mut found = Vec::new();
    let mut next = Some(repository.find_commit(tip)?);
    while let Some(commit) = next {
        let file = commit.tree()?.get_path(Path::new("state.json"))?.id();
        let state = serde_json::from_slice(repository.find_blob(file)?.content()).unwrap();
        let author = String::from_utf8_lossy(commit.author().name_bytes()).into_owned();
        let text = String::from_utf8_lossy(commit.message_bytes()).into_owned();
        found.push((author, text, state));
        let parents = commit.parent_count();
        assert!(parents < 2, "the record is no line of events");
        next = commit.parents().next();
    }
    found.reverse();
    Ok(found)
}

fn told(author: &str, text: &str) -> Told {
    let mut more = BTreeMap::<String, Vec<String>>::new();
    for (key, value) in text
        .lines()
        .filter_map(|line| line.strip_prefix("Smp-")?.split_once(": "))
    {
        more.entry(key.to_owned())
            .or_default()
            .push(value.to_owned());
    }
    let mut take = |key: &str| {
        more.remove(key)
            .and_then(|mut values| values.pop())
            .unwrap()
    };
    Told {
        word: take("Event"),
        id: take("Id"),
        author: author.to_owned(),
        more,
    }
}

/// Returns a pending notification from the state.
fn owed_by(owed: &Value) -> (String, String, Option<String>) {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let word = match owed["news"]
        .as_object()
        .and_then(|news| news.keys().next())
        .map(String::as_str)
    {
        Some("released") => "promoted",
        Some("fixed") => "staged-fix",
        Some("rolled_back" | "rolledback") => "rolled-back",
        other => other.unwrap_or_default(),
    };
    let by = owed["news"]["blocked"]["by"]
        .as_str()
        .map(|by| format!("{by} "))
        .unwrap_or_default();
    let about = format!("{word} {by}{}", owed["about"].as_str().unwrap());
    (
        about,
        text(&owed["channel"]).unwrap(),
        text(&owed["sending"]["id"]),
    )
}

/// Returns the held commits of an environment from the state.
fn held((name, all): (&String, &Value)) -> (String, Vec<String>) {
    let commits = all
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|one| Some(one["commit"].as_str()?.to_owned()));
    (name.clone(), commits.collect())
}

/// The state that follows from the events, reduced to what decides.
#[derive(Default, Debug, PartialEq)]
struct Sum {
    candidate: Option<(String, String)>,
    goals: BTreeSet<String>,
    missing: BTreeSet<String>,
    verdicts: BTreeMap<String, bool>,
    deploying: Option<String>,
    /// The commit that an announced rollback removes, and its environment.
    going_back: Option<(String, String)>,
    /// The event, the channel, and the open attempt.
    owed: Vec<(String, String, Option<String>)>,
    /// The commits of releases whose posts to the product channel are pending, by event.
    releases: BTreeMap<String, String>,
    /// The held commits of each environment since its last promotion, oldest first.
    held: BTreeMap<String, Vec<String>>,
    /// Whether the candidate has an inquiry, and whether its issue is open.
    asks: bool,
    opened: bool,
    /// The commits that ran with an issue, by environment.
    asked: BTreeMap<String, String>,
}

/// Returns the commit that an announced rollback removes, from the state.
fn going_back(deploying: &Value) -> Option<(String, String)> {
    let target = &deploying["tells"]["targets"][0];
    let (name, from) = (target[0].as_str()?, target[1].as_str()?);
    let is_it = deploying["kind"] == "rollback" && deploying["to"] != from;
    is_it.then(|| (name.to_owned(), from.to_owned()))
}

impl Sum {
    fn of(state: &Value) -> Sum {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
        let candidate = &state["candidate"];
        let goals = list(&candidate["targets"]);
        let missing = goals.iter().filter(|goal| goal["reached"] == false);
        let verdicts = list(&candidate["verdicts"]).into_iter();
        Sum {
            candidate: text(&candidate["id"]).zip(text(&candidate["commit"])),
            goals: goals
                .iter()
                .filter_map(|goal| text(&goal["environment"]))
                .collect(),
            missing: missing
                .filter_map(|goal| text(&goal["environment"]))
                .collect(),
            verdicts: verdicts
                .filter_map(|one| Some((text(&one["by"])?, one["verdict"] == "pass")))
                .collect(),
            deploying: text(&state["deploying"]["id"]),
            going_back: going_back(&state["deploying"]),
            owed: list(&state["owed"]).iter().map(owed_by).collect(),
            releases: list(&state["owed"])
                .iter()
                .filter(|one| one["news"]["released"].is_object() && one["channel"] == "product")
                .filter_map(|one| Some((owed_by(one).0, text(&one["commit"])?)))
                .collect(),
            held: state["held"]
                .as_object()
                .into_iter()
                .flatten()
                .map(held)
                .collect(),
            asks: candidate["inquiry"].is_object(),
            opened: candidate["inquiry"]["issue"].is_object(),
            asked: state["deploys"]
                .as_object()
                .into_iter()
                .flatten()
                .filter(|(_, deploy)| deploy["issue"].is_object())
                .filter_map(|(name, deploy)| Some((name.clone(), text(&deploy["commit"])?)))
                .collect(),
        }
    }

    fn take(&mut self, event: &Told) {
        self.takes(event);
        if event.word == "promoted" {
            let about = format!("promoted {}", event.id);
            self.releases
                .insert(about, event.field("Commit").to_owned());
        }
        let is_owed = |about: &String| {
            let mut owed = self.owed.iter();
            owed.any(|(one, channel, _)| one == about && channel == "product")
        };
        self.releases.retain(|about, _| is_owed(about));
    }

    /// Closes the announcement that an event ends. It may be one that a deploy elsewhere replaced.
    fn ends(&mut self, event: &Told) {
        let intent = event.maybe("Intent");
        if intent.is_none() || intent == self.deploying.as_deref() {
            (self.deploying, self.going_back) = (None, None);
        }
    }

    fn takes(&mut self, event: &Told) {
        let of = |key: &str| event.field(key).to_owned();
        match event.word.as_str() {
            "proposed" => {
                self.candidate = Some((event.id.clone(), of("Commit")));
                let targets = event.more["Target"]
                    .iter()
                    .filter_map(|target| target.split(' ').next());
                self.missing = targets.map(str::to_owned).collect();
                self.goals = self.missing.clone();
                self.asks = event
                    .more
                    .get("Channel")
                    .is_some_and(|all| all.iter().any(|one| one == "issue"));
                self.opened = false;
                self.owe(event);
                self.deploying = None;
            }
            "begun" => {}
            "posting" => self.attempt(event, "Over").2 = Some(event.id.clone()),
            "unposted" => self.attempt(event, "Attempt").2 = None,
            "posted" => {
                let done = self.attempt(event, "Attempt").clone();
                self.owed.retain(|one| *one != done);
                self.opened |= event.maybe("Issue").is_some() && done.0.starts_with("proposed");
            }
            "signed-off" | "blocked" => {
                self.verdicts.insert(of("Of"), event.word == "signed-off");
                let before = format!("blocked {} ", of("Of"));
                self.owed
                    .retain(|(about, _, open)| open.is_some() || !about.starts_with(&before));
                self.owe(event);
            }
            "voided" => {
                self.verdicts.remove(event.field("Of"));
            }
            "promoting" | "rolling-back" | "staging" | "staging-fix" => {
                self.superseded();
                self.deploying = Some(event.id.clone());
                let away = event
                    .more
                    .get("Target")
                    .into_iter()
                    .flatten()
                    .find_map(|one| one.split_once(' '));
                let away = away.filter(|(_, from)| *from != "-" && *from != event.field("Commit"));
                let away = away.filter(|_| event.word == "rolling-back");
                self.going_back = away.map(|(name, from)| (name.to_owned(), from.to_owned()));
            }
            "staged" => {
                self.ends(event);
                self.asked.remove(event.field("Environment"));
            }
            "ended" => (self.deploying, self.going_back) = (None, None),
            "staged-fix" => {
                self.ends(event);
                self.verdicts.clear();
                self.owed
                    .retain(|(about, _, open)| open.is_some() || !about.starts_with("blocked "));
                self.owe(event);
                self.owe_issue(event, self.asks);
                self.candidate = self.candidate.take().map(|(id, _)| (id, of("Commit")));
            }
            "rolled-back" => {
                self.ends(event);
                self.takes_back(event);
                self.leaves(event);
                if let Some(from) = event
                    .maybe("From")
                    .filter(|from| *from != event.field("Commit"))
                {
                    self.holds(of("Environment"), from);
                }
                self.owe(event);
                let ran = self.asked.remove(event.field("Environment"));
                // After a failed check the candidate is still open.
                let open = self.candidate.as_ref().filter(|_| self.opened);
                let open = open.map(|(_, commit)| commit.as_str());
                let from = event.maybe("From");
                let told = from.is_some() && [ran.as_deref(), open].contains(&from);
                self.owe_issue(event, told);
            }
            "doubted" => {}
            "check-failed" | "staged-check-failed" | "staged-fix-check-failed" => {
                assert_eq!(
                    event.maybe("Intent"),
                    self.deploying.as_deref(),
                    "{}",
                    event.id
                );
                // The end of the promotion would have notified of the same.
                let word = "promoted".to_owned();
                self.owe(&Told {
                    word,
                    ..event.clone()
                });
            }
            "observed" => {
                self.leaves(event);
                self.asked.remove(event.field("Environment"));
            }
            "promoted" => {
                self.ends(event);
                self.leaves(event);
                let still = event.more.get("Holds").cloned().unwrap_or_default();
                if let Some(held) = self.held.get_mut(event.field("Environment")) {
                    held.retain(|one| still.contains(one));
                }
                self.held.retain(|_, all| !all.is_empty());
                let is_candidate = self
                    .candidate
                    .as_ref()
                    .is_some_and(|(_, commit)| commit == event.field("Commit"));
                let told = is_candidate && self.opened;
                self.asked.remove(event.field("Environment"));
                if told {
                    self.asked.insert(of("Environment"), of("Commit"));
                }
                if is_candidate {
                    self.missing.remove(event.field("Environment"));
                    if self.missing.is_empty() {
                        self.close();
                    }
                }
                self.owe(event);
                self.owe_issue(event, told);
            }
            "postponed" => {
                self.superseded();
                let told = self.opened;
                self.close();
                self.owe(event);
                self.owe_issue(event, told);
            }
            other => panic!("nobody records that it was {other}"),
        }
    }

    /// A replaced rollback may have arrived.
    fn superseded(&mut self) {
        self.deploying = None;
        if let Some((environment, from)) = self.going_back.take() {
            self.holds(environment, &from);
        }
    }

    /// Nobody is told any more of the release that a rollback takes away.
    fn takes_back(&mut self, event: &Told) {
        let from = event.maybe("From");
        let releases = &self.releases;
        self.owed.retain(|(about, channel, open)| {
            let is_gone = releases.get(about).map(String::as_str) == from && from.is_some();
            !is_gone || channel != "product" || open.is_some()
        });
    }

    fn holds(&mut self, environment: String, from: &str) {
        let held = self.held.entry(environment).or_default();
        held.retain(|one| one != from);
        held.push(from.to_owned());
    }

    /// An environment with another commit no longer has the candidate.
    fn leaves(&mut self, event: &Told) {
        let other = self
            .candidate
            .as_ref()
            .is_some_and(|(_, commit)| commit != event.field("Commit"));
        if other && self.goals.contains(event.field("Environment")) {
            self.missing.insert(event.field("Environment").to_owned());
        }
    }

    /// Pending notifications of a candidate become obsolete at its end; those of a deploy, or of an earlier candidate's
    /// end, do not.
    fn close(&mut self) {
        let of_ends = |about: &str| {
            ["promoted", "rolled-back", "postponed"]
                .iter()
                .any(|word| about.starts_with(word))
        };
        let owed = self
            .owed
            .drain(..)
            .filter(|(about, ..)| of_ends(about))
            .collect();
        let held = std::mem::take(&mut self.held);
        let (deploying, going_back) = (self.deploying.take(), self.going_back.take());
        let asked = std::mem::take(&mut self.asked);
        let releases = std::mem::take(&mut self.releases);
        *self = Sum {
            releases,
            asked,
            deploying,
            going_back,
            owed,
            held,
            ..Sum::default()
        };
    }

    /// Adds a pending notification for the candidate's issue.
    fn owe_issue(&mut self, event: &Told, is_told: bool) {
        let about = format!("{} {}", event.word, event.id);
        self.owed
            .extend(is_told.then(|| (about, "issue".to_owned(), None)));
    }

    fn owe(&mut self, event: &Told) {
        let by = event
            .maybe("Of")
            .map(|by| format!("{by} "))
            .unwrap_or_default();
        let about = format!("{} {by}{}", event.word, event.id);
        let channels = event.more.get("Channel").into_iter().flatten();
        self.owed
            .extend(channels.map(|channel| (about.clone(), channel.clone(), None)));
    }

    /// Returns the pending notification of an event with the attempt that it names.
    #[track_caller]
    fn attempt(&mut self, event: &Told, key: &str) -> &mut (String, String, Option<String>) {
        let (about, attempt) = (event.maybe("About"), event.maybe(key));
        let mut found = self.owed.iter_mut().filter(|(of, channel, open)| {
            about.is_none_or(|about| of.ends_with(about))
                && channel == event.field("Channel")
                && open.as_deref() == attempt
        });
        found
            .next()
            .unwrap_or_else(|| panic!("{} of what is not owed", event.word))
    }
}
