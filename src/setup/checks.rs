//! The checks of `git smp setup`: everything that a deploy needs.

use std::collections::HashMap;
use std::thread;

use crate::core::config::{Config, Environment};
use crate::core::decide::finding::{self, Finding};
use crate::core::decide::named::no_target;
use crate::core::decide::next::first_commit;
use crate::core::decide::{no_app, some_of, wrong_branch};
use crate::core::record::{Deploying, Person, Reading, RecordView};
use crate::core::refusal::{Refusal, Report, Stop};
use crate::core::text::counted;
use crate::core::typed::Typed;
use crate::core::words::{Branch, Observed, SMP_TOML};
use crate::forge::place;
use crate::git::push::{self, MayPush};
use crate::git::{self, Repo};
use crate::look::{self, Main};
use crate::session::Session;
use crate::session::trust::{self, Place, RemoteState};
use crate::setup::check::{self, Check};
use crate::setup::elsewhere::{self, SaidElsewhere};
use crate::setup::{completions, manual};
use crate::sources::{Also, Look, at_once};
use crate::team::agreed;
use crate::team::recorder::Recorder;

const RECORD: &str = "record";
const SIGNING: &str = "signing";

/// Checks every remote and page and prints one line per check, followed by `more`.
pub fn run(
    session: &Session<'_>,
    look: &Look<'_>,
    installs: bool,
    more: Vec<Check>,
) -> Result<(), Stop> {
    let (repo, config) = (look.repo, look.config);
    let places = with_branches(config, trust::places(repo, config)?);
    let seen = see(session, look, &places, installs)?;
    let places = places.iter().map(|place| seen.check(repo, config, place));
    let mut checks: Vec<Check> = places.collect();
    checks.extend(seen.record);
    checks.extend(seen.agreed);
    checks.extend(seen.signing);
    if repo.layout().shallow {
        let report = Report::new("is shallow")
            .because("its history is cut off, so nothing can be compared")
            .run("fetch the rest", Typed::smp("setup --deepen"))
            .run("or with git alone", Typed::other("git fetch --unshallow"));
        checks.push(Check::bad("this clone", report));
    }
    if config.targets().is_empty() {
        checks.push(Check::bad(&SMP_TOML.to_string(), no_target(config)));
    }
    checks.extend(more);
    checks.push(manual::check(installs));
    checks.extend(completions::check(installs));
    check::show(session, &checks)
}

/// Adds each environment that is a branch of the first place, the main repository.
fn with_branches<'c>(config: &'c Config, mut places: Vec<Place<'c>>) -> Vec<Place<'c>> {
    let branches = (config.environments.iter()).filter(|one| one.is_branch);
    if let Some(main) = places.first().cloned() {
        places.extend(branches.map(|one| Place {
            environment: Some(one),
            ..main.clone()
        }));
    }
    places
}

struct PlacesSeen {
    environments: Vec<Observed>,
    main: Option<Result<Branch, Refusal>>,
    /// The deploy in progress by the record.
    open: Option<Deploying>,
    record: Option<Check>,
    /// A note that the team does not agree to this file, or that other clones may use other files.
    agreed: Option<Check>,
    signing: Option<Check>,
    /// The environments that would reject a push, with their words.
    shut: HashMap<String, Vec<String>>,
    elsewhere: SaidElsewhere,
}

/// Asks everything in parallel, and begins the record: then everybody knows that the host accepts and shows such a ref.
fn see(
    session: &Session<'_>,
    look: &Look<'_>,
    places: &[Place<'_>],
    installs: bool,
) -> Result<PlacesSeen, Stop> {
    let ready = places.iter().filter(|one| one.state == RemoteState::Same);
    let ready: Vec<Option<&Environment>> = ready.map(|one| one.environment).collect();
    let environments: Vec<&Environment> = ready.iter().copied().flatten().collect();
    let asks_main = ready.iter().any(Option::is_none);
    let recorder = Recorder::of(look.repo, look.config, look.may_ask).filter(|_| asks_main);
    let wanted = if asks_main {
        Main::Branch
    } else {
        Main::Nothing
    };
    let environments = environments.as_slice();
    thread::scope(|scope| {
        // The test pushes start after each observation, and end last.
        let (looked, asked) = session.ui.during("asking every remote and page", || {
            look::see_and(
                session,
                look,
                environments,
                (Also::Branches, wanted),
                |seen| {
                    let seen = seen.to_vec();
                    scope.spawn(move || shut(look.repo, environments, &seen))
                },
            )
        })?;
        let open = looked.open().cloned();
        let (seen, main) = (looked.environments, looked.main);
        let is_there = matches!(main, Some(Ok(Branch::At(_))));
        let agreed = agreed::by_all(look.repo, look.config);
        let tried = recorder.filter(|_| is_there && agreed.is_ok());
        let tried = tried.map_or(Ok(None), |recorder| recorder.try_key());
        let begins = installs && is_there && agreed.is_ok() && tried.is_ok();
        let forge = place::find(session, look.config);
        let (record, elsewhere, shut) = session.ui.during("asking who may push", || {
            let record = looked.record;
            let record = scope.spawn(move || settle_record(look.repo, recorder?, record, begins));
            let elsewhere = elsewhere::look(look, &forge, environments, &seen);
            (record.join(), elsewhere, asked.join())
        });
        Ok(PlacesSeen {
            environments: seen,
            main,
            open,
            record: record.ok().flatten(),
            agreed: not_agreed(look, agreed)?,
            signing: signing(tried),
            shut: shut.unwrap_or_default(),
            elsewhere,
        })
    })
}

impl PlacesSeen {
    fn check(&self, repo: &Repo, config: &Config, place: &Place<'_>) -> Check {
        let name = place.environment.map_or(place.remote, |one| &one.name);
        let seen = Observed::among(&self.environments, name);
        let report = match (&place.state, place.environment, seen, &self.main) {
            (RemoteState::Missing, ..) => {
                Report::new("its remote is missing").run("add it", Typed::smp("setup"))
            }
            (RemoteState::Other(found), ..) => {
                let report = Report::new("its remote has another address")
                    .because(format!("{SMP_TOML} says {}", place.url))
                    .because(format!("this clone has {found}"));
                match trust::remedy(repo, place.remote, place.url, place.rule) {
                    Ok(remedy) => report.run("", remedy),
                    Err(_) => report,
                }
            }
            (_, Some(environment), Some(seen), _) => {
                let check = check_environment(repo, environment, seen, self.open.as_ref());
                let check = self.elsewhere.add_to(name, check);
                return match self.shut.get(name) {
                    Some(words) => check.turned_away(words),
                    None => check,
                };
            }
            (_, None, _, Some(main)) => return check_main(config, name, main),
            _ => Report::new("was not asked").run("try again", Typed::smp("setup")),
        };
        Check::bad(name, report)
    }
}

/// Returns the environments that would reject a push, with their words; as in a deploy, nobody is asked for a password.
fn shut(
    repo: &Repo,
    environments: &[&Environment],
    seen: &[Observed],
) -> HashMap<String, Vec<String>> {
    let answers = at_once(environments, |one| may_push(repo, one, seen));
    let shut = environments.iter().zip(answers);
    let shut = shut.filter_map(|(one, answer)| match answer? {
        MayPush::No(words) => Some((one.name.clone(), words)),
        _ => None,
    });
    shut.collect()
}

fn may_push(repo: &Repo, environment: &Environment, seen: &[Observed]) -> Option<MayPush> {
    let seen = Observed::among(seen, &environment.name)?;
    let branch = format!("refs/heads/{}", environment.branch);
    let (reference, at) = match seen.branch.as_ref()?.as_ref().ok()? {
        Branch::At(id) if repo.has_commit(id).is_ok_and(|has| has) => (branch.as_str(), Some(id)),
        Branch::At(_) => (push::NOBODYS, None),
        Branch::Empty => (branch.as_str(), None),
        // Even a test push would create the app.
        Branch::Missing(_) | Branch::NoApp(_) => return None,
    };
    let place = (environment.remote.as_str(), reference);
    Some(push::may_push(repo, place, at, false))
}

fn check_main(config: &Config, name: &str, main: &Result<Branch, Refusal>) -> Check {
    let branch = &config.repository.branch;
    let report = match main {
        Ok(Branch::At(id)) => {
            return Check::good(name, format!("answers; {branch} is at {}", id.short()));
        }
        Err(refusal) => return Check::bad(name, refusal.report.clone()),
        Ok(Branch::Empty | Branch::NoApp(_)) => {
            let push = first_commit(config);
            let report = Report::new("answers, but has no branches");
            return Check::bad(name, report.run("push the first commit", push));
        }
        Ok(Branch::Missing(others)) => {
            Report::new(format!("answers, but has no branch {branch}")).because(has(others))
        }
    };
    let say = format!("set repository.branch in {SMP_TOML}, then");
    Check::bad(name, report.run(say, Typed::smp("setup")))
}

/// Lists some of the branches that a repository has instead of the expected one.
pub fn has(others: &[String]) -> String {
    format!("it has {}", some_of(others))
}

fn check_environment(
    repo: &Repo,
    environment: &Environment,
    seen: &Observed,
    open: Option<&Deploying>,
) -> Check {
    let (name, branch) = (environment.name.as_str(), &environment.branch);
    if let Err(stop) = trust::push_address(repo, environment) {
        return Check::stopped(name, stop);
    }
    let answers = match &seen.branch {
        Some(Ok(Branch::At(id))) => format!("answers; {branch} is at {}", id.short()),
        Some(Ok(Branch::Empty)) if matches!(seen.running, Ok(None)) => {
            return Check::good(name, "answers; nothing is deployed yet");
        }
        Some(Ok(Branch::Empty)) => "answers; its repository is empty".to_owned(),
        Some(Ok(Branch::NoApp(words))) => {
            // A host that creates the app with the first push is fine before it.
            let report = no_app(environment, words).report;
            let words = "there is no app at its address yet; the first push may create it";
            let causes = report.because.iter().cloned().chain(report.hint_lines());
            return causes.fold(Check::note(name, words), Check::because);
        }
        Some(Err(refusal)) => return Check::bad(name, refusal.report.clone()),
        Some(Ok(Branch::Missing(others))) => {
            return Check::bad(name, wrong_branch(environment, others, Some(seen)).report)
                .but("answers, but ");
        }
        None => "its remote was not asked".to_owned(),
    };
    let runs = match (&seen.running, seen.agrees()) {
        (Err(refusal), _) => {
            return Check::bad(name, refusal.report.clone()).but(&format!("{answers}; "));
        }
        (Ok(Some(id)), Some(false)) => format!("but it runs {}", id.short()),
        (Ok(Some(id)), _) => format!("runs {}", id.short()),
        (Ok(None), _) => "nothing runs yet".to_owned(),
    };
    let found = Finding::announced(seen, open);
    let found = found.filter(|found| *found != Finding::NothingDeployed);
    let remarks = found.map(|found| format!("{}: {}", found.word(), found.meaning(seen)));
    let check = Check::good(name, format!("{answers}; {runs}"));
    let remarks = remarks.into_iter().chain(finding::unasked(seen));
    remarks.fold(check, Check::because)
}

/// Returns a note about differences from the team's file. The file may be tried before a merge.
fn not_agreed(look: &Look<'_>, agreed: Result<(), Stop>) -> Result<Option<Check>, Stop> {
    Ok(match agreed {
        Ok(()) => agreed::gap(look.repo, look.config)?.map(|[gap, more @ ..]| {
            let check = Check::note(SIGNING, gap);
            more.into_iter().fold(check, Check::because)
        }),
        Err(Stop::Refused(refusal)) => {
            let Report { error, because, .. } = refusal.report;
            let check = Check::note(SIGNING, error);
            Some(because.into_iter().fold(check, Check::because))
        }
        Err(stop) => return Err(stop),
    })
}

/// Checks whether this clone's events count on a signed record.
fn signing(tried: Result<Option<Person>, Stop>) -> Option<Check> {
    match tried {
        Ok(None) => None,
        Ok(Some(person)) => {
            let principal = person.principal.unwrap_or_default();
            let words = format!("this clone signs as {principal}");
            let email = person.email;
            Some(match principal.eq_ignore_ascii_case(&email) {
                true => Check::good(SIGNING, words),
                false => Check::note(SIGNING, words).because(format!(
                    "the signers file has its key under that name, and user.email is {email}"
                )),
            })
        }
        Err(stop) => Some(Check::stopped(SIGNING, stop)),
    }
}

/// Begins the record if it does not exist; otherwise, or on failure, checks whether it could be written.
fn settle_record(
    repo: &Repo,
    recorder: Recorder<'_>,
    view: RecordView,
    begins: bool,
) -> Option<Check> {
    let reading = match view {
        RecordView::NoneKept => return None,
        RecordView::Read(reading) => *reading,
        RecordView::Unreadable(refusal) => return Some(Check::bad(RECORD, refusal.report)),
    };
    let is_new = begins && reading.state.events == 0;
    let begun = is_new.then(|| recorder.begin(reading.clone()));
    Some(match begun {
        Some(Ok(_)) => Check::good(RECORD, said(recorder, "created just now")),
        // Something may have been accepted.
        Some(Err(stop @ Stop::Incomplete(_))) => Check::stopped(RECORD, stop),
        Some(Err(stop)) => {
            shut_out(repo, recorder, &reading).unwrap_or_else(|| Check::stopped(RECORD, stop))
        }
        None => shut_out(repo, recorder, &reading)
            .unwrap_or_else(|| Check::good(RECORD, said(recorder, &events(&reading)))),
    })
}

/// Returns a note if the record cannot be written. A read-only clone is still useful.
fn shut_out(repo: &Repo, recorder: Recorder<'_>, reading: &Reading) -> Option<Check> {
    match recorder.may_write(reading.tip.as_ref()) {
        MayPush::No(because) => {
            let words = format!(
                "{}; this clone may read it but not write to it",
                events(reading)
            );
            let check = Check::note(RECORD, said(recorder, &words));
            Some(because.into_iter().fold(check, Check::because))
        }
        MayPush::Moved if reading.tip.is_none() => {
            Some(Check::bad(RECORD, recorder.not_shown().report))
        }
        MayPush::Yes | MayPush::Moved => {
            let nameless = git::record::identity(repo).err()?;
            Some(Check::stopped(RECORD, nameless))
        }
    }
}

fn events(reading: &Reading) -> String {
    match reading.state.events {
        0 if reading.tip.is_none() => "it is still empty".to_owned(),
        0 => "none of its events counts".to_owned(),
        count => counted(count, "event"),
    }
}

fn said(recorder: Recorder<'_>, what: &str) -> String {
    format!("{}; {what}", recorder.place())
}
