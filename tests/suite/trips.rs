//! A command's waiting time: consecutive requests. `docs/trips.md` has the limits, and this module reads them.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crate::ask::{TOKEN, has_pages};
use crate::connections::cost;
use crate::posts::{PRODUCT, TECHNICAL, accepted, channels, with_webhooks};
use crate::record::RECORD;
use crate::sample::sample;
use crate::support::{Deploy, DeployBuilder, IssuesApi, Rounds, Runner, Speaks, World};

/// The time in milliseconds in which requests count as parallel. A number above the limit is measured again with more
/// patience, because a busy machine increases it.
const PATIENCE: [u64; 4] = [150, 500, 1_500, 3_000];

/// A row of the table.
#[derive(Clone, Copy)]
pub struct Trip {
    /// The command from the table; text after a comma is not typed.
    pub command: &'static str,
    pub record: bool,
    pub before: Before,
}

/// The state before the command.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Before {
    Nothing,
    Proposed,
    SignedOff,
    /// Production got staging's commit.
    Promoted,
    MainMoved,
    /// A colleague wrote to the record.
    RecordMoved,
    /// Setup did not run yet.
    New,
    /// A sign-off in a comment that no command has read.
    Commented,
}

const fn trip(command: &'static str, record: bool, before: Before) -> Trip {
    Trip {
        command,
        record,
        before,
    }
}

/// Returns the lines of `smp.toml` for a record and for posts.
fn with_a_record() -> String {
    format!("{RECORD}{}", channels("teams"))
}

impl Trip {
    /// Returns the world in which the command is typed next.
    pub fn world(self, builder: DeployBuilder) -> Deploy {
        let builder = match self.record {
            true => builder.toml(&with_a_record()),
            false => builder,
        };
        let deploy = match self.before {
            Before::New => builder.build(),
            before => {
                let said = format!("{before:?}");
                builder.after(&said, |deploy| self.happens(deploy))
            }
        };
        accepts_posts(&deploy);
        match self.before {
            Before::MainMoved => drop(deploy.colleague_commits("Draw routes (#428)")),
            Before::RecordMoved => {
                deploy.runner().program("cp", &["-R", ".", "../other"]).ok();
                let other = with_webhooks(&deploy).cwd("other");
                other.smp(&["signoff", "--by", "Rosi"]).ok();
            }
            _ => {}
        }
        deploy
    }

    /// Returns that world with proposals that open issues.
    fn asking(self, builder: DeployBuilder, api: &IssuesApi) -> Deploy {
        let record = format!("{RECORD}ask = \"github\"\n{}", channels("teams"));
        let deploy = builder.toml(&record).build();
        has_pages(&deploy, Speaks::GitHub);
        deploy.trust();
        accepts_posts(&deploy);
        let smp = |args: &[&str]| asker(&deploy, api).smp(args).ok().stderr.clone();
        if self.before != Before::Nothing {
            smp(&["propose", "--yes"]);
        }
        smp(&["status"]);
        if [Before::Commented, Before::Promoted].contains(&self.before) {
            let text = format!("signoff {}", &deploy.nth(5)[..8]);
            api.comments("rosi-qa", "MEMBER", &text);
        }
        if self.before == Before::Promoted {
            smp(&["promote", "--yes", "--commit", deploy.nth(5)]);
        }
        deploy
    }

    fn asks(self) -> bool {
        self.command.ends_with(ASKS)
    }

    fn happens(self, deploy: &Deploy) {
        accepts_posts(deploy);
        let smp = |args: &[&str]| with_webhooks(deploy).smp(args).ok().stderr.clone();
        let is = |steps: &[Before]| steps.contains(&self.before);
        let recorded = [Before::Proposed, Before::SignedOff, Before::RecordMoved];
        let shipped = is(&[Before::Promoted]);
        if self.record && (is(&recorded) || shipped) {
            smp(&["propose", "--yes"]);
        }
        if self.record && (is(&[Before::SignedOff]) || shipped) {
            smp(&["signoff"]);
        }
        if shipped {
            smp(&["promote", "--yes", "--commit", deploy.nth(5)]);
        }
        // The extra work of a first look is done here.
        smp(&["status"]);
    }

    /// Returns the typed words.
    pub fn words(self, deploy: &Deploy) -> Vec<String> {
        let typed = self.command.split(',').next().unwrap().trim_matches('`');
        let words = typed.split(' ').map(|word| match word {
            "COMMIT" => deploy.nth(5).to_owned(),
            "OLDER" => deploy.nth(2).to_owned(),
            other => other.replace('_', " "),
        });
        words.collect()
    }
}

/// The table's mark of a command whose proposals open issues.
const ASKS: &str = ", with `ask`";

/// Returns a runner with both webhooks and a token.
fn asker<'d>(deploy: &'d Deploy, api: &IssuesApi) -> Runner<'d> {
    let (name, value) = api.variable();
    with_webhooks(deploy)
        .env("GH_TOKEN", TOKEN)
        .env(name, value)
}

fn accepts_posts(deploy: &Deploy) {
    for path in [TECHNICAL, PRODUCT] {
        deploy.web.set(path, accepted("teams"));
    }
}

/// Returns the numbers of a row of the table; `None` for a dash.
pub fn allowed(trip: Trip) -> Vec<Option<usize>> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/trips.md");
    let text = std::fs::read_to_string(file).unwrap();
    let record = if trip.record { "yes" } else { "no" };
    let row = text.lines().find_map(|line| {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        (cells.first() == Some(&trip.command) && cells.get(1) == Some(&record)).then_some(cells)
    });
    let row = row.unwrap_or_else(|| panic!("no row of {} ({record})", trip.command));
    row[2..].iter().map(|cell| cell.parse().ok()).collect()
}

/// Measures consecutive requests, connections, and git processes of the command.
fn measured(trip: Trip, builder: DeployBuilder, quiet: Duration) -> [usize; 3] {
    let api = IssuesApi::start(Speaks::GitHub, TOKEN);
    let deploy = match trip.asks() {
        true => trip.asking(builder, &api),
        false => trip.world(builder),
    };
    let rounds = Arc::new(Rounds::default());
    deploy.http().goes_through(&rounds);
    deploy.web.goes_through(&rounds);
    api.goes_through(&rounds);
    let words = trip.words(&deploy);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let mut processes = 0;
    let (in_a_row, connections) = rounds.count(quiet, || {
        let runner = match trip.asks() {
            true => asker(&deploy, &api),
            false => with_webhooks(&deploy),
        };
        processes = cost(&deploy, runner, &words).processes.len();
    });
    [in_a_row, connections, processes]
}

/// Asserts that no command exceeds the table.
#[track_caller]
fn hold(trips: &[Trip], builder: &DeployBuilder) {
    let mut longer = Vec::new();
    for trip in trips {
        let allowed = allowed(*trip);
        let mut least = [usize::MAX; 3];
        for quiet in PATIENCE {
            let now = measured(*trip, builder.clone(), Duration::from_millis(quiet));
            for (least, now) in least.iter_mut().zip(now) {
                *least = (*least).min(now);
            }
            if least
                .iter()
                .zip(&allowed)
                .all(|(is, most)| Some(*is) <= *most)
            {
                break;
            }
        }
        let row = format!("| {} | {} | {least:?}", trip.command, trip.record);
        eprintln!("{row}, allowed {allowed:?}");
        if least
            .iter()
            .zip(&allowed)
            .any(|(is, most)| Some(*is) > *most)
        {
            longer.push(format!("{row}, and docs/trips.md allows {allowed:?}"));
        }
    }
    assert!(longer.is_empty(), "{longer:#?}");
}

fn open() -> DeployBuilder {
    World::deploy_like().over_open_http().main_over_http()
}

#[test]
fn looking_takes_no_more_requests_in_a_row_than_the_table_allows() {
    let looks = [false, true].into_iter().flat_map(|record| {
        let ready = [Before::Nothing, Before::SignedOff][usize::from(record)];
        [
            trip("`diff`", record, Before::Nothing),
            trip("`promote -n`", record, ready),
            trip("`status`, nothing new", record, Before::Nothing),
            trip("`status`, main moved", record, Before::MainMoved),
        ]
    });
    let moved = trip("`status`, record moved", true, Before::RecordMoved);
    hold(&looks.chain([moved]).collect::<Vec<_>>(), &open());
}

#[test]
fn the_week_takes_no_more_requests_in_a_row_than_the_table_allows() {
    let week = [
        trip("`propose --yes`", true, Before::Nothing),
        trip("`signoff`", true, Before::Proposed),
        trip("`signoff --block it_hangs`", true, Before::Proposed),
        trip("`postpone --yes --reason bug`", true, Before::Proposed),
    ];
    hold(&week, &open());
}

/// Returns the deploys of teams with or without a record. They run in parallel, because they mostly wait.
fn deploys(record: bool) -> [Trip; 4] {
    let ready = [Before::Nothing, Before::SignedOff][usize::from(record)];
    [
        trip("`stage --yes`", record, Before::Nothing),
        trip("`promote --yes --commit COMMIT`", record, ready),
        trip("`rollback --yes --to OLDER`", record, Before::Promoted),
        trip("`setup --yes`, first", record, Before::New),
    ]
}

#[test]
fn deploying_takes_no_more_requests_in_a_row_than_the_table_allows() {
    hold(&deploys(false), &open());
}

#[test]
fn deploying_with_a_record_takes_no_more_requests_in_a_row_than_the_table_allows() {
    hold(&deploys(true), &open());
}

#[test]
fn where_a_login_is_needed_no_more_requests_are_made_than_the_table_allows() {
    let closed = World::deploy_like().over_http().main_over_http();
    let command = "`promote --yes --commit COMMIT`, with a login";
    hold(
        &[
            trip(command, false, Before::Nothing),
            trip(command, true, Before::SignedOff),
            trip("`status`, with a login", true, Before::Nothing),
        ],
        &closed,
    );
}

/// The number of a host's refs for pull requests.
const PULLS: usize = 20_000;

/// Adds one ref per pull request to a repository, as some hosts do.
fn has_many_pull_requests(deploy: &Deploy, bare: &Path) {
    let file = bare.join("packed-refs");
    let packed = std::fs::read_to_string(&file).unwrap_or_default();
    let mut lines: Vec<String> = packed.lines().map(str::to_owned).collect();
    lines.retain(|line| !line.starts_with('#'));
    let pulls = (1..=PULLS).map(|number| format!("{} refs/pull/{number}/head", deploy.nth(1)));
    lines.extend(pulls);
    std::fs::write(file, lines.join("\n") + "\n").unwrap();
    let last = format!("refs/pull/{PULLS}/head");
    deploy.git(bare, &["rev-parse", "--verify", &last]);
}

#[test]
fn branches_are_asked_for_without_all_that_a_host_keeps_beside_them() {
    for (record, before) in sample(1, [(false, Before::Nothing), (true, Before::SignedOff)]) {
        let deploy = trip("`status`", record, before).world(open());
        [&deploy.main, &deploy.staging, &deploy.production]
            .iter()
            .for_each(|bare| has_many_pull_requests(&deploy, bare));
        let smp = |args: &[&str]| {
            let before = deploy.http().answered();
            with_webhooks(&deploy).smp(args).ok();
            deploy.http().answered() - before
        };
        let mut looks = smp(&["status"]);
        // By git's protocol a push gets all refs, some 70 bytes each. So does the check of its result.
        let lists = 2 + 2 * usize::from(record);
        let answered = smp(&["promote", "--yes", "--commit", deploy.nth(5)]);
        assert!(answered < lists * PULLS * 80, "{record}: {answered}");
        deploy.colleague_commits("Draw routes (#428)");
        looks = looks.max(smp(&["status"]));
        assert!(looks < 10_000, "{record}: {looks}");
    }
}
