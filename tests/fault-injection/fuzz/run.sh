#!/usr/bin/env bash
# Feeds the targets of the fuzzer: run.sh PROGRAM OUT SECONDS JOBS [TARGET]
# SECONDS for each target, JOBS of them at a time. What covers something new is kept in OUT/corpora and used by the next run; what an
# oracle or a sanitizer objects to lies in OUT/found, and is repeated by `PROGRAM TARGET FILE`.
set -uo pipefail
program=$1 out=$2 seconds=$3 jobs=$4 only=${5:-}
here=$(dirname "${BASH_SOURCE[0]}")

words_of() { # <target>
  case $1 in
    f_http_*) printf http ;;
    f_api_json) printf json ;;
    f_url_policy) printf url ;;
    f_config | f_proxy_rule | f_scenario_yaml) printf yaml ;;
  esac
}

feed() { # <target> <-max_len=N>
  local target=$1 log=$out/$1.log words options=(-timeout=20 -rss_limit_mb=2048 -print_final_stats=1 "$2")
  words=$(words_of "$target")
  [[ -z $words ]] || options+=("-dict=$here/dictionaries/$words.dict")
  mkdir -p "$out/corpora/$target" "$out/found"
  if ! "$program" "$target" "-max_total_time=$seconds" "-artifact_prefix=$out/found/$target-" "${options[@]}" \
    "$out/corpora/$target" "$here/corpora/$target" >"$log" 2>&1; then
    tail -n 60 "$log"
    return 1
  fi
  awk -v target="$target" '/number_of_executed_units/ {n = $2} /average_exec_per_sec/ {rate = $2} /new_units_added/ {new = $2}
    END {printf "%-16s %10d inputs, %7d/s, %5d new\n", target, n, rate, new}' "$log"
}

share() { # <number> ; every JOBSth target
  local target longest number=0 result=0
  while read -r target longest; do
    [[ -z $only || $only == "$target" ]] || continue
    (((number++) % jobs == $1)) || continue
    feed "$target" "$longest" || result=1
  done < <("$program" 2>&1 | sed -n 's/^  //p')
  return "$result"
}

mkdir -p "$out"
workers=() result=0
for ((number = 0; number < jobs; ++number)); do
  share "$number" &
  workers+=($!)
done
for worker in "${workers[@]}"; do
  wait "$worker" || result=1
done
exit "$result"
