//! Secrets in a clone's configuration: git reads them, and other users cannot.

use std::os::unix::fs::PermissionsExt as _;

use crate::core::refusal::Stop;
use crate::core::secret::Secret;
use crate::git::secret::keep;
use crate::git::tests::*;

const KEY: &str = "smp.technical.webhook";
const HOOK: &str = "https://chat.example/s3cr3t?sp=%2Frun&sig=a-b_c~d#;\"\\=";

impl World {
    fn config(&self) -> PathBuf {
        self.path().join(".git/config")
    }

    fn mode(&self) -> u32 {
        fs::metadata(self.config()).unwrap().permissions().mode() & 0o777
    }

    fn open_to(&self, mode: u32) {
        fs::set_permissions(self.config(), fs::Permissions::from_mode(mode)).unwrap();
    }

    /// Reads the secret as git does, from a newly opened repository.
    fn reads(&self, folder: &str) -> Option<String> {
        self.repo_in(folder, &[])
            .config()
            .unwrap()
            .get(KEY)
            .map(str::to_owned)
    }
}

#[track_caller]
fn refused(kept: Result<(), Stop>) -> String {
    let stop = kept.unwrap_err();
    assert!(!format!("{stop:?}").contains("s3cr3t"), "{stop:?}");
    format!("{:?}", stop.report())
}

#[test]
fn git_reads_what_was_kept_and_the_rest_stays_as_it_was() {
    let world = World::new();
    let before =
        fs::read_to_string(world.config()).unwrap() + "# a remark\n[smp]\n\ttrusted = x ; too\n";
    fs::write(world.config(), &before).unwrap();
    world.open_to(0o644);
    keep(&world.repo(), KEY, &Secret::new(HOOK)).unwrap();
    assert_eq!(world.reads("").as_deref(), Some(HOOK));
    assert!(
        fs::read_to_string(world.config())
            .unwrap()
            .starts_with(&before)
    );
    assert_eq!(world.mode(), 0o600);
    // A later `git config` does not change this.
    world.git(&["config", "smp.other", "x"]);
    assert_eq!(
        (world.mode(), world.reads("").as_deref()),
        (0o600, Some(HOOK))
    );
}

#[test]
fn a_new_one_takes_the_place_of_each_old_one() {
    let world = World::new();
    for old in ["one", "two"] {
        world.git(&["config", "--add", KEY, old]);
    }
    for new in [HOOK, "https://chat.example/other"] {
        keep(&world.repo(), KEY, &Secret::new(new)).unwrap();
        let all = world.git(&["config", "--get-all", KEY]);
        assert!(all.lines().all(|value| value == new), "{all}");
    }
}

#[test]
fn all_work_trees_have_it() {
    let world = World::new();
    world.commit("one");
    world.git(&["config", "extensions.worktreeConfig", "true"]);
    world.git(&["worktree", "add", "-q", "other"]);
    keep(&world.repo_in("other", &[]), KEY, &Secret::new(HOOK)).unwrap();
    assert_eq!(
        (world.reads(""), world.reads("other")),
        (Some(HOOK.into()), Some(HOOK.into()))
    );
    assert_eq!(world.mode(), 0o600);
}

#[test]
fn a_shared_repository_stays_shared() {
    for (value, mode) in [
        ("group", 0o664),
        ("0660", 0o660),
        ("umask", 0o600),
        ("false", 0o600),
    ] {
        let world = World::new();
        world.git(&["config", "core.sharedRepository", value]);
        world.open_to(if mode == 0o600 { 0o644 } else { mode });
        keep(&world.repo(), KEY, &Secret::new(HOOK)).unwrap();
        assert_eq!(
            (world.mode(), world.reads("").as_deref()),
            (mode, Some(HOOK)),
            "{value}"
        );
    }
}

#[test]
fn that_another_value_wins_is_said() {
    let world = World::new();
    let parameters = [
        ("GIT_CONFIG_COUNT", "1"),
        ("GIT_CONFIG_KEY_0", KEY),
        ("GIT_CONFIG_VALUE_0", "s3cr3t too"),
    ];
    let kept = keep(&world.repo_in("", &parameters), KEY, &Secret::new(HOOK));
    assert!(refused(kept).contains("git reads another value"));
}

#[test]
fn a_configuration_that_cannot_be_written_stays_as_it_is() {
    let world = World::new();
    let before = fs::read_to_string(world.config()).unwrap();
    fs::write(world.path().join(".git/config.lock"), "").unwrap();
    assert!(refused(keep(&world.repo(), KEY, &Secret::new(HOOK))).contains("cannot be written"));
    assert_eq!(fs::read_to_string(world.config()).unwrap(), before);
}
