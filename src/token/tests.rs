use std::ffi::OsString;
use std::fs;

use tempfile::TempDir;

use super::*;
use crate::git::program::find_on_path;

/// A repository that knows nothing of the developer's machine, with a home that tests fill.
struct World(TempDir);

impl World {
    fn new() -> Self {
        let world = Self(tempfile::tempdir().unwrap());
        let git = world.0.path().join(".git");
        ["objects", "refs"].iter().for_each(|folder| fs::create_dir_all(git.join(folder)).unwrap());
        fs::write(git.join("HEAD"), "ref: refs/heads/main\n").unwrap();
        world
    }

    fn repo(&self, variables: &[(&str, &str)]) -> Repo {
        let ours = ["HEROKU_API_KEY", "GH_TOKEN", "GITHUB_TOKEN", "GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN"];
        let inherited = std::env::vars_os().map(|(name, _)| name);
        let dropped = inherited.filter(|name| name.to_str().is_some_and(|name| name.starts_with("GIT_")));
        let mut all: Vec<(OsString, Option<OsString>)> =
            dropped.chain(ours.map(OsString::from)).map(|name| (name, None)).collect();
        let home = self.0.path().to_str().unwrap();
        let own = [("GIT_CONFIG_GLOBAL", "/dev/null"), ("GIT_CONFIG_NOSYSTEM", "1"), ("HOME", home)];
        for (name, value) in own.iter().chain(variables) {
            all.retain(|(known, _)| known != name);
            all.push(((*name).into(), Some((*value).into())));
        }
        Repo::open_in(find_on_path("git").unwrap(), self.0.path().to_owned(), all).unwrap()
    }

    fn netrc(&self, text: &str) {
        fs::write(self.0.path().join(NETRC), text).unwrap();
    }

    fn helper(&self, password: &str) {
        let helper = format!("!f() {{ echo username=heroku && echo password={password}; }}; f");
        let config = format!("[credential \"https://git.heroku.com\"]\n\thelper = \"{helper}\"\n");
        fs::write(self.0.path().join(".git/config"), config).unwrap();
    }

    fn finds(&self, variables: &[(&str, &str)]) -> Option<(String, &'static str)> {
        let token = look_up_heroku(&self.repo(variables));
        assert!(!format!("{token:?}").contains("t0ken"));
        token.map(|token| (token.secret.expose().to_owned(), token.from))
    }
}

#[test]
fn herokus_token_is_looked_up_in_three_places_in_turn() {
    let world = World::new();
    assert_eq!(world.finds(&[]), None);
    world.netrc("machine git.heroku.com password t0ken-1\nmachine api.heroku.com\n login a\n password t0ken-2\n");
    assert_eq!(world.finds(&[]), Some(("t0ken-2".into(), NETRC)));
    world.helper("t0ken-3");
    assert_eq!(world.finds(&[]), Some(("t0ken-3".into(), "git's credential helpers")));
    assert_eq!(world.finds(&[("HEROKU_API_KEY", " t0ken-4\n")]), Some(("t0ken-4".into(), "HEROKU_API_KEY")));
}

#[test]
fn what_is_empty_counts_as_none() {
    let world = World::new();
    world.helper("");
    world.netrc("machine api.heroku.com password \"\"\n");
    assert_eq!(world.finds(&[("HEROKU_API_KEY", " ")]), None);
    assert_eq!(world.finds(&[("HOME", "")]), None);
}

#[test]
fn the_token_is_looked_up_once() {
    let world = World::new();
    let first = heroku(&world.repo(&[("HEROKU_API_KEY", "t0ken")])).map(|token| token.secret.expose().to_owned());
    let second = heroku(&world.repo(&[])).map(|token| token.secret.expose().to_owned());
    assert_eq!((first.as_deref(), second.as_deref()), (Some("t0ken"), Some("t0ken")));
}

#[test]
fn githubs_tokens_go_to_no_other_server() {
    let world = World::new();
    let all = [("GITHUB_TOKEN", "public"), ("GITHUB_ENTERPRISE_TOKEN", "own")];
    let found = |variables: &[(&str, &str)], host: &str| {
        github(&world.repo(variables), host).map(|secret| secret.expose().to_owned())
    };
    for host in ["github.com", "GitHub.com", "github.com.", "acme.ghe.com"] {
        assert_eq!(found(&all, host).as_deref(), Some("public"), "{host}");
    }
    for host in ["git.example.com", "github.com.example.com", "notgithub.com", "ghe.com", ".ghe.com", "xghe.com", ""] {
        assert_eq!(found(&all, host).as_deref(), Some("own"), "{host}");
        assert_eq!(found(&all[..1], host), None, "{host}");
    }
    assert_eq!(found(&[all[0], ("GH_TOKEN", "first")], "github.com").as_deref(), Some("first"));
    assert_eq!(found(&[all[1], ("GH_ENTERPRISE_TOKEN", "first")], "git.example.com").as_deref(), Some("first"));
    assert_eq!(found(&[all[0], ("GH_TOKEN", "")], "github.com").as_deref(), Some("public"));
}
