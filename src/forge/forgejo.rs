//! Forgejo and Gitea, version 1 of their API: the pull request that a commit merged, its reviews, and the commit's
//! statuses. The pull requests of other commits follow from the history.

use std::collections::{HashMap, HashSet};

use serde::Deserialize;

use crate::core::decide::protection::{Protection, Takes};
use crate::core::decide::review::{Checks, ForgeWords, Origin, Reviews, unanswered};
use crate::core::refusal::Report;
use crate::core::words::CommitId;
use crate::forge::history::{self, MainLine};
use crate::forge::rest::{Request, Rest, Reviewed, Software, each, in_path, origin, together};
use crate::forge::reviews::gathered;
use crate::git::Repo;

pub const FORGEJO: Software = Software {
    words: ForgeWords {
        name: "Forgejo",
        request: "pull request",
        sign: '#',
        silence: "its pull request was merged as other commits, the token may not see that, or a merge commit contains changes of its own",
    },
    token: "FORGEJO_TOKEN",
    address: "FORGEJO_API_URL",
    home: "codeberg.org",
    version: "v1",
    size: "limit",
    rights: "give the token the scope read:repository",
};
pub const GITEA: Software = Software {
    words: ForgeWords {
        name: "Gitea",
        ..FORGEJO.words
    },
    token: "GITEA_TOKEN",
    address: "GITEA_API_URL",
    home: "gitea.com",
    ..FORGEJO
};
/// The number of statuses that an old server includes.
const STATUSES: usize = 50;

#[derive(Deserialize)]
struct PullJson {
    number: u64,
    merged: bool,
    merge_commit_sha: Option<String>,
    user: Option<ForgejoUser>,
    base: Base,
}

#[derive(Deserialize)]
struct Base {
    #[serde(rename = "ref")]
    branch: String,
    repo: Option<Fork>,
}

#[derive(Deserialize)]
struct Fork {
    full_name: String,
}

#[derive(Clone, Deserialize)]
struct ForgejoUser {
    login: String,
}

#[derive(Deserialize)]
struct Judgement {
    state: String,
    stale: bool,
    dismissed: bool,
    user: Option<ForgejoUser>,
}

#[derive(Deserialize)]
struct Authored {
    sha: String,
    author: Option<ForgejoUser>,
}

#[derive(Deserialize)]
struct Combined {
    total_count: usize,
    statuses: Option<Vec<CommitStatus>>,
}

#[derive(Deserialize)]
struct CommitStatus {
    status: String,
}

#[derive(Deserialize)]
struct ForgejoBranch {
    protected: bool,
    user_can_push: bool,
}

/// A pull request, and the commits that it asked to merge; `None` if they are unknown.
struct Brought {
    request: Request,
    commits: Option<HashSet<String>>,
}

/// Reads how the forge protects a branch from the token's account. Forgejo accepts no force-push to a protected branch;
/// a Gitea rule may allow one, which only administrators can see.
pub fn protection(rest: &Rest, branch: &str) -> Result<Protection, Report> {
    let path = format!("repos/{}/branches/{}", rest.repository, in_path(branch));
    let seen: Option<ForgejoBranch> = rest.find(&path)?;
    let seen = seen.ok_or_else(|| rest.not_found())?;
    if !seen.protected {
        return Ok(Protection::none());
    }
    Ok(Protection {
        is_protected: true,
        wants: Vec::new(),
        forward: if seen.user_can_push {
            Takes::Yes
        } else {
            Takes::No
        },
        back: match rest.software.words.name == FORGEJO.words.name {
            true => Takes::No,
            false => Takes::Unknown,
        },
    })
}

/// Reads the reviews. `main` is the branch whose pull requests count. Only the first commit has its statuses read.
pub fn look(
    rest: &Rest,
    repo: &Repo,
    history: &MainLine,
    main: &str,
    wanted: &[CommitId],
) -> Result<Reviews, Report> {
    let path = format!("repos/{}", rest.repository);
    // People who can be assigned may push.
    let writers: Option<Vec<ForgejoUser>> = rest.find(&format!("{path}/assignees"))?;
    let writers = writers.ok_or_else(|| rest.not_found())?;
    if history.line.is_empty() {
        return Err(unanswered(
            Report::new("git smp cannot list every commit that would ship")
                .because("they are more than 2,000, or the history cannot be read"),
        ));
    }
    let checks = match wanted.first() {
        Some(candidate) => checks(rest, &path, candidate)?,
        None => Checks::Unknown,
    };
    let mut seen = HashSet::new();
    let landings: Vec<&CommitId> = wanted
        .iter()
        .filter_map(|id| history.landing(id))
        .filter(|id| seen.insert(*id))
        .collect();
    let landed = each(&landings, |id| landed(rest, &path, id, main, &writers));
    let told: HashMap<&CommitId, Option<Brought>> = landings
        .into_iter()
        .zip(landed)
        .filter_map(|(id, landed)| Some((id, landed.ok()?)))
        .collect();
    let wanted = wanted.iter();
    let origins = wanted.map(|id| (id, came(repo, history, &told, id).unwrap_or_default()));
    Ok(gathered(origins, checks))
}

/// Returns the origin of a commit, from what is known about the commits of the main line.
fn came(
    repo: &Repo,
    history: &MainLine,
    told: &HashMap<&CommitId, Option<Brought>>,
    id: &CommitId,
) -> Option<Origin> {
    let at = history.landing(id)?;
    let brings = |one: &Brought| {
        let commits = one.commits.as_ref();
        commits.is_some_and(|commits| commits.contains(id.as_str()))
    };
    let is_itself = at == id;
    match told.get(at)? {
        // git made the merge itself, so its author counts for nothing; other content in it has no review.
        Some(one) if is_itself => {
            let is_whole = !history.is_merge(id) || history::is_automatic(repo, id);
            is_whole.then(|| one.origin())
        }
        Some(one) => brings(one).then(|| one.origin()),
        None => {
            // Pull requests without a merge commit: only their last commit is linked, but others may belong to them.
            let all = told.values().flatten();
            match all.clone().find(|one| brings(one)) {
                Some(one) => Some(one.origin()),
                None if !is_itself => None,
                None => (!may_be_rebased(history, told, id)).then_some(Origin::Direct),
            }
        }
    }
}

/// Returns whether a rebased pull request may have brought a commit: it lies just before the last of its commits.
fn may_be_rebased(
    history: &MainLine,
    told: &HashMap<&CommitId, Option<Brought>>,
    id: &CommitId,
) -> bool {
    let newer = history.line.iter().take_while(|one| *one != id);
    let newer: Vec<&CommitId> = newer.collect();
    for (steps, one) in newer.iter().rev().enumerate() {
        if history.is_merge(one) {
            return false;
        }
        match told.get(*one) {
            // The forge was not asked.
            None => return true,
            Some(None) => {}
            Some(Some(landed)) => {
                let count = landed.commits.as_ref().map_or(usize::MAX, HashSet::len);
                return steps + 1 < count;
            }
        }
    }
    false
}

impl Brought {
    fn origin(&self) -> Origin {
        origin(std::slice::from_ref(&self.request))
    }
}

/// Returns the pull request of this repository that a commit merged, if any.
fn landed(
    rest: &Rest,
    path: &str,
    id: &CommitId,
    main: &str,
    writers: &[ForgejoUser],
) -> Result<Option<Brought>, Report> {
    let pull: Option<PullJson> = rest.find(&format!("{path}/commits/{id}/pull"))?;
    let pull = pull.filter(|pull| {
        let base = pull.base.repo.as_ref();
        base.is_some_and(|base| base.full_name.eq_ignore_ascii_case(&rest.repository))
            && pull.merge_commit_sha.as_deref() == Some(id.as_str())
    });
    let Some(pull) = pull else { return Ok(None) };
    let path = format!("{path}/pulls/{}", pull.number);
    let opinions: Option<Vec<Judgement>> = rest.list(&format!("{path}/reviews"))?;
    let commits = rest.list(&format!("{path}/commits?verification=false&files=false"))?;
    let commits: Option<Vec<Authored>> =
        commits.filter(|commits: &Vec<Authored>| !commits.is_empty());
    let reviewed = opinions.zip(commits.as_ref()).map(|(opinions, commits)| {
        let wrote = commits
            .iter()
            .filter_map(|one| Some(one.author.as_ref()?.login.clone()));
        Reviewed {
            wrote: wrote.collect(),
            ..weighed(&opinions, writers)
        }
    });
    let request = Request {
        number: pull.number,
        author: pull.user.map(|user| user.login),
        into_main: pull.base.branch == main,
        merged: pull.merged,
        reviewed,
    };
    let commits = commits.map(|all| all.into_iter().map(|one| one.sha).collect());
    Ok(Some(Brought { request, commits }))
}

/// Returns the latest opinions of people who may push. An approval of an older version does not count.
fn weighed(opinions: &[Judgement], writers: &[ForgejoUser]) -> Reviewed {
    let mut last = HashMap::new();
    for opinion in opinions {
        let login = opinion
            .user
            .as_ref()
            .map(|user| user.login.to_ascii_lowercase());
        let counts = ["APPROVED", "REQUEST_CHANGES"].contains(&opinion.state.as_str());
        if let Some(login) = login.filter(|_| counts) {
            last.insert(login, opinion);
        }
    }
    last.retain(|login, opinion| {
        let mut writers = writers.iter();
        !opinion.dismissed && writers.any(|one| one.login.eq_ignore_ascii_case(login))
    });
    let (mut approved_by, mut changes_requested) = (Vec::new(), false);
    for opinion in last.into_values() {
        match (opinion.state.as_str(), &opinion.user) {
            ("APPROVED", Some(user)) if !opinion.stale => approved_by.push(user.login.clone()),
            ("REQUEST_CHANGES", _) => changes_requested = true,
            _ => {}
        }
    }
    approved_by.sort();
    Reviewed {
        approved_by,
        changes_requested,
        wrote: Vec::new(),
    }
}

fn checks(rest: &Rest, path: &str, candidate: &CommitId) -> Result<Checks, Report> {
    let path = format!("{path}/commits/{candidate}/status?limit={STATUSES}");
    let Some(Combined {
        total_count,
        statuses,
    }) = rest.find(&path)?
    else {
        return Ok(Checks::Unknown);
    };
    let statuses = statuses.unwrap_or_default();
    if statuses.len() != total_count || total_count >= STATUSES {
        return Ok(Checks::Unknown);
    }
    Ok(together(statuses.iter().map(
        |one| match one.status.as_str() {
            "success" | "skipped" => Checks::Succeeded,
            "failure" | "error" | "warning" => Checks::Failed,
            "pending" => Checks::Pending,
            _ => Checks::Unknown,
        },
    )))
}
