#include "tests/fault-injection/process/workplace.hpp"

#include <sys/statvfs.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>

namespace escrow::processes {
namespace {

constexpr const char* memory = "/dev/shm";
constexpr std::uintmax_t enough_bytes = std::uintmax_t{256} << 20U;

std::string folder(Workplace::Where where) {
  std::error_code failed;
  const auto space = std::filesystem::space(memory, failed);
  const bool is_good = !failed && space.available >= enough_bytes && ::access(memory, W_OK | X_OK) == 0;
  return where == Workplace::Where::memory && is_good ? memory : std::filesystem::temp_directory_path().string();
}

}  // namespace

Workplace::Workplace(Where where) : path_(folder(where) + "/escrow-process-XXXXXX") {
  if (::mkdtemp(path_.data()) == nullptr) throw std::runtime_error("mkdtemp");
}

Workplace::~Workplace() {
  std::error_code ignored;
  if (kept_) {
    std::printf("kept: %s\n", path_.c_str());
  } else {
    std::filesystem::remove_all(path_, ignored);
  }
}

}  // namespace escrow::processes
