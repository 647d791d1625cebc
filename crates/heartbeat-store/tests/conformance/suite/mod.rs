//! What every back end must do. A back end's own file sets up an empty store (its [`Planter`]) and runs the
//! cases of `stamp_cases!` and `record_cases!` on it, each case on a store of its own.
//!
//! A place that cannot swap runs `stamp_cases!` and [`refusal`] instead of `record_cases!`.

pub(crate) mod answers;
pub(crate) mod maintenance;
pub(crate) mod planter;
pub(crate) mod races;
pub(crate) mod records;
pub(crate) mod refusal;
pub(crate) mod stamps;

pub(crate) use planter::{NOW, OddDetails, Planter, after, beat, cluster, stamp, store};

/// Hands every case about stamps, details, clusters and maintenance to a macro that takes `module::case, …`.
macro_rules! stamp_cases {
    ($run:ident) => {
        $run! {
            stamps::a_stamp_comes_back_as_it_was_written,
            stamps::the_stored_bytes_are_those_of_the_classic_writer,
            stamps::a_stamp_as_the_classic_writer_leaves_it_is_read,
            stamps::a_shorter_or_longer_stamp_replaces_the_one_before_it,
            stamps::bytes_that_are_no_stamp_are_malformed_until_the_next_beat,
            stamps::a_cluster_that_never_beat_is_not_found,
            stamps::a_missing_store_is_named_and_never_created,
            stamps::details_come_back_as_they_were_written,
            stamps::details_that_cannot_be_understood_are_none_and_harm_nothing,
            stamps::the_list_of_clusters_holds_those_with_a_stamp_and_nothing_else,
            maintenance::maintenance_is_none_until_it_is_written_and_the_last_one_wins,
            maintenance::odd_bytes_in_maintenance_are_returned_and_an_over_long_body_is_malformed,
            maintenance::maintenance_is_apart_from_stamps_and_records,
            maintenance::maintenance_in_a_missing_store_is_refused_and_creates_nothing,
        }
    };
}

/// Hands every case about records to a macro that takes `module::case, …`.
macro_rules! record_cases {
    ($run:ident) => {
        $run! {
            records::a_record_is_none_until_it_is_created,
            records::a_record_is_created_once,
            records::a_swap_replaces_exactly_the_state_that_it_names,
            records::a_swap_of_what_was_never_created_conflicts,
            records::a_record_of_a_missing_store_is_refused_and_creates_nothing,
            records::odd_bytes_in_a_record_are_returned_and_can_be_replaced,
            records::an_over_long_record_is_malformed_and_never_written,
            records::a_revision_that_is_not_above_the_one_before_it_is_refused,
            records::a_jump_ahead_is_built_upon_like_any_other_state,
            records::a_touched_record_is_as_it_was_and_can_be_changed_all_the_same,
            records::a_touch_of_a_record_that_is_not_there_yet_creates_nothing,
            records::a_probe_is_removed_without_a_trace_and_touches_nothing_else,
            races::exactly_one_of_sixteen_claimants_creates_a_record,
            races::exactly_one_of_sixteen_claimants_swaps_a_record,
            races::no_increment_is_lost_among_claimants_that_try_again,
            races::a_jump_among_claimants_never_wins_beside_another,
            answers::a_lost_answer_to_a_winning_write_is_settled_as_won,
            answers::a_conflict_with_ones_own_winning_write_is_settled_as_won,
            answers::a_write_that_got_no_answer_and_did_not_land_is_ambiguous,
            answers::a_lost_answer_to_a_losing_write_is_not_taken_for_a_win,
        }
    };
}

pub(crate) use {record_cases, stamp_cases};
