//! A commit to copy, in UTF-8 whatever its stored encoding is.

use crate::core::refusal::{Report, Stop};
use crate::core::words::CommitId;
use crate::git::program::Program;

const UNREADABLE: &str = "git cannot read the commits to copy";

/// The parts of a commit that a copy needs.
pub struct Original {
    pub id: CommitId,
    pub tree: String,
    /// The parents that the commit names, whether they are in this clone or not.
    pub parents: Vec<CommitId>,
    /// `NAME <MAIL> SECONDS +ZONE`, as stored. If git cannot accept it again, git refuses the copy.
    pub author: String,
    committer: String,
    /// The lines of the message, without space at their ends and without empty lines around them.
    pub message: Vec<String>,
}

/// Reads commits, in this order: `git rev-list --header --no-walk --encoding=UTF-8 --stdin`.
pub fn read(program: &Program, ids: &[CommitId]) -> Result<Vec<Original>, Stop> {
    let args = "rev-list --header --no-walk=unsorted --encoding=UTF-8 --stdin".split(' ');
    let input: String = ids.iter().flat_map(|id| [id.as_str(), "\n"]).collect();
    let printed = program.ask(UNREADABLE, args, input.as_bytes())?;
    let records: Vec<String> = printed.split(|&byte| byte == 0).map(utf8).collect();
    // A commit that is asked for twice is printed once.
    let originals = ids.iter().map(|id| {
        let record = records
            .iter()
            .find_map(|record| record.strip_prefix(id.as_str()));
        parse(id, record?.trim_start())
    });
    originals.collect::<Option<_>>().ok_or_else(|| {
        Stop::Failed(Report::new(UNREADABLE).because("git rev-list printed something unexpected"))
    })
}

/// Parses the headers, an empty line, and a message that is indented by four spaces.
fn parse(id: &CommitId, record: &str) -> Option<Original> {
    let (headers, message) = record.split_once("\n\n").unwrap_or((record, ""));
    let message = message.split_terminator('\n');
    let message = message.map(|line| line.get(4..).unwrap_or("").to_owned());
    let mut original = Original {
        id: id.clone(),
        tree: String::new(),
        parents: Vec::new(),
        author: String::new(),
        committer: String::new(),
        message: message.collect(),
    };
    for line in headers.lines() {
        match line.split_once(' ') {
            Some(("tree", id)) => id.clone_into(&mut original.tree),
            Some(("parent", id)) => original.parents.push(CommitId::parse(id)?),
            Some(("author", person)) => person.clone_into(&mut original.author),
            Some(("committer", person)) => person.clone_into(&mut original.committer),
            _ => {}
        }
    }
    Some(original)
}

/// Decodes bytes. Invalid UTF-8 is read as Latin-1, byte by byte, as `git commit` does.
pub fn utf8(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().copied().map(char::from));
    }
    text
}

impl Original {
    /// Returns the time of the commit: `SECONDS +ZONE`.
    pub fn committed(&self) -> &str {
        let moment = self.committer.rsplit_once('>');
        moment.map_or("", |(_, moment)| moment.trim_start())
    }

    pub fn named(&self) -> String {
        match self.message.first().filter(|subject| !subject.is_empty()) {
            Some(subject) => format!("{} ({subject})", self.id.short()),
            None => self.id.short().to_owned(),
        }
    }
}
