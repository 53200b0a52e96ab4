//! JSON from others, read so that it takes no more memory than its text: lists of a few, and objects whose members are
//! read when they are wanted. A list of empty objects would otherwise become a hundred times as large.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// The most elements of a list, and members of an object: many times what is asked for in one call.
const MOST: usize = 1000;

/// A list that is not too long. A longer one is no answer to anything that was asked.
pub struct Few<T>(pub Vec<T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Few<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_seq(FewVisitor(PhantomData))
    }
}

struct FewVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for FewVisitor<T> {
    type Value = Few<T>;

    fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "a list of at most {MOST}")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Few<T>, A::Error> {
        let mut all = Vec::new();
        while let Some(one) = list.next_element()? {
            if all.len() == MOST {
                return Err(A::Error::custom("a list is too long"));
            }
            all.push(one);
        }
        Ok(Few(all))
    }
}

/// An object whose members are not read yet. A name that stands there twice makes it no object.
pub struct Members<'a>(BTreeMap<String, &'a RawValue>);

impl<'a> Members<'a> {
    /// The member of this name, `null` included.
    pub fn get(&self, name: &str) -> Option<&'a RawValue> {
        self.0.get(name).copied()
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_map(MembersVisitor)
    }
}

struct MembersVisitor;

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = Members<'de>;

    fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "an object of at most {MOST}")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Members<'de>, A::Error> {
        let mut all = BTreeMap::new();
        while let Some((name, value)) = object.next_entry::<String, &RawValue>()? {
            if all.len() == MOST || all.insert(name, value).is_some() {
                return Err(A::Error::custom(
                    "an object is too large, or has a name twice",
                ));
            }
        }
        Ok(Members(all))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_or_an_object_that_is_too_long_is_none() {
        let list = |length: usize| format!("[{}]", vec!["{}"; length].join(","));
        assert!(
            serde_json::from_str::<Few<Members<'_>>>(&list(MOST))
                .is_ok_and(|few| few.0.len() == MOST)
        );
        assert!(serde_json::from_str::<Few<Members<'_>>>(&list(MOST + 1)).is_err());
        let object = |length: usize| {
            let members: Vec<String> = (0..length)
                .map(|number| format!("\"{number}\":null"))
                .collect();
            format!("{{{}}}", members.join(","))
        };
        assert!(serde_json::from_str::<Members<'_>>(&object(MOST)).is_ok());
        assert!(serde_json::from_str::<Members<'_>>(&object(MOST + 1)).is_err());
    }

    #[test]
    fn a_name_that_stands_there_twice_says_nothing() {
        let read = |text| {
            serde_json::from_str::<Members<'_>>(text)
                .ok()
                .map(|all| all.get("a").map(RawValue::get))
        };
        assert_eq!(read(r#"{"a":1,"b":1}"#), Some(Some("1")));
        assert_eq!(read(r#"{"a":null}"#), Some(Some("null")));
        assert_eq!(read(r#"{"a":1,"a":1}"#), None);
    }
}
