//! Heroku's Platform API: apps with their releases and builds, and an account that may read them.
//!
//! ```ignore
//! let api = HerokuApi::start("t0ken");
//! api.app("an-app").follow("an-app", &deploy.production);
//! api.new_releases("an-app", Outcome::FailsAfter(2));
//! deploy.runner().env("HEROKU_API_URL", api.url()).env("HEROKU_API_KEY", "t0ken").smp(&["promote"]);
//! assert_eq!(api.current("an-app").as_deref(), Some(deploy.nth(2)));
//! ```

use std::collections::BTreeMap;
use std::io::{self, BufReader};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use serde_json::{Value, json};

use super::pipelines::Pipelines;
use super::web::Asked;
use super::wire::{Closing, Head, Listener, header, reset_at_end, write_answer};

/// The outcome of a release that a push or a call makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It is current at once.
    Succeeds,
    /// It is pending in this many lists of releases, and then current.
    SucceedsAfter(usize),
    /// It is pending in this many lists of releases, and then failed.
    FailsAfter(usize),
    /// It fails at once.
    Fails,
}

/// The API; it ends when it is dropped.
pub struct HerokuApi {
    shared: Arc<Shared>,
    listener: Listener,
}

struct Shared {
    token: String,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    apps: BTreeMap<String, App>,
    pipelines: Pipelines,
    asked: Vec<Asked>,
    faults: Vec<Fault>,
}

/// A wrong answer.
struct Fault {
    /// `None` for every app.
    app: Option<String>,
    only: Only,
    /// True if the requested action is still done.
    done: bool,
    /// `None` cuts the connection without an answer.
    status: Option<u16>,
    body: String,
    /// The delay of the answer.
    delay: Duration,
}

/// The requests that a fault affects.
enum Only {
    All,
    Posts,
    /// All requests about promotions in pipelines.
    Promotions,
    /// Requests about this slug.
    Slug(String),
}

impl Only {
    fn befalls(&self, head: &Head) -> bool {
        match self {
            Only::All => true,
            Only::Posts => head.method == "POST",
            Only::Promotions => head.path.starts_with("/pipeline-promotions"),
            Only::Slug(id) => head.path.ends_with(&format!("/slugs/{id}")),
        }
    }
}

pub(super) struct App {
    pub(super) name: String,
    /// Oldest first; the first is version 1.
    releases: Vec<Release>,
    slugs: Vec<Slug>,
    /// Oldest first: the status of each, and its slug.
    builds: Vec<(String, Option<usize>)>,
    /// The file of pushes that become releases, and how many have done so.
    follows: Option<(PathBuf, usize)>,
    serves: Option<PathBuf>,
    outcome: Outcome,
    tells_commits: bool,
}

struct Release {
    status: String,
    /// The number of lists in which it is still pending, and its status afterwards.
    pending: Option<(usize, &'static str)>,
    current: bool,
    slug: Option<usize>,
    description: String,
    user: &'static str,
    /// The time of creation, if a test sets it.
    made: Option<String>,
}

struct Slug {
    commit: String,
    deleted: bool,
}

impl HerokuApi {
    /// Starts an API without apps, for an account with this token.
    pub fn start(token: &str) -> HerokuApi {
        let shared = Arc::new(Shared {
            token: token.to_owned(),
            state: Mutex::default(),
        });
        let serving = shared.clone();
        let listener = Listener::start(move |stream, closing| {
            let _ = serving.connection(&stream, closing);
        });
        HerokuApi { shared, listener }
    }

    /// Returns its address for `HEROKU_API_URL`.
    pub fn url(&self) -> String {
        format!("http://{}", self.listener.address)
    }

    /// Makes an app with the two releases of every app before its first deploy.
    pub fn app(&self, name: &str) -> &HerokuApi {
        let mut app = App {
            name: name.to_owned(),
            releases: Vec::new(),
            slugs: Vec::new(),
            builds: Vec::new(),
            follows: None,
            serves: None,
            outcome: Outcome::Succeeds,
            tells_commits: true,
        };
        for description in ["Initial release", "Enable Logplex"] {
            app.add(
                None,
                description.to_owned(),
                "ada@example.com",
                Outcome::Succeeds,
            );
        }
        self.state().apps.insert(name.to_owned(), app);
        self
    }

    /// Deploys a commit like a push that is built and released at once; returns the version of the release.
    #[track_caller]
    pub fn deploys(&self, app: &str, commit: &str) -> u64 {
        self.pushes(app, commit, "succeeded")
    }

    /// Adds a pushed and built commit whose release has this status; returns its version.
    #[track_caller]
    pub fn pushes(&self, app: &str, commit: &str, status: &str) -> u64 {
        self.with(app, |app| {
            let version = app.push(commit, Outcome::Fails);
            app.end(version, status);
            version
        })
    }

    /// Dates the last release of this app to now; all others are in the past.
    #[track_caller]
    pub fn is_new(&self, app: &str) {
        self.with(app, |app| {
            let soon = jiff::Timestamp::now() + jiff::SignedDuration::from_secs(60);
            app.releases.last_mut().unwrap().made = Some(soon.strftime("%FT%TZ").to_string());
        });
    }

    /// Ends a pending release with this status.
    #[track_caller]
    pub fn ends(&self, app: &str, version: u64, status: &str) {
        self.with(app, |app| app.end(version, status));
    }

    /// Deletes the build of a release.
    #[track_caller]
    pub fn expires(&self, app: &str, version: u64) {
        self.with(app, |app| {
            let slug = app.releases[index(version)].slug.unwrap();
            app.slugs[slug].deleted = true;
            app.releases
                .iter_mut()
                .filter(|release| release.slug == Some(slug))
                .for_each(|release| {
                    release.status = "expired".to_owned();
                });
        });
    }

    /// Makes each further commit deployed in a bare repository a release, at the next request about the app; and its
    /// earlier commits, if the app has no deploy.
    #[track_caller]
    pub fn follow(&self, app: &str, bare: &Path) -> &HerokuApi {
        self.with(app, |app| {
            let file = bare.join("deploys");
            let before = lines(&file);
            if app.slugs.is_empty() {
                for commit in &before {
                    app.push(commit, Outcome::Succeeds);
                }
            }
            app.follows = Some((file, before.len()));
        });
        self
    }

    /// Sets the outcome of further releases by pushes and calls.
    #[track_caller]
    pub fn new_releases(&self, app: &str, outcome: Outcome) -> &HerokuApi {
        self.with(app, |app| app.outcome = outcome);
        self
    }

    /// Keeps a file at the commit of the current release, like a site. A push to a followed repository may overwrite
    /// it; the next request about the app corrects that.
    #[track_caller]
    pub fn serves(&self, app: &str, file: &Path) -> &HerokuApi {
        self.with(app, |app| app.serves = Some(file.to_owned()));
        self
    }

    /// Runs `heroku rollback` as somebody else; returns the version of the new release.
    #[track_caller]
    pub fn rollback(&self, app: &str, version: u64) -> u64 {
        self.with(app, |app| {
            let slug = app.releases[index(version)].slug;
            app.add(
                slug,
                format!("Rollback to v{version}"),
                "ben@example.com",
                Outcome::Succeeds,
            )
        })
    }

    /// Sets a config var, which releases the same slug again; returns the version.
    #[track_caller]
    pub fn sets_config(&self, app: &str, name: &str) -> u64 {
        self.with(app, |app| {
            let slug = app.current().and_then(|at| app.releases[at].slug);
            app.add(
                slug,
                format!("Set {name} config vars"),
                "ben@example.com",
                Outcome::Succeeds,
            )
        })
    }

    /// Makes a release of an unknown kind without a build run; returns its version.
    #[track_caller]
    pub fn runs_the_unknown(&self, app: &str) -> u64 {
        self.with(app, |app| {
            app.add(
                None,
                "Deployed".to_owned(),
                "ben@example.com",
                Outcome::Succeeds,
            )
        })
    }

    /// Removes the commits from the app's builds.
    #[track_caller]
    pub fn null_commit(&self, app: &str) {
        self.with(app, |app| app.tells_commits = false);
    }

    /// Adds a build with this status and without a release.
    #[track_caller]
    pub fn builds(&self, app: &str, status: &str) {
        self.with(app, |app| app.builds.push((status.to_owned(), None)));
    }

    /// Answers every request about the app, or about all apps, with this, until [`HerokuApi::recovers`].
    pub fn answers(&self, app: Option<&str>, status: u16, body: &str) {
        self.fault(app, Only::All, false, Some(status), body);
    }

    /// Answers a request for a release with this until [`HerokuApi::recovers`], whether it is made or not.
    pub fn answers_posts(&self, app: &str, status: u16, body: &str, made: bool) {
        self.fault(Some(app), Only::Posts, made, Some(status), body);
    }

    /// Makes a requested release, and cuts the connection before the answer.
    pub fn cuts_posts(&self, app: &str) {
        self.fault(Some(app), Only::Posts, true, None, "");
    }

    /// Puts the app into this stage of a pipeline.
    pub fn couples(&self, app: &str, pipeline: &str, stage: &str) -> &HerokuApi {
        self.state().pipelines.couple(app, pipeline, stage);
        self
    }

    /// Makes promotions to this app fail before a release, for this reason.
    pub fn fails_promotions(&self, app: &str, why: &str) {
        self.state().pipelines.fail(app, why);
    }

    /// Promotes as somebody else in the pipeline, from the first app to the second.
    #[track_caller]
    pub fn promotes(&self, from: &str, to: &str) {
        let mut state = self.state();
        let State {
            apps, pipelines, ..
        } = &mut *state;
        apps.values_mut().for_each(App::hear_of_pushes);
        let (status, _, body) = pipelines.promote_by_name(apps, from, to);
        assert_eq!(status, 201, "{body}");
        apps.values().for_each(App::show);
    }

    /// Returns the bodies of all requested promotions.
    pub fn promotions(&self) -> Vec<Value> {
        let all = self.asked_for("POST", "/pipeline-promotions");
        all.iter()
            .map(|asked| serde_json::from_slice(&asked.body).unwrap())
            .collect()
    }

    /// Makes a requested promotion or not, and cuts the connection before the answer.
    pub fn cuts_promotions(&self, made: bool) {
        self.fault(None, Only::Promotions, made, None, "");
    }

    /// Answers all requests about promotions with this.
    pub fn answers_promotions(&self, status: u16, body: &str) {
        self.fault(None, Only::Promotions, false, Some(status), body);
    }

    /// Neither makes nor declines a requested release: cuts the connection after this time.
    pub fn loses_posts(&self, app: &str, after: Duration) {
        self.fault(Some(app), Only::Posts, false, None, "");
        self.state().faults[0].delay = after;
    }

    /// Answers requests about the build of a release with this status.
    #[track_caller]
    pub fn answers_about_slug(&self, app: &str, version: u64, status: u16) {
        let slug = self.with(app, |app| {
            uuid(
                &app.name,
                "slug",
                app.releases[index(version)].slug.unwrap(),
            )
        });
        self.fault(Some(app), Only::Slug(slug), false, Some(status), "");
    }

    /// Removes all faults.
    pub fn recovers(&self) {
        self.state().faults.clear();
    }

    fn fault(&self, app: Option<&str>, only: Only, done: bool, status: Option<u16>, body: &str) {
        let (app, body) = (app.map(str::to_owned), body.to_owned());
        let fault = Fault {
            app,
            only,
            done,
            status,
            body,
            delay: Duration::ZERO,
        };
        self.state().faults.insert(0, fault);
    }

    /// Returns all requests so far.
    pub fn asked(&self) -> Vec<Asked> {
        self.state().asked.clone()
    }

    /// Returns the requests with this method and path so far.
    pub fn asked_for(&self, method: &str, path: &str) -> Vec<Asked> {
        let all = self.asked();
        all.into_iter()
            .filter(|asked| asked.head.method == method && asked.head.path == path)
            .collect()
    }

    /// Returns the bodies of all requests for a release so far.
    pub fn posted(&self, app: &str) -> Vec<Value> {
        let all = self.asked_for("POST", &format!("/apps/{app}/releases"));
        all.iter()
            .map(|asked| serde_json::from_slice(&asked.body).unwrap())
            .collect()
    }

    /// Returns the commit of the current release, if it has one.
    #[track_caller]
    pub fn current(&self, app: &str) -> Option<String> {
        self.with(app, |app| app.running().map(str::to_owned))
    }

    /// Returns every release, oldest first: its version, its status and its description.
    #[track_caller]
    pub fn releases(&self, app: &str) -> Vec<(u64, String, String)> {
        self.with(app, |app| {
            let all = app.releases.iter().zip(1..);
            all.map(|(release, version)| {
                (version, release.status.clone(), release.description.clone())
            })
            .collect()
        })
    }

    /// Returns the platform's own id of a release.
    #[track_caller]
    pub fn id_of(&self, app: &str, version: u64) -> String {
        self.with(app, |app| uuid(&app.name, "release", index(version)))
    }

    /// Calls `act` with an app that has received every push so far.
    #[track_caller]
    fn with<T>(&self, name: &str, act: impl FnOnce(&mut App) -> T) -> T {
        let mut state = self.state();
        let app = state
            .apps
            .get_mut(name)
            .unwrap_or_else(|| panic!("there is no app {name}"));
        app.hear_of_pushes();
        let done = act(app);
        app.show();
        done
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().unwrap()
    }
}

impl Shared {
    fn connection(&self, stream: &TcpStream, closing: &Closing) -> io::Result<()> {
        let mut reader = BufReader::new(stream);
        let Some(head) = Head::read(&mut reader)? else {
            return Ok(());
        };
        let body = head.body(&mut reader, stream)?;
        let (delay, answer) = self.answer(&head, body);
        if closing.pause(delay) {
            return Ok(());
        }
        let (status, mut headers, answer) = match answer {
            Some(answer) => answer,
            None => {
                reset_at_end(stream);
                return Ok(());
            }
        };
        headers.push(header("Content-Type", "application/json"));
        headers.push(header("Connection", "close"));
        write_answer(stream, status, &headers, answer.as_bytes())
    }

    /// Returns the answer and its delay; `None` cuts the connection.
    fn answer(&self, head: &Head, body: Vec<u8>) -> (Duration, Option<Answer>) {
        let mut state = self.state.lock().unwrap();
        state.asked.push(Asked {
            head: head.clone(),
            body: body.clone(),
        });
        let left = 4500_usize.saturating_sub(state.asked.len());
        let mut parts = head.path.trim_start_matches('/').split('/');
        let (apps, name) = (parts.next(), parts.next().unwrap_or_default());
        let rest: Vec<&str> = parts.collect();
        let State {
            apps: known,
            pipelines,
            faults,
            ..
        } = &mut *state;
        let fault = faults.iter().find(|fault| {
            fault.app.as_deref().is_none_or(|app| app == name) && fault.only.befalls(head)
        });
        let mut right = || {
            if head.header("authorization") != Some(&format!("Bearer {}", self.token)) {
                return no(401, "unauthorized", "Invalid credentials provided.");
            }
            if !head
                .header("accept")
                .is_some_and(|accept| accept.starts_with("application/vnd.heroku+json; version=3"))
            {
                return no(
                    400,
                    "bad_version",
                    "Please specify a version along with Heroku's API.",
                );
            }
            if apps == Some("pipeline-promotions") {
                let answer = pipelines.answer(known, head, name, &rest, &body);
                known.values().for_each(App::show);
                return answer;
            }
            if apps == Some("apps") && rest == ["pipeline-couplings"] {
                return pipelines.coupling(name);
            }
            match known.get_mut(name).filter(|_| apps == Some("apps")) {
                Some(app) => app.answer(head, &rest, &body),
                None => no(404, "not_found", "Couldn't find that app."),
            }
        };
        let delay = fault.map(|fault| fault.delay).unwrap_or_default();
        let answer = match fault {
            None => Some(right()),
            Some(fault) => {
                if fault.done {
                    right();
                }
                fault
                    .status
                    .map(|status| (status, Vec::new(), fault.body.clone()))
            }
        };
        let Some((status, mut headers, body)) = answer else {
            return (delay, None);
        };
        let left = if status == 429 { 0 } else { left };
        headers.push(header("RateLimit-Remaining", left));
        (delay, Some((status, headers, body)))
    }
}

/// A status, headers and a body.
pub(super) type Answer = (u16, Vec<(String, String)>, String);

pub(super) fn yes(status: u16, body: Value) -> Answer {
    (status, Vec::new(), body.to_string())
}

pub(super) fn no(status: u16, id: &str, message: &str) -> Answer {
    yes(
        status,
        json!({ "id": id, "message": message, "url": "https://devcenter.heroku.com/articles/platform-api-reference" }),
    )
}

impl App {
    fn answer(&mut self, head: &Head, rest: &[&str], body: &[u8]) -> Answer {
        self.hear_of_pushes();
        let answer = match (head.method.as_str(), rest) {
            ("GET", ["releases"]) => {
                let all = self.releases();
                self.time_passes();
                listed(&all, "version", head.header("range"))
            }
            ("POST", ["releases"]) => self.post(body),
            ("GET", ["slugs", id]) => self.slug(id),
            ("GET", ["builds"]) => listed(&self.builds(), "created_at", head.header("range")),
            _ => no(
                404,
                "not_found",
                "The requested API endpoint was not found.",
            ),
        };
        self.show();
        answer
    }

    /// Makes releases of new pushes.
    pub(super) fn hear_of_pushes(&mut self) {
        let Some((file, known)) = self.follows.clone() else {
            return;
        };
        let all = lines(&file);
        for commit in &all[known.min(all.len())..] {
            self.push(commit, self.outcome);
        }
        self.follows = Some((file, all.len()));
    }

    /// Adds a slug, its build and its release; returns the version.
    fn push(&mut self, commit: &str, outcome: Outcome) -> u64 {
        self.slugs.push(Slug {
            commit: commit.to_owned(),
            deleted: false,
        });
        let slug = self.slugs.len() - 1;
        self.builds.push(("succeeded".to_owned(), Some(slug)));
        self.add(
            Some(slug),
            format!("Deploy {}", commit.get(..8).unwrap_or(commit)),
            "ada@example.com",
            outcome,
        )
    }

    fn add(
        &mut self,
        slug: Option<usize>,
        description: String,
        user: &'static str,
        outcome: Outcome,
    ) -> u64 {
        let status = "pending".to_owned();
        self.releases.push(Release {
            status,
            pending: None,
            current: false,
            slug,
            description,
            user,
            made: None,
        });
        let version = self.releases.len() as u64;
        match outcome {
            Outcome::Succeeds | Outcome::SucceedsAfter(0) => self.end(version, "succeeded"),
            Outcome::Fails | Outcome::FailsAfter(0) => self.end(version, "failed"),
            Outcome::SucceedsAfter(lists) => {
                self.releases[index(version)].pending = Some((lists, "succeeded"))
            }
            Outcome::FailsAfter(lists) => {
                self.releases[index(version)].pending = Some((lists, "failed"))
            }
        }
        version
    }

    /// Ends a release; one that succeeds becomes current, unless a later one is.
    fn end(&mut self, version: u64, status: &str) {
        let at = index(version);
        let release = &mut self.releases[at];
        (release.status, release.pending) = (status.to_owned(), None);
        if status == "succeeded" && self.current().is_none_or(|current| current < at) {
            self.releases
                .iter_mut()
                .for_each(|release| release.current = false);
            self.releases[at].current = true;
        }
    }

    /// Returns the id of the current release.
    pub(super) fn current_id(&self) -> Option<String> {
        Some(uuid(&self.name, "release", self.current()?))
    }

    /// Returns the version and the commit of the release with this id; the error is Heroku's message.
    pub(super) fn built(&self, release: &str) -> Result<(u64, String), String> {
        let found = (0..self.releases.len()).find(|at| uuid(&self.name, "release", *at) == release);
        let at = found.ok_or("Couldn't find that release.")?;
        let slug = self.releases[at].slug.ok_or("That release has no slug.")?;
        match self.slugs[slug].deleted {
            true => Err("That release's slug has expired.".to_owned()),
            false => Ok((at as u64 + 1, self.slugs[slug].commit.clone())),
        }
    }

    /// Releases a build of another app here; returns the version.
    pub(super) fn takes(&mut self, commit: &str, description: String) -> u64 {
        self.slugs.push(Slug {
            commit: commit.to_owned(),
            deleted: false,
        });
        let slug = Some(self.slugs.len() - 1);
        self.add(slug, description, "ada@example.com", self.outcome)
    }

    /// Returns the id and the status of a release.
    pub(super) fn stands(&self, version: u64) -> (String, &str) {
        let at = index(version);
        let id = uuid(&self.name, "release", at);
        (id, self.releases[at].status.as_str())
    }

    /// Counts one more list for pending releases.
    pub(super) fn time_passes(&mut self) {
        for version in 1..=self.releases.len() as u64 {
            match &mut self.releases[index(version)].pending {
                None => {}
                Some((1, then)) => {
                    let then = *then;
                    self.end(version, then);
                }
                Some((lists, _)) => *lists -= 1,
            }
        }
    }

    pub(super) fn current(&self) -> Option<usize> {
        self.releases.iter().position(|release| release.current)
    }

    fn running(&self) -> Option<&str> {
        Some(&self.slugs[self.releases[self.current()?].slug?].commit)
    }

    /// Writes the current commit to the site.
    fn show(&self) {
        let (Some(file), Some(commit)) = (&self.serves, self.running()) else {
            return;
        };
        let commit = format!("{commit}\n");
        if std::fs::read_to_string(file).ok().as_ref() != Some(&commit) {
            // A site never shows half a page.
            let fresh = file.with_extension("fresh");
            std::fs::write(&fresh, commit)
                .and_then(|()| std::fs::rename(&fresh, file))
                .unwrap();
        }
    }

    /// Returns the releases in the API's form, oldest first, each with its version.
    fn releases(&self) -> Vec<(u64, Value)> {
        (1..=self.releases.len() as u64)
            .map(|version| (version, self.told(version)))
            .collect()
    }

    fn told(&self, version: u64) -> Value {
        let release = &self.releases[index(version)];
        let slug = release.slug.map(|slug| uuid(&self.name, "slug", slug));
        let stream = format!("https://release-output.heroku.com/streams/{version}");
        json!({
            "addon_plan_names": [],
            "app": { "id": uuid(&self.name, "app", 0), "name": self.name },
            "artifacts": slug.iter().map(|id| json!({ "type": "slug", "id": id })).collect::<Vec<_>>(),
            "created_at": release.made.clone().unwrap_or_else(|| moment(version)),
            "current": release.current,
            "description": release.description,
            "eligible_for_rollback": slug.is_some() && release.status == "succeeded",
            "id": uuid(&self.name, "release", index(version)),
            "oci_image": null,
            "output_stream_url": Some(stream).filter(|_| release.status != "succeeded"),
            "slug": slug.map(|id| json!({ "id": id })),
            "status": release.status,
            "updated_at": moment(version),
            "user": { "id": uuid(release.user, "user", 0), "email": release.user },
            "version": version,
        })
    }

    fn builds(&self) -> Vec<(u64, Value)> {
        let told = |(status, slug): &(String, Option<usize>), number: u64| {
            let commit = slug
                .filter(|_| self.tells_commits)
                .map(|slug| self.slugs[slug].commit.clone());
            json!({
                "app": { "id": uuid(&self.name, "app", 0) },
                "buildpacks": null,
                "created_at": moment(number),
                "generation": "cedar",
                "id": uuid(&self.name, "build", index(number)),
                "output_stream_url": "https://build-output.heroku.com/streams/0",
                "release": null,
                "slug": slug.map(|slug| json!({ "id": uuid(&self.name, "slug", slug) })),
                "source_blob": { "checksum": null, "url": "https://example.com/source.tgz", "version": commit,
                    "version_description": null },
                "stack": "heroku-24",
                "status": status,
                "updated_at": moment(number),
                "user": { "id": uuid("ada@example.com", "user", 0), "email": "ada@example.com" },
            })
        };
        self.builds
            .iter()
            .zip(1..)
            .map(|(build, number)| (number, told(build, number)))
            .collect()
    }

    fn slug(&self, id: &str) -> Answer {
        let found = (0..self.slugs.len())
            .find(|at| uuid(&self.name, "slug", *at) == id && !self.slugs[*at].deleted);
        let Some(at) = found else {
            return no(404, "not_found", "Couldn't find that slug.");
        };
        let commit = Some(&self.slugs[at].commit).filter(|_| self.tells_commits);
        yes(
            200,
            json!({
                "blob": { "method": "get", "url": "https://example.com/slug.tgz" },
                "buildpack_provided_description": "Python",
                "checksum": null,
                "commit": commit,
                "commit_description": null,
                "created_at": moment(at as u64),
                "deleted_at": null,
                "id": id,
                "process_types": { "web": "./bin/web -p $PORT" },
                "size": 2048,
                "stack": { "id": uuid("heroku-24", "stack", 0), "name": "heroku-24" },
                "updated_at": moment(at as u64),
            }),
        )
    }

    fn post(&mut self, body: &[u8]) -> Answer {
        let wanted: Value = serde_json::from_slice(body).unwrap_or_default();
        let (slug, description) = match (wanted["release"].as_str(), wanted["slug"].as_str()) {
            (Some(id), None) => {
                let at = (0..self.releases.len()).find(|at| uuid(&self.name, "release", *at) == id);
                let Some(at) = at else {
                    return no(422, "invalid_params", "Couldn't find that release.");
                };
                let release = &self.releases[at];
                if release.slug.is_none() || release.status != "succeeded" {
                    let message = format!(
                        "Cannot roll back to v{}, it is not eligible for rollback.",
                        at + 1
                    );
                    return no(422, "invalid_params", &message);
                }
                (release.slug, format!("Rollback to v{}", at + 1))
            }
            (None, Some(id)) => {
                let alive =
                    |at: &usize| uuid(&self.name, "slug", *at) == id && !self.slugs[*at].deleted;
                let Some(slug) = (0..self.slugs.len()).find(alive) else {
                    return no(422, "invalid_params", "Couldn't find that slug.");
                };
                (
                    Some(slug),
                    wanted["description"]
                        .as_str()
                        .unwrap_or("Deploy")
                        .to_owned(),
                )
            }
            _ => return no(422, "invalid_params", "Require params: slug."),
        };
        let version = self.add(slug, description, "ada@example.com", self.outcome);
        yes(201, self.told(version))
    }
}

/// Returns a list, or the requested part: `Range: version ]7..; max=10, order=desc`.
fn listed(all: &[(u64, Value)], by: &str, range: Option<&str>) -> Answer {
    let range = range.unwrap_or_default();
    let option = |name: &str| {
        let mut options = range.split([';', ',']).map(str::trim);
        options.find_map(|option| option.strip_prefix(name).map(str::to_owned))
    };
    let max = option("max=")
        .and_then(|max| max.parse().ok())
        .unwrap_or(200);
    let descends = option("order=").as_deref() == Some("desc");
    let after = range
        .split_once(']')
        .and_then(|(_, rest)| rest.split_once("..")?.0.parse::<u64>().ok());
    let mut all: Vec<&(u64, Value)> = all.iter().collect();
    if descends {
        all.reverse();
    }
    all.retain(|(number, _)| {
        after.is_none_or(|after| {
            if descends {
                *number < after
            } else {
                *number > after
            }
        })
    });
    let part = &all[..all.len().min(max)];
    let body = Value::from(
        part.iter()
            .map(|(_, told)| told.clone())
            .collect::<Vec<_>>(),
    );
    let (Some((first, _)), Some((last, _))) = (part.first(), part.last()) else {
        return yes(200, body);
    };
    let mut headers = vec![
        header("Accept-Ranges", by),
        header("Content-Range", format!("{by} {first}..{last}")),
    ];
    if part.len() == all.len() {
        return (200, headers, body.to_string());
    }
    let order = if descends { ", order=desc" } else { "" };
    headers.push(header(
        "Next-Range",
        format!("{by} ]{last}..; max={max}{order}"),
    ));
    (206, headers, body.to_string())
}

fn lines(file: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    // A line without an end is still being written.
    text.split_inclusive('\n')
        .filter_map(|line| line.strip_suffix('\n'))
        .map(str::to_owned)
        .collect()
}

pub(super) fn index(version: u64) -> usize {
    usize::try_from(version).unwrap() - 1
}

/// Returns a stable unique id for an object.
pub(super) fn uuid(of: &str, kind: &str, number: usize) -> String {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let mut hasher = DefaultHasher::new();
    (of, kind).hash(&mut hasher);
    let hash = hasher.finish();
    format!(
        "{:08x}-{:04x}-4{:03x}-8000-{number:012x}",
        hash >> 32,
        hash >> 16 & 0xffff,
        hash & 0xfff
    )
}

/// Returns a time, a minute later for each number.
pub(super) fn moment(number: u64) -> String {
    format!(
        "2022-02-{:02}T{:02}:{:02}:00Z",
        1 + number / 1440 % 28,
        number / 60 % 24,
        number % 60
    )
}
