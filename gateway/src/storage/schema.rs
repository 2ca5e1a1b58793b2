//! The tables and their versions: written once, in SQLite's words, and told to PostgreSQL in its own.
//!
//! Must never: change a step that was released; a change is a new step.
//! Always: whatever version a store has, the steps after it bring it to the present one in one transaction, and a store
//! of a newer version is refused. Rows of `entry` can be neither changed nor deleted: the database itself refuses.

use super::StoreError;

/// One step of the schema.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step {
    /// The version that it leads to.
    pub(super) version: i64,
    /// For both engines, in SQLite's words.
    both: &'static str,
    sqlite: &'static str,
    postgresql: &'static str,
}

const STEPS: &[Step] = &[
    Step { version: 1, both: TABLES, sqlite: ENTRIES_SQLITE, postgresql: ENTRIES_POSTGRESQL },
    Step { version: 2, both: "", sqlite: ENTRIES_STAY_SQLITE, postgresql: ENTRIES_STAY_POSTGRESQL },
    Step { version: 3, both: STANDING_AND_WITNESSES, sqlite: "", postgresql: "" },
    Step { version: 4, both: FORCE_LOG_LEAVES, sqlite: "", postgresql: "" },
    Step { version: 5, both: PIN_FAILURES, sqlite: "", postgresql: "" },
    Step { version: 6, both: ALERTS_AT_THEIR_END, sqlite: "", postgresql: "" },
    Step { version: 7, both: HOLDS, sqlite: "", postgresql: "" },
    Step { version: 8, both: "", sqlite: "", postgresql: ADMISSIONS_POSTGRESQL },
    Step { version: 9, both: REPLACEMENTS, sqlite: "", postgresql: "" },
    Step { version: 10, both: REPLACEMENTS_KEPT, sqlite: "", postgresql: "" },
];

/// The steps after a version.
pub(super) fn steps_from(version: i64) -> Result<impl Iterator<Item = &'static Step>, StoreError> {
    let newest = STEPS.last().map_or(0, |step| step.version);
    if version < 0 || version > newest {
        return Err(StoreError::Newer);
    }
    Ok(STEPS.iter().filter(move |step| step.version > version))
}

impl Step {
    pub(super) fn for_sqlite(&self) -> String {
        format!("{}{}", self.both, self.sqlite)
    }

    pub(super) fn for_postgresql(&self) -> String {
        let both = self.both.replace(") strict, without rowid;", ");").replace(") strict;", ");");
        format!("{}{}", both.replace(" blob", " bytea").replace(" integer", " bigint"), self.postgresql)
    }
}

const TABLES: &str = "
create table log (
  log_id text primary key, origin text not null, state blob not null, next_index integer not null,
  pending_size integer, pending_note text,
  size integer not null, note text, at_ms integer
) strict;
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

const ENTRIES_SQLITE: &str = "
create table entry (
  log_id text not null references log, idx integer not null, leaf blob not null, body blob not null,
  primary key (log_id, idx)
) strict, without rowid;
";

/// Spread over partitions by the log. A package is stored together with a change of its log's row, which must be
/// there: so an entry needs no foreign key, which would be looked up for each row.
const ENTRIES_POSTGRESQL: &str = "
create table entry (
  log_id text not null, idx bigint not null, leaf bytea not null, body bytea not null, primary key (log_id, idx)
) partition by hash (log_id);
do $$ begin
  for part in 0..15 loop
    execute format('create table entry_%s partition of entry for values with (modulus 16, remainder %s)', part, part);
  end loop;
end $$;
";

const ENTRIES_STAY_SQLITE: &str = "
create trigger entry_is_not_changed before update on entry
  begin select raise(abort, 'entries stay as they are'); end;
create trigger entry_is_not_deleted before delete on entry
  begin select raise(abort, 'entries stay as they are'); end;
create trigger log_is_not_deleted before delete on log
  begin select raise(abort, 'logs stay'); end;
create trigger log_does_not_shrink before update on log when new.next_index < old.next_index or new.size < old.size
  begin select raise(abort, 'logs only grow'); end;
";

const ENTRIES_STAY_POSTGRESQL: &str = "
create function peel_refuse() returns trigger language plpgsql as
  $$ begin raise exception 'entries and logs stay as they are'; end $$;
create trigger entry_stays before update or delete on entry for each row execute function peel_refuse();
create trigger log_is_not_deleted before delete on log for each row execute function peel_refuse();
create trigger log_is_not_emptied before truncate on log for each statement execute function peel_refuse();
create trigger log_does_not_shrink before update on log for each row
  when (new.next_index < old.next_index or new.size < old.size) execute function peel_refuse();
create trigger entry_is_not_emptied before truncate on entry for each statement execute function peel_refuse();
do $$ begin
  for part in 0..15 loop
    execute format('create trigger entry_is_not_emptied before truncate on entry_%s for each statement '
      'execute function peel_refuse()', part);
  end loop;
end $$;
create function peel_tell() returns trigger language plpgsql as
  $$ begin perform pg_notify('peel_outbox', new.enrolment_id); return null; end $$;
create trigger outbox_is_told after insert on outbox for each row execute function peel_tell();
";

/// A device without a row in `standing` is served.
const STANDING_AND_WITNESSES: &str = "
create table standing (enrolment_id text primary key references device, standing text not null) strict;
create table cosignature (
  witness text not null, size integer not null, note text not null, line text not null, at_ms integer not null,
  primary key (witness, size)
) strict, without rowid;
";

/// Phones ask where their checkpoint stands in the force log.
const FORCE_LOG_LEAVES: &str = "create index force_log_leaf on entry (leaf) where log_id = 'log';
";

/// Wrong PINs by device and officer; a device's own row, over all officers, has an empty one.
const PIN_FAILURES: &str = "
create table pin_failure (
  enrolment_id text not null references device, officer_id text not null, failures integer not null,
  locked_until_ms integer not null, primary key (enrolment_id, officer_id)
) strict, without rowid;
";

/// Which phones had an alert, and since when it is over. A phone that has not closed it has no time.
const ALERTS_AT_THEIR_END: &str = "
create table issued (
  alert_id text not null references alert, enrolment_id text not null references device, closed_ms integer,
  primary key (alert_id, enrolment_id)
) strict, without rowid;
create table alert_over (alert_id text primary key references alert, over_ms integer not null) strict;
insert into issued (alert_id, enrolment_id)
  select distinct alert_id, enrolment_id from outbox where alert_id is not null and name = 'lfr.alert';
";

/// What is held as evidence: sealed files and their end. Who holds it and why stands in the events log alone.
const HOLDS: &str = "
create table hold (
  hold_id text primary key, alert_id text not null references alert, held_ms integer not null,
  until_ms integer not null, released_ms integer
) strict;
create table held_image (
  hold_id text not null references hold, media_id text not null, file text not null, primary key (hold_id, media_id)
) strict, without rowid;
";

/// Which enrolment a code is to replace, and which did: an enrolment goes on from one at most, and the other way round.
const REPLACEMENTS: &str = "
create table code_replaces (secret_hash blob primary key, replaces text not null references device) strict;
create table replacement (
  replaces text primary key references device, enrolment_id text not null unique references device
) strict;
";

/// Each enrolment keeps the one that it was made to replace, also when another was made in its stead; and that one may be
/// one that a store from a backup does not know any more.
const REPLACEMENTS_KEPT: &str = "
create table code_is_for (secret_hash blob primary key, replaces text not null) strict;
insert into code_is_for (secret_hash, replaces) select secret_hash, replaces from code_replaces;
drop table code_replaces;
create table goes_on_from (enrolment_id text primary key references device, replaces text not null) strict;
insert into goes_on_from (enrolment_id, replaces) select enrolment_id, replaces from replacement;
drop table replacement;
create index goes_on_from_by_replaces on goes_on_from (replaces);
";

/// A bucket's row is written anew with each request: there is room for that in its page, and no index to change.
const ADMISSIONS_POSTGRESQL: &str = "
create table used_proof (window_no bigint not null, id bytea not null, primary key (window_no, id));
create table device_bucket (enrolment_id text primary key, full_at_us bigint not null) with (fillfactor = 20);
";

/// The same in the file beside a SQLite store.
pub(super) const ADMISSIONS_SQLITE: &str = "
create table if not exists used_proof (
  window_no integer not null, id blob not null, primary key (window_no, id)
) strict, without rowid;
create table if not exists device_bucket (
  enrolment_id text primary key, full_at_us integer not null
) strict, without rowid;
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_lead_from_any_version_to_the_present_and_a_newer_one_is_refused() {
        assert_eq!(steps_from(0).unwrap().count(), STEPS.len());
        assert_eq!(steps_from(1).unwrap().map(|step| step.version).collect::<Vec<_>>(), (2..=10).collect::<Vec<_>>());
        for bad in [-1, STEPS.last().unwrap().version + 1] {
            assert!(matches!(steps_from(bad), Err(StoreError::Newer)), "{bad}");
        }
    }

    #[test]
    fn the_other_engine_is_told_in_its_own_words() {
        let text: String = [&STEPS[0], &STEPS[2], &STEPS[4], &STEPS[5], &STEPS[6], &STEPS[8], &STEPS[9]]
            .map(Step::for_postgresql)
            .concat();
        for word in [" blob", " integer", "strict", "rowid"] {
            assert!(!text.contains(word), "{word}");
        }
    }
}
