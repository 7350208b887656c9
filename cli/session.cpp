#include "cli/session.hpp"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <iostream>
#include <string_view>
#include <system_error>

namespace escrow::cli {
namespace {

/// Why standard output could not be written, as errno; 0: it could.
std::atomic<int> output_failure = 0;

/// A line stays a line; whatever else could steer the terminal does not come through, whoever said it.
std::string printable_lines(std::string_view text) {
  std::string out;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    out.append(begin == 0 ? "" : "\n").append(printable(text.substr(begin, end - begin)));
    begin = end + 1;
  }
  return out;
}

}  // namespace

Millis now() { return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch()).count(); }

bool print(const std::string& text) {
  errno = 0;
  const bool is_written = std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0;
  if (!is_written) output_failure = errno != 0 ? errno : EIO;
  return is_written;
}

ExitStatus output_status(ExitStatus status) {
  const int failure = output_failure;
  if (failure == 0) return status;
  if (failure != EPIPE) tell({ExitStatus::refused, "what it has to say can't be written: " + std::generic_category().message(failure)});
  return status == ExitStatus::done ? ExitStatus::refused : status;
}

ExitStatus tell(const Failure& failure) {
  std::string text = printable_lines("escrowctl: " + failure.what) + "\n";
  if (!failure.advice.empty()) text += printable_lines(failure.advice) + "\n";
  std::fwrite(text.data(), 1, text.size(), stderr);
  return failure.status;
}

bool is_confirmed(const Session& session, const std::string& consequence) {
  if (session.assumes_yes || !is_interactive()) return true;
  std::fprintf(stderr, "%s\nGo on? [y/N] ", printable_lines(consequence).c_str());
  std::string answer;
  if (!std::getline(std::cin, answer)) return false;
  return answer == "y" || answer == "Y" || answer == "yes";
}

}  // namespace escrow::cli
