#include "protocol/start_request.hpp"

#include <algorithm>
#include <set>

#include "protocol/json_reader.hpp"
#include "protocol/json_writer.hpp"

namespace escrow::protocol {
namespace {

/// Collects the pointers of members that differ.
class Comparison {
 public:
  explicit Comparison(std::string base = {}) : base_(std::move(base)) {}

  template <class Value>
  void compare(std::string_view member, const Value& left, const Value& right) {
    if (!(left == right)) add(member);
  }
  void add(std::string_view member) { pointers_.push_back(base_ + "/" + std::string(member)); }
  [[nodiscard]] std::vector<std::string> take() && { return std::move(pointers_); }

 private:
  std::string base_;
  std::vector<std::string> pointers_;
};

void compare_retry(Comparison& out, const RetryPolicy& left, const RetryPolicy& right) {
  out.compare("retry/initial_ms", left.initial_ms, right.initial_ms);
  out.compare("retry/max_ms", left.max_ms, right.max_ms);
  out.compare("retry/multiplier", left.multiplier, right.multiplier);
  out.compare("retry/jitter", left.jitter, right.jitter);
  out.compare("retry/max_attempts", left.max_attempts, right.max_attempts);
}

void compare_attributes(Comparison& out, const std::map<std::string, std::string>& left, const std::map<std::string, std::string>& right) {
  std::set<std::string> keys;
  for (const auto& [key, value] : left) keys.insert(key);
  for (const auto& [key, value] : right) keys.insert(key);
  for (const std::string& key : keys) {
    const auto one = left.find(key);
    const auto other = right.find(key);
    const bool same = one != left.end() && other != right.end() && one->second == other->second;
    if (!same) out.add("attributes/" + key);  // keys are names: nothing to escape
  }
}

bool same_payload(const std::optional<std::string>& left, const std::optional<std::string>& right) {
  if (left == right) return true;  // the usual case, without reading either
  return left && right && canonical_json(*left) == canonical_json(*right);
}

/// What a branch has of its own, retry and time limit apart: those may come from the transaction.
void compare_branch(Comparison& out, const BranchRequest& left, const BranchRequest& right) {
  out.compare("id", left.id, right.id);
  if (left.kind != right.kind) {
    out.add("kind");
  } else {
    for (const Role role : all_roles) {
      if (const auto name = operation_name(left.kind, role)) out.compare(to_string(*name), left.url(role), right.url(role));
    }
  }
  if (!same_payload(left.payload, right.payload)) out.add("payload");
  if (left.has_after != right.has_after || left.after != right.after) out.add("after");
  out.compare("pivot", left.pivot, right.pivot);
}

}  // namespace

std::vector<std::string> differences(const BranchRequest& recorded, const BranchRequest& repeated) {
  Comparison out;
  compare_branch(out, recorded, repeated);
  compare_retry(out, recorded.retry, repeated.retry);
  out.compare("request_timeout_ms", recorded.request_timeout_ms, repeated.request_timeout_ms);
  return std::move(out).take();
}

std::vector<std::string> differences(const StartRequest& recorded, const StartRequest& repeated) {
  Comparison out;
  out.compare("gid", recorded.gid, repeated.gid);
  out.compare("mode", recorded.mode, repeated.mode);
  out.compare("name", recorded.name, repeated.name);
  compare_attributes(out, recorded.attributes, repeated.attributes);
  if (recorded.order != Order::graph && repeated.order != Order::graph) out.compare("order", recorded.order, repeated.order);
  out.compare("interactive", recorded.interactive, repeated.interactive);
  out.compare("timeout_ms", recorded.timeout_ms, repeated.timeout_ms);
  compare_retry(out, recorded.retry, repeated.retry);
  out.compare("request_timeout_ms", recorded.request_timeout_ms, repeated.request_timeout_ms);
  out.compare("attention_after", recorded.attention_after, repeated.attention_after);
  out.compare("check", recorded.check, repeated.check);
  out.compare("check_after_ms", recorded.check_after_ms, repeated.check_after_ms);
  std::vector<std::string> pointers = std::move(out).take();

  if (recorded.branches.size() != repeated.branches.size()) {
    pointers.emplace_back("/branches");
    return pointers;
  }
  for (std::size_t i = 0; i < recorded.branches.size(); ++i) {
    const BranchRequest& left = recorded.branches[i];
    const BranchRequest& right = repeated.branches[i];
    Comparison branch("/branches/" + std::to_string(i));
    compare_branch(branch, left, right);
    // A default of the transaction that differs is told once, not again for every branch that inherits it.
    const bool inherits = left.retry == recorded.retry && right.retry == repeated.retry;
    if (!inherits) compare_retry(branch, left.retry, right.retry);
    const bool inherits_timeout =
        left.request_timeout_ms == recorded.request_timeout_ms && right.request_timeout_ms == repeated.request_timeout_ms;
    if (!inherits_timeout) branch.compare("request_timeout_ms", left.request_timeout_ms, right.request_timeout_ms);
    std::ranges::move(std::move(branch).take(), std::back_inserter(pointers));
  }
  return pointers;
}

}  // namespace escrow::protocol
