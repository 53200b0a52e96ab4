//! Where the main repository is at home: its pull requests, who reviewed them, how their checks ended.

mod errors;
mod forgejo;
pub mod github;
mod gitlab;
mod history;
pub mod issue;
pub mod place;
pub mod pull_request;
mod rest;
pub mod reviews;
