//! Sheets as people see and leave them.

use crate::core::words::CommitId;
use crate::team::summary::Summary;
use crate::team::summary::sheet::*;

const HASH: &str = "1f13dc690123456789abcdef0123456789abcdef";

fn landed(subjects: &[&str]) -> Vec<Landed> {
    let one = |(at, subject): (usize, &&str)| Landed {
        id: CommitId::parse(&format!("{at:040x}")).unwrap(),
        parents: vec![CommitId::parse(&format!("{:040x}", at + 1)).unwrap()],
        committed: 0,
        subject: (*subject).to_owned(),
        body: String::new(),
    };
    subjects.iter().enumerate().map(one).collect()
}

fn sheet_with(subjects: &[&str], kept: Option<&str>, config: &[(&str, &str)]) -> Sheet {
    let commit = CommitId::parse(HASH).unwrap();
    let offer = Offer {
        heading: "Production deploy 2022-03-02",
        commit: &commit,
        from: None,
        kept,
        by: None,
    };
    Sheet::new(&offer, || Ok(landed(subjects)), &GitConfig::of(config)).unwrap()
}

#[test]
fn a_sheet_is_the_draft_and_what_it_is_for() {
    let sheet = sheet_with(&["Draw maps (#425)", "Show flags (#421)"], None, &[]);
    assert_eq!(
        sheet.text(),
        "- Draw maps\n\
         - Show flags\n\
         \n\
         # Production deploy 2022-03-02: what is new?\n\
         #\n\
         # This is for the product channel. Everyone in the company reads it:\n\
         # say in their words what changes for them, and leave out the rest.\n\
         #\n\
         # This deploys 1f13dc69.\n\
         # The list above is a draft, the titles of the pull requests that ship.\n\
         # If you do not change it, it is not posted. To post it unchanged, delete this line.\n\
         #\n\
         # Lines that begin with '#' are left out.\n\
         # An empty text means no post in the product channel.\n"
    );
    assert!(
        sheet.is_untouched(&sheet.text())
            && sheet.is_untouched(&sheet.text().replace('\n', " \r\n"))
    );
}

#[test]
fn a_draft_is_said_yes_to_by_any_change_even_of_a_comment() {
    let sheet = sheet_with(&["Draw maps (#425)"], None, &[]);
    let line =
        "# If you do not change it, it is not posted. To post it unchanged, delete this line.\n";
    for changed in [
        sheet.text().replace(line, ""),
        sheet.text().replace("maps", "charts"),
        String::new(),
    ] {
        assert!(
            changed != sheet.text() && !sheet.is_untouched(&changed),
            "{changed}"
        );
    }
    assert_eq!(sheet.read(&sheet.text().replace(line, "")), "- Draw maps");
    // A person wrote this and confirmed it before.
    let kept = sheet_with(&[], Some("Faster maps"), &[]);
    assert!(!kept.is_untouched(&kept.text()));
}

#[test]
fn what_is_emptied_is_no_post() {
    let empty = sheet_with(&["Merge branch 'main'"], None, &[]);
    assert!(
        empty.text().starts_with("\n\n# Production"),
        "{}",
        empty.text()
    );
    assert!(
        empty
            .text()
            .contains("# No pull request ships, so there is no draft"),
        "{}",
        empty.text()
    );
    for text in [
        empty.text().as_str(),
        "",
        " \n\t\r\n\n",
        "# only this",
        "#\n#",
    ] {
        assert_eq!(Summary::of(empty.read(text)), Summary::Empty, "{text:?}");
    }
}

#[test]
fn a_kept_text_comes_in_place_of_the_draft() {
    let commit = CommitId::parse(HASH).unwrap();
    let offer = Offer {
        heading: "H",
        commit: &commit,
        from: None,
        kept: Some("Faster maps\n"),
        by: None,
    };
    let unasked = || Err(Stop::Answer);
    let sheet = Sheet::new(&offer, unasked, &GitConfig::of(&[])).unwrap();
    assert!(
        sheet
            .text()
            .starts_with("Faster maps\n\n# H: what is new?\n"),
        "{}",
        sheet.text()
    );
    assert!(
        sheet
            .text()
            .contains("# The text above is yours, from an earlier run.\n")
    );
    assert_eq!(sheet.read(&sheet.text()), "Faster maps");
}

#[test]
fn comments_begin_as_git_is_told_and_never_as_the_text_does() {
    let sign = |kept: &str, config: &[(&str, &str)]| sheet_with(&["One"], Some(kept), config).sign;
    let char = |value| [("core.commentchar", value)];
    assert_eq!(sign("One", &char(";")), ";");
    assert_eq!(
        sign(
            "One",
            &[("core.commentchar", ";"), ("core.commentstring", "%")]
        ),
        "%"
    );
    for odd in ["auto", "//", "", " ", "x", "-", "*", "\u{7}", "ä"] {
        assert_eq!(sign("One", &char(odd)), "#", "{odd:?}");
    }
    assert_eq!(sign("#1 is done\n;) at last", &char(";")), "@");
    assert_eq!(sign(&SIGNS.join("\n"), &[]), "##");
    assert_eq!(sign(&(SIGNS.join("\n") + "\n##\n####"), &[]), "#####");
    let kept = "#425 is done\n\n; and this";
    let sheet = sheet_with(&[], Some(kept), &[]);
    assert!(
        sheet
            .text()
            .contains("\n@ Lines that begin with '@' are left out.\n"),
        "{}",
        sheet.text()
    );
    assert_eq!(sheet.read(&sheet.text()), kept);
}

#[test]
fn texts_are_settled() {
    assert_eq!(
        settled("\u{feff}\r\n\n  One  \r\nTwo\t\rThree\n\n\n \n- Four\n  - Five\n\n"),
        "One\nTwo\nThree\n\n- Four\n  - Five"
    );
    let sheet = sheet_with(&["One"], None, &[]);
    assert_eq!(
        sheet.read("- One\r\n\r\n# left out\r\n\r\n\r\nTwo # not left out\r\n # nor this\r\n"),
        "- One\n\nTwo # not left out\n # nor this"
    );
    assert_eq!(settled(""), "");
}
