//! Against programs that pretend to be `gh`; `tests/github` has the real one.
#![cfg(unix)]

use std::ffi::OsString;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::*;

mod remote;
use crate::model::{Repo, UnixMillis};

/// Some seconds after GitHub's answer.
const ASKED_AT: UnixMillis = UnixMillis::new(1_735_034_405_000).unwrap();

struct Fake {
    dir: tempfile::TempDir,
    gh: Gh,
}

/// A shell script in place of `gh`.
fn fake(script: &str) -> Fake {
    let dir = tempfile::tempdir().unwrap();
    let program = dir.path().join("gh");
    // Written by another process: while this one forks elsewhere, a file it has open for writing cannot be run.
    let mut writer = Command::new("sh")
        .args(["-c", "cat >gh; chmod +x gh"])
        .current_dir(dir.path())
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let script = format!("#!/bin/sh\ncd '{}'\n{script}\n", dir.path().display());
    writer.stdin.take().unwrap().write_all(script.as_bytes()).unwrap();
    assert!(writer.wait().unwrap().success());
    let environment = vec![("PATH".into(), std::env::var_os("PATH").unwrap_or_default())];
    Fake { dir, gh: Gh { program, environment, timeout: Duration::from_secs(10) } }
}

/// Prints one HTTP answer.
fn answers(status: &str, headers: &str, body: &str) -> Fake {
    let answer = format!("HTTP/2.0 {status}\n{headers}\r\n{body}");
    let fake = fake("cat >asked; cat answer");
    std::fs::write(fake.dir.path().join("answer"), answer).unwrap();
    fake
}

fn repo() -> Repo {
    Repo::new("github.com", "o", "r").unwrap()
}

fn failure(fake: &Fake) -> GithubError {
    trackers(fake).unwrap_err()
}

fn trackers(fake: &Fake) -> Result<Answer, GithubError> {
    fake.gh.trackers(&repo(), &Rules::default(), ASKED_AT, &|_, _| ())
}

fn page(nodes: &str, total: u64, next: bool) -> String {
    format!(r#"{{"totalCount":{total},"pageInfo":{{"hasNextPage":{next},"endCursor":"c"}},"nodes":[{nodes}]}}"#)
}

/// The pages of the first label of each kind; those of the other labels are empty.
fn both(releases: &str, microsprints: &str) -> String {
    let none = page("", 0, false);
    let repository = format!(r#"{{"listA":{releases},"listB":{none},"listC":{none},"listD":{microsprints}}}"#);
    format!(r#"{{"data":{{"repository":{repository}}}}}"#)
}

const ONE: &str =
    r#"{"number":4,"title":"Release: v1","state":"OPEN","createdAt":"2024-12-24T09:00:00Z","closedAt":null}"#;
const BY_LABEL_ALONE: &str = r#"{"number":5,"title":"v1 is late","state":"OPEN","createdAt":null,"closedAt":null}"#;
const DATE: &str = "Date: Tue, 24 Dec 2024 10:00:00 GMT\r\n";

#[test]
fn an_answer_holds_the_issues_that_have_label_and_title_and_github_s_time() {
    let nodes = format!("{BY_LABEL_ALONE},{ONE}");
    let fake = answers("200 OK", DATE, &both(&page(&nodes, 2, false), &page("", 0, false)));
    let answer = trackers(&fake).unwrap();
    assert_eq!(answer.answered_at.to_string(), "2024-12-24T10:00:00Z");
    let titles: Vec<_> = answer.trackers.iter().map(|tracker| &*tracker.title).collect();
    assert_eq!(titles, ["Release: v1"]);
    let asked: serde_json::Value =
        serde_json::from_slice(&std::fs::read(fake.dir.path().join("asked")).unwrap()).unwrap();
    assert_eq!(asked["variables"]["count"], 100);
    let slots = ["A", "B", "C", "D"].map(|slot| asked["variables"][format!("label{slot}")][0].clone());
    assert_eq!(slots, ["release", "branch", "patch", "microsprint"]);
    assert_eq!((&asked["variables"]["hasA"], &asked["variables"]["afterA"]), (&true.into(), &().into()));
}

#[test]
fn an_issue_with_two_labels_of_a_kind_is_one_tracker() {
    let both_labels = |second: &str| {
        let (one, two, none) = (page(ONE, 1, false), page(second, 1, false), page("", 0, false));
        let repository = format!(r#"{{"listA":{one},"listB":{two},"listC":{none},"listD":{none}}}"#);
        trackers(&answers("200 OK", DATE, &format!(r#"{{"data":{{"repository":{repository}}}}}"#)))
    };
    assert_eq!(both_labels(ONE).unwrap().trackers.len(), 1);
    // Retitled between the two: neither is more right.
    assert!(matches!(both_labels(&ONE.replace("v1", "v2")), Err(GithubError::Changing { .. })));
}

#[test]
fn labels_and_titles_are_as_they_are_wished() {
    let none = page("", 0, false);
    let wanted = |labels: &[&str], titles: &[&str]| {
        let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        Wanted { labels: texts(labels), titles: texts(titles) }
    };
    let rules = Rules {
        releases: wanted(&["a", "b", "A", "c"], &["Version "]),
        microsprints: wanted(&["d", "e"], &["Sprint "]),
    };
    let issue = ONE.replace("Release: v1", "Version 1");
    let repository = format!(r#"{{"listA":{},"listB":{none},"listC":{none},"listD":{none}}}"#, page(&issue, 1, false));
    let script = "cat >now; cat now >>asked; echo >>asked; cat answer";
    let fake = fake(script);
    let answer = format!("HTTP/2.0 200 OK\n\r\n{{\"data\":{{\"repository\":{repository}}}}}");
    std::fs::write(fake.dir.path().join("answer"), answer).unwrap();
    let seen = std::cell::RefCell::new(Vec::new());
    let progress = |done, total| seen.borrow_mut().push((done, total));
    // The answer is the same for both questions, so the title is a release's and a microsprint's.
    let answer = fake.gh.trackers(&repo(), &rules, ASKED_AT, &progress).unwrap();
    assert_eq!(answer.trackers.len(), 1);
    assert_eq!(seen.into_inner(), [(1, 1), (2, 2)]);
    let asked = std::fs::read_to_string(fake.dir.path().join("asked")).unwrap();
    let labels = |line: &str| {
        let asked: serde_json::Value = serde_json::from_str(line).unwrap();
        ["A", "B", "C", "D"].map(|slot| asked["variables"][format!("label{slot}")][0].as_str().unwrap_or("").to_owned())
    };
    let asked: Vec<_> = asked.lines().map(labels).collect();
    assert_eq!(asked, [["a", "b", "c", "d"], ["e", "", "", ""]]);
}

#[test]
fn a_clock_of_github_s_that_runs_ahead_does_not_date_the_answer() {
    let late = "Date: Thu, 26 Dec 2024 10:00:00 GMT\r\n";
    let fake = answers("200 OK", late, &both(&page("", 0, false), &page("", 0, false)));
    assert_eq!(trackers(&fake).unwrap().answered_at, ASKED_AT);
}

#[test]
fn where_a_token_is_authorized_for_single_sign_on_is_kept() {
    let url = "https://github.com/orgs/o/sso?authorization_request=A1";
    let header = format!("X-GitHub-SSO: required; url={url}\r\n");
    let graphql = r#"{"data":{"repository":null},"errors":[{"type":"FORBIDDEN","message":"Resource protected by organization SAML enforcement."}]}"#;
    for (status, body) in [
        ("403 Forbidden", r#"{"message":"Resource protected by organization SAML enforcement."}"#),
        ("200 OK", graphql),
    ] {
        let sentence = failure(&answers(status, &header, body)).to_string();
        assert_eq!(
            sentence,
            format!("github.com wants this token authorized for the organisation (SAML): open {url} and try again")
        );
    }
    let odd = "X-GitHub-SSO: required; url=javascript:alert(1)\r\n";
    assert!(matches!(failure(&answers("403 Forbidden", odd, "{}")), GithubError::Forbidden { .. }));
}

#[test]
fn without_a_date_the_answer_is_of_the_time_it_was_asked_for() {
    let fake = answers("200 OK", "", &both(&page("", 0, false), &page("", 0, false)));
    assert_eq!(trackers(&fake).unwrap().answered_at, ASKED_AT);
}

#[test]
fn pages_that_do_not_add_up_are_no_answer() {
    for page_of in [page(ONE, 2, false), page(ONE, 0, false), page(&format!("{ONE},{ONE}"), 2, false)] {
        let fake = answers("200 OK", DATE, &both(&page_of, &page("", 0, false)));
        assert_eq!(failure(&fake), GithubError::Changing { repo: Box::new(repo()) });
    }
    for page_of in [page("", 0, true), "null".to_owned(), "{}".to_owned(), page("{}", 1, false)] {
        let fake = answers("200 OK", DATE, &both(&page_of, &page("", 0, false)));
        assert!(matches!(failure(&fake), GithubError::Malformed { .. }), "{page_of}");
    }
    let fake = answers("200 OK", DATE, &both(&page("null", 1, false), &page("", 0, false)));
    assert!(matches!(failure(&fake), GithubError::Partial { .. }));
}

#[test]
fn each_http_status_has_its_sentence() {
    let sentence = |status: &str, headers: &str, body: &str| failure(&answers(status, headers, body)).to_string();
    for (status, headers, body, expected) in [
        ("401 Unauthorized", "", r#"{"message":"Bad credentials"}"#, "github.com did not accept the token (HTTP 401)"),
        ("401 Unauthorized", "", r#"{"message":"Requires authentication"}"#, "gh is not signed in to github.com"),
        ("403 Forbidden", "", r#"{"message":"no\nno"}"#, "github.com does not allow this (HTTP 403: no): see"),
        (
            "403 Forbidden",
            "Date: Tue, 24 Dec 2024 10:00:00 GMT\r\nRetry-After: 60\r\n",
            "{}",
            "the rate limit of github.com is reached: try again after 2024-12-24T10:01:00Z",
        ),
        (
            "403 Forbidden",
            "Date: Tue, 24 Dec 2024 10:00:00 GMT\r\nX-RateLimit-Remaining: 0\r\nX-RateLimit-Reset: 1000\r\n",
            "{}",
            "the rate limit of github.com is reached: try again in a few minutes",
        ),
        (
            "403 Forbidden",
            "",
            r#"{"message":"You have triggered an abuse detection mechanism"}"#,
            "the rate limit of github.com is reached",
        ),
        ("403 Forbidden", "", r#"{"message":"secondary rate limit"}"#, "the rate limit of github.com is reached"),
        ("429 Too Many Requests", "", "<html>", "the rate limit of github.com is reached: try again in a few minutes"),
        ("404 Not Found", "", r#"{"message":"Not Found"}"#, "o/r was not found, or this account may not see it"),
        ("502 Bad Gateway", "", "<html>", "github.com could not answer (HTTP 502)"),
        ("418 I'm a teapot", "", "", "github.com refused the request (HTTP 418)"),
        ("200 OK", "", "<html>", "the answer of github.com cannot be read (it is no JSON at line 1, column 1)"),
        ("200 OK", "", "{}", "the answer of github.com cannot be read (there is no data.repository)"),
    ] {
        let sentence = sentence(status, headers, body);
        assert!(sentence.starts_with(expected), "{status}: {sentence}");
    }
}

#[test]
fn each_error_of_graphql_has_its_sentence() {
    for (error, expected) in [
        (r#"{"type":"RATE_LIMITED","message":"API rate limit exceeded"}"#, "the rate limit of github.com is reached"),
        (r#"{"type":"NOT_FOUND","message":"Could not resolve"}"#, "o/r was not found"),
        (r#"{"type":"FORBIDDEN","message":"SAML"}"#, "github.com does not allow this (SAML)"),
        (r#"{"message":"Something went wrong while executing your query."}"#, "github.com could not answer (Something"),
        (r#"{"message":"odd"}"#, "github.com answered only in part (odd), so the answer was not used"),
        ("7", "github.com answered only in part (an error without a message)"),
    ] {
        let body = format!(r#"{{"data":null,"errors":[{error}]}}"#);
        let sentence = failure(&answers("200 OK", "", &body)).to_string();
        assert!(sentence.starts_with(expected), "{error}: {sentence}");
    }
}

#[test]
fn a_gh_that_gives_no_answer_is_told_from_one_that_is_missing_old_or_signed_out() {
    let none = Gh { program: PathBuf::from("/no/such/gh"), ..fake("").gh };
    assert_eq!(none.trackers(&repo(), &Rules::default(), ASKED_AT, &|_, _| ()), Err(GithubError::NotInstalled));
    assert!(failure(&fake("echo 'To get started' >&2; exit 4")).is_not_signed_in());
    let old = failure(&fake("echo 'unknown flag: --include' >&2; exit 1"));
    assert_eq!(old, GithubError::TooOld("unknown flag: --include".to_owned()));
    let reason = "error connecting to api.github.com".to_owned();
    let offline = failure(&fake(&format!("echo '{reason}' >&2; echo 'check' >&2; exit 1")));
    assert_eq!(offline, GithubError::NotReached { host: "github.com".to_owned(), reason });
    // Go's own words are left out.
    for (said, reason) in [
        ("dial tcp: lookup api.github.com on 8.8.8.8:53: no such host", "no such host"),
        ("proxyconnect tcp: dial tcp 127.0.0.1:1: connect: connection refused", "the proxy: connection refused"),
        ("x509: certificate signed by unknown authority", "certificate signed by unknown authority"),
        ("context deadline exceeded (Client.Timeout exceeded while awaiting headers)", "no answer in time"),
        ("EOF", "the answer broke off"),
    ] {
        let line = format!("Post \"https://api.github.com/graphql\": {said}");
        let offline = failure(&fake(&format!("echo '{line}' >&2; exit 1")));
        let reason = reason.to_owned();
        assert_eq!(offline, GithubError::NotReached { host: "github.com".to_owned(), reason });
    }
    assert!(matches!(failure(&fake("kill -9 $$")), GithubError::NotReached { .. }));
    assert!(matches!(failure(&fake("echo hello")), GithubError::Malformed { .. }));
}

#[test]
fn a_silent_gh_is_killed_when_its_time_is_over() {
    let mut fake = fake("echo $$ >pid; exec sleep 60");
    fake.gh.timeout = Duration::from_millis(300);
    let start = Instant::now();
    let error = failure(&fake);
    assert_eq!(error.to_string(), "github.com did not answer within 0.3 seconds: try again later");
    let whole = GithubError::TimedOut { host: "h".to_owned(), after: Duration::from_secs(1) };
    assert_eq!(whole.to_string(), "h did not answer within 1 second: try again later");
    assert!(start.elapsed() < Duration::from_secs(20));
    let pid = std::fs::read_to_string(fake.dir.path().join("pid")).unwrap();
    assert!(!std::path::Path::new("/proc").join(pid.trim()).exists());
}

#[test]
fn the_environment_is_cleaned_of_what_would_change_the_answer_s_look() {
    let mut fake = fake("env >env; exit 1");
    for name in ["GH_FORCE_TTY", "CLICOLOR_FORCE", "DEBUG", "GH_TOKEN", "GH_PAGER"] {
        fake.gh.environment.push((name.into(), OsString::from("kept")));
    }
    failure(&fake);
    let env = std::fs::read_to_string(fake.dir.path().join("env")).unwrap();
    let has = |line: &str| env.lines().any(|found| found == line);
    assert!(has("GH_TOKEN=kept") && has("NO_COLOR=1") && has("GH_PAGER=cat") && has("GH_PROMPT_DISABLED=1"), "{env}");
    assert!(!env.contains("GH_FORCE_TTY") && !env.contains("CLICOLOR_FORCE") && !env.contains("DEBUG"), "{env}");
}

fn place(branch: Option<&str>) -> ManifestPlace {
    ManifestPlace { branch: branch.map(str::to_owned), path: "a b/c.json".to_owned() }
}

#[test]
fn a_manifest_is_its_bytes_the_same_as_before_or_nothing() {
    let manifest = |status: &str, headers: &str, known| {
        answers(status, headers, "{\n}\r\n").gh.manifest(&repo(), &place(None), known, ASKED_AT)
    };
    let bytes = b"{\n}\r\n".to_vec();
    for (header, tag) in [
        ("ETag: W/\"ab\"\r\n", Some("W/\"ab\"")),
        ("etag: \"ab\"\r\n", Some("\"ab\"")),
        ("ETag: ab c\r\n", None),
        ("", None),
    ] {
        let expected = RemoteManifest { bytes: bytes.clone(), tag: tag.map(str::to_owned) };
        assert_eq!(manifest("200 OK", header, None), Ok(Found::Manifest(expected)), "{header}");
    }
    assert_eq!(manifest("404 Not Found", "", None), Ok(Found::Nothing));
    assert_eq!(manifest("304 Not Modified", "", Some("\"ab\"")), Ok(Found::Same));
    // Nobody asked whether it had changed.
    assert!(matches!(manifest("304 Not Modified", "", None), Err(GithubError::Refused { .. })));
    let broken_off = fake("printf 'HTTP/2.0 200 OK\\n\\r\\n{'; echo 'unexpected EOF' >&2; exit 1");
    let found = broken_off.gh.manifest(&repo(), &place(None), None, ASKED_AT);
    assert!(matches!(found, Err(GithubError::NotReached { .. })), "{found:?}");
}

#[test]
fn a_manifest_is_asked_for_by_branch_and_path_and_only_if_it_has_changed() {
    let fake = fake("printf '%s\\n' \"$@\" >asked; exit 1");
    let asked = |branch, tag| {
        fake.gh.manifest(&repo(), &place(branch), tag, ASKED_AT).unwrap_err();
        std::fs::read_to_string(fake.dir.path().join("asked")).unwrap()
    };
    let always = "api\n--include\n--hostname\ngithub.com\nrepos/o/r/contents/a%20b/c.json";
    let raw = "-H\nAccept: application/vnd.github.v3.raw\n";
    assert_eq!(asked(None, None), format!("{always}\n{raw}"));
    assert_eq!(
        asked(Some("pmu/{x}&#é"), Some("W/\"ab\"")),
        format!("{always}?ref=pmu/%7Bx%7D%26%23%C3%A9\n{raw}-H\nIf-None-Match: W/\"ab\"\n")
    );
    assert_eq!(asked(None, Some("a\r\nb\"")), format!("{always}\n{raw}"));
}
