//! The first `smp.toml` of a team: asks for the few things it needs, shows the file, and writes it.

use std::fs::File;
use std::io::Write;
use std::path::Path;

use crate::commands::Session;
use crate::config;
use crate::error::{Report, Stop};
use crate::git::GitConfig;
use crate::text::Line;

/// The pattern that a page is first expected to carry its commit in.
const PATTERN: &str = "data-commit=\"([0-9a-f]{7,64})\"";

/// What to do without a file and without a terminal to ask on.
pub fn how_to_start(path: &Path) -> Stop {
    let report = Report::new(format!("there is no {}", path.display()))
        .because("it names the main repository and the environments, and there is no terminal to ask for them on")
        .hint("copy config.example.toml of git-smp to smp.toml, put your addresses in, then: git smp setup");
    Stop::Misused(report)
}

/// Asks, shows, and writes.
///
/// # Errors
/// When the person stops answering (exit 3), the answers make no lawful file (2), or it cannot be written (1).
pub fn run(session: &Session<'_>, path: &Path) -> Result<(), Stop> {
    session.ui.note(format!("There is no {} yet. A few questions make one; Ctrl-C changes nothing.", path.display()));
    session.ui.catch_interrupts()?;
    let text = questions(session)?;
    config::parse(path, &text).map_err(|report| Stop::Misused(report.hint("answer once more: git smp setup")))?;
    session.ui.note("");
    session.ui.insist(&text.lines().map(|line| Line::plain(format!("  {line}"))).collect::<Vec<_>>());
    if !session.ui.ask_yes(&format!("Write this to {}?", path.display())) {
        return Err(declined());
    }
    // Never over a file that appeared meanwhile.
    let written = File::create_new(path).and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|error| {
        Stop::Failed(Report::new("the file cannot be written").because(format!("{}: {error}", path.display())))
    })
}

fn declined() -> Stop {
    Stop::Declined("nothing was written".to_owned())
}

fn questions(session: &Session<'_>) -> Result<String, Stop> {
    let git = session.repo.config()?;
    let ask = |question: &str, offered: &str| session.ui.ask_text(question, offered).ok_or_else(declined);
    let needed = |question: &str, offered: &str, check: fn(&str) -> Result<(), &'static str>| loop {
        let answer = ask(question, offered)?;
        match check(&answer) {
            Ok(()) => return Ok::<String, Stop>(answer),
            Err(why) => session.ui.warn(format!("that will not do: {why}")),
        }
    };
    let offered = if url_of(git, "upstream").is_some() { "upstream" } else { "origin" };
    let question = "Remote of the main repository, where reviewed work is merged";
    let remote = needed(question, offered, config::check_remote_name)?;
    let main = needed("Its address", &url_of(git, &remote).unwrap_or_default(), config::check_url)?;
    let branch = needed("The branch that is deployed", &branch_of(session, &remote), config::check_branch)?;
    let mut text =
        format!("[repository]\nremote = {}\nurl = {}\nbranch = {}\n", quoted(&remote), quoted(&main), quoted(&branch));
    for (name, promotes) in [("staging", None), ("production", Some("staging"))] {
        let question = format!("Address that a push to {name} goes to");
        let url = needed(&question, &url_of(git, name).unwrap_or_default(), config::check_url)?;
        text.push_str(&format!("\n[environments.{name}]\nurl = {}\n", quoted(&url)));
        if let Some(source) = promotes {
            text.push_str(&format!("promotes = {}\n", quoted(source)));
        }
        text.push_str(&page(session, name)?);
    }
    Ok(text)
}

fn page(session: &Session<'_>, name: &str) -> Result<String, Stop> {
    let question = format!("Page of {name} that shows its commit (empty: believe the branch on its remote)");
    let url = loop {
        let url = session.ui.ask_text(&question, "").ok_or_else(declined)?;
        if url.is_empty() {
            return Ok(String::new());
        }
        match config::check_page(&url) {
            Ok(()) => break url,
            Err(why) => session.ui.warn(format!("that page will not do: {why}")),
        }
    };
    let pattern = session.ui.ask_text("Pattern around the hash on it", PATTERN).ok_or_else(declined)?;
    Ok(format!("\n[environments.{name}.running]\npage = {}\npattern = {}\n", quoted(&url), quoted(&pattern)))
}

/// The branch that the remote calls its own, as far as the clone knows: `git symbolic-ref refs/remotes/REMOTE/HEAD`.
fn branch_of(session: &Session<'_>, remote: &str) -> String {
    let head = format!("refs/remotes/{remote}/HEAD");
    let told = session.repo.program().read("", ["symbolic-ref", "--quiet", &head]).unwrap_or_default();
    let told = String::from_utf8_lossy(&told).trim().to_owned();
    told.strip_prefix(&format!("refs/remotes/{remote}/")).unwrap_or("main").to_owned()
}

fn url_of(git: &GitConfig, remote: &str) -> Option<String> {
    git.get(&format!("remote.{remote}.url")).map(config::display_url)
}

fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}
