//! Images' rows: the key that opens the sealed file, and when it goes.
//!
//! Always: destroying a row's key makes the file unreadable, whatever becomes of the file.

use peel_domain::event::MediaClass;
use peel_domain::id::{AlertId, DeploymentId, EnrolmentId, MediaId};
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use zeroize::Zeroizing;

use super::StoreError;

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
pub fn put_media(db: &Connection, row: &MediaRow) -> Result<(), StoreError> {
    db.execute(
        "insert into media (media_id, alert_id, class, file, key, salt, commitment, content_type, size, expire_ms) \
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        params![
            row.media_id.to_string(),
            row.alert_id.to_string(),
            class_name(row.class),
            row.file,
            row.key.as_ref().map(|key| key.as_slice()),
            row.salt.as_ref().map(|salt| salt.as_slice()),
            row.commitment,
            row.content_type,
            row.size,
            row.expire_ms
        ],
    )?;
    Ok(())
}

const COLUMNS: &str = "media_id, alert_id, class, file, key, salt, commitment, content_type, size, expire_ms";

struct Raw {
    ids: (String, String),
    class: String,
    row: MediaRow,
}

fn raw(row: &Row<'_>) -> rusqlite::Result<Raw> {
    Ok(Raw {
        ids: (row.get(0)?, row.get(1)?),
        class: row.get(2)?,
        row: MediaRow {
            media_id: MediaId(uuid::Uuid::nil()),
            alert_id: AlertId(uuid::Uuid::nil()),
            class: MediaClass::Probe,
            file: row.get(3)?,
            key: row.get::<_, Option<Vec<u8>>>(4)?.map(Zeroizing::new),
            salt: row.get::<_, Option<Vec<u8>>>(5)?.map(Zeroizing::new),
            commitment: row.get(6)?,
            content_type: row.get(7)?,
            size: row.get(8)?,
            expire_ms: row.get(9)?,
        },
    })
}

fn parsed(raw: Raw) -> Result<MediaRow, StoreError> {
    Ok(MediaRow {
        media_id: raw.ids.0.parse().map_err(|_| StoreError::Corrupt)?,
        alert_id: raw.ids.1.parse().map_err(|_| StoreError::Corrupt)?,
        class: class_from(&raw.class)?,
        ..raw.row
    })
}

/// An image's row, destroyed or not.
pub fn media(db: &Connection, media_id: MediaId) -> Result<Option<MediaRow>, StoreError> {
    let sql = format!("select {COLUMNS} from media where media_id = ?1");
    db.query_row(&sql, [media_id.to_string()], raw).optional()?.map(parsed).transpose()
}

/// Whether a device was sent the alert that the image belongs to.
pub fn may_read(db: &Connection, media_id: MediaId, enrolment_id: EnrolmentId) -> Result<bool, StoreError> {
    Ok(db.query_row(
        "select exists (select 1 from media join outbox on outbox.alert_id = media.alert_id \
         where media.media_id = ?1 and outbox.enrolment_id = ?2)",
        params![media_id.to_string(), enrolment_id.to_string()],
        |row| row.get(0),
    )?)
}

fn collect(db: &Connection, condition: &str, value: &dyn rusqlite::ToSql) -> Result<Vec<MediaRow>, StoreError> {
    let mut statement = db.prepare_cached(&format!(
        "select {COLUMNS} from media where destroyed_ms is null and {condition} order by media_id limit 500"
    ))?;
    let rows = statement.query_map([value], raw)?;
    rows.map(|row| parsed(row?)).collect()
}

/// Images whose time is over.
pub fn due_media(db: &Connection, now_ms: i64) -> Result<Vec<MediaRow>, StoreError> {
    collect(db, "expire_ms <= ?1", &now_ms)
}

/// Images of a deployment that are still there.
pub fn live_media_of_deployment(db: &Connection, id: DeploymentId) -> Result<Vec<MediaRow>, StoreError> {
    collect(db, "alert_id in (select alert_id from alert where deployment_id = ?1)", &id.to_string())
}

/// Destroys an image's key and salt.
pub fn mark_destroyed(db: &Connection, media_id: MediaId, now_ms: i64) -> Result<(), StoreError> {
    db.execute(
        "update media set key = null, salt = null, destroyed_ms = ?1 where media_id = ?2 and destroyed_ms is null",
        params![now_ms, media_id.to_string()],
    )?;
    Ok(())
}

/// The file names of images that are still there: everything else in the folder is left over.
pub fn media_files(db: &Connection) -> Result<Vec<String>, StoreError> {
    let mut statement = db.prepare("select file from media where destroyed_ms is null")?;
    let rows = statement.query_map([], |row| row.get::<_, String>(0))?;
    rows.map(|row| Ok(row?)).collect()
}
