//! Processes under a real `mpirun`: this test starts itself.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::process::{Command, Output};
use std::thread::{sleep, spawn};
use std::time::{Duration, Instant};

use tiam_linalg::Numbers;
use tiam_mpi::Session;

/// Runs one of the roles below in so many processes.
fn roles(size: usize, role: &str) -> Output {
    let mut command = Command::new("mpirun");
    let this = std::env::current_exe().unwrap();
    command
        .args(["-n", &size.to_string(), "--oversubscribe"])
        .arg(this)
        .args(["--exact", role, "--ignored", "--nocapture"]);
    // Containers run as root, which Open MPI asks about.
    for allowed in ["OMPI_ALLOW_RUN_AS_ROOT", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM"] {
        command.env(allowed, "1");
    }
    command.output().unwrap()
}

#[test]
fn numbers_arrive_in_order_in_either_precision() {
    let output = roles(3, "role_exchange");
    assert!(output.status.success(), "{output:?}");
}

#[test]
#[ignore = "started by mpirun"]
fn role_exchange() {
    let session = Session::start().unwrap().unwrap();
    let processes = session.reduction();
    let rank = processes.rank();
    assert_eq!(processes.size(), 3);
    // Around the ring, twice.
    let (next, before) = ((rank + 1) % 3, (rank + 2) % 3);
    for round in 0..2_u8 {
        let mut own = [rank as f32, f32::from(round)];
        let mut found = [0.0_f32; 2];
        if rank == 0 {
            processes.send(next, Numbers::F32(&mut own));
            processes.receive(before, Numbers::F32(&mut found));
        } else {
            processes.receive(before, Numbers::F32(&mut found));
            processes.send(next, Numbers::F32(&mut own));
        }
        let bits = [before as f32, f32::from(round)].map(f32::to_bits);
        assert_eq!(found.map(f32::to_bits), bits);
    }
    for root in 0..3 {
        let of = |rank: usize| [rank as f64, std::f64::consts::PI * (rank + 1) as f64];
        let mut own = of(rank);
        processes.broadcast(root, Numbers::F64(&mut own));
        assert_eq!(own.map(f64::to_bits), of(root).map(f64::to_bits));
    }
}

#[test]
fn a_panic_in_a_worker_of_one_process_ends_all() {
    let started = Instant::now();
    let output = roles(2, "role_panic");
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(started.elapsed() < Duration::from_secs(10), "{text}");
    assert_eq!(output.status.code(), Some(101), "{text}");
    assert!(text.contains("what went wrong"), "{text}");
    assert!(text.contains("process 1 ends all 2"), "{text}");
}

#[test]
#[ignore = "started by mpirun"]
fn role_panic() {
    let session = Session::start().unwrap().unwrap();
    let processes = session.reduction();
    if processes.rank() == 1 {
        spawn(|| panic!("what went wrong")).join().ok();
        sleep(Duration::from_secs(60));
    }
    // For ever, without the other.
    processes.receive(1, Numbers::F64(&mut [0.0]));
}
