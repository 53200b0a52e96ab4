//! The part of HTTP/1.1 that the doubles need, on plain sockets.

use std::io::{self, BufRead, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::net::sockopt::set_socket_linger;

/// A listener on loopback with a thread for each connection; dropping it ends all waiting.
pub struct Listener {
    /// Its address.
    pub address: SocketAddr,
    closing: Arc<Closing>,
    accepting: Option<JoinHandle<()>>,
}

impl Listener {
    /// Listens on a free port, with `serve` for every connection.
    pub fn start(serve: impl Fn(TcpStream, &Closing) + Send + Sync + 'static) -> Listener {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let closing = Arc::new(Closing::default());
        let (serve, until) = (Arc::new(serve), closing.clone());
        let accepting = Some(std::thread::spawn(move || {
            for stream in listener.incoming() {
                if until.is_closed() {
                    return;
                }
                let Ok(stream) = stream else { continue };
                let (serve, closing) = (serve.clone(), until.clone());
                std::thread::spawn(move || {
                    let _ = stream.set_nodelay(true);
                    serve(stream, &closing);
                });
            }
        }));
        Listener {
            address,
            closing,
            accepting,
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        *self.closing.0.lock().unwrap() = true;
        self.closing.1.notify_all();
        // This connection wakes the accepting thread. Later ones meet a closed port.
        let is_seen = TcpStream::connect(self.address).is_ok();
        if let Some(accepting) = self.accepting.take().filter(|_| is_seen) {
            let _ = accepting.join();
        }
    }
}

/// The end of a listener, which may come while one of its threads waits.
#[derive(Default)]
pub struct Closing(Mutex<bool>, Condvar);

impl Closing {
    /// Waits for this time; returns whether the listener has been closed.
    pub fn pause(&self, time: Duration) -> bool {
        let guard = self.0.lock().unwrap();
        *self
            .1
            .wait_timeout_while(guard, time, |closed| !*closed)
            .unwrap()
            .0
    }

    fn is_closed(&self) -> bool {
        *self.0.lock().unwrap()
    }
}

/// The head of a request.
#[derive(Debug, Clone)]
pub struct Head {
    /// `GET`, `POST` …
    pub method: String,
    /// The path, without the query.
    pub path: String,
    /// The query, without its question mark.
    pub query: String,
    /// The header lines in their order.
    pub headers: Vec<(String, String)>,
    /// The time when it was read.
    pub at: Instant,
}

impl Head {
    /// Returns the same request to another repository.
    pub fn to_repository(&self, name: &str) -> Head {
        let rest = self
            .path
            .trim_start_matches('/')
            .split_once('/')
            .map_or("", |(_, rest)| rest);
        Head {
            path: format!("/{name}/{rest}"),
            ..self.clone()
        }
    }

    /// Reads the head of the next request; `None` at the end of the connection.
    pub fn read(reader: &mut impl BufRead) -> io::Result<Option<Head>> {
        let first = line(reader)?;
        let mut words = first.split(' ');
        let (Some(method), Some(target)) = (words.next(), words.next()) else {
            return Ok(None);
        };
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let mut headers = Vec::new();
        loop {
            let next = line(reader)?;
            let Some((name, value)) = next.split_once(':') else {
                break;
            };
            headers.push((name.to_owned(), value.trim().to_owned()));
        }
        Ok(Some(Head {
            method: method.into(),
            path: path.into(),
            query: query.into(),
            headers,
            at: Instant::now(),
        }))
    }

    /// Returns a header's value; the case of its name does not matter.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(own, _)| own.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// Reads the whole body, chunked or with a length; sends "continue" to a client that waits for it.
    pub fn body(&self, reader: &mut impl BufRead, mut writer: &TcpStream) -> io::Result<Vec<u8>> {
        if self
            .header("expect")
            .is_some_and(|value| value.eq_ignore_ascii_case("100-continue"))
        {
            writer.write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
        }
        let mut body = Vec::new();
        if !self
            .header("transfer-encoding")
            .is_some_and(|value| value.eq_ignore_ascii_case("chunked"))
        {
            let length = self
                .header("content-length")
                .and_then(|value| value.parse().ok())
                .unwrap_or(0);
            reader.take(length).read_to_end(&mut body)?;
            return Ok(body);
        }
        loop {
            let size = line(reader)?;
            let size = u64::from_str_radix(size.split(';').next().unwrap_or_default(), 16)
                .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
            reader.take(size).read_to_end(&mut body)?;
            line(reader)?;
            if size == 0 {
                return Ok(body);
            }
        }
    }
}

fn line(reader: &mut impl BufRead) -> io::Result<String> {
    let mut line = Vec::new();
    reader.read_until(b'\n', &mut line)?;
    Ok(String::from_utf8_lossy(&line).trim_end().to_owned())
}

/// Writes the head of an answer.
pub fn write_head(
    mut writer: impl Write,
    status: u16,
    headers: &[(String, String)],
) -> io::Result<()> {
    let mut head = format!("HTTP/1.1 {status} {}\r\n", reason(status));
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    writer.write_all(head.as_bytes())?;
    writer.write_all(b"\r\n")
}

/// Writes an answer with its length.
pub fn write_answer(
    mut writer: impl Write,
    status: u16,
    headers: &[(String, String)],
    body: &[u8],
) -> io::Result<()> {
    let mut headers = headers.to_vec();
    headers.push(header("Content-Length", body.len()));
    write_head(&mut writer, status, &headers)?;
    writer.write_all(body)
}

/// Returns a header as a pair.
pub fn header(name: &str, value: impl ToString) -> (String, String) {
    (name.to_owned(), value.to_string())
}

/// Makes the end of this connection, which must follow, a reset.
pub fn reset_at_end(stream: &TcpStream) {
    let _ = set_socket_linger(stream, Some(Duration::ZERO));
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        201 => "Created",
        202 => "Accepted",
        204 => "No Content",
        206 => "Partial Content",
        301 => "Moved Permanently",
        302 => "Found",
        304 => "Not Modified",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        422 => "Unprocessable Entity",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        503 => "Service Unavailable",
        _ => "Whatever",
    }
}
