//! Limits of `--jq`: how deep an expression may recurse and a text may be nested, and no modules. Owns the stack that
//! expressions run on; must not know what they compute.
//!
//! The interpreter recurses where the expression does, and a stack that is used up ends the process without a word.

use std::cell::Cell;
use std::thread::{Builder, Scope, ScopedJoinHandle};

use jaq_core::load::Lexer;
use jaq_core::load::lex::{StrPart, Tok, Token};
use jaq_json::{Val, read};

use super::value::{ValR, Value, fail};

/// Sizes of the stack, the best first: only what is used takes memory.
const STACKS: [usize; 3] = [256 << 20, 64 << 20, 16 << 20];
/// As deep as gh's own reader goes.
const MAX_NESTING: usize = 10_000;
/// The filter that stands before the body of each definition.
pub const GUARD: &str = "__guard";

thread_local! {
    /// Where the stack of this thread begins, and how much of it may be used.
    static STACK: Cell<(usize, usize)> = const { Cell::new((0, usize::MAX)) };
}

/// Runs `work` on a stack of its own.
///
/// # Errors
/// The system gives no thread.
pub fn spawn<'s, T: Send + 's>(
    scope: &'s Scope<'s, '_>,
    work: impl Fn() -> T + Send + Sync + Clone + 's,
) -> std::io::Result<ScopedJoinHandle<'s, T>> {
    let spawned = |size: usize| {
        let work = work.clone();
        Builder::new().stack_size(size).spawn_scoped(scope, move || {
            STACK.set((place(), size / 2));
            work()
        })
    };
    let [first, second, third] = STACKS;
    spawned(first).or_else(|_| spawned(second)).or_else(|_| spawned(third))
}

/// About where the stack is now.
fn place() -> usize {
    let here = 0_u8;
    std::ptr::from_ref(&here).addr()
}

/// The value itself, unless the stack is half used.
pub(super) fn guard(value: Value) -> ValR {
    let (begin, limit) = STACK.get();
    match begin.abs_diff(place()) > limit {
        true => fail("the expression recurses too deep"),
        false => Ok(value),
    }
}

/// The value that a JSON text is.
pub(super) fn from_json(text: &Value) -> ValR {
    let Val::TStr(bytes) = &text.0 else { return fail(format_args!("fromjson cannot be applied to: {text}")) };
    if is_too_deep(bytes) {
        return fail("fromjson: the text is nested too deep");
    }
    read::parse_single(bytes).map(Value).or_else(|error| fail(format_args!("fromjson: {error}")))
}

fn is_too_deep(json: &[u8]) -> bool {
    let (mut depth, mut in_text, mut escaped) = (0_usize, false, false);
    for byte in json {
        match (in_text, byte) {
            (true, _) if escaped => escaped = false,
            (true, b'\\') => escaped = true,
            (_, b'"') => in_text = !in_text,
            (false, b'[' | b'{') => depth += 1,
            (false, b']' | b'}') => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > MAX_NESTING {
            return true;
        }
    }
    false
}

/// The expression with a guard in each of its definitions.
///
/// # Errors
/// It asks for a module: there are none.
pub fn guarded(expression: &str) -> Result<String, String> {
    // What cannot be read is refused with its place later.
    let Ok(tokens) = Lexer::new(expression).lex() else { return Ok(expression.to_owned()) };
    let is_module = |pair: &[Token<&str>]| {
        matches!(pair[0], Token("import" | "include", Tok::Word)) && matches!(pair[1].1, Tok::Str(_))
    };
    if let Some(pair) = tokens.windows(2).find(|pair| is_module(pair)) {
        return Err(format!("cannot load module: {}", pair[1].0));
    }
    let mut bodies = Vec::new();
    find_bodies(&tokens, expression, &mut bodies);
    bodies.sort_unstable();
    let mut text = String::with_capacity(expression.len() + bodies.len() * (GUARD.len() + 4));
    let mut from = 0;
    for at in bodies {
        text.push_str(&expression[from..at]);
        text.push_str(&format!(" {GUARD} | "));
        from = at;
    }
    text.push_str(&expression[from..]);
    Ok(text)
}

/// Where the bodies of definitions begin: after the colon.
fn find_bodies(tokens: &[Token<&str>], expression: &str, found: &mut Vec<usize>) {
    let mut is_head = false;
    for Token(text, kind) in tokens {
        match kind {
            Tok::Word if *text == "def" => is_head = true,
            Tok::Sym if is_head && *text == ":" => {
                found.push(text.as_ptr().addr() - expression.as_ptr().addr() + text.len());
                is_head = false;
            }
            Tok::Block(inner) => find_bodies(inner, expression, found),
            Tok::Str(parts) => {
                for part in parts {
                    if let StrPart::Term(term) = part {
                        find_bodies(std::slice::from_ref(term), expression, found);
                    }
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn definitions_are_guarded_wherever_they_stand() {
        let of = |text: &str| guarded(text).unwrap();
        assert_eq!(of("def f: 1+f; f"), "def f: __guard |  1+f; f");
        assert_eq!(of(".a | (def g(x; $y):x; g(1; 2))"), ".a | (def g(x; $y): __guard | x; g(1; 2))");
        assert_eq!(of("\"\\(def f: .; f)\""), "\"\\(def f: __guard |  .; f)\"");
        assert_eq!(
            of("{def: 1, a: \"def f: x\"}.def # def f: 1"),
            "{def: __guard |  1, a: \"def f: x\"}.def # def f: 1"
        );
        assert_eq!(of("."), ".");
    }

    #[test]
    fn there_are_no_modules() {
        for text in ["import \"x\" as $x; $x", "# c\n include \"x\"; .", "module {}; import \"x\" as x; ."] {
            assert_eq!(guarded(text), Err("cannot load module: \"x\"".to_owned()), "{text}");
        }
        assert!(guarded(".import, .include").is_ok());
    }

    #[test]
    fn brackets_in_texts_do_not_count() {
        assert!(is_too_deep("[".repeat(60_000).as_bytes()));
        assert!(!is_too_deep(format!("\"{}\\\"{0}\"", "[".repeat(60_000)).as_bytes()));
        assert!(!is_too_deep("[]".repeat(60_000).as_bytes()));
    }
}
