//! Several processes, here threads: their numbers go through channels.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};

use tiam_linalg::{Numbers, Reduction};

/// Numbers on their way, in double precision.
type Post = (Sender<Vec<f64>>, Mutex<Receiver<Vec<f64>>>);

/// One of several processes; `post[from][to]` is the way between two.
#[derive(Debug)]
pub(crate) struct Process {
    rank: usize,
    size: usize,
    post: Arc<Vec<Vec<Post>>>,
}

fn processes(size: usize) -> impl Iterator<Item = Process> {
    let way = |_| {
        let (sender, receiver) = channel();
        (sender, Mutex::new(receiver))
    };
    let post = Arc::new((0..size).map(|_| (0..size).map(way).collect()).collect());
    (0..size).map(move |rank| Process {
        rank,
        size,
        post: Arc::clone(&post),
    })
}

/// What `work` yields in each of so many processes.
pub(crate) fn in_processes<R: Send>(size: usize, work: impl Fn(Process) -> R + Sync) -> Vec<R> {
    std::thread::scope(|scope| {
        let work = &work;
        let started: Vec<_> = processes(size)
            .map(|process| scope.spawn(move || work(process)))
            .collect();
        started.into_iter().map(|all| all.join().unwrap()).collect()
    })
}

impl Reduction for Process {
    fn rank(&self) -> usize {
        self.rank
    }

    fn size(&self) -> usize {
        self.size
    }

    fn send(&self, to: usize, numbers: Numbers<'_>) {
        let sent = match numbers {
            Numbers::F32(x) => x.iter().map(|x| f64::from(*x)).collect(),
            Numbers::F64(x) => x.to_vec(),
            Numbers::Bf16(x) => x.iter().map(|x| f64::from(*x)).collect(),
        };
        self.post[self.rank][to].0.send(sent).unwrap();
    }

    fn receive(&self, from: usize, numbers: Numbers<'_>) {
        let found = self.post[from][self.rank].1.lock().unwrap().recv().unwrap();
        match numbers {
            Numbers::F32(x) => {
                assert_eq!(x.len(), found.len());
                x.iter_mut().zip(found).for_each(|(x, y)| *x = y as f32);
            }
            Numbers::F64(x) => x.copy_from_slice(&found),
            Numbers::Bf16(x) => {
                assert_eq!(x.len(), found.len());
                x.iter_mut().zip(found).for_each(|(x, y)| *x = y as u16);
            }
        }
    }

    fn broadcast(&self, root: usize, mut numbers: Numbers<'_>) {
        if self.rank != root {
            return self.receive(root, numbers);
        }
        for to in (0..self.size).filter(|to| *to != root) {
            let again = match &mut numbers {
                Numbers::F32(x) => Numbers::F32(x),
                Numbers::F64(x) => Numbers::F64(x),
                Numbers::Bf16(x) => Numbers::Bf16(x),
            };
            self.send(to, again);
        }
    }
}
