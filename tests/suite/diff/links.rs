//! The link to the comparison, with twelve digits, on the main repository's pages.

use crate::support::{Deploy, World};

/// Sets the main repository in `smp.toml`.
fn with_repository(deploy: &Deploy, lines: &str) {
    let own = format!("url = \"{}\"\nbranch = \"master\"", deploy.urls()[0]);
    assert!(deploy.toml().contains(&own));
    deploy.write_toml(
        &deploy
            .toml()
            .replacen(&own, &format!("{lines}\nbranch = \"master\""), 1),
    );
}

#[test]
fn the_link_leads_to_the_pages_of_the_main_repository_whatever_form_its_address_has() {
    let deploy = World::deploy();
    let (from, to) = (deploy.nth(2), deploy.nth(5));
    let toml = deploy.toml();
    let three_dots = |base: &str| format!("{base}/compare/{}...{}", &from[..12], &to[..12]);
    let gitlab = |base: &str| format!("{base}/-/compare/{}...{}", &from[..12], &to[..12]);
    let bitbucket = |base: &str| format!("{base}/branches/compare/{}..{}", &to[..12], &from[..12]);
    for (url, link) in [
        (
            "https://github.com/VisualMeaning/sm_platform.git",
            three_dots("https://github.com/VisualMeaning/sm_platform"),
        ),
        (
            "https://github.com/VisualMeaning/sm_platform",
            three_dots("https://github.com/VisualMeaning/sm_platform"),
        ),
        (
            "git@github.com:o/r.git",
            three_dots("https://github.com/o/r"),
        ),
        ("git@github.com:o/r", three_dots("https://github.com/o/r")),
        (
            "ssh://git@github.com/o/r.git",
            three_dots("https://github.com/o/r"),
        ),
        (
            "ssh://git@ssh.github.com:443/o/r.git",
            three_dots("https://github.com/o/r"),
        ),
        (
            "https://git.example.com:8443/o/r.git",
            three_dots("https://git.example.com:8443/o/r"),
        ),
        (
            "ssh://git@gitea.example.com:2222/o/r.git",
            three_dots("https://gitea.example.com/o/r"),
        ),
        (
            "git@gitlab.com:group/sub/r.git",
            gitlab("https://gitlab.com/group/sub/r"),
        ),
        (
            "https://gitlab.example.com/g/r",
            gitlab("https://gitlab.example.com/g/r"),
        ),
        (
            "https://bitbucket.org/o/r.git",
            bitbucket("https://bitbucket.org/o/r"),
        ),
        (
            "ssh://git@bitbucket.org:22/o/r",
            bitbucket("https://bitbucket.org/o/r"),
        ),
    ] {
        deploy.write_toml(&toml);
        with_repository(&deploy, &format!("url = \"{url}\""));
        let run = deploy.smp(&["diff", "--from", from, "--to", to]);
        run.ok().says(&format!("\n{link}\n"));
    }
}

#[test]
fn the_address_of_the_pages_can_be_given_and_a_local_path_has_none() {
    let deploy = World::deploy();
    let args = [
        "diff",
        "--from",
        deploy.nth(2),
        "--to",
        deploy.nth(5),
        "--json",
    ];
    assert_eq!(
        deploy.smp(&args).ok().json()["compare_url"],
        serde_json::Value::Null
    );
    let own = format!("url = \"{}\"", deploy.urls()[0]);
    with_repository(
        &deploy,
        &format!("{own}\nweb = \"https://code.example.com/o/r/\""),
    );
    let expected = format!(
        "https://code.example.com/o/r/compare/{}...{}",
        &deploy.nth(2)[..12],
        &deploy.nth(5)[..12]
    );
    assert_eq!(deploy.smp(&args).ok().json()["compare_url"], expected);
}

#[test]
fn the_link_of_a_step_back_is_swapped_and_none_is_given_for_the_same_commit() {
    let deploy = World::deploy();
    with_repository(&deploy, "url = \"git@github.com:o/r.git\"");
    let swapped = format!(
        "https://github.com/o/r/compare/{}...{}",
        &deploy.nth(2)[..12],
        &deploy.nth(5)[..12]
    );
    let run = deploy.smp(&["diff", "--from", deploy.nth(5), "--to", deploy.nth(2)]);
    run.ok()
        .prints("")
        .says(&format!("{swapped}  (what would be taken back)\n"));
    let json = deploy
        .smp(&[
            "diff",
            "--from",
            deploy.nth(5),
            "--to",
            deploy.nth(2),
            "--json",
        ])
        .ok()
        .json();
    assert_eq!(
        (&json["relation"], &json["compare_url"]),
        (&"behind".into(), &swapped.into())
    );
    assert_eq!(json["ships"], serde_json::json!([]));
    assert_eq!(json["disappears"].as_array().unwrap().len(), 3);
    deploy
        .smp(&["diff", "--from", deploy.nth(5), "--to", deploy.nth(5)])
        .ok()
        .never_shows("github.com");
}
