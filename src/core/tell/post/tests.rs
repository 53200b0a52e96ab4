pub(crate) mod example;

use crate::core::tell::markdown;
use crate::core::tell::post::*;
use example::{NOTE, SUMMARY, about, eight, id};

const COMPARE: &str =
    "https://github.com/VisualMeaning/sm_platform/compare/7587cca77acc...1f13dc6996cd";

#[test]
fn the_runbooks_example_is_told_as_its_team_told_it() {
    let technical = format!(
        "Production deploy 2022-03-02

@devs Proposed for production: version 1f13dc69, which runs on staging.

    1f13dc6 Fix malformed view variable in MapItems (#425)
    704931c Floating UI: Add translations (#424)
    c28e40a Floating UI: Move the legend into the side panel (#423)
    9d07b5e Always display flags on painpoints (#421)
    35fa6c1 Floating UI: Keep the panel open between views (#420)
    e6109f8 Bump the map library to its latest patch release (#419)
    48bd273 Floating UI: First cut behind a setting (#412)
    bbd6ba4 Remove the unused splash styles (#418)

See {COMPARE} for more detail.

{NOTE}
"
    );
    assert_eq!(markdown::payload(&example::technical()), technical);
    let product = format!(
        "Production deploy 2022-03-02

New release to production with the following changes:

{SUMMARY}

See {COMPARE} for more detail on these changes.
"
    );
    assert_eq!(markdown::payload(&example::product()), product);
}

#[test]
fn the_two_posts_about_one_deploy_carry_one_date() {
    let (technical, product) = (example::technical(), example::product());
    assert_eq!(technical.heading, "Production deploy 2022-03-02");
    assert_eq!(technical.heading, product.heading);
}

#[test]
fn the_product_post_never_holds_the_log() {
    let product = example::product();
    assert_eq!((product.commits, product.note), (Vec::new(), None));
    let silent = about("[]", |about| about.product(&id("1f13dc69"), None));
    assert_eq!(silent.lead, "New release to production.");
}

#[test]
fn the_short_posts_say_what_happened_and_no_more() {
    let texts: Vec<String> = example::short()
        .iter()
        .map(|(_, post)| markdown::payload(post))
        .collect();
    let fix = "Production deploy 2022-03-02: a fix

@devs Version 5c0ffee1 on staging replaces 1f13dc69 and must be tested again. It adds only:

    5c0ffee Keep the legend from covering the map (#426)

See https://github.com/VisualMeaning/sm_platform/compare/1f13dc6996cd...5c0ffee11eef for more detail.
";
    let blocked = "Production deploy 2022-03-02 is blocked

@devs Version 1f13dc69 is blocked by Rosi.

The legend covers the map.
";
    let postponed = "Production deploy 2022-03-02 is postponed

@devs Version 1f13dc69 was postponed for production by Ada; staging is free for deploys again.

The legend covers the map.
";
    let back = format!(
        "Production rollback 2022-03-02

@devs Version 1f13dc69 was rolled back to 7587cca7 on production by Ada.

See {COMPARE} for what the rollback takes back.

Maps are empty.
"
    );
    assert_eq!(texts, [fix, blocked, postponed, &back]);
}

#[test]
fn several_targets_are_told_in_one_post() {
    let config = example::config("[]");
    let targets = [
        ("production".to_owned(), None),
        ("demo".to_owned(), Some(id("7587cca7"))),
        ("shop_eu".to_owned(), Some(id("aaaa"))),
    ];
    let about = About {
        config: &config,
        mentions: &[],
        date: "2022-03-02",
        targets: &targets,
    };
    let post = about.proposal(&id("1f13dc69"), "staging", &eight(), None);
    assert_eq!(
        post.heading,
        "Production, demo and shop_eu deploy 2022-03-02"
    );
    assert_eq!(
        post.lead,
        "Proposed for production, demo and shop_eu: version 1f13dc69, which runs on staging."
    );
    assert_eq!(post.link.map(|link| link.url).as_deref(), Some(COMPARE));
}

#[test]
fn a_first_deploy_has_nothing_to_compare_with() {
    let config = example::config("[]");
    let targets = [("production".to_owned(), None)];
    let about = About {
        config: &config,
        mentions: &[],
        date: "2022-03-02",
        targets: &targets,
    };
    let post = about.proposal(&id("1f13dc69"), "staging", &eight(), None);
    assert_eq!(post.link, None);
    assert!(markdown::payload(&post).ends_with("(#418)\n"));
}

#[test]
fn acting_characters_are_visible_and_lines_stay_lines() {
    let post = Post {
        note: Some(" one\r\ntwo\u{202e}\rthree\n\n".to_owned()),
        ..example::product()
    }
    .visible();
    assert_eq!(post.note.as_deref(), Some("one\ntwo\\u202e\\x0dthree"));
    assert_eq!(post.visible(), post);
    assert_eq!(
        Post {
            note: Some(" \n".to_owned()),
            ..post
        }
        .visible()
        .note,
        None
    );
}
