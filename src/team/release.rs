//! The product post of a promotion: its text, whom it names, and its way through runs that are cut off.

use crate::cli::Promote;
use crate::core::config::Config;
use crate::core::decide::{Plan, Step, Target};
use crate::core::record::{Deploy, Kind, News, Notice, State, Telling};
use crate::core::refusal::{Refusal, Report, Stop};
use crate::core::tell::post::titled;
use crate::core::text::Line;
use crate::core::words::CommitId;
use crate::notes::{Notes, Text};
use crate::session::Session;
use crate::team::posts::{self, PRODUCT, Posts};
use crate::team::summary::{self, Offer, Summary};

/// What is to be told of a promotion.
pub struct Release<'a> {
    session: &'a Session<'a>,
    config: &'a Config,
    commit: CommitId,
    date: String,
    targets: Vec<(String, Option<CommitId>)>,
    /// Whether something is pushed; else an earlier run has done so, or somebody else.
    pushes: bool,
    /// Whether the record owes a post of an earlier deploy.
    owes: bool,
    /// The texts of the posts that the record owes.
    told: Vec<String>,
}

impl<'a> Release<'a> {
    /// What this plan releases. It carries the date of its proposal, as the post that put it forward.
    pub fn of(
        session: &'a Session<'a>,
        config: &'a Config,
        targets: &[Target<'_>],
        plan: &Plan,
        state: Option<&State>,
    ) -> Self {
        let commit = plan.commit.clone();
        let pushes = plan
            .steps
            .iter()
            .any(|step| matches!(step, Step::Push { .. }));
        let candidate = state
            .and_then(|state| state.candidate.as_ref())
            .filter(|open| open.commit == commit);
        let when = session.when();
        let date = candidate
            .map(|open| open.date.clone())
            .filter(|date| !date.is_empty());
        let date = date.unwrap_or_else(|| when.date(when.now));
        let before = |target: &Target<'_>| {
            let name = target.environment.name.clone();
            let deploy = state
                .and_then(|state| state.deploys.get(&name))
                .filter(|deploy| deploy.commit == commit);
            let goal = candidate
                .and_then(|open| open.goal(&name))
                .and_then(|goal| goal.from.clone());
            let runs = target
                .observed
                .runs()
                .filter(|runs| **runs != commit)
                .cloned();
            (
                name,
                runs.or(goal)
                    .or(deploy.and_then(|deploy: &Deploy| deploy.from.clone())),
            )
        };
        let targets = targets.iter().map(before).collect();
        // A rollback that has arrived unseen goes on record with this deploy, and is owed then.
        let goes_back = |state: &State| {
            state
                .deploying
                .as_ref()
                .is_some_and(|open| open.kind == Kind::Rollback)
        };
        let owes =
            state.is_some_and(|state| goes_back(state) || state.pending.iter().any(is_of_deploys));
        let told = |owed: &Notice| match &owed.news {
            News::Released { summary } => summary.clone(),
            _ => None,
        };
        let told = state
            .map(|state| state.pending.iter().filter_map(told).collect())
            .unwrap_or_default();
        Self {
            session,
            config,
            commit,
            date,
            targets,
            pushes,
            owes,
            told,
        }
    }

    /// Whether the plan has a post as its last step, as far as that is known before anybody wrote its text.
    pub fn is_wanted(&self, given: Option<&Summary>) -> bool {
        match given {
            Some(given) => matches!(given, Summary::Text(_)),
            None => posts::configured(self.config, PRODUCT).is_some(),
        }
    }

    /// The text of the post, from whoever has it; `None`: there is none, which is said.
    ///
    /// # Errors
    /// When the editor fails, or its text cannot be used.
    pub fn text(&self, args: &Promote, given: Option<Summary>) -> Result<Option<String>, Stop> {
        let ui = self.session.ui;
        if given.is_none() && posts::configured(self.config, PRODUCT).is_none() {
            // What a run that was cut off was given is printed by the one that sees the end.
            let begun = self.notes().begun_text(&self.commit);
            return Ok(begun.filter(|text| !self.pushes && !text.is_empty()));
        }
        Ok(match given.map_or_else(|| self.asked_for(args), Ok)? {
            Summary::Text(text) => Some(text),
            left @ (Summary::Empty | Summary::Untouched) => {
                if !args.dry_run {
                    self.notes().forget_text()?;
                }
                let why = if left == Summary::Empty {
                    "its text is empty"
                } else {
                    "the draft was left as it was"
                };
                ui.note(format!("no post to {PRODUCT}: {why}"));
                None
            }
            Summary::Missing => {
                ui.warn(format!(
                    "no post to {PRODUCT}: nobody gave its text, with --summary or -F"
                ));
                None
            }
        })
    }

    fn asked_for(&self, args: &Promote) -> Result<Summary, Stop> {
        // What was written for this deploy before it was cut off is not asked for again.
        if let Some(text) = self
            .notes()
            .begun_text(&self.commit)
            .filter(|_| !self.pushes)
        {
            return Ok(Summary::of(text));
        }
        let kept = self
            .notes()
            .text()
            .filter(|kept| kept.commit == self.commit)
            .map(|kept| kept.text);
        let title = titled(&self.names().join(", "), "deploy", &self.date);
        let from = self.targets.iter().find_map(|(_, from)| from.as_ref());
        let offer = Offer {
            heading: &title,
            commit: &self.commit,
            from,
            kept: kept.as_deref(),
        };
        match (
            &kept,
            args.dry_run,
            self.session.ui.is_interactive() && !args.yes,
        ) {
            (Some(text), true, _) => Ok(Summary::of(text.clone())),
            (None, true, _) => {
                let text = summary::drafted(self.session, &offer)?;
                if !text.is_empty() {
                    self.session.ui.note(format!(
                        "the text to {PRODUCT} is a draft; your editor will ask for it"
                    ));
                }
                Ok(Summary::of(text))
            }
            (_, false, true) => {
                self.session.ui.catch_interrupts()?;
                summary::written(self.session, &offer)
            }
            (_, false, false) => Ok(Summary::Missing),
        }
    }

    /// What goes on record with the deploy.
    pub fn telling(&self, text: &str) -> Telling {
        let (date, targets) = (self.date.clone(), self.targets.clone());
        Telling {
            channels: posts::owing(self.config, PRODUCT),
            date,
            targets,
            text: Some(text.to_owned()),
        }
    }

    /// Shows the post as it would go out.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn preview(&self, text: &str) -> Result<(), Stop> {
        self.posts("git smp promote").say(&self.owed(text))
    }

    /// Shows the text that will go out, below the plan that posts it.
    pub fn show(&self, text: Option<&str>, asked: bool) {
        let Some(text) = text else { return };
        let mut lines = vec![Line::plain(format!("The post to {PRODUCT} will say"))];
        lines.extend(text.lines().map(|line| Line::plain(format!("  | {line}"))));
        lines.push(Line::default());
        if asked {
            self.session.ui.insist(&lines)
        } else {
            self.session.ui.say(&lines)
        }
    }

    /// Keeps the text before the question, so that a no costs no words, and before anything begins, so that a run which
    /// is cut off loses nothing.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn keep(&self, text: Option<&str>, begins: bool) -> Result<(), Stop> {
        let Some(text) = text else { return Ok(()) };
        let untold = |kept: &Text| kept.commit != self.commit && kept.begun;
        if let Some(kept) = self.notes().text().filter(untold) {
            let ui = self.session.ui;
            ui.warn(format!(
                "what was written for {} was never told to {PRODUCT}:",
                kept.commit.short()
            ));
            ui.insist(&kept.text.lines().map(Line::plain).collect::<Vec<_>>());
        }
        self.notes().keep_text(&Text {
            commit: self.commit.clone(),
            text: text.to_owned(),
            begun: begins,
        })
    }

    /// Whether somebody said yes to this deploy before, in a run that was not seen to end.
    pub fn is_begun(&self) -> bool {
        self.notes().begun_text(&self.commit).is_some()
    }

    /// The deploy came to its end: makes the post, and any that is owed from before. `known`: what is owed on the record,
    /// where this run wrote to it.
    ///
    /// # Errors
    /// [`Stop::Incomplete`]: the deploy stands.
    pub fn end(
        &self,
        text: Option<&str>,
        known: Option<Vec<Notice>>,
        again: &str,
    ) -> Result<(), Stop> {
        let (posts, unsettled) = (self.posts(again), |stop| unsettled(&stop, again));
        if self.config.record.is_none() {
            // Before it is sent, for what may be there is never sent again.
            self.notes().forget_text().map_err(unsettled)?;
            return text.map_or(Ok(()), |text| posts.tell_once(&self.owed(text)));
        }
        let keeps = posts::configured(self.config, PRODUCT).is_some();
        if let Some(text) = text.filter(|_| !keeps) {
            posts.say(&self.owed(text)).map_err(unsettled)?;
        }
        // The deploy's own event owes it.
        self.notes().forget_text().map_err(unsettled)?;
        if text.is_none() && !self.owes {
            return Ok(());
        }
        let owed = posts.owed(known)?;
        let is_this = |owed: &Notice| owed.commit == self.commit && is_of_deploys(owed);
        if let Some(text) = text.filter(|_| keeps && !owed.iter().any(is_this)) {
            let ui = self.session.ui;
            ui.warn(format!(
                "somebody else put the deploy on record, so {PRODUCT} is not told this; paste it if need be:"
            ));
            posts.say(&self.owed(text)).map_err(unsettled)?;
        }
        posts.pay(&owed, is_of_deploys)
    }

    /// Somebody else pushed the same commit in the same moment, and no record tells who deployed: it is theirs to tell.
    ///
    /// # Errors
    /// When the clone's notes or the text cannot be written.
    pub fn is_theirs(&self, text: Option<&str>) -> Result<(), Stop> {
        self.notes().forget_text()?;
        let Some(text) = text else { return Ok(()) };
        self.session.ui.note(format!(
            "so the post to {PRODUCT} is theirs; your text, should they have none:"
        ));
        self.preview(text)
    }

    /// Nothing is to be deployed: makes what is still owed. Where no record is kept, a text that was kept for this very
    /// commit is told now, for it runs.
    ///
    /// # Errors
    /// As [`Release::end`].
    pub fn resume(&self, given: Option<&Summary>, again: &str) -> Result<(), Stop> {
        let kept = self
            .notes()
            .begun_text(&self.commit)
            .filter(|text| !text.is_empty());
        let text = match (kept, given) {
            (Some(_), Some(Summary::Text(given))) => Some(given.clone()),
            (kept, None) => kept,
            // It is on the record, owed since the run that gave it.
            (None, Some(Summary::Text(given))) if self.told.contains(given) => None,
            (None, Some(Summary::Text(_))) => {
                self.session.ui.warn(format!(
                    "the text is not posted to {PRODUCT}: nothing was deployed with it"
                ));
                None
            }
            (_, Some(Summary::Empty | Summary::Untouched | Summary::Missing)) => None,
        };
        self.end(text.as_deref(), None, again)
    }

    fn posts<'p>(&'p self, again: &'p str) -> Posts<'p> {
        Posts::of(self.session, self.config, "deployed", again)
    }

    fn owed(&self, text: &str) -> Notice {
        let news = News::Released {
            summary: Some(text.to_owned()),
        };
        let place = self.names().first().copied().unwrap_or_default();
        let owed = posts::to_be_told(PRODUCT, (&self.date, &self.commit), place, news);
        Notice {
            targets: self.targets.clone(),
            ..owed
        }
    }

    fn names(&self) -> Vec<&str> {
        self.targets.iter().map(|(name, _)| name.as_str()).collect()
    }

    fn notes(&self) -> Notes {
        self.session.notes()
    }
}

/// Makes what is owed of earlier deploys where a new one is refused; gives the refusal.
pub fn paid_before(
    session: &Session<'_>,
    config: &Config,
    state: Option<&State>,
    again: &str,
    refusal: Refusal,
) -> Stop {
    let posts = Posts::of(session, config, "deployed", again);
    let owed = state.map(|state| state.pending.clone()).unwrap_or_default();
    // What cannot be sent from here is none of this run's business.
    let told = |owed: &Notice| {
        is_of_deploys(owed) && !posts::lacks_webhook(&session.repo, config, &owed.channel)
    };
    if !owed.iter().any(told) {
        return refusal.into();
    }
    match posts.pay(&owed, told) {
        Ok(()) => Stop::Incomplete(
            refusal
                .report
                .because("only what was owed of an earlier deploy was told"),
        ),
        Err(stop) => {
            let report = stop
                .report()
                .cloned()
                .unwrap_or_else(|| Report::new("what is owed was not told"));
            Stop::Incomplete(report.because(refusal.report.error))
        }
    }
}

/// Whether a post tells of a deploy that is over.
pub fn is_of_deploys(owed: &Notice) -> bool {
    matches!(owed.news, News::Released { .. } | News::RolledBack { .. })
}

fn unsettled(stop: &Stop, again: &str) -> Stop {
    let report =
        Report::new(format!("deployed, but {PRODUCT} was not told")).because(stop.to_string());
    let report = report.hint(format!("run it again, which tells it: {again}"));
    Stop::Incomplete(report)
}
