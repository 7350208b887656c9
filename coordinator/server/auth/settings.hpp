#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "coordinator/server/auth/limits.hpp"

namespace escrow::server::auth {

struct Settings {
  /// A YAML list of principals; empty: none.
  std::string tokens_file;
  /// The same, a line each, for a few without a file.
  std::vector<std::string> tokens;
  /// Serves other machines without asking who they are.
  bool insecure = false;
  /// Answers `/metrics` without a token, too.
  bool open_metrics = false;
  /// For principals whose entry says nothing else.
  Limits limits;
  /// How often files are looked at.
  std::chrono::milliseconds reload{10'000};

  /// Whether requests are asked who they are from.
  [[nodiscard]] bool is_configured() const { return !tokens_file.empty() || !tokens.empty(); }
  /// The setting that a fault is told with.
  [[nodiscard]] std::string_view key() const { return tokens_file.empty() ? "auth.tokens" : "auth.tokens_file"; }
};

}  // namespace escrow::server::auth
