//! Holds the layers and the house rules by reading the source: `ARCHITECTURE.md` tells them, `layering/rules.rs` is them.

mod bad_snippets;
mod rules;
mod source;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use rules::Violation;
use source::{Source, module_tree};

const ROOTS: [&str; 2] = ["src/lib.rs", "src/bin/gh-pmu/main.rs"];

/// Every Rust file below a directory of the package, but for what was built.
fn read(dir: &str) -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (mut sources, mut open) = (Vec::new(), vec![dir.to_owned()]);
    while let Some(dir) = open.pop() {
        let Ok(entries) = fs::read_dir(root.join(&dir)) else { continue };
        for entry in entries {
            let entry = entry.unwrap();
            let path = format!("{dir}/{}", entry.file_name().to_str().unwrap());
            if entry.file_type().unwrap().is_dir() {
                open.extend((!path.ends_with("/target")).then_some(path));
            } else if path.ends_with(".rs") {
                sources.push(Source::new(&path, &fs::read_to_string(root.join(&path)).unwrap()));
            }
        }
    }
    sources.sort_by(|a, b| a.path.cmp(&b.path));
    sources
}

/// The library and the program.
fn product() -> Vec<Source> {
    let sources = read("src");
    assert!(sources.len() > 20, "the source was not found");
    sources
}

/// The product and all that checks it.
fn checked_product() -> Vec<Source> {
    ["src", "tests", "fuzz"].into_iter().flat_map(read).collect()
}

/// What measures it, too.
fn everything() -> Vec<Source> {
    checked_product().into_iter().chain(read("benches")).collect()
}

fn holds(sources: &[Source], rule: impl Fn(&Source, bool) -> Vec<Violation>) {
    let mut test_files = BTreeMap::new();
    ROOTS.iter().for_each(|root| test_files.extend(module_tree(sources, root)));
    let is_test = |source: &Source| test_files.get(&source.path).copied().unwrap_or(false);
    none(sources.iter().flat_map(|source| rule(source, is_test(source))).collect());
}

fn none(mut broken: Vec<Violation>) {
    broken.sort();
    broken.dedup();
    let lines: Vec<String> = broken.iter().map(Violation::to_string).collect();
    assert!(lines.is_empty(), "\n{}\n", lines.join("\n"));
}

#[test]
fn imports_go_strictly_downward() {
    holds(&product(), |source, _| rules::imports(source));
}

#[test]
fn crates_that_may_be_replaced_are_behind_one_module_each() {
    holds(&product(), |source, _| rules::homes(source));
}

#[test]
fn only_config_reads_the_environment() {
    holds(&product(), rules::environment);
}

#[test]
fn only_output_prints() {
    holds(&product(), rules::printing);
}

#[test]
fn only_main_asks_the_clock() {
    holds(&product(), rules::clock);
}

#[test]
fn only_the_map_is_unsafe() {
    holds(&checked_product(), |source, _| rules::unsafety(source));
}

#[test]
fn no_lint_is_lifted_outside_its_home() {
    holds(&product(), |source, _| rules::lifted_lints(source));
}

#[test]
fn what_can_panic_says_why_it_does_not() {
    holds(&product(), rules::proofs);
}

#[test]
fn functions_and_files_are_short() {
    holds(&everything(), |source, _| rules::lengths(source));
}

#[test]
fn nothing_is_left_for_later() {
    holds(&everything(), |source, _| rules::leftovers(source));
}

#[test]
fn every_file_is_in_a_module_tree() {
    none(rules::unreached(&product(), &ROOTS));
}
