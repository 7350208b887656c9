#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include "coordinator/server/auth/limits.hpp"

/// What each principal uses now, held against its limits. On one thread.
namespace escrow::server::auth {

class Usage {
 public:
  using Time = std::chrono::steady_clock::time_point;

  /// Takes one request; the answer says after how long there is room for it, nothing: it may go on.
  [[nodiscard]] std::optional<std::chrono::seconds> take_request(const std::string& name, const Limits& limits, Time now);

  /// The same without taking it: whether a request that is still arriving would have to wait.
  [[nodiscard]] std::optional<std::chrono::seconds> look_at_requests(const std::string& name, const Limits& limits, Time now);

  /// A place for a reader of the event stream for as long as it is held; null: there is none.
  [[nodiscard]] std::shared_ptr<const void> open_stream(const std::string& name, const Limits& limits);

  enum class Begun : std::uint8_t { counted, known, full };
  /// Before a start. `counted`: the transaction counts as the principal's until `ended`; `known`: it counts already.
  [[nodiscard]] Begun begin(const std::string& name, const Limits& limits, const std::string& gid);
  /// It has ended, was never begun, or nobody knows.
  void ended(const std::string& gid);
  /// Whether anything counts that can end.
  [[nodiscard]] bool counts_any() const { return !owners_.empty(); }

 private:
  struct Bucket {
    double tokens = 0;
    Time filled_at{};
  };

  Bucket& bucket_of(const std::string& name, const Limits& limits, Time now);

  std::map<std::string, Bucket> buckets_;
  /// Shared, since a reader may outlive us.
  std::shared_ptr<std::map<std::string, std::int64_t>> streams_ = std::make_shared<std::map<std::string, std::int64_t>>();
  std::map<std::string, std::int64_t> unfinished_;
  std::unordered_map<std::string, std::string> owners_;
};

}  // namespace escrow::server::auth
