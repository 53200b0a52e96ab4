//! What `git smp status` says of the time at which a promotion may begin.

use crate::core::config::Config;
use crate::core::decide::timing::{Tested, Timing};
use crate::core::record::State;
use crate::core::show::row;
use crate::core::text::Line;
use crate::core::text::Tone::{Bad, Good};
use crate::core::words::CommitId;

/// Whether a promotion may begin now: a line for the hours and the days that are closed, and one for each commit that is
/// to run where it is tested. Nothing where the team asks for neither. `runs`: what an environment runs, if that is known.
pub fn timing<'s>(
    config: &Config,
    state: Option<&'s State>,
    runs: &dyn Fn(&str) -> Option<&'s CommitId>,
    now: i64,
    width: usize,
) -> Vec<Line> {
    let timing = Timing::of(&config.policy, now);
    let mut all: Vec<(&str, bool, String)> = Vec::new();
    all.extend(timing.hours().map(|(is_so, text)| ("policy", is_so, text)));
    let targets = config.targets();
    for source in &config.environments {
        let name = source.name.as_str();
        let Some(tested) = Tested::of(source, state, runs(name)) else {
            continue;
        };
        let lacks_it = targets.iter().any(|target| {
            target.promotes.as_deref() == Some(name) && runs(&target.name) != Some(tested.commit)
        });
        let soak = timing.soak(&tested).filter(|_| lacks_it);
        all.extend(soak.map(|(is_so, text)| ("soak", is_so, text)));
    }
    let lines = all.into_iter().map(|(name, is_so, text)| {
        let tone = if is_so { Good } else { Bad };
        row(name, width).and(tone, text)
    });
    lines.collect()
}
