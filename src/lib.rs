//! rapporteur answers questions about an event, only with what its sources say.
pub mod answer;
pub mod knowledge;
pub mod link;
pub mod retrieval;
pub mod snapshot;
pub mod evaluation;
pub mod cli;
