//! Histories without a clone, and the repositories of an owner.

use serde_json::{Value, json};

use super::{ASKED_AT, Fake, fake, repo};
use crate::github::{GithubError, ManifestPlace, OwnedPage, RemoteHistory};

/// Answers each question by its name, or by its path, with the next of its answers.
fn names(answers: &[(&str, &str)]) -> Fake {
    let fake = fake(
        "cat >now; name=$(sed -n 's/.*query \\([A-Z][a-z]*\\).*/\\1/p' now); [ -n \"$name\" ] || name=rest; echo $name >>asked
         at=$(grep -c $name asked); cat $name.$at",
    );
    let mut counts = std::collections::HashMap::new();
    for (name, body) in answers {
        let count = counts.entry(*name).and_modify(|count| *count += 1).or_insert(1);
        let answer = format!("HTTP/2.0 200 OK\n\r\n{body}");
        std::fs::write(fake.dir.path().join(format!("{name}.{count}")), answer).unwrap();
    }
    fake
}

fn asked(fake: &Fake) -> String {
    std::fs::read_to_string(fake.dir.path().join("asked")).unwrap().replace('\n', " ")
}

fn place() -> ManifestPlace {
    ManifestPlace { branch: None, path: "m.json".to_owned() }
}

fn commit(oid: &str, parent: Option<&str>, text: Option<&str>) -> Value {
    let parents: Vec<Value> = parent.iter().map(|oid| json!({ "oid": oid })).collect();
    let file = text.map(|text| {
        json!({ "object": {
        "oid": "ab", "byteSize": text.len(), "isTruncated": false, "text": text } })
    });
    json!({ "oid": oid, "committedDate": "2024-12-24T10:00:00Z", "parents": { "nodes": parents }, "file": file })
}

fn page(tip: &str, nodes: &[Value], next: Option<&str>) -> String {
    let info = json!({ "hasNextPage": next.is_some(), "endCursor": next });
    let history = json!({ "totalCount": 9, "pageInfo": info, "nodes": nodes });
    json!({ "data": { "repository": { "nameWithOwner": "o/r", "object": { "oid": tip, "history": history } } } })
        .to_string()
}

fn history(fake: &Fake, known: Option<&str>) -> Result<Option<RemoteHistory>, GithubError> {
    fake.gh.history(&repo(), (&place(), known), ASKED_AT, &|_, _| ())
}

fn commits(history: &RemoteHistory) -> Vec<&str> {
    history.versions.iter().map(|version| version.commit.as_str()).collect()
}

#[test]
fn a_history_of_pages_is_whole_if_each_version_is_the_first_parent_of_the_next() {
    let first = page("c", &[commit("c", Some("b"), Some("3")), commit("b", Some("a"), None)], Some("x"));
    let last = page("c", &[commit("a", None, Some("1"))], None);
    let fake = names(&[("History", &first), ("History", &last)]);
    let found = history(&fake, None).unwrap().unwrap();
    assert_eq!((commits(&found), found.is_whole, found.tip.as_str()), (vec!["a", "b", "c"], true, "c"));
    let bytes: Vec<_> = found.versions.iter().map(|version| version.bytes.as_deref()).collect();
    assert_eq!(bytes, [Some(&b"1"[..]), None, Some(b"3")]);
    assert_eq!(asked(&fake), "History History ");
    // From a version that is known.
    let fake = names(&[("History", &first)]);
    let found = history(&fake, Some("b")).unwrap().unwrap();
    assert_eq!((commits(&found), found.is_whole), (vec!["c"], true));
}

#[test]
fn commits_between_two_versions_show_whether_first_parents_lead_from_one_to_the_other() {
    let nodes = [commit("d", Some("c"), Some("4")), commit("a", None, Some("1"))];
    let versions = page("e", &nodes, None);
    let line = |c: &str| {
        let all = [("e", "d"), ("d", "c"), ("c", c), ("b", "a"), ("x", "a")];
        let nodes: Vec<Value> = all.map(|(oid, parent)| commit(oid, Some(parent), None)).into();
        page("e", &nodes, None)
    };
    for (c, is_whole) in [("b", true), ("x", true), ("elsewhere", false)] {
        let fake = names(&[("History", &versions), ("Commits", &line(c))]);
        let found = history(&fake, None).unwrap().unwrap();
        assert_eq!((found.is_whole, commits(&found)), (is_whole, vec!["a", "d"]), "{c}");
        assert_eq!(asked(&fake), "History Commits ");
    }
    // A version of a branch that was merged is not on the line.
    let merged = page("d", &[commit("d", Some("c"), Some("4")), commit("side", Some("a"), Some("2"))], None);
    let fake = names(&[("History", &merged), ("Commits", &line("b"))]);
    assert!(!history(&fake, None).unwrap().unwrap().is_whole);
    // A known commit that never comes: another history.
    let fake = names(&[("History", &versions), ("Commits", &line("b"))]);
    assert!(!history(&fake, Some("gone")).unwrap().unwrap().is_whole);
}

#[test]
fn what_graphql_does_not_give_byte_for_byte_is_asked_for_by_itself() {
    let mut node = commit("a", None, Some("1"));
    node["file"]["object"]["byteSize"] = 4.into();
    let fake = names(&[("History", &page("a", &[node.clone()], None)), ("rest", "\u{feff}1")]);
    let found = history(&fake, None).unwrap().unwrap();
    assert_eq!(found.versions[0].bytes.as_deref(), Some("\u{feff}1".as_bytes()));
    // Without one of its versions it would be another history.
    let fake = names(&[("History", &page("a", &[node], None)), ("rest", "")]);
    assert!(matches!(history(&fake, None), Err(GithubError::Partial { .. })));
}

#[test]
fn without_the_file_there_is_no_history() {
    for body in [page("a", &[], None), r#"{"data":{"repository":{"object":null}}}"#.to_owned()] {
        assert_eq!(history(&names(&[("History", &body)]), None), Ok(None));
    }
    let lost = page("a", &[], Some("x"));
    assert!(matches!(history(&names(&[("History", &lost)]), None), Err(GithubError::Malformed { .. })));
}

fn owned(nodes: &[Value], errors: &Value) -> String {
    let repositories = json!({ "totalCount": 7, "pageInfo": { "hasNextPage": false }, "nodes": nodes });
    json!({ "data": { "repositoryOwner": { "repositories": repositories } }, "errors": errors }).to_string()
}

fn repository(name: &str, oid: Option<&str>) -> Value {
    let object = oid.map(|oid| json!({ "oid": oid }));
    json!({ "id": name, "nameWithOwner": format!("o/{name}"), "isArchived": name == "old", "isEmpty": false, "object": object })
}

fn ask(body: &str) -> Result<OwnedPage, GithubError> {
    names(&[("Owned", body)]).gh.owned(("github.com", "o"), &place(), None, ASKED_AT)
}

#[test]
fn an_owner_s_repositories_come_with_their_manifests_names_and_the_withheld_are_counted() {
    let nodes = [repository("a", Some("1")), repository("old", Some("2")), repository("none", None), Value::Null];
    let errors = json!([
        { "type": "FORBIDDEN", "message": "no", "path": ["repositoryOwner", "repositories", "nodes", 3] },
        { "message": "odd", "path": ["repositoryOwner", "repositories", "nodes", 1, "object"] },
    ]);
    let page = ask(&owned(&nodes, &errors)).unwrap();
    let found: Vec<_> = page.repositories.iter().map(|owned| (owned.repo.to_string(), owned.oid.as_deref())).collect();
    assert_eq!(found, [("o/a".to_owned(), Some("1")), ("o/none".to_owned(), None)]);
    assert_eq!((page.withheld, page.total, page.next), (Some((2, "no".to_owned())), 7, None));
    assert_eq!(ask(&owned(&nodes, &Value::Null)).unwrap().repositories.len(), 3);
    let limit = json!([{ "type": "RATE_LIMITED", "message": "API rate limit exceeded" }]);
    assert!(matches!(ask(&owned(&nodes, &limit)), Err(GithubError::RateLimited { .. })));
    let nobody = ask(r#"{"data":{"repositoryOwner":null}}"#);
    assert!(matches!(nobody, Err(GithubError::NoOwner { .. })), "{nobody:?}");
}

#[test]
fn texts_are_whole_or_an_error_of_their_repository() {
    let nodes = ["a", "b", "c"].map(|name| repository(name, Some("1")));
    let page = ask(&owned(&nodes, &json!([]))).unwrap();
    let text = |id: &str, text: &str| json!({ "id": id, "object": { "oid": "1", "byteSize": text.len(), "isTruncated": false, "text": text } });
    let body = json!({
        "data": { "nodes": [text("c", "3"), text("a", "1"), text("b", "2")] },
        "errors": [{ "message": "odd", "path": ["nodes", 2, "object"] }],
    });
    let fake = names(&[("Texts", &body.to_string())]);
    let texts = fake.gh.texts("github.com", page.repositories, &place(), ASKED_AT).unwrap();
    let texts: Vec<_> = texts.into_iter().map(|(owned, text)| (owned.repo.name().to_owned(), text)).collect();
    let bytes = |at: usize| texts[at].1.as_ref().unwrap().as_ref().unwrap().bytes.clone();
    assert_eq!(
        (texts[0].0.as_str(), bytes(0), texts[2].0.as_str(), bytes(2)),
        ("a", b"1".to_vec(), "c", b"3".to_vec())
    );
    assert!(matches!(&texts[1], (name, Err(GithubError::Partial { .. })) if name == "b"));
}
