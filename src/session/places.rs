//! Addresses that are local paths. A repository in the work tree would come with a commit, its hooks included.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use crate::core::address::local_path;
use crate::core::config::Config;
use crate::git::Layout;

/// Returns the key of the first address that leads into the work tree or the clone.
pub fn inside(config: &Config, layout: &Layout) -> Option<Vec<String>> {
    // A bare repository has no checked-out files. It may be the main repository, in one of its own hooks.
    let top = layout.top.as_ref()?;
    let ours = [top, &layout.git_dir, &layout.common_dir].map(|path| real(path));
    let from = [top.clone(), env::current_dir().unwrap_or_default()];
    let is_inside = |url: &str| {
        let Some(path) = local_path(url) else {
            return false;
        };
        let mut places = from.iter().map(|from| real(&from.join(&path)));
        places.any(|place| ours.iter().any(|own| place.starts_with(own)))
    };
    let main = ["repository", "url"].map(str::to_owned).to_vec();
    let all = config.environments.iter().filter(|one| !one.is_branch);
    let mut all = all.map(|one| {
        let key = ["environments", &one.name, "url"].map(str::to_owned);
        (key.to_vec(), &one.url)
    });
    match is_inside(&config.repository.url) {
        true => Some(main),
        false => all.find(|(_, url)| is_inside(url)).map(|(key, _)| key),
    }
}

/// Resolves the links of a path, as far as it exists. The rest is taken literally, and `..` goes up.
fn real(path: &Path) -> PathBuf {
    let (mut known, mut rest) = (path, Vec::new());
    let mut place = loop {
        if let Ok(found) = fs::canonicalize(known) {
            break found;
        }
        let (Some(parent), Some(last)) = (known.parent(), known.components().next_back()) else {
            break known.to_owned();
        };
        rest.push(last);
        known = parent;
    };
    for part in rest.iter().rev() {
        match part {
            std::path::Component::ParentDir => drop(place.pop()),
            std::path::Component::CurDir => {}
            part => place.push(part),
        }
    }
    place
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use crate::core::config;

    #[test]
    fn an_address_that_leads_into_the_work_tree_or_the_clone_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        for name in [
            "tree/.git/objects",
            "tree/deploy",
            "elsewhere",
            "tree-of-another",
        ] {
            fs::create_dir_all(at(name)).unwrap();
        }
        std::os::unix::fs::symlink(at("tree"), at("link")).unwrap();
        let layout = Layout {
            top: Some(at("tree")),
            git_dir: at("tree/.git"),
            common_dir: at("tree/.git"),
            bare: false,
            shallow: false,
        };
        let absolute = |name: &str| at(name).to_str().unwrap().to_owned();
        for (url, is_inside) in [
            ("./deploy".to_owned(), true),
            ("./not/there/yet".to_owned(), true),
            ("../tree/deploy".to_owned(), true),
            (absolute("tree/deploy"), true),
            (absolute("link/deploy"), true),
            (absolute("tree/.git"), true),
            (absolute("elsewhere/../tree/not-there"), true),
            (format!("file://{}", absolute("tree/deploy")), true),
            (
                format!("file://{}", absolute("elsewhere/%2e%2e/tree/x")),
                true,
            ),
            (absolute("elsewhere"), false),
            (absolute("tree-of-another"), false),
            ("../elsewhere".to_owned(), false),
            ("https://tree/deploy".to_owned(), false),
        ] {
            let text = format!(
                "[repository]\nurl = \"https://git.example/o/r.git\"\n[environments.staging]\nurl = {url:?}\n"
            );
            let config = config::parse(Path::new("smp.toml"), &text).unwrap();
            let found = inside(&config, &layout).map(|key| key.join("."));
            let expected = is_inside.then(|| "environments.staging.url".to_owned());
            assert_eq!(found, expected, "{url}");
            let bare = Layout {
                top: None,
                bare: true,
                ..layout.clone()
            };
            assert_eq!(inside(&config, &bare), None, "{url}");
        }
    }
}
