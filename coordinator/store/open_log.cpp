#include <string_view>

#include "coordinator/store/sqlite/log.hpp"
#include "coordinator/store/store.hpp"

namespace escrow::store {

Result<std::unique_ptr<Log>> open_log(const std::string& location) {
  constexpr std::string_view scheme = "sqlite:";
  // Not the location itself: it may hold a password.
  const auto refused = [](const std::string& why) {
    return Error{make_error_code(LogErrc::invalid_location), "the location " + why + "; sqlite:PATH and sqlite::memory: are understood"};
  };
  if (!location.starts_with(scheme)) return refused("names no store that this escrowd has");
  sqlite::Options options;
  options.path = location.substr(scheme.size());
  if (options.path.empty()) return refused("names no file");
  if (options.path == ":memory:") options.path.clear();
  return sqlite::open_log(options);
}

}  // namespace escrow::store
