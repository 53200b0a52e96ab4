//! What a step of a plan does, in words.

use std::fmt;

use crate::core::decide::Step;
use crate::core::record::ISSUE;
use crate::core::tell::ChannelKind;

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Push {
                remote,
                branch,
                commit,
                expected,
                ..
            } => {
                write!(f, "push {} to {branch} on {remote}, ", commit.short())?;
                match expected {
                    Some(at) => write!(f, "if that is still at {}", at.short()),
                    None => f.write_str("if that does not exist yet"),
                }
            }
            Self::Release {
                commit,
                former,
                platform,
                ..
            } => {
                let (short, called) = (commit.short(), &former.called);
                write!(
                    f,
                    "release {short} ({called}) again on {platform}, without a build"
                )
            }
            Self::Promote(build) => write!(
                f,
                "promote the build {} of {}, without a new build",
                build.release.called, build.source
            ),
            Self::Await {
                commit,
                witness,
                pushed,
                ..
            } => match pushed {
                true => write!(f, "wait until {witness} reports it"),
                false => write!(
                    f,
                    "wait until {witness} reports {}, without a push",
                    commit.short()
                ),
            },
            Self::Check { pages, .. } => write!(f, "check {}", pages.join(", ")),
            Self::Record { lifts, .. } => match lifts {
                Some(place) => write!(f, "record the deploy and lift the freeze on {place}"),
                None => f.write_str("record the deploy"),
            },
            Self::Comment(address) => write!(f, "comment on {address}"),
            Self::Post {
                channel,
                kind,
                from_here,
            } => post(f, channel, *kind, *from_here),
        }
    }
}

fn post(
    f: &mut fmt::Formatter<'_>,
    channel: &str,
    kind: ChannelKind,
    from_here: bool,
) -> fmt::Result {
    match (kind, from_here) {
        _ if channel == ISSUE && from_here => {
            f.write_str("ask for verdicts in an issue on the main repository")
        }
        _ if channel == ISSUE => {
            f.write_str("ask for verdicts in an issue; no token here: it stays pending")
        }
        (ChannelKind::Print, _) => write!(f, "print the post to {channel} for you to paste"),
        (_, true) => write!(f, "post to {channel}"),
        (_, false) => write!(
            f,
            "post to {channel}; no webhook here: the text will be printed"
        ),
    }
}
