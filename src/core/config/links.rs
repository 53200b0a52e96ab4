//! Links to the main repository's pages. GitLab and Bitbucket have their own paths; others use GitHub's.

use crate::core::address::{Way, take_apart, web_host};
use crate::core::config::{AskedForge, Config, ForgeKind};
use crate::core::words::CommitId;

impl Config {
    /// Returns the address of the main repository's pages without a final slash; `None` if it is unknown.
    pub fn web_base(&self) -> Option<String> {
        match &self.repository.web {
            Some(web) => Some(web.trim_end_matches('/').to_owned()),
            None => web_of(&self.repository.url),
        }
    }

    pub fn compare_url(&self, from: &CommitId, to: &CommitId) -> Option<String> {
        let base = self.web_base()?;
        let (from, to) = (from.for_link(), to.for_link());
        Some(match host(&base) {
            _ if self.is_on_gitlab(&base) => format!("{base}/-/compare/{from}...{to}"),
            // On Bitbucket the new commit comes first, and two dots mean what three mean elsewhere.
            host if host.contains("bitbucket") => format!("{base}/branches/compare/{to}..{from}"),
            _ => format!("{base}/compare/{from}...{to}"),
        })
    }

    pub fn commit_url(&self, id: &CommitId) -> Option<String> {
        let (base, id) = (self.web_base()?, id.for_link());
        Some(match host(&base) {
            _ if self.is_on_gitlab(&base) => format!("{base}/-/commit/{id}"),
            host if host.contains("bitbucket") => format!("{base}/commits/{id}"),
            _ => format!("{base}/commit/{id}"),
        })
    }

    /// Returns the page of an issue, and the anchor before the number of a comment.
    pub fn issue_url(&self, number: u64) -> Option<(String, &'static str)> {
        let (base, forge) = (self.web_base()?, self.record.as_ref()?.ask?);
        Some(match forge {
            AskedForge::GitHub => (format!("{base}/issues/{number}"), "#issuecomment-"),
            AskedForge::GitLab => (format!("{base}/-/issues/{number}"), "#note_"),
        })
    }

    /// Returns whether these pages are on GitLab: by `repository.forge`, otherwise by the host's name.
    fn is_on_gitlab(&self, base: &str) -> bool {
        let forge = self.repository.forge;
        forge.or_else(|| ForgeKind::by_name(&host(base))) == Some(ForgeKind::GitLab)
    }

    /// Returns the software of the main repository's host, from `repository.forge` or the host's name.
    pub(super) fn forge(&self) -> Option<ForgeKind> {
        let forge = self.repository.forge;
        forge.or_else(|| ForgeKind::by_name(&host(&self.web_base()?)))
    }
}

impl ForgeKind {
    /// Returns the software that a host's name shows; `None` if it shows none.
    pub fn by_name(host: &str) -> Option<Self> {
        let host = host.to_ascii_lowercase();
        Some(match host.as_str() {
            "codeberg.org" => Self::Forgejo,
            host if host.contains("gitlab") => Self::GitLab,
            host if host.contains("forgejo") => Self::Forgejo,
            host if host.contains("gitea") => Self::Gitea,
            host if host.contains("github") => Self::GitHub,
            _ => return None,
        })
    }
}

/// Returns the pages of the repository at `url`: those on https, even if `url` uses ssh.
fn web_of(url: &str) -> Option<String> {
    let address = take_apart(url).ok()?;
    // The port of ssh serves no pages.
    let (scheme, port) = match address.way {
        Way::Https => ("https", address.port.filter(|port| *port != 443)),
        Way::Http => ("http", address.port.filter(|port| *port != 80)),
        Way::Ssh => ("https", None),
        Way::Git | Way::Local => return None,
    };
    let path = address.path.trim_matches('/');
    let path = path.strip_suffix(".git").unwrap_or(path);
    if path.is_empty() {
        return None;
    }
    let port = port.map(|port| format!(":{port}")).unwrap_or_default();
    Some(format!("{scheme}://{}{port}/{path}", web_host(&address)))
}

fn host(base: &str) -> String {
    take_apart(base).map_or(String::new(), |address| address.host.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::config::tests::{SMALL, parsed};

    fn with_url(url: &str) -> Config {
        let mut config = parsed(SMALL);
        config.repository.url = url.to_owned();
        config
    }

    #[test]
    fn pages_follow_from_the_address_of_the_repository() {
        for (url, web) in [
            ("https://github.com/o/r.git", Some("https://github.com/o/r")),
            ("https://GitHub.com/o/R/", Some("https://github.com/o/R")),
            ("https://host:8443/o/r", Some("https://host:8443/o/r")),
            ("https://host:443/o/r", Some("https://host/o/r")),
            (
                "http://localhost:3000/o/r.git",
                Some("http://localhost:3000/o/r"),
            ),
            (
                "ssh://git@host:2222/g/sub/r.git",
                Some("https://host/g/sub/r"),
            ),
            ("ssh://host/o/r", Some("https://host/o/r")),
            (
                "ssh://git@ssh.github.com:443/o/r.git",
                Some("https://github.com/o/r"),
            ),
            ("git@github.com:o/r.git", Some("https://github.com/o/r")),
            ("git@host:/o/r.git", Some("https://host/o/r")),
            ("git://127.0.0.1/r", None),
            ("/srv/git/r.git", None),
            ("../r", None),
            ("file:///srv/r.git", None),
        ] {
            assert_eq!(with_url(url).web_base().as_deref(), web, "{url}");
        }
    }

    #[test]
    fn an_address_of_pages_that_is_given_is_taken() {
        let mut config = with_url("/srv/r.git");
        config.repository.web = Some("https://host/o/r/".to_owned());
        assert_eq!(config.web_base().as_deref(), Some("https://host/o/r"));
    }

    #[test]
    fn each_kind_of_host_has_its_own_links() {
        let a = CommitId::parse(&"a".repeat(40)).unwrap();
        let b = CommitId::parse(&"b".repeat(40)).unwrap();
        let links = |url: &str| {
            (
                with_url(url).compare_url(&a, &b).unwrap(),
                with_url(url).commit_url(&a).unwrap(),
            )
        };
        let (x, y) = ("a".repeat(12), "b".repeat(12));
        let base = "https://github.com/o/r";
        assert_eq!(
            links("git@github.com:o/r.git"),
            (
                format!("{base}/compare/{x}...{y}"),
                format!("{base}/commit/{x}")
            )
        );
        let base = "https://gitlab.example/g/s/r";
        assert_eq!(
            links("https://gitlab.example/g/s/r.git"),
            (
                format!("{base}/-/compare/{x}...{y}"),
                format!("{base}/-/commit/{x}")
            )
        );
        let base = "https://bitbucket.org/o/gitlab";
        assert_eq!(
            links("https://bitbucket.org/o/gitlab.git"),
            (
                format!("{base}/branches/compare/{y}..{x}"),
                format!("{base}/commits/{x}")
            )
        );
        assert_eq!(
            (
                with_url("/r").compare_url(&a, &b),
                with_url("/r").commit_url(&a)
            ),
            (None, None)
        );
    }

    #[test]
    fn a_host_is_known_by_its_name() {
        for (host, kind) in [
            ("gitlab.com", Some(ForgeKind::GitLab)),
            ("GitLab.acme.example", Some(ForgeKind::GitLab)),
            ("codeberg.org", Some(ForgeKind::Forgejo)),
            ("forgejo.acme.example", Some(ForgeKind::Forgejo)),
            ("gitea.com", Some(ForgeKind::Gitea)),
            ("github.com", Some(ForgeKind::GitHub)),
            ("git.acme.example", None),
            ("notcodeberg.org", None),
        ] {
            assert_eq!(ForgeKind::by_name(host), kind, "{host}");
        }
    }
}
