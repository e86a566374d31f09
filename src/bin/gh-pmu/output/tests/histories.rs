//! What history, its lines and its counts look like.

use super::*;

fn events() -> Vec<(u64, Event<'static>)> {
    let open = Times { created_at: Some(at("2024-12-20T08:00:00Z")), closed_at: None };
    let shut = Times { closed_at: Some(at("2024-12-23T09:00:00Z")), ..open };
    let title = || "Release: v1.0.0".into();
    let event = |change| Event { kind: Kind::Release, number: TrackerNumber::new(430).unwrap(), change };
    vec![
        (6, event(Change::Removed { state: State::Closed, title: title(), times: shut })),
        (5, event(Change::Redated { state: State::Open, title: title(), before: open, after: shut })),
        (
            4,
            event(Change::Retitled {
                state: State::Open,
                before: "Release: v0.9 \x1b".into(),
                after: title(),
                times: open,
            }),
        ),
        (3, event(Change::Reopened { title: title(), before: shut, after: open })),
        (2, event(Change::Closed { title: title(), before: open, after: shut })),
        (1, event(Change::Added { state: State::Open, title: title(), times: open })),
    ]
}

fn row<'r>(repo: &'r Repo, seq: u64, event: Event<'static>, time: &str) -> EventRow<'r> {
    EventRow {
        repo,
        seq: Seq(seq),
        event,
        changed_at: at(time),
        synced_at: at("2024-12-24T00:00:00Z"),
        source: "manifest",
        manifest: Some("ab12".to_owned()),
        commit: None,
        id: format!("{seq:032x}"),
        baseline: seq == 1,
        published: seq < 6,
        is_provisional: seq == 6,
    }
}

fn history(terminal: Terminal, fields: Option<&[&'static str]>, all_repos: bool) -> (String, String) {
    let repo = repo();
    let time = |seq| if seq > 3 { "2024-12-23T10:00:00Z" } else { "2024-12-22T09:30:00Z" };
    let rows = events().into_iter().map(|(seq, event)| Ok::<_, Error>(row(&repo, seq, event, time(seq))));
    let json = fields.map(|fields| JsonOptions { fields: fields.to_vec(), shape: JsonShape::Plain });
    let place = if all_repos { Place::Many(None) } else { Place::One(&repo) };
    let head = HistoryHead { place, searched: false, total: 9, moments: " since 2024-12-20 00:00", age: None };
    printed(terminal, |output| output.history(&head, json.as_ref(), &|| TimeZone::UTC, rows))
}

#[test]
fn history_is_grouped_by_day_for_people() {
    let expected = "
Showing 6 of 9 changes in o/r since 2024-12-20 00:00

2024-12-23
- 10:00      ~6  removed   release #430      Release: v1.0.0
~ 10:00      @5  redated   release #430      Release: v1.0.0 (closed none → 2024-12-23T09:00:00Z)
~ 10:00      @4  retitled  release #430      Release: v0.9 ^[ → Release: v1.0.0

2024-12-22
o 09:30      @3  reopened  release #430      Release: v1.0.0
x 09:30      @2  closed    release #430      Release: v1.0.0
+ 09:30      @1  added     release #430      Release: v1.0.0
";
    assert_eq!(history(colorless(100), None, false).0, expected);
    let colored = history(Terminal::of_width(100, Palette::Ansi), None, false).0;
    assert!(colored.contains("\x1b[0;32m+\x1b[0m") && colored.contains("\x1b[0;1;39m2024-12-22\x1b[0m"), "{colored:?}");
    for (width, retitled) in [
        (60, "~ 10:00      @4  retitled   #430  v0.9 ^[ → v1.0.0"),
        (52, "~     @4  retitled   #430  v0.9 ^[ → v1.0.0"),
        (30, "~  #430  v0.9 ^[ → v1.0.0"),
    ] {
        let text = history(colorless(width), None, false).0;
        assert!(text.lines().all(|line| line.chars().count() <= width), "{text}");
        assert!(text.lines().any(|line| line == retitled), "{width}: {text}");
    }
    assert!(history(colorless(120), None, true).0.contains("release #430      o/r  Release"));
}

#[test]
fn long_numbers_and_names_move_the_columns_of_all_lines() {
    let (short, long) = (repo(), Repo::parse("octo-org/long-name", Repo::DEFAULT_HOST).unwrap());
    let event = |kind, number| {
        let (title, times) = ("news".into(), Times { created_at: None, closed_at: None });
        let change = Change::Added { state: State::Open, title, times };
        Event { kind, number: TrackerNumber::new(number).unwrap(), change }
    };
    let rows = || {
        let time = "2024-12-23T10:00:00Z";
        [
            row(&short, 1, event(Kind::Microsprint, 1_234_567), time),
            row(&long, 2_345_678, event(Kind::Release, 7), time),
        ]
    };
    for (width, many) in [(120, false), (120, true), (66, false), (44, false)] {
        let place = if many { Place::Many(None) } else { Place::One(&short) };
        let head = HistoryHead { place, searched: false, total: 2, moments: "", age: None };
        let rows = rows().into_iter().map(Ok::<_, Error>);
        let text = printed(colorless(width), |output| output.history(&head, None, &|| TimeZone::UTC, rows)).0;
        let columns: Vec<_> = text.lines().filter_map(|line| line.find("news")).collect();
        assert!(columns.len() == 2 && columns[0] == columns[1], "{width}: {text}");
        assert_eq!(text.contains("10:00"), width > 60, "{width}: {text}");
    }
}

#[test]
fn the_median_is_in_the_middle_and_no_time_is_the_least() {
    let repo = repo();
    let closed = |created: &str, closed: &str| {
        let before = Times { created_at: Some(at(created)), closed_at: None };
        let after = Times { closed_at: Some(at(closed)), ..before };
        let change = Change::Closed { title: "a".into(), before, after };
        row(&repo, 1, Event { kind: Kind::Release, number: TrackerNumber::new(1).unwrap(), change }, closed)
    };
    let days = |until: &[&str]| {
        let rows = until.iter().map(|until| closed("2024-12-10T00:00:00Z", &format!("2024-12-{until}T00:00:00Z")));
        let head = HistoryHead { place: Place::One(&repo), searched: false, total: 0, moments: "", age: None };
        let text = printed(piped(), |output| output.stat(&head, &|| TimeZone::UTC, Order::Descending, rows)).0;
        text.lines().last().unwrap().rsplit('\t').next().unwrap().parse::<i64>().unwrap() / 86_400
    };
    assert_eq!((days(&["20", "12", "14"]), days(&["30", "12", "14", "20"]), days(&["01"])), (4, 7, 0));
}

#[test]
fn changes_are_counted_by_week_and_event() {
    let repo = repo();
    let rows = |seqs: std::ops::Range<usize>| {
        let repo = &repo;
        let time = |seq| if seq > 4 { "2024-12-23T10:00:00Z" } else { "2024-12-22T09:30:00Z" };
        events().into_iter().skip(seqs.start).take(seqs.len()).map(move |(seq, event)| row(repo, seq, event, time(seq)))
    };
    let head = HistoryHead { place: Place::One(&repo), searched: false, total: 0, moments: "", age: None };
    let counted =
        |terminal| printed(terminal, |output| output.stat(&head, &|| TimeZone::UTC, Order::Descending, rows(0..6))).0;
    let expected = "
6 changes in o/r by week

WEEK OF     ADDED  CLOSED  REOPENED  RETITLED  REDATED  REMOVED  CHANGES
2024-12-23                                           1        1  ▇▇▇▇▇▇▇▇▇▇
2024-12-16      1       1         1         1                    ▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇

median time open: 3 days (1 closed tracker)
";
    let shown = counted(colorless(100));
    let shown: Vec<&str> = shown.lines().map(str::trim_end).collect();
    assert_eq!(shown, expected.lines().collect::<Vec<_>>());
    assert!(!counted(colorless(70)).contains('▇'), "the bar gives way");
    assert!(counted(colorless(76)).lines().all(|line| line.trim_end().chars().count() <= 76), "or is shorter");
    assert!(counted(piped()).starts_with("2024-12-23\tredated\t1\n2024-12-23\tremoved\t1\n2024-12-16\tadded\t1\n"));
    let ascending = printed(piped(), |output| output.stat(&head, &|| TimeZone::UTC, Order::Ascending, rows(0..6))).0;
    assert!(ascending.starts_with("2024-12-16\tadded\t1\n") && ascending.contains("redated\t1\n2024-12-23\tremoved"));
    let none = printed(colorless(100), |output| output.stat(&head, &|| TimeZone::UTC, Order::Descending, rows(0..0)));
    assert_eq!(none, (String::new(), "no changes in o/r\n".to_owned()));
}

#[test]
fn history_is_tab_separated_for_scripts() {
    let text = history(piped(), None, false).0;
    assert!(text.starts_with("6\t2024-12-23T10:00:00Z\tremoved\trelease\t430\tRelease: v1.0.0\n"), "{text}");
    assert_eq!(text.lines().count(), 6);
    assert!(history(piped(), None, true).0.starts_with("o/r\t6\t"));
}

#[test]
fn history_in_json_has_just_the_fields_that_changed() {
    let text = history(piped(), Some(&["after", "before", "seq"]), false).0;
    let tracker = "\"createdAt\":\"2024-12-20T08:00:00Z\",\"kind\":\"release\",\"number\":430";
    let shut = "\"closedAt\":\"2024-12-23T09:00:00Z\"";
    let title = "\"title\":\"Release: v1.0.0\"";
    let expected = [
        format!("{{\"after\":null,\"before\":{{{shut},{tracker},\"state\":\"CLOSED\",{title}}},\"seq\":6}}"),
        format!("{{\"after\":{{{shut}}},\"before\":{{\"closedAt\":null}},\"seq\":5}}"),
        format!("{{\"after\":{{{title}}},\"before\":{{\"title\":\"Release: v0.9 ^[\"}},\"seq\":4}}"),
        format!(
            "{{\"after\":{{\"closedAt\":null,\"state\":\"OPEN\"}},\"before\":{{{shut},\"state\":\"CLOSED\"}},\"seq\":3}}"
        ),
        format!(
            "{{\"after\":{{{shut},\"state\":\"CLOSED\"}},\"before\":{{\"closedAt\":null,\"state\":\"OPEN\"}},\"seq\":2}}"
        ),
        format!("{{\"after\":{{\"closedAt\":null,{tracker},\"state\":\"OPEN\",{title}}},\"before\":null,\"seq\":1}}"),
    ];
    assert_eq!(text, format!("[{}]\n", expected.join(",")));
    let rest = ["changedAt", "commit", "event", "kind", "manifest", "number", "repo", "source", "syncedAt", "title"];
    let text = history(piped(), Some(&rest), false).0;
    assert!(
        text.starts_with(
            "[{\"changedAt\":\"2024-12-23T10:00:00Z\",\"commit\":null,\"event\":\"removed\",\"kind\":\"release\",\
             \"manifest\":\"ab12\",\"number\":430,\"repo\":\"o/r\",\"source\":\"manifest\",\
             \"syncedAt\":\"2024-12-24T00:00:00Z\",\"title\":\"Release: v1.0.0\"},"
        ),
        "{text}"
    );
}
