//! What runs on the machines of others: each action is named by a full hash, which nobody can move, and no text of a stranger
//! becomes a part of a script.

use std::path::PathBuf;

use regex::Regex;

use crate::root;

/// The workflows, and the action of this project.
fn files() -> Vec<PathBuf> {
    let folder = std::fs::read_dir(root().join(".github/workflows")).unwrap();
    let mut files: Vec<PathBuf> = folder.map(|entry| entry.unwrap().path()).collect();
    files.push(root().join("action.yml"));
    files
}

#[test]
fn every_action_is_named_by_a_full_hash() {
    let pinned = Regex::new(r"^[\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$").unwrap();
    let mut seen = 0;
    for file in files() {
        let text = std::fs::read_to_string(&file).unwrap();
        for line in text.lines() {
            let line = line.trim_start().trim_start_matches("- ");
            if let Some(action) = line.strip_prefix("uses:") {
                seen += 1;
                assert!(pinned.is_match(action.trim()), "{}: {line}", file.display());
            }
        }
    }
    assert!(seen > 5, "no action was found");
}

#[test]
fn scripts_take_the_words_of_others_from_variables() {
    for file in files() {
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(!text.contains('\t'), "{}: a tab is no YAML", file.display());
        // Below `run:`, everything that stands deeper than it.
        let mut script = None;
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            let depth = line.len() - line.trim_start_matches([' ', '-']).len();
            if script.is_some_and(|run| depth <= run) {
                script = None;
            }
            if line.trim_start_matches([' ', '-']).starts_with("run:") {
                script = Some(depth);
            }
            let is_foreign = line.contains("${{") && !line.contains("${{ matrix.");
            let input = file.ends_with("action.yml") && line.contains("inputs.");
            let bad = script.is_some() && (is_foreign || input);
            assert!(!bad, "{}: {line}", file.display());
        }
    }
}
