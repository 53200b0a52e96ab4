//! The schemas of `smp.toml` and of the JSON documents: made from the types, stored in `schema/` for editors.

use std::path::PathBuf;

use boon::{Compiler, SchemaIndex, Schemas};
use schemars::generate::SchemaSettings;
use schemars::transform::{RecursiveTransform, Transform};
use schemars::{JsonSchema, Schema};
use serde_json::Value;

use crate::core::config::SCHEMA_URL;

/// Compares the file in `schema/` with the type; writes it if `GIT_SMP_WRITE_SCHEMA` is set.
pub fn hold(name: &str, mut made: Schema) {
    made.insert("$id".to_owned(), url(name).into());
    RecursiveTransform(plain).transform(&mut made);
    let text = serde_json::to_string_pretty(&made).unwrap();
    // Outside the program the type is called `Commit`, not `CommitJson`.
    let text = text.replace("Json\"", "\"") + "\n";
    let path = file(name);
    if std::env::var_os("GIT_SMP_WRITE_SCHEMA").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        kept == text,
        "{} is behind the types. Renew all of them: GIT_SMP_WRITE_SCHEMA=1 cargo test --bin git-smp the_schema",
        path.display()
    );
}

/// Removes details of Rust: number sizes, the direction of serde, and line breaks in comments.
fn plain(schema: &mut Schema) {
    let format = schema.get("format").and_then(Value::as_str);
    if format.is_some_and(|format| format != "date-time") {
        schema.remove("format");
    }
    schema.remove("writeOnly");
    if let Some(Value::String(text)) = schema.get_mut("description") {
        *text = text.replace('\n', " ");
    }
}

/// Returns the schema of an output type.
pub fn of_output<T: JsonSchema>() -> Schema {
    let settings = SchemaSettings::draft07().for_serialize();
    settings.into_generator().into_root_schema_for::<T>()
}

/// Reads a stored schema.
pub fn kept(name: &str) -> Value {
    serde_json::from_str(&std::fs::read_to_string(file(name)).unwrap()).unwrap()
}

/// A stored schema, ready to validate values.
pub struct Judge {
    schemas: Schemas,
    index: SchemaIndex,
}

impl Judge {
    pub fn of(name: &str) -> Self {
        let (mut compiler, mut schemas) = (Compiler::new(), Schemas::new());
        compiler.add_resource(&url(name), kept(name)).unwrap();
        let index = compiler.compile(&url(name), &mut schemas).unwrap();
        Self { schemas, index }
    }

    /// Returns what is wrong with a value.
    pub fn wrong(&self, value: &Value) -> Option<String> {
        let error = self.schemas.validate(value, self.index).err()?;
        Some(format!("{error:#}"))
    }
}

fn url(name: &str) -> String {
    SCHEMA_URL.replace("/smp.", &format!("/{name}."))
}

fn file(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("schema");
    folder.join(format!("{name}.schema.json"))
}
