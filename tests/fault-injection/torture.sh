#!/usr/bin/env bash
# `./dev torture`, which reads this file: what does not fit into a test run, in as many minutes as one gives it. What has one size comes
# first; what is left of the time is shared by weight among what could go on for ever; sanitizers come last and only where there is time for
# them. Building is not counted: how long it takes depends on what ccache holds.
# `jobs` and the packages are those of ./dev.
# shellcheck disable=SC2154

night=build/torture/night # what the stages printed, and the table made of it

recorded() { # <name> <command...> ; keeps what it prints
  local log=$night/$1.log
  shift
  "$@" 2>&1 | tee "$log"
}

torture_ends=0
built() { # <command...> ; a build: the end is as much later
  local start=$SECONDS result=0
  "$@" || result=1
  torture_ends=$((torture_ends + SECONDS - start))
  return "$result"
}

shared_out=0
share() { # <weight of 100> ; seconds
  local seconds=$((shared_out * $1 / 100))
  printf '%d' $((seconds < 15 ? 15 : seconds))
}

simulation_tests() { # the models have a stage of their own
  ctest --test-dir build/torture -L '^simulation$' -E '^models' -j "$jobs" --output-on-failure --no-tests=error
}

simulate_on() { # <seconds> <runner> ; seeds nobody has run before
  local seed=$(($(date +%s) * 1000000000 + $2 * 100000000)) ends=$((SECONDS + $1))
  while ((SECONDS < ends)); do
    build/torture/bin/escrow-sim --seed "$seed" --count 20000 --twice 20 --complete || return 1
    seed=$((seed + 20000))
  done
}

same_hashes() { # the same seeds give the same histories, whoever compiled the simulator and how
  local preset sums=() sum hashes
  built configure_and_build dev escrow-sim || return 1
  built configure_and_build tidy escrow-sim || return 1
  for preset in torture dev tidy; do
    hashes=$("build/$preset/bin/escrow-sim" --seed "$(first_seed)" --count 1000 --hashes | grep -E '^[0-9]+ [0-9a-f]{16}$')
    # Three programs that print nothing agree, too.
    [[ $(wc -l <<<"$hashes") == 1000 ]] || return 1
    sum=$(sha256sum <<<"$hashes")
    printf 'histories of 1000 seeds: %-8s %s\n' "$preset" "${sum%% *}" | tee -a "$night/hashes.log"
    sums+=("$sum")
  done
  [[ ${sums[0]} == "${sums[1]}" && ${sums[0]} == "${sums[2]}" ]]
}

lose_power_on() { # <seconds> <runner> ; power fails under the real SQLite, sessions of its own on each core
  build/torture/bin/escrow-disk power --seed $(($(date +%s) * 10 + $2 * 5000000000000)) --images 1000000000 --seconds "$1"
}

fail_requests_on() { # <seconds> <runner> ; each core has its share of the requests, in passes that spread over all of them
  build/torture/bin/escrow-disk faults --stride "$jobs" --offset "$2" --passes 25 --seconds "$1" --out "build/torture/disk/$2"
}

counter_examples() { # how small, and how fast, what gives a planted bug away becomes
  mkdir -p "$night/museum"
  build/torture/bin/escrow-explore-planted museum --out "$night/museum"
}

kill_processes() { # <seconds>
  build/torture/bin/escrow-process --minutes $((($1 + 30) / 60 ? ($1 + 30) / 60 : 1)) --seed "$(date +%s)"
}

storms() { # <seconds> ; network faults, kills, and both, as long as each other
  ESCROW_STORM_SEED=$(date +%s) ESCROW_STORM_SECONDS=$(($1 / 3 + 1)) build/torture/tests/test_passthrough "every mode*"
}

fuzz_for() { fuzz $(($1 * jobs / 11 + 1)); } # <seconds> ; for all eleven targets together

# Cases of the exploration that real processes take in a second, at least.
real_rate=20
explore_real() { # <seconds> ; single faults, then members of the classes that the exploration wrote down, pairs among them
  local cases=$(($1 * real_rate / 2))
  build/torture/bin/escrow-explore-real --sample "$cases" --seed "$(date +%s)" --out build/torture/explore || return 1
  if [[ -e build/torture/explore/classes.jsonl ]]; then
    build/torture/bin/escrow-explore-real --classes build/torture/explore/classes.jsonl --sample "$cases" --seed "$(date +%s)" \
      --out build/torture/explore/classes
  fi
}

sanitize() { # <preset> <label...> ; labels for which there is no time are named and left out
  local preset=$1 label
  shift
  stage "build ($preset)" built configure_and_build "$preset" || return 1
  rm -f "build/$preset"/tests-*.log
  for label; do
    if ((SECONDS > torture_ends)); then
      left_out+=("$label ($preset)")
    elif has_label "$preset" "$label"; then
      stage "tests: $label ($preset)" run_label "$preset" "$label" || true
    fi
  done
}

# Sanitizers begin with at least so much time left, and have no more than so much kept for them.
least_for_sanitizers=900
most_for_sanitizers=3600
left_out=()

cmd_torture() {
  local minutes=10 kept=0
  while (($#)); do
    case $1 in
      --minutes) minutes=${2:?--minutes takes a number} && shift 2 ;;
      *) die "torture takes only --minutes N" ;;
    esac
  done
  [[ $minutes =~ ^[1-9][0-9]*$ ]] || die "--minutes takes a whole number of at least 1"
  need "${packages_build[@]}" "${packages_test[@]}" "${packages_tidy[@]}" "${packages_fuzz[@]}"
  stage "build (torture)" configure_and_build torture escrow-simulation escrow-process escrow-explore-real test_passthrough || finish "./dev torture"
  rm -rf "$night"
  mkdir -p "$night"
  torture_ends=$((SECONDS + minutes * 60))

  stage "oracles: what proves each" recorded oracles python3 -B tests/fault-injection/oracles/proved.py build/torture/tests/test_oracles || true
  stage "planted bugs: all" recorded planted build/torture/bin/escrow-sim-planted --bug all || true
  stage "exploration: every single fault, every pair" recorded explore explore_all || true
  stage "models and their mutations" recorded models python3 -B tests/fault-injection/spec/run.py || true
  stage "counter-examples made small" recorded small counter_examples || true
  stage "the same histories from gcc -O3, gcc -O0 and clang" same_hashes || true
  stage "tests: simulation (torture)" recorded tests simulation_tests || true

  shared_out=$((torture_ends - SECONDS))
  kept=$((shared_out * 2 / 5 < most_for_sanitizers ? shared_out * 2 / 5 : most_for_sanitizers))
  ((kept >= least_for_sanitizers)) || kept=0
  shared_out=$((shared_out - kept))
  say "$(took $((shared_out > 0 ? shared_out : 0))) to share out, $(took "$kept") for sanitizers"
  stage "simulation: new seeds" recorded seeds on_every_core simulate_on "$(share 50)" || true
  stage "disk: power fails" recorded power on_every_core lose_power_on "$(share 20)" || true
  stage "disk: every request fails in every way" recorded requests on_every_core fail_requests_on "$(share 8)" || true
  stage "real processes: killed" recorded kills kill_processes "$(share 6)" || true
  stage "real processes: storms" recorded storms storms "$(share 4)" || true
  stage "real processes: single faults and pairs" recorded real explore_real "$(share 4)" || true
  if stage "build (fuzz)" built build_fuzzers; then
    stage "fuzz: every target" recorded fuzz fuzz_for "$(share 8)" || true
  fi

  if ((kept > 0)); then
    sanitize asan simulation fault unit contract integration || true
    sanitize tsan unit contract integration fault simulation || true
  else
    left_out+=("asan" "tsan")
  fi
  ((${#left_out[@]} == 0)) || stage_lines+=("$(printf '%-52s %s' "no time for" "${left_out[*]}")")
  stage "figures against the goals: $night/goals.md" recorded goals python3 -B tests/fault-injection/goals.py "$night" || true
  finish "./dev torture"
}
