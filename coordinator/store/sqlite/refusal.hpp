#pragma once

#include <string>
#include <string_view>

#include "coordinator/store/log.hpp"
#include "protocol/result.hpp"

/// Why a file is not opened, in words that say what to do.
namespace escrow::store::sqlite {

/// `path` and then `why`.
[[nodiscard]] Error refusal(LogErrc code, const std::string& path, std::string_view why);
/// Ours, but no longer whole: `how`.
[[nodiscard]] Error damaged(const std::string& path, std::string_view how);
/// Another program's.
[[nodiscard]] Error foreign(const std::string& path);

}  // namespace escrow::store::sqlite
