//! Clocks, disks, clones and neighbours that are not as they should be.

use super::*;
use crate::model::Seq;
use crate::store::StoreError;

#[test]
fn a_manifest_from_the_future_is_refused_and_its_commit_dates_it_for_history() {
    let machine = Machine::new();
    publish(&machine, 1, &["Release: a"]);
    machine.sync();
    let future = manifest(2, &["Release: b"]).replace("2024-12-24T02", "2099-01-01T00");
    machine.write(&future);
    let error = machine.try_sync(|_| ()).err().unwrap().to_string();
    assert!(error.contains("2099-01-01T00:00:00Z") && error.contains("more than a day ahead"), "{error}");
    assert_eq!(machine.titles("o/r"), ["Release: a"]);
    // The commit is of today, by the clock of this test's machine; the version after it is newer still.
    machine.git(&["add", "-A"]);
    let dated = "2024-12-24T02:00:00Z";
    machine.git(&["-c", "core.editor=true", "commit", "-q", "-m", "m", "--date", dated]);
    let commit = machine.git(&["log", "-1", "--format=%ct"]).parse::<i64>().unwrap();
    let later = UnixMillis::new((commit + 60) * 1000).unwrap().to_string();
    machine.commit(&manifest(3, &["Release: c"]).replace("2024-12-24T03:00:00Z", &later));
    let now = Now { nanos: (commit + 120) * 1_000_000_000 };
    let options = Options { history: History::Needed, ..OPTIONS };
    let synced = sync(&Disk, &machine.cache(), &machine.located(), HOSTING, options, now).unwrap();
    assert_eq!((titles(&synced.view), synced.view.published_seq().0), (vec!["Release: c".to_owned()], 3));
    let store = machine.store("o/r");
    let second = store.history(&synced.view).unwrap().event(crate::model::Seq(2)).unwrap().unwrap();
    assert_eq!(second.sync.changed_at.get(), commit * 1000);
}

#[test]
fn a_manifest_that_the_working_tree_leaves_out_is_read_from_git() {
    let theirs = Machine::new();
    publish(&theirs, 1, &["Release: a"]);
    let ours = Machine::clone_of(&theirs.url(), &["-n"]);
    assert_eq!(titles(&ours.sync().view), ["Release: a"]);
    let outcome = ours.sync().outcome;
    assert!(matches!(outcome, Outcome::Unchanged), "{outcome:?}");
    let sparse = Machine::clone_of(&theirs.url(), &["--sparse"]);
    sparse.git(&["sparse-checkout", "set", "--no-cone", "/nothing"]);
    assert!(!sparse.root().join(PATH).exists());
    assert_eq!(titles(&sparse.sync().view), ["Release: a"]);
    // One that was deleted is not there.
    let deleted = Machine::clone_of(&theirs.url(), &[]);
    fs::remove_file(deleted.root().join(PATH)).unwrap();
    assert!(matches!(deleted.try_sync(|_| ()), Err(SyncError::NoManifest { .. })));
}

#[test]
fn what_cannot_be_recorded_is_listed_all_the_same_and_an_explicit_sync_says_so() {
    let machine = Machine::new();
    publish(&machine, 1, &["Release: a"]);
    fs::write(machine.cache(), "no directory").unwrap();
    let synced = machine.sync();
    assert_eq!(titles(&synced.view), ["Release: a"]);
    let error = synced.unrecorded.unwrap();
    assert!(matches!(error, StoreError::Unrecorded { .. }), "{error}");
    let error = machine.try_sync(|options| options.explain = true).err().unwrap();
    assert!(matches!(error, SyncError::Store(StoreError::Unrecorded { .. })), "{error}");
}

#[test]
fn another_repository_s_rows_are_never_shown_for_one_that_cannot_be_recorded() {
    let machine = Machine::new();
    machine.write(&manifest(1, &["Release: of r"]));
    machine.sync();
    machine.write(&manifest_of("o/b", 2, &["Release: of b"]));
    fs::write(machine.cache().join("github.com/o/b"), "no directory").unwrap();
    let synced = machine.sync();
    assert_eq!((titles(&synced.view), synced.repo.to_string()), (vec!["Release: of b".to_owned()], "o/b".to_owned()));
}

#[test]
fn without_git_s_history_the_manifest_is_taken_all_the_same() {
    let machine = Machine::new();
    publish(&machine, 1, &["Release: a"]);
    // An object that the history needs.
    let blob = machine.git(&["rev-parse", "HEAD^{tree}"]);
    fs::remove_file(machine.root().join(".git/objects").join(&blob[..2]).join(&blob[2..])).unwrap();
    let synced = machine.sync();
    assert_eq!((titles(&synced.view), synced.view.published_seq().0), (vec!["Release: a".to_owned()], 0));
}

#[test]
fn a_host_that_is_named_is_the_host_of_the_checkout_or_nothing() {
    let machine = Machine::new();
    publish(&machine, 1, &["Release: a"]);
    let third = Hosting { named: Some("ghe.third"), ..HOSTING };
    let repo = |hosting: Hosting<'_>| machine.located().identify(&Disk, hosting).map(|repo| repo.to_string());
    assert_eq!(repo(third).unwrap(), "ghe.third/o/r", "no remote says otherwise");
    machine.git(&["remote", "add", "origin", "git@github.com:o/r.git"]);
    let error = repo(third).unwrap_err().to_string();
    assert!(error.contains("belongs to a checkout of another host: "), "{error}");
    assert_eq!(repo(HOSTING).unwrap(), "o/r");
}

#[test]
fn where_the_manifest_is_refused_the_versions_of_git_are_taken_all_the_same() {
    let machine = Machine::new();
    machine.git(&["remote", "add", "origin", "https://github.com/o/r.git"]);
    publish(&machine, 1, &["Release: a"]);
    machine.commit("{");
    assert!(matches!(machine.try_sync(|_| ()), Err(SyncError::Refused { .. })));
    assert_eq!(machine.titles("o/r"), ["Release: a"]);
    publish(&machine, 2, &["Release: b"]);
    machine.write("{");
    // Another commit is checked out: a list looks once.
    for _again in 0..2 {
        assert!(machine.try_sync(|_| ()).is_err());
        assert_eq!(machine.titles("o/r"), ["Release: b"]);
    }
    let view = machine.view("o/r");
    assert_eq!(view.marks().unwrap().signatures[0].seen.as_ref().map(|seen| seen.key), machine.key_now(&view));
}

#[test]
fn what_was_published_before_a_manifest_was_removed_is_taken() {
    let theirs = Machine::new();
    theirs.git(&["remote", "add", "origin", "https://github.com/o/r.git"]);
    publish(&theirs, 1, &["Release: a"]);
    let ours = Machine::clone_of(&theirs.url(), &[]);
    ours.sync();
    publish(&theirs, 2, &["Release: b"]);
    fs::remove_file(theirs.root().join(PATH)).unwrap();
    theirs.git(&["add", "-A"]);
    theirs.git(&["commit", "-q", "-m", "gone"]);
    ours.git(&["pull", "-q", "--ff-only"]);
    for _again in 0..2 {
        assert!(matches!(ours.try_sync(|_| ()), Err(SyncError::NoManifest { .. })));
        assert_eq!(ours.titles("o/r"), ["Release: b"]);
    }
    let view = ours.view("o/r");
    let seen = view.marks().unwrap().signatures[0].seen.as_ref().map(|seen| seen.key);
    assert_eq!(seen, ours.key_now(&view), "a list does not look again");
    // Whoever never synced has nothing to go on from, until they ask for it.
    assert!(theirs.try_sync(|_| ()).is_err() && theirs.store("o/r").view().unwrap().is_none());
    assert!(theirs.try_sync(|options| options.explain = true).is_err());
    assert_eq!(theirs.view("o/r").history_hash(), ours.view("o/r").history_hash());
    publish(&theirs, 3, &["Release: c"]);
    ours.git(&["pull", "-q", "--ff-only"]);
    ours.sync();
    theirs.sync();
    assert_eq!((ours.titles("o/r"), ours.events("o/r")), (vec!["Release: c".to_owned()], theirs.events("o/r")));
}

#[test]
fn a_committed_manifest_from_the_future_is_dated_by_its_commit_for_everybody() {
    let machine = Machine::new();
    publish(&machine, 1, &["Release: a"]);
    machine.sync();
    let ahead = |text: &str| text.replace("2024-12-24", "2099-12-24");
    machine.commit(&ahead(&manifest(2, &["Release: a", "Release: b"])));
    machine.sync();
    assert_eq!(machine.titles("o/r"), ["Release: b", "Release: a"]);
    let other = Machine::clone_of(&machine.url(), &[]);
    other.sync();
    assert_eq!(other.events("o/r"), machine.events("o/r"));
    // Not committed it is refused, and what is cached stays.
    machine.write(&ahead(&manifest(3, &["Release: c"])));
    assert!(matches!(machine.try_sync(|_| ()), Err(SyncError::Refused { .. })));
    assert_eq!(machine.titles("o/r"), ["Release: b", "Release: a"]);
}

#[test]
fn a_newer_manifest_counts_although_its_commit_is_dated_before_what_was_observed() {
    let machine = Machine::new();
    let dated = |date: &str, text: &str| {
        machine.write(text);
        machine.git(&["add", "-A"]);
        let name = format!("GIT_COMMITTER_DATE={date}");
        let mut git = std::process::Command::new("env");
        git.args([&name, "git", "-c", "user.name=a", "-c", "user.email=a@b", "commit", "-q", "-m", "x"]);
        assert!(git.current_dir(machine.root()).status().unwrap().success());
    };
    dated("2024-12-24T01:00:00Z", &manifest(1, &["Release: a"]));
    machine.sync();
    machine.write(&manifest(5, &["Release: observed"]));
    machine.sync();
    let newest = manifest(8, &["Release: newest"]).replace("2024-12-24", "2024-12-27");
    dated("2024-12-24T02:00:00Z", &newest);
    machine.sync();
    assert_eq!(machine.titles("o/r"), ["Release: newest"]);
    assert_eq!(machine.view("o/r").published_seq(), machine.view("o/r").seq(), "nothing is observed any more");
    // One that is older than what was observed is set aside, and that is said.
    machine.write(&manifest(9, &["Release: observed again"]).replace("2024-12-24", "2024-12-28"));
    machine.sync();
    dated("2024-12-24T03:00:00Z", &manifest(9, &["Release: older"]).replace("2024-12-24", "2024-12-27"));
    let synced = machine.sync();
    assert!(matches!(synced.outcome, Outcome::Changed { set_aside: Some(_), .. }), "{:?}", synced.outcome);
    assert_eq!(machine.titles("o/r"), ["Release: observed again"]);
}

#[test]
fn a_commit_whose_date_git_cannot_tell_costs_no_history() {
    for date in ["-1 +0000", "1704070002 0530", "-2000000000 +0000", "abc", "", "99999999999999999999 +0000"] {
        let machine = Machine::new();
        machine.commit(&manifest(1, &["Release: a"]));
        machine.write(&manifest(2, &["Release: b"]));
        machine.git(&["add", "-A"]);
        let (tree, parent) = (machine.git(&["write-tree"]), machine.git(&["rev-parse", "HEAD"]));
        let (tree, parent) = (tree.trim(), parent.trim());
        let text = format!("tree {tree}\nparent {parent}\nauthor a <a@b> {date}\ncommitter a <a@b> {date}\n\nx\n");
        let file = machine.dir.path().join("commit");
        std::fs::write(&file, text).unwrap();
        let id = machine.git(&["hash-object", "-t", "commit", "-w", "--literally", file.to_str().unwrap()]);
        machine.git(&["reset", "-q", "--hard", id.trim()]);
        machine.commit(&manifest(3, &["Release: c"]));
        let synced = machine.sync();
        assert_eq!((synced.view.published_seq(), synced.notes.len()), (Seq(3), 0), "{date:?}: {:?}", synced.notes);
    }
}

#[test]
fn what_was_taken_under_a_clock_of_another_year_keeps_nothing_out() {
    for force in [false, true] {
        let machine = Machine::new();
        machine.write(&manifest(1, &["Release: a"]));
        machine.sync();
        machine.write(&manifest(5, &["Release: b"]).replace("2024-12-24", "2027-01-05"));
        let ahead = time("2027-01-05T06:00:00Z");
        let later = Now { nanos: ahead.get() * 1_000_000 };
        let options = Options { force, ..OPTIONS };
        sync(&Disk, &machine.cache(), &machine.located(), HOSTING, options, later).unwrap();
        assert_eq!(machine.titles("o/r"), ["Release: b"]);
        machine.write(&manifest(7, &["Release: c"]));
        machine.sync();
        assert_eq!(machine.titles("o/r"), ["Release: c"], "{force}");
    }
}

#[test]
fn a_version_that_is_set_aside_tells_the_repository_s_new_name_all_the_same() {
    let machine = Machine::new();
    machine.commit(&manifest_of("o/old", 2, &["Release: a", "Release: b"]));
    // Under the new name, and older by its own date.
    machine.commit(&manifest_of("o/r", 1, &["Release: a", "Release: b"]));
    machine.sync();
    let other = manifest_of("o/r", 3, &["Release: c"]).replace("\"number\": 1,", "\"number\": 3,");
    machine.commit(&other);
    machine.sync();
    let fresh = Machine::empty();
    let cloned = machine.sync_into(&fresh);
    assert_eq!(cloned.view.history_hash(), machine.view("o/r").history_hash());
    assert_eq!(cloned.view.published_seq(), machine.view("o/r").published_seq());
    assert!(cloned.view.published_seq() > Seq(2));
}
