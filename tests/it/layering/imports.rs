//! Which file imports which: paths read from the tokens, and followed through re-exports to the file that owns the name.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{Delimiter, Spacing, TokenStream, TokenTree};

/// Where each crate's files are, and the name of its root module; the first that fits counts.
const CRATES: &[(&str, &str)] = &[
    ("src/bin/gh-pmu/", "program"),
    ("src/", "gh_pmu"),
    ("benches/peers/src/bin/ratios/", "ratios"),
    ("benches/peers/src/bin/", "peer"),
    ("benches/peers/src/", "peers"),
];

/// A token without its comments, and its line.
pub type Token = (String, usize);
type Path = Vec<String>;

/// One import that was followed: `from` names something of `to`, as `what`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Import {
    pub from: String,
    pub to: String,
    pub what: String,
    pub line: usize,
    pub in_test: bool,
    /// It is a re-export, of a name that the file itself does not use.
    pub passed_on: bool,
}

/// A path as it is written, `use a::{b, c as d}` being two.
struct Named {
    path: Path,
    /// What a `use` calls it, and whether others may use that name.
    alias: Option<(String, bool)>,
    around: Path,
    line: usize,
    in_test: bool,
}

/// The tokens of a text, groups laid flat and `::` as one.
pub fn tokens(text: &str) -> Vec<Token> {
    fn flatten(stream: TokenStream, flat: &mut Vec<Token>) {
        let mut joint = false;
        for token in stream {
            let line = token.span().start().line;
            let follows_joint = std::mem::replace(&mut joint, false);
            match token {
                TokenTree::Group(group) => {
                    let (open, close) = match group.delimiter() {
                        Delimiter::Brace => ("{", "}"),
                        Delimiter::Parenthesis => ("(", ")"),
                        Delimiter::Bracket => ("[", "]"),
                        Delimiter::None => ("", ""),
                    };
                    flat.push((open.to_owned(), line));
                    flatten(group.stream(), flat);
                    flat.push((close.to_owned(), group.span_close().start().line));
                }
                TokenTree::Punct(sign) if sign.as_char() == ':' && follows_joint => {
                    flat.last_mut().unwrap().0.push(':')
                }
                other => {
                    joint = matches!(&other, TokenTree::Punct(sign) if sign.as_char() == ':' && sign.spacing() == Spacing::Joint);
                    flat.push((other.to_string(), line));
                }
            }
        }
    }
    let mut flat = Vec::new();
    flatten(text.parse().unwrap_or_else(|error| panic!("no Rust: {error}: {text}")), &mut flat);
    flat
}

/// Whether each token is compiled for tests only.
pub fn in_tests(tokens: &[Token]) -> Vec<bool> {
    let mut until = 0;
    let words = |at: usize, count: usize| tokens[at..].iter().take(count).map(|(text, _)| text.as_str());
    (0..tokens.len())
        .map(|at| {
            if words(at, 7).eq(["#", "[", "cfg", "(", "test", ")", "]"]) || words(at, 4).eq(["#", "[", "test", "]"]) {
                let attribute = item_end(tokens, at + 1, "]");
                until = until.max(item_end(tokens, attribute, "}").min(item_end(tokens, attribute, ";")));
            }
            at < until
        })
        .collect()
}

/// One behind the first `last` that is in no group begun after `at`, or that ends such a group.
fn item_end(tokens: &[Token], at: usize, last: &str) -> usize {
    let mut depth = 0_usize;
    for (text, here) in tokens[at..].iter().map(|(text, _)| text.as_str()).zip(at..) {
        depth += usize::from(["{", "(", "["].contains(&text));
        depth = depth.saturating_sub(usize::from(["}", ")", "]"].contains(&text)));
        if depth == 0 && text == last {
            return here + 1;
        }
    }
    tokens.len()
}

fn is_name(text: &str) -> bool {
    text.starts_with(|first: char| first.is_alphabetic() || first == '_')
}

/// Every path of a file: in `use`, in expressions, types and macros.
fn named(tokens: &[Token], module: &[String]) -> Vec<Named> {
    let tests = in_tests(tokens);
    let text = |at: usize| tokens.get(at).map_or("", |(text, _)| text.as_str());
    let before = |at: usize| at.checked_sub(1).map_or("", text);
    let begins = |at: usize| match before(at) {
        "." => before(at - 1) == ".",
        before => !["::", "in"].contains(&before),
    };
    let (mut found, mut inner, mut at) = (Vec::new(), Vec::<(Path, usize)>::new(), 0);
    while at < tokens.len() {
        inner.retain(|(_, end)| at < *end);
        let around = inner.last().map_or(module, |(path, _)| path).to_vec();
        let mut read = Vec::new();
        let begin = at;
        if text(at) == "mod" && text(at + 2) == "{" {
            let path = [around.as_slice(), &[text(at + 1).to_owned()]].concat();
            inner.push((path, item_end(tokens, at, "}")));
        } else if text(at) == "use" && text(at + 1) != "<" {
            at = use_tree(tokens, at + 1, Vec::new(), &mut read);
        } else if is_name(text(at)) && text(at + 1) == "::" && begins(at) {
            let mut path = vec![text(at).to_owned()];
            while text(at + 1) == "::" && is_name(text(at + 2)) {
                path.push(text(at + 2).to_owned());
                at += 2;
            }
            read.push((path, String::new()));
        }
        let public = before(begin) == "pub" || before(begin) == ")";
        found.extend(read.into_iter().map(|(path, name)| Named {
            path,
            alias: (text(begin) == "use").then_some((name, public)),
            around: around.clone(),
            line: tokens[begin].1,
            in_test: tests[begin],
        }));
        at += 1;
    }
    found
}

/// Reads the tree of a `use` from `at`, after `path`; returns where it ends.
fn use_tree(tokens: &[Token], mut at: usize, mut path: Path, found: &mut Vec<(Path, String)>) -> usize {
    while let Some((text, _)) = tokens.get(at) {
        match text.as_str() {
            "::" => at += 1,
            "{" => {
                at += 1;
                while tokens[at].0 != "}" {
                    at = use_tree(tokens, at, path.clone(), found);
                    at += usize::from(tokens[at].0 == ",");
                }
                return at + 1;
            }
            "as" => {
                found.push((path, tokens[at + 1].0.clone()));
                return at + 2;
            }
            "self" if !path.is_empty() => at += 1,
            name if is_name(name) || name == "*" => {
                path.push(name.to_owned());
                at += 1;
            }
            _ => break,
        }
    }
    let name = path.last().cloned().unwrap_or_default();
    found.push((path, name));
    at
}

/// The module that a file is: `src/store/write.rs` is `gh_pmu`, `store`, `write`.
pub fn module(file: &str) -> Option<Path> {
    let (dir, root) = CRATES.iter().find(|(dir, _)| file.starts_with(dir))?;
    let mut module: Path = [*root].into_iter().chain(file[dir.len()..].split('/')).map(str::to_owned).collect();
    let name = module.pop().unwrap();
    module.extend((!["mod.rs", "lib.rs", "main.rs"].contains(&name.as_str())).then(|| name.replace(".rs", "")));
    Some(module)
}

/// Every import between the files given, by path and text.
pub fn imports(files: &[(String, String)]) -> BTreeSet<Import> {
    let modules: BTreeMap<Path, &str> =
        files.iter().filter_map(|(file, _)| Some((module(file)?, file.as_str()))).collect();
    let (mut all, mut aliases) = (Vec::new(), BTreeMap::new());
    for (module, file) in &modules {
        let tokens = tokens(&files.iter().find(|(path, _)| path == file).unwrap().1);
        for named in named(&tokens, module) {
            let uses = |name: &str| {
                let is_use = |of: &&[Token]| of[1].0 == name && of[0].0 != "mod" && of[2].0 != "::";
                tokens.windows(3).filter(is_use).count()
            };
            let passed_on = named.alias.as_ref().is_some_and(|(name, public)| *public && uses(name) < 2);
            if let Some((name, _)) = &named.alias {
                aliases.insert((named.around.clone(), name.clone()), named.path.clone());
            }
            all.push((*file, named, passed_on));
        }
    }
    let resolved = all.iter().filter_map(|(from, named, passed_on)| {
        let (to, what) = resolve(&modules, &aliases, &named.around, &named.path, 0)?;
        let in_test = named.in_test || from.ends_with("tests.rs") || from.contains("/tests/");
        let (from, to, passed_on) = ((*from).to_owned(), modules[&to].to_owned(), *passed_on);
        (from != to).then_some(Import { from, to, what, line: named.line, in_test, passed_on })
    });
    resolved.collect()
}

/// The module that owns what a path names, seen from `around`, and the name with its modules; `None` for other crates.
fn resolve(
    modules: &BTreeMap<Path, &str>,
    aliases: &BTreeMap<(Path, String), Path>,
    around: &[String],
    path: &[String],
    depth: usize,
) -> Option<(Path, String)> {
    let (first, mut rest) = path.split_first()?;
    let mut at = around.to_vec();
    match first.as_str() {
        "crate" => at.truncate(1),
        "self" => {}
        "super" => drop(at.pop()),
        "gh_pmu" | "peers" => at = vec![first.clone()],
        name if modules.contains_key(&[around, &[name.to_owned()]].concat()) => rest = path,
        _ => return None,
    }
    while let Some((name, after)) = rest.split_first() {
        let child = [at.as_slice(), std::slice::from_ref(name)].concat();
        if name == "super" {
            at.pop();
        } else if modules.contains_key(&child) {
            at = child;
        } else if let Some(target) = aliases.get(&(at.clone(), name.clone())).filter(|_| depth < 8) {
            let through = [target.as_slice(), after].concat();
            if let Some(found) = resolve(modules, aliases, &at, &through, depth + 1) {
                return Some(found);
            }
            break;
        } else {
            break;
        }
        rest = after;
    }
    let what = [&at[1.min(at.len())..], rest].concat().join("::");
    // A module inside a file is that file's.
    while !modules.contains_key(&at) {
        at.pop()?;
    }
    Some((at, what))
}
