//! Repositories that name programs, or belong to somebody else.

use std::fs;
use std::os::unix::fs::chown;

use super::{GitError, Hosts, MANIFEST, Sandbox, at};
use crate::git::{Blob, Limits};
use crate::model::Repo;

/// Asks everything that a list may ask.
fn ask_all(sandbox: &Sandbox, dir: &str) -> Vec<Blob> {
    let checkout = sandbox.find(dir).unwrap();
    let repo = Repo::parse("o/r", Repo::DEFAULT_HOST).unwrap();
    let publisher = checkout.publisher(Some(&repo), &Hosts::GITHUB, Limits::NONE).unwrap().unwrap();
    let log = checkout.log_of((&publisher.tip, None), at(MANIFEST), Limits::NONE).unwrap();
    let mut blobs = checkout.blobs().unwrap();
    let read = log.versions(MANIFEST).into_iter().map(|version| {
        blobs.request(version.blob.as_ref().unwrap()).unwrap();
        blobs.answer(100).unwrap()
    });
    let mut read: Vec<Blob> = read.collect();
    read.push(checkout.committed("HEAD", MANIFEST, 100).unwrap());
    let _ = checkout.repo(&Hosts::GITHUB);
    read
}

#[test]
fn nothing_that_the_configuration_names_is_run() {
    let sandbox = Sandbox::new();
    let ran = sandbox.path("ran");
    let program = format!("touch {}; true", ran.display());
    sandbox.commit("work", MANIFEST, "1");
    sandbox.commit("work", MANIFEST, "2");
    let commands = [
        "core.fsmonitor",
        "core.sshCommand",
        "core.pager",
        "pager.log",
        "core.askPass",
        "core.editor",
        "diff.external",
        "diff.x.textconv",
        "diff.x.command",
        "credential.helper",
        "gpg.program",
        "core.alternateRefsCommand",
        "filter.x.smudge",
        "filter.x.clean",
        "filter.x.process",
        "alias.log",
        "alias.config",
        "alias.cat-file",
    ];
    for key in commands {
        let value = if key.starts_with("alias") { format!("!{program}") } else { program.clone() };
        sandbox.git("work", &["config", key, &value]);
    }
    for (key, value) in [
        ("log.showSignature", "true"),
        ("log.follow", "true"),
        ("color.ui", "always"),
        ("core.abbrev", "7"),
        ("format.pretty", "oneline"),
        ("diff.orderFile", "none"),
        ("log.diffMerges", "off"),
        ("diff.relative", "true"),
        ("core.quotePath", "true"),
        ("diff.noprefix", "true"),
        ("log.decorate", "full"),
        ("diff.renames", "copies"),
    ] {
        sandbox.git("work", &["config", key, value]);
    }
    fs::write(sandbox.path("work/.git/info/attributes"), "* diff=x filter=x\n").unwrap();
    let _ = fs::remove_file(&ran);
    let text = |text: &str| Blob::Bytes(text.as_bytes().to_vec());
    assert_eq!(ask_all(&sandbox, "work"), [text("1"), text("2"), text("2")]);
    assert!(!ran.exists());
}

#[test]
fn what_a_partial_clone_has_left_behind_is_missing_and_not_fetched() {
    let sandbox = Sandbox::new();
    sandbox.commit("work", MANIFEST, "1");
    sandbox.commit("work", MANIFEST, "2");
    sandbox.git("work", &["config", "uploadpack.allowFilter", "true"]);
    let url = format!("file://{}", sandbox.path("work").display());
    sandbox.git(".", &["clone", "-q", "--filter=blob:none", &url, "clone"]);
    let text = Blob::Bytes(b"2".to_vec());
    assert_eq!(ask_all(&sandbox, "clone"), [Blob::Missing, text.clone(), text.clone()]);
    // The same from a server that ssh would reach by a program of the repository's.
    let ran = sandbox.path("ran");
    sandbox.git("clone", &["config", "remote.origin.url", "ssh://example.org/o/r"]);
    sandbox.git("clone", &["config", "core.sshCommand", &format!("touch {};", ran.display())]);
    sandbox.git("clone", &["config", "remote.origin.uploadpack", &format!("touch {};", ran.display())]);
    assert_eq!(ask_all(&sandbox, "clone"), [Blob::Missing, text.clone(), text]);
    assert!(!ran.exists());
}

#[test]
fn a_repository_of_another_user_is_refused_as_git_refuses_it() {
    let sandbox = Sandbox::new();
    sandbox.commit("work", MANIFEST, "1");
    let checkout = sandbox.find("work").unwrap();
    assert_eq!(checkout.check_owner(), Ok(()));
    for path in ["work/.git", "work"] {
        // Only root may give files away.
        if chown(sandbox.path(path), Some(65_534), None).is_err() {
            return;
        }
        let refused = checkout.check_owner();
        assert!(matches!(&refused, Err(GitError::Dubious { .. })), "{refused:?}");
        assert!(refused.unwrap_err().to_string().contains("git config --global --add safe.directory "));
        assert!(matches!(checkout.committed("HEAD", MANIFEST, 1), Err(GitError::Dubious { .. })));
        chown(sandbox.path(path), Some(rustix::process::geteuid().as_raw()), None).unwrap();
        assert_eq!(checkout.check_owner(), Ok(()));
    }
}

#[test]
fn replaced_and_grafted_commits_change_no_history() {
    let sandbox = Sandbox::new();
    sandbox.commit("work", MANIFEST, "1");
    let tip = sandbox.commit("work", MANIFEST, "2");
    sandbox.git("work", &["replace", "--graft", "HEAD"]);
    fs::write(sandbox.path("work/.git/info/grafts"), sandbox.git("work", &["rev-parse", "HEAD"]) + "\n").unwrap();
    let log = sandbox.find("work").unwrap().log_of((&tip, None), at(MANIFEST), Limits::NONE).unwrap();
    assert_eq!(log.versions(MANIFEST).len(), 2);
}
