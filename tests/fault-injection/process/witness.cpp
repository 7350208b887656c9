#include "tests/fault-injection/process/witness.hpp"

#include <ctime>

namespace escrow::processes {

std::int64_t now_ns() {
  timespec time{};
  ::clock_gettime(CLOCK_REALTIME, &time);
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

std::uint64_t Witness::ask(int transaction, sim::Ask what, sim::BranchSet branches, protocol::OperationName operation) {
  const std::lock_guard lock(mutex_);
  AskedNote note;
  note.at_ns = now_ns();
  note.asked.token = ++last_token_;
  note.asked.transaction = transaction;
  note.asked.what = what;
  note.asked.branches = branches;
  note.asked.operation = operation;
  asked_.push_back(note);
  return last_token_;
}

void Witness::tell(std::uint64_t token, int transaction, sim::Ask what, std::optional<protocol::ProblemCode> problem, bool created,
                   std::optional<protocol::Status> status) {
  const std::lock_guard lock(mutex_);
  ToldNote note;
  note.at_ns = now_ns();
  note.told.token = token;
  note.told.transaction = transaction;
  note.told.what = what;
  note.told.problem = problem;
  note.told.created = created;
  note.status = status;
  told_.push_back(std::move(note));
}

std::vector<AskedNote> Witness::asked() const {
  const std::lock_guard lock(mutex_);
  return asked_;
}

std::vector<ToldNote> Witness::told() const {
  const std::lock_guard lock(mutex_);
  return told_;
}

}  // namespace escrow::processes
