//! Compares the state after arbitrary events with that of a slow reader of all events.

use std::collections::{BTreeMap, BTreeSet};

use crate::core::record::tests::*;

/// An attempted event. If `aimed`, it names the right events and commits, otherwise arbitrary ones.
#[derive(Clone, Debug)]
struct Try {
    aimed: bool,
    what: usize,
    who: usize,
    commit: usize,
    place: usize,
    kind: Kind,
    verdict: Verdict,
    yes: bool,
    at: i64,
}

const PEOPLE: [&str; 3] = ["Ada Example", "Rosi", "Ben"];
const PLACES: [&str; 3] = ["staging", "production", "eu"];

fn tries() -> impl Strategy<Value = Vec<Try>> {
    let one = (
        prop::bool::weighted(0.8),
        0..10_usize,
        0..3_usize,
        0..3_usize,
        0..3_usize,
    );
    let one = (one, kinds(), verdicts(), any::<bool>(), any::<i64>()).prop_map(
        |((aimed, what, who, commit, place), kind, verdict, yes, at)| Try {
            aimed,
            what,
            who,
            commit,
            place,
            kind,
            verdict,
            yes,
            at,
        },
    );
    vec(one, 0..60)
}

impl Try {
    fn pool(&self) -> CommitId {
        commit(['1', '2', '3'][self.commit])
    }

    fn place(&self) -> String {
        PLACES[self.place].to_owned()
    }

    /// Returns the candidate's commit, or an arbitrary one.
    fn candidate(&self, state: &State) -> CommitId {
        let open = state.candidate.as_ref().filter(|_| self.aimed);
        open.map_or_else(|| self.pool(), |open| open.commit.clone())
    }

    /// Returns the open announcement, if it is to be named.
    fn open(&self, state: &State) -> Option<EventId> {
        let open = state.deploying.as_ref().map(|open| open.id.clone());
        if self.aimed {
            open
        } else {
            self.yes.then(|| EventId::of(self.commit as u64))
        }
    }

    fn what(&self, state: &State) -> What {
        match self.what {
            0 => self.propose(state),
            1 | 2 => What::Judged(Judged {
                commit: self.candidate(state),
                of: PEOPLE[self.who].into(),
                verdict: self.verdict,
                note: None,
                channels: self.channels(),
                comment: None,
            }),
            3 | 4 => What::Deploying(self.intent(state)),
            5 | 6 => self.deployed(state),
            7 if self.yes && self.who == 0 => What::Begun {},
            7 if self.yes => What::Ended {
                intent: self.open(state).unwrap_or_else(|| EventId::of(0)),
                why: "declined".into(),
            },
            7 => What::Postponed(Postponed {
                candidate: state
                    .candidate
                    .as_ref()
                    .map_or(EventId::of(0), |open| open.id.clone()),
                commit: self.candidate(state),
                intent: self.open(state),
                reason: "not today".into(),
                channels: self.channels(),
            }),
            8 => self.posting(state),
            _ => self.observed(state),
        }
    }

    fn channels(&self) -> Vec<String> {
        PEOPLE
            .iter()
            .take(self.place)
            .map(|_| "technical".into())
            .collect()
    }

    fn posting(&self, state: &State) -> What {
        let owed = state.pending.get(self.who);
        let about = owed.map_or(EventId::of(0), |owed| owed.about.clone());
        let channel = owed.map_or("technical".into(), |owed| owed.channel.clone());
        let open = owed
            .and_then(|owed| owed.attempt.as_ref())
            .map(|sending| sending.id.clone());
        let open = if self.aimed {
            open
        } else {
            self.yes.then(|| EventId::of(self.commit as u64))
        };
        match (self.kind, open) {
            (Kind::Stage, Some(attempt)) => What::Unposted {
                attempt,
                channel,
                why: "404".into(),
            },
            (Kind::Stage | Kind::Fix, over) => What::Posting {
                about,
                channel,
                over,
            },
            (Kind::Promote, attempt) => What::Posted {
                about,
                channel,
                attempt,
                how: How::Accepted,
                placed: Placed::default(),
            },
            (Kind::Rollback, attempt) => What::Posted {
                about,
                channel,
                attempt,
                how: How::Skipped,
                placed: Placed::default(),
            },
        }
    }

    fn propose(&self, state: &State) -> What {
        let goals = ["production", "eu"].iter().take(1 + self.who % 2);
        What::Proposed(Proposed {
            commit: self.pool(),
            environment: "staging".into(),
            targets: goals.map(|name| ((*name).to_owned(), None)).collect(),
            note: None,
            date: "2022-03-02".into(),
            channels: self.channels(),
            login: None,
            over: self.open(state),
        })
    }

    fn observed(&self, state: &State) -> What {
        let environment = self.place();
        let known = state
            .known(&environment)
            .filter(|_| self.aimed)
            .map(|(commit, _)| commit.clone());
        let from = known.unwrap_or_else(|| commit(['1', '2', '3'][self.who]));
        What::Observed(Sighting {
            environment,
            from,
            to: self.pool(),
            since: self.at,
            commits: None,
            back: self.yes,
        })
    }

    fn intent(&self, state: &State) -> Intent {
        let fix = self.kind == Kind::Fix && self.aimed;
        Intent {
            overrides: None,
            kind: self.kind,
            environment: if fix { "staging".into() } else { self.place() },
            from: None,
            also: Vec::new(),
            to: if self.kind == Kind::Promote {
                self.candidate(state)
            } else {
                self.pool()
            },
            base: fix.then(|| self.candidate(state)),
            unsigned: self.yes,
            over: self.open(state),
            tells: None,
        }
    }

    fn deployed(&self, state: &State) -> What {
        let late = state.superseded.first().filter(|_| self.yes);
        let open = late.or(state.deploying.as_ref());
        let open = open.filter(|_| self.aimed);
        What::Deployed(Deployed {
            overrides: None,
            intent: open.map_or_else(|| self.open(state), |open| Some(open.id.clone())),
            kind: open.map_or(self.kind, |open| open.kind),
            environment: open.map_or_else(|| self.place(), |open| open.environment.clone()),
            from: None,
            to: open.map_or_else(|| self.candidate(state), |open| open.to.clone()),
            commits: 1,
            signed_off_by: Vec::new(),
            unsigned: self.yes,
            announced_by: None,
            tells: (self.place != 0).then(|| Telling {
                channels: self.channels(),
                date: "2022-03-02".into(),
                targets: vec![(self.place(), None)],
                text: self.yes.then(|| "- Flags".into()),
            }),
            holds: Vec::new(),
        })
    }
}

/// When a pending notification becomes obsolete.
#[derive(Clone, Debug, PartialEq)]
enum Moot {
    Never,
    AfterTheCandidate,
    /// Also when this person gives another verdict.
    WithTheBlockOf(String),
}

/// An announcement.
type Begun = (EventId, Kind, CommitId);

/// The knowledge of a slow reader of all accepted events.
#[derive(Clone, Debug, Default, PartialEq)]
struct Told {
    open: Option<EventId>,
    opened: Option<(String, Begun)>,
    candidate: Option<EventId>,
    commit: Option<CommitId>,
    goals: BTreeSet<String>,
    reached: BTreeSet<String>,
    verdicts: BTreeMap<String, Verdict>,
    runs: BTreeMap<String, CommitId>,
    superseded: BTreeMap<String, Begun>,
    owed: Vec<(EventId, String, Moot, Option<EventId>)>,
    has_events: bool,
}

impl Told {
    /// Adds one more event.
    fn and(mut self, event: &Event) -> Self {
        match &event.what {
            What::Begun {} => {}
            What::Proposed(Proposed {
                commit,
                targets,
                channels,
                ..
            }) => {
                self.gives_up();
                self.candidate = Some(event.id.clone());
                self.commit = Some(commit.clone());
                self.goals = targets.iter().map(|(name, _)| name.clone()).collect();
                (self.reached, self.verdicts) = (BTreeSet::new(), BTreeMap::new());
                self.owe(event, channels, &Moot::AfterTheCandidate);
            }
            What::Judged(Judged {
                of,
                verdict,
                channels,
                ..
            }) => {
                self.verdicts.insert(of.clone(), *verdict);
                let moot = Moot::WithTheBlockOf(of.clone());
                self.owed
                    .retain(|(_, _, one, open)| open.is_some() || *one != moot);
                if *verdict == Verdict::Block {
                    self.owe(event, channels, &moot);
                }
            }
            What::Deploying(intent) => {
                self.gives_up();
                self.open = Some(event.id.clone());
                let begun = (event.id.clone(), intent.kind, intent.to.clone());
                self.opened = Some((intent.environment.clone(), begun));
            }
            What::Deployed(Deployed {
                intent,
                kind,
                environment,
                to,
                tells,
                ..
            }) => {
                if self.open == *intent {
                    (self.open, self.opened) = (None, None);
                }
                let is_told = match kind {
                    Kind::Stage => false,
                    Kind::Fix => self.candidate.is_some(),
                    Kind::Promote | Kind::Rollback => true,
                };
                self.deployed(*kind, environment, to);
                if let Some(tells) = tells.as_ref().filter(|_| is_told) {
                    let moot = if *kind == Kind::Fix {
                        Moot::AfterTheCandidate
                    } else {
                        Moot::Never
                    };
                    self.owe(event, &tells.channels, &moot);
                }
            }
            What::Observed(Sighting {
                environment, to, ..
            }) => self.runs_now(environment, to),
            What::CheckFailed(it) => {
                if let (Some(tells), Some(_)) = (&it.tells, &it.overrides) {
                    self.owe(event, &tells.channels, &Moot::Never);
                }
            }
            What::Doubted { .. } | What::Voided(_) => {}
            What::Ended { .. } => (self.open, self.opened) = (None, None),
            What::Postponed(Postponed { channels, .. }) => {
                self.gives_up();
                self.close();
                self.owe(event, channels, &Moot::Never);
            }
            What::Posting { .. } | What::Unposted { .. } | What::Posted { .. } => {
                self.posted(event)
            }
        }
        self
    }

    /// Closes the candidate: its notifications become obsolete.
    fn close(&mut self) {
        self.owed.retain(|(_, _, moot, _)| *moot == Moot::Never);
        let (runs, owed) = (
            std::mem::take(&mut self.runs),
            std::mem::take(&mut self.owed),
        );
        *self = Self {
            runs,
            owed,
            open: self.open.take(),
            opened: self.opened.take(),
            superseded: std::mem::take(&mut self.superseded),
            ..Self::default()
        };
    }

    /// Gives up the announcement; its commit may run anyway.
    fn gives_up(&mut self) {
        self.open = None;
        self.superseded.extend(self.opened.take());
    }

    fn runs_now(&mut self, environment: &str, to: &CommitId) {
        self.runs.insert(environment.to_owned(), to.clone());
        self.superseded.remove(environment);
        if self.commit.as_ref() != Some(to) {
            self.reached.remove(environment);
        }
    }

    fn owe(&mut self, event: &Event, channels: &[String], moot: &Moot) {
        self.owed.extend(
            channels
                .iter()
                .map(|channel| (event.id.clone(), channel.clone(), moot.clone(), None)),
        );
    }

    /// Returns the position of the notification with this open attempt.
    fn place(&self, post: Option<(&EventId, &String)>, attempt: Option<&EventId>) -> Option<usize> {
        self.owed.iter().position(|(about, channel, _, open)| {
            post.is_none_or(|post| post == (about, channel)) && open.as_ref() == attempt
        })
    }

    fn posted(&mut self, event: &Event) {
        match &event.what {
            What::Posting {
                about,
                channel,
                over,
            } => {
                let place = self.place(Some((about, channel)), over.as_ref()).unwrap();
                self.owed[place].3 = Some(event.id.clone());
            }
            What::Unposted { attempt, .. } => {
                let place = self.place(None, Some(attempt)).unwrap();
                self.owed[place].3 = None;
            }
            What::Posted {
                about,
                channel,
                attempt,
                ..
            } => {
                drop(
                    self.owed.remove(
                        self.place(Some((about, channel)), attempt.as_ref())
                            .unwrap(),
                    ),
                );
            }
            _ => {}
        }
    }

    fn deployed(&mut self, kind: Kind, environment: &str, to: &CommitId) {
        self.runs_now(environment, to);
        match kind {
            Kind::Fix if self.candidate.is_none() => {}
            Kind::Fix => {
                self.commit = Some(to.clone());
                (self.reached, self.verdicts) = (BTreeSet::new(), BTreeMap::new());
                self.owed.retain(|(_, _, moot, open)| {
                    open.is_some() || !matches!(moot, Moot::WithTheBlockOf(_))
                });
            }
            Kind::Promote
                if self.commit.as_ref() == Some(to) && self.goals.contains(environment) =>
            {
                self.reached.insert(environment.to_owned());
            }
            Kind::Promote | Kind::Stage | Kind::Rollback => {}
        }
        if self.candidate.is_some() && self.reached == self.goals {
            self.close();
        }
    }

    /// Builds the same knowledge from a state.
    fn told_by(state: &State) -> Self {
        let open = state.candidate.as_ref();
        let begun = |open: &Deploying| {
            let begun = (open.id.clone(), open.kind, open.to.clone());
            (open.environment.clone(), begun)
        };
        let goals = || open.into_iter().flat_map(|open| &open.targets);
        let verdicts = open.into_iter().flat_map(|open| &open.verdicts);
        Self {
            has_events: state.events > 0,
            open: state.deploying.as_ref().map(|open| open.id.clone()),
            opened: state.deploying.as_ref().map(begun),
            candidate: open.map(|open| open.id.clone()),
            commit: open.map(|open| open.commit.clone()),
            goals: goals().map(|goal| goal.environment.clone()).collect(),
            reached: goals()
                .filter(|goal| goal.reached)
                .map(|goal| goal.environment.clone())
                .collect(),
            verdicts: verdicts.map(|one| (one.by.clone(), one.verdict)).collect(),
            runs: state
                .deploys
                .iter()
                .map(|(name, deploy)| (name.clone(), deploy.commit.clone()))
                .collect(),
            superseded: (state.superseded.iter()).map(begun).collect(),
            owed: state
                .pending
                .iter()
                .map(|owed| {
                    let open = owed.attempt.as_ref().map(|sending| sending.id.clone());
                    let moot = match &owed.news {
                        News::Blocked { by, .. } => Moot::WithTheBlockOf(by.clone()),
                        _ if owed.is_of_candidate() => Moot::AfterTheCandidate,
                        _ => Moot::Never,
                    };
                    (owed.about.clone(), owed.channel.clone(), moot, open)
                })
                .collect(),
        }
    }

    /// Returns whether a commit may be promoted.
    fn lets(&self, environment: &str, commit: &CommitId, unsigned: bool) -> bool {
        if self.candidate.is_none() {
            return unsigned;
        }
        let said = |verdict| self.verdicts.values().any(|one| *one == verdict);
        let goal = self.goals.contains(environment) && !self.reached.contains(environment);
        goal && self.commit.as_ref() == Some(commit)
            && !said(Verdict::Block)
            && (said(Verdict::Pass) || unsigned)
    }

    /// Returns whether an accepted event may follow.
    fn allows(&self, event: &Event) -> bool {
        let frozen = |environment: &str| self.candidate.is_some() && environment == "staging";
        match &event.what {
            What::Begun {} => !self.has_events,
            // These stories have no comments.
            What::Voided(_) => false,
            What::Proposed(Proposed { over, .. }) => self.candidate.is_none() && self.open == *over,
            What::Judged(Judged { commit, .. }) => {
                self.candidate.is_some() && self.commit.as_ref() == Some(commit)
            }
            What::Deploying(intent) => {
                self.open == intent.over
                    && match intent.kind {
                        Kind::Stage => {
                            !frozen(&intent.environment) || self.commit.as_ref() == Some(&intent.to)
                        }
                        Kind::Fix => frozen(&intent.environment) && self.commit == intent.base,
                        Kind::Promote => {
                            self.lets(&intent.environment, &intent.to, intent.unsigned)
                        }
                        Kind::Rollback => true,
                    }
            }
            What::Deployed(Deployed {
                intent: None,
                kind,
                environment,
                to,
                unsigned,
                ..
            }) => {
                let promotion =
                    *kind != Kind::Promote || *unsigned || self.lets(environment, to, false);
                self.open.is_none() && *kind != Kind::Fix && promotion
            }
            What::Observed(Sighting {
                environment,
                from,
                to,
                ..
            }) => {
                let tested = self.commit.as_ref().filter(|_| environment == "staging");
                let going = self
                    .opened
                    .as_ref()
                    .is_some_and(|(name, _)| name == environment);
                !going && from != to && self.runs.get(environment).or(tested) == Some(from)
            }
            What::Deployed(Deployed {
                intent: Some(intent),
                kind,
                environment,
                to,
                ..
            }) => {
                let late = self.superseded.get(environment);
                let is_late = late == Some(&(intent.clone(), *kind, to.clone()));
                let elsewhere = (self.opened.iter()).all(|(name, _)| name != environment);
                self.open.as_ref() == Some(intent) || is_late && elsewhere && *kind != Kind::Fix
            }
            What::CheckFailed(CheckFailed {
                intent: Some(intent),
                ..
            })
            | What::Doubted { intent, .. }
            | What::Ended { intent, .. } => self.open.as_ref() == Some(intent),
            What::CheckFailed(_) => self.open.is_none(),
            What::Postponed(Postponed {
                candidate,
                commit,
                intent,
                ..
            }) => {
                self.candidate.as_ref() == Some(candidate)
                    && self.commit.as_ref() == Some(commit)
                    && self.open == *intent
            }
            What::Posting {
                about,
                channel,
                over,
            } => self.place(Some((about, channel)), over.as_ref()).is_some(),
            What::Unposted { attempt, .. } => self.place(None, Some(attempt)).is_some(),
            What::Posted {
                about,
                channel,
                attempt,
                ..
            } => self
                .place(Some((about, channel)), attempt.as_ref())
                .is_some(),
        }
    }
}

/// Plays all attempts and returns the accepted events, each with the state after it.
fn play(tries: &[Try]) -> Vec<(Event, State)> {
    let mut state = State::default();
    let mut accepted = Vec::new();
    for (nth, one) in tries.iter().enumerate() {
        let event = Event {
            at: one.at,
            ..event(1000 + nth as u64, one.what(&state))
        };
        let before = state.clone();
        if let Ok(next) = state.after(&event) {
            state = next;
            accepted.push((event, state.clone()));
        } else {
            assert_eq!(state, before, "a refused event changed something");
        }
    }
    accepted
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn what_is_accepted_is_lawful_and_adds_up(tries in tries()) {
        let mut known = Told::default();
        for (nth, (event, state)) in play(&tries).iter().enumerate() {
            prop_assert!(known.allows(event), "{:?}\n{:?}", known, event);
            known = Told { has_events: true, ..known.and(event) };
            prop_assert_eq!(&known, &Told::told_by(state));
            prop_assert_eq!(state.events, nth as u64 + 1);
        }
    }

    #[test]
    fn every_state_is_well_formed_and_comes_back_from_its_file(tries in tries()) {
        for (_, state) in play(&tries) {
            let candidate = state.candidate.as_ref();
            let people: BTreeSet<_> = candidate.iter().flat_map(|open| &open.verdicts).map(|one| &one.by).collect();
            prop_assert_eq!(people.len(), candidate.map_or(0, |open| open.verdicts.len()), "a verdict each");
            prop_assert!(candidate.is_none_or(|open| open.targets.iter().any(|goal| !goal.reached)));
            prop_assert!(candidate.is_some() || state.pending.iter().all(|owed| !owed.is_of_candidate()));
            prop_assert_eq!(read_state(write_state(&state).as_bytes()), Ok(state));
        }
    }

    #[test]
    fn what_is_read_back_adds_up_to_the_same(tries in tries()) {
        let played = play(&tries);
        let mut state = State::default();
        for (event, written) in played {
            let read = read_event(&message(&event), event.by.clone(), event.at).unwrap();
            state = state.after(&read).unwrap();
            prop_assert_eq!(&state, &written);
        }
    }

    #[test]
    fn no_clock_decides_anything(tries in tries(), ats in vec(any::<i64>(), 60)) {
        let mut skewed = tries.clone();
        skewed.iter_mut().zip(ats).for_each(|(one, at)| one.at = at);
        let told = |tries: &[Try]| -> Vec<Told> { play(tries).iter().map(|(_, state)| Told::told_by(state)).collect() };
        prop_assert_eq!(told(&tries), told(&skewed));
    }

    #[test]
    fn there_is_always_a_way_out(tries in tries()) {
        let state = play(&tries).pop().map(|(_, state)| state).unwrap_or_default();
        let open = state.deploying.as_ref().map(|open| open.id.clone());
        if let Some(intent) = open.clone() {
            let ended = event(1, What::Ended { intent, why: "declined".into() });
            prop_assert!(state.after(&ended).is_ok());
        }
        if let Some(candidate) = &state.candidate {
            let (id, commit, reason) = (candidate.id.clone(), candidate.commit.clone(), "not today".to_owned());
            let channels = Vec::new();
            let postponed = What::Postponed(Postponed { candidate: id, commit, intent: open, reason, channels });
            let after = state.after(&event(1, postponed)).unwrap();
            prop_assert!(after.candidate.is_none() && after.deploying.is_none());
            prop_assert!(after.pending.iter().all(|owed| !owed.is_of_candidate()));
        }
        for owed in &state.pending {
            let (about, channel) = (owed.about.clone(), owed.channel.clone());
            let attempt = owed.attempt.as_ref().map(|sending| sending.id.clone());
            let skipped = What::Posted { about, channel, attempt, how: How::Skipped, placed: Placed::default() };
            prop_assert_eq!(state.after(&event(2, skipped)).unwrap().pending.len(), state.pending.len() - 1);
        }
    }
}
