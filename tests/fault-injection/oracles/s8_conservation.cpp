#include <algorithm>
#include <map>
#include <utility>

#include "tests/fault-injection/oracles/oracles.hpp"

namespace escrow::oracles {
namespace {

using sim::Posting;
using What = sim::Committed::What;

bool posts(const sim::Committed& row) { return (row.what == What::effect || row.what == What::message) && row.posting.account >= 0; }

std::string account_name(int service, int account) {
  return "account " + std::to_string(account) + " of service " + std::to_string(service);
}

struct Sums {
  std::int64_t available = 0;
  std::int64_t reserved = 0;
  std::int64_t moved = 0;
};

/// What each account is, from its first balance and the journal: nothing comes from nowhere, and nothing is ever below zero.
void judge_accounts(const sim::History& history, Violations& violations) {
  std::map<std::pair<int, int>, Sums> sums;
  for (const sim::Account& account : history.accounts) sums[{account.service, account.account}].available = account.initial;
  const auto complain = [&](int transaction, std::string what) { violations.push_back({"S8", transaction, std::move(what)}); };
  for (const sim::Committed& row : history.committed) {
    if (!posts(row)) continue;
    const Posting& posting = row.posting;
    const std::string name = account_name(row.service, posting.account);
    if (posting.available + posting.reserved + posting.moved != 0) complain(row.transaction, "something came from nowhere into " + name);
    Sums& sum = sums[{row.service, posting.account}];
    sum.available += posting.available;
    sum.reserved += posting.reserved;
    if (sum.available < 0 || sum.reserved < 0) complain(row.transaction, name + " fell below zero");
  }
  for (const sim::Account& account : history.accounts) {
    const Sums& sum = sums[{account.service, account.account}];
    if (sum.available != account.balance.available || sum.reserved != account.balance.reserved)
      complain(-1, account_name(account.service, account.account) + " is not what its journal adds up to");
  }
}

/// Whether somebody else than the participants has the last word on what this branch left behind.
bool is_excused(const core::Transaction& value, int branch) {
  const core::Branch& there = value.branches[static_cast<std::size_t>(branch)];
  const bool by_hand = std::ranges::any_of(protocol::all_roles, [&](Role role) { return is_resolved(value, branch, role); });
  const bool nothing_to_undo =
      value.status == Status::aborted && there.request->kind == protocol::Kind::saga && there.request->undo_url.empty();
  return by_hand || nothing_to_undo;
}

/// At the end a committed transaction has moved what it declared, and an aborted one nothing; neither keeps anything set aside.
void judge_end(const Evidence& evidence, const Case& one, Violations& violations) {
  const core::Transaction& value = *one.final;
  for (const sim::Declared& declared : evidence.history().declared) {
    const int branch = declared.branch;
    if (declared.transaction != one.transaction || branch < 0) continue;
    if (static_cast<std::size_t>(branch) >= value.branches.size() || is_excused(value, branch)) continue;
    Sums sum;
    for (const sim::Committed* row : one.committed) {
      if (row->branch != branch || !posts(*row)) continue;
      sum.reserved += row->posting.reserved;
      sum.moved += row->posting.moved;
    }
    const std::int64_t whole = declared.movement.arrives ? -declared.movement.amount : declared.movement.amount;
    const std::int64_t expected = value.status == Status::committed ? whole : 0;
    if (sum.reserved == 0 && sum.moved == expected) continue;
    violations.push_back({"S8", one.transaction,
                          "b" + std::to_string(branch) + " moved " + std::to_string(sum.moved) + " instead of " + std::to_string(expected) +
                              " and keeps " + std::to_string(sum.reserved) + " set aside; it is " +
                              std::string(protocol::to_string(value.status))});
  }
}

}  // namespace

void s8_conservation(const Evidence& evidence, Violations& violations) {
  judge_accounts(evidence.history(), violations);
  for (const Case& one : evidence.cases()) {
    if (one.final != nullptr && one.final->is_terminal()) judge_end(evidence, one, violations);
  }
}

}  // namespace escrow::oracles
