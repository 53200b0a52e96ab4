//! History from an attacker or a careless author: none of it acts on the terminal, and none of it is lost.

mod bytes;
mod output;

use std::path::Path;

use crate::support::{Deploy, Run, World};

/// Puts a commit object with these bytes on staging's master and returns its hash.
#[track_caller]
fn stage_raw(deploy: &Deploy, parent: &str, people: &[u8], message: &[u8]) -> String {
    let hash = raw_commit(deploy, &deploy.staging, parent, people, message);
    put(deploy, &deploy.staging, &hash);
    hash
}

/// Writes a commit object. `people`: the lines of author and committer, and any further header lines.
#[track_caller]
fn raw_commit(deploy: &Deploy, bare: &Path, parent: &str, people: &[u8], message: &[u8]) -> String {
    let tree = deploy.git(bare, &["rev-parse", &format!("{parent}^{{tree}}")]);
    let object = [
        format!("tree {tree}\nparent {parent}\n").as_bytes(),
        people,
        b"\n",
        message,
    ]
    .concat();
    let runner = deploy.runner().cwd(bare).stdin(object);
    let run = runner.program(
        "git",
        &[
            "hash-object",
            "-t",
            "commit",
            "--literally",
            "-w",
            "--stdin",
        ],
    );
    run.ok().out().trim_end().to_owned()
}

/// Moves this repository's master to the commit and marks it as deployed.
#[track_caller]
fn put(deploy: &Deploy, bare: &Path, hash: &str) {
    deploy.git(bare, &["update-ref", "refs/heads/master", hash]);
    std::fs::write(bare.join("deployed"), hash).unwrap();
}

/// Returns author and committer lines with this name, at noon of 2022-02-02.
fn people(name: &str) -> Vec<u8> {
    ["author", "committer"]
        .map(|role| format!("{role} {name} <a@example.com> 1643803200 +0000\n"))
        .concat()
        .into_bytes()
}

/// Returns what would act on a terminal: C0 but tab and newline, DEL, C1 and its single bytes, and bidi marks.
fn acts(bytes: &[u8]) -> Option<String> {
    for chunk in bytes.utf8_chunks() {
        let bad = |c: &char| {
            let bidi = ['\u{61c}', '\u{200e}', '\u{200f}'].contains(c)
                || ('\u{202a}'..='\u{202e}').contains(c)
                || ('\u{2066}'..='\u{2069}').contains(c);
            bidi || (c.is_control() && !['\t', '\n'].contains(c))
        };
        if let Some(c) = chunk.valid().chars().find(bad) {
            return Some(format!("{c:?}"));
        }
        if let Some(byte) = chunk
            .invalid()
            .iter()
            .find(|byte| (0x80..=0x9f).contains(*byte))
        {
            return Some(format!("the byte {byte:#x}"));
        }
    }
    None
}

/// Asserts that the output contains nothing that acts on a terminal.
#[track_caller]
fn harmless(run: &Run) {
    assert_eq!(acts(&run.stdout), None, "stdout of {run}");
    assert_eq!(acts(run.stderr.as_bytes()), None, "stderr of {run}");
}

/// Returns a world without pages, after setup.
fn deploy() -> Deploy {
    World::deploy_like().without_pages().ready()
}
