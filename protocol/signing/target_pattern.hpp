#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "protocol/result.hpp"
#include "protocol/url.hpp"

namespace escrow::protocol::signing {

/// Which destinations a key is for: `HOST`, `*.HOST` (anything below HOST, not HOST itself), `HOST:PORT`, or `*` for all. An IPv6 address
/// with a port stands in brackets.
class TargetPattern {
 public:
  /// The error is a sentence.
  [[nodiscard]] static Result<TargetPattern, std::string> parse(std::string_view text);
  [[nodiscard]] bool matches(const Url& url) const;

 private:
  TargetPattern() = default;
  std::string host_;
  bool is_below_ = false;
  bool is_all_ = false;
  std::optional<std::uint16_t> port_;
};

}  // namespace escrow::protocol::signing
