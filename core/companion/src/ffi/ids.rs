//! Identifiers at the border: plain strings for Kotlin and Swift, the domain's newtypes inside.
//!
//! A text that is not an identifier never comes in: the call that carried it ends in [`CoreError::Invalid`].

use peel_domain::id::{AlertId, DeploymentId, EngagementId, EnrolmentId, FeedId, OfficerId};

use super::error::CoreError;

fn not_an_id() -> CoreError {
    CoreError::Invalid { reason: "id.malformed".to_owned() }
}

macro_rules! id_as_string {
    ($($name:ident),*) => {$(
        uniffi::custom_type!($name, String, {
            remote,
            lower: |id| id.to_string(),
            try_lift: |text| {
                let id: Result<$name, CoreError> = parse::<$name>(&text);
                Ok(id?)
            },
        });
    )*};
}

trait FromText: Sized {
    fn from_text(text: &str) -> Option<Self>;
}

macro_rules! uuid_text {
    ($($name:ident),*) => {$(
        impl FromText for $name {
            fn from_text(text: &str) -> Option<Self> {
                text.parse().ok()
            }
        }
    )*};
}

macro_rules! short_text {
    ($($name:ident),*) => {$(
        impl FromText for $name {
            fn from_text(text: &str) -> Option<Self> {
                Self::new(text).ok()
            }
        }
    )*};
}

fn parse<T: FromText>(text: &str) -> Result<T, CoreError> {
    T::from_text(text).ok_or_else(not_an_id)
}

uuid_text!(AlertId, DeploymentId, EngagementId, EnrolmentId);
short_text!(FeedId, OfficerId);
id_as_string!(AlertId, DeploymentId, EngagementId, EnrolmentId, FeedId, OfficerId);
