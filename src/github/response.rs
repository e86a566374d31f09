//! What `gh api --include` prints, and what GitHub means by it.

use serde_json::Value;

use super::error::{GithubError, first_line};
use crate::model::{Repo, UnixMillis};

/// GitHub's addresses for single sign-on have some hundred characters.
const MAX_URL_LEN: usize = 1024;

/// Data of which a part may be withheld.
pub(super) struct Partly {
    pub(super) data: Value,
    pub(super) errors: Vec<Withheld>,
}

/// What is not in the data.
pub(super) struct Withheld {
    /// Its place among the nodes.
    pub(super) node: Option<usize>,
    /// GitHub's word.
    pub(super) message: String,
}

/// An HTTP answer.
#[derive(Debug)]
pub(super) struct Response {
    pub(super) status: u16,
    headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
    /// Whether `gh` ended well: where it did not, the body may have broken off.
    pub(super) is_whole: bool,
}

impl Response {
    /// Status line, headers, an empty line, the body. Gh ends the first with LF and the others with CRLF.
    ///
    /// `None` where there is no status line.
    pub(super) fn parse(output: Vec<u8>, is_whole: bool) -> Option<Self> {
        let mut at = 0;
        let mut line = || {
            let rest = &output[at..];
            let len = rest.iter().position(|c| *c == b'\n')?;
            at += len + 1;
            Some(String::from_utf8_lossy(rest[..len].trim_ascii_end()).into_owned())
        };
        let first = line()?;
        let (protocol, status) = first.split_once(' ')?;
        let status = status.split(' ').next()?.parse().ok().filter(|_| protocol.starts_with("HTTP/"))?;
        let mut headers = Vec::new();
        loop {
            let line = line()?;
            if line.is_empty() {
                break;
            }
            let (name, value) = line.split_once(':')?;
            headers.push((name.to_owned(), value.trim().to_owned()));
        }
        Some(Self { status, headers, body: output[at..].to_vec(), is_whole })
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// When GitHub gave the answer, by its clock; `asked_at` if it does not say, or lies more than a day ahead of that.
    pub(super) fn answered_at(&self, asked_at: UnixMillis) -> UnixMillis {
        self.date().filter(|date| !date.is_ahead_of(asked_at)).unwrap_or(asked_at)
    }

    fn date(&self) -> Option<UnixMillis> {
        http_date(self.header("Date")?)
    }

    /// The body, if the status says that it is what was asked for. `asked_at` stands in for the date.
    pub(super) fn checked(&self, host: &str, repo: Option<&Repo>, asked_at: UnixMillis) -> Result<&[u8], GithubError> {
        let status = self.status;
        if status == 200 {
            return Ok(&self.body);
        }
        let host = host.to_owned();
        let said = serde_json::from_slice::<Value>(&self.body).ok();
        let said = said.as_ref().and_then(|json| json["message"].as_str()).map_or("", first_line);
        let message = if said.is_empty() { format!("HTTP {status}") } else { format!("HTTP {status}: {said}") };
        let is_limit = is_rate_limit(said) || self.header("Retry-After").is_some() || self.is_used_up();
        Err(match (status, repo) {
            (401, _) if is_bad_token(said) => GithubError::BadToken { host },
            (401, _) => GithubError::NotSignedIn { host },
            (403 | 429, _) if status == 429 || is_limit => {
                GithubError::RateLimited { host, until: self.limited_until(asked_at) }
            }
            (403, _) => self.forbidden(host, message),
            (404, Some(repo)) => GithubError::NotFound { repo: Box::new(repo.clone()) },
            (408 | 500..=599, _) => GithubError::Unavailable { host, message },
            _ => GithubError::Refused { host, message },
        })
    }

    /// The `repository` of a GraphQL answer without errors.
    pub(super) fn repository(&self, repo: &Repo, asked_at: UnixMillis) -> Result<Value, GithubError> {
        let mut json = self.json(repo.host(), Some(repo), asked_at)?;
        if let Some(error) = errors(&json).first() {
            return Err(self.graphql_error(error, (repo.host(), Some(repo)), asked_at));
        }
        match json["data"].get_mut("repository") {
            Some(found @ Value::Object(_)) => Ok(found.take()),
            Some(Value::Null) => Err(GithubError::NotFound { repo: Box::new(repo.clone()) }),
            _ => Err(malformed(repo.host(), "there is no data.repository")),
        }
    }

    /// The data of a GraphQL answer about many things, some of which may be withheld.
    pub(super) fn partly(&self, host: &str, asked_at: UnixMillis) -> Result<Partly, GithubError> {
        let mut json = self.json(host, None, asked_at)?;
        let mut withheld = Vec::new();
        for error in errors(&json) {
            let place = error["path"].as_array().into_iter().flatten();
            let node = place.skip_while(|part| *part != "nodes").nth(1).and_then(Value::as_u64);
            match (self.graphql_error(error, (host, None), asked_at), node) {
                (
                    GithubError::Forbidden { .. } | GithubError::Partial { .. } | GithubError::Refused { .. },
                    Some(node),
                ) => {
                    let message = first_line(error["message"].as_str().unwrap_or("not shown")).to_owned();
                    withheld.push(Withheld { node: usize::try_from(node).ok(), message });
                }
                (error, _) => return Err(error),
            }
        }
        match json["data"].take() {
            data @ Value::Object(_) => Ok(Partly { data, errors: withheld }),
            _ => Err(malformed(host, "there is no data")),
        }
    }

    fn json(&self, host: &str, repo: Option<&Repo>, asked_at: UnixMillis) -> Result<Value, GithubError> {
        let body = self.checked(host, repo, asked_at)?;
        serde_json::from_slice(body).map_err(|error| {
            let place = format!("line {}, column {}", error.line(), error.column());
            malformed(
                host,
                if error.is_eof() { "it breaks off".to_owned() } else { format!("it is no JSON at {place}") },
            )
        })
    }

    fn graphql_error(&self, error: &Value, (host, repo): (&str, Option<&Repo>), asked_at: UnixMillis) -> GithubError {
        let host = host.to_owned();
        let message = first_line(error["message"].as_str().unwrap_or("an error without a message")).to_owned();
        // GitHub gives no type where a query ran out of time.
        let ran_out = message.contains("Something went wrong") || message.contains("timeout");
        match (error["type"].as_str().unwrap_or_default(), repo) {
            ("RATE_LIMITED" | "RATE_LIMIT", _) => {
                GithubError::RateLimited { host, until: self.limited_until(asked_at) }
            }
            _ if is_rate_limit(&message) => GithubError::RateLimited { host, until: self.limited_until(asked_at) },
            ("NOT_FOUND", Some(repo)) => GithubError::NotFound { repo: Box::new(repo.clone()) },
            ("NOT_FOUND", None) => GithubError::Refused { host, message },
            ("FORBIDDEN" | "INSUFFICIENT_SCOPES", _) => self.forbidden(host, message),
            ("RESOURCE_LIMITS_EXCEEDED", _) => GithubError::Unavailable { host, message },
            _ if ran_out => GithubError::Unavailable { host, message },
            _ => GithubError::Partial { host, message },
        }
    }

    /// `X-GitHub-SSO: required; url=…` says where a token is authorized.
    fn forbidden(&self, host: String, message: String) -> GithubError {
        let parts = self.header("X-GitHub-SSO").into_iter().flat_map(|header| header.split(';'));
        let url = parts.filter_map(|part| part.trim().strip_prefix("url=")).find(|url| {
            url.starts_with("https://") && url.len() <= MAX_URL_LEN && url.bytes().all(|byte| byte.is_ascii_graphic())
        });
        match url {
            Some(url) => GithubError::Unauthorized { host, url: url.to_owned() },
            None => GithubError::Forbidden { host, message },
        }
    }

    fn is_used_up(&self) -> bool {
        self.header("X-RateLimit-Remaining") == Some("0")
    }

    /// `Retry-After` counts seconds from the answer; the reset is a moment.
    fn limited_until(&self, asked_at: UnixMillis) -> Option<UnixMillis> {
        let from = self.date().unwrap_or(asked_at).get();
        let retry_after = self.header("Retry-After").and_then(|text| text.parse::<u32>().ok());
        if let Some(seconds) = retry_after {
            return UnixMillis::new(from + i64::from(seconds) * 1000);
        }
        let reset = self.header("X-RateLimit-Reset").filter(|_| self.is_used_up())?;
        // One that is over says nothing of when to try again.
        UnixMillis::new(reset.parse::<i64>().ok()?.checked_mul(1000)?).filter(|reset| reset.get() > from)
    }
}

/// An answer of another form than was asked for.
pub(super) fn malformed(host: &str, what: impl ToString) -> GithubError {
    GithubError::Malformed { host: host.to_owned(), what: what.to_string() }
}

fn errors(json: &Value) -> &[Value] {
    json["errors"].as_array().map_or(&[], Vec::as_slice)
}

fn is_rate_limit(message: &str) -> bool {
    let message = message.to_ascii_lowercase();
    // The second is what older servers say.
    message.contains("rate limit") || message.contains("abuse detection")
}

/// A token was sent; without one GitHub says that authentication is required.
fn is_bad_token(message: &str) -> bool {
    !message.to_ascii_lowercase().contains("requires")
}

/// `Tue, 24 Dec 2024 10:00:00 GMT`, the one form that servers of today send.
fn http_date(text: &str) -> Option<UnixMillis> {
    const MONTHS: &str = "JanFebMarAprMayJunJulAugSepOctNovDec";
    let parts: Vec<&str> = text.split(' ').collect();
    let [_weekday, day, month, year, time, "GMT"] = parts[..] else { return None };
    let month = MONTHS.find(month).filter(|at| month.len() == 3 && at % 3 == 0)? / 3 + 1;
    UnixMillis::parse_rfc3339(&format!("{year}-{month:02}-{day}T{time}Z")).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn response(text: &str) -> Option<Response> {
        Response::parse(text.replace('|', "\r\n").into_bytes(), true)
    }

    #[test]
    fn a_status_line_with_lf_and_headers_with_crlf_are_read() {
        let response = response("HTTP/2.0 200 OK\nDate: Tue, 24 Dec 2024 10:00:00 GMT|x-a: b: c||{}\r\n").unwrap();
        assert_eq!((response.status, &response.body[..]), (200, &b"{}\r\n"[..]));
        assert_eq!(response.header("X-A"), Some("b: c"));
        assert_eq!(response.date().map(|date| date.to_string()).as_deref(), Some("2024-12-24T10:00:00Z"));
    }

    #[test]
    fn output_without_a_status_is_no_response() {
        for text in ["", "{}", "HTTP/1.1", "HTTP/1.1 x\n\n", "HTTP/1.1 200 OK\n", "HTTP/1.1 200 OK\nx\n\n"] {
            assert!(response(text).is_none(), "{text:?}");
        }
    }

    #[test]
    fn a_date_is_read_in_the_one_form_of_today() {
        assert_eq!(http_date("Sun, 06 Nov 1994 08:49:37 GMT").map(UnixMillis::get), Some(784_111_777_000));
        for text in ["", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun, 06 ovD 1994 08:49:37 GMT", "Sun, 06 Nov 1994 GMT"] {
            assert_eq!(http_date(text), None, "{text}");
        }
    }

    #[test]
    fn a_limit_ends_when_github_says() {
        let until = |headers: &str| {
            let text = format!("HTTP/1.1 403 Forbidden\nDate: Tue, 24 Dec 2024 10:00:00 GMT|{headers}||{{}}");
            response(&text).unwrap().limited_until(UnixMillis::MIN).map(|until| until.to_string())
        };
        assert_eq!(until("Retry-After: 60").as_deref(), Some("2024-12-24T10:01:00Z"));
        let reset = "X-RateLimit-Remaining: 0|X-RateLimit-Reset: 1735036200";
        assert_eq!(until(reset).as_deref(), Some("2024-12-24T10:30:00Z"));
        assert_eq!(until("X-RateLimit-Remaining: 9|X-RateLimit-Reset: 1735036200"), None);
    }
}
