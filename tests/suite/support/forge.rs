//! A forge with a REST API for one token. Tests set its answers, which are checked against the published schema. Lists
//! have two elements per page.

use std::collections::BTreeMap;
use std::io::{self, BufReader};
use std::net::TcpStream;
use std::path::Path;
use std::sync::{Arc, Mutex};

use boon::{Compiler, Schemas};
use serde_json::{Value, json};

use super::wire::{Closing, Head, Listener, header, write_answer};

/// The number of elements on a page.
const PAGE: usize = 2;

/// The server; it ends when it is dropped.
pub struct RestApi {
    shared: Arc<Shared>,
    listener: Listener,
    schema: Value,
}

struct Shared {
    token: String,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    answers: BTreeMap<String, (u16, Value)>,
    instead: Option<(u16, String)>,
    asked: Vec<String>,
}

impl RestApi {
    /// Starts the server for this token. `document` is the file of its schemas in `tests/forges`.
    pub fn start(document: &str, token: &str) -> RestApi {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/forges");
        let schema = std::fs::read(file.join(format!("{document}.json"))).unwrap();
        let schema = serde_json::from_slice(&schema).unwrap();
        let shared = Arc::new(Shared {
            token: token.to_owned(),
            state: Mutex::default(),
        });
        let serving = shared.clone();
        let listener = Listener::start(move |stream, closing| {
            let _ = serving.connection(&stream, closing);
        });
        RestApi {
            shared,
            listener,
            schema,
        }
    }

    /// Returns its address without a path.
    pub fn url(&self) -> String {
        format!("http://{}", self.listener.address)
    }

    /// Sets the value of this kind at a path below `/api`. A GraphQL query about a merge request is at `graphql/IID`.
    #[track_caller]
    pub fn has(&self, path: &str, kind: &str, value: Value) -> &Self {
        self.holds(kind, &value);
        self.answers(path, 200, value)
    }

    /// Answers 404 at a path, with these words.
    #[track_caller]
    pub fn lacks(&self, path: &str, kind: &str, message: &str) -> &Self {
        let value = json!({"message": message});
        self.holds(kind, &value);
        self.answers(path, 404, value)
    }

    fn answers(&self, path: &str, status: u16, value: Value) -> &Self {
        let mut state = self.shared.state.lock().unwrap();
        state.answers.insert(path.to_owned(), (status, value));
        drop(state);
        self
    }

    /// Answers every request with this.
    pub fn only_says(&self, status: u16, body: &str) -> &Self {
        self.shared.state.lock().unwrap().instead = Some((status, body.to_owned()));
        self
    }

    /// Returns the requests in order.
    pub fn asked(&self) -> Vec<String> {
        self.shared.state.lock().unwrap().asked.clone()
    }

    #[track_caller]
    fn holds(&self, kind: &str, value: &Value) {
        let (mut compiler, mut schemas) = (Compiler::new(), Schemas::new());
        let url = "https://forge.example/schema.json";
        compiler.add_resource(url, self.schema.clone()).unwrap();
        let index = compiler.compile(&format!("{url}#/$defs/{kind}"), &mut schemas);
        if let Err(error) = schemas.validate(value, index.unwrap()) {
            panic!("the published schema of {kind} does not fit: {error:#}");
        }
    }
}

impl Shared {
    fn connection(&self, stream: &TcpStream, _: &Closing) -> io::Result<()> {
        let mut reader = BufReader::new(stream);
        let Some(head) = Head::read(&mut reader)? else {
            return Ok(());
        };
        let body = head.body(&mut reader, stream)?;
        let mut headers = vec![header("Connection", "close")];
        let knows = head.header("authorization") == Some(&format!("Bearer {}", self.token));
        let (status, text) = {
            let mut state = self.state.lock().unwrap();
            let path = head.path.trim_start_matches("/api/").to_owned();
            state.asked.push(path.clone());
            match &state.instead {
                _ if !knows => (401, r#"{"message":"401 Unauthorized"}"#.to_owned()),
                Some(instead) => instead.clone(),
                None => state.told(&head, &path, &body, &mut headers),
            }
        };
        write_answer(stream, status, &headers, text.as_bytes())
    }
}

impl State {
    fn told(
        &self,
        head: &Head,
        path: &str,
        body: &[u8],
        headers: &mut Vec<(String, String)>,
    ) -> (u16, String) {
        let question: Value = serde_json::from_slice(body).unwrap_or_default();
        let place = match (head.method.as_str(), path) {
            ("POST", "graphql") => {
                format!("graphql/{}", question["variables"]["iid"].as_str().unwrap())
            }
            _ => path.to_owned(),
        };
        let Some((status, value)) = self.answers.get(&place) else {
            return (404, r#"{"error":"404 Not Found"}"#.to_owned());
        };
        let page = head
            .query
            .split('&')
            .find_map(|part| part.strip_prefix("page="));
        let (Some(list), Some(page)) = (value.as_array(), page) else {
            return (*status, value.to_string());
        };
        let page: usize = page.parse().unwrap();
        let part: Vec<&Value> = list.iter().skip((page - 1) * PAGE).take(PAGE).collect();
        let next = match page * PAGE < list.len() {
            true => (page + 1).to_string(),
            false => String::new(),
        };
        headers.push(header("X-Next-Page", next));
        headers.push(header("X-Total-Count", list.len()));
        (*status, json!(part).to_string())
    }
}
