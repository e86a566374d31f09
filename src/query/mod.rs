//! Answers from views: filtered, sorted, cut. Knows nothing of GitHub, git, manifests or the terminal.

mod best;
mod filter;
mod history;
mod list;
mod search;

pub use crate::store::Logged as Change;
pub use filter::{Filter, Order, SortBy, TimeRange};
pub use history::{Cut, HistoryFilter, changes, changes_to_damage, cut_short, superseded};
pub use list::{Picked, Row, Selection, Use, merged, pick, select};
pub use search::Words;
