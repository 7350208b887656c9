#include "coordinator/server/transaction_json.hpp"

#include <fmt/format.h>

#include <iterator>
#include <string_view>
#include <utility>

#include "protocol/json_writer.hpp"
#include "protocol/timestamp.hpp"

namespace escrow::server {
namespace {

using core::Operation;
using core::Transaction;
using protocol::append_json_string;

/// A member's name with everything around it, as it stands in the text: `,"gid":`.
void append_time(std::string& out, std::string_view member, const std::optional<core::Time>& time) {
  out.append(member);
  if (!time) {
    out.append("null");
    return;
  }
  out.push_back('"');
  protocol::append_timestamp(out, core::to_ms(*time));
  out.push_back('"');
}

void append_text(std::string& out, std::string_view member, const std::optional<std::string>& text) {
  out.append(member);
  if (text) {
    append_json_string(out, *text);
  } else {
    out.append("null");
  }
}

/// For words of ours, which need no escapes.
void append_word(std::string& out, std::string_view member, std::string_view word) {
  out.append(member).append("\"").append(word).append("\"");
}

void append_operation(std::string& out, const Operation& operation, std::string_view url) {
  append_word(out, "{\"state\":", protocol::to_string(operation.state));
  fmt::format_to(std::back_inserter(out), ",\"attempts\":{},\"url\":", operation.attempts);
  append_json_string(out, url);
  out.append(",\"output\":").append(operation.output ? *operation.output : "null");
  append_text(out, ",\"last_error\":", operation.last_error);
  append_time(out, ",\"next_attempt_at\":", operation.next_attempt_at);
  append_time(out, ",\"finished_at\":", operation.finished_at);
  out.push_back('}');
}

void append_branch(std::string& out, const core::Branch& branch) {
  const protocol::BranchRequest& request = *branch.request;
  append_word(out, "{\"id\":", request.id.text());
  append_word(out, ",\"kind\":", protocol::to_string(request.kind));
  out.append(",\"after\":[");
  bool first = true;
  for (const protocol::BranchId& id : request.after) append_word(out, std::exchange(first, false) ? "" : ",", id.text());
  out.append(request.pivot ? "],\"pivot\":true" : "],\"pivot\":false");
  out.append(",\"payload\":").append(request.payload ? *request.payload : "null");
  out.append(",\"operations\":{");
  first = true;
  for (const protocol::Role role : protocol::all_roles) {
    const Operation* operation = branch.operation(role);
    const auto name = protocol::operation_name(request.kind, role);
    if (operation == nullptr || !name) continue;
    append_word(out, std::exchange(first, false) ? "" : ",", protocol::to_string(*name));
    out.push_back(':');
    append_operation(out, *operation, request.url(role));
  }
  out.append("}}");
}

class AttentionList {
 public:
  explicit AttentionList(std::string& out) : out_(out) {}

  void add(const Operation& operation, std::string_view branch, protocol::OperationName name) {
    if (!operation.attention) return;
    if (!std::exchange(first_, false)) out_.push_back(',');
    append_time(out_, "{\"since\":", operation.attention->since);
    out_.append(",\"branch\":");
    if (branch.empty()) {
      out_.append("null");
    } else {
      append_json_string(out_, branch);
    }
    append_word(out_, ",\"operation\":", protocol::to_string(name));
    out_.append(",\"reason\":");
    append_json_string(out_, operation.attention->reason);
    out_.push_back('}');
  }

 private:
  std::string& out_;
  bool first_ = true;
};

void append_attention(std::string& out, const Transaction& transaction) {
  out.append(",\"attention\":[");
  AttentionList list(out);
  if (transaction.check) list.add(*transaction.check, "", protocol::OperationName::check);
  for (const core::Branch& branch : transaction.branches) {
    if (!branch.request) continue;
    for (const protocol::Role role : protocol::all_roles) {
      const Operation* operation = branch.operation(role);
      const auto name = protocol::operation_name(branch.request->kind, role);
      if (operation != nullptr && name) list.add(*operation, branch.request->id.text(), *name);
    }
  }
  out.push_back(']');
}

void append_abort_reason(std::string& out, const std::optional<core::AbortReason>& reason) {
  out.append(",\"abort_reason\":");
  if (!reason) {
    out.append("null");
    return;
  }
  append_word(out, "{\"code\":", protocol::to_string(reason->code));
  append_text(out, ",\"branch\":", reason->branch ? std::optional(reason->branch->text()) : std::nullopt);
  out.append(",\"detail\":");
  append_json_string(out, reason->detail);
  out.push_back('}');
}

void append_attributes(std::string& out, const std::map<std::string, std::string>& attributes) {
  out.append(",\"attributes\":{");
  bool first = true;
  for (const auto& [key, value] : attributes) {
    if (!std::exchange(first, false)) out.push_back(',');
    append_json_string(out, key);
    out.push_back(':');
    append_json_string(out, value);
  }
  out.push_back('}');
}

/// Everything but the branches and the closing brace.
void append_head(std::string& out, const Transaction& transaction) {
  const protocol::StartRequest& request = *transaction.request;
  append_word(out, "{\"gid\":", request.gid.text());
  append_word(out, ",\"mode\":", protocol::to_string(request.mode));
  append_text(out, ",\"name\":", request.name);
  append_word(out, ",\"status\":", protocol::to_string(transaction.status));
  out.append(request.interactive ? ",\"interactive\":true" : ",\"interactive\":false");
  append_word(out, ",\"order\":", protocol::to_string(transaction.order));
  append_time(out, ",\"started_at\":", transaction.started_at);
  append_time(out, ",\"updated_at\":", transaction.updated_at);
  append_time(out, ",\"finished_at\":", transaction.finished_at);
  append_time(out, ",\"deadline_at\":", transaction.deadline_at);
  append_abort_reason(out, transaction.abort_reason);
  append_attention(out, transaction);
  append_attributes(out, request.attributes);
  out.append(",\"check\":");
  if (transaction.check && request.check) {
    append_operation(out, *transaction.check, *request.check);
  } else {
    out.append("null");
  }
}

}  // namespace

void append_transaction(std::string& out, const Transaction& transaction) {
  append_head(out, transaction);
  out.append(",\"branches\":[");
  bool first = true;
  for (const core::Branch& branch : transaction.branches) {
    if (!std::exchange(first, false)) out.push_back(',');
    append_branch(out, branch);
  }
  out.append("]}");
}

void append_summary(std::string& out, const Transaction& transaction) {
  append_head(out, transaction);
  out.push_back('}');
}

namespace {

/// Everything behind the opening brace.
void append_event_members(std::string& out, const store::StoredEvent& stored) {
  const core::HistoryEvent& event = stored.event;
  fmt::format_to(std::back_inserter(out), "\"seq\":{}", stored.seq);
  append_time(out, ",\"at\":", event.at);
  append_word(out, ",\"type\":", protocol::to_string(event.type));
  append_text(out, ",\"branch\":", event.branch ? std::optional(event.branch->text()) : std::nullopt);
  append_text(out, ",\"operation\":", event.operation ? std::optional(std::string(protocol::to_string(*event.operation))) : std::nullopt);
  out.append(",\"attempt\":").append(event.attempt ? std::to_string(*event.attempt) : "null");
  append_text(out, ",\"detail\":", event.detail);
  append_text(out, ",\"actor\":", event.actor);
  out.push_back('}');
}

}  // namespace

void append_event(std::string& out, const store::StoredEvent& event) {
  out.push_back('{');
  append_event_members(out, event);
}

void append_event_of_any(std::string& out, const store::StoredEvent& event) {
  append_word(out, "{\"gid\":", event.gid.text());
  out.push_back(',');
  append_event_members(out, event);
}

std::string list_json(const store::Page& page) {
  std::string out = "{\"transactions\":[";
  bool first = true;
  for (const Transaction& transaction : page.transactions) {
    if (!std::exchange(first, false)) out.push_back(',');
    append_summary(out, transaction);
  }
  append_text(out, "],\"next_cursor\":", page.next_cursor);
  out.push_back('}');
  return out;
}

std::string history_json(const std::vector<store::StoredEvent>& events) {
  std::string out = "{\"events\":[";
  bool first = true;
  for (const store::StoredEvent& event : events) {
    if (!std::exchange(first, false)) out.push_back(',');
    append_event(out, event);
  }
  out.append("]}");
  return out;
}

}  // namespace escrow::server
