//! The regular expressions of `--jq`, as jq describes what they find. Owns flags and letter case; must not know how an
//! expression is compiled.

use jaq_core::native::bome;
use jaq_core::{Cv, ValXs};
use jaq_json::{Map, Val};
use regex_bites::bytes::{Captures, Match, Regex, RegexBuilder};

use super::value::{Data, ValR, Value, fail, refused};

pub(super) fn matches<'a>(mut cv: Cv<'a, Data>) -> ValXs<'a, Value> {
    let flags = cv.0.pop_var();
    let pattern = cv.0.pop_var();
    bome(matched(&cv.1, &pattern, &flags))
}

/// Each match with its groups, as `match` gives it.
fn matched(value: &Value, pattern: &Value, flags: &Value) -> ValR {
    let text_of = |value: &Value| match &value.0 {
        Val::TStr(text) => Ok(String::from_utf8_lossy(text).into_owned()),
        _ => refused("match", value),
    };
    let text = text_of(value)?;
    let pattern = text_of(pattern).or_else(|_| refused("match", value))?;
    let flags = if flags.0 == Val::Null { String::new() } else { text_of(flags)? };
    if let Some(unknown) = flags.chars().find(|flag| !"gimnpslx".contains(*flag)) {
        return fail(format_args!("unsupported regular expression flag: {:?}", unknown.to_string()));
    }
    let has = |flag: char| flags.contains(flag);
    // The engine knows the case of ASCII alone.
    let folds = (has('i') || sets_case(&pattern)) && !(text.is_ascii() && pattern.is_ascii());
    let (looked, pattern) = if folds { (folded(&text), folded(&pattern)) } else { (text.clone(), pattern) };
    let mut builder = RegexBuilder::new(&pattern);
    builder.case_insensitive(has('i')).ignore_whitespace(has('x')).swap_greed(has('l'));
    builder.dot_matches_new_line(has('s') || has('p'));
    builder.multi_line(has('m') || has('p'));
    let regex =
        builder.build().or_else(|error| fail(format_args!("invalid regular expression {pattern:?}: {error}")))?;
    let found = regex.captures_iter(looked.as_bytes());
    let found = found.filter(|groups| !(has('n') && groups.get(0).is_some_and(|whole| whole.is_empty())));
    let limit = if has('g') { usize::MAX } else { 1 };
    Ok(found.take(limit).map(|groups| described(&text, &looked, &regex, &groups)).collect())
}

/// Whether a group of the pattern says itself that case does not matter: `(?i)`, `(?si:…)`.
fn sets_case(pattern: &str) -> bool {
    let groups = pattern.split("(?").skip(1);
    groups
        .map(|rest| rest.split(|c: char| !c.is_ascii_alphabetic()).next())
        .any(|flags| flags.unwrap_or("").contains('i'))
}

/// The text with each letter beyond ASCII in one case; as many characters as before.
fn folded(text: &str) -> String {
    fn only(mut chars: impl Iterator<Item = char>, c: char) -> char {
        chars.next().filter(|_| chars.next().is_none()).unwrap_or(c)
    }
    let one = |c: char| only(c.to_uppercase(), c);
    text.chars().map(|c| if c.is_ascii() { c } else { only(one(c).to_lowercase(), c) }).collect()
}

/// A match in the text that was looked at, as the text itself has it: their characters are in the same places.
fn described(text: &str, looked: &str, regex: &Regex, groups: &Captures<'_>) -> Value {
    let describe = |group: Option<Match<'_>>| {
        let place = group.map(|group| (looked[..group.start()].chars().count(), looked[group.range()].chars().count()));
        let part = place.map(|(offset, length)| text.chars().skip(offset).take(length).collect::<String>());
        vec![
            ("offset", Val::from(place.map_or(-1, |(offset, _)| offset as isize))),
            ("length", Val::from(place.map_or(0, |(_, length)| length))),
            ("string", part.map_or(Val::Null, Val::from)),
        ]
    };
    let object = |fields: Vec<(&str, Val)>| {
        Val::obj(fields.into_iter().map(|(name, value)| (Val::from(name.to_owned()), value)).collect::<Map>())
    };
    let captures = groups.iter().zip(regex.capture_names()).skip(1).map(|(group, name)| {
        let mut fields = describe(group);
        fields.push(("name", name.map_or(Val::Null, |name| Val::from(name.to_owned()))));
        object(fields)
    });
    let captures = captures.collect();
    let mut fields = describe(groups.get(0));
    fields.push(("captures", captures));
    Value(object(fields))
}
