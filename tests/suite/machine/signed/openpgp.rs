//! OpenPGP keys: the signers file gives the owner of a fingerprint.

use super::{by, merged, promote, proposed};
use crate::support::{Deploy, Runner};

/// Creates a key for cem in a keyring of this world, and returns its fingerprint.
fn made(deploy: &Deploy) -> String {
    let ring = deploy.path("ring");
    std::fs::create_dir(&ring).unwrap();
    let rights = std::os::unix::fs::PermissionsExt::from_mode(0o700);
    std::fs::set_permissions(&ring, rights).unwrap();
    let gpg = deploy.runner().env("GNUPGHOME", &ring);
    let who = "cem <cem@example.com>";
    let make = [
        "--batch",
        "--quiet",
        "--passphrase",
        "",
        "--quick-gen-key",
        who,
        "ed25519",
        "sign",
        "never",
    ];
    gpg.program("gpg", &make).ok();
    let list = gpg
        .program("gpg", &["--batch", "--with-colons", "--list-keys"])
        .ok()
        .out();
    let line = list.lines().find(|line| line.starts_with("fpr:")).unwrap();
    line.trim_matches(':')
        .rsplit(':')
        .next()
        .unwrap()
        .to_owned()
}

fn cem<'w>(deploy: &'w Deploy, key: &str) -> Runner<'w> {
    let key = format!("user.signingKey={key}");
    let options = [
        "user.name=cem",
        "user.email=cem@example.com",
        "gpg.format=openpgp",
        &key,
    ];
    let options: Vec<&str> = options.into_iter().flat_map(|one| ["-c", one]).collect();
    let ring = deploy.path("ring");
    deploy.runner().git_options(&options).env("GNUPGHOME", ring)
}

#[test]
fn a_key_of_openpgp_counts_where_the_signers_file_has_its_fingerprint() {
    let deploy = proposed();
    let key = made(&deploy);
    let line = format!("cem@example.com openpgp {key}");
    let old = deploy.git(&deploy.main, &["show", "master:.smp/signers"]);
    let signers = |line: &str| {
        merged(
            &deploy,
            "Let cem count",
            &[(".smp/signers", &format!("{old}\n{line}\n"))],
        );
    };
    cem(&deploy, &key)
        .smp(&["signoff"])
        .exits(1)
        .says(&format!("the line for it is: {line}\n"));
    signers(&format!(
        "cem@example.com valid-before=\"20200101Z\" openpgp {key}"
    ));
    cem(&deploy, &key)
        .smp(&["signoff"])
        .exits(1)
        .says("does not let your key sign this now");
    signers(&line);
    cem(&deploy, &key)
        .smp(&["setup", "--check"])
        .ok()
        .prints_among("signs as cem@example.com");
    cem(&deploy, &key).smp(&["signoff"]).ok();
    // Without this key in the keyring the signature cannot be checked.
    let status = deploy.smp(&["status"]).ok().out();
    assert!(
        status.contains("cannot be checked on this machine"),
        "{status}"
    );
    let ada = by(&deploy, "ada");
    let json = ada.smp(&["promote", "-n", "--json"]).exits(1).json();
    // It may be a block, so a promotion is refused even after another sign-off.
    by(&deploy, "rosi").smp(&["signoff"]).ok();
    assert_eq!(json["refusal"]["code"], "not-verified");
    promote(&deploy, &ada)
        .exits(1)
        .says(&format!(": gpg --recv-keys {key}\n"));
    let ada = ada.env("GNUPGHOME", deploy.path("ring"));
    ada.smp(&["status"]).ok().prints_among("signed off by cem");
    promote(&deploy, &ada).ok();
    ada.smp(&["history", "--verify"])
        .ok()
        .prints_among("cem@example.com");
    ended(&deploy);
}

#[test]
fn no_gpg_conf_of_ones_own_lets_a_key_count() {
    let deploy = proposed();
    // Ada's own key, with another name and a picture.
    let own = made(&deploy);
    let gpg = |input: &str, args: &[&str]| {
        let gpg = deploy.runner().env("GNUPGHOME", deploy.path("ring"));
        gpg.stdin(input).program("gpg", args).ok();
    };
    let photo = deploy.path("photo.jpg");
    let head = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00\xff\xd9";
    std::fs::write(&photo, head).unwrap();
    let edit = ["--no-tty", "--command-fd", "0", "--edit-key", &own];
    gpg(&format!("addphoto\n{}\ny\nsave\n", photo.display()), &edit);
    let counts = "0123456789ABCDEF0123456789ABCDEF01234567";
    let old = deploy.git(&deploy.main, &["show", "master:.smp/signers"]);
    let line = format!("{old}\ncem@example.com openpgp {counts}\n");
    merged(&deploy, "Let cem count", &[(".smp/signers", &line)]);
    let viewer = deploy.path("bin/view");
    let script = format!(
        "printf '\\n[GNUPG:] VALIDSIG {counts} 2026-01-01 1796000000 0 4 0 22 8 00 {counts}\\njunk'"
    );
    deploy.executable(&viewer, &script);
    let options = format!(
        "verify-options show-photos\nphoto-viewer \"{} %i\"\n",
        viewer.display()
    );
    std::fs::write(deploy.path("ring/gpg.conf"), options).unwrap();
    let tip = super::tip(&deploy);
    let tree = format!("{tip}^{{tree}}");
    let said = super::tricks::yes(&deploy).replace("rosi", "cem");
    let key = format!("user.signingKey={own}");
    let name = ["-c", "user.name=cem", "-c", "user.email=cem@example.com"];
    let signs = ["-c", "gpg.format=openpgp", "-c", &key];
    let write = ["commit-tree", "-S", &tree, "-p", &tip, "-m", &said];
    let args = [&name[..], &signs, &write].concat();
    let git = deploy.runner().cwd(&deploy.main);
    let git = git.env("GNUPGHOME", deploy.path("ring"));
    let event = git.program("git", &args).ok().out();
    let args = ["update-ref", "refs/smp/record", event.trim()];
    deploy.git(&deploy.main, &args);
    let ada = by(&deploy, "ada").env("GNUPGHOME", deploy.path("ring"));
    promote(&deploy, &ada).exits(1);
    assert_eq!(deploy.master(&deploy.production), deploy.nth(2));
    ended(&deploy);
}

/// Ends the keyring's agents.
fn ended(deploy: &Deploy) {
    let ring = deploy.path("ring");
    let end = ["--homedir", ring.to_str().unwrap(), "--kill", "all"];
    deploy.runner().program("gpgconf", &end).ok();
}
