//! Builds that are released again.

use super::*;

#[test]
fn a_release_is_made_of_an_earlier_one_or_of_what_was_built() {
    let made = answer(
        "201 Created",
        "",
        &told(10, "pending", false, Some("s7")).to_string(),
    );
    let api = Api::start(&[(POST, made)]);
    api.heroku().release(&former(Some("s7")), true).unwrap();
    api.heroku().release(&former(Some("s7")), false).unwrap();
    api.heroku().release(&former(None), false).unwrap();
    let bodies: Vec<String> = api
        .asked()
        .iter()
        .map(|asked| asked.split_once("\r\n\r\n").unwrap().1.to_owned())
        .collect();
    assert_eq!(
        bodies,
        [
            r#"{"release":"r7"}"#,
            r#"{"description":"Release of v7 again","slug":"s7"}"#,
            r#"{"release":"r7"}"#
        ]
    );
}

#[test]
fn what_is_declined_changed_nothing() {
    for (status, error) in [
        ("401 Unauthorized", "does not know the token"),
        ("403 Forbidden", "no right to release to the app an-app"),
        ("404 Not Found", "no app an-app"),
        (
            "422 Unprocessable Entity",
            "Heroku does not create that release of an-app",
        ),
        ("429 Too Many Requests", "takes no more requests"),
    ] {
        let (kind, report) = released(no(status, "x", "Release is not eligible for rollback."));
        assert_eq!(
            (kind, report.because[0].as_str()),
            ("not", "it says: Release is not eligible for rollback.")
        );
        assert!(report.error.contains(error), "{status}: {report:?}");
    }
    // A free port may be taken by another test meanwhile; nobody listens on port 1.
    let heroku = at("http://127.0.0.1:1", TOKEN).unwrap();
    let Err(Trouble::NotSent(report)) = heroku.release(&former(None), true) else {
        panic!()
    };
    assert_eq!(report.error, "Heroku cannot be reached");
    assert_eq!(
        heroku.releases().unwrap_err().code,
        RefusalCode::Unreachable
    );
}

#[test]
fn where_the_call_may_have_been_heard_that_is_said() {
    for given in [
        no("500 Internal Server Error", "server_error", "Oops."),
        no("503 Service Unavailable", "maintenance", "Later."),
        no("408 Request Timeout", "timeout", "Too slow."),
        ok("nonsense"),
        "HTTP/1.1 201 Created\r\nContent-Length: 9\r\n\r\n{".to_owned(),
        String::new(),
    ] {
        assert_eq!(released(given.clone()).0, "unclear", "{given}");
    }
}
