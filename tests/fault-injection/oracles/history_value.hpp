#pragma once

#include <memory>

#include <nlohmann/json_fwd.hpp>

#include "coordinator/core/transaction.hpp"

/// A transaction as one JSON value, by way of the rows that the log keeps of it: nothing of it is left out.
namespace escrow::oracles {

[[nodiscard]] nlohmann::json to_json(const core::Transaction& value);
/// Null: it is none.
[[nodiscard]] std::shared_ptr<const core::Transaction> transaction_from(const nlohmann::json& object);

}  // namespace escrow::oracles
