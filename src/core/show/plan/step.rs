//! Describes the steps of a plan.

use crate::core::decide::Step;
use crate::core::record::ISSUE;
use crate::core::words::CommitId;

impl Step {
    /// Describes the step in a sentence; `commit` is that of its plan.
    pub fn told(&self, commit: &CommitId) -> String {
        let short = commit.short();
        match self {
            Self::Push {
                remote,
                branch,
                expected,
                ..
            } => {
                let still = match expected {
                    Some(at) => format!("must still be at {}", at.short()),
                    None => "must not exist yet".to_owned(),
                };
                format!("push {short} to {branch} on {remote} ({branch} {still})")
            }
            Self::Release {
                former, platform, ..
            } => {
                let called = &former.called;
                format!("release {short} ({called}) again on {platform}, without a build")
            }
            Self::Promote(build) => format!(
                "promote the build {} of {}, without a new build",
                build.release.called, build.source
            ),
            Self::Await {
                witness, pushed, ..
            } => match pushed {
                true => format!("wait until {witness} {short}"),
                false => format!("wait until {witness} {short}, without a push"),
            },
            Self::Check { pages, .. } => format!("check {}", pages.join(", ")),
            Self::Record { environment, lifts } => match lifts {
                Some(place) => {
                    format!("record the deploy to {environment} and lift the freeze on {place}")
                }
                None => format!("record the deploy to {environment}"),
            },
            Self::Comment(address) => format!("comment on {address}"),
            Self::Post {
                channel,
                of,
                is_printed,
                from_here,
            } => post((channel, of), *is_printed, *from_here),
        }
    }
}

fn post((channel, of): (&str, &str), is_printed: bool, from_here: bool) -> String {
    match (is_printed, from_here) {
        _ if channel == ISSUE && from_here => {
            "ask for verdicts in an issue on the main repository".to_owned()
        }
        _ if channel == ISSUE => {
            "ask for verdicts in an issue; no token here: it stays pending".to_owned()
        }
        (true, _) => {
            format!("print the post to the {channel} channel{of} for you to paste")
        }
        (false, true) => format!("post to the {channel} channel{of}"),
        (false, false) => {
            format!("post to the {channel} channel{of}; no webhook here: the text will be printed")
        }
    }
}
