#pragma once

#include <cstddef>
#include <new>
#include <type_traits>
#include <utility>

namespace escrow::sim {

/// Something to be called at most once. Unlike a std::function it is never copied, may hold what can't be copied, and keeps what most
/// callbacks and events of a simulation carry within itself. Empty after the call.
template <class... Arguments>
class Once {
 public:
  // Not defaulted: an empty one leaves its room as it is.
  Once() {}
  Once(std::nullptr_t) {}
  template <class Call>
    requires(!std::is_same_v<std::decay_t<Call>, Once>)
  Once(Call&& call) {
    using Held = std::decay_t<Call>;
    if constexpr (sizeof(Held) <= room && alignof(Held) <= alignof(std::max_align_t) && std::is_nothrow_move_constructible_v<Held>) {
      ::new (static_cast<void*>(place_)) Held(std::forward<Call>(call));
      kind_ = &inside<Held>;
    } else {
      ::new (static_cast<void*>(place_)) Held*(new Held(std::forward<Call>(call)));
      kind_ = &outside<Held>;
    }
  }
  Once(Once&& other) noexcept { take(other); }
  Once& operator=(Once&& other) noexcept {
    if (this == &other) return *this;
    drop();
    take(other);
    return *this;
  }
  ~Once() { drop(); }

  [[nodiscard]] explicit operator bool() const { return kind_ != nullptr; }
  /// Must stay where it is while it runs.
  void operator()(Arguments... arguments) { std::exchange(kind_, nullptr)->call(place_, std::forward<Arguments>(arguments)...); }

 private:
  static constexpr std::size_t room = 144;

  struct Kind {
    /// Calls and destroys.
    void (*call)(void* place, Arguments&&... arguments);
    void (*move)(void* from, void* to) noexcept;
    void (*destroy)(void* place) noexcept;
  };
  template <class Held>
  struct Destroying {
    Held* held;
    ~Destroying() { held->~Held(); }
  };
  template <class Held>
  struct Deleting {
    Held* held;
    ~Deleting() { delete held; }
  };

  template <class Held>
  static constexpr Kind inside{[](void* place, Arguments&&... arguments) {
                                 const Destroying<Held> guard{std::launder(static_cast<Held*>(place))};
                                 (*guard.held)(std::forward<Arguments>(arguments)...);
                               },
                               [](void* from, void* to) noexcept {
                                 auto* held = std::launder(static_cast<Held*>(from));
                                 ::new (to) Held(std::move(*held));
                                 held->~Held();
                               },
                               [](void* place) noexcept { std::launder(static_cast<Held*>(place))->~Held(); }};
  template <class Held>
  static constexpr Kind outside{[](void* place, Arguments&&... arguments) {
                                  const Deleting<Held> guard{*std::launder(static_cast<Held**>(place))};
                                  (*guard.held)(std::forward<Arguments>(arguments)...);
                                },
                                [](void* from, void* to) noexcept { ::new (to) Held*(*std::launder(static_cast<Held**>(from))); },
                                [](void* place) noexcept { delete *std::launder(static_cast<Held**>(place)); }};

  void take(Once& other) noexcept {
    if (other.kind_ == nullptr) return;
    other.kind_->move(other.place_, place_);
    kind_ = std::exchange(other.kind_, nullptr);
  }
  void drop() noexcept {
    if (kind_ != nullptr) std::exchange(kind_, nullptr)->destroy(place_);
  }

  alignas(std::max_align_t) std::byte place_[room];
  const Kind* kind_ = nullptr;
};

}  // namespace escrow::sim
