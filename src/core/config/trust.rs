//! The values that a person agrees to when they trust a configuration, and the differences of a later file. They are
//! the whole of [`Config`] as serde writes it, so a new field is included.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::{Serialize, Serializer};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::core::config::{Config, Environment, MainRepository, Mention, Record};

/// A value that differs from the trusted one: its dotted key, and the old and new value, if any.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    pub key: String,
    pub old: Option<String>,
    pub new: Option<String>,
}

type Values = BTreeMap<String, String>;

impl Config {
    /// Returns all values that a person agrees to, by dotted key, sorted. Defaults are filled in, so writing one out
    /// changes nothing. `setup` shows these values and stores their digest.
    pub fn trust(&self) -> Vec<(String, String)> {
        let mut values = Values::new();
        // The order decides which target is promoted first, and which first environment is staged to.
        values.insert("environments".to_owned(), self.names().join(", "));
        add(&mut values, "", &json!(self));
        for one in &self.environments {
            let key = format!("environments.{}", one.name);
            add(&mut values, &key, &json!(one));
        }
        for one in &self.channels {
            add(&mut values, &format!("channels.{}", one.name), &json!(one));
        }
        values.into_iter().collect()
    }
}

/// Adds the values of a key: a table key by key, and nothing for a missing value.
fn add(values: &mut Values, key: &str, value: &Value) {
    let text = match value {
        Value::Null => return,
        Value::Array(list) if list.is_empty() => return,
        Value::Object(table) => {
            return table.iter().for_each(|(name, value)| match key {
                "" => add(values, name, value),
                _ => add(values, &format!("{key}.{name}"), value),
            });
        }
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    values.insert(key.to_owned(), text);
}

impl Serialize for Mention {
    fn serialize<S: Serializer>(&self, into: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Plain(text) => into.serialize_str(text),
            Self::Person { name, id } => {
                json!({ "id": id, "kind": "person", "name": name }).serialize(into)
            }
        }
    }
}

/// Rebuilds the configuration from trusted values as far as the pre-push guard needs it, if the file is missing or
/// invalid. `None` if the main repository is not among them.
pub fn agreed(path: &Path, values: &[(String, String)]) -> Option<Config> {
    let values: Values = values.iter().cloned().collect();
    let names = values.keys();
    let names = names.filter_map(|key| key.strip_prefix("environments.")?.strip_suffix(".url"));
    Some(Config {
        path: path.to_owned(),
        repository: MainRepository {
            remote: values.get("repository.remote")?.clone(),
            url: values.get("repository.url")?.clone(),
            branch: values.get("repository.branch")?.clone(),
            ..MainRepository::default()
        },
        environments: names
            .filter_map(|name| environment(&values, name))
            .collect(),
        record: values.get("record.ref").map(|reference| Record {
            reference: reference.clone(),
            signed: values
                .get("record.signed")
                .is_some_and(|value| value == "true"),
            signers: (values.get("record.signers").cloned())
                .unwrap_or_else(|| Record::default().signers),
            ..Record::default()
        }),
        ..Config::default()
    })
}

fn environment(values: &Values, name: &str) -> Option<Environment> {
    let [url, remote, branch, promotes] = ["url", "remote", "branch", "promotes"]
        .map(|key| values.get(&format!("environments.{name}.{key}")).cloned());
    let is_branch = remote.as_ref() == values.get("repository.remote");
    Some(Environment {
        name: name.to_owned(),
        is_branch,
        by_merge: is_branch && branch.as_ref() == values.get("repository.branch"),
        url: url?,
        remote: remote?,
        branch: branch?,
        promotes,
        ..Environment::default()
    })
}

/// Returns a digest of trusted values: `sha256:` and hex digits. Each text is preceded by its length, so different
/// lists are never written alike.
pub fn digest(values: &[(String, String)]) -> String {
    let mut hasher = Sha256::new();
    hasher.update(b"git-smp trust 1\n");
    for (key, value) in values {
        hasher.update(format!("{} {key} {} {value}\n", key.len(), value.len()));
    }
    let hex = (hasher.finalize().into_iter()).map(|byte| format!("{byte:02x}"));
    format!("sha256:{}", hex.collect::<String>())
}

/// Returns the values that differ, sorted by key.
pub fn changes(old: &[(String, String)], new: &[(String, String)]) -> Vec<Change> {
    let [old, new] = [old, new].map(|values| values.iter().cloned().collect::<Values>());
    let keys: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let all = keys.into_iter().map(|key| Change {
        key: key.clone(),
        old: old.get(key).cloned(),
        new: new.get(key).cloned(),
    });
    all.filter(|change| change.old != change.new).collect()
}

#[cfg(test)]
mod tests;
