#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/fault-injection/vfs/io_faults.hpp"

/// What was covered, as tables for people and as JSON.
namespace escrow::vfs {

/// Which requests were taken: every `stride`-th, in `passes` passes over all of them, of which so many were made.
struct Share {
  std::int64_t stride = 1;
  std::int64_t passes = 1;
  std::int64_t passes_done = 1;
};

/// The sum of all scenarios in a few lines.
[[nodiscard]] std::string sum_of(const std::vector<IoFaultResult>& results, const Share& share);
/// One table for each scenario: a line for each step on a kind of file and each way to fail, how many of its requests were made to fail,
/// and what the store made of it. Says first what complete means.
[[nodiscard]] std::string text_of(const std::vector<IoFaultResult>& results, const Share& share);
[[nodiscard]] std::string json_of(const std::vector<IoFaultResult>& results, const Share& share);

}  // namespace escrow::vfs
