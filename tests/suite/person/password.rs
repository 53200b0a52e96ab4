//! A password for https without a credential helper that has it.

use std::time::Duration;

use super::{count, deploys, promotes};
use crate::promote::{deployed_once, person, promote, ready};
use crate::record::recorded_like;
use crate::sample::sample;
use crate::support::{Deploy, DeployBuilder, Fault, Gate, GitHttp, Rule, Run, Terminal, World};

const SECRET: &str = "open-sesame";
/// The time limit for the end of a run after the user gave up.
const AT_ONCE: Duration = Duration::from_secs(30);

/// Returns a world on one host, whose password only a person knows.
fn asking(builder: DeployBuilder) -> Deploy {
    forgetful(ready(builder.main_over_http()))
}

fn forgetful(deploy: Deploy) -> Deploy {
    deploy.git(
        "",
        &["config", "--global", "--unset-all", "credential.helper"],
    );
    deploy
}

#[track_caller]
fn types_the_password(terminal: &mut Terminal) {
    terminal
        .sees("Username for 'http://127.0.0.1:")
        .enters("ada");
    terminal
        .sees("Password for 'http://ada@127.0.0.1:")
        .enters(SECRET);
}

#[test]
fn a_password_is_typed_once_for_a_whole_promotion_with_its_record() {
    let deploy = forgetful(recorded_like(
        World::deploy_like().main_over_http().without_pages(),
    ));
    let mut terminal = person(&deploy).terminal(&["propose", "--yes", "--note", "x"]);
    types_the_password(&mut terminal);
    terminal.ends().ok();
    let mut terminal = person(&deploy).terminal(&["signoff", "--by", "Rosi"]);
    types_the_password(&mut terminal);
    terminal.ends().ok();
    let strangers = || {
        let seen = deploy.http().seen();
        seen.iter().filter(|seen| seen.status == 401).count()
    };
    let before = strangers();
    let mut terminal = promotes(&deploy);
    types_the_password(&mut terminal);
    let run = deploys(terminal);
    // Each address declined its first request; every later one had the password.
    assert_eq!(strangers() - before, 3, "{run}");
    run.says("done: on record").never_shows(SECRET);
    assert_eq!(
        (count(&run, "Username for"), count(&run, "Password for")),
        (1, 1),
        "{run}"
    );
    assert_eq!(deploy.master(&deploy.production), deploy.nth(5));
}

#[test]
fn looks_that_run_side_by_side_ask_one_question() {
    let deploy = asking(World::deploy_like().without_pages());
    let mut terminal = person(&deploy).terminal(&["status"]);
    types_the_password(&mut terminal);
    let run = terminal.ends();
    run.ok()
        .says("3 commits behind staging")
        .never_shows(SECRET);
    assert_eq!(
        (count(&run, "Username for"), count(&run, "Password for")),
        (1, 1),
        "{run}"
    );
    assert!(
        deploy
            .http()
            .seen()
            .iter()
            .all(|seen| !format!("{seen:?}").contains(SECRET))
    );
}

#[test]
fn a_mistyped_password_is_asked_for_again() {
    let deploy = asking(World::deploy_like().without_pages());
    let mut terminal = person(&deploy).terminal(&["status"]);
    terminal
        .sees("Username for")
        .enters("ada")
        .sees("Password for")
        .enters("open-sesam");
    terminal.sees("does not accept");
    types_the_password(&mut terminal);
    let run = terminal.ends();
    run.ok()
        .says("3 commits behind staging")
        .never_shows("open-sesam");
    assert_eq!(count(&run, "Password for"), 2, "{run}");
}

#[test]
fn whoever_does_not_answer_is_not_asked_by_every_remote_of_the_host() {
    let deploy = asking(World::deploy_like().without_pages());
    let mut terminal = promotes(&deploy);
    terminal.sees("Username for").ctrl_d();
    let run = terminal.ends();
    run.exits(1)
        .says("error: ")
        .says("does not answer")
        .says("hint: log in to http://127.0.0.1:");
    run.says("because: nobody logged in to http://127.0.0.1:")
        .never_shows("nothing to promote");
    assert_eq!(count(&run, "Username for"), 1, "{run}");
}

#[test]
fn ctrl_c_at_the_password_leaves_a_terminal_that_shows_what_is_typed() {
    let deploy = asking(World::deploy_like().without_pages());
    // The shell may be faster than git, which turns the echo on again.
    let script = "trap : INT; git smp status; \
                  until stty -a | tr ' ;' '\\n\\n' | grep -qx echo; do sleep 0.1; done; echo over";
    let mut terminal = person(&deploy).terminal_program("sh", &["-c", script]);
    terminal
        .sees("Username for")
        .enters("ada")
        .sees("Password for")
        .ctrl_c()
        .sees("over");
    terminal.ends().ok();
}

#[test]
fn a_password_is_asked_for_in_time_where_only_a_push_needs_it() {
    let deploy = asking(World::deploy_like());
    deploy.http().lets_everybody_read();
    let before = deploy.snapshot();
    let mut terminal = promotes(&deploy);
    terminal
        .sees("Type production to deploy: ")
        .enters("production");
    types_the_password(&mut terminal);
    terminal.sees("done: production runs");
    let run = terminal.ends();
    run.ok()
        .never_shows(SECRET)
        .never_shows("terminal prompts disabled");
    assert_eq!(count(&run, "Password for"), 1, "{run}");
    assert_eq!(deploy.snapshot(), deployed_once(&deploy, &before));
    assert_eq!(deploy.http().pushes(&deploy.production), 1);
}

/// The ways to give up at a question for a name or a password.
const GIVING_UP: [&[&str]; 5] = [
    &["\x04"],
    &["ada\r", "\x04"],
    &["\r", "\r"],
    &["\x03"],
    &["ada\r", "\x03"],
];

/// Gives up, and asserts that the run ends at once and that nothing was sent.
#[track_caller]
fn gives_up(mut terminal: Terminal, keys: &[&str]) -> Run {
    for (question, keys) in ["Username for 'http://", "Password for 'http://"]
        .iter()
        .zip(keys)
    {
        terminal.sees(question).types(keys);
    }
    let run = terminal.ends();
    run.exits(1)
        .says("because: nobody logged in to http://127.0.0.1:")
        .says("hint: log in to http://127.0.0.1:");
    run.never_shows("cannot tell")
        .never_shows("terminal prompts disabled");
    run
}

// Everybody may read, as on a public repository, so only the push asks.
#[test]
fn whoever_gives_up_at_the_password_for_the_record_is_told_at_once_that_nothing_was_sent() {
    let deploy = forgetful(recorded_like(
        World::deploy_like().main_over_http().without_pages(),
    ));
    deploy.http().lets_everybody_read();
    let before = deploy.snapshot();
    for keys in sample(1, GIVING_UP.iter().filter(|keys| !keys.contains(&"\x03"))) {
        let asked = deploy.http().seen().len();
        let terminal = person(&deploy)
            .limit(AT_ONCE)
            .terminal(&["propose", "--yes", "--note", "x"]);
        gives_up(terminal, keys)
            .says("error: the record cannot be written to")
            .never_shows("smp-record");
        assert!(
            deploy.http().seen().len() < asked + 40,
            "it is asked for ever"
        );
    }
    assert_eq!(deploy.snapshot(), before);
}

#[test]
fn whoever_gives_up_at_the_password_in_a_promotion_pushed_nothing_and_can_go_on() {
    for toml in sample(1, ["[record]\nsignoff = false\n", ""]) {
        let world = World::deploy_like().main_over_http().without_pages();
        let deploy = forgetful(ready(world.toml(toml)));
        deploy.http().lets_everybody_read();
        let before = deploy.snapshot();
        for keys in GIVING_UP {
            let mut terminal = person(&deploy).limit(AT_ONCE).terminal(&["promote"]);
            terminal
                .sees("Type production to deploy: ")
                .enters("production");
            gives_up(terminal, keys);
            assert_eq!(deploy.snapshot(), before, "{keys:?}");
        }
        let mut terminal = promotes(&deploy);
        terminal
            .sees("Type production to deploy: ")
            .enters("production");
        types_the_password(&mut terminal);
        terminal.sees("done: production runs");
        terminal.ends().ok();
    }
}

#[test]
fn a_record_that_wants_a_password_and_finds_nobody_says_where_to_log_in() {
    let deploy = forgetful(recorded_like(
        World::deploy_like().main_over_http().without_pages(),
    ));
    deploy.http().lets_everybody_read();
    let before = deploy.snapshot();
    deploy
        .smp(&["propose", "--yes", "--quiet"])
        .exits(1)
        .says("error: the record cannot be written to")
        .says("hint: log in to http://127.0.0.1:")
        .never_shows("smp-record");
    assert_eq!(deploy.snapshot(), before);
}

// git reports progress during a push; that is not a helper that waits for a person.
#[test]
fn a_host_that_takes_its_time_for_an_event_is_sent_it_once() {
    let deploy = recorded_like(World::deploy_like().main_over_http().without_pages());
    let slow = Fault::Delay(Duration::from_secs(2));
    deploy
        .http()
        .fault(Rule::post("main.git/git-receive-pack", slow));
    let run = person(&deploy)
        .terminal(&["propose", "--yes", "--note", "x"])
        .ends();
    run.ok().never_shows("Username for");
    // One push is setup's, which began the record; the printed post is part of the proposal's push.
    deploy.chain().only("proposed");
    assert_eq!(deploy.http().pushes(&deploy.main), 2, "{run}");
}

#[test]
fn a_setup_asks_for_the_password_once() {
    let deploy = asking(World::deploy_like().without_pages());
    let mut terminal = person(&deploy).terminal(&["setup"]);
    types_the_password(&mut terminal);
    let run = terminal.ends();
    run.ok().never_shows(SECRET);
    assert_eq!(count(&run, "Password for"), 1, "{run}");
}

#[test]
fn a_password_is_never_sent_to_another_host() {
    let deploy = World::deploy_like()
        .main_over_http()
        .without_pages()
        .build();
    let other = GitHttp::with_account(&deploy, "ada", "another-secret");
    let (before, elsewhere) = (deploy.urls()[2].to_owned(), other.url(&deploy.production));
    deploy.write_toml(&deploy.toml().replace(&before, &elsewhere));
    let helper = "!f() { grep -q host=127.0.0.1:PORT && echo username=ada && echo password=another-secret; }; f"
        .replace("PORT", &other.port().to_string());
    deploy.git(
        "",
        &[
            "config",
            "--global",
            &format!("credential.{elsewhere}.helper"),
            "",
        ],
    );
    deploy.git(
        "",
        &[
            "config",
            "--global",
            "--add",
            &format!("credential.{elsewhere}.helper"),
            &helper,
        ],
    );
    deploy.trust();
    let deploy = forgetful(deploy);
    deploy.git(
        "",
        &[
            "config",
            "--global",
            "--unset-all",
            &format!("credential.{elsewhere}.helper"),
        ],
    );
    let first = other.seen().len();

    let mut terminal = person(&deploy).terminal(&["status"]);
    for _ in 0..2 {
        terminal
            .sees("Username for 'http://127.0.0.1:")
            .enters("ada")
            .sees("Password for 'http://ada@127.0.0.1:");
        let asked = terminal.screen();
        let port = asked
            .rsplit("ada@127.0.0.1:")
            .next()
            .unwrap()
            .split('\'')
            .next()
            .unwrap();
        terminal.enters(if port == other.port().to_string() {
            "another-secret"
        } else {
            SECRET
        });
    }
    let run = terminal.ends();
    run.ok()
        .says("3 commits behind staging")
        .never_shows(SECRET)
        .never_shows("another-secret");
    let sent: Vec<_> = other
        .seen()
        .into_iter()
        .skip(first)
        .flat_map(|seen| seen.headers)
        .collect();
    let sent: Vec<_> = sent
        .into_iter()
        .filter(|(name, _)| name.eq_ignore_ascii_case("authorization"))
        .collect();
    // ada:another-secret
    assert!(
        !sent.is_empty()
            && sent
                .iter()
                .all(|(_, value)| value == "Basic YWRhOmFub3RoZXItc2VjcmV0"),
        "{sent:?}"
    );
}

#[test]
fn a_helper_that_keeps_passwords_is_given_the_one_that_worked() {
    let deploy = asking(World::deploy_like().without_pages());
    let kept = deploy.path("kept");
    let helper = format!(
        "!f() {{ test \"$1\" != store || cat >>'{}'; }}; f",
        kept.display()
    );
    deploy.configure("credential.helper", &helper);
    let mut terminal = person(&deploy).terminal(&["status"]);
    types_the_password(&mut terminal);
    terminal.ends().ok().never_shows(SECRET);
    let kept = std::fs::read_to_string(kept).unwrap();
    assert!(
        kept.contains("username=ada\n") && kept.contains(&format!("password={SECRET}\n")),
        "{kept}"
    );
}

// jj#8584
#[test]
fn the_code_of_a_device_login_is_on_the_screen_while_the_helper_waits() {
    let deploy = asking(World::deploy_like().without_pages());
    let gate = Gate::new(&deploy, "device");
    let helper = format!(
        "!f() {{ test \"$1\" = get || exit 0; echo 'Enter the code WXYZ-1234 at https://login.example' >&2; {}; \
         echo username=ada; echo password={SECRET}; }}; f",
        gate.line()
    );
    deploy.configure("credential.helper", &helper);
    let mut terminal = person(&deploy).terminal(&["status"]);
    terminal.sees("Enter the code WXYZ-1234 at https://login.example");
    assert!(terminal.is_running());
    gate.open();
    let run = terminal.ends();
    run.ok()
        .says("3 commits behind staging")
        .never_shows(SECRET);
    assert_eq!(count(&run, "WXYZ-1234"), 1, "{run}");
}

#[test]
fn a_helper_that_reads_from_the_terminal_waits_for_its_turn() {
    let deploy = asking(World::deploy_like().without_pages());
    let helper = "!f() { test \"$1\" = get || exit 0; printf 'Token: ' >/dev/tty; read -r token </dev/tty; \
                  echo username=ada; echo \"password=$token\"; }; f";
    deploy.configure("credential.helper", helper);
    let mut terminal = person(&deploy).terminal(&["status"]);
    terminal.sees("Token: ").sees("Token: ").enters(SECRET);
    terminal.ends().ok().says("3 commits behind staging");
}

#[test]
fn a_program_that_asks_in_a_window_is_started_once() {
    let deploy = asking(World::deploy_like().without_pages());
    let asked = deploy.path("asked");
    let script = format!(
        "echo \"$1\" >>'{}'; case \"$1\" in Username*) echo ada ;; *) echo {SECRET} ;; esac",
        asked.display()
    );
    deploy.executable("asks", &script);
    let asks = deploy.path("asks");
    let run = person(&deploy)
        .env("GIT_ASKPASS", &asks)
        .terminal(&["status"])
        .ends();
    run.ok()
        .says("3 commits behind staging")
        .never_shows(SECRET);
    assert_eq!(std::fs::read_to_string(&asked).unwrap().lines().count(), 2);
    // Without a terminal only the script can answer.
    let run = deploy.runner().env("GIT_ASKPASS", &asks).smp(&["status"]);
    run.ok().prints_among("3 commits behind staging");
}

// F-TTY-3
#[test]
fn without_a_terminal_nobody_is_asked_and_the_refusal_says_where_to_log_in() {
    let deploy = asking(World::deploy_like().without_pages());
    let before = deploy.snapshot();
    let denied = ["-c", "GIT_TERMINAL_PROMPT=0 exec git smp diff"];
    let denied = person(&deploy).terminal_program("sh", &denied).ends();
    for run in [promote(&deploy, &[]), denied] {
        run.exits(1)
            .says("because: could not read Username for ")
            .says("hint: log in to http://127.0.0.1:");
        assert_eq!(count(&run, "Username for"), 1, "{run}");
    }
    // The same with a terminal that is not the program's stdin.
    let mut terminal = person(&deploy).terminal_program("sh", &["-c", "git smp diff </dev/null"]);
    terminal.sees("hint: log in to http://127.0.0.1:");
    assert_eq!(count(terminal.ends().exits(1), "Username for"), 1);
    assert_eq!(deploy.snapshot(), before);
}
