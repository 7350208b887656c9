#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string_view>

#include "coordinator/server/auth/authenticator.hpp"
#include "coordinator/server/log.hpp"
#include "coordinator/server/principal.hpp"
#include "coordinator/server/problem.hpp"
#include "coordinator/server/router.hpp"
#include "coordinator/transport/http_message.hpp"
#include "protocol/result.hpp"

/// Who comes in, and as whom: asks each request for a principal and its role before anything else looks at it. On the engine's executor.
namespace escrow::server {

class Door {
 public:
  /// Both must outlive it. `open_metrics`: `/metrics` is for everybody.
  Door(const auth::Authenticator& authenticator, Logger& logger, bool open_metrics)
      : authenticator_(authenticator), logger_(logger), open_metrics_(open_metrics) {}

  /// The principal, or the problem: `unauthenticated`, `forbidden`. What names no route of ours is asked for, too, where it lies behind
  /// `/v1`: a stranger learns nothing of what is there.
  [[nodiscard]] Result<Principal, Problem> admit(const transport::Request& request, const std::optional<Match>& match);

  /// Counts and tells of a request that was turned away before anybody asked whom it is from.
  void tell_of_browser(std::string_view reason, const transport::Request& request, const std::optional<Match>& match) {
    tell(reason, {}, request, match);
  }

  /// Whether anybody is asked who he is.
  [[nodiscard]] bool asks() const { return authenticator_.is_configured(); }

  /// Whether the request would still be let in with that role: asked again and again by what runs for long.
  [[nodiscard]] bool still_admits(const transport::Request& request, auth::Role role) const;

  /// Requests refused since the start, by reason: the words of `auth::Refusal`, `role`, `host` and `origin`.
  [[nodiscard]] const std::map<std::string_view, std::uint64_t>& refused() const { return refused_; }

 private:
  [[nodiscard]] std::optional<auth::Role> required(const transport::Request& request, const std::optional<Match>& match) const;
  Problem turn_away(auth::Refusal refusal, const transport::Request& request, const std::optional<Match>& match);
  Problem turn_away(const Principal& principal, auth::Role required, const transport::Request& request, const std::optional<Match>& match);
  void tell(std::string_view reason, std::string_view principal, const transport::Request& request, const std::optional<Match>& match);

  const auth::Authenticator& authenticator_;
  Logger& logger_;
  bool open_metrics_;
  std::map<std::string_view, std::uint64_t> refused_;
  /// Whoever tries tokens must not fill the log: one line a second, with the number of those that it stands for.
  std::chrono::steady_clock::time_point next_line_{};
  std::int64_t untold_ = 0;
};

}  // namespace escrow::server
