//! What each command was asked: its options, read from its flags. Owns their meaning and defaults; must not know how
//! flags are spelt on the command line.

use gh_pmu::model::{Kind, State, TrackerNumber};
use gh_pmu::query::{Order, SortBy, TimeRange};

use super::flags::{Flags, find};
use super::spec::{self, Spec};
use super::{Clock, HelpPage, When, help, plainly_wrong, range, wrong};
use crate::config::is_branch;
use crate::exit::Error;

/// One command with its options.
#[derive(Debug)]
#[allow(missing_docs, reason = "named as the commands are")]
pub enum Command {
    Help(HelpPage),
    Version,
    List(ListOptions),
    Sync { force: bool },
    Status(StatusOptions),
    History(HistoryOptions),
    Compact(CompactOptions),
    Verify { json: bool },
    Repair,
    Rebuild,
    Export(ExportOptions),
    Clear(ClearOptions),
    Init(InitOptions),
}

impl Command {
    /// Whether the command is about every cached repository.
    pub fn is_of_all_repos(&self) -> bool {
        match self {
            Self::List(options) => options.all_repos,
            Self::History(options) => options.all_repos,
            Self::Clear(options) => options.all,
            _ => false,
        }
    }
}

/// `release list`, `microsprint list`.
#[derive(Debug)]
pub struct ListOptions {
    /// Which trackers.
    pub kind: Kind,
    /// Only those in this state.
    pub state: Option<State>,
    /// Words of which every one occurs in the title.
    pub search: Option<String>,
    /// When they were created.
    pub created: Option<TimeRange>,
    /// When they were closed.
    pub closed: Option<TimeRange>,
    /// By what they are sorted.
    pub sort: SortBy,
    /// In which direction.
    pub order: Order,
    /// At most so many.
    pub limit: Option<u64>,
    /// As of when, and how that was written.
    pub as_of: Option<(When, String)>,
    /// Ask GitHub first.
    pub refresh: bool,
    /// In the browser.
    pub web: bool,
    /// JSON instead of a table.
    pub json: Option<JsonOptions>,
    /// Every cached repository.
    pub all_repos: bool,
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

/// `cache status`.
#[derive(Debug)]
pub struct StatusOptions {
    /// JSON instead of lines.
    pub json: bool,
    /// Fail where the cache is stale or missing.
    pub check: bool,
}

/// `cache history`.
#[derive(Debug)]
pub struct HistoryOptions {
    /// Only what changed after that.
    pub since: Option<When>,
    /// Only what changed up to that.
    pub until: Option<When>,
    /// Only this tracker.
    pub number: Option<TrackerNumber>,
    /// Only this kind.
    pub kind: Option<Kind>,
    /// Only these events, by their words; empty for all.
    pub events: Vec<&'static str>,
    /// At most so many.
    pub limit: Option<u64>,
    /// Newest first is descending.
    pub order: Order,
    /// JSON instead of lines.
    pub json: Option<JsonOptions>,
    /// Every cached repository.
    pub all_repos: bool,
}

/// `cache compact`.
#[derive(Debug)]
pub struct CompactOptions {
    /// Forget what changed before.
    pub prune_before: Option<When>,
    /// Say, and do nothing.
    pub dry_run: bool,
}

/// `cache export`.
#[derive(Debug)]
pub struct ExportOptions {
    /// Events instead of trackers.
    pub events: bool,
    /// The form.
    pub format: ExportFormat,
}

/// gh's words, and what may be chosen.
const NO_FORMAT: &str =
    "required flag(s) \"format\" not set\nChoose `--format ndjson`, `--format csv` or `--format sql`.";

/// The forms of an export.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "named as the words of --format are")]
pub enum ExportFormat {
    Ndjson,
    Csv,
    Sql,
}

/// `cache clear`.
#[derive(Debug)]
pub struct ClearOptions {
    /// Every repository.
    pub all: bool,
    /// Do not ask.
    pub yes: bool,
}

/// `init`.
#[derive(Debug)]
pub struct InitOptions {
    /// The workflow, too.
    pub workflow: bool,
    /// The branch that holds the manifest.
    pub branch: Option<String>,
    /// Show, and write nothing.
    pub dry_run: bool,
    /// Replace what is there and differs.
    pub force: bool,
}

/// The options of one command.
///
/// # Errors
/// A value that does not fit, in gh's words.
pub fn read(spec: &'static Spec, flags: &Flags, clock: Clock<'_>) -> Result<Command, Error> {
    let reader = Reader { spec, flags, clock };
    Ok(match spec.path {
        "gh pmu release list" => Command::List(reader.list(Kind::Release)?),
        "gh pmu microsprint list" => Command::List(reader.list(Kind::Microsprint)?),
        "gh pmu cache sync" => Command::Sync { force: flags.switch("force") },
        "gh pmu cache status" => {
            Command::Status(StatusOptions { json: flags.switch("json"), check: flags.switch("check") })
        }
        "gh pmu cache history" => Command::History(reader.history()?),
        "gh pmu cache compact" => Command::Compact(CompactOptions {
            prune_before: reader.when("prune-before")?,
            dry_run: flags.switch("dry-run"),
        }),
        "gh pmu cache verify" => Command::Verify { json: flags.switch("json") },
        "gh pmu cache repair" => Command::Repair,
        "gh pmu cache rebuild" => Command::Rebuild,
        "gh pmu cache export" => Command::Export(reader.export()?),
        "gh pmu cache clear" => Command::Clear(ClearOptions { all: flags.switch("all"), yes: flags.switch("yes") }),
        "gh pmu init" => Command::Init(reader.init()?),
        _ => Command::Help(HelpPage(spec)),
    })
}

struct Reader<'r> {
    spec: &'static Spec,
    flags: &'r Flags,
    clock: Clock<'r>,
}

impl Reader<'_> {
    fn list(&self, kind: Kind) -> Result<ListOptions, Error> {
        let state = match self.flags.word("state") {
            Some("open") => Some(State::Open),
            Some("closed") => Some(State::Closed),
            _ => None,
        };
        let sort = match self.flags.word("sort") {
            Some("created") => SortBy::Created,
            Some("closed") => SortBy::Closed,
            Some("title") => SortBy::Title,
            Some("version") => SortBy::Version,
            _ => SortBy::Number,
        };
        let conflict = ["json", "all-repos", "as-of"].into_iter().find(|flag| self.flags.text(flag).is_some());
        if let (true, Some(flag)) = (self.flags.switch("web"), conflict) {
            return Err(plainly_wrong(format!("cannot use `--web` with `--{flag}`")));
        }
        let as_of = self.when("as-of")?.zip(self.flags.text("as-of").map(str::to_owned));
        Ok(ListOptions {
            kind,
            state,
            search: self.flags.text("search").map(str::to_owned).filter(|text| !text.trim().is_empty()),
            created: self.range("created")?,
            closed: self.range("closed")?,
            sort,
            order: self.order(),
            limit: self.limit()?,
            as_of,
            refresh: self.flags.switch("refresh"),
            web: self.flags.switch("web"),
            json: self.json()?,
            all_repos: self.flags.switch("all-repos"),
        })
    }

    fn history(&self) -> Result<HistoryOptions, Error> {
        let kind = match self.flags.word("kind") {
            Some("release") => Some(Kind::Release),
            Some("microsprint") => Some(Kind::Microsprint),
            _ => None,
        };
        let events = self.flags.list("event").unwrap_or_default();
        Ok(HistoryOptions {
            since: self.when("since")?,
            until: self.when("until")?,
            number: self.number()?,
            kind,
            events: events.iter().filter_map(|word| find(spec::EVENTS, word)).collect(),
            limit: self.limit()?,
            order: self.order(),
            json: self.json()?,
            all_repos: self.flags.switch("all-repos"),
        })
    }

    fn export(&self) -> Result<ExportOptions, Error> {
        let format = match self.flags.word("format") {
            Some("ndjson") => ExportFormat::Ndjson,
            Some("csv") => ExportFormat::Csv,
            Some(_) => ExportFormat::Sql,
            None => return Err(plainly_wrong(NO_FORMAT.to_owned())),
        };
        Ok(ExportOptions { events: self.flags.switch("events"), format })
    }

    fn init(&self) -> Result<InitOptions, Error> {
        let branch = self.flags.text("branch");
        if let Some(name) = branch.filter(|name| !is_branch(name)) {
            return Err(self.wrong(self.flags.invalid("branch", name, "not the name of a branch")));
        }
        Ok(InitOptions {
            workflow: self.flags.switch("workflow"),
            branch: branch.map(str::to_owned),
            dry_run: self.flags.switch("dry-run"),
            force: self.flags.switch("force"),
        })
    }

    fn order(&self) -> Order {
        match self.flags.word("order") {
            Some("asc") => Order::Ascending,
            _ => Order::Descending,
        }
    }

    fn limit(&self) -> Result<Option<u64>, Error> {
        let Some(text) = self.flags.text("limit") else { return Ok(None) };
        match self.integer("limit", text)? {
            limit if limit < 1 => Err(self.wrong(format!("invalid limit: {limit}"))),
            limit => Ok(Some(limit.unsigned_abs())),
        }
    }

    fn number(&self) -> Result<Option<TrackerNumber>, Error> {
        let Some(text) = self.flags.text("number") else { return Ok(None) };
        let number = self.integer("number", text.strip_prefix('#').unwrap_or(text))?;
        match u64::try_from(number).ok().and_then(TrackerNumber::new) {
            Some(number) => Ok(Some(number)),
            None => Err(self.wrong(format!("invalid number: {number}"))),
        }
    }

    fn integer(&self, flag: &str, text: &str) -> Result<i64, Error> {
        text.parse().map_err(|error: std::num::ParseIntError| {
            use std::num::IntErrorKind::{NegOverflow, PosOverflow};
            let reason = match error.kind() {
                PosOverflow | NegOverflow => "value out of range",
                _ => "invalid syntax",
            };
            self.wrong(self.flags.invalid(flag, text, &format!("strconv.ParseInt: parsing {text:?}: {reason}")))
        })
    }

    fn range(&self, flag: &str) -> Result<Option<TimeRange>, Error> {
        let Some(text) = self.flags.text(flag) else { return Ok(None) };
        range::parse(text).map(Some).map_err(|reason| self.wrong(self.flags.invalid(flag, text, &reason)))
    }

    fn when(&self, flag: &str) -> Result<Option<When>, Error> {
        let Some(text) = self.flags.text(flag) else { return Ok(None) };
        let wrong = |reason: &str| self.wrong(self.flags.invalid(flag, text, reason));
        match When::parse(text, self.clock.now, self.clock.zone) {
            Ok(When::Last) if flag != "since" => Err(wrong("only `--since` knows `last`")),
            Ok(when) => Ok(Some(when)),
            Err(reason) => Err(wrong(&reason)),
        }
    }

    fn json(&self) -> Result<Option<JsonOptions>, Error> {
        let known = self.spec.json_fields;
        let Some(names) = self.flags.list("json") else {
            return match ["jq", "template"].into_iter().find(|flag| self.flags.text(flag).is_some()) {
                Some(flag) => Err(plainly_wrong(format!("cannot use `--{flag}` without specifying `--json`"))),
                None => Ok(None),
            };
        };
        let shape = match (self.flags.text("jq"), self.flags.text("template")) {
            (None, None) => JsonShape::Plain,
            (Some(expression), None) => JsonShape::Jq(expression.to_owned()),
            (None, Some(template)) => JsonShape::Template(template.to_owned()),
            (Some(_), Some(_)) => return Err(self.wrong("only one of `--jq` or `--template` may be used".to_owned())),
        };
        if names.is_empty() {
            let list = help::field_list(known);
            return Err(plainly_wrong(format!("Specify one or more comma-separated fields for `--json`:{list}")));
        }
        let mut fields = Vec::with_capacity(names.len());
        for name in names {
            match known.iter().find(|field| **field == name) {
                Some(field) => fields.push(*field),
                None => {
                    let list = help::field_list(known);
                    return Err(plainly_wrong(format!("Unknown JSON field: {name:?}\nAvailable fields:{list}")));
                }
            }
        }
        fields.sort_unstable();
        fields.dedup();
        Ok(Some(JsonOptions { fields, shape }))
    }

    fn wrong(&self, message: String) -> Error {
        wrong(self.spec, message)
    }
}
