//! The deploy history in the record: promotions, rollbacks and observed deploys. Pure.

use std::collections::HashMap;

use crate::core::record::{CheckFailed, Event, Kind, Person, Signer, Verdict, What};
use crate::core::words::{CommitId, is_hash};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeployKind {
    Promote,
    Rollback,
    /// A deploy outside git-smp that somebody saw running.
    Observed {
        /// The last time when the earlier commit was known to run, in seconds since 1970, by the observer's clock.
        since: i64,
        /// True if it is an ancestor of the earlier commit.
        back: bool,
    },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastDeploy {
    pub environment: String,
    pub from: Option<CommitId>,
    pub to: CommitId,
    /// The time when it was seen to run, in seconds since 1970, by the recorder's clock.
    pub at: i64,
    /// The person who announced it, even if somebody else saw its end; for an observed deploy, the observer.
    pub by: String,
    pub kind: DeployKind,
    /// The number of commits; `None` if unknown.
    pub commits: Option<u64>,
    pub signed_off_by: Vec<Signer>,
    /// The promoted candidate; `None` for a rollback, or if the commit was not proposed.
    pub candidate: Option<CommitId>,
    /// The reason to start outside the allowed time.
    pub overrides: Option<String>,
    /// The check that failed after the commit was seen to run, and how, unless all checks passed later.
    pub failed: Option<String>,
    /// The hashes or hash prefixes that its note or its post says it fixes.
    pub fixes: Vec<String>,
}

impl PastDeploy {
    fn seen(event: &Event, kind: DeployKind, environment: &str, to: &CommitId) -> Self {
        Self {
            environment: environment.to_owned(),
            from: None,
            to: to.clone(),
            at: event.at,
            by: event.by.name.clone(),
            kind,
            commits: None,
            signed_off_by: Vec::new(),
            candidate: None,
            overrides: None,
            failed: None,
            fixes: Vec::new(),
        }
    }

    /// Returns whether it brought commits without going back.
    pub fn is_forward(&self) -> bool {
        use DeployKind::{Observed, Promote};
        matches!(self.kind, Promote | Observed { back: false, .. })
    }
}

fn is_announced(what: &What) -> bool {
    match what {
        What::Deployed(it) => it.intent.is_some(),
        What::CheckFailed(it) => it.intent.is_some(),
        _ => true,
    }
}

/// The candidate that is open between two events.
struct Open<'e> {
    commit: &'e CommitId,
    missing: Vec<&'e str>,
    by: &'e Person,
    login: Option<&'e str>,
    note: Option<&'e str>,
    /// The signers, each with the person who last recorded it, and whether it came from a comment.
    signed_off: HashMap<&'e str, (&'e Person, bool)>,
}

/// Returns the deploys among the events, oldest first.
///
/// It does not use [`crate::core::record::State::after`], which refuses every event that cannot follow: after one
/// unreadable event hardly any can.
pub fn deploys(events: &[Event]) -> Vec<PastDeploy> {
    let (mut open, mut deploys, mut overrides) = (None, Vec::new(), HashMap::new());
    for event in events {
        if let What::Deploying(intent) = &event.what {
            overrides.insert(&event.id, intent.overrides.clone());
        }
        if let Some(mut deploy) = deploy(open.as_ref(), event) {
            if let What::CheckFailed(it) = &event.what {
                let announced = it.intent.as_ref().and_then(|id| overrides.get(id));
                deploy.overrides = announced.cloned().flatten();
            }
            put(&mut deploys, deploy, is_announced(&event.what));
        }
        read_post(&mut deploys, event);
        follow(&mut open, event);
    }
    deploys
}

/// Adds a deploy. One whose checks failed first is the same deploy, which runs since it was first seen. So is one outside
/// git-smp that a later event, without an announcement, records as the candidate's.
fn put(deploys: &mut Vec<PastDeploy>, deploy: PastDeploy, is_announced: bool) {
    let mut last = deploys.iter_mut().rev();
    let last = last.find(|one| one.environment == deploy.environment);
    match last.filter(|one| one.to == deploy.to) {
        Some(failed) if failed.failed.is_some() && failed.kind == deploy.kind => {
            let at = failed.at;
            *failed = PastDeploy { at, ..deploy };
        }
        Some(seen) if matches!(seen.kind, DeployKind::Observed { .. }) && !is_announced => {
            seen.signed_off_by = deploy.signed_off_by;
            seen.candidate = deploy.candidate;
            seen.failed = deploy.failed;
            seen.overrides = deploy.overrides;
            seen.fixes.extend(deploy.fixes);
        }
        _ => deploys.push(deploy),
    }
}

/// Stores what the post of a promotion says it fixes. The post comes with the last target and is about all.
fn read_post(deploys: &mut [PastDeploy], event: &Event) {
    let What::Deployed(deployed) = &event.what else {
        return;
    };
    let Some(tells) = deployed
        .tells
        .as_ref()
        .filter(|_| deployed.kind == Kind::Promote)
    else {
        return;
    };
    let fixes = tells.text.as_deref().map(fixes).unwrap_or_default();
    for (name, _) in tells.targets.iter().filter(|_| !fixes.is_empty()) {
        let last = deploys.iter_mut().rfind(|one| one.environment == *name);
        if let Some(last) = last.filter(|one| one.to == deployed.to) {
            last.fixes.extend_from_slice(&fixes);
        }
    }
}

/// Returns the hashes or hash prefixes that follow the word `fixes`.
fn fixes(text: &str) -> Vec<String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let pairs = words.windows(2).filter_map(|pair| {
        let word = pair[0].trim_start_matches(|c: char| !c.is_alphanumeric());
        let hash = pair[1].trim_start_matches(['(', '[', '`', '"', '\'']);
        let hash = hash.trim_end_matches(|c: char| !c.is_alphanumeric());
        let is_word = word.trim_end_matches(':').eq_ignore_ascii_case("fixes");
        (is_word && is_hash(hash, 7)).then(|| hash.to_ascii_lowercase())
    });
    pairs.collect()
}

/// Returns how many of the latest events suffice for `count` deploys if the oldest events are missing: those from the
/// first one that tells by itself which candidate is open.
pub fn enough(events: &[Event], count: usize) -> Option<usize> {
    let first = (events.iter())
        .position(|event| matches!(event.what, What::Proposed(_) | What::Postponed(_)))?;
    let known = events.get(first..)?;
    (deploys(known).len() >= count).then_some(known.len())
}

/// Returns the commits that ran there in order, and whether each was a return to an earlier commit.
pub fn ran<'p>(
    deploys: &'p [PastDeploy],
    environment: &'p str,
) -> impl Iterator<Item = (&'p CommitId, bool)> {
    use DeployKind::{Observed, Rollback};
    let there = deploys.iter();
    let there = there.filter(move |one| one.environment == environment);
    there.flat_map(|one| {
        let is_back = matches!(one.kind, Rollback | Observed { back: true, .. });
        let from = one.from.iter().map(|from| (from, false));
        from.chain([(&one.to, is_back)])
    })
}

/// Returns the commit that ran before `runs`. Commits skipped by a rollback do not count: a second rollback goes
/// further back, never forward to a rolled-back commit.
pub fn before<'p>(
    ran: impl Iterator<Item = (&'p CommitId, bool)>,
    runs: &CommitId,
) -> Option<&'p CommitId> {
    let mut line: Vec<&CommitId> = Vec::new();
    for (commit, is_back) in ran {
        match line.iter().position(|one| *one == commit) {
            Some(place) => line.truncate(place + 1),
            None => {
                if is_back {
                    line.clear();
                }
                line.push(commit);
            }
        }
    }
    let place = line.iter().position(|one| *one == runs)?;
    line.get(place.checked_sub(1)?).copied()
}

fn deploy(open: Option<&Open<'_>>, event: &Event) -> Option<PastDeploy> {
    match &event.what {
        What::Deployed(deployed) => {
            let kind = match deployed.kind {
                Kind::Promote => DeployKind::Promote,
                Kind::Rollback => DeployKind::Rollback,
                Kind::Stage | Kind::Fix => return None,
            };
            let to = &deployed.to;
            let open = open.filter(|open| open.commit == to);
            let candidate = open.filter(|_| kind == DeployKind::Promote);
            let note = candidate.and_then(|open| open.note);
            let signers = deployed.signed_off_by.iter();
            let by = deployed.announced_by.as_ref().unwrap_or(&event.by.name);
            Some(PastDeploy {
                from: deployed.from.clone(),
                by: by.clone(),
                commits: Some(deployed.commits),
                signed_off_by: signers.map(|name| signer(open, name)).collect(),
                candidate: candidate.map(|_| to.clone()),
                overrides: deployed.overrides.clone(),
                fixes: note.map(fixes).unwrap_or_default(),
                ..PastDeploy::seen(event, kind, &deployed.environment, to)
            })
        }
        What::CheckFailed(it) if it.kind == Kind::Promote => Some(failed(open, it, event)),
        What::Observed(seen) => {
            let (since, back) = (seen.since, seen.back);
            let kind = DeployKind::Observed { since, back };
            Some(PastDeploy {
                from: Some(seen.from.clone()),
                commits: seen.commits,
                ..PastDeploy::seen(event, kind, &seen.environment, &seen.to)
            })
        }
        _ => None,
    }
}

/// Builds a promotion with a failed check. The commit runs regardless.
fn failed(open: Option<&Open<'_>>, it: &CheckFailed, event: &Event) -> PastDeploy {
    let open = open.filter(|open| *open.commit == it.to);
    let signers = open.into_iter().flat_map(|open| open.signed_off.keys());
    let mut signers: Vec<&str> = signers.copied().collect();
    signers.sort_unstable();
    let note = open.and_then(|open| open.note);
    PastDeploy {
        from: it.from.clone(),
        commits: Some(it.commits),
        signed_off_by: signers.iter().map(|name| signer(open, name)).collect(),
        candidate: open.map(|_| it.to.clone()),
        failed: Some(it.why.clone()),
        overrides: it.overrides.clone(),
        fixes: note.map(fixes).unwrap_or_default(),
        ..PastDeploy::seen(event, DeployKind::Promote, &it.environment, &it.to)
    }
}

/// Returns the signer of this name by the latest verdict on the open candidate.
fn signer(open: Option<&Open<'_>>, name: &str) -> Signer {
    match open.and_then(|open| Some((open.signed_off.get(name)?, open.by))) {
        Some(((_, true), _)) => Signer::commented(name, open.and_then(|open| open.login)),
        Some(((recorded_by, false), proposer)) => Signer::of(name, recorded_by, proposer),
        None => Signer::from(name),
    }
}

/// Updates the open candidate. It closes once it has reached all its targets.
fn follow<'e>(open: &mut Option<Open<'e>>, event: &'e Event) {
    match (&event.what, open.as_mut()) {
        (What::Proposed(proposed), _) => {
            let targets = proposed.targets.iter();
            *open = Some(Open {
                commit: &proposed.commit,
                missing: targets.map(|(name, _)| name.as_str()).collect(),
                by: &event.by,
                login: proposed.login.as_deref(),
                note: proposed.note.as_deref(),
                signed_off: HashMap::new(),
            });
        }
        (What::Postponed(_), _) => *open = None,
        (What::Judged(judged), Some(open))
            if *open.commit == judged.commit && judged.verdict == Verdict::Pass =>
        {
            let is_comment = judged.comment.is_some();
            open.signed_off.insert(&judged.of, (&event.by, is_comment));
        }
        (What::Deployed(deployed), Some(candidate)) => match deployed.kind {
            Kind::Fix => {
                candidate.commit = &deployed.to;
                candidate.signed_off.clear();
            }
            Kind::Promote if *candidate.commit == deployed.to => {
                let reached = deployed.environment.as_str();
                candidate.missing.retain(|missing| *missing != reached);
                if candidate.missing.is_empty() {
                    *open = None;
                }
            }
            _ => {}
        },
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::record::{Deployed, Postponed, Proposed, Sighting, Telling};
    use crate::core::words::EventId;

    fn commit(digit: char) -> CommitId {
        CommitId::parse(&digit.to_string().repeat(40)).unwrap()
    }

    fn event(what: What) -> Event {
        let by = Person {
            name: "Ada Example".into(),
            email: "ada@example.com".into(),
            principal: None,
        };
        Event {
            id: EventId::of(1),
            by,
            at: 7,
            program: String::new(),
            what,
        }
    }

    fn proposed(digit: char, targets: &[&str]) -> Event {
        event(What::Proposed(Proposed {
            commit: commit(digit),
            environment: "staging".into(),
            targets: targets
                .iter()
                .map(|name| ((*name).to_owned(), None))
                .collect(),
            note: None,
            date: "2022-03-02".into(),
            channels: Vec::new(),
            login: None,
            over: None,
        }))
    }

    fn deployed(kind: Kind, environment: &str, to: char) -> Event {
        event(What::Deployed(Deployed {
            intent: None,
            kind,
            environment: environment.into(),
            from: None,
            to: commit(to),
            commits: 1,
            signed_off_by: Vec::new(),
            unsigned: false,
            announced_by: None,
            tells: None,
            holds: Vec::new(),
            overrides: None,
        }))
    }

    /// Returns the environment and the candidate of each deploy.
    fn told(events: &[Event]) -> Vec<(String, Option<CommitId>)> {
        deploys(events)
            .into_iter()
            .map(|past| (past.environment, past.candidate))
            .collect()
    }

    #[test]
    fn a_candidate_is_that_of_every_target_until_it_has_reached_them_all() {
        let events = [
            proposed('1', &["eu", "us"]),
            deployed(Kind::Stage, "elsewhere", '9'),
            deployed(Kind::Fix, "staging", '2'),
            deployed(Kind::Promote, "eu", '2'),
            deployed(Kind::Rollback, "eu", '8'),
            deployed(Kind::Promote, "us", '2'),
            deployed(Kind::Promote, "eu", '2'),
        ];
        let told = told(&events);
        assert_eq!(told[0], ("eu".to_owned(), Some(commit('2'))));
        assert_eq!(told[1], ("eu".to_owned(), None), "a rollback");
        assert_eq!(told[2], ("us".to_owned(), Some(commit('2'))));
        assert_eq!(
            told[3],
            ("eu".to_owned(), None),
            "nobody put it forward again"
        );
    }

    fn observed(from: char, to: char) -> Event {
        let (environment, from, to) = ("eu".into(), commit(from), commit(to));
        event(What::Observed(Sighting {
            environment,
            from,
            to,
            since: 3,
            commits: Some(2),
            back: false,
        }))
    }

    #[test]
    fn what_was_only_seen_is_a_deploy_by_nobody_that_leaves_the_candidate_open() {
        let events = [
            proposed('1', &["eu"]),
            observed('3', '4'),
            deployed(Kind::Promote, "eu", '1'),
            deployed(Kind::Stage, "staging", '5'),
        ];
        let deploys = deploys(&events);
        assert_eq!(
            (
                deploys.len(),
                deploys[0].candidate.as_ref(),
                deploys[1].candidate.as_ref()
            ),
            (2, None, Some(&commit('1')))
        );
        let seen = &deploys[0];
        assert_eq!(
            (seen.kind, seen.at),
            (
                DeployKind::Observed {
                    since: 3,
                    back: false
                },
                7
            )
        );
        assert_eq!(
            (seen.by.as_str(), &seen.from, seen.commits),
            ("Ada Example", &Some(commit('3')), Some(2))
        );
        assert_eq!(
            before(ran(&deploys, "eu"), &commit('1')),
            Some(&commit('4'))
        );
    }

    #[test]
    fn what_was_seen_and_then_recorded_without_a_push_is_one_deploy() {
        let mut recorded = deployed(Kind::Promote, "eu", '4');
        let told = |recorded: &Event| {
            let events = [proposed('4', &["eu"]), observed('3', '4'), recorded.clone()];
            let all = deploys(&events).into_iter();
            all.map(|one| (one.kind == DeployKind::Promote, one.candidate.is_some()))
                .collect::<Vec<_>>()
        };
        assert_eq!(told(&recorded), [(false, true)]);
        if let What::Deployed(it) = &mut recorded.what {
            it.intent = Some(EventId::of(1));
        }
        assert_eq!(told(&recorded), [(false, false), (true, true)]);
    }

    #[test]
    fn a_rollback_leads_back_and_a_second_one_further_back() {
        let line = |digits: &str| digits.chars().map(commit).collect::<Vec<_>>();
        let before = |digits: &str, runs| {
            let line = line(&digits.to_lowercase());
            let back = digits.chars().map(|digit: char| digit.is_uppercase());
            before(line.iter().zip(back), &commit(runs)).cloned()
        };
        assert_eq!(before("12233", '3'), Some(commit('2')));
        // Back from 4 to 3, and from 3 again: not to 4.
        assert_eq!(before("12233443", '3'), Some(commit('2')));
        assert_eq!(before("1223344332", '2'), Some(commit('1')));
        // Something new was promoted after a rollback.
        assert_eq!(before("122332255", '5'), Some(commit('2')));
        assert_eq!(before("11", '1'), None, "nothing ran before");
        // C is the target of a rollback, without an earlier record.
        assert_eq!(before("1223dC", 'c'), None, "not forward");
        assert_eq!(before("1223dCce", 'e'), Some(commit('c')));
        assert_eq!(before("12", '9'), None, "somebody deployed outside git smp");
    }

    #[test]
    fn a_part_of_the_events_is_enough_from_where_the_candidate_is_known() {
        let events = [
            deployed(Kind::Promote, "eu", '1'),
            proposed('2', &["eu"]),
            deployed(Kind::Promote, "eu", '2'),
            deployed(Kind::Rollback, "eu", '1'),
            proposed('3', &["eu"]),
            deployed(Kind::Promote, "eu", '3'),
        ];
        let all = deploys(&events);
        let told = [0, 1, 2, 3, 4].map(|count| enough(&events, count));
        assert_eq!(told, [Some(5), Some(5), Some(5), Some(5), None]);
        // Each sufficient part of the events gives the latest deploys of the whole.
        for from in 0..events.len() {
            for count in 1..=all.len() {
                if let Some(known) = enough(&events[from..], count) {
                    let told = deploys(&events[events.len() - known..]);
                    assert_eq!(told, all[all.len() - told.len()..], "{from} {count}");
                    assert!(told.len() >= count);
                }
            }
        }
        assert_eq!(enough(&events[2..4], 1), None);
        assert_eq!(enough(&events[2..], 1), Some(2));
    }

    #[test]
    fn what_a_note_fixes_counts_for_its_candidate_and_what_a_post_fixes_for_all_it_speaks_of() {
        let told = |digit: char, environment: &str, text: Option<&str>| {
            let mut event = deployed(Kind::Promote, environment, digit);
            if let What::Deployed(deployed) = &mut event.what {
                let all = ["eu", "us"].map(|name| (name.to_owned(), None));
                deployed.tells = text.map(|text| Telling {
                    channels: Vec::new(),
                    date: String::new(),
                    targets: all.to_vec(),
                    text: Some(text.to_owned()),
                });
            }
            event
        };
        let mut put_forward = proposed('2', &["eu", "us"]);
        if let What::Proposed(proposed) = &mut put_forward.what {
            proposed.note = Some("Fixes abcdef1, we hope".to_owned());
        }
        let events = [
            told('1', "eu", None),
            put_forward,
            told('3', "us", None),
            told('2', "eu", None),
            told('2', "us", Some("- Maps\n- fixes: ABCDEF22.")),
            deployed(Kind::Rollback, "eu", '1'),
        ];
        let told: Vec<String> = deploys(&events)
            .iter()
            .map(|one| one.fixes.join(" "))
            .collect();
        let both = "abcdef1 abcdef22";
        assert_eq!(told, ["", "", both, both, ""]);
    }

    #[test]
    fn what_is_checked_again_runs_since_it_was_seen_first() {
        let failed = |at, to| Event {
            at,
            ..event(What::CheckFailed(CheckFailed {
                intent: None,
                kind: Kind::Promote,
                environment: "eu".into(),
                from: None,
                to: commit(to),
                commits: 1,
                why: "503".into(),
                tells: None,
                overrides: None,
            }))
        };
        let then = |kind, to| Event {
            at: 900,
            ..deployed(kind, "eu", to)
        };
        let told = |last| {
            let events = [failed(100, '1'), failed(500, '1'), last];
            let all = deploys(&events).into_iter();
            all.map(|one| (one.at, one.failed.is_some()))
                .collect::<Vec<_>>()
        };
        assert_eq!(told(then(Kind::Promote, '1')), [(100, false)]);
        assert_eq!(told(then(Kind::Rollback, '2')), [(100, true), (900, false)]);
        assert_eq!(told(failed(900, '2')), [(100, true), (900, true)]);
    }

    #[test]
    fn only_a_hash_after_the_word_is_fixed() {
        for (text, expected) in [
            ("fixes 1f13dc69", "1f13dc69"),
            (
                "It FIXES: 1f13dc6, and fixes (7587cca7).",
                "1f13dc6 7587cca7",
            ),
            ("- fixes\n1f13dc69", "1f13dc69"),
            ("fixes #1234567 and fixes 1f13dc", ""),
            ("fixes `1f13dc69`", "1f13dc69"),
            ("prefixes 1f13dc69, fixes the map, fixed 1f13dc69", ""),
            ("fixes", ""),
        ] {
            assert_eq!(fixes(text).join(" "), expected, "{text}");
        }
    }

    #[test]
    fn what_was_postponed_or_never_proposed_was_no_candidate() {
        let postponed = What::Postponed(Postponed {
            candidate: EventId::of(1),
            commit: commit('1'),
            intent: None,
            reason: "later".into(),
            channels: Vec::new(),
        });
        let events = [
            proposed('1', &["eu"]),
            deployed(Kind::Promote, "eu", '3'),
            event(postponed),
            deployed(Kind::Promote, "eu", '1'),
        ];
        assert!(
            told(&events)
                .iter()
                .all(|(_, candidate)| candidate.is_none())
        );
    }
}
