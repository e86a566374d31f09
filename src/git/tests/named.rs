//! Files whose path the commits themselves name.

use std::collections::BTreeMap;
use std::fs;

use super::{Checkout, CommitId, MANIFEST, Sandbox};
use crate::git::{Beginning, Blob, Limits, Naming, Place};

const FIRST: &str = "sub/.github/pmu.yml";
const SECOND: &str = "sub/.gh-pmu.yml";
const ABOVE: &str = ".gh-pmu.yml";
const PATHS: [&str; 3] = [MANIFEST, "ci/m.json", "data/manifest.json"];

fn naming() -> Naming {
    let read = |bytes: &[u8]| Some(std::str::from_utf8(bytes).ok()?.strip_prefix("manifest: ")?.to_owned());
    let names = &[".github/pmu.yml", ".gh-pmu.yml"];
    Naming { dir: "sub".to_owned(), names, is_beside: false, usual: MANIFEST, read }
}

/// The path that a tree's configurations name, and the one that a reader with that tree has.
fn named(tree: &BTreeMap<&str, String>) -> &'static str {
    let dirs = [&[FIRST, SECOND][..], &[ABOVE]];
    let dir = dirs.into_iter().find(|dir| dir.iter().any(|file| tree.contains_key(file))).unwrap_or_default();
    let said = dir.iter().find_map(|file| tree.get(file)?.strip_prefix("manifest: "));
    PATHS.into_iter().find(|path| said == Some(path)).unwrap_or(MANIFEST)
}

/// What the versions say, one after another, without those that change nothing.
fn states(checkout: &Checkout, place: Place<'_>, (tip, known): (&CommitId, Option<&CommitId>)) -> Vec<String> {
    let log = checkout.log_of((tip, known.map(Vec::as_slice)), place, Limits::NONE).unwrap();
    assert_eq!(log.beginning, if known.is_some() { Beginning::Known } else { Beginning::Root });
    let mut blobs = checkout.blobs().unwrap();
    let mut content = |blob: &String| {
        blobs.request(blob).unwrap();
        let Blob::Bytes(bytes) = blobs.answer(100).unwrap() else { panic!("{blob}") };
        String::from_utf8(bytes).unwrap()
    };
    log.versions(&log.path).iter().filter_map(|version| version.blob.as_ref().map(&mut content)).collect()
}

fn without_repetitions(mut states: Vec<String>) -> Vec<String> {
    states.dedup();
    states
}

#[test]
fn a_file_is_in_each_commit_where_its_configuration_says_whenever_one_looks() {
    let mut state = 1_u64;
    let mut below = |end: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % end
    };
    for round in 0..12 {
        let sandbox = Sandbox::new();
        let root = sandbox.path("work");
        let mut tree: BTreeMap<&str, String> = BTreeMap::new();
        let (mut commits, mut expected, mut known): (Vec<CommitId>, Vec<String>, Option<CommitId>) = Default::default();
        let (mut in_parts, naming) = (Vec::new(), naming());
        for step in 0..24 {
            let before = tree.clone();
            let (config, path) = ([FIRST, SECOND, ABOVE][below(3)], PATHS[below(3)]);
            match below(6) {
                // The first commit has a manifest where its configuration says, so that no move is to be guessed.
                _ if step == 0 => drop(tree.insert(named(&tree), "first".to_owned())),
                0 => drop(tree.insert(config, format!("manifest: {path}"))),
                1 => drop(tree.insert(config, "says nothing".to_owned())),
                2 => drop(tree.remove(config)),
                3 => drop(tree.remove(path)),
                _ => drop(tree.insert(path, format!("{step}"))),
            }
            for path in before.keys().filter(|path| !tree.contains_key(*path)) {
                fs::remove_file(root.join(path)).unwrap();
            }
            for (path, content) in &tree {
                fs::create_dir_all(root.join(path).parent().unwrap()).unwrap();
                fs::write(root.join(path), content).unwrap();
            }
            sandbox.git("work", &["add", "-A"]);
            commits.push(sandbox.commit_all("work"));
            expected.extend(tree.get(named(&tree)).cloned());
            let (checkout, tip) = (sandbox.find("work").unwrap(), commits.last().unwrap());
            let place = Place { path: named(&tree), usual: MANIFEST, naming: Some(&naming) };
            if below(3) == 0 {
                in_parts.extend(states(&checkout, place, (tip, known.as_ref())));
                known = Some(tip.clone());
                let expected = without_repetitions(expected.clone());
                assert_eq!(without_repetitions(in_parts.clone()), expected, "round {round}, step {step}, in parts");
                let whole = states(&checkout, place, (tip, None));
                assert_eq!(without_repetitions(whole), expected, "round {round}, step {step}");
            }
        }
    }
}

#[test]
fn a_configuration_that_comes_later_changes_nothing_of_the_past() {
    let sandbox = Sandbox::new();
    let (side, naming) = ("side/a.json", naming());
    sandbox.commit("work", MANIFEST, "first");
    sandbox.commit("work", side, "second");
    sandbox.commit("work", side, "third");
    sandbox.git("work", &["rm", "-q", MANIFEST]);
    sandbox.commit_all("work");
    fs::create_dir_all(sandbox.path("work/.github")).unwrap();
    sandbox.git("work", &["mv", side, MANIFEST]);
    let moved = sandbox.commit_all("work");
    let place = Place { path: MANIFEST, usual: MANIFEST, naming: Some(&naming) };
    let checkout = sandbox.find("work").unwrap();
    assert_eq!(states(&checkout, place, (&moved, None)), ["first", "third"]);
    let named = sandbox.commit("work", ABOVE, "says nothing");
    assert_eq!(states(&checkout, place, (&named, None)), ["first", "third"]);
    // What was never there before it was moved there is followed.
    let sandbox = Sandbox::new();
    sandbox.commit("work", side, "first");
    fs::create_dir_all(sandbox.path("work/.github")).unwrap();
    sandbox.git("work", &["mv", side, MANIFEST]);
    let moved = sandbox.commit_all("work");
    assert_eq!(states(&sandbox.find("work").unwrap(), place, (&moved, None)), ["first", "first"]);
}
