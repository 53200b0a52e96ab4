use std::ffi::OsString;
use std::fs;

use tempfile::TempDir;

use crate::git::program::find_on_path;
use crate::git::token::*;

/// A repository without any settings of the developer's machine, with a home that tests fill.
struct World(TempDir);

impl World {
    fn new() -> Self {
        let world = Self(tempfile::tempdir().unwrap());
        let git = world.0.path().join(".git");
        ["objects", "refs"]
            .iter()
            .for_each(|folder| fs::create_dir_all(git.join(folder)).unwrap());
        fs::write(git.join("HEAD"), "ref: refs/heads/main\n").unwrap();
        world
    }

    fn repo(&self, variables: &[(&str, &str)]) -> Repo {
        let githubs = [
            "GH_TOKEN",
            "GITHUB_TOKEN",
            "GH_ENTERPRISE_TOKEN",
            "GITHUB_ENTERPRISE_TOKEN",
        ];
        let ours = githubs
            .into_iter()
            .chain(["HEROKU_API_KEY", "GH_HOST", "GITHUB_SERVER_URL"]);
        let inherited = std::env::vars_os().map(|(name, _)| name);
        let dropped =
            inherited.filter(|name| name.to_str().is_some_and(|name| name.starts_with("GIT_")));
        let mut all: Vec<(OsString, Option<OsString>)> = dropped
            .chain(ours.map(OsString::from))
            .map(|name| (name, None))
            .collect();
        let home = self.0.path().to_str().unwrap();
        let own = [
            ("GIT_CONFIG_GLOBAL", "/dev/null"),
            ("GIT_CONFIG_NOSYSTEM", "1"),
            ("HOME", home),
        ];
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
        let repo = self.repo(variables);
        let token = platform(&repo, "HEROKU_API_KEY", "git.heroku.com", "api.heroku.com");
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
    assert_eq!(
        world.finds(&[]),
        Some(("t0ken-3".into(), "git's credential helpers"))
    );
    assert_eq!(
        world.finds(&[("HEROKU_API_KEY", " t0ken-4\n")]),
        Some(("t0ken-4".into(), "HEROKU_API_KEY"))
    );
}

#[test]
fn what_is_empty_counts_as_none() {
    let world = World::new();
    world.helper("");
    world.netrc("machine api.heroku.com password \"\"\n");
    assert_eq!(world.finds(&[("HEROKU_API_KEY", " ")]), None);
    assert_eq!(world.finds(&[("HOME", "")]), None);
}

fn githubs(variables: &[(&str, &str)], server: &str) -> Result<String, Without> {
    github(&World::new().repo(variables), server).map(|secret| secret.expose().to_owned())
}

#[test]
fn githubs_tokens_go_to_no_other_server() {
    let all = [
        ("GITHUB_TOKEN", "public"),
        ("GITHUB_ENTERPRISE_TOKEN", "own"),
    ];
    for host in ["github.com", "GitHub.com", "github.com.", "acme.ghe.com"] {
        assert_eq!(githubs(&all, host), Ok("public".into()), "{host}");
    }
    for host in [
        "git.example.com",
        "github.com.example.com",
        "notgithub.com",
        "ghe.com",
        ".ghe.com",
        "xghe.com",
    ] {
        assert_eq!(
            githubs(&[all[0], all[1], ("GH_HOST", host)], host),
            Ok("own".into()),
            "{host}"
        );
        assert_eq!(
            githubs(&[all[0], ("GH_HOST", host)], host),
            Err(Without::Token),
            "{host}"
        );
    }
    assert_eq!(githubs(&all, ""), Err(Without::Token));
    assert_eq!(
        githubs(&[all[0], ("GH_TOKEN", "first")], "github.com"),
        Ok("first".into())
    );
    let (first, named) = (
        ("GH_ENTERPRISE_TOKEN", "first"),
        ("GH_HOST", "git.example.com"),
    );
    assert_eq!(
        githubs(&[all[1], first, named], "git.example.com"),
        Ok("first".into())
    );
    assert_eq!(
        githubs(&[all[0], ("GH_TOKEN", "")], "github.com"),
        Ok("public".into())
    );
}

#[test]
fn a_server_of_ones_own_gets_a_token_only_where_the_environment_names_it() {
    let own = ("GH_ENTERPRISE_TOKEN", "own");
    for (variable, value, server, is_named) in [
        ("GH_HOST", "git.example.com", "git.example.com", true),
        (
            "GH_HOST",
            " https://Git.Example.com/ ",
            "git.example.com",
            true,
        ),
        ("GH_HOST", "git.example.com", "git.example.com.", true),
        (
            "GH_HOST",
            "git.example.com:8443",
            "git.example.com:8443",
            true,
        ),
        (
            "GITHUB_SERVER_URL",
            "https://git.example.com",
            "git.example.com",
            true,
        ),
        (
            "GITHUB_SERVER_URL",
            "https://git.example.com:443",
            "git.example.com",
            true,
        ),
        ("GH_HOST", "git.example.com", "git.example.com:8443", false),
        ("GH_HOST", "git.example.com", "evil.example", false),
        (
            "GH_HOST",
            "git.example.com",
            "git.example.com.evil.example",
            false,
        ),
        (
            "GH_HOST",
            "https://evil.example@git.example.com",
            "evil.example",
            false,
        ),
        ("GH_HOST", "example.com", "git.example.com", false),
        (
            "GITHUB_SERVER_URL",
            "https://github.com",
            "git.example.com",
            false,
        ),
        ("GH_HOST", "", "git.example.com", false),
        ("GH_HOST", "no host", "git.example.com", false),
    ] {
        let expected = if is_named {
            Ok("own".to_owned())
        } else {
            Err(Without::Leave)
        };
        assert_eq!(
            githubs(&[own, (variable, value)], server),
            expected,
            "{variable}={value} for {server}"
        );
    }
    assert_eq!(githubs(&[own], "git.example.com"), Err(Without::Leave));
}

#[track_caller]
fn in_file(text: &str, expected: Option<(&str, &str)>) {
    let found = login(text, "api.heroku.com");
    let found = found
        .as_ref()
        .map(|one| (one.name.as_str(), one.password.expose()));
    assert_eq!(found, expected, "{text}");
}

#[test]
fn a_login_in_a_file_may_stand_in_one_line_or_in_many() {
    for text in [
        "machine api.heroku.com\n  login ada\n  password t0ken\n",
        "machine git.heroku.com login a password other machine api.heroku.com login ada password t0ken",
        "machine\r\nAPI.heroku.com\r\n\r\npassword\r\nt0ken\r\nlogin\r\nada",
        "machine \"api.heroku.com\" account x login ada password \"t0ken\"",
        "# machine api.heroku.com password other\nmachine api.heroku.com # mine\npassword t0ken login ada",
        "machine api.heroku.com login ada password t0ken default login b password x",
        "machine api.heroku.com password t0ken login ada machine other login b password x",
        "machine x\nmacdef init\nmachine api.heroku.com password other\n\nmachine api.heroku.com login ada password t0ken",
    ] {
        in_file(text, Some(("ada", "t0ken")));
    }
    in_file(
        "login b machine api.heroku.com password t0ken",
        Some(("", "t0ken")),
    );
}

#[test]
fn other_machines_the_default_macros_and_what_is_cut_off_hold_no_login_of_ours() {
    for text in [
        "",
        "machine git.heroku.com password other",
        "machine api.heroku.com.example.com password other",
        "machine api.heroku.com login a\ndefault login b password other",
        "password other",
        "macdef init\nmachine api.heroku.com\npassword other",
        "machine",
        "machine api.heroku.com",
        "machine api.heroku.com password",
        "machine api.heroku.com login ada password \"a b\"",
        r#"machine api.heroku.com login ada password "a\"b""#,
        "#",
        "\"",
    ] {
        in_file(text, None);
    }
}
