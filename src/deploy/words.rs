//! What hosts say of a push that they took, and what it means. Data: a new host is a new row.

/// What a host's words mean for a push that git calls a success.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// Nothing is deployed: another branch deploys, or the deploy was skipped.
    NotDeployed,
    /// The build or the release failed.
    Failed,
    /// The deploy has still to run, and the push does not say how it ends.
    Queued,
    /// A release command has still to succeed; a later line may say how it ended.
    Declared,
    /// That release command has succeeded.
    Released,
    /// A hook of the host's did not run, or not to its end; git's own words.
    Hook,
    /// A git that the host's hook started gave up.
    Stumbled,
    /// A shell or a tool that the hook started gave up. A build may print such words and go on.
    Muttered,
    /// The deploy came to a good end, whatever was muttered before.
    Deployed,
    /// The repository's own tidying up speaks from here on, which is no part of a deploy.
    Tidying,
    /// A line of such tidying up, or of a ref that git did not move; git tells of that itself.
    Aside,
    /// It builds or deploys something else, and takes nothing meanwhile.
    Busy,
}

/// One thing that a host says.
pub struct HostWords {
    /// Who says it.
    #[cfg_attr(not(test), expect(dead_code, reason = "for those who read the table"))]
    pub host: &'static str,
    /// The whole line; `*` stands for anything. With a mark such as `----->` in front the mark must be there too, for
    /// words that a program could say of itself. Without one all marks are passed over. What a git, a shell or a tool in
    /// a hook says must begin its line, without an indent, and be written so.
    pub words: &'static str,
    /// What it means.
    pub meaning: Meaning,
    /// Where it was seen, and since when.
    #[cfg_attr(not(test), expect(dead_code, reason = "for those who read the table"))]
    pub source: &'static str,
}

const fn row(
    host: &'static str,
    words: &'static str,
    meaning: Meaning,
    source: &'static str,
) -> HostWords {
    HostWords {
        host,
        words,
        meaning,
        source,
    }
}

/// All of them.
#[rustfmt::skip]
pub const TABLE: &[HostWords] = &[
    row("Heroku", "Pushed to non-* branch, skipping build.", Meaning::NotDeployed,
        "Dev Center, Deploying with Git; seen since 2015"),
    row("Heroku", "Your account has reached its concurrent builds limit", Meaning::Busy,
        "SerenityOS/discord-bot#14; since 2021"),
    row("Heroku", "Release command declared: this new release will not be available until the command succeeds.",
        Meaning::Declared, "heroku/hatchet#92, AkhileshNS/heroku-deploy#43; since 2020"),
    row("Heroku", "Waiting for release... done.", Meaning::Released, "AkhileshNS/heroku-deploy#51; since 2020"),
    row("Heroku", "Waiting for release... failed.", Meaning::Failed, "AkhileshNS/heroku-deploy#43; since 2020"),
    row("Dokku", "deploy did not complete, you must push to *", Meaning::NotDeployed,
        "dokku/dokku plugins/git/functions, dokku/github-action#49; since 2022"),
    row("Dokku", "Invalid branch name '*' specified via deploy-branch setting.", Meaning::NotDeployed,
        "dokku/dokku plugins/git/functions; read in 2026"),
    row("Dokku", "-----> Skipping deployment", Meaning::NotDeployed,
        "dokku/dokku plugins/common/functions (skip-deploy); read in 2026"),
    row("Dokku", "* currently has a deploy lock in place. Exiting...", Meaning::Busy,
        "dokku/dokku#3167, dokku/dokku#5700 (acquire_app_deploy_lock); since 2018"),
    row("Scalingo", "Deployment error: repository * is locked (reason: a deployment is running)", Meaning::Busy,
        "Scalingo/cli#333; since 2018"),
    row("Deis, Hephy, Drycc", "Another git push is ongoing*", Meaning::Busy,
        "deis/builder#217, deis/builder#309, deis/builder pkg/sshd; since 2016"),
    row("Deis, Hephy, Drycc",
        "*Error running git receive hook [*Deployment for * is already in progress)]", Meaning::Busy,
        "deis/controller#898; since 2016"),
    row("any host", "*concurrent build* limit*", Meaning::Busy, "the same in other words; hooks of one's own"),
    row("any host", "*concurrent builds running", Meaning::Busy, "the same in other words; hooks of one's own"),
    row("any host", "too many * builds*", Meaning::Busy, "the same in other words; hooks of one's own"),
    row("any host", "too many builds*", Meaning::Busy, "the same in other words; hooks of one's own"),
    row("any host", "maximum * builds reached", Meaning::Busy, "the same in other words; hooks of one's own"),
    row("any host", "*build queue is full*", Meaning::Busy, "the same in other words; hooks of one's own"),
    row("any host", "*deploy lock in place", Meaning::Busy, "the same in other words; hooks of one's own"),
    row("any host", "another * is * in progress*", Meaning::Busy, "the same in other words; hooks of one's own"),
    row("any host", "another * is in progress*", Meaning::Busy, "the same in other words; hooks of one's own"),
    row("any host", "another * is running*", Meaning::Busy, "the same in other words; hooks of one's own"),
    row("any host", "a deploy* is already *", Meaning::Busy, "the same in other words; hooks of one's own"),
    row("any host", "a build is already *", Meaning::Busy, "the same in other words; hooks of one's own"),
    row("any host", "deploy* already in progress*", Meaning::Busy, "the same in other words; hooks of one's own"),
    row("any host", "build already in progress*", Meaning::Busy, "the same in other words; hooks of one's own"),
    row("Clever Cloud", "The application has successfully been queued for redeploy.", Meaning::Queued,
        "47ng/actions-clever-cloud#184, CleverCloud/clever-tools#428; since 2020"),
    row("Clever Cloud", "{\"id\":*,\"message\":\"The application has successfully been queued for redeploy.\",*}",
        Meaning::Queued, "the older form of the same words, public transcripts; since 2014"),
    row("Kudu", "Changes committed to remote repository but deployment to website failed*", Meaning::Failed,
        "projectkudu/kudu#1404, Kudu.Console/Resources.resx; since 2014"),
    row("Piku", "-----> Could not detect runtime!", Meaning::Failed, "piku/piku#325, piku.py do_deploy; since 2023"),
    row("Piku", "PHP app detected but uwsgi-plugin-php was not found", Meaning::Failed,
        "piku/piku piku.py do_deploy; read in 2026"),
    row("Piku", "Invalid Procfile for app '*'.", Meaning::Failed, "piku/piku piku.py do_deploy; read in 2026"),
    row("Piku", "Exiting due to preflight command error value: *", Meaning::Failed,
        "piku/piku piku.py do_deploy; read in 2026"),
    row("Piku", "Exiting due to release command error value: *", Meaning::Failed,
        "piku/piku piku.py do_deploy; read in 2026"),
    row("Gigalixir", "Please wait a minute for the new instance(s) to roll out and pass health checks.",
        Meaning::Queued, "public transcripts; glific/glific#5328 on what follows; since 2020"),
    row("Platform.sh", "E: Error building project: *", Meaning::Failed,
        "platformsh/legacy-cli#1065, platformsh/legacy-cli#1315; since 2021"),
    row("Platform.sh", "Environment redeployment failed*", Meaning::Failed, "platformsh/legacy-cli#1315; since 2023"),
    row("Heroku", "Verifying deploy... done.", Meaning::Deployed, "public transcripts; since 2013"),
    row("Heroku", "https://* deployed to Heroku", Meaning::Deployed, "public transcripts; since 2015"),
    row("Dokku", "=====> Application deployed:", Meaning::Deployed, "public transcripts of Dokku deploys; since 2014"),
    row("Scalingo", "<-- https://* -->", Meaning::Deployed, "Scalingo documentation, Deploy a WAR archive"),
    row("git", "hint: The '*' hook was ignored because it's not set as executable.", Meaning::Hook,
        "gogs/gogs#5195; git's run-command.c and hook.c, seen with 2.47"),
    row("git", "fatal: cannot exec '*hooks/*': *", Meaning::Hook,
        "gogs/gogs#2428, combell/autogit-reference#4; seen with 2.47"),
    row("git", "error: cannot exec '*hooks/*': *", Meaning::Hook, "git's run-command.c; read in 2026"),
    row("git", "error: cannot run *hooks/*: *", Meaning::Hook, "go-gitea/gitea#4513; git's run-command.c"),
    row("git", "error: cannot fork() for *hooks/*: *", Meaning::Hook, "git's run-command.c; read in 2026"),
    row("git", "error: *hooks/* died of signal *", Meaning::Hook, "git's run-command.c; seen with 2.47"),
    row("git", "warning: The last gc run reported the following.*", Meaning::Tidying, "git's builtin/gc.c; since 2.18"),
    row("git", "error: The last gc run reported the following.*", Meaning::Tidying, "git's builtin/gc.c; since 2.5"),
    row("git", "fatal: failed to run *", Meaning::Aside, "git's builtin/gc.c"),
    row("git", "error: failed to run *", Meaning::Aside, "git's builtin/gc.c"),
    row("git", "error: task 'gc' failed", Meaning::Aside, "git's builtin/gc.c; since 2.30"),
    row("git", "error: cannot lock ref '*", Meaning::Aside, "a push that came twice: git declines the second; 2.47"),
    row("git in a hook", "fatal: *", Meaning::Stumbled, "ezyang/git-ftp#40; this operation must be run in a work tree"),
    row("git in a hook", "error: *", Meaning::Stumbled, "error: pathspec 'main' did not match any file(s) known to git"),
    row("a shell", "*: command not found", Meaning::Muttered, "combell/autogit-reference#4; bash"),
    row("a shell", "*: command not found: *", Meaning::Muttered, "zsh, seen with a hook of one's own"),
    row("a shell", "*: *: *: not found", Meaning::Muttered, "dash and busybox, seen with a hook of one's own"),
    row("a shell", "sh: *: not found", Meaning::Muttered, "busybox, and npm's scripts"),
    row("a shell", "*: Permission denied", Meaning::Muttered, "go-gitea/gitea#4513; every shell and tool"),
    row("a shell", "*: Permission denied (*", Meaning::Muttered, "ssh, which a hook pulls or copies with"),
    row("a shell", "*: No such file or directory", Meaning::Muttered, "gogs/gogs#2428; env and every shell"),
    row("a shell", "*: No such file", Meaning::Muttered, "dash, for a file that it cannot open"),
    row("ssh", "Host key verification failed.", Meaning::Muttered, "ssh, which a hook pulls or copies with"),
    row("npm", "npm error *", Meaning::Muttered, "npm 10.6 and later"),
    row("npm", "npm ERR! *", Meaning::Muttered, "npm before 10.6"),
    row("yarn", "error Command failed with exit code *", Meaning::Muttered, "yarn 1, a script that failed"),
    row("make", "make: * Error 1", Meaning::Muttered, "GNU make, for a command that failed"),
    row("make", "make: * Error 2", Meaning::Muttered, "GNU make, for a make that failed"),
    row("make", "make: * Error 127", Meaning::Muttered, "GNU make, for a command that is not there"),
    row("sudo", "sudo: *password is required", Meaning::Muttered, "sudo without a terminal"),
    row("systemd", "Failed to restart *: *", Meaning::Muttered, "systemctl: no such unit, or no right to it"),
    row("systemd", "Job for * failed*", Meaning::Muttered, "systemctl: the service did not start"),
    row("Docker", "Cannot connect to the Docker daemon*", Meaning::Muttered, "docker and docker compose"),
    row("pm2", "[PM2][ERROR] *", Meaning::Muttered, "pm2: no such process, or its script is not there"),
];
