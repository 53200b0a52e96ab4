//! The answers, and the file made from them. Pure.

use std::collections::BTreeMap;
use std::path::Path;

use crate::core::config;
use crate::setup::wizard::questions::{
    BRANCH, ENVIRONMENT, MAIN, RECORD, Row, TEAM, TOPOLOGY, app_of,
};
use crate::sources::platform;

pub const NONE: &str = "none";
/// The file before it is written.
const FILE: &str = "smp.toml";

/// A question, for an environment if it is about one.
#[derive(Clone, Copy)]
pub struct Question {
    pub row: &'static Row,
    /// The environment; empty if it is about none.
    pub place: &'static str,
}

impl Question {
    fn key(&self) -> String {
        self.row.key.replace("{}", self.place)
    }

    /// Returns the only possible answers; none if any text may answer. Most questions may be left open.
    pub fn words(&self) -> Vec<&'static str> {
        match self.row.words {
            [] => Vec::new(),
            words if self.row.key == TOPOLOGY => words.to_vec(),
            words => [&[NONE], words].concat(),
        }
    }

    pub fn fill(&self, text: &str, answers: &Answers) -> String {
        text.replace("{}", self.place)
            .replace("{app}", &app_of(answers, self.place))
            .replace("{hosts}", platform::HOSTS)
    }
}

fn all() -> impl Iterator<Item = Question> {
    [
        (MAIN, ""),
        (ENVIRONMENT, "staging"),
        (ENVIRONMENT, "production"),
        (TEAM, ""),
    ]
    .into_iter()
    .flat_map(|(rows, place)| rows.iter().map(move |row| Question { row, place }))
}

#[derive(Clone, Debug, Default)]
pub struct Answers(BTreeMap<String, String>);

impl Answers {
    /// Returns the questions in order; they depend on the answers.
    pub fn questions(&self) -> Vec<Question> {
        (all().filter(|one| (one.row.is_wanted)(self, one.place))).collect()
    }

    pub fn of(&self, question: Question) -> Option<&str> {
        self.0.get(&question.key()).map(String::as_str)
    }

    /// Returns the answer for a key, even if it is no longer asked; empty without one.
    pub fn get(&self, key: &str, place: &str) -> &str {
        let answer = self.0.get(&key.replace("{}", place));
        answer.map_or("", String::as_str)
    }

    pub fn has(&self, key: &str, place: &str) -> bool {
        !["", NONE].contains(&self.get(key, place))
    }

    /// Stores an answer if the file can have it; otherwise returns why not.
    pub fn take(&mut self, question: Question, answer: &str) -> Result<(), String> {
        let words = match question.words().as_slice() {
            [] if question.row.key == RECORD => vec!["y", "n", "yes", "no"],
            words => words.to_vec(),
        };
        if !words.is_empty() && !words.contains(&answer) {
            return Err(format!("type {}", words.join(", ")));
        }
        self.0.insert(question.key(), answer.to_owned());
        // Only the whole file shows whether answers fit together; unanswered questions have placeholders.
        let Err(report) = config::parse(Path::new(FILE), self.text()) else {
            return Ok(());
        };
        // The position is removed, because the file does not exist yet.
        let place = report.error.strip_prefix(FILE);
        let error = match place.and_then(|rest| rest.split_once(": ")) {
            Some((_, what)) => what.to_owned(),
            None => report.error,
        };
        Err([vec![error], report.because].concat().join("; "))
    }

    /// Adds the branch of an environment with an address, which nobody is asked for; returns whether the file can have it.
    pub fn add_branch(&mut self, place: &str, branch: &str) -> bool {
        self.0
            .insert(BRANCH.replace("{}", place), branch.to_owned());
        let fits = config::parse(Path::new(FILE), self.text()).is_ok();
        if !fits {
            self.forget(BRANCH, place);
        }
        fits
    }

    /// Removes an answer, so that the question is asked as if for the first time.
    pub fn forget(&mut self, key: &str, place: &str) {
        self.0.remove(&key.replace("{}", place));
    }

    /// Returns the file: the line with the schema for editors, and a section for each group of keys.
    pub fn text(&self) -> String {
        let mut sections: Vec<(String, String)> = Vec::new();
        let lines = all().filter(|one| {
            let is_added = one.row.key == BRANCH && self.has(BRANCH, one.place);
            is_added || (one.row.is_wanted)(self, one.place)
        });
        for (section, line) in lines.filter_map(|question| self.line(question)) {
            match sections.iter_mut().find(|(head, _)| *head == section) {
                Some((_, lines)) => *lines += &line,
                None => sections.push((section, line)),
            }
        }
        let text = sections.iter().map(|(head, lines)| match head.as_str() {
            "environments.production" => format!("[{head}]\n{lines}promotes = \"staging\"\n"),
            _ => format!("[{head}]\n{lines}"),
        });
        let first = format!("#:schema {}\n", config::SCHEMA_URL);
        [first]
            .into_iter()
            .chain(text)
            .collect::<Vec<_>>()
            .join("\n")
    }

    /// Returns the section and the line of an answer.
    fn line(&self, question: Question) -> Option<(String, String)> {
        let (key, unasked) = (question.key(), question.fill(question.row.unasked, self));
        let answer = self.of(question).unwrap_or(&unasked);
        let Some((section, name)) = key.rsplit_once('.') else {
            return answer.starts_with('y').then(|| (key, String::new()));
        };
        let is_given = !unasked.is_empty() || !["", NONE].contains(&answer);
        let value = toml::Value::String(answer.to_owned());
        is_given.then(|| (section.to_owned(), format!("{name} = {value}\n")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::setup::wizard::questions::PATTERN;

    fn take(answers: &mut Answers, key: &str, answer: &str) -> Result<(), String> {
        let question = all().find(|one| one.key() == key).unwrap();
        answers.take(question, answer)
    }

    fn answered() -> Answers {
        let mut answers = Answers::default();
        for (key, answer) in [
            ("repository.remote", "origin"),
            ("repository.url", "https://example.com/shop.git"),
            ("repository.branch", "main"),
            (
                "environments.staging.url",
                "https://git.heroku.com/shop-staging.git",
            ),
            ("environments.staging.running.heroku", "shop-staging"),
            (
                "environments.staging.running.page",
                "https://staging.example.com/",
            ),
            ("environments.staging.running.pattern", PATTERN),
            (
                "environments.production.url",
                "https://git.heroku.com/shop.git",
            ),
        ] {
            take(&mut answers, key, answer).unwrap();
        }
        answers
    }

    #[test]
    fn the_file_is_what_was_answered_section_by_section() {
        let mut answers = answered();
        for (key, answer) in [
            ("environments.staging.site", "https://staging.example.com"),
            ("environments.production.running.page", "none"),
            ("environments.production.site", "none"),
            ("record", "y"),
            ("channels.technical.kind", "print"),
            ("channels.product.kind", "none"),
        ] {
            take(&mut answers, key, answer).unwrap();
        }
        assert_eq!(
            answers.text(),
            "#:schema https://raw.githubusercontent.com/VisualMeaning/git-smp/main/schema/smp.schema.json\n\
             \n[repository]\nremote = \"origin\"\nurl = \"https://example.com/shop.git\"\nbranch = \"main\"\n\
             \n[environments.staging]\nurl = \"https://git.heroku.com/shop-staging.git\"\n\
             site = \"https://staging.example.com\"\n\
             \n[environments.staging.running]\nheroku = \"shop-staging\"\n\
             page = \"https://staging.example.com/\"\npattern = 'data-commit=\"([0-9a-f]{7,64})\"'\n\
             \n[environments.production]\nurl = \"https://git.heroku.com/shop.git\"\npromotes = \"staging\"\n\
             \n[record]\n\
             \n[channels.technical]\nkind = \"print\"\n"
        );
    }

    #[test]
    fn an_address_with_another_branch_brings_it_and_no_question() {
        let mut answers = answered();
        let asked = answers.questions().len();
        assert!(!answers.add_branch("staging", "-x"));
        assert!(answers.add_branch("staging", "master"));
        assert_eq!(answers.questions().len(), asked);
        let text = answers.text();
        let url = "https://git.heroku.com/shop-staging.git";
        assert!(
            text.contains(&format!("url = \"{url}\"\nbranch = \"master\"\n")),
            "{text}"
        );
        answers.forget(BRANCH, "staging");
        assert_eq!(answers.text(), answered().text());
    }

    #[test]
    fn where_branches_are_deployed_each_environment_is_asked_for_its_branch_and_no_address() {
        let mut answers = Answers::default();
        for (key, answer) in [
            ("topology", "branches"),
            ("repository.remote", "origin"),
            ("repository.url", "https://example.com/shop.git"),
            ("repository.branch", "main"),
            ("environments.staging.branch", "main"),
        ] {
            take(&mut answers, key, answer).unwrap();
        }
        let production = "environments.production.branch";
        assert!(take(&mut answers.clone(), production, "main").is_err());
        take(&mut answers, production, "production").unwrap();
        let text = answers.text();
        let (_, file) = text.split_once("[repository]").unwrap();
        assert_eq!(
            file,
            "\nremote = \"origin\"\nurl = \"https://example.com/shop.git\"\nbranch = \"main\"\n\
             \n[environments.staging]\nbranch = \"main\"\n\
             \n[environments.production]\nbranch = \"production\"\npromotes = \"staging\"\n"
        );
    }

    #[test]
    fn what_only_goes_wrong_together_is_told_at_the_answer_that_does_it() {
        let mut answers = answered();
        for (key, answer) in [
            (
                "environments.production.url",
                "https://git.heroku.com/shop-staging.git",
            ),
            ("environments.production.running.heroku", "shop-staging"),
            ("environments.production.running.heroku", "Shop!"),
            ("environments.staging.running.pattern", "no group"),
            ("environments.staging.running.pattern", "("),
            ("channels.product.kind", "irc"),
            ("record", "maybe"),
        ] {
            assert!(take(&mut answers.clone(), key, answer).is_err(), "{answer}");
        }
        take(
            &mut answers,
            "environments.production.running.heroku",
            "shop",
        )
        .unwrap();
        // The error does not name a file that does not exist yet.
        let page = "environments.production.running.page";
        take(&mut answers, page, "https://staging.example.com/").unwrap();
        assert_eq!(
            take(&mut answers, "environments.production.running.pattern", PATTERN),
            Err("environments.production.running.page: gets the same answer as environments.staging.running.page".to_owned())
        );
    }

    #[test]
    fn what_belongs_to_an_answer_that_was_changed_goes_with_it() {
        let mut answers = answered();
        let (page, push) = (
            "environments.staging.running.page",
            "environments.staging.url",
        );
        take(&mut answers, page, "none").unwrap();
        take(&mut answers, push, "https://example.com/staging.git").unwrap();
        assert!(!answers.text().contains("running"), "{}", answers.text());
        // And it returns with it: no typed answer is lost.
        take(&mut answers, page, "https://staging.example.com/").unwrap();
        assert!(answers.text().contains("pattern = "), "{}", answers.text());
    }
}
