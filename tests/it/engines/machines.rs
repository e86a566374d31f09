//! Developers' machines: clones of one repository, each with a cache of its own, pulled at different times.

use std::path::Path;

use gh_pmu::model::UnixMillis;
use serde_json::Value;

use crate::cli::lab::{Lab, text};

pub const REPO: &str = "cfrg/draft-irtf-cfrg-hash-to-curve";
const BUNDLE: &str = "tests/data/hash-to-curve.bundle";

/// The repository that everybody pulls from, and how far it has come.
pub struct Origin {
    lab: Lab,
    commits: Vec<String>,
}

impl Origin {
    pub fn new() -> Self {
        let lab = Lab::without_git();
        let bundle = Path::new(env!("CARGO_MANIFEST_DIR")).join(BUNDLE);
        lab.git(&["clone", "-q", "--bare", text(&bundle), "."]);
        let commits = lab.git(&["log", "--first-parent", "--reverse", "--format=%H"]);
        let origin = Self { commits: commits.lines().map(str::to_owned).collect(), lab };
        assert!(origin.commits.len() >= 60, "{}", origin.commits.len());
        origin
    }

    pub fn versions(&self) -> usize {
        self.commits.len()
    }

    /// Publishes the first `count` versions.
    pub fn publish(&self, count: usize) {
        self.lab.git(&["update-ref", "HEAD", &self.commits[count - 1]]);
    }

    /// A new machine that clones what is published.
    pub fn machine(&self) -> Machine {
        let lab = Lab::without_git();
        lab.git(&["clone", "-q", text(&self.lab.checkout), "."]);
        Machine { lab }
    }
}

pub struct Machine {
    lab: Lab,
}

impl Machine {
    pub fn pull(&self) {
        self.lab.git(&["pull", "-q", "--ff-only"]);
    }

    pub fn lab(&self) -> &Lab {
        &self.lab
    }

    pub fn sql(&self, dialect: &str, more: &[&str]) -> String {
        let args = [&["cache", "export", "--events", "--format", "sql", "--dialect", dialect][..], more].concat();
        self.lab.run(&args).ok()
    }

    pub fn ndjson(&self, more: &[&str]) -> String {
        self.lab.run(&[&["cache", "export", "--events", "--format", "ndjson"][..], more].concat()).ok()
    }

    /// Its events, and its checkpoint.
    pub fn events(&self) -> (Vec<Value>, Value) {
        let out = self.ndjson(&[]);
        let mut lines: Vec<Value> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let checkpoint = lines.pop().unwrap()["checkpoint"].clone();
        (lines, checkpoint)
    }

    /// Both lists, now or as of then: kind, number, title in hex, state, the two times.
    pub fn listed(&self, as_of: Option<&str>) -> Vec<String> {
        let mut rows = Vec::new();
        for kind in ["microsprint", "release"] {
            let mut args = vec![kind, "list", "--json", "number,title,state,createdAt,closedAt"];
            args.extend(as_of.into_iter().flat_map(|moment| ["--as-of", moment]));
            for tracker in self.lab.json(&args).as_array().unwrap() {
                let text = |field: &str| tracker[field].as_str().unwrap_or_default();
                let number = tracker["number"].as_u64().unwrap();
                let times = ["createdAt", "closedAt"].map(|field| millis(text(field)));
                rows.push(format!(
                    "{kind}\t{number}\t{}\t{}\t{}\t{}",
                    hex(text("title")),
                    text("state"),
                    times[0],
                    times[1]
                ));
            }
        }
        rows
    }
}

/// Milliseconds since 1970; nothing where there is no time.
pub fn millis(time: &str) -> String {
    match time {
        "" => String::new(),
        time => UnixMillis::parse_rfc3339(time).unwrap().get().to_string(),
    }
}

fn hex(text: &str) -> String {
    text.bytes().map(|byte| format!("{byte:02x}")).collect()
}
