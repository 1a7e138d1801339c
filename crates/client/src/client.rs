//! The validators, asked one after the other until one answers.

use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use jsonrpsee::{
    core::client::Error as CallError,
    http_client::{HttpClient, HttpClientBuilder},
};
use rpc_types::{MAX_REQUEST_BYTES, MAX_RESPONSE_BYTES};

use crate::ClientError;

/// Longest wait for one answer of one validator.
pub const CALL_TIMEOUT: Duration = Duration::from_secs(10);
/// Most validators that a client knows.
pub const MAX_ENDPOINTS: usize = 64;

/// A client of some validators of one chain. Clones share what they have learnt.
#[derive(Clone, Debug)]
pub struct Client {
    endpoints: Arc<[Endpoint]>,
    /// The one that answered last.
    first: Arc<AtomicUsize>,
}

#[derive(Debug)]
struct Endpoint {
    url: String,
    rpc: HttpClient,
}

impl Client {
    /// Of the validators at these addresses, `http://…` or `https://…`. Connects at the first call.
    ///
    /// # Errors
    /// One is no address, or there are none or more than [`MAX_ENDPOINTS`].
    pub fn new<T: AsRef<str>>(urls: &[T]) -> Result<Self, ClientError> {
        if urls.is_empty() || urls.len() > MAX_ENDPOINTS {
            return Err(ClientError::Endpoints { got: urls.len() });
        }
        let endpoints = urls.iter().map(|url| Endpoint::new(url.as_ref()));
        Ok(Self {
            endpoints: endpoints.collect::<Result<_, _>>()?,
            first: Arc::default(),
        })
    }

    /// The addresses.
    pub fn urls(&self) -> impl Iterator<Item = &str> {
        self.endpoints.iter().map(|endpoint| endpoint.url.as_str())
    }

    /// Asks the validator that answered last, and the others in turn if it is not there.
    pub(crate) async fn ask<'a, T, A>(
        &'a self,
        call: &'static str,
        ask: impl Fn(&'a HttpClient) -> A,
    ) -> Result<T, ClientError>
    where
        A: Future<Output = Result<T, CallError>>,
    {
        let first = self.first.load(Ordering::Relaxed);
        let mut reasons = Vec::new();
        for turn in 0..self.endpoints.len() {
            let index = (first + turn) % self.endpoints.len();
            let endpoint = &self.endpoints[index];
            match ask(&endpoint.rpc).await {
                Ok(answer) => {
                    self.first.store(index, Ordering::Relaxed);
                    return Ok(answer);
                }
                Err(CallError::Call(object)) => {
                    self.first.store(index, Ordering::Relaxed);
                    return Err(ClientError::Refused {
                        code: object.code(),
                        message: object.message().to_owned(),
                    });
                }
                Err(CallError::ParseError(error)) => return Err(ClientError::answer(call, error)),
                Err(error) => reasons.push(format!("{}: {}", endpoint.url, innermost(&error))),
            }
        }
        let reason = reasons.join("; ");
        Err(ClientError::Unreachable { reason })
    }
}

impl Endpoint {
    fn new(url: &str) -> Result<Self, ClientError> {
        let rpc = HttpClientBuilder::default()
            .request_timeout(CALL_TIMEOUT)
            .max_request_size(MAX_REQUEST_BYTES)
            .max_response_size(MAX_RESPONSE_BYTES)
            .build(url)
            .map_err(|error| ClientError::Endpoint {
                got: url.to_owned(),
                reason: innermost(&error),
            })?;
        Ok(Self {
            url: url.to_owned(),
            rpc,
        })
    }
}

/// What lies at the bottom of an error: "Connection refused" rather than that a request failed.
pub(crate) fn innermost(error: &dyn std::error::Error) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}
