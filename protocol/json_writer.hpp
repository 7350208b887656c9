#pragma once

#include <string>
#include <string_view>

/// Writing JSON by appending to one string: the answers of the API have fixed members, so a document tree would only cost memory.
namespace escrow::protocol {

/// Appends `text` as a JSON string. Bytes that are not UTF-8 become U+FFFD, so the result is valid whatever came in.
void append_json_string(std::string& out, std::string_view text);

[[nodiscard]] std::string json_string(std::string_view text);

/// Appends one reference token of a JSON pointer (RFC 6901), with its leading slash.
void append_pointer(std::string& out, std::string_view token);

}  // namespace escrow::protocol
