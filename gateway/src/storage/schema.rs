//! The tables, and their version.

use rusqlite::Connection;

use super::StoreError;

const VERSION: i64 = 1;

const TABLES: &str = "
create table log (
  log_id text primary key, origin text not null, state blob not null, next_index integer not null,
  pending_size integer, pending_note text,
  size integer not null, note text, at_ms integer
) strict;
create table entry (
  log_id text not null references log, idx integer not null, leaf blob not null, body blob not null,
  primary key (log_id, idx)
) strict, without rowid;
create table receipt (
  code text not null, log_id text not null, idx integer not null, primary key (code, log_id, idx)
) strict, without rowid;
create table api_key (hash blob primary key, kind text not null) strict;
create table enrolment_code (secret_hash blob primary key, expires_ms integer not null, used integer not null) strict;
create table device (
  enrolment_id text primary key, log_vkey text not null, hw_spki blob not null, auth_spki blob not null,
  model text not null, enrolled_ms integer not null, last_seq integer not null,
  officer_id text, shift_until_ms integer
) strict;
create table officer (
  officer_id text primary key, salt blob not null, pin_hash blob not null, roster text not null,
  failures integer not null, locked_until_ms integer not null
) strict;
create table deployment (
  deployment_id text primary key, card text not null, state text not null, created_ms integer not null,
  ended_ms integer
) strict;
create table member (
  enrolment_id text not null references device, deployment_id text not null references deployment,
  officer_id text not null, role text not null, primary key (enrolment_id, deployment_id)
) strict, without rowid;
create table policy (version integer primary key, cose blob not null, at_ms integer not null) strict;
create table alert (
  alert_id text primary key, deployment_id text not null references deployment, ingested_ms integer not null,
  withdrawn integer not null, media_expire_ms integer not null
) strict;
create table media (
  media_id text primary key, alert_id text not null references alert, class text not null, file text not null,
  key blob, salt blob, commitment blob not null, content_type text not null, size integer not null,
  expire_ms integer not null, destroyed_ms integer
) strict;
create table outbox (
  enrolment_id text not null references device, seq integer not null, name text not null, payload text not null,
  signature text not null, alert_id text, at_ms integer not null, primary key (enrolment_id, seq)
) strict, without rowid;
create index outbox_by_alert on outbox (alert_id, enrolment_id);
create index media_by_alert on media (alert_id);
create index media_due on media (expire_ms) where destroyed_ms is null;
";

/// Makes the tables of a new database; refuses one of another version.
pub(super) fn apply(connection: &Connection) -> Result<(), StoreError> {
    let version: i64 = connection.query_row("pragma user_version", [], |row| row.get(0))?;
    match version {
        0 => {
            connection.execute_batch(&format!("begin immediate; {TABLES} pragma user_version = {VERSION}; commit;"))?;
            Ok(())
        }
        VERSION => Ok(()),
        _ => Err(StoreError::Corrupt),
    }
}
