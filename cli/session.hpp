#pragma once

#include <string>

#include "cli/coordinator_api.hpp"
#include "cli/model.hpp"
#include "cli/terminal.hpp"

namespace escrow::cli {

/// What every command needs.
struct Session {
  CoordinatorApi& api;
  Look look;
  /// Programs read it.
  bool as_json = false;
  /// Nobody is asked.
  bool assumes_yes = false;
};

/// The time here. The coordinator's may differ by what the machines' clocks do.
[[nodiscard]] Millis now();

/// To standard output, at once. False: it can't be written; remembered for `output_status`. From any thread.
bool print(const std::string& text);
/// How the program ends after `status`: not as done when something could not be printed. Says so, unless who reads it has gone.
[[nodiscard]] ExitStatus output_status(ExitStatus status);
/// To standard error, for people, as text that steers no terminal: what went wrong and what to do. Answers its exit status.
ExitStatus tell(const Failure& failure);
/// Asks a person; true without one, since whoever runs a script has decided.
[[nodiscard]] bool is_confirmed(const Session& session, const std::string& consequence);

}  // namespace escrow::cli
