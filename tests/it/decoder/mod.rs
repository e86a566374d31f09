//! What the program writes means to decoders, written from `format.md` alone, what it means to the program; and what
//! a writer in another language writes, to the program.
//!
//! Decoders and writer stand in `tests/decoder`; their author had not seen the program. A disagreement is settled by
//! `format.md`.

mod compare;
pub mod decoders;
mod histories;
mod library;
mod machine;
#[cfg(unix)]
mod refresh;
mod written;

#[test]
fn the_decoders_keep_their_own_tests() {
    if decoders::are_there() {
        assert!(decoders::own_tests().contains("fail 0"));
    }
}
