//! A proposal asks in an issue, and a comment there is a verdict.

mod delivered;
mod heard;
mod several;
mod tokens;

use serde_json::Value;

use crate::record::events;
use crate::sample::one_of;
use crate::support::{Deploy, Fate, IssuesApi, Page, Posted, Run, Runner, Speaks, World};

pub const TOKEN: &str = "not-for-anybodys-eyes";
const PAGES: [&str; 2] = [
    "https://github.com/an-org/a-repo",
    "https://gitlab.com/an-org/a-repo",
];

const BOTH: [Speaks; 2] = [Speaks::GitHub, Speaks::GitLab];

fn toml(speaks: Speaks, more: &str) -> String {
    let word = match speaks {
        Speaks::GitHub => "github",
        Speaks::GitLab => "gitlab",
    };
    format!("[record]\nask = \"{word}\"\n{more}")
}

/// A world with `ask` for this forge.
#[track_caller]
pub fn asking(speaks: Speaks) -> (Deploy, IssuesApi) {
    asking_with(speaks, "")
}

#[track_caller]
pub fn asking_with(speaks: Speaks, more: &str) -> (Deploy, IssuesApi) {
    let deploy = World::deploy_like()
        .without_pages()
        .toml("[record]\n")
        .ready();
    let text = deploy.toml();
    deploy.write_toml(&text.replace("[record]\n", &toml(speaks, more)));
    has_pages(&deploy, speaks);
    deploy.agree();
    (deploy, IssuesApi::start(speaks, TOKEN))
}

/// Sets the pages of the main repository.
pub fn has_pages(deploy: &Deploy, speaks: Speaks) {
    let branch = "branch = \"master\"\n";
    let pages = PAGES[usize::from(speaks == Speaks::GitLab)];
    let text = deploy.toml();
    deploy.write_toml(&text.replacen(branch, &format!("{branch}web = \"{pages}\"\n"), 1));
}

/// Returns a runner for a person with the token.
pub fn with_token<'d>(deploy: &'d Deploy, api: &IssuesApi) -> Runner<'d> {
    let (name, value) = api.variable();
    let token = match name {
        "GITHUB_API_URL" => "GH_TOKEN",
        _ => "GITLAB_TOKEN",
    };
    deploy.runner().env(token, TOKEN).env(name, value)
}

#[track_caller]
pub fn smp(deploy: &Deploy, api: &IssuesApi, args: &[&str]) -> Run {
    let run = with_token(deploy, api).smp(args);
    run.never_shows(TOKEN);
    run
}

#[track_caller]
pub fn promotes(deploy: &Deploy, api: &IssuesApi) -> Run {
    let commit = deploy.master(&deploy.staging);
    smp(
        deploy,
        api,
        &["promote", "--yes", "--timeout", "20", "--commit", &commit],
    )
}

/// Returns the next command from `status`.
fn next(deploy: &Deploy, api: &IssuesApi) -> String {
    let status = smp(deploy, api, &["status"]).ok().out();
    let last = status.lines().last().unwrap_or_default();
    last.strip_prefix("next: ").unwrap().to_owned()
}

/// Returns the events about the issue on the record.
#[track_caller]
fn of_the_issue(deploy: &Deploy) -> Vec<String> {
    let chain = deploy.chain();
    let events = chain.events.iter();
    let ours = events.filter(|event| {
        let channel = event.more.get("Channel").and_then(|all| all.last());
        channel.is_some_and(|channel| channel == "issue")
    });
    ours.map(|event| event.word.clone()).collect()
}

/// Returns the candidate in JSON.
#[track_caller]
fn candidate(deploy: &Deploy, api: &IssuesApi) -> Value {
    smp(deploy, api, &["status", "--json"]).ok().json()["candidate"].take()
}

fn eight(deploy: &Deploy, nth: usize) -> &str {
    &deploy.nth(nth)[..8]
}

#[test]
fn a_tester_only_ever_comments() {
    for speaks in one_of(BOTH) {
        let (deploy, api) = asking(speaks);
        let run = smp(
            &deploy,
            &api,
            &["propose", "--yes", "--note", "Mostly the sidebar."],
        );
        let address = match speaks {
            Speaks::GitHub => "https://github.com/an-org/a-repo/issues/1",
            Speaks::GitLab => "https://gitlab.com/an-org/a-repo/-/issues/1",
        };
        run.ok()
            .says("ask for verdicts in an issue on the main repository");
        run.says(&format!("issue opened: {address}\n"));
        run.says(&format!("next, after testing: {}\n", next(&deploy, &api)));
        let issues = api.issues();
        assert_eq!(issues.len(), 1);
        let (title, text) = (&issues[0].title, &issues[0].text);
        let it = eight(&deploy, 5);
        assert!(
            title.starts_with("Production deploy 20") && title.ends_with(it),
            "{title}"
        );
        for part in [
            "Fix malformed view variable in MapItems (#425)\n",
            "Mostly the sidebar.",
            &format!("\nsignoff {it}\n"),
            &format!("\nblock {it} what is wrong\n"),
        ] {
            assert!(text.contains(part), "{part} in {text}");
        }
        promotes(&deploy, &api)
            .exits(1)
            .says(&format!("nobody has signed off {it}"));
        let id = api.comments(
            "rosi-qa",
            "COLLABORATOR",
            &format!("signoff {it}\n\nTested on two phones."),
        );
        let told = candidate(&deploy, &api);
        assert_eq!(told["issue"], address);
        let yes = &told["signoffs"][0];
        assert_eq!(
            (&yes["by"], &yes["verdict"]),
            (&"rosi-qa".into(), &"pass".into())
        );
        assert_eq!(yes["note"], "Tested on two phones.");
        let chain = deploy.chain();
        let event = chain.only("signed-off");
        assert_eq!(
            (event.field("Login"), event.field("Comment")),
            ("rosi-qa", id.to_string().as_str())
        );
        assert!(event.field("Address").ends_with(&id.to_string()));
        assert_eq!(chain.only("proposed").field("Login"), "ada-e");
        let status = smp(&deploy, &api, &["status"]);
        status
            .ok()
            .prints_among("signed off by rosi-qa (in a comment)");
        status.prints_among(&format!(", issue {address}"));
        let run = promotes(&deploy, &api);
        run.ok().says(&format!("commented and closed: {address}"));
        run.says(&format!(". comment on {address}\n"));
        let history = smp(&deploy, &api, &["history"]);
        history
            .ok()
            .prints_among("signed off by rosi-qa (in a comment)");
        let issue = api.issues().remove(0);
        assert!(issue.closed);
        let last = issue.comments.last().unwrap();
        assert!(last.text.contains("runs on production"), "{}", last.text);
        deploy.chain().only("signed-off");
        assert_eq!(deploy.chain().state["owed"], serde_json::json!([]));
    }
}

#[test]
fn without_the_key_no_forge_is_asked() {
    let (deploy, api) = asking(Speaks::GitHub);
    deploy.write_toml(&deploy.toml().replace("ask = \"github\"\n", ""));
    deploy.trust();
    smp(&deploy, &api, &["propose", "--yes"]).ok();
    smp(&deploy, &api, &["status"]).ok();
    let issues = |asked: &String| asked.contains("issues");
    assert!(!api.asked().iter().any(issues), "{:?}", api.asked());
}

#[test]
fn a_dry_run_shows_the_issue_and_opens_none() {
    let (deploy, api) = asking(Speaks::GitHub);
    let run = smp(&deploy, &api, &["propose", "-n"]);
    run.ok().says("for the issue \"Production deploy 20");
    run.prints_among(&format!("signoff {}\n", eight(&deploy, 5)));
    assert!(api.issues().is_empty() && events(&deploy).is_empty());
    smp(&deploy, &api, &["propose", "--yes"]).ok();
    api.comments(
        "rosi-qa",
        "MEMBER",
        &format!("signoff {}", eight(&deploy, 5)),
    );
    let before = events(&deploy);
    let run = smp(&deploy, &api, &["promote", "-n"]);
    run.ok().says(&format!(
        "to be recorded: rosi-qa signed off {}",
        eight(&deploy, 5)
    ));
    assert_eq!(events(&deploy), before);
}

#[test]
fn a_fix_asks_anew_and_what_was_said_before_counts_no_more() {
    let (deploy, api) = asking(Speaks::GitHub);
    smp(&deploy, &api, &["propose", "--yes"]).ok();
    api.comments(
        "rosi-qa",
        "MEMBER",
        &format!("signoff {}", eight(&deploy, 5)),
    );
    assert_eq!(candidate(&deploy, &api)["signoffs"][0]["by"], "rosi-qa");
    let fix = crate::record::merged(&deploy, "Fix the legend (#430)", "legend.txt");
    smp(&deploy, &api, &["stage", "--fix", "--yes", &fix])
        .ok()
        .says("commented: ");
    let issue = api.issues().remove(0);
    let asks = &issue.comments.last().unwrap().text;
    let now = deploy.master(&deploy.staging);
    assert!(
        asks.contains(&format!("signoff {}", &now[..8])) && asks.contains("Fix the legend"),
        "{asks}"
    );
    assert!(!issue.closed);
    assert_eq!(candidate(&deploy, &api)["signoffs"], serde_json::json!([]));
    promotes(&deploy, &api).exits(1);
    api.comments("rosi-qa", "MEMBER", &format!("signoff {}", &now[..8]));
    promotes(&deploy, &api).ok();
    assert_eq!(deploy.chain().count("signed-off"), 2);
}

#[test]
fn postpone_and_rollback_comment_and_close() {
    for speaks in one_of(BOTH) {
        let (deploy, api) = asking(speaks);
        smp(&deploy, &api, &["propose", "--yes"]).ok();
        smp(&deploy, &api, &["postpone", "--yes", "--reason", "slow"])
            .ok()
            .says("commented and closed");
        let first = api.issues().remove(0);
        assert!(
            first.closed && first.comments[0].text.contains("slow"),
            "{first:?}"
        );
        smp(&deploy, &api, &["propose", "--yes"]).ok();
        api.comments(
            "rosi-qa",
            "COLLABORATOR",
            &format!("signoff {}", eight(&deploy, 5)),
        );
        promotes(&deploy, &api).ok();
        let back = [
            "rollback",
            "--yes",
            "--to",
            deploy.nth(2),
            "--reason",
            "maps hang",
        ];
        smp(&deploy, &api, &back).ok().says("commented and closed");
        let second = api.issues().remove(1);
        let last = second.comments.last().unwrap();
        assert!(
            second.closed && last.text.contains("maps hang"),
            "{second:?}"
        );
        assert_eq!(deploy.chain().state["owed"], serde_json::json!([]));
    }
}

#[test]
fn the_issue_stays_open_while_its_candidate_is_open_after_a_rollback() {
    let (deploy, api) = asking(Speaks::GitHub);
    let page = deploy.web.url("/health");
    deploy.web.set("/health", Page::body("no").status(503));
    deploy.add_toml(&format!(
        "[[environments.production.check]]\npage = \"{page}\"\ntimes = 1\n"
    ));
    deploy.agree();
    smp(&deploy, &api, &["propose", "--yes"]).ok();
    let yes = |commit: &str| {
        let text = format!("signoff {}", &commit[..8]);
        api.comments("rosi-qa", "COLLABORATOR", &text)
    };
    yes(deploy.nth(5));
    promotes(&deploy, &api).exits(4);
    let back = ["rollback", "--yes", "--to", deploy.nth(2)];
    smp(&deploy, &api, &back).ok().says("commented: ");
    let issue = api.issues().remove(0);
    let last = &issue.comments.last().unwrap().text;
    assert!(
        !issue.closed && last.contains("was rolled back to"),
        "{last}"
    );
    // It asks about the fix.
    let fix = crate::record::merged(&deploy, "Mend the health page", "mended.txt");
    let stage = ["stage", "--fix", "--yes", &fix];
    smp(&deploy, &api, &stage).ok().says("commented: ");
    let now = deploy.master(&deploy.staging);
    yes(&now);
    deploy.web.set("/health", Page::body("ok"));
    let promote = ["promote", "--again", "--yes", "--commit", &now];
    smp(&deploy, &api, &promote)
        .ok()
        .says("commented and closed");
    assert_eq!(api.issues().len(), 1);
    assert!(api.issues()[0].closed);
}
