//! A secret text: it is not shown, not written out, and erased from memory when it is dropped.

use std::fmt;

use zeroize::Zeroizing;

/// A secret, such as the address of a webhook: anybody who knows it can post.
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Builds a secret without surrounding white space, which pasting and files add.
    pub fn new(text: impl Into<String>) -> Self {
        let text = Zeroizing::new(text.into());
        Self(Zeroizing::new(text.trim().to_owned()))
    }

    /// Returns the text for the adapters that send or keep it. Never use it in a message or on a command line.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Returns whether it is empty, which counts as not set.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[derive(Clone, Debug)]
pub struct Login {
    /// The user name; it may be empty.
    pub name: String,
    pub password: Secret,
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_it_is_shown() {
        assert_eq!(
            format!(
                "{:?} {:#?}",
                Secret::new("hunter2"),
                Some(Secret::new("hunter2"))
            ),
            "Secret Some(\n    Secret,\n)"
        );
    }

    #[test]
    fn sec_07_white_space_around_it_does_not_count() {
        assert_eq!(Secret::new(" hunter2 \r\n").expose(), "hunter2");
        assert!(Secret::new(" \r\n").is_empty() && !Secret::new("x").is_empty());
    }
}
