//! The repositories: a history such as teams have, in one pack or many, with and without git's indexes over it.

use std::fs;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use crate::{ask, git};

/// How the objects lie on disk.
#[derive(Clone, Copy, PartialEq)]
pub enum Shape {
    OnePack,
    FiftyPacks,
}

impl Shape {
    pub fn name(self, has_index: bool) -> &'static str {
        match self {
            Shape::OnePack => "1 pack",
            Shape::FiftyPacks if has_index => "50 packs, multi-pack index",
            Shape::FiftyPacks => "50 packs",
        }
    }
}

/// The repository, written when it is not there yet.
pub fn repository(commits: usize, shape: Shape) -> PathBuf {
    let name = format!("history-{commits}-{}", shape.name(false).replace(' ', "-"));
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    if path.join("done").exists() {
        return path;
    }
    println!("writing {commits} commits to {}", path.display());
    drop(fs::remove_dir_all(&path));
    fs::create_dir_all(&path).unwrap();
    ask(&path, &["init", "-q", "-b", "main"]);
    let mut import = git(&path, &["fast-import", "--quiet"])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let stream = BufWriter::new(import.stdin.take().unwrap());
    let packs = if shape == Shape::FiftyPacks { 50 } else { 1 };
    History::new(stream, commits / packs).write(commits);
    assert!(import.wait().unwrap().success());
    if shape == Shape::OnePack {
        ask(&path, &["repack", "-adq"]);
    }
    fs::write(path.join("done"), "").unwrap();
    path
}

pub fn set_graph(repository: &Path, wanted: bool) {
    drop(fs::remove_file(
        repository.join(".git/objects/info/commit-graph"),
    ));
    if wanted {
        ask(repository, &["commit-graph", "write", "--reachable"]);
    }
}

pub fn set_index(repository: &Path, wanted: bool) {
    drop(fs::remove_file(
        repository.join(".git/objects/pack/multi-pack-index"),
    ));
    if wanted {
        ask(repository, &["multi-pack-index", "write"]);
    }
}

/// The newest commit of the main line that lies at least so many commits without merges behind the tip.
pub fn start_of(repository: &Path, lines: usize, tip: &str) -> String {
    let most = format!("--max-count={}", lines * 2);
    let line = ask(repository, &["rev-list", "--first-parent", &most, tip]);
    let line: Vec<_> = line.lines().collect();
    let is_near = |commit: &&str| {
        let range = format!("{commit}..{tip}");
        let count = ask(repository, &["rev-list", "--count", "--no-merges", &range]);
        count.parse::<usize>().unwrap() < lines
    };
    line[line.partition_point(is_near)].to_owned()
}

/// Topic branches of a few commits, merged, and others squashed, as a stream for `git fast-import`.
struct History<W> {
    stream: W,
    commits: usize,
    /// So many commits lie in one pack.
    pack: usize,
    now: u64,
    state: u64,
}

impl<W: Write> History<W> {
    fn new(stream: W, pack: usize) -> History<W> {
        History {
            stream,
            commits: 0,
            pack,
            now: 1_000_000_000,
            state: 7,
        }
    }

    fn write(mut self, commits: usize) {
        let mut tip = self.commit("main", &[], "Begin");
        while self.commits < commits {
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
        self.stream.flush().unwrap();
    }

    fn commit(&mut self, branch: &str, parents: &[usize], message: &str) -> usize {
        self.commits += 1;
        self.now += 60 + self.random(800);
        let (mark, who) = (self.commits, self.random(40));
        let person = format!("Developer {who} <dev{who}@example.com> {} +0100", self.now);
        let message = message.replacen("(#", &format!("(#{mark})"), 1);
        let message = format!("{message}\n\nChange-Id: {mark}\n");
        let mut text = format!(
            "commit refs/heads/{branch}\nmark :{mark}\nauthor {person}\ncommitter {person}\ndata {}\n{message}\n",
            message.len()
        );
        for (parent, word) in parents.iter().zip(["from", "merge"]) {
            text += &format!("{word} :{parent}\n");
        }
        if parents.len() < 2 {
            let content = mark.to_string();
            let (folder, file) = (self.random(50), self.random(100));
            text += &format!(
                "M 100644 inline d{folder}/f{file}\ndata {}\n{content}\n",
                content.len()
            );
        }
        if mark.is_multiple_of(self.pack) {
            text += "\ncheckpoint\n";
        }
        writeln!(self.stream, "{text}").unwrap();
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
