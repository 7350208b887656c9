#include "tests/fault-injection/explore/case.hpp"
#include "tests/fault-injection/fuzz/targets.hpp"

namespace escrow::fuzz {

/// A scenario file: an error with words, or a case that is the same when it has been written and read again.
void scenario_yaml(std::string_view input) {
  explore::Case what;
  try {
    what = explore::case_from(std::string(input), "case.yaml");
  } catch (const std::runtime_error& error) {
    return check(!std::string_view(error.what()).empty(), "refused without a word");
  }
  const std::string written = explore::text_of(what);
  try {
    check(explore::text_of(explore::case_from(written, "again.yaml")) == written, "a case reads otherwise when written: " + written);
  } catch (const std::runtime_error& error) {
    throw Finding(std::string("a case that was written can't be read: ") + error.what() + "\n" + written);
  }
}

}  // namespace escrow::fuzz
