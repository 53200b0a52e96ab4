//! Names that git, Heroku and HTTP accept, with stricter rules. No reason contains the name itself.

use crate::core::address::{AddressCheck, is_made_of};

pub(super) fn is_small(text: &str) -> bool {
    is_made_of(text, "-") && text == text.to_ascii_lowercase()
}

/// Checks the name of a remote (and an environment): `[A-Za-z0-9][A-Za-z0-9._-]{0,63}`. `git remote add` accepts
/// `--mirror=push` as a name, so this is a list of allowed characters.
pub fn check_remote_name(name: &str) -> AddressCheck {
    let ends_well = !name.contains("..") && !name.ends_with('.') && !name.ends_with(".lock");
    Err(match name.chars().next() {
        _ if name.is_empty() || name.len() > 64 => "must have 1 to 64 characters",
        Some(c) if !c.is_ascii_alphanumeric() => "must begin with a letter or a digit",
        _ if !is_made_of(name, "._-") => "must be made of letters, digits, `.`, `_` and `-`",
        _ if !ends_well => "must not contain `..`, or end in `.` or `.lock`",
        _ => return Ok(()),
    })
}

/// Checks the name of a branch, more strictly than `git check-ref-format --branch`. git accepts `-x`, `$(touch x)`,
/// forty hex digits and `refs/heads/x` as branches; each can be mistaken for something else.
pub fn check_branch(name: &str) -> AddressCheck {
    let is_hash = matches!(name.len(), 40 | 64) && name.bytes().all(|b| b.is_ascii_hexdigit());
    Err(match name {
        _ if name.is_empty() || name.len() > 200 => "must have 1 to 200 characters",
        _ if !is_made_of(name, "._/-") => "must be made of letters, digits, `.`, `_`, `/` and `-`",
        _ if name.starts_with('-') || name == "HEAD" => {
            "must not begin with `-` and must not be HEAD"
        }
        _ if name.starts_with("refs/") => "must be the short name, without refs/heads/",
        _ if is_hash => "must not look like the hash of a commit",
        _ if name.contains("..") || name.ends_with('.') => "must not contain `..`, or end in `.`",
        _ if name.split('/').any(is_no_part) => {
            "must have no part that is empty, begins with `.` or ends in `.lock`"
        }
        _ => return Ok(()),
    })
}

fn is_no_part(part: &str) -> bool {
    part.is_empty() || part.starts_with('.') || part.ends_with(".lock")
}

/// Checks the ref of the record: one under `refs/smp/`, or the one branch for hosts that accept no other refs.
pub(super) fn check_record_ref(name: &str) -> AddressCheck {
    match name.strip_prefix("refs/smp/") {
        Some(word) if (1..=64).contains(&word.len()) && is_small(word) => Ok(()),
        None if name == "refs/heads/smp-record" => Ok(()),
        _ => {
            Err("must be refs/smp/NAME, with a name of a-z, 0-9 and `-`, or refs/heads/smp-record")
        }
    }
}

/// Checks the name of an HTTP header (a token of RFC 9110).
pub(super) fn check_header(name: &str) -> AddressCheck {
    match name.len() {
        1..=100 if is_made_of(name, "!#$%&'*+-.^_`|~") => Ok(()),
        _ => Err("must be the name of a header, such as `x-commit`"),
    }
}

pub(super) fn check_pointer(text: &str) -> AddressCheck {
    match text {
        _ if text.len() > 200 => Err("must have at most 200 characters"),
        _ if text.is_empty() || text.starts_with('/') => Ok(()),
        _ => Err("must be a JSON pointer, such as \"/build/commit\", or empty"),
    }
}

/// Checks a pattern of files inside the repository. A leading `:` is git's pathspec magic, which could invert the
/// meaning; a leading `-` could be an option.
pub(super) fn check_glob(text: &str) -> AddressCheck {
    let leaves = text.split(['/', '\\']).any(|part| part == "..");
    match text {
        _ if text.is_empty() || text.len() > 200 => Err("must have 1 to 200 characters"),
        _ if leaves || text.starts_with(['/', '-', ':', '!', '~']) => {
            Err("must be a glob of files inside the repository")
        }
        _ => Ok(()),
    }
}

/// Checks the path of the signers file, relative to the top of the repository.
pub(super) fn check_signers(path: &str) -> AddressCheck {
    match path {
        _ if path.is_empty() || path.len() > 200 => Err("must have 1 to 200 characters"),
        _ if !is_made_of(path, "._/-") => {
            Err("must be made of letters, digits, `.`, `_`, `/` and `-`")
        }
        _ if path.starts_with('-')
            || path.split('/').any(|part| ["", ".", ".."].contains(&part)) =>
        {
            Err("must be a path inside the repository, relative to its top")
        }
        _ => Ok(()),
    }
}

/// Checks the kind of a mention with a table; `person` is the only one.
pub(super) fn check_person(kind: &str) -> AddressCheck {
    match kind {
        "person" => Ok(()),
        _ => Err("must be \"person\""),
    }
}

pub(super) fn check_short(text: &str) -> AddressCheck {
    match text.len() {
        1..=200 if !text.trim().is_empty() => Ok(()),
        _ => Err("must have 1 to 200 characters"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cfg_08_remote_names_are_a_list_of_what_is_allowed() {
        for good in [
            "origin",
            "up-stream",
            "a",
            "Heroku_2",
            "x.y",
            &"a".repeat(64),
        ] {
            assert_eq!(check_remote_name(good), Ok(()), "{good}");
        }
        for bad in [
            "",
            "-x",
            "--mirror=push",
            ".x",
            "_x",
            "a b",
            "a/b",
            "a..b",
            "a.lock",
            "a.",
            "a\n",
            "a\0",
            "ü",
            "a:b",
            "a\u{202e}",
            "a\u{1b}[m",
            "*",
            "@",
            &"a".repeat(65),
        ] {
            assert!(check_remote_name(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn cfg_09_branches_that_could_be_mistaken_are_refused() {
        for good in [
            "master",
            "main",
            "release/2022-03",
            "a.b",
            "v1_2",
            "abc123",
            "refs",
            "x/HEAD",
        ] {
            assert_eq!(check_branch(good), Ok(()), "{good}");
        }
        for bad in [
            "",
            "+master",
            "a:b",
            "*",
            "HEAD",
            "@",
            "-x",
            "refs/heads/x",
            "a..b",
            "x.lock",
            "x.lock/y",
            "a@{1}",
            "x y",
            "x\ny",
            "x\u{1b}",
            "$(touch x)",
            "a\u{202e}b",
            "/a",
            "a/",
            "a//b",
            ".a",
            "a/.b",
            "a.",
            "a~1",
            "a^",
            "a?",
            "a[",
            "a\\b",
            "ümlaut",
            &"a".repeat(40),
            &"0".repeat(64),
            &"A".repeat(40),
            &"x".repeat(201),
        ] {
            assert!(check_branch(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn cfg_10_the_record_has_refs_of_its_own() {
        for good in [
            "refs/smp/record",
            "refs/smp/team-2",
            "refs/heads/smp-record",
        ] {
            assert_eq!(check_record_ref(good), Ok(()), "{good}");
        }
        for bad in [
            "",
            "refs/smp",
            "refs/smp/",
            "refs/smp/../x",
            "refs/smp/a/b",
            "refs/smp/A",
            "refs/heads/master",
            "refs/heads/smp-record2",
            "refs/tags/x",
            "refs/pull/1/head",
            "smp/record",
            "refs/smp/a\n",
        ] {
            assert!(check_record_ref(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn names_of_headers_and_pointers_are_checked() {
        assert_eq!(check_header("x-commit"), Ok(()));
        for bad in ["", "x commit", "x:y", "x\r\ny", "ü"] {
            assert!(check_header(bad).is_err(), "{bad:?}");
        }
        assert_eq!((check_pointer(""), check_pointer("/a/0")), (Ok(()), Ok(())));
        assert!(check_pointer("a").is_err() && check_pointer(&"/".repeat(201)).is_err());
    }
}
