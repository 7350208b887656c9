#include <utility>

#include "coordinator/core/event.hpp"
#include "tests/fault-injection/sim/client.hpp"

/// What initiators do after the start: nothing (driven), their own forward calls (interactive), or a local transaction (two-phase message).
namespace escrow::sim {
namespace {

using Class = core::Outcome::Class;
using engine::node::Answer;
using protocol::Kind;
using protocol::Mode;
using protocol::OperationName;
using protocol::ProblemCode;

enum Step : int { deciding = 50, registering, batching, conflicting, extending, dying };

class Driven final : public Client {
 public:
  using Client::Client;

 private:
  void started() override {
    if (happens(deciding, 0.4)) look(4);
  }
};

/// Registers branch by branch and calls each only after its registration is durable; commits when all have succeeded.
class Interactive : public Client {
 public:
  using Client::Client;

 protected:
  void started() override { go_on(0); }

  /// All branches are registered and called.
  virtual void all_done() {
    if (happens(deciding, 0.15)) return abort();
    commit();
  }

  void go_on(std::size_t index) {
    if (dies(dying)) return;
    if (index == shape_.branches.size()) return all_done();
    if (index < registered_) return call(index, 1);
    register_from(index);
  }

 private:
  void register_from(std::size_t index) {
    std::size_t end = index + 1;
    while (end < shape_.branches.size() && happens(batching, 0.3)) ++end;
    core::BranchesRegistered body;
    BranchSet which;
    for (std::size_t i = index; i < end; ++i) {
      body.branches.push_back(shape_.branches[i]);
      which.insert(static_cast<int>(i));
    }
    asker_.ask(
        Ask::register_branches, body, Duration(0),
        [this, index, end](const Answer* answer) {
          // After a refusal the forward calls must not be made.
          if (answer == nullptr || answer->problem) return;
          registered_ = std::max(registered_, end);
          if (happens(conflicting, 0.05)) register_other_content(index);
          if (happens(extending, 0.1)) extend();
          go_on(index);
        },
        which);
  }

  void register_other_content(std::size_t index) {
    auto other = std::make_shared<protocol::BranchRequest>(*shape_.branches[index]);
    switch (pause(conflicting, 0, 3).count()) {
      case 0: another_url(*other); break;
      case 1: other->request_timeout_ms += 1; break;
      case 2: other->retry.initial_ms += 1; break;
      default: other->payload = "\"other\""; break;
    }
    core::BranchesRegistered body;
    body.branches.push_back(std::move(other));
    asker_.ask(Ask::register_branches, body, Duration(0), nullptr, {static_cast<int>(index)});
  }

  void extend() {
    core::Extended body;
    body.timeout_ms = pause(extending, 1, 1500).count();
    asker_.ask(Ask::extend, body, Duration(0), nullptr);
  }

  void call(std::size_t index, std::int64_t attempt) {
    const protocol::BranchRequest& branch = *shape_.branches[index];
    const auto operation = branch.kind == Kind::tcc ? OperationName::try_ : OperationName::action;
    if (branch.kind == Kind::message) return go_on(index + 1);
    WireRequest request;
    request.service = service_of(branch, shape_.home);
    request.transaction = shape_.transaction;
    request.branch = static_cast<int>(index);
    request.operation = operation;
    request.attempt = attempt;
    const std::string_view name = protocol::to_string(operation);
    request.fingerprint =
        fingerprint_of(url_of_service(request.service, name), asker_.gid().text() + "/" + branch.id.text() + "/" + std::string(name),
                       branch.payload.value_or(""));
    around_.network.call(0, request, Duration(branch.request_timeout_ms), [this, index, attempt](const core::Outcome& outcome) {
      if (dies(dying)) return;
      if (outcome.outcome == Class::succeeded) return go_on(index + 1);
      // Refused, or never answered clearly: it must not be committed.
      if (outcome.outcome == Class::refused || attempt == 4) return abort();
      around_.context.after(pause(deciding, 5, 100), identity(deciding), [this, index, attempt] { call(index, attempt + 1); });
    });
  }

  std::size_t registered_ = shape_.given;
};

/// Records the message in its own local transaction, which decides; a check asks when it falls silent.
class TwoPhaseMessage final : public Interactive {
 public:
  using Interactive::Interactive;

 private:
  void all_done() override {
    around_.participants.at(static_cast<std::size_t>(shape_.home))
        ->commit_locally(shape_.transaction, [this](std::optional<bool> committed) {
          // It died with its database, and nobody goes on for it: the check finds out.
          if (!committed || dies(dying)) return;
          if (*committed) {
            commit();
          } else {
            abort();
          }
        });
  }
};

}  // namespace

std::unique_ptr<Client> make_client(Surroundings& around, Shape shape) {
  if (!shape.request->interactive) return std::make_unique<Driven>(around, std::move(shape));
  if (shape.request->check) return std::make_unique<TwoPhaseMessage>(around, std::move(shape));
  return std::make_unique<Interactive>(around, std::move(shape));
}

}  // namespace escrow::sim
