//! The product post of a promotion: its text, its targets, and its progress through interrupted runs.

mod kept;
mod overridden;

use crate::core::config::Config;
use crate::core::decide::before::ran_before;
use crate::core::decide::{Plan, Step, Target};
use crate::core::record::{Deployed, Deploying, News, Notice, Person, State, Telling, What};
use crate::core::refusal::{Refusal, Report, Stop};
use crate::core::text::Line;
use crate::core::typed::Typed;
use crate::core::words::CommitId;
use crate::git::record::identity;
use crate::notes::Notes;
use crate::options::Asking;
use crate::session::Session;
use crate::team::channel::{self, PRODUCT, Route};
use crate::team::delivery::Delivery;
use crate::team::posting::Pending;
use crate::team::recorder::{Recorder, new_id};
use crate::team::summary::Summary;

/// How many of the latest events may tell of another run's deploy.
const LATEST: u32 = 20;

pub struct ProductPost<'a> {
    session: &'a Session<'a>,
    config: &'a Config,
    commit: CommitId,
    date: String,
    targets: Vec<(String, Option<CommitId>)>,
    /// True if this run pushes; otherwise an earlier run or somebody else did.
    pushes: bool,
    /// The deploys without a recorded end whose posts are sent with this one.
    carried: Vec<Deploying>,
    /// The record before this run.
    state: Option<&'a State>,
}

impl<'a> ProductPost<'a> {
    /// Builds the post for this plan. Its date is that of the proposal's post.
    pub fn of(
        session: &'a Session<'a>,
        config: &'a Config,
        targets: &[Target<'_>],
        (plan, carried): (&Plan, Vec<Deploying>),
        state: Option<&'a State>,
    ) -> Self {
        let (commit, when) = (plan.commit.clone(), session.when());
        let date = when.date_of(state, &commit);
        let ran = targets.iter().map(|target| {
            let name = &target.environment.name;
            let from = ran_before(target, &commit, state).cloned();
            let from = from.or_else(|| session.notes().pushed_onto(name, &commit));
            (name.clone(), from)
        });
        Self {
            session,
            config,
            date,
            targets: ran.collect(),
            commit,
            pushes: (plan.steps.iter()).any(|step| matches!(step, Step::Push { .. })),
            carried,
            state,
        }
    }

    /// Returns whether the plan will end with a post, as far as known before its text exists.
    pub fn is_wanted(&self, given: Option<&Summary>) -> bool {
        match given {
            Some(given) => matches!(given, Summary::Text(_)),
            None => self.is_kept(),
        }
    }

    /// Returns whether a record keeps it until a channel accepts it.
    fn is_kept(&self) -> bool {
        channel::configured(self.config, PRODUCT).is_some()
    }

    /// Returns the text of the post from its source; `None` if there is none, with a message.
    pub fn text(&self, asking: Asking, given: Option<Summary>) -> Result<Option<String>, Stop> {
        let (ui, short) = (self.session.ui, self.commit.short());
        let summary = match given {
            Some(given) => given,
            None if self.is_kept() => self.asked_for(asking)?,
            // The text of an interrupted run is printed by the run that sees the end.
            None => return Ok(self.begun_text().filter(|_| !self.pushes)),
        };
        let why = match summary {
            Summary::Text(text) => return Ok(Some(text)),
            Summary::Missing => {
                ui.warn(format!(
                    "no post about {short} to the {PRODUCT} channel: it has no text; give it one with --summary or -F"
                ));
                return Ok(None);
            }
            Summary::Empty => "its text is empty",
            Summary::Untouched => "the draft was left as it was",
        };
        if !asking.dry_run {
            self.notes().forget_text()?;
        }
        ui.note(format!(
            "no post about {short} to the {PRODUCT} channel: {why}"
        ));
        Ok(None)
    }

    pub fn telling(&self, text: Option<&str>, overridden: bool) -> Option<Telling> {
        let channels = [(PRODUCT, text.is_some()), (channel::TECHNICAL, overridden)];
        let told = channels.into_iter().filter(|(_, is_told)| *is_told);
        let told: Vec<&str> = told.map(|(name, _)| name).collect();
        let channels = told
            .iter()
            .flat_map(|name| channel::to_tell(self.config, name));
        (!told.is_empty()).then(|| Telling {
            channels: channels.collect(),
            ..self.tells(text)
        })
    }

    fn tells(&self, text: Option<&str>) -> Telling {
        Telling {
            channels: Vec::new(),
            date: self.date.clone(),
            targets: self.targets.clone(),
            text: text.map(str::to_owned),
        }
    }

    pub fn preview(&self, text: &str) -> Result<(), Stop> {
        self.delivery(&Typed::smp("promote"))
            .print(&self.notification(text))
    }

    /// Shows the texts of the posts below their plan; with `own`, that of this promotion too.
    pub fn show(&self, text: Option<&str>, own: bool, asked: bool) {
        let ours = text
            .filter(|_| own)
            .map(|text| (format!("The post to the {PRODUCT} channel will say"), text));
        let mut lines = Vec::new();
        for (heading, text) in self.carried_texts(text).into_iter().chain(ours) {
            lines.push(Line::plain(heading));
            lines.extend(text.lines().map(|line| Line::plain(format!("  | {line}"))));
            lines.push(Line::default());
        }
        if asked {
            self.session.ui.insist(&lines)
        } else {
            self.session.ui.say(&lines)
        }
    }

    /// Returns whether a person confirmed this deploy in an earlier run whose end was not seen.
    pub fn is_begun(&self) -> bool {
        self.notes().begun_text(&self.commit).is_some()
    }

    /// Returns the text of such a run, if it had any.
    fn begun_text(&self) -> Option<String> {
        let text = self.notes().begun_text(&self.commit);
        text.filter(|text| !text.is_empty())
    }

    /// Sends the post after the deploy has ended, with older pending ones.
    ///
    /// # Errors
    /// [`Stop::Incomplete`]: the deploy stands.
    pub fn end(&self, text: Option<&str>, pending: Pending, again: &Typed) -> Result<(), Stop> {
        let delivery = self.delivery(again);
        let told = text.map(|text| self.notification(text));
        if self.config.record.is_none() {
            // Before sending, because a post that may be there is never sent again.
            self.forget_text(again)?;
            return told.map_or(Ok(()), |told| delivery.deliver_once(&told));
        }
        let is_kept = self.is_kept();
        if let Some(told) = &told
            && !is_kept
        {
            match self.is_told_by_others(told) {
                true => self.session.ui.note(format!(
                    "the other run printed the same text for the {PRODUCT} channel"
                )),
                false => delivery.print_once(told),
            }
        }
        // The event of the deploy has made it pending.
        let forgotten = self.forget_text(again);
        let of_this = (pending.notices.iter())
            .filter(|one| one.commit == self.commit && one.is_of_a_deploy());
        let of_this: Vec<&Notice> = of_this.collect();
        let is_ours = pending.recorded;
        if let Some(told) = told.as_ref().filter(|_| is_kept)
            && (of_this.iter().any(|one| one.says_what(told)) || self.is_on_record(told))
        {
            if !is_ours {
                let text = format!("the other run posts the same text to the {PRODUCT} channel");
                self.session.ui.note(text);
            }
        } else if let Some(told) = told.as_ref().filter(|_| is_kept) {
            let why = match of_this.is_empty() {
                true => "somebody else recorded the deploy",
                false => "the deploy is on record with another text",
            };
            self.session.ui.warn(format!(
                "{why}, so this is not posted to the {PRODUCT} channel; paste it if needed:"
            ));
            delivery.print_once(told);
        }
        // The run that recorded the deploy prints its post, too.
        let delivered = delivery.deliver(pending, |one| {
            let is_theirs = !is_ours && one.commit == self.commit;
            let route = channel::route(self.session, self.config, &one.channel);
            one.is_of_a_deploy() && !(is_theirs && matches!(route, Route::Print))
        });
        delivered.and(forgotten)
    }

    /// Returns whether a recorded deploy of this commit has the same text, pending or posted.
    fn is_on_record(&self, told: &Notice) -> bool {
        self.are_on_record(told).next().is_some()
    }

    /// Returns the recorded deploys of this commit that have the same text, each with its recorder.
    fn are_on_record(&self, told: &Notice) -> impl Iterator<Item = (Person, Deployed)> {
        let all = self.latest().into_iter();
        let all = all.filter_map(|event| match event.what {
            What::Deployed(it) if it.to == self.commit => Some((event.by, it)),
            _ => None,
        });
        all.filter(|(_, it)| {
            let text = it.tells.as_ref().and_then(|tells| tells.text.as_ref());
            text.is_some_and(|text| self.notification(text).says_what(told))
        })
    }

    /// Returns whether somebody else's run recorded its own deploy with the same text, so that it printed the post.
    fn is_told_by_others(&self, told: &Notice) -> bool {
        let me = identity(&self.session.repo).ok();
        let mut all = self.are_on_record(told);
        all.any(|(by, it)| it.announced_by.is_none() && me != Some((by.name, by.email)))
    }

    /// Leaves the post to somebody who pushed the same commit at the same time: no record tells who deployed.
    pub fn is_theirs(&self, text: Option<&str>) -> Result<(), Stop> {
        self.notes().forget_text()?;
        let Some(text) = text else { return Ok(()) };
        self.session.ui.note(format!(
            "the other run posts to the {PRODUCT} channel; if it was started without a text, paste this one:"
        ));
        self.preview(text)
    }

    /// Delivers pending posts. Without a record this includes a stored text for this commit, because it runs.
    pub fn resume(&self, given: Option<&Summary>, again: &Typed) -> Result<(), Stop> {
        let text = match (self.begun_text(), given) {
            (Some(_), Some(Summary::Text(given))) => Some(given.clone()),
            (kept, None) => kept,
            (None, Some(Summary::Text(given))) => {
                if !self.is_pending(given) {
                    self.session
                        .ui
                        .warn("this run deployed nothing, so the text of --summary is not posted");
                }
                None
            }
            (_, Some(Summary::Empty | Summary::Untouched | Summary::Missing)) => None,
        };
        let pending = self.state.map(Pending::from).unwrap_or_default();
        self.end(text.as_deref(), pending, again)
    }

    /// Returns whether this text is already recorded as pending.
    fn is_pending(&self, text: &str) -> bool {
        let pending = self.state.map_or(&[][..], |state| &state.pending);
        pending.iter().any(|one| {
            matches!(&one.news, News::Released { summary, .. } if summary.as_deref() == Some(text))
        })
    }

    fn delivery(&self, again: &Typed) -> Delivery<'_> {
        Delivery::of(self.session, self.config, "deployed", again.clone())
    }

    fn notification(&self, text: &str) -> Notice {
        let summary = Some(text.to_owned());
        let place = self.names().first().copied().unwrap_or_default();
        let (tells, overridden) = (self.tells(Some(text)), None);
        let news = News::Released {
            summary,
            overridden,
        };
        Notice::of_deploy(new_id(), PRODUCT, &tells, (place, &self.commit), news)
    }

    fn names(&self) -> Vec<&str> {
        self.targets.iter().map(|(name, _)| name.as_str()).collect()
    }

    fn notes(&self) -> Notes {
        self.session.notes()
    }

    fn forget_text(&self, again: &Typed) -> Result<(), Stop> {
        let forgotten = self.notes().forget_text();
        forgotten.map_err(|stop| untold(&stop, again))
    }
}

/// Delivers pending posts of earlier deploys if a new deploy is refused; returns the refusal. It stays a refusal if all of
/// them are left to somebody else.
pub fn deliver_before(
    session: &Session<'_>,
    (config, state): (&Config, Option<&State>),
    again: &Typed,
    refusal: Refusal,
) -> Stop {
    let mut pending = state.map_or_else(Vec::new, |state| state.pending.clone());
    // This run does not handle posts that this clone cannot send.
    pending.retain(|one| {
        one.is_of_a_deploy() && !channel::lacks_webhook(session, config, &one.channel)
    });
    if pending.is_empty() {
        return refusal.into();
    }
    let delivery = Delivery::of(session, config, "deployed", again.clone());
    let delivered = delivery.deliver(pending.clone(), |_| true);
    let recorder = Recorder::of(&session.repo, config, false);
    let known = recorder.and_then(|recorder| recorder.known());
    let is_unchanged = known.is_some_and(|known| {
        let mut pending = pending.iter();
        pending.all(|one| known.state.pending.contains(one))
    });
    if delivered.is_ok() && is_unchanged {
        return refusal.into();
    }
    Stop::Incomplete(match delivered {
        Ok(()) => (refusal.report).because("only the pending posts of an earlier deploy were sent"),
        Err(stop) => {
            let report = stop.report().cloned();
            let report = report.unwrap_or_else(|| Report::new("the pending posts were not sent"));
            report.because(refusal.report.error)
        }
    })
}

fn untold(stop: &Stop, again: &Typed) -> Stop {
    let report = Report::new(format!(
        "deployed, but the {PRODUCT} channel was not notified"
    ))
    .because(stop.to_string());
    Stop::Incomplete(report.run("run the command again to notify the channel", again.clone()))
}
