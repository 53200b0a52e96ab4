//! The same questions as in `history.rs`, answered by the `git` program: slower, and never at a loss.

use std::collections::HashMap;
use std::thread;

use crate::core::refusal::{Report, Stop};
use crate::core::typed::Typed;
use crate::core::words::{Changes, Commit, CommitId, Landed, Relation};
use crate::git::program::{Program, failed};
use crate::git::{Found, object};

const HISTORY: &str = "git cannot read the history";

/// What git prints of a commit in the encoding that it prints in.
pub struct Spelling {
    /// The subject.
    pub subject: Vec<u8>,
    /// The author's name.
    pub author: String,
}

/// What lies between two commits: `git log FROM..TO` and `git log TO..FROM`.
///
/// # Errors
/// When git cannot tell, in its own words.
pub fn changes(program: &Program, from: Option<&CommitId>, to: &CommitId) -> Result<Changes, Stop> {
    let Some(from) = from else {
        let (ships, ships_merges) = list(program, to.as_str())?;
        return Ok(of(Relation::Ahead, (ships, ships_merges), (Vec::new(), 0)));
    };
    if from == to {
        return Ok(of(Relation::Identical, (Vec::new(), 0), (Vec::new(), 0)));
    }
    let ships = || list(program, &format!("{from}..{to}"));
    let disappears = || list(program, &format!("{to}..{from}"));
    if is_ancestor(program, from, to)? {
        return Ok(of(Relation::Ahead, ships()?, (Vec::new(), 0)));
    }
    if is_ancestor(program, to, from)? {
        return Ok(of(Relation::Behind, (Vec::new(), 0), disappears()?));
    }
    Ok(of(Relation::Diverged, ships()?, disappears()?))
}

fn of(
    relation: Relation,
    ships: (Vec<Commit>, usize),
    disappears: (Vec<Commit>, usize),
) -> Changes {
    Changes {
        relation,
        ships: ships.0,
        ships_merges: ships.1,
        disappears: disappears.0,
        disappears_merges: disappears.1,
    }
}

/// Whether `new` has everything that `old` has: `git merge-base --is-ancestor`.
///
/// # Errors
/// When git cannot tell, in its own words.
pub fn is_ancestor(program: &Program, old: &CommitId, new: &CommitId) -> Result<bool, Stop> {
    let output = program.run(["merge-base", "--is-ancestor", old.as_str(), new.as_str()])?;
    match output.status.code() {
        Some(0) => Ok(true),
        Some(1) => Ok(false),
        _ => Err(Stop::Failed(failed(HISTORY, &output.stderr))),
    }
}

/// What a hash, or the first digits of one, stands for: `git rev-parse --disambiguate`, which looks at no ref.
///
/// # Errors
/// When git cannot tell, in its own words.
pub fn resolve_hash(program: &Program, hex: &str) -> Result<Found, Stop> {
    let names = program.read(HISTORY, ["rev-parse", &format!("--disambiguate={hex}")])?;
    if names.is_empty() {
        return Ok(Found::Missing);
    }
    let format = "--batch-check=%(objecttype) %(objectname)";
    let types = program.ask(HISTORY, ["cat-file", format], &names)?;
    let types = String::from_utf8_lossy(&types);
    let commits: Vec<_> = types
        .lines()
        .filter_map(|line| CommitId::parse(line.strip_prefix("commit ")?))
        .collect();
    match commits.as_slice() {
        // Nothing but a commit can be meant where a commit is reported.
        [only] => Ok(Found::Commit(only.clone())),
        [] => Ok(Found::NotACommit(
            types.split(' ').next().unwrap_or_default().to_owned(),
        )),
        several => Ok(Found::Ambiguous(several.len())),
    }
}

/// The commit that a person named: `git rev-parse --verify --end-of-options REV^{commit}`.
///
/// # Errors
/// When it names none.
pub fn resolve_revision(program: &Program, rev: &str) -> Result<CommitId, Stop> {
    // What follows `:/` is text to look for in messages, up to the end, and always finds a commit.
    let peeled = if rev.starts_with(":/") {
        rev.to_owned()
    } else {
        format!("{rev}^{{commit}}")
    };
    let output = program.run(["rev-parse", "--verify", "--end-of-options", &peeled])?;
    let text = String::from_utf8_lossy(&output.stdout);
    let id = text
        .lines()
        .last()
        .and_then(CommitId::parse)
        .filter(|_| output.status.success());
    id.ok_or_else(|| {
        let error = format!("{rev:?} names no commit here");
        let mut report = failed(&error, &output.stderr);
        report
            .because
            .retain(|cause| cause != "Needed a single revision");
        let log = Typed::other("git log --oneline --all");
        let report = report.run("if it is on a remote", Typed::other("git fetch --all"));
        Stop::Misused(report.run("or look for it", log))
    })
}

/// Single commits, in the order asked for: `git log --no-walk`.
///
/// # Errors
/// When one is missing.
pub fn commits(program: &Program, ids: &[CommitId]) -> Result<Vec<Commit>, Stop> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let input = lines(ids);
    let shorts = oneline(&log(
        program,
        &["--oneline", "--no-walk=unsorted", "--stdin"],
        &input,
    )?)?;
    let details = details(&log(
        program,
        &[DETAILS, "--date=raw", "--no-walk=unsorted", "--stdin"],
        &input,
    )?)?;
    let (commits, _) = join(shorts, details, |_| true)?;
    let by_id: HashMap<_, _> = commits
        .into_iter()
        .map(|commit| (commit.id.clone(), commit))
        .collect();
    ids.iter()
        .map(|id| by_id.get(id).cloned().ok_or_else(unexpected))
        .collect()
}

/// All commits of a range with their messages, newest first: `git log FROM..TO`.
///
/// # Errors
/// When git cannot tell, in its own words.
pub fn landed(
    program: &Program,
    from: Option<&CommitId>,
    to: &CommitId,
) -> Result<Vec<Landed>, Stop> {
    let range = from.map_or_else(|| to.to_string(), |from| format!("{from}..{to}"));
    // Neither a hash nor a folded subject holds a line's end, and no message a NUL: none can look like another record.
    let args = [
        "--format=tformat:%H%n%P%n%s%n%b",
        "--encoding=UTF-8",
        MOST_LANDED,
        &range,
        "--",
    ];
    records(&log(program, &args, b"")?)
        .map(|record| message(record).ok_or_else(unexpected))
        .collect()
}

/// What landed before these is for the history, and not for a post.
const MOST_LANDED: &str = "--max-count=2000";

fn message(record: &[u8]) -> Option<Landed> {
    let text = String::from_utf8_lossy(record);
    let mut fields = text.splitn(4, '\n');
    Some(Landed {
        id: CommitId::parse(fields.next()?)?,
        parents: fields
            .next()?
            .split_whitespace()
            .map(CommitId::parse)
            .collect::<Option<_>>()?,
        subject: fields.next()?.to_owned(),
        body: fields.next()?.trim_end().to_owned(),
    })
}

/// The names of the empty tree, which git knows in every repository.
const EMPTY_TREE: &str = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";
const EMPTY_TREE_SHA256: &str = "6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321";

/// The name of the empty tree among objects that are called as this commit is.
pub(super) fn empty_tree(to: &CommitId) -> &'static str {
    if to.as_str().len() == EMPTY_TREE.len() {
        EMPTY_TREE
    } else {
        EMPTY_TREE_SHA256
    }
}

/// The files between two commits that match a pattern: `git diff-tree -r --name-only --no-renames FROM TO -- PATTERN...`.
///
/// # Errors
/// When git cannot tell, in its own words.
pub fn touched(
    program: &Program,
    from: Option<&CommitId>,
    to: &CommitId,
    patterns: &[String],
) -> Result<Vec<String>, Stop> {
    if patterns.is_empty() || from == Some(to) {
        return Ok(Vec::new());
    }
    let trees = [
        from.map_or(empty_tree(to), CommitId::as_str),
        to.as_str(),
        "--",
    ];
    // What `.gitmodules` would have ignored is deployed, too.
    let fixed = [
        "diff-tree",
        "-r",
        "-z",
        "--name-only",
        "--no-renames",
        "--ignore-submodules=none",
    ];
    let patterns: Vec<String> = patterns.iter().map(|pattern| pathspec(pattern)).collect();
    let args = fixed
        .into_iter()
        .chain(trees)
        .chain(patterns.iter().map(String::as_str));
    let names = program.read("git cannot compare the files", args)?;
    Ok(records(&names)
        .map(|name| String::from_utf8_lossy(name).into_owned())
        .collect())
}

/// A pattern as git takes it: from the top, and with no magic but that of `*`, `**`, `?` and `[ ]`.
fn pathspec(pattern: &str) -> String {
    // git would take both for the name of a folder as it stands, which matches nothing.
    let pattern = pattern.trim_start_matches("./");
    let inside = if pattern.ends_with('/') { "**" } else { "" };
    format!(":(top,glob){pattern}{inside}")
}

/// Subjects and authors as git prints them, whatever encoding they are stored in: `git log --no-walk`.
///
/// # Errors
/// When git cannot read one, in its own words.
pub fn spell(program: &Program, ids: &[CommitId]) -> Result<HashMap<CommitId, Spelling>, Stop> {
    let format = "--format=tformat:%H%n%an%n%s";
    let text = log(
        program,
        &[format, "--no-walk=unsorted", "--stdin"],
        &lines(ids),
    )?;
    records(&text)
        .map(|record| {
            let mut fields = record.splitn(3, |&b| b == b'\n').map(<[u8]>::to_vec);
            let (id, author, subject) = (fields.next(), fields.next(), fields.next());
            let id = id.and_then(|id| CommitId::parse(&String::from_utf8_lossy(&id)));
            let author = author.map(|author| String::from_utf8_lossy(&author).into_owned());
            match (id, author, subject) {
                (Some(id), Some(author), Some(subject)) => Ok((id, Spelling { subject, author })),
                _ => Err(unexpected()),
            }
        })
        .collect()
}

/// The commits of a range that are no merges, and how many merges there are.
///
/// Two children: the first prints the very lines, for their abbreviations depend on what git has read before.
fn list(program: &Program, range: &str) -> Result<(Vec<Commit>, usize), Stop> {
    thread::scope(|scope| {
        let shorts = scope.spawn(|| log(program, &["--oneline", "--no-merges", range, "--"], b""));
        let details = details(&log(program, &[DETAILS, "--date=raw", range, "--"], b"")?)?;
        let shorts = shorts.join().map_err(|_| unexpected())??;
        join(oneline(&shorts)?, details, |detail| detail.parents < 2)
    })
}

fn log(program: &Program, args: &[&str], input: &[u8]) -> Result<Vec<u8>, Stop> {
    let fixed = [
        "-c",
        "log.showSignature=false",
        "log",
        "-z",
        "--no-color",
        "--no-decorate",
        "--no-mailmap",
    ];
    program.ask(HISTORY, fixed.iter().chain(args), input)
}

const DETAILS: &str = "--format=tformat:%H%n%P%n%an%n%ad%n%ct";

struct Details {
    id: CommitId,
    parents: usize,
    author: String,
    authored: (i64, i32),
    committed: i64,
}

fn details(text: &[u8]) -> Result<Vec<Details>, Stop> {
    records(text)
        .map(|record| detail(record).ok_or_else(unexpected))
        .collect()
}

fn detail(record: &[u8]) -> Option<Details> {
    let text = String::from_utf8_lossy(record);
    let mut fields = text.split('\n');
    Some(Details {
        id: CommitId::parse(fields.next()?)?,
        parents: fields.next()?.split_whitespace().count(),
        author: fields.next()?.to_owned(),
        authored: object::raw_date(fields.next()?),
        committed: i64::try_from(object::number(fields.next()?)).unwrap_or(i64::MAX),
    })
}

/// Abbreviation and subject of every line.
fn oneline(text: &[u8]) -> Result<Vec<(String, Vec<u8>)>, Stop> {
    let line = |record: &[u8]| {
        let space = record.iter().position(|&b| b == b' ')?;
        let (short, subject) = record.split_at_checked(space)?;
        Some((
            String::from_utf8_lossy(short).into_owned(),
            subject.get(1..)?.to_vec(),
        ))
    };
    records(text)
        .map(|record| line(record).ok_or_else(unexpected))
        .collect()
}

/// Puts together what two children said of the same commits, and counts those that are not wanted.
fn join(
    lines: Vec<(String, Vec<u8>)>,
    details: Vec<Details>,
    wanted: impl Fn(&Details) -> bool,
) -> Result<(Vec<Commit>, usize), Stop> {
    let total = details.len();
    let details: Vec<_> = details.into_iter().filter(wanted).collect();
    let merges = total - details.len();
    if details.len() != lines.len()
        || details
            .iter()
            .zip(&lines)
            .any(|(detail, line)| !detail.id.as_str().starts_with(&line.0))
    {
        return Err(unexpected());
    }
    let commits = details
        .into_iter()
        .zip(lines)
        .map(|(detail, (short, subject))| Commit {
            id: detail.id,
            short,
            subject,
            author: detail.author,
            authored: detail.authored,
            committed: detail.committed,
        });
    Ok((commits.collect(), merges))
}

fn records(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.strip_suffix(b"\0")
        .filter(|text| !text.is_empty())
        .into_iter()
        .flat_map(|text| text.split(|&b| b == 0))
}

fn lines(ids: &[CommitId]) -> Vec<u8> {
    ids.iter()
        .flat_map(|id| [id.as_str(), "\n"])
        .collect::<String>()
        .into_bytes()
}

fn unexpected() -> Stop {
    Stop::Failed(Report::new(HISTORY).because("git log printed something unexpected"))
}

/// Which of these commits make the same change as one of those: `git diff-tree -p --stdin | git patch-id --stable`.
///
/// # Errors
/// When git cannot read them, in its own words.
pub fn same_changes(
    program: &Program,
    these: &[CommitId],
    those: &[CommitId],
) -> Result<HashMap<CommitId, CommitId>, Stop> {
    let what = "git cannot compare the changes";
    let names: String = these
        .iter()
        .chain(those)
        .map(|id| format!("{id}\n"))
        .collect();
    let diff = [
        "diff-tree",
        "--stdin",
        "-p",
        "-r",
        "--root",
        "--no-ext-diff",
        "--no-textconv",
        "--no-renames",
    ];
    let patches = program.ask(what, diff, names.as_bytes())?;
    let told = program.ask(what, ["patch-id", "--stable"], &patches)?;
    let told = String::from_utf8_lossy(&told);
    let pairs = told.lines().filter_map(|line| line.split_once(' '));
    let patch_of: HashMap<CommitId, &str> = pairs
        .filter_map(|(patch, id)| Some((CommitId::parse(id.trim())?, patch)))
        .collect();
    let by_patch: HashMap<&str, &CommitId> = those
        .iter()
        .filter_map(|id| Some((*patch_of.get(id)?, id)))
        .collect();
    let same = |id: &CommitId| Some((id.clone(), (*by_patch.get(patch_of.get(id)?)?).clone()));
    Ok(these.iter().filter_map(same).collect())
}
