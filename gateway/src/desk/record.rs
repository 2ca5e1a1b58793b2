//! The deployment record, from the trail, by the same code that anybody may run.

use std::collections::BTreeMap;

use peel_domain::event::{Action, EventBody};
use peel_domain::id::{DeploymentId, EnrolmentId};
use peel_domain::record::{DeploymentRecord, RecordBuilder, RecordsBuilder, Source};

use super::open::open_entry;
use super::store::DeskStore;
use super::succession::{Before, carried_events};
use super::{DeskDir, DeskError};

/// A record that may be published.
#[derive(Clone, Debug)]
pub struct RecordText {
    /// Header and row of 16 columns.
    pub csv: String,
    /// The record that they come from.
    pub record: DeploymentRecord,
}

/// The record as far as the desk's entries go; what it lacks is in its issues. The logs named in `leave_out` are not read.
///
/// # Errors
/// [`DeskError::Open`] names a log that cannot be read. Which deployments its entries belong to cannot be known, so
/// somebody must decide to leave it out.
pub fn deployment_record(
    dir: &DeskDir,
    deployment_id: DeploymentId,
    leave_out: &[String],
) -> Result<DeploymentRecord, DeskError> {
    let mut builder = RecordBuilder::new(deployment_id);
    read_trail(dir, leave_out, |read| match read {
        Read::Entries(device, entries) => builder.holds(device, entries),
        Read::Event(source, event) => builder.add(source, event),
    })?;
    Ok(builder.finish())
}

/// Every deployment's record, as [`deployment_record`] makes it, in one reading of the logs.
///
/// # Errors
/// As there.
pub fn all_records(dir: &DeskDir, leave_out: &[String]) -> Result<Vec<DeploymentRecord>, DeskError> {
    let mut builder = RecordsBuilder::default();
    read_trail(dir, leave_out, |read| match read {
        Read::Entries(device, entries) => builder.holds(device, entries),
        Read::Event(source, event) => builder.add(source, event),
    })?;
    Ok(builder.finish())
}

/// What is read of the logs.
enum Read<'a> {
    /// How many entries of a phone's log there are.
    Entries(EnrolmentId, u64),
    /// An event.
    Event(Source, &'a EventBody),
}

/// Reads all logs but those named in `leave_out`, in their order.
fn read_trail(dir: &DeskDir, leave_out: &[String], mut take: impl FnMut(Read<'_>)) -> Result<(), DeskError> {
    let store = DeskStore::open(&dir.database())?;
    let keys = dir.operations_keys()?;
    let (mut replaces, mut before) = (BTreeMap::new(), BTreeMap::new());
    for log in store.logs()?.into_iter().filter(|log| !leave_out.contains(&log.log_id)) {
        let device = log.log_id.parse::<EnrolmentId>().ok();
        if let Some(device) = device {
            take(Read::Entries(device, log.range.size()));
        }
        for bytes in store.entries(&log.log_id, 0, log.range.size())? {
            let Some(event) = open_entry(&bytes, &log.origin, &keys)? else { continue };
            take(Read::Event(device.map_or(Source::Events, Source::Device), &event));
            match (device, &event.action) {
                (None, Action::Enrolled { enrolment_id, replaces: Some(old) }) => {
                    replaces.insert(*old, *enrolment_id);
                }
                (Some(device), _) => before.entry(device).or_insert_with(Before::default).take(&event.action),
                _ => {}
            }
        }
    }
    // The events that another log carries of a log come after those of the log itself.
    replaces.retain(|old: &EnrolmentId, new| ![old, new].iter().any(|log| leave_out.contains(&log.to_string())));
    for (old, event) in carried_events(dir, &store, &keys, &replaces, before)? {
        take(Read::Event(Source::Device(old), &event));
    }
    Ok(())
}

/// The record, if it has no holes.
pub fn read_record(dir: &DeskDir, deployment_id: DeploymentId, leave_out: &[String]) -> Result<RecordText, DeskError> {
    let record = deployment_record(dir, deployment_id, leave_out)?;
    if record.card.is_none() {
        return Err(DeskError::NoDeployment);
    }
    let csv = record.to_csv().map_err(|_| DeskError::Incomplete(record.issues.len()))?;
    Ok(RecordText { csv, record })
}
