//! The stores that the demo and the benchmark use.

use anyhow::Result;
use clap::ValueEnum;
use flatline_tests::{Azurite, BlobStore, FolderStore, TestStore};

use crate::tools;

/// A kind of store that needs nothing but this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum StoreKind {
    /// A temporary folder
    Folder,
    /// A container in Azurite, Microsoft's emulator of Blob storage, on loopback
    Azurite,
}

impl StoreKind {
    /// An empty store that lasts as long as what is returned. Those in an emulator share one.
    pub(crate) fn open(self) -> Result<Box<dyn TestStore>> {
        match self {
            Self::Folder => Ok(Box::new(FolderStore::new()?)),
            Self::Azurite => {
                tools::install_node_tools()?;
                Ok(Box::new(BlobStore::new(Azurite::shared()?)?))
            }
        }
    }
}
