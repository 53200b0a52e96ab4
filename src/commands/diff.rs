//! `git smp diff`: the commits that would ship, one line each.

use std::mem::ManuallyDrop;

use clap::Args;

use crate::core::config::{Config, Environment};
use crate::core::decide::named::{source_of, the_target};
use crate::core::decide::next;
use crate::core::decide::review::{Coverage, Reviews};
use crate::core::refusal::{Report, Stop};
use crate::core::show;
use crate::core::show::json::{self, End};
use crate::core::typed::{Hint, Typed};
use crate::core::words::{Changes, Commit, Observed, Relation};
use crate::forge::reviews;
use crate::look::not_seen;
use crate::options::Deepening;
use crate::session::{Session, shallow, trust};
use crate::sources::{Also, Look};
use crate::team::recorder::Recorder;

#[derive(Debug, Args)]
#[command(after_help = "Example: git smp diff --from v1.4 --to v1.5")]
pub struct Diff {
    /// The target environment; default: the only one that has "promotes" in smp.toml
    pub environment: Option<String>,
    /// Start at this commit, not at the one that the target runs
    #[arg(long, value_name = "REV")]
    pub from: Option<String>,
    /// End at this commit, not at the one that the source runs; no network is used with both --from and --to
    #[arg(long, value_name = "REV")]
    pub to: Option<String>,
    /// Print one JSON object
    #[arg(long, conflicts_with = "markdown")]
    pub json: bool,
    /// Print a Markdown list to paste
    #[arg(long)]
    pub markdown: bool,
    /// Exit 1 when there are differences, as git diff does
    #[arg(long)]
    pub exit_code: bool,
    #[command(flatten)]
    pub deepening: Deepening,
}

pub fn run(session: &Session<'_>, args: &Diff) -> Result<(), Stop> {
    let deep = deepened(session, args)?;
    let session = deep.as_ref().unwrap_or(session);
    let (config, from, to) = ends(session, args)?;
    let Some(target) = &to.commit else {
        let name = to.environment.as_deref().unwrap_or("the source");
        let report = Report::new(format!(
            "nothing is deployed on {name} yet, so there is nothing to compare"
        ));
        let found = config.as_ref().and_then(|config| config.find(name));
        let deploy = found.map_or(Typed::smp("stage"), next::deploy);
        let report = report.run(format!("deploy a commit to {name} first"), deploy);
        return Err(Stop::Failed(report.run("then", Typed::smp("diff"))));
    };
    let range = (from.commit.as_ref(), target);
    let changes = session.ui.during("walking through history", || {
        session.repo.changes(range.0, range.1)
    })?;
    // Never dropped: the process ends next, as with the session.
    let changes = ManuallyDrop::new(changes);
    let asking = config
        .as_ref()
        .filter(|_| may_ask(args, &changes, session.ui.is_quiet()));
    let merges = asking
        .map(|config| reviews::merges(session, config, &changes, range))
        .unwrap_or_default();
    let named: Vec<&Commit> = merges.named.iter().chain(&changes.ships).collect();
    let ships = (&named[..], merges.unnamed);
    // The list does not wait for the host. JSON is one object, so it has to wait.
    let early = asking.filter(|_| args.json);
    let early = early.map(|config| reviews::look(session, config, ships, (&[range.0], target)));
    show(
        session,
        args,
        config.as_ref(),
        [&from, &to],
        &changes,
        early.as_ref(),
    )?;
    if let Some(config) = asking {
        let reviews =
            early.unwrap_or_else(|| reviews::look(session, config, ships, (&[range.0], target)));
        if args.json || matches!(reviews.coverage, Coverage::Not(_)) {
            reviews::explain(session, config, &reviews);
        } else {
            session.ui.say(&show::marks(&named, target, &reviews));
        }
    }
    note_candidate(session, config.as_ref(), &to)?;
    if let Some(known) = session.repo.to_keep() {
        session.notes().keep_config(&known);
    }
    match args.exit_code && changes.relation != Relation::Identical {
        true => Err(Stop::Answer),
        false => Ok(()),
    }
}

/// Returns the clone with its whole history if it is shallow and may be deepened. Two named ends forbid the network.
fn deepened<'a>(session: &Session<'a>, args: &Diff) -> Result<Option<Session<'a>>, Stop> {
    let named = args.from.is_some() && args.to.is_some();
    match (session.repo.layout().shallow, named) {
        (false, _) => return Ok(None),
        (true, true) => return Err(shallow(None).into()),
        (true, false) => {}
    }
    let config = session.config()?;
    trust::require_to_look(&session.repo, &config, &[])?;
    let again = Typed::instead_of("diff", "diff --deepen");
    session.deepened(&config, args.deepening.deepen, again)
}

/// Returns whether the host may be asked: not if both ends are named (no network), and not if nothing ships.
fn may_ask(args: &Diff, changes: &Changes, quiet: bool) -> bool {
    let named = args.from.is_some() && args.to.is_some();
    let ships = matches!(changes.relation, Relation::Ahead | Relation::Diverged);
    !named && ships && (args.json || !quiet)
}

fn show(
    session: &Session<'_>,
    args: &Diff,
    config: Option<&Config>,
    [from, to]: [&End; 2],
    changes: &Changes,
    reviews: Option<&Reviews>,
) -> Result<(), Stop> {
    let (ui, link) = (session.ui, link(config, from, to, changes));
    if args.json {
        return ui.data(json::diff(from, to, changes, link, reviews).as_bytes());
    }
    let [from, to] =
        [from, to].map(|end| show::end(end.environment.as_deref(), end.commit.as_ref()));
    if args.markdown {
        return ui.data(show::markdown(config, &from, &to, changes, link.as_deref()).as_bytes());
    }
    let (before, after) = show::diff(&from, &to, changes, link.as_deref());
    ui.say(&[before]);
    ui.data(&show::oneline(&changes.ships))?;
    ui.say(&after);
    Ok(())
}

/// Says that a promotion ships less than the list, if a merge deploys the source and the source runs a descendant of
/// the candidate. This clone's copy of the record is enough for that.
fn note_candidate(session: &Session<'_>, config: Option<&Config>, to: &End) -> Result<(), Stop> {
    let (Some(config), Some(name), Some(runs)) = (config, &to.environment, &to.commit) else {
        return Ok(());
    };
    let repo = &session.repo;
    let known = match config.environment(name)?.by_merge {
        true => Recorder::of(repo, config, false).and_then(|recorder| recorder.known()),
        false => None,
    };
    let state = known.as_ref().map(|reading| &reading.state);
    let Some(candidate) = state.and_then(|state| state.frozen(name)) else {
        return Ok(());
    };
    let (commit, short) = (&candidate.commit, candidate.commit.short());
    if commit != runs && repo.has_commit(commit)? && repo.is_ancestor(commit, runs)? {
        let alone = Typed::smp("diff").option("--to", short);
        let alone = session.ui.typed(Hint::run("list only what ships", alone));
        session.ui.note(format!(
            "according to this clone's copy of the record the candidate is {short}; later commits do not ship with it; {}",
            alone.concat()
        ));
    }
    Ok(())
}

fn link(config: Option<&Config>, from: &End, to: &End, changes: &Changes) -> Option<String> {
    let (config, from, to) = (config?, from.commit.as_ref()?, to.commit.as_ref()?);
    match changes.relation {
        Relation::Identical => None,
        // A forge shows nothing for a comparison that goes back. The reverse one shows what would be lost.
        Relation::Behind => config.compare_url(to, from),
        Relation::Ahead | Relation::Diverged => config.compare_url(from, to),
    }
}

fn ends(session: &Session<'_>, args: &Diff) -> Result<(Option<Config>, End, End), Stop> {
    if let (Some(from), Some(to)) = (&args.from, &args.to) {
        let config = config_if_any(session)?;
        if let (Some(config), Some(name)) = (&config, &args.environment) {
            config.meant(name)?;
        }
        return Ok((config, named(session, from)?, named(session, to)?));
    }
    let config = session.config()?;
    let target = the_target(&config, args.environment.as_deref(), "diff")?;
    let source = source_of(&config, target, "diff")?;
    let ends = [(&args.from, target), (&args.to, source)];
    let wanted = ends.iter().filter(|(rev, _)| rev.is_none());
    let wanted: Vec<&Environment> = wanted.map(|(_, environment)| *environment).collect();
    let mut seen = observe(session, &config, &wanted)?.into_iter();
    let [from, to] = ends.map(|(rev, _)| match rev {
        Some(rev) => named(session, rev),
        None => observed(seen.next()),
    });
    Ok((Some(config), from?, to?))
}

fn named(session: &Session<'_>, rev: &str) -> Result<End, Stop> {
    Ok(End {
        environment: None,
        commit: Some(session.repo.resolve_revision(rev)?),
    })
}

fn observed(seen: Option<Observed>) -> Result<End, Stop> {
    let seen = seen.ok_or_else(not_seen)?;
    Ok(End {
        commit: seen.running?,
        environment: Some(seen.environment),
    })
}

/// Reads the configuration if there is one or it was named. With both ends named, none is needed.
fn config_if_any(session: &Session<'_>) -> Result<Option<Config>, Stop> {
    let path = session.config_path();
    let exists = path.is_ok_and(|path| path.symlink_metadata().is_ok());
    let wanted = exists || session.common.config().is_some();
    wanted.then(|| session.config()).transpose()
}

fn observe(
    session: &Session<'_>,
    config: &Config,
    wanted: &[&Environment],
) -> Result<Vec<Observed>, Stop> {
    trust::require_to_look(&session.repo, config, wanted)?;
    let names: Vec<&str> = wanted.iter().map(|one| one.name.as_str()).collect();
    let look = Look::of(session, config);
    let asking = format!("asking {}", names.join(" and "));
    let seen = session
        .ui
        .during(&asking, || look.environments(wanted, Also::Nothing))?;
    session.explain(config, &seen);
    Ok(seen)
}
