#pragma once

#include <escrow/handler.hpp>
#include <escrow/sqlite/connections.hpp>

namespace escrow::sqlite {

/// Answers the coordinator's check of a two-phase message (docs/protocol.md, 3.3) whose initiator calls `record_message`
/// in the database of `connections`.
[[nodiscard]] Handler message_check(Connections connections);

}  // namespace escrow::sqlite
