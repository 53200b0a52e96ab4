//! The names of all objects, packed and loose, here and in alternates: how many there are, and how far one must be
//! spelled to be told from the others.
//!
//! The library answers that too, by looking for a loose file each time; a list of thousands feels it.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use crate::git::Unreadable;

/// Bytes in a name, and entries in a pack index's fan-out table.
const SIZE: usize = 20;
const FAN: usize = 256;
/// How many names are read at a time from a pack that is too large to be read at once.
const WINDOW: usize = 96;
/// How many names a pack may have to be read at once.
const SMALL: usize = 4096;
/// git follows alternates of alternates this far.
const DEPTH: usize = 5;

pub type Name = [u8; SIZE];

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
    pub fn packed(&self) -> u64 {
        self.packs.iter().map(|pack| u64::from(pack.count())).sum()
    }

    /// How many digits a name has in common with the other that is most like it.
    pub fn shared(&self, name: &Name) -> Result<usize, Unreadable> {
        let mut most = 0;
        for loose in &self.loose {
            most = most.max(loose.shared(name));
        }
        for pack in &self.packs {
            most = most.max(pack.shared(name)?);
        }
        Ok(most)
    }

    fn add(&mut self, objects: &Path, depth: usize) -> Result<(), Unreadable> {
        self.loose.push(Loose::new(objects));
        if let Ok(entries) = fs::read_dir(objects.join("pack")) {
            for entry in entries {
                self.add_pack(&entry?.path())?;
            }
        }
        for alternate in alternates(objects)? {
            // One that is gone is passed over, as git does after a warning.
            if depth > 0 && alternate.is_dir() {
                self.add(&alternate, depth - 1)?;
            }
        }
        Ok(())
    }

    fn add_pack(&mut self, path: &Path) -> Result<(), Unreadable> {
        let name = path.file_name().and_then(|name| name.to_str());
        let name = name.unwrap_or_default();
        // With a multi-pack-index the count depends on which packs git has touched so far: only git knows that.
        if name.starts_with("multi-pack-index") {
            return Err(Unreadable);
        }
        if name.ends_with(".idx") && path.with_extension("pack").is_file() {
            self.packs.push(Pack::open(path)?);
        }
        Ok(())
    }
}

/// The other object folders that this one borrows from.
fn alternates(objects: &Path) -> Result<Vec<PathBuf>, Unreadable> {
    let Ok(text) = fs::read_to_string(objects.join("info/alternates")) else {
        return Ok(Vec::new());
    };
    let mut folders = Vec::new();
    for line in text.lines() {
        match line.bytes().next() {
            None | Some(b'#') => {}
            // A quoted name is rare enough to leave to git.
            Some(b'"') => return Err(Unreadable),
            Some(_) => folders.push(objects.join(line)),
        }
    }
    Ok(folders)
}

/// How many hex digits two names have in common.
fn common(one: &[u8], other: &[u8]) -> usize {
    let bytes = one.iter().zip(other).take_while(|(a, b)| a == b).count();
    let half = matches!((one.get(bytes), other.get(bytes)), (Some(a), Some(b)) if a >> 4 == b >> 4);
    2 * bytes + usize::from(half)
}

/// The most that a name has in common with any of these, itself left out.
fn most_common<'n>(name: &Name, names: impl Iterator<Item = &'n Name>) -> usize {
    let others = names.filter(|other| *other != name);
    others.map(|other| common(name, other)).max().unwrap_or(0)
}

/// The index of one pack, of version 2.
struct Pack {
    file: File,
    fan: Vec<u32>,
    /// All names, of a small pack.
    names: OnceLock<Option<Vec<u8>>>,
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
        let fan: Vec<_> = words.map(|word| u32::from_be_bytes(*word)).collect();
        if !fan.is_sorted() {
            return Err(Unreadable);
        }
        let names = OnceLock::new();
        Ok(Self { file, fan, names })
    }

    fn count(&self) -> u32 {
        self.fan.last().copied().unwrap_or(0)
    }

    fn shared(&self, name: &Name) -> Result<usize, Unreadable> {
        let first = usize::from(name[0]);
        let before = first.checked_sub(1);
        let start = before.map_or(0, |before| self.fan[before] as usize);
        let (end, count) = (self.fan[first] as usize, self.count() as usize);
        if count > SMALL {
            return self.shared_between(name, start, end);
        }
        let names = self.names.get_or_init(|| self.read(0, count).ok());
        let names = names.as_ref().ok_or(Unreadable)?;
        let names = names.get(start * SIZE..end * SIZE);
        Ok(most_like(name, names.unwrap_or_default()))
    }

    /// Looks where the name should be if names are spread evenly, which hashes are, and halves from there.
    fn shared_between(&self, name: &Name, start: usize, end: usize) -> Result<usize, Unreadable> {
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

    fn read(&self, from: usize, to: usize) -> Result<Vec<u8>, Unreadable> {
        let mut names = vec![0; (to - from) * SIZE];
        let place = Self::HEAD + 4 * FAN + from * SIZE;
        read_at(&self.file, &mut names, place as u64)?;
        Ok(names)
    }
}

/// Reads from a place on, whatever other threads read meanwhile.
#[cfg(unix)]
fn read_at(file: &File, buffer: &mut [u8], place: u64) -> std::io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, buffer, place)
}

/// Reads from a place on, whatever other threads read meanwhile.
#[cfg(windows)]
fn read_at(file: &File, buffer: &mut [u8], place: u64) -> std::io::Result<()> {
    let count = std::os::windows::fs::FileExt::seek_read(file, buffer, place)?;
    let is_all = count == buffer.len();
    is_all
        .then_some(())
        .ok_or(std::io::ErrorKind::UnexpectedEof.into())
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
    folders: Vec<(Option<PathBuf>, OnceLock<Vec<Name>>)>,
}

impl Loose {
    fn new(objects: &Path) -> Self {
        let mut folders: Vec<_> = (0..FAN).map(|_| (None, OnceLock::new())).collect();
        for entry in fs::read_dir(objects).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let name = name.to_str().filter(|name| name.len() == 2);
            if let Some(Ok(byte)) = name.map(|name| u8::from_str_radix(name, 16)) {
                folders[usize::from(byte)].0 = Some(entry.path());
            }
        }
        Self { folders }
    }

    fn shared(&self, name: &Name) -> usize {
        let (path, names) = &self.folders[usize::from(name[0])];
        let Some(path) = path else { return 0 };
        let names = names.get_or_init(|| read_folder(path, name[0]));
        most_common(name, names.iter())
    }
}

fn read_folder(path: &Path, first: u8) -> Vec<Name> {
    let entries = fs::read_dir(path).into_iter().flatten().flatten();
    entries
        .filter_map(|entry| parse(first, entry.file_name().to_str()?))
        .collect()
}

/// A name from its first byte and the digits of the rest.
fn parse(first: u8, rest: &str) -> Option<Name> {
    let mut name = [first; SIZE];
    let pairs = rest.as_bytes().as_chunks::<2>();
    (rest.len() == 2 * (SIZE - 1)).then_some(())?;
    for (byte, pair) in name.iter_mut().skip(1).zip(pairs.0) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(name)
}
