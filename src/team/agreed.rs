//! Whether the whole team agrees to this clone's `smp.toml`, where it signs its record. The main branch's file says so;
//! which branch that is, says that of the branch which the main repository calls its own, because no push moves that.

use std::path::Path;

use crate::core::config::{self, Config};
use crate::core::refusal::{Refusal, RefusalCode, Stop};
use crate::core::typed::Typed;
use crate::core::words::CommitId;
use crate::git::Repo;
use crate::git::fetch::{FetchTarget, fetch};
use crate::git::signed::file_at;
use crate::session::trust;

/// The name of the team's file, from the top of the repository.
const FILE: &str = "smp.toml";
/// What the default branch's file says for all branches: where the main branch is, and whose word counts.
const FOR_ALL: [&str; 5] = [
    "policy.four_eyes",
    "record.ref",
    "record.signed",
    "record.signers",
    "repository.branch",
];

/// Refuses a local file that differs from the team's, where the team's wants signatures. Somebody could agree to an
/// edited file in their own clone, and nobody else would have seen it. Events written by such a file would not count.
///
/// # Errors
/// `not-verified`, with the keys that differ.
pub fn by_all(repo: &Repo, ours: &Config) -> Result<(), Stop> {
    let Some(seen) = repo.main() else {
        return Ok(());
    };
    if let Some(head) = seen.head.filter(|head| seen.at.as_ref() != Some(head)) {
        let whose = "the main repository's default branch";
        is_as_at(repo, ours, (&head, whose), |key| FOR_ALL.contains(&key))?;
    }
    if let Some(main) = &seen.at {
        is_as_at(repo, ours, (main, &ours.repository.branch), |_| true)?;
    }
    let _ = repo.agreed.set(());
    Ok(())
}

/// The same, once in a run: what was begun by a file is ended by it.
pub fn once(repo: &Repo, ours: &Config) -> Result<(), Stop> {
    match repo.agreed.get() {
        Some(()) => Ok(()),
        None => by_all(repo, ours),
    }
}

/// Why the default branch does not protect the signatures that our file wants, with the command that corrects it;
/// `None`: it does, or there is nothing to protect.
pub fn gap(repo: &Repo, ours: &Config) -> Result<Option<String>, Stop> {
    let Some(seen) = repo.main().filter(|_| wants_signatures(ours)) else {
        return Ok(None);
    };
    let why = match &seen.head {
        None => "the main repository has no default branch",
        head if *head == seen.at => return Ok(None),
        Some(head) => match file_of_team(repo, ours, head)? {
            Some(theirs) if wants_signatures(&theirs) => return Ok(None),
            _ => "smp.toml of the main repository's default branch does not require signatures",
        },
    };
    let branch = &ours.repository.branch;
    Ok(Some(format!(
        "{why}, so any clone can name another branch as the main branch; make {branch} the default branch of the main repository, on its server: \
         git symbolic-ref HEAD refs/heads/{branch}"
    )))
}

fn is_as_at(
    repo: &Repo,
    ours: &Config,
    (commit, whose): (&CommitId, &str),
    is_meant: impl Fn(&str) -> bool,
) -> Result<(), Stop> {
    let Some(theirs) = file_of_team(repo, ours, commit)?.filter(wants_signatures) else {
        return Ok(());
    };
    let mut changes = config::changes(&theirs.trust(), &ours.trust());
    changes.retain(|one| is_meant(&one.key));
    if changes.is_empty() {
        return Ok(());
    }
    let error = format!("{FILE} here differs from the one on {whose}, which requires signatures");
    let causes = changes.iter().take(5).map(trust::describe);
    let refusal = Refusal::new(RefusalCode::NotVerified, error);
    let say = "take that branch's file, or merge yours there first, then";
    let refusal = causes.fold(refusal, Refusal::because);
    Err(refusal.run(say, Typed::smp("setup")).into())
}

/// The file at a commit of the main repository, at the same place as ours or at the top; `None` where it has none that
/// can be read.
fn file_of_team(repo: &Repo, ours: &Config, commit: &CommitId) -> Result<Option<Config>, Stop> {
    if !repo.has_commit(commit)? {
        fetch(
            repo,
            &ours.repository.remote,
            &FetchTarget::Commit(commit.clone()),
        )?;
    }
    let own = match path_in_repository(repo, ours) {
        Some(path) if path != FILE => file_at(repo, commit, &path)?,
        _ => None,
    };
    let text = match own {
        Some(text) => Some(text),
        None => file_at(repo, commit, FILE)?,
    };
    Ok(text.and_then(|text| config::parse(Path::new(FILE), &text).ok()))
}

/// Where the file is, if that is in the work tree: with `/`, from its top.
fn path_in_repository(repo: &Repo, config: &Config) -> Option<String> {
    let top = repo.layout().top.as_ref()?;
    let path = config.path.canonicalize().ok()?;
    let below = path.strip_prefix(top.canonicalize().ok()?).ok()?.to_owned();
    let parts = below.iter().map(|part| part.to_str());
    Some(parts.collect::<Option<Vec<_>>>()?.join("/"))
}

fn wants_signatures(config: &Config) -> bool {
    let record = config.record.as_ref();
    record.is_some_and(|record| record.signed) || config.policy.four_eyes
}
