//! A story that is the same in several variants is tried in some of them; in all of them where `GIT_SMP_EVERY_STEP` is
//! set, as it is every night and before a release.

/// Whether everything is to be tried.
pub fn everything() -> bool {
    std::env::var_os("GIT_SMP_EVERY_STEP").is_some()
}

/// So many of these, evenly spread from the first to the last. Of a single one the last is taken, which has the most in
/// it.
pub fn sample<T>(count: usize, of: impl IntoIterator<Item = T>) -> Vec<T> {
    let all: Vec<T> = of.into_iter().collect();
    if everything() || all.len() <= count {
        return all;
    }
    let last = all.len() - 1;
    let chosen: Vec<usize> = match count {
        1 => vec![last],
        _ => (0..count).map(|at| at * last / (count - 1)).collect(),
    };
    let is_chosen = |(at, one): (usize, T)| chosen.contains(&at).then_some(one);
    all.into_iter().enumerate().filter_map(is_chosen).collect()
}
