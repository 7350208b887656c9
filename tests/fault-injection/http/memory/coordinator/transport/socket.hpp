#pragma once

#include "tests/fault-injection/http/memory_acceptor.hpp"
#include "tests/fault-injection/http/memory_socket.hpp"

/// In the place of coordinator/transport/socket.hpp, for whoever compiles that folder with this one in front of it.
namespace escrow::transport {

using Socket = http_faults::MemorySocket;
using Acceptor = http_faults::MemoryAcceptor;

[[nodiscard]] inline bool has_nothing_to_read(Socket& socket) { return socket.has_nothing_to_read(); }

}  // namespace escrow::transport
