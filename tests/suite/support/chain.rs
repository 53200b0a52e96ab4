//! The record as it lies on the main repository, read with plain git and folded here once more, and what always holds
//! of it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::deploy::Deploy;

/// Every event, oldest first, and what the last one left behind.
pub struct Chain {
    /// The events after its beginning.
    pub events: Vec<Told>,
    /// The last state; null where nothing was ever recorded.
    pub state: Value,
}

/// One event.
#[derive(Clone, Debug)]
pub struct Told {
    /// Its kind, as `promoted`.
    pub word: String,
    /// Its own name.
    pub id: String,
    /// Who recorded it.
    pub author: String,
    /// The rest of its trailers, without `Smp-`.
    pub more: BTreeMap<String, Vec<String>>,
}

impl Told {
    /// A trailer's only value.
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
    /// How many events of this kind there are.
    pub fn count(&self, word: &str) -> usize {
        self.all(word).count()
    }

    /// The events of this kind.
    pub fn all(&self, word: &str) -> impl Iterator<Item = &Told> {
        self.events.iter().filter(move |event| event.word == word)
    }

    /// The only event of this kind.
    #[track_caller]
    pub fn only(&self, word: &str) -> &Told {
        assert_eq!(self.count(word), 1, "{word} in {:?}", self.words());
        self.all(word).next().unwrap()
    }

    /// The kinds of all events, oldest first.
    pub fn words(&self) -> Vec<&str> {
        self.events
            .iter()
            .map(|event| event.word.as_str())
            .collect()
    }
}

impl Deploy {
    /// Reads the record, and holds that it is sound: one line of events, none twice, each with the state that follows
    /// from those before it.
    #[track_caller]
    pub fn chain(&self) -> Chain {
        // Without indexes over the objects, for which git starts two more programs.
        let none = ["core.commitGraph=false", "core.multiPackIndex=false"].map(|key| ["-c", key]);
        let fsck = ["fsck", "--strict", "--no-dangling", "--no-progress"];
        self.git(&self.main, &[none.as_flattened(), &fsck].concat());
        let format = "--format=tformat:%H%x1f%P%x1f%an%x1f%B%x1e";
        let log = self.try_git(
            &self.main,
            &[
                "log",
                "--topo-order",
                "--reverse",
                format,
                "refs/smp/record",
                "--",
            ],
        );
        if log.code != 0 {
            return Chain {
                events: Vec::new(),
                state: Value::Null,
            };
        }
        let log = log.out();
        let entries: Vec<[&str; 4]> = log
            .split('\u{1e}')
            .map(str::trim_start)
            .filter(|entry| !entry.is_empty())
            .map(|entry| {
                entry
                    .splitn(4, '\u{1f}')
                    .collect::<Vec<_>>()
                    .try_into()
                    .unwrap()
            })
            .collect();
        let before = std::iter::once("").chain(entries.iter().map(|entry| entry[0]));
        for (entry, before) in entries.iter().zip(before) {
            assert_eq!(entry[1], before, "the record is no line of events");
        }
        let events: Vec<Told> = entries
            .iter()
            .map(|[_, _, author, text]| told(author, text))
            .collect();
        let names: BTreeSet<&str> = events.iter().map(|event| event.id.as_str()).collect();
        assert_eq!(names.len(), events.len(), "an event is there twice");
        let asked: String = entries
            .iter()
            .map(|entry| format!("{}:state.json\n", entry[0]))
            .collect();
        let batch = self
            .runner()
            .cwd(&self.main)
            .stdin(asked)
            .program("git", &["cat-file", "--batch"]);
        let states = blobs(&batch.ok().out());
        let mut sum = Sum::default();
        assert_eq!(states.len(), events.len());
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
        // That it began is what nearly every record has, and tells nothing of what happened then.
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

/// The files that `git cat-file --batch` printed, each after a line with its name, kind and size.
fn blobs(mut text: &str) -> Vec<Value> {
    let mut found = Vec::new();
    while let Some((head, rest)) = text.split_once('\n') {
        let size = head.rsplit(' ').next().unwrap().parse().unwrap();
        let (blob, rest) = rest.split_at(size);
        found.push(serde_json::from_str(blob).unwrap());
        text = &rest[1..];
    }
    found
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

/// A post that is owed, as the state says it.
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

/// What an environment was rolled back from, as the state says it.
fn held((name, all): (&String, &Value)) -> (String, Vec<String>) {
    let commits = all
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|one| Some(one["commit"].as_str()?.to_owned()));
    (name.clone(), commits.collect())
}

/// What the events add up to, in the few words that decide anything.
#[derive(Default, Debug, PartialEq)]
struct Sum {
    candidate: Option<(String, String)>,
    goals: BTreeSet<String>,
    missing: BTreeSet<String>,
    verdicts: BTreeMap<String, bool>,
    deploying: Option<String>,
    /// What an announced rollback takes away, and where.
    going_back: Option<(String, String)>,
    /// Of what, to whom, with which open attempt.
    owed: Vec<(String, String, Option<String>)>,
    /// What each environment was rolled back from since its last promotion, oldest first.
    held: BTreeMap<String, Vec<String>>,
    /// Whether the candidate is asked about in an issue, and whether anybody was seen to open it.
    asks: bool,
    opened: bool,
    /// The commits that ran with an issue, by environment.
    asked: BTreeMap<String, String>,
}

/// What an announced rollback takes away, as the state has it.
fn going_back(deploying: &Value) -> Option<(String, String)> {
    let target = &deploying["tells"]["targets"][0];
    let (name, from) = (target[0].as_str()?, target[1].as_str()?);
    (deploying["to"] != from).then(|| (name.to_owned(), from.to_owned()))
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
                self.going_back = away.map(|(name, from)| (name.to_owned(), from.to_owned()));
            }
            "staged" => {
                (self.deploying, self.going_back) = (None, None);
                self.asked.remove(event.field("Environment"));
            }
            "ended" => (self.deploying, self.going_back) = (None, None),
            "staged-fix" => {
                (self.deploying, self.going_back) = (None, None);
                self.verdicts.clear();
                self.owed
                    .retain(|(about, _, open)| open.is_some() || !about.starts_with("blocked "));
                self.owe(event);
                self.owe_issue(event, self.asks);
                self.candidate = self.candidate.take().map(|(id, _)| (id, of("Commit")));
            }
            "rolled-back" => {
                (self.deploying, self.going_back) = (None, None);
                self.leaves(event);
                if let Some(from) = event
                    .maybe("From")
                    .filter(|from| *from != event.field("Commit"))
                {
                    self.holds(of("Environment"), from);
                }
                self.owe(event);
                let ran = self.asked.remove(event.field("Environment"));
                self.owe_issue(
                    event,
                    ran.is_some() && ran.as_deref() == event.maybe("From"),
                );
            }
            "doubted" => {}
            "check-failed" | "staged-check-failed" | "staged-fix-check-failed" => {
                assert_eq!(
                    event.maybe("Intent"),
                    self.deploying.as_deref(),
                    "{}",
                    event.id
                );
                // What it tells, the end of the promotion would have told.
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
                (self.deploying, self.going_back) = (None, None);
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

    /// Whoever takes the place of a rollback does not know whether it has landed.
    fn superseded(&mut self) {
        self.deploying = None;
        if let Some((environment, from)) = self.going_back.take() {
            self.holds(environment, &from);
        }
    }

    fn holds(&mut self, environment: String, from: &str) {
        let held = self.held.entry(environment).or_default();
        held.retain(|one| one != from);
        held.push(from.to_owned());
    }

    /// What was given something else than the candidate is still to be given that.
    fn leaves(&mut self, event: &Told) {
        let other = self
            .candidate
            .as_ref()
            .is_some_and(|(_, commit)| commit != event.field("Commit"));
        if other && self.goals.contains(event.field("Environment")) {
            self.missing.insert(event.field("Environment").to_owned());
        }
    }

    /// What a channel was not told of a candidate is moot once it is over; what it was not told of a deploy is not, nor how
    /// an earlier candidate ended.
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
        *self = Sum {
            asked,
            deploying,
            going_back,
            owed,
            held,
            ..Sum::default()
        };
    }

    /// What the candidate's issue is still to be told.
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

    /// The owed post that an event is about, and the attempt that it names.
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
