//! A commit that is to be copied, in UTF-8 whatever it is stored in.

use crate::core::refusal::{Report, Stop};
use crate::core::words::CommitId;
use crate::git::program::Program;

const UNREADABLE: &str = "git cannot read the commits to copy";

/// What a copy needs of a commit.
pub struct Original {
    pub id: CommitId,
    pub tree: String,
    /// Its parents as it names them, whether they are here or not.
    pub parents: Vec<CommitId>,
    /// `NAME <MAIL> SECONDS +ZONE`, as it is there. What git cannot take again, it refuses.
    pub author: String,
    committer: String,
    /// The lines of its message, without space at their ends and without empty lines around them.
    pub message: Vec<String>,
}

/// Reads commits, in the order asked for: `git rev-list --header --no-walk --encoding=UTF-8 --stdin`.
pub fn read(program: &Program, ids: &[CommitId]) -> Result<Vec<Original>, Stop> {
    let args = "rev-list --header --no-walk=unsorted --encoding=UTF-8 --stdin".split(' ');
    let input: String = ids.iter().flat_map(|id| [id.as_str(), "\n"]).collect();
    let printed = program.ask(UNREADABLE, args, input.as_bytes())?;
    let records: Vec<String> = printed.split(|&byte| byte == 0).map(utf8).collect();
    // What is asked for twice is printed once.
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

/// Reads the headers, an empty line, and a message that is indented by four spaces.
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
    /// When it was committed: `SECONDS +ZONE`.
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
