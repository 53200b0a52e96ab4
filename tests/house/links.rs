//! Every link in the Markdown pages leads to a file of the project, and to a heading in it.

use std::path::{Path, PathBuf};

use regex::Regex;

use crate::root;

/// The address of single files of this repository.
const OURS: &str = "https://raw.githubusercontent.com/VisualMeaning/git-smp/main/";

/// Returns the pages: Markdown at the top and in `docs`.
fn pages() -> Vec<PathBuf> {
    let folders = [root().to_owned(), root().join("docs")];
    let files = folders
        .iter()
        .flat_map(|folder| std::fs::read_dir(folder).unwrap());
    files
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == "md"))
        .collect()
}

/// Returns the text without its fenced blocks, which are examples.
fn prose(page: &Path) -> String {
    let text = std::fs::read_to_string(page).unwrap();
    text.split("```").step_by(2).collect()
}

/// Returns a heading as GitHub writes it in an address.
fn anchor(heading: &str) -> String {
    let kept = heading
        .chars()
        .filter(|c| c.is_alphanumeric() || " -_".contains(*c));
    kept.map(|c| c.to_ascii_lowercase())
        .map(|c| if c == ' ' { '-' } else { c })
        .collect()
}

fn has_heading(page: &Path, wanted: &str) -> bool {
    let text = prose(page);
    let mut headings = text.lines().filter(|line| line.starts_with('#'));
    headings.any(|line| anchor(line.trim_start_matches('#').trim()) == wanted)
}

#[test]
fn every_link_leads_to_a_file_and_a_heading() {
    let link = Regex::new(r"\]\(([^)\s]+)\)").unwrap();
    let (mut seen, mut dead) = (0, Vec::new());
    for page in pages() {
        // A link in backticks is an example too.
        let text: String = prose(&page).split('`').step_by(2).collect();
        for found in link.captures_iter(&text).map(|found| found[1].to_owned()) {
            // crates.io only shows pictures with absolute addresses.
            let file = found.strip_prefix(OURS).map(|path| root().join(path));
            if found.starts_with("https://") && file.is_none_or(|file| file.exists()) {
                continue;
            }
            seen += 1;
            let (file, heading) = found.split_once('#').unwrap_or((&found, ""));
            let target = match file {
                "" => page.clone(),
                file => page.parent().unwrap().join(file),
            };
            if !target.exists() || (!heading.is_empty() && !has_heading(&target, heading)) {
                dead.push(format!("{}: {found}", page.display()));
            }
        }
    }
    assert!(seen > 20, "only {seen} links were found");
    assert!(dead.is_empty(), "{dead:#?}");
}

#[test]
fn the_readme_fits_on_two_screens() {
    let lines = std::fs::read_to_string(root().join("README.md")).unwrap();
    assert!(lines.lines().count() <= 150);
}
