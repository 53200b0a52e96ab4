//! Words of a host which say that a push that it took is not deployed, or not yet. Pure.

/// What speaks against a deploy although the push was taken; with the host's own words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// It was put aside: pushed to another branch than the one that deploys.
    NotDeployed(String),
    /// It is built, and whether its release comes to a good end is not said in the push.
    NotConfirmed(String),
}

impl Doubt {
    /// What one line of a push's output gives reason to doubt; only the remote's own words count.
    pub fn of(line: &str) -> Option<Self> {
        let words = line.strip_prefix("remote:")?.trim();
        let small = words.to_ascii_lowercase();
        let skipped = small.trim_end_matches(['.', '!']).ends_with("skipping build");
        let not_complete = small.trim_start_matches(['!', ' ']).trim_start_matches("warning: ");
        if skipped || not_complete.starts_with("deploy did not complete") {
            return Some(Self::NotDeployed(words.to_owned()));
        }
        small.starts_with("release command declared:").then(|| Self::NotConfirmed(words.to_owned()))
    }

    /// The host's own words.
    pub fn words(&self) -> &str {
        match self {
            Self::NotDeployed(words) | Self::NotConfirmed(words) => words,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_hosts_that_put_a_push_aside_are_known() {
        for line in [
            "remote: Pushed to non-main branch, skipping build.",
            "remote: Pushed to non-master branch, skipping build.   ",
            "remote:  WARNING: deploy did not complete, you must push to main.",
        ] {
            assert!(matches!(Doubt::of(line), Some(Doubt::NotDeployed(_))), "{line}");
        }
        let release =
            "remote: Release command declared: this new release will not be available until the command succeeds.";
        assert!(matches!(Doubt::of(release), Some(Doubt::NotConfirmed(_))));
    }

    #[test]
    fn what_a_build_says_of_its_own_steps_is_no_such_word() {
        for line in [
            "remote: -----> Skipping build cache",
            "remote:        skipping build step for tests",
            "remote: Verifying deploy... done.",
            "remote: test: a page is shown when a deploy did not complete ... ok",
            "Pushed to non-main branch, skipping build.",
        ] {
            assert_eq!(Doubt::of(line), None, "{line}");
        }
    }
}
