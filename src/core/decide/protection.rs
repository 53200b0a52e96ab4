//! Protected branches of the main repository: whether a deploy can move them. Pure.

use crate::core::decide::review::ForgeWords;

/// The hint if the host rejects pushes to a branch.
pub const ALLOW: &str = "allow those who deploy to push there, fast-forward only and without a pull request: the commits were reviewed when they were merged";
/// The hint if the host rejects force-pushes.
pub const ALLOW_BACK: &str = "allow those who deploy to force-push there without a pull request";

/// Whether the host accepts a push from the token's account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takes {
    Yes,
    No,
    /// The host does not tell this account.
    Unknown,
}

/// The protection of a branch, as far as the host reports it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Protection {
    pub is_protected: bool,
    pub wants: Vec<String>,
    /// A push forward, as in a promotion.
    pub forward: Takes,
    /// A push back, as in a rollback.
    pub back: Takes,
}

impl Protection {
    /// A branch without protection.
    pub fn none() -> Self {
        Self {
            is_protected: false,
            wants: Vec::new(),
            forward: Takes::Yes,
            back: Takes::Yes,
        }
    }

    /// Returns whether a promotion by this account would be rejected.
    pub fn is_shut(&self) -> bool {
        self.forward == Takes::No
    }

    /// Returns what a person should know about the protection before the first push, one sentence each.
    pub fn remarks(&self, branch: &str, words: &ForgeWords) -> Vec<String> {
        let (forge, wants) = (words.name, self.wants.join(" and "));
        if !self.is_protected {
            return vec![format!(
                "{forge} does not protect the branch {branch}: everyone who can push to the main repository can move it"
            )];
        }
        let first = match (self.forward, wants.is_empty()) {
            (Takes::Yes, true) => {
                format!(
                    "{forge} protects the branch {branch} and accepts a promotion from your token's account"
                )
            }
            (Takes::Yes, false) => {
                format!(
                    "{forge} protects the branch {branch} and accepts a promotion, but requires {wants}"
                )
            }
            (Takes::No, true) => {
                format!(
                    "{forge} protects the branch {branch} and accepts no push from your token's account"
                )
            }
            (Takes::No, false) => format!(
                "{forge} protects the branch {branch} and requires {wants}: it accepts no promotion from your token's account"
            ),
            (Takes::Unknown, true) => format!(
                "{forge} protects the branch {branch}, but does not show the rules to your token's account: only a push shows whether it is allowed"
            ),
            (Takes::Unknown, false) => format!(
                "{forge} protects the branch {branch} and requires {wants}; it does not say who may bypass that"
            ),
        };
        let allow = (self.forward != Takes::Yes).then(|| format!("on {forge}, {ALLOW}"));
        let back = match self.back {
            Takes::Yes => None,
            Takes::No => Some(format!(
                "a rollback moves the branch back, which {forge} declines: {ALLOW_BACK}, or revert on the main branch and promote the revert"
            )),
            Takes::Unknown => Some(format!(
                "a rollback moves the branch back; {forge} does not say whether it accepts that"
            )),
        };
        [first].into_iter().chain(allow).chain(back).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn remarks(wants: &[&str], forward: Takes, back: Takes) -> String {
        let protection = Protection {
            is_protected: true,
            wants: wants.iter().map(|&one| one.to_owned()).collect(),
            forward,
            back,
        };
        protection
            .remarks("main", &ForgeWords::default())
            .join("\n")
    }

    #[test]
    fn what_a_host_takes_is_said_and_what_to_do_where_it_takes_none() {
        use Takes::{No, Unknown, Yes};
        let allow = format!("on GitHub, {ALLOW}");
        let back = format!(
            "a rollback moves the branch back, which GitHub declines: {ALLOW_BACK}, or revert on the main branch and promote the revert"
        );
        for (wants, forward, goes_back, expected) in [
            (
                &[][..],
                Yes,
                Yes,
                vec![
                    "GitHub protects the branch main and accepts a promotion from your token's account",
                ],
            ),
            (
                &["signed commits"],
                Yes,
                No,
                vec![
                    "GitHub protects the branch main and accepts a promotion, but requires signed commits",
                    &back,
                ],
            ),
            (
                &["a pull request", "signed commits"],
                No,
                Yes,
                vec![
                    "GitHub protects the branch main and requires a pull request and signed commits: it accepts no promotion from your token's account",
                    &allow,
                ],
            ),
            (
                &[],
                No,
                No,
                vec![
                    "GitHub protects the branch main and accepts no push from your token's account",
                    &allow,
                    &back,
                ],
            ),
            (
                &[],
                Unknown,
                Unknown,
                vec![
                    "GitHub protects the branch main, but does not show the rules to your token's account: only a push shows whether it is allowed",
                    &allow,
                    "a rollback moves the branch back; GitHub does not say whether it accepts that",
                ],
            ),
            (
                &["a pull request"],
                Unknown,
                Yes,
                vec![
                    "GitHub protects the branch main and requires a pull request; it does not say who may bypass that",
                    &allow,
                ],
            ),
        ] {
            assert_eq!(remarks(wants, forward, goes_back), expected.join("\n"));
        }
        let free = Protection::none();
        assert_eq!(free.remarks("main", &ForgeWords::default()).len(), 1);
        assert!(!free.is_shut());
    }
}
