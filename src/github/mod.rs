//! GitHub, asked through `gh api`: it knows who is signed in, on which host and behind which proxy.
//!
//! Owns the questions (`*.graphql`), the one way of starting `gh`, what its answers mean, and a sentence for each way in
//! which there is none. An answer is complete or it is an error. Knows nothing of the store, of files, of the
//! environment (which is passed in, and cleaned here of what would change the answer's look) or of the terminal.

mod error;
mod gh;
mod history;
mod manifest;
mod owned;
mod response;
#[cfg(test)]
mod tests;
mod trackers;
mod wanted;

pub use error::GithubError;
pub use gh::Gh;
pub use history::{RemoteHistory, RemoteVersion};
pub use manifest::{Found, ManifestPlace, RemoteManifest};
pub use owned::{Owned, OwnedPage, Texts};
pub use trackers::Answer;
pub use wanted::{Rules, Wanted};
