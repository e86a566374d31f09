//! Power cuts at every operation of every scenario, in every way that the disk may be left; then again while the store
//! recovers from the first one. And proof that the search finds what it looks for: a sync left out is found.

use gh_pmu::fs::Storage;

use crate::store::crash_disk::{CrashDisk, Fault};
use crate::store::crash_run::{
    SEED, Scenario, Step, explore, fail_everywhere, moment, numbered, read_beside, read_history_beside,
    redundant_syncs, run, take, verify_beside,
};
use crate::store::fixture::{DIR, Trackers, file};

fn first_sync() -> Scenario {
    Scenario::new("first sync", &[], vec![Step::Remembered(numbered(5, "Release: v"))])
}

fn first_sync_of_nothing() -> Scenario {
    let steps = vec![Step::Remembered(Trackers::new()), Step::Sync(numbered(2, "Release: v"))];
    Scenario::new("first sync of zero trackers", &[], steps)
}

fn small_sync() -> Scenario {
    let before = [Step::Sync(numbered(5, "a"))];
    Scenario::new("small sync", &before, vec![Step::Sync(numbered(6, "b")), Step::Sync(numbered(4, "b"))])
}

fn small_sync_remembered() -> Scenario {
    let before = [Step::Remembered(numbered(5, "a"))];
    let steps = vec![Step::Remembered(numbered(6, "b")), Step::Remembered(numbered(4, "b"))];
    Scenario::new("small syncs, each remembered", &before, steps)
}

/// One commit that makes the tail larger than half of the index.
fn compaction() -> Scenario {
    let before = [Step::Remembered(numbered(5, "a"))];
    let long = numbered(5, &"long ".repeat(800));
    Scenario::new("compaction by bytes", &before, vec![Step::Remembered(long)])
}

fn compaction_by_count() -> Scenario {
    let mut before = vec![Step::Sync(numbered(40, "a"))];
    before.extend((0..12).map(|round| Step::Sync(numbered(40, &format!("round {round}")))));
    Scenario::new("compaction by many syncs", &before, vec![Step::Sync(numbered(41, "last"))])
}

fn explicit_compaction() -> Scenario {
    let before = [Step::Sync(numbered(5, "a")), Step::Sync(numbered(6, "b"))];
    let steps = vec![Step::Compact, Step::Sync(numbered(5, "c"))];
    Scenario::new("compaction asked for", &before, steps)
}

fn freshness() -> Scenario {
    let before = [Step::Sync(numbered(5, "a")), Step::Remembered(numbered(6, "b"))];
    Scenario::new("freshness noted", &before, vec![Step::Fresh, Step::Sync(numbered(5, "c")), Step::Fresh])
}

/// A commit of which half reached the disk.
fn torn_tail() -> CrashDisk {
    let empty = CrashDisk::default();
    run(&empty, 0, &[Step::Sync(numbered(5, "a")), Step::Sync(numbered(6, "b"))]).1.unwrap();
    let disk = empty.all_kept();
    let log = file("log-1");
    let whole = disk.content(&log);
    run(&disk, 2, &[Step::Sync(numbered(7, "c"))]).1.unwrap();
    let torn = disk.content(&log);
    let half = (whole.len() + torn.len()) / 2;
    disk.set_content(&log, torn[..half].to_vec());
    disk.all_kept()
}

fn past_a_torn_tail() -> Scenario {
    let steps = vec![Step::Remembered(numbered(4, "d")), Step::Compact];
    Scenario::on("past a torn tail", torn_tail(), 3, steps)
}

/// The disk as a process left it that was killed in its step, so many operations before the end.
fn killed(before: &[Step], step: &Step, from_last: usize) -> CrashDisk {
    let disk = CrashDisk::default();
    run(&disk, 0, before).1.unwrap();
    let disk = disk.all_kept();
    let moment = moment(before.len());
    let whole = disk.fork();
    take(&whole, step, moment).unwrap();
    disk.arm(Fault::Stop(whole.operations() - from_last), None);
    // Not an error where it stops in the compaction behind an append.
    let _ = take(&disk, step, moment);
    disk.fork()
}

fn behind_an_unsynced_commit() -> Scenario {
    let base = killed(&[Step::Sync(numbered(5, "a"))], &Step::Sync(numbered(6, "b")), 1);
    Scenario::on("behind an unsynced commit", base, 2, vec![Step::Remembered(numbered(4, "c"))])
}

fn behind_an_unsynced_and_a_torn_commit() -> Scenario {
    let disk = killed(&[Step::Sync(numbered(5, "a"))], &Step::Sync(numbered(6, "b")), 1);
    let mut log = disk.open_write(&file("log-1")).unwrap();
    log.write_at(disk.content(&file("log-1")).len() as u64, b"pmuF, and no more").unwrap();
    let steps = vec![Step::Remembered(numbered(4, "c"))];
    Scenario::on("behind an unsynced and a torn commit", disk, 2, steps)
}

fn behind_an_unsynced_first_sync() -> Scenario {
    let base = killed(&[], &Step::Sync(numbered(5, "a")), 1);
    let steps = vec![Step::Remembered(numbered(4, "c")), Step::Remembered(numbered(5, "c"))];
    Scenario::on("behind an unsynced first sync", base, 1, steps)
}

/// Of which `checked` knows nothing, as it speaks of commits.
fn behind_an_unsynced_compaction() -> Scenario {
    let before = [Step::Remembered(numbered(5, "a")), Step::Remembered(numbered(6, "b"))];
    let base = killed(&before, &Step::Compact, 2);
    Scenario::on("behind an unsynced compaction", base, 3, vec![Step::Remembered(numbered(4, "c"))])
}

/// Versions over what was observed, some older than it, as commits of several frames.
fn publishing() -> Scenario {
    let before = [Step::Remembered(numbered(5, "a")), Step::Remembered(numbered(6, "b"))];
    let steps = vec![
        Step::Publish(vec![numbered(3, "c"), numbered(4, "d"), numbered(4, "e")]),
        Step::Remembered(numbered(5, "f")),
        Step::Publish(vec![numbered(5, "f")]),
    ];
    Scenario::new("publishing", &before, steps)
}

fn pruning() -> Scenario {
    let before = [Step::Remembered(numbered(5, "a")), Step::Remembered(numbered(6, "b")), Step::Sync(numbered(6, "c"))];
    Scenario::new("pruning", &before, vec![Step::Prune, Step::Sync(numbered(5, "d"))])
}

fn forced_and_tagged() -> Scenario {
    let before = [Step::Remembered(numbered(5, "a"))];
    let steps = vec![Step::Tagged(numbered(6, "b")), Step::Forced(numbered(4, "c")), Step::Tagged(numbered(4, "c"))];
    Scenario::new("answers of GitHub", &before, steps)
}

fn branch() -> Scenario {
    let before = [Step::Remembered(numbered(5, "a"))];
    let steps = vec![Step::Branch(numbered(6, "b")), Step::Branch(numbered(4, "c"))];
    Scenario::new("a remote branch", &before, steps)
}

fn rebuilding() -> Scenario {
    let before =
        [Step::Remembered(numbered(5, "a")), Step::Remembered(numbered(6, "b")), Step::Tagged(numbered(6, "c"))];
    let steps = vec![Step::Rebuild(vec![numbered(2, "x"), numbered(7, "y")]), Step::Remembered(numbered(5, "d"))];
    Scenario::new("rebuilding", &before, steps)
}

fn rebuilding_where_nothing_was() -> Scenario {
    let steps = vec![Step::Rebuild(vec![numbered(2, "x"), numbered(3, "y")]), Step::Remembered(numbered(5, "d"))];
    Scenario::new("rebuilding where nothing was", &[], steps)
}

fn rebuilding_past_a_torn_tail() -> Scenario {
    let steps = vec![Step::Rebuild(vec![numbered(2, "x"), numbered(7, "y")]), Step::Sync(numbered(5, "d"))];
    Scenario::on("rebuilding past a torn tail", torn_tail(), 3, steps)
}

/// Of a store of two segments, with an index in between.
fn clearing() -> Scenario {
    let base = torn_tail();
    let before = [Step::Remembered(numbered(4, "d")), Step::Compact, Step::Tagged(numbered(5, "e"))];
    run(&base, 3, &before).1.unwrap();
    let steps = vec![Step::Clear, Step::Remembered(numbered(3, "f")), Step::Clear];
    Scenario::on("clearing", base.all_kept(), 6, steps)
}

/// A process was killed in a clear, so many operations before its end.
fn behind_a_clear_that_was_killed(from_last: usize) -> Scenario {
    let before = [Step::Remembered(numbered(5, "a")), Step::Compact, Step::Tagged(numbered(6, "b"))];
    let steps = vec![Step::Remembered(numbered(3, "c")), Step::Clear];
    Scenario::on("behind a clear that was killed", killed(&before, &Step::Clear, from_last), 4, steps)
}

#[test]
fn a_first_sync_survives_every_crash() {
    let explored = explore(&first_sync());
    assert!(explored.without_current > 0, "no image needed CURRENT recovered");
    assert!(explore(&first_sync_of_nothing()).without_current > 0);
}

#[test]
fn a_small_sync_survives_every_crash() {
    assert!(explore(&small_sync()).gone_over > 0, "no image had a torn commit to go over");
    assert!(explore(&small_sync_remembered()).gone_over > 0);
}

#[test]
fn a_compaction_survives_every_crash() {
    explore(&compaction());
    explore(&explicit_compaction());
}

#[test]
fn a_compaction_after_many_syncs_survives_every_crash() {
    explore(&compaction_by_count());
}

#[test]
fn noting_freshness_survives_every_crash() {
    explore(&freshness());
}

#[test]
fn published_versions_survive_every_crash() {
    assert!(explore(&publishing()).gone_over > 0);
}

#[test]
fn pruning_survives_every_crash() {
    explore(&pruning());
}

#[test]
fn answers_and_branches_survive_every_crash() {
    explore(&forced_and_tagged());
    explore(&branch());
}

#[test]
fn rebuilding_survives_every_crash() {
    explore(&rebuilding());
    explore(&rebuilding_past_a_torn_tail());
    assert!(explore(&rebuilding_where_nothing_was()).without_current > 0);
}

#[test]
fn clearing_leaves_everything_or_nothing_after_every_crash() {
    assert!(explore(&clearing()).without_current > 0);
    for from_last in 1..14 {
        explore(&behind_a_clear_that_was_killed(from_last));
    }
}

#[test]
fn what_a_killed_process_left_survives_every_crash() {
    explore(&behind_an_unsynced_commit());
    assert!(explore(&behind_an_unsynced_and_a_torn_commit()).gone_over > 0);
    explore(&behind_an_unsynced_first_sync());
    explore(&behind_an_unsynced_compaction());
}

#[test]
fn writing_past_a_torn_commit_survives_every_crash() {
    assert!(explore(&past_a_torn_tail()).gone_over > 0);
}

#[test]
fn every_sync_of_a_first_sync_that_is_left_out_is_found() {
    assert_eq!(redundant_syncs(&first_sync()), [0; 0]);
}

#[test]
fn every_sync_of_a_small_sync_that_is_left_out_is_found() {
    assert_eq!(redundant_syncs(&small_sync_remembered()), [0; 0]);
}

#[test]
fn every_sync_of_a_compaction_that_is_left_out_is_found() {
    assert_eq!(redundant_syncs(&compaction()), [0; 0]);
}

#[test]
fn every_sync_behind_a_torn_commit_that_is_left_out_is_found() {
    // The first two settle what a killed process may have left unsynced; here it left nothing. The third keeps the torn
    // bytes, on which no answer rests.
    assert_eq!(redundant_syncs(&past_a_torn_tail()), [0, 1, 2]);
}

#[test]
fn every_sync_of_what_a_killed_process_left_that_is_left_out_is_found() {
    // It left no names unsynced, so settling those is of no use here, as it cannot know.
    assert_eq!(redundant_syncs(&behind_an_unsynced_commit()), [1]);
    assert_eq!(redundant_syncs(&behind_an_unsynced_and_a_torn_commit()), [1, 2]);
    assert_eq!(redundant_syncs(&behind_an_unsynced_first_sync()), [0; 0]);
    assert_eq!(redundant_syncs(&behind_an_unsynced_compaction()), [0; 0]);
}

#[test]
fn every_sync_of_a_rebuilding_that_is_left_out_is_found() {
    // As with a pruning: behind the new log, behind the removal of the old one, and by the writer after it, which cannot
    // know that all is settled.
    assert_eq!(redundant_syncs(&rebuilding()), [1, 6, 7]);
}

#[test]
fn every_sync_of_a_clear_that_is_left_out_is_found() {
    assert_eq!(redundant_syncs(&clearing()), [0; 0]);
}

#[test]
fn every_sync_of_a_pruning_that_is_left_out_is_found() {
    // The first two settle what nobody left unsynced. The sync of the directory behind the new log is
    // repeated behind its index; that behind the removal of the old log saves room, not data; the writer after it cannot
    // know that all is settled.
    assert_eq!(redundant_syncs(&pruning()), [0, 1, 3, 8, 9]);
}

#[test]
fn a_failing_disk_leaves_the_state_before_or_behind_the_sync() {
    println!("{} failing operations", fail_in_all_scenarios(false));
}

/// After a failed sync, Linux calls the pages clean: every process reads the commit, and no sync writes it any more. The
/// next writer cannot know, so the one that failed seals the segment before it.
#[test]
fn a_sync_that_fails_and_loses_its_pages_takes_no_later_commit_with_it() {
    println!("{} failing operations", fail_in_all_scenarios(true));
}

fn fail_in_all_scenarios(lose: bool) -> usize {
    let scenarios = [first_sync(), first_sync_of_nothing(), small_sync(), small_sync_remembered(), compaction()];
    let more = [explicit_compaction(), freshness(), past_a_torn_tail(), pruning()];
    let others = [forced_and_tagged(), branch(), rebuilding(), rebuilding_where_nothing_was(), clearing()];
    let all = scenarios.iter().chain(&more).chain(&others);
    all.map(|scenario| fail_everywhere(scenario, lose).unwrap_or_else(|what| panic!("{what}"))).sum()
}

#[test]
fn a_reader_beside_a_writer_sees_a_state_that_was_current() {
    let scenarios = [first_sync(), first_sync_of_nothing(), small_sync_remembered(), compaction(), past_a_torn_tail()];
    let more = [explicit_compaction(), freshness(), behind_an_unsynced_and_a_torn_commit(), pruning()];
    let others = [forced_and_tagged(), branch(), rebuilding(), rebuilding_past_a_torn_tail(), clearing()];
    let reads: usize = scenarios.iter().chain(&more).chain(&others).map(read_beside).sum();
    println!("{reads} reads interrupted by a writer");
}

#[test]
fn a_reader_of_history_beside_a_writer_that_replaces_the_log_never_calls_it_damaged() {
    let scenarios = [rebuilding(), rebuilding_past_a_torn_tail(), pruning(), clearing(), small_sync_remembered()];
    let reads: usize = scenarios.iter().map(read_history_beside).sum();
    println!("{reads} reads interrupted by a writer");
}

#[test]
fn a_verification_beside_a_writer_finds_no_damage() {
    let scenarios = [first_sync(), small_sync_remembered(), compaction(), past_a_torn_tail(), rebuilding()];
    let more = [pruning(), clearing(), rebuilding_where_nothing_was()];
    let reads: usize = scenarios.iter().chain(&more).map(verify_beside).sum();
    println!("{reads} reads interrupted by a writer");
}

#[test]
fn the_disk_of_these_tests_forgets_what_was_not_synced() {
    let disk = CrashDisk::default();
    disk.create_dir(DIR.as_ref()).unwrap();
    let mut written = disk.create(&file("a")).unwrap();
    written.write_at(0, b"kept").unwrap();
    written.sync().unwrap();
    assert_eq!(disk.only_synced().names(), [""; 0]);
    disk.sync_dir(DIR.as_ref()).unwrap();
    written.write_at(4, b" lost").unwrap();
    disk.rename(&file("a"), &file("b")).unwrap();
    let cut = disk.only_synced();
    assert_eq!((cut.names(), cut.content(&file("a"))), (vec!["a".to_owned()], b"kept".to_vec()));
    let kept = disk.all_kept();
    assert_eq!((kept.names(), kept.content(&file("b"))), (vec!["b".to_owned()], b"kept lost".to_vec()));
    assert!(disk.images(SEED).iter().any(|(_, image)| image.names() == ["b"] && image.content(&file("b")) == b"kept"));
}
