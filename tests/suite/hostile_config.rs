//! `smp.toml` as an attacker would write it: each one is refused in one sentence, before anything happens.

mod apart;

use std::time::Duration;

use crate::sample::sample;
use crate::support::{Deploy, Run, World};

/// A part of every planted value, which must never be shown.
const PLANTED: &str = "hunter2";

/// The file that a payload would create.
const CANARY: &str = "canary-was-here";

/// Returns a world in which every request and every started payload leaves a trace.
fn watched() -> Deploy {
    let deploy = World::deploy_like().over_open_http().build();
    // The worst case: the user once allowed helpers, and has some.
    deploy.configure("protocol.ext.allow", "always");
    deploy.configure("protocol.allow", "always");
    let touch = format!("touch '{}'", deploy.path(CANARY).display());
    for helper in ["foo", "EXT", "x"] {
        deploy.executable(format!("helpers/git-remote-{helper}"), &touch);
    }
    deploy
}

/// Puts a line into a section in place of the line with the same key, and returns its line number.
fn plant(base: &str, section: &str, line: &str) -> (String, usize) {
    let key = line.split('=').next().unwrap().trim();
    let mut lines: Vec<String> = base.lines().map(str::to_owned).collect();
    let header = format!("[{section}]");
    let start = lines
        .iter()
        .position(|line| *line == header)
        .unwrap_or_else(|| {
            lines.extend([String::new(), header.clone()]);
            lines.len() - 1
        });
    let end = (start + 1..lines.len())
        .find(|at| lines[*at].starts_with('['))
        .unwrap_or(lines.len());
    let own = (start + 1..end).find(|at| lines[*at].split('=').next().unwrap().trim() == key);
    let at = own.unwrap_or(start + 1);
    if own.is_some() {
        lines[at] = line.to_owned();
    } else {
        lines.insert(at, line.to_owned());
    }
    (lines.join("\n") + "\n", at + 1)
}

/// Asserts exit 2 and a short and plain first line of stderr, without any planted value or control character.
#[track_caller]
fn is_refused(run: &Run, about: &str) -> String {
    assert_eq!(run.code, 2, "{about}: {run}");
    let first = run.stderr.lines().next().unwrap_or_default().to_owned();
    assert!(first.starts_with("error: smp.toml:"), "{about}: {run}");
    assert!(
        first.chars().count() <= "error: ".len() + 200,
        "{about}: {run}"
    );
    assert!(
        !run.stderr.contains(PLANTED),
        "{about}: the value is shown: {run}"
    );
    let acts = |c: char| {
        c.is_control() && c != '\n'
            || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    assert!(
        !run.stderr.contains(acts),
        "{about}: a control character is shown: {:?}",
        run.stderr
    );
    assert!(
        run.stderr.lines().last().unwrap().starts_with("hint: "),
        "{about}: {run}"
    );
    assert!(run.stdout.is_empty(), "{about}: {run}");
    first
}

/// The state that a refusal must not change.
#[derive(PartialEq, Debug)]
struct Traces {
    config: Vec<u8>,
    names: Vec<String>,
    requests: usize,
}

fn traces(deploy: &Deploy) -> Traces {
    let list = deploy.runner().cwd("").program(
        "find",
        &[
            ".",
            "-not",
            "-path",
            "*/objects/*",
            "-not",
            "-name",
            "smp.toml",
        ],
    );
    let mut names: Vec<String> = list.ok().out().lines().map(str::to_owned).collect();
    names.sort_unstable();
    Traces {
        config: std::fs::read(deploy.work.join(".git/config")).unwrap(),
        names,
        requests: deploy.web.asked().len() + deploy.http().seen().len(),
    }
}

const STAGING: &str = "environments.staging";
const RUNNING: &str = "environments.staging.running";

#[test]
fn every_hostile_value_is_refused_by_its_place_and_key_before_anything_happens() {
    let deploy = watched();
    let base = deploy.toml();
    let before = traces(&deploy);
    let canary = deploy.path(CANARY);
    let canary = canary.display();
    let long = format!("https://git.invalid/{PLANTED}{}", "x".repeat(2048));
    let urls = [
        // CFG-01: the transport that runs a command.
        ("CFG-01", format!("ext::sh -c touch% {canary}%hunter2")),
        // CFG-02: helpers, in every spelling
        ("CFG-02", "EXT::hunter2".into()),
        ("CFG-02", "foo::hunter2".into()),
        ("CFG-02", "foo://hunter2/x".into()),
        ("CFG-02", "x::https://hunter2/x".into()),
        // CFG-03: a transport that waits forever
        ("CFG-03", "fd::17,18/hunter2".into()),
        // CFG-04: options in place of an address
        ("CFG-04", format!("--upload-pack=touch {canary};hunter2")),
        ("CFG-04", format!("--receive-pack=touch {canary};hunter2")),
        ("CFG-04", "-hunter2".into()),
        // CFG-05: options for ssh
        (
            "CFG-05",
            format!("ssh://-oProxyCommand=touch${{IFS}}{canary}/hunter2"),
        ),
        (
            "CFG-05",
            format!("-oProxyCommand=touch${{IFS}}{canary}:hunter2"),
        ),
        (
            "CFG-05",
            format!("ssh://-oProxyCommand=touch@{canary}/hunter2"),
        ),
        ("CFG-05", "git@-oProxyCommand=x:hunter2".into()),
        ("CFG-05", "git@host.invalid:-hunter2".into()),
        // CFG-06: malformed paths
        ("CFG-06", "//hunter2/share".into()),
        ("CFG-06", "file://hunter2/x".into()),
        ("CFG-06", "hunter2/relative".into()),
        // CFG-07: passwords
        ("CFG-07", "https://user:hunter2@git.invalid/x.git".into()),
        ("CFG-07", "https://hunter2@git.invalid/x.git".into()),
        ("CFG-07", "ssh://git:hunter2@git.invalid/x.git".into()),
        ("CFG-07", "git:hunter2@git.invalid/x.git".into()),
        // CFG-08: characters, lengths and plain text over the network
        ("CFG-08", r"https://git.invalid/a\nhunter2".into()),
        ("CFG-08", r"https://git.invalid/a\rhunter2".into()),
        ("CFG-08", r"https://git.invalid/a\thunter2".into()),
        ("CFG-08", r"https://git.invalid/a\u001bhunter2".into()),
        ("CFG-08", r"https://git.invalid/a\u0000hunter2".into()),
        ("CFG-08", "https://git.invalid/a hunter2".into()),
        ("CFG-08", "https://git.invalid/a%0ahunter2".into()),
        ("CFG-08", "https://git.invalid/a%0Dhunter2".into()),
        ("CFG-08", "https://gıt.invalid/hunter2".into()),
        ("CFG-08", "https://git.invalid/\u{202e}hunter2".into()),
        ("CFG-08", long),
        ("CFG-08", "http://git.invalid/hunter2".into()),
        ("CFG-08", "git://git.invalid/hunter2".into()),
        ("CFG-08", "https:///hunter2".into()),
        ("CFG-08", "ftp://git.invalid/hunter2".into()),
    ];
    let branches = [
        "+hunter2",
        "hunter2:b",
        "hunter2*",
        "",
        "HEAD",
        "@",
        "-hunter2",
        "refs/heads/hunter2",
        "hunter2..b",
        "hunter2.lock",
        "hunter2@{1}",
        "hunter2 x",
        r"hunter2\nx",
        r"hunter2\u001bx",
        "0123456789abcdef0123456789abcdef01234567",
        "hunter2\u{202e}",
        "hunter2/",
        "/hunter2",
        "hunter2//x",
        "hunter2~1",
        "hunter2^0",
        "hunter2ü",
    ];
    let refs = [
        "refs/heads/master",
        "refs/tags/hunter2",
        "refs/pull/1/hunter2",
        "refs/smp",
        "refs/smp/../hunter2",
        "hunter2",
        "refs/smp/hunter2/x",
    ];
    let patterns = [
        "hunter2",
        "(hunter2",
        "(hunter2)(b)",
        "(hunter2.{999}){999}",
        "(hunter2(?=x))",
    ];
    // CFG-18: values that look like a secret, under any key
    let secrets = [
        "https://hooks.slack.com/services/hunter2",
        "https://x.webhook.office.com/hunter2",
        "https://x.logic.azure.com/y?sig=hunter2",
        "HRKU-hunter2",
        "ghp_hunter2",
        "xoxb-hunter2",
    ];
    let mut cases: Vec<(&str, &str, String)> = Vec::new();
    for (id, url) in sample(6, &urls) {
        cases.push((id, STAGING, format!("url = \"{url}\"")));
    }
    cases.push((
        "CFG-01",
        "repository",
        format!("url = \"ext::sh -c touch% {canary}%hunter2\""),
    ));
    cases.push((
        "CFG-04",
        "repository",
        "url = \"--upload-pack=hunter2\"".into(),
    ));
    cases.push((
        "CFG-07",
        "repository",
        "url = \"https://u:hunter2@git.invalid/x.git\"".into(),
    ));
    for name in [
        "--mirror=push;hunter2",
        "-hunter2",
        "hunter2/x",
        "hunter2 x",
        r"hunter2\nx",
        "",
        "hunter2.lock",
        "hunter2:x",
    ] {
        cases.push(("CFG-08", STAGING, format!("remote = \"{name}\"")));
        cases.push(("CFG-08", "repository", format!("remote = \"{name}\"")));
    }
    // CFG-09
    for branch in branches
        .iter()
        .copied()
        .chain([format!("$(touch {canary})").as_str()])
    {
        cases.push(("CFG-09", STAGING, format!("branch = \"{branch}\"")));
    }
    for reference in refs {
        cases.push(("CFG-10", "record", format!("ref = \"{reference}\"")));
    }
    // CFG-11: unknown keys, and values of a wrong type. No key takes a command.
    for line in [
        "brnach = \"hunter2\"",
        "command = \"hunter2\"",
        "url = 7",
        "url = [\"hunter2\"]",
        "branch = { x = \"hunter2\" }",
    ] {
        cases.push(("CFG-11", STAGING, line.into()));
    }
    cases.push(("CFG-11", "hunted", "x = \"hunter2\"".into()));
    // CFG-12: keys and values with terminal control characters
    cases.push((
        "CFG-12",
        STAGING,
        "\"a\\u001b]0;owned\\u0007\" = \"hunter2\"".into(),
    ));
    cases.push((
        "CFG-12",
        STAGING,
        r#"site = "https://a.invalid/\u001b]0;hunter2""#.into(),
    ));
    cases.push(("CFG-12", STAGING, "\"\u{202e}\" = \"hunter2\"".into()));
    for pattern in patterns
        .iter()
        .copied()
        .chain([format!("(hunter2{})", "x".repeat(200)).as_str()])
    {
        cases.push(("CFG-17", RUNNING, format!("pattern = '{pattern}'")));
    }
    for page in [
        "http://site.invalid/hunter2",
        "file:///etc/hunter2",
        "ext::hunter2",
        "https://u:hunter2@site.invalid/",
    ] {
        cases.push(("CFG-08", RUNNING, format!("page = \"{page}\"")));
    }
    for secret in secrets {
        cases.push(("CFG-18", STAGING, format!("site = \"{secret}\"")));
        cases.push((
            "CFG-18",
            "channels.technical",
            format!("kind = \"{secret}\""),
        ));
    }
    cases.push((
        "CFG-18",
        "channels.technical",
        "webhook = \"hunter2\"".into(),
    ));

    let smp = deploy.runner().directly().path_first("helpers");
    for (id, section, line) in &cases {
        let (text, number) = plant(&base, section, line);
        deploy.write_toml(&text);
        let about = format!("{id} [{section}] {line}");
        let first = is_refused(&smp.smp(&["setup", "--yes"]), &about);
        let (row, rest) = first
            .trim_start_matches("error: smp.toml:")
            .split_once(':')
            .unwrap();
        let (column, rest) = rest
            .split_once(':')
            .unwrap_or_else(|| panic!("{about}: no column in {first}"));
        assert!(
            column.parse::<usize>().is_ok_and(|column| column > 0),
            "{about}: {first}"
        );
        let whole = ["hunted"].contains(section);
        assert!(
            row == number.to_string() || whole,
            "{about}: line {number} is meant by {first}"
        );
        let key = line.split('=').next().unwrap().trim();
        let named = rest.contains(key) || rest.contains(section) || key.starts_with('"');
        assert!(
            named,
            "{about}: neither key nor section is named by {first}"
        );
    }
    // The other commands read the same file by the same rules.
    for (args, at) in [
        (&["status"][..], 0),
        (&["diff"], 9),
        (&["promote", "--yes"], 20),
        (&["setup", "--check"], 40),
    ] {
        let (id, section, line) = &cases[at];
        deploy.write_toml(&plant(&base, section, line).0);
        is_refused(&smp.smp(args), &format!("{id} {line} {args:?}"));
    }
    assert_eq!(traces(&deploy), before);
}

#[test]
fn whole_files_that_are_no_lawful_toml_are_refused_with_a_place() {
    // CFG-11, CFG-13, CFG-15
    let deploy = watched();
    let base = deploy.toml();
    let before = traces(&deploy);
    let twice_key = base.replace(
        "branch = \"master\"\n",
        "branch = \"master\"\nbranch = \"hunter2\"\n",
    );
    let twice_table = format!("{base}\n[repository]\nremote = \"hunter2\"\n");
    let nested = format!("a = {}\"hunter2\"", "[".repeat(20_000));
    let dotted = format!("{}a = \"hunter2\"", "a.".repeat(20_000));
    let keys: String = (0..3000)
        .map(|number| format!("k{number} = \"hunter2\"\n"))
        .collect();
    for (text, place) in sample(
        2,
        [
            (twice_key.as_str(), "smp.toml:5:"),
            (twice_table.as_str(), "smp.toml:"),
            ("token = hunter2", "smp.toml:1:"),
            ("a = \"hunter2", "smp.toml:1:"),
            ("[hunter2", "smp.toml:1:"),
            (&nested, "smp.toml:1:"),
            (&dotted, "smp.toml:1:"),
            (&keys, "smp.toml:1:1: "),
            ("", "smp.toml: is empty"),
            ("a = 'b\0hunter2'", "smp.toml:1:7: contains a NUL character"),
        ],
    ) {
        deploy.write_toml(text);
        let shown: String = text.chars().take(60).collect();
        let first = is_refused(&deploy.runner().directly().smp(&["setup", "--yes"]), &shown);
        assert!(first.contains(place), "{shown}: {first}");
    }
    std::fs::write(deploy.work.join("smp.toml"), b"# caf\xe9 hunter2\n").unwrap();
    let first = is_refused(&deploy.smp(&["status"]), "Latin-1");
    assert!(first.contains("smp.toml:1:6: is not UTF-8"), "{first}");
    assert_eq!(traces(&deploy), before);
}

#[test]
fn environments_that_are_one_place_or_go_round_are_refused() {
    // CFG-16
    let deploy = watched();
    let base = deploy.toml();
    let before = traces(&deploy);
    let [main, staging, production] = deploy.urls();
    for (text, words) in sample(
        2,
        [
            (
                base.replace(production, staging),
                "environments.production: has the same url and branch as staging",
            ),
            (
                base.replace(&format!("\"{production}\""), &format!("\"{main}\"")),
                "has the same url as [repository]",
            ),
            (
                plant(&base, "environments.production", "remote = \"staging\"").0,
                "has the same remote as staging",
            ),
            (
                plant(&base, "environments.production", "remote = \"Staging\"").0,
                "has the same remote as staging",
            ),
            (
                plant(&base, STAGING, "remote = \"upstream\"").0,
                "has the same remote as [repository]",
            ),
            (
                plant(&base, STAGING, "promotes = \"production\"").0,
                "in a circle",
            ),
            (
                plant(
                    &base,
                    "environments.production",
                    "promotes = \"production\"",
                )
                .0,
                "cannot promote itself",
            ),
            (
                plant(&base, "environments.production", "promotes = \"stagin\"").0,
                "there is no such environment",
            ),
        ],
    ) {
        deploy.write_toml(&text);
        let first = is_refused(&deploy.runner().directly().smp(&["setup", "--yes"]), words);
        assert!(first.contains(words), "{words}: {first}");
    }
    deploy.write_toml(&plant(&base, "environments.production", "promotes = \"stagin\"").0);
    deploy
        .smp(&["status"])
        .exits(2)
        .says("hint: did you mean `staging`?");
    deploy.write_toml(&plant(&base, STAGING, "brnach = \"x\"").0);
    deploy.smp(&["status"]).exits(2).says("branch");
    assert_eq!(traces(&deploy), before);
}

#[test]
fn what_is_no_regular_file_of_a_decent_size_is_not_opened() {
    // CFG-13, CFG-14
    let deploy = watched();
    let (file, base) = (deploy.work.join("smp.toml"), deploy.toml());
    let real = deploy.path("real.toml");
    std::fs::write(&real, &base).unwrap();
    let path = file.to_str().unwrap();
    let soon = deploy.runner().limit(Duration::from_secs(10));
    let no_file = "smp.toml: is not a regular file";
    for (made, words) in [
        (vec!["ln", "-s", "/etc/passwd", path], no_file),
        (vec!["ln", "-s", real.to_str().unwrap(), path], no_file),
        (vec!["ln", "-s", "/dev/zero", path], no_file),
        (vec!["ln", "-s", "/nowhere", path], no_file),
        (vec!["mkfifo", path], no_file),
        (vec!["mkdir", path], no_file),
        (
            vec![
                "dd",
                "if=/dev/zero",
                "bs=1024",
                "count=70",
                &format!("of={path}"),
            ],
            "smp.toml: is larger than 64 KiB",
        ),
    ] {
        deploy.runner().program("rm", &["-rf", path]).ok();
        deploy.runner().program(made[0], &made[1..]).ok();
        for args in [
            &["status"][..],
            &["setup", "--yes"],
            &["diff", "--from", "HEAD~1", "--to", "HEAD"],
        ] {
            let run = soon.smp(args);
            let first = is_refused(&run, words);
            assert!(first.contains(words), "{made:?}: {first}");
            run.never_shows("root:");
        }
    }
    assert_eq!(deploy.web.asked().len() + deploy.http().seen().len(), 0);
}

#[test]
fn a_byte_order_mark_and_crlf_are_fine() {
    // CFG-15
    let deploy = World::deploy();
    deploy.write_toml(&format!("\u{feff}{}", deploy.toml().replace('\n', "\r\n")));
    deploy.trust();
    deploy.smp(&["status"]).ok();
}

#[test]
fn a_name_that_is_a_file_of_control_characters_is_shown_harmless() {
    // CFG-12: a name from the command line is shown, too.
    let deploy = World::deploy();
    let run = deploy.smp(&["status", "--config", "no\u{1b}]0;owned\u{7}.toml"]);
    run.exits(2)
        .never_shows("\u{1b}")
        .never_shows("\u{7}")
        .says("\\x1b]0;owned\\x07");
}

#[test]
fn an_address_that_leads_into_the_work_tree_is_refused_before_a_hook_of_it_runs() {
    let deploy = watched();
    let base = deploy.toml();
    let touch = format!("touch '{}'", deploy.path(CANARY).display());
    let args = ["clone", "-q", "--bare", ".", "committed"];
    deploy.git(&deploy.work, &args);
    let hook = deploy.work.join("committed/hooks/pre-receive");
    deploy.executable(&hook, &format!("#!/bin/sh\n{touch}\n"));
    let inside = deploy.work.join("committed");
    std::os::unix::fs::symlink(&inside, deploy.path("led-in")).unwrap();
    for section in ["repository", "environments.production"] {
        for url in ["./committed", "file://@", "@", "../led-in"] {
            let url = url.replace('@', inside.to_str().unwrap());
            let (text, line) = plant(&base, section, &format!("url = \"{url}\""));
            deploy.write_toml(&text);
            for args in [&["setup", "--yes"][..], &["status"]] {
                let run = deploy.smp(args);
                let first = is_refused(&run, &url);
                let key = format!("smp.toml:{line}:7: {section}.url: must not lead into");
                assert!(first.contains(&key), "{key}: {first}");
            }
        }
    }
    assert!(!deploy.path(CANARY).exists());
}
