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

/// JSON as it came, but for what is hidden.
void append_json(std::string& out, std::string_view member, const std::string* json, const PayloadMask* mask) {
  out.append(member);
  if (json == nullptr) {
    out.append("null");
  } else if (mask == nullptr) {
    out.append(*json);
  } else {
    mask->append(out, *json);
  }
}

/// A sentence that may end in words of a participant.
void append_words(std::string& out, std::string_view member, const std::optional<std::string>& text, bool hides_words) {
  append_text(out, member, text && hides_words ? std::optional(without_participants_words(*text)) : text);
}

void append_operation(std::string& out, const Operation& operation, std::string_view url, const PayloadMask* mask) {
  append_word(out, "{\"state\":", protocol::to_string(operation.state));
  fmt::format_to(std::back_inserter(out), ",\"attempts\":{},\"url\":", operation.attempts);
  append_json_string(out, url);
  append_json(out, ",\"output\":", operation.output.get(), mask);
  append_words(out, ",\"last_error\":", operation.last_error, mask != nullptr);
  append_time(out, ",\"next_attempt_at\":", operation.next_attempt_at);
  append_time(out, ",\"finished_at\":", operation.finished_at);
  out.push_back('}');
}

void append_branch(std::string& out, const core::Branch& branch, const PayloadMask* mask) {
  const protocol::BranchRequest& request = *branch.request;
  append_word(out, "{\"id\":", request.id.text());
  append_word(out, ",\"kind\":", protocol::to_string(request.kind));
  out.append(",\"after\":[");
  bool first = true;
  for (const protocol::BranchId& id : request.after) append_word(out, std::exchange(first, false) ? "" : ",", id.text());
  out.append(request.pivot ? "],\"pivot\":true" : "],\"pivot\":false");
  append_json(out, ",\"payload\":", request.payload ? &*request.payload : nullptr, mask);
  out.append(",\"operations\":{");
  first = true;
  for (const protocol::Role role : protocol::all_roles) {
    const Operation* operation = branch.operation(role);
    const auto name = protocol::operation_name(request.kind, role);
    if (operation == nullptr || !name) continue;
    append_word(out, std::exchange(first, false) ? "" : ",", protocol::to_string(*name));
    out.push_back(':');
    append_operation(out, *operation, request.url(role), mask);
  }
  out.append("}}");
}

class AttentionList {
 public:
  AttentionList(std::string& out, bool hides_words) : out_(out), hides_words_(hides_words) {}

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
    append_words(out_, ",\"reason\":", operation.attention->reason, hides_words_);
    out_.push_back('}');
  }

 private:
  std::string& out_;
  bool hides_words_;
  bool first_ = true;
};

void append_attention(std::string& out, const Transaction& transaction, bool hides_words) {
  out.append(",\"attention\":[");
  AttentionList list(out, hides_words);
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

/// Whether the reason rests on what a participant said, rather than on a person's word.
bool is_participants(protocol::AbortCode code) {
  return code == protocol::AbortCode::branch_failed || code == protocol::AbortCode::attempts_exhausted ||
         code == protocol::AbortCode::check_refused;
}

void append_abort_reason(std::string& out, const std::optional<core::AbortReason>& reason, bool hides_words) {
  out.append(",\"abort_reason\":");
  if (!reason) {
    out.append("null");
    return;
  }
  append_word(out, "{\"code\":", protocol::to_string(reason->code));
  append_text(out, ",\"branch\":", reason->branch ? std::optional(reason->branch->text()) : std::nullopt);
  append_words(out, ",\"detail\":", reason->detail, hides_words && is_participants(reason->code));
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
void append_head(std::string& out, const Transaction& transaction, const PayloadMask* mask) {
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
  append_abort_reason(out, transaction.abort_reason, mask != nullptr);
  append_attention(out, transaction, mask != nullptr);
  append_attributes(out, request.attributes);
  out.append(",\"check\":");
  if (transaction.check && request.check) {
    append_operation(out, *transaction.check, *request.check, mask);
  } else {
    out.append("null");
  }
}

}  // namespace

void append_transaction(std::string& out, const Transaction& transaction, const PayloadMask* mask) {
  append_head(out, transaction, mask);
  out.append(",\"branches\":[");
  bool first = true;
  for (const core::Branch& branch : transaction.branches) {
    if (!std::exchange(first, false)) out.push_back(',');
    append_branch(out, branch, mask);
  }
  out.append("]}");
}

void append_summary(std::string& out, const Transaction& transaction, const PayloadMask* mask) {
  append_head(out, transaction, mask);
  out.push_back('}');
}

namespace {

/// Everything behind the opening brace.
void append_event_members(std::string& out, const store::StoredEvent& stored, bool hides_words) {
  const core::HistoryEvent& event = stored.event;
  fmt::format_to(std::back_inserter(out), "\"seq\":{}", stored.seq);
  append_time(out, ",\"at\":", event.at);
  append_word(out, ",\"type\":", protocol::to_string(event.type));
  append_text(out, ",\"branch\":", event.branch ? std::optional(event.branch->text()) : std::nullopt);
  append_text(out, ",\"operation\":", event.operation ? std::optional(std::string(protocol::to_string(*event.operation))) : std::nullopt);
  out.append(",\"attempt\":").append(event.attempt ? std::to_string(*event.attempt) : "null");
  // What a person wrote has a name on it.
  append_words(out, ",\"detail\":", event.detail, hides_words && !event.actor);
  append_text(out, ",\"actor\":", event.actor);
  out.push_back('}');
}

}  // namespace

void append_event(std::string& out, const store::StoredEvent& event, bool hides_words) {
  out.push_back('{');
  append_event_members(out, event, hides_words);
}

void append_event_of_any(std::string& out, const store::StoredEvent& event, bool hides_words) {
  append_word(out, "{\"gid\":", event.gid.text());
  out.push_back(',');
  append_event_members(out, event, hides_words);
}

std::string list_json(const store::Page& page, const PayloadMask* mask) {
  std::string out = "{\"transactions\":[";
  bool first = true;
  for (const Transaction& transaction : page.transactions) {
    if (!std::exchange(first, false)) out.push_back(',');
    append_summary(out, transaction, mask);
  }
  append_text(out, "],\"next_cursor\":", page.next_cursor);
  out.push_back('}');
  return out;
}

std::string history_json(const std::vector<store::StoredEvent>& events, bool hides_words) {
  std::string out = "{\"events\":[";
  bool first = true;
  for (const store::StoredEvent& event : events) {
    if (!std::exchange(first, false)) out.push_back(',');
    append_event(out, event, hides_words);
  }
  out.append("]}");
  return out;
}

}  // namespace escrow::server
