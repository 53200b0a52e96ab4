//! Returns the command to type for each finding about an environment.

use crate::core::config::{Config, Environment};
use crate::core::decide::finding::{FORGET, Finding, failed, unknown, wait, witness_hint};
use crate::core::decide::next::{promote, run, smp};
use crate::core::refusal::Refusal;
use crate::core::typed::{Hint, Typed};
use crate::core::words::{Branch, Observed, SMP_TOML};

pub fn about(found: Finding, seen: &Observed, environment: &Environment) -> Hint {
    let name = &environment.name;
    let deploy = deploy(environment);
    match found {
        Finding::Unknown(_) => own(unknown(seen)),
        Finding::WrongBranch => {
            let key = format!("environments.{name}.branch");
            Hint::run(
                format!("set {key} in {SMP_TOML}, then"),
                Typed::smp("setup"),
            )
        }
        Finding::NothingDeployed if matches!(seen.branch, Some(Ok(Branch::NoApp(_)))) => {
            run(deploy.plain("--first"))
        }
        Finding::NothingDeployed | Finding::DeployedOutsideGit => run(deploy),
        Finding::CachedPage => Hint::run(FORGET, Typed::smp("status")),
        Finding::StalePage if seen.cached.is_some() => Hint::run(FORGET, Typed::smp("status")),
        Finding::StalePage => run(match &seen.platform {
            Some(platform) => platform.restart.clone(),
            None => Typed::smp("setup --check"),
        }),
        Finding::ReleasePending | Finding::Deploying => wait(seen),
        Finding::NotConfirmed => witness_hint(seen),
        Finding::ReleaseFailed => match failed(seen) {
            Some(release) => run(release.output.clone()).and(Hint::run("then", deploy)),
            None => run(deploy),
        },
        Finding::RolledBack | Finding::RefDiffers if environment.promotes.is_some() => {
            run(Typed::smp("diff").arg(name))
        }
        Finding::RolledBack | Finding::RefDiffers => run(deploy),
    }
}

/// Returns the promotion that asks a person about a branch-only environment: the one to it, or the next from it.
pub fn confirm(config: &Config, environment: &Environment) -> Typed {
    let mut targets = config.in_order().into_iter();
    let target = match environment.promotes {
        Some(_) => Some(environment),
        None => targets.find(|target| target.promotes.as_ref() == Some(&environment.name)),
    };
    target.map_or(Typed::smp("promote"), |target| promote(&target.name))
}

pub fn deploy(environment: &Environment) -> Typed {
    match environment.promotes {
        Some(_) => promote(&environment.name),
        // The platform builds what a merge deploys.
        None if environment.by_merge => Typed::smp("status"),
        None => Typed::smp("stage"),
    }
}

pub fn own(refusal: Option<&Refusal>) -> Hint {
    let hint = refusal.and_then(|refusal| refusal.report.hint.clone());
    hint.unwrap_or_else(|| smp("setup --check"))
}
