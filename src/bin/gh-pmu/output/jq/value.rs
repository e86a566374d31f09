//! The values of `--jq`: jaq's, calculating as gh's interpreter does. Owns indexing, slices, updates, arithmetic and what
//! their errors say; must not know functions.
//!
//! Where the two differ: null is an empty container, objects have text keys and are walked in their order, numbers are
//! whole where a place is meant, and a division by zero is an error.

use std::fmt;
use std::ops::{Add, Div, Mul, Neg, Rem, Sub};
use std::rc::Rc;

use jaq_core::data::JustLut;
use jaq_core::path::Opt;
use jaq_core::val::Range;
use jaq_json::{Map, Num, Val};

use super::text::{float, json_text};

/// What jaq's filters work on.
pub(super) type Data = JustLut<Value>;
pub(super) type Error = jaq_core::Error<Value>;
pub(super) type ValR = Result<Value, Error>;
type ValX<'a> = jaq_core::ValX<'a, Value>;

/// The most elements that an array is filled up to, and bytes that a text is repeated to.
const LONGEST: usize = 1 << 26;

/// A value as jaq holds it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Value(pub(super) Val);

/// An error that says this.
pub(super) fn fail<T>(sentence: impl fmt::Display) -> Result<T, Error> {
    Err(Error::str(sentence))
}

/// A function that is not for this value.
pub(super) fn refused<T>(name: &str, value: &Value) -> Result<T, Error> {
    fail(format_args!("{name} cannot be applied to: {}", shown(&value.0)))
}

fn expected(what: &str, found: &Val) -> Error {
    Error::str(format_args!("expected {what} but got: {}", shown(found)))
}

pub(super) fn type_of(value: &Val) -> &'static str {
    match value {
        Val::Null => "null",
        Val::Bool(_) => "boolean",
        Val::Num(_) => "number",
        Val::TStr(_) | Val::BStr(_) => "string",
        Val::Arr(_) => "array",
        Val::Obj(_) => "object",
    }
}

/// The type and the value, which may be the whole list: its beginning tells enough.
pub(super) fn shown(value: &Val) -> String {
    const MOST: usize = 30;
    const HEAD: usize = 25;
    if let Val::Null = value {
        return "null".to_owned();
    }
    let mut text = json_text(value);
    if text.len() > MOST {
        let close = match value {
            Val::TStr(_) | Val::BStr(_) => "\"",
            Val::Arr(_) => "]",
            Val::Obj(_) => "}",
            _ => "",
        };
        text.truncate(text.floor_char_boundary(HEAD));
        text.push_str(" ...");
        text.push_str(close);
    }
    format!("{} ({text})", type_of(value))
}

/// A place in an array of `len` elements, counted from its end if it is negative; `None` for no number.
fn place(number: &Num, len: usize) -> Option<isize> {
    let at = match number {
        Num::Int(at) => *at,
        other => match float(other) {
            float if float.is_nan() => return None,
            // Cut off, and saturating.
            float => float as isize,
        },
    };
    Some(if at < 0 { at.saturating_add_unsigned(len) } else { at })
}

/// The elements from `range.start` to before `range.end`, as far as there are so many.
fn span(range: Range<&Value>, len: usize) -> Result<std::ops::Range<usize>, Error> {
    let bound = |bound: Option<&Value>, open: usize| match bound.map(|bound| &bound.0) {
        None | Some(Val::Null) => Ok(open),
        Some(Val::Num(number)) => {
            Ok(place(number, len).map_or(open, |at| usize::try_from(at.max(0)).unwrap_or(0).min(len)))
        }
        Some(other) => Err(expected("a number for indexing an array", other)),
    };
    let (start, end) = (bound(range.start, 0)?, bound(range.end, len)?);
    Ok(start..end.max(start))
}

fn start_and_end(bounds: &Map) -> Result<(Value, Value), Error> {
    let bound = |name: &str| bounds.get(&Val::from(name.to_owned())).cloned().map(Value);
    match (bound("start"), bound("end")) {
        (Some(start), Some(end)) => Ok((start, end)),
        _ => fail(format_args!(
            "expected \"start\" and \"end\" for slicing but got: {}",
            shown(&Val::obj(bounds.clone()))
        )),
    }
}

/// Where each of the characters begins, and where the last one ends. Of what is no UTF-8 each byte counts.
fn characters(text: &[u8]) -> Vec<usize> {
    match std::str::from_utf8(text) {
        Ok(text) => text.char_indices().map(|(at, _)| at).chain([text.len()]).collect(),
        Err(_) => (0..=text.len()).collect(),
    }
}

/// Where `part` begins in `list`.
fn places(list: &[Val], part: &[Val]) -> Val {
    let found = list.windows(part.len().max(1)).enumerate().filter(|(_, window)| *window == part);
    found.map(|(at, _)| Val::from(at)).collect()
}

fn entries(object: &Map) -> Vec<(Val, Val)> {
    let mut entries: Vec<(Val, Val)> = object.iter().map(|(key, value)| (key.clone(), value.clone())).collect();
    entries.sort_by(|a, b| a.0.cmp(&b.0));
    entries
}

/// The first result; `None` where there is none.
fn first<'a>(mut results: impl Iterator<Item = ValX<'a>>) -> Result<Option<Val>, jaq_core::Exn<'a, Value>> {
    Ok(results.next().transpose()?.map(|value| value.0))
}

impl jaq_core::ValT for Value {
    fn from_num(text: &str) -> ValR {
        Val::from_num(text).map(Value).or_else(|_| fail(format_args!("invalid number: {text:?}")))
    }

    fn from_map<I: IntoIterator<Item = (Self, Self)>>(entries: I) -> ValR {
        let mut object = Map::default();
        for (Value(key), Value(value)) in entries {
            match key {
                Val::TStr(_) => drop(object.insert(key, value)),
                other => return Err(expected("a string for object key", &other)),
            }
        }
        Ok(Value(Val::obj(object)))
    }

    fn key_values(self) -> Box<dyn Iterator<Item = Result<(Self, Self), Error>>> {
        match self.0 {
            Val::Arr(items) => Box::new(
                Rc::unwrap_or_clone(items).into_iter().enumerate().map(|(at, item)| Ok((at.into(), Value(item)))),
            ),
            Val::Obj(object) => {
                Box::new(entries(&object).into_iter().map(|(key, value)| Ok((Value(key), Value(value)))))
            }
            other => Box::new(std::iter::once(fail(format_args!("cannot iterate over: {}", shown(&other))))),
        }
    }

    fn values(self) -> Box<dyn Iterator<Item = ValR>> {
        match self.0 {
            Val::Arr(items) => Box::new(Rc::unwrap_or_clone(items).into_iter().map(|item| Ok(Value(item)))),
            _ => Box::new(self.key_values().map(|entry| entry.map(|(_, value)| value))),
        }
    }

    fn index(self, index: &Self) -> ValR {
        let found = match (&self.0, &index.0) {
            (Val::Null, _) => None,
            (Val::Obj(object), key @ Val::TStr(_)) => object.get(key).cloned(),
            (Val::Arr(items), Val::Num(number)) => {
                place(number, items.len()).and_then(|at| items.get(usize::try_from(at).ok()?)).cloned()
            }
            (Val::TStr(text), Val::Num(number)) => {
                let starts = characters(text);
                let character = place(number, starts.len() - 1).and_then(|at| {
                    let at = usize::try_from(at).ok()?;
                    Some(text.slice(*starts.get(at)?..*starts.get(at + 1)?))
                });
                character.map(Val::utf8_str)
            }
            (Val::Arr(items), Val::Arr(part)) => Some(places(items, part)),
            (Val::Arr(_) | Val::TStr(_), Val::Obj(bounds)) => {
                let (start, end) = start_and_end(bounds)?;
                return self.range(Some(&start)..Some(&end));
            }
            (_, Val::TStr(_)) => return Err(expected("an object", &self.0)),
            _ => return Err(expected("an array", &self.0)),
        };
        Ok(Value(found.unwrap_or_default()))
    }

    fn range(self, range: Range<&Self>) -> ValR {
        match self.0 {
            Val::Null => Ok(Value(Val::Null)),
            Val::Arr(items) => Ok(Value(items[span(range, items.len())?].iter().cloned().collect())),
            Val::TStr(text) => {
                let starts = characters(&text);
                let span = span(range, starts.len() - 1)?;
                Ok(Value(Val::utf8_str(text.slice(starts[span.start]..starts[span.end]))))
            }
            other => Err(expected("an array", &other)),
        }
    }

    fn map_values<'a, I: Iterator<Item = ValX<'a>>>(self, opt: Opt, f: impl Fn(Self) -> I) -> ValX<'a> {
        match self.0 {
            Val::Arr(items) => Rc::unwrap_or_clone(items).into_iter().flat_map(|item| f(Value(item))).collect(),
            Val::Obj(object) => {
                let mut mapped = Map::default();
                for (key, value) in entries(&object) {
                    if let Some(value) = first(f(Value(value)))? {
                        mapped.insert(key, value);
                    }
                }
                Ok(Value(Val::obj(mapped)))
            }
            other => opt.fail(Value(other), |other| {
                Error::str(format_args!("cannot iterate over: {}", shown(&other.0))).into()
            }),
        }
    }

    fn map_index<'a, I: Iterator<Item = ValX<'a>>>(self, index: &Self, opt: Opt, f: impl Fn(Self) -> I) -> ValX<'a> {
        let is_null = self.0 == Val::Null;
        let Value(container) = self;
        let container = match (container, &index.0) {
            (Val::Null, Val::TStr(_)) => Val::obj(Map::default()),
            (Val::Null, Val::Num(_)) => Val::from_iter([]),
            (other, _) => other,
        };
        match (container, &index.0) {
            (Val::Obj(mut object), key @ Val::TStr(_)) => {
                let held = Rc::make_mut(&mut object);
                let before = held.get_mut(key).map(std::mem::take);
                match first(f(Value(before.unwrap_or_default())))? {
                    Some(value) => drop(held.insert(key.clone(), value)),
                    None if is_null => return Ok(Value(Val::Null)),
                    None => drop(held.shift_remove(key)),
                }
                Ok(Value(Val::Obj(object)))
            }
            (Val::Arr(mut items), Val::Num(number)) => {
                let held = Rc::make_mut(&mut items);
                let at = match place(number, held.len()).map(usize::try_from) {
                    Some(Ok(at)) if at < LONGEST => at,
                    Some(Ok(at)) => return Ok(fail(format_args!("array index too large: {at}"))?),
                    _ => return Ok(fail(format_args!("setpath cannot be applied to: {}", shown(&index.0)))?),
                };
                let before = held.get_mut(at).map(std::mem::take);
                match first(f(Value(before.unwrap_or_default())))? {
                    Some(value) => {
                        held.resize_with(held.len().max(at + 1), Val::default);
                        held[at] = value;
                    }
                    None if is_null => return Ok(Value(Val::Null)),
                    None if at < held.len() => drop(held.remove(at)),
                    None => {}
                }
                Ok(Value(Val::Arr(items)))
            }
            (container @ (Val::Null | Val::Arr(_)), Val::Obj(bounds)) => {
                let (start, end) = start_and_end(bounds)?;
                Value(container).map_range(Some(&start)..Some(&end), opt, f)
            }
            (container, Val::TStr(_)) => opt.fail(Value(container), |other| expected("an object", &other.0).into()),
            (container, _) => opt.fail(Value(container), |other| expected("an array", &other.0).into()),
        }
    }

    fn map_range<'a, I: Iterator<Item = ValX<'a>>>(
        self,
        range: Range<&Self>,
        opt: Opt,
        f: impl Fn(Self) -> I,
    ) -> ValX<'a> {
        let mut items = match self.0 {
            Val::Null => Rc::default(),
            Val::Arr(items) => items,
            other => return opt.fail(Value(other), |other| expected("an array", &other.0).into()),
        };
        let held: &mut Vec<Val> = Rc::make_mut(&mut items);
        let span = span(range, held.len())?;
        let slice = Value(held[span.clone()].iter().cloned().collect());
        match first(f(slice))? {
            Some(Val::Arr(instead)) => drop(held.splice(span, instead.iter().cloned())),
            Some(other) => return Err(expected("an array", &other).into()),
            None => drop(held.drain(span)),
        }
        Ok(Value(Val::Arr(items)))
    }

    fn as_bool(&self) -> bool {
        !matches!(self.0, Val::Null | Val::Bool(false))
    }

    fn into_string(self) -> Self {
        match self.0 {
            Val::TStr(_) => self,
            other => Value(Val::from(json_text(&other))),
        }
    }
}

impl jaq_std::ValT for Value {
    fn into_seq<S: FromIterator<Self>>(self) -> Result<S, Self> {
        match self.0 {
            Val::Arr(items) => Ok(Rc::unwrap_or_clone(items).into_iter().map(Value).collect()),
            other => Err(Value(other)),
        }
    }

    fn is_int(&self) -> bool {
        jaq_std::ValT::is_int(&self.0)
    }

    fn as_isize(&self) -> Option<isize> {
        match &self.0 {
            Val::Num(Num::Float(float)) if float.is_finite() => Some(*float as isize),
            other => jaq_std::ValT::as_isize(other),
        }
    }

    fn as_f64(&self) -> Option<f64> {
        jaq_std::ValT::as_f64(&self.0)
    }

    fn is_utf8_str(&self) -> bool {
        matches!(self.0, Val::TStr(_))
    }

    fn as_bytes(&self) -> Option<&[u8]> {
        jaq_std::ValT::as_bytes(&self.0)
    }

    fn as_sub_str(&self, part: &[u8]) -> Self {
        Value(jaq_std::ValT::as_sub_str(&self.0, part))
    }

    fn from_utf8_bytes(bytes: impl AsRef<[u8]> + Send + 'static) -> Self {
        Value(<Val as jaq_std::ValT>::from_utf8_bytes(bytes))
    }
}

/// What jaq calculates, where it can; what gh's interpreter says, where it cannot.
fn calculated(word: &str, (left, right): (Val, Val), calculate: fn(Val, Val) -> jaq_json::ValR) -> ValR {
    let is_apt = match (&left, &right) {
        (Val::Num(_), Val::Num(_)) => true,
        (Val::TStr(_), Val::TStr(_)) => matches!(word, "add" | "divide"),
        (Val::Arr(_), Val::Arr(_)) => matches!(word, "add" | "subtract"),
        (Val::Obj(_), Val::Obj(_)) => matches!(word, "add" | "multiply"),
        (Val::Null, _) | (_, Val::Null) => word == "add",
        _ => false,
    };
    if is_apt {
        return calculate(left, right).map(Value).map_err(|error| Error::str(error.into_val()));
    }
    fail(format_args!("cannot {word}: {} and {}", shown(&left), shown(&right)))
}

impl Add for Value {
    type Output = ValR;

    fn add(self, other: Self) -> ValR {
        calculated("add", (self.0, other.0), Val::add)
    }
}

impl Sub for Value {
    type Output = ValR;

    fn sub(self, other: Self) -> ValR {
        calculated("subtract", (self.0, other.0), Val::sub)
    }
}

impl Mul for Value {
    type Output = ValR;

    fn mul(self, other: Self) -> ValR {
        match (&self.0, &other.0) {
            (Val::TStr(text), Val::Num(times)) | (Val::Num(times), Val::TStr(text)) => {
                let times = float(times);
                if times.is_nan() || times <= 0.0 {
                    return Ok(Value(Val::Null));
                }
                let times = (times as usize).max(1);
                match text.len().checked_mul(times) {
                    Some(len) if len <= LONGEST => Ok(Value(Val::utf8_str(text.repeat(times)))),
                    _ => fail("the repeated text is too long"),
                }
            }
            _ => calculated("multiply", (self.0, other.0), Val::mul),
        }
    }
}

impl Div for Value {
    type Output = ValR;

    fn div(self, other: Self) -> ValR {
        if let (Val::Num(dividend), Val::Num(divisor)) = (&self.0, &other.0)
            && float(divisor) == 0.0
            && float(dividend) != 0.0
        {
            return fail(format_args!("cannot divide {} by: {}", shown(&self.0), shown(&other.0)));
        }
        calculated("divide", (self.0, other.0), Val::div)
    }
}

impl Rem for Value {
    type Output = ValR;

    /// Of the whole parts.
    fn rem(self, other: Self) -> ValR {
        if let (Val::Num(dividend), Val::Num(divisor)) = (&self.0, &other.0) {
            let whole = |number: &Num| match number {
                Num::Int(whole) => *whole,
                // As Go does.
                other if float(other).is_nan() => isize::MIN,
                other => float(other) as isize,
            };
            return match whole(dividend).checked_rem(whole(divisor)) {
                Some(rest) => Ok(Value(Val::from(rest))),
                None if whole(divisor) == -1 => Ok(Value(Val::from(0_isize))),
                None => fail(format_args!("cannot modulo {} by: {}", shown(&self.0), shown(&other.0))),
            };
        }
        calculated("modulo", (self.0, other.0), Val::rem)
    }
}

impl Neg for Value {
    type Output = ValR;

    fn neg(self) -> ValR {
        match self.0 {
            Val::Num(number) => Ok(Value(Val::Num(-number))),
            other => fail(format_args!("cannot negate: {}", shown(&other))),
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&shown(&self.0))
    }
}

macro_rules! from {
    ($($of:ty),*) => {$(
        impl From<$of> for Value {
            fn from(value: $of) -> Self {
                Value(Val::from(value))
            }
        }
    )*};
}

from!(bool, isize, usize, f64, String);

impl From<Range<Value>> for Value {
    fn from(range: Range<Value>) -> Self {
        let bound =
            |name: &str, bound: Option<Value>| (Val::from(name.to_owned()), bound.map_or(Val::Null, |bound| bound.0));
        Value(Val::obj([bound("start", range.start), bound("end", range.end)].into_iter().collect()))
    }
}

impl FromIterator<Value> for Value {
    fn from_iter<I: IntoIterator<Item = Value>>(items: I) -> Self {
        Value(items.into_iter().map(|item| item.0).collect())
    }
}
