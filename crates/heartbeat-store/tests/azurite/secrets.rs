//! Nothing that the library says or logs shows a secret, whatever goes wrong.

use std::io;
use std::sync::{Arc, Mutex};

use flatline_tests::Azurite;
use heartbeat_store::{CredentialKind, Store, variable};
use tracing_subscriber::fmt::MakeWriter;

use crate::support::{DEADLINES, KEY, every_outcome, open, sas};

/// Everything that was logged at any level.
#[derive(Debug, Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    /// Listens to the whole process: whatever the tests beside this one make the client say is searched too.
    /// A subscriber for one thread alone would miss events whose first use was on a thread without any.
    fn listen(&self) {
        let all = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(self.clone());
        tracing::subscriber::set_global_default(all.finish()).unwrap();
    }

    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn neither_errors_nor_logs_show_a_secret_in_any_trouble() {
    let log = Log::default();
    log.listen();
    let azurite = Azurite::start().unwrap();
    let container = azurite.new_container().unwrap();
    let sas = sas(&azurite, &container, "rcwdl");
    let signature = sas.split("sig=").nth(1).unwrap().to_owned();
    let url = azurite.store_url(&container);
    let signed = format!("{url}?{sas}");
    let connection = azurite.connection_string();
    let stores = [
        open(&url, CredentialKind::Key, &[KEY], DEADLINES),
        open(&signed, CredentialKind::Auto, &[], DEADLINES),
        open(
            &url,
            CredentialKind::ConnectionString,
            &[(variable::CONNECTION_STRING, &connection)],
            DEADLINES,
        ),
        open(&url, CredentialKind::Sas, &[(variable::SAS_TOKEN, &sas)], DEADLINES),
    ];
    let mut said = String::new();
    everything_said(&stores, &mut said).await;
    azurite.delete_container(&container).unwrap();
    everything_said(&stores, &mut said).await;
    azurite.freeze().unwrap();
    everything_said(&stores, &mut said).await;
    azurite.thaw().unwrap();
    azurite.stop().unwrap();
    everything_said(&stores, &mut said).await;

    let logged = log.text();
    assert!(logged.contains("sends a request"), "the log holds what the client does");
    assert!(said.contains("cannot connect") && said.contains("no answer"), "the trouble was real: {said}");
    let decoded = percent_encoding::percent_decode_str(&signature).decode_utf8().unwrap();
    for (name, text) in [("errors", said), ("logs", logged)] {
        for secret in [Azurite::KEY, &signature, &decoded, "SharedKey devstoreaccount1:"] {
            let shown = text.lines().find(|line| line.contains(secret));
            assert_eq!(shown, None, "{secret} in the {name}");
        }
    }
}

async fn everything_said(stores: &[Store], said: &mut String) {
    let outcomes = futures::future::join_all(stores.iter().map(every_outcome)).await;
    for (store, (reads, writes)) in stores.iter().zip(outcomes) {
        for error in reads.into_iter().chain(writes) {
            said.push_str(&format!("{error}\n{error:?}\n{store:?}\n"));
        }
    }
}
