//! What a command finds when it starts, and when it cannot.

use std::process::Command;

use rustix::process::Signal;

use crate::scene::{Scene, dies, runs};

#[test]
fn the_workload_gets_the_term_and_the_guards_own_environment() {
    let scene = Scene::new();
    let script = r#"echo "$FLATLINE_TERM $FLATLINE_OWNER $HERE" > $HERE/env"#;
    assert!(scene.guard(&["pass", "--", "sh", "-c", script]).ends().success());
    assert_eq!(scene.mark("env"), [format!("7 b {}", scene.path("").display()).trim_end_matches('/')]);
}

#[test]
fn the_workload_leads_a_group_of_its_own_and_finds_its_signals_as_without_a_guard() {
    let scene = Scene::new();
    let signals = "grep -E '^Sig(Blk|Ign|Cgt)' /proc/self/status";
    let script = format!("{signals} > $HERE/signals; echo $$ $(cut -d' ' -f5 /proc/$$/stat) > $HERE/group");
    assert!(scene.guard(&["pass", "--", "sh", "-c", &script]).ends().success());
    let unguarded = Command::new("sh").args(["-c", signals]).output().unwrap();
    assert_eq!(scene.mark("signals").join("\n") + "\n", String::from_utf8(unguarded.stdout).unwrap());
    let group = scene.mark("group");
    let (pid, group) = group[0].split_once(' ').unwrap();
    assert_eq!(pid, group);
}

#[test]
fn a_command_that_cannot_be_started_ends_as_in_a_shell_with_one_clear_line() {
    let table = [
        ("no-such-program", 127, "cannot start 'no-such-program': there is no such program"),
        ("/etc/passwd", 126, "cannot start '/etc/passwd': Permission denied"),
        ("/", 126, "cannot start '/': Permission denied"),
    ];
    for (program, code, part) in table {
        let scene = Scene::new();
        let mut guard = scene.guard(&["pass", "--", program]);
        assert_eq!(guard.ends().code(), Some(code), "{program}");
        let log = guard.log();
        assert!(log.lines().count() == 1 && log.contains(part), "{program}: {log}");
    }
}

#[test]
fn the_workload_dies_with_a_guard_that_is_killed() {
    let scene = Scene::new();
    let script = "trap '' TERM HUP INT; echo $$ > $HERE/pid; exec sleep 1000";
    let mut guard = scene.guard(&["pass", "--", "sh", "-c", script]);
    let workload = scene.pid("pid");
    assert!(runs(workload) && workload == guard.workload());
    guard.signal(Signal::KILL);
    assert!(!guard.ends().success());
    dies("the workload of a killed guard", workload);
}

#[test]
fn a_leash_that_finds_another_parent_starts_nothing() {
    let scene = Scene::new();
    let mut orphan = scene.guard(&["__leash", "1", "sh", "-c", "echo ran > $HERE/ran"]);
    assert_eq!(orphan.ends().code(), Some(137));
    assert!(!scene.path("ran").exists());
    let mut nonsense = scene.guard(&["__leash", "x"]);
    assert_eq!(nonsense.ends().code(), Some(2));
}
