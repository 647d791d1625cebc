use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::time::{advance, sleep};

use super::*;

/// What the made-up identity provider does next.
#[derive(Debug, Clone, Copy)]
enum Mood {
    /// Answers at once with a token of this life.
    Issues(Duration),
    /// Answers only after this long, with a token of an hour.
    Slow(Duration),
    Hangs,
    Refuses,
}

const HOUR: Duration = Duration::from_hours(1);

#[derive(Debug, Clone)]
struct Provider {
    mood: Arc<Mutex<Mood>>,
    fetches: Arc<AtomicUsize>,
}

impl Provider {
    fn new(mood: Mood) -> Self {
        Self { mood: Arc::new(Mutex::new(mood)), fetches: Arc::default() }
    }

    fn turn(&self, mood: Mood) {
        *self.mood.lock().unwrap() = mood;
    }

    fn fetches(&self) -> usize {
        self.fetches.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl TokenSource for Provider {
    async fn fetch(&self) -> Result<AccessToken, TokenError> {
        let number = self.fetches.fetch_add(1, Ordering::SeqCst) + 1;
        let mood = *self.mood.lock().unwrap();
        let life = match mood {
            Mood::Issues(life) => life,
            Mood::Slow(delay) => {
                sleep(delay).await;
                HOUR
            }
            Mood::Hangs => std::future::pending().await,
            Mood::Refuses => return Err(TokenError::Refused("no such identity".to_owned())),
        };
        // The wall clock does not stand still with the paused one; an hour of slack hides that.
        Ok(AccessToken::new(format!("token {number}"), OffsetDateTime::now_utc() + life))
    }
}

async fn get(token: &FreshToken) -> Result<String, TokenError> {
    token.get().await.map(|token| token.secret().to_owned())
}

/// The token that is handed out without any waiting at all.
fn at_once(token: &FreshToken) -> String {
    let answer = token.get().now_or_never().expect("a kept token is handed out at once");
    answer.unwrap().secret().to_owned()
}

#[tokio::test(start_paused = true)]
async fn a_token_is_fetched_once_and_used_until_the_middle_of_its_life() {
    let provider = Provider::new(Mood::Issues(HOUR));
    let token = FreshToken::new(provider.clone());
    assert_eq!(get(&token).await.unwrap(), "token 1");
    advance(Duration::from_mins(29)).await;
    assert_eq!(at_once(&token), "token 1");
    assert_eq!(provider.fetches(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_next_token_is_fetched_in_the_background_while_the_old_one_is_used() {
    let provider = Provider::new(Mood::Issues(HOUR));
    let token = FreshToken::new(provider.clone());
    get(&token).await.unwrap();
    provider.turn(Mood::Slow(Duration::from_secs(3)));
    advance(HOUR / 2).await;
    for _ in 0..5 {
        assert_eq!(at_once(&token), "token 1");
        sleep(Duration::from_millis(500)).await;
    }
    assert_eq!(provider.fetches(), 2, "one fetch at a time");
    sleep(Duration::from_secs(1)).await;
    assert_eq!(at_once(&token), "token 2");
}

#[tokio::test(start_paused = true)]
async fn a_hung_endpoint_delays_nothing_while_the_kept_token_is_good() {
    let provider = Provider::new(Mood::Issues(HOUR));
    let token = FreshToken::new(provider.clone());
    get(&token).await.unwrap();
    provider.turn(Mood::Hangs);
    advance(HOUR / 2).await;
    let polls = 1700_u32;
    for _ in 0..polls {
        assert_eq!(at_once(&token), "token 1");
        sleep(Duration::from_secs(1)).await;
    }
    let fetches = provider.fetches();
    // One attempt takes its deadline and the pause after it: 15 s.
    assert!((100..=115).contains(&fetches), "{fetches} fetches in {polls} s");
    provider.turn(Mood::Issues(HOUR));
    // The fetch that hangs at this moment, and the pause after it.
    sleep(FETCH_DEADLINE + PAUSE).await;
    at_once(&token);
    tokio::task::yield_now().await;
    assert_ne!(at_once(&token), "token 1", "it recovers by itself");
}

#[tokio::test(start_paused = true)]
async fn without_a_good_token_callers_share_one_fetch_each_within_its_own_deadline() {
    let provider = Provider::new(Mood::Slow(Duration::from_secs(4)));
    let token = FreshToken::new(provider.clone());
    for _ in 0..3 {
        let impatient = tokio::time::timeout(Duration::from_secs(1), token.get()).await;
        assert!(impatient.is_err(), "the fetch takes longer than this caller waits");
    }
    let (one, other) = tokio::join!(get(&token), get(&token));
    assert_eq!((one.unwrap(), other.unwrap()), ("token 1".to_owned(), "token 1".to_owned()));
    assert_eq!(provider.fetches(), 1, "a caller that gives up does not end the fetch");
}

#[tokio::test(start_paused = true)]
async fn a_hung_first_fetch_ends_and_is_tried_again_after_a_pause() {
    let provider = Provider::new(Mood::Hangs);
    let token = FreshToken::new(provider.clone());
    let error = get(&token).await.unwrap_err();
    assert_eq!(error, TokenError::Unavailable("the identity provider gave no answer within 10s".to_owned()));
    provider.turn(Mood::Issues(HOUR));
    assert_eq!(get(&token).await.unwrap_err(), error, "the source rests");
    sleep(PAUSE).await;
    assert_eq!(get(&token).await.unwrap(), "token 2");
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_told_as_such() {
    let token = FreshToken::new(Provider::new(Mood::Refuses));
    assert_eq!(get(&token).await.unwrap_err(), TokenError::Refused("no such identity".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn a_token_that_is_over_is_not_used() {
    let provider = Provider::new(Mood::Issues(HOUR));
    let token = FreshToken::new(provider.clone());
    get(&token).await.unwrap();
    provider.turn(Mood::Hangs);
    advance(HOUR).await;
    let error = get(&token).await.unwrap_err();
    assert!(matches!(error, TokenError::Unavailable(_)), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_token_that_the_store_refused_is_replaced_and_used_until_then() {
    let provider = Provider::new(Mood::Issues(HOUR));
    let token = FreshToken::new(provider.clone());
    let first = token.get().await.unwrap();
    token.refused(&first);
    assert_eq!(at_once(&token), "token 1", "the source rests first");
    sleep(PAUSE).await;
    assert_eq!(at_once(&token), "token 1");
    tokio::task::yield_now().await;
    let second = token.get().await.unwrap();
    assert_eq!(second.secret(), "token 2");
    token.refused(&first);
    sleep(PAUSE).await;
    assert_eq!(at_once(&token), "token 2");
    tokio::task::yield_now().await;
    assert_eq!(provider.fetches(), 2, "a refusal of an older token is no news");
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_is_ahead_does_not_make_a_new_token_useless() {
    let provider = Provider::new(Mood::Issues(Duration::ZERO));
    let token = FreshToken::new(provider.clone());
    get(&token).await.unwrap();
    advance(LEAST_USE / 3).await;
    assert_eq!(at_once(&token), "token 1");
    assert_eq!(provider.fetches(), 1);
}

#[tokio::test(start_paused = true)]
async fn tokens_do_not_print() {
    let token = FreshToken::new(Provider::new(Mood::Issues(HOUR)));
    let secret = get(&token).await.unwrap();
    assert!(!format!("{token:?}").contains(&secret));
}
