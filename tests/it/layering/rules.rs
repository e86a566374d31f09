//! The rules, each a function from a source to its violations.

use std::fmt;

use proc_macro2::{Delimiter, TokenTree};

use crate::layering::source::{NamedPath, Source, is_sign, module_tree, paths, visit};

/// A library module: it may import modules of a lower rank; where `only` is set, nothing but what that names.
pub struct Layer {
    pub name: &'static str,
    pub rank: u8,
    pub only: Option<&'static [&'static str]>,
}

const fn layer(name: &'static str, rank: u8) -> Layer {
    Layer { name, rank, only: None }
}

const fn narrow(name: &'static str, rank: u8, only: &'static [&'static str]) -> Layer {
    Layer { name, rank, only: Some(only) }
}

/// Every top-level module of the library.
pub const LAYERS: &[Layer] = &[
    layer("model", 0),
    layer("format", 1),
    narrow("manifest", 1, &["model"]),
    narrow("git", 1, &["model"]),
    narrow("github", 1, &["model"]),
    narrow("fs", 2, &["format::Signature"]),
    layer("log", 3),
    layer("index", 3),
    layer("store", 4),
    layer("query", 5),
    layer("history", 5),
    layer("sync", 6),
];

/// Crates that one module of ours stands before, so that they can be replaced there.
pub const HOMES: &[(&str, &str)] = &[
    ("bincode", "src/format/commit.rs"),
    ("crc32fast", "src/format/checksum.rs"),
    ("memmap2", "src/fs/map.rs"),
    ("fs2", "src/fs/disk.rs"),
    ("clap", "src/bin/"),
    ("gotmpl", "src/bin/gh-pmu/output/template.rs"),
    ("dlmalloc", "src/bin/gh-pmu/main.rs"),
];

const UNSAFE_FILE: &str = "src/fs/map.rs";
const CONFIG: &str = "src/bin/gh-pmu/config";
const OUTPUT: &str = "src/bin/gh-pmu/output";
/// Asks the clock and takes the process's other parts, to pass them down.
const MAIN: &str = "src/bin/gh-pmu/main.rs";
const PARTS: [&str; 4] = ["std::env::args_os", "std::env::current_dir", "std::io::stdout", "std::io::stderr"];
pub const LONGEST_FUNCTION: usize = 70;
pub const LONGEST_FILE: usize = 600;

/// One broken rule.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Violation {
    pub path: String,
    pub line: usize,
    pub rule: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path, self.line, self.rule)
    }
}

fn violation(source: &Source, line: usize, rule: impl Into<String>) -> Violation {
    Violation { path: source.path.clone(), line, rule: rule.into() }
}

/// Whether this is `main` taking a part of the process to pass it down.
fn is_part_of_main(source: &Source, path: &NamedPath) -> bool {
    source.path == MAIN && PARTS.contains(&path.text().as_str())
}

/// Whether `path` is the file or the directory `home`, with or without `.rs`.
fn is_at(path: &str, home: &str) -> bool {
    path.strip_prefix(home).is_some_and(|rest| rest.is_empty() || rest == ".rs" || rest.starts_with('/'))
}

/// Library modules import strictly downward.
pub fn imports(source: &Source) -> Vec<Violation> {
    if source.is_of_program() {
        return Vec::new();
    }
    if source.modules().is_empty() {
        return root_declares_modules_only(source);
    }
    let broken = |path: NamedPath| {
        let rule = import_rule(&path)?;
        Some(violation(source, path.line, rule))
    };
    paths(source, false).into_iter().filter_map(broken).collect()
}

/// What is wrong with a path in the library, if anything.
fn import_rule(path: &NamedPath) -> Option<String> {
    let target = from_root(path)?;
    let own = &path.modules[0];
    let Some(layer) = LAYERS.iter().find(|layer| layer.name == own) else {
        return Some(format!("the module {own} has no rank: give it one in tests/it/layering/rules.rs"));
    };
    let (Some(name), text) = (target.first(), target.join("::")) else {
        return Some(format!("{} names the whole crate: name the module", path.text()));
    };
    if name == own {
        return None;
    }
    let Some(below) = LAYERS.iter().find(|layer| layer.name == name) else {
        return Some(format!("{} is in no module that has a rank", path.text()));
    };
    if let Some(only) = layer.only {
        let allowed = only.iter().any(|allowed| text == *allowed || text.starts_with(&format!("{allowed}::")));
        return (!allowed).then(|| format!("{own} may import only {}, not {text}", only.join(", ")));
    }
    (below.rank >= layer.rank)
        .then(|| format!("{own} (rank {}) may not import {text} (rank {}): imports go down", layer.rank, below.rank))
}

/// The segments behind the crate's root; `None` for paths into other crates and into the module itself.
fn from_root(path: &NamedPath) -> Option<Vec<String>> {
    let mut rest = path.segments.as_slice();
    let mut modules = path.modules.as_slice();
    match rest.first().map(String::as_str)? {
        "crate" | "gh_pmu" => {
            modules = &[];
            rest = &rest[1..];
        }
        "self" | "super" => {}
        _ => return None,
    }
    while let Some(first) = rest.first() {
        match first.as_str() {
            "super" => modules = modules.split_last().map_or(&[], |(_, around)| around),
            "self" => {}
            _ => break,
        }
        rest = &rest[1..];
    }
    let rest = rest.iter().filter(|segment| *segment != "*");
    Some(modules.iter().chain(rest).cloned().collect())
}

/// A name declared in the root could be imported past all ranks.
fn root_declares_modules_only(source: &Source) -> Vec<Violation> {
    let is_part = |token: &TokenTree| match token {
        TokenTree::Ident(word) => word == "pub" || word == "mod" || LAYERS.iter().any(|layer| word == layer.name),
        TokenTree::Punct(sign) => ['#', '!', ';', '='].contains(&sign.as_char()),
        TokenTree::Group(group) => group.delimiter() == Delimiter::Bracket,
        TokenTree::Literal(_) => false,
    };
    let stray = source.tokens.iter().filter(|token| !is_part(token));
    stray
        .map(|token| {
            violation(source, token.span().start().line, "the root may declare modules only, each with a rank")
        })
        .collect()
}

/// Crates behind one module are named nowhere else.
pub fn homes(source: &Source) -> Vec<Violation> {
    let broken = |path: NamedPath| {
        let (name, home) = HOMES.iter().find(|(name, _)| path.is_in(name) && path.segments.len() > 1)?;
        let rule = format!("{name} is used in {home} only, not in {}", path.text());
        (!source.path.starts_with(home)).then(|| violation(source, path.line, rule))
    };
    paths(source, false).into_iter().filter_map(broken).collect()
}

/// The environment is read in one place.
pub fn environment(source: &Source, is_test: bool) -> Vec<Violation> {
    let mut broken = Vec::new();
    if is_at(&source.path, CONFIG) {
        return broken;
    }
    for path in paths(source, is_test).into_iter().filter(|path| !path.in_test) {
        let named = path.segments.iter().any(|segment| segment == "env") && path.segments.len() > 1;
        if is_part_of_main(source, &path) {
            continue;
        }
        if named || path.text() == "std" || path.text() == "std::self" || path.text() == "std::*" {
            let rule = format!("{}: only {CONFIG} may read the environment", path.text());
            broken.push(violation(source, path.line, rule));
        }
    }
    visit(source, is_test, &mut |seen| {
        let is_macro = (seen.is_word("env") || seen.is_word("option_env")) && is_sign(seen.near(1), '!');
        let is_version = seen.near(2).is_some_and(|group| group.to_string() == "(\"CARGO_PKG_VERSION\")");
        if is_macro && !is_version && !seen.in_test {
            broken.push(violation(source, seen.line(), format!("env!: only {CONFIG} may read the environment")));
        }
    });
    broken
}

/// One place prints.
pub fn printing(source: &Source, is_test: bool) -> Vec<Violation> {
    let mut broken = Vec::new();
    if is_at(&source.path, OUTPUT) {
        return broken;
    }
    visit(source, is_test, &mut |seen| {
        let prints = ["print", "println", "eprint", "eprintln", "dbg"].iter().any(|word| seen.is_word(word));
        if prints && is_sign(seen.near(1), '!') && !seen.in_test {
            broken.push(violation(source, seen.line(), format!("{}!: only {OUTPUT} may print", seen.token())));
        }
    });
    for path in paths(source, is_test).into_iter().filter(|path| !path.in_test) {
        let names_stream = path.segments.last().is_some_and(|last| last == "stdout" || last == "stderr");
        if names_stream && (path.is_in("std::io") || path.is_in("io")) && !is_part_of_main(source, &path) {
            broken.push(violation(source, path.line, format!("{}: only {OUTPUT} may print", path.text())));
        }
    }
    broken
}

/// The clock is asked in one file, and passed down.
pub fn clock(source: &Source, is_test: bool) -> Vec<Violation> {
    let asks = |path: &NamedPath| match path.segments.as_slice() {
        [.., owner, now] => {
            now == "now" && owner != "Self" && owner.chars().next().is_some_and(|first| first.is_ascii_uppercase())
        }
        _ => false,
    };
    let found = paths(source, is_test).into_iter().filter(|path| !path.in_test && asks(path));
    found
        .filter(|_| source.path != MAIN)
        .map(|path| violation(source, path.line, format!("{}: only {MAIN} may ask the clock", path.text())))
        .collect()
}

/// Unsafe code is in one file, in tests too.
pub fn unsafety(source: &Source) -> Vec<Violation> {
    let mut broken = Vec::new();
    visit(source, false, &mut |seen| {
        if seen.is_word("unsafe") && source.path != UNSAFE_FILE {
            broken.push(violation(source, seen.line(), format!("only {UNSAFE_FILE} may have unsafe code")));
        }
    });
    broken
}

/// What can panic says why it does not: `// OK because …` up to three lines above, or a message that begins so.
pub fn proofs(source: &Source, is_test: bool) -> Vec<Violation> {
    let lines: Vec<&str> = source.text.lines().map(str::trim_start).collect();
    let mut broken = Vec::new();
    visit(source, is_test, &mut |seen| {
        let is_method = seen.is_word("expect") && is_sign(seen.near(-1), '.');
        let is_macro = ["panic", "unreachable"].iter().any(|word| seen.is_word(word)) && is_sign(seen.near(1), '!');
        let arguments = seen.near(if is_macro { 2 } else { 1 });
        let Some(TokenTree::Group(arguments)) = arguments else { return };
        if seen.in_test || !(is_method || is_macro) {
            return;
        }
        let message = arguments.stream().into_iter().next().map(|token| token.to_string()).unwrap_or_default();
        let line = seen.line();
        let above = &lines[line.saturating_sub(4)..line - 1];
        if !message.starts_with("\"OK because ") && !above.iter().any(|line| line.starts_with("// OK because ")) {
            let rule = format!("{} without its proof: write `// OK because …` above it", seen.token());
            broken.push(violation(source, line, rule));
        }
    });
    broken
}

/// Functions and files stay short.
pub fn lengths(source: &Source) -> Vec<Violation> {
    let mut broken = Vec::new();
    let count = source.text.lines().count();
    if count > LONGEST_FILE {
        broken.push(violation(source, count, format!("a file of {count} lines; {LONGEST_FILE} are the most")));
    }
    visit(source, false, &mut |seen| {
        let Some(TokenTree::Ident(name)) = seen.near(1).filter(|_| seen.is_word("fn")) else { return };
        let end = seen.beside[seen.at..].iter().find(|token| {
            is_sign(Some(token), ';')
                || matches!(token, TokenTree::Group(group) if group.delimiter() == Delimiter::Brace)
        });
        let Some(TokenTree::Group(body)) = end else { return };
        let count = body.span_close().end().line - seen.line() + 1;
        if count > LONGEST_FUNCTION {
            let rule = format!("fn {name} has {count} lines; {LONGEST_FUNCTION} are the most");
            broken.push(violation(source, seen.line(), rule));
        }
    });
    broken
}

/// Nothing is left for later.
pub fn leftovers(source: &Source) -> Vec<Violation> {
    // In two parts, so that this file keeps the rule.
    let words = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("todo", "!"), concat!("unimpl", "emented!")];
    let mut broken = Vec::new();
    for (line, text) in (1..).zip(source.text.lines()) {
        if let Some(word) = words.iter().find(|word| text.contains(**word)) {
            broken.push(violation(source, line, format!("has a {word}")));
        }
    }
    broken
}

/// Every file of a tree is reached from its root: what is not would be neither compiled nor checked.
pub fn unreached(sources: &[Source], roots: &[&str]) -> Vec<Violation> {
    let reached: Vec<String> = roots.iter().flat_map(|root| module_tree(sources, root).into_keys()).collect();
    let stray = sources.iter().filter(|source| !reached.contains(&source.path));
    stray.map(|source| violation(source, 1, "no `mod` declaration leads here")).collect()
}

/// A lint that holds one of these rules is lifted in its one place only.
pub fn lifted_lints(source: &Source) -> Vec<Violation> {
    let homes = [("unsafe_code", UNSAFE_FILE), ("print_stdout", OUTPUT), ("print_stderr", OUTPUT)];
    let mut broken = Vec::new();
    visit(source, false, &mut |seen| {
        let lint = homes.iter().find(|(lint, home)| seen.is_word(lint) && !is_at(&source.path, home));
        if let Some((lint, home)) = lint.filter(|_| !seen.in_test) {
            broken.push(violation(source, seen.line(), format!("{lint} may be allowed in {home} only")));
        }
    });
    broken
}
