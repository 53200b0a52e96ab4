//! Decides which comments on a proposal's issue are verdicts, and why similar comments are not. Pure.
//!
//! Anybody may comment on a public repository, so every text here is hostile. A verdict begins with the word and the
//! digits of the candidate, and the forge says that its author may write to the repository.

mod claim;
mod question;

pub use question::bear_out;

use std::collections::HashMap;

use serde::Serialize;

use crate::core::record::{Candidate, Comment, Judged, SignOff, Verdict, Voided, What};
use crate::core::refusal::{Refusal, RefusalCode};
use crate::core::words::{CommitId, SMP_TOML};
use claim::{Claim, DIGITS, claim, is_meant, takes_back};

/// The reason why a person's own sign-off does not count.
pub fn four_eyes() -> String {
    format!("policy.four_eyes in {SMP_TOML} requires a sign-off from somebody else")
}
/// The maximum length of a recorded comment, in characters.
const LONGEST: usize = 2000;

/// A comment as the forge reports it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remark {
    pub id: u64,
    /// `None` if the forge no longer knows the author.
    pub login: Option<String>,
    /// True if the forge says that the author may write or triage.
    pub may: bool,
    /// True if the author is an app, so the person behind the comment is unknown.
    pub is_of_app: bool,
    pub is_edited: bool,
    /// The time of writing in seconds since 1970, by the forge's clock.
    pub at: i64,
    pub text: String,
    pub address: String,
}

/// A comment that does not count.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct VoidRemark {
    pub by: String,
    // A predicate that follows "the comment of rosi".
    pub why: String,
    pub address: String,
    /// True for a sign-off by a person who proposed the candidate or deployed a fix of it.
    #[serde(skip)]
    pub is_own: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HeardComments {
    /// The events to record, in order.
    pub events: Vec<What>,
    pub void: Vec<VoidRemark>,
}

/// Reads the comments on this candidate, oldest first. `channels` are notified of a block.
pub fn answers(candidate: &Candidate, remarks: &[Remark], channels: &[String]) -> HeardComments {
    let mut answers = HeardComments::default();
    for (verdict, comment) in commented(candidate) {
        let remark = remarks.iter().find(|remark| remark.id == comment.id);
        let Some(why) = why_taken_back(candidate, verdict, comment, remark) else {
            continue;
        };
        answers.void.push(VoidRemark {
            by: comment.login.clone(),
            address: comment.address.clone(),
            why: why.to_owned(),
            is_own: false,
        });
        // A block stays: otherwise anybody who can edit comments could lift it.
        if verdict == Verdict::Pass {
            answers.events.push(What::Voided(Voided {
                commit: candidate.commit.clone(),
                comment: comment.id,
                of: comment.login.clone(),
                why: format!("the comment {why}"),
            }));
        }
    }
    let heard = candidate.inquiry.as_ref().map(|one| one.heard.as_slice());
    let heard = heard.unwrap_or_default();
    let (mut said, mut void_ones) = (Vec::new(), Vec::new());
    for remark in remarks {
        let is_heard = heard.contains(&remark.id);
        match weighed(candidate, remark, channels) {
            Ok(it) => said.push((is_heard, remark.id, it)),
            Err(Some(one)) if !is_heard => void_ones.push((remark.id, one)),
            Err(_) => {}
        }
    }
    let last: HashMap<String, u64> = said
        .iter()
        .map(|(_, id, it)| (it.of.clone(), *id))
        .collect();
    for (is_heard, id, it) in said {
        // A record may falsely claim that a block was read, or that its author withdrew it.
        let is_last = it.verdict == Verdict::Block && last.get(&it.of) == Some(&id);
        if !is_heard || is_last && !is_on_record(candidate, &it.of, id) {
            answers.events.push(What::Judged(it));
        }
    }
    let newest = newest(candidate, &answers.events);
    void_ones.retain(|(id, one)| newest.get(one.by.as_str()).is_none_or(|newest| newest < id));
    let void_ones = void_ones.into_iter().map(|(_, one)| one);
    answers.void.extend(void_ones);
    answers
}

/// Returns the verdict in a comment, or why it does not count if somebody should know that.
fn weighed(
    candidate: &Candidate,
    remark: &Remark,
    channels: &[String],
) -> Result<Judged, Option<VoidRemark>> {
    let login = remark.login.as_ref().ok_or(None)?;
    let Some(claim) = claim(&remark.text) else {
        let why = why_meant(candidate, remark);
        return Err(why.map(|why| void(login, remark, why)));
    };
    let said = judged(candidate, remark, (login, &claim), channels);
    let why = why_void(candidate, remark, &claim);
    let is_own = why.is_none() && is_one_of_them(candidate, login);
    match why.or_else(|| own(candidate, &said).map(Some)) {
        Some(why) => Err(why.map(|why| VoidRemark {
            is_own,
            ..void(login, remark, why)
        })),
        None => Ok(said),
    }
}

/// Returns the newest counting comment of each author, recorded or new: an older one then needs no hint.
fn newest(candidate: &Candidate, events: &[What]) -> HashMap<String, u64> {
    let on_record = commented(candidate).map(|(_, it)| it);
    let new = events.iter().filter_map(|what| match what {
        What::Judged(it) => it.comment.as_ref(),
        _ => None,
    });
    let mut newest = HashMap::new();
    for one in on_record.chain(new) {
        let id = newest.entry(one.login.clone()).or_insert(one.id);
        *id = one.id.max(*id);
    }
    newest
}

/// Returns why a text without a valid claim does not count, if its author may sign off and probably meant to.
fn why_meant(candidate: &Candidate, remark: &Remark) -> Option<String> {
    let short = candidate.commit.short();
    let is_new = remark.may && !is_before(candidate, remark);
    let is_one = is_new && is_meant(&remark.text, &candidate.commit);
    is_one.then(|| format!("does not count: it must begin with signoff {short} or block {short}"))
}

/// Returns whether the comment is older than the question about the present candidate.
fn is_before(candidate: &Candidate, remark: &Remark) -> bool {
    let asked = candidate.inquiry.as_ref().and_then(|one| one.anew);
    asked.is_some_and(|anew| remark.id < anew)
}

/// Returns the present verdicts that came from comments.
fn commented(candidate: &Candidate) -> impl Iterator<Item = (Verdict, &Comment)> {
    let verdicts = candidate.verdicts.iter();
    verdicts.filter_map(|one| Some((one.verdict, one.comment.as_ref()?)))
}

fn is_on_record(candidate: &Candidate, login: &str, id: u64) -> bool {
    let mut all = commented(candidate);
    all.any(|(verdict, it)| verdict == Verdict::Block && it.login == login && it.id == id)
}

/// Returns why the comment of a recorded verdict no longer supports it, or never did.
fn why_taken_back(
    candidate: &Candidate,
    verdict: Verdict,
    comment: &Comment,
    remark: Option<&Remark>,
) -> Option<&'static str> {
    let Some(remark) = remark else {
        return Some("cannot be found on the issue");
    };
    if remark.is_edited {
        return Some(EDITED_LATER);
    }
    if is_nobodys(candidate, remark, verdict) {
        return Some("comes from an app");
    }
    let says_it = claim(&remark.text).is_some_and(|claim| {
        let names_it = names(&candidate.commit, claim.digits);
        let is_whole = names_it && !takes_back(&claim, &candidate.commit);
        claim.verdict == verdict && is_whole && !is_ambiguous(candidate, &claim)
    });
    let is_theirs = remark.login.as_ref() == Some(&comment.login) && remark.may;
    (!says_it || !is_theirs).then_some("no longer matches the record")
}

const EDITED_LATER: &str = "was edited after it went on record";

/// Returns why a claim is not a verdict; `Some(None)` if nobody needs to know.
fn why_void(candidate: &Candidate, remark: &Remark, claim: &Claim<'_>) -> Option<Option<String>> {
    let short = candidate.commit.short();
    let names_it = names(&candidate.commit, claim.digits);
    let is_before = is_before(candidate, remark);
    if is_before && !names_it {
        // The comment was about an earlier commit of the candidate.
        return Some(None);
    }
    let why = if !remark.may {
        "does not count: its author may not write to the repository".to_owned()
    } else if is_nobodys(candidate, remark, claim.verdict) {
        "does not count: its author is an app, so any person may have written it".to_owned()
    } else if remark.is_edited {
        "was edited, so it does not count: ask for a new one".to_owned()
    } else if takes_back(claim, &candidate.commit) {
        format!("does not count: it says signoff and block; write signoff {short} or block {short}")
    } else if claim.digits.len() < DIGITS {
        format!("does not count: it must name at least {DIGITS} digits of {short}")
    } else if !names_it {
        format!("does not count: it does not name {short}")
    } else if is_ambiguous(candidate, claim) {
        format!("does not count: its digits fit an earlier commit as well as {short}; write more")
    } else if is_before {
        format!("does not count: it is older than the request for a verdict on {short}")
    } else {
        return None;
    };
    Some(Some(why))
}

/// Returns whether an app gave this sign-off although `four_eyes` requires a second person.
fn is_nobodys(candidate: &Candidate, remark: &Remark, verdict: Verdict) -> bool {
    candidate.four_eyes && remark.is_of_app && verdict == Verdict::Pass
}

/// Returns why a sign-off is not from a second person, if one is required.
fn own(candidate: &Candidate, said: &Judged) -> Option<String> {
    let signoff = SignOff {
        by: said.of.clone(),
        recorded_by: candidate.by.clone(),
        verdict: said.verdict,
        note: None,
        at: 0,
        comment: said.comment.clone(),
        over: None,
    };
    let mut fixers = candidate.fixers.iter();
    let why = if is_login(candidate.login.as_ref(), &said.of) {
        "does not count: its author proposed the candidate"
    } else if candidate.login.is_none() {
        "does not count: the issue does not show which account proposed the candidate"
    } else if fixers.any(|fixer| is_login(fixer.login.as_ref(), &said.of)) {
        "does not count: its author deployed a fix of the candidate"
    } else {
        "does not count: the issue does not show yet which account deployed the fix of the candidate"
    };
    (!candidate.counts(&signoff)).then(|| why.to_owned())
}

/// Returns whether a login belongs to a person whose own sign-off does not count.
fn is_one_of_them(candidate: &Candidate, name: &str) -> bool {
    let fixers = candidate.fixers.iter().map(|fixer| &fixer.login);
    let mut logins = [&candidate.login].into_iter().chain(fixers);
    logins.any(|login| is_login(login.as_ref(), name))
}

/// Adds the sign-offs that do not count because the same people proposed or fixed the candidate.
pub fn by_one_person(refusal: Refusal, candidate: &Candidate, void: &[VoidRemark]) -> Refusal {
    let own: Vec<&VoidRemark> = void.iter().filter(|one| one.is_own).collect();
    if refusal.code != RefusalCode::NotSignedOff || own.is_empty() {
        return refusal;
    }
    let mut refusal = own
        .into_iter()
        .fold(refusal, |refusal, VoidRemark { by, address, .. }| {
            refusal.because(format!("signed off as {by} in {address}"))
        });
    let people = candidate.own_people();
    let have = if candidate.fixers.is_empty() {
        "has"
    } else {
        "have"
    };
    refusal.code = RefusalCode::SamePerson;
    refusal.report.error = format!("only {people} {have} signed it off");
    refusal.because(four_eyes())
}

fn is_login(login: Option<&String>, name: &str) -> bool {
    login.is_some_and(|login| login.eq_ignore_ascii_case(name))
}

fn names(commit: &CommitId, digits: &str) -> bool {
    let digits = digits.to_ascii_lowercase();
    digits.len() >= DIGITS && commit.as_str().starts_with(&digits)
}

/// Returns whether a sign-off may mean an earlier commit of the candidate: anybody can make a fix with the same digits.
fn is_ambiguous(candidate: &Candidate, claim: &Claim<'_>) -> bool {
    let mut earlier = candidate.fixers.iter().filter_map(|one| one.base.as_ref());
    claim.verdict == Verdict::Pass && earlier.any(|base| names(base, claim.digits))
}

fn judged(
    candidate: &Candidate,
    remark: &Remark,
    (login, claim): (&String, &Claim<'_>),
    channels: &[String],
) -> Judged {
    let rest = claim.rest.trim();
    let note: String = rest.chars().take(LONGEST).collect();
    Judged {
        commit: candidate.commit.clone(),
        of: login.clone(),
        verdict: claim.verdict,
        note: Some(note).filter(|note| !note.is_empty()),
        channels: match claim.verdict {
            Verdict::Block => channels.to_vec(),
            Verdict::Pass => Vec::new(),
        },
        comment: Some(Comment {
            login: login.clone(),
            id: remark.id,
            address: remark.address.clone(),
        }),
    }
}

fn void(by: &str, remark: &Remark, why: String) -> VoidRemark {
    VoidRemark {
        by: by.to_owned(),
        address: remark.address.clone(),
        why,
        is_own: false,
    }
}

#[cfg(test)]
mod tests;
