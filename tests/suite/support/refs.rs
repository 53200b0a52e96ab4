//! Reads the refs of a repository from its files.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// Returns all refs below `refs/` with their objects. Refs that disappear meanwhile are left out.
pub fn in_files(git_dir: &Path) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    // git uses the same order: a ref that is packed meanwhile is found the second time.
    loose(git_dir, "refs", &mut found);
    let packed = fs::read_to_string(git_dir.join("packed-refs")).unwrap_or_default();
    let lines = packed.lines().filter(|line| !line.starts_with(['#', '^']));
    for (id, name) in lines.filter_map(|line| line.split_once(' ')) {
        found
            .entry(name.to_owned())
            .or_insert_with(|| id.to_owned());
    }
    let names: Vec<String> = found.keys().cloned().collect();
    for name in names {
        if let Some(target) = found[&name].strip_prefix("ref: ") {
            match found.get(target).cloned() {
                Some(id) => found.insert(name, id),
                None => found.remove(&name),
            };
        }
    }
    found
}

fn loose(git_dir: &Path, name: &str, found: &mut BTreeMap<String, String>) {
    let entries = fs::read_dir(git_dir.join(name)).into_iter().flatten();
    for entry in entries.flatten() {
        let name = format!("{name}/{}", entry.file_name().to_string_lossy());
        if entry.path().is_dir() {
            loose(git_dir, &name, found);
        } else if !name.ends_with(".lock") {
            let value = fs::read_to_string(entry.path()).unwrap_or_default();
            let value = value.trim_end().to_owned();
            found.extend((!value.is_empty()).then_some((name, value)));
        }
    }
}
