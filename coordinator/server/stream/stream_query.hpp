#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "coordinator/engine/durable_events.hpp"
#include "coordinator/server/query.hpp"
#include "coordinator/server/request_bodies.hpp"
#include "coordinator/transport/http_message.hpp"

namespace escrow::server {

/// What a reader of the event stream asks for (docs/protocol.md, 3.4).
struct StreamQuery {
  /// Nothing: the history of everything.
  std::optional<protocol::Gid> gid;
  engine::EventTypes types;
  /// Whether it also wants to be told how it goes.
  bool overview = false;
  /// Behind which event; nothing: from now on, or from the first event of `gid`.
  std::optional<std::int64_t> after;
  /// Whether it sees what participants said although it is hidden. No part of the request: who asks decides it.
  bool sees_words = false;
};

/// Reads the query and the header `Last-Event-ID`, which beats `?after=`.
[[nodiscard]] Parsed<StreamQuery> parse_stream(const transport::Request& request);

}  // namespace escrow::server
