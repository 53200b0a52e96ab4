use super::*;
use crate::forge::forgejo::FORGEJO;
use crate::forge::gitlab::GITLAB;

fn place(software: &Software, pages: &str, address: Option<&str>) -> Result<String, String> {
    let place = software.place(&Url::parse(pages).unwrap(), address, false);
    place
        .map(|(api, repository)| format!("{api} {repository}"))
        .map_err(|report| report.error)
}

#[test]
fn a_name_is_one_part_of_a_path() {
    assert_eq!(in_path("release/prod #1?"), "release%2Fprod%20%231%3F");
}

#[test]
fn the_api_is_at_home_or_where_the_person_says_for_that_very_host() {
    let there = |text: &str| Ok(text.to_owned());
    let leave = |host: &str| Err(format!("no variable says that the token is for {host}"));
    for (software, pages, address, expected) in [
        (
            &GITLAB,
            "https://gitlab.com/g/h/r",
            None,
            there("https://gitlab.com/api g/h/r"),
        ),
        (
            &GITLAB,
            "https://www.GitLab.com/g/r/",
            Some(""),
            there("https://gitlab.com/api g/r"),
        ),
        (
            &FORGEJO,
            "https://codeberg.org/o/r",
            None,
            there("https://codeberg.org/api o/r"),
        ),
        (
            &GITLAB,
            "https://git.example/g/r",
            None,
            leave("git.example"),
        ),
        (
            &GITLAB,
            "https://gitlab.com:8443/g/r",
            None,
            leave("gitlab.com:8443"),
        ),
        (
            &GITLAB,
            "https://gitlab.com.evil.example/g/r",
            None,
            leave("gitlab.com.evil.example"),
        ),
        (
            &GITLAB,
            "https://git.example/g/r",
            Some("https://git.example/api/v4/"),
            there("https://git.example/api g/r"),
        ),
        (
            &GITLAB,
            "https://git.example/lab/g/r",
            Some("https://git.example/lab/api/v4"),
            there("https://git.example/lab/api g/r"),
        ),
        (
            &GITLAB,
            "https://gitlab.com/g/r",
            Some("https://git.example/api/v4"),
            leave("gitlab.com"),
        ),
        (
            &GITLAB,
            "https://git.example/g/r",
            Some("https://git.example:444/api/v4"),
            leave("git.example"),
        ),
        (
            &FORGEJO,
            "https://codeberg.org/o/r",
            Some("http://127.0.0.1:80/api/v1"),
            there("http://127.0.0.1/api o/r"),
        ),
        (
            &FORGEJO,
            "https://codeberg.org/o/r%2f..%2fx",
            None,
            Err("the main repository has no web address on Forgejo".to_owned()),
        ),
        (
            &FORGEJO,
            "https://codeberg.org/o",
            None,
            Err("the main repository has no web address on Forgejo".to_owned()),
        ),
    ] {
        let shown = match place(software, pages, address) {
            // The default address may have `www.` before the host.
            Ok(text) => Ok(text.replacen("//www.", "//", 1)),
            error => error,
        };
        assert_eq!(shown, expected, "{pages} {address:?}");
    }
    let plain = place(
        &GITLAB,
        "https://git.example/g/r",
        Some("http://git.example/api/v4"),
    );
    assert!(
        plain
            .unwrap_err()
            .starts_with("GITLAB_API_URL cannot be used")
    );
}

#[test]
fn of_several_checks_the_worst_counts() {
    use Checks::{Failed, Pending, Succeeded, Unknown};
    for (all, expected) in [
        (vec![], Checks::None),
        (vec![Succeeded, Succeeded], Succeeded),
        (vec![Succeeded, Pending], Pending),
        (vec![Pending, Unknown], Unknown),
        (vec![Unknown, Failed, Pending], Failed),
    ] {
        assert_eq!(together(all.clone()), expected, "{all:?}");
    }
}

#[test]
fn all_are_asked_for_and_told_in_their_order() {
    for count in [0, 1, 7, 8, 9, 100] {
        let items: Vec<usize> = (0..count).collect();
        assert_eq!(each(&items, |item| *item), items);
    }
}

#[test]
fn one_of_which_nobody_can_tell_may_be_the_one_that_counts() {
    let request = |merged, reviewed: Option<&str>| Request {
        number: 1,
        author: Some("ada".to_owned()),
        into_main: true,
        merged,
        reviewed: reviewed.map(|by| Reviewed {
            approved_by: vec![by.to_owned()],
            ..Reviewed::default()
        }),
    };
    let is_approved = |all: &[Request]| match origin(all) {
        Origin::PullRequest(pull) => Some(pull.is_approved()),
        Origin::Direct => Some(false),
        Origin::Unknown => None,
    };
    assert_eq!(is_approved(&[]), Some(false));
    assert_eq!(is_approved(&[request(true, Some("ben"))]), Some(true));
    assert_eq!(is_approved(&[request(true, Some("ADA"))]), Some(false));
    assert_eq!(is_approved(&[request(true, Some(""))]), Some(false));
    assert_eq!(
        is_approved(&[request(true, Some("ben")), request(true, None)]),
        None
    );
    assert_eq!(is_approved(&[request(false, None)]), Some(false));
}
