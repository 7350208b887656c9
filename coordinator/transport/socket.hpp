#pragma once

#include <boost/asio/ip/tcp.hpp>

#include <sys/socket.h>

#include <cerrno>

namespace escrow::transport {

/// What connections run on, said in one place: the fault-injection suite compiles this folder a second time with sockets in
/// memory in the place of this file (tests/fault-injection/http).
using Socket = boost::asio::ip::tcp::socket;
using Acceptor = boost::asio::ip::tcp::acceptor;

/// True if no byte has come in that has not been read, and the peer has not closed. Costs a system call.
[[nodiscard]] inline bool has_nothing_to_read(Socket& socket) {
  char byte = 0;
  const ssize_t peeked = ::recv(socket.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return peeked < 0 && errno == EAGAIN;
}

}  // namespace escrow::transport
