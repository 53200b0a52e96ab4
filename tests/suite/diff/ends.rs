//! The two compared commits: environments, or revisions that a person names.

use crate::diff::{log, range, short};
use crate::support::{Deploy, Topology, World};

/// A world that records every request over the network.
fn watched() -> Deploy {
    World::deploy_like()
        .over_open_http()
        .main_over_http()
        .build()
}

fn questions(deploy: &Deploy) -> usize {
    deploy.http().seen().len() + deploy.web.asked().len()
}

#[test]
fn with_both_ends_named_nothing_is_asked_over_the_network_and_nothing_need_be_trusted() {
    let deploy = watched();
    let before = questions(&deploy);
    let expected = log(&deploy, &deploy.work, &range(&deploy, 1, 6));
    let run = deploy.smp(&["diff", "--from", deploy.nth(1), "--to", deploy.nth(6)]);
    let [from, to] = [1, 6].map(|nth| short(deploy.nth(nth)));
    run.ok()
        .prints(&expected)
        .says(&format!("{to} is 5 commits ahead of {from}\n"));
    deploy
        .smp(&["diff", "--from", "HEAD~5", "--to=upstream/master"])
        .ok()
        .prints(&expected);
    deploy
        .smp(&[
            "diff",
            "production",
            "--from",
            &deploy.nth(1)[..7],
            "--to",
            "@",
        ])
        .ok()
        .prints(&expected);

    std::fs::remove_file(deploy.work.join("smp.toml")).unwrap();
    deploy
        .smp(&["diff", "--from", "HEAD~5", "--to", "HEAD"])
        .ok()
        .prints(&expected);
    let json = deploy
        .smp(&["diff", "--from", "HEAD~5", "--to", "HEAD", "--json"])
        .ok()
        .json();
    assert_eq!(
        json["from"],
        serde_json::json!({"environment": null, "commit": deploy.nth(1)})
    );
    assert_eq!(
        json["to"],
        serde_json::json!({"environment": null, "commit": deploy.nth(6)})
    );
    assert_eq!(json["compare_url"], serde_json::Value::Null);
    assert_eq!(questions(&deploy), before);
}

#[test]
fn with_one_end_named_only_the_other_is_asked() {
    let deploy = watched();
    deploy.trust();
    let asked = |path: &str| deploy.web.asked_for(path).len();
    let (staging, production) = (asked("/staging"), asked("/production"));

    let run = deploy.smp(&["diff", "--from", deploy.nth(1)]);
    run.ok()
        .prints(log(&deploy, &deploy.work, &range(&deploy, 1, 5)));
    run.says(&format!(
        "staging ({}) is 4 commits ahead of {}\n",
        short(deploy.nth(5)),
        short(deploy.nth(1))
    ));
    assert_eq!(
        (asked("/staging"), asked("/production")),
        (staging + 1, production)
    );

    let run = deploy.smp(&["diff", "--to", "master"]);
    run.ok()
        .prints(log(&deploy, &deploy.work, &range(&deploy, 2, 6)));
    assert_eq!(
        (asked("/staging"), asked("/production")),
        (staging + 1, production + 1)
    );
    let json = deploy
        .smp(&["diff", "--to", "master", "--json"])
        .ok()
        .json();
    assert_eq!(
        (&json["from"]["environment"], &json["to"]["environment"]),
        (&"production".into(), &().into())
    );
}

#[test]
fn what_nobody_agreed_to_is_not_asked_for_one_end_either() {
    let deploy = watched();
    let before = questions(&deploy);
    for args in [
        &["diff"][..],
        &["diff", "--from", "HEAD~1"],
        &["diff", "--to", "HEAD"],
    ] {
        deploy
            .smp(args)
            .exits(2)
            .prints("")
            .says("hint: review it and agree to it: git smp setup");
    }
    assert_eq!(questions(&deploy), before);
}

#[test]
fn a_revision_that_names_no_commit_is_a_wrong_command_line() {
    let deploy = World::deploy();
    let tree = deploy.git(&deploy.work, &["rev-parse", "HEAD^{tree}"]);
    for rev in [
        "nowhere",
        "1234567",
        &"0".repeat(40),
        "HEAD~100",
        "HEAD:LOG",
        &tree,
        "",
        "-x",
        "--all",
        "HEAD..HEAD~1",
    ] {
        let from = format!("--from={rev}");
        let run = deploy.smp(&["diff", &from, "--to", "HEAD"]);
        run.exits(2).prints("").says("error: ");
    }
}

// LOG-09 for a command line: escapes are not allowed there either.
#[test]
fn a_revision_is_shown_without_what_would_act_on_a_terminal() {
    let deploy = World::deploy();
    let run = deploy.smp(&[
        "diff",
        "--from",
        "no\u{1b}[31m\u{202e}where",
        "--to",
        "HEAD",
    ]);
    run.exits(2).never_shows("\u{1b}").never_shows("\u{202e}");
}

#[test]
fn a_tag_is_taken_for_its_commit_and_forty_digits_for_themselves() {
    let deploy = World::deploy();
    deploy.git(
        &deploy.work,
        &["tag", "-a", "-m", "Release", "v1", deploy.nth(2)],
    );
    deploy.git(
        &deploy.work,
        &[
            "update-ref",
            &format!("refs/tags/{}", deploy.nth(4)),
            deploy.nth(1),
        ],
    );
    let json = deploy
        .smp(&["diff", "--from", "v1", "--to", deploy.nth(4), "--json"])
        .ok()
        .json();
    assert_eq!(json["from"]["commit"], deploy.nth(2));
    assert_eq!(json["to"]["commit"], deploy.nth(4));
}

#[test]
fn a_file_that_is_there_must_be_right_even_where_it_is_not_needed() {
    let deploy = World::deploy();
    deploy.write_toml("surprise = 1\n");
    deploy
        .smp(&["diff", "--from", "HEAD~1", "--to", "HEAD"])
        .exits(2)
        .prints("")
        .says("surprise");
    deploy
        .smp(&[
            "diff",
            "--config",
            "nowhere.toml",
            "--from",
            "HEAD~1",
            "--to",
            "HEAD",
        ])
        .exits(2)
        .says("nowhere.toml");
}

#[test]
fn an_environment_that_does_not_exist_or_promotes_nothing_is_a_wrong_command_line() {
    let deploy = World::deploy_like().ready();
    for (args, meant) in [
        (
            &["diff", "prodution", "--json"][..],
            "diff production --json",
        ),
        (
            &["diff", "prodution", "--from", "HEAD~1", "--to", "HEAD"],
            "diff production --from HEAD~1 --to HEAD",
        ),
        (
            &[
                "rollback",
                "-n",
                "prodution",
                "--to",
                "1f13dc69",
                "--reason",
                "why not",
            ],
            "rollback -n production --to 1f13dc69 --reason 'why not'",
        ),
        (
            &["promote", "prodution", "-y", "--commit=5eed", "--again"],
            "promote production -y --commit=5eed --again",
        ),
    ] {
        let run = deploy.smp(args);
        run.exits(2)
            .prints("")
            .says("prodution")
            .says("its environments are staging, production")
            .says(&format!("did you mean: git smp {meant}\n"));
    }
    deploy
        .smp(&["diff", "staging"])
        .exits(2)
        .prints("")
        .says("staging does not get its commits from another environment");
}

#[test]
fn of_several_targets_one_must_be_named() {
    let deploy = World::deploy_like().on(Topology::Remotes).build();
    let demo = deploy.bare("demo");
    deploy.colleague_pushes(&demo, deploy.nth(3));
    deploy.add_toml(&format!(
        "\n[environments.demo]\nurl = \"{}\"\npromotes = \"staging\"\n",
        demo.display()
    ));
    deploy.trust();
    let run = deploy.smp(&["diff"]);
    run.exits(2)
        .prints("")
        .says("several environments are possible")
        .says("production, demo")
        .says("hint: ");
    deploy
        .smp(&["diff", "demo"])
        .ok()
        .prints(log(&deploy, &deploy.team, &range(&deploy, 3, 5)));
    deploy.smp(&["diff", "production"]).ok().prints(log(
        &deploy,
        &deploy.team,
        &range(&deploy, 2, 5),
    ));
}
