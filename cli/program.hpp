#pragma once

namespace escrow::cli {

/// The whole of `escrowctl`: reads the command line, does the command, answers the exit status (`ExitStatus`).
[[nodiscard]] int run_program(int argc, const char* const* argv);

}  // namespace escrow::cli
