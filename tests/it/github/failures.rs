//! What GitHub and `gh` can do wrong: each its sentence and exit code, and the cache as it was.

use std::process::Stdio;

use crate::github::fake::{Mode, releases};
use crate::github::lab::{Lab, Run, program};

const RESET: &str = "X-RateLimit-Remaining: 0\r\nX-RateLimit-Reset: 1735036200\r\n";
const PARTIAL: &str =
    r#"{"data":{"repository":{"listA":null}},"errors":[{"message":"one went missing","path":["a"]}]}"#;
const LIMITED: &str = r#"{"data":null,"errors":[{"type":"RATE_LIMITED","message":"API rate limit exceeded"}]}"#;
const UNKNOWN: &str =
    r#"{"data":{"repository":null},"errors":[{"type":"NOT_FOUND","path":["repository"],"message":"Could not"}]}"#;

/// Modes, and the sentence that each has.
fn modes() -> Vec<(Mode, &'static str)> {
    let status = Mode::Status;
    vec![
        (
            status("401 Unauthorized", "", r#"{"message":"Bad credentials"}"#),
            "github.com did not accept the token (HTTP 401): run `gh auth login`, or renew GH_TOKEN, and try again",
        ),
        (
            status("403 Forbidden", "Retry-After: 60\r\n", r#"{"message":"You have exceeded a secondary rate limit"}"#),
            "the rate limit of github.com is reached: try again after 2024-12-24T10:01:00Z",
        ),
        (
            status("403 Forbidden", RESET, r#"{"message":"API rate limit exceeded"}"#),
            "the rate limit of github.com is reached: try again after 2024-12-24T10:30:00Z",
        ),
        (
            status("200 OK", RESET, LIMITED),
            "the rate limit of github.com is reached: try again after 2024-12-24T10:30:00Z",
        ),
        (
            status("403 Forbidden", "", r#"{"message":"Resource not accessible"}"#),
            "github.com does not allow this (HTTP 403: Resource not accessible): see `gh auth status`, or ask the \
             repository's owner for access",
        ),
        (Mode::Body(UNKNOWN), "o/r was not found, or this account may not see it: check the name and `gh auth status`"),
        (
            status("404 Not Found", "", r#"{"message":"Not Found"}"#),
            "o/r was not found, or this account may not see it: check the name and `gh auth status`",
        ),
        (
            Mode::Body(PARTIAL),
            "github.com answered only in part (one went missing), so the answer was not used: try again in a minute",
        ),
        (status("502 Bad Gateway", "", "<html>"), "github.com could not answer (HTTP 502): try again in a few minutes"),
        (Mode::LimitedAfterOnePage, "the rate limit of github.com is reached: try again after 2024-12-24T10:01:00Z"),
        (Mode::Silent, "github.com did not answer within 2 seconds: try again later"),
    ]
}

fn nothing_cached(sentence: &str) -> String {
    format!("nothing is cached of o/r, and {sentence}\n")
}

#[test]
fn every_failure_has_its_sentence_and_records_nothing() {
    let Some(mut lab) = Lab::new() else { return };
    lab.set("GH_PMU_TIMEOUT", "2");
    lab.github.state().releases = releases(101);
    for (mode, sentence) in modes() {
        lab.github.set(mode);
        let run = lab.run("release list -R o/r");
        assert_eq!((run.code, run.stdout.as_str()), (Some(1), ""), "{run:?}");
        assert_eq!(run.stderr, nothing_cached(sentence));
        assert!(!lab.cache().join("github.com").exists(), "{sentence}");
    }
}

#[test]
fn every_failure_of_a_refresh_shows_the_cache_and_leaves_it_as_it_was() {
    let Some(mut lab) = Lab::new() else { return };
    lab.set("GH_PMU_TIMEOUT", "2");
    lab.github.state().releases = releases(101);
    let lines = lab.list("release list -R o/r");
    let status = lab.status();
    // Also where there would be something to record.
    lab.github.state().releases = releases(102);
    for (mode, sentence) in modes() {
        lab.github.set(mode);
        let run = lab.run("release list -R o/r --refresh");
        assert_eq!(run.code, Some(1), "{run:?}");
        assert_eq!(run.stderr, format!("! {sentence}; what is shown is the cache, as of 2024-12-24T10:00:00Z\n"));
        assert_eq!(run.stdout.lines().collect::<Vec<_>>(), lines);
        assert_eq!(lab.status(), status);
        assert_eq!(lab.list("release list -R o/r"), lines);
    }
    lab.github.set(Mode::Ok);
    assert_eq!(lab.list("release list -R o/r --refresh").len(), 102);
}

#[test]
fn an_answer_that_is_no_json_is_named_so() {
    let Some(lab) = Lab::new() else { return };
    for body in ["", "<html>", r#"{"data":{"repository":{"#] {
        lab.github.set(Mode::Body(body));
        let run = lab.run("release list -R o/r");
        assert_eq!((run.code, run.stdout.as_str()), (Some(1), ""));
        let expected = "nothing is cached of o/r, and the answer of github.com cannot be read (";
        assert!(run.stderr.starts_with(expected), "{}", run.stderr);
        assert!(run.stderr.ends_with("), so it was not used: try again in a minute\n"), "{}", run.stderr);
    }
}

#[test]
fn without_network_the_cache_answers_and_nothing_else_does() {
    let Some(lab) = Lab::new() else { return };
    lab.github.state().releases = releases(2);
    let lines = lab.list("release list -R o/r");
    std::fs::remove_file(&lab.github.socket).unwrap();
    assert_eq!(lab.list("release list -R o/r"), lines);
    let run = lab.run("release list -R o/r --refresh");
    assert_eq!((run.code, run.stdout.lines().count()), (Some(1), 2), "{run:?}");
    let run = lab.run("release list -R o/other");
    assert_eq!((run.code, run.stdout.as_str()), (Some(1), ""));
    assert!(run.stderr.starts_with("nothing is cached of o/other, and could not reach github.com ("), "{run:?}");
    assert!(run.stderr.ends_with("): try again once you are connected\n"), "{run:?}");
}

#[test]
fn who_is_not_signed_in_gets_the_cache_or_exit_code_4() {
    let Some(mut lab) = Lab::new() else { return };
    lab.github.state().releases = releases(2);
    let lines = lab.list("release list -R o/r");
    lab.unset("GH_TOKEN");
    lab.github.requests();
    assert_eq!(lab.list("release list -R o/r"), lines);
    let sentence = "gh is not signed in to github.com: run `gh auth login`, or set GH_TOKEN";
    let Run { stdout, stderr, code } = lab.run("release list -R o/other");
    assert_eq!((stdout.as_str(), code), ("", Some(4)));
    assert_eq!(stderr, format!("nothing is cached of o/other, and {sentence}\n"));
    let Run { stdout, stderr, code } = lab.run("release list -R o/r --refresh");
    assert_eq!((stdout.lines().count(), code), (2, Some(4)));
    assert_eq!(stderr, format!("! {sentence}; what is shown is the cache, as of 2024-12-24T10:00:00Z\n"));
    assert_eq!(lab.run("cache sync -R o/other").code, Some(4));
    assert!(lab.github.requests().is_empty());
}

#[test]
fn a_gh_that_is_missing_or_too_old_is_named_so() {
    let Some(mut lab) = Lab::new() else { return };
    lab.set("GH_PATH", "/no/such/gh");
    let run = lab.run("release list -R o/r");
    let sentence = "gh was not found, and without it GitHub cannot be asked: install it from https://cli.github.com";
    assert_eq!((run.stderr, run.code), (nothing_cached(sentence), Some(1)));
    lab.set("GH_PATH", "/bin/cat");
    let run = lab.run("release list -R o/r");
    assert_eq!(run.code, Some(1));
    assert!(run.stderr.contains("could not reach github.com"), "{}", run.stderr);
    let script = lab
        .run_program("sh", &["-c", "printf '#!/bin/sh\\necho unknown flag: --include >&2; exit 1' >gh; chmod +x gh"]);
    assert_eq!(script.code, Some(0));
    let path = lab.cwd().join("gh");
    lab.set("GH_PATH", path.to_str().unwrap());
    let run = lab.run("release list -R o/r");
    let sentence = "this gh is too old to ask GitHub with (unknown flag: --include): update it; 2.23 is known to work";
    assert_eq!((run.stderr, run.code), (nothing_cached(sentence), Some(1)));
}

#[test]
fn what_goes_between_two_pages_has_them_read_again() {
    let Some(lab) = Lab::new() else { return };
    lab.github.state().releases = releases(250);
    lab.list("release list -R o/r");
    lab.github.set(Mode::Drifting);
    let rows = lab.list("release list -R o/r --refresh");
    assert_eq!((rows.len(), rows.iter().any(|row| row.starts_with("1\t"))), (249, false));
    let removed = lab.list("cache history -R o/r --event removed");
    assert!(removed.len() == 1 && removed[0].contains("\tremoved\trelease\t1\t"), "{removed:?}");
}

#[test]
fn a_wait_that_is_interrupted_ends_with_2_and_records_nothing() {
    let Some(lab) = Lab::new() else { return };
    lab.github.set(Mode::Silent);
    for line in ["release list -R o/r", "cache sync --owner octo-org"] {
        lab.github.requests();
        // Whatever started the tests may ignore the signal.
        let program = program();
        let words: Vec<&str> = ["--default-signal=INT", &program].into_iter().chain(line.split(' ')).collect();
        let mut command = lab.command("env", &words);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        // Once GitHub was asked, the program waits.
        while lab.github.requests().is_empty() && child.try_wait().unwrap().is_none() {
            std::thread::yield_now();
        }
        assert_eq!(lab.run_program("kill", &["-INT", &child.id().to_string()]).code, Some(0));
        let ended = child.wait_with_output().unwrap();
        assert_eq!((ended.status.code(), &*ended.stdout, &*ended.stderr), (Some(2), &b""[..], &b""[..]), "{line}");
        assert!(!lab.cache().join("github.com").exists());
    }
}
