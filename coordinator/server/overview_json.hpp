#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "coordinator/engine/engine.hpp"
#include "coordinator/engine/overview.hpp"

/// `GET /v1/overview` and `GET /v1/destinations` as JSON (docs/protocol.md, 3.4).
namespace escrow::server {

enum class Series : std::uint8_t { with, without };

/// `at` is the first member: what stands behind it only changes when something has.
[[nodiscard]] std::string overview_json(const engine::Overview& overview, Series series, bool hides_words = false);
[[nodiscard]] std::string destinations_json(const std::vector<engine::Destination>& destinations, bool hides_words = false);

}  // namespace escrow::server
