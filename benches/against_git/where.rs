//! `git smp where --offline`: 100,000 commits, and a record of 1,000 deploys.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use crate::history::{Shape, repository, set_graph};
use crate::{ask, git, median, smp, time};

const COMMITS: usize = 100_000;
const DEPLOYS: usize = 1_000;
const CONFIG: &str = "\
[repository]
remote = 'upstream'
url = 'https://git.example.com/shop.git'
[environments.staging]
url = 'https://git.example.com/shop-staging.git'
[environments.production]
url = 'https://git.example.com/shop-production.git'
promotes = 'staging'
[record]
";

/// Prints how long it takes for commits of every age, with a commit-graph and without.
pub fn where_it_runs(rounds: usize) {
    println!(
        "\nwhere --offline: {COMMITS} commits, {DEPLOYS} deploys to each of two environments, milliseconds"
    );
    println!("{:<40} {:>9} {:>9}", "", "no graph", "graph");
    let place = world();
    let line = ask(&place, &["rev-list", "--first-parent", "upstream/main"]);
    let line: Vec<&str> = line.lines().collect();
    let subject = ["log", "-1", "--format=%s", "--grep=(#", "upstream/main"];
    let subject = ask(&place, &subject);
    let number = subject.rsplit_once("(#").unwrap().1.trim_end_matches(')');
    let number = format!("#{number}");
    let rows = [
        ("the newest commit", line[0]),
        ("of last week", line[60]),
        ("in the middle", line[line.len() / 2]),
        ("the first commit", line[line.len() - 1]),
        ("a pull request of this week", &number),
        ("a mistyped name", "nothing"),
    ];
    for (what, rev) in rows {
        let times = [false, true].map(|has_graph| {
            set_graph(&place, has_graph);
            median((0..=rounds).map(|_| took(&place, rev)).skip(1).collect())
        });
        println!("{what:<40} {:>9.1} {:>9.1}", times[0], times[1]);
    }
}

fn took(place: &Path, rev: &str) -> std::time::Duration {
    let mut command = smp(place, &["where", "--offline", rev]);
    if rev != "nothing" {
        return time(command);
    }
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let start = std::time::Instant::now();
    assert!(!command.status().unwrap().success());
    start.elapsed()
}

/// A clone of the history, with the record that the team's programs would have written.
fn world() -> PathBuf {
    let history = repository(COMMITS, Shape::OnePack);
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("where");
    if path.join("done").exists() {
        return path;
    }
    drop(fs::remove_dir_all(&path));
    let (from, to) = (history.to_str().unwrap(), path.to_str().unwrap());
    ask(&history, &["clone", "-q", "-n", "-o", "upstream", from, to]);
    fs::write(path.join("smp.toml"), CONFIG).unwrap();
    let mut import = git(&path, &["fast-import", "--quiet"])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let stream = record(&path);
    (import.stdin.take().unwrap())
        .write_all(stream.as_bytes())
        .unwrap();
    assert!(import.wait().unwrap().success());
    ask(&path, &["repack", "-adq"]);
    fs::write(path.join("done"), "").unwrap();
    path
}

/// Every event of each deploy: staged, proposed, signed off, promoted, and each with its announcement.
fn record(place: &Path) -> String {
    let format = "--format=%H %ct";
    let line = ask(
        place,
        &[
            "log",
            "--first-parent",
            "--reverse",
            format,
            "upstream/main",
        ],
    );
    let line = line.lines().map(|one| one.split_once(' ').unwrap());
    let line: Vec<(&str, u64)> = line.map(|(id, at)| (id, at.parse().unwrap())).collect();
    let step = line.len() / (DEPLOYS + 1);
    let mut stream = "reset refs/smp/seen\n".to_owned();
    let mut count = 0;
    for deploy in 1..=DEPLOYS {
        let ((from, _), (to, made)) = (line[(deploy - 1) * step], line[deploy * step]);
        let moved = |word: &str, environment: &str| {
            format!(
                "Smp-Event: {word}\nSmp-Commit: {to}\nSmp-Environment: {environment}\nSmp-From: {from}\n"
            )
        };
        let events = [
            moved("staging", "staging"),
            moved("staged", "staging") + &format!("Smp-Commits: {step}\n"),
            format!(
                "Smp-Event: proposed\nSmp-Commit: {to}\nSmp-Environment: staging\nSmp-Target: production {from}\n"
            ),
            format!("Smp-Event: signed-off\nSmp-Commit: {to}\nSmp-Of: Rosi Example\n"),
            moved("promoting", "production"),
            moved("promoted", "production") + &format!("Smp-Commits: {step}\n"),
        ];
        for event in events {
            count += 1;
            let message = format!(
                "Something happened\n\nSmp-Id: {count:016x}\nSmp-Program: git-smp 0.1.0\n{event}"
            );
            let state = format!(
                r#"{{"format":1,"events":{count},"candidate":null,"deploying":null,"deploys":{{}},"owed":[]}}"#
            );
            let who = format!(
                "Ada Example <ada@example.com> {} +0000",
                made + 60 * (count % 6)
            );
            write!(
                stream,
                "commit refs/smp/seen\nauthor {who}\ncommitter {who}\ndata {}\n{message}\nM 644 inline state.json\ndata {}\n{state}\n",
                message.len(),
                state.len()
            )
            .unwrap();
        }
    }
    stream
}
