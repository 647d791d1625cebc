//! Archives whose bytes depend on what is in them and on nothing else: no times, no owners, names in order.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use flate2::read::GzDecoder;
use flate2::{Compression, GzBuilder};
use tar::{Builder, EntryType, Header};

/// Packs a folder, without compression.
pub(super) fn pack(folder: &Path, to: &Path) -> Result<()> {
    let mut paths = Vec::new();
    collect(folder, &mut paths)?;
    paths.sort();
    let file = File::create(to).with_context(|| format!("cannot create {}", to.display()))?;
    let mut archive = Builder::new(file);
    for path in paths {
        let bytes = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        append(&mut archive, path.strip_prefix(folder)?, &bytes)?;
    }
    archive.into_inner()?;
    Ok(())
}

/// Packs the files of a compressed archive anew, in their order.
pub(super) fn repack(file: &Path) -> Result<()> {
    let doing = || format!("cannot pack {} anew", file.display());
    let old = fs::read(file).with_context(doing)?;
    let mut archive = Builder::new(GzBuilder::new().write(Vec::new(), Compression::best()));
    for entry in tar::Archive::new(GzDecoder::new(&*old)).entries()? {
        let mut entry = entry.with_context(doing)?;
        let path = entry.path()?.into_owned();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).with_context(doing)?;
        append(&mut archive, &path, &bytes)?;
    }
    fs::write(file, archive.into_inner()?.finish()?).with_context(doing)
}

fn append(archive: &mut Builder<impl std::io::Write>, path: &Path, bytes: &[u8]) -> Result<()> {
    let mut header = Header::new_gnu();
    header.set_entry_type(EntryType::Regular);
    header.set_size(bytes.len() as u64);
    header.set_mode(0o644);
    header.set_mtime(0);
    header.set_uid(0);
    header.set_gid(0);
    archive.append_data(&mut header, path, bytes).with_context(|| format!("cannot pack {}", path.display()))
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A compressed archive as a careless tool makes it: with a time of its own.
    fn careless(file: &Path, time: u64) {
        let gz = GzBuilder::new().mtime(u32::try_from(time).unwrap()).write(Vec::new(), Compression::fast());
        let mut archive = Builder::new(gz);
        let mut header = Header::new_gnu();
        header.set_size(2);
        header.set_mtime(time);
        header.set_uid(time);
        archive.append_data(&mut header, "chart/Chart.yaml", &b"a\n"[..]).unwrap();
        fs::write(file, archive.into_inner().unwrap().finish().unwrap()).unwrap();
    }

    #[test]
    fn archives_made_at_different_times_become_the_same_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let archives = [1, 2_000_000].map(|time| {
            let file = folder.path().join(format!("{time}.tgz"));
            careless(&file, time);
            repack(&file).unwrap();
            fs::read(file).unwrap()
        });
        assert_eq!(archives[0], archives[1]);
        let mut unpacked = tar::Archive::new(GzDecoder::new(&*archives[0]));
        let names: Vec<_> =
            unpacked.entries().unwrap().map(|entry| entry.unwrap().path().unwrap().into_owned()).collect();
        assert_eq!(names, [Path::new("chart/Chart.yaml")]);
    }
}
