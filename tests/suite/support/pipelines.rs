//! Heroku's pipelines: the apps in each, and promotions of a build from one app to others.
//!
//! The answers have the form of Heroku's Platform API, `pipeline-coupling`, `pipeline-promotion` and
//! `pipeline-promotion-target` in `schema.json` of heroku/platform-api, 4f4f592c of 2026-06-05;
//! `support_holds/pipelines.rs` checks that.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::heroku::{Answer, App, moment, no, uuid, yes};
use super::wire::Head;

/// Apps of one account, by name.
type Apps = BTreeMap<String, App>;

#[derive(Default)]
pub(super) struct Pipelines {
    /// The pipeline and the stage of each app.
    couplings: BTreeMap<String, (String, String)>,
    /// The reasons why promotions to apps fail.
    failing: BTreeMap<String, String>,
    promotions: Vec<Promotion>,
}

struct Promotion {
    pipeline: String,
    from: String,
    release: String,
    /// Each app, with the version of its new release, or why there is none.
    targets: Vec<(String, Result<u64, String>)>,
}

fn app_id(name: &str) -> String {
    uuid(name, "app", 0)
}

fn pipeline_id(name: &str) -> String {
    uuid(name, "pipeline", 0)
}

impl Pipelines {
    pub fn couple(&mut self, app: &str, pipeline: &str, stage: &str) {
        let coupling = (pipeline.to_owned(), stage.to_owned());
        self.couplings.insert(app.to_owned(), coupling);
    }

    pub fn fail(&mut self, app: &str, why: &str) {
        self.failing.insert(app.to_owned(), why.to_owned());
    }

    pub fn coupling(&self, app: &str) -> Answer {
        let Some((pipeline, stage)) = self.couplings.get(app) else {
            return no(404, "not_found", "Couldn't find that pipeline coupling.");
        };
        yes(
            200,
            json!({
                "app": { "id": app_id(app) },
                "created_at": moment(1),
                "id": uuid(app, "coupling", 0),
                "pipeline": { "id": pipeline_id(pipeline) },
                "stage": stage,
                "updated_at": moment(1),
            }),
        )
    }

    pub fn answer(
        &mut self,
        apps: &mut Apps,
        head: &Head,
        id: &str,
        rest: &[&str],
        body: &[u8],
    ) -> Answer {
        let known = (0..self.promotions.len()).find(|at| uuid("", "promotion", *at) == id);
        match (head.method.as_str(), known, rest) {
            ("POST", None, []) => {
                self.promote(apps, &serde_json::from_slice(body).unwrap_or_default())
            }
            ("GET", Some(at), []) => yes(200, self.told(apps, at)),
            ("GET", Some(at), ["promotion-targets"]) => {
                let targets = self.targets(apps, at);
                for (name, _) in &self.promotions[at].targets {
                    apps.get_mut(name).unwrap().time_passes();
                }
                yes(200, targets.into())
            }
            _ => no(404, "not_found", "Couldn't find that pipeline promotion."),
        }
    }

    pub fn promote_by_name(&mut self, apps: &mut Apps, from: &str, to: &str) -> Answer {
        let (pipeline, _) = self.couplings[from].clone();
        let release = apps[from].current_id();
        let wanted = json!({
            "pipeline": { "id": pipeline_id(&pipeline) },
            "source": { "app": { "id": app_id(from) }, "release": { "id": release } },
            "targets": [{ "app": { "id": app_id(to) } }],
        });
        self.promote(apps, &wanted)
    }

    fn promote(&mut self, apps: &mut Apps, wanted: &Value) -> Answer {
        let invalid = |message: &str| no(422, "invalid_params", message);
        let in_pipeline = |id: &Value| {
            let mut all = self.couplings.iter();
            let (name, _) = all.find(|(name, (pipeline, _))| {
                json!(app_id(name)) == *id
                    && json!(pipeline_id(pipeline)) == wanted["pipeline"]["id"]
            })?;
            Some(name.clone())
        };
        let Some(from) = in_pipeline(&wanted["source"]["app"]["id"]) else {
            return invalid("The source app is not in that pipeline.");
        };
        let targets: Option<Vec<String>> = (wanted["targets"].as_array().into_iter().flatten())
            .map(|target| in_pipeline(&target["app"]["id"]))
            .collect();
        let Some(targets) = targets.filter(|targets| !targets.is_empty()) else {
            return invalid("A target app is not in that pipeline.");
        };
        for name in targets.iter().chain([&from]) {
            apps.get_mut(name).unwrap().hear_of_pushes();
        }
        let release = wanted["source"]["release"]["id"]
            .as_str()
            .map(str::to_owned);
        let Some(release) = release.or_else(|| apps[&from].current_id()) else {
            return invalid("The source app has no release.");
        };
        let (version, commit) = match apps[&from].built(&release) {
            Ok(built) => built,
            Err(message) => return invalid(&message),
        };
        let description = format!("Promote {from} v{version} {}", &commit[..8]);
        let take = |name: String| {
            let taken = match self.failing.get(&name) {
                Some(why) => Err(why.clone()),
                None => Ok(apps
                    .get_mut(&name)
                    .unwrap()
                    .takes(&commit, description.clone())),
            };
            (name, taken)
        };
        let targets = targets.into_iter().map(take).collect();
        self.promotions.push(Promotion {
            pipeline: self.couplings[&from].0.clone(),
            from,
            release,
            targets,
        });
        yes(201, self.told(apps, self.promotions.len() - 1))
    }

    fn told(&self, apps: &Apps, at: usize) -> Value {
        let promotion = &self.promotions[at];
        let targets = self.targets(apps, at);
        let goes_on = targets.iter().any(|target| target["status"] == "pending");
        json!({
            "created_at": moment(at as u64),
            "id": uuid("", "promotion", at),
            "pipeline": { "id": pipeline_id(&promotion.pipeline) },
            "source": {
                "app": { "id": app_id(&promotion.from) },
                "release": { "id": promotion.release },
            },
            "status": if goes_on { "pending" } else { "completed" },
            "updated_at": moment(at as u64),
        })
    }

    fn targets(&self, apps: &Apps, at: usize) -> Vec<Value> {
        let told = |(name, made): &(String, Result<u64, String>)| {
            let (release, status, why) = match made {
                Ok(version) => match apps[name].stands(*version) {
                    (id, "failed") => (Some(id), "failed", Some("Release command failed.")),
                    (id, status) => (
                        Some(id),
                        if status == "pending" {
                            status
                        } else {
                            "succeeded"
                        },
                        None,
                    ),
                },
                Err(why) => (None, "failed", Some(why.as_str())),
            };
            json!({
                "app": { "id": app_id(name) },
                "error_message": why,
                "id": uuid(name, "target", at),
                "pipeline_promotion": { "id": uuid("", "promotion", at) },
                "release": release.map(|id| json!({ "id": id })),
                "status": status,
            })
        };
        self.promotions[at].targets.iter().map(told).collect()
    }
}
