//! Random histories against a map and a list of events: whatever the store is asked, the model answers the same.

use std::cmp::Reverse;

use proptest::prelude::*;

use gh_pmu::format::StateHasher;
use gh_pmu::fs::Storage;
use gh_pmu::model::{Event, Kind, Seq, State, Tracker, TrackerNumber, UnixMillis};
use gh_pmu::query::{HistoryFilter, Order, changes};
use gh_pmu::store::{Counts, Moment, Store, View, Writer};

use crate::store::crash_disk::CrashDisk;
use crate::store::fixture::{Trackers, events_to, file, store, sync, trackers, writer};

#[derive(Clone, Debug)]
enum Step {
    /// A sync to a state, in the writer that is open or in a new one.
    Sync(Trackers),
    Fresh,
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
    events: Vec<Event<'static>>,
    /// Events that were pruned.
    pruned: u64,
    moment: i64,
    fresh: i64,
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

    fn prune(&mut self, writer: &mut Writer<'_>, thousandths: u64) {
        let end = self.events.len() as u64;
        let keep_from = self.pruned + 1 + (end - self.pruned) * thousandths / 1000;
        let pruning = writer.prune_before(Moment::Seq(Seq(keep_from)), false).unwrap();
        assert_eq!(pruning.map(|pruning| pruning.dropped), self.exists.then_some(keep_from - 1 - self.pruned));
        self.pruned = if self.exists { keep_from - 1 } else { 0 };
    }

    /// The trackers behind event `seq`.
    fn at(&self, seq: u64) -> Vec<Tracker<'static>> {
        let mut state = Trackers::default();
        for event in &self.events[..seq as usize] {
            let key = (event.kind, Reverse(event.number));
            if let Some(after) = event.apply(state.remove(&key)).unwrap() {
                state.insert(key, after);
            }
        }
        state.into_values().collect()
    }

    /// History and time travel over a view, and over the log alone.
    fn check_history(&self, store: &Store<'_>, view: &View) {
        let history = store.history(view);
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
            let past = history.state_behind(Seq(seq)).unwrap();
            let trackers: Vec<_> = past.trackers().map(|item| item.unwrap().tracker.into_owned()).collect();
            assert_eq!(trackers, self.at(seq), "as of event {seq} of {end}");
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

    fn state_hash(&self) -> [u8; 32] {
        let mut hasher = StateHasher::default();
        self.trackers.values().for_each(|tracker| hasher.add(tracker));
        hasher.finish()
    }

    fn check(&self, view: &View) {
        assert_eq!(view.seq(), Seq(self.events.len() as u64));
        assert_eq!(view.freshness().map(|fresh| fresh.synced_at.get()), Some(self.fresh));
        assert_eq!(view.changed_at().get(), self.fresh);
        assert_eq!(view.state_hash().unwrap(), self.state_hash());
        for kind in Kind::ALL {
            assert_eq!(view.counts(kind), self.counts(kind));
            for state in [None, Some(State::Open), Some(State::Closed)] {
                let items: Vec<_> = view.places(kind, state).map(|place| view.item(place.unwrap()).unwrap()).collect();
                let shown: Vec<&Tracker<'_>> = items.iter().map(|item| &item.tracker).collect();
                assert_eq!(shown, self.of(kind, state).collect::<Vec<_>>());
                for item in &items {
                    assert_eq!(Some(item.last_seq), self.last_seq(kind, item.tracker.number));
                    assert_eq!(item.plain, item.tracker.title.bytes().all(|byte| (0x20..0x7F).contains(&byte)));
                }
            }
            for number in (1..42).chain([TrackerNumber::MAX]) {
                let number = TrackerNumber::new(number).unwrap();
                assert_eq!(view.last_seq(kind, number).unwrap(), self.last_seq(kind, number), "{kind} #{number}");
            }
        }
    }
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
                    let mut events = events_to(writer.view(), &target).unwrap();
                    let append = writer.append(&sync(model.moment), &events).unwrap();
                    assert!(append.compaction_failed.is_none());
                    assert_eq!(append.first_seq, Seq(model.events.len() as u64 + 1));
                    model.events.append(&mut events);
                    assert_eq!(append.last_seq, Seq(model.events.len() as u64));
                    (model.exists, model.trackers, model.fresh) = (true, target, model.moment);
                }
                Step::Fresh => {
                    writer.note_freshness(&sync(model.moment)).unwrap();
                    if model.exists {
                        model.fresh = model.moment;
                    }
                }
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
    assert_eq!(verified.events, model.events.len() as u64 - model.pruned);
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
