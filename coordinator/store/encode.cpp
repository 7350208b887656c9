#include <string>
#include <string_view>

#include "coordinator/store/codec.hpp"
#include "coordinator/store/log.hpp"
#include "coordinator/store/object_writer.hpp"
#include "protocol/assert.hpp"
#include "protocol/json_writer.hpp"
#include "protocol/planted_bug.hpp"

namespace escrow::store {
namespace {

using core::Operation;
using core::Transaction;
using protocol::Role;

void append_operation(std::string& out, const Operation& operation) {
  ObjectWriter object(out);
  object.text("state", to_string(operation.state));
  object.number_unless_0("attempts", operation.attempts);
  object.number_unless_0("counted_attempts", operation.counted_attempts);
  object.number_unless_0("fruitless", operation.fruitless);
  object.number_unless_0("equal_failures", operation.equal_failures);
  object.flag("maybe_done", operation.maybe_done && !ESCROW_PLANTED(log_forgets_unknown_attempts));
  object.flag("resolved", operation.resolved);
  object.time("next_attempt_at_ms", operation.next_attempt_at);
  object.time("attention_at_ms", operation.attention_at);
  object.time("finished_at_ms", operation.finished_at);
  object.optional_text("last_error", operation.last_error);
  if (operation.output) object.number("output_revision", operation.output_revision);
  if (operation.attention) {
    ObjectWriter attention(object.key("attention"));
    attention.number("since_ms", core::to_ms(operation.attention->since));
    attention.text("reason", operation.attention->reason);
    attention.end();
  }
  object.end();
}

std::string state_of(const Transaction& transaction) {
  std::string out;
  out.reserve(128 + 96 * transaction.branches.size());
  ObjectWriter state(out);
  state.text("order", to_string(transaction.order));
  state.time("deadline_at_ms", transaction.deadline_at);
  state.flag("pivot_reached", transaction.pivot_reached && !ESCROW_PLANTED(log_forgets_the_pivot));
  if (transaction.abort_reason) {
    ObjectWriter reason(state.key("abort_reason"));
    reason.text("code", to_string(transaction.abort_reason->code));
    if (transaction.abort_reason->branch) reason.text("branch", transaction.abort_reason->branch->text());
    reason.text("detail", transaction.abort_reason->detail);
    reason.end();
  }
  if (transaction.check) append_operation(state.key("check"), *transaction.check);
  std::string& branches = state.key("branches");
  branches.push_back('[');
  for (std::size_t i = 0; i < transaction.branches.size(); ++i) {
    const auto& branch = transaction.branches[i];
    if (i > 0) branches.push_back(',');
    ObjectWriter object(branches);
    object.number("registered_revision", branch.registered_revision);
    if (branch.forward) append_operation(object.key("forward"), *branch.forward);
    if (branch.confirm) append_operation(object.key("confirm"), *branch.confirm);
    if (branch.undo) append_operation(object.key("undo"), *branch.undo);
    object.end();
  }
  branches.push_back(']');
  state.end();
  return out;
}

void append_retry(std::string& out, const protocol::RetryPolicy& retry) {
  ObjectWriter object(out);
  object.number("initial_ms", retry.initial_ms);
  object.number("max_ms", retry.max_ms);
  object.real("multiplier", retry.multiplier);
  object.real("jitter", retry.jitter);
  object.number("max_attempts", retry.max_attempts);
  object.end();
}

/// An array of pairs, not an object: their order and repetitions count.
void append_headers(ObjectWriter& object, const std::vector<protocol::HeaderField>& headers) {
  if (headers.empty()) return;
  std::string& out = object.key("headers");
  char separator = '[';
  for (const auto& header : headers) {
    out.push_back(separator);
    separator = ',';
    out.push_back('[');
    protocol::append_json_string(out, header.name);
    out.push_back(',');
    protocol::append_json_string(out, header.value);
    out.push_back(']');
  }
  out.push_back(']');
}

std::string request_of(const Transaction& transaction) {
  const auto& request = *transaction.request;
  std::string out;
  out.reserve(512);
  ObjectWriter object(out);
  object.text("gid", request.gid.text());
  object.text("mode", to_string(request.mode));
  object.optional_text("name", request.name);
  if (!request.attributes.empty()) {
    std::string& attributes = object.key("attributes");
    char separator = '{';
    for (const auto& [name, value] : request.attributes) {
      attributes.push_back(separator);
      separator = ',';
      protocol::append_json_string(attributes, name);
      attributes.push_back(':');
      protocol::append_json_string(attributes, value);
    }
    attributes.push_back('}');
  }
  object.text("order", to_string(request.order));
  object.flag("interactive", request.interactive);
  object.number("timeout_ms", request.timeout_ms);
  append_retry(object.key("retry"), request.retry);
  object.number("request_timeout_ms", request.request_timeout_ms);
  object.number("attention_after", request.attention_after);
  append_headers(object, request.headers);
  object.optional_text("check", request.check);
  object.number("check_after_ms", request.check_after_ms);
  // How many of the transaction's branches, from the first, came with the start.
  object.number("branches", static_cast<std::int64_t>(request.branches.size()));
  if (!transaction.trace.traceparent.empty()) object.text("traceparent", transaction.trace.traceparent);
  if (!transaction.trace.tracestate.empty()) object.text("tracestate", transaction.trace.tracestate);
  object.end();
  return out;
}

std::string request_of(const core::Branch& branch) {
  const auto& request = *branch.request;
  std::string out;
  out.reserve(384);
  ObjectWriter object(out);
  object.text("id", request.id.text());
  object.text("kind", to_string(request.kind));
  if (!request.forward_url.empty()) object.text("forward", request.forward_url);
  if (!request.confirm_url.empty()) object.text("confirm", request.confirm_url);
  if (!request.undo_url.empty()) object.text("undo", request.undo_url);
  if (request.has_after) {
    std::string& after = object.key("after");
    after.push_back('[');
    for (std::size_t i = 0; i < request.after.size(); ++i) {
      if (i > 0) after.push_back(',');
      protocol::append_json_string(after, request.after[i].text());
    }
    after.push_back(']');
  }
  object.flag("pivot", request.pivot);
  append_retry(object.key("retry"), request.retry);
  object.number("request_timeout_ms", request.request_timeout_ms);
  append_headers(object, request.headers);
  if (!branch.predecessors.empty() && !ESCROW_PLANTED(log_forgets_the_order)) {
    std::string& predecessors = object.key("predecessors");
    char separator = '[';
    for (const std::uint32_t index : branch.predecessors) {
      predecessors.push_back(separator);
      separator = ',';
      predecessors.append(std::to_string(index));
    }
    predecessors.push_back(']');
  }
  object.end();
  return out;
}

bool stands_in_attention(const Transaction& transaction) {
  // What has ended needs nobody's attention any more.
  if (transaction.is_terminal()) return false;
  const auto raised = [](const std::optional<Operation>& operation) { return operation && operation->attention; };
  if (raised(transaction.check)) return true;
  for (const auto& branch : transaction.branches) {
    if (raised(branch.forward) || raised(branch.confirm) || raised(branch.undo)) return true;
  }
  return false;
}

void append_new_outputs(Write& write, const Transaction& transaction) {
  const auto add = [&](core::OperationRef ref, const std::optional<Operation>& operation) {
    if (operation && operation->output && operation->output_revision == transaction.revision) {
      write.outputs.push_back({ref, *operation->output});
    }
  };
  add({0, Role::check}, transaction.check);
  for (std::uint32_t i = 0; i < transaction.branches.size(); ++i) {
    const auto& branch = transaction.branches[i];
    add({i, Role::forward}, branch.forward);
    add({i, Role::confirm}, branch.confirm);
    add({i, Role::undo}, branch.undo);
  }
}

}  // namespace

Write encode_write(const Transaction& transaction, std::optional<core::Time> due_at, std::vector<core::HistoryEvent> history) {
  ESCROW_ASSERT(transaction.revision > 0);
  Write write;
  write.gid = transaction.gid();
  write.expected_revision = transaction.revision - 1;
  write.state = state_of(transaction);
  write.status = transaction.status;
  // Nothing is ever due of what has ended.
  if (due_at && !transaction.is_terminal()) write.due_at_ms = core::to_ms(*due_at);
  write.started_at_ms = core::to_ms(transaction.started_at);
  write.updated_at_ms = core::to_ms(transaction.updated_at);
  if (transaction.finished_at) write.finished_at_ms = core::to_ms(*transaction.finished_at);
  write.attention = stands_in_attention(transaction);
  write.mode = transaction.request->mode;
  write.name = transaction.request->name;
  if (write.expected_revision == 0) {
    write.request = request_of(transaction);
    write.attributes = transaction.request->attributes;
  }
  for (std::uint32_t i = 0; i < transaction.branches.size(); ++i) {
    const auto& branch = transaction.branches[i];
    if (branch.registered_revision != transaction.revision) continue;
    write.branches.push_back({i, request_of(branch), branch.request->payload});
  }
  append_new_outputs(write, transaction);
  write.history = std::move(history);
  return write;
}

}  // namespace escrow::store
