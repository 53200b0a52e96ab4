//! What it means for a deploy that the main repository's host protects a branch. Pure.

use crate::core::decide::review::ForgeWords;

/// What those who deploy need, where a host takes no push to a branch.
pub const ALLOW: &str = "let those who deploy push there, fast-forward only and without a pull request: what ships was \
                         reviewed where it was merged";
/// The same, where it takes none that goes back.
pub const ALLOW_BACK: &str =
    "let those who deploy force-push there, or revert on the main branch and promote that";

/// Whether a host takes a push of the account that asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takes {
    Yes,
    No,
    /// It does not tell this account.
    Unknown,
}

/// How a host protects a branch, as far as it says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Protection {
    pub is_protected: bool,
    /// What it wants of a push.
    pub wants: Vec<String>,
    /// A push that goes forward, as a promotion does.
    pub forward: Takes,
    /// A push that goes back, as a rollback does.
    pub back: Takes,
}

impl Protection {
    /// A branch that every push may move.
    pub fn none() -> Self {
        Self {
            is_protected: false,
            wants: Vec::new(),
            forward: Takes::Yes,
            back: Takes::Yes,
        }
    }

    /// Whether a promotion by this account would be declined.
    pub fn is_shut(&self) -> bool {
        self.forward == Takes::No
    }

    /// What a person should know of it before the first push, a sentence each.
    pub fn remarks(&self, words: &ForgeWords) -> Vec<String> {
        let (forge, wants) = (words.name, self.wants.join(" and "));
        if !self.is_protected {
            return vec![format!(
                "{forge} does not protect it: everybody who may push to the main repository may move it"
            )];
        }
        let first = match (self.forward, wants.is_empty()) {
            (Takes::Yes, true) => {
                format!("{forge} protects it, and takes a promotion from the account of your token")
            }
            (Takes::Yes, false) => {
                format!("{forge} protects it, and takes a promotion with {wants}")
            }
            (Takes::No, true) => format!(
                "{forge} protects it, and takes no push to it from the account of your token"
            ),
            (Takes::No, false) => format!(
                "{forge} protects it, and wants {wants}: it takes no promotion from the account of your token"
            ),
            (Takes::Unknown, true) => format!(
                "{forge} protects it, and does not tell the account of your token how: a push shows it"
            ),
            (Takes::Unknown, false) => format!(
                "{forge} protects it, and wants {wants}; whom it lets push past that it does not tell"
            ),
        };
        let allow = (self.forward != Takes::Yes).then(|| format!("on {forge}, {ALLOW}"));
        let back = match self.back {
            Takes::Yes => None,
            Takes::No => Some(format!(
                "a rollback goes back, which it declines: {ALLOW_BACK}"
            )),
            Takes::Unknown => Some(
                "a rollback goes back; whether it takes such a push it does not tell".to_owned(),
            ),
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
        protection.remarks(&ForgeWords::default()).join("\n")
    }

    #[test]
    fn what_a_host_takes_is_said_and_what_to_do_where_it_takes_none() {
        use Takes::{No, Unknown, Yes};
        let allow = format!("on GitHub, {ALLOW}");
        let back = format!("a rollback goes back, which it declines: {ALLOW_BACK}");
        for (wants, forward, goes_back, expected) in [
            (
                &[][..],
                Yes,
                Yes,
                vec!["GitHub protects it, and takes a promotion from the account of your token"],
            ),
            (
                &["signed commits"],
                Yes,
                No,
                vec![
                    "GitHub protects it, and takes a promotion with signed commits",
                    &back,
                ],
            ),
            (
                &["a pull request", "signed commits"],
                No,
                Yes,
                vec![
                    "GitHub protects it, and wants a pull request and signed commits: it takes no promotion from the account \
                     of your token",
                    &allow,
                ],
            ),
            (
                &[],
                No,
                No,
                vec![
                    "GitHub protects it, and takes no push to it from the account of your token",
                    &allow,
                    &back,
                ],
            ),
            (
                &[],
                Unknown,
                Unknown,
                vec![
                    "GitHub protects it, and does not tell the account of your token how: a push shows it",
                    &allow,
                    "a rollback goes back; whether it takes such a push it does not tell",
                ],
            ),
            (
                &["a pull request"],
                Unknown,
                Yes,
                vec![
                    "GitHub protects it, and wants a pull request; whom it lets push past that it does not tell",
                    &allow,
                ],
            ),
        ] {
            assert_eq!(remarks(wants, forward, goes_back), expected.join("\n"));
        }
        let free = Protection::none();
        assert_eq!(free.remarks(&ForgeWords::default()).len(), 1);
        assert!(!free.is_shut());
    }
}
