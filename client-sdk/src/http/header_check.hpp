#pragma once

#include <string_view>

namespace escrow::http {

/// RFC 9110 5.6.2: what names of headers and methods are made of.
[[nodiscard]] bool is_token(std::string_view text);

/// Whether it is one header, and can't become two (RFC 9110 5.5).
[[nodiscard]] bool is_header(std::string_view name, std::string_view value);

}  // namespace escrow::http
