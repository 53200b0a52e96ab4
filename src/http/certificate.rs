//! Certificates of an unknown authority, told apart from all other problems with a connection.

use std::env;
use std::error::Error;
use std::io;

use rustls::CertificateError;

use crate::core::refusal::Report;
use crate::core::typed::Typed;

pub const UNKNOWN: &str = "its certificate is from an unknown certificate authority; if you trust that authority, add it to the system's list, or set SSL_CERT_FILE to a file with all trusted authorities";

/// Reports that this machine has no certificates to check against, so the server was not asked.
pub fn none(who: &str) -> Report {
    let report = Report::new(format!(
        "{who} was not asked, because no certificates can be read here"
    ));
    let mut variables = ["SSL_CERT_FILE", "SSL_CERT_DIR"].into_iter();
    match variables.find(|name| env::var_os(name).is_some()) {
        Some(name) => report
            .because(format!(
                "{name} is set, but there is no certificate at that path"
            ))
            .run(
                "correct it, or try without it",
                Typed::smp("status").behind(format_args!("env -u {name}")),
            ),
        None => report.because("the system has none").run(
            "install the package ca-certificates, then",
            Typed::smp("status"),
        ),
    }
}

/// Returns whether a connection failed because the issuer of the certificate is unknown here.
pub fn is_of_unknown_authority(cause: &(dyn Error + 'static)) -> bool {
    if let Some(error) = cause.downcast_ref::<rustls::Error>() {
        let unknown = CertificateError::UnknownIssuer;
        return *error == rustls::Error::InvalidCertificate(unknown);
    }
    // `source()` of an I/O error skips the error inside it, which may be another I/O error.
    let error = cause.downcast_ref::<io::Error>();
    let held = error.and_then(io::Error::get_ref);
    held.is_some_and(|held| is_of_unknown_authority(held))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_issuer_is_told_from_every_other_certificate() {
        let bad = |error| rustls::Error::InvalidCertificate(error);
        assert!(is_of_unknown_authority(&bad(
            CertificateError::UnknownIssuer
        )));
        assert!(is_of_unknown_authority(&io::Error::other(bad(
            CertificateError::UnknownIssuer
        ))));
        assert!(is_of_unknown_authority(&io::Error::other(
            io::Error::other(bad(CertificateError::UnknownIssuer))
        )));
        for other in [
            CertificateError::Expired,
            CertificateError::NotValidForName,
            CertificateError::BadSignature,
        ] {
            assert!(!is_of_unknown_authority(&io::Error::other(bad(other))));
        }
        assert!(!is_of_unknown_authority(&io::Error::other("UnknownIssuer")));
    }
}
