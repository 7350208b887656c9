#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "tests/fault-injection/sim/coordinator_host.hpp"
#include "tests/fault-injection/sim/identities.hpp"
#include "tests/fault-injection/sim/network.hpp"
#include "tests/fault-injection/sim/shape.hpp"

/// Initiators: small programs that start transactions, repeat themselves, change their minds, and die.
namespace escrow::sim {

/// What a client can reach.
struct Surroundings {
  Context& context;
  CoordinatorHost& coordinator;
  Network& network;
  std::vector<std::unique_ptr<Participant>>& participants;
};

/// Asks the coordinator until it has a definite answer: lost requests and answers are repeated with the same gid.
class Asker {
 public:
  Asker(Surroundings& around, int transaction) : around_(around), transaction_(transaction) {}

  using Body = decltype(engine::node::Request::body);
  /// Null: nothing definite came, however often it was asked.
  using Then = std::function<void(const engine::node::Answer*)>;
  void ask(Ask what, Body body, Duration wait, Then then, BranchSet branches = {},
           protocol::OperationName operation = protocol::OperationName::check);
  [[nodiscard]] int transaction() const { return transaction_; }
  [[nodiscard]] const protocol::Gid& gid() const { return gid_of(transaction_); }

 private:
  struct Question;
  void send(const std::shared_ptr<Question>& question);
  void deliver(const std::shared_ptr<Question>& question, Duration delay, bool is_copy);
  void again(const std::shared_ptr<Question>& question, Duration pause);
  void finish(const std::shared_ptr<Question>& question, const engine::node::Answer* answer);

  Surroundings& around_;
  int transaction_;
  int last_question_ = 0;
};

/// One of the branch's URLs becomes another one.
void another_url(protocol::BranchRequest& branch);

class Client {
 public:
  Client(Surroundings& around, Shape shape) : around_(around), asker_(around, shape.transaction), shape_(std::move(shape)) {}
  virtual ~Client() = default;
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  /// Begins the program; it goes on by itself.
  void begin();

 protected:
  virtual void started() = 0;

  [[nodiscard]] Identity identity(int step) const { return {.transaction = shape_.transaction, .operation = of_client + step}; }
  /// Whether it dies here: it never does anything again.
  [[nodiscard]] bool dies(int step) { return around_.context.faults.fires(Point::client_dies, identity(step)); }
  [[nodiscard]] bool happens(int step, double probability) {
    return around_.context.faults.chooses(Point::client_choice, identity(step), probability);
  }
  [[nodiscard]] Duration pause(int step, std::int64_t low_ms, std::int64_t high_ms) {
    return around_.context.pick(Point::choice, identity(step), low_ms, high_ms);
  }
  void commit();
  void abort();
  /// Somebody else, at some time, wants something.
  void race();
  void look(int times);

  Surroundings& around_;
  Asker asker_;
  Shape shape_;

 private:
  void start_again();
  void start_with_other_content();
  [[nodiscard]] std::shared_ptr<const protocol::StartRequest> other_content_than(const protocol::StartRequest& ours);
};

[[nodiscard]] std::unique_ptr<Client> make_client(Surroundings& around, Shape shape);

}  // namespace escrow::sim
