#pragma once

#include <string>
#include <vector>

#include "tests/fault-injection/vfs/io_faults.hpp"

/// What was covered, as tables for people and as JSON.
namespace escrow::vfs {

/// One table for each scenario: a line for each step on a kind of file and each way to fail, how many of its requests were made to fail,
/// and what the store made of it. Says first what complete means.
[[nodiscard]] std::string text_of(const std::vector<IoFaultResult>& results, const IoFaultPlan& plan);
[[nodiscard]] std::string json_of(const std::vector<IoFaultResult>& results, const IoFaultPlan& plan);

}  // namespace escrow::vfs
