//! The figures of generated histories, against an oracle that knows the story and counts slowly.
//!
//! The program reads each story as recorded events and commit messages, the oracle as positions and sets. They share no
//! rule.

use serde_json::{Value, json};

use super::*;
use crate::core::record::history;
use crate::core::record::{Deployed, Event, Kind, Person, Proposed, Sighting, Telling, What};
use crate::core::words::{EventId, Landed};

const STORIES: u64 = 400;
const MINUTE: i64 = 60;

/// Pseudo-random numbers with a fixed seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005);
        self.0 = self.0.wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % end
    }

    fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }
}

/// A commit of the story.
struct Made {
    parents: Vec<usize>,
    committed: i64,
    message: (String, String),
    /// The commits that it reverts.
    reverts: Vec<usize>,
}

/// A deploy of the story: of the commit at a position, or of a commit that no clone has.
struct Done {
    from: Option<Result<usize, u8>>,
    to: Result<usize, u8>,
    at: i64,
    is_back: bool,
    is_seen: bool,
    /// The commits that its note or its post says it fixes.
    fixes: Vec<Result<usize, u8>>,
}

struct Story {
    commits: Vec<Made>,
    deploys: Vec<Done>,
    events: Vec<Event>,
}

fn id(place: &Result<usize, u8>) -> CommitId {
    let number = match place {
        Ok(place) => (*place as u32 + 1).wrapping_mul(0x0100_0193),
        Err(nowhere) => 0xff00_0000 + u32::from(*nowhere),
    };
    CommitId::parse(&format!("{number:08x}").repeat(5)).unwrap()
}

// ---- the story

impl Story {
    fn new(dice: &mut Dice) -> Self {
        let mut story = Self {
            commits: Vec::new(),
            deploys: Vec::new(),
            events: Vec::new(),
        };
        let mut line = Vec::new();
        for _ in 0..4 + dice.below(24) {
            let parents: Vec<usize> = line.last().copied().into_iter().collect();
            let tip = match dice.below(8) {
                0 | 1 if !line.is_empty() => story.merged(&line, dice),
                2 | 3 if !line.is_empty() => story.reverted(&parents, &line, dice),
                _ => story.commit(&parents, dice),
            };
            line.push(tip);
        }
        story.deploy_all(&line, dice);
        story
    }

    fn made(&mut self, parents: &[usize], message: (String, String), dice: &mut Dice) -> usize {
        let before = self.commits.last().map_or(MONDAY, |one| one.committed);
        self.commits.push(Made {
            parents: parents.to_vec(),
            // Some clocks run backwards.
            committed: before + MINUTE * (dice.below(900) as i64 - 90),
            message,
            reverts: Vec::new(),
        });
        self.commits.len() - 1
    }

    fn commit(&mut self, parents: &[usize], dice: &mut Dice) -> usize {
        let subject = format!("Change it (#{})", 100 + self.commits.len());
        self.made(parents, (subject, "Why, in a line.".to_owned()), dice)
    }

    /// Adds a branch from a random commit, and its merge.
    fn merged(&mut self, line: &[usize], dice: &mut Dice) -> usize {
        let mut branch = line[dice.below(line.len())];
        for _ in 0..=dice.below(3) {
            branch = self.commit(&[branch], dice);
        }
        let parents = [*line.last().unwrap(), branch];
        let number = 100 + self.commits.len();
        let subject = format!("Merge pull request #{number} from someone/branch");
        self.made(&parents, (subject, "Do more".to_owned()), dice)
    }

    /// Adds a revert of a random commit, which may be a revert itself.
    fn reverted(&mut self, parents: &[usize], line: &[usize], dice: &mut Dice) -> usize {
        let target = line[dice.below(line.len())];
        let named = id(&Ok(target));
        let length = if dice.chance(50) { 40 } else { 9 };
        let named = &named.as_str()[..length];
        let number = 100 + self.commits.len();
        let (subject, body) = match dice.below(4) {
            0 => (
                format!("Revert \"Change it\" (#{number})"),
                format!("Reverts owner/repo#{}", 100 + target),
            ),
            1 => (
                "Reapply \"Change it\"".to_owned(),
                format!("This reverts commit {named}."),
            ),
            2 => (
                "Revert \"Do more\"".to_owned(),
                format!(
                    "This reverts commit {named}, reversing\nchanges made to {}.",
                    id(&Ok(0))
                ),
            ),
            _ => (
                format!("Revert \"Change it\" (#{number})"),
                format!("It broke.\n\nThis reverts commit {named}."),
            ),
        };
        // A revert by number only works if the subject of its target has that number.
        let at = self.made(parents, (subject, body), dice);
        let by_number = self.commits[at].message.1.starts_with("Reverts ");
        let has_number = self.commits[target]
            .message
            .0
            .contains(&format!("#{}", 100 + target));
        if !by_number || has_number {
            self.commits[at].reverts.push(target);
        }
        at
    }

    fn deploy_all(&mut self, line: &[usize], dice: &mut Dice) {
        let mut runs = Ok(dice.below(line.len().div_ceil(2)));
        let (mut at, mut nowhere) = (MONDAY + dice.below(20) as i64 * DAY, 0);
        if dice.chance(30) {
            self.deploy(None, Ok(line[runs.unwrap_or(0)]), (at, false, false), dice);
        }
        for _ in 0..dice.below(12) {
            at += MINUTE * dice.below(6_000) as i64;
            let place = runs.unwrap_or(line.len() / 2);
            let is_back = place > 0 && dice.chance(25);
            let is_seen = dice.chance(25);
            let next = match is_back {
                true => dice.below(place),
                false => (place + dice.below(4)).min(line.len() - 1),
            };
            // A commit that was observed is not observed a second time.
            if self
                .deploys
                .last()
                .is_some_and(|one| one.is_seen && one.to == Ok(line[next]))
            {
                continue;
            }
            let from = runs.map(|place| line[place]);
            runs = Ok(next);
            if is_seen && !is_back && dice.chance(20) {
                nowhere += 1;
                runs = Err(nowhere);
            }
            let to = runs.map(|place| line[place]);
            self.deploy(Some(from), to, (at, is_back, is_seen), dice);
        }
    }

    fn deploy(
        &mut self,
        from: Option<Result<usize, u8>>,
        to: Result<usize, u8>,
        (at, is_back, is_seen): (i64, bool, bool),
        dice: &mut Dice,
    ) {
        let mut done = Done {
            from,
            to,
            at,
            is_back,
            is_seen,
            fixes: Vec::new(),
        };
        let before = from.as_ref().map(id);
        if is_seen {
            self.event(
                at,
                What::Observed(Sighting {
                    environment: "production".to_owned(),
                    from: before.unwrap(),
                    to: id(&to),
                    since: at - HOUR,
                    commits: dice.chance(50).then_some(3),
                    back: is_back,
                }),
            );
            if dice.chance(40) {
                self.record_later(&mut done, dice);
            }
            return self.deploys.push(done);
        }
        self.record(&mut done, at, dice);
        self.deploys.push(done);
    }

    /// Records a commit later that was pushed by hand, as a promotion or rollback. No commit arrives with that.
    fn record_later(&mut self, done: &mut Done, dice: &mut Dice) {
        for later in 1..=1 + dice.below(2) as i64 {
            self.record(done, done.at + later, dice);
        }
    }

    fn record(&mut self, done: &mut Done, at: i64, dice: &mut Dice) {
        let [note, post] = [self.words(done, dice), self.words(done, dice)];
        let commit = id(&done.to);
        if done.is_back {
            done.fixes.clear();
        } else {
            self.propose(&commit, note, at);
        }
        self.event(
            at,
            What::Deployed(Deployed {
                overrides: None,
                intent: None,
                kind: if done.is_back {
                    Kind::Rollback
                } else {
                    Kind::Promote
                },
                environment: "production".to_owned(),
                from: done.from.as_ref().map(id),
                to: commit,
                commits: 3,
                signed_off_by: Vec::new(),
                unsigned: false,
                announced_by: None,
                tells: Some(Telling {
                    channels: Vec::new(),
                    date: String::new(),
                    targets: vec![("production".to_owned(), None)],
                    text: post,
                }),
                holds: Vec::new(),
            }),
        );
    }

    /// Writes a note, with a commit that it fixes, if any.
    fn words(&self, done: &mut Done, dice: &mut Dice) -> Option<String> {
        let fixed = match dice.below(6) {
            0 => Ok(dice.below(self.commits.len())),
            1 => self.deploys.get(dice.below(self.deploys.len() + 1))?.to,
            2 => return Some(format!("Fixes #42, prefixes {}", id(&Ok(0)))),
            3 => return Some("It fixes the map.".to_owned()),
            _ => return None,
        };
        done.fixes.push(fixed);
        let hash = id(&fixed);
        let hash = hash.as_str();
        Some(match dice.below(4) {
            0 => format!("- Draw maps\n- Fixes {}.", &hash[..8]),
            1 => format!("fixes: {hash} (\"Change it\")"),
            2 => format!("(fixes {})", hash[..12].to_uppercase()),
            _ => format!("What it fixes\n  {}", &hash[..7]),
        })
    }

    fn propose(&mut self, commit: &CommitId, note: Option<String>, at: i64) {
        self.event(
            at,
            What::Proposed(Proposed {
                commit: commit.clone(),
                environment: "staging".to_owned(),
                targets: vec![("production".to_owned(), None)],
                note,
                date: String::new(),
                channels: Vec::new(),
                over: None,
                login: None,
            }),
        );
    }

    fn event(&mut self, at: i64, what: What) {
        let by = Person {
            name: "Ada Example".to_owned(),
            email: String::new(),
            principal: None,
        };
        let id = EventId::of(self.events.len() as u64);
        self.events.push(Event {
            id,
            by,
            at,
            program: String::new(),
            what,
        });
    }
}

// ---- the program's figures

impl Story {
    /// Returns all commits apart from those that every deploy already had, newest first.
    fn log(&self) -> Vec<Landed> {
        let from = self.deploys.iter().filter_map(|one| one.from?.ok());
        let base = from.min().map(|base| self.reach(base)).unwrap_or_default();
        let new = (0..self.commits.len())
            .rev()
            .filter(|at| !base.contains(at));
        let landed = new.map(|at| Landed {
            id: id(&Ok(at)),
            parents: self.commits[at]
                .parents
                .iter()
                .map(|at| id(&Ok(*at)))
                .collect(),
            committed: self.commits[at].committed,
            subject: self.commits[at].message.0.clone(),
            body: self.commits[at].message.1.clone(),
        });
        landed.collect()
    }

    fn counted(&self, now: i64) -> Value {
        let deploys = arrived(history::deploys(&self.events));
        let is_here = |one: &Done| one.to.is_ok() && one.from.is_none_or(|from| from.is_ok());
        let with_here: Vec<_> = deploys
            .iter()
            .zip(self.deploys.iter().map(is_here))
            .collect();
        let shipped = shipped(&with_here, &self.log());
        let figures = figures(&["production"], &deploys, &shipped, None, &when(now));
        let json: Value = serde_json::from_str(&json::history(&[], &figures)).unwrap();
        json["stats"]["environments"][0].clone()
    }
}

// ---- the oracle's figures

impl Story {
    /// Returns a commit and all its ancestors.
    fn reach(&self, at: usize) -> BTreeSet<usize> {
        let mut all = BTreeSet::from([at]);
        for one in (0..=at).rev() {
            if all.contains(&one) {
                all.extend(&self.commits[one].parents);
            }
        }
        all
    }

    /// Returns a commit and, for a merge, the commits it brought.
    fn whole(&self, at: usize) -> BTreeSet<usize> {
        let mut all = BTreeSet::from([at]);
        if let [first, second] = self.commits[at].parents[..] {
            all.extend(self.reach(second).difference(&self.reach(first)));
        }
        all
    }

    /// Returns the shipped commits; `None` if they are unknown.
    fn ships(&self, place: usize) -> Option<BTreeSet<usize>> {
        let one = &self.deploys[place];
        match (one.is_back, one.from, one.to) {
            (true, ..) | (_, None, _) => Some(BTreeSet::new()),
            (_, Some(Ok(from)), Ok(to)) => Some(&self.reach(to) - &self.reach(from)),
            _ => None,
        }
    }

    /// Returns whether a deploy is the last one before a position that shipped one of these.
    fn is_last_before(&self, one: usize, before: usize, is_it: impl Fn(usize) -> bool) -> bool {
        !self.deploys[one].is_back
            && is_it(one)
            && (one + 1..before).all(|other| self.deploys[other].is_back || !is_it(other))
    }

    fn mends(&self, later: usize, earlier: usize) -> bool {
        if self.deploys[later].is_back || later <= earlier {
            return false;
        }
        let by_words = self.deploys[later].fixes.iter().any(|fixed| {
            let is_it = |one: usize| {
                let whole = fixed.map(|at| self.whole(at)).unwrap_or_default();
                self.deploys[one].to == *fixed
                    || !self.ships(one).unwrap_or_default().is_disjoint(&whole)
            };
            self.is_last_before(earlier, later, is_it)
        });
        let by_revert = self.ships(later).unwrap_or_default().iter().any(|revert| {
            let taken = self.commits[*revert]
                .reverts
                .iter()
                .flat_map(|at| self.whole(*at));
            let taken: BTreeSet<usize> =
                taken.filter(|at| !self.says_that_it_reverts(*at)).collect();
            let is_it = |one: usize| !self.ships(one).unwrap_or_default().is_disjoint(&taken);
            self.is_last_before(earlier, later, is_it)
        });
        by_words || by_revert
    }

    fn says_that_it_reverts(&self, at: usize) -> bool {
        self.commits[at]
            .message
            .1
            .to_lowercase()
            .contains("reverts ")
    }

    /// Returns the first repair of a failed deploy.
    fn remedy(&self, place: usize) -> Option<usize> {
        if self.deploys[place].is_back {
            return None;
        }
        let next = self.deploys.get(place + 1)?;
        if next.is_back {
            return Some(place + 1);
        }
        (place + 1..self.deploys.len()).find(|later| self.mends(*later, place))
    }

    fn by_hand(&self, now: i64) -> Value {
        let all: Vec<usize> = (0..self.deploys.len()).collect();
        let is = |place: &usize| &self.deploys[*place];
        let count = |of: &dyn Fn(&usize) -> bool| all.iter().filter(|one| of(one)).count();
        let promotions = |one: &usize| !is(one).is_back && !is(one).is_seen;
        let forward = count(&|one| !is(one).is_back);
        let unknown = count(&|one| self.ships(*one).is_none());
        let failed: Vec<usize> = all
            .iter()
            .copied()
            .filter(|one| self.remedy(*one).is_some())
            .collect();
        let took = failed.iter().map(|one| {
            let by = self.remedy(*one).unwrap();
            (
                0.max(is(&by).at - is(one).at),
                is(one).is_seen || is(&by).is_seen,
            )
        });
        let took: Vec<(i64, bool)> = took.collect();
        let back = failed
            .iter()
            .filter(|one| is(&self.remedy(**one).unwrap()).is_back)
            .count();
        let promotions_back = failed
            .iter()
            .filter(|one| promotions(one) && is(&self.remedy(**one).unwrap()).is_back);
        let promotions_back = promotions_back.count();
        let rework =
            count(&|one| is(one).is_back || all.iter().any(|earlier| self.mends(*one, *earlier)));
        let rate = |some: usize, all: usize| (all > 0).then(|| some as f64 / all as f64);
        let exactly = |some, all| rate(some, all).filter(|_| unknown == 0);
        json!({
            "environment": "production",
            "promotions": count(&promotions),
            "rollbacks": count(&|one| is(one).is_back && !is(one).is_seen),
            "observed": count(&|one| is(one).is_seen),
            "promotions_per_week": self.per_week(&promotions, now),
            "deploys_per_week": self.per_week(&|one| !is(one).is_back, now),
            "lead_time_seconds": self.lead(),
            "rolled_back": promotions_back,
            "rolled_back_share": rate(promotions_back, count(&promotions)),
            "change_failure": {
                "failed": failed.len(),
                "rolled_back": back,
                "fixed_forward": failed.len() - back,
                "deploys": forward,
                "unknown": unknown,
                "rate": exactly(failed.len(), forward),
            },
            "time_to_restore_seconds": {
                "median": middle(took.iter().filter(|one| !one.1).map(|one| one.0).collect()),
                "failures": failed.len(),
                "seen": took.iter().filter(|one| one.1).count(),
            },
            "rework": {
                "rework": rework,
                "deploys": all.len(),
                "unknown": unknown,
                "rate": exactly(rework, all.len()),
            },
        })
    }

    fn per_week(&self, of: &dyn Fn(&usize) -> bool, now: i64) -> Option<f64> {
        let all: Vec<usize> = (0..self.deploys.len()).filter(|one| of(one)).collect();
        let first = all.iter().map(|one| self.deploys[*one].at).min()?;
        // Midnight of a Monday in or before that week.
        let mut monday = MONDAY - 9 * HOUR;
        let mut weeks = 0;
        while monday <= now {
            weeks += usize::from(monday + 7 * DAY > first);
            monday += 7 * DAY;
        }
        Some(all.len() as f64 / weeks as f64)
    }

    fn lead(&self) -> Value {
        let (mut waited, mut seen, mut unknown) = (Vec::new(), 0, Some(0));
        for (place, one) in self.deploys.iter().enumerate() {
            let Some(ships) = self.ships(place) else {
                let What::Observed(seen) = &self.seen(one) else {
                    unknown = unknown.map(|some| some + 3);
                    continue;
                };
                unknown = unknown.zip(seen.commits).map(|(some, more)| some + more);
                continue;
            };
            for at in ships
                .iter()
                .filter(|at| self.commits[**at].parents.len() != 2)
            {
                waited.push((one.at - self.commits[*at].committed).max(0));
                seen += usize::from(one.is_seen);
            }
        }
        waited.sort_unstable();
        let enough = waited.iter().find(|limit| {
            let within = waited.iter().filter(|one| one <= limit).count();
            within * 10 >= waited.len() * 9
        });
        json!({
            "median": middle(waited.clone()),
            "p90": enough,
            "commits": waited.len(),
            "seen": seen,
            "unknown": unknown,
        })
    }

    /// Returns the event of a deploy.
    fn seen(&self, one: &Done) -> What {
        let mut events = self.events.iter().filter(|event| event.at == one.at);
        events
            .rfind(|event| !matches!(event.what, What::Proposed(_)))
            .unwrap()
            .what
            .clone()
    }
}

fn middle(mut all: Vec<i64>) -> Option<i64> {
    all.sort_unstable();
    let last = all.len().checked_sub(1)?;
    Some((all[last / 2] + all[last.div_ceil(2)]) / 2)
}

#[test]
fn the_five_figures_of_generated_histories_are_what_a_hand_counts() {
    let mut met = [0; 6];
    for seed in 0..STORIES {
        let mut dice = Dice(seed * 7919 + 17);
        let story = Story::new(&mut dice);
        let now = MONDAY + 40 * DAY + dice.below(30) as i64 * DAY;
        let (mut counted, by_hand) = (story.counted(now), story.by_hand(now));
        for other in ["weeks", "since"] {
            counted.as_object_mut().unwrap().remove(other);
        }
        // The expected numbers are rounded in the same way by writing and reading.
        let by_hand: Value = serde_json::from_str(&by_hand.to_string()).unwrap();
        assert_eq!(counted, by_hand, "story {seed}");
        let told = &by_hand["change_failure"];
        let kinds = [
            told["fixed_forward"] != 0,
            told["rolled_back"] != 0,
            told["rate"].is_null() && told["deploys"] != 0,
            by_hand["rework"]["rework"].as_u64() > told["failed"].as_u64(),
            by_hand["lead_time_seconds"]["seen"] != 0,
            by_hand["lead_time_seconds"]["unknown"].is_null(),
        ];
        (met.iter_mut().zip(kinds)).for_each(|(met, is_kind)| *met += usize::from(is_kind));
    }
    // The stories must contain enough events of each kind.
    assert!(met.iter().all(|met| *met > 25), "{met:?}");
}
