//! The lines of `git smp status` about the time when a promotion may begin.

use crate::core::config::Config;
use crate::core::decide::timing::{Tested, Timing};
use crate::core::record::State;
use crate::core::show::row;
use crate::core::text::Line;
use crate::core::text::Tone::{Bad, Good};
use crate::core::words::CommitId;

/// Returns whether a promotion may begin now: one line for hours and closed days, and one for each commit in its soak
/// time; nothing without these rules. `runs` returns an environment's running commit, if known.
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
