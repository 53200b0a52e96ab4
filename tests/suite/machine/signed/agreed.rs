//! The smp.toml of a team that signs: that of the main repository's default branch; and messages about its signers
//! file.

use super::{SIGNED, by, merged, promote, proposed, world};

// An event under a configuration without signatures is unsigned and would not count.
#[test]
fn a_clone_whose_file_is_from_before_signatures_writes_nothing() {
    let deploy = proposed();
    let before = deploy.chain().events.len();
    deploy.write_toml(&deploy.toml().replace(SIGNED, "[record]\n"));
    let rosi = by(&deploy, "rosi");
    let setup = rosi.smp(&["setup", "--yes"]);
    let wrong = "smp.toml here differs from the one on master, which requires signatures";
    setup.ok().prints_among(wrong);
    for args in [
        &["propose", "--yes"][..],
        &["signoff"],
        &["signoff", "--block", "broken"],
        &["postpone", "--yes", "--reason", "later"],
        &["stage", deploy.nth(6), "--yes"],
    ] {
        rosi.smp(args)
            .exits(1)
            .says(&format!("error: {wrong}"))
            .says("record.signed")
            .says("git smp setup");
    }
    rosi.smp(&["status"]).ok();
    assert_eq!(deploy.chain().events.len(), before);
}

#[test]
fn a_team_whose_default_branch_is_another_one_works() {
    let deploy = world();
    deploy.git(&deploy.main, &["branch", "develop", "master"]);
    deploy.git(
        &deploy.main,
        &["symbolic-ref", "HEAD", "refs/heads/develop"],
    );
    merged(&deploy, "Come after it", &[("later", "")]);
    by(&deploy, "ada").smp(&["propose", "--yes"]).ok();
    by(&deploy, "rosi").smp(&["signoff"]).ok();
    promote(&deploy, &by(&deploy, "ada")).ok();
    assert_eq!(deploy.master(&deploy.production), deploy.nth(5));
    let status = deploy.smp(&["status"]);
    assert!(!status.ok().stderr.contains("default branch"));
}

#[test]
fn a_default_branch_that_protects_nothing_is_told_with_the_command_that_mends_it() {
    let deploy = proposed();
    let mends = "git symbolic-ref HEAD refs/heads/master";
    let told = |what: &str| {
        by(&deploy, "rosi")
            .smp(&["status"])
            .ok()
            .says(what)
            .says(mends);
        let check = by(&deploy, "rosi").smp(&["setup", "--check"]);
        check.ok().prints_among("note  signing").prints_among(mends);
    };
    deploy.git(
        &deploy.main,
        &["symbolic-ref", "HEAD", "refs/heads/nowhere"],
    );
    told("the main repository has no default branch");
    by(&deploy, "rosi").smp(&["signoff"]).ok();
    // A branch named `HEAD` is not the default branch.
    let older = deploy.nth(1);
    deploy.git(&deploy.main, &["update-ref", "refs/heads/HEAD", older]);
    told("the main repository has no default branch");
    deploy.git(&deploy.main, &["update-ref", "refs/heads/old", older]);
    deploy.git(&deploy.main, &["symbolic-ref", "HEAD", "refs/heads/old"]);
    told("smp.toml of the main repository's default branch does not require signatures");
    promote(&deploy, &by(&deploy, "ada")).ok();
    deploy.git(&deploy.main, &["symbolic-ref", "HEAD", "refs/heads/master"]);
    let status = deploy.smp(&["status"]);
    assert!(!status.ok().stderr.contains("default branch"));
}

#[test]
fn a_line_that_does_not_accept_its_key_for_git_is_named_with_the_line_to_write() {
    for (options, dates, why) in [
        (
            r#"namespaces="file""#,
            "",
            "not permitted for use in signature namespace",
        ),
        (
            r#"valid-before="20990101Z",namespaces="file,email""#,
            r#"valid-before="20990101Z","#,
            "not permitted for use in signature namespace",
        ),
        ("namespaces=git", "", "bad options: missing start quote"),
    ] {
        let deploy = proposed();
        by(&deploy, "rosi").smp(&["signoff"]).ok();
        let old = deploy.git(&deploy.main, &["show", "master:.smp/signers"]);
        let good = old.lines().find(|line| line.starts_with("rosi")).unwrap();
        let (git, bad) = (
            r#"namespaces="git""#,
            good.replace(r#"namespaces="git""#, options),
        );
        let file = old.replace(good, &bad);
        merged(&deploy, "Let rosi sign files", &[(".smp/signers", &file)]);
        let line = good.replace(git, &format!("{dates}{git}"));
        let line = format!("write this line instead: {line}\n");
        by(&deploy, "rosi")
            .smp(&["signoff"])
            .exits(1)
            .says("error: .smp/signers on master does not let your key sign events")
            .says(why)
            .says(&line);
        by(&deploy, "ada").smp(&["status"]).ok().prints_among(why);
        promote(&deploy, &by(&deploy, "ada")).exits(1).says(&line);
    }
}

#[test]
fn a_line_is_corrected_where_it_is_wrong() {
    let deploy = proposed();
    let old = deploy.git(&deploy.main, &["show", "master:.smp/signers"]);
    let good = old.lines().find(|line| line.starts_with("rosi")).unwrap();
    let authority = good.replace(r#"namespaces="git""#, "cert-authority");
    let file = old.replace(good, &authority);
    merged(&deploy, "Trust rosi's key", &[(".smp/signers", &file)]);
    by(&deploy, "rosi")
        .smp(&["signoff"])
        .exits(1)
        .says("error: .smp/signers on master does not let your key sign events")
        .says("hint: or correct that line (cert-authority) in .smp/signers on master, then: git smp setup\n");
}

#[test]
fn a_newcomer_with_a_name_that_is_taken_is_warned() {
    let deploy = proposed();
    let name = ["-c", "user.email=Rosi@example.com"];
    let eve = by(&deploy, "eve").git_options(&name);
    for args in [&["signoff"][..], &["setup", "--yes"]] {
        let run = eve.smp(args);
        let told = run.exits(1).out() + &run.stderr;
        for words in [
            "Rosi@example.com has another key there, and both keys would count as one person",
            "if Rosi@example.com is not you, first replace the dots with your own address: git config user.email '...'",
        ] {
            assert!(told.contains(words), "{told}");
        }
    }
    by(&deploy, "rosi")
        .git_options(&["-c", "user.email=r@example.com"])
        .smp(&["setup", "--check"])
        .ok()
        .prints_among("note  signing")
        .prints_among("signs as rosi@example.com")
        .prints_among("user.email is r@example.com");
}

#[test]
fn a_signers_file_that_names_nobody_is_told_by_every_command() {
    let deploy = proposed();
    merged(&deploy, "Empty it", &[(".smp/signers", "# nobody\n")]);
    let empty =
        "the signers file on the main branch is missing or names no key, so no event counts";
    let ada = by(&deploy, "ada");
    ada.smp(&["status"]).ok().prints_among(empty);
    ada.smp(&["signoff"]).exits(1).says(empty);
    ada.smp(&["propose", "--dry-run"]).ok().says(empty);
    ada.smp(&["propose", "--yes"])
        .exits(1)
        .says("error: .smp/signers on master names no key, so your events do not count")
        .says("the line for it is: ada@example.com");
    promote(&deploy, &ada).exits(1).says(empty);
}

#[test]
fn the_proposer_is_told_who_else_must_say_yes() {
    let deploy = world();
    let else_ =
        "somebody other than ada must test it and, in their own clone, run: git smp signoff";
    let ada = by(&deploy, "ada");
    ada.smp(&["propose", "--yes"]).ok().says(else_);
    let status = ada.smp(&["status"]).ok().out();
    assert!(status.contains(else_), "{status}");
    assert!(status.ends_with("next: git smp status\n"), "{status}");
    ada.smp(&["promote", "-n"]).exits(1).says(else_);
    let status = by(&deploy, "rosi").smp(&["status"]).ok().out();
    assert!(status.ends_with("next: git smp signoff\n"), "{status}");
}

// A newer version may know a key that this version does not know.
#[test]
fn a_file_of_the_team_that_cannot_be_read_may_require_signatures() {
    let deploy = proposed();
    let toml = deploy.toml();
    let newer = toml.replace("four_eyes = true", "four_eyes = true\nsix_eyes = true");
    merged(&deploy, "Use a newer version", &[("smp.toml", &newer)]);
    deploy.write_toml(&toml.replace(SIGNED, ""));
    let ada = by(&deploy, "ada");
    ada.smp(&["setup", "--yes"]);
    promote(&deploy, &ada)
        .exits(1)
        .says("error: this git-smp cannot read smp.toml of the main repository at ");
    assert_eq!(deploy.master(&deploy.production), deploy.nth(2));
}

#[test]
fn a_deploy_reaches_the_address_of_its_own_environment() {
    let deploy = world();
    let production = deploy.production.display().to_string();
    let [_, staging, _] = deploy.urls();
    for (setting, says) in [
        (
            format!("url.{production}.insteadOf={staging}"),
            "git's insteadOf leads this clone to ",
        ),
        (
            format!("remote.staging.receivepack=git-receive-pack {production} #"),
            "remote.staging.receivepack replaces the program that answers for it",
        ),
    ] {
        let ada = by(&deploy, "ada").git_options(&["-c", &setting]);
        let args = ["stage", "--yes", "--timeout", "20", deploy.nth(6)];
        ada.smp(&args).exits(2).says(says);
        // The file that was read is named.
        std::fs::copy(deploy.work.join("smp.toml"), deploy.work.join("mine.toml")).unwrap();
        let run = ada.smp(&[&args[..], &["--config", "mine.toml"]].concat());
        run.exits(2)
            .says("a deploy must go to the address in mine.toml")
            .never_shows("in smp.toml");
    }
    assert_eq!(deploy.master(&deploy.production), deploy.nth(2));
}
