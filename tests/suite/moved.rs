//! A repository that was renamed or moved to another host: the program shows the new address, and sends nothing there
//! before the user sets it.

use crate::promote::{promote, ready, refusal};
use crate::sample::sample;
use crate::support::{Deploy, Fault, GitHttp, Rule, World};

/// The first request of git.
const ASKS: &str = "/info/refs?service=git-upload-pack";

/// Returns a world over HTTP, and another host.
fn two_hosts() -> (Deploy, GitHttp) {
    let deploy = ready(World::deploy_like().over_open_http().main_over_http());
    let elsewhere = GitHttp::open_to_all(&deploy);
    (deploy, elsewhere)
}

/// Lets a repository's host redirect every request to this address from now on.
fn moves(deploy: &Deploy, name: &str, status: u16, to: &str) {
    deploy.http().fault(
        Rule::any(
            &format!("/{name}/"),
            Fault::Moved(status, format!("{to}{ASKS}")),
        )
        .times(1000),
    );
}

#[test]
fn a_main_repository_that_was_renamed_is_told_with_its_new_address_and_the_hint_mends_it() {
    for status in sample(2, [301, 302, 307, 308]) {
        let (deploy, elsewhere) = two_hosts();
        let new = deploy.path("renamed.git");
        std::fs::rename(&deploy.main, &new).unwrap();
        let address = elsewhere.url(&new);
        moves(&deploy, "main.git", status, &address);

        let run = deploy.smp(&["stage", "--yes"]);
        run.exits(1).says(&format!(
            "error: the remote upstream has moved to {address}"
        ));
        run.says(&format!("its host answers {status}"))
            .says("its address is in repository.url in smp.toml");
        let command = format!("git remote set-url upstream {address}\nhint: then: git smp setup");
        run.says(&format!("then: {command}\n"))
            .never_shows("does not answer");
        deploy
            .smp(&["status"])
            .ok()
            .prints_among(&format!("has moved to {address}"));
        deploy
            .smp(&["setup", "--check"])
            .exits(1)
            .prints_among(&format!("has moved to {address}"));
        assert!(elsewhere.seen().is_empty(), "{:#?}", elsewhere.seen());

        let toml = deploy.toml().replace(deploy.urls()[0], &address);
        deploy.write_toml(&toml);
        deploy.git(&deploy.work, &["remote", "set-url", "upstream", &address]);
        deploy.trust();
        deploy
            .smp(&["stage", "--yes"])
            .ok()
            .says("done: staging runs");
    }
}

#[test]
fn an_environment_that_was_renamed_is_told_with_the_key_of_its_address() {
    let (deploy, elsewhere) = two_hosts();
    let before = deploy.snapshot();
    let address = elsewhere.url(&deploy.path("renamed.git"));
    moves(&deploy, "production.git", 301, &address);
    let run = promote(&deploy, &[]);
    run.exits(1).says(&format!(
        "error: the remote production has moved to {address}"
    ));
    run.says("its address is in environments.production.url in smp.toml");
    run.says(&format!(
        "then: git remote set-url production {address}\nhint: then: git smp setup\n"
    ));
    assert_eq!(refusal(&deploy), "unreachable");
    assert!(elsewhere.seen().is_empty());
    assert_eq!(deploy.snapshot(), before);
}

#[test]
fn a_new_address_that_the_host_gives_from_its_root_is_made_whole() {
    let (deploy, _) = two_hosts();
    moves(&deploy, "main.git", 301, "/team/renamed.git");
    let host = deploy.urls()[0].replace("/main.git", "");
    deploy
        .smp(&["stage", "--yes"])
        .exits(1)
        .says(&format!("has moved to {host}/team/renamed.git"));
}

#[test]
fn what_a_host_gives_for_an_address_never_becomes_a_command_or_shows_a_password() {
    for (to, shown) in [
        (
            "https://ada:open-sesame@git.example.com/x.git",
            "has moved to https://git.example.com/x.git",
        ),
        (
            "https://git.example.com/$(touch${IFS}pwned).git",
            "has moved to https://git.example.com/$(touch",
        ),
        (
            "http://git.example.com/x.git",
            "has moved to http://git.example.com/x.git",
        ),
        (
            "https://git.example.com/x;id",
            "has moved to https://git.example.com/x;id",
        ),
    ] {
        let (deploy, _) = two_hosts();
        moves(&deploy, "main.git", 301, to);
        let run = deploy.smp(&["stage", "--yes"]);
        run.exits(1).says(shown).never_shows("open-sesame");
        let is_safe = to.starts_with("https://ada:");
        assert_eq!(run.stderr.contains("git remote set-url"), is_safe, "{run}");
        if !is_safe {
            run.says("hint: if that is right, change its url in smp.toml and in this clone, then: git smp setup\n");
        }
    }
}

#[test]
fn a_page_to_log_in_is_not_taken_for_a_new_address() {
    let back = format!("next=http://127.0.0.1/main.git{ASKS}");
    for query in ["token=open-sesame", &format!("open-sesame&{back}"), &back] {
        let (deploy, elsewhere) = two_hosts();
        let login = format!("https://login.example.com/start?{query}");
        deploy
            .http()
            .fault(Rule::any("/main.git/", Fault::Moved(302, login)).times(1000));
        let run = deploy.smp(&["stage", "--yes"]);
        run.exits(1)
            .says("error: the remote upstream redirects to https://login.example.com/start, which is not a repository");
        run.never_shows("open-sesame").never_shows("set-url");
        // The command in the hint does not follow the redirect either.
        run.says("then: git -c http.followRedirects=false ls-remote upstream\n");
        assert!(elsewhere.seen().is_empty());
    }
}

#[test]
fn an_address_that_is_redirected_to_itself_is_not_to_be_set_again() {
    let (deploy, _) = two_hosts();
    moves(&deploy, "main.git", 301, deploy.urls()[0]);
    deploy
        .smp(&["stage", "--yes"])
        .exits(1)
        .says("error: the remote upstream redirects to its own address")
        .says("hint: ask the host's administrators")
        .never_shows("set-url");
}

// SEC-06: plain git would send an extra header along a redirect of a fetch.
#[test]
fn a_fetch_takes_no_header_and_no_password_to_where_it_is_sent() {
    let (deploy, elsewhere) = two_hosts();
    deploy.configure("http.extraHeader", "X-Token: open-sesame");
    let seventh = deploy.colleague_commits("Add a seventh thing");
    deploy.colleague_pushes(&deploy.staging, &seventh);
    let to = elsewhere.url(&deploy.main);
    // The pages tell the running commits, so only the fetch asks the main repository.
    moves(&deploy, "main.git", 301, &to);
    moves(&deploy, "staging.git", 307, &elsewhere.url(&deploy.staging));
    let run = deploy.smp(&["diff"]);
    run.exits(1)
        .says("a commit that cannot be found")
        .says(&format!("the remote upstream has moved to {to}"));
    run.never_shows("open-sesame");
    assert!(
        deploy
            .http()
            .seen()
            .iter()
            .any(|seen| seen.has("x-token", "open-sesame")),
        "it was configured"
    );
    assert!(elsewhere.seen().is_empty(), "{:#?}", elsewhere.seen());
}
