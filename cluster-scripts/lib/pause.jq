# The shortest pause between the end of the work on one side and its start on the other, in seconds; negative where the two
# overlapped. Work that began before the drill has no start in the logs, and work that goes on has no end.
def spans:
  group_by(.pod) | map(
    reduce (sort_by(.at)[] | select(.message | startswith("workload"))) as $event ({open: null, spans: []};
      if $event.message == "workload started" then .open = $event.at
      else .spans += [[(.open // 0), $event.at]] | .open = null end)
    | .spans + (if .open then [[.open, now]] else [] end)) | add // [];
group_by(.side) | if length < 2 then null else
  [(.[0] | spans)[] as $one | (.[1] | spans)[] as $other
    | if $one[0] < $other[0] then $other[0] - $one[1] else $one[0] - $other[1] end]
  | min | if . == null then null else (. * 1000 | round) / 1000 end
end
