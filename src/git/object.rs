//! Commit objects as git reads them: only the parts that a list shows, and with git's own leniency.

use git2::Oid;
use memchr::{memchr, memrchr};

use crate::git::Unreadable;

/// A commit's author or committer, from `Name <mail> 1646222400 +0100`.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Ident<'a> {
    /// The name, without the spaces around it.
    pub name: &'a [u8],
    /// The digits of the time; empty when anything on the line is broken.
    time: &'a [u8],
    /// The time zone, `+0100`.
    zone: &'a [u8],
}

/// What a list shows of a commit.
#[derive(Default)]
pub struct Shown<'a> {
    pub subject: Vec<u8>,
    pub author: Ident<'a>,
    pub committer: Ident<'a>,
    /// Whether the bytes are in another encoding than UTF-8, by the commit's own word.
    pub foreign: bool,
}

/// The parents, in order, and when it was committed, as git's own walk sees it.
pub fn links(raw: &[u8]) -> Result<(Vec<Oid>, u64), Unreadable> {
    let rest = raw.strip_prefix(b"tree ").and_then(|rest| rest.get(41..));
    let mut rest = rest.ok_or(Unreadable)?;
    let mut parents = Vec::with_capacity(2);
    while let Some(line) = rest.strip_prefix(b"parent ") {
        let hex = line.get(..40).and_then(|hex| str::from_utf8(hex).ok());
        parents.push(Oid::from_str(hex.ok_or(Unreadable)?)?);
        rest = line.get(41..).ok_or(Unreadable)?;
    }
    Ok((parents, date(rest).unwrap_or(0)))
}

/// git's `parse_commit_date`: what follows the last `>` of the committer's line, as `strtoumax` reads it.
fn date(from_author: &[u8]) -> Option<u64> {
    let (author, rest) = split_line(from_author);
    author.strip_prefix(b"author")?;
    let committer = rest.strip_prefix(b"committer")?;
    let line = committer.get(..memchr(b'\n', committer)?)?;
    let after = memrchr(b'>', line)? + 1;
    let text = line.get(after..)?.trim_ascii_start();
    let negative = text.strip_prefix(b"-");
    let digits = negative.unwrap_or(text);
    let number = decimal(digits.get(..digits_of(digits))?);
    Some(match negative {
        Some(_) if number != u64::MAX => number.wrapping_neg(),
        _ => number,
    })
}

/// How many digits a text begins with.
fn digits_of(text: &[u8]) -> usize {
    text.iter().take_while(|b| b.is_ascii_digit()).count()
}

/// Reads what a list shows. Like git it takes the text to end at the first NUL.
pub fn shown(raw: &[u8]) -> Shown<'_> {
    let (mut rest, _) = raw.split_at(memchr(0, raw).unwrap_or(raw.len()));
    let mut shown = Shown::default();
    loop {
        let (line, after) = split_line(rest);
        rest = after;
        if line.is_empty() {
            break;
        }
        if let Some(ident) = line.strip_prefix(b"author ") {
            shown.author = Ident::read(ident).unwrap_or_default();
        } else if let Some(ident) = line.strip_prefix(b"committer ") {
            shown.committer = Ident::read(ident).unwrap_or_default();
        } else if let Some(encoding) = line.strip_prefix(b"encoding ") {
            shown.foreign |= !is_utf8(&String::from_utf8_lossy(encoding));
        }
    }
    shown.subject = subject(rest);
    shown
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
    let last = line.iter().rposition(|&b| !is_space(b));
    line.split_at(last.map_or(0, |last| last + 1)).0
}

fn trim_start(line: &[u8]) -> &[u8] {
    let start = line.iter().position(|&b| !is_space(b));
    line.split_at(start.unwrap_or(line.len())).1
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

/// The first line without its end, and what follows it.
fn split_line(text: &[u8]) -> (&[u8], &[u8]) {
    let (line, rest) = text.split_at(memchr(b'\n', text).unwrap_or(text.len()));
    (line, rest.get(1..).unwrap_or_default())
}

/// The number that these digits write, or the largest there is.
fn decimal(digits: &[u8]) -> u64 {
    digits.iter().fold(0_u64, |number, digit| {
        let tens = number.saturating_mul(10);
        tens.saturating_add(u64::from(digit - b'0'))
    })
}

impl<'a> Ident<'a> {
    /// git's `split_ident_line`.
    fn read(line: &'a [u8]) -> Option<Self> {
        let open = memchr(b'<', line)?;
        line.get(open..)?.contains(&b'>').then_some(())?;
        let name = trim_end(line.get(..open)?);
        let close = memrchr(b'>', line)?;
        let (time, zone) = Self::moment(line.get(close + 1..)?).unwrap_or_default();
        Some(Self { name, time, zone })
    }

    fn moment(text: &'a [u8]) -> Option<(&'a [u8], &'a [u8])> {
        let text = trim_start(text);
        let (time, rest) = text.split_at(digits_of(text));
        let rest = trim_start(rest);
        let signed = matches!(rest.first(), Some(b'+' | b'-'));
        let digits = digits_of(rest.get(1..).unwrap_or_default());
        (!time.is_empty() && signed && digits > 0).then_some(())?;
        Some((time, rest.get(..=digits)?))
    }

    /// The time as git would show it, and minutes east of UTC; a time past the end of time is 0, as in git.
    pub fn when(&self) -> (i64, i32) {
        moment(decimal(self.time), self.zone)
    }

    /// The time alone, or the last there is.
    pub fn time(&self) -> i64 {
        i64::try_from(decimal(self.time)).unwrap_or(i64::MAX)
    }
}

fn moment(time: u64, zone: &[u8]) -> (i64, i32) {
    let Ok(time) = i64::try_from(time) else {
        return (0, 0);
    };
    let (sign, digits) = match zone.split_first() {
        Some((b'-', digits)) => (-1, digits),
        Some((_, digits)) => (1, digits),
        None => (1, zone),
    };
    // Larger "zones" are nonsense; git has its own nonsense for them.
    let zone = i32::try_from(decimal(digits)).unwrap_or(0);
    let zone = if zone > 9999 { 0 } else { zone };
    (time, sign * (zone / 100 * 60 + zone % 100))
}

/// The reverse of `git log --date=raw`: `1646222400 +0100`, or nothing where git shows nothing.
pub fn raw_date(text: &str) -> (i64, i32) {
    let (time, zone) = text.split_once(' ').unwrap_or((text, ""));
    moment(number(time), zone.as_bytes())
}

/// The number that git wrote, or the largest there is; 0 for anything else.
pub fn number(text: &str) -> u64 {
    let is_number = text.bytes().all(|b| b.is_ascii_digit());
    if is_number {
        decimal(text.as_bytes())
    } else {
        0
    }
}
