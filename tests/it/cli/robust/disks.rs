//! Disks that take nothing: read-only directories and file systems, full ones, limits.

use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::machine::{Mortal, Namespace, skip};
use super::{assert_tidy, assert_verifies};
use crate::cli::lab::{Lab, Ran, assert_same, files_below, program, text};
use crate::cli::manifests::{SMALL_RELEASES, many, many_listed, small, small_at};

/// What is cached is answered from; what would have to be written is told, once, and nothing is changed.
fn assert_answers_without_writing(lab: &Lab, run: impl Fn(&[&str]) -> Ran) {
    let before = lab.cached_files();
    assert_eq!(run(&["release", "list"]).ok(), SMALL_RELEASES, "unchanged, it has nothing to write");
    assert_eq!(run(&["release", "list", "-R", "octo-org/atlas"]).ok(), SMALL_RELEASES);
    assert_eq!(run(&["release", "list", "--all-repos"]).ok().lines().count(), 3);
    assert_eq!(run(&["cache", "history"]).ok().lines().count(), 5);
    assert!(run(&["cache", "status", "--json"]).ok().contains("\"seq\":5"));
    assert!(run(&["cache", "verify"]).ok().contains("5 events verify"));
    lab.write_manifest(small());
    assert_eq!(run(&["release", "list"]).ok(), SMALL_RELEASES, "the same, written again: it has nothing to record");
    assert_eq!(run(&["cache", "history"]).ok().lines().count(), 5);
    lab.write_manifest(small_at(11).replace("v0.9.0", "v1.0.0"));
    let (rows, warning) = run(&["release", "list"]).warns();
    assert_eq!(rows, SMALL_RELEASES.replace("v0.9.0", "v1.0.0"), "the manifest is at hand");
    assert!(warning.contains(text(&lab.cache)) && warning.contains("; what is shown was not recorded: "), "{warning}");
    assert_eq!(warning.lines().count(), 1, "{warning}");
    let (of_all, _) = run(&["release", "list", "--all-repos"]).warns();
    assert!(of_all.contains("v1.0.0") && !of_all.contains("v0.9.0"), "{of_all}");
    assert_eq!(run(&["cache", "history", "--all-repos"]).code, Some(1));
    // The past is what is recorded: that is not all of it any more.
    let past = run(&["cache", "history"]);
    assert_eq!((past.code, past.out.lines().count()), (Some(1), 5));
    assert!(past.err.contains("; this is what was cached before\n"), "{}", past.err);
    let writers: [&[&str]; 4] =
        [&["cache", "sync"], &["cache", "sync", "--force"], &["cache", "compact"], &["cache", "clear", "--yes"]];
    for args in writers {
        let said = run(args).fails();
        assert!(said.starts_with("could not ") && said.contains(text(&lab.cache)), "{args:?}: {said}");
        assert!(said.lines().count() == 1 && !said.contains("damage"), "{args:?}: {said}");
    }
    assert_same(&before, &lab.cached_files(), "nothing was written");
}

fn old_enough() -> Lab {
    let lab = Lab::synced(&small());
    // Behind the clock's grain a manifest that has not changed needs no second look.
    std::thread::sleep(std::time::Duration::from_millis(50));
    lab.run(&["release", "list"]).ok();
    lab
}

#[test]
fn a_cache_whose_modes_forbid_writing_goes_on_answering() {
    let lab = old_enough();
    let Some(mortal) = Mortal::owner_of(&lab) else { return skip("setpriv") };
    let files = files_below(&lab.cache);
    let set = |dir_mode: u32, file_mode: u32| {
        for (path, mode) in
            files.iter().map(|(path, (_, content))| (path, if content.is_some() { file_mode } else { dir_mode }))
        {
            std::fs::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap();
        }
        std::fs::set_permissions(&lab.cache, PermissionsExt::from_mode(dir_mode)).unwrap();
    };
    set(0o500, 0o400);
    assert_answers_without_writing(&lab, |args| mortal.run(&lab, args));
    set(0o700, 0o600);
    assert_eq!(mortal.run(&lab, &["release", "list"]).ok(), SMALL_RELEASES.replace("v0.9.0", "v1.0.0"));
}

#[test]
fn a_first_sync_into_a_directory_that_forbids_writing_names_it() {
    let lab = Lab::new();
    lab.write_manifest(small());
    std::fs::create_dir(&lab.cache).unwrap();
    let Some(mortal) = Mortal::owner_of(&lab) else { return skip("setpriv") };
    std::fs::set_permissions(&lab.cache, PermissionsExt::from_mode(0o500)).unwrap();
    let (rows, warning) = mortal.run(&lab, &["release", "list"]).warns();
    assert_eq!(rows, SMALL_RELEASES);
    // One of many that is recorded nowhere has its rows too; of its past there is nothing to tell.
    let flags = ["--json", "repo,number"];
    let alone = mortal.run(&lab, &[&["release", "list"][..], &flags].concat()).warns().0;
    for many in [&["--all-repos"][..], &["--owner", "octo-org"]] {
        let listed = mortal.run(&lab, &[&["release", "list"], many, &flags[..]].concat()).warns().0;
        assert_eq!(listed, alone);
        assert_eq!(mortal.run(&lab, &[&["cache", "history"], many].concat()).code, Some(1));
    }
    let exported = mortal.run(&lab, &["cache", "export", "--all-repos", "--format", "csv"]).warns().0;
    assert_eq!(exported.lines().count(), 6);
    let said = mortal.run(&lab, &["cache", "sync"]).fails();
    assert!(said.starts_with("could not create "), "{said}");
    for said in [warning, said] {
        let line = said.lines().next().unwrap();
        assert!(line.contains(text(&lab.cache)) && line.contains("ermission denied"), "{said}");
    }
    std::fs::set_permissions(&lab.cache, PermissionsExt::from_mode(0o700)).unwrap();
}

#[test]
fn a_cache_that_may_not_even_be_read_is_told_and_never_called_damaged() {
    let lab = old_enough();
    let Some(mortal) = Mortal::owner_of(&lab) else { return skip("setpriv") };
    let dir = lab.cache.join("github.com/octo-org/atlas");
    for path in [dir.join("CURRENT"), dir.join("log-1"), dir.join("index-5-1"), dir] {
        let mode = path.metadata().unwrap().permissions();
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o000)).unwrap();
        let ran = mortal.run(&lab, &["release", "list"]);
        // An index that cannot be read is replaced.
        if path.exists() {
            std::fs::set_permissions(&path, mode).unwrap();
        }
        // What is not needed for the answer may be unreadable.
        if ran.code != Some(0) {
            let said = ran.fails();
            assert!(
                said.contains(text(&path)) && said.contains("ermission denied") && !said.contains("damage"),
                "{said}"
            );
        } else {
            assert_eq!(ran.out, SMALL_RELEASES);
        }
    }
    assert_eq!(mortal.run(&lab, &["release", "list"]).ok(), SMALL_RELEASES);
}

#[test]
fn a_cache_on_a_read_only_file_system_goes_on_answering() {
    let Some(namespace) = Namespace::find() else { return skip("mount namespaces") };
    let lab = old_enough();
    let read_only = "mount --bind \"$C\" \"$C\" && mount -o remount,bind,ro \"$C\"";
    let probe = namespace.run(&lab, read_only, "! touch \"$C/probe\" 2>/dev/null");
    assert_eq!(probe.code, Some(0), "{}", probe.err);
    assert_answers_without_writing(&lab, |args| {
        namespace.run(&lab, read_only, &format!("exec \"$B\" {}", args.join(" ")))
    });
    assert_eq!(lab.run(&["release", "list"]).ok(), SMALL_RELEASES.replace("v0.9.0", "v1.0.0"));
}

/// What a script of several runs left: `out`, `err` and `code` of each, by its name.
fn ran(lab: &Lab, name: &str) -> Ran {
    let read = |end: &str| std::fs::read_to_string(lab.root().join(format!("{name}.{end}"))).unwrap();
    Ran { code: Some(read("code").trim().parse().unwrap()), out: read("out"), err: read("err") }
}

#[test]
fn a_full_disk_keeps_what_was_acknowledged_and_takes_the_rest_when_there_is_room() {
    const COUNT: u64 = 3000;
    let Some(namespace) = Namespace::find() else { return skip("mount namespaces") };
    let lab = Lab::new();
    std::fs::create_dir(&lab.cache).unwrap();
    lab.write_manifest(many(COUNT, 1));
    std::fs::write(lab.root().join("next.json"), many(COUNT, 2)).unwrap();
    // From nothing to enough for all: the disk is full at every place of a sync.
    let rooms: Vec<u32> = (0..24).map(|step| step * 5).chain([150, 200, 250, 400]).collect();
    let each = rooms.iter().map(|room| {
        format!(
            "rm -rf \"$C\"/*; cp -r \"$L/saved/.\" \"$C\"; head -c 100000000 /dev/zero >\"$C/.filler\" 2>/dev/null;
             truncate -s $(($(stat -c %s \"$C/.filler\") - {room} * 4096)) \"$C/.filler\";
             run full{room} release list; run sync{room} cache sync; run verify{room} cache verify;
             rm \"$C/.filler\"; run after{room} release list; run events{room} cache status --json;
             run good{room} cache verify\n"
        )
    });
    let script = format!(
        "run() {{ name=$1; shift; \"$B\" \"$@\" >\"$L/$name.out\" 2>\"$L/$name.err\"; echo $? >\"$L/$name.code\"; }}
         run first cache sync; mkdir \"$L/saved\"; cp -r \"$C/.\" \"$L/saved\";
         cp \"$L/next.json\" .github/next; mv .github/next .github/pmu-cache.json\n{}",
        each.collect::<String>()
    );
    let mounted = namespace.run(&lab, "mount -t tmpfs -o size=4m,mode=0700,uid=$OWNER tmpfs \"$C\"", &script);
    assert_eq!(mounted.code, Some(0), "{}", mounted.err);
    ran(&lab, "first").ok();
    let new = many_listed(COUNT, 2);
    let (mut refused, mut taken) = (0, 0);
    for room in rooms {
        let full = ran(&lab, &format!("full{room}"));
        assert_eq!(full.code, Some(0), "{room}: {}", full.err);
        match full.err.is_empty() {
            true => {
                taken += 1;
                assert!(full.out == new, "{room}");
            }
            false => {
                refused += 1;
                let (rows, warning) = full.warns();
                assert!(rows == new && warning.contains("o space left"), "{room}: {warning}");
                assert!(!warning.contains("damage"), "{room}: {warning}");
            }
        }
        let sync = ran(&lab, &format!("sync{room}"));
        assert!(sync.code == Some(0) || sync.err.contains("o space left"), "{room}: {}", sync.err);
        assert!(!sync.err.contains("is damaged"), "{room}: {}", sync.err);
        // A commit that the disk cut short was not acknowledged: that is no damage, and yet it is told.
        let verify = ran(&lab, &format!("verify{room}")).ok();
        let torn = "a commit is incomplete and nothing follows it; costs a commit that was not acknowledged";
        let is_torn = |line: &str| line.starts_with("no damage: ") && line.contains(torn);
        assert!(verify.contains(" events verify\n") && verify.lines().skip(1).all(is_torn), "{room}: {verify}");
        assert!(ran(&lab, &format!("after{room}")).ok() == new, "{room}");
        let status = ran(&lab, &format!("events{room}")).ok();
        assert!(status.contains(&format!("\"seq\":{},", 2 * COUNT)), "{room}: {status}");
        assert!(ran(&lab, &format!("good{room}")).ok().contains("6000 events verify"), "{room}");
    }
    assert!(refused > 3 && taken > 1, "{refused} refused, {taken} taken: the rooms do not tell");
}

fn copy_dir(from: &Path, to: &Path) {
    for (path, (_, content)) in files_below(from) {
        let copy: PathBuf = to.join(path.strip_prefix(from).unwrap());
        match content {
            None => std::fs::create_dir_all(copy).unwrap(),
            Some(content) => {
                std::fs::create_dir_all(copy.parent().unwrap()).unwrap();
                std::fs::write(copy, content).unwrap();
            }
        }
    }
}

/// With a limit on the length of files, in blocks of 512 bytes.
fn limited(lab: &Lab, blocks: u32, args: &[&str]) -> Ran {
    let mut shell = Command::new("sh");
    shell.args(["-c", &format!("ulimit -c 0; ulimit -f {blocks}; exec \"$@\""), "sh"]);
    shell.arg(program()).args(args).current_dir(&lab.checkout);
    lab.enclose(&mut shell);
    shell.output().unwrap().into()
}

#[test]
fn a_limit_on_the_length_of_files_stops_a_sync_anywhere_and_harms_nothing() {
    const COUNT: u64 = 150;
    let lab = Lab::synced(&many(COUNT, 1));
    let saved = lab.root().join("saved");
    copy_dir(&lab.cache, &saved);
    lab.write_manifest(many(COUNT, 2));
    let (old, new) = (many_listed(COUNT, 1), many_listed(COUNT, 2));
    let mut outcomes = std::collections::BTreeSet::new();
    for blocks in (0..48).step_by(2) {
        std::fs::remove_dir_all(&lab.cache).unwrap();
        copy_dir(&saved, &lab.cache);
        let ran = limited(&lab, blocks, &["release", "list"]);
        assert_eq!(ran.code, Some(0), "{blocks}: {}", ran.err);
        assert!(ran.out == old && ran.err.contains("ile too large") || ran.out == new, "{blocks}: {}", ran.err);
        assert!(ran.err.lines().count() <= 1 && !ran.err.contains("damage"), "{blocks}: {}", ran.err);
        outcomes.insert(ran.err.is_empty());
        assert!(lab.run(&["release", "list"]).ok() == new, "{blocks}");
        assert_verifies(&lab, 2 * COUNT);
        lab.write_manifest(many(COUNT, 3));
        assert_eq!(limited(&lab, 100_000, &["cache", "sync"]).code, Some(0));
        assert_tidy(&lab);
        lab.write_manifest(many(COUNT, 2));
    }
    assert_eq!(outcomes.len(), 2);
}

#[test]
fn a_first_sync_onto_a_full_disk_is_told_and_leaves_the_next_one_free() {
    for blocks in [0, 1, 4, 8, 12, 16, 20, 30] {
        let lab = Lab::new();
        lab.write_manifest(many(150, 1));
        let ran = limited(&lab, blocks, &["cache", "sync"]);
        match ran.code {
            Some(1) => assert!(ran.err.starts_with("could not ") && ran.err.contains("ile too large"), "{}", ran.err),
            code => assert_eq!(code, Some(0), "{blocks}: {}", ran.err),
        }
        assert!(lab.run(&["release", "list"]).ok() == many_listed(150, 1), "{blocks}");
        assert_verifies(&lab, 150);
    }
}

#[test]
fn an_index_that_is_cut_while_it_is_mapped_is_told() {
    const COUNT: u64 = 20_001;
    let lab = Lab::synced(&many(COUNT, 1));
    let index = files_below(&lab.store()).into_keys().find(|path| text(path).contains("index-")).unwrap();
    assert!(index.metadata().unwrap().len() > 1 << 20, "it is read and not mapped");
    let mut list = lab.spawn(&["release", "list"]);
    let (mut out, mut err) = (list.stdout.take().unwrap(), list.stderr.take().unwrap());
    // The pipe is full by now, or will be.
    out.read_exact(&mut [0]).unwrap();
    std::fs::File::options().write(true).open(&index).unwrap().set_len(0).unwrap();
    std::io::copy(&mut out, &mut std::io::sink()).unwrap();
    let mut said = String::new();
    err.read_to_string(&mut said).unwrap();
    assert_eq!(list.wait().unwrap().code(), Some(1), "{said}");
    assert!(!said.is_empty());
}
