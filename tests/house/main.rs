//! The measures of the source code: `cargo test --test house -- --nocapture` prints them.
//!
//! Tests are left out: files and modules below `#[cfg(test)]`. A function counts from its signature to its closing
//! brace.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests may stop loudly, and the measures are printed"
)]

mod directions;
mod links;
mod packages;
mod workflows;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use proc_macro2::Span;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};

/// The maximum lines of a function, and of a file. Longer ones need another look.
const FUNCTION: usize = 60;
const FILE: usize = 400;
/// The maximum number of named closures: a named one should usually be a function.
const CLOSURES: usize = 59;

/// Files that are longer for now. None may be added or grow.
const LONG_FILES: &[(&str, usize)] = &[];
/// Functions that are longer for now. None may be added or grow.
const LONG_FUNCTIONS: &[(&str, usize)] = &[];

/// The counts of all files.
#[derive(Default)]
struct House {
    files: BTreeMap<String, usize>,
    functions: Vec<(String, usize)>,
    closures: usize,
    types: BTreeMap<String, BTreeSet<String>>,
}

/// A file while it is read.
struct Room<'a> {
    file: &'a str,
    house: &'a mut House,
    tests: usize,
}

impl Room<'_> {
    fn function(&mut self, name: &syn::Ident, whole: Span) {
        self.house
            .functions
            .push((format!("{}: {name}", self.file), lines(whole)));
    }

    fn named(&mut self, name: &syn::Ident) {
        let files = self.house.types.entry(name.to_string()).or_default();
        files.insert(self.file.to_owned());
    }
}

impl<'ast> Visit<'ast> for Room<'_> {
    fn visit_item(&mut self, item: &'ast syn::Item) {
        if let Some(attrs) = attributes(item)
            && is_test(attrs)
        {
            self.tests += lines(item.span());
            return;
        }
        match item {
            syn::Item::Struct(item) => self.named(&item.ident),
            syn::Item::Enum(item) => self.named(&item.ident),
            syn::Item::Trait(item) => self.named(&item.ident),
            syn::Item::Type(item) => self.named(&item.ident),
            _ => {}
        }
        visit::visit_item(self, item);
    }

    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        self.function(
            &item.sig.ident,
            item.sig.span().join(item.block.span()).unwrap(),
        );
        visit::visit_item_fn(self, item);
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        if is_test(&item.attrs) {
            self.tests += lines(item.span());
            return;
        }
        self.function(
            &item.sig.ident,
            item.sig.span().join(item.block.span()).unwrap(),
        );
        visit::visit_impl_item_fn(self, item);
    }

    fn visit_local(&mut self, local: &'ast syn::Local) {
        let init = local.init.as_ref().map(|init| &*init.expr);
        self.house.closures += usize::from(matches!(init, Some(syn::Expr::Closure(_))));
        visit::visit_local(self, local);
    }
}

fn attributes(item: &syn::Item) -> Option<&[syn::Attribute]> {
    Some(match item {
        syn::Item::Const(item) => &item.attrs,
        syn::Item::Enum(item) => &item.attrs,
        syn::Item::Fn(item) => &item.attrs,
        syn::Item::Impl(item) => &item.attrs,
        syn::Item::Mod(item) => &item.attrs,
        syn::Item::Static(item) => &item.attrs,
        syn::Item::Struct(item) => &item.attrs,
        syn::Item::Use(item) => &item.attrs,
        _ => return None,
    })
}

fn is_test(attrs: &[syn::Attribute]) -> bool {
    let is_cfg = |attr: &&syn::Attribute| attr.path().is_ident("cfg");
    attrs.iter().filter(is_cfg).any(|attr| {
        attr.parse_args::<syn::Path>()
            .is_ok_and(|path| path.is_ident("test"))
    })
}

fn lines(span: Span) -> usize {
    span.end().line - span.start().line + 1
}

/// Returns the source files without separate test modules.
fn sources() -> Vec<PathBuf> {
    let (mut files, mut folders) = (Vec::new(), vec![root().join("src")]);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            if name == "tests" || name.ends_with("_tests") {
                continue;
            } else if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "rs") {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn house() -> &'static House {
    static HOUSE: LazyLock<House> = LazyLock::new(count);
    &HOUSE
}

fn count() -> House {
    let mut house = House::default();
    for path in sources() {
        let text = std::fs::read_to_string(&path).unwrap();
        let file = path.strip_prefix(root().join("src")).unwrap();
        let file = file.to_str().unwrap().replace('\\', "/");
        let tree = syn::parse_file(&text).unwrap_or_else(|error| panic!("{file}: {error}"));
        let mut room = Room {
            file: &file,
            house: &mut house,
            tests: 0,
        };
        room.visit_file(&tree);
        let own = text.lines().count() - room.tests;
        house.files.insert(file, own);
    }
    house
}

/// Returns the median, the 90th percentile, and the maximum.
fn spread(counts: impl Iterator<Item = usize>) -> [usize; 3] {
    let mut counts: Vec<usize> = counts.collect();
    counts.sort_unstable();
    let at = |part: usize| counts[(counts.len() - 1) * part / 10];
    [at(5), at(9), at(10)]
}

/// Fails for entries above the limit, and for listed ones that no longer exceed it.
fn hold(what: &str, most: usize, all: &[(String, usize)], listed: &[(&str, usize)]) {
    let mut wrong = Vec::new();
    for (name, lines) in all.iter().filter(|(_, lines)| *lines > most) {
        match listed.iter().find(|(known, _)| known == name) {
            Some((_, before)) if lines <= before => {}
            _ => wrong.push(format!("    (\"{name}\", {lines}),")),
        }
    }
    for (name, before) in listed {
        let is_long = all
            .iter()
            .any(|(known, lines)| known == name && *lines > most);
        if !is_long {
            wrong.push(format!("    (\"{name}\", {before}) is not long any more"));
        }
    }
    wrong.sort();
    assert!(
        wrong.is_empty(),
        "{what} of more than {most} lines:\n{}",
        wrong.join("\n")
    );
}

#[test]
fn the_measures() {
    let house = house();
    let function = spread(house.functions.iter().map(|(_, lines)| *lines));
    let file = spread(house.files.values().copied());
    let over = house
        .functions
        .iter()
        .filter(|(_, lines)| *lines > FUNCTION)
        .count();
    let twice: Vec<&String> = (house.types.iter())
        .filter_map(|(name, files)| (files.len() > 1).then_some(name))
        .collect();
    println!(
        "lines                    {}",
        house.files.values().sum::<usize>()
    );
    println!(
        "function p50 / p90 / max {} / {} / {}",
        function[0], function[1], function[2]
    );
    println!("functions over {FUNCTION}        {over}");
    println!("file p50 / max           {} / {}", file[0], file[2]);
    println!("named closures           {}", house.closures);
    println!("names for two things     {}: {twice:?}", twice.len());
    assert!(
        house.files.len() > 50 && house.functions.len() > 500,
        "nothing was counted"
    );
    assert!(twice.is_empty(), "a name is for one thing: {twice:?}");
    assert!(house.closures <= CLOSURES, "too many closures have names");
}

/// Only the sources and the configuration know the second platform.
#[test]
fn a_platform_is_known_to_its_source_and_the_configuration() {
    let name = regex::Regex::new("(?i)dokku").unwrap();
    let knows = |file: &&String| {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(file);
        let text = std::fs::read_to_string(path).unwrap();
        name.is_match(&text)
    };
    let is_its_place =
        |file: &&String| !file.starts_with("sources/") && *file != "core/config/running.rs";
    let elsewhere: Vec<&String> = house().files.keys().filter(is_its_place).collect();
    let elsewhere: Vec<&String> = elsewhere.into_iter().filter(knows).collect();
    assert!(elsewhere.is_empty(), "{elsewhere:?}");
}

/// The files that mean `smp.toml` itself: the default, the one on a branch, and the one that editors complete. Any other
/// message is about the file that was read: `{SMP_TOML}`.
const SMP_TOML: [&str; 7] = [
    "core/config.rs",
    "core/decide/recorded.rs",
    "core/words/file.rs",
    "session.rs",
    "session/missing.rs",
    "setup/wizard/answers.rs",
    "team/agreed.rs",
];

#[test]
fn messages_name_the_configuration_that_was_read() {
    let mut found = BTreeSet::new();
    for file in house().files.keys() {
        let text = std::fs::read_to_string(root().join("src").join(file)).unwrap();
        let code = text.split("\nmod tests {").next().unwrap();
        let mut lines = code.lines().map(str::trim_start);
        let names = |line: &str| line.contains("smp.toml") && !line.starts_with("//");
        if lines.any(names) {
            found.insert(file.as_str());
        }
    }
    assert_eq!(found, BTreeSet::from(SMP_TOML));
}

#[test]
fn no_file_is_long() {
    let files: Vec<_> = house().files.clone().into_iter().collect();
    hold("files", FILE, &files, LONG_FILES);
}

#[test]
fn no_function_is_long() {
    hold("functions", FUNCTION, &house().functions, LONG_FUNCTIONS);
}
