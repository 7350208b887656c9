#!/usr/bin/env bash
# Feeds the targets of the fuzzer: run.sh BUILD SECONDS JOBS [TARGET]
# SECONDS for each target, JOBS of them at a time; BUILD is where the presets' folders are. What covers something new is kept in
# BUILD/fuzz/fuzz/corpora and used by the next run; what an oracle or a sanitizer objects to lies in BUILD/fuzz/fuzz/found, and is
# repeated by the program with TARGET FILE.
set -uo pipefail
build=$1 seconds=$2 jobs=$3 only=${4:-}
here=$(dirname "${BASH_SOURCE[0]}")
out=$build/fuzz/fuzz
programs=("$build/fuzz/bin/escrow-fuzz" "$build/fuzz-worlds/bin/escrow-fuzz-worlds")

words_of() { # <target>
  case $1 in
    f_http_*) printf http ;;
    f_api_json) printf json ;;
    f_url_policy) printf url ;;
    f_config | f_proxy_rule | f_scenario_yaml) printf yaml ;;
  esac
}

feed() { # <program> <target> <-max_len=N>
  local program=$1 target=$2 log=$out/$2.log words options=(-timeout=20 -rss_limit_mb=2048 -print_final_stats=1 "$3")
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
  local program target longest number=0 result=0
  for program in "${programs[@]}"; do
    while read -r target longest; do
      [[ -z $only || $only == "$target" ]] || continue
      (((number++) % jobs == $1)) || continue
      feed "$program" "$target" "$longest" || result=1
    done < <("$program" 2>&1 | sed -n 's/^  //p')
  done
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
