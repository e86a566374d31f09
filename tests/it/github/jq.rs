//! `--jq`: what the program prints is what the real `gh` prints for the same program and JSON.

use super::beside_gh::Beside;

const FIELDS: &str = "closedAt,codename,createdAt,number,state,title,version";
const TITLES: [&str; 2] = ["Release: v1.0.0-日本語 (Ünïcode \"more\")", "Release:  v2 (Phoenix's)"];

/// jq programs of all sorts, as people write them for lists, and corners of the language.
const PROGRAMS: &[&str] = &[
    // Paths, pipes, building.
    ".",
    ".[]",
    ".[].title",
    ".[0]",
    ".[-1].number",
    ".[1:3] | map(.number)",
    ".[:2] | length",
    ".[] | .number, .state",
    ".[] | [.number, .title]",
    ".[] | {number, t: .title}",
    ".[] | {(.state): .number}",
    "[.[] | {n: .number, \"a b\": .version}]",
    "map(.missing)",
    ".[0].title.x?",
    "[.. | numbers]",
    "[.[] | .closedAt // \"never\"]",
    // Choosing, sorting, grouping.
    ".[] | select(.state == \"OPEN\") | .title",
    "map(select(.closedAt == null)) | length",
    "map(select(.title | test(\"v1\\\\.\"))) | .[].number",
    "map(select(.createdAt >= \"2024-12-20\" and .number < 3)) | length",
    "sort_by(.title) | map(.number)",
    "sort_by(.state, -.number) | map(.number)",
    "group_by(.state) | map({state: .[0].state, count: length})",
    "unique_by(.state) | map(.state)",
    "min_by(.number).title, max_by(.number).title",
    "any(.[]; .state == \"CLOSED\"), all(.number > 0)",
    "[.[].number] | add, min, max, (add / length | floor)",
    "first(.[] | select(.number > 1)).number, last.number, nth(1).number",
    "[limit(2; .[].number)], [range(0; 7; 3)]",
    "reduce .[] as $t (0; . + $t.number)",
    "[foreach .[].number as $n (0; . + $n; [$n, .])]",
    "map(.number) | index(2), (.[1:] | inside([1, 2, 3, 2000, 999999]))",
    "to_entries | map(.key)",
    ".[0] | keys, length, has(\"title\"), has(\"x\")",
    ".[0] | with_entries(select(.value != null)) | keys",
    ".[0] | del(.title, .createdAt) | keys, .number",
    ".[0] | paths | join(\".\")",
    "map(.number) | flatten, reverse, (transpose? // \"no\")",
    "[.[] | .number] | [combinations(1)]? // \"none\"",
    // Objects come in the order of their keys, whatever was done to them.
    ".[0] | del(.closedAt, .number) | (to_entries | map(.key)), tojson",
    ".[0] | delpaths([[\"closedAt\"], [\"state\"]]) | to_entries | map(.key)",
    ".[] | {title, number, a: {z: .state, b: 1.0}} | tojson, @json, @text, tostring, @html, @base64",
    "{b: 1} + {a: 2} | to_entries, with_entries(.value += 1), (with_entries(.key |= \"x\" + .) | tojson)",
    "{c: 1, b: 2, a: 3} | [to_entries[] | select(.value > 1)] | from_entries | to_entries",
    "[{b: 1, a: 2}, {a: 1, c: 0}] | sort, unique, group_by(.a), min, map(tojson)",
    "[1.5, 1e100, 3.0, 1e-9, \"é\\t\\u0001/\", null] | tojson, @json",
    // Words and times.
    ".[] | \"#\\(.number) \\(.title)\"",
    ".[].title | ascii_downcase, ascii_upcase",
    ".[].title | ltrimstr(\"Release: \") | rtrimstr(\".0\")",
    ".[].title | split(\" \") | length",
    ".[].title | sub(\"Release: +\"; \"\") | gsub(\"[0-9]\"; \"#\")",
    ".[].title | capture(\"v(?<major>[0-9]+)\") | .major | tonumber",
    ".[].title | [match(\"[0-9]+\"; \"g\").string]",
    ".[].title | [scan(\"[a-z]+\")] | join(\"-\")",
    ".[].title | startswith(\"Release\"), endswith(\")\"), contains(\"v2\")",
    ".[].title | explode | length, (implode | length)?",
    ".[].title | utf8bytelength, length",
    ".[0].createdAt | fromdateiso8601, (fromdate | todate)",
    ".[0].createdAt | strptime(\"%Y-%m-%dT%H:%M:%SZ\") | mktime",
    ".[0].createdAt | fromdate | strftime(\"%d.%m.%Y\")",
    ".[0].createdAt | .[0:10]",
    // Forms.
    ".[] | [.number, .title, .closedAt, true] | @tsv",
    ".[] | [.number, .title, .closedAt, 1.5] | @csv",
    ".[].title | @html, @uri, @sh, @base64, @json, @text",
    ".[].title | @base64 | @base64d",
    ".[0] | tojson | fromjson | .number",
    ".[0].number | tostring, tojson, type",
    "map(.number) | @json, tostring",
    "@html \"<b>\\(.[1].title, \"a<b>&c\")</b>\"",
    // Numbers.
    "1, 1.0, 1.5, -0, 1e3, 1e17, 1e18, 0.1, 100000000000000000000",
    "[1, 1.0, 1.5, 1e3, 1e17, 0.1, 3.0e-7]",
    "7 / 2, 7 % 3, -7 % 3, (2 | pow(.; 10)), (17 | sqrt | floor)",
    "[3.7, -3.7 | floor, ceil, round, fabs]",
    "\"12\" | tonumber, (\"x\" | tonumber? // \"none\")",
    "nan | isnan, (infinite | isinfinite), (1 | isnormal)",
    "[nan] | sort | length",
    // Control.
    "if length > 2 then \"many\" elif length > 1 then \"two\" else \"few\" end",
    "try error(\"x\") catch .",
    "try (.[0] | .title.x) catch \"no\"",
    "[.[] | try (if .state == \"OPEN\" then error else .number end) catch \"open\"]",
    "label $out | .[] | .number, (if .number == 2 then break $out else empty end)",
    ". as [$a, {title: $b}] | $a.number, $b",
    "def double: . * 2; map(.number | double)",
    "def f(g): [.[] | g]; f(.number + 1)",
    "[recurse(if . < 3 then . + 1 else empty end)]?, (1 | [recurse(if . < 3 then . + 1 else empty end)])",
    "1 | [while(. < 50; . * 3)], [until(. > 50; . * 3)]",
    "[.[] | .number |= . + 1 | .number]",
    "(.[] | select(.state == \"OPEN\") | .state) = \"open\" | map(.state)",
    "map(.number += 1 | .number)",
    "[splits(\"a\")]? // \"no text\"",
    "[paths(type == \"number\")] | length",
    "getpath([0, \"number\"]), (setpath([0, \"number\"]; 5) | .[0].number)",
    "walk(if type == \"object\" then del(.createdAt) else . end) | .[0] | keys",
    "env | type",
    "$ENV.NO_SUCH_VARIABLE",
    "[.[].state] | unique, (map({(.): 1}) | add)",
    "{a: 1} * {a: {b: 2}} | ., ({a: 1} + {c: 3}), ([1, 2, 3] - [2])",
    "[1, [2, [3]]] | flatten(1), flatten, tojson",
    "\"a,b\" / \",\", (\"ab\" * 2)",
    "[\"b\", \"a\", null, true, 1, {}, []] | sort",
    "null | not, length, (. + 1)",
    // Null is an empty container, and a path to what is not there makes it.
    ".[] | .closedAt[0:10]",
    "reduce .[] as $t ({}; .[$t.state].n += 1)",
    "reduce .[] as $t (null; .[$t.state] += [$t.number])",
    "{} | .a.b = 1, (.a[1].b |= 2), .a //= 3, (.x += 1 | .y += \"z\")",
    "null | .[2] = 1, .a = 1, (.[1:2] = [3]), setpath([\"a\", 0]; 1)",
    "[[1]] | .[0][2] = 3, (.[0][-1] = 4), del(.[0][5], .x?)",
    "{a: {}} | del(.a.b.c), del(.x.y), (.a.b |= empty)",
    "[1, 2, 3, 4] | del(.[0, 2]), del(.[]), del(.[1:]), del(.[-1], .[0]), delpaths([[0], [3]])",
    "[1, 2, 3] | .[1:] = [9], (.[0:2] |= map(. * 2)), .[1:] |= empty",
    // Objects are walked in the order of their keys.
    "{b: 1, a: 2, c: {z: 3, y: 4}} | .[], [..], [paths], map_values(.), add?, \"\\(.)\"",
    // Division and remainder.
    "try (1 / 0) catch ., (1 / 0)?, try (5 % 0) catch ., 0 / 0",
    "5.9 % 2.1, -5 % 3, 5 % -3, \"x\" * 1.5, \"x\" * 0.5, \"x\" * 0",
    "[1, 2] | .[1.7], .[nan]",
    "\"aéb\" | .[1], .[-1], .[7], .[1:], length",
    // Groups that did not match, and other corners of functions.
    "\"Caf\\u00c9 \\u00e9\" | test(\"caf\\u00e9\"; \"i\"), [scan(\"(?i)\\u00e9\")], [match(\"\\u00e9\"; \"gi\") | .offset, .string]",
    "\"\\u03a3\\u0391\\u03a3\" | test(\"\\u03c3\\u03b1\\u03c2\"; \"i\"), test(\"\\u03c3\\u03b1\\u03c2\"), test(\"(?-i)\\u03c3\")",
    "[range(0; 1; 0)], [range(5; 0; -2)], [range(0, 1; 3; 2)], [range(1.5; 4)]",
    "\"9999-12-31T23:59:59Z\", \"1969-12-31T23:59:59Z\" | fromdate, (fromdate | todate)",
    "1700000000 | strftime(\"%c|%%c|%H\")",
    "1700000000 | strflocaltime(\"%c|%%c|%H %Z\")",
    "[\"YWI\", \"YWJj\", \"YQ==\"] | map(@base64d)",
    "253402300799, 0, 1.5, -1.5 | todate",
    "\"ab\" | match(\"(a)|(c)\"), capture(\"(?<x>a)|(?<y>c)\"), [scan(\"(a)|(b)\")], test(\"B\"; null)",
    "[{name: \"a\", value: 1}, {Key: \"b\", Value: 2}, {key: \"c\", value: false}] | from_entries",
    "1 | [truncate_stream([[0], 1], [[1, 0], 2], [[1, 0]], [[1]])]",
    "{a: [1, {b: 2}]} | fromstream(tostream)",
    "[1, [2, [3]]] | flatten(0), flatten, ({a: [1]} | flatten)",
    "[nan, infinite | tojson?], (\"-1.50e2\" | tonumber), (1425599507.25 | todate)",
    "[1, [2], {a: 1}] | contains([[2]]), contains([{}]), ({a: 1} | contains({a: 2}))",
    "\"aaa\" | indices(\"aa\"), index(\"\"), ([1, 2, 1] | indices(1), indices([2, 1]), .[[1]])",
    "[1, 2] | bsearch(0), bsearch(2), bsearch(3)",
    "[65, 8364] | implode, length",
];

/// Programs that cannot be read, or fail when they run.
const REFUSED: &[&str] = &[
    ".[",
    ".title",
    "map(.number | error)",
    "nonsense",
    "{",
    ".[] | .number + .title",
    "error",
    ".[0] | .[\"a\":]",
    "\"x\" | tonumber",
    "1 | keys",
    "{(1): 2}",
    "error(\"x\")",
    "error({a: 1})",
    "error(\"a\\nb\")",
    "{} | .[0]",
    "[1] | .[\"a\"]",
    "[range(50)] | .a",
    "{} - 1",
    "[] * 2",
    "1 / \"a\"",
    "7 % 0",
    "-\"a\"",
    "[1] | .[-5] = 1",
    "\"x\" | .a = 1",
    "{} | has(1)",
    "1 | contains(\"a\")",
    "true | length",
    "[] | tonumber",
    "[{}] | @tsv",
    "[{a: 1}] | from_entries",
    "1 | test(\"a\")",
    "\"yesterday\" | fromdate",
    "1 | fromdate",
    "{} | todate",
];

#[test]
fn jq_programs_print_what_gh_prints() {
    let Some(beside) = Beside::new(FIELDS, TITLES) else { return };
    let mut differing = String::new();
    for program in PROGRAMS {
        let own = beside.listed(&["--jq", program]);
        let of_gh = beside.of_gh(&["--jq", program]);
        // Both succeed, and print the same; a program of this table that gh refuses belongs into the other.
        if (&own.stdout, own.code) != (&of_gh.stdout, Some(0)) || of_gh.code != Some(0) {
            differing.push_str(&format!("{program}\n  own: {own:?}\n  gh:  {of_gh:?}\n"));
        }
    }
    assert!(differing.is_empty(), "{differing}");
}

#[test]
fn an_empty_program_and_an_empty_template_are_none() {
    let Some(beside) = Beside::new(FIELDS, TITLES) else { return };
    for flag in ["--jq", "--template"] {
        let own = beside.listed(&[flag, ""]);
        assert_eq!((own.stdout, own.code), (beside.listed(&[]).stdout, Some(0)), "{flag}");
        assert_eq!(beside.of_gh(&[flag, ""]).code, Some(0), "{flag}");
    }
}

#[test]
fn jq_programs_that_gh_refuses_are_refused() {
    let Some(beside) = Beside::new(FIELDS, TITLES) else { return };
    for program in REFUSED {
        let own = beside.listed(&["--jq", program]);
        let of_gh = beside.of_gh(&["--jq", program]);
        assert_ne!(of_gh.code, Some(0), "{program}: {of_gh:?}");
        assert_eq!((own.code, own.stderr.is_empty()), (Some(1), false), "{program}: {own:?}");
        assert_eq!(own.stdout, "", "{program}: nothing of a program that fails");
    }
}
