#pragma once

#include <string>

/// Where real processes have their files while they are tested.
namespace escrow::processes {

/// A new directory, in memory where the machine has such a place: SIGKILL leaves what the kernel holds, so nothing is lost by it, and a
/// test of a thousand lives does not wait for a disk. `on_disk`: where temporary files lie. Goes with the object, unless it is kept.
class Workplace {
 public:
  enum class Where { memory, disk };
  explicit Workplace(Where where = Where::memory);
  ~Workplace();
  Workplace(const Workplace&) = delete;
  Workplace& operator=(const Workplace&) = delete;

  [[nodiscard]] std::string path(const std::string& name) const { return path_ + "/" + name; }
  /// For whoever wants to look at what was found.
  void keep() { kept_ = true; }
  /// What was found was nothing after all.
  void let_go() { kept_ = false; }

 private:
  std::string path_;
  bool kept_ = false;
};

}  // namespace escrow::processes
