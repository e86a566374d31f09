//! The README's examples, run: what it shows is what users get, but for the age of things.

use std::path::Path;
use std::process::Command;

use crate::cli::lab::{Lab, Ran, program};

const README: &str = include_str!("../../../README.md");
const BUNDLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/atlas.bundle");

/// A clone of the sample's history, and one more commit to pull: #611 is closed, and #622 has a new title.
fn lab() -> Lab {
    let lab = Lab::without_git();
    lab.git(&["clone", "-q", BUNDLE, "."]);
    lab.git(&["reset", "-q", "--hard", "HEAD~1"]);
    lab
}

#[test]
fn the_sample_checkout_is_what_its_history_ends_with_before_the_pull() {
    let lab = lab();
    for name in [".gh-pmu.yml", ".github/pmu-cache.json"] {
        let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/atlas").join(name);
        let [here, there] = [lab.checkout.join(name), sample].map(|path| std::fs::read_to_string(path).unwrap());
        assert_eq!(here, there, "{name}");
    }
}

/// The line in a shell whose `gh pmu` is the program; a terminal, unless the line has a pipe.
fn typed(lab: &Lab, line: &str) -> Ran {
    let mut shell = Command::new("sh");
    shell.args(["-c", &format!("gh() {{ shift; \"$PMU\" \"$@\"; }}\n{line}")]).current_dir(&lab.checkout);
    lab.enclose(&mut shell);
    shell.envs([("TZ", "UTC"), ("NO_COLOR", "1"), ("GH_PAGER", "cat")]).env("PMU", program());
    if !line.contains(" | ") {
        shell.env("GH_FORCE_TTY", "100");
    }
    shell.output().unwrap().into()
}

/// The words of a text without the ages in it, and without the room that these take.
fn ageless(text: &str) -> Vec<String> {
    let line = |line: &str| {
        let mut words: Vec<&str> = line.split(' ').filter(|word| !word.is_empty()).collect();
        while let Some(ago) = words.iter().position(|word| *word == "ago") {
            words.splice(ago.saturating_sub(3)..=ago, ["AGE"]);
        }
        words.join(" ")
    };
    text.trim_end().lines().map(line).collect()
}

/// The blocks between fences of a language.
fn blocks(language: &str) -> Vec<&'static str> {
    let fence = format!("\n```{language}\n");
    README.split(&*fence).skip(1).map(|rest| rest.split("\n```").next().unwrap()).collect()
}

#[test]
fn what_the_readme_shows_is_what_its_commands_print() {
    let mut shown = 0;
    for block in blocks("text") {
        let lab = lab();
        for example in format!("\n{block}").split("\n$ ").skip(1) {
            let (line, expected) = example.split_once('\n').unwrap_or((example, ""));
            let ran = typed(&lab, line);
            assert_eq!((ran.code, &*ran.err), (Some(0), ""), "{line}");
            assert_eq!(ageless(&ran.out), ageless(expected), "{line}");
            shown += 1;
        }
    }
    assert!(shown >= 9, "{shown}");
}

#[test]
fn every_command_that_the_readme_names_is_one() {
    let lab = lab();
    for line in blocks("sh").into_iter().flat_map(str::lines).filter(|line| line.starts_with("gh pmu ")) {
        let ran = typed(&lab, line);
        assert_eq!(ran.code, Some(0), "{line}: {}", ran.err);
    }
    for command in README.lines().filter_map(|line| line.strip_prefix("| `cache ")) {
        let (command, _) = command.split_once("` |").unwrap();
        let help = typed(&lab, &format!("gh pmu cache {} --help", command.split(' ').next().unwrap())).out;
        for flag in command.split(['[', ']', ' ']).filter(|word| word.starts_with("--")) {
            assert!(help.contains(flag), "{command}: {flag} in {help}");
        }
        assert!(!command.contains("[--format"), "{command}: it must be given");
    }
}
