//! `--template`: the gotmpl engine, with the functions that gh adds to Go's. Owns these functions; must not know what
//! the JSON is about.
//!
//! Numbers are floating-point, as in gh. Text out of the JSON is made safe for terminals before the template sees it;
//! what the template itself says is the user's own.

use std::sync::{Arc, Mutex, PoisonError};

use gh_pmu::model::UnixMillis;
use gotmpl::{Template, TemplateError, Value};

use super::relative::timeago;
use super::style::{Palette, Style};
use super::table::Table;
use super::width::truncated;
use super::{Output, blocks, go_time, sanitize};
use crate::exit::Error;

type Result<T> = std::result::Result<T, TemplateError>;

/// Rows that wait to be laid out.
type Rows = Arc<Mutex<Vec<Vec<String>>>>;

impl Output<'_> {
    /// Prints what the template makes of the JSON.
    ///
    /// # Errors
    /// The template cannot be read, or fails on this JSON.
    pub fn template(&mut self, source: &str, json: &[u8]) -> std::result::Result<(), Error> {
        let rows = Rows::default();
        let width = self.terminal.width();
        // The user's own template may go on as long as he likes.
        let template = Template::new("").max_range_iters(0);
        let template = with_text(template, self.terminal.palette.is_on(), self.now);
        let template = with_tables(with_lists(template), &rows, width).parse(source).map_err(sentence)?;
        blocks::check(source)
            .map_err(|blocks::Misplaced { line, column, what }| Error::new(unparsed(line, column, &what)))?;
        let json: serde_json::Value = serde_json::from_slice(json).map_err(|error| Error::new(error.to_string()))?;
        let data = data(json, self.terminal.stdout);
        let text = template.execute_to_string(&data).map_err(sentence)?;
        self.show((text + &rendered(&rows, width)).as_bytes())
    }
}

/// The JSON as the engine holds it.
fn data(json: serde_json::Value, is_terminal: bool) -> Value {
    use serde_json::Value as Json;
    match json {
        Json::Null => Value::Nil,
        Json::Bool(bool) => Value::Bool(bool),
        Json::Number(number) => Value::Float(number.as_f64().unwrap_or(f64::NAN)),
        Json::String(text) if is_terminal => Value::String(sanitize::visible(&text).into()),
        Json::String(text) => Value::String(text.into()),
        Json::Array(items) => Value::List(items.into_iter().map(|item| data(item, is_terminal)).collect()),
        Json::Object(entries) => {
            let entries = entries.into_iter().map(|(key, item)| (key.into(), data(item, is_terminal)));
            Value::Map(Arc::new(entries.collect()))
        }
    }
}

fn sentence(error: TemplateError) -> Error {
    match error {
        TemplateError::Lex { line, col, message, .. } | TemplateError::Parse { line, col, message, .. } => {
            Error::new(unparsed(line, col, &message))
        }
        TemplateError::Exec(message) => Error::new(format!("failed to execute template: {message}")),
        other => Error::new(format!("failed to execute template: {other}")),
    }
}

fn unparsed(line: usize, column: usize, what: &str) -> String {
    format!("failed to parse template (line {line}, column {column}): {what}")
}

fn with_text(template: Template, has_colors: bool, now: UnixMillis) -> Template {
    let color = move |args: &[Value]| {
        let [style, input] = exactly("color", args)?;
        let (style, input) = (text("color", style)?, scalar("color", input)?);
        Ok(Value::from(if has_colors { painted(style, &input) } else { input }))
    };
    let time = |name: &'static str, value: &Value| {
        let text = text(name, value)?;
        UnixMillis::parse_rfc3339(text)
            .map_err(|_| wrong(name, format!("{text:?} is not a time such as 2024-12-24T10:00:00Z")))
    };
    template
        .func("color", color)
        .func("autocolor", color)
        .func("hyperlink", |args| {
            let [link, shown] = exactly("hyperlink", args)?;
            let (link, shown) = (text("hyperlink", link)?, text("hyperlink", shown)?);
            let shown = if shown.is_empty() { link } else { shown };
            Ok(Value::from(format!("\x1b]8;;{link}\x1b\\{shown}\x1b]8;;\x1b\\")))
        })
        .func("timeago", move |args| {
            let [value] = exactly("timeago", args)?;
            Ok(Value::from(timeago(now, time("timeago", value)?)))
        })
        .func("timefmt", move |args| {
            let [layout, value] = exactly("timefmt", args)?;
            let layout = text("timefmt", layout)?;
            let shown = go_time::format(layout, time("timefmt", value)?);
            shown.map(Value::from).ok_or_else(|| wrong("timefmt", format!("no time can be written as {layout:?}")))
        })
        .func("truncate", |args| {
            let [width, value] = exactly("truncate", args)?;
            let width = width.as_int().and_then(|width| usize::try_from(width).ok());
            let width = width.ok_or_else(|| wrong("truncate", "the first argument must be a width".to_owned()))?;
            if matches!(value, Value::Nil) {
                return Ok(Value::from(String::new()));
            }
            let (head, dots) = truncated(text("truncate", value)?, width);
            Ok(Value::from(format!("{head}{dots}")))
        })
}

fn with_lists(template: Template) -> Template {
    template
        .func("pluck", |args| {
            let [field, list] = exactly("pluck", args)?;
            let field = text("pluck", field)?;
            let pick = |item: &Value| match item {
                Value::Map(_) => Ok(item.field(field).cloned().unwrap_or(Value::Nil)),
                other => Err(wrong("pluck", format!("expected a list of objects, got {} in it", described(other)))),
            };
            Ok(Value::List(items("pluck", list)?.iter().map(pick).collect::<Result<_>>()?))
        })
        .func("join", |args| {
            let [separator, list] = exactly("join", args)?;
            let texts: Vec<_> = items("join", list)?.iter().map(|item| scalar("join", item)).collect::<Result<_>>()?;
            Ok(Value::from(texts.join(text("join", separator)?)))
        })
}

fn with_tables(template: Template, rows: &Rows, width: usize) -> Template {
    let (waiting, to_render) = (Arc::clone(rows), Arc::clone(rows));
    template
        .func("tablerow", move |args| {
            // A cell has one line, and columns stay aligned.
            let cell = |value: &Value| {
                let text = scalar("tablerow", value)?.replace('\t', " ");
                Ok(match text.split_once(['\r', '\n']) {
                    Some((first, _)) => format!("{first}..."),
                    None => text,
                })
            };
            let row = args.iter().map(cell).collect::<Result<_>>()?;
            waiting.lock().unwrap_or_else(PoisonError::into_inner).push(row);
            Ok(Value::from(String::new()))
        })
        .func("tablerender", move |_| Ok(Value::from(rendered(&to_render, width))))
}

/// The rows laid out; afterwards there are none.
fn rendered(rows: &Rows, width: usize) -> String {
    let rows = std::mem::take(&mut *rows.lock().unwrap_or_else(PoisonError::into_inner));
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    if columns == 0 {
        return String::new();
    }
    let mut table = Table::without_header(columns);
    for row in &rows {
        for column in 0..columns {
            table.cell(row.get(column).map_or("", String::as_str), Style::Plain);
        }
    }
    let mut out = Vec::new();
    table.render(width, Palette::Off, &mut out);
    String::from_utf8_lossy(&out).into_owned()
}

/// The text in a style of <https://github.com/mgutz/ansi>, which gh's templates name: `foreground+attributes:background`,
/// each a name or a number of the 256 colours.
fn painted(style: &str, text: &str) -> String {
    let reset = "\x1b[0m";
    match style {
        "" => return text.to_owned(),
        "off" => return format!("{text}{reset}"),
        "reset" => return format!("{reset}{text}{reset}"),
        _ => {}
    }
    let (foreground, background) = style.split_once(':').unwrap_or((style, ""));
    let (color, attributes) = color_and_attributes(foreground);
    let mut codes = vec!["0".to_owned()];
    for (letter, code) in [('b', 1), ('d', 2), ('B', 5), ('u', 4), ('i', 7), ('s', 9)] {
        if attributes.contains(letter) {
            codes.push(code.to_string());
        }
    }
    codes.push(color_code(color, attributes.contains('h'), 30));
    if !background.is_empty() {
        let (color, attributes) = color_and_attributes(background);
        codes.push(color_code(color, attributes.contains('h'), 40));
    }
    format!("\x1b[{}m{text}{reset}", codes.join(";"))
}

/// What stands behind a second `+` means nothing.
fn color_and_attributes(half: &str) -> (&str, &str) {
    let mut parts = half.split('+');
    (parts.next().unwrap_or(""), parts.next().unwrap_or(""))
}

/// The number of a colour, where `base` is black; an unknown name is black, as in gh.
fn color_code(name: &str, is_bright: bool, base: usize) -> String {
    const NAMES: [&str; 8] = ["black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"];
    const DEFAULT: usize = 9;
    if name.parse::<i64>().is_ok() {
        return format!("{};5;{name}", base + 8);
    }
    let known = NAMES.iter().position(|known| *known == name);
    let color = if name == "default" { DEFAULT } else { known.unwrap_or(0) };
    (base + color + if is_bright { 60 } else { 0 }).to_string()
}

fn exactly<'a, const N: usize>(name: &str, args: &'a [Value]) -> Result<&'a [Value; N]> {
    args.try_into().map_err(|_| wrong(name, format!("wrong number of arguments: want {N}, got {}", args.len())))
}

fn text<'a>(name: &str, value: &'a Value) -> Result<&'a str> {
    value.as_str().ok_or_else(|| wrong(name, format!("expected a string, got {}", described(value))))
}

fn items<'a>(name: &str, value: &'a Value) -> Result<&'a [Value]> {
    match value {
        Value::List(items) => Ok(items),
        other => Err(wrong(name, format!("expected a list, got {}", described(other)))),
    }
}

/// Null is nothing, whole numbers have no decimals and others two.
fn scalar(name: &str, value: &Value) -> Result<String> {
    Ok(match value {
        Value::Nil => String::new(),
        Value::String(text) => text.to_string(),
        Value::Float(float) if float.fract() == 0.0 => format!("{float:.0}"),
        Value::Float(float) => format!("{float:.2}"),
        Value::Bool(_) | Value::Int(_) | Value::Uint(_) => value.to_string(),
        other => return Err(wrong(name, format!("cannot write {} as text", described(other)))),
    })
}

fn described(value: &Value) -> String {
    match value {
        Value::Nil => "null".to_owned(),
        Value::List(_) => "a list".to_owned(),
        Value::Map(_) => "an object".to_owned(),
        other => other.to_string(),
    }
}

fn wrong(name: &str, what: String) -> TemplateError {
    TemplateError::Exec(format!("{name}: {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn styles_are_painted_as_gh_2_23_paints_them() {
        for (style, expected) in [
            ("red", "\x1b[0;31mx\x1b[0m"),
            ("red+b", "\x1b[0;1;31mx\x1b[0m"),
            ("red+bu:white", "\x1b[0;1;4;31;47mx\x1b[0m"),
            ("red+h:blue+h", "\x1b[0;91;104mx\x1b[0m"),
            ("200:17", "\x1b[0;38;5;200;48;5;17mx\x1b[0m"),
            ("gray", "\x1b[0;30mx\x1b[0m"),
            ("default", "\x1b[0;39mx\x1b[0m"),
            ("off", "x\x1b[0m"),
            ("reset", "\x1b[0mx\x1b[0m"),
            ("", "x"),
            ("red+d", "\x1b[0;2;31mx\x1b[0m"),
            ("red+s", "\x1b[0;9;31mx\x1b[0m"),
            ("red+i+b", "\x1b[0;7;31mx\x1b[0m"),
        ] {
            assert_eq!(painted(style, "x"), expected, "{style}");
        }
    }
}
