//! An organisation's repositories, as far as the workflow that collects asks about them.

use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use super::fake::Issue;

/// Why a repository is withheld.
pub const WITHHELD: &str = "Resource protected by organization SAML enforcement.";
/// Pages are of this many repositories.
const PAGE: usize = 100;
/// A longer text is cut.
const TEXT: usize = 4_000;

/// One repository.
#[derive(Clone, Debug, Default)]
pub struct Repository {
    /// With its owner.
    pub name: String,
    /// The manifest on the default branch.
    pub manifest: Option<String>,
    /// The manifest on the branch `pmu-cache`.
    pub own_branch: Option<String>,
    pub issues: Vec<Issue>,
    pub is_private: bool,
    pub has_no_issues: bool,
    /// Whether the organisation's rules keep it from the token.
    pub is_withheld: bool,
    /// The name it had before; GitHub leads from there.
    pub before: Option<String>,
}

/// What git calls the content.
fn oid(content: &str) -> String {
    let mut git = Command::new("git");
    let mut git = git.args(["hash-object", "--stdin"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    git.stdin.take().unwrap().write_all(content.as_bytes()).unwrap();
    String::from_utf8(git.wait_with_output().unwrap().stdout).unwrap().trim().to_owned()
}

impl Repository {
    fn blobs(&self) -> impl Iterator<Item = &String> {
        self.manifest.iter().chain(&self.own_branch)
    }

    fn blob(&self, wanted: &str) -> Option<&String> {
        self.blobs().find(|content| oid(content) == wanted)
    }
}

/// The answer to a GET request.
pub fn rest(all: &[Repository], visible: impl Fn(&&Repository) -> bool, path: &str) -> Option<String> {
    let (name, rest) = path.strip_prefix("/repos/")?.match_indices('/').nth(1).map_or_else(
        || (path.strip_prefix("/repos/").unwrap(), ""),
        |(at, _)| path.strip_prefix("/repos/").unwrap().split_at(at),
    );
    let is_named = |repository: &&Repository| repository.name == name || repository.before.as_deref() == Some(name);
    let repository = all.iter().filter(visible).find(is_named)?;
    match rest.strip_prefix("/git/blobs/") {
        Some(wanted) => repository.blob(wanted).cloned(),
        None => Some(json!({"full_name": repository.name}).to_string()),
    }
}

/// The answer to a GraphQL request about many repositories; `None` where it is about one.
pub fn graphql(all: &[Repository], visible: impl Fn(&&Repository) -> bool, body: &Value) -> Option<Value> {
    let query = body["query"].as_str().unwrap();
    if query.contains("repositoryOwner(") {
        return Some(listed(all, visible, query, &body["variables"]));
    }
    if !query.contains("\n  r0: repository(") {
        return None;
    }
    let (mut data, mut errors) = (serde_json::Map::new(), Vec::new());
    for line in query.lines().filter_map(|line| line.strip_prefix("  r")) {
        let (key, rest) = line.split_once(": repository(owner: \"").unwrap();
        let (owner, rest) = rest.split_once("\", name: \"").unwrap();
        let (name, part) = rest.split_once("\") { ").unwrap();
        let name = format!("{owner}/{name}");
        let repository = all.iter().filter(&visible).find(|repository| repository.name == name).unwrap();
        if repository.is_withheld {
            errors.push(json!({"message": WITHHELD, "type": "FORBIDDEN", "path": [format!("r{key}")]}));
        }
        let about = if repository.is_withheld { Value::Null } else { about(repository, part) };
        data.insert(format!("r{key}"), about);
    }
    Some(answer(&json!(data), &errors))
}

/// An answer, with `errors` where there are some.
fn answer(data: &Value, errors: &[Value]) -> Value {
    if errors.is_empty() { json!({"data": data}) } else { json!({"data": data, "errors": errors}) }
}

/// What is asked of one of several repositories: the text of a blob, or how many issues have a label.
fn about(repository: &Repository, part: &str) -> Value {
    if let Some(rest) = part.strip_prefix("object(oid: \"") {
        let content = repository.blob(rest.split('"').next().unwrap()).unwrap();
        let is_truncated = content.len() > TEXT;
        return json!({"object": {"text": content[..content.len().min(TEXT)], "isTruncated": is_truncated}});
    }
    let mut counts = serde_json::Map::new();
    for count in part.split(" }").filter_map(|count| count.trim().split_once(": issues(labels: [\"")) {
        let label = count.1.split('"').next().unwrap();
        let total = repository.issues.iter().filter(|issue| issue.labels.contains(&label)).count();
        counts.insert(count.0.to_owned(), json!({"totalCount": total}));
    }
    assert!(!counts.is_empty(), "{part}");
    Value::Object(counts)
}

fn listed(all: &[Repository], visible: impl Fn(&&Repository) -> bool, query: &str, variables: &Value) -> Value {
    for part in ["first: 100", "ownerAffiliations: OWNER", "hasIssuesEnabled", "byteSize"] {
        assert!(query.contains(part), "{query}");
    }
    assert_eq!(variables["here"], "HEAD:.github/pmu-cache.json");
    assert_eq!(variables["there"], "pmu-cache:.github/pmu-cache.json");
    let owner = format!("{}/", variables["owner"].as_str().unwrap());
    let found: Vec<_> = all.iter().filter(visible).filter(|repository| repository.name.starts_with(&owner)).collect();
    if owner != "octo-org/" {
        return json!({"data": {"repositoryOwner": null}});
    }
    let start = variables["after"].as_str().map_or(0, |cursor| cursor.parse().unwrap());
    let end = found.len().min(start + PAGE);
    let blob = |content: &Option<String>| {
        content.as_ref().map(|content| json!({"oid": oid(content), "byteSize": content.len()}))
    };
    let shown = &found[start..end];
    let node = |repository: &&Repository| {
        if repository.is_withheld && repository.manifest.is_some() {
            return Value::Null;
        }
        json!({
            "nameWithOwner": repository.name,
            "hasIssuesEnabled": !repository.has_no_issues,
            "here": blob(&repository.manifest),
            "there": blob(&repository.own_branch),
        })
    };
    let nodes: Vec<Value> = shown.iter().map(node).collect();
    let withheld = nodes.iter().enumerate().filter(|(_, node)| node.is_null());
    let path = |at: usize| json!(["repositoryOwner", "repositories", "nodes", at]);
    let errors: Vec<Value> =
        withheld.map(|(at, _)| json!({"message": WITHHELD, "type": "FORBIDDEN", "path": path(at)})).collect();
    let repositories = json!({
        "totalCount": found.len(),
        "pageInfo": {"hasNextPage": end < found.len(), "endCursor": end.to_string()},
        "nodes": nodes,
    });
    answer(&json!({"repositoryOwner": {"repositories": repositories}}), &errors)
}
