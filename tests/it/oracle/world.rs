//! A checkout, its cache, and what a careful reader of the manifests would say.

use std::collections::HashMap;
use std::path::PathBuf;

use serde_json::Value;

use super::Random;
use super::harm::{Saved, flip, harm, save};
use super::version::Version;
use crate::cli::lab::{Lab, Ran, is_named};
use crate::cli::manifests::REPO;

pub struct World {
    lab: Lab,
    random: Random,
    /// In the working tree now.
    manifest: Version,
    /// What the last command that took a manifest left in the cache.
    taken: Option<Version>,
    /// The newest hour that was ever taken, since the last force.
    ceiling: u32,
    /// Whether something was harmed since a sync last ended well.
    harmed: bool,
    hours: u32,
    saved: Saved,
    /// Both lists by their state hash, and the other way.
    known: HashMap<String, [String; 2]>,
    hashes: HashMap<[String; 2], String>,
    reference: Lab,
    foreign: Lab,
    story: Vec<String>,
    tried: [usize; 4],
}

/// What a run of the program does, by its words.
const COMMANDS: &[&[&str]] = &[
    &["cache", "sync"],
    &["cache", "sync"],
    &["release", "list"],
    &["release", "list"],
    &["microsprint", "list"],
    &["cache", "repair"],
    &["cache", "repair"],
    &["cache", "sync", "--force"],
    &["cache", "compact"],
    &["cache", "compact", "--prune-before", "now"],
    &["cache", "rebuild", "--yes"],
    &["cache", "history", "--since", "last"],
    &["cache", "verify"],
    &["cache", "clear", "--yes"],
];

impl World {
    pub fn new(seed: u64) -> Self {
        let git = seed % 3 == 2;
        let lab = if git { Lab::with_git() } else { Lab::new() };
        let foreign = Lab::new();
        foreign.write_manifest(Version::first().json().replace(REPO, "octo-org/other"));
        foreign.run(&["cache", "sync"]).ok();
        let mut world = Self {
            lab,
            random: Random::new(seed),
            manifest: Version::first(),
            taken: None,
            ceiling: 0,
            harmed: false,
            hours: 0,
            saved: Saved::new(),
            known: HashMap::new(),
            hashes: HashMap::new(),
            reference: Lab::new(),
            foreign,
            story: vec![format!("seed {seed}{}", if git { ", in git" } else { "" })],
            tried: [0; 4],
        };
        world.lab.write_manifest(world.manifest.json());
        if git {
            for (name, value) in [("user.name", "a"), ("user.email", "a@example.com")] {
                world.lab.git(&["config", name, value]);
            }
            world.commits();
        }
        world.runs(&["cache", "sync"]);
        world
    }

    /// Tells one story from the first sync on, without git.
    pub fn tell(seed: u64, story: impl Fn(&mut Self)) {
        // Seeds whose remainder is 2 are in git.
        story(&mut Self::new(seed * 3));
    }

    /// Commands, harms, answers judged, rows compared.
    pub fn tried(&self) -> [usize; 4] {
        self.tried
    }

    pub fn step(&mut self) {
        match self.random.below(10) {
            0..=2 => self.edits_somehow(),
            3 => self.saved = save(&self.store()),
            4 | 5 => self.harms(),
            _ => {
                let args = self.random.one_of(COMMANDS);
                self.runs(args);
            }
        }
    }

    fn store(&self) -> PathBuf {
        self.lab.store()
    }

    fn in_git(&self) -> bool {
        self.story[0].ends_with("git")
    }

    fn commits(&mut self) {
        self.story.push("committed".into());
        self.lab.git(&["add", "-A"]);
        self.lab.git(&["commit", "-q", "--allow-empty", "-m", "c"]);
    }

    /// Newer manifests, one after the other, each synced.
    pub fn edits(&mut self, count: usize) {
        for at in 0..count {
            self.hours += 1;
            self.manifest.hour = Some(self.hours);
            self.writes();
            if at + 1 < count || !self.harmed {
                self.runs(&["cache", "sync"]);
            }
        }
    }

    pub fn edits_for_2099(&mut self) {
        self.manifest.hour = None;
        self.writes();
    }

    fn writes(&mut self) {
        self.manifest.edit(&mut self.random);
        self.lab.write_manifest(self.manifest.json());
        self.story.push(format!("manifest of {}", self.manifest.updated_at()));
    }

    /// Mostly newer manifests, some older, some of the same hour, some of 2099.
    fn edits_somehow(&mut self) {
        match self.random.below(10) {
            0 => self.manifest.hour = Some(self.hours.saturating_sub(3)),
            1 => self.manifest.hour = Some(self.hours),
            2 => self.manifest.hour = None,
            _ => {
                self.hours += 1;
                self.manifest.hour = Some(self.hours);
            }
        }
        self.writes();
        // What is committed only ever goes forward, so that nothing but the order of commands is at stake.
        if self.in_git() && self.manifest.hour == Some(self.hours) && self.random.below(2) == 0 {
            self.commits();
        }
    }

    fn harms(&mut self) {
        let dir = self.store();
        let foreign = self.foreign.cache.join("github.com/octo-org/other");
        if let Some(what) = harm(&dir, &mut self.random, &self.saved, &foreign) {
            self.notes_harm(what);
        }
    }

    fn notes_harm(&mut self, what: String) {
        self.story.push(what);
        self.harmed = true;
        self.tried[1] += 1;
    }

    pub fn flips(&mut self, prefix: &str, at: usize) {
        let path = save(&self.store()).into_keys().find(|path| is_named(path, prefix)).unwrap();
        flip(&path, at);
        self.notes_harm(format!("{} has another byte at {at}", path.display()));
    }

    /// Flips a byte so many sixteenths of the way through the log.
    pub fn flips_the_log_at(&mut self, sixteenth: usize) {
        let files = save(&self.store());
        let log = files.iter().find(|(path, _)| is_named(path, "log-")).unwrap();
        let at = log.1.len() * sixteenth / 16;
        self.flips("log-", at);
    }

    /// Repairs where no manifest is at hand.
    pub fn repairs_elsewhere(&mut self) {
        let ran = self.lab.run_in(&self.lab.root(), &["cache", "repair", "-R", REPO]);
        self.story.push(format!("cache repair -R -> {:?}: {} | {}", ran.code, ran.out.trim(), ran.err.trim()));
        self.holds(ran.code == Some(0), "what is damaged can be repaired");
    }

    /// Runs one command and judges it.
    pub fn runs(&mut self, args: &[&str]) {
        let ran = self.lab.run(args);
        self.tried[0] += 1;
        let told = [&ran.out, &ran.err].map(|said| said.lines().take(3).collect::<Vec<_>>().join(" / "));
        self.story.push(format!("{} -> {:?}: {} | {}", args.join(" "), ran.code, told[0], told[1]));
        self.holds(ran.code == Some(0) || ran.code == Some(1), "it ends by itself");
        self.holds(!ran.err.contains("panicked"), "it does not panic");
        if ran.code == Some(0) {
            self.judges(args, &ran);
        } else {
            let is_forced = args.contains(&"--force");
            let refused = (self.manifest.hour.is_none() && !is_forced) || self.harmed;
            // What was pruned before it was shown is missing from the answer.
            let is_cut = args.contains(&"--since") && ran.err.contains("older events were pruned or lost");
            let may_fail = refused || is_cut || args.contains(&"rebuild") || self.taken.is_none();
            self.holds(may_fail, "nothing was harmed, and the command does its work");
        }
    }

    fn judges(&mut self, args: &[&str], ran: &Ran) {
        self.tried[2] += 1;
        let kind = usize::from(args[0] == "microsprint");
        match args {
            ["cache", "clear", ..] => (self.taken, self.ceiling, self.harmed) = (None, 0, false),
            ["cache", "sync", "--force"] => {
                // One of 2099 counts as what was there before: every later one comes in.
                self.ceiling = self.manifest.hour.unwrap_or(self.ceiling);
                self.takes();
            }
            [_, "list"] if !ran.err.is_empty() => {
                let rows = self.known.values().any(|lists| lists[kind] == ran.out);
                self.holds(rows || self.harmed || self.manifest.rows()[kind] == ran.out, "the rows of some version");
            }
            [_, "list"] | ["cache", "sync" | "repair" | "rebuild", ..] => {
                let newest = self.manifest.hour.is_some_and(|hour| hour >= self.ceiling);
                if newest {
                    self.takes();
                } else if self.manifest.hour.is_none() {
                    let is_taken = self.taken.as_ref() == Some(&self.manifest);
                    let told = is_taken || args[1] == "repair" || args[1] == "rebuild";
                    self.holds(told, "a manifest of 2099 is refused, and told");
                } else if !self.harmed && args[1] != "rebuild" {
                    self.is_in_the_cache(self.taken.clone());
                } else {
                    self.takes_what_there_is();
                }
                if args[1] == "list" && newest {
                    self.holds(ran.out == self.manifest.rows()[kind], "the rows of the manifest");
                }
                if args[1] == "repair" {
                    let verify = self.lab.run(&["cache", "verify"]);
                    self.holds(verify.code == Some(0), "what was repaired verifies");
                }
            }
            ["cache", "verify"] => {}
            // These sync first, so what they leave is the manifest's where it is the newest, or what was taken before.
            _ if !self.harmed => self.takes_what_there_is(),
            _ => {}
        }
    }

    /// The manifest was taken: nothing else is in the cache now.
    fn takes(&mut self) {
        self.is_in_the_cache(Some(self.manifest.clone()));
        self.taken = Some(self.manifest.clone());
        self.ceiling = self.ceiling.max(self.manifest.hour.unwrap_or(0));
        self.harmed = false;
    }

    /// One of the versions that may be there is.
    fn takes_what_there_is(&mut self) {
        let Some(hash) = self.state_hash() else { return };
        let of_manifest = self.hash_of(&self.manifest.rows());
        let of_taken = self.taken.as_ref().map(Version::rows).map(|rows| self.hash_of(&rows));
        self.holds(
            self.harmed || self.in_git() || hash == of_manifest || Some(&hash) == of_taken.as_ref(),
            "the manifest's or the one before",
        );
        if hash == of_manifest {
            self.taken = Some(self.manifest.clone());
            self.ceiling = self.ceiling.max(self.manifest.hour.unwrap_or(0));
        } else if Some(&hash) != of_taken.as_ref() {
            // A rebuild or a repair came out with another version: what comes next is measured by the next newest one.
            self.harmed = true;
        }
        self.lists_agree(&hash);
    }

    fn is_in_the_cache(&mut self, version: Option<Version>) {
        let Some(version) = version else { return };
        let expected = self.hash_of(&version.rows());
        let found = self.state_hash();
        self.holds(found.as_ref() == Some(&expected), "the state hash is the source's");
        self.lists_agree(&expected);
    }

    /// The lists, asked where nothing is synced first, are row by row what the state hash stands for.
    fn lists_agree(&mut self, hash: &str) {
        let Some(lists) = self.known.get(hash).cloned() else { return };
        for (word, rows) in ["release", "microsprint"].into_iter().zip(lists) {
            let ran = self.lab.run_in(&self.lab.root(), &[word, "list", "-R", REPO]);
            self.tried[3] += rows.lines().count();
            self.story.push(format!("{word} list -R -> {:?}: {:?} | {:?}", ran.code, ran.out, ran.err));
            self.holds(ran.code == Some(0) && ran.out == rows, "the rows are the state's");
            self.story.pop();
        }
    }

    /// What `cache status` says of the state; `None` where nothing is cached or it cannot tell.
    fn state_hash(&self) -> Option<String> {
        let ran = self.lab.run_in(&self.lab.root(), &["cache", "status", "--json", "-R", REPO]);
        let status: Value = serde_json::from_str(&ran.out).ok()?;
        Some(status["repos"][0]["stateHash"].as_str()?.to_owned())
    }

    /// The state hash of these rows, as a cache that knows nothing else says it.
    fn hash_of(&mut self, rows: &[String; 2]) -> String {
        if let Some(hash) = self.hashes.get(rows) {
            return hash.clone();
        }
        let version = [Some(&self.manifest), self.taken.as_ref()].into_iter().flatten().find(|of| &of.rows() == rows);
        let mut version = version.unwrap().clone();
        version.hour = Some(0);
        let _ = std::fs::remove_dir_all(&self.reference.cache);
        self.reference.write_manifest(version.json());
        self.reference.run(&["cache", "sync"]).ok();
        let hash = self.reference.status()["stateHash"].as_str().unwrap().to_owned();
        self.known.insert(hash.clone(), rows.clone());
        self.hashes.insert(rows.clone(), hash.clone());
        hash
    }

    #[track_caller]
    fn holds(&self, holds: bool, what: &str) {
        assert!(holds, "not so: {what}\nmanifest now: {}\n{}", self.manifest.json(), self.story.join("\n"));
    }
}
