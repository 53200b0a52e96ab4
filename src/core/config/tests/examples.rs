//! The example files are valid and name every key.

use super::*;

#[test]
fn the_example_file_is_read_as_it_is() {
    let config = parsed(EXAMPLE);
    assert_eq!(config.environments.len(), 2);
    assert_eq!(
        (config.record, config.channels.len()),
        (None, 0),
        "what comes later is commented out"
    );
}

#[test]
fn the_examples_of_hosts_are_read_as_they_are() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/hosts");
    let mut hosts = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        let config = parsed(&text);
        let names: Vec<&str> = config
            .environments
            .iter()
            .map(|e| e.name.as_str())
            .collect();
        assert_eq!(names, ["staging", "production"], "{}", path.display());
        assert_eq!(
            config.environments[1].promotes.as_deref(),
            Some("staging"),
            "{}",
            path.display()
        );
        let told = |environment: &Environment| !environment.running.is_ref();
        assert!(
            config.environments.iter().all(told),
            "{}: a branch is no proof",
            path.display()
        );
        assert!(
            text.lines()
                .all(|line| line.len() <= 120 || line.starts_with("url = ")),
            "{}",
            path.display()
        );
        hosts.push(path.file_stem().unwrap().to_str().unwrap().to_owned());
    }
    hosts.sort();
    assert_eq!(
        hosts,
        [
            "clever-cloud",
            "dokku",
            "fly",
            "gigalixir",
            "heroku",
            "netlify",
            "piku",
            "railway",
            "render",
            "scalingo",
            "vercel"
        ]
    );
}

// Piku stops the apps that match NAME*.ini.
#[test]
fn the_example_of_piku_has_names_of_which_neither_begins_with_the_other() {
    let example = include_str!("../../../../examples/hosts/piku.toml");
    let config = parsed(example);
    let apps: Vec<&str> = config
        .environments
        .iter()
        .map(|one| one.url.rsplit(':').next().unwrap())
        .collect();
    let [one, other] = apps.as_slice() else {
        unreachable!("{apps:?}")
    };
    assert!(
        !one.starts_with(other) && !other.starts_with(one),
        "{apps:?}"
    );
}

/// Uncomments one key of the example, or all keys that go together.
fn uncomment(text: &str, choose: impl Fn(&str) -> bool) -> String {
    let is_key = |line: &str| {
        line.starts_with('[')
            || line
                .split_once(" = ")
                .is_some_and(|(key, _)| !key.contains(' '))
    };
    let line = |line: &str| match line
        .strip_prefix("# ")
        .filter(|inner| is_key(inner) && choose(inner))
    {
        Some(inner) => format!("{inner}\n"),
        None => format!("{line}\n"),
    };
    text.lines().map(line).collect()
}

#[test]
fn every_commented_key_of_the_example_file_is_valid_when_it_is_uncommented() {
    let alternatives = ["json", "header", "heroku", "dokku"];
    let plain = |line: &str| !alternatives.iter().any(|key| line.starts_with(key));
    let all = uncomment(EXAMPLE, plain);
    let config = parsed(&all);
    assert!(
        config.record.is_some() && config.channels.len() == 2 && config.policy.watch.len() == 2
    );
    assert_eq!(config.repository.web, config.web_base());
    assert_eq!(config.channels[0].mentions.len(), 2);
    let without = |text: &str, keys: &[&str]| -> String {
        text.lines()
            .filter(|line| !keys.iter().any(|key| line.starts_with(key)))
            .map(|line| format!("{line}\n"))
            .collect()
    };
    for key in alternatives {
        let others: &[&str] = if ["heroku", "dokku"].contains(&key) {
            &["pattern", "page"]
        } else {
            &["pattern"]
        };
        let text = uncomment(&without(EXAMPLE, others), |line| line.starts_with(key));
        // Production's page does not matter here.
        let (head, tail) = text
            .split_once("[environments.production.running]")
            .unwrap();
        let tail = tail
            .split_once("# The tables below")
            .map_or("", |(_, tail)| tail);
        let config = parsed(&format!("{head}# {tail}"));
        assert!(!config.environments[0].running.is_ref(), "{key}");
    }
    let both = parsed(&uncomment(EXAMPLE, |line| line.starts_with("heroku")));
    let both = &both.environments[0].running;
    assert!(
        both.app.is_some() && both.page.is_some(),
        "as the comment says"
    );
}

#[test]
fn the_example_file_names_every_key() {
    let keys = "remote url branch web site promotes running page pattern json header heroku dokku ref signoff cadence_days ask \
                signed signers watch reviewed green four_eyes kind mentions";
    for key in keys.split_whitespace() {
        assert!(
            EXAMPLE.contains(&format!("{key} = ")) || EXAMPLE.contains(&format!(".{key}]")),
            "{key}"
        );
    }
}
