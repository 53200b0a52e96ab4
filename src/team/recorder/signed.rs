//! Decides which events of a signed record count, by the main branch's keys, and whether this clone's will.

use std::collections::{HashMap, HashSet};

use crate::core::config::Record;
use crate::core::record::audit::SEVERAL_PARENTS;
use crate::core::record::counted::{Count, SignedRecord};
use crate::core::record::{Event, Person, ReadError, State, is_of_ref};
use crate::core::refusal::{Refusal, RefusalCode, Report, Stop};
use crate::core::typed::Typed;
use crate::core::words::{CommitId, SMP_TOML, SignatureCheck, StoredEvent};
use crate::git::fetch::{FetchTarget, fetch};
use crate::git::record as objects;
use crate::git::signed::{self, SignersFile};
use crate::notes::Checked;
use crate::team::recorder::Recorder;

/// The allowed difference between the clocks of two machines, in seconds.
const CLOCKS_DIFFER: i64 = 600;

#[derive(Clone, Copy)]
pub struct KeyPlace<'a> {
    pub branch: &'a str,
    /// The path of the signers file there.
    pub path: &'a str,
}

/// Every event of a record with its signature check, oldest first.
pub struct Checking {
    pub events: Vec<(StoredEvent, SignatureCheck)>,
    pub signers: SignersFile,
    /// The commit of the main branch with the keys.
    pub main: CommitId,
}

impl Recorder<'_> {
    /// Computes the state. With `anew`, git checks every event again.
    pub(super) fn counted(
        &self,
        keys: KeyPlace<'_>,
        tip: &CommitId,
        anew: bool,
    ) -> Result<(State, SignedRecord, Vec<Event>), Stop> {
        let checking = self.check(keys, tip, anew)?;
        // Events that only a second parent has would be ignored, for example a block.
        let mut all = checking.events.iter().map(|(stored, _)| stored);
        if let Some(merge) = all.find(|stored| stored.parents.len() > 1) {
            let why = format!("{}: {SEVERAL_PARENTS}", merge.commit.short());
            return Err(self.unreadable(tip, &ReadError::Garbage(why)).into());
        }
        let (count, events) = fold(&checking.events);
        let signed = SignedRecord {
            latest: count.latest,
            ignored: count.ignored,
            unchecked: count.unchecked,
            unseen: count.unseen.into_values().collect(),
            has_signers: checking.signers.names_somebody(),
            openpgp: checking.signers.fingerprints(),
        };
        Ok((count.state, signed, events))
    }

    /// Returns the last event of a record that was refused, or of this clone's copy.
    pub fn tip_here(&self) -> Option<CommitId> {
        let now = self.ask_tip().ok().flatten();
        let here = now.filter(|tip| self.repo.has_commit(tip).unwrap_or(false));
        here.or_else(|| objects::seen_id(self.repo).ok().flatten())
    }

    /// Checks all events up to this one with git now; `None` for an empty record.
    pub fn check_all(&self, tip: Option<&CommitId>) -> Result<Option<Checking>, Stop> {
        let both = self.keys.zip(tip);
        both.map(|(keys, tip)| self.check(keys, tip, true))
            .transpose()
    }

    /// Checks every event. Anybody may write this clone's notes, so they are trusted only for events before the open
    /// candidate. Git checks all later events. With `anew`, git checks every event.
    fn check(&self, keys: KeyPlace<'_>, tip: &CommitId, anew: bool) -> Result<Checking, Stop> {
        let stored = objects::events(self.repo, tip, u32::MAX)?;
        self.is_of_this_ref(tip, &stored)?;
        let main = self.main_branch(keys)?;
        let signers = signed::signers_at(self.repo, &main, keys.path)?;
        let noted = self.notes().checked();
        let old = noted.as_ref();
        let old = old.filter(|noted| noted.signers == signers.blob && !anew);
        let mut known: HashMap<CommitId, SignatureCheck> = old
            .map(|noted| noted.events.iter().cloned().collect())
            .unwrap_or_default();
        let mut unsure: Vec<CommitId> = ids(&stored).collect();
        unsure.retain(|id| !known.contains_key(id));
        let mut is_news = noted.is_none_or(|noted| noted.main != main);
        let mut sure = HashSet::new();
        loop {
            for (id, is) in signed::check(self.repo, &signers, &unsure)? {
                is_news |= known.insert(id.clone(), is.clone()) != Some(is);
                sure.insert(id);
            }
            let events = with(&stored, &known);
            unsure = since_proposal(&events);
            unsure.retain(|id| !sure.contains(id));
            if !unsure.is_empty() {
                continue;
            }
            if is_news {
                self.notes().keep_checked(&Checked {
                    main: main.clone(),
                    signers: signers.blob.clone(),
                    // An unchecked event is checked again, because that may be possible later.
                    events: (known.into_iter())
                        .filter(|(_, is)| !matches!(is, SignatureCheck::Unchecked(_)))
                        .collect(),
                });
            }
            return Ok(Checking {
                events,
                signers,
                main,
            });
        }
    }

    /// Refuses the record of another ref, or a part of one: its signatures do not apply here.
    fn is_of_this_ref(&self, tip: &CommitId, stored: &[StoredEvent]) -> Result<(), Stop> {
        let first = stored.first();
        let named = first.and_then(|first| is_of_ref(&first.message, self.reference));
        // A record of an earlier version stays on its ref: the default one, or where this clone saw it.
        let is_usual = self.reference == Record::default().reference;
        if named.unwrap_or(is_usual || objects::seen_id(self.repo)?.is_some()) {
            return Ok(());
        }
        let why = format!(
            "its first event does not say that it is the record of {}",
            self.reference
        );
        let refusal = self.unreadable(tip, &ReadError::Garbage(why));
        let refusal = refusal.because("a signed record counts only on the ref that it began on");
        Err(refusal
            .run(
                format!("begin another record: set record.ref in {SMP_TOML} to a new name, then"),
                Typed::smp("setup"),
            )
            .into())
    }

    /// Returns the last known main branch of the main repository, after fetching its commit.
    fn main_branch(&self, keys: KeyPlace<'_>) -> Result<CommitId, Stop> {
        let known = self.repo.main().and_then(|seen| seen.at);
        let known = known.or_else(|| Some(self.notes().checked()?.main));
        let known = known.or_else(|| self.repo.tracked(self.remote, keys.branch));
        let main = known.ok_or_else(|| {
            let error = format!("the main repository has no branch {}", keys.branch);
            let report = Report::new(error).because("the signers file is read from that branch");
            let say = format!("set repository.branch in {SMP_TOML}, then");
            Stop::Failed(report.run(say, Typed::smp("setup")))
        })?;
        if !self.repo.has_commit(&main)? {
            let by_name = FetchTarget::Commit(main.clone());
            let by_branch = FetchTarget::Branch(keys.branch.to_owned());
            fetch(self.repo, self.remote, &by_name)
                .or_else(|_| fetch(self.repo, self.remote, &by_branch))?;
        }
        Ok(main)
    }

    /// Returns who signed an event that this clone just wrote, by the keys that count.
    ///
    /// # Errors
    /// [`RefusalCode::NotVerified`] if the key does not count: neither would the event.
    pub(super) fn signed_by(
        &self,
        keys: KeyPlace<'_>,
        by: &Person,
        id: &CommitId,
    ) -> Result<Person, Stop> {
        let main = self.main_branch(keys)?;
        let signers = signed::signers_at(self.repo, &main, keys.path)?;
        let checked = signed::check(self.repo, &signers, std::slice::from_ref(id))?;
        let is = checked.into_iter().next().map(|(_, is)| is);
        match is.unwrap_or(SignatureCheck::Unchecked(None)) {
            SignatureCheck::By(principal) => Ok(Person {
                principal: Some(principal),
                ..by.clone()
            }),
            fault => Err(self.unknown_key((keys, &signers), (by, id), &fault).into()),
        }
    }

    /// Refuses because this clone's key does not count, and says how to add it.
    fn unknown_key(
        &self,
        (keys, signers): (KeyPlace<'_>, &SignersFile),
        (by, id): (&Person, &CommitId),
        is: &SignatureCheck,
    ) -> Refusal {
        let (path, branch) = (keys.path, keys.branch);
        let line = signed::own_line(self.repo, id, &by.email);
        let is_there = line.as_ref().and_then(|line| signers.line_of(line));
        let rewrites = matches!(is, SignatureCheck::Unchecked(Some(_)));
        let what = match &is_there {
            _ if !signers.names_somebody() => "names no key",
            Some(there) if !rewrites && there.contains("valid-") => {
                "does not let your key sign this now"
            }
            Some(_) => "does not let your key sign events",
            None if rewrites => "does not let your key sign events",
            None => "does not know your key",
        };
        let error = format!("{path} on {branch} {what}, so your events do not count");
        let why = match is {
            SignatureCheck::Unknown(key) => Some(format!("your key is {key}")),
            SignatureCheck::Unchecked(None) if is_there.is_some() => None,
            other => other.fault(),
        };
        let mut report = Report::new(error).causes(why);
        let say = match (is_there, line) {
            _ if rewrites => format!("write that line to {path} on {branch}, then"),
            (Some(there), _) => {
                report = report.because(format!("its line there is: {there}"));
                report = report.hint("sign with another key");
                let held = excluding(&there);
                format!("or correct that line{held} in {path} on {branch}, then")
            }
            (None, line) => {
                let added = line.as_ref().map_or("a line for your key", |_| "that line");
                let line = line.map(|line| format!("the line for it is: {line}"));
                report = report.causes(line);
                let email = &by.email;
                if signers.has_name(email) {
                    let taken = format!(
                        "{email} has another key there, and both keys would count as one person"
                    );
                    let own = Typed::other("git config user.email").dots();
                    let say = format!(
                        "if {email} is not you, first replace the dots with your own address"
                    );
                    report = report.because(taken).run(say, own);
                }
                format!("add {added} to {path} on {branch}, then")
            }
        };
        report
            .run(say, Typed::smp("setup"))
            .refused(RefusalCode::NotVerified)
    }

    /// Signs an unreferenced object as a test: returns whose key signs this clone's events.
    ///
    /// # Errors
    /// [`RefusalCode::NotVerified`] if this clone's events would not count.
    pub fn try_key(&self) -> Result<Option<Person>, Stop> {
        let Some(keys) = self.keys else {
            return Ok(None);
        };
        let (name, email) = objects::identity(self.repo)?;
        let by = Person::named(name, email);
        let trial = objects::NewEvent {
            parent: None,
            state: "",
            message: "a trial of git smp setup",
            by: (&by.name, &by.email),
            at: jiff::Timestamp::now().as_second(),
            signed: true,
        };
        let id = objects::write(self.repo, &trial)?;
        self.signed_by(keys, &by, &id).map(Some)
    }
}

/// Computes the count from the events, and returns those that count.
pub fn fold(events: &[(StoredEvent, SignatureCheck)]) -> (Count, Vec<Event>) {
    let mut count = Count::default();
    let all = events.iter();
    let counted = all.filter_map(|(stored, is)| count.take(stored, is).ok());
    let counted = counted.collect();
    (count, counted)
}

/// Returns the options in a line of the signers file that may exclude its key: ` (valid-before)`.
fn excluding(line: &str) -> String {
    let options = [
        "valid-after",
        "valid-before",
        "cert-authority",
        "namespaces",
    ];
    let held = options.into_iter().filter(|option| line.contains(option));
    match held.collect::<Vec<_>>().join(", ") {
        held if held.is_empty() => held,
        held => format!(" ({held})"),
    }
}

/// Returns the events whose signatures can be checked.
fn ids(stored: &[StoredEvent]) -> impl Iterator<Item = CommitId> {
    let all = stored.iter().filter(|one| !one.is_large);
    all.map(|one| one.commit.clone())
}

fn with(
    stored: &[StoredEvent],
    known: &HashMap<CommitId, SignatureCheck>,
) -> Vec<(StoredEvent, SignatureCheck)> {
    let latest = jiff::Timestamp::now().as_second() + CLOCKS_DIFFER;
    let all = stored.iter().map(|one| {
        let is = match known.get(&one.commit) {
            _ if one.is_large => SignatureCheck::Large,
            Some(SignatureCheck::By(_)) if one.committed > latest => SignatureCheck::Future,
            Some(is) => is.clone(),
            None => SignatureCheck::Unchecked(None),
        };
        (one.clone(), is)
    });
    all.collect()
}

/// Returns all events since the open candidate was proposed; empty without one.
fn since_proposal(events: &[(StoredEvent, SignatureCheck)]) -> Vec<CommitId> {
    let (count, _) = fold(events);
    let Some(open) = count.state.candidate else {
        return Vec::new();
    };
    let is_it =
        |(stored, _): &(StoredEvent, SignatureCheck)| stored.message.contains(open.id.as_str());
    let from = events.iter().position(is_it).unwrap_or(0);
    let since = events.iter().skip(from).filter(|(one, _)| !one.is_large);
    since.map(|(one, _)| one.commit.clone()).collect()
}
