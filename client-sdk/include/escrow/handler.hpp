#pragma once

#include <functional>
#include <string>

#include <escrow/branch.hpp>
#include <escrow/outcome.hpp>

namespace escrow {

/// What a participant does for one operation, whatever framework brought the call; `payload` is the request's body as it came.
/// Several threads call it at once. An exception is answered 503.
using Handler = std::function<Outcome(const Branch& branch, const std::string& payload)>;

}  // namespace escrow
