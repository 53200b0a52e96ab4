//! Environments that are asked side by side.

use std::fmt::Write as _;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::Stdio;
use std::thread;
use std::time::Duration;

use crate::{ask, median, smp, time};

/// How long a diff takes whose two pages answer after 400 ms each: asked one after the other it would be 800.
pub fn two_slow_pages(rounds: usize) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let world = Path::new(env!("CARGO_TARGET_TMPDIR")).join("two-slow-pages");
    drop(fs::remove_dir_all(&world));
    let work = world.join("work");
    fs::create_dir_all(&work).unwrap();
    ask(&work, &["init", "-q", "-b", "main"]);
    let commit = [
        "-c",
        "user.name=Ada",
        "-c",
        "user.email=ada@example.com",
        "commit",
        "-q",
        "--allow-empty",
        "-m",
        "x",
    ];
    let hashes = [0, 1].map(|_| {
        ask(&work, &commit);
        ask(&work, &["rev-parse", "HEAD"])
    });
    let mut config = format!("[repository]\nurl = '{}/main.git'\n", world.display());
    for (name, more) in [("production", "promotes = 'staging'\n"), ("staging", "")] {
        write!(
            config,
            "[environments.{name}]\nurl = '{}/{name}.git'\n{more}",
            world.display()
        )
        .unwrap();
        write!(
            config,
            "[environments.{name}.running]\npage = 'http://127.0.0.1:{port}/{name}'\n"
        )
        .unwrap();
    }
    for name in ["main", "staging", "production"] {
        ask(
            &world,
            &["clone", "-q", "--bare", "work", &format!("{name}.git")],
        );
    }
    fs::write(work.join("smp.toml"), config).unwrap();
    thread::spawn(move || {
        listener
            .incoming()
            .flatten()
            .for_each(|stream| answer_slowly(stream, hashes.clone()))
    });
    let run = |args: &[&str]| {
        let mut command = smp(&work, args);
        command.env("HOME", &world).stderr(Stdio::null());
        command
    };
    assert!(
        run(&["setup", "--yes"])
            .stdout(Stdio::null())
            .status()
            .unwrap()
            .success()
    );
    let median = median((0..rounds).map(|_| time(run(&["diff"]))).collect());
    println!(
        "{:<56} {median:>6.1} ms    400 ms {:>7.2}",
        "diff, two pages of 400 ms",
        median / 400.0
    );
}

fn answer_slowly(mut stream: TcpStream, [production, staging]: [String; 2]) {
    thread::spawn(move || {
        let mut request = [0; 1024];
        let length = stream.read(&mut request).unwrap_or(0);
        thread::sleep(Duration::from_millis(400));
        let hash = if request[..length].starts_with(b"GET /staging") {
            staging
        } else {
            production
        };
        let head = format!(
            "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
            hash.len()
        );
        drop(stream.write_all((head + &hash).as_bytes()));
    });
}
