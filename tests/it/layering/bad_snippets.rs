//! Each rule broken on purpose, and the nearest thing that keeps it: a check that cannot fail holds nothing.

use crate::layering::rules::{self, Violation};
use crate::layering::source::{Source, module_tree};

/// The lines on which a rule finds a snippet broken.
fn lines(path: &str, text: &str, rule: impl Fn(&Source) -> Vec<Violation>) -> Vec<usize> {
    let mut lines: Vec<usize> = rule(&Source::new(path, text)).iter().map(|broken| broken.line).collect();
    lines.sort_unstable();
    lines.dedup();
    lines
}

#[track_caller]
fn breaks(path: &str, text: &str, rule: impl Fn(&Source) -> Vec<Violation>) {
    assert_eq!(lines(path, text, rule).len(), 1, "{path}: {text}");
}

#[track_caller]
fn keeps(path: &str, text: &str, rule: impl Fn(&Source) -> Vec<Violation>) {
    assert_eq!(lines(path, text, rule), [0; 0], "{path}: {text}");
}

#[test]
fn an_import_upward_or_sideways_is_found_in_every_spelling() {
    for (path, text) in [
        ("src/model/time.rs", "use crate::format::Seq;"),
        ("src/model/time.rs", "use crate::{model::Kind, format::{self, Chain}};"),
        ("src/model/time.rs", "use super::super::format::Seq;"),
        ("src/model/time.rs", "use super::{super::format::Seq};"),
        ("src/model/mod.rs", "use super::store::Store;"),
        ("src/model/mod.rs", "mod inner { use super::super::store::Store; }"),
        ("src/model/time.rs", "fn f() { let x = vec![crate::store::open(1)]; }"),
        ("src/model/time.rs", "fn f(x: &[u8]) -> Vec<crate::store::View> { g(..crate::model::N) }"),
        ("src/model/time.rs", "fn f() { <crate::store::View as Clone>::clone() }"),
        ("src/model/time.rs", "macro_rules! m { () => { $crate::store::open() } }"),
        ("src/model/time.rs", "use gh_pmu::store::Store;"),
        ("src/model/time.rs", "pub(crate) use r#crate_free::x; pub use crate::index::*;"),
        ("src/model/time.rs", "#[cfg(test)] mod tests { use crate::store::Store; }"),
        ("src/log/walk.rs", "use crate::index::Index;"),
        ("src/index/read.rs", "use crate::log::Frame;"),
        ("src/store/open.rs", "use crate::query::Filter;"),
        ("src/query/list.rs", "use crate::history::Filter;"),
        ("src/history/list.rs", "use crate::query::Filter;"),
        ("src/sync.rs", "use crate::bin::main;"),
    ] {
        breaks(path, text, rules::imports);
    }
}

#[test]
fn an_import_downward_or_within_the_module_is_none_of_the_rules_business() {
    for (path, text) in [
        ("src/store/open.rs", "use crate::{format::{self, Chain}, model::*, log::Segment}; use super::view::View;"),
        ("src/store/open.rs", "use crate::store::view::View; use self::inner::X; pub(in crate::store) fn f() {}"),
        ("src/store/mod.rs", "pub(crate) struct S(pub(super) u8); use std::fmt; use ::std::io;"),
        ("src/store/mod.rs", "mod tests { use super::*; mod deeper { use super::super::Store; } }"),
        (
            "src/model/time.rs",
            "// use crate::store::X;\n/* crate::store::X /* nested */ */ /// [`crate::store`]\nfn f() {}",
        ),
        ("src/model/time.rs", r##"const T: &str = "use crate::store::X;"; const R: &str = r#"crate::store::"X"#;"##),
        ("src/model/time.rs", "fn f<'a>(x: &'a str) -> char { ':' }"),
        ("src/sync/mod.rs", "use crate::{store::Store, manifest, git::Hosts, github::Api};"),
        ("src/bin/gh-pmu/main.rs", "use gh_pmu::{store::Store, sync}; use crate::config::Config;"),
    ] {
        keeps(path, text, rules::imports);
    }
}

#[test]
fn readers_of_the_world_import_nouns_only_and_fs_one_name_of_format() {
    for path in ["src/manifest/read.rs", "src/git/url.rs", "src/github/mod.rs"] {
        keeps(path, "use crate::model::{Kind, Tracker};", rules::imports);
        breaks(path, "use crate::format::Chain;", rules::imports);
        breaks(path, "use crate::store::Store;", rules::imports);
        breaks(path, "use crate::fs::Disk;", rules::imports);
    }
    keeps("src/fs/disk.rs", "use crate::format::Signature; use super::Bytes;", rules::imports);
    breaks("src/fs/disk.rs", "use crate::format::{Signature, Chain};", rules::imports);
    breaks("src/fs/disk.rs", "use crate::format;", rules::imports);
    breaks("src/fs/disk.rs", "use crate::format::SignatureList;", rules::imports);
}

#[test]
fn no_name_goes_around_the_ranks_through_the_root() {
    breaks("src/model/time.rs", "use crate as everything;", rules::imports);
    breaks("src/model/time.rs", "use crate::*;", rules::imports);
    breaks("src/model/time.rs", "use crate::{self as everything};", rules::imports);
    breaks("src/model/time.rs", "use super::super::*;", rules::imports);
    breaks("src/model/time.rs", "use crate::Store;", rules::imports);
    breaks("src/lib.rs", "pub mod store;\npub use store::Store;", |source| {
        rules::imports(source).into_iter().take(1).collect()
    });
    breaks("src/lib.rs", "pub mod model;\npub mod helper;", rules::imports);
    keeps("src/lib.rs", "//! Words.\n\npub mod model;\n/// More.\npub mod store;\n", rules::imports);
    breaks("src/helper/mod.rs", "use crate::model::Kind;", rules::imports);
}

#[test]
fn a_violation_says_file_line_and_rule() {
    let source = Source::new("src/model/time.rs", "\n\nuse crate::{\n    model::Kind,\n    store::Store,\n};\n");
    let broken: Vec<String> = rules::imports(&source).iter().map(Violation::to_string).collect();
    let expected = "src/model/time.rs:5: model (rank 0) may not import store::Store (rank 4): imports go down";
    assert_eq!(broken, [expected]);
}

#[test]
fn a_crate_outside_its_home_is_found() {
    breaks("src/store/open.rs", "fn f() { bincode::serialize(&1); }", rules::homes);
    breaks("src/format/mod.rs", "use bincode::Options;", rules::homes);
    breaks("src/store/open.rs", "use clap::Parser;", rules::homes);
    keeps("src/format/commit.rs", "use bincode::Options;", rules::homes);
    keeps("src/bin/gh-pmu/args.rs", "use clap::Parser;", rules::homes);
    keeps("src/store/open.rs", "fn f(bincode: u8) { g(bincode) } // bincode::serialize", rules::homes);
}

#[test]
fn reading_the_environment_is_found_but_in_config() {
    let check = |source: &Source| rules::environment(source, false);
    for text in [
        "fn f() { std::env::var(\"HOME\"); }",
        "use std::env;",
        "use std::{fs, env::{self, var_os}};",
        "use std as s;",
        "fn f() { env::args() }",
        "const H: &str = env!(\"HOME\");",
        "const H: Option<&str> = option_env!(\"CI\");",
        "const H: &str = env!(\"CARGO_PKG_VERSION_MAJOR\");",
    ] {
        breaks("src/bin/gh-pmu/main.rs", text, check);
        breaks("src/git/mod.rs", text, check);
        keeps("src/bin/gh-pmu/config.rs", text, check);
        keeps("src/bin/gh-pmu/config/read.rs", text, check);
        breaks("src/bin/gh-pmu/configuration.rs", text, check);
        keeps("src/git/mod.rs", &format!("#[cfg(test)] mod tests {{ {text} }}"), check);
        breaks("src/git/mod.rs", &format!("#[cfg(test)] use a::b;\nmod c {{ {text} }}"), check);
        breaks("src/git/mod.rs", &format!("#[cfg(not(test))] mod c {{ {text} }}"), check);
    }
    for text in [
        "const V: &str = env!(\"CARGO_PKG_VERSION\");",
        "fn f(c: &mut Command) { c.env(\"A\", \"b\").env_remove(\"C\"); }",
        "fn f(env: &Env) { env.home }",
        "fn main() { run(std::env::args_os(), std::env::current_dir()) }",
        "// std::env::var\nconst T: &str = \"std::env\";",
    ] {
        keeps("src/bin/gh-pmu/main.rs", text, check);
    }
}

#[test]
fn printing_is_found_but_in_output() {
    let check = |source: &Source| rules::printing(source, false);
    for text in [
        "fn f() { println!(\"x\"); }",
        "fn f() { std::eprint!(\"x\"); }",
        "fn f() { dbg!(1); }",
        "fn f() { std::io::stdout().write_all(b\"x\"); }",
        "use std::io::{self, stderr};",
        "fn f() { io::stdout().lock() }",
    ] {
        breaks("src/store/open.rs", text, check);
        breaks("src/bin/gh-pmu/command/list.rs", text, check);
        keeps("src/bin/gh-pmu/output.rs", text, check);
        keeps("src/bin/gh-pmu/output/table.rs", text, check);
        keeps("src/store/open.rs", &format!("#[cfg(test)] mod tests {{ {text} }}"), check);
    }
    let main = "fn main() { Output::new(std::io::stdout(), std::io::stderr()) }";
    keeps("src/bin/gh-pmu/main.rs", main, check);
    breaks("src/bin/gh-pmu/command/list.rs", main, check);
    breaks("src/bin/gh-pmu/main.rs", "fn main() { println!(\"x\") }", check);
    keeps("src/git/mod.rs", "fn f(c: Command) { c.stdout(Stdio::piped()).output().stderr }", check);
    keeps("src/git/mod.rs", "fn f() { write!(out, \"println!\") }", check);
}

#[test]
fn asking_the_clock_is_found_but_in_main() {
    let check = |source: &Source| rules::clock(source, false);
    for text in [
        "fn f() { SystemTime::now() }",
        "fn f() { std::time::Instant::now() }",
        "fn f() { jiff::Timestamp::now() }",
        "fn f() { let clock = Instant::now; }",
    ] {
        breaks("src/sync/mod.rs", text, check);
        breaks("src/bin/gh-pmu/command/list.rs", text, check);
        keeps("src/bin/gh-pmu/main.rs", text, check);
    }
    keeps("src/sync/mod.rs", "fn f(now: Now) { now.millis(); view.now; Self::now() }", check);
}

#[test]
fn unsafe_code_is_found_but_in_the_map() {
    breaks("src/fs/disk.rs", "fn f() { unsafe { g() } }", rules::unsafety);
    breaks("tests/it/library/main.rs", "unsafe impl Send for X {}", rules::unsafety);
    keeps("src/fs/map.rs", "fn f() { unsafe { g() } }", rules::unsafety);
    keeps("src/fs/disk.rs", "#![deny(unsafe_code)] // unsafe\nconst T: &str = \"unsafe\";", rules::unsafety);
    breaks("src/fs/disk.rs", "#![allow(unsafe_code)]", rules::lifted_lints);
    breaks("src/store/mod.rs", "#[expect(clippy::print_stdout, reason = \"x\")] fn f() {}", rules::lifted_lints);
    keeps("src/fs/map.rs", "#![allow(unsafe_code)]", rules::lifted_lints);
    keeps("src/bin/gh-pmu/output/mod.rs", "#![allow(clippy::print_stdout)]", rules::lifted_lints);
}

#[test]
fn a_panic_without_its_proof_is_found() {
    let check = |source: &Source| rules::proofs(source, false);
    for text in [
        "fn f() { x.expect(\"a thing\"); }",
        "fn f() {\n    // It is there.\n    x.expect(\"a thing\");\n}",
        "fn f() {\n    // OK because it is there.\n\n\n\n    x.expect(\"a thing\");\n}",
        "fn f() { unreachable!() }",
        "fn f() { panic!(\"no\") }",
        "fn f() { x.expect(\"OK\"); }",
    ] {
        breaks("src/store/open.rs", text, check);
        keeps("src/store/open.rs", &format!("#[cfg(test)] mod tests {{ {text} }}"), check);
        breaks("src/store/open.rs", &format!("#[cfg(test)] mod tests {{}} mod b {{ {text} }}"), check);
    }
    for text in [
        "fn f() { x.expect(\"OK because it is there\"); }",
        "fn f() {\n    // OK because it is there.\n    x\n        .g()\n        .expect(\"a thing\");\n}",
        "fn f() { unreachable!(\"OK because {x}\") }",
        "#[expect(dead_code)] fn expect(x: u8) { parser.expect; expect(x) }",
        "#[test] fn f() { x.expect(\"a thing\"); }",
    ] {
        keeps("src/store/open.rs", text, check);
    }
}

#[test]
fn long_functions_and_files_are_found() {
    let body = |lines: usize| format!("fn f() {{\n{}}}", "g();\n".repeat(lines - 2));
    keeps("src/a.rs", &body(rules::LONGEST_FUNCTION), rules::lengths);
    breaks("src/a.rs", &body(rules::LONGEST_FUNCTION + 1), rules::lengths);
    let nested = format!("impl X {{ mod y {{ {} }} }}", body(rules::LONGEST_FUNCTION + 1));
    breaks("src/a.rs", &nested, rules::lengths);
    let signatures = format!("trait T {{ fn f(&self);\n {} }}", "const A: u8 = 1;\n".repeat(90));
    keeps("src/a.rs", &signatures, rules::lengths);
    keeps("src/a.rs", &"g!();\n".repeat(rules::LONGEST_FILE), rules::lengths);
    breaks("src/a.rs", &"g!();\n".repeat(rules::LONGEST_FILE + 1), rules::lengths);
}

#[test]
fn what_is_left_for_later_is_found_in_comments_too() {
    breaks("src/a.rs", concat!("// TO", "DO: later\nfn f() {}"), rules::leftovers);
    breaks("src/a.rs", concat!("fn f() { todo", "!() }"), rules::leftovers);
    breaks("src/a.rs", concat!("/* FIX", "ME */"), rules::leftovers);
    keeps("src/a.rs", "// to do: nothing\nfn f() { today!() }", rules::leftovers);
}

#[test]
fn a_file_that_no_module_declares_is_found_and_test_modules_are_known() {
    let sources = [
        Source::new("src/lib.rs", "pub mod a; mod b;"),
        Source::new("src/a/mod.rs", "mod c; #[cfg(test)] mod tests;"),
        Source::new("src/a/c.rs", "mod d;"),
        Source::new("src/a/c/d.rs", ""),
        Source::new("src/a/tests.rs", "mod more;"),
        Source::new("src/a/tests/more.rs", ""),
        Source::new("src/b.rs", "// mod e;"),
        Source::new("src/b/e.rs", ""),
    ];
    let stray: Vec<String> =
        rules::unreached(&sources, &["src/lib.rs"]).into_iter().map(|broken| broken.path).collect();
    assert_eq!(stray, ["src/b/e.rs"]);
    let tree = module_tree(&sources, "src/lib.rs");
    let tests: Vec<&str> = tree.iter().filter(|(_, is_test)| **is_test).map(|(path, _)| path.as_str()).collect();
    assert_eq!(tests, ["src/a/tests.rs", "src/a/tests/more.rs"]);
}
