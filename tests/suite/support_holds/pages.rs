//! Every knob of the pages, seen by a client that speaks plain sockets.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::support::{BOMB_MEMBERS, Page, Web, World};

fn open(web: &Web, path: &str) -> TcpStream {
    let mut stream = TcpStream::connect(("127.0.0.1", web.port())).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Asked-By: a test\r\n\r\n"
    )
    .unwrap();
    stream
}

/// Returns the head and the body of the answer.
fn get(web: &Web, path: &str) -> (String, Vec<u8>) {
    let mut all = Vec::new();
    open(web, path).read_to_end(&mut all).unwrap();
    let end = all
        .windows(4)
        .position(|window| window == b"\r\n\r\n")
        .unwrap();
    (
        String::from_utf8(all[..end].to_vec()).unwrap(),
        all[end + 4..].to_vec(),
    )
}

fn text(web: &Web, path: &str) -> String {
    String::from_utf8(get(web, path).1).unwrap()
}

#[test]
fn a_page_has_its_body_its_status_and_its_headers() {
    let web = Web::start();
    web.set(
        "/odd",
        Page::body("teapot").status(429).header("Retry-After", "7"),
    );
    let (head, body) = get(&web, "/odd?nonce=1");
    assert!(
        head.starts_with("HTTP/1.1 429 Too Many Requests\r\n"),
        "{head}"
    );
    assert!(
        head.contains("\r\nRetry-After: 7\r\n") && head.contains("\r\nContent-Length: 6"),
        "{head}"
    );
    assert_eq!(body, b"teapot");
    assert!(get(&web, "/other").0.starts_with("HTTP/1.1 404 "));
}

#[test]
fn the_site_of_an_environment_names_what_was_deployed_last() {
    let deploy = World::deploy();
    assert!(
        text(&deploy.web, "/production")
            .contains(&format!("<body data-commit=\"{}\">", deploy.nth(2)))
    );
    deploy.colleague_pushes(&deploy.production, deploy.nth(5));
    assert!(
        text(&deploy.web, "/production")
            .contains(&format!("<body data-commit=\"{}\">", deploy.nth(5)))
    );
}

#[test]
fn a_file_is_read_when_it_is_asked_for() {
    let (web, world) = (Web::start(), World::new());
    web.set("/file", Page::file(world.path("page")));
    assert!(get(&web, "/file").0.starts_with("HTTP/1.1 503 "));
    std::fs::write(world.path("page"), "here").unwrap();
    assert_eq!(text(&web, "/file"), "here");
}

#[test]
fn redirects_lead_where_they_are_told() {
    let web = Web::start();
    let other = web.other_host("/there");
    for to in ["/loop", "file:///etc/passwd", other.as_str()] {
        web.set("/loop", Page::redirect(to));
        let (head, _) = get(&web, "/loop");
        assert!(
            head.starts_with("HTTP/1.1 302 ") && head.contains(&format!("\r\nLocation: {to}\r\n")),
            "{head}"
        );
    }
    assert!(other.starts_with("http://localhost:"));
}

#[test]
fn an_endless_page_has_no_length_and_goes_on() {
    let web = Web::start();
    web.set("/endless", Page::endless());
    let mut start = vec![0; 5 << 20];
    open(&web, "/endless").read_exact(&mut start).unwrap();
    assert!(!String::from_utf8_lossy(&start[..500]).contains("Content-Length"));
    assert!(start.ends_with(b"xxxx"));
}

#[test]
fn a_dripping_page_comes_byte_by_byte() {
    let web = Web::start();
    web.set("/drip", Page::drip("ab", Duration::from_millis(40)));
    let (mut stream, start) = (open(&web, "/drip"), Instant::now());
    let mut all = Vec::new();
    while !all.ends_with(b"\r\n\r\nabababab") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        all.extend(byte);
    }
    assert!(
        start.elapsed() >= Duration::from_millis(7 * 40),
        "{:?}",
        start.elapsed()
    );
}

#[test]
fn dripping_headers_come_line_by_line() {
    let web = Web::start();
    web.set(
        "/head",
        Page::body("never").dripping_headers(Duration::from_millis(40)),
    );
    let (mut stream, start) = (open(&web, "/head"), Instant::now());
    let mut all = Vec::new();
    while !all.ends_with(b"X-4: y\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        all.extend(byte);
    }
    assert!(
        start.elapsed() >= Duration::from_millis(4 * 40),
        "{:?}",
        start.elapsed()
    );
}

#[test]
fn the_bomb_is_small_and_unpacks_to_a_quarter_of_a_gibibyte() {
    let (web, world) = (Web::start(), World::new());
    web.set("/bomb", Page::bomb());
    let (head, body) = get(&web, "/bomb");
    assert!(head.contains("\r\nContent-Encoding: gzip\r\n"), "{head}");
    assert!(body.len() < 2 << 20, "{}", body.len());
    let (member, more) = body.split_at(body.len() / BOMB_MEMBERS);
    assert!(more.chunks(member.len()).all(|one| one == member));
    let size = world
        .runner()
        .stdin(member)
        .program("sh", &["-c", "gzip -dc | wc -c"])
        .ok()
        .says("")
        .out();
    let size = BOMB_MEMBERS * size.trim().parse::<usize>().unwrap();
    assert!(size > 255 << 20, "{size}");
}

#[test]
fn a_cut_page_ends_before_the_length_that_it_promised() {
    let web = Web::start();
    web.set("/cut", Page::cut(100, "half"));
    let (head, body) = get(&web, "/cut");
    assert!(head.contains("\r\nContent-Length: 100"), "{head}");
    assert_eq!(body, b"half");
}

#[test]
fn a_silent_page_answers_nothing() {
    let web = Web::start();
    web.set("/silence", Page::silence());
    let mut stream = open(&web, "/silence");
    web.is_asked_for("/silence", 1);
    stream
        .set_read_timeout(Some(Duration::from_millis(100)))
        .unwrap();
    let error = stream.read(&mut [0]).unwrap_err();
    assert!(
        matches!(
            error.kind(),
            std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut
        ),
        "{error}"
    );
    drop(web);
    stream
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    assert_eq!(
        stream.read(&mut [0]).unwrap(),
        0,
        "the end of the server frees whoever waits"
    );
}

#[test]
fn a_page_can_change_after_some_answers() {
    let web = Web::start();
    web.set_first("/p", 2, Page::commit("aaaaaaa"), Page::commit("bbbbbbb"));
    let told: Vec<bool> = (0..4)
        .map(|_| text(&web, "/p").contains("bbbbbbb"))
        .collect();
    assert_eq!(told, [false, false, true, true]);
}

#[test]
fn a_page_can_alternate() {
    let web = Web::start();
    web.set_alternating("/p", vec![Page::body("1"), Page::body("2")]);
    assert_eq!(["/p"; 4].map(|path| text(&web, path)), ["1", "2", "1", "2"]);
}

#[test]
fn a_delayed_page_takes_its_time() {
    let web = Web::start();
    web.set("/slow", Page::body("ok").after(Duration::from_millis(150)));
    let start = Instant::now();
    assert_eq!(text(&web, "/slow"), "ok");
    assert!(start.elapsed() >= Duration::from_millis(150));
}

#[test]
fn the_log_has_headers_bodies_and_times() {
    let web = Web::start();
    web.set("/hook", Page::body("1").status(202));
    let start = Instant::now();
    get(&web, "/hook?sig=x");
    let mut post = TcpStream::connect(("127.0.0.1", web.port())).unwrap();
    post.write_all(b"POST /hook HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello")
        .unwrap();
    post.read_to_end(&mut Vec::new()).unwrap();
    let asked = web.asked_for("/hook");
    assert_eq!(asked.len(), 2);
    assert_eq!(
        (
            asked[0].head.query.as_str(),
            asked[0].head.header("x-asked-by")
        ),
        ("sig=x", Some("a test"))
    );
    assert_eq!(
        (asked[1].head.method.as_str(), asked[1].body.as_slice()),
        ("POST", &b"hello"[..])
    );
    assert!(start <= asked[0].head.at && asked[0].head.at <= asked[1].head.at);
}

#[test]
fn requests_that_are_under_way_at_once_are_counted() {
    let web = Web::start();
    web.set("/p", Page::body("ok").together(2));
    std::thread::scope(|scope| {
        let two = [(); 2].map(|()| scope.spawn(|| text(&web, "/p")));
        assert_eq!(two.map(|thread| thread.join().unwrap()), ["ok", "ok"]);
    });
    assert_eq!(web.peak(), 2);
}
