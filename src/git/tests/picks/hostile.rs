//! Commits that only an attacker writes, and odd ones that people do write.

use crate::git::tests::picks::*;

const ADA: &[u8] = b"author Ada <ada@example.com> 1646226000 +0100";
const BEN: &[u8] = b"committer Ben <ben@example.com> 1646226000 +0000";

/// A world with a candidate, and a fix to copy.
struct Odd {
    world: World,
    candidate: CommitId,
    fix: CommitId,
}

impl Odd {
    fn new() -> Self {
        let world = World::new();
        let (candidate, fix) = candidate_and_fix(&world);
        Self {
            world,
            candidate,
            fix,
        }
    }

    /// Writes the fix again with these headers and this message.
    fn written(&self, headers: &[&[u8]], message: &[u8]) -> CommitId {
        let mut text = self
            .world
            .show("tree %T%nparent %P", &self.fix)
            .into_bytes();
        for header in headers {
            text = [&text, *header].join(&b'\n');
        }
        self.world.raw(&[&text, b"\n".as_slice()].concat(), message)
    }

    fn copy(&self, pick: &CommitId) -> CommitId {
        let copy = self
            .world
            .repo()
            .pick(&self.candidate, slice::from_ref(pick))
            .unwrap();
        // git must be able to show the copy.
        self.world.git(&["log", "-1", copy.as_str()]);
        copy
    }

    /// Returns the copy of a commit, after a comparison with git's own copy.
    fn same_as_by_hand(&self, headers: &[&[u8]], message: &[u8]) -> CommitId {
        let pick = self.written(headers, message);
        let copy = self.copy(&pick);
        let by_hand = self.world.cherry_pick(&self.candidate, &[&pick]);
        let text =
            |id: &CommitId| as_text(&self.world.bytes(&["cat-file", "commit", id.as_str()], b""));
        assert_eq!(text(&copy), text(&by_hand));
        copy
    }
}

#[test]
fn messages_come_out_as_git_writes_them() {
    let odd = Odd::new();
    let messages: [&str; 21] = [
        "",
        "\n\n",
        "No newline at the end",
        "\n\n  Space around  \n\n",
        "Title\n\n\n\nGaps\n \t\n\nand space \t\n",
        "Title\nover two lines\n",
        "Signed-off-by: Ada <ada@example.com>\n",
        "Title\n\nSigned-off-by: Ada <ada@example.com>\n",
        "Title\n\nText: with a colon\n",
        "Title\n\nText: with a colon\nand not\n",
        "Title\n\nBody\n\nSigned-off-by: Ada <ada@example.com>\nno\nno\nno\nno\n",
        "Title\n\nReviewed-by: Ben\n  who took his time\nFixes: #1\n",
        "# a comment\n\nFixes: #1\n",
        "Title\n\n(cherry picked from commit 0123456789012345678901234567890123456789)\n",
        "Title\n\nSee https://example.com/: it is there\n",
        "Title\n\nhttps://example.com/\n",
        "Title\n\n: nothing\n",
        "Title\n\nTwo words: no trailer\n",
        "Title\n\nSpace : before\n",
        "Title\r\n\r\nFixes: #1\r\n",
        "Title\n\n    four spaces\n\ttab ✓\n---\na patch\n",
    ];
    for message in messages {
        odd.same_as_by_hand(&[ADA, BEN], message.as_bytes());
    }
}

#[test]
fn a_commit_that_ends_before_its_message_is_copied() {
    let odd = Odd::new();
    let text = [
        odd.world.show("tree %T%nparent %P", &odd.fix).as_bytes(),
        ADA,
        BEN,
        b"",
    ]
    .join(&b'\n');
    let write = [
        "hash-object",
        "-t",
        "commit",
        "-w",
        "--stdin",
        "--literally",
    ];
    let pick = CommitId::parse(&odd.world.feed(&write, &text)).unwrap();
    assert_eq!(
        odd.world.show("%B", &odd.copy(&pick)),
        format!("(cherry picked from commit {pick})")
    );
}

#[test]
fn messages_in_other_encodings_come_out_in_utf_8() {
    let odd = Odd::new();
    let latin: &[&[u8]] = &[
        b"author J\xfcrgen <j@example.com> 1646226000 +0100",
        BEN,
        b"encoding ISO-8859-1",
    ];
    let copy = odd.same_as_by_hand(latin, b"Gr\xf6\xdfe\n\nSch\xf6n\n");
    assert_eq!(odd.world.show("%e", &copy), "");
    assert_eq!(odd.world.show("%an: %s", &copy), "Jürgen: Größe");
    // No byte is lost if a commit names a wrong encoding or one that git does not know.
    odd.same_as_by_hand(
        &[b"author J\xfcrgen <j@example.com> 1 +0100", BEN],
        b"Gr\xf6\xdfe\n",
    );
    odd.same_as_by_hand(&[ADA, BEN, b"encoding no-such"], b"Gr\xf6\xdfe\n");
    odd.same_as_by_hand(&[ADA, BEN, b"encoding Shift_JIS"], b"\x93\xfa\x96\x7b\n");
    // The user's own encoding is only for the user's own commits.
    odd.world
        .git(&["config", "i18n.commitEncoding", "ISO-8859-1"]);
    odd.world
        .git(&["config", "i18n.logOutputEncoding", "UTF-16"]);
    let pick = odd.written(latin, b"Gr\xf6\xdfe\n\nSch\xf6n\n");
    assert_eq!(
        odd.world.repo().pick(&odd.candidate, &[pick]).unwrap(),
        copy
    );
}

#[test]
fn authors_keep_their_names_and_times() {
    let odd = Odd::new();
    for author in [
        "author Ada \"the Countess\" <ada@example.com> 1646226000 +0100",
        "author  <> 1646226000 +0100",
        "author Ada, jr. <not a mail> 0 +0000",
        "author Ada <ada@example.com> 4102444800 -0000",
        "author Ada <ada@example.com> 99999999999999 +9999",
        "author \u{1b}[31m\u{202e}Ada <ada@example.com> 99999 -1159",
    ] {
        odd.same_as_by_hand(&[author.as_bytes(), BEN], b"Odd\n");
    }
}

#[test]
fn a_line_that_git_does_not_take_again_is_refused_by_git() {
    let odd = Odd::new();
    for author in ["author Ada <ada@example.com>", "author Ada", "author"] {
        let pick = odd.written(&[author.as_bytes(), BEN], b"Odd\n");
        let stop = (odd.world.repo().pick(&odd.candidate, &[pick])).unwrap_err();
        let Stop::Failed(report) = stop else {
            panic!("{stop:?}")
        };
        assert!(report.error.ends_with("cannot be written"), "{report:?}");
    }
}

#[test]
fn signatures_and_headers_of_others_are_not_copied() {
    let odd = Odd::new();
    let signed: &[&[u8]] = &[
        ADA,
        BEN,
        b"gpgsig -----BEGIN\n \n parent nothing\n -----END",
        b"author-of x",
    ];
    let copy = odd.same_as_by_hand(signed, b"Signed\n");
    let text = odd.world.git(&["cat-file", "commit", copy.as_str()]);
    assert_eq!(text.lines().take_while(|line| !line.is_empty()).count(), 4);
}
