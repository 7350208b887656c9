#include <algorithm>

#include "tests/fault-injection/oracles/oracles.hpp"

namespace escrow::oracles {
namespace {

class Judge {
 public:
  Judge(const Case& one, Violations& violations) : case_(one), violations_(violations) {}

  void hear(const sim::Told& told) {
    if (told.problem) return;
    if (case_.final == nullptr) return complain("an answer was given, and the log knows nothing of it");
    const Status status = case_.final->status;
    const bool commits = status == Status::committing || status == Status::committed;
    const bool aborts = status == Status::aborting || status == Status::aborted;
    if (told.what == sim::Ask::commit && !commits) complain("a commit was acknowledged");
    if (told.what == sim::Ask::abort && !aborts) complain("an abort was acknowledged");
    if (told.what == sim::Ask::register_branches) registered(*case_.question(told.token));
    if (told.value) outcome(told.value->status, commits, aborts);
  }

 private:
  void registered(const sim::Asked& asked) {
    asked.branches.for_each([this](int branch) {
      const bool is_there = std::ranges::any_of(
          case_.final->branches, [&](const core::Branch& other) { return sim::ordinal_of(other.request->id.text()) == branch; });
      if (!is_there) complain("the registration of b" + std::to_string(branch) + " was acknowledged, and it is not there");
    });
  }
  void outcome(Status told, bool commits, bool aborts) {
    const bool told_commit = told == Status::committing || told == Status::committed;
    const bool told_abort = told == Status::aborting || told == Status::aborted;
    if ((told_commit && !commits) || (told_abort && !aborts)) complain("told " + std::string(protocol::to_string(told)));
  }
  void complain(const std::string& what) {
    violations_.push_back(
        {"S9", case_.transaction,
         what + "; in the end it is " + (case_.final == nullptr ? "unknown" : std::string(protocol::to_string(case_.final->status)))});
  }

  const Case& case_;
  Violations& violations_;
};

}  // namespace

void s9_acknowledged_is_kept(const Evidence& evidence, Violations& violations) {
  for (const Case& one : evidence.cases()) {
    Judge judge(one, violations);
    for (const sim::Told* told : one.told) judge.hear(*told);
  }
}

}  // namespace escrow::oracles
