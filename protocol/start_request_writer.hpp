#pragma once

#include <string>

#include "protocol/start_request.hpp"

/// Writes what `parse_start_request` reads (docs/protocol.md, 3.2): how an initiator asks for a transaction.
namespace escrow::protocol {

/// The body of `POST /v1/transactions`. Members that have their default value are left out; payload bytes go in as they are, so a
/// payload must be one valid JSON text. A forward URL that is empty (interactive transactions) is left out, too.
[[nodiscard]] std::string to_json(const StartRequest& request);

/// The body of `POST .../branches` for one branch of `transaction`, whose mode and defaults decide what has to be said.
[[nodiscard]] std::string to_json(const BranchRequest& branch, const StartRequest& transaction);

}  // namespace escrow::protocol
