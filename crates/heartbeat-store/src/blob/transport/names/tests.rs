use std::collections::VecDeque;

use super::*;

/// How long one question takes, and what comes of it.
pub(in super::super) type Reply = (u64, Result<Vec<IpAddr>, &'static str>);

/// Answers each family's questions in order, each after its time, and counts them; hangs when it has no more.
#[derive(Debug, Clone, Default)]
pub(in super::super) struct Scripted {
    v4: Arc<Mutex<VecDeque<Reply>>>,
    v6: Arc<Mutex<VecDeque<Reply>>>,
    asked: Arc<Mutex<usize>>,
}

impl Scripted {
    pub(in super::super) fn new(
        v4: impl IntoIterator<Item = Reply>,
        v6: impl IntoIterator<Item = Reply>,
    ) -> Self {
        let queue = |replies: Vec<Reply>| Arc::new(Mutex::new(VecDeque::from(replies)));
        Self {
            v4: queue(v4.into_iter().collect()),
            v6: queue(v6.into_iter().collect()),
            asked: Arc::default(),
        }
    }
}

#[async_trait]
impl Resolver for Scripted {
    async fn ask(&self, _: &str, family: Family) -> Result<Vec<IpAddr>, String> {
        *self.asked.lock().unwrap() += 1;
        let queue = if family == Family::V4 { &self.v4 } else { &self.v6 };
        let reply = queue.lock().unwrap().pop_front();
        let Some((millis, answer)) = reply else { return std::future::pending().await };
        tokio::time::sleep(Duration::from_millis(millis)).await;
        answer.map_err(str::to_owned)
    }
}

pub(in super::super) fn ips(texts: &[&str]) -> Vec<IpAddr> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

const HOST: &str = "acc.blob.core.windows.net";

#[tokio::test(start_paused = true)]
async fn the_first_family_is_not_kept_waiting_for_the_other() {
    type Row = (&'static str, Vec<Reply>, Vec<Reply>, &'static [&'static str], u64);
    let table: [Row; 6] = [
        (
            "both at once",
            vec![(20, Ok(ips(&["1.1.1.1", "1.1.1.2"])))],
            vec![(20, Ok(ips(&["::1"])))],
            &["1.1.1.1", "::1", "1.1.1.2"],
            20,
        ),
        ("no IPv6", vec![(20, Ok(ips(&["1.1.1.1"])))], vec![(30, Ok(vec![]))], &["1.1.1.1"], 30),
        ("a dropped AAAA", vec![(20, Ok(ips(&["1.1.1.1"])))], vec![], &["1.1.1.1"], 70),
        ("a dropped A", vec![], vec![(20, Ok(ips(&["::1"])))], &["::1"], 70),
        ("a failing AAAA", vec![(200, Ok(ips(&["1.1.1.1"])))], vec![(5, Err("SERVFAIL"))], &["1.1.1.1"], 200),
        ("slow", vec![(1200, Ok(ips(&["1.1.1.1"])))], vec![(1200, Ok(vec![]))], &["1.1.1.1"], 1200),
    ];
    for (why, v4, v6, expected, millis) in table {
        let names = Names::new(Scripted::new(v4, v6));
        let started = Instant::now();
        assert_eq!(names.addresses(HOST).await, Ok(ips(expected)), "{why}");
        assert_eq!(started.elapsed().as_millis(), u128::from(millis), "{why}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_question_outlives_whoever_gave_up_on_it() {
    let resolver = Scripted::new([(1200, Ok(ips(&["1.1.1.1"])))], [(1200, Ok(vec![]))]);
    let names = Names::new(resolver.clone());
    for _ in 0..2 {
        let hurried = tokio::time::timeout(Duration::from_secs(1), names.addresses(HOST)).await;
        if hurried.is_ok() {
            assert_eq!(*resolver.asked.lock().unwrap(), 2, "each family was asked once");
            return;
        }
    }
    panic!("an answer within 1.2 s was not there after 2 s");
}

#[tokio::test(start_paused = true)]
async fn addresses_are_remembered_while_the_dns_is_away_and_replaced_when_it_is_back() {
    let kept = || ips(&["1.1.1.1"]);
    let resolver = Scripted::new(
        [(10, Ok(kept())), (10, Err("SERVFAIL")), (10, Ok(vec![])), (5000, Ok(ips(&["2.2.2.2"])))],
        [(10, Ok(vec![])), (10, Err("SERVFAIL")), (10, Ok(vec![])), (5000, Ok(vec![]))],
    );
    let names = Names::new(resolver.clone());
    assert_eq!(names.addresses(HOST).await, Ok(kept()));
    assert_eq!(names.addresses(HOST).await, Ok(kept()));
    assert_eq!(*resolver.asked.lock().unwrap(), 2, "a fresh answer is not asked for again");
    for outage in ["an error", "no such name, as a broken DNS also says"] {
        tokio::time::sleep(FRESH).await;
        assert_eq!(names.addresses(HOST).await, Ok(kept()), "{outage}");
    }
    tokio::time::sleep(FRESH).await;
    let started = Instant::now();
    assert_eq!(names.addresses(HOST).await, Ok(kept()), "a DNS that hangs");
    assert_eq!(started.elapsed(), RATHER_NEW);
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(names.addresses(HOST).await, Ok(ips(&["2.2.2.2"])), "the late answer counts");
}

#[tokio::test(start_paused = true)]
async fn doubted_addresses_are_asked_for_anew() {
    let resolver = Scripted::new(
        [(10, Ok(ips(&["1.1.1.1"]))), (10, Ok(ips(&["2.2.2.2"])))],
        [(10, Ok(vec![])), (10, Ok(vec![]))],
    );
    let names = Names::new(resolver);
    assert_eq!(names.addresses(HOST).await, Ok(ips(&["1.1.1.1"])));
    names.doubt(HOST);
    assert_eq!(names.addresses(HOST).await, Ok(ips(&["2.2.2.2"])));
}

#[tokio::test(start_paused = true)]
async fn a_name_without_any_address_is_told_apart_from_a_dns_that_fails() {
    let table = [
        (Ok(vec![]), Ok(vec![]), "there is no host of that name"),
        (Err("SERVFAIL"), Ok(vec![]), "SERVFAIL"),
        (Ok(vec![]), Err("REFUSED"), "REFUSED"),
    ];
    for (v4, v6, expected) in table {
        let names = Names::new(Scripted::new([(1, v4)], [(2, v6)]));
        assert_eq!(names.addresses(HOST).await, Err(expected.to_owned()));
    }
}

#[tokio::test]
async fn the_system_knows_this_machine_and_addresses_need_no_looking_up() {
    let names = Names::new(System);
    let local = names.addresses("localhost").await.unwrap();
    assert!(local.iter().all(IpAddr::is_loopback), "{local:?}");
    assert_eq!(names.addresses("[::1]").await, Ok(ips(&["::1"])));
    assert_eq!(names.addresses("127.0.0.9").await, Ok(ips(&["127.0.0.9"])));
    assert!(names.addresses("no-such-host.invalid").await.is_err());
}
