#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>

#include "coordinator/engine/durable_events.hpp"
#include "coordinator/server/stream/stream_limits.hpp"

/// The latest events, as they are sent, once for all readers of the stream.
namespace escrow::server {

class EventRing {
 public:
  explicit EventRing(RingLimits limits) : limits_(limits) {}

  /// `seq` is above every one before. `whole` is what those are sent who see everything; empty: the same. The oldest go when there are too
  /// many, or too much; the newest one always stays.
  void append(std::int64_t seq, protocol::EventType type, std::string frame, std::string whole = {});
  /// Takes everything up to that seq out, as if it had been pushed out.
  void lose(std::int64_t up_to);
  /// Forgets everything.
  void clear();

  /// Appends what stands behind `after` and is of `types` to `out`, until `out` holds `most` bytes. Answers the seq of the last one that
  /// was looked at, `after` if there was none, and counts what it appended.
  struct Taken {
    std::int64_t up_to = 0;
    std::size_t events = 0;
    /// Stopped because `out` was full.
    bool is_full = false;
  };
  [[nodiscard]] Taken take(std::int64_t after, const engine::EventTypes& types, std::size_t most, std::string& out,
                           bool sees_words = false) const;

  /// The largest seq that was pushed out since the last `clear`: a reader before it has missed something. 0: none.
  [[nodiscard]] std::int64_t floor() const { return floor_; }
  [[nodiscard]] std::size_t size() const { return frames_.size(); }
  [[nodiscard]] std::size_t bytes() const { return bytes_; }

 private:
  struct Frame {
    std::int64_t seq;
    protocol::EventType type;
    std::string text;
    std::string whole;
    [[nodiscard]] std::size_t size() const { return text.size() + whole.size(); }
  };

  RingLimits limits_;
  std::deque<Frame> frames_;
  std::size_t bytes_ = 0;
  std::int64_t floor_ = 0;
};

}  // namespace escrow::server
