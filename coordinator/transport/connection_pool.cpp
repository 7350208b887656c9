#include "coordinator/transport/connection_pool.hpp"

#include <utility>

namespace escrow::transport {

ConnectionPool::ConnectionPool(const ClientLimits& limits, async::DeadlineQueue& deadlines)
    : limits_(limits), next_sweep_(deadlines, [this] { sweep(); }) {}

std::unique_ptr<ClientConnection> ConnectionPool::take(const std::string& destination) {
  const auto found = idle_.find(destination);
  if (found == idle_.end()) return nullptr;
  auto& connections = found->second;
  while (!connections.empty()) {
    std::unique_ptr<ClientConnection> connection = std::move(connections.back());
    connections.pop_back();
    --size_;
    // Bytes that nobody asked for may be a late answer to another call: never the answer to the next one.
    if (connection->stream.is_quiet()) return connection;
  }
  return nullptr;
}

void ConnectionPool::put(const std::string& destination, std::unique_ptr<ClientConnection> connection) {
  if (closed_ || size_ >= limits_.idle_total) return;
  auto& connections = idle_[destination];
  if (connections.size() >= limits_.idle_per_destination) return;
  connection->idle_since = async::Clock::now();
  if (!next_sweep_.is_set()) next_sweep_.set(connection->idle_since + limits_.idle_check);
  connections.push_back(std::move(connection));
  ++size_;
}

void ConnectionPool::close_tls() {
  for (auto& [destination, connections] : idle_) {
    size_ -= std::erase_if(connections, [](const std::unique_ptr<ClientConnection>& connection) { return connection->stream.is_tls(); });
  }
}

void ConnectionPool::close() {
  closed_ = true;
  idle_.clear();
  size_ = 0;
  next_sweep_.lift();
}

/// Looking at all of them now and then costs a call nothing; a read that waits on each would cost every call one more
/// event. Correctness does not hang on it: `take` looks again.
void ConnectionPool::sweep() {
  const auto now = async::Clock::now();
  for (auto destination = idle_.begin(); destination != idle_.end();) {
    size_ -= std::erase_if(destination->second, [&](const std::unique_ptr<ClientConnection>& connection) {
      return now - connection->idle_since >= limits_.idle_timeout || !connection->stream.is_quiet();
    });
    destination = destination->second.empty() ? idle_.erase(destination) : std::next(destination);
  }
  if (size_ > 0) next_sweep_.set(now + limits_.idle_check);
}

}  // namespace escrow::transport
