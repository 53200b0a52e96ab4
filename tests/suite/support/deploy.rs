//! The standard world: a team's main repository, a staging and a production that deploy each push, and a clone.

use std::ops::Deref;
use std::path::{Path, PathBuf};

use super::githttp::GitHttp;
use super::pushed;
use super::run::Runner;
use super::sandbox::{Snapshot, World};
use super::ssh::SshHost;
use super::template::{self, Template};
use super::web::{Page, Web};
use super::worlds::Topology;

/// The hook of the environments' bare repositories: it "builds" and "releases" a push. It overwrites the deployed
/// commit in place with the same length, so that no page is ever empty: `mv` would need a process per push.
pub(super) const DEPLOYS: &str = r#"while read -r old new ref; do
  echo "-----> Building $new"
  echo "$new" >>deploys
  echo "$new" 1<>deployed
  echo "-----> Released"
done"#;

/// The hook of the main repository if environments are its branches: after the repository's own hook it passes the
/// changes of an environment to that environment's hook, like a host that watches the branch. A log has one line with
/// the refs of each push.
pub(super) const PASSES_ON: &str = r#"hook=${0##*/}
input=
while read -r line; do
  input="$input${input:+
}$line"
done
if [ -x "hooks/own-$hook" ]; then echo "$input" | "./hooks/own-$hook" || exit 1; fi
refs=
while read -r old new ref; do
  refs="$refs${refs:+ }$ref"
  name=${ref#refs/heads/}
  case $name in main | */*) continue ;; esac
  [ -x "../$name.git/hooks/$hook" ] || continue
  echo "$old $new $ref" | ( cd "../$name.git" && unset GIT_QUARANTINE_PATH && GIT_DIR=. "./hooks/$hook" ) || exit 1
done <<END
$input
END
echo "$refs" >>"$hook.log""#;

pub const SUBJECTS: [&str; 6] = [
    "Draw maps on a canvas (#420)",
    "Show flags on painpoints (#421)",
    "Keep the sidebar open on reload (#422)",
    "Add translations to the floating UI (#424)",
    "Fix malformed view variable in MapItems (#425)",
    "Sort layers by name (#427)",
];

/// A deploy world. The main repository's `master` is at the sixth commit, staging runs the fifth, production the
/// second. `work` is a clone with the remote `upstream` and an `smp.toml`, where programs start.
pub struct Deploy {
    /// The sites: `/staging` and `/production` name the last deployed commit.
    pub web: Web,
    http: Option<GitHttp>,
    ssh: Option<SshHost>,
    world: World,
    /// The team's main repository.
    pub main: PathBuf,
    /// The repository behind staging.
    pub staging: PathBuf,
    /// The repository behind production.
    pub production: PathBuf,
    /// The clone where programs start.
    pub work: PathBuf,
    /// A colleague's clone, which pushes to `main.git`, `staging.git` and `production.git` by their paths.
    pub team: PathBuf,
    /// The hashes of the standard history, oldest first.
    pub commits: Vec<String>,
    urls: [String; 3],
    topology: Topology,
}

impl Deref for Deploy {
    type Target = World;

    fn deref(&self) -> &World {
        &self.world
    }
}

impl Deploy {
    /// Returns the hash of a commit of the standard history; 1 is the first.
    pub fn nth(&self, number: usize) -> &str {
        &self.commits[number - 1]
    }

    /// Returns the git host, if the world has one.
    #[track_caller]
    pub fn http(&self) -> &GitHttp {
        self.http
            .as_ref()
            .expect("this world has no git host: build it `over_http()`")
    }

    /// Returns the ssh host, if the world has one.
    #[track_caller]
    pub fn ssh(&self) -> &SshHost {
        self.ssh
            .as_ref()
            .expect("this world has no such host: build it `over_ssh()`")
    }

    /// Returns how the environments are reached.
    pub fn topology(&self) -> Topology {
        self.topology
    }

    /// Returns the entry of a snapshot for the branch that deploys to `bare`.
    pub fn branch_in<'s>(&self, snapshot: &'s mut Snapshot, bare: &Path) -> &'s mut String {
        let (repository, branch) = self.deployed_by(bare);
        let name = repository.file_name().unwrap().to_string_lossy();
        let refs = snapshot.get_mut(name.as_ref()).unwrap();
        refs.get_mut(&branch).unwrap()
    }

    /// Returns the addresses of the main repository, staging and production in `smp.toml`.
    pub fn urls(&self) -> [&str; 3] {
        self.urls.each_ref().map(String::as_str)
    }

    /// Runs git in the clone; the words are separated by spaces.
    #[track_caller]
    pub fn in_clone(&self, words: &str) -> String {
        self.git(&self.work, &words.split(' ').collect::<Vec<_>>())
    }

    /// Makes a linked work tree with the clone's `smp.toml`.
    #[track_caller]
    pub fn linked_with_toml(&self, name: &str) -> PathBuf {
        let linked = self.path(name);
        let place = linked.to_str().unwrap();
        self.git(&self.work, &["worktree", "add", "-q", "--detach", place]);
        std::fs::copy(self.work.join("smp.toml"), linked.join("smp.toml")).unwrap();
        linked
    }

    /// Adds the remotes of the environments with plain git, as `git smp setup` would.
    #[track_caller]
    pub fn add_remotes(&self) {
        let [_, staging, production] = self.urls();
        self.git(&self.work, &["remote", "add", "staging", staging]);
        self.git(&self.work, &["remote", "add", "production", production]);
    }

    /// Returns this world's own values, with their names in templates.
    pub(super) fn own(&self) -> template::Own {
        let host = |url: String| url.split('/').nth(2).unwrap_or_default().to_owned();
        let root = self.path("");
        let root = root.to_str().unwrap().trim_end_matches('/').to_owned();
        let mut own = vec![(template::ROOT, root), ("@WEB@", host(self.web.url("/")))];
        own.extend(
            self.http
                .iter()
                .map(|http| ("@HTTP@", host(http.url(&self.main)))),
        );
        own.extend(
            self.ssh
                .iter()
                .map(|ssh| ("@SSH@", host(ssh.url(&self.main)))),
        );
        own
    }

    /// Agrees to the present `smp.toml` like [`World::trust`], but faster for many similar worlds.
    #[track_caller]
    pub fn agree(&self) {
        template::agree(self, &self.runner(), template::Own::new());
    }

    /// Does the same through this runner, with a server that belongs to this world only.
    #[track_caller]
    pub fn agree_as(&self, runner: &Runner<'_>, server: &str) {
        template::agree(self, runner, vec![("@SERVER@", server.to_owned())]);
    }

    /// Returns the text of `smp.toml`.
    pub fn toml(&self) -> String {
        std::fs::read_to_string(self.work.join("smp.toml")).unwrap()
    }

    /// Replaces the text of `smp.toml`.
    pub fn write_toml(&self, text: &str) {
        std::fs::write(self.work.join("smp.toml"), text).unwrap();
    }

    /// Appends to `smp.toml`.
    pub fn add_toml(&self, text: &str) {
        self.write_toml(&format!("{}{text}", self.toml()));
    }

    /// Removes the record that setup began, in the main repository and in the clone.
    #[track_caller]
    pub fn forget_record(&self) {
        self.git(&self.main, &["update-ref", "-d", "refs/smp/record"]);
        self.git(&self.work, &["update-ref", "-d", "refs/smp/seen"]);
    }

    /// Returns the commit of a bare repository's master, or of the branch that replaces it.
    #[track_caller]
    pub fn master(&self, bare: &Path) -> String {
        let (repository, branch) = self.deployed_by(bare);
        self.refs(repository)
            .remove(&branch)
            .unwrap_or_else(|| panic!("{} has no master", bare.display()))
    }

    /// Returns every deployed commit of an environment, oldest first; the first is from the standard history.
    pub fn deploys(&self, bare: &Path) -> Vec<String> {
        let list = std::fs::read_to_string(bare.join("deploys")).unwrap_or_default();
        list.lines().map(str::to_owned).collect()
    }

    /// Production deployed these commits of the standard history, in this order.
    #[track_caller]
    pub fn ran<const N: usize>(&self, numbers: [usize; N]) {
        let commits = numbers.map(|number| self.nth(number));
        assert_eq!(self.deploys(&self.production), commits);
    }

    /// Returns the refs of each push to the main repository, one push per line, if environments are its branches.
    pub fn pushes(&self) -> Vec<String> {
        let log = std::fs::read_to_string(self.main.join("post-receive.log"));
        log.unwrap_or_default().lines().map(str::to_owned).collect()
    }

    /// A colleague commits on master and pushes it to the main repository; returns the hash.
    #[track_caller]
    pub fn colleague_commits(&self, subject: &str) -> String {
        let hash = self.commit(&self.team, subject);
        self.colleague_pushes(&self.main, &hash);
        hash
    }

    /// A colleague forces this commit onto a repository's master, or onto the branch that replaces it.
    #[track_caller]
    pub fn colleague_pushes(&self, bare: &Path, hash: &str) {
        let (repository, branch) = self.deployed_by(bare);
        if pushed::in_files(&self.team, &repository, &branch, hash) {
            return;
        }
        let refspec = format!("+{hash}^0:{branch}");
        self.git(
            &self.team,
            &["push", "-q", repository.to_str().unwrap(), &refspec],
        );
    }

    /// Creates the branches of the environments in the main repository, and their tracking refs in the clone.
    #[track_caller]
    fn branch_off(&self) {
        let lines = |start: &str| {
            let line =
                |(name, at): (&str, usize)| format!("create {start}/{name} {}\n", self.nth(at));
            [("staging", 5), ("production", 2)].map(line).concat()
        };
        let is_made = self.refs(&self.main).contains_key("refs/heads/staging");
        let places = [
            (&self.main, "refs/heads"),
            (&self.work, "refs/remotes/upstream"),
        ];
        for (folder, start) in places.into_iter().filter(|_| !is_made) {
            let at = self.runner().cwd(folder).stdin(lines(start));
            at.program("git", &["update-ref", "--stdin"]).ok();
        }
        let hooks = self.main.join("hooks");
        std::fs::create_dir_all(&hooks).unwrap();
        for hook in ["pre-receive", "post-receive"] {
            let passes_on = self.staging.join("hooks/passes-on");
            std::os::unix::fs::symlink(passes_on, hooks.join(hook)).unwrap();
        }
    }
}

/// Options for a deploy world.
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct DeployBuilder {
    topology: Topology,
    without_pages: bool,
    confirm_seconds: u32,
    account: Option<(&'static str, &'static str)>,
    ref_by_ref: bool,
    over_http: bool,
    main_over_http: bool,
    over_ssh: bool,
    main_over_ssh: bool,
    pub(super) formats: Vec<String>,
    toml: String,
}

impl DeployBuilder {
    /// Chooses how the environments are reached.
    pub fn on(mut self, topology: Topology) -> Self {
        self.topology = topology;
        self
    }

    /// Removes the pages, so that the branch is the source of the running commit.
    pub fn without_pages(mut self) -> Self {
        self.without_pages = true;
        self
    }

    /// Requires that the pages agree for some seconds; by default one answer is enough.
    pub fn confirming(mut self, seconds: u32) -> Self {
        self.confirm_seconds = seconds;
        self
    }

    /// Makes the main repository move each ref separately, so that an announcement always comes before its deploy.
    pub fn ref_by_ref(mut self) -> Self {
        self.ref_by_ref = true;
        self
    }

    /// Serves the environments' remotes over HTTP to the account `ada`, whose password a credential helper has.
    pub fn over_http(mut self) -> Self {
        (self.over_http, self.account) = (true, Some(("ada", "open-sesame")));
        self
    }

    /// Serves the environments' remotes over HTTP to everybody.
    pub fn over_open_http(mut self) -> Self {
        (self.over_http, self.account) = (true, None);
        self
    }

    /// Serves the main repository over HTTP as well.
    pub fn main_over_http(mut self) -> Self {
        self.main_over_http = true;
        if self.over_http {
            self
        } else {
            self.over_http()
        }
    }

    /// Serves the environments' remotes through `sshd`, to the key of the world's ssh.
    pub fn over_ssh(mut self) -> Self {
        self.over_ssh = true;
        self
    }

    /// Serves the main repository through the same `sshd`.
    pub fn main_over_ssh(mut self) -> Self {
        self.main_over_ssh = true;
        self.over_ssh()
    }

    /// Gives all repositories object names of 64 digits.
    pub fn sha256(mut self) -> Self {
        self.formats.push("--object-format=sha256".into());
        self
    }

    /// Gives all repositories a reftable for their refs (git 2.45 or later).
    pub fn reftable(mut self) -> Self {
        self.formats.push("--ref-format=reftable".into());
        self
    }

    /// Appends this text to `smp.toml`.
    pub fn toml(mut self, text: &str) -> Self {
        self.toml.push_str(text);
        self
    }

    /// Makes the world.
    #[track_caller]
    pub fn build(self) -> Deploy {
        let template = template::fresh(&self.formats);
        self.from(&template)
    }

    /// Makes the world after setup and agreement, as by [`World::trust`], which runs once for each kind of world.
    #[track_caller]
    pub fn ready(self) -> Deploy {
        let template = template::agreed(&self);
        self.from(&template)
    }

    /// Returns the addresses in its `smp.toml`, each with its placeholder.
    pub(super) fn servers(&self) -> template::Own {
        let mut own = template::Own::new();
        for (at, _) in self.toml.match_indices("127.0.0.1:") {
            let end = |byte: char| !byte.is_ascii_digit() && !".:".contains(byte);
            let server = self.toml[at..].split(end).next().unwrap().to_owned();
            if own.iter().all(|(_, known)| *known != server) {
                own.push((template::SERVERS[own.len()], server));
            }
        }
        own
    }

    /// Makes the world after a story, which runs once for all worlds of this kind with this name. The story must not
    /// make hooks, and relative times in it grow old.
    #[track_caller]
    pub fn after(self, name: &str, story: impl FnOnce(&Deploy)) -> Deploy {
        if self.toml.contains("127.0.0.1") {
            let deploy = self.ready();
            story(&deploy);
            return deploy;
        }
        let template = template::after(&self, name, story);
        self.from(&template)
    }

    #[track_caller]
    fn from(self, template: &Template) -> Deploy {
        let mut world = World::new();
        world.init_options = self.formats.clone();
        SUBJECTS.iter().for_each(|_| drop(world.later()));
        let [main, staging, production] =
            ["main", "staging", "production"].map(|name| world.watched(&format!("{name}.git")));
        let [team, work] = ["team", "work"].map(|name| world.path(name));
        world.cwd = work.clone();
        std::fs::create_dir(&work).unwrap();

        let http = self.host(&world);
        let ssh = self.over_ssh.then(|| SshHost::start(&world));
        let plain = |bare: &PathBuf| bare.display().to_string();
        let served = |bare: &PathBuf| {
            http.as_ref()
                .map_or_else(|| plain(bare), |http| http.url(bare))
        };
        let pushed = |bare: &PathBuf| {
            ssh.as_ref()
                .map_or_else(|| served(bare), |ssh| ssh.url(bare))
        };
        let is_one = self.topology == Topology::Branches;
        let of_main = match (self.main_over_http, self.main_over_ssh) {
            (true, _) => served(&main),
            (_, true) => pushed(&main),
            _ if is_one => pushed(&main),
            _ => plain(&main),
        };
        let urls = [of_main, pushed(&staging), pushed(&production)];
        let web = Web::start();
        web.set("/staging", Page::deployed(&staging));
        web.set("/production", Page::deployed(&production));
        let mut deploy = Deploy {
            web,
            http,
            ssh,
            world,
            main,
            staging,
            production,
            work,
            team,
            commits: Vec::new(),
            urls,
            topology: self.topology,
        };
        deploy.commits = template.copy(&deploy, [deploy.own(), self.servers()].concat());
        if is_one {
            deploy.branch_off();
        }
        if self.ref_by_ref {
            let config = deploy.main.join("config");
            let text = std::fs::read_to_string(&config).unwrap();
            std::fs::write(
                config,
                format!("{text}[receive]\n\tadvertiseAtomic = false\n"),
            )
            .unwrap();
        }
        if self.main_over_http || self.main_over_ssh || is_one {
            let config = deploy.work.join(".git/config");
            let text = std::fs::read_to_string(&config).unwrap();
            let plain = format!("url = {}", deploy.main.display());
            let text = text.replace(&plain, &format!("url = {}", deploy.urls[0]));
            std::fs::write(config, text).unwrap();
        }
        deploy.write_toml(&self.config(&deploy));
        deploy
    }

    fn host(&self, world: &World) -> Option<GitHttp> {
        if !self.over_http {
            return None;
        }
        let Some((name, password)) = self.account else {
            return Some(GitHttp::open_to_all(world));
        };
        let helper = format!(
            "!f() {{ test \"$1\" = get && echo username={name} && echo password={password}; }}; f"
        );
        world.configure("credential.helper", &helper);
        Some(GitHttp::with_account(world, name, password))
    }

    fn config(&self, deploy: &Deploy) -> String {
        let [main, staging, production] = deploy.urls();
        let running = |environment: &str| {
            if self.without_pages {
                return String::new();
            }
            let page = deploy.web.url(&format!("/{environment}"));
            let pattern = r#"'data-commit="([0-9a-f]{7,64})"'"#;
            let confirm = format!("confirm_seconds = {}\n", self.confirm_seconds);
            format!(
                "\n[environments.{environment}.running]\npage = \"{page}\"\npattern = {pattern}\n{confirm}"
            )
        };
        let place = |name: &str, url: &str| match self.topology {
            Topology::Remotes => format!("url = \"{url}\""),
            Topology::Branches => format!("branch = \"{name}\""),
        };
        let [staging, production] =
            [("staging", staging), ("production", production)].map(|(name, url)| place(name, url));
        format!(
            "[repository]\nremote = \"upstream\"\nurl = \"{main}\"\nbranch = \"master\"\n\
             \n[environments.staging]\n{staging}\n{}\
             \n[environments.production]\n{production}\npromotes = \"staging\"\n{}{}",
            running("staging"),
            running("production"),
            if self.toml.is_empty() {
                String::new()
            } else {
                format!("\n{}", self.toml)
            },
        )
    }
}
