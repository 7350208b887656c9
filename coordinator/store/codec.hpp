#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "coordinator/core/transaction.hpp"
#include "coordinator/store/log.hpp"
#include "protocol/result.hpp"

/// A transaction <-> the rows that keep it (docs/log-format.md). The requests are kept in a JSON of the log's own, not in the API's:
/// a rule that the API gets later must never make stored data unreadable. `encode_write` is in log.hpp.
namespace escrow::store {

/// A branch's row; written once, like the other two below.
struct BranchRow {
  std::int64_t branch = 0;
  std::string request;
  std::optional<std::string> payload;
  std::int64_t checksum = 0;
};

struct OutputRow {
  std::int64_t branch = 0;
  std::string role;
  std::int64_t revision = 0;
  std::string output;
  std::int64_t checksum = 0;
};

struct RequestRow {
  std::string request;
  std::int64_t checksum = 0;
};

/// A transaction's row: words still as text, since what is read may be anything.
struct TransactionRow {
  std::string gid;
  std::int64_t revision = 0;
  std::int64_t run = 0;
  std::string status;
  std::string mode;
  std::optional<std::string> name;
  std::int64_t attention = 0;
  std::int64_t started_at_ms = 0;
  std::int64_t updated_at_ms = 0;
  std::optional<std::int64_t> finished_at_ms;
  std::optional<std::int64_t> due_at_ms;
  std::string state;
  std::int64_t checksum = 0;
};

/// Everything that is stored of one transaction. Without `with_branches` the branches and outputs are left out (a list needs none).
struct StoredTransaction {
  TransactionRow row;
  /// Nothing: the row is missing.
  std::optional<RequestRow> request;
  bool with_branches = true;
  /// Whether `branches` have their payloads, and `outputs` are there; without them checksums of branches cannot be verified.
  bool with_payloads = true;
  /// In the order of `branch`.
  std::vector<BranchRow> branches;
  /// In the order of (branch, role, revision).
  std::vector<OutputRow> outputs;
};

/// `row.state` and `row.checksum` do not count; `state` does.
[[nodiscard]] std::int64_t checksum_of(const TransactionRow& row, std::string_view state);
[[nodiscard]] std::int64_t request_checksum(std::string_view gid, std::string_view request);
[[nodiscard]] std::int64_t branch_checksum(std::string_view gid, std::int64_t branch, std::string_view request,
                                           const std::optional<std::string_view>& payload);
[[nodiscard]] std::int64_t output_checksum(std::string_view gid, std::int64_t branch, std::string_view role, std::int64_t revision,
                                           std::string_view output);

/// The transaction that was stored, or why these rows can't be one (`LogErrc::corrupt`): a checksum that differs, a row that is missing or
/// belongs to another gid, syntax, values outside their type. Never throws. Rows that are newer than the state are ignored.
[[nodiscard]] Result<core::Transaction> decode_transaction(const StoredTransaction& stored);

}  // namespace escrow::store
