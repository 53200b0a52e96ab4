//! The text of a proposal's issue: the post as Markdown, and how to answer.

use crate::core::record::{News, Notice};
use crate::core::tell::markdown;
use crate::core::tell::post::Post;
use crate::core::words::{CommitId, EventId};

/// The start and the end of every hidden mark.
const START: &str = "<!-- git smp ";
const END: &str = " -->";

pub fn title(post: &Post, commit: &CommitId) -> String {
    let heading: String = post.visible().heading.chars().take(200).collect();
    format!("{heading}: {}", commit.short())
}

/// Writes the issue or a comment on it, with a hidden mark to find it again. A person's request about their own
/// proposal or fix has a special mark. `record` is the ref of the record.
pub fn text(post: &Post, one: &Notice, record: &str) -> String {
    let untitled = Post {
        heading: String::new(),
        ..post.clone()
    };
    let said = markdown::fitted(&untitled);
    let asks = matches!(one.news, News::Proposed { .. } | News::Fixed { .. });
    let how = if asks {
        how_to_answer(&one.commit)
    } else {
        String::new()
    };
    let is_own = asks && one.attempt.as_ref().is_some_and(|attempt| attempt.own);
    let mark = match is_own {
        true => own_mark(&one.about, record, Some(&one.commit)),
        false => mark(&one.about) + END,
    };
    format!("{said}{how}\n{mark}\n")
}

/// Returns the beginning of the hidden mark that identifies a text. An event id is only digits.
pub fn mark(about: &EventId) -> String {
    format!("{START}{}", about.as_str())
}

/// Returns the mark of a person's request about their own proposal or fix in this record; without `commit` only its
/// beginning.
pub fn own_mark(about: &EventId, record: &str, commit: Option<&CommitId>) -> String {
    let end = commit.map(|commit| format!("{commit}{END}"));
    format!("{} {record} {}", mark(about), end.unwrap_or_default())
}

/// Returns whether a text ends with a mark that begins like this. Other people may have written the lines before it.
pub fn bears(text: &str, mark: &str) -> bool {
    let last = text.trim_end().lines().next_back();
    last.is_some_and(|line| line.starts_with(mark) && line.ends_with(END))
}

/// Returns whether git smp wrote a text.
pub fn is_ours(text: &str) -> bool {
    bears(text, START)
}

fn how_to_answer(commit: &CommitId) -> String {
    let short = commit.short();
    format!(
        "\n**How to answer:** write a comment that begins with one of these lines.\n\n\
         ```\nsignoff {short}\n```\n\n\
         ```\nblock {short} what is wrong\n```\n\n\
         Only a comment of somebody who may write to this repository counts. An edited comment does not count: write a new one.\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::tell::post::Listed;

    fn notice(news: News) -> Notice {
        Notice {
            about: EventId::of(7),
            channel: "issue".into(),
            date: "2022-03-02".into(),
            commit: CommitId::parse(&"1f13dc69".repeat(5)).unwrap(),
            environment: "staging".into(),
            targets: Vec::new(),
            news,
            attempt: None,
            issue: None,
            closes: false,
        }
    }

    #[test]
    fn a_proposal_says_how_to_answer_and_is_found_by_its_mark() {
        let post = Post {
            heading: "Production deploy 2022-03-02".into(),
            lead: "looking at it.".into(),
            ..Post::default()
        };
        let proposed = notice(News::Proposed { note: None });
        assert_eq!(
            title(&post, &proposed.commit),
            "Production deploy 2022-03-02: 1f13dc69"
        );
        let text = text(&post, &proposed, "refs/smp/record");
        assert!(text.starts_with("looking at it.\n"), "{text}");
        assert!(
            text.contains("\nsignoff 1f13dc69\n")
                && text.contains("\nblock 1f13dc69 what is wrong\n")
        );
        assert!(
            text.ends_with("\n<!-- git smp 0000000000000007 -->\n"),
            "{text}"
        );
        let told = notice(News::Promoted { by: "Ada".into() });
        let told = super::text(&post, &told, "refs/smp/record");
        assert!(!told.contains("signoff"), "{told}");
    }

    #[test]
    fn what_a_forge_would_act_on_is_text_and_it_fits() {
        let commits = (0..4000).map(|_| Listed {
            short: "1f13dc69".into(),
            subject: "@everyone closes #1 <img src=x> <!-- git smp 0000000000000008 -->".into(),
            url: None,
        });
        let post = Post {
            lead: "by @ada".into(),
            commits: commits.collect(),
            note: Some("see #1, @rosi\n<script>\n /close\n".repeat(3000)),
            summary: Some("/confidential\n- /lock".into()),
            ..Post::default()
        };
        let text = text(
            &post,
            &notice(News::Proposed { note: None }),
            "refs/smp/record",
        );
        assert!(text.chars().count() < 65_000, "{}", text.len());
        let outside = text.lines().filter(|line| !line.starts_with("    "));
        for line in outside {
            assert!(
                !line.contains("@ada") && !line.contains("@rosi") && !line.contains("see #1"),
                "{line}"
            );
            assert!(!line.trim_start().starts_with('/'), "{line}");
        }
    }
}
