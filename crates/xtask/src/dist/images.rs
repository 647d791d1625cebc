//! The images, as OCI archives, built without a daemon.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result};
use flatline_tests::OciImage;

use super::place::Place;
use super::{archive, inspection, mebibytes};
use crate::shell;

/// An image: a target of the Dockerfile.
pub(super) struct Contents {
    pub(super) name: &'static str,
    /// The programs in `/usr/local/bin`.
    pub(super) programs: &'static [&'static str],
    /// What runs where a pod names no command.
    pub(super) entry_point: Option<&'static str>,
}

impl Contents {
    /// What an archive calls its image: a whole name, with a registry, as containerd and the kubelet know images. By half a
    /// one, such as `heart-monitor:0.1.0`, a node that has imported the archive does not find it.
    pub(super) fn reference(&self) -> String {
        format!("localhost/{}:{}", self.name, env!("CARGO_PKG_VERSION"))
    }
}

pub(super) const IMAGES: [Contents; 3] = [
    Contents {
        name: "heartbeat-writer",
        programs: &["heartbeat-writer"],
        entry_point: Some("heartbeat-writer"),
    },
    Contents { name: "heart-monitor", programs: &["heart-monitor"], entry_point: Some("heart-monitor") },
    Contents { name: "flatline", programs: &["heartbeat-writer", "heart-monitor"], entry_point: None },
];

/// Builds, inspects and measures the images; says what is missing where they cannot be built.
pub(super) fn build(place: &Place) -> Result<()> {
    let Some(architecture) = place.architecture() else {
        println!("left out: images for {}, of which image formats know no name here", place.target);
        return Ok(());
    };
    if shell::find("buildah").is_none() {
        println!("left out: images, for want of buildah (Debian: `apt-get install buildah`)");
        return Ok(());
    }
    fs::create_dir_all(place.out().join("images"))?;
    let bench = place.workbench()?;
    let buildah = Buildah { place, bench: bench.path(), architecture };
    for image in &IMAGES {
        let file = place.out().join("images").join(format!("{}.oci.tar", image.name));
        buildah.build(image, &file).with_context(|| format!("the image {}", image.name))?;
        report(image, place, &file)?;
    }
    Ok(())
}

/// Reads an archive back, refuses what must not be shipped, and prints how large it is.
fn report(image: &Contents, place: &Place, file: &Path) -> Result<()> {
    let read = OciImage::read(file)?;
    inspection::pass(image, &read, &|program| Ok(fs::read(place.out().join(program))?))?;
    println!(
        "{:<18} {:>6.2} MiB  image, {:.2} MiB unpacked  {}",
        image.name,
        mebibytes(read.compressed_bytes()),
        mebibytes(read.unpacked_bytes()),
        read.digest()
    );
    Ok(())
}

/// How buildah is called: with storage of its own in the bench, so that nothing of the user's is touched, and
/// without a RUN to isolate.
struct Buildah<'a> {
    place: &'a Place,
    bench: &'a Path,
    architecture: &'static str,
}

impl Buildah<'_> {
    /// Builds one target of the Dockerfile into an archive.
    fn build(&self, image: &Contents, file: &Path) -> Result<()> {
        let tag = image.reference();
        let mut build = self.command("build");
        build.args([
            "--isolation",
            "chroot",
            "--format",
            "oci",
            "--timestamp",
            "0",
            "--identity-label=false",
        ]);
        build.args(["--os", "linux", "--arch", self.architecture, "--target", image.name, "--tag", &tag]);
        build.args(["--build-arg", concat!("VERSION=", env!("CARGO_PKG_VERSION"))]);
        build.args(["--build-arg", &format!("REVISION={}", self.place.revision)]);
        build.arg("--file").arg(self.place.sources.join("images/Dockerfile")).arg(self.place.context());
        // The identifier of an image in a storage that is about to be removed is of no use.
        shell::run(build.stdout(Stdio::null()))?;

        // Pushed to a folder and packed here: buildah's own archives hold the time of their making.
        let layout = self.bench.join(image.name);
        let mut push = self.command("push");
        push.args(["--format", "oci", &tag, &format!("oci:{}:{tag}", layout.display())]);
        shell::run(&mut push)?;
        archive::pack(&layout, file)
    }

    fn command(&self, subcommand: &str) -> Command {
        let mut buildah = shell::program("buildah");
        buildah.arg("--root").arg(self.bench.join("storage"));
        buildah.arg("--runroot").arg(self.bench.join("run"));
        buildah.args(["--storage-driver", "vfs", subcommand, "--quiet"]);
        buildah
    }
}
