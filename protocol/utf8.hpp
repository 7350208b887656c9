#pragma once

#include <cstddef>
#include <string>
#include <string_view>

/// UTF-8 as RFC 3629 has it: shortest form only, no surrogates, nothing above U+10FFFF.
namespace escrow::protocol {

/// The length in bytes of the well-formed character at the start of `text`; 0 when there is none.
[[nodiscard]] std::size_t utf8_length(std::string_view text) noexcept;

/// The number of characters (code points) in well-formed text.
[[nodiscard]] std::size_t count_characters(std::string_view text) noexcept;

void append_utf8(std::string& out, char32_t character);

/// At most `limit` bytes of `text`, cut between characters.
[[nodiscard]] std::string_view cut_utf8(std::string_view text, std::size_t limit) noexcept;

}  // namespace escrow::protocol
