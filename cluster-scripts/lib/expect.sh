# shellcheck shell=bash disable=SC2034
# What drills have in common of what must come out.

# Nothing has happened: the owner works, and the standby does not find its heart flat.
readonly QUIET='owner.word == "works" and standby.word == "stands by" and
  (standby | all(.states[]; .watching == null or .watching.verdict != "flatlined"))'

# The work has changed hands.
readonly MOVED='owner.word == "stands by" and standby.word == "works"'

# How long a takeover may take, beyond the threshold, in seconds: the last beat before the drill acted or shortly after it,
# the store's answers, the time between two samples; with a gate also the start of the pod's containers.
readonly SLACK=20

# expect_takeover: the owner stops, then the standby works. An owner that only says nothing has not stopped for certain.
expect_takeover() {
  wait_until "$((THRESHOLD + SLACK))" 'owner.word == "stands by"' "${OWNER} no longer works"
  wait_until "$((THRESHOLD + SLACK))" 'standby.word == "works"' "${STANDBY} works"
}
