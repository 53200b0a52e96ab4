//! The sites of the environments and the chat's webhooks: pages, good and bad, that tests set while the server runs.

use std::collections::HashMap;
use std::io::{self, BufReader, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, OnceLock};
use std::time::{Duration, Instant};

use super::capture::PATIENCE;
use super::rounds::Rounds;
use super::wire::{Closing, Head, Listener, header, write_answer, write_head};

/// The unpacked size of one member of the bomb, in bytes of zeros; it has [`BOMB_MEMBERS`] of them.
pub const BOMB_MEMBER: usize = 8 << 20;
/// The number of members of the bomb.
pub const BOMB_MEMBERS: usize = 32;

/// An answer to a request.
#[derive(Debug, Clone)]
pub struct Page {
    status: u16,
    headers: Vec<(String, String)>,
    body: Body,
    delay: Duration,
    head_drips: Option<Duration>,
    together: usize,
}

#[derive(Debug, Clone)]
enum Body {
    Bytes(Vec<u8>),
    File(PathBuf),
    Deployed(PathBuf),
    Endless,
    Drip(Vec<u8>, Duration),
    Bomb,
    Cut(usize, Vec<u8>),
    Silence,
}

impl Page {
    fn new(body: Body) -> Page {
        let headers = vec![header("Content-Type", "text/html; charset=utf-8")];
        Page {
            status: 200,
            headers,
            body,
            delay: Duration::ZERO,
            head_drips: None,
            together: 0,
        }
    }

    /// Returns these bytes.
    pub fn body(bytes: impl AsRef<[u8]>) -> Page {
        Page::new(Body::Bytes(bytes.as_ref().to_vec()))
    }

    /// Returns a site whose page names this commit.
    pub fn commit(hash: &str) -> Page {
        Page::body(html(hash))
    }

    /// Returns a file's content at the time of the request; 503 if it does not exist.
    pub fn file(file: impl AsRef<Path>) -> Page {
        Page::new(Body::File(file.as_ref().to_owned()))
    }

    /// Returns a site whose page names the last deployed commit of the bare repository; 503 before the first.
    pub fn deployed(bare: &Path) -> Page {
        Page::new(Body::Deployed(bare.join("deployed")))
    }

    /// Redirects to this address, or to a path of the same host.
    pub fn redirect(to: &str) -> Page {
        Page::body("").status(302).header("Location", to)
    }

    /// Returns a page without a length and without an end.
    pub fn endless() -> Page {
        Page::new(Body::Endless)
    }

    /// Returns a page that repeats these bytes one by one, with this pause.
    pub fn drip(bytes: impl AsRef<[u8]>, every: Duration) -> Page {
        Page::new(Body::Drip(bytes.as_ref().to_vec(), every))
    }

    /// Returns a small compressed page that unpacks to 256 MiB of zeros.
    pub fn bomb() -> Page {
        Page::new(Body::Bomb).header("Content-Encoding", "gzip")
    }

    /// Returns a page that promises this many bytes and ends after these.
    pub fn cut(promised: usize, bytes: impl AsRef<[u8]>) -> Page {
        Page::new(Body::Cut(promised, bytes.as_ref().to_vec()))
    }

    /// Never answers.
    pub fn silence() -> Page {
        Page::new(Body::Silence)
    }

    /// Sets the status; the default is 200.
    pub fn status(mut self, status: u16) -> Page {
        self.status = status;
        self
    }

    /// Sets a header.
    pub fn header(mut self, name: &str, value: &str) -> Page {
        self.headers
            .retain(|(own, _)| !own.eq_ignore_ascii_case(name));
        self.headers.push(header(name, value));
        self
    }

    /// Adds a header next to others of the same name.
    pub fn one_more(mut self, name: &str, value: &str) -> Page {
        self.headers.push(header(name, value));
        self
    }

    /// Delays the answer.
    pub fn after(mut self, delay: Duration) -> Page {
        self.delay = delay;
        self
    }

    /// Sends headers one by one, with this pause, without an end.
    pub fn dripping_headers(mut self, every: Duration) -> Page {
        self.head_drips = Some(every);
        self
    }

    /// Answers only after this many requests were open at the same time: a barrier for parallel requests.
    pub fn together(mut self, requests: usize) -> Page {
        self.together = requests;
        self
    }
}

fn html(hash: &str) -> String {
    format!(
        "<!DOCTYPE html>\n<html><head><title>A site</title></head>\n<body data-commit=\"{hash}\">Hello</body></html>\n"
    )
}

/// A received request.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Its first line and headers, and their time.
    pub head: Head,
    /// Its body, for example of a post to a webhook.
    pub body: Vec<u8>,
}

/// The server; it ends when it is dropped.
pub struct Web {
    shared: Arc<Shared>,
    listener: Listener,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    news: Condvar,
    rounds: Mutex<Arc<Rounds>>,
}

#[derive(Default)]
struct State {
    routes: HashMap<String, Route>,
    asked: Vec<Asked>,
    under_way: usize,
    peak: usize,
}

enum Route {
    /// Each page this many times, and the last one always.
    InTurn(Vec<(usize, Page)>),
    Alternating(Vec<Page>, usize),
    Rollout(Box<Rollout>),
}

/// Instances behind a load balancer that answer in turn, and are replaced one by one.
struct Rollout {
    instances: usize,
    /// The number of answers until another instance is new.
    every: usize,
    /// The final number of replaced instances.
    replaced: usize,
    old: Page,
    new: Page,
    answers: usize,
}

impl Rollout {
    fn next(&mut self) -> Page {
        let new = (self.answers / self.every).min(self.replaced);
        let instance = self.answers % self.instances;
        self.answers += 1;
        if instance < new {
            self.new.clone()
        } else {
            self.old.clone()
        }
    }
}

impl Web {
    /// Starts a server without pages: everything is 404.
    pub fn start() -> Web {
        let shared = Arc::new(Shared::default());
        let serving = shared.clone();
        let listener = Listener::start(move |stream, closing| {
            let _ = serving.connection(&stream, closing);
        });
        Web { shared, listener }
    }

    /// Returns the address of a path.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.listener.address)
    }

    /// Returns the address of a path under this machine's other name, which counts as another host.
    pub fn other_host(&self, path: &str) -> String {
        format!("http://localhost:{}{path}", self.port())
    }

    /// Lets every further request pass this gate.
    pub fn goes_through(&self, rounds: &Arc<Rounds>) {
        *self.shared.rounds.lock().unwrap() = rounds.clone();
    }

    pub fn port(&self) -> u16 {
        self.listener.address.port()
    }

    /// Answers further requests for `path` with this page.
    pub fn set(&self, path: &str, page: Page) {
        self.route(path, Route::InTurn(vec![(0, page)]));
    }

    /// Answers with `old` this many times, and then with `new`.
    pub fn set_first(&self, path: &str, times: usize, old: Page, new: Page) {
        self.route(path, Route::InTurn(vec![(times, old), (0, new)]));
    }

    /// Answers with each page in turn, like two servers behind one name.
    pub fn set_alternating(&self, path: &str, pages: Vec<Page>) {
        self.route(path, Route::Alternating(pages, 0));
    }

    /// Answers like several instances in turn. After each `every` answers another one is new, until `replaced` are.
    pub fn set_rollout(
        &self,
        path: &str,
        instances: usize,
        every: usize,
        replaced: usize,
        old: Page,
        new: Page,
    ) {
        let answers = 0;
        self.route(
            path,
            Route::Rollout(Box::new(Rollout {
                instances,
                every,
                replaced,
                old,
                new,
                answers,
            })),
        );
    }

    fn route(&self, path: &str, route: Route) {
        self.shared
            .state
            .lock()
            .unwrap()
            .routes
            .insert(path.to_owned(), route);
    }

    /// Returns all requests so far.
    pub fn asked(&self) -> Vec<Asked> {
        self.shared.state.lock().unwrap().asked.clone()
    }

    /// Returns the requests for this path so far.
    pub fn asked_for(&self, path: &str) -> Vec<Asked> {
        self.asked()
            .into_iter()
            .filter(|asked| asked.head.path == path)
            .collect()
    }

    /// Waits until this many requests for this path have come.
    #[track_caller]
    pub fn is_asked_for(&self, path: &str, times: usize) {
        let enough = |state: &State| {
            state
                .asked
                .iter()
                .filter(|asked| asked.head.path == path)
                .count()
                >= times
        };
        assert!(
            self.shared.wait(PATIENCE, enough),
            "{path} is not asked for {times} times"
        );
    }

    /// Returns the maximum number of parallel requests.
    pub fn peak(&self) -> usize {
        self.shared.state.lock().unwrap().peak
    }
}

impl Shared {
    fn wait(&self, patience: Duration, enough: impl Fn(&State) -> bool) -> bool {
        let state = self.state.lock().unwrap();
        !self
            .news
            .wait_timeout_while(state, patience, |state| !enough(state))
            .unwrap()
            .1
            .timed_out()
    }

    fn connection(&self, stream: &TcpStream, closing: &Closing) -> io::Result<()> {
        let mut reader = BufReader::new(stream);
        let Some(head) = Head::read(&mut reader)? else {
            return Ok(());
        };
        let body = head.body(&mut reader, stream)?;
        let rounds = self.rounds.lock().unwrap().clone();
        let _working = rounds.pass(true);
        let page = self.begin(head, body);
        let answered = self.answer(page, stream, closing);
        self.state.lock().unwrap().under_way -= 1;
        answered
    }

    fn begin(&self, head: Head, body: Vec<u8>) -> Page {
        let mut state = self.state.lock().unwrap();
        let page = match state.routes.get_mut(&head.path) {
            None => Page::body("there is nothing here").status(404),
            Some(Route::Alternating(pages, next)) => {
                *next += 1;
                pages[(*next - 1) % pages.len()].clone()
            }
            Some(Route::Rollout(rollout)) => rollout.next(),
            Some(Route::InTurn(pages)) => {
                let at = pages
                    .iter()
                    .position(|(times, _)| *times > 0)
                    .unwrap_or(pages.len() - 1);
                pages[at].0 = pages[at].0.saturating_sub(1);
                pages[at].1.clone()
            }
        };
        state.asked.push(Asked { head, body });
        state.under_way += 1;
        state.peak = state.peak.max(state.under_way);
        self.news.notify_all();
        page
    }

    fn answer(&self, page: Page, mut stream: &TcpStream, closing: &Closing) -> io::Result<()> {
        self.wait(PATIENCE, |state| state.peak >= page.together);
        if closing.pause(page.delay) {
            return Ok(());
        }
        let mut headers = page.headers;
        headers.push(header("Connection", "close"));
        if let Some(every) = page.head_drips {
            return drip_headers(stream, every, closing);
        }
        match page.body {
            Body::Bytes(bytes) => write_answer(stream, page.status, &headers, &bytes),
            Body::File(file) => match std::fs::read(file) {
                Ok(bytes) => write_answer(stream, page.status, &headers, &bytes),
                Err(_) => write_answer(stream, 503, &headers, b"not yet"),
            },
            Body::Deployed(file) => match std::fs::read_to_string(file) {
                Ok(hash) => {
                    write_answer(stream, page.status, &headers, html(hash.trim()).as_bytes())
                }
                Err(_) => write_answer(stream, 503, &headers, b"not yet"),
            },
            Body::Endless => {
                write_head(stream, page.status, &headers)?;
                loop {
                    stream.write_all(&[b'x'; 65536])?;
                }
            }
            Body::Drip(bytes, every) => {
                write_head(stream, page.status, &headers)?;
                for byte in bytes.iter().cycle() {
                    stream.write_all(&[*byte])?;
                    if closing.pause(every) {
                        break;
                    }
                }
                Ok(())
            }
            Body::Bomb => {
                write_head(stream, page.status, &headers)?;
                (0..BOMB_MEMBERS).try_for_each(|_| stream.write_all(bomb_member()))
            }
            Body::Cut(promised, bytes) => {
                headers.push(header("Content-Length", promised));
                write_head(stream, page.status, &headers)?;
                stream.write_all(&bytes)
            }
            Body::Silence => {
                closing.pause(Duration::from_secs(3600));
                Ok(())
            }
        }
    }
}

fn drip_headers(mut stream: &TcpStream, every: Duration, closing: &Closing) -> io::Result<()> {
    stream.write_all(b"HTTP/1.1 200 OK\r\n")?;
    for number in 0.. {
        stream.write_all(format!("X-{number}: y\r\n").as_bytes())?;
        if closing.pause(every) {
            break;
        }
    }
    Ok(())
}

/// Builds a gzip member of zeros: one literal zero, then "the byte before, 258 times" repeated.
fn bomb_member() -> &'static [u8] {
    static MEMBER: OnceLock<Vec<u8>> = OnceLock::new();
    MEMBER.get_or_init(|| {
        let repeats = (BOMB_MEMBER - 1) / 258;
        let length = 1 + repeats * 258;
        let mut bits = Bits::default();
        bits.push("11"); // the last block, and the first bit of "fixed codes" ...
        bits.push("0"); // ... whose second bit follows
        bits.push("00110000"); // the literal 0
        for _ in 0..repeats {
            bits.push("11000101"); // a copy of 258 bytes ...
            bits.push("00000"); // ... from one byte before
        }
        bits.push("0000000"); // the end
        let mut member = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
        member.extend(bits.bytes);
        member.extend(crc_of_zeros(length).to_le_bytes());
        member.extend(u32::try_from(length).unwrap().to_le_bytes());
        member
    })
}

#[derive(Default)]
struct Bits {
    bytes: Vec<u8>,
    used: usize,
}

impl Bits {
    fn push(&mut self, bits: &str) {
        for bit in bits.bytes() {
            if self.used.is_multiple_of(8) {
                self.bytes.push(0);
            }
            *self.bytes.last_mut().unwrap() |= (bit - b'0') << (self.used % 8);
            self.used += 1;
        }
    }
}

fn crc_of_zeros(length: usize) -> u32 {
    let table: Vec<u32> = (0..256)
        .map(|byte| {
            (0..8).fold(byte, |crc: u32, _| {
                if crc & 1 == 1 {
                    crc >> 1 ^ 0xedb8_8320
                } else {
                    crc >> 1
                }
            })
        })
        .collect();
    !(0..length).fold(u32::MAX, |crc, _| table[(crc & 255) as usize] ^ crc >> 8)
}
