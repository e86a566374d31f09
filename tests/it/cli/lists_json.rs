//! `--json` and `--jq`, as gh's.

use serde_json::{Value, json};

use crate::cli::lab::Lab;
use crate::cli::manifests::{manifest, many, open, small, tracker};

const FIELDS: [&str; 14] = [
    "branch",
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
    "track",
    "url",
    "version",
];

fn lab() -> Lab {
    Lab::synced(&small())
}

fn jq(lab: &Lab, expression: &str) -> String {
    lab.run(&["release", "list", "--json", "number,title,codename,closedAt", "-q", expression]).ok()
}

#[test]
fn every_field_is_given_and_keys_are_in_alphabetical_order() {
    let lab = lab();
    let out = lab.run(&["release", "list", "-s", "closed", "-L", "2", "--json", &FIELDS.join(",")]).ok();
    let expected = [
        r#"{"branch":"v0.2.0","closedAt":"2024-03-31T23:59:59Z","codename":null,"createdAt":"2024-03-01T00:00:00Z","kind":"release","name":"v0.2.0","number":12,"repo":"octo-org/atlas","state":"CLOSED","status":"Released","title":"Release: v0.2.0","track":null,"url":"https://github.com/octo-org/atlas/issues/12","version":"v0.2.0"}"#,
        r#"{"branch":"v0.1.0","closedAt":"2024-02-03T04:05:06Z","codename":"Falcon","createdAt":"2024-01-02T03:04:05Z","kind":"release","name":"v0.1.0 (Falcon)","number":7,"repo":"octo-org/atlas","state":"CLOSED","status":"Released","title":"Release: v0.1.0 (Falcon)","track":null,"url":"https://github.com/octo-org/atlas/issues/7","version":"v0.1.0"}"#,
    ];
    assert_eq!(out, format!("[{}]\n", expected.join(",")));
    let shuffled = lab
        .run(&[
            "release",
            "list",
            "-s",
            "closed",
            "-L",
            "2",
            "--json",
            "version,url,track,title,status,state,branch",
            "--json",
            "repo,number,name,kind,createdAt,codename,closedAt,number",
        ])
        .ok();
    assert_eq!(shuffled, out);
    let microsprints = lab.json(&["microsprint", "list", "--json", "name,status,kind,version,codename"]);
    assert_eq!(
        microsprints,
        json!([
            {"codename": null, "kind": "microsprint", "name": "lists", "status": "Active", "version": null},
            {"codename": null, "kind": "microsprint", "name": "cache-impl", "status": "Closed", "version": null},
        ])
    );
}

#[test]
fn json_without_fields_names_them() {
    let lab = lab();
    let expected = format!(
        "Specify one or more comma-separated fields for `--json`:\n{}",
        FIELDS.map(|field| format!("  {field}\n")).concat()
    );
    for args in [
        &["release", "list", "--json"][..],
        &["release", "list", "--json", ""],
        &["microsprint", "list", "--json", "--limit", "1"],
    ] {
        assert_eq!(lab.run(args).fails(), expected, "{args:?}");
    }
}

#[test]
fn an_unknown_field_is_named_with_those_that_are_known() {
    let known = FIELDS.map(|field| format!("  {field}\n")).concat();
    for (fields, unknown) in
        [("bogus", "bogus"), ("number,labels", "labels"), ("Number", "Number"), ("created_at", "created_at")]
    {
        let expected = format!("Unknown JSON field: {unknown:?}\nAvailable fields:\n{known}");
        assert_eq!(lab().run(&["release", "list", "--json", fields]).fails(), expected);
    }
}

#[test]
fn no_trackers_are_an_empty_array() {
    let lab = lab();
    assert_eq!(lab.run(&["release", "list", "-S", "nothing", "--json", "number"]).ok(), "[]\n");
    assert_eq!(lab.run(&["release", "list", "-S", "nothing", "--json", "number", "-q", ".[]"]).ok(), "");
    let shown =
        lab.run_with(&[("GH_FORCE_TTY", "80"), ("NO_COLOR", "1")], &["release", "list", "-S", "x", "--json", "number"]);
    assert_eq!(shown.ok(), "[]\n");
}

#[test]
fn jq_writes_results_as_gh_does() {
    let lab = lab();
    assert_eq!(jq(&lab, ".[].title"), "Release: v0.9.0\nRelease: v0.2.0\nRelease: v0.1.0 (Falcon)\n");
    assert_eq!(jq(&lab, ".[].number"), "430\n12\n7\n");
    assert_eq!(jq(&lab, "length"), "3\n");
    assert_eq!(jq(&lab, ".[].codename"), "\n\nFalcon\n");
    assert_eq!(jq(&lab, ".[0] | .closedAt == null, .number > 500"), "true\nfalse\n");
    assert_eq!(jq(&lab, "map(.number) | add / length, 3.0, 1e3"), "149.67\n3\n1000\n");
    assert_eq!(
        jq(&lab, ".[2]"),
        "{\"closedAt\":\"2024-02-03T04:05:06Z\",\"codename\":\"Falcon\",\"number\":7,\"title\":\"Release: v0.1.0 (Falcon)\"}\n"
    );
    assert_eq!(
        jq(&lab, "[.[] | {z: .number, a: .codename}]"),
        "[{\"a\":null,\"z\":430},{\"a\":null,\"z\":12},{\"a\":\"Falcon\",\"z\":7}]\n"
    );
    assert_eq!(jq(&lab, "empty"), "");
    assert_eq!(jq(&lab, ".[] | [.number, .codename] | @tsv"), "430\t\n12\t\n7\tFalcon\n");
    assert_eq!(jq(&lab, ".[] | select(.title | test(\"falcon\"; \"i\")) | .number"), "7\n");
    assert_eq!(jq(&lab, "\"<&>\" , {\"a\": \"<&>\"}"), "<&>\n{\"a\":\"<&>\"}\n");
    let with_variable = lab.run_with(
        &[("WANTED", "12")],
        &[
            "release",
            "list",
            "--json",
            "number",
            "-q",
            ".[] | select(.number == (env.WANTED | tonumber)) | $ENV.WANTED",
        ],
    );
    assert_eq!(with_variable.ok(), "12\n");
}

#[test]
fn a_jq_expression_that_cannot_be_read_or_fails_exits_with_1() {
    let lab = lab();
    for expression in [".[", "nonsense(", ".[] | unknown_function", "$undefined"] {
        let said = lab.run(&["release", "list", "--json", "number", "-q", expression]).fails();
        assert!(
            said.starts_with("failed to parse jq expression") || said.contains("not defined"),
            "{expression}: {said}"
        );
    }
    let failing = lab.run(&["release", "list", "--json", "number", "-q", ".[].number | error(\"no \\(.)\")"]);
    assert_eq!(failing.fails(), "error: no 430\n");
    let said = lab.run(&["release", "list", "--json", "number", "-q", ".number"]).fails();
    assert_eq!(said, "expected an object but got: array ([{\"number\":430},{\"number\" ...])\n");
    lab.write_manifest(many(200, 700));
    for expression in [".number", "[.] | @tsv"] {
        let said = lab.run(&["release", "list", "--json", "number", "-q", expression]).fails();
        assert!(said.len() < 150 && said.contains("array ([") && said.contains(" ...]"), "not the whole list: {said}");
    }
    let own = format!("\"{}\" | error", "long ".repeat(50));
    assert_eq!(lab.run(&["release", "list", "--json", "number", "-q", &own]).fails().len(), 258, "asked for");
}

#[test]
fn titles_without_version_or_prefix_have_null_where_there_is_nothing() {
    let lab = Lab::new();
    let releases = json!([
        open(1, "Release: v1.2.0 (Phoenix)"),
        open(2, "release: V2"),
        open(3, "v3.0.0-rc.1"),
        open(4, "something else (really)"),
        open(5, "Release:"),
        tracker(6, "Release: 2024.12.24 (X-mas (day))", None, Some("2024-12-24T00:00:00Z")),
    ]);
    lab.write_manifest(manifest(10, &releases, &json!([])));
    let listed = lab.json(&["release", "list", "--order", "asc", "--json", "version,codename,name"]);
    let rows: Vec<Value> =
        listed.as_array().unwrap().iter().map(|row| json!([row["version"], row["codename"], row["name"]])).collect();
    assert_eq!(
        rows[..5],
        [
            json!(["v1.2.0", "Phoenix", "v1.2.0 (Phoenix)"]),
            json!(["V2", null, "V2"]),
            json!(["v3.0.0-rc.1", null, "v3.0.0-rc.1"]),
            json!([null, null, "something else (really)"]),
            json!([null, null, ""]),
        ]
    );
    assert_eq!(rows[5][0], "2024.12.24");
}

#[test]
fn a_large_list_streams_as_one_array() {
    let lab = Lab::new();
    lab.write_manifest(crate::cli::manifests::many(5000, 1));
    let listed = lab.json(&["release", "list", "--order", "asc", "--json", "number,title,createdAt"]);
    let listed = listed.as_array().unwrap();
    assert_eq!(listed.len(), 5000);
    assert_eq!(
        listed[4999],
        json!({"number": 5000, "title": "Release: v1.5000.0", "createdAt": "2025-01-01T00:00:00Z"})
    );
    let numbers = lab.run(&["release", "list", "--json", "number", "-q", ".[].number"]).ok();
    assert!(numbers.lines().map(|line| line.parse::<u64>().unwrap()).eq((1..=5000).rev()));
}
