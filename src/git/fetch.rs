//! Fetches missing commits without creating or moving a ref of the user. git keeps such commits for two weeks.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard};

use crate::core::refusal::Refusal;
use crate::core::words::{Branch, CommitId};
use crate::git::address::Purpose;
use crate::git::network::{Errand, NoAnswer};
use crate::git::remote::{self, HEAD, list};
use crate::git::response::{LineKind, is_shut, means};
use crate::git::{MainSeen, Repo, advice, lock, record};

/// The number of names that fit on one command line.
const AT_ONCE: usize = 500;
/// Changes no branch, no tag, no remote-tracking branch, and no `FETCH_HEAD`.
const FETCH: &str = "-c gc.auto=0 -c maintenance.auto=false fetch --quiet --no-tags --no-write-fetch-head \
    --no-recurse-submodules --no-prune --refmap= --no-write-commit-graph --";
/// Fetches refs by name as a dry run, which brings the objects, writes no ref, and prints what each ref points to. git
/// looks for a missing ref under other names, too; `NAMESAKES` excludes these.
const BRING: &str = "-c gc.auto=0 -c maintenance.auto=false -c http.lowSpeedLimit=1 -c http.lowSpeedTime=30 \
    fetch --dry-run --porcelain --no-tags --no-write-fetch-head --no-recurse-submodules --no-prune --refmap= \
    --no-write-commit-graph --";
const NAMESAKES: [&str; 9] = [
    "^refs/HEAD",
    "^refs/tags/HEAD",
    "^refs/heads/HEAD",
    "^refs/remotes/HEAD",
    "^refs/remotes/HEAD/HEAD",
    "^refs/refs/*",
    "^refs/tags/refs/*",
    "^refs/heads/refs/*",
    "^refs/remotes/refs/*",
];
/// The ref that keeps the commit of the main repository's branch in this clone.
const MAIN: &str = "refs/smp/main";
/// git's words for a remote whose HEAD points to nothing.
const NO_HEAD: &str = "couldn't find remote ref HEAD";
/// The target of the dry run: a name that no clone has, because git prints nothing about an unchanged ref.
const NOWHERE: &str = "refs/smp/looked-at/";

/// A ref of a remote that was just asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tip {
    /// What it points to; `None` if there is no such ref.
    pub at: Option<CommitId>,
    /// True if the same request brought this object and all of its history.
    pub is_here: bool,
}

impl From<Option<CommitId>> for Tip {
    fn from(at: Option<CommitId>) -> Self {
        let is_here = false;
        Self { at, is_here }
    }
}

/// The result of a look: what the refs point to, and what HEAD points to.
type BroughtTips = Option<(Vec<CommitId>, Option<CommitId>)>;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum FetchTarget {
    Branch(String),
    /// One commit by its name. Some hosts do not allow this.
    Commit(CommitId),
    /// Every branch whose commit is not here.
    Branches,
}

/// Runs `git fetch REMOTE refs/heads/BRANCH` or `git fetch REMOTE HASH`. Fails with `unreachable` and git's words.
pub fn fetch(repo: &Repo, remote: &str, wanted: &FetchTarget) -> Result<(), Refusal> {
    let names = match wanted {
        FetchTarget::Branch(branch) => vec![format!("refs/heads/{branch}")],
        FetchTarget::Commit(id) => vec![id.to_string()],
        FetchTarget::Branches => {
            let tips = list(repo, remote, &["refs/heads/*"], false)?
                .into_iter()
                .map(|(_, id)| id);
            // If the clone cannot say what it has, the next read fails.
            let missing = tips.filter(|id| !repo.has_commit(id).unwrap_or(false));
            // By hash: a remote's names for its branches do not belong on a command line.
            let missing: BTreeSet<_> = missing.map(|id| id.to_string()).collect();
            missing.into_iter().collect()
        }
    };
    // This may be the first request, before the look that asks for a password.
    let errand = Errand::new(repo, remote, Purpose::Fetch, true);
    let mut some = names.chunks(AT_ONCE);
    some.try_for_each(|names| fetch_exactly(&errand, names))
}

/// Fetches the history that a shallow clone lacks, because git compares wrongly with a part of the history:
/// `git fetch --unshallow REMOTE refs/heads/BRANCH`. If the remote itself is shallow, this clone stays shallow.
pub fn deepen(repo: &Repo, remote: &str, branch: &str, may_ask: bool) -> Result<(), Refusal> {
    let errand = Errand::new(repo, remote, Purpose::Fetch, may_ask);
    let (all, branch) = (
        FETCH.replace(" fetch ", " fetch --unshallow "),
        format!("refs/heads/{branch}"),
    );
    let args = all.split(' ').chain([remote, &branch]).map(str::to_owned);
    let fetched = errand.succeed(&args.collect::<Vec<_>>()).map(drop);
    fetched.map_err(|words| advice::unreachable(&errand, &words))
}

fn fetch_exactly(errand: &Errand<'_>, names: &[String]) -> Result<(), Refusal> {
    let args = FETCH.split(' ').chain([errand.remote]).map(str::to_owned);
    let args: Vec<String> = args.chain(names.iter().cloned()).collect();
    match errand.succeed(&args) {
        // A remote without the branch has nothing to fetch.
        Err(words) if !means(&words, LineKind::NoRef) => Err(advice::unreachable(errand, &words)),
        Ok(_) | Err(_) => Ok(()),
    }
}

/// Waits for this program's running fetch, so that another one need not bring the same objects.
pub fn turn() -> MutexGuard<'static, ()> {
    static FETCHING: Mutex<()> = Mutex::new(());
    lock(&FETCHING)
}

/// Returns the commits of the main repository's branch that this clone saw before, by the user's refs and by ours.
pub fn main_before(repo: &Repo, remote: &str, branch: &str) -> Vec<CommitId> {
    let own = ["HEAD", branch].map(|name| format!("refs/remotes/{remote}/{name}"));
    let names = own.iter().map(String::as_str).chain([MAIN]);
    let mut all: Vec<CommitId> = names
        .filter_map(|name| record::at(repo, name).ok().flatten())
        .filter(|id| repo.has_commit(id).unwrap_or(false))
        .collect();
    all.dedup();
    all
}

/// Returns the main repository's `branch` and fetches its commit, in one request or like [`remote::branch`].
pub fn branch(repo: &Repo, remote: &str, branch: &str, may_ask: bool) -> Result<Branch, Refusal> {
    branch_and_tip(repo, remote, (branch, None), may_ask).map(|(branch, _)| branch)
}

/// Returns the main repository's branch, the record's ref and HEAD in one request, and fetches what it can.
pub fn branch_and_tip(
    repo: &Repo,
    remote: &str,
    (branch, reference): (&str, Option<&str>),
    may_ask: bool,
) -> Result<(Branch, Tip), Refusal> {
    let wanted = format!("refs/heads/{branch}");
    let names: Vec<&str> = [wanted.as_str()].into_iter().chain(reference).collect();
    // git fetches nothing at all if one of the refs is missing.
    let brought = match reference.is_none() || matches!(record::seen_id(repo), Ok(Some(_))) {
        true => bring(repo, remote, &names, may_ask)?,
        false => None,
    };
    if let Some((ids, head)) = brought
        && let [at, rest @ ..] = ids.as_slice()
    {
        keep(repo, (remote, branch), at);
        saw(repo, Some(at), head);
        let (at, is_here) = (rest.first().cloned(), true);
        return Ok((Branch::At(ids[0].clone()), Tip { at, is_here }));
    }
    let names = (branch, reference);
    let (branch, [tip, head]) = remote::branch_and_tip(repo, remote, names, may_ask)?;
    saw(repo, branch.commit(), head);
    Ok((branch, tip.into()))
}

/// Remembers the main repository's branch and HEAD for this run.
fn saw(repo: &Repo, at: Option<&CommitId>, head: Option<CommitId>) {
    let mut main = lock(&repo.main);
    let at = at.cloned();
    *main = Some(MainSeen { at, head });
}

/// Keeps the main repository's commit if no ref of the user does: `git update-ref refs/smp/main ID`. This only spares
/// git another fetch.
fn keep(repo: &Repo, (remote, branch): (&str, &str), id: &CommitId) {
    let own = format!("refs/remotes/{remote}/{branch}");
    if !record::is_at(repo, &own, id) && !record::is_at(repo, MAIN, id) {
        let note = "git smp: the main repository's branch as it was seen";
        let _ = (repo.program()).run(["update-ref", "-m", note, MAIN, id.as_str()]);
    }
}

/// Fetches these refs and the remote's HEAD, and returns what they point to; `None` if git cannot tell this for each,
/// as before 2.41. If HEAD points to nothing, the rest of this run asks without it.
fn bring(repo: &Repo, remote: &str, names: &[&str], may_ask: bool) -> Result<BroughtTips, Refusal> {
    let _turn = turn();
    let errand = Errand::new(repo, remote, Purpose::Look, may_ask);
    let mut with_head = repo.main().is_none_or(|seen| seen.head.is_some());
    loop {
        let wanted: Vec<&str> = names
            .iter()
            .copied()
            .chain(with_head.then_some(HEAD))
            .collect();
        let output = match errand.run(&question(remote, &wanted)) {
            Ok(output) => output,
            Err(NoAnswer::Silent(_)) => return Ok(None),
            Err(why) => return Err(advice::unreachable(&errand, &why.words())),
        };
        if output.status.success() {
            let said = String::from_utf8_lossy(&output.stdout);
            let ids = (0..wanted.len()).map(|nth| brought(repo, &said, &format!("{NOWHERE}{nth}")));
            let ids: Option<Vec<CommitId>> = ids.collect();
            return Ok(ids.map(|mut ids| {
                let head = with_head.then(|| ids.pop()).flatten();
                (ids, head)
            }));
        }
        let words = String::from_utf8_lossy(&output.stderr);
        if is_shut(&words) {
            return Err(advice::unreachable(&errand, &words));
        }
        if !with_head || !words.lines().any(|line| line.ends_with(NO_HEAD)) {
            return Ok(None);
        }
        with_head = false;
    }
}

fn question(remote: &str, names: &[&str]) -> Vec<String> {
    // git 2.48 and 2.49 would otherwise set this clone's `refs/remotes/REMOTE/HEAD`.
    let head = format!("remote.{remote}.followRemoteHEAD=never");
    let args = ["-c", &head].into_iter().chain(BRING.split(' '));
    let args = args.chain([remote]).map(str::to_owned);
    let wanted = names.iter().enumerate();
    let wanted = wanted.map(|(nth, name)| format!("+{name}:{NOWHERE}{nth}"));
    let others = NAMESAKES.map(str::to_owned);
    args.chain(wanted).chain(others).collect()
}

/// Returns the commit that git would store there; `None` if git does not say so, or the commit is not here.
fn brought(repo: &Repo, said: &str, place: &str) -> Option<CommitId> {
    let mut lines = said.lines().filter_map(|line| line.strip_suffix(place));
    let id = lines.find_map(|line| CommitId::parse(line.trim_end().rsplit(' ').next()?))?;
    repo.has_commit(&id).ok()?.then_some(id)
}
