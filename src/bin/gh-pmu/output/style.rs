//! Colours, as gh uses them. Owns the escape sequences; must not know what is coloured.

/// What a text is, which decides its colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Style {
    /// As it is.
    #[default]
    Plain,
    /// Open, added: green.
    Green,
    /// Closed: magenta.
    Magenta,
    /// Removed: red.
    Red,
    /// Changed, a warning: yellow.
    Yellow,
    /// Said aside: grey.
    Gray,
    /// A heading: bold.
    Bold,
    /// A table's heading: dim and underlined, in the terminal's own colour, which shows on light and on dark.
    Header,
}

/// What colours there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Palette {
    /// None.
    #[default]
    Off,
    /// The eight of ANSI.
    Ansi,
    /// 256.
    Rich,
}

impl Palette {
    /// Whether there is any colour.
    pub fn is_on(self) -> bool {
        self != Self::Off
    }

    /// What turns the style on; empty where nothing does.
    pub fn start(self, style: Style) -> &'static str {
        match (self, style) {
            (Self::Off, _) | (_, Style::Plain) => "",
            (_, Style::Green) => "\x1b[0;32m",
            (_, Style::Magenta) => "\x1b[0;35m",
            (_, Style::Red) => "\x1b[0;31m",
            (_, Style::Yellow) => "\x1b[0;33m",
            (Self::Rich, Style::Gray) => "\x1b[38;5;242m",
            (Self::Ansi, Style::Gray) => "\x1b[0;90m",
            (_, Style::Bold) => "\x1b[0;1;39m",
            (_, Style::Header) => "\x1b[0;2;4;39m",
        }
    }

    /// What turns it off again.
    pub fn end(self, style: Style) -> &'static str {
        if self.start(style).is_empty() { "" } else { "\x1b[0m" }
    }

    /// The text in the style.
    pub fn paint(self, style: Style, text: &str) -> String {
        format!("{}{text}{}", self.start(style), self.end(style))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_colour_no_escape_sequence_is_written() {
        assert_eq!(Palette::Off.paint(Style::Green, "x"), "x");
        assert_eq!(Palette::Ansi.paint(Style::Plain, "x"), "x");
    }

    #[test]
    fn grey_is_as_good_as_the_terminal_can() {
        assert_eq!(Palette::Ansi.paint(Style::Gray, "x"), "\x1b[0;90mx\x1b[0m");
        assert_eq!(Palette::Rich.paint(Style::Gray, "x"), "\x1b[38;5;242mx\x1b[0m");
    }
}
