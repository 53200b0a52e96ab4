//! What `git smp setup` checks: everything that a deploy needs.

mod record;

use std::collections::BTreeMap;

use crate::core::config::{Config, Environment};
use crate::core::decide::finding::{self, Finding};
use crate::core::refusal::{Refusal, Report, Stop};
use crate::core::text::{Line, Tone, wrapped};
use crate::core::words::{Branch, Observed};
use crate::git::Repo;
use crate::git::push::{self, MayPush};
use crate::look::main_and_record;
use crate::session::Session;
use crate::session::trust::{self, Place, RemoteState};
use crate::setup::manual::{self, Installed};
use crate::sources::{Also, Look};
use crate::team::recorder::Recorder;

/// One check's outcome.
pub struct Check {
    name: String,
    mark: Mark,
    words: String,
    because: Vec<String>,
    hint: Option<String>,
}

/// What an outcome comes to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mark {
    /// It is as it should be.
    Good,
    /// It is worth knowing, and no deploy needs it.
    Note,
    /// It must be mended.
    Bad,
    /// It is wrong, and something outside changed before that was known.
    Unfinished,
}

impl Check {
    /// Something is as it should be.
    pub fn good(name: &str, words: impl Into<String>) -> Self {
        Self {
            name: name.to_owned(),
            mark: Mark::Good,
            words: words.into(),
            because: Vec::new(),
            hint: None,
        }
    }

    /// Something is worth knowing, and fails nothing.
    pub fn note(name: &str, words: impl Into<String>) -> Self {
        Self {
            mark: Mark::Note,
            ..Self::good(name, words)
        }
    }

    /// Adds a line under it: why, or what could be done.
    #[must_use]
    pub fn because(mut self, cause: impl Into<String>) -> Self {
        self.because.push(cause.into());
        self
    }

    /// Something must be mended: why, and by which command.
    pub fn bad(
        name: &str,
        words: impl Into<String>,
        because: Vec<String>,
        hint: Option<String>,
    ) -> Self {
        Self {
            mark: Mark::Bad,
            because,
            hint,
            ..Self::good(name, words)
        }
    }

    fn refused(name: &str, before: &str, refusal: &Refusal) -> Self {
        let what = refusal
            .report
            .error
            .trim_start_matches(&format!("{name}: "))
            .to_owned();
        Self::bad(
            name,
            format!("{before}{what}"),
            refusal.report.because.clone(),
            refusal.report.hint_text(),
        )
    }

    /// The outcome as it is shown in so many columns: its line, with names padded to `width`, and a line a cause.
    fn lines(&self, width: usize, columns: usize) -> Vec<Line> {
        let (tone, mark) = match self.mark {
            Mark::Good => (Tone::Good, "ok  "),
            Mark::Note => (Tone::Strong, "note"),
            Mark::Bad | Mark::Unfinished => (Tone::Bad, "FAIL"),
        };
        let hang = width + 10;
        let mut words = wrapped(&self.words, columns, hang, hang);
        let first = format!("  {:width$}  {}", self.name, words.remove(0));
        let mut lines = vec![Line::plain("  ").and(tone, mark).and(Tone::Plain, first)];
        lines.extend(words.into_iter().map(Line::plain));
        for text in &self.because {
            let text = wrapped(&format!("{:hang$}{text}", ""), columns, 0, hang);
            lines.extend(text.into_iter().map(Line::faint));
        }
        lines
    }
}

/// Asks every remote and page, and says what came of it, one line a check; then come `more`, of what
/// lies outside both.
///
/// # Errors
/// When a check fails, or the clone cannot be read.
pub fn run(
    session: &Session<'_>,
    repo: &Repo,
    config: &Config,
    places: &[Place<'_>],
    install: bool,
    more: Vec<Check>,
) -> Result<(), Stop> {
    let ready = |place: &&Place<'_>| place.state == RemoteState::Same;
    let environments: Vec<&Environment> = places
        .iter()
        .filter(ready)
        .filter_map(|place| place.environment)
        .collect();
    let look = Look {
        repo,
        config,
        may_ask: session.ui.is_interactive(),
    };
    let main_is_ready = places
        .iter()
        .any(|place| place.environment.is_none() && ready(&place));
    let recorder = Recorder::of(repo, config, look.may_ask).filter(|_| main_is_ready);
    let (seen, main) = session.ui.during("asking every remote and page", || {
        std::thread::scope(|scope| {
            let main = main_is_ready.then(|| scope.spawn(|| main_and_record(&look, recorder)));
            let seen = look.environments(&environments, Also::Branches);
            (seen, main.and_then(|main| main.join().ok()))
        })
    });
    let (seen, (main, reading)) = (seen?, main.transpose()?.unzip());
    let (doors, record) = session.ui.during("asking who may push", || {
        std::thread::scope(|scope| {
            let read = recorder.zip(reading.flatten());
            let record = scope.spawn(|| read.map(|(recorder, read)| record::check(recorder, read)));
            (
                doors(repo, &environments, &seen),
                record.join().ok().flatten(),
            )
        })
    });
    session.explain(config, &seen);
    let mut checks: Vec<Check> = places
        .iter()
        .map(|place| {
            let seen = place.environment.and_then(|environment| {
                seen.iter().find(|one| one.environment == environment.name)
            });
            let check = check_place(repo, config, place, seen, main.as_ref());
            match place
                .environment
                .and_then(|environment| doors.get(&environment.name))
            {
                Some(door) => shut(check, door),
                None => check,
            }
        })
        .collect();
    if let (Some((check, new)), Some(recorder)) = (record, recorder) {
        let is_ready = install && matches!(main, Some(Ok(Branch::At(_))));
        checks.push(match new.filter(|_| is_ready) {
            Some(read) => session
                .ui
                .during("beginning the record", || record::begin(recorder, read)),
            None => check,
        });
    }
    if repo.layout().shallow {
        let because = vec!["its history is cut off, so nothing can be compared".to_owned()];
        checks.push(Check::bad(
            "this clone",
            "is shallow",
            because,
            Some("git fetch --unshallow".to_owned()),
        ));
    }
    checks.extend(more);
    checks.push(man_pages(install));
    show(session, &checks)?;
    conclude(&checks)
}

/// Shows outcomes as the answer, in columns.
///
/// # Errors
/// When it cannot be written.
pub fn show(session: &Session<'_>, checks: &[Check]) -> Result<(), Stop> {
    let names = checks.iter().map(|check| check.name.chars().count());
    let (width, columns) = (names.max().unwrap_or(0), session.ui.answer_width());
    let lines = checks.iter().flat_map(|check| check.lines(width, columns));
    session.ui.answer(&lines.collect::<Vec<_>>())
}

fn check_place(
    repo: &Repo,
    config: &Config,
    place: &Place<'_>,
    seen: Option<&Observed>,
    main: Option<&Result<Branch, Refusal>>,
) -> Check {
    let name = place
        .environment
        .map_or(place.remote, |environment| environment.name.as_str());
    match &place.state {
        RemoteState::Missing => {
            return Check::bad(
                name,
                "its remote is missing",
                Vec::new(),
                Some("add it: git smp setup".to_owned()),
            );
        }
        RemoteState::Other(found) => {
            let because = vec![
                format!("smp.toml says {}", place.url),
                format!("this clone has {found}"),
            ];
            let hint = trust::remedy(repo, place.remote, place.url, place.rule).ok();
            return Check::bad(name, "its remote has another address", because, hint);
        }
        RemoteState::Same => {}
    }
    match (place.environment, seen, main) {
        (Some(environment), Some(seen), _) => check_environment(repo, environment, seen),
        (None, _, Some(main)) => check_main(config, name, main),
        _ => Check::bad(
            name,
            "was not looked at",
            Vec::new(),
            Some("try again: git smp setup".to_owned()),
        ),
    }
}

/// Whether each environment that answered would let us push, by name: all are asked side by side, and as a deploy would,
/// which asks nobody for a password.
fn doors(
    repo: &Repo,
    environments: &[&Environment],
    seen: &[Observed],
) -> BTreeMap<String, MayPush> {
    let ask = |environment: &Environment| {
        let seen = seen
            .iter()
            .find(|one| one.environment == environment.name)?;
        let branch = format!("refs/heads/{}", environment.branch);
        let (reference, at) = match seen.branch.as_ref()?.as_ref().ok()? {
            Branch::At(id) if repo.has_commit(id).is_ok_and(|has| has) => {
                (branch.as_str(), Some(id))
            }
            Branch::At(_) => ("refs/smp/nobody-has-this", None),
            Branch::Empty => (branch.as_str(), None),
            // Even to ask would make the app.
            Branch::Missing(_) | Branch::NoApp(_) => return None,
        };
        Some(push::may_push(
            repo,
            (&environment.remote, reference),
            at,
            false,
        ))
    };
    std::thread::scope(|scope| {
        let asked: Vec<_> = environments
            .iter()
            .map(|one| (one, scope.spawn(move || ask(one))))
            .collect();
        let answers = asked
            .into_iter()
            .filter_map(|(one, asked)| Some((one.name.clone(), asked.join().ok()??)));
        answers.collect()
    })
}

/// What a check comes to where the environment lets nobody push from here.
fn shut(check: Check, door: &MayPush) -> Check {
    let MayPush::No(words) = door else {
        return check;
    };
    if matches!(check.mark, Mark::Bad | Mark::Unfinished) {
        return check;
    }
    let hint = format!(
        "ask for the right to push to {}, then: git smp setup",
        check.name
    );
    let said = format!("{}; but a push from here is turned away", check.words);
    Check {
        because: words.iter().cloned().chain(check.because).collect(),
        ..Check::bad(&check.name, said, Vec::new(), Some(hint))
    }
}

fn check_main(config: &Config, name: &str, main: &Result<Branch, Refusal>) -> Check {
    let branch = &config.repository.branch;
    let hint = || Some("set repository.branch in smp.toml, then: git smp setup".to_owned());
    match main {
        Ok(Branch::At(id)) => Check::good(name, format!("answers; {branch} is at {}", id.short())),
        Ok(Branch::Empty | Branch::NoApp(_)) => Check::bad(
            name,
            "answers, but has no branch at all",
            Vec::new(),
            hint(),
        ),
        Ok(Branch::Missing(others)) => {
            let some: Vec<&str> = others.iter().take(5).map(String::as_str).collect();
            Check::bad(
                name,
                format!("answers, but has no branch {branch}"),
                vec![format!("it has {}", some.join(", "))],
                hint(),
            )
        }
        Err(refusal) => Check::refused(name, "", refusal),
    }
}

fn check_environment(repo: &Repo, environment: &Environment, seen: &Observed) -> Check {
    let (name, branch) = (environment.name.as_str(), &environment.branch);
    if let Err(stop) = trust::push_address(repo, environment) {
        let report = stop
            .report()
            .cloned()
            .unwrap_or_else(|| Report::new("it has no address to push to"));
        return Check::bad(
            name,
            report.error,
            report.because,
            report.hint.map(|hint| hint.to_string()),
        );
    }
    let answers = match &seen.branch {
        Some(Ok(Branch::At(id))) => format!("answers; {branch} is at {}", id.short()),
        Some(Ok(Branch::Empty)) if matches!(seen.running, Ok(None)) => {
            return Check::good(name, "answers; nothing is deployed yet");
        }
        Some(Ok(Branch::Empty)) => "answers; its repository is empty".to_owned(),
        Some(Ok(Branch::NoApp(words))) => return no_app_yet(environment, words),
        Some(Err(refusal)) => return Check::refused(name, "", refusal),
        Some(Ok(Branch::Missing(others))) => {
            let refusal = crate::core::decide::wrong_branch(environment, others);
            return Check::refused(name, "answers, but ", &refusal);
        }
        None => "its remote was not asked".to_owned(),
    };
    let check = match (&seen.running, seen.agrees()) {
        (Err(refusal), _) => return Check::refused(name, &format!("{answers}; "), refusal),
        (Ok(Some(id)), Some(false)) => {
            Check::good(name, format!("{answers}; but it runs {}", id.short()))
        }
        (Ok(Some(id)), _) => Check::good(name, format!("{answers}; runs {}", id.short())),
        (Ok(None), _) => Check::good(name, format!("{answers}; nothing runs yet")),
    };
    let found = Finding::of(seen).filter(|found| *found != Finding::NothingDeployed);
    let remarks = found.map(|found| format!("{}: {}", found.word(), found.meaning(seen)));
    Check {
        because: remarks.into_iter().chain(finding::unasked(seen)).collect(),
        ..check
    }
}

/// A host that makes the app with the first push is as it should be before that.
fn no_app_yet(environment: &Environment, words: &str) -> Check {
    let refusal = crate::core::decide::no_app(environment, words);
    let check = Check::note(
        &environment.name,
        "its host has no such app yet; it may make it with the first push",
    );
    refusal
        .report
        .because
        .into_iter()
        .chain(refusal.report.hint.map(|hint| hint.to_string()))
        .fold(check, Check::because)
}

/// The manual is a comfort, not something a deploy needs: it never fails the setup.
fn man_pages(install: bool) -> Check {
    let name = "man pages";
    let installed = match (install, manual::is_found()) {
        (true, _) => manual::install(),
        (false, true) => Installed::Already,
        (false, false) => {
            return Check::note(name, "are not installed; git smp setup installs them");
        }
    };
    match installed {
        Installed::Already => Check::good(name, "are installed; try: git smp --help"),
        Installed::Now(_) => Check::good(name, "installed for you; try: git smp --help"),
        Installed::Unseen(folder) => {
            let words = format!(
                "written to {0}, where man does not look; try: man -M {0} git-smp",
                folder.display()
            );
            Check::note(name, words)
        }
        Installed::Not(why) => Check::note(
            name,
            format!("could not be installed ({why}); try: git smp help"),
        ),
    }
}

fn conclude(checks: &[Check]) -> Result<(), Stop> {
    let bad: Vec<&Check> = checks
        .iter()
        .filter(|check| matches!(check.mark, Mark::Bad | Mark::Unfinished))
        .collect();
    let Some(first) = bad.first() else {
        return Ok(());
    };
    let sentence = if bad.len() == 1 {
        "one check failed".to_owned()
    } else {
        format!("{} checks failed", bad.len())
    };
    let hint = first
        .hint
        .clone()
        .unwrap_or_else(|| "mend it, then: git smp setup".to_owned());
    let report = Report::new(sentence).hint(hint);
    let is_unfinished = bad.iter().any(|check| check.mark == Mark::Unfinished);
    Err(if is_unfinished {
        Stop::Incomplete(report)
    } else {
        Stop::Failed(report)
    })
}
