//! How long the answers of an environment must agree before a deploy counts as live. Pure.
//!
//! Behind a load balancer, old and new instances answer alternately during a release, so a few equal answers prove
//! nothing. The span begins again after each different answer.

use std::collections::VecDeque;
use std::time::Duration;

/// The longest pause between two answers of a span. A shorter span has ten answers, too.
const PAUSE: Duration = Duration::from_secs(1);
const FEWEST: u32 = 5;
const LAST: usize = 20;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    New,
    Other,
    Unreadable,
}

pub struct Agreement {
    span: Duration,
    /// When the first of the agreeing answers came, and how many there are.
    agreeing: Option<(Duration, u32)>,
    last: VecDeque<Answer>,
}

/// How many of the last answers were new, if not all of them were.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InTurn {
    /// The answers that named the new commit.
    pub new: usize,
    pub all: usize,
    /// True if one of the answers named another commit.
    pub others: bool,
}

impl Agreement {
    /// Starts without answers. They must agree for this span. If it is zero, one answer is enough.
    pub fn over(span: Duration) -> Self {
        Self {
            span,
            agreeing: None,
            last: VecDeque::new(),
        }
    }

    /// Adds an answer that came at this time. Returns whether the answers have agreed for long enough.
    pub fn take(&mut self, answer: Answer, at: Duration) -> bool {
        if self.last.len() == LAST {
            self.last.pop_front();
        }
        self.last.push_back(answer);
        if answer != Answer::New {
            self.agreeing = None;
            return false;
        }
        let (since, before) = self.agreeing.unwrap_or((at, 0));
        self.agreeing = Some((since, before + 1));
        self.span.is_zero() || (at.saturating_sub(since) >= self.span && before + 1 >= FEWEST)
    }

    pub fn left(&self, at: Duration) -> Option<Duration> {
        let (since, _) = self.agreeing?;
        Some(self.span.saturating_sub(at.saturating_sub(since)))
    }

    /// Returns the pause before the next answer, once one was of the new commit.
    pub fn pause(&self) -> Option<Duration> {
        self.last
            .contains(&Answer::New)
            .then(|| PAUSE.min(self.span / 10))
    }

    /// Returns how many of the last answers were new, if some were new and some were not.
    pub fn in_turn(&self) -> Option<InTurn> {
        let (all, new) = (
            self.last.len(),
            self.last
                .iter()
                .filter(|answer| **answer == Answer::New)
                .count(),
        );
        let others = self.last.contains(&Answer::Other);
        (0 < new && new < all).then_some(InTurn { new, all, others })
    }
}

#[cfg(test)]
mod tests {
    use super::Answer::{New, Other, Unreadable};
    use super::*;

    /// Returns the second at which these answers are enough, with one answer per second.
    fn enough_at(span: u64, answers: &[Answer]) -> Option<usize> {
        let mut agreement = Agreement::over(Duration::from_secs(span));
        answers
            .iter()
            .zip(0..)
            .position(|(answer, at)| agreement.take(*answer, Duration::from_secs(at)))
    }

    #[test]
    fn answers_must_agree_for_the_whole_span() {
        assert_eq!(enough_at(10, &[New; 11]), Some(10));
        assert_eq!(enough_at(10, &[New; 10]), None);
        assert_eq!(
            enough_at(0, &[Other, New]),
            Some(1),
            "without a span one is enough"
        );
        assert_eq!(enough_at(0, &[Other, Unreadable]), None);
    }

    #[test]
    fn an_old_answer_or_none_begins_the_span_again() {
        for other in [Other, Unreadable] {
            assert_eq!(
                enough_at(4, &[New, New, New, New, other, New, New, New, New, New]),
                Some(9)
            );
            assert_eq!(enough_at(1, &[New, New, New, other].repeat(50)), None);
        }
    }

    #[test]
    fn slow_answers_are_five_at_least() {
        let mut agreement = Agreement::over(Duration::from_secs(10));
        let times = [0, 10, 20, 30, 40].map(Duration::from_secs);
        assert_eq!(
            times.map(|at| agreement.take(New, at)),
            [false, false, false, false, true]
        );
    }

    #[test]
    fn a_short_span_has_as_many_answers_as_a_long_one() {
        for (span, pause) in [(10_000, 1000), (3_600_000, 1000), (2000, 200), (100, 10)] {
            let mut agreement = Agreement::over(Duration::from_millis(span));
            assert_eq!(agreement.pause(), None, "nothing is confirmed yet");
            agreement.take(New, Duration::ZERO);
            assert_eq!(agreement.pause(), Some(Duration::from_millis(pause)));
            agreement.take(Other, Duration::ZERO);
            assert_eq!(
                agreement.pause(),
                Some(Duration::from_millis(pause)),
                "it is a matter of moments now"
            );
        }
    }

    #[test]
    fn what_is_left_of_the_span_and_how_many_of_the_last_answers_were_new_is_told() {
        let mut agreement = Agreement::over(Duration::from_secs(10));
        assert_eq!(
            (agreement.left(Duration::ZERO), agreement.in_turn()),
            (None, None)
        );
        assert!((0..4).all(|at| !agreement.take(New, Duration::from_secs(at))));
        assert_eq!(
            (agreement.left(Duration::from_secs(4)), agreement.in_turn()),
            (Some(Duration::from_secs(6)), None)
        );
        agreement.take(Unreadable, Duration::from_secs(5));
        assert_eq!(agreement.left(Duration::from_secs(5)), None);
        assert_eq!(
            agreement.in_turn(),
            Some(InTurn {
                new: 4,
                all: 5,
                others: false
            })
        );
        agreement.take(Other, Duration::from_secs(6));
        assert_eq!(
            agreement.in_turn(),
            Some(InTurn {
                new: 4,
                all: 6,
                others: true
            })
        );
        assert!((0..20).all(|at| !agreement.take(Other, Duration::from_secs(at))));
        assert_eq!(agreement.in_turn(), None, "only the last answers count");
    }
}
