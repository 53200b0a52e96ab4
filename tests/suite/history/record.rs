//! A hand-written record: the chain of commits that a team's programs would write.

use crate::support::Deploy;

/// The events of a record, oldest first, each with its author and time.
#[derive(Default)]
pub struct Record {
    events: Vec<(String, i64, String)>,
}

impl Record {
    pub fn ada(&mut self, at: i64, trailers: &str) {
        self.add("Ada Example", at, trailers);
    }

    pub fn ben(&mut self, at: i64, trailers: &str) {
        self.add("Ben Example", at, trailers);
    }

    /// Adds an event from its trailers; the id is added.
    pub fn add(&mut self, by: &str, at: i64, trailers: &str) {
        let id = self.events.len() + 1;
        self.raw(
            by,
            at,
            &format!(
                "Something happened\n\nSmp-Id: {id:016x}\nSmp-Program: git-smp 0.1.0\n{trailers}"
            ),
        );
    }

    /// Adds a commit with exactly this message.
    pub fn raw(&mut self, by: &str, at: i64, message: &str) {
        self.events.push((by.into(), at, message.into()));
    }

    /// Writes everything to the record's ref of the main repository.
    #[track_caller]
    pub fn put(&self, deploy: &Deploy) {
        let mut stream = String::from("reset refs/smp/record\n");
        for (index, (by, at, message)) in self.events.iter().enumerate() {
            let state = format!(
                r#"{{"format":1,"events":{},"candidate":null,"deploying":null,"deploys":{{}},"owed":[]}}"#,
                index + 1
            );
            let who = format!("{by} <someone@example.com> {at} +0000");
            stream.push_str(&format!(
                "commit refs/smp/record\nauthor {who}\ncommitter {who}\ndata {}\n{message}\n\
                 M 644 inline state.json\ndata {}\n{state}\n",
                message.len(),
                state.len()
            ));
        }
        let runner = deploy.runner().cwd(&deploy.main).stdin(stream);
        runner
            .program("git", &["fast-import", "--quiet", "--force"])
            .ok();
    }
}

pub fn promoted(
    environment: &str,
    from: &str,
    to: &str,
    commits: u64,
    signed_off_by: &[&str],
) -> String {
    let signed: String = signed_off_by
        .iter()
        .map(|name| format!("Smp-Signed-Off-By: {name}\n"))
        .collect();
    deployed("promoted", environment, Some(from), to, commits) + &signed
}

/// A promotion to an empty environment.
pub fn first(environment: &str, to: &str, commits: u64) -> String {
    deployed("promoted", environment, None, to, commits)
}

pub fn rolled_back(environment: &str, from: &str, to: &str, commits: u64) -> String {
    deployed("rolled-back", environment, Some(from), to, commits)
}

/// A deploy to the environment for tests.
pub fn staged(environment: &str, from: &str, to: &str) -> String {
    deployed("staged", environment, Some(from), to, 1)
}

/// A fix of the candidate.
pub fn fixed(environment: &str, from: &str, to: &str) -> String {
    deployed("staged-fix", environment, Some(from), to, 1)
}

fn deployed(word: &str, environment: &str, from: Option<&str>, to: &str, commits: u64) -> String {
    let from = from
        .map(|from| format!("Smp-From: {from}\n"))
        .unwrap_or_default();
    format!(
        "Smp-Event: {word}\nSmp-Commit: {to}\nSmp-Environment: {environment}\n{from}Smp-Commits: {commits}\n"
    )
}

/// A proposal.
pub fn proposed(environment: &str, commit: &str, target: &str, runs: &str) -> String {
    format!(
        "Smp-Event: proposed\nSmp-Commit: {commit}\nSmp-Environment: {environment}\nSmp-Target: {target} {runs}\n"
    )
}

pub fn signed_off(commit: &str, of: &str) -> String {
    format!("Smp-Event: signed-off\nSmp-Commit: {commit}\nSmp-Of: {of}\n")
}

/// The announcement of a promotion.
pub fn promoting(environment: &str, from: &str, to: &str) -> String {
    format!(
        "Smp-Event: promoting\nSmp-Commit: {to}\nSmp-Environment: {environment}\nSmp-From: {from}\n"
    )
}

/// A deploy outside git smp.
pub fn observed(environment: &str, from: &str, to: &str, since: i64, commits: u64) -> String {
    let deployed = deployed("observed", environment, Some(from), to, commits);
    format!("{deployed}Smp-Since: {since}\n")
}
