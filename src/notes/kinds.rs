//! The kinds of notes, except those about pushes on their way.

use std::fs;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use crate::core::refusal::Stop;
use crate::core::words::{Arrival, CommitId, EventId, KnownConfig, SignatureCheck};
use crate::notes::Notes;
use crate::notes::in_flight::LONGEST_BUILD;

const AGREED: &str = "trusted";
const ANNOUNCED: &str = "announced";
/// An empty file, as old as the main repository's last answer.
const HEARD: &str = "record-heard";
const TEXT: &str = "text";
const UNSENT: &str = "unsent";
const CONFIG: &str = "git-config";
const CHECKED: &str = "signatures";
const ARRIVED: &str = "arrivals";
const LOOKED: &str = "looked";
/// How many announcements are remembered. An open one stays ours if the next run notes its own and is then cut off.
const KEPT: usize = 16;

/// The text that a person wrote for the product post of a deploy, kept until the deploy is recorded or the post sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Text {
    pub commit: CommitId,
    pub text: String,
    /// True once a person confirmed the deploy.
    pub begun: bool,
}

/// A push that a host took, but said that it does not deploy, or not yet.
#[derive(Serialize, Deserialize)]
struct Unconfirmed {
    commit: CommitId,
    words: String,
}

fn doubt(name: &str) -> String {
    format!("doubt-{name}")
}

/// The latest announcements of this clone.
#[derive(Serialize, Deserialize)]
struct Announced {
    ids: Vec<EventId>,
}

/// An attempt at a post that is recorded, or about to be, and of which nothing was sent.
#[derive(Serialize, Deserialize)]
struct Unsent {
    attempt: EventId,
}

/// The results of git's signature checks of the record.
#[derive(Serialize, Deserialize)]
pub struct Checked {
    /// The commit of the main branch whose keys were used.
    pub main: CommitId,
    /// The object name of its signers file, if it has one.
    pub signers: Option<String>,
    pub events: Vec<(CommitId, SignatureCheck)>,
}

/// All arrivals at environments, according to the record up to an event.
#[derive(Serialize, Deserialize)]
pub struct Arrived {
    pub tip: CommitId,
    pub all: Vec<Arrival>,
    /// The number of events that cannot be read.
    pub unread: usize,
}

/// The commit that an environment ran when this clone last saw it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastSeen {
    pub environment: String,
    /// The environment's address at that time, because its name may later mean another place.
    pub url: String,
    pub commit: CommitId,
    /// The time, in seconds since 1970.
    pub at: i64,
}

impl LastSeen {
    /// Returns whether this shows the result of a deploy of `to` that began `at` that time: it saw that commit run, or
    /// came after the longest build. Until then, the commit before still runs.
    pub fn tells_of(&self, to: &CommitId, at: i64) -> bool {
        let later = self.after(at);
        later.is_some_and(|later| self.commit == *to || later >= LONGEST_BUILD)
    }

    /// Returns how long after a time this was; `None` if before.
    fn after(&self, at: i64) -> Option<Duration> {
        let seconds = u64::try_from(self.at.saturating_sub(at)).ok()?;
        Some(Duration::from_secs(seconds))
    }
}

/// The last sighting of each environment by this clone.
#[derive(Default, Serialize, Deserialize)]
struct Looked {
    all: Vec<LastSeen>,
}

/// The values of `smp.toml` that the user agreed to.
#[derive(Serialize, Deserialize)]
struct Agreed {
    values: Vec<(String, String)>,
}

impl Notes {
    pub fn text(&self) -> Option<Text> {
        self.read(TEXT)
    }

    /// Returns the text for the deploy of this commit, if a person confirmed that deploy.
    pub fn begun_text(&self, commit: &CommitId) -> Option<String> {
        let text = self.text()?;
        (text.begun && text.commit == *commit).then_some(text.text)
    }

    /// Keeps the written text. If this fails, the caller must not begin a deploy.
    pub fn keep_text(&self, words: &Text) -> Result<(), Stop> {
        self.write(TEXT, words)
    }

    /// Forgets the text of a deploy that ended: the text is recorded from now on, or is sent at this moment. If this
    /// fails, the text could be sent twice.
    pub fn forget_text(&self) -> Result<(), Stop> {
        self.remove(TEXT)
    }

    /// Takes over the text that earlier versions kept in their note of pending posts.
    pub(super) fn adopt_text(&self) {
        #[derive(Deserialize)]
        struct Old {
            kept: Text,
        }
        let old = self.read::<Old>("posts").filter(|_| self.text().is_none());
        let _ = old.map(|old| self.keep_text(&old.kept));
    }

    /// Keeps what a host said about a commit. The commit is not trusted as long as the branch stays there.
    pub fn keep_doubt(&self, name: &str, commit: &CommitId, words: &str) -> Result<(), Stop> {
        let (commit, words) = (commit.clone(), words.to_owned());
        self.write(&doubt(name), &Unconfirmed { commit, words })
    }

    /// Forgets it, because a later push was taken without such words, or a person saw the commit run.
    pub fn forget_doubt(&self, name: &str) {
        // If the note stays, it applies to one commit only.
        let _ = self.remove(&doubt(name));
    }

    /// Returns what the host said about exactly this commit, if anything.
    pub fn doubt(&self, name: &str, commit: &CommitId) -> Option<String> {
        let note: Unconfirmed = self.read(&doubt(name))?;
        (note.commit == *commit).then_some(note.words)
    }

    /// Remembers an announcement before it is made. If this fails, the caller must not announce.
    pub fn remember_announced(&self, id: &EventId) -> Result<(), Stop> {
        let mut ids = self.announced();
        ids.insert(0, id.clone());
        ids.truncate(KEPT);
        self.write(ANNOUNCED, &Announced { ids })
    }

    /// Returns whether this clone made an announcement, whatever its outcome.
    pub fn has_announced(&self, id: &EventId) -> bool {
        self.announced().contains(id)
    }

    fn announced(&self) -> Vec<EventId> {
        if let Some(Announced { ids }) = self.read(ANNOUNCED) {
            return ids;
        }
        // Earlier versions wrote one name per line.
        let lines = fs::read_to_string(self.path(ANNOUNCED)).unwrap_or_default();
        lines.lines().filter_map(EventId::parse).collect()
    }

    /// Keeps an attempt at a post before it is recorded, to tell an interrupted run from one that sent the post.
    pub fn keep_unsent(&self, attempt: &EventId) -> Result<(), Stop> {
        let attempt = attempt.clone();
        self.write(UNSENT, &Unsent { attempt })
    }

    /// Returns whether nothing of this attempt was sent. The caller holds the lock for posts.
    pub fn is_unsent(&self, attempt: &EventId) -> bool {
        let note: Option<Unsent> = self.read(UNSENT);
        note.is_some_and(|note| note.attempt == *attempt)
    }

    /// Forgets the attempt, which is sent at this moment. If this fails, the post could be sent twice.
    pub fn forget_unsent(&self) -> Result<(), Stop> {
        self.remove(UNSENT)
    }

    pub fn keep_agreed(&self, values: Vec<(String, String)>) -> Result<(), Stop> {
        self.write(AGREED, &Agreed { values })
    }

    /// Returns the values that the user agreed to; none if they are no longer known.
    pub fn agreed(&self) -> Vec<(String, String)> {
        let note = self.read::<Agreed>(AGREED);
        note.map_or_else(Vec::new, |note| note.values)
    }

    /// Keeps git's settings for the display of history. If this fails, git is asked the next time.
    pub fn keep_config(&self, known: &KnownConfig) {
        let _ = self.write(CONFIG, known);
    }

    pub fn config(&self) -> Option<KnownConfig> {
        self.read(CONFIG)
    }

    /// Keeps the results of signature checks. If this fails, git is asked the next time.
    pub fn keep_checked(&self, checked: &Checked) {
        let _ = self.write(CHECKED, checked);
    }

    pub fn checked(&self) -> Option<Checked> {
        self.read(CHECKED)
    }

    /// Keeps the arrivals of a whole record. If this fails, the record is read again the next time.
    pub fn keep_arrived(&self, arrived: &Arrived) {
        let _ = self.write(ARRIVED, arrived);
    }

    pub fn arrived(&self) -> Option<Arrived> {
        self.read(ARRIVED)
    }

    /// Keeps what was seen. The earlier entry stays if an environment did not answer, or if another run saw it later.
    /// If this fails, less is known offline.
    pub fn keep_seen(&self, seen: Vec<LastSeen>) {
        let Looked { mut all } = self.read(LOOKED).unwrap_or_default();
        for new in seen {
            let is_later = |one: &LastSeen| {
                // An entry from far ahead comes from a clock that jumped.
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

    /// Remembers the time of the main repository's answer. Readers of the record's copy show it later.
    pub fn heard(&self) {
        // If this fails, as in a read-only clone, no age is shown later.
        let _ = fs::create_dir_all(&self.folder);
        let _ = fs::write(self.path(HEARD), b"");
    }

    /// Returns the time since the main repository last answered; `None` if that is unknown.
    pub fn heard_ago(&self) -> Option<Duration> {
        let then = self.written_at(HEARD)?;
        Some(SystemTime::now().duration_since(then).unwrap_or_default())
    }
}
