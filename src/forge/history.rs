//! Finds the commit of the main line that brought each other commit, from this clone: the forge does not tell that.

use std::collections::HashMap;

use crate::core::words::CommitId;
use crate::git::Repo;

/// The maximum number of commits that git lists.
const MOST: usize = 2000;

/// The commits before a tip.
#[derive(Debug, Default)]
pub struct MainLine {
    /// The main line: the tip, its first parent, and so on.
    pub line: Vec<CommitId>,
    /// The commit of the main line that brought each commit.
    landing: HashMap<CommitId, CommitId>,
    parents: HashMap<CommitId, Vec<CommitId>>,
}

impl MainLine {
    /// Reads the commits between each of `from` and `to`. It is empty if they are too many or unreadable.
    pub fn read(repo: &Repo, from: &[Option<&CommitId>], to: &CommitId) -> Self {
        let mut parents = HashMap::new();
        for one in from {
            let landed = repo.landed(*one, to).unwrap_or_default();
            if landed.len() >= MOST {
                return Self::default();
            }
            parents.extend(landed.into_iter().map(|commit| (commit.id, commit.parents)));
        }
        Self::of(parents, to)
    }

    /// Builds it from commits with their parents; no commit between two of them may be missing.
    fn of(parents: HashMap<CommitId, Vec<CommitId>>, to: &CommitId) -> Self {
        let mut line = Vec::new();
        let mut next = Some(to);
        while let Some((id, before)) = next.and_then(|id| parents.get_key_value(id)) {
            line.push(id.clone());
            next = before.first();
        }
        let mut landing = HashMap::new();
        for at in line.iter().rev() {
            let mut open = vec![at];
            while let Some(id) = open.pop() {
                let Some(before) = parents.get(id).filter(|_| !landing.contains_key(id)) else {
                    continue;
                };
                landing.insert(id.clone(), at.clone());
                open.extend(before);
            }
        }
        Self {
            line,
            landing,
            parents,
        }
    }

    /// Returns the commit of the main line that brought this one: itself, or the merge.
    pub fn landing(&self, id: &CommitId) -> Option<&CommitId> {
        self.landing.get(id)
    }

    pub fn is_merge(&self, id: &CommitId) -> bool {
        self.parents
            .get(id)
            .is_some_and(|parents| parents.len() > 1)
    }
}

pub fn is_merge(repo: &Repo, id: &CommitId) -> bool {
    let second = format!("{id}^2");
    let args = ["rev-parse", "--verify", "--quiet", &second];
    repo.program().read("git cannot look", args).is_ok()
}

/// Returns whether a merge contains no changes of its own: git's merge of its two parents gives the same result. Its
/// author in git is the person who merged, who is often the approver.
pub fn is_automatic(repo: &Repo, merge: &CommitId) -> bool {
    let (id, program) = (merge.as_str(), repo.program());
    let tree = |args: &[&str]| {
        let told = program.text("git cannot merge", args).ok()?;
        told.lines().next().map(str::to_owned)
    };
    let more = format!("{id}^3");
    let has_more = tree(&["rev-parse", "--verify", "--quiet", &more]).is_some();
    let is = tree(&[
        "rev-parse",
        "--verify",
        "--quiet",
        &format!("{id}^{{tree}}"),
    ]);
    let made = tree(&[
        "merge-tree",
        "--write-tree",
        &format!("{id}^1"),
        &format!("{id}^2"),
    ]);
    !has_more && is.is_some() && is == made
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: usize) -> CommitId {
        CommitId::parse(&format!("{number:040x}")).unwrap()
    }

    fn history(parents: &[(usize, &[usize])]) -> MainLine {
        let parents = parents
            .iter()
            .map(|(one, before)| (id(*one), before.iter().map(|one| id(*one)).collect()));
        MainLine::of(parents.collect(), &id(9))
    }

    #[test]
    fn each_commit_came_by_the_oldest_of_the_main_line_that_has_it() {
        // 7 merged 3 and 4, after 5 had merged 6 into that branch; 2, 8 and 9 are on the main line.
        let history = history(&[
            (9, &[8]),
            (8, &[7]),
            (7, &[2, 4]),
            (4, &[5]),
            (5, &[3, 6]),
            (6, &[2]),
            (3, &[1]),
            (2, &[1]),
        ]);
        let line: Vec<CommitId> = [9, 8, 7, 2].map(id).to_vec();
        assert_eq!(history.line, line);
        for (one, at) in [
            (9, 9),
            (8, 8),
            (7, 7),
            (4, 7),
            (5, 7),
            (6, 7),
            (3, 7),
            (2, 2),
        ] {
            assert_eq!(history.landing(&id(one)), Some(&id(at)), "{one}");
        }
        assert_eq!(history.landing(&id(1)), None);
        assert!(history.is_merge(&id(7)) && !history.is_merge(&id(2)));
    }
}
