#include "cli/session.hpp"

#include <chrono>
#include <cstdio>
#include <iostream>

namespace escrow::cli {

Millis now() { return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch()).count(); }

void print(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

ExitStatus tell(const Failure& failure) {
  std::string text = "escrowctl: " + failure.what + "\n";
  if (!failure.advice.empty()) text += failure.advice + "\n";
  std::fwrite(text.data(), 1, text.size(), stderr);
  return failure.status;
}

bool is_confirmed(const Session& session, const std::string& consequence) {
  if (session.assumes_yes || !is_interactive()) return true;
  std::fprintf(stderr, "%s\nGo on? [y/N] ", consequence.c_str());
  std::string answer;
  if (!std::getline(std::cin, answer)) return false;
  return answer == "y" || answer == "Y" || answer == "yes";
}

}  // namespace escrow::cli
