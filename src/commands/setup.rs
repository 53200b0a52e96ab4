//! `git smp setup`: adds the missing remotes, and checks everything that a deploy needs.

use std::path::Path;

use clap::Args;

use crate::core::address::local_path;
use crate::core::config::Config;
use crate::core::refusal::{Report, Stop};
use crate::core::show::widest;
use crate::core::text::{Line, Tone, counted, shell_word, wrapped};
use crate::core::typed::{Hint, Typed};
use crate::core::words::SMP_TOML;
use crate::git::{Repo, remote};
use crate::options::Deepening;
use crate::session::Session;
use crate::session::missing;
use crate::session::trust::{self, Place, RemoteState, Trust, places};
use crate::setup::check::{self, Check};
use crate::setup::completions::Shell;
use crate::setup::guard::Guard;
use crate::setup::{checks, issues, webhooks, wizard};
use crate::sources::Look;

#[derive(Debug, Args)]
#[command(after_help = "Example: git smp setup --check")]
pub struct Setup {
    /// Change nothing; exit 1 if something is missing or wrong
    #[arg(long, conflicts_with_all = ["yes", "deepen"])]
    pub check: bool,
    /// Trust smp.toml without a question, and ask for no webhook
    #[arg(short, long)]
    pub yes: bool,
    /// Agree to smp.toml without a question if this is its digest (from git config smp.trusted)
    #[arg(long, value_name = "DIGEST", conflicts_with_all = ["yes", "check"])]
    pub trust: Option<String>,
    /// Install a pre-push hook that stops a plain git push to production or to a frozen environment
    #[arg(long)]
    pub hook: bool,
    /// Remove the pre-push hook, restore the earlier one, and do nothing else
    #[arg(long, conflicts_with_all = ["hook", "check", "deepen", "trust"])]
    pub no_hook: bool,
    #[command(flatten)]
    pub deepening: Deepening,
    /// Print the completion file of a shell, and do nothing else
    #[arg(long, value_name = "SHELL", conflicts_with_all = ["hook", "no_hook", "check", "yes", "deepen", "trust"])]
    pub completions: Option<Shell>,
}

pub fn run(session: &Session<'_>, args: &Setup) -> Result<(), Stop> {
    if args.no_hook {
        let checks = Guard::of(&session.repo)?.remove().map_err(|report| {
            let error = format!("the hook {}", report.error);
            Stop::Failed(Report { error, ..report })
        });
        return check::show(session, &checks?);
    }
    let path = session.config_path()?;
    let is_new = path.symlink_metadata().is_err();
    if is_new {
        make_file(session, args, &path)?;
    }
    let config = session.config()?;
    agree(session, args, &config, is_new)?;
    if !args.check && !args.yes && args.trust.is_none() && session.ui.is_interactive() {
        webhooks::ask(session, &config)?;
    }
    // Open the clone again: it has the remotes that were just added.
    let repo = session.repo.reopened()?;
    let deep = deepened(session, &repo, &config, args)?;
    let look = Look {
        repo: deep.as_ref().unwrap_or(&repo),
        config: &config,
        may_ask: session.ui.is_interactive(),
        // Each remote is asked whether it accepts a push, and lists all its refs for that anyway.
        in_full: true,
        first: false,
    };
    let more = more(session, &look, args)?;
    let checked = checks::run(session, &look, !args.check, more);
    if is_new {
        session.ui.advise(for_the_team(session, &config, &path));
    } else if checked.is_ok() && !args.check {
        session.ui.advise(Hint::run("next", Typed::smp("status")));
    }
    checked
}

/// Returns the clone with its whole history if it is shallow and is to be deepened. `repo` is the clone as it is now.
fn deepened(
    session: &Session<'_>,
    repo: &Repo,
    config: &Config,
    args: &Setup,
) -> Result<Option<Repo>, Stop> {
    let wanted = args.deepening.deepen || session.is_ci();
    if args.check || !wanted || !repo.layout().shallow {
        return Ok(None);
    }
    trust::require_main(repo, config)?;
    let now = Session {
        repo: repo.reopened()?,
        ..*session
    };
    let deep = now.deepened(config, true, Typed::smp("setup --deepen"))?;
    Ok(deep.map(|session| session.repo))
}

/// Creates the team's first file, unless the team already has one elsewhere.
fn make_file(session: &Session<'_>, args: &Setup, path: &Path) -> Result<(), Stop> {
    let mut found = missing::elsewhere(session, path);
    if found.is_none() && !args.check {
        found = missing::at_a_remote(session, path);
    }
    match found {
        Some(report) => Err(Stop::Misused(report)),
        None if args.check || !session.ui.is_interactive() => {
            Err(wizard::how_to_start(session, path))
        }
        None => wizard::run(session, path),
    }
}

/// Returns the commands that bring the new file to the whole team.
fn for_the_team(session: &Session<'_>, config: &Config, path: &Path) -> Hint {
    let file = wizard::as_typed(session, path);
    let title = format!("Add {}", file.rsplit('/').next().unwrap_or(&file));
    let (file, title) = (shell_word(&file), shell_word(&title));
    let upstream = ["rev-parse", "--quiet", "--verify", "@{upstream}"];
    let push = match session.repo.program().read("", upstream) {
        Ok(_) => "git push".to_owned(),
        Err(_) => format!("git push -u {} HEAD", shell_word(&config.repository.remote)),
    };
    let command = format!("git add {file} && git commit -m {title} {file} && {push}");
    Hint::from("next: commit and push it for the whole team:")
        .and(Hint::run("", Typed::other(command)))
        .and(Hint::run(
            "then everyone runs",
            Typed::smp("setup").behind(format_args!("git pull &&")),
        ))
}

/// Returns the checks that ask nobody: those of the channels and of the hook.
fn more(session: &Session<'_>, look: &Look<'_>, args: &Setup) -> Result<Vec<Check>, Stop> {
    let config = look.config;
    let mut checks = webhooks::checks(look.repo, config);
    checks.extend(issues::check(session, config));
    let guard = Guard::of(look.repo)?;
    checks.extend(match (args.hook, args.check) {
        (true, false) => Some(guard.install(config, session.common.config().as_deref())),
        (true, true) => Some(guard.check_or_missing(config)),
        (false, _) => guard.check(config),
    });
    Ok(checks)
}

/// Shows what is new in the file or missing in the clone, and asks for agreement. With `--check`, it only reports that
/// this was not agreed to.
fn agree(session: &Session<'_>, args: &Setup, config: &Config, is_new: bool) -> Result<(), Stop> {
    let (ui, repo) = (session.ui, &session.repo);
    if let Some(pinned) = &args.trust {
        trust::is_pinned(config, pinned)?;
    }
    let places = places(repo, config)?;
    let trust = trust::look(repo, config)?;
    let absent = places
        .iter()
        .filter(|one| one.state == RemoteState::Missing);
    let absent: Vec<&Place<'_>> = absent.collect();
    let is_agreed = matches!(trust, Trust::Same);
    if is_agreed && absent.is_empty() {
        return Ok(());
    }
    let lines = shown(config, &places, &trust, ui.talk_width());
    // What a question is about is shown even with `--quiet`.
    match !args.yes && !args.check && args.trust.is_none() && ui.is_interactive() {
        true => ui.insist(&lines),
        false => ui.say(&lines),
    }
    if args.check && is_agreed {
        return Ok(());
    } else if args.check {
        let error = format!("{} was not agreed to in this clone", config.path.display());
        let report =
            Report::new(error).because("until you agree to it, git smp does not use the network");
        let setup = Typed::smp("setup");
        return Err(Stop::Failed(report.run("review it and agree to it", setup)));
    }
    if !args.yes && args.trust.is_none() {
        ask(session, is_agreed, absent.len(), is_new)?;
    }
    for place in absent {
        remote::add(repo, place.remote, place.url)?;
    }
    trust::keep(repo, config)
}

fn ask(session: &Session<'_>, is_agreed: bool, absent: usize, is_new: bool) -> Result<(), Stop> {
    let remotes = counted(absent, "remote");
    let question = match (is_agreed, absent) {
        (true, _) => format!("Add {remotes}?"),
        (false, 0) => "Trust this?".to_owned(),
        (false, _) => format!("Trust this and add {remotes}?"),
    };
    let declined = match is_new {
        true => format!("{SMP_TOML} was written but not agreed to; nothing else was changed"),
        false => "nothing was changed".to_owned(),
    };
    let (why, yes) = (
        format!("the question is: {question}"),
        Typed::smp("setup --yes"),
    );
    session.ui.need_yes(&question, why, yes, &declined)
}

/// Returns what the file says, its relation to this clone, and what changed since the agreement. The list is exactly
/// what a yes is stored for.
fn shown(config: &Config, places: &[Place<'_>], trust: &Trust, columns: usize) -> Vec<Line> {
    let heading = match trust {
        Trust::Same => None,
        Trust::New => Some("is new in this clone"),
        Trust::Changed(_) => Some("changed since you agreed to it"),
    };
    let mut lines = Vec::new();
    if let Some(heading) = heading {
        let all = "If you trust it, you agree to these values (defaults included):";
        let all = wrapped(&format!("{SMP_TOML} {heading}. {all}"), columns, 0, 0);
        lines.extend(all.into_iter().map(Line::plain));
        let values = config.trust();
        let width = widest(values.iter().map(|(key, _)| key.as_str()));
        for (key, value) in values {
            let value = format!("  {key:width$}  {value}");
            lines.extend(wrapped(&value, columns, 0, 6).into_iter().map(Line::plain));
        }
    }
    if let Trust::Changed(changes) = trust {
        lines.push(Line::plain(match changes.as_slice() {
            [] => "Its earlier content is unknown.",
            _ => "Changed:",
        }));
        let changes = changes
            .iter()
            .map(|one| format!("  {}", trust::describe(one)));
        let changes = changes.flat_map(|one| wrapped(&one, columns, 0, 6));
        lines.extend(changes.map(|one| Line::default().and(Tone::Strong, one)));
    }
    // The remotes that a yes adds come last, above the question, however long the list is.
    lines.push(Line::plain(match heading {
        Some(_) => "It names these remotes:".to_owned(),
        None => format!("{SMP_TOML} names these remotes:"),
    }));
    let name_width = widest(places.iter().map(|place| place.remote));
    let url_width = widest(places.iter().map(|place| place.url)).min(64);
    for place in places {
        let remote = format!("  {:name_width$}  {:url_width$}", place.remote, place.url);
        lines.extend(state_of(place, remote, columns));
    }
    let local = places
        .iter()
        .filter(|place| local_path(place.url).is_some());
    let local: Vec<&str> = local.map(|place| place.remote).collect();
    if !local.is_empty() && heading.is_some() {
        let local = local.join(", ");
        let text = format!(
            "These addresses are folders on this machine; a push to them runs their programs as you: {local}"
        );
        lines.extend(wrapped(&text, columns, 0, 2).into_iter().map(Line::plain));
    }
    lines
}

/// Returns a remote that the file names, and its state in this clone.
fn state_of(place: &Place<'_>, remote: String, columns: usize) -> Vec<Line> {
    let source = place.environment.and_then(|one| one.promotes.as_ref());
    let promoted = source.map_or_else(String::new, |source| {
        format!(", gets its commits from {source}")
    });
    let (tone, state) = match &place.state {
        RemoteState::Same => (Tone::Plain, "remote present".to_owned()),
        RemoteState::Missing => (Tone::Strong, "remote to add".to_owned()),
        RemoteState::Other(found) => (
            Tone::Bad,
            format!("remote has another address, {found}; git smp does not change it"),
        ),
    };
    let whole = [&remote, &state, &promoted].map(|text| text.chars().count());
    let (mut lines, start) = match whole.iter().sum::<usize>() + 4 > columns {
        true => (vec![Line::plain(remote.trim_end())], "      ".to_owned()),
        false => (Vec::new(), remote + "    "),
    };
    lines.push(
        Line::plain(start)
            .and(tone, state)
            .and(Tone::Plain, promoted),
    );
    lines
}
