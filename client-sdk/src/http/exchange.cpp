#include "client-sdk/src/http/exchange.hpp"

#include "protocol/headers.hpp"

namespace escrow::http {

std::optional<std::string> Answer::header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (protocol::equal_header_names(key, name)) return value;
  }
  return std::nullopt;
}

}  // namespace escrow::http
