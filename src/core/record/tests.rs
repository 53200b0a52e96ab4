mod asked;
mod folding;
mod golden;
mod states;
mod stories;
mod texts;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use crate::core::record::*;

/// Builds an event of Ada's on the date of the example.
fn event(id: u64, what: What) -> Event {
    Event {
        id: EventId::of(id),
        by: Person {
            name: "Ada Example".into(),
            email: "ada@example.com".into(),
            principal: None,
        },
        at: 1_646_222_400,
        program: "git-smp 0.1.0".into(),
        what,
    }
}

/// Returns the commit whose hash repeats this digit.
fn commit(digit: char) -> CommitId {
    CommitId::parse(&digit.to_string().repeat(40)).unwrap()
}

/// Parts of the written form, of other forms, and known problems for parsers.
const PIECES: &[&str] = &[
    "\n",
    "\n\n",
    "\r\n",
    "\r",
    " ",
    "\t",
    ".",
    "..",
    "\0",
    ":",
    ": ",
    "---",
    "#",
    "Smp-Id: 0000000000000007",
    "Smp-Event: promoted",
    "Smp-Commit:",
    "\nSmp-Unsigned: yes",
    "\n\nSigned-off-by: Rosi <rosi@example.com>",
    "\u{b}",
    "\u{85}",
    "\u{2028}",
    "\u{feff}",
    "\u{fffe}",
    "\u{10ffff}",
    "\u{fdd0}",
    "\u{202e}",
    "\u{1b}[31m",
    "ä",
    "日本",
    "👩‍💻",
    "stable",
];

/// Texts that might break the written form, and harmless ones.
fn texts() -> impl Strategy<Value = String> {
    let piece = prop_oneof![6 => select(PIECES).prop_map(str::to_owned), 1 => any::<String>()];
    vec(piece, 0..8).prop_map(|pieces| pieces.concat())
}

/// Names that `smp.toml` allows for environments and channels.
fn names() -> impl Strategy<Value = String> {
    "[a-z][a-z0-9-]{0,8}"
}

fn commits() -> impl Strategy<Value = CommitId> {
    prop_oneof!["[0-9a-f]{40}", "[0-9a-f]{64}"].prop_map(|hex| CommitId::parse(&hex).unwrap())
}

fn ids() -> impl Strategy<Value = EventId> {
    any::<u64>().prop_map(EventId::of)
}

fn kinds() -> impl Strategy<Value = Kind> {
    prop_oneof![
        Just(Kind::Stage),
        Just(Kind::Fix),
        Just(Kind::Promote),
        Just(Kind::Rollback)
    ]
}

fn verdicts() -> impl Strategy<Value = Verdict> {
    prop_oneof![Just(Verdict::Pass), Just(Verdict::Block)]
}

fn maybe<S: Strategy>(of: S) -> impl Strategy<Value = Option<S::Value>>
where
    S::Value: Clone,
{
    proptest::option::of(of)
}

fn whats() -> impl Strategy<Value = What> {
    prop_oneof![
        Just(What::Begun {}),
        (
            commits(),
            names(),
            vec((names(), maybe(commits())), 0..4),
            maybe(texts()),
            (dates(), channels(), maybe(lines())),
            maybe(ids())
        )
            .prop_map(
                |(commit, environment, targets, note, (date, channels, login), over)| {
                    What::Proposed(Proposed {
                        commit,
                        environment,
                        targets,
                        note,
                        date,
                        channels,
                        login,
                        over,
                    })
                }
            ),
        (
            (commits(), texts(), verdicts()),
            maybe(texts()),
            channels(),
            maybe(comments())
        )
            .prop_map(|((commit, of, verdict), note, channels, comment)| {
                What::Judged(Judged {
                    commit,
                    of,
                    verdict,
                    note,
                    channels,
                    comment,
                })
            }),
        (
            (kinds(), names(), maybe(commits()), commits()),
            (
                maybe(commits()),
                any::<bool>(),
                maybe(ids()),
                maybe(tellings()),
                maybe(texts())
            )
        )
            .prop_map(
                |((kind, environment, from, to), (base, unsigned, over, tells, overrides))| {
                    What::Deploying(Intent {
                        overrides,
                        kind,
                        environment,
                        from,
                        also: Vec::new(),
                        to,
                        base,
                        unsigned,
                        over,
                        tells,
                    })
                }
            ),
        (
            maybe(ids()),
            kinds(),
            names(),
            maybe(commits()),
            commits(),
            any::<u64>(),
            vec(texts(), 0..3),
            any::<bool>(),
            (
                maybe(texts()),
                maybe(tellings()),
                vec(commits(), 0..3),
                maybe(texts())
            )
        )
            .prop_map(
                |(
                    intent,
                    kind,
                    environment,
                    from,
                    to,
                    commits,
                    signed_off_by,
                    unsigned,
                    (announced_by, tells, holds, overrides),
                )| {
                    What::Deployed(Deployed {
                        overrides,
                        announced_by,
                        tells,
                        holds,
                        intent,
                        kind,
                        environment,
                        from,
                        to,
                        commits,
                        signed_off_by,
                        unsigned,
                    })
                }
            ),
        (
            names(),
            commits(),
            commits(),
            any::<i64>(),
            maybe(any::<u64>()),
            any::<bool>()
        )
            .prop_map(
                |(environment, from, to, since, commits, back)| What::Observed(Sighting {
                    environment,
                    from,
                    to,
                    since,
                    commits,
                    back
                })
            ),
        (
            (
                maybe(ids()),
                select(&[Kind::Stage, Kind::Fix, Kind::Promote][..])
            ),
            (names(), maybe(commits()), commits()),
            (any::<u64>(), texts(), maybe(tellings()), maybe(texts()))
        )
            .prop_map(
                |((intent, kind), (environment, from, to), (commits, why, tells, overrides))| {
                    What::CheckFailed(CheckFailed {
                        intent,
                        kind,
                        environment,
                        from,
                        to,
                        commits,
                        why,
                        tells,
                        overrides,
                    })
                }
            ),
        (ids(), texts()).prop_map(|(intent, why)| What::Ended { intent, why }),
        (ids(), commits(), maybe(ids()), texts(), channels()).prop_map(
            |(candidate, commit, intent, reason, channels)| What::Postponed(Postponed {
                candidate,
                commit,
                intent,
                reason,
                channels
            })
        ),
        (ids(), names(), maybe(ids())).prop_map(|(about, channel, over)| What::Posting {
            about,
            channel,
            over
        }),
        (ids(), names(), texts()).prop_map(|(attempt, channel, why)| What::Unposted {
            attempt,
            channel,
            why
        }),
        (ids(), names(), maybe(ids()), hows(), placings()).prop_map(
            |(about, channel, attempt, how, placed)| {
                What::Posted {
                    about,
                    channel,
                    attempt,
                    how,
                    placed,
                }
            }
        ),
        (commits(), any::<u64>(), texts(), texts()).prop_map(|(commit, comment, of, why)| {
            What::Voided(Voided {
                commit,
                comment,
                of,
                why,
            })
        }),
    ]
}

fn comments() -> impl Strategy<Value = Comment> {
    (lines(), any::<u64>(), lines()).prop_map(|(login, id, address)| Comment { login, id, address })
}

fn placings() -> impl Strategy<Value = Placed> {
    let numbers = || maybe(any::<u64>());
    (numbers(), numbers(), maybe(lines()), maybe(lines())).prop_map(
        |(issue, comment, address, login)| Placed {
            issue,
            comment,
            address,
            login,
        },
    )
}

/// A login, or an address.
fn lines() -> impl Strategy<Value = String> {
    "[a-z0-9:/#.-]{1,20}"
}

fn channels() -> impl Strategy<Value = Vec<String>> {
    vec(names(), 0..3)
}

fn dates() -> impl Strategy<Value = String> {
    "20[0-9]{2}-[01][0-9]-[0-3][0-9]"
}

fn hows() -> impl Strategy<Value = How> {
    prop_oneof![
        Just(How::Accepted),
        Just(How::Printed),
        Just(How::Found),
        Just(How::Skipped)
    ]
}

fn tellings() -> impl Strategy<Value = Telling> {
    (
        channels(),
        dates(),
        vec((names(), maybe(commits())), 0..4),
        maybe(texts()),
    )
        .prop_map(|(channels, date, targets, text)| Telling {
            channels,
            date,
            targets,
            text,
        })
}

/// Arbitrary events by a valid git author.
fn events() -> impl Strategy<Value = Event> {
    let person = ("[A-Za-zäö日 .,:-]{1,20}", "[a-z@.]{0,12}")
        .prop_map(|(name, email)| Person::named(name, email));
    (ids(), person, any::<i64>(), texts(), whats()).prop_map(|(id, by, at, program, what)| Event {
        id,
        by,
        at,
        program,
        what,
    })
}
