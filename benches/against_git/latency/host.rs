//! A host for git and for pages: smart HTTP around `git http-backend`, with a login or without, and `sshd`.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::proxy::serve;
use crate::{ask, git};

/// `ada:open-sesame`, as HTTP sends it.
const LOGIN: &str = "Basic YWRhOm9wZW4tc2VzYW1l";

/// Serves the repositories of a folder, and for each a page that tells where its branch is. Gives the port.
pub fn http(root: &Path, wants_login: bool) -> u16 {
    let root = root.to_owned();
    serve(move |stream| {
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        while let Some(request) = Request::read(&mut reader) {
            if request.answer(&root, wants_login, &stream).is_none() {
                return;
            }
        }
    })
}

struct Request {
    method: String,
    target: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Request {
    fn read(reader: &mut impl BufRead) -> Option<Request> {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
        let mut words = line.split(' ').map(str::to_owned);
        let (method, target) = (words.next()?, words.next()?);
        let headers: Vec<_> = reader
            .lines()
            .map_while(Result::ok)
            .take_while(|line| !line.is_empty())
            .filter_map(|line| {
                line.split_once(": ")
                    .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
            })
            .collect();
        let mut request = Request {
            method,
            target,
            headers,
            body: Vec::new(),
        };
        let length = request
            .header("content-length")
            .and_then(|length| length.parse().ok());
        request.body = vec![0; length.unwrap_or(0)];
        reader.read_exact(&mut request.body).ok()?;
        Some(request)
    }

    fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(own, _)| own == name);
        found.map(|(_, value)| value.as_str())
    }

    /// Answers; `None` where the connection is to end.
    fn answer(&self, root: &Path, wants_login: bool, mut stream: &TcpStream) -> Option<()> {
        let (path, query) = self.target.split_once('?').unwrap_or((&self.target, ""));
        let (status, headers, body) = if let Some(name) = path.strip_prefix("/page/") {
            let tip = ask(&root.join(format!("{name}.git")), &["rev-parse", "main"]);
            ("200 OK".to_owned(), String::new(), tip.into_bytes())
        } else if wants_login && self.header("authorization") != Some(LOGIN) {
            let how = "WWW-Authenticate: Basic realm=\"git\"\r\n".to_owned();
            ("401 Unauthorized".to_owned(), how, Vec::new())
        } else {
            self.backend(root, path, query)?
        };
        let length = body.len();
        let head = format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {length}\r\n\r\n");
        stream.write_all(&[head.as_bytes(), &body].concat()).ok()
    }

    /// What git answers: status, headers, body.
    fn backend(&self, root: &Path, path: &str, query: &str) -> Option<(String, String, Vec<u8>)> {
        let mut command = git(root, &["http-backend"]);
        command
            .env("GIT_PROJECT_ROOT", root)
            .env("GIT_HTTP_EXPORT_ALL", "1")
            .env("REQUEST_METHOD", &self.method)
            .env("PATH_INFO", path)
            .env("QUERY_STRING", query)
            .env("REMOTE_USER", "ada")
            .env("CONTENT_LENGTH", self.body.len().to_string());
        let passed_on = [
            ("content-type", "CONTENT_TYPE"),
            ("content-encoding", "HTTP_CONTENT_ENCODING"),
            ("git-protocol", "GIT_PROTOCOL"),
        ];
        for (name, variable) in passed_on {
            self.header(name).map(|value| command.env(variable, value));
        }
        let pipes = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let mut child = pipes.spawn().ok()?;
        // What is pushed here is small enough for a pipe.
        child.stdin.take()?.write_all(&self.body).ok()?;
        let mut out = BufReader::new(child.stdout.take()?);
        let (mut status, mut headers) = ("200 OK".to_owned(), String::new());
        let mut line = String::new();
        while out.read_line(&mut line).ok()? > 2 {
            match line.strip_prefix("Status: ") {
                Some(code) => code.trim_end().clone_into(&mut status),
                None => headers += &line,
            }
            line.clear();
        }
        let mut body = Vec::new();
        out.read_to_end(&mut body).ok()?;
        child.wait().ok()?;
        Some((status, headers, body))
    }
}

/// The program, which lies outside of the PATH of most people.
fn sshd() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let more = ["/usr/sbin", "/sbin", "/opt/homebrew/sbin"].map(PathBuf::from);
    let mut all = std::env::split_paths(&path).chain(more);
    all.find_map(|folder| Some(folder.join("sshd")).filter(|file| file.is_file()))
}

/// Serves this account to a key that is made for it, where the machine has `sshd`. Gives the port; what a client needs
/// lies in the folder.
pub fn ssh(folder: &Path) -> Option<u16> {
    let program = sshd()?;
    std::fs::create_dir_all(folder).unwrap();
    let own = folder.display();
    for name in ["host", "client"] {
        let file = folder.join(name);
        let mut made = Command::new("ssh-keygen");
        made.args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(file);
        made.status()
            .ok()
            .filter(std::process::ExitStatus::success)?;
    }
    std::fs::copy(folder.join("client.pub"), folder.join("authorized_keys")).unwrap();
    let config = folder.join("sshd_config");
    let text = format!(
        "HostKey {own}/host\nAuthorizedKeysFile {own}/authorized_keys\nPidFile none\nStrictModes no\nUseDNS no\n\
         PasswordAuthentication no\nKbdInteractiveAuthentication no\nPermitRootLogin yes\nPrintMotd no\n"
    );
    std::fs::write(&config, text).unwrap();
    let client = format!(
        "Host *\n  IdentityFile {own}/client\n  IdentitiesOnly yes\n  IdentityAgent none\n  StrictHostKeyChecking no\n  \
         UserKnownHostsFile /dev/null\n  GlobalKnownHostsFile /dev/null\n  LogLevel ERROR\n"
    );
    std::fs::write(folder.join("config"), client).unwrap();
    Some(serve(move |stream| {
        let end = || Stdio::from(OwnedFd::from(stream.try_clone().unwrap()));
        let mut command = Command::new(&program);
        command.args(["-i", "-f"]).arg(&config);
        let child = command
            .stdin(end())
            .stdout(end())
            .stderr(Stdio::null())
            .spawn();
        drop(child.and_then(|mut child| child.wait()));
    }))
}
