//! The tricks by which one person, or a script with that person's key, could try to promote alone. Each is played on
//! the same world with ada's proposal of staging's commit, and must leave production unchanged.

use std::path::Path;

use super::checked::blocked_after_a_yes;
use super::{by, forged, git, key_of, promote, proposed, tip, with_key};
use crate::support::{Deploy, Runner};

type Trick = (&'static str, fn(&Deploy));

const TRICKS: [Trick; 46] = [
    ("--yes and the commit, with nobody's yes", |_| {}),
    ("a yes of one's own", |deploy| {
        by(deploy, "ada").smp(&["signoff"]).exits(1);
    }),
    ("--by somebody else", |deploy| {
        by(deploy, "ada").smp(&["signoff", "--by", "rosi"]).exits(1);
    }),
    ("another user.name and user.email", |deploy| {
        with_key(deploy, "rosi", "ada").smp(&["signoff"]).exits(1);
    }),
    ("another name by variables of the environment", |deploy| {
        let names = ["AUTHOR", "COMMITTER"].into_iter();
        let as_rosi = names.fold(by(deploy, "ada"), |runner, who| {
            runner
                .env(&format!("GIT_{who}_NAME"), "rosi")
                .env(&format!("GIT_{who}_EMAIL"), "rosi@example.com")
        });
        as_rosi.smp(&["signoff"]).exits(1);
    }),
    ("a key that was made just now", |deploy| {
        with_key(deploy, "rosi", "eve").smp(&["signoff"]).exits(1);
    }),
    ("smp.toml without signatures, agreed to", |deploy| {
        edited(deploy, "signed = true\n[policy]\nfour_eyes = true\n", "");
        let ada = by(deploy, "ada");
        ada.smp(&["setup", "--yes"]);
        ada.smp(&["signoff", "--by", "rosi"]);
        refused(deploy, &ada, "not-verified");
    }),
    ("smp.toml without four eyes, agreed to", |deploy| {
        edited(deploy, "four_eyes = true\n", "");
        let ada = by(deploy, "ada");
        ada.smp(&["setup", "--yes"]).ok();
        ada.smp(&["signoff"]).exits(1);
        refused(deploy, &ada, "not-verified");
    }),
    ("smp.toml without a record, agreed to", |deploy| {
        without_record(deploy);
        refused(deploy, &by(deploy, "ada"), "not-verified");
    }),
    ("production made a place to stage to", |deploy| {
        edited(deploy, "promotes = \"staging\"\n", "");
        let toml = deploy.toml();
        let (head, rest) = toml.split_once("[environments.staging]").unwrap();
        let (staging, rest) = rest.split_once("[environments.production]").unwrap();
        let (production, end) = rest.split_once("[record]").unwrap();
        deploy.write_toml(&format!(
            "{head}[environments.production]{production}[environments.staging]{staging}promotes = \"production\"\n[record]{end}"
        ));
        let ada = by(deploy, "ada");
        ada.smp(&["setup", "--yes"]).ok();
        ada.smp(&["stage", deploy.nth(5), "--yes"]).exits(1);
    }),
    ("another file by --config", |deploy| {
        let other = other_file(deploy);
        let ada = by(deploy, "ada");
        ada.smp(&["setup", "--yes", "--config", &other]).ok();
        let args = [
            "promote",
            "--yes",
            "--commit",
            deploy.nth(5),
            "--config",
            &other,
        ];
        ada.smp(&args).exits(1);
    }),
    ("another file by GIT_SMP_CONFIG", |deploy| {
        let ada = by(deploy, "ada").env("GIT_SMP_CONFIG", other_file(deploy));
        ada.smp(&["setup", "--yes"]).ok();
        refused(deploy, &ada, "not-verified");
    }),
    (
        "another file by the name of one that the main branch has",
        |deploy| {
            let other = other_file(deploy);
            std::fs::create_dir_all(deploy.work.join(".smp")).unwrap();
            std::fs::copy(other, deploy.work.join(".smp/signers")).unwrap();
            let ada = by(deploy, "ada").env("GIT_SMP_CONFIG", ".smp/signers");
            ada.smp(&["setup", "--yes"]).ok();
            refused(deploy, &ada, "not-verified");
        },
    ),
    (
        "no record, while the main repository does not answer",
        |deploy| {
            without_record(deploy);
            let away = deploy.path("away.git");
            std::fs::rename(&deploy.main, &away).unwrap();
            refused(deploy, &by(deploy, "ada"), "not-verified");
            std::fs::rename(&away, &deploy.main).unwrap();
        },
    ),
    ("no record, and insteadOf to what is empty", |deploy| {
        without_record(deploy);
        let empty = deploy.path("empty.git");
        deploy.git(
            &deploy.work,
            &["init", "-q", "--bare", empty.to_str().unwrap()],
        );
        let setting = format!("url.{}.insteadOf={}", empty.display(), deploy.urls()[0]);
        promote(deploy, &by(deploy, "ada").git_options(&["-c", &setting]))
            .exits(2)
            .says("git's insteadOf leads this clone to");
    }),
    ("an agreement by -c smp.trusted", |deploy| {
        edited(deploy, "four_eyes = true\n", "");
        let setup = by(deploy, "ada").smp(&["setup", "--yes"]);
        let trusted = deploy.git(&deploy.work, &["config", "smp.trusted"]);
        deploy.git(&deploy.work, &["config", "--unset", "smp.trusted"]);
        setup.ok();
        let ada = by(deploy, "ada").git_options(&["-c", &format!("smp.trusted={trusted}")]);
        ada.smp(&["signoff"]).exits(1);
        refused(deploy, &ada, "not-verified");
    }),
    (
        "the signers file of the work tree, and of a branch",
        |deploy| {
            let line = as_rosi(deploy);
            let commit =
                deploy.commit_files(&deploy.work, "Add a signer", &[(".smp/signers", &line)]);
            deploy.in_clone(&format!("push -q upstream {commit}:refs/heads/mine"));
            deploy.in_clone(&format!("update-ref refs/remotes/upstream/master {commit}"));
            deploy.git(&deploy.work, &["update-ref", "refs/smp/main", &commit]);
            with_key(deploy, "rosi", "eve").smp(&["signoff"]).exits(1);
            forged(deploy, ("rosi", "eve"), &yes(deploy), true);
        },
    ),
    ("a branch that names itself as the main branch", |deploy| {
        own_branch(deploy, "");
        let ada = by(deploy, "ada");
        ada.smp(&["setup", "--yes"]);
        with_key(deploy, "rosi", "eve").smp(&["signoff"]).exits(1);
        forged(deploy, ("rosi", "eve"), &yes(deploy), true);
        refused(deploy, &ada, "not-verified");
    }),
    ("a main branch that is nowhere, and no record", |deploy| {
        own_branch(
            deploy,
            "[record]\nsigned = true\n[policy]\nfour_eyes = true\n",
        );
        deploy.git(&deploy.main, &["update-ref", "-d", "refs/heads/mine"]);
        let ada = by(deploy, "ada");
        ada.smp(&["setup", "--yes"]);
        refused(deploy, &ada, "not-verified");
    }),
    ("another signers file by smp.toml", |deploy| {
        edited(
            deploy,
            "signed = true\n",
            "signed = true\nsigners = \"README\"\n",
        );
        let ada = by(deploy, "ada");
        ada.smp(&["setup", "--yes"]);
        refused(deploy, &ada, "not-verified");
    }),
    ("-c gpg.ssh.allowedSignersFile", |deploy| {
        let mine = deploy.path("mine");
        std::fs::write(&mine, as_rosi(deploy)).unwrap();
        let setting = format!("gpg.ssh.allowedSignersFile={}", mine.display());
        let eve = with_key(deploy, "rosi", "eve").git_options(&["-c", &setting]);
        eve.smp(&["signoff"]).exits(1);
        forged(deploy, ("rosi", "eve"), &yes(deploy), true);
        refused(
            deploy,
            &by(deploy, "ada").git_options(&["-c", &setting]),
            "not-signed-off",
        );
    }),
    ("-c gpg.ssh.program that is content with all", |deploy| {
        let content = deploy.path("bin/content");
        let script = "case \"$*\" in *find-principals*) echo rosi@example.com ;; \
            *sign*) exec ssh-keygen \"$@\" ;; \
            *) echo 'Good \"git\" signature for rosi@example.com with ED25519 key SHA256:x' ;; esac";
        deploy.executable(&content, script);
        let settings = ["-c", &format!("gpg.ssh.program={}", content.display())];
        with_key(deploy, "rosi", "eve")
            .git_options(&settings)
            .smp(&["signoff"])
            .exits(1);
        forged(deploy, ("rosi", "eve"), &yes(deploy), true);
        refused(
            deploy,
            &by(deploy, "ada").git_options(&settings),
            "not-signed-off",
        );
    }),
    ("the same by variables of the environment", |deploy| {
        let mine = deploy.path("mine");
        std::fs::write(&mine, as_rosi(deploy)).unwrap();
        forged(deploy, ("rosi", "eve"), &yes(deploy), true);
        let ada = by(deploy, "ada")
            .env("GIT_CONFIG_COUNT", "2")
            .env("GIT_CONFIG_KEY_0", "gpg.ssh.allowedSignersFile")
            .env("GIT_CONFIG_VALUE_0", &mine)
            .env("GIT_CONFIG_KEY_1", "gpg.ssh.program")
            .env("GIT_CONFIG_VALUE_1", "true");
        refused(deploy, &ada, "not-signed-off");
    }),
    ("a replayed event", |deploy| {
        // Rosi's signed sign-off of the same commit, given to a proposal that was closed.
        let ada = by(deploy, "ada");
        by(deploy, "rosi").smp(&["signoff"]).ok();
        let hers = tip(deploy);
        ada.smp(&["postpone", "--yes", "--reason", "later"]).ok();
        ada.smp(&["propose", "--yes"]).ok();
        append(deploy, |_, parent| {
            raw(deploy, &hers).replace(&parent_of(deploy, &hers), parent)
        });
    }),
    ("a re-attributed event", |deploy| {
        forged(deploy, ("ada", "ada"), &yes(deploy), true);
        let own = tip(deploy);
        append(deploy, |_, parent| {
            let text = raw(deploy, &own).replace(&parent_of(deploy, &own), parent);
            text.replace("ada <ada@example.com>", "rosi <rosi@example.com>")
        });
        forged(deploy, ("rosi", "ada"), &yes(deploy), true);
    }),
    ("an unsigned event with a state that says yes", |deploy| {
        let tree = deploy.git(&deploy.main, &["show", "refs/smp/record:state.json"]);
        let said = "\"verdicts\": [{\"by\": \"rosi\", \"recorded_by\": {\"name\": \"rosi\", \
            \"email\": \"rosi@example.com\"}, \"verdict\": \"pass\", \"note\": null, \"at\": 7}]";
        let state = tree.replace("\"verdicts\": []", said);
        assert_ne!(state, tree);
        let git = |args: &[&str], input: String| {
            let git = deploy.runner().cwd(&deploy.main).stdin(input);
            git.program("git", args).ok().out().trim().to_owned()
        };
        let blob = git(&["hash-object", "-w", "--stdin"], state);
        let tree = git(&["mktree"], format!("100644 blob {blob}\tstate.json\n"));
        append(deploy, |old, _| {
            let (_, rest) = old.split_once('\n').unwrap();
            let (head, message) = rest.split_once("\ngpgsig ").unwrap();
            let (_, message) = message.split_once("-----END SSH SIGNATURE-----\n").unwrap();
            format!("tree {tree}\n{head}\n{message}")
        });
    }),
    ("a record that is wound back to before a block", |deploy| {
        by(deploy, "rosi").smp(&["signoff"]).ok();
        let yes = tip(deploy);
        by(deploy, "rosi")
            .smp(&["signoff", "--block", "it is broken"])
            .ok();
        deploy.git(&deploy.main, &["update-ref", "refs/smp/record", &yes]);
        refused(deploy, &by(deploy, "ada"), "record-rewound");
    }),
    ("a merge on the record that leaves a block out", |deploy| {
        by(deploy, "rosi").smp(&["signoff"]).ok();
        let yes = tip(deploy);
        by(deploy, "rosi")
            .smp(&["signoff", "--block", "it is broken"])
            .ok();
        let tree = format!("{yes}^{{tree}}");
        let args = [
            "commit-tree",
            "-S",
            &tree,
            "-p",
            &yes,
            "-p",
            &tip(deploy),
            "-m",
            "Nothing",
        ];
        let merge = git(deploy, ("ada", "ada"), &[], &args);
        deploy.git(&deploy.main, &["update-ref", "refs/smp/record", &merge]);
        refused(deploy, &by(deploy, "ada"), "record-unreadable");
        // A clone without a copy of the record refuses as well.
        deploy.git(&deploy.work, &["update-ref", "-d", "refs/smp/seen"]);
        refused(deploy, &by(deploy, "ada"), "record-unreadable");
    }),
    ("notes of this clone that say what git did not", |deploy| {
        let forged = forged(deploy, ("rosi", "eve"), &yes(deploy), true);
        deploy.smp(&["status"]).ok();
        let notes = deploy.work.join(".git/smp/signatures");
        let text = std::fs::read_to_string(&notes).unwrap();
        let mut note: serde_json::Value = serde_json::from_str(&text).unwrap();
        let events = note["events"].as_array_mut().unwrap();
        let ours = events
            .iter_mut()
            .find(|event| event[0] == forged.as_str())
            .unwrap();
        ours[1] = serde_json::json!({ "by": "rosi@example.com" });
        std::fs::write(&notes, note.to_string()).unwrap();
    }),
    ("git replace of the signers file", |deploy| {
        let old = deploy.git(&deploy.main, &["rev-parse", "master:.smp/signers"]);
        let own = deploy.runner().cwd(&deploy.work).stdin(as_rosi(deploy));
        let own = own
            .program("git", &["hash-object", "-w", "--stdin"])
            .ok()
            .out();
        deploy.git(&deploy.work, &["replace", "-f", &old, own.trim()]);
        forged(deploy, ("rosi", "eve"), &yes(deploy), true);
    }),
    // Before git 2.42 this setting overrides the variable.
    (
        "git replace of a block, and -c core.useReplaceRefs",
        |deploy| {
            let (block, harmless) = blocked_after_a_yes(deploy);
            deploy.git(&deploy.work, &["replace", "-f", &block, &harmless]);
            let replaces = ["-c", "core.useReplaceRefs=true"];
            refused(deploy, &by(deploy, "ada").git_options(&replaces), "blocked");
        },
    ),
    ("another main repository by url.insteadOf", |deploy| {
        let mine = deploy.path("mine.git");
        deploy
            .runner()
            .program(
                "cp",
                &["-a", deploy.main.to_str().unwrap(), mine.to_str().unwrap()],
            )
            .ok();
        let setting = format!("url.{}.insteadOf={}", mine.display(), deploy.urls()[0]);
        let ada = by(deploy, "ada").git_options(&["-c", &setting]);
        ada.smp(&["promote", "--yes", "--commit", deploy.nth(5)])
            .exits(2)
            .says("git's insteadOf leads this clone to");
    }),
    ("-c gpg.x509.program for a signature of X.509", |deploy| {
        let key = "0123456789ABCDEF0123456789ABCDEF01234567";
        signers(deploy, &format!("cem@example.com openpgp {key}"));
        let content = deploy.path("bin/content-with-x509");
        let script = format!(
            "echo '[GNUPG:] NEWSIG'; echo '[GNUPG:] GOODSIG 89ABCDEF01234567 cem'; \
                 echo '[GNUPG:] VALIDSIG {key} 2026-01-01 1796000000 0 4 0 1 10 00 {key}'; \
                 echo '[GNUPG:] TRUST_ULTIMATE 0 pgp'"
        );
        deploy.executable(&content, &script);
        let said = yes(deploy).replace("rosi", "cem");
        append(deploy, |old, parent| {
            let lines: Vec<&str> = old.lines().collect();
            let who = |line: &str| line.replace("ada <ada@example.com>", "cem <cem@example.com>");
            let (author, committer) = (who(lines[2]), who(lines[3]));
            format!(
                "{}\nparent {parent}\n{author}\n{committer}\ngpgsig -----BEGIN SIGNED MESSAGE-----\n aGVsbG8=\n \
                     -----END SIGNED MESSAGE-----\n\n{said}",
                lines[0]
            )
        });
        let setting = format!("gpg.x509.program={}", content.display());
        let ada = by(deploy, "ada").git_options(&["-c", &setting]);
        refused(deploy, &ada, "not-signed-off");
    }),
    ("-c gpg.ssh.revocationFile against a block", |deploy| {
        let line = key_line(deploy, "eve");
        signers(deploy, &format!("eve@example.com {line}"));
        by(deploy, "eve").smp(&["signoff"]).ok();
        by(deploy, "rosi")
            .smp(&["signoff", "--block", "it is broken"])
            .ok();
        let revoked = key_of(deploy, "rosi").with_extension("pub");
        let setting = format!("gpg.ssh.revocationFile={}", revoked.display());
        let ada = by(deploy, "ada").git_options(&["-c", &setting]);
        promote(deploy, &ada).exits(1);
    }),
    (
        "a program of the work tree, by a relative folder of PATH",
        |deploy| {
            forged(deploy, ("rosi", "eve"), &yes(deploy), true);
            let script = "case \"$*\" in *find-principals*) echo rosi@example.com ;; \
                *) echo 'Good \"git\" signature for rosi@example.com with ED25519 key SHA256:x' ;; esac";
            deploy.executable(deploy.work.join("ssh-keygen"), script);
            let all = deploy.env().into_iter();
            let mut path = all.filter(|(name, _)| name == "PATH").map(|own| own.1);
            let path = path.next_back().unwrap();
            for first in [".:", ":"] {
                let path = format!("{first}{}", path.to_str().unwrap());
                let ada = by(deploy, "ada").env("PATH", path);
                refused(deploy, &ada, "not-signed-off");
            }
        },
    ),
    ("smp.toml of main written over in this clone", |deploy| {
        edited(
            deploy,
            "[record]\nsigned = true\n[policy]\nfour_eyes = true\n",
            "",
        );
        let mine = hashed(deploy, &deploy.toml());
        written_over(deploy, "master:smp.toml", &mine);
        let ada = by(deploy, "ada");
        ada.smp(&["setup", "--yes"]);
        refused(deploy, &ada, "not-verified");
    }),
    ("the signers file written over in this clone", |deploy| {
        let mine = hashed(deploy, &as_rosi(deploy));
        written_over(deploy, "master:.smp/signers", &mine);
        with_key(deploy, "rosi", "eve").smp(&["signoff"]).exits(1);
        forged(deploy, ("rosi", "eve"), &yes(deploy), true);
        refused(deploy, &by(deploy, "ada"), "not-verified");
    }),
    ("a folder of main written over in this clone", |deploy| {
        let empty = deploy.in_clone("hash-object -w -t tree /dev/null");
        written_over(deploy, "master^{tree}", &empty);
        refused(deploy, &by(deploy, "ada"), "not-verified");
    }),
    ("a block written over in this clone", |deploy| {
        let (block, harmless) = blocked_after_a_yes(deploy);
        written_over(deploy, &block, &harmless);
        refused(deploy, &by(deploy, "ada"), "not-verified");
    }),
    (
        "a block written over by what is too large for an event",
        |deploy| {
            let (block, harmless) = blocked_after_a_yes(deploy);
            let text = deploy.in_clone(&format!("cat-file commit {harmless}"))
                + &"long ".repeat(200 << 10);
            let git = deploy.runner().cwd(&deploy.work).stdin(text);
            let args = ["hash-object", "-t", "commit", "-w", "--stdin"];
            let large = git.program("git", &args).ok().out().trim().to_owned();
            written_over(deploy, &block, &large);
            refused(deploy, &by(deploy, "ada"), "not-verified");
        },
    ),
    ("events cut off by .git/shallow", |deploy| {
        by(deploy, "rosi").smp(&["signoff"]).ok();
        let cut = parent_of(deploy, &tip(deploy));
        std::fs::write(deploy.work.join(".git/shallow"), format!("{cut}\n")).unwrap();
        by(deploy, "ada")
            .smp(&["postpone", "--yes", "--reason", "later"])
            .exits(1)
            .says("this clone has only a part of the record");
    }),
    (
        "another main repository by remote.upstream.uploadpack",
        |deploy| {
            let mine = deploy.path("mine.git");
            for (key, program) in [
                ("uploadpack", "git-upload-pack"),
                ("receivepack", "git-receive-pack"),
                ("vcs", "git-remote-mine"),
            ] {
                let setting = format!("remote.upstream.{key}={program} {} #", mine.display());
                let ada = by(deploy, "ada").git_options(&["-c", &setting]);
                let args = ["promote", "--yes", "--commit", deploy.nth(5)];
                ada.smp(&args)
                    .exits(2)
                    .says(&format!("remote.upstream.{key} replaces the program"));
            }
        },
    ),
    ("--no-verify, and an alias", |deploy| {
        by(deploy, "ada")
            .smp(&["promote", "--yes", "--no-verify"])
            .exits(2);
        deploy.git(&deploy.work, &["config", "alias.smp", "!true"]);
        deploy.git(
            &deploy.work,
            &["config", "alias.ship", "!git smp promote --yes"],
        );
        let args = ["ship", "--commit", deploy.nth(5)];
        assert_ne!(deploy.try_git(&deploy.work, &args).code, 0);
    }),
    (
        "a comment that nobody made, put on record by hand",
        |deploy| {
            let ada = by(deploy, "ada");
            ada.smp(&["postpone", "--yes", "--reason", "later"]).ok();
            let commit = deploy.nth(5);
            let from = deploy.nth(2);
            let proposal = format!(
                "ada proposed\n\nSmp-Event: proposed\nSmp-Id: 00000000000000aa\nSmp-Commit: {commit}\nSmp-Login: zoe\n\
             Smp-Environment: staging\nSmp-Date: 2022-03-02\nSmp-Target: production {from}\n"
            );
            forged(deploy, ("ada", "ada"), &proposal, true);
            let comment =
                "Smp-Login: rosi\nSmp-Comment: 7\nSmp-Address: https://forge.example/1#7\n";
            forged(
                deploy,
                ("ada", "ada"),
                &format!("{}{comment}", yes(deploy)),
                true,
            );
            let status = deploy.smp(&["status", "--json"]).ok().json();
            assert_eq!(status["candidate"]["signoffs"][0]["by"], "rosi");
            refused(deploy, &ada, "same-person");
        },
    ),
    ("a yes to a fix of one's own", |deploy| {
        let (ada, rosi) = (by(deploy, "ada"), by(deploy, "rosi"));
        ada.smp(&["postpone", "--yes", "--reason", "later"]).ok();
        rosi.smp(&["propose", "--yes"]).ok();
        ada.smp(&["stage", "--fix", deploy.nth(6), "--yes"]).ok();
        let fix = deploy.master(&deploy.staging);
        ada.smp(&["signoff"]).exits(1).says(
            "error: you deployed a fix of the candidate, so your own sign-off does not count\n",
        );
        let typed = yes(deploy).replace(deploy.nth(5), &fix);
        forged(deploy, ("ada", "ada"), &typed, true);
        let args = ["promote", "--yes", "--commit", &fix];
        ada.smp(&args)
            .exits(1)
            .says("only those who proposed")
            .says("ada deployed a fix, with the key of ada@example.com")
            .says("hint: or close the candidate: git smp postpone\n")
            .says("hint: then propose it again: git smp propose\n");
    }),
    ("a fix that nobody looked at behind a yes", |deploy| {
        by(deploy, "rosi").smp(&["signoff"]).ok();
        let ada = by(deploy, "ada");
        ada.smp(&["stage", "--fix", deploy.nth(6), "--yes"]).ok();
        let fix = deploy.master(&deploy.staging);
        assert_ne!(fix, deploy.nth(5));
        ada.smp(&["promote", "--yes", "--commit", &fix]).exits(1);
    }),
];

/// Returns the message of rosi's sign-off of the candidate, as the program writes it.
pub fn yes(deploy: &Deploy) -> String {
    let commit = deploy.nth(5);
    format!(
        "rosi signed off {}\n\nSmp-Event: signed-off\nSmp-Id: 0123456789abcdef\nSmp-Program: git-smp 0.1.0\n\
         Smp-Commit: {commit}\nSmp-Of: rosi\n",
        &commit[..8]
    )
}

/// Returns a signers line that makes eve's key rosi's.
fn as_rosi(deploy: &Deploy) -> String {
    format!("rosi@example.com {}", key_line(deploy, "eve"))
}

/// Returns a public key in the form of the signers file.
fn key_line(deploy: &Deploy, name: &str) -> String {
    std::fs::read_to_string(key_of(deploy, name).with_extension("pub")).unwrap()
}

/// Adds a line to the signers file of the main branch.
fn signers(deploy: &Deploy, line: &str) {
    let old = deploy.git(&deploy.main, &["show", "master:.smp/signers"]);
    let text = format!("{old}\n{line}\n");
    deploy.git(&deploy.work, &["fetch", "-q", "upstream"]);
    let at_main = ["checkout", "-q", "-f", "-B", "mine", "upstream/master"];
    deploy.git(&deploy.work, &at_main);
    let commit = deploy.commit_files(
        &deploy.work,
        "Let one more count",
        &[(".smp/signers", &text)],
    );
    let to = format!("{commit}:refs/heads/master");
    deploy.git(&deploy.work, &["push", "-q", "upstream", &to]);
}

/// Stores this text in the clone and returns its hash.
fn hashed(deploy: &Deploy, text: &str) -> String {
    let git = deploy.runner().cwd(&deploy.work).stdin(text);
    let args = ["hash-object", "-w", "--stdin"];
    git.program("git", &args).ok().out().trim().to_owned()
}

/// Overwrites the clone's file of the main repository's object `name` with another object, as `cp` does.
pub fn written_over(deploy: &Deploy, name: &str, other: &str) {
    // Git prefers objects in packs, so unpack them first.
    let unpack = "cd .git/objects/pack && mkdir -p ../../packs && for pack in *.pack; do [ -e \"$pack\" ] || continue; \
        mv \"$pack\" ../../packs/ && rm -f \"${pack%.pack}\".* && git unpack-objects -q < ../../packs/\"$pack\" || exit 1; done";
    let shell = deploy.runner().cwd(&deploy.work);
    shell.program("sh", &["-c", unpack]).ok();
    let id = deploy.git(&deploy.main, &["rev-parse", name]);
    let file = |id: &str| {
        let (folder, rest) = id.split_at(2);
        deploy.work.join(".git/objects").join(folder).join(rest)
    };
    assert!(file(&id).exists(), "{name}");
    std::fs::remove_file(file(&id)).unwrap();
    std::fs::copy(file(other), file(&id)).unwrap();
}

#[track_caller]
fn edited(deploy: &Deploy, old: &str, new: &str) {
    let toml = deploy.toml();
    assert!(toml.contains(old), "{toml}");
    deploy.write_toml(&toml.replace(old, new));
}

/// Creates a branch whose smp.toml names it as the main branch and whose signers file gives eve's key to rosi.
/// `without`: the text that its smp.toml leaves out.
fn own_branch(deploy: &Deploy, without: &str) {
    edited(deploy, "\nbranch = \"master\"\n", "\nbranch = \"mine\"\n");
    edited(deploy, "\npromotes", "\nbranch = \"master\"\npromotes");
    edited(
        deploy,
        "[environments.staging]\n",
        "[environments.staging]\nbranch = \"master\"\n",
    );
    edited(deploy, without, "");
    let signers = deploy.git(&deploy.main, &["show", "master:.smp/signers"]);
    let signers = format!("{signers}\n{}", as_rosi(deploy));
    let files = [("smp.toml", deploy.toml()), (".smp/signers", signers)];
    let files = files.each_ref().map(|(path, text)| (*path, text.as_str()));
    let commit = deploy.commit_files(&deploy.work, "Mine", &files);
    let to = format!("{commit}:refs/heads/mine");
    deploy.git(&deploy.work, &["push", "-q", "upstream", &to]);
}

/// Agrees to an smp.toml without a record that is on no branch.
fn without_record(deploy: &Deploy) {
    edited(
        deploy,
        "[record]\nsigned = true\n[policy]\nfour_eyes = true\n",
        "",
    );
    by(deploy, "ada").smp(&["setup", "--yes"]).ok();
}

fn other_file(deploy: &Deploy) -> String {
    let other = deploy.path("other.toml");
    std::fs::write(&other, deploy.toml().replace("four_eyes = true", "")).unwrap();
    other.to_str().unwrap().to_owned()
}

#[track_caller]
fn refused(deploy: &Deploy, runner: &Runner<'_>, code: &str) {
    let json = runner.smp(&["promote", "-n", "--json"]);
    assert_eq!(json.exits(1).json()["refusal"]["code"], code);
    promote(deploy, runner).exits(1);
}

/// Returns the text of a commit object.
fn raw(deploy: &Deploy, commit: &str) -> String {
    let text = deploy.runner().cwd(&deploy.main);
    text.program("git", &["cat-file", "commit", commit])
        .ok()
        .out()
}

fn parent_of(deploy: &Deploy, commit: &str) -> String {
    deploy.git(&deploy.main, &["rev-parse", &format!("{commit}^")])
}

/// Appends a commit to the record that is made from the last one's text and hash.
fn append(deploy: &Deploy, made: impl Fn(&str, &str) -> String) {
    let tip = tip(deploy);
    let text = made(&raw(deploy, &tip), &tip);
    let git = deploy.runner().cwd(&deploy.main).stdin(text);
    let args = ["hash-object", "-t", "commit", "-w", "--stdin"];
    let commit = git.program("git", &args).ok().out();
    deploy.git(
        &deploy.main,
        &["update-ref", "refs/smp/record", commit.trim()],
    );
}

/// Returns the folders that a trick may change.
fn folders(deploy: &Deploy) -> [&Path; 4] {
    [
        &deploy.main,
        &deploy.staging,
        &deploy.production,
        &deploy.work,
    ]
}

#[track_caller]
pub fn copied(deploy: &Deploy, from: &Path, to: &Path) {
    let _ = std::fs::remove_dir_all(to);
    let args = ["-a", from.to_str().unwrap(), to.to_str().unwrap()];
    deploy.runner().cwd("").program("cp", &args).ok();
}

#[test]
fn no_trick_of_one_person_leads_to_production() {
    let deploy = proposed();
    let kept = |folder: &Path| deploy.path("kept").join(folder.file_name().unwrap());
    std::fs::create_dir(deploy.path("kept")).unwrap();
    for folder in folders(&deploy) {
        copied(&deploy, folder, &kept(folder));
    }
    let was = deploy.deploys(&deploy.production);
    for (name, trick) in TRICKS {
        eprintln!("{name}");
        trick(&deploy);
        // After each trick, run the command of a script.
        let run = promote(&deploy, &by(&deploy, "ada"));
        assert_ne!(run.code, 0, "{name}: {run}");
        assert_eq!(deploy.deploys(&deploy.production), was, "{name}");
        assert_eq!(deploy.master(&deploy.production), deploy.nth(2), "{name}");
        for folder in folders(&deploy) {
            copied(&deploy, &kept(folder), folder);
        }
    }
    // The world itself allows a promotion: another person's sign-off suffices.
    by(&deploy, "rosi").smp(&["signoff"]).ok();
    promote(&deploy, &by(&deploy, "ada")).ok();
    assert_eq!(deploy.master(&deploy.production), deploy.nth(5));
}

#[test]
fn a_rollback_ships_nothing_that_never_ran_there_not_even_for_a_person() {
    let deploy = proposed();
    deploy.git(&deploy.work, &["checkout", "-q", "--detach", deploy.nth(1)]);
    let beside = deploy.commit(&deploy.work, "Nobody saw this");
    let ada = by(&deploy, "ada");
    let told = |run: crate::support::Run| {
        run.exits(1)
            .says("is not an ancestor of the commit that production runs")
            .says("the record does not show that");
        assert_eq!(deploy.master(&deploy.production), deploy.nth(2));
    };
    told(ada.terminal(&["rollback", "--to", &beside]).ends());
    // Ada's own event that it ran there does not help either.
    let ran = format!(
        "ada promoted\n\nSmp-Event: promoted\nSmp-Id: 00000000000000ab\nSmp-Program: git-smp 0.1.0\nSmp-Commit: {beside}\n\
         Smp-Environment: production\nSmp-From: {}\nSmp-Commits: 1\nSmp-Unsigned: yes\n",
        deploy.nth(2)
    );
    forged(&deploy, ("ada", "ada"), &ran, true);
    told(ada.terminal(&["rollback", "--to", &beside]).ends());
    ada.smp(&["rollback", "--yes", "--to", &beside]).exits(1);
    // An ancestor of the running commit is not enough: a commit in the middle of a branch never ran.
    let older = deploy.nth(1);
    let refused = "nothing shows that";
    let run = ada.terminal(&["rollback", "--to", older]).ends();
    run.exits(1).says(refused);
    ada.smp(&["rollback", "--yes", "--to", older])
        .exits(1)
        .says(refused)
        .says("hint: or propose it: git smp propose");
    by(&deploy, "rosi").smp(&["signoff"]).ok();
    promote(&deploy, &ada).ok();
    ada.smp(&["rollback", "--yes", "--to", deploy.nth(2)]).ok();
    assert_eq!(deploy.master(&deploy.production), deploy.nth(2));
}

#[test]
fn an_event_that_no_version_reads_stops_all_and_the_refusal_says_the_way_out() {
    let deploy = proposed();
    let torn = "ada promoted\n\nSmp-Event: promoted\nSmp-Id: 00000000000000ab\nSmp-Program: git-smp 0.1.0\n";
    forged(&deploy, ("ada", "ada"), torn, true);
    promote(&deploy, &by(&deploy, "ada"))
        .exits(1)
        .says("the record was written by a newer git-smp")
        .says("another `ref` in [record]");
}
