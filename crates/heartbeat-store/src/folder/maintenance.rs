//! `maintenance.json` at the root: one plain file, written in place.

use super::errors::FileFault;
use super::file::{self, Flush};
use super::root::Root;
use crate::{Record, StoreError};

impl Root {
    /// The bytes of the maintenance record, whatever they are; `None` where there is no such file.
    pub(super) fn read_maintenance(&self) -> Result<Option<Vec<u8>>, StoreError> {
        let path = self.path().join(Record::MAINTENANCE);
        match file::read_bounded(&path, Record::MAX_BYTES + 1) {
            Ok(body) if body.len() > Record::MAX_BYTES => Err(Record::over_long(path.display().to_string())),
            Ok(body) => Ok(Some(body)),
            Err(FileFault::Missing) => self.check().map(|()| None),
            Err(fault) => Err(self.explain("read", &path, fault)),
        }
    }

    /// Writes the maintenance record in place, as stamps are: the root must be there.
    pub(super) fn write_maintenance(&self, body: &[u8]) -> Result<(), StoreError> {
        let path = self.path().join(Record::MAINTENANCE);
        file::write_in_place(self, &path, body, Flush::Yes)
            .map_err(|fault| self.explain("write", &path, fault))
    }
}
