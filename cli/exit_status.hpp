#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "protocol/result.hpp"

/// How `escrowctl` ends, for scripts; docs/escrowctl.md and the man page say the same.
namespace escrow::cli {

enum class ExitStatus : std::uint8_t {
  done = 0,
  /// The coordinator said no, or what it said could not be understood.
  refused = 1,
  /// The command line can't be right.
  usage = 2,
  /// No coordinator answered, or it could not serve now (503).
  unavailable = 3,
  not_found = 4,
  /// 409: the transaction is past the point where that is possible.
  conflict = 5,
  /// Waited for: the transaction ended aborted.
  aborted = 6,
  /// Waited for: it has not ended in time, and goes on.
  unfinished = 7,
  /// A person said no to the question.
  declined = 8
};

/// Why a command could not be done, and what to do about it.
struct Failure {
  ExitStatus status = ExitStatus::refused;
  std::string what;
  /// One sentence; empty: nothing that is not obvious.
  std::string advice = {};
};

template <class T>
using Outcome = Result<T, Failure>;

}  // namespace escrow::cli
