#pragma once

#include <string>
#include <vector>

#include "cli/exit_status.hpp"

namespace escrow::cli {

/// Pages of the list of transactions as one answer: a single one as it came; of several every transaction as it came, behind each other.
[[nodiscard]] Outcome<std::string> joined_pages(const std::vector<std::string>& pages);

}  // namespace escrow::cli
