//! Addresses: which ones git may be sent to, which pages may be asked, and what an address is made of.
//!
//! git has helpers for any `foo::` and `foo://` that somebody installed, and some run programs; so this is a list of
//! what is allowed. Every reason is a fixed text: it never holds the address, which may hold a password.

use std::net::{Ipv4Addr, Ipv6Addr};

const UNKNOWN: &str =
    "must be https://…, ssh://…, git@host:path, or a path that begins with / or ./";

/// The reason of a rule that is broken.
pub type Checked = Result<(), &'static str>;

/// An address taken apart. Nothing in it is decoded or changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Address<'u> {
    pub(super) way: Way,
    /// What stands before the `@`.
    pub(super) user: Option<&'u str>,
    /// Empty for a local path.
    pub(super) host: &'u str,
    pub(super) port: Option<u16>,
    /// With its first `/`, if it has one.
    pub(super) path: &'u str,
}

/// The ways to a repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    Https,
    Http,
    Git,
    /// `ssh://host/path` and `host:path`.
    Ssh,
    /// A path on this machine, `file://` or not.
    Local,
}

/// Holds rules in turn: whether each is broken, and what is said then.
pub(super) fn hold(rules: &[(bool, &'static str)]) -> Checked {
    let broken = rules.iter().find(|(is_broken, _)| *is_broken);
    broken.map_or(Ok(()), |(_, why)| Err(why))
}

/// Whether a text is made of ASCII letters, digits and these.
pub(super) fn is_made_of(text: &str, others: &str) -> bool {
    text.chars()
        .all(|c| c.is_ascii_alphanumeric() || others.contains(c))
}

/// Whether git may be sent to this address: `https`, `ssh`, `host:path`, a path or `file://`; `http` and `git` only on
/// this machine.
pub fn check_url(url: &str) -> Checked {
    check_text(url)?;
    let address = take_apart(url)?;
    let is_plain = matches!(address.way, Way::Http | Way::Git);
    let name = address.path.strip_prefix('/').unwrap_or(address.path);
    match address.way {
        Way::Local => return Ok(()),
        Way::Ssh => check_user(&address)?,
        Way::Https | Way::Http | Way::Git => check_no_user(&address)?,
    }
    check_host(address.host)?;
    hold(&[
        (
            is_plain && !is_loopback(address.host),
            "must use https or ssh: http and git are for this machine alone",
        ),
        (name.is_empty(), "must name a repository after the host"),
        (
            name.starts_with('-'),
            "must not have a path that begins with `-`",
        ),
        (
            name.contains(['?', '#', '\\', '"', '<', '>']),
            "must not hold `?`, `#`, quotes, angle brackets or a backslash",
        ),
    ])
}

/// Whether this may be the address of a page: `https`, or `http` on this machine.
pub fn check_page(url: &str) -> Checked {
    check_text(url)?;
    let is_web = url.starts_with("https://") || url.starts_with("http://");
    hold(&[
        (!is_web, "must begin with https://"),
        (url.contains('\\'), "must not hold a backslash"),
    ])?;
    let address = take_apart(url)?;
    check_no_user(&address)?;
    check_host(address.host)?;
    let is_plain = address.way == Way::Http && !is_loopback(address.host);
    hold(&[(is_plain, "must use https: http is for this machine alone")])
}

/// Takes an address apart, by git's own rules of which is which.
pub(super) fn take_apart(url: &str) -> Result<Address<'_>, &'static str> {
    if is_local_path(url) {
        return Ok(local(url));
    }
    match url.split_once("://") {
        Some(("https", rest)) => with_authority(Way::Https, rest),
        Some(("http", rest)) => with_authority(Way::Http, rest),
        Some(("git", rest)) => with_authority(Way::Git, rest),
        Some(("ssh", rest)) => with_authority(Way::Ssh, rest),
        Some(("file", path)) if path.starts_with('/') && !path.starts_with("//") => Ok(local(path)),
        Some(("file", _)) => Err("must have a path that begins with / after file://"),
        _ => scp_form(url).ok_or(UNKNOWN),
    }
}

/// Whether both lead to the same repository of the team's host: the same host and path, by https or ssh.
///
/// For the main repository alone. It errs on the side of "no": a host's ssh door on a port of its own is another place.
pub fn same_place(a: &str, b: &str) -> bool {
    let [key, other] = [a, b].map(|url| take_apart(url).ok().map(|address| place(&address)));
    a == b || key.is_some() && key == other
}

/// What two addresses of one place have in common: host with port, and path.
fn place(address: &Address<'_>) -> (String, String) {
    let path = address.path.trim_matches('/');
    let path = path.strip_suffix(".git").unwrap_or(path).to_owned();
    let mut host = web_host(address);
    let (kind, default) = match address.way {
        Way::Https => ("", 443),
        Way::Http => ("http ", 80),
        Way::Git => ("git ", 9418),
        // The hosts that offer ssh beside https have a name for it, and the port of https.
        Way::Ssh if host != address.host.to_ascii_lowercase() => ("ssh ", 443),
        Way::Ssh => ("ssh ", 22),
        Way::Local => return (String::new(), address.path.trim_end_matches('/').to_owned()),
    };
    if let Some(port) = address.port.filter(|port| *port != default) {
        host = format!("{kind}{host}:{port}");
    } else if matches!(address.way, Way::Http | Way::Git) {
        host = format!("{kind}{host}");
    }
    // Another user's relative path may be another repository; forges let everyone in as `git`.
    if address.way == Way::Ssh && address.user != Some("git") {
        host = format!("{}@{host}", address.user.unwrap_or(""));
    }
    // GitHub takes either case for the same repository; other hosts may not.
    if host == "github.com" {
        return (host, path.to_ascii_lowercase());
    }
    (host, path)
}

/// The host in small letters, and by the name that its pages have.
pub(super) fn web_host(address: &Address<'_>) -> String {
    let host = address.host.to_ascii_lowercase();
    match (address.way, host.as_str()) {
        (Way::Ssh, "ssh.github.com") => "github.com".to_owned(),
        (Way::Ssh, "altssh.gitlab.com") => "gitlab.com".to_owned(),
        (Way::Ssh, "altssh.bitbucket.org") => "bitbucket.org".to_owned(),
        _ => host,
    }
}

/// An address without the user and password that somebody's own git configuration may have in it.
pub fn display_url(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        return url.to_owned();
    };
    let end = rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    // A password may itself hold a slash, however wrong that is; what is left of the last `@` is never shown then.
    let is_cut = authority.contains(':') && !authority.contains('@') && port_of(authority).is_err();
    if let Some((_, host)) = rest
        .rsplit_once('@')
        .filter(|_| is_cut && path.contains('@'))
    {
        return format!("{scheme}://{host}");
    }
    let (user, host) = authority.rsplit_once('@').unwrap_or(("", authority));
    let scheme_is_ssh =
        ["ssh", "git+ssh", "ssh+git"].contains(&scheme.to_ascii_lowercase().as_str());
    // The user of ssh is a name that belongs to the address; a password is not.
    match user.split(':').next() {
        Some(name) if scheme_is_ssh && !name.is_empty() => {
            format!("{scheme}://{name}@{host}{path}")
        }
        _ => format!("{scheme}://{host}{path}"),
    }
}

fn local(path: &str) -> Address<'_> {
    Address {
        way: Way::Local,
        user: None,
        host: "",
        port: None,
        path,
    }
}

/// Whether an address can only be a path: another beginning could be read as something else, here or by git. Drives and
/// backslashes are paths to git on Windows alone; elsewhere `C:\x@host:path` leads to a host over ssh.
fn is_local_path(url: &str) -> bool {
    // Two slashes begin the name of another machine on Windows.
    let rooted = url.starts_with('/') && !url.starts_with("//");
    let windows = cfg!(windows)
        && (begins_with_drive(url) || url.starts_with(".\\") || url.starts_with("..\\"));
    rooted || windows || url.starts_with("./") || url.starts_with("../") || url == ".."
}

fn begins_with_drive(url: &str) -> bool {
    let Some((drive, path)) = url.split_once(':') else {
        return false;
    };
    let is_letter = drive.len() == 1 && drive.starts_with(|c: char| c.is_ascii_alphabetic());
    is_letter && path.starts_with(['\\', '/']) && !path.starts_with("//")
}

fn with_authority(way: Way, rest: &str) -> Result<Address<'_>, &'static str> {
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let (user, host) = with_user(authority);
    let (host, port) = port_of(host)?;
    Ok(Address {
        way,
        user,
        host,
        port,
        path,
    })
}

fn with_user(place: &str) -> (Option<&str>, &str) {
    place
        .rsplit_once('@')
        .map_or((None, place), |(user, host)| (Some(user), host))
}

/// Host and port; the colons of an IPv6 host stand in brackets.
fn port_of(host: &str) -> Result<(&str, Option<u16>), &'static str> {
    let bracket = host.rfind(']').unwrap_or(0);
    let Some((name, port)) = host
        .rsplit_once(':')
        .filter(|(name, _)| name.len() > bracket)
    else {
        return Ok((host, None));
    };
    match port.parse() {
        Ok(number) if number > 0 && !port.starts_with('+') => Ok((name, Some(number))),
        _ => Err("must have a port from 1 to 65535"),
    }
}

/// `[user@]host:path`, the form that git takes for ssh when no slash comes before the first colon. `foo::address` and
/// `foo://address` go to a program called git-remote-foo, and `https:/host/path` is a slip, not a host called https.
fn scp_form(url: &str) -> Option<Address<'_>> {
    let bracket = url.find(']').unwrap_or(0);
    let colon = bracket + url.get(bracket..)?.find(':')?;
    let (place, path) = (url.get(..colon)?, url.get(colon + 1..)?);
    let (user, host) = with_user(place);
    let schemes = ["https", "http", "ssh", "git", "file"];
    let is_slip = schemes.contains(&place.to_ascii_lowercase().as_str());
    let word = url.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || "+-.".contains(c));
    let is_helper = word.starts_with("::") || word.starts_with("://");
    let fits = !is_slip && !is_helper && !place.contains('/') && !path.is_empty();
    let (way, port) = (Way::Ssh, None);
    fits.then_some(Address {
        way,
        user,
        host,
        port,
        path,
    })
}

/// What no address may hold, whichever it is.
fn check_text(url: &str) -> Checked {
    let encoded = |pair: &[u8]| {
        matches!(pair, [b'%', b'0' | b'1', d] if d.is_ascii_hexdigit())
            || pair.eq_ignore_ascii_case(b"%7f")
    };
    hold(&[
        (
            url.is_empty() || url.len() > 2048,
            "must have 1 to 2048 characters",
        ),
        (
            url.starts_with('-'),
            "must not begin with `-`: it would be read as an option",
        ),
        (
            !url.bytes().all(|b| b.is_ascii_graphic()),
            "must be plain ASCII without spaces or control characters",
        ),
        (
            url.as_bytes().windows(3).any(encoded),
            "must hold no control characters, percent-encoded or not",
        ),
    ])
}

fn check_no_user(address: &Address<'_>) -> Checked {
    let why = "must hold no user, password or token; a git credential helper keeps those";
    hold(&[(address.user.is_some(), why)])
}

fn check_user(address: &Address<'_>) -> Checked {
    let user = address.user.unwrap_or("git");
    // `user:token@host` is, to git, the path `token@host` on the host `user`.
    let holds_password =
        user.contains(':') || (address.user.is_none() && address.path.contains('@'));
    hold(&[
        (
            holds_password,
            "must hold no password; an ssh agent or a git credential helper keeps those",
        ),
        (
            user.is_empty() || user.starts_with('-') || !is_made_of(user, "._-+"),
            "must have a plain user name before the `@`, as git@host",
        ),
    ])
}

fn check_host(host: &str) -> Checked {
    if let Some(inner) = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
    {
        let is_bad = inner.parse::<Ipv6Addr>().is_err();
        return hold(&[(is_bad, "must have an IPv6 address between the brackets")]);
    }
    let fits = is_made_of(host, "._-")
        && host.starts_with(|c: char| c.is_ascii_alphanumeric())
        && !host.contains("..")
        && host.len() <= 253;
    hold(&[(
        !fits,
        "must have a host made of letters, digits, `.` and `-`, beginning with a letter or a digit",
    )])
}

/// Whether a host is this machine.
pub fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost")
        || host == "[::1]"
        || host.parse::<Ipv4Addr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests;
