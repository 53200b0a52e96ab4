//! What hosts print about a push that they took, and what it means. Only data: a new host is a new row.

/// The meaning of a host's words about a push that git calls a success.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// Nothing is deployed: another branch deploys, or the deploy was skipped.
    NotDeployed,
    Failed,
    /// The deploy has not run yet, and the push does not tell its end.
    Queued,
    /// A release command has to succeed first. A later line may tell its end.
    Declared,
    Released,
    /// A hook on the host did not run, or did not finish; git's own words.
    Hook,
    /// A git command in the host's hook failed.
    Stumbled,
    /// A shell or a tool in the hook failed. A build may print such words and go on.
    Muttered,
    /// The deploy ended well, whatever was printed before.
    Deployed,
    /// git's own maintenance of the repository prints from here on. It is no part of a deploy.
    Tidying,
    /// A line of such maintenance, or about a ref that git did not move, which git reports itself.
    Aside,
    /// The host builds or deploys something else, and accepts nothing meanwhile.
    Busy,
}

/// The host; the words; their meaning; where they were seen, and since when.
///
/// The words are the whole line, and `*` stands for anything. A mark before them, such as `----->`, must be in the
/// line, too: it tells a host's words from those of a program. Otherwise all marks are ignored. The words of a git, a
/// shell or a tool in a hook must begin their line, without an indent, and match exactly.
pub type HostRow = (&'static str, &'static str, Meaning, &'static str);

use Meaning::*;

#[rustfmt::skip]
pub const TABLE: &[HostRow] = &[
    ("Heroku", "Pushed to non-* branch, skipping build.", NotDeployed,
        "Dev Center, Deploying with Git; seen since 2015"),
    ("Heroku", "Your account has reached its concurrent builds limit", Busy, "SerenityOS/discord-bot#14; since 2021"),
    ("Heroku", "Release command declared: this new release will not be available until the command succeeds.",
        Declared, "heroku/hatchet#92, AkhileshNS/heroku-deploy#43; since 2020"),
    ("Heroku", "Waiting for release... done.", Released, "AkhileshNS/heroku-deploy#51; since 2020"),
    ("Heroku", "Waiting for release... failed.", Failed, "AkhileshNS/heroku-deploy#43; since 2020"),
    ("Dokku", "deploy did not complete, you must push to *", NotDeployed,
        "dokku/dokku plugins/git/functions, dokku/github-action#49; since 2022"),
    ("Dokku", "Invalid branch name '*' specified via deploy-branch setting.", NotDeployed,
        "dokku/dokku plugins/git/functions; read in 2026"),
    ("Dokku", "-----> Skipping deployment", NotDeployed,
        "dokku/dokku plugins/common/functions (skip-deploy); read in 2026"),
    ("Dokku", "* currently has a deploy lock in place. Exiting...", Busy,
        "dokku/dokku#3167, dokku/dokku#5700 (acquire_app_deploy_lock); since 2018"),
    ("Scalingo", "Deployment error: repository * is locked (reason: a deployment is running)", Busy,
        "Scalingo/cli#333; since 2018"),
    ("Deis, Hephy, Drycc", "Another git push is ongoing*", Busy,
        "deis/builder#217, deis/builder#309, deis/builder pkg/sshd; since 2016"),
    ("Deis, Hephy, Drycc", "*Error running git receive hook [*Deployment for * is already in progress)]", Busy,
        "deis/controller#898; since 2016"),
    ("any host", "*concurrent build* limit*", Busy, "the same in other words; hooks of one's own"),
    ("any host", "*concurrent builds running", Busy, "the same in other words; hooks of one's own"),
    ("any host", "too many * builds*", Busy, "the same in other words; hooks of one's own"),
    ("any host", "too many builds*", Busy, "the same in other words; hooks of one's own"),
    ("any host", "maximum * builds reached", Busy, "the same in other words; hooks of one's own"),
    ("any host", "*build queue is full*", Busy, "the same in other words; hooks of one's own"),
    ("any host", "*deploy lock in place", Busy, "the same in other words; hooks of one's own"),
    ("any host", "another * is * in progress*", Busy, "the same in other words; hooks of one's own"),
    ("any host", "another * is in progress*", Busy, "the same in other words; hooks of one's own"),
    ("any host", "another * is running*", Busy, "the same in other words; hooks of one's own"),
    ("any host", "a deploy* is already *", Busy, "the same in other words; hooks of one's own"),
    ("any host", "a build is already *", Busy, "the same in other words; hooks of one's own"),
    ("any host", "deploy* already in progress*", Busy, "the same in other words; hooks of one's own"),
    ("any host", "build already in progress*", Busy, "the same in other words; hooks of one's own"),
    ("Clever Cloud", "The application has successfully been queued for redeploy.", Queued,
        "47ng/actions-clever-cloud#184, CleverCloud/clever-tools#428; since 2020"),
    ("Clever Cloud", "{\"id\":*,\"message\":\"The application has successfully been queued for redeploy.\",*}",
        Queued, "the older form of the same words, public transcripts; since 2014"),
    ("Kudu", "Changes committed to remote repository but deployment to website failed*", Failed,
        "projectkudu/kudu#1404, Kudu.Console/Resources.resx; since 2014"),
    ("Piku", "-----> Could not detect runtime!", Failed, "piku/piku#325, piku.py do_deploy; since 2023"),
    ("Piku", "PHP app detected but uwsgi-plugin-php was not found", Failed,
        "piku/piku piku.py do_deploy; read in 2026"),
    ("Piku", "Invalid Procfile for app '*'.", Failed, "piku/piku piku.py do_deploy; read in 2026"),
    ("Piku", "Exiting due to preflight command error value: *", Failed, "piku/piku piku.py do_deploy; read in 2026"),
    ("Piku", "Exiting due to release command error value: *", Failed, "piku/piku piku.py do_deploy; read in 2026"),
    ("Gigalixir", "Please wait a minute for the new instance(s) to roll out and pass health checks.",
        Queued, "public transcripts; glific/glific#5328 on what follows; since 2020"),
    ("Platform.sh", "E: Error building project: *", Failed,
        "platformsh/legacy-cli#1065, platformsh/legacy-cli#1315; since 2021"),
    ("Platform.sh", "Environment redeployment failed*", Failed, "platformsh/legacy-cli#1315; since 2023"),
    ("Heroku", "Verifying deploy... done.", Deployed, "public transcripts; since 2013"),
    ("Heroku", "https://* deployed to Heroku", Deployed, "public transcripts; since 2015"),
    ("Dokku", "=====> Application deployed:", Deployed, "public transcripts of Dokku deploys; since 2014"),
    ("Scalingo", "<-- https://* -->", Deployed, "Scalingo documentation, Deploy a WAR archive"),
    ("git", "hint: The '*' hook was ignored because it's not set as executable.", Hook,
        "gogs/gogs#5195; git's run-command.c and hook.c, seen with 2.47"),
    ("git", "fatal: cannot exec '*hooks/*': *", Hook, "gogs/gogs#2428, combell/autogit-reference#4; seen with 2.47"),
    ("git", "error: cannot exec '*hooks/*': *", Hook, "git's run-command.c; read in 2026"),
    ("git", "error: cannot run *hooks/*: *", Hook, "go-gitea/gitea#4513; git's run-command.c"),
    ("git", "fatal: cannot run *hooks/*: *", Hook, "git's run-command.c; seen with 2.39"),
    ("git", "error: cannot fork() for *hooks/*: *", Hook, "git's run-command.c; read in 2026"),
    ("git", "error: *hooks/* died of signal *", Hook, "git's run-command.c; seen with 2.47"),
    ("git", "warning: The last gc run reported the following.*", Tidying, "git's builtin/gc.c; since 2.18"),
    ("git", "error: The last gc run reported the following.*", Tidying, "git's builtin/gc.c; since 2.5"),
    ("git", "fatal: failed to run *", Aside, "git's builtin/gc.c"),
    ("git", "error: failed to run *", Aside, "git's builtin/gc.c"),
    ("git", "error: task 'gc' failed", Aside, "git's builtin/gc.c; since 2.30"),
    ("git", "error: cannot lock ref '*", Aside, "a push that came twice: git declines the second; 2.47"),
    ("git in a hook", "fatal: *", Stumbled, "ezyang/git-ftp#40; this operation must be run in a work tree"),
    ("git in a hook", "error: *", Stumbled, "error: pathspec 'main' did not match any file(s) known to git"),
    ("a shell", "*: command not found", Muttered, "combell/autogit-reference#4; bash"),
    ("a shell", "*: command not found: *", Muttered, "zsh, seen with a hook of one's own"),
    ("a shell", "*: *: *: not found", Muttered, "dash and busybox, seen with a hook of one's own"),
    ("a shell", "sh: *: not found", Muttered, "busybox, and npm's scripts"),
    ("a shell", "*: Permission denied", Muttered, "go-gitea/gitea#4513; every shell and tool"),
    ("a shell", "*: Permission denied (*", Muttered, "ssh, which a hook pulls or copies with"),
    ("a shell", "*: No such file or directory", Muttered, "gogs/gogs#2428; env and every shell"),
    ("a shell", "*: No such file", Muttered, "dash, for a file that it cannot open"),
    ("ssh", "Host key verification failed.", Muttered, "ssh, which a hook pulls or copies with"),
    ("npm", "npm error *", Muttered, "npm 10.6 and later"),
    ("npm", "npm ERR! *", Muttered, "npm before 10.6"),
    ("yarn", "error Command failed with exit code *", Muttered, "yarn 1, a script that failed"),
    ("make", "make: * Error 1", Muttered, "GNU make, for a command that failed"),
    ("make", "make: * Error 2", Muttered, "GNU make, for a make that failed"),
    ("make", "make: * Error 127", Muttered, "GNU make, for a command that is not there"),
    ("sudo", "sudo: *password is required", Muttered, "sudo without a terminal"),
    ("systemd", "Failed to restart *: *", Muttered, "systemctl: no such unit, or no right to it"),
    ("systemd", "Job for * failed*", Muttered, "systemctl: the service did not start"),
    ("Docker", "Cannot connect to the Docker daemon*", Muttered, "docker and docker compose"),
    ("pm2", "[PM2][ERROR] *", Muttered, "pm2: no such process, or its script is not there"),
];
