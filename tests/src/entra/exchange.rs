//! One request and its answer, over TLS.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::{Value, json};

use super::{Desk, IdentityProvider, seconds_from_now, token};

/// A request is never longer: a token in a form.
const LONGEST_BODY: u64 = 64 * 1024;

pub(super) fn serve(connection: TcpStream, tls: Arc<ServerConfig>, desk: &Desk) -> Result<()> {
    connection.set_read_timeout(Some(Duration::from_secs(20)))?;
    let mut stream = StreamOwned::new(ServerConnection::new(tls)?, connection);
    let request = Request::read(&mut stream)?;
    desk.requests.lock().unwrap_or_else(PoisonError::into_inner).push_back(request.line.clone());
    while desk.hangs.load(Ordering::SeqCst) {
        thread::sleep(Duration::from_millis(20));
    }
    let (status, body) = answer(&request, desk.life)?;
    let body = body.to_string();
    write!(
        stream,
        "HTTP/1.1 {status} -\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )?;
    stream.conn.send_close_notify();
    stream.flush()?;
    Ok(())
}

struct Request {
    /// Method, path and query.
    line: String,
    /// Names in lower case.
    headers: Vec<(String, String)>,
    body: String,
}

impl Request {
    fn read(stream: impl Read) -> Result<Self> {
        let mut reader = BufReader::new(stream);
        let mut next = || -> Result<String> {
            let mut line = String::new();
            reader.read_line(&mut line)?;
            Ok(line.trim_end().to_owned())
        };
        let line = next()?;
        let mut headers = Vec::new();
        loop {
            let line = next()?;
            let Some((name, value)) = line.split_once(':') else { break };
            headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
        let request = Self { line, headers, body: String::new() };
        let length: u64 = request.header("content-length").unwrap_or("0").parse()?;
        let mut body = String::new();
        reader.take(length.min(LONGEST_BODY)).read_to_string(&mut body)?;
        Ok(Self { body, ..request })
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// The answer that Entra or an App Service would give.
fn answer(request: &Request, life: Duration) -> Result<(u16, Value)> {
    let target = request.line.split(' ').nth(1).context("a request without a path")?;
    let path = target.split('?').next().unwrap_or_default();
    if path == format!("/{}/oauth2/v2.0/token", IdentityProvider::TENANT_ID) {
        let assertion = format!("client_assertion={}&", IdentityProvider::SERVICE_ACCOUNT_TOKEN);
        let known = request.body.contains(&assertion)
            && request.body.contains(&format!("client_id={}", IdentityProvider::CLIENT_ID))
            && request.body.contains("scope=https%3A%2F%2Fstorage.azure.com%2F.default");
        return Ok(if known { (200, entra_token(life)?) } else { (400, entra_refusal()) });
    }
    if path == "/msi/token" {
        let known = request.header("x-identity-header") == Some(IdentityProvider::IDENTITY_HEADER)
            && target.contains("resource=https%3A%2F%2Fstorage.azure.com");
        return Ok(if known { (200, app_service_token(life)?) } else { (400, json!({ "statusCode": 400 })) });
    }
    Ok((404, json!({})))
}

fn entra_token(life: Duration) -> Result<Value> {
    let seconds = life.as_secs();
    Ok(json!({
        "token_type": "Bearer", "expires_in": seconds, "ext_expires_in": seconds, "access_token": token(life)?,
    }))
}

fn entra_refusal() -> Value {
    json!({
        "error": "unauthorized_client",
        "error_description": "AADSTS700016: no such application.\r\nTrace ID: 1",
        "error_codes": [700_016],
    })
}

fn app_service_token(life: Duration) -> Result<Value> {
    Ok(json!({
        "access_token": token(life)?,
        "expires_on": seconds_from_now(life)?.to_string(),
        "resource": "https://storage.azure.com",
        "token_type": "Bearer",
    }))
}
