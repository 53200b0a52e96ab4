//! Names, encodings and hashes.

use super::*;
