use proptest::prelude::*;

use crate::core::address::*;

const GOOD: [&str; 26] = [
    "https://github.com/VisualMeaning/sm_platform.git",
    "https://git.heroku.com/shared-meaning.git",
    "https://host.example:8443/a/b",
    "https://host.example/a%20b",
    "https://dev.azure.com/o/p/_git/r",
    "ssh://git@github.com/o/r.git",
    "ssh://git@ssh.github.com:443/o/r.git",
    "ssh://host/~user/r",
    "ssh://git@[::1]:2222/r",
    "git@github.com:o/r.git",
    "dokku@dokku.example:app",
    "host:path/to/repo",
    "host:/abs",
    "[::1]:repo",
    "git@[fe80::1]:repo",
    "/srv/git/r.git",
    "./r.git",
    "../r.git",
    "..",
    "/srv/a:b",
    "C:/repos/r.git",
    "file:///srv/git/r.git",
    "http://localhost:8080/r.git",
    "http://127.0.0.1/r",
    "http://[::1]:3000/r",
    "git://127.8.9.1/r",
];

const BAD: [(&str, &str); 62] = [
    ("CFG-01", "ext::sh -c touch% x"),
    ("CFG-01", "ext::sh"),
    ("CFG-02", "EXT::sh"),
    ("CFG-02", "foo::x"),
    ("CFG-02", "foo::https://host/x"),
    ("CFG-02", "foo://x/y"),
    ("CFG-02", "::x"),
    ("CFG-02", "HTTPS://host/x"),
    ("CFG-02", "ftp://host/x"),
    ("CFG-02", "git+ssh://git@host/x"),
    ("CFG-02", "ssh+git://git@host/x"),
    ("CFG-03", "fd::17"),
    ("CFG-04", "--upload-pack=touch"),
    ("CFG-04", "--receive-pack=x:y"),
    ("CFG-04", "-x"),
    ("CFG-05", "ssh://-oProxyCommand=x/y"),
    ("CFG-05", "-oProxyCommand=x:y"),
    ("CFG-05", "ssh://x@-oProxyCommand/y"),
    ("CFG-05", "x@-oProxyCommand:y"),
    ("CFG-05", "ssh://-x@host/y"),
    ("CFG-05", "-x@host:y"),
    ("CFG-05", "git@host:-x"),
    ("CFG-05", "ssh://git@host/-x"),
    ("CFG-05", "https://-host/x"),
    ("CFG-06", "//server/share"),
    ("CFG-06", "\\\\server\\share"),
    ("CFG-06", "file://server/share"),
    ("CFG-06", "file:////server/share"),
    ("CFG-06", "bare-word"),
    ("CFG-06", "folder/r.git"),
    ("CFG-07", "https://user:token@host/r"),
    ("CFG-07", "https://user@host/r"),
    ("CFG-07", "https://:p@host/r"),
    ("CFG-07", "https://a@b@host/r"),
    ("CFG-07", "http://user:p@localhost/r"),
    ("CFG-07", "ssh://git:pw@host/r"),
    ("CFG-07", "user:token@host/r"),
    ("CFG-07", "git@x@host:r"),
    ("CFG-07", "https://host/r?access_token=x"),
    ("CFG-08", ""),
    ("CFG-08", "https://host/a b"),
    ("CFG-08", "https://host/a\nb"),
    ("CFG-08", "https://host/a\rb"),
    ("CFG-08", "https://host/a\0b"),
    ("CFG-08", "https://host/a\tb"),
    ("CFG-08", "https://host/a\u{1b}b"),
    ("CFG-08", "https://host/a%0ab"),
    ("CFG-08", "https://host/a%0Db"),
    ("CFG-08", "/srv/a%00"),
    ("CFG-08", "https://münchen.example/r"),
    ("CFG-08", "https://host/\u{202e}r"),
    ("CFG-08", "http://host/r"),
    ("CFG-08", "http://localhost.evil.example/r"),
    ("CFG-08", "http://127.0.0.1.evil.example/r"),
    ("CFG-08", "git://host/r"),
    ("CFG-08", "https://host"),
    ("CFG-08", "https://host/"),
    ("CFG-08", "https:///r"),
    ("CFG-08", "https://host:/r"),
    ("CFG-08", "https://host:99999/r"),
    ("CFG-08", "https:/host/r"),
    ("CFG-08", "https://good.example\\@evil.example/r"),
];

#[test]
fn the_forms_of_the_contract_are_taken() {
    for good in GOOD {
        assert_eq!(check_url(good), Ok(()), "{good}");
    }
}

#[cfg(not(windows))]
#[test]
fn a_drive_or_a_backslash_hides_no_host_where_git_sees_one() {
    for bad in [
        "C:\\x@evil.example:path",
        "C:\\repos\\r.git",
        "C:/x@evil.example:path",
        ".\\x@evil.example:path",
        "..\\x@evil.example:path",
        ".\\x:y",
        "..\\r.git",
    ] {
        assert!(check_url(bad).is_err(), "{bad}");
    }
    assert_eq!(take_apart("C:/repos/r.git").unwrap().way, Way::Ssh);
    assert_eq!(take_apart("./x@evil.example:path").unwrap().way, Way::Local);
}

#[cfg(windows)]
#[test]
fn drives_are_local_where_git_sees_them_so() {
    for good in ["C:\\repos\\r.git", "C:/repos/r.git", ".\\r.git"] {
        assert_eq!(take_apart(good).unwrap().way, Way::Local, "{good}");
    }
}

#[test]
fn cfg_01_to_08_everything_else_is_refused_without_the_value() {
    for (id, bad) in BAD {
        let refused = check_url(bad);
        assert!(refused.is_err(), "{id}: {bad:?}");
        assert!(
            bad.len() < 8 || !refused.unwrap_err().contains(bad),
            "{id}: {bad:?}"
        );
    }
    assert!(
        check_url(&format!("https://host/{}", "a".repeat(2048))).is_err(),
        "CFG-08"
    );
}

#[test]
fn pages_are_https_or_on_this_machine() {
    for good in [
        "https://staging.ecosystem.guide/maps/x?y=z#a",
        "https://host.example",
        "http://localhost:3000/",
        "http://127.0.0.1:1/x",
        "http://[::1]/",
    ] {
        assert_eq!(check_page(good), Ok(()), "{good}");
    }
    for bad in [
        "",
        "http://host/",
        "ftp://host/",
        "file:///x",
        "/x",
        "git@host:x",
        "https://u:p@host/",
        "https://u@host",
        "https://host/a b",
        "https://host/\n",
        "https://host/%0d%0a",
        "https://ü/",
        "https://",
        "https:///x",
        "https://a\\@b/",
        "https://host:0/",
        "https://a?@b/c\\",
        "javascript:x",
        "-https://x",
    ] {
        assert!(check_page(bad).is_err(), "{bad:?}");
    }
}

#[test]
fn one_repository_by_https_and_by_ssh_is_one_place() {
    let https = "https://github.com/o/r.git";
    for other in [
        https,
        "https://github.com/o/r",
        "https://github.com/o/r/",
        "https://GitHub.com:443/O/R.git",
        "https://someone@github.com/o/r",
        "git@github.com:o/r.git",
        "git@github.com:/o/r",
        "ssh://git@github.com/o/r.git",
        "ssh://git@github.com:22/o/r",
        "ssh://git@ssh.github.com:443/o/r.git",
    ] {
        assert!(
            same_place(https, other) && same_place(other, https),
            "{other}"
        );
    }
    for other in [
        "",
        "https://github.com/o/r2",
        "https://github.com.evil.example/o/r.git",
        "https://github.com:8443/o/r.git",
        "http://github.com/o/r.git",
        "alice@github.com:o/r.git",
        "ssh://git@github.com:2222/o/r.git",
        "ssh.github.com/o/r.git",
        "/o/r.git",
        "ext::https://github.com/o/r.git",
    ] {
        assert!(
            !same_place(https, other) && !same_place(other, https),
            "{other}"
        );
    }
    assert!(!same_place("https://host/o/R", "https://host/o/r"));
    assert!(same_place("/srv/r", "file:///srv/r/"));
    for alias in ["/srv/x/../r", "/srv/./r", "/srv//r/", "/../srv/r"] {
        assert!(same_place("/srv/r", alias), "{alias}");
    }
    for other in ["/srv/r/..", "/srv/../r", "../srv/r", "srv/r"] {
        assert!(!same_place("/srv/r", other), "{other}");
    }
    assert!(!same_place("nonsense", "other nonsense"));
}

#[test]
fn passwords_in_somebodys_own_configuration_are_not_shown() {
    for (url, shown) in [
        ("https://user:secret@host/r.git", "https://host/r.git"),
        ("https://secret@host:8443/r.git", "https://host:8443/r.git"),
        ("HTTPS://user:secret@host", "HTTPS://host"),
        ("https://a@secret@host/r", "https://host/r"),
        ("https://user:sec/ret@host/r", "https://host/r"),
        ("https://host/r@v1", "https://host/r@v1"),
        ("https://host:8443/r@v1", "https://host:8443/r@v1"),
        ("ssh://git@host/r", "ssh://git@host/r"),
        ("ssh://git:secret@host/r", "ssh://git@host/r"),
        ("ftp://u:secret@host/r", "ftp://host/r"),
        ("git@host:o/r", "git@host:o/r"),
        ("/srv/r", "/srv/r"),
        ("", ""),
    ] {
        assert_eq!(display_url(url), shown, "{url}");
    }
}

proptest! {
    #[test]
    fn an_accepted_address_is_never_an_option_nor_holds_control_characters(
        url in prop_oneof![".*", "(https|ssh|git|http|file|ext)?(:|::|://)?[-a-z@:/%0-9\\[\\]. \\\\]{0,40}"]
    ) {
        let _ = (check_page(&url), display_url(&url), same_place(&url, "https://host/r"));
        if check_url(&url).is_ok() {
            prop_assert!(!url.starts_with('-'));
            prop_assert!(!url.chars().any(|c| c.is_control() || !c.is_ascii()));
            prop_assert!(!url.contains("::") || url.contains('[') || url.starts_with(['/', '.']) || !url.split("::").next().unwrap_or("").chars().all(|c| c.is_ascii_alphanumeric()));
            let address = take_apart(&url).unwrap();
            prop_assert!(!address.host.starts_with('-') && !address.user.unwrap_or("").starts_with('-'));
        }
    }

    #[test]
    fn an_accepted_name_is_never_an_option(name in ".{0,20}|[-a-zA-Z0-9./@{}~^:]{0,20}") {
        use crate::core::config::{check_branch, check_remote_name};
        if check_branch(&name).is_ok() || check_remote_name(&name).is_ok() {
            prop_assert!(!name.starts_with('-') && !name.is_empty());
            prop_assert!(name.chars().all(|c| c.is_ascii_graphic()));
        }
    }
}
