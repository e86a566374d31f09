//! When the workflow runs: its condition, evaluated as GitHub does, for every event it listens to.

use std::fs;

use serde_json::{Value, json};

use super::runner::{WORKFLOW, gh_pmu};
use super::yaml::Yaml;

/// The job of the workflow that `init` writes beside the configuration.
fn job(configuration: &str) -> Yaml {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join(".git")).unwrap();
    fs::write(dir.path().join(".gh-pmu.yml"), configuration).unwrap();
    let init = gh_pmu(dir.path(), &["init", "--workflow"]);
    assert!(init.status.success(), "{init:?}");
    let workflow = Yaml::parse(&fs::read_to_string(dir.path().join(WORKFLOW)).unwrap());
    workflow.at(&["jobs", "manifest"]).clone()
}

/// Whether the job runs.
fn runs(condition: &str, github: &Value) -> bool {
    let mut parser = Parser { rest: condition, context: json!({ "github": github }) };
    let value = parser.or();
    assert!(parser.rest.trim().is_empty(), "{}", parser.rest);
    value == json!(true)
}

/// As much of GitHub's expressions as conditions use: strings, contexts, `==`, `!=`, `||`, `contains`.
struct Parser<'e> {
    rest: &'e str,
    context: Value,
}

impl Parser<'_> {
    fn take(&mut self, token: &str) -> bool {
        let rest = self.rest.trim_start();
        rest.strip_prefix(token).is_some_and(|rest| {
            self.rest = rest;
            true
        })
    }

    fn or(&mut self) -> Value {
        let mut value = self.compared();
        while self.take("||") {
            let other = self.compared();
            value = if truthy(&value) { value } else { other };
        }
        value
    }

    fn compared(&mut self) -> Value {
        let left = self.operand();
        if self.take("==") {
            return json!(equal(&left, &self.operand()));
        }
        match self.take("!=") {
            true => json!(!equal(&left, &self.operand())),
            false => left,
        }
    }

    fn operand(&mut self) -> Value {
        if self.take("contains(") {
            let list = self.or();
            assert!(self.take(","));
            let item = self.or();
            assert!(self.take(")"));
            return json!(list.as_array().is_some_and(|list| list.iter().any(|entry| equal(entry, &item))));
        }
        if self.take("'") {
            let mut text = String::new();
            loop {
                let (part, rest) = self.rest.split_once('\'').unwrap();
                text.push_str(part);
                self.rest = rest;
                match self.rest.strip_prefix('\'') {
                    Some(rest) => self.rest = rest,
                    None => return json!(text),
                }
                text.push('\'');
            }
        }
        let rest = self.rest.trim_start();
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && !"._*".contains(c)).unwrap_or(rest.len());
        let (path, rest) = rest.split_at(end);
        self.rest = rest;
        assert!(path.starts_with("github."), "{path}");
        path.split('.').fold(self.context.clone(), step)
    }
}

/// One part of a path: a filter `*` spreads over a list, and what follows looks into each.
fn step(value: Value, name: &str) -> Value {
    match (value, name) {
        (value, "*") => value,
        (Value::Array(items), name) => {
            items.into_iter().map(|item| item[name].clone()).filter(|item| !item.is_null()).collect()
        }
        (value, name) => value[name].clone(),
    }
}

fn truthy(value: &Value) -> bool {
    !matches!(value, Value::Null | Value::Bool(false)) && value != ""
}

/// Strings compare without regard to case; what is missing is like an empty one.
fn equal(left: &Value, right: &Value) -> bool {
    let text = |value: &Value| value.as_str().map(str::to_lowercase).unwrap_or_default();
    text(left) == text(right)
}

/// The labels of an issue, as events carry them.
fn labels(names: &[&str]) -> Value {
    names.iter().map(|name| json!({ "name": name })).collect()
}

fn event(action: &str, on_issue: &[&str], of_event: Option<&str>) -> Value {
    let label = of_event.map(|name| json!({ "name": name }));
    let mut event = json!({ "action": action, "issue": { "number": 7, "labels": labels(on_issue) } });
    if let Some(label) = label {
        event["label"] = label;
    }
    json!({ "event_name": "issues", "event": event })
}

/// Every event the workflow listens to, the labels of the issue when it is sent, and the label it is about: first for an
/// issue that is no tracker before and after, then for one that is or was, or is to be.
fn events<'l>(tracker: &'l str) -> ([Value; 9], [Value; 11]) {
    let others: &[&str] = &["bug", "released", "my-branch"];
    let with: &[&'l str] = &["bug", tracker];
    let quiet = [
        event("opened", &[], None),
        event("opened", others, None),
        event("edited", others, None),
        event("closed", others, None),
        event("reopened", others, None),
        event("labeled", others, Some("bug")),
        event("unlabeled", others, Some("question")),
        event("deleted", others, None),
        event("transferred", others, None),
    ];
    let heard = [
        event("opened", with, None),
        event("edited", with, None),
        event("closed", with, None),
        event("reopened", with, None),
        // The label of a tracker comes, or another comes to a tracker.
        event("labeled", with, Some(tracker)),
        event("labeled", with, Some("bug")),
        // The last label of a tracker goes, and then another goes: only the first matters.
        event("unlabeled", &["bug"], Some(tracker)),
        event("unlabeled", &[], Some(tracker)),
        event("unlabeled", with, Some("question")),
        event("deleted", with, None),
        event("transferred", with, None),
    ];
    (quiet, heard)
}

#[test]
fn a_run_starts_for_trackers_only_also_when_the_last_label_goes() {
    let job = job("project: x\n");
    let condition = job.at(&["if"]).text();
    for label in ["release", "branch", "patch", "microsprint", "Release", "MICROSPRINT"] {
        let (quiet, heard) = events(label);
        quiet.iter().for_each(|event| assert!(!runs(condition, event), "{event}"));
        heard.iter().for_each(|event| assert!(runs(condition, event), "{event}"));
    }
    // An issue without a tracker's label that loses another one: nothing. Everything that is no issue: always.
    assert!(!runs(condition, &event("unlabeled", &["bug"], Some("question"))));
    for name in ["schedule", "workflow_dispatch"] {
        assert!(runs(condition, &json!({ "event_name": name, "event": {} })), "{name}");
    }
}

#[test]
fn a_run_that_is_skipped_does_not_push_out_one_that_waits() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join(".git")).unwrap();
    assert!(gh_pmu(dir.path(), &["init", "--workflow"]).status.success());
    let workflow = Yaml::parse(&fs::read_to_string(dir.path().join(WORKFLOW)).unwrap());
    assert!(workflow.get("concurrency").is_none(), "all runs of the workflow wait in one queue of two");
    let concurrency = workflow.at(&["jobs", "manifest", "concurrency"]);
    assert_eq!(concurrency.at(&["group"]).text(), "pmu-cache");
    assert_eq!(concurrency.at(&["cancel-in-progress"]).text(), "false");
}
