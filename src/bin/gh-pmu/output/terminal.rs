//! What standard output and standard error are. Owns the rules by which gh decides on colour and width; the
//! environment's wishes come from the configuration.
#![allow(clippy::disallowed_methods, reason = "asks what the two streams are")]

use std::io::IsTerminal;

use super::style::Palette;
use crate::config::TerminalWishes;

/// What can be shown, and how.
#[derive(Clone, Debug, Default)]
pub struct Terminal {
    /// Standard output is one, or is to count as one.
    pub stdout: bool,
    /// Standard error is one.
    pub stderr: bool,
    /// Colours of standard output.
    pub palette: Palette,
    /// Whether the user wants no questions.
    is_never_asked: bool,
    /// Width and height where they are given; else the terminal is asked.
    forced: Size,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Size {
    #[default]
    Asked,
    Columns(usize),
    Percent(usize),
}

/// Returns whether colours can be shown at all: Windows' consoles have to be asked to, and old ones cannot.
#[cfg(windows)]
fn understands_escapes() -> bool {
    enable_ansi_support::enable_ansi_support().is_ok()
}

#[cfg(not(windows))]
fn understands_escapes() -> bool {
    true
}

const DEFAULT_WIDTH: usize = 80;

impl Terminal {
    /// What this process has.
    pub fn detect(wishes: &TerminalWishes) -> Self {
        let stdout = std::io::stdout().is_terminal();
        let mut terminal = Self::decide(wishes, stdout, &|| std::io::stderr().is_terminal());
        if stdout && !understands_escapes() {
            terminal.palette = Palette::Off;
        }
        terminal
    }

    fn decide(wishes: &TerminalWishes, stdout: bool, stderr: &dyn Fn() -> bool) -> Self {
        let forced = wishes.force_tty.as_deref();
        let is_terminal = stdout || forced.is_some();
        let allowed = is_terminal && !wishes.color_off;
        let colored = if forced.is_some() { allowed } else { wishes.color_on || allowed };
        let palette = match (colored, wishes.colors_256) {
            (false, _) => Palette::Off,
            (true, false) => Palette::Ansi,
            (true, true) => Palette::Rich,
        };
        let forced = forced.map_or(Size::Asked, size);
        Self { stdout: is_terminal, stderr: stderr(), palette, is_never_asked: wishes.prompt_off, forced }
    }

    /// A terminal of so many columns, for tests.
    #[cfg(test)]
    pub fn of_width(columns: usize, palette: Palette) -> Self {
        Self { stdout: true, stderr: false, palette, is_never_asked: false, forced: Size::Columns(columns) }
    }

    /// Columns; 80 where nothing tells.
    pub fn width(&self) -> usize {
        match self.forced {
            // Lines are filled to the end: no terminal is wider.
            Size::Columns(columns) => columns.min(10_000),
            Size::Percent(percent) => (asked().0 * percent / 100).max(1),
            Size::Asked => asked().0,
        }
    }

    /// Lines, where a terminal tells.
    pub fn height(&self) -> usize {
        asked().1
    }

    /// Whether there is somebody to ask.
    pub fn can_ask(&self) -> bool {
        self.stdout && !self.is_never_asked && std::io::stdin().is_terminal()
    }

    /// Colours of standard error.
    pub fn err_palette(&self) -> Palette {
        if self.stderr { self.palette } else { Palette::Off }
    }
}

fn asked() -> (usize, usize) {
    match terminal_size::terminal_size() {
        Some((width, height)) if width.0 > 0 => (usize::from(width.0), usize::from(height.0)),
        _ => (DEFAULT_WIDTH, 24),
    }
}

/// A number is a width, `NN%` a part of the terminal's; anything else only says that there is one.
fn size(spec: &str) -> Size {
    match spec.strip_suffix('%') {
        Some(percent) => percent.parse().map_or(Size::Asked, Size::Percent),
        None => match spec.parse() {
            Ok(columns) if columns > 0 => Size::Columns(columns),
            _ => Size::Asked,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decide(wishes: TerminalWishes, stdout: bool) -> (bool, bool) {
        let terminal = Terminal::decide(&wishes, stdout, &|| false);
        (terminal.stdout, terminal.palette.is_on())
    }

    fn wishes() -> TerminalWishes {
        TerminalWishes::default()
    }

    #[test]
    fn a_terminal_has_colour_and_a_pipe_has_none() {
        assert_eq!(decide(wishes(), true), (true, true));
        assert_eq!(decide(wishes(), false), (false, false));
    }

    #[test]
    fn colour_can_be_refused_and_forced() {
        assert_eq!(decide(TerminalWishes { color_off: true, ..wishes() }, true), (true, false));
        assert_eq!(decide(TerminalWishes { color_on: true, ..wishes() }, false), (false, true));
        assert_eq!(decide(TerminalWishes { color_on: true, color_off: true, ..wishes() }, true), (true, true));
    }

    #[test]
    fn a_forced_terminal_is_one_with_its_own_width() {
        let forced = |spec: &str| TerminalWishes { force_tty: Some(spec.to_owned()), ..wishes() };
        assert_eq!(decide(forced("1"), false), (true, true));
        assert_eq!(decide(TerminalWishes { color_off: true, color_on: true, ..forced("1") }, false), (true, false));
        assert_eq!(Terminal::decide(&forced("100"), false, &|| false).width(), 100);
        assert_eq!(
            (size("50%"), size("true"), size("0"), size("x%")),
            (Size::Percent(50), Size::Asked, Size::Asked, Size::Asked)
        );
    }
}
