//! The questions, their answers, and the file that they make. Pure.

use std::collections::BTreeMap;
use std::path::Path;

use reqwest::Url;

use crate::core::address;
use crate::core::config::{self, PlatformKind};
use crate::sources::platform;

/// The pattern that a page is first expected to carry its commit in.
pub const PATTERN: &str = "data-commit=\"([0-9a-f]{7,64})\"";

/// The answer that leads to the question before.
pub const BACK: &str = "<";
/// The answer that leaves something out.
pub const NONE: &str = "none";

/// An environment that is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// Where it is tested.
    Staging,
    /// Where it is used.
    Production,
}

impl Place {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Staging => "staging",
            Self::Production => "production",
        }
    }
}

/// One question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Question {
    /// The main repository's remote.
    Remote,
    /// Its address.
    Url,
    /// Its branch.
    Branch,
    /// Where a push deploys an environment.
    Push(Place),
    /// The app on the platform whose API is asked.
    App(Place),
    /// The page that tells what runs.
    Page(Place),
    /// Where the commit stands on it.
    Pattern(Place),
    /// The address that people open.
    Site(Place),
    /// Whether the team keeps a record.
    Record,
    /// The chat of a channel.
    Channel(&'static str),
}

impl Question {
    /// What a person reads before the question.
    pub fn explained(self, answers: &Answers) -> String {
        match self {
            Self::Remote => "The main repository is where reviewed work is merged.".to_owned(),
            Self::App(place) => answers.hosted(place).map_or_else(String::new, |(kind, app)| {
                let (name, key) = (platform::name(kind), kind.key());
                format!("{name}'s API can say what the app runs: {key} = \"{app}\". Type none to leave it out.")
            }),
            Self::Page(place) => {
                let name = place.name();
                format!(
                    "A page of {name} that shows the commit which runs. Type none if there is no such page; then the commit that \
                     was last pushed to {name} counts as the one that runs."
                )
            }
            Self::Pattern(_) => "A pattern with one group in ( ), around the commit on that page.".to_owned(),
            Self::Site(_) => "The address that people open; posts link to it. Type none to leave it out.".to_owned(),
            Self::Record => {
                "A record on the main repository shares proposals, sign-offs and the freeze with the whole team.".to_owned()
            }
            Self::Channel("technical") => {
                "The technical channel is where the developers read of proposals, verdicts and rollbacks. teams and slack: \
                 posts are sent there. print: posts are printed for pasting. none: there is no such channel."
                    .to_owned()
            }
            Self::Channel(_) => "The product channel is where everyone reads what is new.".to_owned(),
            Self::Url | Self::Branch | Self::Push(_) => String::new(),
        }
    }

    /// The question itself, short enough for its answer to stand beside it.
    pub fn asked(self, answers: &Answers) -> String {
        match self {
            Self::Remote => "Remote of the main repository".to_owned(),
            Self::Url => "Its address".to_owned(),
            Self::Branch => "The branch that is deployed".to_owned(),
            Self::Push(place) => format!("Address that a push to {} goes to", place.name()),
            Self::App(place) => {
                let on = answers
                    .hosted(place)
                    .map(|(kind, _)| format!(" on {}", platform::name(kind)));
                format!("App of {}{}", place.name(), on.unwrap_or_default())
            }
            Self::Page(place) => format!("Page of {}", place.name()),
            Self::Pattern(_) => "Pattern around the hash on it".to_owned(),
            Self::Site(place) => format!("Site of {}", place.name()),
            Self::Record => "Keep a record (y/n)".to_owned(),
            Self::Channel(name) => format!("Chat of the {name} channel"),
        }
    }

    /// The words that alone can be its answer, the last of which leads back; none where it is any text.
    pub fn words(self) -> &'static [&'static str] {
        match self {
            Self::Channel(_) => &["none", "teams", "slack", "print", BACK],
            _ => &[],
        }
    }
}

/// What a channel can be.
const CHATS: [&str; 4] = ["teams", "slack", "print", NONE];

/// What was answered so far.
#[derive(Clone, Debug, Default)]
pub struct Answers(BTreeMap<Question, String>);

impl Answers {
    /// The questions, in their order; which there are depends on the answers.
    pub fn questions(&self) -> Vec<Question> {
        let mut all = vec![Question::Remote, Question::Url, Question::Branch];
        for place in [Place::Staging, Place::Production] {
            all.push(Question::Push(place));
            all.extend(self.hosted(place).map(|_| Question::App(place)));
            all.push(Question::Page(place));
            all.extend(
                self.has(Question::Page(place))
                    .then_some(Question::Pattern(place)),
            );
            all.push(Question::Site(place));
        }
        all.extend([
            Question::Record,
            Question::Channel("technical"),
            Question::Channel("product"),
        ]);
        all
    }

    /// The answer to a question, if it was asked.
    pub fn of(&self, question: Question) -> Option<&str> {
        self.0.get(&question).map(String::as_str)
    }

    /// The platform that an environment's address leads to, and the app there.
    pub fn hosted(&self, place: Place) -> Option<(PlatformKind, &str)> {
        platform::at(self.of(Question::Push(place))?)
    }

    /// Whether something was named.
    fn has(&self, question: Question) -> bool {
        self.of(question)
            .is_some_and(|answer| !answer.is_empty() && answer != NONE)
    }

    /// What was named; of no question that is not asked any more.
    fn named(&self, question: Question) -> Option<&str> {
        self.of(question)
            .filter(|_| self.has(question) && self.questions().contains(&question))
    }

    /// Takes an answer, if the file can have it.
    ///
    /// # Errors
    /// Why it cannot.
    pub fn take(&mut self, question: Question, answer: &str) -> Result<(), String> {
        let one_of = |all: &[&str]| {
            if all.contains(&answer) {
                Ok(())
            } else {
                Err(format!("type {}", all.join(", ")))
            }
        };
        let is_none = answer.is_empty() || answer == NONE;
        match question {
            Question::Remote => config::check_remote_name(answer)?,
            Question::Url | Question::Push(_) => address::check_url(answer)?,
            Question::Branch => config::check_branch(answer)?,
            Question::Page(_) | Question::Site(_) if !is_none => address::check_page(answer)?,
            Question::Record => one_of(&["y", "n", "yes", "no"])?,
            Question::Channel(_) => one_of(&CHATS)?,
            _ => {}
        }
        self.0.insert(question, answer.to_owned());
        // What goes together is known by the file alone; what was not asked yet stands in it as if it were answered.
        config::parse(Path::new(FILE), &self.text())
            .map(drop)
            .map_err(|report| {
                let text = without_place(report.error);
                report
                    .because
                    .into_iter()
                    .fold(text, |text, cause| format!("{text}; {cause}"))
            })
    }

    /// Forgets an answer, so that the question is asked as for the first time.
    pub fn forget(&mut self, question: Question) {
        self.0.remove(&question);
    }

    /// The file.
    pub fn text(&self) -> String {
        let answer = |question, other: &str| quoted(self.of(question).unwrap_or(other));
        let mut text = format!(
            "[repository]\nremote = {}\nurl = {}\nbranch = {}\n",
            answer(Question::Remote, "not-asked-yet"),
            answer(Question::Url, "https://not-asked-yet.invalid/main.git"),
            answer(Question::Branch, "main")
        );
        for place in [Place::Staging, Place::Production] {
            let name = place.name();
            let url = answer(
                Question::Push(place),
                &format!("https://not-asked-yet.invalid/{name}.git"),
            );
            text.push_str(&format!("\n[environments.{name}]\nurl = {url}\n"));
            if let Some(site) = self.named(Question::Site(place)) {
                text.push_str(&format!("site = {}\n", quoted(site)));
            }
            if place == Place::Production {
                text.push_str("promotes = \"staging\"\n");
            }
            text.push_str(&self.running(place));
        }
        if self
            .of(Question::Record)
            .is_some_and(|answer| answer.starts_with('y'))
        {
            text.push_str("\n[record]\n");
        }
        for name in ["technical", "product"] {
            if let Some(kind) = self.named(Question::Channel(name)) {
                text.push_str(&format!("\n[channels.{name}]\nkind = {}\n", quoted(kind)));
            }
        }
        text
    }

    fn running(&self, place: Place) -> String {
        let line = |key: &str, question| {
            self.named(question)
                .map(|answer| format!("{key} = {}\n", quoted(answer)))
                .unwrap_or_default()
        };
        let app = self
            .hosted(place)
            .map(|(kind, _)| line(kind.key(), Question::App(place)));
        let lines = [
            app.unwrap_or_default(),
            line("page", Question::Page(place)),
            line("pattern", Question::Pattern(place)),
        ]
        .concat();
        if lines.is_empty() {
            lines
        } else {
            format!("\n[environments.{}.running]\n{lines}", place.name())
        }
    }

    /// The page of an environment and how it is read, once both were answered.
    pub fn page(&self, place: Place) -> Option<(&str, Option<&str>)> {
        Some((
            self.named(Question::Page(place))?,
            self.named(Question::Pattern(place)),
        ))
    }
}

/// The site that an environment probably has: the one that its page is on.
pub fn site(page: &str) -> Option<String> {
    let origin = Url::parse(page).ok()?.origin();
    origin.is_tuple().then(|| origin.ascii_serialization())
}

/// The file while it is only here.
const FILE: &str = "smp.toml";

/// What is wrong without where: that file is not there yet.
fn without_place(error: String) -> String {
    let said = error
        .strip_prefix(FILE)
        .and_then(|rest| rest.split_once(": "));
    said.map(|(_, what)| what.to_owned()).unwrap_or(error)
}

fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take(answers: &mut Answers, question: Question, answer: &str) -> Result<(), String> {
        answers.take(question, answer)
    }

    fn answered() -> Answers {
        let mut answers = Answers::default();
        for (question, answer) in [
            (Question::Remote, "origin"),
            (Question::Url, "https://example.com/shop.git"),
            (Question::Branch, "main"),
            (
                Question::Push(Place::Staging),
                "https://git.heroku.com/shop-staging.git",
            ),
            (Question::App(Place::Staging), "shop-staging"),
            (
                Question::Page(Place::Staging),
                "https://staging.example.com/",
            ),
            (Question::Pattern(Place::Staging), PATTERN),
            (
                Question::Push(Place::Production),
                "https://git.heroku.com/shop.git",
            ),
        ] {
            take(&mut answers, question, answer).unwrap();
        }
        answers
    }

    #[test]
    fn what_only_goes_wrong_together_is_told_at_the_answer_that_does_it() {
        let mut answers = answered();
        for (question, answer) in [
            (
                Question::Push(Place::Production),
                "https://git.heroku.com/shop-staging.git",
            ),
            (Question::App(Place::Production), "shop-staging"),
            (Question::App(Place::Production), "Shop!"),
            (Question::Pattern(Place::Staging), "no group"),
            (Question::Pattern(Place::Staging), "("),
            (Question::Channel("product"), "irc"),
            (Question::Record, "maybe"),
        ] {
            assert!(
                take(&mut answers.clone(), question, answer).is_err(),
                "{answer}"
            );
        }
        take(&mut answers, Question::App(Place::Production), "shop").unwrap();
        // A file that is not there yet is not named.
        let page = Question::Page(Place::Production);
        take(&mut answers, page, "https://staging.example.com/").unwrap();
        assert_eq!(
            take(&mut answers, Question::Pattern(Place::Production), PATTERN),
            Err("environments.production.running.page: asks the same as environments.staging.running.page".to_owned())
        );
    }

    #[test]
    fn the_site_is_the_one_that_the_page_is_on() {
        assert_eq!(
            site("https://x.example.com:8443/a?b").as_deref(),
            Some("https://x.example.com:8443")
        );
        assert_eq!((site(""), site("none")), (None, None));
    }

    #[test]
    fn what_belongs_to_an_answer_that_was_changed_goes_with_it() {
        let mut answers = answered();
        assert!(
            answers
                .text()
                .contains("heroku = \"shop-staging\"\npage = "),
            "{}",
            answers.text()
        );
        take(&mut answers, Question::Page(Place::Staging), "none").unwrap();
        take(
            &mut answers,
            Question::Push(Place::Staging),
            "https://example.com/staging.git",
        )
        .unwrap();
        assert!(!answers.text().contains("running"), "{}", answers.text());
        // And is there again with it: nothing that was typed is lost.
        take(
            &mut answers,
            Question::Page(Place::Staging),
            "https://staging.example.com/",
        )
        .unwrap();
        assert!(answers.text().contains("pattern = "), "{}", answers.text());
    }
}
