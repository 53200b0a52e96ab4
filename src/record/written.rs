//! The written form of the record: an event as a commit's message with trailers, the state as a file.

use std::collections::BTreeMap;
use std::str::FromStr;

use super::trailers::{settled, trailer, trailers};
use super::{Event, EventId, FORMAT, How, Intent, Kind, Person, State, Telling, Verdict, What};
use crate::config::check_remote_name;
use crate::model::CommitId;

/// The most characters of a note in a sentence.
const BRIEF: usize = 100;

/// Why a piece of the record cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unreadable {
    /// It is of a later version: this one.
    Newer(u64),
    /// It is no record.
    Garbage(String),
}

/// The state as the file that the record's tree holds.
pub fn write_state(state: &State) -> String {
    // These types hold nothing that JSON cannot say, so the other arm is never taken.
    serde_json::to_string_pretty(state).unwrap_or_default() + "\n"
}

/// Reads the state. A newer one is read as well as can be: only writing needs all of it.
///
/// # Errors
/// When it is no state, or a newer one that this program cannot make sense of.
pub fn read_state(text: &[u8]) -> Result<State, Unreadable> {
    #[derive(serde::Deserialize)]
    struct Version {
        format: u64,
    }
    let version = serde_json::from_slice::<Version>(text)
        .map_err(|error| garbage(&error))?
        .format;
    match serde_json::from_slice(text) {
        Ok(state) if version >= 1 => lawful(&state).map(|()| state),
        Ok(_) => Err(Unreadable::Garbage("its format is 0".to_owned())),
        Err(_) if version > u64::from(FORMAT) => Err(Unreadable::Newer(version)),
        Err(error) => Err(garbage(&error)),
    }
}

/// Names stand in commands that people type, so none counts that no `smp.toml` could have.
fn lawful(state: &State) -> Result<(), Unreadable> {
    let State {
        format: _,
        events: _,
        candidate,
        deploying,
        deploys,
        owed,
        held,
        unseen,
        doubts,
    } = state;
    let candidate = candidate.iter().flat_map(|open| {
        std::iter::once(&open.environment).chain(open.targets.iter().map(|goal| &goal.environment))
    });
    let owed = owed.iter().flat_map(|owed| {
        [&owed.environment, &owed.channel]
            .into_iter()
            .chain(owed.targets.iter().map(|(name, _)| name))
    });
    let told = deploying.iter().filter_map(|open| open.tells.as_ref());
    let told = told.flat_map(|tells| {
        tells
            .channels
            .iter()
            .chain(tells.targets.iter().map(|(name, _)| name))
    });
    let names = deploys
        .keys()
        .chain(held.keys())
        .chain(unseen.keys())
        .chain(doubts.keys());
    let names = names.chain(deploying.iter().map(|open| &open.environment));
    names
        .chain(told)
        .chain(candidate)
        .chain(owed)
        .try_for_each(|name| lawful_name(name))
}

fn lawful_name(name: &str) -> Result<(), Unreadable> {
    let why = |why| {
        Unreadable::Garbage(format!(
            "an environment or a channel there has a name that no smp.toml has: it {why}"
        ))
    };
    check_remote_name(name).map_err(why)
}

/// Where, and never what: the text is foreign.
fn garbage(error: &serde_json::Error) -> Unreadable {
    Unreadable::Garbage(format!(
        "line {}, column {} is not as it should be",
        error.line(),
        error.column()
    ))
}

/// The event in one sentence, as `git log --oneline` shows it.
pub fn sentence(event: &Event) -> String {
    let by = &event.by.name;
    let text = match &event.what {
        What::Begun => format!("{by} began the record"),
        What::Proposed {
            commit, targets, ..
        } => {
            let names: Vec<&str> = targets.iter().map(|(name, _)| name.as_str()).collect();
            format!(
                "{by} proposed {} for {}",
                commit.short(),
                names.join(" and ")
            )
        }
        What::Judged {
            commit,
            of,
            verdict,
            note,
            ..
        } => {
            let did = if *verdict == Verdict::Pass {
                "signed off"
            } else {
                "blocked"
            };
            let note = note
                .as_ref()
                .map(|note| format!(": {}", brief(note)))
                .unwrap_or_default();
            let recorded = if settled(by) == settled(of) {
                String::new()
            } else {
                format!(" (recorded by {by})")
            };
            format!("{of} {did} {}{recorded}{note}", commit.short())
        }
        What::Deploying(Intent {
            kind,
            environment,
            to,
            ..
        }) => {
            format!(
                "{by} began to {} {} {environment}",
                verb(*kind),
                aim(*kind, to)
            )
        }
        What::Deployed {
            kind,
            environment,
            to,
            ..
        } => {
            format!("{by} {} {} {environment}", past(*kind), aim(*kind, to))
        }
        What::Observed {
            environment, to, ..
        } => {
            format!(
                "{by} saw {} on {environment}, which nobody deployed with git smp",
                to.short()
            )
        }
        What::Doubted { words, .. } => format!("{by} was told by the host: {}", brief(words)),
        What::Ended { why, .. } => format!("{by} deployed nothing: {}", brief(why)),
        What::Postponed { commit, reason, .. } => {
            format!("{by} postponed {}: {}", commit.short(), brief(reason))
        }
        What::Posting { channel, .. } => format!("{by} began to send the post to {channel}"),
        What::Unposted { channel, why, .. } => {
            format!("{by} sent nothing to {channel}: {}", brief(why))
        }
        What::Posted {
            channel,
            how: How::Accepted,
            ..
        } => format!("{by} sent the post to {channel}"),
        What::Posted {
            channel,
            how: How::Printed,
            ..
        } => format!("{by} printed the post for {channel}"),
        What::Posted {
            channel,
            how: How::Found,
            ..
        } => format!("{by} found the post in {channel}"),
        What::Posted {
            channel,
            how: How::Skipped,
            ..
        } => format!("{by} left out the post to {channel}"),
    };
    one_line(&settled(&text))
}

fn verb(kind: Kind) -> &'static str {
    match kind {
        Kind::Stage => "stage",
        Kind::Fix => "stage the fix",
        Kind::Promote => "promote",
        Kind::Rollback => "roll back to",
    }
}

fn past(kind: Kind) -> &'static str {
    match kind {
        Kind::Stage => "staged",
        Kind::Fix => "staged the fix",
        Kind::Promote => "promoted",
        Kind::Rollback => "rolled back to",
    }
}

fn aim(kind: Kind, to: &CommitId) -> String {
    let preposition = match kind {
        Kind::Stage | Kind::Fix | Kind::Rollback => "on",
        Kind::Promote => "to",
    };
    format!("{} {preposition}", to.short())
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// As much of a text as a list of sentences can show; the trailers have all of it.
fn brief(text: &str) -> String {
    let text = one_line(text);
    match text.char_indices().nth(BRIEF) {
        Some((end, _)) => text.get(..end).unwrap_or_default().trim_end().to_owned() + "\u{2026}",
        None => text,
    }
}

/// The event as a commit's message. Who and when is for the commit itself to say. Texts come back settled: the ends of
/// lines are `\n`, blank lines are empty, no space stands at either end, and NUL and noncharacters are U+FFFD.
pub fn message(event: &Event) -> String {
    let mut text = format!("{}\n\n", sentence(event));
    let mut put = |key: &str, value: &str| text.push_str(&trailer(key, value));
    put("Event", word(&event.what));
    put("Id", event.id.as_str());
    put("Program", &event.program);
    fields(&event.what, &mut put);
    text
}

fn word(what: &What) -> &'static str {
    match what {
        What::Begun => "begun",
        What::Proposed { .. } => "proposed",
        What::Judged {
            verdict: Verdict::Pass,
            ..
        } => "signed-off",
        What::Judged {
            verdict: Verdict::Block,
            ..
        } => "blocked",
        What::Deploying(Intent {
            kind: Kind::Stage, ..
        }) => "staging",
        What::Deploying(Intent {
            kind: Kind::Fix, ..
        }) => "staging-fix",
        What::Deploying(Intent {
            kind: Kind::Promote,
            ..
        }) => "promoting",
        What::Deploying(Intent {
            kind: Kind::Rollback,
            ..
        }) => "rolling-back",
        What::Deployed {
            kind: Kind::Stage, ..
        } => "staged",
        What::Deployed {
            kind: Kind::Fix, ..
        } => "staged-fix",
        What::Deployed {
            kind: Kind::Promote,
            ..
        } => "promoted",
        What::Deployed {
            kind: Kind::Rollback,
            ..
        } => "rolled-back",
        What::Observed { .. } => "observed",
        What::Doubted { .. } => "doubted",
        What::Ended { .. } => "ended",
        What::Postponed { .. } => "postponed",
        What::Posting { .. } => "posting",
        What::Unposted { .. } => "unposted",
        What::Posted { .. } => "posted",
    }
}

/// The words for the ways in which a post ends.
const HOWS: [(How, &str); 4] = [
    (How::Accepted, "accepted"),
    (How::Printed, "printed"),
    (How::Found, "found"),
    (How::Skipped, "skipped"),
];

fn fields(what: &What, put: &mut impl FnMut(&str, &str)) {
    match what {
        What::Begun => {}
        What::Proposed {
            commit,
            environment,
            targets,
            note,
            date,
            channels,
            over,
        } => {
            put("Commit", commit.as_str());
            put("Environment", environment);
            put("Date", date);
            put_targets(put, targets);
            channels.iter().for_each(|channel| put("Channel", channel));
            optional(put, "Over", over.as_ref().map(EventId::as_str));
            optional(put, "Note", note.as_deref());
        }
        What::Judged {
            commit,
            of,
            verdict: _,
            note,
            channels,
        } => {
            put("Commit", commit.as_str());
            put("Of", of);
            channels.iter().for_each(|channel| put("Channel", channel));
            optional(put, "Note", note.as_deref());
        }
        What::Deploying(intent) => {
            put("Commit", intent.to.as_str());
            put("Environment", &intent.environment);
            optional(put, "From", intent.from.as_ref().map(CommitId::as_str));
            optional(put, "Base", intent.base.as_ref().map(CommitId::as_str));
            optional(put, "Unsigned", intent.unsigned.then_some("yes"));
            optional(put, "Over", intent.over.as_ref().map(EventId::as_str));
            put_telling(put, intent.tells.as_ref());
        }
        What::Deployed {
            intent,
            kind: _,
            environment,
            from,
            to,
            commits,
            signed_off_by,
            unsigned,
            announced_by,
            tells,
            holds,
        } => {
            put("Commit", to.as_str());
            put("Environment", environment);
            optional(put, "From", from.as_ref().map(CommitId::as_str));
            put("Commits", &commits.to_string());
            signed_off_by
                .iter()
                .for_each(|name| put("Signed-Off-By", name));
            optional(put, "Unsigned", unsigned.then_some("yes"));
            optional(put, "Announced-By", announced_by.as_deref());
            optional(put, "Intent", intent.as_ref().map(EventId::as_str));
            holds
                .iter()
                .for_each(|commit| put("Holds", commit.as_str()));
            put_telling(put, tells.as_ref());
        }
        What::Observed {
            environment,
            from,
            to,
            since,
            commits,
            back,
        } => {
            put("Commit", to.as_str());
            put("Environment", environment);
            put("From", from.as_str());
            put("Since", &since.to_string());
            optional(
                put,
                "Commits",
                commits.map(|count| count.to_string()).as_deref(),
            );
            optional(put, "Back", back.then_some("yes"));
        }
        What::Doubted { intent, words } => {
            put("Intent", intent.as_str());
            put("Words", words);
        }
        What::Ended { intent, why } => {
            put("Intent", intent.as_str());
            put("Why", why);
        }
        What::Postponed {
            candidate,
            commit,
            intent,
            reason,
            channels,
        } => {
            put("Candidate", candidate.as_str());
            put("Commit", commit.as_str());
            optional(put, "Intent", intent.as_ref().map(EventId::as_str));
            channels.iter().for_each(|channel| put("Channel", channel));
            put("Why", reason);
        }
        What::Posting {
            about,
            channel,
            over,
        } => {
            put("About", about.as_str());
            put("Channel", channel);
            optional(put, "Over", over.as_ref().map(EventId::as_str));
        }
        What::Unposted {
            attempt,
            channel,
            why,
        } => {
            put("Attempt", attempt.as_str());
            put("Channel", channel);
            put("Why", why);
        }
        What::Posted {
            about,
            channel,
            attempt,
            how,
        } => {
            put("About", about.as_str());
            put("Channel", channel);
            optional(put, "Attempt", attempt.as_ref().map(EventId::as_str));
            optional(
                put,
                "How",
                HOWS.iter()
                    .find(|(one, _)| one == how)
                    .map(|(_, word)| *word),
            );
        }
    }
}

fn put_telling(put: &mut impl FnMut(&str, &str), tells: Option<&Telling>) {
    let Some(tells) = tells else { return };
    put("Date", &tells.date);
    put_targets(put, &tells.targets);
    tells
        .channels
        .iter()
        .for_each(|channel| put("Channel", channel));
    optional(put, "Text", tells.text.as_deref());
}

fn put_targets(put: &mut impl FnMut(&str, &str), targets: &[(String, Option<CommitId>)]) {
    for (name, runs) in targets {
        put(
            "Target",
            &format!("{name} {}", runs.as_ref().map_or("-", CommitId::as_str)),
        );
    }
}

fn optional(put: &mut impl FnMut(&str, &str), key: &str, value: Option<&str>) {
    if let Some(value) = value {
        put(key, value);
    }
}

/// Reads the event back from a commit: its message, its author, and when it was written.
///
/// # Errors
/// When this is no event, or one that only a newer program knows.
pub fn read_event(message: &str, by: Person, at: i64) -> Result<Event, Unreadable> {
    let trailers = Trailers::read(message)?;
    let id = trailers.id("Id")?.ok_or_else(|| missing("Id"))?;
    let program = trailers.text("Program")?.unwrap_or_default();
    let what = trailers.what()?;
    Ok(Event {
        id,
        by,
        at,
        program,
        what,
    })
}

fn missing(key: &str) -> Unreadable {
    Unreadable::Garbage(format!("Smp-{key} is missing"))
}

/// The trailers of a message by their keys, without `Smp-`.
struct Trailers(BTreeMap<String, Vec<String>>);

impl Trailers {
    fn read(message: &str) -> Result<Self, Unreadable> {
        let mut all = BTreeMap::<String, Vec<String>>::new();
        for (key, text) in trailers(message) {
            all.entry(key).or_default().push(text);
        }
        if all.is_empty() {
            Err(Unreadable::Garbage("it has no trailers".to_owned()))
        } else {
            Ok(Self(all))
        }
    }

    fn all(&self, key: &str) -> Vec<String> {
        self.0.get(key).cloned().unwrap_or_default()
    }

    fn text(&self, key: &str) -> Result<Option<String>, Unreadable> {
        match self.0.get(key).map(Vec::as_slice) {
            None | Some([]) => Ok(None),
            Some([one]) => Ok(Some(one.clone())),
            Some(_) => Err(Unreadable::Garbage(format!("Smp-{key} stands there twice"))),
        }
    }

    fn required(&self, key: &str) -> Result<String, Unreadable> {
        self.text(key)?.ok_or_else(|| missing(key))
    }

    /// The name of an environment or of a channel.
    fn name(&self, key: &str) -> Result<String, Unreadable> {
        let name = self.required(key)?;
        lawful_name(&name).map(|()| name)
    }

    fn channels(&self) -> Result<Vec<String>, Unreadable> {
        let all = self.all("Channel");
        all.iter()
            .try_for_each(|name| lawful_name(name))
            .map(|()| all)
    }

    fn id(&self, key: &str) -> Result<Option<EventId>, Unreadable> {
        let Some(text) = self.text(key)? else {
            return Ok(None);
        };
        EventId::parse(&text)
            .map(Some)
            .ok_or_else(|| Unreadable::Garbage(format!("Smp-{key} is no name of an event")))
    }

    fn commit(&self, key: &str) -> Result<Option<CommitId>, Unreadable> {
        self.text(key)?.map(|text| commit(key, &text)).transpose()
    }

    fn what(&self) -> Result<What, Unreadable> {
        let the_commit = || self.commit("Commit")?.ok_or_else(|| missing("Commit"));
        let the_id = |key: &str| self.id(key)?.ok_or_else(|| missing(key));
        let word = self.required("Event")?;
        Ok(match word.as_str() {
            "begun" => What::Begun,
            "proposed" => What::Proposed {
                commit: the_commit()?,
                environment: self.name("Environment")?,
                targets: self.targets()?,
                note: self.text("Note")?,
                date: self.text("Date")?.unwrap_or_default(),
                channels: self.channels()?,
                over: self.id("Over")?,
            },
            "signed-off" | "blocked" => What::Judged {
                commit: the_commit()?,
                of: self.required("Of")?,
                verdict: if word == "blocked" {
                    Verdict::Block
                } else {
                    Verdict::Pass
                },
                note: self.text("Note")?,
                channels: self.channels()?,
            },
            "staging" => self.deploying(Kind::Stage)?,
            "staging-fix" => self.deploying(Kind::Fix)?,
            "promoting" => self.deploying(Kind::Promote)?,
            "rolling-back" => self.deploying(Kind::Rollback)?,
            "staged" => self.deployed(Kind::Stage)?,
            "staged-fix" => self.deployed(Kind::Fix)?,
            "promoted" => self.deployed(Kind::Promote)?,
            "rolled-back" => self.deployed(Kind::Rollback)?,
            "observed" => self.observed()?,
            "doubted" => What::Doubted {
                intent: the_id("Intent")?,
                words: self.required("Words")?,
            },
            "ended" => What::Ended {
                intent: the_id("Intent")?,
                why: self.required("Why")?,
            },
            "postponed" => What::Postponed {
                candidate: the_id("Candidate")?,
                commit: the_commit()?,
                intent: self.id("Intent")?,
                reason: self.required("Why")?,
                channels: self.channels()?,
            },
            "posting" => What::Posting {
                about: the_id("About")?,
                channel: self.name("Channel")?,
                over: self.id("Over")?,
            },
            "unposted" => What::Unposted {
                attempt: the_id("Attempt")?,
                channel: self.name("Channel")?,
                why: self.required("Why")?,
            },
            "posted" => What::Posted {
                about: the_id("About")?,
                channel: self.name("Channel")?,
                attempt: self.id("Attempt")?,
                how: self.how()?,
            },
            _ => {
                return Err(Unreadable::Garbage(
                    "it is of a kind that this version does not know".to_owned(),
                ));
            }
        })
    }

    fn deploying(&self, kind: Kind) -> Result<What, Unreadable> {
        Ok(What::Deploying(Intent {
            kind,
            environment: self.name("Environment")?,
            from: self.commit("From")?,
            to: self.commit("Commit")?.ok_or_else(|| missing("Commit"))?,
            base: self.commit("Base")?,
            unsigned: self.text("Unsigned")?.is_some(),
            over: self.id("Over")?,
            tells: self.telling()?,
        }))
    }

    fn deployed(&self, kind: Kind) -> Result<What, Unreadable> {
        Ok(What::Deployed {
            intent: self.id("Intent")?,
            kind,
            environment: self.name("Environment")?,
            from: self.commit("From")?,
            to: self.commit("Commit")?.ok_or_else(|| missing("Commit"))?,
            commits: self.number("Commits")?.ok_or_else(|| missing("Commits"))?,
            signed_off_by: self.all("Signed-Off-By"),
            unsigned: self.text("Unsigned")?.is_some(),
            announced_by: self.text("Announced-By")?,
            tells: self.telling()?,
            holds: self
                .all("Holds")
                .iter()
                .map(|text| commit("Holds", text))
                .collect::<Result<_, _>>()?,
        })
    }

    fn observed(&self) -> Result<What, Unreadable> {
        Ok(What::Observed {
            environment: self.name("Environment")?,
            from: self.commit("From")?.ok_or_else(|| missing("From"))?,
            to: self.commit("Commit")?.ok_or_else(|| missing("Commit"))?,
            since: self.number("Since")?.ok_or_else(|| missing("Since"))?,
            commits: self.number("Commits")?,
            back: self.text("Back")?.is_some(),
        })
    }

    fn number<N: FromStr>(&self, key: &str) -> Result<Option<N>, Unreadable> {
        let garbage = |_| Unreadable::Garbage(format!("Smp-{key} is no number"));
        self.text(key)?
            .map(|text| text.parse().map_err(garbage))
            .transpose()
    }

    fn telling(&self) -> Result<Option<Telling>, Unreadable> {
        let Some(date) = self.text("Date")? else {
            return Ok(None);
        };
        let (channels, targets) = (self.channels()?, self.targets()?);
        Ok(Some(Telling {
            channels,
            date,
            targets,
            text: self.text("Text")?,
        }))
    }

    fn targets(&self) -> Result<Vec<(String, Option<CommitId>)>, Unreadable> {
        self.all("Target").iter().map(|text| target(text)).collect()
    }

    fn how(&self) -> Result<How, Unreadable> {
        let word = self.required("How")?;
        let how = HOWS
            .iter()
            .find(|(_, one)| *one == word)
            .map(|(how, _)| *how);
        how.ok_or_else(|| Unreadable::Garbage("Smp-How is no way to end a post".to_owned()))
    }
}

fn commit(key: &str, text: &str) -> Result<CommitId, Unreadable> {
    CommitId::parse(text).ok_or_else(|| Unreadable::Garbage(format!("Smp-{key} is no commit")))
}

fn target(text: &str) -> Result<(String, Option<CommitId>), Unreadable> {
    let (name, runs) = text.rsplit_once(' ').ok_or_else(|| missing("Target"))?;
    lawful_name(name)?;
    let runs = if runs == "-" {
        None
    } else {
        Some(commit("Target", runs)?)
    };
    Ok((name.to_owned(), runs))
}
