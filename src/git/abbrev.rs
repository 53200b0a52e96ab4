//! How far `git log --oneline` spells a commit's name: `core.abbrev`, the number of objects, packed and loose, here and in
//! alternates, and how far one must be spelled to be told from the others.
//!
//! The library answers that too, by looking for a loose file each time; a list of thousands feels it.

use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};

use git2::Oid;

use crate::git::Unreadable;
use crate::git::config::GitConfig;

/// The digits of a full SHA-1 name.
const FULL: usize = 40;
/// git goes no shorter than this by itself, however small the repository.
const FALLBACK: usize = 7;
/// git accepts no shorter wish than this.
const SHORTEST: usize = 4;

/// Bytes in a name, and entries in a pack index's fan-out table.
const SIZE: usize = 20;
const FAN: usize = 256;
/// How many names are read at a time from a pack that is too large to be read at once.
const WINDOW: usize = 96;
/// How many names a pack may have to be read at once.
const SMALL: usize = 4096;
/// git follows alternates of alternates this far.
const DEPTH: usize = 5;

type Name = [u8; SIZE];

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

#[derive(Default)]
pub struct Names {
    packs: Vec<Pack>,
    loose: Vec<Loose>,
}

impl Names {
    /// Finds out what there is, and reads names only when they are needed.
    pub fn new(objects: &Path) -> Result<Self, Unreadable> {
        let mut names = Self::default();
        names.add(objects, DEPTH)?;
        Ok(names)
    }

    /// git's `repo_approximate_object_count`: loose objects do not count.
    pub fn packed(&self) -> usize {
        self.packs.iter().map(|pack| pack.fan[FAN - 1]).sum()
    }

    /// How many digits a name has in common with the other that is most like it.
    pub fn shared(&mut self, name: &Name) -> Result<usize, Unreadable> {
        let mut most = 0;
        for loose in &mut self.loose {
            most = most.max(loose.shared(name));
        }
        for pack in &mut self.packs {
            most = most.max(pack.shared(name)?);
        }
        Ok(most)
    }

    fn add(&mut self, objects: &Path, depth: usize) -> Result<(), Unreadable> {
        self.loose.push(Loose {
            objects: objects.to_owned(),
            folders: vec![None; FAN],
        });
        for entry in fs::read_dir(objects.join("pack")).into_iter().flatten() {
            let path = entry?.path();
            // With a multi-pack-index the count depends on which packs git has touched so far: only git knows that.
            if path
                .file_stem()
                .is_some_and(|name| name == "multi-pack-index")
            {
                return Err(Unreadable);
            }
            if path.extension().is_some_and(|end| end == "idx")
                && path.with_extension("pack").is_file()
            {
                self.packs.push(Pack::open(&path)?);
            }
        }
        let alternates = fs::read_to_string(objects.join("info/alternates")).unwrap_or_default();
        for line in alternates.lines() {
            let alternate = objects.join(line);
            match line.bytes().next() {
                None | Some(b'#') => {}
                // A quoted name is rare enough to leave to git.
                Some(b'"') => return Err(Unreadable),
                // One that is gone is passed over, as git does after a warning.
                Some(_) if depth == 0 || !alternate.is_dir() => {}
                Some(_) => self.add(&alternate, depth - 1)?,
            }
        }
        Ok(())
    }
}

/// The most hex digits that a name has in common with any of these, itself left out.
fn most_common<'n>(name: &Name, names: impl Iterator<Item = &'n Name>) -> usize {
    let others = names.filter(|other| *other != name);
    let common = others.map(|other| {
        let bytes = name.iter().zip(other).take_while(|(a, b)| a == b).count();
        2 * bytes + usize::from(name[bytes] >> 4 == other[bytes] >> 4)
    });
    common.max().unwrap_or(0)
}

/// The index of one pack, of version 2.
struct Pack {
    file: File,
    fan: Vec<usize>,
    /// All names, of a small pack.
    names: Vec<u8>,
}

impl Pack {
    const HEAD: usize = 8;

    fn open(path: &Path) -> Result<Self, Unreadable> {
        const MAGIC: &[u8] = b"\xfftOc\0\0\0\x02";
        let mut file = File::open(path)?;
        let mut head = [0; Self::HEAD + 4 * FAN];
        file.read_exact(&mut head)?;
        let table = head.strip_prefix(MAGIC).ok_or(Unreadable)?;
        let words = table.as_chunks().0.iter();
        let fan: Vec<_> = words
            .map(|word| u32::from_be_bytes(*word) as usize)
            .collect();
        let names = Vec::new();
        let is_sound = fan.is_sorted();
        is_sound
            .then_some(Self { file, fan, names })
            .ok_or(Unreadable)
    }

    fn shared(&mut self, name: &Name) -> Result<usize, Unreadable> {
        let first = usize::from(name[0]);
        let start = first.checked_sub(1).map_or(0, |before| self.fan[before]);
        let (end, count) = (self.fan[first], self.fan[FAN - 1]);
        if count > SMALL {
            return self.shared_between(name, start, end);
        }
        if self.names.is_empty() {
            self.names = self.read(0, count)?;
        }
        let names = self.names.get(start * SIZE..end * SIZE);
        Ok(most_like(name, names.unwrap_or_default()))
    }

    /// Looks where the name should be if names are spread evenly, which hashes are, and halves from there.
    fn shared_between(
        &mut self,
        name: &Name,
        start: usize,
        end: usize,
    ) -> Result<usize, Unreadable> {
        let (mut low, mut high) = (start, end);
        let spread = u32::from_be_bytes([name[1], name[2], name[3], name[4]]);
        let mut guess = start + (((end - start) as u64 * u64::from(spread)) >> 32) as usize;
        loop {
            let last = high.saturating_sub(WINDOW).max(low);
            let from = guess.saturating_sub(WINDOW / 2).clamp(low, last);
            let to = (from + WINDOW).min(high);
            let names = self.read(from, to)?;
            let (head, tail) = (names.first_chunk(), names.last_chunk());
            if from > low && head.is_some_and(|head| name <= head) {
                // Two stay within reach: the name itself, if it is the first, and its neighbour.
                high = from + 2;
            } else if to < high && tail.is_some_and(|tail| name >= tail) {
                low = to - 2;
            } else {
                return Ok(most_like(name, &names));
            }
            guess = low.midpoint(high);
        }
    }

    fn read(&mut self, from: usize, to: usize) -> Result<Vec<u8>, Unreadable> {
        let mut names = vec![0; (to - from) * SIZE];
        let place = Self::HEAD + 4 * FAN + from * SIZE;
        // One call in place of two, for each name of a long list.
        #[cfg(unix)]
        std::os::unix::fs::FileExt::read_exact_at(&self.file, &mut names, place as u64)?;
        #[cfg(not(unix))]
        {
            use std::io::{Seek as _, SeekFrom};
            self.file.seek(SeekFrom::Start(place as u64))?;
            self.file.read_exact(&mut names)?;
        }
        Ok(names)
    }
}

/// The most that a name has in common with its neighbours among sorted names.
fn most_like(name: &Name, sorted: &[u8]) -> usize {
    let names = sorted.as_chunks::<SIZE>().0;
    let place = names.partition_point(|other| other < name);
    let around = names.iter().skip(place.saturating_sub(1));
    most_common(name, around.take(place + 2 - place.saturating_sub(1)))
}

/// The loose objects in one folder, by the first byte of their names.
struct Loose {
    objects: PathBuf,
    folders: Vec<Option<Vec<Name>>>,
}

impl Loose {
    fn shared(&mut self, name: &Name) -> usize {
        let folder = &mut self.folders[usize::from(name[0])];
        let names = folder.get_or_insert_with(|| {
            let first = format!("{:02x}", name[0]);
            let entries = fs::read_dir(self.objects.join(&first));
            let entries = entries.into_iter().flatten().flatten();
            let names = entries.filter_map(|entry| {
                let rest = entry.file_name();
                let rest = rest.to_str().filter(|rest| rest.len() == 2 * (SIZE - 1))?;
                let id = Oid::from_str(&format!("{first}{rest}")).ok()?;
                id.as_bytes().try_into().ok()
            });
            names.collect()
        });
        most_common(name, names.iter())
    }
}
