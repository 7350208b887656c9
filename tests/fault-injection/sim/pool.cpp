#include <sys/mman.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>

/// Memory for a program that simulates and does little else: small pieces come from lists of free ones, a list for each size and thread,
/// and are never given back to the system. A simulated run asks for some two thousand pieces and gives them all back, which costs a fifth
/// of its time when malloc serves them. Only `escrow-sim` is linked with this, and not when a sanitizer wants to see every piece.
namespace {

constexpr std::size_t grain = 16;
constexpr std::size_t largest = 4096;
constexpr std::size_t classes = largest / grain + 1;
constexpr std::size_t chunk = std::size_t{1} << 16U;
// Addresses only: what is never touched costs nothing.
constexpr std::size_t room = std::size_t{1} << 34U;
constexpr std::size_t chunks = room / chunk;

struct Free {
  Free* next = nullptr;
};

// One range of addresses for all threads, so that a piece's address alone tells that it is one, and its chunk the size.
std::byte* first = nullptr;
std::uint16_t* class_of = nullptr;
std::atomic<std::size_t> used{0};
thread_local constinit std::array<Free*, classes> lists{};

void* map(std::size_t bytes) {
  void* place = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (place == MAP_FAILED) std::abort();
  return place;
}

// Before `main` there is one thread.
void open_range() {
  class_of = static_cast<std::uint16_t*>(map(chunks * sizeof(std::uint16_t)));
  first = static_cast<std::byte*>(map(room));
}

/// Cuts one more chunk into pieces of this class; null: the range is used up.
Free* cut(std::size_t which) {
  if (first == nullptr) open_range();
  const std::size_t number = used.fetch_add(1, std::memory_order_relaxed);
  if (number >= chunks) return nullptr;
  class_of[number] = static_cast<std::uint16_t>(which);
  std::byte* begin = first + number * chunk;
  const std::size_t size = which * grain;
  Free* list = nullptr;
  for (std::size_t i = chunk / size; i-- > 0;) list = ::new (begin + i * size) Free{list};
  return list;
}

void* take(std::size_t bytes) {
  const std::size_t which = (bytes + grain - 1) / grain;
  if (bytes > largest) return std::malloc(bytes);
  Free*& list = lists[which == 0 ? 1 : which];
  if (list == nullptr) list = cut(which == 0 ? 1 : which);
  Free* piece = list;
  if (piece == nullptr) return nullptr;
  list = piece->next;
  return piece;
}

void give(void* place) {
  const auto offset = static_cast<std::size_t>(static_cast<std::byte*>(place) - first);
  if (first == nullptr || offset >= room) return std::free(place);
  Free*& list = lists[class_of[offset / chunk]];
  list = ::new (place) Free{list};
}

}  // namespace

void* operator new(std::size_t bytes) {
  void* place = take(bytes);
  if (place == nullptr) throw std::bad_alloc();
  return place;
}
void* operator new[](std::size_t bytes) { return operator new(bytes); }
void operator delete(void* place) noexcept {
  if (place != nullptr) give(place);
}
void operator delete[](void* place) noexcept { operator delete(place); }
void operator delete(void* place, std::size_t) noexcept { operator delete(place); }
void operator delete[](void* place, std::size_t) noexcept { operator delete(place); }
