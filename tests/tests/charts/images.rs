//! Images are named in full: with a registry, since an unqualified name is pulled from wherever the node looks first,
//! and with what pins them.

use anyhow::Result;
use flatline_tests::Manifest;

use crate::{object, of_every_object, text};

#[test]
fn every_image_names_its_registry_and_a_tag_or_digest() -> Result<()> {
    of_every_object(loose_images)
}

#[test]
fn an_image_that_is_named_loosely_is_refused() -> Result<()> {
    let digest = format!("r.example.org/a@sha256:{}", "0".repeat(64));
    let table = [
        ("r.example.org/a:1.0", None),
        ("localhost:5000/a/b:1.0", None),
        (digest.as_str(), None),
        ("a:1.0", Some("names no registry")),
        ("library/a:1.0", Some("names no registry")),
        ("r.example.org/a", Some("has neither a tag nor a digest")),
        ("localhost:5000/a", Some("has neither a tag nor a digest")),
        ("r.example.org/a:latest", Some("has a tag that moves")),
        ("r.example.org/a@sha256:123", Some("has no whole digest")),
        ("", Some("names no registry")),
    ];
    for (image, reason) in table {
        assert_eq!(looseness(image), reason, "{image}");
    }
    let pod = format!("kind: Pod\nmetadata: {{ name: x }}\nspec: {{ containers: [{{ image: {} }}] }}", "a:1");
    assert_eq!(loose_images(&object(&pod)?).len(), 1);
    Ok(())
}

fn loose_images(object: &Manifest) -> Vec<String> {
    let images = object.containers().into_iter().map(|(_, container)| text(container, "/image"));
    images.filter_map(|image| Some(format!("the image '{image}' {}", looseness(image)?))).collect()
}

fn looseness(image: &str) -> Option<&'static str> {
    let (registry, rest) = image.split_once('/').unwrap_or(("", image));
    if !registry.contains(['.', ':']) {
        return Some("names no registry");
    }
    if let Some((_, digest)) = rest.split_once('@') {
        let hex = digest.strip_prefix("sha256:").unwrap_or_default();
        let is_whole = hex.len() == 64 && hex.bytes().all(|byte| byte.is_ascii_hexdigit());
        return (!is_whole).then_some("has no whole digest");
    }
    match rest.split_once(':') {
        None | Some((_, "")) => Some("has neither a tag nor a digest"),
        Some((_, "latest")) => Some("has a tag that moves"),
        Some(_) => None,
    }
}
