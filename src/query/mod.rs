//! Answers from views: filtered, sorted, cut. Knows nothing of GitHub, git, manifests or the terminal.

mod history;
mod list;

pub use history::{Change, HistoryFilter, changes, cut_short};
pub use list::{Filter, Order, Row, Selection, SortBy, TimeRange, Use, select};
