//! A git host on loopback: smart HTTP around git's own programs, with accounts, a log, and faults on request.

use std::ffi::OsString;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use super::capture::{PATIENCE, find};
use super::rounds::Rounds;
use super::sandbox::World;
use super::wire::{Closing, Head, Listener, header, reset_at_end, write_answer, write_head};

/// A fault of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// The connection is reset after this many bytes of the request's body; git never sees the request.
    DropRequest(u64),
    /// git does everything, and the connection is reset before the answer.
    DropResponse,
    /// git does everything, and the connection ends after this many bytes of the answer's body.
    TruncateResponse(usize),
    /// git does everything, and the answer is empty (`0000`).
    NoReport,
    /// git never sees the request; the answer has this status.
    Status(u16),
    /// git never sees the request; it is redirected to this address with the path appended.
    Redirect(String),
    /// git never sees the request; the answer is a redirect to exactly this address.
    Moved(u16, String),
    /// The request is handled after this time.
    Delay(Duration),
    /// git never sees the request, and there is no answer.
    Hang,
    /// Another repository of the world answers, like a replica.
    From(&'static str),
}

/// The requests that a fault affects: the next one, or several, with this text in the path and query.
#[derive(Debug, Clone)]
pub struct Rule {
    method: Option<&'static str>,
    part: String,
    fault: Fault,
    times: usize,
}

impl Rule {
    /// Builds a fault for the next request of any method with `part` in its path and query.
    pub fn any(part: &str, fault: Fault) -> Rule {
        Rule {
            method: None,
            part: part.to_owned(),
            fault,
            times: 1,
        }
    }

    /// Builds a fault for the next POST: the push or fetch itself.
    pub fn post(part: &str, fault: Fault) -> Rule {
        Rule {
            method: Some("POST"),
            ..Rule::any(part, fault)
        }
    }

    /// Builds a fault for the next GET: the advertisement of the refs.
    pub fn get(part: &str, fault: Fault) -> Rule {
        Rule {
            method: Some("GET"),
            ..Rule::any(part, fault)
        }
    }

    /// Affects the next `times` requests instead of one.
    pub fn times(mut self, times: usize) -> Rule {
        self.times = times;
        self
    }

    fn hits(&self, head: &Head) -> bool {
        let target = format!("{}?{}", head.path, head.query);
        self.times > 0
            && self.method.is_none_or(|method| method == head.method)
            && target.contains(&self.part)
    }
}

/// A request and its result.
#[derive(Debug, Clone)]
pub struct Seen {
    /// `GET` or `POST`.
    pub method: String,
    /// The path, such as `/production.git/git-receive-pack`.
    pub path: String,
    /// The query, such as `service=git-receive-pack`.
    pub query: String,
    /// The header lines.
    pub headers: Vec<(String, String)>,
    /// The status of the answer; 0 without one.
    pub status: u16,
    /// The fault that affected it.
    pub fault: Option<Fault>,
    /// True if the host refused to move a ref (`ng` in its report), as after a failed build.
    pub declined: bool,
    /// True for an empty request, by which git finds out how to authenticate.
    pub probe: bool,
}

impl Seen {
    /// Returns whether this header was sent with this value.
    pub fn has(&self, name: &str, value: &str) -> bool {
        self.headers
            .iter()
            .any(|(own, sent)| own.eq_ignore_ascii_case(name) && sent.eq_ignore_ascii_case(value))
    }

    /// Returns whether this request was an authorized push.
    pub fn is_push(&self) -> bool {
        self.method == "POST"
            && self.path.ends_with("/git-receive-pack")
            && self.status != 401
            && !self.probe
    }
}

/// The host; it serves every repository of its world, and ends when it is dropped.
pub struct GitHttp {
    shared: Arc<Shared>,
    listener: Listener,
}

struct Shared {
    root: PathBuf,
    /// The folder of git's own programs, which are started directly.
    programs: PathBuf,
    env: Vec<(OsString, OsString)>,
    account: Mutex<Option<(String, String)>>,
    /// The login methods in a 401.
    offers: Mutex<Vec<&'static str>>,
    words: Mutex<String>,
    is_open_to_readers: AtomicBool,
    rules: Mutex<Vec<Rule>>,
    seen: Mutex<Vec<Seen>>,
    news: Condvar,
    rounds: Mutex<Arc<Rounds>>,
    answered: AtomicUsize,
}

impl GitHttp {
    /// Starts a host without accounts.
    pub fn open_to_all(world: &World) -> GitHttp {
        GitHttp::start(world, None)
    }

    /// Starts a host that requires this name and password.
    pub fn with_account(world: &World, name: &str, password: &str) -> GitHttp {
        GitHttp::start(world, Some((name.to_owned(), password.to_owned())))
    }

    fn start(world: &World, account: Option<(String, String)>) -> GitHttp {
        let shared = Arc::new(Shared {
            root: world.path(""),
            programs: world.git_programs(),
            env: world.env(),
            account: Mutex::new(account),
            offers: Mutex::new(vec!["Basic realm=\"deploys\""]),
            words: Mutex::default(),
            is_open_to_readers: AtomicBool::new(false),
            rules: Mutex::default(),
            seen: Mutex::default(),
            news: Condvar::new(),
            rounds: Mutex::default(),
            answered: AtomicUsize::default(),
        });
        let serving = shared.clone();
        GitHttp {
            shared,
            listener: Listener::start(move |stream, closing| serving.connection(&stream, closing)),
        }
    }

    /// Returns the address of a repository of the world.
    pub fn url(&self, repository: &Path) -> String {
        let path = repository
            .strip_prefix(&self.shared.root)
            .unwrap_or(repository);
        format!("http://{}/{}", self.listener.address, path.display())
    }

    /// Adds a fault; several take effect in the order they were added.
    pub fn fault(&self, rule: Rule) {
        self.shared.rules.lock().unwrap().push(rule);
    }

    /// Sets the words of a 401; git passes them on as the remote's.
    pub fn says_to_strangers(&self, words: &str) {
        words.clone_into(&mut self.shared.words.lock().unwrap());
    }

    /// Changes the account's password.
    pub fn changes_password(&self, password: &str) {
        if let Some(account) = &mut *self.shared.account.lock().unwrap() {
            password.clone_into(&mut account.1);
        }
    }

    /// Sets the offered login methods. A name and password are always accepted.
    pub fn offers(&self, ways: &[&'static str]) {
        *self.shared.offers.lock().unwrap() = ways.to_vec();
    }

    /// Lets everybody read; a push still requires the account.
    pub fn lets_everybody_read(&self) {
        self.shared.is_open_to_readers.store(true, Ordering::SeqCst);
    }

    /// Returns the number of bytes that git has answered.
    pub fn answered(&self) -> usize {
        self.shared.answered.load(Ordering::SeqCst)
    }

    /// Lets every further request pass this gate.
    pub fn goes_through(&self, rounds: &Arc<Rounds>) {
        *self.shared.rounds.lock().unwrap() = rounds.clone();
    }

    /// Returns its port.
    pub fn port(&self) -> u16 {
        self.listener.address.port()
    }

    /// Removes all pending faults.
    pub fn heal(&self) {
        self.shared.rules.lock().unwrap().clear();
    }

    /// Returns every request so far.
    pub fn seen(&self) -> Vec<Seen> {
        self.shared.seen.lock().unwrap().clone()
    }

    /// Returns the number of pushes to this repository, including faulty and declined ones.
    pub fn pushes(&self, repository: &Path) -> usize {
        self.count(|seen| seen.is_push() && seen.path.starts_with(&self.path_of(repository)))
    }

    /// Returns the number of pushes to this repository that the host declined.
    pub fn declined(&self, repository: &Path) -> usize {
        self.count(|seen| seen.declined && seen.path.starts_with(&self.path_of(repository)))
    }

    fn path_of(&self, repository: &Path) -> String {
        format!(
            "/{}/",
            repository
                .strip_prefix(&self.shared.root)
                .unwrap_or(repository)
                .display()
        )
    }

    fn count(&self, which: impl Fn(&Seen) -> bool) -> usize {
        self.shared
            .seen
            .lock()
            .unwrap()
            .iter()
            .filter(|seen| which(seen))
            .count()
    }

    /// Waits for a request that matches.
    #[track_caller]
    pub fn sees(&self, which: impl Fn(&Seen) -> bool) {
        let seen = self.shared.seen.lock().unwrap();
        let waiting = |seen: &mut Vec<Seen>| !seen.iter().any(&which);
        let (seen, wait) = self
            .shared
            .news
            .wait_timeout_while(seen, PATIENCE, waiting)
            .unwrap();
        let list = seen.clone();
        drop(seen);
        assert!(!wait.timed_out(), "no such request comes, only {list:#?}");
    }
}

impl Shared {
    fn connection(&self, stream: &TcpStream, closing: &Closing) {
        let mut reader = BufReader::new(stream);
        let mut is_first = true;
        while let Ok(Some(head)) = Head::read(&mut reader) {
            let rounds = self.rounds.lock().unwrap().clone();
            let _working = rounds.pass(is_first);
            is_first = false;
            let number = self.note(&head);
            if !matches!(
                self.answer(&head, number, &mut reader, stream, closing),
                Ok(true)
            ) {
                return;
            }
        }
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.programs.join(program));
        let env = self.env.iter().cloned();
        command.current_dir(&self.root).env_clear().envs(env);
        command
    }

    fn note(&self, head: &Head) -> usize {
        let Head {
            method,
            path,
            query,
            headers,
            ..
        } = head.clone();
        let mut seen = self.seen.lock().unwrap();
        seen.push(Seen {
            method,
            path,
            query,
            headers,
            status: 0,
            fault: None,
            declined: false,
            probe: false,
        });
        self.news.notify_all();
        seen.len() - 1
    }

    fn learn(&self, number: usize, change: impl FnOnce(&mut Seen)) {
        change(&mut self.seen.lock().unwrap()[number]);
        self.news.notify_all();
    }

    /// Answers one request; returns whether the connection may continue.
    fn answer(
        &self,
        head: &Head,
        number: usize,
        reader: &mut impl BufRead,
        stream: &TcpStream,
        closing: &Closing,
    ) -> io::Result<bool> {
        let plain = |status: u16, headers: &[(String, String)]| {
            self.learn(number, |seen| seen.status = status);
            write_answer(stream, status, headers, b"").map(|()| true)
        };
        if !self.lets_in(head) {
            head.body(reader, stream)?;
            self.learn(number, |seen| seen.status = 401);
            let ways = self.offers.lock().unwrap().clone();
            let ways = ways.iter().map(|way| header("WWW-Authenticate", way));
            let headers: Vec<_> = ways.chain([header("Content-Type", "text/plain")]).collect();
            return write_answer(stream, 401, &headers, self.words.lock().unwrap().as_bytes())
                .map(|()| true);
        }
        let fault = self.fault_for(head);
        self.learn(number, |seen| seen.fault = fault.clone());
        if let Some(Fault::DropRequest(bytes)) = fault {
            io::copy(&mut reader.take(bytes), &mut io::sink())?;
            reset_at_end(stream);
            return Ok(false);
        }
        let body = head.body(reader, stream)?;
        self.learn(number, |seen| seen.probe = body == b"0000");
        match &fault {
            // Hosts explain in words, which git passes on as the remote's.
            Some(Fault::Status(status)) => {
                self.learn(number, |seen| seen.status = *status);
                let headers = [header("Content-Type", "text/plain")];
                return write_answer(stream, *status, &headers, b"You have no access here.\n")
                    .map(|()| true);
            }
            Some(Fault::Redirect(to)) => {
                let to = format!("{to}{}?{}", head.path, head.query);
                return plain(302, &[header("Location", to)]);
            }
            Some(Fault::Moved(status, to)) => return plain(*status, &[header("Location", to)]),
            Some(Fault::Hang) => {
                closing.pause(Duration::from_secs(3600));
                return Ok(false);
            }
            Some(Fault::Delay(time)) if closing.pause(*time) => return Ok(false),
            _ => {}
        }
        self.work(head, number, &body, fault.as_ref(), stream)
    }

    /// Runs git, and passes on its answer as far as the fault allows.
    fn work(
        &self,
        head: &Head,
        number: usize,
        body: &[u8],
        fault: Option<&Fault>,
        stream: &TcpStream,
    ) -> io::Result<bool> {
        let mut backend = match fault {
            Some(Fault::From(other)) => Backend::start(self, &head.to_repository(other), body)?,
            _ => Backend::start(self, head, body)?,
        };
        let (status, headers) = (backend.status, backend.headers.clone());
        if !matches!(
            fault,
            Some(Fault::DropResponse | Fault::TruncateResponse(_) | Fault::NoReport)
        ) {
            self.learn(number, |seen| seen.status = status);
            let (all, written) = backend.stream(stream);
            self.answered.fetch_add(all.len(), Ordering::SeqCst);
            self.learn(number, |seen| seen.declined = declines(&all));
            return written.map(|()| true);
        }
        let all = backend.finish();
        self.learn(number, |seen| seen.declined = declines(&all));
        match fault {
            Some(Fault::NoReport) => {
                self.learn(number, |seen| seen.status = status);
                write_answer(stream, status, &headers, b"0000").map(|()| true)
            }
            Some(Fault::TruncateResponse(bytes)) => {
                self.learn(number, |seen| seen.status = status);
                let headers = [headers, vec![header("Content-Length", all.len())]].concat();
                write_head(stream, status, &headers)?;
                let mut writer = stream;
                writer
                    .write_all(&all[..all.len().min(*bytes)])
                    .map(|()| false)
            }
            _ => {
                reset_at_end(stream);
                Ok(false)
            }
        }
    }

    fn lets_in(&self, head: &Head) -> bool {
        let account = self.account.lock().unwrap().clone();
        let Some((name, password)) = account else {
            return true;
        };
        let pushes = format!("{}?{}", head.path, head.query).contains("git-receive-pack");
        if !pushes && self.is_open_to_readers.load(Ordering::SeqCst) {
            return true;
        }
        let expected = format!("Basic {}", base64(format!("{name}:{password}").as_bytes()));
        head.header("authorization") == Some(&expected)
    }

    fn fault_for(&self, head: &Head) -> Option<Fault> {
        let mut rules = self.rules.lock().unwrap();
        let rule = rules.iter_mut().find(|rule| rule.hits(head))?;
        rule.times -= 1;
        Some(rule.fault.clone())
    }
}

/// Starts a program with this body as its input.
fn begin(mut command: Command, body: &[u8]) -> io::Result<(Child, BufReader<ChildStdout>)> {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    let (mut stdin, body) = (child.stdin.take().unwrap(), body.to_vec());
    std::thread::spawn(move || stdin.write_all(&body));
    let out = BufReader::new(child.stdout.take().unwrap());
    Ok((child, out))
}

fn declines(answer: &[u8]) -> bool {
    find(answer, b"ng refs/").is_some()
}

/// A run of `git http-backend`, after its headers.
struct Backend {
    child: Child,
    out: Box<dyn Read>,
    status: u16,
    headers: Vec<(String, String)>,
}

impl Backend {
    fn start(host: &Shared, head: &Head, body: &[u8]) -> io::Result<Backend> {
        if let Some(reading) = Backend::reading(host, head, body) {
            return reading;
        }
        let mut command = host.command("git-http-backend");
        command
            .env("GIT_PROJECT_ROOT", &host.root)
            .env("GIT_HTTP_EXPORT_ALL", "1");
        command
            .env("REQUEST_METHOD", &head.method)
            .env("PATH_INFO", &head.path)
            .env("QUERY_STRING", &head.query);
        command
            .env("CONTENT_LENGTH", body.len().to_string())
            .env("REMOTE_ADDR", "127.0.0.1");
        command.env(
            "REMOTE_USER",
            host.account
                .lock()
                .unwrap()
                .as_ref()
                .map_or("anybody", |(name, _)| name),
        );
        let passed_on = [
            ("content-type", "CONTENT_TYPE"),
            ("content-encoding", "HTTP_CONTENT_ENCODING"),
            ("git-protocol", "GIT_PROTOCOL"),
        ];
        for (name, variable) in passed_on {
            head.header(name).map(|value| command.env(variable, value));
        }
        let (child, mut out) = begin(command, body)?;
        let (mut status, mut headers) = (200, Vec::new());
        loop {
            let mut line = String::new();
            out.read_line(&mut line)?;
            let Some((name, value)) = line.trim_end().split_once(": ") else {
                break;
            };
            if name == "Status" {
                status = value
                    .split(' ')
                    .next()
                    .and_then(|code| code.parse().ok())
                    .unwrap_or(500);
            } else {
                headers.push(header(name, value));
            }
        }
        Ok(Backend {
            child,
            out: Box::new(out),
            status,
            headers,
        })
    }

    /// Starts `git upload-pack` for a read, as `git http-backend` would. Returns `None` for anything else.
    fn reading(host: &Shared, head: &Head, body: &[u8]) -> Option<io::Result<Backend>> {
        let (repository, what) = head.path.rsplit_once(".git/")?;
        let repository = host
            .root
            .join(format!("{}.git", repository.trim_start_matches('/')));
        let is_asking = match (what, head.query.as_str()) {
            ("info/refs", "service=git-upload-pack") => true,
            ("git-upload-pack", _) if head.header("content-encoding").is_none() => false,
            _ => return None,
        };
        let protocol = head.header("git-protocol").unwrap_or_default();
        if !repository.join("HEAD").exists() {
            return None;
        }
        let mut command = host.command("git-upload-pack");
        command.arg("--stateless-rpc").env("GIT_PROTOCOL", protocol);
        command.args(is_asking.then_some("--http-backend-info-refs"));
        command.arg(repository);
        let before: &[u8] = match is_asking && !protocol.contains("version=2") {
            true => b"001e# service=git-upload-pack\n0000",
            false => b"",
        };
        let kind = if is_asking { "advertisement" } else { "result" };
        let headers = vec![
            header("Cache-Control", "no-cache, max-age=0, must-revalidate"),
            header(
                "Content-Type",
                format!("application/x-git-upload-pack-{kind}"),
            ),
        ];
        Some(begin(command, body).map(|(child, out)| Backend {
            child,
            out: Box::new(before.chain(out)),
            status: 200,
            headers,
        }))
    }

    /// Passes the answer on piece by piece while git works. As on a real host, a client that disconnects does not stop
    /// git.
    fn stream(&mut self, mut client: &TcpStream) -> (Vec<u8>, io::Result<()>) {
        let headers = [
            self.headers.clone(),
            vec![header("Transfer-Encoding", "chunked")],
        ]
        .concat();
        let mut written = write_head(client, self.status, &headers);
        let (mut all, mut piece) = (Vec::new(), [0; 16384]);
        while let Ok(read @ 1..) = self.out.read(&mut piece) {
            all.extend_from_slice(&piece[..read]);
            written = written.and_then(|()| {
                client.write_all(
                    &[format!("{read:x}\r\n").as_bytes(), &piece[..read], b"\r\n"].concat(),
                )
            });
        }
        let _ = self.child.wait();
        (all, written.and_then(|()| client.write_all(b"0\r\n\r\n")))
    }

    fn finish(&mut self) -> Vec<u8> {
        let mut all = Vec::new();
        let _ = self.out.read_to_end(&mut all);
        let _ = self.child.wait();
        all
    }
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let number = (0..3).fold(0, |sum, at| {
            sum << 8 | u32::from(group.get(at).copied().unwrap_or(0))
        });
        for digit in 0..4 {
            let value = DIGITS[(number >> (18 - 6 * digit) & 63) as usize];
            text.push(if digit > group.len() {
                '='
            } else {
                char::from(value)
            });
        }
    }
    text
}
