#include "coordinator/store/fields.hpp"

#include <nlohmann/json.hpp>

namespace escrow::store {

using nlohmann::json;

void Fault::raise(std::string_view what) {
  if (what_.empty()) what_ = what;
}

Fields::Fields(const json& value, std::string_view place, Fault& fault) : place_(place), fault_(fault) {
  if (value.is_object()) {
    value_ = &value;
  } else {
    fault_.raise(place_ + " is not an object");
  }
}

const json* Fields::find(std::string_view name) {
  if (value_ == nullptr) return nullptr;
  const auto found = value_->find(name);
  if (found == value_->end()) return nullptr;
  ++read_;
  return &*found;
}

void Fields::raise(std::string_view name, std::string_view what) {
  fault_.raise(std::string(place_).append(".").append(name).append(" ").append(what));
}

std::int64_t Fields::number(std::string_view name, std::int64_t least, std::int64_t most) {
  if (value_ == nullptr) return least;
  if (!value_->contains(name)) raise(name, "is missing");
  return number_or(name, least, least, most);
}

std::int64_t Fields::number_or(std::string_view name, std::int64_t otherwise, std::int64_t least, std::int64_t most) {
  const json* found = find(name);
  if (found == nullptr) return otherwise;
  // An unsigned number beyond int64 is not `is_number_integer() and in range` after conversion: compare before.
  const bool fits =
      found->is_number_unsigned() ? found->get<std::uint64_t>() <= static_cast<std::uint64_t>(INT64_MAX) : found->is_number_integer();
  const std::int64_t number = fits ? found->get<std::int64_t>() : 0;
  if (!fits || number < least || number > most) {
    raise(name, "is out of range");
    return otherwise;
  }
  return number;
}

double Fields::real(std::string_view name, double least, double most) {
  const json* found = find(name);
  if (found == nullptr || !found->is_number()) {
    raise(name, "is not a number");
    return least;
  }
  const double number = found->get<double>();
  if (!(number >= least && number <= most)) raise(name, "is out of range");
  return number;
}

std::optional<std::int64_t> Fields::time_ms(std::string_view name) {
  if (value_ == nullptr || !value_->contains(name)) return std::nullopt;
  return number_or(name, 0, 0, latest_time_ms);
}

std::string Fields::text(std::string_view name) {
  auto found = optional_text(name);
  if (!found) raise(name, "is missing");
  return found ? std::move(*found) : std::string();
}

std::optional<std::string> Fields::optional_text(std::string_view name) {
  const json* found = find(name);
  if (found == nullptr) return std::nullopt;
  if (!found->is_string()) {
    raise(name, "is not a string");
    return std::nullopt;
  }
  return found->get_ref<const std::string&>();
}

bool Fields::flag(std::string_view name) {
  const json* found = find(name);
  if (found == nullptr) return false;
  if (!found->is_boolean()) raise(name, "is not true or false");
  return found->is_boolean() && found->get<bool>();
}

const json* Fields::object(std::string_view name) {
  const json* found = find(name);
  if (found != nullptr && !found->is_object()) raise(name, "is not an object");
  return found != nullptr && found->is_object() ? found : nullptr;
}

const json* Fields::array(std::string_view name) {
  const json* found = find(name);
  if (found != nullptr && !found->is_array()) raise(name, "is not an array");
  return found != nullptr && found->is_array() ? found : nullptr;
}

void Fields::end() {
  if (value_ == nullptr || fault_.is_raised()) return;
  if (read_ != value_->size()) fault_.raise(place_ + " has members that this version does not know");
}

}  // namespace escrow::store
