use crate::core::tell::tests::*;
use crate::core::tell::{markdown, slack, teams};
use crate::core::text::{acts, visible};

/// Texts that somebody may put into a subject to make a chat act on them.
pub(super) const BAD: [&str; 16] = [
    "[x](https://evil.example) ![y](https://evil.example/z.png)",
    "<at>devs</at> <at>Adele Vance</at>",
    "{{DATE(2017-02-14T06:08:00Z)}} {{TIME(2017-02-14T06:08:00Z)}}",
    "{{{{DATE(2017-02-14T06:08:00Z, SHORT)}} {{date(x)}}",
    "<!channel> <@U01> <!subteam^S01> <https://evil.example|click>",
    "@channel @here @everyone :tada:",
    "**bold** _italic_ ~gone~ `code` ```fence```",
    "&lt;b&gt; &amp; <b>html</b> <script>alert(1)</script>",
    "\u{1b}[31mred\u{7}\u{9b}31m",
    "\u{202e}desrever\u{2066}",
    "${expression} @{triggerBody()} #{x}",
    "\\[a\\] \\\\ \\",
    "broken \u{fffd}\u{fffd} bytes",
    "\r\n\r\n# heading\r\n- point\r\n1. one",
    "\"}]}, {\"type\": \"x\"",
    "null\0byte",
];

/// A post that is hostile in every foreign text.
pub(super) fn bad_post() -> Post {
    let subjects: Vec<String> = BAD.iter().map(|bad| (*bad).to_owned()).collect();
    let note = Some(BAD.join("\n"));
    let lead = format!("version 1f13dc69 is blocked by {}.", BAD[0]);
    Post {
        lead,
        note,
        watched: subjects.clone(),
        ..with_subjects(BAD.len(), &subjects)
    }
}

#[test]
fn a_card_holds_every_hostile_subject_literally() {
    let card = card(&teams::payload(&bad_post()));
    let text = text_of(&typed(&card, "TextRun"));
    for bad in BAD {
        assert!(
            text.contains(&format!(" {}", visible(bad))),
            "{bad:?} in {text}"
        );
    }
    assert!(!text.chars().any(|c| acts(c) && c != '\n'));
}

#[test]
fn no_run_of_a_card_holds_a_date_to_be_computed() {
    let payload = teams::payload(&bad_post());
    for word in ["DATE", "TIME"] {
        assert!(!payload.contains(&format!("{{{{{word}(")), "{payload}");
    }
    // Both braces are there, in two separate runs.
    let text = text_of(&typed(&card(&payload), "TextRun"));
    assert!(
        text.contains("{{DATE(2017-02-14T06:08:00Z)}} {{TIME(2017-02-14T06:08:00Z)}}"),
        "{text}"
    );
}

#[test]
fn markup_stands_in_a_card_only_where_nothing_is_foreign() {
    let mentions = persons(
        r#"["devs", { name = "Adele </at> *Vance*", id = "adele@example.com", kind = "person" }, { name = "qa", id = "dGFn", kind = "person" }]"#,
    );
    let card = card(&teams::payload(&Post {
        mentions,
        ..bad_post()
    }));
    let blocks: Vec<&str> = typed(&card, "TextBlock")
        .iter()
        .map(|block| block["text"].as_str().unwrap())
        .collect();
    assert_eq!(
        blocks,
        [
            "Production deploy 2022-03-02",
            "<at>Adele at Vance</at> <at>qa</at>"
        ]
    );
    let text = text_of(&typed(&card, "TextRun"));
    assert!(
        text.starts_with("@devs version 1f13dc69 is blocked by [x](https://evil.example)"),
        "{text}"
    );
    let entities = serde_json::json!([
        {"type": "mention", "text": "<at>Adele at Vance</at>", "mentioned": {"id": "adele@example.com", "name": "Adele at Vance"}},
        {"type": "mention", "text": "<at>qa</at>", "mentioned": {"id": "dGFn", "name": "qa"}},
    ]);
    assert_eq!(card["msteams"]["entities"], entities);
}

#[test]
fn a_card_links_to_nothing_but_the_main_repositorys_pages() {
    let card = card(&teams::payload(&bad_post()));
    let links = typed(&card, "Action.OpenUrl");
    assert_eq!(links.len(), BAD.len() + 2);
    for link in links {
        assert!(
            link["url"]
                .as_str()
                .unwrap()
                .starts_with("https://github.com/VisualMeaning/sm_platform/"),
            "{link}"
        );
    }
    for run in typed(&card, "TextRun")
        .iter()
        .filter(|run| run["selectAction"].is_object())
    {
        let text = run["text"].as_str().unwrap();
        assert!(
            text.len() == 7 || text.starts_with("https://github.com/"),
            "{run}"
        );
    }
}

#[test]
fn slack_sees_foreign_text_only_where_it_knows_no_markup() {
    let message = read(&slack::payload(&bad_post()));
    assert_eq!(typed(&message, "mrkdwn").len(), 0);
    let text = text_of(&typed(&message, "text"));
    for bad in BAD {
        assert!(
            text.contains(&format!(" {}\n", visible(bad))),
            "{bad:?} in {text}"
        );
    }
    // The notification is read as markup.
    let fallback = message["text"].as_str().unwrap();
    assert!(!fallback.contains(['<', '>']), "{fallback}");
}

#[test]
fn slack_calls_those_who_are_configured_and_nobody_else() {
    let mentions = r#"["devs", { name = "Adele", id = "U01", kind = "person" }, { name = "qa", id = "U02", kind = "person" }, { name = "x", id = "U1> <!channel", kind = "person" }]"#;
    let post = Post {
        mentions: persons(mentions),
        ..technical()
    };
    let message = read(&slack::payload(&post));
    let said =
        "<@U01> <@U02> @devs @x Proposed for production: version 1f13dc69, which runs on staging.";
    assert_eq!(text_of(&typed(&message, "mrkdwn")), said);
    let message = read(&slack::payload(&Post {
        mentions: post.mentions,
        ..bad_post()
    }));
    assert_eq!(text_of(&typed(&message, "mrkdwn")), "<@U01> <@U02>");
}

#[test]
fn markdown_keeps_every_subject_inside_of_its_code() {
    let text = markdown::payload(&bad_post());
    let code: Vec<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix("    "))
        .collect();
    let expected = BAD
        .iter()
        .enumerate()
        .map(|(index, bad)| format!("{index:07x} {}", visible(bad)));
    assert_eq!(code, expected.collect::<Vec<_>>());
    let first = text.find("    0000000").unwrap();
    assert!(
        text[..first].ends_with("\n\n"),
        "code begins after an empty line only"
    );
}

#[test]
fn markdown_escapes_what_is_foreign_outside_of_code() {
    let text = markdown::payload(&bad_post());
    assert!(
        text.contains(r"blocked by \[x\](https://evil.example) \!\[y\](https"),
        "{text}"
    );
    assert!(text.contains("@\u{2060}channel @\u{2060}here"), "{text}");
    assert!(
        text.contains("\n\\# heading\n- point\n\n1\\. one\n"),
        "{text}"
    );
    assert!(text.contains("@devs version"), "{text}");
}

#[test]
fn invalid_bytes_of_a_subject_show_as_replaced() {
    let changes = example::ships(vec![example::commit("1f13dc69", b"caf\xe9 \xff\xfe \x00")]);
    let post = example::about("[]", |about| {
        about.proposal(&example::id("1f13dc69"), "staging", &changes, None)
    });
    for payload in [teams::payload(&post), slack::payload(&post)] {
        assert!(
            payload.contains("caf\u{fffd} \u{fffd}\u{fffd} \\\\x00"),
            "{payload}"
        );
    }
    assert!(markdown::payload(&post).contains("    1f13dc6 caf\u{fffd} \u{fffd}\u{fffd} \\x00\n"));
}

proptest! {
    #[test]
    fn no_text_makes_a_card_compute_or_acts(text in foreign(500)) {
        let payload = teams::payload(&Post { note: Some(text.clone()), ..with_subjects(1, &[text]) });
        let card = card(&payload);
        for run in typed(&card, "TextRun") {
            let run = run["text"].as_str().unwrap().to_ascii_uppercase();
            prop_assert!(!run.contains("{{DATE(") && !run.contains("{{TIME("));
            prop_assert!(!run.chars().any(|c| acts(c) && c != '\n'));
        }
        prop_assert_eq!(typed(&card, "TextBlock").len(), 1);
    }
}
