mod hostile;
mod sizes;
mod watched;
mod written;

use proptest::prelude::*;
use serde_json::Value;

use crate::core::config::Mention;
use crate::core::tell::block::{harmless, opening};
use crate::core::tell::fit::Limits;
use crate::core::tell::markdown::LIMITS;
use crate::core::tell::post::tests::example::{self, technical};
use crate::core::tell::post::{Link, Listed, Post};
use crate::core::tell::{ChannelKind, KINDS};

fn read(payload: &str) -> Value {
    serde_json::from_str(payload).unwrap()
}

/// Returns the card inside its envelope.
fn card(payload: &str) -> Value {
    let message = read(payload);
    assert_eq!(message["type"], "message");
    assert_eq!(message["attachments"].as_array().unwrap().len(), 1);
    assert_eq!(
        message["attachments"][0]["contentType"],
        "application/vnd.microsoft.card.adaptive"
    );
    message["attachments"][0]["content"].clone()
}

/// Collects every object inside a value for which `wanted` holds, in order.
fn objects<'a>(value: &'a Value, wanted: &dyn Fn(&Value) -> bool, found: &mut Vec<&'a Value>) {
    if value.is_object() && wanted(value) {
        found.push(value);
    }
    let inner: Vec<&Value> = match value {
        Value::Array(items) => items.iter().collect(),
        // Fields are in alphabetical order, which does not matter inside one element.
        Value::Object(fields) => fields.values().collect(),
        _ => Vec::new(),
    };
    inner
        .into_iter()
        .for_each(|value| objects(value, wanted, found));
}

/// Returns the objects of one type.
fn typed<'a>(value: &'a Value, kind: &str) -> Vec<&'a Value> {
    let mut found = Vec::new();
    objects(value, &|value| value["type"] == kind, &mut found);
    found
}

/// Joins the texts of some objects.
fn text_of(found: &[&Value]) -> String {
    found
        .iter()
        .map(|value| value["text"].as_str().unwrap())
        .collect()
}

fn persons(text: &str) -> Vec<Mention> {
    example::config(text).channels[0].mentions.clone()
}

/// The technical post with other commits.
fn with_subjects(count: usize, subjects: &[String]) -> Post {
    let listed = |index: usize| {
        let short = format!("{index:07x}");
        let url = Some(format!(
            "https://github.com/VisualMeaning/sm_platform/commit/{short}99999"
        ));
        Listed {
            short,
            subject: subjects[index % subjects.len()].clone(),
            url,
        }
    };
    Post {
        commits: (0..count).map(listed).collect(),
        ..technical()
    }
}

/// The technical post with these watched files.
fn with_files(names: &[&str]) -> Post {
    Post {
        watched: names.iter().map(|name| (*name).to_owned()).collect(),
        ..technical()
    }
}

#[test]
fn only_a_plain_sentence_is_harmless() {
    for good in [
        "Production deploy 2022-03-02: a fix",
        "@devs looking at deploying, to production.",
        "Grüße",
    ] {
        assert!(harmless(good), "{good}");
    }
    for bad in [
        "",
        "1. one",
        "- a",
        "a_b",
        "*a*",
        "a `b`",
        "[x](y)",
        "see evil.com now",
        "https://evil.com",
        "a:smile:",
        "a<b",
        "a\nb",
        "a\tb",
        "{{DATE(x)}}",
        "a & b",
        "a\\b",
        "a~b~",
        "a|b",
        "a #b",
        "a (b)",
        "a \u{202e}b",
        "a\u{200b}b",
    ] {
        assert!(!harmless(bad), "{bad}");
    }
}

#[test]
fn who_cannot_be_notified_is_called_by_plain_text() {
    let mentions = r#"["devs", { name = "Adele Vance", id = "U01", kind = "person" }, { name = "qa", id = "?", kind = "person" }]"#;
    let post = Post {
        mentions: persons(mentions),
        ..technical()
    };
    let limits = Limits {
        knows: |id| id != "?",
        ..LIMITS
    };
    let begun = opening(&post, &limits);
    assert_eq!(begun.called, [("Adele Vance", "U01")]);
    let words = begun.words();
    assert!(words.starts_with("@devs @qa Proposed for"), "{words}");
    let nobody = Post {
        mentions: Vec::new(),
        ..technical()
    };
    assert!(
        opening(&nobody, &limits)
            .words()
            .starts_with("Proposed for")
    );
}

/// Foreign texts, from plain to hostile.
fn foreign(longest: usize) -> impl Strategy<Value = String> {
    let bad = prop::sample::select(hostile::BAD.to_vec());
    prop_oneof![
        "[A-Z][a-z]{2,9}( [a-z]{1,9}){1,8} \\(#[0-9]{1,4}\\)",
        "\\PC{0,200}",
        any::<String>(),
        (bad, 1..20_usize).prop_map(|(bad, times)| bad.repeat(times)),
        (
            prop::sample::select(vec![
                "x",
                "\"",
                "\\",
                "<",
                "{{DATE(",
                "\u{1b}",
                "日",
                "👩‍💻",
                "\n- ",
                "\n-\n"
            ]),
            0..=longest
        )
            .prop_map(|(piece, length)| piece.chars().cycle().take(length).collect()),
    ]
}

fn mention() -> impl Strategy<Value = Mention> {
    let name = || "\\PC{1,60}";
    prop_oneof![
        name().prop_map(Mention::Plain),
        (name(), "[A-Z0-9]{1,12}").prop_map(|(name, id)| Mention::Person { name, id }),
        (name(), "\\PC{1,60}").prop_map(|(name, id)| Mention::Person { name, id }),
    ]
}

/// Arbitrary posts.
fn any_post() -> impl Strategy<Value = Post> {
    let subjects = prop::collection::vec(foreign(10_000), 1..12);
    let texts = (
        foreign(200),
        foreign(3_000),
        prop::option::of(foreign(4_000)),
        prop::option::of(foreign(20_000)),
    );
    let link = prop::option::of("https://git\\.example/[a-z_]{1,1900}".prop_map(|url| Link {
        url,
        after: " for more detail.",
    }));
    let count = prop_oneof![0..30_usize, 0..=2_000_usize];
    let watched = prop_oneof![Just(Vec::new()), prop::collection::vec(foreign(600), 0..14)];
    (
        count,
        subjects,
        texts,
        prop::collection::vec(mention(), 0..100),
        link,
        watched,
    )
        .prop_map(
            |(count, subjects, (heading, lead, note, summary), mentions, link, watched)| {
                let commits = with_subjects(count, &subjects).commits;
                Post {
                    heading,
                    mentions,
                    lead,
                    commits,
                    watched,
                    summary,
                    link,
                    note,
                }
            },
        )
}

/// The hints list the same words that `smp.toml` accepts.
#[test]
fn the_words_for_channels_are_those_that_are_read() {
    let known = serde_json::from_str::<ChannelKind>("\"mattermost\"").unwrap_err();
    let words = KINDS.iter().map(|word| format!("`{word}`"));
    let words = words.collect::<Vec<_>>().join(", ");
    assert!(known.to_string().contains(&words), "{known}");
}
