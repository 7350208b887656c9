#include "tests/fault-injection/sim/history.hpp"

#include <algorithm>

namespace escrow::sim {
namespace {

void mix_into(std::uint64_t& hash, std::uint64_t value) { hash = mixed(hash, value); }
void mix_into(std::uint64_t& hash, std::string_view text) {
  for (const char c : text) mix_into(hash, static_cast<unsigned char>(c));
}
void mix_stamp(std::uint64_t& hash, const Stamp& stamp, int transaction, std::uint64_t kind) {
  mix_into(hash, stamp.seq);
  mix_into(hash, static_cast<std::uint64_t>(core::to_ms(stamp.at)));
  mix_into(hash, static_cast<std::uint64_t>(transaction + 1) << 8U | kind);
}
std::uint64_t number(auto value) { return static_cast<std::uint64_t>(value); }

void mix_value(std::uint64_t& hash, const core::Transaction& value) {
  mix_into(hash, number(value.revision));
  mix_into(hash, number(value.status));
  for (const core::Branch& branch : value.branches) {
    for (const auto role : protocol::all_roles) {
      const auto* operation = branch.operation(role);
      if (operation == nullptr) continue;
      mix_into(hash, number(operation->state) << 8U | number(operation->maybe_done));
      mix_into(hash, number(operation->attempts));
    }
  }
}

}  // namespace

std::uint64_t content_of(const protocol::StartRequest& request) { return mixed(number(request.timeout_ms) + 1); }

std::uint64_t content_of(const protocol::BranchRequest& branch) {
  std::uint64_t hash = 1;
  mix_into(hash, branch.payload.value_or(""));
  return hash;
}

std::uint64_t content_of(const BranchSet& branches, const std::vector<std::uint64_t>& contents) {
  std::uint64_t hash = 1;
  branches.for_each([&](int branch) { mix_into(hash, branch < 0 || number(branch) >= contents.size() ? 0 : contents[number(branch)]); });
  return hash;
}

std::uint64_t hash_of(const History& history) {
  std::uint64_t hash = 1;
  for (const Sent& sent : history.sent) {
    mix_stamp(hash, sent, sent.transaction, 1);
    mix_into(hash, number(sent.branch + 1) << 32U | number(sent.operation) << 16U | number(sent.attempt));
    mix_into(hash, sent.fingerprint);
    mix_into(hash, number(sent.run));
  }
  for (const Ended& ended : history.ended) {
    mix_stamp(hash, ended, ended.transaction, 2);
    mix_into(hash, ended.call << 16U | ended.status);
    mix_into(hash, number(ended.outcome));
  }
  for (const Committed& committed : history.committed) {
    mix_stamp(hash, committed, committed.transaction, 3);
    mix_into(hash, number(committed.branch + 1) << 32U | number(committed.operation) << 16U | number(committed.what));
    mix_into(hash, number(committed.posting.available) << 32U ^ number(committed.posting.reserved));
  }
  for (const Written& written : history.written) {
    mix_stamp(hash, written, written.transaction, 4);
    mix_into(hash, number(written.run));
    mix_value(hash, *written.value);
  }
  for (const Asked& asked : history.asked) {
    mix_stamp(hash, asked, asked.transaction, 5);
    mix_into(hash, number(asked.what) << 1U | number(asked.taken));
    mix_into(hash, asked.content);
  }
  for (const Told& told : history.told) {
    mix_stamp(hash, told, told.transaction, 6);
    if (told.value) mix_value(hash, *told.value);
    mix_into(hash, told.problem ? number(*told.problem) + 1 : 0);
    mix_into(hash, number(told.created));
  }
  for (const Life& life : history.life) {
    mix_stamp(hash, life, life.transaction, 7);
    mix_into(hash, number(life.what));
  }
  for (const BarrierRow& row : history.rows) {
    mix_into(hash, row.operation);
    mix_into(hash, row.cause);
    mix_into(hash, row.outcome);
  }
  mix_into(hash, history.end.steps);
  return hash;
}

}  // namespace escrow::sim
