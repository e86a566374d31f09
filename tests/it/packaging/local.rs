//! `gh extension install .` in a checkout, and the script that does it.

use std::fs;
use std::path::Path;

use crate::packaging::checkout::{Checkout, VERSION, run_in};
use crate::packaging::lab::Lab;

#[test]
fn a_checkout_is_installed_where_it_is_and_runs_what_was_built_last() {
    let Some(mut lab) = Lab::new() else { return };
    let mut checkout = Checkout::new(&mut lab, "gh-pmu");
    checkout.done("gh extension install .");
    checkout.lab().unset("GH_REPO");
    checkout.lab().unset("GH_TOKEN");
    let run = checkout.run("gh pmu --version");
    let said = format!("gh-pmu is not built: run cargo build --release in {}\n", checkout.dir.display());
    assert_eq!((run.stdout.as_str(), run.stderr.as_str(), run.code), ("", said.as_str(), Some(1)));
    checkout.done("cargo build --release");

    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/atlas");
    let code = |line: &str, code: i32, said: &str| {
        let run = run_in(checkout.lab, &sample, line);
        assert_eq!(run.code, Some(code), "{line}: {run:?}");
        assert!((run.stdout + &run.stderr).starts_with(said), "{line}: {}", run.stderr);
    };
    code("gh pmu release list --limit 1", 0, "618\tOPEN\t");
    code("gh pmu release list --bogus", 1, "unknown flag: --bogus");
    code("gh pmu release list -R o/r", 4, "nothing is cached of o/r, and gh is not signed in");

    let checkout = checkout.bump("98.0.0");
    checkout.done("cargo build --release");
    assert_eq!(checkout.done("gh pmu --version"), "gh pmu version 98.0.0\n");
}

#[test]
fn the_script_installs_a_checkout_of_any_name_again_and_again() {
    let Some(mut lab) = Lab::new() else { return };
    let outside = lab.cwd().to_owned();
    let install = |checkout: &Checkout<'_>, version: &str| {
        let script = checkout.dir.join("scripts/install");
        let run = checkout.lab.run_program(script.to_str().unwrap(), &[]);
        assert_eq!((run.code, run.stdout.as_str()), (Some(0), "installed: gh pmu\n"), "{run:?}");
        let run = run_in(checkout.lab, &outside, "gh pmu --version");
        assert_eq!(run.stdout, format!("gh pmu version {version}\n"), "{run:?}");
        assert_eq!(run_in(checkout.lab, &outside, "gh extension list").stdout.lines().count(), 1);
    };
    // The second takes the place of the first.
    for name in ["gh-pmu", "a fork"] {
        let checkout = Checkout::new(&mut lab, name);
        install(&checkout, VERSION);
        install(&checkout.bump("98.0.0"), "98.0.0");
    }
}

#[test]
fn without_a_token_the_script_says_what_helps() {
    let Some(mut lab) = Lab::new() else { return };
    let mut checkout = Checkout::new(&mut lab, "fork");
    checkout.lab().unset("GH_TOKEN");
    let run = checkout.run("scripts/install");
    let hint = "gh wants a token even for this, though it asks GitHub nothing: sign in, or run GH_TOKEN=none \
                scripts/install\n";
    assert!(run.code == Some(4) && run.stderr.ends_with(hint), "{run:?}");
    checkout.done("env GH_TOKEN=none scripts/install");
    assert_eq!(checkout.done("gh pmu --version"), format!("gh pmu version {VERSION}\n"));
    assert!(fs::symlink_metadata(checkout.lab.dir().join("data/gh/extensions/gh-pmu")).unwrap().is_symlink());
}
