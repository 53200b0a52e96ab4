//! A key with a passphrase, an unknown host, and no agent.

use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::person::{count, deploys, promotes};
use crate::promote::{comes_to, deployed_once, person, promote, ready};
use crate::push::insists;
use crate::record::recorded_like;
use crate::support::{Deploy, DeployBuilder, Gate, PATIENCE, World};

const SECRET: &str = "correct horse battery";
const QUESTION: &str = "Enter passphrase for key";

/// Returns a world on one host whose key needs its passphrase.
fn locked(builder: DeployBuilder) -> Deploy {
    let deploy = ready(builder.main_over_ssh());
    deploy.ssh().locks_the_key(&deploy, SECRET);
    deploy
}

/// Asserts that no temporary file of the program is left.
#[track_caller]
fn leaves_nothing_behind(deploy: &Deploy) {
    let left = || -> Vec<_> {
        let entries = std::fs::read_dir(deploy.path("tmp")).unwrap();
        entries.map(|entry| entry.unwrap().file_name()).collect()
    };
    let deadline = Instant::now() + PATIENCE;
    while !left().is_empty() {
        assert!(Instant::now() < deadline, "{:?}", left());
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_passphrase_is_typed_once_for_a_whole_promotion_with_its_record() {
    let deploy = recorded_like(World::deploy_like().main_over_ssh().without_pages());
    deploy.smp(&["propose", "--yes", "--quiet"]).ok();
    deploy.smp(&["signoff", "--by", "Rosi"]).ok();
    deploy.ssh().locks_the_key(&deploy, SECRET);
    let mut terminal = promotes(&deploy);
    terminal.sees(QUESTION).enters(SECRET);
    let run = deploys(terminal);
    run.says("done: on record").never_shows(SECRET);
    assert_eq!(count(&run, QUESTION), 1, "{run}");
    assert_eq!(deploy.master(&deploy.production), deploy.nth(5));
    leaves_nothing_behind(&deploy);
}

#[test]
fn looks_that_run_side_by_side_ask_for_one_passphrase() {
    let deploy = locked(World::deploy_like().without_pages());
    let mut terminal = person(&deploy).terminal(&["status"]);
    terminal.sees(QUESTION).enters(SECRET);
    let run = terminal.ends();
    run.ok()
        .says("3 commits behind staging")
        .never_shows(SECRET);
    assert_eq!(count(&run, QUESTION), 1, "{run}");
    leaves_nothing_behind(&deploy);
}

// Setup opens the clone a second time, to read its own changes.
#[test]
fn a_setup_ends_the_connection_that_a_person_opened() {
    for line in [&["setup"][..], &["setup", "--check"]] {
        let deploy = locked(World::deploy_like().without_pages());
        let mut terminal = person(&deploy).terminal(line);
        terminal.sees(QUESTION).enters(SECRET);
        let run = terminal.ends();
        run.ok().never_shows(SECRET);
        assert_eq!(count(&run, QUESTION), 1, "{run}");
        deploy.ssh().is_left();
        leaves_nothing_behind(&deploy);
    }
}

#[test]
fn a_run_that_is_killed_leaves_no_connection_behind_that_others_could_use() {
    for signal in [Signal::KILL, Signal::TERM, Signal::HUP] {
        let deploy = locked(World::deploy_like().without_pages());
        let mut terminal = promotes(&deploy);
        terminal
            .sees(QUESTION)
            .enters(SECRET)
            .sees("Type production to deploy: ");
        assert!(deploy.ssh().connections() > 0);
        terminal.signal(signal);
        terminal.ends().never_shows("done:");
        deploy.ssh().is_left();
        leaves_nothing_behind(&deploy);
    }
}

#[test]
fn ctrl_c_at_the_passphrase_leaves_nothing_behind() {
    let deploy = locked(World::deploy_like().without_pages());
    let mut terminal = person(&deploy).terminal(&["status"]);
    terminal.sees(QUESTION).ctrl_c();
    terminal.ends();
    deploy.ssh().is_left();
    leaves_nothing_behind(&deploy);
}

#[test]
fn a_mistyped_passphrase_is_asked_for_again() {
    let deploy = locked(World::deploy_like().without_pages());
    let mut terminal = person(&deploy).terminal(&["status"]);
    terminal
        .sees(QUESTION)
        .enters("wrong horse")
        .sees(QUESTION)
        .enters(SECRET);
    terminal
        .ends()
        .ok()
        .says("3 commits behind staging")
        .never_shows("horse");
}

#[test]
fn whoever_does_not_know_the_passphrase_is_not_asked_by_every_remote_of_the_host() {
    let deploy = locked(World::deploy_like().without_pages());
    let mut terminal = promotes(&deploy);
    terminal.sees(QUESTION).enters("");
    let run = terminal.ends();
    run.exits(1)
        .says("Permission denied")
        .says("hint: log in as ")
        .says("ssh-add");
    assert_eq!(count(&run, QUESTION), 1, "{run}");
    leaves_nothing_behind(&deploy);
}

#[test]
fn an_unknown_host_is_asked_about_once() {
    let deploy = ready(World::deploy_like().main_over_ssh());
    deploy.ssh().is_a_stranger();
    let before = deploy.snapshot();
    let mut terminal = promotes(&deploy);
    terminal
        .sees("Are you sure you want to continue connecting (yes/no")
        .enters("yes");
    let run = deploys(terminal);
    assert_eq!(count(&run, "Are you sure"), 1, "{run}");
    assert_eq!(deploy.snapshot(), deployed_once(&deploy, &before));
}

#[test]
fn a_no_to_an_unknown_host_is_a_no() {
    let deploy = ready(World::deploy_like().main_over_ssh().without_pages());
    deploy.ssh().is_a_stranger();
    let asked = deploy.ssh().asked().len();
    let mut terminal = promotes(&deploy);
    terminal.sees("Are you sure").enters("no");
    let run = terminal.ends();
    run.exits(1)
        .says("Host key verification failed")
        .says("hint: look at its key and confirm it: ssh -T -p ");
    assert_eq!(
        (count(&run, "Are you sure"), deploy.ssh().asked().len()),
        (1, asked),
        "{run}"
    );
}

#[test]
fn an_unknown_host_and_a_passphrase_are_asked_one_after_the_other() {
    let deploy = locked(World::deploy_like().without_pages());
    deploy.ssh().is_a_stranger();
    let mut terminal = person(&deploy).terminal(&["status"]);
    terminal
        .sees("Are you sure")
        .enters("yes")
        .sees(QUESTION)
        .enters(SECRET);
    let run = terminal.ends();
    run.ok()
        .says("3 commits behind staging")
        .never_shows(SECRET);
    assert_eq!(
        (count(&run, "Are you sure"), count(&run, QUESTION)),
        (1, 1),
        "{run}"
    );
}

// F-KILL-2: the end of the program's ssh connection does not stop a push that was left to the host.
#[test]
fn a_push_that_is_left_goes_on_over_the_connection_that_a_person_opened() {
    let deploy = locked(World::deploy_like().without_pages());
    let gate = Gate::new(&deploy, "build");
    deploy.hook(
        &deploy.production,
        "pre-receive",
        &format!("cat >/dev/null; {}; exit 0", gate.line()),
    );
    let mut terminal = person(&deploy).terminal(&["promote"]);
    terminal
        .sees(QUESTION)
        .enters(SECRET)
        .sees("Type production to deploy: ")
        .enters("production");
    gate.reached();
    terminal.ctrl_c().sees("the push cannot be stopped");
    insists(&mut terminal);
    terminal
        .ends()
        .exits(4)
        .says("error: interrupted while")
        .never_shows(SECRET);
    gate.open();
    comes_to(&deploy, &deploy.production, deploy.nth(5));
}

#[test]
fn without_a_terminal_nobody_is_asked_and_the_refusal_says_which_key_to_load() {
    let deploy = locked(World::deploy_like().without_pages());
    let before = deploy.snapshot();
    let run = promote(&deploy, &[]);
    run.exits(1)
        .says("does not answer")
        .says("Permission denied")
        .says("hint: log in as ")
        .says("@127.0.0.1")
        .says("ssh-add");
    run.never_shows(QUESTION);
    // The same with a terminal that is not the program's stdin.
    let mut terminal = person(&deploy).terminal_program("sh", &["-c", "git smp status </dev/null"]);
    terminal.sees("does not answer");
    terminal.ends().ok().never_shows(QUESTION);
    deploy.ssh().is_a_stranger();
    promote(&deploy, &[])
        .exits(1)
        .says("hint: look at its key and confirm it: ssh -T -p ");
    assert_eq!(deploy.snapshot(), before);
}

/// Creates an ssh under another name, which logs its arguments.
fn stand_in(deploy: &Deploy) -> (String, std::path::PathBuf) {
    let log = deploy.path("called");
    let config = deploy.ssh().client_config();
    let script = format!(
        "echo \"$@\" >>'{}'; exec ssh -F '{}' \"$@\"",
        log.display(),
        config.display()
    );
    deploy.executable("my-ssh", &script);
    (deploy.path("my-ssh").display().to_string(), log)
}

#[test]
fn an_ssh_of_the_users_own_is_used_and_told_to_ask_nobody_however_it_is_named() {
    for name in ["GIT_SSH_COMMAND", "GIT_SSH", "core.sshCommand"] {
        let deploy = ready(World::deploy_like().over_ssh());
        let (program, log) = stand_in(&deploy);
        deploy.git(
            "",
            &["config", "--global", "--unset-all", "core.sshCommand"],
        );
        let mut runner = deploy.runner();
        match name {
            "core.sshCommand" => deploy.configure(name, &program),
            name => runner = runner.env(name, &program),
        }
        runner
            .smp(&["promote", "--yes", "--commit", deploy.nth(5)])
            .ok()
            .says("done: production runs");
        let calls = std::fs::read_to_string(&log).unwrap();
        let to_git: Vec<&str> = calls
            .lines()
            .filter(|call| call.contains(" git-"))
            .collect();
        assert!(
            to_git.len() > 2
                && to_git
                    .iter()
                    .all(|call| call.starts_with("-oBatchMode=yes")),
            "{name}: {calls}"
        );
    }
}

#[test]
fn an_ssh_that_cannot_be_told_to_ask_nobody_asks_one_question_at_a_time() {
    let deploy = World::deploy_like().main_over_ssh().without_pages().build();
    // This ssh takes no options, like git's variant `simple`, so the program cannot pass the port.
    let port = deploy.urls()[0]
        .rsplit("127.0.0.1:")
        .next()
        .unwrap()
        .split('/')
        .next()
        .unwrap()
        .to_owned();
    let config = deploy.ssh().client_config();
    let script = format!(
        "case $1 in -*) exit 1 ;; esac\nexec ssh -F '{}' -p {port} \"$@\"",
        config.display()
    );
    deploy.executable("my-ssh", &script);
    deploy.configure("core.sshCommand", deploy.path("my-ssh").to_str().unwrap());
    let [main, ..] = deploy.urls();
    deploy.git(
        &deploy.work,
        &[
            "remote",
            "set-url",
            "upstream",
            &main.replace(&format!(":{port}/"), "/"),
        ],
    );
    deploy.write_toml(&deploy.toml().replace(&format!(":{port}/"), "/"));
    deploy.trust();
    deploy.ssh().locks_the_key(&deploy, SECRET);

    let mut terminal = person(&deploy).terminal(&["status"]);
    for _ in 0..3 {
        terminal.sees(QUESTION);
        let asked = terminal.screen().matches(QUESTION).count();
        // The next question comes only after this answer.
        assert!(deploy.ssh().asked().len() >= asked - 1);
        terminal.enters(SECRET);
    }
    terminal
        .ends()
        .ok()
        .says("3 commits behind staging")
        .never_shows(SECRET);
}

#[test]
fn connections_that_users_keep_for_themselves_are_left_to_them() {
    let deploy = locked(World::deploy_like().without_pages());
    let (program, log) = stand_in(&deploy);
    let own = deploy.path("own.sock");
    for line in [
        "ControlMaster auto",
        "ControlPersist 60",
        &format!("ControlPath {}", own.display()),
    ] {
        deploy.ssh().configures_client(line);
    }
    let mut terminal = person(&deploy)
        .env("GIT_SSH_COMMAND", &program)
        .terminal(&["status"]);
    terminal.sees(QUESTION).enters(SECRET);
    let run = terminal.ends();
    run.ok()
        .says("3 commits behind staging")
        .never_shows(SECRET);
    assert_eq!(count(&run, QUESTION), 1, "{run}");
    let calls = std::fs::read_to_string(&log).unwrap();
    assert!(
        !calls.contains("ControlMaster") && !calls.contains("ControlPath"),
        "{calls}"
    );
    // The user's own connection is still open.
    deploy
        .runner()
        .program(program, &["-O", "exit", "127.0.0.1"])
        .ok();
}
