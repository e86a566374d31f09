//! The slider takes rows, bars and counts back in time: to what `--as-of` answers.

use crate::page::view::{View, listed};

/// Compares some stops of the slider with the lists of that moment.
#[track_caller]
fn assert_past(bundle: &str) {
    let Some(mut view) = View::of_bundle(bundle) else { return };
    let stops = view.stops();
    assert!(stops.len() > 5, "{stops:?}");
    let last = view.browser.eval("Number(document.getElementById('moment').max)");
    assert_eq!(last, stops.len(), "a stop for each version that changed something, and the present");
    let some = (0..stops.len()).step_by(stops.len() / 5).chain([stops.len() - 1, 0]);
    for stop in some {
        view.slide(stop);
        let (rows, counts) = listed(&view.lab, &["--as-of", &format!("@{}", stops[stop])]);
        let mut shown = view.rows();
        shown.sort();
        assert_eq!(shown, rows, "at stop {stop}");
        assert_eq!(view.counts(), counts, "at stop {stop}");
    }
    view.browser.was_quiet();
}

#[test]
fn every_stop_of_the_slider_is_the_list_as_it_was_moq_transport() {
    assert_past("moq-transport.bundle");
}

#[test]
fn every_stop_of_the_slider_is_the_list_as_it_was_hash_to_curve() {
    assert_past("hash-to-curve.bundle");
}

#[test]
fn a_bar_ends_where_the_slider_stands_and_has_a_gap_where_it_was_closed() {
    let Some(mut view) = View::of_bundle("moq-transport.bundle") else { return };
    let data = view.data();
    let events = data["events"].as_array().unwrap();
    let reopened = events.iter().rposition(|event| event[3] == "reopened").unwrap();
    let number = events[reopened][2].as_u64().unwrap();
    let stop = view.stops().iter().position(|end| *end > reopened).unwrap();
    let parts = format!(
        "(() => {{ dispatchEvent(new Event('beforeprint')); \
           const row = [...document.querySelectorAll('#rows tbody tr')].find(row => row.querySelector('a').textContent === '#{number}'); \
           const parts = row.querySelectorAll('.bar.open, .bar.closed').length; \
           const text = row.querySelector('svg').getAttribute('aria-label'); \
           dispatchEvent(new Event('afterprint')); return [parts, text]; }})()"
    );
    view.slide(stop);
    let (after, text) = serde_json::from_value::<(u64, String)>(view.browser.eval(&parts)).unwrap();
    assert!(after == 2 && text.ends_with(", reopened once"), "{after} {text}");
    view.slide(stop - 1);
    let (before, text) = serde_json::from_value::<(u64, String)>(view.browser.eval(&parts)).unwrap();
    assert!(before == 1 && text.contains(": open from "), "{before} {text}");
}

#[test]
fn the_slider_says_what_changed_and_moves_by_keys() {
    let Some(mut view) = View::of_bundle("moq-transport.bundle") else { return };
    let said = |view: &mut View| {
        let said = view.browser.eval("document.getElementById('moment').getAttribute('aria-valuetext')");
        said.as_str().unwrap().to_owned()
    };
    assert!(said(&mut view).ends_with(": 721 changes on this page"), "{}", said(&mut view));
    // The repository's link, the button for one change earlier, the slider.
    for _ in 0..3 {
        view.browser.press("Tab");
    }
    assert_eq!(view.browser.eval("document.activeElement.id"), "moment");
    view.browser.press("ArrowLeft");
    let present = view.counts();
    view.browser.press("ArrowLeft");
    assert_ne!(view.counts(), present);
    view.browser.press("Home");
    let first = said(&mut view);
    assert!(first.contains(" added"), "{first}");
    assert_eq!(view.text("#when"), first.split_once(": ").unwrap().0);
    view.browser.press("PageUp");
    view.browser.press("End");
    assert!(said(&mut view).starts_with("now, "));
    assert_eq!(view.counts(), present);
    view.browser.was_quiet();
}

#[test]
fn a_page_that_begins_later_goes_back_no_further() {
    let Some(whole) = View::of_bundle("moq-transport.bundle") else { return };
    let all = whole.stops();
    let from = all[all.len() / 2];
    let since = format!("@{from}");
    let Some(mut view) = View::of(whole.lab, &["--since", &since]) else { return };
    assert_eq!(view.data()["events"].as_array().unwrap().len(), 721 - from);
    view.slide(0);
    assert_eq!(view.text("#what"), "before the first change on this page");
    let (_, counts) = listed(&view.lab, &["--as-of", &since]);
    // What had been closed by then is off the axis.
    assert_eq!((view.counts()[0], view.counts()[2]), (counts[0], counts[2]));
    view.browser.was_quiet();
    // Where the log itself begins later, that is said.
    view.lab.run(&["cache", "compact", "--prune-before", &since]).ok();
    let Some(mut view) = View::of(view.lab, &[]) else { return };
    view.slide(0);
    assert_eq!(view.text("#what"), "what changed before was pruned or lost");
    view.browser.was_quiet();
}
