//! Risky files: `policy.watch` matches them, and plans and posts list the changed ones.

use serde_json::json;

use crate::posts::{TECHNICAL, channels, chatting_like, posts, sent, words};
use crate::promote::{person, ready};
use crate::record::{RECORD, is_harmless, merged};
use crate::sample::sample;
use crate::support::{Deploy, World};

const WATCH: &str = "[policy]\nwatch = [\"**/migrations/**\", \"Procfile\"]\n";
/// The watched files of the change on staging, in git's order.
const NAMES: [&str; 3] = [
    "Procfile",
    "app/migrations/0002_maps.sql",
    "db/migrations/0007_users.py",
];

/// Adds a change of some files to staging's commit.
#[track_caller]
fn stages(deploy: &Deploy, files: &[(&str, &str)]) -> String {
    deploy.git(
        &deploy.team,
        &[
            "checkout",
            "-q",
            "--detach",
            &deploy.master(&deploy.staging),
        ],
    );
    let commit = deploy.commit_files(
        &deploy.team,
        "Keep users in a table of their own (#430)",
        files,
    );
    for bare in [&deploy.main, &deploy.staging] {
        deploy.colleague_pushes(bare, &commit);
    }
    commit
}

/// Adds a change of the standard files, watched and not.
#[track_caller]
fn stages_all(deploy: &Deploy) -> String {
    let mut files = NAMES.map(|name| (name, "new\n")).to_vec();
    files.extend([
        ("app/Procfile", "new\n"),
        ("app/views.py", "new\n"),
        ("migrations.md", "new\n"),
    ]);
    stages(deploy, &files)
}

/// Returns a world with a record in which staging runs that change.
#[track_caller]
fn watching(more: &str) -> Deploy {
    let deploy = ready(
        World::deploy_like()
            .without_pages()
            .toml(&format!("{RECORD}{more}")),
    );
    stages_all(&deploy);
    deploy
}

/// Returns a world without a record, for the plan of a promotion.
#[track_caller]
fn promoting(more: &str) -> Deploy {
    let deploy = ready(World::deploy_like().without_pages().toml(more));
    stages_all(&deploy);
    deploy
}

/// Returns the lines of a plan, between an empty line and the next text.
fn listed(names: &[&str]) -> String {
    let plural = if names.len() == 1 { "" } else { "s" };
    let lines: String = names.iter().map(|name| format!("  {name}\n")).collect();
    format!(
        "\n\nThis changes {} watched file{plural}:\n{lines}\nThis will\n",
        names.len()
    )
}

#[test]
fn the_plan_of_a_promotion_names_the_watched_files_that_ship() {
    let deploy = promoting(WATCH);
    let before = deploy.snapshot();
    deploy
        .smp(&["promote", "-n"])
        .ok()
        .prints("")
        .says(&listed(&NAMES));
    let json = deploy.smp(&["promote", "-n", "--json"]).ok().json();
    assert_eq!(json["watched"], json!(NAMES));
    assert_eq!(deploy.snapshot(), before);
    let mut terminal = person(&deploy).terminal(&["promote", "-q"]);
    terminal
        .sees("This changes 3 watched files:")
        .sees("Type production to deploy: ")
        .enters("");
    terminal.ends().exits(3);
}

#[test]
fn neither_the_folder_nor_the_environment_changes_what_is_named() {
    let deploy = promoting(WATCH);
    let folder = deploy.work.join("app/migrations");
    std::fs::create_dir_all(&folder).unwrap();
    let linked = deploy.linked_with_toml("linked");
    for place in [&folder, &deploy.work.join(".git"), &linked] {
        let config = deploy.work.join("smp.toml");
        let runner = deploy.runner().cwd(place).env("GIT_SMP_CONFIG", config);
        let odd = runner
            .env("GIT_LITERAL_PATHSPECS", "1")
            .env("GIT_ICASE_PATHSPECS", "1");
        odd.smp(&["promote", "-n"]).ok().says(&listed(&NAMES));
    }
    let noglob = deploy.runner().env("GIT_NOGLOB_PATHSPECS", "1");
    noglob
        .git_options(&["-c", "diff.relative=true"])
        .smp(&["promote", "-n"])
        .ok()
        .says(&listed(&NAMES));
}

#[test]
fn nothing_is_said_where_nothing_matches_or_nothing_is_watched() {
    for (policy, told) in [
        (
            "[policy]\nwatch = [\"*.rb\", \"procfile\"]\n",
            Some(json!([])),
        ),
        ("[policy]\nwatch = []\n", None),
        ("", None),
    ] {
        let deploy = promoting(policy);
        deploy
            .smp(&["promote", "-n"])
            .ok()
            .never_shows("watched")
            .says("This will");
        let run = deploy.smp(&["promote", "-n", "--json"]);
        assert_eq!(run.ok().json().get("watched"), told.as_ref(), "{policy}");
    }
}

#[test]
fn scripts_get_the_list_with_every_refusal() {
    let deploy = promoting(WATCH);
    let json = || deploy.smp(&["promote", "-n", "--json"]).exits(1).json();
    let hotfix = deploy.commit_files(
        &deploy.team,
        "Stop the bleeding",
        &[("Procfile", "other\n")],
    );
    deploy.colleague_pushes(&deploy.production, &hotfix);
    let diverged = json();
    assert_eq!(
        (&diverged["refusal"]["code"], &diverged["watched"]),
        (&json!("behind"), &json!(["Procfile"]))
    );
    std::fs::write(
        deploy.work.join(".git/shallow"),
        format!("{}\n", deploy.nth(1)),
    )
    .unwrap();
    let shallow = json();
    assert_eq!(
        (&shallow["refusal"]["code"], &shallow["watched"]),
        (&json!("shallow"), &json!([]))
    );
}

#[test]
fn at_the_first_deploy_every_watched_file_is_new() {
    let deploy = promoting("[policy]\nwatch = [\"Procfile\", \"LOG\"]\n");
    deploy.git(
        &deploy.production,
        &["update-ref", "-d", "refs/heads/master"],
    );
    let run = deploy.smp(&["promote", "-n"]);
    run.ok()
        .says("nothing deployed yet")
        .says(&listed(&["LOG", "Procfile"]));
}

#[test]
fn several_targets_are_one_list() {
    let deploy = World::deploy_like().without_pages().toml(WATCH).build();
    let demo = deploy.bare("demo");
    deploy.add_toml(&format!(
        "[environments.demo]\nurl = \"{}\"\npromotes = \"staging\"\n",
        demo.display()
    ));
    deploy.trust();
    let first = stages(
        &deploy,
        &[("Procfile", "one\n"), ("db/migrations/1", "one\n")],
    );
    deploy.colleague_pushes(&demo, &first);
    stages(
        &deploy,
        &[("Procfile", "two\n"), ("a/migrations/2", "two\n")],
    );
    let names = ["Procfile", "a/migrations/2", "db/migrations/1"];
    deploy.smp(&["promote", "-n"]).ok().says(&listed(&names));
    deploy
        .smp(&["promote", "-n", "demo"])
        .ok()
        .says(&listed(&names[..2]));
}

#[test]
fn a_proposal_names_them_in_its_plan_and_in_its_post() {
    let deploy = watching(WATCH);
    let said = format!(
        "\n\nChanged files that the team watches: `{}`, `{}`, `{}`\n",
        NAMES[0], NAMES[1], NAMES[2]
    );
    let run = deploy.smp(&["propose", "-n", "--note", "Mind the table."]);
    run.ok()
        .says(&listed(&NAMES))
        .prints_among(&said)
        .prints_among("\n\nMind the table.\n");
    let run = deploy.smp(&["propose", "--yes"]);
    run.ok()
        .says(&listed(&NAMES))
        .prints_among("(#422)\n\nChanged files that the team watches: ");
    deploy
        .smp(&["propose", "--yes"])
        .ok()
        .prints("")
        .never_shows("watched");

    let silent = watching("");
    let run = silent.smp(&["propose", "--yes"]);
    run.ok().never_shows("atched").prints_among("(#422)\n");
}

#[test]
fn of_many_files_some_are_named_and_the_rest_is_counted() {
    let deploy = ready(
        World::deploy_like()
            .without_pages()
            .toml(&format!("{RECORD}{WATCH}")),
    );
    let names: Vec<String> = (10..42)
        .map(|number| format!("migrations/{number}"))
        .collect();
    stages(
        &deploy,
        &names
            .iter()
            .map(|name| (name.as_str(), "new\n"))
            .collect::<Vec<_>>(),
    );
    let run = deploy.smp(&["propose", "-n"]);
    run.ok()
        .says("This changes 32 watched files:\n  migrations/10\n")
        .says("  migrations/29\n  and 12 more\n\nThis will");
    run.never_shows("migrations/30")
        .prints_among("`migrations/19` and 22 more\n");
}

#[test]
fn a_fix_is_posted_with_what_it_adds_to_them() {
    for kind in sample(1, ["teams", "slack"]) {
        let world = World::deploy_like().without_pages().toml(WATCH);
        let deploy = chatting_like(world, kind);
        stages_all(&deploy);
        posts(&deploy, &["propose", "--yes"]).ok();
        let fix = merged(
            &deploy,
            "Undo the last of it (#431)",
            "db/migrations/0008_undo.py",
        );
        posts(&deploy, &["stage", "--fix", "--yes", "--pick", &fix]).ok();
        let told: Vec<String> = sent(&deploy, TECHNICAL).iter().map(words).collect();
        assert!(
            told[0].contains(&format!(
                "Changed files that the team watches: {}",
                NAMES.join(", ")
            )),
            "{}",
            told[0]
        );
        assert!(
            told[1].contains("Changed files that the team watches: db/migrations/0008_undo.py"),
            "{}",
            told[1]
        );
        assert!(!told[1].contains("Procfile"), "{}", told[1]);
    }
}

#[test]
fn a_files_name_acts_on_nobodys_terminal() {
    let print = format!("{RECORD}{WATCH}{}", channels("print"));
    let deploy = ready(World::deploy_like().without_pages().toml(&print));
    let (line, escape, bidi) = (
        "migrations/a\nThis will",
        "migrations/b\u{1b}[31m\u{9b}2J",
        "migrations/c\u{202e}lqs",
    );
    let (marks, long) = (
        "migrations/d](x) `*_~| <at>",
        format!("migrations/{}", "x".repeat(250)),
    );
    stages(
        &deploy,
        &[line, escape, bidi, marks, &long].map(|name| (name, "new\n")),
    );
    let run = deploy.smp(&["propose", "-n"]);
    is_harmless(run.ok());
    run.says(
        "This changes 5 watched files:\n  migrations/a\\x0aThis will\n  migrations/b\\x1b[31m\\x9b2J\n",
    );
    run.says("  migrations/c\\u202elqs\n")
        .says("  migrations/d](x) `*_~| <at>\n")
        .says(&long);
    run.prints_among(
        "Changed files that the team watches: migrations/a\\\\x0aThis will, migrations/b\\\\x1b\\[31m\\\\x9b2J, ",
    );
    run.prints_among(", migrations/d\\](x) \\`\\*\\_\\~\\| \\<at\\>, `migrations/xxx")
        .prints_among("xxx…`\n");
    for args in [
        &["propose", "--yes"][..],
        &["signoff", "--by", "Rosi"],
        &["promote", "-n"],
    ] {
        is_harmless(deploy.smp(args).ok());
    }
    let run = deploy.smp(&["promote", "-n", "--json"]);
    is_harmless(run.ok());
    assert_eq!(
        run.json()["watched"],
        json!([line, escape, bidi, marks, long])
    );
}
