//! A small team's weeks with signatures and verdicts from comments, as a seeded random walk: two people with keys,
//! three who only comment, a forge that fails now and then, and killed runs. The walk knows who said what, and checks
//! that nothing ships without another person's sign-off and that nothing is posted or recorded twice.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::Value;

use super::{asking, key_of};
use crate::ask::TOKEN;
use crate::record::{merged, short};
use crate::sample::{Random, everything};
use crate::support::{Chain, Deploy, IssuesApi, Run, Runner, Told};

/// People with a key, and the accounts of their tokens.
const PEOPLE: [(&str, &str); 2] = [("ada", "ada-e"), ("rosi", "rosi-e")];
/// Accounts that comment, and their role on the forge.
const ACCOUNTS: [(&str, &str); 4] = [
    ("qa-one", "COLLABORATOR"),
    ("qa-two", "MEMBER"),
    ("ada-e", "OWNER"),
    ("mallory", "NONE"),
];

/// A comment in the walk's memory.
#[derive(Clone)]
struct Said {
    id: u64,
    by: &'static str,
    may: bool,
    pass: bool,
    commit: String,
    /// The number of the proposal or fix that was open.
    question: usize,
    edited: bool,
}

struct Walk {
    deploy: Deploy,
    api: IssuesApi,
    random: Random,
    said: Vec<Said>,
    /// Commits with a block by a key, or an attempt of one.
    blocked: BTreeSet<String>,
    is_away: bool,
    /// The steps, for the reader of a failure.
    log: Vec<String>,
    /// The number of proposals and fixes on the record.
    question: usize,
    /// Commits that production was rolled back from, or may have been.
    taken_back: BTreeSet<String>,
    was: usize,
    merged: usize,
    shipped: usize,
}

fn is_verdict(event: &Told) -> bool {
    ["signed-off", "blocked"].contains(&event.word.as_str())
}

impl Walk {
    fn new(seed: u64) -> Walk {
        let (deploy, api) = asking();
        let copy = ["-a", "work", "rosi"];
        deploy.runner().cwd("").program("cp", &copy).ok();
        for (name, folder) in [("ada", &deploy.work), ("rosi", &deploy.path("rosi"))] {
            let key = key_of(&deploy, name).with_extension("pub");
            let settings = [
                ("user.name", name.to_owned()),
                ("user.email", format!("{name}@example.com")),
                ("user.signingKey", key.display().to_string()),
            ];
            for (setting, value) in settings {
                deploy.git(folder, &["config", setting, &value]);
            }
        }
        Walk {
            deploy,
            api,
            random: Random(seed),
            said: Vec::new(),
            blocked: BTreeSet::new(),
            is_away: false,
            log: vec![format!("seed {seed}")],
            question: 0,
            taken_back: BTreeSet::new(),
            was: 0,
            merged: 0,
            shipped: 0,
        }
    }

    fn folder(&self, name: &str) -> PathBuf {
        match name {
            "ada" => self.deploy.work.clone(),
            other => self.deploy.path(other),
        }
    }

    fn runner(&self, (name, login): (&str, &str)) -> Runner<'_> {
        self.api.is_of(login);
        let (variable, value) = self.api.variable();
        let runner = self.deploy.runner().cwd(self.folder(name)).directly();
        runner.env("GH_TOKEN", TOKEN).env(variable, value)
    }

    /// Runs a command, and kills it now and then; `None` if it was killed.
    fn run(&mut self, who: (&'static str, &'static str), args: &[&str]) -> Option<Run> {
        let kills = self.random.below(6) == 0;
        let time = Duration::from_millis(self.random.next() % 500);
        let mut running = self.runner(who).start(args);
        if kills {
            std::thread::sleep(time);
            running.signal_group(Signal::KILL);
        }
        let run = running.finish();
        let end = format!("{} {args:?}: {}", who.0, run.code);
        self.log.push(end);
        assert!(![2, 101].contains(&run.code), "{}\n{run}", self.told());
        (run.code < 128).then_some(run)
    }

    /// Returns the steps and the record.
    fn told(&self) -> String {
        let (chain, log) = (self.deploy.chain(), self.log.join("\n"));
        let events = chain.events.iter();
        let events: Vec<_> = events
            .map(|one| format!("{} by {}", one.word, one.author))
            .collect();
        format!("{log}\n{}", events.join(", "))
    }

    fn staging(&self) -> String {
        self.deploy.master(&self.deploy.staging)
    }

    fn production(&self) -> String {
        self.deploy.master(&self.deploy.production)
    }

    fn state(&self) -> Value {
        self.deploy.chain().state
    }

    /// Lets a random person do one thing.
    fn step(&mut self) {
        let who = self.random.one_of(&PEOPLE);
        let state = self.state();
        let candidate = state["candidate"]["commit"].as_str().map(str::to_owned);
        match (self.random.below(14), candidate) {
            (0..=7, None) if self.staging() != self.production() => {
                drop(self.run(who, &["propose", "--yes"]));
            }
            (0..=4, Some(commit)) => self.comments(commit),
            (5, Some(_)) => self.edits(),
            (6, Some(commit)) => self.signs(who, commit),
            (7, Some(_)) => {
                let fix = self.merges();
                drop(self.run(who, &["stage", "--fix", "--yes", "--timeout", "5", &fix]));
            }
            (0..=7, None) => {
                self.merges();
                drop(self.run(who, &["stage", "--yes", "--timeout", "5"]));
            }
            (8, Some(_)) => drop(self.run(who, &["postpone", "--yes", "--reason", "later"])),
            (9, _) => drop(self.run(who, &["status"])),
            (10, _) => self.turns_the_forge(),
            (11, None) => self.rolls_back(who),
            _ => self.promotes(who),
        }
    }

    fn merges(&mut self) -> String {
        self.merged += 1;
        let nth = self.merged;
        merged(
            &self.deploy,
            &format!("Change {nth}"),
            &format!("file-{nth}"),
        )
    }

    fn turns_the_forge(&mut self) {
        self.is_away = !self.is_away;
        self.log
            .push(format!("the forge is away: {}", self.is_away));
        self.api.only_says(self.is_away.then_some((503, "{}")));
    }

    fn comments(&mut self, commit: String) {
        if self.api.issues().len() < self.deploy.chain().count("proposed") {
            return;
        }
        let (by, may) = self.random.one_of(&ACCOUNTS);
        let pass = self.random.below(4) > 0;
        let words = if pass { "signoff" } else { "block" };
        let id = self
            .api
            .comments(by, may, &format!("{words} {}", short(&commit)));
        self.log
            .push(format!("{by} comments {id}: {words} {}", short(&commit)));
        let (may, question) = (may != "NONE", self.question);
        self.said.push(Said {
            id,
            by,
            may,
            pass,
            commit,
            question,
            edited: false,
        });
    }

    fn edits(&mut self) {
        if self.said.is_empty() {
            return;
        }
        let nth = self.random.below(self.said.len());
        let one = &mut self.said[nth];
        one.edited = true;
        self.api
            .edits(one.id, &format!("signoff {}", short(&one.commit)));
        self.log.push(format!("comment {} is edited", one.id));
    }

    fn signs(&mut self, who: (&'static str, &'static str), commit: String) {
        let pass = self.random.below(4) > 0;
        let args: &[&str] = if pass {
            &["signoff"]
        } else {
            &["signoff", "--block", "broken"]
        };
        self.run(who, args);
        if !pass {
            self.blocked.insert(commit);
        }
    }

    fn rolls_back(&mut self, who: (&'static str, &'static str)) {
        let deploys = self.deploy.deploys(&self.deploy.production);
        let [.., before, now] = deploys.as_slice() else {
            return;
        };
        self.taken_back.insert(now.clone());
        let args = ["rollback", "--yes", "--timeout", "5", "--to", before];
        self.run(who, &args);
    }

    /// Promotes staging's commit, and asserts that it ships where it must.
    fn promotes(&mut self, who: (&'static str, &'static str)) {
        let (chain, commit) = (self.deploy.chain(), self.staging());
        let must = self.must_ship(&chain, &commit);
        let mut args = vec!["promote", "--yes", "--timeout", "5", "--commit", &commit];
        if !self.taken_back.is_empty() {
            args.push("--again");
        }
        let run = self.run(who, &args);
        if let Some(run) = run.filter(|_| must) {
            assert_eq!(self.production(), commit, "{}\n{run}", self.told());
            self.shipped += 1;
        }
    }

    /// Returns whether shipping must succeed: an allowed person signed off on this question, and nobody blocked it.
    fn must_ship(&self, chain: &Chain, commit: &str) -> bool {
        let open = &chain.state["candidate"];
        let is_open = open["commit"] == commit && chain.state["deploying"].is_null();
        let is_asked = open["inquiry"]["issue"]["number"].is_number();
        let now = |one: &&Said| one.question == self.question && one.commit == commit;
        let yes = self.said.iter().filter(now).any(|one| {
            one.pass && one.may && !one.edited && Some(one.by) != open["login"].as_str()
        });
        let mut said = self.said.iter();
        let no = self.blocked.contains(commit) || said.any(|one| !one.pass && one.commit == commit);
        is_open
            && is_asked
            && yes
            && !no
            && !self.is_away
            && chain.state["owed"] == serde_json::json!([])
    }

    /// Checks the conditions after each step.
    fn holds(&mut self) {
        let chain = self.deploy.chain();
        for nth in self.was..chain.events.len() {
            let event = &chain.events[nth];
            match event.word.as_str() {
                "proposed" | "staged-fix" => self.question += 1,
                "promoting" => self.may_ship(&chain, nth),
                _ => {}
            }
        }
        self.was = chain.events.len();
        let announced = chain.all("promoting").map(|one| one.field("Commit"));
        let known: BTreeSet<&str> = announced.chain([self.deploy.nth(2)]).collect();
        for commit in self.deploy.deploys(&self.deploy.production) {
            assert!(known.contains(commit.as_str()), "{commit}\n{}", self.told());
        }
        self.nothing_is_twice(&chain);
    }

    /// Asserts that the announced deploy had another person's sign-off of exactly this commit, and no open block.
    fn may_ship(&self, chain: &Chain, nth: usize) {
        let commit = chain.events[nth].field("Commit");
        let begun = |word: &str| ["proposed", "staged-fix"].contains(&word);
        let before = &chain.events[..nth];
        let asked = before.iter().rposition(|one| begun(&one.word)).unwrap();
        let proposal = before.iter().rfind(|one| one.word == "proposed").unwrap();
        let login = proposal.more.get("Login").and_then(|all| all.first());
        let mut stand: Vec<(String, bool, bool)> = Vec::new();
        for event in before[asked..].iter().filter(|one| is_verdict(one)) {
            let voice = match event.more.get("Login").and_then(|all| all.first()) {
                Some(login) => format!("comment of {login}"),
                None => format!("key of {}", event.author),
            };
            let counts = match event.more.get("Comment") {
                Some(id) => self.bears_out(&event.author, &proposal.author, &id[0], login),
                None => event.author != proposal.author,
            };
            assert_eq!(event.field("Commit"), commit, "{}", self.told());
            stand.retain(|(one, ..)| *one != voice);
            stand.push((voice, event.word == "signed-off", counts));
        }
        let yes = stand.iter().any(|(_, pass, counts)| *pass && *counts);
        let no = stand.iter().any(|(_, pass, _)| !pass);
        assert!(yes && !no, "{commit}: {stand:?}\n{}", self.told());
    }

    /// Returns whether the sign-off's comment is unchanged, or another key recorded it and the forge cannot tell.
    fn bears_out(&self, key: &str, proposer: &str, id: &str, login: Option<&String>) -> bool {
        let said = self.said.iter().find(|one| one.id.to_string() == id);
        let said = said.unwrap_or_else(|| panic!("nobody wrote {id}\n{}", self.told()));
        let theirs = login.is_some_and(|login| login != said.by) && said.may && said.pass;
        theirs && (!said.edited || (self.is_away && key != proposer))
    }

    fn nothing_is_twice(&self, chain: &Chain) {
        let issues = self.api.issues();
        let proposals = chain.count("proposed");
        assert!(issues.len() <= proposals, "{}", self.told());
        let own: BTreeSet<u64> = self.said.iter().map(|one| one.id).collect();
        let mut all = BTreeSet::new();
        for (nth, issue) in issues.iter().enumerate() {
            for one in issue.comments.iter().filter(|one| !own.contains(&one.id)) {
                assert!(all.insert((nth, &one.text)), "{one:?}\n{}", self.told());
            }
        }
        let heard = chain.events.iter();
        let heard = heard.filter(|one| is_verdict(one));
        let heard: Vec<_> = heard.filter_map(|one| one.more.get("Comment")).collect();
        let once: BTreeSet<_> = heard.iter().collect();
        assert_eq!(
            once.len(),
            heard.len(),
            "{:?}\n{}",
            chain.words(),
            self.told()
        );
    }

    /// Ends the forge's failure, and continues interrupted steps until none is left.
    fn ends(&mut self) {
        (self.is_away, _) = (false, self.api.only_says(None));
        for round in 0..4 {
            for who in PEOPLE {
                let state = self.state();
                if ["candidate", "deploying"]
                    .iter()
                    .all(|one| state[one].is_null())
                    && state["owed"] == serde_json::json!([])
                {
                    break;
                }
                let open = &state["deploying"];
                let to = open["to"].as_str().map(str::to_owned);
                let kind = open["kind"].as_str().unwrap_or_default().to_owned();
                let to = to.unwrap_or_else(|| self.staging());
                crate::interrupted::outlive_notes_in(&self.folder(who.0));
                let args: &[&[&str]] = match kind.as_str() {
                    "promote" => &[&["promote", "--yes", "--timeout", "5", "--commit", &to]],
                    "rollback" => &[&["rollback", "--yes", "--timeout", "5", "--to", &to]],
                    "fix" => &[&["stage", "--fix", "--yes", "--timeout", "5", &to]],
                    "" => &[&["status"], &["postpone", "--yes", "--reason", "it ends"]],
                    _ => &[&["stage", "--yes", "--timeout", "5", &to]],
                };
                for args in args {
                    let run = self.runner(who).smp(args);
                    self.log
                        .push(format!("{} {args:?}: {}, {round}", who.0, run.code));
                }
                self.holds();
                let told = self.runner(who).smp(&["status"]).ok().out();
                let owed = told
                    .lines()
                    .filter_map(|line| line.split_once("; send it: git smp "));
                let owed: Vec<&str> = owed.map(|(_, command)| command).collect();
                for command in owed {
                    let commit = self.production();
                    let args: Vec<&str> = match command.split(' ').next().unwrap() {
                        "promote" => vec!["promote", "--yes", "--commit", &commit],
                        "rollback" => vec!["rollback", "--yes", "--to", &commit],
                        other => vec![other, "--yes"],
                    };
                    let run = self.runner(who).smp(&args);
                    self.log.push(format!("{} {args:?}: {}", who.0, run.code));
                }
                self.holds();
            }
        }
        let (chain, log) = (self.deploy.chain(), self.told());
        assert!(chain.state["deploying"].is_null(), "{}\n{log}", chain.state);
        assert!(chain.state["candidate"].is_null(), "{}\n{log}", chain.state);
        let owed = chain.state["owed"].as_array().unwrap();
        // A post that a killed run began and that cannot be found waits for a person.
        assert!(
            owed.iter().all(|one| !one["sending"].is_null()),
            "{owed:?}\n{log}"
        );
        let verify = self.runner(PEOPLE[0]).smp(&["history", "--verify"]);
        assert_eq!(verify.code, 0, "{verify}\n{log}");
    }
}

#[test]
fn nothing_ships_without_another_ones_yes_however_the_weeks_go() {
    // The fast tests take one walk in which something ships.
    let (seeds, steps) = if everything() {
        (1..=6, 80)
    } else {
        (3..=3, 13)
    };
    let mut shipped = 0;
    for seed in seeds {
        let mut walk = Walk::new(seed);
        for _ in 0..steps {
            walk.step();
            walk.holds();
        }
        walk.ends();
        shipped += walk.shipped;
    }
    // Without this, a walk without a deploy would pass as well.
    assert!(shipped > 0 || !everything(), "nothing shipped");
}
