mod refusals;
mod releasing;

use std::collections::HashMap;
use std::fmt::Debug;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use crate::core::secret::Secret;
use crate::sources::platform::heroku::*;

/// No message may contain it.
const TOKEN: &str = "HRKU-s3cr3t-0123-4567";
const ONE: &str = "1111111111111111111111111111111111111111";
const TWO: &str = "2222222222222222222222222222222222222222";
const RELEASES: &str = "GET /apps/an-app/releases";
const POST: &str = "POST /apps/an-app/releases";

/// Returns the app at this address of the API.
fn at(address: &str, token: &str) -> Result<Heroku, Report> {
    let (secret, from) = (Secret::new(token), "a test");
    Heroku::at(Some(address), Token { secret, from }, "an-app")
}

/// Returns an earlier release.
fn former(slug: Option<&str>) -> Release {
    let text = told(7, "succeeded", false, slug).to_string();
    response::release(text.as_bytes(), "an-app").unwrap()
}

/// An API on loopback: it has an answer for each given method and path, and nothing else.
struct Api {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
    peak: Arc<AtomicUsize>,
    ended: Arc<AtomicBool>,
}

impl Api {
    fn start(answers: &[(&str, String)]) -> Self {
        Self::meeting(1, answers)
    }

    /// Starts one that answers nobody until `guests` requests are open.
    fn meeting(guests: usize, answers: &[(&str, String)]) -> Self {
        let answers: HashMap<String, String> = answers
            .iter()
            .map(|(path, answer)| ((*path).to_owned(), answer.clone()))
            .collect();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let api = Self {
            address: listener.local_addr().unwrap(),
            asked: Arc::default(),
            peak: Arc::default(),
            ended: Arc::default(),
        };
        let (asked, peak, ended) = (api.asked.clone(), api.peak.clone(), api.ended.clone());
        let (answers, under_way) = (Arc::new(answers), Arc::new(AtomicUsize::new(0)));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if ended.load(Ordering::SeqCst) {
                    return;
                }
                let (asked, peak) = (asked.clone(), peak.clone());
                let (answers, under_way) = (answers.clone(), under_way.clone());
                thread::spawn(move || {
                    peak.fetch_max(
                        under_way.fetch_add(1, Ordering::SeqCst) + 1,
                        Ordering::SeqCst,
                    );
                    let deadline = Instant::now() + Duration::from_secs(20);
                    while peak.load(Ordering::SeqCst) < guests && Instant::now() < deadline {
                        thread::sleep(Duration::from_millis(1));
                    }
                    // A client with an answer may send its next request at once.
                    let done = || under_way.fetch_sub(1, Ordering::SeqCst);
                    serve(stream, &answers, &asked, done);
                });
            }
        });
        api
    }

    fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    fn heroku(&self) -> Heroku {
        at(&self.url(), TOKEN).unwrap()
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }

    /// Returns how often this was requested.
    fn times(&self, what: &str) -> usize {
        self.asked()
            .iter()
            .filter(|head| head.starts_with(&format!("{what} HTTP/1.1\r\n")))
            .count()
    }
}

impl Drop for Api {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.address);
    }
}

fn serve(
    mut stream: TcpStream,
    answers: &HashMap<String, String>,
    asked: &Mutex<Vec<String>>,
    done: impl FnOnce() -> usize,
) {
    let request = request(&mut stream);
    let what: Vec<&str> = request.split(' ').take(2).collect();
    let answer = answers
        .get(&what.join(" "))
        .cloned()
        .unwrap_or_else(|| not_found("nothing here"));
    asked.lock().unwrap().push(request);
    done();
    let _ = stream.write_all(answer.as_bytes());
}

/// Reads a request with a body of the announced length.
fn request(stream: &mut TcpStream) -> String {
    let (mut asked, mut piece) = (Vec::new(), [0; 4096]);
    loop {
        let read = stream.read(&mut piece).unwrap_or(0);
        asked.extend_from_slice(&piece[..read]);
        let text = String::from_utf8_lossy(&asked).into_owned();
        let length = text.lines().find_map(|line| {
            line.to_ascii_lowercase()
                .strip_prefix("content-length: ")?
                .parse()
                .ok()
        });
        let whole = text
            .split_once("\r\n\r\n")
            .is_some_and(|(_, body)| body.len() >= length.unwrap_or(0));
        if read == 0 || whole {
            return text;
        }
    }
}

fn answer(status: &str, headers: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status}\r\n{headers}Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
}

fn ok(body: impl ToString) -> String {
    answer(
        "200 OK",
        "Content-Type: application/json\r\n",
        &body.to_string(),
    )
}

fn no(status: &str, id: &str, message: &str) -> String {
    answer(
        status,
        "",
        &serde_json::json!({ "id": id, "message": message }).to_string(),
    )
}

fn not_found(message: &str) -> String {
    no("404 Not Found", "not_found", message)
}

/// Returns a release as the API formats it.
fn told(version: u64, status: &str, current: bool, slug: Option<&str>) -> serde_json::Value {
    serde_json::json!({
        "addon_plan_names": [], "app": { "id": "a1", "name": "an-app" }, "artifacts": null, "id": format!("r{version}"),
        "created_at": "2022-03-02T09:00:00Z", "description": "Deploy", "eligible_for_rollback": status == "succeeded",
        "oci_image": null, "slug": slug.map(|id| serde_json::json!({ "id": id })), "status": status,
        "current": current, "user": { "email": "ada@example.com" }, "version": version, "a_field_of_tomorrow": [1],
    })
}

fn list(releases: &[serde_json::Value]) -> String {
    ok(serde_json::Value::from(releases.to_vec()))
}

fn slug(commit: impl serde::Serialize) -> String {
    ok(serde_json::json!({ "id": "s", "commit": commit, "process_types": {} }))
}

#[track_caller]
fn tells_no_secret(told: impl Debug) -> String {
    let text = format!("{told:?}");
    assert!(
        !text.contains("s3cr3t") && !text.contains("0123-4567"),
        "{text}"
    );
    text
}

/// Returns the refusal for this answer to the list of releases.
#[track_caller]
fn refused(answer: String) -> Refusal {
    let api = Api::start(&[(RELEASES, answer)]);
    let refusal = api.heroku().releases().unwrap_err();
    tells_no_secret(&refusal);
    refusal
}

/// Returns the result of a new release with this answer: "not" or "unclear", and the report.
#[track_caller]
fn released(answer: String) -> (&'static str, Report) {
    let api = Api::start(&[(POST, answer)]);
    let told = match api.heroku().release(&former(None), true).unwrap_err() {
        Trouble::NotSent(report) => ("not", report),
        Trouble::Unclear(report) => ("unclear", report),
    };
    tells_no_secret(&told);
    assert_eq!(api.times(POST), 1, "a release is asked for once");
    told
}

/// Returns the number of each release, whether it is current, and its known commit.
fn short(releases: &[Release]) -> Vec<(u64, bool, Option<&str>)> {
    let word = |commit: &CommitId| if commit.as_str() == ONE { "one" } else { "two" };
    releases
        .iter()
        .map(|release| {
            (
                release.version,
                release.current,
                release.commit.as_ref().map(word),
            )
        })
        .collect()
}

#[test]
fn the_current_release_and_the_newest_have_their_commits_and_no_other() {
    let releases = [
        told(9, "failed", false, Some("s9")),
        told(8, "succeeded", true, Some("s8")),
        told(7, "succeeded", false, Some("s7")),
        told(1, "succeeded", false, None),
    ];
    let api = Api::start(&[
        (RELEASES, list(&releases)),
        ("GET /apps/an-app/slugs/s9", slug(TWO)),
        ("GET /apps/an-app/slugs/s8", slug(ONE.to_uppercase())),
        ("GET /apps/an-app/slugs/s7", slug(TWO)),
    ]);
    let heroku = api.heroku();
    let releases = heroku.releases().unwrap();
    assert_eq!(
        short(&releases),
        [
            (9, false, Some("two")),
            (8, true, Some("one")),
            (7, false, None),
            (1, false, None)
        ]
    );
    assert_eq!(
        (releases[0].status, releases[1].eligible),
        (ReleaseStatus::Failed, true)
    );
    assert_eq!(
        (releases[1].slug.as_deref(), releases[3].slug.as_deref()),
        (Some("s8"), None)
    );
    assert_eq!(api.times("GET /apps/an-app/slugs/s7"), 0);

    let all = heroku.with_commits(releases).unwrap();
    assert_eq!(
        short(&all)[2..],
        [(7, false, Some("two")), (1, false, None)]
    );
    assert_eq!(
        api.times("GET /apps/an-app/slugs/s8"),
        1,
        "what is known is not asked again"
    );
}

#[test]
fn every_question_says_who_asks_and_what_for() {
    let api = Api::start(&[(RELEASES, list(&[]))]);
    assert_eq!(api.heroku().releases(), Ok(vec![]));
    let head = api.asked().remove(0).to_ascii_lowercase();
    for line in [
        "accept: application/vnd.heroku+json; version=3.sdk",
        &format!("authorization: bearer {}", TOKEN.to_ascii_lowercase()),
        "range: version ..; max=30, order=desc",
    ] {
        assert!(head.contains(&format!("\r\n{line}\r\n")), "{line}: {head}");
    }
}

#[test]
fn a_part_of_a_list_is_as_good() {
    let releases =
        serde_json::Value::from(vec![told(40, "succeeded", true, Some("s"))]).to_string();
    let part = answer(
        "206 Partial Content",
        "Next-Range: version ..39; max=30, order=desc\r\n",
        &releases,
    );
    let api = Api::start(&[(RELEASES, part), ("GET /apps/an-app/slugs/s", slug(ONE))]);
    assert_eq!(
        short(&api.heroku().releases().unwrap()),
        [(40, true, Some("one"))]
    );
}

#[test]
fn without_a_current_one_the_newest_that_succeeded_is_it() {
    let releases = [
        told(2, "succeeded", false, None),
        told(4, "pending", false, None),
        told(3, "succeeded", false, None),
    ];
    let api = Api::start(&[(RELEASES, list(&releases))]);
    assert_eq!(
        short(&api.heroku().releases().unwrap()),
        [(4, false, None), (3, true, None), (2, false, None)]
    );
    let failed = Api::start(&[(
        RELEASES,
        list(&[
            told(2, "failed", false, None),
            told(1, "archived", false, None),
        ]),
    )]);
    let releases = failed.heroku().releases().unwrap();
    assert_eq!(short(&releases), [(2, false, None), (1, false, None)]);
    assert_eq!(releases[1].status, ReleaseStatus::Other);
}

#[test]
fn a_commit_that_is_not_named_in_full_is_unknown() {
    let no_version = serde_json::Value::Null;
    for named in [
        no_version,
        "v1.2.3".into(),
        "1111111".into(),
        "".into(),
        format!("{ONE}x").into(),
    ] {
        let api = Api::start(&[
            (RELEASES, list(&[told(3, "succeeded", true, Some("s"))])),
            ("GET /apps/an-app/slugs/s", slug(&named)),
        ]);
        let releases = api.heroku().releases().unwrap();
        assert_eq!(
            (short(&releases), releases[0].slug.as_deref()),
            (vec![(3, true, None)], Some("s")),
            "{named}"
        );
    }
    // So is the commit of a deleted slug.
    let api = Api::start(&[(RELEASES, list(&[told(3, "expired", true, Some("s"))]))]);
    assert_eq!(short(&api.heroku().releases().unwrap()), [(3, true, None)]);
}

#[test]
fn images_tell_their_commit_too() {
    let images = ok(serde_json::json!([{ "id": "i1", "commit": ONE, "digest": "sha256:0" }]));
    let mut named = told(3, "succeeded", true, None);
    named["oci_image"] = serde_json::json!({ "id": "i1" });
    let mut listed = told(3, "succeeded", true, None);
    listed["artifacts"] =
        serde_json::json!([{ "type": "log", "id": "x" }, { "type": "oci-image", "id": "i1" }]);
    for release in [named, listed] {
        let api = Api::start(&[
            (RELEASES, list(&[release])),
            ("GET /apps/an-app/oci-images/i1", images.clone()),
            (
                POST,
                answer(
                    "201 Created",
                    "",
                    &told(4, "pending", false, None).to_string(),
                ),
            ),
        ]);
        let releases = api.heroku().releases().unwrap();
        assert_eq!(short(&releases), [(3, true, Some("one"))]);
        api.heroku().release(&releases[0], false).unwrap();
        let posted = api.asked().pop().unwrap();
        assert!(
            posted.ends_with(r#"{"description":"Release of v3 again","oci_image":"i1"}"#),
            "{posted}"
        );
    }
    let mut slug_listed = told(3, "succeeded", true, None);
    slug_listed["artifacts"] = serde_json::json!([{ "type": "slug", "id": "s" }]);
    let api = Api::start(&[
        (RELEASES, list(&[slug_listed])),
        ("GET /apps/an-app/slugs/s", slug(ONE)),
    ]);
    assert_eq!(
        short(&api.heroku().releases().unwrap()),
        [(3, true, Some("one"))]
    );
}

#[test]
fn what_was_built_for_several_is_asked_once_and_few_at_a_time() {
    let releases: Vec<_> = (1..=30)
        .rev()
        .map(|number| told(number, "failed", false, Some(&format!("s{}", number / 2))))
        .collect();
    let paths: Vec<String> = (0..=15)
        .map(|number| format!("GET /apps/an-app/slugs/s{number}"))
        .collect();
    let mut answers = vec![(RELEASES, list(&releases))];
    answers.extend(paths.iter().map(|path| (path.as_str(), slug(ONE))));
    let mut releases = Api::start(&answers).heroku().releases().unwrap();
    releases
        .iter_mut()
        .for_each(|release| release.commit = None);
    let api = Api::meeting(2, &answers);
    let heroku = api.heroku();
    let all = heroku.with_commits(releases).unwrap();
    assert!(all.len() == 30 && all.iter().all(|release| release.commit.is_some()));
    assert!(paths.iter().all(|path| api.times(path) == 1));
    let peak = api.peak.load(Ordering::SeqCst);
    assert!((2..=AT_ONCE).contains(&peak), "{peak}");
}

#[test]
fn the_newest_build_is_told_in_its_three_words() {
    for (given, told) in [
        (ok(r#"[{"id":"b","status":"pending"}]"#), Some("pending")),
        (
            answer(
                "206 Partial Content",
                "",
                r#"[{"status":"failed"},{"status":"succeeded"}]"#,
            ),
            Some("failed"),
        ),
        (ok(r#"[{"status":"\u001b[31m"}]"#), None),
        (ok("[]"), None),
        (ok("{}"), None),
        (no("500 Internal Server Error", "x", ""), None),
    ] {
        let api = Api::start(&[("GET /apps/an-app/builds", given)]);
        assert_eq!(api.heroku().newest_build().as_deref(), told);
        assert!(
            api.asked()[0]
                .to_ascii_lowercase()
                .contains("range: created_at ..; max=1, order=desc\r\n")
        );
    }
}

#[test]
fn a_release_that_is_pending_may_fail_later() {
    let before = told(8, "succeeded", true, Some("s8"));
    for (status, word) in [
        ("pending", ReleaseStatus::Pending),
        ("failed", ReleaseStatus::Failed),
    ] {
        let api = Api::start(&[
            (
                RELEASES,
                list(&[told(9, status, false, Some("s9")), before.clone()]),
            ),
            ("GET /apps/an-app/slugs/s9", slug(TWO)),
            ("GET /apps/an-app/slugs/s8", slug(ONE)),
        ]);
        let releases = api.heroku().releases().unwrap();
        assert_eq!(releases[0].status, word);
        assert_eq!(
            short(&releases),
            [(9, false, Some("two")), (8, true, Some("one"))]
        );
    }
}
