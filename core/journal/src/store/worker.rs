//! The thread that owns the connection.

use std::sync::mpsc::Receiver;
use std::thread::{Builder, JoinHandle};

use rusqlite::Connection;

use super::{Message, rows};

/// Runs jobs one after another until it is told to close or every sender is gone.
pub(super) fn start(mut connection: Connection, receiver: Receiver<Message>) -> std::io::Result<JoinHandle<()>> {
    Builder::new().name("peel-store".to_owned()).spawn(move || {
        let mut reply = None;
        while let Ok(message) = receiver.recv() {
            match message {
                Message::Run(job) => job(&mut connection),
                Message::Close(done) => {
                    reply = Some(done);
                    break;
                }
            }
        }
        if reply.is_some() {
            // Only an asked-for close is a clean end. Failing to note it merely makes the next start check more.
            let _ = rows::delete_meta(&connection, "unclean");
            let _ = super::batch::truncate_log(&connection);
        }
        let _ = connection.close();
        if let Some(done) = reply {
            let _ = done.send(());
        }
    })
}
