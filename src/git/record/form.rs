//! The form that makes a commit an event: the lines that git writes for one, each once and in its order. With other
//! lines, git's own readers would differ on its author and its time.

use crate::core::words::{CommitId, StoredEvent};
use crate::git::hashed::{self, LineCommit};
use crate::git::object;

/// The kind of a commit's signature, by its first line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Armour {
    Ssh,
    OpenPgp,
    /// No signature that git smp accepts.
    None,
}

pub struct Form<'t> {
    by: (&'t str, &'t str),
    at: i64,
    pub committed: i64,
    pub armour: Armour,
    pub signature: String,
    message: &'t str,
}

impl<'t> Form<'t> {
    /// Parses a commit; `None` if it has another form.
    pub fn of(id: &CommitId, commit: &'t str) -> Option<Self> {
        let (head, message) = commit.split_once("\n\n")?;
        let mut lines = head.lines().peekable();
        CommitId::parse(lines.next()?.strip_prefix("tree ")?)?;
        while lines.next_if(|line| line.starts_with("parent ")).is_some() {}
        let (by, at) = ident(lines.next()?.strip_prefix("author ")?)?;
        let (_, committed) = ident(lines.next()?.strip_prefix("committer ")?)?;
        let name = match id.as_str().len() {
            40 => "gpgsig ",
            _ => "gpgsig-sha256 ",
        };
        let first = match lines.next() {
            Some(line) => line.strip_prefix(name)?,
            None => "",
        };
        let mut signature = first.to_owned();
        for line in lines {
            signature.push('\n');
            signature.push_str(line.strip_prefix(' ')?);
        }
        let is_text = !commit.contains('\0') && !head.contains('\r');
        is_text.then(|| Self {
            by,
            at,
            committed,
            armour: armour(first),
            signature,
            message,
        })
    }
}

/// The number of characters kept of the first line of a commit that is no event.
const SAID: usize = 100;

/// Returns the event of a commit. If the commit has another form or is too large, only its parents and the start of its first line.
pub fn event(link: LineCommit) -> StoredEvent {
    let text = &link.text;
    let parents = hashed::header(text, "parent").filter_map(CommitId::parse);
    let form = Form::of(&link.commit, text).filter(|_| !link.is_large);
    let (name, email) = form.as_ref().map_or(("", ""), |form| form.by);
    let said = text.split_once("\n\n").map_or("", |(_, said)| said);
    let first_line = said.lines().next().unwrap_or_default();
    let message = match &form {
        Some(form) => form.message.to_owned(),
        None => first_line.chars().take(SAID).collect(),
    };
    StoredEvent {
        parents: parents.collect(),
        by: (name.to_owned(), email.to_owned()),
        at: form.as_ref().map_or(0, |form| form.at),
        committed: form.as_ref().map_or(0, |form| form.committed),
        message,
        is_large: link.is_large,
        commit: link.commit,
    }
}

fn armour(first: &str) -> Armour {
    match first {
        "-----BEGIN SSH SIGNATURE-----" => Armour::Ssh,
        "-----BEGIN PGP SIGNATURE-----" | "-----BEGIN PGP MESSAGE-----" => Armour::OpenPgp,
        _ => Armour::None,
    }
}

/// Returns the name and the mail address, and the time in seconds since 1970.
fn ident(line: &str) -> Option<((&str, &str), i64)> {
    let (who, moment) = line.rsplit_once("> ")?;
    let (name, email) = who.split_once('<')?;
    let is_plain = !email.contains(['<', '>']) && !name.contains('>');
    let (at, _) = object::when(moment.as_bytes()).filter(|_| is_plain)?;
    Some(((name.trim_end(), email), at))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PEOPLE: &str = "author A <a@x> 5 +0000\ncommitter A <a@x> 6 +0100";

    fn read(id: &CommitId, lines: &str) -> Option<Armour> {
        let text = format!("tree {}\n{lines}\n\nSaid\n", "b".repeat(40));
        Form::of(id, &text).map(|form| form.armour)
    }

    #[test]
    fn the_armour_is_the_one_that_git_verifies() {
        let [short, long] = [40, 64].map(|length| CommitId::parse(&"a".repeat(length)).unwrap());
        let with = |id, line: &str| read(id, &format!("{PEOPLE}\n{line}\n rest\n "));
        let (ssh, pgp) = (
            "-----BEGIN SSH SIGNATURE-----",
            "-----BEGIN PGP SIGNATURE-----",
        );
        let message = "-----BEGIN SIGNED MESSAGE-----";
        for (id, line, armour) in [
            (&short, format!("gpgsig {ssh}"), Some(Armour::Ssh)),
            (&short, format!("gpgsig-sha256 {ssh}"), None),
            (&long, format!("gpgsig-sha256 {ssh}"), Some(Armour::Ssh)),
            (&short, format!("gpgsig {pgp}"), Some(Armour::OpenPgp)),
            (&short, format!("gpgsig {message}"), Some(Armour::None)),
        ] {
            assert_eq!(with(id, &line), armour, "{line}");
        }
        assert_eq!(read(&short, PEOPLE), Some(Armour::None));
    }

    #[test]
    fn an_event_has_the_lines_that_git_writes_and_no_others() {
        let id = CommitId::parse(&"a".repeat(40)).unwrap();
        let parent = format!("parent {}", "c".repeat(40));
        let committer = "committer A <a@x> 1 +0000";
        for lines in [
            &format!("{PEOPLE}\n{committer}"),
            &format!("{committer}\n{PEOPLE}"),
            &format!("{PEOPLE}\nauthor A <a@x> 1 +0000"),
            &format!("{PEOPLE}\n{parent}"),
            &format!("{PEOPLE}\nencoding latin1"),
            &format!("{PEOPLE}\ngpgsig x\n y\ngpgsig z"),
            &format!("{PEOPLE}\ngpgsig x\n y\n{committer}"),
            "author A <a@x> 5 +0000\ncommitter A <a@x> later",
            "author A <a@x>\ncommitter A <a@x> 6 +0000",
            "author A <a@x> 5 +0000",
        ] {
            assert_eq!(read(&id, lines), None, "{lines}");
        }
        let text = format!(
            "tree {}\n{parent}\n{PEOPLE}\n\n\n  Said\n\n",
            "b".repeat(40)
        );
        let link = |text: &str, is_large| LineCommit {
            commit: id.clone(),
            text: text.to_owned(),
            is_large,
        };
        let said = event(link(&text, false));
        assert_eq!(
            (said.by, said.at, said.committed),
            (("A".into(), "a@x".into()), 5, 6)
        );
        assert_eq!((said.parents.len(), &*said.message), (1, "\n  Said\n\n"));
        let odd = event(link(&text.replace("Said", "S\0aid"), false));
        assert_eq!(odd.message, "");
        let large = event(link(
            &(text.trim_end().to_owned() + "x").replace("\n  Said", &"x".repeat(200)),
            true,
        ));
        assert_eq!(
            (large.at, large.message.len(), large.parents.len()),
            (0, 100, 1)
        );
    }
}
