#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "bench/floor/calls.hpp"
#include "bench/floor/log.hpp"
#include "bench/net/http_server.hpp"

namespace escrow::bench {

/// The least coordinator that does the work of the loads: start, register, call, decide, answer, with the same durable points. No
/// failures, no time limits, no history, no checks. What Escrow needs beyond it is the price of being right.
class FloorCoordinator {
 public:
  FloorCoordinator(Poller& poller, FloorLog& log) : log_(log), calls_(poller) {}

  void serve(const Message& message, const std::shared_ptr<HttpServer::Peer>& peer);

 private:
  struct Branch {
    std::string id, forward, confirm, payload;
  };
  struct Transaction {
    std::int64_t id = 0;
    std::string gid;
    bool is_interactive = false;
    std::vector<Branch> branches;
    std::size_t called = 0, answered = 0;
    std::shared_ptr<HttpServer::Peer> waiter;
  };
  using Shared = std::shared_ptr<Transaction>;

  void start(const Message& message, const std::shared_ptr<HttpServer::Peer>& peer);
  void add_branch(const Shared& transaction, const Message& message, const std::shared_ptr<HttpServer::Peer>& peer);
  void commit(const Shared& transaction, const std::shared_ptr<HttpServer::Peer>& peer);
  void call_next(const Shared& transaction);
  void confirm_all(const Shared& transaction);
  void end(const Shared& transaction);

  FloorLog& log_;
  Calls calls_;
  std::int64_t last_id_ = 0;
  std::unordered_map<std::string, Shared> transactions_;
};

}  // namespace escrow::bench
