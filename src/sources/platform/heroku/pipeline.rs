//! Heroku's pipelines: an app's place in one, and promotions of a build.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use crate::core::decide::Build;
use crate::core::refusal::Refusal;
use crate::core::words::Coupling;
use crate::http::Trouble;
use crate::sources::platform::heroku::{Heroku, errors, response};
use crate::sources::platform::{Promoted, Promotion};

#[derive(Deserialize)]
struct Named {
    id: String,
}

#[derive(Deserialize)]
struct CouplingJson {
    app: Named,
    pipeline: Named,
    stage: String,
}

#[derive(Deserialize)]
struct PromotionJson {
    id: String,
    status: String,
}

#[derive(Deserialize)]
struct PromotionTarget {
    app: Named,
    status: String,
    error_message: Option<String>,
}

impl Heroku {
    /// Sends `GET /apps/{app}/pipeline-couplings`; `None` if it is in no pipeline.
    pub fn coupling(&self) -> Result<Option<Coupling>, Refusal> {
        let Some(body) = self.get("pipeline-couplings", None)? else {
            return Ok(None);
        };
        let told = serde_json::from_slice::<CouplingJson>(&body).ok();
        let told = told.filter(|one| {
            let ids = [&one.app.id, &one.pipeline.id];
            // They appear in commands to type.
            ids.iter().all(|id| response::is_id(id)) && response::is_id(&one.stage)
        });
        let told = told.ok_or_else(errors::unlike_the_api)?;
        Ok(Some(Coupling {
            app: told.app.id,
            pipeline: told.pipeline.id,
            stage: told.stage,
        }))
    }

    /// Sends `POST /pipeline-promotions` once, for exactly this release, whatever the app runs by then. Returns its id.
    pub fn promote(&self, build: &Build) -> Result<String, Trouble> {
        let targets = build.targets.iter();
        let targets: Vec<_> = targets
            .map(|to| json!({ "app": { "id": to.app } }))
            .collect();
        let body = json!({
            "pipeline": { "id": build.from.pipeline },
            "source": { "app": { "id": build.from.app }, "release": { "id": build.release.id } },
            "targets": targets,
        });
        let answer = self.service.post("pipeline-promotions", body.to_string())?;
        match answer.status {
            200..=202 => match serde_json::from_slice::<PromotionJson>(&answer.body) {
                Ok(told) if response::is_id(&told.id) => Ok(told.id),
                _ => Err(Trouble::Unclear(errors::unlike_the_api().report)),
            },
            _ => Err(self.no_promotion(&answer, build)),
        }
    }

    fn read<T: DeserializeOwned>(&self, path: &str) -> Result<T, Refusal> {
        let body = self.get_path(path, None)?;
        let told = body.and_then(|body| serde_json::from_slice(&body).ok());
        told.ok_or_else(errors::unlike_the_api)
    }

    /// Sends `GET /pipeline-promotions/{id}` and for its targets: returns their progress.
    pub fn promotion(&self, id: &str) -> Result<Promotion, Refusal> {
        let path = format!("pipeline-promotions/{id}");
        let whole: PromotionJson = self.read(&path)?;
        let targets: Vec<PromotionTarget> = self.read(&format!("{path}/promotion-targets"))?;
        let targets = targets.into_iter().map(|target| Promoted {
            came_to: match target.status.as_str() {
                "succeeded" => Some(Ok(())),
                "failed" => Some(Err(self.shown(target.error_message.as_deref()))),
                _ => None,
            },
            app: target.app.id,
        });
        Ok(Promotion {
            is_over: whole.status == "completed",
            targets: targets.collect(),
        })
    }
}
