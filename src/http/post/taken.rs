//! What an answer of 2xx means: a login page, a proxy, or a chat that took nothing may send one, too. Pure.

use serde_json::Value;

use crate::http::Response;
use crate::http::pointer::values;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Taken {
    Yes,
    /// The chat itself says that it did not take the post, and maybe why.
    No(Option<String>),
    /// The post may have been taken. The text says why this is unknown.
    Unknown(&'static str),
}

/// A text that an answer may contain although nothing was posted.
const FAILED: &str = "Webhook message delivery failed";
/// Slack's words for a post that it did not take. Slack sends them with a status of 4xx today, and sent 200 before.
const DECLINED: &str = "account_inactive action_prohibited channel_is_archived channel_not_found invalid_auth \
                        invalid_blocks invalid_payload invalid_token no_active_hooks no_service no_service_id no_team \
                        no_text not_authed posting_to_general_channel_denied team_disabled user_not_found";
const PAGE: &str =
    "the answer is a web page, perhaps of a login or a proxy; a chat does not answer with one";

pub fn taken(says_ok: bool, answer: &Response) -> Taken {
    if answer.is_broken() {
        return Taken::Unknown("its answer is incomplete");
    }
    let text = String::from_utf8_lossy(&answer.body);
    let text = text.trim_start_matches('\u{feff}').trim();
    // A relay in front of a chat answers 202: "accepted" in the HTTP standard.
    if answer.status == 202 && text.is_empty() {
        return Taken::Yes;
    }
    match says_ok {
        true => by_ok(text),
        false => by_status(answer.header("content-type"), text),
    }
}

/// Judges an answer of Slack (`ok`), of its workflows (`{"ok":true}`) or of a copy of Slack (`{"success":true}`).
/// Nothing else is a yes. Slack labels even its `ok` as text/html, so only the text counts.
fn by_ok(text: &str) -> Taken {
    if text.eq_ignore_ascii_case("ok") {
        return Taken::Yes;
    }
    if DECLINED.split(' ').any(|word| word == text) {
        return Taken::No(Some(text.to_owned()));
    }
    if text.is_empty() {
        return Taken::Unknown("its answer is empty, but this chat answers ok");
    }
    if text.starts_with('<') {
        return Taken::Unknown(PAGE);
    }
    let said = ["/ok", "/success"].map(|key| all(text, key)).concat();
    let words = all(text, "/error");
    let is_error = !words.iter().all(Value::is_null);
    match (said.contains(&true.into()), said.contains(&false.into())) {
        (false, false) => Taken::Unknown("its answer does not say ok, but this chat answers ok"),
        (true, false) if !is_error => Taken::Yes,
        (false, true) => Taken::No(words.iter().find_map(Value::as_str).map(str::to_owned)),
        _ => Taken::Unknown("its answer says both ok and not ok"),
    }
}

/// Judges an answer of a Teams workflow: 202 alone, or any text of its own `Response` step, but no web page.
fn by_status(kind: Option<&str>, text: &str) -> Taken {
    if text.contains(FAILED) {
        return Taken::Unknown("its answer says that it could not deliver the post");
    }
    let is_page = kind.is_some_and(|kind| kind.to_ascii_lowercase().contains("html"));
    if is_page || text.starts_with('<') {
        return Taken::Unknown(PAGE);
    }
    if all(text, "/ok").contains(&Value::Bool(false))
        || all(text, "/error").iter().any(|error| !error.is_null())
    {
        return Taken::Unknown("its answer names an error");
    }
    Taken::Yes
}

/// Returns all values of a key; none if the text is not JSON.
fn all(text: &str, pointer: &str) -> Vec<Value> {
    values(text, pointer).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn on(says_ok: bool, status: u16, kind: &str, body: &str) -> Taken {
        let answer = Response::of(status, &[("content-type", kind)], body.as_bytes());
        taken(says_ok, &answer)
    }

    const HTML: &str = "<!DOCTYPE html><html><title>Sign in to your account</title></html>";

    #[test]
    fn slack_says_ok_in_so_many_words() {
        let judged = |body: &str| on(true, 200, "text/html", body);
        for body in [
            "ok",
            "ok\n",
            "OK",
            "{\"ok\":true}",
            "{\"ok\": true, \"error\": null}",
            "{\"success\":true}",
        ] {
            assert_eq!(judged(body), Taken::Yes, "{body}");
        }
        for (body, word) in [
            (
                r#"{"ok":false,"error":"invalid_auth","warning":"missing_charset"}"#,
                Some("invalid_auth"),
            ),
            (r#"{"ok":false}"#, None),
            (r#"{"ok":false,"ok":false,"error":7}"#, None),
            ("invalid_token", Some("invalid_token")),
            ("no_service\n", Some("no_service")),
        ] {
            assert_eq!(judged(body), Taken::No(word.map(str::to_owned)), "{body}");
        }
        for body in [
            "",
            " \n",
            HTML,
            "\u{feff}\n<html>",
            "okay",
            "ok, signed in",
            "1",
            "accepted",
            "some_new_word",
            "null",
            "[]",
            "{}",
            "{\"ok\":true",
            r#"{"ok":true,"ok":false}"#,
            r#"{"ok":true,"error":"invalid_auth"}"#,
            r#"{"ok":"false"}"#,
            r#"{"result":{"ok":true}}"#,
            "\u{0}\u{fffd}",
        ] {
            assert!(matches!(judged(body), Taken::Unknown(_)), "{body}");
        }
        assert!(matches!(on(true, 204, "", ""), Taken::Unknown(_)));
        assert_eq!(
            on(true, 202, "", ""),
            Taken::Yes,
            "accepted, in the words of HTTP"
        );
    }

    #[test]
    fn a_workflow_of_teams_says_anything_but_a_page() {
        let judged = |status, kind: &str, body: &str| on(false, status, kind, body);
        for (status, kind, body) in [
            (202, "", ""),
            (202, "text/html", ""),
            (200, "", ""),
            (204, "", ""),
            (200, "text/plain", "posted, thanks"),
            (
                200,
                "application/json",
                "{\"message\":\"<b>fine</b>\",\"error\":null}",
            ),
            (200, "application/json", "[1]"),
            (200, "text/plain", "1"),
        ] {
            assert_eq!(
                judged(status, kind, body),
                Taken::Yes,
                "{status} {kind} {body}"
            );
        }
        for (status, kind, body) in [
            (200, "text/html; charset=utf-8", HTML),
            (202, "TEXT/HTML", HTML),
            (200, "", HTML),
            (200, "text/plain", " \n<html>"),
            (200, "application/xhtml+xml", "<?xml version=\"1.0\"?>"),
            (200, "text/html", ""),
            (200, "text/html", "Access denied"),
            (
                200,
                "application/json",
                r#"{"error":{"code":"WorkflowTriggerIsNotEnabled"}}"#,
            ),
            (200, "application/json", r#"{"ok":false}"#),
            (
                200,
                "text/plain",
                "Webhook message delivery failed with error: HTTP error 413",
            ),
        ] {
            assert!(
                matches!(judged(status, kind, body), Taken::Unknown(_)),
                "{status} {kind} {body}"
            );
        }
    }
}
