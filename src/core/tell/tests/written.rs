//! Complete payloads: stored in `tests/card/`, and written to a folder for `tests/card/check`.

use std::path::{Path, PathBuf};

use crate::core::tell::post::tests::example::{product, short};
use crate::core::tell::tests::hostile::{BAD, bad_post};
use crate::core::tell::tests::*;
use crate::core::tell::{markdown, slack, teams};

/// The folder that `tests/card/check` sets; every payload is written there.
const FOLDER: &str = "SMP_CARDS";
/// If this variable is set, the stored payloads are rewritten. Check the changes with `git diff`.
const KEEP: &str = "SMP_KEEP_CARDS";

fn pretty(payload: &str) -> String {
    serde_json::to_string_pretty(&read(payload)).unwrap() + "\n"
}

fn all() -> Vec<(&'static str, Post)> {
    let many = with_subjects(2_000, &["Move the legend (#423)".to_owned()]);
    let mentions = r#"[{ name = "Adele Vance", id = "adele@example.com", kind = "person" }, { name = "qa", id = "qa@example.com" }]"#;
    let called = Post {
        mentions: persons(mentions),
        ..technical()
    };
    let mut posts = vec![("technical", technical()), ("product", product())];
    posts.extend(short());
    let watched = with_files(&["db/migrations/0007_users.py", "Procfile"]);
    posts.extend([
        ("hostile", bad_post()),
        ("many", many),
        ("called", called),
        ("watched", watched),
    ]);
    posts
}

#[test]
fn the_examples_payloads_are_those_that_are_kept() {
    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/card/kept");
    for (name, post) in [("technical", technical()), ("product", product())] {
        let forms = [
            ("teams.json", pretty(&teams::payload(&post))),
            ("slack.json", pretty(&slack::payload(&post))),
            ("md", markdown::payload(&post)),
        ];
        for (ending, text) in forms {
            let path = kept.join(format!("{name}.{ending}"));
            if std::env::var_os(KEEP).is_some() {
                std::fs::write(&path, &text).unwrap();
            }
            assert_eq!(
                std::fs::read_to_string(&path).unwrap(),
                text,
                "{}",
                path.display()
            );
        }
    }
}

#[test]
#[ignore = "tests/card/check runs it, and says where to"]
fn every_payload_is_written_where_the_check_asks_for_it() {
    let folder = PathBuf::from(std::env::var_os(FOLDER).unwrap());
    for (name, post) in all() {
        std::fs::write(
            folder.join(format!("{name}.teams.json")),
            teams::payload(&post),
        )
        .unwrap();
        std::fs::write(
            folder.join(format!("{name}.slack.json")),
            slack::payload(&post),
        )
        .unwrap();
        std::fs::write(folder.join(format!("{name}.md")), markdown::payload(&post)).unwrap();
    }
    let literal: Vec<String> = BAD
        .iter()
        .map(|bad| crate::core::text::visible(bad))
        .collect();
    std::fs::write(
        folder.join("literal.json"),
        serde_json::to_string(&literal).unwrap(),
    )
    .unwrap();
}
