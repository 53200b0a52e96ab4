//! `git smp setup`: add the missing remotes, and check everything that a deploy needs.

use crate::cli::Setup;
use crate::commands::trust::{self, RemoteState, Trust};
use crate::commands::{Session, wizard};
use crate::config::{self, Config, Environment, Find, Running};
use crate::error::{Refusal, RefusalCode, Report, Stop};
use crate::git::{Repo, remote};
use crate::manual::{self, Installed};
use crate::model::{Branch, Observed};
use crate::observe::{Also, Look};
use crate::text::{Line, Tone};

/// Runs it.
///
/// # Errors
/// When the configuration is wrong (exit 2), the question is declined (3), or something is missing or wrong (1).
pub fn run(session: &Session<'_>, args: &Setup) -> Result<(), Stop> {
    let path = session.config_path()?;
    if path.symlink_metadata().is_err() {
        if args.check || !session.ui.is_interactive() {
            return Err(wizard::how_to_start(&path));
        }
        wizard::run(session, &path)?;
    }
    let config = session.config()?;
    let places = places(&session.repo, &config)?;
    let trust = trust::look(&session.repo, &config)?;
    let missing: Vec<&Place> = places.iter().filter(|place| place.state == RemoteState::Missing).collect();
    let news = !matches!(trust, Trust::Same);
    if news || !missing.is_empty() {
        let lines = shown(&config, &places, &trust);
        // What a question is about is shown even to those who want quiet.
        let question = !args.yes && !args.check && session.ui.is_interactive();
        if question { session.ui.insist(&lines) } else { session.ui.say(&lines) }
    }
    if args.check {
        if news {
            let report = Report::new(format!("{} was not agreed to in this clone", config.path.display()));
            let report = report.because("so nothing was asked over the network");
            return Err(Stop::Failed(report.hint("look at it and agree: git smp setup")));
        }
        return check(session, &session.repo, &config, &places, false);
    }
    if news || !missing.is_empty() {
        agree(session, args, &missing, news)?;
        for place in &missing {
            remote::add(&session.repo, place.remote, place.url)?;
        }
        trust::keep(&session.repo, &config)?;
    }
    // What was just written is to be seen, so the clone is opened anew.
    let repo = Repo::open()?;
    let places = self::places(&repo, &config)?;
    check(session, &repo, &config, &places, true)
}

/// A remote that `smp.toml` names, and how it stands in this clone.
struct Place<'c> {
    remote: &'c str,
    url: &'c str,
    environment: Option<&'c Environment>,
    state: RemoteState,
}

fn places<'c>(repo: &Repo, config: &'c Config) -> Result<Vec<Place<'c>>, Stop> {
    let main = &config.repository;
    let state = trust::remote_state(repo, &main.remote, &main.url, config::same_place)?;
    let mut places = vec![Place { remote: &main.remote, url: &main.url, environment: None, state }];
    for environment in &config.environments {
        let (remote, url) = (&environment.remote, &environment.url);
        let state = trust::remote_state(repo, remote, url, trust::exactly)?;
        places.push(Place { remote, url, environment: Some(environment), state });
    }
    Ok(places)
}

/// What the file says, how it stands to this clone, and what changed since it was agreed to.
fn shown(config: &Config, places: &[Place<'_>], trust: &Trust) -> Vec<Line> {
    let file = config.path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let heading = match trust {
        Trust::New => format!("{file} is new here. It says:"),
        Trust::Changed(_) => format!("{file} changed since you agreed to it. It says now:"),
        Trust::Same => format!("{file} says:"),
    };
    let mut lines = vec![Line::plain(heading)];
    let name_width = places.iter().map(|place| place.remote.chars().count()).max().unwrap_or(0);
    let url_width = places.iter().map(|place| place.url.chars().count()).max().unwrap_or(0).min(64);
    for place in places {
        let promotes = place.environment.and_then(|environment| environment.promotes.as_ref());
        let promotes = promotes.map(|source| format!(", promotes {source}")).unwrap_or_default();
        let (tone, state) = match &place.state {
            RemoteState::Same => (Tone::Plain, "remote present".to_owned()),
            RemoteState::Missing => (Tone::Strong, "remote to add".to_owned()),
            RemoteState::Other(found) => (Tone::Bad, format!("remote has another address, {found}; it is left alone")),
        };
        let line = Line::plain(format!("  {:name_width$}  {:url_width$}    ", place.remote, place.url));
        lines.push(line.and(tone, state).and(Tone::Plain, promotes));
        lines.extend(
            place
                .environment
                .map(|environment| Line::plain(format!("  {:name_width$}  {}", "", runs_what(environment)))),
        );
    }
    lines.extend(others(config).into_iter().map(Line::plain));
    if let Trust::Changed(changes) = trust {
        lines.push(Line::plain(if changes.is_empty() {
            "What it said before is not known any more."
        } else {
            "Changed:"
        }));
        lines.extend(
            changes.iter().map(|change| Line::default().and(Tone::Strong, format!("  {}", trust::describe(change)))),
        );
    }
    lines
}

/// How an environment's running commit is read, and which branch deploys.
fn runs_what(environment: &Environment) -> String {
    let branch = &environment.branch;
    match &environment.running {
        Running::Ref => format!("runs what its branch {branch} is at"),
        Running::Heroku { app } => format!("deploys {branch}; runs what Heroku's API says of {app}"),
        Running::Page(page) => {
            let how = match &page.find {
                Find::Pattern(pattern) => format!(", at {}", pattern.as_str()),
                Find::Json(pointer) => format!(", at {pointer}"),
                Find::Header(name) => format!(", in the header {name}"),
                Find::Body => String::new(),
            };
            format!("deploys {branch}; runs what {} reports{how}", page.url)
        }
    }
}

/// The rest of what is agreed to, where it is there.
fn others(config: &Config) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(record) = &config.record {
        lines.push(format!("  record  {} on {}", record.reference, config.repository.remote));
    }
    for channel in &config.channels {
        lines.push(format!("  channel {}  {:?}", channel.name, channel.kind).to_lowercase());
    }
    lines
}

fn agree(session: &Session<'_>, args: &Setup, missing: &[&Place<'_>], news: bool) -> Result<(), Stop> {
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
        let report = Report::new("there is no terminal to ask on").because(format!("the question is: {question}"));
        let report = report.hint("if the answer is yes: git smp setup --yes");
        return Err(Refusal { code: RefusalCode::NeedsTerminal, report }.into());
    }
    session.ui.catch_interrupts()?;
    if session.ui.ask_yes(&question) { Ok(()) } else { Err(Stop::Declined("nothing was changed".to_owned())) }
}

/// One check's outcome.
struct Check {
    name: String,
    good: bool,
    words: String,
    because: Vec<String>,
    hint: Option<String>,
}

impl Check {
    fn good(name: &str, words: impl Into<String>) -> Self {
        Self { name: name.to_owned(), good: true, words: words.into(), because: Vec::new(), hint: None }
    }

    fn bad(name: &str, words: impl Into<String>, because: Vec<String>, hint: Option<String>) -> Self {
        Self { name: name.to_owned(), good: false, words: words.into(), because, hint }
    }

    fn refused(name: &str, before: &str, refusal: &Refusal) -> Self {
        let what = refusal.report.error.trim_start_matches(&format!("{name}: ")).to_owned();
        Self::bad(name, format!("{before}{what}"), refusal.report.because.clone(), refusal.report.hint.clone())
    }

    fn lines(&self, width: usize) -> Vec<Line> {
        let (tone, mark) = if self.good { (Tone::Good, "ok  ") } else { (Tone::Bad, "FAIL") };
        let line =
            Line::plain("  ").and(tone, mark).and(Tone::Plain, format!("  {:width$}  {}", self.name, self.words));
        let cause = |text: &String| Line::default().and(Tone::Faint, format!("{:1$}{text}", "", width + 10));
        std::iter::once(line).chain(self.because.iter().map(cause)).collect()
    }
}

fn check(session: &Session<'_>, repo: &Repo, config: &Config, places: &[Place<'_>], install: bool) -> Result<(), Stop> {
    let ready = |place: &&Place<'_>| place.state == RemoteState::Same;
    let environments: Vec<&Environment> = places.iter().filter(ready).filter_map(|place| place.environment).collect();
    let look = Look { repo, config, may_ask: session.ui.is_interactive() };
    let main_is_ready = places.iter().any(|place| place.environment.is_none() && ready(&place));
    let (seen, main) = session.ui.during("asking every remote and page", || {
        std::thread::scope(|scope| {
            let main = main_is_ready.then(|| scope.spawn(|| look.main_branch()));
            let seen = look.environments(&environments, Also::Branches);
            (seen, main.and_then(|main| main.join().ok()))
        })
    });
    let (seen, main) = (seen?, main.transpose()?);
    session.explain(config, &seen);
    let mut checks: Vec<Check> = places
        .iter()
        .map(|place| {
            let seen =
                place.environment.and_then(|environment| seen.iter().find(|one| one.environment == environment.name));
            check_place(repo, config, place, seen, main.as_ref())
        })
        .collect();
    if repo.layout().shallow {
        let because = vec!["its history is cut off, so nothing can be compared".to_owned()];
        checks.push(Check::bad("this clone", "is shallow", because, Some("git fetch --unshallow".to_owned())));
    }
    let width = checks.iter().map(|check| check.name.chars().count()).max().unwrap_or(0).max("man pages".len());
    let mut lines: Vec<Line> = checks.iter().flat_map(|check| check.lines(width)).collect();
    lines.push(man_pages(install, width));
    session.ui.answer(&lines)?;
    conclude(&checks)
}

fn check_place(
    repo: &Repo,
    config: &Config,
    place: &Place<'_>,
    seen: Option<&Observed>,
    main: Option<&Result<Branch, Refusal>>,
) -> Check {
    let name = place.environment.map_or(place.remote, |environment| environment.name.as_str());
    match &place.state {
        RemoteState::Missing => {
            return Check::bad(name, "its remote is missing", Vec::new(), Some("add it: git smp setup".to_owned()));
        }
        RemoteState::Other(found) => {
            let because = vec![format!("smp.toml says {}", place.url), format!("this clone has {found}")];
            let hint = format!("git remote set-url {} {}", place.remote, place.url);
            return Check::bad(name, "its remote has another address", because, Some(hint));
        }
        RemoteState::Same => {}
    }
    match (place.environment, seen, main) {
        (Some(environment), Some(seen), _) => check_environment(repo, environment, seen),
        (None, _, Some(main)) => check_main(config, name, main),
        _ => Check::bad(name, "was not looked at", Vec::new(), Some("try again: git smp setup".to_owned())),
    }
}

fn check_main(config: &Config, name: &str, main: &Result<Branch, Refusal>) -> Check {
    let branch = &config.repository.branch;
    let hint = || Some("set repository.branch in smp.toml, then: git smp setup".to_owned());
    match main {
        Ok(Branch::At(id)) => Check::good(name, format!("answers; {branch} is at {}", id.short())),
        Ok(Branch::Empty) => Check::bad(name, "answers, but has no branch at all", Vec::new(), hint()),
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
        let report = stop.report().cloned().unwrap_or_else(|| Report::new("it has no address to push to"));
        return Check::bad(name, report.error, report.because, report.hint);
    }
    let answers = match &seen.branch {
        Some(Ok(Branch::At(id))) => format!("answers; {branch} is at {}", id.short()),
        Some(Ok(Branch::Empty)) => return Check::good(name, "answers; nothing is deployed yet"),
        Some(Err(refusal)) => return Check::refused(name, "", refusal),
        Some(Ok(Branch::Missing(others))) => {
            let refusal = crate::plan::wrong_branch(environment, others);
            return Check::refused(name, "answers, but ", &refusal);
        }
        None => "its remote was not asked".to_owned(),
    };
    match (&seen.running, seen.agrees()) {
        (Err(refusal), _) => Check::refused(name, &format!("{answers}; "), refusal),
        (Ok(Some(id)), Some(false)) => Check::good(name, format!("{answers}; but it runs {}", id.short())),
        (Ok(Some(id)), _) => Check::good(name, format!("{answers}; runs {}", id.short())),
        (Ok(None), _) => Check::good(name, format!("{answers}; nothing runs yet")),
    }
}

/// The manual is a comfort, not something a deploy needs: it never fails the setup.
fn man_pages(install: bool, width: usize) -> Line {
    let (tone, mark, words) = if install {
        match manual::install() {
            Installed::Already => (Tone::Good, "ok  ", "are installed; try: git smp --help".to_owned()),
            Installed::Now(_) => (Tone::Good, "ok  ", "installed for you; try: git smp --help".to_owned()),
            Installed::Unseen(folder) => (
                Tone::Strong,
                "note",
                format!("written to {0}, where man does not look; try: man -M {0} git-smp", folder.display()),
            ),
            Installed::Not(why) => (Tone::Strong, "note", format!("could not be installed ({why}); try: git smp help")),
        }
    } else if manual::is_found() {
        (Tone::Good, "ok  ", "are installed; try: git smp --help".to_owned())
    } else {
        (Tone::Strong, "note", "are not installed; git smp setup installs them".to_owned())
    };
    Line::plain("  ").and(tone, mark).and(Tone::Plain, format!("  {:width$}  {words}", "man pages"))
}

fn conclude(checks: &[Check]) -> Result<(), Stop> {
    let bad: Vec<&Check> = checks.iter().filter(|check| !check.good).collect();
    let Some(first) = bad.first() else { return Ok(()) };
    let sentence = if bad.len() == 1 { "one check failed".to_owned() } else { format!("{} checks failed", bad.len()) };
    let report = Report::new(sentence);
    let hint = first.hint.clone().unwrap_or_else(|| "mend it, then: git smp setup".to_owned());
    Err(Stop::Failed(report.hint(hint)))
}
