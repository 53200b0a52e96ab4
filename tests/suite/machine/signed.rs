//! A record of signed events, with real ssh keys: whose sign-off counts, and how events that do not count are shown.

mod agreed;
mod checked;
mod comments;
mod generated;
mod interrupted;
mod moved;
mod openpgp;
mod rollback;
mod soak;
mod tricks;
mod verify;

use std::path::PathBuf;

use crate::ask::{TOKEN, has_pages};
use crate::record::{events, short};
use crate::support::{Deploy, IssuesApi, Run, Runner, Speaks, Topology, World};

/// The configuration with signatures.
const SIGNED: &str = "[record]\nsigned = true\n[policy]\nfour_eyes = true\n";

/// Creates a key without a passphrase, and returns the person's line of the signers file.
fn key(deploy: &Deploy, name: &str) -> String {
    std::fs::create_dir_all(deploy.path("keys")).unwrap();
    let path = key_of(deploy, name);
    let file = path.to_str().unwrap();
    let make = ["-q", "-t", "ed25519", "-N", "", "-C", name, "-f", file];
    deploy.runner().program("ssh-keygen", &make).ok();
    let public = std::fs::read_to_string(path.with_extension("pub")).unwrap();
    let public: Vec<&str> = public.split_whitespace().take(2).collect();
    format!("{name}@example.com namespaces=\"git\" {}", public.join(" "))
}

fn key_of(deploy: &Deploy, name: &str) -> PathBuf {
    deploy.path("keys").join(name)
}

/// Returns a runner for a person who signs with their own key, in the same clone.
fn by<'w>(deploy: &'w Deploy, name: &str) -> Runner<'w> {
    with_key(deploy, name, name)
}

/// Returns a runner for a person of this name who signs with another person's key.
fn with_key<'w>(deploy: &'w Deploy, name: &str, key: &str) -> Runner<'w> {
    let options = options(deploy, name, key);
    let options: Vec<&str> = options.iter().map(String::as_str).collect();
    deploy.runner().git_options(&options)
}

fn options(deploy: &Deploy, name: &str, key: &str) -> Vec<String> {
    let key = key_of(deploy, key).with_extension("pub");
    let settings = [
        format!("user.name={name}"),
        format!("user.email={name}@example.com"),
        "gpg.format=ssh".to_owned(),
        format!("user.signingKey={}", key.display()),
    ];
    (settings.into_iter())
        .flat_map(|setting| ["-c".to_owned(), setting])
        .collect()
}

/// Runs git in the main repository as a person with a key, with these variables.
fn git(
    deploy: &Deploy,
    (name, key): (&str, &str),
    variables: &[(&str, &str)],
    args: &[&str],
) -> String {
    let options = options(deploy, name, key);
    let all: Vec<&str> = options
        .iter()
        .map(String::as_str)
        .chain(args.iter().copied())
        .collect();
    let git = deploy.runner().cwd(&deploy.main);
    let git = variables
        .iter()
        .fold(git, |git, (name, value)| git.env(name, value));
    git.program("git", &all).ok().out().trim().to_owned()
}

/// Commits files to the main branch.
fn merged(deploy: &Deploy, subject: &str, files: &[(&str, &str)]) -> String {
    let commit = deploy.commit_files(&deploy.team, subject, files);
    deploy.colleague_pushes(&deploy.main, &commit);
    commit
}

/// Returns a world in which the keys of ada and rosi count and eve's does not. Its smp.toml is the main branch's.
fn world() -> Deploy {
    world_on(Topology::default())
}

/// Returns such a world on a topology. The default user is ada.
fn world_on(topology: Topology) -> Deploy {
    let world = World::deploy_like().on(topology).without_pages();
    keyed(world.toml(SIGNED).build())
}

/// Returns such a world whose proposals open issues.
fn asking() -> (Deploy, IssuesApi) {
    let world = World::deploy_like().without_pages();
    let deploy = world
        .toml(&SIGNED.replacen('\n', "\nask = \"github\"\n", 1))
        .build();
    has_pages(&deploy, Speaks::GitHub);
    (keyed(deploy), IssuesApi::start(Speaks::GitHub, TOKEN))
}

/// Commits the signers file and smp.toml to the main branch.
fn keyed(deploy: Deploy) -> Deploy {
    let [ada, rosi, _] = ["ada", "rosi", "eve"].map(|name| key(&deploy, name));
    let signers = format!("# Whose events count\n{ada}\n{rosi}\n");
    let files = [
        (".smp/signers", signers.as_str()),
        ("smp.toml", &deploy.toml()),
    ];
    merged(&deploy, "Say whose signatures count", &files);
    deploy.configure("gpg.format", "ssh");
    let own = key_of(&deploy, "ada").with_extension("pub");
    deploy.configure("user.signingKey", own.to_str().unwrap());
    by(&deploy, "ada").smp(&["setup", "--yes"]).ok();
    deploy
}

/// Returns such a world with ada's proposal of staging's commit.
fn proposed() -> Deploy {
    let deploy = world();
    by(&deploy, "ada").smp(&["propose", "--yes"]).ok();
    deploy
}

fn promote(deploy: &Deploy, runner: &Runner<'_>) -> Run {
    let args = [
        "promote",
        "--yes",
        "--timeout",
        "20",
        "--commit",
        deploy.nth(5),
    ];
    runner.smp(&args)
}

/// Returns the tip of the record.
fn tip(deploy: &Deploy) -> String {
    deploy.refs(&deploy.main).remove("refs/smp/record").unwrap()
}

/// Appends an event to the record without the program: its author and key, its message, and whether it is signed.
fn forged(deploy: &Deploy, who: (&str, &str), message: &str, signed: bool) -> String {
    forged_at(deploy, who, message, signed, None)
}

/// Appends such an event with this date.
fn forged_at(
    deploy: &Deploy,
    who: (&str, &str),
    message: &str,
    signed: bool,
    date: Option<&str>,
) -> String {
    let tree = deploy.git(&deploy.main, &["rev-parse", "refs/smp/record^{tree}"]);
    let tip = tip(deploy);
    let mut args = vec!["commit-tree", &tree, "-p", &tip, "-m", message];
    args.extend(signed.then_some("-S"));
    let dates = ["GIT_AUTHOR_DATE", "GIT_COMMITTER_DATE"];
    let dates: Vec<_> = dates
        .into_iter()
        .filter_map(|name| Some((name, date?)))
        .collect();
    let commit = git(deploy, who, &dates, &args);
    deploy.git(&deploy.main, &["update-ref", "refs/smp/record", &commit]);
    commit
}

/// Returns the message of the record's last event.
fn last_message(deploy: &Deploy) -> String {
    deploy.git(
        &deploy.main,
        &["log", "-1", "--format=%B", "refs/smp/record"],
    )
}

#[test]
fn a_yes_from_another_key_leads_to_production_and_every_event_is_signed() {
    let deploy = proposed();
    by(&deploy, "rosi").smp(&["signoff"]).ok();
    let once = tip(&deploy);
    let again = by(&deploy, "rosi").smp(&["signoff"]);
    again.ok().says("rosi has already signed off");
    assert_eq!(tip(&deploy), once);
    let status = deploy.smp(&["status"]).ok().out();
    assert!(status.contains("signed off by rosi at "), "{status}");
    promote(&deploy, &by(&deploy, "ada")).ok();
    assert_eq!(deploy.master(&deploy.production), deploy.nth(5));
    assert_eq!(
        events(&deploy),
        ["proposed", "posted", "signed-off", "promoting", "promoted"]
    );
    let all = deploy.git(&deploy.main, &["log", "--format=raw", "refs/smp/record"]);
    let count = |what: &str| all.lines().filter(|line| line.starts_with(what)).count();
    assert_eq!(
        count("gpgsig -----BEGIN SSH SIGNATURE-----"),
        count("commit ")
    );
    let history = deploy.smp(&["history", "--json"]).ok().json();
    assert_eq!(
        history["deploys"][0]["signed_off_by"],
        serde_json::json!(["rosi"])
    );
}

#[test]
fn a_yes_of_the_proposers_own_is_refused_and_not_recorded() {
    let deploy = proposed();
    let before = tip(&deploy);
    by(&deploy, "ada")
        .smp(&["signoff"])
        .exits(1)
        .says("error: you proposed the candidate, so your own sign-off does not count\n");
    assert_eq!(tip(&deploy), before);
    let json = by(&deploy, "ada").smp(&["promote", "-n", "--json"]);
    assert_eq!(json.exits(1).json()["refusal"]["code"], "not-signed-off");
    // The proposer's own block counts.
    by(&deploy, "ada")
        .smp(&["signoff", "--block", "the legend is broken"])
        .ok();
    by(&deploy, "rosi").smp(&["signoff"]).ok();
    let json = by(&deploy, "ada").smp(&["promote", "-n", "--json"]);
    assert_eq!(json.exits(1).json()["refusal"]["code"], "blocked");
}

#[test]
fn a_newcomer_is_told_the_line_to_add_and_counts_once_it_is_merged() {
    let deploy = proposed();
    let eve = by(&deploy, "eve");
    let line = std::fs::read_to_string(key_of(&deploy, "eve").with_extension("pub")).unwrap();
    let line: Vec<&str> = line.split_whitespace().take(2).collect();
    let line = format!("eve@example.com namespaces=\"git\" {}", line.join(" "));
    let before = tip(&deploy);
    eve.smp(&["signoff"])
        .exits(1)
        .says("error: .smp/signers on master does not know your key")
        .says(&format!("the line for it is: {line}\n"));
    assert_eq!(tip(&deploy), before);
    for args in [&["setup", "--check"][..], &["setup", "--yes"]] {
        eve.smp(args)
            .exits(1)
            .prints_among("FAIL  signing")
            .prints_among(&line);
    }
    let old = deploy.git(&deploy.main, &["show", "master:.smp/signers"]);
    merged(
        &deploy,
        "Let eve count",
        &[(".smp/signers", &format!("{old}\n{line}\n"))],
    );
    eve.smp(&["setup", "--check"])
        .ok()
        .prints_among("signs as eve@example.com");
    eve.smp(&["signoff"]).ok();
    promote(&deploy, &by(&deploy, "ada")).ok();
}

#[test]
fn a_clone_without_a_key_is_told_how_to_have_one() {
    let deploy = proposed();
    let run = deploy
        .runner()
        .git_options(&["-c", "user.signingKey="])
        .smp(&["signoff"]);
    run.exits(1)
        .says("error: this clone cannot sign, and the record accepts only signed events\n")
        .says("git config user.signingKey ");
    deploy
        .runner()
        .git_options(&["-c", "user.signingKey="])
        .smp(&["setup", "--check"])
        .exits(1)
        .prints_among("FAIL  signing");
}

#[test]
fn a_key_that_only_an_agent_opens_is_to_be_loaded_and_not_replaced() {
    let deploy = proposed();
    let file = key_of(&deploy, "rosi");
    let file = file.to_str().unwrap();
    let public = std::fs::read_to_string(format!("{file}.pub")).unwrap();
    let lock = ["-q", "-p", "-P", "", "-N", "secret1", "-f", file];
    deploy.runner().program("ssh-keygen", &lock).ok();
    let literal = format!("user.signingKey=key::{}", public.trim());
    for (options, load) in [
        (&[][..], format!(": ssh-add {file}\n")),
        (&["-c", &literal], ": ssh-add '...'\n".to_owned()),
    ] {
        let run = by(&deploy, "rosi")
            .git_options(options)
            .env("SSH_ASKPASS", "false")
            .env("SSH_ASKPASS_REQUIRE", "force")
            .smp(&["signoff"]);
        run.exits(1)
            .says("error: this clone cannot sign")
            .says("hint: start an ssh agent: eval \"$(ssh-agent -s)\"\n")
            .says(&load)
            .never_shows("gpg.format");
    }
}

#[test]
fn an_event_that_nobody_entitled_signed_counts_for_nothing_and_is_named() {
    let deploy = proposed();
    by(&deploy, "rosi").smp(&["signoff"]).ok();
    let yes = last_message(&deploy);
    by(&deploy, "rosi")
        .smp(&["signoff", "--block", "broken"])
        .ok();
    let unsigned = forged(&deploy, ("rosi", "rosi"), &yes, false);
    let unknown = forged(&deploy, ("rosi", "eve"), &yes, true);
    let status = deploy.smp(&["status"]).ok().out();
    for (commit, why) in [
        (&unsigned, "it is not signed"),
        (&unknown, "has no line for its key"),
    ] {
        let line = status.lines().find(|line| line.contains(short(commit)));
        assert!(line.is_some_and(|line| line.contains(why)), "{status}");
    }
    assert!(status.contains("blocked by rosi"), "{status}");
    let plan = by(&deploy, "ada").smp(&["promote", "-n"]);
    plan.exits(1).says("rosi blocked it");
    // The next event builds on the events that count.
    by(&deploy, "rosi").smp(&["signoff"]).ok();
    by(&deploy, "ada")
        .smp(&["promote", "-n"])
        .ok()
        .says(short(&unknown));
    promote(&deploy, &by(&deploy, "ada")).ok();
}

#[test]
fn a_key_that_ended_counts_for_its_time_and_not_for_what_is_dated_back() {
    let deploy = proposed();
    by(&deploy, "rosi").smp(&["signoff"]).ok();
    let ended = |deploy: &Deploy, when: &str| {
        let old = deploy.git(&deploy.main, &["show", "master:.smp/signers"]);
        let lines = old.lines().map(|line| {
            line.replace(
                "rosi@example.com namespaces",
                &format!("rosi@example.com valid-before=\"{when}\",namespaces"),
            ) + "\n"
        });
        merged(
            deploy,
            "End a key",
            &[(".smp/signers", &lines.collect::<String>())],
        );
    };
    // An event signed before the key's end counts.
    ended(&deploy, "20991231Z");
    deploy
        .smp(&["status"])
        .ok()
        .prints_among("signed off by rosi");
    let yes = last_message(&deploy);
    // An event signed after the key's end does not count.
    let deploy = proposed();
    ended(&deploy, "20240101Z");
    by(&deploy, "rosi")
        .smp(&["signoff"])
        .exits(1)
        .says("does not let your key sign this now")
        .says("its line there is: rosi@example.com valid-before=");
    // Git accepts a signature dated before the end, but the event is younger than its predecessors.
    let then = Some("2023-06-01T12:00:00Z");
    let back = forged_at(&deploy, ("rosi", "rosi"), &yes, true, then);
    let status = deploy.smp(&["status"]).ok().out();
    let line = status
        .lines()
        .find(|line| line.contains(short(&back)))
        .unwrap();
    assert!(
        line.contains("its date is earlier than the date of an earlier event"),
        "{line}"
    );
    let plan = by(&deploy, "ada").smp(&["promote", "-n", "--json"]);
    assert_eq!(plan.exits(1).json()["refusal"]["code"], "not-signed-off");
}

#[test]
fn a_full_disk_is_not_taken_for_a_key_that_cannot_sign() {
    let deploy = world();
    let script = "case \"$*\" in *commit-tree*) echo 'error: unable to write loose object file: No space left on device' >&2; \
        exit 128 ;; esac; PATH=${PATH#*:}; exec git \"$@\"";
    deploy.executable("full/git", script);
    let full = deploy.runner().directly().path_first("full");
    full.smp(&["propose", "--yes"])
        .says("error: the event cannot be written here, so nothing was recorded\n")
        .says("No space left on device")
        .says("hint: correct the problem, then: git smp propose\n")
        .never_shows("cannot sign");
    let no_key = by(&deploy, "ada").git_options(&["-c", "user.signingKey=/nowhere"]);
    no_key
        .smp(&["propose", "--yes"])
        .exits(1)
        .says("error: this clone cannot sign, and the record accepts only signed events\n");
}
