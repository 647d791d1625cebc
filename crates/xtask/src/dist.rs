//! `cargo xtask dist`: what is shipped. Static binaries, images, charts, bills of materials, and the sums of it all.
//!
//! Everything is made so that the same sources give the same bytes, on any machine with the same tools;
//! `--verify` builds a copy of the sources elsewhere and compares.

mod archive;
mod binaries;
mod charts;
mod context;
mod elf;
mod images;
mod inspection;
mod place;
mod sbom;
mod sums;
mod verify;

use anyhow::Result;
use clap::Args;

use self::place::Place;

pub(crate) use self::binaries::{BINARIES, MAX_BYTES, build, built};

#[derive(Args)]
pub(crate) struct Dist {
    /// The platform to build for; its C library must be installed in its static form
    #[arg(long, value_name = "TRIPLE", default_value_t = this_platform())]
    target: String,
    /// Build a copy of the sources in another folder as well, and fail unless it gives the same bytes
    #[arg(long)]
    verify: bool,
}

impl Dist {
    /// What the tests need: this machine's platform, built once.
    pub(crate) fn for_tests() -> Self {
        Self { target: this_platform(), verify: false }
    }

    pub(crate) fn run(&self) -> Result<()> {
        let place = Place::of_this_checkout(&self.target);
        make(&place)?;
        println!("in {}", place.out().display());
        if self.verify { verify::run(&place) } else { Ok(()) }
    }
}

fn this_platform() -> String {
    format!("{}-unknown-linux-gnu", std::env::consts::ARCH)
}

fn make(place: &Place) -> Result<()> {
    binaries::compile(place, &BINARIES)?;
    place.clear()?;
    binaries::ship(place)?;
    sbom::write(place)?;
    context::write(place)?;
    charts::package(place)?;
    images::build(place)?;
    sums::write(place)
}

/// Bytes in the unit of the project's targets, for printing only.
#[expect(clippy::cast_precision_loss, reason = "two decimals are printed")]
pub(crate) fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / (1024.0 * 1024.0)
}
