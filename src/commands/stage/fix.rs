//! `git smp stage --fix`: finds the commits of the fix, and warns that it must be merged into the main branch.

use crate::commands::stage::{Chosen, Order};
use crate::core::config::Config;
use crate::core::decide::{Fix, next};
use crate::core::record::Candidate;
use crate::core::refusal::{RefusalCode, Report, Stop};
use crate::core::text::{Line, counted};
use crate::core::typed::Typed;
use crate::core::words::{Branch, Commit, CommitId};
use crate::core::{decide, show};
use crate::deploy::{self, Deploy, Wanted};
use crate::forge::pull_request;
use crate::session::Session;
use crate::team::channel;

/// Returns the warning that no comment about the fix can count, if the candidate is asked about in an issue.
pub(super) fn nobody(
    session: &Session<'_>,
    config: &Config,
    candidate: &Candidate,
) -> Option<String> {
    candidate
        .inquiry
        .as_ref()
        .filter(|_| config.policy.four_eyes)?;
    channel::nobody(config, channel::person(session, config).as_ref())
}

impl Order<'_> {
    /// Puts copies of these commits on top of the candidate, in the order of history.
    pub(super) fn picked(&self, picks: &[CommitId]) -> Result<Chosen, Stop> {
        let repo = &self.session.repo;
        let candidate = self.candidate().ok_or_else(decide::nothing_to_fix)?;
        let mut ordered: Vec<&CommitId> = Vec::new();
        for pick in picks {
            if !ordered.contains(&pick) {
                // Its descendants come after it.
                let mut place = ordered.len();
                for (index, other) in ordered.iter().enumerate() {
                    if repo.is_ancestor(pick, other)? {
                        place = place.min(index);
                    }
                }
                ordered.insert(place, pick);
            }
        }
        // Copies that an earlier run has made, for example an interrupted one, are not made again.
        let mut missing = Vec::new();
        for pick in ordered {
            if repo.is_copied(pick, &candidate.commit)? {
                let text = format!("the candidate already has a copy of {}", pick.short());
                self.session.ui.note(text);
            } else {
                missing.push(pick.clone());
            }
        }
        let commit = repo.pick(&candidate.commit, &missing)?;
        self.compared(commit, Some(missing))
    }

    /// Asks which commits are the fix, if the main branch has more than one new commit.
    pub(super) fn settled(&self, chosen: Chosen) -> Result<Chosen, Stop> {
        let (Some(Fix { base, changes }), None, None) =
            (&chosen.fix, &chosen.picked, &self.args.rev)
        else {
            return Ok(chosen);
        };
        let on_top = changes.disappears.is_empty();
        let mut added = Vec::new();
        for commit in &changes.ships {
            if on_top || !self.session.repo.is_copied(&commit.id, base)? {
                added.push(commit.clone());
            }
        }
        if added.is_empty() && !on_top {
            return self.compared(base.clone(), None);
        }
        if self.args.deploying.asking.dry_run || on_top && added.len() < 2 {
            return Ok(chosen);
        }
        let (count, base) = (counted(added.len(), "commit"), base.short());
        let were = if added.len() == 1 { "was" } else { "were" };
        let story =
            format!("{count} {were} merged into the main branch since the candidate {base}");
        let yes = self.args.deploying.asking.yes;
        if yes || !self.session.ui.is_interactive() {
            return Err(unsaid(&story, &added, on_top, yes));
        }
        match self.asked(&story, &added, on_top)? {
            None => Ok(chosen),
            Some(picks) => self.picked(&picks),
        }
    }

    /// Returns the commits that a person names; `None` for all. `on_top`: the main branch has the candidate. Otherwise
    /// only copies can be put on top of it. An invalid answer is asked again.
    fn asked(
        &self,
        story: &str,
        commits: &[Commit],
        on_top: bool,
    ) -> Result<Option<Vec<CommitId>>, Stop> {
        let ui = self.session.ui;
        ui.insist(&[Line::plain(format!("{story}:"))]);
        ui.insist(&show::listed(commits));
        ui.catch_interrupts()?;
        let or_all = if on_top { ", or the word all" } else { "" };
        let question = format!("Type the hashes of the commits that belong to the fix{or_all}: ");
        loop {
            let answer = ui.ask(&question).unwrap_or_default().replace(',', " ");
            let words: Vec<&str> = answer.split_whitespace().collect();
            match words.as_slice() {
                [] => return Err(Stop::Declined(deploy::NOT_DEPLOYED.to_owned())),
                [all] if on_top && all.eq_ignore_ascii_case("all") => return Ok(None),
                _ => {}
            }
            let meant: Vec<_> = words.iter().map(|word| self.meant(word, commits)).collect();
            match words.iter().zip(&meant).find(|(_, meant)| meant.is_empty()) {
                None => return Ok(Some(meant.concat())),
                Some((word, _)) => ui.warn(format!("{word:?} is not one of the commits above")),
            }
        }
    }

    /// Returns the commits that a word means: the start of a hash, or the number of a pull request.
    fn meant(&self, word: &str, commits: &[Commit]) -> Vec<CommitId> {
        let number = pull_request::number(word);
        let brought = number.and_then(|number| self.brought(number).ok());
        let (brought, start) = (brought.unwrap_or_default(), word.to_lowercase());
        let ids = commits.iter().map(|commit| &commit.id);
        ids.filter(|id| brought.contains(id) || start.len() >= 4 && id.as_str().starts_with(&start))
            .cloned()
            .collect()
    }
}

/// Refuses because nobody can be asked which commits are the fix.
fn unsaid(story: &str, commits: &[Commit], on_top: bool, yes: bool) -> Stop {
    let newest = commits.first().map_or("", |commit| &commit.short);
    let fix = Typed::smp("stage --fix").plain(if yes { "--yes" } else { "" });
    let one = fix.clone().option("--pick", newest);
    let report = Report::new(story)
        .because("only a fix may be added, and the commits of the fix were not named");
    let report = decide::first_ten(commits).fold(report, Report::because);
    let report = report.run("name the commits of the fix, for example", one);
    let report = match on_top {
        true => report.run("or deploy all of them", fix.arg(newest)),
        false => report,
    };
    report.refused(RefusalCode::NeedsTerminal).into()
}

/// Warns that a fix which is not merged will be lost with the next deploy. Each run says so until the fix is merged.
pub fn must_come_back(deploy: &Deploy<'_>, commit: &CommitId) -> Result<(), Stop> {
    let (ui, config, repo) = (deploy.session.ui, deploy.look.config, deploy.look.repo);
    let is_fix = matches!(&deploy.wanted, Wanted::Stage { fix: Some(_), .. });
    let Some(Ok(Branch::At(tip))) = &deploy.seen.main else {
        return Ok(());
    };
    if !is_fix || repo.is_ancestor(commit, tip)? {
        return Ok(());
    }
    let (short, branch) = (commit.short(), &config.repository.branch);
    ui.warn(format!(
        "merge {short} into {branch}, or the next deploy will lack it:"
    ));
    ui.insist(&[
        Line::plain(
            "this command pushes it to a branch; merge that branch (no squash, no rebase):",
        ),
        Line::plain(format!("  {}", next::push_to_main(config, commit))),
    ]);
    Ok(())
}
