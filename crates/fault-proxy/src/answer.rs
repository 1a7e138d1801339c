//! What the proxy answers.

use std::io;

use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use futures::stream;
use serde_json::{Value, json};

/// Solana's code of a node that is behind.
const NODE_UNHEALTHY: i64 = -32005;
/// Least fee of a spike, in micro-lamports per compute unit.
const SPIKE_FLOOR: u64 = 1_000;
/// What a spike multiplies fees by.
const SPIKE_FACTOR: u64 = 1_000;

/// A JSON-RPC result.
pub(crate) fn result(id: &Value, result: &Value) -> Vec<u8> {
    json!({ "jsonrpc": "2.0", "id": id, "result": result })
        .to_string()
        .into_bytes()
}

/// The JSON-RPC error of a node that is behind.
pub(crate) fn unhealthy(id: &Value) -> Vec<u8> {
    let error = json!({
        "code": NODE_UNHEALTHY,
        "message": "Node is behind by 42 slots",
        "data": { "numSlotsBehind": 42 },
    });
    json!({ "jsonrpc": "2.0", "id": id, "error": error })
        .to_string()
        .into_bytes()
}

/// An HTTP error without a JSON-RPC answer.
pub(crate) fn status(status: StatusCode) -> Response {
    status.into_response()
}

/// A whole answer.
pub(crate) fn whole(body: Vec<u8>) -> Response {
    respond(Body::from(body))
}

/// An answer that ends in its middle, as if it were whole.
pub(crate) fn garbled(mut body: Vec<u8>) -> Response {
    body.truncate(body.len() / 2);
    whole(body)
}

/// An answer in whose middle the connection breaks.
pub(crate) fn broken(mut body: Vec<u8>) -> Response {
    body.truncate(body.len() / 2);
    let parts = [Ok(Bytes::from(body)), Err(io::ErrorKind::ConnectionReset.into())];
    respond(Body::from_stream(stream::iter::<[io::Result<Bytes>; 2]>(parts)))
}

fn respond(body: Body) -> Response {
    let mut response = Response::new(body);
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    response
}

/// Lies about each status: what is known becomes unknown, what is unknown becomes a success or a failure.
pub(crate) fn lie_about_statuses(result: &mut Value, success: bool) -> Option<()> {
    let slot = result.get("context")?.get("slot")?.as_u64()?;
    for status in result.get_mut("value")?.as_array_mut()? {
        *status = match (status.is_null(), success) {
            (false, _) => Value::Null,
            (true, true) => json!({
                "slot": slot, "confirmations": 1, "err": null,
                "status": { "Ok": null }, "confirmationStatus": "confirmed",
            }),
            (true, false) => json!({
                "slot": slot, "confirmations": 1, "err": "AccountInUse",
                "status": { "Err": "AccountInUse" }, "confirmationStatus": "processed",
            }),
        };
    }
    Some(())
}

/// Raises each recent priority fee.
pub(crate) fn raise_fees(result: &mut Value) -> Option<()> {
    for sample in result.as_array_mut()? {
        let fee = sample.get_mut("prioritizationFee")?;
        let raised = fee.as_u64()?.max(SPIKE_FLOOR).saturating_mul(SPIKE_FACTOR);
        *fee = raised.into();
    }
    Some(())
}

/// Lets `forge` change an account's data.
pub(crate) fn forge_account(result: &mut Value, forge: &dyn Fn(&mut Vec<u8>)) -> Option<()> {
    let text = result.get_mut("value")?.get_mut("data")?.get_mut(0)?;
    let mut data = BASE64.decode(text.as_str()?).ok()?;
    forge(&mut data);
    *text = BASE64.encode(data).into();
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_are_turned_round() {
        let mut truth = json!({ "context": { "slot": 9 }, "value": [null, { "slot": 3, "err": null }] });
        lie_about_statuses(&mut truth, false).unwrap();
        assert_eq!(truth["value"][0]["err"], "AccountInUse");
        assert_eq!(truth["value"][1], Value::Null);
        assert_eq!(lie_about_statuses(&mut json!({ "value": [] }), true), None);
    }

    #[test]
    fn an_accounts_data_is_changed() {
        let data = BASE64.encode([1, 2, 3]);
        let mut result = json!({ "context": { "slot": 9 }, "value": { "data": [data, "base64"] } });
        forge_account(&mut result, &|data| data.reverse()).unwrap();
        assert_eq!(result["value"]["data"][0], BASE64.encode([3, 2, 1]));
        assert_eq!(forge_account(&mut json!({ "value": null }), &|_| {}), None);
    }

    #[test]
    fn fees_are_raised() {
        let mut fees =
            json!([{ "slot": 1, "prioritizationFee": 0 }, { "slot": 2, "prioritizationFee": 5_000 }]);
        raise_fees(&mut fees).unwrap();
        assert_eq!(fees[0]["prioritizationFee"], 1_000_000);
        assert_eq!(fees[1]["prioritizationFee"], 5_000_000);
    }
}
