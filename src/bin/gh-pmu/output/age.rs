//! How old an answer is, in its heading. Owns the words and when they warn; must not know how the age was found.

use gh_pmu::model::UnixMillis;

use super::relative::of;
use super::style::Style;
use super::width::{width_of, wrapped};
use super::{Output, sanitize};

/// From what an answer was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum From {
    /// Manifests.
    Manifest,
    /// GitHub's own answers.
    Github,
}

/// The age of an answer, which may be made from several sources.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Age {
    /// From what.
    pub from: From,
    /// How many sources there are.
    pub count: usize,
    /// Of when the oldest source is.
    pub oldest: UnixMillis,
    /// Of when the newest one is.
    pub newest: UnixMillis,
    /// Whether it is too old, or something newer was not taken.
    pub is_doubtful: bool,
    /// Whether `git pull` would bring a newer one.
    pub can_pull: bool,
}

impl Age {
    /// The age of two answers together.
    pub fn with(self, other: Self) -> Self {
        Self {
            from: if self.from == other.from { self.from } else { From::Manifest },
            count: self.count + other.count,
            oldest: self.oldest.min(other.oldest),
            newest: self.newest.max(other.newest),
            is_doubtful: self.is_doubtful || other.is_doubtful,
            can_pull: self.can_pull || other.can_pull,
        }
    }

    fn text(&self, now: UnixMillis) -> String {
        let (newest, oldest) = (of(now, self.newest), of(now, self.oldest));
        let source = match (self.from, self.count) {
            (From::Manifest, 1) => "manifest",
            (From::Manifest, _) => "manifests",
            (From::Github, 1) => "GitHub's answer",
            (From::Github, _) => "GitHub's answers",
        };
        let pull = if self.can_pull { "; `git pull` would bring a newer one" } else { "" };
        match newest == oldest {
            true => format!("{source} of {newest}{pull}"),
            false => format!("{source} of {newest} to {oldest}{pull}"),
        }
    }
}

impl Output<'_> {
    /// The lines above an answer: what it is, how old it is, and a blank line before and after.
    pub(super) fn heading(&self, title: &str, age: Option<&Age>) -> String {
        let width = self.terminal.width();
        let title = sanitize::visible_line(title);
        let Some(age) = age else { return format!("\n{}\n\n", wrapped(&title, width)) };
        let style = if age.is_doubtful || age.can_pull { Style::Yellow } else { Style::Gray };
        let text = format!("· {}", age.text(self.now));
        let paint = |text: &str| self.terminal.palette.paint(style, text);
        if width_of(&title) + 1 + width_of(&text) <= width {
            return format!("\n{title} {}\n\n", paint(&text));
        }
        let lines: Vec<String> = wrapped(&text, width).lines().map(paint).collect();
        format!("\n{}\n{}\n\n", wrapped(&title, width), lines.join("\n"))
    }
}
