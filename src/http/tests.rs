use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::thread;

use crate::http::*;

/// Reads a page from a server that gives these answers, one per connection.
#[track_caller]
fn page(answers: &[&str]) -> Result<Response, Refusal> {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/", listener.local_addr().unwrap());
    let answers: Vec<String> = answers.iter().map(|answer| (*answer).to_owned()).collect();
    let served = thread::spawn(move || {
        for answer in answers {
            let (mut stream, _) = listener.accept().unwrap();
            let mut asked = Vec::new();
            while !asked.ends_with(b"\r\n\r\n") {
                let mut byte = [0];
                stream.read_exact(&mut byte).unwrap();
                asked.extend(byte);
            }
            stream.write_all(answer.as_bytes()).unwrap();
        }
    });
    let read = get(&address, &|_| None);
    served.join().unwrap();
    read
}

fn ok(headers: &str) -> String {
    format!("HTTP/1.1 200 OK\r\nConnection: close\r\n{headers}Content-Length: 2\r\n\r\nhi")
}

#[test]
fn every_value_of_the_header_counts_but_none_of_a_redirect_or_a_trailer() {
    let read = page(&[&ok(
        "X-Commit: one\r\nx-commit:\r\nX-COMMIT: two, three\r\n",
    )])
    .unwrap();
    assert_eq!(read.all("x-commit"), ["one", "", "two, three"]);
    let redirect = "HTTP/1.1 302 Found\r\nConnection: close\r\nX-Commit: old\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n";
    assert_eq!(
        page(&[redirect, &ok("X-Commit: new\r\n")])
            .unwrap()
            .all("x-commit"),
        ["new"]
    );
    let chunked = "HTTP/1.1 200 OK\r\nConnection: close\r\nTrailer: X-Commit\r\nTransfer-Encoding: chunked\r\n\r\n\
                   2\r\nhi\r\n0\r\nX-Commit: late\r\n\r\n";
    let read = page(&[chunked]).unwrap();
    assert_eq!((read.all("x-commit"), read.body), (vec![], b"hi".to_vec()));
}

#[test]
fn two_places_to_go_to_are_none_and_one_of_two_encodings_is_enough() {
    let to = |headers: &str| {
        format!("HTTP/1.1 302 Found\r\nConnection: close\r\n{headers}Content-Length: 0\r\n\r\n")
    };
    let refused = |answers: &[&str]| page(answers).unwrap_err().report.error;
    let two = refused(&[&to("Location: /a\r\nLocation: /b\r\n")]);
    assert_eq!(two, "its page redirects to two addresses at once");
    assert_eq!(
        page(&[&to("Location: /a\r\nLocation: /a\r\n"), &ok("")])
            .unwrap()
            .body,
        b"hi"
    );
    let packed = refused(&[&ok(
        "Content-Encoding: identity\r\nContent-Encoding: gzip\r\n",
    )]);
    assert_eq!(
        packed,
        "its page is compressed, though plain content was asked for"
    );
    assert_eq!(
        page(&[&ok("Content-Type: text/a\r\nContent-Type: text/b\r\n")])
            .unwrap()
            .header("content-type"),
        Some("text/a")
    );
}

#[test]
fn a_cached_error_is_told_as_cached() {
    let answer = "HTTP/1.1 503 Busy\r\nConnection: close\r\nAge: 340\r\nContent-Length: 0\r\n\r\n";
    let report = page(&[answer]).unwrap_err().report;
    assert_eq!(report.because, ["it is a cached answer, 340 s old"]);
}
