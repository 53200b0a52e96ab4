//! Checks every JSON document that the program prints in the suite against its schema in `schema/`.

use std::path::Path;
use std::sync::LazyLock;

use boon::{Compiler, SchemaIndex, Schemas};
use serde_json::Value;

use super::run::Run;

const DOCUMENTS: [&str; 6] = ["verify", "diff", "status", "promote", "history", "where"];

struct Kept {
    schemas: Schemas,
    documents: [SchemaIndex; 6],
}

static KEPT: LazyLock<Kept> = LazyLock::new(|| {
    let (mut compiler, mut schemas) = (Compiler::new(), Schemas::new());
    let documents = DOCUMENTS.map(|name| {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("schema/{name}.schema.json"));
        let mut schema = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
        close(&mut schema);
        let url = schema["$id"].as_str().unwrap().to_owned();
        compiler.add_resource(&url, schema).unwrap();
        compiler.compile(&url, &mut schemas).unwrap()
    });
    Kept { schemas, documents }
});

/// Forbids keys that the schema does not name. The published schema stays open, because a later version may add keys.
fn close(schema: &mut Value) {
    if let Value::Object(map) = schema {
        if map.contains_key("properties") {
            map.insert("additionalProperties".to_owned(), false.into());
        }
        map.values_mut().for_each(close);
    }
}

/// Returns the document that these arguments request.
pub(super) fn document(args: &[&str]) -> Option<usize> {
    let is_help = args.iter().any(|arg| ["-h", "--help"].contains(arg));
    let asks = args.contains(&"--json") && !is_help;
    let place = DOCUMENTS
        .iter()
        .position(|name| args.contains(name) || args.contains(&&*format!("--{name}")));
    place.filter(|_| asks)
}

/// Fails if the document does not match its schema.
#[track_caller]
pub(super) fn hold(run: &Run, document: usize) {
    // A program ended by a signal may have printed half of it; wrong usage prints none.
    if run.code >= 128 || run.stdout.is_empty() {
        return;
    }
    let Kept { schemas, documents } = &*KEPT;
    let value = run.json();
    if let Err(error) = schemas.validate(&value, documents[document]) {
        panic!(
            "schema/{}.schema.json does not fit: {error:#}\n{run}",
            DOCUMENTS[document]
        );
    }
}
