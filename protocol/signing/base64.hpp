#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace escrow::protocol::signing {

/// RFC 4648, section 4, with padding.
[[nodiscard]] std::string to_base64(std::string_view bytes);

/// Nothing for what no encoder writes: other characters, white space, bits behind the end, wrong padding (none at all is fine).
[[nodiscard]] std::optional<std::string> from_base64(std::string_view text);

}  // namespace escrow::protocol::signing
