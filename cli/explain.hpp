#pragma once

#include <string>
#include <vector>

#include "cli/model.hpp"

/// Why a transaction is where it is and what comes next, in sentences. Pure: the same transaction at the same time is explained alike.
namespace escrow::cli {

struct Explanation {
  /// Why it is where it is.
  std::string why;
  /// What happens next, and when, if nobody does anything; empty once it has ended.
  std::string next;
  /// What a person can do, as commands.
  std::vector<std::string> commands;
};

[[nodiscard]] Explanation explain(const Transaction& transaction, Millis now);

/// Why it aborted, as the end of a sentence that begins with "because"; empty: it did not.
[[nodiscard]] std::string abort_cause(const Transaction& transaction);

/// An operation that is not getting done.
struct Trouble {
  /// Null for a check.
  const Branch* branch = nullptr;
  const Operation* operation = nullptr;
  /// Null: it fails, but nobody is called for yet.
  const Attention* attention = nullptr;
};
/// The worst first: what stands in attention, then what backs off; each oldest first. Points into the transaction.
[[nodiscard]] std::vector<Trouble> troubles_of(const Transaction& transaction);

/// `order: compensate`, or `check`.
[[nodiscard]] std::string place_text(const std::string& branch, const std::string& operation);

}  // namespace escrow::cli
