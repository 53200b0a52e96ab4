//! The posts that are owed: each is sent or printed once, and its end goes on record. Without a record a post is tried
//! once.

mod delivery;

use crate::core::config::{Channel, Config};
use crate::core::decide::Step;
use crate::core::record::{Attempt, Candidate, How, News, Notice, Person, What};
use crate::core::refusal::{Refusal, Report, Stop};
use crate::core::tell::markdown;
use crate::core::tell::post::{About, Post};
use crate::core::text::ago;
use crate::core::words::ChannelKind;
use crate::core::words::CommitId;
use crate::core::words::EventId;
use crate::git::Repo;
use crate::git::record::identity;
use crate::session::Session;
use crate::team::recorder::{Recorder, new_id};
use crate::team::sending::Outcome;
use crate::team::{watched, webhook};

/// The channel that is told of candidates, verdicts and rollbacks.
pub const TECHNICAL: &str = "technical";
/// The channel that is told what is new on production.
pub const PRODUCT: &str = "product";
/// For so long, in seconds, an attempt of somebody else is taken to be still on its way.
const FRESH: i64 = 300;

/// What a channel speaks; one that is not configured is printed for.
pub fn kind(config: &Config, channel: &str) -> ChannelKind {
    configured(config, channel).map_or(ChannelKind::Print, |channel| channel.kind)
}

/// The channel, if it is configured.
pub fn configured<'c>(config: &'c Config, name: &str) -> Option<&'c Channel> {
    config.channels.iter().find(|channel| channel.name == name)
}

/// Whether a channel's posts cannot be sent from this clone because it has no webhook of it. One that cannot be used is
/// another matter: that is told where it is used.
pub fn lacks_webhook(repo: &Repo, config: &Config, channel: &str) -> bool {
    let chat = configured(config, channel).filter(|channel| channel.kind != ChannelKind::Print);
    chat.is_some_and(|channel| matches!(webhook::find(repo, channel), Ok(None)))
}

/// The step of a plan that tells a channel.
pub fn step(session: &Session<'_>, config: &Config, channel: &str) -> Step {
    let from_here = !lacks_webhook(&session.repo, config, channel);
    Step::Post {
        channel: channel.to_owned(),
        kind: kind(config, channel),
        from_here,
    }
}

/// The channels that are owed a post on the record. Where none is configured the text is printed at once, and that is all.
pub fn owing(config: &Config, channel: &str) -> Vec<String> {
    configured(config, channel)
        .map(|channel| channel.name.clone())
        .into_iter()
        .collect()
}

/// Whoever makes posts.
pub struct Posts<'a> {
    session: &'a Session<'a>,
    config: &'a Config,
    recorder: Option<Recorder<'a>>,
    done: &'a str,
    again: &'a str,
}

impl<'a> Posts<'a> {
    /// One who says of what was done before the posts that it is `done`, and which command goes on: `again`.
    pub fn of(session: &'a Session<'a>, config: &'a Config, done: &'a str, again: &'a str) -> Self {
        let recorder = Recorder::of(&session.repo, config, session.ui.is_interactive());
        Self {
            session,
            config,
            recorder,
            done,
            again,
        }
    }

    /// What the record owes now, oldest first: `known` where this run has just put something on it.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn owed(&self, known: Option<Vec<Notice>>) -> Result<Vec<Notice>, Stop> {
        let (Some(recorder), None) = (&self.recorder, &known) else {
            return Ok(known.unwrap_or_default());
        };
        let ui = self.session.ui;
        let owed = ui.during("reading what is owed", || {
            Ok(recorder.read_now()??.state.pending)
        });
        owed.map_err(|stop| self.unclear(stop, "every channel"))
    }

    /// Makes what is owed of this kind, oldest first. The first that cannot be made is the error.
    ///
    /// # Errors
    /// [`Stop::Incomplete`]: what was done stands, and what is owed stays so.
    pub fn pay(&self, owed: &[Notice], wanted: impl Fn(&Notice) -> bool) -> Result<(), Stop> {
        let owed: Vec<&Notice> = owed.iter().filter(|owed| wanted(owed)).collect();
        // Two runs of one clone could not tell each other's attempt from one that was cut off.
        let chats = owed
            .iter()
            .any(|owed| kind(self.config, &owed.channel) != ChannelKind::Print);
        let lock = chats.then(|| self.session.notes().lock_posts()).transpose();
        let _lock = lock.map_err(|stop| self.unclear(stop, "every channel"))?;
        // One that cannot be made holds back no other.
        let made: Vec<Result<(), Stop>> = owed.into_iter().map(|owed| self.make(owed)).collect();
        made.into_iter().collect()
    }

    /// The post as Markdown, which is how a person reads it before it goes out.
    ///
    /// # Errors
    /// When history cannot be read.
    pub fn preview(&self, owed: &Notice) -> Result<String, Stop> {
        Ok(markdown::payload(&self.composed(owed)?))
    }

    /// Prints a post that nobody keeps a record of.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn say(&self, owed: &Notice) -> Result<(), Stop> {
        self.session
            .ui
            .note(format!("for the {} channel:", owed.channel));
        self.session.ui.data(self.preview(owed)?.as_bytes())
    }

    fn make(&self, owed: &Notice) -> Result<(), Stop> {
        let over = match &owed.attempt {
            None => None,
            // Who could send it again, or ask, is not here.
            Some(sending) if self.is_for_others(owed) => {
                self.session.ui.note(format!(
                    "{} began to send a post to {}",
                    sending.by.name, owed.channel
                ));
                return Ok(());
            }
            Some(sending) if self.is_made_or_left(owed, sending)? => return Ok(()),
            Some(sending) => Some(&sending.id),
        };
        let mut post = self
            .composed(owed)
            .map_err(|stop| self.unclear(stop, &owed.channel))?;
        if over.is_some() {
            post.heading.push_str(" (repeated)");
        }
        match kind(self.config, &owed.channel) {
            ChannelKind::Print => self.print(owed, &post, over),
            _ if lacks_webhook(&self.session.repo, self.config, &owed.channel) => {
                self.leave(owed, &post)
            }
            kind => self.send(kind, owed, &post, over),
        }
    }

    /// Whether nobody here can do anything about an attempt that was not seen to end.
    fn is_for_others(&self, owed: &Notice) -> bool {
        !self.session.ui.is_interactive()
            && lacks_webhook(&self.session.repo, self.config, &owed.channel)
    }

    /// Everything that the post says.
    fn composed(&self, owed: &Notice) -> Result<Post, Stop> {
        let Notice {
            date,
            commit,
            environment,
            targets,
            ..
        } = owed;
        let mentions =
            configured(self.config, &owed.channel).map_or(&[][..], |channel| &channel.mentions);
        let when = self.session.when();
        let today = when.date(when.now);
        let about = About {
            config: self.config,
            mentions,
            date: if date.is_empty() { &today } else { date },
            targets,
        };
        let repo = &self.session.repo;
        let watched = |running: &[Option<&CommitId>]| {
            watched::between(self.session, self.config, running, commit)
        };
        Ok(match &owed.news {
            News::Proposed { note } => {
                let from = targets.iter().find_map(|(_, from)| from.as_ref());
                let changes = repo.changes(from, commit)?;
                let running: Vec<_> = targets.iter().map(|(_, from)| from.as_ref()).collect();
                Post {
                    watched: watched(&running)?,
                    ..about.proposal(commit, environment, &changes, note.as_deref())
                }
            }
            News::Fixed { before } => {
                let added = repo.changes(Some(before), commit)?.ships;
                Post {
                    watched: watched(&[Some(before)])?,
                    ..about.fix(before, commit, environment, &added)
                }
            }
            News::Blocked { by, reason } => about.blocked(commit, by, reason.as_deref()),
            News::Postponed { by, reason } => about.postponed(commit, environment, by, reason),
            News::Released { summary } => about.product(commit, summary.as_deref()),
            News::RolledBack { from, by, reason } => {
                about.rolled_back(from.as_ref(), commit, by, reason.as_deref())
            }
        })
    }

    fn print(&self, owed: &Notice, post: &Post, over: Option<&EventId>) -> Result<(), Stop> {
        let channel = &owed.channel;
        self.session.ui.note(format!("for the {channel} channel:"));
        self.session
            .ui
            .data(markdown::payload(post).as_bytes())
            .map_err(|stop| self.unclear(stop, channel))?;
        self.ended(owed, over.cloned(), How::Printed)
    }

    /// This clone has no webhook, so the text is printed. It stays owed, for a clone that has one.
    fn leave(&self, owed: &Notice, post: &Post) -> Result<(), Stop> {
        let (ui, channel) = (self.session.ui, &owed.channel);
        ui.note(format!(
            "no webhook of {channel} here, so this is not sent:"
        ));
        ui.data(markdown::payload(post).as_bytes())
            .map_err(|stop| self.unclear(stop, channel))?;
        // A candidate that is open would be closed by `postpone`.
        let command = owed.command(!self.again.starts_with("git smp postpone"));
        ui.advise(format!(
            "it stays owed; a clone that has the webhook sends it: {command}"
        ));
        ui.advise("to keep the webhook in this clone: git smp setup");
        Ok(())
    }

    fn send(
        &self,
        kind: ChannelKind,
        owed: &Notice,
        post: &Post,
        over: Option<&EventId>,
    ) -> Result<(), Stop> {
        let (ui, channel) = (self.session.ui, &owed.channel);
        let address = match self.address(channel) {
            Ok(address) => address,
            Err(report) => return Err(self.untold(owed, post, &report)),
        };
        let attempt = new_id();
        let (about, over) = (owed.about.clone(), over.cloned());
        let posting = What::Posting {
            about,
            channel: channel.clone(),
            over,
        };
        if !self.note(owed, &attempt, &posting)? {
            ui.note(format!("somebody else makes the post to {channel}"));
            return Ok(());
        }
        match self.deliver(kind, channel, &address, post)? {
            Outcome::Accepted => self.ended(owed, Some(attempt), How::Accepted),
            Outcome::NotTaken(report) => {
                let (channel, why) = (channel.clone(), report.error.clone());
                self.note(
                    owed,
                    &new_id(),
                    &What::Unposted {
                        attempt,
                        channel,
                        why,
                    },
                )?;
                Err(self.untold(owed, post, &report))
            }
            Outcome::Unclear(report) => Err(self.unknown(owed, &report)),
        }
    }

    /// What is to be done about an attempt whose end nobody saw. Nothing is sent twice unasked.
    fn is_made_or_left(&self, owed: &Notice, sending: &Attempt) -> Result<bool, Stop> {
        let (ui, channel, now) = (self.session.ui, &owed.channel, self.session.when().now);
        let (name, email) = identity(&self.session.repo).unwrap_or_default();
        let story = format!(
            "{} began to send the post to {channel} {}",
            sending.by.name,
            ago(now, sending.at)
        );
        if sending.by != (Person { name, email })
            && (0..FRESH).contains(&now.saturating_sub(sending.at))
        {
            ui.note(format!("{story}, and may be at it still"));
            return Ok(true);
        }
        let story = format!("{story}, and nobody saw what came of it");
        if !ui.is_interactive() {
            return Err(self.unknown(owed, &Report::new(story)));
        }
        ui.warn(format!("{story}. The post is:"));
        ui.insist(
            &self
                .preview(owed)?
                .lines()
                .map(crate::core::text::Line::plain)
                .collect::<Vec<_>>(),
        );
        ui.catch_interrupts()?;
        let answer = ui.ask(&format!(
            "Look into {channel}: is it there? Type posted, repost or skip: "
        ));
        let how = match answer.as_deref().map(str::trim) {
            Some("posted") => How::Found,
            Some("skip") => How::Skipped,
            Some("repost") => return Ok(false),
            _ => return Err(self.unknown(owed, &Report::new(story))),
        };
        self.ended(owed, Some(sending.id.clone()), how)
            .map(|()| true)
    }

    fn ended(&self, owed: &Notice, attempt: Option<EventId>, how: How) -> Result<(), Stop> {
        let (about, channel) = (owed.about.clone(), owed.channel.clone());
        self.note(
            owed,
            &new_id(),
            &What::Posted {
                about,
                channel,
                attempt,
                how,
            },
        )
        .map(drop)
    }

    /// Adds an event about a post, and says whether that was so: a post that is not owed any more, or whose attempt is
    /// another by now, is somebody else's.
    fn note(&self, owed: &Notice, id: &EventId, what: &What) -> Result<bool, Stop> {
        let Some(recorder) = &self.recorder else {
            return Ok(false);
        };
        let mut still = false;
        let noted = self.session.ui.during("writing the record", || {
            recorder.append(id, &mut |state| {
                still = state.is_pending(what);
                Ok(still.then(|| what.clone()))
            })
        });
        noted
            .map(|_| still)
            .map_err(|stop| self.unclear(stop, &owed.channel))
    }

    /// Nobody took it. The text is shown, for the channel may have to be told by hand.
    fn untold(&self, owed: &Notice, post: &Post, why: &Report) -> Stop {
        let channel = &owed.channel;
        self.session.ui.warn(format!(
            "{channel} was not told; this is the post, should you have to paste it:"
        ));
        // Where nobody reads it the record has it still.
        let _ = self.session.ui.data(markdown::payload(post).as_bytes());
        let report =
            Report::new(format!("{}, but {channel} was not told", self.done)).because(&why.error);
        let report = why
            .because
            .iter()
            .fold(report, Report::because)
            .because("the post is kept, and still owed");
        let first = why
            .hint
            .as_ref()
            .map(|hint| format!("{hint}; then "))
            .unwrap_or_default();
        Stop::Incomplete(report.hint(format!(
            "{first}run it again, which sends it: {}",
            self.again
        )))
    }

    /// It may be in the channel.
    fn unknown(&self, owed: &Notice, why: &Report) -> Stop {
        let channel = &owed.channel;
        let report = Report::new(format!(
            "{}, but whether {channel} was told is not known",
            self.done
        ));
        let report = std::iter::once(&why.error)
            .chain(&why.because)
            .fold(report, Report::because);
        let report = report.because("the post may be there, and nothing is sent twice unasked");
        Stop::Incomplete(report.hint(format!(
            "look into {channel}, then in a terminal, which asks: {}",
            self.again
        )))
    }

    /// What was done stands; that a channel was told is not on record.
    fn unclear(&self, stop: Stop, channel: &str) -> Stop {
        let (Stop::Failed(report)
        | Stop::Incomplete(report)
        | Stop::Refused(Refusal { report, .. })
        | Stop::Misused(report)) = stop
        else {
            return stop;
        };
        let text = format!(
            "{}, but that {channel} was told is not on record",
            self.done
        );
        let text = std::iter::once(&report.error)
            .chain(&report.because)
            .fold(Report::new(text), Report::because);
        let first = report
            .hint
            .map(|hint| format!("{hint}; then "))
            .unwrap_or_default();
        Stop::Incomplete(text.hint(format!("{first}run it again: {}", self.again)))
    }
}

/// What would be owed of a candidate, for showing it.
pub fn of_candidate(candidate: &Candidate, news: News) -> Notice {
    let about = (candidate.date.as_str(), &candidate.commit);
    Notice {
        targets: candidate.goals(),
        ..to_be_told(TECHNICAL, about, &candidate.environment, news)
    }
}

/// What would be owed, for showing it before anything is.
pub fn to_be_told(
    channel: &str,
    (date, commit): (&str, &CommitId),
    place: &str,
    news: News,
) -> Notice {
    Notice {
        about: new_id(),
        channel: channel.to_owned(),
        date: date.to_owned(),
        commit: commit.clone(),
        environment: place.to_owned(),
        targets: Vec::new(),
        news,
        attempt: None,
    }
}
