//! Commit objects as git reads them: only the parts that a list shows. What no git writes is for git to read.

use git2::Oid;
use memchr::{memchr, memrchr};

use crate::git::Unreadable;

/// An author or a committer: `Name <mail> 1646222400 +0100`.
#[derive(Default)]
pub struct Ident<'a> {
    pub name: &'a [u8],
    /// Seconds since 1970, and minutes east of UTC.
    pub when: (i64, i32),
}

pub struct Shown<'a> {
    pub subject: Vec<u8>,
    pub author: Ident<'a>,
    pub committer: Ident<'a>,
    /// Whether the bytes are in another encoding than UTF-8, by the commit's own word.
    pub foreign: bool,
}

/// The parents, in order, and when it was committed.
pub fn links(raw: &[u8]) -> Result<(Vec<Oid>, u64), Unreadable> {
    let rest = raw.strip_prefix(b"tree ").and_then(|rest| rest.get(41..));
    let mut rest = rest.ok_or(Unreadable)?;
    let mut parents = Vec::with_capacity(2);
    while let Some(line) = rest.strip_prefix(b"parent ") {
        let hex = line.get(..40).and_then(|hex| str::from_utf8(hex).ok());
        parents.push(Oid::from_str(hex.ok_or(Unreadable)?)?);
        rest = line.get(41..).ok_or(Unreadable)?;
    }
    let (author, rest) = split_line(rest);
    let committer = split_line(rest).0.strip_prefix(b"committer ");
    let committer = committer.filter(|_| author.starts_with(b"author "));
    let (seconds, _) = Ident::read(committer.ok_or(Unreadable)?)?.when;
    Ok((parents, seconds.unsigned_abs()))
}

/// Reads what a list shows. Like git it takes the text to end at the first NUL.
pub fn shown(raw: &[u8]) -> Result<Shown<'_>, Unreadable> {
    let (mut rest, _) = raw.split_at(memchr(0, raw).unwrap_or(raw.len()));
    let (mut author, mut committer, mut foreign) = (Ident::default(), Ident::default(), false);
    loop {
        let (line, after) = split_line(rest);
        rest = after;
        if line.is_empty() {
            break;
        }
        if let Some(ident) = line.strip_prefix(b"author ") {
            author = Ident::read(ident)?;
        } else if let Some(ident) = line.strip_prefix(b"committer ") {
            committer = Ident::read(ident)?;
        } else if let Some(encoding) = line.strip_prefix(b"encoding ") {
            foreign |= !is_utf8(&String::from_utf8_lossy(encoding));
        }
    }
    Ok(Shown {
        subject: subject(rest),
        author,
        committer,
        foreign,
    })
}

/// Whether git takes an encoding's name to mean UTF-8.
pub fn is_utf8(name: &str) -> bool {
    matches!(name.to_ascii_lowercase().as_str(), "utf-8" | "utf8")
}

/// git's `format_subject`: the first paragraph in one line.
fn subject(mut message: &[u8]) -> Vec<u8> {
    let mut subject = Vec::new();
    while !message.is_empty() {
        let (line, rest) = split_line(message);
        let line = trim_end(line);
        if !subject.is_empty() {
            if line.is_empty() {
                break;
            }
            subject.push(b' ');
        }
        subject.extend_from_slice(line);
        message = rest;
    }
    subject
}

/// Without the space at the end, where git's idea of space is narrower than ASCII's: no form feed.
fn trim_end(line: &[u8]) -> &[u8] {
    let last = line
        .iter()
        .rposition(|b| !matches!(b, b' ' | b'\t' | b'\n' | b'\r'));
    line.split_at(last.map_or(0, |last| last + 1)).0
}

/// The first line without its end, and what follows it.
fn split_line(text: &[u8]) -> (&[u8], &[u8]) {
    let (line, rest) = text.split_at(memchr(b'\n', text).unwrap_or(text.len()));
    (line, rest.get(1..).unwrap_or_default())
}

impl<'a> Ident<'a> {
    fn read(line: &'a [u8]) -> Result<Self, Unreadable> {
        let (open, close) = (memchr(b'<', line), memrchr(b'>', line));
        let (open, close) = open.zip(close).ok_or(Unreadable)?;
        let moment = line
            .get(close + 1..)
            .and_then(|end| str::from_utf8(end).ok());
        let when = moment.and_then(|moment| when(moment.strip_prefix(' ')?));
        Ok(Self {
            name: trim_end(line.get(..open).ok_or(Unreadable)?),
            when: when.ok_or(Unreadable)?,
        })
    }
}

/// Reads `1646222400 +0100`: seconds since 1970, and minutes east of UTC.
pub fn when(moment: &str) -> Option<(i64, i32)> {
    let (seconds, zone) = moment.split_once(' ')?;
    let (sign, digits) = match zone.split_at_checked(1)? {
        ("+", digits) => (1, digits),
        ("-", digits) => (-1, digits),
        _ => return None,
    };
    let is_plain = [seconds, digits]
        .iter()
        .all(|number| number.bytes().all(|b| b.is_ascii_digit()));
    let zone: i32 = digits
        .parse()
        .ok()
        .filter(|_| is_plain && digits.len() == 4)?;
    Some((seconds.parse().ok()?, sign * (zone / 100 * 60 + zone % 100)))
}
