use crate::core::tell::tests::*;
use crate::core::tell::{markdown, slack, teams};

/// Returns the size that Teams counts: the card as a string inside JSON. Some encoders escape everything outside ASCII.
fn escaped_size(card: &Value) -> (usize, usize) {
    let string = serde_json::to_string(&card.to_string()).unwrap();
    let ascii = string
        .chars()
        .map(|c| if c.is_ascii() { 1 } else { 6 * c.len_utf16() })
        .sum();
    (string.len(), ascii)
}

/// Returns the number of commits that a payload lists, and that it says it omits.
fn counted(value: &Value, text_type: &str) -> (usize, usize) {
    let mut links = Vec::new();
    objects(
        value,
        &|value| {
            value["url"]
                .as_str()
                .is_some_and(|url| url.contains("/commit/"))
        },
        &mut links,
    );
    let text = |value: &Value| value["text"].as_str().map(str::to_owned);
    let left = typed(value, text_type)
        .into_iter()
        .filter_map(text)
        .find_map(|text| {
            text.strip_prefix("and ")
                .and_then(|rest| rest.strip_suffix(" more"))
                .and_then(|number| number.parse().ok())
        });
    (links.len(), left.unwrap_or(0))
}

/// Checks a card against the limits of Teams; returns the number of listed commits.
pub(super) fn check_teams(post: &Post) -> usize {
    let payload = teams::payload(post);
    let card = card(&payload);
    let (bytes, ascii) = escaped_size(&card);
    assert!(bytes <= 25_000 && ascii <= 25_000, "{bytes} {ascii}");
    let (listed, left) = counted(&card["body"], "TextRun");
    assert_eq!(listed + left, post.commits.len());
    let url = post
        .link
        .as_ref()
        .map_or(&Value::Null, |_| &card["actions"][0]["url"]);
    assert_eq!(
        url.as_str(),
        post.link.as_ref().map(|link| link.url.as_str())
    );
    let text = text_of(&typed(&card["body"], "TextRun"));
    assert!(
        post.link
            .as_ref()
            .is_none_or(|link| text.contains(&format!("See {} for", link.url)))
    );
    listed
}

/// Does the same for Slack.
pub(super) fn check_slack(post: &Post) -> usize {
    let message = read(&slack::payload(post));
    let length = |text: &str| text.encode_utf16().count();
    let blocks = message["blocks"].as_array().unwrap();
    assert!(blocks.len() <= 50 && length(&message["blocks"].to_string()) <= 12_000);
    assert!(length(message["text"].as_str().unwrap()) <= 3_000);
    for header in typed(&message, "plain_text") {
        assert!(length(header["text"].as_str().unwrap()) <= 150);
    }
    for section in typed(&message, "mrkdwn") {
        assert!(length(section["text"].as_str().unwrap()) <= 3_000);
    }
    for list in typed(&message, "rich_text_preformatted") {
        let text: String = list["elements"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["text"].as_str().unwrap())
            .collect();
        assert!(length(&text) <= 3_000);
    }
    let (listed, left) = counted(&message, "text");
    assert_eq!(listed + left, post.commits.len());
    let urls: Vec<&str> = typed(&message, "link")
        .iter()
        .filter_map(|link| link["url"].as_str())
        .collect();
    assert!(
        post.link
            .as_ref()
            .is_none_or(|link| urls.contains(&link.url.as_str()))
    );
    listed
}

#[test]
fn two_thousand_commits_are_cut_and_the_link_remains() {
    let post = with_subjects(
        2_000,
        &["Floating UI: Move the legend into the side panel, again (#423)".to_owned()],
    );
    let (teams, slack) = (check_teams(&post), check_slack(&post));
    assert!((60..100).contains(&teams), "{teams}");
    assert!((45..80).contains(&slack), "{slack}");
    assert_eq!(
        markdown::payload(&post)
            .lines()
            .filter(|line| line.starts_with("    "))
            .count(),
        2_000
    );
}

#[test]
fn a_weeks_commits_are_never_cut() {
    let subject = "Floating UI: Move the legend into the side panel, again (#423)".to_owned();
    for count in 0..=45 {
        let post = with_subjects(count, std::slice::from_ref(&subject));
        assert_eq!((check_teams(&post), check_slack(&post)), (count, count));
    }
}

#[test]
fn a_subject_of_ten_thousand_characters_is_cut_alone() {
    for letter in ["x", "日", "👩", "\"", "\\", "<", "{{DATE("] {
        let post = with_subjects(3, &[letter.repeat(10_000), "short".to_owned()]);
        assert_eq!((check_teams(&post), check_slack(&post)), (3, 3), "{letter}");
    }
}

#[test]
fn the_longest_note_in_any_letters_leaves_room_for_a_list() {
    for letter in ["x", "日", "👩", "\"", "\n", "{{DATE("] {
        let note = Some(letter.repeat(2_000));
        let post = Post {
            note,
            ..with_subjects(500, &["Always display flags".to_owned()])
        };
        let (teams, slack) = (check_teams(&post), check_slack(&post));
        assert!(teams >= 8 && slack >= 5, "{letter}: {teams} {slack}");
    }
    let note = "x".repeat(2_000);
    let payload = teams::payload(&Post {
        note: Some(note.clone()),
        ..technical()
    });
    assert!(
        payload.contains(&note),
        "the longest note that is taken fits whole"
    );
}

#[test]
fn a_commit_without_a_page_is_listed_without_a_link() {
    let mut post = technical();
    post.commits.iter_mut().for_each(|commit| commit.url = None);
    post.link = None;
    let card = card(&teams::payload(&post));
    assert_eq!(typed(&card, "Action.OpenUrl").len(), 0);
    assert!(
        text_of(&typed(&card, "TextRun"))
            .contains("1f13dc6 Fix malformed view variable in MapItems (#425)\n704931c")
    );
    assert!(slack::payload(&post).contains("1f13dc6 Fix malformed"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20))]

    #[test]
    fn every_post_fits_each_chat_and_is_printed_with_each_commit_on_a_line_of_code(post in any_post()) {
        check_teams(&post);
        check_slack(&post);
        let text = markdown::payload(&post);
        prop_assert_eq!(text.lines().filter(|line| line.starts_with("    ")).count(), post.commits.len());
        prop_assert!(!text.chars().any(|c| crate::core::text::acts(c) && c != '\n'));
    }
}
