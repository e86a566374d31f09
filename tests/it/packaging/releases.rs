//! From a tag to what `gh extension install` and `upgrade` leave with a user.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::packaging::checkout::{Checkout, VERSION, run_in};
use crate::packaging::fake::{REPOSITORY, Release};
use crate::packaging::lab::{Lab, program};

/// `None` where no release can be made, and that is not CI.
fn lab() -> Option<Lab> {
    let lab = Lab::new()?;
    if Command::new("ldd").arg(program()).output().unwrap().status.success() {
        assert!(std::env::var("CI").as_deref() != Ok("true"), "the program is not static: libc.a is missing");
        eprintln!("left out: the program is not static: libc.a is missing");
        return None;
    }
    Some(lab)
}

/// Builds and publishes; gives what GitHub has then.
fn release(checkout: &mut Checkout<'_>, version: &str) -> Release {
    let tag = format!("v{version}");
    checkout.done(&format!("scripts/release {tag}"));
    // What other machines made.
    for other in ["darwin-amd64", "windows-amd64.exe"] {
        fs::write(checkout.dir.join(format!("dist/gh-pmu-{other}")), other).unwrap();
    }
    checkout.lab().github.state().tags.push(tag.clone());
    checkout.done(&format!("scripts/publish {tag}"));
    checkout.done("env -C dist sha256sum --check --strict SHA256SUMS");
    // gh remembers for half a minute which release is the latest.
    for cache in ["cache/gh", "tmp/gh-cli-cache"] {
        let _ = fs::remove_dir_all(checkout.lab().dir().join(cache));
    }
    checkout.lab().github.state().releases.last().unwrap().clone()
}

#[test]
fn what_is_released_is_what_gh_installs_and_upgrades() {
    let Some(mut lab) = lab() else { return };
    let mut checkout = Checkout::new(&mut lab, "gh-pmu");
    let names = checkout.done("scripts/release --names");
    // The manual is made once, with the program for most machines.
    let (ours, manual) = names.trim_end().split_once('\n').unwrap_or((names.trim_end(), ""));
    let manual: Vec<&str> = manual.lines().collect();
    let first = release(&mut checkout, VERSION);
    assert_eq!((first.tag.as_str(), first.title.as_str()), (&*format!("v{VERSION}"), &*format!("v{VERSION}")));
    assert_eq!((first.is_draft, first.is_prerelease), (false, false));
    assert_eq!(first.notes.trim_end(), format!("Notes on {VERSION}.\n\n### Added\n\n- `this`"));
    let assets: Vec<&str> = first.assets.iter().map(|(name, _)| name.as_str()).collect();
    let expected = [&["SHA256SUMS", "gh-pmu-darwin-amd64", ours], &*manual, &["gh-pmu-windows-amd64.exe"]].concat();
    assert_eq!(assets, expected);
    let sums = String::from_utf8(first.assets[0].1.clone()).unwrap();
    assert_eq!(sums.lines().count(), 3 + manual.len(), "{sums}");
    if !manual.is_empty() {
        let pages = checkout.done("tar -tzf dist/gh-pmu-man.tar.gz");
        for page in ["gh-pmu.1", "gh-pmu-release-view.1", "gh-pmu-cache-history.1", "gh-pmu-dates.7"] {
            assert!(pages.lines().any(|line| line == format!("./{page}")), "{page}: {pages}");
        }
        let page = checkout.done("tar -xzOf dist/gh-pmu-man.tar.gz ./gh-pmu-cache-history.1");
        assert!(page.contains(".SH NAME\ngh\\-pmu\\-cache\\-history \\- Show what changed\n.SH"), "{page}");
    }

    checkout.done(&format!("gh extension install {REPOSITORY}"));
    assert_eq!(checkout.lab().github.state().fetched, [ours]);
    assert_eq!(checkout.done("gh extension list"), format!("gh pmu\t{REPOSITORY}\tv{VERSION}\n"));
    assert_eq!(checkout.done("gh pmu --version"), format!("gh pmu version {VERSION}\n"));
    let installed = checkout.lab().dir().join("data/gh/extensions/gh-pmu/gh-pmu");
    assert!(fs::read(&installed).unwrap() == fs::read(program()).unwrap());
    checkout.lab().unset("GH_REPO");
    checkout.lab().unset("GH_TOKEN");
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/atlas");
    let run = run_in(checkout.lab(), &sample, "gh pmu release list --limit 1");
    assert_eq!((run.code, run.stdout.split('\t').next()), (Some(0), Some("618")), "{run:?}");
    checkout.lab().set("GH_REPO", REPOSITORY);
    checkout.lab().set("GH_TOKEN", "dummy");

    let mut checkout = checkout.bump("98.0.0");
    release(&mut checkout, "98.0.0");
    checkout.done("gh extension upgrade pmu");
    assert_eq!(checkout.done("gh pmu --version"), "gh pmu version 98.0.0\n");
    assert_eq!(checkout.done("gh extension list"), format!("gh pmu\t{REPOSITORY}\tv98.0.0\n"));
    assert_eq!(checkout.lab().github.state().fetched.len(), 2);
    checkout.lab().set("GH_FORCE_TTY", "100");
    let run = checkout.run("gh extension upgrade pmu");
    assert!(run.code == Some(0) && run.stdout.contains("already up to date"), "{run:?}");
    assert_eq!(checkout.lab().github.state().fetched.len(), 2);
}

#[test]
fn a_tag_with_a_hyphen_becomes_a_prerelease_that_nobody_is_upgraded_to() {
    let Some(mut lab) = lab() else { return };
    let mut checkout = Checkout::new(&mut lab, "gh-pmu");
    release(&mut checkout, VERSION);
    checkout.done(&format!("gh extension install {REPOSITORY}"));
    let mut checkout = checkout.bump("98.0.0-rc.1");
    let second = release(&mut checkout, "98.0.0-rc.1");
    assert_eq!((second.is_draft, second.is_prerelease), (false, true));
    checkout.done("gh extension upgrade pmu");
    assert_eq!(checkout.done("gh pmu --version"), format!("gh pmu version {VERSION}\n"));
}

#[test]
fn a_tag_that_does_not_fit_is_refused_before_anything_is_built() {
    let Some(mut lab) = Lab::new() else { return };
    let checkout = Checkout::new(&mut lab, "gh-pmu").builds("/nonexistent");
    let refused = |tag: &str, sentence: &str| {
        for script in ["release", "release --notes", "publish"] {
            let run = checkout.run(&format!("scripts/{script} {tag}"));
            assert_eq!((run.code, run.stdout.as_str()), (Some(1), ""), "{run:?}");
            assert_eq!(run.stderr, format!("scripts/release: {sentence}\n"));
        }
        assert_eq!(checkout.dist(), [""; 0]);
    };
    for tag in ["v98.0.0", VERSION] {
        refused(tag, &format!("the tag is {tag}, but Cargo.toml says version {VERSION}, whose tag is v{VERSION}"));
    }
    let tag = format!("v{VERSION}");
    let changelog = checkout.dir.join("CHANGELOG.md");
    fs::write(&changelog, format!("# Changelog\n\n## {VERSION} - Unreleased\n\n- all\n")).unwrap();
    refused(&tag, &format!("CHANGELOG.md calls {VERSION} unreleased: put the date there before the tag"));
    // A dot is a dot.
    fs::write(&changelog, format!("# Changelog\n\n## {} - 2026-11-22\n", VERSION.replace('.', "x"))).unwrap();
    refused(&tag, &format!("CHANGELOG.md says nothing of {VERSION}: it needs a section \"## {VERSION} - YYYY-MM-DD\""));
    assert!(checkout.lab.github.state().releases.is_empty());
}

#[test]
fn what_is_not_the_program_of_this_version_is_not_released() {
    let Some(mut lab) = lab() else { return };
    let checkout = Checkout::new(&mut lab, "gh-pmu").bump("98.0.0").builds(&program());
    let refused = |checkout: &Checkout<'_>, sentence: &str| {
        let run = checkout.run("scripts/release");
        assert_eq!((run.code, checkout.dist()), (Some(1), vec![]), "{run:?}");
        assert_eq!(run.stderr, format!("scripts/release: target/release/gh-pmu {sentence}\n"));
    };
    refused(&checkout, &format!("says \"gh pmu version {VERSION}\", but Cargo.toml says version 98.0.0"));
    // A program that needs libc.so.
    let dynamic = checkout.builds("/bin/true");
    refused(&dynamic, "is not linked statically: is libc.a there (Debian: libc6-dev)?");
}

#[test]
fn nothing_is_published_without_its_tag_or_without_programs() {
    let Some(mut lab) = lab() else { return };
    let checkout = Checkout::new(&mut lab, "gh-pmu");
    let publish = format!("scripts/publish v{VERSION}");
    assert_ne!(checkout.run(&publish).code, Some(0));
    fs::create_dir(checkout.dir.join("dist")).unwrap();
    assert_ne!(checkout.run(&publish).code, Some(0));
    checkout.done("scripts/release");
    let run = checkout.run(&publish);
    assert!(run.code == Some(1) && run.stderr.contains("tag"), "{run:?}");
    assert!(checkout.lab.github.state().releases.is_empty());
}
