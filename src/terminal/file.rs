//! Texts that people wrote. They are read up to a limit, and only if they are UTF-8.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

const LARGEST: u64 = 64 * 1024;

/// Reads a file. The error continues a sentence that begins with the file's name: "is larger than 64 KiB".
pub fn read(path: &Path) -> Result<String, String> {
    text(File::open(path).map_err(|error| unreadable(&error))?)
}

/// Reads a text to its end, with the same limit and the same errors as [`read`].
pub fn text(from: impl Read) -> Result<String, String> {
    let mut bytes = Vec::new();
    from.take(LARGEST + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| unreadable(&error))?;
    if bytes.len() as u64 > LARGEST {
        return Err("is larger than 64 KiB".to_owned());
    }
    String::from_utf8(bytes).map_err(|_| "is not UTF-8 text".to_owned())
}

fn unreadable(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "does not exist".to_owned(),
        kind => format!("cannot be read: {kind}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_up_to_the_limit_are_read_as_they_are() {
        assert_eq!(text("Grüße\r\n".as_bytes()).unwrap(), "Grüße\r\n");
        assert_eq!(text([b'a'; 65_536].as_slice()).unwrap().len(), 65_536);
        assert_eq!(text(io::repeat(b'a')).unwrap_err(), "is larger than 64 KiB");
        assert_eq!(
            text(b"Gr\xfc\xdfe".as_slice()).unwrap_err(),
            "is not UTF-8 text"
        );
    }

    #[test]
    fn what_is_no_file_is_told_apart() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(
            read(&folder.path().join("none")).unwrap_err(),
            "does not exist"
        );
        assert_eq!(
            read(folder.path()).unwrap_err(),
            "cannot be read: is a directory"
        );
    }
}
