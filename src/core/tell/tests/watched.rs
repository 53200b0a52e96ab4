//! The watched files in every format of a post.

use crate::core::tell::tests::*;
use crate::core::tell::{markdown, slack, teams};
use crate::core::text::visible;

/// Returns the sentence about the files in a card and in Slack. The flag is true for a name formatted as code.
fn sentences(post: &Post) -> [Vec<(String, bool)>; 2] {
    let text = |value: &Value| value["text"].as_str().unwrap().to_owned();
    let block = |blocks: &Value, inside: &dyn Fn(&Value) -> Value| {
        let all = blocks
            .as_array()
            .unwrap()
            .iter()
            .map(inside)
            .filter(Value::is_array);
        let mut ours =
            all.filter(|pieces| pieces[0]["text"] == "Changed files that the team watches: ");
        let pieces = ours
            .next()
            .map(|pieces| pieces.as_array().unwrap().clone())
            .unwrap_or_default();
        assert!(ours.next().is_none());
        pieces
    };
    let card = block(&card(&teams::payload(post))["body"], &|block| {
        block["inlines"].clone()
    });
    let message = block(&read(&slack::payload(post))["blocks"], &|block| {
        block["elements"][0]["elements"].clone()
    });
    [
        card.iter()
            .map(|run| (text(run), run["fontType"] == "Monospace"))
            .collect(),
        message
            .iter()
            .map(|element| (text(element), element["style"]["code"] == true))
            .collect(),
    ]
}

/// Returns the Markdown paragraph about the files.
fn paragraph(post: &Post) -> Option<String> {
    let text = markdown::payload(post);
    text.split("\n\n")
        .find(|part| part.starts_with("Changed files that the team watches: "))
        .map(str::to_owned)
}

fn files(count: usize) -> Vec<String> {
    (1..=count)
        .map(|number| format!("db/{number}.sql"))
        .collect()
}

#[test]
fn watched_files_are_named_after_the_commits_and_before_the_link() {
    let post = with_files(&["db/migrations/0007_users.py", "Procfile"]);
    let said = "Changed files that the team watches: `db/migrations/0007_users.py`, `Procfile`";
    let text = markdown::payload(&post);
    assert!(
        text.contains(&format!("(#418)\n\n{said}\n\nSee https://")),
        "{text}"
    );
    for pieces in sentences(&post) {
        let pieces: Vec<(&str, bool)> = pieces
            .iter()
            .map(|(text, code)| (text.as_str(), *code))
            .collect();
        let words = ("Changed files that the team watches: ", false);
        assert_eq!(
            pieces,
            [
                words,
                ("db/migrations/0007_users.py", true),
                (", ", false),
                ("Procfile", true)
            ]
        );
    }
    let body = card(&teams::payload(&post))["body"].clone();
    assert_eq!(
        body[3]["inlines"][0]["text"],
        "Changed files that the team watches: "
    );
    let blocks = read(&slack::payload(&post))["blocks"].clone();
    assert_eq!(
        blocks[3]["elements"][0]["elements"][0]["text"],
        "Changed files that the team watches: "
    );
}

#[test]
fn of_many_watched_files_ten_are_named_and_the_rest_is_counted() {
    for (count, end) in [
        (1, "`db/1.sql`"),
        (10, "`db/9.sql`, `db/10.sql`"),
        (13, "`db/10.sql` and 3 more"),
    ] {
        let post = Post {
            watched: files(count),
            ..technical()
        };
        let said = paragraph(&post).unwrap();
        assert!(said.ends_with(end), "{said}");
        for pieces in sentences(&post) {
            let text: String = pieces
                .iter()
                .map(|(text, code)| {
                    if *code {
                        format!("`{text}`")
                    } else {
                        text.clone()
                    }
                })
                .collect();
            assert_eq!(text, said);
        }
    }
}

#[test]
fn without_watched_files_nothing_is_said_of_them() {
    assert_eq!(sentences(&technical()), [Vec::new(), Vec::new()]);
    assert_eq!(paragraph(&technical()), None);
}

#[test]
fn a_files_name_is_taken_for_nothing_else() {
    for bad in hostile::BAD {
        let post = with_files(&[bad, "Procfile"]);
        let (name, text) = (visible(bad), markdown::payload(&post));
        for pieces in sentences(&post) {
            // `{{DATE(…)}}` is two runs in a card.
            let names: String = pieces
                .iter()
                .filter(|(_, code)| *code)
                .map(|(text, _)| text.as_str())
                .collect();
            assert_eq!(names, format!("{name}Procfile"));
        }
        let plain = name.contains(['`', '\\']);
        let shown = if plain {
            crate::core::text::in_markdown(bad)
        } else {
            format!("`{name}`")
        };
        assert!(
            text.contains(&format!(
                "\n\nChanged files that the team watches: {shown}, `Procfile`\n\n"
            )),
            "{text}"
        );
    }
}

#[test]
fn long_names_are_cut_and_the_list_of_commits_gives_way() {
    for letter in ["x", "👩", "\"", "`", "{{DATE(", "\u{202e}"] {
        let names: Vec<String> = (0..12)
            .map(|number| format!("{number}{}", letter.repeat(4_000)))
            .collect();
        let commits = with_subjects(
            120,
            &["Always display flags on painpoints (#421)".to_owned()],
        )
        .commits;
        let post = Post {
            watched: names,
            commits,
            ..technical()
        };
        for pieces in sentences(&post) {
            let named = pieces
                .iter()
                .filter(|(text, code)| *code && text.ends_with('…'))
                .count();
            assert!((1..=10).contains(&named), "{letter} {pieces:?}");
            assert_eq!(
                pieces.last().unwrap().0,
                format!(" and {} more", 12 - named),
                "{letter}"
            );
        }
        let (teams, slack) = (sizes::check_teams(&post), sizes::check_slack(&post));
        assert!(
            (40..=120).contains(&teams) && (20..=120).contains(&slack),
            "{letter}: {teams} {slack}"
        );
        let said = paragraph(&post).unwrap();
        assert!(
            said.ends_with(" and 2 more") && said.chars().count() < 5_300,
            "{said}"
        );
    }
}

#[test]
fn the_longest_of_everything_still_fits() {
    let link = Some(Link {
        url: format!("https://git.example/{}", "a_".repeat(950)),
        after: " for more detail.",
    });
    let person = |number: usize| Mention::Person {
        name: "x".to_owned(),
        id: format!("U{number:0199}"),
    };
    for letter in ["x", "日", "{{DATE(", "<"] {
        let long = letter.repeat(2_000);
        let post = Post {
            heading: long.clone(),
            mentions: (0..20)
                .map(person)
                .chain((0..5).map(|_| Mention::Plain(long.clone())))
                .collect(),
            lead: long.clone(),
            watched: vec![long.clone(); 12],
            note: Some(long.clone()),
            link: link.clone(),
            ..with_subjects(50, &[long])
        };
        let (teams, slack) = (sizes::check_teams(&post), sizes::check_slack(&post));
        assert!(teams >= 3 && slack >= 1, "{letter}: {teams} {slack}");
    }
}
