//! The output of `git smp history --verify`: one line per event.

use crate::core::record::audit::Audited;
use crate::core::show::widest;
use crate::core::text::Tone::{Bad, Good, Hash, Plain, Strong};
use crate::core::text::{Line, visible};
use crate::core::when::When;

/// A longer principal exceeds its column.
const LONGEST: usize = 32;

fn who(one: &Audited) -> String {
    visible(one.principal.as_deref().unwrap_or("nobody"))
}

/// Returns the addresses of comments that only the forge can prove.
fn unproven(one: &Audited) -> String {
    let addresses: Vec<&str> = (one.unproven.iter())
        .map(|comment| comment.address.as_str())
        .collect();
    match addresses.is_empty() {
        true => String::new(),
        false => format!("; only the forge proves {}", visible(&addresses.join(", "))),
    }
}

pub fn audited(all: &[Audited], when: &When) -> Vec<Line> {
    let names: Vec<String> = all.iter().map(who).collect();
    let width = widest(names.iter().map(String::as_str)).min(LONGEST);
    let lines = all.iter().zip(&names).map(|(one, name)| {
        let (tone, mark) = match &one.fault {
            Some(_) => (Bad, "FAIL"),
            None if one.observed || !one.unproven.is_empty() => (Strong, "note"),
            None => (Good, "ok  "),
        };
        let moment = when.in_column(one.at);
        let said = match one.signed_off_by.as_slice() {
            [] => String::new(),
            names => format!(" (signed off by {})", names.join(", ")),
        };
        let what = &one.what;
        let why = one.fault.as_ref().map(|why| format!(": {why}"));
        let rest = format!(
            "  {moment}  {name:width$}  {what}{said}{}{}",
            unproven(one),
            why.unwrap_or_default()
        );
        Line::plain("  ")
            .and(tone, mark)
            .and(Plain, "  ")
            .and(Hash, one.commit.short())
            .and(Plain, rest)
    });
    lines.collect()
}
