use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::thread::{self, JoinHandle};

use crate::core::tell::ChannelKind;
use crate::http::post::*;

/// The path of the webhook. No report may contain any part of it.
const PATH: &str = "/services/T0s3cr3t/B0s3cr3t";
const QUERY: &str = "api-version=1&sig=s1gnature";

/// Fails if a report contains a part of the address's path or query.
#[track_caller]
fn assert_tells_no_secret(report: &Report) {
    let mut texts = vec![report.error.clone(), format!("{report:?}")];
    texts.extend(report.because.iter().cloned().chain(report.hint_text()));
    let parts = PATH
        .split('/')
        .chain(QUERY.split(['&', '=']))
        .chain([PATH, QUERY])
        .filter(|part| part.len() > 3);
    for part in parts {
        assert!(
            texts.iter().all(|text| !text.contains(part)),
            "{part:?} is in {report:?}"
        );
    }
}

/// Returns the kind of an outcome and its report, after a check that the report shows no secret.
#[track_caller]
fn told(sent: Sent) -> (&'static str, Report) {
    let (kind, report) = match sent {
        Sent::Accepted => ("accepted", Report::new("")),
        Sent::Later(_, report) => ("later", report),
        Sent::NotSent(report) => ("not sent", report),
        Sent::Declined(report) => ("declined", report),
        Sent::Unclear(report) => ("unclear", report),
    };
    assert_tells_no_secret(&report);
    (kind, report)
}

fn manners(says_ok: bool) -> Manners {
    let chat = match says_ok {
        true => ChannelKind::Slack,
        false => ChannelKind::Teams,
    };
    (says_ok, chat.chat().unwrap().on_401)
}

fn renewal() -> Hint {
    "renew it".into()
}

/// Returns the kind of an outcome and the first cause of its report.
#[track_caller]
fn answered(sent: Sent) -> (&'static str, String) {
    let (kind, report) = told(sent);
    (kind, report.because.first().cloned().unwrap_or_default())
}

fn address(port: u16) -> Secret {
    Secret::new(format!("http://127.0.0.1:{port}{PATH}?{QUERY}"))
}

/// Starts a webhook that takes one request and gives this answer. The thread returns the request.
fn webhook(answer: impl Into<Vec<u8>>) -> (Secret, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let answer = answer.into();
    let served = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let asked = request(&mut stream);
        stream.write_all(&answer).unwrap();
        // The client may be gone already.
        let _ = stream.shutdown(Shutdown::Write);
        let _ = stream.read(&mut [0]);
        asked
    });
    (address(port), served)
}

/// Reads a request up to the length that its header names.
fn request(stream: &mut TcpStream) -> String {
    let (mut asked, mut piece) = (Vec::new(), [0; 4096]);
    loop {
        let read = stream.read(&mut piece).unwrap();
        asked.extend_from_slice(&piece[..read]);
        let text = String::from_utf8_lossy(&asked).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        let length = head.lines().find_map(|line| {
            line.to_ascii_lowercase()
                .strip_prefix("content-length: ")?
                .parse()
                .ok()
        });
        if read == 0 || body.len() >= length.unwrap_or(0) {
            return text;
        }
    }
}

/// Posts to a Teams webhook that gives this answer.
#[track_caller]
fn on(status: &str, headers: &str, body: &str) -> Sent {
    at(false, status, headers, body)
}

/// Posts to a webhook that gives this answer. `says_ok` is passed to `post`.
#[track_caller]
fn at(says_ok: bool, status: &str, headers: &str, body: &str) -> Sent {
    let answer = format!(
        "HTTP/1.1 {status}\r\n{headers}Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let (address, served) = webhook(answer);
    let sent = post(manners(says_ok), &address, &renewal(), "{}");
    served.join().unwrap();
    sent
}

#[test]
fn one_request_goes_out_as_a_chat_wants_it() {
    let (address, served) = webhook("HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n");
    assert_eq!(
        told(post(
            manners(false),
            &address,
            &renewal(),
            "{\"text\":\"ü\"}"
        ))
        .0,
        "accepted"
    );
    let asked = served.join().unwrap();
    assert!(
        asked.starts_with(&format!("POST {PATH}?{QUERY} HTTP/1.1\r\n")),
        "{asked}"
    );
    assert!(
        asked.contains("\r\ncontent-type: application/json; charset=utf-8\r\n"),
        "{asked}"
    );
    assert!(
        asked.contains("\r\nuser-agent: git-smp/") && asked.ends_with("\r\n\r\n{\"text\":\"ü\"}"),
        "{asked}"
    );
}

#[test]
fn each_success_is_accepted() {
    for (status, body) in [
        ("200 OK", "ok"),
        ("200 OK", "1"),
        ("202 Accepted", ""),
        ("204 No Content", ""),
    ] {
        assert_eq!(told(on(status, "", body)).0, "accepted", "{status} {body}");
    }
    assert_eq!(told(on("200 OK", "", &"x".repeat(100_000))).0, "accepted");
}

#[test]
fn a_success_that_tells_of_a_failure_is_none() {
    let body = "Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error 429 with s1gnature";
    let (kind, report) = told(on("200 OK", "", body));
    assert_eq!(
        (kind, report.error.as_str()),
        (
            "unclear",
            "the webhook does not say that it accepted the post"
        )
    );
    let page = "<!DOCTYPE html><title>Sign in</title>";
    for says_ok in [false, true] {
        let (kind, report) = told(at(says_ok, "200 OK", "Content-Type: text/html\r\n", page));
        assert_eq!(kind, "unclear");
        assert!(
            report.because[1].contains("the answer is a web page"),
            "{report:?}"
        );
    }
}

#[test]
fn slacks_no_with_a_status_of_200_is_declined_by_its_word() {
    let slack = |body: &str| answered(at(true, "200 OK", "Content-Type: text/html\r\n", body));
    assert_eq!(slack("ok").0, "accepted");
    for (body, cause) in [
        (
            r#"{"ok":false,"error":"invalid_auth"}"#.to_owned(),
            "it answers 200 invalid_auth",
        ),
        ("no_service".to_owned(), "it answers 200 no_service"),
        // The answer is foreign text and may repeat the address.
        (
            format!(r#"{{"ok":false,"error":"{PATH}"}}"#),
            "it answers 200 OK",
        ),
        (
            r#"{"ok":false,"error":"s1gnature"}"#.to_owned(),
            "it answers 200 OK",
        ),
        (
            r#"{"ok":false,"error":"\u001b[2J"}"#.to_owned(),
            "it answers 200 OK",
        ),
    ] {
        assert_eq!(slack(&body), ("declined", cause.to_owned()), "{body}");
    }
    assert_eq!(slack("").0, "unclear");
}

#[test]
fn sec_01_what_is_declined_is_told_with_its_status_and_what_helps() {
    for (status, cause, hint) in [
        ("400 Bad Request", "it answers 400 Bad Request", ""),
        (
            "401 Unauthorized",
            "it answers 401 Unauthorized",
            "\"Anyone\"",
        ),
        ("403 Forbidden", "it answers 403 Forbidden", "renew it"),
        ("404 Not Found", "it answers 404 Not Found", "renew it"),
        ("410 Gone", "it answers 410 Gone", "renew it"),
        (
            "413 Payload Too Large",
            "it answers 413 Payload Too Large",
            "shorter",
        ),
        ("418 s1gnature", "it answers 418 I'm a teapot", ""),
    ] {
        let (kind, report) = told(on(status, "", &format!("no such thing: {PATH}?{QUERY}")));
        assert_eq!((kind, report.because[0].as_str()), ("declined", cause));
        assert!(
            report.hint_text().unwrap_or_default().contains(hint),
            "{status}"
        );
    }
}

#[test]
fn redirects_are_not_followed() {
    for status in [
        "301 Moved Permanently",
        "302 Found",
        "307 Temporary Redirect",
        "308 Permanent Redirect",
    ] {
        let location = format!("Location: https://elsewhere.example{PATH}?{QUERY}\r\n");
        let (kind, report) = told(on(status, &location, ""));
        assert_eq!(kind, "declined", "{status}");
        assert!(
            report
                .because
                .iter()
                .any(|cause| cause.contains("redirects are not followed")),
            "{report:?}"
        );
    }
    assert_eq!(
        told(on("303 See Other", "Location: /done\r\n", "")).0,
        "unclear"
    );
}

#[test]
fn slacks_words_are_shown_and_nothing_else() {
    let not_found = |body: &str| answered(on("404 Not Found", "", body)).1;
    assert_eq!(not_found("no_service"), "it answers 404 no_service");
    assert_eq!(not_found("no_service\n"), "it answers 404 no_service");
    let address = [PATH, QUERY].join("?").to_lowercase();
    let pieces = address
        .split(|c: char| !c.is_ascii_lowercase())
        .filter(|piece| piece.len() > 1);
    let others = [
        "x",
        "",
        "No_Service",
        "no service",
        "no_service!",
        "{\"error\":\"no_service\"}",
    ];
    for body in pieces.chain(others).chain(["a".repeat(41).as_str()]) {
        assert_eq!(not_found(body), "it answers 404 Not Found", "{body:?}");
    }
}

#[test]
fn what_nobody_can_know_is_unclear() {
    for status in [
        "500 Internal Server Error",
        "502 Bad Gateway",
        "504 Gateway Timeout",
        "599 s1gnature",
        "999 s1gnature",
    ] {
        let (kind, cause) = answered(on(status, "", "rollup error"));
        assert_eq!(kind, "unclear", "{status}");
        assert!(cause.starts_with("it answers "), "{cause}");
    }
    assert_eq!(answered(on("599 s1gnature", "", "")).1, "it answers 599");
}

#[test]
fn a_connection_that_is_cut_is_unclear() {
    for answer in [
        "",
        "HTTP/1.1 2",
        "HTTP/1.1 202 Accepted\r\nContent-Len",
        "s1gnature\r\n\r\n",
        "\0\0\0\0",
    ] {
        let (address, served) = webhook(answer);
        assert_eq!(
            told(post(manners(false), &address, &renewal(), "{}")).0,
            "unclear",
            "{answer:?}"
        );
        served.join().unwrap();
    }
    let (address, served) = webhook("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nok");
    assert_eq!(
        told(post(manners(false), &address, &renewal(), "{}")).0,
        "unclear"
    );
    served.join().unwrap();
}

#[test]
fn a_closed_port_means_that_nothing_was_sent() {
    // Nobody listens on port 1. A port that was free a moment ago may belong to another test by now.
    let (kind, report) = told(post(manners(false), &address(1), &renewal(), "{}"));
    assert_eq!(
        (kind, report.error.as_str()),
        ("not sent", "the webhook cannot be reached")
    );
    assert!(report.because[0].contains("refused"), "{report:?}");
}

#[test]
fn a_server_that_speaks_no_tls_was_sent_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = Secret::new(
        address(listener.local_addr().unwrap().port())
            .expose()
            .replace("http:", "https:"),
    );
    let served = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let read = stream.read(&mut [0; 4096]).unwrap();
        stream
            .write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            .unwrap();
        read
    });
    assert_eq!(
        told(post(manners(false), &address, &renewal(), "{}")).0,
        "not sent"
    );
    // A machine without certificates does not connect, so the server would wait for ever.
    if !served.is_finished() {
        drop(TcpStream::connect(
            address
                .expose()
                .trim_start_matches("https://")
                .split_once('/')
                .unwrap()
                .0,
        ));
    }
    served.join().unwrap();
}

#[test]
fn what_is_no_address_is_not_sent_and_not_shown() {
    for bad in [
        format!("{PATH}?{QUERY}"),
        format!("https://{PATH}"),
        format!("foo://x{PATH}?{QUERY}"),
    ] {
        assert_eq!(
            told(post(manners(false), &Secret::new(bad), &renewal(), "{}")).0,
            "not sent"
        );
    }
}

/// Returns the pause that a webhook with this status and these headers asks for.
fn wait(status: &str, headers: &str) -> Option<Duration> {
    match on(status, headers, "") {
        Sent::Later(wait, report) => {
            assert_tells_no_secret(&report);
            wait
        }
        other => panic!("{headers}: {other:?}"),
    }
}

#[test]
fn f_chat_2_a_webhook_says_when_to_come_back() {
    let seconds = |n| Some(Duration::from_secs(n));
    let date = "Date: Wed, 02 Mar 2022 12:00:00 GMT\r\n";
    for (headers, expected) in [
        ("", None),
        ("Retry-After: 0\r\n", seconds(0)),
        ("Retry-After:  7 \r\n", seconds(7)),
        (
            "Retry-After: 99999999999999999999999999\r\n",
            seconds(u64::MAX),
        ),
        ("Retry-After: -1\r\n", None),
        ("Retry-After: 1.5\r\n", None),
        ("Retry-After: soon\r\n", None),
        ("Retry-After: \r\n", None),
        ("Retry-After: \u{fc}\r\n", None),
        ("Retry-After: Wed, 02 Mar 2022 12:00:09 GMT\r\n", seconds(0)),
        (
            &format!("{date}Retry-After: Wed, 02 Mar 2022 12:00:09 GMT\r\n"),
            seconds(9),
        ),
        (
            &format!("{date}Retry-After: Wed, 02 Mar 2022 11:59:09 GMT\r\n"),
            seconds(0),
        ),
        (
            "Date: x\r\nRetry-After: Wed, 02 Mar 2022 12:00:09 GMT\r\n",
            seconds(0),
        ),
        ("Retry-After: Wed, 99 Mar 2022 12:00:09 GMT\r\n", None),
    ] {
        assert_eq!(
            wait("429 Too Many Requests", headers),
            expected,
            "{headers}"
        );
    }
    assert_eq!(
        wait("503 Service Unavailable", "Retry-After: 3\r\n"),
        seconds(3)
    );
    assert!(
        wait(
            "503 Service Unavailable",
            "Retry-After: Thu, 31 Dec 9998 23:59:59 GMT\r\n"
        ) > seconds(1 << 32)
    );
}

#[test]
fn a_webhook_that_never_answers_is_unclear_after_a_while() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = address(listener.local_addr().unwrap().port());
    let begun = std::time::Instant::now();
    let (kind, report) = told(post(manners(false), &address, &renewal(), "{}"));
    assert_eq!(
        (kind, report.error.as_str()),
        ("unclear", "the webhook did not answer within 15 seconds")
    );
    assert!(begun.elapsed() < Duration::from_secs(25));
}
