//! Which engine a test runs on.

use peel_gateway::storage::{StoreAddress, Tx};

use super::{TestForce, postgresql};

/// The store of a test force: a database of the server for the binary that runs the other files' tests on one, the
/// file otherwise. Where there is no server the test runs on a file and says that it did not do what it is for.
pub(crate) fn for_this_binary() -> Option<StoreAddress> {
    (env!("CARGO_CRATE_NAME") == "on_postgresql").then(new_database).flatten()
}

/// A new database of the test's server.
pub(crate) fn new_database() -> Option<StoreAddress> {
    let Some(server) = postgresql::server() else {
        println!("{}", postgresql::ABSENT);
        return None;
    };
    Some(StoreAddress::server(&server.url(&server.database())).unwrap())
}

/// Does what an administrator of the database could do before changing an entry: takes the guard away.
pub(crate) fn let_entries_be_changed(tx: &Tx, force: &TestForce) {
    let shared = force.data().store().unwrap().is_shared();
    let sql = if shared { "drop trigger entry_stays on entry" } else { "drop trigger entry_is_not_changed" };
    tx.execute(sql, &[]).unwrap();
}
