//! All integration tests, as one program: built and linked once.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::print_stderr,
    clippy::print_stdout,
    reason = "a test that cannot go on fails, and says what it explored or had to leave out"
)]

mod cli;
mod decoder;
#[cfg(unix)]
mod github;
mod golden;
mod layering;
mod library;
#[cfg(target_os = "linux")]
mod packaging;
#[cfg(unix)]
mod shared;
mod store;
#[cfg(unix)]
mod workflow;

/// A file that no module names would never run, and nobody would notice.
#[test]
fn every_file_is_part_of_the_program() {
    fn files(dir: &std::path::Path, found: &mut Vec<std::path::PathBuf>) {
        for entry in std::fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                files(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it");
    let mut found = Vec::new();
    files(&root, &mut found);
    assert!(found.len() > 50, "only {} files: is this the right directory?", found.len());
    for path in found.iter().filter(|path| !path.ends_with("tests/it/main.rs")) {
        let stem = path.file_stem().unwrap().to_str().unwrap();
        let (name, dir) = match stem {
            "mod" => (
                path.parent().unwrap().file_name().unwrap().to_str().unwrap(),
                path.parent().unwrap().parent().unwrap(),
            ),
            _ => (stem, path.parent().unwrap()),
        };
        let parents = [dir.join("main.rs"), dir.join("mod.rs"), dir.with_extension("rs")];
        let declares = |parent: &std::path::PathBuf| {
            let text = std::fs::read_to_string(parent).unwrap_or_default();
            text.lines().any(|line| line.trim_start_matches("pub ").trim_end() == format!("mod {name};"))
        };
        assert!(parents.iter().any(declares), "no module declares {}", path.display());
    }
}
