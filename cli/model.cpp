#include "cli/model.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "protocol/timestamp.hpp"

namespace escrow::cli {
namespace {

using nlohmann::json;
using protocol::Role;

std::string text_of(const json& value, const char* member) {
  const auto found = value.find(member);
  return found != value.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::optional<std::string> optional_text(const json& value, const char* member) {
  const auto found = value.find(member);
  return found != value.end() && found->is_string() ? std::optional(found->get<std::string>()) : std::nullopt;
}

std::optional<Millis> time_of(const json& value, const char* member) {
  const auto text = optional_text(value, member);
  return text ? protocol::parse_timestamp(*text) : std::nullopt;
}

/// JSON of any kind as text; nothing for null.
std::optional<std::string> json_text(const json& value, const char* member) {
  const auto found = value.find(member);
  return found != value.end() && !found->is_null() ? std::optional(found->dump()) : std::nullopt;
}

Operation operation_of(const std::string& kind, const std::string& name, const json& value) {
  Operation operation;
  operation.name = name;
  operation.state = value.at("state").get<std::string>();
  operation.attempts = value.value("attempts", std::int64_t{0});
  operation.url = text_of(value, "url");
  operation.last_error = optional_text(value, "last_error");
  operation.next_attempt_at = time_of(value, "next_attempt_at");
  operation.finished_at = time_of(value, "finished_at");
  operation.output = json_text(value, "output");
  if (name == "check") {
    operation.role = Role::check;
    return operation;
  }
  const auto branch_kind = protocol::from_string<protocol::Kind>(kind);
  const auto word = protocol::from_string<protocol::OperationName>(name);
  if (branch_kind && word) operation.role = protocol::role_of(*branch_kind, *word).value_or(Role::forward);
  return operation;
}

Branch branch_of(const json& value) {
  Branch branch;
  branch.id = value.at("id").get<std::string>();
  branch.kind = text_of(value, "kind");
  if (const auto after = value.find("after"); after != value.end()) branch.after = after->get<std::vector<std::string>>();
  branch.is_pivot = value.value("pivot", false);
  branch.payload = json_text(value, "payload");
  if (const auto operations = value.find("operations"); operations != value.end()) {
    for (const auto& [name, operation] : operations->items()) branch.operations.push_back(operation_of(branch.kind, name, operation));
  }
  // JSON objects have no order that a reader may rely on.
  std::ranges::stable_sort(branch.operations, {}, &Operation::role);
  return branch;
}

Transaction transaction_of(const json& value) {
  Transaction transaction;
  transaction.gid = value.at("gid").get<std::string>();
  transaction.status = value.at("status").get<std::string>();
  transaction.mode = text_of(value, "mode");
  transaction.name = optional_text(value, "name");
  transaction.order = text_of(value, "order");
  transaction.is_interactive = value.value("interactive", false);
  transaction.started_at = time_of(value, "started_at").value_or(0);
  transaction.updated_at = time_of(value, "updated_at").value_or(transaction.started_at);
  transaction.finished_at = time_of(value, "finished_at");
  transaction.deadline_at = time_of(value, "deadline_at");
  if (const auto reason = value.find("abort_reason"); reason != value.end() && reason->is_object()) {
    transaction.abort_reason = AbortReason{text_of(*reason, "code"), text_of(*reason, "branch"), text_of(*reason, "detail")};
  }
  if (const auto attention = value.find("attention"); attention != value.end()) {
    for (const json& one : *attention) {
      transaction.attention.push_back(
          {time_of(one, "since").value_or(0), text_of(one, "branch"), text_of(one, "operation"), text_of(one, "reason")});
    }
  }
  if (const auto attributes = value.find("attributes"); attributes != value.end()) {
    transaction.attributes = attributes->get<std::map<std::string, std::string>>();
  }
  if (const auto check = value.find("check"); check != value.end() && check->is_object()) {
    transaction.check = operation_of("", "check", *check);
  }
  if (const auto branches = value.find("branches"); branches != value.end()) {
    for (const json& branch : *branches) transaction.branches.push_back(branch_of(branch));
  }
  return transaction;
}

Event event_of(const json& value) {
  Event event;
  event.seq = value.at("seq").get<std::int64_t>();
  event.type = value.at("type").get<std::string>();
  event.at = time_of(value, "at").value_or(0);
  event.branch = text_of(value, "branch");
  event.operation = text_of(value, "operation");
  if (const auto attempt = value.find("attempt"); attempt != value.end() && attempt->is_number_integer())
    event.attempt = attempt->get<std::int64_t>();
  event.detail = optional_text(value, "detail");
  event.actor = optional_text(value, "actor");
  return event;
}

Failure not_understood(const json::exception& error) {
  return {ExitStatus::refused, std::string("the answer can't be understood: ") + error.what(), "Is this the address of an escrowd?"};
}

}  // namespace

bool Operation::is_settled() const {
  const auto word = protocol::from_string<protocol::OperationState>(state);
  return word && protocol::is_settled(*word);
}

const Operation* Branch::operation(Role role) const {
  const auto found = std::ranges::find(operations, role, &Operation::role);
  return found == operations.end() ? nullptr : &*found;
}

const Branch* Transaction::branch(const std::string& id) const {
  const auto found = std::ranges::find(branches, id, &Branch::id);
  return found == branches.end() ? nullptr : &*found;
}

std::vector<const Branch*> Transaction::predecessors(const Branch& of) const {
  std::vector<const Branch*> found;
  if (order == "graph") {
    for (const std::string& id : of.after) {
      if (const Branch* before = branch(id)) found.push_back(before);
    }
    return found;
  }
  if (order != "sequential" || of.kind == "message") return found;
  const Branch* before = nullptr;
  for (const Branch& other : branches) {
    if (other.id == of.id) break;
    if (other.kind != "message") before = &other;
  }
  if (before != nullptr) found.push_back(before);
  return found;
}

std::vector<const Branch*> Transaction::successors(const Branch& of) const {
  std::vector<const Branch*> found;
  for (const Branch& other : branches) {
    const auto before = predecessors(other);
    if (std::ranges::any_of(before, [&](const Branch* one) { return one->id == of.id; })) found.push_back(&other);
  }
  return found;
}

Outcome<Transaction> read_transaction(const json& value) {
  try {
    return transaction_of(value);
  } catch (const json::exception& error) {
    return not_understood(error);
  }
}

Outcome<Event> read_event(const json& value) {
  try {
    return event_of(value);
  } catch (const json::exception& error) {
    return not_understood(error);
  }
}

Outcome<std::vector<Transaction>> read_transactions(const json& value) {
  try {
    std::vector<Transaction> found;
    for (const json& one : value.at("transactions")) found.push_back(transaction_of(one));
    return found;
  } catch (const json::exception& error) {
    return not_understood(error);
  }
}

Outcome<std::vector<Event>> read_events(const json& value) {
  try {
    std::vector<Event> found;
    for (const json& one : value.at("events")) found.push_back(event_of(one));
    return found;
  } catch (const json::exception& error) {
    return not_understood(error);
  }
}

}  // namespace escrow::cli
