use std::time::Duration;

use crate::core::decide::finding::*;
use crate::core::decide::next::about;
use crate::core::decide::tests::{self, environment, id, release};
use crate::core::typed::Typed;
use crate::core::words::{Cached, PlatformWords};

fn seen(running: char, branch: char) -> Observed {
    tests::seen("production", running, branch)
}

fn released(seen: Observed, releases: &[(u64, ReleaseStatus, char)]) -> Observed {
    let releases = releases
        .iter()
        .map(|(version, status, commit)| release(*version, *status, *commit))
        .collect();
    Observed {
        releases: Some(Ok(releases)),
        source: Source::Api,
        ..seen
    }
}

fn word(seen: &Observed) -> Option<&'static str> {
    Finding::of(seen).map(Finding::word)
}

#[test]
fn where_all_agree_there_is_nothing_to_say() {
    assert_eq!(word(&seen('a', 'a')), None);
    let same = Observed {
        page: Some(Ok(id('a'))),
        ..seen('a', 'a')
    };
    assert_eq!(
        word(&released(same, &[(2, ReleaseStatus::Succeeded, 'a')])),
        None
    );
    // A change of a config var that failed leaves what runs as it is.
    assert_eq!(
        word(&released(
            seen('a', 'a'),
            &[(3, ReleaseStatus::Failed, 'a')]
        )),
        None
    );
}

#[test]
fn a_page_alone_cannot_tell_a_rollback_from_a_failed_release_and_says_so() {
    let back = seen('a', 'b');
    assert_eq!(word(&back), Some("rolled-back"));
    let meaning = Finding::RolledBack.meaning(&back);
    assert_eq!(
        meaning,
        "rolled back from bbbbbbbb to aaaaaaaa, or the release of bbbbbbbb failed or is still going on"
    );
    let outside = Observed {
        drift: Some(Relation::Behind),
        ..seen('a', 'b')
    };
    assert_eq!(word(&outside), Some("deployed-outside-git"));
    assert_eq!(
        word(&Observed {
            drift: Some(Relation::Diverged),
            ..outside
        }),
        Some("deployed-outside-git")
    );
    assert_eq!(
        word(&Observed {
            drift: None,
            ..seen('a', 'b')
        }),
        Some("ref-differs")
    );
}

#[test]
fn the_platform_tells_which_of_them_it_is() {
    use ReleaseStatus::{Failed, Pending, Succeeded};
    let back = released(
        seen('a', 'b'),
        &[
            (3, Succeeded, 'a'),
            (2, Succeeded, 'b'),
            (1, Succeeded, 'a'),
        ],
    );
    assert_eq!(word(&back), Some("rolled-back"));
    assert_eq!(
        Finding::RolledBack.meaning(&back),
        "rolled back from bbbbbbbb to aaaaaaaa"
    );
    let failed = released(seen('a', 'b'), &[(2, Failed, 'b'), (1, Succeeded, 'a')]);
    assert_eq!(word(&failed), Some("release-failed"));
    let pending = released(seen('a', 'b'), &[(2, Pending, 'b'), (1, Succeeded, 'a')]);
    assert_eq!(word(&pending), Some("release-pending"));
    // Released once, and a second time in vain: what took it away was a rollback.
    let both = [
        (4, Failed, 'b'),
        (3, Succeeded, 'a'),
        (2, Succeeded, 'b'),
        (1, Succeeded, 'a'),
    ];
    assert_eq!(word(&released(seen('a', 'b'), &both)), Some("rolled-back"));
    // What runs is newer than the branch, which ran once: nobody went back.
    let newer = Observed {
        drift: Some(Relation::Behind),
        ..seen('a', 'b')
    };
    assert_eq!(
        word(&released(
            newer,
            &[(2, Succeeded, 'a'), (1, Succeeded, 'b')]
        )),
        Some("deployed-outside-git")
    );
    // It never heard of what the branch is at, so git's history decides.
    let unheard = released(
        Observed {
            drift: Some(Relation::Behind),
            ..seen('a', 'b')
        },
        &[(1, Succeeded, 'a')],
    );
    assert_eq!(word(&unheard), Some("deployed-outside-git"));
}

#[test]
fn a_release_of_another_commit_that_goes_on_is_told_though_the_branch_agrees() {
    use ReleaseStatus::{Pending, Succeeded};
    let back = released(
        seen('b', 'b'),
        &[(3, Pending, 'a'), (2, Succeeded, 'b'), (1, Succeeded, 'a')],
    );
    assert_eq!(word(&back), Some("release-pending"));
    assert_eq!(
        word(&released(
            seen('b', 'b'),
            &[(3, Pending, 'b'), (2, Succeeded, 'b')]
        )),
        None
    );
}

#[test]
fn a_first_release_that_failed_or_goes_on_is_more_than_nothing() {
    use ReleaseStatus::{Failed, Pending};
    let first = Observed {
        running: Ok(None),
        drift: None,
        ..seen('a', 'b')
    };
    assert_eq!(
        word(&released(first.clone(), &[(3, Failed, 'b')])),
        Some("release-failed")
    );
    assert_eq!(
        word(&released(first.clone(), &[(3, Pending, 'b')])),
        Some("release-pending")
    );
    assert_eq!(word(&released(first, &[])), Some("nothing-deployed"));
}

#[test]
fn a_page_that_disagrees_with_the_platform_is_stale_whatever_the_branch_says() {
    let stale = Observed {
        page: Some(Ok(id('c'))),
        ..seen('a', 'a')
    };
    let stale = released(stale, &[(2, ReleaseStatus::Succeeded, 'a')]);
    assert_eq!(word(&stale), Some("stale-page"));
    assert!(
        Finding::StalePage
            .meaning(&stale)
            .contains("it names cccccccc although aaaaaaaa was released")
    );
}

#[test]
fn what_is_unknown_bears_the_word_of_its_reason() {
    let refusal = |code| Refusal::new(code, "no").hint("git smp setup");
    for code in [
        RefusalCode::Unreachable,
        RefusalCode::Unauthorized,
        RefusalCode::UnknownCommit,
    ] {
        let page = Observed {
            running: Err(refusal(code)),
            ..seen('a', 'a')
        };
        assert_eq!(word(&page), Some(code.as_str()));
        let remote = Observed {
            branch: Some(Err(refusal(code))),
            ..seen('a', 'a')
        };
        assert_eq!(word(&remote), Some(code.as_str()));
    }
    let empty = Observed {
        running: Ok(None),
        branch: Some(Ok(Branch::Empty)),
        drift: None,
        ..seen('a', 'a')
    };
    assert_eq!(word(&empty), Some("nothing-deployed"));
    let wrong = Observed {
        branch: Some(Ok(Branch::Missing(vec!["main".into()]))),
        ..seen('a', 'a')
    };
    assert_eq!(word(&wrong), Some("wrong-branch"));
}

#[test]
fn what_was_built_before_can_be_released_again_unless_it_was_deleted() {
    use ReleaseStatus::{Expired, Failed, Succeeded};
    let seen = released(
        seen('a', 'b'),
        &[(4, Failed, 'b'), (3, Succeeded, 'a'), (2, Expired, 'c')],
    );
    assert_eq!(
        release_of(&seen, &id('b')).map(|release| release.version),
        Some(4)
    );
    assert_eq!(release_of(&seen, &id('c')), None);
    assert_eq!(release_of(&seen, &id('d')), None);
}

#[test]
fn a_cached_page_that_is_not_at_the_branch_tells_nothing_but_its_age() {
    let cached = Some(Cached {
        age: Some(Duration::from_secs(340)),
    });
    let old = Observed {
        cached,
        ..seen('a', 'b')
    };
    assert_eq!(word(&old), Some("cached-page"));
    for drift in [None, Some(Relation::Behind), Some(Relation::Diverged)] {
        assert_eq!(
            word(&Observed {
                drift,
                ..old.clone()
            }),
            Some("cached-page")
        );
    }
    let meaning = Finding::CachedPage.meaning(&old);
    assert_eq!(
        meaning,
        "what it runs now is not known, its page is a cached answer, 340 s old"
    );
    assert_eq!(
        word(&Observed {
            cached,
            ..seen('a', 'a')
        }),
        None
    );
    // A release that goes on or failed is certain, whatever a page says; that one was rolled back is not.
    let beside = |status| Observed {
        source: Source::Page,
        ..released(old.clone(), &[(2, status, 'b')])
    };
    assert_eq!(
        word(&beside(ReleaseStatus::Pending)),
        Some("release-pending")
    );
    assert_eq!(word(&beside(ReleaseStatus::Failed)), Some("release-failed"));
    assert_eq!(word(&beside(ReleaseStatus::Succeeded)), Some("cached-page"));
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
            releases: "cloud releases",
            restart: Typed::other("cloud restart shop"),
            again: "cloud again",
        }),
        ..seen('a', 'a')
    };
    assert_eq!(
        about(Finding::StalePage, &stale, &environment).to_string(),
        "cloud restart shop"
    );
    let cached = Observed {
        cached: Some(Cached { age: None }),
        ..stale
    };
    assert_eq!(word(&cached), Some("stale-page"));
    assert!(
        about(Finding::StalePage, &cached, &environment)
            .to_string()
            .starts_with("let the cache forget the page")
    );
    let meaning = Finding::StalePage.meaning(&cached);
    assert_eq!(
        meaning,
        "its page is a cached answer, it names cccccccc although aaaaaaaa was released"
    );
}

#[test]
fn what_runs_beside_an_empty_repository_was_not_rolled_back() {
    let empty = Observed {
        branch: Some(Ok(Branch::Empty)),
        drift: None,
        ..seen('a', 'b')
    };
    assert_eq!(word(&empty), Some("deployed-outside-git"));
    assert_eq!(
        Finding::DeployedOutsideGit.meaning(&empty),
        "aaaaaaaa was deployed past its git remote, which is empty"
    );
    assert!(is_emptied(&empty) && !is_emptied(&seen('a', 'b')));
    // What a cache says is no proof, and a release that goes on is one on its way.
    let cached = Observed {
        cached: Some(Cached { age: None }),
        ..empty.clone()
    };
    assert_eq!(
        (word(&cached), is_emptied(&cached)),
        (Some("cached-page"), false)
    );
    let pending = released(
        empty.clone(),
        &[
            (2, ReleaseStatus::Pending, 'b'),
            (1, ReleaseStatus::Succeeded, 'a'),
        ],
    );
    assert_eq!(
        (word(&pending), is_emptied(&pending)),
        (Some("release-pending"), false)
    );
    let nothing = Observed {
        running: Ok(None),
        ..empty
    };
    assert_eq!(
        (word(&nothing), is_emptied(&nothing)),
        (Some("nothing-deployed"), false)
    );
}
