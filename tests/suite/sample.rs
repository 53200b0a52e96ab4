//! Tests with several variants try some of them; all with `GIT_SMP_EVERY_STEP` set, every night and before a release.

/// Returns whether all variants are tried.
pub fn everything() -> bool {
    std::env::var_os("GIT_SMP_EVERY_STEP").is_some()
}

/// Pseudorandom numbers from a seed.
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        let (factor, more) = (6_364_136_223_846_793_005, 1_442_695_040_888_963_407);
        self.0 = self.0.wrapping_mul(factor).wrapping_add(more);
        self.0 >> 33
    }

    /// Returns a number from 0 to `count` - 1.
    pub fn below(&mut self, count: usize) -> usize {
        usize::try_from(self.next()).unwrap() % count
    }

    #[cfg(feature = "machine")]
    pub fn one_of<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }
}

/// Returns one of these, by the length of the test's name, and all at night: for a story that is the same in each variant,
/// so that half of such tests try the one and half the other.
pub fn one_of<T, const N: usize>(of: [T; N]) -> Vec<T> {
    let test = std::thread::current().name().map_or(0, str::len);
    let is_chosen = |(at, one): (usize, T)| (everything() || at == test % N).then_some(one);
    of.into_iter().enumerate().filter_map(is_chosen).collect()
}

/// Returns `count` of these, evenly spread from the first to the last; of one, the last, which has the most in it.
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
