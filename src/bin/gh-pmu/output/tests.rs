use super::*;
use crate::cli::{JsonOptions, JsonShape};
use crate::config::PagerCommand;
use gh_pmu::model::{Change, Event, Kind, Repo, Seq, State, Times, Tracker, TrackerNumber};
use gh_pmu::query::Order;
use jiff::tz::TimeZone;
use std::io;
use style::Palette;

mod histories;

fn at(text: &str) -> UnixMillis {
    UnixMillis::parse_rfc3339(text).unwrap()
}

fn repo() -> Repo {
    Repo::parse("o/r", Repo::DEFAULT_HOST).unwrap()
}

/// Compares a screen with the one that was accepted, in `snapshots/`.
#[track_caller]
#[allow(clippy::disallowed_macros, reason = "the macro asks for the workspace's root")]
fn assert_snapshot(name: &str, screen: &str) {
    insta::assert_snapshot!(name, screen);
}

fn no_pager() -> Option<PagerCommand> {
    None
}

/// What `print` writes to both streams.
fn printed(terminal: Terminal, print: impl FnOnce(&mut Output<'_>) -> Result<(), Error>) -> (String, String) {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let mut output = Output::new(&mut out, &mut err, terminal, &no_pager, at("2024-12-24T10:00:00Z"));
    if let Err(error) = print(&mut output) {
        output.error(&error);
    }
    (String::from_utf8(out).unwrap(), String::from_utf8(err).unwrap())
}

fn shape(jq: Option<&str>) -> JsonShape {
    jq.map_or(JsonShape::Plain, |expression| JsonShape::Jq(expression.to_owned()))
}

fn piped() -> Terminal {
    Terminal::default()
}

fn colorless(width: usize) -> Terminal {
    Terminal::of_width(width, Palette::Off)
}

fn tracker(kind: Kind, number: u64, title: &'static str, closed: Option<&str>) -> Tracker<'static> {
    Tracker {
        kind,
        number: TrackerNumber::new(number).unwrap(),
        state: if closed.is_some() { State::Closed } else { State::Open },
        title: title.into(),
        created_at: Some(at("2024-12-20T08:00:00Z")),
        closed_at: closed.map(at),
    }
}

fn releases() -> Vec<Tracker<'static>> {
    vec![
        tracker(Kind::Release, 430, "Release: v1.0.0 (Phoenix)", None),
        tracker(Kind::Release, 9, "Release: a\ttab & \u{202e}evil\x1b[31m", Some("2024-12-21T09:00:00Z")),
    ]
}

struct Asked<'a> {
    trackers: &'a [Tracker<'static>],
    all_repos: bool,
    json: Option<JsonOptions>,
    head: Option<ListHead<'a>>,
}

fn listed(terminal: Terminal, asked: Asked<'_>) -> (String, String) {
    let repo = repo();
    let kind = asked.trackers.first().map_or(Kind::Release, |tracker| tracker.kind);
    let total = asked.trackers.len() as u64;
    let place = if asked.all_repos { Place::Many(None) } else { Place::One(&repo) };
    let head = ListHead { place, kind, state: None, searched: false, total, moments: "", age: None };
    let head = asked.head.map_or(head, |given| ListHead { place, ..given });
    let row = |tracker: &Tracker<'static>| Ok::<_, Error>(Row { repo: &repo, tracker: tracker.clone() });
    printed(terminal, |output| output.list(&head, asked.json.as_ref(), asked.trackers.iter().map(row)))
}

fn plainly<'a>(trackers: &'a [Tracker<'static>]) -> Asked<'a> {
    Asked { trackers, all_repos: false, json: None, head: None }
}

fn with_json<'a>(trackers: &'a [Tracker<'static>], fields: &[&'static str], jq: Option<&str>) -> Asked<'a> {
    let json = JsonOptions { fields: fields.to_vec(), shape: shape(jq) };
    Asked { json: Some(json), ..plainly(trackers) }
}

#[test]
fn a_piped_list_is_tab_separated_and_uncut() {
    let trackers = releases();
    assert_eq!(
        listed(piped(), plainly(&trackers)).0,
        "430\tOPEN\tRelease: v1.0.0 (Phoenix)\t2024-12-20T08:00:00Z\t\n\
         9\tCLOSED\tRelease: a tab & \u{202e}evil^[[31m\t2024-12-20T08:00:00Z\t2024-12-21T09:00:00Z\n"
    );
    let all = Asked { all_repos: true, ..plainly(&trackers[..1]) };
    assert!(listed(piped(), all).0.starts_with("o/r\t430\tOPEN\t"));
}

#[test]
fn a_list_on_a_terminal_is_a_fitted_table_of_safe_text() {
    let trackers = releases();
    let expected = "
Showing 2 of 2 releases in o/r

VERSION                     CODENAME  TRACKER  STATUS    CREATED           CLOSED          
v1.0.0                      Phoenix   #430     Active    about 4 days ago  
a tab & \\u{202e}evil^[[31m            #9       Released  about 4 days ago  about 3 days ago
";
    assert_eq!(listed(colorless(120), plainly(&trackers)).0.replace(" \n", "\n"), expected.replace(" \n", "\n"));
    let narrow = listed(colorless(60), plainly(&trackers)).0;
    assert!(narrow.lines().skip(3).all(|line| unicode_width::UnicodeWidthStr::width(line) <= 60), "{narrow}");
}

#[test]
fn microsprints_have_names_and_their_own_words() {
    let trackers = [tracker(Kind::Microsprint, 425, "Microsprint: cache-impl", Some("2024-12-23T10:00:00Z"))];
    let text = listed(colorless(100), plainly(&trackers)).0;
    assert!(text.contains("Showing 1 of 1 microsprint in o/r"), "{text}");
    assert!(text.contains("\nNAME        TRACKER  STATUS  CREATED           CLOSED"), "{text}");
    assert!(text.contains("\ncache-impl  #425     Closed  about 4 days ago  about 1 day ago\n"), "{text}");
    let all = listed(colorless(100), Asked { all_repos: true, ..plainly(&trackers) }).0;
    assert!(all.contains(" in all cached repositories\n\nREPO  NAME") && all.contains("\no/r   cache-impl"), "{all}");
}

#[test]
fn the_line_above_says_what_is_shown() {
    let trackers = releases();
    let head = ListHead {
        place: Place::Many(None),
        kind: Kind::Release,
        state: Some(State::Open),
        searched: true,
        total: 9,
        moments: " as of @412",
        age: None,
    };
    let text = listed(colorless(100), Asked { head: Some(head), ..plainly(&trackers) }).0;
    assert!(text.starts_with("\nShowing 2 of 9 open releases in o/r that match your search as of @412\n\n"), "{text}");
}

#[test]
fn a_table_fits_terminals_of_every_width() {
    let mut trackers = releases();
    trackers[0].title = "Release: v1.10.0-rc.1 (Phoenix of the northern lights)".into();
    trackers[0].created_at = Some(at("2023-11-20T08:00:00Z"));
    trackers.push(tracker(Kind::Release, 8, "Release: 日本語 a name without a number that is long", None));
    let age = Age {
        from: From::Manifest,
        count: 1,
        oldest: at("2024-12-24T08:00:00Z"),
        newest: at("2024-12-24T08:00:00Z"),
        is_doubtful: false,
        can_pull: false,
    };
    let head = ListHead {
        place: Place::Many(None),
        kind: Kind::Release,
        state: None,
        searched: false,
        total: 3,
        moments: "",
        age: Some(age),
    };
    let shown = [120, 80, 60, 40, 30].map(|width| {
        let text = listed(colorless(width), Asked { head: Some(head), ..plainly(&trackers) }).0;
        let widest = text.lines().map(unicode_width::UnicodeWidthStr::width).max();
        assert!(widest <= Some(width), "{width}: {text}");
        text.lines().map(|line| line.trim_end().to_owned() + "\n").collect::<String>()
    });
    assert_snapshot("a_table_fits_terminals_of_every_width", &shown.join("----"));
}

#[test]
fn a_title_that_is_a_codename_alone_is_shown_at_every_width() {
    let mut trackers = releases();
    trackers.push(tracker(Kind::Release, 8, "Release: (Osprey)", None));
    for width in [120, 60, 40, 30, 24] {
        let text = listed(colorless(width), plainly(&trackers)).0;
        assert!(text.contains("Osprey"), "{width}: {text}");
    }
}

#[test]
fn the_age_of_what_is_shown_warns_where_it_is_doubtful() {
    let age = |is_doubtful, can_pull, oldest: &str| Age {
        from: From::Github,
        count: 2,
        oldest: at(oldest),
        newest: at("2024-12-24T09:55:00Z"),
        is_doubtful,
        can_pull,
    };
    let heading =
        |age| printed(Terminal::of_width(120, Palette::Ansi), |output| output.line(&output.heading("x", Some(&age)))).0;
    let plain = |age| printed(colorless(120), |output| output.line(&output.heading("x", Some(&age)))).0;
    assert!(heading(age(false, false, "2024-12-24T09:55:00Z")).contains("90m"), "grey");
    assert!(heading(age(true, false, "2024-12-24T09:55:00Z")).contains("33m"), "yellow");
    assert_eq!(
        plain(age(false, false, "2024-12-21T09:55:00Z")),
        "\nx · GitHub's answers of 5 minutes ago to 3 days ago\n\n\n"
    );
    assert!(plain(age(false, true, "2024-12-24T09:55:00Z")).contains(" ago; `git pull` would bring a newer one\n"));
}

#[test]
fn states_are_green_and_magenta_where_there_is_colour() {
    let text = listed(Terminal::of_width(120, Palette::Ansi), plainly(&releases())).0;
    assert!(text.contains("\x1b[0;32m#430   \x1b[0m") && text.contains("\x1b[0;35mReleased\x1b[0m"), "{text:?}");
    assert!(text.contains("\x1b[0;2;4;39mVERSION"), "{text:?}");
}

#[test]
fn no_trackers_are_a_sentence_for_people_and_nothing_for_scripts() {
    assert_eq!(listed(piped(), plainly(&[])), (String::new(), String::new()));
    assert_eq!(listed(colorless(80), plainly(&[])), (String::new(), "no releases in o/r\n".to_owned()));
    let head = ListHead {
        place: Place::Many(None),
        kind: Kind::Microsprint,
        state: Some(State::Open),
        searched: true,
        total: 0,
        moments: "",
        age: None,
    };
    let (_, note) = listed(colorless(80), Asked { head: Some(head), ..plainly(&[]) });
    assert_eq!(note, "no open microsprints match your search in o/r\n");
    assert_eq!(listed(piped(), with_json(&[], &["number"], None)).0, "[]\n");
}

#[test]
fn json_is_one_line_with_sorted_keys() {
    let fields = TrackerField::NAMES;
    let text = listed(piped(), with_json(&releases()[..1], fields, None)).0;
    assert_eq!(
        text,
        "[{\"branch\":\"v1.0.0\",\"closedAt\":null,\"codename\":\"Phoenix\",\"createdAt\":\"2024-12-20T08:00:00Z\",\"kind\":\"release\",\
         \"name\":\"v1.0.0 (Phoenix)\",\"number\":430,\"repo\":\"o/r\",\"state\":\"OPEN\",\"status\":\"Active\",\
         \"title\":\"Release: v1.0.0 (Phoenix)\",\"track\":null,\"url\":\"https://github.com/o/r/issues/430\",\"version\":\"v1.0.0\"}]\n"
    );
    let text = listed(piped(), with_json(&releases(), &["number", "version"], None)).0;
    assert_eq!(text, "[{\"number\":430,\"version\":\"v1.0.0\"},{\"number\":9,\"version\":null}]\n");
}

#[test]
fn json_on_a_terminal_is_safe_and_laid_out_in_colour() {
    let trackers = releases();
    let asked = || with_json(&trackers[1..], &["title"], None);
    assert_eq!(listed(colorless(80), asked()).0, "[{\"title\":\"Release: a\\ttab & \\u202eevil\\u001b[31m\"}]\n");
    let colored = listed(Terminal::of_width(80, Palette::Ansi), asked()).0;
    assert!(
        colored.starts_with("\x1b[1;38m[\x1b[m\n  \x1b[1;38m{\x1b[m\n    \x1b[1;34m\"title\"\x1b[m"),
        "{colored:?}"
    );
}

fn jq(expression: &str, json: &str) -> (String, String) {
    printed(piped(), |output| output.jq(expression, json.as_bytes()))
}

/// Each was run with `gh api --jq`.
#[test]
fn jq_functions_answer_as_gh_s_do() {
    let json = "{\"a\":[1,2,{\"b\":\"x y\"}],\"t\":\"a/b?c=d&e é~!*()'-_.\"}";
    for (expression, expected) in [
        (".t|@uri", "a%2Fb%3Fc%3Dd%26e+%C3%A9~%21%2A%28%29%27-_.\n"),
        ("[leaf_paths]", "[[\"a\",0],[\"a\",1],[\"a\",2,\"b\"],[\"t\"]]\n"),
        ("INDEX(.a[]?;tostring)", "{\"1\":1,\"2\":2,\"{\\\"b\\\":\\\"x y\\\"}\":{\"b\":\"x y\"}}\n"),
        (".a[:2]|INDEX(.)", "{\"1\":1,\"2\":2}\n"),
        ("def f: if . > 100000 then . else . + 1 | f end; 0 | f", "100001\n"),
        ("[limit(3; def f: ., (. + 1 | f); 1 | f)]", "[1,2,3]\n"),
        ("\"[1,{}]\" | fromjson", "[1,{}]\n"),
        ("def x: 1; def y: x + 1; [x, y, (def z: 3; z)]", "[1,2,3]\n"),
        ("[\"a\", null, 1, true] | join(\"-\"), ([] | join(\"-\"))", "a--1-true\n\n"),
        ("infinite, -infinite, ([infinite, 1] | min)", "+Inf\n-Inf\n1\n"),
    ] {
        assert_eq!(jq(expression, json), (expected.to_owned(), String::new()), "{expression}");
    }
    for (expression, expected) in [
        ("1 / 0", "cannot divide"),
        (".a[0] / 0", "cannot divide"),
        ("[1, infinite]", "json: unsupported value: +Inf"),
        ("{a: -infinite}", "json: unsupported value: -Inf"),
        ("[nan]", "json: unsupported value: NaN"),
        ("\"x\" | halt_error", "error: x"),
        ("{a:1} | halt_error", "error: {\"a\":1}"),
        ("\"x\" | halt_error(3)", "error: x"),
        ("import \"x\" as $x; $x", "cannot load module: \"x\""),
        ("include \"x\"; .", "cannot load module: \"x\""),
    ] {
        let said = jq(expression, json).1;
        assert!(said.contains(expected), "{expression}: {said}");
    }
}

#[test]
fn an_expression_that_would_use_up_the_stack_is_stopped() {
    let deep = serde_json::to_string(&"[".repeat(60_000)).unwrap();
    for (expression, expected) in [
        ("def f: 1 + f; f", "the expression recurses too deep"),
        ("def f: [f]; def g: f; g", "the expression recurses too deep"),
        ("fromjson", "nested too deep"),
    ] {
        let said = jq(expression, &deep).1;
        assert!(said.contains(expected), "{expression}: {said}");
    }
}

#[test]
fn jq_results_are_written_as_gh_writes_them() {
    for (expression, expected) in [
        (".", "{\"a\":1,\"b\":[1.5,null,true],\"c\":\"x<y\"}\n"),
        (".c", "x<y\n"),
        (".nothing", "\n"),
        (".b[]", "1.50\n\ntrue\n"),
        (".a / 4, .a * 2.0, 10000000000000000000000", "0.25\n2\n10000000000000000000000\n"),
        ("[.a / 4, 2.0, 1e30]", "[0.25,2,1e+30]\n"),
        ("{z: 1, a: {y: 1, b: 2}}", "{\"a\":{\"b\":2,\"y\":1},\"z\":1}\n"),
        ("[\"a\\tb\", 1, null, true] | @tsv", "a\\tb\t1\t\ttrue\n"),
        ("[\"a\\\"b\", 1.5, null] | @csv", "\"a\"\"b\",1.5,\n"),
        ("@tsv \"x \\([1,2])\"", "x 1\t2\n"),
        (".a | IN(1, 2), IN(3)", "true\nfalse\n"),
        ("[1, [2]] | [tostream]", "[[[0],1],[[1,0],2],[[1,0]],[[1]]]\n"),
        ("\"v1.0\" | ltrimstr(\"v\"), (1 | ltrimstr(\"v\"))", "1.0\n1\n"),
        ("$ENV | has(\"PATH\")", "true\n"),
        ("env | type", "object\n"),
        ("empty", ""),
        ("\"a\", halt, \"b\"", "a\n"),
        ("def f: 1; f, (.c | test(\"^X\"; \"i\"))", "1\ntrue\n"),
    ] {
        let json = r#"{"c":"x<y","a":1,"b":[1.5,null,true]}"#;
        assert_eq!(jq(expression, json), (expected.to_owned(), String::new()), "{expression}");
    }
}

#[test]
fn jq_expressions_that_cannot_be_read_are_shown_with_their_place() {
    let (_, error) = jq(".a | [", "{}");
    assert!(error.starts_with("failed to parse jq expression (line 1, column 7)\n    .a | [\n          ^  unexpected end of input, expected "), "{error}");
    let (_, error) = jq(".a\n| )", "{}");
    assert!(
        error.starts_with("failed to parse jq expression (line 2, column 3)\n    | )\n      ^  unexpected"),
        "{error}"
    );
    assert_eq!(jq("nope(1)", "{}").1, "function not defined: nope/1\n");
    assert_eq!(jq("$nope", "{}").1, "variable not defined: $nope\n");
    assert_eq!(jq("input", "{}").1, "function not defined: input/0\n");
}

#[test]
fn a_jq_expression_that_fails_prints_what_came_before() {
    let (out, error) = jq("1, error(\"no\")", "{}");
    assert_eq!((out.as_str(), error.as_str()), ("1\n", "error: no\n"));
    assert_eq!(jq(".[]", "1").1, "cannot iterate over: number (1)\n");
}

#[test]
fn jq_on_a_terminal_is_safe_and_laid_out() {
    let terminal =
        |expression: &str| printed(colorless(80), |output| output.jq(expression, br#"{"t":"\u001b[31m\u202e"}"#)).0;
    assert_eq!(terminal(".t"), "^[[31m\\u{202e}\n");
    assert_eq!(terminal("."), "{\n  \"t\": \"\\u001b[31m\\u202e\"\n}\n");
    assert_eq!(terminal("\"a\\nb\""), "a\nb\n");
}

fn status(terminal: Terminal, form: StatusForm) -> (String, String) {
    let repo = repo();
    let one = RepoStatus {
        repo: &repo,
        path: "/c/github.com/o/r".as_ref(),
        releases: Counts { open: 3, closed: 97 },
        microsprints: Counts { open: 1, closed: 20 },
        seq: Seq(412),
        history_start: Seq(1),
        manifest_hash: Some("3f2a".to_owned()),
        manifest_updated_at: Some(at("2024-12-24T08:00:00Z")),
        synced_at: Some(at("2024-12-24T09:00:00Z")),
        checked_at: None,
        source: Some("manifest"),
        stale_reason: None,
        can_pull: false,
        history_hash: "77aa".to_owned(),
        published: 410,
        observed: 2,
        state_hash: "9c1b".to_owned(),
        log_bytes: 12_595,
        index_bytes: 800,
        tail_events: 1,
    };
    printed(terminal, |output| output.status(&Status { path: "/c".as_ref(), named: None, repos: vec![one] }, form))
}

#[test]
fn status_is_aligned_for_people() {
    let expected = "\
o/r
  path          /c/github.com/o/r
  releases      3 open, 97 closed
  microsprints  1 open, 20 closed
  last event    @412
  manifest      about 2 hours ago
  manifest hash 3f2a
  synced        about 1 hour ago, from manifest
  checked       never
  stale         no
  state hash    9c1b
  history hash  77aa
  published     410 events, and 2 observed here
  log           12.3 KiB (12595 bytes)
  snapshot      800 bytes
  tail          1 event
";
    assert_eq!(status(colorless(80), StatusForm::Verbose).0, expected);
    assert!(status(piped(), StatusForm::Verbose).0.contains("  manifest:       2024-12-24T08:00:00Z\n"));
    let empty = |output: &mut Output<'_>| {
        output.status(&Status { path: "/c".as_ref(), named: None, repos: vec![] }, StatusForm::Summary)
    };
    assert_eq!(printed(colorless(80), empty), (String::new(), "nothing is cached in /c\n".to_owned()));
}

#[test]
fn status_in_short_fits_the_terminal() {
    let expected = "\
o/r: up to date
  trackers  3 open and 97 closed releases, 1 open
            and 20 closed microsprints
  source    manifest of about 2 hours ago, synced
            about 1 hour ago, never checked
  history   412 events, 2 of them seen by this
            machine alone
  files     13.1 KiB in /c/github.com/o/r
";
    assert_eq!(status(colorless(50), StatusForm::Summary).0, expected);
    let lines = "
1 cached repository, none stale: 4 open and
117 closed trackers, 13.1 KiB

REPO  OPEN  CLOSED  EVENTS  AGE  STATUS    
o/r   4     117     412     2h   up to date
";
    assert_eq!(status(colorless(45), StatusForm::Lines).0, lines);
}

#[test]
fn status_in_json_has_the_documented_fields() {
    assert_eq!(
        status(piped(), StatusForm::Json).0,
        "{\"path\":\"/c\",\"backend\":\"log\",\"repos\":[{\"repo\":\"o/r\",\"trackers\":{\"release\":{\"open\":3,\
         \"closed\":97},\"microsprint\":{\"open\":1,\"closed\":20}},\"seq\":412,\"historyStart\":1,\"manifestHash\":\"3f2a\",\
         \"manifestUpdatedAt\":\"2024-12-24T08:00:00Z\",\"syncedAt\":\"2024-12-24T09:00:00Z\",\"checkedAt\":null,\
         \"source\":\"manifest\",\"stale\":false,\"staleReason\":null,\"stateHash\":\"9c1b\",\
         \"historyHash\":\"77aa\",\"published\":410,\"observed\":2,\"logBytes\":12595,\"indexBytes\":800,\
         \"tailEvents\":1}]}\n"
    );
}

#[test]
fn notes_are_for_people_and_warnings_and_errors_for_all() {
    let say = |output: &mut Output<'_>| {
        output.note("done");
        output.warn("odd\x1b[0m\nthing");
        Err(Error::new("no \u{202e}").with_hint("next"))
    };
    assert_eq!(printed(piped(), say).1, "! odd^[[0m thing\nno \\u{202e}\nnext\n");
    assert_eq!(printed(colorless(80), say).1, "done\n! odd^[[0m thing\nno \\u{202e}\nnext\n");
}

/// Takes some bytes, then fails as a pipe whose reader has gone.
struct Gone(usize);

impl io::Write for Gone {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = bytes.len().min(self.0);
        self.0 -= taken;
        if taken == 0 { Err(io::ErrorKind::BrokenPipe.into()) } else { Ok(taken) }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_closed_pipe_ends_every_form_in_silence() {
    let repo = repo();
    let trackers = releases();
    let many = || trackers.iter().cycle().take(5000);
    let row = |tracker: &Tracker<'static>| Ok::<_, Error>(Row { repo: &repo, tracker: tracker.clone() });
    let head = ListHead {
        place: Place::One(&repo),
        kind: Kind::Release,
        state: None,
        searched: false,
        total: 2,
        moments: "",
        age: None,
    };
    let json = |jq: Option<&str>| JsonOptions { fields: vec!["title"], shape: shape(jq) };
    for json in [None, Some(json(None)), Some(json(Some(".[].title")))] {
        for terminal in [piped(), colorless(80)] {
            let mut err = Vec::new();
            let mut gone = Gone(10);
            let mut output = Output::new(&mut gone, &mut err, terminal, &no_pager, at("2024-12-24T10:00:00Z"));
            assert_eq!(output.list(&head, json.as_ref(), many().map(row)), Err(Error::ClosedPipe));
            assert!(err.is_empty());
        }
    }
}

#[test]
fn a_full_disk_is_an_error() {
    struct Full;
    impl io::Write for Full {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::StorageFull.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let (mut full, mut err) = (Full, Vec::new());
    let mut output = Output::new(&mut full, &mut err, piped(), &no_pager, at("2024-12-24T10:00:00Z"));
    assert_eq!(output.line("x"), Err(Error::new("cannot write the output: no storage space")));
}

#[test]
fn only_yes_is_yes_and_nobody_is_asked_without_a_terminal() {
    assert!(["y", "Y\n", " yes "].into_iter().all(is_yes));
    assert!(!["", "n", "no", "yess", "\n"].into_iter().any(is_yes));
    let (_, error) = printed(piped(), |output| output.confirm("Remove it?", "yes"));
    assert_eq!(error, "--yes required when not running interactively\n");
}

#[test]
fn a_terminal_is_not_deceived_by_what_a_template_prints() {
    let template = r#"{{range .}}{{color "red" .title}}
{{end}}{{tablerow 1 "own\x1b[1m" "two\nlines"}}{{tablerow "a\tb"}}"#;
    let shape = || JsonShape::Template(template.to_owned());
    let json = || Some(JsonOptions { fields: vec!["title"], shape: shape() });
    let trackers = releases();
    let shown = |terminal| listed(terminal, Asked { json: json(), ..plainly(&trackers) }).0;
    assert_eq!(
        shown(piped()),
        "Release: v1.0.0 (Phoenix)\nRelease: a\ttab & \u{202e}evil^[[31m\n1    own\x1b[1m  two...\na b       \n"
    );
    let colored = shown(Terminal::of_width(80, Palette::Ansi));
    assert_eq!(
        colored,
        "\x1b[0;31mRelease: v1.0.0 (Phoenix)\x1b[0m\n\x1b[0;31mRelease: a\ttab & \\u{202e}evil^[[31m\x1b[0m\n\
         1    own\x1b[1m  two...\na b       \n"
    );
}
