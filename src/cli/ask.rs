//! x
#[derive(Debug, Default, clap::Args)]
/// x
pub struct Args {}
#[allow(unused)]
pub(super) fn run(base: &super::Base, args: &Args) -> anyhow::Result<u8> { Ok(0) }
