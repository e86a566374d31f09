//! Random histories against a map and a list of events: whatever the store is asked, the model answers the same.

use std::cmp::Reverse;

use proptest::prelude::*;

use gh_pmu::format::{EventId, HistoryHash, Source, StateSum, SyncRecord};
use gh_pmu::fs::Storage;
use gh_pmu::model::{Event, Kind, Seq, State, Tracker, TrackerNumber, UnixMillis, diff};
use gh_pmu::query::{HistoryFilter, Order, changes};
use gh_pmu::store::{Counts, Moment, Store, View, Writer};

use crate::store::crash_disk::CrashDisk;
use crate::store::fixture::{Trackers, file, observe, store, sync, trackers, writer};

#[derive(Clone, Debug)]
enum Step {
    /// A sync to a state, in the writer that is open or in a new one.
    Sync(Trackers),
    Fresh,
    /// Published versions, in one commit. They may be older than what was observed.
    Publish(Vec<Trackers>, bool),
    Compact,
    /// Drops so many thousandths of the events that are left.
    Prune(u64),
    /// The next step opens a writer of its own.
    Reopen,
    /// Everything that was not synced is lost.
    PowerCut,
    /// The index is gone, and readers go on without.
    LoseIndex,
}

#[derive(Default)]
struct Model {
    exists: bool,
    trackers: Trackers,
    /// Live history; those of published versions come first.
    events: Vec<Event<'static>>,
    published: Vec<(SyncRecord, Trackers)>,
    published_events: usize,
    /// The last event of each live commit that has any.
    commits: Vec<u64>,
    /// Events that were pruned.
    pruned: u64,
    moment: i64,
    /// The moment of the last sync, and of the last published version.
    fresh: i64,
    published_at: i64,
    observed: bool,
}

fn title() -> impl Strategy<Value = String> {
    prop_oneof![
        6 => "[a-c]{0,3}",
        2 => "\\PC{0,12}",
        1 => Just(String::new()),
        1 => (4090_usize..4100).prop_map(|len| "t".repeat(len)),
        1 => (1000_usize..5000).prop_map(|len| "ü🦀".repeat(len)),
    ]
}

fn any_tracker() -> impl Strategy<Value = Tracker<'static>> {
    let time = || {
        proptest::option::of(prop_oneof![
            Just(UnixMillis::MIN),
            Just(UnixMillis::MAX),
            (-2i64..2).prop_map(UnixMillis::saturating)
        ])
    };
    let number = prop_oneof![9 => 1u64..40, 1 => Just(TrackerNumber::MAX)];
    (0usize..2, number, 0usize..2, title(), time(), time()).prop_map(
        |(kind, number, state, title, created_at, closed_at)| Tracker {
            kind: Kind::ALL[kind],
            number: TrackerNumber::new(number).unwrap(),
            state: State::ALL[state],
            title: title.into(),
            created_at,
            closed_at,
        },
    )
}

fn step() -> impl Strategy<Value = Step> {
    let state = |max| proptest::collection::vec(any_tracker(), 0..max).prop_map(trackers);
    prop_oneof![
        6 => state(12).prop_map(Step::Sync),
        2 => state(60).prop_map(Step::Sync),
        1 => Just(Step::Fresh),
        3 => (proptest::collection::vec(state(12), 1..3), any::<bool>()).prop_map(|(states, old)| Step::Publish(states, old)),
        2 => Just(Step::Compact),
        1 => (0u64..=1000).prop_map(Step::Prune),
        2 => Just(Step::Reopen),
        1 => Just(Step::PowerCut),
        1 => Just(Step::LoseIndex),
    ]
}

impl Model {
    fn counts(&self, kind: Kind) -> Counts {
        let count = |state| self.of(kind, Some(state)).count() as u64;
        Counts { open: count(State::Open), closed: count(State::Closed) }
    }

    fn of(&self, kind: Kind, state: Option<State>) -> impl Iterator<Item = &Tracker<'static>> {
        let is = move |tracker: &&Tracker<'_>| tracker.kind == kind && state.is_none_or(|state| state == tracker.state);
        self.trackers.values().filter(is)
    }

    fn last_seq(&self, kind: Kind, number: TrackerNumber) -> Option<Seq> {
        let last = self.events.iter().rposition(|event| (event.kind, event.number) == (kind, number));
        let last = last.map(|at| Seq(at as u64 + 1));
        // A base holds what stands: of trackers that were removed before it nothing is known.
        last.filter(|last| last.0 > self.pruned || self.trackers.values().any(|t| (t.kind, t.number) == (kind, number)))
    }

    /// Takes the events that lead to a state.
    fn change(&mut self, target: &Trackers) {
        let mut events = Vec::new();
        diff(self.trackers.values().cloned(), target.values(), &mut events);
        self.events.extend(events.into_iter().map(Event::into_owned));
        let last = self.events.len() as u64;
        if self.commits.last().is_none_or(|before| *before < last) && last > 0 {
            self.commits.push(last);
        }
        (self.exists, self.trackers) = (true, target.clone());
    }

    fn observe(&mut self, target: &Trackers, moment: i64) {
        self.change(target);
        (self.fresh, self.observed) = (moment, true);
    }

    /// Published versions supersede what was observed; what is newer than they are is carried over.
    fn publish(&mut self, versions: &[(SyncRecord, Trackers)]) {
        let (observed, fresh) = (self.trackers.clone(), self.fresh);
        let was_observed = std::mem::take(&mut self.observed);
        if self.published.is_empty() {
            self.pruned = 0;
        }
        self.events.truncate(self.published_events);
        self.commits.retain(|last| *last <= self.published_events as u64);
        self.trackers = self.published.last().map(|(_, trackers)| trackers.clone()).unwrap_or_default();
        for (record, target) in versions {
            self.change(target);
            self.published_at = record.updated_at.get();
        }
        self.published.extend_from_slice(versions);
        self.published_events = self.events.len();
        self.fresh = self.published_at;
        if was_observed && fresh > self.published_at {
            self.observe(&observed, fresh);
        }
    }

    fn prune(&mut self, writer: &mut Writer<'_>, thousandths: u64) {
        let end = self.events.len() as u64;
        let keep_from = self.pruned + 1 + (end - self.pruned) * thousandths / 1000;
        let pruning = writer.prune_before(Moment::Seq(Seq(keep_from)), false).unwrap();
        let goes = |last: &&u64| {
            let is_kept = !self.published.is_empty() && **last > self.published_events as u64;
            **last < keep_from && **last > self.pruned && !is_kept
        };
        let pruned = self.commits.iter().filter(goes).max().copied().unwrap_or(self.pruned);
        assert_eq!(pruning.map(|pruning| pruning.dropped), self.exists.then_some(pruned - self.pruned));
        self.pruned = pruned;
    }

    /// The trackers behind event `seq`.
    fn at(&self, seq: u64) -> Vec<Tracker<'static>> {
        let mut state = Trackers::default();
        for event in &self.events[..seq as usize] {
            let key = (event.kind, Reverse(event.number));
            if let Some(after) = event.apply(state.remove(&key).as_ref()).unwrap() {
                state.insert(key, after);
            }
        }
        state.into_values().collect()
    }

    /// History and time travel over a view, and over the log alone.
    fn check_history(&self, store: &Store<'_>, view: &View) {
        let history = store.history(view).unwrap();
        let left = |event: &(u64, &Event<'static>)| event.0 > self.pruned;
        let numbered: Vec<(u64, &Event<'static>)> = (1..).zip(&self.events).filter(left).collect();
        let asked = |filter: &HistoryFilter| -> Vec<(u64, Event<'static>)> {
            changes(&history, filter).unwrap().into_iter().map(|change| (change.seq.0, change.event)).collect()
        };
        let same = |found: Vec<(u64, Event<'static>)>, expected: Vec<&(u64, &Event<'static>)>| {
            assert!(found.iter().map(|(seq, event)| (*seq, event)).eq(expected.into_iter().copied()));
        };
        let ascending = HistoryFilter { order: Order::Ascending, ..HistoryFilter::default() };
        same(asked(&ascending), numbered.iter().collect());
        same(
            asked(&HistoryFilter { limit: Some(5), ..HistoryFilter::default() }),
            numbered.iter().rev().take(5).collect(),
        );
        let end = self.events.len() as u64;
        for seq in (self.pruned..=end).step_by(1 + (end - self.pruned) as usize / 6) {
            let since = HistoryFilter { since: Some(Moment::Seq(Seq(seq))), ..ascending.clone() };
            same(asked(&since), numbered.iter().filter(|(number, _)| *number > seq).collect());
            let past = history.state_after(Seq(seq)).unwrap();
            let trackers: Vec<_> = past.trackers().map(|item| item.unwrap().tracker.into_owned()).collect();
            assert_eq!(trackers, self.at(seq), "as of event {seq} of {end}");
            assert_eq!(past.state_hash(), state_hash(trackers.iter()));
            assert_eq!(history.last_event_at(Moment::Seq(Seq(seq))).unwrap(), Some(Seq(seq)));
        }
        if self.pruned > 0 {
            assert_eq!(history.last_event_at(Moment::Seq(Seq(self.pruned - 1))).unwrap(), None);
        }
        for number in [1, 7, 20].map(|number| TrackerNumber::new(number).unwrap()) {
            let of = HistoryFilter { number: Some(number), ..ascending.clone() };
            let is_of = |event: &Event<'_>| event.number == number && self.last_seq(event.kind, number).is_some();
            same(asked(&of), numbered.iter().filter(|(_, event)| is_of(event)).collect());
        }
    }

    fn check(&self, view: &View) {
        assert_eq!(view.seq(), Seq(self.events.len() as u64));
        assert_eq!(view.freshness().map(|fresh| fresh.synced_at.get()), Some(self.fresh));
        assert_eq!(view.updated_at().get(), self.fresh);
        assert_eq!(view.published_seq(), Seq(self.published_events as u64));
        assert_eq!(view.observed_count(), (self.events.len() - self.published_events) as u64);
        assert_eq!(view.state_hash(), state_hash(self.trackers.values()));
        for kind in Kind::ALL {
            assert_eq!(view.counts(kind), self.counts(kind));
            for state in [None, Some(State::Open), Some(State::Closed)] {
                let items: Vec<_> = view.places(kind, state).map(|place| view.item(place.unwrap()).unwrap()).collect();
                let shown: Vec<&Tracker<'_>> = items.iter().map(|item| &item.tracker).collect();
                assert_eq!(shown, self.of(kind, state).collect::<Vec<_>>());
                for item in &items {
                    assert_eq!(Some(item.last_seq), self.last_seq(kind, item.tracker.number));
                }
            }
            for number in (1..42).chain([TrackerNumber::MAX]) {
                let number = TrackerNumber::new(number).unwrap();
                assert_eq!(view.last_seq(kind, number).unwrap(), self.last_seq(kind, number), "{kind} #{number}");
            }
        }
    }
}

fn state_hash<'t>(trackers: impl Iterator<Item = &'t Tracker<'static>>) -> [u8; 32] {
    let (mut sum, mut buffer) = (StateSum::default(), Vec::new());
    trackers.for_each(|tracker| sum.add(tracker, &mut buffer));
    sum.hash()
}

/// A published version: of the moment, or older than everything observed.
fn version(moment: i64, last: i64, old: bool) -> SyncRecord {
    let moment = if old { last.max(1) } else { moment };
    let mut commit = vec![0; 20];
    commit[..8].copy_from_slice(&moment.to_le_bytes());
    SyncRecord { source: Source::Git, commit: Some(commit), ..sync(moment) }
}

/// What is the same for everybody who has the same versions.
fn same_for_all(store: &Store<'_>, view: &View) -> (HistoryHash, Vec<(Seq, EventId, bool)>) {
    let history = store.history(view).unwrap();
    let mut events = Vec::new();
    for span in 0..history.span_count() {
        let published = history.span(span).unwrap();
        let published = published.iter().filter(|logged| logged.published);
        events.extend(published.map(|logged| (logged.seq, logged.id(), logged.baseline)));
    }
    (view.history_hash(), events)
}

/// Another machine that has the versions at once, and observed nothing.
fn check_history_is_everybodys(disk: &CrashDisk, model: &Model) {
    let Some(view) = store(disk).view().unwrap().filter(|_| !model.published.is_empty() && model.pruned == 0) else {
        return;
    };
    let other = CrashDisk::default();
    let mut writer = writer(&other).unwrap();
    let mut rewrite = writer.rewrite(Seq(1));
    for (record, target) in &model.published {
        let target: Vec<_> = target.values().cloned().collect();
        rewrite.published(record, &target).unwrap();
    }
    writer.replace_log(rewrite, gh_pmu::store::Replaced::Renumbered).unwrap();
    let (ours, theirs) = (store(disk), store(&other));
    assert_eq!(same_for_all(&ours, &view), same_for_all(&theirs, &theirs.view().unwrap().unwrap()));
}

fn index_name(disk: &CrashDisk) -> Option<String> {
    disk.names().into_iter().find(|name| name.starts_with("index-"))
}

/// The index, and what folding the log alone makes of it.
fn assert_index_is_the_fold_of_the_log(disk: &CrashDisk) {
    let index = index_name(disk).unwrap();
    let copy = disk.fork();
    copy.remove(&file(&index)).unwrap();
    drop(writer(&copy).unwrap());
    let folded = index_name(&copy).unwrap();
    assert_eq!(copy.content(&file(&folded)), disk.content(&file(&index)));
}

fn publish(writer: &mut Writer<'_>, model: &mut Model, states: Vec<Trackers>, old: bool) {
    let mut versions = Vec::new();
    let mut batch = writer.batch().unwrap();
    let mut last = model.published_at;
    for state in states {
        let record = version(model.moment, last, old);
        last = record.updated_at.get();
        let list: Vec<_> = state.values().cloned().collect();
        batch.published(&record, &list).unwrap();
        versions.push((record, state));
    }
    batch.commit().unwrap();
    model.publish(&versions);
}

fn run(steps: Vec<Step>) {
    let mut disk = CrashDisk::default();
    let mut model = Model::default();
    let mut steps = steps.into_iter().peekable();
    while steps.peek().is_some() {
        let opened = disk.clone();
        let mut writer = writer(&opened).unwrap();
        for step in steps.by_ref() {
            model.moment += 1;
            match step {
                Step::Sync(target) => {
                    let append = observe(&mut writer, &target, &sync(model.moment)).unwrap();
                    assert!(append.compaction_failed.is_none());
                    model.observe(&target, model.moment);
                    assert_eq!(append.last_seq, Seq(model.events.len() as u64));
                }
                Step::Fresh => {
                    let same = model.trackers.clone();
                    observe(&mut writer, &same, &sync(model.moment)).unwrap();
                    model.observe(&same, model.moment);
                }
                Step::Publish(states, old) => publish(&mut writer, &mut model, states, old),
                Step::Compact => {
                    let done = writer.compact().unwrap();
                    assert_eq!(done.is_some(), model.exists);
                    if model.exists {
                        let tail_is_empty = writer.view().is_some_and(|view| view.tail_events() == 0);
                        assert!(tail_is_empty);
                        assert_index_is_the_fold_of_the_log(&disk);
                    }
                }
                Step::Prune(thousandths) => model.prune(&mut writer, thousandths),
                Step::Reopen => break,
                Step::PowerCut => {
                    disk = disk.only_synced();
                    break;
                }
                Step::LoseIndex => {
                    disk = disk.all_kept();
                    if let Some(index) = index_name(&disk) {
                        disk.remove(&file(&index)).unwrap();
                        model.check(&store(&disk).view().unwrap().unwrap());
                    }
                    break;
                }
            }
            assert_eq!(writer.view().is_some(), model.exists);
            if let Some(view) = writer.view() {
                model.check(view);
            }
        }
        drop(writer);
        check_readers(&disk, &model);
    }
    check_history_is_everybodys(&disk, &model);
    drop(writer(&disk).unwrap());
    if let Some(view) = check_readers(&disk, &model) {
        assert_eq!(view.damage(), []);
    }
}

fn check_readers(disk: &CrashDisk, model: &Model) -> Option<View> {
    let view = store(disk).view().unwrap();
    assert_eq!(view.is_some(), model.exists);
    model.check(view.as_ref()?);
    let without = store(disk).view_without_index().unwrap().unwrap();
    model.check(&without);
    for view in view.iter().chain([&without]) {
        assert_eq!(view.history_start(), Seq(model.pruned + 1));
        model.check_history(&store(disk), view);
    }
    let verified = store(disk).verify().unwrap().unwrap();
    let lost_index = index_name(disk).is_none();
    assert!(lost_index || verified.findings.is_empty(), "{:?}", verified.findings);
    assert!(verified.events >= model.events.len() as u64 - model.pruned);
    view
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_history_reads_as_the_model_says(steps in proptest::collection::vec(step(), 1..24)) {
        run(steps);
    }
}

#[test]
fn a_tail_larger_than_any_limit_compacts_to_the_fold_of_the_log() {
    let disk = CrashDisk::default();
    let numbered = |round: usize| {
        trackers((1..=700).map(|number| {
            crate::store::fixture::tracker(Kind::Release, number, State::Open, &format!("{round}-{number}"))
        }))
    };
    for round in 0..3 {
        let mut writer = writer(&disk).unwrap();
        crate::store::fixture::sync_to(&mut writer, &numbered(round), round as i64 + 1).unwrap();
        assert_eq!(writer.view().map(View::tail_events), Some(0));
        assert_index_is_the_fold_of_the_log(&disk);
    }
}
