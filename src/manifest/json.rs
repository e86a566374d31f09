//! One visitor for every JSON value, so that a wrong type meets the same code as a wrong value.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// A JSON value as far as a manifest's fields need to know it.
#[derive(Debug)]
pub(super) enum Value<'a> {
    Null,
    Bool(bool),
    /// Digits alone, up to 2^64 - 1.
    Whole(u64),
    /// Digits behind a minus.
    Negative(i64),
    /// With a point or an exponent, or beyond 64 bits.
    Float(f64),
    /// Borrowed where the text has no escapes.
    Text(Cow<'a, str>),
    /// An array, its elements passed over.
    List,
    /// An object, its fields passed over.
    Object,
}

/// How much of a text a message shows.
const SHOWN_CHARS: usize = 40;

/// The value as messages show it: short, on one line, control and direction-changing characters escaped.
impl fmt::Display for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Null => f.write_str("null"),
            Value::Bool(value) => value.fmt(f),
            Value::Whole(value) => value.fmt(f),
            Value::Negative(value) => value.fmt(f),
            // Debug keeps the ".0" that tells 1e3 from 1000.
            Value::Float(value) => write!(f, "{value:?}"),
            Value::Text(text) => match text.char_indices().nth(SHOWN_CHARS) {
                None => write!(f, "{text:?}"),
                Some((end, _)) => write!(f, "{:?}", format_args!("{}…", &text[..end]).to_string()),
            },
            Value::List => f.write_str("an array"),
            Value::Object => f.write_str("an object"),
        }
    }
}

/// What is done with one value. Containers that a handler does not expect are passed over and given to
/// [`Self::value`] as [`Value::List`] or [`Value::Object`].
pub(super) trait Handler<'a>: Sized {
    type Out;

    fn value<E: Error>(self, value: Value<'a>) -> Result<Self::Out, E>;

    fn list<A: SeqAccess<'a>>(self, mut list: A) -> Result<Self::Out, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        self.value(Value::List)
    }

    fn object<A: MapAccess<'a>>(self, mut object: A) -> Result<Self::Out, A::Error> {
        while object.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        self.value(Value::Object)
    }
}

/// Reads one value of any type and gives it to the handler.
pub(super) struct Any<H>(pub(super) H);

impl<'a, H: Handler<'a>> DeserializeSeed<'a> for Any<H> {
    type Value = H::Out;

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<H::Out, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'a, H: Handler<'a>> Visitor<'a> for Any<H> {
    type Value = H::Out;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<H::Out, E> {
        self.0.value(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<H::Out, E> {
        self.0.value(Value::Bool(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<H::Out, E> {
        self.0.value(Value::Whole(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<H::Out, E> {
        self.0.value(Value::Negative(value))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<H::Out, E> {
        self.0.value(Value::Float(value))
    }

    fn visit_borrowed_str<E: Error>(self, text: &'a str) -> Result<H::Out, E> {
        self.0.value(Value::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<H::Out, E> {
        self.0.value(Value::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'a>>(self, list: A) -> Result<H::Out, A::Error> {
        self.0.list(list)
    }

    fn visit_map<A: MapAccess<'a>>(self, object: A) -> Result<H::Out, A::Error> {
        self.0.object(object)
    }
}

/// The handler that hands the value on.
struct Plain;

impl<'a> Handler<'a> for Plain {
    type Out = Value<'a>;

    fn value<E: Error>(self, value: Value<'a>) -> Result<Value<'a>, E> {
        Ok(value)
    }
}

impl<'a> Deserialize<'a> for Value<'a> {
    fn deserialize<D: Deserializer<'a>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Any(Plain))
    }
}
