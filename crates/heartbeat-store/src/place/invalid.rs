//! Why a text is not a store. No variant keeps a part of the text that could hold a secret.

/// Why a text is not a store. Every message says what is wrong and what to write instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPlace {
    /// Nothing was given.
    #[error(
        "the store is empty; name a folder, or a container as https://ACCOUNT.blob.core.windows.net/CONTAINER"
    )]
    Empty,
    /// A control character, such as a line break in the middle, or one that reorders the text.
    #[error("the store has a control character at byte {offset}; remove it")]
    ControlCharacter {
        /// Where it stands.
        offset: usize,
    },
    /// A connection string or a bare signature.
    #[error(
        "the store holds a secret and no place; put it into AZURE_STORAGE_CONNECTION_STRING or \
         AZURE_STORAGE_SAS_TOKEN, and name the container as https://ACCOUNT.blob.core.windows.net/CONTAINER"
    )]
    Secret,
    /// A host of Blob storage that reads like a path.
    #[error("the store looks like a container's address without its scheme; put https:// before it")]
    NoScheme,
    /// A URL with a part of its start missing, which would be taken for a folder.
    #[error(
        "the store looks like a URL whose start is mangled; write https://ACCOUNT.blob.core.windows.net/CONTAINER, \
         without a user name or password"
    )]
    MangledUrl,
    /// A scheme that is not one of ours.
    #[error("the store URL has an unknown scheme; use 'file', 'http' or 'https', or a folder's path")]
    UnknownScheme,
    /// No URL at all.
    #[error("the store URL cannot be read ({reason}); write https://ACCOUNT.blob.core.windows.net/CONTAINER")]
    BadUrl {
        /// What the parser stumbled over, in its own fixed words.
        reason: String,
    },
    /// A `file://` URL that is not a folder of this machine.
    #[error(
        "the file URL is not a folder of this machine ({reason}); mount the share and write file:///FOLDER"
    )]
    FileUrl {
        /// What is wrong.
        reason: &'static str,
    },
    /// A user name or password before the host.
    #[error(
        "the store URL has a user name or password; remove it and set one of the AZURE_STORAGE_… variables"
    )]
    UserInfo,
    /// Something behind a `#`.
    #[error("the store URL has a fragment; remove everything from '#' on")]
    Fragment,
    /// A signature where every process on the machine can read it.
    #[error(
        "the store URL has a signature, and everybody on the machine can read a command line; \
         set AZURE_STORAGE_SAS_TOKEN, or the whole URL as HEARTBEAT_STORE"
    )]
    SignatureOnFlag,
    /// A query that is no shared access signature.
    #[error(
        "the store URL has a query that is not a shared access signature ({reason}); remove everything from '?' on"
    )]
    Query {
        /// What is missing.
        reason: String,
    },
    /// Plain http to the real service.
    #[error("the store URL has http, which is for emulators only; write https")]
    PlainHttp,
    /// A read-only secondary: stale by design.
    #[error(
        "the store URL names a read-only secondary, which shows old stamps; name the account without '-secondary'"
    )]
    Secondary,
    /// Not a storage account.
    #[error("the store URL has no storage account (3 to 24 lower-case letters and digits) {place}")]
    BadAccount {
        /// Where it should stand.
        place: &'static str,
    },
    /// No container.
    #[error("the store URL names no container; add /CONTAINER, and /PREFIX where several stores share it")]
    NoContainer,
    /// A container's name that Azure does not allow.
    #[error(
        "the store URL's container is not a container's name; use 3 to 63 lower-case letters, digits and single inner dashes"
    )]
    BadContainer,
    /// A prefix that would not survive as a part of a blob's name.
    #[error("the store URL's prefix {reason}; write plain names with single slashes between them")]
    BadPrefix {
        /// What is wrong.
        reason: &'static str,
    },
}
