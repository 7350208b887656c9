#include <dlfcn.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <ctime>

/// A wall clock that a test may move under a running process: loaded before the C library (LD_PRELOAD), it adds what stands in the file of
/// MOVED_CLOCK, nanoseconds as one number of 64 bits, to CLOCK_REALTIME. The monotonic clocks stay as they are.
namespace {

constexpr std::int64_t ns_per_s = 1'000'000'000;

const std::atomic<std::int64_t>* find_offset() {
  const char* path = std::getenv("MOVED_CLOCK");
  const int descriptor = path != nullptr ? ::open(path, O_RDONLY | O_CLOEXEC) : -1;
  if (descriptor < 0) return nullptr;
  void* memory = ::mmap(nullptr, sizeof(std::int64_t), PROT_READ, MAP_SHARED, descriptor, 0);
  ::close(descriptor);
  return memory == MAP_FAILED ? nullptr : static_cast<const std::atomic<std::int64_t>*>(memory);
}

std::int64_t offset() {
  static const std::atomic<std::int64_t>* const found = find_offset();
  return found != nullptr ? found->load(std::memory_order_relaxed) : 0;
}

using GetTime = int (*)(clockid_t, timespec*);

GetTime real_clock() {
  static const auto found = reinterpret_cast<GetTime>(::dlsym(RTLD_NEXT, "clock_gettime"));
  return found;
}

}  // namespace

extern "C" {

int clock_gettime(clockid_t clock, timespec* time) noexcept {
  const int result = real_clock()(clock, time);
  if (result != 0 || (clock != CLOCK_REALTIME && clock != CLOCK_REALTIME_COARSE)) return result;
  std::int64_t ns = std::int64_t{time->tv_sec} * ns_per_s + time->tv_nsec + offset();
  time->tv_sec = ns / ns_per_s;
  time->tv_nsec = ns % ns_per_s;
  if (time->tv_nsec < 0) {
    time->tv_nsec += ns_per_s;
    --time->tv_sec;
  }
  return 0;
}

int gettimeofday(timeval* __restrict time, void* __restrict) noexcept {
  timespec now{};
  const int result = clock_gettime(CLOCK_REALTIME, &now);
  time->tv_sec = now.tv_sec;
  time->tv_usec = now.tv_nsec / 1'000;
  return result;
}

time_t time(time_t* out) noexcept {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  if (out != nullptr) *out = now.tv_sec;
  return now.tv_sec;
}
}
