//! The timeline page in a real browser: headless Chromium, which is asked over a pipe what it shows.

mod browser;
mod command;
mod looks;
mod past;
mod shown;
mod view;
