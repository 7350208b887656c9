#pragma once

#include <string_view>

#include <escrow/outcome.hpp>

/// Problem documents (RFC 9457) that a participant answers with.
namespace escrow::participant {

/// `code` is a word for programs, `detail` a sentence for people; invalid UTF-8 in it is replaced.
[[nodiscard]] HttpAnswer problem(unsigned status, std::string_view code, std::string_view title, std::string_view detail);

}  // namespace escrow::participant
