//! `timeline` in the terminal and in a pipe, and where its page goes.

use serde_json::json;

use crate::cli::lab::{Lab, text};

fn lab() -> Lab {
    let release = |number: u64, title: &str, created: &str, closed: Option<&str>| {
        let state = if closed.is_some() { "CLOSED" } else { "OPEN" };
        json!({"number": number, "title": title, "state": state, "createdAt": created, "closedAt": closed})
    };
    let releases = [
        release(7, "Release: v1.1.0 (Osprey)", "2024-10-01T00:00:00Z", None),
        release(5, "Release: v1.0.0", "2024-01-01T00:00:00Z", Some("2024-07-01T00:00:00Z")),
    ];
    let sprints = [release(6, "Microsprint: map\u{202e}-tiles", "2024-06-01T00:00:00Z", Some("2024-06-08T00:00:00Z"))];
    let manifest = json!({"version": 1, "updated_at": "2024-12-24T10:00:00Z", "repo": "o/r", "releases": releases, "microsprints": sprints});
    let mut lab = Lab::synced(&manifest.to_string());
    lab.set("TZ", "UTC");
    lab
}

/// What a terminal of so many columns gets. The axis ends before the present, so the same is seen on every day.
fn shown(lab: &Lab, width: &str, args: &[&str]) -> String {
    let variables = [("GH_FORCE_TTY", width), ("NO_COLOR", "1"), ("GH_PAGER", "cat")];
    lab.run_with(&variables, &[&["timeline", "--until", "2025-01-01"], args].concat()).ok()
}

#[test]
fn bars_are_fitted_to_the_terminal() {
    let wide = "\
        RELEASES               2024       Apr         Jul         Oct\n\
        v1.1.0 (Osprey)    #7  ┊          ┊           ┊           ━━━━━━━━━━━▸\n\
        v1.0.0             #5  ━━━━━━━━━━━━━━━━━━━━━━━┊           ┊\n\
        \n\
        MICROSPRINTS           2024       Apr         Jul         Oct\n\
        map\\u{202e}-tiles  #6  ┊          ┊       ╺   ┊           ┊\n";
    let shown = shown(&lab(), "70", &[]);
    // How old the manifest is differs from day to day.
    let (first, rest) = shown.split_once("\n\nRELEASES").unwrap();
    assert!(first.starts_with("\nShowing 3 trackers in o/r, from opened to closed\n· manifest of "), "{first}");
    assert_eq!(format!("RELEASES{rest}"), wide);
}

#[test]
fn bars_give_way_before_names_are_cut_and_numbers_stay() {
    let lab = lab();
    let narrow = shown(&lab, "33", &[]);
    assert!(narrow.contains("\nv1.1.0 (Osprey)    #7  ") && narrow.contains("\nmap\\u{202e}-tiles  #6  "), "{narrow}");
    let narrower = shown(&lab, "28", &[]);
    assert!(narrower.contains("\nmap\\u{202...  #6  "), "{narrower}");
    for width in ["1", "5", "12", "20", "30", "80", "300"] {
        let shown = shown(&lab, width, &[]);
        assert!(["#7", "#5", "#6"].iter().all(|number| shown.contains(number)), "{width}: {shown}");
        let columns = width.parse::<usize>().unwrap().max(8 + 2 + 2 + 2 + 1);
        let (_, bars) = shown.split_once("\nRELEA").unwrap();
        let widest = bars.lines().skip(1).map(|line| line.chars().count()).max();
        assert!(widest <= Some(columns), "{width}: {shown}");
    }
}

#[test]
fn today_is_marked_and_open_bars_go_on_to_it() {
    let shown = lab().run_with(&[("GH_FORCE_TTY", "90"), ("NO_COLOR", "1")], &["timeline"]).ok();
    let lines: Vec<&str> = shown.lines().skip_while(|line| !line.starts_with("RELEASES")).collect();
    assert!(lines[0].ends_with(" today") && lines[1].ends_with('▸') && lines[2].ends_with('│'), "{shown}");
    let ends: Vec<usize> = lines[..3].iter().map(|line| line.trim_end().chars().count()).collect();
    assert_eq!(ends, [90, 90, 90]);
}

#[test]
fn a_pipe_gets_lines_with_tabs() {
    let lab = lab();
    let all = "release\t7\tOPEN\tRelease: v1.1.0 (Osprey)\t2024-10-01T00:00:00Z\t\n\
               release\t5\tCLOSED\tRelease: v1.0.0\t2024-01-01T00:00:00Z\t2024-07-01T00:00:00Z\n\
               microsprint\t6\tCLOSED\tMicrosprint: map\u{202e}-tiles\t2024-06-01T00:00:00Z\t2024-06-08T00:00:00Z\n";
    assert_eq!(lab.run(&["timeline"]).ok(), all);
    let numbers = |args: &[&str]| -> Vec<String> {
        let out = lab.run(&[&["timeline"], args].concat()).ok();
        out.lines().map(|line| line.split('\t').nth(1).unwrap().to_owned()).collect()
    };
    assert_eq!(numbers(&["--kind", "microsprint"]), ["6"]);
    assert_eq!(numbers(&["--since", "2024-06-30"]), ["7", "5"]);
    assert_eq!(numbers(&["--since", "2024-07-02"]), ["7"]);
    assert_eq!(numbers(&["--until", "2024-05-31"]), ["5"]);
    assert_eq!(numbers(&["--since", "@2"]), ["7"], "after the manifest of event 2");
    assert!(lab.run(&["timeline", "--since", "@4"]).fails().starts_with("the last event of o/r is 3, not 4"));
    let backwards = lab.run(&["timeline", "--since", "2024-06-30", "--until", "2024-06-01"]).fails();
    assert_eq!(backwards, "nothing lies between 2024-06-30 00:00 (--since) and 2024-06-01 00:00 (--until)\n");
    let future = lab.run(&["timeline", "--since", "9000-01-01"]).fails();
    assert_eq!(future, "nothing lies between 9000-01-01 00:00 (--since) and now\n");
}

#[test]
fn a_page_goes_into_a_file_or_to_standard_output() {
    let lab = lab();
    let piped = lab.run(&["timeline", "--output", "-"]).ok();
    lab.run(&["timeline", "--output", "page.html"]).ok();
    let written = std::fs::read_to_string(lab.checkout.join("page.html")).unwrap();
    assert!(piped.starts_with("<!doctype html>") && piped.len() == written.len(), "{piped}");
    assert!(!lab.checkout.join("-").exists());
    assert!(lab.run(&["timeline", "--output", ""]).fails().contains("expected the name of a file"));
}

#[test]
fn a_repository_without_trackers_says_so_on_a_terminal() {
    let manifest = json!({"version": 1, "updated_at": "2024-12-24T10:00:00Z", "repo": "o/r"}).to_string();
    let lab = Lab::synced(&manifest);
    assert_eq!(lab.run(&["timeline"]).ok(), "");
    let told = lab.run_with(&[("GH_FORCE_TTY", "80")], &["timeline"]);
    assert_eq!((told.code, &*told.out, &*told.err), (Some(0), "", "no trackers in o/r\n"));
    let told = lab.run_with(&[("GH_FORCE_TTY", "80")], &["timeline", "--kind", "release"]);
    assert_eq!(told.err, "no trackers match your search in o/r\n");
}

#[test]
fn the_browser_gets_a_file_that_is_the_user_s_alone() {
    use std::os::unix::fs::PermissionsExt;
    let mut lab = lab();
    let places = lab.root().join("temporary files");
    std::fs::create_dir(&places).unwrap();
    lab.set("TMPDIR", places.clone());
    let opened = lab.root().join("opened");
    let browser = format!("sh -c 'echo \"$1\" >>{}' browser", text(&opened));
    for _ in 0..2 {
        lab.run_with(&[("GH_BROWSER", &browser)], &["timeline", "--web"]).ok();
    }
    let addresses = std::fs::read_to_string(opened).unwrap();
    let files: Vec<_> = std::fs::read_dir(&places).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!((files.len(), addresses.lines().count()), (2, 2), "one file for each");
    for file in files {
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        let address = format!("file://{}", text(&file).replace(' ', "%20"));
        assert!(addresses.lines().any(|opened| opened == address), "{addresses}");
        assert!(std::fs::read_to_string(file).unwrap().ends_with("</html>\n"));
    }
}

#[test]
fn a_page_that_cannot_be_written_is_told() {
    let lab = lab();
    let failed = lab.run(&["timeline", "--output", "no/such/page.html"]).fails();
    assert_eq!(failed, "cannot write no/such/page.html: its directory does not exist\n");
    assert_eq!(lab.run(&["timeline", "--output", "."]).fails(), "cannot write .: is a directory\n");
}
