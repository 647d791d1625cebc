# shellcheck shell=bash
# Ranges of IPv4 addresses, such as 10.10.0.0/16.

# cidr_bounds RANGE: prints its first and its last address as numbers; fails where it is not a range, or not written with
# its first address.
cidr_bounds() {
  local octet='(0|[1-9][0-9]{0,2})'
  [[ "$1" =~ ^${octet}\.${octet}\.${octet}\.${octet}/([0-9]|[12][0-9]|3[0-2])$ ]] || return 1
  local first=0 i
  for i in 1 2 3 4; do
    ((BASH_REMATCH[i] <= 255)) || return 1
    first=$((first << 8 | BASH_REMATCH[i]))
  done
  local size=$((1 << (32 - BASH_REMATCH[5])))
  ((first % size == 0)) || return 1
  printf '%d %d\n' "${first}" "$((first + size - 1))"
}

# Whether two ranges have an address in common.
cidr_overlap() {
  local first_a last_a first_b last_b bounds
  bounds=$(cidr_bounds "$1") && read -r first_a last_a <<<"${bounds}"
  bounds=$(cidr_bounds "$2") && read -r first_b last_b <<<"${bounds}"
  ((first_a <= last_b && first_b <= last_a))
}

# cidr_within INNER OUTER: whether a range is a part of another.
cidr_within() {
  local first_a last_a first_b last_b bounds
  bounds=$(cidr_bounds "$1") && read -r first_a last_a <<<"${bounds}"
  bounds=$(cidr_bounds "$2") && read -r first_b last_b <<<"${bounds}"
  ((first_a >= first_b && last_a <= last_b))
}

# cidr_address RANGE N: prints its N-th address, counted from 0.
cidr_address() {
  local bounds first _last
  bounds=$(cidr_bounds "$1")
  read -r first _last <<<"${bounds}"
  local n=$((first + $2))
  printf '%d.%d.%d.%d\n' "$((n >> 24 & 255))" "$((n >> 16 & 255))" "$((n >> 8 & 255))" "$((n & 255))"
}
