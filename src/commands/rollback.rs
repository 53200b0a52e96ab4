//! `git smp rollback`: put an environment back to what it ran before.

mod destination;

use std::collections::HashMap;
use std::time::Duration;

use crate::cli::Rollback;
use crate::core::config::{Config, Environment};
use crate::core::decide::finding::{is_cached, may_be_on_its_way};
use crate::core::decide::named::check_hash;
use crate::core::decide::named::check_text;
use crate::core::decide::named::the_target;
use crate::core::decide::{self, Asked, Back, Plan, Recorded, Step, Target};
use crate::core::record::{Deploying, Kind, News, Owed, Reading, Telling};
use crate::core::refusal::{Refusal, RefusalCode, Report, Stop};
use crate::core::show;
use crate::core::text::shell_word;
use crate::core::words::{CommitId, Observed};
use crate::deploy::engine;
use crate::deploy::observed;
use crate::deploy::{Again, Execution, lfs, take_over};
use crate::git::record::identity;
use crate::look::{self, OnRecord};
use crate::session::Session;
use crate::session::trust;
use crate::sources::{Also, Look};
use crate::team::posts::{self, Posts, TECHNICAL};
use crate::team::recorder::Recorder;
use destination::destination;

/// Runs it: look, plan, show, ask, do.
///
/// # Errors
/// Every way in which a rollback ends other than with the environment reporting the older commit.
pub fn run(session: &Session<'_>, args: &Rollback) -> Result<(), Stop> {
    check_hash("--to", args.to.as_deref(), 7, "history")?;
    check_text("rollback", "--reason", args.reason.as_deref())?;
    let config = session.config()?;
    let environment = the_environment(&config, args.environment.as_deref())?;
    trust::require(&session.repo, &config, &[environment])?;
    session.whole_history()?;
    let look = Look {
        repo: &session.repo,
        config: &config,
        may_ask: session.ui.is_interactive(),
    };
    let asking = format!("asking {}", environment.name);
    let look_and_plan = || {
        let facts = session
            .ui
            .during(&asking, || gather(session, &look, environment))?;
        let commit = destination(session, &look, args, &facts)?;
        let target = target(session, &facts, &commit)?;
        match plan(session, &config, args, &facts, &target, &commit) {
            Ok(plan) => Ok(((facts, commit, target), Ok(plan))),
            Err(Stop::Refused(refusal)) => Ok(((facts, commit, target), Err(refusal))),
            Err(stop) => Err(stop),
        }
    };
    let (mut found, mut planned) = look_and_plan()?;
    let is_in_flight = |(_, _, target): &(Facts<'_>, CommitId, Target<'_>), planned: &_| {
        engine::is_in_flight(session, std::slice::from_ref(target), planned)
    };
    if args.yes && !args.dry_run && is_in_flight(&found, &planned) {
        let timeout = args.deploying.timeout;
        (found, planned) =
            engine::after_earlier_push(session.ui, timeout, look_and_plan, is_in_flight)?;
    }
    let ((facts, commit, target), planned) = (found, planned?);
    let rollback = Run {
        session,
        config: &config,
        args,
        facts: &facts,
        target: &target,
        begun: session.notes().taken_away(&environment.name, &commit),
    };
    if planned.steps.is_empty() {
        if !args.dry_run && engine::is_unconfirmed(session, std::slice::from_ref(&target), &commit)
        {
            session.ui.catch_interrupts()?;
            let _lock = session.notes().lock_deploys()?;
            rollback.carry_out(&look, &planned)?;
        }
        session.ui.note(format!(
            "{} runs {} already: nothing to put back",
            environment.name,
            commit.short()
        ));
        observed::record(
            session,
            &look,
            facts.record.state(),
            &[&facts.observed],
            args.dry_run,
        );
        return if args.dry_run {
            Ok(())
        } else {
            rollback.tell(&commit, rollback.begun.is_some(), None)
        };
    }
    let deploys = planned.steps.iter().any(Step::deploys);
    if !args.dry_run && deploys {
        rollback.somebody_said_yes(&commit)?;
    }
    rollback.show(&planned)?;
    if args.dry_run {
        return rollback.preview(&planned);
    }
    session.ui.catch_interrupts()?;
    if deploys {
        rollback.ask()?;
    }
    let reasoned = if deploys {
        rollback.with_reason(&commit)?
    } else {
        args.clone()
    };
    let rollback = Run {
        args: &reasoned,
        ..rollback
    };
    observed::record(
        session,
        &look,
        facts.record.state(),
        &[&facts.observed],
        false,
    );
    // Another run of this clone would take our note for its own.
    let _lock = session.notes().lock_deploys()?;
    let done = rollback.carry_out(&look, &planned)?;
    // An earlier run of ours may have pushed it; a record knows who deployed.
    if config.record.is_none() && !done.by_others.is_empty() && rollback.begun.is_none() {
        let ui = session.ui;
        ui.note(format!("so the post to {TECHNICAL} is theirs"));
        return Ok(());
    }
    rollback.tell(&commit, true, done.owed)
}

/// The environment that was named, or the only one that promotes another: what nobody promoted is not put back.
fn the_environment<'c>(config: &'c Config, name: Option<&str>) -> Result<&'c Environment, Stop> {
    let environment = the_target(config, name, "rollback")?;
    if environment.promotes.is_some() {
        return Ok(environment);
    }
    let name = &environment.name;
    let report = Report::new(format!(
        "nothing is promoted to {name}, so there is no promotion to take back"
    ));
    Err(Stop::Misused(report.hint(
        "deploy an older commit to it as any other: git smp stage COMMIT",
    )))
}

/// Everything that was found out.
struct Facts<'a> {
    environment: &'a Environment,
    observed: Observed,
    record: OnRecord,
}

impl<'a> Facts<'a> {
    /// What runs there or, where it does not say or a cache says it, what its branch has.
    fn runs(&self) -> Option<&CommitId> {
        match &self.observed.running {
            Ok(running) if !is_cached(&self.observed) => running.as_ref(),
            _ => self.observed.reference(),
        }
    }

    fn reading(&self) -> Option<&Reading> {
        self.record.reading.as_ref()?.as_ref().ok()
    }

    fn recorded<'f>(
        &'f self,
        config: &Config,
        args: &'f Rollback,
        now: i64,
    ) -> Result<Option<Recorded<'f>>, Refusal> {
        self.record
            .recorded(config, args.deploying.take_over.as_deref(), now)
    }
}

fn gather<'c>(
    session: &Session<'_>,
    look: &Look<'_>,
    environment: &'c Environment,
) -> Result<Facts<'c>, Stop> {
    let recorder = Recorder::of(look.repo, look.config, look.may_ask);
    let lost = || Stop::Failed(Report::new("looking at the record failed"));
    let (seen, reading) = std::thread::scope(|scope| {
        let reading = scope.spawn(|| recorder.map(|recorder| recorder.read_now()).transpose());
        (
            look.environments(&[environment], Also::Releases),
            reading.join(),
        )
    });
    let (mut seen, reading) = (seen?, reading.map_err(|_| lost())??);
    session.explain(look.config, &seen);
    look::doubt(&mut seen, look::read(reading.as_ref()));
    let record = OnRecord::of(look, reading, &seen)?;
    let observed = seen.into_iter().next().ok_or_else(lost)?;
    Ok(Facts {
        environment,
        observed,
        record,
    })
}

fn target<'c>(
    session: &Session<'_>,
    facts: &Facts<'c>,
    commit: &CommitId,
) -> Result<Target<'c>, Stop> {
    let changes = facts
        .runs()
        .map(|runs| session.repo.changes(Some(runs), commit))
        .transpose()?;
    let observed = facts.observed.clone();
    Ok(Target {
        environment: facts.environment,
        observed,
        changes,
        fast_forward: None,
        held: Vec::new(),
        twins: HashMap::new(),
    })
}

fn plan(
    session: &Session<'_>,
    config: &Config,
    args: &Rollback,
    facts: &Facts<'_>,
    target: &Target<'_>,
    commit: &CommitId,
) -> Result<Plan, Stop> {
    let now = session.when().now;
    let somebody_looks = (session.ui.is_interactive() && !args.yes) || args.dry_run;
    let recorded = facts.recorded(config, args, now)?;
    let asked = Asked {
        commit: None,
        somebody_looks,
        again: false,
        first: false,
        now,
        recorded,
    };
    let mut planned = decide::rollback(&back(target, commit), &asked)?;
    let address = trust::push_address(&session.repo, facts.environment)?;
    if address != facts.environment.url {
        let remote = &facts.environment.remote;
        planned.warnings.push(format!(
            "pushes to {remote} go to {address}, by your own url.insteadOf"
        ));
    }
    if planned.steps.iter().any(Step::deploys) {
        planned.steps.push(posts::step(session, config, TECHNICAL));
    }
    planned
        .warnings
        .extend(observed::warnings(facts.record.state(), [&facts.observed]));
    let command = format!(
        "git smp rollback {} --to {}",
        facts.environment.name,
        commit.short()
    );
    let targets = std::slice::from_ref(target);
    engine::warn_of_earlier_push(session, &mut planned, targets, somebody_looks, &command)?;
    lfs::warn(session, config, &mut planned);
    take_over::told(session.ui, &args.deploying, &mut planned, recorded.as_ref());
    Ok(planned)
}

fn back<'a>(target: &'a Target<'_>, commit: &'a CommitId) -> Back<'a> {
    Back { target, commit }
}

/// A rollback that was planned.
struct Run<'a> {
    session: &'a Session<'a>,
    config: &'a Config,
    args: &'a Rollback,
    facts: &'a Facts<'a>,
    target: &'a Target<'a>,
    /// What an earlier run of this clone took away with the same rollback, whose end was not seen.
    begun: Option<CommitId>,
}

impl Run<'_> {
    /// The command that does the same again, and no more: without the commit it would lead further back.
    fn again(&self, commit: &CommitId) -> String {
        format!(
            "git smp rollback {} --to {}{}",
            self.facts.environment.name,
            commit.short(),
            self.options()
        )
    }

    /// The options without which the same command would be another.
    fn options(&self) -> String {
        let Rollback {
            reason, deploying, ..
        } = self.args;
        let named = |name: &str, value: &Option<String>| {
            value
                .as_ref()
                .map(|value| format!(" {name} {}", shell_word(value)))
        };
        [
            named("--reason", reason),
            named("--take-over", &deploying.take_over),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    /// Without a terminal only an explicit yes to an explicit commit will do.
    fn somebody_said_yes(&self, commit: &CommitId) -> Result<(), Stop> {
        let error = match (
            self.session.ui.is_interactive(),
            self.args.yes,
            &self.args.to,
        ) {
            (true, ..) | (false, true, Some(_)) => return Ok(()),
            (false, true, None) => "without a terminal, --yes needs --to too",
            (false, false, _) => "there is no terminal to ask on",
        };
        let report =
            Report::new(error).because("a rollback needs a yes to exactly what runs afterwards");
        let name = &self.facts.environment.name;
        let hint = format!(
            "if the answer is yes: git smp rollback {name} --yes --to {commit}{}",
            self.options()
        );
        Err(report.hint(hint).refused(RefusalCode::NeedsTerminal).into())
    }

    /// Shows the plan; where a question about it follows, even to those who want quiet.
    fn show(&self, planned: &Plan) -> Result<(), Stop> {
        let commit = self
            .session
            .repo
            .commits(std::slice::from_ref(&planned.commit))?
            .pop();
        let lines = show::rollback(
            self.config,
            self.target,
            planned,
            commit.as_ref(),
            &self.session.when(),
        );
        if self.args.yes {
            self.session.ui.say(&lines)
        } else {
            self.session.ui.insist(&lines)
        }
        Ok(())
    }

    /// The name of the environment must be typed. Silence is a no.
    fn ask(&self) -> Result<(), Stop> {
        let name = &self.facts.environment.name;
        if self.args.yes
            || self
                .session
                .ui
                .ask(&format!("Type {name} to put it back: "))
                .is_some_and(|answer| answer.trim() == name)
        {
            return Ok(());
        }
        Err(Stop::Declined(
            "not put back; nothing was changed".to_owned(),
        ))
    }

    /// The same, with the reason that the person at the terminal has for it. It is for the others: Enter alone skips it.
    fn with_reason(&self, commit: &CommitId) -> Result<Rollback, Stop> {
        let (ui, mut args) = (self.session.ui, self.args.clone());
        // Of a run that was cut off it may be known.
        if args.yes
            || args.reason.is_some()
            || self.telling(commit).text.is_some()
            || !ui.is_interactive()
        {
            return Ok(args);
        }
        loop {
            let declined = || Stop::Declined("not put back; nothing was changed".to_owned());
            let reason = ui
                .ask_text("Why, for the team (Enter skips)", "")
                .ok_or_else(declined)?;
            args.reason = Some(reason).filter(|reason| !reason.is_empty());
            match check_text("rollback", "--reason", args.reason.as_deref()) {
                Ok(()) => return Ok(args),
                Err(stop) => ui.warn(stop.to_string()),
            }
        }
    }

    fn carry_out(&self, look: &Look<'_>, planned: &Plan) -> Result<engine::Done, Stop> {
        let look = Look {
            may_ask: false,
            repo: look.repo,
            config: look.config,
        };
        let now = self.session.when().now;
        let recorded = self.facts.recorded(self.config, self.args, now)?;
        let replan = |recorded: &Recorded<'_>| {
            let asked = Asked {
                commit: None,
                somebody_looks: true,
                again: true,
                first: false,
                now,
                recorded: Some(*recorded),
            };
            decide::rollback(&back(self.target, &planned.commit), &asked).map(drop)
        };
        let again = self.again(&planned.commit);
        let tells = Some((
            self.facts.environment.name.as_str(),
            self.telling(&planned.commit),
        ));
        let execution = Execution {
            look: &look,
            source: None,
            targets: std::slice::from_ref(self.target),
            takes_away: self.came_from(&planned.commit),
            timeout: Duration::from_secs(self.args.deploying.timeout),
            command: Again {
                command: &again,
                named: false,
                flags: "",
            },
            recorder: engine::recorder(&look, Kind::Rollback, recorded, tells, &replan),
        };
        engine::carry_out_in_turn(self.session.ui, &execution, planned)
    }

    fn telling(&self, commit: &CommitId) -> Telling {
        let (when, name) = (self.session.when(), &self.facts.environment.name);
        let known = self.announced(commit).and_then(|open| open.tells.as_ref());
        Telling {
            channels: posts::owing(self.config, TECHNICAL),
            date: when.date(when.now),
            targets: vec![(name.clone(), self.came_from(commit).cloned())],
            text: self
                .args
                .reason
                .clone()
                .or_else(|| known.and_then(|tells| tells.text.clone())),
        }
    }

    /// The announcement of this rollback by a run that was cut off.
    fn announced(&self, commit: &CommitId) -> Option<&Deploying> {
        let open = self.facts.reading()?.state.deploying.as_ref()?;
        let (kind, name, to) = (open.kind, &open.environment, &open.to);
        let is_this = (Kind::Rollback, &self.facts.environment.name, commit) == (kind, name, to);
        is_this.then_some(open)
    }

    /// What runs or, where that is what it goes back to already, what its branch has and may be on its way. Of a run that
    /// was cut off it is known what it came from.
    fn came_from(&self, commit: &CommitId) -> Option<&CommitId> {
        let is_other = |one: &&CommitId| *one != commit;
        let observed = &self.facts.observed;
        let coming = observed.reference().filter(|_| may_be_on_its_way(observed));
        let known = self.announced(commit).and_then(Deploying::takes_away);
        self.facts
            .runs()
            .filter(is_other)
            .or(coming.filter(is_other))
            .or(known)
            .or(self.begun.as_ref())
    }

    /// Tells the technical channel, which must know before anybody else deploys. `ended`: this run saw its end. `known`:
    /// what is owed on the record, where this run wrote to it.
    fn tell(&self, commit: &CommitId, ended: bool, known: Option<Vec<Owed>>) -> Result<(), Stop> {
        let again = self.again(commit);
        let posts = Posts::of(self.session, self.config, "put back", &again);
        let configured = posts::configured(self.config, TECHNICAL).is_some();
        match &self.config.record {
            Some(_) if configured => posts.pay(&posts.owed(known)?, Owed::is_of_a_rollback),
            None if ended => posts.tell_once(&self.owed(commit)),
            Some(_) if ended => posts.say(&self.owed(commit)),
            _ => Ok(()),
        }
    }

    /// What there is to tell.
    fn owed(&self, commit: &CommitId) -> Owed {
        let Telling {
            date,
            targets,
            text: reason,
            ..
        } = self.telling(commit);
        // Whoever began it did it, whoever sees its end; a rollback that is on no record waits for no name.
        let me = || identity(&self.session.repo).map_or("somebody".to_owned(), |(name, _)| name);
        let news = News::RolledBack {
            from: self.came_from(commit).cloned(),
            by: self
                .announced(commit)
                .map_or_else(me, |open| open.by.name.clone()),
            reason,
        };
        let place = &self.facts.environment.name;
        Owed {
            targets,
            ..posts::to_be_told(TECHNICAL, (&date, commit), place, news)
        }
    }

    /// Shows the post as it would go out.
    fn preview(&self, planned: &Plan) -> Result<(), Stop> {
        if !planned
            .steps
            .iter()
            .any(|step| matches!(step, Step::Post { .. }))
        {
            return Ok(());
        }
        let again = self.again(&planned.commit);
        Posts::of(self.session, self.config, "put back", &again).say(&self.owed(&planned.commit))
    }
}
