//! `--jq`: the jaq interpreter, made to answer as gh's does. Owns compiling, running and how results are written; must
//! not know what the JSON is about.
//!
//! If the two differ, gh wins: strings raw, null as an empty line, other floats with two decimals, keys sorted,
//! `@tsv`, `@csv`, `@uri`, `$ENV`, `IN/2`, `INDEX`, `leaf_paths`, `halt_error`, `tostream`, `join`, `to_entries` and
//! `tojson` in the order of keys, and no infinite results.

mod guard;

use std::fmt::Write as _;
use std::sync::mpsc::{self, SyncSender};

use jaq_core::load::{self, Arena, File, Loader};
use jaq_core::native::{bome, run, v};
use jaq_core::{Compiler, Ctx, Filter, RunPtr, Vars, compile, data};
use jaq_json::{Num, Val, read};

use super::json::JsonWriter;
use super::{Output, PORTION, pretty, sanitize};
use crate::config;
use crate::exit::{Error, Exit};

type Data = data::JustLut<Val>;

/// What gh's interpreter has and jaq has not.
const PRELUDE: &str = include_str!("prelude.jq");

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
    let context = Ctx::<Data>::new(&filter.lut, Vars::new([environment()]));
    let mut bytes = Vec::new();
    let mut end = Ok(());
    for result in filter.id.run((context, input)) {
        match result {
            Ok(value) => {
                end = finite(&value, expression);
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

/// Refuses what gh does: a division by zero, and in JSON what that has no word for.
fn finite(value: &Val, expression: &str) -> Result<(), Error> {
    let word = |float: f64| match float {
        _ if float.is_nan() => "NaN",
        _ if float > 0.0 => "+Inf",
        _ => "-Inf",
    };
    match value {
        Val::Num(Num::Float(float)) if float.is_infinite() && !expression.contains("infinite") => {
            Err(Error::new("cannot divide by zero, or the number is too large"))
        }
        Val::Arr(_) | Val::Obj(_) => match not_finite(value) {
            Some(float) => Err(Error::new(format!("json: unsupported value: {}", word(float)))),
            None => Ok(()),
        },
        _ => Ok(()),
    }
}

/// The first number in an array or object that JSON cannot say.
fn not_finite(value: &Val) -> Option<f64> {
    match value {
        Val::Num(Num::Float(float)) => Some(*float).filter(|float| !float.is_finite()),
        Val::Arr(items) => items.iter().find_map(not_finite),
        Val::Obj(entries) => entries.iter().find_map(|(_, item)| not_finite(item)),
        _ => None,
    }
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
            write(&mut JsonWriter::new(&mut compact, look.is_terminal), value);
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
fn stopped(stop: jaq_core::Exn<'_, Val>) -> Result<(), Error> {
    let stop = match stop.get_err() {
        Ok(error) => {
            let value = error.clone().into_val();
            // What the user's own `error` says is said in full.
            let is_of_the_interpreter = error != jaq_core::Error::new(value.clone());
            let text = match value {
                Val::TStr(text) => String::from_utf8_lossy(&text).into_owned(),
                other => other.to_string(),
            };
            return Err(Error::new(if is_of_the_interpreter { brief(text) } else { text }));
        }
        Err(stop) => stop,
    };
    match stop.get_halt() {
        Ok(0) => Ok(()),
        Ok(_) => Err(Error::Told(Exit::Failed)),
        Err(_) => Err(Error::new("break")),
    }
}

/// A sentence that quotes values, which may be the whole list: the ends of it tell enough.
fn brief(text: String) -> String {
    const HEAD: usize = 100;
    const TAIL: usize = 40;
    let count = text.chars().count();
    if count <= HEAD + TAIL {
        return text;
    }
    let head: String = text.chars().take(HEAD).collect();
    let tail: String = text.chars().skip(count - TAIL).collect();
    format!("{head}...{tail}")
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
    let prelude = load::parse(PRELUDE, |parser| parser.defs()).unwrap_or_default();
    let defs = jaq_core::defs().chain(jaq_std::defs()).chain(jaq_json::defs()).chain(prelude);
    // jaq's own `env` gives up on variables that are not UTF-8.
    let std_funs = jaq_std::funs().filter(|(name, ..)| *name != "env");
    let json_funs = jaq_json::funs().filter(|(name, ..)| !["fromjson", "tojson"].contains(name));
    let funs = jaq_core::funs().chain(std_funs).chain(json_funs).chain(own_funs());
    let arena = Arena::default();
    let file = File { code: expression, path: () };
    let modules = Loader::new(defs).load(&arena, file).map_err(|errors| syntax_error(expression, errors))?;
    let compiler = Compiler::default().with_funs(funs).with_global_vars(["$ENV"]);
    compiler.compile(modules).map_err(|errors| undefined(&errors))
}

fn own_funs() -> impl Iterator<Item = jaq_core::native::Fun<Data>> {
    let funs: [(&'static str, RunPtr<Data>); 7] = [
        (guard::GUARD, |cv| bome(guard::guard(cv.1))),
        ("fromjson", |cv| bome(guard::from_json(&cv.1))),
        ("tojson", |cv| bome(Ok(Val::from(json_text(&cv.1))))),
        ("__uri", |cv| bome(Ok(uri(&cv.1)))),
        ("env", |_| bome(Ok(environment()))),
        ("@tsv", |cv| bome(joined(&cv.1, "@tsv", "\t", tsv_field))),
        ("@csv", |cv| bome(joined(&cv.1, "@csv", ",", csv_field))),
    ];
    funs.into_iter().map(|(name, fun)| run::<Data>((name, v(0), fun)))
}

fn environment() -> Val {
    let pair = |(name, value): (String, String)| (Val::from(name), Val::from(value));
    Val::obj(config::utf8_variables().map(pair).collect())
}

fn joined(row: &Val, format: &str, between: &str, field: fn(&str) -> String) -> jaq_json::ValR {
    let fail = |value: &Val| jaq_json::Error::str(brief(format!("{format} cannot be applied to {value}")));
    let Val::Arr(fields) = row else { return Err(fail(row)) };
    let text = |value: &Val| match value {
        Val::Null => Ok(String::new()),
        Val::Bool(_) | Val::Num(_) => Ok(json_text(value)),
        Val::TStr(text) => Ok(field(&String::from_utf8_lossy(text))),
        _ => Err(fail(value)),
    };
    let texts = fields.iter().map(text).collect::<Result<Vec<_>, _>>()?;
    Ok(Val::from(texts.join(between)))
}

/// As Go's form encoding, which gh's interpreter uses.
fn uri(value: &Val) -> Val {
    let text = match value {
        Val::TStr(text) => text.to_vec(),
        other => json_text(other).into_bytes(),
    };
    let mut encoded = String::with_capacity(text.len());
    for byte in text {
        match byte {
            b' ' => encoded.push('+'),
            b'-' | b'_' | b'.' | b'~' => encoded.push(char::from(byte)),
            byte if byte.is_ascii_alphanumeric() => encoded.push(char::from(byte)),
            // Writing to a string cannot fail.
            byte => drop(write!(encoded, "%{byte:02X}")),
        }
    }
    Val::from(encoded)
}

fn tsv_field(text: &str) -> String {
    text.replace('\\', "\\\\").replace('\t', "\\t").replace('\n', "\\n").replace('\r', "\\r")
}

fn csv_field(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}

/// A number or truth value on its own: whole numbers without decimals, others with two.
fn scalar(value: &Val) -> String {
    match value {
        Val::Num(Num::Float(float)) => decimals(*float),
        Val::Num(Num::Dec(text)) => text.parse().map_or_else(|_| text.to_string(), decimals),
        other => other.to_string(),
    }
}

fn decimals(float: f64) -> String {
    if float.is_infinite() {
        return if float > 0.0 { "+Inf" } else { "-Inf" }.to_owned();
    }
    if float.fract() == 0.0 { format!("{float:.0}") } else { format!("{float:.2}") }
}

fn json_text(value: &Val) -> String {
    let mut out = Vec::new();
    write(&mut JsonWriter::new(&mut out, false), value);
    String::from_utf8_lossy(&out).into_owned()
}

/// Compact, keys sorted.
fn write(json: &mut JsonWriter<'_>, value: &Val) {
    match value {
        Val::Null => json.raw("null"),
        Val::Bool(true) => json.raw("true"),
        Val::Bool(false) => json.raw("false"),
        Val::Num(Num::Float(float)) => json.raw(&number(*float)),
        Val::Num(Num::Dec(text)) => json.raw(&text.parse().map_or_else(|_| text.to_string(), number)),
        Val::Num(whole) => json.raw(&whole.to_string()),
        Val::TStr(text) | Val::BStr(text) => json.string(&String::from_utf8_lossy(text)),
        Val::Arr(items) => {
            json.raw("[");
            for (at, item) in items.iter().enumerate() {
                json.raw(if at == 0 { "" } else { "," });
                write(json, item);
            }
            json.raw("]");
        }
        Val::Obj(entries) => {
            let mut entries: Vec<(String, &Val)> = entries.iter().map(|(key, item)| (key_text(key), item)).collect();
            entries.sort_by(|a, b| a.0.cmp(&b.0));
            json.raw("{");
            for (at, (key, item)) in entries.iter().enumerate() {
                json.raw(if at == 0 { "" } else { "," });
                json.string(key);
                json.raw(":");
                write(json, item);
            }
            json.raw("}");
        }
    }
}

fn key_text(key: &Val) -> String {
    match key {
        Val::TStr(text) | Val::BStr(text) => String::from_utf8_lossy(text).into_owned(),
        other => other.to_string(),
    }
}

/// A float as Go's JSON writes it.
fn number(float: f64) -> String {
    if float == 0.0 || (1e-6..1e21).contains(&float.abs()) {
        return float.to_string();
    }
    let text = format!("{float:e}");
    match text.split_once('e') {
        Some((digits, exponent)) if !exponent.starts_with('-') => format!("{digits}e+{exponent}"),
        _ => text,
    }
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
