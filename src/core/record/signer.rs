//! A signer, and their other part in the candidate. A name is typed by somebody; the recorder is the person that git
//! knows. Neither is proof, so both are shown if they differ.

use crate::core::record::{Candidate, Person, SignOff};

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Signer {
    pub name: String,
    /// The number of commits with this name as author.
    pub wrote: usize,
    /// True if they also proposed it.
    proposed: bool,
    /// The recorder, if the name differs, and whether that person proposed it.
    recorded_by: Option<(String, bool)>,
    /// True if the forge names the signer.
    in_comment: bool,
    /// The owner of the signing key, if it differs from the recorder's address.
    key_of: Option<String>,
}

impl From<&str> for Signer {
    /// A signer of whom only the name is known.
    fn from(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            ..Self::default()
        }
    }
}

impl Signer {
    /// Returns the signer of this name from a verdict and its recorder, and the proposer.
    pub fn of(name: &str, recorded_by: &Person, proposer: &Person) -> Self {
        let own = is_same(name, &recorded_by.name);
        let key = &recorded_by.principal;
        let by_keys = key.is_some() && proposer.principal.is_some();
        // Two keys prove more than names and addresses, which anybody can set.
        let recorder_proposed = match by_keys {
            true => *key == proposer.principal,
            false => {
                recorded_by == proposer
                    || (!proposer.email.is_empty() && is_same(&recorded_by.email, &proposer.email))
            }
        };
        let named = is_same(name, &proposer.name) && !(own && by_keys);
        Self {
            proposed: named || (own && recorder_proposed),
            recorded_by: (!own).then(|| (recorded_by.name.clone(), recorder_proposed)),
            key_of: key.clone().filter(|key| !is_same(key, &recorded_by.email)),
            ..Self::from(name)
        }
    }

    /// Returns the signer of a verdict on a candidate, whose commits have these authors.
    pub fn on(candidate: &Candidate, verdict: &SignOff, authors: &[&str]) -> Self {
        let mut signer = match &verdict.comment {
            Some(comment) => Self::commented(&comment.login, candidate.login.as_deref()),
            None => Self::of(&verdict.by, &verdict.recorded_by, &candidate.by),
        };
        signer.count(authors);
        signer
    }

    /// Returns the author of a comment as signer. The reader of the comment plays no part.
    pub(super) fn commented(login: &str, proposer: Option<&str>) -> Self {
        Self {
            proposed: proposer.is_some_and(|proposer| is_same(login, proposer)),
            in_comment: true,
            ..Self::from(login)
        }
    }

    /// Counts the commits of this signer.
    pub fn count(&mut self, authors: &[&str]) {
        let authors = authors.iter();
        self.wrote = authors.filter(|one| is_same(one, &self.name)).count();
    }

    /// Returns "Ada, who proposed it and wrote 2 of its commits" or "Rosi (recorded by Ada, who proposed it)".
    pub fn told(&self) -> String {
        let proposed = self.proposed.then(|| "proposed it".to_owned());
        let wrote = (self.wrote > 0).then(|| format!("wrote {} of its commits", self.wrote));
        let did: Vec<String> = proposed.into_iter().chain(wrote).collect();
        let did = match did.is_empty() {
            true => String::new(),
            false => format!(", who {}", did.join(" and ")),
        };
        let by = self.recorded_by.as_ref().map(|(name, proposed)| {
            let proposed = if *proposed { ", who proposed it" } else { "" };
            format!(" (recorded by {name}{proposed})")
        });
        let key = self.key_of.as_ref();
        let key = key.map_or(String::new(), |key| format!(" (with the key of {key})"));
        let comment = if self.in_comment {
            " (in a comment)"
        } else {
            ""
        };
        format!("{}{did}{}{comment}{key}", self.name, by.unwrap_or_default())
    }
}

fn is_same(a: &str, b: &str) -> bool {
    a.trim().to_lowercase() == b.trim().to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(name: &str) -> Person {
        Person {
            name: name.into(),
            email: format!("{}@example.com", name.to_lowercase()),
            principal: None,
        }
    }

    #[test]
    fn a_key_says_who_somebody_is_whatever_name_and_address_they_set() {
        let keyed = |name: &str, email: &str, key: &str| Person {
            email: email.into(),
            principal: Some(key.into()),
            ..person(name)
        };
        let (ada, rosi) = ("ada@example.com", "rosi@example.com");
        let told = |name, email, key| {
            Signer::of(name, &keyed(name, email, key), &keyed("Ada", ada, ada)).told()
        };
        for (name, email, key, is) in [
            ("Rosi", ada, rosi, "Rosi (with the key of rosi@example.com)"),
            ("Ada", rosi, rosi, "Ada"),
            (
                "Rosi",
                rosi,
                ada,
                "Rosi, who proposed it (with the key of ada@example.com)",
            ),
        ] {
            assert_eq!(told(name, email, key), is);
        }
    }

    #[test]
    fn what_else_a_signer_has_to_do_with_it_is_told() {
        let ada = person("Ada");
        let told = |name: &str, recorded_by: &Person, wrote: &[&str]| {
            let mut signer = Signer::of(name, recorded_by, &ada);
            signer.count(wrote);
            signer.told()
        };
        assert_eq!(told("Rosi", &person("Rosi"), &["Ben"]), "Rosi");
        assert_eq!(told("ada", &ada, &[]), "ada, who proposed it");
        assert_eq!(
            told("Ada", &ada, &["Ada", "Ben"]),
            "Ada, who proposed it and wrote 1 of its commits"
        );
        assert_eq!(
            told("Ben", &person("Ben"), &["Ben", "Ben"]),
            "Ben, who wrote 2 of its commits"
        );
        assert_eq!(
            told("Rosi", &ada, &[]),
            "Rosi (recorded by Ada, who proposed it)"
        );
        assert_eq!(told("Rosi", &person("Cem"), &[]), "Rosi (recorded by Cem)");
        assert_eq!(
            told("Ada", &person("Cem"), &[]),
            "Ada, who proposed it (recorded by Cem)"
        );
        // Another name with the same address.
        let lovelace = Person {
            name: "A. Lovelace".into(),
            ..ada.clone()
        };
        assert_eq!(
            told("A. Lovelace", &lovelace, &[]),
            "A. Lovelace, who proposed it"
        );
        assert_eq!(
            told("Rosi", &lovelace, &[]),
            "Rosi (recorded by A. Lovelace, who proposed it)"
        );
    }

    #[test]
    fn people_without_an_address_are_not_one() {
        let [ada, ben] = ["Ada", "Ben"].map(|name| Person {
            name: name.into(),
            email: String::new(),
            principal: None,
        });
        assert_eq!(Signer::of("Ben", &ben, &ada).told(), "Ben");
    }
}
