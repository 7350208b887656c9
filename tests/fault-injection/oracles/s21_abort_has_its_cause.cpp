#include <algorithm>

#include "tests/fault-injection/oracles/oracles.hpp"

/// A transaction that aborts without need keeps every promise of atomicity, so nothing else would notice it.
namespace escrow::oracles {
namespace {

using protocol::AbortCode;
using sim::Ask;
using Class = core::Outcome::Class;

/// How far the clock of that run of the coordinator was ahead of the one that the observers have.
core::Duration ahead_in(const Evidence& evidence, std::int64_t run) {
  const auto& life = evidence.history().life;
  const auto began =
      std::ranges::find_if(life, [&](const sim::Life& one) { return one.what == sim::Life::What::started && one.run == run; });
  return began == life.end() ? core::Duration(0) : began->ahead;
}

class Judge {
 public:
  Judge(const Evidence& evidence, const Case& one, const sim::Written& write)
      : evidence_(evidence), case_(one), write_(write), reason_(*write.value->abort_reason) {
    const auto branch = reason_.branch ? core::find_branch(*write.value, *reason_.branch) : std::nullopt;
    branch_ = branch ? static_cast<int>(*branch) : -1;
  }

  /// What is missing; empty: it has its cause.
  [[nodiscard]] std::string fault() const {
    switch (reason_.code) {
      case AbortCode::timeout: return timeout();
      case AbortCode::branch_failed: return branch_ >= 0 && refused_forward() ? "" : "no forward call of that branch was refused";
      case AbortCode::attempts_exhausted: return exhausted();
      case AbortCode::check_refused: return check_refused() ? "" : "no check was answered with 409";
      case AbortCode::initiator: return is_asked({Ask::abort}) ? "" : "nobody asked for it";
      // By an abort in an operator's name, or by a word on what decides.
      case AbortCode::operator_: return is_asked({Ask::abort, Ask::resolve}) ? "" : "no operator said so";
    }
    return "it has no cause that is known";
  }

 private:
  [[nodiscard]] std::string timeout() const {
    const core::Transaction& value = *write_.value;
    if (!value.deadline_at) return "there is no deadline";
    const bool is_extended = is_asked({Ask::extend});
    if (!is_extended && *value.deadline_at != value.started_at + core::Duration(value.request->timeout_ms))
      return "the deadline is not the declared one";
    const auto left = *value.deadline_at - (write_.at + ahead_in(evidence_, write_.run));
    return left <= core::Duration(0) ? "" : std::to_string(left.count()) + " ms of its time were left";
  }
  [[nodiscard]] std::string exhausted() const {
    if (branch_ < 0) return "no branch is named";
    const auto limit = write_.value->branches[static_cast<std::size_t>(branch_)].request->retry.max_attempts;
    const auto seen = count(branch_, [](const sim::Ended& ended) { return ended.outcome == Class::unknown; });
    if (limit > 0 && seen >= limit) return "";
    return "b" + std::to_string(branch_) + " may be tried " + std::to_string(limit) + " times, and was " + std::to_string(seen) +
           " times without an answer";
  }
  [[nodiscard]] bool refused_forward() const {
    return count(branch_, [](const sim::Ended& ended) { return ended.outcome == Class::refused; }) > 0;
  }
  [[nodiscard]] bool check_refused() const {
    return count(-1, [](const sim::Ended& ended) { return ended.outcome == Class::refused && ended.status == 409; }) > 0;
  }

  /// Calls of the coordinator that had ended so by then, of the branch's forward operation or (-1) of the check.
  template <class IsSo>
  [[nodiscard]] std::int64_t count(int branch, IsSo is_so) const {
    return std::ranges::count_if(case_.ended, [&](const sim::Ended* ended) {
      const auto* sent = ended->seq < write_.seq ? case_.call(ended->call) : nullptr;
      return sent != nullptr && sent->run > 0 && sent->branch == branch && (branch < 0 || is_forward(sent->operation)) && is_so(*ended);
    });
  }
  [[nodiscard]] bool is_asked(std::initializer_list<Ask> whats) const {
    return std::ranges::any_of(case_.asked, [&](const sim::Asked* asked) {
      if (!asked->taken || asked->seq > write_.seq || std::ranges::find(whats, asked->what) == whats.end()) return false;
      return asked->what != Ask::resolve || asked->branches.contains(branch_);
    });
  }

  const Evidence& evidence_;
  const Case& case_;
  const sim::Written& write_;
  const core::AbortReason& reason_;
  /// -1: the reason names none.
  int branch_ = -1;
};

}  // namespace

void s21_abort_has_its_cause(const Evidence& evidence, Violations& violations) {
  for (const Case& one : evidence.cases()) {
    // The decision is made once; S11 judges whether it stays.
    const auto decided =
        std::ranges::find_if(one.written, [](const sim::Written* write) { return write->value->abort_reason.has_value(); });
    if (decided == one.written.end()) continue;
    const std::string fault = Judge(evidence, one, **decided).fault();
    if (fault.empty()) continue;
    const auto code = protocol::to_string((*decided)->value->abort_reason->code);
    violations.push_back({"S21", one.transaction, "aborted as " + std::string(code) + ", and " + fault});
  }
}

}  // namespace escrow::oracles
