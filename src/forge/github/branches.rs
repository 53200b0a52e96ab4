//! GitHub's branch protection, version 3 of its API: whether a branch is protected, the rules of rulesets, which every
//! reader of the repository may see, and the older protection, which only administrators may see.

use reqwest::Url;
use std::collections::BTreeMap;

use serde::Deserialize;

use crate::core::decide::protection::{Protection, Takes};
use crate::core::decide::review::ForgeWords;
use crate::core::refusal::Report;
use crate::core::secret::Secret;
use crate::forge::github::GitHub;
use crate::forge::rest::{Rest, Software, in_path};
use crate::http::api::{Service, base};

/// The variable with the address of the API; GitHub's own runners set it.
pub const VARIABLE: &str = "GITHUB_API_URL";

const GITHUB: Software = Software {
    words: ForgeWords::GITHUB,
    token: "GH_TOKEN",
    address: VARIABLE,
    home: "github.com",
    version: "",
    size: "per_page",
    rights: "give the token the right to read the repository's metadata and contents",
};

/// The effect of a kind of rule on a push.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Bars {
    /// No push is possible.
    Push,
    /// No force-push is possible.
    Back,
    /// A push that fulfils it is possible.
    Nothing,
}

/// The kinds of rules for the push of a commit, by the API's names: `type` of `repository-rule-detailed`.
#[rustfmt::skip]
const RULES: &[(&str, Bars, &str)] = &[
    ("pull_request", Bars::Push, "a pull request"),
    ("merge_queue", Bars::Push, "a push through its merge queue"),
    ("update", Bars::Push, "an account that may bypass its rules"),
    ("non_fast_forward", Bars::Back, ""),
    ("required_status_checks", Bars::Nothing, "checks that have succeeded"),
    ("required_deployments", Bars::Nothing, "a deploy to another environment first"),
    ("required_linear_history", Bars::Nothing, "no merge commits"),
    ("required_signatures", Bars::Nothing, "signed commits"),
];

/// The kinds that do not affect a push of a commit to an existing branch.
const OTHERS: &[&str] = &[
    "creation",
    "deletion",
    "branch_name_pattern",
    "tag_name_pattern",
    "copilot_code_review",
];

#[derive(Deserialize)]
struct GitHubBranch {
    protected: bool,
    protection: Option<ClassicSummary>,
}

#[derive(Deserialize)]
struct ClassicSummary {
    enabled: Option<bool>,
}

#[derive(Deserialize)]
struct BranchRule {
    #[serde(rename = "type")]
    kind: String,
    ruleset_id: Option<u64>,
}

#[derive(Deserialize)]
struct Ruleset {
    current_user_can_bypass: Option<String>,
}

#[derive(Deserialize)]
struct ClassicProtection {
    required_pull_request_reviews: Option<serde_json::Value>,
    restrictions: Option<serde_json::Value>,
    required_status_checks: Option<serde_json::Value>,
    required_linear_history: Option<Switch>,
    required_signatures: Option<Switch>,
    lock_branch: Option<Switch>,
    allow_force_pushes: Option<Switch>,
    enforce_admins: Option<Switch>,
}

#[derive(Deserialize)]
struct Switch {
    enabled: bool,
}

fn is_on(switch: &Option<Switch>) -> bool {
    switch.as_ref().is_some_and(|one| one.enabled)
}

impl GitHub {
    /// Returns its REST API for this token. `address` replaces the default; that of another GitHub is ignored.
    pub fn rest(&self, address: Option<&str>, token: &Secret) -> Result<Rest, Report> {
        let base = self.rest_at(address)?;
        let service = Service::new("GitHub", base, token, "application/vnd.github+json")?;
        Ok(Rest::at(&GITHUB, self.shown(), service))
    }

    pub fn rest_at(&self, address: Option<&str>) -> Result<Url, Report> {
        let address = address.filter(|address| self.may_be_asked_at(address));
        let usual = match self.api.strip_suffix("/api/graphql") {
            Some(server) => format!("{server}/api/v3"),
            None => self.api.trim_end_matches("/graphql").to_owned(),
        };
        base(VARIABLE, address, &usual)
    }
}

pub fn protection(rest: &Rest, branch: &str) -> Result<Protection, Report> {
    let (path, name) = (format!("repos/{}", rest.repository), in_path(branch));
    let seen: Option<GitHubBranch> = rest.find(&format!("{path}/branches/{name}"))?;
    let seen = seen.ok_or_else(|| rest.not_found())?;
    let rules: Option<Vec<BranchRule>> =
        rest.find(&format!("{path}/rules/branches/{name}?per_page=100"))?;
    let rules = rules.unwrap_or_default();
    let mut protection = Protection::none();
    protection.is_protected = seen.protected || !rules.is_empty();
    let rules_of_push = rules
        .iter()
        .filter(|rule| !OTHERS.contains(&rule.kind.as_str()));
    // Each ruleset is requested once, whatever its number of rules.
    let mut passed = BTreeMap::new();
    for rule in rules_of_push {
        let known = RULES.iter().find(|(kind, ..)| *kind == rule.kind);
        let (bars, words) = match known {
            Some((_, bars, words)) => (*bars, (*words).to_owned()),
            None => (Bars::Nothing, format!("what {} asks for", rule.called())),
        };
        let passes = passed
            .entry(rule.ruleset_id)
            .or_insert_with_key(|id| passes(rest, &path, *id));
        protection.add(bars, &words, *passes);
    }
    let is_classic = seen.protection.and_then(|summary| summary.enabled);
    if seen.protected && is_classic != Some(false) {
        let classic: Option<ClassicProtection> =
            rest.peek(&format!("{path}/branches/{name}/protection"));
        match classic {
            Some(classic) => classic.add_to(&mut protection),
            // Rules of rulesets also make a branch protected.
            None if rules.is_empty() || is_classic == Some(true) => protection.is_unknown(),
            None => {}
        }
    }
    Ok(protection)
}

/// Returns whether the account may bypass a ruleset; `None` if that is not shown.
fn passes(rest: &Rest, path: &str, ruleset: Option<u64>) -> Option<bool> {
    let ruleset: Option<Ruleset> = rest.peek(&format!("{path}/rulesets/{}", ruleset?));
    match ruleset?.current_user_can_bypass?.as_str() {
        "always" | "exempt" => Some(true),
        "never" | "pull_requests_only" => Some(false),
        _ => None,
    }
}

impl BranchRule {
    /// Returns the name of its kind, if it is a word.
    fn called(&self) -> String {
        let mut bytes = self.kind.bytes();
        let is_word = bytes.all(|byte| byte.is_ascii_lowercase() || byte == b'_');
        match is_word && self.kind.len() <= 40 {
            true => format!("its rule {}", self.kind),
            false => "a rule of an unknown kind".to_owned(),
        }
    }
}

impl Protection {
    /// Adds a rule. `passes` is whether the account may bypass it, if known.
    fn add(&mut self, bars: Bars, words: &str, passes: Option<bool>) {
        if passes == Some(true) {
            return;
        }
        if !words.is_empty() && !self.wants.iter().any(|one| one == words) {
            self.wants.push(words.to_owned());
        }
        let barred = match passes {
            Some(_) => Takes::No,
            None => Takes::Unknown,
        };
        let takes = match bars {
            Bars::Push => &mut self.forward,
            Bars::Back => &mut self.back,
            Bars::Nothing => return,
        };
        if *takes != Takes::No {
            *takes = barred;
        }
    }

    /// Notes that more rules exist, which are not shown.
    fn is_unknown(&mut self) {
        for takes in [&mut self.forward, &mut self.back] {
            if *takes == Takes::Yes {
                *takes = Takes::Unknown;
            }
        }
    }
}

impl ClassicProtection {
    /// Adds the older protection. Only administrators can read it, and it binds them only if `enforce_admins` is set.
    fn add_to(self, protection: &mut Protection) {
        let passes = if is_on(&self.enforce_admins) {
            Some(false)
        } else {
            None
        };
        let wants = [
            (
                self.required_pull_request_reviews.is_some(),
                Bars::Push,
                "a pull request",
            ),
            (
                is_on(&self.lock_branch),
                Bars::Push,
                "the branch to be unlocked",
            ),
            (
                self.required_status_checks.is_some(),
                Bars::Nothing,
                "checks that have succeeded",
            ),
            (
                is_on(&self.required_linear_history),
                Bars::Nothing,
                "no merge commits",
            ),
            (
                is_on(&self.required_signatures),
                Bars::Nothing,
                "signed commits",
            ),
            (!is_on(&self.allow_force_pushes), Bars::Back, ""),
        ];
        for (is_wanted, bars, words) in wants {
            if is_wanted {
                protection.add(bars, words, passes);
            }
        }
        // The account is not compared with the list.
        if self.restrictions.is_some() {
            protection.add(Bars::Push, "a push by somebody on its list", None);
        }
    }
}
