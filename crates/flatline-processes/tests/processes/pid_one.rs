//! The guard as process 1, in a PID namespace of its own.

use std::process::Command;

use rustix::process::Signal;

use crate::scene::{Guard, Scene, children, dies, guard_program, runs, until};

/// A guard that is process 1; `None`, with a line that says so, where the machine does not allow that.
fn first_process(scene: &Scene, words: &[&str]) -> Option<Guard> {
    let ways: [&[&str]; 2] = [&[], &["--map-root-user"]];
    let unshare = |way: &[&str]| {
        let mut command = Command::new("unshare");
        command.args(way).args(["--pid", "--fork", "--mount-proc", "--kill-child"]);
        command
    };
    let allowed =
        |way: &&&[&str]| unshare(way).arg("true").output().is_ok_and(|output| output.status.success());
    let Some(way) = ways.iter().find(allowed) else {
        println!("skipped: no PID namespace may be made here, so nothing ran as process 1");
        return None;
    };
    Some(scene.start(unshare(way).arg(guard_program()).args(words)))
}

/// The number of process 1 out here: `unshare` starts it and waits.
fn from_outside(guard: &Guard) -> rustix::process::Pid {
    until("unshare to start the guard", || {
        rustix::process::Pid::from_raw(children(guard.pid()).trim().parse().ok()?)
    })
}

#[test]
fn process_1_passes_a_signal_and_the_code_on() {
    let scene = Scene::new();
    let script = "trap 'exit 9' TERM; echo $$ $PPID > $HERE/pids; while :; do sleep 0.02; done";
    let Some(mut guard) = first_process(&scene, &["pass", "--", "sh", "-c", script]) else { return };
    assert!(scene.mark("pids")[0].ends_with(" 1"), "its parent is process 1");
    rustix::process::kill_process(from_outside(&guard), Signal::TERM).unwrap();
    assert_eq!(guard.ends().code(), Some(9));
}

#[test]
fn process_1_collects_what_is_left_to_it_and_clears_it_away() {
    let scene = Scene::new();
    let script = "(setsid sh -c 'echo r > $HERE/brief' &)
                  (setsid sh -c 'trap \"\" TERM; echo $$ > $HERE/daemon; exec sleep 1000' &)
                  echo r > $HERE/r; exec sleep 1000";
    let Some(guard) = first_process(&scene, &["stop", "--grace", "50ms", "--", "sh", "-c", script]) else {
        return;
    };
    let init = from_outside(&guard);
    scene.mark("brief");
    scene.mark("daemon");
    let count = || children(init).split_whitespace().count();
    until("the brief orphan to be collected", || (count() == 2).then_some(()));
    rustix::process::kill_process(init, Signal::ALARM).unwrap();
    guard.says("cleared after ");
    assert_eq!(count(), 0);
}

#[test]
fn everything_dies_with_process_1() {
    let scene = Scene::new();
    let script = "setsid sleep 1000 & echo r > $HERE/r; exec sleep 1001";
    let Some(mut guard) = first_process(&scene, &["pass", "--", "sh", "-c", script]) else { return };
    scene.mark("r");
    let init = from_outside(&guard);
    let inside: Vec<_> = until("both processes to be there", || {
        let first = children(init);
        let second = children(rustix::process::Pid::from_raw(first.trim().parse().ok()?)?);
        let numbers = [first.trim().parse().ok()?, second.trim().parse().ok()?];
        numbers.into_iter().map(rustix::process::Pid::from_raw).collect()
    });
    assert!(inside.iter().all(|pid| runs(*pid)));
    rustix::process::kill_process(init, Signal::KILL).unwrap();
    assert!(!guard.ends().success());
    for pid in inside {
        dies("a process of the namespace", pid);
    }
}
