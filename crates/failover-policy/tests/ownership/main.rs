//! Who may run, sentence by sentence: gate, guard and handover on virtual time, each against a made-up store, with the
//! defaults `T` 10 s, `p` 1 s, `T − p` 9 s, `K` 2 s, `L` 6.982 s and beats every 2 s.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot tell its story must fail")]

mod bench;
mod claim_rules;
mod gate_rules;
mod guard_rules;
mod handover_rules;
mod rival_rules;
mod schedule_rules;
mod slew_rules;
mod slow_store_rules;
mod takeover_rules;
