#pragma once

#include <memory>
#include <string>

#include "coordinator/core/event.hpp"

/// How calls end, as docs/protocol.md, section 4, classes them.
namespace escrow::tests {

inline core::Outcome outcome(core::Outcome::Class kind, unsigned status, std::string detail) {
  core::Outcome made;
  made.outcome = kind;
  made.status = status;
  made.detail = std::move(detail);
  return made;
}

inline core::Outcome ok() { return outcome(core::Outcome::Class::succeeded, 200, ""); }
inline core::Outcome ok(std::string output) {
  auto made = ok();
  made.output = std::make_shared<const std::string>(std::move(output));
  return made;
}
inline core::Outcome refused(unsigned status = 409) {
  return outcome(core::Outcome::Class::refused, status, std::to_string(status) + ": no");
}
inline core::Outcome in_progress(unsigned status = 425) {
  return outcome(core::Outcome::Class::in_progress, status, std::to_string(status) + ": still working");
}
inline core::Outcome postponed(core::Duration wait) {
  auto made = outcome(core::Outcome::Class::postponed, 503, "503: later");
  made.retry_after = wait;
  return made;
}
inline core::Outcome lost(std::string detail = "timeout") { return outcome(core::Outcome::Class::unknown, 0, std::move(detail)); }
inline core::Outcome in_progress_for(core::Duration wait) {
  auto made = in_progress();
  made.retry_after = wait;
  return made;
}

}  // namespace escrow::tests
