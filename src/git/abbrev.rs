//! How long `git log --oneline` abbreviates a commit's name: `core.abbrev`, the number of objects, and what is unique.

use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use git2::{ErrorCode, Odb, Oid};

use super::Unreadable;
use super::config::GitConfig;

/// The digits of a full SHA-1 name.
const FULL: usize = 40;
/// git goes no shorter than this by itself, however small the repository.
const FALLBACK: usize = 7;
/// git accepts no shorter wish than this.
const SHORTEST: usize = 4;
/// git follows alternates of alternates this far.
const DEPTH: usize = 5;

/// The length at which abbreviations start in this repository.
///
/// # Errors
/// When the wish is one that git alone can judge, or the packs cannot be counted as git counts them.
pub fn length(config: &GitConfig, objects: &Path) -> Result<usize, Unreadable> {
    let wish = config.get("core.abbrev").unwrap_or("auto").to_ascii_lowercase();
    match wish.as_str() {
        "auto" => Ok(length_for(count_packed(objects, DEPTH)?)),
        "no" | "off" | "false" => Ok(FULL),
        number => {
            let plain = !number.starts_with(['0', '+']);
            let length = number.parse().ok().filter(|length| plain && (SHORTEST..=FULL).contains(length));
            length.ok_or(Unreadable)
        }
    }
}

/// The shortest abbreviation of `full`, of at least `length` digits that no other object shares.
///
/// # Errors
/// When the database cannot be read.
pub fn shortest(odb: &Odb<'_>, id: Oid, full: &str, length: usize) -> Result<String, Unreadable> {
    for length in length..FULL {
        match odb.exists_prefix(id, length) {
            Ok(_) => return Ok(full.get(..length).unwrap_or(full).to_owned()),
            Err(error) if error.code() == ErrorCode::Ambiguous => {}
            Err(_) => return Err(Unreadable),
        }
    }
    Ok(full.to_owned())
}

/// git's formula: 2^n objects are expected to collide at n/2 bits, and a digit has four.
fn length_for(objects: u64) -> usize {
    // git takes the place of the highest bit as 0 where there is none.
    let bits = objects.checked_ilog2().unwrap_or(0) + 1;
    FALLBACK.max(bits.div_ceil(2) as usize)
}

/// git's `repo_approximate_object_count`: what is packed here and in the alternates; loose objects do not count.
fn count_packed(objects: &Path, depth: usize) -> Result<u64, Unreadable> {
    let mut count = count_in(&objects.join("pack"))?;
    for alternate in alternates(objects)? {
        // An alternate that is gone is passed over, as git does after a warning.
        if depth > 0 && alternate.is_dir() {
            count += count_packed(&alternate, depth - 1)?;
        }
    }
    Ok(count)
}

fn count_in(pack: &Path) -> Result<u64, Unreadable> {
    let Ok(entries) = fs::read_dir(pack) else { return Ok(0) };
    let mut count = 0;
    for entry in entries {
        let path = entry.map_err(|_| Unreadable)?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        // With a multi-pack-index the count depends on which packs git has touched so far: only git knows that.
        if name.starts_with("multi-pack-index") {
            return Err(Unreadable);
        }
        if name.ends_with(".idx") && path.with_extension("pack").is_file() {
            count += u64::from(count_in_index(&path).ok_or(Unreadable)?);
        }
    }
    Ok(count)
}

/// The last entry of a pack index's fan-out table.
fn count_in_index(path: &Path) -> Option<u32> {
    const MAGIC: [u8; 4] = *b"\xfftOc";
    let mut file = File::open(path).ok()?;
    let mut word = [0; 4];
    file.read_exact(&mut word).ok()?;
    let header = if word == MAGIC { 8 } else { 0 };
    file.seek(SeekFrom::Start(header + 255 * 4)).ok()?;
    file.read_exact(&mut word).ok()?;
    Some(u32::from_be_bytes(word))
}

/// The other object folders that this one borrows from.
fn alternates(objects: &Path) -> Result<Vec<PathBuf>, Unreadable> {
    let Ok(text) = fs::read_to_string(objects.join("info/alternates")) else { return Ok(Vec::new()) };
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    // A quoted name is rare enough to leave to git.
    lines.map(|line| if line.starts_with('"') { Err(Unreadable) } else { Ok(objects.join(line)) }).collect()
}
