//! The clone's notes in `.git/smp` as an attacker would plant them: nothing is read, written or emptied through a link.

use std::os::unix::fs::symlink;
use std::path::Path;

use crate::promote::{ready, scripted};
use crate::sample::sample;
use crate::support::{Deploy, World};

/// The names of all notes.
const NOTES: [&str; 14] = [
    "announced",
    "announced.new",
    "in-flight-production",
    "releasing-production",
    "doubt-production",
    "text",
    "posts",
    "rollbacks",
    "turn",
    "posting",
    "trusted",
    "reviews.json",
    "record-heard",
    "COMMIT_EDITMSG",
];

/// Creates a file that must not be read or emptied.
#[track_caller]
fn elsewhere(deploy: &Deploy) -> std::path::PathBuf {
    let file = deploy.path("precious");
    std::fs::write(&file, "precious").unwrap();
    file
}

#[track_caller]
fn is_precious(file: &Path) {
    assert_eq!(std::fs::read_to_string(file).unwrap(), "precious");
}

#[test]
fn a_note_that_is_a_link_is_refused_by_every_command_and_leads_nowhere() {
    let deploy = ready(World::deploy_like().toml("[record]\nsignoff = false\n"));
    let (precious, before) = (elsewhere(&deploy), deploy.snapshot());
    let commands = [
        vec!["status"],
        vec!["diff"],
        vec!["setup", "--check"],
        scripted(&deploy, &[]),
    ];
    for name in sample(4, NOTES) {
        let note = deploy.work.join(".git/smp").join(name);
        let was = std::fs::read(&note).ok();
        let _ = std::fs::remove_file(&note);
        symlink(&precious, &note).unwrap();
        for args in &commands {
            let run = deploy.smp(args);
            run.exits(1)
                .says("error: git smp cannot use its own files in this clone")
                .says("is a link")
                .prints("");
            run.says(&format!(
                "hint: find out where it came from, then remove it: rm {}\n",
                note.display()
            ));
        }
        is_precious(&precious);
        std::fs::remove_file(&note).unwrap();
        was.into_iter()
            .for_each(|text| std::fs::write(&note, text).unwrap());
    }
    assert_eq!(deploy.snapshot(), before);
    deploy.smp(&["propose", "--yes"]).ok();
    deploy.smp(&commands[3]).ok();
    assert_eq!(deploy.master(&deploy.production), deploy.nth(5));
}

#[test]
fn a_folder_of_notes_that_is_a_link_is_refused_and_a_link_to_nothing_makes_nothing() {
    let deploy = ready(World::deploy_like());
    let (notes, moved) = (deploy.work.join(".git/smp"), deploy.path("moved"));
    std::fs::rename(&notes, &moved).unwrap();
    for to in [moved.clone(), deploy.path("nowhere")] {
        symlink(&to, &notes).unwrap();
        deploy
            .smp(&scripted(&deploy, &[]))
            .exits(1)
            .says("is a link")
            .says(&format!("rm {}\n", notes.display()));
        std::fs::remove_file(&notes).unwrap();
    }
    assert!(!deploy.path("nowhere").exists());
    std::fs::rename(&moved, &notes).unwrap();
    deploy.smp(&["status"]).ok();
}

#[test]
fn a_note_that_is_a_pipe_hangs_nobody() {
    let deploy = ready(World::deploy_like());
    let pipe = deploy.work.join(".git/smp/announced");
    let _ = std::fs::remove_file(&pipe);
    deploy
        .runner()
        .program("mkfifo", &[pipe.to_str().unwrap()])
        .ok();
    deploy
        .smp(&["status"])
        .exits(1)
        .says("is not a file of git smp")
        .says("rm ");
}

#[test]
fn the_path_in_the_hint_is_one_word_wherever_the_clone_lies() {
    let deploy = ready(World::deploy_like());
    let odd = deploy.path("it's; a $(clone)");
    std::fs::rename(&deploy.work, &odd).unwrap();
    symlink(elsewhere(&deploy), odd.join(".git/smp/posts")).unwrap();
    let run = deploy.runner().cwd(&odd).smp(&["status"]);
    run.exits(1)
        .says("rm '/")
        .says("it'\\''s; a $(clone)/.git/smp/posts'\n");
}
