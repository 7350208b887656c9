#include "tests/fault-injection/oracles/forged/forged.hpp"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <utility>

#include "coordinator/core/decide.hpp"

namespace escrow::oracles {

Forged::Forged(const tests::Draft& draft) {
  tests::Draft named = draft;
  value = core::begin(named.gid("t0").request(), {}, now_).transaction;
  history.end.in_time = true;
}

template <class Record>
void Forged::add(std::vector<Record>& records, Record record) {
  now_ += core::Duration(1);
  history.add(records, now_, std::move(record));
}

Forged& Forged::wait(std::int64_t ms) {
  now_ += core::Duration(ms);
  return *this;
}

Forged& Forged::write(const Edit& edit, std::int64_t run) {
  if (edit) edit(value);
  ++value.revision;
  value.run = run;
  sim::Written written;
  written.run = run;
  written.transaction = 0;
  written.value = std::make_shared<const core::Transaction>(value);
  history.log = {written.value};
  add(history.written, std::move(written));
  return *this;
}

Forged& Forged::end(Status status, OperationState rest) {
  return write([&](core::Transaction& ending) {
    ending.status = status;
    ending.finished_at = now_;
    if (status == Status::aborted && !ending.abort_reason) ending.abort_reason = core::AbortReason{};
    for (core::Branch& branch : ending.branches) {
      for (const Role role : protocol::all_roles) {
        auto* operation = branch.operation(role);
        if (operation != nullptr && !protocol::is_settled(operation->state)) operation->state = rest;
      }
    }
  });
}

Forged& Forged::call(int branch, OperationName operation, protocol::Phase phase, std::int64_t attempt, std::int64_t run) {
  sim::Sent sent;
  sent.call = history.sent.size() + 1;
  sent.run = run;
  sent.transaction = 0;
  sent.branch = branch;
  sent.operation = operation;
  sent.phase = phase;
  sent.attempt = attempt;
  add(history.sent, sent);
  return *this;
}

Forged& Forged::ended(Class outcome, unsigned status, std::optional<core::Duration> retry_after) {
  sim::Ended ended;
  ended.call = history.sent.size();
  ended.transaction = 0;
  ended.outcome = outcome;
  ended.status = status;
  ended.retry_after = retry_after;
  add(history.ended, ended);
  return *this;
}

Forged& Forged::effect(int branch, OperationName operation, sim::Posting posting) {
  journal(branch, operation, What::effect);
  history.committed.back().posting = posting;
  return *this;
}

Forged& Forged::journal(int branch, OperationName operation, What what) {
  sim::Committed committed;
  committed.transaction = 0;
  committed.branch = branch;
  committed.operation = operation;
  committed.what = what;
  add(history.committed, committed);
  return *this;
}

Forged& Forged::row(int branch, std::string_view operation, std::string_view cause, std::string_view outcome) {
  history.rows.push_back({0, 0, branch, operation, cause, outcome});
  return *this;
}

Forged& Forged::ask(Ask what, std::initializer_list<int> branches) {
  sim::Asked asked;
  asked.token = history.asked.size() + 1;
  asked.transaction = 0;
  asked.what = what;
  asked.branches = branches;
  std::vector<std::uint64_t> contents;
  for (const core::Branch& branch : value.branches) contents.push_back(sim::content_of(*branch.request));
  asked.content = what == Ask::start ? sim::content_of(*value.request) : sim::content_of(asked.branches, contents);
  add(history.asked, asked);
  return *this;
}

Forged& Forged::tell(std::uint64_t question) {
  sim::Told told;
  told.token = question == 0 ? history.asked.size() : question;
  told.transaction = 0;
  told.what = history.asked.at(told.token - 1).what;
  told.created = std::exchange(created, false);
  told.value = std::make_shared<const core::Transaction>(value);
  add(history.told, std::move(told));
  return *this;
}

Forged& Forged::refuse(protocol::ProblemCode problem, std::uint64_t question) {
  tell(question);
  history.told.back().problem = problem;
  history.told.back().value = nullptr;
  return *this;
}

Forged& Forged::life(sim::Life::What what, std::int64_t run) {
  sim::Life life;
  life.what = what;
  life.run = run;
  add(history.life, life);
  return *this;
}

Forged& Forged::calm() { return life(sim::Life::What::calm).wait(4'000); }
Forged& Forged::quiet() { return life(sim::Life::What::quiet); }

std::size_t Forged::found_by(std::string_view oracle) {
  const auto known = all();
  const auto found = std::ranges::find(known, oracle, &Oracle::id);
  Violations violations;
  found->judge(Evidence(history), violations);
  // For proved.py, which counts what each oracle has been shown.
  if (const char* file = std::getenv("ESCROW_PROVED"))
    std::ofstream(file, std::ios::app) << oracle << (violations.empty() ? " passed\n" : " found\n");
  return violations.size();
}

Forged::Edit status(Status status) {
  return [=](core::Transaction& value) { value.status = status; };
}
Forged::Edit aborting_by(protocol::AbortCode code) {
  return [=](core::Transaction& value) {
    value.status = Status::aborting;
    value.abort_reason = core::AbortReason{};
    value.abort_reason->code = code;
  };
}
}  // namespace escrow::oracles
