//! The findings about an environment, one row each.

use std::time::Duration;

use crate::core::decide::finding::*;
use crate::core::decide::next::about;
use crate::core::decide::tests::{self, environment, id, release};
use crate::core::record::Kind;
use crate::core::typed::Typed;
use crate::core::words::{Cached, PlatformWords};
use ReleaseStatus::{Expired, Failed, Pending, Succeeded};

/// An environment that runs `running` and whose newer branch is at `branch`.
fn seen(running: char, branch: char) -> Observed {
    tests::seen("production", running, branch)
}

/// Adds releases of the platform, newest first.
fn released(seen: Observed, releases: &[(u64, ReleaseStatus, char)]) -> Observed {
    let release = |(version, status, commit): &(u64, ReleaseStatus, char)| {
        release(*version, *status, *commit)
    };
    Observed {
        releases: Some(Ok(releases.iter().map(release).collect())),
        source: Source::Api,
        ..seen
    }
}

fn drifted(drift: Option<Relation>) -> Observed {
    Observed {
        drift,
        ..seen('a', 'b')
    }
}

fn nothing(branch: Branch) -> Observed {
    Observed {
        running: Ok(None),
        branch: Some(Ok(branch)),
        drift: None,
        ..seen('a', 'b')
    }
}

fn empty() -> Observed {
    Observed {
        branch: Some(Ok(Branch::Empty)),
        ..drifted(None)
    }
}

/// Returns the word with its meaning; empty if all is well.
fn told(seen: &Observed) -> String {
    let found = Finding::of(seen);
    let told = found.map(|found| format!("{}: {}", found.word(), found.meaning(seen)));
    told.unwrap_or_default()
}

#[track_caller]
fn tells<const N: usize>(rows: [(Observed, &str); N]) {
    for (seen, expected) in rows {
        let told = told(&seen);
        let is_word = !expected.contains(':') && told.split(':').next() == Some(expected);
        assert!(
            told == expected || is_word,
            "{told:?}, not {expected:?}: {seen:?}"
        );
    }
}

#[test]
fn a_page_and_a_branch() {
    use Relation::{Behind, Diverged};
    let unknown = |code| Refusal::new(code, "no");
    let page = |code| Observed {
        running: Err(unknown(code)),
        ..seen('a', 'a')
    };
    let remote = |code| Observed {
        branch: Some(Err(unknown(code))),
        ..seen('a', 'a')
    };
    let missing = Branch::Missing(vec!["main".into()]);
    tells([
        (seen('a', 'a'), ""),
        // A page alone cannot distinguish a rollback from a failed release, and the text says so.
        (
            seen('a', 'b'),
            "rolled-back: rolled back from bbbbbbbb to aaaaaaaa, or the release of bbbbbbbb failed or is still in progress",
        ),
        (
            drifted(Some(Behind)),
            "deployed-outside-git: aaaaaaaa was deployed without a push to its git remote",
        ),
        (drifted(Some(Diverged)), "deployed-outside-git"),
        (
            drifted(None),
            "ref-differs: it is unknown how the two commits relate",
        ),
        // An unknown commit has the word of its refusal.
        (page(RefusalCode::Unreachable), "unreachable: unknown"),
        (page(RefusalCode::UnknownCommit), "unknown-commit"),
        (remote(RefusalCode::Unauthorized), "unauthorized"),
        (
            nothing(Branch::Empty),
            "nothing-deployed: nothing deployed yet",
        ),
        (
            nothing(missing),
            "wrong-branch: its branch does not exist on its remote",
        ),
        (
            nothing(Branch::NoApp("no app".into())),
            "nothing-deployed: nothing deployed yet; there is no app at its address: no app",
        ),
        // A running commit next to an empty repository is no rollback.
        (
            empty(),
            "deployed-outside-git: aaaaaaaa was deployed without a push to its git remote, which is empty",
        ),
    ]);
}

#[test]
fn a_merge_that_is_not_live_was_not_rolled_back_unless_its_platform_says_so() {
    let merged = Observed {
        by_merge: true,
        ..seen('a', 'b')
    };
    let back = [(4, Succeeded, 'a'), (3, Succeeded, 'b')];
    tells([
        (
            merged.clone(),
            "deploying: bbbbbbbb was merged; the platform is still building it, could not build it, or went back to an older commit",
        ),
        (released(merged, &back), "rolled-back"),
    ]);
}

#[test]
fn a_platform_tells_which_of_them_it_is() {
    let first = nothing(Branch::At(id('b')));
    let behind = || drifted(Some(Relation::Behind));
    let same = Observed {
        page: Some(Ok(id('a'))),
        ..seen('a', 'a')
    };
    let stale = Observed {
        page: Some(Ok(id('c'))),
        ..seen('a', 'a')
    };
    let again = [
        (4, Failed, 'b'),
        (3, Succeeded, 'a'),
        (2, Succeeded, 'b'),
        (1, Succeeded, 'a'),
    ];
    let going_back = [(3, Pending, 'a'), (2, Succeeded, 'b'), (1, Succeeded, 'a')];
    tells([
        (released(same, &[(2, Succeeded, 'a')]), ""),
        // A failed change of config vars leaves the running commit.
        (released(seen('a', 'a'), &[(3, Failed, 'a')]), ""),
        (
            released(seen('a', 'b'), &again[1..]),
            "rolled-back: rolled back from bbbbbbbb to aaaaaaaa",
        ),
        (
            released(seen('a', 'b'), &[(2, Failed, 'b'), (1, Succeeded, 'a')]),
            "release-failed: bbbbbbbb was pushed there, but its release failed",
        ),
        (
            released(seen('a', 'b'), &[(2, Pending, 'b'), (1, Succeeded, 'a')]),
            "release-pending: the release v2 has not finished yet",
        ),
        // Released once, and a second time without success: the commit was removed by a rollback.
        (released(seen('a', 'b'), &again), "rolled-back"),
        // The running commit is newer than the branch, which ran once: nobody rolled back.
        (
            released(behind(), &[(2, Succeeded, 'a'), (1, Succeeded, 'b')]),
            "deployed-outside-git",
        ),
        // The platform does not know the commit of the branch, so git's history decides.
        (
            released(behind(), &[(1, Succeeded, 'a')]),
            "deployed-outside-git",
        ),
        // A release of another commit in progress is reported although the branch agrees.
        (released(seen('b', 'b'), &going_back), "release-pending"),
        (
            released(seen('b', 'b'), &[(3, Pending, 'b'), (2, Succeeded, 'b')]),
            "",
        ),
        // A failed or running first release is more than nothing.
        (
            released(first.clone(), &[(3, Failed, 'b')]),
            "release-failed",
        ),
        (
            released(first.clone(), &[(3, Pending, 'b')]),
            "release-pending",
        ),
        (released(first, &[]), "nothing-deployed"),
        (
            released(empty(), &[(2, Pending, 'b'), (1, Succeeded, 'a')]),
            "release-pending",
        ),
        // A page that disagrees with the platform is stale, whatever the branch says.
        (
            released(stale, &[(2, Succeeded, 'a')]),
            "stale-page: its page is stale: it names cccccccc, but aaaaaaaa was released",
        ),
    ]);
}

#[test]
fn a_cached_page_that_is_not_at_the_branch_tells_nothing_but_its_age() {
    let kept = |seen| Observed {
        cached: Some(Cached {
            age: Some(Duration::from_secs(340)),
        }),
        ..seen
    };
    let beside = |status| Observed {
        source: Source::Page,
        ..released(kept(seen('a', 'b')), &[(2, status, 'b')])
    };
    tells([
        (
            kept(seen('a', 'b')),
            "cached-page: the running commit is unknown: its page is a cached answer, 340 s old",
        ),
        (kept(drifted(None)), "cached-page"),
        (kept(drifted(Some(Relation::Behind))), "cached-page"),
        (kept(drifted(Some(Relation::Diverged))), "cached-page"),
        (kept(empty()), "cached-page"),
        (kept(seen('a', 'a')), ""),
        // A running or failed release is certain, whatever a page says; a rollback is not.
        (beside(Pending), "release-pending"),
        (beside(Failed), "release-failed"),
        (beside(Succeeded), "cached-page"),
    ]);
}

#[test]
fn what_was_built_before_can_be_released_again_unless_it_was_deleted() {
    let releases = [(4, Failed, 'b'), (3, Succeeded, 'a'), (2, Expired, 'c')];
    let seen = released(seen('a', 'b'), &releases);
    for (commit, version) in [('b', Some(4)), ('c', None), ('d', None)] {
        let former = release_of(&seen, &id(commit));
        assert_eq!(former.map(|release| release.version), version);
    }
}

#[test]
fn nobody_restarts_an_app_for_the_sake_of_a_cache() {
    let environment = environment("production");
    let stale = Observed {
        page: Some(Ok(id('c'))),
        source: Source::Api,
        platform: Some(PlatformWords {
            name: "A Cloud",
            app: "shop".into(),
            restart: Typed::other("cloud restart shop"),
            again: Typed::other("cloud again"),
            pipelines: "",
            server: None,
        }),
        ..seen('a', 'a')
    };
    let advice = |seen: &Observed| about(Finding::StalePage, seen, &environment).to_string();
    assert_eq!(advice(&stale), "cloud restart shop");
    let cached = Observed {
        cached: Some(Cached { age: None }),
        ..stale
    };
    assert_eq!(
        told(&cached),
        "stale-page: its page is a cached answer: it names cccccccc, but aaaaaaaa was released"
    );
    assert_eq!(advice(&cached), format!("{FORGET}: git smp status"));
}

#[test]
fn only_an_empty_repository_beside_what_certainly_runs_is_emptied() {
    let cached = Observed {
        cached: Some(Cached { age: None }),
        ..empty()
    };
    let pending = released(empty(), &[(2, Pending, 'b'), (1, Succeeded, 'a')]);
    for (seen, expected) in [
        (empty(), true),
        (seen('a', 'b'), false),
        // A cached page proves nothing, and a release in progress is not finished.
        (cached, false),
        (pending, false),
        (nothing(Branch::Empty), false),
    ] {
        assert_eq!(is_emptied(&seen), expected, "{seen:?}");
    }
}

#[test]
fn of_a_pipeline_the_releases_tell_and_its_branch_does_not() {
    let promoted = |drift, releases: &[_]| Observed {
        by_pipeline: true,
        ..released(drifted(drift), releases)
    };
    let ahead = Some(Relation::Ahead);
    let back = [
        (3, Succeeded, 'a'),
        (2, Succeeded, 'c'),
        (1, Succeeded, 'a'),
    ];
    tells([
        (
            promoted(None, &[(2, Succeeded, 'a'), (1, Succeeded, 'b')]),
            "",
        ),
        (
            promoted(ahead, &back),
            "rolled-back: rolled back from cccccccc to aaaaaaaa",
        ),
        // A later promotion of the older commit is no rollback.
        (promoted(None, &back), ""),
        (
            promoted(None, &[(2, Failed, 'c'), (1, Succeeded, 'a')]),
            "release-failed: its newest deploy v2 failed, so the previous deploy still runs",
        ),
        (
            promoted(None, &[(2, Pending, 'c'), (1, Succeeded, 'a')]),
            "release-pending: the release v2 has not finished yet",
        ),
        // A failed change of config vars.
        (promoted(None, &[(2, Failed, 'a'), (1, Succeeded, 'a')]), ""),
    ]);
}

#[test]
fn what_an_announced_deploy_explains_is_that_deploy() {
    let promotes = tests::announced(Kind::Promote).deploying;
    let rolls_back = tests::announced(Kind::Rollback).deploying;
    let back = |running, branch| Observed {
        drift: Some(Relation::Behind),
        ..seen(running, branch)
    };
    let elsewhere = Observed {
        environment: "staging".into(),
        ..back('b', 'a')
    };
    let outside = Some(Finding::DeployedOutsideGit);
    let failed = released(back('b', 'a'), &[(2, Failed, 'a'), (1, Succeeded, 'b')]);
    for (seen, open, expected) in [
        (back('b', 'a'), &rolls_back, Some(Finding::Deploying)),
        (seen('a', 'b'), &promotes, Some(Finding::Deploying)),
        (back('b', 'a'), &None, outside),
        (seen('a', 'b'), &None, Some(Finding::RolledBack)),
        // Another commit runs, its branch is elsewhere, or it is another environment.
        (back('c', 'a'), &rolls_back, outside),
        (back('b', '1'), &rolls_back, outside),
        (elsewhere, &rolls_back, outside),
        // Its platform reports the result.
        (failed, &rolls_back, Some(Finding::ReleaseFailed)),
        (seen('a', 'a'), &rolls_back, None),
    ] {
        let told = Finding::announced(&seen, open.as_ref());
        assert_eq!(told, expected, "{seen:?}");
    }
}
