#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "coordinator/server/problem.hpp"
#include "coordinator/server/query.hpp"
#include "coordinator/store/log.hpp"
#include "protocol/result.hpp"

/// The bodies and queries of every request but start and registration (docs/protocol.md, 3.3 to 3.5). Each is read whole, with all its
/// faults, before anything happens.
namespace escrow::server {

/// What `?wait_ms=` may ask for.
inline constexpr protocol::Range wait_range{0, 60'000};
/// The longest sentence of a person, in characters.
inline constexpr std::size_t reason_limit = 1'000;

template <class Body>
using Parsed = Result<Body, Problem>;

/// Of commit and abort; an empty body has no reason.
struct DecisionBody {
  std::optional<std::string> reason;
};
[[nodiscard]] Parsed<DecisionBody> parse_decision(std::string_view body, QueryReader query, std::int64_t& wait_ms);

struct ExtendBody {
  std::int64_t timeout_ms = 0;
};
[[nodiscard]] Parsed<ExtendBody> parse_extend(std::string_view body, QueryReader query);

struct ResolveBody {
  protocol::OperationName operation = protocol::OperationName::check;
  /// `succeeded` or `committed`; false: `refused` or `aborted`.
  bool succeeded = true;
  std::string reason;
};
[[nodiscard]] Parsed<ResolveBody> parse_branch_resolve(std::string_view body, QueryReader query);
[[nodiscard]] Parsed<ResolveBody> parse_check_resolve(std::string_view body, QueryReader query);

/// Of a retry of one transaction; an empty body has no reason.
struct RetryBody {
  std::optional<std::string> reason;
};
[[nodiscard]] Parsed<RetryBody> parse_retry(std::string_view body, QueryReader query);

struct ListQuery {
  store::Filter filter;
  std::size_t limit = 50;
  std::optional<std::string> cursor;
};
[[nodiscard]] Parsed<ListQuery> parse_list(QueryReader query);

struct RetryManyBody {
  store::Filter filter;
  /// scheme://host:port
  std::optional<std::string> destination;
  std::optional<std::string> reason;
  bool dry_run = false;
};
[[nodiscard]] Parsed<RetryManyBody> parse_retry_many(std::string_view body, QueryReader query);

/// The problem of a query that should have none but what has been taken; nothing: all is well.
[[nodiscard]] std::optional<Problem> refuse_unknown(QueryReader query);

}  // namespace escrow::server
