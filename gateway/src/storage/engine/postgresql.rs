//! PostgreSQL: one database that several gateway processes share.
//!
//! Must never: log or print the connection's address, which may hold a password, or trust a server that may lose
//! commits.
//! Always: a transaction that writes takes one advisory lock before it reads anything, so that writers of all
//! processes come one after the other, each seeing all that was committed before; a transaction that reads has one
//! snapshot.

use std::cell::RefCell;
use std::collections::HashMap;
use std::error::Error;
use std::time::Duration;

use bytes::BytesMut;
use postgres::config::SslMode;
use postgres::fallible_iterator::FallibleIterator as _;
use postgres::types::{IsNull, ToSql, Type, to_sql_checked};
use postgres::{Client, Config, NoTls, Statement};
use tokio_postgres_rustls::MakeRustlsConnect;
use zeroize::Zeroizing;

use super::{Access, EachRow, Engine};
use crate::storage::schema;
use crate::storage::value::{Cell, Row, Value};
use crate::storage::{ServerAddress, StoreError, StoredEntry};

/// The writers' lock: "peel" and the number one, as a 64-bit number.
const LOCK: i64 = 0x7065_656c_0000_0001;
/// The channel on which a database says for which device there is something new.
const CHANNEL: &str = "peel_outbox";
const CONNECT: Duration = Duration::from_secs(10);
const ENTRIES: &str = "insert into entry (log_id, idx, leaf, body) select ?1, ?2 + at - 1, leaf, body \
                       from unnest(?3::bytea[], ?4::bytea[]) with ordinality as package (leaf, body, at)";

struct Inner {
    client: Client,
    statements: HashMap<String, Statement>,
}

/// A connection to a PostgreSQL server.
pub(in crate::storage) struct Server(RefCell<Inner>);

fn connect(address: &ServerAddress) -> Result<Client, StoreError> {
    let mut config: Config = address.url.parse().map_err(|_| StoreError::Address)?;
    config.application_name("peel-gateway").connect_timeout(CONNECT).keepalives_idle(Duration::from_secs(30));
    let Some(authority_pem) = &address.authority_pem else { return Ok(config.connect(NoTls)?) };
    let mut tls = crate::force::client_config(authority_pem).map_err(|_| StoreError::Address)?;
    // Those are the protocols of the web.
    tls.alpn_protocols.clear();
    // Whatever the address says: never without, and never on trust.
    config.ssl_mode(SslMode::Require);
    config.connect(MakeRustlsConnect::new(tls)).map_err(|error| {
        // Without a code and without an error of the connection below it, it is the server that said no to TLS.
        let said_no = error.code().is_none()
            && error.source().is_some_and(|source| !source.is::<std::io::Error>())
            && !error.is_closed();
        if said_no { StoreError::NoTls } else { error.into() }
    })
}

impl Server {
    /// Connects, and refuses a server that may lose what it has committed.
    pub(in crate::storage) fn open(address: &ServerAddress) -> Result<Self, StoreError> {
        let mut client = connect(address)?;
        // A process that stops in the middle must not hold the lock for ever.
        client.batch_execute(
            "set lock_timeout = '10s'; set statement_timeout = '60s'; \
             set idle_in_transaction_session_timeout = '30s'; set client_min_messages = warning",
        )?;
        let durable = client.query_one(
            "select current_setting('fsync') = 'on' and current_setting('full_page_writes') = 'on' \
             and current_setting('synchronous_commit') <> 'off'",
            &[],
        )?;
        if !durable.try_get::<_, bool>(0)? {
            return Err(StoreError::NotDurable);
        }
        Ok(Self(RefCell::new(Inner { client, statements: HashMap::new() })))
    }

    /// Connects for rows whose commit need not wait for the disk; each statement is a transaction, and takes no lock but
    /// its rows'.
    pub(in crate::storage) fn open_admissions(address: &ServerAddress) -> Result<Self, StoreError> {
        let server = Self::open(address)?;
        server.batch("set synchronous_commit = off")?;
        Ok(server)
    }

    fn batch(&self, sql: &str) -> Result<(), StoreError> {
        Ok(self.0.borrow_mut().client.batch_execute(sql)?)
    }

    fn migrate_in_transaction(&self) -> Result<(), StoreError> {
        self.batch("create table if not exists peel_schema (version bigint not null)")?;
        let mut version = 0;
        self.query("select coalesce(max(version), 0) from peel_schema", &[], &mut |row| {
            version = row.take(0)?;
            Ok(std::ops::ControlFlow::Continue(()))
        })?;
        for step in schema::steps_from(version)? {
            self.batch(&step.for_postgresql())?;
            self.execute("insert into peel_schema (version) values (?1)", &[Value::Int(step.version)])?;
        }
        Ok(())
    }
}

impl Inner {
    /// The prepared statement for portable SQL.
    fn prepared(&mut self, sql: &str) -> Result<Statement, StoreError> {
        if let Some(statement) = self.statements.get(sql) {
            return Ok(statement.clone());
        }
        let statement = self.client.prepare(&sql.replace('?', "$"))?;
        self.statements.insert(sql.to_owned(), statement.clone());
        Ok(statement)
    }
}

impl ToSql for Value<'_> {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match *self {
            Value::Null => Ok(IsNull::Yes),
            Value::Int(number) if *ty == Type::BOOL => (number != 0).to_sql(ty, out),
            Value::Int(number) if *ty == Type::INT8 => number.to_sql(ty, out),
            Value::Text(text) if <&str as ToSql>::accepts(ty) => text.to_sql(ty, out),
            Value::Blob(bytes) if *ty == Type::BYTEA => bytes.to_sql(ty, out),
            _ => Err("a value of another type".into()),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

fn cell(row: &postgres::Row, column: usize, ty: &Type) -> Result<Cell, StoreError> {
    let found = match *ty {
        Type::INT8 => row.try_get::<_, Option<i64>>(column)?.map(Cell::Int),
        Type::INT4 => row.try_get::<_, Option<i32>>(column)?.map(|number| Cell::Int(number.into())),
        Type::BOOL => row.try_get::<_, Option<bool>>(column)?.map(|truth| Cell::Int(truth.into())),
        Type::TEXT | Type::VARCHAR => row.try_get::<_, Option<String>>(column)?.map(Cell::Text),
        Type::BYTEA => row.try_get::<_, Option<Vec<u8>>>(column)?.map(|bytes| Cell::Blob(Zeroizing::new(bytes))),
        _ => return Err(StoreError::Corrupt),
    };
    Ok(found.unwrap_or(Cell::Null))
}

fn row_of(row: &postgres::Row) -> Result<Row, StoreError> {
    let cells = row.columns().iter().enumerate().map(|(column, about)| cell(row, column, about.type_()));
    Ok(Row::new(cells.collect::<Result<_, _>>()?))
}

impl Engine for Server {
    fn begin(&self, access: Access) -> Result<(), StoreError> {
        let begun = match access {
            // The lock is its own statement: the next one's snapshot is taken when the lock is held.
            Access::Write => self.batch(&format!(
                "begin isolation level read committed read write; select pg_advisory_xact_lock({LOCK})"
            )),
            Access::Read => self.batch("begin isolation level repeatable read read only"),
        };
        if begun.is_err() {
            self.roll_back();
        }
        begun
    }

    fn commit(&self) -> Result<(), StoreError> {
        // A transaction that failed before would answer "commit" by rolling back without an error.
        self.batch("do $$ begin end $$; commit")
    }

    fn roll_back(&self) {
        // Where it fails the connection is gone, and the transaction with it.
        let _ = self.batch("rollback");
    }

    fn mark(&self) -> Result<(), StoreError> {
        self.batch("savepoint job")
    }

    fn keep(&self) -> Result<(), StoreError> {
        self.batch("release savepoint job")
    }

    fn undo(&self) -> Result<(), StoreError> {
        self.batch("rollback to savepoint job; release savepoint job")
    }

    fn still_in_transaction(&self) -> Result<(), StoreError> {
        if self.is_usable() { Ok(()) } else { Err(StoreError::Unavailable) }
    }

    fn is_usable(&self) -> bool {
        !self.0.borrow().client.is_closed()
    }

    fn execute(&self, sql: &str, params: &[Value<'_>]) -> Result<u64, StoreError> {
        let mut inner = self.0.borrow_mut();
        let statement = inner.prepared(sql)?;
        let params: Vec<&(dyn ToSql + Sync)> = params.iter().map(|value| value as &(dyn ToSql + Sync)).collect();
        Ok(inner.client.execute(&statement, &params)?)
    }

    fn query(&self, sql: &str, params: &[Value<'_>], each: EachRow<'_>) -> Result<(), StoreError> {
        let mut inner = self.0.borrow_mut();
        let statement = inner.prepared(sql)?;
        let mut rows = inner.client.query_raw(&statement, params.iter().map(|value| value as &dyn ToSql))?;
        while let Some(row) = rows.next()? {
            if each(&mut row_of(&row)?)?.is_break() {
                break;
            }
        }
        Ok(())
    }

    fn insert_entries(&self, log_id: &str, first: i64, entries: &[StoredEntry<'_>]) -> Result<(), StoreError> {
        let leaves: Vec<&[u8]> = entries.iter().map(|entry| entry.leaf.as_bytes().as_slice()).collect();
        let bodies: Vec<&[u8]> = entries.iter().map(|entry| entry.body).collect();
        let mut inner = self.0.borrow_mut();
        let statement = inner.prepared(ENTRIES)?;
        inner.client.execute(&statement, &[&log_id, &first, &leaves, &bodies])?;
        Ok(())
    }

    fn forget_deleted(&self) -> Result<bool, StoreError> {
        // Frees the places of old versions of rows; the server writes over them in its own time.
        self.batch("vacuum media")?;
        self.batch("vacuum outbox")?;
        Ok(true)
    }

    fn bound(&self, _: Option<u32>) -> Result<(), StoreError> {
        Ok(())
    }

    fn migrate(&self) -> Result<(), StoreError> {
        self.begin(Access::Write)?;
        let result = self.migrate_in_transaction().and_then(|()| self.commit());
        if result.is_err() {
            self.roll_back();
        }
        result
    }
}

/// Listens for what other processes say, until `heard` says stop. It is asked at least once every `every`, with
/// `None` where nothing came.
pub(in crate::storage) fn notifications(
    address: &ServerAddress,
    every: Duration,
    heard: &mut dyn FnMut(Option<&str>) -> bool,
) -> Result<(), StoreError> {
    let mut client = connect(address)?;
    client.batch_execute(&format!("listen {CHANNEL}"))?;
    loop {
        let mut notifications = client.notifications();
        let mut iterator = notifications.timeout_iter(every);
        while let Some(notification) = iterator.next()? {
            if !heard(Some(notification.payload())) {
                return Ok(());
            }
        }
        drop(iterator);
        drop(notifications);
        if !heard(None) {
            return Ok(());
        }
        if client.is_closed() {
            return Err(StoreError::Unavailable);
        }
    }
}
