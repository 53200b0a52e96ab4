//! The keys that count: ssh's allowed signers, and lines `<principal> openpgp <fingerprint>` of the same form.

use base64::prelude::{BASE64_STANDARD, Engine as _};
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use crate::core::words::CommitId;
use crate::git::Repo;

/// The word that stands where ssh has the kind of a key.
const OPENPGP: &str = "openpgp";
/// What stands before the signature of an event, and around that of ssh.
const HEADER: &str = "gpgsig";
const ARMOR: &str = "-----BEGIN SSH SIGNATURE-----";
const ARMOR_END: &str = "-----END SSH SIGNATURE-----";

#[derive(Debug, Default)]
pub(super) struct Keys {
    pub ssh: String,
    openpgp: Vec<OpenPgp>,
}

#[derive(Debug, PartialEq, Eq)]
struct OpenPgp {
    principal: String,
    fingerprint: String,
    /// Between which times it counts, in seconds since 1970.
    after: Option<i64>,
    before: Option<i64>,
}

impl Keys {
    pub fn of(text: &[u8]) -> Self {
        let mut keys = Self::default();
        for line in String::from_utf8_lossy(text).lines() {
            let mut words = line.split_whitespace();
            match words.any(|word| word == OPENPGP) && !line.starts_with('#') {
                true => keys.openpgp.extend(openpgp(line)),
                false => keys.ssh.extend([line, "\n"]),
            }
        }
        keys
    }

    pub fn fingerprints(&self) -> Vec<&str> {
        let all = self.openpgp.iter();
        all.map(|one| one.fingerprint.as_str()).collect()
    }

    /// Whose a key of openpgp is that signed then.
    pub fn principal_of(&self, fingerprint: &str, at: i64) -> Option<&str> {
        let mut all = self.openpgp.iter().filter(|one| one.counts_at(at));
        let found = all.find(|one| one.fingerprint.eq_ignore_ascii_case(fingerprint));
        found.map(|one| one.principal.as_str())
    }
}

impl OpenPgp {
    fn counts_at(&self, at: i64) -> bool {
        self.after.is_none_or(|after| at >= after) && self.before.is_none_or(|before| at < before)
    }
}

/// A line of openpgp; one that is not as it should be names nobody.
fn openpgp(line: &str) -> Option<OpenPgp> {
    let (head, fingerprint) = line.rsplit_once(OPENPGP)?;
    let fingerprint = fingerprint.split_whitespace().next()?.to_owned();
    let is_whole = matches!(fingerprint.len(), 40 | 64);
    if !is_whole || !fingerprint.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    let (principal, options) = head.trim().split_once(' ').unwrap_or((head.trim(), ""));
    let mut key = OpenPgp {
        principal: principal.to_owned(),
        fingerprint,
        after: None,
        before: None,
    };
    for option in options
        .split([',', ' '])
        .filter(|option| !option.is_empty())
    {
        let (name, value) = option.split_once('=')?;
        let value = value.trim_matches('"');
        match name.to_ascii_lowercase().as_str() {
            "valid-after" => key.after = Some(time(value)?),
            "valid-before" => key.before = Some(time(value)?),
            "namespaces" => {}
            _ => return None,
        }
    }
    (!key.principal.is_empty()).then_some(key)
}

/// `YYYYMMDD`, with `HHMM` or `HHMMSS` behind it, in UTC.
fn time(text: &str) -> Option<i64> {
    let digits = text.trim_end_matches('Z');
    let is_time = matches!(digits.len(), 8 | 12 | 14) && digits.bytes().all(|b| b.is_ascii_digit());
    let whole = format!("{digits:0<14}");
    let at = DateTime::strptime("%Y%m%d%H%M%S", whole)
        .ok()
        .filter(|_| is_time)?;
    Some(at.to_zoned(TimeZone::UTC).ok()?.timestamp().as_second())
}

/// The line for the signers file that lets the key count which signed a commit of ours.
pub fn own_line(repo: &Repo, commit: &CommitId, principal: &str) -> Option<String> {
    let args = ["cat-file", "commit", commit.as_str()];
    let text = repo.program().text("", args).ok()?;
    let (_, signature) = text.split_once(&format!("\n{HEADER} "))?;
    let Some(armored) = signature.strip_prefix(ARMOR) else {
        let log = "-c log.showSignature=false log -1 --format=%GP".split(' ');
        let key = repo.program().text("", log.chain([commit.as_str()])).ok()?;
        let key = key.trim();
        return (!key.is_empty()).then(|| format!("{principal} {OPENPGP} {key}"));
    };
    let (armored, _) = armored.split_once(ARMOR_END)?;
    let packed: String = armored.split_whitespace().collect();
    let signature = BASE64_STANDARD.decode(packed).ok()?;
    // The public key stands behind this word and a version.
    let key = field(signature.strip_prefix(b"SSHSIG")?.get(4..)?)?;
    let kind = std::str::from_utf8(field(key)?).ok()?;
    let key = BASE64_STANDARD.encode(key);
    Some(format!("{principal} namespaces=\"git\" {kind} {key}"))
}

/// The first field: its length in four bytes, and so many more.
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
        assert_eq!(limited.after, Some(1_767_312_000));
        assert_eq!(limited.before, Some(1_767_413_100));
        let counts = |at| limited.counts_at(at);
        assert_eq!(
            [1_767_311_999, 1_767_312_000, 1_767_413_099, 1_767_413_100].map(counts),
            [false, true, true, false]
        );
    }
}
