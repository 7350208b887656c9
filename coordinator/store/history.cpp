#include "coordinator/store/history.hpp"

#include <cstdint>
#include <limits>

#include "coordinator/store/fields.hpp"
#include "coordinator/store/object_writer.hpp"
#include "protocol/words.hpp"

namespace escrow::store {
namespace {

std::optional<core::HistoryEvent> event_of(const protocol::JsonValue& value) {
  Fault fault;
  Fields fields(value.is(protocol::JsonType::object) ? std::optional(value) : std::nullopt, "event", fault);
  core::HistoryEvent event;
  const auto at_ms = fields.time_ms("at_ms");
  const auto type = protocol::from_string<protocol::EventType>(fields.text("type"));
  const auto branch = fields.optional_text("branch");
  const auto operation = fields.optional_text("operation");
  event.attempt = fields.optional_number("attempt", 0, std::numeric_limits<std::int64_t>::max());
  event.detail = fields.optional_text("detail");
  event.actor = fields.optional_text("actor");
  if (fault.is_raised() || !type || !at_ms) return std::nullopt;
  event.at = core::from_ms(*at_ms);
  event.type = *type;
  if (branch) event.branch = protocol::BranchId::parse(*branch);
  if (operation) event.operation = protocol::from_string<protocol::OperationName>(*operation);
  return event;
}

}  // namespace

std::string encode_history(const std::vector<core::HistoryEvent>& events) {
  std::string out;
  out.reserve(2 + 112 * events.size());
  out.push_back('[');
  for (const auto& event : events) {
    if (out.size() > 1) out.push_back(',');
    ObjectWriter object(out);
    object.number("at_ms", core::to_ms(event.at));
    object.text("type", to_string(event.type));
    if (event.branch) object.text("branch", event.branch->text());
    if (event.operation) object.text("operation", to_string(*event.operation));
    if (event.attempt) object.number("attempt", *event.attempt);
    object.optional_text("detail", event.detail);
    object.optional_text("actor", event.actor);
    object.end();
  }
  out.push_back(']');
  return out;
}

std::vector<std::optional<core::HistoryEvent>> decode_history(std::string_view text) {
  std::vector<std::optional<core::HistoryEvent>> events;
  const auto document = protocol::JsonDocument::read(text);
  if (!document || !document->root().is(protocol::JsonType::array)) return events;
  for (const auto& element : document->root().elements()) events.push_back(event_of(element));
  return events;
}

}  // namespace escrow::store
