//! What belongs to another repository, another host or another user stays apart.
#![cfg(unix)]

use std::os::unix::fs::{chown, symlink};
use std::process::Command;

use crate::cli::lab::{Lab, assert_same, files_below, text};
use crate::cli::manifests::{SMALL_RELEASES, small, small_at};

#[test]
fn a_checkout_of_an_unknown_host_has_a_store_of_its_own() {
    let lab = Lab::with_git();
    lab.git(&["remote", "add", "origin", "https://github.com/octo-org/atlas.git"]);
    lab.write_manifest(small());
    lab.run(&["release", "list"]).ok();
    for url in [
        "https://ghe.example.com/octo-org/atlas.git",
        "git@gitlab.example.org:fork/atlas.git",
        "https://git.example.net/group/sub/atlas.git",
    ] {
        let host = url.split(['/', '@', ':']).find(|word| word.contains(".example.")).unwrap();
        let other = lab.other(&small_at(20).replace("v0.9.0", "v6.6.6"));
        lab.git(&["init", "-q", text(&other)]);
        lab.git(&["-C", text(&other), "remote", "add", "origin", url]);
        assert!(lab.run_in(&other, &["release", "list"]).ok().contains("v6.6.6"));
        assert!(lab.cache.join(host).join("octo-org/atlas/CURRENT").exists(), "{host}");
        assert_eq!(lab.run(&["release", "list"]).ok(), SMALL_RELEASES);
        assert_eq!(lab.run(&["cache", "history", "--jq", "length", "--json", "seq"]).ok(), "5\n");
        std::fs::remove_dir_all(other).unwrap();
    }
}

#[test]
fn nobody_writes_through_a_link_into_another_store() {
    let lab = Lab::synced(&small());
    let host = lab.cache.join("github.com");
    symlink(host.join("octo-org/atlas"), host.join("octo-org/linked")).unwrap();
    symlink(host.join("octo-org"), host.join("other-org")).unwrap();
    let own = host.join("octo-org/atlas");
    let before = files_below(&own);
    for repo in ["octo-org/linked", "other-org/atlas"] {
        for args in [&["clear", "--yes"][..], &["repair"], &["compact"], &["rebuild", "--yes"]] {
            let said = lab.run(&[&["cache"], args, &["-R", repo]].concat()).fails();
            assert!(!said.is_empty(), "{args:?}");
            assert_same(&before, &files_below(&own), (repo, args));
        }
    }
    assert_eq!(lab.run(&["release", "list"]).ok(), SMALL_RELEASES);
}

#[test]
fn another_user_s_manifest_above_the_working_directory_is_not_obeyed() {
    let lab = Lab::without_git();
    let (shared, mine) = (lab.root().join("shared"), lab.root().join("shared/mine"));
    std::fs::create_dir_all(shared.join(".github")).unwrap();
    std::fs::create_dir(&mine).unwrap();
    let manifest = shared.join(".github/pmu-cache.json");
    std::fs::write(&manifest, small()).unwrap();
    assert_eq!(lab.run_in(&mine, &["release", "list"]).ok(), SMALL_RELEASES);
    lab.run(&["cache", "clear", "--all", "--yes"]).ok();
    // Only root may give files away.
    if chown(&manifest, Some(65_534), None).is_ok() {
        let said = lab.run_in(&mine, &["release", "list"]).fails();
        assert!(!lab.cache.join("github.com").exists(), "{said}");
        assert_eq!(lab.run_in(&shared, &["release", "list"]).ok(), SMALL_RELEASES);
    }
}

#[test]
fn a_pipe_in_the_place_of_a_configuration_keeps_nobody_waiting() {
    let mut lab = Lab::synced(&small());
    lab.set("XDG_CONFIG_HOME", lab.home.join("config"));
    lab.set("GH_CONFIG_DIR", lab.home.join("gh"));
    for file in ["config/gh-pmu/config.yml", "gh/config.yml"] {
        let pipe = lab.home.join(file);
        std::fs::create_dir_all(pipe.parent().unwrap()).unwrap();
        assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    }
    assert!(lab.run(&["board"]).fails().contains("unknown command"));
    let paged = lab.run_with(&[("GH_FORCE_TTY", "80")], &["release", "list"]);
    assert_eq!(paged.code, Some(0), "{}", paged.err);
}

#[test]
#[cfg(unix)]
fn a_pipe_among_git_s_files_does_not_hold_a_list_up() {
    for name in ["packed-refs", "shallow", "refs/remotes/origin/HEAD"] {
        let lab = Lab::with_git();
        lab.write_manifest(small());
        lab.run(&["release", "list"]).ok();
        let pipe = lab.checkout.join(".git").join(name);
        std::fs::create_dir_all(pipe.parent().unwrap()).unwrap();
        let _ = std::fs::remove_file(&pipe);
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let mut waits = std::process::Command::new("timeout");
        waits.arg("60").arg(crate::cli::lab::program()).args(["release", "list"]).current_dir(&lab.checkout);
        lab.enclose(&mut waits);
        let ran = crate::cli::lab::Ran::from(waits.output().unwrap());
        assert_eq!((ran.code, &*ran.out), (Some(0), SMALL_RELEASES), "{name}: {}", ran.err);
    }
}
