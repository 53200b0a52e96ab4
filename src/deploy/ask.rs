//! The questions before a deploy. No answer means no.

use std::slice;

use crate::core::decide::{Consent, Plan, Step};
use crate::core::record::Kind;
use crate::core::refusal::{RefusalCode, Report, Stop};
use crate::core::show::{self, Added};
use crate::core::text::Line;
use crate::core::words::CommitId;
use crate::deploy::{Deploy, Wanted};
use crate::look::not_seen;
use crate::session::Session;

pub const NOT_DEPLOYED: &str = "not deployed; no environment was changed";

/// Asks a person to confirm what no source can tell. `not` says what did not happen after a no.
pub fn consent(session: &Session<'_>, consents: &[Consent], not: &str) -> Result<(), Stop> {
    for Consent {
        story,
        question,
        confirms,
    } in consents
    {
        session.ui.catch_interrupts()?;
        if !session.ui.ask_yes(&format!("{story}. {question}")) {
            return Err(Stop::Declined(not.to_owned()));
        }
        if let Some(name) = confirms {
            session.notes().forget_doubt(name);
        }
    }
    Ok(())
}

impl Deploy<'_> {
    pub fn declined(&self) -> Stop {
        let what = match self.kind() {
            Kind::Rollback => "not rolled back; no environment was changed",
            Kind::Stage | Kind::Fix | Kind::Promote => NOT_DEPLOYED,
        };
        Stop::Declined(what.to_owned())
    }

    /// Refuses a run without a terminal that has no explicit yes. A promotion or a rollback must also name its commit.
    /// A dry run asks nothing, and neither does a plan that only records what already runs.
    pub fn can_be_answered(&self, plan: &Plan) -> Result<(), Stop> {
        let (kind, yes, deploys) = (
            self.kind(),
            self.options.yes,
            plan.steps.iter().any(Step::deploys),
        );
        let option = match kind {
            Kind::Promote => "--commit",
            Kind::Rollback => "--to",
            Kind::Stage | Kind::Fix => "",
        };
        let is_named = option.is_empty() || self.options.commit.is_some();
        if self.options.dry_run || !deploys || self.session.ui.is_interactive() || yes && is_named {
            return Ok(());
        }
        let report = Report::new(match yes {
            true => format!("without a terminal, --yes also needs {option}"),
            false => "this needs a confirmation, and there is no terminal".to_owned(),
        });
        let report = report.because(match kind {
            Kind::Promote => "a person must confirm the commit that ships",
            Kind::Rollback => "a person must confirm the commit that a rollback returns to",
            Kind::Stage | Kind::Fix => "a person must confirm the plan of a deploy",
        });
        let report = report.run("if the answer is yes", self.command_with_yes(&plan.commit));
        Err(report.refused(RefusalCode::NeedsTerminal).into())
    }

    /// Shows the plan. `added` is what a fix adds to the candidate.
    pub fn show_plan(&self, plan: &Plan, added: Option<&Added<'_>>) -> Result<(), Stop> {
        let (config, repo, when) = (self.look.config, self.look.repo, self.session.when());
        // The plan of a promotion does not show the commit alone.
        let shown = match self.wanted {
            Wanted::Promote { .. } => &[],
            Wanted::Stage { .. } | Wanted::Rollback { .. } => slice::from_ref(&plan.commit),
        };
        let commit = repo.commits(shown)?.pop();
        let lines = match (&self.wanted, self.targets.as_slice()) {
            (Wanted::Promote { source, .. }, targets) => {
                let running = targets.iter().filter_map(|one| one.observed.runs());
                let running: Vec<CommitId> = running.cloned().collect();
                let dates = repo.commits(&running)?.into_iter();
                let dates = dates.map(|one| (one.id, one.committed)).collect();
                let state = self.seen.state();
                show::promotion(config, source, targets, plan, &when, &dates, state)
            }
            (Wanted::Stage { .. }, [target, ..]) => {
                show::staging(config, target, plan, commit.as_ref(), added)
            }
            (Wanted::Rollback { .. }, [target, ..]) => {
                show::rollback(config, target, plan, commit.as_ref(), &when)
            }
            (_, []) => return Err(not_seen().into()),
        };
        self.show(&lines);
        Ok(())
    }

    /// Shows lines. If a question follows, it shows them even with `--quiet`.
    pub fn show(&self, lines: &[Line]) {
        if self.options.yes {
            self.session.ui.say(lines);
        } else {
            self.session.ui.insist(lines);
        }
    }

    /// Asks for the yes: y/N with a `question`. Without one, the names of all environments to deploy must be typed.
    pub fn ask(&self, plan: &Plan, question: Option<&str>) -> Result<(), Stop> {
        let ui = self.session.ui;
        ui.catch_interrupts()?;
        consent(self.session, &plan.consents, NOT_DEPLOYED)?;
        let steps = plan.steps.iter().filter(|step| step.deploys());
        let deployed: Vec<&str> = steps.filter_map(Step::environment).collect();
        let names = self.targets.iter().map(|one| one.environment.name.as_str());
        let names: Vec<&str> = names.filter(|name| deployed.contains(name)).collect();
        if self.options.yes || names.is_empty() {
            return Ok(());
        }
        let names = names.join(" ");
        let is_yes = match (question, self.kind()) {
            (Some(question), _) => ui.ask_yes(question),
            (None, kind) => {
                let what = match kind {
                    Kind::Rollback => "roll back",
                    Kind::Stage | Kind::Fix | Kind::Promote => "deploy",
                };
                let answer = ui.ask(&format!("Type {names} to {what}: "));
                answer.is_some_and(|answer| answer.trim() == names)
            }
        };
        is_yes.then_some(()).ok_or_else(|| self.declined())
    }

    /// Says that there is nothing to do, after it confirmed what this clone deployed and did not see run long enough.
    pub fn nothing_to(&self, what: &str, plan: &Plan) -> Result<(), Stop> {
        let (ui, dry_run, commit) = (self.session.ui, self.options.dry_run, &plan.commit);
        if !dry_run {
            consent(
                self.session,
                &plan.consents,
                "not confirmed; no environment was changed",
            )?;
            let mut names = self.targets.iter().map(|one| &one.environment.name);
            if names.any(|name| self.notes().is_unconfirmed(name, commit)) {
                self.carry_out(plan)?;
            }
        }
        let run = match self.targets.len() {
            1 => "runs",
            _ => "run",
        };
        let (names, short) = (self.names(), commit.short());
        ui.note(format!("{names} already {run} {short}: nothing to {what}"));
        let is_promotion = self.kind() == Kind::Promote;
        if is_promotion {
            plan.warnings.iter().for_each(|text| ui.warn(text));
        }
        if !(dry_run && is_promotion) {
            self.record_observed(dry_run);
        }
        Ok(())
    }
}
