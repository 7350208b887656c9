#include "protocol/body_reader.hpp"

#include <algorithm>
#include <iterator>

#include "protocol/json_writer.hpp"
#include "protocol/start_request_json.hpp"
#include "protocol/utf8.hpp"

namespace escrow::protocol {

void FaultList::add(std::string pointer, std::string detail) {
  ++count_;
  if (kept_.size() < fault_limit) kept_.push_back({std::move(pointer), std::move(detail)});
}

void FaultList::add(std::vector<Fault> faults) {
  for (Fault& fault : faults) add(std::move(fault.pointer), std::move(fault.detail));
}

std::string FaultList::summary() const {
  if (count_ == 1) return "the request has a fault";
  std::string out = "the request has " + std::to_string(count_) + " faults";
  if (count_ > kept_.size()) out += "; the first " + std::to_string(kept_.size()) + " are listed";
  return out;
}

BodyReader::BodyReader(JsonValue value, std::string pointer, FaultList& faults) : pointer_(std::move(pointer)), faults_(faults) {
  if (!value.is(JsonType::object)) {
    is_object_ = false;
    faults_.add(pointer_, "must be an object");
    return;
  }
  auto members = value.members();
  members_.reserve(members.size());
  for (JsonMember& member : members) members_.push_back({std::move(member)});
}

std::string BodyReader::pointer_to(std::string_view name) const {
  std::string out = pointer_;
  append_pointer(out, name);
  return out;
}

bool BodyReader::has(std::string_view name) const {
  return std::ranges::any_of(members_, [name](const Member& entry) { return entry.member.name == name; });
}

std::optional<JsonValue> BodyReader::take(std::string_view name) {
  const auto found = std::ranges::find_if(members_, [name](const Member& entry) { return entry.member.name == name; });
  if (found == members_.end()) return std::nullopt;
  found->taken = true;
  return found->member.value;
}

std::optional<bool> BodyReader::read_bool(std::string_view name) {
  const auto value = take(name);
  if (!value) return std::nullopt;
  if (!value->is(JsonType::boolean)) {
    fault(name, "must be true or false");
    return std::nullopt;
  }
  return value->is_true();
}

std::optional<std::int64_t> BodyReader::read_integer(std::string_view name, Range range) {
  const auto value = take(name);
  if (!value) return std::nullopt;
  const auto number = value->integer();
  if (!number || *number < range.least || *number > range.most) {
    fault(name, "must be an integer from " + std::to_string(range.least) + " to " + std::to_string(range.most));
    return std::nullopt;
  }
  return number;
}

std::optional<double> BodyReader::read_real(std::string_view name, double least, std::optional<double> most) {
  const auto value = take(name);
  if (!value) return std::nullopt;
  const auto number = value->real();
  if (!number || *number < least || (most && *number > *most)) {
    std::string detail = "must be a number of at least " + std::to_string(static_cast<int>(least));
    if (most) detail += " and at most " + std::to_string(static_cast<int>(*most));
    fault(name, std::move(detail));
    return std::nullopt;
  }
  return number;
}

std::optional<std::string> BodyReader::read_string(std::string_view name) {
  const auto value = take(name);
  if (!value) return std::nullopt;
  if (!value->is(JsonType::string)) {
    fault(name, "must be a string");
    return std::nullopt;
  }
  return value->string();
}

std::optional<std::string> BodyReader::read_text(std::string_view name, std::size_t limit) {
  auto text = read_string(name);
  if (!text) return std::nullopt;
  if (auto wrong = text_fault(*text, limit)) {
    fault(name, std::move(*wrong));
    return std::nullopt;
  }
  return text;
}

void BodyReader::require(std::string_view name) {
  if (is_object_ && !has(name)) fault(name, "is required");
}

void BodyReader::refuse(std::string_view name, std::string_view reason) {
  if (take(name)) fault(name, std::string(reason));
}

void BodyReader::refuse_rest() {
  for (const Member& entry : members_) {
    if (!entry.taken) fault(entry.member.name, "unknown member");
  }
}

std::optional<std::string> text_fault(std::string_view text, std::size_t limit) {
  // Not every database keeps a NUL inside a text.
  if (text.find('\0') != std::string_view::npos) return "must not contain the character U+0000";
  if (count_characters(text) > limit) return "must not be longer than " + std::to_string(limit) + " characters";
  return std::nullopt;
}

}  // namespace escrow::protocol
