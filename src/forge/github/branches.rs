//! What GitHub says of a branch, in version 3 of its API: whether it is protected, the rules of rulesets, which everybody
//! may read who may read the repository, and those of the older protection, which it shows to administrators.

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

/// The variable that says where the API is; GitHub's own runners set it.
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

/// What a kind of rule means for a push.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Bars {
    /// Nobody pushes.
    Push,
    /// Nobody pushes what goes back.
    Back,
    /// Pushes are taken that fulfil it.
    Nothing,
}

/// The kinds of rules that concern the push of a commit, by the API's names: `type` of `repository-rule-detailed`.
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

/// The kinds that concern no push of a commit to a branch that is there.
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
    /// Its REST API, for this token. `address`: where that is, in place of the usual; one of another GitHub is passed over.
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
    // Each ruleset is asked once, whatever it has of rules.
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
            // Rules of rulesets protect a branch as well.
            None if rules.is_empty() || is_classic == Some(true) => protection.is_unknown(),
            None => {}
        }
    }
    Ok(protection)
}

/// Whether the account may pass by the rules of a ruleset; `None`: it is not told.
fn passes(rest: &Rest, path: &str, ruleset: Option<u64>) -> Option<bool> {
    let ruleset: Option<Ruleset> = rest.peek(&format!("{path}/rulesets/{}", ruleset?));
    match ruleset?.current_user_can_bypass?.as_str() {
        "always" | "exempt" => Some(true),
        "never" | "pull_requests_only" => Some(false),
        _ => None,
    }
}

impl BranchRule {
    /// Its kind, where that is a word.
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
    /// Takes a rule in. `passes`: whether the account may pass by it, where that is known.
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

    /// There is more that it does not tell.
    fn is_unknown(&mut self) {
        for takes in [&mut self.forward, &mut self.back] {
            if *takes == Takes::Yes {
                *takes = Takes::Unknown;
            }
        }
    }
}

impl ClassicProtection {
    /// Who may read it administers the repository, and such an account is held to it only where it says so.
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
        // Whether the account is among them is not compared.
        if self.restrictions.is_some() {
            protection.add(Bars::Push, "a push by somebody on its list", None);
        }
    }
}
