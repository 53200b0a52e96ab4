//! The command that repeats a deploy, with all given options.

use crate::core::record::Kind;
use crate::core::typed::Typed;
use crate::core::words::CommitId;
use crate::deploy::{Deploy, Options, Wanted};

impl Deploy<'_> {
    /// Returns the command that repeats exactly this. Without its commit, a rollback would lead further back.
    pub fn command(&self) -> Typed {
        match &self.wanted {
            Wanted::Stage { command, .. } => command.clone(),
            Wanted::Promote { .. } => {
                let (names, command) = (self.options.names, Typed::smp("promote"));
                self.with_flags(names.iter().fold(command, |all, name| all.arg(name)))
            }
            Wanted::Rollback { commit, .. } => {
                let command = Typed::smp("rollback").arg(&self.names());
                self.with_flags(command.option("--to", commit.short()))
            }
        }
    }

    /// Does the same with the names of all targets, for a failure at one of them: the later ones are left alone, and the
    /// posts about the earlier ones are not made yet.
    pub(super) fn command_named(&self) -> Typed {
        match self.kind() {
            Kind::Promote => {
                let names = self.targets.iter().map(|one| one.environment.name.as_str());
                self.with_flags(names.fold(Typed::smp("promote"), Typed::arg))
            }
            Kind::Stage | Kind::Fix | Kind::Rollback => self.command(),
        }
    }

    pub(super) fn command_with_yes(&self, commit: &CommitId) -> Typed {
        let commit = commit.as_str();
        match self.kind() {
            Kind::Stage | Kind::Fix => self.command().plain("--yes"),
            Kind::Promote => self.command().plain("--yes").option("--commit", commit),
            Kind::Rollback => {
                let command = Typed::smp("rollback").arg(&self.names());
                self.with_flags(command.plain("--yes").option("--to", commit))
            }
        }
    }

    /// Adds the options without which the command would do something else.
    fn with_flags(&self, mut command: Typed) -> Typed {
        let Options { first, again, .. } = self.options;
        command = command.plain(if first { "--first" } else { "" });
        command = command.plain(if again { "--again" } else { "" });
        if let Wanted::Rollback {
            reason: Some(reason),
            ..
        } = &self.wanted
        {
            command = command.option("--reason", reason);
        }
        if let Some(reason) = self.options.overrides {
            command = command.option("--override", reason);
        }
        match self.options.take_over {
            Some(id) => command.option("--take-over", id),
            None => command,
        }
    }
}
