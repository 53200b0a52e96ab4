//! A team with a staging and a production, whose hosts are far away.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{Way, host, proxy};
use crate::{ask, smp};

pub struct World {
    folder: PathBuf,
    commits: Vec<String>,
}

impl World {
    /// Such a team; `None` where this machine has no `sshd` for it.
    pub fn new(way: Way) -> Option<World> {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("far-away");
        drop(fs::remove_dir_all(&folder));
        fs::create_dir_all(&folder).unwrap();
        ask(&folder, &["init", "-q", "-b", "main", "colleague"]);
        let mut world = World {
            folder,
            commits: Vec::new(),
        };
        for name in ["production", "staging", "main"] {
            world.commit();
            let bare = format!("{name}.git");
            ask(
                &world.folder,
                &["clone", "-q", "--bare", "colleague", &bare],
            );
        }
        ask(
            &world.folder,
            &["clone", "-q", "-o", "first", "colleague", "work"],
        );
        let web = proxy::far(host::http(&world.folder, way.login));
        let mut personal = "[user]\nname = Ada\nemail = ada@example.com\n".to_owned();
        let mut base = format!("http://127.0.0.1:{web}");
        if way.login {
            let helper =
                "!f() { test $1 = get && echo username=ada && echo password=open-sesame; }; f";
            writeln!(personal, "[credential]\nhelper = \"{helper}\"").unwrap();
        }
        if way.ssh {
            let keys = world.folder.join("ssh");
            let port = proxy::far(host::ssh(&keys)?);
            base = format!("ssh://127.0.0.1:{port}{}", world.folder.display());
            let config = keys.join("config");
            writeln!(personal, "[core]\nsshCommand = ssh -F {}", config.display()).unwrap();
        }
        fs::write(world.folder.join("personal"), personal).unwrap();
        let config = configuration(&base, web, way.record);
        fs::write(world.folder.join("work/smp.toml"), config).unwrap();
        Some(world)
    }

    fn commit(&mut self) {
        let who = ["-c", "user.name=Ada", "-c", "user.email=ada@example.com"];
        let what = ["commit", "-q", "--allow-empty", "-m", "Draw routes"];
        let colleague = self.folder.join("colleague");
        ask(&colleague, &[who.as_slice(), &what].concat());
        self.commits.push(ask(&colleague, &["rev-parse", "HEAD"]));
    }

    /// A colleague pushes a commit to the main repository.
    pub fn main_moves(&mut self) {
        self.commit();
        let colleague = self.folder.join("colleague");
        ask(&colleague, &["push", "-q", "../main.git", "main"]);
    }

    /// A command line, `OLDEST` and `NEWEST` put in.
    pub fn smp(&self, line: &str) -> Command {
        let words = line.split(' ').map(|word| match word {
            "OLDEST" => self.commits[0].as_str(),
            "NEWEST" => self.commits[self.commits.len() - 1].as_str(),
            other => other,
        });
        let words: Vec<&str> = words.collect();
        let mut command = smp(&self.folder.join("work"), &words);
        command
            .env("HOME", &self.folder)
            .env("GIT_CONFIG_GLOBAL", self.folder.join("personal"));
        command
    }
}

fn configuration(base: &str, web: u16, record: bool) -> String {
    let mut config = format!("[repository]\nurl = '{base}/main.git'\n");
    if record {
        config += "[record]\n";
    }
    for (name, more) in [("staging", ""), ("production", "promotes = 'staging'\n")] {
        let page = format!("page = 'http://127.0.0.1:{web}/page/{name}'\nconfirm_seconds = 0");
        config += &format!(
            "[environments.{name}]\nurl = '{base}/{name}.git'\n{more}[environments.{name}.running]\n{page}\n"
        );
    }
    config
}
