use schemars::{Schema, SchemaGenerator};

use crate::core::decide::finding::Finding::{self, *};
use crate::core::decide::unrecorded::WORD;
use crate::core::refusal::RefusalCode;
use crate::core::schema_tests::{hold, of_output};
use crate::core::show::json::history::HistoryJson;
use crate::core::show::json::status::StatusJson;
use crate::core::show::json::verified::VerifyJson;
use crate::core::show::json::r#where::WhereJson;
use crate::core::show::json::*;

/// All findings; an unknown fact has the word of its refusal.
const FINDINGS: &[Finding] = &[
    WrongBranch,
    NothingDeployed,
    StalePage,
    CachedPage,
    Deploying,
    ReleasePending,
    ReleaseFailed,
    RolledBack,
    DeployedOutsideGit,
    NotConfirmed,
    RefDiffers,
];

/// Does not compile if a finding is missing in [`FINDINGS`].
fn is_listed(finding: Finding) -> bool {
    match finding {
        Unknown(code) => RefusalCode::ALL.contains(&code),
        WrongBranch | NothingDeployed | StalePage | CachedPage | Deploying | ReleasePending
        | ReleaseFailed | RolledBack | DeployedOutsideGit | NotConfirmed | RefDiffers => {
            FINDINGS.contains(&finding)
        }
    }
}

fn words() -> Vec<&'static str> {
    let unknown = RefusalCode::ALL.iter().map(|code| Unknown(*code));
    let all = FINDINGS.iter().copied().chain(unknown);
    let mut words: Vec<&str> = all
        .filter(|one| is_listed(*one))
        .map(Finding::word)
        .collect();
    words.sort_unstable();
    words.dedup();
    words
}

/// The schema of a finding; a target without one lacks the key.
pub fn findings(_: &mut SchemaGenerator) -> Schema {
    schemars::json_schema!({ "type": "string", "enum": words() })
}

pub fn findings_of_status(_: &mut SchemaGenerator) -> Schema {
    let words = words().into_iter().chain([WORD]).map(Some);
    let all: Vec<Option<&str>> = words.chain([None]).collect();
    schemars::json_schema!({ "type": ["string", "null"], "enum": all })
}

#[test]
fn the_schemas_of_the_documents_are_those_of_their_types() {
    hold("diff", of_output::<DiffJson<'_>>());
    hold("promote", of_output::<PromoteJson<'_>>());
    hold("status", of_output::<StatusJson<'_>>());
    hold("history", of_output::<HistoryJson<'_>>());
    hold("verify", of_output::<VerifyJson<'_>>());
    hold("where", of_output::<WhereJson<'_>>());
}

#[test]
fn times_carry_their_own_offset_and_impossible_ones_are_null() {
    let text = |seconds, minutes| rfc3339(seconds, minutes).map(|Rfc3339(text)| text);
    assert_eq!(
        text(1_646_226_180, 330).unwrap(),
        "2022-03-02T18:33:00+05:30"
    );
    assert_eq!(text(0, 0).unwrap(), "1970-01-01T00:00:00+00:00");
    assert_eq!(text(0, -1439).unwrap(), "1969-12-31T00:01:00-23:59");
    assert_eq!(text(i64::MAX, 0), None);
    assert_eq!(text(0, i32::MAX), None);
    // RFC 3339 has no years before 0 and no offsets of 24 hours.
    assert_eq!(text(-99_999_999_999, 0), None);
    assert_eq!(text(0, 1440), None);
}
