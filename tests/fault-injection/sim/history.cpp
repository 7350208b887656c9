#include "tests/fault-injection/sim/history.hpp"

#include <algorithm>
#include <bit>

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

/// Absent is not empty, and where one text ends is part of it.
void mix_text(std::uint64_t& hash, const std::optional<std::string>& text) {
  mix_into(hash, text ? text->size() + 1 : 0);
  if (text) mix_into(hash, std::string_view(*text));
}

void mix_retry(std::uint64_t& hash, const protocol::RetryPolicy& retry) {
  for (const std::int64_t value : {retry.initial_ms, retry.max_ms, retry.max_attempts}) mix_into(hash, number(value));
  for (const double value : {retry.multiplier, retry.jitter}) mix_into(hash, std::bit_cast<std::uint64_t>(value));
}

}  // namespace

std::uint64_t content_of(const protocol::StartRequest& request) {
  std::uint64_t hash = 1;
  mix_into(hash, number(request.mode) << 16U | number(request.order) << 8U | number(request.interactive));
  mix_text(hash, request.name);
  mix_text(hash, request.check);
  for (const auto& [name, value] : request.attributes) {
    mix_text(hash, name);
    mix_text(hash, value);
  }
  for (const std::int64_t value : {request.timeout_ms, request.request_timeout_ms, request.attention_after, request.check_after_ms})
    mix_into(hash, number(value));
  mix_retry(hash, request.retry);
  for (const auto& branch : request.branches) mix_into(hash, content_of(branch));
  return hash;
}

std::uint64_t content_of(const protocol::BranchRequest& branch) {
  std::uint64_t hash = 1;
  mix_into(hash, number(branch.kind) << 8U | number(branch.pivot));
  mix_into(hash, number(branch.request_timeout_ms));
  for (const auto role : protocol::all_roles) mix_text(hash, branch.url(role));
  mix_text(hash, branch.id.text());
  mix_text(hash, branch.payload);
  for (const auto& before : branch.after) mix_text(hash, before.text());
  mix_retry(hash, branch.retry);
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
