//! `git smp pre-push`: what git asks before a plain push, by the hook that `setup --hook` installs.
//!
//! Exit code 1 stops the push. What cannot be found out never does: a guard that locks people out is taken away.

use std::ffi::OsString;

use clap::Args;

use crate::core::address::{display_url, same_place};
use crate::core::config::{Config, Environment};
use crate::core::record::{self, Candidate, Copied};
use crate::core::refusal::{Report, Stop};
use crate::core::text::ago;
use crate::core::typed::Typed;
use crate::core::words::CommitId;
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

/// The last line of what stops a push.
fn past(report: Report) -> Report {
    report.run(
        "to bypass the check once",
        Typed::other("git push --no-verify"),
    )
}

/// What becomes of a push. It goes on also where something, which is said, could not be found out.
enum Ruling {
    Go(Option<String>),
    Stop(Report),
}

pub fn run(session: &Session<'_>, args: &PrePush) -> Result<(), Stop> {
    let told = terminal::told();
    // git says nothing where there is nothing to push; what breaks off was something.
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
        Ok(Ruling::Stop(report)) => return Err(Stop::Failed(report)),
        Err(stop) => pass(session.ui, &stop),
    }
    Ok(())
}

/// Says that a push goes on because nobody could look at it.
pub fn pass(ui: &Ui, stop: &Stop) {
    ui.warn(format!(
        "{stop}, so this push was not checked; it continues"
    ));
    if let Some(hint) = stop.report().and_then(|report| report.hint.clone()) {
        ui.advise(hint);
    }
}

/// Reads git's line: local ref, local object, remote ref, remote object. Gives the ref that the push would set, and to
/// what; to nothing where it would be deleted.
fn update(line: &str) -> Option<(String, Option<CommitId>)> {
    let mut words = line.split_whitespace().skip(1);
    let (to, reference) = (CommitId::parse(words.next()?), words.next()?.to_owned());
    let to = to.filter(|id| id.as_str().bytes().any(|digit| digit != b'0'));
    Some((reference, to))
}

struct PlainPush<'a> {
    session: &'a Session<'a>,
    remote: &'a str,
    url: &'a str,
    updates: Vec<(String, Option<CommitId>)>,
}

impl PlainPush<'_> {
    /// Goes by the file; where that is missing, cannot be used or is not what was agreed to in this clone, by what was:
    /// an old branch, or a conflict in the file, is when people push past the tool.
    fn judge(&self) -> Result<Ruling, Stop> {
        let repo = &self.session.repo;
        let file = self.session.config();
        let why = match &file {
            Ok(config) if !matches!(trust::look(repo, config)?, Trust::Changed(_)) => {
                return self.judge_by(config, false);
            }
            Ok(_) => "smp.toml changed since it was agreed to in this clone".to_owned(),
            Err(stop) => stop.to_string(),
        };
        let agreed = trust::agreed(repo)?;
        let by_agreement = agreed.map(|agreed| self.judge_by(&agreed, true));
        match (by_agreement.transpose()?, file) {
            (Some(Ruling::Stop(report)), _) => Ok(Ruling::Stop(by_what_was_agreed(report, &why))),
            // It may name more places than those that were agreed to.
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
        // No trust is needed to stop a push, and no network: a file that lies stops one that can be made all the same.
        if let Some(production) = meant.iter().find(|one| one.promotes.is_some()) {
            return Ok(Ruling::Stop(not_by_hand(config, production)));
        }
        let Some(environment) = meant.first() else {
            return Ok(Ruling::Go(None));
        };
        // A merge deploys it, which nothing can freeze.
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

    /// The record is written by `git smp` alone. `git push --mirror` would delete it, from any clone; and with it go
    /// the freeze and every verdict. What this clone saw of it may be put back.
    fn harms_the_record(&self, config: &Config) -> Result<Option<Report>, Stop> {
        let (Some(record), main) = (&config.record, &config.repository) else {
            return Ok(None);
        };
        if self.remote != main.remote && !same_place(self.url, &main.url) {
            return Ok(None);
        }
        // git does not tell what `--mirror` deletes; but nothing else takes along what this clone saw of the record.
        let harmful = [record.reference.as_str(), objects::SEEN];
        let mut updates = self.updates.iter();
        let harm = updates.find(|(reference, _)| harmful.contains(&reference.as_str()));
        let Some((reference, to)) = harm else {
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
            .hint("name the branches to push");
        Ok(Some(past(report)))
    }

    /// Whether a push goes to this environment: by its remote's name, by its address however it is spelled or led on by
    /// `insteadOf`, and by the branch where it is one. A guard had better stop one too many.
    fn is_meant(&self, environment: &Environment) -> Result<bool, Stop> {
        let (repo, name, url) = (&self.session.repo, &environment.remote, &environment.url);
        let branch = format!("refs/heads/{}", environment.branch);
        let mut updates = self.updates.iter();
        if environment.is_branch && !updates.any(|(reference, _)| *reference == branch) {
            return Ok(false);
        }
        let rule = match environment.is_branch {
            true => Rule::Main,
            false => Rule::Deploy,
        };
        if self.remote == name || self.is_at(url) {
            return Ok(true);
        }
        // The address of a remote that is not the environment's says nothing of the environment.
        if trust::remote_state(repo, name, url, rule)? != RemoteState::Same {
            return Ok(false);
        }
        // Where a push to the remote goes to several places, none of them is the environment.
        let address = trust::push_address(repo, environment);
        Ok(address.is_ok_and(|address| display_url(self.url) == address || self.is_at(&address)))
    }

    fn is_at(&self, address: &str) -> bool {
        same_place(self.remote, address) || same_place(self.url, address)
    }

    fn look_for_a_freeze(&self, config: &Config, name: &str) -> Result<Ruling, Stop> {
        // The push itself may be asking for a password on the same terminal, so this asks for none.
        let (session, repo) = (self.session, &self.session.repo);
        let Some(recorder) = Recorder::of(repo, config, false) else {
            return Ok(Ruling::Go(None));
        };
        let what = "checking for a freeze";
        let (state, doubt) = match session.ui.during(what, || recorder.read())? {
            Ok(reading) => (Some(reading.state), reading.copy.as_ref().map(aged)),
            // What this clone saw of a record that cannot be read any more counts.
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

/// Says why the file is not what this went by, and that its commands want one that can be used.
fn by_what_was_agreed(mut report: Report, why: &str) -> Report {
    let hint = report.hint.take();
    report.hint = hint.map(|hint| hint.once("once smp.toml can be used"));
    report.because(format!(
        "{why}, so this clone uses the last values that it agreed to"
    ))
}

fn not_by_hand(config: &Config, production: &Environment) -> Report {
    let name = &production.name;
    let source = production.promotes.as_deref().unwrap_or_default();
    let promote = match config.targets().len() {
        1 => Typed::smp("promote"),
        _ => Typed::smp("promote").arg(name),
    };
    let report = Report::new(format!("a plain git push to {name} is stopped"))
        .because(format!(
            "git smp promote pushes the commit that {source} runs, and checks it before and after the push"
        ))
        .run("", promote);
    past(report)
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
    let report = (doubt.into_iter().fold(report, Report::because))
        .run("see the current state", Typed::smp("status"))
        .run("to deploy a fix of it", Typed::smp("stage --fix"))
        .run("or close the candidate", Typed::smp("postpone"));
    past(report)
}
