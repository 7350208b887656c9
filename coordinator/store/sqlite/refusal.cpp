#include "coordinator/store/sqlite/refusal.hpp"

namespace escrow::store::sqlite {

Error refusal(LogErrc code, const std::string& path, std::string_view why) {
  return {make_error_code(code), path + " " + std::string(why)};
}

Error damaged(const std::string& path, std::string_view how) {
  return refusal(LogErrc::corrupt, path,
                 std::string(how) + "; keep the file, and start with the latest backup or with --store of a new path (docs/operations.md)");
}

Error foreign(const std::string& path) {
  return refusal(LogErrc::not_a_log, path, "is a file of another program; name another path with --store sqlite:PATH");
}

}  // namespace escrow::store::sqlite
