//! The posts: their content, their fate after each answer of the chat, and that none is sent twice.

mod answers;
mod doubts;
mod release;
mod runbook;
mod short;

use serde_json::Value;

use crate::promote::ready;
use crate::record::{RECORD, events};
use crate::support::{Deploy, DeployBuilder, Page, Run, Runner, World};

/// The paths of the webhooks on the world's web server. Such an address is itself the secret.
pub const TECHNICAL: &str = "/workflows/0f1e2d3c/triggers/manual/s3cr3tOfDevs";
pub const PRODUCT: &str = "/workflows/4b5a6978/triggers/manual/s3cr3tOfAll";
/// The parts of them that must never be shown.
const SECRETS: [&str; 5] = ["s3cr3tOf", "0f1e2d3c", "4b5a6978", "/workflows", "triggers"];

/// Returns the lines of `smp.toml` for two channels of one kind.
pub fn channels(kind: &str) -> String {
    format!(
        "[channels.technical]\nkind = \"{kind}\"\nmentions = [\"devs\"]\n[channels.product]\nkind = \"{kind}\"\n"
    )
}

/// Returns a world with a record and two channels whose webhooks accept everything.
#[track_caller]
pub fn chatting(kind: &str) -> Deploy {
    chatting_like(World::deploy_like().without_pages(), kind)
}

/// Returns another kind of world with such channels.
#[track_caller]
pub fn chatting_like(builder: DeployBuilder, kind: &str) -> Deploy {
    let deploy = ready(builder.toml(&format!("{RECORD}{}", channels(kind))));
    for path in [TECHNICAL, PRODUCT] {
        deploy.web.set(path, accepted(kind));
    }
    deploy
}

/// Returns the answer of this kind of chat to an accepted post.
pub fn accepted(kind: &str) -> Page {
    if kind == "slack" {
        Page::body("ok")
    } else {
        Page::body("").status(202)
    }
}

/// Returns a runner with both webhooks.
pub fn with_webhooks(deploy: &Deploy) -> Runner<'_> {
    let runner = deploy
        .runner()
        .env("SMP_TECHNICAL_WEBHOOK", deploy.web.url(TECHNICAL));
    runner.env("SMP_PRODUCT_WEBHOOK", deploy.web.url(PRODUCT))
}

/// Runs `git smp` with both webhooks, and asserts that their addresses are never shown.
#[track_caller]
pub fn posts(deploy: &Deploy, args: &[&str]) -> Run {
    let run = with_webhooks(deploy).smp(args);
    tells_no_secret(deploy, &run);
    run
}

/// Promotes staging's commit, like a script.
#[track_caller]
pub fn promotes(deploy: &Deploy, more: &[&str]) -> Run {
    let commit = deploy.master(&deploy.staging);
    posts(
        deploy,
        &[
            &["promote", "--yes", "--timeout", "20", "--commit", &commit],
            more,
        ]
        .concat(),
    )
}

/// Asserts that the output, the record and this clone's notes contain no part of a webhook.
#[track_caller]
pub fn tells_no_secret(deploy: &Deploy, run: &Run) {
    let record = deploy
        .try_git(
            &deploy.main,
            &["log", "-p", "--format=%B", "refs/smp/record", "--"],
        )
        .out();
    let notes = deploy.work.join(".git/smp");
    let notes = std::fs::read_dir(notes)
        .unwrap()
        .map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap());
    let all: String = notes.chain([record]).collect();
    for secret in SECRETS {
        run.never_shows(secret);
        assert!(!all.contains(secret), "{secret} is kept by {run}");
    }
}

/// Returns the payloads of a channel, oldest first.
#[track_caller]
pub fn sent(deploy: &Deploy, channel: &str) -> Vec<Value> {
    let asked = deploy.web.asked_for(channel);
    asked
        .iter()
        .map(|asked| {
            assert_eq!(asked.head.method, "POST");
            assert_eq!(
                asked.head.header("Content-Type"),
                Some("application/json; charset=utf-8")
            );
            serde_json::from_slice(&asked.body).expect("JSON")
        })
        .collect()
}

/// Returns all texts of a payload, in a reader's order.
pub fn words(payload: &Value) -> String {
    match payload {
        Value::Array(list) => list.iter().map(words).collect(),
        Value::Object(map) => {
            let own = map
                .get("text")
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned();
            let inner = map
                .iter()
                .filter(|(key, _)| *key != "actions" && *key != "entities");
            own + &inner.map(|(_, value)| words(value)).collect::<String>()
        }
        _ => String::new(),
    }
}

/// Returns the heading of a post, which has the date.
#[track_caller]
pub fn heading(payload: &Value) -> String {
    let words = words(payload);
    let start = words
        .find("Production deploy 20")
        .unwrap_or_else(|| panic!("no heading in {words}"));
    words[start..start + "Production deploy 2022-03-02".len()].to_owned()
}

#[test]
fn a_proposal_is_one_card_in_teams() {
    let deploy = chatting("teams");
    let run = posts(
        &deploy,
        &["propose", "--yes", "--note", "Mostly the sidebar."],
    );
    run.ok()
        .prints("")
        .says("2. post to the technical channel\n")
        .says("the Teams workflow accepted the post to the technical channel");
    let cards = sent(&deploy, TECHNICAL);
    assert_eq!(cards.len(), 1);
    let card = &cards[0]["attachments"][0]["content"];
    assert_eq!(
        cards[0]["attachments"][0]["contentType"],
        "application/vnd.microsoft.card.adaptive"
    );
    assert_eq!(
        (&card["type"], &card["msteams"]["width"]),
        (&"AdaptiveCard".into(), &"Full".into())
    );
    let text = words(&cards[0]);
    let lead = format!(
        "@devs Proposed for production: version {}, which runs on staging.",
        &deploy.nth(5)[..8]
    );
    for part in [
        &lead,
        "Fix malformed view variable in MapItems (#425)\n",
        "Mostly the sidebar.",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    assert_eq!(events(&deploy), ["proposed", "posting", "posted"]);
    posts(&deploy, &["propose", "--yes"]).ok().prints("");
    assert_eq!(
        sent(&deploy, TECHNICAL).len(),
        1,
        "the second run has nothing to post"
    );
    deploy.chain();
}

#[test]
fn a_proposal_is_one_message_in_slack() {
    let deploy = chatting("slack");
    posts(&deploy, &["propose", "--yes"])
        .ok()
        .prints("")
        .says("Slack accepted the post to the technical channel");
    let messages = sent(&deploy, TECHNICAL);
    assert_eq!(messages.len(), 1);
    assert!(messages[0]["blocks"].is_array());
    assert!(
        words(&messages[0]["blocks"]).contains("Fix malformed view variable in MapItems (#425)")
    );
}

#[test]
fn a_dry_run_shows_each_post_and_sends_none() {
    let deploy = chatting("teams");
    let run = posts(&deploy, &["propose", "-n", "--note", "Soon."]);
    run.ok()
        .says("2. post to the technical channel")
        .says("for the technical channel:\n")
        .prints_among("\nSoon.\n");
    run.prints_among("@devs Proposed for production: version ");
    posts(&deploy, &["propose", "--yes"]).ok();
    posts(&deploy, &["signoff", "--by", "Rosi"]).ok();
    let before = deploy.snapshot();
    let run = posts(
        &deploy,
        &["promote", "-n", "--summary", "- Flags on painpoints"],
    );
    run.ok()
        .says("4. post to the product channel\n")
        .says("for the product channel:\n");
    run.prints_among(
        "New release to production with the following changes:\n\n- Flags on painpoints\n",
    );
    let draft = posts(&deploy, &["promote", "-n"]);
    draft.ok().prints_among(
        "- Fix malformed view variable in MapItems\n- Add translations to the floating UI\n",
    );
    let json = posts(&deploy, &["promote", "-n", "--json"]).ok().json();
    let steps: Vec<&str> = json["steps"]
        .as_array()
        .unwrap()
        .iter()
        .map(|step| step["step"].as_str().unwrap())
        .collect();
    assert_eq!(steps, ["push", "wait", "record", "post"]);
    assert_eq!(deploy.snapshot(), before);
    assert_eq!(
        (sent(&deploy, TECHNICAL).len(), sent(&deploy, PRODUCT).len()),
        (1, 0)
    );
}
