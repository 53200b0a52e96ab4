//! The state of a record of signed events. The state in a tree is not trusted, because anybody may write one. Pure.

use std::collections::{BTreeMap, HashSet};

use crate::core::record::{
    Event, FORMAT, Kind, Person, Reading, State, Unlawful, Verdict, What, read_event,
};
use crate::core::words::{CommitId, EventId, SignatureCheck, StoredEvent};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ignored {
    pub commit: CommitId,
    /// The author that the event claims.
    pub by: String,
    pub at: i64,
    /// The first line of the event.
    pub what: String,
    pub why: String,
}

impl Ignored {
    fn of(stored: &StoredEvent, why: String) -> Self {
        Self {
            commit: stored.commit.clone(),
            by: stored.by.0.clone(),
            at: stored.at,
            what: stored.message.lines().next().unwrap_or_default().to_owned(),
            why,
        }
    }

    pub fn named(&self) -> String {
        let (short, what, why) = (self.commit.short(), &self.what, &self.why);
        format!("{short} \"{what}\": {why}")
    }
}

/// The count of a record's events, one after the other.
#[derive(Clone, Debug, Default)]
pub struct Count {
    pub state: State,
    /// The time of the newest event that counts, in seconds since 1970.
    pub latest: i64,
    pub last: Option<CommitId>,
    pub ignored: Vec<Ignored>,
    /// The newest event since the candidate was opened or closed that cannot be checked here: it may be a block.
    pub unchecked: Option<Ignored>,
    /// The ids of the counting events, and the opened issues.
    ids: HashSet<EventId>,
    issues: HashSet<u64>,
    /// The last rollback of each environment if no earlier event shows that its commit ran there.
    pub unseen: BTreeMap<String, Ignored>,
    ran: Ran,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SignedRecord {
    pub latest: i64,
    pub ignored: Vec<Ignored>,
    /// As [`Count::unchecked`].
    pub unchecked: Option<Ignored>,
    /// As [`Count::unseen`].
    pub unseen: Vec<Ignored>,
    /// True if the main branch has a file with the keys that count.
    pub has_signers: bool,
    /// The fingerprints of the openpgp keys in that file.
    pub openpgp: Vec<String>,
}

impl Count {
    /// Counts the next event and returns it, or lists it as ignored and returns why.
    pub fn take(
        &mut self,
        stored: &StoredEvent,
        signature: &SignatureCheck,
    ) -> Result<Event, String> {
        let open = |state: &State| state.candidate.as_ref().map(|one| one.id.clone());
        let before = open(&self.state);
        let taken = self.weigh(stored, signature);
        if before != open(&self.state) {
            self.unchecked = None;
        }
        if let Err(why) = &taken {
            let ignored = Ignored::of(stored, why.clone());
            if signature.is_unsure() {
                self.unchecked = Some(ignored.clone());
            }
            self.ignored.push(ignored);
        }
        taken
    }

    fn weigh(&mut self, stored: &StoredEvent, signature: &SignatureCheck) -> Result<Event, String> {
        if let Some(fault) = signature.fault() {
            return Err(fault);
        }
        if stored.at != stored.committed {
            return Err("its author and its committer name different dates".to_owned());
        }
        let event = read(stored, signature);
        // Otherwise a revoked key could sign for the time when it counted. A block counts regardless of its author's
        // clock.
        if stored.committed < self.latest && !event.as_ref().is_some_and(is_block) {
            return Err("its date is earlier than the date of an earlier event".to_owned());
        }
        let Some(event) = event else {
            // An entitled person wrote it, so it may forbid the next step.
            self.state.format = FORMAT + 1;
            return Err("this version does not know this kind of event".to_owned());
        };
        if self.ids.contains(&event.id) {
            return Err("an earlier event has its ID".to_owned());
        }
        // The comments there are about another candidate.
        let opened = self.state.opened(&event.what);
        if opened.is_some_and(|number| self.issues.contains(&number)) {
            return Err("its issue is that of an earlier candidate".to_owned());
        }
        if let Some(fault) = self.ran.fault(&event.what) {
            return Err(fault);
        }
        match self.state.after(&event) {
            Ok(next) => self.follow(stored, &event.what, next),
            Err(why) => return Err(unlawful(why).to_owned()),
        }
        self.ids.insert(event.id.clone());
        self.issues.extend(opened);
        self.latest = stored.committed.max(self.latest);
        self.last = Some(stored.commit.clone());
        Ok(event)
    }

    fn follow(&mut self, stored: &StoredEvent, what: &What, next: State) {
        let before = &self.state.deploys;
        (self.unseen).retain(|name, _| before.get(name) == next.deploys.get(name));
        if let Some(name) = self.ran.went_back_unseen(what) {
            let why = "the record does not show that this commit ran there before";
            let event = Ignored::of(stored, why.to_owned());
            self.unseen.insert(name.to_owned(), event);
        }
        self.ran.take(what, (&self.state, &next));
        self.state = next;
    }
}

/// The commits that ran in each environment, from signed events: another event could hide a deploy outside git smp.
#[derive(Clone, Debug, Default)]
struct Ran {
    there: HashSet<(String, CommitId)>,
    /// The targets and the sources of proposals.
    targets: HashSet<String>,
    sources: HashSet<String>,
}

impl Ran {
    /// Returns why an event that stages a commit is invalid; `None` if it is valid.
    fn fault(&self, what: &What) -> Option<String> {
        let (kind, name) = match what {
            What::Deploying(it) => (it.kind, &it.environment),
            What::Deployed(it) => (it.kind, &it.environment),
            _ => return None,
        };
        let is_target = self.targets.contains(name) && !self.sources.contains(name);
        (kind == Kind::Stage && is_target)
            .then(|| format!("commits are promoted to {name}, and not staged there"))
    }

    /// Returns the environment of a rollback to a commit that no earlier event shows there.
    fn went_back_unseen<'e>(&self, what: &'e What) -> Option<&'e str> {
        let What::Deployed(it) = what else {
            return None;
        };
        let place = (it.environment.clone(), it.to.clone());
        let is_unseen = it.kind == Kind::Rollback && !self.there.contains(&place);
        is_unseen.then_some(it.environment.as_str())
    }

    /// Adds a counting event. Its claim about the earlier commit counts only if the record knows none.
    fn take(&mut self, what: &What, (before, after): (&State, &State)) {
        match what {
            What::Proposed(it) => {
                self.sources.insert(it.environment.clone());
                for (name, _) in &it.targets {
                    self.targets.insert(name.clone());
                    self.knows(name, after);
                }
                self.knows(&it.environment, after);
            }
            What::Deployed(it) => {
                let name = &it.environment;
                let from = it.from.clone().filter(|_| before.known(name).is_none());
                let from = from.map(|from| (name.clone(), from));
                self.there.extend(from);
                self.knows(name, after);
            }
            What::Observed(it) => self.knows(&it.environment, after),
            _ => {}
        }
    }

    fn knows(&mut self, name: &str, state: &State) {
        let known = state.known(name);
        let known = known.map(|(commit, _)| (name.to_owned(), commit.clone()));
        self.there.extend(known);
    }
}

fn is_block(event: &Event) -> bool {
    matches!(&event.what, What::Judged(it) if it.verdict == Verdict::Block)
}

/// Reads the event, with the owner of its key as author.
pub fn read(stored: &StoredEvent, signature: &SignatureCheck) -> Option<Event> {
    let (name, email) = stored.by.clone();
    let by = Person {
        principal: signature.principal().map(str::to_owned),
        ..Person::named(name, email)
    };
    read_event(&stored.message, by, stored.at).ok()
}

const NAMED: usize = 3;

/// Returns a line for each event that does not count, newest first, after a warning if no key counts.
pub fn told(reading: &Reading) -> Vec<String> {
    let Some(signed) = &reading.signed else {
        return Vec::new();
    };
    let nobody = "the signers file on the main branch is missing or names no key, so no event counts; \
        add a line for each key";
    let nobody = (reading.tip.is_some() && !signed.has_signers).then(|| nobody.to_owned());
    let more = signed.ignored.len().saturating_sub(NAMED);
    let newest = signed.ignored.iter().rev().take(NAMED);
    let lines = newest.map(|one| format!("an event does not count: {}", one.named()));
    let more = (more > 0).then(|| format!("and {more} more that came before"));
    let unseen = signed.unseen.iter();
    let unseen = unseen.map(|one| format!("look at this event: {}", one.named()));
    let lines = unseen.chain(lines).chain(more);
    nobody.into_iter().chain(lines).collect()
}

/// Describes why an event cannot follow the ones before it.
pub fn unlawful(why: Unlawful) -> &'static str {
    match why {
        Unlawful::Begun => "the record already existed",
        Unlawful::OtherCandidate => "its commit was not the candidate then",
        Unlawful::CandidateOpen => "another candidate was open",
        Unlawful::Frozen => "a candidate was open, so only a fix could be deployed",
        Unlawful::OtherDeploy => "no such deploy was announced",
        Unlawful::NotSignedOff => "its commit was not signed off then",
        Unlawful::SamePerson => "the proposer of a commit cannot sign it off",
        Unlawful::OwnFix => "those who deployed a fix of a commit cannot sign it off",
        Unlawful::NotTheirs => "its name is not that of its comment",
        Unlawful::NotPending => "no such post was pending",
        Unlawful::NothingNew => "the record already had it",
    }
}
