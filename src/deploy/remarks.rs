//! What a plan says beside its steps, and what is said of options that change nothing.

use crate::core::decide::{Plan, Step};
use crate::core::record::Kind;
use crate::core::refusal::{Refusal, RefusalCode, Stop};
use crate::core::words::{Branch, CommitId};
use crate::deploy::Deploy;
use crate::git::lfs;
use crate::look::Seen;
use crate::sources::Look;

/// What ships should have been merged; a team is told when it was not, or when that cannot be known.
///
/// # Errors
/// When the clone cannot be read.
pub fn not_on_main(
    look: &Look<'_>,
    candidate: &CommitId,
    seen: &Seen,
) -> Result<Option<String>, Stop> {
    let main = &look.config.repository;
    let (name, short) = (
        format!("{}/{}", main.remote, main.branch),
        candidate.short(),
    );
    Ok(match &seen.main {
        None => None,
        Some(Ok(Branch::At(tip))) if look.repo.is_ancestor(candidate, tip)? => None,
        Some(Ok(Branch::At(_))) => Some(format!(
            "{short} is not on {name}: it was not merged, or that was rewritten"
        )),
        Some(Ok(_)) => Some(format!(
            "{name} does not exist, so nobody can say whether {short} was merged"
        )),
        Some(Err(refusal)) => Some(format!(
            "whether {short} is on {name} is unknown: {}",
            refusal.report.error
        )),
    })
}

impl Deploy<'_> {
    /// Says of `--first` that it changes nothing where no app is to be made; that is no reason to stop.
    pub fn note_first(&self) {
        let mut branches = self.targets.iter().map(|target| &target.observed.branch);
        let has_app = branches.all(|branch| match branch {
            Some(Ok(branch)) => !matches!(branch, Branch::NoApp(_)),
            Some(Err(_)) | None => false,
        });
        if self.options.first && has_app {
            let has = match self.targets.len() {
                1 => "has its app",
                _ => "have their apps",
            };
            let text = format!("{} {has} already, so --first changes nothing", self.names());
            self.session.ui.note(text);
        }
    }

    /// The refusal of a push that would make an app, with the whole command that makes it; any other as it is.
    pub(super) fn to_make_the_app(&self, mut refusal: Refusal) -> Refusal {
        let is_first = self.options.first || self.kind() == Kind::Rollback;
        if refusal.code == RefusalCode::NoApp && !is_first {
            let hint = format!("if it is to be made: {} --first", self.command());
            refusal.report.hint = Some(hint.into());
        }
        refusal
    }

    /// Says of each push whose commit has files in Git LFS that their contents do not come along. What goes to the main
    /// repository is there already.
    pub(super) fn warn_of_lfs(&self, plan: &mut Plan) {
        for step in &plan.steps {
            let Step::Push {
                environment,
                remote,
                commit,
                expected,
                ..
            } = step
            else {
                continue;
            };
            if *remote == self.look.config.repository.remote {
                continue;
            }
            // A plan is no worse for it where that cannot be counted.
            let files = match lfs::count_new(self.look.repo, expected.as_ref(), commit) {
                Ok(0) | Err(_) => continue,
                Ok(1) => "1 file of this deploy is".to_owned(),
                Ok(count) => format!("{count} files of this deploy are"),
            };
            plan.warnings.push(format!(
                "{files} in Git LFS, and a push does not bring the contents to {environment}: unless its build gets them \
                 elsewhere, first: git lfs push --all {remote} {commit}"
            ));
        }
    }

    /// Warns that the deploy takes the place of another; where nothing is pushed, says of `--take-over` that it does not.
    pub(super) fn warn_of_take_over(&self, plan: &mut Plan) -> Result<(), Refusal> {
        let (ui, recorded) = (self.session.ui, self.recorded()?);
        let is_asked = self.options.deploying.take_over.is_some();
        let begins = |step: &Step| matches!(step, Step::Push { .. } | Step::Release { .. });
        match recorded.and_then(|recorded| Some((recorded, recorded.open()?))) {
            Some((recorded, open))
                if recorded.mine != Some(&open.id) && plan.steps.iter().any(begins) =>
            {
                let story = open.story(recorded.now);
                plan.warnings.push(format!(
                    "{story}, which was not seen to end; this takes its place on the record"
                ));
            }
            Some((recorded, open)) if is_asked && plan.steps.is_empty() => ui.note(format!(
                "nothing is taken over: {}, and this deploys nothing in its place",
                open.story(recorded.now)
            )),
            None if is_asked => ui.note("nothing is taken over: no deploy is on its way"),
            _ => {}
        }
        Ok(())
    }
}
