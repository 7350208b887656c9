#pragma once

#include <cstddef>
#include <span>
#include <string_view>

/// The pieces of the hot path, one at a time, for counting their instructions (bench/guard.py). Not for timing.
namespace escrow::bench::micro {

struct Case {
  std::string_view name;
  /// Performs the piece that often, after a preparation whose cost does not depend on it.
  void (*run)(std::size_t times);
};

/// A driven saga of two branches in `core`: begun, both actions answered, committed.
void decide_saga(std::size_t times);
/// The same in a node, with its schedule, admission and counters; log and participants answer at once.
void node_saga(std::size_t times);
/// A start and a commit to what the log keeps of them.
void encode_saga(std::size_t times);
/// A start read back, as recovery does.
void decode_saga(std::size_t times);
/// 64 starts in one batch and their ends in another, in SQLite in memory.
void store_batch(std::size_t times);
/// An action behind the SDK's barrier in SQLite in memory, and its repeat.
void barrier_action(std::size_t times);
/// A start request from bytes to a valid request.
void read_start(std::size_t times);
/// A transaction as the API shows it.
void show_transaction(std::size_t times);
/// A start request's bytes parsed and its answer's head written.
void http_request(std::size_t times);
/// A call's head written and its answer parsed.
void http_call(std::size_t times);

[[nodiscard]] std::span<const Case> cases();

}  // namespace escrow::bench::micro
