//! A child that asks nobody. It gets the login of git's helpers from earlier in this run, if the host accepts that.

use std::process::{Command, Output};

use crate::git::address::Transport;
use crate::git::child::{self, Ear};
use crate::git::logins;
use crate::git::network::{Errand, NoAnswer, words};
use crate::git::response::wants_password;

impl Errand<'_> {
    /// Returns a git with these arguments that asks nobody, and whether a login of git's helpers was passed along.
    pub fn quiet(&self, args: &[String]) -> (Command, bool) {
        self.child(args, false)
    }

    /// Gives up a login that the host did not accept. From now on, git asks its helpers itself.
    pub fn give_up_login(&self) {
        if let Transport::Http(site) = &self.place {
            self.repo.people.reused.give_up(self.config, site);
        }
    }

    /// Runs a child that asks nobody. Returns `None` if a helper addressed a person all the same.
    pub(super) fn alone(
        &self,
        args: &[String],
        envs: &[(&str, &str)],
    ) -> Result<Option<Output>, NoAnswer> {
        let (output, is_given) = self.once(args, envs)?;
        let is_refused =
            |output: &Output| !output.status.success() && wants_password(&words(Some(output)));
        if is_given && output.as_ref().is_some_and(is_refused) {
            self.give_up_login();
            return Ok(self.once(args, envs)?.0);
        }
        Ok(output)
    }

    /// Runs the child once. Also returns whether a login of git's helpers was passed along.
    fn once(
        &self,
        args: &[String],
        envs: &[(&str, &str)],
    ) -> Result<(Option<Output>, bool), NoAnswer> {
        let (mut command, is_given) = self.quiet(args);
        command.envs(envs.iter().copied());
        let (people, program) = (&self.repo.people, self.repo.program());
        let learns = match &self.place {
            Transport::Http(site) => Some(site).filter(|site| {
                !site.has_password && people.logins.of(site).is_none() && !people.reused.knows(site)
            }),
            Transport::Ssh(_) | Transport::Local | Transport::Other => None,
        };
        if let Some(site) = learns {
            logins::listen(program, &mut command, self.config, site);
        }
        let _slot = match &self.place {
            Transport::Ssh(account) => Some(people.ssh.enter(account)),
            Transport::Http(_) | Transport::Local | Transport::Other => None,
        };
        let ear = match self.place {
            Transport::Http(_) if self.somebody => Ear::EndsTalk,
            _ => Ear::Nobody,
        };
        let mut output =
            child::run(command, b"", self.purpose.limit(), &ear).map_err(NoAnswer::Silent)?;
        if let (Some(site), Some(output)) = (learns, &mut output) {
            let offer = logins::told(&mut output.stderr);
            people.reused.learn(site, offer, output.status.success());
        }
        Ok((output, is_given))
    }
}
