//! Tests with shell scripts as editors: what they get, and what they leave behind.

use std::ffi::OsString;

use tempfile::TempDir;

use crate::core::text::shell_word;
use crate::git::editor::*;
use crate::git::tests::scratch;

/// A repository without any settings of the developer's machine, and a person who works there.
pub(crate) struct Desk {
    root: TempDir,
    variables: Vec<(OsString, Option<OsString>)>,
}

impl Desk {
    pub(crate) fn new() -> Self {
        let inherited = std::env::vars_os().map(|(name, _)| name);
        let foreign = |name: &OsString| {
            let name = name.to_string_lossy();
            name.starts_with("GIT_") || ["VISUAL", "EDITOR"].contains(&name.as_ref())
        };
        let mut variables: Vec<_> = inherited.filter(foreign).map(|name| (name, None)).collect();
        let own = [
            ("GIT_CONFIG_GLOBAL", scratch::CONFIG),
            ("GIT_CONFIG_NOSYSTEM", "1"),
            ("HOME", "/nonexistent"),
        ];
        let who = [
            ("GIT_AUTHOR_NAME", "Ada"),
            ("GIT_AUTHOR_EMAIL", "ada@example.com"),
        ];
        let whom = [
            ("GIT_COMMITTER_NAME", "Ben"),
            ("GIT_COMMITTER_EMAIL", "ben@example.com"),
        ];
        variables.extend(
            own.iter()
                .chain(&who)
                .chain(&whom)
                .map(|(name, value)| ((*name).into(), Some(value.into()))),
        );
        let desk = Self {
            root: scratch::folder(),
            variables,
        };
        desk.git(&["init", "-q", "--template=", "-b", "main"]);
        desk
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    pub(crate) fn repo(&self) -> Repo {
        let (git, folder) = (find_on_path("git").unwrap(), self.root.path().to_owned());
        Repo::open_in(git, folder, self.variables.clone()).unwrap()
    }

    /// Runs git, which must succeed, and returns its output.
    pub(crate) fn git(&self, args: &[&str]) -> String {
        let mut command = Command::new("git");
        for (name, value) in &self.variables {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        let output = command
            .args(args)
            .current_dir(self.root.path())
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "git {args:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout)
            .unwrap()
            .trim_end()
            .to_owned()
    }

    /// Makes this script the person's editor. Its first argument is the file.
    pub(crate) fn uses(&self, script: &str) {
        self.uses_at("editor.sh", script);
    }

    fn uses_at(&self, name: &str, script: &str) {
        let file = self.path(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, script).unwrap();
        // A shell reads the script. As a program it could be "busy", because this process writes files in many threads.
        self.git(&[
            "config",
            "core.editor",
            &format!("sh {}", shell_word(file.to_str().unwrap())),
        ]);
    }

    /// Edits this text with the current editor.
    fn edit(&self, text: &str) -> Result<String, Stop> {
        let path = self.path("here/and there/TEXT");
        write(&path, text)?;
        edit(&self.repo(), &path)
    }

    #[track_caller]
    fn refused(&self, error: &str) -> Report {
        let stopped = self.edit("a\n").unwrap_err();
        assert_eq!(stopped.exit_code(), 1);
        let report = stopped.report().unwrap().clone();
        assert_eq!(report.error, error);
        assert_eq!(
            report.hint_text().as_deref(),
            Some("replace the dots with your text: git smp promote --summary '...'")
        );
        report
    }
}

#[test]
fn the_editor_changes_the_text() {
    let desk = Desk::new();
    desk.uses("echo more >>\"$1\"");
    assert_eq!(desk.edit("- one\n").unwrap(), "- one\nmore\n");
    desk.uses("cat \"$1\" \"$1\" >\"$1.new\" && mv \"$1.new\" \"$1\"");
    assert_eq!(desk.edit("Grüße").unwrap(), "GrüßeGrüße");
    desk.uses(": >\"$1\"");
    assert_eq!(desk.edit("- one\n").unwrap(), "");
}

#[test]
fn it_may_be_a_line_of_shell_with_blanks_and_quotes() {
    let desk = Desk::new();
    desk.uses_at("my editors/it's $(one).sh", "echo \"$# $2\" >\"$1\"");
    assert_eq!(desk.edit("").unwrap(), "1 \n");
    let editor = desk.git(&["config", "core.editor"]);
    desk.git(&[
        "config",
        "core.editor",
        &format!("f() {{ {editor} \"$2\" \"$1\"; }}; f --wait"),
    ]);
    assert_eq!(desk.edit("").unwrap(), "2 --wait\n");
    desk.git(&["config", "core.editor", ":"]);
    assert_eq!(desk.edit("as it is").unwrap(), "as it is");
}

#[test]
fn a_ctrl_c_that_the_editor_outlives_costs_no_text() {
    let desk = Desk::new();
    // As from a terminal, the signal reaches the shell around the editor, too.
    desk.uses("trap : INT\nkill -INT $PPID $$\necho more >>\"$1\"");
    assert_eq!(desk.edit("- one\n").unwrap(), "- one\nmore\n");
    // If the tests run with this signal ignored, as under nohup, a shell cannot die of it. So Perl sends it.
    desk.uses("exec perl -e '$SIG{INT} = \"DEFAULT\"; kill \"INT\", $$; sleep 9'");
    let _ = desk.refused("the editor ended (exit status: 130), so this run stopped");
}

#[test]
fn git_chooses_the_editor() {
    let mut desk = Desk::new();
    desk.uses("echo configured >\"$1\"");
    desk.variables.push((
        "GIT_EDITOR".into(),
        Some("f() { echo by-variable >\"$1\"; }; f".into()),
    ));
    assert_eq!(desk.edit("").unwrap(), "by-variable\n");
}

#[test]
fn an_editor_that_fails_or_is_not_there_deploys_nothing() {
    let desk = Desk::new();
    desk.uses("exit 3");
    let report = desk.refused("the editor ended (exit status: 3), so this run stopped");
    assert!(report.because[0].starts_with("it is: sh "), "{report:?}");
    desk.git(&["config", "core.editor", "kill -9 $$; :"]);
    let _ = desk.refused("the editor ended (signal: 9 (SIGKILL)), so this run stopped");
    desk.git(&[
        "config",
        "core.editor",
        "/nonexistent/editor\u{1b}[31m 2>/dev/null",
    ]);
    let report = desk.refused("the editor ended (exit status: 127), so this run stopped");
    assert_eq!(
        report.because,
        ["it is: /nonexistent/editor\\x1b[31m 2>/dev/null"]
    );
}

#[test]
fn where_git_knows_no_editor_it_says_so() {
    let mut desk = Desk::new();
    desk.variables.push(("TERM".into(), Some("dumb".into())));
    let _ = desk.refused("git has no editor configured");
}

#[test]
fn what_is_no_text_any_more_is_refused() {
    let desk = Desk::new();
    for (script, wrong) in [
        ("rm \"$1\"", "does not exist"),
        ("printf 'Gr\\374\\337e' >\"$1\"", "is not UTF-8 text"),
        ("head -c 70000 /dev/zero >\"$1\"", "is larger than 64 KiB"),
        ("rm \"$1\"; mkdir \"$1\"", "cannot be read: is a directory"),
    ] {
        desk.uses(script);
        let report = desk.refused("the text of the editor cannot be used, so this run stopped");
        assert!(
            report.because[0].ends_with(&format!("here/and there/TEXT {wrong}")),
            "{report:?}"
        );
    }
    // The last script left a folder in the place of the next text.
    let _ = desk.refused("the file for the text cannot be written, so this run stopped");
}
