//! The meaning of what git, ssh and hosts print. It never decides where a branch is. It decides who may be asked, what
//! to say of a remote that refuses access, and which lines to pass on.

use crate::core::text::without_userinfo;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineKind {
    /// A line that git prints whatever is wrong.
    Noise,
    /// One of git's progress bars. It would flood a terminal that shows the remote's words.
    Progress,
    /// A progress bar that proves that something is sent, and the push was not cut off before. The remote's words do
    /// not prove it: a host that refuses access prints, too.
    Sending,
    /// git wants a name and a password, and can ask nobody.
    NoLogin,
    /// The host did not accept a name and a password.
    WrongLogin,
    /// ssh does not know the host's key and would ask.
    UnknownHost,
    /// ssh knows another key for this host.
    ChangedHost,
    /// ssh has no key that the host accepts.
    LockedOut,
    NoRef,
    /// The remote cannot move several refs together. git says so before anything is sent.
    NotAtomic,
    /// A ref cannot be named, as with a branch called `refs/heads/master`. git says so before anything is sent.
    Unnameable,
    /// The lines that follow are about this clone's remote-tracking branch. They do not concern the push.
    Tracks,
}

use LineKind::{
    ChangedHost, LockedOut, NoLogin, NoRef, Noise, NotAtomic, Progress, Sending, Tracks,
    UnknownHost, Unnameable, WrongLogin,
};

/// Our own words if nobody gave a name and a password.
pub const NOBODY: &str = "nobody logged in to";

/// The starts of lines, alone or after git's own `fatal: ` and `error: `. The locale of git is always C.
const BEGINNINGS: [(&str, LineKind); 25] = [
    ("fatal: Could not read from remote repository", Noise),
    ("Please make sure you have the correct access rights", Noise),
    ("and the repository exists", Noise),
    ("(or you mis-spelled the reponame)", Noise),
    ("error: failed to push some refs to ", Noise),
    ("To ", Noise),
    ("Warning: Permanently added ", Noise),
    ("** ", Noise),
    ("Enumerating objects", Progress),
    ("Counting objects", Progress),
    ("Compressing objects", Progress),
    ("Delta compression", Progress),
    ("Writing objects", Sending),
    ("Total ", Sending),
    ("could not read Username for ", NoLogin),
    ("could not read Password for ", NoLogin),
    ("unable to get password from user", NoLogin),
    (NOBODY, NoLogin),
    ("Authentication failed", WrongLogin),
    ("Host key verification failed", UnknownHost),
    ("fatal: couldn't find remote ref ", NoRef),
    (
        "fatal: the receiving end does not support --atomic push",
        NotAtomic,
    ),
    ("error: dst refspec ", Unnameable),
    ("error: src refspec ", Unnameable),
    ("error: update_ref failed for ref 'refs/remotes/", Tracks),
];
/// Words that may be anywhere in a line, after a name or inside of a frame.
const INSIDE: [(&str, LineKind); 4] = [
    ("REMOTE HOST IDENTIFICATION HAS CHANGED", ChangedHost),
    ("Cannot confirm a host key in batch mode", UnknownHost),
    ("Cannot answer interactive prompts in batch mode", LockedOut),
    ("Permission denied (", LockedOut),
];

/// The words with which a server or its hook refuses, in small letters, and whether they concern the right to push.
const REFUSES: [(&str, bool); 14] = [
    ("error: 403", true),
    ("denied", true),
    ("forbidden", true),
    ("not allowed", true),
    ("not authorized", true),
    ("not granted", true),
    ("read-only", true),
    ("may not push", true),
    ("error: ", false),
    ("fatal: ", false),
    ("unauthorized", false),
    ("invalid username", false),
    ("invalid credentials", false),
    ("not found", false),
];
/// The starts of a server's own refusals, over ssh and in git's own protocol.
const SERVERS: [&str; 3] = ["ERROR: ", "FATAL: ", "fatal: remote error: "];

const MOST: usize = 6;

/// Returns the lines of an output. A progress bar ends its lines with `\r`.
pub fn lines(words: &str) -> impl Iterator<Item = &str> {
    let lines = words.split(['\n', '\r']).map(str::trim_end);
    lines.filter(|line| !line.is_empty())
}

/// Returns what a line means; `None` if it does not matter, and for all lines of a host.
pub fn kind(line: &str) -> Option<LineKind> {
    if line.starts_with("remote:") {
        return None;
    }
    let own = without_rank(line);
    let mut begins = BEGINNINGS.iter();
    let begins = begins.find(|(words, _)| line.starts_with(words) || own.starts_with(words));
    let found = begins.or_else(|| INSIDE.iter().find(|(words, _)| own.contains(words)));
    found.map(|(_, kind)| *kind)
}

fn without_rank(line: &str) -> &str {
    let own = line.strip_prefix("fatal: ");
    own.or_else(|| line.strip_prefix("error: ")).unwrap_or(line)
}

pub fn means(words: &str, wanted: LineKind) -> bool {
    lines(words).any(|line| kind(line) == Some(wanted))
}

/// Returns whether git or ssh would have asked a person, so that it is still open whether the place exists.
pub fn wants_one(line: &str) -> bool {
    matches!(
        kind(line),
        Some(NoLogin | WrongLogin | UnknownHost | LockedOut)
    )
}

/// Returns whether git could not talk to a remote at all, so that another question would end the same way.
pub fn is_shut(words: &str) -> bool {
    let begins = ["unable to access ", "Could not read from remote repository"];
    lines(words).any(|line| {
        let own = without_rank(line);
        wants_one(line) || begins.iter().any(|words| own.starts_with(words))
    })
}

/// Returns whether the words are about a name and a password for https.
pub fn wants_password(words: &str) -> bool {
    means(words, NoLogin) || means(words, WrongLogin)
}

/// Returns whether git itself asks for a login, and not a helper.
pub fn asks_for_login(line: &str) -> bool {
    without_rank(line) != line && wants_password(line)
}

/// Returns whether ssh would have asked about the host's key. A changed key is not a question.
pub fn wants_confirmation(words: &str) -> bool {
    means(words, UnknownHost) && !means(words, ChangedHost)
}

/// Returns whether a host says that the user has no right to push.
pub fn denies(words: &str) -> bool {
    let said = words.to_ascii_lowercase();
    REFUSES
        .iter()
        .any(|(no, is_of_right)| *is_of_right && said.contains(no))
}

/// Returns the HTTP status in git's words about a host that it could not read from.
pub fn look_status(words: &str) -> Option<u16> {
    let said = lines(words).find_map(|line| {
        let said = without_rank(line).strip_prefix("unable to access ")?;
        said.split_once("requested URL returned error: ")
    });
    said?.1.get(..3)?.parse().ok()
}

/// Returns the HTTP status in git's `error: RPC failed; HTTP 413 curl 22 ...`, which is about the push itself.
pub fn push_status(line: &str) -> Option<u16> {
    let said = line.strip_prefix("error: RPC failed; HTTP ")?;
    said.split(' ').next()?.parse().ok()
}

/// Returns the lines that say why, the server's own first, because many places show only one; without user names.
pub fn first_words(words: &str) -> Vec<String> {
    let all: Vec<&str> = lines(words).map(str::trim).collect();
    let mut telling = all.clone();
    telling.retain(|line| !says_nothing(line));
    if telling.is_empty() {
        telling = all;
    }
    // Each kind keeps its order, and a talkative server leaves room for git's own reason.
    telling.sort_by_key(|line| weight(line));
    let servers = telling.iter().filter(|line| weight(line) == 0).count();
    let others = telling.iter().skip(servers);
    let chosen = telling.iter().take(servers.min(MOST - 2)).chain(others);
    let chosen = chosen
        .take(MOST)
        .map(|line| line.trim_start_matches("fatal: "));
    chosen.map(without_userinfo).collect()
}

fn says_nothing(line: &str) -> bool {
    let bare = line.strip_prefix("remote:").unwrap_or(line);
    kind(line) == Some(Noise) || bare.chars().all(|c| " \t=-*#@_>".contains(c))
}

fn weight(line: &str) -> u8 {
    let refuses = line.strip_prefix("remote: ").is_some_and(|said| {
        let said = said.to_ascii_lowercase();
        REFUSES.iter().any(|(no, _)| said.contains(no))
    });
    if refuses || SERVERS.iter().any(|start| line.starts_with(start)) {
        0
    } else if without_rank(line) != line || wants_one(line) {
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

    /// Where a host's words were reported, the words, and the part of them that says why.
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

    #[test]
    fn only_what_git_and_ssh_say_themselves_is_a_question() {
        for line in [
            "fatal: could not read Username for 'https://example.com': terminal prompts disabled",
            "fatal: Authentication failed for 'https://example.com/app.git/'",
            "git@example.com: Permission denied (publickey).",
            "Host key verification failed.",
            "FATAL ERROR: Cannot confirm a host key in batch mode",
        ] {
            assert!(wants_one(line), "{line}");
        }
        for line in [
            "remote: Permission denied (publickey).",
            "remote: fatal: Authentication failed for 'x'",
            "could not read Username",
            "fatal: unable to access 'https://example.com/': The requested URL returned error: 403",
        ] {
            assert!(!wants_one(line), "{line}");
        }
    }

    #[test]
    fn a_host_whose_key_changed_is_no_question() {
        let words =
            "@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @\nHost key verification failed.";
        assert!(!wants_confirmation(words) && wants_confirmation("Host key verification failed."));
    }

    #[test]
    fn the_status_of_a_look_is_gits_own_word() {
        let words = |code: u16| {
            format!(
                "fatal: unable to access 'https://git.example.com/old.git/': The requested URL returned error: {code}\n"
            )
        };
        for code in [301, 403, 500] {
            assert_eq!(look_status(&words(code)), Some(code));
        }
        assert_eq!(
            look_status("remote: fatal: The requested URL returned error: 301"),
            None
        );
    }
}
