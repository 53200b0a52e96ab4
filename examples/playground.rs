//! A whole deploy world in a folder: a main repository, a fork and its clone, and a staging and a production remote whose
//! hooks "deploy", with pages on loopback that report what runs. It sets the world up, plays one week in it with a shared
//! record, from staging to production, and leaves it to play on.
//!
//! `cargo run --example playground [-- FOLDER]` makes one; `cargo run --example playground -- --serve FOLDER` starts the
//! pages of one again.
#![allow(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "an example is a program of its own, which starts others and prints"
)]

use std::error::Error;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, thread};

type Outcome<T> = Result<T, Box<dyn Error>>;

/// Deploys whatever is pushed: says so as a platform would, and remembers it for the page.
const HOOK: &str = r#"#!/bin/sh
while read -r old new ref; do
  echo "-----> Building"
  sleep 1
  echo "$new" > deployed
  echo "-----> Launching... done"
done
"#;

/// What happened in this world so far, oldest first.
const BEFORE: [&str; 3] = [
    "Start the shop",
    "Show a price on every item (#1)",
    "Let customers log in (#2)",
];
/// What was merged since, and runs nowhere yet.
const NEW: [&str; 3] = [
    "Add translations to the cart (#3)",
    "Fix malformed view variable in items (#4)",
    "Speed up the search (#5)",
];

fn main() -> Outcome<()> {
    let args: Vec<String> = env::args().skip(1).collect();
    match args
        .iter()
        .map(String::as_str)
        .collect::<Vec<_>>()
        .as_slice()
    {
        [] => play(&fresh_folder()?),
        ["--serve", folder] => serve_again(&PathBuf::from(folder).canonicalize()?),
        [folder] if !folder.starts_with('-') => play(Path::new(folder)),
        _ => Err("usage: playground [FOLDER] | playground --serve FOLDER".into()),
    }
}

fn fresh_folder() -> Outcome<PathBuf> {
    let base = env::temp_dir();
    let number = (1..1000).find(|n| !base.join(format!("smp-playground-{n}")).exists());
    Ok(base.join(format!(
        "smp-playground-{}",
        number.ok_or("there are too many playgrounds already")?
    )))
}

fn play(folder: &Path) -> Outcome<()> {
    let program = build_program()?;
    fs::create_dir(folder)
        .map_err(|error| format!("{} cannot be made: {error}", folder.display()))?;
    let world = World {
        folder: folder.canonicalize()?,
        program,
    };
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    let port = listener.local_addr()?.port();
    println!("A deploy world in {}\n", world.folder.display());
    world.build(port)?;
    let pages = world.folder.clone();
    thread::spawn(move || serve(&listener, &pages));

    let work = world.folder.join("work");
    world.show(&work, &["setup", "--yes"])?;
    world.show(&work, &["status"])?;
    world.show(&work, &["stage", "--yes"])?;
    world.show(&work, &["diff"])?;
    world.show(&work, &["propose", "--yes"])?;
    world.show(&work, &["signoff", "--by", "Rosi", "--note", "stable"])?;
    world.show(&work, &["status"])?;
    let staging = world.git(&world.folder.join("staging.git"), &["rev-parse", "master"])?;
    world.show(&work, &["promote", "--yes", "--commit", &staging])?;
    world.show(&work, &["status"])?;

    world.commit(&work, "Warn before the cart is emptied (#6)")?;
    world.git(&work, &["push", "--quiet", "upstream", "master"])?;
    println!("The record of this week, newest first:\n");
    println!(
        "{}\n",
        world.git(&work, &["log", "--format=%s", "refs/smp/seen"])?
    );
    println!(
        "One more commit is on the main repository now. To continue, start the pages again in one terminal:\n"
    );
    println!(
        "  cargo run --example playground -- --serve {}\n",
        world.folder.display()
    );
    println!("and in another:\n");
    println!(
        "  cd {} && PATH={}:$PATH",
        work.display(),
        world.program.display()
    );
    println!("  git smp stage && git smp propose");
    println!("  git smp signoff");
    println!("  git smp promote");
    Ok(())
}

/// An example is built without the program beside it, so that is built first.
fn build_program() -> Outcome<PathBuf> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    let mut build = Command::new(cargo);
    build.args([
        "build",
        "--quiet",
        "--locked",
        "--bin",
        "git-smp",
        "--manifest-path",
        manifest,
    ]);
    let example = env::current_exe()?;
    let profile = example
        .parent()
        .and_then(Path::parent)
        .ok_or("the example lies in no target folder")?;
    if profile.ends_with("release") {
        build.arg("--release");
    }
    if let Some(target) = profile.parent() {
        build.arg("--target-dir").arg(target);
    }
    if !build.status()?.success() {
        return Err("git-smp cannot be built".into());
    }
    Ok(profile.to_owned())
}

struct World {
    folder: PathBuf,
    /// The folder of the program.
    program: PathBuf,
}

impl World {
    fn build(&self, port: u16) -> Outcome<()> {
        for name in ["main", "fork", "staging", "production"] {
            let bare = format!("{name}.git");
            self.git(
                &self.folder,
                &[
                    "init",
                    "--quiet",
                    "--bare",
                    "--initial-branch=master",
                    &bare,
                ],
            )?;
        }
        for name in ["staging", "production"] {
            let hook = self.folder.join(format!("{name}.git/hooks/post-receive"));
            fs::create_dir_all(hook.parent().ok_or("a hook has a folder")?)?;
            fs::write(&hook, HOOK)?;
            make_executable(&hook)?;
        }
        let work = self.folder.join("work");
        self.git(&self.folder, &["clone", "--quiet", "fork.git", "work"])?;
        self.git(&work, &["config", "user.name", "Ada Example"])?;
        self.git(&work, &["config", "user.email", "ada@example.com"])?;
        self.git(&work, &["checkout", "--quiet", "-B", "master"])?;
        fs::write(work.join("smp.toml"), self.configuration(port))?;
        for subject in BEFORE {
            self.commit(&work, subject)?;
        }
        ["staging", "production"]
            .iter()
            .try_for_each(|to| self.push(&work, to))?;
        for subject in NEW {
            self.commit(&work, subject)?;
        }
        ["main", "fork"]
            .iter()
            .try_for_each(|to| self.push(&work, to))
    }

    fn configuration(&self, port: u16) -> String {
        let place = |name: &str| {
            self.folder
                .join(format!("{name}.git"))
                .display()
                .to_string()
        };
        let environment = |name: &str, more: &str| {
            let (url, page) = (place(name), format!("http://127.0.0.1:{port}/{name}"));
            format!(
                "\n[environments.{name}]\nurl = '{url}'\n{more}\n[environments.{name}.running]\npage = '{page}'\n\
                 pattern = 'data-commit=\"([0-9a-f]{{7,64}})\"'\nconfirm_seconds = 1\n"
            )
        };
        let main = format!(
            "[repository]\nremote = \"upstream\"\nurl = '{}'\nbranch = \"master\"\n",
            place("main")
        );
        main + &environment("staging", "")
            + &environment("production", "promotes = \"staging\"\n")
            + "\n[record]\n"
    }

    fn commit(&self, work: &Path, subject: &str) -> Outcome<()> {
        let mut shop = fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(work.join("shop.txt"))?;
        writeln!(shop, "{subject}")?;
        self.git(work, &["add", "--all"])?;
        self.git(work, &["commit", "--quiet", "--message", subject])
            .map(drop)
    }

    fn push(&self, work: &Path, to: &str) -> Outcome<()> {
        let url = self.folder.join(format!("{to}.git"));
        self.git(work, &["push", "--quiet", &url.to_string_lossy(), "master"])
            .map(drop)
    }

    fn git(&self, dir: &Path, args: &[&str]) -> Outcome<String> {
        let output = Command::new("git")
            .current_dir(dir)
            .args(args)
            .stdin(Stdio::null())
            .output()?;
        if !output.status.success() {
            return Err(format!(
                "git {}: {}",
                args.join(" "),
                String::from_utf8_lossy(&output.stderr)
            )
            .into());
        }
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    /// Runs `git smp` as one would type it, and shows both.
    fn show(&self, work: &Path, args: &[&str]) -> Outcome<()> {
        println!("$ git smp {}", args.join(" "));
        let inherited = env::var_os("PATH").unwrap_or_default();
        let path = env::join_paths(
            std::iter::once(self.program.clone()).chain(env::split_paths(&inherited)),
        )?;
        let mut command = Command::new("git");
        command
            .current_dir(work)
            .arg("smp")
            .args(args)
            .env("PATH", path)
            .stdin(Stdio::null());
        let status = command.status()?;
        println!();
        if status.success() {
            Ok(())
        } else {
            Err(format!("git smp {} ended with {status}", args.join(" ")).into())
        }
    }
}

#[cfg(unix)]
fn make_executable(file: &Path) -> Outcome<()> {
    use std::os::unix::fs::PermissionsExt;
    Ok(fs::set_permissions(
        file,
        fs::Permissions::from_mode(0o755),
    )?)
}

#[cfg(not(unix))]
fn make_executable(_: &Path) -> Outcome<()> {
    Ok(())
}

/// Starts the pages of a world again, on the port that its smp.toml names.
fn serve_again(folder: &Path) -> Outcome<()> {
    let text = fs::read_to_string(folder.join("work/smp.toml"))?;
    let port = text
        .split("http://127.0.0.1:")
        .nth(1)
        .and_then(|rest| rest.split('/').next());
    let port: u16 = port.ok_or("work/smp.toml names no page")?.parse()?;
    let listener = TcpListener::bind(("127.0.0.1", port))?;
    println!(
        "The pages of {} are up on http://127.0.0.1:{port}/ until Ctrl-C.",
        folder.display()
    );
    serve(&listener, folder);
    Ok(())
}

fn serve(listener: &TcpListener, folder: &Path) {
    for stream in listener.incoming().flatten() {
        let folder = folder.to_owned();
        // A browser that goes away half-way is no reason to stop serving the next one.
        thread::spawn(move || answer(&stream, &folder).is_ok());
    }
}

/// Answers `/staging` and `/production` with a page that shows what the hook deployed last.
fn answer(mut stream: &TcpStream, folder: &Path) -> Outcome<()> {
    let mut lines = BufReader::new(stream).lines();
    let request = lines.next().ok_or("no request")??;
    for line in lines {
        if line?.is_empty() {
            break;
        }
    }
    let name = request
        .split_whitespace()
        .nth(1)
        .unwrap_or("/")
        .trim_matches('/');
    let known = ["staging", "production"].contains(&name);
    let deployed = if known {
        fs::read_to_string(folder.join(format!("{name}.git/deployed"))).ok()
    } else {
        None
    };
    let (status, body) = match deployed {
        Some(hash) => {
            let hash = hash.trim();
            (
                "200 OK",
                format!(
                    "<!doctype html><title>{name}</title><body data-commit=\"{hash}\">{name} runs {hash}\n"
                ),
            )
        }
        None => ("404 Not Found", "nothing runs here\n".to_owned()),
    };
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/html\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
    );
    stream.write_all((head + &body).as_bytes())?;
    Ok(())
}
