#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace escrow::http_faults {

/// What a set of schedules came to.
struct Report {
  std::uint64_t schedules = 0;
  /// The first ones that went wrong, each as a sentence with what it needs to be repeated.
  std::vector<std::string> faults;
  std::uint64_t faulty = 0;

  void add(const std::string& fault, const std::string& where);
};

/// Every set of schedules; each takes only every `stride`th of its own where there are a great many.
struct Family {
  const char* name;
  Report (*run)(std::uint64_t stride);
};
[[nodiscard]] const std::vector<Family>& server_families();
[[nodiscard]] const std::vector<Family>& client_families();

}  // namespace escrow::http_faults
