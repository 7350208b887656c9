#pragma once

#include "coordinator/core/event.hpp"

namespace escrow::engine::driver {

/// What a status means (docs/protocol.md, section 4). `says_when`: whether a Retry-After comes with it. That a success is not the
/// participant's own is for `outcome_of` to see. The simulator classes the answers of its participants with it, too.
[[nodiscard]] constexpr core::Outcome::Class class_of(unsigned status, bool says_when) {
  using Class = core::Outcome::Class;
  if (status == 202 || status == 425) return Class::in_progress;
  if (status >= 200 && status < 300) return Class::succeeded;
  if (status == 409 || status == 422) return Class::refused;
  if (status == 429 || (status == 503 && says_when)) return Class::postponed;
  return Class::unknown;
}

}  // namespace escrow::engine::driver
