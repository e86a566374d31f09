//! How the values of `--jq` are written: JSON with sorted keys, and scalars as gh writes them. Owns numbers; must not know
//! how results reach the output.

use jaq_json::{Num, Val};

use super::super::json::{JsonWriter, Text};

/// The number as a float.
pub(super) fn float(number: &Num) -> f64 {
    jaq_std::ValT::as_f64(&Val::Num(number.clone())).unwrap_or(f64::NAN)
}

/// A number or truth value on its own: whole numbers without decimals, others with two.
pub(super) fn scalar(value: &Val) -> String {
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

/// The value as JSON; what that has no word for is null, or the largest number.
pub(super) fn json_text(value: &Val) -> String {
    let mut out = Vec::new();
    write(&mut JsonWriter::new(&mut out, Text::Exact), value);
    String::from_utf8_lossy(&out).into_owned()
}

/// Compact, keys sorted.
pub(super) fn write(json: &mut JsonWriter<'_>, value: &Val) {
    match value {
        Val::Null => json.raw("null"),
        Val::Bool(true) => json.raw("true"),
        Val::Bool(false) => json.raw("false"),
        Val::Num(number @ (Num::Float(_) | Num::Dec(_))) => json.raw(&decimal(float(number))),
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
            let mut entries: Vec<(&Val, &Val)> = entries.iter().collect();
            entries.sort_by(|a, b| a.0.cmp(b.0));
            json.raw("{");
            for (at, (key, item)) in entries.iter().enumerate() {
                json.raw(if at == 0 { "" } else { "," });
                write(json, key);
                json.raw(":");
                write(json, item);
            }
            json.raw("}");
        }
    }
}

/// A float as Go's JSON writes it.
fn decimal(float: f64) -> String {
    if float.is_nan() {
        return "null".to_owned();
    }
    let float = float.clamp(f64::MIN, f64::MAX);
    if float == 0.0 || (1e-6..1e21).contains(&float.abs()) {
        return float.to_string();
    }
    let text = format!("{float:e}");
    match text.split_once('e') {
        Some((digits, exponent)) if !exponent.starts_with('-') => format!("{digits}e+{exponent}"),
        _ => text,
    }
}

/// The first number in an array or object that JSON cannot say.
pub(super) fn not_finite(value: &Val) -> Option<f64> {
    match value {
        Val::Num(number) => Some(float(number)).filter(|float| !float.is_finite()),
        Val::Arr(items) => items.iter().find_map(not_finite),
        Val::Obj(entries) => entries.iter().find_map(|(_, item)| not_finite(item)),
        _ => None,
    }
}
