//! One push or one release: the look just before it, the note about it, and its result.

use std::thread;
use std::time::Duration;

use crate::core::config::DeployBy;
use crate::core::decide::{Step, Target, finding, unmoved};
use crate::core::record::Reading;
use crate::core::refusal::{Refusal, RefusalCode, Report, Stop};
use crate::core::typed::Typed;
use crate::core::words::{CommitId, Control, EventId, Observed, Release};
use crate::deploy::Deploy;
use crate::deploy::doubt::Heard;
use crate::deploy::pushed::{AGAIN, Pushed};
use crate::deploy::said::keep_last;
use crate::deploy::screen::Progress;
use crate::deploy::verdict::Outcome;
use crate::git::push::{self, Ended, Push, PushOutcome, PushProgress};
use crate::http::Trouble;
use crate::look::not_seen;
use crate::notes::{InFlight, SentCommit};
use crate::sources::{Also, Now, platform};
use crate::team::recorder::Recorder;

/// The pauses between the retries of a failed look before a push.
const LOOK_PAUSES: [Duration; 2] = [Duration::from_millis(500), Duration::from_millis(1500)];

pub struct PushEnd {
    marker: InFlight,
    /// True if an earlier push of this clone may still bring the same commit.
    is_again: bool,
    said: Vec<String>,
    heard: Heard,
    pub outcome: PushOutcome,
}

impl PushEnd {
    /// Returns why a ref was rejected, and then what git and the host printed.
    pub fn words(&self) -> String {
        let reason = self.outcome.reason.iter().cloned();
        reason
            .chain(self.said.iter().cloned())
            .collect::<Vec<_>>()
            .join("\n")
    }

    pub fn came_to_nothing(self) {
        self.marker.ended();
    }
}

impl Deploy<'_> {
    pub(super) fn push(
        &self,
        target: &Target<'_>,
        push: &Push,
        step: &Step,
    ) -> Result<(Heard, Option<Now>), Stop> {
        let sent = self.send(target, push, step)?;
        self.settle(target, push, sent)
    }

    pub(super) fn send(
        &self,
        target: &Target<'_>,
        push: &Push,
        step: &Step,
    ) -> Result<PushEnd, Stop> {
        let name = target.environment.name.as_str();
        let begins = match push.with {
            Some(_) => Progress::Trying(step, &push.commit),
            None => Progress::Pushing(step, &push.commit),
        };
        if self.watch(begins) == Control::Leave {
            return Err(Stop::Declined(format!("nothing was pushed to {name}")));
        }
        let is_again = self.notes().may_go_on(name, &push.commit);
        let expected = push.expected.as_ref();
        let marker = self.note(name, (&push.commit, expected), None, push.with.is_some())?;
        let (mut said, mut heard) = (Vec::new(), Heard::default());
        let outcome = push::push(self.look.repo, push, &mut |event| match event {
            PushProgress::Line(line) => {
                keep_last(&mut said, line);
                heard.line(line);
                self.watch(Progress::Said(line))
            }
            PushProgress::Tick(elapsed) => self.watch(Progress::StillPushing(name, elapsed)),
        });
        let outcome = outcome.inspect_err(|_| marker.ended())?;
        Ok(PushEnd {
            marker,
            is_again,
            said,
            heard,
            outcome,
        })
    }

    /// Finds out the result of a push, from the branch.
    pub(super) fn settle(
        &self,
        target: &Target<'_>,
        push: &Push,
        sent: PushEnd,
    ) -> Result<(Heard, Option<Now>), Stop> {
        let PushEnd {
            marker,
            is_again,
            said,
            mut heard,
            outcome,
        } = sent;
        let (name, ended) = (target.environment.name.as_str(), outcome.ended);
        let pushed = Pushed {
            deploy: self,
            target,
            push,
            ended,
            reason: outcome.reason.as_deref(),
            said: &said,
            busy: heard.busy(),
        };
        match pushed.verdict() {
            Outcome::Arrived(now) => {
                marker.landed();
                // Rejected, but there all the same: another push was quicker, for example if the host builds first.
                if matches!(ended, Ended::UpToDate | Ended::Stale | Ended::Declined) {
                    self.watch(Progress::ByOthers(name, is_again));
                }
                if ended != Ended::Accepted {
                    heard.is_not_all();
                }
                Ok((heard, now.map(|now| *now)))
            }
            Outcome::RunsAllTheSame(stop) => {
                marker.landed();
                Err(stop)
            }
            Outcome::Not(stop) => {
                if ended != Ended::Left && !matches!(stop, Stop::Incomplete(_)) {
                    marker.ended();
                }
                Err(stop)
            }
        }
    }

    /// Notes in the clone what is about to be sent, so that an interrupted run is not repeated blindly. A push together
    /// with its announcement has a lease on the record: after a later deploy there it can no longer arrive.
    pub(super) fn note(
        &self,
        name: &str,
        (commit, expected): (&CommitId, Option<&CommitId>),
        newest: Option<u64>,
        is_with_it: bool,
    ) -> Result<InFlight, Stop> {
        let recorder = Recorder::of(self.look.repo, self.look.config, false);
        let known = recorder.and_then(|recorder| recorder.known());
        let announced = known.filter(|known| {
            let open = known.state.deploying_to(name, commit);
            is_with_it || open.is_some_and(|open| self.notes().has_announced(&open.id))
        });
        let sent = SentCommit {
            announced: announced.is_some(),
            last: announced.and_then(|known| known.state.last_deploy(name)),
            commit: commit.clone(),
            expected: expected.cloned(),
            newest,
            landed: false,
            takes_away: self.takes_away.clone(),
        };
        self.notes().begin(name, sent)
    }

    /// Refuses to push if anything has changed since the plan was shown. Repeats a failed look twice: a host that
    /// limits connections may accept the next one. Returns the record. What is announced there must still be allowed.
    pub(super) fn look_again(
        &self,
        target: &Target<'_>,
        intent: Option<&EventId>,
    ) -> Result<Option<Reading>, Stop> {
        for pause in LOOK_PAUSES {
            match self.look_once_more(target, intent) {
                Err(Stop::Refused(Refusal {
                    code: RefusalCode::Unreachable | RefusalCode::PageUnclear,
                    ..
                })) => thread::sleep(pause),
                looked => return looked,
            }
        }
        self.look_once_more(target, intent)
    }

    fn look_once_more(
        &self,
        target: &Target<'_>,
        intent: Option<&EventId>,
    ) -> Result<Option<Reading>, Stop> {
        let (look, source) = (self.look.unasked(), self.source());
        let mut wanted = vec![target.environment];
        if let Some(source) = source {
            wanted.push(look.config.environment(&source.environment)?);
        }
        // The lease checks the branch. If the page was broken when the plan was shown, the branch is compared instead.
        let is_known = target.observed.running.is_ok();
        let also = match is_known {
            true => Also::Nothing,
            false => Also::Branches,
        };
        let on_record = self.recorder()?;
        let recorder = on_record.map(|(recorder, _)| recorder);
        let (now, read) = thread::scope(|scope| {
            let read = scope.spawn(move || recorder.map(|recorder| recorder.read_now()));
            (look.environments(&wanted, also), read.join())
        });
        let (mut now, read) = (now?.into_iter(), read.map_err(|_| not_seen())?);
        let reading = read.transpose()?.transpose()?;
        if let (Some(reading), Some((_, recorded)), Some(intent)) = (&reading, on_record, intent) {
            self.still_allows(&reading.state, recorded, intent)?;
        }
        let command = self.command_named();
        let target_now = now.next().ok_or_else(not_seen)?.if_started();
        let name = &target.environment.name;
        if target_now.runs() != target.observed.runs()
            && let Some(runs) = target_now.runs()
            && self.notes().may_go_on(name, runs)
        {
            return Err(self.by_an_earlier_push(name, runs));
        }
        if let Some(source) = source {
            let source_now = now.next().ok_or_else(not_seen)?;
            self.source_unmoved(source, &source_now, &command)?;
            if target.environment.deploy == DeployBy::Pipeline {
                same_build(source, source_now, &command)?;
            }
        }
        let (before, now) = match is_known {
            true => (target.observed.clone(), target_now),
            false => (target.observed.by_branch(), target_now.by_branch()),
        };
        unmoved(&before, &now, RefusalCode::TargetMoved, &command)?;
        Ok(reading)
    }

    /// Stops because an earlier push of this clone has arrived since the plan was shown. The next run records it.
    pub(super) fn by_an_earlier_push(&self, name: &str, commit: &CommitId) -> Stop {
        let short = commit.short();
        let report = Report::new(format!(
            "an earlier push from this clone brought {short} to {name} meanwhile; this run pushed nothing"
        ));
        Stop::Incomplete(report.run(AGAIN, self.command_named()))
    }
}

impl Deploy<'_> {
    /// Refuses if the source no longer runs what ships. If a merge deploys the source, it may also run a descendant.
    fn source_unmoved(
        &self,
        before: &Observed,
        now: &Observed,
        command: &Typed,
    ) -> Result<(), Stop> {
        let config = self.look.config;
        let by_merge = config.environment(&before.environment)?.by_merge;
        let frozen = self
            .seen
            .state()
            .and_then(|state| state.frozen(&before.environment));
        let ships = self.candidate();
        if let (true, Some(ships), Some(runs)) = (by_merge, ships, now.runs())
            && frozen.is_some_and(|candidate| candidate.commit == *ships)
            && (runs == ships || self.look.repo.is_ancestor(ships, runs)?)
        {
            return Ok(());
        }
        Ok(unmoved(before, now, RefusalCode::CandidateMoved, command)?)
    }
}

/// Refuses if the source got another build of the commit since the plan was shown. A change of config vars is none.
fn same_build(before: &Observed, now: Observed, command: &Typed) -> Result<(), Refusal> {
    let planned = before.releases.iter().flatten().flatten();
    let planned = planned
        .filter(|one| one.current)
        .find_map(|one| one.slug.as_ref());
    let mut releases = now.releases.unwrap_or_else(|| Ok(Vec::new()))?.into_iter();
    let Some(current) = releases.find(|one| one.current && one.slug.as_ref() != planned) else {
        return Ok(());
    };
    let (name, called) = (&before.environment, current.called);
    let error = format!(
        "{name} got another build, {called}, after the plan was shown; nothing was promoted"
    );
    Err(Refusal::new(RefusalCode::CandidateMoved, error).run("see the new plan", command.clone()))
}

/// How often the platform is asked whether it received the request.
const LOOKS: u32 = 5;

impl Deploy<'_> {
    pub(super) fn release(
        &self,
        target: &Target<'_>,
        commit: &CommitId,
        step: &Step,
    ) -> Result<(), Stop> {
        let Step::Release {
            former,
            back,
            newest,
            ..
        } = step
        else {
            return Ok(());
        };
        let name = &target.environment.name;
        self.nothing_newer(target, *newest)?;
        if self.watch(Progress::Pushing(step, commit)) == Control::Leave {
            return Err(Stop::Declined(format!("nothing was released on {name}")));
        }
        let platform = platform::of(self.look.repo, target.environment, false);
        let platform = platform.ok_or_else(not_seen)??;
        let marker = self.note(name, (commit, None), Some(*newest), false)?;
        let released = match platform.release(former, *back) {
            Ok(()) => Ok(()),
            // The platform may still work on it. A second request would make a second release.
            Err(Trouble::Unclear(report)) => self.was_heard(target, commit, report),
            Err(Trouble::NotSent(report)) => {
                marker.ended();
                return Err(Stop::Failed(report));
            }
        };
        released.inspect(|()| marker.landed())
    }

    /// Refuses if there is a newer release than the plan's: neither branch nor page would show one that began since.
    pub(super) fn nothing_newer(&self, target: &Target<'_>, newest: u64) -> Result<(), Stop> {
        let name = &target.environment.name;
        let mut now = self.look.now(target.environment)?.newest;
        for pause in LOOK_PAUSES {
            if now.is_none() {
                thread::sleep(pause);
                now = self.look.now(target.environment)?.newest;
            }
        }
        let report = match now {
            Some(release) if release.version == newest => return Ok(()),
            Some(release) => Report::new(format!(
                "{name} has a newer release, {}; nothing was released",
                release.called
            ))
            .because("it began after the plan was shown"),
            None => Report::new(format!(
                "{name} no longer lists its releases; nothing was released"
            )),
        };
        let report = report.run("see its result", Typed::smp("status"));
        let report = report.run("then", self.command_named());
        Err(report.refused(RefusalCode::TargetMoved).into())
    }

    /// Checks whether the platform received the request after all: then it has a newer release of the commit.
    pub(super) fn was_heard(
        &self,
        target: &Target<'_>,
        commit: &CommitId,
        why: Report,
    ) -> Result<(), Stop> {
        let before = finding::newest(&target.observed).map_or(0, |release| release.version);
        let is_ours =
            |newest: &Release| newest.version > before && newest.commit.as_ref() == Some(commit);
        for _ in 0..LOOKS {
            if self
                .look
                .now(target.environment)?
                .newest
                .as_ref()
                .is_some_and(is_ours)
            {
                return Ok(());
            }
            thread::sleep(Duration::from_millis(500));
        }
        let name = &target.environment.name;
        let text = format!("it is unknown whether {name} releases {}", commit.short());
        let report = Report::new(text).because(why.error).causes(why.because);
        Err(Stop::Incomplete(report.run(AGAIN, self.command_named())))
    }
}
