#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// One HTTP request and what came of it, as the SDK's own small client sees it.
namespace escrow::http {

using Clock = std::chrono::steady_clock;
using Headers = std::vector<std::pair<std::string, std::string>>;

struct Request {
  std::string method = "POST";
  /// An absolute http or https URL.
  std::string url;
  Headers headers;
  std::string body;
  /// For the whole exchange, from resolving the name to the last byte.
  Clock::time_point deadline;
  /// Takes the body of a 2xx piece by piece as it comes, on the client's thread; false ends the exchange. The answer then has no body,
  /// and `deadline` holds up to its header only: from then on each piece has `piece_timeout`.
  std::function<bool(std::string_view)> on_piece;
  std::chrono::milliseconds piece_timeout{0};
  /// Whether the request may be sent again without a word after a reused connection broke; else only if nothing of it was written.
  bool repeatable = false;
};

struct Answer {
  unsigned status = 0;
  Headers headers;
  std::string body;

  /// The first header of that name, in any case; nothing when there is none.
  [[nodiscard]] std::optional<std::string> header(std::string_view name) const;
};

/// No answer, or one that broke off.
struct Failure {
  enum class Kind : std::uint8_t { invalid_url, unresolved, unconnected, timed_out, broken, closing };
  Kind kind = Kind::broken;
  /// Whether any byte of the request may have left: if not, it can't have had an effect.
  bool written = false;
  std::string detail;
};

}  // namespace escrow::http
