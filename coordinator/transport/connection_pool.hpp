#pragma once

#include "coordinator/async/deadline_queue.hpp"
#include "coordinator/transport/byte_stream.hpp"
#include "coordinator/transport/http_client.hpp"
#include "coordinator/transport/message_parser.hpp"

#include <boost/beast/core/flat_buffer.hpp>

#include <cstddef>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

namespace escrow::transport {

/// A connection to a participant with the buffers that are used again for every call on it.
struct ClientConnection {
  ClientConnection(Socket socket, MessageLimits limits) : stream(std::move(socket)), parser(limits) {}

  ByteStream stream;
  boost::beast::flat_buffer buffer;
  AnswerParser parser;
  std::string head;
  /// What the TLS of the stream was made with; null: it has none.
  std::shared_ptr<const TargetTls> tls;
  async::Clock::time_point idle_since;
};

/// Connections that are not in use, by destination; the last one used is the first to be used again.
class ConnectionPool {
 public:
  ConnectionPool(const ClientLimits& limits, async::DeadlineQueue& deadlines);

  /// A connection that the peer has not closed and on which nothing has come in; null if there is none.
  std::unique_ptr<ClientConnection> take(const std::string& destination);
  /// Keeps it, or closes it where there are enough.
  void put(const std::string& destination, std::unique_ptr<ClientConnection> connection);
  /// Closes those with TLS.
  void close_tls();
  /// Closes all, and keeps none from now on.
  void close();
  [[nodiscard]] std::size_t size() const { return size_; }

 private:
  void sweep();

  const ClientLimits& limits_;
  std::unordered_map<std::string, std::vector<std::unique_ptr<ClientConnection>>> idle_;
  std::size_t size_ = 0;
  bool closed_ = false;
  async::Deadline next_sweep_;
};

}  // namespace escrow::transport
