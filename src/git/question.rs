//! The arguments of `git ls-remote`, so that a remote lists no more than was asked for.

/// A repository's default branch. No push moves it.
pub(super) const HEAD: &str = "HEAD";

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
pub(super) fn full_list(remote: &str, patterns: &[&str]) -> Vec<String> {
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
