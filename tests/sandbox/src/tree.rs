//! One tree for every wire protocol, so that an [`Api`](crate::api::Api) is written once.
//!
//! The Query protocol sends every value as text and CBOR sends it typed; the readers here accept both. They never
//! guess: what is there but does not read as what was asked for is an error that names the field and the value.

pub mod make;
pub mod read;

/// What a request or an answer holds: maps with text keys, arrays, texts, numbers, flags, and timestamps (tag 1).
pub type Tree = ciborium::Value;

/// CBOR's tag for seconds since the epoch; smithy's rpc-v2-cbor uses it for every timestamp.
pub const EPOCH_SECONDS: u64 = 1;
