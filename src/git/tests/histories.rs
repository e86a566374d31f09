//! The versions of files.

use std::fs;

use super::{Checkout, CommitId, MANIFEST, Sandbox, at};
use crate::git::{Beginning, Blob, GitError, Limits, Log};

fn log(checkout: &Checkout, tip: &CommitId, known: Option<&CommitId>) -> Log {
    checkout.log_of((tip, known.map(Vec::as_slice)), at(MANIFEST), Limits::NONE).unwrap()
}

fn commits(log: &Log, path: &str) -> Vec<CommitId> {
    log.versions(path).iter().map(|version| version.commit.clone()).collect()
}

/// The contents of all versions; `None` of those without a file.
fn contents(checkout: &Checkout, log: &Log, path: &str) -> Vec<Option<String>> {
    let mut blobs = checkout.blobs().unwrap();
    let mut content = |blob: &String| {
        blobs.request(blob).unwrap();
        match blobs.answer(100).unwrap() {
            Blob::Bytes(bytes) => String::from_utf8(bytes).unwrap(),
            other => panic!("{other:?}"),
        }
    };
    log.versions(path).iter().map(|version| version.blob.as_ref().map(&mut content)).collect()
}

#[test]
fn a_file_s_versions_are_those_of_the_first_parents_in_their_order() {
    let sandbox = Sandbox::new();
    let first = sandbox.commit("work", MANIFEST, "1");
    sandbox.commit("work", "other", "x");
    sandbox.git("work", &["checkout", "-q", "-b", "side"]);
    sandbox.commit("work", MANIFEST, "2");
    sandbox.commit("work", MANIFEST, "3");
    sandbox.git("work", &["checkout", "-q", "-"]);
    sandbox.commit_all("work");
    sandbox.git("work", &["merge", "-q", "--no-ff", "--no-edit", "side"]);
    let merge = sandbox.head("work");
    fs::remove_file(sandbox.path("work").join(MANIFEST)).unwrap();
    sandbox.git("work", &["add", "-A"]);
    let removed = sandbox.commit_all("work");
    let last = sandbox.commit("work", MANIFEST, "5");
    let checkout = sandbox.find("work").unwrap();
    let all = log(&checkout, &last, None);
    assert_eq!(all.beginning, Beginning::Root);
    assert_eq!(commits(&all, MANIFEST), [first.clone(), merge.clone(), removed.clone(), last.clone()]);
    let text = |text: &str| Some(text.to_owned());
    assert_eq!(contents(&checkout, &all, MANIFEST), [text("1"), text("3"), None, text("5")]);
    // What came after one of them.
    let later = log(&checkout, &last, Some(&merge));
    assert_eq!((later.beginning, commits(&later, MANIFEST)), (Beginning::Known, vec![removed, last.clone()]));
    let none = log(&checkout, &last, Some(&last));
    assert_eq!((none.beginning, commits(&none, MANIFEST)), (Beginning::Known, vec![]));
    let older = log(&checkout, &merge, Some(&last));
    assert_eq!((older.beginning, commits(&older, MANIFEST)), (Beginning::Behind, vec![]));
    // A commit behind the second parent is not on the line, and one that is gone is on none.
    let side = crate::git::refs::unhex(sandbox.git("work", &["rev-parse", "side"]).as_bytes()).unwrap();
    for known in [side, vec![7; 20]] {
        assert_eq!(log(&checkout, &last, Some(&known)).beginning, Beginning::Elsewhere);
    }
}

#[test]
fn a_file_that_was_moved_is_followed_also_from_a_known_commit() {
    let sandbox = Sandbox::new();
    let content = |last: &str| format!("{}{last}", "line\n".repeat(20));
    let first = sandbox.commit("work", "old/a.json", &content("1"));
    let second = sandbox.commit("work", "old/a.json", &content("2"));
    fs::create_dir_all(sandbox.path("work/.github")).unwrap();
    sandbox.git("work", &["mv", "old/a.json", MANIFEST]);
    let moved = sandbox.commit("work", MANIFEST, &content("3"));
    let last = sandbox.commit("work", MANIFEST, &content("4"));
    let checkout = sandbox.find("work").unwrap();
    let all = [first.clone(), second.clone(), moved.clone(), last.clone()];
    assert_eq!(commits(&log(&checkout, &last, None), MANIFEST), all);
    assert_eq!(commits(&log(&checkout, &last, Some(&first)), MANIFEST), all[1..]);
    assert_eq!(commits(&log(&checkout, &last, Some(&moved)), MANIFEST), all[3..]);
}

#[test]
fn a_file_that_was_moved_and_changed_is_followed_to_where_it_must_have_been() {
    let new = "ci/m.json";
    // Moved in one commit, from the usual place and from another one; copied, and removed later.
    for (old, is_copied) in [(MANIFEST, false), ("old/a.json", false), (MANIFEST, true)] {
        let sandbox = Sandbox::new();
        let remove = || fs::remove_file(sandbox.path("work").join(old)).unwrap();
        let first = sandbox.commit("work", old, "1");
        if !is_copied {
            remove();
        }
        let moved = sandbox.commit("work", new, "another");
        if is_copied {
            remove();
        }
        let last = sandbox.commit("work", new, "4");
        let checkout = sandbox.find("work").unwrap();
        let log = |known| checkout.log_of((&last, known), at(new), Limits::NONE).unwrap();
        assert_eq!(commits(&log(None), new), [first.clone(), moved.clone(), last.clone()], "{old}");
        assert_eq!(commits(&log(Some(&first)), new), [moved, last.clone()], "{old}");
    }
    // Removed, and added elsewhere later; moved away, changed there and moved back.
    let sandbox = Sandbox::new();
    let first = sandbox.commit("work", MANIFEST, "1");
    fs::remove_file(sandbox.path("work").join(MANIFEST)).unwrap();
    let gone = sandbox.commit("work", "other", "x");
    let there = sandbox.commit("work", new, "another");
    sandbox.git("work", &["mv", new, MANIFEST]);
    let back = sandbox.commit("work", "other", "y");
    let checkout = sandbox.find("work").unwrap();
    let log = |known, path| checkout.log_of((&back, known), at(path), Limits::NONE).unwrap();
    let all = [first.clone(), gone, there.clone(), back.clone()];
    assert_eq!(commits(&log(None, MANIFEST), MANIFEST), all);
    assert_eq!(commits(&log(Some(&first), MANIFEST), MANIFEST), all[1..]);
    let log = checkout.log_of((&there, None), at(new), Limits::NONE).unwrap();
    assert_eq!(commits(&log, new), all[..3]);
    // Of two that were removed it may be either.
    let sandbox = Sandbox::new();
    sandbox.commit("work", "a.json", "1");
    sandbox.commit("work", "b.json", "2");
    fs::remove_file(sandbox.path("work/a.json")).unwrap();
    fs::remove_file(sandbox.path("work/b.json")).unwrap();
    let last = sandbox.commit("work", new, "3");
    let checkout = sandbox.find("work").unwrap();
    assert_eq!(commits(&checkout.log_of((&last, None), at(new), Limits::NONE).unwrap(), new), [last]);
}

#[test]
fn one_walk_gives_the_versions_of_many_files_moved_ones_too() {
    let sandbox = Sandbox::new();
    let content = "line\n".repeat(20);
    let a1 = sandbox.commit("work", "all/o/a.json", "a1");
    let b1 = sandbox.commit("work", "all/o/b.json", &content);
    sandbox.git("work", &["mv", "all/o/b.json", "all/o/c.json"]);
    let c2 = sandbox.commit("work", "all/o/a.json", "a2");
    sandbox.commit("work", "outside.json", "x");
    let last = sandbox.commit("work", "all/o/b.json", "another");
    let checkout = sandbox.find("work").unwrap();
    let log = checkout.log_below((&last, None), "all", Limits::NONE).unwrap();
    assert_eq!(commits(&log, "all/o/a.json"), [a1, c2.clone()]);
    assert_eq!(commits(&log, "all/o/c.json"), [b1, c2]);
    assert_eq!(commits(&log, "all/o/b.json").last(), Some(&last));
    assert_eq!(commits(&log, "outside.json"), [] as [CommitId; 0]);
    let whole = checkout.log_below((&last, None), "", Limits::NONE).unwrap();
    assert_eq!(commits(&whole, "outside.json").len(), 1);
}

#[test]
fn a_shallow_clone_s_history_does_not_begin_with_the_root() {
    let sandbox = Sandbox::new();
    sandbox.commit("work", MANIFEST, "1");
    let last = sandbox.commit("work", MANIFEST, "2");
    let url = format!("file://{}", sandbox.path("work").display());
    sandbox.git(".", &["clone", "-q", "--depth", "1", &url, "clone"]);
    let checkout = sandbox.find("clone").unwrap();
    let cut = log(&checkout, &last, None);
    assert_eq!((cut.beginning, commits(&cut, MANIFEST)), (Beginning::Shallow, vec![last.clone()]));
    sandbox.git("clone", &["fetch", "-q", "--unshallow"]);
    let whole = log(&checkout, &last, None);
    assert_eq!((whole.beginning, whole.versions(MANIFEST).len()), (Beginning::Root, 2));
}

#[test]
#[cfg(unix)]
fn a_reference_that_would_keep_its_reader_waiting_is_none() {
    let sandbox = Sandbox::new();
    sandbox.commit("work", MANIFEST, "1");
    let head = sandbox.path("work/.git/HEAD");
    fs::remove_file(&head).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(&head).status().unwrap().success());
    assert_eq!(sandbox.find("work").unwrap().head(), None);
}

#[test]
fn a_walk_ends_when_its_time_is_over() {
    let sandbox = Sandbox::new();
    let tip = sandbox.commit("work", MANIFEST, "1");
    let limits = Limits { is_over: &|| true, progress: &|_, _| () };
    let log = sandbox.find("work").unwrap().log_of((&tip, None), at(MANIFEST), limits);
    assert_eq!(log.map(|log| log.beginning), Err(GitError::TooLong));
}

#[test]
fn repositories_with_reftables_and_long_ids_are_read_as_others() {
    let sandbox = Sandbox::new();
    for (name, option) in [("reftable", "--ref-format=reftable"), ("sha256", "--object-format=sha256")] {
        sandbox.git(".", &["init", "-q", option, name]);
        let checkout = sandbox.find(name).unwrap();
        assert_eq!(checkout.head(), None, "{name}");
        let first = sandbox.commit(name, MANIFEST, "1");
        let last = sandbox.commit(name, MANIFEST, "2");
        assert_eq!(checkout.head().as_ref(), Some(&last), "{name}");
        sandbox.git(name, &["update-ref", "refs/remotes/origin/x", "HEAD~1"]);
        assert_eq!(checkout.reference("refs/remotes/origin/x").as_ref(), Some(&first), "{name}");
        assert_eq!(checkout.reference("refs/remotes/origin/y"), None, "{name}");
        assert_eq!(commits(&log(&checkout, &last, None), MANIFEST), [first, last], "{name}");
        assert_eq!(checkout.committed("HEAD", MANIFEST, 10), Ok(Blob::Bytes(b"2".to_vec())), "{name}");
    }
}

#[test]
fn a_committed_file_is_found_where_the_working_tree_has_none() {
    let sandbox = Sandbox::new();
    let checkout = sandbox.find("work").unwrap();
    assert_eq!(checkout.committed("HEAD", MANIFEST, 10), Ok(Blob::Missing));
    sandbox.commit("work", MANIFEST, "12");
    assert!(!checkout.leaves_out(MANIFEST));
    fs::remove_file(sandbox.path("work").join(MANIFEST)).unwrap();
    assert!(!checkout.leaves_out(MANIFEST), "deleted, not left out");
    sandbox.git("work", &["sparse-checkout", "set", "--no-cone", "/other"]);
    assert!(checkout.leaves_out(MANIFEST));
    sandbox.git(".", &["clone", "-q", "-n", "work", "clone"]);
    let checkout = sandbox.find("clone").unwrap();
    assert!(checkout.leaves_out(MANIFEST));
    assert_eq!(checkout.committed("HEAD", MANIFEST, 2), Ok(Blob::Bytes(b"12".to_vec())));
    assert_eq!(checkout.committed("HEAD", MANIFEST, 1), Ok(Blob::TooLong { len: 2 }));
    assert_eq!(checkout.committed("HEAD", "a\nHEAD", 1), Ok(Blob::Missing));
    assert!(matches!(checkout.committed("HEAD", ".github", 1), Err(GitError::Failed(_))));
}
