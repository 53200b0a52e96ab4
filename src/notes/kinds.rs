//! What is noted, beside what is on its way.

use std::fs;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use crate::core::refusal::Stop;
use crate::core::words::{Arrival, CommitId, EventId, KnownConfig, SignatureCheck};
use crate::notes::Notes;
use crate::notes::in_flight::LONGEST_BUILD;

const AGREED: &str = "trusted";
const ANNOUNCED: &str = "announced";
/// An empty file, as old as the last answer of the main repository.
const HEARD: &str = "record-heard";
const TEXT: &str = "text";
const UNSENT: &str = "unsent";
const CONFIG: &str = "git-config";
const CHECKED: &str = "signatures";
const ARRIVED: &str = "arrivals";
const LOOKED: &str = "looked";
/// How many announcements are remembered: an open one stays ours when the next run is cut off before its own is made.
const KEPT: usize = 16;

/// What a person wrote for the product post of a deploy, until that deploy is on record or told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Text {
    pub commit: CommitId,
    pub text: String,
    /// Whether somebody said yes to the deploy.
    pub begun: bool,
}

/// That a host took a push and said that it does not deploy it, or not yet.
#[derive(Serialize, Deserialize)]
struct Unconfirmed {
    commit: CommitId,
    words: String,
}

fn doubt(name: &str) -> String {
    format!("doubt-{name}")
}

/// The announcements that this clone made last.
#[derive(Serialize, Deserialize)]
struct Announced {
    ids: Vec<EventId>,
}

/// The attempt at a post that goes on record, or is there, and of which nothing was sent.
#[derive(Serialize, Deserialize)]
struct Unsent {
    attempt: EventId,
}

/// What git made of the signatures of the record.
#[derive(Serialize, Deserialize)]
pub struct Checked {
    /// The commit of the main branch whose keys those were.
    pub main: CommitId,
    /// The content of its signers file, if it has one.
    pub signers: Option<String>,
    pub events: Vec<(CommitId, SignatureCheck)>,
}

/// All that environments were given, by the record up to an event.
#[derive(Serialize, Deserialize)]
pub struct Arrived {
    pub tip: CommitId,
    pub all: Vec<Arrival>,
    /// How many events cannot be read.
    pub unread: usize,
}

/// What an environment ran when this clone saw it last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastSeen {
    pub environment: String,
    /// Where that was: a name may come to mean another place.
    pub url: String,
    pub commit: CommitId,
    /// In seconds since 1970.
    pub at: i64,
}

impl LastSeen {
    /// Whether this also tells what came of a deploy of `to` that began `at` that time: it saw that commit run, or came
    /// when no build takes so long. Until then what ran before still runs.
    pub fn tells_of(&self, to: &CommitId, at: i64) -> bool {
        let later = self.after(at);
        later.is_some_and(|later| self.commit == *to || later >= LONGEST_BUILD)
    }

    /// How long after a time it was; `None`: before.
    fn after(&self, at: i64) -> Option<Duration> {
        let seconds = u64::try_from(self.at.saturating_sub(at)).ok()?;
        Some(Duration::from_secs(seconds))
    }
}

/// What this clone saw last, an environment each.
#[derive(Default, Serialize, Deserialize)]
struct Looked {
    all: Vec<LastSeen>,
}

/// The values of `smp.toml` that were agreed to.
#[derive(Serialize, Deserialize)]
struct Agreed {
    values: Vec<(String, String)>,
}

impl Notes {
    pub fn text(&self) -> Option<Text> {
        self.read(TEXT)
    }

    /// The words for the deploy of this commit, if somebody had said yes to it.
    pub fn begun_text(&self, commit: &CommitId) -> Option<String> {
        let text = self.text()?;
        (text.begun && text.commit == *commit).then_some(text.text)
    }

    /// Keeps what was written. Where it cannot be, nothing should begin.
    pub fn keep_text(&self, words: &Text) -> Result<(), Stop> {
        self.write(TEXT, words)
    }

    /// The deploy came to its end: what was written for it stands elsewhere from now on, or is sent in this moment. Where
    /// it cannot be forgotten, it would be sent a second time.
    pub fn forget_text(&self) -> Result<(), Stop> {
        self.remove(TEXT)
    }

    /// Takes the text over that earlier versions kept with posts that were owed.
    pub(super) fn adopt_text(&self) {
        #[derive(Deserialize)]
        struct Old {
            kept: Text,
        }
        let old = self.read::<Old>("posts").filter(|_| self.text().is_none());
        let _ = old.map(|old| self.keep_text(&old.kept));
    }

    /// Keeps what a host said of a commit: as long as the branch stays there, it is not believed.
    pub fn keep_doubt(&self, name: &str, commit: &CommitId, words: &str) -> Result<(), Stop> {
        let (commit, words) = (commit.clone(), words.to_owned());
        self.write(&doubt(name), &Unconfirmed { commit, words })
    }

    /// Forgets it: a later push was taken without such words, or a person saw it run.
    pub fn forget_doubt(&self, name: &str) {
        // A note that stays is about one commit, and tells of nothing else.
        let _ = self.remove(&doubt(name));
    }

    /// What the host said of this very commit, if it did.
    pub fn doubt(&self, name: &str, commit: &CommitId) -> Option<String> {
        let note: Unconfirmed = self.read(&doubt(name))?;
        (note.commit == *commit).then_some(note.words)
    }

    /// Remembers an announcement before it is made. Where it cannot be written, nothing must be announced.
    pub fn remember_announced(&self, id: &EventId) -> Result<(), Stop> {
        let mut ids = self.announced();
        ids.insert(0, id.clone());
        ids.truncate(KEPT);
        self.write(ANNOUNCED, &Announced { ids })
    }

    /// Whether this clone made an announcement, whatever came of it.
    pub fn has_announced(&self, id: &EventId) -> bool {
        self.announced().contains(id)
    }

    fn announced(&self) -> Vec<EventId> {
        if let Some(Announced { ids }) = self.read(ANNOUNCED) {
            return ids;
        }
        // Earlier versions wrote a name a line.
        let lines = fs::read_to_string(self.path(ANNOUNCED)).unwrap_or_default();
        lines.lines().filter_map(EventId::parse).collect()
    }

    /// Keeps an attempt at a post before it goes on record: a run that is cut off is told from one that sent it.
    pub fn keep_unsent(&self, attempt: &EventId) -> Result<(), Stop> {
        let attempt = attempt.clone();
        self.write(UNSENT, &Unsent { attempt })
    }

    /// Whether nothing of this attempt was sent. Asked with the lock of the posts in hand.
    pub fn is_unsent(&self, attempt: &EventId) -> bool {
        let note: Option<Unsent> = self.read(UNSENT);
        note.is_some_and(|note| note.attempt == *attempt)
    }

    /// It is sent in this moment. Where it cannot be forgotten, it would be sent a second time.
    pub fn forget_unsent(&self) -> Result<(), Stop> {
        self.remove(UNSENT)
    }

    pub fn keep_agreed(&self, values: Vec<(String, String)>) -> Result<(), Stop> {
        self.write(AGREED, &Agreed { values })
    }

    /// The values that were agreed to; none where that is not known any more.
    pub fn agreed(&self) -> Vec<(String, String)> {
        let note = self.read::<Agreed>(AGREED);
        note.map_or_else(Vec::new, |note| note.values)
    }

    /// Keeps what git said of how history is shown. Where it cannot be written, git is asked the next time.
    pub fn keep_config(&self, known: &KnownConfig) {
        let _ = self.write(CONFIG, known);
    }

    pub fn config(&self) -> Option<KnownConfig> {
        self.read(CONFIG)
    }

    /// Keeps what git made of signatures. Where it cannot be written, git is asked the next time.
    pub fn keep_checked(&self, checked: &Checked) {
        let _ = self.write(CHECKED, checked);
    }

    pub fn checked(&self) -> Option<Checked> {
        self.read(CHECKED)
    }

    /// Keeps what a whole record tells. Where it cannot be written, it is read again the next time.
    pub fn keep_arrived(&self, arrived: &Arrived) {
        let _ = self.write(ARRIVED, arrived);
    }

    pub fn arrived(&self) -> Option<Arrived> {
        self.read(ARRIVED)
    }

    /// Keeps what was seen; of an environment that did not answer, or was seen later by another run, what is noted stays.
    /// Where it cannot be written, less is known offline.
    pub fn keep_seen(&self, seen: Vec<LastSeen>) {
        let Looked { mut all } = self.read(LOOKED).unwrap_or_default();
        for new in seen {
            let is_later = |one: &LastSeen| {
                // One from far ahead is by a clock that jumped.
                let after = one.after(new.at).filter(|after| *after < LONGEST_BUILD);
                one.url == new.url && after.is_some_and(|after| !after.is_zero())
            };
            let (same, mut other): (Vec<_>, Vec<_>) =
                (all.into_iter()).partition(|one| one.environment == new.environment);
            other.push(same.into_iter().find(is_later).unwrap_or(new));
            all = other;
        }
        let _ = self.write(LOOKED, &Looked { all });
    }

    pub fn last_seen(&self, environment: &str, url: &str) -> Option<LastSeen> {
        let Looked { all } = self.read(LOOKED)?;
        let mut all = all.into_iter();
        all.find(|one| one.environment == environment && one.url == url)
    }

    /// Remembers that the main repository answered, for whoever reads the copy of the record later.
    pub fn heard(&self) {
        // Where it cannot be written, as in a clone that may only be read, no age is told later.
        let _ = fs::create_dir_all(&self.folder);
        let _ = fs::write(self.path(HEARD), b"");
    }

    /// For how long the main repository was not heard of; `None`: nobody knows.
    pub fn heard_ago(&self) -> Option<Duration> {
        let then = self.written_at(HEARD)?;
        Some(SystemTime::now().duration_since(then).unwrap_or_default())
    }
}
