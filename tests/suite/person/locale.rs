//! The locale of a host's build is the user's, even if git itself uses another one.

use crate::promote::ready;
use crate::support::{Deploy, World};

/// Installs a hook of production that writes the build's locale to a file.
pub fn writes_its_locale(deploy: &Deploy) {
    let script = "cat >/dev/null; echo \"LC_ALL=${LC_ALL-unset} LC_TIME=${LC_TIME-unset} LANG=${LANG-unset} \
                  LANGUAGE=${LANGUAGE-unset}\" >locale";
    deploy.hook(&deploy.production, "pre-receive", script);
}

pub fn locale(deploy: &Deploy) -> String {
    std::fs::read_to_string(deploy.production.join("locale"))
        .unwrap()
        .trim_end()
        .to_owned()
}

#[test]
fn a_build_on_this_machine_sees_the_users_locale() {
    let deploy = ready(World::deploy_like());
    writes_its_locale(&deploy);
    let german = deploy
        .runner()
        .env("LANG", "de_DE.UTF-8")
        .env("LANGUAGE", "de");
    german
        .smp(&["promote", "--yes", "--commit", deploy.nth(5)])
        .ok();
    assert_eq!(
        locale(&deploy),
        "LC_ALL=unset LC_TIME=unset LANG=de_DE.UTF-8 LANGUAGE=de"
    );
}
