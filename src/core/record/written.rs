//! The written form of the record: an event as a commit message with trailers, the state as a file.

use std::collections::BTreeMap;

use crate::core::config::check_remote_name;
use crate::core::record::mapping::{from_trailers, to_trailers};
use crate::core::record::sentence::sentence;
use crate::core::record::trailers::{trailer, trailers};
use crate::core::record::{Event, FORMAT, Person, State};
use crate::core::words::EventId;

const REF: &str = "Ref";

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReadError {
    /// The format is newer: this version.
    Newer(u64),
    /// The text is not a record.
    Garbage(String),
}

/// Writes the state as the file in the record's tree.
pub fn write_state(state: &State) -> String {
    // JSON can express these types completely, so the default is never used.
    serde_json::to_string_pretty(state).unwrap_or_default() + "\n"
}

/// Reads the state. A newer format is read as far as possible: only writing needs all of it.
///
/// # Errors
/// If it is not a state, or a newer one that this program cannot read.
pub fn read_state(text: &[u8]) -> Result<State, ReadError> {
    #[derive(serde::Deserialize)]
    struct Version {
        format: u64,
    }
    let version = serde_json::from_slice::<Version>(text).map_err(|error| garbage(&error))?;
    let version = version.format;
    match serde_json::from_slice(text) {
        Ok(state) if version >= 1 => check_names(&state).map(|()| state),
        Ok(_) => Err(ReadError::Garbage("its format is 0".to_owned())),
        Err(_) if version > u64::from(FORMAT) => Err(ReadError::Newer(version)),
        Err(error) => Err(garbage(&error)),
    }
}

/// Refuses names that no `smp.toml` could have, because names stand in commands that people type.
fn check_names(state: &State) -> Result<(), ReadError> {
    let mut names: Vec<&String> = state.deploys.keys().chain(state.held.keys()).collect();
    names.extend(state.doubts.keys());
    if let Some(open) = &state.candidate {
        names.push(&open.environment);
        names.extend(open.targets.iter().map(|goal| &goal.environment));
    }
    for open in state.superseded.iter().chain(&state.deploying) {
        names.push(&open.environment);
        names.extend(open.also.iter().map(|(name, _)| name));
        if let Some(tells) = &open.tells {
            names.extend(&tells.channels);
            names.extend(tells.targets.iter().map(|(name, _)| name));
        }
    }
    for one in &state.pending {
        names.extend([&one.environment, &one.channel]);
        names.extend(one.targets.iter().map(|(name, _)| name));
    }
    names.into_iter().try_for_each(|name| check_name(name))
}

fn check_name(name: &str) -> Result<(), ReadError> {
    let what = "an environment or a channel in it has an invalid name";
    check_remote_name(name).map_err(|why| ReadError::Garbage(format!("{what}: it {why}")))
}

/// Reports the position and never the content: the text is foreign.
fn garbage(error: &serde_json::Error) -> ReadError {
    let (line, column) = (error.line(), error.column());
    ReadError::Garbage(format!("line {line}, column {column} is invalid"))
}

/// Writes the event as a commit message; the commit itself has the author and the time. Texts come back as
/// `trailers::settled` leaves them.
pub fn message(event: &Event) -> String {
    let (word, fields) = to_trailers(&event.what);
    let head = [
        ("Event", word),
        ("Id", event.id.as_str().to_owned()),
        ("Program", event.program.clone()),
    ];
    let trailers = head.into_iter().chain(fields);
    let trailers = trailers.map(|(key, text)| trailer(key, &text));
    format!("{}\n\n{}", sentence(event), trailers.collect::<String>())
}

/// Writes the first event of a signed record, with its ref: later events build on it, so they count in no other record.
pub fn first_message(event: &Event, reference: &str) -> String {
    message(event) + &trailer(REF, reference)
}

/// Returns whether the first event of a record names this ref; `None` if it names none, as in a record of an earlier
/// version.
pub fn is_of_ref(first: &str, reference: &str) -> Option<bool> {
    let named = trailers(first).into_iter().filter(|(key, _)| key == REF);
    let named: Vec<String> = named.map(|(_, text)| text).collect();
    (!named.is_empty()).then(|| named == [reference])
}

/// Reads the event from a commit's message, author and time.
///
/// # Errors
/// If it is not an event, or one that only a newer version knows.
pub fn read_event(message: &str, by: Person, at: i64) -> Result<Event, ReadError> {
    let mut all = BTreeMap::<String, Vec<String>>::new();
    for (key, text) in trailers(message) {
        match (key.as_str(), text.rsplit_once(' ')) {
            ("Environment" | "Channel", _) => check_name(&text)?,
            ("Target" | "Also", Some((name, _))) => check_name(name)?,
            _ => {}
        }
        all.entry(key).or_default().push(text);
    }
    let program = match all.contains_key("Program") {
        true => only(&all, "Program")?.to_owned(),
        false => String::new(),
    };
    let (id, word) = (EventId::parse(only(&all, "Id")?), only(&all, "Event")?);
    let (Some(id), Some(what)) = (id, from_trailers(word, &all)) else {
        let why = "this version does not know its kind".to_owned();
        return Err(ReadError::Garbage(why));
    };
    Ok(Event {
        id,
        by,
        at,
        program,
        what,
    })
}

fn only<'a>(all: &'a BTreeMap<String, Vec<String>>, key: &str) -> Result<&'a str, ReadError> {
    match all.get(key).map(Vec::as_slice) {
        Some([one]) => Ok(one),
        _ => Err(ReadError::Garbage(format!(
            "it does not have exactly one Smp-{key}"
        ))),
    }
}
