//! Logins of git's helpers, used again in the same run. For each connection, git first tries without a login and then
//! asks its helpers. This module listens to a child meanwhile. If the host accepts the helpers' login, they are asked
//! once more, and the login is kept in memory and sent unasked, only to the address whose host offered Basic.

use std::collections::HashMap;
use std::process::Command;
use std::sync::{Arc, Mutex, OnceLock};

use crate::git::address::Site;
use crate::git::child::Ear;
use crate::git::config::GitConfig;
use crate::git::lock;
use crate::git::logins::{Credential, HELPERS, fill, quiet};
use crate::git::program::Program;

/// A helper that has no login, and prints what the host offered git and what git itself can do.
const LISTENER: &str = r#"!f() { test "$1" != get || while IFS= read -r line; do case $line in wwwauth\[\]=*) printf 'smp-offered: %s\n' "${line#*=}";; capability\[\]=*) printf 'smp-able: %s\n' "${line#*=}";; esac; done >&2; }; f"#;
const OFFERED: &str = "smp-offered: ";
const ABLE: &str = "smp-able: ";
/// The capability of each git that can send a login unasked.
const RECENT: &str = "authtype";
/// The ways to log in that git prefers to Basic. A login may be good for one of these only.
const STRONGER: [&str; 4] = ["negotiate", "ntlm", "digest", "kerberos"];

/// Lets a child print what its host offers. Clears the list of the user's helpers and repeats it unchanged.
pub fn listen(program: &Program, command: &mut Command, config: &GitConfig, site: &Site) {
    let helpers = || config.under("credential", "helper");
    // A value that is not UTF-8 would be repeated as something else.
    if helpers().any(|(_, value)| value.contains('\u{fffd}')) {
        return;
    }
    let own = format!("credential.{}.helper", site.origin);
    let all: Vec<_> = helpers()
        .map(|(at, value)| (format!("credential{at}helper"), value))
        .collect();
    let mut entries = vec![("credential.helper", ""), (own.as_str(), LISTENER)];
    for (key, value) in &all {
        entries.push((key, value));
        // An empty value removes all helpers before it, ours too.
        entries.extend(value.is_empty().then_some((own.as_str(), LISTENER)));
    }
    program.configure(command, entries.into_iter());
}

pub fn is_told(line: &str) -> bool {
    line.starts_with(OFFERED) || line.starts_with(ABLE)
}

/// Removes the listener's lines from a child's standard error, and returns what they say.
pub fn told(stderr: &mut Vec<u8>) -> Challenge {
    let text = String::from_utf8_lossy(stderr);
    let mut challenge = Challenge::default();
    if !text.lines().any(is_told) {
        return challenge;
    }
    let mut rest = String::new();
    for line in text.split_inclusive('\n') {
        match (line.strip_prefix(OFFERED), line.strip_prefix(ABLE)) {
            (Some(way), _) => challenge.ways.push(way.trim_end().to_owned()),
            (_, Some(what)) => challenge.is_recent |= what.trim_end() == RECENT,
            _ => rest.push_str(line),
        }
    }
    *stderr = rest.into_bytes();
    challenge
}

/// The ways to log in that a host offers, in its own words.
#[derive(Clone, Debug, Default)]
pub struct Challenge {
    ways: Vec<String>,
    /// True if git can send a login unasked.
    is_recent: bool,
    /// True if the host accepted the login of git's helpers.
    was_taken: bool,
}

impl Challenge {
    /// Returns whether name and password may be sent unasked: the host offers Basic, and nothing that git prefers.
    fn is_basic(&self) -> bool {
        let ways = self.ways.iter().map(|way| way.to_ascii_lowercase());
        let ways: Vec<String> = ways.collect();
        let is_stronger = |way: &String| STRONGER.iter().any(|name| way.contains(name));
        let is_basic = |way: &String| way == "basic" || way.starts_with("basic ");
        self.is_recent && ways.iter().any(is_basic) && !ways.iter().any(is_stronger)
    }
}

/// The login of git's helpers, once they were asked; `None` if there is none that may be used again.
type KeptLogin = Arc<OnceLock<Option<Credential>>>;

#[derive(Default)]
pub struct ReusedLogins(Mutex<Places>);

#[derive(Default)]
struct Places {
    /// What hosts offer, by the address that wanted a login.
    offers: HashMap<String, Challenge>,
    logins: HashMap<String, KeptLogin>,
}

impl ReusedLogins {
    /// Returns whether nothing is left to learn about an address.
    pub fn knows(&self, site: &Site) -> bool {
        let places = lock(&self.0);
        places
            .offers
            .get(&site.url)
            .is_some_and(|challenge| challenge.was_taken)
    }

    /// Learns from a child what its host offered, if it wanted a login, and whether it accepted one.
    pub fn learn(&self, site: &Site, challenge: Challenge, was_taken: bool) {
        if challenge.is_basic() {
            let challenge = Challenge {
                was_taken,
                ..challenge
            };
            lock(&self.0).offers.insert(site.url.clone(), challenge);
        }
    }

    /// Returns whether a typed login may be sent to an address unasked.
    pub fn is_offered(&self, site: &Site) -> bool {
        lock(&self.0).offers.contains_key(&site.url)
    }

    /// Returns the login of git's helpers for an address whose host accepted one in this run. Asks them once.
    pub fn of(&self, program: &Program, config: &GitConfig, site: &Site) -> Option<Credential> {
        let (challenge, kept) = {
            let mut places = lock(&self.0);
            let challenge = places.offers.get(&site.url)?.clone();
            if !challenge.was_taken {
                return None;
            }
            let kept = places.logins.entry(key(config, site)).or_default();
            (challenge, Arc::clone(kept))
        };
        // Without the lock, so that only this host waits for its helpers.
        kept.get_or_init(|| ask(program, site, &challenge)).clone()
    }

    /// Gives up a login that its host did not accept, for the rest of the run.
    pub fn give_up(&self, config: &GitConfig, site: &Site) {
        let none = Arc::new(OnceLock::from(None));
        lock(&self.0).logins.insert(key(config, site), none);
    }
}

/// Returns server and name, or the whole address if git's choice of a login may depend on the path.
fn key(config: &GitConfig, site: &Site) -> String {
    let counts = config.any(|key| {
        let rest = key.strip_prefix("credential.").unwrap_or_default();
        let place = rest.split_once("://").map_or(rest, |(_, place)| place);
        rest.ends_with("usehttppath") || place.contains('/')
    });
    match counts {
        true => site.url.clone(),
        false => format!("{} {}", site.origin, site.user.as_deref().unwrap_or("")),
    }
}

/// Asks git's helpers as git did. Accepts only a name and a password for Basic.
fn ask(program: &Program, site: &Site, challenge: &Challenge) -> Option<Credential> {
    let ways = challenge
        .ways
        .iter()
        .map(|way| format!("wwwauth[]={way}\n"));
    let about = [format!("url={}\n", site.url)].into_iter().chain(ways);
    let about: String = about.collect();
    let login = fill(quiet(program), &about, HELPERS, &Ear::EndsTalk)?;
    let more = ["authtype", "credential", "continue"];
    Some(login).filter(|login| more.iter().all(|key| login.value(key).is_none()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_goes_unasked_only_where_basic_is_the_best_that_is_offered() {
        for (ways, is_basic) in [
            (&["Basic realm=\"x\""][..], true),
            (&["basic"], true),
            (&["Bearer authorization_uri=x", "Basic realm=\"x\""], true),
            (&[], false),
            (&["Bearer x"], false),
            (&["Basically"], false),
            (&["Negotiate", "Basic realm=\"x\""], false),
            (&["Basic realm=\"x\", NTLM"], false),
            (&["Digest realm=\"x\"", "Basic realm=\"x\""], false),
        ] {
            let words = ways.iter().map(|way| format!("{OFFERED}{way}\n"));
            let words: String = words.collect();
            let able = format!("{ABLE}{RECENT}\n{ABLE}state\n");
            for (able, expected) in [(able.as_str(), is_basic), ("", false)] {
                let mut said = format!("remote: hello\n{words}{able}fatal: x\n").into_bytes();
                assert_eq!(told(&mut said).is_basic(), expected, "{ways:?}");
                assert_eq!(said, b"remote: hello\nfatal: x\n");
            }
        }
    }

    #[test]
    fn a_login_is_for_one_server_and_name_and_for_one_address_where_paths_count() {
        let site = |user: Option<&str>, path: &str| Site {
            url: format!("https://h/{path}"),
            origin: "https://h".to_owned(),
            user: user.map(str::to_owned),
            path: path.to_owned(),
            has_password: false,
        };
        let is_shared = |config: &GitConfig| {
            let [a, b] = ["a", "b"].map(|path| key(config, &site(None, path)));
            a == b
        };
        let plain = [
            ("credential.helper", "store"),
            ("credential.https://h.helper", "x"),
        ];
        let plain = GitConfig::of(&plain);
        assert!(is_shared(&plain));
        let ada = key(&plain, &site(Some("ada"), "a"));
        assert_ne!(key(&plain, &site(None, "a")), ada);
        for name in [
            "credential.usehttppath",
            "credential.https://h.usehttppath",
            "credential.https://h/a.helper",
            "credential.https://h/a.username",
            "credential.h/a.helper",
        ] {
            assert!(!is_shared(&GitConfig::of(&[(name, "x")])), "{name}");
        }
    }
}
