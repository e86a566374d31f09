//! The same JSON for both: a list of the program, and the answer of a GitHub that the real `gh` asks.

use super::fake::{Mode, issue, releases};
use super::lab::{Lab, Run, program};

pub struct Beside {
    pub lab: Lab,
    fields: &'static str,
}

impl Beside {
    /// Five releases in these fields, the last two with these titles. `None` where there is no `gh` and that is not CI.
    pub fn new(fields: &'static str, titles: [&str; 2]) -> Option<Self> {
        let lab = Lab::new()?;
        let mut trackers = releases(3);
        trackers.push(issue(2000, titles[0], true));
        trackers.push(issue(999_999, titles[1], false));
        lab.github.state().releases = trackers;
        assert_eq!(lab.run("release list -R o/r").code, Some(0));
        let beside = Self { lab, fields };
        let json = beside.listed(&[]).stdout;
        beside.lab.github.set(Mode::Body(json.leak()));
        Some(beside)
    }

    /// What the program makes of it.
    pub fn listed(&self, arguments: &[&str]) -> Run {
        let always = ["release", "list", "-R", "o/r", "--json", self.fields];
        self.lab.run_program(&program(), &[&always, arguments].concat())
    }

    /// What `gh` makes of it.
    pub fn of_gh(&self, arguments: &[&str]) -> Run {
        self.lab.run_program("gh", &[&["api", "x"], arguments].concat())
    }
}
