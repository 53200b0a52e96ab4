//! What a team that signs its record holds a deploy to, beside the record itself.

use std::path::Path;

use crate::core::config::{self, Config};
use crate::core::record::counted;
use crate::core::refusal::{Refusal, RefusalCode, Stop};
use crate::core::typed::Typed;
use crate::deploy::Deploy;
use crate::git::signed::file_at;
use crate::session::{Session, trust};

/// The name of the team's file, from the top of the repository.
const FILE: &str = "smp.toml";
/// The refusals that events may lie behind which count for nothing.
const ABOUT_EVENTS: [RefusalCode; 4] = [
    RefusalCode::NotProposed,
    RefusalCode::NotSignedOff,
    RefusalCode::SamePerson,
    RefusalCode::CandidateMoved,
];

impl Deploy<'_> {
    /// The events that count for nothing, as a plan names them.
    pub(super) fn ignored(&self) -> Vec<String> {
        let reading = self.seen.record.reading();
        reading.map_or_else(Vec::new, |reading| counted::told(reading.ignored()))
    }

    /// A refusal with the events that might have made it another one.
    pub(super) fn with_ignored(&self, refusal: Refusal) -> Refusal {
        match ABOUT_EVENTS.contains(&refusal.code) {
            true => (self.ignored().into_iter()).fold(refusal, Refusal::because),
            false => refusal,
        }
    }
}

/// Refuses a file that says something else than the main branch's, where that one wants signatures: whoever edits the
/// file in their own clone could agree to it there, and nobody else would have seen it. What is written by such a file
/// would be signed by nobody, and count for nothing.
///
/// # Errors
/// `not-verified`, with the keys that differ.
pub fn agreed_by_all(session: &Session<'_>, ours: &Config) -> Result<(), Stop> {
    let repo = &session.repo;
    let Some(main) = repo.main() else {
        return Ok(());
    };
    let own = match path_in_repository(session, ours) {
        Some(path) if path != FILE => file_at(repo, &main, &path)?,
        _ => None,
    };
    let text = match own {
        Some(text) => Some(text),
        None => file_at(repo, &main, FILE)?,
    };
    let Some(text) = text else {
        return Ok(());
    };
    let Ok(theirs) = config::parse(Path::new(FILE), &text) else {
        return Ok(());
    };
    let changes = config::changes(&theirs.trust(), &ours.trust());
    if !wants_signatures(&theirs) || changes.is_empty() {
        return Ok(());
    }
    let branch = &ours.repository.branch;
    let error = format!("{FILE} here is not the one of {branch}, which requires signatures");
    let causes = changes.iter().take(5).map(trust::describe);
    Err(causes
        .fold(
            Refusal::new(RefusalCode::NotVerified, error),
            Refusal::because,
        )
        .run(
            "take the main branch's file, or merge yours first, then",
            Typed::smp("setup"),
        )
        .into())
}

/// Where the file is, if that is in the work tree: with `/`, from its top.
fn path_in_repository(session: &Session<'_>, config: &Config) -> Option<String> {
    let top = session.repo.layout().top.as_ref()?;
    let path = config.path.canonicalize().ok()?;
    let below = path.strip_prefix(top.canonicalize().ok()?).ok()?.to_owned();
    let parts = below.iter().map(|part| part.to_str());
    Some(parts.collect::<Option<Vec<_>>>()?.join("/"))
}

fn wants_signatures(config: &Config) -> bool {
    let record = config.record.as_ref();
    record.is_some_and(|record| record.signed) || config.policy.four_eyes
}
