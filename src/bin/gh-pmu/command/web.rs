//! `--web`: the same list in the browser.

use gh_pmu::model::{Kind, Repo, State, TrackerNumber};
use gh_pmu::query::TimeRange;

use crate::config::{self, process_env};
use crate::exit::{Error, Exit};
use crate::source::Context;

/// What the page shows.
pub struct Page<'p> {
    /// Which trackers.
    pub kind: Kind,
    /// The labels that make an issue one; the kind's own name where they are the usual ones.
    pub labels: Option<&'p [String]>,
    /// Only those in this state.
    pub state: Option<State>,
    /// Words of their titles; empty for all.
    pub search: &'p str,
    /// When they were created.
    pub created: Option<TimeRange>,
    /// When they were closed.
    pub closed: Option<TimeRange>,
}

/// Opens the repository's issues with the label, narrowed as the list would be.
///
/// # Errors
/// No repository is named; no browser starts.
pub fn run(page: &Page<'_>, named: Option<Repo>, context: &mut Context<'_, '_>) -> Result<Exit, Error> {
    let located = context.located();
    let repo = context.repo(named, located.as_ref())?;
    let issues = format!("{}/{}/{}/issues", repo.host(), repo.owner(), repo.name());
    context.output.note(&format!("Opening {issues} in your browser."));
    open(&format!("https://{issues}?q={}", encoded(&query(page))))?;
    Ok(Exit::Done)
}

/// Opens one issue.
///
/// # Errors
/// No browser starts.
pub fn open_issue(repo: &Repo, number: TrackerNumber, context: &mut Context<'_, '_>) -> Result<(), Error> {
    let url = repo.issue_url(number);
    let page = url.strip_prefix("https://").unwrap_or(&url);
    context.output.note(&format!("Opening {page} in your browser."));
    open(&url)
}

/// The list in the words of GitHub's search.
fn query(page: &Page<'_>) -> String {
    let mut words: Vec<String> = page.search.split_whitespace().map(quoted).collect();
    // With commas between them, one of them is enough.
    let labels = page.labels.map(|labels| labels.iter().map(|label| quoted(label)).collect::<Vec<_>>().join(","));
    words.push(format!("label:{}", labels.unwrap_or_else(|| page.kind.to_string())));
    words.extend(page.state.map(|state| match state {
        State::Open => "state:open".to_owned(),
        State::Closed => "state:closed".to_owned(),
    }));
    for (word, range) in [("created", page.created), ("closed", page.closed)] {
        words.extend(range.and_then(of_range).map(|range| format!("{word}:{range}")));
    }
    words.push("type:issue".to_owned());
    words.join(" ")
}

/// A word that could be read as a qualifier is looked for as it stands.
fn quoted(word: &str) -> String {
    let plain = word.chars().all(|c| c.is_alphanumeric() || matches!(c, '.' | '-' | '_'));
    if plain && !word.starts_with('-') { word.to_owned() } else { format!("\"{}\"", word.replace('"', "")) }
}

fn of_range(range: TimeRange) -> Option<String> {
    match (range.min, range.max) {
        (Some(min), Some(max)) => Some(format!("{min}..{max}")),
        (Some(min), None) => Some(format!(">={min}")),
        (None, Some(max)) => Some(format!("<={max}")),
        (None, None) => None,
    }
}

/// As HTML forms are encoded, and gh encodes queries.
fn encoded(query: &str) -> String {
    let mut text = String::with_capacity(query.len() * 2);
    for byte in query.bytes() {
        match byte {
            b' ' => text.push('+'),
            b'-' | b'.' | b'_' | b'~' => text.push(char::from(byte)),
            c if c.is_ascii_alphanumeric() => text.push(char::from(c)),
            c => text.push_str(&format!("%{c:02X}")),
        }
    }
    text
}

/// Starts the user's browser, or what the system opens URLs with, and waits: a browser may be one of the terminal.
pub fn open(url: &str) -> Result<(), Error> {
    let named = config::browser(&process_env);
    let system: &[&[&str]] = if cfg!(target_os = "macos") {
        &[&["open"]]
    } else if cfg!(windows) {
        &[&["rundll32", "url.dll,FileProtocolHandler"]]
    } else {
        &[&["xdg-open"], &["x-www-browser"], &["www-browser"], &["wslview"]]
    };
    let candidates = match &named {
        Some(words) => vec![words.iter().map(String::as_str).collect()],
        None => system.iter().map(|words| words.to_vec()).collect::<Vec<_>>(),
    };
    for words in &candidates {
        let Some((program, arguments)) = words.split_first() else { continue };
        match gh_pmu::program::command(program).args(arguments).arg(url).status() {
            Ok(status) if status.success() => return Ok(()),
            Ok(status) => {
                let how = status.code().map_or("it was ended".to_owned(), |code| format!("exit status {code}"));
                return Err(Error::new(format!("{program} failed to open {url}: {how}")));
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && named.is_none() => {}
            Err(error) => return Err(Error::new(format!("could not start {program}: {error}"))),
        }
    }
    let names: Vec<&str> = candidates.iter().filter_map(|words| words.first().copied()).collect();
    Err(Error::new(format!("no browser was found ({})", names.join(", ")))
        .with_hint(format!("Set GH_BROWSER or BROWSER, or open {url}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use gh_pmu::model::UnixMillis;

    #[test]
    fn the_page_shows_what_the_list_would() {
        let time = |text| UnixMillis::parse_rfc3339(text).ok();
        let page = Page {
            kind: Kind::Release,
            labels: None,
            state: Some(State::Open),
            search: "Phoenix is:pr -x é",
            created: Some(TimeRange { min: time("2024-12-01T00:00:00Z"), max: None }),
            closed: None,
        };
        let expected = "Phoenix+%22is%3Apr%22+%22-x%22+%C3%A9+label%3Arelease+state%3Aopen\
                        +created%3A%3E%3D2024-12-01T00%3A00%3A00Z+type%3Aissue";
        assert_eq!(encoded(&query(&page)), expected);
        let labels = ["ship".to_owned(), "it's out".to_owned()];
        let own = Page { labels: Some(&labels), ..page };
        assert!(query(&own).contains(" label:ship,\"it's out\" state:open"), "{}", query(&own));
    }
}
