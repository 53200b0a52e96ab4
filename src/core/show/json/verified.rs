//! `git smp history --verify --json`.

use serde::Serialize;

use crate::core::record::Comment;
use crate::core::record::audit::Audited;
use crate::core::refusal::Refusal;
use crate::core::show::json::{RefusalJson, SCHEMA, refusal, text};
use crate::core::typed::Given;
use crate::core::when::{Rfc3339, time};
use crate::core::words::CommitId;

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(title = "git smp history --verify --json"))]
pub(super) struct VerifyJson<'a> {
    #[cfg_attr(test, schemars(extend("const" = SCHEMA)))]
    schema: u32,
    /// Whether the record could be read, and every event is valid.
    verified: bool,
    signers: SignersJson<'a>,
    /// Oldest first, up to the first that is not valid.
    events: Vec<EventJson<'a>>,
    /// Why it is not verified.
    refusal: Option<RefusalJson<'a>>,
}

/// The keys that the events were checked against.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct SignersJson<'a> {
    path: &'a str,
    /// The commit of the main branch; `null` if no event was checked.
    commit: Option<&'a CommitId>,
    /// The hash of the file's content; `null` without such a file, or if no event was checked.
    blob: Option<&'a str>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct EventJson<'a> {
    commit: &'a CommitId,
    at: Option<Rfc3339>,
    /// Who wrote it, as the event says.
    by: &'a str,
    /// Whose key signed it; `null` if the signature does not count.
    principal: Option<&'a str>,
    /// The event in one sentence.
    event: &'a str,
    /// For a promotion: whose sign-off allowed it.
    signed_off_by: &'a [String],
    /// The comments that alone allowed it, recorded with the key of the proposer or of somebody who deployed a fix: only
    /// the forge proves them.
    unproven: Vec<CommentJson<'a>>,
    /// Whether it reports a deploy outside `git smp`.
    observed: bool,
    verified: bool,
    /// Why it is not valid.
    because: Option<&'a str>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct CommentJson<'a> {
    login: &'a str,
    id: u64,
    address: &'a str,
}

impl<'a> From<&'a Comment> for CommentJson<'a> {
    fn from(one: &'a Comment) -> Self {
        Self {
            login: &one.login,
            id: one.id,
            address: &one.address,
        }
    }
}

/// Writes `git smp history --verify --json`. `signers`: the commit of the main branch, and the file's hash there.
pub fn verified(
    given: &Given,
    (path, signers): (&str, Option<(&CommitId, Option<&str>)>),
    audited: &[Audited],
    why: Option<&Refusal>,
) -> String {
    let events = audited.iter().map(|one| EventJson {
        commit: &one.commit,
        at: time(one.at),
        by: &one.by,
        principal: one.principal.as_deref(),
        event: &one.what,
        signed_off_by: &one.signed_off_by,
        unproven: one.unproven.iter().map(CommentJson::from).collect(),
        observed: one.observed,
        verified: one.fault.is_none(),
        because: one.fault.as_deref(),
    });
    text(&VerifyJson {
        schema: SCHEMA,
        verified: why.is_none(),
        signers: SignersJson {
            path,
            commit: signers.map(|(commit, _)| commit),
            blob: signers.and_then(|(_, blob)| blob),
        },
        events: events.collect(),
        refusal: why.map(|why| refusal(why, given)),
    })
}
