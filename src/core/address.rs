//! Addresses: which ones git and page requests may use, and their parts.
//!
//! git runs a helper program for any `foo::` and `foo://` that has one installed, so this is a list of allowed forms.
//! Every reason is a fixed text without the address, which may contain a password.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::path::PathBuf;

use reqwest::Url;

const UNKNOWN: &str =
    "must be https://…, ssh://…, git@host:path, or a path that begins with / or ./";

const PASSWORD: &str =
    "must not contain a password; keep it in a git credential helper, or use an ssh key";
const USER: &str = "must have a plain user name before the `@`, as in git@host";

pub type AddressCheck = Result<(), &'static str>;

/// An address split into its parts. Nothing in it is decoded or changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Address<'u> {
    pub(super) way: Way,
    pub(super) user: Option<&'u str>,
    /// Empty for a local path.
    pub(super) host: &'u str,
    pub(super) port: Option<u16>,
    /// With its leading `/`, if it has one.
    pub(super) path: &'u str,
}

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

/// Returns whether a text consists of ASCII letters, digits and `others`.
pub fn is_made_of(text: &str, others: &str) -> bool {
    text.chars()
        .all(|c| c.is_ascii_alphanumeric() || others.contains(c))
}

/// Returns the host of an address, with its port if that is not the default.
pub fn authority(url: &Url) -> String {
    let port = url.port().map(|port| format!(":{port}"));
    url.host_str().unwrap_or("no host").to_owned() + &port.unwrap_or_default()
}

/// Allows `https`, `ssh`, `host:path`, a path or `file://`; `http` and `git` only on this machine.
pub fn check_url(url: &str) -> AddressCheck {
    check_text(url)?;
    let address = take_apart(url)?;
    if address.way == Way::Local {
        return Ok(());
    }
    check_user(&address)?;
    check_host(address.host)?;
    let name = address.path.strip_prefix('/').unwrap_or(address.path);
    Err(match address.way {
        Way::Http | Way::Git if !is_loopback(address.host) => {
            "must use https or ssh; http and git are allowed only for localhost"
        }
        _ if name.is_empty() => "must name a repository after the host",
        _ if name.starts_with('-') => "must not have a path that begins with `-`",
        _ if name.contains(['?', '#', '\\', '"', '<', '>']) => {
            "must not contain `?`, `#`, quotes, angle brackets or a backslash"
        }
        _ => return Ok(()),
    })
}

/// Allows the address of a page: `https`, or `http` on this machine.
pub fn check_page(url: &str) -> AddressCheck {
    check_text(url)?;
    if !url.starts_with("https://") && !url.starts_with("http://") {
        return Err("must begin with https://");
    }
    if url.contains('\\') {
        return Err("must not contain a backslash");
    }
    let address = take_apart(url)?;
    check_user(&address)?;
    check_host(address.host)?;
    match address.way {
        Way::Http if !is_loopback(address.host) => {
            Err("must use https; http is allowed only for localhost")
        }
        _ => Ok(()),
    }
}

/// Splits an address by git's own rules.
pub(super) fn take_apart<'u>(url: &'u str) -> Result<Address<'u>, &'static str> {
    let (scheme, rest) = url.split_once("://").unwrap_or_default();
    let way = match scheme {
        _ if is_local_path(url) => return address(Way::Local, ("", url)),
        "https" => Way::Https,
        "http" => Way::Http,
        "git" => Way::Git,
        "ssh" => Way::Ssh,
        "file" if is_rooted(rest) => return address(Way::Local, ("", rest)),
        "file" => return Err("must have a path that begins with / after file://"),
        _ => return address(Way::Ssh, scp_form(url).ok_or(UNKNOWN)?),
    };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    address(way, rest.split_at(end))
}

/// Returns whether a path begins with a single slash. Two begin the name of another machine on Windows.
fn is_rooted(path: &str) -> bool {
    path.starts_with('/') && !path.starts_with("//")
}

/// Returns whether both lead to the same repository of the team's host: the same host and path, by https or ssh.
///
/// This is only for the main repository. It prefers "no": a host's ssh on an unusual port counts as another place.
pub fn same_place(a: &str, b: &str) -> bool {
    let [key, other] = [a, b].map(|url| take_apart(url).ok().map(|address| place(&address)));
    a == b || key.is_some() && key == other
}

/// Returns what two addresses of one place share: host with port, and path.
fn place(address: &Address<'_>) -> (String, String) {
    let path = address.path.trim_matches('/');
    let path = path.strip_suffix(".git").unwrap_or(path).to_owned();
    let mut host = web_host(address);
    let (kind, default) = match address.way {
        Way::Https => ("", 443),
        Way::Http => ("http ", 80),
        Way::Git => ("git ", 9418),
        // Hosts with ssh on the https port have another host name for it.
        Way::Ssh if host != address.host.to_ascii_lowercase() => ("ssh ", 443),
        Way::Ssh => ("ssh ", 22),
        Way::Local => return (String::new(), plain(address.path)),
    };
    if let Some(port) = address.port.filter(|port| *port != default) {
        host = format!("{kind}{host}:{port}");
    } else if matches!(address.way, Way::Http | Way::Git) {
        host = format!("{kind}{host}");
    }
    // Another user's relative path may be another repository; forges accept everyone as `git`.
    if address.way == Way::Ssh && address.user != Some("git") {
        host = format!("{}@{host}", address.user.unwrap_or(""));
    }
    // GitHub ignores the case of a repository name; other hosts may not.
    if host == "github.com" {
        return (host, path.to_ascii_lowercase());
    }
    (host, path)
}

/// Returns a path without `.`, `..` and empty parts. Links are not followed.
fn plain(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => drop(parts.pop()),
            ".." if path.starts_with('/') => {}
            part => parts.push(part),
        }
    }
    let root = if path.starts_with('/') { "/" } else { "" };
    format!("{root}{}", parts.join("/"))
}

/// Returns the host name of the web pages, in lower case.
pub(super) fn web_host(address: &Address<'_>) -> String {
    let host = address.host.to_ascii_lowercase();
    match (address.way, host.as_str()) {
        (Way::Ssh, "ssh.github.com") => "github.com".to_owned(),
        (Way::Ssh, "altssh.gitlab.com") => "gitlab.com".to_owned(),
        (Way::Ssh, "altssh.bitbucket.org") => "bitbucket.org".to_owned(),
        _ => host,
    }
}

/// Returns an address without the user and password that git's configuration may contain.
pub fn display_url(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        return url.to_owned();
    };
    let end = rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    // A password may contain a slash, although that is invalid; then nothing before the last `@` is shown.
    let is_cut = authority.contains(':') && !authority.contains('@') && port_of(authority).is_err();
    if is_cut && let Some((_, host)) = path.rsplit_once('@') {
        return format!("{scheme}://{host}");
    }
    let (user, host) = authority.rsplit_once('@').unwrap_or(("", authority));
    // The user of ssh belongs to the address; a password does not.
    let is_ssh = matches!(&*scheme.to_ascii_lowercase(), "ssh" | "git+ssh" | "ssh+git");
    match user.split(':').next() {
        Some(name) if is_ssh && !name.is_empty() => format!("{scheme}://{name}@{host}{path}"),
        _ => format!("{scheme}://{host}{path}"),
    }
}

/// Returns whether an address can only be a path: git could read another beginning differently. Drives and backslashes
/// are paths only on Windows; elsewhere `C:\x@host:path` leads to a host over ssh.
fn is_local_path(url: &str) -> bool {
    let is_drive = match url.as_bytes() {
        [drive, b':', b'\\', ..] => drive.is_ascii_alphabetic(),
        [drive, b':', b'/', rest @ ..] => drive.is_ascii_alphabetic() && !rest.starts_with(b"/"),
        _ => false,
    };
    let windows = is_drive || url.starts_with(".\\") || url.starts_with("..\\");
    let relative = url.starts_with("./") || url.starts_with("../") || url == "..";
    is_rooted(url) || relative || cfg!(windows) && windows
}

fn address<'u>(way: Way, parts: (&'u str, &'u str)) -> Result<Address<'u>, &'static str> {
    let (place, path) = parts;
    let user = place.rsplit_once('@').map(|(user, _)| user);
    let host = place.rsplit('@').next().unwrap_or(place);
    let (host, port) = port_of(host)?;
    Ok(Address {
        way,
        user,
        host,
        port,
        path,
    })
}

/// Splits host and port; an IPv6 host with colons is in brackets.
fn port_of(host: &str) -> Result<(&str, Option<u16>), &'static str> {
    let bracket = host.rfind(']').unwrap_or(0);
    match host.rsplit_once(':') {
        Some((name, port)) if name.len() > bracket => match port.parse() {
            Ok(number) if number > 0 && !port.starts_with('+') => Ok((name, Some(number))),
            _ => Err("must have a port from 1 to 65535"),
        },
        _ => Ok((host, None)),
    }
}

/// Splits `[user@]host:path`, git's ssh form without a slash before the first colon. `foo::address` and `foo://address`
/// start a program called git-remote-foo; `https:/host/path` is a typo, not a host called https.
fn scp_form(url: &str) -> Option<(&str, &str)> {
    let bracket = url.find(']').unwrap_or(0);
    let colon = bracket + url.get(bracket..)?.find(':')?;
    let (place, path) = (url.get(..colon)?, url.get(colon + 1..)?);
    let schemes = ["https", "http", "ssh", "git", "file"];
    let is_slip = schemes.contains(&place.to_ascii_lowercase().as_str());
    let word = url.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || "+-.".contains(c));
    let is_helper = word.starts_with("::") || word.starts_with("://");
    let fits = !is_slip && !is_helper && !place.contains('/') && !path.is_empty();
    fits.then_some((place, path))
}

/// Checks the rules for the text of every address.
fn check_text(url: &str) -> AddressCheck {
    Err(match url {
        _ if url.is_empty() || url.len() > 2048 => "must have 1 to 2048 characters",
        _ if url.starts_with('-') => {
            "must not begin with `-`, because git would read it as an option"
        }
        _ if !url.bytes().all(|b| b.is_ascii_graphic()) => {
            "must be plain ASCII without spaces or control characters"
        }
        _ if url.as_bytes().windows(3).any(is_encoded_control) => {
            "must not contain control characters, not even percent-encoded ones"
        }
        _ => return Ok(()),
    })
}

fn is_encoded_control(pair: &[u8]) -> bool {
    matches!(pair, [b'%', b'0' | b'1', d] if d.is_ascii_hexdigit())
        || pair.eq_ignore_ascii_case(b"%7f")
}

fn check_user(address: &Address<'_>) -> AddressCheck {
    match (address.way, address.user) {
        // git reads `user:token@host` as the path `token@host` on the host `user`.
        (Way::Ssh, None) if address.path.contains('@') => Err(PASSWORD),
        (Way::Ssh, Some(user)) if user.contains(':') => Err(PASSWORD),
        (Way::Ssh, Some(user)) if user.is_empty() || user.starts_with('-') => Err(USER),
        (Way::Ssh, Some(user)) if !is_made_of(user, "._-+") => Err(USER),
        (Way::Ssh, _) | (_, None) => Ok(()),
        _ => {
            Err("must not contain a user, password or token; keep them in a git credential helper")
        }
    }
}

fn check_host(host: &str) -> AddressCheck {
    if let Some(inner) = host.strip_prefix('[').and_then(|h| h.strip_suffix(']')) {
        let why = "must have an IPv6 address between the brackets";
        return inner.parse::<Ipv6Addr>().map(drop).map_err(|_| why);
    }
    let begins_well = host.starts_with(|c: char| c.is_ascii_alphanumeric());
    if begins_well && is_made_of(host, "._-") && !host.contains("..") && host.len() <= 253 {
        return Ok(());
    }
    Err("must have a host of letters, digits, `.` and `-` that begins with a letter or a digit")
}

/// Returns whether git finds the repository of this address on this machine.
pub fn is_here(url: &str) -> bool {
    take_apart(url).is_ok_and(|address| address.way == Way::Local || is_loopback(address.host))
}

/// Returns the path of a local address as git reads it: that of `file://` is decoded.
pub fn local_path(url: &str) -> Option<PathBuf> {
    let address = take_apart(url).ok().filter(|one| one.way == Way::Local)?;
    match url.starts_with("file://") {
        true => Url::parse(url).ok()?.to_file_path().ok(),
        false => Some(PathBuf::from(address.path)),
    }
}

pub fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost")
        || host == "[::1]"
        || host.parse::<Ipv4Addr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests;
