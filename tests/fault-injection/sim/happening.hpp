#pragma once

#include <cstddef>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

namespace escrow::sim {

/// Something that is going to happen once. Unlike a std::function it is never copied, may hold what can't be copied, and keeps what most
/// events of a simulation carry within itself.
class Happening {
 public:
  Happening() = default;
  template <class Happen>
  explicit Happening(Happen&& happen) {
    using Held = std::decay_t<Happen>;
    if constexpr (sizeof(Held) <= room && alignof(Held) <= alignof(std::max_align_t)) {
      ::new (static_cast<void*>(place_)) Held(std::forward<Happen>(happen));
      act_ = [](void* place, bool run) {
        auto* held = std::launder(static_cast<Held*>(place));
        // Also when it throws.
        const Destroying guard{held};
        if (run) (*held)();
      };
    } else {
      ::new (static_cast<void*>(place_)) Held*(new Held(std::forward<Happen>(happen)));
      act_ = [](void* place, bool run) {
        const std::unique_ptr<Held> held(*std::launder(static_cast<Held**>(place)));
        if (run) (*held)();
      };
    }
  }
  Happening(const Happening&) = delete;
  Happening& operator=(const Happening&) = delete;
  ~Happening() {
    if (act_ != nullptr) act_(place_, false);
  }

  /// Lets it happen; it is empty afterwards.
  void happen() { std::exchange(act_, nullptr)(place_, true); }

 private:
  static constexpr std::size_t room = 112;
  template <class Held>
  struct Destroying {
    Held* held;
    ~Destroying() { held->~Held(); }
  };

  alignas(std::max_align_t) std::byte place_[room];
  void (*act_)(void* place, bool run) = nullptr;
};

}  // namespace escrow::sim
