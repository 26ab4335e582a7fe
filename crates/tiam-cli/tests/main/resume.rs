//! Runs that are killed, starved of disk or damaged, and go on.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use crate::common::{Bench, Numbers, Ran, points, result};

/// Kills by SIGKILL that must be survived, over all methods.
const KILLS: usize = 50;
const METHODS: [&str; 6] = [
    "stochastic --epochs 30",
    "stochastic --epochs 30 --patience 5",
    "tiam --iterations 40",
    "adam --iterations 40",
    "dladmm --iterations 40",
    "bcd --iterations 40",
];

fn checkpoints(bench: &Bench, out: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(bench.path(out).join("checkpoints")).unwrap();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

fn words(line: &str) -> Vec<&str> {
    line.split_whitespace().collect()
}

/// Starts the binary and kills it after this time; false where it had ended by itself.
fn killed_after(bench: &Bench, line: &str, wait: Duration) -> bool {
    let mut child = bench
        .command(&words(line))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    sleep(wait);
    let ended = child.try_wait().unwrap();
    child.kill().unwrap();
    let status = child.wait().unwrap();
    assert!(ended.is_none() || status.success(), "{line}: {status}");
    ended.is_none()
}

#[test]
fn a_run_killed_again_and_again_ends_as_one_that_was_not() {
    let bench = Bench::new();
    let (mut kills, mut round, mut moments) = (0, 0, Numbers::new(7));
    while kills < KILLS {
        let method = METHODS[round % METHODS.len()];
        let flags = format!("train --method {method} --hidden 12 --seed {round} --quiet");
        bench
            .tiam(&format!("{flags} --out whole --checkpoint-every off"))
            .ok();
        let mut line = format!("{flags} --out killed --checkpoint-every 1");
        // Ten kills a run at most, so that every method has its share.
        for _ in 0..10 {
            // Any moment, from before the first iteration to well within the run.
            let wait = Duration::from_secs_f64(0.02 + 0.15 * moments.next());
            if !killed_after(&bench, &line, wait) {
                break;
            }
            kills += 1;
            // Killed before its first checkpoint was whole, there is nothing to go on from.
            let saved = bench.path("killed/checkpoints").is_dir()
                && checkpoints(&bench, "killed")
                    .iter()
                    .any(|path| path.extension().is_some_and(|e| e == "safetensors"));
            if saved {
                line = "train --resume killed --quiet --checkpoint-every 1".to_owned();
            }
        }
        bench.tiam(&line).ok();
        assert_eq!(
            result(&bench, "killed"),
            result(&bench, "whole"),
            "{method} after {kills} kills"
        );
        fs::remove_dir_all(bench.path("killed")).unwrap();
        round += 1;
    }
}

#[test]
fn every_method_goes_on_with_the_bits_of_one_run() {
    let bench = Bench::new();
    let solvers = [
        "backtracking",
        "gram",
        "dual",
        "cholesky",
        "dual_cholesky",
        "cg",
    ]
    .map(|solver| format!("tiam --solver {solver} --test-fraction 0.97"));
    let others = [
        "am",
        "mdlam",
        "dladmm",
        "bcd",
        "gd",
        "sgd",
        "adagrad",
        "adadelta",
        "adam",
        "samt",
        "stochastic",
    ];
    for method in solvers.into_iter().chain(others.map(str::to_owned)) {
        let flags = format!("train --method {method} --hidden 8,5 --quiet --checkpoint-every 2");
        bench
            .tiam(&format!("{flags} --out whole --iterations 7"))
            .ok();
        bench
            .tiam(&format!("{flags} --out parts --iterations 3"))
            .ok();
        bench
            .tiam("train --resume parts --iterations 7 --quiet")
            .ok();
        assert_eq!(result(&bench, "parts"), result(&bench, "whole"), "{method}");
        fs::remove_dir_all(bench.path("parts")).unwrap();
        fs::remove_dir_all(bench.path("whole")).unwrap();
    }
}

fn train_twelve(bench: &Bench) -> Ran {
    bench
        .tiam(
            "train --method tiam --iterations 12 --hidden 8 --quiet --checkpoint-every 4 --out run",
        )
        .ok()
}

#[test]
fn a_damaged_checkpoint_is_passed_over_for_the_one_before() {
    let bench = Bench::new();
    train_twelve(&bench);
    let whole = result(&bench, "run");
    let files = checkpoints(&bench, "run");
    assert_eq!(files.len(), 2);
    let mut bytes = fs::read(&files[1]).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&files[1], &bytes).unwrap();
    let ran = bench
        .tiam("train --resume run --quiet --checkpoint-every 4")
        .ok();
    assert!(ran.stderr.contains("damaged"), "{}", ran.stderr);
    assert_eq!(result(&bench, "run"), whole);

    for path in checkpoints(&bench, "run") {
        fs::write(path, b"not a checkpoint").unwrap();
    }
    bench
        .tiam("train --resume run")
        .fails(2, &["holds no checkpoint that can be used"]);
}

#[test]
fn other_data_or_parameters_are_refused_by_name_and_limits_win() {
    let bench = Bench::new();
    train_twelve(&bench);
    let more = bench.tiam("train --resume run --iterations 15 --quiet --json --checkpoint-every 4");
    assert_eq!(more.ok().json()["iterations"], 15);
    let least = "train --resume run --rel-change 0.9 --quiet --json --checkpoint-every 4";
    assert_eq!(bench.tiam(least).ok().json()["stop_reason"], "rel_change");
    for (flags, named) in [
        ("--rho 0.5", "--rho was"),
        ("--seed 9", "--seed was 0 and is 9"),
        ("--hidden 9", "--hidden was [8] and is [9]"),
        ("--precision f64", "precision"),
    ] {
        bench
            .tiam(&format!("train --resume run {flags}"))
            .fails(2, &["is of another run", named]);
    }
    bench.write("points.csv", &points(60, 1));
    bench
        .tiam("train --data points.csv --iterations 3 --method tiam --quiet --checkpoint-every 1 --out table")
        .ok();
    let changed = bench.read("points.csv").replacen('1', "2", 1);
    bench.write("points.csv", &changed);
    bench
        .tiam("train --resume table --iterations 5")
        .fails(2, &["data differs"]);
}

#[test]
fn an_earlier_runs_checkpoints_are_kept_beside_and_a_finished_runs_are_not_left() {
    let bench = Bench::new();
    train_twelve(&bench);
    let ran = bench
        .tiam("train --iterations 2 --hidden 4 --quiet --out run")
        .ok();
    assert!(ran.stderr.contains("checkpoints.old"), "{}", ran.stderr);
    assert!(bench.path("run/checkpoints.old").is_dir());
    assert!(!bench.path("run/checkpoints").exists());
    // Nothing to go on with, but a model to start from.
    let further = "has ended; to train its network further: tiam train --from run/model.safetensors --out OTHER";
    bench.tiam("train --resume run").fails(2, &[further]);
    let from = "train --from run/model.safetensors --iterations 1 --quiet --out further";
    bench.tiam(from).ok();
    let over = "train --from run/model.safetensors --iterations 1 --quiet --out run";
    bench
        .tiam(over)
        .fails(2, &["would be written over", "--out"]);
    bench
        .tiam("train --resume run --out other")
        .fails(2, &["cannot be used with"]);
    bench
        .tiam("train --resume nowhere")
        .fails(2, &["nowhere holds no checkpoint", "that was interrupted?"]);
}

#[test]
fn two_processes_do_not_write_to_one_folder() {
    let bench = Bench::new();
    let mut first = bench
        .command(&words(
            "train --method tiam --iterations 100000000 --time-limit 60 --out run",
        ))
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // Training is under way, and the folder locked, once the start has been reported.
    let mut line = String::new();
    let mut stderr = BufReader::new(first.stderr.take().unwrap());
    stderr.read_line(&mut line).unwrap();
    let second = bench.tiam("train --iterations 1 --out run");
    first.kill().unwrap();
    first.wait().unwrap();
    second.fails(2, &["another tiam is writing to run"]);
    bench.tiam("train --iterations 1 --quiet --out run").ok();
}

/// Unmounts when the test ends.
struct Mounted(PathBuf);

impl Drop for Mounted {
    fn drop(&mut self) {
        Command::new("umount").arg(&self.0).status().ok();
    }
}

fn small_disk(at: &Path) -> Option<Mounted> {
    fs::create_dir_all(at).unwrap();
    let mount = Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=1500k", "tmpfs"])
        .arg(at)
        .stderr(Stdio::null())
        .status();
    mount
        .is_ok_and(|s| s.success())
        .then(|| Mounted(at.to_owned()))
}

#[test]
fn a_disk_that_fills_up_leaves_the_checkpoint_before_valid() {
    let bench = Bench::new();
    let Some(_disk) = small_disk(&bench.path("disk")) else {
        eprintln!("skipped: a small file system cannot be mounted here (root is needed)");
        return;
    };
    let flags = "train --method tiam --hidden 20 --quiet";
    bench
        .tiam(&format!(
            "{flags} --iterations 9 --out whole --checkpoint-every off"
        ))
        .ok();
    bench
        .tiam(&format!(
            "{flags} --iterations 4 --out disk/run --checkpoint-every 4"
        ))
        .ok();
    // What is left of the disk is taken, but for the little that model and trace need.
    let taken: Vec<u8> = vec![1; 4096];
    let mut filler = fs::File::create(bench.path("disk/filler")).unwrap();
    while std::io::Write::write_all(&mut filler, &taken).is_ok() {}
    let length = filler.metadata().unwrap().len();
    filler.set_len(length.saturating_sub(200_000)).unwrap();
    let ran = bench.tiam("train --resume disk/run --iterations 8 --quiet --checkpoint-every 2");
    assert!(
        ran.stderr.contains("not saved, training goes on"),
        "{}",
        ran.stderr
    );
    let files = checkpoints(&bench, "disk/run");
    assert!(
        files[0]
            .to_string_lossy()
            .ends_with("000000004.safetensors"),
        "{files:?}"
    );
    drop(filler);
    fs::remove_file(bench.path("disk/filler")).unwrap();
    bench
        .tiam("train --resume disk/run --iterations 9 --quiet --checkpoint-every 4")
        .ok();
    assert_eq!(result(&bench, "disk/run"), result(&bench, "whole"));
}
