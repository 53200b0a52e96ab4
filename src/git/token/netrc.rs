//! Reading a file of logins, as `ftp` and `curl` read it: words in any number of lines.

use std::iter::Peekable;
use std::str::Chars;

use zeroize::Zeroizing;

use crate::core::secret::{Login, Secret};

/// The first password that is there for a machine, with the name before or after it. That of `default`
/// is not: it was written for other machines, and a token that goes to the wrong place is lost.
pub fn login(text: &str, machine: &str) -> Option<Login> {
    let mut words = Lexer(text.chars().peekable());
    let (mut ours, mut name, mut password) = (false, String::new(), None);
    while let Some(key) = words.key() {
        let takes_value = matches!(key.as_str(), "machine" | "login" | "account" | "password");
        let ends = matches!(key.as_str(), "machine" | "default");
        if ends && password.is_some() {
            break;
        }
        let value = if takes_value { words.value() } else { None };
        if takes_value && value.is_none() {
            break;
        }
        let value = value.unwrap_or_default();
        match key.as_str() {
            "machine" => (ours, name) = (value.eq_ignore_ascii_case(machine), String::new()),
            "default" => ours = false,
            "macdef" => words.skip_macro(),
            "login" if ours => value.as_str().clone_into(&mut name),
            "password" if ours && password.is_none() => {
                password =
                    Some(Secret::new(value.as_str())).filter(|password| !password.is_empty());
            }
            // What follows a word that nobody knows may be a key again.
            _ => {}
        }
    }
    password.map(|password| Login { name, password })
}

struct Lexer<'t>(Peekable<Chars<'t>>);

impl Lexer<'_> {
    /// The next word where a key may stand, and with it a comment, which is passed over.
    fn key(&mut self) -> Option<Zeroizing<String>> {
        loop {
            let word = self.value()?;
            if !word.starts_with('#') {
                return Some(word);
            }
            // The end of the line may have been the end of the word.
            while self.0.next_if(|char| *char != '\n').is_some() {}
        }
    }

    /// The next word, quoted or not.
    fn value(&mut self) -> Option<Zeroizing<String>> {
        while self.0.next_if(|char| char.is_whitespace()).is_some() {}
        self.0.peek()?;
        let mut word = Zeroizing::new(String::new());
        if self.0.next_if_eq(&'"').is_none() {
            while let Some(char) = self.0.next_if(|char| !char.is_whitespace()) {
                word.push(char);
            }
            return Some(word);
        }
        while let Some(char) = self.0.next().filter(|char| *char != '"') {
            // What is escaped stands for itself.
            word.push(if char == '\\' { self.0.next()? } else { char });
        }
        Some(word)
    }

    /// A macro ends at an empty line, and nothing in it is a login.
    fn skip_macro(&mut self) {
        let mut blank = false;
        for char in self.0.by_ref() {
            match char {
                '\n' if blank => return,
                '\n' => blank = true,
                '\r' => {}
                _ => blank = false,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn is(text: &str, expected: Option<&str>) {
        let found = login(text, "api.heroku.com").map(|login| login.password);
        assert_eq!(found.as_ref().map(Secret::expose), expected, "{text}");
    }

    #[test]
    fn words_may_stand_in_one_line_or_in_many() {
        is(
            "machine api.heroku.com\n  login ada@example.com\n  password t0ken\n",
            Some("t0ken"),
        );
        is(
            "machine git.heroku.com login a password other machine api.heroku.com login a password t0ken",
            Some("t0ken"),
        );
        is(
            "machine\r\napi.heroku.com\r\n\r\npassword\r\nt0ken\r\nlogin\r\na",
            Some("t0ken"),
        );
        is("machine API.heroku.com password t0ken", Some("t0ken"));
        is(
            "machine api.heroku.com account x password t0ken",
            Some("t0ken"),
        );
    }

    #[test]
    fn other_machines_and_the_default_are_not_ours() {
        is("", None);
        is("machine git.heroku.com password other", None);
        is("machine api.heroku.com.example.com password other", None);
        is(
            "machine api.heroku.com login a\ndefault login b password other",
            None,
        );
        is(
            "default password other machine api.heroku.com password t0ken",
            Some("t0ken"),
        );
        is("password other", None);
    }

    #[test]
    fn quoted_words_are_taken_out_of_their_quotes() {
        is(
            r#"machine "api.heroku.com" password "t0 \"k\\n""#,
            Some(r#"t0 "k\n"#),
        );
        is(
            r#"machine api.heroku.com password "" machine api.heroku.com password t0ken"#,
            Some("t0ken"),
        );
        is(r#"machine api.heroku.com password "t0ken"#, Some("t0ken"));
        is(r#"machine api.heroku.com password "t0ken\"#, None);
        is(
            r#"machine api.heroku.com login "machine x password y" password t0ken"#,
            Some("t0ken"),
        );
    }

    #[test]
    fn comments_and_macros_are_passed_over() {
        is(
            "# machine api.heroku.com password other\nmachine api.heroku.com # mine\npassword t0ken",
            Some("t0ken"),
        );
        is(
            "#\nmachine api.heroku.com password #t0ken # a word may begin so",
            Some("#t0ken"),
        );
        is(
            "macdef init\nmachine api.heroku.com\npassword other\n\nmachine api.heroku.com password t0ken",
            Some("t0ken"),
        );
        is(
            "macdef init\r\nmachine api.heroku.com password other\r\n\r\nmachine api.heroku.com password t0ken",
            Some("t0ken"),
        );
        is("macdef init\nmachine api.heroku.com password other", None);
    }

    #[test]
    fn the_name_is_the_one_beside_the_password() {
        for (text, name) in [
            (
                "machine other login b password x machine api.heroku.com login ada password t0ken login-of-nobody",
                "ada",
            ),
            (
                "machine api.heroku.com password t0ken login ada machine other login b",
                "ada",
            ),
            ("login b machine api.heroku.com password t0ken", ""),
            (
                "machine api.heroku.com login ada password t0ken default login b password x",
                "ada",
            ),
            (
                "machine api.heroku.com login ada password t0ken login",
                "ada",
            ),
        ] {
            let login = login(text, "api.heroku.com").unwrap();
            assert_eq!(
                (login.name.as_str(), login.password.expose()),
                (name, "t0ken"),
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_cut_off_holds_nothing() {
        for text in [
            "machine",
            "machine api.heroku.com",
            "machine api.heroku.com password",
            "macdef",
            "#",
            "\"",
        ] {
            is(text, None);
        }
    }
}
