#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tests/fault-injection/process/kept_process.hpp"
#include "tests/fault-injection/process/plan.hpp"
#include "tests/fault-injection/process/witness.hpp"
#include "tests/support/http_client.hpp"

namespace escrow::processes {

/// Drives planned transactions to their ends, whoever dies meanwhile: a question without a whole answer is asked again, with the same
/// gid, of whichever life of the coordinator there is. Writes down what it asked and was told.
class Initiator {
 public:
  struct World {
    KeptProcess& coordinator;
    std::vector<KeptProcess*> services;
    Witness& witness;
    /// Somebody stands between it and the coordinator: what is no answer of a coordinator is none at all, and is asked for again.
    bool is_behind_proxy = false;
  };
  explicit Initiator(World world) : world_(std::move(world)) {}

  /// Returns when the coordinator has said that it is terminal. Throws std::runtime_error when that takes more than `patience`.
  ///
  /// What is refused for good behind an unknown attempt, and has no undo, is left to people by the protocol: then it is an operator, too,
  /// who says that it was refused.
  void run(const Plan& plan, std::chrono::seconds patience = std::chrono::seconds(120)) const;

 private:
  struct Question;
  testing::HttpMessage ask(const Question& question) const;
  [[nodiscard]] int try_branch(const Plan& plan, std::size_t branch) const;
  void commit_locally(const Plan& plan) const;
  void drive(const Plan& plan, std::chrono::steady_clock::time_point until) const;
  void settle_what_stands(const Plan& plan, const std::string& seen, std::chrono::steady_clock::time_point until) const;

  World world_;
};

/// All of them at once, a thread each.
void run_all(const Initiator& initiator, const std::vector<Plan>& plans);

}  // namespace escrow::processes
