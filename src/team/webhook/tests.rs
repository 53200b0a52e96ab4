use std::ffi::OsString;
use std::fs;

use tempfile::TempDir;

use crate::git::program::find_on_path;
use crate::team::webhook::*;

const FLOW: &str = "https://0a1b.2c.environment.api.powerplatform.com:443/powerautomate/automations/direct/workflows/\
                    5d6e/triggers/manual/paths/invoke?api-version=1&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig=s3cr3t";
const HOOK: &str = "https://hooks.slack.com/services/T00000000/B00000000/s3cr3t";

fn channel(kind: ChannelKind) -> Channel {
    Channel {
        name: "technical".to_owned(),
        kind,
        mentions: Vec::new(),
    }
}

/// A repository with this webhook in its configuration.
struct Clone(TempDir);

impl Clone {
    fn with(webhook: Option<&str>) -> Self {
        let clone = Self(tempfile::tempdir().unwrap());
        let git = clone.0.path().join(".git");
        ["objects", "refs"]
            .iter()
            .for_each(|folder| fs::create_dir_all(git.join(folder)).unwrap());
        fs::write(git.join("HEAD"), "ref: refs/heads/main\n").unwrap();
        let webhook =
            webhook.map(|webhook| format!("[smp \"technical\"]\n\twebhook = \"{webhook}\"\n"));
        fs::write(git.join("config"), webhook.unwrap_or_default()).unwrap();
        clone
    }

    fn find(&self, variables: &[(&str, OsString)]) -> Result<Option<Webhook>, Stop> {
        let none = |name: OsString| {
            name.to_str()
                .is_some_and(|name| name.starts_with("GIT_"))
                .then_some((name, None))
        };
        let mut all: Vec<(OsString, Option<OsString>)> = std::env::vars_os()
            .filter_map(|(name, _)| none(name))
            .collect();
        all.push(("GIT_CONFIG_GLOBAL".into(), Some("/dev/null".into())));
        all.push(("GIT_CONFIG_NOSYSTEM".into(), Some("1".into())));
        all.extend(
            variables
                .iter()
                .map(|(name, value)| ((*name).into(), Some(value.clone()))),
        );
        let repo =
            Repo::open_in(find_on_path("git").unwrap(), self.0.path().to_owned(), all).unwrap();
        find(&repo, &channel(ChannelKind::Teams))
    }
}

fn found(found: Result<Option<Webhook>, Stop>) -> Option<(String, String)> {
    found
        .unwrap()
        .map(|webhook| (webhook.from.clone(), webhook.address.expose().to_owned()))
}

#[test]
fn the_variable_comes_first_then_gits_configuration() {
    let other = FLOW.replace("5d6e", "ffff");
    let clone = Clone::with(Some(FLOW));
    let by_variable = found(clone.find(&[("SMP_TECHNICAL_WEBHOOK", format!("{other}\n").into())]));
    assert_eq!(by_variable, Some(("SMP_TECHNICAL_WEBHOOK".into(), other)));
    let by_configuration = Some((
        "smp.technical.webhook in git's configuration".into(),
        FLOW.to_owned(),
    ));
    assert_eq!(found(clone.find(&[])), by_configuration);
    for empty in ["", " \n"] {
        assert_eq!(
            found(clone.find(&[("SMP_TECHNICAL_WEBHOOK", empty.into())])),
            by_configuration
        );
    }
}

#[test]
fn what_git_is_told_on_its_command_line_counts() {
    let parameters = format!("'smp.technical.webhook'='{FLOW}'");
    let by_parameters =
        found(Clone::with(None).find(&[("GIT_CONFIG_PARAMETERS", parameters.into())]));
    assert_eq!(by_parameters.unwrap().1, FLOW);
}

#[test]
fn an_empty_one_is_none() {
    assert_eq!(found(Clone::with(None).find(&[])), None);
    assert_eq!(found(Clone::with(Some("")).find(&[])), None);
}

#[test]
fn a_channel_that_prints_has_none() {
    let folder = Clone::with(Some(FLOW));
    let repo = Repo::open_in(
        find_on_path("git").unwrap(),
        folder.0.path().to_owned(),
        Vec::new(),
    )
    .unwrap();
    assert!(find(&repo, &channel(ChannelKind::Print)).unwrap().is_none());
}

#[test]
fn sec_02_one_that_cannot_be_used_is_named_by_its_place_and_never_shown() {
    let bad = "ftp://hunter2.example/hunter2";
    let by_variable = Clone::with(Some(FLOW))
        .find(&[("SMP_TECHNICAL_WEBHOOK", bad.into())])
        .unwrap_err();
    let by_configuration = Clone::with(Some(bad)).find(&[]).unwrap_err();
    for (stop, place) in [
        (by_variable, "SMP_TECHNICAL_WEBHOOK: "),
        (
            by_configuration,
            "smp.technical.webhook in git's configuration: ",
        ),
    ] {
        assert_eq!(stop.exit_code(), 2);
        assert!(stop.report().unwrap().error.starts_with(place), "{stop}");
        assert!(stop.report().unwrap().hint.is_some());
        assert!(!format!("{stop:?}{stop}").contains("hunter2"), "{stop:?}");
    }
}

#[cfg(unix)]
#[test]
fn a_value_that_is_no_text_is_refused() {
    use std::os::unix::ffi::OsStringExt as _;
    let value = OsString::from_vec(b"https://example.com/\xff".to_vec());
    assert!(
        Clone::with(None)
            .find(&[("SMP_TECHNICAL_WEBHOOK", value)])
            .is_err()
    );
}

#[test]
fn any_host_may_take_posts() {
    for good in [
        FLOW,
        "https://chat.example/hooks/x",
        "HTTPS://chat.example:8443/x?y#z",
        "http://127.0.0.1:8080/x",
        "http://[::1]/x",
        "http://localhost:1/x",
        "https://office.com.example/x",
        "https://notwebhook.office.com/x",
    ] {
        assert_eq!(check(ChannelKind::Teams, good), Ok(None), "{good}");
    }
    assert_eq!(check(ChannelKind::Slack, HOOK), Ok(None));
}

#[test]
fn what_is_no_address_of_a_webhook_is_refused_and_not_repeated() {
    for bad in [
        "s3cr3t",
        "https://",
        "https:s3cr3t",
        "https:/s3cr3t",
        "//example.com/s3cr3t",
        "ftp://example.com/s3cr3t",
        "file:///s3cr3t",
        "javascript:s3cr3t",
        "http://example.com/s3cr3t",
        "http://127.0.0.1.example.com/s3cr3t",
        "http://localhost.example.com/s3cr3t",
        "https://example.com/s3cr3t x",
        "https://example.com/s3cr3t\tx",
        "https://example.com/s3cr3t\nx",
        "https://example.com/s3cr3t\u{1b}[m",
        "https://example.com/s3cr3t\u{200b}",
        "\"https://example.com/s3cr3t\"",
        "'https://example.com/s3cr3t'",
        "https://exa mple.com/s3cr3t",
        "https://[::1/s3cr3t",
        "https://example.com:99999/s3cr3t",
        &format!("https://example.com/{}", "s3cr3t".repeat(2000)),
    ] {
        let report = check(ChannelKind::Teams, bad).expect_err(bad);
        assert!(
            report.error.starts_with("the webhook "),
            "{bad}: {report:?}"
        );
        assert!(
            !format!("{report:?}").contains("s3cr3t"),
            "{bad}: {report:?}"
        );
    }
}

#[test]
fn retired_connectors_are_explained() {
    for retired in [
        "https://outlook.office.com/webhook/s3cr3t",
        "https://outlook.office365.com/webhook/s3cr3t",
        "https://ACME.webhook.office.com/webhookb2/s3cr3t",
        "https://acme.webhook.office.com./webhookb2/s3cr3t",
    ] {
        let report = check(ChannelKind::Teams, retired).expect_err(retired);
        let text = format!("{report:?}");
        for word in [
            "retired those in May 2026",
            "Workflows",
            "webhook request is received",
            "Anyone",
        ] {
            assert!(text.contains(word), "{word}: {text}");
        }
        assert!(!text.contains("s3cr3t"), "{text}");
        assert!(check(ChannelKind::Slack, retired).is_err());
    }
}

#[test]
fn what_is_odd_is_said_and_not_refused() {
    let old = "https://prod-1.westeurope.logic.azure.com:443/workflows/s3cr3t/triggers/manual/paths/invoke?sig=s3cr3t";
    let doubt = check(ChannelKind::Teams, old).unwrap().unwrap();
    assert!(
        doubt.contains("November 2025") && !doubt.contains("s3cr3t"),
        "{doubt}"
    );
}

#[test]
fn what_can_take_no_post_is_refused_and_not_repeated() {
    let without_sig = FLOW.split("&sig").next().unwrap();
    let escaped = FLOW.replace('&', "&amp;");
    let of_json = FLOW.replace('&', "\\u0026");
    let (teams, slack) = (ChannelKind::Teams, ChannelKind::Slack);
    for (kind, address, word) in [
        (teams, without_sig, "signature (sig=...) is missing"),
        (
            teams,
            &format!("{without_sig}&sig="),
            "signature (sig=...) is missing",
        ),
        (
            teams,
            "https://prod-1.westeurope.logic.azure.com/workflows/s3cr3t/triggers/manual/paths/invoke",
            "signature",
        ),
        (teams, &escaped, "HTML source"),
        (teams, &of_json, "HTML source"),
        (slack, &escaped, "HTML source"),
        (
            teams,
            "https://make.powerautomate.com/environments/s3cr3t/flows/s3cr3t/details",
            "page of Power Automate",
        ),
        (
            teams,
            "https://make.powerautomate.com",
            "page of Power Automate",
        ),
        (
            teams,
            "https://flow.microsoft.com/manage/environments/s3cr3t/flows",
            "page of Power Automate",
        ),
        (
            teams,
            "https://teams.microsoft.com/l/channel/s3cr3t/General?groupId=x",
            "link that people open in Teams",
        ),
        (
            teams,
            "https://teams.cloud.microsoft/l/message/s3cr3t",
            "link that people open in Teams",
        ),
        (teams, HOOK, "address of Slack, and the channel is in Teams"),
        (
            teams,
            "https://acme.slack.com/archives/s3cr3t",
            "address of Slack",
        ),
        (slack, FLOW, "address of Teams, and the channel is in Slack"),
        (
            slack,
            "https://teams.microsoft.com/l/channel/s3cr3t",
            "address of Teams",
        ),
        (
            slack,
            "https://hooks.slack.com/triggers/T0/1/s3cr3t",
            "starts a Slack workflow",
        ),
        (
            slack,
            "https://hooks.slack.com/workflows/T0/A0/1/s3cr3t",
            "starts a Slack workflow",
        ),
        (
            slack,
            "https://hooks.slack.com/services/T0/s3cr3t",
            "is incomplete",
        ),
        (slack, "https://hooks.slack.com/services/", "is incomplete"),
        (
            slack,
            "https://acme.slack.com/archives/s3cr3t/p1",
            "page of Slack",
        ),
        (
            slack,
            "https://app.slack.com/client/T0/s3cr3t",
            "page of Slack",
        ),
        (slack, "https://slack.com/s3cr3t", "page of Slack"),
    ] {
        let report = check(kind, address).expect_err(address);
        assert!(report.error.contains(word), "{address}: {report:?}");
        assert!(
            !format!("{report:?}").contains("s3cr3t"),
            "{address}: {report:?}"
        );
    }
}

#[test]
fn what_is_merely_like_a_known_place_may_take_posts() {
    for (kind, good) in [
        (
            ChannelKind::Teams,
            "https://teams.microsoft.com.example/l/channel/x",
        ),
        (ChannelKind::Teams, "https://notslack.com/archives/x"),
        (
            ChannelKind::Slack,
            "https://hooks.slack.com.example/triggers/x",
        ),
        (
            ChannelKind::Slack,
            "https://hooks.slack-gov.com/services/T0/B0/x",
        ),
        (ChannelKind::Slack, "https://mattermost.example/hooks/x"),
        (ChannelKind::Teams, "https://gateway.azure-api.net/relay"),
    ] {
        assert_eq!(check(kind, good), Ok(None), "{good}");
    }
}

#[test]
fn a_webhook_tells_how_to_replace_it() {
    let renewal = |from: &str| {
        Webhook {
            address: Secret::new(FLOW),
            from: from.to_owned(),
        }
        .renewal()
        .to_string()
    };
    assert_eq!(
        renewal("SMP_TECHNICAL_WEBHOOK"),
        "make a new webhook, and set it as SMP_TECHNICAL_WEBHOOK"
    );
    assert_eq!(
        renewal("smp.technical.webhook in git's configuration"),
        "make a new one, then: git config --unset-all smp.technical.webhook && git smp setup"
    );
}
