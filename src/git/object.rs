//! Commit objects, read as git reads them: only the parts that a list shows. What no git writes is left to git.

use git2::Oid;
use memchr::arch::all::memchr::One;

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
    /// True if the commit says that it has another encoding than UTF-8.
    pub foreign: bool,
}

/// Returns the parents, in order, and the commit's time.
pub fn links(raw: &[u8]) -> Result<(Vec<Oid>, u64), Unreadable> {
    let rest = raw.strip_prefix(b"tree ").and_then(|rest| rest.get(41..));
    let mut rest = rest.ok_or(Unreadable)?;
    let mut parents = Vec::with_capacity(2);
    while let Some(line) = rest.strip_prefix(b"parent ") {
        parents.push(line.get(..40).and_then(id).ok_or(Unreadable)?);
        rest = line.get(41..).ok_or(Unreadable)?;
    }
    let (author, rest) = split_line(rest);
    let committer = split_line(rest).0.strip_prefix(b"committer ");
    let committer = committer.filter(|_| author.starts_with(b"author "));
    let (seconds, _) = Ident::read(committer.ok_or(Unreadable)?)?.when;
    Ok((parents, seconds.unsigned_abs()))
}

/// Reads a hash as git writes it.
fn id(hex: &[u8]) -> Option<Oid> {
    let digit = |byte| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let mut bytes = [0; 20];
    for (byte, [high, low]) in bytes.iter_mut().zip(hex.as_chunks().0) {
        *byte = digit(*high)? << 4 | digit(*low)?;
    }
    Oid::from_bytes(&bytes).ok()
}

/// Reads what a list shows. As in git, the text ends at the first NUL.
pub fn shown(raw: &[u8]) -> Result<Shown<'_>, Unreadable> {
    let (mut rest, _) = raw.split_at(find(0, raw).unwrap_or(raw.len()));
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

/// Returns whether git takes an encoding's name to mean UTF-8.
pub fn is_utf8(name: &str) -> bool {
    matches!(name.to_ascii_lowercase().as_str(), "utf-8" | "utf8")
}

/// Returns the first paragraph in one line, as git's `format_subject` does.
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

/// Removes the space at the end. Unlike ASCII's, git's idea of space has no form feed.
fn trim_end(line: &[u8]) -> &[u8] {
    let last = line
        .iter()
        .rposition(|b| !matches!(b, b' ' | b'\t' | b'\n' | b'\r'));
    line.split_at(last.map_or(0, |last| last + 1)).0
}

/// Finds a byte without asking for the processor's instructions: on a virtual machine that takes 3 % of a week's list.
fn find(byte: u8, text: &[u8]) -> Option<usize> {
    One::new(byte).find(text)
}

/// Returns the first line without its end, and the rest.
fn split_line(text: &[u8]) -> (&[u8], &[u8]) {
    let (line, rest) = text.split_at(find(b'\n', text).unwrap_or(text.len()));
    (line, rest.get(1..).unwrap_or_default())
}

impl<'a> Ident<'a> {
    fn read(line: &'a [u8]) -> Result<Self, Unreadable> {
        let (open, close) = (find(b'<', line), One::new(b'>').rfind(line));
        let (open, close) = open.zip(close).ok_or(Unreadable)?;
        let moment = line.get(close + 1..).and_then(|end| end.strip_prefix(b" "));
        let when = moment.and_then(when);
        Ok(Self {
            name: trim_end(line.get(..open).ok_or(Unreadable)?),
            when: when.ok_or(Unreadable)?,
        })
    }
}

/// Reads `1646222400 +0100`: seconds since 1970, and minutes east of UTC.
pub fn when(moment: &[u8]) -> Option<(i64, i32)> {
    let (seconds, zone) = moment.split_at(find(b' ', moment)?);
    let (sign, digits) = match zone {
        [b' ', b'+', digits @ ..] => (1, digits),
        [b' ', b'-', digits @ ..] => (-1, digits),
        _ => return None,
    };
    let zone = number(digits).filter(|_| digits.len() == 4)?;
    let zone = i32::try_from(zone).ok()?;
    Some((number(seconds)?, sign * (zone / 100 * 60 + zone % 100)))
}

/// Reads digits, and nothing but digits. A number that is too large is left to git.
fn number(digits: &[u8]) -> Option<i64> {
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    digits.iter().try_fold(0_i64, |all, digit| {
        all.checked_mul(10)?.checked_add(i64::from(digit - b'0'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_digits_and_a_zone_and_the_rest_is_for_git() {
        assert_eq!(when(b"1646222400 +0130"), Some((1_646_222_400, 90)));
        assert_eq!(when(b"0 -0330"), Some((0, -210)));
        assert_eq!(when(b"9223372036854775807 +0000"), Some((i64::MAX, 0)));
        for odd in [
            "",
            " +0000",
            "1",
            "-1 +0000",
            "1 0000",
            "1 +000",
            "1 +00000",
            "1 + 000",
            "9223372036854775808 +0000",
        ] {
            assert_eq!(when(odd.as_bytes()), None, "{odd}");
        }
    }

    #[test]
    fn a_parent_is_a_hash_as_git_writes_it() {
        let commit = |parent: &str| {
            let who = "Ada <ada@example.com> 1 +0000";
            let tree = "0".repeat(40);
            format!("tree {tree}\nparent {parent}\nauthor {who}\ncommitter {who}\n\nx\n")
        };
        let parent = "0123456789abcdef0123456789abcdef01234567";
        let (parents, date) = links(commit(parent).as_bytes()).unwrap();
        assert_eq!((parents[0].to_string(), date), (parent.to_owned(), 1));
        for odd in [&parent.to_uppercase(), &parent[1..], "", &"g".repeat(40)] {
            assert!(links(commit(odd).as_bytes()).is_err(), "{odd}");
        }
    }
}
