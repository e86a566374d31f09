//! What a command offers, as data: its name, flags and help texts. Owns the form of that data; must not know how flags
//! are parsed ([`super::given`]), what their values mean ([`super::value`]) or how help is laid out ([`super::help`]).

use std::marker::PhantomData;

/// The name, form and help of one flag.
#[derive(Clone, Copy)]
pub struct Flag {
    pub long: &'static str,
    pub short: Option<char>,
    /// What help calls the value; `None` for a switch.
    pub value: Option<&'static str>,
    /// Returns the words that a value may be; none for any text.
    pub words: fn() -> Vec<&'static str>,
    /// Whether the value is a comma-separated list, and the flag can be given more than once.
    pub is_list: bool,
    /// Whether the flag may stand without its value.
    pub may_lack_value: bool,
    pub help: &'static str,
}

/// A flag that is on or off.
#[derive(Clone, Copy)]
pub struct Switch(pub Flag);

/// A flag whose value is a `T`.
#[derive(Clone, Copy)]
pub struct Valued<T> {
    pub flag: Flag,
    value: PhantomData<fn() -> T>,
}

/// A type whose values have words of their own on the command line.
pub trait Words: Copy + 'static {
    /// Each word with what it means, in the order of help.
    const WORDS: &'static [(&'static str, Self)];
}

/// The argument that a command takes beside its flags.
#[derive(Clone, Copy)]
pub struct Argument {
    /// What help calls it, such as `[<number>]`.
    pub name: &'static str,
}

/// One command, or a group of them. `R` is what the command does.
pub struct Spec<R: 'static> {
    pub name: &'static str,
    pub aliases: &'static [&'static str],
    /// The whole of it as users type it, `gh pmu release list`.
    pub path: &'static str,
    pub short: &'static str,
    pub long: &'static str,
    pub argument: Option<Argument>,
    /// In the order of help: by name, as gh's.
    pub flags: &'static [&'static Flag],
    /// In alphabetical order, as help and error messages list them.
    pub json_fields: &'static [&'static str],
    pub examples: &'static str,
    pub commands: &'static [&'static Spec<R>],
    /// `None` for a group.
    pub run: Option<R>,
}

/// Inherited by every command.
pub const REPO: Valued<String> =
    text("repo", Some('R'), "[HOST/]OWNER/REPO", "Select another repository using the [HOST/]OWNER/REPO format");
pub const HELP: Switch = switch("help", "Show help for command");
pub const VERSION: Switch = switch("version", "Show gh pmu version");

/// A flag that is on or off.
pub const fn switch(long: &'static str, help: &'static str) -> Switch {
    Switch(Flag { long, short: None, value: None, words: Vec::new, is_list: false, may_lack_value: false, help })
}

/// A flag that takes a text; help calls it `value`.
pub const fn text<T>(long: &'static str, short: Option<char>, value: &'static str, help: &'static str) -> Valued<T> {
    let flag = Flag { long, short, value: Some(value), words: Vec::new, is_list: false, may_lack_value: false, help };
    Valued { flag, value: PhantomData }
}

/// A flag that takes one of the words of `T`.
pub const fn word<T: Words>(long: &'static str, short: Option<char>, help: &'static str) -> Valued<T> {
    let Valued { flag, value } = text::<T>(long, short, "string", help);
    Valued { flag: Flag { words: words::<T>, ..flag }, value }
}

/// A flag that takes several words of `T`, with commas between them.
pub const fn word_list<T: Words>(long: &'static str, help: &'static str) -> Valued<T> {
    let Valued { flag, value } = word::<T>(long, None, help);
    Valued { flag: Flag { value: Some("strings"), is_list: true, ..flag }, value }
}

/// The words of a type.
pub fn words<T: Words>() -> Vec<&'static str> {
    T::WORDS.iter().map(|(word, _)| *word).collect()
}

impl<R> Spec<R> {
    /// A group of commands.
    pub const fn group(
        name: &'static str,
        path: &'static str,
        short: &'static str,
        commands: &'static [&'static Spec<R>],
    ) -> Self {
        Self {
            name,
            aliases: &[],
            path,
            short,
            long: "",
            argument: None,
            flags: &[],
            json_fields: &[],
            examples: "",
            commands,
            run: None,
        }
    }

    /// A command without flags.
    pub const fn command(name: &'static str, path: &'static str, short: &'static str, run: R) -> Self
    where
        R: Copy,
    {
        Self {
            name,
            aliases: &[],
            path,
            short,
            long: "",
            argument: None,
            flags: &[],
            json_fields: &[],
            examples: "",
            commands: &[],
            run: Some(run),
        }
    }
}
