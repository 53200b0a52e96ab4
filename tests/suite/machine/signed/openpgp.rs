//! The same with a key of openpgp: whose it is says the signers file, by its fingerprint.

use super::{by, merged, promote, proposed};
use crate::support::{Deploy, Runner};

/// A key in a ring of this world alone, and its fingerprint.
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
    // Whoever has not this key in their ring cannot tell, and does not guess.
    let status = deploy.smp(&["status"]).ok().out();
    assert!(
        status.contains("cannot be checked on this machine"),
        "{status}"
    );
    let ada = by(&deploy, "ada");
    let json = ada.smp(&["promote", "-n", "--json"]).exits(1).json();
    assert_eq!(json["refusal"]["code"], "not-signed-off");
    let ada = ada.env("GNUPGHOME", deploy.path("ring"));
    ada.smp(&["status"]).ok().prints_among("signed off by cem");
    promote(&deploy, &ada).ok();
    ada.smp(&["history", "--verify"])
        .ok()
        .prints_among("cem@example.com");
    let end = [
        "--homedir",
        deploy.path("ring").to_str().unwrap(),
        "--kill",
        "all",
    ]
    .map(str::to_owned);
    let end: Vec<&str> = end.iter().map(String::as_str).collect();
    deploy.runner().program("gpgconf", &end).ok();
}
