#include "bench/micro/cases.hpp"
#include "bench/micro/saga.hpp"
#include "coordinator/engine/node/node.hpp"
#include "coordinator/server/transaction_json.hpp"
#include "protocol/start_request_json.hpp"

namespace escrow::bench::micro {
namespace {

namespace node = engine::node;

/// A node whose log and participants answer at once.
class Loop {
 public:
  void run(std::size_t number) {
    node::Start start{start_request_, {}};
    node::Request request;
    request.token = ++token_;
    request.gid = *protocol::Gid::parse(gid_text(number));
    auto named = *start_request_;
    named.gid = request.gid;
    start.request = std::make_shared<const protocol::StartRequest>(std::move(named));
    request.body = std::move(start);
    request.wait_until = now_ + core::Duration(30'000);
    step(std::move(request));
    require(answered_ == token_, "the start was not answered at its end");
  }

 private:
  void step(node::Input input) {
    std::vector<node::Output> outputs;
    now_ += core::Duration(1);
    node_.step(now_, std::move(input), outputs);
    // One after another, as the driver's queue would have them: what comes back is collected first, since a wanted write points at the
    // transaction.
    std::vector<node::Input> next;
    for (auto& output : outputs) {
      if (auto* wanted = std::get_if<node::WriteWanted>(&output)) {
        next.push_back(node::WriteAnswered{wanted->transaction->gid(), {store::WriteAnswer::ok, 1, {}}});
      } else if (auto* call = std::get_if<node::CallWanted>(&output)) {
        next.push_back(node::CallEnded{call->call, succeeded(), 0.5});
      } else if (const auto* due = std::get_if<node::DueWanted>(&output)) {
        next.push_back(node::DueLoaded{store::DuePage{{}, {}, core::to_ms(due->until), std::nullopt}});
      } else if (auto* answer = std::get_if<node::Answered>(&output)) {
        require(!answer->answer.problem, "the node refused");
        answered_ = answer->token;
      }
    }
    for (auto& input_back : next) step(std::move(input_back));
  }

  std::shared_ptr<const protocol::StartRequest> start_request_ = start_request(0);
  core::Time now_ = begun_at;
  node::Node node_{node::Settings{}, 1, 0};
  std::uint64_t token_ = 0;
  std::uint64_t answered_ = 0;
};

}  // namespace

void decide_saga(std::size_t times) {
  const auto request = start_request(0);
  for (std::size_t i = 0; i < times; ++i) {
    auto begun = core::begin(request, {}, begun_at);
    drive_to_end(begun.transaction, begun.decision.history);
  }
}

void node_saga(std::size_t times) {
  Loop loop;
  for (std::size_t i = 0; i < times; ++i) loop.run(i);
}

void read_start(std::size_t times) {
  const std::string body = start_body(0);
  const auto generated = *protocol::Gid::parse(gid_text(1));
  for (std::size_t i = 0; i < times; ++i)
    require(protocol::parse_start_request(body, {}, generated).has_value(), "the start request is not valid");
}

void show_transaction(std::size_t times) {
  auto begun = core::begin(start_request(0), {}, begun_at);
  drive_to_end(begun.transaction, begun.decision.history);
  std::string out;
  for (std::size_t i = 0; i < times; ++i) {
    out.clear();
    server::append_transaction(out, begun.transaction);
    require(out.size() > 1'000, "the transaction is not shown");
  }
}

}  // namespace escrow::bench::micro
