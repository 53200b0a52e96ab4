//! Names that git, Heroku and HTTP would take, and the stricter ones that we take. Every reason is a fixed text: it never
//! holds the name itself.

use std::ops::RangeInclusive;

use crate::core::address::{Checked, hold, is_made_of};

/// Whether a text is a word of a-z, 0-9 and `-`.
fn is_small_word(text: &str, length: RangeInclusive<usize>) -> bool {
    length.contains(&text.len()) && is_made_of(text, "-") && text == text.to_ascii_lowercase()
}

/// Whether a name may name a remote (and an environment): `[A-Za-z0-9][A-Za-z0-9._-]{0,63}`. `git remote add` takes
/// `--mirror=push` for a name; so the rule is ours, and a list of what is allowed.
pub fn check_remote_name(name: &str) -> Checked {
    hold(&[
        (
            name.is_empty() || name.len() > 64,
            "must have 1 to 64 characters",
        ),
        (
            name.starts_with(|c: char| !c.is_ascii_alphanumeric()),
            "must begin with a letter or a digit",
        ),
        (
            !is_made_of(name, "._-"),
            "must be made of letters, digits, `.`, `_` and `-`",
        ),
        (
            name.contains("..") || name.ends_with('.') || name.ends_with(".lock"),
            "must not hold `..`, nor end in `.` or `.lock`",
        ),
    ])
}

/// Whether a name may name a branch: what `git check-ref-format --branch` takes, and fewer. git itself takes `-x`,
/// `$(touch x)`, forty hex digits and `refs/heads/x` for branches; each can be mistaken for something else on the way.
pub fn check_branch(name: &str) -> Checked {
    let is_hash = matches!(name.len(), 40 | 64) && name.bytes().all(|b| b.is_ascii_hexdigit());
    let is_bad = |part: &str| part.is_empty() || part.starts_with('.') || part.ends_with(".lock");
    hold(&[
        (
            name.is_empty() || name.len() > 200,
            "must have 1 to 200 characters",
        ),
        (
            !is_made_of(name, "._/-"),
            "must be made of letters, digits, `.`, `_`, `/` and `-`",
        ),
        (
            name.starts_with('-') || name == "HEAD",
            "must not begin with `-`, nor be HEAD",
        ),
        (
            name.starts_with("refs/"),
            "must be the short name, without refs/heads/",
        ),
        (is_hash, "must not look like the hash of a commit"),
        (
            name.contains("..") || name.ends_with('.'),
            "must not hold `..`, nor end in `.`",
        ),
        (
            name.split('/').any(is_bad),
            "must have no part that is empty, begins with `.` or ends in `.lock`",
        ),
    ])
}

/// Whether a ref may hold the record: one of our own, or the one branch for hosts that take no other refs.
pub(super) fn check_record_ref(name: &str) -> Checked {
    let own = name
        .strip_prefix("refs/smp/")
        .is_some_and(|rest| is_small_word(rest, 1..=64));
    hold(&[(
        !own && name != "refs/heads/smp-record",
        "must be refs/smp/ and a word of a-z, 0-9 and `-`, or refs/heads/smp-record",
    )])
}

/// Whether a name may name an app on Heroku.
pub(super) fn check_heroku_app(name: &str) -> Checked {
    let fits = is_small_word(name, 3..=30) && name.starts_with(|c: char| c.is_ascii_lowercase());
    hold(&[(
        !fits,
        "must be 3 to 30 of a-z, 0-9 and `-`, beginning with a letter",
    )])
}

/// Whether a name may name a header of HTTP (a token of RFC 9110).
pub(super) fn check_header(name: &str) -> Checked {
    let fits = (1..=100).contains(&name.len()) && is_made_of(name, "!#$%&'*+-.^_`|~");
    hold(&[(!fits, "must be the name of a header, as `x-commit`")])
}

/// Whether a text may be a JSON pointer (RFC 6901).
pub(super) fn check_pointer(text: &str) -> Checked {
    hold(&[
        (text.len() > 200, "must have at most 200 characters"),
        (
            !text.is_empty() && !text.starts_with('/'),
            "must be a JSON pointer, as \"/build/commit\", or empty",
        ),
    ])
}

/// Whether a text may be a pattern of files: those of the repository, and no other.
pub(super) fn check_glob(text: &str) -> Checked {
    // A leading `:` is git's own magic, which could turn the meaning around; a leading `-` could be an option.
    let leaves = text.starts_with(['/', '-', ':', '!', '~'])
        || text.split(['/', '\\']).any(|part| part == "..");
    hold(&[
        (
            text.is_empty() || text.len() > 200,
            "must have 1 to 200 characters",
        ),
        (leaves, "must be a pattern of files inside the repository"),
    ])
}

/// Whether a text may be shown in a post.
pub(super) fn check_short(text: &str) -> Checked {
    let fits = !text.trim().is_empty() && text.len() <= 200;
    hold(&[(!fits, "must have 1 to 200 characters")])
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
    fn names_of_apps_headers_and_pointers_are_checked() {
        for good in ["shared-meaning", "abc", "a12"] {
            assert_eq!(check_heroku_app(good), Ok(()), "{good}");
        }
        for bad in [
            "",
            "ab",
            "1abc",
            "-abc",
            "Abc",
            "a/../b",
            "a b c",
            "abc\n",
            &"a".repeat(31),
        ] {
            assert!(check_heroku_app(bad).is_err(), "{bad:?}");
        }
        assert_eq!(check_header("x-commit"), Ok(()));
        for bad in ["", "x commit", "x:y", "x\r\ny", "ü"] {
            assert!(check_header(bad).is_err(), "{bad:?}");
        }
        assert_eq!((check_pointer(""), check_pointer("/a/0")), (Ok(()), Ok(())));
        assert!(check_pointer("a").is_err() && check_pointer(&"/".repeat(201)).is_err());
    }
}
