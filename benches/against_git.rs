//! Compares with git itself, in one run and turn by turn, so that whatever else the machine does hits both alike:
//!
//! ```text
//! cargo bench                 # all of it
//! cargo bench -- --rounds 99  # more rounds, steadier medians
//! ```
//!
//! The repository is written once, below `target/tmp`.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_types,
    reason = "a benchmark talks and starts programs"
)]

use std::fmt::Write as _;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

const COMMITS: usize = 100_000;
const SMP: &str = env!("CARGO_BIN_EXE_git-smp");

fn main() {
    let words: Vec<String> = std::env::args().collect();
    let rounds = words
        .iter()
        .position(|word| word == "--rounds")
        .and_then(|at| words.get(at + 1)?.parse().ok());
    let rounds = rounds.unwrap_or(31);
    let repository = repository();
    println!("{COMMITS} commits, {rounds} rounds each, medians\n");
    println!("{:<44} {:>9} {:>9} {:>7}", "", "git-smp", "git", "ratio");
    compare(
        "--version",
        rounds,
        || smp(&repository, &["--version"]),
        || git(&repository, &["--version"]),
    );
    let tip = ask(&repository, &["rev-parse", "main"]);
    for graph in [false, true] {
        set_graph(&repository, graph);
        for lines in [60, 2000] {
            ranges(&repository, rounds, graph, lines, &tip);
        }
    }
    two_slow_pages(rounds.min(11));
}

/// How long a diff takes whose two pages answer after 400 ms each: asked one after the other it would be 800.
fn two_slow_pages(rounds: usize) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let world = Path::new(env!("CARGO_TARGET_TMPDIR")).join("two-slow-pages");
    drop(fs::remove_dir_all(&world));
    let work = world.join("work");
    fs::create_dir_all(&work).unwrap();
    ask(&work, &["init", "-q", "-b", "main"]);
    let commit = [
        "-c",
        "user.name=Ada",
        "-c",
        "user.email=ada@example.com",
        "commit",
        "-q",
        "--allow-empty",
        "-m",
        "x",
    ];
    let hashes = [0, 1].map(|_| {
        ask(&work, &commit);
        ask(&work, &["rev-parse", "HEAD"])
    });
    let mut config = format!("[repository]\nurl = '{}/main.git'\n", world.display());
    for (name, more) in [("production", "promotes = 'staging'\n"), ("staging", "")] {
        write!(
            config,
            "[environments.{name}]\nurl = '{}/{name}.git'\n{more}",
            world.display()
        )
        .unwrap();
        write!(
            config,
            "[environments.{name}.running]\npage = 'http://127.0.0.1:{port}/{name}'\n"
        )
        .unwrap();
    }
    for name in ["main", "staging", "production"] {
        ask(
            &world,
            &["clone", "-q", "--bare", "work", &format!("{name}.git")],
        );
    }
    fs::write(work.join("smp.toml"), config).unwrap();
    thread::spawn(move || {
        listener
            .incoming()
            .flatten()
            .for_each(|stream| answer_slowly(stream, hashes.clone()))
    });
    let run = |args: &[&str]| {
        let mut command = smp(&work, args);
        command.env("HOME", &world).stderr(Stdio::null());
        command
    };
    assert!(
        run(&["setup", "--yes"])
            .stdout(Stdio::null())
            .status()
            .unwrap()
            .success()
    );
    let mut times: Vec<_> = (0..rounds).map(|_| time(run(&["diff"]))).collect();
    times.sort();
    let median = times[times.len() / 2].as_secs_f64() * 1e3;
    println!(
        "{:<44} {median:>6.1} ms    400 ms {:>6.2}",
        "diff, two pages of 400 ms",
        median / 400.0
    );
}

fn answer_slowly(mut stream: TcpStream, [production, staging]: [String; 2]) {
    thread::spawn(move || {
        let mut request = [0; 1024];
        let length = stream.read(&mut request).unwrap_or(0);
        thread::sleep(Duration::from_millis(400));
        let hash = if request[..length].starts_with(b"GET /staging") {
            staging
        } else {
            production
        };
        let head = format!(
            "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
            hash.len()
        );
        drop(stream.write_all((head + &hash).as_bytes()));
    });
}

/// One range, by the program alone and through `git smp`, which starts one program more.
fn ranges(repository: &Path, rounds: usize, graph: bool, lines: usize, tip: &str) {
    let from = start_of(repository, lines, tip);
    let range = format!("{from}..{tip}");
    let log = || {
        git(
            repository,
            &[
                "log",
                "--oneline",
                "--no-merges",
                "--no-decorate",
                "--no-color",
                &range,
            ],
        )
    };
    let diff = ["diff", "--from", &from, "--to", tip];
    let (ours, theirs) = (output(smp(repository, &diff)), output(log()));
    assert!(ours == theirs, "the lists differ");
    let count = theirs.iter().filter(|&&b| b == b'\n').count();
    let what = format!(
        "{count} commits, {} commit-graph",
        if graph { "with" } else { "without" }
    );
    compare(&what, rounds, || smp(repository, &diff), log);
    let path = path_with_smp();
    let through = || {
        let mut command = git(repository, &[&["smp"], &diff[..]].concat());
        command.env("PATH", &path);
        command
    };
    compare(&format!("{what}, git smp"), rounds, through, log);
    if lines > 1000 {
        let (ours, theirs) = (peak(smp(repository, &diff)), peak(log()));
        if let (Some(ours), Some(theirs)) = (ours, theirs) {
            let ratio = f64::from(ours) / f64::from(theirs);
            println!(
                "{:<44} {ours:>6} KiB {theirs:>5} KiB {ratio:>6.2}",
                format!("{what}, peak memory")
            );
        }
    }
}

/// Runs both in turns and prints their medians.
fn compare(what: &str, rounds: usize, ours: impl Fn() -> Command, theirs: impl Fn() -> Command) {
    let mut times = [Vec::new(), Vec::new()];
    for round in 0..=rounds {
        let pair = [time(ours()), time(theirs())];
        // The first round only warms the caches.
        if round > 0 {
            times
                .iter_mut()
                .zip(pair)
                .for_each(|(times, time)| times.push(time));
        }
    }
    let [ours, theirs] = times.map(|mut times| {
        times.sort();
        times[times.len() / 2].as_secs_f64() * 1e3
    });
    println!(
        "{what:<44} {ours:>6.2} ms {theirs:>6.2} ms {:>6.2}",
        ours / theirs
    );
}

fn time(mut command: Command) -> Duration {
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let start = Instant::now();
    assert!(command.status().unwrap().success());
    start.elapsed()
}

/// The most memory a run had at a time, in KiB, where `/usr/bin/time` can tell.
fn peak(command: Command) -> Option<u32> {
    let mut timed = Command::new("/usr/bin/time");
    timed
        .args(["-f", "%M"])
        .arg(command.get_program())
        .args(command.get_args())
        .current_dir(command.get_current_dir()?);
    for (name, value) in command.get_envs() {
        timed.env(name, value?);
    }
    let output = timed
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .output()
        .ok()?;
    // What the program itself says comes before.
    String::from_utf8(output.stderr)
        .ok()?
        .lines()
        .last()?
        .parse()
        .ok()
}

fn smp(repository: &Path, args: &[&str]) -> Command {
    program(SMP, repository, args)
}

fn git(repository: &Path, args: &[&str]) -> Command {
    program("git", repository, args)
}

fn program(name: &str, repository: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(name);
    command
        .args(args)
        .current_dir(repository)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1");
    command
}

fn output(mut command: Command) -> Vec<u8> {
    let output = command.stderr(Stdio::inherit()).output().unwrap();
    assert!(output.status.success());
    output.stdout
}

fn ask(repository: &Path, args: &[&str]) -> String {
    String::from_utf8(output(git(repository, args)))
        .unwrap()
        .trim()
        .to_owned()
}

fn path_with_smp() -> std::ffi::OsString {
    let own = Path::new(SMP).parent().unwrap().to_owned();
    let path = std::env::var_os("PATH").unwrap();
    std::env::join_paths(std::iter::once(own).chain(std::env::split_paths(&path))).unwrap()
}

/// The newest commit of the main line that lies at least so many commits without merges behind the tip.
fn start_of(repository: &Path, lines: usize, tip: &str) -> String {
    let line = ask(
        repository,
        &["rev-list", "--first-parent", "--max-count=4000", tip],
    );
    let line: Vec<_> = line.lines().collect();
    let behind = |at: usize| {
        let range = format!("{}..{tip}", line[at]);
        ask(repository, &["rev-list", "--count", "--no-merges", &range])
            .parse::<usize>()
            .unwrap()
            < lines
    };
    let steps: Vec<_> = (0..line.len()).collect();
    line[steps.partition_point(|&at| behind(at))].to_owned()
}

fn set_graph(repository: &Path, wanted: bool) {
    drop(fs::remove_file(
        repository.join(".git/objects/info/commit-graph"),
    ));
    if wanted {
        ask(repository, &["commit-graph", "write", "--reachable"]);
    }
}

/// The repository of the benchmark, written when it is not there yet.
fn repository() -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("history-{COMMITS}"));
    if path.join("done").exists() {
        return path;
    }
    println!("writing {COMMITS} commits to {}", path.display());
    drop(fs::remove_dir_all(&path));
    fs::create_dir_all(&path).unwrap();
    ask(&path, &["init", "-q", "-b", "main"]);
    let mut import = git(&path, &["fast-import", "--quiet"])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    import
        .stdin
        .take()
        .unwrap()
        .write_all(History::default().write().as_bytes())
        .unwrap();
    assert!(import.wait().unwrap().success());
    ask(&path, &["-c", "gc.writeCommitGraph=false", "gc", "-q"]);
    fs::write(path.join("done"), "").unwrap();
    path
}

/// A history such as teams have: topic branches of a few commits, merged, and others squashed.
#[derive(Default)]
struct History {
    stream: String,
    commits: usize,
    now: u64,
    state: u64,
}

impl History {
    fn write(mut self) -> String {
        (self.now, self.state) = (1_400_000_000, 7);
        let mut tip = self.commit("main", &[], "Begin");
        while self.commits < COMMITS {
            if self.chance(50) {
                let mut topic = tip;
                for _ in 0..=self.random(4) {
                    topic = self.commit(
                        "topic",
                        &[topic],
                        "Fix the map\n\nWhy it was broken, in a few lines of prose,\nas people write it.\n",
                    );
                }
                if self.chance(70) {
                    tip = self.commit("main", &[tip], "Add a translation (#");
                }
                tip = self.commit("main", &[tip, topic], "Merge pull request");
            } else {
                tip = self.commit("main", &[tip], "Update the floating view (#");
            }
        }
        self.stream
    }

    fn commit(&mut self, branch: &str, parents: &[usize], message: &str) -> usize {
        self.commits += 1;
        self.now += 60 + self.random(4000);
        let (mark, who) = (self.commits, self.random(40));
        let person = format!("Developer {who} <dev{who}@example.com> {} +0100", self.now);
        let message = message.replacen("(#", &format!("(#{mark})"), 1);
        let message = format!("{message}\n\nChange-Id: {mark}\n");
        write!(
            self.stream,
            "commit refs/heads/{branch}\nmark :{mark}\nauthor {person}\ncommitter {person}\n"
        )
        .unwrap();
        write!(self.stream, "data {}\n{message}\n", message.len()).unwrap();
        for (nth, parent) in parents.iter().enumerate() {
            writeln!(
                self.stream,
                "{} :{parent}",
                if nth == 0 { "from" } else { "merge" }
            )
            .unwrap();
        }
        if parents.len() < 2 {
            let text = mark.to_string();
            let (folder, file) = (self.random(50), self.random(1000));
            write!(
                self.stream,
                "M 100644 inline d{folder}/f{file}\ndata {}\n{text}\n\n",
                text.len()
            )
            .unwrap();
        } else {
            self.stream.push('\n');
        }
        mark
    }

    fn chance(&mut self, percent: u64) -> bool {
        self.random(100) < percent
    }

    fn random(&mut self, below: u64) -> u64 {
        self.state = self
            .state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.state >> 33) % below
    }
}
