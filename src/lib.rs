//! rapporteur answers questions about an event, only with what its sources say: a short curated answer, the verbatim
//! passage it rests on, who published it and when, and a link that opens the original at that passage.
//!
//! The straight line, which every platform shares:
//!
//! ```text
//! platform event -> Message -> Intent -> Answer -> Reply -> platform message
//! ```
//!
//! Imports point downward only: `cli` -> `platform` -> `respond` -> `intent`, `reply`, `journal`, `serving` -> `answer` ->
//! `snapshot` -> `retrieval` -> `knowledge`. tantivy appears only under `retrieval`, serenity only under `platform::discord`,
//! matrix-sdk only under `platform::matrix`. A test reads the `use` lines and enforces it.

pub mod answer;
pub mod audit;
pub mod cli;
pub mod cooldown;
pub mod evaluation;
pub mod intent;
pub mod journal;
pub mod knowledge;
pub mod link;
pub mod message;
pub mod platform;
pub mod reply;
pub mod respond;
pub mod retrieval;
pub mod serving;
pub mod snapshot;
