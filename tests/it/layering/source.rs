//! Source text as the rules see it: tokens without comments, module trees, and paths with their groups written out.

use std::collections::BTreeMap;

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// One source file.
pub struct Source {
    /// From the package's root, with `/`.
    pub path: String,
    /// The text, for what tokens do not have.
    pub text: String,
    /// The tokens. Comments are gone but for documentation, which is strings in attributes.
    pub tokens: Vec<TokenTree>,
}

impl Source {
    /// Splits a text into tokens.
    pub fn new(path: &str, text: &str) -> Self {
        let stream: Result<TokenStream, _> = text.parse();
        let stream = stream.unwrap_or_else(|error| panic!("{path}: no Rust: {error}"));
        Self { path: path.to_owned(), text: text.to_owned(), tokens: stream.into_iter().collect() }
    }

    /// Whether the file is of the program, not of the library.
    pub fn is_of_program(&self) -> bool {
        self.path.starts_with("src/bin/")
    }

    /// The modules around the file's content: `src/store/write.rs` is in `store`, `write`.
    pub fn modules(&self) -> Vec<String> {
        let inner = self.path.strip_prefix("src/").unwrap_or(&self.path);
        let inner = inner.strip_prefix("bin/").and_then(|path| path.split_once('/')).map_or(inner, |(_, path)| path);
        let inner = inner.strip_suffix(".rs").unwrap_or(inner);
        let mut modules: Vec<String> = inner.split('/').map(str::to_owned).collect();
        if modules.last().is_some_and(|last| ["mod", "lib", "main"].contains(&last.as_str())) {
            modules.pop();
        }
        modules
    }
}

/// A token with what surrounds it.
pub struct Seen<'a> {
    /// The tokens beside it.
    pub beside: &'a [TokenTree],
    /// Its position among them.
    pub at: usize,
    /// The modules around it.
    pub modules: Vec<String>,
    /// Whether it is compiled for tests only.
    pub in_test: bool,
}

impl Seen<'_> {
    pub fn token(&self) -> &TokenTree {
        &self.beside[self.at]
    }

    pub fn line(&self) -> usize {
        self.token().span().start().line
    }

    pub fn is_word(&self, word: &str) -> bool {
        is_word(self.token(), word)
    }

    /// The token `steps` behind (or, negative, before) this one in the same group.
    pub fn near(&self, steps: isize) -> Option<&TokenTree> {
        self.beside.get(self.at.checked_add_signed(steps)?)
    }
}

pub fn is_word(token: &TokenTree, word: &str) -> bool {
    matches!(token, TokenTree::Ident(ident) if ident == word)
}

pub fn is_sign(token: Option<&TokenTree>, sign: char) -> bool {
    matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == sign)
}

/// Calls `each` for every token of a file, those in groups too.
pub fn visit(source: &Source, is_test_file: bool, each: &mut dyn FnMut(&Seen<'_>)) {
    visit_group(&source.tokens, &source.modules(), is_test_file, each);
}

fn visit_group(beside: &[TokenTree], modules: &[String], in_test: bool, each: &mut dyn FnMut(&Seen<'_>)) {
    let mut test_item = false;
    for (at, token) in beside.iter().enumerate() {
        test_item |= is_cfg_test(beside, at);
        each(&Seen { beside, at, modules: modules.to_vec(), in_test: in_test || test_item });
        let TokenTree::Group(group) = token else {
            // An item ends with its braces or a semicolon, a field with a comma.
            test_item &= !is_sign(Some(token), ';') && !is_sign(Some(token), ',');
            continue;
        };
        let inner: Vec<TokenTree> = group.stream().into_iter().collect();
        let follows_pub = at.checked_sub(1).is_some_and(|at| is_word(&beside[at], "pub"));
        if follows_pub && (inner.len() == 1 || inner.first().is_some_and(|word| is_word(word, "in"))) {
            // `pub(crate)`: a visibility, which imports nothing.
            continue;
        }
        let is_block = group.delimiter() == Delimiter::Brace;
        let mut around = modules.to_vec();
        if let (true, Some(TokenTree::Ident(name))) = (is_block, at.checked_sub(1).map(|at| &beside[at]))
            && at >= 2
            && is_word(&beside[at - 2], "mod")
        {
            around.push(name.to_string());
        }
        visit_group(&inner, &around, in_test || test_item, each);
        test_item &= !is_block;
    }
}

/// Whether `#[cfg(test)]` or `#[test]` begins here.
fn is_cfg_test(beside: &[TokenTree], at: usize) -> bool {
    let Some(TokenTree::Group(group)) = beside.get(at + 1) else { return false };
    let text: String = group.stream().into_iter().map(|token| token.to_string()).collect();
    is_sign(beside.get(at), '#') && (text == "cfg(test)" || text == "test")
}

/// A path as it was meant: `use a::{b, c::d}` is two.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedPath {
    pub segments: Vec<String>,
    pub line: usize,
    pub modules: Vec<String>,
    pub in_test: bool,
}

impl NamedPath {
    pub fn text(&self) -> String {
        self.segments.join("::")
    }

    /// Whether the path begins with these segments.
    pub fn is_in(&self, prefix: &str) -> bool {
        let mut segments = self.segments.iter();
        prefix.split("::").all(|expected| segments.next().is_some_and(|segment| segment == expected))
    }
}

/// All paths of a file: in `use`, in expressions, types and macros.
pub fn paths(source: &Source, is_test_file: bool) -> Vec<NamedPath> {
    let mut found = Vec::new();
    visit(source, is_test_file, &mut |seen| {
        if begins_path(seen) {
            let (line, modules) = (seen.line(), seen.modules.clone());
            let path = NamedPath { segments: Vec::new(), line, modules, in_test: seen.in_test };
            read_path(&seen.beside[seen.at..], path, &mut found);
        }
    });
    found
}

fn begins_path(seen: &Seen<'_>) -> bool {
    if !matches!(seen.token(), TokenTree::Ident(_)) {
        return false;
    }
    let is_field = is_sign(seen.near(-1), '.') && !is_sign(seen.near(-2), '.');
    let follows_colons = is_sign(seen.near(-1), ':') && is_sign(seen.near(-2), ':');
    // `::std` begins a path; `a::b` and `<T as A>::b` go on with one.
    let goes_on = follows_colons
        && match seen.near(-3) {
            Some(TokenTree::Ident(word)) => !["use", "as", "in", "mut", "dyn"].contains(&word.to_string().as_str()),
            Some(TokenTree::Punct(sign)) => sign.as_char() == '>',
            _ => false,
        };
    !is_field && !goes_on
}

fn read_path(mut tokens: &[TokenTree], mut path: NamedPath, found: &mut Vec<NamedPath>) {
    loop {
        match tokens {
            [TokenTree::Ident(word), rest @ ..] => {
                path.segments.push(word.to_string().trim_start_matches("r#").to_owned());
                path.line = word.span().start().line;
                tokens = rest;
            }
            [TokenTree::Punct(star), ..] if star.as_char() == '*' => {
                path.segments.push("*".to_owned());
                break;
            }
            [TokenTree::Group(group), ..] if group.delimiter() == Delimiter::Brace && !path.segments.is_empty() => {
                let inner: Vec<TokenTree> = group.stream().into_iter().collect();
                for branch in inner.split(|token| is_sign(Some(token), ',')).filter(|branch| !branch.is_empty()) {
                    read_path(branch, path.clone(), found);
                }
                return;
            }
            _ => break,
        }
        match tokens {
            [a, b, rest @ ..] if is_sign(Some(a), ':') && is_sign(Some(b), ':') => tokens = rest,
            _ => break,
        }
    }
    found.push(path);
}

/// Which files a module tree holds, and whether each is compiled for tests only.
pub fn module_tree(sources: &[Source], root: &str) -> BTreeMap<String, bool> {
    let mut tree = BTreeMap::new();
    let mut open = vec![(root.to_owned(), false)];
    while let Some((path, in_test)) = open.pop() {
        let Some(source) = sources.iter().find(|source| source.path == path) else { continue };
        tree.insert(path.clone(), in_test);
        let (dir, name) = path.rsplit_once('/').unwrap_or(("", &path));
        let dir = if ["mod.rs", "lib.rs", "main.rs"].contains(&name) { dir } else { path.trim_end_matches(".rs") };
        visit(source, in_test, &mut |seen| {
            if let (true, Some(TokenTree::Ident(name))) = (seen.is_word("mod"), seen.near(1))
                && is_sign(seen.near(2), ';')
            {
                open.push((format!("{dir}/{name}.rs"), seen.in_test));
                open.push((format!("{dir}/{name}/mod.rs"), seen.in_test));
            }
        });
    }
    tree
}
