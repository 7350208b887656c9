#pragma once

#include <string>
#include <vector>

namespace escrow::http_faults {

struct Exchange {
  std::string name;
  std::string bytes;
  /// Of the request that an answer belongs to.
  std::string method = "POST";
};

/// What clients send, each in the shape of something the API is asked.
[[nodiscard]] const std::vector<Exchange>& canonical_requests();

/// What participants answer.
[[nodiscard]] const std::vector<Exchange>& canonical_answers();

/// Messages that are no messages, or could be read in two ways; those of a kind that must never reach a handler or count as an answer.
[[nodiscard]] const std::vector<Exchange>& hostile_requests();
[[nodiscard]] const std::vector<Exchange>& hostile_answers();

}  // namespace escrow::http_faults
