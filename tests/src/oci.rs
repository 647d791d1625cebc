//! Reading an OCI archive: what a registry would be given, without one.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use flate2::read::GzDecoder;
use serde_json::Value;

use crate::tools::shipped;

/// The archive of an image that `cargo xtask dist` has built; none where it has built none.
pub fn shipped_image(name: &str) -> Option<PathBuf> {
    shipped(&format!("images/{name}.oci.tar"))
}

/// An image of one platform.
#[derive(Debug)]
pub struct OciImage {
    digest: String,
    reference: Option<String>,
    config: Value,
    /// Uncompressed, the lowest first.
    layers: Vec<Vec<u8>>,
    compressed_bytes: u64,
}

/// A file or folder of an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageEntry {
    /// Without a leading or trailing slash.
    pub path: String,
    /// What it is.
    pub kind: ImageEntryKind,
    /// Permissions, with the bits for set-user, set-group and sticky.
    pub mode: u32,
    /// The owner's number.
    pub user: u64,
    /// The group's number.
    pub group: u64,
    /// What is in it; empty but for files.
    pub bytes: Vec<u8>,
}

/// What an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImageEntryKind {
    /// A folder.
    Folder,
    /// A file.
    File,
    /// A link, a device, or anything else.
    Other,
}

impl OciImage {
    /// Reads an archive that holds one image, and checks every digest on the way.
    pub fn read(archive: &Path) -> Result<Self> {
        let doing = || format!("cannot read {} as an OCI archive", archive.display());
        let file = File::open(archive).with_context(doing)?;
        Self::from_archive(file).with_context(doing)
    }

    /// The same from an archive that is read already.
    pub fn from_archive(archive: impl Read) -> Result<Self> {
        let files = Files::read(archive)?;
        let index: Value = serde_json::from_slice(files.get("index.json")?)?;
        let manifests = index["manifests"].as_array().context("an index without manifests")?;
        ensure!(manifests.len() == 1, "{} images instead of one", manifests.len());
        let reference = manifests[0].pointer("/annotations/org.opencontainers.image.ref.name");
        let reference = reference.and_then(Value::as_str).map(str::to_owned);
        let (digest, manifest) = files.blob(&manifests[0])?;
        let manifest: Value = serde_json::from_slice(manifest)?;
        let (_, config) = files.blob(&manifest["config"])?;
        let (mut layers, mut compressed_bytes) = (Vec::new(), 0);
        for layer in manifest["layers"].as_array().context("a manifest without layers")? {
            let (_, blob) = files.blob(layer)?;
            compressed_bytes += blob.len() as u64;
            layers.push(uncompressed(layer["mediaType"].as_str().unwrap_or_default(), blob)?);
        }
        let (digest, config) = (digest.to_owned(), serde_json::from_slice(config)?);
        Ok(Self { digest, reference, config, layers, compressed_bytes })
    }

    /// What the archive calls the image.
    pub fn reference(&self) -> Option<&str> {
        self.reference.as_deref()
    }

    /// What the image is pinned by: `sha256:…` of its manifest.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// Platform, user, entry point, environment and labels, as the image format writes them.
    pub fn config(&self) -> &Value {
        &self.config
    }

    /// What a node downloads.
    pub fn compressed_bytes(&self) -> u64 {
        self.compressed_bytes
    }

    /// What it takes on the node's disk, nearly: the layers' archives without compression.
    pub fn unpacked_bytes(&self) -> u64 {
        self.layers.iter().map(|layer| layer.len() as u64).sum()
    }

    /// Every file and folder of every layer, in their order.
    pub fn entries(&self) -> Result<Vec<ImageEntry>> {
        let mut entries = Vec::new();
        for layer in &self.layers {
            for entry in tar::Archive::new(&**layer).entries()? {
                entries.push(read_entry(entry?)?);
            }
        }
        Ok(entries)
    }

    /// Unpacks the layers into a folder, the root of the image's file system.
    pub fn unpack(&self, folder: &Path) -> Result<()> {
        for layer in &self.layers {
            let unpacked = tar::Archive::new(&**layer).unpack(folder);
            unpacked.with_context(|| format!("cannot unpack a layer into {}", folder.display()))?;
        }
        Ok(())
    }
}

/// The files of an archive, by name.
struct Files(BTreeMap<String, Vec<u8>>);

impl Files {
    fn read(archive: impl Read) -> Result<Self> {
        let mut files = BTreeMap::new();
        for entry in tar::Archive::new(archive).entries()? {
            let entry = read_entry(entry?)?;
            files.insert(entry.path, entry.bytes);
        }
        Ok(Self(files))
    }

    fn get(&self, name: &str) -> Result<&[u8]> {
        self.0.get(name).map(Vec::as_slice).with_context(|| format!("there is no {name}"))
    }

    /// The digest that a descriptor names, and the bytes that have it.
    fn blob<'a>(&'a self, descriptor: &'a Value) -> Result<(&'a str, &'a [u8])> {
        let digest = descriptor["digest"].as_str().context("a descriptor without a digest")?;
        let hex = digest.strip_prefix("sha256:").with_context(|| format!("{digest} is no SHA-256"))?;
        let bytes = self.get(&format!("blobs/sha256/{hex}"))?;
        let found = ring::digest::digest(&ring::digest::SHA256, bytes);
        let found: String = found.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        ensure!(found == hex, "the blob {digest} has the digest sha256:{found}");
        Ok((digest, bytes))
    }
}

fn uncompressed(media_type: &str, blob: &[u8]) -> Result<Vec<u8>> {
    if !media_type.ends_with("+gzip") {
        return Ok(blob.to_owned());
    }
    let mut layer = Vec::new();
    GzDecoder::new(blob).read_to_end(&mut layer).context("a layer that is not compressed as it says")?;
    Ok(layer)
}

fn read_entry(mut entry: tar::Entry<'_, impl Read>) -> Result<ImageEntry> {
    let header = entry.header();
    let kind = match header.entry_type() {
        tar::EntryType::Directory => ImageEntryKind::Folder,
        tar::EntryType::Regular => ImageEntryKind::File,
        _ => ImageEntryKind::Other,
    };
    let (mode, user, group) = (header.mode()?, header.uid()?, header.gid()?);
    let path = entry.path()?.to_string_lossy().trim_matches('/').to_owned();
    let mut bytes = Vec::new();
    entry.read_to_end(&mut bytes).with_context(|| format!("cannot read {path}"))?;
    Ok(ImageEntry { path, kind, mode: mode & 0o7777, user, group, bytes })
}
