//! What happened in a step: for counting, for people, and for finding out what could have gone wrong.

use std::fmt::Arguments;

use super::slip::Slip;

/// Something that a run can come to; a model in which one of them never happens proves little.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Happening {
    /// A claim became ownership.
    Takeover,
    /// A claim that another process had left behind became ownership.
    ClaimTakenUp,
    /// A claimant gave its claim back.
    GivenBack,
    /// The cluster that was claimed against took its work back.
    Contested,
    /// An operator's handover began.
    Released,
    /// It was completed by the operator.
    HandedOver,
    /// It was completed by the successor's gate.
    CompletedByGate,
    /// It was called off by anybody.
    CalledOff,
    /// A swap was lost to somebody else.
    SwapLost,
    /// A guard that had thawed killed its workload at once.
    KilledLate,
}

impl Happening {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Takeover,
        Self::ClaimTakenUp,
        Self::GivenBack,
        Self::Contested,
        Self::Released,
        Self::HandedOver,
        Self::CompletedByGate,
        Self::CalledOff,
        Self::SwapLost,
        Self::KilledLate,
    ];
}

/// Takes down what happens.
#[derive(Debug, Default)]
pub(crate) struct Journal {
    /// Lines for people, where somebody wants to read them.
    lines: Option<Vec<String>>,
    /// Everything that could have gone wrong, where somebody wants to know.
    slips: Option<Vec<Slip>>,
    happenings: Vec<Happening>,
}

impl Journal {
    pub(crate) fn for_people() -> Self {
        Self { lines: Some(vec![]), ..Self::default() }
    }

    pub(crate) fn for_slips() -> Self {
        Self { slips: Some(vec![]), ..Self::default() }
    }

    pub(crate) fn line(&mut self, line: Arguments) {
        if let Some(lines) = &mut self.lines {
            lines.push(line.to_string());
        }
    }

    pub(crate) fn could_slip(&mut self, slips: impl FnOnce() -> Vec<Slip>) {
        if let Some(known) = &mut self.slips {
            known.extend(slips());
        }
    }

    pub(crate) fn note(&mut self, happening: Happening) {
        self.happenings.push(happening);
    }

    pub(crate) fn happenings(&self) -> &[Happening] {
        &self.happenings
    }

    pub(crate) fn into_lines(self) -> Vec<String> {
        self.lines.unwrap_or_default()
    }

    pub(crate) fn into_slips(self) -> Vec<Slip> {
        self.slips.unwrap_or_default()
    }
}
