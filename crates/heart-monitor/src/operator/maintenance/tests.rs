//! Maintenance on and off, and what becomes of takeovers that were under way.

use std::sync::Arc;

use failover_policy::{MaintenanceFinding, OwnershipRecord, Span, Timing};
use flatline_shell::{Clock, Exit};
use heartbeat_store::{Fault, Operation};

use super::{Desk, Order};
use crate::operator::args::{MaintenanceAction, MaintenanceArgs};
use crate::operator::console::Consent;
use crate::operator::console::notebook::Notebook;
use crate::operator::testing::{ACTIVE, SECOND, World, pending, releasing};

struct Run {
    exit: Exit,
    console: Notebook,
}

async fn carry_out(world: &World, order: Order) -> Run {
    let desk = Desk {
        store: world.store(),
        clock: Arc::new(world.clock.clone()),
        timing: Timing::default(),
        by: "operator:desk.1.0".to_owned(),
    };
    let mut console = Notebook::answering(Consent::NobodyToAsk);
    let exit = desk.run(&order, &mut console).await.unwrap();
    Run { exit, console }
}

fn on() -> Order {
    Order::On { duration: Span::from_secs(7200), reason: "new nodes".to_owned() }
}

async fn finding(world: &World) -> MaintenanceFinding {
    let stored = world.store().read_maintenance().await.unwrap();
    MaintenanceFinding::judge(stored.as_deref(), world.clock.now().wall)
}

#[tokio::test(start_paused = true)]
async fn maintenance_is_switched_on_shown_prolonged_and_switched_off() {
    let world = World::new();
    world.plant(&World::record("a", ACTIVE));
    let mut said = String::new();
    for (order, is_on, revision) in [
        (Order::Show, false, 7),
        (Order::Off, false, 7),
        (on(), true, 8),
        (Order::Show, true, 8),
        (on(), true, 9),
        (Order::Off, false, 9),
        (Order::Off, false, 9),
    ] {
        let run = carry_out(&world, order).await;
        assert_eq!(run.exit, Exit::Done, "{:?}", run.console);
        said += &run.console.plain();
        assert_eq!(matches!(finding(&world).await, MaintenanceFinding::On(_)), is_on, "{said}");
        let record = world.stored();
        assert_eq!(record.revision, revision, "{said}");
        assert_eq!(record, OwnershipRecord { revision, by: record.by.clone(), ..World::record("a", ACTIVE) });
        tokio::time::sleep(60 * SECOND).await;
    }
    insta::assert_snapshot!("on_and_off", said);
    carry_out(&world, on()).await;
    tokio::time::sleep(7200 * SECOND).await;
    assert_eq!(finding(&world).await, MaintenanceFinding::Off, "it ends by itself");
}

#[tokio::test(start_paused = true)]
async fn what_was_under_way_is_reported() {
    let mut said = String::new();
    for record in
        [World::record("a", ACTIVE), World::record("b", pending("a")), World::record("a", releasing("b", 0))]
    {
        let world = World::new();
        world.plant(&record);
        let run = carry_out(&world, on()).await;
        assert_eq!((run.exit, world.stored().revision), (Exit::Done, 8));
        said += &run.console.plain();
    }
    let empty = World::new();
    said += &carry_out(&empty, on()).await.console.plain();
    assert!(empty.stored_bytes().is_none(), "no record is invented");
    let newer = World::new();
    newer.plant_bytes(br#"{"version":2}"#);
    said += &carry_out(&newer, on()).await.console.plain();
    insta::assert_snapshot!("under_way", said);
}

#[tokio::test(start_paused = true)]
async fn a_takeover_that_ends_meanwhile_costs_a_swap_and_is_reported() {
    let world = World::new();
    world.plant(&World::record("b", pending("a")));
    world.memory.break_with(&[Operation::Swap], Fault::Delay(SECOND / 2));
    let takeover = async {
        // Between the read of the record and the swap that renews it.
        tokio::time::sleep(SECOND * 3 / 4).await;
        world.plant(&OwnershipRecord { revision: 8, term: 4, ..World::record("b", ACTIVE) });
    };
    let (run, ()) = tokio::join!(carry_out(&world, on()), takeover);
    assert_eq!((run.exit, world.stored().revision), (Exit::Done, 9), "{:?}", run.console);
    let told = run.console.plain();
    assert!(told.contains("the work changed hands meanwhile: cluster b owns the work: term 4"), "{told}");
}

#[tokio::test(start_paused = true)]
async fn a_malformed_record_counts_as_on_and_is_replaced() {
    let world = World::new();
    world.memory.plant_maintenance(b"on, please");
    let run = carry_out(&world, Order::Show).await;
    assert!(run.console.plain().starts_with("maintenance counts as on"), "{:?}", run.console);
    assert_eq!(carry_out(&world, Order::Off).await.exit, Exit::Done);
    assert_eq!(finding(&world).await, MaintenanceFinding::Off);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_is_away_ends_it_with_2_and_says_whether_it_may_be_on() {
    let world = World::new();
    world.plant(&World::record("a", ACTIVE));
    world.memory.break_with(&[Operation::Swap], Fault::Unreachable);
    let run = carry_out(&world, on()).await;
    assert_eq!(run.exit, Exit::CannotTell);
    assert!(run.console.complaints[0].starts_with("maintenance may or may not be on: "), "{:?}", run.console);
    world.memory.break_with(&Operation::ALL, Fault::Unreachable);
    for order in [on(), Order::Off, Order::Show] {
        let run = carry_out(&world, order).await;
        assert_eq!(run.exit, Exit::CannotTell);
        assert!(run.console.complaints[0].ends_with("nothing was changed"), "{:?}", run.console);
    }
}

#[test]
fn on_needs_a_time_and_a_reason_and_the_others_neither() {
    use MaintenanceAction::{Off, On, Status};
    let long = "x".repeat(513);
    let table: [(MaintenanceAction, u64, &str, Result<(), &str>); 8] = [
        (On, 7200, "new nodes", Ok(())),
        (On, 0, "new nodes", Err("no time at all")),
        (On, 7200, " ", Err("one line")),
        (On, 7200, "two\nlines", Err("one line")),
        (On, 7200, &long, Err("one line")),
        (Off, 7200, "new nodes", Err("alone")),
        (Status, 7200, "new nodes", Err("alone")),
        (On, 7200, "", Err("one line")),
    ];
    for (action, seconds, reason, expected) in table {
        let args = arguments(action, Some(Span::from_secs(seconds)), Some(reason));
        let checked = Order::check(&args).map(drop).map_err(|error| error.to_string());
        match expected {
            Ok(()) => assert_eq!(checked, Ok(()), "{reason:?}"),
            Err(word) => assert!(checked.unwrap_err().contains(word), "{action:?} {reason:?}"),
        }
    }
    assert_eq!(Order::check(&arguments(Off, None, None)), Ok(Order::Off));
    assert_eq!(Order::check(&arguments(Status, None, None)), Ok(Order::Show));
}

fn arguments(action: MaintenanceAction, duration: Option<Span>, reason: Option<&str>) -> MaintenanceArgs {
    use crate::cli::{Cli, Command};
    let words = ["heart-monitor", "maintenance"].map(std::ffi::OsString::from);
    let Command::Maintenance(args) = flatline_shell::cli::parse::<Cli>(words, "wait").unwrap().command else {
        panic!("maintenance was asked for")
    };
    MaintenanceArgs { action, duration, reason: reason.map(str::to_owned), ..args }
}
