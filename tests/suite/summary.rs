//! The product post's text on the command line: invalid text is refused before any request.

use crate::promote::{promote, ready, scripted};
use crate::support::{Deploy, World};

/// Asserts that these options fail with exit code 2 and this error, without a request or a change.
#[track_caller]
fn wrong(deploy: &Deploy, options: &[&str], error: &str) {
    let (before, asked) = (deploy.snapshot(), deploy.web.asked_for("/production").len());
    promote(deploy, options).exits(2).prints("").says(error);
    assert_eq!(deploy.snapshot(), before);
    assert_eq!(
        deploy.web.asked_for("/production").len(),
        asked,
        "the site was asked"
    );
}

#[test]
fn a_text_that_no_post_could_hold_is_refused_before_anything_is_looked_at() {
    let deploy = ready(World::deploy_like());
    wrong(
        &deploy,
        &["--summary", &"ü".repeat(4001)],
        "error: the text of --summary is longer than 4000 characters",
    );
    wrong(
        &deploy,
        &["--summary", "a\u{1b}[31m"],
        "error: the text of --summary holds the control character \\x1b",
    );
    wrong(
        &deploy,
        &["--summary", "--json"],
        "error: the text of --summary looks like an option",
    );
    wrong(
        &deploy,
        &["--summary", "--json"],
        "hint: replace the dots with your text: git smp promote ",
    );
    wrong(&deploy, &["--summary"], "a value is required");
    wrong(
        &deploy,
        &["--summary", "one", "--summary", "two"],
        "cannot be used multiple times",
    );
}

#[test]
fn a_file_that_holds_no_such_text_is_refused_as_early() {
    let deploy = ready(World::deploy_like());
    let file = deploy.path("what is new");
    let name = file.to_str().unwrap();
    wrong(&deploy, &["-F", name], "what is new' does not exist");
    wrong(
        &deploy,
        &["--file", deploy.path("home").to_str().unwrap()],
        "home cannot be read: is a directory",
    );
    wrong(&deploy, &["-F", ""], "error: '' does not exist");
    std::fs::write(&file, b"Gr\xfc\xdfe").unwrap();
    wrong(&deploy, &["-F", name], "what is new' is not UTF-8 text");
    std::fs::write(&file, "a".repeat(70_000)).unwrap();
    wrong(&deploy, &["-F", name], "what is new' is larger than 64 KiB");
    std::fs::write(&file, "a\0b").unwrap();
    wrong(
        &deploy,
        &["-F", name],
        "what is new' holds the control character \\x00",
    );
    wrong(
        &deploy,
        &["-F", "/dev/zero"],
        "/dev/zero is larger than 64 KiB",
    );
    wrong(
        &deploy,
        &["-F", name, "--summary", "one"],
        "cannot be used with",
    );
}

#[test]
fn standard_input_is_a_file_as_well() {
    let deploy = ready(World::deploy_like());
    let say = |text: &[u8]| {
        deploy
            .runner()
            .stdin(text)
            .smp(&scripted(&deploy, &["-n", "-F", "-"]))
    };
    say(b"- One\n- Two\n").ok();
    say(b"").ok();
    say(b"\x1b[31m")
        .exits(2)
        .says("error: the text on standard input holds the control character \\x1b");
    say(b"\xff")
        .exits(2)
        .says("error: the text on standard input is not UTF-8 text");
    say(&[b'a'; 5000])
        .exits(2)
        .says("error: the text on standard input is longer than 4000 characters");
}

#[test]
fn a_list_an_empty_text_and_a_file_beside_are_fine() {
    let deploy = ready(World::deploy_like());
    std::fs::write(deploy.work.join("NEWS"), "- One\r\n- Two\r\n").unwrap();
    deploy
        .runner()
        .cwd("work")
        .smp(&scripted(&deploy, &["-n", "-F", "NEWS"]))
        .ok();
    for text in ["- One\n- Two", "", "# One", "-\tone"] {
        promote(&deploy, &["-n", "--summary", text]).ok();
    }
}
