//! The real binary against real repositories and real servers on loopback.
