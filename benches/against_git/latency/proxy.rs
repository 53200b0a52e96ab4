//! A proxy that makes a host far away: what a client says arrives later.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Instant;

use super::LATENCY;

/// Serves each connection to a free port of loopback in a thread, and gives the port.
pub fn serve(connection: impl Fn(TcpStream) + Send + Sync + 'static) -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let connection = Arc::new(connection);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            stream.set_nodelay(true).unwrap();
            let connection = Arc::clone(&connection);
            thread::spawn(move || connection(stream));
        }
    });
    port
}

/// A port that leads to another one, far away.
pub fn far(port: u16) -> u16 {
    serve(move |client| {
        let server = TcpStream::connect(("127.0.0.1", port)).unwrap();
        server.set_nodelay(true).unwrap();
        let (from, to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
        let (said, arrives) = mpsc::channel::<(Instant, Vec<u8>)>();
        thread::spawn(move || {
            read(from, |piece| {
                said.send((Instant::now() + LATENCY, piece)).is_ok()
            });
        });
        thread::spawn(move || {
            let mut to = to;
            for (at, piece) in arrives {
                thread::sleep(at.saturating_duration_since(Instant::now()));
                if to.write_all(&piece).is_err() {
                    return;
                }
            }
            drop(to.shutdown(Shutdown::Write));
        });
        let mut back = client;
        read(server, |piece| back.write_all(&piece).is_ok());
        drop(back.shutdown(Shutdown::Write));
    })
}

/// Reads to the end, or as long as somebody takes it.
fn read(mut from: TcpStream, mut take: impl FnMut(Vec<u8>) -> bool) {
    let mut piece = [0; 16384];
    while let Ok(read @ 1..) = from.read(&mut piece) {
        if !take(piece[..read].to_vec()) {
            return;
        }
    }
}
