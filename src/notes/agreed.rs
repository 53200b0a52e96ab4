//! The values of `smp.toml` that were agreed to.

use serde::{Deserialize, Serialize};

use crate::core::refusal::Stop;
use crate::notes::Notes;

const NAME: &str = "trusted";

#[derive(Serialize, Deserialize)]
struct Agreed {
    values: Vec<(String, String)>,
}

impl Notes {
    /// Keeps the values that were agreed to.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn keep_agreed(&self, values: Vec<(String, String)>) -> Result<(), Stop> {
        self.write(NAME, &Agreed { values })
    }

    /// The values that were agreed to; none where that is not known any more.
    pub fn agreed(&self) -> Vec<(String, String)> {
        self.read(NAME)
            .map_or_else(Vec::new, |Agreed { values }| values)
    }
}
