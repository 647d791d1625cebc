//! Running, signalling, stopping, and leaving nothing behind.

use std::process::Command;

use rustix::process::{Pid, Signal, kill_process};

use crate::scene::{Scene, children, dies, guard_program, runs, state, until};

/// Sleeps for ever, whatever it is asked.
const STUBBORN: &str = "trap '' TERM INT HUP; echo $$ > $HERE/stubborn; while :; do sleep 1000; done";

#[test]
fn the_end_of_the_workload_is_passed_on() {
    let table =
        [("exit 0", 0), ("exit 7", 7), ("exit 255", 255), ("kill -9 $$", 137), ("kill -TERM $$", 143)];
    for (script, code) in table {
        let mut guard = Scene::new().guard(&["pass", "--", "sh", "-c", script]);
        assert_eq!(guard.ends().code(), Some(code), "{script}");
    }
}

#[test]
fn the_activation_key_stays_with_the_guard() {
    let scene = Scene::new();
    let script = "test -z \"$ACTIVATION_KEY\" && test \"$OTHER\" = other";
    let mut command = Command::new(guard_program());
    command.env("ACTIVATION_KEY", "correcthorse1").env("OTHER", "other");
    let mut guard = scene.start(command.args(["pass", "--", "sh", "-c", script]));
    assert_eq!(guard.ends().code(), Some(0));
}

#[test]
fn signals_are_passed_on_to_the_whole_group() {
    let table = ["HUP", "INT", "QUIT", "TERM", "USR1", "USR2", "WINCH", "ALRM", "PWR"];
    for signal in table {
        let scene = Scene::new();
        let trap = format!("trap 'echo {signal} > $HERE/got-$0; exit 3' {signal}");
        let waits = "echo ready > $HERE/ready-$0; while :; do sleep 0.02; done";
        let script = format!("sh -c \"$SCRIPT\" inner & {trap}; {waits}");
        let mut command = Command::new(guard_program());
        command.env("SCRIPT", format!("{trap}; {waits}"));
        let mut guard = scene.start(command.args(["pass", "--", "sh", "-c", &script, "outer"]));
        scene.mark("ready-inner");
        scene.mark("ready-outer");
        assert!(
            Command::new("kill")
                .args([format!("-{signal}"), guard.pid().as_raw_nonzero().to_string()])
                .status()
                .unwrap()
                .success()
        );
        assert_eq!(guard.ends().code(), Some(3), "{signal}");
        assert_eq!(scene.mark("got-outer"), [signal]);
    }
}

#[test]
fn a_workload_that_ends_when_asked_is_not_killed() {
    let scene = Scene::new();
    let script =
        "trap 'echo bye > $HERE/bye; exit 5' TERM; echo r > $HERE/ready; while :; do sleep 0.02; done";
    let guard = scene.guard(&["stop", "--", "sh", "-c", script]);
    scene.mark("ready");
    guard.signal(Signal::ALARM);
    assert_eq!(guard.says("cleared after "), "exit code 5");
    assert_eq!(scene.mark("bye"), ["bye"]);
}

#[test]
fn a_workload_that_does_not_listen_is_killed_after_the_grace_and_its_group_with_it() {
    let scene = Scene::new();
    let script =
        format!("(trap '' TERM; echo r > $HERE/inner; exec sleep 1000) & echo $! > $HERE/pid; {STUBBORN}");
    let guard = scene.guard(&["stop", "--grace", "100ms", "--", "sh", "-c", &script]);
    let (inner, outer) = (scene.pid("pid"), scene.pid("stubborn"));
    scene.mark("inner");
    guard.signal(Signal::ALARM);
    assert_eq!(guard.says("cleared after "), "signal 9");
    assert!(!runs(inner) && !runs(outer));
    assert_eq!(children(guard.pid()), "");
}

#[test]
fn a_workload_that_ends_leaves_nothing_of_its_group_running() {
    let scene = Scene::new();
    let script = "(trap '' TERM; exec sleep 1000) & echo $! > $HERE/pid; exit 4";
    let mut guard = scene.guard(&["pass", "--", "sh", "-c", script]);
    assert_eq!(guard.ends().code(), Some(4));
    assert!(!runs(scene.pid("pid")));
}

#[test]
fn what_left_the_group_and_what_it_started_is_ended_too() {
    let scene = Scene::new();
    let deep = "trap '' TERM HUP
                (setsid sh -c 'trap \"\" TERM; sleep 1000 & echo $! > $HERE/grandchild; echo $$ > $HERE/child; wait') &
                wait";
    let mut command = Command::new(guard_program());
    let script = "setsid sh -c \"$DEEP\" & echo r > $HERE/r; exec sleep 1000";
    let guard =
        scene.start(command.env("DEEP", deep).args(["stop", "--grace", "50ms", "--", "sh", "-c", script]));
    let (child, grandchild) = (scene.pid("child"), scene.pid("grandchild"));
    assert!(runs(child) && runs(grandchild));
    guard.signal(Signal::ALARM);
    guard.says("cleared after ");
    assert!(!runs(child) && !runs(grandchild), "they were in sessions of their own");
    assert_eq!(children(guard.pid()), "");
}

#[test]
fn a_stopped_workload_gets_to_see_that_it_is_asked_to_end() {
    let scene = Scene::new();
    let script = "trap 'exit 6' TERM; echo $$ > $HERE/pid; while :; do sleep 0.02; done";
    let guard = scene.guard(&["stop", "--", "sh", "-c", script]);
    let workload = scene.pid("pid");
    kill_process(workload, Signal::STOP).unwrap();
    stands_still(workload);
    guard.signal(Signal::ALARM);
    assert_eq!(guard.says("cleared after "), "exit code 6");
}

#[test]
fn a_stopped_workload_that_does_not_listen_is_killed() {
    let scene = Scene::new();
    let guard = scene.guard(&["stop", "--grace", "50ms", "--", "sh", "-c", STUBBORN]);
    let workload = scene.pid("stubborn");
    kill_process(workload, Signal::STOP).unwrap();
    stands_still(workload);
    guard.signal(Signal::ALARM);
    assert_eq!(guard.says("cleared after "), "signal 9");
    assert!(!runs(workload));
}

#[test]
fn a_thawed_guard_does_not_thaw_its_workload() {
    let scene = Scene::new();
    let guard = scene.guard(&["stop", "--grace", "50ms", "--", "sh", "-c", STUBBORN]);
    let workload = scene.pid("stubborn");
    kill_process(workload, Signal::STOP).unwrap();
    stands_still(workload);
    guard.signal(Signal::STOP);
    stands_still(guard.pid());
    guard.signal(Signal::CONT);
    guard.signal(Signal::USR1);
    until("the guard to run on", || (state(guard.pid()) == Some('S')).then_some(()));
    assert_eq!(state(workload), Some('T'));
}

#[test]
fn orphans_are_collected_while_the_workload_runs() {
    let scene = Scene::new();
    let script =
        "(setsid sh -c 'echo $$ > $HERE/orphan; read x < $HERE/go' &); echo r > $HERE/r; exec sleep 1000";
    assert!(Command::new("mkfifo").arg(scene.path("go")).status().unwrap().success());
    let guard = scene.guard(&["pass", "--", "sh", "-c", script]);
    let orphan = scene.pid("orphan");
    let number = orphan.as_raw_nonzero().to_string();
    let adopted = || children(guard.pid()).split(' ').any(|child| child == number).then_some(());
    until("the guard to adopt the orphan", adopted);
    assert!(runs(orphan), "an orphan of a running workload is left in peace");
    std::fs::write(scene.path("go"), "go\n").unwrap();
    until("the orphan to be collected", || state(orphan).is_none().then_some(()));
    assert!(runs(guard.workload()));
}

#[test]
fn children_that_a_script_had_before_it_became_the_guard_are_not_the_workloads() {
    let scene = Scene::new();
    let script = format!(
        "(trap '' TERM; exec sleep 1000) & echo $! > $HERE/sidecar; exec {} stop --grace 50ms -- sleep 1000",
        guard_program()
    );
    let mut guard = scene.start(Command::new("sh").args(["-c", &script]));
    let workload = guard.workload();
    guard.signal(Signal::ALARM);
    assert_eq!(guard.says("cleared after "), "signal 15");
    assert!(!runs(workload));
    let sidecar = scene.pid("sidecar");
    assert!(runs(sidecar));
    kill_process(sidecar, Signal::KILL).unwrap();
    until("the sidecar to be collected", || state(sidecar).is_none().then_some(()));
    guard.signal(Signal::TERM);
    assert_eq!(guard.ends().code(), Some(143));
}

#[test]
fn a_guard_does_not_stop_for_the_terminal() {
    let scene = Scene::new();
    let guard = scene.guard(&["stop", "--", "sleep", "1000"]);
    let workload = guard.workload();
    guard.signal(Signal::TSTP);
    guard.signal(Signal::ALARM);
    assert_eq!(guard.says("cleared after "), "signal 15");
    dies("the workload", workload);
}

#[test]
fn a_hangup_that_was_to_be_ignored_stays_so() {
    for (disposition, ignored) in [("''", 1), ("-", 0)] {
        let scene = Scene::new();
        let script = format!("trap {disposition} HUP; exec {} stop -- sleep 1000", guard_program());
        let guard = scene.start(Command::new("sh").args(["-c", &script]));
        // It says so with its handlers installed.
        let processes = [guard.workload(), guard.pid()];
        for pid in processes {
            assert_eq!(ignored_signals(pid) & 1, ignored, "SIGHUP is signal 1, the lowest bit");
        }
    }
}

/// The mask of the signals that a process ignores (proc(5)).
fn ignored_signals(pid: Pid) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", pid.as_raw_nonzero())).unwrap();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:\t")).unwrap();
    u64::from_str_radix(mask, 16).unwrap()
}

/// Waits for a process that was stopped to stand still.
fn stands_still(pid: Pid) {
    until("a process to stand still", || (state(pid) == Some('T')).then_some(()));
}
