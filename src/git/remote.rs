//! What a remote has, read by the `git` program: only git knows the user's credentials, proxies and ssh settings.

use crate::core::refusal::{Refusal, Stop};
use crate::core::words::{Branch, CommitId};
use crate::git::address::Purpose;
use crate::git::config::GitConfig;
use crate::git::network::Errand;
use crate::git::response::{LineKind, kind, wants_one};
use crate::git::{Repo, advice};

/// A repository's default branch. No push moves it.
pub(super) const HEAD: &str = "HEAD";
/// The refs that a remote lists: names, each with what it points to.
type Refs = Vec<(String, CommitId)>;

/// Reads where `branch` is on `remote`: `git ls-remote REMOTE refs/heads/BRANCH`, the exact name only.
///
/// With `may_ask`, here and below, a person may be asked for a password on the terminal. A remote that does not answer
/// is `unreachable`, with git's words.
pub fn branch(repo: &Repo, remote: &str, branch: &str, may_ask: bool) -> Result<Branch, Refusal> {
    let wanted = format!("refs/heads/{branch}");
    let listed = list(repo, remote, &[&wanted], may_ask)?;
    in_list(repo, remote, &wanted, &listed, may_ask)
}

/// Reads `branch` with one request fewer: the remote lists all its refs. For remotes that do so for a push as well.
pub fn branch_in_full_list(
    repo: &Repo,
    remote: &str,
    branch: &str,
    may_ask: bool,
) -> Result<Branch, Refusal> {
    let wanted = format!("refs/heads/{branch}");
    let text = ask(repo, remote, &full_list(remote, &[&wanted]), may_ask)?;
    in_list(repo, remote, &wanted, &advertised(&text), may_ask)
}

/// Reads where each of these branches is on `remote`, in one request.
pub fn branches(
    repo: &Repo,
    remote: &str,
    branches: &[&str],
    may_ask: bool,
) -> Result<Vec<Branch>, Refusal> {
    let wanted: Vec<String> = (branches.iter())
        .map(|branch| format!("refs/heads/{branch}"))
        .collect();
    let names: Vec<&str> = wanted.iter().map(String::as_str).collect();
    let listed = list(repo, remote, &names, may_ask)?;
    let each = names.into_iter();
    each.map(|wanted| in_list(repo, remote, wanted, &listed, may_ask))
        .collect()
}

/// Reads what `branch`, a ref of another name and HEAD point to on `remote`, in one request:
/// `git ls-remote REMOTE refs/heads/BRANCH REF HEAD`, the exact names only.
pub(super) fn branch_and_tip(
    repo: &Repo,
    remote: &str,
    (branch, reference): (&str, Option<&str>),
    may_ask: bool,
) -> Result<(Branch, [Option<CommitId>; 2]), Refusal> {
    let wanted = format!("refs/heads/{branch}");
    let names: Vec<&str> = [wanted.as_str(), HEAD]
        .into_iter()
        .chain(reference)
        .collect();
    let listed = list(repo, remote, &names, may_ask)?;
    let branch = in_list(repo, remote, &wanted, &listed, may_ask)?;
    let tip = reference.and_then(|reference| named(&listed, reference));
    Ok((branch, [tip, named(&listed, HEAD)]))
}

/// Finds a branch. If it is missing, asks for all branches, to recognise an empty remote, and a tag of the same name.
fn in_list(
    repo: &Repo,
    remote: &str,
    wanted: &str,
    listed: &Refs,
    may_ask: bool,
) -> Result<Branch, Refusal> {
    if let Some(id) = named(listed, wanted) {
        return Ok(Branch::At(id));
    }
    let tag = wanted.replacen("refs/heads/", "refs/tags/", 1);
    let heads = list(repo, remote, &["refs/heads/*", &tag], may_ask)?;
    // The branch may be new since the first list, or a host that was about to fail sent an empty first list.
    if let Some(id) = named(&heads, wanted) {
        return Ok(Branch::At(id));
    }
    let names = heads
        .iter()
        .filter_map(|(name, _)| name.strip_prefix("refs/heads/"));
    let mut names: Vec<String> = names.map(str::to_owned).collect();
    if names.is_empty() {
        return Ok(Branch::Empty);
    }
    if named(&heads, &tag).is_some() {
        names.insert(0, tag.replacen("refs/tags/", "the tag ", 1));
    }
    Ok(Branch::Missing(names))
}

/// Reads the default branch of `remote`, which may be an address, and its commit: `git ls-remote --symref REMOTE HEAD`.
/// Returns `None` if nothing was pushed there. Asks nobody.
pub fn head(repo: &Repo, remote: &str) -> Result<Option<(String, CommitId)>, Refusal> {
    let text = ask(repo, remote, &question(remote, &["HEAD"]), false)?;
    let mut branches = text.lines().filter_map(|line| {
        let named = line.strip_prefix("ref: refs/heads/")?;
        named.strip_suffix("\tHEAD")
    });
    let branch = branches.next().map(str::to_owned);
    Ok(branch.zip(named(&advertised(&text), "HEAD")))
}

/// Reads what a ref points to, a commit or not: `git ls-remote REMOTE REF`, the exact name only.
pub fn tip(
    repo: &Repo,
    remote: &str,
    reference: &str,
    may_ask: bool,
) -> Result<Option<CommitId>, Refusal> {
    let listed = list(repo, remote, &[reference], may_ask)?;
    Ok(named(&listed, reference))
}

/// Builds the question to a remote. For branches and tags alone, git tells the remote to list nothing else.
pub(super) fn question(remote: &str, patterns: &[&str]) -> Vec<String> {
    let folders = [("refs/heads/", "--heads"), ("refs/tags/", "--tags")];
    let are_known =
        (patterns.iter()).all(|one| folders.iter().any(|(folder, _)| one.starts_with(folder)));
    if !are_known {
        return full_list(remote, patterns);
    }
    let folders = folders
        .iter()
        .filter(|(folder, _)| patterns.iter().any(|one| one.starts_with(folder)));
    let options: Vec<&str> = folders.map(|(_, option)| *option).collect();
    asks(&[], &options, remote, patterns)
}

/// Has the remote list all its refs, which are filtered here. The older protocol sends them in its first answer.
fn full_list(remote: &str, patterns: &[&str]) -> Vec<String> {
    let symref: &[&str] = match *patterns == ["HEAD"] {
        true => &["--symref"],
        false => &[],
    };
    asks(&["-c", "protocol.version=0"], symref, remote, patterns)
}

fn asks(set: &[&str], options: &[&str], remote: &str, patterns: &[&str]) -> Vec<String> {
    let quick = "-c http.lowSpeedLimit=1 -c http.lowSpeedTime=30 ls-remote --quiet";
    let words = set.iter().copied().chain(quick.split(' '));
    let words = words.chain(options.iter().copied()).chain(["--", remote]);
    words
        .chain(patterns.iter().copied())
        .map(str::to_owned)
        .collect()
}

fn named(listed: &Refs, wanted: &str) -> Option<CommitId> {
    let found = listed.iter().find(|(name, _)| name == wanted);
    found.map(|(_, id)| id.clone())
}

/// Returns the refs that git could mistake for this one in a push, such as a branch with this name.
pub fn namesakes(repo: &Repo, remote: &str, reference: &str) -> Result<Vec<String>, Refusal> {
    let places = ["refs/", "refs/tags/", "refs/heads/", "refs/remotes/"];
    let all = places.map(|place| format!("{place}{reference}"));
    let listed = list(repo, remote, &all.each_ref().map(String::as_str), false)?;
    let names = listed.into_iter().map(|(name, _)| name);
    Ok(names.filter(|name| all.contains(name)).collect())
}

pub(super) fn list(
    repo: &Repo,
    remote: &str,
    patterns: &[&str],
    may_ask: bool,
) -> Result<Refs, Refusal> {
    ask(repo, remote, &question(remote, patterns), may_ask).map(|text| advertised(&text))
}

fn advertised(text: &str) -> Refs {
    let lines = text.lines().filter_map(|line| line.split_once('\t'));
    lines
        .filter_map(|(id, name)| Some((name.to_owned(), CommitId::parse(id)?)))
        .collect()
}

fn ask(repo: &Repo, remote: &str, args: &[String], may_ask: bool) -> Result<String, Refusal> {
    let errand = Errand::new(repo, remote, Purpose::Look, may_ask);
    match errand.succeed(args) {
        Ok(output) => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
        Err(words) => Err(advice::unreachable(&errand, &words)),
    }
}

/// Returns whether a remote refused because nobody logged in, so that a password may help.
pub fn wants_credentials(refusal: &Refusal) -> bool {
    let mut because = refusal.report.because.iter();
    because.any(|line| kind(line) == Some(LineKind::NoLogin))
}

/// Returns whether a remote refused because of who we are, in any way, so that nothing is known of the place itself.
pub fn asks_who(refusal: &Refusal) -> bool {
    refusal.report.because.iter().any(|line| wants_one(line))
}

/// Returns every address that a push to `remote` goes to, after `insteadOf`: `git remote get-url --push --all`. git is
/// asked only if there is something to rewrite.
pub fn push_urls(repo: &Repo, remote: &str) -> Result<Vec<String>, Stop> {
    if let Some(urls) = written_push_urls(repo.config()?, remote) {
        return Ok(urls);
    }
    let what = format!("the remote {remote} has no address to push to");
    let args = ["remote", "get-url", "--push", "--all", "--", remote];
    let text = repo.program().text(&what, args)?;
    Ok(text.lines().map(str::to_owned).collect())
}

/// Returns the push addresses as the configuration has them, if git takes them as they are.
fn written_push_urls(config: &GitConfig, remote: &str) -> Option<Vec<String>> {
    let written = ["pushurl", "url"].map(|key| config.all(&format!("remote.{remote}.{key}")));
    let urls = written.into_iter().find(|urls| !urls.is_empty())?;
    let is_plain = |url: &&str| !url.is_empty() && !url.contains(char::is_control);
    let is_rewritten = config.under("url.", "").next().is_some();
    (!is_rewritten && urls.iter().all(is_plain))
        .then(|| urls.into_iter().map(str::to_owned).collect())
}

/// Returns the address that a remote is read from and those that a push goes to, after the user's `insteadOf`: `git
/// remote get-url`. Returns `None` if git knows no such remote, or cannot expand it.
pub fn expanded(repo: &Repo, remote: &str) -> Result<Option<(String, Vec<String>)>, Stop> {
    let output = repo.program().run(["remote", "get-url", "--", remote])?;
    let text = String::from_utf8_lossy(&output.stdout);
    let read = text.lines().next().filter(|_| output.status.success());
    Ok(read.and_then(|read| Some((read.to_owned(), push_urls(repo, remote).ok()?))))
}

/// Returns an `http` key's value for an address, a boolean as `true` or `false`: `git config --get-urlmatch`.
pub fn http_setting(repo: &Repo, key: &str, address: &str) -> Result<Option<String>, Stop> {
    let kind = if key.ends_with("Verify") {
        "--type=bool"
    } else {
        "--no-type"
    };
    let args = ["config", kind, "--get-urlmatch", key, address];
    let output = repo.program().run(args)?;
    let text = String::from_utf8_lossy(&output.stdout);
    Ok((text.lines().last().map(str::to_owned)).filter(|_| output.status.success()))
}

pub fn add(repo: &Repo, remote: &str, url: &str) -> Result<(), Stop> {
    let what = format!("the remote {remote} cannot be added");
    let args = ["remote", "add", "--", remote, url];
    let added = repo.program().read(&what, args);
    added.map(drop).map_err(advice::once_corrected)
}

/// Writes one value to the clone's own configuration: `git config --local KEY VALUE`.
pub fn set_config(repo: &Repo, key: &str, value: &str) -> Result<(), Stop> {
    let what = format!("{key} cannot be written to the clone's configuration");
    let args = ["config", "--local", key, value];
    let set = repo.program().read(&what, args);
    set.map(drop).map_err(advice::once_corrected)
}

#[cfg(test)]
mod tests {
    use super::written_push_urls;
    use crate::git::config::GitConfig;

    #[test]
    fn git_is_asked_for_push_addresses_only_if_it_may_change_them() {
        let (url, pushed) = ("remote.live.url", "remote.live.pushurl");
        type Case<'a> = (&'a [(&'a str, &'a str)], Option<&'a [&'a str]>);
        let cases: [Case<'_>; 9] = [
            (&[], None),
            (&[("remote.other.url", "a")], None),
            (&[(url, "a")], Some(&["a"])),
            (&[(url, "a"), (url, "b")], Some(&["a", "b"])),
            (&[(url, "a"), (pushed, "b")], Some(&["b"])),
            // An empty value takes the earlier ones back, in a git that knows that.
            (&[(url, "a"), (url, ""), (url, "b")], None),
            (&[(url, "a\nb")], None),
            (&[(url, "a"), ("url.b.insteadof", "")], None),
            (&[(url, "a"), ("url.b.pushinsteadof", "a")], None),
        ];
        for (entries, urls) in cases {
            let found = written_push_urls(&GitConfig::of(entries), "live");
            let found = found.as_deref().map(|urls| urls.iter().map(String::as_str));
            assert_eq!(
                found.map(Iterator::collect::<Vec<_>>).as_deref(),
                urls,
                "{entries:?}"
            );
        }
    }
}
