#include "coordinator/server/query.hpp"

#include <algorithm>
#include <charconv>

#include "coordinator/transport/http_message.hpp"
#include "protocol/utf8.hpp"

namespace escrow::server {
namespace {

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = protocol::utf8_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

std::optional<std::string> decode(std::string_view text) {
  std::string spaced(text);
  std::ranges::replace(spaced, '+', ' ');
  auto decoded = transport::percent_decode(spaced);
  if (decoded && !is_utf8(*decoded)) return std::nullopt;
  return decoded;
}

}  // namespace

QueryReader::QueryReader(std::string_view query) {
  while (!query.empty()) {
    const std::size_t end = std::min(query.find('&'), query.size());
    const std::string_view pair = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    if (pair.empty()) continue;
    const std::size_t equals = pair.find('=');
    const auto name = decode(pair.substr(0, equals));
    const auto value = equals == std::string_view::npos ? std::optional<std::string>(std::string()) : decode(pair.substr(equals + 1));
    if (!name || name->empty()) {
      fault(pair, "has no name that can be read");
    } else if (!value) {
      fault(*name, "is not percent-encoded UTF-8");
    } else {
      parameters_.push_back({*name, *value});
    }
  }
}

std::optional<std::string> QueryReader::read(std::string_view name) {
  auto values = read_all(name);
  if (values.empty()) return std::nullopt;
  if (values.size() > 1) {
    fault(name, "stands more than once");
    return std::nullopt;
  }
  return std::move(values.front());
}

std::vector<std::string> QueryReader::read_all(std::string_view name) {
  std::vector<std::string> out;
  for (Parameter& parameter : parameters_) {
    if (parameter.name != name) continue;
    parameter.taken = true;
    out.push_back(parameter.value);
  }
  return out;
}

std::vector<std::pair<std::string, std::string>> QueryReader::read_prefixed(std::string_view prefix) {
  std::vector<std::pair<std::string, std::string>> out;
  for (Parameter& parameter : parameters_) {
    if (!parameter.name.starts_with(prefix)) continue;
    parameter.taken = true;
    out.emplace_back(parameter.name.substr(prefix.size()), parameter.value);
  }
  return out;
}

std::optional<std::int64_t> QueryReader::read_integer(std::string_view name, protocol::Range range) {
  const auto text = read(name);
  if (!text) return std::nullopt;
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (error != std::errc() || end != text->data() + text->size() || value < range.least || value > range.most) {
    fault(name, "must be an integer from " + std::to_string(range.least) + " to " + std::to_string(range.most));
    return std::nullopt;
  }
  return value;
}

void QueryReader::fault(std::string_view name, std::string detail) {
  // A query of very many wrong names must not become an even longer answer.
  constexpr std::size_t fault_limit = 100;
  if (faults_.size() < fault_limit) faults_.push_back({"", std::move(detail), std::string(name)});
}

void QueryReader::refuse_rest() {
  for (const Parameter& parameter : parameters_) {
    if (!parameter.taken) fault(parameter.name, "unknown parameter");
  }
}

}  // namespace escrow::server
