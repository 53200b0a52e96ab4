//! What a person named to be staged, and the commands that name it.

use crate::commands::stage::{Request, Stage};
use crate::core::refusal::{Report, Stop};
use crate::core::typed::Typed;
use crate::core::words::CommitId;
use crate::forge::pull_request;
use crate::git::Found;

impl Request<'_> {
    /// The commit that a person named. Digits are a hash before they are anything else: our own hints show such, and a tag
    /// or branch that is called like one must not lead astray.
    pub(super) fn named(&self, rev: &str) -> Result<CommitId, Stop> {
        let repo = &self.session.repo;
        if let Some(number) = pull_request::number(rev) {
            let naming = self.naming().plain("COMMIT");
            return pull_request::merged(self.session, &self.tip()?, number, &naming);
        }
        match repo.resolve_hash(rev)? {
            Found::Commit(id) => Ok(id),
            Found::Missing | Found::Ambiguous(_) | Found::NotACommit(_) => {
                repo.resolve_revision(rev)
            }
        }
    }

    pub(super) fn brought(&self, number: u64) -> Result<Vec<CommitId>, Stop> {
        let naming = self.naming().plain("COMMIT");
        pull_request::brought(self.session, &self.tip()?, number, &naming)
    }

    /// Says so where an environment was named in place of a commit.
    pub(super) fn is_no_commit(&self, stop: Stop) -> Stop {
        let (args, config) = (self.args, self.look.config);
        let mut named = args.rev.iter().chain(&args.pick);
        let named = named.find_map(|name| config.environment(name).ok());
        let (Stop::Misused(_), Some(named)) = (&stop, named) else {
            return stop;
        };
        let (name, only) = (&named.name, &self.environment.name);
        let (say, word) = match args.pick.is_empty() {
            true => ("leave it out", ""),
            false => ("name the commit", "COMMIT"),
        };
        let report = Report::new(format!("{name} is an environment, and no commit"))
            .because(format!("git smp stage deploys to {only} and nowhere else"))
            .run(say, self.naming().plain(word));
        let promote = Typed::smp("promote").arg(name);
        Stop::Misused(match named.promotes {
            Some(_) => report.run(format!("what was tested goes to {name} by"), promote),
            None => report,
        })
    }

    /// The command that names a commit, which comes at its end, in the place of what was typed.
    fn naming(&self) -> Typed {
        let Stage {
            deploying,
            fix,
            pick,
            ..
        } = self.args;
        let dry_run = deploying.asking.dry_run;
        let command = Typed::smp("stage").plain(if dry_run { "-n" } else { "" });
        let command = command.plain(if *fix { "--fix" } else { "" });
        command.plain(if pick.is_empty() { "" } else { "--pick" })
    }

    /// The command that does the same again.
    pub(super) fn again(&self) -> Typed {
        let mut command = Typed::smp("stage");
        command = command.plain(if self.args.fix { "--fix" } else { "" });
        command = command.plain(if self.args.first { "--first" } else { "" });
        for pick in &self.args.pick {
            command = command.option("--pick", pick);
        }
        match &self.args.rev {
            Some(rev) => command.arg(rev),
            None => command,
        }
    }
}
