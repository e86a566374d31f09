//! One version of a manifest, and what lists must make of it.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde_json::{Value, json};

use super::Random;
use crate::cli::manifests::{REPO, tracker};

const WORDS: [(&str, &str); 2] = [("releases", "Release: v1."), ("microsprints", "Microsprint: m")];

/// Both lists: number to title and time of closing.
type Lists = [BTreeMap<u64, (String, Option<String>)>; 2];

#[derive(Clone, Debug, PartialEq)]
pub struct Version {
    /// Hours after the first one's day; `None` is 2099.
    pub hour: Option<u32>,
    lists: Lists,
    edits: u32,
}

impl Version {
    pub fn first() -> Self {
        let mut lists = Lists::default();
        for number in 1..=6 {
            lists[number as usize % 2].insert(number, (format!("Release: v1.{number}.0"), None));
        }
        Self { hour: Some(0), lists, edits: 0 }
    }

    /// Changes some trackers: opened, closed, reopened, renamed, taken away.
    pub fn edit(&mut self, random: &mut Random) {
        for _ in 0..=random.below(3) {
            self.edits += 1;
            let kind = random.below(2);
            let number = 1 + random.below(9) as u64;
            let title = format!("{}{}.{}", WORDS[kind].1, number, self.edits);
            let closed = format!("2025-06-{:02}T00:00:00Z", 1 + self.edits % 28);
            let list = &mut self.lists[kind];
            let one = list.entry(number).or_insert_with(|| (title.clone(), None));
            match random.below(4) {
                0 => one.0 = title,
                1 => one.1 = Some(closed),
                2 => one.1 = None,
                _ => drop(list.remove(&number)),
            }
        }
    }

    pub fn updated_at(&self) -> String {
        match self.hour {
            Some(hour) => format!("2025-06-{:02}T{:02}:00:00Z", 1 + hour / 24, hour % 24),
            None => "2099-01-01T00:00:00Z".into(),
        }
    }

    pub fn json(&self) -> String {
        let listed = |kind: usize| -> Value {
            let one = |(number, (title, closed)): (&u64, &(String, Option<String>))| {
                tracker(*number, title, Some("2025-01-01T00:00:00Z"), closed.as_deref())
            };
            self.lists[kind].iter().map(one).collect()
        };
        let mut manifest = json!({"version": 1, "updated_at": self.updated_at(), "repo": REPO});
        for (kind, (name, _)) in WORDS.iter().enumerate() {
            manifest[name] = listed(kind);
        }
        manifest.to_string()
    }

    /// What both list commands print of it into a pipe.
    pub fn rows(&self) -> [String; 2] {
        self.lists.each_ref().map(|list| {
            let mut rows = String::new();
            for (number, (title, closed)) in list.iter().rev() {
                let state = if closed.is_some() { "CLOSED" } else { "OPEN" };
                let closed = closed.as_deref().unwrap_or_default();
                writeln!(rows, "{number}\t{state}\t{title}\t2025-01-01T00:00:00Z\t{closed}").unwrap();
            }
            rows
        })
    }
}
