//! All parts of the packages exist: for Debian, for RPM and for crates.io.

use std::collections::BTreeSet;
use std::path::Path;

use regex::bytes::Regex;
use toml::{Table, Value};

use crate::root;

/// The result of `cargo build --release`, which README and the release workflow run first.
const BUILT: &str = "target/release/git-smp";

fn package() -> Table {
    let text = std::fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let whole: Table = text.parse().unwrap();
    whole["package"].as_table().unwrap().clone()
}

/// Returns each asset of a format: its source and its destination.
fn assets(format: &str) -> Vec<(String, String)> {
    let package = package();
    let all = package["metadata"][format]["assets"].as_array().unwrap();
    let pair = |asset: &Value| match asset {
        Value::Array(fields) => [fields[0].clone(), fields[1].clone()],
        other => [other["source"].clone(), other["dest"].clone()],
    };
    let all = all
        .iter()
        .map(|asset| pair(asset).map(|field| field.as_str().unwrap().to_owned()));
    all.map(|[source, to]| (source, to.trim_start_matches('/').to_owned()))
        .collect()
}

/// Returns the files that match a path with a star in its last part.
fn matching(path: &str) -> Vec<String> {
    let path = Path::new(path.trim_start_matches('/'));
    let name = path.file_name().unwrap().to_str().unwrap();
    let Some((start, end)) = name.split_once('*') else {
        let name = root().join(path).exists().then(|| name.to_owned());
        return name.into_iter().collect();
    };
    let folder = root().join(path.parent().unwrap());
    let names = std::fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().file_name());
    let names = names.map(|name| name.to_str().unwrap().to_owned());
    names
        .filter(|name| name.starts_with(start) && name.ends_with(end))
        .collect()
}

/// Returns the installed files of a format's package.
fn installed(format: &str) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    for (source, to) in assets(format) {
        let files = match source.as_str() {
            BUILT => vec!["git-smp".to_owned()],
            _ => matching(&source),
        };
        assert!(!files.is_empty(), "{format}: {source} is not there");
        // Several files, or one that keeps its name, go into a folder.
        assert!(
            files.len() == 1 || to.ends_with('/'),
            "{format}: {source} to {to}"
        );
        let files = files.into_iter().map(|file| match to.ends_with('/') {
            true => format!("{to}{file}"),
            false => to.clone(),
        });
        all.extend(files);
    }
    all
}

#[test]
fn every_file_of_a_package_is_there_after_the_build() {
    for format in ["deb", "generate-rpm"] {
        let files = installed(format);
        for path in [
            "usr/bin/git-smp",
            "usr/share/man/man1/git-smp.1",
            "usr/share/man/man1/git-smp-where.1",
            "usr/share/bash-completion/completions/git-smp",
            "usr/share/fish/vendor_conf.d/git-smp.fish",
            "usr/share/doc/git-smp/README.md",
        ] {
            assert!(files.contains(path), "{format} lacks {path}: {files:#?}");
        }
        let zsh = files.iter().find(|path| path.ends_with("/_git-smp"));
        assert!(
            zsh.is_some_and(|path| path.starts_with("usr/share/zsh/")),
            "{format}"
        );
        let pages = files
            .iter()
            .filter(|path| path.starts_with("usr/share/man/man1/"));
        assert_eq!(pages.count(), matching("man/*.1").len(), "{format}");
    }
}

#[test]
fn what_cargo_is_to_include_is_there() {
    let package = package();
    for path in package["include"].as_array().unwrap() {
        assert!(!matching(path.as_str().unwrap()).is_empty(), "{path}");
    }
    // crates.io makes README's relative links absolute with this address, but only for GitHub.
    let repository = package["repository"].as_str().unwrap();
    assert!(repository.starts_with("https://github.com/"));
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[test]
fn the_loader_has_no_library_to_find_but_that_of_c() {
    let program = std::fs::read(env!("CARGO_BIN_EXE_git-smp")).unwrap();
    let has = |name: &str| Regex::new(name).unwrap().is_match(&program);
    assert!(has(r"libc\.so\.6\x00"));
    assert!(!has(r"libgcc_s\.so|libz\.so"));
}
