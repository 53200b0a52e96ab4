//! How far `git log --oneline` spells a commit's name: `core.abbrev`, the number of objects, and what is unique.

use std::path::Path;

use git2::Oid;

use crate::git::Unreadable;
use crate::git::config::GitConfig;
use crate::git::names::Names;

/// The digits of a full SHA-1 name.
const FULL: usize = 40;
/// git goes no shorter than this by itself, however small the repository.
const FALLBACK: usize = 7;
/// git accepts no shorter wish than this.
const SHORTEST: usize = 4;

/// Shortens names as git does in one repository.
pub struct Abbreviation {
    names: Names,
    /// Where to start.
    length: usize,
}

impl Abbreviation {
    /// Fails where git alone can judge the wish, or count the objects.
    pub fn new(config: &GitConfig, objects: &Path) -> Result<Self, Unreadable> {
        let names = Names::new(objects)?;
        let wish = config.get("core.abbrev").unwrap_or("auto");
        let length = match wish.to_ascii_lowercase().as_str() {
            "auto" => length_for(names.packed()),
            "no" | "off" | "false" => FULL,
            number => {
                let plain = !number.starts_with(['0', '+']);
                let length = number.parse().ok().filter(|_| plain);
                let length = length.filter(|length| (SHORTEST..=FULL).contains(length));
                length.ok_or(Unreadable)?
            }
        };
        Ok(Self { names, length })
    }

    /// The shortest spelling that no other object shares, of `full`, which is `id` in digits.
    pub fn shorten(&mut self, id: Oid, full: &str) -> Result<String, Unreadable> {
        let name = id.as_bytes().try_into().map_err(|_| Unreadable)?;
        if self.length == FULL {
            return Ok(full.to_owned());
        }
        let needed = self.length.max(self.names.shared(name)? + 1);
        Ok(full.get(..needed).unwrap_or(full).to_owned())
    }
}

/// git's formula: 2^n objects are expected to collide at n/2 bits, and a digit has four.
fn length_for(objects: usize) -> usize {
    // git takes the place of the highest bit as 0 where there is none.
    let bits = objects.checked_ilog2().unwrap_or(0) + 1;
    FALLBACK.max(bits.div_ceil(2) as usize)
}
