//! `POST /activate`: how a person who may reach only the monitor's port has this cluster take the work over.
//!
//! The [`ActivationDesk`] belongs to the endpoints: it checks the key and hands over what is asked for. The
//! [`Activations`] belong to the program, which carries each [`ActivationRequest`] out, or refuses it, and answers
//! with an [`ActivationOutcome`]. What this module does not do: it decides nothing about ownership.
//!
//! The right key gets through a flood of wrong ones, so wrong ones can be tried as fast as the network carries
//! them: what protects is the key's length. The delay only slows down who tries by hand.

mod desk;
mod key;
#[cfg(test)]
mod tests;
mod visit;
mod wrong_keys;

pub use desk::{ActivationDesk, ActivationOutcome, ActivationRequest, Activations};
pub use key::ActivationKey;
pub use wrong_keys::RefusedActivations;

pub(crate) use desk::{ANSWER_DEADLINE, Reply};
pub(crate) use visit::Visit;
pub(crate) use wrong_keys::DELAY;
