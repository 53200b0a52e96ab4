//! The adapter to the person's editor, the one that `git commit` opens.
#![expect(
    clippy::disallowed_methods,
    reason = "the editor never draws into data that somebody collects"
)]

use std::fs;
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};

use crate::core::refusal::{Report, Stop};
use crate::core::text::visible;
use crate::core::typed::{DOTS, Typed};
use crate::git::Repo;
use crate::git::program::{find_on_path, on_absolute_path};
use crate::terminal::file;

/// Lets the person edit the file at `path`, and returns its text afterwards.
///
/// A Ctrl-C in the editor reaches this program as well. A caller that must survive it has to catch it.
pub fn edit(repo: &Repo, path: &Path) -> Result<String, Stop> {
    // git chooses the editor: `GIT_EDITOR`, `core.editor`, `VISUAL`, `EDITOR`.
    let asked = (repo.program()).text("git has no editor configured", ["var", "GIT_EDITOR"]);
    let editor = asked.map_err(|stopped| match stopped {
        Stop::Failed(report) => stop(report),
        other => other,
    })?;
    let editor = editor.trim_end();
    let ended = start(editor, path)
        .map_err(|error| stop(failed("cannot be started", editor).because(error.to_string())))?;
    if !ended.success() {
        return Err(stop(failed(&format!("ended ({ended})"), editor)));
    }
    file::read(path).map_err(|wrong| {
        let report = Report::new("the text of the editor cannot be used, so this run stopped");
        stop(report.because(format!("{} {wrong}", path.display())))
    })
}

/// Writes a text to a file that the person can find again.
pub fn write(path: &Path, text: impl AsRef<[u8]>) -> Result<(), Stop> {
    let folder = path.parent().map_or(Ok(()), fs::create_dir_all);
    let written = folder.and_then(|()| fs::write(path, text));
    written.map_err(|error| {
        let report = Report::new("the file for the text cannot be written, so this run stopped");
        stop(report.because(format!("{}: {error}", path.display())))
    })
}

/// Runs the editor through a shell, as git does: it may be `code --wait`, or contain quotes.
fn start(editor: &str, path: &Path) -> io::Result<ExitStatus> {
    // The editor never draws into output that another program collects.
    let screen = match io::stdout().is_terminal() {
        true => Stdio::inherit(),
        false => Stdio::from(io::stderr()),
    };
    let shell = find_on_path("sh").unwrap_or_else(|| PathBuf::from("/bin/sh"));
    // Without the trap, a Ctrl-C in the editor would end the waiting shell once the editor is done, and the text would
    // be lost. The editor does not inherit the trap, nor our own handler, and treats Ctrl-C as usual.
    let line = format!("trap : INT; {editor} \"$@\"");
    let mut command = Command::new(shell);
    on_absolute_path(&mut command);
    command.args(["-c", &line, editor]).arg(path);
    command
        .env_remove("SMP_TECHNICAL_WEBHOOK")
        .env_remove("SMP_PRODUCT_WEBHOOK");
    command
        .stdin(Stdio::inherit())
        .stdout(screen)
        .stderr(Stdio::inherit())
        .status()
}

fn failed(how: &str, editor: &str) -> Report {
    let report = Report::new(format!("the editor {how}, so this run stopped"));
    report.because(format!("it is: {}", visible(editor)))
}

fn stop(report: Report) -> Stop {
    let text = Typed::smp("promote").dotted("--summary");
    Stop::Failed(report.run(DOTS, text))
}

#[cfg(test)]
#[cfg(unix)]
pub(crate) mod tests;
