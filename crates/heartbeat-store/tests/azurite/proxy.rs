//! A line between client and service that counts requests and loses the answers that it is told to lose.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What becomes of the answer to the next request with the awaited method.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Loss {
    /// The connection breaks after the service has carried the request out.
    Broken,
    /// The answer never comes, and the connection stays.
    Silent,
}

/// Forwards connections to a port on loopback.
#[derive(Debug)]
pub(crate) struct Proxy {
    port: u16,
    script: Arc<Mutex<Script>>,
}

#[derive(Debug, Default)]
struct Script {
    /// First lines, in order.
    requests: Vec<String>,
    /// The method whose next answer is lost, and how.
    lose: Option<(&'static str, Loss)>,
}

impl Proxy {
    pub(crate) async fn start(upstream: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let script = Arc::<Mutex<Script>>::default();
        let shared = Arc::clone(&script);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(forward(client, upstream, Arc::clone(&shared)));
            }
        });
        Self { port, script }
    }

    /// The URL with the service's port replaced by this one.
    pub(crate) fn in_front_of(&self, url: &str, upstream: u16) -> String {
        url.replace(&format!(":{upstream}/"), &format!(":{}/", self.port))
    }

    /// Loses the answer to the next request with this method.
    pub(crate) fn lose_next(&self, method: &'static str, loss: Loss) {
        lock(&self.script).lose = Some((method, loss));
    }

    /// The first lines of the requests since the last call, without version and query.
    pub(crate) fn take_requests(&self) -> Vec<String> {
        std::mem::take(&mut lock(&self.script).requests)
    }
}

fn lock(script: &Mutex<Script>) -> std::sync::MutexGuard<'_, Script> {
    script.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Carries one connection until a side ends it. HTTP/1.1 without pipelining: bytes from the client that begin
/// with a method begin a request.
async fn forward(mut client: TcpStream, upstream: u16, script: Arc<Mutex<Script>>) -> Option<()> {
    let mut service = TcpStream::connect(("127.0.0.1", upstream)).await.ok()?;
    let (mut asked, mut answered) = (vec![0; 128 * 1024], vec![0; 128 * 1024]);
    let mut loss = None;
    loop {
        tokio::select! {
            read = client.read(&mut asked) => {
                let bytes = &asked[..read.ok().filter(|read| *read > 0)?];
                loss = note(bytes, &script).or(loss);
                service.write_all(bytes).await.ok()?;
            }
            read = service.read(&mut answered) => {
                let bytes = &answered[..read.ok().filter(|read| *read > 0)?];
                match loss {
                    None => client.write_all(bytes).await.ok()?,
                    Some(Loss::Broken) => return None,
                    Some(Loss::Silent) => {}
                }
            }
        }
    }
}

/// Notes a request, and says what becomes of its answer.
fn note(bytes: &[u8], script: &Mutex<Script>) -> Option<Loss> {
    let text = String::from_utf8_lossy(bytes);
    let line = text.lines().next()?.strip_suffix(" HTTP/1.1")?;
    let line = line.split('?').next()?;
    let mut script = lock(script);
    script.requests.push(line.to_owned());
    let (_, loss) = script.lose.take_if(|(method, _)| line.starts_with(*method))?;
    Some(loss)
}
