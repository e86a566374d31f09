//! What can follow, asked as the shells' scripts ask, and bash itself.

use std::process::Command;

use crate::cli::lab::{Lab, Ran, program, text};
use crate::cli::manifests::small;

fn lab() -> Lab {
    Lab::synced(&small())
}

/// The words that can stand in the place of the last one.
fn asked(lab: &Lab, words: &[&str]) -> Vec<String> {
    let said = lab.run(&[&["__complete"], words].concat()).ok();
    said.lines().map(|line| line.split('\t').next().unwrap().to_owned()).collect()
}

#[test]
fn words_come_from_the_table_and_values_from_the_cache() {
    let lab = lab();
    for (words, expected) in [
        (&["release", "li"][..], &["list", "view"][..]),
        (&["release", "list", "--state", ""], &["open", "closed", "all"]),
        (&["release", "list", "--state="], &["--state=open", "--state=closed", "--state=all"]),
        (&["release", "list", "-R", ""], &["octo-org/atlas"]),
        (&["release", "list", "--repo=o"], &["--repo=octo-org/atlas"]),
        (&["release", "list", "--owner", ""], &["octo-org"]),
        (&["cache", "sync", "--from", ""], &[]),
    ] {
        assert_eq!(asked(&lab, words), expected, "{words:?}");
    }
    for (words, some) in [
        (&["release", "view", ""][..], &["latest", "v0.9.0", "430"][..]),
        (&["microsprint", "view", ""], &["latest", "cache-impl", "425"]),
        (&["cache", "history", ""], &["430", "425"]),
        (&["cache", "history", "--since", ""], &["last", "yesterday", "@5", "@1"]),
        (&["release", "list", "--as-of="], &["--as-of=yesterday", "--as-of=@5"]),
        (&["cache", "history", "--event", "closed,re"], &["closed,reopened", "closed,retitled"]),
        (&["release", "list", "--json", "number,"], &["number,title", "number,version"]),
        (&["release", "list", "--"], &["--state", "--owner", "--repo"]),
    ] {
        let found = asked(&lab, words);
        assert!(some.iter().all(|word| found.iter().any(|found| found == word)), "{words:?}: {found:?}");
    }
    assert!(!asked(&lab, &["release", "list", "--as-of", ""]).contains(&"last".to_owned()));
    let elsewhere = lab.run_in(&lab.root(), &["__complete", "release", "view", ""]).ok();
    assert_eq!(elsewhere, "");
    let named = lab.run_in(&lab.root(), &["__complete", "release", "view", "-R", "octo-org/atlas", ""]).ok();
    assert!(named.contains("v0.9.0\t"), "{named}");
}

/// What bash offers behind a line, with the script loaded and the program on the path.
fn offered(lab: &Lab, line: &str) -> Vec<String> {
    let script = format!(
        "PATH={}:$PATH\neval \"$(gh-pmu completion -s bash)\"\nCOMP_LINE={line:?} COMP_POINT=${{#COMP_LINE}}\n\
         COMP_WORDS=({}) COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))\n__gh_pmu_direct\n\
         [ ${{#COMPREPLY[@]}} = 0 ] || printf '%s\\n' \"${{COMPREPLY[@]}}\"",
        text(program().parent().unwrap()),
        broken(line).iter().map(|word| format!("'{word}'")).collect::<Vec<_>>().join(" "),
    );
    let mut bash = Command::new("bash");
    bash.args(["--norc", "-c", &script]).current_dir(&lab.checkout);
    lab.enclose(&mut bash);
    let ran = Ran::from(bash.output().unwrap());
    assert_eq!((ran.code, &*ran.err), (Some(0), ""), "{line}");
    ran.out.lines().map(str::to_owned).collect()
}

/// The line as bash breaks it: at spaces, and around `=`, `:` and `@`.
fn broken(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    for c in line.chars() {
        match c {
            ' ' => words.push(String::new()),
            '=' | ':' | '@' => {
                if words.last().is_some_and(|word| !word.is_empty()) {
                    words.push(String::new());
                }
                words.last_mut().unwrap().push(c);
                words.push(String::new());
            }
            c => words.last_mut().unwrap().push(c),
        }
    }
    // A sign at the end is the word that the cursor is in.
    if line.ends_with(['=', ':', '@']) {
        words.pop();
    }
    words
}

#[test]
fn bash_completes_words_flags_with_values_and_events() {
    let lab = lab();
    for (line, expected) in [
        ("gh-pmu rel", &["release"][..]),
        ("gh-pmu release view v0.9", &["v0.9.0"]),
        ("gh-pmu cache history --event cl", &["closed"]),
        ("gh-pmu cache history --event closed,reo", &["closed,reopened"]),
        ("gh-pmu release list -R oc", &["octo-org/atlas"]),
        ("gh-pmu release list --state=", &["open", "closed", "all"]),
        ("gh-pmu release list --state=cl", &["closed"]),
        ("gh-pmu cache history --since @5", &["5"]),
        ("gh-pmu frobnicate --x", &[]),
    ] {
        assert_eq!(offered(&lab, line), expected, "{line}");
    }
}

#[test]
fn a_name_that_is_text_for_a_shell_is_quoted() {
    let lab = Lab::synced(&small().replace("cache-impl", "$(touch made);`touch made` x"));
    let offered = offered(&lab, "gh-pmu microsprint view $");
    assert_eq!(offered, [r"\$\(touch\ made\)\;\`touch\ made\`\ x"]);
    assert!(!lab.checkout.join("made").exists());
}

/// What a shell prints, started in this way; `None` where there is no such shell and that is not CI.
fn printed_by(lab: &Lab, shell: &str, arguments: &[&str]) -> Option<String> {
    if Command::new(shell).args(["-c", ":"]).output().is_err() {
        assert!(std::env::var("CI").as_deref() != Ok("true"), "{shell} is missing");
        eprintln!("left out: {shell} is missing");
        return None;
    }
    // One that waits for ever says less than one that is ended.
    let mut command = Command::new("timeout");
    command.args(["120", shell]).args(arguments).current_dir(&lab.checkout);
    lab.enclose(&mut command);
    command.env("PATH", format!("{}:{}", text(program().parent().unwrap()), std::env::var("PATH").unwrap()));
    Some(Ran::from(command.output().unwrap()).ok())
}

#[test]
fn fish_completes_with_what_the_words_mean() {
    let lab = lab();
    let script = "gh-pmu completion -s fish | source; for line in $argv; complete -C $line; end";
    let lines = ["gh-pmu rel", "gh-pmu release view v0.9", "gh-pmu release list --state=cl"];
    let Some(out) = printed_by(&lab, "fish", &[&["--no-config", "-c", script][..], &lines].concat()) else { return };
    assert_eq!(out, "release\tList and view releases\nv0.9.0\tRelease: v0.9.0\n--state=closed\n");
}

#[test]
fn fish_completes_beside_gh_s_own_completion_which_it_loads_at_the_first_use() {
    let lab = lab();
    let gh = lab.root().join("gh-bin/gh");
    std::fs::create_dir_all(gh.parent().unwrap()).unwrap();
    std::fs::write(&gh, "#!/bin/sh\nshift\nexec gh-pmu \"$@\"\n").unwrap();
    assert!(Command::new("chmod").arg("755").arg(&gh).status().unwrap().success());
    let own = "complete -c gh -e\ncomplete -c gh -f -n 'test (count (commandline -opc)) -eq 1' -a 'issue pmu'\n";
    let completions = lab.home.join(".config/fish/completions");
    std::fs::create_dir_all(&completions).unwrap();
    std::fs::write(completions.join("gh.fish"), own).unwrap();
    let script = "set -x PATH $argv[1] $PATH; gh-pmu completion -s fish | source; complete -C 'gh pmu rel'; complete -C 'gh iss'";
    let Some(out) = printed_by(&lab, "fish", &["-c", script, text(gh.parent().unwrap())]) else { return };
    assert_eq!(out, "release\tList and view releases\nissue\n");
}

#[test]
fn a_name_that_deceives_or_says_nothing_is_not_offered() {
    let lab =
        Lab::synced(&small().replace("cache-impl", "evil\u{202e}txt").replace("Microsprint: lists", "Microsprint: "));
    let out = lab.run(&["__complete", "microsprint", "view", ""]).ok();
    assert_eq!(out, "latest\tthe newest one\n431\tMicrosprint:\n425\tMicrosprint: evil\\u{202e}txt\n");
}

#[test]
fn zsh_completes_the_line_that_is_typed() {
    let lab = lab();
    // Typed before the editor is there, ^U would be the terminal's.
    let script = r#"
        zmodload zsh/zpty
        zpty shell zsh -f -i
        zpty -w shell 'PS1=; RPS1=; autoload -U compinit; compinit -D -u; eval "$(gh-pmu completion -s zsh)"
            show() { print -r -- "<$BUFFER>" }; zle -N show; bindkey "^T" show
            zle-line-init() { print rea""dy }; zle -N zle-line-init'
        zpty -r -m shell out '*ready*'
        for line in "$@"; do
            zpty -w -n shell "$line"$'\t\x14\x15'
            zpty -r -m shell out '*\<gh*\>*'
            print -r -- "${${out##*\<}%%\>*}"
        done
        zpty -d shell"#;
    let lines =
        ["gh-pmu rel", "gh-pmu release view v0.9", "gh-pmu release list --state=cl", "gh-pmu cache history --since @5"];
    let Some(out) = printed_by(&lab, "zsh", &[&["-f", "-c", script, "zsh"][..], &lines].concat()) else { return };
    let expected = "gh-pmu release \ngh-pmu release view v0.9.0 \ngh-pmu release list --state=closed \n\
                    gh-pmu cache history --since @5 \n";
    assert_eq!(out, expected);
}
