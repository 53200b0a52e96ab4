//! The keys that count: ssh's allowed signers, and lines `<principal> openpgp <fingerprint>` of the same form.

use base64::prelude::{BASE64_STANDARD, Engine as _};
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use crate::core::words::CommitId;
use crate::git::Repo;
use crate::git::record::form::{Armour, Form};

/// The word in the place of ssh's kind of a key.
const OPENPGP: &str = "openpgp";
/// The starts of ssh's words in that place.
const SSH: [&str; 3] = ["ssh-", "ecdsa-", "sk-"];
/// The lines around a signature of ssh.
const ARMOR: &str = "-----BEGIN SSH SIGNATURE-----";
const ARMOR_END: &str = "-----END SSH SIGNATURE-----";

#[derive(Debug, Default)]
pub(super) struct Keys {
    pub ssh: String,
    openpgp: Vec<OpenPgp>,
    people: Vec<NamedPerson>,
}

#[derive(Debug, PartialEq, Eq)]
struct OpenPgp {
    principal: String,
    fingerprint: String,
    span: Span,
}

/// The times between which a line counts, in seconds since 1970.
#[derive(Debug, Default, PartialEq, Eq)]
struct Span {
    after: Option<i64>,
    before: Option<i64>,
}

/// One person with all their names and keys. Names with a key in common belong to the same person.
#[derive(Debug, Default)]
struct NamedPerson {
    names: Vec<String>,
    keys: Vec<String>,
}

impl NamedPerson {
    fn is(&self, names: &[String], key: &str) -> bool {
        self.keys.iter().any(|own| own == key) || names.iter().any(|name| self.names.contains(name))
    }
}

impl Keys {
    pub fn of(text: &[u8]) -> Self {
        let mut keys = Self::default();
        let text = String::from_utf8_lossy(text);
        for line in text.lines().filter(|line| names_somebody(line)) {
            let mut words = line.split_whitespace();
            match words.any(|word| word == OPENPGP) && !line.starts_with('#') {
                true => keys.openpgp.extend(openpgp(line)),
                false => keys.ssh.extend([line, "\n"]),
            }
            if let Some((names, key)) = named(line) {
                keys.add(names, key);
            }
        }
        keys
    }

    fn add(&mut self, names: &str, key: &str) {
        let names = names.trim_matches('"').to_lowercase();
        let names: Vec<String> = names.split(',').map(str::to_owned).collect();
        let people = std::mem::take(&mut self.people).into_iter();
        let (same, others): (Vec<_>, Vec<_>) = people.partition(|one| one.is(&names, key));
        self.people = others;
        let mut person = NamedPerson::default();
        for one in same {
            person.names.extend(one.names);
            person.keys.extend(one.keys);
        }
        person.names.extend(names);
        person.keys.push(key.to_owned());
        self.people.push(person);
    }

    /// Returns the first name of the person who has this name on some line.
    pub fn person<'n>(&'n self, name: &'n str) -> &'n str {
        let small = name.to_lowercase();
        let mut people = self.people.iter();
        let person = people.find(|one| {
            small
                .split(',')
                .any(|name| one.names.iter().any(|own| own == name))
        });
        let first = person.and_then(|person| person.names.first());
        first
            .filter(|first| **first != small)
            .map_or(name, String::as_str)
    }

    /// Returns whether an ssh line has the key that a signature names, and counts at that time. For the key of a
    /// certificate, each line with `cert-authority` may be the right one.
    pub fn may_sign(&self, signature: &str, at: i64) -> bool {
        let Some((kind, key)) = signing_key(signature) else {
            return true;
        };
        let is_certificate = kind.contains("-cert-");
        let mut lines = self.ssh.lines().filter(|line| !line.starts_with('#'));
        lines.any(|line| {
            let is_its = named(line).is_some_and(|(_, own)| own == key)
                || is_certificate && line.contains("cert-authority");
            let end = line.find(|c: char| c.is_whitespace()).unwrap_or(line.len());
            is_its && Span::of(&line[end..]).is_none_or(|span| span.counts_at(at))
        })
    }

    /// Returns why ssh-keygen does not accept the line with the key of a signature, by its words `FILE:LINE: WHY`, and the
    /// line to write.
    pub fn fault(&self, signature: &str, words: &str) -> Option<String> {
        let (kind, key) = signing_key(signature)?;
        let (line, why) = words.lines().find_map(|told| {
            let (place, why) = told.split_once(": ")?;
            let number: usize = place.rsplit_once(':')?.1.parse().ok()?;
            let line = self.ssh.lines().nth(number.checked_sub(1)?)?;
            let is_its = named(line).is_some_and(|(_, own)| own == key);
            is_its.then_some((line, why))
        })?;
        let line = for_git(line, &format!("{kind} {key}"))?;
        Some(format!(
            "the signers file does not accept its key ({why}); write this line instead: {line}"
        ))
    }

    pub fn fingerprints(&self) -> Vec<&str> {
        let all = self.openpgp.iter();
        all.map(|one| one.fingerprint.as_str()).collect()
    }

    /// Returns the person whose openpgp key this was at that time.
    pub fn principal_of(&self, fingerprint: &str, at: i64) -> Option<&str> {
        let mut all = self.openpgp.iter().filter(|one| one.span.counts_at(at));
        let found = all.find(|one| one.fingerprint.eq_ignore_ascii_case(fingerprint));
        found.map(|one| self.person(&one.principal))
    }
}

impl Span {
    /// Reads the times in the options of a line; `None` if their form is unknown.
    fn of(options: &str) -> Option<Self> {
        let mut span = Self::default();
        for option in options.split([',', ' ', '\t']) {
            let (name, value) = option.split_once('=').unwrap_or((option, ""));
            let value = value.trim_matches('"');
            match name.to_ascii_lowercase().as_str() {
                "valid-after" => span.after = Some(time(value)?),
                "valid-before" => span.before = Some(time(value)?),
                _ => {}
            }
        }
        Some(span)
    }

    fn counts_at(&self, at: i64) -> bool {
        self.after.is_none_or(|after| at >= after) && self.before.is_none_or(|before| at < before)
    }
}

/// Reads a line of openpgp. A malformed line names nobody.
fn openpgp(line: &str) -> Option<OpenPgp> {
    let (head, fingerprint) = line.rsplit_once(OPENPGP)?;
    let fingerprint = fingerprint.split_whitespace().next()?.to_owned();
    let is_whole = matches!(fingerprint.len(), 40 | 64);
    if !is_whole || !fingerprint.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    let (principal, options) = head.trim().split_once(' ').unwrap_or((head.trim(), ""));
    let options: Vec<&str> = options
        .split([',', ' '])
        .filter(|one| !one.is_empty())
        .collect();
    let key = OpenPgp {
        principal: principal.to_owned(),
        fingerprint,
        span: Span::of(&options.join(","))?,
    };
    let is_known = options.iter().all(|option| {
        let name = option.split('=').next().unwrap_or_default();
        let name = name.to_ascii_lowercase();
        option.contains('=') && ["valid-after", "valid-before", "namespaces"].contains(&&*name)
    });
    (!key.principal.is_empty() && is_known).then_some(key)
}

/// Returns the names of a line, and its key.
pub fn named(line: &str) -> Option<(&str, &str)> {
    let (names, rest) = split_names(line).filter(|(names, _)| !names.starts_with('#'))?;
    let mut words = rest.split_whitespace();
    words.find(|word| is_kind(word))?;
    Some((names, words.next()?))
}

fn is_kind(word: &str) -> bool {
    word == OPENPGP || SSH.iter().any(|start| word.starts_with(start))
}

/// Splits a line after its names, which may be in quotes.
fn split_names(line: &str) -> Option<(&str, &str)> {
    match line.trim_start().strip_prefix('"') {
        Some(quoted) => quoted.split_once('"'),
        None => line.trim_start().split_once(|c: char| c.is_whitespace()),
    }
}

/// Returns whether a line names people. A pattern could match a name of another line, so one person could count as two.
/// The names of a certificate come from the certificate.
fn names_somebody(line: &str) -> bool {
    let Some((names, rest)) = split_names(line) else {
        return true;
    };
    let mut options = rest.split_whitespace().take_while(|word| !is_kind(word));
    !names.contains(['*', '?', '!'])
        || options.any(|word| {
            word.split(',')
                .any(|one| one.eq_ignore_ascii_case("cert-authority"))
        })
}

/// Returns a line that accepts its key for git, with the same names and dates.
fn for_git(line: &str, key: &str) -> Option<String> {
    let (names, rest) = line.split_once(|c: char| c.is_whitespace())?;
    let dates = rest.split([',', ' ', '\t']).filter_map(|option| {
        let (name, value) = option.split_once('=')?;
        let is_date = ["valid-after", "valid-before"].contains(&&*name.to_ascii_lowercase());
        is_date.then(|| format!("{name}=\"{}\"", value.trim_matches('"')))
    });
    let options: Vec<String> = dates.chain(["namespaces=\"git\"".to_owned()]).collect();
    Some(format!("{names} {} {key}", options.join(",")))
}

/// Parses `YYYYMMDD`, with an optional `HHMM` or `HHMMSS` behind it, in UTC.
fn time(text: &str) -> Option<i64> {
    let digits = text.trim_end_matches('Z');
    let is_time = matches!(digits.len(), 8 | 12 | 14) && digits.bytes().all(|b| b.is_ascii_digit());
    let whole = format!("{digits:0<14}");
    let at = DateTime::strptime("%Y%m%d%H%M%S", whole)
        .ok()
        .filter(|_| is_time)?;
    Some(at.to_zoned(TimeZone::UTC).ok()?.timestamp().as_second())
}

/// Returns the line for the signers file that accepts the key that signed a commit of ours.
pub fn own_line(repo: &Repo, commit: &CommitId, principal: &str) -> Option<String> {
    let args = ["cat-file", "commit", commit.as_str()];
    let text = repo.program().text("", args).ok()?;
    let form = Form::of(commit, &text)?;
    if form.armour != Armour::Ssh {
        let log = "-c log.showSignature=false log -1 --format=%GP".split(' ');
        let key = repo.program().text("", log.chain([commit.as_str()])).ok()?;
        let key = key.trim();
        return (!key.is_empty()).then(|| format!("{principal} {OPENPGP} {key}"));
    }
    let (kind, key) = signing_key(&form.signature)?;
    Some(format!("{principal} namespaces=\"git\" {kind} {key}"))
}

/// Returns the public key inside a signature of ssh: its kind, and the whole key as a line has it.
fn signing_key(signature: &str) -> Option<(String, String)> {
    let (armored, _) = signature.strip_prefix(ARMOR)?.split_once(ARMOR_END)?;
    let packed: String = armored.split_whitespace().collect();
    let signature = BASE64_STANDARD.decode(packed).ok()?;
    // The key follows this word and a version.
    let key = field(signature.strip_prefix(b"SSHSIG")?.get(4..)?)?;
    let kind = std::str::from_utf8(field(key)?).ok()?.to_owned();
    Some((kind, BASE64_STANDARD.encode(key)))
}

/// Returns the first field: its length in four bytes, then its content.
fn field(bytes: &[u8]) -> Option<&[u8]> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    rest.get(..usize::try_from(u32::from_be_bytes(*length)).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_openpgp_are_told_from_those_of_ssh() {
        let fingerprint = "0123456789abcdef0123456789ABCDEF01234567";
        let text = format!(
            "# openpgp\nada@example.com ssh-ed25519 AAAA\nben@example.com openpgp {fingerprint}\n\
             cem@example.com valid-after=\"20260102Z\",valid-before=\"202601030405Z\" openpgp {}\n\
             x openpgp 1234\nx other=\"1\" openpgp {fingerprint}\nopenpgp {fingerprint}\n",
            "f".repeat(40)
        );
        let keys = Keys::of(text.as_bytes());
        assert_eq!(keys.ssh, "# openpgp\nada@example.com ssh-ed25519 AAAA\n");
        assert_eq!(keys.openpgp.len(), 2);
        let upper = fingerprint.to_uppercase();
        assert_eq!(keys.principal_of(&upper, 0), Some("ben@example.com"));
        assert_eq!(keys.principal_of(&"e".repeat(40), 0), None);
        let limited = &keys.openpgp[1];
        assert_eq!(limited.span.after, Some(1_767_312_000));
        assert_eq!(limited.span.before, Some(1_767_413_100));
        let counts = |at| limited.span.counts_at(at);
        assert_eq!(
            [1_767_311_999, 1_767_312_000, 1_767_413_099, 1_767_413_100].map(counts),
            [false, true, true, false]
        );
    }

    #[test]
    fn whoever_has_a_key_is_all_whose_names_stand_at_it() {
        let key = "f".repeat(40);
        let text = format!(
            "Ada@old.example valid-before=\"20260101Z\" ssh-ed25519 AAAA\n# eve@x ssh-ed25519 AAAA\n\
             ada@example.com valid-after=\"20260101Z\",namespaces=\"git\" ssh-ed25519 AAAA ada\n\
             rosi@x,r@x ssh-rsa BBBB\nada@example.com openpgp {key}\nada@third.example openpgp {key}\n"
        );
        let keys = Keys::of(text.as_bytes());
        for (name, person) in [
            ("Ada@old.example", "Ada@old.example"),
            ("ada@example.com", "ada@old.example"),
            ("Ada@Third.example", "ada@old.example"),
            ("r@x", "rosi@x"),
            ("rosi@x,r@x", "rosi@x"),
            ("eve@x", "eve@x"),
        ] {
            assert_eq!(keys.person(name), person);
        }
        assert_eq!(keys.principal_of(&key, 0), Some("ada@old.example"));
    }

    #[test]
    fn a_line_with_a_pattern_names_nobody() {
        let key = "ssh-ed25519 AAAA";
        for (line, counts) in [
            ("ada@example.com", true),
            ("*@example.com", false),
            ("ad?@example.com namespaces=\"git\"", false),
            ("!eve@example.com,*@example.com", false),
            ("\"ada@example.com,*@example.com\"", false),
            ("\"x y,*@example.com\" namespaces=\"git\"", false),
            (" *@example.com", false),
            ("ada@example.com namespaces=\"g*\"", true),
            ("*@example.com cert-authority", true),
            ("*@example.com namespaces=\"git\",Cert-Authority", true),
        ] {
            let keys = Keys::of(format!("{line} {key} cert-authority?\n").as_bytes());
            assert_eq!(!keys.ssh.is_empty(), counts, "{line}");
            assert_eq!(!keys.people.is_empty(), counts, "{line}");
        }
        let openpgp = format!("*@example.com openpgp {}", "f".repeat(40));
        assert!(Keys::of(openpgp.as_bytes()).openpgp.is_empty());
    }
}
