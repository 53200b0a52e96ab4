//! Checks that the whole team agrees to this clone's `smp.toml` if it signs its record, by the file on the main branch.
//! The file on the main repository's default branch, which no push moves, says which branch that is.

use std::path::Path;

use crate::core::config::{self, Config};
use crate::core::refusal::{Refusal, RefusalCode, Stop};
use crate::core::typed::Typed;
use crate::core::words::{CommitId, SMP_TOML};
use crate::git::Repo;
use crate::git::fetch::{FetchTarget, fetch, main_before};
use crate::git::signed::file_at;
use crate::session::trust;

/// The path of the team's file, from the top of the repository.
const FILE: &str = "smp.toml";
/// The keys for which the default branch's file decides: the main branch, and whose events count.
const FOR_ALL: [&str; 5] = [
    "policy.four_eyes",
    "record.ref",
    "record.signed",
    "record.signers",
    "repository.branch",
];

/// Refuses a local file that differs from the team's, if the team's requires signatures. Otherwise somebody could agree
/// to an edited file in their own clone unseen; the events of such a file would not count. If the main repository does
/// not answer or lacks the branch, the file that this clone saw last counts.
///
/// # Errors
/// `not-verified`, with the keys that differ; exit 2 if `insteadOf` leads away from the repository of the team's file.
pub fn by_all(repo: &Repo, ours: &Config) -> Result<(), Stop> {
    let main = &ours.repository;
    let (at, head) = repo
        .main()
        .map_or((None, None), |seen| (seen.at, seen.head));
    let before = main_before(repo, &main.remote, &main.branch);
    if !wants_signatures(ours)
        && before.iter().try_fold(false, |any, at| {
            Ok::<_, Stop>(any || team_wants_signatures(repo, ours, at)?)
        })?
    {
        trust::check_leads_there(repo, ours)?;
    }
    if let Some(head) = head.filter(|head| at.as_ref() != Some(head)) {
        let whose = "the main repository's default branch";
        is_as_at(repo, ours, (&head, whose), |key| FOR_ALL.contains(&key))?;
    }
    match &at {
        Some(at) => is_as_at(repo, ours, (at, &main.branch), |_| true)?,
        None => {
            let whose = "the main branch, as this clone saw it last";
            (before.iter()).try_for_each(|at| is_as_at(repo, ours, (at, whose), |_| true))?;
        }
    }
    if repo.main().is_some() {
        let _ = repo.agreed.set(());
    }
    Ok(())
}

/// Does the same once in a run: a run ends with the file that it began with.
pub fn once(repo: &Repo, ours: &Config) -> Result<(), Stop> {
    match repo.agreed.get() {
        Some(()) => Ok(()),
        None => by_all(repo, ours),
    }
}

/// Returns why the default branch does not protect the required signatures, and the ways out, one per line.
pub fn gap(repo: &Repo, ours: &Config) -> Result<Option<[String; 3]>, Stop> {
    let Some(seen) = repo.main().filter(|_| wants_signatures(ours)) else {
        return Ok(None);
    };
    let why = match &seen.head {
        None => "the main repository has no default branch",
        head if *head == seen.at => return Ok(None),
        Some(head) if team_wants_signatures(repo, ours, head)? => return Ok(None),
        Some(_) => "smp.toml of the main repository's default branch does not require signatures",
    };
    let branch = &ours.repository.branch;
    Ok(Some([
        format!("{why}, so any clone can name another branch as the main branch"),
        format!("make {branch} the default branch in the settings of the main repository"),
        format!("or, on a server without settings: git symbolic-ref HEAD refs/heads/{branch}"),
    ]))
}

fn is_as_at(
    repo: &Repo,
    ours: &Config,
    (commit, whose): (&CommitId, &str),
    is_meant: impl Fn(&str) -> bool,
) -> Result<(), Stop> {
    let all = files_of_team(repo, ours, commit)?;
    let differ = |theirs: &Config| {
        let changes = config::changes(&theirs.trust(), &ours.trust()).into_iter();
        changes.filter(|one| is_meant(&one.key)).collect::<Vec<_>>()
    };
    // A second file of the team there that agrees is valid too.
    if all.iter().any(|theirs| differ(theirs).is_empty()) {
        return Ok(());
    }
    let Some(theirs) = all.iter().find(|theirs| wants_signatures(theirs)) else {
        return Ok(());
    };
    let changes = differ(theirs);
    let error =
        format!("{SMP_TOML} here differs from the one on {whose}, which requires signatures");
    let causes = changes.iter().take(5).map(describe);
    let refusal = Refusal::new(RefusalCode::NotVerified, error);
    let say = "take that branch's file, or merge yours there first, then";
    let refusal = causes.fold(refusal, Refusal::because);
    Err(refusal.run(say, Typed::smp("setup")).into())
}

fn describe(config::Change { key, old, new }: &config::Change) -> String {
    let [there, here] = [old, new].map(|one| one.as_deref().unwrap_or("missing"));
    format!("{key} is {there} there and {here} here")
}

/// Returns the readable files at a commit of the main repository: at our file's path, and at the top.
fn files_of_team(repo: &Repo, ours: &Config, commit: &CommitId) -> Result<Vec<Config>, Stop> {
    if !repo.has_commit(commit)? {
        let wanted = FetchTarget::Commit(commit.clone());
        fetch(repo, &ours.repository.remote, &wanted)?;
    }
    let own = path_in_repository(repo, ours).filter(|path| path != FILE);
    let mut all = Vec::new();
    for path in own.iter().map(String::as_str).chain([FILE]) {
        let Some(text) = file_at(repo, commit, path)? else {
            continue;
        };
        match config::parse(Path::new(FILE), &text) {
            Ok(file) => all.push(file),
            Err(_) => {
                let text = String::from_utf8_lossy(&text);
                if ["four_eyes", "signed"].iter().any(|key| text.contains(key)) {
                    return Err(unread(path, commit).into());
                }
            }
        }
    }
    Ok(all)
}

fn team_wants_signatures(repo: &Repo, ours: &Config, at: &CommitId) -> Result<bool, Stop> {
    let files = files_of_team(repo, ours, at)?;
    Ok(files.iter().any(wants_signatures))
}

/// A newer version may read a requirement for signatures in it.
fn unread(path: &str, commit: &CommitId) -> Refusal {
    let short = commit.short();
    let error = format!("this git-smp cannot read {path} of the main repository at {short}");
    let why = "it names four_eyes or signed, so it may require signatures; it is damaged, or for a newer git-smp";
    let show = Typed::other(format!("git show {short}:{path}"));
    Refusal::new(RefusalCode::NotVerified, error)
        .because(why)
        .run("update git-smp, or correct the file there; to see it", show)
}

/// Returns the file's path from the top of the work tree, with `/`, if it is inside.
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
