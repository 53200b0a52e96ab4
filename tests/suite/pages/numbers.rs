//! A page that writes the hash without quotes. GitTools/GitVersion#2304

use super::*;

/// Returns a trusted world whose staging shows its commit as JSON, with seven first digits and no letters.
#[track_caller]
fn of_digits() -> (Deploy, String) {
    let deploy = World::deploy();
    deploy.write_toml(&deploy.toml().replacen(
        &format!("pattern = {USUAL}"),
        "json = \"/commit\"",
        1,
    ));
    let tree = deploy.git(
        &deploy.team,
        &["rev-parse", &format!("{}^{{tree}}", deploy.nth(6))],
    );
    let made = |nth: usize| {
        let words = format!("Try {nth}");
        deploy.git(
            &deploy.team,
            &["commit-tree", "-p", deploy.nth(6), "-m", &words, &tree],
        )
    };
    let is_number = |hash: &String| {
        hash.as_bytes()[..7].iter().all(u8::is_ascii_digit) && !hash.starts_with('0')
    };
    let hash = (0..2000)
        .map(made)
        .find(is_number)
        .expect("one of two thousand");
    deploy.colleague_pushes(&deploy.main, &hash);
    deploy.colleague_pushes(&deploy.staging, &hash);
    deploy.web.set(
        "/staging",
        Page::body(format!("{{\"commit\":{}}}", &hash[..7])),
    );
    deploy.trust();
    (deploy, hash)
}

#[test]
fn a_short_hash_that_became_a_number_is_read_and_resolved() {
    let (deploy, hash) = of_digits();
    assert_eq!(staging_runs(&deploy), Ok(hash.clone()));
    // The existence of the commit is checked as usual.
    deploy
        .web
        .set("/staging", Page::body("{\"commit\":1000001}"));
    assert!(staging_runs(&deploy).is_err());
    for number in ["123456", "1234e56", "1234e567890", "1828722.5", "-1828722"] {
        deploy
            .web
            .set("/staging", Page::body(format!("{{\"commit\":{number}}}")));
        let run = is_refused(&deploy, "its page contains something that is not a hash");
        run.says("the page writes the hash without quotes; put it in quotes")
            .never_shows(number);
    }
}
