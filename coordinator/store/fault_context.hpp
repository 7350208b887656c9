#pragma once

#ifdef FAULT_POINTS

#  include <algorithm>
#  include <string>

#  include "coordinator/store/log.hpp"

namespace escrow::store {

/// What a failpoint is told of a write: `KIND/gid`, the kind being what the write is made for: `start`, `registration`, `decision`, `end`,
/// `outcome`, or `other`; the first of these that fits.
[[nodiscard]] inline std::string fault_context(const Write& write) {
  using protocol::EventType;
  const auto has = [&](std::initializer_list<EventType> types) {
    return std::ranges::any_of(write.history, [&](const auto& event) { return std::ranges::find(types, event.type) != types.end(); });
  };
  const char* kind = write.expected_revision == 0                                                                       ? "start/"
                     : has({EventType::branch_registered})                                                              ? "registration/"
                     : has({EventType::commit_decided, EventType::abort_decided})                                       ? "decision/"
                     : has({EventType::committed, EventType::aborted})                                                  ? "end/"
                     : has({EventType::operation_succeeded, EventType::operation_failed, EventType::operation_skipped}) ? "outcome/"
                                                                                                                        : "other/";
  return kind + write.gid.text();
}

}  // namespace escrow::store

#endif
