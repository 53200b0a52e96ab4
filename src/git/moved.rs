//! A remote whose host redirects its address. Redirects are not followed, because credentials and headers for one host
//! are not meant for another. The person gets the new address, and the place to change it.

use crate::core::address;
use crate::core::refusal::{Refusal, RefusalCode, Report};
use crate::core::text::without_userinfo;
use crate::core::typed::{Hint, Typed};
use crate::core::words::SMP_TOML;

/// What git appends to a repository's address for its first request.
const SERVICE: &str = "/info/refs";
const LONGEST: usize = 2048;
/// Why git smp stops there.
const NOT_FOLLOWED: &str = "redirects are not followed";
const ASK: &str = "ask the host's administrators";

/// Makes git print the headers of answers, because it names a new address only if it follows the redirect. The trace
/// shows no credentials, and only the new address in it is used.
pub(super) const TRACING: [(&str, &str); 3] = [
    ("GIT_TRACE_CURL", "1"),
    ("GIT_TRACE_CURL_NO_DATA", "1"),
    ("GIT_TRACE_REDACT", "1"),
];

pub(super) fn is_redirect(status: u16) -> bool {
    matches!(status, 301 | 302 | 303 | 307 | 308)
}

pub(super) fn is_trace(line: &str) -> bool {
    let mut time = line.bytes().take(8);
    time.all(|byte| byte.is_ascii_digit() || byte == b':') && line.contains(" http.c:")
}

/// Returns the address that the last answer of a traced look led to. `from` is the address that was asked.
pub(super) fn location(trace: &str, from: &str) -> Option<String> {
    let mut headers = trace.lines().filter_map(|line| {
        let (name, value) = line.split_once("<= Recv header: ")?.1.split_once(": ")?;
        name.eq_ignore_ascii_case("location")
            .then_some(value.trim())
    });
    let to = headers.next_back().filter(|to| to.len() <= LONGEST)?;
    let (scheme, rest) = from.split_once("://")?;
    let host = rest.split('/').next()?;
    Some(match to.strip_prefix('/') {
        None => to.to_owned(),
        Some(path) if path.starts_with('/') => format!("{scheme}:{to}"),
        Some(_) => format!("{scheme}://{host}{to}"),
    })
}

/// Returns an address without the user, and without its query, which may hold anything.
fn page(address: &str) -> String {
    let shown = without_userinfo(address);
    shown
        .split(['?', '#'])
        .next()
        .unwrap_or_default()
        .to_owned()
}

/// Says where the answer to a push led.
pub(super) fn leads_to(location: &str) -> String {
    format!("it leads to {}", page(location))
}

/// Returns a hint to run `setup`, which checks the address, and then `next`. `say` is what to do before.
pub(super) fn setup_then(say: impl Into<String>, next: &Typed) -> Hint {
    let setup = Typed::smp("setup");
    let is_other = next.is_ours() && *next != setup;
    let hint = Hint::run(say, setup);
    match is_other {
        true => hint.and(Hint::run("then", next.clone())),
        false => hint,
    }
}

/// Refuses a redirect from `from` to `location`, the host's own word. `next` is the command after the correction.
pub(super) fn refusal(
    remote: &str,
    status: u16,
    (location, from): (Option<&str>, &str),
    next: &Typed,
) -> Refusal {
    let page = location.map(page);
    let same = without_userinfo(from.trim());
    let address = page.as_deref().and_then(|page| page.strip_suffix(SERVICE));
    let (what, hint) = match address {
        Some(address) if address.trim_end_matches('/') == same.trim_end_matches('/') => (
            "redirects to its own address, again and again".to_owned(),
            Hint::run(format!("{ASK} to correct that, then"), next.clone()),
        ),
        Some(address) if address.contains("://") => {
            let right = format!("if that is right, change its url in {SMP_TOML}");
            let hint = match can_be_typed(address) {
                true => {
                    let set = Typed::other("git remote set-url").arg(remote).arg(address);
                    Hint::run(format!("{right}, then"), set).and(setup_then("then", next))
                }
                false => setup_then(format!("{right} and in this clone, then"), next),
            };
            (format!("has moved to {address}"), hint)
        }
        _ => {
            let page = page.map(|page| format!("{page}, which is not a repository"));
            let to = page.unwrap_or_else(|| "another address".to_owned());
            let say = format!("log in there, or {ASK} for the repository's address, then");
            (format!("redirects to {to}"), Hint::run(say, next.clone()))
        }
    };
    Report::new(format!("the remote {remote} {what}"))
        .because(format!(
            "its host answers {status}; {NOT_FOLLOWED}, so that a password cannot go to another address"
        ))
        .hint(hint)
        .refused(RefusalCode::Unreachable)
}

/// Adds to the refusal of a remote that has moved which key of `smp.toml` holds its address.
pub fn with_key(refusal: Refusal, key: &str) -> Refusal {
    let mut because = refusal.report.because.iter();
    if because.any(|line| line.contains(NOT_FOLLOWED)) {
        let place = format!("its address is in {key} in {SMP_TOML} and in this clone's remote");
        return refusal.because(place);
    }
    refusal
}

/// Returns whether an address may be part of a command: `smp.toml` may hold it, and no character matters to a shell.
fn can_be_typed(address: &str) -> bool {
    address::is_made_of(address, "-._~:/+%,=@") && address::check_url(address).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ASKED: &str = "https://git.example.com/old.git";

    fn trace(headers: &str) -> String {
        let line = |header: &str| {
            format!("10:11:12.131415 http.c:876                <= Recv header: {header}\n")
        };
        headers.lines().map(line).collect()
    }

    #[test]
    fn the_last_location_counts_and_is_made_whole() {
        let of = |headers: &str| location(&trace(headers), ASKED);
        assert_eq!(of("HTTP/2 401\nserver: x"), None);
        assert_eq!(
            of("Location: https://a/b\nlocation: https://c/d").as_deref(),
            Some("https://c/d")
        );
        assert_eq!(
            of("location: /new.git/info/refs").as_deref(),
            Some("https://git.example.com/new.git/info/refs")
        );
        assert_eq!(
            of("location: //h/new.git").as_deref(),
            Some("https://h/new.git")
        );
        assert_eq!(
            of(&format!("location: https://h/{}", "x".repeat(LONGEST))),
            None
        );
    }
}
