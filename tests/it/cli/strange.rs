//! Strange but legal manifests.

use serde_json::{Value, json};

use crate::cli::lab::{Lab, columns, numbers};
use crate::cli::manifests::{manifest, many, many_listed, open, small, small_at, tracker};

fn release_list(lab: &Lab, args: &[&str]) -> String {
    lab.run(&[&["release", "list"], args].concat()).ok()
}

/// Titles that a terminal, a line or a table could stumble over.
fn titles() -> Vec<String> {
    let titles = [
        "tab\there",
        "line\nbreak",
        "windows\r\nline break",
        "\u{1b}[31mred\u{1b}[0m",
        "\u{1b}]0;window title\u{7}",
        "\u{9b}31mC1 red",
        "\u{202e}desrever\u{202c}",
        "\u{2066}isolated\u{2069} \u{200b}zero\u{feff}width",
        "nul \0 in the middle",
        "back\u{8}space and \u{7f}",
        "🚀 emoji 👩\u{200d}💻 ❤\u{fe0f}",
        "日本語のタイトル",
        "  spaces   everywhere  ",
        "quotes \" and \\ and <b>&amp;</b>",
        "\u{2028}line separator",
        "",
        "Release: ",
        "Release: v1.0.0 (\u{202e})",
        "Release: \u{1b}[2Jv1.0.0",
    ];
    let mut titles: Vec<String> = titles.iter().map(|title| (*title).to_owned()).collect();
    titles.push("x".repeat(64 << 10));
    titles.push("🚀\t".repeat(8 << 10));
    titles
}

fn titled() -> Lab {
    let trackers: Vec<Value> = (1..).zip(titles()).map(|(number, title)| open(number, &title)).collect();
    let lab = Lab::new();
    lab.write_manifest(manifest(10, &json!(trackers), &json!(trackers)));
    lab
}

/// A title as gh shows it in a pipe: control characters, but for those that JSON has letters for, in caret notation.
fn as_gh_has_it(title: &str) -> String {
    let shown = |c: char| match c {
        '\t' | '\n' | '\r' => c.to_string(),
        '\0'..='\x1f' => format!("^{}", (c as u8 + b'@') as char),
        _ => c.to_string(),
    };
    title.chars().map(shown).collect()
}

#[test]
fn json_gives_every_title_back_as_gh_does() {
    let lab = titled();
    for kind in ["release", "microsprint"] {
        let listed = lab.json(&[kind, "list", "--order", "asc", "--json", "title"]);
        let listed: Vec<_> = listed.as_array().unwrap().iter().map(|row| row["title"].as_str().unwrap()).collect();
        assert!(listed.into_iter().eq(titles().iter().map(|title| as_gh_has_it(title))));
    }
    // The first events stand in the order of lists: the newest number first.
    let events = lab.json(&["cache", "history", "--kind", "release", "--json", "title,after"]);
    let events: Vec<_> = events.as_array().unwrap().iter().collect();
    assert!(events.iter().all(|event| event["title"] == event["after"]["title"]));
    let events = events.iter().map(|event| event["title"].as_str().unwrap());
    assert!(events.eq(titles().iter().map(|title| as_gh_has_it(title))));
    // What is exported is data.
    let exported = lab.run(&["cache", "export", "--format", "ndjson"]).ok();
    let rows = exported.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let of_releases = rows.filter(|row| row["kind"] == "release");
    let mut exported: Vec<_> = of_releases.map(|row| row["title"].as_str().unwrap().to_owned()).collect();
    let mut expected = titles();
    exported.sort_unstable();
    expected.sort_unstable();
    assert!(exported == expected);
}

#[test]
fn tab_separated_lines_have_five_columns_whatever_the_titles_hold() {
    let lab = titled();
    for args in [&[][..], &["--sort", "title"], &["--state", "open"], &["--search", "e"]] {
        let out = release_list(&lab, args);
        assert!(!out.contains('\r'));
        assert!(columns(&out).iter().all(|line| line.len() == 5 && line[1] == "OPEN"), "{args:?}");
    }
    let out = release_list(&lab, &["--order", "asc"]);
    assert!(numbers(&out).into_iter().eq(1..=titles().len() as u64));
    let shown = titles().into_iter().map(|title| as_gh_has_it(&title.replace(['\t', '\n', '\r'], " ")));
    assert!(columns(&out).iter().map(|line| line[2].to_owned()).eq(shown));
    let all = lab.run(&["release", "list", "--all-repos"]).ok();
    assert!(columns(&all).iter().all(|line| line.len() == 6));
    let history = lab.run(&["cache", "history"]).ok();
    assert!(columns(&history).iter().all(|line| line.len() == 6));
    assert_eq!(history.lines().count(), 2 * titles().len());
}

#[test]
fn a_terminal_never_gets_what_a_title_could_do_to_it() {
    let lab = titled();
    let commands: [&[&str]; 8] = [
        &["release", "list"],
        &["microsprint", "list"],
        &["release", "list", "--all-repos"],
        &["release", "list", "--json", "title,name,codename"],
        &["release", "list", "--json", "title", "-q", ".[].title"],
        &["release", "list", "--json", "title", "-q", "."],
        &["cache", "history"],
        &["cache", "history", "--json", "title,after"],
    ];
    for args in commands {
        for width in ["80", "40", "1"] {
            let plain = lab.run_with(&[("GH_FORCE_TTY", width), ("NO_COLOR", "1")], args).ok();
            assert_harmless(&plain, args);
        }
        let colored = lab.run_with(&[("GH_FORCE_TTY", "80")], args).ok();
        assert_harmless(&without_own_colors(&colored), args);
    }
}

fn assert_harmless(shown: &str, args: &[&str]) {
    let harmful = |c: char| {
        (c.is_control() && c != '\n')
            || "\u{200b}\u{202a}\u{202b}\u{202c}\u{202d}\u{202e}\u{2066}\u{2067}\u{2068}\u{2069}\u{2028}\u{feff}"
                .contains(c)
    };
    // jq's raw text may have tabs, as gh's has.
    let found = shown.chars().find(|c| harmful(*c) && !(*c == '\t' && args.contains(&".[].title")));
    assert_eq!(found, None, "{args:?}");
}

/// Without `ESC [ digits ; digits m`, the only sequence that the program itself writes.
fn without_own_colors(text: &str) -> String {
    let mut parts = text.split("\u{1b}[");
    let mut rest = parts.next().unwrap().to_owned();
    for part in parts {
        let end = part.find(|c: char| !c.is_ascii_digit() && c != ';').unwrap();
        assert_eq!(&part[end..=end], "m", "{part:?}");
        rest.push_str(&part[end + 1..]);
    }
    rest
}

#[test]
fn a_title_of_64_kib_is_searched_sorted_and_retitled() {
    let lab = titled();
    let long = "x".repeat(64 << 10);
    assert_eq!(numbers(&release_list(&lab, &["--search", &"X".repeat(10_000)])), [20]);
    assert_eq!(numbers(&release_list(&lab, &["--sort", "title", "-L", "2"])), [11, 21]);
    lab.write_manifest(manifest(11, &json!([open(20, &long.replace('x', "y"))]), &json!([])));
    assert_eq!(release_list(&lab, &[]), format!("20\tOPEN\t{}\t\t\n", "y".repeat(64 << 10)));
    assert!(lab.run(&["cache", "verify"]).ok().contains(" events verify"));
}

#[test]
fn empty_lists_are_a_state_like_others() {
    let lab = Lab::new();
    lab.write_manifest(manifest(10, &json!([]), &json!([])));
    assert_eq!(release_list(&lab, &[]), "");
    assert_eq!(release_list(&lab, &["--json", "number"]), "[]\n");
    assert_eq!(lab.run(&["cache", "history"]).ok(), "");
    let status = lab.status();
    assert_eq!((&status["seq"], &status["stale"]), (&json!(0), &json!(false)));
    assert_eq!(status["manifestUpdatedAt"], "2025-06-12T10:00:00Z");
    assert!(lab.run(&["cache", "verify"]).ok().contains("0 events verify"));
    assert_eq!(lab.run(&["cache", "status", "--check"]).code, Some(0));
    lab.write_manifest(small_at(11));
    assert_eq!(release_list(&lab, &[]).lines().count(), 3);
    lab.write_manifest(manifest(12, &json!([]), &json!([])));
    assert_eq!(release_list(&lab, &[]), "");
    assert_eq!(
        lab.json(&["cache", "history", "--json", "event", "-q", "map(.event) | group_by(.) | map(length)"]),
        json!([5, 5])
    );
    lab.run(&["cache", "compact"]).ok();
    assert_eq!(release_list(&lab, &[]), "");
    assert_eq!(release_list(&lab, &["--as-of", "@5"]).lines().count(), 3);
    // Nothing was there before the first tracker, and of the time before the first version nothing is known.
    for (when, rows) in [("2025-06-12T10:00:00Z", 0), ("2025-06-12T10:59:59Z", 0), ("2025-06-12T11:00:00Z", 3)] {
        assert_eq!(release_list(&lab, &["--as-of", when]).lines().count(), rows, "{when}");
    }
    lab.run(&["release", "list", "--as-of", "2025-06-12T09:59:59Z"]).fails();
}

#[test]
fn an_issue_can_be_a_release_and_a_microsprint() {
    let lab = Lab::new();
    lab.write_manifest(manifest(10, &json!([open(5, "Release: v1.0.0")]), &json!([open(5, "Microsprint: both")])));
    assert_eq!(release_list(&lab, &[]), "5\tOPEN\tRelease: v1.0.0\t\t\n");
    assert_eq!(lab.run(&["microsprint", "list"]).ok(), "5\tOPEN\tMicrosprint: both\t\t\n");
    let closed = tracker(5, "Microsprint: both", None, Some("2025-06-12T10:30:00Z"));
    lab.write_manifest(manifest(11, &json!([open(5, "Release: v1.0.0")]), &json!([closed])));
    assert_eq!(release_list(&lab, &["--json", "state,kind"]), "[{\"kind\":\"release\",\"state\":\"OPEN\"}]\n");
    let shown = lab.json(&["microsprint", "list", "--json", "state,kind"]);
    assert_eq!(shown, json!([{"kind": "microsprint", "state": "CLOSED"}]));
    let events = lab.json(&["cache", "history", "--number", "5", "--json", "event,kind"]);
    assert_eq!(events[0], json!({"event": "closed", "kind": "microsprint"}));
    assert_eq!(events.as_array().unwrap().len(), 3);
    lab.write_manifest(manifest(12, &json!([]), &json!([open(5, "Microsprint: both")])));
    assert_eq!(release_list(&lab, &[]), "");
    assert_eq!(lab.run(&["microsprint", "list"]).ok(), "5\tOPEN\tMicrosprint: both\t\t\n");
}

#[test]
fn the_largest_number_goes_in_and_comes_out() {
    let largest = (1 << 53) - 1;
    let lab = Lab::new();
    lab.write_manifest(manifest(10, &json!([open(1, "one"), open(largest, "last")]), &json!([])));
    assert_eq!(numbers(&release_list(&lab, &[])), [9_007_199_254_740_991, 1]);
    let listed = lab.json(&["release", "list", "-L", "1", "--json", "number,url"]);
    assert_eq!(listed[0]["number"], json!(largest));
    assert_eq!(listed[0]["url"], "https://github.com/octo-org/atlas/issues/9007199254740991");
    assert_eq!(release_list(&lab, &["--json", "number", "-q", ".[0].number"]), "9007199254740991\n");
    let events = lab.json(&["cache", "history", "--number", "9007199254740991", "--json", "number"]);
    assert_eq!(events, json!([{"number": largest}]));
}

#[test]
fn search_ignores_case_in_every_script() {
    let titles =
        ["Straße nach STRASSENBAHN", "İstanbul sürümü", "ΟΔΥΣΣΕΥΣ", "Ärger & ÖL", "ДЕНЬ первый", "Ǆungla", "plain"];
    let trackers: Vec<Value> = (1..).zip(titles).map(|(number, title)| open(number, title)).collect();
    let lab = Lab::new();
    lab.write_manifest(manifest(10, &json!(trackers), &json!([])));
    for (search, found) in [
        ("straße", vec![1]),
        ("strassenbahn", vec![1]),
        ("STRASSENBAHN straße", vec![1]),
        ("İSTANBUL", vec![2]),
        ("SÜRÜMÜ", vec![2]),
        ("οδυσσε", vec![3]),
        ("ärger öl", vec![4]),
        ("ÖL ÄRGER", vec![4]),
        ("день ПЕРВЫЙ", vec![5]),
        ("ǆUNGLA", vec![6]),
        ("ǅungla", vec![6]),
        ("plain öl", vec![]),
        ("", vec![7, 6, 5, 4, 3, 2, 1]),
        ("   ", vec![7, 6, 5, 4, 3, 2, 1]),
    ] {
        assert_eq!(numbers(&release_list(&lab, &["--search", search])), found, "{search:?}");
    }
}

#[test]
fn search_takes_folded_and_accented_letters_for_what_they_are() {
    let titles = ["ΟΔΥΣΣΕΥΣ", "Straße", "ISTANBUL", "İSTANBUL"];
    let trackers: Vec<Value> = (1..).zip(titles).map(|(number, title)| open(number, title)).collect();
    let lab = Lab::new();
    lab.write_manifest(manifest(10, &json!(trackers), &json!([])));
    // The last sigma of a word has a form of its own, and the capital of ß is SS or ẞ.
    assert_eq!(numbers(&release_list(&lab, &["--search", "ΟΔΥΣΣΕΥΣ"])), [1]);
    assert_eq!(numbers(&release_list(&lab, &["--search", "οδυσσευς"])), [1]);
    assert_eq!(numbers(&release_list(&lab, &["--search", "ΔΥΣ"])), [1]);
    assert_eq!(numbers(&release_list(&lab, &["--search", "STRASSE"])), [2]);
    assert_eq!(numbers(&release_list(&lab, &["--search", "STRAẞE"])), [2]);
    assert_eq!(numbers(&release_list(&lab, &["--search", "istanbul"])), [4, 3]);
}

#[test]
fn dates_at_the_ends_of_time_are_listed_as_they_are() {
    let lab = Lab::new();
    let times = ["0001-01-01T00:00:00Z", "1969-12-31T23:59:59Z", "9999-12-31T23:59:59Z"];
    let trackers: Vec<Value> = (1..).zip(times).map(|(number, time)| tracker(number, "t", Some(time), None)).collect();
    lab.write_manifest(manifest(10, &json!(trackers), &json!([])));
    let out = release_list(&lab, &["--sort", "created", "--order", "asc"]);
    assert_eq!(columns(&out).iter().map(|line| line[3]).collect::<Vec<_>>(), times);
    assert_eq!(lab.run_with(&[("GH_FORCE_TTY", "80")], &["release", "list"]).ok().lines().count(), 7);
}

#[test]
fn a_manifest_of_a_million_trackers_is_synced_listed_and_changed() {
    const COUNT: u64 = 1_000_000;
    let lab = Lab::new();
    lab.write_manifest(many(COUNT, 1));
    let said = lab.run(&["cache", "sync"]).ok();
    assert_eq!(said, "octo-org/atlas synced: 1000000 added (events 1 to 1000000)\n");
    assert!(release_list(&lab, &[]) == many_listed(COUNT, 1));
    assert_eq!(numbers(&release_list(&lab, &["-s", "open", "-L", "3"])), [1_000_000, 999_998, 999_997]);
    let text = many(COUNT, 1).replace("T00:01:00Z", "T00:02:00Z").replace("v1.500000.0", "v2.0.0");
    lab.write_manifest(text);
    assert_eq!(lab.run(&["cache", "sync"]).ok(), "octo-org/atlas synced: 1 retitled (event 1000001)\n");
    let status = lab.status();
    assert_eq!(status["trackers"]["release"], json!({"open": 666_667, "closed": 333_333}));
}

#[test]
fn the_same_manifest_under_another_name_or_in_another_checkout_is_the_same_repository() {
    let lab = Lab::synced(&small());
    let other = lab.other(&small().replace("octo-org/atlas", "Octo-Org/ATLAS"));
    std::fs::create_dir(other.join(".git")).unwrap();
    assert_eq!(lab.run_in(&other, &["release", "list"]).ok(), release_list(&lab, &[]));
    assert_eq!(lab.status()["seq"], 5);
}

#[test]
fn a_manifest_from_the_future_that_is_forced_is_of_now_and_keeps_nothing_out() {
    let ahead = |first: u64| {
        let releases = json!([tracker(first, "Release: v9.9.9", Some("2025-06-12T08:00:00Z"), None)]);
        manifest(10, &releases, &json!([])).replace("2025-06-12T10:00:00Z", "2999-01-01T00:00:00Z")
    };
    for is_first in [true, false] {
        let lab = if is_first { Lab::new() } else { Lab::synced(&small_at(9)) };
        lab.write_manifest(ahead(1));
        assert!(lab.run(&["cache", "sync"]).fails().contains("more than a day ahead"));
        lab.run(&["cache", "sync", "--force"]).ok();
        assert_eq!(numbers(&release_list(&lab, &[])), [1]);
        let status = lab.status();
        let known = if is_first { "2025-06-12T08:00:00Z" } else { "2025-06-12T09:00:00Z" };
        assert_eq!(status["manifestUpdatedAt"], known, "{status}");
        let changed = lab.json(&["cache", "history", "--json", "changedAt,syncedAt", "-L", "1"]);
        assert_eq!(changed[0]["changedAt"], changed[0]["syncedAt"]);
        // A later one comes in, although it was made before the other one was forced.
        lab.write_manifest(small_at(11));
        assert_eq!(numbers(&release_list(&lab, &[])), [430, 12, 7]);
        lab.run(&["cache", "verify"]).ok();
    }
}

#[test]
fn a_forced_manifest_that_is_a_few_hours_ahead_keeps_nothing_out() {
    let lab = Lab::synced(&small_at(9));
    let later = |hours: i64| {
        let time = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(hours);
        let releases = json!([tracker(hours.unsigned_abs(), "x", Some("2025-06-12T08:00:00Z"), None)]);
        manifest(10, &releases, &json!([])).replace("2025-06-12T10:00:00Z", &time.strftime("%FT%TZ").to_string())
    };
    lab.write_manifest(later(20));
    lab.run(&["cache", "sync", "--force"]).ok();
    let changed = lab.json(&["cache", "history", "--json", "changedAt,syncedAt", "-L", "1"]);
    assert_eq!(changed[0]["changedAt"], changed[0]["syncedAt"]);
    lab.write_manifest(later(2));
    assert_eq!(numbers(&release_list(&lab, &[])), [2]);
    // What is cached is ahead itself, by a manifest that nobody forced.
    lab.write_manifest(later(22));
    lab.run(&["cache", "sync"]).ok();
    lab.write_manifest(later(23));
    lab.run(&["cache", "sync", "--force"]).ok();
    lab.write_manifest(later(1));
    assert_eq!(numbers(&release_list(&lab, &[])), [1]);
}

#[test]
#[cfg(unix)]
fn what_is_no_file_in_the_manifest_s_place_is_told() {
    use std::os::unix::fs::symlink;
    let lab = Lab::synced(&small());
    let listed = release_list(&lab, &[]);
    let path = lab.manifest_path();
    let make: [&dyn Fn(); 4] = [
        &|| std::fs::create_dir(&path).unwrap(),
        &|| symlink("/dev/zero", &path).unwrap(),
        &|| symlink("nowhere", &path).unwrap(),
        &|| assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success()),
    ];
    std::fs::remove_file(&path).unwrap();
    for make in make {
        make();
        let (out, warning) = lab.run(&["release", "list"]).warns();
        assert_eq!(out, listed);
        let said = format!("{} is not a regular file: put the manifest there, or remove it", path.display());
        assert!(warning.contains(&said) && warning.lines().count() == 1, "{warning}");
        assert!(lab.run(&["cache", "sync"]).fails().contains(&said));
        if std::fs::remove_file(&path).is_err() {
            std::fs::remove_dir(&path).unwrap();
        }
    }
    assert_eq!(release_list(&lab, &[]), listed, "no manifest at all is nothing to tell");
}
