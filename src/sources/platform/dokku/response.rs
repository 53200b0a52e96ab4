//! Parses Dokku's answers. Formats: `plugins/git/report.go`, `plugins/ps/report.go`, `plugins/apps/subcommands.go` and
//! `plugins/builds/builds.go` of Dokku 0.38.27; before 0.38 `plugins/git/internal-functions` of 0.30.0 and 0.37.0.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;

use crate::core::text::visible;
use crate::core::typed::Typed;
use crate::core::words::{CommitId, Release, ReleaseStatus};
use crate::git::host::HostAnswer;

/// Dokku's default deploy branch.
const USUAL_BRANCH: &str = "master";

#[derive(Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// By key, without the kind of the report: `sha`, `deploy-branch`, `running`.
    values: BTreeMap<String, String>,
    is_locked: bool,
    builds: Vec<DokkuBuild>,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
struct DokkuBuild {
    id: String,
    started_at: String,
    status: String,
    /// The status, but `abandoned` if the building process is gone.
    display_status: Option<String>,
}

/// Parses a report as one object of texts; `None` if it is not one.
pub fn object(text: &str, kind: &str) -> Option<Told> {
    let values: BTreeMap<String, String> = serde_json::from_str(text).ok()?;
    let mut told = Told::default();
    for (key, value) in values {
        told.take(kind, &key, &value);
    }
    Some(told)
}

/// Returns whether this Dokku cannot answer with JSON.
pub fn knows_no_format(said: &str) -> bool {
    said.contains("Invalid flag passed") || said.contains("unknown flag: --format")
}

pub fn is_not_deployed(said: &str) -> bool {
    said.contains("not deployed")
}

/// Returns the first line of the answer, without Dokku's arrows and exclamation marks.
pub fn first_words(said: &str, out: &str) -> String {
    let all = said.lines().chain(out.lines()).map(str::trim);
    let mut all = all.map(|line| line.trim_start_matches(['!', '-', '=', '>', ' ']));
    visible(
        all.find(|line| !line.is_empty())
            .unwrap_or("it says nothing"),
    )
}

impl Told {
    /// Parses the answer of `apps:locked`; `None` if it does not say whether deploys are locked. A Dokku before 0.13 has
    /// no such command.
    pub fn locked(answer: &HostAnswer) -> Option<Self> {
        let free = ["Deploy lock does not exist", "is not a dokku command"];
        let is_free = free.iter().any(|words| answer.said.contains(words));
        (answer.succeeded || is_free).then(|| Self {
            is_locked: answer.succeeded,
            ..Self::default()
        })
    }

    /// Parses the recorded deploys; empty if this Dokku records none.
    pub fn builds(answer: &HostAnswer) -> Self {
        let builds = serde_json::from_str(&answer.out).ok();
        Self {
            builds: builds.filter(|_| answer.succeeded).unwrap_or_default(),
            ..Self::default()
        }
    }

    /// Adds a value: newer versions omit the kind in the key, some have both.
    pub fn take(&mut self, kind: &str, key: &str, value: &str) {
        let start = format!("{kind}-");
        let key = key.strip_prefix(&start).unwrap_or(key);
        let value = value.trim().to_owned();
        self.values.insert(key.to_owned(), value);
    }

    pub fn and(mut self, other: Self) -> Self {
        self.values.extend(other.values);
        self.is_locked |= other.is_locked;
        self.builds.extend(other.builds);
        self
    }

    fn value(&self, key: &str) -> Option<&str> {
        let value = self.values.get(key).map(String::as_str);
        value.filter(|value| !value.is_empty())
    }

    /// Returns the deployed commit of the branch, or its first digits; `None` if nothing was deployed.
    pub fn sha(&self) -> Option<&str> {
        let is_deployed = self.value("deployed") != Some("false");
        self.value("sha").filter(|_| is_deployed)
    }

    pub fn deploy_branch(&self) -> &str {
        let keys = [
            "deploy-branch",
            "computed-deploy-branch",
            "global-deploy-branch",
        ];
        let mut set = keys.iter().filter_map(|key| self.value(key));
        set.next().unwrap_or(USUAL_BRANCH)
    }

    /// Returns whether it builds pushes without deploying them. Versions before 0.38 do not tell.
    pub fn skips_deploys(&self) -> bool {
        self.value("computed-skip-deploy") == Some("true")
    }

    /// Returns the app's own deploy branch; `None` without one. Before 0.38 Dokku answers with the server's branch if
    /// the app has none, so an app's own that is the same is not told from it.
    pub fn own_deploy_branch(&self) -> Option<&str> {
        let is_new = self.values.contains_key("computed-deploy-branch");
        let servers = self.value("global-deploy-branch").unwrap_or(USUAL_BRANCH);
        let own = self.value("deploy-branch");
        own.filter(|own| is_new || *own != servers)
    }

    fn newest(&self) -> Option<&DokkuBuild> {
        self.builds.iter().max_by_key(|build| build.started())
    }

    /// Returns the status of the newest deploy, in Dokku's words.
    pub fn newest_build(&self) -> Option<String> {
        let word = self.newest()?.word();
        let words = ["running", "succeeded", "failed", "canceled", "abandoned"];
        words.contains(&word).then(|| word.to_owned())
    }

    /// Returns releases, newest first: a running or failed deploy, and the deployed commit.
    /// `typed` makes a command about the app, with a last argument.
    pub fn releases(
        &self,
        commit: Option<CommitId>,
        typed: impl Fn(&str, &str) -> Typed,
    ) -> Vec<Release> {
        let newest = self.newest();
        let status = match newest.map(DokkuBuild::word) {
            Some("running") => Some(ReleaseStatus::Building),
            // A lock without a deploy: this Dokku records none, or somebody set it.
            _ if self.is_locked => Some(ReleaseStatus::Locked),
            Some("failed" | "canceled" | "abandoned") => Some(ReleaseStatus::Failed),
            _ => None,
        };
        let version = newest.map_or(0, |build| build.started());
        let id = newest.map_or_else(|| "there".to_owned(), |build| visible(&build.id));
        let release = Release {
            called: id.clone(),
            id,
            version,
            status: ReleaseStatus::Succeeded,
            current: self.value("running") != Some("false"),
            eligible: false,
            slug: None,
            commit,
            created: None,
            output: typed("ps:report", ""),
        };
        let log = newest.filter(|build| build.has_plain_id());
        let later = status.map(|status| Release {
            status,
            current: false,
            commit: None,
            output: log.map_or(release.output.clone(), |build| {
                typed("builds:output", &build.id)
            }),
            ..release.clone()
        });
        let deployed = release.commit.is_some().then_some(release);
        later.into_iter().chain(deployed).collect()
    }
}

impl DokkuBuild {
    fn started(&self) -> u64 {
        let at = self.started_at.parse::<Timestamp>();
        at.map_or(0, |at| at.as_second().unsigned_abs())
    }

    /// Returns whether the id can be part of a command.
    fn has_plain_id(&self) -> bool {
        let mut all = self.id.chars();
        all.all(|one| one.is_ascii_alphanumeric() || one == '-') && !self.id.starts_with('-')
    }

    fn word(&self) -> &str {
        self.display_status.as_deref().unwrap_or(&self.status)
    }
}
