#pragma once

#include <cstdint>
#include <map>
#include <utility>

#include "coordinator/server/router.hpp"

namespace escrow::server {

/// How requests ended, by resource and status. One thread.
class HttpCounters {
 public:
  void count(Route route, int status) { ++by_route_and_status_[{route, status}]; }
  [[nodiscard]] const std::map<std::pair<Route, int>, std::uint64_t>& all() const noexcept { return by_route_and_status_; }

 private:
  std::map<std::pair<Route, int>, std::uint64_t> by_route_and_status_;
};

}  // namespace escrow::server
