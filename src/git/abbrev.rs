//! How many digits `git log --oneline` prints of a commit's name. This depends on `core.abbrev`, on the number of
//! packed objects, and on what tells the name from those of all objects, packed or loose, here and in alternates.
//!
//! The library can answer this, too, but it looks for a loose file each time, which is slow for thousands of commits.

mod loose;

use std::fs::{self, DirEntry, File};
use std::io::ErrorKind;
use std::path::Path;

use git2::Oid;

use crate::core::words::Commit;
use crate::git::Unreadable;
use crate::git::config::GitConfig;
use loose::Loose;

/// The digits of a full SHA-1 name.
const FULL: usize = 40;
/// The shortest length that git chooses by itself, however small the repository.
const FALLBACK: usize = 7;
/// The shortest length that git accepts in `core.abbrev`.
const SHORTEST: usize = 4;

/// The bytes of a name, and the entries of a pack index's fan-out table.
const SIZE: usize = 20;
const FAN: usize = 256;
/// The least number of bytes that a pack index has for each name.
const ENTRY: usize = 24;
/// How many names are read from an index at a time, if few are asked for, and if many are.
const WINDOW: usize = 96;
const BLOCK: usize = 4096;
/// One call to read takes as long as copying this many names.
const CALL: usize = 256;
/// A lookup of this many names takes as long as the start of a thread.
const QUICK: usize = 128;
/// The most bytes that the names of packs may take.
const LONGEST: u64 = 16 << 20;
/// How many levels of alternates git follows.
const DEPTH: usize = 5;

type Name = [u8; SIZE];

/// Shortens names as git does in one repository.
pub struct Abbreviation {
    names: Names,
    /// The least and the greatest length that git may start with.
    length: usize,
    most: usize,
}

impl Abbreviation {
    /// Fails if only git can judge the configured length.
    pub fn new(config: &GitConfig, names: Names) -> Result<Self, Unreadable> {
        let wish = config.get("core.abbrev").unwrap_or("auto");
        let length = match wish.to_ascii_lowercase().as_str() {
            "auto" => {
                let (length, most) = names.usual_lengths();
                return Ok(Self {
                    names,
                    length,
                    most,
                });
            }
            "no" | "off" | "false" => FULL,
            number => {
                let plain = !number.starts_with(['0', '+']);
                let length = number.parse().ok().filter(|_| plain);
                let length = length.filter(|length| (SHORTEST..=FULL).contains(length));
                length.ok_or(Unreadable)?
            }
        };
        Ok(Self {
            names,
            length,
            most: length,
        })
    }

    /// Returns whether this many names are looked up sooner than a thread starts.
    pub fn is_quick(&self, names: usize) -> bool {
        names * self.names.indexes.len() <= QUICK && self.length == self.most
    }

    /// Returns how many digits each name needs. `first` returns git's output for the first one, if only git knows.
    pub fn lengths(
        &mut self,
        ids: &[Oid],
        first: impl FnOnce() -> Result<Commit, Unreadable>,
    ) -> Result<Vec<usize>, Unreadable> {
        if self.length == FULL {
            return Ok(vec![FULL; ids.len()]);
        }
        let names = ids.iter().map(|id| id.as_bytes().try_into());
        let names: Vec<Name> = names.collect::<Result<_, _>>().map_err(|_| Unreadable)?;
        // Sorted names are neighbours in an index, too.
        let mut order: Vec<usize> = (0..names.len()).collect();
        order.sort_unstable_by_key(|&at| head(&names[at]));
        let sorted: Vec<Name> = order.iter().map(|&at| names[at]).collect();
        let mut lengths = vec![0; ids.len()];
        for (at, shared) in order.into_iter().zip(self.names.shared(&sorted)?) {
            lengths[at] = (shared + 1).min(FULL);
        }
        let start = match (self.length == self.most, ids.first().zip(lengths.first())) {
            (false, Some((id, needed))) => self.start(id, *needed, &first()?)?,
            _ => self.length,
        };
        Ok(lengths.into_iter().map(|one| one.max(start)).collect())
    }

    /// Returns the length that git started with, from its output for a name that needs `needed` digits.
    fn start(&self, id: &Oid, needed: usize, printed: &Commit) -> Result<usize, Unreadable> {
        let is_it = id.to_string() == printed.id.as_str();
        match printed.short.len() {
            _ if !is_it || needed >= self.most => Err(Unreadable),
            digits if digits == self.most => Ok(self.most),
            digits if digits == needed.max(self.length) => Ok(self.length),
            _ => Err(Unreadable),
        }
    }
}

/// git's formula: 2^n objects are expected to collide at n/2 bits, and a digit has four.
fn length_for(objects: usize) -> usize {
    // git counts the highest bit of zero as 0.
    let bits = objects.checked_ilog2().unwrap_or(0) + 1;
    FALLBACK.max(bits.div_ceil(2) as usize)
}

#[derive(Default)]
pub struct Names {
    indexes: Vec<Index>,
    loose: Vec<Loose>,
    /// How many names, at most, are in packs that a multi-pack index counts as well.
    twice: usize,
}

impl Names {
    /// Finds the indexes. Names are read only when they are needed.
    pub fn new(objects: &Path, is_multi: bool) -> Result<Self, Unreadable> {
        let mut names = Self::default();
        names.add(objects, is_multi, DEPTH)?;
        Ok(names)
    }

    /// Returns the least and the greatest usual length, by git's `repo_approximate_object_count`: loose objects do not
    /// count. Before git 2.53, a pack of a multi-pack index counts twice if git has touched it, which only git knows.
    fn usual_lengths(&self) -> (usize, usize) {
        let packed = self.indexes.iter().map(Index::count).sum();
        (length_for(packed), length_for(packed + self.twice))
    }

    /// Returns whether only git knows the usual length here.
    pub fn are_doubtful(&self) -> bool {
        let (length, most) = self.usual_lengths();
        length != most
    }

    /// Returns for each of these sorted names how many digits it shares with the most similar other name.
    pub fn shared(&mut self, sorted: &[Name]) -> Result<Vec<usize>, Unreadable> {
        let mut most = vec![0; sorted.len()];
        for loose in &mut self.loose {
            for (name, most) in sorted.iter().zip(&mut most) {
                *most = loose.shared(name).max(*most);
            }
        }
        for index in &mut self.indexes {
            let are_many = sorted.len() * CALL > index.count();
            index.step = if are_many { BLOCK } else { WINDOW };
            for (name, most) in sorted.iter().zip(&mut most) {
                *most = index.shared(name)?.max(*most);
            }
            (index.from, index.names) = (0, Vec::new());
        }
        Ok(most)
    }

    fn add(&mut self, objects: &Path, is_multi: bool, depth: usize) -> Result<(), Unreadable> {
        self.loose.push(Loose::new(objects)?);
        let folder = objects.join("pack");
        let multi = is_multi.then(|| Index::open_multi(&folder)).transpose()?;
        let (multi, members) = multi.flatten().unzip();
        let members: Vec<String> = members.unwrap_or_default();
        self.indexes.extend(multi);
        for entry in fs::read_dir(folder).into_iter().flatten() {
            let entry = entry?;
            let name = entry.file_name();
            if Path::new(&name).extension().is_none_or(|end| end != "idx") {
                continue;
            }
            let is_member = |name| {
                members
                    .binary_search_by(|one| one.as_str().cmp(name))
                    .is_ok()
            };
            if name.to_str().is_some_and(is_member) {
                self.twice += size(&entry)? / ENTRY;
            } else if entry.path().with_extension("pack").is_file() {
                self.indexes.push(Index::open_pack(&entry.path())?);
            }
        }
        let alternates = fs::read_to_string(objects.join("info/alternates")).unwrap_or_default();
        for line in alternates.lines() {
            let alternate = objects.join(line);
            match line.bytes().next() {
                None | Some(b'#') => {}
                // Quoted names are rare. They are left to git.
                Some(b'"') => return Err(Unreadable),
                // A missing alternate is skipped, as git does after a warning.
                Some(_) if depth == 0 || !alternate.is_dir() => {}
                Some(_) => self.add(&alternate, is_multi, depth - 1)?,
            }
        }
        Ok(())
    }
}

/// Returns a file's size. The folder is open, so the whole path is not walked again for each file.
fn size(entry: &DirEntry) -> Result<usize, Unreadable> {
    let own = entry.metadata()?;
    let data = match own.is_symlink() {
        true => fs::metadata(entry.path())?,
        false => own,
    };
    Ok(usize::try_from(data.len())?)
}

/// Returns the most hex digits that a name shares with any of these, except itself.
fn most_common<'n>(name: &Name, names: impl Iterator<Item = &'n Name>) -> usize {
    let others = names.filter(|other| *other != name);
    let common = others.map(|other| {
        let bytes = name.iter().zip(other).take_while(|(a, b)| a == b).count();
        2 * bytes + usize::from(name[bytes] >> 4 == other[bytes] >> 4)
    });
    common.max().unwrap_or(0)
}

/// The sorted names of one pack, or of many.
struct Index {
    file: File,
    fan: Vec<usize>,
    start: u64,
    /// How many names are read at a time.
    step: usize,
    /// The names that were read last, and the place of the first of them.
    from: usize,
    names: Vec<u8>,
}

impl Index {
    fn open_pack(path: &Path) -> Result<Self, Unreadable> {
        let file = File::open(path)?;
        let mut head = [0; 8];
        read_at(&file, &mut head, 0)?;
        match &head == b"\xfftOc\0\0\0\x02" {
            true => Self::new(file, 8, 8 + 4 * FAN as u64),
            false => Err(Unreadable),
        }
    }

    /// Opens the index of many packs. Also returns the names of these packs, in order.
    fn open_multi(folder: &Path) -> Result<Option<(Self, Vec<String>)>, Unreadable> {
        // A chain of such indexes is left to git.
        if folder.join("multi-pack-index.d").exists() {
            return Err(Unreadable);
        }
        let file = match File::open(folder.join("multi-pack-index")) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            file => file?,
        };
        let mut head = [0; 12];
        read_at(&file, &mut head, 0)?;
        let [b'M', b'I', b'D', b'X', 1, 1, chunks, 0, ..] = head else {
            return Err(Unreadable);
        };
        let mut table = vec![0; 12 * (usize::from(chunks) + 1)];
        read_at(&file, &mut table, 12)?;
        let places: Vec<(&[u8], u64)> = table
            .as_chunks::<12>()
            .0
            .iter()
            .filter_map(|entry| Some((&entry[..4], u64::from_be_bytes(*entry.last_chunk()?))))
            .collect();
        let chunk = |name: &[u8]| {
            let at = places.iter().position(|(chunk, _)| *chunk == name);
            let at = at.ok_or(Unreadable)?;
            let end = places.get(at + 1).ok_or(Unreadable)?.1;
            Ok::<_, Unreadable>((places[at].1, end))
        };
        let (start, end) = chunk(b"PNAM")?;
        let length = end.checked_sub(start).filter(|length| *length < LONGEST);
        let mut packs = vec![0; length.ok_or(Unreadable)? as usize];
        read_at(&file, &mut packs, start)?;
        let packs = str::from_utf8(&packs).map_err(|_| Unreadable)?;
        let packs = packs.split('\0').filter(|name| !name.is_empty());
        let mut packs: Vec<String> = packs.map(str::to_owned).collect();
        packs.sort_unstable();
        let index = Self::new(file, chunk(b"OIDF")?.0, chunk(b"OIDL")?.0)?;
        Ok(Some((index, packs)))
    }

    fn new(file: File, fan: u64, start: u64) -> Result<Self, Unreadable> {
        let mut table = [0; 4 * FAN];
        read_at(&file, &mut table, fan)?;
        let words = table.as_chunks().0.iter();
        let words = words.map(|word| u32::from_be_bytes(*word) as usize);
        let fan: Vec<_> = words.collect();
        let is_sound = fan.is_sorted();
        let index = Self {
            file,
            fan,
            start,
            step: WINDOW,
            from: 0,
            names: Vec::new(),
        };
        is_sound.then_some(index).ok_or(Unreadable)
    }

    fn count(&self) -> usize {
        self.fan[FAN - 1]
    }

    /// Looks at the names that were read last, then where an even spread would put the name, and bisects from there.
    fn shared(&mut self, name: &Name) -> Result<usize, Unreadable> {
        let first = usize::from(name[0]);
        let low = first.checked_sub(1).map_or(0, |before| self.fan[before]);
        let (mut low, mut high) = (low, self.fan[first]);
        let spread = u32::from_be_bytes([name[1], name[2], name[3], name[4]]);
        let mut guess = low + (((high - low) as u64 * u64::from(spread)) >> 32) as usize;
        let mut is_fresh = false;
        loop {
            let names = self.names.as_chunks::<SIZE>().0;
            let to = self.from + names.len();
            // The name's neighbours must be among them, if it has any.
            let is_after = self.from <= low || names.first().is_some_and(|first| first < name);
            let is_before = to >= high || names.last().is_some_and(|last| name < last);
            if is_after && is_before {
                return Ok(most_like(name, names));
            }
            if is_fresh {
                // Two names stay in range: the name itself, if it is at the edge, and its neighbour.
                match is_after {
                    true => low = to - 2,
                    false => high = self.from + 2,
                }
                guess = low.midpoint(high);
            }
            let last = high.saturating_sub(WINDOW).max(low);
            self.read(guess.saturating_sub(WINDOW / 2).clamp(low, last))?;
            is_fresh = true;
        }
    }

    fn read(&mut self, from: usize) -> Result<(), Unreadable> {
        let count = self.step.min(self.count() - from);
        self.from = from;
        self.names.resize(count * SIZE, 0);
        read_at(
            &self.file,
            &mut self.names,
            self.start + (from * SIZE) as u64,
        )
    }
}

fn head(name: &Name) -> u64 {
    name.first_chunk().copied().map_or(0, u64::from_be_bytes)
}

fn read_at(file: &File, bytes: &mut [u8], place: u64) -> Result<(), Unreadable> {
    // One system call instead of two, for each name of a long list.
    #[cfg(unix)]
    std::os::unix::fs::FileExt::read_exact_at(file, bytes, place)?;
    #[cfg(not(unix))]
    {
        use std::io::{Read as _, Seek as _, SeekFrom};
        let mut file = file;
        file.seek(SeekFrom::Start(place))?;
        file.read_exact(bytes)?;
    }
    Ok(())
}

/// Returns the most digits that a name shares with its neighbours among sorted names.
fn most_like(name: &Name, names: &[Name]) -> usize {
    let first = head(name);
    let place = names.partition_point(|other| (head(other), other) < (first, name));
    let around = names.iter().skip(place.saturating_sub(1));
    most_common(name, around.take(place + 2 - place.saturating_sub(1)))
}
