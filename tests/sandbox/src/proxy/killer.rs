//! Kills the process of a deployed function that has a connection to the proxy.
//!
//! It never kills anything else: only among the processes that MiniStack itself started, and their children, is the holder
//! of the connection looked for, and it must be a runtime's `bootstrap`. A process whose id was given to another
//! in the meantime is not hit, since the signal goes to a handle that was opened before the process was looked at.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::Duration;

use procfs::ProcError;
use procfs::process::{FDTarget, Process, all_processes};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

/// What Lambda calls the program of a custom runtime.
const BOOTSTRAP: &str = "bootstrap";
/// A killed process is gone in milliseconds; a loaded machine takes its time.
const GONE_WITHIN: Duration = Duration::from_secs(10);

/// Knows whose children may be killed.
#[derive(Debug, Clone, Copy)]
pub struct Killer {
    ministack: i32,
}

/// A connection to the proxy, by both of its ends. Several that go elsewhere may share one end.
#[derive(Debug, Clone, Copy)]
pub struct Connection {
    pub caller: SocketAddr,
    pub proxy: SocketAddr,
}

/// Nothing was killed, and why.
#[derive(Debug, thiserror::Error)]
pub enum NotKilled {
    #[error("the process {0} is not MiniStack")]
    NotOne(u32),
    #[error("the connection from {0} is gone")]
    NoConnection(SocketAddr),
    #[error("no process that MiniStack (process {ministack}) started holds the connection from {caller}")]
    NotMiniStacks { ministack: i32, caller: SocketAddr },
    #[error("the process {pid} that holds the connection is {program}, and only a {BOOTSTRAP} is ever killed")]
    NotABootstrap { pid: i32, program: String },
    #[error("the process {0} was killed, and is not gone after {GONE_WITHIN:?}")]
    StillThere(i32),
    #[error("reading /proc: {0}")]
    Unreadable(#[from] ProcError),
    #[error("the system refuses: {0}")]
    Refused(#[from] Errno),
    #[error("the search for the process broke off: {0}")]
    BrokeOff(#[from] tokio::task::JoinError),
}

impl Killer {
    pub fn of_functions_under(ministack: u32) -> Result<Self, NotKilled> {
        // The parent of all processes would make all of them MiniStack's.
        match i32::try_from(ministack) {
            Ok(ministack) if ministack > 1 => Ok(Self { ministack }),
            _ => Err(NotKilled::NotOne(ministack)),
        }
    }

    /// Returns when the process is gone: from then on it does nothing more.
    pub(super) async fn kill(self, connection: Connection) -> Result<(), NotKilled> {
        // Walks through /proc, which takes some milliseconds.
        tokio::task::spawn_blocking(move || self.kill_holder(connection)).await?
    }

    fn kill_holder(self, connection: Connection) -> Result<(), NotKilled> {
        let (socket, caller) = (socket_of(connection)?, connection.caller);
        let parents = parents()?;
        let mut started = parents.keys().copied().filter(|pid| is_under(*pid, self.ministack, &parents));
        let not_found = || NotKilled::NotMiniStacks { ministack: self.ministack, caller };
        let pid = started.find(|pid| holds(*pid, socket)).ok_or_else(not_found)?;
        let handle = pidfd_open(Pid::from_raw(pid).ok_or_else(not_found)?, PidfdFlags::empty())?;
        // Once more, now that the handle says whom the signal would reach.
        let process = Process::new(pid)?.stat()?;
        if !is_under(pid, self.ministack, &self::parents()?) || !holds(pid, socket) {
            return Err(not_found());
        }
        if process.comm != BOOTSTRAP {
            return Err(NotKilled::NotABootstrap { pid, program: process.comm });
        }
        pidfd_send_signal(&handle, Signal::KILL)?;
        let patience = Timespec::try_from(GONE_WITHIN).map_err(|_| NotKilled::StillThere(pid))?;
        match poll(&mut [PollFd::new(&handle, PollFlags::IN)], Some(&patience))? {
            0 => Err(NotKilled::StillThere(pid)),
            _ => Ok(()),
        }
    }
}

/// The inode of the caller's end of the connection.
fn socket_of(Connection { caller, proxy }: Connection) -> Result<u64, NotKilled> {
    let own_end = procfs::net::tcp()?
        .into_iter()
        .find(|open| (open.local_address, open.remote_address) == (caller, proxy) && open.inode != 0);
    own_end.map(|connection| connection.inode).ok_or(NotKilled::NoConnection(caller))
}

/// The parent of each process. Processes that end meanwhile are left out.
fn parents() -> Result<HashMap<i32, i32>, NotKilled> {
    let stats = all_processes()?.filter_map(|process| process.ok()?.stat().ok());
    Ok(stats.map(|stat| (stat.pid, stat.ppid)).collect())
}

/// Whether a process is a child of another, or a child's child, and so on. None is its own child.
fn is_under(pid: i32, ancestor: i32, parents: &HashMap<i32, i32>) -> bool {
    let mut above = pid;
    // No line of ancestors is longer than there are processes.
    for _ in 0..parents.len() {
        match parents.get(&above) {
            Some(parent) if *parent == ancestor => return true,
            Some(parent) => above = *parent,
            None => return false,
        }
    }
    false
}

fn holds(pid: i32, socket: u64) -> bool {
    let open = Process::new(pid).and_then(|process| process.fd());
    open.is_ok_and(|mut open| open.any(|file| matches!(file, Ok(file) if file.target == FDTarget::Socket(socket))))
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use tokio::net::{TcpListener, TcpSocket};

    use super::*;

    #[test]
    fn only_what_ministack_started_is_under_it() {
        let parents = HashMap::from([(1, 0), (10, 1), (20, 10), (30, 20), (40, 1), (50, 51), (51, 50)]);
        let under = |pid| is_under(pid, 10, &parents);
        assert!(under(20) && under(30));
        assert!(!under(10) && !under(40) && !under(1) && !under(99), "itself, a sibling, the parent, nobody");
        assert!(!under(50), "a circle, as of ids that were given away while the list was read");
    }

    /// As the system gives a port again that is in use, for a connection to somewhere else.
    #[tokio::test]
    async fn of_two_connections_from_one_port_each_has_an_end_of_its_own() {
        let listen = || TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
        let (one, other) = (listen().await.unwrap(), listen().await.unwrap());
        let connect = async |to: &TcpListener, port| {
            let socket = TcpSocket::new_v4().unwrap();
            socket.set_reuseaddr(true).unwrap();
            socket.bind((Ipv4Addr::LOCALHOST, port).into()).unwrap();
            socket.connect(to.local_addr().unwrap()).await.unwrap()
        };
        let first = connect(&one, 0).await;
        let caller = first.local_addr().unwrap();
        let second = connect(&other, caller.port()).await;
        assert_eq!(second.local_addr().unwrap(), caller);
        let end = |to: &TcpListener| socket_of(Connection { caller, proxy: to.local_addr().unwrap() }).unwrap();
        assert_ne!(end(&one), end(&other));
    }

    #[test]
    fn nobody_may_be_taken_for_ministack_whose_children_are_everybody() {
        assert!(Killer::of_functions_under(0).is_err() && Killer::of_functions_under(1).is_err());
    }
}
