//! As much of the ELF format as it takes to tell a static program.

/// Whether a 64-bit little-endian ELF file has a program header of type `PT_INTERP`, which names the loader
/// of shared libraries. Offsets and sizes are those of the System V ABI; `None` for any other file.
pub(super) fn asks_for_a_loader(elf: &[u8]) -> Option<bool> {
    const PT_INTERP: u64 = 3;
    let number = |offset: usize, size: usize| {
        let bytes = elf.get(offset..offset.checked_add(size)?)?;
        Some(bytes.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte)))
    };
    if !elf.starts_with(b"\x7fELF\x02\x01") {
        return None;
    }
    let (table, size, count) = (number(0x20, 8)?, number(0x36, 2)?, number(0x38, 2)?);
    let mut types = (0..count).map(|index| number(usize::try_from(table + index * size).ok()?, 4));
    types.try_fold(false, |found, kind| Some(found || kind? == PT_INTERP))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_dynamic_program_asks_for_a_loader_and_other_files_are_no_programs() {
        let this_test = fs::read(std::env::current_exe().unwrap()).unwrap();
        assert_eq!(
            asks_for_a_loader(&this_test),
            Some(true),
            "a test is linked against the system's library"
        );
        assert_eq!(asks_for_a_loader(b"#!/bin/sh\n"), None);
        assert_eq!(asks_for_a_loader(b"\x7fELF\x02\x01 cut off"), None);
    }
}
