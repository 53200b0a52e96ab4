//! What a proposal's issue says: the post as Markdown, and how to answer.

use crate::core::record::{News, Notice};
use crate::core::tell::markdown;
use crate::core::tell::post::Post;
use crate::core::words::{CommitId, EventId};

pub fn title(post: &Post, commit: &CommitId) -> String {
    let heading: String = post.visible().heading.chars().take(200).collect();
    format!("{heading}: {}", commit.short())
}

/// The text of the issue, or of a comment on it, with a mark by which it is found again.
pub fn text(post: &Post, one: &Notice) -> String {
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
    format!("{said}{how}\n{}\n", mark(one))
}

/// What nobody sees, and the text can be found by. The name of an event is digits.
pub fn mark(one: &Notice) -> String {
    mark_of(&one.about)
}

/// The mark of what tells of this event.
pub fn mark_of(about: &EventId) -> String {
    format!("<!-- git smp {} -->", about.as_str())
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
        let text = text(&post, &proposed);
        assert!(text.starts_with("looking at it.\n"), "{text}");
        assert!(
            text.contains("\nsignoff 1f13dc69\n")
                && text.contains("\nblock 1f13dc69 what is wrong\n")
        );
        assert!(
            text.ends_with("\n<!-- git smp 0000000000000007 -->\n"),
            "{text}"
        );
        let told = super::text(&post, &notice(News::Promoted { by: "Ada".into() }));
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
            note: Some("see #1, @rosi\n<script>".repeat(3000)),
            ..Post::default()
        };
        let text = text(&post, &notice(News::Proposed { note: None }));
        assert!(text.chars().count() < 65_000, "{}", text.len());
        let outside = text.lines().filter(|line| !line.starts_with("    "));
        for line in outside {
            assert!(
                !line.contains("@ada") && !line.contains("@rosi") && !line.contains("see #1"),
                "{line}"
            );
        }
    }
}
