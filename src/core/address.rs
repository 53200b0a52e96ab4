//! Addresses: which ones git may be sent to, which pages may be asked, and what an address is made of.
//!
//! git has helpers for any `foo::` and `foo://` that somebody installed, and some run programs; so this is a list of
//! what is allowed. Every reason is a fixed text: it never holds the address, which may hold a password.

use std::net::{Ipv4Addr, Ipv6Addr};

/// The longest address.
const LONGEST: usize = 2048;

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

/// Whether git may be sent to this address: `https`, `ssh`, `host:path`, a path or `file://`; `http` and `git` only on
/// this machine.
///
/// # Errors
///
/// The reason why not.
pub fn check_url(url: &str) -> Result<(), &'static str> {
    check_text(url)?;
    let address = take_apart(url)?;
    match address.way {
        Way::Https | Way::Http | Way::Git => check_no_user(&address)?,
        Way::Ssh => check_user(&address)?,
        Way::Local => return Ok(()),
    }
    check_host(address.host)?;
    if matches!(address.way, Way::Http | Way::Git) && !is_loopback(address.host) {
        return Err("must use https or ssh: http and git are for this machine alone");
    }
    check_path(address.path)
}

/// Whether this may be the address of a page: `https`, or `http` on this machine.
///
/// # Errors
///
/// The reason why not.
pub fn check_page(url: &str) -> Result<(), &'static str> {
    check_text(url)?;
    if !url.starts_with("https://") && !url.starts_with("http://") {
        return Err("must begin with https://");
    }
    if url.contains('\\') {
        return Err("must not hold a backslash");
    }
    let address = take_apart(url)?;
    check_no_user(&address)?;
    check_host(address.host)?;
    if address.way == Way::Http && !is_loopback(address.host) {
        return Err("must use https: http is for this machine alone");
    }
    Ok(())
}

/// Takes an address apart, by git's own rules of which is which.
///
/// # Errors
///
/// The reason why it is none that we know.
pub(super) fn take_apart(url: &str) -> Result<Address<'_>, &'static str> {
    const UNKNOWN: &str =
        "must be https://…, ssh://…, git@host:path, or a path that begins with / or ./";
    let known = [
        ("https://", Way::Https),
        ("http://", Way::Http),
        ("git://", Way::Git),
        ("ssh://", Way::Ssh),
    ];
    for (scheme, way) in known {
        if let Some(rest) = url.strip_prefix(scheme) {
            return with_authority(way, rest);
        }
    }
    if let Some(path) = url.strip_prefix("file://") {
        let absolute = path.starts_with('/') && !path.starts_with("//");
        return if absolute {
            Ok(local(path))
        } else {
            Err("must have a path that begins with / after file://")
        };
    }
    if is_local_path(url) {
        return Ok(local(url));
    }
    // `foo::address` and `foo://address` go to a program called git-remote-foo.
    let word = url.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || "+-.".contains(c));
    if word.starts_with("::") || word.starts_with("://") {
        return Err(UNKNOWN);
    }
    scp_form(url).ok_or(UNKNOWN)
}

/// Whether both lead to the same repository of the team's host: the same host and path, by https or ssh.
///
/// For the main repository alone. It errs on the side of "no": a host's ssh door on a port of its own is another place.
pub fn same_place(a: &str, b: &str) -> bool {
    let key = |url| take_apart(url).ok().and_then(|address| place(&address));
    a == b || key(a).is_some_and(|place| Some(place) == key(b))
}

/// What two addresses of one place have in common: host with port, and path.
fn place(address: &Address<'_>) -> Option<(String, String)> {
    let (host, default) = (web_host(address), web_port(address));
    let path = address.path.trim_matches('/');
    let path = path.strip_suffix(".git").unwrap_or(path);
    let place = |kind: &str| match address.port.filter(|port| *port != default) {
        Some(port) => format!("{kind}{host}:{port}"),
        None => host.clone(),
    };
    let host = match address.way {
        // Another user's relative path may be another repository; forges let everyone in as `git`.
        Way::Ssh if address.user == Some("git") => place("ssh "),
        Way::Ssh => format!("{}@{}", address.user.unwrap_or(""), place("ssh ")),
        Way::Https => place(""),
        Way::Http => format!("http {}", place("")),
        Way::Git => format!("git {}", place("")),
        Way::Local => return Some((String::new(), address.path.trim_end_matches('/').to_owned())),
    };
    // GitHub takes either case for the same repository; other hosts may not.
    let path = if host == "github.com" {
        path.to_ascii_lowercase()
    } else {
        path.to_owned()
    };
    Some((host, path))
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

/// The port that need not be named.
fn web_port(address: &Address<'_>) -> u16 {
    match address.way {
        Way::Https => 443,
        Way::Http => 80,
        Way::Git => 9418,
        // The hosts that offer ssh beside https have a name for it, and the port of https.
        Way::Ssh if web_host(address) != address.host.to_ascii_lowercase() => 443,
        Way::Ssh | Way::Local => 22,
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
    let looks_cut =
        authority.contains(':') && !authority.contains('@') && port_of(authority).is_err();
    let (user, host) = authority.rsplit_once('@').unwrap_or(("", authority));
    match scheme.to_ascii_lowercase().as_str() {
        _ if looks_cut && path.contains('@') => {
            let host = rest.rsplit_once('@').map_or("", |(_, host)| host);
            format!("{scheme}://{host}")
        }
        // The user of ssh is a name that belongs to the address; a password is not.
        "ssh" | "git+ssh" | "ssh+git" => {
            match user.split_once(':').map_or(user, |(name, _)| name) {
                "" => format!("{scheme}://{host}{path}"),
                name => format!("{scheme}://{name}@{host}{path}"),
            }
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
    let letter = url.as_bytes().first().is_some_and(u8::is_ascii_alphabetic);
    letter
        && url.get(1..).is_some_and(|rest| {
            rest.starts_with(":\\") || rest.starts_with(":/") && !rest.starts_with("://")
        })
}

fn with_authority(way: Way, rest: &str) -> Result<Address<'_>, &'static str> {
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let (user, host) = authority
        .rsplit_once('@')
        .map_or((None, authority), |(user, host)| (Some(user), host));
    let (host, port) = port_of(host)?;
    Ok(Address {
        way,
        user,
        host,
        port,
        path,
    })
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
    let digits = !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit());
    match port.parse() {
        Ok(port) if digits && port > 0 => Ok((name, Some(port))),
        _ => Err("must have a port from 1 to 65535"),
    }
}

/// `[user@]host:path`, the form that git takes for ssh when no slash comes before the first colon.
fn scp_form(url: &str) -> Option<Address<'_>> {
    let bracket = url.find(']').unwrap_or(0);
    let colon = bracket + url.get(bracket..)?.find(':')?;
    let (place, path) = (url.get(..colon)?, url.get(colon + 1..)?);
    let (user, host) = place
        .rsplit_once('@')
        .map_or((None, place), |(user, host)| (Some(user), host));
    // `https:/host/path` is a slip, not a host called https.
    let slip = ["https", "http", "ssh", "git", "file"]
        .iter()
        .any(|word| place.eq_ignore_ascii_case(word));
    let fits = !slip && !place.contains('/') && !path.is_empty();
    fits.then_some(Address {
        way: Way::Ssh,
        user,
        host,
        port: None,
        path,
    })
}

/// What no address may hold, whichever it is.
fn check_text(url: &str) -> Result<(), &'static str> {
    if url.is_empty() || url.len() > LONGEST {
        return Err("must have 1 to 2048 characters");
    }
    if url.starts_with('-') {
        return Err("must not begin with `-`: it would be read as an option");
    }
    if !url.bytes().all(|b| b.is_ascii_graphic()) {
        return Err("must be plain ASCII without spaces or control characters");
    }
    let encoded = |pair: &[u8]| {
        matches!(pair, [b'%', b'0' | b'1', d] if d.is_ascii_hexdigit())
            || pair.eq_ignore_ascii_case(b"%7f")
    };
    if url.as_bytes().windows(3).any(encoded) {
        return Err("must hold no control characters, percent-encoded or not");
    }
    Ok(())
}

fn check_no_user(address: &Address<'_>) -> Result<(), &'static str> {
    match address.user {
        Some(_) => Err("must hold no user, password or token; a git credential helper keeps those"),
        None => Ok(()),
    }
}

fn check_user(address: &Address<'_>) -> Result<(), &'static str> {
    let user = address.user.unwrap_or("git");
    // `user:token@host` is, to git, the path `token@host` on the host `user`.
    if user.contains(':') || (address.user.is_none() && address.path.contains('@')) {
        return Err("must hold no password; an ssh agent or a git credential helper keeps those");
    }
    let fits = !user.is_empty()
        && user
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"._-+".contains(&b));
    if !fits || user.starts_with('-') {
        return Err("must have a plain user name before the `@`, as git@host");
    }
    Ok(())
}

fn check_host(host: &str) -> Result<(), &'static str> {
    if let Some(inner) = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
    {
        return inner
            .parse::<Ipv6Addr>()
            .map(|_| ())
            .map_err(|_| "must have an IPv6 address between the brackets");
    }
    let fits = host
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
    if !fits
        || !host.starts_with(|c: char| c.is_ascii_alphanumeric())
        || host.contains("..")
        || host.len() > 253
    {
        return Err(
            "must have a host made of letters, digits, `.` and `-`, beginning with a letter or a digit",
        );
    }
    Ok(())
}

fn check_path(path: &str) -> Result<(), &'static str> {
    let name = path.strip_prefix('/').unwrap_or(path);
    if name.is_empty() {
        return Err("must name a repository after the host");
    }
    if name.starts_with('-') {
        return Err("must not have a path that begins with `-`");
    }
    if name.contains(['?', '#', '\\', '"', '<', '>']) {
        return Err("must not hold `?`, `#`, quotes, angle brackets or a backslash");
    }
    Ok(())
}

/// Whether a host is this machine.
pub fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost")
        || host == "[::1]"
        || host.parse::<Ipv4Addr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests;
