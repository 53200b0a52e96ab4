//! A file that nobody agreed to causes no request.

use crate::sample::sample;
use crate::support::{Deploy, World};

/// Returns a world in which every request to a page or git host leaves a trace.
fn watched(toml: &str) -> Deploy {
    World::deploy_like().over_open_http().toml(toml).build()
}

/// Returns the number of requests to pages and to the git host so far.
fn requests(deploy: &Deploy) -> usize {
    deploy.web.asked().len() + deploy.http().seen().len()
}

/// Returns every command that uses the network.
fn networked(deploy: &Deploy) -> Vec<Vec<&str>> {
    vec![
        vec!["status"],
        vec!["status", "--json"],
        vec!["diff"],
        vec!["diff", "--json"],
        vec!["diff", "--from", "HEAD~3"],
        vec!["diff", "--to", "HEAD"],
        vec!["promote", "--dry-run"],
        vec!["promote", "--yes", "--commit", deploy.nth(5)],
    ]
}

#[track_caller]
fn all_refuse(deploy: &Deploy, words: &[&str]) {
    these_refuse(deploy, words, networked(deploy));
}

#[track_caller]
fn these_refuse(deploy: &Deploy, words: &[&str], commands: Vec<Vec<&str>>) {
    let (before, bares) = (requests(deploy), deploy.snapshot());
    for args in sample(3, commands) {
        let run = deploy.runner().directly().smp(&args);
        run.exits(2).prints("");
        words.iter().for_each(|words| {
            run.says(words);
        });
    }
    assert_eq!(requests(deploy), before, "somebody was asked");
    assert_eq!(deploy.snapshot(), bares);
}

#[test]
fn before_setup_every_networked_command_refuses_and_asks_nobody() {
    let deploy = watched("");
    deploy.add_remotes();
    all_refuse(
        &deploy,
        &[
            "error: smp.toml was not agreed to",
            "hint: review it and agree to it: git smp setup",
        ],
    );
    assert_eq!(requests(&deploy), 0);
    deploy.trust();
    assert_ne!(requests(&deploy), 0);
    for args in networked(&deploy)
        .iter()
        .filter(|args| !args.contains(&"--yes"))
    {
        deploy.runner().directly().smp(args).ok();
    }
}

#[test]
fn a_person_at_the_terminal_is_refused_as_well() {
    let deploy = watched("");
    deploy.add_remotes();
    deploy
        .runner()
        .terminal(&["promote"])
        .ends()
        .exits(2)
        .says("was not agreed to")
        .never_shows("[y/N]");
    assert_eq!(requests(&deploy), 0);
}

#[test]
fn each_value_that_matters_is_named_with_its_old_and_its_new_form() {
    // CFG-16
    let deploy = watched("[record]\n\n[channels.technical]\nkind = \"print\"\n");
    deploy.trust();
    let (good, [_, staging, production]) = (deploy.toml(), deploy.urls());
    let elsewhere = "https://elsewhere.invalid/app.git";
    let page = deploy.web.url("/production");
    let pattern = r#"data-commit="([0-9a-f]{7,64})""#;
    let quoted = |text: &str| format!("\"{text}\"");
    for (old, new, key, was, is) in sample(
        3,
        [
            (
                quoted(production),
                quoted(elsewhere),
                "environments.production.url",
                production,
                elsewhere,
            ),
            (
                quoted(staging),
                quoted(elsewhere),
                "environments.staging.url",
                staging,
                elsewhere,
            ),
            (
                quoted(&page),
                quoted("https://elsewhere.invalid/page"),
                "environments.production.running.page",
                page.as_str(),
                "https://elsewhere.invalid/page",
            ),
            (
                pattern.into(),
                r"class=([0-9a-f]{7})".into(),
                "environments.staging.running.pattern",
                pattern,
                r"class=([0-9a-f]{7})",
            ),
            (
                "branch = \"master\"".into(),
                "branch = \"evil\"".into(),
                "repository.branch",
                "master",
                "evil",
            ),
            (
                "branch = \"master\"".into(),
                "branch = \"evil\"".into(),
                "environments.production.branch",
                "master",
                "evil",
            ),
            (
                "remote = \"upstream\"".into(),
                "remote = \"fork\"".into(),
                "repository.remote",
                "upstream",
                "fork",
            ),
            (
                "kind = \"print\"".into(),
                "kind = \"slack\"".into(),
                "channels.technical.kind",
                "print",
                "slack",
            ),
            (
                "[record]".into(),
                "[record]\nref = \"refs/smp/other\"".into(),
                "record.ref",
                "refs/smp/record",
                "refs/smp/other",
            ),
            (
                "[record]".into(),
                "[record]\nsignoff = false".into(),
                "record.signoff",
                "true",
                "false",
            ),
        ],
    ) {
        deploy.write_toml(&good.replace(&old, &new));
        let before = requests(&deploy);
        let run = deploy.runner().directly().smp(&["status"]);
        run.exits(2)
            .says("error: smp.toml changed since it was agreed to")
            .prints("");
        run.says(&format!("because: {key} was {was} and is {is}\n"));
        run.says("hint: review it and agree to it: git smp setup");
        assert_eq!(requests(&deploy), before, "{key}: somebody was asked");
        // Setup shows it too, and changes nothing without an answer.
        let shown = deploy.runner().directly().smp(&["setup"]);
        shown
            .exits(1)
            .says(&format!("  {key} was {was} and is {is}\n"));
        assert_eq!(requests(&deploy), before, "{key}: setup asked somebody");
    }
    deploy.write_toml(&good);
    deploy.smp(&["status"]).ok();
}

#[test]
fn what_is_added_or_removed_is_told_and_every_command_refuses() {
    let deploy = watched("");
    deploy.trust();
    let good = deploy.toml();
    deploy.write_toml(&good.replace("promotes = \"staging\"\n", ""));
    deploy
        .smp(&["status"])
        .exits(2)
        .says("because: environments.production.promotes was removed; it was staging");
    deploy.add_toml("\n[channels.product]\nkind = \"print\"\n");
    deploy
        .smp(&["status"])
        .exits(2)
        .says("because: channels.product.kind is new: print");
    deploy.write_toml(&good.replace(
        "[environments.production]\n",
        "[environments.production]\nbranch = \"evil\"\n",
    ));
    all_refuse(
        &deploy,
        &[
            "environments.production.branch was master and is evil",
            "git smp setup",
        ],
    );
}

#[test]
fn setup_shows_the_difference_and_agrees_anew() {
    let deploy = watched("");
    deploy.trust();
    deploy
        .web
        .set("/new", crate::support::Page::commit(deploy.nth(3)));
    deploy.write_toml(
        &deploy
            .toml()
            .replace("/production\"\npattern", "/new\"\npattern"),
    );
    deploy.smp(&["status"]).exits(2);
    let mut terminal = deploy.runner().terminal(&["setup"]);
    terminal
        .sees("changed since you agreed")
        .sees("environments.production.running.page was ");
    terminal.sees("/new").sees("Trust this? [y/N] ").enters("");
    terminal.ends().exits(3);
    deploy.smp(&["status"]).exits(2);
    let mut terminal = deploy.runner().terminal(&["setup"]);
    terminal.sees("Trust this? [y/N] ").enters("y");
    terminal.ends().ok();
    assert_eq!(
        deploy.smp(&["status", "--json"]).ok().json()["environments"][1]["running"],
        deploy.nth(3)
    );
}

#[test]
fn what_says_the_same_keeps_the_trust() {
    let deploy = watched("[record]\ncadence_days = 7\n");
    deploy.trust();
    // An explicit default is no change.
    let text = deploy.toml().replace(
        "[environments.staging]\n",
        "# here\n[environments.staging]\nremote = \"staging\"\n",
    );
    deploy.write_toml(&format!("# a comment\n{text}\n[policy]\nwatch = []\n"));
    deploy.smp(&["status"]).ok();
    deploy.smp(&["setup", "--check"]).ok();
    deploy.smp(&["setup"]).ok();
}

/// All conditions that a team can set before a deploy.
const GATES: &str = "[record]\nsignoff = true\ncadence_days = 3\n\n\
                     [policy]\nwatch = [\"**/migrations/**\"]\nreviewed = true\ngreen = true\n\n\
                     [channels.technical]\nkind = \"print\"\nmentions = [\"devs\"]\n";

#[test]
fn nobody_takes_a_gate_away_or_turns_the_order_round_without_being_seen() {
    let deploy = watched(GATES);
    deploy.trust();
    let good = deploy.toml();
    let environments = good.find("[environments.staging]").unwrap()..good.find("[record]").unwrap();
    let (staging, production) = good[environments.clone()]
        .split_once("[environments.production]")
        .unwrap();
    let turned = format!("[environments.production]{production}{staging}");
    for (old, new, told) in sample(
        2,
        [
            (
                "watch = [\"**/migrations/**\"]\n",
                "",
                "policy.watch was removed; it was [\"**/migrations/**\"]",
            ),
            (
                "/migrations/",
                "/other/",
                "policy.watch was [\"**/migrations/**\"] and is [\"**/other/**\"]",
            ),
            (
                "cadence_days = 3",
                "cadence_days = 3000",
                "record.cadence_days was 3 and is 3000",
            ),
            (
                "cadence_days = 3\n",
                "",
                "record.cadence_days was 3 and is 7",
            ),
            (
                "signoff = true",
                "signoff = false",
                "record.signoff was true and is false",
            ),
            (
                "reviewed = true",
                "reviewed = false",
                "policy.reviewed was true and is false",
            ),
            ("green = true", "", "policy.green was true and is false"),
            (
                &good[environments],
                &turned,
                "environments was staging, production and is production, staging",
            ),
        ],
    ) {
        deploy.write_toml(&good.replace(old, new));
        all_refuse(
            &deploy,
            &[
                &format!("because: {told}\n"),
                "hint: review it and agree to it: git smp setup",
            ],
        );
        deploy
            .runner()
            .directly()
            .smp(&["setup"])
            .exits(1)
            .says(&format!("Changed:\n  {told}\n"));
    }
    deploy.write_toml(&good.replace("[record]\nsignoff = true\ncadence_days = 3\n", ""));
    all_refuse(
        &deploy,
        &[
            "record.cadence_days was removed; it was 3",
            "record.signoff was removed; it was true",
        ],
    );
}

#[test]
fn the_first_setup_shows_all_that_it_asks_trust_for() {
    let deploy = watched(GATES);
    let site = "[environments.production]\nsite = \"https://www.example.com\"\n";
    deploy.write_toml(&deploy.toml().replace("[environments.production]\n", site));
    let mut terminal = deploy.runner().terminal(&["setup"]);
    for (key, value) in [
        ("channels.technical.mentions", "[\"devs\"]"),
        ("environments", "staging, production"),
        ("environments.production.site", "https://www.example.com"),
        ("policy.watch", "[\"**/migrations/**\"]"),
        ("record.cadence_days", "3"),
        ("record.ref", "refs/smp/record"),
        ("record.signoff", "true"),
    ] {
        terminal.sees(&format!("  {key} ")).sees(value);
    }
    terminal
        .sees("Trust this and add 2 remotes? [y/N] ")
        .enters("y");
    terminal.ends();
    // The stored values are exactly the shown ones.
    let kept = std::fs::read_to_string(deploy.work.join(".git/smp/trusted")).unwrap();
    let kept: serde_json::Value = serde_json::from_str(&kept).unwrap();
    deploy.git(&deploy.work, &["config", "--unset", "smp.trusted"]);
    let again = deploy.smp(&["setup"]);
    let (_, list) = again
        .exits(1)
        .stderr
        .split_once("If you trust it, you agree to these values (defaults included):\n")
        .unwrap();
    let list: Vec<(&str, &str)> = list
        .lines()
        .map_while(|line| line.strip_prefix("  ")?.split_once(' '))
        .map(|(k, v)| (k, v.trim()))
        .collect();
    let pair = |pair: &serde_json::Value| {
        (
            pair[0].as_str().unwrap().to_owned(),
            pair[1].as_str().unwrap().to_owned(),
        )
    };
    let kept: Vec<(String, String)> = kept["values"]
        .as_array()
        .unwrap()
        .iter()
        .map(pair)
        .collect();
    assert_eq!(
        list,
        kept.iter()
            .map(|(key, value)| (key.as_str(), value.as_str()))
            .collect::<Vec<_>>()
    );
}

#[test]
fn who_agreed_before_an_upgrade_is_asked_once_again_and_sees_what_is_new() {
    let deploy = watched(GATES);
    deploy.trust();
    let kept = deploy.work.join(".git/smp/trusted");
    let text = std::fs::read_to_string(&kept).unwrap();
    let kept_now: serde_json::Value = serde_json::from_str(&text).unwrap();
    let old = |pair: &&serde_json::Value| {
        !matches!(
            pair[0].as_str().unwrap(),
            "environments" | "record.cadence_days" | "policy.watch"
        )
    };
    let values: Vec<&serde_json::Value> = kept_now["values"]
        .as_array()
        .unwrap()
        .iter()
        .filter(old)
        .collect();
    std::fs::write(
        &kept,
        serde_json::json!({"schema": 1, "values": values}).to_string(),
    )
    .unwrap();
    let mut digested = "git-smp trust 1\n".to_owned();
    for pair in values {
        let (key, value) = (pair[0].as_str().unwrap(), pair[1].as_str().unwrap());
        digested += &format!("{} {key} {} {value}\n", key.len(), value.len());
    }
    let digest: String = <sha2::Sha256 as sha2::Digest>::digest(digested)
        .iter()
        .map(|b| format!("{b:02x}"))
        .collect();
    deploy.in_clone(&format!("config smp.trusted sha256:{digest}"));
    let new = [
        "environments is new: staging, production",
        "policy.watch is new: ",
        "record.cadence_days is new: 3",
    ];
    all_refuse(&deploy, &new);
    deploy
        .smp(&["setup", "--yes"])
        .says("Changed:\n  environments is new");
    deploy.smp(&["status"]).ok();
}

#[test]
fn a_kept_list_that_was_tampered_with_proves_nothing() {
    let deploy = watched("");
    deploy.trust();
    let production = deploy.urls()[2].to_owned();
    let elsewhere = "https://elsewhere.invalid/app.git";
    deploy.write_toml(&deploy.toml().replace(&production, elsewhere));
    let kept = deploy.work.join(".git/smp/trusted");
    let forged = std::fs::read_to_string(&kept)
        .unwrap()
        .replace(&production, elsewhere);
    std::fs::write(&kept, forged).unwrap();
    deploy
        .smp(&["status"])
        .exits(2)
        .says("changed since it was agreed to");
    std::fs::remove_file(&kept).unwrap();
    deploy
        .smp(&["status"])
        .exits(2)
        .says("changed since it was agreed to");
    deploy
        .smp(&["setup"])
        .exits(1)
        .says("Its earlier content is unknown");
}

#[test]
fn remotes_of_the_clone_that_lead_elsewhere_are_refused_and_not_asked() {
    // CFG-16
    let deploy = watched("");
    deploy.trust();
    let good = std::fs::read(deploy.work.join(".git/config")).unwrap();
    let elsewhere = deploy.http().url(&deploy.main);
    let again = deploy.urls()[2].to_owned();
    let missing = "error: the remote production is missing in this clone";
    let other = "error: the remote production is not the one in smp.toml";
    for (change, error, hint) in sample(
        2,
        [
            (
                vec!["remote", "set-url", "production", &elsewhere],
                other,
                "hint: correct the remote",
            ),
            (
                vec!["config", "remote.production.pushurl", &elsewhere],
                other,
                "hint: correct the remote",
            ),
            (
                vec!["remote", "set-url", "--add", "production", &elsewhere],
                other,
                "hint: correct the remote",
            ),
            (
                vec!["remote", "set-url", "--add", "production", &again],
                other,
                "several addresses",
            ),
            (
                vec!["remote", "remove", "production"],
                missing,
                "hint: add it: git smp setup",
            ),
        ],
    ) {
        deploy.git(&deploy.work, &change);
        // With a named start, production is not involved.
        let commands = networked(&deploy)
            .into_iter()
            .filter(|args| !args.contains(&"--from"));
        these_refuse(&deploy, &[error, hint], commands.collect());
        if error == other {
            let said = deploy.smp(&["status"]).stderr;
            let command = said
                .lines()
                .find_map(|line| line.strip_prefix("hint: correct the remote: git "))
                .unwrap();
            deploy.git(&deploy.work, &command.split(' ').collect::<Vec<_>>());
            deploy.smp(&["status"]).ok();
        }
        std::fs::write(deploy.work.join(".git/config"), &good).unwrap();
    }
    deploy.git(&deploy.work, &["remote", "set-url", "upstream", &again]);
    all_refuse(
        &deploy,
        &["error: the remote upstream is not the one in smp.toml"],
    );
    std::fs::write(deploy.work.join(".git/config"), &good).unwrap();
    deploy.smp(&["status"]).ok();
}

#[test]
fn https_and_ssh_are_the_same_place_for_the_main_repository_alone() {
    let deploy = watched("");
    let [main, _, production] = deploy.urls().map(str::to_owned);
    let (https, ssh) = (
        "https://127.0.0.1/team/app.git",
        "git@127.0.0.1:team/app.git",
    );
    deploy.write_toml(&deploy.toml().replace(&main, https));
    deploy.git(&deploy.work, &["remote", "set-url", "upstream", ssh]);
    let quick = deploy.runner().directly().env("GIT_SSH_COMMAND", "false");
    // The main repository does not answer, but its address is right.
    quick
        .smp(&["setup", "--yes"])
        .exits(1)
        .prints_among("FAIL  upstream")
        .says("one check failed")
        .never_shows("another address");
    quick.smp(&["diff"]).ok();
    deploy.in_clone("remote set-url upstream git@127.0.0.1:other/app.git");
    quick
        .smp(&["diff"])
        .exits(2)
        .says("the remote upstream is not the one");
    deploy.git(&deploy.work, &["remote", "set-url", "upstream", ssh]);

    deploy.write_toml(
        &deploy
            .toml()
            .replace(&production, "https://127.0.0.1/team/live.git"),
    );
    deploy.in_clone("remote set-url production git@127.0.0.1:team/live.git");
    quick
        .smp(&["setup", "--yes"])
        .exits(1)
        .prints_among("its remote has another address");
    quick
        .smp(&["diff"])
        .exits(2)
        .says("the remote production is not the one in smp.toml");
}

#[test]
fn between_two_named_commits_neither_trust_nor_file_nor_network_is_needed() {
    let deploy = watched("");
    let (from, to) = (deploy.nth(2).to_owned(), deploy.nth(5).to_owned());
    let args = ["diff", "--from", &from, "--to", &to];
    let expected = deploy.in_clone(&format!(
        "log --oneline --no-merges --no-decorate {from}..{to}"
    ));
    let expected = format!("{expected}\n");
    deploy.smp(&args).ok().prints(&expected);
    std::fs::remove_file(deploy.work.join("smp.toml")).unwrap();
    deploy.smp(&args).ok().prints(&expected);
    deploy
        .runner()
        .cwd("main.git")
        .smp(&args)
        .ok()
        .prints(&expected);
    assert_eq!(requests(&deploy), 0);
}

#[test]
fn trust_belongs_to_the_clone_and_not_to_the_file() {
    let deploy = watched("");
    deploy.trust();
    let other = deploy.clone_of(&deploy.main, "other", "upstream");
    std::fs::copy(deploy.work.join("smp.toml"), other.join("smp.toml")).unwrap();
    let before = requests(&deploy);
    deploy
        .runner()
        .cwd("other")
        .smp(&["diff"])
        .exits(2)
        .says("was not agreed to in this clone");
    assert_eq!(requests(&deploy), before);
    // A linked work tree is the same clone.
    deploy.linked_with_toml("linked");
    deploy.runner().cwd("linked").smp(&["diff"]).ok();
}

#[test]
fn a_main_repository_that_nobody_is_to_push_to_by_accident_is_fine_where_nothing_is_pushed() {
    let deploy = watched("");
    deploy.trust();
    for dummy in sample(
        1,
        ["no_push", "DISABLED", "https://elsewhere.invalid/fork.git"],
    ) {
        deploy.git(&deploy.work, &["config", "remote.upstream.pushurl", dummy]);
        deploy.smp(&["status"]).ok();
        deploy
            .smp(&["setup", "--check"])
            .ok()
            .prints_among("ok    upstream");
    }
    deploy
        .smp(&["promote", "--yes", "--commit", deploy.nth(5)])
        .ok();
    // With a record it matters, because the record is pushed there; a deploy remote is always pushed to.
    deploy.add_toml("\n[record]\n");
    deploy.in_clone("config remote.upstream.pushurl no_push");
    deploy
        .smp(&["setup", "--yes"])
        .exits(1)
        .prints_among("this clone has no_push")
        .says("--unset-all remote.upstream.pushurl");
    deploy
        .smp(&["propose"])
        .exits(2)
        .says("error: the remote upstream is not the one in smp.toml");
    // For reading it does not matter.
    deploy.smp(&["status"]).ok();
    deploy.in_clone("config --unset-all remote.upstream.pushurl");
    deploy.smp(&["status"]).ok();
    deploy.in_clone("config remote.production.pushurl no_push");
    deploy
        .smp(&["status"])
        .exits(2)
        .says("error: the remote production is not the one")
        .says("this clone has no_push");
}

#[test]
fn another_place_to_read_the_main_repository_from_is_refused_whatever_its_push_url() {
    let deploy = watched("");
    deploy.trust();
    deploy.in_clone("config remote.upstream.pushurl no_push");
    let elsewhere = deploy.bare("elsewhere");
    deploy.git(
        &deploy.work,
        &["remote", "set-url", "upstream", elsewhere.to_str().unwrap()],
    );
    let run = deploy.smp(&["status"]);
    run.exits(2)
        .says("error: the remote upstream is not the one")
        .never_shows("no_push");
    let command = run
        .stderr
        .lines()
        .find_map(|line| line.strip_prefix("hint: correct the remote: "))
        .unwrap()
        .to_owned();
    deploy.runner().program("sh", &["-c", &command]).ok();
    deploy.smp(&["status"]).ok();
    deploy.in_clone("config --unset-all remote.upstream.url");
    deploy
        .smp(&["status"])
        .exits(2)
        .says("no address to read from");
}

#[test]
fn an_alias_that_gits_insteadof_expands_to_the_very_address_is_that_address() {
    let deploy = watched("[record]\n");
    deploy.trust();
    let [main, staging, production] = deploy.urls().map(str::to_owned);
    let (base, _) = production.rsplit_once('/').unwrap();
    deploy.configure(&format!("url.{base}/.insteadOf"), "host:");
    deploy.configure(&format!("url.{main}.insteadOf"), "gh:team/shop");
    let name = |url: &str| format!("host:{}", url.rsplit_once('/').unwrap().1);
    deploy.in_clone("remote set-url upstream gh:team/shop");
    deploy.git(
        &deploy.work,
        &["remote", "set-url", "staging", &name(&staging)],
    );
    deploy.git(
        &deploy.work,
        &["remote", "set-url", "production", &name(&production)],
    );
    deploy
        .smp(&["setup", "--check"])
        .ok()
        .prints_among("ok    production");
    deploy.smp(&["status"]).ok();
    let run = deploy.smp(&["stage", "--yes"]);
    run.ok().never_shows("because of your own url.insteadOf");
    assert_eq!(deploy.master(&deploy.staging), deploy.nth(6));
    // Pushes by another alias for the same place are fine as well.
    deploy.in_clone(&format!("config remote.staging.pushurl {staging}"));
    deploy.smp(&["status"]).ok();
}

#[test]
fn an_alias_that_leads_elsewhere_is_refused_and_where_it_leads_is_said() {
    let deploy = watched("");
    deploy.trust();
    let production = deploy.urls()[2].to_owned();
    let elsewhere = deploy.bare("elsewhere");
    deploy.configure(
        &format!("url.{}.insteadOf", elsewhere.display()),
        "host:production",
    );
    deploy.in_clone("remote set-url production host:production");
    let run = deploy.smp(&["status"]);
    run.exits(2)
        .says("error: the remote production is not the one in smp.toml")
        .says("because: this clone has host:production and ");
    run.says(&format!("{} (through git's insteadOf", elsewhere.display()));
    deploy
        .smp(&["setup", "--check"])
        .exits(1)
        .prints_among("its remote has another address");
    // Reading from the right place and pushing elsewhere does not help either.
    deploy.configure(&format!("url.{production}.insteadOf"), "read:production");
    deploy.configure(
        &format!("url.{}.pushInsteadOf", elsewhere.display()),
        "read:production",
    );
    deploy.in_clone("remote set-url production read:production");
    deploy
        .smp(&["status"])
        .exits(2)
        .says(&format!("{} (through git's insteadOf", elsewhere.display()));
    // An alias without a rule is an address of its own.
    deploy.in_clone("remote set-url production unknown:production");
    deploy
        .smp(&["status"])
        .exits(2)
        .says("this clone has unknown:production\n");
    assert_eq!(deploy.refs(&elsewhere), std::collections::BTreeMap::new());
}

#[test]
fn with_signatures_no_setting_leads_a_deploy_to_another_site() {
    let deploy = World::deploy_like()
        .toml("[record]\nsigned = true\n")
        .build();
    let here = "https://127.0.0.1:1/staging.git";
    deploy.write_toml(&deploy.toml().replace(deploy.urls()[1], here));
    deploy.smp(&["setup", "--yes"]).exits(1);
    for setting in [
        "http.https://127.0.0.1:1/.sslVerify=false",
        "http.curloptResolve=127.0.0.1:1:127.0.0.2",
        "http.https://127.0.0.1:1/.extraHeader=Host: production.example",
    ] {
        let runner = deploy.runner().git_options(&["-c", setting]);
        let run = runner.smp(&["stage", "--yes", deploy.nth(6)]);
        run.exits(2)
            .says("error: the remote staging may not be the one in smp.toml\n")
            .says("a deploy must go to the address in smp.toml\n");
    }
}

#[test]
fn a_main_repository_whose_host_is_not_verified_does_not_say_whose_events_count() {
    let deploy = World::deploy_like()
        .toml("[record]\nsigned = true\n")
        .build();
    let here = "https://127.0.0.1:1/main.git";
    deploy.write_toml(&deploy.toml().replace(deploy.urls()[0], here));
    deploy.git(&deploy.work, &["remote", "set-url", "upstream", here]);
    // It is agreed to, and does not answer.
    deploy.smp(&["setup", "--yes"]).exits(1);
    let refused = |run: crate::support::Run, why: &str| {
        run.exits(2)
            .says("error: the remote upstream may not be the one in smp.toml\n")
            .says(&format!("because: {why}"));
    };
    for (setting, why) in [
        ("http.sslVerify=no", "http.sslVerify is false"),
        (
            "http.https://127.0.0.1:1/.sslVerify=false",
            "http.sslVerify is false",
        ),
        (
            "http.curloptResolve=a:1:127.0.0.1",
            "http.curloptResolve names another machine",
        ),
        (
            "http.extraHeader=Host: other.example",
            "http.extraHeader sends the header Host",
        ),
    ] {
        let runner = deploy.runner().git_options(&["-c", setting]);
        refused(runner.smp(&["signoff"]), why);
    }
    let unverified = deploy.runner().env("GIT_SSL_NO_VERIFY", "1");
    refused(unverified.smp(&["signoff"]), "GIT_SSL_NO_VERIFY is set");
    // A setting for other hosts, and a certificate or a proxy of the user's, is not refused.
    for setting in [
        "http.https://other.example/.sslVerify=false",
        "http.sslVerify=true",
        "http.sslCAInfo=/ca.pem",
        "http.proxy=http://127.0.0.1:2",
        "http.extraHeader=Authorization: Basic aG9zdA==",
    ] {
        let runner = deploy.runner().git_options(&["-c", setting]);
        let run = runner.smp(&["signoff"]);
        run.exits(1).never_shows("may not be the one");
    }
}
