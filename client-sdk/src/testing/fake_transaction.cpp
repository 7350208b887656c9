#include "client-sdk/src/testing/fake_transaction.hpp"

#include <algorithm>
#include <utility>

#include "protocol/json_writer.hpp"

namespace escrow::testing {
namespace {

using protocol::json_string;

/// Time stands still in a fake.
constexpr const char* the_time = "\"2026-01-05T10:00:00.000Z\"";

std::string optional_string(const std::optional<std::string>& text) { return text ? json_string(*text) : "null"; }

std::string operation_json(const FakeOperation& operation) {
  return "{\"state\":" + json_string(protocol::to_string(operation.state)) + ",\"attempts\":" + std::to_string(operation.attempts) +
         ",\"url\":" + (operation.url.empty() ? "null" : json_string(operation.url)) + ",\"output\":" + operation.output.value_or("null") +
         ",\"last_error\":" + optional_string(operation.last_error) +
         ",\"next_attempt_at\":null,\"finished_at\":" + (protocol::is_settled(operation.state) ? the_time : "null") + "}";
}

template <class List, class Write>
std::string joined(const List& list, Write write) {
  std::string out;
  for (const auto& each : list) {
    const std::string text = write(each);
    if (text.empty()) continue;
    if (!out.empty()) out += ',';
    out += text;
  }
  return out;
}

std::string branch_json(const FakeBranch& branch) {
  return "{\"id\":" + json_string(branch.request.id.text()) + ",\"kind\":" + json_string(protocol::to_string(branch.request.kind)) +
         ",\"after\":[" + joined(branch.request.after, [](const auto& id) { return json_string(id.text()); }) +
         "],\"pivot\":" + (branch.request.pivot ? "true" : "false") + ",\"payload\":" + branch.request.payload.value_or("null") +
         ",\"operations\":{" +
         joined(
             branch.operations,
             [](const auto& entry) { return json_string(protocol::to_string(entry.second.name)) + ":" + operation_json(entry.second); }) +
         "}}";
}

std::string attention_json(const std::string& branch, const FakeOperation& operation) {
  if (!operation.attention) return {};
  return std::string("{\"since\":") + the_time + ",\"branch\":" + (branch.empty() ? "null" : json_string(branch)) +
         ",\"operation\":" + json_string(protocol::to_string(operation.name)) + ",\"reason\":" + optional_string(operation.last_error) +
         "}";
}

}  // namespace

FakeTransaction::FakeTransaction(protocol::StartRequest started) : request(std::move(started)) {
  const auto first = std::exchange(request.branches, {});
  for (const auto& branch : first) add(branch);
  if (request.check) {
    check.name = protocol::OperationName::check;
    check.url = *request.check;
  }
  if (request.mode == protocol::Mode::message && !request.interactive) status = protocol::Status::committing;
}

void FakeTransaction::add(const protocol::BranchRequest& branch) {
  request.branches.push_back(branch);
  FakeBranch added;
  added.request = branch;
  for (const protocol::Role role : protocol::all_roles) {
    const auto name = protocol::operation_name(branch.kind, role);
    const bool is_forward = role == protocol::Role::forward;
    if (!name || (branch.url(role).empty() && !is_forward)) continue;
    FakeOperation operation;
    operation.name = *name;
    operation.url = branch.url(role);
    added.operations.emplace(role, std::move(operation));
  }
  // The initiator makes that call, seen by nobody here.
  if (request.interactive) added.may_have_acted = true;
  branches.push_back(std::move(added));
}

FakeBranch* FakeTransaction::find(const std::string& id) {
  const auto found = std::ranges::find_if(branches, [&id](const FakeBranch& branch) { return branch.request.id.text() == id; });
  return found == branches.end() ? nullptr : &*found;
}

void FakeTransaction::abort(protocol::AbortCode code, const std::string& branch, const std::string& detail) {
  status = protocol::Status::aborting;
  abort_code = code;
  abort_branch = branch;
  abort_detail = detail;
}

std::string FakeTransaction::to_json() const {
  const bool aborts = status == protocol::Status::aborting || status == protocol::Status::aborted;
  const std::string reason = !aborts ? "null"
                                     : "{\"code\":" + json_string(protocol::to_string(abort_code)) +
                                           ",\"branch\":" + (abort_branch.empty() ? "null" : json_string(abort_branch)) +
                                           ",\"detail\":" + json_string(abort_detail) + "}";
  std::string attention = joined(branches, [](const FakeBranch& branch) {
    return joined(branch.operations, [&branch](const auto& entry) { return attention_json(branch.request.id.text(), entry.second); });
  });
  if (const auto of_check = attention_json({}, check); !of_check.empty()) attention += (attention.empty() ? "" : ",") + of_check;
  return "{\"gid\":" + json_string(request.gid.text()) + ",\"mode\":" + json_string(protocol::to_string(request.mode)) +
         ",\"name\":" + optional_string(request.name) + ",\"status\":" + json_string(protocol::to_string(status)) +
         ",\"interactive\":" + (request.interactive ? "true" : "false") + ",\"order\":" + json_string(protocol::to_string(request.order)) +
         ",\"started_at\":" + the_time + ",\"updated_at\":" + the_time +
         ",\"finished_at\":" + (protocol::is_terminal(status) ? the_time : "null") + ",\"deadline_at\":null,\"abort_reason\":" + reason +
         ",\"attention\":[" + attention + "],\"attributes\":{" +
         joined(request.attributes, [](const auto& entry) { return json_string(entry.first) + ":" + json_string(entry.second); }) +
         "},\"check\":" + (request.check ? operation_json(check) : "null") + ",\"branches\":[" + joined(branches, branch_json) + "]}";
}

}  // namespace escrow::testing
