//! Moments in the history of a repository: `2024-12-24`, `3d`, `@412`, `last`. Owns these forms; the words for times are
//! those of [`super::moment`].

use gh_pmu::model::{Seq, UnixMillis};

use super::moment::{Named, named};
use super::value::{Clock, Value, Wrong};

/// A moment in a repository's history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// That time.
    At(UnixMillis),
    /// Right after that event.
    After(Seq),
}

/// Where the answer to "what changed since" begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Since {
    /// At a moment.
    When(When),
    /// Where the last answer under this name ended; `None` is the mark without a name.
    Last(Option<String>),
}

const SAMPLES: &str = "expected a moment such as 2024-12-24, 3d or \"yesterday\"";
/// Longer names are slips.
const LONGEST_NAME: usize = 64;

impl Value for Since {
    fn read(text: &str, clock: Clock<'_>) -> Result<Self, Wrong> {
        match mark(text) {
            None => When::read(text, clock).map(Self::When),
            Some("") => Ok(Self::Last(None)),
            Some(name) => {
                let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
                match name.strip_prefix(':') {
                    Some(name) if (1..=LONGEST_NAME).contains(&name.len()) && name.chars().all(is_name) => {
                        Ok(Self::Last(Some(name.to_owned())))
                    }
                    _ => Err(Wrong::Invalid(
                        "a name after `last:` has letters, digits, `-`, `_` and `.`, such as last:ci, last:standup or last:bot-2"
                            .to_owned(),
                    )),
                }
            }
        }
    }
}

impl Value for When {
    fn read(text: &str, clock: Clock<'_>) -> Result<Self, Wrong> {
        if mark(text).is_some() {
            return Err(Wrong::Invalid(format!("`last` is for `cache history --since`; {SAMPLES}")));
        }
        let text = text.trim();
        // A number that is not for good yet is shown with a tilde.
        if let Some(seq) = text.strip_prefix(['@', '~']) {
            let wrong = "expected the number of an event such as @412, or a moment such as 2024-12-24 or 3d";
            return seq_of(seq).map(Self::After).ok_or_else(|| Wrong::Invalid(wrong.to_owned()));
        }
        match named(text, clock).map_err(Wrong::Invalid)? {
            Some(Named::Age { at, .. } | Named::Span { first: at, .. }) => Ok(Self::At(at)),
            None => Err(Wrong::Invalid(SAMPLES.to_owned())),
        }
    }
}

/// What follows `last`, if that is meant: nothing, or a colon and a name.
fn mark(text: &str) -> Option<&str> {
    let (head, rest) = text.trim().split_at_checked("last".len())?;
    let is_mark = head.eq_ignore_ascii_case("last") && (rest.is_empty() || rest.starts_with(':'));
    is_mark.then_some(rest)
}

fn seq_of(digits: &str) -> Option<Seq> {
    if !digits.bytes().all(|c| c.is_ascii_digit()) {
        return None;
    }
    digits.parse().ok().map(Seq)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::tz::TimeZone;

    fn read<T: Value>(text: &str) -> Result<T, Wrong> {
        let now = UnixMillis::parse_rfc3339("2024-12-24T10:30:00Z").unwrap();
        T::read(text, Clock { now, zone: &|| TimeZone::UTC })
    }

    fn at(text: &str) -> When {
        When::At(UnixMillis::parse_rfc3339(text).unwrap())
    }

    #[test]
    fn times_and_events_are_moments() {
        assert_eq!(read("2024-12-24T10:00:00+02:00"), Ok(at("2024-12-24T08:00:00Z")));
        assert_eq!(read("2024-12"), Ok(at("2024-12-01T00:00:00Z")));
        assert_eq!(read("last week"), Ok(at("2024-12-16T00:00:00Z")));
        assert_eq!(read("@412"), Ok(When::After(Seq(412))));
        assert_eq!(read("~412"), Ok(When::After(Seq(412))));
        assert_eq!(read("@0"), Ok(When::After(Seq(0))));
    }

    #[test]
    fn last_has_a_name_or_none_and_only_since_knows_it() {
        assert_eq!(read(" Last"), Ok(Since::Last(None)));
        assert_eq!(read("last:stand-up_2"), Ok(Since::Last(Some("stand-up_2".to_owned()))));
        assert_eq!(read("last year"), Ok(Since::When(at("2023-01-01T00:00:00Z"))));
        assert_eq!(read("@412"), Ok(Since::When(When::After(Seq(412)))));
        for text in ["last:", "last:a b", "last:../x", &format!("last:{}", "x".repeat(65))] {
            assert!(matches!(read::<Since>(text), Err(Wrong::Invalid(reason)) if reason.contains("last:ci")), "{text}");
        }
        for text in ["last", "last:x"] {
            assert!(matches!(read::<When>(text), Err(Wrong::Invalid(reason)) if reason.contains("--since")), "{text}");
        }
    }

    #[test]
    fn a_refusal_shows_three_samples() {
        for (text, samples) in [
            ("soon", ["2024-12-24", "3d", "yesterday"]),
            ("last", ["2024-12-24", "3d", "yesterday"]),
            ("@x", ["@412", "2024-12-24", "3d"]),
            ("@", ["@412", "2024-12-24", "3d"]),
            ("@-1", ["@412", "2024-12-24", "3d"]),
            ("@99999999999999999999999", ["@412", "2024-12-24", "3d"]),
        ] {
            let Err(Wrong::Invalid(reason)) = read::<When>(text) else { panic!("{text}") };
            assert!(samples.iter().all(|sample| reason.contains(sample)), "{text}: {reason}");
        }
        assert_eq!(read::<When>("1M"), Err(Wrong::Invalid("is that 1m (minutes) or 1mo (months)?".to_owned())));
    }
}
