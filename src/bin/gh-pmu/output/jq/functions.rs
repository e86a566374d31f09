//! The functions of `--jq` that jaq has not, or has otherwise than gh's interpreter. Owns what they compute and refuse; must
//! not know how an expression is compiled.

use std::cell::RefCell;
use std::fmt::Write as _;
use std::rc::Rc;

use gh_pmu::model::UnixMillis;
use jaq_core::native::{Fun, bome, run, unary, v};
use jaq_core::{RunPtr, ValT as _, ValX};
use jaq_json::{Num, Val};

use super::guard;
use super::pattern::matches;
use super::text::{float, json_text};
use super::value::{Data, Error, ValR, Value, fail, refused, shown, type_of};
use crate::config;

/// What gh's interpreter defines in the language itself.
pub(super) const PRELUDE: &str = include_str!("prelude.jq");
/// What jaq defines otherwise, and is given here.
pub(super) const REPLACED: [&str; 4] = ["delpaths", "infinite", "nan", "tonumber"];

thread_local! {
    /// What the expression's own `error` said last: it is shown as such.
    static RAISED: RefCell<Option<Value>> = const { RefCell::new(None) };
}

/// The functions, written in Rust.
pub(super) fn functions() -> impl Iterator<Item = Fun<Data>> {
    let of_input: [(&'static str, RunPtr<Data>); 14] = [
        (guard::GUARD, |cv| bome(guard::guard(cv.1))),
        ("fromjson", |cv| bome(guard::from_json(&cv.1))),
        ("tojson", |cv| bome(Ok(Value::from(json_text(&cv.1.0))))),
        ("__uri", |cv| bome(Ok(uri(&cv.1)))),
        ("fromdateiso8601", |cv| bome(seconds_of(&cv.1))),
        ("todateiso8601", |cv| bome(date_of(&cv.1))),
        ("env", |_| bome(Ok(environment()))),
        ("@tsv", |cv| bome(joined(&cv.1, "@tsv", "\t", tsv_field))),
        ("@csv", |cv| bome(joined(&cv.1, "@csv", ",", csv_field))),
        ("length", |cv| bome(length(cv.1))),
        ("nan", |_| bome(Ok(Value::from(f64::NAN)))),
        ("infinite", |_| bome(Ok(Value::from(f64::INFINITY)))),
        ("tonumber", |cv| bome(to_number(cv.1))),
        ("error_empty", |cv| bome(raise(cv.1))),
    ];
    let of_one: [(&'static str, RunPtr<Data>); 5] = [
        ("contains", |cv| unary(cv, |value, part| contains(&value.0, &part.0).map(Value::from))),
        ("has", |cv| unary(cv, has)),
        ("indices", |cv| unary(cv, indices)),
        ("bsearch", |cv| unary(cv, searched)),
        ("delpaths", |cv| unary(cv, without_paths)),
    ];
    let of_two: [(&'static str, RunPtr<Data>); 1] = [("__matches", matches)];
    let with = |count| move |(name, fun)| run::<Data>((name, v(count), fun));
    of_input.into_iter().map(with(0)).chain(of_one.into_iter().map(with(1))).chain(of_two.into_iter().map(with(2)))
}

/// The variables of the environment.
pub(super) fn environment() -> Value {
    let pair = |(name, value): (String, String)| (Val::from(name), Val::from(value));
    Value(Val::obj(config::utf8_variables().map(pair).collect()))
}

/// Seconds of a date to the end of 9999, which jaq's own do not reach.
fn seconds_of(date: &Value) -> ValR {
    let Val::TStr(text) = &date.0 else { return refused("fromdateiso8601", date) };
    let text = String::from_utf8_lossy(text);
    match UnixMillis::parse_rfc3339(&text) {
        Ok(time) => Value::from_num(&time.get().div_euclid(1000).to_string()),
        Err(_) => fail(format_args!("date {text:?} is not of the form \"2015-03-05T23:51:47Z\"")),
    }
}

fn date_of(seconds: &Value) -> ValR {
    let Val::Num(number) = &seconds.0 else { return refused("todateiso8601", seconds) };
    // Beyond what a date can be it saturates, and is refused.
    match UnixMillis::new((float(number).trunc() * 1000.0) as i64) {
        Some(time) => Ok(Value::from(time.to_string())),
        None => refused("todateiso8601", seconds),
    }
}

fn raise(value: Value) -> ValR {
    RAISED.set(Some(value.clone()));
    Err(Error::new(value))
}

/// Whether the expression itself said so.
pub(super) fn is_raised(value: &Value) -> bool {
    RAISED.with_borrow(|raised| raised.as_ref() == Some(value))
}

fn joined(row: &Value, format: &str, between: &str, field: fn(&str) -> String) -> ValR {
    let Val::Arr(fields) = &row.0 else { return refused(format, row) };
    let text = |value: &Val| match value {
        Val::Null => Ok(String::new()),
        Val::Bool(_) | Val::Num(_) => Ok(json_text(value)),
        Val::TStr(text) => Ok(field(&String::from_utf8_lossy(text))),
        _ => fail(format_args!("{format} cannot format an array including: {}", shown(value))),
    };
    let texts = fields.iter().map(text).collect::<Result<Vec<_>, _>>()?;
    Ok(Value::from(texts.join(between)))
}

/// As Go's form encoding, which gh's interpreter uses.
fn uri(value: &Value) -> Value {
    let text = match &value.0 {
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
    Value::from(encoded)
}

fn tsv_field(text: &str) -> String {
    text.replace('\\', "\\\\").replace('\t', "\\t").replace('\n', "\\n").replace('\r', "\\r")
}

fn csv_field(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}

fn length(value: Value) -> ValR {
    Ok(match &value.0 {
        Val::Null => Value::from(0_usize),
        Val::Num(Num::Int(whole)) => Value::from(whole.unsigned_abs()),
        Val::Num(_) if value < Value::from(0_usize) => return -value,
        Val::Num(_) => value,
        Val::TStr(text) | Val::BStr(text) => Value::from(String::from_utf8_lossy(text).chars().count()),
        Val::Arr(items) => Value::from(items.len()),
        Val::Obj(object) => Value::from(object.len()),
        Val::Bool(_) => return refused("length", &value),
    })
}

fn to_number(value: Value) -> ValR {
    match &value.0 {
        Val::Num(_) => Ok(value),
        Val::TStr(text) => {
            let text = String::from_utf8_lossy(text);
            let is_number = text.starts_with(|c: char| c.is_ascii_digit() || c == '-' || c == '.');
            match is_number && text.parse::<f64>().is_ok() {
                true => Value::from_num(&text),
                false => fail(format_args!("invalid number: {text:?}")),
            }
        }
        _ => refused("tonumber", &value),
    }
}

fn contains(value: &Val, part: &Val) -> Result<bool, Error> {
    match (value, part) {
        (Val::Obj(object), Val::Obj(parts)) => {
            for (key, part) in parts.iter() {
                match object.get(key) {
                    Some(value) if contains_alike(value, part)? => {}
                    _ => return Ok(false),
                }
            }
            Ok(true)
        }
        (Val::Arr(items), Val::Arr(parts)) => {
            for part in parts.iter() {
                let mut is_found = false;
                for item in items.iter() {
                    is_found = is_found || contains_alike(item, part)?;
                }
                if !is_found {
                    return Ok(false);
                }
            }
            Ok(true)
        }
        (Val::TStr(text), Val::TStr(part)) => {
            Ok(String::from_utf8_lossy(text).contains(&*String::from_utf8_lossy(part)))
        }
        _ if value == part => Ok(true),
        _ => fail(format_args!("cannot check contains({}): {}", json_text(part), shown(value))),
    }
}

/// What lies deeper and is of another type is not contained, and no error.
fn contains_alike(value: &Val, part: &Val) -> Result<bool, Error> {
    let is_deep = |value: &Val| matches!(value, Val::Obj(_) | Val::Arr(_) | Val::TStr(_));
    match type_of(value) == type_of(part) && is_deep(value) {
        true => contains(value, part),
        false => Ok(value == part),
    }
}

fn has(value: Value, key: Value) -> ValR {
    match (&value.0, &key.0) {
        (Val::Obj(object), Val::TStr(_)) => Ok(Value::from(object.contains_key(&key.0))),
        (Val::Arr(items), Val::Num(at)) => {
            let at = float(at);
            Ok(Value::from(at >= 0.0 && at < items.len() as f64))
        }
        (Val::Null, _) => Ok(Value::from(false)),
        _ => fail(format_args!("cannot check whether {} has a key: {}", shown(&value.0), shown(&key.0))),
    }
}

fn indices(value: Value, part: Value) -> ValR {
    match (&value.0, &part.0) {
        (Val::Null, _) => Ok(Value(Val::Null)),
        (Val::TStr(_) | Val::Arr(_), Val::TStr(empty)) if empty.is_empty() => Ok(Value(Val::Null)),
        (Val::Arr(_), Val::Arr(empty)) if empty.is_empty() => Ok(Value(Val::Null)),
        (Val::TStr(text), Val::TStr(part)) => {
            let (text, part) = (String::from_utf8_lossy(text), String::from_utf8_lossy(part));
            let places = text.char_indices().enumerate().filter(|(_, (at, _))| text[*at..].starts_with(&*part));
            let places: Vec<Val> = places.map(|(place, _)| Val::from(place)).collect();
            Ok(Value(if text.is_empty() { Val::Null } else { places.into_iter().collect() }))
        }
        (Val::Arr(_), Val::Arr(_)) => value.index(&part),
        (Val::Arr(_), _) => value.index(&[part].into_iter().collect()),
        (Val::TStr(_), other) => fail(format_args!("expected a string but got: {}", shown(other))),
        (other, _) => fail(format_args!("expected an array but got: {}", shown(other))),
    }
}

fn searched(value: Value, wanted: Value) -> ValR {
    let Val::Arr(items) = &value.0 else { return refused("bsearch", &value) };
    let place = items.binary_search(&wanted.0).unwrap_or_else(|place| !place);
    // As jq tells where it would have to stand: below zero.
    Ok(Value::from(place as isize))
}

/// The value without what is at these paths; the last ones go first, so that the others keep their places.
fn without_paths(value: Value, paths: Value) -> ValR {
    let list = |paths: &Value| match &paths.0 {
        Val::Arr(paths) => Ok(Rc::clone(paths)),
        _ => refused("delpaths", paths),
    };
    let mut sorted = list(&paths)?.iter().map(|path| list(&Value(path.clone()))).collect::<Result<Vec<_>, _>>()?;
    sorted.sort();
    sorted.dedup();
    sorted.into_iter().rev().try_fold(value, |value, path| without(value, &path))
}

fn without(value: Value, path: &[Val]) -> ValR {
    let Some((key, rest)) = path.split_first() else { return Ok(Value(Val::Null)) };
    let key = Value(key.clone());
    // What is not there stays so.
    if value.clone().index(&key)?.0 == Val::Null && !rest.is_empty() {
        return Ok(value);
    }
    let is_beyond = matches!((&value.0, &key.0), (Val::Arr(_), Val::Num(_))) && !at_hand(&value, &key);
    if is_beyond || value.0 == Val::Null {
        return Ok(value);
    }
    let inner = |value: Value| -> Box<dyn Iterator<Item = ValX<'static, Value>>> {
        match rest {
            [] => Box::new(std::iter::empty()),
            rest => Box::new(std::iter::once(without(value, rest).map_err(Into::into))),
        }
    };
    let changed = value.map_index(&key, jaq_core::path::Opt::Essential, inner);
    changed.map_err(|stop: jaq_core::Exn<'static, Value>| match stop.get_err() {
        Ok(error) => error,
        Err(_) => Error::str("delpaths was stopped"),
    })
}

/// Whether the array has an element there.
fn at_hand(value: &Value, key: &Value) -> bool {
    let (Val::Arr(items), Val::Num(at)) = (&value.0, &key.0) else { return false };
    let (at, len) = (float(at), items.len() as f64);
    (-len..len).contains(&at)
}
