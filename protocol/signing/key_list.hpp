#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "protocol/result.hpp"
#include "protocol/signing/verifying_key.hpp"

namespace escrow::protocol::signing {

/// The text of a key file: a key a line, `#` begins a comment; the word `forward` in front of a key makes it one of an initiator, for
/// `action` and `try` alone. The error names the line and holds nothing of it; a text without any key is one, too, since it would refuse
/// everything.
[[nodiscard]] Result<std::vector<VerifyingKey>, std::string> read_key_list(std::string_view text);

}  // namespace escrow::protocol::signing
