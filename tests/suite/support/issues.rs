//! The issues of GitHub and GitLab for one token: opened, commented and closed by the program, and commented by people.
//! Every shown element is checked against the forge's published schema.

use std::io::{self, BufReader};
use std::net::TcpStream;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use boon::{Compiler, Schemas};
use serde_json::{Value, json};

use super::PATIENCE;
use super::rounds::Rounds;
use super::wire::{Closing, Head, Listener, header, reset_at_end, write_answer};

/// The forge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Speaks {
    GitHub,
    GitLab,
}

/// The server; it ends when it is dropped.
pub struct IssuesApi {
    shared: Arc<Shared>,
    listener: Listener,
}

/// The result of the next sent text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is done, and the connection is cut before the answer.
    DoneAndCut,
    /// It is done, and the answer is 502.
    DoneAndFailed,
    /// It is done, and there is never an answer.
    DoneAndSilent,
    /// Nothing is done, and there is never an answer.
    Silent,
    /// Nothing is done, and the answer has this status.
    Refused(u16),
}

struct Shared {
    speaks: Speaks,
    token: String,
    schema: Value,
    state: Mutex<State>,
    rounds: Mutex<Arc<Rounds>>,
}

#[derive(Default)]
struct State {
    issues: Vec<Posted>,
    /// The login of the token's account.
    login: Option<String>,
    fate: Vec<(String, Fate)>,
    instead: Option<(u16, String)>,
    /// The members with write access on GitLab.
    developers: Vec<String>,
    /// The numbers of deleted issues.
    gone: Vec<usize>,
    transferred: Vec<usize>,
    asked: Vec<(String, String)>,
    next: u64,
}

/// An issue with its comments.
#[derive(Clone, Debug)]
pub struct Posted {
    /// Its author, and their association.
    pub by: (String, String),
    pub title: String,
    pub text: String,
    pub closed: bool,
    pub comments: Vec<Said>,
}

/// A comment.
#[derive(Clone, Debug)]
pub struct Said {
    pub id: u64,
    pub by: String,
    pub text: String,
    pub may: String,
    pub edited: bool,
}

impl State {
    fn writes(&mut self, by: &str, may: &str) {
        if may != "NONE" && !self.developers.iter().any(|one| one == by) {
            self.developers.push(by.to_owned());
        }
    }
}

/// Returns the creation time of everything: now.
fn created() -> String {
    jiff::Timestamp::now()
        .strftime("%Y-%m-%dT%H:%M:%SZ")
        .to_string()
}

impl IssuesApi {
    /// Starts the server for this token, which is Ada's.
    pub fn start(speaks: Speaks, token: &str) -> IssuesApi {
        let file = match speaks {
            Speaks::GitHub => "github-issues.json",
            Speaks::GitLab => "gitlab-issues.json",
        };
        let file = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests/forges")
            .join(file);
        let schema = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
        let state = State {
            login: Some("ada-e".to_owned()),
            next: 1000,
            ..State::default()
        };
        let shared = Arc::new(Shared {
            speaks,
            token: token.to_owned(),
            schema,
            state: Mutex::new(state),
            rounds: Mutex::default(),
        });
        let serving = shared.clone();
        let listener = Listener::start(move |stream, closing| {
            let _ = serving.connection(&stream, closing);
        });
        IssuesApi { shared, listener }
    }

    /// Returns the variable with its API's address.
    pub fn variable(&self) -> (&'static str, String) {
        let address = self.listener.address;
        match self.shared.speaks {
            Speaks::GitHub => ("GITHUB_API_URL", format!("http://{address}")),
            Speaks::GitLab => ("GITLAB_API_URL", format!("http://{address}/api/v4")),
        }
    }

    /// Lets every further request pass this gate.
    pub fn goes_through(&self, rounds: &Arc<Rounds>) {
        *self.shared.rounds.lock().unwrap() = rounds.clone();
    }

    /// Somebody with the association `may` comments on the last issue; returns the id of the comment.
    pub fn comments(&self, by: &str, may: &str, text: &str) -> u64 {
        let mut state = self.shared.state.lock().unwrap();
        state.next += 1;
        let id = state.next;
        if may == "COLLABORATOR" {
            state.writes(by, may);
        }
        let issue = state.issues.last_mut().expect("an issue");
        issue.comments.push(Said {
            id,
            by: by.to_owned(),
            text: text.to_owned(),
            may: may.to_owned(),
            edited: false,
        });
        id
    }

    pub fn edits(&self, id: u64, text: &str) {
        let mut state = self.shared.state.lock().unwrap();
        let all = state
            .issues
            .iter_mut()
            .flat_map(|issue| &mut issue.comments);
        let one = all.into_iter().find(|one| one.id == id).expect("a comment");
        (one.text, one.edited) = (text.to_owned(), true);
    }

    pub fn deletes(&self, id: u64) {
        let mut state = self.shared.state.lock().unwrap();
        for issue in &mut state.issues {
            issue.comments.retain(|one| one.id != id);
        }
    }

    /// Sets the fate of the next text sent to a path with this end.
    pub fn next(&self, end: &str, fate: Fate) -> &Self {
        self.shared
            .state
            .lock()
            .unwrap()
            .fate
            .push((end.to_owned(), fate));
        self
    }

    /// Answers every request with this; `None` answers normally again.
    pub fn only_says(&self, instead: Option<(u16, &str)>) -> &Self {
        let instead = instead.map(|(status, text)| (status, text.to_owned()));
        self.shared.state.lock().unwrap().instead = instead;
        self
    }

    /// Sets the login of the token's account.
    pub fn is_of(&self, login: &str) -> &Self {
        self.shared.state.lock().unwrap().login = Some(login.to_owned());
        self
    }

    /// Makes the token nobody's, like that of an app.
    pub fn is_nobodys(&self) -> &Self {
        self.shared.state.lock().unwrap().login = None;
        self
    }

    /// Somebody deletes an issue; GitHub then reports it as deleted.
    pub fn deletes_issue(&self, number: usize) {
        self.shared.state.lock().unwrap().gone.push(number);
    }

    /// Somebody transfers an issue to another repository.
    pub fn transfers_issue(&self, number: usize) {
        self.shared.state.lock().unwrap().transferred.push(number);
    }

    pub fn issues(&self) -> Vec<Posted> {
        self.shared.state.lock().unwrap().issues.clone()
    }

    /// Waits until an issue exists.
    pub fn has_one(&self) {
        let deadline = Instant::now() + PATIENCE;
        while self.issues().is_empty() {
            assert!(Instant::now() < deadline, "no issue is ever opened");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Waits for a call with this method.
    #[track_caller]
    pub fn is_asked(&self, method: &str) {
        let deadline = Instant::now() + PATIENCE;
        while !self.asked().iter().any(|call| call.starts_with(method)) {
            assert!(Instant::now() < deadline, "nobody ever asks {method}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Returns the methods and paths of all calls so far.
    pub fn asked(&self) -> Vec<String> {
        let state = self.shared.state.lock().unwrap();
        state
            .asked
            .iter()
            .map(|(method, path)| format!("{method} {path}"))
            .collect()
    }

    /// Replaces its issues.
    pub fn has(&self, issues: Vec<Posted>) {
        self.shared.state.lock().unwrap().issues = issues;
    }
}

impl Shared {
    fn connection(&self, stream: &TcpStream, closing: &Closing) -> io::Result<()> {
        let mut reader = BufReader::new(stream);
        let Some(head) = Head::read(&mut reader)? else {
            return Ok(());
        };
        let body = head.body(&mut reader, stream)?;
        let rounds = self.rounds.lock().unwrap().clone();
        let _working = rounds.pass(true);
        let knows = head.header("authorization") == Some(&format!("Bearer {}", self.token));
        let mut state = self.state.lock().unwrap();
        state.asked.push((head.method.clone(), head.path.clone()));
        let at = state
            .fate
            .iter()
            .position(|(end, _)| head.method != "GET" && head.path.ends_with(end));
        let fate = at.map(|at| state.fate.remove(at).1);
        let (status, text) = match (&state.instead, fate) {
            _ if !knows => (401, r#"{"message":"Bad credentials"}"#.to_owned()),
            (Some(instead), _) => instead.clone(),
            (_, Some(Fate::Silent)) => (0, String::new()),
            (_, Some(Fate::Refused(status))) => (status, r#"{"message":"no"}"#.to_owned()),
            _ => self.told(&mut state, &head, &body),
        };
        drop(state);
        match fate {
            Some(Fate::DoneAndCut) => {
                reset_at_end(stream);
                return Ok(());
            }
            Some(Fate::DoneAndSilent | Fate::Silent) => {
                closing.pause(PATIENCE);
                return Ok(());
            }
            Some(Fate::DoneAndFailed) => {
                return write_answer(
                    stream,
                    502,
                    &[header("Connection", "close")],
                    b"bad gateway",
                );
            }
            _ => {}
        }
        write_answer(
            stream,
            status,
            &[header("Connection", "close")],
            text.as_bytes(),
        )
    }

    fn told(&self, state: &mut State, head: &Head, body: &[u8]) -> (u16, String) {
        let (api, repository) = match self.speaks {
            Speaks::GitHub => ("", "/repos/an-org/a-repo"),
            Speaks::GitLab => ("/api/v4", "/projects/an-org%2Fa-repo"),
        };
        let Some(path) = head.path.strip_prefix(api) else {
            return (404, "{}".to_owned());
        };
        if path == "/user" {
            let user = state.login.clone().map(|login| self.account(&login));
            return user.map_or((403, "{}".to_owned()), |user| {
                self.shown(200, "Account", user)
            });
        }
        let Some(path) = path.strip_prefix(repository) else {
            return (404, r#"{"message":"404 Not Found"}"#.to_owned());
        };
        let sent: Value = serde_json::from_slice(body).unwrap_or_default();
        let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
        match (head.method.as_str(), parts.as_slice()) {
            ("GET", []) => self.shown(200, "Tracked", self.repository()),
            ("GET", ["members", "all"]) => self.members(state),
            ("POST", ["issues"]) => self.opened(state, &sent),
            ("GET", ["issues"]) => {
                let count = state.issues.len();
                let all = (0..count).rev().map(|nth| self.issue(state, nth)).collect();
                self.page(head, "Issues", all)
            }
            (method, ["issues", number, rest @ ..]) => {
                let nth = number.parse::<usize>().unwrap() - 1;
                if state.gone.contains(&(nth + 1)) {
                    let status = if self.speaks == Speaks::GitHub {
                        410
                    } else {
                        404
                    };
                    return (status, r#"{"message":"gone"}"#.to_owned());
                }
                if state.transferred.contains(&(nth + 1)) {
                    let status = if method == "GET" { 301 } else { 307 };
                    return (status, r#"{"message":"Moved"}"#.to_owned());
                }
                match (method, rest) {
                    ("GET", []) if nth < state.issues.len() => {
                        self.shown(200, "Issue", self.issue(state, nth))
                    }
                    ("PATCH" | "PUT", []) => self.changed(state, nth, &sent),
                    ("GET", ["comments" | "notes"]) => {
                        let comments = state.issues[nth].comments.clone();
                        let all = comments.iter().map(|one| self.comment(nth, one)).collect();
                        self.page(head, "Comments", all)
                    }
                    ("POST", ["comments" | "notes"]) => self.commented(state, nth, &sent),
                    _ => (404, "{}".to_owned()),
                }
            }
            _ => (404, "{}".to_owned()),
        }
    }

    fn opened(&self, state: &mut State, sent: &Value) -> (u16, String) {
        let text = match self.speaks {
            Speaks::GitHub => &sent["body"],
            Speaks::GitLab => &sent["description"],
        };
        let by = state.login.clone().unwrap_or("an-app[bot]".to_owned());
        let may = if by.ends_with("[bot]") {
            "NONE"
        } else {
            "MEMBER"
        };
        state.writes(&by, may);
        state.issues.push(Posted {
            by: (by, may.to_owned()),
            title: sent["title"].as_str().unwrap().to_owned(),
            text: text.as_str().unwrap().to_owned(),
            closed: false,
            comments: Vec::new(),
        });
        let issue = self.issue(state, state.issues.len() - 1);
        self.shown(201, "Issue", issue)
    }

    fn changed(&self, state: &mut State, nth: usize, sent: &Value) -> (u16, String) {
        let closes = sent["state"] == "closed" || sent["state_event"] == "close";
        state.issues[nth].closed |= closes;
        let issue = self.issue(state, nth);
        self.shown(200, "Issue", issue)
    }

    fn commented(&self, state: &mut State, nth: usize, sent: &Value) -> (u16, String) {
        state.next += 1;
        let by = state.login.clone().unwrap_or("an-app[bot]".to_owned());
        state.writes(&by, "MEMBER");
        let said = Said {
            id: state.next,
            by,
            text: sent["body"].as_str().unwrap().to_owned(),
            may: "MEMBER".to_owned(),
            edited: false,
        };
        let comment = self.comment(nth, &said);
        state.issues[nth].comments.push(said);
        self.shown(201, "Comment", comment)
    }

    fn account(&self, login: &str) -> Value {
        let id = login
            .bytes()
            .fold(7_u64, |sum, byte| sum * 31 % 100_000 + u64::from(byte));
        match self.speaks {
            Speaks::GitHub => json!({"id": id, "login": login, "type": "User"}),
            Speaks::GitLab => {
                json!({"id": id, "username": login, "name": login, "state": "active"})
            }
        }
    }

    fn repository(&self) -> Value {
        match self.speaks {
            Speaks::GitHub => json!({"id": 1, "full_name": "an-org/a-repo", "has_issues": true}),
            Speaks::GitLab => {
                json!({"id": 1, "path_with_namespace": "an-org/a-repo", "issues_access_level": "enabled"})
            }
        }
    }

    fn members(&self, state: &State) -> (u16, String) {
        let members = state.developers.iter().map(|login| {
            let account = self.account(login);
            json!({"id": account["id"], "username": login, "state": "active", "access_level": 30})
        });
        let guest = json!({"id": self.account("mallory")["id"], "username": "mallory", "state": "active", "access_level": 10});
        let members: Vec<Value> = members.chain([guest]).collect();
        self.shown(200, "Members", json!(members))
    }

    fn issue(&self, state: &State, nth: usize) -> Value {
        let (issue, number) = (&state.issues[nth], nth + 1);
        let (user, at) = (self.account(&issue.by.0), created());
        match self.speaks {
            Speaks::GitHub => json!({
                "id": 5000 + nth, "number": number, "title": issue.title, "body": issue.text, "user": user,
                "state": if issue.closed { "closed" } else { "open" }, "author_association": issue.by.1,
                "html_url": format!("https://github.com/an-org/a-repo/issues/{number}"),
                "created_at": at, "updated_at": at,
            }),
            Speaks::GitLab => json!({
                "id": 5000 + nth, "iid": number, "project_id": 1, "title": issue.title, "description": issue.text,
                "author": user, "state": if issue.closed { "closed" } else { "opened" },
                "web_url": format!("https://gitlab.com/an-org/a-repo/-/issues/{number}"),
                "created_at": at, "updated_at": at,
            }),
        }
    }

    fn comment(&self, nth: usize, said: &Said) -> Value {
        let (at, later) = (created(), "2099-03-02T13:00:00Z".to_owned());
        let updated = if said.edited { &later } else { &at };
        let user = self.account(&said.by);
        match self.speaks {
            Speaks::GitHub => json!({
                "id": said.id, "user": user, "body": said.text, "author_association": said.may,
                "html_url": format!("https://github.com/an-org/a-repo/issues/{}#issuecomment-{}", nth + 1, said.id),
                "created_at": at, "updated_at": updated,
            }),
            Speaks::GitLab => json!({
                "id": said.id, "author": user, "body": said.text, "system": false, "noteable_iid": nth + 1,
                "noteable_type": "Issue", "created_at": at, "updated_at": updated,
            }),
        }
    }

    fn page(&self, head: &Head, kind: &str, all: Vec<Value>) -> (u16, String) {
        let of = |key: &str| {
            let mut pairs = head
                .query
                .split('&')
                .filter_map(|pair| pair.split_once('='));
            pairs
                .find(|(name, _)| *name == key)
                .map(|(_, value)| value.parse::<usize>().unwrap())
        };
        let (size, page) = (of("per_page").unwrap_or(30), of("page").unwrap_or(1));
        let part: Vec<Value> = all.into_iter().skip((page - 1) * size).take(size).collect();
        self.shown(200, kind, json!(part))
    }

    fn shown(&self, status: u16, kind: &str, value: Value) -> (u16, String) {
        let (mut compiler, mut schemas) = (Compiler::new(), Schemas::new());
        let url = "https://forge.example/schema.json";
        compiler.add_resource(url, self.schema.clone()).unwrap();
        let index = compiler.compile(&format!("{url}#/$defs/{kind}"), &mut schemas);
        if let Err(error) = schemas.validate(&value, index.unwrap()) {
            return (
                500,
                format!("the published schema of {kind} does not fit: {error:#}"),
            );
        }
        (status, value.to_string())
    }
}
