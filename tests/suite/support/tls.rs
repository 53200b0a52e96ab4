//! A site with a certificate of an unknown authority, and a SOCKS proxy to it.

use std::io::{self, BufReader, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use super::wire::{Head, Listener, header, write_answer};

/// A site whose page names one commit.
pub struct TlsSite {
    listener: Listener,
    asked: Arc<Mutex<Vec<Head>>>,
}

impl TlsSite {
    /// Starts it. With a login, requests without it get 401.
    pub fn start(commit: &str, login: Option<&'static str>) -> TlsSite {
        let certificates = CertificateDer::pem_file_iter(file("cert.pem"))
            .unwrap()
            .map(Result::unwrap)
            .collect();
        let key = PrivateKeyDer::from_pem_file(file("key.pem")).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap();
        let config = Arc::new(
            config
                .with_no_client_auth()
                .with_single_cert(certificates, key)
                .unwrap(),
        );
        let body = format!("<body data-commit=\"{commit}\"></body>");
        let asked: Arc<Mutex<Vec<Head>>> = Arc::default();
        let heads = asked.clone();
        let listener = Listener::start(move |stream, _| {
            let _ = answer(stream, &config, login, &body, &heads);
        });
        TlsSite { listener, asked }
    }

    /// Returns the address of its page on this host.
    pub fn url(&self, host: &str) -> String {
        format!("https://{host}:{}/version", self.listener.address.port())
    }

    /// Returns every request that arrived.
    pub fn asked(&self) -> Vec<Head> {
        self.asked.lock().unwrap().clone()
    }

    /// Returns the file of the authority that issued its certificate.
    pub fn authority() -> PathBuf {
        file("ca.pem")
    }
}

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/suite/support/tls")
        .join(name)
}

fn answer(
    stream: TcpStream,
    config: &Arc<ServerConfig>,
    login: Option<&str>,
    body: &str,
    heads: &Mutex<Vec<Head>>,
) -> io::Result<()> {
    let connection = ServerConnection::new(config.clone()).map_err(io::Error::other)?;
    let mut reader = BufReader::new(StreamOwned::new(connection, stream));
    let Some(head) = Head::read(&mut reader)? else {
        return Ok(());
    };
    let given = head.header("authorization").map(str::to_owned);
    heads.lock().unwrap().push(head);
    let stream = reader.get_mut();
    let headers = [
        header("Connection", "close"),
        header("WWW-Authenticate", "Basic realm=\"staging\""),
    ];
    match login {
        Some(_) if given.as_deref() != login => {
            write_answer(&mut *stream, 401, &headers, b"who is there?")?
        }
        _ => write_answer(&mut *stream, 200, &headers[..1], body.as_bytes())?,
    }
    stream.conn.send_close_notify();
    stream.flush()
}

/// A SOCKS 5 proxy without a login.
pub struct Socks {
    listener: Listener,
    passed: Arc<AtomicUsize>,
}

impl Socks {
    pub fn start() -> Socks {
        let passed: Arc<AtomicUsize> = Arc::default();
        let count = passed.clone();
        let listener = Listener::start(move |stream, _| {
            let _ = pass(stream, &count);
        });
        Socks { listener, passed }
    }

    /// Returns its address for `ALL_PROXY`.
    pub fn url(&self) -> String {
        format!("socks5h://{}", self.listener.address)
    }

    /// Returns the number of connections it has made.
    pub fn passed(&self) -> usize {
        self.passed.load(Ordering::SeqCst)
    }
}

fn pass(mut stream: TcpStream, count: &AtomicUsize) -> io::Result<()> {
    let mut read = |length: usize| {
        let mut bytes = vec![0; length];
        stream.read_exact(&mut bytes).map(|()| bytes)
    };
    let ways = read(2)?[1];
    read(ways.into())?;
    stream.write_all(&[5, 0])?;
    let mut read = |length: usize| {
        let mut bytes = vec![0; length];
        stream.read_exact(&mut bytes).map(|()| bytes)
    };
    let kind = read(4)?[3];
    let host = match kind {
        1 => read(4)?
            .iter()
            .map(u8::to_string)
            .collect::<Vec<_>>()
            .join("."),
        _ => {
            let length = read(1)?[0];
            String::from_utf8_lossy(&read(length.into())?).into_owned()
        }
    };
    let port = read(2)?;
    let port = u16::from_be_bytes([port[0], port[1]]);
    let there = TcpStream::connect((host.as_str(), port))?;
    count.fetch_add(1, Ordering::SeqCst);
    stream.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0])?;
    let (mut from, mut to) = (stream.try_clone()?, there.try_clone()?);
    std::thread::spawn(move || {
        let _ = io::copy(&mut from, &mut to);
        let _ = to.shutdown(Shutdown::Write);
    });
    io::copy(&mut &there, &mut stream)?;
    stream.shutdown(Shutdown::Write)
}
