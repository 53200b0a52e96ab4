//! A login from a credential helper: the helper runs a few times in a whole promotion, and the program sends its
//! password unasked only if the host asked for a password before.

use std::path::PathBuf;

use crate::person::{deploys, promotes};
use crate::promote::{deployed_once, promote};
use crate::record::recorded_like;
use crate::support::{Deploy, DeployBuilder, Fault, GitHttp, Rule, Run, Seen, Topology, World};

const SECRET: &str = "open-sesame";
const NEW: &str = "rosebud";

/// A world on one host, with a helper that logs its calls and reads the password from a file.
struct Kept {
    deploy: Deploy,
    ran: PathBuf,
    /// The helper's password for the call after the next one.
    next: PathBuf,
}

impl Kept {
    fn new(like: fn(DeployBuilder) -> Deploy) -> Self {
        let deploy = like(World::deploy_like().over_http().main_over_http());
        let [ran, password, next] = ["ran", "password", "next"].map(|name| deploy.path(name));
        std::fs::write(&password, SECRET).unwrap();
        let helper = format!(
            "!f() {{ echo $1 >>'{}'; test $1 = get || exit 0; \
             echo username=ada; echo password=$(cat '{password}'); \
             test ! -e '{next}' || mv '{next}' '{password}'; }}; f",
            ran.display(),
            password = password.display(),
            next = next.display()
        );
        deploy.configure("credential.helper", &helper);
        Self { deploy, ran, next }
    }

    /// Returns the number of the helper's runs with this argument.
    fn runs(&self, what: &str) -> usize {
        let ran = std::fs::read_to_string(&self.ran).unwrap_or_default();
        ran.lines().filter(|line| *line == what).count()
    }

    /// Returns the number of answers with status 401.
    fn strangers(&self) -> usize {
        let seen = self.deploy.http().seen();
        seen.iter().filter(|seen| seen.status == 401).count()
    }
}

/// Returns a world with a signed-off candidate, ready for a promotion.
fn signed_off(builder: DeployBuilder) -> Deploy {
    let deploy = recorded_like(builder);
    deploy.smp(&["propose", "--yes", "--quiet"]).ok();
    deploy.smp(&["signoff"]).ok();
    deploy
}

fn authorization(seen: &Seen) -> Option<&str> {
    let mut headers = seen.headers.iter();
    let found = headers.find(|(name, _)| name.eq_ignore_ascii_case("authorization"));
    found.map(|(_, value)| value.as_str())
}

#[test]
fn a_helper_is_asked_a_few_times_for_a_whole_promotion() {
    let kept = Kept::new(signed_off);
    let (deploy, before) = (&kept.deploy, kept.strangers());
    // As `gh auth setup-git` does: an empty value removes the helpers of all hosts.
    let host = format!(
        "credential.http://127.0.0.1:{}.helper",
        deploy.http().port()
    );
    let helper = deploy.git("", &["config", "--get", "credential.helper"]);
    deploy.git("", &["config", "--global", &host, ""]);
    deploy.git("", &["config", "--global", "--add", &host, helper.trim()]);
    let run = promote(deploy, &[]);
    run.ok().never_shows(SECRET).never_shows("smp-offered");
    assert_eq!(deploy.master(&deploy.production), deploy.nth(5));
    // One for each address, in parallel, and one for the rest of the run.
    let runs = ["get", "store", "erase"].map(|what| kept.runs(what));
    assert_eq!(runs, [4, 3, 0]);
    assert_eq!(kept.strangers() - before, 3);
}

/// Promotes while the host's password changes during the question; the helper's next call but one returns the new one.
#[track_caller]
fn promotes_with_a_new_password(kept: &Kept) -> Run {
    let mut terminal = promotes(&kept.deploy);
    terminal.sees("Type production to deploy: ");
    kept.deploy.http().changes_password(NEW);
    std::fs::write(&kept.next, NEW).unwrap();
    std::fs::write(&kept.ran, "").unwrap();
    let before = kept.strangers();
    terminal.enters("production").sees("done: production runs");
    let run = terminal.ends();
    run.ok().never_shows(SECRET).never_shows(NEW);
    // The old password was sent once, and the helper was not told to erase it.
    let wrong = "Basic YWRhOm9wZW4tc2VzYW1l";
    let seen = kept.deploy.http().seen();
    let mut refused = seen.iter().filter(|seen| seen.status == 401).skip(before);
    assert!(refused.any(|seen| authorization(seen) == Some(wrong)));
    assert_eq!(kept.runs("erase"), 0, "{run}");
    run
}

#[test]
fn a_host_that_has_another_password_before_the_push_is_given_that() {
    let kept = Kept::new(DeployBuilder::ready);
    let before = kept.deploy.snapshot();
    promotes_with_a_new_password(&kept);
    let deploy = &kept.deploy;
    assert_eq!(deploy.http().pushes(&deploy.production), 1);
    assert_eq!(deploy.snapshot(), deployed_once(deploy, &before));
}

#[test]
fn a_host_that_has_another_password_before_an_event_is_given_that() {
    let kept = Kept::new(signed_off);
    promotes_with_a_new_password(&kept);
    let chain = kept.deploy.chain();
    chain.only("promoting");
    chain.only("promoted");
}

// As with plain git, only git itself erases a wrong login.
#[test]
fn a_helper_whose_password_is_wrong_is_asked_again_and_then_told_so() {
    let kept = Kept::new(DeployBuilder::ready);
    let before = kept.deploy.snapshot();
    let mut terminal = promotes(&kept.deploy);
    terminal.sees("Type production to deploy: ");
    kept.deploy.http().changes_password(NEW);
    terminal.enters("production").sees("Authentication failed");
    let run = terminal.ends();
    run.exits(1).never_shows(SECRET);
    assert!(kept.runs("erase") >= 1, "{run}");
    assert_eq!(kept.deploy.snapshot(), before);
}

#[test]
fn where_a_host_offers_more_than_basic_it_is_asked_without_a_login_each_time() {
    let kept = Kept::new(signed_off);
    let deploy = &kept.deploy;
    deploy
        .http()
        .offers(&["Negotiate", "Basic realm=\"deploys\""]);
    let before = deploy.http().seen().len();
    std::fs::write(&kept.ran, "").unwrap();
    promote(deploy, &[]).ok();
    let seen = deploy.http().seen();
    let looks = seen.iter().skip(before).filter(|seen| seen.method == "GET");
    let looks: Vec<&Seen> = looks.collect();
    let count = |which: fn(&Seen) -> bool| looks.iter().filter(|seen| which(seen)).count();
    let [unasked, let_in] = [
        count(|seen| authorization(seen).is_none()),
        count(|seen| seen.status == 200),
    ];
    assert_eq!(unasked, let_in, "{looks:#?}");
    assert_eq!((kept.runs("get"), kept.runs("erase")), (let_in, 0));
}

// The helper's password may be that of a whole company; an NTLM host never sends it, so this host must not see it.
#[test]
fn a_host_that_wants_ntlm_is_sent_no_password() {
    let kept = Kept::new(signed_off);
    let deploy = &kept.deploy;
    deploy.http().offers(&["NTLM", "Basic realm=\"deploys\""]);
    let before = deploy.http().seen().len();
    promote(deploy, &[]).exits(1).says("Authentication failed");
    let seen = deploy.http().seen();
    let mut sent = seen.iter().skip(before).filter_map(authorization);
    assert!(sent.all(|value| value.starts_with("NTLM ")), "{seen:#?}");
}

// The configuration of such a push does not replace the login.
#[test]
fn an_environment_that_is_a_branch_is_pushed_to_with_the_login_that_is_known() {
    let kept = Kept::new(|world| world.on(Topology::Branches).ready());
    let before = kept.deploy.http().seen().len();
    promote(&kept.deploy, &[]).ok().never_shows(SECRET);
    let runs = ["get", "store", "erase"].map(|what| kept.runs(what));
    // All requests go to one address, several of them in parallel.
    assert!(runs[0] <= 4 && runs[2] == 0, "{runs:?}");
    let pushes = kept.deploy.http().seen();
    let mut pushes = pushes
        .iter()
        .skip(before)
        .filter(|seen| seen.query.ends_with("receive-pack"));
    assert!(pushes.all(|seen| seen.status == 200));
}

#[test]
fn a_host_that_is_redirected_to_is_sent_nothing() {
    let kept = Kept::new(DeployBuilder::ready);
    let deploy = &kept.deploy;
    let other = GitHttp::open_to_all(deploy);
    let to = format!(
        "{}/info/refs?service=git-receive-pack",
        other.url(&deploy.production)
    );
    let push = "production.git/info/refs?service=git-receive-pack";
    let rule = Rule::get(push, Fault::Moved(302, to)).times(9);
    deploy.http().fault(rule);
    let before = deploy.snapshot();
    let run = promote(deploy, &[]);
    run.exits(1).never_shows(SECRET);
    assert_eq!(other.seen().len(), 0);
    assert_eq!(deploy.snapshot(), before);
}

#[test]
fn what_everybody_may_read_is_read_without_a_login() {
    let kept = Kept::new(DeployBuilder::ready);
    kept.deploy.http().lets_everybody_read();
    let before = kept.deploy.http().seen().len();
    let run = deploys(promotes(&kept.deploy));
    run.never_shows(SECRET);
    let seen = kept.deploy.http().seen();
    let mut fetches = seen[before..]
        .iter()
        .filter(|seen| format!("{}?{}", seen.path, seen.query).contains("git-upload-pack"));
    assert!(fetches.all(|seen| authorization(seen).is_none()));
}
