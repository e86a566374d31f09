//! What the command line offers, as data: commands, flags, help texts. Owns the words; must not know how they are
//! parsed ([`super::flags`]) or laid out ([`super::help`]).

/// One flag.
pub struct Flag {
    pub long: &'static str,
    pub short: Option<char>,
    /// What help calls the value; `None` for a switch.
    pub value: Option<&'static str>,
    /// The words a value may be; empty for any text.
    pub words: &'static [&'static str],
    pub help: &'static str,
}

impl Flag {
    /// Whether the value is a comma-separated list, and the flag can be given more than once.
    pub fn is_list(&self) -> bool {
        matches!(self.value, Some("strings" | "fields"))
    }
}

/// One command, or a group of them.
pub struct Spec {
    pub name: &'static str,
    pub aliases: &'static [&'static str],
    /// The whole of it as users type it, `gh pmu release list`.
    pub path: &'static str,
    pub short: &'static str,
    pub long: &'static str,
    pub flags: &'static [Flag],
    pub json_fields: &'static [&'static str],
    pub examples: &'static str,
    pub commands: &'static [&'static Spec],
}

/// Inherited by every command.
pub const REPO: Flag = Flag {
    long: "repo",
    short: Some('R'),
    value: Some("[HOST/]OWNER/REPO"),
    words: &[],
    help: "Select another repository using the [HOST/]OWNER/REPO format",
};
pub const HELP: Flag = switch("help", "Show help for command");
pub const VERSION: Flag = switch("version", "Show gh pmu version");

pub const STATES: &[&str] = &["open", "closed", "all"];
pub const SORTS: &[&str] = &["number", "created", "closed", "title", "version"];
pub const ORDERS: &[&str] = &["asc", "desc"];
pub const KINDS: &[&str] = &["release", "microsprint"];
pub const EVENTS: &[&str] = &["added", "closed", "reopened", "retitled", "redated", "removed"];
pub const FORMATS: &[&str] = &["ndjson", "csv", "sql"];

/// In alphabetical order, as help and error messages list them.
pub const TRACKER_FIELDS: &[&str] = &[
    "closedAt",
    "codename",
    "createdAt",
    "kind",
    "name",
    "number",
    "repo",
    "state",
    "status",
    "title",
    "url",
    "version",
];
/// In alphabetical order.
pub const EVENT_FIELDS: &[&str] = &[
    "after",
    "before",
    "changedAt",
    "commit",
    "event",
    "kind",
    "manifest",
    "number",
    "repo",
    "seq",
    "source",
    "syncedAt",
    "title",
];

const fn switch(long: &'static str, help: &'static str) -> Flag {
    Flag { long, short: None, value: None, words: &[], help }
}

const fn text(long: &'static str, short: Option<char>, value: &'static str, help: &'static str) -> Flag {
    Flag { long, short, value: Some(value), words: &[], help }
}

const fn word(long: &'static str, short: Option<char>, words: &'static [&'static str], help: &'static str) -> Flag {
    Flag { long, short, value: Some("string"), words, help }
}

const ALL_REPOS: Flag = switch("all-repos", "List every cached repository");
const LIMIT: Flag = text("limit", Some('L'), "int", "Maximum number to list (default all)");
const JSON: Flag = text("json", None, "fields", "Output JSON with the specified fields");
const JQ: Flag = text("jq", Some('q'), "expression", "Filter JSON output using a jq expression");
const TEMPLATE: Flag =
    text("template", Some('t'), "string", "Format JSON output using a Go template; see \"gh help formatting\"");

/// In the order of help: alphabetical by name, as gh's.
const LIST_FLAGS: &[Flag] = &[
    ALL_REPOS,
    text("as-of", None, "when", "List as it was then: a time, date, age such as 3d, or event @N"),
    text("closed", None, "range", "Filter by closing date, such as 2024-12-01..2024-12-31"),
    text("created", None, "range", "Filter by creation date, such as >=2024-12-01"),
    JQ,
    JSON,
    LIMIT,
    word("order", None, ORDERS, "Order of the list: {asc|desc} (default \"desc\")"),
    switch("refresh", "Ask GitHub now, and record the answer"),
    text("search", Some('S'), "text", "Filter by words in the title"),
    word("sort", None, SORTS, "Sort by: {number|created|closed|title|version} (default \"number\")"),
    word("state", Some('s'), STATES, "Filter by state: {open|closed|all} (default \"all\")"),
    TEMPLATE,
    Flag { short: Some('w'), ..switch("web", "List in the web browser") },
];

const RELEASE_LIST: Spec = Spec {
    name: "list",
    aliases: &["ls"],
    path: "gh pmu release list",
    short: "List release trackers",
    long: "List the release trackers of a repository from the cache.\n\n\
           Where nothing is cached, GitHub is asked. When it gives no answer to --refresh, the cache is shown, and\n\
           the exit status is not 0.",
    flags: LIST_FLAGS,
    json_fields: TRACKER_FIELDS,
    examples: "$ gh pmu release list --state open\n\
               $ gh pmu release list --search phoenix --limit 5\n\
               $ gh pmu release list --closed '>=2024-12-01' --json number,version\n\
               $ gh pmu release list --as-of 2024-12-24",
    commands: &[],
};

const MICROSPRINT_LIST: Spec = Spec {
    name: "list",
    aliases: &["ls"],
    path: "gh pmu microsprint list",
    short: "List microsprint trackers",
    long: "List the microsprint trackers of a repository from the cache.\n\n\
           Where nothing is cached, GitHub is asked. When it gives no answer to --refresh, the cache is shown, and\n\
           the exit status is not 0.",
    flags: LIST_FLAGS,
    json_fields: TRACKER_FIELDS,
    examples: "$ gh pmu microsprint list --state open\n\
               $ gh pmu microsprint list --all-repos --created 2024-12-01..2024-12-31\n\
               $ gh pmu microsprint list --json number,name --jq '.[].name'\n\
               $ gh pmu microsprint list --json number,name --template '{{range .}}{{tablerow .number .name}}{{end}}'",
    commands: &[],
};

const RELEASE: Spec = Spec {
    examples: "$ gh pmu release list --state open\n$ gh pmu release list --as-of 2024-12-24",
    ..group("release", "gh pmu release", "List releases", &[&RELEASE_LIST])
};
const MICROSPRINT: Spec = Spec {
    examples: "$ gh pmu microsprint list --state open",
    ..group("microsprint", "gh pmu microsprint", "List microsprints", &[&MICROSPRINT_LIST])
};
const CACHE: Spec = Spec {
    examples: "$ gh pmu cache status\n$ gh pmu cache history --since yesterday\n$ gh pmu cache sync",
    ..group(
        "cache",
        "gh pmu cache",
        "Work with the cache of trackers",
        &[&CLEAR, &COMPACT, &EXPORT, &HISTORY, &REBUILD, &REPAIR, &STATUS, &SYNC, &VERIFY],
    )
};

/// The program itself.
pub const ROOT: Spec = Spec {
    long: "List the release and microsprint trackers of a repository, and what changed, from a local cache.",
    flags: &[VERSION],
    examples: "$ gh pmu release list\n$ gh pmu microsprint list --state open\n$ gh pmu cache history --since yesterday",
    ..group("gh-pmu", "gh pmu", "List release and microsprint trackers", &[&CACHE, &INIT, &MICROSPRINT, &RELEASE])
};

const fn group(
    name: &'static str,
    path: &'static str,
    short: &'static str,
    commands: &'static [&'static Spec],
) -> Spec {
    Spec { name, aliases: &[], path, short, long: "", flags: &[], json_fields: &[], examples: "", commands }
}

const fn command(
    name: &'static str,
    path: &'static str,
    short: &'static str,
    long: &'static str,
    flags: &'static [Flag],
    examples: &'static str,
) -> Spec {
    Spec { name, aliases: &[], path, short, long, flags, json_fields: &[], examples, commands: &[] }
}

const INIT: Spec = command(
    "init",
    "gh pmu init",
    "Set a repository up",
    "Write the cache section into .gh-pmu.yml at the root of the checkout, and with --workflow the workflow\n\
     that keeps the manifest. Nothing else in the file is touched, and doing it twice changes nothing.\n\n\
     Where the default branch is protected, --branch keeps the manifest on a branch of its own.",
    &[
        text("branch", None, "name", "Keep the manifest on this branch"),
        switch("dry-run", "Show what would change, and write nothing"),
        switch("force", "Replace a section or a workflow that stands in the way"),
        switch("workflow", "Also write .github/workflows/pmu-cache.yml"),
    ],
    "$ gh pmu init\n$ gh pmu init --workflow --dry-run\n$ gh pmu init --workflow --branch pmu-cache",
);

const SYNC: Spec = command(
    "sync",
    "gh pmu cache sync",
    "Sync the cache from the manifest",
    "Read the manifest, compare it with the cache and record what changed. Without a checkout that has one,\n\
     GitHub is asked: for the manifest on its default branch, else for the issues.\n\n\
     A manifest that is older than what is cached changes nothing, unless it is forced.",
    &[switch("force", "Apply the manifest even if it is older than the cache")],
    "$ gh pmu cache sync",
);

const STATUS: Spec = command(
    "status",
    "gh pmu cache status",
    "Show what is cached and how fresh it is",
    "Show what is cached of each repository, and how fresh it is.",
    &[switch("check", "Exit with status 1 when the cache is stale or missing"), switch("json", "Output JSON")],
    "$ gh pmu cache status\n$ gh pmu cache status --check || gh pmu cache sync",
);

const HISTORY: Spec = Spec {
    json_fields: EVENT_FIELDS,
    ..command(
        "history",
        "gh pmu cache history",
        "Show what changed",
        "Show what changed, newest first.\n\n\
         A moment is a time, a date, an age such as 90m, 36h, 3d or 2w, \"yesterday\", \"3 days ago\",\n\
         @412 (event 412) or, for --since, \"last\": when --since last was used last.",
        &[
            switch("all-repos", "Show every cached repository"),
            Flag {
                value: Some("strings"),
                ..word("event", None, EVENTS, "Filter by event: {added|closed|reopened|retitled|redated|removed}")
            },
            JQ,
            JSON,
            word("kind", None, KINDS, "Filter by kind: {release|microsprint}"),
            LIMIT,
            text("number", None, "int", "Filter by the tracker's number"),
            word("order", None, ORDERS, "Order of the events: {asc|desc} (default \"desc\")"),
            text("since", None, "when", "Show what changed after that moment"),
            TEMPLATE,
            text("until", None, "when", "Show what changed up to and at that moment"),
        ],
        "$ gh pmu cache history --since yesterday\n\
         $ gh pmu cache history --number 430\n\
         $ gh pmu cache history --event closed,reopened --json number,changedAt",
    )
};

const COMPACT: Spec = command(
    "compact",
    "gh pmu cache compact",
    "Fold recent changes into a new snapshot",
    "Fold the changes since the last snapshot into a new one. All history stays, unless told to prune.",
    &[
        switch("dry-run", "Say what would be done, and do nothing"),
        text("prune-before", None, "when", "Forget what changed before a time, date, age such as 90d, or event @N"),
    ],
    "$ gh pmu cache compact\n$ gh pmu cache compact --prune-before 2024-01-01 --dry-run",
);

const VERIFY: Spec = command(
    "verify",
    "gh pmu cache verify",
    "Read every byte of the cache and report damage",
    "Read every byte of the cache and report damage. Changes nothing; exits with status 1 when there is any.",
    &[switch("json", "Output JSON")],
    "$ gh pmu cache verify",
);

const REPAIR: Spec = command(
    "repair",
    "gh pmu cache repair",
    "Mend a damaged cache",
    "Keep what verifies, keep the damaged bytes aside, and rebuild the rest from the manifest and git.",
    &[],
    "$ gh pmu cache repair",
);

const REBUILD: Spec = command(
    "rebuild",
    "gh pmu cache rebuild",
    "Rebuild the cache from the manifest's git history",
    "Replace the cache by the full history of the manifest in git, then the working tree.",
    &[],
    "$ gh pmu cache rebuild",
);

const EXPORT: Spec = command(
    "export",
    "gh pmu cache export",
    "Export trackers or events",
    "Write all trackers or events to standard output.",
    &[
        switch("events", "Export events instead of trackers"),
        word("format", None, FORMATS, "Output format: {ndjson|csv|sql}"),
    ],
    "$ gh pmu cache export --format sql | sqlite3 cache.db\n$ gh pmu cache export --events --format ndjson",
);

const CLEAR: Spec = command(
    "clear",
    "gh pmu cache clear",
    "Remove the cache of a repository, or of all",
    "Remove the cache of a repository, or of all. Only the cache's own files are removed.",
    &[switch("all", "Remove the cache of every repository"), switch("yes", "Skip the confirmation prompt")],
    "$ gh pmu cache clear\n$ gh pmu cache clear --all --yes",
);
