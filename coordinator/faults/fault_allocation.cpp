#include "coordinator/faults/fault_allocation.hpp"

#include <cstdlib>
#include <new>

/// The program's own allocation, so that it can be told to fail. Linked into `escrowd` where the tests have failpoints and no sanitizer
/// wants to allocate itself.
namespace {

bool fails() {
  using namespace escrow::faults;
  if (allocations_left.load(std::memory_order_relaxed) <= 0 || is_at_a_point) return false;
  if (allocations_left.fetch_sub(1) != 1) return false;
  if (is_starving) allocations_left.store(1);
  return true;
}

}  // namespace

void* operator new(std::size_t size) {
  if (!fails()) {
    if (void* memory = std::malloc(size == 0 ? 1 : size)) return memory;
  }
  throw std::bad_alloc();
}

void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
