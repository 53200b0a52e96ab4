//! Recognizes secrets, so that one in `smp.toml` by mistake is refused before it is used or shown.

use crate::core::config::running;

/// The prefixes of tokens of common services.
const TOKENS: &str = "ghp_ github_pat_ glpat- xoxa- xoxb- xoxp-";
/// Addresses that are secrets themselves, because anybody who knows one can post; and those with a signature.
const WEBHOOKS: &str = "hooks.slack.com webhook.office.com outlook.office.com/webhook ?sig= &sig=";
const SIGNED: &str = "logic.azure.com powerplatform.com";

pub(super) fn looks_like_one(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    holds(text, TOKENS)
        || holds(text, running::TOKENS)
        || holds(&lower, WEBHOOKS)
        || holds(&lower, SIGNED) && lower.contains("sig=")
}

fn holds(text: &str, words: &str) -> bool {
    words.split(' ').any(|word| text.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cfg_18_secrets_are_known_by_their_looks() {
        for secret in [
            "https://hooks.slack.com/services/T0/B0/x",
            "https://HOOKS.Slack.com/services/T0/B0/x",
            "https://acme.webhook.office.com/webhookb2/x",
            "https://prod-1.westeurope.logic.azure.com:443/workflows/x?api-version=1&sig=y",
            "https://x.environment.api.powerplatform.com/y?sig=z",
            "https://example.com/?a=b&sig=c",
            "HRKU-01234567-89ab",
            "ghp_0123456789",
            "github_pat_0123",
            "xoxa-1",
            "xoxb-1",
            "xoxp-1",
            "text around ghp_0123456789 hides nothing",
        ] {
            assert!(looks_like_one(secret), "{secret}");
        }
    }

    #[test]
    fn plain_values_are_no_secrets() {
        for plain in [
            "",
            "https://github.com/VisualMeaning/sm_platform.git",
            r#"data-commit="([0-9a-f]{7,64})""#,
            "https://portal.azure.com/?design=1",
            "master",
        ] {
            assert!(!looks_like_one(plain), "{plain}");
        }
    }
}
