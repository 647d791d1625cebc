//! Images with one thing wrong each, written as archives and read back.

use serde_json::{Value, json};
use tar::{Builder, EntryType, Header};

use super::*;

/// A static program, as far as the inspection looks: an ELF file of 64 bit without program headers.
fn static_program() -> Vec<u8> {
    let mut elf = vec![0; 0x40];
    elf[..6].copy_from_slice(b"\x7fELF\x02\x01");
    elf
}

/// The same with one program header, which names a loader.
fn dynamic_program() -> Vec<u8> {
    let mut elf = static_program();
    elf[0x20] = 0x40;
    elf[0x36] = 56;
    elf[0x38] = 1;
    elf.extend([3, 0, 0, 0]);
    elf.resize(0x40 + 56, 0);
    elf
}

/// An image that is about to be written.
struct Draft {
    reference: String,
    settings: Value,
    layer: Builder<Vec<u8>>,
}

impl Draft {
    /// An image as it should be, but for its program.
    fn without_program() -> Self {
        let settings = json!({ "User": "65532:65532", "Entrypoint": ["heart-monitor"] });
        let reference = format!("localhost/heart-monitor:{}", env!("CARGO_PKG_VERSION"));
        let draft = Self { reference, settings, layer: Builder::new(Vec::new()) };
        draft.with("etc/passwd", 0o644, b"flatline:x:65532:65532::/:\n")
    }

    fn good() -> Self {
        Self::without_program().with("usr/local/bin/heart-monitor", 0o755, &static_program())
    }

    fn with(self, path: &str, mode: u32, bytes: &[u8]) -> Self {
        self.with_entry(path, EntryType::Regular, mode, 0, bytes)
    }

    fn with_entry(mut self, path: &str, kind: EntryType, mode: u32, owner: u64, bytes: &[u8]) -> Self {
        let mut header = Header::new_gnu();
        header.set_entry_type(kind);
        header.set_size(bytes.len() as u64);
        header.set_mode(mode);
        header.set_uid(owner);
        header.set_gid(0);
        if kind == EntryType::Symlink {
            header.set_link_name("usr/local/bin/heart-monitor").unwrap();
        }
        self.layer.append_data(&mut header, path, bytes).unwrap();
        self
    }

    fn setting(mut self, key: &str, value: Value) -> Self {
        self.settings[key] = value;
        self
    }

    fn called(self, reference: &str) -> Self {
        Self { reference: reference.to_owned(), ..self }
    }

    /// Writes the archive and reads it back.
    fn read(self) -> OciImage {
        let mut archive = Builder::new(Vec::new());
        let mut blob = |media_type: &str, bytes: &[u8]| {
            let hex = super::super::sums::sha256(bytes);
            append(&mut archive, &format!("blobs/sha256/{hex}"), bytes);
            json!({ "mediaType": media_type, "digest": format!("sha256:{hex}"), "size": bytes.len() })
        };
        let config = json!({ "architecture": "amd64", "os": "linux", "config": self.settings });
        let layer = blob("application/vnd.oci.image.layer.v1.tar", &self.layer.into_inner().unwrap());
        let config = blob("application/vnd.oci.image.config.v1+json", config.to_string().as_bytes());
        let manifest = json!({ "config": config, "layers": [layer] });
        let mut manifest =
            blob("application/vnd.oci.image.manifest.v1+json", manifest.to_string().as_bytes());
        manifest["annotations"] = json!({ "org.opencontainers.image.ref.name": self.reference });
        append(&mut archive, "index.json", json!({ "manifests": [manifest] }).to_string().as_bytes());
        OciImage::from_archive(&*archive.into_inner().unwrap()).unwrap()
    }
}

fn append(archive: &mut Builder<Vec<u8>>, path: &str, bytes: &[u8]) {
    let mut header = Header::new_gnu();
    header.set_size(bytes.len() as u64);
    header.set_mode(0o644);
    header.set_uid(0);
    header.set_gid(0);
    archive.append_data(&mut header, path, bytes).unwrap();
}

fn verdict(draft: Draft) -> Result<()> {
    let monitor =
        Contents { name: "heart-monitor", programs: &["heart-monitor"], entry_point: Some("heart-monitor") };
    pass(&monitor, &draft.read(), &|_| Ok(static_program()))
}

#[test]
fn an_image_as_it_should_be_passes() {
    verdict(Draft::good().with_entry("usr", EntryType::Directory, 0o755, 0, b"")).unwrap();
}

#[test]
fn whatever_an_image_must_not_hold_is_refused_by_name() {
    let program = "usr/local/bin/heart-monitor";
    let refused = [
        (Draft::good().with("bin/sh", 0o755, &static_program()), "/bin/sh can be executed"),
        (Draft::good().with("usr/local/bin/busybox", 0o755, &static_program()), "busybox can be executed"),
        (Draft::good().with("etc/start.sh", 0o755, b"#!/bin/sh\n"), "/etc/start.sh can be executed"),
        (
            Draft::good().with_entry("bin/sh", EntryType::Symlink, 0o755, 0, b""),
            "neither a file nor a folder",
        ),
        (Draft::good().with("etc/open", 0o666, b""), "/etc/open has mode 666"),
        (Draft::good().with("etc/group", 0o664, b""), "/etc/group has mode 664"),
        (Draft::good().with_entry("tmp", EntryType::Directory, 0o1777, 0, b""), "/tmp has mode 1777"),
        (Draft::good().with("etc/sudo", 0o4644, b""), "/etc/sudo has mode 4644"),
        (Draft::good().with_entry("etc/own", EntryType::Regular, 0o644, 65532, b""), "belongs to 65532:0"),
        (Draft::without_program().with(program, 0o755, &dynamic_program()), "is not static"),
        (Draft::without_program().with(program, 0o755, b"#!/bin/sh\n"), "is not a 64-bit ELF file"),
        (
            Draft::without_program().with(program, 0o755, &dynamic_program()),
            "not the program that is shipped",
        ),
        (Draft::without_program(), "/usr/local/bin/heart-monitor is missing"),
        (Draft::good().setting("User", json!("0:0")), "runs as \"0:0\""),
        (Draft::good().setting("User", json!("65532:0")), "runs as \"65532:0\""),
        (Draft::good().setting("User", json!("flatline")), "runs as \"flatline\""),
        (Draft::good().setting("User", Value::Null), "runs as \"\""),
        (Draft::good().setting("Entrypoint", json!(["/bin/sh", "-c"])), "its entry point is"),
        (Draft::good().setting("Cmd", json!(["/bin/sh"])), "it has a command"),
        (
            Draft::good().called("heart-monitor:0.1.0"),
            "the archive calls it Some(\"heart-monitor:0.1.0\"), not",
        ),
    ];
    for (draft, expected) in refused {
        let Err(error) = verdict(draft) else { panic!("passed, and should not: {expected}") };
        assert!(error.to_string().contains(expected), "{error} does not say: {expected}");
    }
}

#[test]
fn a_blob_that_does_not_have_its_digest_is_refused() {
    let mut archive = Builder::new(Vec::new());
    let digest = "0".repeat(64);
    append(&mut archive, &format!("blobs/sha256/{digest}"), b"{}");
    let index = json!({ "manifests": [{ "digest": format!("sha256:{digest}") }] });
    append(&mut archive, "index.json", index.to_string().as_bytes());
    let error = OciImage::from_archive(&*archive.into_inner().unwrap()).unwrap_err().to_string();
    assert!(error.contains("has the digest sha256:44136fa3"), "{error}");
}
