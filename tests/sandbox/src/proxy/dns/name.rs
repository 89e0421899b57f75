//! Route 53's form of a name (Route 53 Developer Guide, "DNS domain name format").
//!
//! It never judges a name: what is no domain name has a form, too.

use std::fmt::Write;

/// Lower case, a dot at the end, and all but letters, digits, `-`, `_` and the dots between labels as escapes of three
/// octal digits, whether they came as escapes or not: `*.Example.com` is `\052.example.com.`.
pub(crate) fn normal(name: &str) -> String {
    let mut normal = String::with_capacity(name.len() + 1);
    let mut rest = name.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        if byte == b'.' {
            normal.push('.');
            rest = tail;
        } else if let Some((escaped, tail)) = escape(rest) {
            push(&mut normal, escaped);
            rest = tail;
        } else {
            push(&mut normal, byte);
            rest = tail;
        }
    }
    if !normal.ends_with('.') {
        normal.push('.');
    }
    normal
}

/// The byte that `\ooo` at the start stands for, and what follows.
fn escape(text: &[u8]) -> Option<(u8, &[u8])> {
    let ([b'\\', digits @ ..], tail) = text.split_first_chunk::<4>()? else { return None };
    let digits =
        digits.iter().all(|digit| (b'0'..=b'7').contains(digit)).then(|| std::str::from_utf8(digits).ok())??;
    Some((u8::from_str_radix(digits, 8).ok()?, tail))
}

fn push(normal: &mut String, byte: u8) {
    match byte.to_ascii_lowercase() {
        plain @ (b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_') => normal.push(char::from(plain)),
        // Writing into a text has no way to fail.
        other => _ = write!(normal, "\\{other:03o}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_one_form_however_it_is_spelled() {
        for (spelled, expected) in [
            ("API.Example.com", "api.example.com."),
            ("api.example.com.", "api.example.com."),
            ("*.example.com", r"\052.example.com."),
            (r"\052.example.com.", r"\052.example.com."),
            (r"\101pi.example.com", "api.example.com."),
            (r"a\056b.example.com", r"a\056b.example.com."),
            ("_sip._tcp.example.com", "_sip._tcp.example.com."),
            (r"a\9.x", r"a\1349.x."),
            ("ü.x", r"\303\274.x."),
            (r"a\400.x", r"a\134400.x."),
        ] {
            assert_eq!(normal(spelled), expected);
            assert_eq!(normal(expected), expected);
        }
    }
}
