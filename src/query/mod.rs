//! Answers from views: filtered, sorted, cut. Knows nothing of GitHub, git, manifests or the terminal.

mod best;
mod history;
mod list;
mod search;

pub use crate::store::Logged as Change;
pub use best::{Order, SortBy};
pub use history::{HistoryFilter, changes, changes_to_damage, cut_short, superseded};
pub use list::{Filter, Row, Selection, TimeRange, Use, select};
pub use search::Words;
