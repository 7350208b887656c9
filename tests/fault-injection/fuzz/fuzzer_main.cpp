#include "tests/fault-injection/fuzz/targets.hpp"

#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>

/// What libFuzzer calls: `escrow-fuzz TARGET [libFuzzer's own options and folders]`. Which targets a program has is said where it is built.

namespace {

constexpr const char* variable = "ESCROW_FUZZ_TARGET";
const escrow::fuzz::Target* target = nullptr;
const std::vector<escrow::fuzz::Target>& targets() { return escrow::fuzz::ESCROW_FUZZ_TARGETS(); }

}  // namespace

#if __has_feature(address_sanitizer)
/// For speed: the full stack of each allocation is told when a finding is repeated with ASAN_OPTIONS=malloc_context_size=30, and freed
/// memory is kept from use for a while, not for minutes. Together a quarter to a half more inputs per second.
extern "C" const char* __asan_default_options() { return "malloc_context_size=2:quarantine_size_mb=16:detect_stack_use_after_return=0"; }
#endif

extern "C" int LLVMFuzzerInitialize(int* count, char*** arguments) {
  // libFuzzer starts itself again for some of its work, without what it does not know; hence the variable.
  const char* name = std::getenv(variable);
  if (*count > 1 && escrow::fuzz::target_named((*arguments)[1], targets()) != nullptr) {
    name = (*arguments)[1];
    setenv(variable, name, 1);
    for (int i = 1; i < *count; ++i) (*arguments)[i] = (*arguments)[i + 1];
    --*count;
  }
  target = name == nullptr ? nullptr : escrow::fuzz::target_named(name, targets());
  if (target != nullptr) return 0;
  std::fprintf(stderr, "TARGET [options of libFuzzer] [folders]; targets:\n");
  for (const auto& each : targets()) std::fprintf(stderr, "  %s -max_len=%zu\n", each.name, each.longest);
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
