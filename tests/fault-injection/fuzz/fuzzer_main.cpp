#include "tests/fault-injection/fuzz/targets.hpp"

#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>

/// What libFuzzer calls: `escrow-fuzz TARGET [libFuzzer's own options and folders]`.

namespace {

constexpr const char* variable = "ESCROW_FUZZ_TARGET";
const escrow::fuzz::Target* target = nullptr;

}  // namespace

extern "C" int LLVMFuzzerInitialize(int* count, char*** arguments) {
  // libFuzzer starts itself again for some of its work, without what it does not know; hence the variable.
  const char* name = std::getenv(variable);
  if (*count > 1 && escrow::fuzz::target_named((*arguments)[1]) != nullptr) {
    name = (*arguments)[1];
    setenv(variable, name, 1);
    for (int i = 1; i < *count; ++i) (*arguments)[i] = (*arguments)[i + 1];
    --*count;
  }
  target = name == nullptr ? nullptr : escrow::fuzz::target_named(name);
  if (target != nullptr) return 0;
  std::fprintf(stderr, "escrow-fuzz TARGET [options of libFuzzer] [folders]; targets:\n");
  for (const auto& each : escrow::fuzz::targets()) std::fprintf(stderr, "  %s -max_len=%zu\n", each.name, each.longest);
  std::exit(2);
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    target->run({reinterpret_cast<const char*>(data), size});
  } catch (const std::exception& finding) {
    std::fprintf(stderr, "\n%s: %s\n", target->name, finding.what());
    std::abort();
  }
  return 0;
}
