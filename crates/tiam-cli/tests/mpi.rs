//! Several processes that train one network: `mpirun` starts them, as a user does.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "main/common/mod.rs"]
mod common;

use std::fs;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use common::{Bench, Numbers, Ran, points, result};

/// Within this time a job has ended after one of its processes did.
const ENDS_WITHIN: Duration = Duration::from_secs(10);

/// `mpirun` with so many processes of the binary, on however many cores.
fn mpirun(bench: &Bench, size: usize, line: &str) -> Command {
    let tiam = bench.command(&[]);
    let mut command = Command::new("mpirun");
    command
        .args(["-n", &size.to_string(), "--oversubscribe"])
        .arg(tiam.get_program())
        .args(line.split_whitespace())
        .current_dir(bench.path(""))
        // Containers run as root, which Open MPI asks about.
        .env("OMPI_ALLOW_RUN_AS_ROOT", "1")
        .env("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1")
        .stdin(Stdio::null());
    command
}

fn run(bench: &Bench, size: usize, line: &str) -> Ran {
    let output = mpirun(bench, size, line).output().unwrap();
    Ran {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// Trains alone, and with 2, 3 and 4 processes, on one thread and on two.
fn is_the_same_in_any_number_of_processes(line: &str) {
    let bench = Bench::new();
    let line = format!("train --quiet {line}");
    bench.tiam(&format!("{line} --threads 1 --out alone")).ok();
    let alone = result(&bench, "alone");
    for (size, threads) in [(2, 1), (2, 2), (3, 1), (4, 1), (4, 2)] {
        let ran = run(
            &bench,
            size,
            &format!("{line} --threads {threads} --out shared"),
        )
        .ok();
        // The first speaks for all.
        assert_eq!(ran.stdout.matches("use it").count(), 1, "{}", ran.stdout);
        assert_eq!(
            result(&bench, "shared"),
            alone,
            "{line}: {size} x {threads}"
        );
    }
}

#[test]
fn batches_give_the_same_bits() {
    for precision in ["f32", "f64"] {
        // Batches of 480 samples are shared, the last ones' evaluation too.
        is_the_same_in_any_number_of_processes(&format!(
            "--batch-size 480 --epochs 3 --hidden 300,100 --precision {precision}"
        ));
    }
    is_the_same_in_any_number_of_processes("--epochs 30 --patience 2 --hidden 20");
    for rival in ["adam", "samt"] {
        is_the_same_in_any_number_of_processes(&format!(
            "--method {rival} --batch-size 480 --iterations 3 --hidden 300,100"
        ));
    }
}

#[test]
fn the_full_batch_gives_the_same_bits() {
    for method in [
        "tiam --precision f32",
        "tiam --precision f64",
        "am --solver gram",
        "tiam --solver cg",
        "adagrad",
    ] {
        is_the_same_in_any_number_of_processes(&format!(
            "--method {method} --iterations 12 --hidden 32,16"
        ));
    }
}

#[test]
fn local_steps_repeat_on_a_number_of_processes_and_another_goes_on() {
    let bench = Bench::new();
    let line = "train --quiet --hidden 20 --batch-size 100 --epochs 6 --local-steps 4";
    for (size, more) in [(3, ""), (2, "--send bf16")] {
        let train = |threads, out| {
            let line = format!("{line} {more} --threads {threads} --out {out}");
            run(&bench, size, &line).ok();
            result(&bench, out)
        };
        let whole = train(1, "whole");
        assert_eq!(train(2, "again"), whole, "{size}");
        // Cut short, and gone on with by as many.
        let cut = format!("{line} {more} --iterations 3 --checkpoint-every 1 --out cut");
        run(&bench, size, &cut).ok();
        let go_on = "train --quiet --resume cut --iterations 6";
        run(&bench, size, go_on).ok();
        assert_eq!(result(&bench, "cut"), whole, "{size}");
    }
    // Every process holds the averaged state, so that another number of them can go on, but not to the same bits.
    let cut = format!("{line} --iterations 3 --checkpoint-every 1 --out cut");
    let mut ends = Vec::new();
    for size in [3, 2, 1] {
        run(&bench, 3, &cut).ok();
        run(&bench, size, "train --quiet --resume cut --iterations 6").ok();
        ends.push(result(&bench, "cut"));
    }
    assert!(ends[0] != ends[1] && ends[1] != ends[2]);
}

/// The processes that `mpirun` has started, the first one first.
fn ranks(job: &Child) -> Vec<u32> {
    let id = job.id();
    let tasks = fs::read_dir(format!("/proc/{id}/task")).unwrap();
    let children =
        tasks.filter_map(|task| fs::read_to_string(task.unwrap().path().join("children")).ok());
    let mut ids: Vec<u32> = children
        .flat_map(|ids| {
            ids.split_whitespace()
                .map(|id| id.parse().unwrap())
                .collect::<Vec<_>>()
        })
        .collect();
    ids.sort_unstable();
    ids
}

/// What the job said, once it has ended in time.
fn ended(mut job: Child) -> (bool, String) {
    let asked = Instant::now();
    while job.try_wait().unwrap().is_none() {
        if asked.elapsed() > ENDS_WITHIN {
            job.kill().unwrap();
            panic!("the job goes on without one of its processes");
        }
        sleep(Duration::from_millis(50));
    }
    let output = job.wait_with_output().unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    (output.status.success(), text)
}

#[test]
fn a_killed_process_ends_all_and_another_number_of_them_goes_on() {
    for method in ["tiam --iterations", "stochastic --batch-size 480 --epochs"] {
        let bench = Bench::new();
        // More than it can do before it is killed.
        let line = format!("train --quiet --hidden 16 --method {method}");
        let mut start = mpirun(
            &bench,
            3,
            &format!("{line} 100000 --checkpoint-every 3 --out killed"),
        );
        let job = start
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let saved = || {
            let files = fs::read_dir(bench.path("killed/checkpoints"));
            files.is_ok_and(|files| {
                let names = files.filter_map(|file| file.unwrap().file_name().into_string().ok());
                names.filter(|name| name.starts_with("checkpoint-")).count() > 1
            })
        };
        while !saved() {
            sleep(Duration::from_millis(10));
        }
        let victim = ranks(&job)[1];
        let mut kill = Command::new("kill");
        let killed = kill.args(["-9", &victim.to_string()]).status().unwrap();
        assert!(killed.success());
        let (success, text) = ended(job);
        assert!(!success && text.contains("signal 9"), "{text}");
        // The newest has this many iterations; go on to some more.
        let files = fs::read_dir(bench.path("killed/checkpoints")).unwrap();
        let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
        let newest = names.filter_map(|name| {
            let number = name
                .strip_prefix("checkpoint-")?
                .strip_suffix(".safetensors")?;
            number.parse::<usize>().ok()
        });
        let enough = newest.max().unwrap() + 5;
        if method.starts_with("stochastic") {
            // Its step sizes are made for all epochs, so that a run of fewer is another: both are cut short.
            continue_and_compare(&bench, &format!("{line} 100000"), enough);
        } else {
            continue_and_compare(&bench, &format!("{line} {enough}"), enough);
        }
    }
}

/// Goes on in two processes, and compares with a run of one process that was never interrupted.
fn continue_and_compare(bench: &Bench, whole: &str, iterations: usize) {
    let limit = format!("--iterations {iterations}");
    run(
        bench,
        2,
        &format!("train --resume killed --quiet --checkpoint-every 1000 {limit}"),
    )
    .ok();
    let limit = match whole.contains("stochastic") {
        true => limit,
        false => String::new(),
    };
    bench.tiam(&format!("{whole} {limit} --out whole")).ok();
    assert_eq!(result(bench, "killed"), result(bench, "whole"));
}

#[test]
fn a_process_that_cannot_write_ends_all_with_its_cause() {
    let bench = Bench::new();
    bench.write("file", "");
    let line = "train --quiet --hidden 8 --method tiam --iterations 100000 --out file/out";
    let job = mpirun(&bench, 2, line).stderr(Stdio::piped()).spawn();
    let (success, text) = ended(job.unwrap());
    let causes = text.matches("error: file/out: cannot be created").count();
    assert!(!success && causes == 1, "{text}");
}

#[test]
fn what_processes_cannot_share_is_refused_with_its_reason() {
    let bench = Bench::new();
    bench.write("points.csv", &points(300, 1));
    let mut numbers = Numbers::new(1);
    let mut row = |kind| {
        let cells: Vec<String> = (0..60).map(|_| numbers.next().to_string()).collect();
        format!("{},{kind}\n", cells.join(","))
    };
    let names: Vec<String> = (0..60).map(|i| format!("x{i}")).collect();
    let rows: String = (0..30).map(|i| row(["ash", "birch"][i % 2])).collect();
    bench.write("wide.csv", &format!("{},kind\n{rows}", names.join(",")));
    for (line, reasons) in [
        (
            "train --data points.csv",
            ["--effort single", "one network"],
        ),
        ("train --method bcd", ["bcd", "shares out samples"]),
        (
            "train --method tiam --data wide.csv --label kind",
            ["--solver dual", "between samples"],
        ),
        ("cv --data points.csv", ["tiam cv", "one process"]),
        (
            "train --batch-size 1 --local-steps 2",
            ["batch-size", "every process"],
        ),
        (
            "train --method tiam --hidden 2000",
            ["2000", "number of samples"],
        ),
    ] {
        run(&bench, 2, line).fails(2, &reasons);
    }
}
