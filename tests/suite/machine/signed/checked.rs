//! The program reads the bytes that the hash covers, and a failed check proves nothing.

use std::path::Path;

use super::{by, forged, key_of, merged, proposed, tip};
use crate::support::{Deploy, Runner};

/// Records rosi's sign-off and then her block. Returns the block, and a harmless commit that ada signed with the
/// block's parent.
pub fn blocked_after_a_yes(deploy: &Deploy) -> (String, String) {
    by(deploy, "rosi").smp(&["signoff"]).ok();
    by(deploy, "rosi")
        .smp(&["signoff", "--block", "it is broken"])
        .ok();
    let block = tip(deploy);
    let yes = deploy.git(&deploy.main, &["rev-parse", &format!("{block}^")]);
    let tree = format!("{yes}^{{tree}}");
    let args = ["commit-tree", "-S", &tree, "-p", &yes, "-m", "nothing"];
    let options = super::options(deploy, "ada", "ada");
    let options = options.iter().map(String::as_str);
    let args: Vec<&str> = options.chain(args).collect();
    let git = deploy.runner().cwd(&deploy.work);
    let other = git.program("git", &args).ok().out();
    (block, other.trim().to_owned())
}

/// Returns the refusal code of a promotion.
#[track_caller]
fn code(runner: &Runner<'_>) -> String {
    let json = runner.smp(&["promote", "-n", "--json"]);
    let json = json.exits(1).json();
    json["refusal"]["code"].as_str().unwrap().to_owned()
}

fn shell(deploy: &Deploy, folder: &Path, script: &str) -> String {
    let shell = deploy.runner().cwd(folder);
    shell.program("sh", &["-ec", script]).ok().out()
}

#[test]
fn git_may_find_another_event_by_the_name_of_a_block() {
    let deploy = proposed();
    let (block, harmless) = blocked_after_a_yes(&deploy);
    let ada = by(&deploy, "ada");
    assert_eq!(code(&ada), "blocked");
    // A pack index with the block's hash for the harmless commit; git before 2.47 does not read a multi-pack index so.
    let pack = deploy.work.join(".git/objects/pack");
    let made = format!("echo {harmless} | git pack-objects -q .git/objects/pack/pack");
    let name = shell(&deploy, &deploy.work, &made);
    let index = pack.join(format!("pack-{}.idx", name.trim()));
    let genuine = std::fs::read(&index).unwrap();
    let mut bytes = genuine.clone();
    let id: Vec<u8> = (0..40)
        .step_by(2)
        .map(|at| u8::from_str_radix(&block[at..at + 2], 16).unwrap())
        .collect();
    for first in 0..256_usize {
        let count = u32::from(first >= usize::from(id[0]));
        bytes[8 + 4 * first..12 + 4 * first].copy_from_slice(&count.to_be_bytes());
    }
    bytes[1032..1052].copy_from_slice(&id);
    let end = bytes.len() - 20;
    std::fs::write(deploy.path("index"), &bytes[..end]).unwrap();
    let sum = shell(&deploy, &deploy.path(""), "sha1sum index");
    for (nth, byte) in bytes[end..].iter_mut().enumerate() {
        *byte = u8::from_str_radix(&sum[2 * nth..2 * nth + 2], 16).unwrap();
    }
    shell(&deploy, &pack, "rm -f *.rev; chmod u+w *.idx");
    std::fs::write(&index, bytes).unwrap();
    let args = ["multi-pack-index", "write", "--incremental"];
    if deploy.try_git(&deploy.work, &args).code != 0 {
        return;
    }
    std::fs::write(&index, genuine).unwrap();
    let subject = deploy.git(&deploy.work, &["log", "-1", "--format=%s", &block]);
    assert_eq!(subject, "nothing");
    assert_eq!(code(&ada), "blocked");
}

/// Appends an event with these header lines after its parent, signed with a key.
fn by_lines(deploy: &Deploy, key: &str, people: &str, message: &str) -> String {
    let tip = tip(deploy);
    let tree = deploy.git(&deploy.main, &["rev-parse", &format!("{tip}^{{tree}}")]);
    let head = format!("tree {tree}\nparent {tip}\n{people}\n");
    let payload = deploy.path("payload");
    std::fs::write(&payload, format!("{head}\n{message}")).unwrap();
    let key = key_of(deploy, key);
    let args = ["-q", "-Y", "sign", "-n", "git", "-f", key.to_str().unwrap()];
    let sign = [&args[..], &["payload"]].concat();
    deploy
        .runner()
        .cwd(deploy.path(""))
        .program("ssh-keygen", &sign)
        .ok();
    let signature = std::fs::read_to_string(deploy.path("payload.sig")).unwrap();
    std::fs::remove_file(deploy.path("payload.sig")).unwrap();
    let signature = signature.trim_end().replace('\n', "\n ");
    let git = deploy.runner().cwd(&deploy.main);
    let git = git.stdin(format!("{head}gpgsig {signature}\n\n{message}"));
    let args = [
        "hash-object",
        "-t",
        "commit",
        "-w",
        "--literally",
        "--stdin",
    ];
    let commit = git.program("git", &args).ok().out().trim().to_owned();
    deploy.git(&deploy.main, &["update-ref", "refs/smp/record", &commit]);
    commit
}

/// Appends a commit without a signature to the record, with this tree and message.
fn thrown_in(deploy: &Deploy, tree: &str, message: &str) -> String {
    let tip = tip(deploy);
    let person = format!("eve <eve@example.com> {} +0000", now());
    let text =
        format!("tree {tree}\nparent {tip}\nauthor {person}\ncommitter {person}\n\n{message}");
    let git = deploy.runner().cwd(&deploy.main).stdin(text);
    let args = ["hash-object", "-t", "commit", "-w", "--stdin"];
    let commit = git.program("git", &args).ok().out().trim().to_owned();
    deploy.git(&deploy.main, &["update-ref", "refs/smp/record", &commit]);
    commit
}

#[test]
fn what_is_no_event_stops_nobody() {
    let deploy = proposed();
    let (ada, rosi) = (by(&deploy, "ada"), by(&deploy, "rosi"));
    let tree = deploy.git(&deploy.main, &["rev-parse", "refs/smp/record^{tree}"]);
    let empty = deploy.in_clone("hash-object -w -t tree /dev/null");
    deploy.git(
        &deploy.main,
        &["hash-object", "-w", "-t", "tree", "/dev/null"],
    );
    let large = thrown_in(&deploy, &tree, &"long ".repeat(200 << 10));
    let status = ada.smp(&["status"]);
    status
        .ok()
        .prints_among(&format!("{} \"long long", &large[..8]));
    status.prints_among("is larger than any event");
    rosi.smp(&["signoff"]).ok();
    let stateless = thrown_in(&deploy, &empty, "x\n");
    for _ in 0..2 {
        let status = ada.smp(&["status"]);
        status
            .ok()
            .prints_among(&format!("{} \"x\": it is not signed", &stateless[..8]));
    }
    let verify = ada.smp(&["history", "--verify"]);
    verify.exits(1).prints_among("is larger than any event");
    let args = ["promote", "--yes", "--commit", deploy.nth(5)];
    ada.smp(&args).ok().says("done: on record");

    // A commit that is too large for memory is not read.
    thrown_in(&deploy, &tree, &"x".repeat(33 << 20));
    let run = ada.smp(&["postpone", "--yes", "--reason", "x"]);
    run.exits(1)
        .says("is too large to be read")
        .says("it has more than 32 MiB");
}

/// Puts `option` in front of the options of rosi's line.
fn limited(deploy: &Deploy, option: &str) {
    let old = deploy.git(&deploy.main, &["show", "master:.smp/signers"]);
    let new = old.replace("rosi@example.com ", &format!("rosi@example.com {option},"));
    merged(
        deploy,
        "Limit a key",
        &[(".smp/signers", &format!("{new}\n"))],
    );
}

fn yes(deploy: &Deploy) -> String {
    super::tricks::yes(deploy)
}

fn now() -> u64 {
    let since = std::time::SystemTime::UNIX_EPOCH.elapsed();
    since.unwrap().as_secs()
}

#[test]
fn an_event_has_one_date() {
    let deploy = proposed();
    limited(&deploy, "valid-before=\"20250101Z\"");
    let (old, now) = (1_700_000_000, now());
    let line = |who: &str, at: u64| format!("{who} rosi <rosi@example.com> {at} +0000");
    let [author, committer] = ["author", "committer"].map(|who| line(who, now));
    for (people, why) in [
        (
            format!("{author}\n{}\n{committer}", line("committer", old)),
            "has other lines than git writes for an event",
        ),
        (
            format!("{author}\n{}", line("committer", old)),
            "its author and its committer name different dates",
        ),
    ] {
        let event = by_lines(&deploy, "rosi", &people, &yes(&deploy));
        let status = deploy.smp(&["status"]).ok().out();
        let told = status.lines().find(|line| line.contains(&event[..8]));
        assert!(told.is_some_and(|line| line.contains(why)), "{status}");
        assert_eq!(code(&by(&deploy, "ada")), "not-signed-off");
    }
}

#[test]
fn a_date_in_the_future_is_of_no_use_and_a_block_needs_none() {
    let deploy = proposed();
    by(&deploy, "rosi").smp(&["signoff"]).ok();
    limited(&deploy, "valid-before=\"20990101Z\"");
    let commit = deploy.nth(5);
    let staged = format!(
        "ada staged\n\nSmp-Event: staged\nSmp-Id: 00000000000000ab\nSmp-Program: git-smp 0.1.0\nSmp-Commit: {commit}\n\
         Smp-From: {commit}\nSmp-Commits: 1\nSmp-Environment: staging\n"
    );
    let when = Some("2098-01-01T00:00:00Z");
    super::forged_at(&deploy, ("ada", "ada"), &staged, true, when);
    assert_eq!(code(&by(&deploy, "ada")), "not-verified");
    by(&deploy, "rosi")
        .smp(&["signoff", "--block", "it is broken"])
        .ok();
    // The block counts even after an event with a date slightly in the future.
    let soon = format!("@{} +0000", now() + 300);
    super::forged_at(
        &deploy,
        ("ada", "ada"),
        &staged.replace("ab\n", "ac\n"),
        true,
        Some(&soon),
    );
    let block = "rosi blocked\n\nSmp-Event: blocked\nSmp-Id: 00000000000000ad\nSmp-Program: git-smp 0.1.0\n";
    forged(
        &deploy,
        ("rosi", "rosi"),
        &format!("{block}Smp-Commit: {commit}\nSmp-Of: rosi\n"),
        true,
    );
    let ignored = deploy.smp(&["status"]).ok().out();
    assert!(!ignored.contains("\"rosi blocked\""), "{ignored}");
}

#[test]
fn one_key_under_two_names_is_one_person() {
    let deploy = proposed();
    let old = deploy.git(&deploy.main, &["show", "master:.smp/signers"]);
    let line = old.lines().find(|line| line.starts_with("ada@")).unwrap();
    let line = line.replace(
        "ada@example.com",
        "ada@old.example valid-before=\"20990101Z\",",
    );
    let line = line.replace(", ", ",");
    merged(
        &deploy,
        "Ada's old address",
        &[(".smp/signers", &format!("{line}\n{old}\n"))],
    );
    forged(&deploy, ("rosi", "ada"), &yes(&deploy), true);
    assert_eq!(code(&by(&deploy, "ada")), "same-person");
    by(&deploy, "rosi").smp(&["signoff"]).ok();
    super::promote(&deploy, &by(&deploy, "ada")).ok();
}

#[test]
fn the_zone_of_this_machine_says_nothing_about_signatures() {
    let deploy = proposed();
    limited(&deploy, &format!("valid-after=\"{}\"", hours_ago(12)));
    blocked_after_a_yes(&deploy);
    // In this time zone it is yesterday.
    let ada = by(&deploy, "ada").env("TZ", "XXX+24:00");
    assert_eq!(code(&ada), "blocked");
}

/// Returns a time in the format of the signers file.
fn hours_ago(hours: u64) -> String {
    let at = jiff::Timestamp::from_second((now() - hours * 3600) as i64).unwrap();
    at.strftime("%Y%m%d%H%MZ").to_string()
}

#[test]
fn a_check_that_failed_is_not_taken_for_a_bad_signature() {
    let deploy = proposed();
    blocked_after_a_yes(&deploy);
    // An ssh-keygen that fails at a part of its work.
    for fails in ["verify", "find-principals"] {
        let script = format!(
            "case \"$*\" in *\"-Y \"{fails}*) cat >/dev/null; exit 1 ;; esac; PATH=$(printf %s \"$PATH\" | sed 's#[^:]*/failing:##'); exec ssh-keygen \"$@\""
        );
        deploy.executable("failing/ssh-keygen", &script);
        let ada = by(&deploy, "ada").path_first("failing");
        assert_eq!(code(&ada), "not-verified", "{fails}");
    }
}
