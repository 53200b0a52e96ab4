//! Pages behind a login, a company's certificate authority, a proxy, or a gate that sets a cookie.

use crate::support::{Deploy, Page, Runner, Socks, TlsSite, World};

use super::{is_refused, staging_runs};

/// `ada:open-sesame`, as HTTP writes it.
const LOGIN: &str = "Basic YWRhOm9wZW4tc2VzYW1l";

/// Returns a site with staging's fifth commit, and a trusted world that reads it.
fn site(login: Option<&'static str>) -> (TlsSite, Deploy) {
    let deploy = World::deploy();
    let site = TlsSite::start(deploy.nth(5), login);
    let page = deploy.web.url("/staging");
    deploy.write_toml(&deploy.toml().replace(&page, &site.url("127.0.0.1")));
    deploy.smp(&["setup", "--yes"]);
    (site, deploy)
}

fn trusting(deploy: &Deploy) -> Runner<'_> {
    deploy
        .runner()
        .directly()
        .env("SSL_CERT_FILE", TlsSite::authority())
}

/// Returns staging's running commit according to `status`.
fn runs(runner: &Runner<'_>) -> serde_json::Value {
    runner.smp(&["status", "--json"]).ok().json()["environments"][0]["running"].clone()
}

/// Makes the page at `/staging` require a login.
fn asks_for_a_login(deploy: &Deploy) {
    let refused = Page::body("who is there?")
        .status(401)
        .header("WWW-Authenticate", "Basic realm=\"staging\"");
    deploy.web.set("/staging", refused);
}

/// Returns the logins of the requests for a path.
fn given(deploy: &Deploy, path: &str) -> Vec<Option<String>> {
    let login =
        |asked: &crate::support::Asked| asked.head.header("authorization").map(str::to_owned);
    deploy.web.asked_for(path).iter().map(login).collect()
}

fn helper(deploy: &Deploy, url: &str) {
    let helper = "!f() { test \"$1\" = get && cat >>asked && echo username=ada && echo password=open-sesame; }; f";
    deploy.configure(
        &format!("credential.{url}.helper"),
        &helper.replace("asked", deploy.path("asked").to_str().unwrap()),
    );
}

#[test]
fn a_certificate_of_the_companys_own_authority_is_named_and_can_be_trusted() {
    let (site, deploy) = site(None);
    let run = is_refused(&deploy, "its page cannot be reached");
    run.says("unknown certificate authority")
        .says("SSL_CERT_FILE")
        .never_shows("UnknownIssuer");
    deploy
        .smp(&["setup", "--check"])
        .exits(1)
        .prints_among("unknown certificate authority");
    assert_eq!(runs(&trusting(&deploy)), deploy.nth(5));
    // The message names a wrong variable as the cause, not a page.
    for nowhere in ["/no/such/file.pem", "", "/etc/hostname"] {
        let runner = deploy.runner().env("SSL_CERT_FILE", nowhere);
        runner
            .smp(&["diff"])
            .exits(1)
            .says("no certificates can be read here")
            .says("SSL_CERT_FILE is set")
            .never_shows("with valid HTTP");
    }
    // For a certificate of another name the message does not name its issuer.
    deploy.write_toml(
        &deploy
            .toml()
            .replace(&site.url("127.0.0.1"), &site.url("localhost")),
    );
    deploy.smp(&["setup", "--yes"]);
    let run = trusting(&deploy).smp(&["diff"]);
    run.exits(1)
        .says("its page cannot be reached")
        .never_shows("unknown certificate authority");
}

#[test]
fn a_page_behind_basic_auth_is_read_with_the_login_of_gits_helpers() {
    let (site, deploy) = site(Some(LOGIN));
    let run = trusting(&deploy).smp(&["diff"]);
    run.exits(1)
        .says("its page answers 401")
        .says("asks for a name and a password")
        .says("hint: ")
        .says("| git credential fill | git credential approve\n")
        .says("git config --global credential.helper cache\n");
    run.says(".netrc may have them, in a line that begins with: machine 127.0.0.1 login");
    helper(&deploy, "https://127.0.0.1");
    // Helpers get the host with its port.
    deploy.configure(
        &format!(
            "credential.{}.helper",
            site.url("127.0.0.1").trim_end_matches("/version")
        ),
        "",
    );
    let port = site.url("127.0.0.1");
    helper(&deploy, port.trim_end_matches("/version"));
    let run = trusting(&deploy).smp(&["status", "--json", "-v"]);
    assert_eq!(run.ok().json()["environments"][0]["running"], deploy.nth(5));
    run.never_shows("open-sesame").never_shows("YWRh");
    let asked = std::fs::read_to_string(deploy.path("asked")).unwrap();
    assert!(
        asked.contains("protocol=https\n") && !asked.contains("path="),
        "{asked}"
    );
    deploy.configure("credential.useHttpPath", "true");
    runs(&trusting(&deploy));
    assert!(
        std::fs::read_to_string(deploy.path("asked"))
            .unwrap()
            .contains("path=version\n")
    );
}

#[test]
fn a_login_in_netrc_serves_as_well_and_one_that_is_not_taken_is_not_shown() {
    let (site, deploy) = site(Some(LOGIN));
    let netrc = deploy.path("home/.netrc");
    std::fs::write(&netrc, "machine 127.0.0.1 login ada password open-sesame\n").unwrap();
    assert_eq!(runs(&trusting(&deploy)), deploy.nth(5));
    std::fs::write(&netrc, "machine 127.0.0.1 login ada password hunter2\n").unwrap();
    let before = site.asked().len();
    let run = trusting(&deploy).smp(&["diff"]);
    run.exits(1)
        .says("its page answers 401")
        .says("did not accept the login")
        .never_shows("hunter2");
    assert_eq!(
        site.asked().len() - before,
        2,
        "it was tried more than once"
    );
}

#[test]
fn a_login_never_leaves_the_pages_own_host() {
    let deploy = World::deploy_like().ready();
    std::fs::write(
        deploy.path("home/.netrc"),
        "machine 127.0.0.1 login ada password open-sesame\n",
    )
    .unwrap();
    let other = World::deploy();
    asks_for_a_login(&other);
    deploy
        .web
        .set("/staging", Page::redirect(&other.web.url("/staging")));
    is_refused(&deploy, "its page redirects to another host");
    assert_eq!(given(&other, "/staging"), Vec::<Option<String>>::new());
    // A page that does not ask for a login does not get it.
    deploy.web.set("/staging", Page::commit(deploy.nth(5)));
    assert_eq!(staging_runs(&deploy), Ok(deploy.nth(5).into()));
    deploy.web.set(
        "/staging",
        Page::body("no")
            .status(401)
            .header("WWW-Authenticate", "Negotiate"),
    );
    is_refused(&deploy, "its page answers 401");
    deploy.web.set("/staging", Page::body("no").status(403));
    is_refused(&deploy, "its page answers 403");
    assert!(given(&deploy, "/staging").iter().all(Option::is_none));
    asks_for_a_login(&deploy);
    is_refused(&deploy, "its page answers 401");
    assert_eq!(
        given(&deploy, "/staging").last(),
        Some(&Some(LOGIN.to_owned()))
    );
}

#[test]
fn the_cookie_of_a_redirect_comes_back_to_the_same_host_in_the_same_reading() {
    let deploy = World::deploy_like().ready();
    let gate = Page::redirect("/inside")
        .one_more("Set-Cookie", "gate=0; Path=/")
        .one_more("Set-Cookie", "gate=open; HttpOnly");
    deploy.web.set(
        "/staging",
        gate.one_more("Set-Cookie", "seen=1")
            .one_more("Set-Cookie", "bro ken=1"),
    );
    deploy.web.set("/inside", Page::commit(deploy.nth(5)));
    for _ in 0..2 {
        assert_eq!(staging_runs(&deploy), Ok(deploy.nth(5).into()));
    }
    let cookies = |path: &str| -> Vec<Option<String>> {
        deploy
            .web
            .asked_for(path)
            .iter()
            .map(|asked| asked.head.header("cookie").map(str::to_owned))
            .collect()
    };
    assert_eq!(
        cookies("/inside"),
        [
            Some("gate=open; seen=1".to_owned()),
            Some("gate=open; seen=1".to_owned())
        ]
    );
    assert!(
        cookies("/staging")
            .iter()
            .chain(&cookies("/production"))
            .all(Option::is_none)
    );
}

#[test]
fn a_socks_proxy_is_used_and_that_of_git_is_named_as_not_used() {
    let (_site, deploy) = site(None);
    let socks = Socks::start();
    assert_eq!(
        runs(&trusting(&deploy).env("ALL_PROXY", socks.url())),
        deploy.nth(5)
    );
    assert_eq!(socks.passed(), 1);
    // Hosts in NO_PROXY are reached without it.
    assert_eq!(
        runs(
            &trusting(&deploy)
                .env("ALL_PROXY", socks.url())
                .env("NO_PROXY", "127.0.0.1")
        ),
        deploy.nth(5)
    );
    assert_eq!(socks.passed(), 1);
    let word = "git's http.proxy applies only to git";
    is_refused(&deploy, "its page cannot be reached").never_shows(word);
    for key in ["http.proxy", "http.https://127.0.0.1.proxy"] {
        let git = format!("{key}=http://ada:hunter2@127.0.0.1:9");
        let run = deploy.runner().git_options(&["-c", &git]).smp(&["diff"]);
        run.exits(1)
            .says(word)
            .says("HTTPS_PROXY or ALL_PROXY")
            .never_shows("hunter2");
    }
}
