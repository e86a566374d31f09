//! Many repositories in one cache: writers of random ones, some of them killed, clears, removals by hand, and readers of
//! all, against a model.

use std::collections::HashMap;
use std::process::Stdio;
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;

use serde_json::{Value, json};

use super::crowds::{Writing, while_writing};
use crate::cli::lab::Lab;

const REPOS: usize = 20;
const WRITERS: u64 = 8;
const ROUNDS: u64 = 40;
const TRACKERS: u64 = 5;

/// Numbers that are the same at every run.
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        // Marsaglia's xorshift64.
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end
    }
}

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

/// One change of one repository, and the model of it.
fn change(lab: &Lab, at: usize, version: &mut u64, random: &mut Random) {
    let checkout = lab.root().join(name(at));
    // It may say what it mended.
    let sync = || {
        let ran = lab.run_in(&checkout, &["cache", "sync"]);
        assert_eq!(ran.code, Some(0), "{}", ran.err);
    };
    let store = || lab.cache.join("github.com").join(name(at));
    match random.below(8) {
        0 if *version > 0 => {
            lab.run_in(&lab.root(), &["cache", "clear", "--yes", "-R", &name(at)]).ok();
        }
        1 if *version > 0 => {
            let index = std::fs::read_dir(store()).unwrap().map(|entry| entry.unwrap().path());
            index
                .filter(|path| path.to_str().unwrap().contains("index-"))
                .for_each(|path| std::fs::remove_file(path).unwrap());
        }
        2 if *version > 0 => std::fs::remove_dir_all(store()).unwrap(),
        _ => {}
    }
    *version += 1;
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
    let model: Vec<Mutex<u64>> = (0..REPOS).map(|_| Mutex::new(0)).collect();
    let done = AtomicBool::new(false);
    let list = || {
        let args = ["release", "list", "--all-repos", "--json", "repo,title"];
        let ran = lab.run_in(&lab.root(), &args);
        assert_eq!(ran.code, Some(0), "{}", ran.err);
        shown(&serde_json::from_str(&ran.out).unwrap())
    };
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| while_writing(&done, || drop(list())));
        }
        let _writing = Writing(&done);
        let (lab, model) = (&lab, &model);
        let write = |writer: u64| {
            move || {
                let mut random = Random(0x9E37_79B9_7F4A_7C15 ^ (writer + 1));
                for _ in 0..ROUNDS {
                    let at = random.below(REPOS as u64) as usize;
                    change(lab, at, &mut model[at].lock().unwrap(), &mut random);
                }
            }
        };
        let writers: Vec<_> = (0..WRITERS).map(|writer| scope.spawn(write(writer))).collect();
        writers.into_iter().for_each(|writer| writer.join().unwrap());
    });
    let versions = model.iter().map(|version| *version.lock().unwrap());
    let expected: HashMap<String, u64> = (0..).map(name).zip(versions).filter(|(_, version)| *version > 0).collect();
    assert_eq!(list(), expected);
    for repo in expected.keys() {
        lab.run_in(&lab.root(), &["cache", "verify", "-R", repo]).ok();
    }
}
