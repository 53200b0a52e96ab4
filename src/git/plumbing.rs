//! The same questions as in `history.rs`, answered by the `git` program: slower, but for every repository.

use std::collections::HashMap;

use crate::core::refusal::{Report, Stop};
use crate::core::typed::Typed;
use crate::core::words::{Changes, Commit, CommitId, Landed, Relation};
use crate::git::config::GitConfig;
use crate::git::program::{Program, failed};
use crate::git::{Found, Repo, Unreadable, object};

const HISTORY: &str = "git cannot read the history";
/// The names of the empty tree, which git knows in every repository.
const EMPTY_TREE: &str = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";
const EMPTY_TREE_SHA256: &str = "6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321";

pub fn changes(program: &Program, from: Option<&CommitId>, to: &CommitId) -> Result<Changes, Stop> {
    let relation = match from {
        None => Relation::Ahead,
        Some(from) if from == to => Relation::Identical,
        Some(from) if is_ancestor(program, from, to)? => Relation::Ahead,
        Some(from) if is_ancestor(program, to, from)? => Relation::Behind,
        Some(_) => Relation::Diverged,
    };
    let mut changes = Changes {
        relation,
        ships: Vec::new(),
        ships_merges: 0,
        disappears: Vec::new(),
        disappears_merges: 0,
    };
    if matches!(relation, Relation::Ahead | Relation::Diverged) {
        (changes.ships, changes.ships_merges) = list(program, &range(from, to))?;
    }
    if let (Relation::Behind | Relation::Diverged, Some(from)) = (relation, from) {
        (changes.disappears, changes.disappears_merges) = list(program, &range(Some(to), from))?;
    }
    Ok(changes)
}

pub fn is_ancestor(program: &Program, old: &CommitId, new: &CommitId) -> Result<bool, Stop> {
    let output = program.run(["merge-base", "--is-ancestor", old.as_str(), new.as_str()])?;
    match output.status.code() {
        Some(0) => Ok(true),
        Some(1) => Ok(false),
        _ => Err(Stop::Failed(failed(HISTORY, &output.stderr))),
    }
}

/// Runs `git rev-parse --disambiguate`, which looks at no ref.
pub fn resolve_hash(program: &Program, hex: &str) -> Result<Found, Stop> {
    let names = program.read(HISTORY, ["rev-parse", &format!("--disambiguate={hex}")])?;
    if names.is_empty() {
        return Ok(Found::Missing);
    }
    let format = "--batch-check=%(objecttype) %(objectname)";
    let types = program.ask(HISTORY, ["cat-file", format], &names)?;
    let types = String::from_utf8_lossy(&types);
    let commits = types
        .lines()
        .filter_map(|line| line.strip_prefix("commit "));
    let commits: Vec<_> = commits.filter_map(CommitId::parse).collect();
    Ok(match commits.as_slice() {
        // Callers look for a commit, so no other object can be meant.
        [only] => Found::Commit(only.clone()),
        [] => Found::NotACommit(types.split(' ').next().unwrap_or_default().to_owned()),
        several => Found::Ambiguous(several.len()),
    })
}

/// Runs `git rev-parse --verify --end-of-options REV^{commit}`.
pub fn resolve_revision(program: &Program, rev: &str) -> Result<CommitId, Stop> {
    // After `:/`, all text up to the end is searched for in messages, and the result is always a commit.
    let peel = if rev.starts_with(":/") {
        ""
    } else {
        "^{commit}"
    };
    let peeled = format!("{rev}{peel}");
    let output = program.run(["rev-parse", "--verify", "--end-of-options", &peeled])?;
    let text = String::from_utf8_lossy(&output.stdout);
    let id = text.lines().last().and_then(CommitId::parse);
    id.filter(|_| output.status.success()).ok_or_else(|| {
        let mut report = failed(
            &format!("{rev:?} names no commit in this clone"),
            &output.stderr,
        );
        let causes = &mut report.because;
        causes.retain(|cause| cause != "Needed a single revision");
        Stop::Misused(
            report
                .run("if it is on a remote", Typed::other("git fetch --all"))
                .run("or look for it", Typed::other("git log --oneline --all")),
        )
    })
}

/// Reads single commits: `git log --no-walk`.
pub fn by_id(
    program: &Program,
    ids: &[CommitId],
    prints_foreign: bool,
) -> Result<HashMap<CommitId, Commit>, Stop> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let lines: String = ids.iter().flat_map(|id| [id.as_str(), "\n"]).collect();
    let of = ["--no-walk=unsorted", "--stdin"];
    let commits = log(program, &of, lines.as_bytes(), prints_foreign)?;
    let pairs = commits
        .into_iter()
        .map(|commit| (commit.id.clone(), commit));
    Ok(pairs.collect())
}

impl Repo {
    /// Returns single commits in the order of `ids`.
    pub fn commits(&self, ids: &[CommitId]) -> Result<Vec<Commit>, Stop> {
        self.either(
            |library| library.commits(self, ids),
            || {
                let prints_foreign = self.shown_config()?.prints_foreign();
                let by_id = by_id(&self.program, ids, prints_foreign)?;
                let commits = ids.iter().map(|id| by_id.get(id).cloned());
                commits.collect::<Option<_>>().ok_or_else(unexpected)
            },
        )
    }

    /// Returns all commits that `to` has and `from` lacks, merges too, newest first, with their whole messages: `git
    /// log FROM..TO`. Stops after the newest 2,000: older commits are for the history, not for a post.
    pub fn landed(&self, from: Option<&CommitId>, to: &CommitId) -> Result<Vec<Landed>, Stop> {
        let range = range(from, to);
        messages(&self.program, &["--max-count=2000", &range, "--"], b"")
    }

    /// Returns all commits that any of `to` has and not all of `from`, each before its parents: `git log --topo-order`.
    pub fn all_landed(&self, from: &[&CommitId], to: &[&CommitId]) -> Result<Vec<Landed>, Stop> {
        if to.is_empty() {
            return Ok(Vec::new());
        }
        let mut input: String = to.iter().flat_map(|id| [id.as_str(), "\n"]).collect();
        if let Some(base) = self.common(from)? {
            input += &format!("^{base}\n");
        }
        messages(
            &self.program,
            &["--topo-order", "--stdin"],
            input.as_bytes(),
        )
    }

    /// Returns the newest commit that all of these have: `git merge-base --octopus`.
    fn common(&self, all: &[&CommitId]) -> Result<Option<CommitId>, Stop> {
        if let [only] = all {
            return Ok(Some((*only).clone()));
        }
        let all = all.iter().map(|id| id.as_str());
        let output = self
            .program
            .run(["merge-base", "--octopus"].into_iter().chain(all))?;
        let text = String::from_utf8_lossy(&output.stdout);
        Ok(text.lines().next().and_then(CommitId::parse))
    }

    /// Returns the files that differ and match a pattern, a renamed file under both names: `git diff-tree FROM TO --
    /// PATTERN...`. Patterns begin at the top of the work tree. One that ends in `/` means everything in that folder.
    pub fn touched(
        &self,
        from: Option<&CommitId>,
        to: &CommitId,
        patterns: &[String],
    ) -> Result<Vec<String>, Stop> {
        if patterns.is_empty() || from == Some(to) {
            return Ok(Vec::new());
        }
        // Submodules are deployed even if `.gitmodules` has git ignore their changes.
        let fixed = "diff-tree -r -z --name-only --no-renames --ignore-submodules=none";
        let fixed = fixed.split(' ').chain(trees(from, to)).chain(["--"]);
        let patterns = patterns.iter().map(|pattern| pathspec(pattern));
        let args = fixed.map(str::to_owned).chain(patterns);
        let names = self.program.read("git cannot compare the files", args)?;
        let names = records(&names).map(|name| String::from_utf8_lossy(name).into_owned());
        Ok(names.collect())
    }

    /// Returns whether each commit that would disappear also ships under another name.
    pub fn are_copied(&self, changes: &Changes) -> Result<bool, Stop> {
        let lost = changes.disappears.len();
        let may_be = lost > 0 && changes.disappears_merges == 0;
        Ok(may_be && self.same_changes(changes)?.len() == lost)
    }

    /// Maps the commits that would disappear to those with the same change that ship, as copies do. Looks only at the
    /// first 200 of each.
    pub fn same_changes(&self, changes: &Changes) -> Result<HashMap<CommitId, CommitId>, Stop> {
        let [lost, ships] = [&changes.disappears, &changes.ships]
            .map(|commits| commits.iter().take(200).map(|commit| &commit.id));
        if lost.len() == 0 || ships.len() == 0 {
            return Ok(HashMap::new());
        }
        let patch_of = self.patches(lost.clone().chain(ships.clone()))?;
        let by_patch: HashMap<&String, &CommitId> = ships
            .filter_map(|id| Some((patch_of.get(id)?, id)))
            .collect();
        let same = lost.filter_map(|id| {
            let copy = *by_patch.get(patch_of.get(id)?)?;
            Some((id.clone(), copy.clone()))
        });
        Ok(same.collect())
    }

    /// Returns a copy of `commit` in `tip`: `git rev-list --cherry-mark COMMIT...TIP ^COMMIT^@`. A merge has none.
    pub fn copy_in(&self, tip: &CommitId, commit: &CommitId) -> Result<Option<CommitId>, Stop> {
        let (both, before) = (format!("{commit}...{tip}"), format!("^{commit}^@"));
        let args = [
            "rev-list",
            "--no-merges",
            "--cherry-mark",
            "--left-right",
            &both,
            &before,
        ];
        let told = self.program.text(HISTORY, args)?;
        let same = told.lines().filter_map(|line| line.strip_prefix('='));
        let same: Vec<CommitId> = same.filter_map(CommitId::parse).collect();
        if same.iter().all(|one| one == commit) {
            return Ok(None);
        }
        // To git, two commits are equal here if only their white space differs, or if they change nothing.
        let patches = self.patches(same.iter().chain([commit]))?;
        let (own, mut same) = (patches.get(commit), same.into_iter());
        Ok(same.find(|one| own.is_some() && one != commit && patches.get(one) == own))
    }

    /// Returns an ID for the change of each commit, every space included: `git diff-tree -p --stdin | git patch-id
    /// --verbatim`. Merges and commits that change nothing have none.
    pub fn patches<'c>(
        &self,
        of: impl Iterator<Item = &'c CommitId>,
    ) -> Result<HashMap<CommitId, String>, Stop> {
        let what = "git cannot compare the changes";
        let names: String = of.flat_map(|id| [id.as_str(), "\n"]).collect();
        let diff =
            "diff-tree --stdin -p -r --root --no-ext-diff --no-textconv --no-renames".split(' ');
        let patches = self.program.ask(what, diff, names.as_bytes())?;
        let told = (self.program).ask(what, ["patch-id", "--verbatim"], &patches)?;
        let told = String::from_utf8_lossy(&told);
        let pairs = told.lines().filter_map(|line| line.split_once(' '));
        let pairs =
            pairs.filter_map(|(patch, id)| Some((CommitId::parse(id.trim())?, patch.to_owned())));
        Ok(pairs.collect())
    }
}

fn messages(program: &Program, of: &[&str], input: &[u8]) -> Result<Vec<Landed>, Stop> {
    // No hash and no folded subject contains a line's end, and no message a NUL: no record can look like another.
    let format = "--format=tformat:%H%n%P%n%ct%n%s%n%b";
    let args = [&[format, "--encoding=UTF-8"], of].concat();
    records(&raw_log(program, &args, input)?)
        .map(|record| message(record).ok_or_else(unexpected))
        .collect()
}

fn message(record: &[u8]) -> Option<Landed> {
    let text = String::from_utf8_lossy(record);
    let mut fields = text.splitn(5, '\n');
    let id = CommitId::parse(fields.next()?)?;
    let parents = fields.next()?.split_whitespace().map(CommitId::parse);
    Some(Landed {
        id,
        parents: parents.collect::<Option<_>>()?,
        // A commit whose time cannot be read counts as the oldest.
        committed: fields.next()?.parse().unwrap_or_default(),
        subject: fields.next()?.to_owned(),
        body: fields.next()?.trim_end().to_owned(),
    })
}

/// Returns the two trees for `git diff-tree`. Without `from`, the first is the empty tree of the same hash function.
pub(super) fn trees<'a>(from: Option<&'a CommitId>, to: &'a CommitId) -> [&'a str; 2] {
    let to = to.as_str();
    let empty = [EMPTY_TREE_SHA256, EMPTY_TREE][usize::from(to.len() == EMPTY_TREE.len())];
    [from.map_or(empty, CommitId::as_str), to]
}

/// Returns a pattern as git takes it: from the top, with no magic except `*`, `**`, `?` and `[ ]`.
fn pathspec(pattern: &str) -> String {
    // git would take both as the literal name of a folder, which matches nothing.
    let pattern = pattern.trim_start_matches("./");
    let inside = if pattern.ends_with('/') { "**" } else { "" };
    format!(":(top,glob){pattern}{inside}")
}

fn range(from: Option<&CommitId>, to: &CommitId) -> String {
    from.map_or_else(|| to.to_string(), |from| format!("{from}..{to}"))
}

/// Returns the commits of a range that are no merges, and the number of merges. `%h` depends on what git has read
/// before, so this reads what `git log --oneline --no-merges` reads.
fn list(program: &Program, range: &str) -> Result<(Vec<Commit>, usize), Stop> {
    let prints_foreign = GitConfig::parse(&program.read_config(&[])?).prints_foreign();
    let commits = log(program, &["--no-merges", range, "--"], b"", prints_foreign)?;
    let merges = program.text(HISTORY, ["rev-list", "--count", "--merges", range, "--"])?;
    Ok((commits, merges.trim().parse().map_err(|_| unexpected())?))
}

/// Returns the first commit of a range, as git prints it in its list.
pub fn first(program: &Program, from: &CommitId, to: &CommitId) -> Result<Commit, Unreadable> {
    let range = range(Some(from), to);
    let listed = fields(program, &["-1", "--no-merges", &range, "--"], b"");
    listed.ok().and_then(|mut one| one.pop()).ok_or(Unreadable)
}

fn log(
    program: &Program,
    of: &[&str],
    input: &[u8],
    prints_foreign: bool,
) -> Result<Vec<Commit>, Stop> {
    let mut commits = fields(program, of, input)?;
    if !prints_foreign {
        return Ok(commits);
    }
    // The list is printed in the user's encoding; if git cannot convert a subject, it prints that as it is.
    let text = raw_log(program, &[&["--format=oneline"], of].concat(), input)?;
    let lines =
        records(&text).map(|line| line.split_at_checked(line.iter().position(|&b| b == b' ')?));
    let subjects: HashMap<&[u8], &[u8]> = lines.collect::<Option<_>>().ok_or_else(unexpected)?;
    for commit in &mut commits {
        let subject = subjects.get(commit.id.as_str().as_bytes());
        let subject = subject.and_then(|subject| subject.get(1..));
        commit.printed = Some(subject.ok_or_else(unexpected)?.to_vec());
    }
    Ok(commits)
}

fn fields(program: &Program, of: &[&str], input: &[u8]) -> Result<Vec<Commit>, Stop> {
    let format = "--format=tformat:%H%n%h%n%an%n%ad%n%ct%n%s";
    let fixed = [format, "--date=raw", "--encoding=UTF-8"];
    let text = raw_log(program, &[&fixed[..], of].concat(), input)?;
    records(&text)
        .map(|record| commit(record).ok_or_else(unexpected))
        .collect()
}

fn raw_log(program: &Program, args: &[&str], input: &[u8]) -> Result<Vec<u8>, Stop> {
    let fixed = "-c log.showSignature=false log -z --no-color --no-decorate --no-mailmap";
    program.ask(HISTORY, fixed.split(' ').chain(args.iter().copied()), input)
}

fn commit(record: &[u8]) -> Option<Commit> {
    let subject = record.splitn(6, |&b| b == b'\n').nth(5)?.to_vec();
    let text = String::from_utf8_lossy(record);
    let mut fields = text.split('\n');
    Some(Commit {
        id: CommitId::parse(fields.next()?)?,
        short: fields.next()?.to_owned(),
        author: fields.next()?.to_owned(),
        // A commit whose time cannot be read counts as the oldest.
        authored: object::when(fields.next()?.as_bytes()).unwrap_or_default(),
        committed: fields.next()?.parse().unwrap_or_default(),
        subject,
        printed: None,
    })
}

fn records(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let text = text.strip_suffix(b"\0").filter(|text| !text.is_empty());
    text.into_iter().flat_map(|text| text.split(|&b| b == 0))
}

fn unexpected() -> Stop {
    Stop::Failed(Report::new(HISTORY).because("git log printed something unexpected"))
}
