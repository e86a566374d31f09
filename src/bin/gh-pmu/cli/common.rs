//! The flags that several commands share, and what they mean. Owns their names and help; must not know any command.

use gh_pmu::model::{Kind, State};
use gh_pmu::query::{Order, SortBy};

use super::given::Given;
use super::help;
use super::spec::{Flag, Switch, Valued, Words, switch, text, word};
use super::value::Limit;
use crate::exit::Error;

/// `--json` without fields.
pub const AS_JSON: Switch = switch("json", "Output JSON");
pub const LIMIT: Valued<Limit> = text("limit", Some('L'), "int", "Maximum number to list (default all)");
pub const KIND: Valued<Kind> = word("kind", None, "Filter by kind: {release|microsprint}");
const FIELDS: Valued<String> = text("json", None, "fields", "Output JSON with the specified fields");
/// `--json` with the names of fields.
pub const JSON: Flag = Flag { is_list: true, may_lack_value: true, ..FIELDS.flag };
pub const JQ: Valued<String> = text("jq", Some('q'), "expression", "Filter JSON output using a jq expression");
pub const TEMPLATE: Valued<String> =
    text("template", Some('t'), "string", "Format JSON output using a Go template; see \"gh help formatting\"");

impl Words for Kind {
    const WORDS: &'static [(&'static str, Self)] = &[("release", Kind::Release), ("microsprint", Kind::Microsprint)];
}

/// `None` is every state.
impl Words for Option<State> {
    const WORDS: &'static [(&'static str, Self)] =
        &[("open", Some(State::Open)), ("closed", Some(State::Closed)), ("all", None)];
}

impl Words for SortBy {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("number", SortBy::Number),
        ("created", SortBy::Created),
        ("closed", SortBy::Closed),
        ("title", SortBy::Title),
        ("version", SortBy::Version),
    ];
}

impl Words for Order {
    const WORDS: &'static [(&'static str, Self)] = &[("asc", Order::Ascending), ("desc", Order::Descending)];
}

/// `--json`, and what becomes of it.
#[derive(Debug, PartialEq, Eq)]
pub struct JsonOptions {
    /// Which fields, in alphabetical order, each once.
    pub fields: Vec<&'static str>,
    /// How it is shown.
    pub shape: JsonShape,
}

/// How JSON is shown.
#[derive(Debug, PartialEq, Eq)]
pub enum JsonShape {
    /// As it is.
    Plain,
    /// `--jq`: what the expression makes of it.
    Jq(String),
    /// `--template`: what the Go template makes of it.
    Template(String),
}

/// Reads [`JSON`], [`JQ`] and [`TEMPLATE`]; the command's `json_fields` are what may be named.
///
/// # Errors
/// No field or an unknown one, in gh's words; `--jq` or `--template` where they cannot be.
pub fn json(given: &Given<'_>) -> Result<Option<JsonOptions>, Error> {
    let known = given.json_fields();
    let (jq, template) = (given.text(&JQ.flag), given.text(&TEMPLATE.flag));
    let Some(names) = given.split(&JSON) else {
        return match [("jq", jq), ("template", template)].iter().find(|(_, text)| text.is_some()) {
            Some((flag, _)) => Err(Error::plainly(format!("cannot use `--{flag}` without specifying `--json`"))),
            None => Ok(None),
        };
    };
    // An empty one is none, as for gh.
    let shape = match (jq, template) {
        (None | Some(""), None | Some("")) => JsonShape::Plain,
        (Some(expression), None | Some("")) => JsonShape::Jq(expression.to_owned()),
        (None | Some(""), Some(template)) => JsonShape::Template(template.to_owned()),
        (Some(_), Some(_)) => return Err(given.wrong("only one of `--jq` or `--template` may be used")),
    };
    if names.is_empty() {
        let list = help::field_list(known);
        return Err(Error::plainly(format!("Specify one or more comma-separated fields for `--json`:{list}")));
    }
    let mut fields = Vec::with_capacity(names.len());
    for name in names {
        match known.iter().find(|field| **field == name) {
            Some(field) => fields.push(*field),
            None => {
                let list = help::field_list(known);
                return Err(Error::plainly(format!("Unknown JSON field: {name:?}\nAvailable fields:{list}")));
            }
        }
    }
    fields.sort_unstable();
    fields.dedup();
    Ok(Some(JsonOptions { fields, shape }))
}
