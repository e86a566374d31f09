//! A page of some lab's trackers, open in a browser, and what can be seen on it.

use std::path::Path;

use serde_json::{Value, json};

use crate::cli::lab::{Lab, text};
use crate::page::browser::Browser;

pub struct View {
    pub lab: Lab,
    pub browser: Browser,
    /// The page as it was written.
    pub html: String,
}

/// What stands in a row: kind, number, name, state.
pub type Row = (String, u64, String, String);

impl View {
    /// The page of what is cached in the lab.
    pub fn of(lab: Lab, args: &[&str]) -> Option<Self> {
        let mut browser = Browser::start()?;
        let path = lab.root().join("page of it.html");
        let written = lab.run(&[&["timeline", "--output", text(&path)], args].concat());
        assert!(written.ok().starts_with("wrote the timeline of "));
        let html = std::fs::read_to_string(&path).unwrap();
        browser.open(&format!("file://{}", text(&path).replace(' ', "%20")));
        Some(Self { lab, browser, html })
    }

    /// One of the two real histories, as a fresh clone's first sync takes it in.
    pub fn of_bundle(name: &str) -> Option<Self> {
        let lab = Lab::without_git();
        let bundle = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name);
        lab.git(&["clone", "-q", text(&bundle), "."]);
        assert_eq!(lab.run(&["cache", "rebuild"]).code, Some(0));
        Self::of(lab, &[])
    }

    /// The data in the page.
    pub fn data(&self) -> Value {
        serde_json::from_str(self.data_text()).unwrap()
    }

    pub fn data_text(&self) -> &str {
        let (_, rest) = self.html.split_once("id=\"data\">").unwrap();
        rest.split_once("</script>").unwrap().0
    }

    /// How many events have happened at each stop of the slider, but for the last one, which is the present.
    pub fn stops(&self) -> Vec<usize> {
        let data = self.data();
        let events = data["events"].as_array().unwrap();
        let ends = (1..=events.len()).filter(|end| *end == events.len() || events[*end][0] != events[end - 1][0]);
        ends.collect()
    }

    /// Moves the slider to one of its stops.
    pub fn slide(&mut self, stop: usize) {
        let set = "const slider = document.getElementById('moment'); slider.value = STOP; \
                   slider.dispatchEvent(new Event('input')); Number(slider.value)";
        let reached = self.browser.eval(&format!("{{ {} }}", set.replace("STOP", &stop.to_string())));
        assert_eq!(reached, json!(stop));
        self.browser.settle();
    }

    /// The text of an element.
    pub fn text(&mut self, selector: &str) -> String {
        let text = self.browser.eval(&format!("document.querySelector({}).textContent", json!(selector)));
        text.as_str().unwrap().to_owned()
    }

    /// How many elements there are.
    pub fn count(&mut self, selector: &str) -> u64 {
        self.browser.eval(&format!("document.querySelectorAll({}).length", json!(selector))).as_u64().unwrap()
    }

    /// Every row, also those out of sight: on paper all of them are there.
    pub fn rows(&mut self) -> Vec<Row> {
        let read = "dispatchEvent(new Event('beforeprint')); \
             const rows = [...document.querySelectorAll('#rows tbody tr:not(.gap)')].map(row => [row.className.split(' ')[0], \
               Number(row.querySelector('a').textContent.slice(1)), row.querySelector('th').textContent, \
               row.querySelector('.state').textContent]); \
             dispatchEvent(new Event('afterprint'));";
        let rows = self.browser.eval(&format!("(() => {{ {read} return rows; }})()"));
        serde_json::from_value(rows).unwrap()
    }

    /// The four numbers at the top: open and closed releases, open and closed microsprints.
    pub fn counts(&mut self) -> Vec<u64> {
        let counts = self.browser.eval(
            "[...document.querySelectorAll('#counts dd')].map(count => Number(count.textContent.replaceAll(',', '')))",
        );
        serde_json::from_value(counts).unwrap()
    }
}

/// What the lists have, in the words of the page, and the four numbers; `args` may name a moment.
pub fn listed(lab: &Lab, args: &[&str]) -> (Vec<Row>, Vec<u64>) {
    let (mut rows, mut counts) = (Vec::new(), Vec::new());
    for kind in ["release", "microsprint"] {
        let list = lab.json(&[&[kind, "list", "--json", "number,name,state"], args].concat());
        let list = list.as_array().unwrap();
        for state in ["OPEN", "CLOSED"] {
            counts.push(list.iter().filter(|tracker| tracker["state"] == state).count() as u64);
        }
        rows.extend(list.iter().map(|tracker| {
            let word = |field: &str| tracker[field].as_str().unwrap().to_owned();
            // A line has no two spaces in a row.
            let name = word("name").split_ascii_whitespace().collect::<Vec<_>>().join(" ");
            (kind.to_owned(), tracker["number"].as_u64().unwrap(), name, word("state").to_lowercase())
        }));
    }
    rows.sort();
    (rows, counts)
}
