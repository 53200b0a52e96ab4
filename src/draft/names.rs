//! What people would call a commit, as far as its message tells.

use crate::model::Landed;

/// What a commit is called.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Name {
    /// Its title, without the number; `None` for noise.
    pub title: Option<String>,
    /// The number of its pull request.
    pub number: Option<u64>,
    /// Whether the title is that of a pull request, and stands for all that a merge brought.
    pub covers: bool,
}

/// Reads the name of a commit off its message.
pub fn name(commit: &Landed) -> Name {
    let (subject, body) = (commit.subject.trim(), commit.body.trim());
    if let Some((title, number)) = request(subject, body) {
        let title = title
            .filter(|title| !is_noise(title, false))
            .map(|title| split_number(title).0.to_owned());
        return Name {
            covers: title.is_some(),
            title,
            number,
        };
    }
    if subject.is_empty() || is_noise(subject, commit.parents.len() > 1) {
        return Name::default();
    }
    let (title, number) = split_number(subject);
    Name {
        title: Some(title.to_owned()),
        number,
        covers: false,
    }
}

/// `Title (#425)` or `Title (!12)`: the title, and the number where there is one.
pub fn split_number(text: &str) -> (&str, Option<u64>) {
    let split = || {
        let (title, number) = text.trim_end().strip_suffix(')')?.rsplit_once('(')?;
        let number = number.strip_prefix(['#', '!'])?;
        let title = title.trim();
        (!title.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())).then_some(())?;
        Some((title, Some(number.parse().ok()?)))
    };
    split().unwrap_or((text.trim(), None))
}

/// The title, where it is told, and the number of a pull request that a host merged.
fn request<'a>(subject: &'a str, body: &'a str) -> Option<(Option<&'a str>, Option<u64>)> {
    github(subject, body)
        .or_else(|| gitlab(subject, body))
        .or_else(|| bitbucket(subject, body))
        .or_else(|| gitea(subject))
        .or_else(|| azure(subject))
}

/// `Merge pull request #12 from someone/branch`
fn github<'a>(subject: &str, body: &'a str) -> Option<(Option<&'a str>, Option<u64>)> {
    let rest = subject.strip_prefix("Merge pull request #")?;
    Some((title_in(body), leading_number(rest)))
}

/// `Merge branch 'x' into 'main'`, and at the end of the body `See merge request group/project!12`
fn gitlab<'a>(subject: &str, body: &'a str) -> Option<(Option<&'a str>, Option<u64>)> {
    subject.starts_with("Merge branch '").then_some(())?;
    let (_, reference) = body.rsplit_once("See merge request ")?;
    let number = reference
        .rsplit_once('!')
        .and_then(|(_, number)| leading_number(number));
    Some((title_in(body), number))
}

/// `Merged in branch (pull request #12)`
fn bitbucket<'a>(subject: &str, body: &'a str) -> Option<(Option<&'a str>, Option<u64>)> {
    let (_, number) = subject
        .strip_prefix("Merged in ")?
        .rsplit_once("(pull request #")?;
    Some((title_in(body), leading_number(number)))
}

/// `Merge pull request 'Title' (#12) from someone/branch into main`, also of Forgejo
fn gitea(subject: &str) -> Option<(Option<&str>, Option<u64>)> {
    let (title, rest) = subject
        .strip_prefix("Merge pull request '")?
        .rsplit_once("' (#")?;
    Some((
        Some(title).filter(|title| !title.trim().is_empty()),
        leading_number(rest),
    ))
}

/// `Merged PR 12: Title`
fn azure(subject: &str) -> Option<(Option<&str>, Option<u64>)> {
    let (number, title) = subject.strip_prefix("Merged PR ")?.split_once(": ")?;
    Some((
        Some(title).filter(|title| !title.trim().is_empty()),
        Some(number.parse().ok()?),
    ))
}

fn leading_number(text: &str) -> Option<u64> {
    let end = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    text.get(..end)?.parse().ok()
}

/// The first line that says something, unless it is what hosts add of their own.
fn title_in(body: &str) -> Option<&str> {
    let line = body.lines().map(str::trim).find(|line| !line.is_empty())?;
    let approved = line
        .split_once(' ')
        .is_some_and(|(word, _)| word.to_ascii_lowercase().ends_with("-by:"));
    (!approved && !line.starts_with("See merge request ")).then_some(line)
}

/// Whether a subject tells of git's work and of no change.
fn is_noise(subject: &str, is_merge: bool) -> bool {
    let unfinished = ["fixup!", "squash!", "amend!"]
        .iter()
        .any(|mark| subject.starts_with(mark));
    // A change may begin with this word, a merge that does is no change.
    let merge = is_merge && (subject.starts_with("Merge ") || subject.starts_with("Merged "));
    unfinished || merge || subject.strip_prefix("Merge ").is_some_and(is_merged)
}

/// What git and the hosts say after "Merge": "Merge tag filters into one list" is somebody's change, and no merge.
fn is_merged(what: &str) -> bool {
    let kinds = [
        "branch",
        "branches",
        "remote branch",
        "tag",
        "tags",
        "commit",
        "commits",
    ];
    let quoted = |kind: &&str| {
        what.strip_prefix(*kind)
            .is_some_and(|name| name.starts_with(" '"))
    };
    let hosts = ["remote-tracking branch", "pull request #", "pull request '"];
    kinds.iter().any(quoted)
        || hosts.iter().any(|words| what.starts_with(words))
        || is_plain_branch(what)
}

/// `branch main`, `branch main into feature`: as somebody types it.
fn is_plain_branch(what: &str) -> bool {
    let words: Vec<&str> = what.split_whitespace().collect();
    matches!(
        words.as_slice(),
        ["branch", _] | ["branch", _, "into" | "of", _]
    )
}
