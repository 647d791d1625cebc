//! A container of Azure Blob storage as a place.
//!
//! Every operation is one request (the list of clusters: one per page), with a hard deadline in the transport
//! and no retries anywhere: the caller's loop is the retry, and a hidden replay of a conditional write would
//! conflict with itself. A request finds its way through these rooms: [`metadata`] (details as headers),
//! [`body`] (whether what came is what was announced), [`shared_key`] or [`bearer`] with [`fresh_token`] and [`entra`]
//! (who signs it), [`transport`] (how it travels), [`marks`] (whose answer it is), [`failure`] and [`hint`] (what an
//! unhappy answer means).

mod bearer;
mod body;
mod entra;
mod failure;
mod fresh_token;
mod hint;
mod lifetime;
mod marks;
mod metadata;
mod open;
mod shared_key;
mod touch;
mod transport;

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::num::NonZero;

use async_trait::async_trait;
use azure_core::error::ErrorKind;
use azure_core::http::{Etag, RequestContent};
use azure_storage_blob::BlobContainerClient;
use azure_storage_blob::models::{
    BlobClientDownloadOptions, BlobClientGetPropertiesResultHeaders, BlobClientUploadOptions,
    BlobContainerClientListBlobsOptions, HttpRange,
};
use failover_policy::{ClusterId, Stamp};
use futures::TryStreamExt;

use crate::oddity::{PROBE, meant_by};
use crate::{
    Backend, Beat, BeatDetails, BlobPlace, Credential, Oddity, Record, RecordName, RecordVersion, StoreError,
    Touched,
};
use failure::Attempt;
pub use open::OpenError;
use open::Way;
pub use transport::InvalidProxy;

/// One transfer at a time: everything stored here fits in one request.
const ONE_AT_A_TIME: Option<NonZero<usize>> = NonZero::new(1);
/// What a cluster's stamp is called below the cluster's id, as in a folder.
const STAMP: &str = "heartbeat.txt";
/// The maintenance record, for messages.
const MAINTENANCE: &str = "the maintenance record";

/// A store in a container of Azure Blob storage, or of its emulator Azurite.
pub struct BlobBackend {
    container: BlobContainerClient,
    place: BlobPlace,
    credential: Credential,
    /// `None` where a test plays the service.
    way: Option<Way>,
}

/// What a read brought back.
struct Fetched {
    /// At most as many bytes as were asked for, and one more where there are more.
    bytes: Vec<u8>,
    etag: Etag,
}

impl BlobBackend {
    /// Reads at most `limit` bytes and one more, which tells that the blob is too long.
    async fn get(&self, name: &str, limit: usize) -> azure_core::Result<Fetched> {
        let end = limit + 1;
        let options = BlobClientDownloadOptions {
            range: Some(HttpRange::new(0, end as u64)),
            parallel: ONE_AT_A_TIME,
            ..Default::default()
        };
        let mut answer = self.container.blob_client(name).download(Some(options)).await?;
        let etag = answer.properties.etag.ok_or_else(no_tag)?;
        let announced = body::announced(&answer.headers, end)?;
        let mut bytes = Vec::new();
        // A service that ignores the range sends more than was asked for: it is left unread.
        while let (true, Some(part)) = (bytes.len() < end, answer.body.try_next().await?) {
            bytes.extend_from_slice(&part[..part.len().min(end - bytes.len())]);
        }
        body::check(announced, bytes.len())?;
        Ok(Fetched { bytes, etag })
    }

    /// Reads a blob of at most [`Record::MAX_BYTES`]; `None` where there is none.
    async fn get_if_any(&self, attempt: &Attempt, name: &str) -> Result<Option<Fetched>, StoreError> {
        let fetched = self.get(name, Record::MAX_BYTES).await;
        match fetched.map_err(|error| self.failed(attempt, &error)) {
            Ok(fetched) if fetched.bytes.len() > Record::MAX_BYTES => {
                Err(Record::over_long(attempt.named(&self.location())))
            }
            Ok(fetched) => Ok(Some(fetched)),
            Err(StoreError::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Writes a whole blob in one request and returns its new tag.
    async fn put(
        &self,
        name: &str,
        body: &[u8],
        options: BlobClientUploadOptions<'_>,
    ) -> azure_core::Result<Etag> {
        let content = RequestContent::from(body.to_vec());
        let options = BlobClientUploadOptions { parallel: ONE_AT_A_TIME, ..options };
        let answer = self.container.blob_client(name).upload(content, Some(options)).await?;
        answer.etag.ok_or_else(no_tag)
    }

    async fn swap(
        &self,
        attempt: Attempt,
        name: &RecordName,
        body: &[u8],
        condition: BlobClientUploadOptions<'_>,
    ) -> Result<RecordVersion, StoreError> {
        let written = self.put(&self.record_name(name), body, condition).await;
        written
            .map(|etag| RecordVersion::ETag(etag.to_string()))
            .map_err(|error| self.failed(&attempt, &error))
    }

    /// Every name of the store, less its prefix, that means something to `known`.
    async fn list<T: Ord>(&self, known: impl Fn(&str) -> Option<T>) -> azure_core::Result<BTreeSet<T>> {
        let below = self.place.blob_name("");
        let prefix = Some(below.clone()).filter(|prefix| !prefix.is_empty());
        let options = BlobContainerClientListBlobsOptions { prefix, ..Default::default() };
        let mut pages = self.container.list_blobs(Some(options))?.into_pages();
        let mut found = BTreeSet::new();
        while let Some(page) = pages.try_next().await? {
            let names = page.into_model()?.blob_items.into_iter().filter_map(|blob| blob.name);
            found.extend(names.filter_map(|name| known(name.strip_prefix(&below)?)));
        }
        Ok(found)
    }

    fn oddity(&self, name: &str) -> Option<Oddity> {
        if name.starts_with(PROBE) {
            let blob = self.place.blob_name(name);
            let remove = hint::on_blob("delete", "--name", &blob, &self.place, &self.credential);
            return Some(Oddity::Probe { name: name.to_owned(), remove });
        }
        let (found, file) = name.split_once('/')?;
        let meant = if file == STAMP { meant_by(found)? } else { return None };
        Some(Oddity::OtherCase { found: found.to_owned(), meant, same: false })
    }

    fn stamp_name(&self, cluster: &ClusterId) -> String {
        self.place.blob_name(&format!("{cluster}/{STAMP}"))
    }

    fn record_name(&self, name: &RecordName) -> String {
        self.place.blob_name(&format!("{}.json", name.stem()))
    }

    fn failed(&self, attempt: &Attempt, error: &azure_core::Error) -> StoreError {
        failure::store_error(error, attempt, &self.place, &self.credential)
    }
}

#[async_trait]
impl Backend for BlobBackend {
    fn location(&self) -> String {
        self.place.to_string()
    }

    fn credential(&self) -> Option<String> {
        Some(self.credential.to_string())
    }

    /// What keeps it from being reached is told by the operation that follows.
    async fn reach(&self) {
        let Some(Way { client, token }) = &self.way else { return };
        let signed_in = async {
            if let Some(token) = token {
                let _ = token.get().await;
            }
        };
        futures::join!(client.reach(self.place.container_url()), signed_in);
    }

    async fn read_stamp(&self, cluster: &ClusterId) -> Result<Stamp, StoreError> {
        let attempt =
            Attempt::reading("read", format!("the stamp of cluster {cluster}")).on(&self.stamp_name(cluster));
        let fetched = self.get(&self.stamp_name(cluster), Stamp::MAX_BYTES).await;
        let fetched = fetched.map_err(|error| self.failed(&attempt, &error))?;
        Stamp::parse(&fetched.bytes).map_err(|malformed| StoreError::Malformed {
            what: attempt.named(&self.location()),
            detail: malformed.to_string(),
        })
    }

    /// The details travel as metadata of the same request, so they are written with the stamp or not at all.
    async fn write_beat(&self, cluster: &ClusterId, beat: &Beat) -> Result<(), StoreError> {
        let attempt = Attempt::writing("write", format!("the stamp of cluster {cluster}"))
            .on(&self.stamp_name(cluster));
        let options = BlobClientUploadOptions {
            blob_content_type: Some("text/plain".to_owned()),
            metadata: details_to_write(&beat.details),
            ..Default::default()
        };
        let written = self.put(&self.stamp_name(cluster), beat.stamp.to_string().as_bytes(), options).await;
        written.map(drop).map_err(|error| self.failed(&attempt, &error))
    }

    async fn read_details(&self, cluster: &ClusterId) -> Result<Option<BeatDetails>, StoreError> {
        let attempt = Attempt::reading("read", format!("the beat details of cluster {cluster}"));
        let blob = self.container.blob_client(&self.stamp_name(cluster));
        let found = blob.get_properties(None).await.and_then(|properties| properties.metadata());
        match found.map_err(|error| self.failed(&attempt, &error)) {
            Ok(metadata) => Ok(metadata::to_details(&metadata)),
            Err(StoreError::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn clusters(&self) -> Result<BTreeSet<ClusterId>, StoreError> {
        let attempt = Attempt::reading("list", "the clusters".to_owned());
        self.list(cluster_of).await.map_err(|error| self.failed(&attempt, &error))
    }

    async fn oddities(&self) -> Result<Vec<Oddity>, StoreError> {
        let attempt = Attempt::reading("list", "what lies about".to_owned());
        let names = self.list(|name| self.oddity(name).map(|_| name.to_owned())).await;
        let names = names.map_err(|error| self.failed(&attempt, &error))?;
        Ok(names.iter().filter_map(|name| self.oddity(name)).collect())
    }

    async fn read_record(&self, name: &RecordName) -> Result<Option<Record>, StoreError> {
        let attempt = Attempt::reading("read", name.to_string());
        let fetched = self.get_if_any(&attempt, &self.record_name(name)).await?;
        let version = |etag: Etag| RecordVersion::ETag(etag.to_string());
        Ok(fetched.map(|Fetched { bytes, etag }| Record { body: bytes, version: version(etag) }))
    }

    async fn create_record(
        &self,
        name: &RecordName,
        body: &[u8],
        _revision: u64,
    ) -> Result<RecordVersion, StoreError> {
        let attempt = Attempt::swapping("create", name.to_string()).on(&self.record_name(name));
        self.swap(attempt, name, body, json().if_not_exists()).await
    }

    async fn swap_record(
        &self,
        name: &RecordName,
        body: &[u8],
        expected: &RecordVersion,
        _revision: u64,
    ) -> Result<RecordVersion, StoreError> {
        let attempt = Attempt::swapping("swap", name.to_string()).on(&self.record_name(name));
        let RecordVersion::ETag(etag) = expected else {
            // A revision of a folder never names a state of a blob.
            return Err(StoreError::Conflict { what: attempt.named(&self.location()) });
        };
        let condition = BlobClientUploadOptions { if_match: Some(etag.as_str().into()), ..json() };
        self.swap(attempt, name, body, condition).await
    }

    async fn touch_record(&self, name: &RecordName) -> Result<Touched, StoreError> {
        self.touch(name).await
    }

    async fn remove_probe(&self, id: &str) -> Result<(), StoreError> {
        let name = RecordName::Probe(id.to_owned());
        let attempt = Attempt::writing("remove", name.to_string()).on(&self.record_name(&name));
        let removed = self.container.blob_client(&self.record_name(&name)).delete(None).await;
        match removed.map_err(|error| self.failed(&attempt, &error)) {
            Ok(_) | Err(StoreError::NotFound { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    async fn read_maintenance(&self) -> Result<Option<Vec<u8>>, StoreError> {
        let attempt = Attempt::reading("read", MAINTENANCE.to_owned());
        let fetched = self.get_if_any(&attempt, &self.place.blob_name(Record::MAINTENANCE)).await?;
        Ok(fetched.map(|fetched| fetched.bytes))
    }

    async fn write_maintenance(&self, body: &[u8]) -> Result<(), StoreError> {
        let attempt =
            Attempt::writing("write", MAINTENANCE.to_owned()).on(&self.place.blob_name(Record::MAINTENANCE));
        let written = self.put(&self.place.blob_name(Record::MAINTENANCE), body, json()).await;
        written.map(drop).map_err(|error| self.failed(&attempt, &error))
    }
}

/// The options of an unconditional write of JSON.
fn json() -> BlobClientUploadOptions<'static> {
    BlobClientUploadOptions { blob_content_type: Some("application/json".to_owned()), ..Default::default() }
}

/// Where it is and how it signs in: the client inside could show a signature.
impl fmt::Debug for BlobBackend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BlobBackend")
            .field("location", &self.location())
            .field("credential", &self.credential.to_string())
            .finish_non_exhaustive()
    }
}

/// The error for a success without the state that it led to or shows: nothing can be built on it.
fn no_tag() -> azure_core::Error {
    azure_core::Error::with_message(
        ErrorKind::Other,
        "the answer has no ETag; look for a proxy on the way that takes it off",
    )
}

/// The details as metadata; none where no reader would believe them, or where they might make the service
/// refuse the stamp as well.
fn details_to_write(details: &BeatDetails) -> Option<HashMap<String, String>> {
    let sound = details.clone().sound();
    if sound.is_none() {
        tracing::debug!("the beat details are out of range; writing the stamp without them");
    }
    sound.as_ref().map(metadata::from_details)
}

/// The cluster whose stamp a blob is, by its name below the store's prefix.
fn cluster_of(name: &str) -> Option<ClusterId> {
    let (cluster, file) = name.split_once('/')?;
    if file == STAMP { cluster.parse().ok() } else { None }
}

#[cfg(test)]
mod tests;
