use super::{parse, refusal, releases};
use crate::manifest::{MAX_LEN, ManifestError, Place, Position, Spot};
use crate::model::{Kind, UnixMillis};

/// A release list of one tracker with these fields.
fn tracker(fields: &str) -> String {
    releases(&format!("[{{{fields}}}]"))
}

#[test]
fn a_refusal_is_one_sentence_with_the_place_and_what_to_do() {
    let text = releases(
        r#"[{"number":1,"title":"t","state":"OPEN"},{"number":430,"title":"t","state":"OPEN","createdAt":"yesterday"}]"#,
    );
    assert_eq!(
        refusal(text),
        "releases[1] (#430): \"createdAt\" is \"yesterday\", not an RFC 3339 time such as 2024-12-24T10:00:00Z; run the \
         workflow again or restore the file with git"
    );
}

#[test]
fn what_is_not_json_is_refused_with_line_and_column() {
    for (text, begins) in [
        ("hello", "line 1, column 1: is not JSON (expected value)"),
        ("{\n \"updated_at\" \"x\"}", "line 2, column 15: is not JSON (expected `:`)"),
        ("{\"é\":\n\"éé\" x}", "line 2, column 6: is not JSON (expected `,` or `}`)"),
        ("{\"a\": \"\n\"}", "line 1, column 7: is not JSON (a text has a line break or a control character in it)"),
        ("{\"a\": nil}", "line 1, column 8: is not JSON (expected `true`, `false` or `null`)"),
        (r#"{"repo": "\ud800"}"#, "line 1, column 17: is not JSON (half of a character after `\\u`)"),
        ("{\"a\": 01}", "line 1, column 8: is not JSON (invalid number)"),
        ("{\"a\": NaN}", "line 1, column 7: is not JSON"),
        ("{\"a\": 1,}", "line 1, column 9: is not JSON (trailing comma)"),
        ("{a: 1}", "line 1, column 2: is not JSON (a key must be in quotes)"),
        ("// c\n{}", "line 1, column 1: is not JSON (expected value)"),
        ("\0\0\0\0", "line 1, column 1: is not JSON (expected value)"),
    ] {
        let refusal = refusal(text);
        assert!(refusal.starts_with(begins), "{text:?}: {refusal}");
        assert!(refusal.ends_with("; run the workflow again or restore the file with git"), "{refusal}");
    }
}

#[test]
fn an_unpaired_surrogate_is_refused_with_its_place() {
    for escape in [r"\ud800", r"\ud800x", r"\udc00", r"\ud800\u0041", r"\uZZZZ"] {
        let refusal = refusal(tracker(&format!(r#""number":1,"title":"{escape}","state":"OPEN""#)));
        assert!(refusal.starts_with("line 1, column 1") && refusal.contains("is not JSON"), "{escape}: {refusal}");
    }
}

#[test]
fn git_conflict_markers_are_named_with_their_line() {
    let sides = "{\"version\": 1,\r\n<<<<<<< HEAD\r\n\"updated_at\": \"2024-12-24T10:00:00Z\"\r\n=======\r\n\"updated_at\": \"x\"\r\n>>>>>>> main\r\n}";
    assert!(refusal(sides).starts_with("line 2: has the git conflict marker <<<<<<<; finish the merge"));
    let half = "{\"updated_at\": \"x\"\n=======\n}";
    assert!(refusal(half).starts_with("line 2: has the git conflict marker =======;"));
    assert!(refusal("{\n>>>>>>> main").starts_with("line 2: has the git conflict marker >>>>>>>;"));
    assert!(refusal("{\n======== x").starts_with("line 2, column 1: is not JSON"));
}

#[test]
fn a_conflict_behind_a_wrong_value_is_still_told_as_a_conflict() {
    let text = "{\"version\": 1, \"updated_at\": \"\",\n<<<<<<< HEAD\n";
    assert!(refusal(text).starts_with("line 2: has the git conflict marker"));
}

#[test]
fn a_truncated_file_is_said_to_end_in_the_middle() {
    let text = releases("[{\"number\":1,\n\"title\":\"Ä\\n\",\"state\":\"OPEN\"}]");
    for end in text.len() / 2..text.len() {
        let refusal = refusal(&text.as_bytes()[..end]);
        assert!(refusal.contains(": ends in the middle of its JSON"), "{end}: {refusal}");
    }
    assert!(refusal("{\n\"ab").starts_with("line 2, column 4: ends"));
    assert!(refusal("{\n").starts_with("line 2, column 1: ends"));
}

#[test]
fn an_empty_file_is_said_to_be_empty() {
    for text in ["", " \r\n\t", "\u{feff}"] {
        assert_eq!(parse(text.as_bytes()), Err(ManifestError::Empty), "{text:?}");
    }
}

#[test]
fn what_follows_the_end_is_refused() {
    let text = format!("{}\n", releases("[]"));
    for (rest, column) in [("{}", 1), ("  x", 3), ("\0\0", 1), ("]", 1)] {
        let error = ManifestError::Trailing(Position { line: 2, column });
        assert_eq!(parse(format!("{text}{rest}").as_bytes()), Err(error), "{rest:?}");
    }
}

#[test]
fn invalid_utf_8_is_refused_with_its_place_also_where_nothing_is_read() {
    let position = |line, column| Err(ManifestError::NotUtf8(Position { line, column }));
    assert_eq!(parse(b"{\n\"\xc3\xa9\": \"\xff\"}"), position(2, 7));
    assert_eq!(parse(b"\xff\xfe{\0"), position(1, 1));
    // CESU-8: a surrogate in three bytes.
    assert_eq!(parse(b"\"\xed\xa0\x80\""), position(1, 2));
}

#[test]
fn a_newer_version_asks_for_an_upgrade_before_all_else() {
    for text in [
        r#"{"version": 2}"#,
        r#"{"updated_at": 1735034400, "version": 2}"#,
        r#"{"releases": {"430": "DRAFT"}, "updated_at": "2024-12-24T10:00:00Z", "version": 2}"#,
    ] {
        // A number ends with the character behind it.
        let at = Position { line: 1, column: text.len() };
        let newer = Box::new(ManifestError::Newer { version: 2 });
        assert_eq!(parse(text.as_bytes()), Err(ManifestError::At(at, newer)), "{text}");
    }
    assert!(refusal(r#"{"version": 18446744073709551615}"#).contains("upgrade it (gh extension upgrade pmu)"));
}

#[test]
fn a_version_that_is_none_is_refused() {
    for version in ["0", "-1", "1.0", "1e0", "\"1\"", "null", "true", "[1]", "{}", "99999999999999999999"] {
        let text = format!(r#"{{"version": {version}, "updated_at": "2024-12-24T10:00:00Z"}}"#);
        let refusal = refusal(text);
        assert!(
            refusal.starts_with("line 1, column ")
                && refusal.contains(": \"version\" is ")
                && refusal.contains(", not 1,"),
            "{version}: {refusal}"
        );
    }
}

#[test]
fn a_missing_or_malformed_updated_at_is_refused() {
    assert!(refusal("{}").starts_with("the manifest has no \"updated_at\";"));
    for value in ["null", "0", "\"\"", "\"2024-12-24\"", "\"2024-12-24 10:00:00Z\"", "\"2024-02-30T10:00:00Z\"", "[]"] {
        let refusal = refusal(format!(r#"{{"updated_at": {value}}}"#));
        assert!(
            refusal.starts_with("line 1, column ")
                && refusal.contains(": \"updated_at\" is ")
                && refusal.contains("RFC 3339"),
            "{value}: {refusal}"
        );
    }
}

#[test]
fn a_manifest_from_after_tomorrow_is_refused_with_both_times() {
    let time = |text| UnixMillis::parse_rfc3339(text).unwrap();
    let text = releases("[]");
    let manifest = || parse(text.as_bytes()).unwrap();
    assert_eq!(manifest().not_ahead_of(time("2024-12-23T10:00:00Z")), Ok(manifest()));
    let error = manifest().not_ahead_of(time("2024-12-23T09:59:59.999Z")).unwrap_err().to_string();
    assert!(error.starts_with("\"updated_at\" is 2024-12-24T10:00:00Z, more than a day ahead"), "{error}");
    assert!(error.contains("clock, 2024-12-23T09:59:59.999Z; "), "{error}");
}

#[test]
fn a_list_that_is_null_is_refused() {
    for list in ["releases", "microsprints"] {
        let refusal = refusal(format!(r#"{{"updated_at": "2024-12-24T10:00:00Z", "{list}": null}}"#));
        assert!(refusal.contains(&format!(": \"{list}\" is null, not an array of trackers;")), "{refusal}");
    }
}

#[test]
fn a_pointer_of_git_lfs_is_named() {
    let pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a2146\nsize 12345\n";
    assert_eq!(parse(pointer.as_bytes()), Err(ManifestError::LfsPointer));
}

#[test]
fn a_repo_that_is_not_owner_and_name_is_refused() {
    for repo in [
        "null",
        "1",
        "\"\"",
        "\"atlas\"",
        "\"o/\"",
        "\"/r\"",
        "\"o/..\"",
        "\"../r\"",
        "\"h/o/r\"",
        "\"/etc/passwd\"",
        "\"o/r\\u0000\"",
        "\"o/r\\n\"",
        "\"o\\\\r\"",
        "\"ö/r\"",
        "[\"o\",\"r\"]",
    ] {
        let refusal = refusal(format!(r#"{{"repo": {repo}, "updated_at": "2024-12-24T10:00:00Z"}}"#));
        assert!(
            refusal.starts_with("line 1, column ")
                && refusal.contains(": \"repo\" is ")
                && refusal.contains("not owner/name"),
            "{repo}: {refusal}"
        );
        assert!(!refusal.contains(['\0', '\n']), "{refusal:?}");
    }
}

#[test]
fn another_state_word_is_refused() {
    for state in ["\"MERGED\"", "\"\"", "\"OPEN \"", "null", "true", "1"] {
        let refusal = refusal(tracker(&format!(r#""number":3,"state":{state},"title":"t""#)));
        let begins = format!("releases[0] (#3): \"state\" is {state}, not OPEN or CLOSED;");
        assert!(refusal.starts_with(&begins), "{refusal}");
    }
}

#[test]
fn a_number_that_is_no_issue_number_is_refused() {
    for number in [
        "0",
        "-1",
        "-0",
        "1.5",
        "1.0",
        "1e3",
        "9007199254740992",
        "1e400",
        "99999999999999999999",
        "\"1\"",
        "null",
        "[]",
    ] {
        let refusal = refusal(tracker(&format!(r#""number":{number},"title":"t","state":"OPEN""#)));
        let said = refusal.starts_with("releases[0]: \"number\" is ") && refusal.contains("not an issue number");
        // What no float can hold is not JSON to the reader.
        assert!(said || number == "1e400" && refusal.contains("number out of range"), "{number}: {refusal}");
    }
}

#[test]
fn a_time_that_is_not_rfc_3339_is_refused_in_either_spelling() {
    for field in ["createdAt", "closedAt", "created_at", "closed_at"] {
        for value in ["\"yesterday\"", "\"\"", "1735034400", "false", "{}"] {
            let refusal = refusal(tracker(&format!(r#""number":3,"{field}":{value},"title":"t","state":"OPEN""#)));
            let begins = format!("releases[0] (#3): \"{field}\" is ");
            assert!(refusal.starts_with(&begins) && refusal.contains("RFC 3339"), "{refusal}");
        }
    }
}

#[test]
fn a_missing_number_title_or_state_is_refused() {
    assert!(refusal(tracker(r#""title":"t","state":"OPEN""#)).starts_with("releases[0] has no \"number\";"));
    assert!(refusal(tracker(r#""number":3,"state":"OPEN""#)).starts_with("releases[0] (#3) has no \"title\";"));
    assert!(refusal(tracker(r#""number":3,"title":"t""#)).starts_with("releases[0] (#3) has no \"state\";"));
}

#[test]
fn a_number_twice_in_one_list_is_refused_with_both_positions() {
    let list = |numbers: &[u64]| {
        let trackers: Vec<_> =
            numbers.iter().map(|n| format!(r#"{{"number":{n},"title":"t","state":"OPEN"}}"#)).collect();
        trackers.join(",")
    };
    for (numbers, first, second) in [([5, 5, 1], 0, 1), ([1, 5, 5], 1, 2), ([5, 9, 5], 0, 2), ([9, 1, 1], 1, 2)] {
        let twice = if numbers[first] == 1 { 1 } else { 5 };
        let text = format!(
            r#"{{"updated_at":"2024-12-24T10:00:00Z","releases":[{}],"microsprints":[{}]}}"#,
            list(&[5, 1]),
            list(&numbers)
        );
        let begins = format!("microsprints[{first}] and microsprints[{second}] are both #{twice};");
        assert!(refusal(text).starts_with(&begins), "{numbers:?}");
    }
}

#[test]
fn the_same_field_twice_is_refused_in_one_spelling_or_both() {
    for (fields, field) in [
        (r#""number":3,"number":3"#, "number"),
        (r#""number":3,"title":"a","title":"a""#, "title"),
        (r#""number":3,"createdAt":null,"created_at":null"#, "created_at"),
    ] {
        let begins = format!("releases[0] (#3) has \"{field}\" a second time;");
        assert!(refusal(tracker(fields)).starts_with(&begins), "{fields}");
    }
    let lists = r#"{"updated_at":"2024-12-24T10:00:00Z","releases":[],"releases":[]}"#;
    let refusal = refusal(lists);
    assert!(refusal.starts_with("line 1, column "), "{refusal}");
    assert!(refusal.contains(": the manifest has \"releases\" a second time;"), "{refusal}");
}

#[test]
fn wrong_types_are_named_where_they_stand() {
    for text in ["[]", "null", "1", "\"x\""] {
        let refusal = refusal(text);
        assert!(refusal.starts_with("line 1, column ") && refusal.contains(": the manifest is "), "{refusal}");
    }
    assert!(refusal(releases("{}")).contains(": \"releases\" is an object, not an array of trackers;"));
    assert!(refusal(releases("\"x\"")).contains(": \"releases\" is \"x\", not an array"));
    let second = releases(r#"[{"number":1,"title":"t","state":"OPEN"},[]]"#);
    assert!(refusal(second).starts_with("releases[1] is an array, not an object with"));
    let title = tracker(r#""number":1,"title":["t"],"state":"OPEN""#);
    let spot = Spot {
        place: Place::Tracker { kind: Kind::Release, position: 0, number: Some(super::number(1)) },
        field: Some("title"),
    };
    let error = ManifestError::Value { spot, found: "an array".to_owned(), expected: "a text" };
    assert_eq!(parse(title.as_bytes()), Err(error));
}

#[test]
fn long_and_strange_values_are_shown_short_and_escaped() {
    let refusal = refusal(tracker(&format!(r#""number":1,"state":"\u202e\u001b[31m{}""#, "x".repeat(1000))));
    assert!(refusal.len() < 300 && refusal.contains(r"\u{202e}\u{1b}[31mxxx") && refusal.contains('…'), "{refusal}");
}

#[test]
fn nesting_bombs_are_passed_over_or_refused() {
    let deep = 100_000;
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        let bomb = format!("{}1{}", open.repeat(deep), close.repeat(deep));
        let field = format!("{{\"x\": {bomb}, \"updated_at\": \"2024-12-24T10:00:00Z\"}}");
        assert_eq!(parse(field.as_bytes()).map(|manifest| manifest.trackers), Ok(Vec::new()));
        assert!(parse(bomb.as_bytes()).is_err());
        assert!(refusal(releases(&bomb)).contains("releases"));
        assert!(refusal(releases(&format!("[{bomb}]"))).starts_with("releases[0]"));
        assert!(refusal(open.repeat(deep)).contains("ends in the middle"));
    }
}

#[test]
fn a_file_above_the_limit_is_refused_unread() {
    let len = MAX_LEN + 1;
    // Zeroed memory that nobody touches is not there yet.
    assert_eq!(parse(&vec![0; len as usize]), Err(ManifestError::TooLong { len }));
}
