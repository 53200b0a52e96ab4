//! A commit that is to be copied, in UTF-8 whatever it is stored in, and mended where git would not take it again.

use std::collections::HashMap;

use crate::core::refusal::{Report, Stop};
use crate::core::words::CommitId;
use crate::git::program::Program;

const UNREADABLE: &str = "git cannot read the commits to copy";
/// When something happened that nobody can tell the time of.
const NEVER: &str = "0 +0000";

/// What a copy needs of a commit.
#[derive(Clone)]
pub struct Original {
    pub id: CommitId,
    pub tree: String,
    /// Its parents as it names them, whether they are here or not.
    pub parents: Vec<CommitId>,
    /// The lines of its message, without space at their ends and without empty lines around them.
    pub message: Vec<String>,
    author: Identity,
    committer: Identity,
}

/// An author or a committer.
#[derive(Clone, Default)]
pub struct Identity {
    /// `NAME <MAIL>`.
    who: String,
    /// `SECONDS +ZONE`, if that can be told.
    when: Option<String>,
}

/// Reads commits, in the order asked for: `git rev-list --header --no-walk --encoding=UTF-8 --stdin`.
pub fn read(program: &Program, ids: &[CommitId]) -> Result<Vec<Original>, Stop> {
    let args = "rev-list --header --no-walk=unsorted --encoding=UTF-8 --stdin".split(' ');
    let input: String = ids.iter().flat_map(|id| [id.as_str(), "\n"]).collect();
    let printed = program.ask(UNREADABLE, args, input.as_bytes())?;
    let records = printed.split(|&byte| byte == 0);
    let originals = records.filter_map(|record| parse(&utf8(record)));
    // What is asked for twice is printed once.
    let by_id: HashMap<_, _> = originals.map(|one| (one.id.clone(), one)).collect();
    let all: Option<_> = ids.iter().map(|id| by_id.get(id).cloned()).collect();
    all.ok_or_else(|| {
        Stop::Failed(Report::new(UNREADABLE).because("git rev-list printed something unexpected"))
    })
}

/// Reads the hash, the headers, an empty line, and a message that is indented by four spaces.
fn parse(record: &str) -> Option<Original> {
    let (headers, message) = record.split_once("\n\n").unwrap_or((record, ""));
    let mut lines = headers.lines();
    let id = CommitId::parse(lines.next()?)?;
    let tree = lines.next()?.strip_prefix("tree ")?.to_owned();
    let message = message.split_terminator('\n');
    let message = message.map(|line| line.get(4..).unwrap_or("").to_owned());
    let mut original = Original {
        id,
        tree,
        parents: vec![],
        message: message.collect(),
        author: Identity::default(),
        committer: Identity::default(),
    };
    for line in lines {
        match line.split_once(' ') {
            Some(("parent", id)) => original.parents.push(CommitId::parse(id)?),
            Some(("author", person)) => original.author = Identity::read(person),
            Some(("committer", person)) => original.committer = Identity::read(person),
            _ => {}
        }
    }
    Some(original)
}

/// Bytes as text. What is no UTF-8 is taken for Latin-1, byte by byte, as `git commit` does.
pub fn utf8(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().copied().map(char::from));
    }
    text
}

impl Original {
    /// The author's line. An author without a time wrote when the committer committed.
    pub fn author_line(&self) -> String {
        let own = self.author.when.as_deref();
        self.author.at(own.unwrap_or_else(|| self.committed()))
    }

    /// When it was committed, as git writes it: `SECONDS +ZONE`. 1970 where nobody can tell.
    pub fn committed(&self) -> &str {
        self.committer.when.as_deref().unwrap_or(NEVER)
    }

    pub fn named(&self) -> String {
        let subject = self.message.first().map(String::as_str).unwrap_or_default();
        if subject.is_empty() {
            self.id.short().to_owned()
        } else {
            format!("{} ({subject})", self.id.short())
        }
    }
}

impl Identity {
    /// Takes `NAME <MAIL> SECONDS +ZONE` apart, where git's `split_ident_line` does. What git would write comes out
    /// again as it is; what nobody can put into such a line (a second `<` or `>`) is left out.
    pub fn read(line: &str) -> Self {
        let (name, rest) = line.split_once('<').unwrap_or((line, ""));
        let mail = rest.split_once('>').map_or(rest, |(mail, _)| mail);
        let name = name.strip_suffix(' ').unwrap_or(name);
        let who = format!("{} <{}>", name.replace('>', ""), mail.replace('<', ""));
        let when = line.rsplit_once('>').and_then(|(_, moment)| when(moment));
        Self { who, when }
    }

    pub fn at(&self, when: &str) -> String {
        format!("{} {when}", self.who)
    }
}

/// A time that git writes and reads: seconds from 1970 on, up to the end of time, and a zone of four digits. Another zone,
/// or one that leads out of that time (git does not show such a commit, but dies), becomes +0000.
fn when(moment: &str) -> Option<String> {
    let mut words = moment.split_ascii_whitespace();
    let seconds = words.next().filter(|word| is_digits(word))?;
    let seconds: i64 = seconds.parse().ok()?;
    let zone = words.next().filter(|zone| {
        let there = east(zone).and_then(|east| seconds.checked_add(east));
        there.is_some_and(|there| there >= 0)
    });
    Some(format!("{seconds} {}", zone.unwrap_or("+0000")))
}

fn is_digits(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit())
}

/// How many seconds a zone, `+0130`, lies east.
fn east(zone: &str) -> Option<i64> {
    let digits = zone.strip_prefix(['+', '-'])?;
    let number: i64 = match digits.len() {
        4 if is_digits(digits) => digits.parse().ok()?,
        _ => return None,
    };
    let sign = if zone.starts_with('-') { -1 } else { 1 };
    Some(sign * (number / 100 * 60 + number % 100) * 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str) -> String {
        let person = Identity::read(text);
        person.at(person.when.as_deref().unwrap_or("?"))
    }

    #[test]
    fn what_git_would_write_stays_as_it_is() {
        for good in [
            "Ada <ada@example.com> 1646226000 +0100",
            "Ada \"the Countess\" <ada@example.com> 0 -0000",
            " <> 9223372036854775807 -1130",
            "  Ada,  <not a mail> 12 +9999",
            "Å. Dä. <ada@exämple.com> 60 -0001",
        ] {
            assert_eq!(line(good), good);
        }
    }

    #[test]
    fn what_git_would_not_take_again_is_mended() {
        for (bad, mended) in [
            ("<ada@example.com> 1 +0000", " <ada@example.com> 1 +0000"),
            (
                "Ada<ada@example.com>1 +0000",
                "Ada <ada@example.com> 1 +0000",
            ),
            (
                "A>da <<ada@example.com>> 1 +0000",
                "Ada <ada@example.com> 1 +0000",
            ),
            ("Ada <ada@example.com", "Ada <ada@example.com> ?"),
            ("Ada", "Ada <> ?"),
            ("", " <> ?"),
            ("Ada <a> 007 +0000", "Ada <a> 7 +0000"),
            ("Ada <a> 7 +051800", "Ada <a> 7 +0000"),
            ("Ada <a> 7 +00:0", "Ada <a> 7 +0000"),
            ("Ada <a> 59 -0001", "Ada <a> 59 +0000"),
            (
                "Ada <a> 9223372036854775807 +0001",
                "Ada <a> 9223372036854775807 +0000",
            ),
            ("Ada <a> 7", "Ada <a> 7 +0000"),
            ("Ada <a> -7 +0000", "Ada <a> ?"),
            ("Ada <a> 18446744073709551615 +0000", "Ada <a> ?"),
            ("Ada <a> soon", "Ada <a> ?"),
        ] {
            assert_eq!(line(bad), mended, "{bad:?}");
        }
    }

    #[test]
    fn bytes_that_are_no_utf_8_are_latin_1() {
        assert_eq!(
            utf8(b"J\xfcrgen, J\xc3\xbcrgen \xe2\x82"),
            "Jürgen, Jürgen â\u{82}"
        );
    }
}
