#include <map>
#include <vector>

#include "tests/fault-injection/oracles/oracles.hpp"

namespace escrow::oracles {
namespace {

class Judge {
 public:
  Judge(const Case& one, Violations& violations) : case_(one), violations_(violations) {
    for (const sim::Asked* asked : one.asked) asked_[asked->token] = asked;
  }

  void hear(const sim::Told& told) {
    if (told.problem) return;
    if (case_.final == nullptr) return complain("an answer was given, and the log knows nothing of it");
    const Status status = case_.final->status;
    const bool commits = status == Status::committing || status == Status::committed;
    const bool aborts = status == Status::aborting || status == Status::aborted;
    if (told.what == sim::Ask::commit && !commits) complain("a commit was acknowledged");
    if (told.what == sim::Ask::abort && !aborts) complain("an abort was acknowledged");
    if (told.what == sim::Ask::register_branches) registered(*asked_.at(told.token));
    if (told.value) outcome(told.value->status, commits, aborts);
  }

 private:
  void registered(const sim::Asked& asked) {
    for (const int branch : asked.branches) {
      const auto id = protocol::BranchId::parse("b" + std::to_string(branch));
      if (!core::find_branch(*case_.final, *id))
        complain("the registration of b" + std::to_string(branch) + " was acknowledged, and it is not there");
    }
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
  std::map<std::uint64_t, const sim::Asked*> asked_;
};

}  // namespace

void s9_acknowledged_is_kept(const Evidence& evidence, Violations& violations) {
  for (const Case& one : evidence.cases) {
    Judge judge(one, violations);
    for (const sim::Told* told : one.told) judge.hear(*told);
  }
}

}  // namespace escrow::oracles
