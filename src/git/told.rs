//! What git and a host say when a remote lets nobody in, or takes nothing: what tells of this case first, and nothing of
//! what git says every time.

use crate::git::remote::without_userinfo;

/// The most lines that are passed on.
const MOST: usize = 6;
/// What git and ssh say whatever is wrong.
const SAYS_NOTHING: [&str; 8] = [
    "fatal: Could not read from remote repository",
    "Please make sure you have the correct access rights",
    "and the repository exists",
    "(or you mis-spelled the reponame)",
    "error: failed to push some refs to ",
    "To ",
    "Warning: Permanently added ",
    "** ",
];
/// How a server's own refusal begins, over ssh and from git's own protocol.
const SERVERS: [&str; 3] = ["ERROR: ", "FATAL: ", "fatal: remote error: "];
/// What makes of a line that a server or its hook sent a refusal, and no mere talk; in small letters.
const REFUSES: [&str; 12] = [
    "error: ",
    "fatal: ",
    "denied",
    "forbidden",
    "unauthorized",
    "invalid username",
    "invalid credentials",
    "not allowed",
    "not authorized",
    "not found",
    "not granted",
    "read-only",
];
/// How git's, or ssh's, own reason begins.
const OWN: [&str; 3] = ["fatal: ", "error: ", "Host key verification failed"];

/// The lines that say why, the server's own first, for many places show but one; without who logs in there.
pub fn first_words(words: &str) -> Vec<String> {
    let lines = || {
        words
            .split(['\n', '\r'])
            .map(str::trim)
            .filter(|line| !line.is_empty())
    };
    let mut telling: Vec<&str> = lines().filter(|line| !says_nothing(line)).collect();
    if telling.is_empty() {
        telling = lines().collect();
    }
    // The order of each kind stays, and a talkative server leaves room for git's own reason.
    let of = |kind: u8| telling.iter().filter(move |line| weight(line) == kind);
    of(0)
        .take(MOST - 2)
        .chain(of(1))
        .chain(of(2))
        .take(MOST)
        .map(|line| without_userinfo(line.trim_start_matches("fatal: ")))
        .collect()
}

fn says_nothing(line: &str) -> bool {
    let bare = line.strip_prefix("remote:").unwrap_or(line);
    SAYS_NOTHING.iter().any(|start| line.starts_with(start))
        || bare.chars().all(|c| " \t=-*#@_>".contains(c))
}

fn weight(line: &str) -> u8 {
    let refuses = |text: &str| {
        REFUSES
            .iter()
            .any(|sign| text.to_ascii_lowercase().contains(sign))
    };
    if line.strip_prefix("remote: ").is_some_and(refuses)
        || SERVERS.iter().any(|start| line.starts_with(start))
    {
        0
    } else if OWN.iter().any(|start| line.starts_with(start))
        || line.contains("Permission denied (")
    {
        1
    } else {
        2
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOILERPLATE: &str = "fatal: Could not read from remote repository.\n\n\
                               Please make sure you have the correct access rights\nand the repository exists.\n";

    /// What hosts said to people, and what of it says why; where it was reported stands beside it.
    const TOLD: [(&str, &str, &str); 11] = [
        (
            "Heroku's story, which says much and refuses nothing",
            "remote:  !\tWARNING:\nremote:  !\tDo not authenticate with username and password using git.\n\
             fatal: Authentication failed for 'https://git.heroku.com/x.git/'\n",
            "Authentication failed for 'https://git.heroku.com/x.git/'",
        ),
        (
            "sitaramc/gitolite#85",
            "FATAL: R any gitolite-admin git DENIED by fallthru\n(or you mis-spelled the reponame)\n",
            "FATAL: R any gitolite-admin git DENIED by fallthru",
        ),
        (
            "Bioconductor/bioc_git_transition#30",
            "fatal: remote error: FATAL: W any packages/ggtree nobody DENIED by fallthru\n(or you mis-spelled the reponame)\n",
            "remote error: FATAL: W any packages/ggtree nobody DENIED by fallthru",
        ),
        (
            "redmine-git-hosting/redmine_git_hosting#799",
            "remote: FATAL: W refs/heads/master a/b redmine_ada_78 DENIED by fallthru\n\
             remote: error: hook declined to update refs/heads/master\n",
            "remote: FATAL: W refs/heads/master a/b redmine_ada_78 DENIED by fallthru",
        ),
        (
            "vitorgalvao/tiny-scripts#179",
            "Warning: Permanently added the RSA host key for IP address '192.0.2.3' to the list of known hosts.\n\
             ERROR: Repository not found.\n",
            "ERROR: Repository not found.",
        ),
        (
            "UKHomeOffice/application-container-platform#528",
            "ERROR: Permission to o/r.git denied to ada.\n",
            "ERROR: Permission to o/r.git denied to ada.",
        ),
        (
            "QIN2DIM/epic-awesome-gamer#255",
            "remote: Write access to repository not granted.\n\
             fatal: unable to access 'https://ada:secret@github.com/o/r/': The requested URL returned error: 403\n",
            "remote: Write access to repository not granted.",
        ),
        (
            "niexia/niexia.github.io#53",
            "GitLab: You are not allowed to push code to this project.\n",
            "GitLab: You are not allowed to push code to this project.",
        ),
        (
            "rht-labs/enablement-docs#342",
            "remote: You are not allowed to push code to this project.\n\
             fatal: unable to access 'https://host/o/r.git/': The requested URL returned error: 403\n",
            "remote: You are not allowed to push code to this project.",
        ),
        (
            "gitlab-shell's box",
            "remote: \nremote: ========================================================================\nremote: \n\
             remote: ERROR: You are not allowed to push code to this project.\nremote: \nremote: =====\nremote: \n",
            "remote: ERROR: You are not allowed to push code to this project.",
        ),
        (
            "a banner before ssh's own reason",
            "*** Authorized use only ***\nAll use is logged.\ngit@host: Permission denied (publickey).\n",
            "git@host: Permission denied (publickey).",
        ),
    ];

    #[test]
    fn the_servers_own_line_comes_first_and_gits_boilerplate_not_at_all() {
        for (source, words, why) in TOLD {
            let told = first_words(&format!("{words}{BOILERPLATE}"));
            assert_eq!(told.first().map(String::as_str), Some(why), "{source}");
            let all = told.join("\n");
            let noise = [
                "access rights",
                "repository exists",
                "Could not read",
                "====",
                "secret",
                "Permanently added",
            ];
            assert!(
                !noise.iter().any(|noise| all.contains(noise)),
                "{source}: {all}"
            );
        }
    }

    #[test]
    fn where_git_says_nothing_else_it_is_passed_on_all_the_same() {
        assert_eq!(
            first_words(BOILERPLATE).first().unwrap(),
            "Could not read from remote repository."
        );
        assert_eq!(first_words("\n\n"), [""; 0]);
    }

    #[test]
    fn what_a_talkative_host_says_hides_no_reason_of_gits_own() {
        let own = "fatal: could not read Username for 'https://h': terminal prompts disabled\n";
        for line in ["news\n", "remote: news\n"] {
            let told = first_words(&format!("{}{own}", line.repeat(9)));
            assert!(
                told.iter()
                    .any(|line| line.contains("terminal prompts disabled")),
                "{told:?}"
            );
        }
    }
}
