//! `--jq`: the jaq interpreter, made to answer as gh's does. Owns compiling, running and how results are written; must
//! not know what the JSON is about.
//!
//! If the two differ, gh wins: strings raw, null as an empty line, other floats with two decimals, keys sorted; what null,
//! indexes and numbers mean ([`value`]); and functions ([`functions`]).

mod functions;
mod guard;
mod pattern;
mod text;
mod value;

use std::fmt::Write as _;
use std::sync::mpsc::{self, SyncSender};

use jaq_core::load::{self, Arena, File, Loader};
use jaq_core::{Compiler, Ctx, Filter, Vars, compile};
use jaq_json::{Val, read};

use self::text::{json_text, not_finite, scalar, write};
use self::value::{Data, Value};
use super::json::{JsonWriter, Text};
use super::{Output, PORTION, pretty, sanitize};
use crate::exit::{Error, Exit};

impl Output<'_> {
    /// Prints what the expression makes of the JSON.
    ///
    /// # Errors
    /// The expression cannot be read, or fails on this JSON.
    pub fn jq(&mut self, expression: &str, json: &[u8]) -> Result<(), Error> {
        let look = Look { is_terminal: self.terminal.stdout, is_colored: self.terminal.palette.is_on() };
        std::thread::scope(|scope| {
            let (results, received) = mpsc::sync_channel(1);
            let worker = guard::spawn(scope, move || evaluated(expression, json, look, &results))
                .map_err(|error| Error::new(format!("could not start the jq interpreter: {error}")))?;
            let mut shown = Vec::new();
            for bytes in received {
                match look.is_terminal {
                    true => shown.extend(bytes),
                    // The worker stops when nobody receives any more.
                    false => self.write(&bytes)?,
                }
            }
            self.show(&shown)?;
            worker.join().unwrap_or_else(|_| Err(Error::new("the jq interpreter failed")))
        })
    }
}

/// How results look.
#[derive(Clone, Copy)]
struct Look {
    is_terminal: bool,
    is_colored: bool,
}

/// Sends what the expression makes of the JSON, in portions.
fn evaluated(expression: &str, json: &[u8], look: Look, results: &SyncSender<Vec<u8>>) -> Result<(), Error> {
    let filter = compiled(expression)?;
    let input = read::parse_single(json).map_err(|error| Error::new(error.to_string()))?;
    let context = Ctx::<Data>::new(&filter.lut, Vars::new([functions::environment()]));
    let mut bytes = Vec::new();
    let mut end = Ok(());
    for result in filter.id.run((context, Value(input))) {
        match result {
            Ok(Value(value)) => {
                end = finite(&value);
                if end.is_err() {
                    break;
                }
                print(&value, look, &mut bytes);
            }
            Err(stop) => {
                end = stopped(stop);
                break;
            }
        }
        if bytes.len() >= PORTION && results.send(std::mem::take(&mut bytes)).is_err() {
            return Err(Error::ClosedPipe);
        }
    }
    let _ = results.send(bytes);
    end
}

/// Refuses, as gh does, numbers in JSON that it has no word for.
fn finite(value: &Val) -> Result<(), Error> {
    let Some(float) = matches!(value, Val::Arr(_) | Val::Obj(_)).then(|| not_finite(value)).flatten() else {
        return Ok(());
    };
    let word = if float.is_nan() {
        "NaN"
    } else if float > 0.0 {
        "+Inf"
    } else {
        "-Inf"
    };
    Err(Error::new(format!("json: unsupported value: {word}")))
}

fn print(value: &Val, look: Look, out: &mut Vec<u8>) {
    match value {
        Val::Null => {}
        Val::TStr(text) | Val::BStr(text) => {
            let text = String::from_utf8_lossy(text);
            let shown = if look.is_terminal { sanitize::visible(&text) } else { text };
            out.extend_from_slice(shown.as_bytes());
        }
        Val::Bool(_) | Val::Num(_) => out.extend_from_slice(scalar(value).as_bytes()),
        Val::Arr(_) | Val::Obj(_) => {
            let mut compact = Vec::new();
            write(
                &mut JsonWriter::new(&mut compact, if look.is_terminal { Text::Visible } else { Text::Exact }),
                value,
            );
            if look.is_terminal {
                pretty::format(&compact, "  ", look.is_colored, out);
            } else {
                out.extend_from_slice(&compact);
            }
        }
    }
    out.push(b'\n');
}

/// An error, `halt` or `break` ended the run.
fn stopped(stop: jaq_core::Exn<'_, Value>) -> Result<(), Error> {
    let stop = match stop.get_err() {
        Ok(error) => {
            let value = error.into_val();
            let text = match &value.0 {
                Val::TStr(text) => String::from_utf8_lossy(text).into_owned(),
                other => json_text(other),
            };
            return match functions::is_raised(&value) {
                true if value.0 == Val::Null => Ok(()),
                true => Err(Error::new(format!("error: {text}"))),
                false => Err(Error::new(text)),
            };
        }
        Err(stop) => stop,
    };
    match stop.get_halt() {
        Ok(0) => Ok(()),
        Ok(_) => Err(Error::Told(Exit::Failed)),
        Err(_) => Err(Error::new("break")),
    }
}

fn compiled(expression: &str) -> Result<Filter<Data>, Error> {
    let guarded = guard::guarded(expression).map_err(Error::new)?;
    // The error is about the expression as it was written.
    if guarded != expression {
        compiled_as(expression)?;
    }
    compiled_as(&guarded)
}

fn compiled_as(expression: &str) -> Result<Filter<Data>, Error> {
    let prelude = load::parse(functions::PRELUDE, |parser| parser.defs()).unwrap_or_default();
    let given = jaq_core::defs().chain(jaq_std::defs()).chain(jaq_json::defs());
    let defs = given.filter(|def| !functions::REPLACED.contains(&def.name)).chain(prelude);
    let own: Vec<_> = functions::functions().collect();
    let is_own = |name: &str| own.iter().any(|(own, ..)| *own == name);
    let given: Vec<_> = jaq_core::funs().chain(jaq_std::funs()).filter(|(name, ..)| !is_own(name)).collect();
    let funs = given.into_iter().chain(own);
    let arena = Arena::default();
    let file = File { code: expression, path: () };
    let modules = Loader::new(defs).load(&arena, file).map_err(|errors| syntax_error(expression, errors))?;
    let compiler = Compiler::default().with_funs(funs).with_global_vars(["$ENV"]);
    compiler.compile(modules).map_err(|errors| undefined(&errors))
}

fn syntax_error(expression: &str, errors: load::Errors<&str, ()>) -> Error {
    let mut errors = errors.into_iter().map(|(_, error)| error);
    let (at, reason) = match errors.next() {
        Some(load::Error::Lex(found)) => found.first().map(|(expected, at)| (*at, expected.as_str().to_owned())),
        Some(load::Error::Parse(found)) => found.first().map(|(expected, at)| (*at, expected.as_str().to_owned())),
        Some(load::Error::Io(found)) => {
            return Error::new(format!(
                "failed to parse jq expression: {}",
                found.first().map_or("", |(path, _)| path)
            ));
        }
        None => None,
    }
    .unwrap_or(("", String::new()));
    let offset = if at.is_empty() { expression.len() } else { load::span(expression, at).start };
    let before = &expression[..offset.min(expression.len())];
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or("").chars().count() + 1;
    let shown = expression.lines().nth(line - 1).unwrap_or("");
    let found = match at.chars().next() {
        None => "unexpected end of input".to_owned(),
        Some(_) => format!("unexpected {:?}", at.lines().next().unwrap_or("")),
    };
    let mut message = format!("failed to parse jq expression (line {line}, column {column})\n    {shown}\n    ");
    // Writing to a string cannot fail.
    let _ = write!(message, "{:>column$}  {found}, expected {reason}", '^');
    Error::new(message)
}

fn undefined(errors: &compile::Errors<&str, ()>) -> Error {
    use compile::Undefined;
    match errors.iter().flat_map(|(_, errors)| errors).next() {
        Some((name, Undefined::Filter(arity))) => Error::new(format!("function not defined: {name}/{arity}")),
        Some((name, what)) => Error::new(format!("{} not defined: {name}", what.as_str())),
        None => Error::new("failed to compile the jq expression"),
    }
}
