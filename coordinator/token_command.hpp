#pragma once

#include <CLI/CLI.hpp>

#include <functional>
#include <string>
#include <vector>

namespace escrow {

/// `escrowd token`: makes tokens, and hashes those that were made elsewhere. What goes into `auth.tokens_file` is printed or appended; the
/// token itself is printed once and kept nowhere.
class TokenCommand {
 public:
  /// Adds it to the program.
  explicit TokenCommand(CLI::App& app);

  [[nodiscard]] bool is_wanted() const { return command_->parsed(); }
  /// Answers the exit status: 0, or 2 with what is wrong on standard error.
  [[nodiscard]] int run() const;

 private:
  CLI::App* command_;
  std::string name_;
  std::vector<std::string> roles_;
  std::string expires_at_;
  std::string certificate_;
  std::string append_;
  bool hash_ = false;
};

}  // namespace escrow
