//! Images' rows: the key that opens the sealed file, and when it goes.
//!
//! Always: destroying a row's key makes the file unreadable, whatever becomes of the file.

use crate::params;
use peel_domain::event::MediaClass;
use peel_domain::id::{AlertId, DeploymentId, EnrolmentId, MediaId};
use zeroize::Zeroizing;

use super::{Row, StoreError, ToValue, Tx};

/// One image.
#[derive(Clone)]
pub struct MediaRow {
    /// The image.
    pub media_id: MediaId,
    /// Its alert.
    pub alert_id: AlertId,
    /// Its class.
    pub class: MediaClass,
    /// The sealed file's random name.
    pub file: String,
    /// The file's key; `None` when destroyed.
    pub key: Option<Zeroizing<Vec<u8>>>,
    /// The commitment's salt; `None` when destroyed.
    pub salt: Option<Zeroizing<Vec<u8>>>,
    /// HMAC-SHA-256(salt, image).
    pub commitment: [u8; 32],
    /// `image/jpeg` or `image/png`.
    pub content_type: String,
    /// Size in bytes.
    pub size: u32,
    /// When it is destroyed at the latest, milliseconds since 1970 UTC.
    pub expire_ms: i64,
}

impl std::fmt::Debug for MediaRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MediaRow").field("media_id", &self.media_id).finish_non_exhaustive()
    }
}

const fn class_name(class: MediaClass) -> &'static str {
    match class {
        MediaClass::Probe => "probe",
        MediaClass::Reference => "reference",
        MediaClass::LiveCapture => "live_capture",
    }
}

fn class_from(name: &str) -> Result<MediaClass, StoreError> {
    match name {
        "probe" => Ok(MediaClass::Probe),
        "reference" => Ok(MediaClass::Reference),
        _ => Err(StoreError::Corrupt),
    }
}

/// Stores an image's row.
pub fn put_media(tx: &Tx, row: &MediaRow) -> Result<(), StoreError> {
    tx.execute(
        "insert into media (media_id, alert_id, class, file, key, salt, commitment, content_type, size, expire_ms) \
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        params![
            row.media_id.to_string(),
            row.alert_id.to_string(),
            class_name(row.class),
            row.file,
            row.key,
            row.salt,
            row.commitment,
            row.content_type,
            row.size,
            row.expire_ms
        ],
    )?;
    Ok(())
}

const COLUMNS: &str = "media_id, alert_id, class, file, key, salt, commitment, content_type, size, expire_ms";

fn row_of(row: &mut Row) -> Result<MediaRow, StoreError> {
    Ok(MediaRow {
        media_id: row.parse(0)?,
        alert_id: row.parse(1)?,
        class: class_from(&row.take::<String>(2)?)?,
        file: row.take(3)?,
        key: row.take(4)?,
        salt: row.take(5)?,
        commitment: row.take(6)?,
        content_type: row.take(7)?,
        size: row.take(8)?,
        expire_ms: row.take(9)?,
    })
}

/// An image's row, destroyed or not.
pub fn media(tx: &Tx, media_id: MediaId) -> Result<Option<MediaRow>, StoreError> {
    let sql = format!("select {COLUMNS} from media where media_id = ?1");
    tx.query_one(&sql, params![media_id.to_string()], row_of)
}

/// Whether a device was sent the alert that the image belongs to.
pub fn may_read(tx: &Tx, media_id: MediaId, enrolment_id: EnrolmentId) -> Result<bool, StoreError> {
    let sql = "select exists (select 1 from media join outbox on outbox.alert_id = media.alert_id \
               where media.media_id = ?1 and outbox.enrolment_id = ?2)";
    let may = tx.query_one(sql, params![media_id.to_string(), enrolment_id.to_string()], |row| row.take(0))?;
    Ok(may.unwrap_or(false))
}

fn collect(tx: &Tx, condition: &str, value: &dyn ToValue) -> Result<Vec<MediaRow>, StoreError> {
    let sql =
        format!("select {COLUMNS} from media where destroyed_ms is null and {condition} order by media_id limit 500");
    tx.query(&sql, &[value.to_value()], row_of)
}

/// Images whose time is over, or of an alert that ended later than now: then a clock was set back.
pub fn due_media(tx: &Tx, now_ms: i64) -> Result<Vec<MediaRow>, StoreError> {
    collect(tx, "(expire_ms <= ?1 or alert_id in (select alert_id from alert_over where over_ms > ?1))", &now_ms)
}

/// Images of an alert that are still there.
pub fn live_media_of_alert(tx: &Tx, id: AlertId) -> Result<Vec<MediaRow>, StoreError> {
    collect(tx, "alert_id = ?1", &id.to_string())
}

/// Images of a deployment that are still there.
pub fn live_media_of_deployment(tx: &Tx, id: DeploymentId) -> Result<Vec<MediaRow>, StoreError> {
    collect(tx, "alert_id in (select alert_id from alert where deployment_id = ?1)", &id.to_string())
}

/// Destroys an image's key and salt.
pub fn mark_destroyed(tx: &Tx, media_id: MediaId, now_ms: i64) -> Result<(), StoreError> {
    tx.execute(
        "update media set key = null, salt = null, destroyed_ms = ?1 where media_id = ?2 and destroyed_ms is null",
        params![now_ms, media_id.to_string()],
    )?;
    Ok(())
}

/// The file names of images that are still there, or held: everything else in the folder is left over.
pub fn media_files(tx: &Tx) -> Result<Vec<String>, StoreError> {
    let sql = "select file from media where destroyed_ms is null union all select file from held_image";
    tx.query(sql, params![], |row| row.take(0))
}
