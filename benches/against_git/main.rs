//! Compares with git itself, in one run and turn by turn, so that whatever else the machine does hits both alike:
//!
//! ```text
//! cargo bench --bench against_git                 # 100,000 commits
//! cargo bench --bench against_git -- --million    # and 1,000,000; needs some 5 GB and minutes to write
//! cargo bench --bench against_git -- --rounds 99  # more rounds, steadier medians
//! cargo bench --bench against_git -- --latency    # only what a host far away costs
//! cargo bench --bench against_git -- --where      # only `git smp where`, with a record of 1,000 deploys
//! ```
//!
//! Each repository is written once, below `target/tmp`.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_types,
    reason = "a benchmark talks and starts programs"
)]

mod history;
mod latency;
mod pages;
mod r#where;

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use history::{Shape, repository, set_graph, set_index, start_of};

const SMP: &str = env!("CARGO_BIN_EXE_git-smp");

fn main() {
    let words: Vec<String> = std::env::args().collect();
    let rounds = words
        .iter()
        .position(|word| word == "--rounds")
        .and_then(|at| words.get(at + 1)?.parse().ok());
    let rounds = rounds.unwrap_or(31);
    if words.iter().any(|word| word == "--latency") {
        return latency::a_week();
    }
    if words.iter().any(|word| word == "--where") {
        return r#where::where_it_runs(rounds);
    }
    println!("{rounds} rounds each, medians\n");
    println!("{:<56} {:>9} {:>9} {:>7}", "", "git-smp", "git", "ratio");
    let mut sizes = vec![(100_000, vec![60, 2_000, 6_000])];
    if words.iter().any(|word| word == "--million") {
        sizes.push((1_000_000, vec![60, 4_000, 28_700]));
    }
    let first = repository(sizes[0].0, Shape::OnePack);
    let version = ["--version"];
    compare(
        "--version",
        rounds,
        || smp(&first, &version),
        || git(&first, &version),
    );
    for (commits, ranges) in sizes {
        for (shape, index) in [
            (Shape::OnePack, false),
            (Shape::FiftyPacks, false),
            (Shape::FiftyPacks, true),
        ] {
            let place = repository(commits, shape);
            set_index(&place, index);
            for graph in [false, true] {
                set_graph(&place, graph);
                let name = format!(
                    "{commits}, {}{}",
                    shape.name(index),
                    if graph { ", graph" } else { "" }
                );
                for lines in &ranges {
                    range(&place, rounds, &name, *lines);
                }
            }
        }
    }
    r#where::where_it_runs(rounds.min(11));
    pages::two_slow_pages(rounds.min(11));
    latency::a_week();
}

/// One range: alone, through `git smp`, with `GIT_DIR`, and its memory.
fn range(repository: &Path, rounds: usize, name: &str, lines: usize) {
    let tip = ask(repository, &["rev-parse", "main"]);
    let from = start_of(repository, lines, &tip);
    let range = format!("{from}..{tip}");
    let words = [
        "log",
        "--oneline",
        "--no-merges",
        "--no-decorate",
        "--no-color",
        &range,
    ];
    let log = || git(repository, &words);
    let diff = ["diff", "--from", &from, "--to", &tip];
    let (ours, theirs) = (output(smp(repository, &diff)), output(log()));
    assert!(ours == theirs, "the lists differ");
    let count = theirs.iter().filter(|&&b| b == b'\n').count();
    let what = format!("{name}: {count} lines");
    compare(&what, rounds, || smp(repository, &diff), log);
    if lines < 1_000 {
        let named = |mut command: Command| {
            command
                .env("GIT_DIR", repository.join(".git"))
                .current_dir(env!("CARGO_TARGET_TMPDIR"));
            command
        };
        compare(
            &format!("{what}, GIT_DIR"),
            rounds,
            || named(smp(repository, &diff)),
            || named(log()),
        );
    } else if let (Some(ours), Some(theirs)) = (peak(smp(repository, &diff)), peak(log())) {
        let ratio = f64::from(ours) / f64::from(theirs);
        let what = format!("{what}, peak memory");
        println!("{what:<56} {ours:>6}KiB {theirs:>6}KiB {ratio:>7.2}");
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
    let [ours, theirs] = times.map(median);
    let ratio = ours / theirs;
    println!("{what:<56} {ours:>6.2} ms {theirs:>6.2} ms {ratio:>7.2}");
}

/// The middle one, in milliseconds.
fn median(mut times: Vec<Duration>) -> f64 {
    times.sort();
    times[times.len() / 2].as_secs_f64() * 1e3
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
    let output = timed.stdout(Stdio::null()).output().ok()?;
    // What the program itself says comes before.
    String::from_utf8(output.stderr)
        .ok()?
        .lines()
        .last()?
        .parse()
        .ok()
}

fn smp(folder: &Path, args: &[&str]) -> Command {
    program(SMP, folder, args)
}

fn git(folder: &Path, args: &[&str]) -> Command {
    program("git", folder, args)
}

fn program(name: &str, folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(name);
    command
        .args(args)
        .current_dir(folder)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1");
    command
}

fn output(mut command: Command) -> Vec<u8> {
    let output = command.stderr(Stdio::inherit()).output().unwrap();
    assert!(output.status.success());
    output.stdout
}

fn ask(folder: &Path, args: &[&str]) -> String {
    String::from_utf8(output(git(folder, args)))
        .unwrap()
        .trim()
        .to_owned()
}
