//! What a clone agreed to, as a configuration: as much of it as tells which pushes are to be stopped. For times when the
//! file itself is missing or cannot be used.

use std::path::Path;

use crate::core::config::{Config, Environment, MainRepository, Policy, Record, Running};

/// The configuration that trusted values are of. `None` where the main repository is not among them.
pub fn agreed(path: &Path, values: &[(String, String)]) -> Option<Config> {
    let value = |key: &str| {
        values
            .iter()
            .find(|(own, _)| own == key)
            .map(|(_, value)| value.clone())
    };
    let repository = MainRepository {
        remote: value("repository.remote")?,
        url: value("repository.url")?,
        branch: value("repository.branch")?,
        web: value("repository.web"),
    };
    let names = values
        .iter()
        .filter_map(|(key, _)| key.strip_prefix("environments.")?.strip_suffix(".url"));
    let environment = |name: &str| {
        let own = |key: &str| value(&format!("environments.{name}.{key}"));
        let (url, remote, branch) = (own("url")?, own("remote")?, own("branch")?);
        let (site, promotes) = (own("site"), own("promotes"));
        let (running, confirm_seconds) = (Running::Ref, 0);
        Some(Environment {
            name: name.to_owned(),
            url,
            remote,
            branch,
            site,
            promotes,
            running,
            confirm_seconds,
        })
    };
    let environments = names.filter_map(environment).collect();
    let record = value("record.ref").map(|reference| {
        let signoff = value("record.signoff").is_none_or(|word| word == "true");
        Record {
            reference,
            signoff,
            cadence_days: 7,
        }
    });
    let (policy, channels) = (Policy::default(), Vec::new());
    Some(Config {
        path: path.to_owned(),
        repository,
        environments,
        record,
        policy,
        channels,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::config::tests::{CONTRACT, parsed};

    #[test]
    fn what_tells_which_pushes_are_stopped_is_all_there() {
        let file = parsed(CONTRACT);
        let kept = agreed(&file.path, &file.trust()).unwrap();
        assert_eq!(kept.repository.url, file.repository.url);
        assert_eq!(
            kept.record.as_ref().unwrap().reference,
            file.record.as_ref().unwrap().reference
        );
        let told = |config: &Config| {
            let mut all: Vec<_> = config
                .environments
                .iter()
                .map(|one| {
                    (
                        one.name.clone(),
                        one.remote.clone(),
                        one.url.clone(),
                        one.promotes.clone(),
                    )
                })
                .collect();
            all.sort();
            all
        };
        assert_eq!(told(&kept), told(&file));
        assert!(agreed(&file.path, &[]).is_none());
    }
}
