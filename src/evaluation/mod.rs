//! Measuring the answers on question sets, and learning the calibration from the development part.

pub mod calibrate;
pub mod fit;
pub mod score;
pub mod set;
pub mod unseen;
