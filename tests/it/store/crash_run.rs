//! Steps of writers, and what becomes of them: run to the end, stopped or failing at every operation, with the disk left in
//! every way that it may be; then again while the store recovers.

use std::collections::HashSet;
use std::path::Path;
use std::time::Duration;

use gh_pmu::format::{Source, SyncRecord};
use gh_pmu::github::{Answer, ManifestPlace, RemoteManifest};
use gh_pmu::model::{Kind, Seq, State, Tracker, UnixMillis};
use gh_pmu::store::{History, Moment, Part, Pruning, Replaced, Rewrite, StoreError, View, Writer};
use gh_pmu::sync::{Now, Outcome, Recording, Said, SyncError, Synced};

use crate::store::crash_disk::{CrashDisk, Fault};
use crate::store::fixture::{
    Seen, Trackers, observe, repo, seen, shown, store, sync, sync_to, tracker, trackers, writer,
};

/// One process that writes: what it does, after which it is gone.
#[derive(Clone)]
pub enum Step {
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
    /// Takes in trackers that GitHub gave, although the answer is older than the cache.
    Forced(Trackers),
    /// Takes in the manifest that GitHub gave, and remembers what GitHub calls it.
    Tagged(Trackers),
    /// Takes in the manifest of a remote branch, then notes the commit that the branch stands at.
    Branch(Trackers),
    /// Takes in these versions of the published history, as one commit.
    Publish(Vec<Trackers>),
    /// Puts a log of these states in place of the one that is there, with numbers of its own.
    Rebuild(Vec<Trackers>),
    /// Removes the store.
    Clear,
}

pub struct Scenario {
    pub name: &'static str,
    pub base: CrashDisk,
    /// Steps that made the base.
    taken: usize,
    steps: Vec<Step>,
    /// What readers see before the first step, and after each.
    states: Vec<Seen>,
    /// What a power cut may leave of the base before the first step is acknowledged.
    earlier: Vec<Seen>,
}

/// Has the writer act before the first read of a reader, the second, and so on, until it comes to no more reads; how
/// many those were.
fn beside(scenario: &Scenario, read_from: impl Fn(&CrashDisk, usize)) -> usize {
    for read in 0.. {
        let disk = scenario.base.fork();
        let (writing, taken, steps) = (disk.clone(), scenario.taken, scenario.steps.clone());
        disk.interrupt(read, move || run(&writing, taken, &steps).1.unwrap());
        read_from(&disk, read);
        if disk.awaits_interrupt() {
            return read;
        }
    }
    0
}

/// A reader beside the writer: whatever the writer does between two reads of the reader, it sees a state that was current
/// at some moment of its reading, and nothing is called damaged.
pub fn read_beside(scenario: &Scenario) -> usize {
    beside(scenario, |disk, read| {
        let view = store(disk).view().unwrap_or_else(|error| panic!("{}, read {read}: {error}", scenario.name));
        assert_eq!(view.iter().flat_map(View::damage).next(), None, "{}, read {read}", scenario.name);
        let found = shown(view.as_ref()).unwrap();
        assert!(scenario.states.contains(&found), "{}, read {read}", scenario.name);
    })
}

/// A reader of the whole history beside the writer: it finds a log that was current, and holds it.
pub fn read_history_beside(scenario: &Scenario) -> usize {
    beside(scenario, |disk, read| {
        let view = store(disk).view().unwrap();
        let history = view.as_ref().map(|view| store(disk).history(view));
        let history = match history.transpose() {
            // It was cleared meanwhile.
            Err(StoreError::Unstable { .. }) => None,
            history => history.unwrap_or_else(|error| panic!("{}, read {read}: {error}", scenario.name)),
        };
        let found = history.as_ref().map_or(Ok(Vec::new()), seqs_of);
        let found = found.unwrap_or_else(|error| panic!("{}, read {read}: {error}", scenario.name));
        let view = history.as_ref().map(|history| history.view());
        let (first, last) = view.map_or((1, 0), |view| (view.history_start().0, view.seq().0));
        assert!(found.iter().map(|seq| seq.0).eq(first..=last), "{}, read {read}: {found:?}", scenario.name);
        assert!(scenario.states.contains(&shown(view).unwrap()), "{}, read {read}", scenario.name);
    })
}

/// A verification beside the writer finds no damage, whenever the writer acts.
pub fn verify_beside(scenario: &Scenario) -> usize {
    beside(scenario, |disk, read| {
        let verified = store(disk).verify().unwrap_or_else(|error| panic!("{}, read {read}: {error}", scenario.name));
        let findings = verified.map_or(Vec::new(), |verified| verified.findings);
        assert!(findings.is_empty(), "{}, read {read}: {findings:?}", scenario.name);
    })
}

fn seqs_of(history: &History<'_>) -> Result<Vec<Seq>, StoreError> {
    let mut seqs = Vec::new();
    for span in 0..history.span_count() {
        seqs.extend(history.span(span)?.iter().map(|logged| logged.seq));
    }
    Ok(seqs)
}

#[derive(Default)]
pub struct Explored {
    images: usize,
    second_level: usize,
    /// Images in which `CURRENT` had to be told from the other files.
    pub without_current: usize,
    /// Images with a torn commit, over which the next append went.
    pub gone_over: usize,
    /// Images already seen, each with the states that were allowed in it.
    known: HashSet<(u64, Vec<(u64, i64)>)>,
}

pub const SEED: u64 = 0x6770_6d75;

pub fn seed() -> u64 {
    let seed = std::env::var("CRASH_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(SEED);
    println!("CRASH_SEED={seed}");
    seed
}

/// The moment of a step, later than that of every step before it.
pub fn moment(step: usize) -> i64 {
    1_000_000 + step as i64
}

/// Runs the steps, each in a writer of its own, when so many were taken before; gives how many were acknowledged.
pub fn run(disk: &CrashDisk, taken: usize, steps: &[Step]) -> (usize, Result<(), StoreError>) {
    for (at, step) in steps.iter().enumerate() {
        if let Err(error) = take(disk, step, moment(taken + at)) {
            return (at, Err(error));
        }
    }
    (steps.len(), Ok(()))
}

pub fn take(disk: &CrashDisk, step: &Step, moment: i64) -> Result<(), StoreError> {
    match step {
        Step::Clear => drop(store(disk).clear()?),
        Step::Forced(target) => {
            let answered_at = UnixMillis::new(1).unwrap();
            let trackers = target.values().cloned().collect();
            record(disk, &Said::Issues(Answer { trackers, answered_at }), moment)?;
        }
        Step::Tagged(target) => {
            let tag = Some(moment.to_string());
            record(disk, &Said::Manifest(RemoteManifest { bytes: manifest(target, moment), tag }, place()), moment)?;
        }
        _ => drop(write(&mut writer(disk)?, step, moment)?),
    }
    Ok(())
}

/// What a writer does in a step; gives why a compaction failed that was due behind it.
fn write(writer: &mut Writer<'_>, step: &Step, moment: i64) -> Result<Option<StoreError>, StoreError> {
    match step {
        Step::Sync(target) | Step::Forced(target) | Step::Tagged(target) => {
            return Ok(sync_to(writer, target, moment)?.compaction_failed);
        }
        Step::Remembered(target) => {
            let append = sync_to(writer, target, moment)?;
            writer.record_checked(None, UnixMillis::new(moment).unwrap());
            return Ok(append.compaction_failed);
        }
        Step::Branch(target) => {
            sync_to(writer, target, moment)?.compaction_failed.map_or(Ok(()), Err)?;
            let tip = SyncRecord { commit: Some(vec![7; 20]), ..sync(moment) };
            return Ok(observe(writer, target, &tip)?.compaction_failed);
        }
        Step::Fresh => {
            let seen = shown(writer.view())?;
            let same = trackers(seen.into_iter().flat_map(|(_, _, list)| list));
            return Ok(observe(writer, &same, &sync(moment))?.compaction_failed);
        }
        Step::Publish(states) => {
            let mut batch = writer.batch()?;
            for (at, state) in states.iter().enumerate() {
                let state: Vec<_> = state.values().cloned().collect();
                batch.published(&published(moment, at, states.len()), &state)?;
            }
            return Ok(batch.commit()?.compaction_failed);
        }
        Step::Compact => drop(writer.compact()?),
        Step::Prune => drop(prune(writer)?),
        Step::Rebuild(states) => writer.replace_log(rebuilt(writer, states, moment)?, Replaced::Renumbered)?,
        Step::Clear => {}
    }
    Ok(None)
}

/// A log of one commit a state, the last of which is of this moment.
fn rebuilt(writer: &Writer<'_>, states: &[Trackers], moment: i64) -> Result<Rewrite, StoreError> {
    let mut rewrite = writer.rewrite(Seq(1));
    for (at, state) in states.iter().enumerate() {
        let state: Vec<_> = state.values().cloned().collect();
        rewrite.published(&published(moment, at, states.len()), &state)?;
    }
    Ok(rewrite)
}

/// The record of one of several versions, the last of which is of this moment.
fn published(moment: i64, at: usize, count: usize) -> SyncRecord {
    let moment = moment + 1 + at as i64 - count as i64;
    let mut commit = vec![7; 20];
    commit[..8].copy_from_slice(&moment.to_le_bytes());
    SyncRecord { source: Source::Git, commit: Some(commit), ..sync(moment) }
}

/// Does all that a command does with what GitHub said.
fn record(disk: &CrashDisk, said: &Said, moment: i64) -> Result<(), StoreError> {
    let now = Now { nanos: moment * 1_000_000 };
    let recording = Recording { force: true, patience: Duration::ZERO, past: None, now };
    match gh_pmu::sync::record(disk, Path::new("/cache"), &repo(), said, recording) {
        Ok(Synced { outcome: Outcome::Changed { compaction_failed: Some(error), .. }, .. }) => Err(error),
        Ok(_) => Ok(()),
        Err(SyncError::Store(error)) => Err(error),
        Err(error) => panic!("{error}"),
    }
}

fn place() -> ManifestPlace {
    ManifestPlace { branch: None, path: ".github/pmu-cache.json".to_owned() }
}

fn manifest(target: &Trackers, moment: i64) -> Vec<u8> {
    let list = |kind| {
        let of_kind = target.values().filter(|tracker| tracker.kind == kind);
        let line = |tracker: &Tracker<'_>| {
            let created = tracker.created_at.map_or("null".to_owned(), |time| format!("\"{time}\""));
            let (number, title, state) = (tracker.number, &tracker.title, tracker.state.as_str().to_uppercase());
            format!("{{\"number\":{number},\"title\":\"{title}\",\"state\":\"{state}\",\"createdAt\":{created}}}")
        };
        of_kind.map(line).collect::<Vec<_>>().join(",")
    };
    let (time, releases) = (UnixMillis::new(moment).unwrap(), list(Kind::Release));
    let microsprints = list(Kind::Microsprint);
    format!("{{\"version\":1,\"updated_at\":\"{time}\",\"releases\":[{releases}],\"microsprints\":[{microsprints}]}}")
        .into_bytes()
}

fn prune(writer: &mut Writer<'_>) -> Result<Option<Pruning>, StoreError> {
    let half = writer.view().map_or(0, |view| view.seq().0 / 2);
    writer.prune_before(Moment::Seq(Seq(half)), false)
}

impl Scenario {
    /// A scenario that begins with the store that `before` made, all of it durable.
    pub fn new(name: &'static str, before: &[Step], steps: Vec<Step>) -> Self {
        let empty = CrashDisk::default();
        run(&empty, 0, before).1.unwrap();
        Self::on(name, empty.all_kept(), before.len(), steps)
    }

    pub fn on(name: &'static str, base: CrashDisk, taken: usize, steps: Vec<Step>) -> Self {
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

/// Bytes of a torn commit.
fn tail_len(disk: &CrashDisk) -> u64 {
    let torn = store(disk).verify().ok().flatten().map(|verified| verified.notes);
    let torn = torn.into_iter().flatten().filter(|note| note.part == Part::Tail);
    torn.map(|note| disk.content(&note.path).len() as u64 - note.offset).sum()
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
    explored.gone_over += usize::from(tail_len(image) > 0);
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

pub fn second_images(disk: &CrashDisk, seed: u64) -> Vec<(String, CrashDisk)> {
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

pub fn allowed_state(image: &CrashDisk, allowed: &[Seen]) -> Result<Seen, String> {
    let found = seen(image)?;
    let tagged = store(image).view().ok().flatten().and_then(|view| store(image).tag(&view, &place().to_string()));
    let held = found.as_ref().map_or(0, |(_, fresh, _)| *fresh);
    if tagged.is_some_and(|moment| moment.parse::<i64>().unwrap() > held) {
        return Err("a tag speaks of a manifest that is not there".to_owned());
    }
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
    images.push(("only synced and marks".to_owned(), disk.only_synced_and("marks")));
    for (label, image) in images {
        allowed_state(&image, allowed).map_err(|what| format!("a reader remembered, {label}: {what}"))?;
    }
    Ok(())
}

/// A state that differs from `seen` a little.
pub fn next_of(seen: &Seen) -> Trackers {
    let mut next = trackers(seen.iter().flat_map(|(_, _, list)| list.clone()));
    next.pop_last();
    let numbers = next.values().map(|tracker| tracker.number.get()).max().unwrap_or(0);
    let added = tracker(Kind::Release, numbers + 1, State::Open, "Release: next");
    next.insert(added.list_key(), added);
    next
}

/// Opens a writer and appends; gives what readers must see then.
pub fn append(disk: &CrashDisk, next: &Trackers) -> Result<Seen, StoreError> {
    let mut writer = writer(disk)?;
    let moment = moment(1000) + writer.view().map_or(0, |view| view.seq().0 as i64);
    let append = sync_to(&mut writer, next, moment)?;
    append.compaction_failed.map_or(Ok(()), Err)?;
    let seq = writer.view().map_or(0, |view| view.seq().0);
    Ok(Some((seq, moment, next.values().cloned().collect())))
}

pub fn numbered(count: u64, title: &str) -> Trackers {
    let state = |number: u64| if number.is_multiple_of(3) { State::Closed } else { State::Open };
    let of = |number| tracker(Kind::ALL[number as usize % 2], number, state(number), &format!("{title} {number}"));
    trackers((1..=count).map(of))
}

pub fn explore(scenario: &Scenario) -> Explored {
    let mut explored = Explored::default();
    let result = scenario.explore(None, &mut explored, seed());
    result.unwrap_or_else(|what| panic!("{what}"));
    println!(
        "{}: {} crash images, {} more of crashes during recovery; {} without CURRENT, {} gone over",
        scenario.name, explored.images, explored.second_level, explored.without_current, explored.gone_over
    );
    explored
}

/// Which syncs of a scenario could be left out without any image showing it.
pub fn redundant_syncs(scenario: &Scenario) -> Vec<usize> {
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

/// Every operation of every step fails, once or from then on: the writer says so and is of no more use, and the store is
/// as before the step or as behind it.
pub fn fail_everywhere(scenario: &Scenario, lose: bool) -> Result<usize, String> {
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
    if matches!(step, Step::Clear | Step::Forced(_) | Step::Tagged(_)) {
        // These are whole commands: what they acknowledge is there.
        if take(disk, step, moment).is_ok() {
            allowed = &states[1..];
        }
    } else if let Ok(mut writer) = writer(disk) {
        let poisoned = match write(&mut writer, step, moment) {
            Ok(compaction_failed) => {
                allowed = &states[1..];
                if compaction_failed.is_some() && shown(writer.view()).ok().as_ref() != states.last() {
                    return Err("after a compaction that failed, the writer's view is not the new state".to_owned());
                }
                compaction_failed.is_some()
            }
            Err(_) => true,
        };
        if poisoned && !matches!(writer.batch().map(drop), Err(StoreError::Poisoned { .. })) {
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
