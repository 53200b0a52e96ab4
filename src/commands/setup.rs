//! `git smp setup`: add the missing remotes, and check everything that a deploy needs.

use std::path::Path;

use crate::cli::Setup;
use crate::core::config::Config;
use crate::core::refusal::{RefusalCode, Report, Stop};
use crate::core::text::{Line, Tone, shell_word, wrapped};
use crate::git::{Repo, remote};
use crate::session::Session;
use crate::session::missing;
use crate::session::trust::{self, Place, RemoteState, Trust, places};
use crate::setup::checks::{self, Check};
use crate::setup::{hook, webhooks, wizard};

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
        make_file(session, args, &path)?;
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
        let lines = shown(&config, &places, &trust, session.ui.talk_width());
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
    let repo = session.repo.reopened()?;
    let places = trust::places(&repo, &config)?;
    let more = more(session, &repo, &config, args)?;
    let checked = checks::run(session, &repo, &config, &places, true, more);
    if is_new {
        session.ui.advise(for_the_team(session, &config, &path));
    } else if checked.is_ok() {
        session.ui.advise("next: git smp status");
    }
    checked
}

/// The team's first file, unless it has one already that is not here.
fn make_file(session: &Session<'_>, args: &Setup, path: &Path) -> Result<(), Stop> {
    if let Some(report) = missing::elsewhere(session, path) {
        return Err(Stop::Misused(report));
    }
    if args.check {
        return Err(wizard::how_to_start(path));
    }
    if let Some(report) = missing::at_a_remote(session, path) {
        return Err(Stop::Misused(report));
    }
    if !session.ui.is_interactive() {
        return Err(wizard::how_to_start(path));
    }
    wizard::run(session, path)
}

/// How everybody comes to the file that was just written.
fn for_the_team(session: &Session<'_>, config: &Config, path: &Path) -> String {
    let file = wizard::as_typed(session, path);
    let title = format!("Add {}", file.rsplit('/').next().unwrap_or(&file));
    let (file, title) = (shell_word(&file), shell_word(&title));
    let upstream = ["rev-parse", "--quiet", "--verify", "@{upstream}"];
    let push = match session.repo.program().read("", upstream) {
        Ok(_) => "git push".to_owned(),
        Err(_) => format!("git push -u {} HEAD", shell_word(&config.repository.remote)),
    };
    format!(
        "next: commit it and push it, so that the whole team has it:\n\
         git add {file} && git commit -m {title} {file} && {push}\n\
         then everyone: git pull && git smp setup"
    )
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
fn shown(config: &Config, places: &[Place<'_>], trust: &Trust, columns: usize) -> Vec<Line> {
    let file = config
        .path
        .file_name()
        .map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let mut lines = Vec::new();
    let list = "With its defaults, this is all that you agree to:";
    let names = match trust {
        Trust::New => {
            lines.push(Line::plain(format!("{file} is new here. {list}")));
            "It names these remotes:".to_owned()
        }
        Trust::Changed(_) => {
            let heading = format!("{file} changed since you agreed to it. {list}");
            lines.push(Line::plain(heading));
            "It names these remotes:".to_owned()
        }
        Trust::Same => format!("{file} names these remotes:"),
    };
    if !matches!(trust, Trust::Same) {
        lines.extend(values(config, columns));
    }
    if let Trust::Changed(changes) = trust {
        lines.push(Line::plain(if changes.is_empty() {
            "What it said before is not known any more."
        } else {
            "Changed:"
        }));
        let change = |change| wrapped(&format!("  {}", trust::describe(change)), columns, 0, 6);
        let changes = changes.iter().flat_map(change);
        lines.extend(changes.map(|change| Line::default().and(Tone::Strong, change)));
    }
    // What a yes adds stands above the question, however long the list is.
    lines.push(Line::plain(names));
    lines.extend(remotes(places, columns));
    lines
}

/// Every value that is agreed to.
fn values(config: &Config, columns: usize) -> impl Iterator<Item = Line> {
    let values = config.trust();
    let width = values
        .iter()
        .map(|(key, _)| key.chars().count())
        .max()
        .unwrap_or(0);
    let lines = move |(key, value)| wrapped(&format!("  {key:width$}  {value}"), columns, 0, 6);
    values.into_iter().flat_map(lines).map(Line::plain)
}

/// The remotes that the file names, and how they stand in this clone.
fn remotes(places: &[Place<'_>], columns: usize) -> impl Iterator<Item = Line> {
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
    places.iter().flat_map(move |place| {
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
        let remote = format!("  {:name_width$}  {:url_width$}", place.remote, place.url);
        let told = 4 + state.chars().count() + promoted.chars().count();
        let (mut lines, start) = if remote.chars().count() + told > columns {
            (vec![Line::plain(remote.trim_end())], "      ".to_owned())
        } else {
            (Vec::new(), format!("{remote}    "))
        };
        lines.push(
            Line::plain(start)
                .and(tone, state)
                .and(Tone::Plain, promoted),
        );
        lines
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
