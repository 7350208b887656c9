#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "protocol/names.hpp"
#include "protocol/words.hpp"

/// What an initiator asks for (docs/protocol.md, 3.2), after validation and with every default filled in.
/// Reading it from JSON and finding every fault is `parse_start_request`; writing it is `to_json`.
namespace escrow::protocol {

struct RetryPolicy {
  std::int64_t initial_ms = 200;
  std::int64_t max_ms = 30'000;
  double multiplier = 2.0;
  double jitter = 0.2;
  /// 0: no limit. Counts only forward attempts without a definite answer.
  std::int64_t max_attempts = 5;

  bool operator==(const RetryPolicy&) const = default;
};

struct HeaderField {
  std::string name;
  std::string value;

  bool operator==(const HeaderField&) const = default;
};

struct BranchRequest {
  BranchId id;
  Kind kind = Kind::saga;
  /// URLs by role; empty where the branch has no such operation.
  std::string forward_url;
  std::string confirm_url;
  std::string undo_url;
  /// The exact bytes of the member in the request; nothing: the member was absent.
  std::optional<std::string> payload;
  std::vector<BranchId> after;
  /// Whether the member `after` was there, even empty: then the branches form a graph.
  bool has_after = false;
  bool pivot = false;
  /// The transaction's, overridden member by member.
  RetryPolicy retry;
  std::int64_t request_timeout_ms = 3'000;
  /// The branch's own only; the transaction's come first when a call is made.
  std::vector<HeaderField> headers;

  [[nodiscard]] const std::string& url(Role role) const {
    return role == Role::forward ? forward_url : role == Role::confirm ? confirm_url : undo_url;
  }
};

struct StartRequest {
  Gid gid;
  Mode mode = Mode::saga;
  std::optional<std::string> name;
  std::map<std::string, std::string> attributes;
  /// `graph` if any branch has `after`. For an interactive transaction without branches yet: what its mode or `order` says.
  Order order = Order::sequential;
  bool interactive = false;
  std::int64_t timeout_ms = 60'000;
  RetryPolicy retry;
  std::int64_t request_timeout_ms = 3'000;
  std::int64_t attention_after = 10;
  std::vector<HeaderField> headers;
  std::optional<std::string> check;
  std::int64_t check_after_ms = 10'000;
  std::vector<BranchRequest> branches;
};

/// JSON pointers of the members in which two requests for one gid differ, after defaults; `headers` and how a number or string is
/// spelled outside payload do not count, and payloads are compared as JSON values with numbers by their text. Empty: the same request.
[[nodiscard]] std::vector<std::string> differences(const StartRequest& recorded, const StartRequest& repeated);
/// The same for one branch; pointers are relative to the branch (`/action`, `/payload`).
[[nodiscard]] std::vector<std::string> differences(const BranchRequest& recorded, const BranchRequest& repeated);

}  // namespace escrow::protocol
