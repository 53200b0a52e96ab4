//! What a person named to be staged, and the commands that name it.

use crate::commands::stage::Request;
use crate::core::refusal::Stop;
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
            return pull_request::merged(self.session, &self.tip()?, number, &self.naming());
        }
        match repo.resolve_hash(rev)? {
            Found::Commit(id) => Ok(id),
            _ => repo.resolve_revision(rev),
        }
    }

    pub(super) fn brought(&self, number: u64) -> Result<Vec<CommitId>, Stop> {
        pull_request::brought(self.session, &self.tip()?, number, &self.naming())
    }

    /// The command that names a commit, which comes at its end, in the place of what was typed.
    fn naming(&self) -> Typed {
        let words = [
            (self.args.deploying.asking.dry_run, "-n"),
            (self.args.fix, "--fix"),
            (!self.args.pick.is_empty(), "--pick"),
            (true, "COMMIT"),
        ];
        with(&words)
    }

    /// The command that does the same again.
    pub(super) fn again(&self) -> Typed {
        let words = [(self.args.fix, "--fix"), (self.args.first, "--first")];
        let picks = self.args.pick.iter();
        let command = picks.fold(with(&words), |all, pick| all.option("--pick", pick));
        (self.args.rev.iter()).fold(command, |all, rev| all.arg(rev))
    }
}

/// `git smp stage` with the words that are wanted.
fn with(words: &[(bool, &str)]) -> Typed {
    let wanted = words.iter().filter(|(is_wanted, _)| *is_wanted);
    wanted.fold(Typed::smp("stage"), |all, (_, word)| all.plain(word))
}
