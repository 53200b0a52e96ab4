//! The pages of the environments, good and bad: they are read with care, and never repeated.

mod behind;
mod cached;
mod numbers;
mod twice;

use std::time::{Duration, Instant};

use git2::{ObjectType, Oid};

use crate::sample::sample;
use crate::support::{Deploy, Page, Run, World};

/// A pattern that accepts everything, so that the program checks the match itself.
const ANYTHING: &str = r#"'data-commit="([^"]*)"'"#;
const USUAL: &str = r#"'data-commit="([0-9a-f]{7,64})"'"#;

/// Returns a trusted world whose pages may contain anything between the quotes.
fn open_minded() -> Deploy {
    let deploy = World::deploy();
    deploy.write_toml(&deploy.toml().replace(USUAL, ANYTHING));
    deploy.agree();
    deploy
}

/// Returns staging's running commit according to `status`, or the finding.
#[track_caller]
fn staging_runs(deploy: &Deploy) -> Result<String, String> {
    let seen = deploy.runner().directly().smp(&["status", "--json"]);
    let staging = seen.ok().json()["environments"][0].clone();
    let text = |key: &str| staging[key].as_str().map(str::to_owned);
    text("running")
        .ok_or_else(|| text("finding").unwrap_or_else(|| panic!("neither of both: {seen}")))
}

/// Asserts that `diff` refuses with this sentence because of staging's page.
#[track_caller]
fn is_refused(deploy: &Deploy, words: &str) -> Run {
    let run = deploy.runner().directly().smp(&["diff"]);
    run.exits(1).prints("").says("hint: ");
    let first = run.stderr.lines().next().unwrap_or_default();
    assert!(
        first.starts_with("error: staging") && first.contains(words),
        "{words:?} is not the error of {run}"
    );
    run
}

#[test]
fn only_an_answer_of_200_counts() {
    // VER-05
    let deploy = World::deploy_like().ready();
    for status in [204, 304, 401, 403, 404, 410, 429, 500, 503] {
        // The right commit in the body does not change that.
        deploy.web.set(
            "/staging",
            Page::commit(deploy.nth(5))
                .status(status)
                .header("Retry-After", "1"),
        );
        is_refused(&deploy, &format!("its page answers {status}"));
        assert_eq!(
            deploy.web.asked_for("/staging").len(),
            deploy.web.asked_for("/production").len(),
            "it was asked again"
        );
    }
    assert_eq!(staging_runs(&deploy), Err("page-unclear".into()));
    deploy.web.set("/staging", Page::commit(deploy.nth(5)));
    assert_eq!(staging_runs(&deploy), Ok(deploy.nth(5).into()));
}

#[test]
fn pages_that_are_too_large_or_packed_or_cut_are_refused_at_once() {
    // VER-01, VER-03
    let deploy = World::deploy_like().ready();
    let commit = format!("data-commit=\"{}\"", deploy.nth(5));
    let filled = |size: usize| format!("{commit}{}", "x".repeat(size - commit.len()));
    deploy.web.set("/staging", Page::body(filled(1 << 20)));
    assert_eq!(
        staging_runs(&deploy),
        Ok(deploy.nth(5).into()),
        "exactly 1 MiB is fine"
    );
    let begun = Instant::now();
    for (page, words) in [
        (
            Page::body(filled((1 << 20) + 1)),
            "its page is larger than 1 MiB",
        ),
        (Page::endless(), "its page is larger than 1 MiB"),
        (Page::bomb(), "its page is compressed"),
        (
            Page::commit(deploy.nth(5)).header("Content-Encoding", "br"),
            "its page is compressed",
        ),
        (Page::cut(5000, &commit), "its page is incomplete"),
    ] {
        deploy.web.set("/staging", page);
        is_refused(&deploy, words);
    }
    assert!(
        begun.elapsed() < Duration::from_secs(15),
        "{:?}",
        begun.elapsed()
    );
    let asked = deploy.web.asked_for("/staging").pop().unwrap().head;
    assert_eq!(asked.header("Accept-Encoding"), Some("identity"));
    // VER-12: caches must not answer.
    assert_eq!(asked.header("Cache-Control"), Some("no-cache"));
    assert_eq!(asked.header("Pragma"), Some("no-cache"));
    assert_eq!(asked.query, "", "an address is asked as it was given");
    assert_eq!(asked.header("Authorization"), None);
}

#[test]
fn pages_that_take_their_time_are_given_ten_seconds_in_all() {
    // VER-02: four pages, each slow in its own way, are requested in parallel.
    let deploy = World::deploy();
    let slow = Duration::from_millis(200);
    deploy
        .web
        .set("/staging", Page::drip("data-commit=\"x\"", slow));
    deploy.web.set(
        "/production",
        Page::commit(deploy.nth(2)).dripping_headers(slow),
    );
    let mut more = String::new();
    for (name, page) in [
        ("silent", Page::silence()),
        (
            "late",
            Page::commit(deploy.nth(2)).after(Duration::from_secs(60)),
        ),
    ] {
        let bare = deploy.bare(name);
        deploy.colleague_pushes(&bare, deploy.nth(2));
        deploy.web.set(&format!("/{name}"), page);
        more += &format!(
            "\n[environments.{name}]\nurl = \"{}\"\nrunning = {{ page = \"{}\" }}\n",
            bare.display(),
            deploy.web.url(&format!("/{name}"))
        );
    }
    deploy.add_toml(&more);
    let begun = Instant::now();
    let run = deploy.smp(&["setup", "--yes"]);
    let taken = begun.elapsed();
    run.exits(1)
        .says("error: 4 checks failed")
        .prints_among("its page was not complete within 10 seconds");
    assert_eq!(
        run.out()
            .matches("its page did not answer within 10 seconds")
            .count(),
        3,
        "{run}"
    );
    // No wait is endless, and the waits are parallel.
    assert!(
        (Duration::from_secs(9)..Duration::from_secs(19)).contains(&taken),
        "{taken:?}"
    );
}

#[test]
fn redirects_are_followed_within_the_pages_own_host_alone() {
    // VER-04
    let deploy = World::deploy_like().ready();
    deploy.web.set("/there", Page::commit(deploy.nth(4)));
    for (status, to) in [
        (301, "/there".to_owned()),
        (302, deploy.web.url("/there")),
        (307, "there?x=1".to_owned()),
        (308, "./there".to_owned()),
    ] {
        deploy
            .web
            .set("/staging", Page::redirect(&to).status(status));
        assert_eq!(
            staging_runs(&deploy),
            Ok(deploy.nth(4).into()),
            "{status} {to}"
        );
    }
    let followed = deploy.web.asked_for("/there").len();
    let other_server = crate::support::Web::start();
    other_server.set("/there", Page::commit(deploy.nth(4)));
    let at = deploy.web.url("").replace("http://", "");
    for to in [
        deploy.web.other_host("/there"),
        other_server.url("/there"),
        "https://login.invalid/there?secret=hunter2".to_owned(),
        "//login.invalid/there".to_owned(),
        "file:///etc/passwd".to_owned(),
        "javascript:alert(1)".to_owned(),
        format!("http://hunter2@{at}/there"),
        format!("ftp://{at}/there"),
    ] {
        deploy.web.set("/staging", Page::redirect(&to));
        is_refused(&deploy, "its page redirects to another host").never_shows("hunter2");
    }
    assert_eq!(
        (
            deploy.web.asked_for("/there").len(),
            other_server.asked().len()
        ),
        (followed, 0)
    );

    deploy.web.set("/staging", Page::redirect("/staging"));
    let before = deploy.web.asked_for("/staging").len();
    is_refused(&deploy, "its page redirects more than 5 times");
    assert_eq!(deploy.web.asked_for("/staging").len() - before, 6);
    deploy.web.set("/staging", Page::body("").status(302));
    is_refused(&deploy, "its page redirects without an address");
}

#[test]
fn a_page_that_is_not_there_or_speaks_no_http_is_unreachable() {
    // VER-15
    let deploy = World::deploy();
    let page = deploy.web.url("/staging");
    for other in sample(
        2,
        [
            "http://127.0.0.1:1/hunter2".to_owned(),
            page.replace("http://", "https://"),
        ],
    ) {
        let good = deploy.toml();
        deploy.write_toml(&good.replace(&format!("\"{page}\""), &format!("\"{other}\"")));
        deploy.smp(&["setup", "--yes"]).exits(1);
        let run = is_refused(&deploy, "its page");
        // The address may contain a secret, so the library's messages, which repeat it, are left out.
        run.never_shows("hunter2");
        assert_eq!(staging_runs(&deploy), Err("unreachable".into()));
        deploy.write_toml(&good);
    }
}

#[test]
fn a_page_must_hold_exactly_one_hash() {
    // VER-06, VER-07
    let deploy = open_minded();
    let full = deploy.nth(5).to_owned();
    let named = |hash: &str| format!("<p data-commit=\"{hash}\">");
    let short = |digits: usize| named(&full[..digits]);
    for good in sample(
        3,
        [
            named(&full),
            named(&full.to_uppercase()),
            short(7),
            named(&full[..7].to_uppercase()),
            short(39),
            named(&full).repeat(3),
            short(7) + &named(&full),
            named(&full) + &named(&full.to_uppercase()) + &short(12),
        ],
    ) {
        deploy.web.set("/staging", Page::body(&good));
        assert_eq!(staging_runs(&deploy), Ok(full.clone()), "{good}");
    }
    for (bad, words) in sample(
        4,
        [
            (
                "<title>Log in</title>".to_owned(),
                "its page contains no hash",
            ),
            (String::new(), "its page contains no hash"),
            (named(""), "contains something that is not a hash"),
            (named("unknown"), "contains something that is not a hash"),
            (short(6), "contains something that is not a hash"),
            (
                named(&format!(" {full}")),
                "contains something that is not a hash",
            ),
            (
                named(&format!("{full}\u{1b}[31m")),
                "contains something that is not a hash",
            ),
            (
                named(&"a".repeat(65)),
                "contains something that is not a hash",
            ),
            (
                named(&full) + &named("dirty"),
                "contains something that is not a hash",
            ),
            (
                named(&full) + &named(deploy.nth(4)),
                "its page contains 2 different hashes",
            ),
            (
                short(7) + &named(&deploy.nth(4)[..7]),
                "its page contains 2 different hashes",
            ),
            (named(&format!("{full}0")), "a commit that cannot be found"),
        ],
    ) {
        deploy.web.set("/staging", Page::body(&bad));
        let run = is_refused(&deploy, words);
        run.never_shows("Log in")
            .never_shows("\u{1b}")
            .never_shows("dirty");
    }
}

#[test]
fn what_a_page_says_besides_its_hash_is_never_shown() {
    // VER-14
    let deploy = World::deploy_like().ready();
    let hostile = "<title>PLANTED \u{1b}]0;owned\u{7}\u{1b}[2J \u{202e}evil</title>\r\n";
    let names = format!("{hostile}data-commit=\"{}\"", deploy.nth(5));
    let two = format!("{names} data-commit=\"{}\"", deploy.nth(1));
    for body in sample(2, [hostile, &names, &two]) {
        for status in [200, 500] {
            let page = Page::body(body)
                .status(status)
                .header("Content-Type", "text/PLANTED\u{9b}31m");
            deploy
                .web
                .set("/staging", page.header("X-PLANTED", "PLANTED"));
            for args in [
                &["diff", "-v"][..],
                &["status", "-v"],
                &["status", "--json"],
                &["setup", "--check"],
            ] {
                let run = deploy.runner().directly().smp(args);
                let shown = format!("{}{}", run.out(), run.stderr);
                // Only the content type is shown, escaped and cut.
                let shown = shown.replace("text/PLANTED", "");
                assert!(
                    !shown.contains("PLANTED") && !shown.contains("evil"),
                    "{run}"
                );
                assert!(
                    !shown.contains(['\u{1b}', '\u{7}', '\u{202e}', '\u{9b}']),
                    "{run}"
                );
            }
        }
    }
}

#[test]
fn hashes_that_stand_for_no_commit_are_told_apart() {
    // VER-09, VER-10
    let deploy = open_minded();
    let look = |what: &str| deploy.git(&deploy.work, &["rev-parse", what]);
    deploy.git(&deploy.work, &["tag", "-a", "-m", "x", "v1", deploy.nth(5)]);
    for (hash, kind) in sample(
        2,
        [
            (look("HEAD^{tree}"), "tree"),
            (look("HEAD:LOG"), "blob"),
            (look("v1"), "tag"),
        ],
    ) {
        for hash in [&hash[..], &hash[..10]] {
            deploy.web.set("/staging", Page::commit(hash));
            is_refused(&deploy, "is not a commit").says(&format!("because: it is a {kind}"));
            assert_eq!(staging_runs(&deploy), Err("unknown-commit".into()));
        }
    }
    for unknown in sample(1, ["0".repeat(40), "deadbee".into(), "f".repeat(64)]) {
        deploy.web.set("/staging", Page::commit(&unknown));
        is_refused(
            &deploy,
            &format!(
                "runs {}, a commit that cannot be found",
                &unknown[..unknown.len().min(12)]
            ),
        );
        assert_eq!(staging_runs(&deploy), Err("unknown-commit".into()));
    }
}

#[test]
fn names_of_tags_and_branches_lead_nobody_astray() {
    // VER-08
    let deploy = open_minded();
    let (full, other) = (deploy.nth(5), deploy.nth(1));
    for name in [&full[..7], &full[..12], full] {
        deploy.in_clone(&format!("update-ref refs/tags/{name} {other}"));
        deploy.in_clone(&format!("update-ref refs/heads/{name} {other}"));
    }
    for hash in [&full[..7], &full[..12], full] {
        deploy.web.set("/staging", Page::commit(hash));
        assert_eq!(staging_runs(&deploy), Ok(full.to_owned()), "{hash}");
        let expected = deploy.git(
            &deploy.main,
            &["log", "--oneline", &format!("{}..{full}", deploy.nth(2))],
        );
        deploy.smp(&["diff"]).ok().prints(format!("{expected}\n"));
    }
    // The name of a ref is not a hash.
    deploy.git(&deploy.work, &["update-ref", "refs/tags/abcdef1", full]);
    deploy.web.set("/staging", Page::commit("abcdef1"));
    is_refused(&deploy, "a commit that cannot be found");
}

/// Returns two objects whose hashes begin with the same seven digits: a commit and another one of this kind.
fn twins(deploy: &Deploy, kind: ObjectType) -> (Vec<u8>, Vec<u8>, String) {
    let tree = deploy.git(&deploy.work, &["rev-parse", "HEAD^{tree}"]);
    let parent = deploy.nth(2);
    let person = "Ada Example <ada@example.com> 1646222400 +0000";
    let commit = |number: u32, word: &str| {
        format!(
            "tree {tree}\nparent {parent}\nauthor {person}\ncommitter {person}\n\n{word} {number}\n"
        )
        .into_bytes()
    };
    let other = |number: u32| match kind {
        ObjectType::Commit => commit(number, "Another"),
        _ => format!("blob {number}\n").into_bytes(),
    };
    let prefix =
        |kind, bytes: &[u8]| Oid::hash_object(kind, bytes).unwrap().to_string()[..7].to_owned();
    let mut seen = std::collections::HashMap::new();
    for number in 0.. {
        let one = commit(number, "One");
        seen.insert(prefix(ObjectType::Commit, &one), number);
        let two = other(number);
        let digits = prefix(kind, &two);
        if let Some(found) = seen.get(&digits) {
            return (commit(*found, "One"), two, digits);
        }
    }
    unreachable!("there are fewer names than numbers");
}

#[test]
fn an_ambiguous_hash_is_an_error_and_never_a_guess() {
    // VER-08
    let deploy = open_minded();
    let write = |kind: &str, bytes: &[u8]| {
        let run = deploy
            .runner()
            .stdin(bytes)
            .program("git", &["hash-object", "-w", "-t", kind, "--stdin"]);
        run.ok().out().trim_end().to_owned()
    };
    let (one, blob, digits) = twins(&deploy, ObjectType::Blob);
    let one = write("commit", &one);
    assert!(write("blob", &blob).starts_with(&digits) && one.starts_with(&digits));
    deploy.web.set("/staging", Page::commit(&digits));
    assert_eq!(
        staging_runs(&deploy),
        Ok(one),
        "the only commit of both is meant"
    );

    let (one, two, digits) = twins(&deploy, ObjectType::Commit);
    let (one, two) = (write("commit", &one), write("commit", &two));
    deploy.web.set("/staging", Page::commit(&digits));
    is_refused(&deploy, &format!("the hash {digits} is ambiguous"))
        .says("because: 2 commits begin with it");
    assert_eq!(staging_runs(&deploy), Err("unknown-commit".into()));
    for full in [one, two] {
        deploy.web.set("/staging", Page::commit(&full));
        assert_eq!(staging_runs(&deploy), Ok(full));
    }
}

#[test]
fn a_commit_that_is_not_here_is_fetched_from_where_it_is() {
    // VER-09, VER-11
    let deploy = World::deploy_like().ready();
    let has = |hash: &str| deploy.try_git(&deploy.work, &["cat-file", "-e", hash]).code == 0;
    let mine = deploy.refs(&deploy.work);
    // From the main repository.
    let merged = deploy.colleague_commits("Merged since");
    assert!(!has(&merged));
    deploy.colleague_pushes(&deploy.staging, &merged);
    assert_eq!(staging_runs(&deploy), Ok(merged.clone()));
    // From the environment's own remote, because it exists only there.
    let own = deploy.commit(&deploy.team, "A fix that only staging has");
    deploy.colleague_pushes(&deploy.staging, &own);
    assert!(!has(&own));
    assert_eq!(staging_runs(&deploy), Ok(own.clone()));
    assert!(has(&own));
    // From that remote, too, if no branch contains it any more.
    let lost = deploy.commit(&deploy.team, "Rewritten away");
    deploy.colleague_pushes(&deploy.staging, &lost);
    deploy.colleague_pushes(&deploy.staging, &own);
    deploy.web.set("/staging", Page::commit(&lost));
    assert!(!has(&lost));
    assert_eq!(staging_runs(&deploy), Ok(lost.clone()));
    assert!(has(&lost));
    // The clone's own branches and tags have not moved.
    let ours = |refs: std::collections::BTreeMap<String, String>| {
        refs.into_iter()
            .filter(|(name, _)| {
                !["refs/remotes/", "refs/smp/"]
                    .iter()
                    .any(|start| name.starts_with(start))
            })
            .collect::<Vec<_>>()
    };
    assert_eq!(ours(deploy.refs(&deploy.work)), ours(mine));
    assert!(!deploy.work.join(".git/FETCH_HEAD").exists());
    // A commit that no repository has.
    let gone = deploy.commit(&deploy.team, "Never pushed");
    deploy.web.set("/staging", Page::commit(&gone));
    is_refused(&deploy, "a commit that cannot be found");
}

#[test]
fn pages_are_asked_at_the_same_time() {
    let deploy = World::deploy_like().ready();
    let slow = |number: usize| {
        Page::commit(deploy.nth(number))
            .after(Duration::from_millis(400))
            .together(2)
    };
    deploy.web.set("/staging", slow(5));
    deploy.web.set("/production", slow(2));
    deploy.smp(&["diff"]).ok();
    assert_eq!(deploy.web.peak(), 2);
}

#[test]
fn json_headers_and_bare_bodies_name_the_commit_too() {
    let deploy = World::deploy();
    let hash = deploy.nth(4);
    let good = deploy.toml();
    let json = format!(
        r#"{{"builds":[{{"commit":null}},{{"a/b":" {hash}\n"}}],"commit":"{}"}}"#,
        deploy.nth(1)
    );
    let header = Page::body("nothing").header("X-Commit", &hash[..9]);
    for (how, page) in sample(
        2,
        [
            ("json = \"/builds/1/a~1b\"", Page::body(&json)),
            ("header = \"x-commit\"", header),
            ("", Page::body(format!("\n {hash} \n"))),
            (
                "pattern = 'v\\d+-g([0-9a-f]+)'",
                Page::body(format!("build v12-g{}", &hash[..7])),
            ),
        ],
    ) {
        deploy.write_toml(&good.replacen(&format!("pattern = {USUAL}"), how, 1));
        deploy.web.set("/staging", page);
        deploy.smp(&["setup", "--yes"]).ok();
        assert_eq!(staging_runs(&deploy), Ok(hash.to_owned()), "{how}");
    }
    for (how, page, words) in sample(
        3,
        [
            (
                "json = \"/commit\"",
                Page::commit(hash),
                "its page is not JSON",
            ),
            (
                "json = \"/commit\"",
                Page::body("{}"),
                "its page contains no hash",
            ),
            (
                "json = \"/commit\"",
                Page::body("{\"commit\": 7}"),
                "contains something that is not a hash",
            ),
            (
                "header = \"x-commit\"",
                Page::commit(hash),
                "its page contains no hash",
            ),
            (
                "header = \"x-commit\"",
                Page::body("").header("X-Commit", "v1.2"),
                "contains something that is not a hash",
            ),
            (
                "",
                Page::commit(hash),
                "contains something that is not a hash",
            ),
            (
                "pattern = '(v\\d+)'",
                Page::body("v12"),
                "contains something that is not a hash",
            ),
        ],
    ) {
        deploy.write_toml(&good.replacen(&format!("pattern = {USUAL}"), how, 1));
        deploy.web.set("/staging", page);
        deploy
            .smp(&["setup", "--yes"])
            .exits(1)
            .says("one check failed");
        is_refused(&deploy, words).says("environments.staging.running");
    }
}

#[test]
fn a_page_that_disagrees_with_its_branch_is_believed_and_both_are_shown() {
    // VER-16
    let deploy = World::deploy_like().ready();
    deploy.web.set("/production", Page::commit(deploy.nth(1)));
    let seen = deploy.smp(&["status", "--json"]).ok().json()["environments"][1].clone();
    assert_eq!(
        (&seen["running"], &seen["ref"]),
        (&deploy.nth(1).into(), &deploy.nth(2).into())
    );
    assert_eq!(
        (&seen["agrees"], &seen["finding"]),
        (&false.into(), &"rolled-back".into())
    );
    deploy
        .smp(&["status"])
        .ok()
        .prints_among(&deploy.nth(1)[..7])
        .prints_among(&deploy.nth(2)[..7]);
}
