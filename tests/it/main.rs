//! All integration tests, as one program: built and linked once.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_macros,
    clippy::disallowed_methods,
    clippy::print_stderr,
    clippy::print_stdout,
    reason = "a test that cannot go on fails, and says what it explored or had to leave out"
)]

mod cli;
mod decoder;
#[cfg(unix)]
mod engines;
#[cfg(unix)]
mod github;
mod golden;
mod layering;
mod library;
mod oracle;
#[cfg(target_os = "linux")]
mod packaging;
#[cfg(unix)]
mod page;
mod random;
#[cfg(unix)]
mod shared;
mod store;
#[cfg(unix)]
mod workflow;

/// A file that no module names would never be built or run, and nobody would notice.
#[test]
fn every_file_is_part_of_a_program() {
    let roots = ["tests/it/main.rs", "src/lib.rs", "src/bin/gh-pmu/main.rs"];
    let package = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let (mut found, mut open) = (Vec::new(), vec![package.join("tests/it"), package.join("src")]);
    while let Some(dir) = open.pop() {
        for path in std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    assert!(found.len() > 150, "only {} files: is this the right directory?", found.len());
    for path in found.iter().filter(|path| !roots.iter().any(|root| path.ends_with(root))) {
        // `dir/mod.rs` is the module that the directory is named after.
        let module = if path.ends_with("mod.rs") { path.parent().unwrap() } else { path };
        let (dir, name) = (module.parent().unwrap(), module.file_stem().unwrap().to_str().unwrap());
        let parents = [dir.join("main.rs"), dir.join("lib.rs"), dir.join("mod.rs"), dir.with_extension("rs")];
        let declares = |parent: &std::path::PathBuf| {
            let text = std::fs::read_to_string(parent).unwrap_or_default();
            text.lines().any(|line| !line.contains("//") && line.ends_with(&format!("mod {name};")))
        };
        assert!(parents.iter().any(declares), "no module declares {}", path.display());
    }
}
