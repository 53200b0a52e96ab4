//! Promotes the build that one environment runs to others, in a pipeline of their platform. Pure.

use crate::core::decide::next::propose_again;
use crate::core::decide::{Asked, Plan, Step, Target, finding};
use crate::core::record::State;
use crate::core::refusal::{Refusal, RefusalCode};
use crate::core::text::ago;
use crate::core::typed::Typed;
use crate::core::words::{CommitId, Coupling, Observed, Release, ReleaseStatus, SMP_TOML};

/// The stages of a pipeline, in order.
const STAGES: [&str; 4] = ["review", "development", "staging", "production"];

/// The places of a source and a target in a pipeline; `None` if an app is in none.
#[derive(Clone, Debug)]
pub struct Couplings {
    pub source: Result<Option<Coupling>, Refusal>,
    pub target: Result<Option<Coupling>, Refusal>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Build {
    pub source: String,
    pub commit: CommitId,
    /// The source's running release.
    pub release: Release,
    /// The source app's place in the pipeline.
    pub from: Coupling,
    /// All targets, promoted in one call.
    pub targets: Vec<PromotedTo>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PromotedTo {
    pub environment: String,
    /// The app, by the platform's own name.
    pub app: String,
    pub newest: u64,
}

impl Plan {
    /// Promotes the source's build to a target; only waits if a release is already in progress.
    pub(super) fn promote_build(
        &mut self,
        source: &Observed,
        target: &Target<'_>,
        asked: &Asked<'_>,
    ) -> Result<(), Refusal> {
        if finding::pending(&target.observed).is_some() {
            let name = target.name();
            self.warn(format!(
                "a release on {name} is already in progress: nothing is promoted there"
            ));
            self.wait(target, false);
            return Ok(());
        }
        let release = tested_build((source, &self.commit), asked.state(), asked.now)?;
        let (from, to) = coupled(source, target)?;
        let to = PromotedTo {
            environment: target.name().clone(),
            app: to.app,
            newest: finding::newest(&target.observed).map_or(0, |release| release.version),
        };
        let mut steps = self.steps.iter_mut();
        let begun = steps.find_map(|step| match step {
            Step::Promote(build) => Some(build),
            _ => None,
        });
        match begun {
            Some(build) => build.targets.push(to),
            None => self.steps.push(Step::Promote(Build {
                source: source.environment.clone(),
                commit: self.commit.clone(),
                release,
                from,
                targets: vec![to],
            })),
        }
        self.wait(target, true);
        Ok(())
    }
}

/// Returns the source's running release of the commit, if its build still exists and is the tested one.
pub(super) fn tested_build(
    (source, commit): (&Observed, &CommitId),
    state: Option<&State>,
    now: i64,
) -> Result<Release, Refusal> {
    let release = built(source, commit)?;
    if let Some(state) = state {
        is_the_tested_one((state, now), source, &release)?;
    }
    Ok(release)
}

/// Returns the source's running release of the commit, if its build still exists.
fn built(source: &Observed, commit: &CommitId) -> Result<Release, Refusal> {
    let name = &source.environment;
    let releases = source.releases.clone().unwrap_or_else(|| Ok(Vec::new()))?;
    let Some(current) = releases.into_iter().find(|release| release.current) else {
        let error = format!("the platform of {name} reports no running release");
        return Err(Refusal::new(RefusalCode::UnknownCommit, error)
            .because("a pipeline promotes the build of the running release")
            .run("see the current state", Typed::smp("status")));
    };
    let (called, short) = (&current.called, commit.short());
    if current.status == ReleaseStatus::Expired || current.slug.is_none() {
        let error = format!("the build of {called} of {name} was deleted");
        let refusal = Refusal::new(RefusalCode::SlugExpired, error)
            .because("a pipeline promotes an existing build and never makes a new one")
            .run("build a newer commit", Typed::smp("stage"));
        return Err(by_push(refusal));
    }
    if current.commit.as_ref() == Some(commit) {
        return Ok(current);
    }
    let error = format!("the platform of {name} does not report that {short} runs");
    Err(Refusal::new(RefusalCode::StagingStale, error)
        .because(format!(
            "it is unknown whether its release {called} was built from that commit"
        ))
        .run("see the current state", Typed::smp("status")))
}

/// Refuses a build that came to the source after the candidate: the tested one was another build of the same commit. A
/// change of config vars is a release of the same build.
fn is_the_tested_one(
    (state, now): (&State, i64),
    source: &Observed,
    current: &Release,
) -> Result<(), Refusal> {
    let name = &source.environment;
    let Some((candidate, (since, came))) = state.came(name) else {
        return Ok(());
    };
    let mut releases = source.releases.iter().flatten().flatten();
    let tested = releases.find(|one| one.was_live() && one.created.is_some_and(|at| at <= since));
    if tested.is_some_and(|tested| tested.slug == current.slug) {
        return Ok(());
    }
    let (called, short) = (&current.called, candidate.commit.short());
    let came = format!("{short} was {came} {}", ago(now, since));
    let (error, why) = match (tested, current.created) {
        (Some(_), Some(at)) => (
            format!("{name} runs another build of {short} than the one that was tested"),
            format!("{came}, and {called} was released {}", ago(now, at)),
        ),
        _ => (
            format!("it is unknown whether {name} runs the build of {short} that was tested"),
            format!("{came}, and its platform lists no release from before that"),
        ),
    };
    Err(Refusal::new(RefusalCode::CandidateMoved, error)
        .because(why)
        .because("a pipeline promotes the build that runs, so it must be the one that was tested")
        .hint(propose_again()))
}

fn coupled(source: &Observed, target: &Target<'_>) -> Result<(Coupling, Coupling), Refusal> {
    let (place, name) = (&source.environment, target.name());
    let Some(couplings) = target.couplings.clone() else {
        let error = format!("it is unknown whether {place} and {name} are in the same pipeline");
        return Err(no_pipeline(error).run("look again", Typed::smp("status")));
    };
    couplings.fitting(source, &target.observed)
}

impl Couplings {
    /// Returns both places if they are in the same pipeline and the target's stage comes after the source's.
    pub fn fitting(
        self,
        source: &Observed,
        target: &Observed,
    ) -> Result<(Coupling, Coupling), Refusal> {
        let (place, name) = (&source.environment, &target.environment);
        let (Some(from), to) = (self.source?, self.target?) else {
            let create = pipelines(source, "create", "-s staging");
            let error = format!("{place} is not in a pipeline");
            return Err(by_push(no_pipeline(error).run("make one", create)));
        };
        let add = format!("add {}", from.pipeline);
        let add = pipelines(target, &add, "-s production");
        let Some(to) = to else {
            let error = format!("{name} is not in the pipeline of {place}");
            return Err(by_push(no_pipeline(error).run("add it", add)));
        };
        if from.pipeline != to.pipeline {
            let error = format!("{name} and {place} are in different pipelines");
            let remove = pipelines(target, "remove", "");
            let refusal =
                no_pipeline(error).run(format!("remove {name} from its pipeline"), remove);
            return Err(by_push(
                refusal.run(format!("add it to the pipeline of {place}"), add),
            ));
        }
        if rank(&to).is_some() && rank(&to) > rank(&from) {
            return Ok((from, to));
        }
        let (stage, theirs) = (&to.stage, &from.stage);
        let error =
            format!("{name} is in stage {stage} of the pipeline, and {place} is in stage {theirs}");
        let refusal = Refusal::new(RefusalCode::NoPipeline, error);
        let mut refusal = refusal.because("a build is promoted only to a later stage");
        if theirs == "production" {
            let update = pipelines(source, "update", "-s staging");
            refusal = refusal.run(format!("move {place} to the staging stage"), update);
        }
        if stage != "production" {
            let update = pipelines(target, "update", "-s production");
            refusal = refusal.run(format!("move {name} to the production stage"), update);
        }
        Err(by_push(refusal))
    }
}

/// Returns the position of the app's stage in a pipeline.
fn rank(one: &Coupling) -> Option<usize> {
    STAGES.iter().position(|stage| *stage == one.stage)
}

fn no_pipeline(error: String) -> Refusal {
    Refusal::new(RefusalCode::NoPipeline, error)
        .because("a build is promoted from one app to another in the same pipeline")
}

/// Builds the platform's own command about the pipeline of an app.
fn pipelines(seen: &Observed, verb: &str, rest: &str) -> Typed {
    let platform = seen.platform.as_ref();
    let (start, app) = platform.map_or(("", ""), |words| (words.pipelines, words.app.as_str()));
    Typed::other(format!("{start}{verb} -a {app} {rest}").trim_end())
}

/// Adds the alternative that always works: a push.
fn by_push(refusal: Refusal) -> Refusal {
    let say = format!("or let a push build it: remove `deploy` from {SMP_TOML}, then");
    refusal.run(say, Typed::smp("setup"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::decide::tests::{id, proposed, release, seen};
    use crate::core::record::{Goal, LastDeploy};

    fn refused(state: &State, releases: &[(u64, Option<i64>, &str)]) -> bool {
        let releases = releases.iter().map(|(version, created, slug)| Release {
            created: *created,
            slug: Some((*slug).to_owned()),
            ..release(*version, ReleaseStatus::Succeeded, 'b')
        });
        let source = Observed {
            releases: Some(Ok(releases.collect())),
            ..seen("staging", 'b', 'b')
        };
        let newest = source.releases.clone().unwrap().unwrap()[0].clone();
        is_the_tested_one((state, 0), &source, &newest).is_err()
    }

    #[test]
    fn only_the_build_that_was_tested_is_promoted() {
        let (open, mut fixed, mut chain) = (proposed(&[]), proposed(&[]), proposed(&[]));
        fixed.candidate.as_mut().unwrap().fixed_at = Some(5);
        let candidate = chain.candidate.as_mut().unwrap();
        candidate.environment = "test".into();
        candidate.targets.push(Goal {
            environment: "staging".into(),
            reached: true,
            ..candidate.targets[0].clone()
        });
        let deploy = LastDeploy {
            commit: id('b'),
            from: None,
            by: candidate.by.clone(),
            at: 9,
            seen_since: None,
            issue: None,
        };
        chain.deploys.insert("staging".into(), deploy);
        let none = State::default();
        let (before, after) = ((1, Some(0), "a"), |at| (2, Some(at), "b"));
        for (state, releases, is_refused) in [
            (&none, vec![after(10), before], false),
            (&open, vec![before], false),
            (&open, vec![after(1), before], true),
            (&open, vec![(2, Some(1), "a"), before], false),
            (&open, vec![after(1)], true),
            (&open, vec![(1, None, "a")], true),
            (&fixed, vec![after(5), before], false),
            (&fixed, vec![after(6), before], true),
            (&chain, vec![after(9), before], false),
            (&chain, vec![after(10), before], true),
        ] {
            assert_eq!(refused(state, &releases), is_refused, "{releases:?}");
        }
    }
}
