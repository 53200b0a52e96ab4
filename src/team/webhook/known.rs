//! Known chat addresses that cannot accept a post: reported before somebody relies on them. Unknown ones may accept
//! posts; hosts changed twice in two years.

use reqwest::Url;

use crate::core::refusal::Report;
use crate::core::tell::ChannelKind;
use crate::team::webhook::host;

/// The former hosts of Office 365 connectors.
const RETIRED: [&str; 3] = [
    "outlook.office.com",
    "outlook.office365.com",
    "webhook.office.com",
];
/// Slack, and the hosts of its webhooks.
const SLACK: [&str; 2] = ["slack.com", "slack-gov.com"];
const SLACK_HOOKS: [&str; 2] = ["hooks.slack.com", "hooks.slack-gov.com"];
const TEAMS: [&str; 4] = [
    "powerplatform.com",
    "powerautomate.com",
    "logic.azure.com",
    "flow.microsoft.com",
];
/// The hosts of the Teams application.
const TEAMS_PAGES: [&str; 3] = [
    "teams.microsoft.com",
    "teams.live.com",
    "teams.cloud.microsoft",
];
/// How to create a webhook of Teams.
const IN_TEAMS: &str = "make a new one in the Workflows app of Teams, from the template \"Post to a channel when a webhook request is received\"; let \"Anyone\" trigger the flow";
/// Where to find the right address.
const OF_A_FLOW: &str = "open the flow in the Workflows app of Teams, and copy the URL of its trigger with the button next to it";
const OF_SLACK: &str = "an incoming webhook begins with https://hooks.slack.com/services/; make one at api.slack.com/apps, under \
                        Incoming Webhooks";

/// Returns a warning about an unusual address.
///
/// # Errors
/// If no post can be sent to it. The error contains no part of the address.
pub fn check(kind: ChannelKind, url: &Url) -> Result<Option<String>, Report> {
    let host = host(url);
    let at = |places: &[&str]| places.iter().any(|place| is_at(&host, place));
    if at(&RETIRED) {
        let error =
            "the webhook is an Office 365 connector, and Microsoft retired those in May 2026";
        return refuse(error, IN_TEAMS);
    }
    let (slack, teams) = (at(&SLACK), at(&TEAMS) || at(&TEAMS_PAGES));
    match kind {
        ChannelKind::Teams if slack => refuse(
            "the webhook is an address of Slack, and the channel is in Teams",
            OF_A_FLOW,
        ),
        ChannelKind::Slack if teams => refuse(
            "the webhook is an address of Teams, and the channel is in Slack",
            OF_SLACK,
        ),
        ChannelKind::Teams if at(&TEAMS_PAGES) => refuse(
            "the webhook is a link that people open in Teams; no post can be sent to it",
            OF_A_FLOW,
        ),
        ChannelKind::Teams if teams => of_a_flow(&host, url),
        ChannelKind::Slack if slack => of_slack(at(&SLACK_HOOKS), url),
        _ => Ok(None),
    }
}

/// Checks the address of a flow's trigger: its signature grants access.
fn of_a_flow(host: &str, url: &Url) -> Result<Option<String>, Report> {
    if !url.path().to_ascii_lowercase().contains("/triggers/") {
        let error =
            "the webhook is a page of Power Automate that people open; no post can be sent to it";
        return refuse(error, OF_A_FLOW);
    }
    if !url
        .query_pairs()
        .any(|(key, value)| key == "sig" && !value.is_empty())
    {
        let error = "the webhook is incomplete: its signature (sig=...) is missing";
        return refuse(error, OF_A_FLOW);
    }
    let old = "Microsoft announced the end of webhooks at logic.azure.com for November 2025; if posts do not arrive, make a new one in the Workflows app of Teams";
    Ok(is_at(host, "logic.azure.com").then(|| old.to_owned()))
}

fn of_slack(at_the_hooks: bool, url: &Url) -> Result<Option<String>, Report> {
    let parts = url.path().split('/').filter(|part| !part.is_empty());
    let error = match (at_the_hooks, parts.collect::<Vec<_>>().as_slice()) {
        (true, ["services", _, _, _]) => return Ok(None),
        (true, ["services", ..]) => {
            "the webhook is incomplete: /services/ must be followed by three parts"
        }
        (true, ["triggers" | "workflows", ..]) => {
            "the webhook starts a Slack workflow, which takes its own fields and no posts"
        }
        _ => "the webhook is a page of Slack that people open; no post can be sent to it",
    };
    refuse(error, OF_SLACK)
}

fn refuse(error: &str, because: &str) -> Result<Option<String>, Report> {
    Err(Report::new(error).because(because))
}

/// Returns whether a host is this place or a subdomain of it.
fn is_at(host: &str, place: &str) -> bool {
    host.strip_suffix(place)
        .is_some_and(|before| before.is_empty() || before.ends_with('.'))
}
