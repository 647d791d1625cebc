//! The desk and the program's end together, on paused time, without a network.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};

use super::desk::MAX_WAITING;
use super::wrong_keys::MAX_DELAYED;
use super::*;
use crate::Environment;

const KEY: &str = "PLANTEDopen5esame";

fn open_desk() -> (ActivationDesk, Activations) {
    let environment = Environment::from_iter([(ActivationKey::VARIABLE, KEY)]);
    let key = ActivationKey::from_environment(&environment).unwrap();
    assert!(key.is_some());
    ActivationDesk::new(key)
}

fn client() -> SocketAddr {
    "192.0.2.7:4000".parse().unwrap()
}

fn visit() -> (Visit, watch::Sender<()>) {
    Visit::new(client())
}

/// Sends a request that stays connected until it is answered, and how long that took.
fn send(desk: &Arc<ActivationDesk>, sent: Option<&'static str>) -> JoinHandle<(Reply, Duration)> {
    let desk = Arc::clone(desk);
    tokio::spawn(async move {
        let ((visit, _open), start) = (visit(), Instant::now());
        let reply = desk.serve(sent.map(str::as_bytes), visit).await;
        (reply, start.elapsed())
    })
}

fn activated() -> ActivationOutcome {
    let cluster = |id: &str| id.parse().unwrap();
    ActivationOutcome::Activated { cluster: cluster("b"), term: 4, previous: Some(cluster("a")) }
}

/// Answers every request with the same outcome.
fn program(mut activations: Activations, outcome: ActivationOutcome) {
    tokio::spawn(async move {
        loop {
            activations.next().await.answer(outcome.clone()).await;
        }
    });
}

/// Lets everything run that needs no time.
async fn settle() {
    tokio::time::sleep(Duration::from_nanos(1)).await;
}

#[tokio::test(start_paused = true)]
async fn the_right_key_gets_the_answer_of_the_program_at_once() {
    let refused = ActivationOutcome::Refused("cluster b owns already, with term 4".to_owned());
    let unavailable = ActivationOutcome::Unavailable("the store is away".to_owned());
    for outcome in [activated(), refused, unavailable] {
        let (desk, activations) = open_desk();
        program(activations, outcome.clone());
        let (reply, took) = send(&Arc::new(desk), Some(KEY)).await.unwrap();
        assert_eq!((reply, took), (Reply::Outcome(outcome), Duration::ZERO));
    }
}

#[tokio::test(start_paused = true)]
async fn a_wrong_or_missing_key_is_counted_answered_late_and_never_reaches_the_program() {
    let (desk, mut activations) = open_desk();
    let (refused, desk) = (desk.refused(), Arc::new(desk));
    for (count, sent) in (1..).zip([None, Some(""), Some("PLANTEDopen5esam"), Some("PLANTEDopen5esamE")]) {
        assert_eq!(send(&desk, sent).await.unwrap(), (Reply::WrongKey, DELAY), "{sent:?}");
        assert_eq!(refused.total(), count);
    }
    assert!(timeout(DELAY, activations.next()).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn without_a_key_activation_is_off_whatever_is_sent() {
    let (desk, mut activations) = ActivationDesk::new(None);
    let (refused, desk) = (desk.refused(), Arc::new(desk));
    for sent in [None, Some(""), Some(KEY)] {
        assert_eq!(send(&desk, sent).await.unwrap(), (Reply::Off, Duration::ZERO), "{sent:?}");
    }
    assert_eq!(refused.total(), 0, "nobody guesses where there is nothing to guess");
    assert!(timeout(DELAY, activations.next()).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_flood_of_wrong_keys_is_bounded_and_holds_up_neither_its_own_end_nor_the_right_key() {
    let (desk, activations) = open_desk();
    let desk = Arc::new(desk);
    program(activations, activated());
    let flood: Vec<_> = (0..100).map(|_| send(&desk, Some("wrongwrong"))).collect();
    settle().await;
    let (reply, took) = send(&desk, Some(KEY)).await.unwrap();
    assert_eq!((reply, took), (Reply::Outcome(activated()), Duration::ZERO), "in the middle of the flood");
    let mut late = 0;
    for one in flood {
        match one.await.unwrap() {
            (Reply::WrongKey, DELAY) => late += 1,
            (reply, took) => assert_eq!((reply, took), (Reply::TooManyWrongKeys, Duration::ZERO)),
        }
    }
    assert_eq!((late, desk.refused().total()), (MAX_DELAYED, 100));
    assert_eq!(send(&desk, None).await.unwrap(), (Reply::WrongKey, DELAY), "places are given back");
}

#[tokio::test(start_paused = true)]
async fn whoever_hangs_up_while_being_held_back_gives_the_place_back() {
    let (desk, _activations) = open_desk();
    let desk = Arc::new(desk);
    for _ in 0..3 * MAX_DELAYED {
        let hasty = send(&desk, None);
        settle().await;
        hasty.abort();
        settle().await;
    }
    assert_eq!(send(&desk, None).await.unwrap(), (Reply::WrongKey, DELAY));
}

#[tokio::test(start_paused = true)]
async fn a_program_that_is_slow_busy_or_gone_says_so_within_the_deadline() {
    let reason = |reply: Reply| match reply {
        Reply::Outcome(ActivationOutcome::Unavailable(reason)) => reason,
        other => panic!("{other:?}"),
    };
    let (desk, mut activations) = open_desk();
    let desk = Arc::new(desk);
    let waiting: Vec<_> = (0..MAX_WAITING).map(|_| send(&desk, Some(KEY))).collect();
    settle().await;
    let (reply, took) = send(&desk, Some(KEY)).await.unwrap();
    assert_eq!(took, Duration::ZERO);
    assert!(reason(reply).contains("other activations are waiting"), "busy");
    let begun = activations.next().await;
    for one in waiting {
        let (reply, took) = one.await.unwrap();
        assert!(took <= ANSWER_DEADLINE + Duration::from_millis(1), "{took:?}");
        assert!(reason(reply).starts_with("no answer within 4s: "), "slow");
    }
    assert!(begun.is_withdrawn());
    begun.answer(activated()).await;
    assert!(timeout(DELAY, activations.next()).await.is_err(), "what nobody waits for is not carried out");

    let dropping = send(&desk, Some(KEY));
    drop(activations.next().await);
    assert!(reason(dropping.await.unwrap().0).contains("did not carry it out"), "dropped");
    drop(activations);
    assert!(reason(send(&desk, Some(KEY)).await.unwrap().0).contains("no activation any more"), "gone");
}

#[tokio::test(start_paused = true)]
async fn an_answer_returns_when_it_is_delivered_and_waits_for_no_slow_client() {
    for (stays, most) in [(100, 100), (1000, 250)] {
        let (desk, mut activations) = open_desk();
        tokio::spawn(async move {
            let (visit, _open) = visit();
            assert_eq!(desk.serve(Some(KEY.as_bytes()), visit).await, Reply::Outcome(activated()));
            tokio::time::sleep(Duration::from_millis(stays)).await;
        });
        let request = activations.next().await;
        assert_eq!((request.from(), request.is_withdrawn()), (client(), false));
        let start = Instant::now();
        request.answer(activated()).await;
        let took = u64::try_from(start.elapsed().as_millis()).unwrap();
        assert!((most..most + 3).contains(&took), "{took} ms");
    }
}

/// Collects what is logged, at every level.
#[derive(Clone, Default)]
struct Page(Arc<Mutex<Vec<u8>>>);

impl Page {
    /// Collects until both are dropped. Beside a single subscriber, tracing would let a thread of another test that
    /// has none switch a line off for all; so there is a second one.
    fn start(&self) -> (tracing::subscriber::DefaultGuard, tracing::Dispatch) {
        let page = self.clone();
        let lines = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_ansi(false);
        let lines = tracing::Dispatch::new(lines.with_writer(move || page.clone()).finish());
        let second = tracing::Dispatch::new(tracing_subscriber::registry());
        (tracing::dispatcher::set_default(&lines), second)
    }

    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Page {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(line)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn a_flood_of_wrong_keys_makes_at_most_a_line_a_second_and_no_line_holds_a_key() {
    let page = Page::default();
    let _logging = page.start();
    let (desk, activations) = open_desk();
    let desk = Arc::new(desk);
    program(activations, activated());
    for _ in 0..4 {
        let flood: Vec<_> = (0..50).map(|_| send(&desk, Some("PLANTEDwrong"))).collect();
        for one in flood {
            one.await.unwrap();
        }
    }
    send(&desk, Some(KEY)).await.unwrap();
    let text = page.text();
    let warnings: Vec<_> = text.lines().filter(|line| line.contains("WARN")).collect();
    assert_eq!(warnings.len(), 4, "{text}");
    assert!(warnings[0].contains("since_last_line=1 total=1"), "{}", warnings[0]);
    assert!(warnings[3].contains("from=192.0.2.7:4000 since_last_line=50 total=151"), "{}", warnings[3]);
    assert!(text.contains("INFO") && text.contains("activation asked for"), "{text}");
    assert!(!text.contains("PLANTED"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn nothing_prints_a_key() {
    let (desk, mut activations) = open_desk();
    let printed = format!("{desk:?} {:?} {activations:?}", desk.refused());
    let desk = Arc::new(desk);
    let asking = send(&desk, Some(KEY));
    let request = activations.next().await;
    let printed = format!("{printed} {desk:?} {request:?}");
    request.answer(activated()).await;
    let printed = format!("{printed} {:?}", asking.await.unwrap());
    assert!(printed.contains("ActivationDesk") && !printed.contains("PLANTED"), "{printed}");
}
