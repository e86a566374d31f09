//! The program as an extension, other hosts, browsers, and what a list from the cache costs.

use std::os::unix::fs::PermissionsExt;

use crate::github::fake::releases;
use crate::github::lab::{Lab, program};

#[test]
fn gh_runs_it_as_an_extension_whatever_the_user_has_set_for_gh() {
    let Some(mut lab) = Lab::new() else { return };
    let extension = lab.dir().join("data/gh/extensions/gh-pmu");
    std::fs::create_dir_all(extension.parent().unwrap()).unwrap();
    let checkout = lab.dir().join("gh-pmu");
    std::fs::create_dir(&checkout).unwrap();
    std::os::unix::fs::symlink(program(), checkout.join("gh-pmu")).unwrap();
    std::os::unix::fs::symlink(&checkout, &extension).unwrap();
    lab.github.state().releases = releases(101);
    for (name, value) in [("CLICOLOR_FORCE", "1"), ("GH_DEBUG", "api"), ("GH_PAGER", "false"), ("GH_REPO", "o/r")] {
        lab.set(name, value);
    }
    let run = lab.run_program("gh", &["pmu", "release", "list"]);
    assert_eq!((run.code, run.stdout.lines().count()), (Some(0), 101), "{run:?}");
    assert_eq!(lab.github.requests().len(), 3);
    lab.set("GH_FORCE_TTY", "100");
    lab.unset("GH_PAGER");
    let run = lab.run_program("gh", &["pmu", "release", "list", "--refresh", "-L", "1"]);
    assert_eq!(run.code, Some(0), "{run:?}");
    assert!(run.stdout.contains("Showing 1 of 101 releases in o/r"), "{}", run.stdout);
    assert_eq!(lab.github.requests().len(), 2);
}

#[test]
fn gh_debug_shows_the_requests_and_changes_no_answer() {
    let Some(mut lab) = Lab::new() else { return };
    lab.github.state().releases = releases(3);
    for (value, is_shown) in [("", false), ("0", false), ("false", false), ("no", false), ("1", true), ("api", true)] {
        lab.set("GH_DEBUG", value);
        let run = lab.run("release list -R o/r --refresh");
        assert_eq!((run.code, run.stdout.lines().count()), (Some(0), 3), "{value}: {run:?}");
        let has_request = run.stderr.contains("* Request to https://api.github.com/graphql");
        assert_eq!((has_request, run.stderr.is_empty()), (is_shown, !is_shown), "{value}: {}", run.stderr);
        assert!(!run.stderr.contains("dummy"), "the token stays hidden: {}", run.stderr);
    }
    lab.unset("GH_TOKEN");
    assert_eq!(lab.run("release list -R o/other").code, Some(4), "not signed in is known by its code");
}

#[test]
fn the_gh_that_asks_is_the_first_on_the_path() {
    let Some(lab) = Lab::new() else { return };
    let said = std::process::Command::new("gh").arg("--version").output().unwrap().stdout;
    let said = String::from_utf8(said).unwrap();
    let version = said.split(' ').nth(2).unwrap();
    lab.list("release list -R o/r");
    let agents: Vec<_> = lab.github.requests().into_iter().map(|request| request.user_agent).collect();
    assert_eq!(agents, [format!("GitHub CLI {version}"), format!("GitHub CLI {version}")]);
}

#[test]
fn a_list_from_the_cache_starts_no_process_and_connects_to_nothing() {
    let Some(lab) = Lab::new() else { return };
    lab.github.state().releases = releases(101);
    lab.list("release list -R o/r");
    lab.github.requests();
    let program = program();
    let trace = lab.dir().join("trace");
    let mut arguments = vec!["-f", "-e", "trace=execve,connect,socket,clone,clone3,fork,vfork", "-o"];
    arguments.extend([trace.to_str().unwrap(), &program, "release", "list", "-R", "o/r"]);
    let run = lab.run_program("strace", &arguments);
    assert_eq!((run.code, run.stdout.lines().count()), (Some(0), 101), "{run:?}");
    let trace = std::fs::read_to_string(trace).unwrap();
    let calls: Vec<&str> = trace.lines().filter(|line| !line.contains("+++ exited")).collect();
    assert_eq!(calls.len(), 1, "{trace}");
    assert!(calls[0].contains("execve("), "{trace}");
    assert!(lab.github.requests().is_empty());
}

#[test]
fn another_host_is_asked_with_its_own_token() {
    let Some(mut lab) = Lab::new() else { return };
    lab.set("GH_ENTERPRISE_TOKEN", "other");
    lab.github.state().releases = releases(1);
    assert_eq!(lab.list("release list -R ghe.example.com/o/r").len(), 1);
    lab.set("GH_HOST", "ghe.example.com");
    assert_eq!(lab.list("release list -R o/r --refresh").len(), 1);
    let requests = lab.github.requests();
    let paths: Vec<_> = requests.iter().map(|request| request.path.as_str()).collect();
    let manifest = "/api/v3/repos/o/r/contents/.github/pmu-cache.json";
    assert_eq!(paths, [manifest, "/api/graphql", "/api/graphql"]);
    for request in requests {
        assert_eq!((request.host.as_str(), request.authorization.as_str()), ("ghe.example.com", "token other"));
    }
    assert_eq!(lab.status()["repo"], "ghe.example.com/o/r");
}

#[test]
fn the_browser_gets_the_page_and_people_are_told() {
    let Some(mut lab) = Lab::new() else { return };
    lab.set("BROWSER", "echo -n");
    let url = "https://github.com/o/r/issues?q=label%3Arelease+state%3Aopen+type%3Aissue";
    assert_eq!(lab.list("release list -R o/r -s open --web"), [url]);
    lab.set("GH_FORCE_TTY", "100");
    let run = lab.run("release list -R o/r -s open -w");
    assert_eq!((run.stdout.as_str(), run.code), (url, Some(0)));
    assert_eq!(run.stderr, "Opening github.com/o/r/issues in your browser.\n");
    let run = lab.run("release list -R o/r --web --json number");
    assert_eq!((run.stderr.as_str(), run.code), ("cannot use `--web` with `--json`\n", Some(1)));
    lab.set("BROWSER", "/no/such/browser");
    let run = lab.run("release list -R o/r --web");
    assert_eq!(run.code, Some(1));
    lab.unset("BROWSER");
    let path = lab.cwd().display().to_string();
    lab.set("PATH", &path);
    assert!(lab.github.requests().is_empty());
}

#[test]
fn hosts_that_the_user_is_signed_in_to_count_as_in_gh() {
    let Some(mut lab) = Lab::new() else { return };
    lab.unset("GH_TOKEN");
    lab.checkout("git@ghe.example.com:o/r.git");
    let manifest = r#"{"version": 1, "updated_at": "2024-12-24T08:00:00Z", "repo": "o/r", "releases": []}"#;
    lab.write(".github/pmu-cache.json", manifest);
    assert_eq!(lab.run("release list").code, Some(0));
    // Whatever github.com has under that name is another repository.
    assert_eq!(lab.status()["repo"], "ghe.example.com/o/r");
    // Signed in, the host is known.
    let hosts = lab.dir().join("gh/hosts.yml");
    let host = |name: &str| format!("{name}:\n    oauth_token: of-{name}\n    user: u\n    git_protocol: ssh\n");
    std::fs::write(&hosts, host("github.com") + &host("ghe.example.com")).unwrap();
    assert_eq!(lab.run("release list").code, Some(0));
    assert_eq!(lab.status()["repo"], "ghe.example.com/o/r");
    // Without a manifest the remote alone tells, and the token is that host's.
    std::fs::remove_dir_all(lab.cwd().join(".github")).unwrap();
    assert_eq!(lab.run("cache clear --yes").code, Some(0));
    lab.github.state().releases = releases(1);
    assert_eq!(lab.list("release list").len(), 1);
    let asked = |lab: &Lab| lab.github.requests().pop().map(|request| (request.host, request.authorization)).unwrap();
    assert_eq!(asked(&lab), ("ghe.example.com".to_owned(), "token of-ghe.example.com".to_owned()));
    // A name without a host is on github.com, but where there is only one other.
    assert_eq!(lab.list("release list -R o/r --refresh").len(), 1);
    assert_eq!(asked(&lab), ("api.github.com".to_owned(), "token of-github.com".to_owned()));
    std::fs::write(&hosts, host("ghe.example.com")).unwrap();
    assert_eq!(lab.list("release list -R o/r --refresh").len(), 1);
    assert_eq!(asked(&lab).0, "ghe.example.com");
    lab.set("GH_HOST", "github.com");
    lab.set("GH_TOKEN", "dummy");
    assert_eq!(lab.list("release list -R o/r --refresh").len(), 1);
    assert_eq!(asked(&lab).0, "api.github.com");
}

#[test]
fn only_absolute_directories_of_the_path_are_looked_into() {
    let Some(mut lab) = Lab::new() else { return };
    lab.checkout("https://github.com/o/r");
    lab.github.state().releases = releases(2);
    for name in ["git", "gh", "ssh", "own-pager"] {
        lab.write(name, "#!/bin/sh\ntouch was-run\n");
        std::fs::set_permissions(lab.cwd().join(name), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    }
    let path = std::env::var("PATH").unwrap();
    for before in [".:", ":", "bin:"] {
        lab.set("PATH", &format!("{before}{path}"));
        assert_eq!(lab.list("release list --refresh").len(), 2);
        assert_eq!(lab.list("release list -R o/r --refresh").len(), 2);
    }
    lab.set("GH_FORCE_TTY", "80");
    lab.set("GH_PAGER", "own-pager");
    lab.github.state().releases = releases(100);
    let run = lab.run("release list --refresh");
    assert!(run.stderr.contains("error starting pager"), "{run:?}");
    lab.set("GH_PMU_DELEGATE", "./git");
    let run = lab.run("board");
    assert!(run.code == Some(1) && run.stderr.contains("by a path that is not absolute"), "{run:?}");
    assert!(!lab.cwd().join("was-run").exists());
}

#[test]
fn a_checkout_whose_manifest_cannot_be_used_does_not_stand_in_the_way_of_others() {
    let Some(lab) = Lab::new() else { return };
    lab.checkout("https://github.com/o/r");
    lab.github.state().releases = releases(2);
    lab.write(".gh-pmu.yml", "cache:\n  branch: pmu-cache\n");
    assert_eq!(lab.list("release list -R x/y").len(), 2);
    assert_eq!(lab.run("cache sync -R x/z").code, Some(0));
    std::fs::remove_file(lab.cwd().join(".gh-pmu.yml")).unwrap();
    std::fs::create_dir_all(lab.cwd().join(".github/pmu-cache.json")).unwrap();
    assert_eq!(lab.list("release list -R x/a").len(), 2);
    assert_eq!(lab.run("cache sync -R x/b").code, Some(0));
    assert_eq!(lab.run("cache sync").code, Some(1));
}

#[test]
fn what_github_says_now_is_newer_than_a_manifest_of_the_future() {
    let Some(lab) = Lab::new() else { return };
    lab.checkout("https://github.com/o/r");
    let now = std::process::Command::new("date").args(["-u", "-d", "+20 hours", "+%Y-%m-%dT%H:%M:%SZ"]).output();
    let ahead = String::from_utf8(now.unwrap().stdout).unwrap();
    let tracker = r#"{"number": 3, "title": "Release: v0.3.0", "state": "OPEN"}"#;
    let text = format!(r#"{{"version": 1, "updated_at": "{}", "repo": "o/r", "releases": [{tracker}]}}"#, ahead.trim());
    lab.write(".github/pmu-cache.json", &text);
    assert!(lab.list("release list")[0].starts_with("3\tOPEN\t"));
    lab.github.state().releases = releases(3);
    for line in ["release list --refresh", "release list", "release list --refresh"] {
        let rows = lab.list(line);
        assert!(rows.len() == 3 && rows[0].starts_with("3\tCLOSED\t"), "{line}: {rows:?}");
    }
}

#[test]
fn what_a_delegate_did_shows_in_the_next_list_and_what_it_could_not_do_asks_nobody() {
    let Some(mut lab) = Lab::new() else { return };
    lab.github.state().releases = releases(1);
    assert_eq!(lab.run("release list -R o/r").code, Some(0));
    lab.write("other", "#!/bin/sh\n[ \"$1\" = release ]\n");
    let other = lab.cwd().join("other");
    std::fs::set_permissions(&other, std::fs::Permissions::from_mode(0o755)).unwrap();
    lab.set("GH_PMU_DELEGATE", other.to_str().unwrap());
    lab.github.state().releases = releases(2);
    lab.github.requests();
    assert_eq!(lab.run("patch start -R o/r").code, Some(1));
    assert_eq!(lab.github.requests().len(), 0);
    assert_eq!(lab.run("release start -R o/r").code, Some(0));
    assert!(!lab.github.requests().is_empty());
    assert_eq!(lab.run("release list -R o/r --json number -q .[].number").stdout, "2\n1\n");
    assert_eq!(lab.github.requests().len(), 0);
}
