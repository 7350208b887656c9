#pragma once

#include <cstdint>
#include <vector>

#include "coordinator/store/codec.hpp"

/// Rows without a log: what one would hold, for tests that change it.
namespace escrow::testing {

/// What a log keeps after these writes of one transaction, sealed.
[[nodiscard]] store::StoredTransaction stored(const std::vector<store::Write>& writes, std::int64_t run = 3);

/// Makes every checksum what it must be, as whoever changed the rows would who knew how they are sealed.
void seal(store::StoredTransaction& kept);

}  // namespace escrow::testing
