//! YAML as a tree. Unneeded features such as anchors, tags and repeated keys are refused.

use saphyr_parser::{Event, Parser};

#[derive(Clone, Debug)]
pub enum Yaml {
    Text(String),
    List(Vec<Yaml>),
    Table(Vec<(String, Yaml)>),
}

/// Parses the documents of a file.
pub fn documents(text: &str) -> Result<Vec<Yaml>, String> {
    let events = Parser::new_from_str(text).map(|event| event.map(|(event, _)| event));
    let events: Vec<Event<'_>> = events
        .collect::<Result<_, _>>()
        .map_err(|why| why.to_string())?;
    let mut events = events.into_iter();
    let mut all = Vec::new();
    while let Some(event) = events.next() {
        if let Event::DocumentStart(_) = event {
            let first = events.next().ok_or("a document has no end")?;
            all.push(node(first, &mut events)?);
        }
    }
    Ok(all)
}

fn node<'t>(event: Event<'t>, rest: &mut impl Iterator<Item = Event<'t>>) -> Result<Yaml, String> {
    match event {
        Event::Scalar(text, _, 0, None) => Ok(Yaml::Text(text.into_owned())),
        Event::SequenceStart(0, None) => {
            let mut list = Vec::new();
            loop {
                match rest.next().ok_or("a list has no end")? {
                    Event::SequenceEnd => return Ok(Yaml::List(list)),
                    item => list.push(node(item, rest)?),
                }
            }
        }
        Event::MappingStart(0, None) => {
            let mut table: Vec<(String, Yaml)> = Vec::new();
            loop {
                let key = match rest.next().ok_or("a table has no end")? {
                    Event::MappingEnd => return Ok(Yaml::Table(table)),
                    Event::Scalar(key, _, 0, None) => key.into_owned(),
                    other => return Err(format!("{other:?} is no plain key")),
                };
                if table.iter().any(|(known, _)| *known == key) {
                    return Err(format!("{key} stands twice"));
                }
                let value = rest.next().ok_or("a key has no value")?;
                table.push((key, node(value, rest)?));
            }
        }
        other => Err(format!("{other:?} is not used here")),
    }
}

impl Yaml {
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::List(_) | Self::Table(_) => None,
        }
    }

    /// Returns the value below these keys.
    pub fn at(&self, keys: &[&str]) -> Option<&Self> {
        let [first, rest @ ..] = keys else {
            return Some(self);
        };
        match self {
            Self::Table(table) => table.iter().find(|(key, _)| key == first)?.1.at(rest),
            Self::Text(_) | Self::List(_) => None,
        }
    }

    /// Returns the direct parts.
    pub fn parts(&self) -> impl Iterator<Item = &Self> {
        let (list, table) = match self {
            Self::Text(_) => (&[][..], &[][..]),
            Self::List(list) => (&list[..], &[][..]),
            Self::Table(table) => (&[][..], &table[..]),
        };
        list.iter().chain(table.iter().map(|(_, value)| value))
    }

    /// Collects every value of this key at any depth.
    pub fn each<'y>(&'y self, key: &str, found: &mut dyn FnMut(&'y Self)) {
        if let Some(value) = self.at(&[key]) {
            found(value);
        }
        for part in self.parts() {
            part.each(key, found);
        }
    }
}

#[test]
fn what_these_files_need_not_have_is_refused() {
    let is_read = |text: &str| documents(text).is_ok();
    assert!(is_read("a: [1, {b: c}]\n---\n- |\n  x\n"));
    for text in [
        "a: 1\na: 2\n",
        "a: &b 1\nc: *b\n",
        "a: !!str 1\n",
        "a:\n\t- b\n",
        "a: [\n",
    ] {
        assert!(!is_read(text), "{text}");
    }
}
