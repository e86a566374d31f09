//! Power cuts at every operation of every scenario, in every way that the disk may be left; then again while the store
//! recovers from the first one. And proof that the search finds what it looks for: a sync left out is found.

use std::collections::HashSet;

use gh_pmu::fs::Storage;
use gh_pmu::model::{Kind, Seq, State, UnixMillis};
use gh_pmu::store::{Moment, Pruning, StoreError, View, Writer};

use crate::crash_disk::{CrashDisk, Fault};
use crate::fixture::{DIR, Seen, Trackers, file, seen, shown, store, sync, sync_to, tracker, trackers, writer};

/// One process that writes: what it does, after which it is gone.
#[derive(Clone)]
enum Step {
    /// Syncs to a state.
    Sync(Trackers),
    /// The same, and remembers in `checked` what was acknowledged.
    Remembered(Trackers),
    /// Takes in a manifest that changes nothing.
    Fresh,
    /// Compacts.
    Compact,
    /// Drops the older half of history.
    Prune,
}

struct Scenario {
    name: &'static str,
    base: CrashDisk,
    /// Steps that made the base.
    taken: usize,
    steps: Vec<Step>,
    /// What readers see before the first step, and after each.
    states: Vec<Seen>,
    /// What a power cut may leave of the base before the first step is acknowledged.
    earlier: Vec<Seen>,
}

/// A reader beside the writer: whatever the writer does between two reads of the reader, it sees a state that was current
/// at some moment of its reading, and nothing is called damaged.
fn read_beside(scenario: &Scenario) -> usize {
    for read in 0.. {
        let disk = scenario.base.fork();
        let (writing, taken, steps) = (disk.clone(), scenario.taken, scenario.steps.clone());
        disk.interrupt(read, move || run(&writing, taken, &steps).1.unwrap());
        let view = store(&disk).view().unwrap_or_else(|error| panic!("{}, read {read}: {error}", scenario.name));
        assert_eq!(view.iter().flat_map(View::damage).next(), None, "{}, read {read}", scenario.name);
        let found = shown(view.as_ref()).unwrap();
        assert!(scenario.states.contains(&found), "{}, read {read}", scenario.name);
        if disk.awaits_interrupt() {
            return read;
        }
    }
    0
}

#[derive(Default)]
struct Explored {
    images: usize,
    second_level: usize,
    /// Images in which `CURRENT` had to be told from the other files.
    without_current: usize,
    /// Images in which the next append went into a new segment, past a torn commit.
    new_segment: usize,
    /// Images already seen, each with the states that were allowed in it.
    known: HashSet<(u64, Vec<(u64, i64)>)>,
}

const SEED: u64 = 0x6770_6d75;

fn seed() -> u64 {
    let seed = std::env::var("CRASH_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(SEED);
    println!("CRASH_SEED={seed}");
    seed
}

/// The moment of a step, later than that of every step before it.
fn moment(step: usize) -> i64 {
    1_000_000 + step as i64
}

/// Runs the steps, each in a writer of its own, when so many were taken before; gives how many were acknowledged.
fn run(disk: &CrashDisk, taken: usize, steps: &[Step]) -> (usize, Result<(), StoreError>) {
    for (at, step) in steps.iter().enumerate() {
        if let Err(error) = take(disk, step, moment(taken + at)) {
            return (at, Err(error));
        }
    }
    (steps.len(), Ok(()))
}

fn take(disk: &CrashDisk, step: &Step, moment: i64) -> Result<(), StoreError> {
    let mut writer = writer(disk)?;
    match step {
        Step::Sync(target) => drop(sync_to(&mut writer, target, moment)?),
        Step::Remembered(target) => {
            sync_to(&mut writer, target, moment)?;
            writer.record_checked(None, UnixMillis::new(moment).unwrap());
        }
        Step::Fresh => writer.note_freshness(&sync(moment))?,
        Step::Compact => drop(writer.compact()?),
        Step::Prune => drop(prune(&mut writer)?),
    }
    Ok(())
}

fn prune(writer: &mut Writer<'_>) -> Result<Option<Pruning>, StoreError> {
    let half = writer.view().map_or(0, |view| view.seq().0 / 2);
    writer.prune_before(Moment::Seq(Seq(half)), false)
}

impl Scenario {
    /// A scenario that begins with the store that `before` made, all of it durable.
    fn new(name: &'static str, before: &[Step], steps: Vec<Step>) -> Self {
        let empty = CrashDisk::default();
        run(&empty, 0, before).1.unwrap();
        Self::on(name, empty.all_kept(), before.len(), steps)
    }

    fn on(name: &'static str, base: CrashDisk, taken: usize, steps: Vec<Step>) -> Self {
        let disk = base.fork();
        let mut states = vec![seen(&disk).unwrap()];
        for (at, step) in steps.iter().enumerate() {
            take(&disk, step, moment(taken + at)).unwrap();
            states.push(seen(&disk).unwrap());
        }
        let cuts = base.images(SEED).into_iter().map(|(_, image)| seen(&image).unwrap());
        let earlier = cuts.filter(|cut| *cut != states[0]).collect();
        Self { name, base, taken, steps, states, earlier }
    }

    /// Stops at every operation, and looks at every image of the disk.
    fn explore(&self, skip_sync: Option<usize>, explored: &mut Explored, seed: u64) -> Result<(), String> {
        let disk = self.base.fork();
        disk.arm(Fault::None, skip_sync);
        run(&disk, self.taken, &self.steps).1.map_err(|error| error.to_string())?;
        // Up to the sync that is left out, nothing differs from a run with it.
        let first = skip_sync.map_or(0, |skip| disk.syncs()[skip] + 1);
        for stop in first..=disk.operations() {
            let disk = self.base.fork();
            disk.arm(Fault::Stop(stop), skip_sync);
            let (acknowledged, _) = run(&disk, self.taken, &self.steps);
            let mut allowed = self.states[acknowledged..self.states.len().min(acknowledged + 2)].to_vec();
            if acknowledged == 0 {
                allowed.extend_from_slice(&self.earlier);
            }
            for (label, image) in disk.images(seed ^ stop as u64) {
                if !explored.known.insert((image.fingerprint(), brief(&allowed))) {
                    continue;
                }
                explored.images += 1;
                let checked = check(&image, &allowed, explored, seed);
                checked.map_err(|what| format!("{}, stopped at operation {stop}, {label}: {what}", self.name))?;
            }
        }
        Ok(())
    }
}

/// Enough of some states to tell sets of them apart.
fn brief(states: &[Seen]) -> Vec<(u64, i64)> {
    states.iter().map(|seen| seen.as_ref().map_or((0, 0), |(seq, fresh, _)| (*seq, *fresh))).collect()
}

fn log_count(disk: &CrashDisk) -> usize {
    disk.names().iter().filter(|name| name.starts_with("log-") && !name.ends_with(".tmp")).count()
}

/// A crash image shows one of the allowed states, and the store goes on from it: durably, whatever happens next.
fn check(image: &CrashDisk, allowed: &[Seen], explored: &mut Explored, seed: u64) -> Result<(), String> {
    let found = allowed_state(image, allowed)?;
    check_reader_that_remembers(image, allowed, seed)?;
    if log_count(image) > 0 && !image.names().iter().any(|name| name == "CURRENT") {
        explored.without_current += 1;
    }
    let next = next_of(&found);
    let disk = image.fork();
    disk.arm(Fault::None, None);
    let after = append(&disk, &next).map_err(|error| format!("the next append: {error}"))?;
    if seen(&disk)? != after {
        return Err("the next append shows something else".to_owned());
    }
    let operations = disk.operations();
    let cut = seen(&disk.only_synced()).map_err(|what| format!("power cut behind the next append: {what}"))?;
    if cut != after {
        return Err("a power cut behind the next append lost it".to_owned());
    }
    if log_count(&disk) > log_count(image).max(1) {
        explored.new_segment += 1;
    }
    // The power cut need not lose what the first one left in doubt: a process that was killed leaves the choice open.
    let either: Vec<Seen> = allowed.iter().cloned().chain([after.clone()]).collect();
    for stop in 0..=operations {
        let disk = image.fork();
        disk.arm(Fault::Stop(stop), None);
        let acknowledged = append(&disk, &next).is_ok();
        let allowed = if acknowledged { &either[either.len() - 1..] } else { &either[..] };
        for (label, second) in second_images(&disk, seed ^ stop as u64) {
            if !explored.known.insert((second.fingerprint(), brief(allowed))) {
                continue;
            }
            explored.second_level += 1;
            check_second(&second, allowed)
                .map_err(|what| format!("then stopped at operation {stop} of recovery, {label}: {what}"))?;
        }
    }
    Ok(())
}

fn second_images(disk: &CrashDisk, seed: u64) -> Vec<(String, CrashDisk)> {
    let mut images = vec![
        (String::from("only synced"), disk.only_synced()),
        (String::from("all kept"), disk.all_kept()),
        (String::from("only synced and CURRENT.tmp"), disk.only_synced_and("CURRENT.tmp")),
    ];
    images.extend(disk.images(seed));
    images
}

fn check_second(image: &CrashDisk, allowed: &[Seen]) -> Result<(), String> {
    let found = allowed_state(image, allowed)?;
    let next = next_of(&found);
    let disk = image.fork();
    let after = append(&disk, &next).map_err(|error| format!("the next append: {error}"))?;
    let cut = seen(&disk.only_synced())?;
    if cut == after { Ok(()) } else { Err("a power cut behind the next append lost it".to_owned()) }
}

fn allowed_state(image: &CrashDisk, allowed: &[Seen]) -> Result<Seen, String> {
    let found = seen(image)?;
    if allowed.contains(&found) {
        return Ok(found);
    }
    Err(format!("found {:?}, allowed {:?}", brief(&[found]), brief(allowed)))
}

/// A reader may remember that its view is fresh, also where that rests on what an interrupted writer left.
fn check_reader_that_remembers(image: &CrashDisk, allowed: &[Seen], seed: u64) -> Result<(), String> {
    let disk = image.fork();
    let Some(view) = store(&disk).view().map_err(|error| error.to_string())? else { return Ok(()) };
    store(&disk).record_checked(&view, None, UnixMillis::new(1).unwrap());
    let mut images = second_images(&disk, seed);
    images.push(("only synced and checked".to_owned(), disk.only_synced_and("checked")));
    for (label, image) in images {
        allowed_state(&image, allowed).map_err(|what| format!("a reader remembered, {label}: {what}"))?;
    }
    Ok(())
}

/// A state that differs from `seen` a little.
fn next_of(seen: &Seen) -> Trackers {
    let mut next = trackers(seen.iter().flat_map(|(_, _, list)| list.clone()));
    next.pop_last();
    let numbers = next.values().map(|tracker| tracker.number.get()).max().unwrap_or(0);
    let added = tracker(Kind::Release, numbers + 1, State::Open, "Release: next");
    next.insert(added.list_key(), added);
    next
}

/// Opens a writer and appends; gives what readers must see then.
fn append(disk: &CrashDisk, next: &Trackers) -> Result<Seen, StoreError> {
    let mut writer = writer(disk)?;
    let moment = moment(1000) + writer.view().map_or(0, |view| view.seq().0 as i64);
    let append = sync_to(&mut writer, next, moment)?;
    append.compaction_failed.map_or(Ok(()), Err)?;
    let seq = writer.view().map_or(0, |view| view.seq().0);
    Ok(Some((seq, moment, next.values().cloned().collect())))
}

fn numbered(count: u64, title: &str) -> Trackers {
    let state = |number: u64| if number.is_multiple_of(3) { State::Closed } else { State::Open };
    let of = |number| tracker(Kind::ALL[number as usize % 2], number, state(number), &format!("{title} {number}"));
    trackers((1..=count).map(of))
}

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
    let log = file("log-1-1");
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
    let mut log = disk.open_write(&file("log-1-1")).unwrap();
    log.write_at(disk.content(&file("log-1-1")).len() as u64, b"pmuF, and no more").unwrap();
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

fn pruning() -> Scenario {
    let before = [Step::Remembered(numbered(5, "a")), Step::Remembered(numbered(6, "b")), Step::Sync(numbered(6, "c"))];
    Scenario::new("pruning", &before, vec![Step::Prune, Step::Sync(numbered(5, "d"))])
}

fn explore(scenario: &Scenario) -> Explored {
    let mut explored = Explored::default();
    let result = scenario.explore(None, &mut explored, seed());
    result.unwrap_or_else(|what| panic!("{what}"));
    println!(
        "{}: {} crash images, {} more of crashes during recovery; {} without CURRENT, {} written past",
        scenario.name, explored.images, explored.second_level, explored.without_current, explored.new_segment
    );
    explored
}

#[test]
fn a_first_sync_survives_every_crash() {
    let explored = explore(&first_sync());
    assert!(explored.without_current > 0, "no image needed CURRENT recovered");
    assert!(explore(&first_sync_of_nothing()).without_current > 0);
}

#[test]
fn a_small_sync_survives_every_crash() {
    assert!(explore(&small_sync()).new_segment > 0, "no image had a torn commit to write past");
    assert!(explore(&small_sync_remembered()).new_segment > 0);
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
fn pruning_survives_every_crash() {
    explore(&pruning());
}

#[test]
fn what_a_killed_process_left_survives_every_crash() {
    explore(&behind_an_unsynced_commit());
    assert!(explore(&behind_an_unsynced_and_a_torn_commit()).new_segment > 0);
    explore(&behind_an_unsynced_first_sync());
    explore(&behind_an_unsynced_compaction());
}

#[test]
fn writing_past_a_torn_commit_survives_every_crash() {
    assert!(explore(&past_a_torn_tail()).new_segment > 0);
}

/// Which syncs of a scenario could be left out without any image showing it.
fn redundant_syncs(scenario: &Scenario) -> Vec<usize> {
    let disk = scenario.base.fork();
    disk.arm(Fault::None, None);
    run(&disk, scenario.taken, &scenario.steps).1.unwrap();
    let survives = |skip: &usize| {
        let found = scenario.explore(Some(*skip), &mut Explored::default(), SEED);
        println!("{}: sync {skip} left out: {}", scenario.name, found.as_ref().err().map_or("not found", |what| what));
        found.is_ok()
    };
    (0..disk.syncs().len()).filter(survives).collect()
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
    // The first two settle what a killed process may have left unsynced; here it left nothing.
    assert_eq!(redundant_syncs(&past_a_torn_tail()), [0, 1]);
}

#[test]
fn every_sync_of_what_a_killed_process_left_that_is_left_out_is_found() {
    // It left no names unsynced, so settling those is of no use here, as it cannot know.
    assert_eq!(redundant_syncs(&behind_an_unsynced_commit()), [1]);
    assert_eq!(redundant_syncs(&behind_an_unsynced_and_a_torn_commit()), [1]);
    assert_eq!(redundant_syncs(&behind_an_unsynced_first_sync()), [0; 0]);
    assert_eq!(redundant_syncs(&behind_an_unsynced_compaction()), [0; 0]);
}

#[test]
fn every_sync_of_a_pruning_that_is_left_out_is_found() {
    // The first two settle what nobody left unsynced, as does the last. The sync of the directory behind the new log is
    // repeated behind its index; that behind the removal of the old log saves room, not data.
    assert_eq!(redundant_syncs(&pruning()), [0, 1, 3, 8, 9]);
}

/// Every operation of every step fails, once or from then on: the writer says so and is of no more use, and the store is
/// as before the step or as behind it.
fn fail_everywhere(scenario: &Scenario, lose: bool) -> Result<usize, String> {
    let mut failures = 0;
    let base = scenario.base.fork();
    for (at, step) in scenario.steps.iter().enumerate() {
        let moment = moment(scenario.taken + at);
        let whole = base.fork();
        take(&whole, step, moment).map_err(|error| error.to_string())?;
        for fault in (0..whole.operations()).flat_map(|number| [Fault::FailOnce(number), Fault::FailFrom(number)]) {
            // On a disk that fails for good, nothing can be set down that would keep a lost frame from the next writer.
            if lose && matches!(fault, Fault::FailFrom(_)) {
                continue;
            }
            failures += 1;
            let disk = base.fork();
            if lose {
                disk.lose_on_failed_sync();
            }
            disk.arm(fault, None);
            let failed = fail(&disk, step, moment, &scenario.states[at..at + 2]);
            failed.map_err(|what| format!("{}, step {at}, {fault:?}: {what}", scenario.name))?;
        }
        take(&base, step, moment).map_err(|error| error.to_string())?;
    }
    Ok(failures)
}

fn fail(disk: &CrashDisk, step: &Step, moment: i64, states: &[Seen]) -> Result<(), String> {
    let mut allowed = states;
    if let Ok(mut writer) = writer(disk) {
        let done = match step {
            Step::Sync(target) | Step::Remembered(target) => {
                sync_to(&mut writer, target, moment).map(|append| append.compaction_failed)
            }
            Step::Fresh => writer.note_freshness(&sync(moment)).map(|()| None),
            Step::Compact => writer.compact().map(|_| None),
            Step::Prune => prune(&mut writer).map(|_| None),
        };
        let poisoned = match done {
            Ok(compaction_failed) => {
                allowed = &states[1..];
                if compaction_failed.is_some() && shown(writer.view()).ok().as_ref() != states.last() {
                    return Err("after a compaction that failed, the writer's view is not the new state".to_owned());
                }
                compaction_failed.is_some()
            }
            Err(_) => true,
        };
        if poisoned && !matches!(writer.append(&sync(moment), &[]), Err(StoreError::Poisoned { .. })) {
            return Err("the writer failed, and is not poisoned".to_owned());
        }
    } else if seen(disk)? != states[0] {
        return Err("a writer that could not be opened changed something".to_owned());
    }
    // Readers go on while writing still fails.
    allowed_state(disk, allowed)?;
    disk.arm(Fault::None, None);
    let found = allowed_state(disk, allowed)?;
    let after = append(disk, &next_of(&found)).map_err(|error| format!("the next append: {error}"))?;
    let cut = disk.only_synced();
    if seen(disk)? == after && seen(&cut)? == after { Ok(()) } else { Err("the next append was lost".to_owned()) }
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
    let all = scenarios.iter().chain(&more);
    all.map(|scenario| fail_everywhere(scenario, lose).unwrap_or_else(|what| panic!("{what}"))).sum()
}

#[test]
fn a_reader_beside_a_writer_sees_a_state_that_was_current() {
    let scenarios = [first_sync(), first_sync_of_nothing(), small_sync_remembered(), compaction(), past_a_torn_tail()];
    let more = [explicit_compaction(), freshness(), behind_an_unsynced_and_a_torn_commit(), pruning()];
    let reads: usize = scenarios.iter().chain(&more).map(read_beside).sum();
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
