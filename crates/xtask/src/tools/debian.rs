//! Programs from the distribution's packages. None of them is required: what cannot be installed leaves checks out,
//! and each is named with what it is missed for.

use std::fs;
use std::process::Stdio;

use anyhow::{Context, Result, ensure};

use crate::shell;

/// A package that the tests use where it is installed.
struct Package {
    name: &'static str,
    /// The program by which it is known to be there.
    program: &'static str,
    /// What happens without it, after "so".
    without: &'static str,
}

const PACKAGES: [Package; 8] = [
    Package { name: "samba", program: "smbd", without: "nothing is tested on a Samba share" },
    Package { name: "smbnetfs", program: "smbnetfs", without: "nothing is tested on a Samba share" },
    // The mount helper of smbnetfs, which the package only recommends.
    Package { name: "fuse", program: "fusermount", without: "nothing is tested on a Samba share" },
    Package { name: "shellcheck", program: "shellcheck", without: "the scripts are not linted" },
    Package { name: "bats", program: "bats", without: "the scripts are not tested" },
    Package { name: "jq", program: "jq", without: "the drills are not tested" },
    Package { name: "buildah", program: "buildah", without: "no images are built" },
    Package { name: "bubblewrap", program: "bwrap", without: "no rendered pods are played" },
];

/// Installs the packages that are missing where this user may; else says what is left out.
pub(super) fn install() {
    let missing: Vec<_> = PACKAGES.iter().filter(|package| !package.is_there()).collect();
    if missing.is_empty() {
        eprintln!("{}: installed already", PACKAGES.map(|package| package.name).join(", "));
        return;
    }
    let names = missing.iter().map(|package| package.name);
    let reason =
        apt_get_install(names).err().map_or("the package lacks it".to_owned(), |error| format!("{error:#}"));
    for Package { name, program, without } in missing.into_iter().filter(|package| !package.is_there()) {
        eprintln!("skipped: there is no {program}, and {name} cannot be installed ({reason}), so {without}");
    }
}

/// Takes `promtool` out of Debian's package of Prometheus, unless it is there. The package is not installed: it would
/// start a server, and keep it running after the tests.
pub(super) fn extract_promtool() {
    let file = super::folder().join("bin/promtool");
    if shell::find("promtool").is_some() || file.is_file() {
        return;
    }
    if let Err(reason) = extract("prometheus", "./usr/bin/promtool") {
        eprintln!(
            "skipped: there is no promtool ({reason:#}), so metrics are checked by their grammar alone, and alerts \
             not at all"
        );
    }
}

impl Package {
    fn is_there(&self) -> bool {
        shell::find(self.program).is_some()
    }
}

fn apt_get_install(packages: impl Iterator<Item = &'static str>) -> Result<()> {
    ensure!(shell::find("apt-get").is_some(), "there is no apt-get");
    ensure!(rustix::process::geteuid().is_root(), "not root");
    let apt_get = || {
        let mut command = shell::program("apt-get");
        command.env("DEBIAN_FRONTEND", "noninteractive").arg("-qq");
        command
    };
    shell::run(apt_get().arg("update"))?;
    shell::run(apt_get().args(["install", "--yes", "--no-install-recommends"]).args(packages))
}

/// Downloads a package and puts one of its files into the `bin` folder of the tools.
fn extract(package: &str, member: &str) -> Result<()> {
    for program in ["apt-get", "dpkg-deb", "tar"] {
        ensure!(shell::find(program).is_some(), "there is no {program}");
    }
    let (folder, bin) = (super::folder().join("debian"), super::folder().join("bin"));
    // What a run left that was interrupted would be taken for the package.
    fs::remove_dir_all(&folder).or_else(|error| match error.kind() {
        std::io::ErrorKind::NotFound => Ok(()),
        _ => Err(error),
    })?;
    fs::create_dir_all(&folder)?;
    fs::create_dir_all(&bin)?;
    shell::run(shell::program("apt-get").args(["-qq", "download", package]).current_dir(&folder))?;
    let archive = fs::read_dir(&folder)?.next().context("apt-get has downloaded nothing")??.path();
    let mut unpack =
        shell::program("dpkg-deb").arg("--fsys-tarfile").arg(archive).stdout(Stdio::piped()).spawn()?;
    let stream = unpack.stdout.take().context("dpkg-deb has no output")?;
    let strip = member.matches('/').count().to_string();
    let mut tar = shell::program("tar");
    tar.args(["--extract", "--strip-components", &strip, "--directory"]).arg(&bin).arg(member);
    shell::run(tar.stdin(stream))?;
    ensure!(unpack.wait()?.success(), "dpkg-deb cannot read the package");
    fs::remove_dir_all(folder).context("cannot remove the package")
}
