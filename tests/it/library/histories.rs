use std::collections::BTreeMap;

use gh_pmu::model::{Kind, Seq};
use gh_pmu::query::{Filter, HistoryFilter, Order, Use, changes, select};
use gh_pmu::store::{Moment, PATIENCE, Store, View};
use gh_pmu::sync::Outcome;

use crate::library::replay::{Replay, Version, diffs, sync_now};

const MOQ: &str = "moq-transport.bundle";
const HASH: &str = "hash-to-curve.bundle";

fn assert_state(view: &View, version: &Version) {
    let trackers: Vec<_> = view.trackers().map(|item| item.unwrap().tracker.into_owned()).collect();
    assert_eq!(trackers, version.trackers, "at {}", version.updated_at);
}

fn view(store: &Store<'_>) -> View {
    let view = store.view().unwrap().unwrap();
    assert!(view.damage().is_empty(), "{:?}", view.damage());
    view
}

fn replay(bundle: &str) -> (Replay, BTreeMap<&'static str, u64>) {
    let mut totals = BTreeMap::new();
    let replay = Replay::of(bundle, |version, store, outcome| {
        let view = view(store);
        assert_state(&view, version);
        assert_state(&store.view_without_index().unwrap().unwrap(), version);
        if let Outcome::Changed { counts, .. } = outcome {
            counts.iter().for_each(|(word, count)| *totals.entry(*word).or_default() += count);
        }
    });
    (replay, totals)
}

#[test]
fn moq_transport_replays_to_the_changes_that_it_is_known_for() {
    let (replay, totals) = replay(MOQ);
    let expected = [("added", 523), ("closed", 172), ("removed", 5), ("reopened", 2), ("retitled", 19)];
    assert_eq!(totals, BTreeMap::from(expected));
    let changed = replay.outcomes.iter().filter(|outcome| matches!(outcome, Outcome::Changed { .. })).count();
    let fresher = replay.outcomes.iter().filter(|outcome| matches!(outcome, Outcome::Fresher)).count();
    assert_eq!(changed + fresher, 140);
    let view = view(&replay.store());
    assert_eq!(view.seq(), Seq(721));
    let source = (replay.repo.clone(), view);
    for (kind, count) in [(Kind::Release, 287), (Kind::Microsprint, 231)] {
        assert_eq!(select(&source, &Filter::all(kind), Use::Stream).unwrap().total(), count);
    }
}

#[test]
fn hash_to_curve_replays_to_the_changes_that_it_is_known_for() {
    let (_, totals) = replay(HASH);
    assert_eq!(totals, BTreeMap::from([("added", 352), ("closed", 1)]));
}

#[test]
fn versions_that_differ_in_their_time_alone_append_nothing() {
    let mut last = 0;
    let replay = Replay::of(HASH, |version, store, outcome| {
        let (log_bytes, _) = view(store).byte_lens();
        match outcome {
            Outcome::Changed { .. } => assert!(log_bytes > last),
            // That it was looked at is remembered in few bytes.
            Outcome::Fresher => assert!(log_bytes > last && log_bytes < last + 1024),
            outcome => panic!("{outcome:?}"),
        }
        assert_eq!(view(store).freshness().unwrap().changed_at, version.updated_at);
        last = log_bytes;
    });
    assert!(replay.outcomes.iter().filter(|outcome| matches!(outcome, Outcome::Fresher)).count() > 10);
}

#[test]
fn an_older_manifest_changes_nothing_until_it_is_forced() {
    let (replay, _) = replay(MOQ);
    let (store, last) = (replay.store(), replay.versions.last().unwrap());
    for version in replay.versions.iter().rev().step_by(17).skip(1) {
        std::fs::write(&replay.manifest, &version.bytes).unwrap();
        let (_, outcome) = sync_now(&replay.cache, &replay.manifest, false);
        assert!(matches!(outcome, Outcome::Older { .. }), "{outcome:?}");
        assert_state(&view(&store), last);
        assert_eq!(view(&store).seq(), Seq(721));
        let (_, again) = sync_now(&replay.cache, &replay.manifest, false);
        assert!(matches!(again, Outcome::Older { .. } | Outcome::Unchanged), "{again:?}");
    }
    let (_, outcome) = sync_now(&replay.cache, &replay.manifest, true);
    assert!(matches!(outcome, Outcome::Changed { .. }), "{outcome:?}");
    let forced = view(&store);
    assert!(forced.changed_at() > last.updated_at);
    assert_state(&forced, &replay.versions[(replay.versions.len() - 1) % 17]);
}

fn assert_history(replay: &Replay) {
    let store = replay.store();
    for (view, way) in [(view(&store), "index and tail"), (store.view_without_index().unwrap().unwrap(), "log alone")] {
        let history = store.history(&view).unwrap();
        for version in &replay.versions {
            let seq = history.last_event_at(Moment::Time(version.updated_at)).unwrap().unwrap();
            assert_state(&history.state_after(seq).unwrap(), version);
        }
        let before_all = replay.versions[0].updated_at.get() - 1;
        let before_all = gh_pmu::model::UnixMillis::new(before_all).unwrap();
        assert_eq!(history.last_event_at(Moment::Time(before_all)).unwrap(), None, "{way}");
        let count = replay.versions.len();
        for (i, j) in (0..count).step_by(9).flat_map(|i| (i..count).step_by(13).map(move |j| (i, j))) {
            let filter = HistoryFilter {
                since: Some(Moment::Time(replay.versions[i].updated_at)),
                until: Some(Moment::Time(replay.versions[j].updated_at)),
                order: Order::Ascending,
                ..HistoryFilter::default()
            };
            let found = changes(&history, &filter).unwrap();
            let events: Vec<_> = found.iter().map(|change| change.event.clone()).collect();
            assert_eq!(events, diffs(&replay.versions[i..=j]), "versions {i} to {j}, {way}");
            let newest_first = changes(&history, &HistoryFilter { order: Order::Descending, ..filter }).unwrap();
            assert!(newest_first.iter().rev().map(|change| change.seq).eq(found.iter().map(|change| change.seq)));
        }
    }
}

#[test]
fn every_version_is_found_again_as_of_its_time_and_every_interval_gives_its_changes() {
    let (replay, _) = replay(MOQ);
    assert_history(&replay);
    let mut writer = replay.store().writer(&replay.repo, PATIENCE).unwrap();
    writer.compact().unwrap();
    drop(writer);
    assert_history(&replay);
    assert_history(&Replay::of(HASH, |_, _, _| {}));
}

#[test]
fn the_history_of_one_number_is_all_of_its_events_and_no_others() {
    let (replay, _) = replay(MOQ);
    let view = view(&replay.store());
    let store = replay.store();
    let history = store.history(&view).unwrap();
    let all = changes(&history, &HistoryFilter { order: Order::Ascending, ..HistoryFilter::default() }).unwrap();
    assert!(all.iter().map(|change| change.seq.0).eq(1..=721));
    let mut seen = 0;
    for number in (1..700).filter_map(gh_pmu::model::TrackerNumber::new) {
        let filter = HistoryFilter { number: Some(number), order: Order::Ascending, ..HistoryFilter::default() };
        let found: Vec<_> = changes(&history, &filter).unwrap().iter().map(|change| change.seq).collect();
        let expected: Vec<_> =
            all.iter().filter(|change| change.event.number == number).map(|change| change.seq).collect();
        assert_eq!(found, expected, "#{number}");
        seen += found.len();
    }
    assert_eq!(seen, 721);
}
