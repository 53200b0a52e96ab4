//! `git smp stage --fix`: which commits are the fix, and that it must come back to the main branch.

use crate::cli::Stage;
use crate::commands::stage::{Facts, Wanted, compared, declined, naming, tip};
use crate::core::config::Config;
use crate::core::decide::next::push_to_main;
use crate::core::refusal::{RefusalCode, Report, Stop};
use crate::core::text::Line;
use crate::core::words::{Branch, Commit, CommitId};
use crate::core::{decide, show};
use crate::forge::pull_request;
use crate::session::Session;

/// The candidate with copies of these commits on top, in the order of history.
///
/// # Errors
/// When there is no candidate, or they cannot be copied.
pub fn picked<'c>(
    session: &Session<'_>,
    facts: &Facts<'c>,
    picks: &[CommitId],
) -> Result<Wanted<'c>, Stop> {
    let candidate = facts.candidate().ok_or_else(decide::nothing_to_fix)?;
    let mut ordered: Vec<CommitId> = Vec::new();
    for pick in picks {
        if !ordered.contains(pick) {
            // Those that have this one in their history come after it.
            let mut place = ordered.len();
            for (index, other) in ordered.iter().enumerate() {
                if session.repo.is_ancestor(pick, other)? {
                    place = place.min(index);
                }
            }
            ordered.insert(place, pick.clone());
        }
    }
    // What an earlier run has copied already, as one that was cut off, is not copied twice.
    let mut missing = Vec::new();
    for pick in ordered {
        if session.repo.is_copied(&pick, &candidate.commit)? {
            session.ui.note(format!(
                "the candidate has a copy of {} already",
                pick.short()
            ));
        } else {
            missing.push(pick);
        }
    }
    let commit = session.repo.pick(&candidate.commit, &missing)?;
    compared(session, facts, commit, true, Some(missing))
}

/// What was added since the candidate, where nobody said which of it is the fix.
struct Since<'a> {
    commits: &'a [Commit],
    /// Whether the main branch has the candidate: else only copies can be put on top of it.
    on_top: bool,
    story: String,
}

/// Where the main branch has moved on with more than one commit, a person says which of them are the fix.
///
/// # Errors
/// `needs-terminal` where nobody can be asked; when the question is declined.
pub fn settled<'c>(
    session: &Session<'_>,
    args: &Stage,
    facts: &Facts<'c>,
    wanted: Wanted<'c>,
) -> Result<Wanted<'c>, Stop> {
    let Some((base, changes)) = &wanted.fix else {
        return Ok(wanted);
    };
    if wanted.picked.is_some() || args.rev.is_some() {
        return Ok(wanted);
    }
    let on_top = changes.disappears.is_empty();
    let mut added = Vec::new();
    for commit in &changes.ships {
        if on_top || !session.repo.is_copied(&commit.id, base)? {
            added.push(commit.clone());
        }
    }
    if added.is_empty() && !on_top {
        return compared(session, facts, base.clone(), true, None);
    }
    if args.dry_run || on_top && added.len() < 2 {
        return Ok(wanted);
    }
    let were = if added.len() == 1 {
        "commit was"
    } else {
        "commits were"
    };
    let since = Since {
        commits: &added,
        on_top,
        story: format!(
            "{} {were} added since the candidate {}",
            added.len(),
            base.short()
        ),
    };
    if args.yes || !session.ui.is_interactive() {
        return Err(since.unsaid());
    }
    match since.asked(session, args, facts)? {
        None => Ok(wanted),
        Some(picks) => picked(session, facts, &picks),
    }
}

impl Since<'_> {
    /// The refusal where nobody can be asked.
    fn unsaid(&self) -> Stop {
        let report = Report::new(&self.story)
            .because("a fix-only version has nothing else, and nobody said which they are");
        let report = self.commits.iter().take(10).fold(report, |report, commit| {
            report.because(format!("{} {}", commit.short, commit.subject_text()))
        });
        let newest = self
            .commits
            .first()
            .map_or("COMMIT", |commit| commit.short.as_str());
        let all = if self.on_top {
            format!("; or all of it: git smp stage --fix {newest}")
        } else {
            String::new()
        };
        let hint = format!("name the fix: git smp stage --fix --pick {newest}{all}");
        report.hint(hint).refused(RefusalCode::NeedsTerminal).into()
    }

    /// The commits that a person names; `None`: all that there is. What is no answer is asked again.
    fn asked(
        &self,
        session: &Session<'_>,
        args: &Stage,
        facts: &Facts<'_>,
    ) -> Result<Option<Vec<CommitId>>, Stop> {
        let ui = session.ui;
        ui.insist(&[Line::plain(format!("{}:", self.story))]);
        ui.insist(&show::listed(self.commits));
        ui.catch_interrupts()?;
        let or_all = if self.on_top { ", or all" } else { "" };
        let question = format!("Type the hashes of the fix, to deploy only them{or_all}: ");
        loop {
            let answer = ui.ask(&question).unwrap_or_default();
            let words: Vec<&str> = answer
                .split(|c: char| c.is_whitespace() || c == ',')
                .filter(|word| !word.is_empty())
                .collect();
            match words.as_slice() {
                [] => return Err(declined()),
                [all] if self.on_top && all.eq_ignore_ascii_case("all") => return Ok(None),
                _ => {}
            }
            let mut picks = Vec::new();
            let wrong = words.iter().find(|word| {
                let meant = self.meant(session, args, facts, word);
                picks.extend(meant.iter().cloned());
                meant.is_empty()
            });
            match wrong {
                None => return Ok(Some(picks)),
                Some(word) => ui.warn(format!("{word:?} is none of the commits above")),
            }
        }
    }

    /// The commits that a word means: the beginning of a hash, or the number of a pull request.
    fn meant(
        &self,
        session: &Session<'_>,
        args: &Stage,
        facts: &Facts<'_>,
        word: &str,
    ) -> Vec<CommitId> {
        let brought = match (pull_request::number(word), tip(facts)) {
            (Some(number), Ok(tip)) => {
                pull_request::brought(session, &tip, number, &naming(args)).unwrap_or_default()
            }
            _ => Vec::new(),
        };
        let is_meant = |id: &CommitId| {
            brought.contains(id) || word.len() >= 4 && id.as_str().starts_with(&word.to_lowercase())
        };
        let ids = self.commits.iter().map(|commit| &commit.id);
        ids.filter(|id| is_meant(id)).cloned().collect()
    }
}

/// A fix that was made for the candidate alone is lost with the next deploy unless it is merged: said at each run until it
/// is.
///
/// # Errors
/// When the clone cannot be read.
pub fn must_come_back(
    session: &Session<'_>,
    config: &Config,
    facts: &Facts<'_>,
    wanted: &Wanted<'_>,
) -> Result<(), Stop> {
    let Ok(Branch::At(tip)) = &facts.main else {
        return Ok(());
    };
    if wanted.fix.is_none() || session.repo.is_ancestor(&wanted.commit, tip)? {
        return Ok(());
    }
    let (short, branch) = (wanted.commit.short(), &config.repository.branch);
    let push = push_to_main(config, &wanted.commit);
    session.ui.warn(format!(
        "{short} must come back to {branch}, or the next deploy lacks it:"
    ));
    session.ui.insist(&[
        Line::plain("push it, then merge that branch (no squash, no rebase):"),
        Line::plain(format!("  {push}")),
    ]);
    Ok(())
}
