//! Where the main repository is at home: its pull requests, who reviewed them, how their checks ended.

pub mod github;
pub mod pull_request;
pub mod reviews;
