//! A copy of this project that can be released without being compiled.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::packaging::lab::{Lab, Run, program};

/// The version of the program under test.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Stands in for cargo: `cargo build --release` puts `$PROGRAM` where it would have built it.
const CARGO: &str = "#!/bin/sh
[ \"$1 $2\" = 'build --release' ] || exit 1
mkdir -p target/release
cp \"$PROGRAM\" target/release/gh-pmu
";

/// A checkout in the lab.
pub struct Checkout<'a> {
    pub lab: &'a mut Lab,
    pub dir: PathBuf,
}

impl<'a> Checkout<'a> {
    /// A checkout in a directory of that name, and the program under test to be built there.
    pub fn new(lab: &'a mut Lab, name: &str) -> Self {
        let project = Path::new(env!("CARGO_MANIFEST_DIR"));
        let dir = lab.dir().join(name);
        fs::create_dir_all(dir.join("scripts")).unwrap();
        for file in [
            "Cargo.toml",
            "gh-pmu",
            "scripts/build",
            "scripts/install",
            "scripts/man",
            "scripts/publish",
            "scripts/release",
            "scripts/tools",
        ] {
            fs::copy(project.join(file), dir.join(file)).unwrap();
        }
        let bin = lab.dir().join("bin");
        fs::create_dir_all(&bin).unwrap();
        let temporary = lab.dir().join("tmp");
        fs::create_dir_all(&temporary).unwrap();
        lab.set("PATH", &format!("{}:/usr/local/bin:/usr/bin:/bin", bin.display()));
        lab.set("TMPDIR", temporary.to_str().unwrap());
        lab.set("GH_REPO", crate::packaging::fake::REPOSITORY);
        write_program(&bin.join("cargo"), CARGO);
        // So that nothing is found to build for but this machine.
        write_program(&bin.join("rustc"), "#!/bin/sh\nexit 1\n");
        let checkout = Self { lab, dir };
        checkout.changelog(VERSION);
        checkout.builds(&program())
    }

    /// What is built from now on.
    pub fn builds(self, program: &str) -> Self {
        self.lab.set("PROGRAM", program);
        self
    }

    /// Gives the project another version, and a program that says so.
    pub fn bump(self, version: &str) -> Self {
        let path = self.dir.join("Cargo.toml");
        let said = format!("\nversion = \"{VERSION}\"\n");
        let before = fs::read_to_string(&path).unwrap();
        assert!(before.contains(&said));
        fs::write(path, before.replacen(&said, &format!("\nversion = \"{version}\"\n"), 1)).unwrap();
        self.changelog(version);
        let program = self.lab.dir().join(version);
        write_program(&program, &format!("#!/bin/sh\necho gh pmu version {version}\n"));
        self.builds(program.to_str().unwrap())
    }

    /// A changelog with a dated section on a version, between others.
    fn changelog(&self, version: &str) {
        let text = format!(
            "# Changelog\n\nForm.\n\n## 99.0.0 - Unreleased\n\nLater.\n\n## {version} - 2026-11-22\n\nNotes on {version}.\
             \n\n### Added\n\n- `this`\n\n## 0.0.1 - 2020-01-01\n\nEarlier.\n"
        );
        fs::write(self.dir.join("CHANGELOG.md"), text).unwrap();
    }

    pub fn lab(&mut self) -> &mut Lab {
        self.lab
    }

    /// Runs a program of the checkout, or another, in the checkout.
    pub fn run(&self, line: &str) -> Run {
        run_in(self.lab, &self.dir, line)
    }

    /// Runs what must succeed; gives what it prints.
    pub fn done(&self, line: &str) -> String {
        let run = self.run(line);
        assert_eq!(run.code, Some(0), "{line}: {run:?}");
        run.stdout
    }

    /// The files that are there to be released.
    pub fn dist(&self) -> Vec<String> {
        let Ok(entries) = fs::read_dir(self.dir.join("dist")) else { return Vec::new() };
        let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

/// Runs a program in a directory.
pub fn run_in(lab: &Lab, dir: &Path, line: &str) -> Run {
    let mut words = vec!["-C", dir.to_str().unwrap()];
    words.extend(line.split_whitespace());
    lab.run_program("env", &words)
}

/// Writes something to be run.
pub fn write_program(path: &Path, text: &str) {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}
