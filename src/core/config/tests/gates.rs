//! Hours, closed days, soak times, and the checks after a deploy.

use super::*;

const RECORDED: &str = "[record]\n[policy]\n";

#[test]
fn hours_days_and_a_soak_are_read_as_they_are_written() {
    let text = format!(
        "{SMALL}{RECORDED}open = \"Mon-Thu 09:00-16:00 Europe/London\"\nclosed = [\"2026-12-24\"]\nsoak = \"24h\"\n"
    );
    let policy = parsed(&text).policy;
    assert_eq!(
        policy.open.unwrap().to_string(),
        "Mon-Thu 09:00-16:00 Europe/London"
    );
    assert_eq!(policy.closed, ["2026-12-24"]);
    assert_eq!(policy.soak.unwrap().as_str(), "24h");
}

#[test]
fn what_is_no_time_is_refused_with_its_key() {
    let policy = |line: &str| format!("{RECORDED}{line}");
    let cases = [
        (
            "open = \"whenever\"",
            "policy.open: must be days, hours and a time zone",
        ),
        (
            "open = \"Mon-Thu 09:00-16:00 Atlantis/Poseidonis\"",
            "policy.open: must name a time zone",
        ),
        (
            "open = \"Mon-Thu 16:00-09:00 UTC\"",
            "policy.open: the first time must be earlier than the second",
        ),
        (
            "open = 9",
            "policy.open: must be text in quotes, not a number",
        ),
        (
            "open = [\"Mon 09:00-16:00 UTC\"]",
            "policy.open: must be text in quotes, not a list",
        ),
        (
            "closed = \"2026-12-24\"",
            "policy.closed: must be a list in [ ], not text",
        ),
        (
            "closed = [2026-12-24]",
            "policy.closed[0]: must be text in quotes, not a date",
        ),
        (
            "closed = [\"2026-12-24\", \"24.12.\"]",
            "policy.closed[1]: must be a day",
        ),
        (
            "soak = 24",
            "policy.soak: must be text in quotes, not a number",
        ),
        (
            "soak = \"a day\"",
            "policy.soak: must be a number with s, m, h or d",
        ),
    ];
    let cases = cases.map(|(line, error)| (policy(line), error));
    let cases: Vec<_> = cases
        .iter()
        .map(|(text, error)| ("", text.as_str(), *error))
        .collect();
    refuses(&cases);
    let too_many = format!("{RECORDED}closed = [{}]", "\"2026-12-24\",".repeat(101));
    refuses(&[(
        "",
        &too_many,
        "policy.closed: must have at most 100 elements",
    )]);
}

#[test]
fn a_soak_needs_a_record() {
    let report = error_of("", "[policy]\nsoak = \"24h\"\n");
    assert!(
        report
            .error
            .contains("policy.soak: needs [record], which says how long a commit has run")
    );
}

#[test]
fn four_eyes_need_proof_of_who_signs_off() {
    let four = |record: &str| format!("{record}[policy]\nfour_eyes = true\n");
    let proof = "policy.four_eyes: needs proof of who signs off, and a typed name proves nothing";
    for record in ["", "[record]\n", "[record]\nsigned = false\n"] {
        refuses(&[("", &four(record), proof)]);
    }
    let nobody = four("[record]\nsigned = true\nsignoff = false\n");
    let why = "policy.four_eyes: needs sign-offs, but record.signoff is false";
    refuses(&[("", &nobody, why)]);
    for record in ["signed = true", "ask = \"github\""] {
        let text = four(&format!("[record]\n{record}\n"));
        assert!(parsed(&format!("{SMALL}{text}")).policy.four_eyes);
    }
}

#[test]
fn checks_are_tables_of_an_environment() {
    let check = |lines: &str| format!("[[environments.production.check]]\n{lines}\n");
    let text = format!(
        "{SMALL}{}{}",
        check("page = \"https://a.example/\""),
        check("page = \"http://127.0.0.1/\"\ntimes = 60")
    );
    let config = parsed(&text);
    let [first, second] = config.environments[1].check.as_slice() else {
        panic!()
    };
    assert_eq!(
        (first.status, first.contains.as_deref(), first.times),
        (None, None, 3)
    );
    assert_eq!(second.times, 60);
    let page = "page = \"https://a.example/\"\n";
    let cases = [
        ("", "environments.production.check: has no `page`"),
        (
            "page = \"ftp://a.example/\"",
            "environments.production.check[0].page: ",
        ),
        (
            "page = \"https://a:b@a.example/\"",
            "environments.production.check[0].page: ",
        ),
        (
            "status = 99",
            "environments.production.check[0].status: must be a number from 200 to 599",
        ),
        (
            "status = 301",
            "environments.production.check[0].status: must not be 300 to 399: redirects are followed",
        ),
        (
            "times = 0",
            "environments.production.check[0].times: must be a number from 1 to 60",
        ),
        (
            "times = 61",
            "environments.production.check[0].times: must be a number from 1 to 60",
        ),
        (
            "contains = \"\"",
            "environments.production.check[0].contains: must have 1 to 200 characters",
        ),
        ("command = \"curl\"", "unknown key `command`"),
    ];
    for (line, error) in cases {
        let is_whole = line.is_empty() || line.starts_with("page");
        let lines = if is_whole {
            line.to_owned()
        } else {
            format!("{page}{line}")
        };
        refuses(&[("", &check(&lines), error)]);
    }
    refuses(&[(
        "",
        &check(page).repeat(21),
        "environments.production.check: must have at most 20 elements",
    )]);
    refuses(&[(
        PRODUCTION,
        "check = 1",
        "environments.production.check: must be a list in [ ], not a number",
    )]);
}
