//! Environments that are branches of the main repository.

use std::path::Path;

use super::{SMALL, parsed};
use crate::core::config::*;

/// A main repository whose branches are deployed.
const BRANCHES: &str = r#"[repository]
remote = "upstream"
url = "https://github.com/o/r.git"

[environments.staging]
branch = "main"

[environments.production]
branch = "production"
promotes = "staging"
"#;

fn told(text: &str) -> (String, String) {
    let read = parse(Path::new("smp.toml"), text);
    assert_eq!(schema::disagreement(text, &read), None);
    let report = read.unwrap_err();
    (report.error.clone(), report.hint_text().unwrap())
}

#[test]
fn without_an_address_of_its_own_an_environment_is_a_branch_of_the_main_repository() {
    let config = parsed(BRANCHES);
    let [staging, production] = config.environments.as_slice() else {
        panic!()
    };
    for one in [staging, production] {
        assert!(one.is_branch);
        let place = (one.remote.as_str(), one.url.as_str());
        assert_eq!(place, ("upstream", "https://github.com/o/r.git"));
    }
    assert_eq!(production.branch, "production");
    assert!(staging.by_merge && !production.by_merge);
    // The user agrees to their branches, and the guard recognizes them by the agreed values.
    let agreed = agreed(&config.path, &config.trust()).unwrap();
    assert!(agreed.environments.iter().all(|one| one.is_branch));
    // An environment with an address is no branch, even next to branches.
    let text = BRANCHES.replace(
        "branch = \"main\"",
        "url = \"https://git.example/staging.git\"",
    );
    let config = parse(Path::new("smp.toml"), text).unwrap();
    assert!(!config.environments[0].is_branch && config.environments[1].is_branch);
    let small = parse(Path::new("smp.toml"), SMALL).unwrap();
    assert!(small.environments.iter().all(|one| !one.is_branch));
    assert!(!small.environments[0].by_merge);
}

#[test]
fn a_branch_is_named_is_its_own_and_no_target_is_the_branch_that_is_merged_into() {
    for (old, new, error, hint) in [
        (
            "branch = \"main\"\n",
            "",
            "smp.toml:5:15: environments.staging: has no `branch`",
            "set `branch = \"...\"` (a branch of the main repository), or `url = \"...\"`",
        ),
        (
            "branch = \"production\"",
            "branch = \"main\"",
            "smp.toml:9:10: environments.production.branch: is the branch of [repository], so every merge would deploy without a promotion",
            "use a branch that only deploys this environment",
        ),
        (
            "[environments.production]",
            "[environments.production]\nremote = \"production\"",
            "smp.toml:8:15: environments.production: has a `remote` but no `url`",
            "replace `remote` with its `branch`",
        ),
        (
            "branch = \"main\"",
            "branch = \"production\"",
            "smp.toml:9:10: environments.production.branch: has the same branch as staging",
            "its own branch",
        ),
        (
            "[environments.production]",
            "running.dokku = \"shop\"\n[environments.production]",
            "smp.toml:8:17: environments.staging.running.dokku: needs the environment's `url`",
            "or remove `dokku`",
        ),
        (
            "branch = \"main\"",
            "url = \"git@github.com:o/r.git\"",
            "smp.toml:5:15: environments.staging: has the same url as [repository]",
            "remove both and set its `branch`",
        ),
    ] {
        let (is, advice) = told(&BRANCHES.replacen(old, new, 1));
        assert!(is.starts_with(error), "{is}");
        assert!(advice.contains(hint), "{advice}");
        assert!(
            advice.ends_with("edit smp.toml, then: git smp setup"),
            "{advice}"
        );
    }
    // The main branch is also the default, and writing the default changes nothing.
    let (is, _) = told(&BRANCHES.replace("\"production\"\n", "\"main\"\n"));
    assert!(
        is.contains("every merge would deploy without a promotion"),
        "{is}"
    );
    let written = BRANCHES.replace("branch =", "remote = \"upstream\"\nbranch =");
    assert!(parse(Path::new("smp.toml"), written).is_ok());
}
