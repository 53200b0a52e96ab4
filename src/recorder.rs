//! Reads the shared record and adds to it: fetch, fold, decide anew, and push only onto what was read.

use std::fs;
use std::hash::{BuildHasher, RandomState};
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use crate::config::{Config, Record};
use crate::error::{Refusal, RefusalCode, Report, Stop};
use crate::git::push::{self, Ended};
use crate::git::record::{self as objects, Draft, SEEN};
use crate::git::{Repo, remote};
use crate::model::CommitId;
use crate::record::{self, Copied, Event, EventId, FORMAT, Person, Reading, State, Unlawful, Unreadable, What};

/// For how long it is tried again when others write at the same time.
const BUSY_LIMIT: Duration = Duration::from_secs(60);
/// For how long it is asked what became of an event whose push broke off.
const UNKNOWN_LIMIT: Duration = Duration::from_secs(15);
/// The name and version that every event bears.
const PROGRAM: &str = concat!("git-smp ", env!("CARGO_PKG_VERSION"));

/// The one who reads and writes the record.
#[derive(Clone, Copy)]
pub struct Recorder<'a> {
    repo: &'a Repo,
    remote: &'a str,
    record: &'a Record,
    may_ask: bool,
}

/// A name for an event to come, which nothing else has.
pub fn new_id() -> EventId {
    // The standard library seeds this hasher from the system's random source, and time and process differ as well.
    EventId::of(RandomState::new().hash_one((SystemTime::now(), std::process::id())))
}

impl<'a> Recorder<'a> {
    /// The recorder of this configuration; `None` where the team keeps no record.
    pub fn of(repo: &'a Repo, config: &'a Config, may_ask: bool) -> Option<Self> {
        let record = config.record.as_ref()?;
        Some(Self { repo, remote: &config.repository.remote, record, may_ask })
    }

    /// The ref that keeps it.
    pub fn reference(&self) -> &str {
        &self.record.reference
    }

    /// The remote that has it.
    pub fn remote(&self) -> &str {
        self.remote
    }

    /// Whether the main repository would let us push at all; the inner error has git's words. A hook there that knows
    /// better is heard only by a real push.
    ///
    /// # Errors
    /// When git cannot be started.
    pub fn may_write(&self) -> Result<Result<(), Vec<String>>, Stop> {
        push::may_push(self.repo, self.remote, self.may_ask)
    }

    /// Reads the record; where the main repository does not answer, what this clone saw of it last.
    ///
    /// # Errors
    /// The inner error says why there is no record to be had; the outer one, that this clone cannot be read.
    pub fn read(&self) -> Result<Result<Reading, Refusal>, Stop> {
        match self.read_now()? {
            Err(refusal) if refusal.code == RefusalCode::Unreachable => self.read_copy(refusal),
            now => Ok(now),
        }
    }

    /// Reads what the main repository has now, and nothing else.
    ///
    /// # Errors
    /// As [`Recorder::read`].
    pub fn read_now(&self) -> Result<Result<Reading, Refusal>, Stop> {
        // Another program of this clone may move what was seen between our two looks; then both are taken again.
        for _ in 0..5 {
            if let Some(reading) = self.read_once()? {
                return Ok(reading);
            }
        }
        Ok(Err(self.busy()))
    }

    fn read_once(&self) -> Result<Option<Result<Reading, Refusal>>, Stop> {
        let tip = match self.ask_tip() {
            Ok(tip) => tip,
            Err(refusal) => return Ok(Some(Err(refusal))),
        };
        self.heard();
        let seen = objects::seen(self.repo)?;
        let last = seen.as_ref().map(|(id, _)| id);
        let (tip, text) = match (&tip, &seen) {
            (None, None) => return Ok(Some(Ok(Reading { state: State::default(), tip: None, copy: None }))),
            (None, Some((last, _))) => return Ok(Some(Err(self.gone(last)))),
            (Some(tip), Some((last, text))) if tip == last => (tip, Ok(text.clone())),
            (Some(tip), _) => {
                if let Err(refusal) = remote::fetch_commit(self.repo, self.remote, tip) {
                    return Ok(Some(Err(refusal)));
                }
                (tip, objects::state_at(self.repo, tip)?)
            }
        };
        let state = match text.map_err(Unreadable::Garbage).and_then(|text| record::read_state(&text)) {
            Ok(state) => state,
            Err(why) => return Ok(Some(Err(self.unreadable(tip, &why)))),
        };
        if let Some(last) = last.filter(|last| *last != tip) {
            if self.repo.is_ancestor(tip, last)? {
                // Older than what was seen: either it was rewound, or somebody of this clone was quicker than we.
                return Ok((self.ask_tip().ok().flatten().as_ref() == Some(tip)
                    && objects::seen(self.repo)?.map(|(id, _)| id).as_ref() == Some(last))
                .then(|| Err(self.rewound(last, tip))));
            }
            if !self.repo.is_ancestor(last, tip)? {
                return Ok(Some(Err(self.rewound(last, tip))));
            }
        }
        if last != Some(tip) && !objects::remember(self.repo, tip, last)? {
            return Ok(None);
        }
        Ok(Some(Ok(Reading { state, tip: Some(tip.clone()), copy: None })))
    }

    fn read_copy(&self, why: Refusal) -> Result<Result<Reading, Refusal>, Stop> {
        let Some((tip, text)) = objects::seen(self.repo)? else { return Ok(Err(why)) };
        let age = fs::metadata(self.heard_at()).and_then(|data| data.modified()).ok();
        let age = age.map(|then| SystemTime::now().duration_since(then).unwrap_or_default());
        let copy = Some(Copied { age, why });
        Ok(match record::read_state(&text) {
            Ok(state) => Ok(Reading { state, tip: Some(tip), copy }),
            Err(why) => Err(self.unreadable(&tip, &why)),
        })
    }

    fn ask_tip(&self) -> Result<Option<CommitId>, Refusal> {
        let ask = |may_ask| remote::tip(self.repo, self.remote, &self.record.reference, may_ask);
        match ask(false) {
            Err(refusal) if self.may_ask && remote::wants_credentials(&refusal) => ask(true),
            answer => answer,
        }
    }

    fn heard_at(&self) -> PathBuf {
        self.repo.layout().common_dir.join("smp").join("record-heard")
    }

    /// Remembers that the main repository answered, for whoever reads the copy later.
    fn heard(&self) {
        let path = self.heard_at();
        // Where it cannot be written, as in a clone that may only be read, no age is told later.
        let _ = path.parent().map(fs::create_dir_all);
        let _ = fs::write(path, b"");
    }

    /// Every event, oldest first, with those that cannot be read left out and counted.
    ///
    /// # Errors
    /// When git cannot read them.
    pub fn events(&self, reading: &Reading) -> Result<(Vec<Event>, usize), Stop> {
        let Some(tip) = &reading.tip else { return Ok((Vec::new(), 0)) };
        let written = objects::events(self.repo, tip)?;
        let all = written.len();
        let read = |one: objects::Written| {
            let (name, email) = one.by;
            record::read_event(&one.message, Person { name, email }, one.at).ok()
        };
        let events: Vec<Event> = written.into_iter().filter_map(read).collect();
        let unread = all - events.len();
        Ok((events, unread))
    }

    /// Adds one event, whose name is `id`. What it is, `decide` says anew each time that somebody else was quicker;
    /// `None`: nothing is to be recorded any more. Gives the state after it.
    ///
    /// # Errors
    /// What `decide` refuses; that the record cannot be read or written; [`Stop::Incomplete`] where nobody can say
    /// whether the event is on it.
    pub fn append(
        &self,
        id: &EventId,
        decide: &mut dyn FnMut(&State) -> Result<Option<What>, Stop>,
    ) -> Result<State, Stop> {
        let (name, email) = objects::identity(self.repo)?;
        let by = Person { name, email };
        let mut ours: Vec<CommitId> = Vec::new();
        let begun = Instant::now();
        while ours.is_empty() || begun.elapsed() < BUSY_LIMIT {
            let reading = self.read_now()??;
            if self.holds(&reading, &ours)? {
                return Ok(reading.state);
            }
            if reading.state.format > FORMAT {
                return Err(self.unreadable_newer(u64::from(reading.state.format)).into());
            }
            let Some(what) = decide(&reading.state)? else { return Ok(reading.state) };
            let event = Event { id: id.clone(), by: by.clone(), at: now(), program: PROGRAM.to_owned(), what };
            let next = reading.state.after(&event).map_err(unlawful)?;
            let commit = self.write(&event, &next, reading.tip.as_ref())?;
            ours.push(commit.clone());
            if self.push(&commit, reading.tip.as_ref())? {
                // Whoever reads next finds out by themselves if this cannot be kept here.
                let _ = objects::remember(self.repo, &commit, reading.tip.as_ref())?;
                return Ok(next);
            }
            self.wait_a_little(ours.len());
        }
        Err(self.busy().into())
    }

    /// Whether one of our attempts is on the record, whatever its push said.
    fn holds(&self, reading: &Reading, ours: &[CommitId]) -> Result<bool, Stop> {
        let Some(tip) = &reading.tip else { return Ok(false) };
        for attempt in ours {
            if self.repo.is_ancestor(attempt, tip)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn write(&self, event: &Event, next: &State, parent: Option<&CommitId>) -> Result<CommitId, Stop> {
        let (state, message) = (record::write_state(next), record::message(event));
        if state.len() as u64 > objects::LARGEST_STATE {
            let report = Report::new("the record would hold more than anybody could read");
            return Err(Stop::Failed(report.hint("close the candidate, and with it its verdicts: git smp postpone")));
        }
        let by = (event.by.name.as_str(), event.by.email.as_str());
        objects::write(self.repo, &Draft { parent, state: &state, message: &message, by, at: event.at })
    }

    /// Pushes an event. Whether it is on the record is read from there, never inferred; no: somebody else was quicker.
    fn push(&self, commit: &CommitId, onto: Option<&CommitId>) -> Result<bool, Stop> {
        let to = (self.remote, self.record.reference.as_str());
        let (mut ended, mut words) = push::push_event(self.repo, to, commit, onto, false)?;
        let wanted = ["could not read Username", "could not read Password", "terminal prompts disabled"];
        if self.may_ask && ended == Ended::NothingSent && wanted.iter().any(|sign| words.contains(sign)) {
            (ended, words) = push::push_event(self.repo, to, commit, onto, true)?;
        }
        let begun = Instant::now();
        loop {
            match self.ask_tip() {
                Ok(tip) if tip.as_ref() == Some(commit) => return Ok(true),
                Ok(tip) if tip.as_ref() != onto => return Ok(false),
                Ok(_) if matches!(ended, Ended::Declined | Ended::NothingSent) => {
                    return Err(Stop::Refused(self.not_writable(&words)));
                }
                Ok(_) => return Ok(false),
                Err(refusal) if ended == Ended::NothingSent => return Err(refusal.into()),
                Err(refusal) if begun.elapsed() > UNKNOWN_LIMIT => return Err(self.unknown(&refusal)),
                Err(_) => thread::sleep(Duration::from_secs(1)),
            }
        }
    }

    /// Pauses of growing and random length, so that those who collided do not collide again.
    fn wait_a_little(&self, attempt: usize) {
        let most = 40 * u64::try_from(attempt.min(12)).unwrap_or(12);
        let random = RandomState::new().hash_one(SystemTime::now());
        thread::sleep(Duration::from_millis(5 + random % most));
    }

    fn place(&self) -> String {
        format!("{} on {}", self.record.reference, self.remote)
    }

    fn busy(&self) -> Refusal {
        let report = Report::new("the record is busy: others wrote to it each time that we tried")
            .because(format!("it is {}", self.place()));
        Refusal { code: RefusalCode::RecordBusy, report: report.hint("see what happens there: git smp history") }
    }

    fn gone(&self, last: &CommitId) -> Refusal {
        let report = Report::new("the record is gone")
            .because(format!("{} does not exist, but this clone saw it at {}", self.place(), last.short()))
            .because("somebody deleted it, as git push --mirror does, or it was moved")
            .hint(format!("put back what this clone saw: git push {} {SEEN}:{}", self.remote, self.record.reference));
        Refusal { code: RefusalCode::RecordRewound, report }
    }

    fn rewound(&self, last: &CommitId, tip: &CommitId) -> Refusal {
        let reference = &self.record.reference;
        let lease = format!("--force-with-lease={reference}:{tip}");
        let report = Report::new("the record was rewritten")
            .because(format!("{} is at {}, which lacks events that this clone saw", self.place(), tip.short()))
            .because(format!("this clone saw it at {}", last.short()))
            .because(format!("if that was meant, forget what was seen: git update-ref -d {SEEN}"))
            .hint(format!("put back what this clone saw: git push {lease} {} {SEEN}:{reference}", self.remote));
        Refusal { code: RefusalCode::RecordRewound, report }
    }

    fn unreadable(&self, tip: &CommitId, why: &Unreadable) -> Refusal {
        let why = match why {
            Unreadable::Newer(format) => return self.unreadable_newer(*format),
            Unreadable::Garbage(why) => why,
        };
        let report = Report::new("the record cannot be read")
            .because(format!("{} is at {}: {why}", self.place(), tip.short()))
            .hint(format!(
                "see what was written there: git fetch {} {} && git log -p FETCH_HEAD",
                self.remote, self.record.reference
            ));
        Refusal { code: RefusalCode::RecordUnreadable, report }
    }

    fn unreadable_newer(&self, format: u64) -> Refusal {
        let report = Report::new("the record was written by a newer git-smp")
            .because(format!("{} has format {format}; this is {PROGRAM}, which writes {FORMAT}", self.place()))
            .hint("install the newest: cargo install git-smp");
        Refusal { code: RefusalCode::RecordNewer, report }
    }

    fn not_writable(&self, words: &str) -> Refusal {
        let report = Report::new("the record cannot be written to").because(format!("it is {}", self.place()));
        let own = words.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("To ")).take(5);
        let report = own.fold(report, |report, line| report.because(line.trim_start_matches("fatal: ")));
        let hint = if self.record.reference.starts_with("refs/heads/") {
            format!(
                "ask for the right to push to it: git push --dry-run {} HEAD:{}",
                self.remote, self.record.reference
            )
        } else {
            format!(
                "ask for the right to push to {}, or, if it takes branches only, set record.ref = \
                 \"refs/heads/smp-record\" in smp.toml, then: git smp setup",
                self.remote
            )
        };
        Refusal { code: RefusalCode::RecordNotWritable, report: report.hint(hint) }
    }

    fn unknown(&self, refusal: &Refusal) -> Stop {
        let report = Report::new("cannot tell whether the record took the event").because(refusal.report.error.clone());
        let report = refusal.report.because.iter().cloned().fold(report, Report::because);
        Stop::Incomplete(report.hint("when it answers again, run the same command again: it goes on from there"))
    }
}

fn now() -> i64 {
    jiff::Timestamp::now().as_second()
}

/// The last guard: plans refuse with more words, before it comes to this.
fn unlawful(why: Unlawful) -> Stop {
    let (code, error) = match why {
        Unlawful::OtherCandidate => (RefusalCode::CandidateMoved, "the candidate is another one now"),
        Unlawful::CandidateOpen => (RefusalCode::CandidateOpen, "there is a candidate already"),
        Unlawful::Frozen => (RefusalCode::Frozen, "a candidate is open, so nothing but a fix may be deployed"),
        Unlawful::OtherDeploy => (RefusalCode::Deploying, "another deploy is on its way, or this one was given up"),
        Unlawful::NotSignedOff => (RefusalCode::NotSignedOff, "the candidate is not signed off"),
        Unlawful::NotOwed => (RefusalCode::CandidateMoved, "the post is not owed any more"),
    };
    Stop::refused(code, Report::new(error).hint("see where things stand: git smp status"))
}
