#pragma once

#include <string>
#include <vector>

#include "coordinator/core/transaction.hpp"
#include "coordinator/server/secrets/payload_mask.hpp"
#include "coordinator/store/log.hpp"

/// How a transaction and its history look from outside (docs/protocol.md, 3.4). Appends to one string: these are the answers that are
/// given most. Payloads and outputs go out as they came in; the transaction's and branches' `headers` never do.
namespace escrow::server {

void append_transaction(std::string& out, const core::Transaction& transaction, const PayloadMask* mask = nullptr);
/// A row of the list: everything but the branches.
void append_summary(std::string& out, const core::Transaction& transaction, const PayloadMask* mask = nullptr);
void append_event(std::string& out, const store::StoredEvent& event, bool hides_words = false);
/// The same with its gid: among events of any transaction.
void append_event_of_any(std::string& out, const store::StoredEvent& event, bool hides_words = false);

[[nodiscard]] std::string list_json(const store::Page& page, const PayloadMask* mask = nullptr);
[[nodiscard]] std::string history_json(const std::vector<store::StoredEvent>& events, bool hides_words = false);

}  // namespace escrow::server
