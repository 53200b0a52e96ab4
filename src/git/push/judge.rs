//! Interprets git's own report of a push. It only decides how to describe a branch that did not move.

use crate::core::text::without_userinfo;
use crate::git::moved::is_redirect;
use crate::git::push::{Beside, Ended, PushOutcome, RefStep};
use crate::git::response::{LineKind, kind, push_status};

/// The longest reason that is passed on, in characters.
const LONGEST_REASON: usize = 300;

/// The facts that count in git's output during a push.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Signs {
    sent: bool,
    /// True if a ref cannot be named, which git says before anything is sent.
    unnameable: bool,
    answered: Option<u16>,
    /// True if the lines that follow are about this clone's remote-tracking branch.
    tracks: bool,
    /// True if the server cannot move several refs at once.
    not_atomic: bool,
}

impl Signs {
    /// Evaluates one line of git's output. Returns whether the line tells people anything.
    pub fn line(&mut self, line: &str) -> bool {
        let kind = kind(line);
        match kind {
            Some(LineKind::Sending) => self.sent = true,
            Some(LineKind::Unnameable) => self.unnameable = true,
            Some(LineKind::Tracks) => self.tracks = true,
            Some(LineKind::NotAtomic) => self.not_atomic = true,
            // git prints this instead of the status if the push itself was answered with 401.
            Some(LineKind::NoLogin | LineKind::WrongLogin)
                if self.sent && line.starts_with("fatal: ") =>
            {
                self.answered = Some(401);
            }
            _ => self.answered = push_status(line).or(self.answered),
        }
        let is_bar = matches!(kind, Some(LineKind::Progress | LineKind::Sending));
        !is_bar && !self.not_atomic && (!self.tracks || line.starts_with("remote:"))
    }

    /// Returns the outcome of a push of these refs. If several move together, the one that was rejected has the reason.
    pub fn outcome(self, porcelain: &str, code: Option<i32>, steps: &[RefStep]) -> PushOutcome {
        let told = match steps {
            [branch, other] => in_order(porcelain, branch, other),
            _ => porcelain.to_owned(),
        };
        let ended = self.judge(&told, code);
        let beside = steps.get(1).map(|other| match told.lines().next() {
            _ if self.not_atomic && ended == Ended::NothingSent => Beside::NotAtomic,
            _ if is_exact(porcelain, other) => Beside::Taken,
            Some(first) if first.starts_with('!') && is_about(first, other) => Beside::Refused,
            _ => Beside::Unclear,
        });
        PushOutcome {
            ended,
            reason: reason(&told),
            beside,
        }
    }

    /// Returns how the push ended, by these facts, its standard output and its exit code.
    pub fn judge(self, porcelain: &str, code: Option<i32>) -> Ended {
        if self.unnameable && !self.sent && porcelain.is_empty() {
            return Ended::NothingSent;
        }
        let mut lines = porcelain.lines();
        let Some(told) = lines.find(|line| line.as_bytes().get(1) == Some(&b'\t')) else {
            return match self.answered.filter(|status| is_refusal(*status)) {
                Some(status) if code != Some(0) => Ended::Refused(status),
                None if !self.sent && !porcelain.contains("Done") && code == Some(128) => {
                    Ended::NothingSent
                }
                _ => Ended::Unclear,
            };
        };
        match told.strip_prefix('!') {
            Some(said) if said.contains("(stale info)") => Ended::Stale,
            Some(said) if said.contains("[remote rejected]") => Ended::Declined,
            // git itself rejected the ref.
            Some(said) if said.contains("[rejected]") => Ended::Stale,
            None if code == Some(0) && told.starts_with('=') => Ended::UpToDate,
            None if code == Some(0) => Ended::Accepted,
            _ => Ended::Unclear,
        }
    }
}

/// Sorts the lines about two refs that move together: first what caused a rejection, and the branch before the other.
fn in_order(porcelain: &str, branch: &RefStep, other: &RefStep) -> String {
    let mut lines: Vec<&str> = porcelain.lines().collect();
    lines.sort_by_key(|line| match line {
        line if is_about(line, branch) => (!is_cause(line), 0),
        line if is_about(line, other) => (!is_cause(line), 1),
        _ => (true, 2),
    });
    lines.join("\n")
}

/// Returns whether a line is a cause. A ref that only fails with the other has the words "(atomic push failed)".
fn is_cause(line: &str) -> bool {
    line.starts_with('!') && !line.contains("(atomic ")
}

fn is_about(line: &str, step: &RefStep) -> bool {
    let named = line.split('\t').nth(1);
    named.is_some_and(|named| named == format!("{}^0:{}", step.commit, step.reference))
}

/// Returns whether an HTTP answer to a push means that the host did nothing with it. A 408 may come from a proxy that
/// gave up on a host that builds. A 429 comes before any work.
fn is_refusal(status: u16) -> bool {
    is_redirect(status) || matches!(status, 400..=499) && status != 408
}

/// Returns why a ref was rejected, in the words of the server or git: the parentheses after `[remote rejected]`.
pub(super) fn reason(porcelain: &str) -> Option<String> {
    let mut lines = porcelain.lines();
    let told = lines.find_map(|line| line.strip_prefix("!\t")?.split('\t').nth(1))?;
    let words = told.split_once("] (")?.1.trim_end().strip_suffix(')')?;
    let shown = without_userinfo(words);
    Some(shown.chars().take(LONGEST_REASON).collect())
}

/// Returns whether git reports that exactly this ref moved from exactly that commit to this one. If a push finds a ref
/// of another name instead, or has nothing to do, its report differs.
pub(super) fn is_exact(porcelain: &str, step: &RefStep) -> bool {
    let (Some(from), to, reference) = (&step.expected, &step.commit, &step.reference) else {
        return false;
    };
    let begins = format!(" \t{to}^0:{reference}\t");
    let mut lines = porcelain.lines();
    let range = lines.find_map(|line| line.strip_prefix(&begins)?.split_once(".."));
    range.is_some_and(|(old, new)| {
        !old.is_empty()
            && from.as_str().starts_with(old)
            && !new.is_empty()
            && to.as_str().starts_with(new)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::words::CommitId;

    fn judge(porcelain: &str, code: Option<i32>, lines: &[&str]) -> Ended {
        let mut signs = Signs::default();
        let _ = lines.iter().filter(|line| signs.line(line)).count();
        signs.judge(porcelain, code)
    }

    fn step(reference: &str) -> RefStep {
        let [from, to] = ["1", "2"].map(|digit| CommitId::parse(&digit.repeat(40)).unwrap());
        RefStep {
            reference: reference.to_owned(),
            commit: to,
            expected: Some(from),
        }
    }

    // The output of git 2.39 and 2.47 for two refs with leases and `--atomic`.
    #[test]
    fn of_two_refs_that_go_together_the_one_that_was_kept_back_tells_why() {
        let steps = ["refs/heads/production", "refs/smp/record"].map(step);
        let outcome = |branch: &str, record: &str, code: i32| {
            let lines = format!("To x\n{branch}\n{record}\nDone\n");
            let lines = lines.replace(
                "P\t",
                &format!("{}^0:refs/heads/production\t", "2".repeat(40)),
            );
            let lines = lines.replace("R\t", &format!("{}^0:refs/smp/record\t", "2".repeat(40)));
            let told = Signs::default().outcome(&lines, Some(code), &steps);
            (
                told.ended,
                told.beside.unwrap(),
                told.reason.unwrap_or_default(),
            )
        };
        for (branch, record, code, is) in [
            (
                " \tP\t1111111..2222222",
                " \tR\t1111111..2222222",
                0,
                (Ended::Accepted, Beside::Taken, ""),
            ),
            (
                "=\tP\t[up to date]",
                " \tR\t1111111..2222222",
                0,
                (Ended::UpToDate, Beside::Taken, ""),
            ),
            (
                "!\tP\t[rejected] (atomic push failed)",
                "!\tR\t[rejected] (stale info)",
                1,
                (Ended::Stale, Beside::Refused, "stale info"),
            ),
            (
                "!\tP\t[rejected] (stale info)",
                "!\tR\t[rejected] (atomic push failed)",
                1,
                (Ended::Stale, Beside::Unclear, "stale info"),
            ),
            (
                "!\tP\t[remote rejected] (atomic push failure)",
                "!\tR\t[remote rejected] (hook declined)",
                1,
                (Ended::Declined, Beside::Refused, "hook declined"),
            ),
            (
                "!\tP\t[remote rejected] (protected branch hook declined)",
                "!\tR\t[remote rejected] (atomic push failure)",
                1,
                (
                    Ended::Declined,
                    Beside::Unclear,
                    "protected branch hook declined",
                ),
            ),
            (
                "!\tP\t[remote rejected] (pre-receive hook declined)",
                "!\tR\t[remote rejected] (pre-receive hook declined)",
                1,
                (
                    Ended::Declined,
                    Beside::Unclear,
                    "pre-receive hook declined",
                ),
            ),
        ] {
            let (ended, beside, reason) = is;
            let is = (ended, beside, reason.to_owned());
            assert_eq!(outcome(branch, record, code), is);
            assert_eq!(outcome(record, branch, code), is, "in the other order");
        }
        let mut signs = Signs::default();
        let words = "fatal: the receiving end does not support --atomic push";
        assert!(!signs.line(words), "it is no matter of people's");
        let told = signs.outcome("", Some(128), &steps);
        assert_eq!(
            (told.ended, told.beside),
            (Ended::NothingSent, Some(Beside::NotAtomic))
        );
    }

    const SENT: &str = "Total 3 (delta 0), reused 0 (delta 0), pack-reused 0";

    #[test]
    fn a_hooks_no_is_told_from_a_moved_ref() {
        let declined =
            "To x\n!\tB^0:refs/heads/master\t[remote rejected] (pre-receive hook declined)\nDone\n";
        let stale = "To x\n!\tB^0:refs/heads/master\t[rejected] (stale info)\nDone\n";
        assert_eq!(judge(declined, Some(1), &[SENT]), Ended::Declined);
        assert_eq!(judge(stale, Some(1), &[]), Ended::Stale);
        let older = "!\tB^0:refs/heads/master\t[rejected] (fetch first)\nDone\n";
        assert_eq!(judge(older, Some(1), &[]), Ended::Stale);
        let silent =
            "!\tB^0:refs/heads/master\t[remote failure] (remote failed to report status)\nDone\n";
        assert_eq!(judge(silent, Some(1), &[SENT]), Ended::Unclear);
    }

    #[test]
    fn a_cut_connection_is_unclear_and_a_refused_one_sent_nothing() {
        assert_eq!(judge("Done\n", Some(1), &[SENT]), Ended::Unclear);
        assert_eq!(judge("", Some(1), &[SENT]), Ended::Unclear);
        assert_eq!(judge("", Some(128), &[SENT]), Ended::Unclear);
        assert_eq!(judge("", Some(128), &[]), Ended::NothingSent);
        assert_eq!(
            judge(
                "",
                Some(1),
                &["error: dst refspec master matches more than one"]
            ),
            Ended::NothingSent
        );
    }

    #[test]
    fn an_answer_to_the_push_that_turns_it_away_is_certain_and_one_that_breaks_off_is_not() {
        let answered = |status: u16| {
            let line = format!(
                "error: RPC failed; HTTP {status} curl 22 The requested URL returned error: {status}"
            );
            judge("Done\n", Some(1), &[SENT, &line])
        };
        for status in [
            301, 302, 303, 307, 308, 400, 401, 403, 404, 409, 411, 413, 422, 423, 429, 451,
        ] {
            assert_eq!(answered(status), Ended::Refused(status));
        }
        for status in [0, 200, 304, 408, 500, 502, 503, 504] {
            assert_eq!(answered(status), Ended::Unclear, "{status}");
        }
        // The host's own words are no HTTP answer, and the report of a branch counts more.
        let words = "remote: error: RPC failed; HTTP 413 curl 22";
        assert_eq!(judge("Done\n", Some(1), &[SENT, words]), Ended::Unclear);
        let line = "error: RPC failed; HTTP 413 curl 22";
        assert_eq!(
            judge(
                " \tB^0:refs/heads/master\ta..b\nDone\n",
                Some(0),
                &[SENT, line]
            ),
            Ended::Accepted
        );
        let login = "fatal: Authentication failed for 'http://x/'";
        assert_eq!(judge("", Some(128), &[SENT, login]), Ended::Refused(401));
        assert_eq!(judge("", Some(128), &[login]), Ended::NothingSent);
    }

    #[test]
    fn what_tracks_the_branch_here_is_no_matter_of_the_push() {
        let mut signs = Signs::default();
        let lines = [
            ("remote: Built", true),
            ("Writing objects: 100% (3/3), done.", false),
            (
                "error: update_ref failed for ref 'refs/remotes/x/master': cannot lock ref",
                false,
            ),
            (
                "Another git process seems to be running in this repository, e.g.",
                false,
            ),
            ("remote: Released", true),
        ];
        for (line, is_shown) in lines {
            assert_eq!(signs.line(line), is_shown, "{line}");
        }
    }

    #[test]
    fn only_the_very_step_of_the_very_ref_is_exact() {
        let exact = |line: &str| {
            let said = format!("To x\n{line}\nDone\n").replace('B', &"2".repeat(40));
            is_exact(&said, &step("refs/smp/record"))
        };
        assert!(exact(" \tB^0:refs/smp/record\t1111111..2222222"));
        for line in [
            "=\tB^0:refs/smp/record\t[up to date]",
            "!\tB^0:refs/smp/record\t[rejected] (stale info)",
            "*\tB^0:refs/smp/record\t[new reference]",
            " \tB^0:refs/heads/refs/smp/record\t1111111..2222222",
            " \tX:refs/smp/record\t1111111..2222222",
            " \tB^0:refs/smp/record\t3333333..2222222",
            " \tB^0:refs/smp/record\t1111111..3333333",
            " \tB^0:refs/smp/record\t..",
        ] {
            assert!(!exact(line), "{line}");
        }
    }

    #[test]
    fn the_reason_is_what_stands_in_parentheses() {
        let of = |words: &str| reason(&format!("To x\n!\tB^0:refs/heads/master\t{words}\nDone\n"));
        let dirty = Some("Working directory has unstaged changes".to_owned());
        assert_eq!(
            of("[remote rejected] (Working directory has unstaged changes)"),
            dirty
        );
        assert_eq!(
            of("[remote rejected] (a (b) c)").as_deref(),
            Some("a (b) c")
        );
        assert_eq!(
            of("[remote rejected] (see https://u:p@x/y)").as_deref(),
            Some("see https://x/y")
        );
        assert_eq!(of("[remote rejected]"), None);
        assert_eq!(
            reason("To x\n \tB^0:refs/heads/master\ta..b (x)\nDone\n"),
            None
        );
    }
}
