//! Answers from views: filtered, sorted, cut. Knows nothing of GitHub, git, manifests or the terminal.

mod list;

pub use list::{Filter, Order, Row, Selection, SortBy, TimeRange, select};
