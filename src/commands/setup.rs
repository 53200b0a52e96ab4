//! `git smp setup`: add the missing remotes, and check everything that a deploy needs.

use crate::cli::Setup;
use crate::commands::checks::Check;
use crate::commands::trust::{self, Place, RemoteState, Trust, places};
use crate::commands::{Session, checks, hook, missing, webhooks, wizard};
use crate::config::Config;
use crate::error::{RefusalCode, Report, Stop};
use crate::git::{Repo, remote};
use crate::text::{Line, Tone, shell_word};

/// Runs it.
///
/// # Errors
/// When the configuration is wrong (exit 2), the question is declined (3), or something is missing or wrong (1).
pub fn run(session: &Session<'_>, args: &Setup) -> Result<(), Stop> {
    if args.no_hook {
        return hook::remove(session);
    }
    let path = session.config_path()?;
    let is_new = path.symlink_metadata().is_err();
    if is_new {
        if let Some(report) = missing::elsewhere(session, &path) {
            return Err(Stop::Misused(report));
        }
        if args.check || !session.ui.is_interactive() {
            return Err(wizard::how_to_start(&path));
        }
        wizard::run(session, &path)?;
    }
    let config = session.config()?;
    let places = places(&session.repo, &config)?;
    let trust = trust::look(&session.repo, &config)?;
    let absent: Vec<&Place> = places
        .iter()
        .filter(|place| place.state == RemoteState::Missing)
        .collect();
    let news = !matches!(trust, Trust::Same);
    if news || !absent.is_empty() {
        let lines = shown(&config, &places, &trust);
        // What a question is about is shown even to those who want quiet.
        let question = !args.yes && !args.check && session.ui.is_interactive();
        if question {
            session.ui.insist(&lines)
        } else {
            session.ui.say(&lines)
        }
    }
    if args.check {
        if news {
            let report = Report::new(format!(
                "{} was not agreed to in this clone",
                config.path.display()
            ));
            let report = report.because("so nothing was asked over the network");
            return Err(Stop::Failed(
                report.hint("look at it and agree: git smp setup"),
            ));
        }
        let more = more(session, &session.repo, &config, args)?;
        return checks::run(session, &session.repo, &config, &places, false, more);
    }
    if news || !absent.is_empty() {
        agree(session, args, &absent, (news, is_new))?;
        for place in &absent {
            remote::add(&session.repo, place.remote, place.url)?;
        }
        trust::keep(&session.repo, &config)?;
    }
    if !args.yes && session.ui.is_interactive() {
        webhooks::ask(session, &config)?;
    }
    // What was just written is to be seen, so the clone is opened anew.
    let repo = Repo::open()?;
    let places = trust::places(&repo, &config)?;
    let more = more(session, &repo, &config, args)?;
    let checked = checks::run(session, &repo, &config, &places, true, more);
    if is_new {
        let file = shell_word(&path.display().to_string());
        session.ui.advise(&format!(
            "commit smp.toml, so that the whole team has it:\ngit add {file} && git commit {file}"
        ));
    }
    checked
}

/// The checks that ask nobody: the channels' and the hook's.
fn more(
    session: &Session<'_>,
    repo: &Repo,
    config: &Config,
    args: &Setup,
) -> Result<Vec<Check>, Stop> {
    let mut checks = webhooks::checks(repo, config)?;
    checks.extend(hook::check(session, repo, config, args)?);
    Ok(checks)
}

/// What the file says, how it stands to this clone, and what changed since it was agreed to. What a question is about is
/// the very list that a yes is kept of.
fn shown(config: &Config, places: &[Place<'_>], trust: &Trust) -> Vec<Line> {
    let file = config
        .path
        .file_name()
        .map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let heading = match trust {
        Trust::New => format!("{file} is new here. It says:"),
        Trust::Changed(_) => format!("{file} changed since you agreed to it. It says now:"),
        Trust::Same => format!("{file} says:"),
    };
    let mut lines = vec![Line::plain(heading)];
    lines.extend(remotes(places));
    if matches!(trust, Trust::Same) {
        return lines;
    }
    lines.push(Line::plain(
        "With its defaults, this is all that you agree to:",
    ));
    let values = config.trust();
    let width = values
        .iter()
        .map(|(key, _)| key.chars().count())
        .max()
        .unwrap_or(0);
    lines.extend(
        values
            .iter()
            .map(|(key, value)| Line::plain(format!("  {key:width$}  {value}"))),
    );
    if let Trust::Changed(changes) = trust {
        lines.push(Line::plain(if changes.is_empty() {
            "What it said before is not known any more."
        } else {
            "Changed:"
        }));
        lines.extend(changes.iter().map(|change| {
            Line::default().and(Tone::Strong, format!("  {}", trust::describe(change)))
        }));
    }
    lines
}

/// The remotes that the file names, and how they stand in this clone.
fn remotes(places: &[Place<'_>]) -> impl Iterator<Item = Line> {
    let name_width = places
        .iter()
        .map(|place| place.remote.chars().count())
        .max()
        .unwrap_or(0);
    let url_width = places
        .iter()
        .map(|place| place.url.chars().count())
        .max()
        .unwrap_or(0)
        .min(64);
    places.iter().map(move |place| {
        let source = place
            .environment
            .and_then(|environment| environment.promotes.as_ref());
        let promoted = source
            .map(|source| format!(", promoted from {source}"))
            .unwrap_or_default();
        let (tone, state) = match &place.state {
            RemoteState::Same => (Tone::Plain, "remote present".to_owned()),
            RemoteState::Missing => (Tone::Strong, "remote to add".to_owned()),
            RemoteState::Other(found) => (
                Tone::Bad,
                format!("remote has another address, {found}; it is left alone"),
            ),
        };
        let line = Line::plain(format!(
            "  {:name_width$}  {:url_width$}    ",
            place.remote, place.url
        ));
        line.and(tone, state).and(Tone::Plain, promoted)
    })
}

fn agree(
    session: &Session<'_>,
    args: &Setup,
    missing: &[&Place<'_>],
    (news, is_new): (bool, bool),
) -> Result<(), Stop> {
    let remotes = match missing.len() {
        1 => "1 remote".to_owned(),
        count => format!("{count} remotes"),
    };
    let question = match (news, missing.is_empty()) {
        (true, false) => format!("Trust this and add {remotes}?"),
        (true, true) => "Trust this?".to_owned(),
        (false, _) => format!("Add {remotes}?"),
    };
    if args.yes {
        return Ok(());
    }
    if !session.ui.is_interactive() {
        let report = Report::new("there is no terminal to ask on")
            .because(format!("the question is: {question}"));
        let report = report.hint("if the answer is yes: git smp setup --yes");
        return Err(report.refused(RefusalCode::NeedsTerminal).into());
    }
    session.ui.catch_interrupts()?;
    if session.ui.ask_yes(&question) {
        return Ok(());
    }
    Err(Stop::Declined(if is_new {
        "smp.toml was written, and is not agreed to; nothing else was changed".to_owned()
    } else {
        "nothing was changed".to_owned()
    }))
}
