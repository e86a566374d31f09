//! Orders of publishing and observing.

use super::*;
use crate::model::Seq;

/// Who publishes, and a clone that has synced.
fn pair() -> (Machine, Machine) {
    let theirs = Machine::new();
    publish(&theirs, 1, &["Release: a"]);
    let ours = Machine::clone_of(&theirs.url(), &[]);
    ours.sync();
    (theirs, ours)
}

fn pull(machine: &Machine) -> Synced {
    machine.git(&["checkout", "-q", "-f", "HEAD"]);
    machine.git(&["pull", "-q", "--ff-only"]);
    machine.sync()
}

fn seqs(machine: &Machine) -> (u64, u64) {
    let view = machine.view("o/r");
    (view.published_seq().0, view.seq().0)
}

/// What a push by force leads to: the branch as it is there now.
fn follow(machine: &Machine, fetch: &[&str]) {
    machine.git(&[&["fetch", "-q"], fetch].concat());
    machine.git(&["reset", "-q", "--hard", "origin/HEAD"]);
}

/// The same after a push by force, which took the second version away; ours is not synced yet.
fn rewritten_pair() -> (Machine, Machine) {
    let (theirs, ours) = pair();
    publish(&theirs, 2, &["Release: b"]);
    pull(&ours);
    theirs.git(&["reset", "-q", "--hard", "HEAD~1"]);
    publish(&theirs, 3, &["Release: other"]);
    follow(&ours, &[]);
    (theirs, ours)
}

fn standing_of(machine: &Machine) -> Standing {
    let repo = Repo::parse("o/r", Repo::DEFAULT_HOST).unwrap();
    standing(&Disk, (&machine.located(), None), HOSTING, (&repo, &machine.view("o/r")), NOW)
}

#[test]
fn what_is_not_committed_continues_the_numbers_until_the_next_version() {
    let (theirs, ours) = pair();
    ours.write(&manifest(2, &["Release: dirty", "Release: c"]));
    ours.sync();
    assert_eq!(seqs(&ours), (1, 3));
    publish(&theirs, 3, &["Release: b"]);
    pull(&ours);
    assert_eq!((seqs(&ours), ours.titles("o/r")), ((2, 2), vec!["Release: b".to_owned()]));
    let store = ours.store("o/r");
    assert_eq!(store.history(&ours.view("o/r")).unwrap().superseded().unwrap().len(), 2);
}

#[test]
fn a_commit_of_one_s_own_is_observed_until_it_is_pushed() {
    let (theirs, ours) = pair();
    ours.commit(&manifest(2, &["Release: b"]));
    ours.sync();
    assert_eq!((seqs(&ours), ours.titles("o/r")), ((1, 2), vec!["Release: b".to_owned()]));
    theirs.git(&["config", "receive.denyCurrentBranch", "ignore"]);
    ours.git(&["push", "-q", "origin", "HEAD"]);
    ours.try_sync(|options| options.explain = true).unwrap();
    let other = Machine::clone_of(&theirs.url(), &[]);
    other.sync();
    assert_eq!(other.view("o/r").history_hash(), ours.view("o/r").history_hash());
    assert_eq!(seqs(&ours), (2, 2));
}

#[test]
fn an_answer_of_github_s_that_is_newer_is_carried_over_what_is_published() {
    let (theirs, ours) = pair();
    ours.refresh("o/r", &[tracker("Release: newest")], time("2024-12-24T05:00:00Z"));
    assert_eq!(seqs(&ours), (1, 2));
    publish(&theirs, 3, &["Release: b"]);
    pull(&ours);
    assert_eq!((seqs(&ours), ours.titles("o/r")), ((2, 3), vec!["Release: newest".to_owned()]));
    publish(&theirs, 6, &["Release: c"]);
    pull(&ours);
    assert_eq!((seqs(&ours), ours.titles("o/r")), ((3, 3), vec!["Release: c".to_owned()]));
    let other = Machine::clone_of(&theirs.url(), &[]);
    other.sync();
    assert_eq!(other.events("o/r"), ours.events("o/r"));
}

#[test]
fn an_older_manifest_is_set_aside_and_forced_in_bends_nothing() {
    let (theirs, ours) = pair();
    publish(&theirs, 3, &["Release: b"]);
    pull(&ours);
    ours.git(&["checkout", "-q", "--detach", "HEAD~1"]);
    let outcome = ours.try_sync(|options| options.explain = true).unwrap().outcome;
    assert!(matches!(outcome, Outcome::Older { .. }), "{outcome:?}");
    assert_eq!((seqs(&ours), ours.titles("o/r")), ((2, 2), vec!["Release: b".to_owned()]));
    let forced = ours.try_sync(|options| options.force = true).unwrap();
    assert_eq!((seqs(&ours), titles(&forced.view)), ((2, 3), vec!["Release: a".to_owned()]));
    assert_eq!(forced.view.changed_at(), NOW.millis());
    // And every later one comes in.
    ours.git(&["checkout", "-q", "-"]);
    ours.sync();
    assert_eq!(ours.titles("o/r"), ["Release: b"]);
    publish(&theirs, 4, &["Release: c"]);
    pull(&ours);
    let other = Machine::clone_of(&theirs.url(), &[]);
    other.sync();
    assert_eq!(other.events("o/r"), ours.events("o/r"));
}

#[test]
fn without_history_the_log_begins_with_the_present_and_goes_on_version_by_version() {
    let theirs = Machine::new();
    publish(&theirs, 1, &["Release: a"]);
    publish(&theirs, 2, &["Release: b"]);
    let ours = Machine::clone_of(&theirs.url(), &[]);
    let none = |options: &mut Options<'_>| options.history = History::None;
    ours.try_sync(none).unwrap();
    assert_eq!(seqs(&ours), (0, 1));
    publish(&theirs, 3, &["Release: c"]);
    publish(&theirs, 4, &["Release: d"]);
    ours.git(&["pull", "-q", "--ff-only"]);
    ours.try_sync(none).unwrap();
    assert_eq!((seqs(&ours), ours.titles("o/r")), ((0, 3), vec!["Release: d".to_owned()]));
}

#[test]
fn a_list_that_has_no_time_shows_the_present_and_who_asks_for_the_past_gets_it() {
    let theirs = Machine::new();
    publish(&theirs, 1, &["Release: a"]);
    publish(&theirs, 2, &["Release: b"]);
    let ours = Machine::clone_of(&theirs.url(), &[]);
    let over = Limits { is_over: &|| true, progress: &|_, _| () };
    ours.try_sync(|options| options.limits = over).unwrap();
    assert_eq!((seqs(&ours), ours.titles("o/r")), ((0, 1), vec!["Release: b".to_owned()]));
    // Lists do not try again; nothing has changed.
    let outcome = ours.sync().outcome;
    assert!(matches!(outcome, Outcome::Unchanged), "{outcome:?}");
    let seen = std::cell::Cell::new(0);
    let progress = |_, total| seen.set(total);
    let watched = Limits { is_over: &|| false, progress: &progress };
    ours.try_sync(|options| (options.history, options.limits) = (History::Needed, watched)).unwrap();
    assert_eq!((seqs(&ours), seen.get()), ((2, 2), 2));
}

#[test]
fn a_rewritten_branch_is_named_with_the_first_event_that_differs_and_takes_nothing_back() {
    let (_theirs, ours) = rewritten_pair();
    let synced = ours.sync();
    let branch = ours.git(&["symbolic-ref", "--short", "refs/remotes/origin/HEAD"]);
    assert_eq!(synced.notes, [Note::Rewritten(Fork { seq: Seq(2), branch })]);
    assert_eq!((seqs(&ours), ours.titles("o/r")), ((2, 3), vec!["Release: other".to_owned()]));
}

#[test]
fn versions_between_two_of_the_same_bytes_are_taken() {
    let (theirs, ours) = pair();
    publish(&theirs, 2, &["Release: a", "Release: b"]);
    publish(&theirs, 1, &["Release: a"]);
    let late = Machine::clone_of(&theirs.url(), &[]);
    late.sync();
    // The working tree's file is the one that was looked at: not even its time has changed.
    ours.git(&["pull", "-q", "--ff-only"]);
    assert_eq!(standing_of(&ours), Standing::Unseen);
    ours.sync();
    assert_eq!((ours.events("o/r"), ours.titles("o/r")), (late.events("o/r"), late.titles("o/r")));
    assert_eq!(ours.view("o/r").history_hash(), late.view("o/r").history_hash());
    assert!(matches!(standing_of(&ours), Standing::Ahead { .. }));
    assert!(matches!(ours.sync().outcome, Outcome::Unchanged));
}

#[test]
fn a_pull_that_does_not_touch_the_manifest_changes_nothing() {
    let (theirs, ours) = pair();
    theirs.commit(&manifest(1, &["Release: a"]));
    ours.git(&["pull", "-q", "--ff-only"]);
    assert_eq!(standing_of(&ours), Standing::Current);
    assert!(matches!(ours.sync().outcome, Outcome::Unchanged));
    // Git is not asked again.
    let view = ours.view("o/r");
    assert_eq!(view.marks().unwrap().signatures[0].seen.as_ref().map(|seen| seen.key), ours.key_now(&view));
}

#[test]
fn a_commit_that_was_changed_is_noticed_although_its_manifest_is_the_same() {
    let (theirs, ours) = pair();
    publish(&theirs, 2, &["Release: b"]);
    pull(&ours);
    theirs.git(&["commit", "-q", "--amend", "-m", "another"]);
    follow(&ours, &[]);
    let is_named = |notes: &[Note]| matches!(notes, [Note::Rewritten(Fork { seq: Seq(2), .. })]);
    assert!(is_named(&ours.sync().notes));
    assert!(ours.sync().notes.is_empty(), "a list does not say it again");
    // Whoever asks about the past is told every time, until there is a new history.
    for _again in 0..2 {
        assert!(is_named(&ours.try_sync(|options| options.history = History::Needed).unwrap().notes));
        assert!(rewritten(&ours.view("o/r")).is_some());
    }
    publish(&theirs, 3, &["Release: c"]);
    follow(&ours, &[]);
    assert!(is_named(&ours.sync().notes));
    assert!(rewritten(&ours.view("o/r")).is_some());
    let repo = Repo::parse("o/r", Repo::DEFAULT_HOST).unwrap();
    let rebuilding = Rebuilding { yes: true, import: None, limits: Limits::NONE, now: NOW };
    rebuild(&Disk, &ours.cache(), &ours.located(), (&repo, None, HOSTING), rebuilding).unwrap();
    assert!(ours.try_sync(|options| options.history = History::Needed).unwrap().notes.is_empty());
    assert_eq!(standing_of(&ours), Standing::Current);
}

#[test]
fn a_rewritten_history_stays_known_whatever_is_checked_out_meanwhile() {
    let (theirs, ours) = rewritten_pair();
    let asked = |machine: &Machine| machine.try_sync(|options| options.history = History::Needed).unwrap().notes;
    assert_eq!(asked(&ours).len(), 1);
    ours.git(&["checkout", "-q", "--detach", "HEAD~1"]);
    ours.sync();
    assert!(rewritten(&ours.view("o/r")).is_some());
    ours.git(&["checkout", "-q", "-"]);
    assert_eq!(asked(&ours).len(), 1);
    // What was taken back comes again: there is nothing to say any more.
    theirs.git(&["reset", "-q", "--hard", "HEAD@{2}"]);
    publish(&theirs, 4, &["Release: c"]);
    follow(&ours, &[]);
    assert_eq!((asked(&ours), rewritten(&ours.view("o/r"))), (vec![], None));
}

#[test]
fn versions_that_are_only_taken_back_are_named_and_a_clone_that_is_behind_is_not_blamed() {
    let (theirs, ours) = pair();
    publish(&theirs, 2, &["Release: b"]);
    let behind = Machine::clone_of(&theirs.url(), &[]);
    publish(&theirs, 3, &["Release: c"]);
    pull(&ours);
    assert!(behind.sync_into(&ours).notes.is_empty());
    theirs.git(&["reset", "-q", "--hard", "HEAD~1"]);
    // Fetched and not merged; then merged.
    ours.git(&["fetch", "-q"]);
    let is_named = |notes: &[Note]| matches!(notes, [Note::Rewritten(Fork { seq: Seq(3), .. })]);
    assert!(is_named(&ours.sync().notes));
    ours.git(&["reset", "-q", "--hard", "origin/HEAD"]);
    assert!(is_named(&ours.try_sync(|options| options.history = History::Needed).unwrap().notes));
    // Before the first manifest there is nothing to compare with.
    let (theirs, ours) = (Machine::new(), Machine::empty());
    theirs.git(&["commit", "-q", "--allow-empty", "-m", "before"]);
    publish(&theirs, 1, &["Release: a"]);
    ours.git(&["clone", "-q", &theirs.url(), "."]);
    ours.sync();
    ours.git(&["checkout", "-q", "--detach", "HEAD~1"]);
    assert!(ours.try_sync(|options| options.explain = true).is_err());
    assert_eq!(rewritten(&ours.view("o/r")), None);
}

#[test]
fn a_clone_that_stands_where_the_manifest_was_removed_is_only_behind() {
    let (theirs, ours) = pair();
    fs::remove_file(theirs.root().join(PATH)).unwrap();
    theirs.git(&["add", "-A"]);
    theirs.git(&["commit", "-q", "-m", "gone"]);
    let behind = Machine::clone_of(&theirs.url(), &[]);
    publish(&theirs, 3, &["Release: c"]);
    publish(&theirs, 4, &["Release: d"]);
    pull(&ours);
    behind.write(&manifest(1, &["Release: a"]));
    assert!(behind.sync_into(&ours).notes.is_empty());
    assert_eq!(rewritten(&ours.view("o/r")), None);
    // So is one that ends with a version which says again what was said.
    let (theirs, ours) = pair();
    publish(&theirs, 2, &["Release: b"]);
    publish(&theirs, 1, &["Release: a"]);
    publish(&theirs, 2, &["Release: b"]);
    let behind = Machine::clone_of(&theirs.url(), &[]);
    publish(&theirs, 3, &["Release: c"]);
    pull(&ours);
    assert!(behind.sync_into(&ours).notes.is_empty());
    assert_eq!(rewritten(&ours.view("o/r")), None);
}

#[test]
fn a_rewritten_branch_is_named_also_from_a_branch_of_one_s_own() {
    let (theirs, ours) = pair();
    publish(&theirs, 2, &["Release: b"]);
    publish(&theirs, 3, &["Release: c"]);
    pull(&ours);
    ours.git(&["checkout", "-q", "-b", "own", "HEAD~1"]);
    ours.commit(&manifest(5, &["Release: own"]));
    assert!(ours.sync().notes.is_empty());
    theirs.git(&["reset", "-q", "--hard", "HEAD~1"]);
    ours.git(&["fetch", "-q"]);
    assert!(matches!(&ours.sync().notes[..], [Note::Rewritten(Fork { seq: Seq(3), .. })]));
    // On the branch itself status says already before that there is something to look at.
    let (theirs, ours) = pair();
    publish(&theirs, 2, &["Release: b"]);
    pull(&ours);
    theirs.git(&["reset", "-q", "--hard", "HEAD~1"]);
    publish(&theirs, 3, &["Release: c"]);
    ours.git(&["fetch", "-q"]);
    assert_eq!(standing_of(&ours), Standing::Unseen);
}

#[test]
fn a_version_that_others_see_only_later_is_taken_then() {
    let (theirs, ours) = pair();
    theirs.git(&["config", "receive.denyCurrentBranch", "ignore"]);
    ours.commit(&manifest(2, &["Release: b"]));
    ours.git(&["revert", "--no-edit", "HEAD"]);
    ours.sync();
    // What is checked out and its manifest stay as they are.
    ours.git(&["push", "-q", "origin", "HEAD"]);
    ours.sync();
    let late = Machine::clone_of(&theirs.url(), &[]);
    late.sync();
    assert_eq!((ours.events("o/r"), ours.titles("o/r")), (late.events("o/r"), late.titles("o/r")));
}

#[test]
fn what_cannot_be_recorded_is_missing_also_where_the_manifest_is_the_same() {
    let (theirs, ours) = pair();
    publish(&theirs, 2, &["Release: b"]);
    publish(&theirs, 1, &["Release: a"]);
    ours.git(&["pull", "-q", "--ff-only"]);
    let store = ours.store("o/r");
    let writer = store.writer(&Repo::parse("o/r", Repo::DEFAULT_HOST).unwrap(), Duration::ZERO).unwrap();
    let hurried = |machine: &Machine| machine.try_sync(|options| options.patience = Duration::ZERO).unwrap().unrecorded;
    assert!(matches!(hurried(&ours), Some(crate::store::StoreError::Busy { .. })));
    drop(writer);
    assert!(hurried(&ours).is_none());
    // Another commit without another version lacks nothing.
    publish(&theirs, 3, &["Release: c"]);
    pull(&ours);
    theirs.git(&["commit", "-q", "--allow-empty", "-m", "x"]);
    ours.git(&["pull", "-q", "--ff-only"]);
    let _writer = store.writer(&Repo::parse("o/r", Repo::DEFAULT_HOST).unwrap(), Duration::ZERO).unwrap();
    assert!(hurried(&ours).is_none());
}

#[test]
fn a_version_without_events_that_was_taken_back_bends_nothing() {
    let (theirs, ours) = pair();
    publish(&theirs, 2, &["Release: a"]);
    pull(&ours);
    theirs.git(&["reset", "-q", "--hard", "HEAD~1"]);
    publish(&theirs, 3, &["Release: b"]);
    publish(&theirs, 4, &["Release: c"]);
    follow(&ours, &[]);
    assert!(ours.sync().notes.is_empty());
    let other = Machine::clone_of(&theirs.url(), &[]);
    other.sync();
    assert_eq!((seqs(&ours), other.events("o/r")), ((3, 3), ours.events("o/r")));
    assert_eq!(other.view("o/r").history_hash(), ours.view("o/r").history_hash());
    publish(&theirs, 5, &["Release: d"]);
    pull(&ours);
    assert_eq!(seqs(&ours), (4, 4));
}

#[test]
fn a_clone_that_was_not_pulled_is_not_told_of_another_history() {
    let (theirs, ours) = pair();
    let other = Machine::clone_of(&theirs.url(), &[]);
    publish(&theirs, 2, &["Release: b"]);
    pull(&ours);
    // Of two clones on one machine.
    let synced = other.sync_into(&ours);
    assert!(synced.notes.is_empty() && matches!(synced.outcome, Outcome::Older { .. }), "{:?}", synced.outcome);
    assert_eq!((seqs(&ours), ours.titles("o/r")), ((2, 2), vec!["Release: b".to_owned()]));
}

#[test]
fn a_clone_that_became_shallow_says_so_and_takes_the_versions_once_it_is_whole() {
    let (theirs, ours) = pair();
    publish(&theirs, 2, &["Release: b"]);
    publish(&theirs, 3, &["Release: c"]);
    follow(&ours, &["--depth", "1"]);
    assert_eq!(ours.sync().notes, [Note::Shallow]);
    assert_eq!((seqs(&ours), ours.titles("o/r")), ((1, 2), vec!["Release: c".to_owned()]));
    ours.git(&["fetch", "-q", "--unshallow"]);
    ours.try_sync(|options| options.explain = true).unwrap();
    let other = Machine::clone_of(&theirs.url(), &[]);
    other.sync();
    assert_eq!((seqs(&ours), other.events("o/r")), ((3, 3), ours.events("o/r")));
}

#[test]
fn bytes_that_were_observed_and_are_published_then_are_taken_as_published() {
    let (theirs, ours) = pair();
    ours.write(&manifest(2, &["Release: b"]));
    ours.sync();
    assert_eq!(seqs(&ours), (1, 2));
    publish(&theirs, 2, &["Release: b"]);
    let other = Machine::clone_of(&theirs.url(), &[]);
    other.sync();
    // The same bytes are there again, under another signature.
    pull(&ours);
    assert_eq!((seqs(&ours), other.events("o/r")), ((2, 2), ours.events("o/r")));
    assert_eq!(other.view("o/r").history_hash(), ours.view("o/r").history_hash());
}

#[test]
fn a_moved_manifest_and_a_renamed_repository_keep_their_history() {
    let theirs = Machine::new();
    publish(&theirs, 1, &["Release: a", "Release: b"]);
    publish(&theirs, 2, &["Release: a", "Release: c"]);
    theirs.commit(&manifest_of("new/name", 3, &["Release: a", "Release: d"]));
    theirs.commit(&manifest_of("new/name", 4, &["Release: a", "Release: e"]));
    let late = Machine::clone_of(&theirs.url(), &[]);
    late.sync();
    let expected = late.events("new/name");
    assert_eq!(expected.len(), 5);
    let early = Machine::clone_of(&theirs.url(), &[]);
    early.git(&["checkout", "-q", "--detach", "HEAD~2"]);
    early.sync();
    let old = early.events("o/r");
    assert_eq!(old, expected[..3]);
    early.git(&["checkout", "-q", "-"]);
    early.sync();
    assert_eq!(early.events("new/name"), expected);
    // A fork is no renaming: its trackers are its own.
    let fork = Machine::clone_of(&theirs.url(), &[]);
    fork.commit(&manifest_of("me/fork", 5, &["Release: x"]).replace("2024-12-0", "2025-01-0"));
    fork.git(&["remote", "remove", "origin"]);
    fork.sync();
    let events = fork.events("me/fork");
    assert_eq!((events.len(), events[0].2), (1, true));
}

#[test]
fn a_fork_whose_trackers_have_no_dates_is_told_by_their_titles() {
    let undated = |text: String| text.replace("createdAt", "wasCreatedAt");
    let fork = Machine::new();
    fork.commit(&undated(manifest_of("o/r", 1, &["Release: a", "Release: b"])));
    fork.sync();
    fork.commit(&undated(manifest_of("me/fork", 2, &["Release: x", "Release: y"])));
    fork.sync();
    assert_eq!((fork.events("o/r").len(), fork.events("me/fork").len()), (2, 2));
    fork.commit(&undated(manifest_of("me/renamed", 3, &["Release: x", "Release: y", "Release: z"])));
    fork.sync();
    assert_eq!(fork.events("me/renamed").len(), 3);
}
