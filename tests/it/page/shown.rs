//! What the page shows, whose words it escapes, and that it needs nobody for it.

use serde_json::json;

use crate::cli::lab::Lab;
use crate::page::view::{View, listed};

const RELEASE: &str = "2024-12-20T08:00:00Z";

/// A manifest of these releases, numbered from 1 on, all open.
fn titled(titles: &[&str]) -> Lab {
    let releases: Vec<_> = (1..)
        .zip(titles)
        .map(|(number, title)| json!({"number": number, "title": title, "state": "OPEN", "createdAt": RELEASE}))
        .collect();
    let manifest = json!({"version": 1, "updated_at": "2024-12-24T10:00:00Z", "repo": "o/r", "releases": releases});
    Lab::synced(&manifest.to_string())
}

#[test]
fn the_page_has_what_the_lists_have_and_needs_nobody() {
    let Some(mut view) = View::of_bundle("hash-to-curve.bundle") else { return };
    let (rows, counts) = listed(&view.lab, &[]);
    let mut shown = view.rows();
    shown.sort();
    assert_eq!((shown, view.counts()), (rows, counts));
    assert_eq!(view.text("h1"), "cfrg/draft-irtf-cfrg-hash-to-curve timeline");
    assert_eq!(view.browser.eval("document.title"), "Timeline of cfrg/draft-irtf-cfrg-hash-to-curve");
    let fresh = view.text("#fresh");
    assert!(fresh.starts_with("Manifest of ") && fresh.contains(", page of "), "{fresh}");
    assert!(view.count("#burnup canvas") == 1 && view.count("svg .bar") > 10 && view.count("svg line.today") > 10);
    // The legend tells the moment's numbers, and the chart keeps its height: what stands left of it stays as it is.
    let looks = |view: &mut View| {
        let scale =
            "(() => { const canvas = document.querySelector('#burnup canvas'), left = document.createElement('canvas');
            left.width = 40 * devicePixelRatio; left.height = canvas.height;
            left.getContext('2d').drawImage(canvas, 0, 0); return left.toDataURL(); })()";
        (view.text("#burnup .u-legend"), view.browser.eval(scale))
    };
    let (legend, scale) = looks(&mut view);
    view.slide(3);
    let (earlier, same) = looks(&mut view);
    assert!(!legend.contains("--") && !earlier.contains("--") && legend != earlier, "{legend} {earlier}");
    assert_eq!(scale, same);
    let last = view.stops().len();
    view.slide(last);
    let link = view.browser.eval("document.querySelector('td a').href");
    assert!(link.as_str().unwrap().starts_with("https://github.com/cfrg/draft-irtf-cfrg-hash-to-curve/issues/"));
    view.browser.was_quiet();
    let beside = view.html.len() - view.data_text().len();
    assert!(beside <= 250_000, "{beside} bytes beside the data");
    assert!(view.html.contains("Copyright (c) 2022 Leon Sorokin"), "the library's licence is kept");
}

#[test]
fn titles_stay_text_and_nothing_in_them_deceives() {
    let titles = [
        "Release: </script><script>alert(1)</script>",
        "Release: <img src=x onerror=alert(1)>",
        "Release: <!--<script>",
        "Release: {{data}} \u{202e}gpj.exe",
        "Release: \u{1b}[31m\"quoted\" & 'so' \u{2028}",
    ];
    let Some(mut view) = View::of(titled(&titles), &[]) else { return };
    assert!(!view.html.contains('\u{202e}') && !view.html.contains('\u{1b}'));
    let names: Vec<String> = view.rows().into_iter().map(|row| row.2).collect();
    let expected = [
        "^[[31m\"quoted\" & 'so' \\u{2028}",
        "{{data}} \\u{202e}gpj.exe",
        "<!--<script>",
        "<img src=x onerror=alert(1)>",
        "</script><script>alert(1)</script>",
    ];
    assert_eq!(names, expected);
    assert_eq!(view.count("#rows img, #rows script"), 0);
    view.browser.was_quiet();
}

#[test]
fn filters_narrow_the_whole_page() {
    let Some(mut view) = View::of_bundle("moq-transport.bundle") else { return };
    let (rows, counts) = listed(&view.lab, &[]);
    view.browser.eval("document.querySelector('input[value=microsprint]').click()");
    view.browser.settle();
    assert_eq!(view.counts(), [0, 0, counts[2], counts[3]]);
    assert_eq!(view.text("#shown"), format!("{} of {} trackers", counts[2] + counts[3], rows.len()));
    view.browser.eval("document.getElementById('words').focus()");
    view.browser.type_text("GROUP sequence");
    let mut shown = view.rows();
    shown.sort();
    let (mut found, _) = listed(&view.lab, &["--search", "GROUP sequence"]);
    found.retain(|row| row.0 == "microsprint");
    assert!(!found.is_empty());
    assert_eq!(shown, found);
    view.browser.press("Enter");
    assert_eq!(view.rows().len(), found.len(), "Enter submits nothing");
    view.browser.was_quiet();
}

#[test]
fn a_page_of_one_kind_has_no_other() {
    let Some(whole) = View::of_bundle("moq-transport.bundle") else { return };
    let Some(mut view) = View::of(whole.lab, &["--kind", "release"]) else { return };
    assert!(view.rows().iter().all(|row| row.0 == "release"));
    assert_eq!(view.counts(), listed(&view.lab, &[]).1[..2]);
    assert_eq!(view.browser.eval("document.getElementById('kinds').checkVisibility()"), false);
    view.browser.was_quiet();
}

#[test]
fn a_repository_without_trackers_has_a_page_all_the_same() {
    let Some(mut view) = View::of(titled(&[]), &[]) else { return };
    assert_eq!((view.counts(), view.rows().len()), (vec![0, 0, 0, 0], 0));
    assert_eq!(view.text("#shown"), "0 trackers");
    view.browser.was_quiet();
}

#[test]
fn five_thousand_trackers_have_rows_only_where_they_are_seen() {
    let day = |day: u64| format!("20{:02}-{:02}-{:02}T08:00:00Z", 10 + day / 336, 1 + day / 28 % 12, 1 + day % 28);
    let tracker = |number: u64| {
        let is_open = number > 4_900;
        let closed = if is_open { json!(null) } else { json!(day(number + 30)) };
        json!({"number": number, "title": format!("Release: v{number}.0"), "state": if is_open { "OPEN" } else { "CLOSED" },
               "createdAt": day(number), "closedAt": closed})
    };
    let version = |count: u64| {
        let releases: Vec<_> = (1..=count).map(tracker).collect();
        json!({"version": 1, "updated_at": day(count + 50), "repo": "o/r", "releases": releases}).to_string()
    };
    let lab = Lab::synced(&version(1_000));
    for count in [2_000, 4_000, 5_000] {
        lab.write_manifest(version(count));
        lab.run(&["cache", "sync"]).ok();
    }
    let Some(mut view) = View::of(lab, &[]) else { return };
    assert!((10..100).contains(&view.count("#rows tbody tr")));
    view.browser.eval("document.getElementById('rows').scrollTop = 3000 * 30");
    view.browser.settle();
    assert!((10..100).contains(&view.count("#rows tbody tr")));
    let seen = view.browser.eval("document.querySelector('#rows tbody tr:not(.gap)').getAttribute('aria-rowindex')");
    assert_eq!(seen, "2990", "twelve rows above the first in sight, and the header");
    view.slide(1);
    assert_eq!(view.counts(), [0, 2_000, 0, 0]);
    assert_eq!(view.rows().len(), 2_000);
    view.browser.was_quiet();
}
