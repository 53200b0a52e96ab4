//! Facts that git does not tell before a push: how the main repository's forge protects a branch, and whether the
//! platform promotes builds between apps. Nothing is changed there.

use std::collections::HashMap;
use std::thread;

use crate::core::config::{DeployBy, Environment};
use crate::core::decide::protection::Protection;
use crate::core::refusal::{Refusal, RefusalCode, Report};
use crate::core::text::and;
use crate::core::words::{Branch, Observed};
use crate::forge::place::Forge;
use crate::setup::check::Check;
use crate::sources::Look;

#[derive(Default)]
pub struct SaidElsewhere {
    remarks: HashMap<String, Vec<String>>,
    /// The environments whose branch accepts no promotion.
    shut: Vec<String>,
    pipelines: HashMap<String, Refusal>,
}

/// Asks both in parallel. `forge` is an error if it cannot be asked.
pub fn look(
    look: &Look<'_>,
    forge: &Result<Forge, Report>,
    environments: &[&Environment],
    seen: &[Observed],
) -> SaidElsewhere {
    let mut said = SaidElsewhere::default();
    thread::scope(|scope| {
        let pipelines = scope.spawn(|| uncoupled(look, environments, seen));
        said.ask(forge, environments, seen);
        said.pipelines = pipelines.join().unwrap_or_default();
    });
    said
}

impl SaidElsewhere {
    /// Asks for the protection of the branches that our deploys move.
    fn ask(
        &mut self,
        forge: &Result<Forge, Report>,
        environments: &[&Environment],
        seen: &[Observed],
    ) {
        let moved = environments.iter().filter(|one| {
            let seen = Observed::among(seen, &one.name).and_then(|seen| seen.branch.as_ref());
            one.is_branch && !one.by_merge && matches!(seen, Some(Ok(Branch::At(_))))
        });
        let moved: Vec<&Environment> = moved.copied().collect();
        if moved.is_empty() {
            return;
        }
        let branches: Vec<&str> = moved.iter().map(|one| one.branch.as_str()).collect();
        let told = forge.as_ref().map_err(Report::clone);
        let told = told.and_then(|forge| Ok((forge.words(), forge.protection(&branches)?)));
        let (words, told) = match told {
            Ok(told) => told,
            // The reason is the same for all, so it is shown once.
            Err(why) => {
                let remarks = silent(
                    &and(&branches),
                    "its host was not asked how it protects",
                    &why,
                );
                let first = moved.first().map(|one| (one.name.clone(), remarks));
                return self.remarks.extend(first);
            }
        };
        for (environment, told) in moved.iter().zip(told) {
            let name = &environment.name;
            if told.as_ref().is_ok_and(Protection::is_shut) {
                self.shut.push(name.clone());
            }
            let remarks = match told {
                Ok(protection) => protection.remarks(&environment.branch, &words),
                Err(why) => silent(
                    &environment.branch,
                    "it is unknown how its host protects",
                    &why,
                ),
            };
            self.remarks.insert(name.clone(), remarks);
        }
    }

    pub fn add_to(&self, name: &str, check: Check) -> Check {
        let remarks = self.remarks.get(name).into_iter().flatten().cloned();
        let mut check = remarks.fold(check, Check::because);
        if self.shut.iter().any(|one| one == name) {
            check = check.worth_knowing();
        }
        match self.pipelines.get(name) {
            None => check,
            Some(refusal) if refusal.code == RefusalCode::NoPipeline => {
                check.but_wrong(refusal.report.clone())
            }
            Some(refusal) => check.because(format!(
                "it is unknown whether its build can be promoted: {}",
                refusal.report.error
            )),
        }
    }
}

/// Reports that the protection of branches is unknown, and why; then what to do, one line each.
fn silent(branches: &str, lead: &str, why: &Report) -> Vec<String> {
    let first = format!("{lead} {branches}: {}", why.error);
    [vec![first], why.hint_lines()].concat()
}

/// Returns the environments that get builds from a pipeline, and why that would fail.
fn uncoupled(
    look: &Look<'_>,
    environments: &[&Environment],
    seen: &[Observed],
) -> HashMap<String, Refusal> {
    let by_pipeline = environments
        .iter()
        .filter(|one| one.deploy == DeployBy::Pipeline);
    let refused = by_pipeline.filter_map(|one| {
        let source = look.config.environment(one.promotes.as_ref()?).ok()?;
        let couplings = look.couplings(source, &[one]).pop()??;
        let (from, to) = (
            Observed::among(seen, &source.name)?,
            Observed::among(seen, &one.name)?,
        );
        let refusal = couplings.fitting(from, to).err()?;
        Some((one.name.clone(), refusal))
    });
    refused.collect()
}
