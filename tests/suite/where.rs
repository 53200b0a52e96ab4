//! `git smp where`: the environments that run a commit, and since when.

use serde_json::{Value, json};

use crate::history::{Record, promoted, rolled_back, staged};
use crate::promote::promote;
use crate::support::{Deploy, Page, Topology, World};

/// 2 March 2022, 12:00.
const NOON: i64 = 1_646_222_400;

/// Returns a world whose record has production deploys of the first and the second commit, an hour apart.
fn with_record() -> Deploy {
    let deploy = World::deploy_like()
        .without_pages()
        .toml("[record]\n")
        .ready();
    deploy.forget_record();
    let mut record = Record::default();
    let [one, two, three] = [1, 2, 3].map(|nth| deploy.nth(nth));
    let by = "Ada Example";
    record.add(by, NOON, &promoted("production", one, three, 2, &[]));
    record.add(by, NOON + 3600, &rolled_back("production", three, one, 2));
    record.add(by, NOON + 7200, &promoted("production", one, two, 1, &[]));
    record.put(&deploy);
    deploy
}

fn located(deploy: &Deploy, args: &[&str]) -> Value {
    let args = [&["where", "--json"], args].concat();
    deploy.smp(&args).ok().json()
}

#[test]
fn each_environment_says_whether_it_runs_a_commit_and_since_when() {
    let deploy = with_record();
    let (two, three) = (deploy.nth(2), deploy.nth(3));
    let run = deploy.smp(&["where", two]);
    run.ok().prints(format!(
        "{} Show flags on painpoints (#421)\n  staging     runs it\n  production  runs it since 2022-03-02 ({})\n",
        &two[..7],
        run.out().rsplit_once(" (").unwrap().1.trim_end().trim_end_matches(')'),
    ));
    deploy.smp(&["where", three]).ok().prints_among(&format!(
        "  production  does not run it; runs {}\n",
        &two[..8]
    ));
    let told = located(&deploy, &[two]);
    assert_eq!(told["commit"], two);
    assert_eq!(told["pull_request"], 421);
    // A rollback removed it, and the last promotion brought it back.
    let production = json!({"environment": "production", "runs": true, "since": "2022-03-02T14:00:00+00:00", "as": null});
    assert_eq!(told["environments"][1], production);
    // The record's first deploy already contained the first commit.
    assert_eq!(
        located(&deploy, &[deploy.nth(1)])["environments"][1]["since"],
        Value::Null
    );
    assert_eq!(located(&deploy, &["#421"]), told);
}

#[test]
fn the_end_of_the_chain_decides_the_exit_code() {
    let deploy = with_record();
    deploy.smp(&["where", "--exit-code", deploy.nth(2)]).ok();
    deploy
        .smp(&["where", "--exit-code", deploy.nth(3)])
        .exits(1);
    deploy.smp(&["where", "nothing"]).exits(2);
    deploy
        .smp(&["where", "#9999"])
        .exits(1)
        .says("no commit of pull request #9999")
        .says("hint: find the hash of the commit: git log --oneline ")
        .says("hint: then replace the dots with it: git smp where '...'\n");
    deploy.smp(&["where"]).exits(2);
}

#[test]
fn what_cannot_be_seen_is_unknown() {
    let deploy = World::deploy_like().ready();
    deploy.web.set("/production", Page::body("").status(500));
    let told = located(&deploy, &[deploy.nth(2)]);
    assert_eq!(told["environments"][1]["runs"], Value::Null);
    deploy
        .smp(&["where", "--exit-code", deploy.nth(2)])
        .exits(1)
        .prints_among("  production  unknown: its page answers 500 ");
}

#[test]
fn a_record_that_is_gone_is_not_taken_for_an_empty_one() {
    let deploy = with_record();
    let since = located(&deploy, &[deploy.nth(2)]);
    assert_ne!(since["environments"][1]["since"], Value::Null);
    deploy.git(&deploy.main, &["update-ref", "-d", "refs/smp/record"]);
    let run = deploy.smp(&["where", deploy.nth(2)]);
    run.ok().says(", so this does not say since when\n");
    run.says("git push upstream refs/smp/seen:refs/smp/record\n");
}

#[test]
fn a_copy_runs_where_the_commit_itself_does_not() {
    let deploy = World::deploy_like().without_pages().ready();
    let six = deploy.nth(6);
    deploy.git(&deploy.team, &["checkout", "-q", "--detach", deploy.nth(5)]);
    let files = &[("EXTRA", "more\n")][..];
    let original = deploy.commit_files("team", "Add what is extra (#500)", files);
    deploy.git(&deploy.team, &["checkout", "-q", "--detach", deploy.nth(2)]);
    deploy.git(&deploy.team, &["cherry-pick", &original]);
    let copy = deploy.git(&deploy.team, &["rev-parse", "HEAD"]);
    deploy.colleague_pushes(&deploy.production, &copy);
    deploy.git(
        &deploy.work,
        &["fetch", "-q", deploy.team.to_str().unwrap(), &original],
    );
    let told = located(&deploy, &[&original]);
    let place = |environment: &str, runs: bool, copy: Option<&str>| json!({"environment": environment, "runs": runs, "since": null, "as": copy});
    assert_eq!(
        told["environments"],
        json!([
            place("staging", false, None),
            place("production", true, Some(&copy))
        ])
    );
    deploy
        .smp(&["where", &original])
        .ok()
        .prints_among(&format!("runs it, as its copy {}", &copy[..8]));
    deploy
        .smp(&["where", six])
        .ok()
        .prints_among("  production  does not run it; runs ");
}

#[test]
fn what_differs_in_white_space_and_what_changes_nothing_is_no_copy() {
    let deploy = World::deploy_like().without_pages().ready();
    let beside = |from: &str, text: &str| {
        deploy.git(&deploy.team, &["checkout", "-q", "--detach", from]);
        let python = deploy.commit_files("team", "Add b", &[("f.py", text)]);
        let empty = ["commit", "-q", "--allow-empty", "-m", "Build it again"];
        deploy.git(&deploy.team, &empty);
        (python, deploy.git(&deploy.team, &["rev-parse", "HEAD"]))
    };
    let (_, runs) = beside(deploy.nth(2), "if x:\n    a()\n    b()\n");
    deploy.colleague_pushes(&deploy.production, &runs);
    let (python, empty) = beside(deploy.nth(5), "if x:\n    a()\nb()\n");
    let team = deploy.team.to_str().unwrap();
    deploy.git(&deploy.work, &["fetch", "-q", team, &empty]);
    for commit in [python, empty] {
        let told = located(&deploy, &[&commit]);
        assert_eq!(told["environments"][1]["runs"], false, "{told}");
    }
}

#[test]
fn offline_nothing_is_asked() {
    let deploy = with_record();
    let two = deploy.nth(2).to_owned();
    deploy.smp(&["history"]).ok();
    for bare in ["main.git", "staging.git", "production.git"] {
        std::fs::rename(deploy.path(bare), deploy.path(format!("{bare}.away"))).unwrap();
    }
    let run = deploy.smp(&["where", "--offline", &two]);
    run.ok()
        .prints_among("  production  runs it since 2022-03-02")
        .says("no environment was asked; this answer comes from the record (read ");
    deploy
        .smp(&["where", "--offline", "#421"])
        .ok()
        .prints_among("Show flags on painpoints (#421)");
    deploy.smp(&["where", &two]).ok().prints_among("unknown: ");
}

#[test]
fn offline_a_number_is_found_on_the_main_branch_as_an_earlier_run_saw_it() {
    let deploy = with_record();
    // As after `git init` and `git remote add`: no ref of the user follows the main branch.
    let all = deploy.git(
        &deploy.work,
        &["for-each-ref", "--format=%(refname)", "refs/remotes"],
    );
    for name in all.lines() {
        deploy.git(&deploy.work, &["update-ref", "-d", name]);
    }
    deploy.smp(&["where", "#421"]).ok();
    let told = located(&deploy, &["--offline", "#421"]);
    assert_eq!(told["pull_request"], 421);
    std::fs::rename(&deploy.main, deploy.path("away")).unwrap();
    deploy.smp(&["where", "#421"]).ok();
}

#[test]
fn offline_the_last_look_is_remembered_with_its_age() {
    let deploy = World::deploy_like().on(Topology::Remotes).ready();
    let [one, two] = [1, 2].map(|nth| deploy.nth(nth).to_owned());
    deploy.web.set("/production", Page::commit(&two));
    deploy.smp(&["where", &two]).ok();
    // A failed look does not remove the earlier result.
    deploy.web.set("/production", Page::body("").status(500));
    deploy.smp(&["where", &two]).ok().prints_among("unknown: ");
    let asked = deploy.web.asked().len();
    deploy
        .smp(&["where", "--offline", "--exit-code", &one])
        .ok()
        .prints_among("  production  runs it, seen ")
        .says("what this clone last saw");
    assert_eq!(deploy.web.asked().len(), asked);
    // A result from another address does not count.
    let text = deploy.toml();
    let moved = text.replace("/production.git", "/moved.git");
    assert_ne!(text, moved);
    deploy.write_toml(&moved);
    deploy
        .smp(&["where", "--offline", &one])
        .ok()
        .never_shows("  production  runs it, seen ");
}

#[test]
fn offline_the_later_of_the_record_and_the_last_look_counts() {
    let world = World::deploy_like().without_pages();
    let deploy = world.toml("[record]\n").ready();
    deploy.forget_record();
    let [one, two, three] = [1, 2, 3].map(|nth| deploy.nth(nth));
    let (mut record, by) = (Record::default(), "Ada Example");
    record.add(by, NOON, &promoted("production", one, two, 1, &[]));
    record.put(&deploy);
    deploy.smp(&["status"]).ok();
    let seen = format!("  production  does not run it; runs {}, seen ", &two[..8]);
    deploy
        .smp(&["where", "--offline", three])
        .ok()
        .prints_among(&seen);
    let later = jiff::Timestamp::now().as_second() + 60;
    record.add(by, later, &promoted("production", two, three, 1, &[]));
    record.put(&deploy);
    deploy.smp(&["history"]).ok();
    let told = located(&deploy, &["--offline", three]);
    assert_eq!(told["environments"][1]["runs"], true);
}

#[test]
fn offline_what_a_deploy_that_nobody_saw_end_came_to_is_unknown() {
    let deploy = World::deploy_like().ready();
    let [two, five] = [2, 5].map(|nth| deploy.nth(nth));
    deploy.web.set("/production", Page::commit(two));
    deploy.smp(&["status"]).ok();
    promote(&deploy, &["--timeout", "1"]).exits(4);
    // While the page disagrees, the branch is no answer either.
    deploy.smp(&["status"]).ok();
    for commit in [two, five] {
        let unknown = format!(
            "  production  unknown: a deploy of {} began just now from this clone; its result is unknown\n",
            &five[..8]
        );
        let run = deploy.smp(&["where", "--offline", "--exit-code", commit]);
        run.exits(1).prints_among(&unknown);
        let told = located(&deploy, &["--offline", commit]);
        assert_eq!(told["environments"][1]["runs"], Value::Null);
    }
    deploy.web.set("/production", Page::commit(five));
    promote(&deploy, &[]).ok();
    deploy
        .smp(&["where", "--offline", five])
        .ok()
        .prints_among("  production  runs it, seen just now");
}

#[test]
fn offline_a_branch_that_was_fetched_long_ago_does_not_show_what_is_missing() {
    let remotes = World::deploy_like().on(Topology::Remotes);
    let deploy = remotes.without_pages().ready();
    deploy.git(&deploy.work, &["fetch", "-q", "--all"]);
    let commit = deploy.master(&deploy.staging);
    deploy.colleague_pushes(&deploy.production, &commit);
    let old = deploy.git(&deploy.work, &["rev-parse", "production/master"]);
    let run = deploy.smp(&["where", "--offline", "--exit-code", &commit]);
    run.exits(1).prints_among(&format!(
        "  production  unknown: at the last fetch its branch was at {}, which does not contain the commit\n",
        &old[..8]
    ));
    let told = located(&deploy, &["--offline", &commit]);
    assert_eq!(told["environments"][1]["runs"], Value::Null);
    deploy.git(&deploy.work, &["fetch", "-q", "--all"]);
    deploy
        .smp(&["where", "--offline", "--exit-code", &commit])
        .ok();
}

#[test]
fn a_mistyped_name_is_told_before_any_environment_is_asked() {
    let deploy = World::deploy_like().ready();
    for (args, said) in [
        (
            &["nothing"][..],
            "\"nothing\" names no commit in this clone",
        ),
        (&["HEAD~99"], "\"HEAD~99\" names no commit in this clone"),
        (&["abcdef1"], "\"abcdef1\" names no commit in this clone"),
        (
            &["--offline", "nothing"],
            "\"nothing\" names no commit in this clone",
        ),
        (
            &["--offline", "abcdef1"],
            "\"abcdef1\" names no commit in this clone",
        ),
    ] {
        let before = deploy.web.asked().len();
        let run = deploy.smp(&[&["where"], args].concat());
        run.exits(2).prints("").says(said);
        run.never_shows("no environment was asked");
        assert_eq!(deploy.web.asked().len(), before, "{args:?}");
    }
    let before = deploy.web.asked().len();
    let run = deploy.smp(&["where", "#9999"]);
    run.exits(1).says("no commit of pull request #9999");
    assert_eq!(deploy.web.asked().len(), before);
    // A word that cannot be looked up may still be a commit.
    std::fs::rename(&deploy.main, deploy.path("main.away")).unwrap();
    let run = deploy.smp(&["where", "abcdef1"]);
    run.exits(1)
        .says("error: the remote upstream does not answer")
        .says("because: \"abcdef1\" is not in this clone, but may be on the main branch by now");
    assert_eq!(deploy.web.asked().len(), before);
    deploy.smp(&["where", "nothing"]).exits(2);
}

#[test]
fn what_was_merged_a_moment_ago_is_found() {
    let deploy = World::deploy_like().without_pages().ready();
    let new = deploy.colleague_commits("Draw circles (#777)");
    for rev in ["#777", &new, &new[..8]] {
        let run = deploy.smp(&["where", rev]);
        run.ok()
            .prints_among("Draw circles (#777)\n  staging     does not run it; runs ");
    }
}

#[test]
fn a_number_is_shown_how_it_is_typed() {
    let deploy = World::deploy_like().without_pages().ready();
    let run = deploy.smp(&["where", "--offline", "421"]);
    run.exits(2)
        .says("hint: or, for a pull request: git smp where '#421'");
    // The shell read `#421` as a comment.
    let run = deploy.smp(&["where", "--offline"]);
    run.exits(2)
        .says("replace the dots with the number: git smp where --offline '#...'\n");
}

#[test]
fn what_came_long_ago_is_read_as_far_back_as_it_lies() {
    let deploy = World::deploy_like()
        .without_pages()
        .toml("[record]\n")
        .ready();
    deploy.forget_record();
    let [one, two, four, five] = [1, 2, 4, 5].map(|nth| deploy.nth(nth));
    let (mut record, by) = (Record::default(), "Ada Example");
    record.add(by, NOON, &promoted("production", one, two, 1, &[]));
    for minute in 1..=1200 {
        let (from, to) = match minute {
            ..1100 => (four, four),
            1100 => (four, five),
            _ => (five, five),
        };
        record.add(by, NOON + 60 * minute, &staged("staging", from, to));
    }
    record.put(&deploy);
    deploy.smp(&["history"]).ok();
    for more in [&["--offline"][..], &[]] {
        let told = located(&deploy, &[more, &[two]].concat());
        assert_eq!(
            told["environments"][1],
            json!({"environment": "production", "runs": true, "since": "2022-03-02T12:00:00+00:00", "as": null})
        );
        // Staging had it before the record began.
        assert_eq!(told["environments"][0]["since"], Value::Null);
        let told = located(&deploy, &[more, &[five]].concat());
        assert_eq!(
            told["environments"][0]["since"],
            "2022-03-03T06:20:00+00:00"
        );
    }
    // What this clone kept is extended by later events.
    let kept = deploy.work.join(".git/smp/arrivals");
    let text = std::fs::read_to_string(&kept).unwrap();
    std::fs::write(&kept, text.replace("\"unread\":0", "\"unread\":3")).unwrap();
    record.add(by, NOON + 90_000, &rolled_back("production", two, one, 1));
    record.add(by, NOON + 93_600, &promoted("production", one, two, 1, &[]));
    record.put(&deploy);
    deploy.smp(&["history"]).ok();
    for _ in 0..2 {
        let told = located(&deploy, &["--offline", two]);
        assert_eq!(
            told["environments"][1]["since"],
            "2022-03-03T14:00:00+00:00"
        );
        let read = deploy.smp(&["where", "--offline", two]);
        read.ok().says("3 events");
    }
}
