//! The workflow's reading of the configuration beside the program's: the same lists, or the run stops.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use serde_json::Value;

use super::runner::{WORKFLOW, gh_pmu, has_tools};
use super::yaml::Yaml;
use crate::random::Random;

/// The labels that the program reads, both kinds in one list, and those that the workflow reads.
fn read(configuration: &str) -> (Option<Vec<String>>, Option<Vec<String>>) {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join(".git")).unwrap();
    fs::write(dir.path().join(".gh-pmu.yml"), configuration).unwrap();
    let copy = dir.path().join("configuration");
    fs::write(&copy, configuration).unwrap();
    let ran = gh_pmu(dir.path(), &["init", "--workflow", "--force"]);
    let Ok(text) = fs::read_to_string(dir.path().join(WORKFLOW)) else {
        assert!(!ran.status.success() && !ran.stderr.is_empty(), "{configuration}: {ran:?}");
        return (None, None);
    };
    let workflow = Yaml::parse(&text);
    let env = workflow.at(&["jobs", "manifest", "env"]);
    let labels: Vec<String> = serde_json::from_str(env.at(&["PMU_LABELS"]).text()).unwrap();
    let mut jq = Command::new("jq");
    jq.args(["-nc", "--rawfile", "own", "/dev/null", "--rawfile", "shared"]).arg(&copy);
    let read = jq.arg(env.at(&["PMU_SETTINGS"]).text()).output().unwrap();
    if !read.status.success() {
        let said = String::from_utf8_lossy(&read.stderr);
        assert!(said.starts_with("::error title=pmu-cache::The configuration's "), "{configuration}: {said}");
        return (Some(labels), None);
    }
    let read: Value = serde_json::from_slice(&read.stdout).unwrap();
    let lists = ["releases", "microsprints"].map(|kind| read[kind]["labels"].as_array().unwrap().clone()).concat();
    let mut lists: Vec<String> = lists.iter().map(|label| label.as_str().unwrap().to_owned()).collect();
    let mut seen = BTreeSet::new();
    lists.retain(|label| seen.insert(label.to_lowercase()));
    (Some(labels), Some(lists))
}

#[test]
fn the_workflow_reads_what_the_program_reads_or_stops() {
    if !has_tools() {
        return;
    }
    let readable = [
        "cache:\n  release_labels:\n    - release\n    - ship, it\n    - patch\n",
        "cache:\n  release_labels:\n    - -g\n    - area/{x}\n    - v[1]\n    - C# # not of the name\n",
        "  cache:\n    release_labels: [ship]\n",
        "cache:\n  release_labels: [\n    a,\n   b\n  ]\n  enabled: true\n",
        "cache:\n  other:\n    release_labels: [zz]\n",
        "other:\n  cache:\n    release_labels: [zz]\n",
        "a: |\n  cache:\n    release_labels: [zz]\n",
        "cache:\n  release_labels: a\n",
        "cache:\n  release_labels: [-x, C#, \"a b\", a:b, ~x, 'it''s']\n",
        "---\n# first\ncache: # c\n  release_labels: # d\n  - a\n\n  # e\n  - b\n  enabled: true\n",
        "cache:\n  releases:\n  - title: x\n    number: 1\n  microsprints: []\n",
        "cache: {enabled: false}\n",
        "cache:\n",
        "",
    ];
    for configuration in readable {
        let (program, workflow) = read(configuration);
        assert!(program.is_some() && workflow == program, "{configuration}: {program:?}, {workflow:?}");
    }
    let stops = [
        "cache: {release_labels: [a, \"b c\"]}\n",
        "{cache: {release_labels: [a]}}\n",
        "? cache\n: release_labels: [a]\n",
        "cache:\n  ? release_labels\n  : [a]\n",
        "cache: &c\n  release_labels: [a]\n",
        "d: &d\n  cache:\n    release_labels: [a]\n<<: *d\n",
        "d: &d\n  release_labels: [a]\ncache:\n  <<: *d\n",
        "cache:\n  release_labels: [\"a\\x41\"]\n",
        "cache:\n  release_labels:\n  - a: b\n",
    ];
    for configuration in stops {
        assert_eq!(read(configuration).1, None, "{configuration}");
    }
}

#[test]
fn whatever_form_a_list_has_the_workflow_takes_it_for_no_other() {
    if !has_tools() {
        return;
    }
    let items = [
        "a",
        "two words",
        "a, b",
        "[x]",
        "{x}",
        "x{y}",
        "C#",
        "a #b",
        "-g",
        "- g",
        "a:b",
        "a: b",
        "a:",
        ":a",
        "?a",
        "~",
        "null",
        "1",
        "\"a, b\"",
        "\"a\\\"b\"",
        "\"\\u0061\"",
        "\"\\x61\"",
        "'it''s'",
        "'a\\b'",
        "\"a\" b",
        "*a",
        "&a b",
        "!x",
        "@a",
        "%a",
        "|",
        ">",
        "",
    ];
    let mut random = Random::new(20_261_130);
    let mut agreed = 0;
    for _case in 0..150 {
        let chosen: Vec<&str> = (0..=random.below(3)).map(|_| random.one_of(&items)).collect();
        let value = match random.below(4) {
            0 => format!(" [{}]", chosen.join(", ")),
            1 => format!("\n    - {}", chosen.join("\n    - ")),
            2 => format!("\n  - {}", chosen.join(" # c\n  -   ")),
            _ => format!(" {}", chosen[0]),
        };
        let root = random.one_of(&["", "  "]);
        let text = format!("x: 1\ncache:\n  release_labels:{value}\n  enabled: true\n");
        let text: String = text.lines().map(|line| format!("{root}{line}\n")).collect();
        let (program, workflow) = read(&text);
        assert!(workflow.is_none() || workflow == program, "{text}: {program:?}, {workflow:?}");
        agreed += u32::from(workflow.is_some());
    }
    assert!(agreed > 40, "only {agreed} were read");
}
