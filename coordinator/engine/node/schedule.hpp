#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "coordinator/core/time.hpp"
#include "protocol/names.hpp"

/// When which transaction has to be looked at: at most one time per gid. Ties are broken by gid, so that a run is reproducible.
namespace escrow::engine::node {

class Schedule {
 public:
  /// Replaces the time of `gid`; `current` is what was set before (kept by the caller, so that no second index is needed).
  void set(const protocol::Gid& gid, std::optional<core::Time> current, std::optional<core::Time> time) {
    if (current == time) return;
    decltype(times_)::node_type moved;
    if (current) moved = times_.extract({*current, gid.text()});
    if (!time) return;
    if (moved.empty()) {
      times_.emplace(*time, gid.text());
    } else {
      // From one place to the other, with its memory.
      moved.value().first = *time;
      times_.insert(std::move(moved));
    }
  }

  /// Removes one gid that is due at `now` and names it; nothing: none is.
  [[nodiscard]] std::optional<std::string> pop(core::Time now) {
    if (times_.empty() || times_.begin()->first > now) return std::nullopt;
    std::string gid = times_.begin()->second;
    times_.erase(times_.begin());
    return gid;
  }

  [[nodiscard]] std::optional<core::Time> next() const { return times_.empty() ? std::nullopt : std::optional(times_.begin()->first); }

 private:
  std::set<std::pair<core::Time, std::string>> times_;
};

}  // namespace escrow::engine::node
