//! What must not be shipped in an image, read from the archive itself.

use anyhow::{Result, ensure};
use flatline_tests::{ImageEntry, ImageEntryKind, OciImage};

use super::elf;
use super::images::Contents;

/// The folder of the programs, as archives name it.
const PROGRAMS: &str = "usr/local/bin/";

/// Fails with everything that is wrong with an image. `shipped` gives the bytes of a program as they are shipped
/// beside the images.
pub(super) fn pass(
    contents: &Contents,
    image: &OciImage,
    shipped: &dyn Fn(&str) -> Result<Vec<u8>>,
) -> Result<()> {
    let entries = image.entries()?;
    let mut faults = faults_of_settings(contents, image);
    faults.extend(entries.iter().filter_map(|entry| fault_of_entry(contents, entry)));
    for program in contents.programs {
        let path = format!("{PROGRAMS}{program}");
        match entries.iter().find(|entry| entry.path == path) {
            None => faults.push(format!("/{path} is missing")),
            Some(entry) if entry.bytes != shipped(program)? => {
                faults.push(format!("/{path} is not the program that is shipped"));
            }
            Some(_) => {}
        }
    }
    ensure!(faults.is_empty(), "the image {} must not be shipped: {}", contents.name, faults.join("; "));
    Ok(())
}

fn faults_of_settings(contents: &Contents, image: &OciImage) -> Vec<String> {
    let mut faults = Vec::new();
    if image.reference() != Some(&contents.reference()) {
        faults.push(format!("the archive calls it {:?}, not {}", image.reference(), contents.reference()));
    }
    let settings = &image.config()["config"];
    let user = settings["User"].as_str().unwrap_or_default();
    if !is_unprivileged(user) {
        faults.push(format!("it runs as {user:?}, which is not a numeric user and group other than root"));
    }
    let expected = contents.entry_point.map(|program| vec![program]).unwrap_or_default();
    let words = |key: &str| settings[key].as_array().into_iter().flatten().map(|word| word.as_str());
    if !words("Entrypoint").eq(expected.iter().map(|word| Some(*word))) {
        faults.push(format!("its entry point is {}, not {expected:?}", settings["Entrypoint"]));
    }
    if words("Cmd").next().is_some() {
        faults.push(format!("it has a command, {}", settings["Cmd"]));
    }
    faults
}

fn is_unprivileged(user: &str) -> bool {
    let id = |text: &str| text.parse::<u32>().is_ok_and(|id| id != 0);
    user.split_once(':').is_some_and(|(user, group)| id(user) && id(group))
}

/// What is wrong with a file or folder. Whatever can be executed must be one of the image's programs: that leaves no
/// room for a shell by any name.
fn fault_of_entry(contents: &Contents, entry: &ImageEntry) -> Option<String> {
    let path = &entry.path;
    match entry.kind {
        ImageEntryKind::Folder | ImageEntryKind::File => {}
        ImageEntryKind::Other => return Some(format!("/{path} is neither a file nor a folder")),
    }
    if (entry.user, entry.group) != (0, 0) {
        return Some(format!("/{path} belongs to {}:{} and not to root", entry.user, entry.group));
    }
    if entry.mode & 0o7022 != 0 {
        return Some(format!(
            "/{path} has mode {:o}: others may write to it, or run it as its owner",
            entry.mode
        ));
    }
    if entry.kind == ImageEntryKind::Folder || entry.mode & 0o111 == 0 {
        return None;
    }
    let is_ours = path.strip_prefix(PROGRAMS).is_some_and(|name| contents.programs.contains(&name));
    if !is_ours {
        return Some(format!("/{path} can be executed and is no program of this image"));
    }
    match elf::asks_for_a_loader(&entry.bytes) {
        Some(false) => None,
        Some(true) => Some(format!("/{path} is not static: it asks for a loader")),
        None => Some(format!("/{path} is not a 64-bit ELF file")),
    }
}

#[cfg(test)]
mod tests;
