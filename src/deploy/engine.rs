//! What every deploy has in common, whether to staging or to production: the look at what it needs, and the doing.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

use crate::core::config::{Config, Environment};
use crate::core::decide::{Consent, Plan, Recorded, Step, Target, finding};
use crate::core::record::{Kind, Owed, Telling};
use crate::core::refusal::{Refusal, RefusalCode, Report, Stop};
use crate::core::text::{Line, Tone, ago};
use crate::core::words::Control;
use crate::core::words::{Branch, CommitId, Observed};
use crate::deploy::{DeployRecorder, Execution, Progress};
use crate::look::Seen;
use crate::notes::Notes;
use crate::session::Session;
use crate::sources::Look;
use crate::team::recorder::Recorder;
use crate::terminal::Ui;
use crate::terminal::prompt::somebody_is_there;

/// What lies between an environment and the commit that it is to be given.
///
/// # Errors
/// When the clone cannot be read.
pub fn target<'c>(
    session: &Session<'_>,
    environment: &'c Environment,
    observed: Observed,
    candidate: Option<&CommitId>,
) -> Result<Target<'c>, Stop> {
    let (held, twins) = (Vec::new(), HashMap::new());
    let mut target = Target {
        environment,
        observed,
        changes: None,
        fast_forward: None,
        held,
        twins,
    };
    let Some(candidate) = candidate else {
        return Ok(target);
    };
    if let Ok(running) = &target.observed.running {
        let changes = session.repo.changes(running.as_ref(), candidate)?;
        target.twins = session.repo.same_changes(&changes)?;
        target.changes = Some(changes);
    }
    if let Some(at) = target.observed.reference() {
        target.fast_forward = Some(session.repo.is_ancestor(at, candidate)?);
    }
    Ok(target)
}

/// What ships should have been merged; a team is told when it was not, or when that cannot be known.
///
/// # Errors
/// When the clone cannot be read.
pub fn not_on_main(
    session: &Session<'_>,
    config: &Config,
    candidate: &CommitId,
    seen: &Seen,
) -> Result<Option<String>, Stop> {
    let main_name = format!("{}/{}", config.repository.remote, config.repository.branch);
    let short = candidate.short();
    Ok(match &seen.main {
        Some(Ok(Branch::At(tip))) if session.repo.is_ancestor(candidate, tip)? => None,
        Some(Ok(Branch::At(_))) => Some(format!(
            "{short} is not on {main_name}: it was not merged, or that was rewritten"
        )),
        Some(Ok(_)) => Some(format!(
            "{main_name} does not exist, so nobody can say whether {short} was merged"
        )),
        Some(Err(refusal)) => Some(format!(
            "whether {short} is on {main_name} is unknown: {}",
            refusal.report.error
        )),
        None => None,
    })
}

/// The record's part in a deploy; `None` where the team keeps none.
pub fn recorder<'a>(
    look: &Look<'a>,
    kind: Kind,
    recorded: Option<Recorded<'a>>,
    tells: Option<(&'a str, Telling)>,
    replan: &'a (dyn Fn(&Recorded<'_>) -> Result<(), Refusal> + Sync),
) -> Option<DeployRecorder<'a>> {
    // To look may need no password where to write does: it is asked for with the first event.
    let recorder = Recorder::of(look.repo, look.config, somebody_is_there())?;
    Some(DeployRecorder {
        recorder,
        kind,
        recorded: recorded?,
        tells,
        replan,
    })
}

/// Adds what a push of this clone that was not seen to end means for this one. Where another commit is on its way, this
/// one may run now and not for long: that is never "nothing to do".
///
/// # Errors
/// `push-in-flight` or, of another commit, `deploying`, where nobody looks: a second push would start a second build.
pub fn warn_of_earlier_push(
    session: &Session<'_>,
    planned: &mut Plan,
    targets: &[Target<'_>],
    somebody_looks: bool,
    command: &str,
) -> Result<(), Refusal> {
    let notes = session.notes();
    let begins = |step: &&Step| matches!(step, Step::Push { .. } | Step::Release { .. });
    let begun: Vec<String> = planned
        .steps
        .iter()
        .filter(begins)
        .filter_map(Step::environment)
        .map(str::to_owned)
        .collect();
    // A push that still builds and a release that still comes are in each other's way, too.
    let notes = targets.iter().flat_map(|target| earlier(&notes, target));
    for Earlier {
        environment,
        commit,
        age,
        is_push,
    } in notes
    {
        let (same, begins) = (commit == planned.commit, begun.contains(&environment));
        if same && !begins {
            continue;
        }
        let (short, when) = (
            commit.short(),
            ago(i64::try_from(age.as_secs()).unwrap_or(0), 0),
        );
        let (story, may_be, second) = if is_push {
            let story = format!("a push of {short} to {environment} began {when} from this clone");
            (
                story,
                "the host may still be building it",
                "a second push would start a second build",
            )
        } else {
            let story = format!(
                "a release of {short} on {environment} was asked for {when} from this clone"
            );
            (
                story,
                "the platform may still make it",
                "asking again would make a second one",
            )
        };
        let story = format!("{story} and was not seen to end");
        if somebody_looks && begins {
            planned
                .warnings
                .push(format!("{story}: {may_be}, and {second}"));
            continue;
        }
        let (report, wait) = (Report::new(story), "wait for it: git smp status; ");
        let (code, report) = if begins {
            let hint = format!("{wait}or say yes in a terminal, without --yes: {command}");
            let code = if same {
                RefusalCode::PushInFlight
            } else {
                RefusalCode::Deploying
            };
            (
                code,
                report.because(format!("{may_be}, and {second}")).hint(hint),
            )
        } else {
            let why = format!(
                "{environment} runs {} now, and maybe not for long",
                planned.commit.short()
            );
            let hint = format!("{wait}then: {command}");
            (
                RefusalCode::Deploying,
                report.because(may_be).because(why).hint(hint),
            )
        };
        return Err(report.refused(code));
    }
    Ok(())
}

/// A push or a release of this clone that was not seen to end.
struct Earlier {
    environment: String,
    commit: CommitId,
    age: Duration,
    is_push: bool,
}

fn earlier(notes: &Notes, target: &Target<'_>) -> impl Iterator<Item = Earlier> {
    let (name, newest) = (
        target.environment.name.clone(),
        finding::newest(&target.observed),
    );
    let pushed = notes.pushing(&name, target.observed.reference());
    let released = newest.and_then(|newest| notes.releasing(&name, newest.version));
    let found = [(pushed, true), (released, false)].into_iter();
    found.filter_map(move |(found, is_push)| {
        let (commit, age) = found?;
        Some(Earlier {
            environment: name.clone(),
            commit,
            age,
            is_push,
        })
    })
}

/// Asks for each yes that no witness can give. What a person saw run is not doubted any more. `not`: what did not happen
/// after a no.
///
/// # Errors
/// [`Stop::Declined`] at the first no.
pub fn consent(session: &Session<'_>, consents: &[Consent], not: &str) -> Result<(), Stop> {
    for Consent {
        story,
        question,
        confirms,
    } in consents
    {
        session.ui.catch_interrupts()?;
        if !session.ui.ask_yes(&format!("{story}. {question}")) {
            return Err(Stop::Declined(format!("{not}; nothing was changed")));
        }
        confirms
            .iter()
            .for_each(|name| session.notes().forget_doubt(name));
    }
    Ok(())
}

/// Whether this clone gave one of these environments the commit and did not see it run for its whole span since: one
/// answer is not enough then to say that there is nothing to do.
pub fn is_unconfirmed(session: &Session<'_>, targets: &[Target<'_>], commit: &CommitId) -> bool {
    let notes = session.notes();
    targets
        .iter()
        .any(|target| notes.is_unconfirmed(&target.environment.name, commit))
}

/// Whether an earlier push of this clone to one of these environments is all that is in the way.
pub fn is_in_flight(
    session: &Session<'_>,
    targets: &[Target<'_>],
    planned: &Result<Plan, Refusal>,
) -> bool {
    let notes = session.notes();
    planned.as_ref().is_err_and(|refusal| match refusal.code {
        RefusalCode::PushInFlight => true,
        RefusalCode::Deploying => targets
            .iter()
            .any(|target| earlier(&notes, target).next().is_some()),
        _ => false,
    })
}

/// Looks until an earlier push, which was cut off from us, came to something: a second one would be a second build.
///
/// # Errors
/// When it takes longer than `timeout`, in seconds, or looking fails.
pub fn after_earlier_push<F>(
    ui: &Ui,
    timeout: u64,
    look_and_plan: impl Fn() -> Result<(F, Result<Plan, Refusal>), Stop>,
    is_in_flight: impl Fn(&F, &Result<Plan, Refusal>) -> bool,
) -> Result<(F, Result<Plan, Refusal>), Stop> {
    let (begun, progress) = (Instant::now(), ui.progress());
    ui.note("a deploy from this clone began before and was not seen to end; waiting for what it comes to");
    loop {
        std::thread::sleep(Duration::from_secs(1));
        let (facts, planned) = look_and_plan()?;
        let goes_on = is_in_flight(&facts, &planned);
        match planned {
            Err(refusal) if goes_on => {
                if begun.elapsed().as_secs() >= timeout {
                    return Err(Stop::Incomplete(refusal.report));
                }
                progress.show(&format!(
                    "waiting for the earlier deploy, {} s",
                    begun.elapsed().as_secs()
                ));
            }
            planned => {
                progress.clear();
                return Ok((facts, planned));
            }
        }
    }
}

/// What came of a plan that was carried out.
#[derive(Default)]
pub struct Done {
    /// The environments that somebody else gave the commit in the same moment.
    pub by_others: Vec<String>,
    /// What is owed on the record after the last event, where one went there.
    pub owed: Option<Vec<Owed>>,
}

/// Does what was planned, and says on the terminal how it goes.
///
/// # Errors
/// As [`Execution::run`]; `deploying` while another program of this clone deploys.
pub fn carry_out(ui: &Ui, execution: &Execution<'_>, planned: &Plan) -> Result<Done, Stop> {
    let _lock = Notes::of(&execution.look.repo.layout().common_dir).lock_deploys()?;
    carry_out_in_turn(ui, execution, planned)
}

/// The same, for whoever has the clone's turn already.
///
/// # Errors
/// As [`Execution::run`].
pub fn carry_out_in_turn(ui: &Ui, execution: &Execution<'_>, planned: &Plan) -> Result<Done, Stop> {
    let progress = ui.progress();
    let mut asked_to_leave = 0_u32;
    // Those who want quiet are shown the host's words only when they explain a failure.
    let mut unsaid: VecDeque<Line> = VecDeque::new();
    let mut done = Done::default();
    let result = execution.run(planned, &mut |happening| {
        asked_to_leave += u32::from(ui.interrupted());
        match happening {
            Progress::Pushing(step) => {
                progress.clear();
                ui.note(format!("{step} ..."));
            }
            Progress::ByOthers(name) => {
                progress.clear();
                ui.note(format!("somebody else pushed the same commit to {name} in the same moment"));
                done.by_others.push(name.to_owned());
            }
            Progress::Said(line) => {
                progress.clear();
                let line = Line::default().and(Tone::Faint, "  | ").and(Tone::Plain, line);
                if ui.is_quiet() {
                    unsaid.push_back(line);
                    unsaid.drain(..unsaid.len().saturating_sub(40));
                } else {
                    ui.say(&[line]);
                }
                return Control::GoOn;
            }
            Progress::StillPushing(name, elapsed) => {
                if asked_to_leave == 1 {
                    asked_to_leave += 1;
                    progress.clear();
                    ui.warn("the push cannot be called back; waiting for it. Ctrl-C again leaves it running");
                }
                progress.show(&format!("pushing to {name}, {} s", elapsed.as_secs()));
                return if asked_to_leave > 2 { Control::Leave } else { Control::GoOn };
            }
            Progress::Waiting { environment, elapsed, reports } => {
                progress.show(&format!("waiting for {environment}, {} s: it reports {reports}", elapsed.as_secs()));
            }
            Progress::Confirming(environment, commit, left) => {
                let (short, left) = (commit.short(), left.as_secs_f64().ceil());
                progress.show(&format!("{environment} reports {short}; watching for {left} s more"));
            }
            Progress::Warned(text) => {
                progress.clear();
                ui.warn(text);
                return Control::GoOn;
            }
            Progress::Recording => progress.show("writing the record"),
            Progress::Recorded(lifted, state) => {
                progress.clear();
                done.owed = Some(state.owed.clone());
                let text = match lifted {
                    Some(environment) => format!("on record; the freeze on {environment} is lifted"),
                    None => "on record".to_owned(),
                };
                ui.say(&[Line::default().and(Tone::Good, "done: ").and(Tone::Plain, text)]);
            }
            Progress::Live(environment, commit) => {
                progress.clear();
                let done = Line::default().and(Tone::Good, "done: ");
                ui.say(&[done.and(Tone::Plain, format!("{environment} runs {}", commit.short()))]);
            }
        }
        if asked_to_leave > 0 { Control::Leave } else { Control::GoOn }
    });
    progress.clear();
    if result.is_err() {
        ui.insist(unsaid.make_contiguous());
    }
    result.map(|()| done)
}
