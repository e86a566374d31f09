//! Holds the house rules that the compiler and clippy do not know: ranks, circles, homes of crates, length of files.
//! The others are lints, in `Cargo.toml` and `clippy.toml`.

mod imports;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use imports::{Import, in_tests, module, tokens};

/// Every module of the library, and its rank: it imports lower ones only, and nothing but the names given, if any are.
const LAYERS: &[(&str, u8, &[&str])] = &[
    ("model", 0, &[]),
    ("format", 1, &[]),
    ("program", 0, &[]),
    ("manifest", 1, &["model"]),
    ("git", 1, &["model", "program"]),
    ("github", 1, &["model", "program"]),
    ("fs", 2, &["format::Signature"]),
    ("segment", 3, &[]),
    ("index", 3, &[]),
    ("store", 4, &[]),
    ("query", 5, &[]),
    ("sync", 6, &[]),
];

/// Crates that one place of ours stands before, so that they can be replaced there.
const HOMES: &[(&str, &str)] = &[
    ("bincode", "src/format/payload.rs"),
    ("crc32fast", "src/format/checksum.rs"),
    ("libc", "src/fs/signals.rs"),
    ("memmap2", "src/fs/map.rs"),
    ("fs2", "src/fs/disk.rs"),
    ("clap", "src/bin/gh-pmu/cli/"),
    ("gotmpl", "src/bin/gh-pmu/output/template.rs"),
    ("indicatif", "src/bin/gh-pmu/output/progress.rs"),
    ("jaq_core", "src/bin/gh-pmu/output/jq/"),
    ("jaq_json", "src/bin/gh-pmu/output/jq/"),
    ("jaq_std", "src/bin/gh-pmu/output/jq/"),
    ("terminal_size", "src/bin/gh-pmu/output/terminal.rs"),
    ("unicode_width", "src/bin/gh-pmu/output/"),
    ("dlmalloc", "src/bin/gh-pmu/main.rs"),
];

/// Lints that hold a rule of the house, and where each may be lifted.
const LIFTED: &[(&str, &[&str])] = &[
    ("unsafe_code", &["src/fs/map.rs", "src/fs/signals.rs", "src/fs/windows.rs", "src/bin/gh-pmu/output/stream.rs"]),
    ("print_stdout", &[]),
    ("print_stderr", &[]),
    ("too_many_lines", &[]),
    // In the last one, the macro of insta asks for the workspace's root.
    ("disallowed_macros", &["src/bin/gh-pmu/main.rs", "src/lib.rs", "src/bin/gh-pmu/output/tests.rs"]),
    (
        "disallowed_methods",
        &["src/bin/gh-pmu/main.rs", "src/bin/gh-pmu/config/", "src/bin/gh-pmu/output/", "src/lib.rs", "src/program.rs"],
    ),
];

const LONGEST_FILE: usize = 600;

type Files = Vec<(String, String)>;

/// Every Rust file below these directories, by its path from the package's root.
fn files(dirs: &[&str]) -> Files {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (mut found, mut open) = (Vec::new(), dirs.iter().map(|dir| (*dir).to_owned()).collect::<Vec<_>>());
    while let Some(dir) = open.pop() {
        for entry in fs::read_dir(root.join(&dir)).unwrap().map(Result::unwrap) {
            let path = format!("{dir}/{}", entry.file_name().to_str().unwrap());
            if entry.file_type().unwrap().is_dir() {
                open.extend((!path.ends_with("/target")).then_some(path));
            } else if path.ends_with(".rs") {
                found.push((path.clone(), fs::read_to_string(root.join(path)).unwrap()));
            }
        }
    }
    assert!(found.len() > 20, "the source was not found");
    found
}

/// Imports of the library that do not go down.
fn upward(imports: &BTreeSet<Import>) -> Vec<String> {
    let layer = |file: &str| {
        let module = module(file)?;
        (module[0] == "gh_pmu").then(|| module.get(1).cloned().unwrap_or_default())
    };
    let rule = |import: &Import| {
        let (own, other) = (layer(&import.from)?, layer(&import.to)?);
        let find = |name: &str| LAYERS.iter().find(|(layer, ..)| *layer == name);
        let why = match (find(&own), find(&other)) {
            _ if own == other => return None,
            (Some((_, rank, only)), Some((_, below, _))) => {
                let named = |name: &&str| match name.split_once("::") {
                    Some((module, name)) => other == module && import.what.split("::").any(|part| part == name),
                    None => other == **name,
                };
                if below < rank && (only.is_empty() || only.iter().any(named)) {
                    return None;
                }
                format!("{own} (rank {rank}) may not import it (rank {below})")
            }
            _ => "name a module that has a rank in tests/it/layering/mod.rs".to_owned(),
        };
        Some(format!("{}:{}: {}: {why}", import.from, import.line, import.what))
    };
    imports.iter().filter_map(rule).collect()
}

/// Groups of files that import each other, each with the imports that make it.
fn circles(imports: &BTreeSet<Import>) -> Vec<(BTreeSet<&str>, Vec<String>)> {
    let mut next: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let counted: Vec<&Import> = imports.iter().filter(|import| !import.in_test && !import.passed_on).collect();
    for import in &counted {
        next.entry(&import.from).or_default().insert(&import.to);
    }
    let mut reach: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for from in next.keys() {
        let (mut reached, mut open) = (BTreeSet::new(), vec![*from]);
        while let Some(file) = open.pop() {
            open.extend(next.get(file).into_iter().flatten().copied().filter(|file| reached.insert(*file)));
        }
        reach.insert(from, reached);
    }
    let mutual = |a: &str, b: &str| reach.get(a).is_some_and(|to| to.contains(b)) && reach[b].contains(a);
    let group = |file: &&str| reach[file].iter().copied().filter(|other| mutual(other, file)).collect::<BTreeSet<_>>();
    let groups: BTreeSet<BTreeSet<&str>> = next.keys().map(group).filter(|group| !group.is_empty()).collect();
    let with_imports = |group: BTreeSet<_>| {
        let ends = |import: &&Import| group.contains(import.from.as_str()) && group.contains(import.to.as_str());
        let inside = counted.iter().copied().filter(ends);
        let lines = inside.map(|import| format!("  {}:{} imports {}", import.from, import.line, import.what)).collect();
        (group.clone(), lines)
    };
    groups.into_iter().map(with_imports).collect()
}

/// Names of crates outside their homes.
fn homeless(files: &Files) -> Vec<String> {
    let strays = |(file, text): &(String, String)| {
        let tokens = tokens(text);
        let mut broken = Vec::new();
        for pair in tokens.windows(2).filter(|pair| pair[1].0 == "::" || pair[1].0 == ";") {
            let homes = || HOMES.iter().filter(|(name, _)| pair[0].0 == *name);
            if homes().count() > 0 && !homes().any(|(_, home)| file.starts_with(home)) {
                broken.push(format!("{file}:{}: {} is used in its home only", pair[0].1, pair[0].0));
            }
        }
        broken
    };
    files.iter().flat_map(strays).collect()
}

/// Lints that are lifted elsewhere than in their home.
fn lifted(files: &Files) -> Vec<String> {
    let strays = |(file, text): &(String, String)| {
        let is_lifted = |word: &str| {
            let home = LIFTED.iter().find(|(lint, _)| *lint == word);
            home.is_some_and(|(_, homes)| !homes.iter().any(|home| file.starts_with(home)))
        };
        let broken = tokens(text).into_iter().filter(|(word, _)| is_lifted(word));
        broken.map(|(lint, line)| format!("{file}:{line}: {lint} is not to be lifted here")).collect::<Vec<_>>()
    };
    files.iter().flat_map(strays).collect()
}

/// What can panic without saying why it does not: `// OK because …` up to three lines above, or in the message.
fn unproved(file: &str, text: &str) -> Vec<String> {
    let (tokens, lines) = (tokens(text), text.lines().collect::<Vec<_>>());
    let tests = in_tests(&tokens);
    let can_panic =
        |at: usize| match tokens[at - 1..].iter().map(|(text, _)| text.as_str()).take(3).collect::<Vec<_>>()[..] {
            [".", "expect", "("] | [_, "panic" | "unreachable", "!"] => !tests[at],
            _ => false,
        };
    let found = (1..tokens.len()).filter(|at| can_panic(*at)).map(|at| tokens[at].1);
    let unproved =
        found.filter(|line| !lines[line.saturating_sub(4)..*line].iter().any(|line| line.contains("OK because ")));
    unproved.map(|line| format!("{file}:{line}: say why this cannot panic: `// OK because …`")).collect()
}

/// The source without files of tests.
fn product() -> Files {
    files(&["src"]).into_iter().filter(|(file, _)| !file.contains("/tests")).collect()
}

#[track_caller]
fn none(broken: Vec<String>) {
    assert!(broken.is_empty(), "\n{}\n", broken.join("\n"));
}

#[test]
fn imports_go_strictly_downward() {
    none(upward(&imports::imports(&files(&["src"]))));
}

#[test]
fn no_two_files_import_each_other() {
    let imports = imports::imports(&files(&["src", "benches"]));
    let circles = circles(&imports);
    none(circles.iter().map(|(_, lines)| format!("these files import each other:\n{}", lines.join("\n"))).collect());
}

#[test]
fn crates_that_may_be_replaced_are_behind_one_place_each() {
    none(homeless(&files(&["src"])));
}

#[test]
fn no_lint_is_lifted_outside_its_home() {
    none(lifted(&product()));
}

#[test]
fn what_can_panic_says_why_it_does_not() {
    none(product().iter().flat_map(|(file, text)| unproved(file, text)).collect());
}

#[test]
fn files_are_short_and_nothing_is_left_for_later() {
    // In two parts, so that this file keeps the rule.
    let later = [concat!("TO", "DO"), concat!("FIX", "ME")];
    for (file, text) in files(&["src", "tests", "fuzz", "benches"]) {
        let count = text.lines().count();
        assert!(count <= LONGEST_FILE, "{file} has {count} lines; {LONGEST_FILE} are the most");
        assert!(!later.iter().any(|word| text.contains(word)), "{file} leaves something for later");
    }
}

#[test]
fn the_map_names_files_that_are_there_and_every_file_of_the_store() {
    let map = include_str!("../../../ARCHITECTURE.md");
    let files = files(&["src", "tests"]);
    for name in map.split('`').filter(|name| name.ends_with(".rs")) {
        let end = format!("/{name}");
        assert!(files.iter().any(|(file, _)| file.ends_with(&end) || file == name), "{name} is no file");
    }
    for name in files.iter().filter_map(|(file, _)| file.strip_prefix("src/store/")).filter(|name| *name != "mod.rs") {
        assert!(map.contains(&format!("`{name}`")), "ARCHITECTURE.md does not name {name}");
    }
}

/// Each rule broken, and the nearest thing that keeps it: a check that cannot fail holds nothing.
mod broken {
    use super::*;

    fn imports_of(files: &[(&str, &str)]) -> BTreeSet<Import> {
        let files: Files = files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
        imports::imports(&files)
    }

    #[test]
    fn an_import_upward_is_found_in_every_spelling() {
        for (text, count) in [
            ("use crate::store::Store;", 1),
            ("use super::super::store::Store;", 1),
            ("use super::{super::store::{self, View as V}, x};", 2),
            ("use gh_pmu::store::Store;", 1),
            ("pub(crate) use crate::store::S; pub use crate::store::*;", 2),
            ("fn f() { let x = vec![crate::store::open(1)]; }", 1),
            ("fn f(x: &[u8]) -> Vec<crate::store::View> { g(..super::super::store::N) }", 2),
            ("macro_rules! m { () => { $crate::store::open() } }", 1),
            ("mod inner { use super::super::super::store::Store; }", 1),
            ("#[cfg(test)] mod tests { use crate::store::Store; }", 1),
            ("use crate::*;", 1),
            ("// use crate::store::X;\nconst T: &str = \"crate::store::X\"; use std::store::X;", 0),
            ("pub(in crate::store) fn f(store: u8) { x.store::<u8>() }", 0),
        ] {
            let files =
                [("src/lib.rs", ""), ("src/model/mod.rs", ""), ("src/model/time.rs", text), ("src/store/mod.rs", "")];
            assert_eq!(upward(&imports_of(&files)).len(), count, "{text}");
        }
    }

    #[test]
    fn a_narrow_layer_imports_the_names_given_only() {
        let files = |text| {
            imports_of(&[
                ("src/fs/disk.rs", text),
                ("src/format/mod.rs", "mod s; pub use s::{Signature, Chain};"),
                ("src/format/s.rs", ""),
            ])
        };
        assert_eq!(upward(&files("use crate::format::Signature;")), [""; 0]);
        let message = "src/fs/disk.rs:2: format::s::Chain: fs (rank 2) may not import it (rank 1)";
        assert_eq!(upward(&files("\nuse crate::format::{Signature, Chain};")), [message]);
    }

    #[test]
    fn a_circle_is_found_through_re_exports_and_a_facade_is_none() {
        let circle = |a: &str, b: &str, parent: &str| {
            let imports = imports_of(&[("src/store/mod.rs", parent), ("src/store/a.rs", a), ("src/store/b.rs", b)]);
            circles(&imports).into_iter().map(|(group, _)| group.len()).sum::<usize>()
        };
        let parent = "mod a; mod b; pub use a::A; pub use b::B;";
        assert_eq!(circle("use super::B;", "fn f() -> crate::store::A {}", parent), 2);
        assert_eq!(circle("use super::b::B;", "use crate::store::{A};", parent), 2);
        assert_eq!(circle("use super::C;", "use super::A;", "mod a; mod b; pub struct C; pub use a::A;"), 0);
        assert_eq!(circle("use super::C;", "", "mod a; pub struct C; fn f() { a::run() }"), 2);
        assert_eq!(circle("use super::C;", "", "mod a; pub use a::A; pub struct C(A);"), 2);
        assert_eq!(circle("use super::B;", "#[cfg(test)] mod t { use super::super::A; }", parent), 0);
        assert_eq!(circle("use super::B;", "use super::self::b::X; use std::a::A;", parent), 0);
    }

    #[test]
    fn a_crate_outside_its_home_is_found() {
        let found = |path: &str, text: &str| homeless(&vec![(path.to_owned(), text.to_owned())]).len();
        assert_eq!(found("src/store/open.rs", "fn f() { bincode::serialize(&1); }"), 1);
        assert_eq!(found("src/store/open.rs", "use bincode;"), 1);
        assert_eq!(found("src/format/payload.rs", "use bincode::Options;"), 0);
        assert_eq!(found("src/store/open.rs", "fn f(bincode: u8) { g(bincode) } // bincode::serialize"), 0);
    }

    #[test]
    fn a_lint_lifted_outside_its_home_is_found() {
        let text = "#![allow(unsafe_code, reason = \"print_stdout\")] #[expect(clippy::print_stderr)] fn f() {}";
        let found = |path: &str| lifted(&vec![(path.to_owned(), text.to_owned())]).len();
        assert_eq!((found("src/fs/map.rs"), found("src/fs/disk.rs")), (1, 2));
    }

    #[test]
    fn a_panic_without_its_proof_is_found() {
        for (text, count) in [
            ("fn f() { x.expect(\"a thing\"); }", 1),
            ("fn f() {\n    // OK because it is there.\n\n\n\n    x.expect(\"a thing\");\n}", 1),
            ("fn f() { unreachable!() } #[cfg(test)] mod t {} fn g() { panic!(\"no\") }", 2),
            ("fn f() { x.expect(\"OK because it is there\"); }", 0),
            ("fn f() {\n    // OK because it is there.\n    x\n        .g()\n        .expect(\"a thing\");\n}", 0),
            ("#[expect(dead_code)] fn expect(x: u8) { parser.expect; expect(x) }", 0),
            ("#[cfg(test)] mod t { fn f() { x.expect(\"a\") } } #[test] fn f() { panic!() }", 0),
        ] {
            assert_eq!(unproved("src/a.rs", text).len(), count, "{text}");
        }
    }
}
