#include "coordinator/store/fields.hpp"

namespace escrow::store {

using protocol::JsonType;
using protocol::JsonValue;

void Fault::raise(std::string_view what) {
  if (what_.empty()) what_ = what;
}

Fields::Fields(std::optional<JsonValue> value, std::string_view place, Fault& fault) : place_(place), fault_(fault) {
  if (value && value->is(JsonType::object)) {
    value_ = value;
  } else {
    fault_.raise(std::string(place_) + " is not an object");
  }
}

std::optional<JsonValue> Fields::find(std::string_view name) {
  auto found = value_ ? value_->find(name) : std::nullopt;
  if (found) ++read_;
  return found;
}

std::optional<JsonValue> Fields::find(std::string_view name, JsonType type, std::string_view otherwise) {
  auto found = find(name);
  if (!found || found->is(type)) return found;
  raise(name, otherwise);
  return std::nullopt;
}

void Fields::raise(std::string_view name, std::string_view what) {
  fault_.raise(std::string(place_).append(".").append(name).append(" ").append(what));
}

std::int64_t Fields::number(std::string_view name, std::int64_t least, std::int64_t most) {
  const auto number = optional_number(name, least, most);
  if (!number) raise(name, "is missing");
  return number.value_or(least);
}

std::int64_t Fields::number_or(std::string_view name, std::int64_t otherwise, std::int64_t least, std::int64_t most) {
  return optional_number(name, least, most).value_or(otherwise);
}

std::optional<std::int64_t> Fields::optional_number(std::string_view name, std::int64_t least, std::int64_t most) {
  const auto found = find(name);
  if (!found) return std::nullopt;
  const auto number = found->integer();
  if (number && *number >= least && *number <= most) return number;
  raise(name, "is out of range");
  return std::nullopt;
}

double Fields::real(std::string_view name, double least, double most) {
  const auto found = find(name);
  const auto number = found ? found->real() : std::nullopt;
  if (!number) {
    raise(name, "is not a number");
    return least;
  }
  if (!(*number >= least && *number <= most)) raise(name, "is out of range");
  return *number;
}

std::optional<std::int64_t> Fields::time_ms(std::string_view name) { return optional_number(name, 0, latest_time_ms); }

std::string Fields::text(std::string_view name) {
  auto found = optional_text(name);
  if (!found) raise(name, "is missing");
  return found ? std::move(*found) : std::string();
}

std::optional<std::string> Fields::optional_text(std::string_view name) {
  const auto found = find(name, JsonType::string, "is not a string");
  return found ? std::optional(found->string()) : std::nullopt;
}

bool Fields::flag(std::string_view name) {
  const auto found = find(name, JsonType::boolean, "is not true or false");
  return found && found->is_true();
}

std::optional<JsonValue> Fields::object(std::string_view name) { return find(name, JsonType::object, "is not an object"); }

std::optional<JsonValue> Fields::array(std::string_view name) { return find(name, JsonType::array, "is not an array"); }

void Fields::end() {
  if (!value_ || fault_.is_raised()) return;
  if (read_ != value_->size()) fault_.raise(std::string(place_) + " has members that this version does not know");
}

}  // namespace escrow::store
