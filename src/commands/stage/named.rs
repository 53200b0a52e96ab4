//! What a person named to be staged, and the commands that name it.

use crate::commands::stage::Request;
use crate::core::refusal::{Report, Stop};
use crate::core::text::shell_word;
use crate::core::words::CommitId;
use crate::forge::pull_request;
use crate::git::Found;

impl Request<'_> {
    /// The commit that a person named. Digits are a hash before they are anything else: our own hints show such, and a tag
    /// or branch that is called like one must not lead astray.
    pub(super) fn named(&self, rev: &str) -> Result<CommitId, Stop> {
        let repo = &self.session.repo;
        if let Some(number) = pull_request::number(rev) {
            return pull_request::merged(self.session, &self.tip()?, number, &self.naming());
        }
        match repo.resolve_hash(rev)? {
            Found::Commit(id) => Ok(id),
            Found::Missing | Found::Ambiguous(_) | Found::NotACommit(_) => {
                repo.resolve_revision(rev)
            }
        }
    }

    pub(super) fn brought(&self, number: u64) -> Result<Vec<CommitId>, Stop> {
        pull_request::brought(self.session, &self.tip()?, number, &self.naming())
    }

    /// Says so where an environment was named in place of a commit.
    pub(super) fn is_no_commit(&self, stop: Stop) -> Stop {
        let (args, config) = (self.args, self.look.config);
        let mut named = args.rev.iter().chain(&args.pick);
        let named = named.find_map(|name| config.environment(name).ok());
        let (Stop::Misused(_), Some(named)) = (&stop, named) else {
            return stop;
        };
        let (name, only, command) = (&named.name, &self.environment.name, self.naming());
        let mut hint = match command.strip_suffix(" COMMIT") {
            Some(whole) if args.pick.is_empty() => format!("leave it out: {whole}"),
            _ => format!("name the commit: {command}"),
        };
        if named.promotes.is_some() {
            hint = format!("{hint}\nwhat was tested goes to {name} by: git smp promote {name}");
        }
        let report = Report::new(format!("{name} is an environment, and no commit"))
            .because(format!("git smp stage deploys to {only} and nowhere else"));
        Stop::Misused(report.hint(hint))
    }

    /// The command that names a commit in the place of what was typed.
    fn naming(&self) -> String {
        let dry_run = if self.args.dry_run { " -n" } else { "" };
        let fix = if self.args.fix { " --fix" } else { "" };
        let pick = if self.args.pick.is_empty() {
            ""
        } else {
            " --pick"
        };
        format!("git smp stage{dry_run}{fix}{pick} COMMIT")
    }

    /// The command that does the same again.
    pub(super) fn again(&self) -> String {
        let mut command = "git smp stage".to_owned();
        command.push_str(if self.args.fix { " --fix" } else { "" });
        command.push_str(if self.args.first { " --first" } else { "" });
        for pick in &self.args.pick {
            command = format!("{command} --pick {}", shell_word(pick));
        }
        if let Some(rev) = &self.args.rev {
            command = format!("{command} {}", shell_word(rev));
        }
        command
    }
}
