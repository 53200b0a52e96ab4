//! The names of loose objects, read one folder at a time.

use std::fs;
use std::path::{Path, PathBuf};

use git2::Oid;

use crate::git::Unreadable;
use crate::git::abbrev::{FAN, Name, SIZE, most_common};

/// The loose objects of one repository, by the first byte of their names.
pub(super) struct Loose {
    objects: PathBuf,
    /// `None` for a folder that was not read yet.
    folders: Vec<Option<Vec<Name>>>,
}

impl Loose {
    pub(super) fn new(objects: &Path) -> Result<Self, Unreadable> {
        let mut folders = vec![Some(Vec::new()); FAN];
        for entry in fs::read_dir(objects)? {
            let name = entry?.file_name();
            let name = name.to_str().filter(|name| name.len() == 2);
            if let Some(byte) = name.and_then(|name| usize::from_str_radix(name, 16).ok()) {
                folders[byte] = None;
            }
        }
        let objects = objects.to_owned();
        Ok(Self { objects, folders })
    }

    pub(super) fn shared(&mut self, name: &Name) -> usize {
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
