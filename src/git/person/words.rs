//! The words by which git and ssh say that they would have asked somebody.

/// git's word for a name and password that were not taken.
pub const REFUSED: &str = "Authentication failed";
/// Our word for none that were given.
pub const NOBODY: &str = "nobody logged in to";

/// Whether a line says that git or ssh would have asked a person.
pub fn wants_one(line: &str) -> bool {
    let is_own = !line.starts_with("remote:");
    is_own && (asks_for_a_password(&gits_own(line)) || is_unknown_host(line) || is_locked_out(line))
}

/// Whether words of git's are about who asks, so that whether the place is there is still open.
pub fn asks_who(words: &str) -> bool {
    asks_for_a_password(words) || is_unknown_host(words) || is_locked_out(words)
}

/// git's own lines: what the host says begins with `remote:`.
pub fn gits_own(words: &str) -> String {
    words
        .lines()
        .filter(|line| line.starts_with("fatal: ") || line.starts_with("error: "))
        .collect::<Vec<_>>()
        .join("\n")
}

pub fn asks_for_a_password(words: &str) -> bool {
    let signs = [
        "could not read Username",
        "could not read Password",
        "terminal prompts disabled",
        "unable to get password from user",
        REFUSED,
        NOBODY,
    ];
    signs.iter().any(|sign| words.contains(sign))
}

/// ssh does not know the host's key and would ask; a key that changed is no question.
pub fn is_unknown_host(words: &str) -> bool {
    let signs = [
        "Host key verification failed",
        "Cannot confirm a host key in batch mode",
    ];
    !words.contains("IDENTIFICATION HAS CHANGED") && signs.iter().any(|sign| words.contains(sign))
}

pub fn is_locked_out(words: &str) -> bool {
    let signs = [
        "Permission denied (",
        "Cannot answer interactive prompts in batch mode",
    ];
    signs.iter().any(|sign| words.contains(sign))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_git_and_ssh_say_themselves_is_a_question() {
        for line in [
            "fatal: could not read Username for 'https://example.com': terminal prompts disabled",
            "fatal: Authentication failed for 'https://example.com/app.git/'",
            "git@example.com: Permission denied (publickey).",
            "Host key verification failed.",
            "FATAL ERROR: Cannot confirm a host key in batch mode",
        ] {
            assert!(wants_one(line), "{line}");
        }
        for line in [
            "remote: Permission denied (publickey).",
            "remote: fatal: Authentication failed for 'x'",
            "could not read Username",
            "fatal: unable to access 'https://example.com/': The requested URL returned error: 403",
        ] {
            assert!(!wants_one(line), "{line}");
        }
    }

    #[test]
    fn a_host_whose_key_changed_is_no_question() {
        let words =
            "@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @\nHost key verification failed.";
        assert!(!is_unknown_host(words) && is_unknown_host("Host key verification failed."));
    }
}
