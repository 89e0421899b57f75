//! The credentials that a deployed function has in MiniStack: with them a container is that function, to the journal and to its
//! role.
//!
//! It never opens anything but the sandbox, whose account it is made up for.

use sha2::{Digest, Sha256};

pub(crate) struct Session {
    key: String,
    secret: String,
    token: String,
}

impl Session {
    /// MiniStack derives them from nothing else.
    pub(super) fn of(function_arn: &str, role_arn: &str) -> Self {
        let digest = sha256(&format!("{function_arn}:{role_arn}"));
        let key: String = digest.chars().take(16).map(|digit| digit.to_ascii_uppercase()).collect();
        Self {
            key: format!("ASIA{key}"),
            secret: sha256(&format!("secret:{digest}")),
            token: sha256(&format!("token:{digest}")),
        }
    }

    pub(in crate::sam_local) fn variables(&self) -> [(&'static str, &str); 3] {
        [("AWS_ACCESS_KEY_ID", &self.key), ("AWS_SECRET_ACCESS_KEY", &self.secret), ("AWS_SESSION_TOKEN", &self.token)]
    }
}

fn sha256(text: &str) -> String {
    Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::Function;

    #[test]
    fn the_key_is_the_one_by_which_the_journal_knows_the_function() {
        let (arn, role) = ("arn:aws:lambda:us-east-1:000000000000:function:f", "arn:aws:iam::000000000000:role/r");
        assert_eq!(Session::of(arn, role).key, Function::deployed("f", arn, role).access_key);
    }
}
