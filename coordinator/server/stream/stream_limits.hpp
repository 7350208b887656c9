#pragma once

#include <chrono>
#include <cstddef>

/// What bounds the event stream. Each is a setting of `escrowd` (docs/settings.md) with the default given here.
namespace escrow::server {

/// The latest events, kept once for all readers.
struct RingLimits {
  std::size_t events = 10'000;
  std::size_t bytes = std::size_t{4} << 20U;
};

struct StreamLimits {
  /// Readers at once.
  std::size_t clients = 256;
  RingLimits ring;
  /// After this time without an event a comment is sent.
  std::chrono::milliseconds heartbeat{15'000};
  /// What participants said is left out, but for readers that see it.
  bool hides_words = false;
};

}  // namespace escrow::server
