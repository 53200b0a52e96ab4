//! Texts as trailers of a commit message, and back. Any text stays one value of one trailer.

const OURS: &str = "Smp-";

/// Returns a text as the record keeps it: lines end in `\n`, a lone `\r` is a space, a line of spaces is empty, both
/// ends are trimmed, and characters that git refuses or changes in a message are U+FFFD.
pub fn settled(text: &str) -> String {
    let text: String = text.replace("\r\n", "\n").chars().map(kept).collect();
    let lines = text.split('\n').map(|line| match line.trim() {
        "" => "",
        _ => line,
    });
    let lines: Vec<&str> = lines.collect();
    lines.join("\n").trim().to_owned()
}

/// Replaces a character that git does not keep: it refuses a NUL, and reads UTF-8 with a noncharacter as Latin-1.
fn kept(c: char) -> char {
    match c {
        '\r' => ' ',
        '\0' | '\u{fdd0}'..='\u{fdef}' => char::REPLACEMENT_CHARACTER,
        c if u32::from(c) & 0xfffe == 0xfffe => char::REPLACEMENT_CHARACTER,
        c => c,
    }
}

/// Writes one trailer, folded as git folds: each further line begins with a space. An empty line or one of dots gets
/// another dot, because an empty line would end the trailers.
pub fn trailer(key: &str, text: &str) -> String {
    let text = settled(text);
    let mut lines = text.split('\n');
    let mut out = format!("{OURS}{key}: {}\n", lines.next().unwrap_or_default());
    for line in lines {
        out.extend([" ", if dots(line) { "." } else { "" }, line, "\n"]);
    }
    out
}

fn dots(line: &str) -> bool {
    line.bytes().all(|byte| byte == b'.')
}

/// Returns the `Smp-` trailers of a message in order, by their keys without `Smp-`.
pub fn trailers(message: &str) -> Vec<(String, String)> {
    let last = message.trim_end().rsplit("\n\n").next().unwrap_or_default();
    let mut found: Vec<(&str, String)> = Vec::new();
    for line in last.lines() {
        match (line.strip_prefix(' '), found.last_mut()) {
            (Some(more), Some((_, text))) => {
                let undotted = more.strip_prefix('.').filter(|_| dots(more));
                text.extend(["\n", undotted.unwrap_or(more)]);
            }
            _ => {
                let (key, text) = line.split_once(':').unwrap_or(("", line));
                found.push((key, text.to_owned()));
            }
        }
    }
    let found = found.into_iter();
    let ours =
        found.filter_map(|(key, text)| Some((key.strip_prefix(OURS)?.to_owned(), settled(&text))));
    ours.collect()
}
