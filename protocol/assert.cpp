#include "protocol/assert.hpp"

#include <cstdio>
#include <cstdlib>

namespace escrow {

void assertion_failed(const char* condition, const char* file, int line) noexcept {
  std::fprintf(stderr, "{\"level\":\"fatal\",\"message\":\"assertion failed\",\"condition\":\"%s\",\"at\":\"%s:%d\"}\n", condition, file,
               line);
  std::abort();
}

}  // namespace escrow
