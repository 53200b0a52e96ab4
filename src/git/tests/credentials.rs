//! What helpers know is found out in time, without a question to a person.

use std::time::{Duration, Instant};

use crate::git::logins::{known, known_within};
use crate::git::tests::*;

const HOST: &str = "protocol=https\nhost=git.heroku.com\n";

impl World {
    /// Returns the password of these helpers, which are scripts. The file `asked` shows whether a person was asked.
    fn password_of(&self, helpers: &[&str]) -> Option<String> {
        let program = self.with_helpers(helpers);
        known(&program, HOST).map(|login| login.password.expose().to_owned())
    }

    fn with_helpers(&self, helpers: &[&str]) -> Program {
        for helper in helpers {
            self.git(&[
                "config",
                "--add",
                "credential.helper",
                &format!("!f() {{ {helper}\n}}; f"),
            ]);
        }
        let asks = self.path().join("asks");
        fs::write(
            &asks,
            format!(
                "#!/bin/sh\ntouch {}\necho nobody\n",
                self.path().join("asked").display()
            ),
        )
        .unwrap();
        self.make_executable(&asks);
        let asks = asks.to_str().unwrap();
        self.git(&["config", "core.askPass", asks]);
        self.program(
            "",
            &[
                ("GIT_ASKPASS", asks),
                ("SSH_ASKPASS", asks),
                ("DISPLAY", ":0"),
            ],
        )
    }

    fn make_executable(&self, file: &Path) {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(file, fs::Permissions::from_mode(0o755)).unwrap();
    }

    fn nobody_was_asked(&self) -> bool {
        !self.path().join("asked").exists()
    }
}

#[test]
fn the_password_of_a_helper_is_found() {
    let world = World::new();
    let helper =
        "cat >given; echo username=heroku; echo password=s3cr3t; echo words for people >&2";
    assert_eq!(world.password_of(&[helper]).as_deref(), Some("s3cr3t"));
    let given = fs::read_to_string(world.path().join("given")).unwrap();
    assert!(
        given.contains("protocol=https\nhost=git.heroku.com\n"),
        "{given}"
    );
}

#[test]
fn helpers_that_know_nothing_or_fail_are_passed_over() {
    let knows = "echo username=heroku; echo password=s3cr3t";
    assert_eq!(
        World::new()
            .password_of(&["exit 1", "true", knows])
            .as_deref(),
        Some("s3cr3t")
    );
}

#[test]
fn where_no_helper_knows_nobody_is_asked() {
    for helpers in [
        &[][..],
        &["true"],
        &["exit 3"],
        &["echo username=heroku"],
        &["echo quit=1"],
        &["echo password="],
    ] {
        let world = World::new();
        assert_eq!(world.password_of(helpers), None, "{helpers:?}");
        assert!(world.nobody_was_asked(), "{helpers:?}");
    }
}

#[test]
fn a_helper_that_takes_too_long_is_ended_with_all_that_it_started() {
    let world = World::new();
    let program = world.with_helpers(&["echo $$ >pid; sleep 30; echo password=s3cr3t"]);
    let begun = Instant::now();
    assert!(known_within(&program, HOST, Duration::from_millis(700)).is_none());
    assert!(begun.elapsed() < Duration::from_secs(5));
    let pid = fs::read_to_string(world.path().join("pid")).unwrap();
    let alive = || Path::new("/proc").join(pid.trim()).join("exe").exists();
    while alive() {
        assert!(
            begun.elapsed() < Duration::from_secs(10),
            "the helper still runs"
        );
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn a_process_that_is_left_behind_holds_nothing_up() {
    let world = World::new();
    let program = world.with_helpers(&["sleep 30 & echo username=heroku; echo password=s3cr3t"]);
    let begun = Instant::now();
    known_within(&program, HOST, Duration::from_millis(700));
    assert!(begun.elapsed() < Duration::from_secs(5));
}
