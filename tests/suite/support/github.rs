//! GitHub's GraphQL API for one repository and one token: tests set the pull requests, reviews and checks of commits.

use std::collections::BTreeMap;
use std::io::BufReader;
use std::io::{self, Write};
use std::net::TcpStream;
use std::sync::{Arc, Mutex};

use serde_json::{Map, Value, json};

use super::wire::{Closing, Head, Listener, header, write_answer, write_head};

/// The repository that it serves.
pub const REPOSITORY: &str = "an-org/a-repo";

/// The server; it ends when it is dropped.
pub struct GitHubApi {
    shared: Arc<Shared>,
    listener: Listener,
}

struct Shared {
    token: String,
    state: Mutex<State>,
}

/// A fixed answer: status, headers and body.
type Instead = (u16, Vec<(String, String)>, String);

#[derive(Default)]
struct State {
    commits: BTreeMap<String, Value>,
    errors: Vec<Value>,
    instead: Option<Instead>,
    cut: bool,
    asked: Vec<(Head, Vec<u8>)>,
    under_way: usize,
    peak: usize,
}

impl GitHubApi {
    /// Starts the server for this token, without commits.
    pub fn start(token: &str) -> GitHubApi {
        let state = Mutex::default();
        let shared = Arc::new(Shared {
            token: token.to_owned(),
            state,
        });
        let serving = shared.clone();
        let listener = Listener::start(move |stream, closing| {
            let _ = serving.connection(&stream, closing);
        });
        GitHubApi { shared, listener }
    }

    /// Returns its address for `GITHUB_GRAPHQL_URL`.
    pub fn url(&self) -> String {
        format!("http://{}/graphql", self.listener.address)
    }

    /// Adds this commit, without a pull request and checks.
    pub fn commit(&self, commit: &str) -> &Self {
        self.change(commit, |_| {})
    }

    /// Adds a pull request into master for a commit, with the logins of approvals and change requests.
    pub fn pull_request(
        &self,
        commit: &str,
        number: u64,
        author: &str,
        merged: bool,
        (approvals, changes): (&[&str], &[&str]),
    ) -> &Self {
        let opinion =
            |state: &str, login: &&str| json!({"state": state, "author": {"login": login}});
        let opinions = approvals.iter().map(|login| opinion("APPROVED", login));
        let opinions: Vec<Value> = opinions
            .chain(
                changes
                    .iter()
                    .map(|login| opinion("CHANGES_REQUESTED", login)),
            )
            .collect();
        let pull = json!({
            "number": number,
            "merged": merged,
            "baseRefName": "master",
            "baseRepository": {"nameWithOwner": REPOSITORY},
            "author": {"login": author},
            "latestOpinionatedReviews": {"nodes": opinions},
        });
        self.change(commit, |node| {
            node["associatedPullRequests"]["nodes"]
                .as_array_mut()
                .unwrap()
                .push(pull)
        })
    }

    /// Sets the authors of a commit; by default it is somebody without an account.
    pub fn authors(&self, commit: &str, logins: &[&str]) -> &Self {
        let authors: Vec<Value> = logins
            .iter()
            .map(|login| json!({"user": {"login": login}}))
            .collect();
        self.change(commit, |node| node["authors"] = json!({"nodes": authors}))
    }

    /// Makes a commit GitHub's own merge of its last pull request, whose head is the second parent.
    pub fn merged_there(&self, commit: &str, parents: [&str; 2]) -> &Self {
        self.change_pull(commit, |pull| {
            (pull["mergeCommit"], pull["headRefOid"]) = (json!({"oid": commit}), json!(parents[1]));
        });
        self.change(commit, |node| {
            node["parents"] = json!({"nodes": parents.map(|parent| json!({"oid": parent}))});
            node["signature"] = json!({"isValid": true, "wasSignedByGitHub": true});
        })
    }

    /// Sets the target branch of a commit's last pull request.
    pub fn goes_into(&self, commit: &str, branch: &str) -> &Self {
        self.change_pull(commit, |pull| pull["baseRefName"] = branch.into())
    }

    /// Sets the state of a commit's checks: `SUCCESS`, `FAILURE`, `ERROR`, `PENDING`, `EXPECTED`.
    pub fn checks(&self, commit: &str, state: &str) -> &Self {
        self.change(commit, |node| {
            node["statusCheckRollup"] = json!({"state": state})
        })
    }

    fn change_pull(&self, commit: &str, change: impl FnOnce(&mut Value)) -> &Self {
        let last = |node: &mut Value| {
            change(
                node["associatedPullRequests"]["nodes"]
                    .as_array_mut()
                    .unwrap()
                    .last_mut()
                    .unwrap(),
            )
        };
        self.change(commit, last)
    }

    fn change(&self, commit: &str, change: impl FnOnce(&mut Value)) -> &Self {
        let nothing = || {
            let authors = json!({"nodes": [{"user": null}]});
            json!({"authors": authors, "associatedPullRequests": {"nodes": []}, "statusCheckRollup": null})
        };
        change(
            self.shared
                .state
                .lock()
                .unwrap()
                .commits
                .entry(commit.to_owned())
                .or_insert_with(nothing),
        );
        self
    }

    /// Answers a field of a commit with null and an error of this type.
    pub fn refuses(&self, kind: &str, path: &[&str]) -> &Self {
        let error = json!({"type": kind, "path": path, "message": "a message"});
        self.shared.state.lock().unwrap().errors.push(error);
        self
    }

    /// Answers every request with this.
    pub fn answers(&self, status: u16, headers: &[(&str, &str)], body: &str) -> &Self {
        let headers = headers
            .iter()
            .map(|(name, value)| header(name, value))
            .collect();
        self.shared.state.lock().unwrap().instead = Some((status, headers, body.to_owned()));
        self
    }

    /// Answers normally again.
    pub fn recovers(&self) -> &Self {
        let mut state = self.shared.state.lock().unwrap();
        (state.instead, state.cut) = (None, false);
        drop(state);
        self
    }

    /// Cuts every answer.
    pub fn breaks_off(&self) -> &Self {
        self.shared.state.lock().unwrap().cut = true;
        self
    }

    /// Returns the number of calls so far.
    pub fn calls(&self) -> usize {
        self.shared.state.lock().unwrap().asked.len()
    }

    /// Returns the maximum number of parallel calls.
    pub fn peak(&self) -> usize {
        self.shared.state.lock().unwrap().peak
    }

    /// Returns the heads of all calls so far.
    pub fn heads(&self) -> Vec<Head> {
        self.shared
            .state
            .lock()
            .unwrap()
            .asked
            .iter()
            .map(|(head, _)| head.clone())
            .collect()
    }

    /// Returns the bodies of all calls so far.
    pub fn bodies(&self) -> Vec<Value> {
        let state = self.shared.state.lock().unwrap();
        state
            .asked
            .iter()
            .map(|(_, body)| serde_json::from_slice(body).unwrap())
            .collect()
    }

    /// Returns the commits that each call asked for.
    pub fn asked_for(&self) -> Vec<Vec<String>> {
        let commits = |body: &Value| {
            aliases(body["query"].as_str().unwrap())
                .into_values()
                .collect()
        };
        self.bodies().iter().map(commits).collect()
    }
}

impl Shared {
    fn connection(&self, stream: &TcpStream, _: &Closing) -> io::Result<()> {
        let mut reader = BufReader::new(stream);
        let Some(head) = Head::read(&mut reader)? else {
            return Ok(());
        };
        {
            let mut state = self.state.lock().unwrap();
            state.under_way += 1;
            state.peak = state.peak.max(state.under_way);
        }
        let body = head.body(&mut reader, stream)?;
        self.answer(head, body, stream)
    }

    fn answer(&self, head: Head, body: Vec<u8>, mut stream: &TcpStream) -> io::Result<()> {
        let knows = head.header("authorization") == Some(&format!("Bearer {}", self.token));
        let question: Value = serde_json::from_slice(&body).unwrap_or_default();
        let mut state = self.state.lock().unwrap();
        let right =
            head.method == "POST" && head.path == "/graphql" && head.header("user-agent").is_some();
        state.asked.push((head, body));
        let (status, mut headers, text) = match &state.instead {
            Some(answer) => answer.clone(),
            None if !right => (404, Vec::new(), "{}".to_owned()),
            None if !knows => (
                401,
                Vec::new(),
                r#"{"message":"Bad credentials"}"#.to_owned(),
            ),
            None => (200, Vec::new(), state.told(&question).to_string()),
        };
        let cut = state.cut;
        // Before the answer is sent, because the client may send its next request at once.
        state.under_way -= 1;
        drop(state);
        headers.push(header("Content-Type", "application/json; charset=utf-8"));
        headers.push(header("Connection", "close"));
        if cut {
            headers.push(header("Content-Length", text.len() + 1000));
            write_head(stream, status, &headers)?;
            return stream.write_all(text.as_bytes());
        }
        write_answer(stream, status, &headers, text.as_bytes())
    }
}

impl State {
    fn told(&self, question: &Value) -> Value {
        let variables = &question["variables"];
        let named = format!(
            "{}/{}",
            variables["owner"].as_str().unwrap(),
            variables["name"].as_str().unwrap()
        );
        if named != REPOSITORY {
            let error = json!({"type": "NOT_FOUND", "path": ["repository"], "message": format!("no {named}")});
            return json!({"data": {"repository": null}, "errors": [error]});
        }
        let mut repository = Map::from_iter([("nameWithOwner".to_owned(), json!(REPOSITORY))]);
        for (alias, commit) in aliases(question["query"].as_str().unwrap()) {
            repository.insert(
                alias,
                self.commits.get(&commit).cloned().unwrap_or_default(),
            );
        }
        for error in &self.errors {
            let mut at = &mut repository;
            let path: Vec<&str> = error["path"]
                .as_array()
                .unwrap()
                .iter()
                .filter_map(Value::as_str)
                .collect();
            for step in &path[1..path.len() - 1] {
                at = at.get_mut(*step).unwrap().as_object_mut().unwrap();
            }
            at.insert(path[path.len() - 1].to_owned(), Value::Null);
        }
        let mut answer = json!({"data": {"repository": repository}});
        if !self.errors.is_empty() {
            answer["errors"] = self.errors.clone().into();
        }
        answer
    }
}

/// Returns the aliases of the commits in a query: `c0:object(oid:"…"){…}`.
fn aliases(query: &str) -> BTreeMap<String, String> {
    let mut aliases = BTreeMap::new();
    for (at, found) in query.match_indices(":object(oid:\"") {
        let alias = query[..at]
            .rsplit(|c: char| !c.is_ascii_alphanumeric())
            .next()
            .unwrap();
        let commit = query[at + found.len()..].split('"').next().unwrap();
        assert!(
            commit.len() == 40 && commit.bytes().all(|byte| byte.is_ascii_hexdigit()),
            "{commit:?} is no hash"
        );
        assert!(
            aliases
                .insert(alias.to_owned(), commit.to_owned())
                .is_none(),
            "{alias} is asked for twice"
        );
    }
    aliases
}
