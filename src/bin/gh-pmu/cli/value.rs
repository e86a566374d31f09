//! What the values of flags mean. Owns the reading of one value; must not know which flag it stands behind.

use gh_pmu::model::{TrackerNumber, UnixMillis};
use jiff::tz::TimeZone;

use super::spec::Words;
use crate::near::near;

/// Where "now" and "here" come from.
#[derive(Clone, Copy)]
pub struct Clock<'c> {
    /// The present.
    pub now: UnixMillis,
    /// The local time zone, asked for only where dates need it.
    pub zone: &'c dyn Fn() -> TimeZone,
}

/// What is wrong with a value.
#[derive(Debug, PartialEq, Eq)]
pub enum Wrong {
    /// It does not fit the flag, for this reason.
    Invalid(String),
    /// The whole sentence.
    Sentence(String),
}

/// What the value of a flag can be.
pub trait Value: Sized {
    /// Reads a value.
    ///
    /// # Errors
    /// Why it does not fit.
    fn read(text: &str, clock: Clock<'_>) -> Result<Self, Wrong>;
}

impl Value for String {
    fn read(text: &str, _: Clock<'_>) -> Result<Self, Wrong> {
        Ok(text.to_owned())
    }
}

/// As gh, case does not matter.
impl<T: Words> Value for T {
    fn read(text: &str, _: Clock<'_>) -> Result<Self, Wrong> {
        let words = super::spec::words::<T>();
        let found = find(&words, text).and_then(|at| T::WORDS.get(at));
        found.map(|(_, value)| *value).ok_or_else(|| Wrong::Invalid(expected(text, &words)))
    }
}

/// The place of the word that the value is, ignoring case as gh does.
pub fn find(words: &[&str], value: &str) -> Option<usize> {
    words.iter().position(|word| word.eq_ignore_ascii_case(value))
}

/// The sentence that lists what may be, and names what may have been meant.
pub fn expected(typed: &str, words: &[&str]) -> String {
    let list = format!("valid values are {{{}}}", words.join("|"));
    match near(&typed.to_ascii_lowercase(), words.iter().copied())[..] {
        [word] => format!("{list}; did you mean {word}?"),
        _ => list,
    }
}

/// At most so many, and one at least.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit(pub u64);

impl Value for Limit {
    fn read(text: &str, _: Clock<'_>) -> Result<Self, Wrong> {
        match integer(text)? {
            limit if limit < 1 => Err(Wrong::Sentence(format!("invalid limit: {limit}"))),
            limit => Ok(Self(limit.unsigned_abs())),
        }
    }
}

impl Value for TrackerNumber {
    fn read(text: &str, _: Clock<'_>) -> Result<Self, Wrong> {
        let number = integer(text.strip_prefix('#').unwrap_or(text))?;
        let wrong = || Wrong::Sentence(format!("invalid number: {number}"));
        u64::try_from(number).ok().and_then(TrackerNumber::new).ok_or_else(wrong)
    }
}

fn integer(text: &str) -> Result<i64, Wrong> {
    text.parse().map_err(|error: std::num::ParseIntError| {
        use std::num::IntErrorKind::{NegOverflow, PosOverflow};
        Wrong::Invalid(match error.kind() {
            PosOverflow | NegOverflow => "the number is too large".to_owned(),
            _ => "expected a number such as 30".to_owned(),
        })
    })
}
