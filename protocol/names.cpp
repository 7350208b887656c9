#include "protocol/names.hpp"

#include <algorithm>

namespace escrow::protocol {

bool is_name(std::string_view text, std::size_t limit) {
  if (text.empty() || text.size() > limit || text == "." || text == "..") return false;
  return std::ranges::all_of(text, [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == ':' || c == '-';
  });
}

}  // namespace escrow::protocol
