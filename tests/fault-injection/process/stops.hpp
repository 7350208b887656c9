#pragma once

#include <future>

#include "tests/fault-injection/process/kept_process.hpp"

/// A process that a rule stops (SIGSTOP) while clients are at work.
namespace escrow::processes {

/// Which of the two comes first is chance: that the rule strikes, or that the clients are through. Answers whether it is stopped.
[[nodiscard]] bool wait_for_stop(KeptProcess& process, const std::future<void>& clients);

/// Lets it go on, again and again until the clients are through and it runs: a rule may strike just before it is taken away, and the stop
/// come behind the first SIGCONT.
void go_on(KeptProcess& process, const std::future<void>& clients);

}  // namespace escrow::processes
