//! `cache export` and the engines that teams ask: PostgreSQL, DuckDB and DuckLake, each started here. Run by
//! `scripts/engines`, which installs them.

mod database;
mod lake;
mod load;
mod machines;
