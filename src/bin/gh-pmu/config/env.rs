//! The environment: the only file that names its variables. Owns what each means; must not know who asks.
#![allow(clippy::disallowed_methods, reason = "the one place that reads the environment")]

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use gh_pmu::github::Gh;
use jiff::tz::TimeZone;

use super::{file, shell, yaml};
use crate::exit::Error;

/// Looks up one variable.
pub type Env<'e> = &'e dyn Fn(&str) -> Option<OsString>;

/// The environment of this process.
pub fn process_env(name: &str) -> Option<OsString> {
    std::env::var_os(name)
}

/// Every variable of this process that is UTF-8: what jq expressions see.
pub fn utf8_variables() -> impl Iterator<Item = (String, String)> {
    std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
}

/// The local time zone: `TZ`'s, else the system's; UTC for a name that nobody knows, as in every C library.
pub fn local_zone() -> TimeZone {
    // What those libraries take where a name of summer time stands without its rule.
    const RULE: &str = ",M3.2.0,M11.1.0";
    let other = |_| {
        let named = text(&process_env, "TZ").unwrap_or_default();
        let named = named.trim_start_matches(':');
        match named.split_once('/') {
            Some(("posix" | "right", name)) => TimeZone::get(name),
            _ => TimeZone::posix(&format!("{named}{RULE}")),
        }
    };
    TimeZone::try_system().or_else(other).unwrap_or(TimeZone::UTC)
}

/// What the environment wishes of a terminal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TerminalWishes {
    /// `GH_FORCE_TTY`: standard output counts as a terminal.
    pub force_tty: Option<String>,
    /// `NO_COLOR`, or `CLICOLOR=0`.
    pub color_off: bool,
    /// `CLICOLOR_FORCE`, unless it is 0.
    pub color_on: bool,
    /// `GH_PROMPT_DISABLED`: nobody is asked.
    pub prompt_off: bool,
    /// `TERM` or `COLORTERM` promise 256 colours.
    pub colors_256: bool,
}

impl TerminalWishes {
    /// Reads them.
    pub fn read(env: Env<'_>) -> Self {
        let is = |name, test: &dyn Fn(&str) -> bool| text(env, name).is_some_and(|value| test(&value));
        let rich = |value: &str| ["256", "24bit", "truecolor"].iter().any(|word| value.contains(word));
        Self {
            force_tty: text(env, "GH_FORCE_TTY"),
            color_off: is("NO_COLOR", &|_| true) || is("CLICOLOR", &|value| value == "0"),
            color_on: is("CLICOLOR_FORCE", &|value| value != "0"),
            prompt_off: env("GH_PROMPT_DISABLED").is_some(),
            colors_256: is("TERM", &rich) || is("COLORTERM", &rich),
        }
    }
}

/// A pager and what it needs set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PagerCommand {
    /// The program and its arguments.
    pub words: Vec<String>,
    /// Variables that are set for it, because the user has not.
    pub variables: Vec<(&'static str, &'static str)>,
}

impl PagerCommand {
    /// `GH_PAGER`, else `pager` of gh's configuration, else `PAGER`; `None` where that is empty or `cat`.
    pub fn read(env: Env<'_>) -> Option<Self> {
        let command = match env("GH_PAGER") {
            Some(own) => own.into_string().ok()?,
            None => gh_config(env, "pager").or_else(|| text(env, "PAGER"))?,
        };
        let words = split_words(&command)?;
        if words.is_empty() || words == ["cat"] {
            return None;
        }
        let defaults = [("LESS", "FRX"), ("LV", "-c")];
        Some(Self { words, variables: defaults.into_iter().filter(|(name, _)| env(name).is_none()).collect() })
    }
}

/// The words that start a browser: `GH_BROWSER`, else `browser` of gh's configuration, else `BROWSER`; `None` where
/// the system's own is meant.
pub fn browser(env: Env<'_>) -> Option<Vec<String>> {
    let own = text(env, "GH_BROWSER").or_else(|| gh_config(env, "browser"));
    split_words(&own.or_else(|| text(env, "BROWSER"))?).filter(|words| !words.is_empty())
}

/// Where files go that need not last.
pub fn temporary_dir() -> PathBuf {
    std::env::temp_dir()
}

/// How long one request to GitHub may take: GitHub itself gives up after ten seconds.
const GH_TIMEOUT: Duration = Duration::from_secs(30);

/// The program `gh`, or the one that `GH_PATH` names, with the environment of this process. `GH_PMU_TIMEOUT` is the
/// number of seconds that one request may take.
pub fn gh(env: Env<'_>) -> Gh {
    let seconds = text(env, "GH_PMU_TIMEOUT").and_then(|text| text.parse::<u32>().ok()).filter(|seconds| *seconds > 0);
    Gh {
        program: path(env, "GH_PATH").unwrap_or_else(|| PathBuf::from("gh")),
        environment: std::env::vars_os().collect(),
        timeout: seconds.map_or(GH_TIMEOUT, |seconds| Duration::from_secs(seconds.into())),
    }
}

/// A value that is set, UTF-8 and not empty.
pub fn text(env: Env<'_>, name: &str) -> Option<String> {
    env(name)?.into_string().ok().filter(|value| !value.is_empty())
}

/// A value that decides what is answered.
///
/// # Errors
/// It is not UTF-8: it names something, and not what would be taken without it.
pub fn told(env: Env<'_>, name: &str) -> Result<Option<String>, Error> {
    match env(name).map(OsString::into_string).transpose() {
        Ok(value) => Ok(value.filter(|value| !value.is_empty())),
        Err(value) => Err(Error::new(format!("{name} is {value:?}, which is not UTF-8"))),
    }
}

/// Refuses what is no time for [`gh`].
///
/// # Errors
/// The sentence.
pub fn check_timeout(env: Env<'_>) -> Result<(), Error> {
    match told(env, "GH_PMU_TIMEOUT")? {
        Some(text) if text.parse::<u32>().is_ok_and(|seconds| seconds > 0) => Ok(()),
        Some(text) => Err(Error::new(format!("GH_PMU_TIMEOUT is {text}; it may be a number of seconds, 1 or more"))),
        None => Ok(()),
    }
}

/// The home directory.
pub fn home(env: Env<'_>) -> Option<PathBuf> {
    path(env, "HOME").or_else(|| if cfg!(windows) { path(env, "USERPROFILE") } else { None })
}

/// `GH_PMU_CACHE_DIR`, seen from the working directory.
///
/// # Errors
/// It is text for a shell, or relative to a directory that is gone.
pub fn cache_dir(env: Env<'_>, cwd: Option<&Path>) -> Result<Option<PathBuf>, Error> {
    const NAME: &str = "GH_PMU_CACHE_DIR";
    let Some(given) = path(env, NAME) else { return Ok(None) };
    let dir = match given.to_str() {
        Some(text) => {
            let dir = shell::dir(text, cwd.unwrap_or(Path::new("")), home(env).as_deref());
            dir.map_err(|may| Error::new(format!("{NAME} is {text}; it may be {may}")))?
        }
        None => cwd.unwrap_or(Path::new("")).join(given),
    };
    match cwd.is_none() && dir.is_relative() {
        true => Err(Error::new(format!("{NAME} is relative, and the working directory is gone"))),
        false => Ok(Some(dir)),
    }
}

/// The words of the program that gets the commands that are not ours: `GH_PMU_DELEGATE`, else `delegate` of the user's own
/// configuration; never a repository's.
///
/// # Errors
/// A quote is not closed; not UTF-8.
pub fn delegate(env: Env<'_>) -> Result<Option<Vec<String>>, Error> {
    let named = match told(env, "GH_PMU_DELEGATE")? {
        Some(named) => named,
        None => match delegate_of_file(env)? {
            Some(named) => named,
            None => return Ok(None),
        },
    };
    let named = match (named.strip_prefix("~/"), home(env)) {
        (Some(rest), Some(home)) => home.join(rest).to_string_lossy().into_owned(),
        _ => named,
    };
    // A path may have spaces in it.
    if Path::new(&named).is_absolute() && Path::new(&named).is_file() {
        return Ok(Some(vec![named]));
    }
    match split_words(&named).filter(|words| !words.is_empty()) {
        // Which program that is would depend on the directory, and a repository may have one there.
        Some(words) if Path::new(&words[0]).components().count() > 1 && !Path::new(&words[0]).is_absolute() => {
            Err(Error::new(format!("{named:?} names a program to delegate to by a path that is not absolute"))
                .with_hint("Name it by its whole path, or by its name alone if it is in PATH."))
        }
        Some(words) => Ok(Some(words)),
        None => Err(Error::new(format!("{named:?} names no program to delegate to: a quote is not closed"))),
    }
}

/// `delegate:` of the user's own file.
fn delegate_of_file(env: Env<'_>) -> Result<Option<String>, Error> {
    let Some(path) = default_cache_dir(env).map(|dir| dir.with_file_name("config.yml")) else { return Ok(None) };
    let wrong = |line: usize, what: &str| Error::new(format!("{}: line {line}: {what}", path.display()));
    let Ok(bytes) = file::read_plain(&path) else { return Ok(None) };
    let text = String::from_utf8(bytes).map_err(|_| Error::new(format!("{} is not UTF-8", path.display())))?;
    let node = yaml::top_level(&text, "delegate").map_err(|malformed| wrong(malformed.line, &malformed.reason))?;
    match node {
        None => Ok(None),
        Some(yaml::Node { value: yaml::Value::Scalar { text, .. }, .. }) => {
            Ok(Some(text).filter(|text| !text.is_empty()))
        }
        Some(node) => Err(wrong(node.line, "delegate is no text; it may be the name or the whole path of a program")),
    }
}

/// Where caches are when nothing says otherwise.
pub fn default_cache_dir(env: Env<'_>) -> Option<PathBuf> {
    // As the XDG specification says, a path that is not absolute counts for nothing.
    let config = match path(env, "XDG_CONFIG_HOME").filter(|dir| dir.is_absolute()) {
        Some(dir) => dir,
        None if cfg!(windows) => path(env, "APPDATA")?,
        None => home(env)?.join(".config"),
    };
    Some(config.join("gh-pmu").join("cache"))
}

fn path(env: Env<'_>, name: &str) -> Option<PathBuf> {
    env(name).filter(|value| !value.is_empty()).map(PathBuf::from)
}

/// A value of gh's own `config.yml`. A file that cannot be read says nothing: it is gh's to complain about.
fn gh_config(env: Env<'_>, key: &str) -> Option<String> {
    setting(&gh_config_dir(env)?.join("config.yml"), key)
}

/// A text in a user's configuration; `None` if it is not there, or cannot be read.
fn setting(file: &Path, key: &str) -> Option<String> {
    let text = String::from_utf8(file::read_plain(file).ok()?).ok()?;
    match yaml::top_level(&text, key).ok()??.value {
        yaml::Value::Scalar { text, .. } if !text.is_empty() => Some(text),
        _ => None,
    }
}

/// Where gh keeps its configuration.
fn gh_config_dir(env: Env<'_>) -> Option<PathBuf> {
    if let Some(dir) = path(env, "GH_CONFIG_DIR") {
        return Some(dir);
    }
    match path(env, "XDG_CONFIG_HOME") {
        Some(dir) => Some(dir.join("gh")),
        None if cfg!(windows) => Some(path(env, "APPDATA")?.join("GitHub CLI")),
        None => Some(home(env)?.join(".config").join("gh")),
    }
}

/// The file in which gh names the hosts that the user is signed in to.
pub fn gh_hosts(env: Env<'_>) -> Option<PathBuf> {
    Some(gh_config_dir(env)?.join("hosts.yml"))
}

/// The hosts in that file; none where it cannot be read.
pub fn read_hosts(path: &Path) -> Vec<String> {
    std::fs::read_to_string(path).ok().and_then(|text| yaml::keys(&text).ok()).unwrap_or_default()
}

/// Words as a shell splits them, with quotes and backslashes; `None` where a quote is not closed.
fn split_words(command: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut chars = command.chars();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (None, c) if c.is_whitespace() => words.extend(word.take()),
            (None, '\'' | '"') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (Some(open), c) if open == c => quote = None,
            (None | Some('"'), '\\') if !cfg!(windows) => word.get_or_insert_default().push(chars.next()?),
            (_, c) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    quote.is_none().then_some(words)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    fn with<T>(variables: &[(&str, &str)], read: impl Fn(Env<'_>) -> T) -> T {
        let map: HashMap<&str, &str> = variables.iter().copied().collect();
        read(&|name| map.get(name).map(OsString::from))
    }

    #[test]
    fn terminal_wishes_are_read_as_gh_reads_them() {
        let wishes = |variables: &[(&str, &str)]| with(variables, |env| TerminalWishes::read(env));
        assert_eq!(wishes(&[]), TerminalWishes::default());
        assert!(wishes(&[("NO_COLOR", "1")]).color_off && !wishes(&[("NO_COLOR", "")]).color_off);
        assert!(wishes(&[("CLICOLOR", "0")]).color_off && !wishes(&[("CLICOLOR", "1")]).color_off);
        assert!(wishes(&[("CLICOLOR_FORCE", "1")]).color_on && !wishes(&[("CLICOLOR_FORCE", "0")]).color_on);
        assert!(wishes(&[("TERM", "xterm-256color")]).colors_256 && wishes(&[("COLORTERM", "truecolor")]).colors_256);
        assert_eq!(wishes(&[("GH_FORCE_TTY", "80%")]).force_tty.as_deref(), Some("80%"));
    }

    #[test]
    fn the_pager_is_gh_s_own_before_the_user_s() {
        let words = |variables: &[(&str, &str)]| with(variables, PagerCommand::read).map(|pager| pager.words.join("|"));
        assert_eq!(words(&[("PAGER", "less -S")]).as_deref(), Some("less|-S"));
        assert_eq!(words(&[("PAGER", "less"), ("GH_PAGER", "delta 'a b'")]).as_deref(), Some("delta|a b"));
        for off in ["", "cat", "less '"] {
            assert_eq!(words(&[("PAGER", "less"), ("GH_PAGER", off)]), None, "{off:?}");
        }
        assert_eq!(words(&[]), None);
    }

    #[test]
    fn the_pager_of_gh_s_configuration_stands_between_them() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("config.yml"), "git_protocol: https\n# which\npager: \"more -d\"\n").unwrap();
        let gh = dir.path().to_str().unwrap();
        let words = |variables: &[(&str, &str)]| with(variables, PagerCommand::read).map(|pager| pager.words);
        assert_eq!(words(&[("PAGER", "less"), ("GH_CONFIG_DIR", gh)]), Some(vec!["more".into(), "-d".into()]));
        assert_eq!(words(&[("GH_PAGER", "most"), ("GH_CONFIG_DIR", gh)]), Some(vec!["most".into()]));
        std::fs::write(dir.path().join("config.yml"), "pager: \n").unwrap();
        assert_eq!(words(&[("PAGER", "less"), ("GH_CONFIG_DIR", gh)]), Some(vec!["less".into()]));
    }

    #[test]
    fn the_browser_is_gh_s_own_before_the_user_s() {
        let words = |variables: &[(&str, &str)]| with(variables, browser).map(|words| words.join("|"));
        assert_eq!(words(&[("BROWSER", "lynx -x")]).as_deref(), Some("lynx|-x"));
        assert_eq!(words(&[("BROWSER", "lynx"), ("GH_BROWSER", "'a b' c")]).as_deref(), Some("a b|c"));
        assert_eq!(words(&[]), None);
    }

    #[test]
    fn a_request_to_github_may_take_half_a_minute_or_as_long_as_is_said() {
        let seconds = |variables: &[(&str, &str)]| with(variables, gh).timeout.as_secs();
        assert_eq!(seconds(&[]), 30);
        assert_eq!((seconds(&[("GH_PMU_TIMEOUT", "5")]), seconds(&[("GH_PMU_TIMEOUT", "0")])), (5, 30));
    }

    #[test]
    fn less_and_lv_get_gh_s_options_unless_the_user_has_his_own() {
        let variables = |set: &[(&str, &str)]| with(set, PagerCommand::read).unwrap().variables;
        assert_eq!(variables(&[("PAGER", "less")]), [("LESS", "FRX"), ("LV", "-c")]);
        assert_eq!(variables(&[("PAGER", "less"), ("LESS", "")]), [("LV", "-c")]);
    }

    #[test]
    #[cfg(unix)]
    fn the_default_directory_follows_the_xdg_specification() {
        let dir = |variables: &[(&str, &str)]| with(variables, default_cache_dir).map(|dir| dir.display().to_string());
        assert_eq!(dir(&[("HOME", "/h")]).as_deref(), Some("/h/.config/gh-pmu/cache"));
        assert_eq!(dir(&[("HOME", "/h"), ("XDG_CONFIG_HOME", "/x")]).as_deref(), Some("/x/gh-pmu/cache"));
        assert_eq!(dir(&[("HOME", "/h"), ("XDG_CONFIG_HOME", "x")]).as_deref(), Some("/h/.config/gh-pmu/cache"));
        assert_eq!(dir(&[]), None);
    }
}
