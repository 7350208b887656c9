#include "client-sdk/src/initiator/transaction_reader.hpp"

#include <escrow/error.hpp>
#include <optional>
#include <string>
#include <utility>

namespace escrow {
namespace {

using protocol::JsonDocument;
using protocol::JsonType;
using protocol::JsonValue;

/// Thrown and caught in this file only: an answer has dozens of places where it may not be what was promised.
struct Unexpected {
  std::string what;
};

JsonValue member(const JsonValue& object, std::string_view name) {
  const auto found = object.find(name);
  if (!found) throw Unexpected{"no member " + std::string(name)};
  return *found;
}

std::string text(const JsonValue& object, std::string_view name) {
  const JsonValue value = member(object, name);
  if (!value.is(JsonType::string)) throw Unexpected{std::string(name) + " is no text"};
  return value.string();
}

/// Absent and null are the same.
std::optional<std::string> optional_text(const JsonValue& object, std::string_view name) {
  const auto value = object.find(name);
  if (!value || value->is(JsonType::null)) return std::nullopt;
  if (!value->is(JsonType::string)) throw Unexpected{std::string(name) + " is no text"};
  return value->string();
}

/// The exact bytes; JSON's null is nothing.
std::optional<std::string> optional_json(const JsonValue& object, std::string_view name) {
  const auto value = object.find(name);
  if (!value || value->is(JsonType::null)) return std::nullopt;
  return std::string(value->text());
}

std::int64_t integer(const JsonValue& object, std::string_view name) {
  const auto value = member(object, name).integer();
  if (!value) throw Unexpected{std::string(name) + " is no integer"};
  return *value;
}

template <class Word>
Word word(const JsonValue& object, std::string_view name) {
  const auto value = protocol::from_string<Word>(text(object, name));
  if (!value) throw Unexpected{std::string(name) + " is an unknown word"};
  return *value;
}

bool is_true(const JsonValue& object, std::string_view name) {
  const auto value = object.find(name);
  return value && value->is_true();
}

template <class Read>
auto read_whole(std::string_view json, Read read) -> Result<decltype(read(std::declval<const JsonValue&>()))> {
  const auto document = JsonDocument::read(json);
  if (!document) return make_error(Errc::broken_answer, "the answer is no JSON: " + document.error().detail);
  try {
    return read(document.value().root());
  } catch (const Unexpected& unexpected) {
    return make_error(Errc::broken_answer, "the answer is not a coordinator's: " + unexpected.what);
  }
}

}  // namespace

OperationView TransactionReader::read_operation(const protocol::JsonMember& member) {
  const auto name = protocol::from_string<Operation>(member.name);
  if (!name) throw Unexpected{"an unknown operation"};
  OperationView view;
  view.name_ = *name;
  view.state_ = word<OperationState>(member.value, "state");
  view.attempts_ = integer(member.value, "attempts");
  view.url_ = optional_text(member.value, "url").value_or("");
  view.output_ = optional_json(member.value, "output");
  view.last_error_ = optional_text(member.value, "last_error");
  view.next_attempt_at_ = optional_text(member.value, "next_attempt_at");
  view.finished_at_ = optional_text(member.value, "finished_at");
  return view;
}

BranchView TransactionReader::read_branch(const JsonValue& value) {
  BranchView view;
  view.id_ = text(value, "id");
  view.kind_ = word<Kind>(value, "kind");
  if (const auto after = value.find("after")) {
    for (const JsonValue& id : after->elements()) {
      if (!id.is(JsonType::string)) throw Unexpected{"after holds no id"};
      view.after_.push_back(id.string());
    }
  }
  view.pivot_ = is_true(value, "pivot");
  // A payload of null and none at all look the same from here.
  view.payload_ = optional_json(value, "payload");
  for (const auto& operation : member(value, "operations").members()) view.operations_.push_back(read_operation(operation));
  return view;
}

AbortReason TransactionReader::read_abort_reason(const JsonValue& value) {
  AbortReason reason;
  reason.code_ = word<AbortCode>(value, "code");
  reason.branch_ = optional_text(value, "branch").value_or("");
  reason.detail_ = optional_text(value, "detail").value_or("");
  return reason;
}

AttentionView TransactionReader::read_attention(const JsonValue& value) {
  AttentionView view;
  view.since_ = text(value, "since");
  view.branch_ = optional_text(value, "branch").value_or("");
  view.operation_ = text(value, "operation");
  view.reason_ = text(value, "reason");
  return view;
}

TransactionView TransactionReader::read_transaction(const JsonValue& value) {
  TransactionView view;
  view.json_ = std::string(value.text());
  view.gid_ = text(value, "gid");
  view.mode_ = word<Mode>(value, "mode");
  view.name_ = optional_text(value, "name");
  view.status_ = word<Status>(value, "status");
  view.interactive_ = is_true(value, "interactive");
  view.order_ = word<Order>(value, "order");
  view.started_at_ = text(value, "started_at");
  view.updated_at_ = text(value, "updated_at");
  view.finished_at_ = optional_text(value, "finished_at");
  view.deadline_at_ = optional_text(value, "deadline_at");
  if (const auto reason = value.find("abort_reason"); reason && !reason->is(JsonType::null))
    view.abort_reason_ = read_abort_reason(*reason);
  for (const JsonValue& attention : member(value, "attention").elements()) view.attention_.push_back(read_attention(attention));
  for (const auto& attribute : member(value, "attributes").members()) {
    if (!attribute.value.is(JsonType::string)) throw Unexpected{"an attribute is no text"};
    view.attributes_.emplace(attribute.name, attribute.value.string());
  }
  if (const auto branches = value.find("branches")) {
    for (const JsonValue& branch : branches->elements()) view.branches_.push_back(read_branch(branch));
  }
  return view;
}

EventView TransactionReader::read_event(const JsonValue& value) {
  EventView view;
  view.seq_ = integer(value, "seq");
  view.at_ = text(value, "at");
  view.type_ = text(value, "type");
  view.branch_ = optional_text(value, "branch");
  view.operation_ = optional_text(value, "operation");
  if (const auto attempt = value.find("attempt")) view.attempt_ = attempt->integer();
  view.detail_ = optional_text(value, "detail");
  view.actor_ = optional_text(value, "actor");
  return view;
}

Result<TransactionView> TransactionReader::transaction(std::string_view json) {
  return read_whole(json, [](const JsonValue& root) { return read_transaction(root); });
}

Result<TransactionPage> TransactionReader::page(std::string_view json) {
  return read_whole(json, [](const JsonValue& root) {
    TransactionPage page;
    for (const JsonValue& transaction : member(root, "transactions").elements())
      page.transactions_.push_back(read_transaction(transaction));
    page.next_cursor_ = optional_text(root, "next_cursor");
    return page;
  });
}

Result<std::vector<EventView>> TransactionReader::events(std::string_view json) {
  return read_whole(json, [](const JsonValue& root) {
    std::vector<EventView> events;
    for (const JsonValue& event : member(root, "events").elements()) events.push_back(read_event(event));
    return events;
  });
}

Result<CoordinatorInfo> TransactionReader::info(std::string_view json) {
  return read_whole(json, [](const JsonValue& root) {
    CoordinatorInfo info;
    info.version_ = text(root, "version");
    info.node_ = optional_text(root, "node").value_or("");
    info.store_id_ = text(root, "store_id");
    info.json_ = std::string(root.text());
    return info;
  });
}

}  // namespace escrow
