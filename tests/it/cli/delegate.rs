//! Commands of the other gh-pmu, handed to a stand-in for it.
#![cfg(unix)]

use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

use crate::cli::lab::Lab;
use crate::cli::manifests::{SMALL_RELEASES, small};

/// A lab whose delegate prints what it was given and ends with 7, and its path.
fn lab() -> Lab {
    let mut lab = Lab::new();
    lab.write_manifest(small());
    lab.write("other's gh-pmu", "#!/bin/sh\necho \"given: $*\"\ncat\nexit 7\n");
    let program = lab.checkout.join("other's gh-pmu");
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    lab.set("GH_PMU_DELEGATE", program.to_str().unwrap());
    lab
}

#[test]
fn the_delegate_gets_every_command_that_is_not_ours_and_its_exit_code_is_ours() {
    let lab = lab();
    for args in [&["board", "--all"][..], &["release", "start", "--name", "a b"], &["-R", "o/r", "move", "1"]] {
        let run = lab.run(args);
        assert_eq!((run.code, &*run.out), (Some(7), &*format!("given: {}\n", args.join(" "))), "{args:?}");
    }
    assert_eq!(lab.run(&["release", "list"]).ok(), SMALL_RELEASES);
    assert!(lab.run(&["release", "list", "--bogus"]).fails().starts_with("unknown flag: --bogus"));
}

#[test]
fn what_ends_a_command_ends_the_delegate_which_says_how() {
    let lab = lab();
    lab.write(
        "other's gh-pmu",
        "#!/bin/sh\ntrap 'echo tidied; exit 9' INT TERM\necho ready\nwhile :; do sleep 0.1; done\n",
    );
    // From a terminal all of its processes get it; from elsewhere this one alone.
    for (signal, target) in [("INT", "-"), ("TERM", "")] {
        let mut command = lab.command(&["move", "5"]);
        let mut ours = command.process_group(0).stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(ours.stdout.take().unwrap()).lines();
        assert_eq!(lines.next().unwrap().unwrap(), "ready");
        let whom = format!("{target}{}", ours.id());
        assert!(Command::new("kill").args([&format!("-{signal}"), "--", &whom]).status().unwrap().success());
        assert_eq!(ours.wait().unwrap().code(), Some(9), "{signal}");
        assert_eq!(lines.map(Result::unwrap).collect::<Vec<_>>(), ["tidied"], "{signal}");
    }
}

#[test]
fn a_repository_cannot_name_a_delegate() {
    let mut lab = lab();
    lab.unset("GH_PMU_DELEGATE");
    lab.write(".gh-pmu.yml", "delegate: ./other's gh-pmu\n");
    let said = lab.run(&["board"]).fails();
    assert!(said.starts_with("unknown command \"board\"") && said.contains("rubrical-works/gh-pmu"), "{said}");
}

#[test]
fn a_delegate_that_is_this_program_is_refused() {
    let mut lab = lab();
    lab.set("GH_PMU_DELEGATE", env!("CARGO_BIN_EXE_gh-pmu"));
    assert!(lab.run(&["board"]).fails().starts_with("the delegate calls this program for a command"));
    lab.set("GH_PMU_DELEGATE", "/no/such/program");
    assert!(lab.run(&["board"]).fails().starts_with("could not start /no/such/program: "));
}
