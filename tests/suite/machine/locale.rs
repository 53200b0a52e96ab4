//! The locale over ssh: the values that the user's own ssh sends, and messages of a host in another language.

use crate::person::locale::{locale, writes_its_locale};
use crate::promote::{promote, ready};
use crate::support::World;

// capistrano#70, gitlab-shell#234
#[test]
fn a_build_on_a_host_sees_the_locale_that_plain_git_push_would_bring() {
    for (locales, own) in [
        (&[("LANG", "de_DE.UTF-8")][..], false),
        (&[("LANG", "de_DE.UTF-8"), ("LC_ALL", "en_US.UTF-8")], false),
        (
            &[
                ("LANG", "de_DE.UTF-8"),
                ("LC_TIME", "tr_TR.UTF-8"),
                ("LC_ALL", "it's odd"),
            ],
            true,
        ),
    ] {
        let deploy = ready(World::deploy_like().over_ssh());
        deploy.ssh().takes_the_locale(&deploy);
        writes_its_locale(&deploy);
        let plain = locales
            .iter()
            .fold(deploy.runner(), |runner, (name, value)| {
                runner.env(name, value)
            });
        let plain = if own {
            plain.env(
                "GIT_SSH_COMMAND",
                format!(
                    "ssh -F '{}' -o LogLevel=ERROR",
                    deploy.ssh().client_config().display()
                ),
            )
        } else {
            plain
        };
        let push = format!("{}:refs/heads/tried", deploy.nth(2));
        plain
            .program("git", &["push", "-q", "production", &push])
            .ok();
        let expected = locale(&deploy);
        plain
            .smp(&["promote", "--yes", "--commit", deploy.nth(5)])
            .ok()
            .says("done: production runs");
        assert_eq!(locale(&deploy), expected);
        assert!(expected.contains("LANG=de_DE.UTF-8"), "{expected}");
    }
}

// F-LOC-1: git runs in English, so the program recognizes its failures in every locale.
#[test]
fn what_git_says_is_understood_in_every_locale() {
    let deploy = ready(World::deploy_like().over_ssh());
    deploy.ssh().lets_nobody_push();
    // If this machine has the locale and git's translations, plain git speaks German here.
    let german = deploy
        .runner()
        .env("LANG", "de_DE.UTF-8")
        .env("LC_ALL", "de_DE.UTF-8")
        .env("LANGUAGE", "de");
    let german = german.env("LOCPATH", deploy.path("locales"));
    std::fs::create_dir(deploy.path("locales")).unwrap();
    let to = deploy.path("locales/de_DE.UTF-8").display().to_string();
    let script = format!("localedef -i de_DE -f UTF-8 '{to}' || true");
    deploy.runner().program("sh", &["-c", &script]).ok();
    let run = german.smp(&[
        "promote",
        "--yes",
        "--commit",
        deploy.nth(5),
        "--timeout",
        "5",
    ]);
    run.exits(1)
        .says("nothing was sent to production")
        .says("this key may not push here");
    deploy.ssh().lets_in();
    promote(&deploy, &[]).ok();
}
