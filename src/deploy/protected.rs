//! What hosts of main repositories print about a protected branch, and what to do about it.

use crate::core::decide::protection::{ALLOW, ALLOW_BACK};
use crate::core::record::Kind;
use crate::core::refusal::Report;
use crate::core::typed::Typed;
use crate::deploy::pushed::{Pushed, REVERT, last};

/// The host; words in a remote's line or in git's reason; whether the push goes back; where the words were seen.
type ProtectedRow = (&'static str, &'static str, bool, &'static str);

#[rustfmt::skip]
const TABLE: &[ProtectedRow] = &[
    ("GitHub", "Cannot force-push to this", true, "apache/maven-studies README.md"),
    ("GitLab", "You are not allowed to force push code to a protected branch", true, "gitlab-org/gitlab-ce#25601"),
    ("Gitea, Forgejo", "Not allowed to force-push to protected branch", true, "go-gitea/gitea routers/private/hook_pre_receive.go"),
    ("Gitea, Forgejo", "is protected from force push", true, "go-gitea/gitea routers/private/hook_pre_receive.go"),
    ("GitHub", "GH006: Protected branch update failed", false, "docs.github.com, troubleshooting required status checks; htmlhint/HTMLHint#1111"),
    ("GitHub", "protected branch hook declined", false, "git's reason beside GH006; htmlhint/HTMLHint#1111"),
    ("GitHub", "GH013: Repository rule violations found", false, "vmvarela/sql-pipe#63"),
    ("GitHub", "push declined due to repository rule violations", false, "git's reason beside GH013; public transcripts"),
    ("GitLab", "You are not allowed to push code to protected branches", false, "its own test restrict_push_protected_branch_spec.rb, in gitlab-org/gitlab#375603"),
    ("Gitea, Forgejo", "Not allowed to push to protected branch", false, "go-gitea/gitea routers/private/hook_pre_receive.go"),
];

/// Returns the first line that says that the branch is protected, and whether the reason is that the push goes back.
fn of<'l>(lines: impl Iterator<Item = &'l str> + Clone) -> Option<(usize, bool)> {
    TABLE.iter().find_map(|(_, words, goes_back, _)| {
        let at = lines.clone().position(|line| line.contains(words))?;
        Some((at, *goes_back))
    })
}

impl Pushed<'_> {
    /// Reports a branch that its host protects; `None` if it does not say so. `still` tells where the branch is.
    pub(super) fn protected(&self, still: &str) -> Option<Report> {
        let environment = self.target.environment;
        let said = self.host_said();
        let lines = said.iter().map(|said| said.marked.as_str());
        let (at, goes_back) = of(lines.chain(self.reason)).filter(|_| environment.is_branch)?;
        let mut causes = last(said.get(at..).unwrap_or_default());
        if causes.is_empty() {
            causes.extend(self.reason.map(|reason| format!("its host says: {reason}")));
        }
        let (name, branch, short) = (self.name(), &environment.branch, self.short());
        let report = Report::new(format!(
            "{name} declined {short}: its host protects the branch {branch}"
        ));
        let report = report.causes(causes).because(still);
        // Whatever the host's words: with only the right to push forward, the next push would be declined as well.
        if !goes_back && !self.needs_force() {
            return Some(report.run(format!("on its host, {ALLOW}; then"), self.command()));
        }
        let report = report
            .because("this moves the branch back, so it needs the right to force-push")
            .run(format!("on its host, {ALLOW_BACK}; then"), self.command());
        Some(report.run(REVERT, Typed::smp("stage")))
    }

    fn needs_force(&self) -> bool {
        self.deploy.kind() == Kind::Rollback || self.target.fast_forward == Some(false)
    }
}

#[cfg(test)]
mod tests {
    use super::of;

    #[test]
    fn the_words_of_each_host_are_known_and_others_are_not() {
        for (lines, is) in [
            (
                "remote: error: GH006: Protected branch update failed for refs/heads/production.\n\
                 remote: error: Changes must be made through a pull request.\nprotected branch hook declined",
                Some(false),
            ),
            (
                "remote: error: GH013: Repository rule violations found for refs/heads/production.\nremote:\n\
                 remote: - Changes must be made through a pull request.\npush declined due to repository rule violations",
                Some(false),
            ),
            (
                "remote: error: GH013: Repository rule violations found for refs/heads/production.\n\
                 remote: - Cannot force-push to this branch",
                Some(true),
            ),
            (
                "remote: GitLab: You are not allowed to push code to protected branches on this project.\n\
                 pre-receive hook declined",
                Some(false),
            ),
            (
                "remote: GitLab: You are not allowed to force push code to a protected branch on this project.",
                Some(true),
            ),
            (
                "remote: Gitea: Not allowed to push to protected branch production\npre-receive hook declined",
                Some(false),
            ),
            (
                "remote: error: branch production is protected from force push",
                Some(true),
            ),
            (
                "remote: -----> Build failed\npre-receive hook declined",
                None,
            ),
        ] {
            let goes_back = of(lines.lines()).map(|(_, goes_back)| goes_back);
            assert_eq!(goes_back, is, "{lines}");
        }
    }
}
