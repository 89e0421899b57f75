//! How a reason is stored: a remedy's own in the place of one that all share, each by its one key.
//!
//! This module never guesses which of the two was meant: what is neither is an error that says what each would have been.

use serde::de::{DeserializeOwned, Error};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use super::{Close, Hold, Page};
use crate::incident::Kind;

fn read<'de, D, T, O>(
    deserializer: D,
    own: impl FnOnce(O) -> T,
    shared: impl FnOnce(Value) -> Result<T, serde_json::Error>,
) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    O: DeserializeOwned,
{
    let value = Value::deserialize(deserializer)?;
    match O::deserialize(&value) {
        Ok(read) => Ok(own(read)),
        Err(as_own) => shared(value).map_err(|as_shared| {
            D::Error::custom(format_args!("as a reason of this remedy: {as_own}; as one that all share: {as_shared}"))
        }),
    }
}

impl<K: Kind> Serialize for Hold<K> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Hold::Own(own) => own.serialize(serializer),
            shared => Hold::serialize(shared, serializer),
        }
    }
}

impl<'de, K: Kind> Deserialize<'de> for Hold<K> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        read(deserializer, Hold::Own, Hold::deserialize)
    }
}

impl<K: Kind> Serialize for Close<K> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Close::Own(own) => own.serialize(serializer),
            shared => Close::serialize(shared, serializer),
        }
    }
}

impl<'de, K: Kind> Deserialize<'de> for Close<K> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        read(deserializer, Close::Own, Close::deserialize)
    }
}

impl<K: Kind> Serialize for Page<K> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Page::Own(own) => own.serialize(serializer),
            shared => Page::serialize(shared, serializer),
        }
    }
}

impl<'de, K: Kind> Deserialize<'de> for Page<K> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        read(deserializer, Page::Own, Page::deserialize)
    }
}
