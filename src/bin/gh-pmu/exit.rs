//! Exit codes, and the one error type of the program. Owns what becomes of a failure; must not know how any of it is
//! printed.

use std::fmt;
use std::process::ExitCode;

/// Exit codes as gh's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Done.
    Done = 0,
    /// Failed, wrong flags too.
    Failed = 1,
    /// Cancelled by the user.
    Cancelled = 2,
    /// Not signed in.
    NotSignedIn = 4,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        // The cast keeps the value: the codes are 0 to 4.
        ExitCode::from(exit as u8)
    }
}

/// Why the program ends early.
#[derive(Debug, PartialEq, Eq)]
pub enum Error {
    /// Nobody reads the output any more: ends in silence, and not as a failure.
    ClosedPipe,
    /// What is wrong was printed already.
    Told(Exit),
    /// The command line is wrong: one sentence, then how to use the command (empty: the sentence says it all).
    Usage {
        /// The sentence.
        message: String,
        /// The usage text below it.
        usage: String,
    },
    /// Anything else.
    Failed {
        /// One sentence beginning in lower case.
        message: String,
        /// What to do next, where there is something.
        hint: Option<String>,
        /// The exit code.
        exit: Exit,
    },
}

impl Error {
    /// A failure of one sentence.
    pub fn new(message: impl Into<String>) -> Self {
        Self::Failed { message: message.into(), hint: None, exit: Exit::Failed }
    }

    /// The same failure, saying what to do next.
    #[must_use]
    pub fn with_hint(self, next: impl Into<String>) -> Self {
        match self {
            Self::Failed { message, exit, .. } => Self::Failed { message, hint: Some(next.into()), exit },
            other => other,
        }
    }

    /// The same failure with another exit code.
    #[must_use]
    pub fn with_exit(self, code: Exit) -> Self {
        match self {
            Self::Failed { message, hint, .. } => Self::Failed { message, hint, exit: code },
            other => other,
        }
    }

    /// The code the process ends with.
    pub fn exit(&self) -> Exit {
        match self {
            Self::ClosedPipe => Exit::Done,
            Self::Usage { .. } => Exit::Failed,
            Self::Told(exit) | Self::Failed { exit, .. } => *exit,
        }
    }
}

/// Errors of the layers below, with their causes behind colons.
impl<E: std::error::Error> From<E> for Error {
    fn from(error: E) -> Self {
        let mut message = error.to_string();
        let mut source = error.source();
        while let Some(cause) = source {
            let cause_text = cause.to_string();
            if !message.contains(&cause_text) {
                message.push_str(": ");
                message.push_str(&cause_text);
            }
            source = cause.source();
        }
        Self::new(message)
    }
}

/// The sentence, the usage or what to do next: the lines that standard error gets.
impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ClosedPipe | Self::Told(_) => Ok(()),
            Self::Usage { message, usage } if usage.is_empty() => writeln!(f, "{message}"),
            Self::Usage { message, usage } => writeln!(f, "{message}\n\n{usage}"),
            Self::Failed { message, hint: None, .. } => writeln!(f, "{message}"),
            Self::Failed { message, hint: Some(hint), .. } => writeln!(f, "{message}\n{hint}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_one_sentence_and_what_to_do_next() {
        let error = Error::new("no cache for o/r").with_hint("run `gh pmu cache sync`").with_exit(Exit::NotSignedIn);
        assert_eq!(error.to_string(), "no cache for o/r\nrun `gh pmu cache sync`\n");
        assert_eq!(error.exit(), Exit::NotSignedIn);
    }

    #[test]
    fn wrong_flags_show_the_usage_and_exit_1() {
        let error = Error::Usage { message: "unknown flag: --x".into(), usage: "Usage:  gh pmu\n".into() };
        assert_eq!(error.to_string(), "unknown flag: --x\n\nUsage:  gh pmu\n\n");
        assert_eq!(error.exit(), Exit::Failed);
    }

    #[test]
    fn a_closed_pipe_is_silent_and_no_failure() {
        assert_eq!((Error::ClosedPipe.to_string(), Error::ClosedPipe.exit()), (String::new(), Exit::Done));
        assert_eq!(
            (Error::Told(Exit::Failed).to_string(), Error::Told(Exit::Failed).exit()),
            (String::new(), Exit::Failed)
        );
    }

    #[test]
    fn causes_of_an_error_follow_behind_colons_once() {
        let number = "x".parse::<u8>().unwrap_err();
        let error = Error::from(std::io::Error::other(number));
        assert_eq!(error, Error::new("invalid digit found in string"));
    }
}
