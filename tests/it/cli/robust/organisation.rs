//! Many repositories in one cache: writers of random ones, some of them killed, clears, removals by hand, and readers of
//! all, against a model.

use std::collections::HashMap;
use std::process::Stdio;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use serde_json::{Value, json};

use super::crowds::{Writing, while_writing};
use crate::cli::lab::Lab;
use crate::random::Random;

const REPOS: usize = 20;
const WRITERS: u64 = 8;
const ROUNDS: u64 = 40;
const TRACKERS: u64 = 5;

fn name(at: usize) -> String {
    format!("org{}/r{at:02}", at % 3)
}

/// Every title says the version.
fn manifest(at: usize, version: u64) -> String {
    let releases: Vec<Value> = (1..=TRACKERS)
        .map(|number| json!({"number": number, "title": format!("Release: v{version}.{number}.0"), "state": "OPEN"}))
        .collect();
    let updated_at = format!("2024-12-24T{:02}:{:02}:00Z", version / 60, version % 60);
    json!({"version": 1, "updated_at": updated_at, "repo": name(at), "releases": releases}).to_string()
}

/// What is known of a repository, by whoever looks while it is written to.
#[derive(Default)]
struct Model {
    /// The last version; its lock lets one writer in.
    version: Mutex<u64>,
    /// What a sync that returned has brought.
    acknowledged: AtomicU64,
    /// What a manifest has said.
    attempted: AtomicU64,
    /// Counted up when a removal begins, and again by the sync after it: odd where nothing need be there.
    removals: AtomicU64,
}

/// What must be shown of a repository, as known before a list.
struct Known {
    least: u64,
    removals: u64,
}

impl Model {
    fn removing(&self) {
        self.removals.fetch_add(1 - self.removals.load(Ordering::SeqCst) % 2, Ordering::SeqCst);
    }

    fn synced(&self, version: u64) {
        self.acknowledged.store(version, Ordering::SeqCst);
        self.removals.fetch_add(self.removals.load(Ordering::SeqCst) % 2, Ordering::SeqCst);
    }

    fn known(&self) -> Known {
        let removals = self.removals.load(Ordering::SeqCst);
        Known { least: self.acknowledged.load(Ordering::SeqCst), removals }
    }

    /// Whether nothing was removed since so much was known. A directory that is removed by hand is half there for a moment.
    fn is_steady(&self, known: &Known) -> bool {
        known.removals.is_multiple_of(2) && self.removals.load(Ordering::SeqCst) == known.removals
    }

    /// Whether a list that began when so much was known, and has ended, may show that.
    fn allows(&self, known: &Known, shown: Option<u64>) -> bool {
        let is_steady = self.is_steady(known);
        match shown {
            Some(version) => version <= self.attempted.load(Ordering::SeqCst) && (version >= known.least || !is_steady),
            None => known.least == 0 || !is_steady,
        }
    }
}

/// One change of one repository, and the model of it.
fn change(lab: &Lab, at: usize, model: &Model, random: &mut Random) {
    let version = &mut *model.version.lock().unwrap();
    let checkout = lab.root().join(name(at));
    // It may say what it mended.
    let sync = || {
        let ran = lab.run_in(&checkout, &["cache", "sync"]);
        assert_eq!(ran.code, Some(0), "{}", ran.err);
    };
    let store = || lab.cache.join("github.com").join(name(at));
    match random.below(8) {
        0 if *version > 0 => {
            model.removing();
            lab.run_in(&lab.root(), &["cache", "clear", "--yes", "-R", &name(at)]).ok();
        }
        1 if *version > 0 => {
            let index = std::fs::read_dir(store()).unwrap().map(|entry| entry.unwrap().path());
            index
                .filter(|path| path.to_str().unwrap().contains("index-"))
                .for_each(|path| std::fs::remove_file(path).unwrap());
        }
        2 if *version > 0 => {
            model.removing();
            std::fs::remove_dir_all(store()).unwrap();
        }
        _ => {}
    }
    *version += 1;
    model.attempted.store(*version, Ordering::SeqCst);
    std::fs::create_dir_all(checkout.join(".github")).unwrap();
    std::fs::write(checkout.join(".github/pmu-cache.json"), manifest(at, *version)).unwrap();
    if random.below(4) == 0 {
        let mut command = lab.command(&["cache", "sync"]);
        let mut child = command.current_dir(&checkout).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        (0..random.below(2000)).for_each(|_| std::thread::yield_now());
        child.kill().unwrap();
        child.wait().unwrap();
    }
    sync();
    model.synced(*version);
}

/// The version of every repository that a list shows: all of its trackers are of one.
fn shown(list: &Value) -> HashMap<String, u64> {
    let mut found: HashMap<String, Vec<u64>> = HashMap::new();
    for row in list.as_array().unwrap() {
        let version = row["title"].as_str().unwrap()["Release: v".len()..].split('.').next().unwrap().parse().unwrap();
        found.entry(row["repo"].as_str().unwrap().to_owned()).or_default().push(version);
    }
    let one = |(repo, versions): (String, Vec<u64>)| {
        let version = versions[0];
        assert_eq!(versions, [version; TRACKERS as usize], "{repo}");
        (repo, version)
    };
    found.into_iter().map(one).collect()
}

#[test]
fn whatever_eight_writers_do_a_list_of_all_shows_each_repository_as_it_was_once() {
    let lab = Lab::new();
    let model: Vec<Model> = (0..REPOS).map(|_| Model::default()).collect();
    let done = AtomicBool::new(false);
    let list = || {
        let args = ["release", "list", "--all-repos", "--json", "repo,title"];
        let ran = lab.run_in(&lab.root(), &args);
        (shown(&serde_json::from_str(&ran.out).unwrap()), ran.code, ran.err)
    };
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while_writing(&done, || {
                    let known: Vec<Known> = model.iter().map(Model::known).collect();
                    let (shown, code, said) = list();
                    let is_steady = model.iter().zip(&known).all(|(model, known)| model.is_steady(known));
                    assert!(code == Some(0) || !is_steady, "{code:?}: {said}");
                    for (at, (model, known)) in model.iter().zip(&known).enumerate() {
                        let shown = shown.get(&name(at)).copied();
                        assert!(model.allows(known, shown), "{}: {shown:?}, after {}", name(at), known.least);
                    }
                });
            });
        }
        let _writing = Writing(&done);
        let (lab, model) = (&lab, &model);
        let write = |writer: u64| {
            move || {
                let mut random = Random::new(writer);
                for _ in 0..ROUNDS {
                    let at = random.below(REPOS);
                    change(lab, at, &model[at], &mut random);
                }
            }
        };
        let writers: Vec<_> = (0..WRITERS).map(|writer| scope.spawn(write(writer))).collect();
        writers.into_iter().for_each(|writer| writer.join().unwrap());
    });
    let versions = model.iter().map(|model| *model.version.lock().unwrap());
    let expected: HashMap<String, u64> = (0..).map(name).zip(versions).filter(|(_, version)| *version > 0).collect();
    assert_eq!(list(), (expected.clone(), Some(0), String::new()));
    for repo in expected.keys() {
        lab.run_in(&lab.root(), &["cache", "verify", "-R", repo]).ok();
    }
}
