#pragma once

#include <string>
#include <vector>

#include "coordinator/core/transaction.hpp"

/// What is in tests/fixtures/store/v1.db. Never change it: the file was written once.
namespace escrow::testing {

/// Every mode in every status, with everything a transaction may have; the runs are all 1.
[[nodiscard]] std::vector<core::Transaction> stored_by_version_1();

/// The gid that was removed and has a tombstone.
inline constexpr const char* retired_by_version_1 = "retired";

}  // namespace escrow::testing
