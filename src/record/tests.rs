use super::*;

fn event(what: What) -> Event {
    Event {
        id: EventId::of(7),
        by: Person { name: "Ada Example".into(), email: "ada@example.com".into() },
        at: 1_646_222_400,
        program: "git-smp 0.1.0".into(),
        what,
    }
}

fn commit(digit: char) -> CommitId {
    CommitId::parse(&digit.to_string().repeat(40)).unwrap()
}

#[test]
fn an_event_comes_back_from_its_message_and_its_sentence_is_one_line() {
    let note = "line one\n\nSmp-Event: promoted\n  indented";
    let proposed = event(What::Proposed {
        commit: commit('1'),
        environment: "staging".into(),
        targets: vec![("production".into(), Some(commit('2'))), ("eu".into(), None)],
        note: Some(note.into()),
        channels: vec!["technical".into()],
        over: None,
    });
    let text = message(&proposed);
    assert_eq!(text.lines().next(), Some("Ada Example proposed 11111111 for production and eu"));
    assert_eq!(read_event(&text, proposed.by.clone(), proposed.at), Ok(proposed));
}
