//! Reads a forge's answers about issues and comments, including broken and hostile ones.

use std::collections::{BTreeSet, HashSet};

use reqwest::Url;
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::core::address::is_made_of;
use crate::forge::issue::Numbered;

const LOGIN: usize = 255;
const ADDRESS: usize = 500;
/// The number of accounts in one call.
const ACCOUNTS: usize = 50;
/// The developer role, the lowest that may push.
const DEVELOPER: u64 = 30;

/// An issue, or a comment. Only needed fields are read, and a missing one is unknown.
#[derive(Deserialize)]
pub struct IssueEntry {
    pub id: Option<u64>,
    number: Option<u64>,
    iid: Option<u64>,
    pub body: Option<String>,
    pub description: Option<String>,
    html_url: Option<String>,
    web_url: Option<String>,
    user: Option<ForgeUser>,
    author: Option<ForgeUser>,
    author_association: Option<String>,
    created_at: Option<String>,
    updated_at: Option<String>,
    /// On GitHub a pull request is an issue too, and others may have written its text.
    pub pull_request: Option<IgnoredAny>,
    /// True if GitLab wrote it itself.
    #[serde(default)]
    pub system: bool,
}

#[derive(Clone, Deserialize)]
pub struct ForgeUser {
    id: Option<u64>,
    login: Option<String>,
    username: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
    bot: Option<bool>,
}

#[derive(Deserialize)]
pub struct Membership {
    pub id: u64,
    state: String,
    access_level: u64,
    membership_state: Option<String>,
}

#[derive(Deserialize)]
pub struct Tracking {
    has_issues: Option<bool>,
    issues_access_level: Option<String>,
}

/// The number of characters to keep of a text: at the beginning more than a verdict may have, and at the end the mark.
const HEAD: usize = 2200;
const TAIL: usize = 400;

impl Numbered for IssueEntry {
    fn number(&self) -> u64 {
        self.id.or(self.iid).or(self.number).unwrap_or_default()
    }

    fn shorten(&mut self) {
        for text in [&mut self.body, &mut self.description] {
            if let Some(long) = text.as_ref().filter(|text| text.len() > HEAD + TAIL) {
                *text = Some(both_ends(long.trim()));
            }
        }
    }
}

/// Returns the beginning and the end of a text, because anybody may write a very long one.
fn both_ends(text: &str) -> String {
    let head: String = text.chars().take(HEAD).collect();
    let rest = text.get(head.len()..).unwrap_or_default();
    let tail = rest.char_indices().rev().take(TAIL).last();
    let tail = tail.and_then(|(at, _)| rest.get(at..)).unwrap_or_default();
    format!("{head}\n{tail}")
}

impl Numbered for Membership {
    fn number(&self) -> u64 {
        self.id
    }
}

impl ForgeUser {
    /// Returns its login, if it is valid: it appears in messages, addresses and the record.
    pub fn login(&self) -> Option<String> {
        let login = self.login.as_ref().or(self.username.as_ref())?;
        let is_fit = is_made_of(login, "-_.[]") && (1..=LOGIN).contains(&login.len());
        is_fit.then(|| login.clone())
    }

    pub fn person(&self) -> Option<String> {
        self.login().filter(|_| !self.is_app())
    }

    /// Returns whether it is an app's, such as a workflow or a project token: several people act through it.
    fn is_app(&self) -> bool {
        let is_told = self.bot == Some(true) || self.kind.as_deref() == Some("Bot");
        is_told || self.login().is_some_and(|login| is_apps(&login))
    }
}

impl IssueEntry {
    pub fn issue_number(&self) -> Option<u64> {
        self.number.or(self.iid)
    }

    pub fn login(&self) -> Option<String> {
        self.by()?.login()
    }

    pub fn person(&self) -> Option<String> {
        self.by()?.person()
    }

    pub fn is_of_app(&self) -> bool {
        self.by().is_some_and(ForgeUser::is_app)
    }

    pub fn account(&self) -> Option<u64> {
        self.by()?.id
    }

    /// Returns the time of writing in seconds since 1970; `i64::MIN` if the forge does not give one.
    pub fn created(&self) -> i64 {
        let at = self.created_at.as_ref();
        let at = at.and_then(|at| at.parse::<jiff::Timestamp>().ok());
        at.map_or(i64::MIN, jiff::Timestamp::as_second)
    }

    fn by(&self) -> Option<&ForgeUser> {
        self.user.as_ref().or(self.author.as_ref())
    }

    /// Returns its page, if that is a valid address.
    pub fn address(&self) -> Option<String> {
        let address = self.html_url.as_ref().or(self.web_url.as_ref())?;
        let is_plain =
            address.len() <= ADDRESS && address.bytes().all(|byte| byte.is_ascii_graphic());
        let url = Url::parse(address).ok().filter(|_| is_plain)?;
        matches!(url.scheme(), "https" | "http").then(|| address.clone())
    }
}

/// Returns whether a login has the form for apps: GitHub's end in `[bot]`, GitLab's tokens contain the number of a
/// project or group, and service accounts have a prefix.
fn is_apps(login: &str) -> bool {
    let login = login.to_ascii_lowercase();
    let mut words = login.splitn(4, '_');
    let is_token = matches!(
        [words.next(), words.next(), words.next()],
        [Some("project" | "group"), Some(number), Some(bot)]
            if number.bytes().all(|byte| byte.is_ascii_digit()) && bot.starts_with("bot")
    );
    is_token || login.ends_with("[bot]") || login.starts_with("service_account_")
}

/// Returns whether GitHub says that the author may write or triage.
pub fn may_github(entry: &IssueEntry) -> bool {
    let association = entry.author_association.as_deref();
    matches!(association, Some("OWNER" | "MEMBER" | "COLLABORATOR"))
}

/// Returns which of these accounts may write, as GitLab says. `list` reads the members that a path of the project lists.
pub fn writers<E>(
    accounts: BTreeSet<u64>,
    list: impl Fn(&str) -> Result<Vec<Membership>, E>,
) -> Result<HashSet<u64>, E> {
    let accounts: Vec<u64> = accounts.into_iter().collect();
    let mut writers = HashSet::new();
    for some in accounts.chunks(ACCOUNTS) {
        let asked: Vec<String> = some.iter().map(|id| format!("user_ids[]={id}")).collect();
        let members = list(&format!("members/all?{}", asked.join("&")))?.into_iter();
        writers.extend(members.filter(may_write).map(|one| one.id));
    }
    Ok(writers)
}

fn may_write(member: &Membership) -> bool {
    let states = [Some(&member.state), member.membership_state.as_ref()];
    let mut states = states.into_iter().flatten();
    member.access_level >= DEVELOPER && states.all(|state| state == "active")
}

/// Returns whether it was edited; an unknown answer counts as edited.
pub fn is_edited(entry: &IssueEntry) -> bool {
    entry.created_at.is_none() || entry.created_at != entry.updated_at
}

impl Tracking {
    pub fn has_none(&self) -> bool {
        self.has_issues == Some(false) || self.issues_access_level.as_deref() == Some("disabled")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_app_is_no_person() {
        for (user, person) in [
            (r#"{"login": "rosi", "type": "User"}"#, Some("rosi")),
            (r#"{"login": "github-actions[bot]"}"#, None),
            (r#"{"login": "Copilot", "type": "Bot"}"#, None),
            (r#"{"username": "rosi", "bot": false}"#, Some("rosi")),
            (r#"{"username": "helper", "bot": true}"#, None),
            (r#"{"username": "project_12_bot_f00"}"#, None),
            (r#"{"username": "group_12_bot3"}"#, None),
            (r#"{"username": "service_account_group_1_f00"}"#, None),
            (r#"{"username": "project_x_bot"}"#, Some("project_x_bot")),
            (r#"{"username": "robot"}"#, Some("robot")),
        ] {
            let user: ForgeUser = serde_json::from_str(user).unwrap();
            assert_eq!(user.person().as_deref(), person);
        }
    }
}
