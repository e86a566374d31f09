//! How the page looks: in the dark, on paper, on a narrow screen; and how it sounds.

use crate::page::view::View;

#[test]
fn a_screen_reader_is_told_names_and_places() {
    let Some(mut view) = View::of_bundle("moq-transport.bundle") else { return };
    let spoken = view.browser.spoken();
    let has = |role: &str, name: &str| spoken.iter().any(|(is, called)| is == role && called.starts_with(name));
    for (role, name) in [
        ("heading", "moq-wg/moq-transport timeline"),
        ("region", "Point in time"),
        ("slider", "As of"),
        ("button", "Earlier change"),
        ("button", "Later change"),
        ("image", "Burn-up as of "),
        ("searchbox", "Words in the title"),
        ("radio", "Releases"),
        ("table", "Each tracker with a bar"),
        ("columnheader", "Opened"),
        ("rowheader", "Fix a typo"),
        ("link", "#523"),
        ("image", "microsprint Fix a typo: open since 11 Sep 2024, for "),
    ] {
        assert!(has(role, name), "no {role} {name:?} in {spoken:?}");
    }
    let nameless = spoken.iter().find(|(role, name)| {
        name.is_empty() && ["button", "slider", "link", "searchbox", "radio", "image", "table"].contains(&role.as_str())
    });
    assert_eq!(nameless, None);
    assert_eq!(view.browser.eval("document.querySelector('#rows table').getAttribute('aria-rowcount')"), "519");
}

#[test]
fn a_dark_system_has_a_dark_page_and_light_paper() {
    let Some(mut view) = View::of_bundle("hash-to-curve.bundle") else { return };
    let background = "getComputedStyle(document.body).backgroundColor";
    view.browser.prefer("light");
    assert_eq!(view.browser.eval(background), "rgb(255, 255, 255)");
    view.browser.prefer("dark");
    view.browser.settle();
    assert_eq!(view.browser.eval(background), "rgb(13, 17, 23)");
    view.browser.eval("dispatchEvent(new Event('beforeprint'))");
    assert_eq!(view.browser.eval(background), "rgb(255, 255, 255)");
    view.browser.eval("dispatchEvent(new Event('afterprint'))");
    assert_eq!(view.browser.eval(background), "rgb(13, 17, 23)");
    view.browser.was_quiet();
}

#[test]
fn paper_has_every_row_and_the_screen_only_some_again() {
    let Some(mut view) = View::of_bundle("hash-to-curve.bundle") else { return };
    let most = "let most = 0; addEventListener('beforeprint', () => { most = document.querySelectorAll('#rows tbody tr').length })";
    view.browser.eval(most);
    // As base64, a picture of one page is far below this.
    assert!(view.browser.print().len() > 100_000);
    assert_eq!(view.browser.eval("most"), 352);
    view.browser.settle();
    assert!(view.count("#rows tbody tr") < 100);
    view.browser.was_quiet();
}

#[test]
fn nothing_sticks_out_of_any_width() {
    let Some(mut view) = View::of_bundle("moq-transport.bundle") else { return };
    for width in [320, 390, 600, 900, 1200, 1900] {
        view.browser.resize(width, 800);
        view.browser.settle();
        view.browser.settle();
        let wide = view.browser.eval("document.documentElement.scrollWidth - document.documentElement.clientWidth");
        assert_eq!(wide, 0, "at {width}");
        let fits = view.browser.eval(
            "(() => { const head = document.querySelector('th.bar'); const box = head.getBoundingClientRect(); \
               const bars = [...document.querySelectorAll('td.bar svg')].map(bar => bar.getBoundingClientRect()); \
               return bars.length > 5 && bars.every(bar => bar.width > 60 && bar.left >= box.left && bar.right <= box.right + 1); })()",
        );
        assert_eq!(fits, true, "at {width}");
    }
    view.browser.was_quiet();
}
