//! Which issues are trackers: those with one of a kind's labels whose title begins with one of its beginnings.

use crate::model::Kind;

/// What makes an issue a tracker of one kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// It has one of these labels.
    pub labels: Vec<String>,
    /// And its title begins with one of these.
    pub titles: Vec<String>,
}

/// What makes an issue a tracker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    /// Of a release.
    pub releases: Wanted,
    /// Of a microsprint.
    pub microsprints: Wanted,
}

impl Default for Rules {
    fn default() -> Self {
        let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        Self {
            releases: Wanted {
                labels: texts(&["release", "branch", "patch"]),
                titles: texts(&["Release: ", "Branch: ", "Patch: "]),
            },
            microsprints: Wanted { labels: texts(&["microsprint"]), titles: texts(&["Microsprint: "]) },
        }
    }
}

impl Rules {
    /// Of that kind.
    pub fn of(&self, kind: Kind) -> &Wanted {
        match kind {
            Kind::Release => &self.releases,
            Kind::Microsprint => &self.microsprints,
        }
    }
}

impl Wanted {
    pub(super) fn has(&self, title: &str) -> bool {
        self.titles.iter().any(|beginning| title.starts_with(beginning.as_str()))
    }
}
