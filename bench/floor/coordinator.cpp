#include "bench/floor/coordinator.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <utility>

namespace escrow::bench {
namespace {

using Json = nlohmann::json;

enum Status { active, committing, committed };

std::string answer_of(int status, const std::string& gid, const char* state) {
  const std::string body = fmt::format(R"({{"gid":"{}","status":"{}"}})", gid, state);
  return fmt::format("HTTP/1.1 {} OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{}", status, body.size(), body);
}

std::string headers_of(const std::string& gid, const std::string& branch, const char* operation) {
  return fmt::format("Escrow-Gid: {0}\r\nEscrow-Branch: {1}\r\nEscrow-Operation: {2}\r\nIdempotency-Key: {0}/{1}/{2}\r\n", gid, branch,
                     operation);
}

std::string text_of(const Json& object, const char* member) {
  const auto found = object.find(member);
  return found == object.end() ? std::string() : found->get<std::string>();
}

}  // namespace

void FloorCoordinator::serve(const Message& message, const std::shared_ptr<HttpServer::Peer>& peer) {
  constexpr std::string_view prefix = "/v1/transactions";
  std::string_view target = message.target();
  target = target.substr(0, target.find('?'));
  if (target == prefix) return start(message, peer);
  if (!target.starts_with(prefix)) return peer->answer("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
  target.remove_prefix(prefix.size() + 1);
  const std::size_t slash = target.find('/');
  const auto found = transactions_.find(std::string(target.substr(0, slash)));
  if (found == transactions_.end()) return peer->answer("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
  if (target.substr(slash) == "/branches") return add_branch(found->second, message, peer);
  commit(found->second, peer);
}

void FloorCoordinator::start(const Message& message, const std::shared_ptr<HttpServer::Peer>& peer) {
  const Json request = Json::parse(message.body);
  auto transaction = std::make_shared<Transaction>();
  transaction->id = ++last_id_;
  transaction->gid = request.at("gid").get<std::string>();
  transaction->is_interactive = request.value("interactive", false);
  if (const auto branches = request.find("branches"); branches != request.end()) {
    for (const Json& branch : *branches) {
      transaction->branches.push_back(
          {text_of(branch, "id"), text_of(branch, "action"), text_of(branch, "confirm"), branch.at("payload").dump()});
    }
  }
  transactions_.emplace(transaction->gid, transaction);
  log_.write(transaction->id, transaction->gid, active, std::string(message.body), [this, transaction, peer] {
    if (transaction->is_interactive) return peer->answer(answer_of(201, transaction->gid, "active"));
    transaction->waiter = peer;
    call_next(transaction);
  });
}

void FloorCoordinator::add_branch(const Shared& transaction, const Message& message, const std::shared_ptr<HttpServer::Peer>& peer) {
  const Json branch = Json::parse(message.body);
  transaction->branches.push_back({text_of(branch, "id"), {}, text_of(branch, "confirm"), branch.at("payload").dump()});
  log_.write(++last_id_, fmt::format("{}/{}", transaction->gid, transaction->branches.back().id), active, std::string(message.body),
             [transaction, peer] { peer->answer(answer_of(201, transaction->gid, "active")); });
}

void FloorCoordinator::commit(const Shared& transaction, const std::shared_ptr<HttpServer::Peer>& peer) {
  transaction->waiter = peer;
  log_.write(transaction->id, {}, committing, {}, [this, transaction] { confirm_all(transaction); });
}

void FloorCoordinator::call_next(const Shared& transaction) {
  const Branch& branch = transaction->branches[transaction->called++];
  calls_.post(branch.forward, headers_of(transaction->gid, branch.id, "action"), branch.payload, [this, transaction](int) {
    if (transaction->called == transaction->branches.size()) return end(transaction);
    log_.write(transaction->id, {}, active, {}, [this, transaction] { call_next(transaction); });
  });
}

void FloorCoordinator::confirm_all(const Shared& transaction) {
  for (const Branch& branch : transaction->branches) {
    calls_.post(branch.confirm, headers_of(transaction->gid, branch.id, "confirm"), branch.payload, [this, transaction](int) {
      if (++transaction->answered == transaction->branches.size()) end(transaction);
    });
  }
}

void FloorCoordinator::end(const Shared& transaction) {
  log_.write(transaction->id, {}, committed, {}, [this, transaction] {
    transaction->waiter->answer(answer_of(200, transaction->gid, "committed"));
    transactions_.erase(transaction->gid);
  });
}

}  // namespace escrow::bench
