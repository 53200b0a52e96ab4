//! The door to git: the library for reading, the program for the network and for configuration.

pub mod program;
