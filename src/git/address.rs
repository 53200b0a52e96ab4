//! Where a remote leads, by the configuration and git's own rules: as much as is needed to know who may be asked for
//! what. git itself decides which server gets a secret, and compares the address again.

use std::time::Duration;

use crate::git::config::GitConfig;

/// The purpose of a git child process at a remote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    Look,
    Fetch,
    /// To push, or to ask whether a push would be accepted.
    Push,
    /// To run a command of the host, over the ssh that reaches it.
    Ask,
}

impl Purpose {
    pub fn limit(self) -> Duration {
        Duration::from_secs(match self {
            Self::Look | Self::Ask => 60,
            Self::Fetch => 600,
            Self::Push => 300,
        })
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Transport {
    Local,
    /// An account that ssh logs in to.
    Ssh(Account),
    Http(Site),
    Other,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// `user@host` or `host`, as ssh takes it.
    pub destination: String,
    pub port: Option<String>,
}

/// A repository on a server that is reached over http or https.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    /// The address, with the user's name if it has one.
    pub url: String,
    /// The start of the address: `https://host:port`.
    pub origin: String,
    pub user: Option<String>,
    pub path: String,
    /// True if the address has a password as well, so that nobody is asked for one.
    pub has_password: bool,
}

impl Transport {
    pub fn of(config: &GitConfig, remote: &str, purpose: Purpose) -> Self {
        address(config, remote, purpose).map_or(Self::Other, |url| Self::at(&url))
    }

    fn at(url: &str) -> Self {
        if url.bytes().any(|byte| byte.is_ascii_control()) || url.starts_with('-') {
            return Self::Other;
        }
        let Some((scheme, rest)) = url.split_once("://") else {
            // `[user@]host:path`, with no slash before the colon.
            return match url.split_once(':') {
                Some((place, _)) if !place.contains('/') && (cfg!(unix) || place.len() > 1) => {
                    account(place)
                }
                _ => Self::Local,
            };
        };
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        match scheme {
            "file" => Self::Local,
            "ssh" | "git+ssh" | "ssh+git" => account(authority),
            "http" | "https" => Self::Http(site(url, scheme, (authority, path))),
            _ => Self::Other,
        }
    }
}

/// Returns the address that git uses: the first of several, after the longest `insteadOf` that fits.
pub fn address(config: &GitConfig, remote: &str, purpose: Purpose) -> Option<String> {
    let pushes = purpose == Purpose::Push;
    let url = first(config, remote, "url");
    let push_url = first(config, remote, "pushurl").filter(|_| pushes);
    if let (true, None, Some(url)) = (pushes, &push_url, &url)
        && let Some(pushed) = instead(config, url, ".pushinsteadof")
    {
        return Some(pushed);
    }
    // A name that is no remote's is an address.
    let itself = remote.contains(['/', ':']).then_some(remote);
    let url = push_url.or(url).or(itself.map(str::to_owned))?;
    Some(instead(config, &url, ".insteadof").unwrap_or(url))
}

fn first(config: &GitConfig, remote: &str, key: &str) -> Option<String> {
    let all = config.all(&format!("remote.{remote}.{key}"));
    all.first().map(|url| (*url).to_owned())
}

fn instead(config: &GitConfig, url: &str, key: &str) -> Option<String> {
    let fits = config
        .under("url.", key)
        .filter(|(_, start)| url.starts_with(start));
    let (base, start) = fits.max_by_key(|(_, start)| start.len())?;
    Some(format!("{base}{}", url.get(start.len()..)?))
}

/// Parses `[user@]host[:port]`. A host in brackets is left to ssh, and nobody is asked.
fn account(authority: &str) -> Transport {
    let (user, host) = authority.rsplit_once('@').unwrap_or(("", authority));
    let (host, port) = match host.split_once(':') {
        Some((host, port)) => (host, Some(port)),
        None => (host, None),
    };
    if host.is_empty()
        || host.starts_with(['-', '['])
        || user.starts_with('-')
        || port.is_some_and(|port| port.parse::<u16>().is_err())
    {
        return Transport::Other;
    }
    let at = if user.is_empty() { "" } else { "@" };
    Transport::Ssh(Account {
        destination: format!("{user}{at}{host}"),
        port: port.map(str::to_owned),
    })
}

fn site(url: &str, scheme: &str, (authority, path): (&str, &str)) -> Site {
    let (user, host) = match authority.rsplit_once('@') {
        Some((user, host)) => (Some(user), host),
        None => (None, authority),
    };
    let name = user.and_then(|user| user.split(':').next());
    Site {
        url: url.to_owned(),
        origin: format!("{scheme}://{host}"),
        user: name.filter(|name| !name.is_empty()).map(str::to_owned),
        path: path.to_owned(),
        has_password: user.is_some_and(|user| user.contains(':')),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ssh(destination: &str, port: Option<&str>) -> Transport {
        Transport::Ssh(Account {
            destination: destination.to_owned(),
            port: port.map(str::to_owned),
        })
    }

    #[test]
    fn every_form_of_an_ssh_address_leads_to_the_account_that_git_logs_in_to() {
        assert_eq!(
            Transport::at("git@example.com:team/app.git"),
            ssh("git@example.com", None)
        );
        assert_eq!(
            Transport::at("example.com:app.git"),
            ssh("example.com", None)
        );
        assert_eq!(
            Transport::at("ssh://git@example.com/app.git"),
            ssh("git@example.com", None)
        );
        assert_eq!(
            Transport::at("ssh://git@example.com:22/app.git"),
            ssh("git@example.com", Some("22"))
        );
        assert_eq!(
            Transport::at("ssh://git@example.com:2222/app.git"),
            ssh("git@example.com", Some("2222"))
        );
        for local in [
            "/srv/a:b.git",
            "./a:b",
            "../app.git",
            "app.git",
            "file:///srv/app.git",
        ] {
            assert_eq!(Transport::at(local), Transport::Local, "{local}");
        }
        for other in [
            "git://example.com/app.git",
            "[::1]:app.git",
            "git@[::1]:app.git",
            "ssh://git@[::1]:2222/app.git",
            "ssh://-oProxyCommand=x/app",
            "ssh://host:x/app",
            "a\nb:c",
        ] {
            assert_eq!(Transport::at(other), Transport::Other, "{other}");
        }
    }

    #[test]
    fn a_site_is_known_by_its_beginning_and_by_who_logs_in_there() {
        let Transport::Http(site) = Transport::at("https://ada@example.com:8443/team/app.git")
        else {
            unreachable!()
        };
        assert_eq!(
            (site.origin.as_str(), site.path.as_str()),
            ("https://example.com:8443", "team/app.git")
        );
        assert_eq!(
            (site.user.as_deref(), site.has_password),
            (Some("ada"), false)
        );
        let Transport::Http(site) = Transport::at("http://u:t@example.com/app.git") else {
            unreachable!()
        };
        assert!(site.has_password && site.origin == "http://example.com");
    }

    #[test]
    fn addresses_are_the_ones_that_git_uses() {
        let config = GitConfig::of(&[
            ("remote.origin.url", "gh:team/app.git"),
            ("url.https://github.com/.insteadof", "gh:"),
            ("url.git@github.com:team/.pushinsteadof", "gh:team/"),
            ("remote.other.url", "gh:a"),
            ("remote.other.pushurl", "gh:b"),
        ]);
        let address = |remote, purpose| address(&config, remote, purpose);
        assert_eq!(
            address("origin", Purpose::Fetch).as_deref(),
            Some("https://github.com/team/app.git")
        );
        assert_eq!(
            address("origin", Purpose::Push).as_deref(),
            Some("git@github.com:team/app.git")
        );
        assert_eq!(
            address("other", Purpose::Push).as_deref(),
            Some("https://github.com/b")
        );
        assert_eq!(address("nobody", Purpose::Push), None);
    }
}
