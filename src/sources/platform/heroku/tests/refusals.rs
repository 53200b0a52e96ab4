//! Heroku's refusals, and secrets that no message contains.

use super::*;

#[test]
fn no_name_leads_elsewhere() {
    let api = Api::start(&[(
        RELEASES,
        list(&[told(3, "succeeded", true, Some("../../account"))]),
    )]);
    assert_eq!(short(&api.heroku().releases().unwrap()), [(3, true, None)]);
    assert_eq!(api.asked().len(), 1);
}

#[test]
fn each_refusal_says_what_helps() {
    use RefusalCode::{Unauthorized, Unreachable};
    for (status, id, code, error, hint) in [
        (
            "401 Unauthorized",
            "unauthorized",
            Unauthorized,
            "does not know the token",
            "heroku login",
        ),
        (
            "403 Forbidden",
            "two_factor",
            Unauthorized,
            "a second factor",
            "heroku authorizations:create",
        ),
        (
            "403 Forbidden",
            "forbidden",
            Unauthorized,
            "no right to look at the app an-app",
            "heroku auth:whoami",
        ),
        (
            "404 Not Found",
            "not_found",
            Unauthorized,
            "no app an-app that this account may see",
            "running.heroku",
        ),
        (
            "429 Too Many Requests",
            "rate_limit",
            Unreachable,
            "takes no more requests for now",
            "look: git smp status",
        ),
        (
            "500 Internal Server Error",
            "server_error",
            Unreachable,
            "cannot answer for now",
            "",
        ),
        (
            "503 Service Unavailable",
            "maintenance",
            Unreachable,
            "cannot answer for now",
            "",
        ),
        (
            "418 I'm a teapot",
            "teapot",
            Unreachable,
            "gives an answer that its API does not document",
            "",
        ),
    ] {
        let Refusal { code: told, report } = refused(no(status, id, "Its own words."));
        assert_eq!(told, code, "{status}");
        assert!(
            report.error.contains(error) && report.hint_text().unwrap_or_default().contains(hint),
            "{}",
            report.error
        );
        assert_eq!(report.because[0], "it says: Its own words.");
    }
}

#[test]
fn its_own_words_are_cut_and_never_hold_the_token() {
    let long = refused(no("403 Forbidden", "forbidden", &"x".repeat(100_000)));
    assert_eq!(
        long.report.because[0],
        format!("it says: {}", "x".repeat(200))
    );
    for message in [
        format!("no such token: {TOKEN}"),
        "no such token: s3cr3t-0123-...".into(),
    ] {
        assert_eq!(
            refused(no("401 Unauthorized", "unauthorized", &message))
                .report
                .because[0],
            "it answers 401"
        );
        assert_eq!(
            released(no("401 Unauthorized", "unauthorized", &message))
                .1
                .because[0],
            "it answers 401"
        );
    }
}

#[test]
fn what_is_no_answer_of_this_api_is_told_as_such() {
    let large = ok(format!("[{}]", " ".repeat(2 << 20)));
    for (given, error) in [
        (
            ok("<html>Log in, please</html>"),
            "gives an answer that its API does not document",
        ),
        (
            ok(r#"{"id":"maintenance"}"#),
            "gives an answer that its API does not document",
        ),
        (
            ok(r#"[{"id":7}]"#),
            "gives an answer that its API does not document",
        ),
        (large, "the answer of Heroku is larger than 1 MiB"),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n[".to_owned(),
            "the answer of Heroku is incomplete",
        ),
    ] {
        let refusal = refused(given);
        assert_eq!(refusal.code, RefusalCode::Unreachable);
        assert!(refusal.report.error.contains(error), "{refusal:?}");
    }
    let api = Api::start(&[
        (RELEASES, list(&[told(3, "succeeded", true, Some("s"))])),
        ("GET /apps/an-app/slugs/s", ok("nonsense")),
    ]);
    assert_eq!(
        api.heroku().releases().unwrap_err().code,
        RefusalCode::Unreachable
    );
}

#[test]
fn the_token_goes_nowhere_but_where_it_was_sent() {
    let other = Api::start(&[]);
    let away = answer(
        "302 Found",
        &format!("Location: {}/apps/an-app/releases\r\n", other.url()),
        "",
    );
    let told = refused(away.clone()).report;
    assert_eq!(
        (told.error.as_str(), told.because[0].as_str()),
        (
            "Heroku gives an answer that its API does not document",
            "it answers 302"
        )
    );
    assert_eq!(released(away).0, "unclear");
    assert!(other.asked().is_empty());
    for (address, token) in [
        ("http://api.example.com", TOKEN),
        ("https://ada:s3cr3t@example.com", TOKEN),
        ("https://example.com", "s3cr3t\r\nx: y"),
    ] {
        tells_no_secret(at(address, token).err().unwrap());
    }
    assert!(at("", TOKEN).is_ok());
}
