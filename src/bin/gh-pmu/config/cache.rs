//! The `cache:` section of a configuration. Owns its keys, defaults and what each may be; must not know where the file
//! was found.
//!
//! The file comes with a clone: `manifest` cannot leave the checkout, `branch` cannot be read as an option by git, and
//! `path` names no more than the directory below which the cache keeps files of its own names.

use std::path::{Component, Path, PathBuf};

use gh_pmu::git::git_path;
use gh_pmu::github::{Rules, Wanted};
use gh_pmu::manifest::USUAL_PATH;

use super::file::FILE_NAME;
use super::shell;
use super::yaml::{self, Node, Value};
use crate::exit::Error;
use crate::near::nearest;

/// How the default of `path` is written.
pub const DEFAULT_PATH: &str = "~/.config/gh-pmu/cache";

/// The section, with defaults where the file says nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CacheSection {
    /// Whether the cache is used at all.
    pub enabled: bool,
    /// Where it is, when the file names another place than the default.
    pub path: Option<PathBuf>,
    /// The manifest, relative to the root of the checkout and inside it.
    pub manifest: PathBuf,
    /// Read the manifest from this remote branch.
    pub branch: Option<String>,
    /// Sync on list and history commands.
    pub auto_sync: bool,
    /// Pull first.
    pub auto_pull: bool,
    /// Seconds between pulls.
    pub auto_pull_interval: u64,
    /// Seconds after which the cache is stale.
    pub max_age: Option<u64>,
    /// What a first sync begins with.
    pub history: History,
    /// Which issues are trackers.
    pub rules: Rules,
}

/// What a first sync begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum History {
    /// The versions that git has.
    Git,
    /// The present.
    None,
}

/// Every key.
const KEYS: [&str; 14] = [
    "enabled",
    "backend",
    "path",
    "manifest",
    "branch",
    "auto_sync",
    "auto_pull",
    "auto_pull_interval",
    "max_age",
    "history",
    "release_labels",
    "release_titles",
    "microsprint_labels",
    "microsprint_titles",
];
/// Where the first proposal kept its lists.
const OLD_KEYS: [&str; 2] = ["releases", "microsprints"];

impl Default for CacheSection {
    fn default() -> Self {
        Self {
            enabled: true,
            path: None,
            // In the system's own notation, as messages show it.
            manifest: USUAL_PATH.split('/').collect(),
            branch: None,
            auto_sync: true,
            auto_pull: false,
            auto_pull_interval: 300,
            max_age: None,
            history: History::Git,
            rules: Rules::default(),
        }
    }
}

impl CacheSection {
    /// Whether a first sync takes the versions that git has.
    pub fn keeps_history(&self) -> bool {
        self.history == History::Git
    }
}

/// Reads the section from the file's bytes; `home` is what `~/` stands for, and a relative `path` is seen from the root
/// of the checkout.
///
/// # Errors
/// Not UTF-8, not YAML, or a value that cannot be: with file, line, key, what stands there and what may.
pub fn read(file: &Path, bytes: &[u8], home: Option<&Path>, warnings: &mut Vec<String>) -> Result<CacheSection, Error> {
    find(file, bytes, home, warnings).map(Option::unwrap_or_default)
}

/// As [`read`]; `None` if the file has no section.
///
/// # Errors
/// As [`read`].
pub fn find(
    file: &Path,
    bytes: &[u8],
    home: Option<&Path>,
    warnings: &mut Vec<String>,
) -> Result<Option<CacheSection>, Error> {
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let line = 1 + bytes[..error.valid_up_to()].iter().filter(|c| **c == b'\n').count();
        Error::new(format!("{}: line {line} is not UTF-8", file.display()))
    })?;
    let node = yaml::top_level(text, "cache").map_err(|malformed| {
        Error::new(format!("{}: line {}: {}", file.display(), malformed.line, malformed.reason))
    })?;
    let mut section = CacheSection::default();
    let reader = Reader { file, home };
    let entries = match node {
        None => return Ok(None),
        Some(Node { value: Value::Mapping(entries), .. }) => entries,
        Some(node) if is_null(&node) => return Ok(Some(section)),
        Some(node) => return Err(reader.wrong("cache", &node, "a mapping such as {auto_sync: true}")),
    };
    for (at, (key, line, node)) in entries.iter().enumerate() {
        if entries[..at].iter().any(|(earlier, ..)| earlier == key) {
            return Err(Error::new(format!("{}: line {line}: cache.{key} is there twice", file.display())));
        }
        reader.entry(&mut section, (key, *line), node, warnings)?;
    }
    Ok(Some(section))
}

/// The manifest's path in an old version of a configuration, as git spells it; `None` if that has no section. What cannot
/// be read says nothing else than the default.
pub fn manifest_of(bytes: &[u8]) -> Option<String> {
    let section =
        find(Path::new(FILE_NAME), bytes, None, &mut Vec::new()).unwrap_or_else(|_| Some(CacheSection::default()));
    git_path(&section?.manifest)
}

struct Reader<'r> {
    file: &'r Path,
    home: Option<&'r Path>,
}

impl Reader<'_> {
    /// Keys that are not known are named and left alone: newer versions may know them.
    fn entry(
        &self,
        section: &mut CacheSection,
        (key, line): (&str, usize),
        node: &Node,
        warnings: &mut Vec<String>,
    ) -> Result<(), Error> {
        let wrong = |may: &str| self.wrong(&format!("cache.{key}"), node, may);
        match key {
            "enabled" => section.enabled = boolean(node).ok_or_else(|| wrong("true or false"))?,
            "auto_sync" => section.auto_sync = boolean(node).ok_or_else(|| wrong("true or false"))?,
            "auto_pull" => section.auto_pull = boolean(node).ok_or_else(|| wrong("true or false"))?,
            "backend" => match string(node).map(str::to_ascii_lowercase).as_deref() {
                Some("log") => {}
                Some(old @ ("sqlite" | "bolt")) => warnings.push(format!(
                    "{}: line {}: cache.backend {old} is read as log",
                    self.file.display(),
                    node.line
                )),
                _ => return Err(wrong("log")),
            },
            "path" => section.path = self.path(node).map_err(wrong)?,
            "manifest" => {
                let may = "a relative path inside the checkout";
                section.manifest = string(node).and_then(inside).ok_or_else(|| wrong(may))?;
            }
            "branch" if is_null(node) => section.branch = None,
            "branch" => {
                let name = string(node).filter(|name| is_branch(name));
                section.branch = Some(name.ok_or_else(|| wrong("the name of a branch, or null"))?.to_owned());
            }
            "auto_pull_interval" => {
                section.auto_pull_interval = seconds(node).ok_or_else(|| wrong("a number of seconds"))?;
            }
            "max_age" if is_null(node) => section.max_age = None,
            "max_age" => section.max_age = Some(seconds(node).ok_or_else(|| wrong("a number of seconds, or null"))?),
            "history" => {
                section.history = match string(node) {
                    Some("git") => History::Git,
                    Some("none") => History::None,
                    _ => return Err(wrong("git or none")),
                }
            }
            "release_labels" | "microsprint_labels" => {
                let labels = self.texts(key, node, "a list of labels such as [release, branch]")?;
                rules_of(section, key).labels = labels;
            }
            "release_titles" | "microsprint_titles" => {
                let titles = self.texts(key, node, "a list of texts such as [\"Release: \"]")?;
                rules_of(section, key).titles = titles;
            }
            _ if OLD_KEYS.contains(&key) => {}
            _ => {
                let meant = nearest(key, KEYS).map(|meant| format!("; did you mean {meant}?")).unwrap_or_default();
                let file = self.file.display();
                warnings.push(format!("{file}: line {line}: cache.{key} is not known and not used{meant}"));
            }
        }
        Ok(())
    }

    /// `~/` is the home directory; what is relative is seen from the file's directory.
    fn path(&self, node: &Node) -> Result<Option<PathBuf>, &'static str> {
        // `init` writes the default down. In a file for everyone it must not outdo `XDG_CONFIG_HOME` or Windows' place.
        if is_null(node) || string(node) == Some(DEFAULT_PATH) {
            return Ok(None);
        }
        let text = string(node).ok_or("the path of a directory")?;
        if leads_elsewhere(text) {
            return Err("the path of a directory of this machine, without streams or dots at the end of a name");
        }
        shell::dir(text, base(self.file), self.home).map(Some)
    }

    /// One text or a list of them, none of them empty or with control characters.
    fn texts(&self, key: &str, node: &Node, may: &str) -> Result<Vec<String>, Error> {
        let is_text = |text: &&str| !text.trim().is_empty() && !text.contains(char::is_control);
        let text =
            |key: &str, node| string(node).filter(is_text).map(str::to_owned).ok_or_else(|| self.wrong(key, node, may));
        match &node.value {
            Value::Sequence(nodes) if !nodes.is_empty() => {
                nodes.iter().map(|node| text(&format!("an item of cache.{key}"), node)).collect()
            }
            _ => text(&format!("cache.{key}"), node).map(|text| vec![text]),
        }
    }

    fn wrong(&self, key: &str, node: &Node, may: &str) -> Error {
        let stands = match &node.value {
            Value::Scalar { text, plain: true } if text.is_empty() => "empty".to_owned(),
            Value::Scalar { text, plain: true } => text.clone(),
            Value::Scalar { text, plain: false } => format!("{text:?}"),
            Value::Sequence(items) if items.is_empty() => "an empty list".to_owned(),
            Value::Sequence(_) => "a list".to_owned(),
            Value::Mapping(_) => "a mapping".to_owned(),
        };
        Error::new(format!("{}: line {}: {key} is {stands}; it may be {may}", self.file.display(), node.line))
    }
}

fn is_null(node: &Node) -> bool {
    let null = |text: &str| matches!(text, "" | "~" | "null" | "Null" | "NULL");
    matches!(&node.value, Value::Scalar { text, plain: true } if null(text))
}

fn boolean(node: &Node) -> Option<bool> {
    match &node.value {
        Value::Scalar { text, plain: true } => match &**text {
            "true" | "True" | "TRUE" => Some(true),
            "false" | "False" | "FALSE" => Some(false),
            _ => None,
        },
        _ => None,
    }
}

fn string(node: &Node) -> Option<&str> {
    match &node.value {
        Value::Scalar { text, .. } if !is_null(node) => Some(text),
        _ => None,
    }
}

fn seconds(node: &Node) -> Option<u64> {
    match &node.value {
        // A number and nothing else: `parse` alone would take a plus sign.
        Value::Scalar { text, plain: true } if text.bytes().all(|c| c.is_ascii_digit()) => text.parse().ok(),
        _ => None,
    }
}

fn rules_of<'s>(section: &'s mut CacheSection, key: &str) -> &'s mut Wanted {
    match key.starts_with("release") {
        true => &mut section.rules.releases,
        false => &mut section.rules.microsprints,
    }
}

/// The directory that relative paths are seen from: the checkout's, also if the file is in its `.github`.
pub fn base(file: &Path) -> &Path {
    let dir = file.parent().unwrap_or(Path::new(""));
    match dir.file_name() {
        Some(name) if name == ".github" => dir.parent().unwrap_or(dir),
        _ => dir,
    }
}

/// Whether Windows would follow the path to another machine, into a stream, or to another name. Refused everywhere: the
/// file is the same for everybody.
fn leads_elsewhere(text: &str) -> bool {
    let is_drive = matches!(text.as_bytes(), [letter, b':', b'/' | b'\\', ..] if letter.is_ascii_alphabetic());
    let rest = if is_drive { &text[2..] } else { text };
    let is_share = text.starts_with("\\\\") || text.starts_with("//");
    let changes = |part: &str| part.ends_with(['.', ' ']) && part != "." && part != "..";
    is_share || rest.contains(':') || text.split(['/', '\\']).any(changes)
}

/// A relative path that stays where it is joined, on every system: no root, no drive, no `..`.
fn inside(text: &str) -> Option<PathBuf> {
    let drive = text.as_bytes().get(1) == Some(&b':');
    if text.contains(['\\', '\0']) || shell::is_for_a_shell(text) || text.starts_with('~') || drive {
        return None;
    }
    let mut path = PathBuf::new();
    for component in Path::new(text).components() {
        match component {
            Component::CurDir => {}
            Component::Normal(name) => path.push(name),
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    (!path.as_os_str().is_empty()).then_some(path)
}

/// What `git check-ref-format --branch` takes, and nothing that git could read as an option.
pub fn is_branch(name: &str) -> bool {
    let forbidden = |c: char| c.is_control() || " ~^:?*[\\".contains(c);
    let part = |part: &str| !part.is_empty() && !part.starts_with('.') && !part.ends_with(".lock");
    name.len() <= 255
        && !name.starts_with('-')
        && !name.ends_with('.')
        && !["@", "HEAD"].contains(&name)
        && !name.contains("..")
        && !name.contains("@{")
        && !name.contains(forbidden)
        && name.split('/').all(part)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_with(text: &str, warnings: &mut Vec<String>) -> Result<CacheSection, Error> {
        read(Path::new("/w/.gh-pmu.yml"), text.as_bytes(), Some(Path::new("/home/me")), warnings)
    }

    fn section(text: &str) -> CacheSection {
        let mut warnings = Vec::new();
        let section = read_with(text, &mut warnings).unwrap();
        assert!(warnings.is_empty(), "{warnings:?}");
        section
    }

    /// The section of one key, indented below `cache:`.
    fn error(entry: &str) -> String {
        match read_with(&format!("project: x\ncache:\n  {entry}\n"), &mut Vec::new()).unwrap_err() {
            Error::Failed { message, .. } => message.replace("/w/.gh-pmu.yml", "FILE"),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn every_key_of_the_documentation_is_read() {
        let text = "cache:\n  enabled: false\n  backend: log\n  path: ~/pmu\n  manifest: ./ci/m.json\n  branch: pmu-cache\n  \
                    auto_sync: false\n  auto_pull: true\n  auto_pull_interval: 60\n  max_age: 3600\n  \
                    history: none\n  release_labels: [rel, branch]\n  release_titles: \"R: \"\n  \
                    microsprint_labels:\n    - m\n  microsprint_titles: [\"M: \", \"Sprint \"]\n";
        let expected = CacheSection {
            enabled: false,
            path: Some("/home/me/pmu".into()),
            manifest: "ci/m.json".into(),
            branch: Some("pmu-cache".into()),
            auto_sync: false,
            auto_pull: true,
            auto_pull_interval: 60,
            max_age: Some(3600),
            history: History::None,
            rules: Rules {
                releases: Wanted { labels: vec!["rel".into(), "branch".into()], titles: vec!["R: ".into()] },
                microsprints: Wanted { labels: vec!["m".into()], titles: vec!["M: ".into(), "Sprint ".into()] },
            },
        };
        assert_eq!(section(text), expected);
    }

    #[test]
    fn what_is_missing_null_or_unknown_is_the_default() {
        for text in [
            "",
            "project: x\n",
            "cache:\n",
            "cache: null\n",
            "cache: {}\n",
            "cache:\n  branch: null\n  max_age: ~\n  path:\n",
            "cache: {releases: [{number: 1}], microsprints: []}\n",
            "cache:\n  releases:\n    - number: 1\n      title: \"x: y\"\n  microsprints: []\n",
        ] {
            assert_eq!(section(text), CacheSection::default(), "{text}");
        }
    }

    #[test]
    fn the_first_proposal_s_backends_are_read_as_log_with_one_warning() {
        for old in ["sqlite", "bolt"] {
            let mut warnings = Vec::new();
            read_with(&format!("cache:\n  backend: {old}\n"), &mut warnings).unwrap();
            assert_eq!(warnings, [format!("/w/.gh-pmu.yml: line 2: cache.backend {old} is read as log")]);
        }
        assert_eq!(error("backend: redis"), "FILE: line 3: cache.backend is redis; it may be log");
    }

    #[test]
    fn a_wrong_value_names_file_line_key_what_stands_there_and_what_may() {
        assert_eq!(error("enabled: yes"), "FILE: line 3: cache.enabled is yes; it may be true or false");
        assert_eq!(error("auto_pull: \"true\""), "FILE: line 3: cache.auto_pull is \"true\"; it may be true or false");
        assert_eq!(error("auto_sync: [a]"), "FILE: line 3: cache.auto_sync is a list; it may be true or false");
        assert_eq!(error("max_age: 5m"), "FILE: line 3: cache.max_age is 5m; it may be a number of seconds, or null");
        assert_eq!(
            error("auto_pull_interval: -1"),
            "FILE: line 3: cache.auto_pull_interval is -1; it may be a number of seconds"
        );
        assert_eq!(
            error("path: ~bob/x"),
            "FILE: line 3: cache.path is ~bob/x; it may be a directory as it is, without $, `, or %NAME%; only ~/ at its beginning is the home directory"
        );
        assert_eq!(error("path: {a: b}"), "FILE: line 3: cache.path is a mapping; it may be the path of a directory");
        assert_eq!(error("enabled: true\n  enabled: true"), "FILE: line 4: cache.enabled is there twice");
        let whole = read_with("a: b\ncache: 5\n", &mut Vec::new()).unwrap_err();
        assert!(whole.to_string().contains("line 2: cache is 5; it may be a mapping"), "{whole}");
    }

    #[test]
    fn an_unknown_key_is_a_warning_that_names_the_nearest() {
        let mut warnings = Vec::new();
        let text = "cache:\n  auto_synk: false\n  <<: {releases_labels: [x]}\n  microsprints: []\n";
        assert_eq!(read_with(text, &mut warnings).unwrap(), CacheSection::default());
        assert_eq!(
            warnings,
            [
                "/w/.gh-pmu.yml: line 2: cache.auto_synk is not known and not used; did you mean auto_sync?",
                "/w/.gh-pmu.yml: line 3: cache.releases_labels is not known and not used; did you mean release_labels?",
            ]
        );
    }

    #[test]
    fn lists_and_words_are_checked() {
        for entry in
            ["release_labels: []", "microsprint_labels: [a, \"\"]", "release_labels: {a: b}", "release_labels:"]
        {
            assert!(error(entry).ends_with("it may be a list of labels such as [release, branch]"), "{entry}");
        }
        assert_eq!(
            error("release_titles: [a, [b]]"),
            "FILE: line 3: an item of cache.release_titles is a list; it may be a list of texts such as [\"Release: \"]"
        );
        assert_eq!(error("history: all"), "FILE: line 3: cache.history is all; it may be git or none");
    }

    #[test]
    fn text_for_a_shell_is_expanded_or_refused() {
        assert_eq!(section("cache: {path: '~/x'}").path.unwrap(), Path::new("/home/me/x"));
        assert_eq!(section("cache: {path: '50%/100%'}").path.unwrap(), Path::new("/w/50%/100%"));
        for path in ["$HOME/x", "a/${X}", "~bob/x", "~$x", "'%APPDATA%/x'", "a`pwd`"] {
            let message = error(&format!("path: {path}"));
            assert!(message.contains("it may be a directory as it is, without $"), "{message}");
        }
        for path in ["$HOME/x", "~/m.json", "'%TEMP%/m.json'"] {
            let message = error(&format!("manifest: {path}"));
            assert!(message.ends_with("it may be a relative path inside the checkout"), "{message}");
        }
    }

    #[test]
    fn a_path_cannot_lead_to_another_machine_or_into_a_stream() {
        for path in ["'\\\\server\\share'", "//server/share", "a:b", "C:/a:b", "a./b", "'a /b'", "..."] {
            let message = error(&format!("path: {path}"));
            assert!(message.contains("a directory of this machine"), "{message}");
        }
        assert!(section("cache: {path: ../c}").path.is_some() && section("cache: {path: 'C:/c'}").path.is_some());
    }

    #[test]
    fn a_file_in_dot_github_is_seen_from_the_checkout() {
        let section = read(Path::new("/w/.github/pmu.yml"), b"cache: {path: c}", None, &mut Vec::new()).unwrap();
        assert_eq!(section.path.unwrap(), Path::new("/w/c"));
    }

    #[test]
    fn a_manifest_cannot_leave_the_checkout() {
        for path in
            ["/etc/passwd", "../x", "a/../../x", "a/..", "C:/x", "'C:\\x'", "'..\\x'", "\"a\\0b\"", "\"\"", ".", "null"]
        {
            let message = error(&format!("manifest: {path}"));
            assert!(message.ends_with("it may be a relative path inside the checkout"), "{message}");
        }
        assert_eq!(section("cache: {manifest: a/./b.json}").manifest, Path::new("a/b.json"));
    }

    #[test]
    fn a_branch_cannot_be_an_option_or_a_revision_expression() {
        for name in [
            "--upload-pack=x",
            "a..b",
            "a b",
            "a:b",
            "'@{u}'",
            "a.lock",
            "/a",
            "a//b",
            "a~1",
            "\"a\\nb\"",
            "'@'",
            "[a]",
        ] {
            let message = error(&format!("branch: {name}"));
            assert!(message.ends_with("it may be the name of a branch, or null"), "{message}");
        }
        assert_eq!(section("cache: {branch: feature/x-1}").branch.as_deref(), Some("feature/x-1"));
    }

    #[test]
    fn a_relative_directory_is_seen_from_the_file() {
        assert_eq!(section("cache: {path: .cache/pmu}").path.unwrap(), Path::new("/w/.cache/pmu"));
        assert_eq!(section("cache: {path: \"~\"}").path.unwrap(), Path::new("/home/me"));
        assert_eq!(section("cache: {path: /abs}").path.unwrap(), Path::new("/abs"));
    }

    #[test]
    fn bytes_that_are_not_utf_8_or_not_yaml_are_placed() {
        let error = read(Path::new("f"), b"a: b\ncache: \xff", None, &mut Vec::new()).unwrap_err();
        assert_eq!(error, Error::new("f: line 2 is not UTF-8"));
        let error = read(Path::new("f"), b"cache:\n  path: [x\n", None, &mut Vec::new()).unwrap_err();
        assert!(error.to_string().starts_with("f: line "), "{error}");
    }
}
