//! `git smp pre-push`: checks a plain `git push`. The hook that `setup --hook` installs runs it.
//!
//! Exit code 1 stops the push. Something unknown never does: people would remove a guard that locks them out.

use std::ffi::OsString;

use clap::Args;

use crate::core::address::{display_url, same_place};
use crate::core::config::{Config, Environment};
use crate::core::record::{self, Candidate, Copied};
use crate::core::refusal::{Report, Stop};
use crate::core::text::{ago, without_userinfo};
use crate::core::typed::Typed;
use crate::core::words::{CommitId, SMP_TOML};
use crate::git::record as objects;
use crate::session::Session;
use crate::session::trust::{self, RemoteState, Rule, Trust};
use crate::team::recorder::Recorder;
use crate::terminal::{self, Ui};

// `git smp pre-push`, as git calls such a hook.
#[derive(Debug, Args)]
pub struct PrePush {
    /// The remote's name, or its address where it has none
    pub remote: OsString,
    /// Where the push goes
    pub url: OsString,
}

/// The most refs that a command names which repeats a push.
const MOST_REFS: usize = 8;

/// The decision about a push. It may go on with a warning about something unknown.
enum Ruling {
    Go(Option<String>),
    Stop(Report),
}

pub fn run(session: &Session<'_>, args: &PrePush) -> Result<(), Stop> {
    let told = terminal::told();
    // git prints nothing if there is nothing to push. Input that cannot be read means that there was something.
    if told.as_ref().is_ok_and(|text| text.trim().is_empty()) {
        return Ok(());
    }
    let lines = told.iter().flat_map(|text| text.lines());
    let push = PlainPush {
        session,
        remote: &args.remote.to_string_lossy(),
        url: &args.url.to_string_lossy(),
        updates: lines.filter_map(update).collect(),
    };
    match push.judge() {
        Ok(Ruling::Go(None)) => {}
        Ok(Ruling::Go(Some(what))) => session.ui.warn(format!("{what}; the push continues")),
        Ok(Ruling::Stop(report)) => return Err(Stop::Failed(push.past(report))),
        Err(stop) => pass(session.ui, &stop),
    }
    Ok(())
}

/// Says that a push continues unchecked.
pub fn pass(ui: &Ui, stop: &Stop) {
    ui.warn(format!(
        "{stop}, so this push was not checked; it continues"
    ));
    if let Some(hint) = stop.report().and_then(|report| report.hint.clone()) {
        ui.advise(hint);
    }
}

/// What a push does to one ref of the remote.
struct Update {
    /// The ref or the object that is pushed, as git names it.
    from: String,
    reference: String,
    /// The new object; `None` if the push deletes the ref.
    to: Option<CommitId>,
    /// True if the remote does not have the ref yet.
    is_new: bool,
}

impl Update {
    fn is_of(&self, environment: &Environment) -> bool {
        self.reference.strip_prefix("refs/heads/") == Some(&environment.branch)
    }

    fn refspec(&self) -> String {
        match self.to {
            Some(_) => format!("{}:{}", self.from, self.reference),
            None => format!(":{}", self.reference),
        }
    }
}

/// Returns whether git names no object.
fn is_null(id: &str) -> bool {
    id.bytes().all(|digit| digit == b'0')
}

/// Parses git's line: local ref, local object, remote ref, remote object.
fn update(line: &str) -> Option<Update> {
    let mut words = line.split_whitespace();
    let (from, to) = (words.next()?.to_owned(), CommitId::parse(words.next()?));
    Some(Update {
        from,
        reference: words.next()?.to_owned(),
        to: to.filter(|id| !is_null(id.as_str())),
        is_new: words.next().is_some_and(is_null),
    })
}

struct PlainPush<'a> {
    session: &'a Session<'a>,
    remote: &'a str,
    url: &'a str,
    updates: Vec<Update>,
}

impl PlainPush<'_> {
    /// Returns the beginning of a push to the same remote.
    fn plainly(&self, options: &str) -> Typed {
        let push = Typed::other("git push").plain(options);
        push.arg(&without_userinfo(self.remote))
    }

    /// Adds the last line of each stopped push: the same push, without this check. It is no forced one, and not repeated
    /// if it has too many refs.
    fn past(&self, report: Report) -> Report {
        let say = "to bypass the check once";
        // git does not list what `--mirror` deletes.
        if self
            .updates
            .iter()
            .any(|one| one.reference == objects::SEEN)
        {
            return report.run(say, self.plainly("--no-verify --mirror"));
        }
        if self.updates.len() > MOST_REFS {
            return report;
        }
        let all = self.updates.iter().map(Update::refspec);
        let push = all.fold(self.plainly("--no-verify"), |push, spec| push.arg(&spec));
        report.run(say, push)
    }

    /// Decides by the file. If that is missing, unusable or not what this clone agreed to, decides by what was agreed
    /// to: an old branch or a conflict in the file is a typical moment to push past the tool.
    fn judge(&self) -> Result<Ruling, Stop> {
        let repo = &self.session.repo;
        let file = self.session.config();
        let why = match &file {
            Ok(config) if !matches!(trust::look(repo, config)?, Trust::Changed(_)) => {
                return self.judge_by(config, false);
            }
            Ok(_) => format!("{SMP_TOML} changed since it was agreed to in this clone"),
            Err(stop) => stop.to_string(),
        };
        let agreed = trust::agreed(repo)?;
        let by_agreement = agreed.map(|agreed| self.judge_by(&agreed, true));
        match (by_agreement.transpose()?, file) {
            (Some(Ruling::Stop(report)), _) => Ok(Ruling::Stop(by_what_was_agreed(report, &why))),
            // The present file may name more places than the agreed values.
            (_, Ok(config)) => self.judge_by(&config, false),
            (Some(verdict), Err(_)) => Ok(verdict),
            (None, Err(stop)) => Err(stop),
        }
    }

    fn judge_by(&self, config: &Config, is_agreed: bool) -> Result<Ruling, Stop> {
        if let Some(report) = self.harms_the_record(config)? {
            return Ok(Ruling::Stop(report));
        }
        let mut meant = Vec::new();
        for environment in &config.environments {
            if self.is_meant(environment)? {
                meant.push(environment);
            }
        }
        // This needs neither trust nor network: a false file can only stop a push, which can be made all the same.
        if let Some(production) = meant.iter().find(|one| one.promotes.is_some()) {
            let mut updates = self.updates.iter();
            let creates =
                production.is_branch && updates.any(|one| one.is_new && one.is_of(production));
            return Ok(Ruling::Stop(not_by_hand(config, production, creates)));
        }
        let Some(environment) = meant.first() else {
            return Ok(Ruling::Go(None));
        };
        // A merge deploys this branch, and nothing can freeze it.
        if environment.by_merge {
            return Ok(Ruling::Go(None));
        }
        if config.record.is_some() {
            match is_agreed {
                true => trust::require_main(&self.session.repo, config)?,
                false => trust::require(&self.session.repo, config, &[])?,
            }
        }
        self.look_for_a_freeze(config, &environment.name)
    }

    /// Reports a push that would damage the record. Only `git smp` writes it, but `git push --mirror` would delete it
    /// from any clone, and the freeze and every verdict with it. A push may restore what this clone saw of the record.
    fn harms_the_record(&self, config: &Config) -> Result<Option<Report>, Stop> {
        let (Some(record), main) = (&config.record, &config.repository) else {
            return Ok(None);
        };
        if self.remote != main.remote && !same_place(self.url, &main.url) {
            return Ok(None);
        }
        // git does not list what `--mirror` deletes. But no other push sends what this clone saw of the record.
        let harmful = [record.reference.as_str(), objects::SEEN];
        let mut updates = self.updates.iter();
        let harm = updates.find(|one| harmful.contains(&one.reference.as_str()));
        let Some(Update { reference, to, .. }) = harm else {
            return Ok(None);
        };
        let is_written = to.is_some() && reference != objects::SEEN;
        let repo = &self.session.repo;
        if is_written && *to == objects::seen_id(repo)? {
            return Ok(None);
        }
        let moved = objects::seen_elsewhere(repo)?.map(|(_, last)| last);
        if is_written && !record.signed && *to == moved {
            return Ok(None);
        }
        let what = if is_written { "overwrites" } else { "deletes" };
        let held = "holds the freeze, every verdict and every deploy";
        let sentence = format!("stopped: this push {what} the team's record");
        let report = Report::new(sentence)
            .because(format!("{} {held}", record.reference))
            .run(
                "name the branches to push, for example",
                self.plainly("").arg(&main.branch),
            );
        Ok(Some(report))
    }

    /// Returns whether a push goes to this environment: by its remote's name, by its address in any spelling or behind
    /// `insteadOf`, and by its branch if it is one. In doubt, yes: the guard should rather stop too much.
    fn is_meant(&self, environment: &Environment) -> Result<bool, Stop> {
        let (repo, name, url) = (&self.session.repo, &environment.remote, &environment.url);
        let mut updates = self.updates.iter();
        if environment.is_branch && !updates.any(|one| one.is_of(environment)) {
            return Ok(false);
        }
        let rule = match environment.is_branch {
            true => Rule::Main,
            false => Rule::Deploy,
        };
        if self.remote == name || self.is_at(url) {
            return Ok(true);
        }
        // If the remote has an address other than the environment's, it says nothing about the environment.
        if trust::remote_state(repo, name, url, rule)? != RemoteState::Same {
            return Ok(false);
        }
        // If a push to the remote goes to several places, none of them counts as the environment.
        let address = trust::push_address(repo, environment);
        Ok(address.is_ok_and(|address| display_url(self.url) == address || self.is_at(&address)))
    }

    fn is_at(&self, address: &str) -> bool {
        same_place(self.remote, address) || same_place(self.url, address)
    }

    fn look_for_a_freeze(&self, config: &Config, name: &str) -> Result<Ruling, Stop> {
        // The push itself may ask for a password on the same terminal, so this does not ask.
        let (session, repo) = (self.session, &self.session.repo);
        let Some(recorder) = Recorder::of(repo, config, false) else {
            return Ok(Ruling::Go(None));
        };
        let what = "checking for a freeze";
        let (state, doubt) = match session.ui.during(what, || recorder.read())? {
            Ok(reading) => (Some(reading.state), reading.copy.as_ref().map(aged)),
            // If the record cannot be read any more, what this clone saw of it counts.
            Err(refusal) => {
                let seen = objects::seen(repo)?;
                let state = seen.and_then(|(_, text)| record::read_state(&text).ok());
                let what = match state {
                    Some(_) => "; this clone has an earlier copy".to_owned(),
                    None => format!(": it is unknown whether {name} is frozen"),
                };
                (state, Some(refusal.report.error + &what))
            }
        };
        let candidate = state.as_ref().and_then(|state| state.frozen(name));
        Ok(match candidate {
            Some(candidate) => Ruling::Stop(frozen(session, name, candidate, doubt)),
            None if state.is_none() => Ruling::Go(doubt),
            None => {
                Ruling::Go(doubt.map(|doubt| format!("{doubt}, and {name} was not frozen then")))
            }
        })
    }
}

/// Says why the agreed values were used and not the file. The hint's commands work once the file is usable.
fn by_what_was_agreed(mut report: Report, why: &str) -> Report {
    let hint = report.hint.take();
    report.hint = hint.map(|hint| hint.once(&format!("once {SMP_TOML} can be used")));
    report.because(format!(
        "{why}, so this clone uses the last values that it agreed to"
    ))
}

fn not_by_hand(config: &Config, production: &Environment, creates: bool) -> Report {
    let name = &production.name;
    let source = production.promotes.as_deref().unwrap_or_default();
    let promote = match config.targets().len() {
        1 => Typed::smp("promote"),
        _ => Typed::smp("promote").arg(name),
    };
    Report::new(format!("a plain git push to {name} is stopped"))
        .because(format!(
            "git smp promote pushes the commit that {source} runs, and checks it before and after the push"
        ))
        .run("", promote.plain(if creates { "--first" } else { "" }))
}

fn aged(copied: &Copied) -> String {
    let why = &copied.why.report.error;
    match copied.age {
        Some(age) => {
            let age = ago(i64::try_from(age.as_secs()).unwrap_or(i64::MAX), 0);
            format!("{why}; this clone last read the record {age}")
        }
        None => format!("{why}; it is unknown when this clone last read the record"),
    }
}

fn frozen(
    session: &Session<'_>,
    name: &str,
    candidate: &Candidate,
    doubt: Option<String>,
) -> Report {
    let (who, commit) = (&candidate.by.name, candidate.commit.short());
    let since = session.when().moment(candidate.at);
    let report = Report::new(format!("{name} is frozen: {who} proposed {commit} {since}")).because(
        "what is tested there must not change until the candidate is promoted or postponed",
    );
    (doubt.into_iter().fold(report, Report::because))
        .run("see the current state", Typed::smp("status"))
        .run("to deploy a fix of it", Typed::smp("stage --fix"))
        .run("or close the candidate", Typed::smp("postpone"))
}
