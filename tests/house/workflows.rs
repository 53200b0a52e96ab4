//! The workflows that run on other machines: each action has a full hash, which nobody can move, no foreign text
//! becomes part of a script, and each script is valid for its shell.
#![expect(clippy::disallowed_types, reason = "shells read the scripts")]

mod yaml;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use regex::Regex;

use crate::root;
use yaml::Yaml;

/// A script of a workflow, and the shell that runs it.
struct Script {
    file: PathBuf,
    shell: String,
    text: String,
}

/// Returns the workflows, the action of this project, and the component for GitLab.
fn files() -> Vec<PathBuf> {
    let folder = std::fs::read_dir(root().join(".github/workflows")).unwrap();
    let mut files: Vec<PathBuf> = folder.map(|entry| entry.unwrap().path()).collect();
    files.extend(["action.yml", "templates/git-smp.yml"].map(|file| root().join(file)));
    files
}

fn documents(file: &Path) -> Vec<Yaml> {
    let text = std::fs::read_to_string(file).unwrap();
    yaml::documents(&text).unwrap_or_else(|why| panic!("{}: {why}", file.display()))
}

/// Returns every script of every file.
fn scripts() -> Vec<Script> {
    let mut all = Vec::new();
    for file in files() {
        for document in documents(&file) {
            let shell = document.at(&["defaults", "run", "shell"]);
            collect(
                &document,
                shell.and_then(Yaml::text).unwrap_or("bash"),
                &file,
                &mut all,
            );
        }
    }
    assert!(all.len() > 12, "only {} scripts were found", all.len());
    all
}

fn collect(yaml: &Yaml, shell: &str, file: &Path, all: &mut Vec<Script>) {
    let own = yaml
        .at(&["defaults", "run", "shell"])
        .or_else(|| yaml.at(&["shell"]));
    let shell = own.and_then(Yaml::text).unwrap_or(shell);
    let mut add = |text: String, shell: &str| {
        let (file, shell) = (file.to_owned(), shell.to_owned());
        all.push(Script { file, shell, text });
    };
    if let Some(text) = yaml.at(&["run"]).and_then(Yaml::text) {
        add(text.to_owned(), shell);
    }
    for key in ["before_script", "script", "after_script"] {
        if let Some(Yaml::List(lines)) = yaml.at(&[key]) {
            let lines: Vec<&str> = lines.iter().map(|line| line.text().unwrap()).collect();
            add(lines.join("\n"), "sh");
        }
    }
    for part in yaml.parts() {
        collect(part, shell, file, all);
    }
}

#[test]
fn every_action_is_named_by_a_full_hash() {
    let pinned = Regex::new(r"^[\w.-]+/[\w./-]+@[0-9a-f]{40}$").unwrap();
    let mut seen = 0;
    for file in files() {
        let text = std::fs::read_to_string(&file).unwrap();
        let mut used = Vec::new();
        for document in documents(&file) {
            document.each("uses", &mut |action| {
                used.push(action.text().unwrap().to_owned())
            });
        }
        for action in used {
            seen += 1;
            assert!(pinned.is_match(&action), "{}: {action}", file.display());
            // A comment shows the version for people.
            let told = Regex::new(&format!(
                r"uses: {} # v\d+\.\d+\.\d+\n",
                regex::escape(&action)
            ));
            assert!(
                told.unwrap().is_match(&text),
                "{}: {action}",
                file.display()
            );
        }
    }
    assert!(seen > 5, "no action was found");
}

#[test]
fn scripts_take_the_words_of_others_from_variables() {
    // Values of the same file are not foreign.
    let own = Regex::new(r"\$\{\{ matrix\.\w+ \}\}").unwrap();
    for script in scripts() {
        let text = own.replace_all(&script.text, "");
        for foreign in ["${{", "$[["] {
            assert!(!text.contains(foreign), "{}: {text}", script.file.display());
        }
    }
}

#[test]
fn every_shell_can_read_its_script() {
    let expression = Regex::new(r"\$\{\{.*?\}\}").unwrap();
    for script in scripts() {
        let shell = script.shell.as_str();
        assert!(
            ["bash", "sh"].contains(&shell),
            "{}: {shell}",
            script.file.display()
        );
        let text = expression.replace_all(&script.text, "word");
        let mut child = Command::new(shell)
            .arg("-n")
            .stdin(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut input = child.stdin.take().unwrap();
        input.write_all(text.as_bytes()).unwrap();
        drop(input);
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.success(),
            "{}: {said}\n{text}",
            script.file.display()
        );
    }
}

#[test]
fn workflows_take_no_more_than_they_need() {
    let workflows = files()
        .into_iter()
        .filter(|file| file.starts_with(root().join(".github")));
    for file in workflows {
        let name = file.display();
        let [workflow] = documents(&file)
            .try_into()
            .unwrap_or_else(|_| panic!("{name}"));
        let nothing = workflow.at(&["permissions"]).map(|one| one.parts().count());
        assert_eq!(nothing, Some(0), "{name}");
        for job in workflow.at(&["jobs"]).unwrap().parts() {
            assert!(job.at(&["permissions"]).is_some(), "{name}");
            assert!(job.at(&["timeout-minutes"]).is_some(), "{name}");
        }
        let mut steps = Vec::new();
        workflow.each("steps", &mut |list| steps.extend(list.parts().cloned()));
        let checkouts = steps.iter().filter(|step| {
            let action = step.at(&["uses"]).and_then(Yaml::text);
            action.is_some_and(|action| action.starts_with("actions/checkout@"))
        });
        for checkout in checkouts {
            let kept = checkout
                .at(&["with", "persist-credentials"])
                .and_then(Yaml::text);
            assert_eq!(kept, Some("false"), "{name}");
        }
    }
}

/// The step of the release workflow packs what the installers and the formula unpack.
#[cfg(unix)]
#[test]
fn a_release_is_packed_by_its_own_step() {
    let workflow = &documents(&root().join(".github/workflows/release.yml"))[0];
    let mut steps = Vec::new();
    workflow.each("steps", &mut |list| steps.extend(list.parts().cloned()));
    let name = |step: &&Yaml| step.at(&["name"]).and_then(Yaml::text) == Some("Pack");
    let pack = steps.iter().find(name).unwrap().at(&["run"]).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (target, tag) = ("x86_64-unknown-linux-musl", "v9.8.7");
    let built = folder.path().join("target").join(target).join("release");
    std::fs::create_dir_all(&built).unwrap();
    for file in ["git-smp", "git-smp.d"] {
        std::fs::write(built.join(file), "").unwrap();
    }
    let kept = [
        "man",
        "src",
        "LICENSE-APACHE",
        "LICENSE-MIT",
        "README.md",
        "CHANGELOG.md",
        "config.example.toml",
    ];
    for path in kept {
        std::os::unix::fs::symlink(root().join(path), folder.path().join(path)).unwrap();
    }
    let archive = format!("git-smp-{tag}-{target}");
    let options = ["--noprofile", "--norc", "-eo", "pipefail", "-c"];
    let mut shell = Command::new("bash");
    shell
        .args(options)
        .arg(pack.text().unwrap())
        .current_dir(&folder);
    let packed = shell
        .env("TARGET", target)
        .env("NAME", &archive)
        .status()
        .unwrap();
    assert!(packed.success());
    let mut list = Command::new("tar");
    let list = list
        .arg("-tzf")
        .arg(folder.path().join(format!("out/{archive}.tgz")))
        .output()
        .unwrap();
    let list = String::from_utf8(list.stdout).unwrap();
    let has = |path: &str| list.lines().any(|line| line == format!("{archive}/{path}"));
    for path in [
        "git-smp",
        "man/git-smp.1",
        "man/git-smp-where.1",
        "LICENSE-MIT",
        "README.md",
    ] {
        assert!(has(path), "{path} is missing in {list}");
    }
    for file in ["git-smp.bash", "_git-smp", "git-smp.fish"] {
        assert!(
            has(&format!("completions/{file}")),
            "{file} is missing in {list}"
        );
    }
    assert!(!list.contains("git-smp.d"), "{list}");
}
