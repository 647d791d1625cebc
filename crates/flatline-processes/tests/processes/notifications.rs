//! Commands that tell somebody.

use std::time::{Duration, Instant};

use crate::scene::{Scene, dies, runs, until};

#[test]
fn events_are_told_one_at_a_time_in_their_order_with_what_is_known() {
    let scene = Scene::new();
    let on = |mark: &str| {
        format!(
            r#"sh -c 'echo "begin {mark} $FLATLINE_EVENT $FLATLINE_CLUSTER $FLATLINE_OWNER $FLATLINE_TERM \
            ${{FLATLINE_PREVIOUS-unset}} $FLATLINE_REASON" >> $HERE/log; sleep 0.05; echo end >> $HERE/log'"#
        )
        .replace("\\\n            ", "")
    };
    let (active, fault) = (on("A"), on("F"));
    let words = ["notify", "--on-active", &active, "--on-fault", &fault];
    let mut guard = scene.guard(&[&words[..], &["fault", "active", "standby", "fault"]].concat());
    assert!(guard.ends().success(), "{}", guard.log());
    let expected = [
        "begin F fault b b 1 unset reason 1",
        "end",
        "begin A active b b 2 unset reason 2",
        "end",
        "begin F fault b b 4 unset reason 4",
        "end",
    ];
    assert_eq!(scene.mark("log"), expected);
    assert_eq!(guard.log().matches("told").count(), 3, "{}", guard.log());
}

#[test]
fn what_a_command_prints_is_logged_cut_and_escaped_and_its_failure_is_named() {
    let scene = Scene::new();
    let script =
        r#"sh -c 'printf "plain\nsig=PLANTED&x=y\n\033[31mred\n"; echo err >&2; seq 1 100000; exit 3'"#;
    let mut guard = scene.guard(&["notify", "--on-active", script, "active"]);
    assert!(guard.ends().success());
    let log = guard.log();
    for part in ["plain", "sig=REDACTED", r"u{1b}[31mred", "err", "99954", "exit code 3"] {
        assert!(log.contains(part), "{part}: {log}");
    }
    assert!(!log.contains("PLANTED") && !log.contains('\x1b'), "{log}");
    assert_eq!(log.matches("a notification said").count(), 51, "fifty lines and a count of the rest: {log}");
}

#[test]
fn a_command_that_hangs_is_ended_after_its_deadline_and_the_next_is_told() {
    let scene = Scene::new();
    let hangs = r#"sh -c 'trap "" TERM; echo $$ > $HERE/hangs; sleep 1000 & wait; sleep 1000'"#;
    let next = "sh -c 'echo told > $HERE/next'";
    let started = Instant::now();
    let words = ["notify", "--on-fault", hangs, "--on-active", next, "--finish", "30s", "fault", "active"];
    let mut guard = scene.guard(&words);
    let hanging = scene.pid("hangs");
    assert_eq!(scene.mark("next"), ["told"]);
    assert!(!runs(hanging));
    assert!(started.elapsed() >= Duration::from_secs(11), "ten seconds and the grace");
    assert!(guard.ends().success());
    assert!(guard.log().contains("signal 9"), "{}", guard.log());
}

#[test]
fn a_program_that_leaves_waits_for_its_last_words_no_longer_than_it_says() {
    let scene = Scene::new();
    let hangs = "sh -c 'sleep 1000 & echo $! > $HERE/inner; echo $$ > $HERE/hangs; wait'";
    let words = ["notify", "--on-fault", hangs, "--finish", "600ms", "fault", "fault"];
    let mut guard = scene.guard(&words);
    guard.says("told");
    let (hanging, inner) = (scene.pid("hangs"), scene.pid("inner"));
    assert!(guard.ends().success());
    dies("the command that was cut short", hanging);
    dies("what it started", inner);
    assert!(guard.log().contains(r#""untold":2"#), "{}", guard.log());
}

#[test]
fn a_stray_that_keeps_the_pipe_open_holds_nobody_up() {
    let scene = Scene::new();
    let leaves = "sh -c '(setsid sh -c \"echo \\$\\$ > $HERE/stray; exec sleep 1000\" &)
                  until test -s $HERE/stray; do sleep 0.01; done; echo left'";
    let mut guard = scene.guard(&["notify", "--on-fault", leaves, "fault"]);
    let stray = scene.pid("stray");
    assert!(guard.ends().success());
    let log = guard.log();
    assert!(log.contains("left") && log.contains("told") && !log.contains("leaving before"), "{log}");
    // It left its process group and its parent; what it was started for has ended well.
    if runs(stray) {
        rustix::process::kill_process(stray, rustix::process::Signal::KILL).unwrap();
    }
}

#[test]
fn what_a_notification_leaves_in_its_group_ends_with_it() {
    let scene = Scene::new();
    let leaves = "sh -c 'sleep 1000 & echo $! > $HERE/left'";
    let mut guard = scene.guard(&["notify", "--on-fault", leaves, "fault"]);
    assert!(guard.ends().success());
    dies("what was left", scene.pid("left"));
}

#[test]
fn a_command_that_is_not_there_is_refused_at_the_start() {
    let scene = Scene::new();
    let mut guard = scene.guard(&["notify", "--on-active", "/absent/tell 'it is'"]);
    assert_eq!(guard.ends().code(), Some(2));
    let log = guard.log();
    assert!(log.contains("--on-active: cannot start '/absent/tell'") && log.lines().count() == 1, "{log}");
}

#[test]
fn a_notification_dies_with_a_program_that_is_killed() {
    let scene = Scene::new();
    let hangs = "sh -c 'echo $$ > $HERE/hangs; exec sleep 1000'";
    let mut guard = scene.guard(&["notify", "--on-fault", hangs, "fault"]);
    let hanging = scene.pid("hangs");
    until("the command to run", || runs(hanging).then_some(()));
    guard.signal(rustix::process::Signal::KILL);
    assert!(!guard.ends().success());
    dies("the notification of a killed program", hanging);
}
