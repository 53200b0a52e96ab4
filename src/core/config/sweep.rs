//! The sweep that comes first: what may stand nowhere in the file, whichever key it is under.

use toml::Spanned;
use toml::de::DeValue;

use crate::core::config::reader::Table;
use crate::core::config::secret;
use crate::core::config::sentence::{Source, shown_key, unseen};
use crate::core::refusal::Report;

/// Refuses, anywhere in the file, what looks like a secret and what acts on a terminal, before anything else is looked
/// at: so no later sentence can be about such a value.
///
/// # Errors
///
/// The first such value or key.
pub(super) fn sweep(table: &Table<'_>) -> Result<(), Report> {
    for (key, value) in table.in_file_order() {
        check_text(
            table.source,
            &table.dotted(key.get_ref()),
            key.span().start,
            key.get_ref(),
        )?;
        sweep_value(table.source, &table.dotted(key.get_ref()), value)?;
    }
    Ok(())
}

fn sweep_value<'a>(
    source: &'a Source<'a>,
    path: &str,
    value: &'a Spanned<DeValue<'a>>,
) -> Result<(), Report> {
    let at = value.span().start;
    match value.get_ref() {
        DeValue::String(text) => check_text(source, path, at, text),
        DeValue::Array(array) => array
            .iter()
            .try_for_each(|element| sweep_value(source, path, element)),
        DeValue::Table(entries) => sweep(&Table {
            source,
            path: path.to_owned(),
            entries,
            at,
        }),
        _ => Ok(()),
    }
}

fn check_text(source: &Source<'_>, path: &str, at: usize, text: &str) -> Result<(), Report> {
    let path = shown_key(path);
    if secret::looks_like_one(text) {
        return Err(strayed_secret(source, at, &path));
    }
    // The joiners that some scripts and emoji need are innocent in a name; the rest hides, reorders or acts.
    if text
        .chars()
        .any(|c| unseen(c) && !matches!(c, '\u{200c}' | '\u{200d}'))
    {
        return Err(source.problem(
            at,
            &format!("{path}: holds control or invisible characters"),
        ));
    }
    Ok(())
}

/// Says that a secret does not belong in a file that is committed, and where it does.
fn strayed_secret(source: &Source<'_>, at: usize, path: &str) -> Report {
    let advice = "keep it in SMP_<CHANNEL>_WEBHOOK, where setup asks for it, in HEROKU_API_KEY or a credential helper, \
                  and replace it if it was ever committed";
    source.problem_with(
        at,
        &format!("{}: secrets do not belong in this file", shown_key(path)),
        advice,
    )
}

impl Table<'_> {
    /// Refuses keys that would hold a secret, whatever their value.
    ///
    /// # Errors
    ///
    /// The first such key, and where its value belongs.
    pub(super) fn holds_no_secret(&self, channel: &str, keys: &[&str]) -> Result<(), Report> {
        let found = keys
            .iter()
            .find_map(|key| self.find(key).map(|(at, _)| (key, at)));
        let Some((key, at)) = found else {
            return Ok(());
        };
        let variable = channel.to_ascii_uppercase().replace(['-', '.'], "_");
        let what = format!(
            "{}: secrets do not belong in this file",
            shown_key(&self.dotted(key))
        );
        let advice = format!("keep it in SMP_{variable}_WEBHOOK, or let setup ask for it");
        Err(self.source.problem_with(at, &what, &advice))
    }
}
