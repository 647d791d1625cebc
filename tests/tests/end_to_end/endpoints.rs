//! `--listen`: the endpoints of a running writer and of a blocked gate.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result};
use flatline_tests::{Answer, FolderStore, Program, TestStore, free_port, get, optional_tool, until};

use crate::{SOON, all_stay, beacon, beats, gate, hasty};

/// Waits for the process to listen, then asks.
fn ask(port: u16, path: &str) -> Result<Answer> {
    until(&format!("port {port} to listen"), SOON, || get(port, "/livez").ok())?;
    get(port, path)
}

/// Waits for a status, since readiness follows the first beat or look.
fn answers(port: u16, path: &str, status: u16) -> Result<Answer> {
    let what = format!("{path} to answer {status}");
    until(&what, SOON, || get(port, path).ok().filter(|answer| answer.status == status))
}

#[test]
fn a_writer_is_alive_and_ready_and_counts_its_beats() -> Result<()> {
    let (store, port) = (FolderStore::new()?, free_port()?);
    let listening =
        beacon(&store, "a")?.args(["--that-cluster", "b", "--listen", &format!("127.0.0.1:{port}")]);
    let _writer = listening.start()?;
    assert_eq!(ask(port, "/livez")?.status, 200);
    answers(port, "/readyz", 200)?;
    let state: serde_json::Value = serde_json::from_str(&get(port, "/state")?.body)?;
    assert!(state["heart_beat_count"].as_u64().is_some_and(|count| count > 0), "{state}");
    check_metrics(&get(port, "/metrics")?)?;
    assert_eq!(get(port, "/nothing-here")?.status, 404);
    Ok(())
}

#[test]
fn a_writer_without_a_store_is_alive_and_not_ready() -> Result<()> {
    let (store, port) = (FolderStore::missing()?, free_port()?);
    let _writer = beacon(&store, "a")?.args(["--listen", &format!("127.0.0.1:{port}")]).start()?;
    assert_eq!(ask(port, "/livez")?.status, 200);
    answers(port, "/readyz", 503)?;
    std::fs::create_dir(store.path())?;
    answers(port, "/readyz", 200)?;
    Ok(())
}

#[test]
fn a_blocked_gate_tells_its_state_and_counts_its_reads() -> Result<()> {
    let (store, port) = (FolderStore::new()?, free_port()?);
    let _writer = beacon(&store, "a")?.start()?;
    beats(&store, "a")?;
    let _gate = gate(&store)?.args(["--listen", &format!("127.0.0.1:{port}")]).start()?;
    assert_eq!(ask(port, "/livez")?.status, 200);
    answers(port, "/readyz", 200)?;
    let state: serde_json::Value = serde_json::from_str(&get(port, "/state")?.body)?;
    assert!(state.is_object(), "{state}");
    check_metrics(&get(port, "/metrics")?)
}

/// The text format by its grammar, and by Prometheus's own checker where that is installed.
fn check_metrics(answer: &Answer) -> Result<()> {
    assert_eq!(answer.status, 200);
    assert!(answer.body.ends_with("# EOF\n"), "{}", answer.body);
    for line in answer.body.lines().filter(|line| !line.starts_with('#')) {
        let (series, value) = line.rsplit_once(' ').with_context(|| format!("no value in '{line}'"))?;
        let name = series.split('{').next().unwrap_or_default();
        assert!(name.starts_with("heart"), "a metric of ours says so in its name: {line}");
        assert!(name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'), "{line}");
        value.parse::<f64>().with_context(|| format!("no number in '{line}'"))?;
    }
    promtool(&answer.body)
}

fn promtool(metrics: &str) -> Result<()> {
    let Some(program) = optional_tool("promtool") else {
        eprintln!("skipped: promtool is not installed, so metrics are checked by their grammar alone");
        return Ok(());
    };
    let mut command = Command::new(program);
    let mut promtool =
        command.args(["check", "metrics"]).stdin(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let mut stdin = promtool.stdin.take().context("promtool takes its input")?;
    std::io::Write::write_all(&mut stdin, in_the_older_format(metrics).as_bytes())?;
    drop(stdin);
    let output = promtool.wait_with_output()?;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}

/// promtool reads the format before `OpenMetrics`, in which families bear the name of their series and there is
/// neither an end mark nor a type for information.
fn in_the_older_format(metrics: &str) -> String {
    let types = metrics.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' '));
    let suffixes: BTreeMap<_, _> = types
        .filter_map(|(family, kind)| match kind {
            "counter" => Some((family, "_total")),
            "info" => Some((family, "_info")),
            _ => None,
        })
        .collect();
    let mut text = String::new();
    for line in metrics.lines().filter(|line| *line != "# EOF") {
        let words: Vec<_> = line.splitn(4, ' ').collect();
        match words.as_slice() {
            ["#", keyword, family, rest] if suffixes.contains_key(family) => {
                let rest = if (*keyword, *rest) == ("TYPE", "info") { "gauge" } else { rest };
                text.push_str(&format!("# {keyword} {family}{} {rest}\n", suffixes[family]));
            }
            _ => text.push_str(&format!("{line}\n")),
        }
    }
    text
}

#[test]
fn a_client_that_says_nothing_does_not_keep_others_from_an_answer() -> Result<()> {
    let (store, port) = (FolderStore::new()?, free_port()?);
    let _writer = beacon(&store, "a")?.args(["--listen", &format!("127.0.0.1:{port}")]).start()?;
    ask(port, "/livez")?;
    let silent: Vec<_> =
        (0..40).map(|_| std::net::TcpStream::connect(("127.0.0.1", port))).collect::<Result<_, _>>()?;
    std::thread::sleep(Duration::from_millis(100));
    until("an answer beside forty silent clients", SOON, || get(port, "/livez").ok())?;
    drop(silent);
    Ok(())
}

/// Every program that listens goes on while its address is taken, says so, and answers there once it is free.
#[test]
fn a_taken_address_stops_no_heart_no_gate_and_no_workload_and_is_answered_once_it_is_free() -> Result<()> {
    let store = FolderStore::new()?;
    let [of_beacon, of_gate, of_guard] = [taken()?, taken()?, taken()?];
    let listening = |program: Program, (_, address): &Taken| program.args(["--listen", address]);
    let mut beacon = listening(beacon(&store, "a")?, &of_beacon).start()?;
    beats(&store, "a")?;
    let mut gate = listening(gate(&store)?, &of_gate).start()?;
    let guard = hasty(store.joined_by(Program::monitor()?.arg("run")).args(["--stop-grace", "200ms"]));
    let guard = listening(guard.args(["--this-cluster", "a", "--that-cluster", "b"]), &of_guard);
    let mut guard = guard.args(["--", "sleep", "60"]).start()?;
    guard.line_with("workload started", SOON)?;
    all_stay([&mut beacon, &mut gate, &mut guard], Duration::from_millis(100))?;
    for ((listener, address), program) in
        [(of_beacon, &mut beacon), (of_gate, &mut gate), (of_guard, &mut guard)]
    {
        let told = program.line_with("cannot listen", SOON)?.text;
        assert!(told.contains(&address) && told.contains("/livez"), "{told}");
        drop(listener);
        program.line_with("the address is free", SOON)?;
        let port = address.rsplit(':').next().context("a port")?.parse()?;
        assert_eq!(get(port, "/livez")?.status, 200, "{address}");
        let lines = program.lines();
        let told = lines.iter().filter(|line| line.text.contains("cannot listen")).count();
        assert_eq!(told, 1, "once, not with every try: {lines:?}");
    }
    Ok(())
}

type Taken = (TcpListener, String);

/// An address that somebody else listens on.
fn taken() -> Result<Taken> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?.to_string();
    Ok((listener, address))
}
