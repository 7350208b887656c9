#pragma once

#include <string>

namespace escrow::protocol {

/// One thing that is wrong with a request, as a problem document names it (docs/protocol.md, 3.1).
struct Fault {
  /// JSON pointer into the body; empty with `parameter`.
  std::string pointer;
  std::string detail;
  /// Name of a query parameter, instead of a pointer.
  std::string parameter = {};

  bool operator==(const Fault&) const = default;
};

}  // namespace escrow::protocol
