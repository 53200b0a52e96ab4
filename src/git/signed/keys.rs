//! The file of the keys that count: ssh's allowed signers, which `ssh-keygen` reads itself, and lines of the same form for
//! keys of openpgp: `<principal> openpgp <fingerprint>`.

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
    /// The lines that are ssh's.
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

fn number(digits: &str, from: usize, to: usize) -> Option<i8> {
    digits.get(from..to)?.parse().ok()
}

/// `YYYYMMDD`, with `HHMM` or `HHMMSS` behind it, in UTC.
fn time(text: &str) -> Option<i64> {
    let digits = text.trim_end_matches('Z');
    let clock = match digits.len() {
        8 => (0, 0, 0),
        12 => (number(digits, 8, 10)?, number(digits, 10, 12)?, 0),
        14 => (
            number(digits, 8, 10)?,
            number(digits, 10, 12)?,
            number(digits, 12, 14)?,
        ),
        _ => return None,
    };
    let year = digits.get(..4)?.parse().ok()?;
    let day = jiff::civil::Date::new(year, number(digits, 4, 6)?, number(digits, 6, 8)?).ok()?;
    let time = jiff::civil::Time::new(clock.0, clock.1, clock.2, 0).ok()?;
    let at = jiff::civil::DateTime::from_parts(day, time);
    let at = at.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
    Some(at.timestamp().as_second())
}

/// The line for the signers file that lets the key count which signed a commit of ours: of ssh the key itself, which its
/// signature holds.
pub fn own_line(repo: &Repo, commit: &CommitId, principal: &str) -> Option<String> {
    let args = ["cat-file", "commit", commit.as_str()];
    let text = repo.program().read("", args).ok()?;
    let text = String::from_utf8_lossy(&text);
    let (_, signature) = text.split_once(&format!("\n{HEADER} "))?;
    let Some(armored) = signature.strip_prefix(ARMOR) else {
        let args = [
            "-c",
            "log.showSignature=false",
            "log",
            "-1",
            "--format=%GP",
            commit.as_str(),
        ];
        let key = repo.program().read("", args).ok()?;
        let key = String::from_utf8_lossy(&key).trim().to_owned();
        return (!key.is_empty()).then(|| format!("{principal} {OPENPGP} {key}"));
    };
    let (armored, _) = armored.split_once(ARMOR_END)?;
    let packed: String = armored.split_whitespace().collect();
    let key = public_key(&unpacked(&packed)?)?;
    let kind = field(&key)?;
    let kind = String::from_utf8(kind.to_vec()).ok()?;
    Some(format!(
        "{principal} namespaces=\"git\" {kind} {}",
        packed_of(&key)
    ))
}

/// The public key that a signature of ssh holds: behind `SSHSIG` and a version.
fn public_key(signature: &[u8]) -> Option<Vec<u8>> {
    Some(field(signature.strip_prefix(b"SSHSIG")?.get(4..)?)?.to_vec())
}

/// The first field: its length in four bytes, and so many more.
fn field(bytes: &[u8]) -> Option<&[u8]> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    rest.get(..usize::try_from(u32::from_be_bytes(*length)).ok()?)
}

const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// What Base64 (RFC 4648) stands for.
fn unpacked(text: &str) -> Option<Vec<u8>> {
    let (mut bytes, mut held, mut bits) = (Vec::new(), 0_u32, 0);
    for digit in text.trim_end_matches('=').bytes() {
        let value = DIGITS.iter().position(|one| *one == digit)?;
        held = (held << 6) | u32::try_from(value).ok()?;
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from((held >> bits) & 0xff).ok()?);
        }
    }
    Some(bytes)
}

/// Bytes as Base64.
fn packed_of(bytes: &[u8]) -> String {
    let mut text = String::new();
    for part in bytes.chunks(3) {
        let held = (0..3).fold(0_usize, |held, nth| {
            (held << 8) | usize::from(part.get(nth).copied().unwrap_or(0))
        });
        for nth in 0..4 {
            let digit = DIGITS.get((held >> (18 - 6 * nth)) & 63).copied();
            text.push(if nth <= part.len() {
                char::from(digit.unwrap_or(b'='))
            } else {
                '='
            });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_comes_back_as_it_was() {
        for length in 0..70_u8 {
            let bytes: Vec<u8> = (0..length).map(|nth| nth.wrapping_mul(37)).collect();
            assert_eq!(unpacked(&packed_of(&bytes)), Some(bytes));
        }
        assert_eq!(packed_of(b"Ada"), "QWRh");
        assert_eq!(packed_of(b"Ad"), "QWQ=");
        assert_eq!(packed_of(b"A"), "QQ==");
        assert_eq!(unpacked("Q Q"), None);
    }

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
