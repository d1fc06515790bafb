//! Names of documents: a file's path with `/`, or the address of what is no file, as it is.

use gen_lsp_types::Uri;

/// The name of a document.
pub fn name(uri: &Uri) -> String {
    let Some(path) = uri.0.strip_prefix("file://") else {
        return uri.0.clone();
    };
    // An authority other than the own machine is part of the path, as Windows has it.
    let path = path.strip_prefix("localhost").unwrap_or(path);
    let (path, host) = if path.starts_with('/') { (path, "") } else { (path, "//") };
    let path = format!("{host}{}", decoded(path));
    match path.strip_prefix('/') {
        Some(drive) if is_drive(drive) => {
            // The letter of a drive is the same in either case, and editors differ.
            let (letter, rest) = drive.split_at(1);
            format!("{}{rest}", letter.to_ascii_lowercase())
        }
        _ => path,
    }
}

/// The address of a document.
pub fn address(name: &str) -> Uri {
    if let Some(share) = name.strip_prefix("//") {
        Uri(format!("file://{}", encoded(share)))
    } else if name.starts_with('/') {
        Uri(format!("file://{}", encoded(name)))
    } else if is_drive(name) {
        Uri(format!("file:///{}", encoded(name)))
    } else {
        Uri(name.to_owned())
    }
}

/// Whether a name is that of a file.
pub fn is_file(name: &str) -> bool {
    name.starts_with('/') || is_drive(name)
}

fn is_drive(path: &str) -> bool {
    matches!(path.as_bytes(), [letter, b':', b'/', ..] if letter.is_ascii_alphabetic())
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        let digits = tail.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        let byte = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match byte {
            Some(byte) if *first == b'%' => {
                bytes.push(byte);
                rest = tail.get(2..).unwrap_or(&[]);
            }
            _ => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn encoded(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use gen_lsp_types::Uri;

    use super::{address, name};

    #[test]
    fn addresses_and_names_lead_to_each_other() {
        for (uri, expected) in [
            ("file:///a/b.rules", "/a/b.rules"),
            ("file:///a%20b/%C3%A9.rules", "/a b/é.rules"),
            ("file:///c%3A/a/b.rules", "c:/a/b.rules"),
            ("file://share/a.rules", "//share/a.rules"),
            ("untitled:Untitled-1", "untitled:Untitled-1"),
        ] {
            let found = name(&Uri(uri.to_owned()));
            assert_eq!(found, expected);
            assert_eq!(address(&found).0, uri, "{found}");
        }
        assert_eq!(name(&Uri("file:///C:/a.rules".to_owned())), "c:/a.rules");
        assert_eq!(name(&Uri("file://localhost/a.rules".to_owned())), "/a.rules");
        for odd in ["file://", "file:///%", "file:///%f", "file:///%zz%", "", "%", "file:///%ff"] {
            address(&name(&Uri(odd.to_owned())));
        }
    }
}
