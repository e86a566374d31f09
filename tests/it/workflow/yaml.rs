//! YAML as values, as far as workflows need it.

use saphyr_parser::{Event, Parser};

/// A node; scalars are text, whatever they mean.
#[derive(Clone, Debug, PartialEq)]
pub enum Yaml {
    Text(String),
    List(Vec<Yaml>),
    Map(Vec<(String, Yaml)>),
}

impl Yaml {
    /// Of the only document of the text.
    pub fn parse(text: &str) -> Self {
        let events = Parser::new_from_str(text).map(|event| event.unwrap().0);
        let starts = |event: &Event<'_>| matches!(event, Event::StreamStart | Event::DocumentStart(_));
        node(&mut events.skip_while(starts)).unwrap()
    }

    pub fn get(&self, key: &str) -> Option<&Yaml> {
        match self {
            Self::Map(entries) => entries.iter().find(|(name, _)| name == key).map(|(_, value)| value),
            _ => None,
        }
    }

    /// What is at the end of the keys, which must be there.
    pub fn at(&self, path: &[&str]) -> &Yaml {
        path.iter().fold(self, |node, key| node.get(key).unwrap_or_else(|| panic!("no {key} in {node:?}")))
    }

    pub fn text(&self) -> &str {
        match self {
            Self::Text(text) => text,
            other => panic!("no text: {other:?}"),
        }
    }

    pub fn list(&self) -> &[Yaml] {
        match self {
            Self::List(items) => items,
            other => panic!("no list: {other:?}"),
        }
    }

    /// The entries of a map; none where there is nothing.
    pub fn entries(&self) -> &[(String, Yaml)] {
        match self {
            Self::Map(entries) => entries,
            other => panic!("no map: {other:?}"),
        }
    }
}

/// `None` at the end of what is around it.
fn node<'t>(events: &mut impl Iterator<Item = Event<'t>>) -> Option<Yaml> {
    match events.next()? {
        Event::Scalar(text, ..) => Some(Yaml::Text(text.into_owned())),
        Event::SequenceStart(..) => Some(Yaml::List(std::iter::from_fn(|| node(events)).collect())),
        Event::MappingStart(..) => {
            let mut entries = Vec::new();
            while let Some(key) = node(events) {
                entries.push((key.text().to_owned(), node(events).unwrap()));
            }
            Some(Yaml::Map(entries))
        }
        _ => None,
    }
}
