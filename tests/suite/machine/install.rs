//! The installer of a release, in a real shell, with archives on loopback.

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::{Page, Run, Web, World};

const TAG: &str = "v9.8.7";
const TARGETS: [&str; 6] = [
    "x86_64-unknown-linux-gnu",
    "aarch64-unknown-linux-gnu",
    "x86_64-unknown-linux-musl",
    "aarch64-unknown-linux-musl",
    "x86_64-apple-darwin",
    "aarch64-apple-darwin",
];

/// A release, packed as the workflow packs it, with a program that leaves a file when it runs.
struct Release {
    world: World,
    web: Web,
    out: PathBuf,
}

fn project(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn release() -> Release {
    let world = World::new();
    let (out, web) = (world.path("out"), Web::start());
    fs::create_dir_all(&out).unwrap();
    for target in TARGETS {
        let name = format!("git-smp-{TAG}-{target}");
        let folder = world.path(&name);
        fs::create_dir_all(&folder).unwrap();
        world.executable(
            folder.join("git-smp"),
            "#!/bin/sh\necho ran >\"$HOME/ran\"\n",
        );
        for (from, to) in [("man", "man"), ("src/setup/completions", "completions")] {
            let (from, to) = (project(from), folder.join(to));
            let args = ["-r", from.to_str().unwrap(), to.to_str().unwrap()];
            world.runner().program("cp", &args).ok();
        }
        let archive = out.join(format!("{name}.tgz"));
        let root = world.path("");
        let args = [
            "-czf",
            archive.to_str().unwrap(),
            "-C",
            root.to_str().unwrap(),
            &name,
        ];
        world.runner().program("tar", &args).ok();
    }
    let fill = world.runner();
    fill.program(project(".ci/installers"), &[TAG, out.to_str().unwrap()])
        .ok();
    for file in fs::read_dir(&out).unwrap() {
        let file = file.unwrap();
        let path = format!("/{}", file.file_name().to_str().unwrap());
        web.set(&path, Page::body(fs::read(file.path()).unwrap()));
    }
    Release { world, web, out }
}

impl Release {
    /// Runs the installer with this bare PATH.
    fn install(&self, path: &str) -> Run {
        let script = self.out.join("install.sh");
        let runner = self.world.runner().env("PATH", path);
        let runner = runner.env("GIT_SMP_DOWNLOADS", self.web.url("").trim_end_matches('/'));
        let runner = runner.env("TMPDIR", self.tmp());
        runner.program("/bin/sh", &[script.to_str().unwrap()])
    }

    fn tmp(&self) -> PathBuf {
        let tmp = self.world.path("installing");
        fs::create_dir_all(&tmp).unwrap();
        tmp
    }

    /// Asserts that nothing was installed, nothing ran, and no temporary file is left.
    fn left_nothing(&self) {
        for gone in ["home/.local", "home/ran"] {
            assert!(!self.world.path(gone).exists(), "{gone} is there");
        }
        assert_eq!(fs::read_dir(self.tmp()).unwrap().count(), 0);
    }
}

#[test]
fn the_installer_puts_everything_into_the_users_own_folders() {
    let release = release();
    let run = release.install("/usr/bin:/bin");
    run.ok().prints_among("git-smp v9.8.7 is installed: ");
    run.prints_among("export PATH=")
        .prints_among("next, in your repository: git smp setup\n");
    let home = release.world.path("home/.local");
    for (from, to) in [
        ("man/git-smp-promote.1", "share/man/man1/git-smp-promote.1"),
        (
            "src/setup/completions/git-smp.bash",
            "share/bash-completion/completions/git-smp",
        ),
        (
            "src/setup/completions/_git-smp",
            "share/zsh/site-functions/_git-smp",
        ),
        (
            "src/setup/completions/git-smp.fish",
            "share/fish/vendor_conf.d/git-smp.fish",
        ),
    ] {
        let installed = fs::read(home.join(to)).unwrap();
        assert!(installed == fs::read(project(from)).unwrap(), "{to}");
    }
    assert!(!release.world.path("home/ran").exists());
    release
        .world
        .runner()
        .program(home.join("bin/git-smp"), &[])
        .ok();
    assert!(release.world.path("home/ran").exists());
    assert_eq!(fs::read_dir(release.tmp()).unwrap().count(), 0);
    // A second run updates the installed program, with the folder on PATH.
    let path = format!("{}:/usr/bin:/bin", home.join("bin").display());
    release.install(&path).ok().never_shows("export PATH=");
    assert_eq!(fs::read_dir(home.join("bin")).unwrap().count(), 1);
}

#[test]
fn what_has_another_checksum_or_none_is_not_unpacked() {
    let release = release();
    for target in TARGETS {
        let path = format!("/git-smp-{TAG}-{target}.tgz");
        release.web.set(&path, Page::body("not the archive"));
    }
    release
        .install("/usr/bin:/bin")
        .exits(1)
        .says("is wrong; nothing was installed");
    release.left_nothing();
    release
        .web
        .set("/SHA256SUMS", Page::body("0123  something-else.tgz\n"));
    release
        .install("/usr/bin:/bin")
        .exits(1)
        .says("does not name git-smp-v9.8.7-");
    release.left_nothing();
    release.web.set("/SHA256SUMS", Page::body("").status(404));
    release
        .install("/usr/bin:/bin")
        .exits(1)
        .says("could not download ");
    release.left_nothing();
}

#[test]
fn an_unknown_machine_is_told_how_to_build_it() {
    let release = release();
    let other = release.world.path("other");
    fs::create_dir_all(&other).unwrap();
    release
        .world
        .executable(other.join("uname"), "#!/bin/sh\necho Plan9\n");
    let path = format!("{}:/usr/bin:/bin", other.display());
    let run = release.install(&path);
    run.exits(1)
        .says("there is no archive for Plan9")
        .says("cargo install --locked git-smp");
    assert_eq!(release.web.asked().len(), 0);
    release.left_nothing();
}

#[test]
fn the_formula_has_the_checksum_of_each_archive() {
    let release = release();
    let formula = fs::read_to_string(release.out.join("git-smp.rb")).unwrap();
    let sums = fs::read_to_string(release.out.join("SHA256SUMS")).unwrap();
    for target in ["aarch64-apple-darwin", "x86_64-unknown-linux-musl"] {
        let name = format!("git-smp-{TAG}-{target}.tgz");
        let sum = sums
            .lines()
            .find_map(|line| line.strip_suffix(&format!("  {name}")));
        let lines = format!("/{name}\"\n      sha256 \"{}\"", sum.unwrap());
        assert!(formula.contains(&lines), "{formula}");
    }
    for file in ["git-smp.rb", "install.sh", "install.ps1"] {
        assert!(sums.contains(&format!("  {file}\n")), "{sums}");
        let text = fs::read_to_string(release.out.join(file)).unwrap();
        let left = ["@VERSION@", "@NUMBER@", "@REPOSITORY@", "@SHA256"];
        assert!(left.iter().all(|name| !text.contains(name)), "{file}");
    }
}

#[test]
fn wget_follows_a_redirect_of_https_to_https_alone() {
    let release = release();
    let tools = release.world.path("tools");
    fs::create_dir_all(&tools).unwrap();
    let needed =
        "sh uname getconf awk mktemp rm tar gzip mkdir cp chmod mv dirname sha256sum cut cat";
    for tool in needed.split(' ') {
        let found = ["/usr/bin", "/bin"].map(|folder| Path::new(folder).join(tool));
        let found = found.into_iter().find(|path| path.exists()).unwrap();
        std::os::unix::fs::symlink(found, tools.join(tool)).unwrap();
    }
    let asked = release.world.path("asked");
    for (leads_to, installs) in [("https", true), ("http", false)] {
        // Like wget: one redirect too many is an error, after its headers were shown.
        let wget = format!(
            "#!/bin/sh\nfor url; do :; done\necho \"$url\" >>'{}'\nwhile [ \"$1\" != -O ]; do shift; done\ncase $url in\n\
             https://front.example/*) printf '  HTTP/1.1 302 Found\\n  Location: {leads_to}://files.example/%s\\r\\n' \"${{url##*/}}\" >&2; exit 8 ;;\n\
             *) cat '{}'/\"${{url##*/}}\" >\"$2\" ;;\nesac\n",
            asked.display(),
            release.out.display(),
        );
        release.world.executable(tools.join("wget"), &wget);
        let _ = fs::remove_file(&asked);
        let script = release.out.join("install.sh");
        let runner = release.world.runner().env("PATH", &tools);
        let runner = runner.env("GIT_SMP_DOWNLOADS", "https://front.example/x");
        let runner = runner.env("TMPDIR", release.tmp());
        let run = runner.program("/bin/sh", &[script.to_str().unwrap()]);
        let asked = fs::read_to_string(&asked).unwrap();
        assert!(!asked.contains("http://"), "{asked}");
        match installs {
            true => {
                run.ok();
                fs::remove_dir_all(release.world.path("home/.local")).unwrap();
            }
            false => {
                run.exits(1)
                    .says("could not download https://front.example/x/SHA256SUMS");
                release.left_nothing();
            }
        }
    }
}
